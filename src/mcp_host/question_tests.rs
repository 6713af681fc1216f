use serde_json::json;

use super::*;

fn form(properties: &Value, required: &[&str]) -> Result<Question, &'static str> {
    let schema = json!({ "type": "object", "properties": properties, "required": required });
    Question::read(
        serde_json::from_value(json!({ "mode": "form", "message": "m", "requestedSchema": schema })).unwrap(),
    )
}

fn page(url: &str) -> Result<Question, &'static str> {
    let asked = json!({ "mode": "url", "message": "m", "url": url, "elicitationId": "1" });
    Question::read(serde_json::from_value(asked).unwrap())
}

#[track_caller]
fn check(property: &Value, given: &[&str], expected: Result<Value, &str>) {
    let question = form(&json!({ "it": property }), &["it"]).unwrap();
    let given: Vec<String> = given.iter().map(|given| (*given).to_owned()).collect();
    let answer = question.answer(|_| given.clone());
    match expected {
        Ok(value) => assert_eq!(answer.unwrap()["it"], value),
        Err(words) => {
            let unfit = answer.unwrap_err();
            assert!(unfit[0].1.contains(words), "{unfit:?}");
        }
    }
}

#[test]
fn every_kind_of_field_takes_what_fits_and_says_what_does_not() {
    check(&json!({ "type": "string" }), &["words"], Ok(json!("words")));
    check(&json!({ "type": "string" }), &["  "], Err("needed"));
    check(&json!({ "type": "string", "minLength": 3 }), &["ab"], Err("at least 3"));
    check(&json!({ "type": "string", "maxLength": 3 }), &["abcd"], Err("at most 3"));
    check(&json!({ "type": "string", "format": "email" }), &["ann@example.com"], Ok(json!("ann@example.com")));
    check(&json!({ "type": "string", "format": "email" }), &["ann"], Err("e-mail"));
    check(&json!({ "type": "string", "format": "uri" }), &["nowhere"], Err("web address"));
    check(&json!({ "type": "string", "format": "date" }), &["2026-11-26"], Ok(json!("2026-11-26")));
    check(&json!({ "type": "string", "format": "date" }), &["2026-13-26"], Err("date"));
    check(&json!({ "type": "string", "format": "date-time" }), &["1700000000"], Ok(json!("2023-11-14T22:13:20Z")));
    check(&json!({ "type": "integer", "minimum": 1, "maximum": 9 }), &["7"], Ok(json!(7)));
    check(&json!({ "type": "integer" }), &["7.5"], Err("whole"));
    check(&json!({ "type": "integer", "maximum": 9 }), &["10"], Err("9 or less"));
    check(&json!({ "type": "number", "minimum": 0.5 }), &["0.4"], Err("0.5 or more"));
    check(&json!({ "type": "number" }), &["NaN"], Err("number"));
    check(&json!({ "type": "boolean" }), &["false"], Ok(json!(false)));
    check(&json!({ "type": "string", "enum": ["a", "b"] }), &["b"], Ok(json!("b")));
    check(&json!({ "type": "string", "enum": ["a", "b"] }), &["c"], Err("one of"));
    let titled = json!({ "type": "string", "oneOf": [{ "const": "a", "title": "Alpha" }] });
    check(&titled, &["a"], Ok(json!("a")));
    let several = json!({ "type": "array", "minItems": 1, "maxItems": 2, "items": { "type": "string", "enum": ["a", "b", "c"] } });
    check(&several, &["a", "c"], Ok(json!(["a", "c"])));
    check(&several, &[], Err("needed"));
    check(&several, &["a", "b", "c"], Err("at most 2"));
}

#[test]
fn what_stands_in_a_form_is_an_answer() {
    let question = form(
        &json!({
            "name": { "type": "string", "default": "Ann" }, "age": { "type": "integer", "default": 42 },
            "score": { "type": "number", "default": 9.5 }, "on": { "type": "boolean", "default": true },
            "kind": { "type": "string", "enum": ["a", "b"], "default": "b" }, "free": { "type": "string" },
        }),
        &[],
    );
    let expected = json!({ "name": "Ann", "age": 42, "score": 9.5, "on": true, "kind": "b" });
    assert_eq!(Value::Object(question.unwrap().as_it_stands().unwrap()), expected);
}

#[test]
fn nobody_is_asked_for_a_secret() {
    for (name, title) in [("password", "x"), ("api_key", "x"), ("field", "Your access token"), ("x", "Credit card")] {
        let asked = form(&json!({ name: { "type": "string", "title": title } }), &[]);
        assert_eq!(asked, Err("the form asks for a secret"), "{name} {title}");
    }
    assert!(form(&json!({ "secret_project": { "type": "boolean" } }), &[]).is_ok());
}

#[test]
fn a_page_is_shown_only_over_https_with_its_host_as_it_is() {
    for refused in ["javascript:alert(1)", "http://example.com/", "https://ann:pw@example.com/", "ftp://example.com"] {
        assert!(page(refused).is_err(), "{refused}");
    }
    let Wanted::Page { host, .. } = page("https://аpple.com/login").unwrap().wanted else { panic!("no page") };
    assert_eq!(host, "xn--pple-43d.com");
}
