//! `deskbell demo`: a Slack workspace, Jira, Shortcut, Zendesk, Salesforce and Confluence in a box, and Deskbell itself, in one process; the
//! MCP servers are children. They speak over real HTTP with real signatures, and the store is a real one.

mod wiki;

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

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

/// As it stands in the demo's rules.
const JOIN_WINDOW_LINE: &str = "join_window = \"5s\"";
/// Says that a folder is a demo's.
const MARK: &str = ".deskbell-demo";
/// What a folder of a Deskbell in earnest holds.
const NOT_A_DEMOS: &[&str] = &["deskbell.toml", "deskbell.db", "deskbell.key", "secrets", "policy.toml"];
const JOIN_WINDOW: Duration = Duration::from_secs(5);

/// Plays until it is asked to end.
pub(super) async fn run(arguments: &DemoArguments) -> Result<(), Failure> {
    let folder = Folder::make(arguments.data.as_deref(), arguments.speed)?;
    let settings = SandboxConfig {
        scopes: doctor::SCOPES.iter().map(|(scope, _)| (*scope).to_owned()).collect(),
        listen: SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port)),
        ..SandboxConfig::default()
    };
    write_secrets(&folder.path, &settings)?;
    let sandbox = Sandbox::start(settings)
        .await
        .map_err(|error| Failure::failed(format!("{error}; `--port 0` takes any free port")))?;
    write_addresses(&folder.path, &sandbox)?;
    if let Some(confluence) = sandbox.confluence() {
        wiki::write(&confluence);
    }
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
    sandbox.number_zendesk_tickets_from(first_zendesk_number());
    sandbox.set_zendesk_webhook(format!("{base_url}/helpdesk/zendesk"));
    sandbox.set_jira_webhook(format!("{base_url}/webhooks/jira"));
    let has_encoder = config.encoder_folder().is_some();
    output::say(&banner(&sandbox.base_url(), &base_url, folder, arguments.no_script, has_encoder));
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

/// Higher than any of an earlier run in the same folder: seconds since 2026.
fn first_zendesk_number() -> u64 {
    const NEW_YEAR_2026: i64 = 1_767_225_600;
    u64::try_from(jiff::Timestamp::now().as_second() - NEW_YEAR_2026).unwrap_or_default().max(1)
}

async fn play_script(sandbox: &Sandbox, speed: f64) -> Result<(), deskbell_sandbox::SandboxError> {
    sandbox.play(&Script::demo()?.at_pace(speed)).await
}

