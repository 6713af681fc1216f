//! Folders: who may read them, HTML, versions, and what people make of answers.

use std::path::Path;

use deskbell_servers::knowledge::{KnowledgeServer, KnowledgeServerConfig};
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};

use crate::confluence_site::named;
use crate::knowledge::serve;
use crate::logged::Log;
use crate::shortcut_site::{done, failed};

type Client = RunningService<RoleClient, ()>;

fn config(folder: &Path) -> KnowledgeServerConfig {
    KnowledgeServerConfig {
        folders: vec![folder.join("kb")],
        trust_caller: true,
        data: Some(folder.join("data")),
        ..KnowledgeServerConfig::default()
    }
}

fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir_all(folder.path().join("data")).unwrap();
    for (path, text) in files {
        let file = folder.path().join("kb").join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, text).unwrap();
    }
    folder
}

async fn titles(client: &Client, query: &str, readers: &[&str]) -> Vec<String> {
    let found = done(client, "search_knowledge", json!({ "query": query, "readers": named(readers) })).await;
    let passages = found["passages"].as_array().unwrap().clone();
    passages.iter().map(|passage| passage["title"].as_str().unwrap().to_owned()).collect()
}

#[tokio::test]
async fn html_pages_are_documents_too() {
    let folder = folder(&[
        (
            "guide.html",
            "<html><head><title>Guide &amp; more</title></head><body><h2>Bicycles</h2><p>Park them below.</p>\
          <script>let bicycles = 1;</script><p hidden>secret</p></body></html>",
        ),
        ("plain.md", "# Plain\nTrains."),
        ("other.txt", "bicycles"),
    ]);
    let client = serve(KnowledgeServer::new(config(folder.path())).unwrap()).await;
    let found = done(&client, "search_knowledge", json!({ "query": "where do bicycles park?" })).await;
    let best = &found["passages"][0];
    assert_eq!((&best["title"], &best["heading_path"]), (&json!("Guide & more"), &json!(["Bicycles"])));
    assert_eq!(best["snippet"], "Park them below.");
    assert!(titles(&client, "secret", &[]).await.is_empty());
    let read = done(&client, "get_document", json!({ "path": "guide.html" })).await;
    assert_eq!(read["markdown"], "## Bicycles\n\nPark them below.");
}

#[tokio::test]
async fn a_file_says_who_may_read_a_folder_and_is_heard_when_it_changes() {
    let folder = folder(&[("open.md", "# Open\nWagons."), ("board/plan.md", "# Plan\nWagons for sale.")]);
    let access = folder.path().join("access.toml");
    std::fs::write(&access, "[folders]\nboard = ['ben@x.example']").unwrap();
    let config = KnowledgeServerConfig { access: Some(access.clone()), ..config(folder.path()) };
    let client = serve(KnowledgeServer::new(config.clone()).unwrap()).await;
    assert_eq!(titles(&client, "wagons", &[]).await, ["Open"]);
    assert_eq!(titles(&client, "wagons", &["ben@x.example"]).await.len(), 2);
    std::fs::write(&access, "[groups]\nboard = ['eve@x.example']\n[folders]\nboard = ['board']").unwrap();
    assert_eq!(titles(&client, "wagons", &["ben@x.example"]).await, ["Open"]);
    assert_eq!(titles(&client, "wagons", &["eve@x.example"]).await.len(), 2);
    // What can't be read opens nothing.
    std::fs::write(&access, "[groups").unwrap();
    assert!(titles(&client, "wagons", &["eve@x.example"]).await.is_empty());
    let wrong = KnowledgeServerConfig { data: None, ..config };
    let error = KnowledgeServer::new(wrong).unwrap_err().to_string();
    assert!(error.contains("DESKBELL_KNOWLEDGE_ACCESS") && error.contains("access.toml"), "{error}");
}

