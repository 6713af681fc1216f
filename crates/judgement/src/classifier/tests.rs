use proptest::prelude::*;

use super::{Example, Model, TrainingError};

fn example(label: &str, text: &str) -> Example {
    Example { text: text.to_owned(), label: label.to_owned() }
}

fn examples() -> Vec<Example> {
    let mut all = Vec::new();
    for text in [
        "I was charged twice for one order",
        "please refund my last payment",
        "the card payment was declined",
        "where is my payout of last week",
        "refund has not arrived on the card",
        "wrong amount charged on the invoice",
        "customer disputes a charge",
        "payment stays pending for days",
    ] {
        all.push(example("payments", text));
    }
    for text in [
        "I cannot log in",
        "password reset mail never arrives",
        "SSO loops back to the login page",
        "two factor code is rejected",
        "my account is locked after too many attempts",
        "okta login fails for new users",
        "login page says session expired",
        "cannot sign in with google",
    ] {
        all.push(example("login", text));
    }
    for text in [
        "the API returns 429 too many requests",
        "webhook signature does not verify",
        "how do I rotate the API key",
        "endpoint gives 500 for valid json",
        "sandbox api key is invalid",
        "webhooks arrive twice",
        "rate limit of the list endpoint",
        "sdk throws a timeout error",
    ] {
        all.push(example("api", text));
    }
    all
}

/// Thirty templates of a topic, so that there is something to hold out.
fn many(per_label: usize) -> Vec<Example> {
    let topics = [
        ("payments", ["refund", "payout", "invoice", "charge", "card"]),
        ("login", ["password", "sso", "session", "account", "code"]),
        ("api", ["webhook", "endpoint", "token", "sdk", "json"]),
    ];
    let frames = [
        "the {} fails again",
        "question on the {}",
        "our {} is wrong since monday",
        "please check {} for us",
        "{} missing in the dashboard",
        "where do I find the {}",
    ];
    let mut all = Vec::new();
    for (label, nouns) in topics {
        for ordinal in 0..per_label {
            let noun = nouns[ordinal % nouns.len()];
            let other = nouns[(ordinal / nouns.len() + 1 + ordinal) % nouns.len()];
            let frame = frames[(ordinal * 7 + ordinal / 5) % frames.len()];
            all.push(example(label, &format!("{} with {other}", frame.replace("{}", noun))));
        }
    }
    all
}

#[test]
fn learns_from_few_examples() {
    let model = Model::train(&examples()).unwrap();
    let check = |text: &str, expected: &str| {
        let judged = model.classify(text, 0.4).unwrap_or_else(|| panic!("{text}: {:?}", model.predict(text)));
        assert_eq!(judged.value, expected, "{text}");
    };
    check("refund of a charge", "payments");
    check("the login with SSO is broken", "login");
    check("our webhooks get 429 from the api", "api");
}

#[test]
fn evidence_is_the_text_s_own_words() {
    let model = Model::train(&examples()).unwrap();
    let judged = model.classify("Hello, the REFUND for my customer, please", 0.0).unwrap();
    assert!(judged.evidence.contains(&"refund".to_owned()), "{judged:?}");
    assert!(!judged.evidence.contains(&"the".to_owned()));
}

#[test]
fn abstains_where_it_knows_nothing() {
    let model = Model::train(&examples()).unwrap();
    for text in ["", "🎉", "xyzzy plugh", "the", "支払い"] {
        assert_eq!(model.classify(text, 0.4), None, "{text}");
    }
}

#[test]
fn more_examples_give_more_confidence() {
    let text = "the refund fails again with card";
    let top = |per_label| Model::train(&many(per_label)).unwrap().predict(text).ranked[0].1;
    let (few, more, most) = (top(2), top(10), top(40));
    assert!(few < more && more < most, "{few} {more} {most}");
    assert!(few < 0.7, "{few}");
}

#[test]
fn unknown_words_lower_confidence() {
    let model = Model::train(&many(30)).unwrap();
    let known = model.predict("the refund fails again").ranked[0].1;
    let strange = model.predict("the refund zorbs quuxly blargh frobnicated").ranked[0].1;
    assert!(strange < known * 0.8, "{strange} {known}");
}

#[test]
fn held_out_answers_come_true_as_often_as_they_say() {
    let all = many(60);
    let (train, test): (Vec<_>, Vec<_>) = all.into_iter().enumerate().partition(|(at, _)| at % 3 != 0);
    let train: Vec<_> = train.into_iter().map(|(_, example)| example).collect();
    let model = Model::train(&train).unwrap();
    let answers: Vec<(f64, bool)> = test
        .iter()
        .map(|(_, example)| {
            let (label, probability) = model.predict(&example.text).ranked.swap_remove(0);
            (probability, label == example.label)
        })
        .collect();
    let count = f64::from(u32::try_from(answers.len()).unwrap());
    let said: f64 = answers.iter().map(|(probability, _)| probability).sum::<f64>() / count;
    let was = f64::from(u32::try_from(answers.iter().filter(|(_, right)| *right).count()).unwrap()) / count;
    assert!(was > 0.9 && (said - was).abs() < 0.12, "said {said}, was {was}");
}

#[test]
fn training_twice_gives_the_same_bytes() {
    let bytes = |model: &Model| serde_json::to_vec(model).unwrap();
    let (first, second) = (Model::train(&examples()).unwrap(), Model::train(&examples()).unwrap());
    assert_eq!(bytes(&first), bytes(&second));
    let back: Model = serde_json::from_slice(&bytes(&first)).unwrap();
    assert_eq!(back, first);
}

#[test]
fn refuses_what_teaches_nothing() {
    assert_eq!(Model::train(&[]), Err(TrainingError::TooFewLabels { found: 0 }));
    assert_eq!(Model::train(&[example("a", "x"), example("a", "y")]), Err(TrainingError::TooFewLabels { found: 1 }));
    let single = [example("a", "x"), example("a", "y"), example("b", "z")];
    assert_eq!(Model::train(&single), Err(TrainingError::TooFewExamples { label: "b".into() }));
}

#[test]
fn examples_without_words_do_no_harm() {
    let model = Model::train(&[example("a", ""), example("a", "🎉"), example("b", "!"), example("b", "")]).unwrap();
    assert_eq!(model.classify("anything", 0.1), None);
}

/// `tests/nightly` tries each property on many times as many cases.
fn cases(usual: u32) -> u32 {
    usual * std::env::var("DESKBELL_CASES_TIMES").map_or(1, |times| times.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(cases(48)))]
    #[test]
    fn probabilities_are_probabilities(text in "\\PC{0,120}") {
        let model = Model::train(&examples()).unwrap();
        let prediction = model.predict(&text);
        prop_assert_eq!(prediction.ranked.len(), 3);
        let total: f64 = prediction.ranked.iter().map(|(_, probability)| probability).sum();
        prop_assert!((0.0..=1.000_001).contains(&total), "{}", total);
    }
}
