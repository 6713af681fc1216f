//! Answers from the knowledge: who reads them, what people make of them, and the bot that answers where a rule lets it. A
//! scripted server stands in for the knowledge server, so that what it is asked shows.

use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Value, json};

use super::trust::{scripted, stranger};
use super::{Desk, Message, PATIENCE, State, Wish};

pub const QUESTION: &str = "How long does a refund take?";
pub const ANSWER: &str = "A refund reaches the card within five business days.";

/// A desk with a scripted knowledge server.
pub struct Library {
    pub desk: Desk,
    folder: tempfile::TempDir,
}

fn passage(confidence: f64) -> Value {
    json!({
        "id": "refunds.md#how-long", "document": "refunds.md", "source": "folder", "title": "Refunds",
        "heading_path": ["Refunds", "How long does it take?"], "url": "https://help.example/refunds#how-long",
        "version": "7f3a", "updated_at": null, "snippet": ANSWER, "text": ANSWER, "confidence": confidence,
        "visibility": "public",
    })
}

pub fn script(found: &Value) -> Value {
    let tool = |name: &str, reads: bool| json!({ "name": name, "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": reads } });
    json!({
        "tools": [
            tool("search_knowledge", true), tool("list_gaps", true), tool("record_feedback", false),
            tool("create_draft", false), tool("put_document", false), tool("remove_document", false),
            tool("unlock", false),
        ],
        "answers": {
            "search_knowledge": found,
            "list_gaps": { "gaps": [{ "question": "Where is the visitor wifi password?", "asked": 7, "answered_badly": 5 }] },
            "record_feedback": { "recorded": true },
            "unlock": { "unlocked": true },
            "create_draft": { "draft": { "slug": "where-is-the-visitor-wifi" }, "created": true },
        },
    })
}

pub fn sure() -> Value {
    script(&json!({ "passages": [passage(0.91)], "next_page_token": null }))
}

pub fn thin() -> Value {
    script(&json!({ "passages": [passage(0.2)], "next_page_token": null }))
}

/// Lets the bot answer what is about payments.
pub fn answering(wait: &str, on_silence: &str) -> Wish {
    let section = format!(
        "[answering]\nwait = \"{wait}\"\nsearch_within = \"5s\"\nask_back = false\non_silence = \"{on_silence}\"\n\n[confirmation]"
    );
    let wish = Wish::default().policy_with("[confirmation]", &section);
    wish.policy_with(
        "when = 'assessment.category == \"payments\"'\nsquad = \"payments\"",
        "when = 'assessment.category == \"payments\"'\nsquad = \"payments\"\nmode = \"auto\"\nanswer = true",
    )
}

