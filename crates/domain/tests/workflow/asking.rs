//! A request comes in, grows, is assessed and decided.

use crate::desk::*;
use crate::policy;
use crate::support::{and_rules, load, load_of, with};
use deskbell_domain::action::Action;
use deskbell_domain::audit::AuditKind;
use deskbell_domain::ids::{ChannelId, MessageTs, PriorityId, RuleId};
use deskbell_domain::interaction::Button;
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::ticket::{Actor, Card, FIRST_KEPT, NEWEST_KEPT, SlackPath, Source, Status, TicketMessage};
use deskbell_domain::workflow::Transition;
use deskbell_domain::workflow::effect::{Effect, Telling, Timer};
use deskbell_domain::workflow::event::Event;

#[test]
fn a_request_is_assessed_then_asked_about() {
    let mut desk = Desk::new(policy());
    let received = desk.on(request("Charged twice"));
    assert_eq!(received.effects, [Effect::Assess { revision: 1 }, Effect::NameRequester]);
    assert_eq!((desk.status(), desk.audited(AuditKind::TicketReceived)), (Status::Received, 1));
    desk.ignores(request("Charged twice"));

    let asked = desk.on(assessed(1, Some("billing")));
    assert_eq!((desk.status(), desk.squad()), (Status::AwaitingConfirmation, "payments"));
    assert!(shows_card(&asked) && asked.decision.is_some() && dispatched(&asked).is_empty());
    let minutes = |timer: &Timer| {
        let found = desk.timers.iter().find(|(set, _)| set == timer).unwrap();
        found.1.duration_since(desk.now).as_mins()
    };
    assert_eq!(minutes(&Timer::Remind { decision: 1 }), 60);
    assert_eq!(minutes(&Timer::Expire { decision: 1 }), 240);
}

#[test]
fn an_automatic_rule_approves_in_its_own_name() {
    let mut desk = Desk::new(policy());
    desk.on(request("robot"));
    let decided = desk.on(assessed(1, None));
    assert_eq!((desk.status(), dispatched(&decided)), (Status::Dispatching, vec![(1, 0)]));
    assert_eq!(desk.ticket().approvals[0].by(), &Actor::Rule(RuleId::from("robot")));
    assert!(decided.timers.iter().all(|(timer, _)| !matches!(timer, Timer::Expire { .. } | Timer::Remind { .. })));
    let late = desk.on(pressed(Button::Confirm, "U0DEV"));
    assert_eq!(told(&late), [Telling::AlreadyDecided]);
}

#[test]
fn words_that_change_before_an_answer_are_assessed_again() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let joined = desk.on(Event::MessageJoined(message("1.0002", "it is the login")));
    assert_eq!(joined.effects, [Effect::Assess { revision: 2 }]);
    desk.ignores(Event::MessageJoined(message("1.0002", "it is the login")));
    desk.on(Event::MessageEdited(message("1.0002", "it is the login page")));
    desk.ignores(Event::MessageEdited(message("1.0002", "it is the login page")));
    desk.ignores(Event::MessageEdited(message("1.0009", "whose?")));
    desk.ignores(assessed(1, None));
    desk.ignores(assessed(2, None));
    desk.on(assessed(3, Some("login")));
    assert_eq!((desk.squad(), desk.ticket().decision.as_ref().unwrap().ordinal), ("platform", 2));
    desk.load = load_of(&[("platform", 99)]);
    desk.ignores(assessed(3, Some("billing")));
}

#[test]
fn an_edit_that_was_overtaken_changes_nothing() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(Event::MessageJoined(message("1.0002", "it is the login")));
    let edit = |at: &str, text: &str| {
        Event::MessageEdited(TicketMessage { edited: Some(MessageTs::from(at)), ..message("1.0002", text) })
    };
    desk.on(edit("1.0008", "it is the second login page"));
    desk.ignores(edit("1.0007", "it is the secnd login page"));
}

