//! Messages that Slack took, and those that it did not.

use crate::desk::*;
use crate::policy;
use deskbell_domain::action::Action;
use deskbell_domain::audit::AuditKind;
use deskbell_domain::ids::{ChannelId, MessageTs, NoticeId, TicketId};
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::ticket::PostedMessage;
use deskbell_domain::workflow::effect::Timer;
use deskbell_domain::workflow::event::Event;

#[test]
fn a_card_that_cannot_stand_in_its_channel_goes_to_the_triage_channel() {
    let mut desk = Desk::new(policy());
    desk.on(request("Charged twice"));
    desk.on(assessed(1, Some("billing")));
    let undeliverable = || Event::CardUndeliverable { reason: "not_in_channel: invite the bot".to_owned() };
    let moved = desk.on(undeliverable());
    assert!(shows_card(&moved));
    assert_eq!(desk.ticket().card.channel, ChannelId::from("C0TRIAGE"));
    assert_eq!((desk.ticket().card.thread.as_ref(), desk.ticket().card.posted.as_ref()), (None, None));
    let again = desk.on(undeliverable());
    assert!(!shows_card(&again), "there is no further channel to try");
    let reports = desk.notices(|kind| matches!(kind, NoticeKind::DeliveryFailed { .. }));
    assert_eq!((reports.len(), reports[0].channel.as_str()), (2, "C0OPS"), "both channels' names are told");
    assert!(desk.on(undeliverable()).effects.is_empty(), "the same fault is told once");

    let retry = Timer::ShowCardAgain { refusal: 1 };
    assert!(shows_card(&desk.fire(retry.clone())), "somebody may have invited the bot by now");
    assert!(!shows_card(&desk.fire(retry)), "once for each refusal");
    let refused = desk.on(undeliverable());
    assert_eq!(
        refused.timers.iter().map(|(timer, _)| timer).collect::<Vec<_>>(),
        [&Timer::ShowCardAgain { refusal: 2 }]
    );
    desk.on(pressed(Button::NotATicket, "U0LEAD"));
    assert!(!shows_card(&desk.fire(Timer::ShowCardAgain { refusal: 2 })), "nobody needs a closed ticket's card");
}

#[test]
fn a_notice_that_cannot_be_posted_is_reported_to_ops_and_ops_never_to_itself() {
    let mut desk = Desk::following(policy());
    let failed = |ordinal| Event::NoticeUndeliverable {
        notice: NoticeId { ticket: TicketId::new(7), ordinal },
        reason: "is_archived: unarchive it".to_owned(),
    };
    let alert = desk.notices(|kind| *kind == NoticeKind::SquadAlert)[0].id.ordinal;
    desk.on(failed(alert));
    let report = desk.ticket().notices.last().unwrap().clone();
    assert_eq!(
        report.kind,
        NoticeKind::DeliveryFailed {
            what: "the squad's alert".to_owned(),
            channel: Some(ChannelId::from("C0PAYMENTS")),
            reason: "is_archived: unarchive it".to_owned()
        }
    );
    let looped = desk.on(failed(report.id.ordinal));
    assert!(looped.effects.is_empty() && looped.ticket.is_none());
    assert_eq!(looped.audit[0].kind, AuditKind::DeliveryFailed);
    assert!(desk.on(failed(99)).effects.is_empty());
}

#[test]
fn what_was_posted_is_remembered_and_never_goes_back() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let posted = PostedMessage { channel: ChannelId::from("C0SUPPORT"), ts: MessageTs::from("2.0001") };
    desk.on(Event::CardPosted { posted: posted.clone(), change: 9 });
    desk.ignores(Event::CardPosted { posted, change: 3 });
    assert_eq!(desk.ticket().card.shown, 9);
}

#[test]
fn a_message_whose_fate_is_unclear_is_told_once_and_stays_in_doubt_until_it_is_found() {
    let mut desk = Desk::new(policy());
    desk.on(request("Charged twice"));
    desk.on(assessed(1, Some("billing")));
    let since = desk.now;
    let unclear = || Event::CardUnclear { since, reason: "it may stand there".to_owned() };
    let told = desk.on(unclear());
    assert!(!shows_card(&told), "elsewhere it would be a second one");
    let reports = |desk: &Desk| desk.notices(|kind| matches!(kind, NoticeKind::DeliveryFailed { .. })).len();
    assert_eq!((desk.ticket().card.channel.as_str(), reports(&desk)), ("C0SUPPORT", 1));
    assert_eq!(desk.ticket().card.doubt.as_ref().unwrap().since, since);
    desk.ignores(unclear());
    desk.post_card();
    assert_eq!(desk.ticket().card.doubt, None);
    desk.ignores(unclear());

    let mut desk = Desk::following(policy());
    let notice = desk.notices(|kind| *kind == NoticeKind::SquadAlert)[0].id;
    let unclear = || Event::NoticeUnclear { notice, since, reason: "it may stand there".to_owned() };
    desk.on(unclear());
    assert_eq!(reports(&desk), 1);
    assert!(desk.ticket().notice(notice).unwrap().doubt.is_some());
    desk.ignores(unclear());
    let posted = PostedMessage { channel: ChannelId::from("C0PAYMENTS"), ts: MessageTs::from("3.0001") };
    desk.on(Event::NoticePosted { notice, posted, change: 9 });
    assert!(desk.ticket().notice(notice).unwrap().doubt.is_none());
}

#[test]
fn the_issue_says_who_asked_by_name() {
    let asked_by = |named: bool| {
        let mut desk = Desk::asking(policy(), Some("billing"));
        if named {
            desk.on(Event::RequesterNamed { name: "Ann *Other*".to_owned() });
        }
        desk.on(pressed(Button::Confirm, "U0BEN"));
        let Some(Action::CreateIssue { description, .. }) = desk.ticket().words.actions.get(&action(1)) else {
            panic!("no issue")
        };
        description.lines().find(|line| line.starts_with("**Asked by**")).unwrap().trim_end().to_owned()
    };
    assert_eq!(asked_by(true), "**Asked by** Ann \\*Other\\*");
    assert_eq!(asked_by(false), "**Asked by** Slack user U0ANN");
}
