//! What people answer changes what is said next; how well it is said can be seen; and it can be taken back.

use serde_json::{Value, json};

use super::{Desk, Message, Wish};

/// Learns at once, and takes each message for a request of its own.
fn wish() -> Wish {
    let wish = Wish { config: "[assessor]\nlearn_after_seconds = 0\n".to_owned(), ..Wish::default() };
    wish.policy_with("join_window = \"2m\"", "join_window = \"1ms\"")
}

fn alike(shop: u32) -> String {
    format!("The payment terminal in shop {shop} shows error 17 again since the firmware update")
}

fn chosen(name: &str, value: &str) -> Value {
    json!({ name: { "type": "static_select", "selected_option": { "value": value, "text": { "type": "plain_text", "text": value } } } })
}

/// A person opens Change and gives the request to Platform, as an API matter.
pub(super) async fn corrects(desk: &Desk, user: &str, card: &Message) {
    assert_eq!(desk.presses(user, card, "change").await["ok"], true);
    let view = desk
        .until("the form", |state| {
            let view = state.view(user)?;
            (view["callback_id"] == "change_ticket" && view["blocks"].to_string().contains(&card.number()))
                .then_some(view)
        })
        .await;
    let values = json!({ "squad": chosen("squad", "platform"), "priority": chosen("priority", "p2"), "category": chosen("category", "api") });
    let submitted =
        desk.act("view_submit", json!({ "user": user, "view_id": view["id"], "state": { "values": values } })).await;
    assert_eq!(submitted["ok"], true, "{submitted}");
    desk.until_message("the changed card", card, |card| card.says("Changed and confirmed")).await;
}

fn is_of(card: &Message, category: &str) -> bool {
    card.says(&format!("*Category*\\n{category}"))
}

/// What the versions are, as `deskbell model show` tells it.
async fn versions(desk: &Desk) -> Value {
    let (ok, said) = desk.runs(&["model", "show", "--json"]).await;
    assert!(ok, "{said}");
    serde_json::from_str(&said).unwrap_or_else(|_| panic!("{said}"))
}

