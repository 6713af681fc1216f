//! `deskbell models`: the encoder's files get into place whole and as pinned, or not at all.

use std::path::{Path, PathBuf};

use axum::Router;
use axum::routing::get;

use super::{Said, deskbell, run};

fn folder_with(weights: &[u8], pieces: &[u8]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("model.safetensors"), weights).unwrap();
    std::fs::write(folder.path().join("vocab.txt"), pieces).unwrap();
    folder
}

/// The model, where `tests/run` has put it.
fn model() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/encoder");
    let folder = std::env::var_os("DESKBELL_ENCODER").map_or(beside, PathBuf::from);
    folder.join("model.safetensors").exists().then_some(folder)
}

#[test]
fn what_is_not_the_pinned_model_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let listed = run(place.path(), &["models", "list"]);
    assert!(listed.code == 0 && listed.stdout.contains("words alone"), "{}", listed.all());
    let wrong = folder_with(b"weights", b"pieces");
    let into = place.path().join("models");
    let said = run(place.path(), &["models", "import", wrong.path().to_str().unwrap(), "--to", into.to_str().unwrap()]);
    assert_eq!(said.code, 1, "{}", said.all());
    assert!(
        said.stderr.contains("7 bytes and not 90868376") && said.stderr.contains("nothing was put in place"),
        "{}",
        said.all()
    );
    assert_eq!(std::fs::read_dir(&into).unwrap().count(), 0, "nothing is left over");

    // One that was damaged in its place is told.
    let damaged = into.join("all-MiniLM-L6-v2");
    std::fs::create_dir_all(&damaged).unwrap();
    std::fs::write(damaged.join("vocab.txt"), "pieces").unwrap();
    let listed = Said::of(&deskbell(place.path(), &["models", "list"]).env("DESKBELL_MODELS", &into).output().unwrap());
    assert!(listed.code == 1 && listed.stdout.contains("model.safetensors is missing"), "{}", listed.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_gives_another_file_or_none_is_told() {
    let place = tempfile::tempdir().unwrap();
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}", listener.local_addr().unwrap());
    let app = Router::new().route("/wrong/model.safetensors", get(async || "not the weights"));
    tokio::spawn(async move { axum::serve(listener, app).await.unwrap() });
    for (path, words) in [("wrong", "15 bytes and not 90868376"), ("none", "gave nothing")] {
        let (url, into) = (format!("{base}/{path}"), place.path().join("models"));
        let mut command = deskbell(place.path(), &["models", "pull", "--from", &url, "--to", into.to_str().unwrap()]);
        let said = Said::of(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap());
        assert!(said.code == 1 && said.stderr.contains(words), "{}", said.all());
        assert!(!into.join("all-MiniLM-L6-v2").exists());
    }
}

#[test]
fn the_model_is_imported_listed_and_used() {
    let Some(model) = model() else {
        println!("no model at target/encoder: nothing imported");
        return;
    };
    let place = tempfile::tempdir().unwrap();
    let models = place.path().join("models");
    let with_models = |arguments: &[&str]| {
        Said::of(&deskbell(place.path(), arguments).env("DESKBELL_MODELS", &models).output().unwrap())
    };
    let said = with_models(&["models", "import", model.to_str().unwrap()]);
    assert!(said.code == 0 && said.stderr.contains("100 %"), "{}", said.all());
    let listed = with_models(&["models", "list"]);
    assert!(
        listed.code == 0 && listed.stdout.starts_with("* all-MiniLM-L6-v2") && listed.stdout.contains("in order"),
        "{}",
        listed.all()
    );
}