#[tokio::test]
async fn a_folder_that_is_alone_is_closed_by_an_entry_with_its_own_name() {
    let folder = folder(&[("open.md", "# Open\nWagons."), ("finance/plan.md", "# Plan\nWagons for sale.")]);
    let access = folder.path().join("access.toml");
    let config = KnowledgeServerConfig { access: Some(access.clone()), ..config(folder.path()) };
    std::fs::write(&access, "[folders]\n'kb/finance' = ['ben@x.example']").unwrap();
    let client = serve(KnowledgeServer::new(config).unwrap()).await;
    assert_eq!(titles(&client, "wagons", &[]).await, ["Open"]);
    assert_eq!(titles(&client, "wagons", &["ben@x.example"]).await.len(), 2);
    std::fs::write(&access, "[folders]\nkb = ['eve@x.example']").unwrap();
    assert!(titles(&client, "wagons", &[]).await.is_empty());
    assert_eq!(titles(&client, "wagons", &["eve@x.example"]).await.len(), 2);
}

#[tokio::test]
async fn an_entry_that_closes_nothing_is_told_at_the_start_and_whenever_the_file_is_read() {
    let log = Log::of_everything();
    let told = |entry: &str| log.text().matches(&format!("entry=\"{entry}\"")).count();
    let folder = folder(&[("open.md", "# Open\nWagons."), ("finance/plan.md", "# Plan\nWagons for sale.")]);
    let access = folder.path().join("access.toml");
    let config = KnowledgeServerConfig { access: Some(access.clone()), ..config(folder.path()) };
    std::fs::write(&access, "[folders]\nfinance = ['ben@x.example']\nfnance = ['ben@x.example']").unwrap();
    let client = serve(KnowledgeServer::new(config).unwrap()).await;
    assert_eq!((told("fnance"), told("finance")), (1, 0), "{}", log.text());
    assert!(log.text().contains("list_documents"));
    for _ in 0..3 {
        titles(&client, "wagons", &[]).await;
    }
    assert_eq!(told("fnance"), 1);
    std::fs::write(&access, "[folders]\nfinance = ['eve@x.example']\nfnance = ['eve@x.example'] # anew").unwrap();
    titles(&client, "wagons", &[]).await;
    assert_eq!((told("fnance"), told("finance")), (2, 0));
    // What it closed is called otherwise now.
    std::fs::rename(folder.path().join("kb/finance"), folder.path().join("kb/money")).unwrap();
    assert_eq!(titles(&client, "wagons", &[]).await.len(), 2);
    assert_eq!((told("fnance"), told("finance")), (2, 1));
}

#[tokio::test]
async fn earlier_versions_of_a_file_are_kept_and_go_with_it() {
    let folder = folder(&[("limits.md", "# Limits\nForty.")]);
    let client = serve(KnowledgeServer::new(config(folder.path())).unwrap()).await;
    let read = |version: Value| done(&client, "get_document", json!({ "path": "limits.md", "version": version }));
    let first = read(Value::Null).await;
    std::fs::write(folder.path().join("kb/limits.md"), "# Limits\nNinety now.").unwrap();
    let second = read(Value::Null).await;
    assert_ne!(first["version"], second["version"]);
    assert_eq!(read(first["version"].clone()).await["markdown"], "# Limits\nForty.");
    let unknown = json!({ "path": "limits.md", "version": "no such" });
    failed(&client, "get_document", unknown).await;
    std::fs::remove_file(folder.path().join("kb/limits.md")).unwrap();
    failed(&client, "get_document", json!({ "path": "limits.md", "version": first["version"] })).await;
}