impl Library {
    pub async fn open(said: &Value, wish: Wish) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("kb.json");
        scripted::write(&path, said);
        let config = format!("{}bindings = \"knowledge\"\n{}", stranger("kb", &path), wish.config);
        let wish = Wish { config, ..wish }
            .config_with("[knowledge]\nfolder = \"knowledge\"\nbase_url = \"https://help.example/\"\n", "");
        let desk = Desk::open(wish).await;
        desk.until_log("MCP server is ready server=\"kb\"").await;
        Self { desk, folder }
    }

    fn script(&self) -> PathBuf {
        self.folder.path().join("kb.json")
    }

    pub fn says(&self, script: &Value) {
        scripted::write(&self.script(), script);
    }

    /// The calls of a tool so far.
    pub fn calls(&self, tool: &str) -> Vec<Value> {
        let calls = scripted::calls(&self.script()).into_iter();
        calls.filter(|call| call["name"] == tool).map(|call| call["arguments"].clone()).collect()
    }

    pub async fn until_called(&self, tool: &str) -> Value {
        let started = Instant::now();
        loop {
            if let Some(call) = self.calls(tool).pop() {
                return call;
            }
            assert!(started.elapsed() < PATIENCE, "{tool} was never called\n{}", self.desk.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// The answer in the thread of a message.
    pub async fn answer_under(&self, channel: &str, ts: &str) -> Message {
        let is_it = |message: &Message| message.thread() == Some(ts) && message.says(ANSWER) && !message.is_card();
        self.desk.until_posted("the answer", channel, is_it).await
    }

    async fn metric(&self, line: &str) -> bool {
        let page = self.desk.http.get(format!("{}/metrics", self.desk.admin_url())).send().await.unwrap();
        page.text().await.unwrap().contains(line)
    }
}

fn readers(call: &Value) -> Vec<&str> {
    call["readers"].as_array().unwrap().iter().map(|reader| reader["email"].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_is_named_to_the_knowledge_and_what_they_make_of_it_goes_back() {
    let library = Library::open(&sure(), Wish::default()).await;
    let desk = &library.desk;
    desk.types("U0GRACE", "C0SUPPORT", "/kb", QUESTION).await;
    let answer = desk.until_told("U0GRACE", "C0SUPPORT", ANSWER).await;
    for words in ["Refunds › How long does it take?", "https://help.example/refunds#how-long", "version 7f3a", "[1]"]
    {
        assert!(answer.says(words), "{words}: {}", answer.all_text());
    }
    let asked = library.until_called("search_knowledge").await;
    assert_eq!((asked["query"].as_str(), readers(&asked)), (Some(QUESTION), vec!["grace@northwind.example"]));

    desk.presses("U0GRACE", &answer, "answer_solved").await;
    let told = library.until_called("record_feedback").await;
    assert_eq!((told["outcome"].as_str(), &told["passages"]), (Some("solved"), &json!(["refunds.md#how-long"])));
    assert!(told["query"] == QUESTION && told["idempotency_key"].is_string(), "{told}");
    let ended = desk.until_message("the outcome", &answer, |message| message.says("Solved, says <@U0GRACE>")).await;
    assert!(!ended.has_button("answer_solved"), "{}", ended.all_text());
    desk.settled().await;
    assert_eq!((library.calls("record_feedback").len(), desk.tickets()), (1, Vec::new()));
    assert!(library.metric("deskbell_answer_outcomes_total{outcome=\"solved\"} 1").await);
    let (_, trail) = desk.runs(&["audit", "show"]).await;
    assert!(trail.contains("answer_settled") && trail.contains("record_feedback"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn thin_evidence_is_no_answer_and_a_person_hears_what_was_asked() {
    let library = Library::open(&thin(), Wish::default()).await;
    let desk = &library.desk;
    desk.types("U0GRACE", "C0SUPPORT", "/kb", QUESTION).await;
    let answer = desk.until_told("U0GRACE", "C0SUPPORT", "I don't know").await;
    assert!(answer.says("What comes near") && !answer.says("[1]"), "it is shown, not said: {}", answer.all_text());
    desk.presses("U0GRACE", &answer, "answer_ask_person").await;
    let card = desk.until_posted("the card", "C0SUPPORT", Message::is_card).await;
    assert!(card.says(QUESTION), "{}", card.all_text());
    let told = library.until_called("record_feedback").await;
    assert_eq!(told["outcome"], "asked_person");
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_tried_comes_along_when_a_person_is_asked() {
    let library = Library::open(&sure(), Wish::default()).await;
    let desk = &library.desk;
    desk.types("U0GRACE", "C0SUPPORT", "/kb", QUESTION).await;
    let answer = desk.until_told("U0GRACE", "C0SUPPORT", ANSWER).await;
    desk.presses("U0GRACE", &answer, "answer_ask_person").await;
    let card = desk.until_posted("the card", "C0SUPPORT", Message::is_card).await;
    assert!(card.says("Answered from") && card.says("the requester asked for a person"), "{}", card.all_text());
    desk.confirms("U0BEN", &card).await;
    let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
    assert!(alert.says("the requester asked for a person"), "{}", alert.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_in_a_direct_message_is_answered_there_and_trouble_is_a_ticket() {
    let library = Library::open(&sure(), Wish::default()).await;
    let desk = &library.desk;
    desk.says("U0GRACE", "D0GRACE", QUESTION).await;
    let answer = desk.until_posted("the answer", "D0GRACE", |message| message.says(ANSWER)).await;
    assert!(answer.has_button("answer_solved") && !answer.only_for("U0GRACE"), "{}", answer.all_text());
    assert_eq!(readers(&library.until_called("search_knowledge").await), ["grace@northwind.example"]);
    desk.settled().await;
    assert_eq!(desk.tickets(), Vec::new());

    desk.says("U0BEN", "D0BEN", "The payment failed with error 402").await;
    desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    library.says(&thin());
    desk.says("U0DEV", "D0DEV", "Where do I find the API limits?").await;
    let is_it = |message: &Message| message.is_card() && message.says("API limits");
    desk.until_posted("what nobody knows is a ticket", "C0TRIAGE", is_it).await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 2);
}

/// #leadership has the bot in it.
fn with_leaders() -> Wish {
    let mut wish = Wish::default();
    let leaders = wish.sandbox.workspace.channels.iter_mut().find(|channel| channel.id == "C0LEADERS").unwrap();
    leaders.members.push("U0DESKBELL".to_owned());
    wish
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_in_a_thread_is_made_of_what_everybody_there_may_read() {
    let library = Library::open(&sure(), with_leaders()).await;
    let desk = &library.desk;
    let ask = format!("<@U0DESKBELL> kb {QUESTION}");
    // Whoever is not in a public channel may look in all the same; a shared one is read by strangers.
    for (user, channel) in [("U0GRACE", "C0SUPPORT"), ("U0ANNA", "C0ACME")] {
        let ts = desk.says(user, channel, &ask).await;
        library.answer_under(channel, &ts).await;
        let asked = library.calls("search_knowledge").pop().unwrap();
        assert_eq!((asked["query"].as_str(), readers(&asked)), (Some(QUESTION), Vec::new()), "{channel}");
    }
    let ts = desk.says("U0GRACE", "C0LEADERS", &ask).await;
    let answer = library.answer_under("C0LEADERS", &ts).await;
    let asked = library.calls("search_knowledge").pop().unwrap();
    let mut all = readers(&asked);
    all.sort_unstable();
    assert_eq!(all, ["carla@northwind.example", "grace@northwind.example"]);
    // Only who asked says what it is worth.
    desk.presses("U0CARLA", &answer, "answer_solved").await;
    desk.until_told("U0CARLA", "C0LEADERS", "Only who asked").await;
    desk.presses("U0GRACE", &answer, "answer_not_helpful").await;
    assert_eq!(library.until_called("record_feedback").await["outcome"], "not_helpful");
    desk.settled().await;
    assert_eq!(desk.tickets(), Vec::new(), "a question to the knowledge is no ticket");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_address_of_somebody_of_another_organisation_opens_nothing_though_they_are_no_stranger_to_slack() {
    let mut wish = with_leaders();
    // Slack does not say yet that the conversation is shared.
    let leaders = wish.sandbox.workspace.channels.iter_mut().find(|channel| channel.id == "C0LEADERS").unwrap();
    leaders.members.push("U0HUGO".to_owned());
    let library = Library::open(&sure(), wish).await;
    let desk = &library.desk;
    let url = format!("{}/api/users.info?user=U0HUGO", desk.sandbox.base_url());
    let said = desk
        .http
        .get(url)
        .bearer_auth(&Wish::default().sandbox.bot_token)
        .send()
        .await
        .unwrap()
        .json::<Value>()
        .await
        .unwrap();
    assert_eq!(
        (&said["user"]["is_stranger"], &said["user"]["profile"]["email"]),
        (&json!(false), &json!("hugo@acme.example"))
    );
    let ts = desk.says("U0GRACE", "C0LEADERS", &format!("<@U0DESKBELL> kb {QUESTION}")).await;
    library.answer_under("C0LEADERS", &ts).await;
    assert_eq!(readers(&library.until_called("search_knowledge").await), Vec::<&str>::new());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_whom_slack_does_not_name_reads_what_is_not_everybodys() {
    let library = Library::open(&sure(), with_leaders()).await;
    let desk = &library.desk;
    desk.fault(json!({ "target": "slack:users.info", "kind": "status", "status": 503 })).await;
    desk.types("U0GRACE", "C0SUPPORT", "/kb", QUESTION).await;
    desk.until_told("U0GRACE", "C0SUPPORT", ANSWER).await;
    let ts = desk.says("U0GRACE", "C0LEADERS", &format!("<@U0DESKBELL> kb {QUESTION}")).await;
    library.answer_under("C0LEADERS", &ts).await;
    assert!(library.calls("search_knowledge").iter().all(|asked| readers(asked).is_empty()));
    assert!(!desk.log().contains("grace@northwind.example"), "the log names nobody");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_answers_where_a_rule_lets_it_and_only_who_asked_closes_it() {
    let library = Library::open(&sure(), answering("1h", "hand_over")).await;
    let desk = &library.desk;
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of a payment take?").await;
    let answer = library.answer_under("C0SUPPORT", &ts).await;
    let card = desk.card_under("C0SUPPORT", &ts).await;
    let waiting = desk.until_message("the card waits", &card, |card| card.says("waits for what")).await;
    assert!(waiting.has_button("answer_ask_person") && !waiting.has_button("confirm"), "{}", waiting.all_text());
    desk.presses("U0BEN", &answer, "answer_solved").await;
    desk.until_told("U0BEN", "C0SUPPORT", "who asked").await;

    desk.presses("U0GRACE", &answer, "answer_solved").await;
    desk.until_message("the card", &card, |card| card.says("Resolved by <@U0GRACE>")).await;
    desk.until_message("the answer", &answer, |answer| answer.says("Still broken?")).await;
    assert_eq!(library.until_called("record_feedback").await["outcome"], "solved");
    desk.settled().await;
    let state = State(desk.state().await);
    assert!(state.issues().is_empty() && state.messages("C0PAYMENTS").is_empty(), "nobody else was called");
    assert_eq!(desk.tickets()[0].status, "resolved");
    let (same, said) = desk.runs(&["audit", "replay"]).await;
    assert!(same && said.contains("1 decision"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_does_not_help_goes_to_people_with_what_was_tried() {
    let library = Library::open(&sure(), answering("1h", "hand_over")).await;
    let desk = &library.desk;
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of a payment take?").await;
    let answer = library.answer_under("C0SUPPORT", &ts).await;
    desk.presses("U0GRACE", &answer, "answer_not_helpful").await;
    let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
    assert!(alert.says("Answered from") && alert.says("does not help"), "{}", alert.all_text());
    desk.until_message("who has it", &answer, |answer| answer.says("Payments has it now")).await;
    desk.until("the issue", |state| state.issues().into_iter().next()).await;
    desk.settled().await;
    assert_eq!(library.calls("record_feedback").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_an_answer_people_have_it_at_once_and_after_a_crash_too() {
    let mut library = Library::open(&thin(), answering("1h", "close")).await;
    let text = "How long does a refund of a payment take?";
    let ts = library.desk.says("U0GRACE", "C0SUPPORT", text).await;
    library.desk.until("the issue", |state| state.issues().into_iter().next()).await;
    let card = library.desk.card_under("C0SUPPORT", &ts).await;
    library.desk.until_message("why", &card, |card| card.says("too thin to answer with")).await;

    // It hangs, and Deskbell dies meanwhile.
    library.says(&script(&json!("hang")));
    library.desk.says("U0FRANK", "C0SUPPORT", "Where is the invoice of a payment?").await;
    let started = Instant::now();
    while library.calls("search_knowledge").len() < 2 {
        assert!(started.elapsed() < PATIENCE, "never asked\n{}", library.desk.log());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    library.desk.kill();
    library.desk.start().await;
    let second = |state: &State| state.issues().into_iter().nth(1);
    library.desk.until("people have it", second).await;
    library.desk.settled().await;
    assert!(State(library.desk.state().await).messages("C0SUPPORT").iter().all(|message| !message.says(ANSWER)));
}

#[tokio::test(flavor = "multi_thread")]
async fn silence_is_told_apart_from_a_solution() {
    let library = Library::open(&sure(), answering("1s", "close")).await;
    let desk = &library.desk;
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of a payment take?").await;
    library.answer_under("C0SUPPORT", &ts).await;
    let card = desk.card_under("C0SUPPORT", &ts).await;
    let closed = desk.until_message("the card", &card, |card| card.says("nobody said whether it helps")).await;
    assert!(!closed.says("Resolved"), "{}", closed.all_text());
    desk.settled().await;
    assert!(library.metric("deskbell_answer_outcomes_total{outcome=\"silent\"} 1").await);
    assert!(library.calls("record_feedback").is_empty(), "silence is nobody's word");

    // A reply reaches people.
    desk.act("message", json!({ "user": "U0GRACE", "channel": "C0SUPPORT", "thread_ts": ts, "text": "It has not come after two weeks" }))
        .await;
    desk.until("the issue", |state| state.issues().into_iter().next()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_card_suggests_and_who_may_sends_what_everybody_there_may_read() {
    let library = Library::open(&sure(), Wish::default()).await;
    let desk = &library.desk;
    let card = desk.asks("U0GRACE", "A payment was refunded and the refund is missing").await;
    let suggesting = desk.until_message("the suggestion", &card, |card| card.says(ANSWER)).await;
    assert!(suggesting.says("91 % sure") && suggesting.has_button("confirm"), "{}", suggesting.all_text());
    let ours = |state: &State| {
        state.messages("C0SUPPORT").into_iter().filter(|message| message.has_button("answer_solved")).count()
    };
    assert_eq!(ours(&State(desk.state().await)), 0, "a suggestion is said to nobody");
    desk.presses("U0BEN", &card, "answer_send").await;
    let sent = desk.until_posted("the answer", "C0SUPPORT", |message| message.has_button("answer_solved")).await;
    assert!(sent.says(ANSWER) && sent.thread().is_some(), "{}", sent.all_text());
    desk.presses("U0GRACE", &sent, "answer_solved").await;
    desk.until_message("resolved", &card, |card| card.says("Resolved by <@U0GRACE>")).await;
    desk.settled().await;
    assert!(State(desk.state().await).issues().is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gap_becomes_a_draft_by_the_click_of_who_may() {
    let library = Library::open(&sure(), Wish::default()).await;
    let desk = &library.desk;
    desk.types("U0GRACE", "C0SUPPORT", "/kb", "gaps").await;
    desk.until_told("U0GRACE", "C0SUPPORT", "You may not see").await;
    desk.types("U0ANNA", "C0SUPPORT", "/kb", "gaps").await;
    let gaps = desk.until_told("U0ANNA", "C0SUPPORT", "visitor wifi").await;
    assert!(
        gaps.says("asked 7 times, 5 not answered well") && gaps.says("as a person confirmed"),
        "{}",
        gaps.all_text()
    );
    desk.presses("U0ANNA", &gaps, "gap_draft.1").await;
    let made = library.until_called("create_draft").await;
    assert!(made["title"] == "Where is the visitor wifi password?" && made["idempotency_key"].is_string(), "{made}");
    desk.until_posted("the word", "D0ANNA", |message| message.says("where-is-the-visitor-wifi")).await;
    desk.settled().await;
    assert_eq!(library.calls("create_draft").len(), 1);
}
