//! Looking at the sandbox and steering it: state, stream, log, faults, raw bytes.

use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::{Query, State};
use axum::response::sse::{Event, KeepAlive, Sse};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures_util::{Stream, StreamExt};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio::sync::broadcast::error::RecvError;

use crate::config::Delivery;
use crate::core::Core;
use crate::delivery::Retry;
use crate::faults::FaultRule;
use crate::jira::JiraBox;
use crate::salesforce::SalesforceBox;
use crate::shortcut::ShortcutBox;
use crate::zendesk::ZendeskBox;

pub(super) async fn state(State(core): State<Arc<Core>>) -> Json<Value> {
    Json(core.page_state())
}

pub(super) async fn counters(State(core): State<Arc<Core>>) -> Json<Value> {
    Json(core.counters())
}

/// Every change as it happens. A page that fell behind gets `{"kind":"lagged"}` and fetches the state anew.
pub(super) async fn stream(State(core): State<Arc<Core>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let changes = futures_util::stream::unfold(core.subscribe(), |mut receiver| async {
        let data = match receiver.recv().await {
            Ok(change) => change.to_string(),
            Err(RecvError::Lagged(_)) => r#"{"kind":"lagged"}"#.to_owned(),
            Err(RecvError::Closed) => return None,
        };
        Some((Ok(Event::default().data(data)), receiver))
    });
    let jira = board_changes(&core, "jira", core.jira.as_ref().map(JiraBox::subscribe));
    let shortcut = board_changes(&core, "shortcut", core.shortcut.as_ref().map(ShortcutBox::subscribe));
    let zendesk = board_changes(&core, "zendesk", core.zendesk.as_ref().map(ZendeskBox::subscribe));
    let changes = futures_util::stream::select(changes, futures_util::stream::select(jira, shortcut));
    let salesforce = board_changes(&core, "salesforce", core.salesforce.as_ref().map(SalesforceBox::subscribe));
    let changes = futures_util::stream::select(changes, futures_util::stream::select(zendesk, salesforce));
    let stop = core.stop.clone();
    let changes = changes.take_until(async move { stop.cancelled().await });
    Sse::new(changes).keep_alive(KeepAlive::new().interval(Duration::from_secs(15)))
}

/// A vendor's snapshots, taken only while a page is open; a burst of changes becomes the last of them.
fn board_changes(
    core: &Arc<Core>,
    kind: &'static str,
    snapshots: Option<broadcast::Receiver<Value>>,
) -> impl Stream<Item = Result<Event, Infallible>> + use<> {
    let subscription = snapshots.map(|receiver| (receiver, Arc::clone(core)));
    futures_util::stream::unfold(subscription, move |subscription| async move {
        let (mut receiver, core) = subscription?;
        let mut snapshot = loop {
            match receiver.recv().await {
                Ok(snapshot) => break snapshot,
                Err(RecvError::Lagged(_)) => {}
                Err(RecvError::Closed) => return None,
            }
        };
        while let Ok(newer) = receiver.try_recv() {
            snapshot = newer;
        }
        let change = core.number(json!({"kind": kind, kind: snapshot}));
        Some((Ok(Event::default().data(change.to_string())), Some((receiver, core))))
    })
}

#[derive(Debug, Deserialize)]
pub(super) struct After {
    #[serde(default)]
    after: u64,
}

pub(super) async fn deliveries(State(core): State<Arc<Core>>, Query(query): Query<After>) -> Json<Value> {
    let records = core.courier.with_log(|log| log.since(query.after));
    Json(json!({"ok": true, "deliveries": records, "under_way": core.courier.under_way()}))
}

pub(super) async fn faults(State(core): State<Arc<Core>>) -> Json<Value> {
    Json(json!({"ok": true, "rules": core.faults.rules(), "fired": core.faults.fired()}))
}

/// One rule, or several.
#[derive(Debug, Deserialize)]
#[serde(untagged)]
pub(super) enum FaultRequest {
    Several { rules: Vec<FaultRule> },
    One(FaultRule),
}

pub(super) async fn add_faults(State(core): State<Arc<Core>>, Json(request): Json<FaultRequest>) -> Json<Value> {
    let rules = match request {
        FaultRequest::Several { rules } => rules,
        FaultRequest::One(rule) => vec![rule],
    };
    for rule in rules {
        core.faults.add(rule);
    }
    Json(json!({"ok": true, "rules": core.faults.rules()}))
}

pub(super) async fn clear_faults(State(core): State<Arc<Core>>) -> Json<Value> {
    core.faults.clear();
    Json(json!({"ok": true}))
}

pub(super) async fn set_delivery(State(core): State<Arc<Core>>, Json(delivery): Json<Option<Delivery>>) -> Json<Value> {
    core.courier.set_delivery(delivery);
    Json(json!({"ok": true}))
}

pub(super) async fn refresh_sockets(State(core): State<Arc<Core>>) -> Json<Value> {
    core.courier.sockets.refresh_all();
    Json(json!({"ok": true, "connections": core.courier.sockets.count()}))
}

pub(super) async fn cut_sockets(State(core): State<Arc<Core>>) -> Json<Value> {
    core.courier.sockets.cut_all();
    Json(json!({"ok": true}))
}

/// Bytes to deliver with a valid signature, whatever they say.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct RawRequest {
    path: String,
    #[serde(default)]
    body: String,
    /// For bytes that are no UTF-8.
    #[serde(default)]
    body_base64: Option<String>,
    #[serde(default = "json_content_type")]
    content_type: String,
    #[serde(default)]
    retry_num: Option<u32>,
    #[serde(default)]
    retry_reason: Option<String>,
}

fn json_content_type() -> String {
    "application/json".into()
}

pub(super) async fn raw(State(core): State<Arc<Core>>, Json(request): Json<RawRequest>) -> Json<Value> {
    let body = match request.body_base64.map(|encoded| STANDARD.decode(encoded)) {
        None => request.body.into_bytes(),
        Some(Ok(bytes)) => bytes,
        Some(Err(_)) => return Json(json!({"ok": false, "error": "body_base64 is not base64"})),
    };
    let retry = request
        .retry_num
        .map(|number| Retry { number, reason: request.retry_reason.unwrap_or_else(|| "http_timeout".into()) });
    let Some(attempt) = core.courier.post_raw(&request.path, body, &request.content_type, retry).await else {
        return Json(json!({"ok": false, "error": "no HTTP delivery address is set"}));
    };
    let text = String::from_utf8_lossy(&attempt.body);
    Json(json!({"ok": attempt.is_acknowledged(), "status": attempt.status, "error": attempt.error, "body": text}))
}
