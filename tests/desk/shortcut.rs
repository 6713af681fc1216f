//! Stories in Shortcut in place of issues in Jira: the same rules, another binding.

use serde_json::{Value, json};

use super::{Desk, Wish};
use crate::mcp_servers::{HttpServer, free_port, variables};

const PAID_TWICE: &str = "A payment failed with error 402, the customer is waiting";

/// A desk whose actions are bound to Deskbell's own Shortcut server.
fn bound_to_shortcut() -> Wish {
    let binary = env!("CARGO_BIN_EXE_deskbell");
    let mut wish = Wish::default()
        .policy_with("project = \"PAY\"", "project = \"payments\"")
        .config_with("server = \"jira\"", "server = \"shortcut\"")
        .config_with("tool = \"create_issue\"", "tool = \"create_story\"")
        .config_with("project_key = \"=action.project\"", "team = \"=action.project\"")
        .config_with("issue_type = \"=action.issue_type\"", "story_type = \"=action.issue_type|lower\"")
        .config_with("summary = \"=action.summary\"", "name = \"=action.summary\"")
        .config_with("priority = \"=action.priority\", ", "")
        .config_with("issue_key = \"=external.key\"", "story_id = \"=external.key\"")
        .config_with("body = \"=action.body\"", "text = \"=action.body\"")
        .config_with("tool = \"transition_issue\"", "tool = \"update_story\"")
        .config_with("to_status = \"=action.to\"", "state = \"=action.to\"");
    wish.config = format!(
        "[mcp.shortcut]\ncommand = \"{binary}\"\nargs = [\"mcp\", \"serve\", \"shortcut\"]\ncall_timeout = \"3s\"\n\
         env = {{ DESKBELL_SHORTCUT_URL = \"env:TEST_SHORTCUT_URL\", DESKBELL_SHORTCUT_API_TOKEN = \"env:TEST_SHORTCUT_TOKEN\" }}\n"
    );
    wish
}

