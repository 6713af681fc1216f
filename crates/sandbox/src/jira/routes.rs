//! Which path does what; authentication, the edition and faults in front of all of REST.

use axum::Router;
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post, put};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use subtle::ConstantTimeEq;

use super::answer::Refusal;
use super::door::Edition;
use super::{JiraBox, JiraConfig, routes_agile, routes_directory, routes_issue, routes_search};
use crate::faults::{Fault, answer_with_fault};
use crate::record;

const CLOUD: &str = "/rest/api/3";
const DATA_CENTER: &str = "/rest/api/2";
const AGILE: &str = "/rest/agile/1.0";
/// Data Center's name of the account that API requests come from.
const USER_NAME: &str = "deskbell";

pub(super) fn router(jira: JiraBox) -> Router {
    let behind = |rest: Router<JiraBox>| rest.route_layer(middleware::from_fn_with_state(jira.clone(), guard));
    let cloud = common()
        .route("/comment/list", post(routes_issue::comment_list))
        .route("/issue/{key}/changelog", get(routes_issue::changelog))
        .route("/search/jql", get(routes_search::by_query).post(routes_search::by_body))
        .route("/project/search", get(routes_directory::project_page));
    let data_center = common()
        .route("/search", get(routes_search::by_query).post(routes_search::by_body))
        .route("/user", get(routes_directory::user));
    let agile = Router::new()
        .route("/board", get(routes_agile::boards))
        .route("/board/{id}/sprint", get(routes_agile::sprints))
        .route("/issue/{key}", get(routes_agile::issue))
        .route("/sprint/{id}/issue", post(routes_agile::add_to_sprint));
    Router::new()
        .nest(CLOUD, behind(cloud))
        .nest(DATA_CENTER, behind(data_center))
        .nest(AGILE, behind(agile))
        .route("/browse/{key}", get(routes_directory::browse))
        .route("/sandbox-move", post(routes_directory::sandbox_move))
        .with_state(jira)
}

/// What both editions have under the same path.
fn common() -> Router<JiraBox> {
    Router::new()
        .route("/issue", post(routes_issue::create))
        .route("/issue/{key}", get(routes_issue::show).put(routes_issue::edit))
        .route("/issue/{key}/assignee", put(routes_issue::assign))
        .route("/issue/{key}/comment", get(routes_issue::comments).post(routes_issue::add_comment))
        .route("/issue/{key}/transitions", get(routes_issue::transitions).post(routes_issue::transition))
        .route("/issue/{key}/properties/{property}", put(routes_issue::set_property).get(routes_issue::property))
        .route("/issueLink", post(routes_issue::link))
        .route("/issueLinkType", get(routes_directory::link_types))
        .route("/issue/createmeta/{project}/issuetypes", get(routes_directory::create_types))
        .route("/issue/createmeta/{project}/issuetypes/{id}", get(routes_directory::create_fields))
        .route("/myself", get(routes_directory::myself))
        .route("/user/search", get(routes_directory::user_search))
        .route("/priority", get(routes_directory::priorities))
        .route("/status", get(routes_directory::statuses))
        .route("/field", get(routes_directory::fields))
        .route("/project", get(routes_directory::projects))
        .route("/project/{key}", get(routes_directory::project))
        .route("/project/{key}/components", get(routes_directory::components))
        .route("/project/{key}/statuses", get(routes_directory::project_statuses))
        .route("/serverInfo", get(routes_directory::server_info))
}

/// Checks the credentials, then lets the fault table have its say. Records what gets through.
async fn guard(State(jira): State<JiraBox>, matched: MatchedPath, mut request: Request, next: Next) -> Response {
    let presented = edition_of(jira.config(), &request);
    let prefix = [CLOUD, DATA_CENTER, AGILE].into_iter().find(|prefix| matched.as_str().contains(prefix));
    let (Some(prefix), Some(edition)) = (prefix, presented) else { return unauthenticated() };
    let fits = match edition {
        Edition::Cloud => prefix != DATA_CENTER,
        Edition::DataCenter => prefix != CLOUD,
    };
    if !fits {
        return unauthenticated();
    }
    jira.note(|site| site.requests += 1);
    request.extensions_mut().insert(edition);
    let path = matched.as_str().split(prefix).last().unwrap_or_default();
    let target = format!("jira:{} {path}", request.method());
    match jira.config().faults.decide(&target) {
        Some(Fault::Status { status, retry_after_seconds }) => failed(status, retry_after_seconds),
        fault => answer_with_fault(fault, recorded(&jira, prefix, request, next)).await,
    }
}

async fn recorded(jira: &JiraBox, prefix: &str, request: Request, next: Next) -> Response {
    let Some((response, exchange)) = record::recorded(prefix, request, next).await else {
        return Refusal::message(StatusCode::PAYLOAD_TOO_LARGE, "The request body is too long.").into_response();
    };
    jira.note(|site| site.exchanges.add(exchange));
    response
}

fn unauthenticated() -> Response {
    Refusal::message(StatusCode::UNAUTHORIZED, "Client must be authenticated to access this resource.").into_response()
}

/// The edition whose credentials the request carries.
fn edition_of(config: &JiraConfig, request: &Request) -> Option<Edition> {
    let presented = request.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let same = |presented: &[u8], expected: &str| bool::from(presented.ct_eq(expected.as_bytes()));
    if let Some(token) = presented.strip_prefix("Bearer ") {
        return same(token.as_bytes(), &config.api_token).then_some(Edition::DataCenter);
    }
    let decoded = BASE64.decode(presented.strip_prefix("Basic ")?).ok()?;
    let cloud = same(&decoded, &format!("{}:{}", config.email, config.api_token));
    let data_center = same(&decoded, &format!("{USER_NAME}:{}", config.api_token));
    cloud.then_some(Edition::Cloud).or(data_center.then_some(Edition::DataCenter))
}

fn failed(status: u16, retry_after_seconds: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let message = match status {
        StatusCode::TOO_MANY_REQUESTS => "Rate limit exceeded.",
        _ => "Internal server error.",
    };
    let mut response = Refusal::message(status, message).into_response();
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}
