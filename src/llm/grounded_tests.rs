use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

const REFUNDS: Source<'static> = Source {
    title: "Refunds",
    text: "A refund reaches the card within five business days. Refunds over 500 EUR need an approval by finance.",
};
const EXPORTS: Source<'static> =
    Source { title: "Exports", text: "Open Reports, choose CSV and press Export. See https://help.example/exports." };

fn said(text: &str, citations: &[(u64, &str)]) -> Value {
    let citations: Vec<Value> =
        citations.iter().map(|(passage, quote)| json!({ "passage": passage, "quote": quote })).collect();
    json!({ "text": text, "citations": citations })
}

fn checked(sentences: &[Value]) -> Grounded {
    let answer = json!({ "known": true, "sentences": sentences });
    shape(2).check(&answer).unwrap();
    check(&answer, "When does my refund of 700 EUR arrive?", &[REFUNDS, EXPORTS])
}

fn is_kept(text: &str, citations: &[(u64, &str)]) -> bool {
    match checked(&[said(text, citations)]) {
        Grounded::Answer { sentences, dropped } => sentences.len() == 1 && dropped == 0,
        Grounded::Unknown { dropped } => {
            assert_eq!(dropped, 1);
            false
        }
    }
}

#[test]
fn a_sentence_that_its_passage_says_is_kept() {
    let quote = "reaches the card within five business days";
    assert!(is_kept("The refund reaches your card within five business days.", &[(1, quote)]));
    // Marks, case and line breaks of a quotation don't matter.
    assert!(is_kept(
        "The refund reaches your card within five days.",
        &[(1, "Reaches the CARD,\nwithin five business days")]
    ));
    assert!(is_kept("A refund of 700 EUR needs an approval by finance.", &[(1, "need an approval by finance")]));
    assert!(is_kept(
        "Press Export, see https://help.example/exports.",
        &[(2, "press Export. See https://help.example/exports")]
    ));
    // In another language.
    assert!(is_kept("Die Erstattung ist innerhalb weniger Tage auf der Karte.", &[(1, quote)]));
}

#[test]
fn what_no_passage_says_is_left_out() {
    let quote = "reaches the card within five business days";
    for (why, text, citations) in [
        ("no citation", "The refund reaches your card within five business days.", &[][..]),
        ("a made-up quotation", "The refund reaches your card at once.", &[(1, "reaches the card at once")]),
        ("the wrong passage", "The refund reaches your card within five days.", &[(2, quote)]),
        ("too short a quotation", "The refund reaches your card.", &[(1, "the card")]),
        ("an empty quotation", "The refund reaches your card.", &[(1, "  ")]),
        ("another figure", "The refund reaches your card within 3 business days.", &[(1, quote)]),
        ("an address of its own", "The refund reaches the card, see https://evil.example/refund", &[(1, quote)]),
        (
            "an address that it does not quote",
            "Press Export, see https://help.example/exports",
            &[(2, "choose CSV and press Export")],
        ),
        (
            "another matter than what it quotes",
            "Refunds over 500 EUR need an approval by finance.",
            &[(1, "reaches the card within")],
        ),
        ("an e-mail address of its own", "The refund reaches the card, write to pay@evil.example", &[(1, quote)]),
        ("another matter", "Our office in Lisbon has a lovely garden with many old trees.", &[(1, quote)]),
        ("no words", "  ", &[(1, quote)]),
    ] {
        assert!(!is_kept(text, citations), "{why}");
    }
}

#[test]
fn what_is_borne_out_stays_beside_what_is_not() {
    let good = said(
        "Refunds over 500 EUR need an approval.",
        &[(1, "need an approval by finance"), (2, "made up words here")],
    );
    let Grounded::Answer { sentences, dropped } = checked(&[said("You get 1000 EUR.", &[(1, "1000 EUR")]), good])
    else {
        panic!("nothing was kept");
    };
    assert_eq!((sentences.len(), dropped), (1, 1));
    assert_eq!(sentences[0].citations, [Citation { passage: 0, quote: "need an approval by finance".to_owned() }]);
}

