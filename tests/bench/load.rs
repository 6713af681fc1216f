//! A generator of signed slash commands over keep-alive connections.
//!
//! Requests are built and signed before the clock starts, each with a `trigger_id` of its own that grows as Slack's do, so
//! that a server can't answer one from another.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// What a run measured.
#[derive(Debug, Clone, Copy)]
pub struct Measured {
    pub per_second: f64,
    pub p50_ms: f64,
    pub p99_ms: f64,
    pub refused: usize,
}

/// Sends `requests` commands over `connections` connections, each one after the answer to the one before.
pub async fn run(address: &str, path: &str, secret: &str, connections: usize, requests: usize) -> Measured {
    let each = requests / connections;
    let mut prepared = Vec::new();
    for connection in 0..connections {
        let bodies: Vec<Vec<u8>> =
            (0..each).map(|n| request(address, path, secret, n * connections + connection)).collect();
        let stream = TcpStream::connect(address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        prepared.push((stream, bodies));
    }
    let started = Instant::now();
    let tasks: Vec<_> = prepared.into_iter().map(|(stream, bodies)| tokio::spawn(drive(stream, bodies))).collect();
    let mut latencies = Vec::with_capacity(requests);
    let mut refused = 0;
    for task in tasks {
        let (times, failed) = task.await.unwrap();
        latencies.extend(times);
        refused += failed;
    }
    let seconds = started.elapsed().as_secs_f64();
    let (p50_ms, p99_ms) = percentiles(&mut latencies);
    Measured { per_second: latencies.len() as f64 / seconds, p50_ms, p99_ms, refused }
}

/// Median and 99th percentile in milliseconds.
pub fn percentiles(latencies: &mut [Duration]) -> (f64, f64) {
    latencies.sort_unstable();
    let at = |share: f64| latencies[((latencies.len() - 1) as f64 * share) as usize].as_secs_f64() * 1000.0;
    (at(0.5), at(0.99))
}

fn request(host: &str, path: &str, secret: &str, n: usize) -> Vec<u8> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let (run, now) = (now.as_millis(), now.as_secs());
    let body = format!(
        "token=x&team_id=T0NORTHWIND&team_domain=northwind&channel_id=C0SUPPORT&channel_name=support&user_id=U0BEN\
         &user_name=ben&command=%2Ftriage&text=the+payment+failed+for+order+{n}&api_app_id=A0DESKBELL\
         &response_url=http%3A%2F%2F127.0.0.1%3A9%2Fresponse%2F{n}&trigger_id={run}{n:06}.474920.8088930838d88f008e0"
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("v0:{now}:{body}").as_bytes());
    let signature = hex::encode(mac.finalize().into_bytes());
    format!(
        "POST {path} HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/x-www-form-urlencoded\r\n\
         x-slack-request-timestamp: {now}\r\nx-slack-signature: v0={signature}\r\ncontent-length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

async fn drive(mut stream: TcpStream, bodies: Vec<Vec<u8>>) -> (Vec<Duration>, usize) {
    let mut times = Vec::with_capacity(bodies.len());
    let mut failed = 0;
    let mut buffer = vec![0; 16 * 1024];
    for body in bodies {
        let started = Instant::now();
        stream.write_all(&body).await.unwrap();
        let mut read = 0;
        while !complete(&buffer[..read]) {
            let more = stream.read(&mut buffer[read..]).await.unwrap();
            assert!(more > 0, "the server closed the connection");
            read += more;
        }
        times.push(started.elapsed());
        failed += usize::from(!buffer.starts_with(b"HTTP/1.1 200"));
    }
    (times, failed)
}

/// Whether head and body are there; a chunked answer ends with its empty chunk.
fn complete(answer: &[u8]) -> bool {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return false };
    let head = String::from_utf8_lossy(&answer[..end]).to_ascii_lowercase();
    let length = head.lines().find_map(|line| line.strip_prefix("content-length:")?.trim().parse::<usize>().ok());
    match length {
        Some(length) => answer.len() >= end + 4 + length,
        None if head.contains("transfer-encoding: chunked") => answer.ends_with(b"0\r\n\r\n"),
        None => true,
    }
}
