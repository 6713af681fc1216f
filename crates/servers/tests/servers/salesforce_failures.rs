//! What the Salesforce tools say when Salesforce, or the way to it, fails.

use std::time::Duration;

use axum::Router;
use axum::routing::post;
use deskbell_sandbox::faults::Fault;
use deskbell_servers::salesforce::SalesforceCredentials;
use serde_json::{Value, json};

use crate::salesforce_site::{CLIENT_ID, KEY, OTHER_KEY, Org, USERNAME, connect};
use crate::shortcut_site::{done, failed};

pub fn jwt(key: &str, username: &str) -> SalesforceCredentials {
    SalesforceCredentials::JwtBearer {
        client_id: CLIENT_ID.into(),
        username: username.into(),
        private_key: key.into(),
        audience: "https://login.salesforce.com".into(),
    }
}

fn comment() -> Value {
    json!({ "case_id": "DB-1", "text": "x", "idempotency_key": "c" })
}

#[tokio::test]
async fn an_expired_token_is_renewed_once_for_all_who_need_it() {
    let org = Org::start().await;
    org.case("DB-1").await;
    assert_eq!(org.salesforce.counts().tokens, 1);
    org.salesforce.expire_tokens();
    let calls = (0..20).map(|_| org.done("get_case", json!({ "case_id": "DB-1" })));
    futures_util::future::join_all(calls).await;
    assert_eq!(org.salesforce.counts().tokens, 2);
    // A write that was refused for its token is sent again, and once.
    org.salesforce.expire_tokens();
    assert_eq!(org.done("add_case_comment", comment()).await["created"], true);
    assert_eq!((org.salesforce.counts().comments, org.salesforce.counts().tokens), (1, 3));
}

#[tokio::test]
async fn many_at_the_start_ask_for_one_token() {
    let org = Org::start().await;
    org.fault_once("salesforce:POST /services/oauth2/token", Fault::Delayed { ms: 100 });
    let calls = (0..20).map(|_| org.done("lookup_customer", json!({ "domain": "acme.example" })));
    futures_util::future::join_all(calls).await;
    assert_eq!(org.salesforce.counts().tokens, 1);
}

#[tokio::test]
async fn a_refused_login_answers_all_who_waited_and_is_asked_again_later() {
    let org = Org::start().await;
    let busy = Fault::Status { status: 503, retry_after_seconds: Some(3) };
    org.fault_once("salesforce:POST /services/oauth2/token", busy);
    let failure = org.failed("lookup_customer", json!({ "domain": "acme.example" })).await;
    assert_eq!((&failure["error_kind"], &failure["retry_after_seconds"]), (&json!("transient"), &json!(3)));
    assert_eq!(org.done("lookup_customer", json!({ "domain": "acme.example" })).await["found"], true);
    // A hanging login: its end answers all who waited, though the next one would have gone well.
    org.salesforce.expire_tokens();
    org.fault_once("salesforce:POST /services/oauth2/token", Fault::Timeout { ms: 30_000, work_done: false });
    let calls = (0..10).map(|_| org.failed("get_case", json!({ "case_id": "DB-1" })));
    for failure in futures_util::future::join_all(calls).await {
        assert_eq!(failure["error_kind"], "transient", "{failure}");
    }
}

#[tokio::test]
async fn a_token_that_ends_by_itself_is_renewed() {
    let org = Org::with(|config| config.token_lifetime = Some(Duration::ZERO)).await;
    // Good for no request: the new one is refused, too, and that is told.
    let failure = org.failed("lookup_customer", json!({ "domain": "acme.example" })).await;
    assert_eq!((&failure["error_kind"], &failure["http_status"]), (&json!("permanent"), &json!(401)));
    assert_eq!(org.salesforce.counts().tokens, 2);
}

#[tokio::test]
async fn wrong_credentials_are_permanent_and_say_what_to_check() {
    let org = Org::start().await;
    let client_credentials = |id: &str, secret: &str| SalesforceCredentials::ClientCredentials {
        client_id: id.into(),
        client_secret: secret.into(),
    };
    for (credentials, named) in [
        (client_credentials("wrong", "hush"), "DESKBELL_SALESFORCE_CLIENT_ID"),
        (client_credentials(CLIENT_ID, "hush"), "DESKBELL_SALESFORCE_CLIENT_SECRET"),
        (jwt(OTHER_KEY, USERNAME), "private key"),
        (jwt(KEY, "somebody@else.example"), "DESKBELL_SALESFORCE_USERNAME"),
    ] {
        let mut config = org.config.clone();
        config.credentials = credentials;
        let stranger = connect(config).await;
        let failure = failed(&stranger, "lookup_customer", json!({ "domain": "acme.example" })).await;
        assert_eq!(failure["error_kind"], "permanent");
        assert!(failure["message"].as_str().unwrap().contains(named), "{failure}");
        assert!(!failure.to_string().contains("hush"));
    }
    let without = Org::with(|config| config.jwt = None).await;
    let mut config = without.config.clone();
    config.credentials = jwt(KEY, USERNAME);
    let failure = failed(&connect(config).await, "get_case", json!({ "case_id": "1" })).await;
    assert_eq!(failure["error_kind"], "permanent");
}

