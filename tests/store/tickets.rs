//! Tickets, decisions and policies come back as they were put.

use deskbell::store::{Commit, Page, Store, TicketFilter, TicketWrite};
use deskbell_domain::action::{Action, ActionRecord, ActionState};
use deskbell_domain::decision::{Customer, Decision, DecisionInputs, Load, Mode, TicketFacts};
use deskbell_domain::ids::{
    ActionId, CategoryId, ChannelId, MessageTs, NoticeId, PolicyHash, PriorityId, QueueId, SquadId, TicketId,
};
use deskbell_domain::notice::{Notice, NoticeKind};
use deskbell_domain::sla::SlaClock;
use deskbell_domain::ticket::{
    Actor, Answer, Doubt, Escalation, ExternalRef, PostedMessage, Severity, Source, Status, Ticket, Verdict,
};
use deskbell_domain::workflow::DecisionRecord;

use super::fixture::{SECRET, assessment, at, person, put, ticket, workspace};

fn posted() -> PostedMessage {
    PostedMessage { channel: ChannelId::new("C2"), ts: MessageTs::new("2.2") }
}

pub fn decision(ordinal: u32) -> Decision {
    Decision {
        policy: PolicyHash::new("abc"),
        at: at(3),
        ordinal,
        mode: Mode::Confirm,
        answer: true,
        facts: vec!["order".to_owned()],
        solve_with: vec!["unlock_account".to_owned()],
        squad: SquadId::new("payments"),
        queue: Some(QueueId::new("inbox")),
        priority: PriorityId::new("p1"),
        severity: Severity::WORST,
        category: Some(CategoryId::new("billing")),
        actions: vec!["create_issue".to_owned()],
        reason: "billing goes to payments".to_owned(),
        labels: std::collections::BTreeSet::new(),
        runner_up: None,
        matched: Vec::new(),
        warnings: Vec::new(),
        first_response_due_at: Some(at(600)),
        resolution_due_at: None,
    }
}

/// A ticket with a value in every field.
fn full_ticket() -> Ticket {
    let action = ActionId { ticket: TicketId::new(1), ordinal: 1 };
    let mut ticket = ticket(1, "U1");
    ticket.status = Status::Parked;
    ticket.requester_is_external = true;
    ticket.squad = Some(SquadId::new("payments"));
    ticket.queue = Some(QueueId::new("inbox"));
    ticket.priority = Some(PriorityId::new("p1"));
    ticket.category = Some(CategoryId::new("billing"));
    ticket.severity = Severity::WORST;
    ticket.decision = Some(decision(1));
    ticket.answer = Some(Answer { verdict: Verdict::Changed, by: Actor::Person(person("U2")), at: at(4) });
    ticket.approvals = serde_json::from_value(serde_json::json!([
        { "by": { "person": "U2" }, "at": at(4), "actions": [action] }
    ]))
    .unwrap();
    let state = ActionState::Parked { reason: "Jira is down".to_owned(), fate_unknown: true };
    let name = "create_issue".to_owned();
    ticket.actions = vec![ActionRecord {
        id: action,
        name,
        primary: true,
        generation: 2,
        state,
        since: None,
        about: None,
        undoes: None,
    }];
    let key = "PAY-17".to_owned();
    ticket.external = Some(ExternalRef { system: "jira".to_owned(), key, url: Some("https://jira/PAY-17".to_owned()) });
    ticket.card.posted = Some(posted());
    ticket.notices = vec![Notice {
        id: NoticeId { ticket: TicketId::new(1), ordinal: 1 },
        person: None,
        kind: NoticeKind::OpsAlert { action, settled_by: None, settled_at: None, choice: None },
        channel: ChannelId::new("C9"),
        thread: None,
        posted: Some(posted()),
        doubt: Some(Doubt { since: at(5), until: at(6) }),
        shown: 3,
    }];
    ticket.assignee = Some(person("U3"));
    ticket.escalation = Some(Escalation {
        round: 1,
        level: 2,
        since: at(5),
        by: Actor::Deskbell,
        acknowledged_by: Some(person("U4")),
        unanswered_at: None,
    });
    ticket.sla = Some(SlaClock {
        first_response_due_at: Some(at(600)),
        first_responded_at: None,
        resolution_due_at: None,
        breached_at: Some(at(700)),
    });
    (ticket.sla_round, ticket.changes) = (1, 4);
    ticket.closed_at = Some(at(800));
    ticket.words.subject = Some("Help".to_owned());
    ticket.words.requester_name = Some("Ada".to_owned());
    ticket.words.requester_email = Some("ada@example.com".to_owned());
    ticket.words.assessment = Some(assessment());
    ticket.words.actions.insert(action, Action::Comment { body: SECRET.to_owned() });
    ticket
}

