//! What the Jira tools do when all goes well, and which input they refuse.

use serde_json::{Value, json};

use crate::site::Site;

#[tokio::test]
async fn tools_are_listed_with_schemas_and_honest_hints() {
    let site = Site::start().await;
    let tools = site.client.list_all_tools().await.unwrap();
    let hints: Vec<(String, bool, bool)> = tools
        .iter()
        .map(|tool| {
            let hints = tool.annotations.as_ref().unwrap();
            assert!(tool.description.as_ref().unwrap().len() > 10);
            assert_eq!(tool.input_schema["type"], "object");
            assert_eq!(tool.output_schema.as_ref().unwrap()["type"], "object");
            (tool.name.to_string(), hints.read_only_hint.unwrap(), hints.idempotent_hint.unwrap())
        })
        .collect();
    let expected = [
        ("add_comment", false, false),
        ("assign_issue", false, true),
        ("create_issue", false, false),
        ("edit_labels", false, true),
        ("find_by_idempotency_key", true, true),
        ("find_comment_by_idempotency_key", true, true),
        ("find_similar_issues", true, true),
        ("get_create_fields", true, true),
        ("get_issue", true, true),
        ("get_issue_changelog", true, true),
        ("get_issue_sprint", true, true),
        ("link_issues", false, true),
        ("list_boards", true, true),
        ("list_components", true, true),
        ("list_projects", true, true),
        ("list_sprints", true, true),
        ("list_statuses", true, true),
        ("list_transitions", true, true),
        ("search_issues", true, true),
        ("set_priority", false, true),
        ("transition_issue", false, true),
    ];
    assert_eq!(hints, expected.map(|(n, r, i)| (n.to_owned(), r, i)));
}

#[tokio::test]
async fn an_issue_is_created_with_everything_that_was_given() {
    let site = Site::start().await;
    let created = site
        .done(
            "create_issue",
            json!({
                "project_key": "PAY", "issue_type": "bug", "summary": "Refund fails",
                "description": "# Steps\n\n1. pay\n2. **refund**", "priority": "High",
                "labels": ["vip"], "components": ["Refunds"], "assignee_account_id": "712020:ana",
                "idempotency_key": "T-1/create",
            }),
        )
        .await;
    assert_eq!(created["key"], "PAY-1");
    assert_eq!(created["created"], true);
    let issue = site.done("get_issue", json!({ "issue_key": "PAY-1" })).await;
    assert_eq!(issue["url"], created["url"]);
    assert_eq!(issue["description"], "Steps\npay\nrefund");
    assert_eq!(issue["priority"], "High");
    assert_eq!(issue["assignee"]["display_name"], "Ana Torres");
    assert_eq!(issue["issue_type"], "Bug");
    assert_eq!(issue["labels"].as_array().unwrap().len(), 2);
    let page = reqwest::get(created["url"].as_str().unwrap()).await.unwrap();
    assert!(page.text().await.unwrap().contains("Refund fails"));
}

#[tokio::test]
async fn the_same_key_makes_one_issue() {
    let site = Site::start().await;
    let issue = json!({
        "project_key": "PLAT", "issue_type": "Task", "summary": "a", "idempotency_key": "k",
    });
    let first = site.done("create_issue", issue.clone()).await;
    let second = site.done("create_issue", issue).await;
    assert_eq!(second["key"], first["key"]);
    assert_eq!(second["created"], false);
    assert_eq!(site.jira.counts().issues, 1);
}

#[tokio::test]
async fn a_lagging_search_finds_nothing_yet_and_says_so_beforehand() {
    let site = Site::with_lag(600_000..=600_000).await;
    let key = json!({ "idempotency_key": "k" });
    site.done(
        "create_issue",
        json!({ "project_key": "PAY", "issue_type": "Bug", "summary": "a", "idempotency_key": "k" }),
    )
    .await;
    let found = site.done("find_by_idempotency_key", key).await;
    assert_eq!(found["found"], Value::Null);
    let tools = site.client.list_all_tools().await.unwrap();
    let tool = tools.iter().find(|tool| tool.name == "find_by_idempotency_key");
    assert!(tool.unwrap().description.as_ref().unwrap().contains("lags"));
}

#[tokio::test]
async fn the_same_key_makes_one_comment() {
    let site = Site::start().await;
    create_plain(&site).await;
    let comment = json!({ "issue_key": "PAY-1", "body": "see *this*", "idempotency_key": "c" });
    let first = site.done("add_comment", comment.clone()).await;
    let second = site.done("add_comment", comment).await;
    assert_eq!((&first["created"], &second["created"]), (&json!(true), &json!(false)));
    assert_eq!(first["comment_id"], second["comment_id"]);
    for _ in 0..2 {
        site.done("add_comment", json!({ "issue_key": "PAY-1", "body": "again" })).await;
    }
    assert_eq!(site.jira.counts().comments, 3);
    assert_eq!(site.jira.snapshot()["issues"][0]["comments"][0]["text"], "see this");
}

#[tokio::test]
async fn an_old_comment_is_found_behind_many_newer_ones() {
    let site = Site::start().await;
    create_plain(&site).await;
    let comment = json!({ "issue_key": "PAY-1", "body": "first", "idempotency_key": "c" });
    site.done("add_comment", comment.clone()).await;
    for _ in 0..150 {
        site.done("add_comment", json!({ "issue_key": "PAY-1", "body": "x" })).await;
    }
    assert_eq!(site.done("add_comment", comment).await["created"], false);
}