#[tokio::test]
async fn what_people_made_of_answers_moves_the_ranking_within_bounds_and_outlives_a_restart() {
    let folder = folder(&[
        ("a.md", "# Cards\nA refund to a card takes five days."),
        ("b.md", "# Banks\nA refund to a bank takes ten days."),
        ("c.md", "# Trains\nWagons."),
    ]);
    let server = KnowledgeServer::new(config(folder.path())).unwrap();
    let client = serve(server.clone()).await;
    let query = "how long does a refund take in days";
    let found = done(&client, "search_knowledge", json!({ "query": query })).await;
    let (first, second) = (&found["passages"][0], &found["passages"][1]);
    let say = |key: String, passage: &Value, outcome: &str| json!({ "query": query, "passages": [passage["id"]], "outcome": outcome, "idempotency_key": key });
    let told = done(&client, "record_feedback", say("k".to_owned(), second, "solved")).await;
    assert_eq!(told["recorded"], true);
    assert_eq!(done(&client, "record_feedback", say("k".to_owned(), second, "solved")).await["recorded"], false);
    for number in 0..6 {
        done(&client, "record_feedback", say(format!("y{number}"), second, "solved")).await;
        done(&client, "record_feedback", say(format!("n{number}"), first, "not_helpful")).await;
    }
    let moved = [second["title"].as_str().unwrap(), first["title"].as_str().unwrap()];
    assert_eq!(titles(&client, query, &[]).await, moved);
    // However many say so: it stays found, and another question is answered as before.
    for number in 0..40 {
        done(&client, "record_feedback", say(format!("m{number}"), first, "not_helpful")).await;
    }
    assert_eq!(titles(&client, query, &[]).await, moved);
    assert_eq!(titles(&client, "wagons", &[]).await, ["Trains"]);
    client.cancel().await.unwrap();
    drop(server);
    let mut anew = KnowledgeServer::new(config(folder.path()));
    for _ in 0..200 {
        if anew.is_ok() {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        anew = KnowledgeServer::new(config(folder.path()));
    }
    let client = serve(anew.unwrap()).await;
    assert_eq!(titles(&client, query, &[]).await, moved);
    for (field, wanted) in [
        ("idempotency_key", json!({ "query": "a", "passages": [], "outcome": "solved", "idempotency_key": " " })),
        ("passages", json!({ "query": "a", "passages": vec!["x"; 21], "outcome": "solved", "idempotency_key": "z" })),
    ] {
        assert!(failed(&client, "record_feedback", wanted).await["field_errors"][field].is_string());
    }
}

#[tokio::test]
async fn what_is_asked_and_not_answered_is_a_gap() {
    let folder = folder(&[("a.md", "# Refunds\nA refund takes five days.")]);
    let client = serve(KnowledgeServer::new(config(folder.path())).unwrap()).await;
    for query in ["change the VAT number", "How do I change the VAT number?", "change the VAT number", "refund"] {
        titles(&client, query, &[]).await;
    }
    let said = json!({ "query": "refund", "passages": [], "outcome": "solved", "idempotency_key": "k" });
    done(&client, "record_feedback", said).await;
    let listed = done(&client, "list_gaps", json!({})).await;
    let expected = json!([{
        "question": "change the VAT number", "asked": 3, "answered_badly": 3,
        "examples": ["How do I change the VAT number?"],
    }]);
    assert_eq!(listed["gaps"], expected);
}

#[cfg(unix)]
#[tokio::test]
async fn what_the_server_keeps_is_its_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let folder = folder(&[("a.md", "# Refunds\nA refund takes five days.")]);
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    for (name, is_there) in [("data", true), ("new", false)] {
        let data = folder.path().join(name);
        let config = KnowledgeServerConfig { data: Some(data.clone()), ..config(folder.path()) };
        let client = serve(KnowledgeServer::new(config).unwrap()).await;
        titles(&client, "refund", &[]).await;
        for file in ["knowledge.db", "knowledge.db-wal", "knowledge.db-shm"] {
            assert_eq!(mode(data.join(file)), 0o600, "{name} {file}");
        }
        assert!(is_there || mode(data) == 0o700);
    }
}

#[tokio::test]
async fn of_a_long_question_the_beginning_is_kept_and_an_outcome_finds_it() {
    let folder = folder(&[("a.md", "# Refunds\nA refund takes five days.")]);
    let client = serve(KnowledgeServer::new(config(folder.path())).unwrap()).await;
    let query = format!("change the VAT number {}", "and then a story ".repeat(60));
    titles(&client, &query, &[]).await;
    let said = json!({ "query": query, "passages": [], "outcome": "not_helpful", "idempotency_key": "k" });
    done(&client, "record_feedback", said).await;
    let listed = done(&client, "list_gaps", json!({})).await;
    let gap = &listed["gaps"][0];
    let question = gap["question"].as_str().unwrap();
    assert!(question.starts_with("change the VAT number") && question.chars().count() <= 200, "{question}");
    assert_eq!((&gap["asked"], &gap["answered_badly"]), (&json!(1), &json!(1)));
}

