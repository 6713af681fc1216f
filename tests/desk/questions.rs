//! A server that asks in the middle of a call: the question reaches whoever approved, and their answer goes back. And a call that
//! takes long: how far it is shows on the card, and it can be cancelled there.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::trust::{scripted, stranger};
use super::{Desk, Message, PATIENCE, Wish};

const PAID_TWICE: &str = "A payment failed with error 402, the customer is waiting";
/// What the server says, which belongs into no log and no trail.
const WORDS: &str = "Which <!channel> component of Zanzibar is it?";

struct Tracker {
    desk: Desk,
    folder: tempfile::TempDir,
}

/// What the server asks.
fn form() -> Value {
    json!({
        "mode": "form", "message": WORDS,
        "requestedSchema": {
            "type": "object", "required": ["component", "seats"],
            "properties": {
                "component": { "type": "string", "title": "Component", "description": "As the tracker has it", "minLength": 2 },
                "seats": { "type": "integer", "maximum": 9, "default": 3 },
                "bad": { "type": "string", "oneOf": [{ "const": "lo", "title": "Low" }, { "const": "hi", "title": "High" }] },
            },
        },
    })
}

fn asking(wanted: &Value) -> Value {
    json!({ "asks": wanted, "then": { "key": "T-1" } })
}

impl Tracker {
    /// A desk whose issues are made by a tracker that does what `answer` says.
    async fn open(answer: Value, era: &str, wish: Wish) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("script.json");
        let tools = json!([{ "name": "make", "inputSchema": { "type": "object" } }]);
        scripted::write(&path, &json!({ "tools": tools, "answers": { "make": answer }, "era": era }));
        let wish = Wish { config: stranger("tracker", &path).replace("\"3s\"", "\"30s\""), ..wish };
        let wish =
            wish.config_with("server = \"jira\"\ntool = \"create_issue\"", "server = \"tracker\"\ntool = \"make\"");
        Self { desk: Desk::open(wish).await, folder }
    }

    fn becomes(&self, script: &Value) {
        scripted::write(&self.script(), script);
    }

    fn script(&self) -> PathBuf {
        self.folder.path().join("script.json")
    }

    /// A request that Ben confirmed.
    async fn confirmed(&self) -> Message {
        let card = self.desk.asks("U0GRACE", PAID_TWICE).await;
        assert_eq!(self.desk.presses("U0BEN", &card, "confirm").await["ok"], true);
        card
    }

    /// The question, in Ben's own conversation.
    async fn question(&self) -> Message {
        self.desk.until_posted("the question", "D0BEN", |message| message.says("asks before it goes on")).await
    }

    async fn done(&self, card: &Message) -> Message {
        self.desk.until_message("the card with the issue", card, |message| message.says("T-1")).await
    }

    /// What the server was answered, once it was.
    async fn answered(&self) -> Value {
        self.until_heard("an answer", |heard| heard["answered"].is_object()).await["answered"].clone()
    }

    async fn until_heard(&self, what: &str, is_it: impl Fn(&Value) -> bool) -> Value {
        let started = Instant::now();
        loop {
            if let Some(found) = scripted::heard(&self.script()).into_iter().find(|heard| is_it(heard)) {
                return found;
            }
            assert!(started.elapsed() < PATIENCE, "the server never heard {what}\n{}", self.desk.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    async fn trail(&self) -> String {
        let (ok, trail) = self.desk.runs(&["audit", "show"]).await;
        assert!(ok, "{trail}");
        trail
    }
}

/// The modal of a person once it says this.
async fn modal(desk: &Desk, user: &str, words: &str) -> Value {
    desk.until(&format!("a modal that says `{words}`"), |state| {
        state.view(user).filter(|view| view["blocks"].to_string().contains(words))
    })
    .await
}

async fn submit(desk: &Desk, user: &str, view: &Value, component: &str, seats: &str) {
    // The places that the names have in order: bad, component, seats.
    let values = json!({
        "field_0": { "field_0": { "type": "static_select", "selected_option": { "value": "1", "text": { "type": "plain_text", "text": "High" } } } },
        "field_1": { "field_1": { "type": "plain_text_input", "value": component } },
        "field_2": { "field_2": { "type": "number_input", "value": seats } },
    });
    let body = json!({ "user": user, "view_id": view["id"], "state": { "values": values } });
    let submitted = desk.act("view_submit", body).await;
    assert_eq!(submitted["response_action"], "update", "{submitted}");
}

async fn answers(desk: &Desk, user: &str, question: &Message, component: &str, seats: &str) {
    assert_eq!(desk.presses(user, question, "question_answer").await["ok"], true);
    let view = modal(desk, user, "As the tracker has it").await;
    submit(desk, user, &view, component, seats).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_by_whoever_approved_and_their_answer_goes_back() {
    let tracker = Tracker::open(asking(&form()), "", Wish::default()).await;
    let desk = &tracker.desk;
    let card = tracker.confirmed().await;
    let question = tracker.question().await;
    for words in ["*tracker*", "make", &card.number(), "Creating the issue", "Component", "question_decline"] {
        assert!(question.says(words), "{words}: {}", question.all_text());
    }
    // The server's words are shown as text that calls nobody.
    assert!(question.body["blocks"].to_string().contains("\"text\":\"Which <!channel> component"));
    assert!(!question.body["text"].as_str().unwrap().contains("Zanzibar"), "{question:?}");

    answers(desk, "U0BEN", &question, "a", "99").await;
    let again = modal(desk, "U0BEN", "9 or less").await;
    let blocks = again["blocks"].to_string();
    assert!(blocks.contains("at least 2") && blocks.contains("\"initial_value\":\"99\""), "{blocks}");
    assert!(scripted::heard(&tracker.script()).len() == 1, "what does not fit goes nowhere");
    submit(desk, "U0BEN", &again, "api", "7").await;
    modal(desk, "U0BEN", "Your answer goes to tracker").await;
    let expected = json!({ "action": "accept", "content": { "component": "api", "seats": 7, "bad": "hi" } });
    assert_eq!(tracker.answered().await, expected);
    tracker.done(&card).await;
    let settled = desk.until_message("who answered", &question, |message| message.says("Answered by <@U0BEN>")).await;
    assert!(!settled.has_button("question_answer") && !settled.has_button("call_cancel"));

    desk.settled().await;
    let trail = tracker.trail().await;
    for kind in ["question_asked", "question_settled", "\"accepted\""] {
        assert!(trail.contains(kind), "{kind}: {trail}");
    }
    let store = std::fs::read(desk.folder().join("deskbell.db")).unwrap();
    for words in ["Zanzibar", "\"seats\""] {
        assert!(!trail.contains(words) && !desk.log().contains(words), "{words}");
        assert!(!store.windows(words.len()).any(|found| found == words.as_bytes()), "{words} lies open in the store");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_of_the_newest_era_asks_in_its_answer_and_is_called_again() {
    let tracker = Tracker::open(asking(&form()), "2026-07-28", Wish::default()).await;
    let card = tracker.confirmed().await;
    let question = tracker.question().await;
    answers(&tracker.desk, "U0BEN", &question, "api", "7").await;
    tracker.done(&card).await;
    let calls = scripted::calls(&tracker.script());
    assert_eq!(calls.len(), 2, "{calls:?}");
    assert!(calls[0]["can_be_asked"]["form"].is_object() && calls[0]["can_be_asked"]["url"].is_object(), "{calls:?}");
    assert_eq!(calls[1]["state"], "as-it-was");
    assert_eq!(calls[1]["answered"]["content"]["component"], "api");
    assert_eq!(calls[0]["arguments"], calls[1]["arguments"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_may_be_declined_and_a_page_be_agreed_to() {
    let tracker = Tracker::open(asking(&form()), "", Wish::default()).await;
    let card = tracker.confirmed().await;
    let question = tracker.question().await;
    tracker.desk.presses("U0BEN", &question, "question_decline").await;
    assert_eq!(tracker.answered().await, json!({ "action": "decline" }));
    tracker.done(&card).await;
    tracker.desk.until_message("who declined", &question, |message| message.says("Declined by <@U0BEN>")).await;

    let page = json!({ "mode": "url", "message": "Allow it.", "url": "https://аpple.example/allow?id=7", "elicitationId": "7" });
    let tracker = Tracker::open(asking(&page), "", Wish::default()).await;
    let card = tracker.confirmed().await;
    let question = tracker.question().await;
    // A letter that only looks like an `a` shows.
    assert!(question.says("*xn--pple-43d.example*"), "{}", question.all_text());
    tracker.desk.presses("U0BEN", &question, "question_accept").await;
    assert_eq!(tracker.answered().await["action"], "accept");
    tracker.done(&card).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn where_a_rule_approved_those_who_may_confirm_are_asked_and_the_first_answer_counts() {
    let tracker = Tracker::open(asking(&form()), "", Wish::default()).await;
    let desk = &tracker.desk;
    for who in ["U0ANNA", "U0DEV", "U0BEN"] {
        desk.act("join", json!({ "user": who, "channel": "C0PLATFORM" })).await;
    }
    let card = desk.asks("U0GRACE", "production down: the API endpoint answers 500").await;
    let question =
        desk.until_posted("the question", "C0PLATFORM", |message| message.has_button("question_answer")).await;
    assert!(question.says("<@U0DEV>"), "{}", question.all_text());

    desk.presses("U0BEN", &question, "question_answer").await;
    modal(desk, "U0BEN", "You may not answer for this action").await;
    desk.presses("U0BEN", &question, "question_decline").await;
    desk.until_told("U0BEN", "C0PLATFORM", "You may not answer for this action").await;
    desk.presses("U0BEN", &question, "call_cancel").await;
    for who in ["U0DEV", "U0ANNA"] {
        desk.presses(who, &question, "question_answer").await;
    }
    let (first, second) = (modal(desk, "U0ANNA", "As the tracker").await, modal(desk, "U0DEV", "As the tracker").await);
    submit(desk, "U0ANNA", &first, "api", "1").await;
    modal(desk, "U0ANNA", "Your answer goes to").await;
    submit(desk, "U0DEV", &second, "web", "2").await;
    modal(desk, "U0DEV", "settled already").await;
    assert_eq!(tracker.answered().await["content"]["component"], "api");
    tracker.done(&card).await;
    let heard = scripted::heard(&tracker.script());
    assert_eq!(heard.len(), 2, "one call, one answer: {heard:?}");
    assert!(tracker.trail().await.lines().any(|entry| entry.contains("\"refused\"") && entry.contains("U0BEN")));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_nobody_answers_is_cancelled_and_its_message_says_so() {
    let wish = Wish::default().config_with("lease = \"5s\"", "lease = \"5s\"\nquestion_timeout = \"2s\"");
    let tracker = Tracker::open(asking(&form()), "", wish).await;
    let card = tracker.confirmed().await;
    let question = tracker.question().await;
    assert_eq!(tracker.answered().await, json!({ "action": "cancel" }));
    tracker.done(&card).await;
    let lapsed =
        tracker.desk.until_message("its end", &question, |message| message.says("Nobody answered in time")).await;
    assert!(!lapsed.has_button("question_answer"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_form_that_asks_for_a_secret_reaches_nobody() {
    let schema = json!({ "type": "object", "properties": { "it": { "type": "string", "title": "Your password" } } });
    let asks = json!({ "mode": "form", "message": "m", "requestedSchema": schema });
    let tracker = Tracker::open(asking(&asks), "", Wish::default()).await;
    let card = tracker.confirmed().await;
    assert_eq!(tracker.answered().await, json!({ "action": "decline" }));
    tracker.done(&card).await;
    tracker.desk.settled().await;
    assert!(!tracker.trail().await.contains("question_asked"));
}

#[tokio::test(flavor = "multi_thread")]
async fn after_a_crash_nobody_waits_for_an_answer_and_the_action_is_looked_for() {
    let mut tracker = Tracker::open(asking(&form()), "", Wish::default()).await;
    tracker.confirmed().await;
    let question = tracker.question().await;
    tracker.desk.kill();
    tracker.desk.start().await;
    let desk = &tracker.desk;
    let over = desk.until_message("its end", &question, |message| message.says("no longer waits")).await;
    assert!(!over.has_button("question_answer"));
    desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
    desk.until_posted("the ops alert", "C0OPS", |message| message.has_button("ops_retry")).await;
    assert_eq!(scripted::calls(&tracker.script()).len(), 1, "it is not called again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_long_call_shows_how_far_it_is_and_is_cancelled_on_the_card() {
    let steps = json!({ "progress": [[1, 10, "begun"], [3, 10, "copying <!here>"]] });
    let tracker = Tracker::open(steps, "", Wish::default()).await;
    let desk = &tracker.desk;
    let card = tracker.confirmed().await;
    let long =
        desk.until_message("its progress", &card, |message| message.says("3 of 10 · copying &lt;!here&gt;")).await;
    assert!(long.has_button("call_cancel") && long.says("Creating the issue with tracker"), "{}", long.all_text());

    desk.presses("U0DEV", &long, "call_cancel").await;
    desk.until_told("U0DEV", "C0SUPPORT", "You may not").await;
    desk.presses("U0BEN", &long, "call_cancel").await;
    tracker.until_heard("the cancellation", |heard| !heard["cancelled"].is_null()).await;
    desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
    desk.until_posted("the ops alert", "C0OPS", |message| message.has_button("ops_retry")).await;
    let over = desk.until_message("the card without it", &card, |message| !message.has_button("call_cancel")).await;
    assert!(!over.says("3 of 10"), "{}", over.all_text());
    desk.settled().await;
    assert!(tracker.trail().await.contains("call_cancelled"));
    assert_eq!(scripted::calls(&tracker.script()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_undone_decision_ends_the_call_that_asks_and_no_answer_lets_it_go_on() {
    let wish = Wish::default()
        .policy_with("actions = [\"create_issue\"]", "actions = [\"create_issue\", \"set_priority\"]")
        .policy_with("normal = \"p3\"", "normal = \"p1\"");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("script.json");
    let tools = json!([{ "name": "make", "inputSchema": { "type": "object" } }]);
    scripted::write(&path, &json!({ "tools": tools, "answers": { "make": asking(&form()) }, "era": "" }));
    let bound = "\n[actions.set_priority]\nserver = \"tracker\"\ntool = \"make\"\n\
                 arguments = { key = \"=external.key\", priority = \"=action.priority\" }\n";
    let actions = format!("{}{bound}", wish.actions.replace("priority = \"=action.priority\", ", ""));
    let config = stranger("tracker", &path).replace("\"3s\"", "\"30s\"");
    let tracker = Tracker { desk: Desk::open(Wish { actions, config, ..wish }).await, folder };
    let desk = &tracker.desk;
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    assert_eq!(desk.presses("U0BEN", &card, "confirm").await["ok"], true);
    let question = tracker.question().await;
    let card = desk.until_message("the issue", &card, |card| card.says("PAY-1") && card.has_button("undo")).await;
    desk.presses("U0BEN", &question, "question_answer").await;
    let view = modal(desk, "U0BEN", "As the tracker has it").await;

    assert_eq!(desk.presses("U0CARLA", &card, "undo").await["ok"], true);
    tracker.until_heard("the cancellation", |heard| !heard["cancelled"].is_null()).await;
    let over = desk.until_message("its end", &question, |message| message.says("no longer waits")).await;
    assert!(!over.has_button("question_answer") && !over.has_button("question_decline"));
    submit(desk, "U0BEN", &view, "api", "7").await;
    modal(desk, "U0BEN", "settled already").await;
    let calls = scripted::heard(&tracker.script());
    assert!(!calls.iter().any(|heard| heard["answered"]["action"] == "accept"), "{calls:?}");
}

/// The form was open when the wait for an answer ended.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_comes_too_late_goes_nowhere_and_its_person_is_told() {
    let wish = Wish::default().config_with("lease = \"5s\"", "lease = \"5s\"\nquestion_timeout = \"4s\"");
    let tracker = Tracker::open(asking(&form()), "", wish).await;
    let desk = &tracker.desk;
    let card = tracker.confirmed().await;
    let question = tracker.question().await;
    desk.presses("U0BEN", &question, "question_answer").await;
    let view = modal(desk, "U0BEN", "As the tracker has it").await;
    desk.until_message("its end", &question, |message| message.says("Nobody answered in time")).await;
    submit(desk, "U0BEN", &view, "api", "7").await;
    modal(desk, "U0BEN", "settled already").await;
    tracker.done(&card).await;
    let answers: Vec<Value> =
        scripted::heard(&tracker.script()).into_iter().filter(|heard| heard["answered"].is_object()).collect();
    assert_eq!(answers, [json!({ "answered": { "action": "cancel" } })]);
}

/// The server ended while a person was writing.
#[tokio::test(flavor = "multi_thread")]
async fn an_answer_whose_call_is_gone_goes_nowhere_and_the_action_ends_with_a_person() {
    let tracker = Tracker::open(asking(&form()), "", Wish::default()).await;
    let desk = &tracker.desk;
    tracker.confirmed().await;
    let question = tracker.question().await;
    desk.presses("U0BEN", &question, "question_answer").await;
    let view = modal(desk, "U0BEN", "As the tracker has it").await;
    let tools = json!([{ "name": "make", "inputSchema": { "type": "object" } }]);
    tracker.becomes(&json!({ "ends": true, "tools": tools, "answers": { "make": asking(&form()) } }));
    let over = desk.until_message("its end", &question, |message| message.says("no longer waits")).await;
    assert!(!over.has_button("question_answer"), "{}", over.all_text());
    submit(desk, "U0BEN", &view, "api", "7").await;
    modal(desk, "U0BEN", "settled already").await;
    desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
    let alert = desk.until_posted("the ops alert", "C0OPS", |message| message.has_button("ops_retry")).await;
    assert!(alert.says("may or may not have happened"), "{}", alert.all_text());
    let heard = scripted::heard(&tracker.script());
    assert_eq!(heard.len(), 1, "one call and no answer: {heard:?}");
}

/// It tells how far it is and then falls silent: the call ends, the server is told, and nobody calls again.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_falls_silent_is_ended_and_its_action_ends_with_a_person() {
    let steps = json!({ "progress": [[1, 10, "begun"]] });
    let tracker = Tracker::open(steps, "", Wish::default().config_with("\"30s\"", "\"2s\"")).await;
    let desk = &tracker.desk;
    tracker.confirmed().await;
    tracker.until_heard("that nobody waits", |heard| !heard["cancelled"].is_null()).await;
    desk.act("join", json!({ "user": "U0ANNA", "channel": "C0OPS" })).await;
    let alert = desk.until_posted("the ops alert", "C0OPS", |message| message.has_button("ops_retry")).await;
    assert!(alert.says("may or may not have happened"), "{}", alert.all_text());
    assert_eq!(scripted::calls(&tracker.script()).len(), 1);
}

/// A server that answers nothing any more is ended and started again, and does its work then.
#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_is_ended_and_the_next_one_works() {
    let wish = Wish::default().config_with("\"30s\"", "\"1s\"");
    let tracker = Tracker::open(json!({ "key": "T-1" }), "", wish).await;
    let tools = json!([{ "name": "make", "inputSchema": { "type": "object" } }]);
    let script = json!({ "tools": tools, "answers": { "make": { "key": "T-1" } } });
    let mut deaf = script.clone();
    deaf["deaf"] = json!(true);
    tracker.becomes(&deaf);
    tracker.desk.until_log("the server hung and was ended").await;
    tracker.becomes(&script);
    let card = tracker.confirmed().await;
    tracker.done(&card).await;
}
