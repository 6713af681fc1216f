//! The reference server that has everything, listed, bound and called. `tests/run mcp` installs it and names its program in
//! `DESKBELL_EVERYTHING`.

use std::collections::BTreeMap;

use deskbell::mcp_host::{DispatchError, McpHost, ServerState, Transport, propose};

use serde_json::{Value, json};

use super::approved::{self, bound, send};
use crate::desk::{Desk, Wish};

fn everything() -> deskbell::mcp_host::ServerSpec {
    let program = std::env::var("DESKBELL_EVERYTHING").expect("DESKBELL_EVERYTHING names no program");
    let args = vec![program, "stdio".to_owned()];
    approved::spec("everything", Transport::Stdio { command: "node".into(), args, env: BTreeMap::new(), cwd: None })
}

#[tokio::test]
#[ignore = "wants Node and the reference server: tests/run mcp"]
async fn the_reference_server_is_listed_bound_and_called() {
    let host = McpHost::start(vec![everything()]);
    host.settled().await;
    let status = host.status().remove(0);
    assert_eq!(status.state, ServerState::Ready);
    assert!(status.quarantined.is_empty(), "{:?}", status.quarantined);
    assert!(status.tools.len() > 5, "{:?}", status.tools);
    assert!(propose("everything", &status.tools).iter().all(|proposal| proposal.tool.is_none()), "nothing of it fits");

    let ticket = approved::ticket();
    let echo = "arguments = { message = \"=action.body\" }\nresult = { key = 'text:Echo: (.*)' }";
    let made = send(&host, &bound("everything", "echo", echo), &ticket).await.unwrap().unwrap();
    assert_eq!(made.key, "It is fixed.");
    let sum = "arguments = { a = 40, b = 2 }\nresult = { key = 'text:\\d+\\D*$' }";
    let made = send(&host, &bound("everything", "get-sum", sum), &ticket).await.unwrap().unwrap();
    assert!(made.key.starts_with("42"), "{made:?}");
    let weather =
        "arguments = { location = \"New York\" }\nresult = { key = \"$.temperature\", url = \"$['conditions']\" }";
    let made = send(&host, &bound("everything", "get-structured-content", weather), &ticket).await.unwrap().unwrap();
    assert!(made.key.parse::<f64>().is_ok() && made.url.is_some(), "{made:?}");

    let no_city = "arguments = { location = \"Atlantis\" }";
    for (tool, more, words) in [
        ("echo", "arguments = { message = 7 }", "`echo` wants string for the argument `message`"),
        ("echo", "", "`echo` needs the argument `message`"),
        ("get-structured-content", no_city, "wants one of [\"New York\""),
    ] {
        let refused = send(&host, &bound("everything", tool, more), &ticket).await.unwrap_err();
        assert!(
            matches!(&refused, DispatchError::NotSent { reason, .. } if reason.to_string().contains(words)),
            "{refused:?}"
        );
    }
    let nobody = "arguments = { location = \"='Atlan' ~ 'tis'\" }";
    let refused = send(&host, &bound("everything", "get-structured-content", nobody), &ticket).await.unwrap_err();
    assert!(
        matches!(&refused, DispatchError::Refused { reason } if reason.to_string().contains("wants one of")),
        "{refused:?}"
    );
    host.shutdown().await;
}

/// What is typed into the form of the reference server, by the places of its fields.
fn filled_in() -> Value {
    let field = |place: u32, kind: &str, key: &str, value: Value| {
        let name = format!("field_{place}");
        (name.clone(), json!({ name: { "type": kind, key: value } }))
    };
    let chosen = |places: &[&str]| -> Value {
        let option = |place: &&str| json!({ "value": place, "text": { "type": "plain_text", "text": "it" } });
        places.iter().map(option).collect()
    };
    let fields = [
        field(0, "plain_text_input", "value", json!("Ben Ito")),
        field(1, "static_select", "selected_option", json!({ "value": "true" })),
        field(3, "email_text_input", "value", json!("ben@northwind.example")),
        field(5, "datepicker", "selected_date", json!("1990-02-03")),
        field(6, "number_input", "value", json!("7")),
        field(9, "multi_static_select", "selected_options", chosen(&["0", "2"])),
        field(10, "static_select", "selected_option", json!({ "value": "1" })),
    ];
    Value::Object(fields.into_iter().collect())
}

#[tokio::test(flavor = "multi_thread")]
#[ignore = "wants Node and the reference server: tests/run mcp"]
async fn the_reference_servers_question_is_answered_in_slack() {
    let program = std::env::var("DESKBELL_EVERYTHING").expect("DESKBELL_EVERYTHING names no program");
    let default = Wish::default();
    let (_, others) = default.actions.split_once("[actions.comment]").unwrap();
    let actions = format!(
        "[actions.create_issue]\nserver = \"everything\"\ntool = \"trigger-elicitation-request\"\n\
         result = {{ key = 'text:Favorite Integer: (\\d+)' }}\n\n[actions.comment]{others}"
    );
    let config = format!("[mcp.everything]\ncommand = \"node\"\nargs = [\"{program}\", \"stdio\"]\nrequired = true\n");
    let desk = Desk::open(Wish { actions, config, ..default }).await;
    let card = desk.asks("U0GRACE", "A payment failed with error 402, the customer is waiting").await;
    assert_eq!(desk.presses("U0BEN", &card, "confirm").await["ok"], true);
    let question = desk.until_posted("the question", "D0BEN", |message| message.has_button("question_answer")).await;
    assert!(question.says("Please provide inputs") && question.says("*everything*"), "{}", question.all_text());
    assert_eq!(desk.presses("U0BEN", &question, "question_answer").await["ok"], true);
    let view =
        desk.until("the form", |state| state.view("U0BEN").filter(|view| view["callback_id"] == "question")).await;
    for words in ["It was a dark and stormy night.", "Wonder Woman", "email_text_input", "datepicker", "\"42\""] {
        assert!(view["blocks"].to_string().contains(words), "{words}: {view}");
    }
    let answer = json!({ "user": "U0BEN", "view_id": view["id"], "state": { "values": filled_in() } });
    desk.act("view_submit", answer).await;
    desk.until_message("the card with what the tool answered", &card, |message| message.says("Everything *7*")).await;
    desk.until_message("who answered", &question, |message| message.says("Answered by <@U0BEN>")).await;
}