pub async fn reads_back_every_field(store: &Store) {
    put(store, full_ticket(), 0).await;
    let found = store.ticket(&workspace(), TicketId::new(1)).await.unwrap().unwrap();
    assert_eq!((found.version, found.ticket), (1, full_ticket()));
    assert!(store.ticket(&workspace(), TicketId::new(2)).await.unwrap().is_none());

    put(store, ticket(1, "U1"), 1).await;
    let found = store.ticket(&workspace(), TicketId::new(1)).await.unwrap().unwrap();
    assert_eq!((found.version, found.ticket), (2, ticket(1, "U1")));
}

pub async fn finds_by_source(store: &Store) {
    let (channel, ts) = (ChannelId::new("C1"), MessageTs::new("1.1"));
    let write = TicketWrite { sources: vec![(channel.clone(), ts.clone())], ..TicketWrite::new(ticket(1, "U1"), 0) };
    store.commit(Commit { ticket: Some(write), ..Commit::new(workspace()) }).await.unwrap();
    let found = store.ticket_by_message(&workspace(), &channel, &ts).await.unwrap();
    assert_eq!(found, Some(TicketId::new(1)));
    let other = store.ticket_by_message(&workspace(), &ChannelId::new("C2"), &ts).await.unwrap();
    assert_eq!(other, None);
}

pub async fn finds_the_request_that_a_message_may_join(store: &Store) {
    let channel = ChannelId::new("C1");
    let said_at = |number, seconds| Ticket { last_message_at: at(seconds), ..ticket(number, "U1") };
    let mut reply = said_at(1, 90);
    if let Source::SlackMessage { thread, .. } = &mut reply.source {
        *thread = Some(MessageTs::new("0.1"));
    }
    let decided = Ticket { status: Status::Resolved, ..said_at(2, 80) };
    let waiting = Ticket { status: Status::AwaitingConfirmation, ..said_at(3, 20) };
    for ticket in [reply, decided, waiting, said_at(4, 10), ticket(5, "U2")] {
        put(store, ticket, 0).await;
    }
    let open =
        async |who: &str, since| store.open_request_of(&workspace(), &person(who), &channel, at(since)).await.unwrap();
    assert_eq!(open("U1", 0).await, Some(TicketId::new(3)));
    assert_eq!(open("U1", 20).await, Some(TicketId::new(3)));
    assert_eq!(open("U1", 21).await, None);
    assert_eq!(open("U2", 0).await, Some(TicketId::new(5)));
    assert_eq!(open("U3", 0).await, None);
}

pub async fn counts_open_work(store: &Store) {
    let of = |number, squad: &str, status| Ticket {
        status,
        squad: Some(SquadId::new(squad)),
        queue: Some(QueueId::new("inbox")),
        ..ticket(number, "U1")
    };
    put(store, of(1, "payments", Status::Following), 0).await;
    put(store, of(2, "payments", Status::Received), 0).await;
    put(store, of(3, "payments", Status::Resolved), 0).await;
    put(store, of(4, "login", Status::Parked), 0).await;
    put(store, ticket(5, "U1"), 0).await;
    let load = store.load(&workspace(), None).await.unwrap();
    let squads = [(SquadId::new("login"), 1), (SquadId::new("payments"), 2)];
    assert_eq!(load.squads, squads.into());
    assert_eq!(load.queues, [(QueueId::new("inbox"), 3)].into());
}

