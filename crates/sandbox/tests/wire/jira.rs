//! The Jira site: its two editions, what they refuse, its history, and its signed webhooks.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use deskbell_sandbox::jira::HookTarget;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Received, Scene};

const EMAIL: &str = "deskbell@northwind.example";
const TOKEN: &str = "sandbox-jira-token";
const SECRET: &str = "hook-secret";

fn cloud(scene: &Scene, method: &str, path: &str) -> RequestBuilder {
    let url = scene.url(&format!("/jira/rest/api/3{path}"));
    scene.http.request(method.parse().unwrap(), url).basic_auth(EMAIL, Some(TOKEN))
}

fn data_center(scene: &Scene, method: &str, path: &str) -> RequestBuilder {
    let url = scene.url(&format!("/jira/rest/api/2{path}"));
    scene.http.request(method.parse().unwrap(), url).bearer_auth(TOKEN)
}

async fn answer(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

fn bug(description: &Value) -> Value {
    json!({ "fields": {
        "project": { "key": "PAY" }, "issuetype": { "name": "Bug" }, "summary": "Refund fails", "description": description,
    } })
}

#[tokio::test]
async fn each_edition_takes_its_own_credentials() {
    let scene = Scene::new().await;
    let info = |request: RequestBuilder| async move { answer(request).await.1["deploymentType"].clone() };
    assert_eq!(info(cloud(&scene, "GET", "/serverInfo")).await, "Cloud");
    assert_eq!(info(data_center(&scene, "GET", "/serverInfo")).await, "Server");
    let password = scene.http.get(scene.url("/jira/rest/api/2/myself")).basic_auth("deskbell", Some(TOKEN));
    assert_eq!(answer(password).await.1["name"], "deskbell");
    for path in ["/jira/rest/api/3/myself", "/jira/rest/api/2/myself"] {
        let url = scene.url(path);
        let wrong_edition = if path.contains("/3/") {
            scene.http.get(&url).bearer_auth(TOKEN)
        } else {
            scene.http.get(&url).basic_auth(EMAIL, Some(TOKEN))
        };
        for request in [scene.http.get(&url), scene.http.get(&url).bearer_auth("x"), wrong_edition] {
            assert_eq!(answer(request).await.0, 401, "{path}");
        }
    }
}

#[tokio::test]
async fn a_text_is_a_document_on_cloud_and_markup_on_data_center() {
    let scene = Scene::new().await;
    let document = json!({ "type": "doc", "version": 1, "content": [
        { "type": "paragraph", "content": [{ "type": "text", "text": "steps" }] }
    ] });
    for (request, expected) in [
        (cloud(&scene, "POST", "/issue").json(&bug(&json!("steps"))), "Atlassian Document"),
        (data_center(&scene, "POST", "/issue").json(&bug(&document)), "must be a string"),
    ] {
        let (status, refused) = answer(request).await;
        assert_eq!(status, 400);
        assert!(refused["errors"]["description"].as_str().unwrap().contains(expected), "{refused}");
    }
    assert_eq!(answer(cloud(&scene, "POST", "/issue").json(&bug(&document))).await.0, 201);
    assert_eq!(answer(data_center(&scene, "POST", "/issue").json(&bug(&json!("h1. steps")))).await.0, 201);
    let read = async |request: RequestBuilder| answer(request).await.1["fields"]["description"].clone();
    assert_eq!(read(cloud(&scene, "GET", "/issue/PAY-1")).await, document);
    assert_eq!(read(data_center(&scene, "GET", "/issue/PAY-1")).await, "steps");
    assert_eq!(read(data_center(&scene, "GET", "/issue/PAY-2")).await, "h1. steps");
    assert_eq!(read(cloud(&scene, "GET", "/issue/PAY-2")).await["type"], "doc");
}

#[tokio::test]
async fn data_center_pages_by_offset_and_names_people_by_user_name() {
    let scene = Scene::new().await;
    for _ in 0..3 {
        assert_eq!(answer(data_center(&scene, "POST", "/issue").json(&bug(&json!("")))).await.0, 201);
    }
    let query = [("jql", "project = PAY ORDER BY key"), ("startAt", "1"), ("maxResults", "1"), ("fields", "summary")];
    let (_, page) = answer(data_center(&scene, "GET", "/search").query(&query)).await;
    assert_eq!((&page["total"], &page["startAt"], &page["issues"][0]["key"]), (&json!(3), &json!(1), &json!("PAY-2")));
    let (status, all) = answer(data_center(&scene, "GET", "/search")).await;
    assert_eq!((status, &all["total"]), (200, &json!(3)));
    let (_, meta) = answer(data_center(&scene, "GET", "/issue/createmeta/PAY/issuetypes")).await;
    assert_eq!((&meta["values"][0]["name"], &meta["isLast"]), (&json!("Bug"), &json!(true)));
    let assign = data_center(&scene, "PUT", "/issue/PAY-1/assignee").json(&json!({ "name": "ana" }));
    assert_eq!(answer(assign).await.0, 204);
    let (_, issue) = answer(data_center(&scene, "GET", "/issue/PAY-1?fields=assignee")).await;
    assert_eq!(issue["fields"]["assignee"]["name"], "ana");
    assert_eq!(issue["fields"]["assignee"].get("accountId"), None);
    let (_, found) = answer(data_center(&scene, "GET", "/user/search?username=ben")).await;
    assert_eq!(found[0]["displayName"], "Ben Okafor");
    assert_eq!(answer(data_center(&scene, "GET", "/user?username=nobody")).await.0, 404);
}

#[tokio::test]
async fn changes_are_kept_with_who_made_them_and_properties_with_the_change() {
    let scene = Scene::new().await;
    answer(data_center(&scene, "POST", "/issue").json(&bug(&json!("")))).await;
    let edit = json!({
        "update": { "labels": [{ "add": "vip" }] }, "properties": [{ "key": "mine", "value": { "a": 1 } }],
    });
    assert_eq!(answer(cloud(&scene, "PUT", "/issue/PAY-1").json(&edit)).await.0, 204);
    assert!(scene.sandbox.jira().unwrap().move_issue("PAY-1", "done"));
    let (_, log) = answer(cloud(&scene, "GET", "/issue/PAY-1/changelog")).await;
    assert_eq!(log["total"], 2);
    assert_eq!(log["values"][0]["items"][0]["toString"], "vip");
    assert_eq!(log["values"][1]["author"]["displayName"], "Ana Torres");
    let wanted = "/issue/PAY-1?fields=resolution&properties=mine&expand=changelog";
    let (_, issue) = answer(data_center(&scene, "GET", wanted)).await;
    assert_eq!(issue["properties"]["mine"]["a"], 1);
    assert_eq!(issue["changelog"]["histories"].as_array().unwrap().len(), 2);
    assert_eq!(issue["fields"]["resolution"]["name"], "Done");
    for (body, expected) in [
        (json!({}), "required"),
        (json!({ "update": { "labels": [{ "add": "two words" }] } }), "contains spaces"),
        (json!({ "update": { "summary": [{ "set": "a" }] } }), "can only be set"),
        (json!({ "properties": [{ "key": "a" }] }), "needs a key and a value"),
    ] {
        let (status, refused) = answer(cloud(&scene, "PUT", "/issue/PAY-1").json(&body)).await;
        assert_eq!(status, 400);
        assert!(refused.to_string().contains(expected), "{refused}");
    }
}

#[tokio::test]
async fn searches_know_resolutions_categories_and_alternatives() {
    let scene = Scene::new().await;
    for _ in 0..2 {
        answer(data_center(&scene, "POST", "/issue").json(&bug(&json!("")))).await;
    }
    scene.sandbox.jira().unwrap().move_issue("PAY-2", "Done");
    for (jql, keys) in [
        ("resolution is EMPTY", &["PAY-1"][..]),
        ("resolution is not EMPTY", &["PAY-2"]),
        ("resolution = Unresolved", &["PAY-1"]),
        ("statusCategory = Done", &["PAY-2"]),
        ("statusCategory != Done", &["PAY-1"]),
        ("assignee is EMPTY AND key in (PAY-1)", &["PAY-1"]),
        ("summary ~ \"invoice OR refund\" ORDER BY key", &["PAY-1", "PAY-2"]),
        ("summary ~ \"invoice OR export\"", &[]),
    ] {
        let (_, found) = answer(data_center(&scene, "GET", "/search").query(&[("jql", jql)])).await;
        let found: Vec<&Value> = found["issues"].as_array().unwrap().iter().map(|issue| &issue["key"]).collect();
        assert_eq!(found, keys, "{jql}");
    }
}

fn is_signed(received: &Received) -> bool {
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap().chain_update(&received.body);
    let expected = format!("sha256={}", hex::encode(mac.finalize().into_bytes()));
    received.header("x-hub-signature") == Some(expected.as_str())
}

#[tokio::test]
async fn a_signed_webhook_tells_of_a_status_change() {
    let mut scene = Scene::new().await;
    let jira = scene.sandbox.jira().unwrap();
    answer(data_center(&scene, "POST", "/issue").json(&bug(&json!("")))).await;
    let url = format!("{}/webhooks/jira", scene.desk.base_url);
    jira.set_webhook(Some(HookTarget { url, secret: SECRET.into() }));
    assert!(jira.move_issue("PAY-1", "In Progress"));
    let told = scene.desk.next().await;
    assert!(told.path == "/webhooks/jira" && is_signed(&told));
    let body = told.json();
    assert_eq!((&body["webhookEvent"], &body["issue"]["key"]), (&json!("jira:issue_updated"), &json!("PAY-1")));
    let item = &body["changelog"]["items"][0];
    assert_eq!((&item["field"], &item["toString"]), (&json!("status"), &json!("In Progress")));
    assert_eq!(body["issue"]["fields"]["status"]["statusCategory"]["key"], "indeterminate");
    assert!(body["timestamp"].is_i64());
    assert!(jira.move_issue("PAY-1", "In Progress"));
    assert!(scene.desk.is_empty(), "nothing changed");
}

#[tokio::test]
async fn a_webhook_that_was_not_taken_is_sent_again_under_its_identifier() {
    let mut scene = Scene::answering(|_| StatusCode::SERVICE_UNAVAILABLE.into_response()).await;
    let jira = scene.sandbox.jira().unwrap();
    answer(data_center(&scene, "POST", "/issue").json(&bug(&json!("")))).await;
    jira.set_webhook(Some(HookTarget { url: scene.desk.base_url.clone(), secret: SECRET.into() }));
    jira.move_issue("PAY-1", "Done");
    let mut identifiers = Vec::new();
    for _ in 0..6 {
        let told = scene.desk.next().await;
        identifiers.push(told.header("x-atlassian-webhook-identifier").unwrap().to_owned());
    }
    identifiers.dedup();
    assert_eq!(identifiers.len(), 1);
    assert!(scene.desk.is_empty());
}
