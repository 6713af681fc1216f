//! What a resolved ticket teaches: whose words, by whose leave, and until when.

use crate::desk::*;
use crate::policy;
use deskbell_domain::action::{Action, ApprovedAction, NotApproved, StoredTicket};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::ids::{ChannelId, PersonId};
use deskbell_domain::interaction::Button;
use deskbell_domain::ticket::{Source, Ticket, TicketMessage};
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::Event;
use deskbell_domain::workflow::{Solution, Transition};

const FIX: &str = "Flush the cache.";

fn says(desk: &Desk, who: Option<&str>, text: &str) -> Event {
    let said = message(&format!("{}.000100", desk.now.as_second()), text);
    Event::MessageJoined(TicketMessage { author: who.map(PersonId::from), ..said })
}

/// A ticket with the squad, in whose thread somebody said something to Deskbell.
fn told_by(who: &str) -> Desk {
    let mut desk = Desk::following(policy());
    desk.teaches = true;
    desk.wait(1);
    desk.on(says(&desk, Some(who), FIX));
    desk.wait(1);
    desk
}

fn teaches(transition: &Transition) -> bool {
    transition.effects.iter().any(|effect| matches!(effect, Effect::Teach { .. }))
}

fn put(ticket: &Ticket) -> Result<String, NotApproved> {
    put_at(ticket, &format!("tickets/{}", ticket.id))
}

fn put_at(ticket: &Ticket, path: &str) -> Result<String, NotApproved> {
    let (title, markdown) = ("t".to_owned(), FIX.to_owned());
    let action = Action::PutDocument { path: path.to_owned(), title, markdown, url: None, readers: Vec::new() };
    let stored = StoredTicket::read_back(ticket.clone());
    ApprovedAction::of_lesson(&stored, &action).map(|approved| format!("{:?}", approved.approved_by()))
}

fn may_remove(ticket: &Ticket) -> bool {
    let action = Action::RemoveDocument { path: format!("tickets/{}", ticket.id) };
    ApprovedAction::of_lesson(&StoredTicket::read_back(ticket.clone()), &action).is_ok()
}

#[test]
fn who_resolves_it_allows_that_it_teaches_until_it_is_open_again() {
    let mut desk = told_by("U0CARLA");
    assert!(put(desk.ticket()).is_err() && !may_remove(desk.ticket()));
    let resolved = desk.on(pressed(Button::Resolve, "U0BEN"));
    assert!(teaches(&resolved));
    assert!(put(desk.ticket()).unwrap().contains("U0BEN"));
    assert_eq!(put_at(desk.ticket(), "tickets/DB-8"), Err(NotApproved::NoApproval), "another ticket's document");
    let solution = desk.ticket().solution(&desk.policy, &PersonId::from("U0BEN"));
    assert!(matches!(solution, Some(Solution::Said(message)) if message.text == FIX), "{solution:?}");
    let approved = desk.audit.iter().filter(|entry| entry.kind == AuditKind::Approved);
    assert_eq!(approved.filter(|entry| entry.detail["action"] == "put_document").count(), 1);

    desk.wait(1);
    assert!(teaches(&desk.on(says(&desk, None, "It still fails"))));
    assert!(put(desk.ticket()).is_err() && may_remove(desk.ticket()));
    // What was said before did not solve it.
    desk.wait(1);
    assert!(!teaches(&desk.on(pressed(Button::Resolve, "U0BEN"))) && put(desk.ticket()).is_err());
}

#[test]
fn it_is_taken_back_when_the_decision_is_undone_and_follows_what_is_edited() {
    let mut desk = told_by("U0BEN");
    desk.on(pressed(Button::Resolve, "U0BEN"));
    desk.on(done(3, None));
    let undone = desk.on(pressed(Button::Undo, "U0BEN"));
    assert!(teaches(&undone) && put(desk.ticket()).is_err() && may_remove(desk.ticket()));
}

#[test]
fn words_of_others_and_resolutions_of_nobody_teach_nothing() {
    for who in ["U0DEV", "U9GUEST"] {
        let mut desk = told_by(who);
        assert!(!teaches(&desk.on(pressed(Button::Resolve, "U0BEN"))), "{who} does not work on it");
        assert!(desk.ticket().lesson.is_none());
    }
    let mut unwanted = told_by("U0BEN");
    unwanted.teaches = false;
    assert!(!teaches(&unwanted.on(pressed(Button::Resolve, "U0BEN"))));
    let mut silent = Desk::following(policy());
    silent.teaches = true;
    assert!(!teaches(&silent.on(pressed(Button::Resolve, "U0BEN"))), "nobody said what solved it");
}

#[test]
fn it_stands_in_one_channel_or_its_readers_are_not_known() {
    let desk = told_by("U0BEN");
    let ticket = desk.ticket();
    assert_eq!(ticket.stands_in(), Some(&ChannelId::from("C0SUPPORT")));
    let mut elsewhere = ticket.clone();
    elsewhere.card.channel = ChannelId::from("C0TRIAGE");
    let outsiders = Ticket { outsiders_read: true, ..ticket.clone() };
    let form = deskbell_domain::ticket::SlackPath::SlashCommand;
    let form = Ticket { source: Source::SlackForm { channel: None, path: form }, ..ticket.clone() };
    for other in [elsewhere, outsiders, form, Ticket { requester_is_external: true, ..ticket.clone() }] {
        assert_eq!(other.stands_in(), None);
    }
    let workers: Vec<String> = ticket.workers_by_name(&desk.policy).iter().map(ToString::to_string).collect();
    assert_eq!(workers, ["U0BEN", "U0CARLA"]);
}