#[test]
fn deleting_all_words_before_an_answer_dismisses() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(Event::MessageJoined(message("1.0002", "more")));
    let first = desk.on(Event::MessageDeleted(MessageTs::from("1.0001")));
    assert_eq!(first.effects, [Effect::Assess { revision: 3 }]);
    desk.ignores(Event::MessageDeleted(MessageTs::from("1.0001")));
    let last = desk.on(Event::MessageDeleted(MessageTs::from("1.0002")));
    assert!(shows_card(&last));
    assert_eq!(desk.status(), Status::Dismissed);

    let mut unseen = Desk::new(policy());
    unseen.on(request("oops"));
    let withdrawn = unseen.on(Event::MessageDeleted(MessageTs::from("1.0001")));
    assert_eq!(
        (unseen.status(), withdrawn.effects),
        (Status::Dismissed, vec![]),
        "nobody saw a card, so there is none"
    );
}

#[test]
fn words_that_change_after_the_approval_become_comments_once_the_issue_exists() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    desk.on(pressed(Button::Confirm, "U0BEN"));
    let joined = desk.on(Event::MessageJoined(message("1.0002", "order 17")));
    assert!(
        dispatched(&joined).is_empty() && joined.effects.iter().all(|effect| !matches!(effect, Effect::Assess { .. }))
    );
    let created = desk.on(done(1, Some("PAY-1")));
    assert_eq!(dispatched(&created), [(2, 0), (3, 0)]);
    let Some(Action::Comment { body }) = desk.ticket().words.actions.get(&action(3)) else { panic!("a comment") };
    assert_eq!(body, "The requester added:\n\n> order 17");

    desk.on(done(2, None));
    desk.on(done(3, None));
    assert_eq!(dispatched(&settled(&mut desk, "1.0002", &["order 18"])), [(4, 0)]);
    let deleted = desk.on(Event::MessageDeleted(MessageTs::from("1.0002")));
    assert_eq!(dispatched(&deleted), [(4, 0), (5, 0)], "the fourth is under way: its job is known");
    assert_eq!(desk.ticket().approvals.last().unwrap().by(), &by("U0BEN"));
    assert_eq!((desk.status(), desk.alerts()), (Status::Following, 1));
}

/// A request by form whose card stands where the form says, or in the triage channel.
fn form(channel: Option<&str>, card: &str, priority: Option<&str>) -> Event {
    let Event::Received(mut request) = request("Charged twice") else { panic!("a request") };
    request.source = Source::SlackForm { channel: channel.map(ChannelId::from), path: SlackPath::SlashCommand };
    request.card = Card::new(ChannelId::from(card), None);
    request.requested_priority = priority.map(PriorityId::from);
    Event::Received(request)
}

#[test]
fn whoever_asked_in_a_direct_conversation_hears_there_how_it_went() {
    let mut desk = Desk::new(policy());
    desk.on(form(None, "C0TRIAGE", None));
    desk.on(assessed(1, Some("billing")));
    desk.post_card();
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(done(1, Some("PAY-1")));
    desk.on(pressed(Button::Claim, "U0BEN"));
    desk.on(pressed(Button::Resolve, "U0BEN"));
    let to_requester: Vec<NoticeKind> = desk
        .ticket()
        .notices
        .iter()
        .filter(|notice| notice.person.as_ref() == Some(&desk.ticket().requester))
        .map(|notice| notice.kind.clone())
        .collect();
    let ben = person("U0BEN").id;
    assert_eq!(
        to_requester,
        [NoticeKind::IssueCreated, NoticeKind::Claimed { by: ben.clone() }, NoticeKind::Resolved { by: ben }]
    );

    let mut dismissed = Desk::new(policy());
    dismissed.on(form(None, "C0TRIAGE", None));
    dismissed.on(assessed(1, Some("billing")));
    dismissed.on(pressed(Button::NotATicket, "U0BEN"));
    let last = dismissed.ticket().notices.last().unwrap();
    assert_eq!(
        (last.person.as_ref(), &last.kind),
        (Some(&person("U0ANN").id), &NoticeKind::Dismissed { by: Some(person("U0BEN").id) })
    );
}

