//! Random lives of a ticket: people press what they like, messages come and go, effects are performed late, twice
//! and out of order, timers fire when they are due or again later. What must always hold is checked after each event.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::needless_pass_by_value
)]

#[path = "support/desk.rs"]
mod desk;
mod support;

use std::collections::{BTreeMap, BTreeSet};

use desk::{Desk, approved, assessed, changed, issue, message, person, pressed, request, shows_card};
use deskbell_domain::action::{ActionState, Approval};
use deskbell_domain::decision::Customer;
use deskbell_domain::enrichment::{BoundLookups, Lapse, LapseReason, LookedUp, Lookup};
use deskbell_domain::errand::Introduction;
use deskbell_domain::ids::{ActionId, MessageTs, NoticeId, QueueId};
use deskbell_domain::interaction::Button;
use deskbell_domain::knowledge::{OfferEnd, Outcome, Purpose, SolvingEnd, Sought, Unanswered};
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{Actor, PostedMessage, Status, StatusCategory, Ticket};
use deskbell_domain::workflow::Transition;
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::{Event, ReplyTo};
use jiff::SignedDuration;
use proptest::prelude::*;
use support::{POLICY, load, load_of};

/// Those who may most stand twice, so that lives get far.
const PEOPLE: [&str; 10] =
    ["U0BEN", "U0BEN", "U0DEV", "U0DEV", "U0LEAD", "U0LEAD", "U0CARLA", "U0BOSS", "U0ANN", "U9GUEST"];
const SQUADS: [&str; 3] = ["payments", "platform", "gone"];
const CATEGORIES: [Option<&str>; 3] = [Some("billing"), Some("login"), None];
const STATUSES: [(&str, StatusCategory); 3] =
    [("To Do", StatusCategory::New), ("In Progress", StatusCategory::Indeterminate), ("Done", StatusCategory::Done)];
const SETTLING: [Button; 3] = [Button::Retry, Button::Skip, Button::TakeOver];

/// What happens next. Numbers are taken modulo what there is to choose from.
#[derive(Debug, Clone)]
enum Happening {
    Press(usize, usize),
    Change(usize, usize),
    Say(u8),
    /// The requester says more at the present time.
    SayNow,
    Edit(u8, u8),
    Delete(u8),
    /// Perform an effect of the queue: which, how it ends, and whether it is performed again later.
    Perform {
        which: usize,
        ends: u8,
        again: bool,
    },
    OpsChoose(usize, usize, usize),
    Wait(u16),
    /// A timer is delivered once more.
    Repeat(usize),
    Load(u32, u32),
    /// The tracker tells of a status: which, and how many minutes ago.
    TrackerTells(usize, u8),
}

fn happening() -> impl Strategy<Value = Happening> {
    let any_number = any::<usize>();
    prop_oneof![
        4 => (any_number, any_number).prop_map(|(button, who)| Happening::Press(button, who)),
        1 => (any_number, any_number).prop_map(|(squad, who)| Happening::Change(squad, who)),
        1 => (0_u8..6).prop_map(Happening::Say),
        1 => Just(Happening::SayNow),
        1 => (0_u8..6, any::<u8>()).prop_map(|(which, text)| Happening::Edit(which, text)),
        1 => (1_u8..9).prop_map(Happening::Delete),
        8 => (any_number, any::<u8>(), any::<bool>())
            .prop_map(|(which, ends, again)| Happening::Perform { which, ends, again }),
        3 => (any_number, any_number, any_number).prop_map(|(which, button, who)| Happening::OpsChoose(which, button, who)),
        2 => (1_u16..300).prop_map(Happening::Wait),
        1 => any_number.prop_map(Happening::Repeat),
        1 => (0_u32..9, 0_u32..9).prop_map(|(payments, platform)| Happening::Load(payments, platform)),
        2 => (any_number, 0_u8..4).prop_map(|(which, ago)| Happening::TrackerTells(which, ago)),
    ]
}

