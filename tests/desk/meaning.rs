//! The sentence encoder at Deskbell's own knowledge server.

use std::time::Instant;

use super::{Desk, Message, PATIENCE, Wish};

const QUESTION: &str = "how much vacation do employees get?";
const PAGE: &str = "# Annual leave\nStaff receive thirty days off each year. Tell your supervisor a fortnight ahead.";

/// Everything that this person was told alone, once it is so many messages.
pub(super) async fn told(desk: &Desk, user: &str, least: usize) -> Vec<Message> {
    desk.until("an answer", |state| {
        let told: Vec<Message> =
            state.messages("C0SUPPORT").into_iter().filter(|message| message.only_for(user)).collect();
        (told.len() >= least).then_some(told)
    })
    .await
}

/// It is found beside the store, as for requests, and lets a page answer that shares no word with the question.
#[tokio::test(flavor = "multi_thread")]
async fn the_own_knowledge_server_finds_the_encoder_and_answers_by_meaning() {
    let beside = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("target/encoder");
    let model = std::env::var_os("DESKBELL_ENCODER").map_or(beside, std::path::PathBuf::from);
    if !model.join("model.safetensors").exists() {
        println!("SKIPPED: no sentence encoder at DESKBELL_ENCODER or target/encoder; tests/run gets it");
        return;
    }
    let mut desk = Desk::open(Wish::default()).await;
    std::fs::write(desk.folder().join("knowledge/leave.md"), PAGE).unwrap();
    desk.types("U0GRACE", "C0SUPPORT", "/kb", QUESTION).await;
    let by_words = told(&desk, "U0GRACE", 1).await;
    assert!(!by_words.iter().any(|message| message.says("thirty days off")), "{}", by_words[0].all_text());
    assert!(desk.stop().success());

    let place = desk.folder().join("models");
    let (ok, said) = desk.runs(&["models", "import", model.to_str().unwrap(), "--to", place.to_str().unwrap()]).await;
    assert!(ok, "{said}");
    desk.start().await;
    let started = Instant::now();
    for asked in 2.. {
        desk.types("U0GRACE", "C0SUPPORT", "/kb", QUESTION).await;
        let heard = told(&desk, "U0GRACE", asked).await;
        // The page has its vector a moment after it was read.
        if heard.iter().any(|message| message.says("thirty days off") && message.says("Annual leave")) {
            break;
        }
        assert!(started.elapsed() < PATIENCE, "never answered:\n{}", desk.log());
    }
}
