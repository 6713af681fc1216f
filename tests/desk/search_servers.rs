//! Other people's servers as sources of answers, by configuration alone: several of them, each cited, and none of what nobody vouches
//! for that its readers may read it.

use std::path::{Path, PathBuf};
use std::time::Instant;

use serde_json::{Value, json};

use super::answers::{Library, script};
use super::meaning::told;
use super::trust::{scripted, stranger};
use super::{Desk, Message, PATIENCE, Wish};

const QUESTION: &str = "How long is the travel refund of a colleague?";

fn searching(hits: &Value) -> Value {
    let tool =
        json!({ "name": "search", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } });
    json!({ "tools": [tool], "answers": { "search": { "hits": hits } } })
}

fn hit(title: &str, score: f64) -> Value {
    json!({ "title": title, "excerpt": format!("{title} says: a travel refund takes nine days."), "link": format!("https://{title}.example/1"), "score": score })
}

fn binding(server: &str, more: &str) -> String {
    format!(
        "[[lookups.search_knowledge]]\nserver = \"{server}\"\ntool = \"search\"\ndeadline = \"20s\"\n{more}\n\
         result = {{ list = \"/hits\", title = \"/title\", snippet = \"/excerpt\", url = \"/link\", confidence = \"/score\", visibility = \"/audience\" }}\n"
    )
}

/// A desk with three servers: everybody may read one's pages, one is told who reads, and of the last nobody knows.
struct Office {
    desk: Desk,
    folder: tempfile::TempDir,
}

impl Office {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(format!("{name}.json"));
        let mut said = hit("said-public", 0.8);
        said["audience"] = json!("public");
        scripted::write(&path("handbook"), &searching(&json!([hit("handbook", 0.9)])));
        scripted::write(&path("intranet"), &searching(&json!([hit("intranet", 0.85)])));
        scripted::write(&path("unknown"), &searching(&json!([hit("unknown", 0.95), said])));
        let mut servers = ["handbook", "intranet", "unknown"].map(|name| stranger(name, &path(name))).join("\n");
        // Tables of tables come after the others.
        servers.push_str(&binding("handbook", "everybody = true\narguments = { query = \"=question\" }"));
        servers.push_str(&binding("intranet", "arguments = { query = \"=question\", people = \"=readers\" }"));
        servers.push_str(&binding("unknown", "arguments = { query = \"=question\" }"));
        let desk = Desk::open(Wish { config: servers, ..Wish::default() }).await;
        for name in ["handbook", "intranet", "unknown"] {
            desk.until_log(&format!("MCP server is ready server=\"{name}\"")).await;
        }
        Self { desk, folder }
    }

    fn script(&self, name: &str) -> PathBuf {
        self.folder.path().join(format!("{name}.json"))
    }
}

