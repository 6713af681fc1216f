//! `deskbell doctor` against a sandbox with something wrong in it.

use deskbell_sandbox::seed::ChannelSeed;
use deskbell_sandbox::{Sandbox, SandboxConfig};

use super::{Said, Workplace};

/// The scopes of `manifest.yml`.
fn manifest_scopes() -> Vec<String> {
    let manifest = super::repository_file("manifest.yml");
    let (_, bot) = manifest.split_once("    bot:\n").unwrap();
    bot.lines()
        .take_while(|line| line.starts_with("      "))
        .filter_map(|line| line.trim().strip_prefix("- ").map(str::to_owned))
        .collect()
}

fn settings() -> SandboxConfig {
    SandboxConfig { scopes: manifest_scopes(), rate_limits: false, ..SandboxConfig::default() }
}

async fn examined(settings: SandboxConfig, change: impl FnOnce(&Workplace)) -> Said {
    let sandbox = Sandbox::start(settings).await.unwrap();
    let place = Workplace::of(&sandbox);
    change(&place);
    let said = place.run(&sandbox, &["doctor"]).await;
    sandbox.shutdown().await;
    said
}

fn faults(said: &Said) -> String {
    let mut text = String::new();
    let mut within = false;
    for line in said.stdout.lines() {
        within = line.starts_with('✗') || (within && line.starts_with("    ->"));
        if within {
            text.push_str(line);
            text.push('\n');
        }
    }
    text
}

