//! `deskbell demo`: a Slack workspace and a Jira site in a box, and Deskbell itself, in one process; the Jira MCP server is a
//! child. They speak over real HTTP with real signatures, and the store is a real one.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use deskbell_sandbox::script::Script;
use deskbell_sandbox::{Delivery, Sandbox, SandboxConfig};
use rust_embed::RustEmbed;

use super::arguments::DemoArguments;
use super::{Failure, doctor, output, signals};
use crate::config::Config;
use crate::serve::{Desk, Prepared};
use crate::telemetry;

/// The demo's configuration, policy and documents.
#[derive(RustEmbed)]
#[folder = "demo/"]
struct DemoFiles;

/// Plays until it is asked to end.
pub(super) async fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    let folder = Folder::make(arguments.data.as_deref())?;
    let settings = SandboxConfig {
        scopes: doctor::SCOPES.iter().map(|(scope, _)| (*scope).to_owned()).collect(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port)),
        ..SandboxConfig::default()
    };
    write_secrets(&folder.path, &settings)?;
    let sandbox = Sandbox::start(settings)
        .await
        .map_err(|error| Failure::failed(format!("{error}; `--port 0` takes any free port")))?;
    write_file(&folder.path.join("secrets/jira_url"), sandbox.jira_url().unwrap_or_default().as_bytes())?;
    let outcome = play(arguments, &folder.path, &sandbox).await;
    sandbox.shutdown().await;
    outcome
}

async fn play(arguments: &DemoArguments, folder: &Path, sandbox: &Sandbox) -> Result<(), Failure> {
    let overrides = [("DESKBELL_SLACK__API_URL".to_owned(), sandbox.api_url())];
    let config = Config::load_with(&folder.join("deskbell.toml"), overrides)?;
    // Before logging starts: the advice to back the key up is not for a demo.
    config.master_key(true)?;
    telemetry::start_logging(&config.log)?;
    let metrics = telemetry::start_metrics()?;
    let desk = Desk::start(&config, Prepared::new(&config)?, Some(metrics)).await?;
    let base_url = format!("http://{}", desk.address());
    sandbox.set_delivery(Some(Delivery::Http { base_url: base_url.clone() }));
    output::say(&banner(&sandbox.base_url(), &base_url, folder, arguments.no_script));
    if arguments.open {
        open_browser(&sandbox.base_url());
    }
    let ready = desk.ready();
    let script = async {
        ready.await;
        if !arguments.no_script
            && let Err(error) = play_script(sandbox, arguments.speed).await
        {
            output::complain(&error.to_string());
        }
        std::future::pending::<()>().await;
    };
    let ended = async {
        tokio::select! {
            () = signals::asked_to_end() => {}
            () = script => {}
        }
    };
    Ok(desk.run_until(ended).await?)
}

async fn play_script(sandbox: &Sandbox, speed: f64) -> Result<(), deskbell_sandbox::SandboxError> {
    sandbox.play(&Script::demo()?.at_pace(speed)).await
}

fn banner(page: &str, desk: &str, folder: &Path, no_script: bool) -> String {
    let script =
        if no_script { "Nothing happens by itself: write in #support." } else { "Requests come in by themselves." };
    format!(
        "
  Deskbell demo

      {page}

  Northwind's Slack and Jira in a box, and Deskbell at work between them. {script} Try:

    - in #support, press Confirm on a card, and look at Jira's board
    - press Change... and give a request to another squad
    - write a request of your own, or /triage, /kb how do I rotate an API key?
    - press Escalate, wait a minute, and see who is alerted next
    - act as somebody else: the switch is at the top right

  Its rules are {folder}/policy.toml; health and metrics: {desk}/readyz, {desk}/metrics
  Ctrl-C ends everything.
",
        folder = folder.display(),
    )
}

fn open_browser(page: &str) {
    let opener = if cfg!(target_os = "macos") { "open" } else { "xdg-open" };
    if std::process::Command::new(opener).arg(page).spawn().is_err() {
        output::complain(&format!("no browser could be opened with {opener}: open {page} yourself"));
    }
}

/// The demo's folder; a temporary one goes when the demo ends.
struct Folder {
    path: PathBuf,
    temporary: bool,
}

impl Folder {
    /// Makes it and writes the demo's files into it; files that stand there already are kept, so that rules can be edited.
    fn make(chosen: Option<&Path>) -> Result<Self, Failure> {
        let folder = if let Some(path) = chosen {
            Self { path: path.to_owned(), temporary: false }
        } else {
            Self { path: temporary_folder()?, temporary: true }
        };
        for name in DemoFiles::iter() {
            let path = folder.path.join(name.as_ref());
            if let (false, Some(file)) = (path.exists(), DemoFiles::get(&name)) {
                write_file(&path, &file.data)?;
            }
        }
        Ok(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if self.temporary && std::fs::remove_dir_all(&self.path).is_err() {
            tracing::debug!(folder = %self.path.display(), "the demo's folder could not be removed");
        }
    }
}

/// A new folder that nobody else may enter.
fn temporary_folder() -> Result<PathBuf, Failure> {
    let path = std::env::temp_dir().join(format!("deskbell-demo-{}-{:08x}", std::process::id(), rand::random::<u32>()));
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&path).map_err(|error| {
        Failure::failed(format!("{} can't be made ({error}): name a writable folder with --data", path.display()))
    })?;
    Ok(path)
}

fn write_file(path: &Path, content: &[u8]) -> Result<(), Failure> {
    let written = path.parent().map_or(Ok(()), std::fs::create_dir_all).and_then(|()| std::fs::write(path, content));
    written.map_err(|error| {
        Failure::failed(format!("{} can't be written ({error}): name a writable folder with --data", path.display()))
    })
}

/// The sandbox's own secrets, as the demo's configuration expects them.
fn write_secrets(folder: &Path, settings: &SandboxConfig) -> Result<(), Failure> {
    let jira = settings.jira.clone().unwrap_or_default();
    let secrets = [
        ("signing_secret", settings.signing_secret.as_str()),
        ("bot_token", settings.bot_token.as_str()),
        ("app_token", settings.app_token.as_str()),
        ("jira_email", jira.email.as_str()),
        ("jira_api_token", jira.api_token.as_str()),
    ];
    for (name, secret) in secrets {
        write_file(&folder.join("secrets").join(name), secret.as_bytes())?;
    }
    Ok(())
}
