//! Payloads as Slack sends them: each is acknowledged, recorded, and understood as its snapshot says.

use deskbell::intake::parse::parse;
use deskbell::store::EventKind;

use super::doors::{Doors, fixture, form, form_payload};

fn names() -> Vec<String> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/slack");
    let files = std::fs::read_dir(folder).unwrap().map(|file| file.unwrap().file_name().into_string().unwrap());
    let mut names: Vec<String> = files.filter_map(|name| Some(name.strip_suffix(".json")?.to_owned())).collect();
    names.sort();
    assert!(names.len() > 30, "fixtures are missing: {names:?}");
    names
}

fn on_the_wire(name: &str) -> (EventKind, &'static str, Vec<u8>) {
    let text = fixture(name);
    match name.split('-').next().unwrap() {
        "event" => (EventKind::SlackEvent, "/slack/events", text.into_bytes()),
        "interaction" => (EventKind::SlackInteraction, "/slack/interactions", form_payload(&text)),
        "command" => (EventKind::SlackCommand, "/slack/commands", form(&serde_json::from_str(&text).unwrap())),
        other => panic!("no door for fixtures named {other}-…"),
    }
}

#[test]
fn each_is_understood() {
    for name in names() {
        let (kind, _, raw) = on_the_wire(&name);
        let understood = parse(kind, &raw);
        insta::assert_debug_snapshot!(name.clone(), understood);
        if kind != EventKind::SlackEvent {
            assert_eq!(parse(kind, fixture(&name).as_bytes()), understood, "{name} over Socket Mode");
        }
    }
}

#[tokio::test]
async fn each_is_acknowledged_and_recorded_once() {
    let doors = Doors::open().await;
    let names = names();
    for round in 0..2 {
        for name in &names {
            let (_, path, raw) = on_the_wire(name);
            let answer = doors.signed(path, &raw).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{name}, round {round}");
        }
        assert_eq!(doors.events_on_disk(), names.len(), "round {round}");
    }
}
