//! Resources as every protocol era wants them: the newest one demands to be told how long an answer stays fresh.

use rmcp::model::{
    CacheScope, ListResourceTemplatesResult, ListResourcesResult, PaginatedRequestParams, ProtocolVersion,
    ReadResourceResult, Resource, ResourceContents, ResourceTemplate,
};
use rmcp::service::RequestContext;
use rmcp::{ErrorData, RoleServer};
use serde::Serialize;

use crate::failure::{ErrorKind, ToolFailure};

/// A page of resources. Never fresh, and the caller's own: what is behind a resource changes, and rights differ.
pub fn listed(
    resources: Vec<Resource>,
    next: Option<String>,
    context: &RequestContext<RoleServer>,
) -> ListResourcesResult {
    let mut result = ListResourcesResult::with_all_items(resources);
    result.next_cursor = next;
    if tells_freshness(context) {
        result = result.with_ttl_ms(0).with_cache_scope(CacheScope::Private);
    }
    result
}

/// All templates of addresses. The same for every caller, and no fresher than the list of resources is told to be.
pub fn templates(all: Vec<ResourceTemplate>, context: &RequestContext<RoleServer>) -> ListResourceTemplatesResult {
    let result = ListResourceTemplatesResult::with_all_items(all);
    if !tells_freshness(context) {
        return result;
    }
    ListResourceTemplatesResult { ttl_ms: Some(0), cache_scope: Some(CacheScope::Private), ..result }
}

/// What was read, as JSON.
///
/// # Errors
/// What the protocol says of an address that leads nowhere, and of a vendor that does not answer.
pub fn json(
    uri: &str,
    read: Result<impl Serialize, ToolFailure>,
    context: &RequestContext<RoleServer>,
) -> Result<ReadResourceResult, ErrorData> {
    let value = read.map_err(|failure| refused(&failure, uri))?;
    let json = serde_json::to_string(&value)
        .map_err(|error| ErrorData::internal_error(format!("the resource could not be encoded: {error}"), None))?;
    Ok(text(uri, "application/json", json, context))
}

/// An address that none of the server's resources has.
pub fn unknown(uri: &str) -> ErrorData {
    ErrorData::resource_not_found(
        format!("there is no resource {uri}; resources/list and resources/templates/list tell which there are"),
        None,
    )
}

fn refused(failure: &ToolFailure, uri: &str) -> ErrorData {
    let data = serde_json::to_value(failure).ok();
    match failure.error_kind {
        ErrorKind::Permanent if failure.http_status == Some(404) => {
            ErrorData::resource_not_found(format!("there is no resource {uri}, or the account may not see it"), data)
        }
        _ => ErrorData::internal_error(failure.message.clone(), data),
    }
}

/// A resource's text.
pub fn text(uri: &str, mime_type: &str, text: String, context: &RequestContext<RoleServer>) -> ReadResourceResult {
    let result = ReadResourceResult::new(vec![ResourceContents::text(text, uri).with_mime_type(mime_type)]);
    if tells_freshness(context) { result.with_ttl_ms(0).with_cache_scope(CacheScope::Private) } else { result }
}

/// The page that is asked for: `size` items from the place that the cursor names, and the cursor of the next page.
///
/// # Errors
/// `-32602` when the cursor is not one that was given out.
pub fn page<T: Clone>(
    all: &[T],
    request: Option<&PaginatedRequestParams>,
    size: usize,
) -> Result<(Vec<T>, Option<String>), rmcp::ErrorData> {
    let start: usize = match request.and_then(|request| request.cursor.as_deref()) {
        None => 0,
        Some(cursor) => cursor.parse().map_err(|_| {
            rmcp::ErrorData::invalid_params("the cursor is not one that this server gave; leave it out", None)
        })?,
    };
    let items: Vec<T> = all.iter().skip(start).take(size).cloned().collect();
    let end = start.saturating_add(items.len());
    Ok((items, (end < all.len()).then(|| end.to_string())))
}

fn tells_freshness(context: &RequestContext<RoleServer>) -> bool {
    context.protocol_version().is_some_and(|version| version >= ProtocolVersion::V_2026_07_28)
}