struct Simulation {
    desk: Desk,
    queue: Vec<Effect>,
    /// Each job's id and what it does: the same id must always mean the same.
    jobs: BTreeMap<String, String>,
    /// Actions that took effect at the vendor's.
    carried_out: BTreeSet<ActionId>,
    fired: Vec<Effect>,
    posts: u32,
}

impl Simulation {
    fn new(policy: Policy, lookups: BoundLookups, has_knowledge: bool) -> Self {
        let mut desk = Desk::new(policy);
        desk.lookups = lookups;
        desk.has_knowledge = has_knowledge;
        desk.assigns = has_knowledge;
        let mut simulation = Self {
            desk,
            queue: Vec::new(),
            jobs: BTreeMap::new(),
            carried_out: BTreeSet::new(),
            fired: Vec::new(),
            posts: 0,
        };
        simulation.on(request("Charged twice"));
        simulation
    }

    fn on(&mut self, event: Event) {
        let before = self.desk.ticket.clone();
        let timers = self.desk.timers.len();
        let transition = self.desk.on(event.clone());
        if let Some(after) = &transition.ticket {
            check_change(before.as_ref(), after, &transition, &event);
        }
        self.enqueue(&transition, &event);
        for set in timers..self.desk.timers.len() {
            let (timer, at) = self.desk.timers[set].clone();
            assert!(at >= self.desk.ticket().received_at, "{timer:?}");
            self.remember(&Effect::Fire(timer));
        }
    }

    fn enqueue(&mut self, transition: &Transition, event: &Event) {
        for effect in &transition.effects {
            if let Effect::Dispatch { action, .. } = effect {
                let ticket = self.desk.ticket();
                assert!(approved(ticket, *action), "{action} is dispatched without a right by {event:?}");
                let undoes = ticket.action(*action).unwrap().undoes.is_some();
                assert!(undoes || !ticket.is_being_undone(), "{action} overtakes what undoes the decision before");
            }
            if self.remember(effect) {
                self.queue.push(effect.clone());
            }
        }
    }

    /// Whether the job is new.
    fn remember(&mut self, effect: &Effect) -> bool {
        let ticket = self.desk.ticket();
        let id = effect.job_id(&ticket.workspace, Some(ticket.id)).to_string();
        let what = format!("{effect:?}");
        match self.jobs.insert(id.clone(), what.clone()) {
            Some(known) => {
                assert_eq!(known, what, "{id} is the name of two jobs");
                // What was found for the same words and the same readers is not looked for again.
                let is_suggestion = matches!(effect, Effect::SeekAnswer { purpose: Purpose::Suggest, .. });
                assert!(is_suggestion || matches!(effect, Effect::Dispatch { .. }), "{id} is asked for twice");
                false
            }
            None => true,
        }
    }

    fn happen(&mut self, happening: &Happening) {
        match *happening {
            Happening::Press(button, who) => {
                self.on(pressed(Button::ALL[button % Button::ALL.len()], PEOPLE[who % PEOPLE.len()]));
            }
            Happening::Change(squad, who) => {
                self.on(changed(SQUADS[squad % SQUADS.len()], "p1", PEOPLE[who % PEOPLE.len()]));
            }
            Happening::Say(number) => self.on(Event::MessageJoined(message(&format!("1.000{number}"), "more"))),
            Happening::SayNow => {
                let ts = format!("{}.000100", self.desk.now.as_second());
                self.on(Event::MessageJoined(message(&ts, "still broken")));
            }
            Happening::Edit(number, text) => {
                self.on(Event::MessageEdited(message(&format!("1.000{number}"), &format!("edited {text}"))));
            }
            Happening::Delete(number) => self.on(Event::MessageDeleted(MessageTs::from(&*format!("1.000{number}")))),
            Happening::Perform { which, ends, again } => self.perform(which, ends, again),
            Happening::OpsChoose(which, button, who) => self.ops_choose(which, button, who),
            Happening::Wait(minutes) => self.wait(i64::from(minutes)),
            Happening::Repeat(which) => {
                if !self.fired.is_empty()
                    && let Effect::Fire(timer) = self.fired[which % self.fired.len()].clone()
                {
                    self.on(Event::TimerFired(timer));
                }
            }
            Happening::TrackerTells(which, ago) => {
                let (status, category) = STATUSES[which % STATUSES.len()];
                let at = self.desk.now - SignedDuration::from_mins(i64::from(ago));
                self.on(Event::TrackerMoved { status: status.to_owned(), category, at });
            }
            Happening::Load(payments, platform) => {
                self.desk.load = load_of(&[("payments", payments), ("platform", platform)]);
            }
        }
    }

