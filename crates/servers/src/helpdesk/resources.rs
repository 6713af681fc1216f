//! What a host may read of the helpdesk without a tool: `helpdesk://ticket/{ticket_id}`, as JSON.

use rmcp::model::ResourceTemplate;

const TICKET: &str = "helpdesk://ticket/";

/// The resources that an address is made for.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{TICKET}{{ticket_id}}"), "ticket")
            .with_title("A ticket")
            .with_description(
                "One ticket by its number, such as helpdesk://ticket/35436; its conversation is a tool's.",
            )
            .with_mime_type("application/json"),
    ]
}

/// The number of the ticket that an address names.
pub(super) fn ticket(uri: &str) -> Option<&str> {
    uri.strip_prefix(TICKET).filter(|id| !id.is_empty() && id.bytes().all(|byte| byte.is_ascii_digit()))
}
