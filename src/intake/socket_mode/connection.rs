//! One WebSocket: opened by `apps.connections.open`, read until it ends. Frames are accepted side by side, so that one
//! slow commit delays no other acknowledgement.

use std::time::Duration;

use futures_util::stream::{SplitSink, SplitStream};
use futures_util::{SinkExt, StreamExt};
use http::{StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::Value;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async_with_config};
use tokio_util::sync::CancellationToken;

use super::SocketModeConfig;
use super::error::SocketModeError;
use super::frame::{Frame, accept};
use crate::intake::IntakeState;
use crate::intake::json::text;

/// For each step of opening: the address, the handshake, the hello.
const OPEN_WITHIN: Duration = Duration::from_secs(10);
const PING_EVERY: Duration = Duration::from_secs(10);
/// Slack answers pings; a line that is silent for so long is dead, even if TCP has not noticed.
const SILENCE_LIMIT: Duration = Duration::from_secs(30);
/// After a warning Slack closes the connection within about 10 s; we do it if Slack forgets.
const LINGER: Duration = Duration::from_secs(60);
const DRAIN_WITHIN: Duration = Duration::from_secs(5);
const SEND_WITHIN: Duration = Duration::from_secs(10);
/// Further frames wait unread.
const MOST_IN_FLIGHT: usize = 512;
const LARGEST_FRAME_BYTES: usize = 4 * 1024 * 1024;

type Socket = WebSocketStream<MaybeTlsStream<TcpStream>>;

/// A connection that said hello.
pub(super) struct Connection {
    sink: SplitSink<Socket, Message>,
    stream: SplitStream<Socket>,
}

impl Connection {
    pub async fn open(config: &SocketModeConfig, http: &reqwest::Client) -> Result<Self, SocketModeError> {
        let address = address(config, http).await?;
        let limits = WebSocketConfig::default()
            .max_message_size(Some(LARGEST_FRAME_BYTES))
            .max_frame_size(Some(LARGEST_FRAME_BYTES));
        let connecting = connect_async_with_config(address, Some(limits), true);
        let (socket, _) = timeout(OPEN_WITHIN, connecting)
            .await
            .map_err(|_| SocketModeError::Unreachable { reason: "WebSocket: no handshake in time".to_owned() })??;
        let (sink, mut stream) = socket.split();
        timeout(OPEN_WITHIN, hello(&mut stream)).await.map_err(|_| SocketModeError::NoHello)??;
        Ok(Self { sink, stream })
    }

    /// Reads until the connection ends or `shutdown`. `closing` resolves as soon as a replacement is due.
    pub async fn serve(mut self, state: IntakeState, closing: oneshot::Sender<()>, shutdown: CancellationToken) {
        let mut replacement_due = Some(closing);
        let mut accepting: JoinSet<Option<String>> = JoinSet::new();
        let mut pings = interval(PING_EVERY);
        pings.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut heard_at = Instant::now();
        let mut close_at: Option<Instant> = None;
        loop {
            tokio::select! {
                frame = self.stream.next(), if accepting.len() < MOST_IN_FLIGHT => {
                    heard_at = Instant::now();
                    match frame {
                        Some(Ok(Message::Text(frame))) => match Frame::read(&frame) {
                            Frame::Delivery(delivery) => {
                                accepting.spawn(accept(state.clone(), delivery));
                            }
                            Frame::Disconnect { reason } => {
                                tracing::info!(reason, "Slack will close a Socket Mode connection, opening another");
                                close_at.get_or_insert(heard_at + LINGER);
                                drop(replacement_due.take());
                            }
                            Frame::Hello | Frame::Unknown => {}
                        },
                        Some(Ok(Message::Close(_)) | Err(_)) | None => break,
                        Some(Ok(_)) => {}
                    }
                }
                Some(accepted) = accepting.join_next() => {
                    if let Ok(Some(acknowledgement)) = accepted && !self.send(Message::text(acknowledgement)).await {
                        break;
                    }
                }
                _ = pings.tick() => {
                    let is_dead = heard_at.elapsed() > SILENCE_LIMIT;
                    let is_over = close_at.is_some_and(|at| at <= Instant::now());
                    if is_dead || is_over || !self.send(Message::Ping(bytes::Bytes::new())).await {
                        break;
                    }
                }
                () = shutdown.cancelled() => break,
            }
        }
        drop(replacement_due);
        self.drain(accepting).await;
    }

    /// What was received is committed even if its acknowledgement can't be sent any more: nobody delivers a click again.
    async fn drain(mut self, mut accepting: JoinSet<Option<String>>) {
        let draining = async {
            while let Some(accepted) = accepting.join_next().await {
                if let Ok(Some(acknowledgement)) = accepted {
                    self.send(Message::text(acknowledgement)).await;
                }
            }
            self.send(Message::Close(None)).await;
        };
        if timeout(DRAIN_WITHIN, draining).await.is_err() {
            tracing::warn!("a Socket Mode connection closed with payloads that were not committed in time");
        }
    }

    async fn send(&mut self, message: Message) -> bool {
        matches!(timeout(SEND_WITHIN, self.sink.send(message)).await, Ok(Ok(())))
    }
}

/// Asks Slack where to connect (<https://docs.slack.dev/reference/methods/apps.connections.open>).
async fn address(config: &SocketModeConfig, http: &reqwest::Client) -> Result<String, SocketModeError> {
    let url = format!("{}/apps.connections.open", config.api_url.trim_end_matches('/'));
    let request = http.post(url).bearer_auth(config.app_token.expose_secret()).timeout(OPEN_WITHIN);
    let answer = request.header(header::CONTENT_LENGTH, 0).send().await?;
    if answer.status() == StatusCode::TOO_MANY_REQUESTS {
        let seconds = answer.headers().get(header::RETRY_AFTER).and_then(|value| value.to_str().ok()?.parse().ok());
        return Err(SocketModeError::RateLimited { retry_after: Duration::from_secs(seconds.unwrap_or(30)) });
    }
    if !answer.status().is_success() {
        return Err(SocketModeError::Unreachable { reason: format!("HTTP {}", answer.status().as_u16()) });
    }
    let body: Value = answer.json().await?;
    match text(&body, "/url") {
        Some(url) if body.get("ok") == Some(&Value::Bool(true)) => Ok(url.to_owned()),
        _ => Err(SocketModeError::Refused { code: text(&body, "/error").unwrap_or("no error code").to_owned() }),
    }
}

async fn hello(stream: &mut SplitStream<Socket>) -> Result<(), SocketModeError> {
    while let Some(message) = stream.next().await {
        if let Message::Text(frame) = message? {
            return match Frame::read(&frame) {
                Frame::Hello => Ok(()),
                Frame::Disconnect { reason } => Err(SocketModeError::Refused { code: reason }),
                _ => continue,
            };
        }
    }
    Err(SocketModeError::NoHello)
}
