//! Bindings of a tracker that nobody here has heard of: what fits, what its words mean, what a lost answer comes to.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::trust::{scripted, stranger};
use super::{Desk, Message, Wish};

const FIRST: &str = "A payment failed with error 402, the customer is waiting";
/// How the issue that may have been made is looked for.
pub const LOOK: &str = "
[actions.create_issue.reconcile]
tool = \"find_by_idempotency_key\"
arguments = { idempotency_key = \"=idempotency_key\" }
result = { key = \"/found/key\", url = \"/found/url\" }
lag = \"3s\"
";

struct Tracker {
    desk: Desk,
    folder: tempfile::TempDir,
}

/// A script with the tool `make`, which takes these properties.
fn script(properties: &Value, required: &Value, answer: &Value) -> Value {
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    json!({ "tools": [{ "name": "make", "inputSchema": schema }], "answers": { "make": answer } })
}

fn anything(answer: &Value) -> Value {
    json!({ "tools": [{ "name": "make", "inputSchema": { "type": "object" } }], "answers": { "make": answer } })
}

impl Tracker {
    /// A desk with the tracker; `more` is the rest of `[actions.create_issue]`.
    async fn open(script: &Value, more: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.json");
        scripted::write(&path, script);
        let tool = format!("server = \"tracker\"\ntool = \"make\"\n{more}");
        let wish = Wish { config: stranger("tracker", &path), ..Wish::default() }
            .config_with(LOOK, "")
            .config_with("server = \"jira\"\ntool = \"create_issue\"", &tool);
        Self { desk: Desk::open(wish).await, folder }
    }

    fn script(&self) -> PathBuf {
        self.folder.path().join("script.json")
    }

    fn becomes(&self, script: &Value) {
        scripted::write(&self.script(), script);
    }

    /// Keys of the calls so far.
    fn keys(&self) -> Vec<String> {
        let key = |call: &Value| call["arguments"]["idempotency_key"].as_str().unwrap().to_owned();
        scripted::calls(&self.script()).iter().map(key).collect()
    }

    async fn confirmed(&self) -> Message {
        let card = self.desk.asks("U0GRACE", FIRST).await;
        assert_eq!(self.desk.presses("U0BEN", &card, "confirm").await["ok"], true);
        card
    }

    async fn done(&self, card: &Message) {
        self.desk.until_message("the card with the issue", card, |message| message.says("T-1")).await;
    }

    /// The question in #ops about what is parked.
    async fn alert(&self) -> Message {
        self.desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
        self.desk.until_posted("the parked action", "C0OPS", |message| message.has_button("ops_retry")).await
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_binding_that_does_not_fit_waits_and_says_why() {
    let all = json!({
        "project_key": { "type": "string" }, "issue_type": {}, "summary": {}, "description": {}, "priority": {}, "labels": {},
        "idempotency_key": {}, "team": {},
    });
    let made = json!({ "key": "T-1" });
    let tracker = Tracker::open(&script(&all, &json!(["team"]), &made), "").await;
    let desk = &tracker.desk;
    desk.until_log("a binding can't be used").await;
    let card = tracker.confirmed().await;
    desk.until_log("does not fit the server as it is now: `make` needs the argument `team`").await;
    assert!(tracker.keys().is_empty(), "nothing is sent");
    desk.types("U0ANNA", "C0SUPPORT", "/triage", "servers").await;
    let seen = desk.until_told("U0ANNA", "C0SUPPORT", "MCP servers").await;
    assert!(seen.says("create_issue can't be used: `make` needs the argument `team`"), "{}", seen.all_text());
    let (_, listed) = desk.runs(&["mcp", "list"]).await;
    assert!(listed.contains("[actions.create_issue] can't be used: `make` needs the argument `team`"), "{listed}");

    tracker.becomes(&script(&all, &json!([]), &made));
    tracker.done(&card).await;
    desk.until_log("the binding can be used again").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_words_mean_what_the_configuration_says() {
    let rules = "errors = [{ match = \"(?i)slow down\", kind = \"transient\", retry_after = 'text:after (\\d+) s' }, \
                 { match = \"no such project\", kind = \"permanent\" }]";
    let tracker = Tracker::open(&anything(&json!({ "error": "Slow down, again after 0 s" })), rules).await;
    let card = tracker.confirmed().await;
    tracker.desk.until_log("tracker, tool make: the server can't do it now").await;
    tracker.becomes(&anything(&json!({ "key": "T-1" })));
    tracker.done(&card).await;
    let keys = tracker.keys();
    assert!(keys.len() > 1 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");

    let tracker = Tracker::open(&anything(&json!({ "error": "There is no such project" })), rules).await;
    tracker.confirmed().await;
    let alert = tracker.alert().await;
    assert!(alert.says("failed") && !alert.says("may or may not"), "{}", alert.all_text());
    assert_eq!(tracker.keys().len(), 1);
}

/// "Something went wrong" may be said of an issue that was made: only a person can tell.
#[tokio::test(flavor = "multi_thread")]
async fn a_strangers_failure_that_nothing_explains_may_have_happened() {
    let tracker = Tracker::open(&anything(&json!({ "error": "Something went wrong" })), "").await;
    tracker.confirmed().await;
    let alert = tracker.alert().await;
    assert!(alert.says("may or may not have happened"), "{}", alert.all_text());
    assert_eq!(tracker.keys().len(), 1, "it is never repeated by itself");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_does_a_thing_once_per_key_is_called_again_after_a_lost_answer() {
    let tracker = Tracker::open(&anything(&json!("exit")), "reconcile = \"native\"").await;
    let card = tracker.confirmed().await;
    tracker.desk.until_log("the same call will tell").await;
    tracker.becomes(&anything(&json!({ "key": "T-1" })));
    tracker.done(&card).await;
    let keys = tracker.keys();
    assert!(keys.len() > 1 && keys.iter().all(|key| *key == keys[0]), "{keys:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_the_server_has_forgotten_repeats_nothing() {
    let tracker = Tracker::open(&anything(&json!("exit")), "reconcile = \"native for 1ms\"").await;
    tracker.confirmed().await;
    let alert = tracker.alert().await;
    assert!(alert.says("may or may not have happened"), "{}", alert.all_text());
    assert_eq!(tracker.keys().len(), 1);
}

/// What it made may exist, so it is not made again.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_is_too_large_ends_with_a_person() {
    let tracker = Tracker::open(&anything(&json!({ "text_bytes": 1_200_000 })), "").await;
    tracker.confirmed().await;
    let alert = tracker.alert().await;
    assert!(alert.says("may or may not have happened"), "{}", alert.all_text());
    tracker.desk.until_log("exceeds response_limit").await;
    tracker.desk.settled().await;
    assert_eq!((tracker.keys().len(), tracker.desk.tickets()[0].status.as_str()), (1, "parked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_with_a_bad_schema_is_not_called_and_its_action_waits() {
    let bad = json!({ "tools": [{ "name": "make", "inputSchema": "anything" }], "answers": {} });
    let tracker = Tracker::open(&bad, "").await;
    let desk = &tracker.desk;
    let card = tracker.confirmed().await;
    desk.types("U0ANNA", "C0SUPPORT", "/triage", "servers").await;
    let seen = desk.until_told("U0ANNA", "C0SUPPORT", "MCP servers").await;
    assert!(seen.says("make") && seen.says("can't be used"), "{}", seen.all_text());
    assert!(tracker.keys().is_empty(), "nothing is sent");

    tracker.becomes(&anything(&json!({ "key": "T-1" })));
    tracker.done(&card).await;
    assert_eq!(tracker.keys().len(), 1);
}