/// What `/api/accuracy` tells, once a version of the model answers: after a start it is made again in the background.
async fn measured(desk: &Desk) -> Value {
    let started = std::time::Instant::now();
    loop {
        let url = format!("{}/api/accuracy", desk.url());
        let told: Value = desk.http.get(url).send().await.unwrap().json().await.unwrap();
        if !told["model"].is_null() {
            return told;
        }
        assert!(started.elapsed() < super::PATIENCE, "no version ever answers: {told}");
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn corrections_change_the_next_card_until_they_are_rolled_back() {
    let mut desk = Desk::open(wish()).await;
    for shop in 1..=3 {
        let card = desk.asks("U0GRACE", &alike(shop)).await;
        if shop == 1 {
            assert!(is_of(&card, "Payments"), "{}", card.all_text());
        }
        corrects(&desk, "U0ANNA", &card).await;
    }
    let card = desk.asks("U0GRACE", &alike(4)).await;
    assert!(is_of(&card, "API"), "{}", card.all_text());
    // Nobody's answer is learned twice, and the first version knew nobody's.
    desk.until_log("labels=3 why=\"learned\"").await;
    let shown = versions(&desk).await;
    let of = |at: usize| (shown["versions"][at]["version"].clone(), shown["versions"][at]["about"]["labels"].clone());
    let last = shown["versions"].as_array().unwrap().len() - 1;
    assert_eq!((of(last), of(0).1, &shown["pinned"]), ((json!(1), json!(0)), json!(3), &Value::Null), "{shown}");

    let (ok, said) = desk.runs(&["model", "rollback", "1"]).await;
    assert!(ok && said.contains("version 1 answers"), "{said}");
    assert_eq!(versions(&desk).await["in_force"], 1);
    let card = desk.asks("U0GRACE", &alike(5)).await;
    assert!(is_of(&card, "Payments"), "{}", card.all_text());
    // It stays so over a restart, and answers are kept without being learned.
    assert!(desk.stop().success());
    desk.start().await;
    let card = desk.asks("U0GRACE", &alike(6)).await;
    assert!(is_of(&card, "Payments"), "{}", card.all_text());
    corrects(&desk, "U0ANNA", &card).await;

    let (ok, said) = desk.runs(&["model", "train"]).await;
    assert!(ok && said.contains("4 labels"), "{said}");
    let card = desk.asks("U0GRACE", &alike(7)).await;
    assert!(is_of(&card, "API"), "{}", card.all_text());
    let (ok, said) = desk.runs(&["model", "rollback", "99"]).await;
    assert!(!ok && said.contains("there is no version 99"), "{said}");
    let (_, trail) = desk.runs(&["audit", "show"]).await;
    assert!(trail.contains("\"why\":\"rolled back\"") && trail.contains("\"why\":\"asked\""), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_learned_is_known_after_a_crash_and_gone_with_an_erased_person() {
    let mut desk = Desk::open(wish()).await;
    for shop in 1..=2 {
        let card = desk.asks("U0GRACE", &alike(shop)).await;
        corrects(&desk, "U0ANNA", &card).await;
    }
    desk.kill();
    desk.start().await;
    let card = desk.asks("U0FRANK", &alike(3)).await;
    assert!(is_of(&card, "API"), "{}", card.all_text());
    let (ok, lines) = desk.runs(&["model", "export"]).await;
    let of_people = |lines: &str| lines.lines().filter(|line| line.contains("\"from\":\"person\"")).count();
    assert!(ok && of_people(&lines) == 2 && lines.contains("shop 2 shows error 17"), "{lines}");

    assert!(desk.stop().success());
    let (ok, said) = desk.runs(&["audit", "erase", "U0GRACE", "--yes"]).await;
    assert!(ok, "{said}");
    let (ok, said) = desk.runs(&["model", "train"]).await;
    assert!(ok && said.contains("0 labels"), "{said}");
    let (ok, lines) = desk.runs(&["model", "export"]).await;
    assert!(ok && of_people(&lines) == 0 && !lines.contains("error 17"), "{lines}");
    desk.start().await;
    let (_, trail) = desk.runs(&["audit", "show"]).await;
    assert!(trail.contains("\"exported\":\"labels\""), "{trail}");
    // The words are gone from what is learned; that people decided so still counts in the figures.
    let told = measured(&desk).await;
    assert_eq!((&told["labels"], &told["model"]["labels"]), (&json!(2), &json!(0)), "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn how_well_requests_are_understood_is_shown() {
    let desk = Desk::open(wish()).await;
    let right = desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.confirms("U0BEN", &right).await;
    let wrong = desk.asks("U0GRACE", &alike(1)).await;
    corrects(&desk, "U0BEN", &wrong).await;
    let none = desk.asks("U0GRACE", "A refund did not arrive, or so I dreamt").await;
    desk.presses("U0BEN", &none, "not_a_ticket").await;
    desk.until_message("the dismissed card", &none, |card| card.says("Not a ticket")).await;
    desk.settled().await;

    desk.types("U0BEN", "C0SUPPORT", "/triage", "accuracy").await;
    let shown = desk.until_told("U0BEN", "C0SUPPORT", "Measured by 3 answers of people").await;
    for words in [
        "1 changed something, 1 said that it was no ticket",
        "33 % right of 3",
        "*Payments*",
        "Does confidence come true?",
        "by words alone",
    ] {
        assert!(shown.says(words), "{words}: {}", shown.all_text());
    }
    // It names squads: not for everybody.
    desk.types("U0GRACE", "C0SUPPORT", "/triage", "accuracy").await;
    desk.until_told("U0GRACE", "C0SUPPORT", "You may not see how requests are understood").await;

    let told: Value = desk.http.get(format!("{}/api/accuracy", desk.url())).send().await.unwrap().json().await.unwrap();
    let payments = &told["categories"]["payments"];
    assert_eq!((&told["labels"], &payments["said"], &payments["right"]), (&json!(3), &json!(3), &json!(1)), "{told}");
    assert_eq!((&told["encoder"], &told["auto_from"]), (&json!(false), &json!([])), "{told}");
    desk.until_log("labels=3 why=\"learned\"").await;
    let figures = desk.http.get(format!("{}/metrics", desk.url())).send().await.unwrap().text().await.unwrap();
    for line in [
        "deskbell_labels_total{verdict=\"changed\"} 1",
        "deskbell_assessor_precision{of=\"category\",name=\"payments\"} 0.333",
        "deskbell_labels 3",
        "deskbell_model_version",
    ] {
        assert!(figures.contains(line), "{line}: {figures}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_told_to_operators_alone() {
    let desk = Desk::open(Wish { admin_listen: true, ..wish() }).await;
    assert!(desk.answers("/api/accuracy").await);
    let public = desk.http.get(format!("{}/api/accuracy", desk.url())).send().await.unwrap();
    assert_eq!(public.status(), 404);
}

/// Ten people in a row found that logins are understood; from then on they are carried out without asking, within the policy's bounds.
#[tokio::test(flavor = "multi_thread")]
async fn evidence_moves_what_is_carried_out_without_asking() {
    const AUTO: &str = "[[rules]]\nid = \"auto-login\"\nwhen = 'assessment.category == \"login\" && !ticket.external'\nmode = \"auto\"\nsquad = \"identity\"\n\n[[rules]]\nid = \"api-outage\"";
    let bounds = "[learning]\nauto_from = { min = 0.2, max = 0.99, evidence = 10, precision = 0.75 }\n\n[default]";
    let wish = wish()
        .policy_with(
            "[[rules]]\nid = \"login\"\nwhen = 'assessment.category == \"login\"'\nsquad = \"identity\"\n\n",
            "",
        )
        .policy_with("[[rules]]\nid = \"api-outage\"", AUTO)
        .policy_with("[default]", bounds);
    let desk = Desk::open(wish).await;
    let ask = |number: u32| format!("Okta login loops for team {number}, nobody can log in with SSO");
    for number in 1..=10 {
        let card = desk.asks("U0GRACE", &ask(number)).await;
        assert!(card.says("asks a person") && card.has_button("confirm"), "{number}: {}", card.all_text());
        desk.confirms("U0FRANK", &card).await;
    }
    desk.until_log("a threshold moved").await;
    let card = desk.asks("U0GRACE", &ask(11)).await;
    let card = desk.until_message("the card that asks nobody", &card, |card| card.says("Decided by the rule")).await;
    assert!(!card.has_button("confirm"), "{}", card.all_text());
    desk.types("U0FRANK", "C0SUPPORT", "/triage", "accuracy").await;
    let shown = desk.until_told("U0FRANK", "C0SUPPORT", "Carried out without asking").await;
    assert!(shown.says("10 of 10 so sure were right") && shown.says("(20–99 %)"), "{}", shown.all_text());
    desk.settled().await;
    let (_, trail) = desk.runs(&["audit", "show"]).await;
    let moved = trail.lines().find(|line| line.contains("threshold_moved")).unwrap_or_else(|| panic!("{trail}"));
    assert!(moved.contains("\"before\":990") && moved.contains("\"answers\":10"), "{moved}");
    let (ok, said) = desk.runs(&["audit", "replay"]).await;
    assert!(ok && said.contains("0 differ"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn tickets_that_read_alike_are_found_by_command_and_shown_before_a_change() {
    let desk = Desk::open(wish()).await;
    let first = desk.asks("U0GRACE", &alike(1)).await;
    corrects(&desk, "U0ANNA", &first).await;
    let second = desk.asks("U0GRACE", &alike(2)).await;
    assert!(second.says("*Similar*") && second.says(&first.number()), "{}", second.all_text());
    desk.types("U0BEN", "C0SUPPORT", "/triage", &format!("similar {}", second.number())).await;
    let shown = desk.until_told("U0BEN", "C0SUPPORT", "Reads like").await;
    assert!(shown.says(&first.number()) && shown.says("% alike") && shown.says("API"), "{}", shown.all_text());
    desk.types("U0BEN", "C0SUPPORT", "/triage", "similar DB-99").await;
    desk.until_told("U0BEN", "C0SUPPORT", "There is no DB-99").await;
    // Another company's people see none of ours.
    desk.types("U0HUGO", "C0ACME", "/triage", &format!("similar {}", second.number())).await;
    desk.until_told("U0HUGO", "C0ACME", "not for you to see").await;

    assert_eq!(desk.presses("U0ANNA", &second, "change").await["ok"], true);
    let number = first.number();
    desk.until("the form with what was decided before", |state| {
        let view = state.view("U0ANNA")?;
        let blocks = view["blocks"].to_string();
        (view["callback_id"] == "change_ticket" && blocks.contains(&number) && blocks.contains("API")).then_some(())
    })
    .await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_writes_a_new_request_can_look_whether_somebody_asked_the_same() {
    let desk = Desk::open(wish()).await;
    let first = desk.asks("U0GRACE", &alike(1)).await;
    for (user, sees) in [("U0GRACE", true), ("U0ANNA", true), ("U0ELENA", false)] {
        let opened = desk.act("shortcut", json!({ "user": user, "callback_id": "new_ticket_shortcut" })).await;
        assert_eq!(opened["ok"], true, "{opened}");
        let filled = |state: &super::State| {
            let view = state.view(user)?;
            (view["callback_id"] == "new_ticket" && view["blocks"].to_string().contains("find_similar")).then_some(view)
        };
        let view = desk.until("the form", filled).await;
        let values = json!({ "text": { "text": { "type": "plain_text_input", "value": alike(2) } } });
        let pressed = desk
            .act(
                "block_action",
                json!({ "user": user, "view_id": view["id"], "action_id": "find_similar", "state": { "values": values } }),
            )
            .await;
        assert_eq!(pressed["ok"], true, "{pressed}");
        let looked = |view: &Value| {
            view["blocks"].to_string().contains("Is it one of these")
                || view["blocks"].to_string().contains("Nobody asked the like")
        };
        let view = desk.until("what was found", |state| state.view(user).filter(looked)).await;
        // Who may not see a ticket does not learn of it here either.
        assert_eq!(view["blocks"].to_string().contains(&first.number()), sees, "{user}: {view}");
    }
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1);
}

/// With the encoder beside the store, other words for the same thing are understood; without it nothing is missing but that.
#[tokio::test(flavor = "multi_thread")]
async fn the_encoder_is_found_beside_the_store_and_used() {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/encoder");
    let model = std::env::var_os("DESKBELL_ENCODER").map_or(beside, std::path::PathBuf::from);
    if !model.join("model.safetensors").exists() {
        println!("no model at target/encoder: nothing compared");
        return;
    }
    let mut desk = Desk::open(wish()).await;
    assert!(desk.log().contains("compared by their words alone"), "{}", desk.log());
    desk.until_log("version=1 labels=0").await;
    assert!(desk.stop().success());
    let place = desk.folder().join("models");
    let (ok, said) = desk.runs(&["models", "import", model.to_str().unwrap(), "--to", place.to_str().unwrap()]).await;
    assert!(ok, "{said}");
    desk.start().await;
    let card = desk.asks("U0GRACE", "My money has not been given back, though you promised it on Tuesday").await;
    assert!(is_of(&card, "Payments"), "{}", card.all_text());
    // The version that learned by words alone is followed by one that does so by meaning.
    desk.until_log("version=2 labels=0").await;
    let shown = versions(&desk).await;
    assert_eq!(shown["versions"][0]["about"]["encoder"], true, "{shown}");
    desk.types("U0BEN", "C0SUPPORT", "/triage", "accuracy").await;
    let shown = desk.until_told("U0BEN", "C0SUPPORT", "How well requests are understood").await;
    assert!(!shown.says("by words alone"), "{}", shown.all_text());
}