#[test]
fn not_knowing_is_an_answer() {
    let answer =
        json!({ "known": false, "sentences": [said("It takes five days.", &[(1, "within five business days")])] });
    assert_eq!(check(&answer, "?", &[REFUNDS]), Grounded::Unknown { dropped: 1 });
    assert_eq!(checked(&[]), Grounded::Unknown { dropped: 0 });
}

#[test]
fn a_passage_that_is_not_there_can_t_be_cited() {
    assert!(shape(2).check(&json!({ "known": true, "sentences": [said("x", &[(3, "x")])] })).is_err());
    assert!(shape(2).check(&json!({ "known": true, "sentences": [said("x", &[(0, "x")])] })).is_err());
}

/// Answers in the shapes that the prompts ask for, with the version of the prompt and what must come of them.
const ANSWERS: (&str, &str) = (include_str!("../../prompts/answer.txt"), include_str!("recorded/answer.jsonl"));
const ORDERS: (&str, &str) = (include_str!("../../prompts/rerank.txt"), include_str!("recorded/rerank.jsonl"));

/// Holds each recorded answer to what must come of it; `read` says what does.
fn hold((prompt, recorded): (&str, &str), read: impl Fn(&Value, &str, &[Source<'_>]) -> Result<Value, String>) {
    let mut rows = 0;
    for line in recorded.lines() {
        let row: Value = serde_json::from_str(line).unwrap();
        let version = format!("version: {}\n", row["version"]);
        assert!(prompt.starts_with(&version), "recorded for another version of the prompt: record it anew\n{line}");
        let text = |passage: &'static str| move |source: &Value| source[passage].as_str().unwrap().to_owned();
        let passages = row["passages"].as_array().unwrap();
        let texts: Vec<(String, String)> =
            passages.iter().map(text("title")).zip(passages.iter().map(text("text"))).collect();
        let sources: Vec<Source<'_>> = texts.iter().map(|(title, text)| Source { title, text }).collect();
        let came = read(&row["answer"], row["question"].as_str().unwrap(), &sources);
        assert_eq!(came.unwrap_or_else(|refused| json!({ "refused": refused })), row["comes"], "{line}");
        rows += 1;
    }
    assert!(rows >= 8);
}

#[test]
fn recorded_answers_keep_what_their_passages_say() {
    hold(ANSWERS, |answer, question, sources| {
        shape(sources.len()).check(answer)?;
        Ok(match check(answer, question, sources) {
            Grounded::Unknown { dropped } => json!({ "unknown": { "dropped": dropped } }),
            Grounded::Answer { sentences, dropped } => {
                let cited = |it: &Citation| json!({ "passage": it.passage, "quote": it.quote });
                let kept = |it: &Sentence| json!({ "text": it.text, "citations": it.citations.iter().map(cited).collect::<Vec<_>>() });
                json!({ "answer": sentences.iter().map(kept).collect::<Vec<_>>(), "dropped": dropped })
            }
        })
    });
}

#[test]
fn recorded_orders_name_each_passage_once_and_none_that_is_not_there() {
    hold(ORDERS, |answer, _, sources| {
        order_shape(sources.len()).check(answer)?;
        Ok(json!({ "order": ordered(answer, sources.len()) }))
    });
}

proptest! {
    #[test]
    fn whatever_is_said_what_is_kept_is_quoted_from_its_passage(
        texts in proptest::collection::vec("[a-zA-Z0-9 .,@:/]{0,60}", 0..4),
        quotes in proptest::collection::vec(("[a-z ]{0,30}", 0_u64..4), 0..4),
    ) {
        let citations: Vec<(u64, &str)> = quotes.iter().map(|(quote, passage)| (*passage, quote.as_str())).collect();
        let sentences: Vec<Value> = texts.iter().map(|text| said(text, &citations)).collect();
        let sources = [REFUNDS, EXPORTS];
        if let Grounded::Answer { sentences, .. } = check(&json!({ "known": true, "sentences": sentences }), "q", &sources) {
            for citation in sentences.iter().flat_map(|sentence| &sentence.citations) {
                let there = words(sources[citation.passage].text).join(" ");
                prop_assert!(there.contains(&words(&citation.quote).join(" ")));
            }
        }
    }
}
