//! What a host may read of Shortcut without a tool: `shortcut://teams` and `shortcut://story/{id}`, as JSON.

use rmcp::model::{Resource, ResourceTemplate};

use super::story_id::StoryId;

pub(super) const TEAMS: &str = "shortcut://teams";
const STORY: &str = "shortcut://story/";

/// The resources that have a fixed address.
pub(super) fn all() -> Vec<Resource> {
    vec![
        Resource::new(TEAMS, "teams")
            .with_title("Shortcut teams")
            .with_description("The workspace's teams, by the names that create_story takes.")
            .with_mime_type("application/json"),
    ]
}

/// The resources that an address is made for.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{STORY}{{id}}"), "story")
            .with_title("A Shortcut story")
            .with_description("One story by its number, such as shortcut://story/123 or shortcut://story/sc-123.")
            .with_mime_type("application/json"),
    ]
}

/// The story that an address names.
pub(super) fn story(uri: &str) -> Option<StoryId> {
    uri.strip_prefix(STORY).and_then(StoryId::parse)
}
