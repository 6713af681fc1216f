//! Properties of any condition and any inputs: what loads meets no wrong type, the answers are those of the `cel`
//! crate's interpreter, and no text makes the loader panic.

use super::super::lexer;
use super::super::{Condition, EvaluationError, Inputs, Schema};
use super::schema;
use cel::{Context, Program};
use proptest::prelude::*;
use serde_json::{Value as Json, json};
use std::collections::HashMap;

/// Expressions of a bool, mostly well typed, in the part of CEL that both evaluators share.
fn bool_expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        4 => Just("urgent".to_owned()),
        1 => Just("true".to_owned()),
        1 => Just("false".to_owned()),
        4 => Just("ticket.customer.vip".to_owned()),
        1 => Just("load".to_owned()),
    ];
    leaf.prop_recursive(4, 40, 3, |inner| {
        prop_oneof![
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} && {b})")),
            3 => (inner.clone(), inner.clone()).prop_map(|(a, b)| format!("({a} || {b})")),
            1 => inner.clone().prop_map(|a| format!("!({a})")),
            1 => (inner.clone(), inner.clone(), inner.clone()).prop_map(|(a, b, c)| format!("({a} ? {b} : {c})")),
            4 => (int_expression(), comparison(), int_expression()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            3 => (double_expression(), comparison(), double_expression()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            3 => (text_expression(), comparison(), text_expression()).prop_map(|(a, op, b)| format!("{a} {op} {b}")),
            2 => (text_expression(), member(), text_expression()).prop_map(|(a, f, b)| format!("{a}.{f}({b})")),
            2 => (text_expression(), list_expression()).prop_map(|(a, list)| format!("({a} in {list})")),
            2 => (list_expression(), quantifier(), inner.clone()).prop_map(|(list, f, body)| format!("{list}.{f}(t, t == 'eu' || {body})")),
            1 => (quantifier(), int_expression()).prop_map(|(f, n)| format!("ticket.comments.{f}(c, c.words > {n})")),
            1 => (quantifier(), text_expression()).prop_map(|(f, a)| format!("ticket.counts.{f}(k, k < {a})")),
            1 => (int_expression(), text_expression()).prop_map(|(a, b)| format!("{a} == {b}")),
            1 => inner.prop_map(|a| format!("[{a}, urgent] == [true, {a}]")),
        ]
    })
}

fn int_expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        (-3i64..9).prop_map(|value| value.to_string()),
        Just("load".to_owned()),
        Just("ticket.customer.seats".to_owned()),
        Just("ticket.tags.size()".to_owned()),
        Just("9223372036854775807".to_owned()),
    ];
    leaf.prop_recursive(2, 8, 2, |inner| {
        prop_oneof![
            (inner.clone(), "[-+*/%]", inner.clone()).prop_map(|(a, op, b)| format!("({a} {op} {b})")),
            inner.clone().prop_map(|a| format!("-({a})")),
            text_expression().prop_map(|a| format!("size({a})")),
            list_expression().prop_map(|list| format!("{list}.size()")),
            (bool_leaf(), inner.clone(), inner.clone()).prop_map(|(c, a, b)| format!("({c} ? {a} : {b})")),
            text_expression().prop_map(|key| format!("ticket.counts[{key}]")),
            double_expression().prop_map(|a| format!("int({a})")),
            Just("int(now)".to_owned()),
            Just("now.getHours()".to_owned()),
            Just("(now - ticket.created_at).getMinutes()".to_owned()),
        ]
    })
}

fn double_expression() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("confidence".to_owned()),
        Just("0.5".to_owned()),
        Just("double(load)".to_owned()),
        Just("(confidence * 2.0 - 1.0)".to_owned()),
    ]
}

fn text_expression() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        "'[a-zü]{0,3}'",
        Just("'eu'".to_owned()),
        Just("ticket.subject".to_owned()),
        Just("ticket.customer.tier".to_owned()),
        (0usize..3).prop_map(|at| format!("ticket.tags[{at}]")),
    ];
    leaf.prop_recursive(2, 4, 2, |inner| (inner.clone(), inner).prop_map(|(a, b)| format!("({a} + {b})")))
}

fn list_expression() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("ticket.tags".to_owned()),
        (text_expression(), text_expression()).prop_map(|(a, b)| format!("[{a}, {b}]")),
        text_expression().prop_map(|a| format!("ticket.tags.filter(x, x != {a})")),
        text_expression().prop_map(|a| format!("ticket.comments.map(x, x.words > 2, x.author + {a})")),
        Just("(ticket.tags + ['eu'])".to_owned()),
    ]
}

fn bool_leaf() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("urgent"), Just("load > 2"), Just("ticket.customer.vip")]
}

fn comparison() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("=="), Just("!="), Just("<"), Just("<="), Just(">"), Just(">=")]
}

fn member() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("contains"), Just("startsWith"), Just("endsWith")]
}

fn quantifier() -> impl Strategy<Value = &'static str> {
    prop_oneof![Just("all"), Just("exists"), Just("exists_one")]
}

