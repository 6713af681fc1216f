//! The models are what their messages teach.

use proptest::prelude::*;
use serde::Deserialize;

use super::training::{Labelled, learn, validated};
use super::{Model, is_close};
use crate::mrkdwn::plain;
use crate::{complexity, request};

/// Messages with both labels, and tickets, which all ask for something.
const TRAINING: [&str; 2] = [
    include_str!("../../../../tests/eval/intent/train.jsonl"),
    include_str!("../../../../tests/eval/urgency/train.jsonl"),
];
const MODELS: [&[u8]; 2] = [include_bytes!("../request/model.bin"), include_bytes!("../complexity/model.bin")];

#[derive(Deserialize)]
struct Row {
    text: String,
    #[serde(default = "asks")]
    request: bool,
    complexity: Option<String>,
}

fn asks() -> bool {
    true
}

fn rows() -> Vec<Row> {
    TRAINING.iter().flat_map(|part| part.lines()).map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn requests() -> Vec<Labelled> {
    let labelled =
        |row: Row| Labelled { text: plain(&row.text), signs: request::signs(&row.text), is_yes: row.request };
    rows().into_iter().map(labelled).collect()
}

fn complexities() -> Vec<Labelled> {
    let labelled = |row: Row| {
        let is_yes = row.complexity? == "needs_person";
        Some(Labelled { text: plain(&row.text), signs: complexity::signs(&row.text), is_yes })
    };
    rows().into_iter().filter_map(labelled).collect()
}

#[test]
fn the_models_are_what_the_training_messages_teach() {
    for (name, model, messages) in [("request", MODELS[0], requests()), ("complexity", MODELS[1], complexities())] {
        assert!(messages.len() >= 600, "{name}: {}", messages.len());
        assert!(is_close(model, &learn(&messages)), "{name}: run the example `intent`, it says how");
    }
}

#[test]
fn cross_validation_holds() {
    let asks = validated(&requests());
    assert!(asks.accuracy > 0.84 && asks.ece < 0.05, "{asks:?}");
    let needs = validated(&complexities());
    assert!(needs.accuracy > 0.89 && needs.ece < 0.05, "{needs:?}");
}

#[test]
fn a_file_of_another_size_is_no_model() {
    assert!(Model::read(&MODELS[0][1..]).is_none() && Model::read(&[]).is_none());
}

#[test]
fn words_that_weighed_are_shown_and_runs_of_letters_are_not() {
    let text = "never mind, found it in the archive";
    let told = Model::read(MODELS[0]).unwrap().tell(text, &request::signs(text));
    assert!(told.yes < 0.5, "{told:?}");
    assert!(told.evidence.iter().any(|words| words.contains("mind")), "{told:?}");
    assert!(told.evidence.iter().all(|words| words != "it" && words.len() > 2), "{told:?}");
}

proptest! {
    #[test]
    fn any_text_has_a_probability(text in "\\PC{0,200}") {
        let told = Model::read(MODELS[0]).unwrap().tell(&text, &request::signs(&text));
        prop_assert!((0.0..=1.0).contains(&told.yes));
    }
}
