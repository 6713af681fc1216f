//! What a host may read of Jira without a tool: `jira://projects` and `jira://issue/{key}`, as JSON.

use rmcp::ErrorData;
use rmcp::model::{ReadResourceResult, Resource, ResourceContents, ResourceTemplate};
use serde::Serialize;

use super::client::JiraClient;
use super::schema_lists::ListProjects;
use super::{lists, shown};
use crate::failure::{ErrorKind, ToolFailure};

const PROJECTS: &str = "jira://projects";
const ISSUE: &str = "jira://issue/";
const JSON: &str = "application/json";
/// Projects that the resource shows; the tool pages through all of them.
const PROJECTS_MAX: u32 = 100;

/// The resources that have a fixed address.
pub(super) fn all() -> Vec<Resource> {
    vec![
        Resource::new(PROJECTS, "projects")
            .with_title("Jira projects")
            .with_description("The first hundred projects that the account sees; the tool list_projects shows all.")
            .with_mime_type(JSON),
    ]
}

/// The resources that an address is made for.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{ISSUE}{{key}}"), "issue")
            .with_title("A Jira issue")
            .with_description("One issue by its key, such as jira://issue/PAY-7.")
            .with_mime_type(JSON),
    ]
}

/// Reads a resource.
///
/// # Errors
/// What the protocol says of an address that leads nowhere, and of a Jira that does not answer.
pub(super) async fn read(client: &JiraClient, uri: &str) -> Result<ReadResourceResult, ErrorData> {
    if uri == PROJECTS {
        let wanted = ListProjects { name_contains: None, max_results: Some(PROJECTS_MAX), next_page_token: None };
        let projects = lists::projects(client, wanted).await.map_err(|failure| refused(&failure, uri))?;
        return contents(uri, &projects);
    }
    let key = uri.strip_prefix(ISSUE).filter(|key| !key.is_empty() && !key.contains('/'));
    let Some(key) = key else { return Err(unknown(uri)) };
    let issue = client.issue(key).await.map_err(|failure| refused(&failure, uri))?;
    contents(uri, &shown::issue(client, &issue))
}

fn contents(uri: &str, value: &impl Serialize) -> Result<ReadResourceResult, ErrorData> {
    let text = serde_json::to_string(value)
        .map_err(|error| ErrorData::internal_error(format!("the resource could not be encoded: {error}"), None))?;
    Ok(ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(JSON)]))
}

fn unknown(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(format!("there is no resource {uri}; read {PROJECTS} or {ISSUE}KEY"), None)
}

fn refused(failure: &ToolFailure, uri: &str) -> ErrorData {
    let data = serde_json::to_value(failure).ok();
    match failure.error_kind {
        ErrorKind::Permanent if failure.http_status == Some(404) => ErrorData::resource_not_found(
            format!("there is no resource {uri}, or the Jira account may not see it"),
            data,
        ),
        _ => ErrorData::internal_error(failure.message.clone(), data),
    }
}
