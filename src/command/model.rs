//! `deskbell model`: the local model's versions, and what it learns from.

use std::io::Write;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use deskbell_domain::ids::WorkspaceId;
use deskbell_domain::policy::Policy;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::arguments::ModelCommand;
use super::{Failure, output};
use crate::config::Config;
use crate::learning::{Learner, Learning};
use crate::prepare;
use crate::store::{
    LabelsWanted, ModelRequest, ModelRequestsBeside, ModelStanding, ModelVersion, OpenError, Store, StoreError,
};

/// Versions shown.
const SHOWN: usize = 400;
/// How long a running Deskbell may take to do what is asked.
const PATIENCE: Duration = Duration::from_secs(180);
const LOOK_EVERY: Duration = Duration::from_millis(200);

/// Runs the subcommand.
pub(super) async fn run(config: &Path, command: &ModelCommand) -> Result<(), Failure> {
    let config = Config::load(config)?;
    let (store, workspace) = reading(&config).await?;
    match command {
        ModelCommand::Show { json } => show(&store, &workspace, *json).await,
        ModelCommand::Export { out } => export(&config, &store, &workspace, out.as_deref()).await,
        ModelCommand::Train => {
            ask(&config, store, &workspace, &ModelRequest::Train).await?;
            newest_line(&config).await
        }
        ModelCommand::Rollback { version } => {
            let known = store.model_versions(&workspace, SHOWN).await?;
            if !known.iter().any(|known| known.number == *version) {
                return Err(Failure::wrong(format!("there is no version {version}: `deskbell model show` lists them")));
            }
            ask(&config, store, &workspace, &ModelRequest::Pin { version: *version }).await?;
            output::say(&format!(
                "version {version} answers, and nothing is learned until `deskbell model train`; labels are kept meanwhile"
            ));
            Ok(())
        }
    }
}

/// The store beside a running `serve`, and whose it is.
async fn reading(config: &Config) -> Result<(Store, WorkspaceId), Failure> {
    let path = config.store_config().path;
    let never = || Failure::failed("nothing was learned yet: `deskbell serve` begins on its first start");
    if !path.exists() {
        return Err(never());
    }
    let store = Store::open_read_only(&config.store_config(), config.master_key(false)?)?;
    let installation = store.installation().await?.ok_or_else(never)?;
    Ok((store, installation.workspace))
}

/// Queues a request and sees it done: by the Deskbell that serves, or here where none does.
async fn ask(config: &Config, reading: Store, workspace: &WorkspaceId, request: &ModelRequest) -> Result<(), Failure> {
    let key = config.master_key(false)?;
    let id = ModelRequestsBeside::open(&config.store_config(), &key)?.ask(workspace, request, Timestamp::now())?;
    match Store::open(&config.store_config(), key) {
        Ok(store) => {
            drop(reading);
            let done = do_it(config, &store, workspace).await;
            store.shutdown().await;
            done
        }
        Err(OpenError::InUse { .. }) => until_done(&reading, workspace, id).await,
        Err(error) => Err(error.into()),
    }
}

async fn do_it(config: &Config, store: &Store, workspace: &WorkspaceId) -> Result<(), Failure> {
    let policy = prepare::policy(config)?;
    let local = prepare::local_assessor(config, &policy)?;
    store.save_policy(&policy.policy.hash, &policy.source, Timestamp::now()).await?;
    let learner = Learner {
        store: store.clone(),
        workspace: workspace.clone(),
        policy: Arc::new(policy.policy),
        learning: Learning::new(local, None),
        pause: Duration::ZERO,
    };
    learner.begin().await?;
    learner.catch_up(false).await.map_err(|error| Failure::failed(error.to_string()))
}

