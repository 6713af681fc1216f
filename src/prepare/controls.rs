//! What people press and fill in, in a company's own templates: a control that Deskbell does not know does nothing.

use std::collections::BTreeSet;

use deskbell_block_kit::templates::{Templates, samples};
use deskbell_domain::interaction::{Button, Modal, field};
use deskbell_domain::suggest::nearest;
use serde_json::Value;

/// The inputs of Deskbell's modals.
const FIELDS: [&str; 5] = [field::SQUAD, field::PRIORITY, field::CATEGORY, field::TEXT, field::CHANNEL];

/// Each unknown `action_id` and `callback_id`, a line each: where, what, and the mend.
pub(super) fn dead(templates: &Templates) -> Vec<String> {
    let mut found = BTreeSet::new();
    for name in templates.names() {
        // Each was tried on its samples when it was loaded.
        let rendered = samples(&name).unwrap_or_default().into_iter();
        for shown in rendered.filter_map(|sample| templates.render(&name, &sample.context).ok()) {
            look_at(&name, &shown, &mut found);
        }
    }
    found.into_iter().collect()
}

fn look_at(template: &str, shown: &Value, found: &mut BTreeSet<String>) {
    match shown {
        Value::Object(fields) => {
            for (key, value) in fields {
                let known = match key.as_str() {
                    "action_id" => Button::ALL.iter().map(|button| button.as_str()).chain(FIELDS).collect(),
                    "callback_id" => Modal::ALL.iter().map(|modal| modal.as_str()).collect(),
                    _ => Vec::new(),
                };
                let is_button = |id: &str| key == "action_id" && Button::of_action_id(id).is_some();
                let is_known = |id: &str| known.contains(&id) || is_button(id) || is_asked_field(id);
                if let Some(id) = value.as_str().filter(|id| !known.is_empty() && !is_known(id)) {
                    found.insert(unknown(template, key, id, &known));
                }
                look_at(template, value, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| look_at(template, item, found)),
        _ => {}
    }
}

/// A field of a server's question: they are numbered.
fn is_asked_field(id: &str) -> bool {
    id.strip_prefix("field_").is_some_and(|number| number.parse::<usize>().is_ok())
}

fn unknown(template: &str, key: &str, id: &str, known: &[&str]) -> String {
    let near = nearest(id, known.iter().copied()).map(|near| format!("did you mean `{near}`? ")).unwrap_or_default();
    let known = known.join(", ");
    format!(
        "templates: {template}.json.j2: the {key} `{id}` is none of Deskbell's, so nothing would happen: {near}known are: {known}"
    )
}
