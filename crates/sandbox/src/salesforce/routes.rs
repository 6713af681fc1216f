//! Which path does what; the token, the daily limit, the version and faults in front of all of REST.

use axum::Router;
use axum::body::Body;
use axum::extract::{MatchedPath, Path, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use tokio::time::Instant;

use super::answer::Refusal;
use super::{SalesforceBox, oauth, page, routes_records};
use crate::faults::{Fault, answer_with_fault};

/// What stands before every path of the API.
const PREFIX: &str = "/services/data/{version}";
/// Versions that are spoken.
const VERSIONS: std::ops::RangeInclusive<u32> = 31..=67;
/// Requests that the header counts against where there is no limit.
const UNLIMITED: u64 = 100_000;

pub(super) fn router(salesforce: SalesforceBox) -> Router {
    let path = |path: &str| format!("{PREFIX}{path}");
    let rest = Router::new()
        .route(&path("/query"), get(routes_records::query))
        .route(&path("/query/{locator}"), get(routes_records::more))
        .route(&path("/limits"), get(routes_records::limits))
        .route(&path("/sobjects/{object}"), post(routes_records::create))
        .route(&path("/sobjects/{object}/describe"), get(routes_records::describe))
        .route(&path("/sobjects/{object}/{id}"), get(routes_records::show).patch(routes_records::update))
        .route(
            &path("/sobjects/{object}/{field}/{value}"),
            get(routes_records::show_by_external_id).patch(routes_records::upsert),
        )
        .route_layer(middleware::from_fn_with_state(salesforce.clone(), guard));
    let login = Router::new()
        .route("/services/oauth2/token", post(oauth::token))
        .route_layer(middleware::from_fn_with_state(salesforce.clone(), guard_login));
    rest.merge(login)
        .route("/lightning/r/{object}/{id}/view", get(browse))
        .fallback(async || Refusal::not_found())
        .with_state(salesforce)
}

/// Lets the fault table have its say before a token is granted.
async fn guard_login(State(salesforce): State<SalesforceBox>, request: Request, next: Next) -> Response {
    match salesforce.config().faults.decide("salesforce:POST /services/oauth2/token") {
        Some(Fault::Status { status, retry_after_seconds }) => {
            Refusal::status(status, retry_after_seconds).into_response()
        }
        fault => answer_with_fault(fault, next.run(request)).await,
    }
}

/// Checks the token, the version and the limit, then lets the fault table have its say.
async fn guard(
    State(salesforce): State<SalesforceBox>,
    matched: MatchedPath,
    request: Request,
    next: Next,
) -> Response {
    let presented = request.headers().get(header::AUTHORIZATION).and_then(|value| value.to_str().ok());
    let token = presented.and_then(|value| value.strip_prefix("Bearer ")).unwrap_or_default().to_owned();
    let is_good = salesforce
        .read(|org| org.tokens.get(&token).is_some_and(|until| until.is_none_or(|until| Instant::now() < until)));
    if !is_good {
        return Refusal::session().into_response();
    }
    let path = request.uri().path();
    let version = path.split("/services/data/v").nth(1).and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let spoken =
        version.strip_suffix(".0").and_then(|major| major.parse().ok()).is_some_and(|one| VERSIONS.contains(&one));
    if !spoken {
        return Refusal::not_found().into_response();
    }
    let used = salesforce.note(|org| {
        org.requests += 1;
        org.requests
    });
    if salesforce.config().daily_requests.is_some_and(|most| used > most) {
        return Refusal::limit().into_response();
    }
    let target = target(&matched, &request);
    let mut response = match salesforce.config().faults.decide(&target) {
        Some(Fault::Status { status, retry_after_seconds }) => {
            Refusal::status(status, retry_after_seconds).into_response()
        }
        fault => answer_with_fault(fault, next.run(request)).await,
    };
    let most = salesforce.config().daily_requests.unwrap_or(UNLIMITED);
    if let Ok(usage) = HeaderValue::from_str(&format!("api-usage={used}/{most}")) {
        response.headers_mut().insert("sforce-limit-info", usage);
    }
    response
}

/// The method and the path behind the version, with the object's name in place.
fn target(matched: &MatchedPath, request: &Request<Body>) -> String {
    let path = matched.as_str().split(PREFIX).last().unwrap_or_default();
    let object = request.uri().path().split("/sobjects/").nth(1).and_then(|rest| rest.split('/').next());
    let path = path.replace("{object}", object.unwrap_or("{object}"));
    format!("salesforce:{} {path}", request.method())
}

async fn browse(State(salesforce): State<SalesforceBox>, Path((_, id)): Path<(String, String)>) -> Response {
    salesforce.read(|org| match org.record(&id) {
        Some(record) => Html(page::record(org, record)).into_response(),
        None => (StatusCode::NOT_FOUND, Html(page::missing())).into_response(),
    })
}