fn banner(page: &str, desk: &str, folder: &Path, no_script: bool, has_encoder: bool) -> String {
    let compared = if has_encoder {
        "Requests are compared by their meaning: the sentence encoder is there."
    } else {
        "Requests are compared by their words alone; `deskbell models pull` gets a sentence encoder (91 MB), once."
    };
    let script =
        if no_script { "Nothing happens by itself: write in #support." } else { "Requests come in by themselves." };
    format!(
        "
  Deskbell demo

      {page}

  Northwind's Slack in a box with Jira, Shortcut, Zendesk, Salesforce and Confluence, and Deskbell at work between them.
  {script} Try:

    - in #support, press Confirm on a card, and look at Jira's board
    - press Change... and give a request to another squad; the next one that reads alike goes there by itself
    - /triage accuracy: how well requests are understood, by what you decided
    - write a request of your own, or /triage, /kb how do I rotate an API key?, and press what is below the answer
    - /kb who approves a goodwill credit? as Anna, who may read that page of Confluence, and as Frank, who may not
    - press Escalate, wait a minute, and see who is alerted next
    - act as somebody else: the switch is at the top right
    - look at the other systems: Jira, Shortcut, Zendesk and Salesforce are at the left

  {compared}
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
    fn make(chosen: Option<&Path>, speed: f64) -> Result<Self, Failure> {
        let folder = if let Some(path) = chosen {
            Self { path: path.to_owned(), temporary: false }
        } else {
            Self { path: temporary_folder()?, temporary: true }
        };
        folder.claim()?;
        for name in DemoFiles::iter() {
            let path = folder.path.join(name.as_ref());
            if let (false, Some(file)) = (path.exists(), DemoFiles::get(&name)) {
                let content = if name == "policy.toml" { at_speed(&file.data, speed) } else { file.data };
                write_file(&path, &content)?;
            }
        }
        Ok(folder)
    }

    /// Marks the folder as a demo's. One that holds another Deskbell's files is refused before anything is written: the demo
    /// would start that one's servers, overwrite its secrets and write into its store.
    fn claim(&self) -> Result<(), Failure> {
        let mark = self.path.join(MARK);
        if mark.exists() {
            return Ok(());
        }
        if let Some(name) = NOT_A_DEMOS.iter().find(|name| self.path.join(name).exists()) {
            return Err(Failure::failed(format!(
                "{} holds {name}, which no demo wrote: the demo keeps its hands off it; name a new folder with --data",
                self.path.display()
            )));
        }
        write_file(&mark, b"The folder of a `deskbell demo`.\n")
    }
}

/// The rules, their window for quick messages as much shorter as the script is faster: else requests of one author that
/// follow each other faster would be taken for one.
fn at_speed(policy: &[u8], speed: f64) -> Cow<'static, [u8]> {
    let window = JOIN_WINDOW.div_f64(if speed > 0.0 { speed } else { 1.0 }).as_millis().max(1);
    let text = String::from_utf8_lossy(policy);
    text.replace(JOIN_WINDOW_LINE, &format!("join_window = \"{window}ms\"")).into_bytes().into()
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
    let zendesk = settings.zendesk.clone().unwrap_or_default();
    let shortcut = settings.shortcut.clone().unwrap_or_default();
    let salesforce = settings.salesforce.clone().unwrap_or_default();
    let confluence = settings.confluence.clone().unwrap_or_default();
    let secrets = [
        ("signing_secret", settings.signing_secret.as_str()),
        ("bot_token", settings.bot_token.as_str()),
        ("app_token", settings.app_token.as_str()),
        ("jira_email", jira.email.as_str()),
        ("jira_api_token", jira.api_token.as_str()),
        ("shortcut_api_token", shortcut.api_token.as_str()),
        ("jira_webhook_secret", jira.webhook_secret.as_str()),
        ("zendesk_webhook_secret", zendesk.webhook_secret.as_str()),
        ("zendesk_email", zendesk.email.as_str()),
        ("zendesk_api_token", zendesk.api_token.as_str()),
        ("salesforce_client_id", salesforce.client_id.as_str()),
        ("salesforce_client_secret", salesforce.client_secret.as_str()),
        ("confluence_email", confluence.email.as_str()),
        ("confluence_api_token", confluence.api_token.as_str()),
    ];
    secrets.iter().try_for_each(|(name, secret)| write_secret(folder, name, secret))
}

/// Where the vendors' back-ends are, as the demo's configuration expects it.
fn write_addresses(folder: &Path, sandbox: &Sandbox) -> Result<(), Failure> {
    let addresses = [
        ("jira_url", sandbox.jira_url()),
        ("shortcut_url", sandbox.shortcut_url()),
        ("zendesk_url", sandbox.zendesk_url()),
        ("salesforce_url", sandbox.salesforce_url()),
        ("confluence_url", sandbox.confluence_url().map(|address| format!("{address}/wiki"))),
    ];
    addresses.into_iter().try_for_each(|(name, address)| write_secret(folder, name, &address.unwrap_or_default()))
}

