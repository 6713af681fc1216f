//! What a message says, where Slack's `text` does not: rich text from clients, blocks from bots, forwarded messages.

use serde_json::Value;

use crate::intake::json::{first_text, items, text};

/// The message's words as mrkdwn; empty when it has none.
pub(super) fn of_message(message: &Value) -> String {
    if let Some(text) = text(message, "/text").filter(|text| !text.trim().is_empty()) {
        return text.to_owned();
    }
    let blocks = of_blocks(items(message, "/blocks"));
    if !blocks.is_empty() {
        return blocks;
    }
    join_lines(items(message, "/attachments").iter().map(of_attachment))
}

/// The words of blocks, a line each.
pub(super) fn of_blocks(blocks: &[Value]) -> String {
    join_lines(blocks.iter().map(of_block))
}

/// The words of a `rich_text` block or value.
pub(super) fn of_rich_text(rich_text: &Value) -> String {
    join_lines(items(rich_text, "/elements").iter().map(|element| of_rich_element(element, "")))
}

fn of_attachment(attachment: &Value) -> String {
    if let Some(text) = first_text(attachment, &["/text", "/fallback"]) {
        return text.to_owned();
    }
    let own = of_blocks(items(attachment, "/blocks"));
    if !own.is_empty() {
        return own;
    }
    let forwarded = items(attachment, "/message_blocks").iter();
    join_lines(forwarded.map(|block| of_blocks(items(block, "/message/blocks"))))
}

fn of_block(block: &Value) -> String {
    match text(block, "/type").unwrap_or_default() {
        "rich_text" => of_rich_text(block),
        "section" => {
            let fields = items(block, "/fields").iter().filter_map(|field| text(field, "/text"));
            join_lines(text(block, "/text/text").into_iter().chain(fields).map(str::to_owned))
        }
        "header" | "markdown" => first_text(block, &["/text/text", "/text"]).unwrap_or_default().to_owned(),
        "context" => {
            join_lines(items(block, "/elements").iter().filter_map(|element| text(element, "/text")).map(str::to_owned))
        }
        _ => String::new(),
    }
}

fn of_rich_element(element: &Value, prefix: &str) -> String {
    let children = items(element, "/elements");
    match text(element, "/type").unwrap_or_default() {
        "rich_text_list" => join_lines(children.iter().map(|item| of_rich_element(item, "• "))),
        "rich_text_quote" => format!("> {}", inline(children)),
        "rich_text_preformatted" => format!("```{}```", inline(children)),
        _ => {
            let line = inline(children);
            if line.is_empty() { line } else { format!("{prefix}{line}") }
        }
    }
}

fn inline(elements: &[Value]) -> String {
    elements.iter().map(of_inline).collect()
}

fn of_inline(element: &Value) -> String {
    let named = |place: &str| text(element, place).unwrap_or_default();
    match named("/type") {
        "link" => match text(element, "/text") {
            Some(label) => format!("<{}|{}>", named("/url"), escape(label)),
            None => format!("<{}>", named("/url")),
        },
        "emoji" => format!(":{}:", named("/name")),
        "user" => format!("<@{}>", named("/user_id")),
        "usergroup" => format!("<!subteam^{}>", named("/usergroup_id")),
        "channel" => format!("<#{}>", named("/channel_id")),
        "broadcast" => format!("<!{}>", named("/range")),
        "date" => escape(named("/fallback")),
        "color" => named("/value").to_owned(),
        // `text`, and what a newer client writes: whatever text it holds.
        _ => escape(named("/text")),
    }
}

/// As Slack escapes a message's `text` (<https://docs.slack.dev/messaging/formatting-message-text#escaping>).
fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn join_lines(lines: impl Iterator<Item = String>) -> String {
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(expected: &str, message: &Value) {
        assert_eq!(of_message(message), expected);
    }

    #[test]
    fn text_goes_before_blocks_and_blocks_before_attachments() {
        let section = json!({"type": "section", "text": {"type": "mrkdwn", "text": "block"}});
        check("text", &json!({"text": "text", "blocks": [section]}));
        check("block", &json!({"text": " ", "blocks": [section], "attachments": [{"text": "attached"}]}));
        check("attached", &json!({"text": null, "attachments": [{"text": "attached"}]}));
        check("block", &json!({"attachments": [{"message_blocks": [{"message": {"blocks": [section]}}]}]}));
        check("", &json!({}));
    }

    #[test]
    fn rich_text_reads_as_slack_would_have_written_it() {
        check(
            "<@U1> 1 &lt; 2 :tada: <https://a.b|docs> in <#C1>\n• one\n• two\n> said\n```code```",
            &json!({"blocks": [{"type": "rich_text", "elements": [
                {"type": "rich_text_section", "elements": [
                    {"type": "user", "user_id": "U1"}, {"type": "text", "text": " 1 < 2 "},
                    {"type": "emoji", "name": "tada"}, {"type": "text", "text": " "},
                    {"type": "link", "url": "https://a.b", "text": "docs"},
                    {"type": "text", "text": " in "}, {"type": "channel", "channel_id": "C1"},
                ]},
                {"type": "rich_text_list", "style": "bullet", "elements": [
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "one"}]},
                    {"type": "rich_text_section", "elements": [{"type": "text", "text": "two"}]},
                ]},
                {"type": "rich_text_quote", "elements": [{"type": "text", "text": "said"}]},
                {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}]},
            ]}]}),
        );
    }
}
