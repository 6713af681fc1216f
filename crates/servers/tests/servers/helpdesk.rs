//! What the helpdesk tools do when all goes well, and which input they refuse.

use std::time::Duration;

use rmcp::model::{GetPromptRequestParams, ReadResourceRequestParams};
use serde_json::{Value, json};

use crate::helpdesk_site::Account;

#[tokio::test]
async fn tools_are_listed_with_schemas_and_honest_hints() {
    let account = Account::start().await;
    let tools = account.client.list_all_tools().await.unwrap();
    let hints: Vec<(String, bool, bool)> = tools
        .iter()
        .map(|tool| {
            let hints = tool.annotations.as_ref().unwrap();
            assert!(tool.description.as_ref().unwrap().len() > 10);
            assert_eq!(tool.input_schema["type"], "object");
            assert_eq!(tool.output_schema.as_ref().unwrap()["type"], "object");
            let writes = !hints.read_only_hint.unwrap();
            let takes_key = tool.input_schema["properties"].get("idempotency_key").is_some();
            assert!(!writes || takes_key, "{} writes without an idempotency key", tool.name);
            (tool.name.to_string(), !writes, hints.idempotent_hint.unwrap())
        })
        .collect();
    let expected = [
        ("add_internal_note", false, false),
        ("assign_ticket", false, true),
        ("change_tags", false, true),
        ("create_ticket", false, false),
        ("find_by_idempotency_key", true, true),
        ("find_update_by_idempotency_key", true, true),
        ("get_ticket", true, true),
        ("list_changes", true, true),
        ("list_comments", true, true),
        ("list_queues", true, true),
        ("reply_publicly", false, false),
        ("requester_history", true, true),
        ("search_tickets", true, true),
        ("set_priority", false, true),
        ("set_status", false, true),
    ];
    assert_eq!(hints, expected.map(|(n, r, i)| (n.to_owned(), r, i)));
}

#[tokio::test]
async fn a_ticket_is_created_with_everything_that_was_given() {
    let account = Account::start().await;
    let wanted = json!({
        "subject": "Refund fails", "public_message": "# Steps\n\n1. pay\n2. **refund**", "requester_email": "new@acme.example",
        "requester_name": "Nia New", "priority": "high", "group": "billing", "assignee_email": "ana@example.com",
        "tags": ["vip"], "idempotency_key": "T-1/create",
    });
    let created = account.done("create_ticket", wanted).await;
    assert_eq!((&created["ticket_id"], &created["created"]), (&json!("1"), &json!(true)));
    let ticket = account.done("get_ticket", json!({ "ticket_id": "1" })).await;
    assert_eq!(ticket["url"], created["url"]);
    assert!(ticket["description"].as_str().unwrap().contains("refund"), "{ticket}");
    assert_eq!((&ticket["priority"], &ticket["status"]), (&json!("high"), &json!("open")));
    assert_eq!(ticket["requester"]["name"], "Nia New");
    assert_eq!(ticket["assignee"]["email"], "ana@example.com");
    assert_eq!(ticket["group"]["name"], "Billing");
    assert_eq!(ticket["tags"], json!(["vip"]));
    let page = reqwest::get(created["url"].as_str().unwrap()).await.unwrap();
    assert!(page.text().await.unwrap().contains("Refund fails"));
    let sent = account.passed().into_iter().find(|passed| passed.method == "POST").unwrap();
    assert_eq!(
        sent.body["ticket"]["comment"]["html_body"],
        "<h1>Steps</h1>\n<ol>\n<li>pay</li>\n<li><strong>refund</strong></li>\n</ol>"
    );
}

#[tokio::test]
async fn the_same_key_makes_one_ticket_within_two_hours_and_for_ever_after() {
    for lifetime in [Duration::from_secs(7200), Duration::ZERO] {
        let account = Account::with(|config| {
            config.idempotency_lifetime = lifetime;
            config.search_lag_ms = 600_000..=600_000;
        })
        .await;
        let mut ticket = json!({ "subject": "a", "internal_note": "b", "idempotency_key": "k" });
        let first = account.done("create_ticket", ticket.clone()).await;
        ticket["subject"] = json!("other words, the same intent");
        let second = account.done("create_ticket", ticket).await;
        assert_eq!((&second["ticket_id"], &second["created"]), (&first["ticket_id"], &json!(false)));
        let found = account.done("find_by_idempotency_key", json!({ "idempotency_key": "k" })).await;
        assert_eq!(found["found"]["ticket_id"], first["ticket_id"]);
        let other = account.done("find_by_idempotency_key", json!({ "idempotency_key": "other" })).await;
        assert_eq!(other["found"], Value::Null);
        assert_eq!(account.zendesk.counts().tickets, 1);
    }
}

