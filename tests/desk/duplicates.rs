//! Slack delivers again what it thinks was lost: nothing happens twice.

use serde_json::{Value, json};

use super::{Desk, State, Wish};

/// One ticket, one card, one issue, one alert, however often Slack says the same.
async fn everything_happens_once(desk: &Desk) {
    desk.says("U0GRACE", "C0SUPPORT", "The payment failed with error 402").await;
    desk.settled().await;
    let messages = State(desk.state().await).messages("C0SUPPORT");
    let cards: Vec<_> = messages.iter().filter(|message| message.is_card()).collect();
    assert_eq!(cards.len(), 1, "{messages:?}");
    desk.presses("U0BEN", cards[0], "confirm").await;
    let typed = desk.types("U0DEV", "C0SUPPORT", "/triage", "Okta login loops").await;
    desk.until("the second ticket's card", |state| {
        state.messages("C0SUPPORT").into_iter().find(|message| message.is_card() && message.says("Okta login"))
    })
    .await;
    desk.settled().await;
    let state = State(desk.state().await);
    assert_eq!(desk.tickets().len(), 2, "{typed} {:?}", desk.outcomes());
    assert_eq!((state.issues().len(), state.messages("C0PAYMENTS").len()), (1, 1));
    assert_eq!(state.messages("C0SUPPORT").iter().filter(|message| message.is_card()).count(), 2);
    assert!(!state.messages("C0SUPPORT").iter().any(|message| message.only_for("U0BEN")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_arrives_twice_at_once_counts_once() {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(json!({ "target": "deliver:*", "kind": "duplicate_delivery" })).await;
    everything_happens_once(&desk).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_whose_acknowledgement_got_lost_counts_once() {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(json!({ "target": "deliver:events", "kind": "lost_response" })).await;
    everything_happens_once(&desk).await;
    let deliveries = desk.sandbox.deliveries(0);
    let retried = deliveries.iter().filter(|delivery| delivery.retry > 0).count();
    assert!(retried >= 3, "{retried} of {} deliveries were retries", deliveries.len());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_that_fails_on_its_way_arrives_by_its_retry() {
    let desk = Desk::open(Wish::default()).await;
    desk.fault(json!({ "target": "deliver:events", "kind": "status", "status": 503, "count": 2 })).await;
    desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 1);
}

/// Slack marks a retry with headers; what it repeats after an hour is known all the same.
#[tokio::test(flavor = "multi_thread")]
async fn a_marked_retry_is_known() {
    let desk = Desk::open(Wish::default()).await;
    let event = json!({
        "token": "t", "team_id": "T0NORTHWIND", "api_app_id": "A0DESKBELL", "type": "event_callback", "event_id": "Ev0RETRIED",
        "event_time": 1_700_000_000, "is_ext_shared_channel": false,
        "event": {
            "type": "message", "user": "U0GRACE", "team": "T0NORTHWIND", "channel": "C0SUPPORT", "channel_type": "channel",
            "text": "The payment failed with error 402", "ts": "1700000000.000100", "event_ts": "1700000000.000100",
        },
    });
    for retry in 0..3 {
        let mut body =
            json!({ "path": "/slack/events", "body": event.to_string(), "content_type": "application/json" });
        if retry > 0 {
            body["retry_num"] = retry.into();
            body["retry_reason"] = "http_timeout".into();
        }
        let url = format!("{}/sandbox/raw", desk.sandbox.base_url());
        let answer: Value = desk.http.post(url).json(&body).send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["status"], 200, "{answer}");
    }
    desk.until_ticket(1).await;
    assert_eq!(desk.tickets().len(), 1);
}