async fn until_done(store: &Store, workspace: &WorkspaceId, id: u64) -> Result<(), Failure> {
    let is_done = async {
        loop {
            let waiting = store.model_requests(workspace).await?;
            if !waiting.iter().any(|request| request.id == id) {
                return Ok::<(), StoreError>(());
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    };
    match tokio::time::timeout(PATIENCE, is_done).await {
        Ok(done) => Ok(done?),
        Err(_) => Err(Failure::failed(
            "the Deskbell that serves has not done it yet: it is queued; look at its log, and at `deskbell model show` later",
        )),
    }
}

async fn newest_line(config: &Config) -> Result<(), Failure> {
    let (store, workspace) = reading(config).await?;
    if let Some(version) = store.model_versions(&workspace, 1).await?.pop() {
        output::say(&line(&version, true));
    }
    Ok(())
}

async fn show(store: &Store, workspace: &WorkspaceId, as_json: bool) -> Result<(), Failure> {
    let versions = store.model_versions(workspace, SHOWN).await?;
    let standing = store.model_standing(workspace).await?;
    let in_force = standing.pinned.or_else(|| versions.first().map(|version| version.number));
    if as_json {
        output::say_json(&as_value(&versions, &standing, in_force));
        return Ok(());
    }
    if versions.is_empty() {
        output::say("no version yet: `deskbell serve` makes the first when it starts");
    }
    for version in &versions {
        output::say(&line(version, in_force == Some(version.number)));
    }
    if let Some(pinned) = standing.pinned {
        output::say(&format!("version {pinned} is pinned: nothing is learned until `deskbell model train`"));
    }
    for (category, from) in &standing.auto_from {
        output::say(&format!("{category} is carried out by itself from {} % on", from.percent()));
    }
    Ok(())
}

fn as_value(versions: &[ModelVersion], standing: &ModelStanding, in_force: Option<u64>) -> Value {
    let of_one = |version: &ModelVersion| {
        json!({
            "version": version.number,
            "made_at": version.made_at,
            "last_label": version.last_label,
            "policy": version.policy,
            "about": version.about,
        })
    };
    json!({
        "in_force": in_force,
        "pinned": standing.pinned,
        "auto_from": standing.auto_from.iter().map(|(category, from)| (category.to_string(), json!(from.probability()))).collect::<serde_json::Map<_, _>>(),
        "versions": versions.iter().map(of_one).collect::<Vec<_>>(),
    })
}

fn line(version: &ModelVersion, answers: bool) -> String {
    let about = &version.about;
    let percent = |share: Option<f64>| share.map_or_else(|| "-".to_owned(), |share| format!("{:.1} %", share * 100.0));
    let mark = if answers { "*" } else { " " };
    let means = match (&about.without_model, about.encoder) {
        (Some(reason), _) => format!("keywords alone: {reason}"),
        (None, true) => "words and meaning".to_owned(),
        (None, false) => "words alone".to_owned(),
    };
    format!(
        "{mark} {:>4}  {}  {} labels, {} examples  {means}; held out {}: accuracy {}, calibration error {}, {} answered at 95 %; {:.1} s",
        version.number,
        version.made_at.strftime("%Y-%m-%d %H:%M"),
        about.labels,
        about.examples,
        about.held_out,
        percent(about.accuracy),
        percent(about.ece),
        percent(about.coverage_at_95),
        about.seconds,
    )
}

/// That words leave is on record before they do.
async fn export(config: &Config, store: &Store, workspace: &WorkspaceId, out: Option<&Path>) -> Result<(), Failure> {
    let wanted = LabelsWanted { up_to: None, at_most: usize::MAX, with_words: true };
    let labels = store.labels(workspace, wanted).await?;
    let policy = prepare::policy(config)?.policy;
    let readable = labels.iter().filter(|stored| stored.words.is_some());
    let count = readable.clone().count();
    let request = ModelRequest::Exported { labels: count };
    ModelRequestsBeside::open(&config.store_config(), &config.master_key(false)?)?.ask(
        workspace,
        &request,
        Timestamp::now(),
    )?;
    let taught = readable.map(|stored| {
        let label = &stored.label;
        json!({
            "text": stored.words,
            "label": label.category,
            "from": "person",
            "verdict": label.verdict,
            "said": label.said.as_ref().map(|(category, _)| category),
            "confidence": label.said.as_ref().map(|(_, confidence)| confidence.probability()),
            "at": label.at,
        })
    });
    let mut text = String::new();
    for line in examples_of(&policy).chain(taught) {
        text.push_str(&line.to_string());
        text.push('\n');
    }
    match out {
        None => output::say(text.trim_end()),
        Some(path) => {
            let failed = |error: std::io::Error| {
                Failure::failed(format!("{} can't be written ({error}): correct the path", path.display()))
            };
            private_file(path).and_then(|mut file| file.write_all(text.as_bytes())).map_err(failed)?;
            output::say(&format!(
                "{count} labels, with what people wrote, are in {}; keep it as you keep the store",
                path.display()
            ));
        }
    }
    Ok(())
}

fn examples_of(policy: &Policy) -> impl Iterator<Item = Value> {
    policy.categories.iter().flat_map(|category| {
        category.examples.iter().map(|text| json!({ "text": text, "label": category.id, "from": "policy" }))
    })
}

/// For nobody else to read.
fn private_file(path: &Path) -> std::io::Result<std::fs::File> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}
