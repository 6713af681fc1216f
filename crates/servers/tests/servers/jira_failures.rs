//! What the Jira tools say when Jira, or the way to it, fails.

use deskbell_sandbox::faults::Fault;
use deskbell_servers::jira::Credentials;
use serde_json::{Value, json};

use crate::site::{EMAIL, Site, call, connect};

fn issue() -> Value {
    json!({ "project_key": "PAY", "issue_type": "Bug", "summary": "a", "idempotency_key": "k" })
}

#[tokio::test]
async fn a_lost_answer_is_unknown_and_the_issue_is_found_by_its_key() {
    for fault in [Fault::LostResponse, Fault::Timeout { ms: 30_000, work_done: true }] {
        let site = Site::start().await;
        site.fault_once("jira:POST /issue", fault);
        let failure = site.failed("create_issue", issue()).await;
        assert_eq!(failure["error_kind"], "unknown");
        let key = json!({ "idempotency_key": "k" });
        let found = site.done("find_by_idempotency_key", key).await;
        assert_eq!(found["found"]["key"], "PAY-1");
        assert_eq!(site.done("create_issue", issue()).await["created"], false);
        assert_eq!(site.jira.counts().issues, 1);
    }
}

#[tokio::test]
async fn a_hang_before_the_work_is_unknown_too_and_nothing_is_repeated() {
    let site = Site::start().await;
    site.fault_once("jira:POST /issue", Fault::Timeout { ms: 30_000, work_done: false });
    let failure = site.failed("create_issue", issue()).await;
    assert_eq!(failure["error_kind"], "unknown");
    assert_eq!(site.jira.counts().issues, 0);
    assert_eq!(site.faults.fired(), 1);
}

#[tokio::test]
async fn a_server_error_after_a_creation_is_unknown_and_before_it_transient() {
    let site = Site::start().await;
    let broken = Fault::Status { status: 503, retry_after_seconds: Some(2) };
    site.fault_once("jira:POST /issue", broken.clone());
    let failure = site.failed("create_issue", issue()).await;
    assert_eq!(failure["error_kind"], "unknown");
    assert_eq!(failure["http_status"], 503);
    site.fault_once("jira:POST /search/jql", broken);
    let failure = site.failed("create_issue", issue()).await;
    assert_eq!(failure["error_kind"], "transient");
    assert_eq!(failure["retry_after_seconds"], 2);
}

#[tokio::test]
async fn a_rate_limit_is_transient_and_tells_how_long_to_wait() {
    let site = Site::start().await;
    for target in ["jira:POST /issue", "jira:GET /issue/createmeta/*"] {
        let limit = Fault::Status { status: 429, retry_after_seconds: Some(17) };
        site.fault_once(target, limit);
        let failure = site.failed("create_issue", issue()).await;
        assert_eq!(failure["error_kind"], "transient");
        assert_eq!(failure["retry_after_seconds"], 17);
    }
    assert_eq!(site.jira.counts().issues, 0);
}

#[tokio::test]
async fn a_lost_comment_is_found_again_at_once() {
    let site = Site::with_lag(600_000..=600_000).await;
    site.done("create_issue", issue()).await;
    site.fault_once("jira:POST /issue/{key}/comment", Fault::LostResponse);
    let comment = json!({ "issue_key": "PAY-1", "body": "x", "idempotency_key": "c" });
    let failure = site.failed("add_comment", comment.clone()).await;
    assert_eq!(failure["error_kind"], "unknown");
    assert_eq!(site.done("add_comment", comment).await["created"], false);
    assert_eq!(site.jira.counts().comments, 1);
}

#[tokio::test]
async fn wrong_credentials_and_missing_issues_are_permanent() {
    let site = Site::start().await;
    let failure = site.failed("get_issue", json!({ "issue_key": "PAY-99" })).await;
    assert_eq!(failure["error_kind"], "permanent");
    assert_eq!(failure["http_status"], 404);
    let mut config = site.config.clone();
    config.credentials = Credentials::Basic { user: EMAIL.into(), secret: "wrong".into() };
    let stranger = connect(config).await;
    let result = call(&stranger, "get_issue", json!({ "issue_key": "PAY-1" })).await;
    let failure = result.structured_content.unwrap();
    assert_eq!(failure["http_status"], 401);
    assert!(!failure.to_string().contains("wrong"));
}

#[tokio::test]
async fn an_unreachable_site_is_transient_because_nothing_was_sent() {
    let site = Site::start().await;
    let mut config = site.config.clone();
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    config.base_url = format!("http://{address}").parse().unwrap();
    let client = connect(config).await;
    let mut unmarked = issue();
    unmarked.as_object_mut().unwrap().remove("idempotency_key");
    let result = call(&client, "create_issue", unmarked).await;
    assert_eq!(result.structured_content.unwrap()["error_kind"], "transient");
}

#[tokio::test]
async fn a_key_can_not_leave_its_place_in_the_path() {
    let site = Site::start().await;
    let failure = site.failed("get_issue", json!({ "issue_key": "../myself" })).await;
    assert_eq!(failure["http_status"], 404);
}
