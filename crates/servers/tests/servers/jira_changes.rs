//! Changes that the Jira tools make once, in both editions.

use deskbell_sandbox::faults::Fault;
use deskbell_servers::jira::Edition;
use serde_json::{Value, json};

use crate::site::Site;

const EDITIONS: [Edition; 2] = [Edition::Cloud, Edition::DataCenter];

async fn with_issues(edition: Edition, count: usize) -> Site {
    let site = Site::of(edition, 0..=0).await;
    for number in 1..=count {
        let summary = format!("Refund {number} fails");
        site.done("create_issue", json!({ "project_key": "PAY", "issue_type": "Bug", "summary": summary })).await;
    }
    site
}

async fn issue(site: &Site, key: &str) -> Value {
    site.done("get_issue", json!({ "issue_key": key })).await
}

#[tokio::test]
async fn labels_are_added_and_removed_and_others_stay() {
    for edition in EDITIONS {
        let site = with_issues(edition, 1).await;
        let edit = |add: Value, remove: Value| json!({ "issue_key": "PAY-1", "add": add, "remove": remove });
        let first = site.done("edit_labels", edit(json!(["vip", "eu"]), Value::Null)).await;
        assert_eq!((&first["labels"], &first["changed"]), (&json!(["vip", "eu"]), &json!(true)));
        let second = site.done("edit_labels", edit(json!(["eu"]), json!(["vip", "gone"]))).await;
        assert_eq!(second["labels"], json!(["eu"]));
        let again = site.done("edit_labels", edit(json!(["eu"]), json!(["vip"]))).await;
        assert_eq!(again["changed"], false);
        assert_eq!(issue(&site, "PAY-1").await["labels"], json!(["eu"]));
        for (add, remove, expected) in [
            (json!(["two words"]), Value::Null, "without spaces"),
            (json!(["a"]), json!(["a"]), "both"),
            (Value::Null, Value::Null, "to add or to remove"),
        ] {
            let failure = site.failed("edit_labels", edit(add, remove)).await;
            assert!(failure["message"].as_str().unwrap().contains(expected), "{failure}");
        }
    }
}

#[tokio::test]
async fn a_link_reads_as_it_was_said_and_is_made_once() {
    for edition in EDITIONS {
        let site = with_issues(edition, 2).await;
        let link = |kind: &str| json!({ "from_issue_key": "PAY-2", "link_type": kind, "to_issue_key": "PAY-1" });
        let linked = site.done("link_issues", link("is blocked by")).await;
        assert_eq!((&linked["from"], &linked["to"]), (&json!("PAY-1"), &json!("PAY-2")));
        assert_eq!(site.done("link_issues", link("is blocked by")).await["changed"], false);
        let seen = |issue: &Value| (issue["links"][0]["relation"].clone(), issue["links"][0]["key"].clone());
        assert_eq!(seen(&issue(&site, "PAY-1").await), (json!("blocks"), json!("PAY-2")));
        assert_eq!(seen(&issue(&site, "PAY-2").await), (json!("is blocked by"), json!("PAY-1")));
        assert_eq!(issue(&site, "PAY-2").await["links"].as_array().unwrap().len(), 1);
        let failure = site.failed("link_issues", link("adores")).await;
        assert!(failure["message"].as_str().unwrap().contains("Blocks (blocks), Duplicate (duplicates)"), "{failure}");
    }
}

