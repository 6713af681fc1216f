//! A language model puts the passages in words: what nothing bears out is left out, whoever wrote it, and a model that fails
//! costs nobody the answer.

use deskbell_sandbox::llm::{KEY, LlmServer, MODEL, Reply, Shape};
use serde_json::{Value, json};

use super::Wish;
use super::answers::{ANSWER, Library, QUESTION, sure};

/// A desk with a scripted knowledge server and a scripted model, which does not assess.
struct Office {
    library: Library,
    model: LlmServer,
    _key: tempfile::NamedTempFile,
}

impl Office {
    async fn open(knowledge: &Value) -> Self {
        let model = LlmServer::start().await.unwrap();
        let key = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(key.path(), KEY).unwrap();
        let config = format!(
            "[llm]\nprovider = \"openai-compatible\"\nbase_url = \"{}\"\nmodel = \"{MODEL}\"\nkey = \"file:{}\"\nassess = false\n\
             attempts = 1\n",
            model.url(Shape::OpenAi),
            key.path().display()
        );
        let library = Library::open(knowledge, Wish { config, ..Wish::default() }).await;
        Self { library, model, _key: key }
    }

    /// What Grace hears, once it holds these words.
    async fn asks(&self, question: &str, words: &str) -> super::Message {
        self.library.desk.types("U0GRACE", "C0SUPPORT", "/kb", question).await;
        self.library.desk.until_told("U0GRACE", "C0SUPPORT", words).await
    }
}

fn said(sentences: &[(&str, u32, &str)]) -> Value {
    let sentence = |(text, passage, quote): &(&str, u32, &str)| json!({ "text": text, "citations": [{ "passage": passage, "quote": quote }] });
    json!({ "known": true, "sentences": sentences.iter().map(sentence).collect::<Vec<_>>() })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_sentence_is_held_against_what_it_cites() {
    let office = Office::open(&sure()).await;
    office.model.says([Reply::Answer(said(&[
        ("The refund reaches the card within five business days.", 1, "reaches the card within five business days"),
        ("Refunds above 500 euros are never paid.", 1, "refunds above 500 euros"),
    ]))]);
    let answer = office.asks(QUESTION, "The refund reaches the card").await;
    assert!(answer.says(&format!("Put in words by {MODEL}")) && answer.says("version 7f3a"), "{}", answer.all_text());
    assert!(!answer.says("500 euros"), "nothing bears it out: {}", answer.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_does_not_know_says_so_and_one_that_fails_leaves_the_passage() {
    let office = Office::open(&sure()).await;
    office.model.says([Reply::Answer(json!({ "known": false, "sentences": [] }))]);
    let answer = office.asks("How long does a refund by cheque take?", "I don't know").await;
    assert!(!answer.says("[1]"), "{}", answer.all_text());
    office.model.says([Reply::Refusal]);
    let answer = office.asks(QUESTION, ANSWER).await;
    assert!(!answer.says("Put in words"), "{}", answer.all_text());
}