#[tokio::test]
async fn an_issue_moves_by_status_name_and_stays_when_it_is_there() {
    let site = Site::start().await;
    create_plain(&site).await;
    let to = |status: &str| json!({ "issue_key": "PAY-1", "to_status": status });
    let moved = site.done("transition_issue", to("in progress")).await;
    assert_eq!((&moved["status"], &moved["changed"]), (&json!("In Progress"), &json!(true)));
    let stayed = site.done("transition_issue", to("In Progress")).await;
    assert_eq!(stayed["changed"], false);
    assert_eq!(site.jira.counts().transitions, 1);
    let failure = site.failed("transition_issue", to("Cancelled")).await;
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains("To Do, In Progress, In Review, Done"), "{message}");
    let by_id = json!({ "issue_key": "PAY-1", "transition_id": "41" });
    assert_eq!(site.done("transition_issue", by_id).await["status"], "Done");
}

#[tokio::test]
async fn assignment_takes_an_account_or_an_address() {
    let site = Site::start().await;
    create_plain(&site).await;
    let assigned = site.done("assign_issue", json!({ "issue_key": "PAY-1", "email": "BEN@example.com" })).await;
    assert_eq!(assigned["account_id"], "712020:ben");
    assert_eq!(site.jira.snapshot()["issues"][0]["assignee"], "Ben Okafor");
    for arguments in [
        json!({ "issue_key": "PAY-1", "email": "nobody@example.com" }),
        json!({ "issue_key": "PAY-1" }),
        json!({ "issue_key": "PAY-1", "account_id": "712020:nobody" }),
    ] {
        let failure = site.failed("assign_issue", arguments).await;
        assert_eq!(failure["error_kind"], "permanent");
    }
}

#[tokio::test]
async fn priority_is_set_and_checked() {
    let site = Site::start().await;
    create_plain(&site).await;
    let set = |name: &str| json!({ "issue_key": "PAY-1", "priority": name });
    site.done("set_priority", set("Highest")).await;
    assert_eq!(site.jira.snapshot()["issues"][0]["priority"], "Highest");
    let failure = site.failed("set_priority", set("Urgent")).await;
    assert_eq!(failure["field_errors"]["priority"], "Priority name 'Urgent' is not valid");
}

#[tokio::test]
async fn searches_are_paged() {
    let site = Site::start().await;
    for _ in 0..5 {
        create_plain(&site).await;
    }
    let mut keys = Vec::new();
    let mut token = Value::Null;
    loop {
        let query = json!({
            "jql": "project = PAY AND text ~ refund ORDER BY created ASC",
            "max_results": 2, "next_page_token": token,
        });
        let page = site.done("search_issues", query).await;
        keys.extend(page["issues"].as_array().unwrap().iter().map(|issue| issue["key"].clone()));
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(keys, ["PAY-1", "PAY-2", "PAY-3", "PAY-4", "PAY-5"]);
    let failure = site.failed("search_issues", json!({ "jql": "ORDER BY created" })).await;
    assert!(failure["message"].as_str().unwrap().contains("Unbounded JQL"));
}

#[tokio::test]
async fn a_refused_creation_names_what_to_mend() {
    let site = Site::start().await;
    let base = json!({ "project_key": "SUP", "issue_type": "Task", "summary": "a" });
    for (change, expected) in [
        (json!({ "project_key": "NOPE" }), "no project NOPE"),
        (json!({ "issue_type": "Epic" }), "it has Bug, Task, Story, Incident"),
        (json!({ "issue_type": "Incident" }), "needs a value for Impact"),
        (json!({ "priority": "Urgent" }), "choose one of Highest, High, Medium, Low, Lowest"),
        (json!({ "components": ["Web"] }), "choose one of General"),
        (json!({ "extra_fields": { "customfield_1": 1 } }), "customfield_1 is not on the create screen"),
        (json!({ "labels": ["two words"] }), "contains spaces"),
        (json!({ "summary": "a\nb" }), "newline"),
        (json!({ "assignee_account_id": "x" }), "User 'x' does not exist"),
    ] {
        let mut arguments = base.clone();
        let extra = change.as_object().unwrap().clone();
        arguments.as_object_mut().unwrap().extend(extra);
        let failure = site.failed("create_issue", arguments).await;
        let message = failure["message"].as_str().unwrap();
        assert!(message.contains(expected), "{message}");
        assert_eq!(failure["error_kind"], "permanent");
    }
    assert_eq!(site.jira.counts().issues, 0);
    let mut complete = base;
    complete["issue_type"] = json!("Incident");
    complete["extra_fields"] = json!({ "customfield_10050": "Major" });
    site.done("create_issue", complete).await;
}

#[tokio::test]
async fn bad_arguments_are_an_error_that_names_them() {
    let site = Site::start().await;
    let result = site.call("create_issue", json!({ "project_key": "PAY", "colour": "red" })).await;
    assert_eq!(result.is_error, Some(true));
    let text = &result.content[0].as_text().unwrap().text;
    assert!(text.contains("colour"), "{text}");
}

async fn create_plain(site: &Site) {
    site.done("create_issue", json!({ "project_key": "PAY", "issue_type": "Bug", "summary": "Refund fails" })).await;
}
