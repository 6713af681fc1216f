//! Slack's Web API at `/api/{method}`: token, scope, limits, then the method.
//!
//! Errors are Slack's own words, <https://docs.slack.dev/apis/web-api/using-the-web-api>.

mod arguments;
mod chat;
mod conversations;
mod methods;
mod reactions;
pub(crate) mod response_url;
mod users;
mod views;

use std::sync::Arc;
use std::time::Instant;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Json, body::Bytes};
use serde_json::{Value, json};

use self::arguments::Arguments;
use self::methods::{Method, TokenKind};
pub(crate) use self::views::check_view;
use crate::core::Core;
use crate::faults::{Fault, answer_with_fault};

/// Why a call failed, as Slack says it.
#[derive(Debug, Default)]
pub(crate) struct ApiError {
    error: &'static str,
    /// Goes to `response_metadata.messages`.
    messages: Vec<String>,
    /// The scope that is missing.
    needed: Option<&'static str>,
}

impl From<&'static str> for ApiError {
    fn from(error: &'static str) -> Self {
        Self { error, ..Self::default() }
    }
}

impl ApiError {
    fn explained(error: &'static str, messages: Vec<String>) -> Self {
        Self { error, messages, needed: None }
    }

    /// Slack's word for it.
    pub(crate) fn word(&self) -> &'static str {
        self.error
    }

    fn body(&self, scopes: &[String]) -> Value {
        let mut body = json!({"ok": false, "error": self.error});
        if !self.messages.is_empty() {
            crate::json::set(&mut body, "errors", self.messages.clone());
            crate::json::set(&mut body, "response_metadata", json!({"messages": self.messages}));
        }
        if let Some(needed) = self.needed {
            crate::json::set(&mut body, "needed", needed);
            crate::json::set(&mut body, "provided", scopes.join(","));
        }
        body
    }
}

type ApiResult = Result<Value, ApiError>;

/// One call, under the fault rules for `slack:{method}`.
pub(crate) async fn call(
    State(core): State<Arc<Core>>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let fault = core.faults.decide(&format!("slack:{name}"));
    if let Some(fault) = &fault {
        core.count_call(&name, fault_name(fault));
    }
    answer_with_fault(fault, async {
        let arguments = Arguments::read(&headers, query.as_deref(), &body);
        answer(&core, &name, &arguments)
    })
    .await
}

fn fault_name(fault: &Fault) -> &'static str {
    match fault {
        Fault::Status { .. } => "fault_status",
        Fault::Timeout { .. } => "fault_timeout",
        Fault::LostResponse => "fault_lost_response",
        Fault::DuplicateDelivery => "fault_duplicate_delivery",
        Fault::Delayed { .. } => "fault_delayed",
    }
}

fn answer(core: &Core, name: &str, arguments: &Arguments) -> Response {
    let Some(method) = Method::parse(name) else {
        core.count_call(name, "unknown_method");
        return Json(json!({"ok": false, "error": "unknown_method", "req_method": name})).into_response();
    };
    if let Err(retry_after) = within_limits(core, method, arguments) {
        core.count_call(name, "ratelimited");
        return rate_limited(retry_after);
    }
    let result = authorise(core, method, arguments).and_then(|()| method.run(core, arguments));
    core.count_call(name, result.as_ref().map_or_else(|error| error.error, |_| "ok"));
    let mut body = match result {
        Ok(body) => body,
        Err(error) => error.body(&core.config.scopes),
    };
    if body.get("ok").is_none() {
        crate::json::set(&mut body, "ok", true);
    }
    let mut response = Json(body).into_response();
    if let Ok(scopes) = HeaderValue::from_str(&core.config.scopes.join(",")) {
        response.headers_mut().insert("x-oauth-scopes", scopes);
    }
    response
}

fn within_limits(core: &Core, method: Method, arguments: &Arguments) -> Result<(), u64> {
    let channel = arguments.text("channel").unwrap_or_default();
    core.limits.check(method.tier(), method.name(), channel, Instant::now())
}

fn rate_limited(retry_after: u64) -> Response {
    let body = Json(json!({"ok": false, "error": "ratelimited"}));
    let mut response = (StatusCode::TOO_MANY_REQUESTS, body).into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(retry_after));
    response
}

fn authorise(core: &Core, method: Method, arguments: &Arguments) -> Result<(), ApiError> {
    let Some(expected) = method.token() else {
        return Ok(());
    };
    let token = arguments.token().ok_or("not_authed")?;
    let (right, wrong) = match expected {
        TokenKind::Bot => (&core.config.bot_token, &core.config.app_token),
        TokenKind::App => (&core.config.app_token, &core.config.bot_token),
    };
    if token == wrong {
        return Err("not_allowed_token_type".into());
    }
    if token != right {
        return Err("invalid_auth".into());
    }
    let scopes = method.scopes();
    let granted = scopes.is_empty() || scopes.iter().any(|scope| core.config.scopes.iter().any(|has| has == scope));
    if granted || expected == TokenKind::App {
        return Ok(());
    }
    Err(ApiError { needed: scopes.first().copied(), ..ApiError::from("missing_scope") })
}
