//! What Slack itself does to blocks: it names those without a name, and finds the one pressed.

use serde_json::{Value, json};

use super::ids::Ids;
use crate::json::{list, set, text};

/// Gives every block without `block_id` and every interactive element without `action_id` one.
pub(crate) fn name_blocks(blocks: Option<&mut Value>, ids: &mut Ids) {
    for block in blocks.and_then(Value::as_array_mut).into_iter().flatten() {
        if text(block, "block_id").is_none() {
            set(block, "block_id", ids.id("b"));
        }
        for key in ["accessory", "element"] {
            if let Some(element) = block.get_mut(key) {
                name_element(element, ids);
            }
        }
        let is_actions = text(block, "type") == Some("actions");
        if let Some(elements) = block.get_mut("elements").and_then(Value::as_array_mut).filter(|_| is_actions) {
            for element in elements {
                name_element(element, ids);
            }
        }
    }
}

fn name_element(element: &mut Value, ids: &mut Ids) {
    let is_image = text(element, "type") == Some("image");
    if !is_image && element.is_object() && text(element, "action_id").is_none() {
        set(element, "action_id", ids.id("a"));
    }
}

/// The element with this `action_id`, within `block_id` when that is given, and its block's id.
pub(crate) fn find_element(blocks: &[Value], block_id: Option<&str>, action_id: &str) -> Option<(String, Value)> {
    blocks.iter().filter(|block| block_id.is_none_or(|id| text(block, "block_id") == Some(id))).find_map(|block| {
        let single = ["accessory", "element"].into_iter().filter_map(|key| block.get(key));
        let element = single.chain(list(block, "elements")).find(|e| text(e, "action_id") == Some(action_id))?;
        Some((text(block, "block_id").unwrap_or_default().to_owned(), element.clone()))
    })
}

/// The `rich_text` block that Slack's own client sends with what a person typed.
pub(crate) fn rich_text(text: &str, ids: &mut Ids) -> Value {
    json!([{
        "type": "rich_text", "block_id": ids.id("b"),
        "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
    }])
}
