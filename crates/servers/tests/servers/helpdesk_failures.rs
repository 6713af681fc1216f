//! What the helpdesk tools say when Zendesk, or the way to it, fails.

use deskbell_sandbox::faults::Fault;
use deskbell_servers::helpdesk::zendesk::ZendeskCredentials;
use serde_json::{Value, json};

use crate::helpdesk_site::{ACCESS_TOKEN, Account, connect};
use crate::site::call;

fn ticket() -> Value {
    json!({ "subject": "a", "public_message": "b", "idempotency_key": "k" })
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_repetition_makes_no_second_ticket() {
    for fault in [Fault::LostResponse, Fault::Timeout { ms: 30_000, work_done: true }] {
        let account = Account::start().await;
        account.fault_once("zendesk:POST /tickets", fault);
        let failure = account.failed("create_ticket", ticket()).await;
        assert_eq!(failure["error_kind"], "unknown");
        let found = account.done("find_by_idempotency_key", json!({ "idempotency_key": "k" })).await;
        assert_eq!(found["found"]["ticket_id"], "1");
        assert_eq!(account.done("create_ticket", ticket()).await["created"], false);
        assert_eq!(account.zendesk.counts().tickets, 1);
    }
}

#[tokio::test]
async fn a_lost_comment_is_found_again_at_once() {
    for (tool, words) in [("add_internal_note", "internal_note"), ("reply_publicly", "public_message")] {
        let account = Account::start().await;
        let id = account.ticket("a").await;
        account.fault_once("zendesk:PUT /tickets/{id}", Fault::LostResponse);
        let mut comment = json!({ "ticket_id": id, "idempotency_key": "c" });
        comment[words] = json!("x");
        assert_eq!(account.failed(tool, comment.clone()).await["error_kind"], "unknown");
        let key = json!({ "ticket_id": id, "idempotency_key": "c" });
        assert_ne!(account.done("find_update_by_idempotency_key", key).await["found"], Value::Null);
        assert_eq!(account.done(tool, comment).await["created"], false);
        let counts = account.zendesk.counts();
        assert_eq!((counts.updates, counts.public_comments + counts.internal_comments), (1, 2));
    }
}

#[tokio::test]
async fn a_hang_before_the_work_repeats_nothing_by_itself() {
    let account = Account::start().await;
    account.fault_once("zendesk:POST /tickets", Fault::Timeout { ms: 30_000, work_done: false });
    assert_eq!(account.failed("create_ticket", ticket()).await["error_kind"], "unknown");
    assert_eq!(account.zendesk.counts().tickets, 0);
    assert_eq!(account.done("create_ticket", ticket()).await["created"], true);
}

#[tokio::test]
async fn a_lost_setting_may_simply_be_tried_again() {
    let account = Account::start().await;
    let id = account.ticket("a").await;
    account.fault_once("zendesk:PUT /tickets/{id}", Fault::LostResponse);
    let solve = json!({ "ticket_id": id, "status": "solved", "idempotency_key": "s" });
    assert_eq!(account.failed("set_status", solve.clone()).await["error_kind"], "transient");
    assert_eq!(account.done("set_status", solve).await["changed"], false);
    assert_eq!(account.zendesk.counts().updates, 1);
}

#[tokio::test]
async fn a_change_between_look_and_update_is_refused_and_transient() {
    let account = Account::start().await;
    let id = account.ticket("a").await;
    let conflict = Fault::Status { status: 409, retry_after_seconds: None };
    account.fault_once("zendesk:PUT /tickets/{id}", conflict);
    let note = json!({ "ticket_id": id, "internal_note": "x", "idempotency_key": "c" });
    assert_eq!(account.failed("add_internal_note", note.clone()).await["error_kind"], "transient");
    account.done("add_internal_note", note).await;
    let sent = account.passed().into_iter().rfind(|passed| passed.method == "PUT").unwrap();
    let shown = account.passed().into_iter().rfind(|passed| passed.path.ends_with("/tickets/1")).unwrap();
    assert_eq!(sent.body["ticket"]["safe_update"], true);
    assert!(sent.body["ticket"]["updated_stamp"].is_string(), "{shown:?}");
    let stale = json!({ "ticket": { "status": "open", "safe_update": true, "updated_stamp": "2020-01-01T00:00:00Z" } });
    let answer = reqwest::Client::new()
        .put(format!("{}/api/v2/tickets/1", account.config.base_url))
        .bearer_auth(ACCESS_TOKEN)
        .json(&stale)
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 409);
}

#[tokio::test]
async fn a_rate_limit_is_transient_and_tells_how_long_to_wait() {
    let account = Account::start().await;
    for target in ["zendesk:POST /tickets", "zendesk:GET /tickets"] {
        account.fault_once(target, Fault::Status { status: 429, retry_after_seconds: Some(17) });
        let failure = account.failed("create_ticket", ticket()).await;
        assert_eq!((&failure["error_kind"], &failure["retry_after_seconds"]), (&json!("transient"), &json!(17)));
    }
    assert_eq!(account.zendesk.counts().tickets, 0);
    let limited = Account::with(|config| config.rate_limits = true).await;
    for _ in 0..6 {
        limited.done("list_queues", json!({})).await;
    }
    let failure = limited.failed("list_queues", json!({})).await;
    assert_eq!(failure["error_kind"], "transient");
    assert!(failure["retry_after_seconds"].as_u64().unwrap() > 200, "{failure}");
}

