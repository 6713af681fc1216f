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
    is_documented(&figures);
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
    is_documented(&figures);
}

/// Every key stands in the documentation.
fn is_documented(figures: &Value) {
    let documented = include_str!("../../docs/JUDGEMENT.md");
    for key in figures.as_object().unwrap().keys() {
        assert!(documented.contains(&format!("`{key}`")), "{key} is not documented");
    }
}

#[test]
fn plots_are_drawn_where_they_are_wanted() {
    let folder = tickets();
    json(
        &folder,
        &["eval", "classify", "--train", "train.csv", "--test", "test.jsonl", "--plots", "drawn/here", "--json"],
    );
    for name in ["reliability.svg", "coverage.svg"] {
        let svg = fs::read_to_string(folder.path().join("drawn/here").join(name)).unwrap();
        assert!(svg.starts_with("<svg") && svg.contains("polyline"), "{svg}");
    }
}

#[test]
fn language_gives_the_documented_figures() {
    let folder = TempDir::new().unwrap();
    let rows = "label,text\nde,Die Rechnung ist leider falsch\nfr,Notre facture est malheureusement fausse\nen,Bonjour tout le monde\n";
    fs::write(folder.path().join("test.csv"), rows).unwrap();
    let figures = json(&folder, &["eval", "language", "--test", "test.csv", "--characters", "20", "--json"]);
    assert_eq!(
        (&figures["languages"], &figures["by_language"]["de"]),
        (&Value::from(3), &Value::from(1.0)),
        "{figures}"
    );
    assert!((figures["accuracy"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9, "{figures}");
    is_documented(&figures);
}

#[test]
fn urgency_gives_the_documented_figures() {
    let folder = TempDir::new().unwrap();
    let rows = "{\"text\":\"production is down for all customers\",\"urgency\":\"critical\"}\n{\"text\":\"no rush, when you have time\",\"urgency\":\"low\"}\n{\"text\":\"this is urgent\",\"urgency\":\"High\"}\n{\"text\":\"the whole site is offline\",\"urgency\":\"normal\"}\n";
    fs::write(folder.path().join("test.jsonl"), rows).unwrap();
    let figures = json(&folder, &["eval", "urgency", "--test", "test.jsonl", "--json"]);
    // One is labelled wrongly on purpose.
    assert_eq!(
        (&figures["texts"], &figures["accuracy"], &figures["too_urgent"], &figures["too_calm"]),
        (&Value::from(4), &Value::from(0.75), &Value::from(0.25), &Value::from(0.0)),
        "{figures}"
    );
    assert_eq!(figures["by_urgency"], serde_json::json!({ "critical": 1.0, "high": 1.0, "low": 1.0, "normal": 0.0 }));
    is_documented(&figures);
    let lines = run(folder.path(), &["eval", "urgency", "--test", "test.jsonl"]).stdout;
    assert!(lines.lines().any(|line| line.starts_with("accuracy") && line.ends_with("0.7500")), "{lines}");
    fs::write(folder.path().join("odd.csv"), "text,urgency\nx,soon\n").unwrap();
    let said = run(folder.path(), &["eval", "urgency", "--test", "odd.csv"]);
    assert!(said.code == 2 && said.stderr.contains("low, normal, high, critical"), "{}", said.all());
    let said = run(folder.path(), &["eval", "urgency", "--test", "odd.csv", "--label", "priority"]);
    assert!(said.code == 2 && said.stderr.contains("--label"), "{}", said.all());
}

#[test]
fn duplicates_gives_the_documented_figures() {
    let folder = TempDir::new().unwrap();
    let items = "Id,Title,Body\n1,Export is empty,The CSV export of transactions holds no rows\n2,CSV export,export of transactions to CSV is empty\n3,Login,sso loops back to the login page\n4,Slow,dashboard is slow\n";
    fs::write(folder.path().join("items.csv"), items).unwrap();
    fs::write(folder.path().join("pairs.csv"), "one,other\n2,1\n4,3\n9,1\n").unwrap();
    let columns = ["--id", "Id", "--text", "Title,Body"];
    let arguments =
        [&["eval", "duplicates", "--items", "items.csv", "--pairs", "pairs.csv"][..], &columns, &["--json"]];
    let figures = json(&folder, &arguments.concat());
    assert_eq!(
        (&figures["questions"], &figures["hit_at_1"], &figures["shown_recall"]),
        (&Value::from(2), &Value::from(0.5), &Value::from(0.5)),
        "{figures}"
    );
    is_documented(&figures);
    let wrong = run(folder.path(), &["eval", "duplicates", "--items", "items.csv", "--pairs", "pairs.csv"]);
    assert!(wrong.code == 2 && wrong.stderr.contains("--id"), "{}", wrong.all());
}

/// Two documents in Markdown, a question for each, and one that neither answers.
fn documents() -> TempDir {
    let folder = TempDir::new().unwrap();
    let file = |name: &str, content: &str| fs::write(folder.path().join(name), content).unwrap();
    fs::create_dir_all(folder.path().join("docs/accounts")).unwrap();
    file(
        "docs/refunds.md",
        "# Refunds\n\nMoney goes back to the card within five days.\n\n## Partial refunds\n\nOpen the payment and press Refund a part.\n",
    );
    file("docs/accounts/sso.md", "# Sign in with Okta\n\nAn owner connects SAML in the settings.\n");
    file(
        "queries.jsonl",
        "{\"_id\":\"q1\",\"text\":\"refund a part of a payment\",\"answer\":\"press Refund\"}\n{\"_id\":\"q2\",\"text\":\"connect okta\"}\n{\"_id\":\"q3\",\"text\":\"bicycle\"}\n",
    );
    file("qrels.tsv", "query-id\tcorpus-id\tscore\nq1\trefunds\t1\nq2\taccounts/sso\t1\nq3\trefunds\t1\n");
    folder
}

#[test]
fn answers_gives_the_documented_figures() {
    let arguments =
        ["eval", "answers", "--corpus", "docs", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--json"];
    let figures = json(&documents(), &arguments);
    assert!((figures["answered"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9, "{figures}");
    assert_eq!(
        (&figures["first_citation_right"], &figures["answer_recall"]),
        (&Value::from(1.0), &Value::from(1.0)),
        "{figures}"
    );
    is_documented(&figures);
}

#[test]
fn a_folder_is_searched_by_passages() {
    let arguments =
        ["eval", "retrieve", "--corpus", "docs", "--queries", "queries.jsonl", "--qrels", "qrels.tsv", "--json"];
    let figures = json(&documents(), &arguments);
    assert_eq!((&figures["documents"], &figures["passages"]), (&Value::from(2), &Value::from(3)), "{figures}");
    assert!((figures["hit_at_1"].as_f64().unwrap() - 2.0 / 3.0).abs() < 1e-9, "{figures}");
    is_documented(&figures);
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