/// For nobody else to read, as a real one.
fn write_secret(folder: &Path, name: &str, secret: &str) -> Result<(), Failure> {
    let path = folder.join("secrets").join(name);
    write_file(&path, secret.as_bytes())?;
    #[cfg(unix)]
    {
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
        std::fs::set_permissions(&path, mode)
            .map_err(|error| Failure::failed(format!("{} can't be made private ({error})", path.display())))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use deskbell_domain::ids::TicketId;
    use deskbell_domain::policy::Policy;
    use jiff::SignedDuration;

    use super::*;
    use crate::assessor::config::AssessorConfig;
    use crate::assessor::{AssessRequest, Chain};

    fn policy(speed: f64) -> Policy {
        let file = DemoFiles::get("policy.toml").unwrap();
        Policy::load(std::str::from_utf8(&at_speed(&file.data, speed)).unwrap()).unwrap()
    }

    #[test]
    fn the_window_for_quick_messages_keeps_pace_with_the_script() {
        assert_eq!(policy(1.0).join_window, SignedDuration::from_secs(5));
        assert_eq!(policy(20.0).join_window, SignedDuration::from_millis(250));
        assert_eq!(policy(0.0).join_window, SignedDuration::from_secs(5));
        assert_eq!(policy(1e9).join_window, SignedDuration::from_millis(1));
    }

    /// What the script plays, and outages in other words than the examples'.
    const REQUESTS: &[(&str, &str)] = &[
        (
            "payments",
            "Checkout fails for Contoso: every card payment since 09:10 is declined with `PAYMENT_GATEWAY_TIMEOUT`. They are losing orders, this is urgent.",
        ),
        (
            "payments",
            "Checkout fails for Contoso: every card payment since 09:10 is declined with `PAYMENT_GATEWAY_TIMEOUT`. They are losing orders, this is urgent.\nContoso says it is getting worse, now PayPal fails too.",
        ),
        ("payments", "Checkout is broken for Tailspin, nobody there can pay"),
        ("payments", "The checkout page of our shop times out when the customer pays by card"),
        (
            "payments",
            "the invoice PDF of Wingtip Toys is empty\nnumber INV-20418, they need it for their audit tomorrow",
        ),
        ("payments", "Refund of order 5531 was sent twice, the customer reports a double credit"),
        (
            "login",
            "Two people at Fabrikam can't log in with SSO any more. After Okta they land on a page saying \"invalid SAML assertion\".",
        ),
        ("login", "I can't open the staging dashboard, it says my permission was revoked. Could someone give it back?"),
        (
            "api",
            "Our customer Tailspin gets HTTP 500 from `POST /v2/orders` about every third call, since this morning's release.",
        ),
        ("api", "Webhooks to Litware stopped at 08:00, nothing in their log since. Signature secret was not changed."),
        ("how-to", "how do I add a second administrator to a customer's account?"),
        ("how-to", "Could you tell me whether we support CSV import for suppliers? A prospect asks."),
        (
            "data-export",
            "This is the THIRD time this month that exports hang for hours. We pay for an enterprise plan and nobody answers. If it is not fixed today I will escalate to your CEO.",
        ),
        ("outage", "Is it only me, or does the search on the status page take 30 seconds?"),
        ("outage", "Everything is down for everybody since 14:00"),
        ("outage", "The whole site is unreachable, our customers see a blank page"),
        ("outage", "The dashboard is very slow for all our teams today"),
        ("outage", "503 on every page of the app since ten minutes"),
    ];

    #[tokio::test]
    async fn the_scripts_requests_are_understood() {
        let chain = Chain::local(&AssessorConfig::default(), &policy(1.0).categories, Vec::new()).unwrap();
        let mut faults = Vec::new();
        for (expected, text) in REQUESTS {
            let request = AssessRequest {
                workspace: "T1".into(),
                ticket: TicketId::new(1),
                similar: Vec::new(),
                people: Vec::new(),
                text: (*text).to_owned(),
            };
            let assessment = chain.assess(request).await;
            let found = assessment.category.as_ref().map(|category| category.value.to_string());
            if found.as_deref() != Some(*expected) {
                faults.push(format!("{expected} but {found:?}: {text}"));
            }
        }
        assert!(faults.is_empty(), "{}", faults.join("\n"));
    }
}
