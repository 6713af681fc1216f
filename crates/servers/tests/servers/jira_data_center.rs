//! What differs on Data Center: texts, people, paging, credentials.

use deskbell_servers::jira::{Credentials, Edition};
use serde_json::{Value, json};

use crate::site::{Site, TOKEN, call, connect};

async fn start() -> Site {
    Site::of(Edition::DataCenter, 0..=0).await
}

#[tokio::test]
async fn an_issue_is_created_with_everything_that_was_given() {
    let site = start().await;
    let created = site
        .done(
            "create_issue",
            json!({
                "project_key": "PAY", "issue_type": "bug", "summary": "Refund fails",
                "description": "# Steps\n\n1. pay\n2. **refund** [~admin]", "priority": "High",
                "labels": ["vip"], "components": ["Refunds"], "assignee_account_id": "ana",
                "idempotency_key": "T-1/create",
            }),
        )
        .await;
    assert_eq!((&created["key"], &created["created"]), (&json!("PAY-1"), &json!(true)));
    let sent = site.jira.exchanges().into_iter().find(|sent| sent.method == "POST" && sent.path == "/rest/api/2/issue");
    let fields = sent.unwrap().body["fields"].clone();
    assert_eq!(fields["description"], "h1. Steps\n\n# pay\n# *refund* \\[\\~admin\\]");
    assert_eq!(fields["assignee"], json!({ "name": "ana" }));
    let issue = site.done("get_issue", json!({ "issue_key": "PAY-1" })).await;
    assert_eq!(issue["description"], "Steps\n\n# pay\n# *refund* [~admin]");
    assert_eq!(issue["assignee"], json!({ "account_id": "ana", "display_name": "Ana Torres" }));
    assert_eq!(issue["components"], json!(["Refunds"]));
    let key = json!({ "idempotency_key": "T-1/create" });
    assert_eq!(site.done("find_by_idempotency_key", key).await["found"]["key"], "PAY-1");
}

#[tokio::test]
async fn searches_are_paged_by_offset() {
    let site = start().await;
    for _ in 0..5 {
        let issue = json!({ "project_key": "PAY", "issue_type": "Bug", "summary": "Refund fails" });
        site.done("create_issue", issue).await;
    }
    let mut keys = Vec::new();
    let mut token = Value::Null;
    loop {
        let query = json!({ "jql": "project = PAY ORDER BY created ASC", "max_results": 2, "next_page_token": token });
        let page = site.done("search_issues", query).await;
        keys.extend(page["issues"].as_array().unwrap().iter().map(|issue| issue["key"].clone()));
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(keys, ["PAY-1", "PAY-2", "PAY-3", "PAY-4", "PAY-5"]);
    let bad = json!({ "jql": "project = PAY", "next_page_token": "b2Zmc2V0OjI=" });
    assert_eq!(site.failed("search_issues", bad).await["error_kind"], "permanent");
}

#[tokio::test]
async fn people_go_by_user_name_or_address() {
    let site = start().await;
    site.done("create_issue", json!({ "project_key": "PAY", "issue_type": "Bug", "summary": "a" })).await;
    let assign = |name: &str, value: &str| json!({ "issue_key": "PAY-1", name: value });
    let assigned = site.done("assign_issue", assign("email", "ben@example.com")).await;
    assert_eq!((&assigned["account_id"], &assigned["changed"]), (&json!("ben"), &json!(true)));
    assert_eq!(site.done("assign_issue", assign("account_id", "ben")).await["changed"], false);
    assert_eq!(site.failed("assign_issue", assign("account_id", "nobody")).await["http_status"], 400);
    assert_eq!(site.jira.snapshot()["issues"][0]["assignee"], "Ben Okafor");
}

#[tokio::test]
async fn a_user_may_sign_in_with_a_password_and_a_stranger_may_not() {
    let site = start().await;
    let basic = |secret: &str| Credentials::Basic { user: "deskbell".into(), secret: secret.into() };
    for (credentials, status) in [(basic(TOKEN), 404), (basic("wrong"), 401), (Credentials::Bearer("no".into()), 401)] {
        let mut config = site.config.clone();
        config.credentials = credentials;
        let client = connect(config).await;
        let result = call(&client, "get_issue", json!({ "issue_key": "PAY-1" })).await;
        let failure = result.structured_content.unwrap();
        assert_eq!(failure["http_status"], status);
        assert!(!failure.to_string().contains("wrong"));
    }
}