async fn becomes_one_story(desk: &Desk) -> Value {
    let card = desk.asks("U0GRACE", PAID_TWICE).await;
    assert_eq!(desk.presses("U0BEN", &card, "confirm").await["ok"], true);
    let story = desk.until("the story", |state| state.0["shortcut"]["stories"].get(0).cloned()).await;
    let key = format!("sc-{}", story["id"]);
    desk.until_message("the story's key on the card", &card, |message| message.says(&key)).await;
    desk.settled().await;
    let stories = desk.state().await["shortcut"]["stories"].as_array().unwrap().len();
    assert_eq!(stories, 1, "{}", desk.log());
    story
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_request_becomes_a_story_of_the_squads_team() {
    let desk = Desk::open(bound_to_shortcut()).await;
    let story = becomes_one_story(&desk).await;
    assert_eq!((&story["story_type"], &story["workflow"]), (&json!("bug"), &json!("Engineering")));
    assert!(story["description"].as_str().unwrap().contains("402"), "{story}");
}

/// The story is made, its answer gets lost, and for a while no search shows it.
#[tokio::test(flavor = "multi_thread")]
async fn a_story_whose_answer_got_lost_is_found_behind_the_searchs_lag() {
    let mut wish = bound_to_shortcut();
    wish.sandbox.shortcut.as_mut().unwrap().search_lag_ms = 1_500..=1_500;
    let desk = Desk::open(wish).await;
    desk.fault(json!({ "target": "shortcut:POST /stories", "kind": "lost_response", "count": 1 })).await;
    becomes_one_story(&desk).await;
}

/// Servers compose: an approved action makes a story through the Shortcut server, which announces it through the Slack server.
#[tokio::test(flavor = "multi_thread")]
async fn a_confirmed_story_is_announced_through_the_slack_server() {
    let mut wish = bound_to_shortcut();
    let port = free_port();
    wish.config = wish.config.replace("call_timeout = \"3s\"", "call_timeout = \"20s\"").replace(
        "env = { ",
        &format!(
            "env = {{ DESKBELL_SHORTCUT_ANNOUNCE_URL = \"text:http://127.0.0.1:{port}/mcp\", \
             DESKBELL_SHORTCUT_ANNOUNCE_TOKEN = \"text:open-sesame\", DESKBELL_SHORTCUT_ANNOUNCE_CHANNEL = \"text:C0GENERAL\", "
        ),
    );
    let desk = Desk::open(wish).await;
    let _slack = HttpServer::start_at(port, "slack", &variables(&desk.sandbox)).await;
    let story = becomes_one_story(&desk).await;
    let key = format!("|sc-{}>", story["id"]);
    desk.until_posted("the announcement", "C0GENERAL", |message| message.says(&key)).await;
    desk.settled().await;
    let announced = desk.state().await["messages"]["C0GENERAL"].as_array().unwrap().len();
    assert_eq!(announced, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn where_no_webhook_is_allowed_shortcut_is_asked() {
    let mut wish = bound_to_shortcut();
    wish.config += "\n[tracker]\npoll = \"200ms\"\nserver = \"shortcut\"\n";
    let desk = Desk::open(wish).await;
    let id = becomes_one_story(&desk).await["id"].as_u64().unwrap();
    let shortcut = desk.sandbox.shortcut().unwrap();
    desk.fault(json!({ "target": "shortcut:GET /stories/*", "kind": "status", "status": 503, "count": 1 })).await;
    assert!(shortcut.move_story(id, "In Review"));
    desk.until_posted("the status on the squad's alert", "C0PAYMENTS", |alert| alert.says(": In Review")).await;
    assert!(shortcut.move_story(id, "Done"));
    let offer = desk.until_posted("the offer", "C0SUPPORT", |message| message.says("Is DB-1 resolved too?")).await;
    assert!(offer.has_button("resolve"));
}

/// Moved on the board, a story tells so; the echo of what Deskbell itself moved says nothing new.
#[tokio::test(flavor = "multi_thread")]
async fn a_moved_story_shows_on_the_card_and_done_is_offered_as_a_resolution() {
    let mut wish = bound_to_shortcut();
    wish.config += "\n[webhooks.shortcut]\nsecret = \"env:TEST_SHORTCUT_WEBHOOK_SECRET\"\n";
    let desk = Desk::open(wish).await;
    let hook =
        json!({ "webhook_url": format!("{}/webhooks/shortcut", desk.url()), "secret": "shortcut-webhook-secret" });
    let url = format!("{}/api/v3/integrations/webhook", desk.sandbox.shortcut_url().unwrap());
    let request = desk.http.post(url).header("shortcut-token", "sandbox-shortcut-token").json(&hook);
    assert_eq!(request.send().await.unwrap().status(), 201);
    let id = becomes_one_story(&desk).await["id"].as_u64().unwrap();
    desk.fault(json!({ "target": "deliver:shortcut", "kind": "duplicate_delivery", "count": 2 })).await;
    let shortcut = desk.sandbox.shortcut().unwrap();
    assert!(shortcut.move_story(id, "In Review"));
    desk.until_posted("the status on the squad's alert", "C0PAYMENTS", |alert| alert.says(": In Review")).await;
    assert!(shortcut.move_story(id, "Done"));
    let offers = |message: &super::Message| message.says("Is DB-1 resolved too?");
    let offer = desk.until_posted("the offer", "C0SUPPORT", offers).await;
    assert!(offer.has_button("resolve"));
    desk.settled().await;
    let state = super::State(desk.state().await);
    assert_eq!(state.messages("C0SUPPORT").iter().filter(|message| offers(message)).count(), 1, "told twice");
    desk.presses("U0BEN", &offer, "resolve").await;
    desk.until_message("the settled offer", &offer, |offer| !offer.has_button("resolve")).await;
    desk.settled().await;
    assert_eq!(desk.tickets()[0].status, "resolved");
}
