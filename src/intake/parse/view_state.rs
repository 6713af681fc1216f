//! What stands in a modal's inputs.

use std::collections::BTreeMap;

use deskbell_domain::ids::{ChannelId, PersonId};
use serde_json::Value;

use super::{FieldValue, text as words};
use crate::intake::json::{first_text, id, items, text};

/// `view.state.values` by `action_id`: block and element share the name, and a block's id may change with its content.
pub(super) fn values(view: &Value) -> BTreeMap<String, FieldValue> {
    let blocks = view.pointer("/state/values").and_then(Value::as_object);
    let elements = blocks.into_iter().flat_map(|blocks| blocks.values()).filter_map(Value::as_object);
    elements.flatten().map(|(name, element)| (name.clone(), value(element))).collect()
}

fn value(element: &Value) -> FieldValue {
    typed(element)
        .or_else(|| chosen(element, "/selected_option", "/selected_options", "/value").map(FieldValue::Options))
        .or_else(|| {
            let people = chosen(element, "/selected_user", "/selected_users", "")?;
            Some(FieldValue::People(people.into_iter().map(PersonId::new).collect()))
        })
        .or_else(|| {
            let channels = chosen(element, "/selected_channel", "/selected_channels", "")
                .or_else(|| chosen(element, "/selected_conversation", "/selected_conversations", ""))?;
            Some(FieldValue::Channels(channels.into_iter().map(ChannelId::new).collect()))
        })
        .unwrap_or(FieldValue::Empty)
}

fn typed(element: &Value) -> Option<FieldValue> {
    if let Some(rich_text) = element.get("rich_text_value").filter(|value| value.is_object()) {
        let text = words::of_rich_text(rich_text);
        return (!text.is_empty()).then_some(FieldValue::Text(text));
    }
    let text = first_text(element, &["/value", "/selected_date", "/selected_time"])
        .map(str::to_owned)
        .or_else(|| id(element, "/selected_date_time").map(std::borrow::Cow::into_owned));
    text.map(FieldValue::Text)
}

/// What one select (`single`) or a multi-select (`many`) holds; `inner` leads from an option to its value.
fn chosen(element: &Value, single: &str, many: &str, inner: &str) -> Option<Vec<String>> {
    if let Some(one) = text(element, &format!("{single}{inner}")) {
        return Some(vec![one.to_owned()]);
    }
    let many: Vec<String> =
        items(element, many).iter().filter_map(|item| text(item, inner)).map(str::to_owned).collect();
    (!many.is_empty()).then_some(many)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check(element: &Value, expected: FieldValue) {
        let view = json!({"state": {"values": {"block": {"field": element}}}});
        assert_eq!(values(&view), BTreeMap::from([("field".to_owned(), expected)]));
    }

    #[test]
    fn every_kind_of_input_is_read() {
        let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        check(&json!({"type": "plain_text_input", "value": "words"}), FieldValue::Text("words".into()));
        check(&json!({"type": "plain_text_input", "value": null}), FieldValue::Empty);
        check(
            &json!({"type": "rich_text_input", "rich_text_value": {"type": "rich_text", "elements": [
                {"type": "rich_text_section", "elements": [{"type": "text", "text": "rich"}]}]}}),
            FieldValue::Text("rich".into()),
        );
        check(&json!({"type": "static_select", "selected_option": {"value": "a"}}), FieldValue::Options(texts(&["a"])));
        check(&json!({"type": "static_select", "selected_option": null}), FieldValue::Empty);
        check(
            &json!({"type": "checkboxes", "selected_options": [{"value": "a"}, {"value": "b"}]}),
            FieldValue::Options(texts(&["a", "b"])),
        );
        check(&json!({"type": "users_select", "selected_user": "U1"}), FieldValue::People(vec!["U1".into()]));
        check(
            &json!({"type": "multi_users_select", "selected_users": ["U1", "U2"]}),
            FieldValue::People(vec!["U1".into(), "U2".into()]),
        );
        check(&json!({"type": "channels_select", "selected_channel": "C1"}), FieldValue::Channels(vec!["C1".into()]));
        check(
            &json!({"type": "multi_channels_select", "selected_channels": ["C1"]}),
            FieldValue::Channels(vec!["C1".into()]),
        );
        check(
            &json!({"type": "conversations_select", "selected_conversation": "C1"}),
            FieldValue::Channels(vec!["C1".into()]),
        );
        check(&json!({"type": "datepicker", "selected_date": "2026-11-20"}), FieldValue::Text("2026-11-20".into()));
        check(
            &json!({"type": "datetimepicker", "selected_date_time": 1_700_000_000}),
            FieldValue::Text("1700000000".into()),
        );
        check(&json!({"type": "something_new", "novelty": {}}), FieldValue::Empty);
    }
}