/// A login that was taken over names another place for the token.
#[tokio::test]
async fn the_token_is_not_carried_to_a_stranger() {
    let org = Org::start().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let elsewhere = org.config.base_url.to_string();
    let token = move || async move { axum::Json(json!({ "access_token": "t", "instance_url": elsewhere })) };
    let router = Router::new().route("/services/oauth2/token", post(token));
    tokio::spawn(async move { axum::serve(listener, router).await });
    let mut config = org.config.clone();
    config.base_url = format!("http://{address}").parse().unwrap();
    let failure = failed(&connect(config).await, "get_case", json!({ "case_id": "1" })).await;
    assert_eq!(failure["error_kind"], "permanent");
    assert!(failure["message"].as_str().unwrap().contains("instance"), "{failure}");
    assert_eq!(org.salesforce.counts().requests, 0);
}

#[tokio::test]
async fn several_cases_with_one_external_id_are_told_and_left_alone() {
    let org = Org::with(|config| config.unique_external_id = false).await;
    for _ in 0..2 {
        org.record("Case", json!({ "Subject": "twin", "Deskbell_Id__c": "DB-1" })).await;
    }
    let failure = org.failed("upsert_case", json!({ "external_id": "DB-1", "subject": "a" })).await;
    assert_eq!((&failure["error_kind"], &failure["http_status"]), (&json!("permanent"), &json!(300)));
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains("2 cases") && message.contains("DESKBELL_SALESFORCE_CASE_ID_FIELD"), "{message}");
    assert_eq!(org.salesforce.counts().updates, 0);
    assert_eq!(org.failed("get_case", json!({ "case_id": "DB-1" })).await["error_kind"], "permanent");
}

#[tokio::test]
async fn a_used_up_limit_is_transient() {
    let org = Org::with(|config| config.daily_requests = Some(2)).await;
    org.case("DB-1").await;
    let failure = org.failed("upsert_case", json!({ "external_id": "DB-2", "subject": "a" })).await;
    assert_eq!((&failure["error_kind"], &failure["http_status"]), (&json!("transient"), &json!(403)));
    assert!(failure["message"].as_str().unwrap().contains("24 hours"));
}

#[tokio::test]
async fn retry_after_is_passed_on() {
    let org = Org::start().await;
    for status in [429, 503] {
        org.fault_once("salesforce:GET /query", Fault::Status { status, retry_after_seconds: Some(17) });
        let failure = org.failed("get_case", json!({ "case_id": "DB-1" })).await;
        assert_eq!((&failure["error_kind"], &failure["retry_after_seconds"]), (&json!("transient"), &json!(17)));
    }
}

#[tokio::test]
async fn a_lost_comment_is_unknown_and_found() {
    for fault in [Fault::LostResponse, Fault::Timeout { ms: 30_000, work_done: true }] {
        let org = Org::start().await;
        org.case("DB-1").await;
        org.fault_once("salesforce:POST /sobjects/CaseComment", fault);
        assert_eq!(org.failed("add_case_comment", comment()).await["error_kind"], "unknown");
        let key = json!({ "case_id": "DB-1", "idempotency_key": "c" });
        let found = org.done("find_update_by_idempotency_key", key).await;
        let again = org.done("add_case_comment", comment()).await;
        assert_eq!((&again["comment_id"], &again["created"]), (&found["found"]["comment_id"], &json!(false)));
        assert_eq!(org.salesforce.counts().comments, 1);
    }
}

#[tokio::test]
async fn a_write_back_that_broke_off_is_finished_by_the_same_call() {
    let org = Org::start().await;
    org.case("DB-1").await;
    let wanted = json!({ "case_id": "DB-1", "subject": "s", "summary": "x", "idempotency_key": "w" });
    org.fault_once("salesforce:POST /sobjects/Task", Fault::LostResponse);
    let failure = org.failed("write_back", wanted.clone()).await;
    assert_eq!(failure["error_kind"], "unknown");
    assert!(failure["message"].as_str().unwrap().contains("The comment is on the case"), "{failure}");
    assert_eq!(org.done("write_back", wanted.clone()).await["created"], false);
    let second = json!({ "case_id": "DB-1", "subject": "s", "summary": "x", "idempotency_key": "w2" });
    org.fault_once("salesforce:POST /sobjects/Task", Fault::Status { status: 503, retry_after_seconds: None });
    assert_eq!(org.failed("write_back", second.clone()).await["error_kind"], "unknown");
    assert_eq!(org.done("write_back", second).await["created"], true);
    let counts = org.salesforce.counts();
    assert_eq!((counts.comments, counts.tasks), (2, 2));
}

