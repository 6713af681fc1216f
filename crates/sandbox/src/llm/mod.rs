//! A language model's service that says what a test told it to, in OpenAI's shape and in Anthropic's, over real HTTP.
//!
//! [`LlmServer::start`] binds a loopback address of its own. Requests are held to what the vendors demand (`openai`,
//! `anthropic`): a wrong key is 401, a wrong field 400. What is answered comes from a script of [`Reply`]s, one a request; when the
//! script is over, the last is said again. Every request is kept for a test to look at ([`LlmServer::asked`]).

mod anthropic;
mod openai;
mod request;

use std::collections::VecDeque;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use futures_util::stream;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

pub use request::{Asked, Shape};

/// The key that requests must carry.
pub const KEY: &str = "sandbox-llm-key";
/// The model that exists.
pub const MODEL: &str = "sandbox-1";
/// Tokens that every answer says it used, of the question and of the answer.
pub const TOKENS: (u64, u64) = (400, 60);

/// What the service says to one request.
#[derive(Debug, Clone, PartialEq)]
pub enum Reply {
    /// A good answer: this form, filled in.
    Answer(Value),
    /// Text where the form was asked for: malformed JSON, chatter.
    Text(String),
    /// The model follows what a text tells it: the first JSON object after `ANSWER WITH` in the question is its answer.
    Obedient,
    /// The model declines.
    Refusal,
    /// The service's content filter steps in.
    Filtered,
    /// The answer is cut off at the limit of tokens.
    Cut,
    /// An HTTP status with the vendor's error body.
    Status {
        /// For example 429, 500, 529.
        status: u16,
        /// `Retry-After`, in seconds.
        retry_after_seconds: Option<u64>,
    },
    /// The form, filled in, one byte after another with this pause between them.
    Slow {
        /// What is said at last.
        answer: Value,
        /// Between two bytes.
        pause: Duration,
    },
    /// Nothing comes, and the connection stays open.
    Silence,
    /// The connection breaks before anything comes.
    Dropped,
    /// A page of somebody in between.
    Html,
    /// An answer without end.
    Endless,
}

struct Shared {
    script: Mutex<VecDeque<Reply>>,
    asked: Mutex<Vec<Asked>>,
}

/// A running service. Dropping it stops it.
pub struct LlmServer {
    address: SocketAddr,
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl LlmServer {
    /// Binds a free port and serves; until a script is given, the model declines.
    ///
    /// # Errors
    /// When no port can be had.
    pub async fn start() -> std::io::Result<Self> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let address = listener.local_addr()?;
        let shared = Arc::new(Shared { script: Mutex::default(), asked: Mutex::default() });
        let routes = Router::new()
            .route("/v1/chat/completions", post(ask_openai))
            .route("/openai/deployments/{deployment}/chat/completions", post(ask_openai))
            .route("/v1/messages", post(ask_anthropic))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            if let Err(error) = axum::serve(listener, routes).await {
                tracing::error!(%error, "the scripted model stopped");
            }
        });
        Ok(Self { address, shared, serving })
    }

    /// The base address in this shape.
    pub fn url(&self, shape: Shape) -> String {
        match shape {
            Shape::OpenAi => format!("http://{}/v1", self.address),
            Shape::Anthropic | Shape::Azure => format!("http://{}", self.address),
        }
    }

    /// What is said next, one reply a request; what was left of an earlier script is forgotten.
    pub fn says(&self, replies: impl IntoIterator<Item = Reply>) {
        *lock(&self.shared.script) = replies.into_iter().collect();
    }

    /// All requests so far, right or wrong.
    pub fn asked(&self) -> Vec<Asked> {
        lock(&self.shared.asked).clone()
    }
}

impl Drop for LlmServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn ask_openai(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    let shape = if uri.path().starts_with("/openai/") { Shape::Azure } else { Shape::OpenAi };
    shared.answer(Asked::read(shape, &uri, &headers, &body)).await
}

async fn ask_anthropic(State(shared): State<Arc<Shared>>, uri: Uri, headers: HeaderMap, body: Bytes) -> Response {
    shared.answer(Asked::read(Shape::Anthropic, &uri, &headers, &body)).await
}

impl Shared {
    async fn answer(&self, asked: Asked) -> Response {
        let fault = match asked.shape {
            Shape::OpenAi | Shape::Azure => openai::fault(&asked),
            Shape::Anthropic => anthropic::fault(&asked),
        };
        lock(&self.asked).push(asked.clone());
        if let Some((status, message)) = fault {
            return error(asked.shape, status, "invalid_request_error", &message, None);
        }
        let reply = {
            let mut script = lock(&self.script);
            let next = if script.len() > 1 { script.pop_front() } else { script.front().cloned() };
            next.unwrap_or(Reply::Refusal)
        };
        said(&asked, reply).await
    }
}

async fn said(asked: &Asked, reply: Reply) -> Response {
    let shape = asked.shape;
    match reply {
        Reply::Status { status, retry_after_seconds } => {
            let kind = if status == 429 { "rate_limit_error" } else { "overloaded_error" };
            error(shape, status, kind, "the sandbox was told to say so", retry_after_seconds)
        }
        Reply::Filtered if shape != Shape::Anthropic => {
            error(shape, 400, "content_filter", "the prompt was filtered", None)
        }
        Reply::Slow { answer, pause } => {
            let body = filled(shape, &Reply::Answer(answer)).to_string().into_bytes();
            let bytes = stream::unfold(body.into_iter(), move |mut left| async move {
                let byte = left.next()?;
                tokio::time::sleep(pause).await;
                Some((Ok::<_, Infallible>(Bytes::from(vec![byte])), left))
            });
            json_body(Body::from_stream(bytes))
        }
        Reply::Silence => std::future::pending().await,
        Reply::Dropped => json_body(Body::from_stream(stream::once(async {
            Err::<Bytes, _>(std::io::Error::other("dropped by the script"))
        }))),
        Reply::Html => Response::new(Body::from("<html><body>Please log in to the proxy</body></html>")),
        Reply::Endless => {
            let chunk = Bytes::from(vec![b' '; 64 * 1024]);
            let chunks =
                stream::unfold(chunk, |chunk| async move { Some((Ok::<_, Infallible>(chunk.clone()), chunk)) });
            json_body(Body::from_stream(chunks))
        }
        Reply::Obedient => {
            let answer = asked.told_in_the_text().map_or(Reply::Refusal, Reply::Answer);
            json_body(Body::from(filled(shape, &answer).to_string()))
        }
        reply => json_body(Body::from(filled(shape, &reply).to_string())),
    }
}

fn filled(shape: Shape, reply: &Reply) -> Value {
    match shape {
        Shape::OpenAi | Shape::Azure => openai::answer(reply),
        Shape::Anthropic => anthropic::answer(reply),
    }
}

fn json_body(body: Body) -> Response {
    ([(header::CONTENT_TYPE, "application/json")], body).into_response()
}

fn error(shape: Shape, status: u16, kind: &str, message: &str, retry_after_seconds: Option<u64>) -> Response {
    let body = match shape {
        Shape::OpenAi | Shape::Azure => openai::error(kind, message),
        Shape::Anthropic => anthropic::error(kind, message),
    };
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, axum::Json(body)).into_response();
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
    }
    response
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