#[tokio::test]
async fn a_change_with_a_key_happens_once_whatever_happens_in_between() {
    for edition in EDITIONS {
        let site = with_issues(edition, 1).await;
        let keyed = |mut arguments: Value, key: &str| {
            arguments["issue_key"] = json!("PAY-1");
            arguments["idempotency_key"] = json!(key);
            arguments
        };
        let changes = [
            ("transition_issue", json!({ "to_status": "Done" }), json!({ "to_status": "To Do" }), "status", "To Do"),
            ("set_priority", json!({ "priority": "Highest" }), json!({ "priority": "Low" }), "priority", "Low"),
        ];
        for (tool, change, other, field, left) in changes {
            let (first, second) = (format!("{tool}/1"), format!("{tool}/2"));
            assert_eq!(site.done(tool, keyed(change.clone(), &first)).await["changed"], true);
            assert_eq!(site.done(tool, keyed(other, &second)).await["changed"], true);
            assert_eq!(site.done(tool, keyed(change, &first)).await["changed"], false, "{tool}");
            assert_eq!(issue(&site, "PAY-1").await[field], left);
        }
        let (ana, ben) = match edition {
            Edition::Cloud => ("712020:ana", "712020:ben"),
            Edition::DataCenter => ("ana", "ben"),
        };
        for (name, key, changed) in [(ana, "a/1", true), (ben, "a/2", true), (ana, "a/1", false)] {
            let assigned = site.done("assign_issue", keyed(json!({ "account_id": name }), key)).await;
            assert_eq!(assigned["changed"], changed);
        }
        assert_eq!(site.jira.snapshot()["issues"][0]["assignee"], "Ben Okafor");
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_transition_is_repeated_without_a_second_one() {
    for edition in EDITIONS {
        let site = with_issues(edition, 1).await;
        let to_done = json!({ "issue_key": "PAY-1", "transition_id": "41", "idempotency_key": "k" });
        site.fault_once("jira:POST /issue/{key}/transitions", Fault::LostResponse);
        assert_eq!(site.failed("transition_issue", to_done.clone()).await["error_kind"], "transient");
        let repeated = site.done("transition_issue", to_done).await;
        assert_eq!((&repeated["status"], &repeated["changed"]), (&json!("Done"), &json!(false)));
        assert_eq!(site.jira.counts().transitions, 1);
        let done = issue(&site, "PAY-1").await;
        assert_eq!(done["resolution"], "Done");
        assert!(done["resolved"].is_string());
    }
}

#[tokio::test]
async fn calls_at_once_with_one_key_make_one_issue_although_the_search_lags() {
    for edition in EDITIONS {
        let site = Site::of(edition, 600_000..=600_000).await;
        let issue =
            || json!({ "project_key": "PAY", "issue_type": "Bug", "summary": "Refund fails", "idempotency_key": "k" });
        let (first, second) = tokio::join!(site.done("create_issue", issue()), site.done("create_issue", issue()));
        assert_eq!(first["key"], second["key"]);
        assert_eq!(site.done("create_issue", issue()).await["created"], false);
        assert_eq!(site.jira.counts().issues, 1);
    }
}

#[tokio::test]
async fn a_comment_is_found_by_its_key() {
    for edition in EDITIONS {
        let site = with_issues(edition, 1).await;
        let find = || json!({ "issue_key": "PAY-1", "idempotency_key": "c" });
        assert_eq!(site.done("find_comment_by_idempotency_key", find()).await["found"], Value::Null);
        let mut comment = find();
        comment["body"] = json!("{anchor:deskbell-2e7d2c03a9507ae265ec}\n\nsee **this**");
        let made = site.done("add_comment", comment.clone()).await;
        assert_eq!(site.done("add_comment", comment).await["created"], false);
        let found = site.done("find_comment_by_idempotency_key", find()).await;
        assert_eq!(found["found"]["comment_id"], made["comment_id"]);
        // What a customer writes can't pass for a mark.
        let other = json!({ "issue_key": "PAY-1", "body": "x", "idempotency_key": "other" });
        assert_eq!(site.done("add_comment", other).await["created"], true);
    }
}

#[tokio::test]
async fn a_change_tells_what_was_there_before_and_an_issue_can_be_given_back_to_nobody() {
    for edition in EDITIONS {
        let site = with_issues(edition, 1).await;
        let with = |more: Value| {
            let mut call = json!({ "issue_key": "PAY-1" });
            call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
            call
        };
        let moved =
            site.done("transition_issue", with(json!({ "to_status": "In Progress", "idempotency_key": "a" }))).await;
        assert_eq!(moved["previous"], json!({ "value": "To Do" }));
        let again =
            site.done("transition_issue", with(json!({ "to_status": "In Progress", "idempotency_key": "a" }))).await;
        assert_eq!(again.get("previous").unwrap_or(&Value::Null), &Value::Null, "the first call knew it");
        let raised = site.done("set_priority", with(json!({ "priority": "Highest" }))).await;
        assert_eq!(raised["previous"], json!({ "value": "Medium" }));
        let nobodys = site.done("assign_issue", with(json!({ "unassign": true }))).await;
        assert_eq!((&nobodys["previous"], &nobodys["changed"]), (&json!({ "value": null }), &json!(false)));
        let assigned = site.done("assign_issue", with(json!({ "email": "ben@example.com" }))).await;
        assert_eq!(assigned["previous"], json!({ "value": null }), "it was nobody's");
        let given_back = site.done("assign_issue", with(json!({ "unassign": true }))).await;
        assert_eq!(given_back["previous"]["value"], assigned["account_id"]);
        assert_eq!(issue(&site, "PAY-1").await["assignee"], Value::Null);
        let failure = site.failed("assign_issue", with(json!({ "unassign": true, "account_id": "x" }))).await;
        assert!(failure["message"].as_str().unwrap().contains("exactly one"), "{failure}");
    }
}
