//! One ticket at a desk: events in, what follows is collected; time moves only when told.
#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::needless_pass_by_value)]

use std::collections::BTreeMap;

use deskbell_domain::action::{ActionState, ApprovedAction, StoredTicket};
use deskbell_domain::assessment::{AssessorName, Confidence};
use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::decision::Load;
use deskbell_domain::enrichment::{BoundLookup, BoundLookups, LookedUp, Lookup};
use deskbell_domain::ids::{
    ActionId, CategoryId, ChannelId, MessageTs, NoticeId, PersonId, PriorityId, SquadId, TicketId, WorkspaceId,
};
use deskbell_domain::interaction::Button;
use deskbell_domain::knowledge::{Citation, Finding, Purpose, Sought, Statement};
use deskbell_domain::notice::{EscalationCall, Notice, NoticeKind};
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Actor, Card, ExternalRef, PostedMessage, Status, Ticket, TicketMessage};
use deskbell_domain::workflow::effect::{Effect, Telling, Timer};
use deskbell_domain::workflow::event::{Event, NewRequest, Person, ReplyTo};
use deskbell_domain::workflow::{Context, Transition, step};
use jiff::{SignedDuration, Timestamp};

use crate::support::{assessment, source, start};

pub fn person(id: &str) -> Person {
    Person { id: PersonId::from(id), is_external: id.starts_with("U9") }
}

pub fn by(id: &str) -> Actor {
    Actor::Person(PersonId::from(id))
}

pub fn action(ordinal: u32) -> ActionId {
    ActionId { ticket: TicketId::new(7), ordinal }
}

pub fn message(ts: &str, text: &str) -> TicketMessage {
    TicketMessage { ts: Some(MessageTs::from(ts)), text: text.to_owned(), author: None, edited: None }
}

pub fn issue(key: &str) -> ExternalRef {
    ExternalRef { system: "jira".to_owned(), key: key.to_owned(), url: None }
}

pub fn request(text: &str) -> Event {
    Event::Received(Box::new(NewRequest {
        workspace: WorkspaceId::from("T1"),
        source: source(),
        requester: PersonId::from("U0ANN"),
        requester_is_external: false,
        is_said_in_shared_channel: false,
        requester_name: None,
        requester_email: None,
        subject: None,
        requested_priority: None,
        message: message("1.0001", text),
        card: Card::new(ChannelId::from("C0SUPPORT"), Some(MessageTs::from("1.0001"))),
        tried: None,
    }))
}

pub fn pressed(button: Button, who: &str) -> Event {
    Event::Pressed { button, seen: None, by: person(who), reply: ReplyTo::default() }
}

pub fn chosen(button: Button, ordinal: u32) -> Event {
    Event::OpsChose { action: action(ordinal), button, by: person("U0LEAD"), reply: ReplyTo::default() }
}

pub fn changed(squad: &str, priority: &str, who: &str) -> Event {
    Event::Changed {
        seen: None,
        by: person(who),
        squad: SquadId::from(squad),
        priority: PriorityId::from(priority),
        category: Some(CategoryId::from("login")),
        reply: ReplyTo::default(),
    }
}

pub fn assessed(revision: u32, category: Option<&str>) -> Event {
    Event::Assessed { revision, assessment: Box::new(assessment(category)) }
}

pub fn enriched(revision: u32, answer: LookedUp) -> Event {
    Event::Enriched { revision, answer: Box::new(answer) }
}

/// What the knowledge base says.
pub fn finding(number: u64) -> Finding {
    let citation = Citation {
        server: "knowledge".to_owned(),
        passage: format!("p{number}"),
        title: "Refunds".to_owned(),
        heading: "How long?".to_owned(),
        url: None,
        version: Some("3".to_owned()),
        updated: None,
        is_public: true,
    };
    Finding {
        number,
        by: AssessorName::Nobody,
        statements: vec![Statement { text: "Five days.".to_owned(), sources: vec![1] }],
        sources: vec![citation],
        confidence: Confidence::from_probability(0.9),
    }
}

/// Everything is read in the channel where it was asked.
pub fn answered(purpose: Purpose, revision: u32, sought: Sought) -> Event {
    Event::AnswerSought { purpose, revision, read_in: Some(ChannelId::from("C0SUPPORT")), sought: Box::new(sought) }
}