    fn ops_choose(&mut self, which: usize, button: usize, who: usize) {
        let known = self.desk.ticket().actions.len();
        let action = desk::action(u32::try_from(which % (known + 1)).unwrap() + 1);
        let button = SETTLING[button % SETTLING.len()];
        let by = person(PEOPLE[who % PEOPLE.len()]);
        self.on(Event::OpsChose { action, button, by, reply: ReplyTo::default() });
    }

    fn wait(&mut self, minutes: i64) {
        let until = self.desk.now + SignedDuration::from_mins(minutes);
        while let Some(next) = (0..self.desk.timers.len())
            .filter(|at| self.desk.timers[*at].1 <= until)
            .min_by_key(|at| self.desk.timers[*at].1)
        {
            let (timer, at) = self.desk.timers.remove(next);
            self.desk.now = self.desk.now.max(at);
            self.fired.push(Effect::Fire(timer.clone()));
            self.on(Event::TimerFired(timer));
        }
        self.desk.now = until;
    }

    fn perform(&mut self, which: usize, ends: u8, again: bool) {
        if self.queue.is_empty() {
            return;
        }
        let effect = self.queue.remove(which % self.queue.len());
        if again {
            self.queue.push(effect.clone());
        }
        self.outcome(&effect, ends);
    }

    /// Performs as a worker would: it loads the ticket, does nothing that is settled, and reports.
    fn outcome(&mut self, effect: &Effect, ends: u8) {
        match effect {
            Effect::Assess { revision } => self.on(assessed(*revision, CATEGORIES[usize::from(ends) % 3])),
            Effect::Enrich { lookup, revision } => self.enrich(*lookup, *revision, ends),
            Effect::ShowCard { change } => {
                if ends.is_multiple_of(8) {
                    return self.on(Event::CardUndeliverable { reason: "not_in_channel".to_owned() });
                }
                let posted = self.posted();
                let seen = self.desk.ticket().changes;
                self.on(Event::CardPosted { posted, change: seen.max(*change) });
            }
            Effect::ShowNotice { notice, .. } => self.show_notice(*notice, ends),
            Effect::Dispatch { action, .. } => self.dispatch(*action, ends),
            Effect::NameRequester => self.on(Event::RequesterNamed { name: "Ann Other".to_owned() }),
            Effect::Introduce { errand, .. } => {
                let email = ends.is_multiple_of(2).then(|| "who@example.com".to_owned());
                let who = Introduction { name: Some("Ann Other".to_owned()), email };
                self.on(Event::Introduced { errand: errand.clone(), who });
            }
            Effect::SeekAnswer { purpose, revision, .. } => self.seek(*purpose, *revision, ends),
            Effect::Tell { .. } | Effect::OfferChange { .. } | Effect::SettleAnswer { .. } => {}
            other => panic!("the workflow asked for {other:?}"),
        }
    }

    /// One in four never answers: its deadline does.
    fn enrich(&mut self, lookup: Lookup, revision: u32, ends: u8) {
        let server = "crm".to_owned();
        let answer = match (ends % 4, lookup) {
            (0, _) => return,
            (1, _) => LookedUp::Lapsed(Lapse { lookup, server, why: LapseReason::Failed }),
            (_, Lookup::Customer) => LookedUp::Customer(Customer { known: true, ..Customer::default() }),
            (_, Lookup::QueueLoad) => LookedUp::QueueLoad([(QueueId::from("money"), u32::from(ends))].into()),
        };
        self.on(desk::enriched(revision, answer));
    }

