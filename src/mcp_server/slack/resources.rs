//! What a host may read of Slack without a tool, as JSON: `slack://channels`, `slack://user-groups` and
//! `slack://thread/{channel}/{ts}`.

use rmcp::model::{Resource, ResourceTemplate};

/// Channels that the bot can see: the first page.
pub(super) const CHANNELS: &str = "slack://channels";
/// User groups with their members' ids: the first page.
pub(super) const USER_GROUPS: &str = "slack://user-groups";
const THREAD: &str = "slack://thread/";

/// The resources that have a fixed address.
pub(super) fn all() -> Vec<Resource> {
    let resource = |uri: &str, name: &str, title: &str, about: &str| {
        Resource::new(uri, name).with_title(title).with_description(about).with_mime_type("application/json")
    };
    vec![
        resource(
            CHANNELS,
            "channels",
            "Slack channels",
            "Public channels and private ones that the bot is in; list_channels reads on from next_page_token.",
        ),
        resource(
            USER_GROUPS,
            "user_groups",
            "Slack user groups",
            "Groups with their members' ids; list_user_groups reads on from next_page_token.",
        ),
    ]
}

/// The resources that an address is made for.
pub(super) fn templates() -> Vec<ResourceTemplate> {
    vec![
        ResourceTemplate::new(format!("{THREAD}{{channel}}/{{ts}}"), "thread")
            .with_title("A Slack thread")
            .with_description(
                "A thread by its channel's id and its first message's ts, such as slack://thread/C0123456789/1700000000.000100: \
                 its first messages. list_replies reads on from next_page_token.",
            )
            .with_mime_type("application/json"),
    ]
}

/// Channel and first message of the thread that an address names.
pub(super) fn thread(uri: &str) -> Option<(&str, &str)> {
    uri.strip_prefix(THREAD)?.split_once('/').filter(|(channel, ts)| !channel.is_empty() && !ts.is_empty())
}

#[cfg(test)]
mod tests {
    use super::thread;

    #[test]
    fn an_address_names_channel_and_message() {
        assert_eq!(thread("slack://thread/C1/17.01"), Some(("C1", "17.01")));
        for uri in ["slack://thread/C1", "slack://thread//1.1", "slack://thread/C1/", "slack://channels", ""] {
            assert_eq!(thread(uri), None, "{uri}");
        }
    }
}
