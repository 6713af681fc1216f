//! What people of ill will or ill luck send. Deskbell does its work all the same, shows their words as words, and keeps
//! them to itself.

use std::path::Path;
use std::process::{Child, Stdio};
use std::time::Duration;

use deskbell_domain::interaction::Button;
use deskbell_sandbox::SandboxConfig;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::desk::bindings::LOOK;
use crate::desk::trust::{scripted, stranger};
use crate::desk::{Desk, Message, State, Wish};

const WORD: &str = "zebrafinch";
const ADDRESS: &str = "mallory@evil.example";

/// The card and the issue of what somebody asks.
async fn issue_of(desk: &Desk, text: &str) -> (Message, Value) {
    let card = desk.asks("U0GRACE", text).await;
    let issue = desk.confirms("U0ANNA", &card).await;
    (card, issue)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_as_long_as_slack_takes_becomes_an_issue() {
    let desk = Desk::open(Wish::default()).await;
    let (_, issue) = issue_of(&desk, &format!("The payment failed {}", "again and ".repeat(3_900))).await;
    let description = issue["description"].as_str().unwrap();
    assert!(description.contains("cut here") && description.contains("Squad Payments"), "{}", description.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn customers_words_call_nobody_and_hide_no_address() {
    let desk = Desk::open(Wish::default()).await;
    let words = "The payment failed <!channel> <@U0BEN> &lt;!here&gt; \"},{\"type\":\"divider\"} {{ ticket }} \
                 <https://evil.example/x|https://bank.example> \u{202e}gnp.exe\u{1b}[31m\r\r**Squad** Admins";
    let (card, issue) = issue_of(&desk, words).await;
    desk.settled().await;
    let state = State(desk.state().await);
    let posted = ["C0SUPPORT", "C0PAYMENTS", "C0TRIAGE", "C0OPS"].map(|channel| state.messages(channel)).concat();
    for message in posted.iter().filter(|message| message.marker().is_some()) {
        for call in ["<!channel>", "<!here>", "<@U0BEN> &lt;", "<https://evil.example", "\u{202e}"] {
            assert!(!message.says(call), "{call}: {}", message.all_text());
        }
        assert!(!message.body["blocks"].to_string().contains("divider\"}"), "{}", message.all_text());
    }
    assert!(desk.again(&card).await.says("{{ ticket }}"));
    let summary = issue["summary"].as_str().unwrap();
    assert!(!summary.chars().any(|c| c.is_control() || c == '\u{202e}'), "{summary:?}");
    let description = issue["description"].as_str().unwrap();
    assert!(description.contains("https://bank.example (https://evil.example/x)"), "{description}");
}

/// Deskbell with a log of everything, in place of the desk's own.
struct Loud(Child);

impl Loud {
    async fn start(desk: &mut Desk) -> Self {
        assert!(desk.stop().success());
        let log = std::fs::File::create(desk.folder().join("loud.log")).unwrap();
        let mut command = desk.deskbell();
        command.arg("serve").env("RUST_LOG", "trace").stdin(Stdio::null()).stdout(Stdio::null()).stderr(log);
        let loud = Self(command.spawn().unwrap());
        let ready = async {
            let asked = || desk.http.get(format!("{}/readyz", desk.url())).send();
            while !asked().await.is_ok_and(|answer| answer.status().is_success()) {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(60), ready).await.unwrap();
        loud
    }
}

impl Drop for Loud {
    fn drop(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

fn holds(file: &Path, word: &str) -> bool {
    let content = std::fs::read(file).unwrap();
    content.windows(word.len()).any(|window| window == word.as_bytes())
}

#[tokio::test(flavor = "multi_thread")]
async fn words_and_secrets_are_in_no_log_figure_or_file_in_the_clear() {
    let mut desk = Desk::open(Wish::default()).await;
    let loud = Loud::start(&mut desk).await;
    let (card, _) = issue_of(&desk, &format!("The payment failed, says {WORD} at {ADDRESS}")).await;
    desk.types("U0GRACE", "C0SUPPORT", "/ticket", &card.number()).await;
    desk.settled().await;
    let figures = desk.http.get(format!("{}/metrics", desk.url())).send().await.unwrap().text().await.unwrap();
    drop(loud);
    std::fs::write(desk.folder().join("metrics.txt"), figures).unwrap();
    let secrets = ["xoxb-", "sandbox-signing-secret", "sandbox-jira-token", "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"];
    let files = ["loud.log", "metrics.txt", "deskbell.db", "deskbell.db-wal"].map(|name| desk.folder().join(name));
    for file in files.iter().filter(|file| file.exists()) {
        for word in secrets.into_iter().chain([WORD, ADDRESS]) {
            assert!(!holds(file, word), "{} holds {word}", file.display());
        }
    }
}

#[cfg(unix)]
#[tokio::test(flavor = "multi_thread")]
async fn the_store_and_its_key_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::open(Wish::default()).await;
    for name in ["deskbell.db", "deskbell.db-wal", "deskbell.db-shm", "deskbell.key"] {
        let mode = std::fs::metadata(desk.folder().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{name}: {mode:o}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn buttons_that_name_what_is_not_there_do_nothing() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    for value in
        ["../../etc", "DB-99", "DB-18446744073709551616", "DB--1", "", "DB-1/action/9", "DB-1\u{0}", "{\"a\":1}"]
    {
        // Change opens a view first, for which Slack wants a trigger of its own.
        for button in Button::ALL.iter().filter(|button| **button != Button::Change).map(|button| button.as_str()) {
            assert_eq!(click(&desk, "U0ANNA", "T0NORTHWIND", button, value).await, 200, "{button} {value:?}");
        }
    }
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "awaiting_confirmation");
    assert_eq!((desk.again(&card).await.body, desk.dead_letters().len()), (card.body, 0));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_of_another_organisation_escalates() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    for team in ["T0ACME", "E0ACME"] {
        assert_eq!(click(&desk, "U0HUGO", team, "escalate", &card.number()).await, 200);
    }
    desk.settled().await;
    assert_eq!(desk.again(&card).await.body, card.body);
    assert_eq!(State(desk.state().await).messages("C0PAYMENTS").len(), 0);
}

/// A click that Slack would sign, whatever it says; the answer is the status.
async fn click(desk: &Desk, user: &str, team: &str, button: &str, value: &str) -> u16 {
    let trigger = format!("{user}.{team}.{button}.{value}");
    let payload = json!({
        "type": "block_actions", "trigger_id": trigger, "team": { "id": team }, "user": { "id": user, "team_id": team },
        "channel": { "id": "C0SUPPORT" }, "message": { "ts": "1.1", "team": "T0NORTHWIND" },
        "actions": [{ "type": "button", "action_id": button, "value": value }],
    });
    let body =
        url::form_urlencoded::Serializer::new(String::new()).append_pair("payload", &payload.to_string()).finish();
    signed(desk, "/slack/interactions", body).await
}

async fn signed(desk: &Desk, door: &str, body: String) -> u16 {
    let timestamp = jiff::Timestamp::now().as_second().to_string();
    let mac = Hmac::<Sha256>::new_from_slice(SandboxConfig::default().signing_secret.as_bytes()).unwrap();
    let digest = mac.chain_update(format!("v0:{timestamp}:{body}")).finalize().into_bytes();
    let request = desk.http.post(format!("{}{door}", desk.url())).body(body);
    let signed = request
        .header("x-slack-request-timestamp", timestamp)
        .header("x-slack-signature", format!("v0={}", hex::encode(digest)));
    signed.send().await.unwrap().status().as_u16()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_workspace_sends_is_not_carried_out_in_ours() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    let event = |authorized: Value, id: &str| {
        json!({
            "type": "event_callback", "api_app_id": "A0DESKBELL", "team_id": "T9EVIL", "event_id": id,
            "authorizations": [authorized],
            "event": {
                "type": "message", "channel": "D9", "channel_type": "im", "user": "U9EVIL", "ts": "1795706000.000001",
                "text": "The payment page has a small typo",
            },
        })
    };
    for (authorized, id) in [
        (json!({ "team_id": "T9EVIL" }), "Ev1"),
        (json!({ "team_id": null, "enterprise_id": "E9EVIL", "is_enterprise_install": true }), "Ev2"),
    ] {
        assert_eq!(signed(&desk, "/slack/events", event(authorized, id).to_string()).await, 200);
    }
    // A command names the team of who types it, which in a shared channel is another one: they count as outsiders there.
    let typed = "command=%2Fticket&text=1&user_id=U9EVIL&channel_id=C9&team_id=T9EVIL&trigger_id=9.9";
    assert_eq!(signed(&desk, "/slack/commands", typed.to_owned()).await, 200);
    desk.settled().await;
    assert_eq!((desk.tickets().len(), desk.again(&card).await.body), (1, card.body));
    assert_eq!(State(desk.state().await).messages("C0TRIAGE").len(), 0);
    let ignored = desk.outcomes().iter().filter(|(_, what)| what.to_string().contains("another workspace")).count();
    assert_eq!(ignored, 2, "{:?}", desk.outcomes());
    let metrics = desk.http.get(format!("{}/metrics", desk.url())).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("deskbell_events_of_other_workspaces_total 2"), "{metrics}");
}

/// What a server says of a failure may quote whoever asked, or hold its own secrets: the ops channel reads it, and nothing else.
#[tokio::test(flavor = "multi_thread")]
async fn a_servers_own_words_reach_people_alone() {
    for (rules, told) in [
        ("errors = [{ match = \"no account\", kind = \"permanent\" }]", "the server refused it"),
        (
            "errors = [{ match = \"no account\", kind = \"transient\", retry_after = \"1ms\" }]",
            "the server can't do it now",
        ),
        ("", "the server has no way to look it up"),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let script = folder.path().join("script.json");
        let says = format!("no account of {ADDRESS}, password {WORD}");
        let tool = json!({ "name": "make", "inputSchema": { "type": "object" } });
        scripted::write(&script, &json!({ "tools": [tool], "answers": { "make": { "error": says } } }));
        let wish = Wish { config: stranger("tracker", &script), ..Wish::default() }
            .config_with("lease = \"5s\"", "lease = \"5s\"\ndispatch_attempts = 2")
            .config_with(LOOK, "")
            .config_with(
                "server = \"jira\"\ntool = \"create_issue\"",
                &format!("server = \"tracker\"\ntool = \"make\"\n{rules}"),
            );
        let mut desk = Desk::open(wish).await;
        let loud = Loud::start(&mut desk).await;
        let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
        assert_eq!(desk.presses("U0ANNA", &card, "confirm").await["ok"], true);
        desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
        let alert = desk.until_posted("the alert", "C0OPS", |message| message.has_button("ops_retry")).await;
        assert!(alert.says(told) && alert.says(ADDRESS) && alert.says(WORD), "{}", alert.all_text());
        desk.settled().await;
        let files = ["loud.log", "deskbell.db", "deskbell.db-wal"].map(|name| desk.folder().join(name));
        for file in files.iter().filter(|file| file.exists()) {
            for word in [WORD, ADDRESS] {
                assert!(!holds(file, word), "{rules}: {} holds {word}", file.display());
            }
        }
        assert!(files.iter().any(|file| holds(file, "tracker, tool make")), "the kind of failure is told");
        drop(loud);
    }
}