pub fn sought(purpose: Purpose, revision: u32, number: u64) -> Event {
    answered(purpose, revision, Sought::Found(finding(number)))
}

/// The policy with a rule that lets the bot answer what is about logins.
pub fn answering(source: &str, on_silence: &str) -> String {
    let section =
        format!("[answering]\nwait = \"3h\"\nask_back = false\non_silence = \"{on_silence}\"\n\n[confirmation]");
    let rule =
        "\n[[rules]]\nid = \"answers\"\nwhen = 'assessment.category == \"login\"'\nmode = \"auto\"\nanswer = true\n";
    format!("{}{rule}", source.replacen("[confirmation]", &section, 1))
}

/// Look-ups that a decision waits for three seconds each.
pub fn bound(lookups: &[Lookup]) -> BoundLookups {
    let bound = |lookup: &Lookup| {
        let server = if *lookup == Lookup::Customer { "salesforce" } else { "zendesk" };
        (*lookup, BoundLookup { server: server.to_owned(), deadline: SignedDuration::from_secs(3) })
    };
    lookups.iter().map(bound).collect()
}

pub fn done(ordinal: u32, key: Option<&str>) -> Event {
    Event::ActionDone { action: action(ordinal), external: key.map(issue), former: None }
}

/// The same for an action that changed something, and what was there before.
pub fn changed_from(ordinal: u32, former: &str) -> Event {
    Event::ActionDone { action: action(ordinal), external: None, former: Some(former.to_owned()) }
}

pub fn parked(ordinal: u32) -> Event {
    Event::ActionParked {
        action: action(ordinal),
        reason: "jira answered 503".to_owned(),
        words: None,
        fate_unknown: false,
    }
}

pub struct Desk {
    pub policy: Policy,
    pub now: Timestamp,
    pub load: Load,
    pub lookups: BoundLookups,
    pub auto_from: BTreeMap<CategoryId, Confidence>,
    /// There is a knowledge base.
    pub has_knowledge: bool,
    /// There is a tool that assigns issues.
    pub assigns: bool,
    pub teaches: bool,
    pub ticket: Option<Ticket>,
    pub effects: Vec<Effect>,
    pub timers: Vec<(Timer, Timestamp)>,
    pub audit: Vec<AuditEntry>,
    events: u32,
}

impl Desk {
    pub fn new(policy: Policy) -> Self {
        let (effects, timers, audit) = (Vec::new(), Vec::new(), Vec::new());
        let (load, lookups) = (Load::default(), BoundLookups::new());
        let (now, auto_from) = (start(), BTreeMap::new());
        let (has_knowledge, assigns, teaches) = (false, false, false);
        Self {
            policy,
            now,
            load,
            lookups,
            auto_from,
            has_knowledge,
            assigns,
            teaches,
            ticket: None,
            effects,
            timers,
            audit,
            events: 0,
        }
    }

    /// A ticket of this category that waits for its confirmation, its card posted.
    pub fn asking(policy: Policy, category: Option<&str>) -> Self {
        let mut desk = Self::new(policy);
        desk.on(request("Charged twice"));
        desk.on(assessed(1, category));
        desk.post_card();
        desk
    }

    /// A billing ticket with the squad, its issue open and its comment made.
    pub fn following(policy: Policy) -> Self {
        let mut desk = Self::asking(policy, Some("billing"));
        desk.on(pressed(Button::Confirm, "U0BEN"));
        desk.on(done(1, Some("PAY-1")));
        desk.on(done(2, None));
        assert_eq!(desk.status(), Status::Following);
        desk
    }

    pub fn on(&mut self, event: Event) -> Transition {
        self.events += 1;
        let context = Context {
            new_ticket: TicketId::new(7),
            load: self.load.clone(),
            lookups: self.lookups.clone(),
            auto_from: self.auto_from.clone(),
            has_knowledge: self.has_knowledge,
            assigns: self.assigns,
            teaches: self.teaches,
            cause: format!("event-{}", self.events),
        };
        let transition = step(&self.policy, &context, self.ticket.as_ref(), event, self.now);
        if let Some(ticket) = &transition.ticket {
            self.ticket = Some(ticket.clone());
        }
        self.effects.extend(transition.effects.iter().cloned());
        self.timers.extend(transition.timers.iter().cloned());
        self.audit.extend(transition.audit.iter().cloned());
        transition
    }