#[test]
fn whoever_asked_in_a_channel_reads_on_under_the_card() {
    let mut desk = Desk::new(policy());
    desk.on(form(Some("C0SUPPORT"), "C0SUPPORT", None));
    desk.on(assessed(1, Some("billing")));
    desk.post_card();
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(done(1, Some("PAY-1")));
    desk.on(pressed(Button::Claim, "U0BEN"));
    let issue = desk.notices(|kind| *kind == NoticeKind::IssueCreated)[0];
    assert_eq!((issue.person.as_ref(), issue.channel.as_str()), (None, "C0SUPPORT"));
    assert!(
        desk.notices(|kind| matches!(kind, NoticeKind::Claimed { .. })).is_empty(),
        "the card and the alert show it"
    );
}

#[test]
fn a_requested_priority_counts_where_the_requester_may_set_it_and_is_a_hint_elsewhere() {
    let set_by = |setters: &str| load(&with("settle = [", &format!("set_priority = {setters}\nsettle = [")));
    for (policy, wanted) in [
        (policy(), "p3"),
        (set_by("[\"internal\"]"), "p1"),
        (set_by("[\"U0ANN\"]"), "p1"),
        (set_by("[\"U0BEN\"]"), "p3"),
        (set_by("[]"), "p3"),
        (and_rules("[[rules]]\nid = \"asked\"\nwhen = 'ticket.requested_priority == \"p1\"'\npriority = \"p2\""), "p2"),
    ] {
        let mut desk = Desk::new(policy);
        desk.on(form(None, "C0TRIAGE", Some("p1")));
        desk.on(assessed(1, Some("billing")));
        let ticket = desk.ticket();
        assert_eq!(ticket.priority.as_ref().unwrap().as_str(), wanted);
        assert_eq!(ticket.requested_priority.as_ref().unwrap().as_str(), "p1");
    }
}

#[test]
fn what_somebody_else_says_to_deskbell_in_the_thread_is_added_in_their_name() {
    let said = |ts: &str| {
        let mut said = message(ts, "It hits ACME too");
        said.author = Some(person("U0DEV").id);
        Event::MessageJoined(said)
    };
    let mut desk = Desk::asking(policy(), Some("billing"));
    let asked = desk.ticket().last_message_at;
    desk.now += jiff::SignedDuration::from_mins(1);
    let joined = desk.on(said("1.0002"));
    assert_eq!((&joined.audit[0].actor, desk.ticket().last_message_at), (&by("U0DEV"), asked));
    assert_eq!(joined.effects, [Effect::Assess { revision: 2 }]);

    let mut following = Desk::following(policy());
    following.on(said("1.0003"));
    let added = NoticeKind::Added { message: MessageTs::from("1.0003"), by: person("U0DEV").id };
    assert!(!following.ticket().words.actions.contains_key(&action(3)), "nobody approved that");
    assert_eq!(following.notices(|kind| *kind == added).len(), 1, "the squad reads it");
    let mut edited = message("1.0003", "It hits everybody");
    edited.author = Some(person("U0DEV").id);
    let shown = following.on(Event::MessageEdited(edited));
    assert!(shown.effects.iter().any(|effect| matches!(effect, Effect::ShowNotice { .. })));
    assert_eq!(shown.audit[0].actor, by("U0DEV"));
    following.on(Event::MessageDeleted(MessageTs::from("1.0003")));
    assert_eq!((following.ticket().actions.len(), following.notices(|kind| *kind == added).len()), (2, 1));
    assert_eq!(following.audited(AuditKind::Approved), 1);
}

#[test]
fn the_trail_says_that_whoever_approved_did_nothing_when_the_requester_added_words() {
    let mut desk = Desk::following(policy());
    let joined = desk.on(Event::MessageJoined(message("1.0002", "order 17")));
    let approved = joined.audit.iter().find(|entry| entry.kind == AuditKind::Approved).unwrap();
    assert_eq!((&approved.actor, &approved.detail["words_of"]), (&Actor::Deskbell, &serde_json::json!("U0ANN")));
}

