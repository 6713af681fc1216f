//! What the Shortcut tools say when Shortcut, or the way to it, fails.

use deskbell_sandbox::faults::Fault;
use serde_json::{Value, json};

use crate::shortcut_site::{Workspace, connect, done, failed};

fn story() -> Value {
    json!({ "name": "a", "team": "payments", "idempotency_key": "k" })
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_story_is_found_by_its_key() {
    for fault in [Fault::LostResponse, Fault::Timeout { ms: 30_000, work_done: true }] {
        let workspace = Workspace::start().await;
        workspace.fault_once("shortcut:POST /stories", fault);
        let failure = workspace.failed("create_story", story()).await;
        assert_eq!(failure["error_kind"], "unknown");
        let found = workspace.done("find_by_idempotency_key", json!({ "idempotency_key": "k" })).await;
        let again = workspace.done("create_story", story()).await;
        assert_eq!((&again["story_id"], &again["created"]), (&found["found"]["story_id"], &json!(false)));
        assert_eq!(workspace.shortcut.counts().stories, 1);
    }
}

/// The story is there, its answer got lost, and no search shows it.
#[tokio::test]
async fn behind_a_lagging_search_a_repeated_key_waits_and_makes_nothing() {
    let workspace = Workspace::with(600_000..=600_000, None).await;
    workspace.fault_once("shortcut:POST /stories", Fault::LostResponse);
    assert_eq!(workspace.failed("create_story", story()).await["error_kind"], "unknown");
    let found = workspace.done("find_by_idempotency_key", json!({ "idempotency_key": "k" })).await;
    assert_eq!(found["found"], Value::Null);
    for _ in 0..3 {
        let failure = workspace.failed("create_story", story()).await;
        assert_eq!(failure["error_kind"], "transient");
        assert!(failure["retry_after_seconds"].as_u64().unwrap() > 80, "{failure}");
    }
    assert_eq!(workspace.shortcut.counts().stories, 1);
}

#[tokio::test]
async fn behind_a_lagging_search_a_known_story_is_given_again() {
    let workspace = Workspace::with(600_000..=600_000, None).await;
    let first = workspace.done("create_story", story()).await;
    let again = workspace.done("create_story", story()).await;
    assert_eq!((&again["story_id"], &again["created"]), (&first["story_id"], &json!(false)));
    let found = workspace.done("find_by_idempotency_key", json!({ "idempotency_key": "k" })).await;
    assert_eq!(found["found"]["story_id"], first["story_id"]);
    assert_eq!(workspace.shortcut.counts().stories, 1);
}

#[tokio::test]
async fn calls_with_one_key_at_once_make_one_story() {
    let workspace = Workspace::with(600_000..=600_000, None).await;
    let calls = (0..10).map(|_| workspace.done("create_story", story()));
    let made = futures_util::future::join_all(calls).await;
    assert_eq!(made.iter().filter(|made| made["created"] == true).count(), 1);
    assert!(made.iter().all(|one| one["story_id"] == made[0]["story_id"]));
    assert_eq!(workspace.shortcut.counts().stories, 1);
}

/// A server that was started anew knows no key: it finds the story by search.
#[tokio::test]
async fn a_server_started_anew_finds_what_the_one_before_it_made() {
    let workspace = Workspace::start().await;
    let first = workspace.done("create_story", story()).await;
    let anew = connect(workspace.config.clone()).await;
    let again = done(&anew, "create_story", story()).await;
    assert_eq!((&again["story_id"], &again["created"]), (&first["story_id"], &json!(false)));
    assert_eq!(workspace.shortcut.counts().stories, 1);
}

#[tokio::test]
async fn a_refusal_leaves_the_key_free() {
    let workspace = Workspace::start().await;
    let mut refused = story();
    refused["deadline"] = json!("soon");
    assert_eq!(workspace.failed("create_story", refused).await["error_kind"], "permanent");
    assert_eq!(workspace.done("create_story", story()).await["created"], true);
}

#[tokio::test]
async fn a_lost_comment_is_found_again_at_once() {
    let workspace = Workspace::with(600_000..=600_000, None).await;
    let id = workspace.story("a").await;
    workspace.fault_once("shortcut:POST /stories/{id}/comments", Fault::LostResponse);
    let comment = json!({ "story_id": id, "text": "x", "idempotency_key": "c" });
    assert_eq!(workspace.failed("add_comment", comment.clone()).await["error_kind"], "unknown");
    assert_eq!(workspace.done("add_comment", comment).await["created"], false);
    assert_eq!(workspace.shortcut.counts().comments, 1);
}

#[tokio::test]
async fn a_lost_update_may_be_repeated() {
    let workspace = Workspace::start().await;
    let id = workspace.story("a").await;
    workspace.fault_once("shortcut:PUT /stories/{id}", Fault::LostResponse);
    let wanted = json!({ "story_id": id, "add_labels": ["vip"], "idempotency_key": "u" });
    assert_eq!(workspace.failed("update_story", wanted.clone()).await["error_kind"], "transient");
    let again = workspace.done("update_story", wanted).await;
    assert_eq!((&again["changed"], &again["story"]["labels"]), (&json!(false), &json!(["vip"])));
    assert_eq!(workspace.shortcut.counts().updates, 1);
}

#[tokio::test]
async fn a_server_error_after_a_creation_is_unknown_and_before_it_transient() {
    let workspace = Workspace::start().await;
    let broken = Fault::Status { status: 503, retry_after_seconds: Some(2) };
    workspace.fault_once("shortcut:POST /stories", broken.clone());
    let failure = workspace.failed("create_story", story()).await;
    assert_eq!((&failure["error_kind"], &failure["http_status"]), (&json!("unknown"), &json!(503)));
    workspace.fault_once("shortcut:POST /stories/search", broken);
    let failure = workspace.failed("create_story", story()).await;
    assert_eq!((&failure["error_kind"], &failure["retry_after_seconds"]), (&json!("transient"), &json!(2)));
}

#[tokio::test]
async fn a_rate_limit_is_transient_and_tells_how_long_to_wait() {
    let workspace = Workspace::start().await;
    // The list of teams is asked for once, then kept.
    for target in ["shortcut:GET /groups", "shortcut:POST /stories"] {
        workspace.fault_once(target, Fault::Status { status: 429, retry_after_seconds: Some(17) });
        let failure = workspace.failed("create_story", story()).await;
        assert_eq!((&failure["error_kind"], &failure["retry_after_seconds"]), (&json!("transient"), &json!(17)));
    }
    assert_eq!(workspace.shortcut.counts().stories, 0);
    assert_eq!(workspace.done("create_story", story()).await["created"], true);
}

#[tokio::test]
async fn the_boxs_own_limit_is_told_too() {
    let workspace = Workspace::with(0..=0, Some(2)).await;
    for _ in 0..2 {
        workspace.done("list_labels", json!({})).await;
    }
    let failure = workspace.failed("list_labels", json!({})).await;
    assert_eq!((&failure["error_kind"], &failure["http_status"]), (&json!("transient"), &json!(429)));
    assert!((1..=60).contains(&failure["retry_after_seconds"].as_u64().unwrap()));
}

#[tokio::test]
async fn a_wrong_token_and_unknown_ids_are_permanent() {
    let workspace = Workspace::start().await;
    for (tool, arguments) in [
        ("get_story", json!({ "story_id": 999 })),
        ("update_story", json!({ "story_id": 999, "name": "b" })),
        ("add_comment", json!({ "story_id": "sc-999", "text": "x" })),
        ("link_external_url", json!({ "story_id": "999", "url": "https://a.example" })),
    ] {
        let failure = workspace.failed(tool, arguments).await;
        assert_eq!((&failure["error_kind"], &failure["http_status"]), (&json!("permanent"), &json!(404)), "{tool}");
    }
    let mut config = workspace.config.clone();
    config.api_token = "wrong".into();
    let stranger = connect(config).await;
    let failure = failed(&stranger, "get_story", json!({ "story_id": 1 })).await;
    assert_eq!((&failure["error_kind"], &failure["http_status"]), (&json!("permanent"), &json!(401)));
    assert!(failure["message"].as_str().unwrap().contains("DESKBELL_SHORTCUT_API_TOKEN"));
    assert!(!failure.to_string().contains("wrong"));
}

#[tokio::test]
async fn an_unreachable_shortcut_is_transient_because_nothing_was_sent() {
    let workspace = Workspace::start().await;
    let mut config = workspace.config.clone();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    config.base_url = format!("http://{address}").parse().unwrap();
    let client = connect(config).await;
    assert_eq!(failed(&client, "create_story", story()).await["error_kind"], "transient");
}
