//! What a host may read of Jira without a tool: `jira://projects` and `jira://issue/{key}`, as JSON.

use rmcp::model::{ReadResourceResult, Resource, ResourceTemplate};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};

use super::client::JiraClient;
use super::schema_lists::ListProjects;
use super::{lists, shown};
use crate::resource;

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
pub(super) async fn read(
    client: &JiraClient,
    uri: &str,
    context: &RequestContext<RoleServer>,
) -> Result<ReadResourceResult, ErrorData> {
    if uri == PROJECTS {
        let wanted = ListProjects { name_contains: None, max_results: Some(PROJECTS_MAX), next_page_token: None };
        return resource::json(uri, lists::projects(client, wanted).await, context);
    }
    let key = uri.strip_prefix(ISSUE).filter(|key| !key.is_empty() && !key.contains('/'));
    let Some(key) = key else { return Err(resource::unknown(uri)) };
    resource::json(uri, client.issue(key).await.map(|issue| shown::issue(client, &issue)), context)
}
