//! The HTTP server. Unlike `axum::serve` it closes a connection whose sender goes silent and holds only so many at once:
//! file descriptors are for the store and for calls to Slack too, and nobody has to be known to open a connection.

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// A pause when the system gives no more connections.
const ACCEPT_PAUSE: Duration = Duration::from_secs(1);

/// What a stranger may take.
#[derive(Debug, Clone, Copy)]
pub(super) struct Limits {
    /// A request's head must be there in this time, counted from the connection or the last answer.
    pub head_within: Duration,
    /// Connections at once; the next ones wait in the system's queue.
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
pub(super) async fn serve(listener: TcpListener, router: Router, limits: Limits, stopped: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(limits.head_within);
    let open = GracefulShutdown::new();
    let room = Arc::new(Semaphore::new(limits.connections));
    let mut stopped = pin!(stopped);
    loop {
        let (stream, place) = tokio::select! {
            () = &mut stopped => break,
            accepted = accept(&listener, &room) => accepted,
        };
        let service = TowerToHyperService::new(router.clone());
        let connection = open.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            let _place = place;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    open.shutdown().await;
}

async fn accept(listener: &TcpListener, room: &Arc<Semaphore>) -> (TcpStream, OwnedSemaphorePermit) {
    loop {
        let Ok(place) = Arc::clone(room).acquire_owned().await else {
            return std::future::pending().await;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                if let Err(error) = stream.set_nodelay(true) {
                    tracing::debug!(%error, "could not set TCP_NODELAY");
                }
                return (stream, place);
            }
            Err(error) if is_the_callers(&error) => {}
            Err(error) => {
                tracing::warn!(%error, "no connection could be accepted; trying again");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

fn is_the_callers(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio_util::sync::CancellationToken;

    use super::*;

    async fn started(limits: Limits) -> (std::net::SocketAddr, CancellationToken) {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let router = Router::new().route("/", axum::routing::get(|| async { "here" }));
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
    async fn a_silent_sender_is_let_go_and_makes_room() {
        let limits = Limits { head_within: Duration::from_millis(50), connections: 2 };
        let (address, _stop) = started(limits).await;
        let mut idle = TcpStream::connect(address).await.unwrap();
        let mut dribbling = TcpStream::connect(address).await.unwrap();
        dribbling.write_all(b"GET / HTTP/1.1\r\nhost:").await.unwrap();
        let mut third = TcpStream::connect(address).await.unwrap();
        assert!(answer(&mut third).await.ends_with("here"));
        for silent in [&mut idle, &mut dribbling] {
            let mut rest = Vec::new();
            let ended = silent.read_to_end(&mut rest).await;
            assert!(ended.is_err() || !rest.starts_with(b"HTTP/1.1 200"), "{ended:?}");
        }
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
