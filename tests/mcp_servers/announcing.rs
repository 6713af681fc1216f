//! Servers compose: the Shortcut server announces its stories through the Slack server, as any MCP client would.

use std::time::Instant;

use deskbell_sandbox::Sandbox;
use deskbell_sandbox::faults::{Fault, FaultRule};
use serde_json::{Value, json};

use super::{Client, HttpServer, PATIENCE, child, done, messages, sandbox_config, start, state, variables};

const CHANNEL: &str = "C0PAYMENTS";

/// A Shortcut server that announces at `url`.
async fn shortcut(sandbox: &Sandbox, url: &str, token: &str, channel: &str) -> Client {
    let mut variables = variables(sandbox);
    variables.push(("DESKBELL_SHORTCUT_ANNOUNCE_URL", url.to_owned()));
    variables.push(("DESKBELL_SHORTCUT_ANNOUNCE_TOKEN", token.to_owned()));
    variables.push(("DESKBELL_SHORTCUT_ANNOUNCE_CHANNEL", channel.to_owned()));
    child("shortcut", &variables).await
}

fn story(key: &str) -> Value {
    json!({ "name": "Refund <!channel> fails", "team": "payments", "idempotency_key": key })
}

async fn stories(sandbox: &Sandbox) -> usize {
    state(sandbox).await["shortcut"]["stories"].as_array().unwrap().len()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_is_announced_once_however_often_the_call_is_repeated() {
    let sandbox = start(sandbox_config()).await;
    let slack = HttpServer::start("slack", &variables(&sandbox)).await;
    let client = shortcut(&sandbox, &slack.url, slack.bearer, CHANNEL).await;
    let made = done(&client, "create_story", story("k")).await;
    assert_eq!((&made["created"], &made["announcement"]["state"]), (&json!(true), &json!("posted")), "{made}");
    assert!(made["announcement"]["url"].as_str().unwrap().contains(CHANNEL), "{made}");
    let again = done(&client, "create_story", story("k")).await;
    assert_eq!((&again["created"], &again["announcement"]["state"]), (&json!(false), &json!("already_posted")));
    // Both servers forget everything, and a second story is another one.
    drop(slack);
    let slack = HttpServer::start("slack", &variables(&sandbox)).await;
    let client = shortcut(&sandbox, &slack.url, slack.bearer, CHANNEL).await;
    let found = sandbox_finds(&client).await;
    assert_eq!((&found["created"], &found["announcement"]["state"]), (&json!(false), &json!("already_posted")));
    assert_eq!((messages(&sandbox, CHANNEL).await.len(), stories(&sandbox).await), (1, 1));
    done(&client, "create_story", story("other")).await;
    let said = messages(&sandbox, CHANNEL).await;
    assert_eq!((said.len(), stories(&sandbox).await), (2, 2));
    let text = said[0]["text"].as_str().unwrap();
    assert!(text.contains(made["url"].as_str().unwrap()) && text.contains("Refund &lt;!channel&gt; fails"), "{text}");
}

/// Repeats the call once Shortcut's search shows the story.
async fn sandbox_finds(client: &Client) -> Value {
    let started = Instant::now();
    while started.elapsed() < PATIENCE {
        let found = done(client, "find_by_idempotency_key", json!({ "idempotency_key": "k" })).await;
        if !found["found"].is_null() {
            return done(client, "create_story", story("k")).await;
        }
    }
    panic!("Shortcut's search never shows the story");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_story_stands_when_its_announcement_fails_and_the_answer_says_so() {
    let sandbox = start(sandbox_config()).await;
    let slack = HttpServer::start("slack", &variables(&sandbox)).await;
    for (url, token, channel, words) in [
        ("http://127.0.0.1:1/mcp", slack.bearer, CHANNEL, "DESKBELL_SHORTCUT_ANNOUNCE_URL"),
        (slack.url.as_str(), "guess", CHANNEL, "DESKBELL_SHORTCUT_ANNOUNCE_TOKEN"),
        (slack.url.as_str(), slack.bearer, "C0LEADERS", "channel_not_found"),
    ] {
        let client = shortcut(&sandbox, url, token, channel).await;
        let made = done(&client, "create_story", story(words)).await;
        assert_eq!((&made["created"], &made["announcement"]["state"]), (&json!(true), &json!("failed")), "{made}");
        assert!(made["announcement"]["reason"].as_str().unwrap().contains(words), "{made}");
    }
    assert_eq!((messages(&sandbox, CHANNEL).await.len(), stories(&sandbox).await), (0, 3));
}

/// The message is posted, its answer gets lost: the repeated call finds it.
#[tokio::test(flavor = "multi_thread")]
async fn an_announcement_whose_answer_got_lost_is_not_repeated() {
    let sandbox = start(sandbox_config()).await;
    let slack = HttpServer::start("slack", &variables(&sandbox)).await;
    let client = shortcut(&sandbox, &slack.url, slack.bearer, CHANNEL).await;
    let target = "slack:chat.postMessage".to_owned();
    let rule = FaultRule { target, fault: Fault::LostResponse, probability: None, count: Some(1), skip: 0 };
    sandbox.faults().add(rule);
    assert_eq!(done(&client, "create_story", story("k")).await["announcement"]["state"], "failed");
    assert_eq!(done(&client, "create_story", story("k")).await["announcement"]["state"], "already_posted");
    assert_eq!(messages(&sandbox, CHANNEL).await.len(), 1);
}
