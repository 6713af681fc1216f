//! An HTTP server that strangers can't use up. Unlike `axum::serve` it holds only so many connections at once, and lets go of
//! those whose sender is silent: the silent for long, and the longest silent when somebody else needs room. Nobody has to be
//! known to open a connection, and file descriptors are for the store and for calls outside too.
//!
//! Deskbell's doors and its MCP servers stand behind it; it knows neither. What it limits is connections and heads: how much
//! of a body is read, and for how long, is the router's business.

#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)
)]

use std::collections::BTreeMap;
use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use hyper::Request;
use hyper::body::{Body as HttpBody, Bytes, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;

/// A pause when the system gives no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);
/// How long to wait for room before another silent connection is let go.
const ROOM_PAUSE: Duration = Duration::from_millis(20);

/// What a stranger may take.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// A request's head must be there in this time, counted from the connection or the last answer.
    pub head_within: Duration,
    /// Connections at once.
    pub connections: usize,
}

impl Default for Limits {
    /// Longer than proxies keep idle connections (60 s), so that the proxy closes them and loses no request; fewer than
    /// the 1,024 descriptors that a process usually has.
    fn default() -> Self {
        Self { head_within: Duration::from_secs(75), connections: 768 }
    }
}

/// Serves until `stopped`, then lets running requests finish.
pub async fn serve(listener: TcpListener, router: Router, limits: Limits, stopped: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_within);
    let open = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.connections));
    let silent = Arc::new(Silent::default());
    let mut stopped = pin!(stopped);
    loop {
        let (stream, place) = tokio::select! {
            () = &mut stopped => break,
            accepted = accept(&listener, &room, &silent) => accepted,
        };
        let caller = Arc::new(Caller::new(&silent));
        let let_go = caller.let_go.clone();
        let router = router.clone();
        let service = service_fn(move |request: Request<Incoming>| {
            let answered = Answered(Arc::clone(&caller));
            let request = request.map(|body| Body::new(Question::new(body, &caller)));
            let router = router.clone();
            async move {
                let answer = router.oneshot(request).await;
                answer.map(|answer| answer.map(|body| Body::new(Answer { body, _answered: answered })))
            }
        });
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            if let Some(Err(error)) = let_go.run_until_cancelled(connection).await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>, silent: &Silent) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "could not set TCP_NODELAY");
                }
                return (stream, make_room(room, silent).await);
            }
            Err(error) if is_the_callers(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted; trying again");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

async fn make_room(room: &Arc<Semaphore>, silent: &Silent) -> OwnedSemaphorePermit {
    loop {
        if let Ok(place) = Arc::clone(room).try_acquire_owned() {
            return place;
        }
        silent.let_longest_go();
        if let Ok(Ok(place)) = tokio::time::timeout(ROOM_PAUSE, Arc::clone(room).acquire_owned()).await {
            return place;
        }
    }
}

fn is_the_callers(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

/// Connections on which no whole request is being answered, the longest silent first. Who is still sending a request counts as
/// silent: a stranger could go on for ever, a byte at a time.
#[derive(Default)]
struct Silent(Mutex<Order>);

#[derive(Default)]
struct Order {
    next: u64,
    waiting: BTreeMap<u64, CancellationToken>,
}

impl Silent {
    fn order(&self) -> MutexGuard<'_, Order> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn let_longest_go(&self) {
        if let Some((_, longest)) = self.order().waiting.pop_first() {
            longest.cancel();
        }
    }
}

/// One connection's standing among the silent.
struct Caller {
    silent: Arc<Silent>,
    position: Mutex<u64>,
    let_go: CancellationToken,
}

impl Caller {
    fn new(silent: &Arc<Silent>) -> Self {
        let caller = Self { silent: Arc::clone(silent), position: Mutex::default(), let_go: CancellationToken::new() };
        caller.falls_silent();
        caller
    }

    fn position(&self) -> MutexGuard<'_, u64> {
        self.position.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A whole request is here.
    fn has_spoken(&self) {
        self.silent.order().waiting.remove(&*self.position());
    }

    fn falls_silent(&self) {
        let (mut order, mut position) = (self.silent.order(), self.position());
        order.waiting.remove(&*position);
        order.next += 1;
        *position = order.next;
        order.waiting.insert(*position, self.let_go.clone());
    }
}

impl Drop for Caller {
    fn drop(&mut self) {
        self.has_spoken();
    }
}

/// A request's body: once it is here, its connection is not silent until the answer has gone.
struct Question {
    body: Incoming,
    caller: Option<Arc<Caller>>,
}

impl Question {
    fn new(body: Incoming, caller: &Arc<Caller>) -> Self {
        let mut question = Self { body, caller: Some(Arc::clone(caller)) };
        question.notice_end();
        question
    }

    fn notice_end(&mut self) {
        if self.body.is_end_stream()
            && let Some(caller) = self.caller.take()
        {
            caller.has_spoken();
        }
    }
}

impl HttpBody for Question {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let frame = Pin::new(&mut self.body).poll_frame(context);
        self.notice_end();
        frame
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

/// Held until the answer has gone, which may be a long stream.
struct Answered(Arc<Caller>);

impl Drop for Answered {
    fn drop(&mut self) {
        self.0.falls_silent();
    }
}

/// An answer's body: while it is being sent, its connection is not silent.
struct Answer {
    body: Body,
    _answered: Answered,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_util::sync::CancellationToken;

    use super::*;

    async fn started(limits: Limits) -> (std::net::SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let endless = || async {
            let first = futures_util::stream::iter([Ok::<_, std::convert::Infallible>("first")]);
            Body::from_stream(futures_util::StreamExt::chain(first, futures_util::stream::pending()))
        };
        let router = Router::new()
            .route("/", axum::routing::get(|| async { "here" }))
            .route("/body", axum::routing::post(async |body: Bytes| body))
            .route("/stream", axum::routing::get(endless));
        let stop = CancellationToken::new();
        tokio::spawn(serve(listener, router, limits, stop.clone().cancelled_owned()));
        (address, stop)
    }

    async fn answer(stream: &mut TcpStream) -> String {
        stream.write_all(b"GET / HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).await.unwrap();
        answer
    }

    #[tokio::test]
    async fn a_silent_sender_is_let_go() {
        let limits = Limits { head_within: Duration::from_millis(50), ..Limits::default() };
        let (address, _stop) = started(limits).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        let mut dribbling = TcpStream::connect(address).await.unwrap();
        dribbling.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        for silent in [&mut idle, &mut dribbling] {
            let mut rest = Vec::new();
            let ended = silent.read_to_end(&mut rest).await;
            assert!(ended.is_err() || !rest.starts_with(b"HTTP/1.1 200"), "{ended:?}");
        }
    }

    #[tokio::test]
    async fn the_longest_silent_makes_room() {
        let limits = Limits { connections: 3, ..Limits::default() };
        let (address, _stop) = started(limits).await;
        let mut held = Vec::new();
        for _ in 0..20 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
            held.push(stream);
        }
        let mut another = TcpStream::connect(address).await.unwrap();
        assert!(answer(&mut another).await.ends_with("here"));
        let mut rest = Vec::new();
        let ended = held[0].read_to_end(&mut rest).await;
        assert!(ended.is_err() || rest.is_empty(), "{rest:?}");
    }

    #[tokio::test]
    async fn a_body_that_never_ends_makes_room_too() {
        let limits = Limits { connections: 3, ..Limits::default() };
        let (address, _stop) = started(limits).await;
        let mut held = Vec::new();
        for _ in 0..10 {
            let mut stream = TcpStream::connect(address).await.unwrap();
            stream.write_all(b"POST /body HTTP/1.1\r\nhost: x\r\ncontent-length: 100\r\n\r\na").await.unwrap();
            held.push(stream);
        }
        let mut another = TcpStream::connect(address).await.unwrap();
        assert!(answer(&mut another).await.ends_with("here"));
    }

    #[tokio::test]
    async fn who_is_being_answered_is_not_silent() {
        let limits = Limits { connections: 2, ..Limits::default() };
        let (address, _stop) = started(limits).await;
        let mut streaming = TcpStream::connect(address).await.unwrap();
        streaming.write_all(b"GET /stream HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut begun = Vec::new();
        while !begun.ends_with(b"first\r\n") {
            begun.push(streaming.read_u8().await.unwrap());
        }
        let mut held = Vec::new();
        for _ in 0..10 {
            held.push(TcpStream::connect(address).await.unwrap());
        }
        let mut another = TcpStream::connect(address).await.unwrap();
        assert!(answer(&mut another).await.ends_with("here"));
        let cut = tokio::time::timeout(Duration::from_millis(50), streaming.read_u8()).await;
        assert!(cut.is_err(), "the stream was cut: {cut:?}");
    }

    #[tokio::test]
    async fn idle_connections_hold_up_no_stop() {
        let (address, stop) = started(Limits::default()).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        idle.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.unwrap();
        let mut first = [0; 12];
        idle.read_exact(&mut first).await.unwrap();
        assert_eq!(&first, b"HTTP/1.1 200");
        stop.cancel();
        let mut rest = Vec::new();
        idle.read_to_end(&mut rest).await.unwrap();
        assert!(rest.ends_with(b"here"));
    }
}
