//! The knowledge server with the sentence encoder: other words for the same thing find the page.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use deskbell_judgement::text::index_terms;
use deskbell_servers::knowledge::{KnowledgeServer, KnowledgeServerConfig};
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};

use crate::knowledge::serve;
use crate::shortcut_site::done;

const PAGES: [(&str, &str); 6] = [
    ("leave.md", "# Annual leave\nStaff receive thirty days off each year. Tell your supervisor a fortnight ahead."),
    ("refunds.md", "# Refunds\nMoney goes back to the card within five business days."),
    ("okta.md", "# Okta\nConnect Okta with SAML. Sign in as an owner first."),
    ("printer.md", "# Printers\nThe paper jam of the third floor is cleared by opening the rear lid."),
    ("exports.md", "# Exports\nTransactions are written to a CSV file each night."),
    ("keys.md", "# API keys\nKeys of the sandbox are rotated in the settings."),
];
const QUESTION: &str = "how much vacation do employees get";
const UNRELATED: &str = "where can I lock my bicycle";
const PATIENCE: Duration = Duration::from_secs(30);

/// The encoder, where somebody has put it: `DESKBELL_ENCODER`, or target/encoder.
fn encoder() -> Option<PathBuf> {
    let beside = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/encoder");
    let folder = std::env::var_os("DESKBELL_ENCODER").map_or(beside, PathBuf::from);
    if folder.join("model.safetensors").exists() {
        return Some(folder);
    }
    println!("SKIPPED: no sentence encoder at DESKBELL_ENCODER or target/encoder; tests/run gets it");
    None
}

async fn open(folder: &Path, encoder: Option<PathBuf>) -> RunningService<RoleClient, ()> {
    let config =
        KnowledgeServerConfig { folders: vec![folder.to_owned()], encoder, ..KnowledgeServerConfig::default() };
    let server = KnowledgeServer::new(config).unwrap();
    let following = server.clone();
    tokio::spawn(async move { following.follow().await });
    serve(server).await
}

async fn ask(client: &RunningService<RoleClient, ()>, question: &str) -> Vec<Value> {
    done(client, "search_knowledge", json!({ "query": question })).await["passages"].as_array().unwrap().clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_that_shares_no_word_with_its_page_is_answered_by_it() {
    let Some(encoder) = encoder() else { return };
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in PAGES {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    let terms = |text: &str| index_terms(text).into_iter().collect::<BTreeSet<_>>();
    assert_eq!(terms(QUESTION).intersection(&terms(PAGES[0].1)).cloned().collect::<Vec<_>>(), [""; 0]);

    let by_words = open(folder.path(), None).await;
    assert!(ask(&by_words, QUESTION).await.iter().all(|passage| passage["document"] != "leave.md"));

    let client = open(folder.path(), Some(encoder)).await;
    let started = Instant::now();
    // Pages are found by their words at once, and by what they mean as soon as they have their vectors.
    let found = loop {
        let found = ask(&client, QUESTION).await;
        if found.first().is_some_and(|passage| passage["document"] == "leave.md") {
            break found;
        }
        assert!(started.elapsed() < PATIENCE, "never found: {found:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    };
    let sure = |passage: &Value| passage["confidence"].as_f64().unwrap();
    assert!(sure(&found[0]) >= 0.5 && found[1..].iter().all(|passage| sure(passage) < 0.2), "{found:?}");
    assert!(found[0]["snippet"].as_str().unwrap().contains("thirty days off"), "{found:?}");
    let none = ask(&client, UNRELATED).await;
    assert!(none.iter().all(|passage| sure(passage) < 0.2), "nothing answers that: {none:?}");
}
