//! The built-in templates on their samples, on hostile values, and against folders of overrides.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::sync::LazyLock;

use deskbell_block_kit::limits::{BUTTON_VALUE, check_message, check_view};
use deskbell_block_kit::templates::{Sample, Templates, samples};
use proptest::prelude::*;
use serde_json::Value;

fn check(json: &Value) {
    let found = if json.get("type").is_some() { check_view(json) } else { check_message(json) };
    assert_eq!(found, Ok(()));
}

/// Every string of a JSON value, with the key it stands under.
fn texts<'v>(value: &'v Value, key: &'v str, found: &mut Vec<(&'v str, &'v str)>) {
    match value {
        Value::String(text) => found.push((key, text)),
        Value::Array(items) => items.iter().for_each(|item| texts(item, key, found)),
        Value::Object(fields) => fields.iter().for_each(|(key, field)| texts(field, key, found)),
        _ => {}
    }
}

#[test]
fn every_sample_renders_within_limits() {
    let templates = Templates::load(None).unwrap_or_else(|fault| panic!("{fault}"));
    assert_eq!(templates.names().len(), 22);
    for name in templates.names() {
        let cases = samples(&name).unwrap();
        assert!(cases.iter().any(|sample| sample.case.starts_with("maximal")), "{name}");
        for sample in cases {
            check(&templates.render(&name, &sample.context).unwrap());
        }
    }
}

#[test]
fn what_people_see_is_as_reviewed() {
    let templates = Templates::load(None).unwrap();
    for name in templates.names() {
        let reviewed = samples(&name).unwrap().into_iter().filter(|sample| !sample.case.starts_with("maximal"));
        let by_case: BTreeMap<_, _> =
            reviewed.map(|sample| (sample.case, templates.render(&name, &sample.context).unwrap())).collect();
        insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
            insta::assert_json_snapshot!(name, by_case);
        });
    }
}

#[test]
fn hostile_words_mention_nobody_and_link_nowhere() {
    let templates = Templates::load(None).unwrap();
    for name in templates.names() {
        for sample in samples(&name).unwrap().into_iter().filter(|sample| sample.case.starts_with("maximal")) {
            let rendered = templates.render(&name, &sample.context).unwrap();
            let mut found = Vec::new();
            texts(&rendered, "", &mut found);
            for (key, text) in found {
                // Plain texts, ids and preformatted text are shown as they are; only mrkdwn can mention.
                let shown_as_is =
                    matches!(key, "value" | "private_metadata" | "initial_value" | "initial_conversation" | "url");
                let plain = rendered_plainly(&rendered, text);
                assert!(
                    shown_as_is || plain || !text.contains("<!channel>") && !text.contains("<@U1>"),
                    "{name} {key}: {text}"
                );
            }
        }
    }
}

/// Whether this text stands in a `plain_text` object or in rich text, where nothing is parsed.
fn rendered_plainly(value: &Value, text: &str) -> bool {
    match value {
        Value::Object(fields) => {
            let plain = matches!(fields.get("type").and_then(Value::as_str), Some("plain_text" | "text"));
            (plain && fields.get("text").and_then(Value::as_str) == Some(text))
                || fields.values().any(|field| rendered_plainly(field, text))
        }
        Value::Array(items) => items.iter().any(|item| rendered_plainly(item, text)),
        _ => false,
    }
}

#[test]
fn a_button_carries_what_it_is_about() {
    let templates = Templates::load(None).unwrap();
    let mut seen = BTreeSet::new();
    for name in ["triage_card", "squad_alert", "escalation_alert", "ops_alert", "tool_drift", "question"] {
        for sample in samples(name).unwrap() {
            let named =
                ["ticket_id", "job_id", "drift_id", "question_id"].iter().find_map(|name| sample.context.get(*name));
            let id = named.unwrap().as_str().unwrap();
            let rendered = templates.render(name, &sample.context).unwrap();
            let blocks = rendered["blocks"].as_array().unwrap().iter().filter(|block| block["type"] == "actions");
            for element in blocks.flat_map(|block| block["elements"].as_array().unwrap()) {
                seen.insert(element["action_id"].as_str().unwrap().to_owned());
                if id.len() < 100
                    && !id.is_empty()
                    && element["action_id"] != "open_link"
                    && element["action_id"] != "call_cancel"
                {
                    assert_eq!(element["value"], id);
                }
                assert!(element["value"].as_str().unwrap_or_default().len() <= BUTTON_VALUE);
            }
        }
    }
    let expected = [
        "acknowledge",
        "answer_ask_person",
        "answer_send",
        "call_cancel",
        "change",
        "claim",
        "confirm",
        "escalate",
        "not_a_ticket",
        "open_link",
        "ops_retry",
        "ops_skip",
        "ops_take_over",
        "question_accept",
        "question_answer",
        "question_decline",
        "resolve",
        "tool_accept",
        "tool_keep_blocked",
        "undo",
    ];
    assert_eq!(seen.iter().map(String::as_str).collect::<Vec<_>>(), expected);
}

#[test]
fn a_decided_card_has_no_button_to_decide_with() {
    let templates = Templates::load(None).unwrap();
    for sample in samples("triage_card").unwrap() {
        let rendered = templates.render("triage_card", &sample.context).unwrap().to_string();
        assert_eq!(
            rendered.contains("\"action_id\":\"confirm\""),
            sample.context["status"]["state"] == "awaiting",
            "{}",
            sample.case
        );
    }
}

