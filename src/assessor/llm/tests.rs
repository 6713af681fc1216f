use std::sync::Arc;

use deskbell_domain::assessment::{Assessment, Urgency};
use deskbell_domain::ids::TicketId;
use deskbell_domain::policy::{Category, Policy};
use serde_json::{Value, json};

use super::*;
use crate::llm::{Limits, LlmSettings, Prices, Provider, ProviderKind, Structured};

fn categories() -> Vec<Category> {
    Policy::load(include_str!("../../../demo/policy.toml")).unwrap().categories
}

fn assessor() -> LlmAssessor {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let provider = Provider {
        kind: ProviderKind::OpenaiCompatible,
        base_url: "http://127.0.0.1:9".to_owned(),
        model: "m-1".to_owned(),
        key: None,
        api_version: None,
        structured: Structured::JsonSchema,
        temperature: None,
        max_output_tokens: 500,
    };
    let settings = LlmSettings {
        provider,
        call_timeout: std::time::Duration::from_secs(1),
        patience: std::time::Duration::from_secs(1),
        attempts: 1,
        max_concurrency: 1,
        prices: Prices::default(),
        limits: Limits::default(),
        cache_entries: 0,
        prompts: None,
        spend_file: None,
    };
    LlmAssessor::new(Llm::new(settings).unwrap(), &categories())
}

fn request(text: &str) -> Arc<AssessRequest> {
    let request = AssessRequest {
        workspace: "T1".into(),
        ticket: TicketId::new(1),
        text: text.to_owned(),
        similar: Vec::new(),
        people: Vec::new(),
    };
    Arc::new(request)
}

const PROMPT: &str = include_str!("../../../prompts/assess.txt");
/// Answers in the shape that the prompt asks for, with its version and what must come of them.
const RECORDED: &str = include_str!("recorded.jsonl");

fn read(assessor: &LlmAssessor, text: &str, answer: &Value) -> Result<Assessment, String> {
    assessor.shape().check(answer)?;
    let form: Form = serde_json::from_value(answer.clone()).map_err(|error| error.to_string())?;
    Ok(assessor.assessment(&request(text), form))
}

#[test]
fn recorded_answers_are_read_as_they_were() {
    let assessor = assessor();
    let mut read_ones = 0;
    for line in RECORDED.lines().filter(|line| !line.is_empty()) {
        let case: Value = serde_json::from_str(line).unwrap();
        let version = format!("version: {}\n", case["version"]);
        assert!(PROMPT.starts_with(&version), "recorded for another version of the prompt: record it anew\n{line}");
        let text = case["request"].as_str().unwrap();
        let outcome = match read(&assessor, text, &case["answer"]) {
            Ok(made) => json!({
                "category": made.category.as_ref().map(|judged| judged.value.as_str()),
                "percent": made.category.as_ref().map(|judged| judged.confidence.percent()),
                "evidence": made.category.as_ref().map(|judged| judged.evidence.clone()),
                "urgency": made.urgency.value.as_str(),
                "language": made.language,
                "summary": made.summary,
                "warnings": made.warnings,
            }),
            Err(refused) => json!({ "refused": refused }),
        };
        assert_eq!(outcome, case["comes"], "{text}");
        read_ones += 1;
    }
    assert!(read_ones >= 6);
}

#[test]
fn the_form_and_the_reading_of_it_are_one() {
    let schema = assessor().shape().schema();
    let mut asked: Vec<&str> = schema["required"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    asked.sort_unstable();
    for field in &asked {
        assert!(PROMPT.contains(&format!("- {field}: ")), "the prompt says nothing of {field}");
    }
    let known: Vec<&str> =
        schema["properties"]["category"]["enum"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert!(known.contains(&"payments") && known.contains(&UNKNOWN) && known.len() == categories().len() + 1);
}

#[test]
fn a_model_s_own_certainty_is_taken_for_less() {
    let percent = |stated: f64| calibrated(stated, Temperature::default()).percent();
    assert_eq!([0.0, 0.5, 0.8, 0.9, 0.99, 1.0].map(percent), [2, 50, 68, 77, 93, 97]);
    let candid = Temperature::fit(&[[(0.9, true); 9].as_slice(), &[(0.9, false)]].concat().repeat(500));
    assert_eq!([0.5, 0.8, 0.9, 1.0].map(|stated| calibrated(stated, candid).percent()), [50, 80, 90, 97]);
}

#[test]
fn what_it_states_of_a_category_is_kept_and_counts_as_people_found_it() {
    let assessor = assessor();
    let answer = serde_json::from_str::<Value>(RECORDED.lines().next().unwrap()).unwrap()["answer"].clone();
    let made = || read(&assessor.clone(), "Customer paid twice for order 5531", &answer).unwrap();
    let before = made();
    let stated = before.stated.clone().unwrap();
    assert_eq!((stated.model.as_str(), stated.category.as_str(), stated.confidence.percent()), ("m-1", "payments", 96));
    assessor.take_for(Temperature::fit(&[(0.96, false); 400]));
    let after = made();
    let percent = |made: &Assessment| made.category.as_ref().unwrap().confidence.percent();
    assert_eq!((percent(&before), percent(&after)), (85, 58));
    // Nobody answered how urgent it was.
    assert_eq!((after.stated.clone(), after.urgency.confidence), (before.stated.clone(), before.urgency.confidence));
}

#[test]
fn texts_are_one_line_and_short() {
    assert_eq!(one_line(" a\n b\t", 10), "a b");
    assert_eq!(one_line("abcdef", 4), "abc…");
    assert_eq!(summary(" \n"), None);
    assert_eq!(language("EN"), UNDETERMINED);
    assert_eq!(language("de"), "de");
    assert!(Urgency::Critical > Urgency::Low);
}
