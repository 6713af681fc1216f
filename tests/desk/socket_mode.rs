//! Socket Mode: no public address, nothing lost while connections come and go.

use super::{Desk, State, Wish};

async fn sockets(desk: &Desk, what: &str) {
    let url = format!("{}/sandbox/socket/{what}", desk.sandbox.base_url());
    let answer = desk.http.post(url).header("content-type", "application/json").body("{}").send().await.unwrap();
    assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
}

fn socket_mode() -> Wish {
    let mut wish = Wish { socket_mode: true, ..Wish::default() };
    wish.sandbox.timing.socket_warning = std::time::Duration::from_millis(200);
    wish
}

#[tokio::test(flavor = "multi_thread")]
async fn from_a_message_to_an_issue() {
    let desk = Desk::open(socket_mode()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    let issue = desk.confirms("U0BEN", &card).await;
    let typed = desk.types("U0BEN", "C0SUPPORT", "/ticket", &card.number()).await;
    assert_eq!(typed["ok"], true, "{typed}");
    desk.until_told("U0BEN", "C0SUPPORT", issue["key"].as_str().unwrap()).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_lost_when_slack_replaces_connections() {
    let desk = Desk::open(socket_mode()).await;
    let people = ["U0GRACE", "U0DEV", "U0ELENA", "U0CARLA", "U0ANNA", "U0BEN"];
    for (turn, user) in people.into_iter().enumerate() {
        match turn {
            1 | 4 => sockets(&desk, "refresh").await,
            2 => sockets(&desk, "cut").await,
            _ => {}
        }
        desk.says(user, "C0SUPPORT", &format!("The payment of order {turn} failed")).await;
    }
    desk.settled().await;
    assert_eq!(desk.tickets().len(), people.len(), "{:?}", desk.outcomes());
    let state = State(desk.state().await);
    let cards: Vec<_> = state.messages("C0SUPPORT").into_iter().filter(super::Message::is_card).collect();
    assert_eq!(cards.len(), people.len());
    sockets(&desk, "cut").await;
    desk.confirms("U0BEN", &cards[0]).await;
}