    /// One in four never answers: the deadline does.
    fn seek(&mut self, purpose: Purpose, revision: u32, ends: u8) {
        let sought = match ends % 4 {
            0 => return,
            1 => Sought::Unanswered(Unanswered::Unsure),
            _ => {
                self.posts += 1;
                Sought::Found(desk::finding(u64::from(self.posts)))
            }
        };
        let read_in = self.desk.ticket().readers_of(purpose).cloned();
        self.on(Event::AnswerSought { purpose, revision, read_in, sought: Box::new(sought) });
    }

    fn show_notice(&mut self, notice: NoticeId, ends: u8) {
        if ends.is_multiple_of(8) {
            return self.on(Event::NoticeUndeliverable { notice, reason: "is_archived".to_owned() });
        }
        let posted = self.posted();
        let change = self.desk.ticket().changes;
        self.on(Event::NoticePosted { notice, posted, change });
    }

    fn posted(&mut self) -> PostedMessage {
        self.posts += 1;
        PostedMessage { channel: "C0ANY".into(), ts: MessageTs::from(&*format!("9.{}", self.posts)) }
    }

    fn dispatch(&mut self, action: ActionId, ends: u8) {
        if !approved(self.desk.ticket(), action) {
            return self.sent_before(action, ends);
        }
        let record = self.desk.ticket().action(action).unwrap();
        // Each issue has a key of its own.
        let external = record.primary.then(|| issue(&format!("PAY-{}", action.ordinal)));
        match ends % 4 {
            0 => {
                self.on(Event::ActionParked { action, reason: "refused".to_owned(), words: None, fate_unknown: false });
            }
            1 => {
                self.carried_out.insert(action);
                self.on(Event::ActionParked {
                    action,
                    reason: "lost".to_owned(),
                    words: Some("it timed out".to_owned()),
                    fate_unknown: true,
                });
            }
            _ => {
                self.carried_out.insert(action);
                let former = ends.is_multiple_of(3).then(|| "Former".to_owned());
                self.on(Event::ActionDone { action, external, former });
            }
        }
    }

    /// The call may have been under way when the decision was undone: it happened, or nobody knows.
    fn sent_before(&mut self, action: ActionId, ends: u8) {
        let record = self.desk.ticket().action(action).unwrap();
        if !matches!(record.state, ActionState::Withdrawn { .. }) {
            return;
        }
        let external = record.primary.then(|| issue(&format!("PAY-{}", action.ordinal)));
        match ends % 8 {
            0 => self.on(Event::ActionParked { action, reason: "lost".to_owned(), words: None, fate_unknown: true }),
            1 => {
                self.on(Event::ActionParked { action, reason: "refused".to_owned(), words: None, fate_unknown: false });
            }
            2 => self.on(Event::ActionDone { action, external, former: Some(String::new()) }),
            _ => {}
        }
    }

    /// Everything that is due is done and succeeds, a card that was refused everywhere too.
    fn complete(&mut self) {
        self.drain();
        if !self.desk.ticket().awaited.is_empty() {
            self.wait(1);
            self.drain();
        }
        if self.desk.ticket().is_being_answered() {
            self.wait(1);
            self.drain();
        }
        if self.desk.ticket().card.is_put_off {
            self.wait(5);
            self.drain();
        }
    }

    fn drain(&mut self) {
        for _ in 0..2000 {
            if self.queue.is_empty() {
                return;
            }
            let effect = self.queue.remove(0);
            self.outcome(&effect, 3);
        }
        panic!("the effects never end: {:?}", self.queue);
    }
}

/// What people can see on the card, as far as the ticket itself says it.
fn visible(ticket: &Ticket) -> impl PartialEq + std::fmt::Debug + use<> {
    let states: Vec<ActionState> = ticket.actions.iter().map(|record| record.state.clone()).collect();
    let decision = ticket.decision.as_ref().map(|decision| decision.ordinal);
    let facts = (ticket.squad.clone(), ticket.queue.clone(), ticket.priority.clone(), ticket.category.clone());
    let people = (ticket.assignee.clone(), ticket.answer.clone(), ticket.escalation.clone());
    let clock = ticket.sla.as_ref().and_then(|clock| clock.breached_at);
    (
        ticket.status,
        ticket.severity,
        states,
        decision,
        facts,
        people,
        ticket.external.clone(),
        clock,
        ticket.card.channel.clone(),
    )
}

