//! `deskbell mcp login`, `list` and `logout`: the real binary, a browser that nobody sits at.

use std::path::Path;
use std::process::Stdio;

use deskbell::store::{MasterKey, Store, StoreConfig};
use tempfile::TempDir;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::process::{Child, ChildStdout, Command};

use super::browser::led_to;
use super::guarded::Guarded;

const CONFIG: &str = r#"
[slack]
bot_token = "env:SLACK_BOT_TOKEN"
signing_secret = "env:SLACK_SIGNING_SECRET"

[mcp.guarded]
url = "URL"

[mcp.guarded.oauth]
grant = "authorization_code"
"#;

fn folder(it: &Guarded) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("deskbell.toml"), CONFIG.replace("URL", &it.url())).unwrap();
    folder
}

fn deskbell(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deskbell"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::piped()).kill_on_drop(true);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// Its exit code, and what it said.
async fn run(folder: &Path, arguments: &[&str]) -> (i32, String) {
    let output = deskbell(folder, arguments).output().await.unwrap();
    let said = [output.stdout, output.stderr].map(|said| String::from_utf8(said).unwrap()).concat();
    (output.status.code().unwrap(), said)
}

/// A sign-in that waits for the browser, and the address to open.
async fn waiting(folder: &Path) -> (Child, tokio::io::Lines<BufReader<ChildStdout>>, url::Url) {
    let mut child = deskbell(folder, &["mcp", "login", "guarded"]).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    while let Some(line) = lines.next_line().await.unwrap() {
        if let Ok(address) = line.parse() {
            return (child, lines, address);
        }
    }
    let output = child.wait_with_output().await.unwrap();
    panic!("no address was printed: {}", String::from_utf8_lossy(&output.stderr));
}

#[tokio::test]
async fn a_person_signs_in_and_out() {
    let it = Guarded::start().await;
    let folder = folder(&it);
    let (code, said) = run(folder.path(), &["mcp", "list"]).await;
    assert!(
        code == 1 && said.contains("guarded  sign_in_needed: sign-in needed: run `deskbell mcp login guarded`"),
        "{said}"
    );

    let (mut child, _lines, address) = waiting(folder.path()).await;
    let back = led_to(&address).await;
    let mut forged = back.clone();
    forged.set_query(Some("code=code-1&state=forged"));
    let forged = reqwest::get(forged).await.unwrap().text().await.unwrap();
    assert!(forged.contains("belongs to another sign-in"), "{forged}");
    let shown = reqwest::get(back).await.unwrap().text().await.unwrap();
    assert_eq!(shown, "Deskbell is signed in at guarded. You may close this window.\n");
    assert!(child.wait().await.unwrap().success());

    let (code, said) = run(folder.path(), &["mcp", "list"]).await;
    assert!(code == 0 && said.contains("guarded  ready") && said.contains("add_comment"), "{said}");
    let (_, said) = run(folder.path(), &["doctor"]).await;
    assert!(said.contains("starts and offers 1 tools"), "{said}");
    let (code, said) = run(folder.path(), &["mcp", "logout", "guarded"]).await;
    assert!(code == 0 && said.contains("Signed out at guarded"), "{said}");
    let (code, said) = run(folder.path(), &["mcp", "list"]).await;
    assert!(code == 1 && said.contains("sign_in_needed"), "{said}");
}

#[tokio::test]
async fn a_person_signs_in_beside_a_deskbell_that_runs_by_pasting_the_address() {
    let it = Guarded::start().await;
    let folder = folder(&it);
    let config = StoreConfig::new(folder.path().join("deskbell.db"));
    let key = MasterKey::load_or_create(&folder.path().join("deskbell.key")).unwrap();
    let running = Store::open(&config, key).unwrap();
    let (mut child, _lines, address) = waiting(folder.path()).await;
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"is it this?\n").await.unwrap();
    input.write_all(format!("{}\n", led_to(&address).await).as_bytes()).await.unwrap();
    assert!(child.wait().await.unwrap().success());
    assert!(running.sign_in("guarded").await.unwrap().is_some());
    let (code, said) = run(folder.path(), &["mcp", "list"]).await;
    assert!(code == 0 && said.contains("guarded  ready"), "{said}");
}

#[tokio::test]
async fn a_sign_in_that_is_refused_says_what_to_do() {
    let it = Guarded::start().await;
    it.behave(|manners| manners.denies = true);
    let folder = folder(&it);
    let (child, _lines, address) = waiting(folder.path()).await;
    let shown = reqwest::get(led_to(&address).await).await.unwrap().text().await.unwrap();
    assert!(shown.contains("access_denied"), "{shown}");
    let output = child.wait_with_output().await.unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(
        output.status.code() == Some(1) && said.contains("run `deskbell mcp login guarded` to try again"),
        "{said}"
    );
}

#[tokio::test]
async fn what_is_written_wrongly_is_refused_with_the_mend() {
    let it = Guarded::start().await;
    let folder = folder(&it);
    let written = std::fs::read_to_string(folder.path().join("deskbell.toml")).unwrap();
    for (more, words) in [
        ("scope = [\"read\"]", "unknown field `scope`"),
        ("client_secret = \"hush\"", "a secret does not belong in this file"),
        ("client_secret = \"env:HUSH\"", "client_secret goes with a client_id"),
        ("client_id = \"desk\"\nclient_secret = \"env:HUSH\"", "client_secret goes with issuer"),
        ("scopes = [\"read write\"]", "without spaces"),
        ("client_metadata_url = \"http://desk.example/client.json\"", "it must be https"),
    ] {
        std::fs::write(folder.path().join("deskbell.toml"), format!("{written}{more}\n")).unwrap();
        let (code, said) = run(folder.path(), &["mcp", "login", "guarded"]).await;
        assert!(code == 2 && said.contains(words) && !said.contains("hush\""), "{said}");
    }
    let itself = written.replace("authorization_code", "client_credentials");
    std::fs::write(folder.path().join("deskbell.toml"), &itself).unwrap();
    let (code, said) = run(folder.path(), &["mcp", "list"]).await;
    assert!(code == 2 && said.contains("wants client_id and client_secret"), "{said}");
    let whole = format!("{itself}client_id = \"desk\"\nclient_secret = \"env:HUSH\"\n");
    std::fs::write(folder.path().join("deskbell.toml"), whole).unwrap();
    let (code, said) = run(folder.path(), &["mcp", "list"]).await;
    assert!(code == 2 && said.contains("client_secret goes with issuer") && said.contains("add issuer"), "{said}");
    let plain = written.replace(&it.url(), "http://mcp.example/mcp");
    std::fs::write(folder.path().join("deskbell.toml"), &plain).unwrap();
    let (code, said) = run(folder.path(), &["mcp", "login", "guarded"]).await;
    assert!(code == 2 && said.contains("use https"), "{said}");
}