#[tokio::test]
async fn a_server_error_is_unknown_for_a_creation_and_transient_for_a_look() {
    let account = Account::start().await;
    let broken = Fault::Status { status: 503, retry_after_seconds: Some(2) };
    account.fault_once("zendesk:POST /tickets", broken.clone());
    assert_eq!(account.failed("create_ticket", ticket()).await["error_kind"], "unknown");
    account.fault_once("zendesk:GET /search", broken);
    assert_eq!(account.failed("search_tickets", json!({ "query": "a" })).await["error_kind"], "transient");
}

#[tokio::test]
async fn wrong_credentials_are_permanent_and_never_shown() {
    let account = Account::start().await;
    account.ticket("a").await;
    let wanted = json!({ "ticket_id": "1" });
    for credentials in [
        ZendeskCredentials::ApiToken { email: "deskbell@example.com".into(), token: "wrong-secret".into() },
        ZendeskCredentials::AccessToken("wrong-secret".into()),
    ] {
        let stranger =
            connect(deskbell_servers::helpdesk::zendesk::ZendeskConfig { credentials, ..account.config.clone() }).await;
        let failure = call(&stranger, "get_ticket", wanted.clone()).await.structured_content.unwrap();
        assert_eq!((&failure["http_status"], &failure["error_kind"]), (&json!(401), &json!("permanent")));
        assert!(!failure.to_string().contains("wrong-secret"));
    }
    let mut config = account.config.clone();
    config.credentials = ZendeskCredentials::AccessToken(ACCESS_TOKEN.into());
    let bearer = call(&connect(config).await, "get_ticket", wanted).await;
    assert_ne!(bearer.is_error, Some(true));
}

#[tokio::test]
async fn what_zendesk_refuses_is_permanent_and_says_why() {
    let account = Account::start().await;
    account.ticket("a").await;
    account.done("set_status", json!({ "ticket_id": "1", "status": "closed" })).await;
    for (tool, arguments, expected) in [
        ("get_ticket", json!({ "ticket_id": "99" }), "no such object"),
        ("get_ticket", json!({ "ticket_id": "../users/me" }), "no ticket id"),
        ("add_internal_note", json!({ "ticket_id": "1", "internal_note": "x" }), "closed prevents"),
        ("add_internal_note", json!({ "ticket_id": "1", "internal_note": "  " }), "empty"),
        (
            "reply_publicly",
            json!({ "ticket_id": "99", "public_message": "x", "idempotency_key": "k" }),
            "no such object",
        ),
        ("assign_ticket", json!({ "ticket_id": "1", "group": "Nobody" }), "choose one of Support, Billing, Platform"),
        ("assign_ticket", json!({ "ticket_id": "1" }), "Give a group"),
        ("change_tags", json!({ "ticket_id": "1" }), "Give tags"),
        ("change_tags", json!({ "ticket_id": "1", "add": ["two words"] }), "without spaces"),
        ("create_ticket", json!({ "subject": " ", "internal_note": "x" }), "subject is empty"),
        (
            "create_ticket",
            json!({ "subject": "a", "internal_note": "x", "requester_email": "nobody" }),
            "not properly formatted",
        ),
        (
            "create_ticket",
            json!({ "subject": "a", "internal_note": "x", "assignee_email": "ivy@customer.example" }),
            "not an agent",
        ),
    ] {
        let failure = account.failed(tool, arguments).await;
        assert_eq!(failure["error_kind"], "permanent", "{failure}");
        assert!(failure["message"].as_str().unwrap().contains(expected), "{failure}");
    }
    assert_eq!(account.zendesk.counts().tickets, 1);
}

#[tokio::test]
async fn a_mark_is_found_behind_many_updates() {
    let account = Account::start().await;
    let id = account.ticket("a").await;
    let first = json!({ "ticket_id": id, "internal_note": "first", "idempotency_key": "c" });
    account.done("add_internal_note", first.clone()).await;
    for number in 0..150 {
        account.zendesk.requester_answers(1, &format!("still waiting {number}"));
    }
    assert_eq!(account.done("add_internal_note", first).await["created"], false);
}

#[tokio::test]
async fn the_key_itself_leaves_only_as_a_mark() {
    let account = Account::start().await;
    let mut wanted = ticket();
    wanted["idempotency_key"] = json!("a key with words");
    account.done("create_ticket", wanted).await;
    let sent = account.passed().into_iter().find(|passed| passed.method == "POST").unwrap();
    let mark = sent.idempotency_key.unwrap();
    assert!(mark.starts_with("deskbell-") && sent.body["ticket"]["external_id"] == mark.as_str(), "{mark}");
}
