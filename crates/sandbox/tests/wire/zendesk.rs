//! The Zendesk account: credentials, idempotency keys, the signed webhook, the page's stream.

use axum::http::StatusCode;
use axum::response::IntoResponse;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use deskbell_sandbox::zendesk::HookTarget;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Received, Scene};

const EMAIL: &str = "deskbell@northwind.example/token";
const TOKEN: &str = "sandbox-zendesk-token";
const SECRET: &str = "hook-secret";

async fn send(scene: &Scene, method: &str, path: &str, key: Option<&str>, body: Value) -> (u16, Option<String>, Value) {
    let url = scene.url(&format!("/zendesk/api/v2{path}"));
    let mut request = scene.http.request(method.parse().unwrap(), url).basic_auth(EMAIL, Some(TOKEN));
    if let Some(key) = key {
        request = request.header("Idempotency-Key", key);
    }
    let response = request.json(&body).send().await.unwrap();
    let lookup = response.headers().get("x-idempotency-lookup").map(|value| value.to_str().unwrap().to_owned());
    (response.status().as_u16(), lookup, response.json().await.unwrap_or_default())
}

fn ticket(subject: &str) -> Value {
    json!({ "ticket": { "subject": subject, "comment": { "body": "words" } } })
}

#[tokio::test]
async fn strangers_are_refused_in_zendesks_words() {
    let scene = Scene::new().await;
    let url = scene.url("/zendesk/api/v2/users/me");
    for (request, expected) in [
        (scene.http.get(&url), "Couldn't authenticate you"),
        (scene.http.get(&url).basic_auth("deskbell@northwind.example", Some(TOKEN)), "Couldn't authenticate you"),
        (scene.http.get(&url).bearer_auth("x"), "invalid_token"),
    ] {
        let response = request.send().await.unwrap();
        assert_eq!(response.status(), 401);
        assert_eq!(response.json::<Value>().await.unwrap()["error"], expected);
    }
    let known = scene.http.get(&url).bearer_auth("sandbox-zendesk-access-token").send().await.unwrap();
    assert_eq!(known.json::<Value>().await.unwrap()["user"]["role"], "admin");
}

#[tokio::test]
async fn a_key_stands_for_one_ticket_and_one_request() {
    let scene = Scene::new().await;
    let (status, lookup, first) = send(&scene, "POST", "/tickets", Some("k"), ticket("a")).await;
    assert_eq!((status, lookup.as_deref()), (201, Some("miss")));
    let (status, lookup, second) = send(&scene, "POST", "/tickets", Some("k"), ticket("a")).await;
    assert_eq!((status, lookup.as_deref()), (201, Some("hit")));
    assert_eq!(first["ticket"]["id"], second["ticket"]["id"]);
    let (status, _, refused) = send(&scene, "POST", "/tickets", Some("k"), ticket("b")).await;
    assert_eq!((status, &refused["error"]), (400, &json!("IdempotentRequestError")));
    assert_eq!(scene.sandbox.zendesk().unwrap().counts().tickets, 1);
}

#[tokio::test]
async fn it_refuses_what_zendesk_refuses() {
    let scene = Scene::new().await;
    send(&scene, "POST", "/tickets", None, ticket("a")).await;
    let update = |fields: Value| json!({ "ticket": fields });
    for (method, path, body, status, expected) in [
        ("POST", "/tickets", json!({ "ticket": { "subject": "a" } }), 422, "Description: cannot be blank"),
        ("POST", "/tickets", json!({}), 400, "ParameterMissing"),
        ("PUT", "/tickets/1", update(json!({ "status": "odd" })), 422, "is not a valid value"),
        ("PUT", "/tickets/1", update(json!({ "group_id": 1 })), 422, "Group: is invalid"),
        ("PUT", "/tickets/1", update(json!({ "safe_update": true })), 409, "UpdateConflict"),
        ("PUT", "/tickets/9", update(json!({})), 404, "RecordNotFound"),
        ("GET", "/tickets/x", Value::Null, 400, "id must be an integer"),
        ("GET", "/search?query=", Value::Null, 422, "invalid"),
        ("GET", "/incremental/tickets/cursor?start_time=99999999999", Value::Null, 422, "StartTimeTooRecent"),
        ("GET", "/incremental/tickets/cursor", Value::Null, 422, "start_time is required"),
    ] {
        let (found, _, answer) = send(&scene, method, path, None, body).await;
        assert_eq!(found, status, "{path}: {answer}");
        assert!(answer.to_string().contains(expected), "{path}: {answer}");
    }
}

fn is_signed(received: &Received) -> bool {
    let header = |name: &str| received.header(name).unwrap();
    let mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(header("x-zendesk-webhook-signature-timestamp")).chain_update(&received.body);
    STANDARD.encode(mac.finalize().into_bytes()) == header("x-zendesk-webhook-signature")
}

#[tokio::test]
async fn the_webhook_tells_of_what_customers_ask_and_of_nothing_else() {
    let mut scene = Scene::new().await;
    let zendesk = scene.sandbox.zendesk().unwrap();
    let ask = json!({ "name": "Max", "email": "max@customer.example", "subject": "Login", "text": "I can't log in" });
    let asked = |scene: &Scene| scene.http.post(scene.url("/zendesk/sandbox-ask")).json(&ask).send();
    assert_eq!(asked(&scene).await.unwrap().status(), 201);
    let url = format!("{}/helpdesk/zendesk", scene.desk.base_url);
    zendesk.set_webhook(Some(HookTarget { url, secret: SECRET.into() }));
    send(&scene, "POST", "/tickets", None, ticket("by the API")).await;
    assert_eq!(asked(&scene).await.unwrap().status(), 201);
    let told = scene.desk.next().await;
    assert!(told.path == "/helpdesk/zendesk" && is_signed(&told));
    let body = told.json();
    assert_eq!((&body["ticket"]["id"], &body["ticket"]["requester"]["email"]), (&json!("3"), &ask["email"]));
    assert!(scene.desk.is_empty());
}

#[tokio::test]
async fn a_conflict_is_told_again_under_the_same_invocation() {
    let mut scene = Scene::answering(|_| StatusCode::CONFLICT.into_response()).await;
    let zendesk = scene.sandbox.zendesk().unwrap();
    zendesk.set_webhook(Some(HookTarget { url: scene.desk.base_url.clone(), secret: SECRET.into() }));
    zendesk.ask("Max", "max@customer.example", "Login", "I can't log in");
    let mut invocations = Vec::new();
    for _ in 0..4 {
        let told = scene.desk.next().await;
        invocations.push(told.header("x-zendesk-webhook-invocation-id").unwrap().to_owned());
    }
    invocations.dedup();
    assert_eq!(invocations.len(), 1);
    assert!(scene.desk.is_empty());
}

#[tokio::test]
async fn the_state_shows_the_account() {
    let scene = Scene::new().await;
    scene.sandbox.zendesk().unwrap().ask("Max", "max@customer.example", "Login", "I can't <b>log in</b>");
    let state: Value = scene.http.get(scene.url("/sandbox/state")).send().await.unwrap().json().await.unwrap();
    assert_eq!(state["zendesk"]["tickets"][0]["requester"], "Max");
    assert_eq!(state["zendesk"]["queues"][1], json!({ "title": "All unsolved tickets", "tickets": 1 }));
    let page = scene.http.get(scene.url("/zendesk/agent/tickets/1")).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("I can&#39;t &lt;b&gt;log in") && !page.contains("<b>log in"), "{page}");
}