fn any_inputs() -> impl Strategy<Value = Json> {
    let text = || "[a-zü]{0,3}";
    let counts = prop::collection::btree_map(text(), 0i64..4, 0..3);
    let comments = prop::collection::vec((text(), 0i64..9), 0..3);
    let tags = prop::collection::vec(prop_oneof![Just("eu".to_owned()), text()], 0..3);
    (text(), tags, counts, comments, any::<bool>(), any::<i64>(), -2i64..9, 0.0..1.0f64).prop_map(
        |(subject, tags, counts, comments, flag, seats, load, confidence)| {
            let comments: Vec<Json> =
                comments.iter().map(|(author, words)| json!({ "author": author, "words": words })).collect();
            json!({
                "ticket": {
                    "subject": subject, "tags": tags, "counts": counts, "comments": comments,
                    "created_at": "2026-03-29T00:30:00Z", "waited": "PT90M",
                    "customer": { "tier": subject, "seats": seats, "vip": !flag },
                },
                "confidence": confidence, "load": load, "urgent": flag, "now": "2026-03-29T02:00:00Z",
            })
        },
    )
}

/// The answer of the `cel` crate's interpreter; `None` when it fails.
fn interpreted(source: &str, inputs: &Json) -> Option<bool> {
    let mut context = Context::default();
    for (name, value) in inputs.as_object().unwrap() {
        context.add_variable_from_value(name.as_str(), to_cel(value));
    }
    match Program::compile(source).unwrap().execute(&context) {
        Ok(cel::Value::Bool(answer)) => Some(answer),
        Ok(other) => panic!("{source} is {other:?}"),
        Err(_) => None,
    }
}

/// The crate's own conversion makes unsigned numbers of what is not negative, and knows no instants.
fn to_cel(json: &Json) -> cel::Value {
    match json {
        Json::Null => cel::Value::Null,
        Json::Bool(value) => (*value).into(),
        Json::Number(value) => value.as_i64().map_or_else(|| value.as_f64().unwrap().into(), Into::into),
        Json::String(value) => match value.parse::<jiff::Timestamp>() {
            Ok(instant) => {
                let instant = Program::compile(&format!("timestamp('{instant}')")).unwrap();
                instant.execute(&Context::default()).unwrap()
            }
            Err(_) => value.as_str().into(),
        },
        Json::Array(items) => items.iter().map(to_cel).collect::<Vec<_>>().into(),
        Json::Object(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), to_cel(value)));
            entries.collect::<HashMap<_, _>>().into()
        }
    }
}

fn load(source: &str, schema: &Schema) -> Option<Condition> {
    Condition::parse(source, schema).ok()
}

/// `tests/nightly` tries each property on many times as many cases.
fn cases(usual: u32) -> u32 {
    usual * std::env::var("DESKBELL_CASES_TIMES").map_or(1, |times| times.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(600), ..ProptestConfig::default() })]

    #[test]
    fn what_loads_meets_no_wrong_type_and_answers_as_cel(source in bool_expression(), json in any_inputs()) {
        let schema = schema();
        let inputs = Inputs::new(&schema, &json).unwrap();
        if let Some(condition) = load(&source, &schema) {
            let answer = condition.evaluate(&inputs);
            prop_assert_ne!(answer, Err(EvaluationError::TypeMismatch));
            prop_assert_eq!(answer, condition.evaluate(&inputs));
            if answer != Err(EvaluationError::TooMuchWork) {
                prop_assert_eq!(answer.ok(), interpreted(&source, &json));
            }
        }
    }

    #[test]
    fn every_predicate_loads_on_its_own_with_the_same_answer(source in bool_expression(), json in any_inputs()) {
        let schema = schema();
        let inputs = Inputs::new(&schema, &json).unwrap();
        if let Some(condition) = load(&source, &schema) {
            for atom in condition.explain(&inputs) {
                let alone = load(&atom.source_text, &schema);
                prop_assert!(alone.is_some(), "{} of {}", atom.source_text, source);
                prop_assert_eq!(alone.unwrap().evaluate(&inputs), atom.value);
            }
        }
    }

    #[test]
    fn no_text_makes_the_loader_panic(source in any_text()) {
        let _ = lexer::tokens(&source);
        if let Err(errors) = Condition::parse(&source, &schema()) {
            prop_assert!(!errors.is_empty());
            for error in errors {
                prop_assert!(error.line <= source.lines().count().max(1) + 1, "{}", error);
            }
        }
    }
}

/// Random letters, and random sequences of CEL's words.
fn any_text() -> impl Strategy<Value = String> {
    let words = prop::sample::select(vec![
        "ticket",
        ".",
        "subject",
        "(",
        ")",
        "[",
        "]",
        "{",
        "}",
        "&&",
        "||",
        "!",
        "-",
        "?",
        ":",
        ",",
        "==",
        "<",
        "in",
        "1",
        "0x",
        "1.5e9",
        "'a'",
        "\"",
        "'''",
        "r'",
        "b'",
        "\\",
        "urgent",
        "exists",
        "has",
        "map",
        "null",
        "//",
        "\n",
        "ü",
        "`",
        "9999999999999999999",
        "1u",
        "T{",
        "load",
        "size",
        "if",
        "'\\u00e9'",
        "'\\xff'",
        "@",
    ]);
    prop_oneof![
        any::<String>(),
        prop::collection::vec(words.clone(), 0..12).prop_map(|words| words.join("")),
        prop::collection::vec(words, 0..20).prop_map(|words| words.join(" ")),
    ]
}