    /// The event changes nothing, asks for nothing and tells nobody.
    pub fn ignores(&mut self, event: Event) {
        assert_eq!(self.on(event.clone()), Transition::default(), "{event:?}");
    }

    pub fn post_card(&mut self) {
        let change = self.ticket().changes;
        let posted = PostedMessage { channel: self.ticket().card.channel.clone(), ts: MessageTs::from("2.0001") };
        self.on(Event::CardPosted { posted, change });
    }

    pub fn fire(&mut self, timer: Timer) -> Transition {
        self.on(Event::TimerFired(timer))
    }

    /// Lets time pass and fires the timers that came due, in order.
    pub fn wait(&mut self, minutes: i64) {
        let until = self.now + SignedDuration::from_mins(minutes);
        loop {
            let next =
                (0..self.timers.len()).filter(|at| self.timers[*at].1 <= until).min_by_key(|at| self.timers[*at].1);
            let Some(next) = next else { break };
            let (timer, at) = self.timers.remove(next);
            self.now = self.now.max(at);
            self.fire(timer);
        }
        self.now = until;
    }

    pub fn ticket(&self) -> &Ticket {
        self.ticket.as_ref().expect("there is a ticket")
    }

    pub fn status(&self) -> Status {
        self.ticket().status
    }

    pub fn squad(&self) -> &str {
        self.ticket().squad.as_ref().expect("it has a squad").as_str()
    }

    pub fn state(&self, ordinal: u32) -> &ActionState {
        &self.ticket().action(action(ordinal)).expect("there is such an action").state
    }

    pub fn names(&self) -> Vec<&str> {
        self.ticket().actions.iter().map(|record| record.name.as_str()).collect()
    }

    pub fn notices(&self, of: impl Fn(&NoticeKind) -> bool) -> Vec<&Notice> {
        self.ticket().notices.iter().filter(|notice| of(&notice.kind)).collect()
    }

    pub fn alerts(&self) -> usize {
        self.notices(|kind| *kind == NoticeKind::SquadAlert).len()
    }

    pub fn escalations(&self) -> Vec<(u32, &str)> {
        let level = |notice: &Notice| match &notice.kind {
            NoticeKind::EscalationAlert(call) => Some(call.level),
            _ => None,
        };
        self.ticket().notices.iter().filter_map(|notice| Some((level(notice)?, notice.channel.as_str()))).collect()
    }

    /// The calls to escalation levels, in order.
    pub fn calls(&self) -> Vec<&EscalationCall> {
        let notices = self.ticket().notices.iter();
        notices
            .filter_map(|notice| match &notice.kind {
                NoticeKind::EscalationAlert(call) => Some(call),
                _ => None,
            })
            .collect()
    }

    pub fn audited(&self, kind: AuditKind) -> usize {
        self.audit.iter().filter(|entry| entry.kind == kind).count()
    }
}

/// What a transition dispatches: the action's ordinal and how often it was asked for.
pub fn dispatched(transition: &Transition) -> Vec<(u32, u32)> {
    let dispatch = |effect: &Effect| match effect {
        Effect::Dispatch { action, generation } => Some((action.ordinal, *generation)),
        _ => None,
    };
    transition.effects.iter().filter_map(dispatch).collect()
}

pub fn told(transition: &Transition) -> Vec<Telling> {
    let telling = |effect: &Effect| match effect {
        Effect::Tell { what, .. } => Some(what.clone()),
        _ => None,
    };
    transition.effects.iter().filter_map(telling).collect()
}

pub fn shows_card(transition: &Transition) -> bool {
    transition.effects.iter().any(|effect| matches!(effect, Effect::ShowCard { .. }))
}

pub fn shows_notice(transition: &Transition, ordinal: u32) -> bool {
    let id = NoticeId { ticket: TicketId::new(7), ordinal };
    transition.effects.iter().any(|effect| matches!(effect, Effect::ShowNotice { notice, .. } if *notice == id))
}

pub fn approved(ticket: &Ticket, id: ActionId) -> bool {
    ApprovedAction::rebuild(&StoredTicket::read_back(ticket.clone()), id).is_ok()
}