fn asked(script: &Path) -> Value {
    scripted::calls(script).pop().unwrap()["arguments"].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn several_servers_are_cited_and_what_nobody_vouches_for_is_shown_to_nobody() {
    let office = Office::open().await;
    let desk = &office.desk;
    desk.types("U0GRACE", "C0SUPPORT", "/kb", QUESTION).await;
    let answer = desk.until_told("U0GRACE", "C0SUPPORT", "handbook says").await;
    for words in
        ["https://handbook.example/1", "intranet says", "https://intranet.example/1", "said-public says", "[2]"]
    {
        assert!(answer.says(words), "{words}: {}", answer.all_text());
    }
    assert!(!answer.says("unknown says") && !answer.says("unknown.example"), "{}", answer.all_text());
    let people = &asked(&office.script("intranet"))["people"];
    assert_eq!(people, &json!([{ "email": "grace@northwind.example" }]));
    assert_eq!(asked(&office.script("unknown")), json!({ "query": QUESTION }), "it was asked all the same");

    // Where everybody reads, nobody is named to the server that asks who reads: what it finds is for whom?
    let ts = desk.says("U0GRACE", "C0SUPPORT", &format!("<@U0DESKBELL> kb {QUESTION}")).await;
    let is_it = |message: &Message| message.thread() == Some(&*ts) && message.says("handbook says");
    let answer = desk.until_posted("the answer", "C0SUPPORT", is_it).await;
    assert!(answer.says("said-public says"), "{}", answer.all_text());
    assert!(!answer.says("intranet") && !answer.says("unknown says"), "{}", answer.all_text());
}

/// The own knowledge server, which finds nothing, beside a handbook whose answers have ids or not: the calls it hears of.
async fn heard_of_the_handbooks_answer(more: &str) {
    let folder = tempfile::tempdir().unwrap();
    let handbook = folder.path().join("handbook.json");
    scripted::write(&handbook, &searching(&json!([hit("handbook", 0.9)])));
    let bound = binding("handbook", "everybody = true\narguments = { query = \"=question\" }");
    let config = format!("{}\n{}", stranger("handbook", &handbook), bound.replace("url = ", &format!("{more}url = ")));
    let library = Library::open(&script(&json!({ "passages": [] })), Wish { config, ..Wish::default() }).await;
    let desk = &library.desk;
    desk.until_log("MCP server is ready server=\"handbook\"").await;
    desk.types("U0GRACE", "C0SUPPORT", "/kb", QUESTION).await;
    let answer = desk.until_told("U0GRACE", "C0SUPPORT", "handbook says").await;
    desk.presses("U0GRACE", &answer, "answer_not_helpful").await;
    desk.until_message("the outcome", &answer, |message| !message.has_button("answer_not_helpful")).await;
    desk.settled().await;
    assert_eq!(library.calls("record_feedback"), Vec::<Value>::new(), "the handbook's answer was none of its own");

    // That nobody knows anything is a gap of its own.
    scripted::write(&handbook, &searching(&json!([])));
    let unknown = "Where do visitors park their bicycles?";
    desk.types("U0GRACE", "C0SUPPORT", "/kb", unknown).await;
    let answer = desk.until_told("U0GRACE", "C0SUPPORT", unknown).await;
    desk.presses("U0GRACE", &answer, "answer_ask_person").await;
    let told = library.until_called("record_feedback").await;
    assert_eq!((&told["query"], &told["passages"]), (&json!(unknown), &json!([])));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_hears_nothing_of_what_anothers_passages_were_worth() {
    heard_of_the_handbooks_answer("passage = \"/link\", ").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_hears_nothing_of_what_anothers_nameless_passages_were_worth() {
    heard_of_the_handbooks_answer("").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_runs_it_hears_of_a_server_that_nobody_vouches_for() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("wiki.json");
    scripted::write(&script, &searching(&json!([hit("wiki", 0.9)])));
    let binding = binding("wiki", "arguments = { query = \"=question\" }").replace(", visibility = \"/audience\"", "");
    let desk =
        Desk::open(Wish { config: format!("{}\n{binding}", stranger("wiki", &script)), ..Wish::default() }).await;
    desk.until_log("nothing that wiki finds is shown").await;
    let (_, examined) = desk.runs(&["doctor"]).await;
    assert!(examined.contains("everybody = true"), "{examined}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_reads_what_of_the_own_folder_is_said_in_the_configuration() {
    let mut desk = Desk::open(Wish::default()).await;
    assert!(desk.stop().success());
    let board = desk.folder().join("knowledge/board");
    std::fs::create_dir_all(&board).unwrap();
    std::fs::write(board.join("bonus.md"), "# Bonus\nThe yearly bonus of directors is nine salaries.\n").unwrap();
    std::fs::write(desk.folder().join("access.toml"), "[folders]\nboard = [\"ben@northwind.example\"]\n").unwrap();
    let config = std::fs::read_to_string(desk.config_path()).unwrap();
    std::fs::write(desk.config_path(), config.replace("[knowledge]\n", "[knowledge]\naccess = \"access.toml\"\n"))
        .unwrap();
    desk.start().await;
    let asks = "How large is the yearly bonus of directors?";
    desk.types("U0BEN", "C0SUPPORT", "/kb", asks).await;
    desk.until_told("U0BEN", "C0SUPPORT", "nine salaries").await;
    desk.types("U0GRACE", "C0SUPPORT", "/kb", asks).await;
    let told = desk.until_told("U0GRACE", "C0SUPPORT", asks).await;
    assert!(!told.says("salaries") && !told.says("Bonus"), "{}", told.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_confluence_site_stands_beside_the_own_folder() {
    let mut desk = Desk::open(Wish::default()).await;
    assert!(desk.stop().success());
    let page = "<h1>Kept backups</h1><p>Backups are kept for 35 days in two countries.</p>";
    desk.sandbox.confluence().unwrap().add_page("HELP", None, "Backups and data retention", page);
    let site = "env = { DESKBELL_CONFLUENCE_URL = \"env:TEST_CONFLUENCE_URL\", DESKBELL_CONFLUENCE_SPACES = \"text:HELP\", \
                DESKBELL_CONFLUENCE_PUBLIC_SPACES = \"text:HELP\", DESKBELL_CONFLUENCE_EMAIL = \"text:deskbell@northwind.example\", \
                DESKBELL_CONFLUENCE_API_TOKEN = \"env:TEST_CONFLUENCE_TOKEN\" }";
    let config = std::fs::read_to_string(desk.config_path()).unwrap();
    std::fs::write(desk.config_path(), config.replace("[knowledge]\n", &format!("[knowledge]\n{site}\n"))).unwrap();
    desk.start().await;
    let started = Instant::now();
    // The site is read in the background.
    for asked in 1.. {
        desk.types("U0GRACE", "C0SUPPORT", "/kb", "How long are backups kept?").await;
        let heard = told(&desk, "U0GRACE", asked).await;
        if heard.iter().any(|message| message.says("35 days") && message.says("Backups and data retention")) {
            break;
        }
        let texts: Vec<String> = heard.iter().map(Message::all_text).collect();
        assert!(started.elapsed() < PATIENCE, "never answered: {texts:?}\n{}", desk.log());
    }
    desk.types("U0GRACE", "C0SUPPORT", "/kb", "How long does a refund take?").await;
    desk.until_told("U0GRACE", "C0SUPPORT", "five business days").await;

    // Whoever runs it hears when the site does not let it in any more.
    assert!(desk.stop().success());
    let config = std::fs::read_to_string(desk.config_path()).unwrap();
    std::fs::write(desk.config_path(), config.replace("env:TEST_CONFLUENCE_TOKEN", "env:TEST_JIRA_TOKEN")).unwrap();
    desk.start().await;
    desk.until_log("Confluence refused the credentials").await;
}
