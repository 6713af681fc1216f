//! Jobs that kill their worker again and again: nobody waits in silence, and nobody is flooded.

use std::time::Duration;

use super::{Desk, Wish};

impl Desk {
    /// From now on every new job that matches has killed so many workers already.
    fn poison(&self, jobs: &str, crashes: u32) {
        let ledger = rusqlite::Connection::open(self.folder().join("deskbell.db")).unwrap();
        ledger.busy_timeout(Duration::from_secs(5)).unwrap();
        ledger
            .execute_batch(&format!(
                "CREATE TRIGGER poison AFTER INSERT ON jobs WHEN {jobs}
                 BEGIN UPDATE jobs SET crashes = {crashes} WHERE seq = NEW.seq; END"
            ))
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_nobody_can_assess_gets_its_card_all_the_same() {
    let desk = Desk::open(Wish::default()).await;
    desk.poison("NEW.lane = 'assessor'", 5);
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    assert!(card.says("could not be assessed") && card.says("Not assessed"), "{}", card.all_text());
    assert!(card.says("Platform") && card.says("error 402"), "the default squad decides: {}", card.all_text());
    desk.confirms("U0DEV", &card).await;
    desk.settled().await;
    let (same, said) = desk.runs(&["audit", "replay"]).await;
    assert!(same && said.contains("1 decisions are the same"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn many_jobs_given_up_are_one_alert_to_ops_without_customers_words() {
    let desk = Desk::open(Wish::default()).await;
    desk.poison("NEW.id LIKE '%/interpret/%'", 10);
    for number in 0..20 {
        desk.says("U0GRACE", "C0GENERAL", &format!("<@U0DESKBELL> the payment {number} failed")).await;
    }
    let alert = desk.until_posted("the alert", "C0OPS", |message| message.says("given up")).await;
    assert!(alert.says("reading an event") && alert.says("the worker died or hung"), "{}", alert.all_text());
    assert!(alert.says("dead-letters") && !alert.says("payment"), "{}", alert.all_text());
    desk.until("all to be given up", |_| (desk.dead_letters().len() >= 20).then_some(())).await;
    let state = super::State(desk.state().await);
    assert_eq!(state.messages("C0OPS").len(), 1, "{:?}", state.messages("C0OPS"));
}