#[tokio::test]
async fn a_lost_upsert_may_be_repeated() {
    let org = Org::start().await;
    let before = org.salesforce.counts().cases;
    org.fault_once("salesforce:PATCH /sobjects/Case/{field}/{value}", Fault::LostResponse);
    let wanted = json!({ "subject": "a", "idempotency_key": "k" });
    assert_eq!(org.failed("upsert_case", wanted.clone()).await["error_kind"], "transient");
    let found = org.done("find_by_idempotency_key", json!({ "idempotency_key": "k" })).await;
    let again = org.done("upsert_case", wanted).await;
    assert_eq!((&again["case_id"], &again["created"]), (&found["found"]["case_id"], &json!(false)));
    assert_eq!(org.salesforce.counts().cases, before + 1);
}

#[tokio::test]
async fn a_saved_case_whose_number_can_t_be_read_is_saved() {
    let org = Org::start().await;
    org.fault_once("salesforce:GET /query", Fault::Status { status: 500, retry_after_seconds: None });
    let made = org.done("upsert_case", json!({ "external_id": "DB-1", "subject": "a" })).await;
    assert_eq!((&made["created"], &made["key"]), (&json!(true), &made["case_id"]));
}

#[tokio::test]
async fn what_salesforce_refuses_is_permanent_and_names_the_field() {
    let org = Org::start().await;
    org.case("DB-1").await;
    for (tool, arguments, named) in [
        ("upsert_case", json!({ "external_id": "DB-2", "priority": "Super" }), "Priority"),
        ("upsert_case", json!({ "external_id": "..", "subject": "a" }), "external_id"),
        ("upsert_case", json!({ "subject": "a" }), "idempotency_key"),
        ("upsert_case", json!({ "external_id": "DB-2", "subject": "x".repeat(256) }), "subject"),
        ("upsert_case", json!({ "external_id": "DB-2", "account_id": "1" }), "account_id"),
        ("upsert_case", json!({ "external_id": "DB-2", "account_id": "001000000000000AAA" }), "AccountId"),
        ("update_case", json!({ "case_id": "DB-1", "status": "Gone" }), "Status"),
        ("update_case", json!({ "case_id": "DB-1", "owner_id": "me" }), "owner_id"),
        ("get_case", json!({ "case_id": "500000000000000AAA" }), "no such case"),
        ("get_case", json!({ "case_id": " " }), "case_id"),
        ("add_case_comment", json!({ "case_id": "DB-1", "text": " " }), "text"),
        ("add_case_comment", json!({ "case_id": "DB-1", "text": "x".repeat(4_000) }), "write_back"),
        ("create_task", json!({ "subject": "a" }), "case_id"),
        ("create_task", json!({ "case_id": "DB-1", "subject": "a", "status": "Odd" }), "Status"),
        ("lookup_customer", json!({}), "email"),
        ("list_cases", json!({}), "account_id"),
        ("list_cases", json!({ "next_page_token": "../limits" }), "next_page_token"),
        ("list_cases", json!({ "next_page_token": "01gOld-200" }), "next_page_token"),
    ] {
        let failure = org.failed(tool, arguments).await;
        assert_eq!(failure["error_kind"], "permanent", "{failure}");
        assert!(failure.to_string().contains(named), "{tool} {named}: {failure}");
    }
}

#[tokio::test]
async fn another_external_id_field_than_the_organisations_is_named() {
    let org = Org::start().await;
    let mut config = org.config.clone();
    config.case_id_field = deskbell_servers::salesforce::names::FieldName::parse("Other__c").unwrap();
    let client = connect(config).await;
    let failure = failed(&client, "upsert_case", json!({ "external_id": "DB-1", "subject": "a" })).await;
    assert!(failure["message"].as_str().unwrap().contains("Other__c"), "{failure}");
}

#[tokio::test]
async fn an_unreachable_salesforce_is_transient_because_nothing_was_sent() {
    let org = Org::start().await;
    let unused = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = unused.local_addr().unwrap();
    drop(unused);
    let mut config = org.config.clone();
    config.base_url = format!("http://{address}").parse().unwrap();
    let client = connect(config).await;
    assert_eq!(failed(&client, "add_case_comment", comment()).await["error_kind"], "transient");
    // An older version answers a change without a body.
    let mut config = org.config.clone();
    config.api_version = "v45.0".into();
    let old = connect(config).await;
    for created in [true, false] {
        let made = done(&old, "upsert_case", json!({ "external_id": "DB-1", "subject": "a" })).await;
        assert_eq!(made["created"], created);
    }
}
