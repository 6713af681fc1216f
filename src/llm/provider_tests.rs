use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::*;

fn provider(kind: ProviderKind) -> Provider {
    Provider {
        kind,
        base_url: "https://llm.example/v1".to_owned(),
        model: "m-1".to_owned(),
        key: Some("k-1".into()),
        api_version: None,
        structured: Structured::JsonSchema,
        temperature: None,
        max_output_tokens: 500,
    }
}

fn filled() -> Filled {
    Filled { version: 1, system: "Be brief.".to_owned(), user: "What?".to_owned() }
}

fn shape() -> Shape {
    Shape::object([("ok", Shape::Flag)])
}

fn headers(provider: &Provider) -> Vec<(&'static str, String)> {
    provider.headers().into_iter().map(|(name, value)| (name, value.expose_secret().to_owned())).collect()
}

fn read(kind: ProviderKind, body: &Value) -> Result<Value, String> {
    provider(kind).read(body.to_string().as_bytes()).1.map_err(|error| error.to_string())
}

#[test]
fn each_is_asked_in_its_own_shape() {
    let openai = provider(ProviderKind::Openai);
    assert_eq!(openai.address(), "https://llm.example/v1/chat/completions");
    assert_eq!(headers(&openai), [("authorization", "Bearer k-1".to_owned())]);
    let body = openai.body(&filled(), &shape());
    assert_eq!(body["messages"][0], json!({ "role": "system", "content": "Be brief." }));
    assert_eq!(body["response_format"]["json_schema"]["strict"], json!(true));
    assert_eq!((&body["max_completion_tokens"], &body["max_tokens"]), (&json!(500), &Value::Null));
    assert_eq!(body["temperature"], Value::Null);

    let compatible = Provider { temperature: Some(0.0), key: None, ..provider(ProviderKind::OpenaiCompatible) };
    assert_eq!(headers(&compatible), []);
    let body = compatible.body(&filled(), &shape());
    assert_eq!((&body["max_tokens"], &body["temperature"]), (&json!(500), &json!(0.0)));

    let anthropic = Provider { base_url: "https://api.example".to_owned(), ..provider(ProviderKind::Anthropic) };
    assert_eq!(anthropic.address(), "https://api.example/v1/messages");
    assert_eq!(headers(&anthropic), [("x-api-key", "k-1".to_owned()), ("anthropic-version", "2023-06-01".to_owned())]);
    let body = anthropic.body(&filled(), &shape());
    assert_eq!(body["tool_choice"], json!({ "type": "tool", "name": "answer" }));
    assert_eq!(body["tools"][0]["input_schema"]["additionalProperties"], json!(false));
    assert_eq!((&body["system"], &body["max_tokens"]), (&json!("Be brief."), &json!(500)));
}

#[test]
fn azure_has_two_addresses() {
    let azure =
        Provider { base_url: "https://me.openai.azure.com/openai/v1".to_owned(), ..provider(ProviderKind::Azure) };
    assert_eq!(azure.address(), "https://me.openai.azure.com/openai/v1/chat/completions");
    assert_eq!(headers(&azure), [("api-key", "k-1".to_owned())]);
    let older = Provider {
        base_url: "https://me.openai.azure.com".to_owned(),
        api_version: Some("2024-10-21".to_owned()),
        ..azure
    };
    assert_eq!(
        older.address(),
        "https://me.openai.azure.com/openai/deployments/m-1/chat/completions?api-version=2024-10-21"
    );
}

#[test]
fn a_service_without_schemas_gets_it_in_the_prompt() {
    for structured in [Structured::JsonObject, Structured::Prompt] {
        let provider = Provider { structured, ..provider(ProviderKind::OpenaiCompatible) };
        let body = provider.body(&filled(), &shape());
        assert!(body["messages"][0]["content"].as_str().unwrap().contains("\"additionalProperties\":false"));
        assert_eq!(body["response_format"].is_null(), structured == Structured::Prompt);
    }
}

#[test]
fn answers_are_read() {
    let openai = json!({
        "choices": [{ "finish_reason": "stop", "message": { "content": "```json\n{\"ok\":true}\n```" } }],
        "usage": { "prompt_tokens": 12, "completion_tokens": 3 },
    });
    let (usage, answer) = provider(ProviderKind::OpenaiCompatible).read(openai.to_string().as_bytes());
    assert_eq!(usage, Some(Usage { input_tokens: 12, output_tokens: 3 }));
    assert_eq!(answer.unwrap(), json!({ "ok": true }));
    let anthropic = json!({
        "stop_reason": "tool_use",
        "content": [{ "type": "text", "text": "Sure." }, { "type": "tool_use", "name": "answer", "input": { "ok": true } }],
        "usage": { "input_tokens": 10, "cache_read_input_tokens": 5, "output_tokens": 2 },
    });
    let (usage, answer) = provider(ProviderKind::Anthropic).read(anthropic.to_string().as_bytes());
    assert_eq!(usage, Some(Usage { input_tokens: 15, output_tokens: 2 }));
    assert_eq!(answer.unwrap(), json!({ "ok": true }));
}

#[test]
fn what_is_no_answer_says_why_in_our_own_words() {
    let openai = |choice: Value| read(ProviderKind::Openai, &json!({ "choices": [choice] })).unwrap_err();
    for (choice, said) in [
        (
            json!({ "finish_reason": "stop", "message": { "refusal": "I can't, Ann." } }),
            "refused to answer: the model declined",
        ),
        (
            json!({ "finish_reason": "content_filter", "message": {} }),
            "refused to answer: the service's content filter stopped it",
        ),
        (
            json!({ "finish_reason": "length", "message": { "content": "{\"o" } }),
            "cut off: raise [llm] max_output_tokens",
        ),
        (json!({ "finish_reason": "stop", "message": { "content": "Well, Ann" } }), "it is not JSON"),
        (json!({ "finish_reason": "stop", "message": {} }), "it holds no text"),
    ] {
        let error = openai(choice);
        assert!(error.contains(said) && !error.contains("Ann"), "{error}");
    }
    assert!(read(ProviderKind::Openai, &json!({})).unwrap_err().contains("no choice"));
    let anthropic = |body: Value| read(ProviderKind::Anthropic, &body).unwrap_err();
    assert!(anthropic(json!({ "stop_reason": "refusal", "content": [] })).contains("the model declined"));
    assert!(anthropic(json!({ "stop_reason": "max_tokens", "content": [] })).contains("cut off"));
    assert!(
        anthropic(json!({ "stop_reason": "end_turn", "content": [{ "type": "text", "text": "x" }] })).contains("form")
    );
    assert!(provider(ProviderKind::Openai).read(b"<html>").1.is_err());
}
