//! A server at which nobody has signed in yet.

use serde_json::Value;

use super::{Desk, State, Wish};
use crate::oauth::guarded::Guarded;

#[tokio::test(flavor = "multi_thread")]
async fn the_ops_channel_hears_once_that_somebody_has_to_sign_in() {
    let it = Guarded::start().await;
    let config =
        format!("[mcp.guarded]\nurl = \"{}\"\n\n[mcp.guarded.oauth]\ngrant = \"authorization_code\"\n", it.url());
    let mut desk = Desk::open(Wish { config, ..Wish::default() }).await;
    let told = desk.until_posted("the request", "C0OPS", |message| message.says("mcp login guarded")).await;
    assert!(told.says("Somebody has to sign in at the MCP server guarded"), "{}", told.all_text());
    assert!(desk.stop().success());
    desk.start().await;
    // What comes after it is posted, so it was looked at again.
    desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.until_log("MCP server wants somebody to sign in").await;
    let ready = desk.http.get(format!("{}/readyz", desk.url())).send().await.unwrap().text().await.unwrap();
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!(ready["mcp"][0]["state"], "sign_in_needed", "{ready}");
    desk.settled().await;
    let state = State(desk.state().await);
    assert_eq!(state.messages("C0OPS").len(), 1, "{:?}", state.messages("C0OPS"));
}
