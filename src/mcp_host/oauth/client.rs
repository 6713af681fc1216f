//! The HTTP client with a token on each request. A request that is answered with 401 was not carried out: it is sent once more
//! with a new token, and no third time.

use std::collections::HashMap;
use std::io;
use std::sync::Arc;

use futures_util::stream::BoxStream;
use http::{HeaderName, HeaderValue};
use rmcp::model::ClientJsonRpcMessage;
use rmcp::transport::streamable_http_client::{
    SseError, StreamableHttpClient, StreamableHttpError, StreamableHttpPostResponse,
};
use secrecy::{ExposeSecret, SecretString};
use sse_stream::Sse;

use super::{SignInError, Tokens};

type Failure = StreamableHttpError<reqwest::Error>;
type Headers = HashMap<HeaderName, HeaderValue>;

/// A client that signs in where the server wants it.
#[derive(Clone)]
pub(in crate::mcp_host) struct AuthorizedClient {
    inner: reqwest::Client,
    tokens: Option<Arc<Tokens>>,
}

impl AuthorizedClient {
    pub fn new(inner: reqwest::Client, tokens: Option<Arc<Tokens>>) -> Self {
        Self { inner, tokens }
    }

    async fn with_token<T, F>(&self, send: impl Fn(Option<String>) -> F) -> Result<T, Failure>
    where
        F: Future<Output = Result<T, Failure>>,
    {
        let Some(tokens) = &self.tokens else { return send(None).await };
        let with = |token: &SecretString| send(Some(token.expose_secret().to_owned()));
        let token = tokens.token().await.map_err(carried)?;
        let again = match with(&token).await {
            Err(StreamableHttpError::AuthRequired(_)) => tokens.renewed(&token).await,
            Err(error) if is_unexplained_401(&error) => tokens.renewed(&token).await,
            Err(StreamableHttpError::InsufficientScope(error)) => {
                tokens.widened(&token, error.get_required_scope()).await
            }
            answered => return answered,
        };
        let again = again.map_err(carried)?;
        with(&again).await
    }
}

/// A 401 that names no way to a token comes as words.
fn is_unexplained_401(error: &Failure) -> bool {
    matches!(error, StreamableHttpError::UnexpectedServerResponse(said) if said.starts_with("HTTP 401"))
}

/// rmcp's errors have no place for ours, but for what an operating system says.
fn carried(error: SignInError) -> Failure {
    StreamableHttpError::Io(io::Error::other(error))
}

/// What [`carried`] put into an error.
pub(in crate::mcp_host) fn sign_in_error(error: &Failure) -> Option<&SignInError> {
    match error {
        StreamableHttpError::Io(error) => error.get_ref()?.downcast_ref(),
        _ => None,
    }
}

impl StreamableHttpClient for AuthorizedClient {
    type Error = reqwest::Error;

    async fn post_message(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        _token: Option<String>,
        headers: Headers,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        self.with_token(|token| {
            self.inner.post_message(Arc::clone(&uri), message.clone(), session_id.clone(), token, headers.clone())
        })
        .await
    }

    async fn post_message_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        message: ClientJsonRpcMessage,
        session_id: Option<Arc<str>>,
        _token: Option<String>,
        headers: Headers,
        max_sse_event_size: usize,
    ) -> Result<StreamableHttpPostResponse, Failure> {
        self.with_token(|token| {
            let (uri, session_id) = (Arc::clone(&uri), session_id.clone());
            let (message, headers) = (message.clone(), headers.clone());
            self.inner.post_message_with_max_sse_event_size(
                uri,
                message,
                session_id,
                token,
                headers,
                max_sse_event_size,
            )
        })
        .await
    }

    async fn delete_session(
        &self,
        uri: Arc<str>,
        session_id: Arc<str>,
        _token: Option<String>,
        headers: Headers,
    ) -> Result<(), Failure> {
        self.with_token(|token| {
            self.inner.delete_session(Arc::clone(&uri), Arc::clone(&session_id), token, headers.clone())
        })
        .await
    }

    async fn get_stream(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        _token: Option<String>,
        headers: Headers,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failure> {
        self.with_token(|token| {
            let (session_id, last_event_id) = (session_id.clone(), last_event_id.clone());
            self.inner.get_stream(Arc::clone(&uri), session_id, last_event_id, token, headers.clone())
        })
        .await
    }

    async fn get_stream_with_max_sse_event_size(
        &self,
        uri: Arc<str>,
        session_id: Option<Arc<str>>,
        last_event_id: Option<String>,
        _token: Option<String>,
        headers: Headers,
        max_sse_event_size: usize,
    ) -> Result<BoxStream<'static, Result<Sse, SseError>>, Failure> {
        self.with_token(|token| {
            let (uri, session_id) = (Arc::clone(&uri), session_id.clone());
            let (last_event_id, headers) = (last_event_id.clone(), headers.clone());
            self.inner.get_stream_with_max_sse_event_size(
                uri,
                session_id,
                last_event_id,
                token,
                headers,
                max_sse_event_size,
            )
        })
        .await
    }
}