/// A colleague added something in the thread of an issue that is followed.
fn with_a_colleague_s_words() -> Desk {
    let mut desk = Desk::following(policy());
    let mut said = message("1.0003", "It hits ACME too");
    said.author = Some(person("U0DEV").id);
    desk.on(Event::MessageJoined(said));
    desk
}

/// The requester edits a message, once for each text, and stops.
fn settled(desk: &mut Desk, ts: &str, texts: &[&str]) -> Transition {
    let mut timers = Vec::new();
    for text in texts {
        let edited = desk.on(Event::MessageEdited(message(ts, text)));
        assert!(dispatched(&edited).is_empty(), "what was edited may be edited again");
        timers.extend(edited.timers.into_iter().filter(|(timer, _)| matches!(timer, Timer::EditsSettled { .. })));
    }
    let [(timer, at)] = timers.as_slice() else { panic!("one timer: {timers:?}") };
    assert!(*at > desk.now);
    desk.now = *at;
    desk.on(Event::TimerFired(timer.clone()))
}

#[test]
fn edits_that_follow_each_other_are_one_comment_and_the_last_wins() {
    let mut desk = Desk::following(policy());
    let burst = settled(&mut desk, "1.0001", &["Charged thrice", "Charged three times", "Charged 3 times"]);
    assert_eq!(dispatched(&burst).len(), 1);
    assert_eq!(last_comment(&desk), "The requester edited a message. It reads now:\n\n> Charged 3 times");
    // The next burst has a timer of its own, and one that fires twice says nothing twice.
    let timer = desk.on(Event::MessageEdited(message("1.0001", "Charged 4 times"))).timers[0].0.clone();
    let comments = |desk: &Desk| desk.ticket().words.actions.len();
    let before = comments(&desk);
    desk.on(Event::TimerFired(timer.clone()));
    assert_eq!(comments(&desk), before + 1);
    assert_eq!(desk.on(Event::TimerFired(timer)), Transition::default());
    assert_eq!(last_comment(&desk), "The requester edited a message. It reads now:\n\n> Charged 4 times");
}

#[test]
fn an_edited_message_that_is_deleted_before_it_settles_is_only_deleted() {
    let mut desk = Desk::following(policy());
    desk.on(Event::MessageJoined(message("1.0002", "order 17")));
    let timer = desk.on(Event::MessageEdited(message("1.0002", "order 18"))).timers[0].0.clone();
    desk.on(Event::MessageDeleted(MessageTs::from("1.0002")));
    assert_eq!(desk.on(Event::TimerFired(timer)), Transition::default());
    assert_eq!(last_comment(&desk), "A message was deleted in Slack.");
}

fn last_comment(desk: &Desk) -> &str {
    let actions = &desk.ticket().words.actions;
    let Some((_, Action::Comment { body })) = actions.last_key_value() else { panic!("a comment") };
    body
}

#[test]
fn an_edit_is_the_author_s() {
    let mut desk = with_a_colleague_s_words();
    let edited = desk.on(Event::MessageEdited(message("1.0003", "It hits ACME and Initech")));
    assert_eq!(edited.audit[0].actor, by("U0DEV"));
    assert!(!last_comment(&desk).contains("Initech"), "nobody approved their words for the issue");
    assert_eq!(desk.ticket().words.messages[1].author, Some(person("U0DEV").id));

    let own = desk.on(Event::MessageEdited(message("1.0001", "Charged three times")));
    assert_eq!(own.audit[0].actor, Actor::Person(desk.ticket().requester.clone()));
    desk.on(Event::TimerFired(own.timers[0].0.clone()));
    assert!(last_comment(&desk).starts_with("The requester edited"));
}

