//! `deskbell eval` on small files.

use std::fmt::Write;
use std::fs;

use serde_json::Value;
use tempfile::TempDir;

use super::run;

fn json(folder: &TempDir, arguments: &[&str]) -> Value {
    let said = run(folder.path(), arguments);
    assert_eq!((said.code, said.stderr.as_str()), (0, ""), "{}", said.stdout);
    serde_json::from_str(&said.stdout).unwrap()
}

/// Texts of two labels and, in the test, two that belong nowhere.
fn tickets() -> TempDir {
    let folder = TempDir::new().unwrap();
    let topics =
        [("payments", ["refund", "payout", "invoice", "charge"]), ("login", ["password", "sso", "session", "code"])];
    let mut train = String::from("id,category,text\n");
    for (label, nouns) in topics {
        for at in 0..24 {
            let (one, other) = (nouns[at % 4], nouns[(at / 4 + at + 1) % 4]);
            writeln!(train, "{at},{label},\"the {one}, and the {other}, fails\"").unwrap();
        }
    }
    fs::write(folder.path().join("train.csv"), train).unwrap();
    let rows = [
        ("payments", "my refund and the invoice"),
        ("login", "the password with sso"),
        ("payments", "a session"),
        ("login", "no code"),
        ("none", "weather tomorrow"),
        ("none", "pizza for lunch"),
    ];
    let mut test = String::new();
    for (label, text) in rows {
        writeln!(test, "{{\"text\":\"{text}\",\"label\":\"{label}\"}}").unwrap();
    }
    fs::write(folder.path().join("test.jsonl"), test).unwrap();
    folder
}

#[test]
fn classify_gives_the_documented_figures() {
    let folder = tickets();
    let arguments = ["eval", "classify", "--train", "train.csv", "--test", "test.jsonl", "--oos", "none", "--json"];
    let figures = json(&folder, &arguments);
    // One of the four that have a label is labelled wrongly on purpose.
    assert_eq!(figures["accuracy"], 0.75, "{figures}");
    assert!(figures["oos_auroc"].as_f64().unwrap() > 0.9, "{figures}");
    let documented = include_str!("../../docs/JUDGEMENT.md");
    for key in figures.as_object().unwrap().keys() {
        assert!(documented.contains(&format!("`{key}`")), "{key} is not documented");
    }
    let lines = run(folder.path(), &arguments[..8]).stdout;
    assert!(lines.lines().any(|line| line.starts_with("accuracy") && line.ends_with("0.7500")), "{lines}");
}

#[test]
fn retrieve_gives_the_documented_figures() {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    file(
        "corpus.jsonl",
        "{\"_id\":\"d1\",\"title\":\"Refunds\",\"text\":\"how to refund a card\"}\n{\"_id\":\"d2\",\"text\":\"sign in with sso\"}\n",
    );
    file("queries.jsonl", "{\"_id\":\"q1\",\"text\":\"refund\"}\n{\"_id\":\"q2\",\"text\":\"card\"}\n");
    file("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\td1\t1\nq2\td2\t1\n");
    let arguments = [
        "eval",
        "retrieve",
        "--corpus",
        "corpus.jsonl",
        "--queries",
        "queries.jsonl",
        "--qrels",
        "qrels.tsv",
        "--json",
    ];
    let figures = json(&folder, &arguments);
    assert_eq!(
        (&figures["hit_at_1"], &figures["words"]["mrr_at_10"]),
        (&Value::from(0.5), &Value::from(0.5)),
        "{figures}"
    );
    let documented = include_str!("../../docs/JUDGEMENT.md");
    for key in figures.as_object().unwrap().keys() {
        assert!(documented.contains(&format!("`{key}`")), "{key} is not documented");
    }
}

#[test]
fn files_and_columns_that_are_missing_are_named() {
    let folder = tickets();
    let said = run(folder.path(), &["eval", "classify", "--train", "no.csv", "--test", "test.jsonl"]);
    assert!(said.code == 2 && said.stderr.contains("no.csv"), "{}", said.all());
    let wrong = ["eval", "classify", "--train", "train.csv", "--test", "test.jsonl", "--label", "topic"];
    let said = run(folder.path(), &wrong);
    assert!(said.code == 2 && said.stderr.contains("--label"), "{}", said.all());
    let said =
        run(folder.path(), &["eval", "classify", "--train", "train.csv", "--test", "test.jsonl", "--model", "nowhere"]);
    assert!(said.code == 2 && said.stderr.contains("model.safetensors"), "{}", said.all());
}
