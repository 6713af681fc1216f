//! Socket Mode: web sockets that Deskbell opens, <https://docs.slack.dev/apis/events-api/using-socket-mode>.
//!
//! A payload goes to any one open connection. When it is not acknowledged in time, or its connection
//! closes first, the attempt has failed and the courier's retries send it again.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use axum::extract::ws::{Message, WebSocket};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio_util::sync::CancellationToken;

use super::parcel::{Door, Parcel};
use super::{Attempt, Retry};
use crate::config::Timing;
use crate::json::text;
use crate::seed::APP_ID;

/// Connections that one app may hold.
const CONNECTION_LIMIT: usize = 10;
/// Frames that may wait for one connection.
const FRAME_BUFFER: usize = 1024;
const PING_INTERVAL: Duration = Duration::from_secs(20);

#[derive(Debug)]
struct Link {
    frames: mpsc::Sender<Value>,
    refresh: CancellationToken,
    draining: bool,
}

#[derive(Debug)]
struct Pending {
    link: u64,
    answer: oneshot::Sender<Value>,
}

#[derive(Debug)]
struct State {
    tickets: HashSet<String>,
    links: BTreeMap<u64, Link>,
    pending: HashMap<String, Pending>,
    next: u64,
    random: SmallRng,
}

/// The open connections and the frames that wait for their acknowledgement.
#[derive(Debug)]
pub(crate) struct Sockets {
    state: Mutex<State>,
    opened: Notify,
    timing: Timing,
    stop: CancellationToken,
}