fn check_change(before: Option<&Ticket>, after: &Ticket, transition: &Transition, event: &Event) {
    let alerts = after.notices.iter().filter(|notice| notice.kind == NoticeKind::SquadAlert).count();
    assert!(alerts <= 1, "{alerts} squad alerts after {event:?}");
    for (index, record) in after.actions.iter().enumerate() {
        assert_eq!(usize::try_from(record.id.ordinal).unwrap(), index + 1);
        let approvals = after.approvals.iter().filter(|approval| approval.actions().contains(&record.id)).count();
        assert_eq!(approvals, 1, "{} is approved {approvals} times", record.id);
        assert!(after.words.actions.contains_key(&record.id));
    }
    let issues = after.standing_actions().filter(|record| record.primary).count();
    assert!(issues <= 1, "{issues} issues are wanted after {event:?}");
    let decided = transition.decision.as_ref();
    assert!(decided.is_none() || after.awaited.is_empty(), "{event:?} decided before {:?} answered", after.awaited);
    let lapses = decided.map_or(0, |made| made.inputs.lapses.len());
    assert!(decided.is_none_or(|made| made.decision.warnings.len() >= lapses), "{event:?} hides what it did without");
    check_undone(after, event);
    check_answers(before, after, event);
    let Some(before) = before else { return };
    let is_undone = before.undone != after.undone && matches!(event, Event::Pressed { button: Button::Undo, .. });
    let is_still_broken = !before.status.is_open()
        && matches!(event, Event::MessageJoined(said) if said.ts.as_ref().and_then(MessageTs::sent_at) > before.closed_at);
    if !(before.status.is_open() || is_undone || is_still_broken && after.status.is_open()) {
        assert_eq!(after.status, before.status, "{event:?} reopened it");
        assert_eq!(after.closed_at, before.closed_at);
    }
    if before.status != after.status {
        assert!(!transition.audit.is_empty(), "{event:?} changed the status without a trace");
    }
    let asks_again = before.status == Status::Dismissed && after.status == Status::Received;
    if before.answer.is_some() && !asks_again && !is_undone {
        assert_eq!(after.answer, before.answer, "{event:?} changed the answer");
    }
    if visible(before) != visible(after) && after.decision.is_some() {
        assert!(shows_card(transition), "{event:?} changed {:?} to {:?} unseen", visible(before), visible(after));
    }
    check_history(before, after, event);
    assert!(before.external.is_none() || is_undone || after.external == before.external, "{event:?} lost the issue");
}

/// An answer is settled once, and only who asked says that it helped.
fn check_answers(before: Option<&Ticket>, after: &Ticket, event: &Event) {
    let open = after.offers.iter().filter(|offer| offer.end.is_none()).count();
    assert!(open <= 1 && after.offers.iter().rev().skip(1).all(|offer| offer.end.is_some()), "{event:?}: {open} open");
    for offer in &after.offers {
        assert!(after.words.answers.contains_key(&offer.answer), "{event:?} lost an answer");
        if let Some(end) = offer.end.as_ref().filter(|end| end.outcome == Outcome::Solved) {
            assert_eq!(end.by.as_ref(), Some(&after.requester), "{event:?}");
        }
    }
    let confirmed = after.solving.as_ref().is_some_and(|solving| solving.end == Some(SolvingEnd::Confirmed));
    if confirmed {
        let is_solved = |end: &OfferEnd| end.outcome == Outcome::Solved;
        assert!(after.offers.last().and_then(|offer| offer.end.as_ref()).is_some_and(is_solved), "{event:?}");
    }
    let Some(before) = before else { return };
    for (was, is) in before.offers.iter().zip(&after.offers) {
        assert_eq!((was.answer, was.at), (is.answer, is.at));
        assert!(was.end.is_none() || was.end == is.end, "{event:?} settled an answer again");
    }
}