/// A folder of overrides holding these files.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (file, source) in files {
        fs::write(folder.path().join(file), source).unwrap();
    }
    folder
}

/// Loading with this one override fails, and the message holds each of these words.
fn refused(file: &str, source: &str, words: &[&str]) {
    let folder = folder(&[(file, source)]);
    let message = Templates::load(Some(folder.path())).unwrap_err().to_string();
    for word in words {
        assert!(message.contains(word), "{word:?} is not in: {message}");
    }
}

#[test]
fn an_override_replaces_one_template() {
    let source = r#"{"text": "{{ text|mrkdwn|line(100) }}"}"#;
    let folder = folder(&[("notice.json.j2", source), ("README.md", "ours")]);
    let templates = Templates::load(Some(folder.path())).unwrap();
    let context = serde_json::json!({"tone": "ok", "text": "a <b>", "mend": null});
    assert_eq!(templates.render("notice", &context).unwrap(), serde_json::json!({"text": "a &lt;b&gt;"}));
    let help = serde_json::json!({"bot_user_id": null, "watched_channel_ids": [], "triage_emoji": []});
    assert!(templates.render("help", &help).is_ok());
}

#[test]
fn a_faulty_override_is_refused_with_place_and_mend() {
    refused("notise.json.j2", "{}", &["notise.json.j2", "replaces no template", "notice.json.j2"]);
    refused("notice.json.j2", "{\n\"text\": \"{{ text \"}", &["notice.json.j2:2", "syntax"]);
    refused("notice.json.j2", "{\"text\":\n\"{{ txt }}\"}", &["notice.json.j2", "case error", ":2", "undefined"]);
    refused("notice.json.j2", "{\"text\": \"{{ text|line(9) }} {{ mend }}\"}", &["case ok", ":1", "guard"]);
    refused("notice.json.j2", r#"{"text": {{ text }}}"#, &["not JSON", "inside double quotes"]);
    refused("notice.json.j2", r#"{"text": "{{ text }}" "blocks": []}"#, &["not JSON", "commas"]);
    refused("notice.json.j2", r#"{"blocks": []}"#, &["text: required", "screen readers"]);
    let long = r#"{"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "{{ text }}"}}]}"#;
    refused("notice.json.j2", long, &["case maximal", "blocks[0].text.text", "at most 150 characters", "|line(n)"]);
    refused(
        "notice.json.j2",
        "{% for a in range(9999) %}{% for b in range(9999) %}{% endfor %}{% endfor %}",
        &["fuel"],
    );
    let missing = Templates::load(Some("/nowhere/at/all".as_ref())).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/at/all") && missing.contains("check the path"));
}

#[test]
fn an_error_at_run_time_holds_no_words_of_the_context() {
    let templates = Templates::load(None).unwrap();
    let message = templates.render("notice", &serde_json::json!({"tone": "secret", "text": "secret"})).unwrap_err();
    assert!(message.to_string().contains("notice.json.j2"));
    assert!(!format!("{message} {message:?}").contains("secret"));
}

/// A value of the same shape whose texts are replaced; words of closed sets (`state`, `kind`, ...) stay.
fn with_texts(value: &Value, key: &str, words: &mut impl FnMut() -> String) -> Value {
    match value {
        Value::String(_) if !matches!(key, "state" | "kind" | "fate" | "tone" | "input") => Value::String(words()),
        Value::Array(items) => items.iter().map(|item| with_texts(item, key, words)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.iter().map(|(key, field)| (key.clone(), with_texts(field, key, words))).collect())
        }
        other => other.clone(),
    }
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<String>(),
        "[\"\\\\{}<>&|,:\\[\\]\u{0}-\u{1f} ]{0,40}",
        "https?://[a-z<>|&\"]{0,30}",
        "[UCS][A-Z0-9]{0,40}",
        ("\\PC{1,20}", 1usize..400).prop_map(|(text, times)| text.repeat(times)),
        Just(String::new()),
        Just("\u{FDD0}\"},{".to_owned()),
        Just("&<>🔔".repeat(1_200)),
    ]
}

static TEMPLATES: LazyLock<Templates> = LazyLock::new(|| Templates::load(None).unwrap());
static SAMPLES: LazyLock<Vec<(String, Vec<Sample>)>> =
    LazyLock::new(|| TEMPLATES.names().into_iter().map(|name| (name.clone(), samples(&name).unwrap())).collect());

/// `tests/nightly` tries each property on many times as many cases.
fn cases(usual: u32) -> u32 {
    usual * std::env::var("DESKBELL_CASES_TIMES").map_or(1, |times| times.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(48), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text_in_any_field_gives_a_message_that_slack_takes(pool in prop::collection::vec(any_text(), 1..24)) {
        for (name, cases) in SAMPLES.iter() {
            for sample in cases {
                let mut next = pool.iter().cycle();
                let context = with_texts(&sample.context, "", &mut || next.next().cloned().unwrap());
                let rendered = TEMPLATES.render(name, &context);
                prop_assert!(rendered.is_ok(), "{name}.{}: {}", sample.case, rendered.unwrap_err());
            }
        }
    }
}
