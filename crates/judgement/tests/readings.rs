//! Urgency, tone and what a message is for, measured on labelled tickets whose writers had not seen the rules, beside plain keyword lists. Nothing is
//! chosen on these halves; the bounds are what is reached, so that a change for the worse is seen.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::print_stdout)]

use deskbell_domain::assessment::{Complexity, Sentiment, Urgency};
use deskbell_judgement::evaluation::{Answer, Classification};
use deskbell_judgement::{complexity, request, sentiment, urgency};
use serde_json::Value;

const URGENCY: &str = include_str!("../../../tests/eval/urgency/test.jsonl");
const SENTIMENT: &str = include_str!("../../../tests/eval/sentiment/test.jsonl");
const INTENT: &str = include_str!("../../../tests/eval/intent/test.jsonl");

fn measure(rows: &str, label: &str, judge: impl Fn(&str) -> (String, f64)) -> Classification {
    let answers: Vec<Answer> = rows
        .lines()
        .filter_map(|line| {
            let row: Value = serde_json::from_str(line).unwrap();
            let truth = match &row[label] {
                Value::String(label) => label.clone(),
                Value::Bool(label) => label.to_string(),
                _ => return None,
            };
            let (said, probability) = judge(row["text"].as_str().unwrap());
            Some(Answer { truth: Some(truth), said, probability, familiarity: 1.0 })
        })
        .collect();
    Classification::measure(&answers, &[])
}

fn show(what: &str, found: &Classification) {
    println!("{what}: accuracy {:.4}, macro F1 {:.4}, ECE {:.4}", found.accuracy, found.macro_f1, found.ece);
}

/// The strongest list of which a word stands in the text.
fn by_keywords(text: &str, lists: &[(&str, &[&str])], otherwise: &str) -> (String, f64) {
    let text = text.to_lowercase();
    let found = lists.iter().find(|(_, words)| words.iter().any(|word| text.contains(word)));
    (found.map_or(otherwise, |(label, _)| label).to_owned(), 1.0)
}

/// What a rule of a helpdesk usually holds.
const URGENCY_KEYWORDS: &[(&str, &[&str])] = &[
    (
        "critical",
        &[
            "critical",
            "emergency",
            "outage",
            "down",
            "breach",
            "hacked",
            "data loss",
            "security",
            "all customers",
            "everyone",
            "ausfall",
            "panne",
            "caído",
        ],
    ),
    (
        "high",
        &[
            "urgent",
            "asap",
            "immediately",
            "today",
            "deadline",
            "blocked",
            "cannot",
            "can't",
            "escalate",
            "dringend",
            "urgente",
            "bloqué",
        ],
    ),
    (
        "low",
        &[
            "no rush",
            "not urgent",
            "whenever",
            "low priority",
            "feature request",
            "suggestion",
            "nice to have",
            "typo",
            "cosmetic",
            "minor",
            "curious",
            "keine eile",
            "pas urgent",
            "sin prisa",
        ],
    ),
];

const SENTIMENT_KEYWORDS: &[(&str, &[&str])] = &[
    (
        "negative",
        &[
            "angry",
            "terrible",
            "worst",
            "unacceptable",
            "disappointed",
            "frustrated",
            "ridiculous",
            "awful",
            "annoying",
            "hate",
            "bad",
        ],
    ),
    ("positive", &["thank", "great", "love", "awesome", "excellent", "amazing", "happy", "perfect", "good"]),
];

#[test]
fn urgency_beats_keywords_by_far() {
    let ours = measure(URGENCY, "urgency", |text| {
        let judged = urgency::judge(text);
        (judged.value.as_str().to_owned(), judged.confidence.probability())
    });
    let keywords = measure(URGENCY, "urgency", |text| by_keywords(text, URGENCY_KEYWORDS, Urgency::Normal.as_str()));
    show("urgency", &ours);
    show("urgency by keywords", &keywords);
    assert!(ours.macro_f1 >= 0.73 && ours.ece <= 0.05, "{ours:?}");
    assert!(keywords.macro_f1 < 0.4, "{keywords:?}");
}

#[test]
fn tone_beats_keywords() {
    let ours = measure(SENTIMENT, "sentiment", |text| {
        let judged = sentiment::judge(text);
        (judged.value.as_str().to_owned(), judged.confidence.probability())
    });
    let neutral = Sentiment::Neutral.as_str();
    let keywords = measure(SENTIMENT, "sentiment", |text| by_keywords(text, SENTIMENT_KEYWORDS, neutral));
    show("tone", &ours);
    show("tone by keywords", &keywords);
    assert!(ours.macro_f1 >= 0.74 && ours.ece <= 0.05, "{ours:?}");
    assert!(keywords.macro_f1 < 0.4, "{keywords:?}");
}

/// How a helpdesk's filter usually tells who wants something.
const REQUEST_KEYWORDS: &[(&str, &[&str])] = &[(
    "true",
    &[
        "?",
        "please",
        "can you",
        "could you",
        "help",
        "need",
        "error",
        "fail",
        "not work",
        "doesn't",
        "can't",
        "cannot",
        "how ",
        "bitte",
        "hilfe",
        "fehler",
        "aide",
        "erreur",
        "ayuda",
        "aiuto",
        "ajuda",
        "kunnen",
    ],
)];

const COMPLEXITY_KEYWORDS: &[(&str, &[&str])] = &[(
    "answerable",
    &[
        "how do",
        "how to",
        "how can",
        "what is",
        "where",
        "which",
        "is it possible",
        "do you",
        "wie ",
        "comment",
        "cómo",
        "come ",
        "como ",
        "hoe ",
    ],
)];

#[test]
fn what_asks_for_something_is_told_from_what_only_reports() {
    let ours = measure(INTENT, "request", |text| {
        let judged = request::weigh(text);
        (judged.value.to_string(), judged.confidence.probability())
    });
    let keywords = measure(INTENT, "request", |text| by_keywords(text, REQUEST_KEYWORDS, "false"));
    show("request", &ours);
    show("request by keywords", &keywords);
    assert!(ours.macro_f1 >= 0.82 && ours.ece <= 0.05, "{ours:?}");
    assert!(keywords.macro_f1 < ours.macro_f1 - 0.1, "{keywords:?}");
}

#[test]
fn what_knowledge_answers_is_told_from_what_needs_a_person() {
    let ours = measure(INTENT, "complexity", |text| {
        let judged = complexity::judge(text);
        (judged.value.as_str().to_owned(), judged.confidence.probability())
    });
    let otherwise = Complexity::NeedsPerson.as_str();
    let keywords = measure(INTENT, "complexity", |text| by_keywords(text, COMPLEXITY_KEYWORDS, otherwise));
    show("complexity", &ours);
    show("complexity by keywords", &keywords);
    assert!(ours.macro_f1 >= 0.93 && ours.ece <= 0.05, "{ours:?}");
    assert!(keywords.macro_f1 < ours.macro_f1 - 0.1, "{keywords:?}");
}