/// What a person undid is undone once, and nothing but a person decides anew.
fn check_undone(ticket: &Ticket, event: &Event) {
    let mut undoing = BTreeSet::new();
    for record in ticket.actions.iter().filter(|record| record.undoes.is_some()) {
        assert!(undoing.insert((record.undoes, record.name.clone())), "{event:?} undoes twice: {record:?}");
        assert!(ticket.is_revoked(record.undoes.unwrap()), "{event:?} undoes what stands: {record:?}");
    }
    let by_itself = |approval: &&Approval| approval.stands() && !matches!(approval.by(), Actor::Person(_));
    let by_itself = ticket.approvals.iter().find(by_itself).filter(|_| ticket.was_undone());
    assert!(by_itself.is_none(), "after an undoing {event:?} decided by itself: {by_itself:?}");
    let external = ticket.external.as_ref();
    let is_revoked = ticket.actions.iter().any(|record| match &record.state {
        ActionState::Done { external: made } => {
            made.is_some() && made.as_ref() == external && ticket.is_revoked(record.id)
        }
        _ => false,
    });
    assert!(!is_revoked, "{event:?} made the issue of an undone decision the ticket's");
}

/// What happened is never taken back.
fn check_history(before: &Ticket, after: &Ticket, event: &Event) {
    assert!(after.severity <= before.severity, "{event:?} made it milder");
    assert!(after.changes >= before.changes && after.revision >= before.revision);
    assert!(after.approvals.len() >= before.approvals.len(), "{event:?} lost an approval");
    for (was, is) in before.approvals.iter().zip(&after.approvals) {
        assert_eq!(
            (was.by(), was.at(), was.undoes()),
            (is.by(), is.at(), is.undoes()),
            "{event:?} rewrote an approval"
        );
        assert!(was.stands() || !is.stands(), "{event:?} gave a revoked approval back");
        let is_kept =
            if was.undoes() { is.actions().starts_with(was.actions()) } else { is.actions() == was.actions() };
        assert!(is_kept, "{event:?} rewrote what an approval allows");
    }
    assert!(after.notices.len() >= before.notices.len() && after.actions.len() >= before.actions.len());
    for (was, is) in before.actions.iter().zip(&after.actions) {
        assert_eq!(before.words.actions[&was.id], after.words.actions[&is.id], "what was approved is what is sent");
        // Of what was withdrawn it may turn out that it was under way.
        if was.state.is_settled() && !matches!(was.state, ActionState::Withdrawn { .. }) {
            assert_eq!(was.state, is.state, "{event:?} unsettled {}", was.id);
        }
        assert!(is.generation >= was.generation);
    }
    let breach = |kind: &NoticeKind| matches!(kind, NoticeKind::SlaBreached { .. });
    let breaches = after.notices.iter().filter(|notice| breach(&notice.kind)).count();
    assert!(breaches <= 2, "{breaches} breaches of two targets");
}