#[tokio::test]
async fn near_duplicates_stand_once_and_long_passages_are_compressed() {
    let filler = "Something else entirely is told in this sentence. ".repeat(12);
    let long = format!("# Webhooks\n{filler}The quota of webhooks is forty. {filler}More webhooks need a contract.");
    let copy = "A refund to a card takes five business days, counted from the day after it was made.";
    let folder = folder(&[
        ("long.md", &long),
        ("one.md", &format!("# One\n{copy}")),
        ("two.md", &format!("# Two\n{copy} Truly.")),
    ]);
    let client = serve(KnowledgeServer::new(config(folder.path())).unwrap()).await;
    assert_eq!(titles(&client, "refund to a card", &[]).await.len(), 1);
    let found = done(&client, "search_knowledge", json!({ "query": "webhooks quota contract" })).await;
    let snippet = found["passages"][0]["snippet"].as_str().unwrap();
    assert!(snippet.contains("The quota of webhooks is forty.") && snippet.contains("contract"), "{snippet}");
    assert!(snippet.chars().count() <= 400 && found["passages"][0]["text"].as_str().unwrap().len() > 1_000);
}

#[tokio::test]
async fn a_trusted_caller_hands_over_documents_for_those_whom_it_names() {
    let folder = folder(&[("a.md", "# Refunds\nA refund takes five days.")]);
    let client = serve(KnowledgeServer::new(config(folder.path())).unwrap()).await;
    let put = |markdown: &str, readers: &[&str]| {
        let everybody = readers.is_empty();
        json!({
            "path": "tickets/DB-42", "title": "Wagons", "markdown": markdown, "everybody": everybody,
            "readers": named(readers),
        })
    };
    let first = done(&client, "put_document", put("A wagon is red.", &["ben@x.example"])).await;
    assert_eq!(first["changed"], true);
    assert_eq!(done(&client, "put_document", put("A wagon is red.", &["ben@x.example"])).await["changed"], false);
    assert_eq!(titles(&client, "wagon", &["ben@x.example"]).await, ["Wagons"]);
    assert!(titles(&client, "wagon", &["ben@x.example", "eve@x.example"]).await.is_empty());
    assert!(titles(&client, "wagon", &[]).await.is_empty());
    // Open now, and with other words: who may not read the words of before gets none of them.
    done(&client, "put_document", put("A wagon is green.", &[])).await;
    assert_eq!(titles(&client, "wagon", &[]).await, ["Wagons"]);
    let old = json!({ "path": "tickets/DB-42", "version": first["version"] });
    failed(&client, "get_document", old).await;
    assert_eq!(done(&client, "remove_document", json!({ "path": "tickets/DB-42" })).await["removed"], true);
    assert_eq!(done(&client, "remove_document", json!({ "path": "tickets/DB-42" })).await["removed"], false);
    assert!(titles(&client, "wagon", &["ben@x.example"]).await.is_empty());
    for (field, wanted) in [
        ("path", json!({ "path": "a.md", "title": "A", "markdown": "a", "everybody": true })),
        ("readers", json!({ "path": "a/b", "title": "A", "markdown": "a" })),
        ("title", json!({ "path": "a/b", "title": " ", "markdown": "a", "everybody": true })),
        ("markdown", json!({ "path": "a/b", "title": "A", "markdown": " ", "everybody": true })),
    ] {
        assert!(failed(&client, "put_document", wanted).await["field_errors"][field].is_string(), "{field}");
    }
    let other = tempfile::tempdir().unwrap();
    let untrusting =
        KnowledgeServerConfig { trust_caller: false, data: Some(other.path().to_owned()), ..config(folder.path()) };
    let client = serve(KnowledgeServer::new(untrusting).unwrap()).await;
    let failure = failed(&client, "put_document", put("a", &[])).await;
    assert!(failure["message"].as_str().unwrap().contains("DESKBELL_KNOWLEDGE_TRUST_CALLER"), "{failure}");
}
