//! What goes beyond the tracker: the helpdesk's ticket, a message elsewhere, the customer's record.

use deskbell_domain::action::{Action, ActionState, Occasion};
use deskbell_domain::decision::Customer;
use deskbell_domain::enrichment::{LookedUp, Lookup};
use deskbell_domain::errand::{Errand, ErrandKind, Introduction};
use deskbell_domain::ids::{ChannelId, PersonId};
use deskbell_domain::interaction::Button;
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Card, Source, Status, Words};
use deskbell_domain::workflow::event::Event;

use crate::desk::*;
use crate::support::{POLICY, load};

/// The policy that writes back, with these actions where no rule names others.
fn writing(occasions: &str, actions: &str) -> Policy {
    let source = POLICY.replace("actions = [\"create_issue\"]", &format!("actions = {actions}"));
    load(&format!("write_back = {occasions}\n{source}"))
}

/// A helpdesk's ticket of an unknown kind, approved.
fn approved_from_helpdesk(policy: Policy) -> Desk {
    let mut desk = Desk::new(policy);
    desk.lookups = bound(&[Lookup::Customer]);
    let Event::Received(mut asked) = request("Charged twice") else { panic!("a request") };
    asked.source = Source::Helpdesk { system: "zendesk".to_owned(), external_id: "7".to_owned(), url: None };
    asked.requester_email = Some("ivy@customer.example".to_owned());
    asked.card = Card::new(ChannelId::from("C0TRIAGE"), None);
    desk.on(Event::Received(asked));
    let found = Customer { known: true, id: "001xx".to_owned(), ..Customer::default() };
    desk.on(enriched(1, LookedUp::Customer(found)));
    desk.on(assessed(1, None));
    desk.post_card();
    desk.on(pressed(Button::Confirm, "U0LEAD"));
    desk
}

fn what(desk: &Desk, ordinal: u32) -> Action {
    desk.ticket().words.actions[&action(ordinal)].clone()
}

/// Slack says what whoever clicked is called.
fn introduced(by: &str, occasion: Occasion, name: Option<&str>) -> Event {
    let errand = Errand { by: PersonId::from(by), what: ErrandKind::WriteBack(occasion) };
    Event::Introduced { errand, who: Introduction { name: name.map(str::to_owned), email: None } }
}

#[test]
fn a_resolution_is_written_back_in_the_name_of_whoever_resolved() {
    let mut desk = approved_from_helpdesk(writing("[\"resolution\"]", "[\"create_issue\"]"));
    desk.on(done(1, Some("PLAT-1")));
    let resolved = desk.on(pressed(Button::Resolve, "U0DEV"));
    assert_eq!(dispatched(&resolved), [(2, 0)]);
    desk.ignores(introduced("U0MALLORY", Occasion::Resolution, Some("Mallory")));
    let known = desk.on(introduced("U0DEV", Occasion::Resolution, Some("Dev Patel")));
    assert_eq!(desk.names(), ["create_issue", "transition", "write_back"]);
    assert!(dispatched(&known).contains(&(3, 0)));
    desk.ignores(introduced("U0DEV", Occasion::Resolution, Some("Dev Patel")));
    let approval = desk.ticket().approvals.last().unwrap();
    assert_eq!((approval.by(), approval.actions()), (&by("U0DEV"), [action(3)].as_slice()));
    let Action::WriteBack { occasion, account, email, subject, summary, conversation } = what(&desk, 3) else {
        panic!("{:?}", what(&desk, 3))
    };
    assert_eq!((occasion, account.as_deref()), (Occasion::Resolution, Some("001xx")));
    assert_eq!(email.as_deref(), Some("ivy@customer.example"));
    assert!(subject.starts_with("DB-7: ") && conversation == "> Charged twice", "{subject} {conversation}");
    assert!(summary.contains("**Resolved by** Dev Patel") && summary.contains("**Issue** PLAT-1"), "{summary}");
    desk.on(done(3, None));
    assert_eq!(desk.state(3), &ActionState::Done { external: None });
}

#[test]
fn a_resolution_that_did_not_hold_is_not_written_back() {
    let mut desk = approved_from_helpdesk(writing("[\"resolution\"]", "[\"create_issue\"]"));
    desk.on(done(1, Some("PLAT-1")));
    desk.on(pressed(Button::Resolve, "U0DEV"));
    desk.wait(1);
    desk.on(Event::MessageJoined(message(&format!("{}.000100", desk.now.as_second()), "It still fails")));
    assert_eq!(desk.status(), Status::Following);
    desk.ignores(introduced("U0DEV", Occasion::Resolution, Some("Dev Patel")));
    assert_eq!(desk.names(), ["create_issue", "transition"]);
    // Once it holds, one word of it is enough.
    desk.on(pressed(Button::Resolve, "U0DEV"));
    desk.on(introduced("U0DEV", Occasion::Resolution, Some("Dev Patel")));
    desk.ignores(introduced("U0DEV", Occasion::Resolution, Some("Dev Patel")));
    assert_eq!(desk.names().iter().filter(|name| **name == "write_back").count(), 1);
}