/// Once all that was asked for is done, nothing waits but what waits for a person.
fn check_rest(ticket: &Ticket) {
    for record in &ticket.actions {
        let waits_for_ops = matches!(record.state, ActionState::Parked { .. });
        // A secondary action waits with the primary that is parked.
        let waits_for_the_issue =
            !record.primary && ticket.status == Status::Parked && record.state == ActionState::Pending;
        assert!(record.state.is_settled() || waits_for_ops || waits_for_the_issue, "{record:?} in {:?}", ticket.status);
        if waits_for_ops {
            let open = ticket.notices.iter().any(|notice| {
                matches!(&notice.kind, NoticeKind::OpsAlert { action, settled_by: None, .. } if *action == record.id)
            });
            assert!(open, "nobody can settle {record:?}");
        }
    }
    let asks = matches!(ticket.status, Status::Received | Status::AwaitingConfirmation);
    assert!(!asks || ticket.awaited.is_empty(), "it waits for {:?} for ever", ticket.awaited);
    assert!(!matches!(ticket.status, Status::Received | Status::Dispatching), "it hangs in {:?}", ticket.status);
    let waits_for_word = ticket.open_offer().is_some() && ticket.approval().is_none();
    assert!(
        !ticket.is_being_answered() || waits_for_word || ticket.waits_for_more(),
        "nobody answers: {:?}",
        ticket.solving
    );
    for record in ticket.actions.iter().filter(|record| record.primary && ticket.is_revoked(record.id)) {
        let ActionState::Done { external: Some(made) } = &record.state else { continue };
        let undoing = ticket.actions.iter().filter(|other| other.undoes == Some(record.id));
        let names: Vec<&str> =
            undoing.filter(|it| it.about.as_ref() == Some(made)).map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["comment", "transition"], "{} was made and is not closed", made.key);
    }
    if ticket.approval().is_some() {
        assert!(ticket.notices.iter().any(|notice| notice.kind == NoticeKind::SquadAlert), "the squad never heard");
    }
    // A closed ticket's card that the triage channel refused too is nowhere to be seen, but the ops channel has heard of it.
    let told_ops = |notice: &deskbell_domain::notice::Notice| matches!(&notice.kind, NoticeKind::DeliveryFailed { what, .. } if what.contains("triage card"));
    let refused_everywhere = ticket.status == Status::Dismissed
        && ticket.card.posted.is_none()
        && ticket.card.channel.as_str() == "C0TRIAGE"
        && ticket.notices.iter().any(told_ops);
    if ticket.decision.is_some() && !refused_everywhere {
        assert!(ticket.card.posted.is_some() && ticket.card.shown >= ticket.decided_change, "the card is behind");
    }
}

fn policies() -> impl Strategy<Value = Policy> {
    let expiry = prop_oneof![Just("escalate"), Just("confirm"), Just("dismiss")];
    let written = prop_oneof![Just("[]"), Just("[\"resolution\", \"handover\"]")];
    let actions =
        prop_oneof![Just("\"create_issue\""), Just("\"create_story\", \"post_message\""), Just("\"post_message\"")];
    let answers = prop_oneof![Just(""), Just("hand_over"), Just("close")];
    (expiry, any::<bool>(), written, actions, answers).prop_map(|(expiry, clocks, written, actions, answers)| {
        let source = POLICY.replace("on_expiry = \"escalate\"", &format!("on_expiry = \"{expiry}\""));
        let normal = if clocks { "normal = \"p1\"" } else { "normal = \"p3\"" };
        let source = source.replace("actions = [\"create_issue\"]", &format!("actions = [{actions}]"));
        let source = format!("write_back = {written}\n{}", source.replace("normal = \"p3\"", normal));
        let acts = if clocks { "\nsolve_with = [\"unlock_account\", \"tell_office\"]" } else { "" };
        let answering = |answers| {
            let source = desk::answering(&source, answers).replace("ask_back = false", &format!("ask_back = {clocks}"));
            source.replace("answer = true", &format!("answer = true{acts}"))
        };
        if answers.is_empty() { load(&source) } else { load(&answering(answers)) }
    })
}

fn lookups() -> impl Strategy<Value = BoundLookups> {
    let some: [&[Lookup]; 4] = [&[], &[Lookup::Customer], &[Lookup::QueueLoad], &[Lookup::Customer, Lookup::QueueLoad]];
    prop::sample::select(some.to_vec()).prop_map(desk::bound)
}

/// `tests/nightly` tries each property on many times as many cases.
fn cases(usual: u32) -> u32 {
    usual * std::env::var("DESKBELL_CASES_TIMES").map_or(1, |times| times.parse().unwrap())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(400), failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_life_keeps_the_promises(policy in policies(), lookups in lookups(), knows in any::<bool>(), life in prop::collection::vec(happening(), 1..120)) {
        let mut simulation = Simulation::new(policy, lookups, knows);
        for happening in &life {
            simulation.happen(happening);
        }
        simulation.complete();
        let rested = simulation.desk.ticket().clone();
        check_rest(&rested);
        // A store that wrote and read the ticket goes on as if nothing had been.
        let stored: Ticket = serde_json::from_str(&serde_json::to_string(&rested).unwrap()).unwrap();
        prop_assert_eq!(stored, rested);
    }
}