#[test]
fn slack_does_not_say_who_deleted_so_nobody_is_named() {
    let mut desk = with_a_colleague_s_words();
    let deleted = desk.on(Event::MessageDeleted(MessageTs::from("1.0003")));
    assert_eq!(deleted.audit[0].actor, Actor::Deskbell);
    desk.on(Event::MessageDeleted(MessageTs::from("1.0001")));
    assert_eq!(last_comment(&desk), "A message was deleted in Slack.");

    let mut asked = Desk::asking(policy(), Some("billing"));
    let withdrawn = asked.on(Event::MessageDeleted(MessageTs::from("1.0001")));
    assert_eq!(asked.status(), Status::Dismissed);
    assert!(withdrawn.audit.iter().all(|entry| entry.actor == Actor::Deskbell), "{:?}", withdrawn.audit);
    let closed = withdrawn.audit.iter().find(|entry| entry.kind == AuditKind::Closed).unwrap();
    assert_eq!(closed.detail["why"], "the message was deleted");
}

#[test]
fn whoever_is_erased_leaves_nothing_of_theirs_in_another_s_ticket() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let mut said = message("1.0003", "It hits ACME too\nwith *invoice* <https://acme.example|17>");
    said.author = Some(person("U0DEV").id);
    desk.on(Event::MessageJoined(said));
    desk.on(assessed(2, Some("billing")));
    desk.post_card();
    desk.on(pressed(Button::Confirm, "U0BEN"));
    let mut ticket = desk.ticket().clone();
    assert!(!ticket.forget_words_of(&person("U0BEN").id) && ticket == *desk.ticket());
    assert!(ticket.forget_words_of(&person("U0DEV").id));
    let Some(Action::CreateIssue { description, .. }) = ticket.words.actions.get(&action(1)) else {
        panic!("an issue")
    };
    assert!(description.starts_with("> Charged twice\n> (erased)\n"), "{description}");
    assert_eq!(ticket.words.text(), "Charged twice");
    assert!(approved(&ticket, action(1)), "what the requester asked for is still done");
    let left = serde_json::to_string(&ticket).unwrap();
    assert!(!left.contains("ACME") && !left.contains("acme"), "{left}");
    assert!(!ticket.forget_words_of(&person("U0DEV").id));
}

#[test]
fn a_form_from_a_shared_channel_is_answered_in_private_and_in_full() {
    let Event::Received(mut request) = form(Some("C0ACME"), "C0ACME", None) else { panic!("a request") };
    request.is_said_in_shared_channel = true;
    let mut desk = Desk::new(policy());
    desk.on(Event::Received(request));
    assert_eq!((desk.ticket().card.channel.as_str(), desk.ticket().outsiders_read), ("C0TRIAGE", false));
    desk.on(assessed(1, Some("billing")));
    desk.post_card();
    desk.on(pressed(Button::Confirm, "U0BEN"));
    desk.on(done(1, Some("PAY-1")));
    let issue = desk.notices(|kind| *kind == NoticeKind::IssueCreated)[0];
    assert_eq!(issue.person.as_ref(), Some(&desk.ticket().requester));
}

/// Ten thousand messages in a thread leave a ticket that is as quick to change as any.
#[test]
fn a_ticket_keeps_how_it_began_and_what_was_said_last() {
    let mut desk = Desk::asking(policy(), Some("billing"));
    let kept = FIRST_KEPT + NEWEST_KEPT;
    for number in 2..=u32::try_from(kept).unwrap() + 5 {
        desk.on(Event::MessageJoined(message(&format!("1.{number:04}"), &format!("word {number}"))));
    }
    let words = &desk.ticket().words;
    assert_eq!((words.messages.len(), words.left_out), (kept, 5));
    let said: Vec<&str> = words.messages.iter().map(|message| message.text.as_str()).collect();
    assert_eq!((said[1], said[FIRST_KEPT - 1], said[FIRST_KEPT]), ("word 2", "word 20", "word 26"));
    assert_eq!(said[kept - 1], "word 105");
    let text = words.text();
    assert!(text.contains("word 20\n… (5 messages between are left out here)\nword 26"), "{text}");
    // An edit or a deletion of what is left out changes nothing here.
    desk.ignores(Event::MessageEdited(message("1.0022", "another word")));
    desk.ignores(Event::MessageDeleted(MessageTs::new("1.0022")));
}
