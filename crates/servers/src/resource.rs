//! Resources as every protocol era wants them: the newest one demands to be told how long an answer stays fresh.

use rmcp::RoleServer;
use rmcp::model::{
    CacheScope, ListResourcesResult, PaginatedRequestParams, ProtocolVersion, ReadResourceResult, Resource,
    ResourceContents,
};
use rmcp::service::RequestContext;

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