impl Sockets {
    pub(crate) fn new(timing: Timing, stop: CancellationToken) -> Self {
        let state = State {
            tickets: HashSet::new(),
            links: BTreeMap::new(),
            pending: HashMap::new(),
            next: 0,
            random: SmallRng::seed_from_u64(0),
        };
        Self { state: Mutex::new(state), opened: Notify::new(), timing, stop }
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Remembers a ticket that opens one connection.
    pub(crate) fn admit(&self, ticket: String) {
        self.with(|state| state.tickets.insert(ticket));
    }

    /// Uses a ticket up.
    pub(crate) fn take_ticket(&self, ticket: &str) -> bool {
        self.with(|state| state.tickets.remove(ticket))
    }

    /// Open connections.
    pub(crate) fn count(&self) -> usize {
        self.with(|state| state.links.len())
    }

    /// Warns every connection and closes it after the warning time, as Slack does every few hours.
    pub(crate) fn refresh_all(&self) {
        self.with(|state| state.links.values().for_each(|link| link.refresh.cancel()));
    }

    /// Closes every connection at once and without a word.
    pub(crate) fn cut_all(&self) {
        self.with(|state| {
            state.links.clear();
            state.pending.clear();
        });
    }

    /// Sends a parcel over any one connection and waits for its acknowledgement.
    pub(super) async fn carry(&self, parcel: &Parcel, retry: Option<&Retry>) -> Attempt {
        let deadline = tokio::time::Instant::now() + self.timing.ack_timeout;
        loop {
            let opened = self.opened.notified();
            if let Some(answer) = self.send(parcel, retry) {
                return match tokio::time::timeout_at(deadline, answer).await {
                    Ok(Ok(payload)) => acknowledged(&payload),
                    Ok(Err(_)) => Attempt::failed("connection_failed"),
                    Err(_) => Attempt::failed("timeout"),
                };
            }
            if tokio::time::timeout_at(deadline, opened).await.is_err() {
                return Attempt::failed("no_connection");
            }
        }
    }

    fn send(&self, parcel: &Parcel, retry: Option<&Retry>) -> Option<oneshot::Receiver<Value>> {
        self.with(|state| {
            let link_id = state.choose_link()?;
            let envelope_id = format!("{:032x}", state.random.random::<u128>());
            let frame = envelope(&envelope_id, parcel, retry);
            state.links.get(&link_id)?.frames.try_send(frame).ok()?;
            state.pending.retain(|_, pending| !pending.answer.is_closed());
            let (answer, receiver) = oneshot::channel();
            state.pending.insert(envelope_id, Pending { link: link_id, answer });
            Some(receiver)
        })
    }

    /// Runs one connection until either side ends it.
    pub(crate) async fn run(&self, mut socket: WebSocket) {
        let (frames, inbox) = mpsc::channel(FRAME_BUFFER);
        let refresh = CancellationToken::new();
        let Some((id, count)) = self.enter(frames, refresh.clone()) else {
            let refusal = json!({"type": "disconnect", "reason": "too_many_websockets"});
            let _ = socket.send(Message::text(refusal.to_string())).await;
            return;
        };
        let hello = json!({
            "type": "hello", "num_connections": count, "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "approximate_connection_time": 18_060},
        });
        if socket.send(Message::text(hello.to_string())).await.is_ok() {
            self.opened.notify_waiters();
            self.serve(&mut socket, inbox, &refresh, id).await;
        }
        self.leave(id);
    }

    fn enter(&self, frames: mpsc::Sender<Value>, refresh: CancellationToken) -> Option<(u64, usize)> {
        self.with(|state| {
            if state.links.len() >= CONNECTION_LIMIT {
                return None;
            }
            state.next += 1;
            state.links.insert(state.next, Link { frames, refresh, draining: false });
            Some((state.next, state.links.len()))
        })
    }

    fn leave(&self, id: u64) {
        self.with(|state| {
            state.links.remove(&id);
            state.pending.retain(|_, pending| pending.link != id);
        });
    }

    async fn serve(
        &self,
        socket: &mut WebSocket,
        mut inbox: mpsc::Receiver<Value>,
        refresh: &CancellationToken,
        id: u64,
    ) {
        let mut ping = tokio::time::interval(PING_INTERVAL);
        let age = self.timing.socket_refresh.unwrap_or(Duration::MAX / 4);
        let mut warned = false;
        let closing = tokio::time::sleep(Duration::from_secs(365 * 86_400));
        tokio::pin!(closing);
        let aging = tokio::time::sleep(age.min(Duration::from_secs(365 * 86_400)));
        tokio::pin!(aging);
        loop {
            let outgoing = tokio::select! {
                () = self.stop.cancelled() => return,
                frame = inbox.recv() => match frame {
                    Some(frame) => Message::text(frame.to_string()),
                    None => return,
                },
                incoming = socket.recv() => match incoming {
                    Some(Ok(message)) => { self.acknowledge(&message); continue }
                    _ => return,
                },
                _ = ping.tick() => Message::Ping("ping".into()),
                () = &mut aging, if !warned && !refresh.is_cancelled() => { refresh.cancel(); continue }
                () = refresh.cancelled(), if !warned => {
                    warned = true;
                    self.drain(id);
                    closing.as_mut().reset(tokio::time::Instant::now() + self.timing.socket_warning);
                    disconnect("warning")
                }
                () = &mut closing, if warned => {
                    let _ = socket.send(disconnect("refresh_requested")).await;
                    return;
                }
            };
            if socket.send(outgoing).await.is_err() {
                return;
            }
        }
    }

    fn drain(&self, id: u64) {
        self.with(|state| {
            if let Some(link) = state.links.get_mut(&id) {
                link.draining = true;
            }
        });
    }

    fn acknowledge(&self, message: &Message) {
        let Message::Text(frame) = message else {
            return;
        };
        let frame: Value = serde_json::from_str(frame).unwrap_or_default();
        let Some(envelope_id) = text(&frame, "envelope_id") else {
            return;
        };
        if let Some(pending) = self.with(|state| state.pending.remove(envelope_id)) {
            // The courier may have given up meanwhile.
            let _ = pending.answer.send(frame.get("payload").cloned().unwrap_or_default());
        }
    }
}

impl State {
    /// Any connection that is not about to close; failing that, any.
    fn choose_link(&mut self) -> Option<u64> {
        let lively: Vec<u64> = self.links.iter().filter(|(_, link)| !link.draining).map(|(id, _)| *id).collect();
        let choice = if lively.is_empty() { self.links.keys().copied().collect() } else { lively };
        if choice.is_empty() {
            return None;
        }
        choice.get(self.random.random_range(0..choice.len())).copied()
    }
}

fn disconnect(reason: &str) -> Message {
    Message::text(json!({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}).to_string())
}

fn acknowledged(payload: &Value) -> Attempt {
    let body = if payload.is_null() { Vec::new() } else { payload.to_string().into_bytes() };
    Attempt { status: Some(200), body, ..Attempt::default() }
}

fn envelope(envelope_id: &str, parcel: &Parcel, retry: Option<&Retry>) -> Value {
    let mut frame = json!({
        "envelope_id": envelope_id, "type": parcel.door.envelope_type(), "payload": parcel.payload,
        "accepts_response_payload": parcel.door != Door::Events,
    });
    if parcel.door == Door::Events {
        crate::json::set(&mut frame, "retry_attempt", retry.map_or(0, |retry| retry.number));
        crate::json::set(&mut frame, "retry_reason", retry.map_or("", |retry| &retry.reason));
    }
    frame
}
