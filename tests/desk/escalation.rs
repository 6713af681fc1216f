//! Escalation: levels one after the other until somebody acknowledges.

use super::{Desk, Message, State, Wish};

fn alerts(state: &State, channel: &str, level: u32) -> Vec<Message> {
    let words = format!("Level {level}");
    state.messages(channel).into_iter().filter(|message| message.says(&words)).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn unanswered_the_next_level_is_alerted() {
    let desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    assert_eq!(desk.presses("U0GRACE", &card, "escalate").await["ok"], true);
    let first = desk.until_posted("level 1", "C0PAYMENTS", |message| message.says("Level 1")).await;
    assert!(first.says("<@U0BEN>") && first.says("Escalated by <@U0GRACE>"), "{}", first.all_text());
    let raised = desk.until_message("the escalated card", &card, |card| card.says("Escalated to level 1")).await;
    assert!(!raised.has_button("escalate") && raised.has_button("confirm"), "{}", raised.all_text());
    let second = desk.until_posted("level 2", "C0TRIAGE", |message| message.says("Level 2")).await;
    assert!(second.says("<@U0ANNA>"), "{}", second.all_text());
    let passed = |first: &Message| first.says("Nobody answered here") && first.has_button("acknowledge");
    let first = desk.until_message("the passed level 1, which may still acknowledge", &first, passed).await;

    assert_eq!(desk.presses("U0CARLA", &second, "acknowledge").await["ok"], true);
    let second = desk.until_message("the acknowledgement", &second, |second| second.says("<@U0CARLA> is on it")).await;
    assert!(!second.has_button("acknowledge"), "{}", second.all_text());
    desk.until_message("level 1 without the button", &first, |first| !first.has_button("acknowledge")).await;
    desk.until_message("the card", &card, |card| card.says("<@U0CARLA> is on it")).await;
    // The confirmation is still open, and answering it works as ever.
    desk.confirms("U0BEN", &desk.again(&card).await).await;
    desk.settled().await;
    let state = State(desk.state().await);
    assert_eq!((alerts(&state, "C0PAYMENTS", 1).len(), alerts(&state, "C0TRIAGE", 2).len()), (1, 1));
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_no_further_level_is_alerted() {
    let wish = Wish::default().policy_with("acknowledge_within = \"1s\"", "acknowledge_within = \"2s\"");
    let desk = Desk::open(wish).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.confirms("U0BEN", &card).await;
    let alert = desk.until_posted("the alert", "C0PAYMENTS", |message| message.has_button("claim")).await;
    assert_eq!(desk.presses("U0BEN", &alert, "escalate").await["ok"], true);
    let first = desk.until_posted("level 1", "C0PAYMENTS", |message| message.has_button("acknowledge")).await;
    assert_eq!(desk.presses("U0BEN", &first, "acknowledge").await["ok"], true);
    desk.until_message("the acknowledgement", &first, |first| first.says("<@U0BEN> is on it")).await;
    assert_eq!(desk.presses("U0CARLA", &first, "acknowledge").await["error"], "action_not_found");
    // The timer of level 2 comes and does nothing.
    desk.until_fired("/timer/escalate/").await;
    desk.settled().await;
    assert_eq!(alerts(&State(desk.state().await), "C0TRIAGE", 2).len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_escalates_second_is_told_that_it_runs() {
    let wish = Wish::default().policy_with("acknowledge_within = \"1s\"", "acknowledge_within = \"1h\"");
    let desk = Desk::open(wish).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    let (first, second) =
        tokio::join!(desk.presses("U0GRACE", &card, "escalate"), desk.presses("U0DEV", &card, "escalate"));
    assert_eq!((&first["ok"], &second["ok"]), (&true.into(), &true.into()), "{first} {second}");
    desk.settled().await;
    let state = State(desk.state().await);
    assert_eq!(alerts(&state, "C0PAYMENTS", 1).len(), 1);
    let told: Vec<Message> =
        state.messages("C0SUPPORT").into_iter().filter(|message| !message.body["ephemeral_for"].is_null()).collect();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|message| message.says("is escalated; level 1 is alerted")), "{told:?}");
    assert!(told.iter().any(|message| message.says("is escalated already, by <@")), "{told:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_last_level_that_never_answers_is_called_again_and_ops_hears() {
    let wish = Wish::default()
        .policy_with("acknowledge_within = \"1h\"", "acknowledge_within = \"1s\"")
        .policy_with("[escalation.default]", "[escalation.default]\nrepeat = 1");
    let desk = Desk::open(wish).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    assert_eq!(desk.presses("U0GRACE", &card, "escalate").await["ok"], true);
    let first = desk.until_posted("level 1", "C0PAYMENTS", |message| message.says("Level 1")).await;
    assert!(
        first.says("level 2 is alerted <!date^") || first.says("level 2 was alerted <!date^"),
        "{}",
        first.all_text()
    );
    desk.until_posted("the second call", "C0TRIAGE", |message| message.says("Level 2, call 2")).await;
    let told = desk.until_posted("the alert", "C0OPS", |message| message.says("Nobody answers the escalation")).await;
    assert!(told.says("level 2 was called 2 times"), "{}", told.all_text());
    desk.until_message("the card", &card, |card| card.says("nobody answers, ops were told <!date^")).await;
    desk.settled().await;
    let state = State(desk.state().await);
    assert_eq!((alerts(&state, "C0TRIAGE", 2).len(), state.messages("C0OPS").len()), (2, 1));
}
