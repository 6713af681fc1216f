//! The checker's verdicts, the evaluator's answers, and properties that hold for any condition.

mod answers;
mod errors;
mod properties;

use super::{Condition, Field, Inputs, ObjectType, Schema, Type, fields};
use serde_json::json;

static CUSTOMER: ObjectType = ObjectType {
    name: "customer",
    fields: &[
        Field { name: "tier", of: Type::String, doc: "The contract's tier, lower case." },
        Field { name: "seats", of: Type::Int, doc: "Paid seats." },
        Field { name: "vip", of: Type::Bool, doc: "Whether an account manager named them so." },
    ],
};

static COMMENT: ObjectType = ObjectType {
    name: "comment",
    fields: &[
        Field { name: "author", of: Type::String, doc: "Who wrote it." },
        Field { name: "words", of: Type::Int, doc: "How long it is." },
    ],
};

static TICKET: ObjectType = ObjectType {
    name: "ticket",
    fields: &[
        Field { name: "subject", of: Type::String, doc: "The first line." },
        Field { name: "tags", of: Type::List(&Type::String), doc: "Labels, lower case." },
        Field { name: "counts", of: Type::Map(&Type::Int), doc: "Counters by name." },
        Field { name: "comments", of: Type::List(&Type::Object(&COMMENT)), doc: "Oldest first." },
        Field { name: "created_at", of: Type::Timestamp, doc: "When it came in." },
        Field { name: "waited", of: Type::Duration, doc: "How long nobody has answered." },
        Field { name: "customer", of: Type::Object(&CUSTOMER), doc: "Who asks." },
    ],
};

fn schema() -> Schema {
    Schema::new(vec![
        Field { name: "ticket", of: Type::Object(&TICKET), doc: "The request." },
        Field { name: "confidence", of: Type::Double, doc: "From 0 to 1." },
        Field { name: "load", of: Type::Int, doc: "Open tickets." },
        Field { name: "urgent", of: Type::Bool, doc: "Whether it is marked so." },
        Field { name: "now", of: Type::Timestamp, doc: "When the decision is made." },
    ])
}

fn inputs(schema: &Schema) -> Inputs {
    let source = json!({
        "ticket": {
            "subject": "Überweisung failed: ERROR 402",
            "tags": ["payments", "eu"],
            "counts": { "reopened": 2, "merged": 0 },
            "comments": [{ "author": "ann", "words": 12 }, { "author": "bob", "words": 3 }],
            "created_at": "2026-03-29T00:30:00Z",
            "waited": "PT90M",
            "customer": { "tier": "gold", "seats": 250, "vip": true },
        },
        "confidence": 0.8,
        "load": 7,
        "now": "2026-03-29T02:00:00Z",
    });
    Inputs::new(schema, &source).unwrap()
}

fn parse(source: &str) -> Condition {
    Condition::parse(source, &schema()).unwrap_or_else(|errors| panic!("{source}: {errors:?}"))
}

#[test]
fn lists_every_path_with_its_type() {
    let listed: Vec<String> = fields(&schema()).iter().map(|field| format!("{}: {}", field.path, field.of)).collect();
    assert_eq!(listed[0], "ticket: ticket");
    assert!(listed.contains(&"ticket.counts: map(string, int)".to_owned()), "{listed:?}");
    assert!(listed.contains(&"ticket.comments[].words: int".to_owned()), "{listed:?}");
    assert!(listed.contains(&"ticket.customer.vip: bool".to_owned()), "{listed:?}");
}

#[test]
fn refuses_inputs_of_another_type_without_telling_the_value() {
    let schema = schema();
    let error = Inputs::new(&schema, &json!({ "ticket": { "customer": { "seats": "secret" } } })).unwrap_err();
    let expected = "the input `ticket.customer.seats` must be int, not this string; correct where it is filled in";
    assert_eq!(error.to_string(), expected);
    let error = Inputs::new(&schema, &json!({ "ticket": { "tags": ["a", 1] } })).unwrap_err();
    assert!(error.to_string().contains("`ticket.tags[]` must be string"), "{error}");
}

#[test]
fn refuses_inputs_of_another_schema() {
    let other = Schema::new(vec![Field { name: "x", of: Type::Bool, doc: "Something." }]);
    let inputs = Inputs::new(&other, &json!({ "x": true })).unwrap();
    assert_eq!(parse("urgent").evaluate(&inputs), Err(super::EvaluationError::OtherSchema));
}

#[test]
fn conditions_are_equal_by_their_text() {
    assert_eq!(parse("urgent"), parse("urgent"));
    assert_ne!(parse("urgent"), parse("urgent "));
}