pub async fn lists_newest_first(store: &Store) {
    for number in 1..=5 {
        let requester = if number % 2 == 0 { "U2" } else { "U1" };
        let status = if number == 3 { Status::Resolved } else { Status::Received };
        put(store, Ticket { status, ..ticket(number, requester) }, 0).await;
    }
    let list = async |filter, before: Option<u64>, limit| {
        let page = Page { before: before.map(TicketId::new), limit };
        let found = store.tickets(&workspace(), filter, page).await.unwrap();
        found.into_iter().map(|found| found.ticket.id.number()).collect::<Vec<_>>()
    };
    assert_eq!(list(TicketFilter::default(), None, 2).await, [5, 4]);
    assert_eq!(list(TicketFilter::default(), Some(4), 9).await, [3, 2, 1]);
    let of_one = TicketFilter { requester: Some(person("U1")), ..TicketFilter::default() };
    assert_eq!(list(of_one, None, 9).await, [5, 3, 1]);
    let closed = TicketFilter { statuses: vec![Status::Resolved, Status::Dismissed], ..TicketFilter::default() };
    assert_eq!(list(closed, None, 9).await, [3]);

    let texts = store.recent_texts(&workspace(), 2).await.unwrap();
    assert_eq!(texts, [(TicketId::new(5), SECRET.to_owned()), (TicketId::new(4), SECRET.to_owned())]);
}

pub async fn keeps_decisions_to_the_byte(store: &Store) {
    let inputs = inputs();
    for ordinal in 1..=3 {
        let record = DecisionRecord { inputs: inputs.clone(), decision: decision(ordinal) };
        let ticket = Some(TicketWrite::new(ticket(1, "U1"), u64::from(ordinal) - 1));
        store.commit(Commit { ticket, decision: Some(record), ..Commit::new(workspace()) }).await.unwrap();
    }
    let first = store.decisions(&workspace(), None, 2).await.unwrap();
    assert_eq!(first.iter().map(|found| found.ordinal).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(first[0].inputs.as_deref(), Some(serde_json::to_vec(&inputs).unwrap().as_slice()));
    assert_eq!(first[0].decision, serde_json::to_vec(&decision(1)).unwrap());
    assert_eq!((&first[0].policy, first[0].at), (&PolicyHash::new("abc"), at(3)));
    let rest = store.decisions(&workspace(), Some((first[1].ticket, first[1].ordinal)), 9).await.unwrap();
    assert_eq!(rest.iter().map(|found| found.ordinal).collect::<Vec<_>>(), [3]);
}

pub fn inputs() -> DecisionInputs {
    let ticket = ticket(1, "U1");
    DecisionInputs {
        ticket: TicketFacts {
            text: SECRET.to_owned(),
            source: ticket.source,
            requester_is_external: false,
            received_at: at(0),
            severity: Severity::MILDEST,
            requested_priority: None,
        },
        assessment: assessment(),
        customer: Customer::default(),
        load: Load::default(),
        queue_load: None,
        lapses: Vec::new(),
        auto_from: None,
        now: at(3),
    }
}

pub async fn keeps_policies(store: &Store) {
    let hash = PolicyHash::new("abc");
    assert_eq!(store.policy_source(&hash).await.unwrap(), None);
    for _ in 0..2 {
        store.save_policy(&hash, "[squads]", at(0)).await.unwrap();
    }
    assert_eq!(store.policy_source(&hash).await.unwrap().as_deref(), Some("[squads]"));
}
