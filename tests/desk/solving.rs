//! The bot solves what a rule lets it answer: it asks back, looks up what the rule names, has the company's own tools do what goes
//! along with the answer, and leaves the last word to whoever asked.

use serde_json::{Value, json};

use super::answers::{ANSWER, Library, answering, sure, thin};
use super::{Message, State, Wish};

/// As [`answering`], where the bot may ask back.
fn asking_back(wait: &str) -> Wish {
    answering(wait, "hand_over").policy_with("ask_back = false", "ask_back = true")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bot_asks_back_once_and_looks_again_with_what_is_replied() {
    let library = Library::open(&thin(), asking_back("1h")).await;
    let desk = &library.desk;
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of a payment take?").await;
    let asks = |message: &Message| message.says("with a little more") && message.thread() == Some(ts.as_str());
    let asked = desk.until_posted("the question", "C0SUPPORT", asks).await;
    assert!(
        asked.says("Refunds › How long does it take?") && asked.has_button("answer_ask_person"),
        "{}",
        asked.all_text()
    );
    let card = desk.card_under("C0SUPPORT", &ts).await;
    desk.until_message("the card", &card, |card| card.says("Asked <@U0GRACE> for more")).await;
    assert!(State(desk.state().await).issues().is_empty(), "nobody is called yet");

    library.says(&sure());
    desk.act(
        "message",
        json!({ "user": "U0GRACE", "channel": "C0SUPPORT", "thread_ts": ts, "text": "By credit card, I mean" }),
    )
    .await;
    let answer = library.answer_under("C0SUPPORT", &ts).await;
    let query = library.calls("search_knowledge").pop().unwrap()["query"].as_str().unwrap().to_owned();
    assert!(query.contains("How long does a refund") && query.contains("By credit card"), "{query}");
    desk.until_message("the question is over", &asked, |asked| !asked.has_button("answer_ask_person")).await;
    desk.presses("U0GRACE", &answer, "answer_solved").await;
    desk.until_message("the card", &card, |card| card.says("Resolved by <@U0GRACE>")).await;
    let (_, trail) = desk.runs(&["audit", "show"]).await;
    assert!(trail.contains("asked_back"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mere_yes_and_a_long_request_are_heard() {
    let library = Library::open(&thin(), asking_back("1h")).await;
    let desk = &library.desk;
    let long = format!(
        "How long does a refund of a payment take? {}",
        "The refund of the payment is for an invoice. ".repeat(40)
    );
    let ts = desk.says("U0GRACE", "C0SUPPORT", &long).await;
    let asks = |message: &Message| message.says("with a little more") && message.thread() == Some(ts.as_str());
    desk.until_posted("the question", "C0SUPPORT", asks).await;
    desk.act("message", json!({ "user": "U0GRACE", "channel": "C0SUPPORT", "thread_ts": ts, "text": "yes" })).await;
    desk.until("people have it", |state| state.issues().into_iter().next()).await;
    let queries = library.calls("search_knowledge");
    let last = queries.last().unwrap()["query"].as_str().unwrap();
    assert!(queries.len() == 2 && last.starts_with("How long") && last.ends_with("yes"), "{queries:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_asked_by_form_replies_below_the_question_and_who_says_nothing_reaches_people() {
    let library = Library::open(&thin(), asking_back("2s")).await;
    let desk = &library.desk;
    desk.types("U0GRACE", "D0GRACE", "/triage", "How long does a refund of a payment take?").await;
    let asked = desk.until_posted("the question", "D0GRACE", |message| message.says("with a little more")).await;
    let thread = asked.thread().unwrap_or(&asked.ts).to_owned();
    desk.act("message", json!({ "user": "U0GRACE", "channel": "D0GRACE", "thread_ts": thread, "text": "By card" }))
        .await;
    desk.until("people have it, with both", |state| {
        state.issues().into_iter().find(|issue| issue.to_string().contains("By card"))
    })
    .await;
    desk.settled().await;
    assert_eq!((desk.tickets().len(), library.calls("search_knowledge").len()), (1, 2), "its reply joined it");

    let ts = desk.says("U0FRANK", "C0SUPPORT", "Where is the invoice of a payment?").await;
    let card = desk.card_under("C0SUPPORT", &ts).await;
    desk.until_message("why", &card, |card| card.says("was asked for more and did not reply")).await;
}

/// The bot answers what is about payments, and a tool of the company's own goes along with that.
fn acting() -> Wish {
    let wish =
        answering("1h", "hand_over").policy_with("answer = true", "answer = true\nsolve_with = [\"unlock_account\"]");
    let tool = "\n[actions.unlock_account]\ncustom = true\nserver = \"kb\"\ntool = \"unlock\"\narguments = { account = \"=action.requester.email\", reason = \"=action.summary\", key = \"=idempotency_key\" }\nreconcile = \"native\"\nerrors = [{ match = \"no such\", kind = \"permanent\" }]\n";
    Wish { config: format!("{}{tool}", wish.config), ..wish }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_of_the_companys_own_goes_along_with_the_bots_answer() {
    let library = Library::open(&sure(), acting()).await;
    let desk = &library.desk;
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of a payment take?").await;
    let answer = library.answer_under("C0SUPPORT", &ts).await;
    let done = desk.until_message("the step", &answer, |answer| answer.says("Done: unlock account")).await;
    assert!(done.has_button("answer_solved"), "who asked says whether that helped: {}", done.all_text());
    let call = library.until_called("unlock").await;
    assert_eq!((call["account"].as_str(), call["key"].is_string()), (Some("grace@northwind.example"), true), "{call}");
    desk.presses("U0GRACE", &answer, "answer_solved").await;
    let card = desk.card_under("C0SUPPORT", &ts).await;
    desk.until_message("the card", &card, |card| card.says("Resolved by <@U0GRACE>")).await;
    desk.settled().await;
    assert_eq!((library.calls("unlock").len(), State(desk.state().await).issues().len()), (1, 0));
    let (same, _) = desk.runs(&["audit", "replay"]).await;
    assert!(same);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_fails_is_no_fault_of_the_questions() {
    let mut said = with_orders(thin());
    said["answers"]["get_order"] = json!({ "error": "busy" });
    let wish = looking_up("everybody = true\nanswers = true").policy_with("ask_back = false", "ask_back = true");
    let library = Library::open(&said, wish).await;
    let desk = &library.desk;
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of the payment ORD-78 take?").await;
    let card = desk.card_under("C0SUPPORT", &ts).await;
    desk.until_message("people have it", &card, |card| card.says("could not be asked")).await;
    assert!(State(desk.state().await).messages("C0SUPPORT").iter().all(|message| !message.says("with a little more")));
}

/// The bot answers what is about payments, and may look an order up.
fn looking_up(more: &str) -> Wish {
    let wish = answering("1h", "hand_over").policy_with("answer = true", "answer = true\nfacts = [\"order\"]");
    let fact = format!(
        "\n[lookups.facts.order]\ntitle = \"Order\"\nserver = \"kb\"\ntool = \"get_order\"\nfind = {{ number = '\\bORD-\\d+' }}\n\
         arguments = {{ number = \"=found.number\", email = \"=requester.email\" }}\nresult = {{ Status = \"/status\", Refund = \"/refund\" }}\n{more}\n"
    );
    Wish { config: format!("{}{fact}", wish.config), ..wish }
}

fn with_orders(mut said: Value) -> Value {
    let order =
        json!({ "name": "get_order", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } });
    said["tools"].as_array_mut().unwrap().push(order);
    said["answers"]["get_order"] = json!({ "status": "paid", "refund": "sent on Monday", "secret": "4111" });
    said
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_rule_lets_the_bot_look_up_stands_before_what_the_pages_say() {
    let library = Library::open(&with_orders(sure()), looking_up("")).await;
    let desk = &library.desk;
    desk.types("U0GRACE", "D0GRACE", "/triage", "How long does a refund of the payment ORD-77 take?").await;
    let answer = desk.until_posted("the answer", "D0GRACE", |message| message.says(ANSWER)).await;
    let text = answer.all_text();
    let (fact, page) = (text.find("Refund: sent on Monday · Status: paid").unwrap(), text.find(ANSWER).unwrap());
    assert!(fact < page && text.contains("Order") && !text.contains("4111"), "{text}");
    let asked = library.until_called("get_order").await;
    assert_eq!((asked["number"].as_str(), asked["email"].as_str()), (Some("ORD-77"), Some("grace@northwind.example")));

    // Others read along: it is told to nobody, and not even asked for.
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of the payment ORD-78 take?").await;
    let answer = library.answer_under("C0SUPPORT", &ts).await;
    assert!(!answer.says("sent on Monday") && library.calls("get_order").len() == 1, "{}", answer.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_asked_back_for_what_may_not_be_told_there() {
    let wish = looking_up("answers = true").policy_with("ask_back = false", "ask_back = true");
    let library = Library::open(&with_orders(thin()), wish).await;
    let desk = &library.desk;
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of the payment ORD-78 take?").await;
    let card = desk.card_under("C0SUPPORT", &ts).await;
    desk.until_message("why", &card, |card| card.says("told to the requester alone")).await;
    assert!(library.calls("get_order").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_fact_that_everybody_may_read_answers_where_the_pages_do_not() {
    let library = Library::open(&with_orders(thin()), looking_up("everybody = true\nanswers = true")).await;
    let desk = &library.desk;
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of the payment ORD-78 take?").await;
    let told = |message: &Message| message.thread() == Some(ts.as_str()) && message.says("Refund: sent on Monday");
    let answer = desk.until_posted("the fact", "C0SUPPORT", told).await;
    assert!(answer.has_button("answer_solved") && !answer.says(ANSWER), "{}", answer.all_text());

    let ts = desk.says("U0FRANK", "C0SUPPORT", "How long does a refund of a payment take?").await;
    let card = desk.card_under("C0SUPPORT", &ts).await;
    desk.until_message("nothing to look up", &card, |card| card.says("too thin to answer with")).await;
    assert_eq!(library.calls("get_order").len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_refuses_makes_it_peoples_ticket() {
    let mut said = sure();
    said["answers"]["unlock"] = json!({ "error": "no such account" });
    let library = Library::open(&said, acting()).await;
    let desk = &library.desk;
    let ts = desk.says("U0GRACE", "C0SUPPORT", "How long does a refund of a payment take?").await;
    let answer = library.answer_under("C0SUPPORT", &ts).await;
    desk.until_message("the step", &answer, |answer| answer.says("Not done, people look at it: unlock account")).await;
    let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
    assert!(alert.says("could not be done (unlock account: not done)"), "{}", alert.all_text());
    desk.until_posted("ops", "C0OPS", |message| message.says("unlock_account")).await;
}
