//! Reads a request's body no further than the limit, and not for ever.

use std::time::Duration;

use axum::body::Body;
use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use http::{HeaderMap, header};

use super::refusal::Refusal;

/// A sender that needs longer has missed Slack's 3 s anyway.
const READ_TIMEOUT: Duration = Duration::from_secs(10);

pub(super) async fn read(headers: &HeaderMap, body: Body, limit_bytes: usize) -> Result<Bytes, Refusal> {
    if stated_length(headers).is_some_and(|length| length > limit_bytes as u64) {
        return Err(Refusal::BodyTooLarge);
    }
    tokio::time::timeout(READ_TIMEOUT, collect(body, limit_bytes)).await.map_err(|_| Refusal::BodyUnreadable)?
}

fn stated_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

async fn collect(body: Body, limit_bytes: usize) -> Result<Bytes, Refusal> {
    let mut collected = BytesMut::new();
    let mut chunks = body.into_data_stream();
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk.map_err(|_| Refusal::BodyUnreadable)?;
        if collected.len().saturating_add(chunk.len()) > limit_bytes {
            return Err(Refusal::BodyTooLarge);
        }
        collected.extend_from_slice(&chunk);
    }
    Ok(collected.freeze())
}
