//! `deskbell eval` on small files.

use std::fmt::Write;
use std::fs;

use deskbell_sandbox::llm::{KEY, LlmServer, MODEL, Reply, Shape};
use serde_json::Value;
use tempfile::TempDir;

use super::{Said, deskbell, run};

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
fn what_messages_are_for_gives_the_documented_figures() {
    let folder = tempfile::tempdir().unwrap();
    let rows = concat!(
        r#"{"text":"How do I export the report as CSV?","request":true,"complexity":"answerable"}"#,
        "\n",
        r#"{"text":"please refund invoice 4411, we were charged twice","request":true,"complexity":"needs_person"}"#,
        "\n",
        r#"{"text":"never mind, found it in the archive","request":false,"complexity":null}"#,
        "\n",
    );
    fs::write(folder.path().join("test.jsonl"), rows).unwrap();
    let figures = json(&folder, &["eval", "request", "--test", "test.jsonl", "--json"]);
    assert_eq!(
        (&figures["accuracy"], &figures["requests_told"], &figures["asides_told"]),
        (&1.0.into(), &1.0.into(), &1.0.into())
    );
    assert_eq!((&figures["requests_dropped"], &figures["texts"]), (&0.into(), &3.into()));
    let figures = json(&folder, &["eval", "complexity", "--test", "test.jsonl", "--json"]);
    assert_eq!(
        (&figures["accuracy"], &figures["answerable_right_at_80"], &figures["texts"]),
        (&1.0.into(), &1.0.into(), &2.into())
    );
    for name in ["macro_f1", "ece", "answerable_told_at_80", "latency_p50_ms", "latency_p95_ms", "memory_mb"] {
        assert!(figures.get(name).is_some(), "{name}: {figures}");
    }
    fs::write(folder.path().join("none.csv"), "text,complexity\nx,\n").unwrap();
    let said = run(folder.path(), &["eval", "complexity", "--test", "none.csv"]);
    assert!(said.code == 2 && said.stderr.contains("no labelled rows"), "{}", said.stderr);
    let said = run(
        folder.path(),
        &["eval", "classify", "--train", "none.csv", "--test", "none.csv", "--label", "complexity", "--shots", "0"],
    );
    assert!(said.code == 2 && said.stderr.contains("--model"), "{}", said.stderr);
    fs::write(folder.path().join("odd.csv"), "text,request\nx,maybe\n").unwrap();
    let said = run(folder.path(), &["eval", "request", "--test", "odd.csv"]);
    assert!(said.code == 2 && said.stderr.contains("row 1 is not labelled true or false"), "{}", said.stderr);
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

/// The configuration of a desk whose language model is this server.
fn with_llm(folder: &TempDir, server: &LlmServer, more: &str) {
    let config = format!(
        "[slack]\nbot_token = \"env:BOT\"\nsigning_secret = \"env:SIGNING\"\n\n[llm]\nprovider = \"openai-compatible\"\nbase_url = \"{}\"\nmodel = \"{MODEL}\"\n\
         key = \"env:LLM_KEY\"\nmax_concurrency = 1\nattempts = 1\nmax_output_tokens = 64\n{more}\n",
        server.url(Shape::OpenAi)
    );
    fs::write(folder.path().join("deskbell.toml"), config).unwrap();
}

async fn asks(folder: &TempDir, more: &[&str]) -> Said {
    let arguments = ["eval", "classify", "--train", "train.csv", "--test", "test.jsonl", "--llm", "deskbell.toml"];
    let mut command = deskbell(folder.path(), &[&arguments[..], more].concat());
    command.env("LLM_KEY", KEY);
    Said::of(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
}

fn form(category: &str, stated: f64) -> Reply {
    Reply::Answer(serde_json::json!({
        "category": category, "category_confidence": stated, "evidence": [], "is_request": true,
        "urgency": "normal", "urgency_confidence": 0.8, "sentiment": "neutral", "sentiment_confidence": 0.8,
        "language": "en", "complexity": "person", "complexity_confidence": 0.8, "summary": "A request.",
    }))
}

/// Two hundred requests of two kinds, and two that are of none.
fn many_requests() -> TempDir {
    let folder = tickets();
    let mut rows = String::new();
    for at in 0..200 {
        let label = if at < 100 { "payments" } else { "login" };
        writeln!(rows, "{{\"text\":\"request number {at}\",\"label\":\"{label}\"}}").unwrap();
    }
    rows.push_str("{\"text\":\"the weather\",\"label\":\"none\"}\n{\"text\":\"a pizza\",\"label\":\"none\"}\n");
    fs::write(folder.path().join("test.jsonl"), rows).unwrap();
    folder
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_model_is_measured_and_its_certainty_fitted() {
    let (folder, server) = (many_requests(), LlmServer::start().await.unwrap());
    with_llm(&folder, &server, "prices = { input = 1.0, output = 10.0 }");
    // Whatever it is asked, it is as good as certain: half of the time it is right.
    server.says([form("payments", 0.99)]);
    let said = asks(&folder, &["--limit", "1000", "--oos", "none", "--json"]).await;
    assert_eq!(said.code, 0, "{}", said.all());
    let figures: Value = serde_json::from_str(&said.stdout).unwrap();
    let share = |key: &str| figures[key].as_f64().unwrap_or_else(|| panic!("{key}: {figures}"));
    assert_eq!(
        (share("accuracy"), &figures["asked_rows"], &figures["failures"]),
        (0.5, &Value::from(202), &Value::from(0))
    );
    assert!(share("ece_stated") > 0.4 && share("ece") < 0.2 && share("factor") < 0.25, "{figures}");
    assert_eq!(
        (share("oos_unknown"), share("unknown"), &figures["model"]),
        (0.0, 0.0, &Value::from(MODEL)),
        "{figures}"
    );
    assert_eq!(
        (&figures["input_tokens"], &figures["output_tokens"]),
        (&Value::from(202 * 400), &Value::from(202 * 60))
    );
    assert!((share("cost") - 202.0 * 0.001).abs() < 1e-9, "{figures}");
    is_documented(&figures);
    assert!(said.stderr.contains("asked 202 of 202, 0 failed"), "{}", said.stderr);
    // The labels are the categories, and three examples of each are told.
    let told = server.asked()[0].system();
    assert!(told.contains("- payments: payments") && !told.contains("- none:"), "{told}");
    assert_eq!(told.matches("fails\"").count(), 6, "{told}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_fails_is_wrong_and_said_apart() {
    let (folder, server) = (many_requests(), LlmServer::start().await.unwrap());
    with_llm(&folder, &server, "");
    server.says([form("payments", 0.9), Reply::Refusal, form("unknown", 0.9), form("other", 0.9), form("login", 0.9)]);
    let said = asks(&folder, &["--limit", "8", "--oos", "none", "--json"]).await;
    let figures: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}", said.all()));
    assert_eq!((&figures["asked_rows"], &figures["fitted_rows"]), (&Value::from(8), &Value::from(4)), "{figures}");
    assert_eq!(figures["failed_by"], serde_json::json!({ "refused": 1, "unreadable": 1 }), "{figures}");
    assert_eq!((&figures["failures"], &figures["cost"]), (&Value::from(2), &Value::Null), "{figures}");
    assert!(figures["unknown"].as_f64().unwrap() > 0.1 && figures["accuracy"].as_f64().unwrap() < 0.8, "{figures}");
    // The same lot is drawn again, and nothing but the lot is asked.
    let first = server.asked();
    asks(&folder, &["--limit", "8", "--oos", "none"]).await;
    let second = server.asked();
    assert_eq!(second.len(), 16);
    assert!(first.iter().zip(&second[8..]).all(|(one, other)| one.user() == other.user()));
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_model_or_a_budget_nothing_is_measured_and_it_is_said() {
    let (folder, server) = (many_requests(), LlmServer::start().await.unwrap());
    server.says([form("payments", 0.9)]);
    with_llm(&folder, &server, "daily_tokens = 10");
    let said = asks(&folder, &[]).await;
    assert!(said.code == 1 && said.stderr.contains("the day's budget of tokens is used up"), "{}", said.all());
    assert!(server.asked().is_empty());
    with_llm(&folder, &server, "daily_tokens = 6000");
    let said = asks(&folder, &["--json"]).await;
    let figures: Value = serde_json::from_str(&said.stdout).unwrap_or_else(|_| panic!("{}", said.all()));
    let asked = server.asked().len();
    assert!(asked > 2 && figures["asked_rows"] == asked && figures["not_asked_rows"] == 200 - asked, "{figures}");
    assert!(said.stderr.contains(&format!("measured on the {asked} rows before")), "{}", said.stderr);
    // What was spent is kept for the day.
    let said = asks(&folder, &[]).await;
    assert!(said.code == 1 && server.asked().len() <= asked + 1, "{}", said.all());

    with_llm(&folder, &server, "");
    server.says([Reply::Status { status: 404, retry_after_seconds: None }]);
    let (said, before) = (asks(&folder, &[]).await, server.asked().len());
    assert!(said.code == 1 && said.stderr.contains("refused the request") && before <= asked + 2, "{}", said.all());
    let slack = "[slack]\nbot_token = \"env:BOT\"\nsigning_secret = \"env:SIGNING\"\n";
    fs::write(folder.path().join("deskbell.toml"), slack).unwrap();
    let said = asks(&folder, &[]).await;
    assert!(said.code == 2 && said.stderr.contains("has no [llm]: add it"), "{}", said.all());
    let said = asks(&folder, &["--shots", "3"]).await;
    assert!(said.code == 2 && said.stderr.contains("--shots"), "{}", said.all());
}