#[tokio::test]
async fn calls_at_the_same_time_make_one_ticket() {
    let account = Account::start().await;
    let ticket = json!({ "subject": "a", "public_message": "b", "idempotency_key": "k" });
    let calls = (0..8).map(|_| account.done("create_ticket", ticket.clone()));
    let answers = futures_util::future::join_all(calls).await;
    assert!(answers.iter().all(|answer| answer["ticket_id"] == "1"), "{answers:?}");
    assert_eq!(answers.iter().filter(|answer| answer["created"] == true).count(), 1);
    assert_eq!(account.zendesk.counts().tickets, 1);
}

#[tokio::test]
async fn a_note_stays_internal_and_a_reply_is_public() {
    let account = Account::start().await;
    let id = account.ticket("Refund fails").await;
    let note = json!({ "ticket_id": id, "internal_note": "they are *furious*", "idempotency_key": "n" });
    let reply = json!({ "ticket_id": id, "public_message": "We are on it", "idempotency_key": "r" });
    for made in [true, false] {
        assert_eq!(account.done("add_internal_note", note.clone()).await["created"], made);
        assert_eq!(account.done("reply_publicly", reply.clone()).await["created"], made);
    }
    let counts = account.zendesk.counts();
    assert_eq!((counts.public_comments, counts.internal_comments, counts.updates), (2, 1, 2));
    let comments = account.done("list_comments", json!({ "ticket_id": id })).await;
    let texts = |kind: &str| -> Vec<String> {
        comments[kind].as_array().unwrap().iter().map(|c| c["text"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(texts("public_messages"), ["We are on it", "The refund fails"]);
    assert_eq!(texts("internal_notes"), ["they are furious"]);
    let found = json!({ "ticket_id": id, "idempotency_key": "n" });
    let found = account.done("find_update_by_idempotency_key", found).await["found"].clone();
    assert_eq!((&found["public"], &found["comment_id"]), (&json!(false), &comments["internal_notes"][0]["note_id"]));
    // Nothing that the one tool takes fits the other, and no flag makes a note public.
    for (tool, arguments) in [
        ("add_internal_note", json!({ "ticket_id": id, "public_message": "x" })),
        ("reply_publicly", json!({ "ticket_id": id, "internal_note": "x" })),
        ("add_internal_note", json!({ "ticket_id": id, "internal_note": "x", "public": true })),
        ("create_ticket", json!({ "subject": "a", "description": "x" })),
    ] {
        let result = crate::site::call(&account.client, tool, arguments).await;
        assert_eq!(result.is_error, Some(true), "{tool}");
    }
    assert_eq!(account.zendesk.counts(), counts_with_requests(&account, counts));
}

fn counts_with_requests(
    account: &Account,
    counts: deskbell_sandbox::zendesk::ZendeskCounts,
) -> deskbell_sandbox::zendesk::ZendeskCounts {
    deskbell_sandbox::zendesk::ZendeskCounts { requests: account.zendesk.counts().requests, ..counts }
}

#[tokio::test]
async fn a_ticket_opened_with_a_note_is_hidden_from_its_requester() {
    let account = Account::start().await;
    let ticket = json!({ "subject": "a", "internal_note": "between us", "requester_email": "ivy@customer.example" });
    account.done("create_ticket", ticket).await;
    let counts = account.zendesk.counts();
    assert_eq!((counts.public_comments, counts.internal_comments), (0, 1));
    for wrong in [json!({ "subject": "a" }), json!({ "subject": "a", "internal_note": "x", "public_message": "y" })] {
        let failure = account.failed("create_ticket", wrong).await;
        assert!(failure["message"].as_str().unwrap().contains("exactly one"), "{failure}");
    }
}

#[tokio::test]
async fn fields_are_set_and_a_late_repetition_undoes_nobodys_work() {
    let account = Account::start().await;
    let id = account.ticket("Refund fails").await;
    let solve = json!({ "ticket_id": id, "status": "solved", "idempotency_key": "s" });
    let solved = account.done("set_status", solve.clone()).await;
    assert_eq!((&solved["ticket"]["status"], &solved["changed"]), (&json!("solved"), &json!(true)));
    assert!(account.zendesk.requester_answers(1, "No, it is not"));
    let again = account.done("set_status", solve).await;
    assert_eq!((&again["ticket"]["status"], &again["changed"]), (&json!("open"), &json!(false)));
    let hold = account.done("set_status", json!({ "ticket_id": id, "status": "on_hold" })).await;
    assert_eq!(hold["ticket"]["status"], "on_hold");
    let urgent = account.done("set_priority", json!({ "ticket_id": id, "priority": "urgent" })).await;
    assert_eq!(urgent["ticket"]["priority"], "urgent");
    let assigned = json!({ "ticket_id": id, "group": "Platform", "assignee_email": "ben@example.com" });
    let assigned = account.done("assign_ticket", assigned).await;
    assert_eq!(assigned["ticket"]["group"]["name"], "Platform");
    assert_eq!(assigned["ticket"]["assignee"]["name"], "Ben Okafor");
    account.done("change_tags", json!({ "ticket_id": id, "add": ["VIP", "eu"] })).await;
    let tags = json!({ "ticket_id": id, "add": ["refund"], "remove": ["eu"], "idempotency_key": "t" });
    assert_eq!(account.done("change_tags", tags.clone()).await["ticket"]["tags"], json!(["refund", "vip"]));
    assert_eq!(account.done("change_tags", tags).await["changed"], false);
}

#[tokio::test]
async fn queues_tell_their_load() {
    let account = Account::start().await;
    account.ticket("one").await;
    let id = account.ticket("two").await;
    account.done("assign_ticket", json!({ "ticket_id": id, "group": "Billing" })).await;
    let queues = account.done("list_queues", json!({})).await;
    let load = |title: &str| {
        let queues = queues["queues"].as_array().unwrap();
        queues.iter().find(|queue| queue["title"] == title).unwrap()["tickets"].clone()
    };
    assert_eq!(
        (load("All unsolved tickets"), load("Billing queue"), load("Pending tickets")),
        (json!(2), json!(1), json!(0))
    );
    let some = account.done("list_queues", json!({ "titles": ["billing"] })).await;
    assert_eq!(some["queues"].as_array().unwrap().len(), 1);
    assert_eq!((&some["queues"][0]["fresh"], &some["truncated"]), (&json!(true), &json!(false)));
}

#[tokio::test]
async fn a_requesters_history_is_counted_and_shown() {
    let account = Account::start().await;
    for subject in ["one", "two", "three"] {
        account.ticket(subject).await;
    }
    account.done("set_status", json!({ "ticket_id": "1", "status": "solved" })).await;
    let history = account.done("requester_history", json!({ "email": "IVY@customer.example", "max_results": 2 })).await;
    assert_eq!((&history["tickets_total"], &history["tickets_unsolved"]), (&json!(3), &json!(2)));
    assert_eq!(history["requester"]["name"], "Ivy Cole");
    assert_eq!(history["tickets"][0]["subject"], "three");
    assert_eq!(history["tickets"].as_array().unwrap().len(), 2);
    let stranger = account.done("requester_history", json!({ "email": "nobody@example.com" })).await;
    assert_eq!((&stranger["requester"], &stranger["tickets_total"]), (&Value::Null, &json!(0)));
    for odd in ["nobody", "a@b c:d", "a@b\" status:solved"] {
        assert_eq!(account.failed("requester_history", json!({ "email": odd })).await["error_kind"], "permanent");
    }
}

#[tokio::test]
async fn searches_are_paged() {
    let account = Account::start().await;
    for number in 0..5 {
        account.ticket(&format!("refund {number}")).await;
    }
    let (mut found, mut token) = (Vec::new(), Value::Null);
    loop {
        let query = json!({ "query": "status<solved subject:refund", "max_results": 2, "next_page_token": token });
        let page = account.done("search_tickets", query).await;
        assert_eq!(page["total"], 5);
        found.extend(page["tickets"].as_array().unwrap().iter().map(|ticket| ticket["ticket_id"].clone()));
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(found, ["5", "4", "3", "2", "1"]);
    let failure = account.failed("search_tickets", json!({ "query": "colour:red" })).await;
    assert!(failure["message"].as_str().unwrap().contains("colour"));
    let beyond = json!({ "query": "refund", "max_results": 100, "next_page_token": "11" });
    assert_eq!(account.failed("search_tickets", beyond).await["http_status"], 422);
}

#[tokio::test]
async fn changes_are_followed_by_a_cursor_and_none_is_missed() {
    let account = Account::start().await;
    for subject in ["one", "two", "three"] {
        account.ticket(subject).await;
    }
    let (mut seen, mut from) = (Vec::new(), json!({ "since_unix_seconds": 0, "max_results": 2 }));
    let cursor = loop {
        let page = account.done("list_changes", from).await;
        seen.extend(page["tickets"].as_array().unwrap().iter().map(|ticket| ticket["subject"].clone()));
        from = json!({ "cursor": page["cursor"], "max_results": 2 });
        if page["end_of_stream"] == true {
            break page["cursor"].clone();
        }
    };
    assert_eq!(seen, ["one", "two", "three"]);
    let quiet = account.done("list_changes", json!({ "cursor": cursor })).await;
    assert_eq!(quiet["tickets"], json!([]));
    account.zendesk.requester_answers(2, "Any news?");
    account.zendesk.ask("Max", "max@customer.example", "Login", "I can't log in");
    let news = account.done("list_changes", json!({ "cursor": quiet["cursor"] })).await;
    let subjects: Vec<&Value> = news["tickets"].as_array().unwrap().iter().map(|ticket| &ticket["subject"]).collect();
    assert_eq!(subjects, ["two", "Login"]);
    assert_eq!(news["tickets"][1]["requester"]["email"], "max@customer.example");
    for wrong in [json!({}), json!({ "since_unix_seconds": 0, "cursor": "x" })] {
        assert_eq!(account.failed("list_changes", wrong).await["error_kind"], "permanent");
    }
}

#[tokio::test]
async fn a_conversation_is_paged() {
    let account = Account::start().await;
    let id = account.ticket("a").await;
    for number in 0..4 {
        let note = json!({ "ticket_id": id, "internal_note": format!("note {number}") });
        account.done("add_internal_note", note).await;
    }
    let first = account.done("list_comments", json!({ "ticket_id": id, "max_results": 3 })).await;
    assert_eq!(first["internal_notes"][0]["text"], "note 3");
    assert_eq!(first["internal_notes"][0]["author"]["name"], "Deskbell");
    let next = json!({ "ticket_id": id, "max_results": 3, "next_page_token": first["next_page_token"] });
    let second = account.done("list_comments", next).await;
    assert_eq!(second["public_messages"].as_array().unwrap().len(), 1);
    assert_eq!(second["next_page_token"], Value::Null);
}

#[tokio::test]
async fn a_ticket_is_a_resource() {
    let account = Account::start().await;
    let wanted = json!({ "subject": "Refund fails", "internal_note": "It does", "idempotency_key": "T-1/create" });
    let created = account.done("create_ticket", wanted).await;
    assert!(account.client.list_all_resources().await.unwrap().is_empty());
    let templates = account.client.list_all_resource_templates().await.unwrap();
    assert_eq!(templates[0].uri_template, "helpdesk://ticket/{ticket_id}");
    let read = async |uri: &str| {
        let answer = account.client.read_resource(ReadResourceRequestParams::new(uri)).await?;
        let content = serde_json::to_value(&answer).unwrap()["contents"][0].clone();
        assert_eq!(content["mimeType"], "application/json");
        Ok::<Value, rmcp::ServiceError>(serde_json::from_str(content["text"].as_str().unwrap()).unwrap())
    };
    let ticket = read(&format!("helpdesk://ticket/{}", created["ticket_id"].as_str().unwrap())).await.unwrap();
    assert_eq!((&ticket["subject"], &ticket["url"]), (&json!("Refund fails"), &created["url"]));
    for missing in ["helpdesk://ticket/99", "helpdesk://ticket/", "helpdesk://ticket/../users/me", "file:///etc/passwd"]
    {
        let error = read(missing).await.unwrap_err().to_string();
        assert!(error.contains("there is no resource"), "{error}");
    }
}

#[tokio::test]
async fn prompts_lead_through_the_tools() {
    let account = Account::start().await;
    let prompts = account.client.list_all_prompts().await.unwrap();
    let names: Vec<&str> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(names, ["draft_reply", "summarise_ticket"]);
    for name in names {
        let arguments = json!({ "ticket_id": "35436" });
        let wanted = GetPromptRequestParams::new(name).with_arguments(arguments.as_object().unwrap().clone());
        let prompt = serde_json::to_value(account.client.get_prompt(wanted).await.unwrap()).unwrap();
        let text = prompt["messages"][0]["content"]["text"].as_str().unwrap();
        assert!(text.contains("ticket 35436") && text.contains("list_comments"), "{text}");
    }
}