#[tokio::test(flavor = "multi_thread")]
async fn all_is_well_in_the_demo() {
    let said = examined(settings(), |_| {}).await;
    assert_eq!((faults(&said).as_str(), said.stderr.as_str(), said.code), ("", "", 0), "{}", said.stdout);
    insta::assert_snapshot!("doctor_well", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_token_is_named() {
    let said = examined(settings(), |place| place.write("secrets/bot_token", "xoxb-another")).await;
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ slack: auth.test was refused: invalid_auth
    -> reinstall the app and set the new bot token
"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_filter_that_serve_refuses_and_workers_that_take_no_work_are_named() {
    let sandbox = Sandbox::start(settings()).await.unwrap();
    let place = Workplace::of(&sandbox);
    let mut command = place.command(&sandbox, &["doctor"]);
    command.envs([("DESKBELL_LOG__FILTER", "deskbell=loud"), ("DESKBELL_WORKERS__COUNT", "0")]).env_remove("RUST_LOG");
    let said = Said::of(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap());
    sandbox.shutdown().await;
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ log: [log] filter (or RUST_LOG) `deskbell=loud` can't be read: write for example "info" or "info,deskbell::pipeline=debug"
"#);
    let warned: Vec<&str> = said.stdout.lines().filter(|line| line.starts_with('!')).collect();
    assert!(warned.len() == 1 && warned[0].starts_with("! workers: count is 0"), "{}", said.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_scope_is_named_with_its_use() {
    let scopes = manifest_scopes().into_iter().filter(|scope| scope != "reactions:read").collect();
    let said = examined(SandboxConfig { scopes, ..settings() }, |_| {}).await;
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ slack: the token lacks reactions:read (sees the triage emoji)
    -> add them under "OAuth & Permissions" of your Slack app (manifest.yml holds them all) and install the app again
"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_without_deskbell_are_named() {
    let mut settings = settings();
    settings.workspace.channels.push(ChannelSeed {
        id: "C0QUIET".into(),
        name: "quiet".into(),
        topic: String::new(),
        is_private: false,
        is_ext_shared: false,
        members: vec!["U0ANNA".into()],
    });
    let said = examined(settings, |place| {
        place.change("\"C0SUPPORT\", \"C0ACME\"", "\"C0SUPPORT\", \"C0QUIET\", \"C0LEADERS\", \"C0NOWHERE\"");
    })
    .await;
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ channel C0LEADERS (watched): conversations.info was refused: channel_not_found
    -> correct the id; if it is a private channel, write /invite @deskbell there: Slack hides it from those outside
✗ channel C0NOWHERE (watched): conversations.info was refused: channel_not_found
    -> correct the id; if it is a private channel, write /invite @deskbell there: Slack hides it from those outside
✗ channel C0QUIET (watched): Deskbell is not in #quiet
    -> write /invite @deskbell in that channel
"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn bindings_that_do_not_fit_the_server_are_named() {
    let said = examined(settings(), |place| {
        place.change("tool = \"add_comment\"", "tool = \"comment\"");
        place.change("priority = \"=action.priority\"\nlabels", "urgency = \"=action.priority\"\nlabels");
        place.change("{ issue_key = \"=external.key\", to_status", "{ issue = \"=external.key\", to_status");
    })
    .await;
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ actions.comment: the server jira has no tool `comment`
    -> correct [actions.comment]; `deskbell mcp list --json` shows what the server offers
✗ actions.create_issue: `create_issue` has no argument `urgency`
    -> correct [actions.create_issue]; `deskbell mcp list --json` shows what the server offers
✗ actions.transition: `transition_issue` has no argument `issue`; `transition_issue` needs the argument `issue_key`
    -> correct [actions.transition]; `deskbell mcp list --json` shows what the server offers
"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn polls_that_ask_in_vain_are_named() {
    let polls = "[tracker]\npoll = \"2m\"\n\n[helpdesk.poll]\nevery = \"1m\"\n\n[mcp.jira]";
    let said = examined(settings(), |place| place.change("[mcp.jira]", polls)).await;
    assert_eq!(faults(&said), "");
    for good in
        ["tracker: jira.search_issues takes its arguments", "helpdesk.poll: helpdesk tells which tickets changed"]
    {
        assert!(said.stdout.contains(good), "{}", said.stdout);
    }
    let said = examined(settings(), |place| {
        place.change("[mcp.jira]", &polls.replace("\"2m\"", "\"2m\"\ntool = \"add_comment\""));
        place.write("secrets/zendesk_api_token", "another");
    })
    .await;
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ tracker: `add_comment` has no argument `jql`; `add_comment` has no argument `max_results`; `add_comment` needs the argument `issue_key`; `add_comment` needs the argument `body`; jira does not say that `add_comment` only reads
    -> correct [tracker]; `deskbell mcp list --json` shows what the server offers
✗ helpdesk.poll: the server refused it: Zendesk refused the credentials; check the agent's e-mail address and the token, and that token access is switched on in the Admin Center
    -> correct the secrets of [mcp.helpdesk], or name the server of `deskbell mcp serve helpdesk` in [helpdesk.poll] server; until then new tickets are not seen
"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn servers_that_do_not_start_are_named() {
    let said = examined(settings(), |place| {
        place.change("[mcp.jira]\ncommand = \"deskbell\"", "[mcp.jira]\ncommand = \"deskbell-of-tomorrow\"");
    })
    .await;
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ mcp.jira: the program "deskbell-of-tomorrow" could not be started (No such file or directory (os error 2)); check its path
"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_refuses_the_token_is_named() {
    let said = examined(settings(), |place| place.write("secrets/jira_api_token", "another")).await;
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ mcp.jira: `find_by_idempotency_key`: the server refused it: Jira refused the credentials; check the account's e-mail address and its API token
    -> correct the address and the secrets of [mcp.jira], and what their account may read there
"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_vendor_that_is_not_there_is_named() {
    let said = examined(settings(), |place| place.write("secrets/jira_url", "http://127.0.0.1:9")).await;
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ mcp.jira: `find_by_idempotency_key`: the server can't do it now: Jira could not be reached; check its base URL and the network
    -> correct the address and the secrets of [mcp.jira], and what their account may read there
"#);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slack_that_is_not_there_is_named() {
    let sandbox = Sandbox::start(settings()).await.unwrap();
    let place = Workplace::of(&sandbox);
    let mut command = place.command(&sandbox, &["doctor"]);
    command.env("DESKBELL_SLACK__API_URL", "http://127.0.0.1:9/api");
    let said = Said::of(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap());
    assert_eq!(said.code, 1);
    insta::assert_snapshot!(faults(&said), @r#"
✗ slack: http://127.0.0.1:9/api can't be reached: the connection failed
    -> check the network, the proxy and [slack] api_url
"#);
    sandbox.shutdown().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn json_holds_the_same() {
    let sandbox = Sandbox::start(settings()).await.unwrap();
    let place = Workplace::of(&sandbox);
    place.write("deskbell.db", "no database");
    let said = place.run(&sandbox, &["doctor", "--json"]).await;
    sandbox.shutdown().await;
    let findings: Vec<serde_json::Value> = serde_json::from_str(&said.stdout).unwrap();
    let bad: Vec<_> = findings.iter().filter(|finding| finding["ok"] == false).collect();
    assert_eq!(bad.len(), 1, "{bad:?}");
    assert_eq!(bad[0]["area"], "store");
    assert_eq!(said.code, 1);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn secrets_that_others_may_read_and_public_figures_are_warned_of() {
    let said = examined(settings(), |place| {
        for name in ["bot_token", "jira_api_token"] {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o640);
            std::fs::set_permissions(place.path().join("secrets").join(name), mode).unwrap();
        }
        place.change("listen = \"127.0.0.1:0\"", "listen = \"0.0.0.0:0\"");
    })
    .await;
    assert_eq!((faults(&said).as_str(), said.code), ("", 0), "{}", said.stdout);
    let warned: Vec<&str> = said.stdout.lines().filter(|line| line.starts_with('!')).collect();
    assert_eq!(warned.len(), 3, "{}", said.stdout);
    assert!(warned[0].contains("slack.bot_token") && warned[0].contains("secrets/bot_token"), "{}", warned[0]);
    assert!(warned[1].contains("mcp.jira.env.DESKBELL_JIRA_API_TOKEN"), "{}", warned[1]);
    assert!(warned[2].contains("/metrics") && said.stdout.contains("admin_listen"), "{}", said.stdout);
}

fn lines(said: &Said, mark: char) -> Vec<&str> {
    said.stdout.lines().filter(|line| line.starts_with(mark)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_missing_secret_is_listed_and_what_can_be_looked_at_is() {
    let said = examined(settings(), |place| {
        for name in ["bot_token", "signing_secret", "jira_api_token", "zendesk_webhook_secret"] {
            std::fs::remove_file(place.path().join("secrets").join(name)).unwrap();
        }
    })
    .await;
    assert_eq!(said.code, 1);
    for field in
        ["slack.bot_token", "slack.signing_secret", "mcp.jira.env.DESKBELL_JIRA_API_TOKEN", "helpdesk.zendesk.secret"]
    {
        let named = lines(&said, '✗').into_iter().filter(|line| line.contains(field)).count();
        assert_eq!(named, 1, "{field}: {}", said.stdout);
    }
    assert!(said.stdout.contains("! mcp.jira: was not started: it lacks a secret"), "{}", said.stdout);
    assert!(said.stdout.contains("✓ mcp.salesforce: starts and offers"), "{}", said.stdout);
    assert!(!said.stdout.contains("/helpdesk/zendesk"), "{}", said.stdout);
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn a_master_key_that_others_may_read_is_a_fault() {
    let said = examined(settings(), |place| {
        let key = place.path().join("deskbell.key");
        std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
        std::fs::set_permissions(&key, std::os::unix::fs::PermissionsExt::from_mode(0o644)).unwrap();
    })
    .await;
    assert_eq!(said.code, 1);
    let expected = "✗ secrets: store.master_key: other users of the machine may read deskbell.key, and with it everything in the \
                    store\n    -> chmod 600 deskbell.key, owned by the user Deskbell runs as\n";
    assert_eq!(faults(&said), expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kb_that_finds_nothing_is_warned_of() {
    let empty = examined(settings(), |place| {
        std::fs::remove_file(place.path().join("knowledge/refunds.md")).unwrap();
    })
    .await;
    assert!(empty.stdout.contains("! knowledge: knowledge holds no documents"), "{}", empty.stdout);
    let none = examined(settings(), |place| place.change("folder = \"knowledge\"", "")).await;
    assert!(none.stdout.contains("! knowledge: no folder is named"), "{}", none.stdout);
    assert_eq!((none.code, empty.code), (0, 0), "nothing of it stops Deskbell");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_at_an_address_where_nobody_listens_is_named_in_plain_words() {
    let said = examined(settings(), |place| {
        place.change("[mcp.jira]", "[mcp.notes]\nurl = \"http://user:hush@127.0.0.1:9/mcp?key=hush\"\n\n[mcp.jira]");
    })
    .await;
    assert_eq!(said.code, 1);
    let plain = "✗ mcp.notes: cannot be reached at http://127.0.0.1:9/mcp (connection refused): start it, or mend [mcp.notes] url\n";
    assert_eq!(faults(&said), plain);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_variable_that_nothing_reads_is_warned_of() {
    let sandbox = Sandbox::start(settings()).await.unwrap();
    let place = Workplace::of(&sandbox);
    let mut command = place.command(&sandbox, &["doctor"]);
    command.env("DESKBELL_SERVE_PORT", "1").env("DESKBELL_SERVICE_HOST", "10.0.0.1");
    let said = Said::of(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap());
    sandbox.shutdown().await;
    let meant =
        "! config: nothing reads the environment variable DESKBELL_SERVE_PORT: did you mean DESKBELL_SERVER__PORT?";
    assert_eq!((lines(&said, '!'), said.code), (vec![meant], 0), "{}", said.stdout);
}