#[test]
fn of_erased_words_nothing_is_written_back() {
    let mut desk = approved_from_helpdesk(writing("[\"resolution\"]", "[\"create_issue\"]"));
    desk.on(done(1, Some("PLAT-1")));
    desk.on(pressed(Button::Resolve, "U0DEV"));
    desk.ticket.as_mut().unwrap().words = Words { erased: true, ..Words::default() };
    desk.on(introduced("U0DEV", Occasion::Resolution, Some("Dev Patel")));
    assert_eq!(desk.names(), ["create_issue", "transition"]);
}

#[test]
fn nothing_is_written_back_where_the_policy_does_not_ask() {
    let mut desk = approved_from_helpdesk(writing("[\"handover\"]", "[\"create_issue\"]"));
    desk.on(done(1, Some("PLAT-1")));
    desk.on(pressed(Button::Resolve, "U0DEV"));
    assert_eq!(desk.names(), ["create_issue", "transition"]);
}

#[test]
fn without_an_issue_the_rest_is_done_all_the_same() {
    let mut desk = approved_from_helpdesk(writing("[\"resolution\"]", "[\"post_message\", \"update_ticket\"]"));
    assert_eq!(desk.status(), Status::Following);
    assert_eq!(desk.names(), ["post_message", "update_ticket"]);
    let Action::UpdateTicket { system, external_id, status, note, .. } = what(&desk, 2) else {
        panic!("{:?}", what(&desk, 2))
    };
    assert_eq!((system.as_str(), external_id.as_str(), status.as_str()), ("zendesk", "7", "open"));
    assert!(note.contains("**Ticket** DB-7"), "{note}");
    desk.on(pressed(Button::Resolve, "U0DEV"));
    let resolved = desk.on(introduced("U0DEV", Occasion::Resolution, None));
    assert_eq!(desk.names(), ["post_message", "update_ticket", "update_ticket", "write_back"]);
    assert!(matches!(what(&desk, 3), Action::UpdateTicket { status, .. } if status == "solved"));
    assert!(dispatched(&resolved).contains(&(4, 0)));
}

#[test]
fn another_squad_is_a_handover_that_waits_for_the_issue() {
    let mut desk = Desk::new(writing("[\"handover\"]", "[\"create_issue\"]"));
    desk.on(request("Charged twice"));
    desk.on(assessed(1, None));
    desk.post_card();
    let moved = desk.on(changed("payments", "p1", "U0LEAD"));
    assert_eq!(dispatched(&moved), [(1, 0)]);
    let known = desk.on(introduced("U0LEAD", Occasion::Handover, Some("Lea")));
    assert_eq!(desk.names(), ["create_issue", "write_back"]);
    assert!(dispatched(&known).is_empty(), "what came of it is known once the issue is there");
    assert_eq!(dispatched(&desk.on(done(1, Some("PAY-1")))), [(2, 0)]);
    assert_eq!(desk.ticket().approvals.last().unwrap().by(), &by("U0LEAD"));
}

#[test]
fn whoever_acknowledges_an_escalation_takes_over() {
    let mut desk = approved_from_helpdesk(writing("[\"handover\"]", "[\"create_issue\"]"));
    desk.on(done(1, Some("PLAT-1")));
    desk.on(pressed(Button::Escalate, "U0DEV"));
    desk.on(pressed(Button::Acknowledge, "U0DEV"));
    let known = desk.on(introduced("U0DEV", Occasion::Handover, None));
    assert_eq!(dispatched(&known), [(2, 0)]);
    let Action::WriteBack { occasion, summary, .. } = what(&desk, 2) else { panic!("{:?}", what(&desk, 2)) };
    assert!(occasion == Occasion::Handover && summary.contains(&format!("by** {}", PersonId::from("U0DEV"))));
    desk.ignores(pressed(Button::Acknowledge, "U0DEV"));
}

#[test]
fn a_story_is_opened_as_an_issue_is() {
    let mut desk = approved_from_helpdesk(writing("[]", "[\"create_story\", \"comment\"]"));
    assert!(matches!(what(&desk, 1), Action::CreateStory { project, .. } if project == "PLAT"));
    let opened = desk.on(done(1, Some("sc-7")));
    assert_eq!(dispatched(&opened), [(2, 0)]);
    assert_eq!(desk.ticket().external, Some(issue("sc-7")));
}
