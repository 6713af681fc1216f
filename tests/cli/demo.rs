//! The demo as a person starts it, and starts it again in the same folder.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::Once;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::deskbell;

/// How long anything may take.
const PATIENCE: Duration = Duration::from_secs(60);

/// How long the whole script may take.
const PLAY: Duration = Duration::from_secs(180);

/// A running demo. Dropping it ends it.
struct Demo {
    child: Child,
    url: String,
    http: reqwest::Client,
}

impl Demo {
    /// Starts it without its script.
    async fn start(folder: &Path) -> Self {
        Self::start_with(folder, &["--no-script"]).await
    }

    /// Starts it and reads its address from the banner.
    async fn start_with(folder: &Path, arguments: &[&str]) -> Self {
        static PROVIDER: Once = Once::new();
        PROVIDER.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
        let mut command = deskbell(folder, &[&["demo", "--port", "0", "--data", "demo"], arguments].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let (child, url, ready) = tokio::task::spawn_blocking(move || {
            let mut child = command.spawn().unwrap();
            let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
            let url = lines.find(|line| line.trim().starts_with("http://")).unwrap();
            let health = lines.find(|line| line.contains("/readyz")).unwrap();
            let ready = health.split([' ', ',']).find(|word| word.ends_with("/readyz")).unwrap().to_owned();
            // Read on: nobody prints into a closed pipe.
            std::thread::spawn(move || lines.for_each(drop));
            (child, url.trim().to_owned(), ready)
        })
        .await
        .unwrap();
        let demo = Self { child, url, http: reqwest::Client::builder().no_proxy().build().unwrap() };
        let started = Instant::now();
        while !demo.http.get(&ready).send().await.is_ok_and(|answer| answer.status().is_success()) {
            assert!(started.elapsed() < PATIENCE, "{ready} never says so");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        demo
    }

    async fn posts(&self, path: &str, body: &Value) {
        let url = format!("{}{path}", self.url);
        let answer = self.http.post(url).json(body).send().await.unwrap();
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap());
    }

    async fn messages(&self, channel: &str) -> Vec<Value> {
        let answer = self.http.get(format!("{}/sandbox/state", self.url)).send().await.unwrap();
        let state: Value = answer.json().await.unwrap();
        state["messages"][channel].as_array().cloned().unwrap_or_default()
    }

    /// Waits for a message of Deskbell's in `#support` that `is_it`, in the thread of the message that begins so, or to whom it is shown
    /// alone.
    async fn until_in_support(&self, thread_of: &str, is_it: impl Fn(&str) -> bool) {
        let started = Instant::now();
        loop {
            let messages = self.messages("C0SUPPORT").await;
            let root =
                messages.iter().find(|message| message["text"].as_str().unwrap_or_default().starts_with(thread_of));
            let is_there = |message: &&Value| {
                message["ephemeral_for"] == thread_of || root.is_some_and(|root| message["thread_ts"] == root["ts"])
            };
            if messages.iter().filter(is_there).any(|message| is_it(&message["blocks"].to_string())) {
                return;
            }
            assert!(started.elapsed() < PLAY, "never there, under `{thread_of}`: {messages:#?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }

    /// Waits for a message in a channel that holds these words.
    async fn until_said(&self, channel: &str, words: &str) {
        let started = Instant::now();
        loop {
            let messages = self.messages(channel).await;
            let ours =
                |message: &Value| message["metadata"].is_object() && message["blocks"].to_string().contains(words);
            if messages.iter().any(ours) {
                return;
            }
            assert!(started.elapsed() < PATIENCE, "`{words}` never comes in {channel}: {messages:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }
}

impl Demo {
    /// What somebody alone hears who asks the knowledge.
    async fn hears(&self, user: &str, question: &str) -> String {
        let body = json!({ "user": user, "channel": "C0SUPPORT", "command": "/kb", "text": question });
        let before = self.heard(user, question).await.len();
        self.posts("/sandbox/act/command", &body).await;
        let started = Instant::now();
        loop {
            let heard = self.heard(user, question).await;
            if let Some(answer) = heard.get(before) {
                return answer.clone();
            }
            assert!(started.elapsed() < PATIENCE, "`{question}` is never answered: {heard:#?}");
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    /// What somebody alone heard to a question so far.
    async fn heard(&self, user: &str, question: &str) -> Vec<String> {
        let messages = self.messages("C0SUPPORT").await;
        let to_them = messages.iter().filter(|message| message["ephemeral_for"] == user);
        to_them.map(|message| message["blocks"].to_string()).filter(|blocks| blocks.contains(question)).collect()
    }

    /// Asks until Confluence has been read.
    async fn hears_at_last(&self, user: &str, question: &str, words: &str) -> String {
        let started = Instant::now();
        loop {
            let answer = self.hears(user, question).await;
            if answer.contains(words) {
                return answer;
            }
            assert!(started.elapsed() < PATIENCE, "`{words}` never comes: {answer}");
        }
    }
}

impl Drop for Demo {
    fn drop(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_run_in_the_same_folder_takes_requests_in_as_the_first() {
    let folder = tempfile::tempdir().unwrap();
    // Two people: what one says twice within seconds is one request.
    for (user, words) in [("U0GRACE", "first run"), ("U0FRANK", "second run")] {
        let demo = Demo::start(folder.path()).await;
        let text = format!("The payment fails in the {words}");
        let body = json!({ "user": user, "channel": "C0SUPPORT", "text": text });
        demo.posts("/sandbox/act/message", &body).await;
        demo.until_said("C0SUPPORT", &text).await;
        let text = format!("I can't log in, says Ivy in the {words}");
        demo.posts(
            "/zendesk/sandbox-ask",
            &json!({ "name": "Ivy Cole", "email": "ivy@customer.example", "subject": "Login", "text": text }),
        )
        .await;
        demo.until_said("C0TRIAGE", &text).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn confluence_answers_beside_the_folder_and_each_page_for_its_readers() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path()).await;
    let answer = demo.hears_at_last("U0FRANK", "How long are backups kept?", "35 days").await;
    for words in ["Backups and data retention", "/confluence/", "version 1", "[1]"] {
        assert!(answer.contains(words), "{words}: {answer}");
    }
    let question = "Who approves a goodwill credit?";
    let answer = demo.hears_at_last("U0ANNA", question, "head of finance").await;
    assert!(answer.contains("Goodwill credits"), "{answer}");
    let answer = demo.hears("U0FRANK", question).await;
    assert!(!answer.contains("Goodwill credits") && !answer.contains("500 EUR"), "he may not read it: {answer}");
    let answer = demo.hears("U0FRANK", "How long does a refund to a card take?").await;
    assert!(answer.contains("Refunds"), "the folder answers as before: {answer}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_script_shows_an_answer_that_cites_a_correction_that_is_learned_and_how_often_it_is_right() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start_with(folder.path(), &["--speed", "4"]).await;
    let cites =
        |blocks: &str| blocks.contains("Webhooks › Retries") && blocks.contains("version") && blocks.contains("[1]");
    demo.until_in_support("Checkout fails for Contoso", cites).await;
    let corrected = |blocks: &str| blocks.contains("*Squad*\\nPlatform") && blocks.contains("*Category*\\nAPI");
    demo.until_in_support("Tailspin asks why the invoices", corrected).await;
    demo.until_in_support("U0CARLA", |blocks| blocks.contains("How well requests are understood")).await;
}

#[test]
fn a_folder_of_a_deskbell_in_earnest_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let real = folder.path().join("demo");
    std::fs::create_dir(&real).unwrap();
    std::fs::write(real.join("deskbell.toml"), "[mcp.jira]\ncommand = \"the-real-one\"\n").unwrap();
    let said = super::run(folder.path(), &["demo", "--no-script", "--port", "0", "--data", "demo"]);
    let told = said.stderr;
    assert!(said.code != 0 && told.contains("deskbell.toml, which no demo wrote"), "{told}");
    let names: Vec<_> = std::fs::read_dir(&real).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(names, ["deskbell.toml"], "nothing is written beside it");
}
