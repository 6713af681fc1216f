//! The names in templates and manifest are those that the domain listens to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::BTreeSet;
use std::fs;

use deskbell_block_kit::templates::{Templates, samples};
use deskbell_domain::interaction::{Button, Modal, SlackShortcut, SlashCommand, field};
use serde_json::Value;

/// Every value that stands under this key in any rendered sample.
fn rendered_under(key: &str) -> BTreeSet<String> {
    let templates = Templates::load(None).unwrap();
    let mut found = BTreeSet::new();
    for name in templates.names() {
        for sample in samples(&name).unwrap() {
            collect(&templates.render(&name, &sample.context).unwrap(), key, &mut found);
        }
    }
    found
}

fn collect(value: &Value, wanted: &str, found: &mut BTreeSet<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| collect(item, wanted, found)),
        Value::Object(fields) => {
            for (key, field) in fields {
                if let (true, Some(text)) = (key == wanted, field.as_str()) {
                    found.insert(text.to_owned());
                }
                collect(field, wanted, found);
            }
        }
        _ => {}
    }
}

#[test]
fn every_button_and_input_is_listened_to() {
    let inputs = [field::SQUAD, field::PRIORITY, field::CATEGORY, field::TEXT, field::CHANNEL];
    let buttons = Button::ALL.iter().map(|button| button.as_str());
    let known: BTreeSet<_> = buttons.chain(inputs).map(str::to_owned).collect();
    // Those of a server's form are named by their places.
    let rendered = rendered_under("action_id").into_iter().filter(|name| !name.starts_with("field_"));
    // A message that shows a button several times numbers them.
    let rendered = rendered.map(|name| name.split_once('.').map_or(name.clone(), |(name, _)| name.to_owned()));
    assert_eq!(rendered.collect::<BTreeSet<_>>(), known);
}

#[test]
fn every_modal_is_listened_to() {
    let known: BTreeSet<_> = Modal::ALL.iter().map(|modal| modal.as_str().to_owned()).collect();
    assert_eq!(rendered_under("callback_id"), known);
}

#[test]
fn the_manifest_declares_what_is_listened_to() {
    let manifest = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../manifest.yml")).unwrap();
    let declared = |key: &str| -> BTreeSet<String> {
        let lines = manifest.lines().map(|line| line.trim().trim_start_matches("- "));
        lines.filter_map(|line| line.strip_prefix(key)).map(|value| value.trim().to_owned()).collect()
    };
    let commands: BTreeSet<_> = SlashCommand::ALL.iter().map(|it| it.as_str().to_owned()).collect();
    assert_eq!(declared("command:"), commands);
    let shortcuts: BTreeSet<_> = SlackShortcut::ALL.iter().map(|it| it.as_str().to_owned()).collect();
    assert_eq!(declared("callback_id:"), shortcuts);
}
