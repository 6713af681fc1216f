//! The requester's part: a request comes in, grows, changes, is assessed and decided.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::step::{Context, DecisionRecord, Scene, Transition};
use crate::assessment::Assessment;
use crate::audit::AuditKind;
use crate::decide::{decide, due_times};
use crate::decision::{DecisionInputs, Mode, RequestedPriority, TicketFacts};
use crate::ids::{MessageTs, PersonId};
use crate::knowledge::{Offer, OfferEnd, Outcome, SolvingEnd};
use crate::notice::NoticeKind;
use crate::policy::Policy;
use crate::sla::SlaClock;
use crate::ticket::{Actor, Card, Severity, Source, Status, Ticket, TicketMessage, Words};
use crate::workflow::effect::{Effect, Timer};
use crate::workflow::event::{NewRequest, Tried};

/// Edits of a message that follow each other within this are passed on as one.
const EDITS_SETTLE_AFTER: SignedDuration = SignedDuration::from_secs(30);

/// A new ticket.
pub(super) fn received(policy: &Policy, context: &Context, request: NewRequest, now: Timestamp) -> Transition {
    let last_message_at = sent_at(&request.message, now);
    let outsiders_read = outsiders_read(&request);
    // The card tells of squads, load and rules: it stays among those who belong to the organisation.
    let is_shared = outsiders_read || request.is_said_in_shared_channel;
    let card = if is_shared { Card::new(policy.triage_channel.clone(), None) } else { request.card };
    let by = request.requester.clone();
    let ticket = Ticket {
        workspace: request.workspace,
        id: context.new_ticket,
        status: Status::Received,
        source: request.source,
        requester: request.requester,
        requester_is_external: request.requester_is_external,
        outsiders_read,
        received_at: now,
        last_message_at,
        revision: 1,
        squad: None,
        queue: None,
        priority: None,
        requested_priority: request.requested_priority,
        category: None,
        severity: Severity::MILDEST,
        decision: None,
        answer: None,
        undone: None,
        approvals: Vec::new(),
        actions: Vec::new(),
        external: None,
        tracker: None,
        card,
        notices: Vec::new(),
        assignee: None,
        claimed_at: None,
        unassigned: None,
        errands: Vec::new(),
        expired_at: None,
        escalation: None,
        sla: None,
        sla_round: 0,
        changes: 0,
        edited: BTreeMap::new(),
        edits: 0,
        assessed_revision: 0,
        awaited: BTreeSet::new(),
        decided_change: 0,
        offers: request.tried.iter().map(|tried| tried_before(tried, &by, now)).collect(),
        solving: None,
        lesson: None,
        sending: None,
        closed_at: None,
        words: Words {
            messages: vec![request.message],
            subject: request.subject,
            requester_name: request.requester_name,
            requester_email: request.requester_email,
            answers: request.tried.map(|tried| (tried.answer, tried.finding)).into_iter().collect(),
            ..Words::default()
        },
    };
    let mut scene = Scene::new(policy, context, ticket, now);
    scene.take_in();
    scene.finish_new()
}

/// Whoever asked was answered, and wants a person.
fn tried_before(tried: &Tried, by: &PersonId, now: Timestamp) -> Offer {
    let end = OfferEnd { outcome: Outcome::AskedPerson, by: Some(by.clone()), at: now };
    Offer { answer: tried.answer, at: now, sent_by: None, end: Some(end) }
}

/// A helpdesk's customer reads nothing in Slack. What somebody typed into a form nobody else reads, wherever they were.
fn outsiders_read(request: &NewRequest) -> bool {
    match request.source {
        Source::SlackMessage { .. } => request.requester_is_external || request.is_said_in_shared_channel,
        Source::SlackForm { .. } => request.requester_is_external,
        Source::Helpdesk { .. } => false,
    }
}

/// When a message was sent, which may be long before anybody could read it.
fn sent_at(message: &TicketMessage, now: Timestamp) -> Timestamp {
    message.ts.as_ref().and_then(MessageTs::sent_at).map_or(now, |sent_at| sent_at.min(now))
}

impl Scene<'_> {
    /// What follows from a request that has just come in.
    fn take_in(&mut self) {
        let by = Actor::Person(self.ticket.requester.clone());
        self.audit(by, AuditKind::TicketReceived, json!({ "source": self.ticket.source }));
        self.out.effects.push(Effect::Assess { revision: 1 });
        self.look_up();
        if !matches!(self.ticket.source, Source::Helpdesk { .. }) {
            self.out.effects.push(Effect::NameRequester);
        }
        // Whoever asked in a direct conversation or a form is answered there already.
        if self.ticket.outsiders_read && self.ticket.is_asked_in_channel() {
            self.tell_requester(NoticeKind::Accepted);
        }
    }

    pub(super) fn may_still_be_decided(&self) -> bool {
        matches!(self.ticket.status, Status::Received | Status::AwaitingConfirmation)
    }

    /// What was asked is another thing now.
    fn words_changed(&mut self, by: Actor, what: &str) {
        self.audit(by, AuditKind::WordsChanged, json!({ "what": what }));
        if let Some(solving) = self.ticket.solving.as_mut().filter(|solving| solving.end.is_none()) {
            solving.is_altered = true;
        }
        if self.may_still_be_decided() {
            self.assess_anew();
        }
    }

    /// The words are to be understood, and all that is known besides to be looked up, as if they had just come in.
    pub(super) fn assess_anew(&mut self) {
        self.ticket.revision += 1;
        self.out.effects.push(Effect::Assess { revision: self.ticket.revision });
        self.look_up();
    }

    /// A message that names no author is the requester's.
    fn author(&self, author: Option<PersonId>) -> Actor {
        Actor::Person(author.unwrap_or_else(|| self.ticket.requester.clone()))
    }

    /// The assessor's summary quotes words that were taken back, and no further assessment replaces it.
    fn forget_summary(&mut self) {
        if let Some(assessment) = &mut self.ticket.words.assessment {
            assessment.summary.clear();
        }
        if !self.may_still_be_decided() {
            self.show_card();
        }
    }

    pub(super) fn message_joined(&mut self, message: TicketMessage) {
        let known = message.ts.is_some() && self.ticket.words.messages.iter().any(|known| known.ts == message.ts);
        if known {
            return;
        }
        if !self.ticket.status.is_open() {
            if message.author.is_none() {
                let sent_at = sent_at(&message, self.now);
                self.reopen(message, sent_at);
            }
            return;
        }
        let author = message.author.clone();
        let passed_on = format!("The requester added:\n\n{}", super::plan::quoted(&message.text));
        let others = author.clone().zip(message.ts.clone());
        if author.is_none() {
            let sent_at = sent_at(&message, self.now);
            self.ticket.last_message_at = self.ticket.last_message_at.max(sent_at);
        }
        // Slack delivers in no fixed order; what was said first is read first.
        self.ticket.words.hear(message);
        self.words_changed(self.author(author), "joined");
        match others {
            Some((by, ts)) => self.show_others_words(by, ts),
            None if self.is_collecting() => self.told_more(),
            // Whoever reads it next is a person.
            None if self.ticket.is_being_answered() => self.hand_over(SolvingEnd::WroteMore),
            None => self.pass_on(&passed_on),
        }
    }

    pub(super) fn message_edited(&mut self, edited: &TicketMessage) {
        let same = |message: &&mut TicketMessage| edited.ts.is_some() && message.ts == edited.ts;
        let Some(message) = self.ticket.words.messages.iter_mut().find(same) else { return };
        // Edits that follow each other may be read in another order.
        let is_overtaken = edited.edited.is_some() && message.edited >= edited.edited;
        if message.text == edited.text || is_overtaken {
            return;
        }
        message.text.clone_from(&edited.text);
        message.edited.clone_from(&edited.edited);
        let author = message.author.clone();
        if !self.may_still_be_decided() {
            self.forget_summary();
        }
        self.words_changed(self.author(author.clone()), "edited");
        match author.zip(edited.ts.clone()) {
            Some((by, ts)) => self.show_others_words(by, ts),
            None => self.pass_on_when_settled(edited.ts.clone()),
        }
    }

    /// Who edits seldom edits once: what a message reads in a while is passed on, not each step there.
    fn pass_on_when_settled(&mut self, message: Option<MessageTs>) {
        let Some(message) = message.filter(|message| !self.ticket.edited.contains_key(message)) else { return };
        if self.may_still_be_decided() {
            return;
        }
        let Ok(at) = self.now.checked_add(EDITS_SETTLE_AFTER) else { return };
        self.ticket.edits += 1;
        let edit = self.ticket.edits;
        self.ticket.edited.insert(message.clone(), edit);
        self.timer(Timer::EditsSettled { message, edit }, at);
    }

    pub(super) fn edits_settled(&mut self, ts: &MessageTs, edit: u32) {
        if self.ticket.edited.get(ts) != Some(&edit) {
            return;
        }
        self.ticket.edited.remove(ts);
        if self.may_still_be_decided() {
            return;
        }
        if self.ticket.waits_for_more() {
            return self.told_more();
        }
        let edited = self.ticket.words.messages.iter().find(|message| message.ts.as_ref() == Some(ts));
        let Some(text) = edited.map(|message| super::plan::quoted(&message.text)) else { return };
        self.pass_on(&format!("The requester edited a message. It reads now:\n\n{text}"));
    }

    /// Slack does not say who deleted it: an administrator may delete anybody's.
    pub(super) fn message_deleted(&mut self, ts: &MessageTs) {
        let messages = &mut self.ticket.words.messages;
        let Some(place) = messages.iter().position(|message| message.ts.as_ref() == Some(ts)) else { return };
        let others = messages.remove(place).author;
        self.ticket.edited.remove(ts);
        let nothing_left = self.ticket.words.messages.is_empty();
        if nothing_left || !self.may_still_be_decided() {
            self.forget_summary();
        }
        if nothing_left && (self.may_still_be_decided() || self.ticket.is_being_answered()) {
            self.audit(Actor::Deskbell, AuditKind::WordsChanged, json!({ "what": "deleted" }));
            self.close(Status::Dismissed, Actor::Deskbell, "the message was deleted");
            return;
        }
        self.words_changed(Actor::Deskbell, "deleted");
        match others {
            Some(by) => self.show_others_words(by, ts.clone()),
            None => self.pass_on("A message was deleted in Slack."),
        }
    }

    pub(super) fn assessed(&mut self, revision: u32, assessment: Assessment) {
        let stale = revision != self.ticket.revision || revision == self.ticket.assessed_revision;
        if stale || !self.may_still_be_decided() {
            return;
        }
        self.ticket.assessed_revision = revision;
        self.audit(
            Actor::Deskbell,
            AuditKind::Assessed,
            json!({ "revision": revision, "assessor": assessment.assessor, "category": assessment.category.as_ref().map(|judged| (&judged.value, judged.confidence)) }),
        );
        self.ticket.words.assessment = Some(assessment);
        self.decide_when_ready();
    }

    /// Decides once the words are assessed and every look-up has answered or is given up.
    pub(super) fn decide_when_ready(&mut self) {
        let is_assessed = self.ticket.assessed_revision == self.ticket.revision;
        if let Some(assessment) = self.ticket.words.assessment.clone()
            && is_assessed
            && self.ticket.awaited.is_empty()
        {
            self.decide(assessment);
        }
    }

    fn decide(&mut self, assessment: Assessment) {
        let enrichment = self.ticket.words.enrichment.clone();
        let learned =
            assessment.category.as_ref().and_then(|judged| self.context.auto_from.get(&judged.value)).copied();
        let auto_from = self.policy.auto_bounds.map(|bounds| bounds.within(learned));
        let inputs = DecisionInputs {
            ticket: TicketFacts {
                text: self.ticket.words.text(),
                source: self.ticket.source.clone(),
                requester_is_external: self.ticket.requester_is_external,
                received_at: self.ticket.received_at,
                severity: self.ticket.severity,
                requested_priority: self
                    .ticket
                    .requested_priority
                    .clone()
                    .map(|priority| RequestedPriority { priority, by: self.ticket.requester.clone() }),
            },
            assessment,
            customer: enrichment.customer.unwrap_or_default(),
            load: self.context.load.clone(),
            queue_load: enrichment.queue_load,
            lapses: enrichment.lapses,
            auto_from,
            now: self.now,
        };
        let ordinal = self.ticket.decision.as_ref().map_or(1, |decision| decision.ordinal + 1);
        let decision = decide(self.policy, &inputs, ordinal);
        self.audit(Actor::Deskbell, AuditKind::Decided, json!(decision));
        let squad_before = self.ticket.squad.replace(decision.squad.clone());
        self.ticket.queue.clone_from(&decision.queue);
        self.ticket.priority = Some(decision.priority.clone());
        self.ticket.category.clone_from(&decision.category);
        self.ticket.severity = decision.severity;
        self.ticket.decision = Some(decision.clone());
        self.set_clocks();
        self.show_decision();
        self.escalation_follows(squad_before.as_ref());
        // What a person undid does not run again by itself.
        let is_auto = decision.mode == Mode::Auto && !self.ticket.was_undone();
        if is_auto && decision.answer && self.may_answer() {
            self.begin_answering(ordinal);
        } else if is_auto {
            self.approve(self.ticket.deciding());
            self.suggest();
        } else {
            self.ask(ordinal);
            self.suggest();
        }
        self.out.decision = Some(DecisionRecord { inputs, decision });
    }

    fn ask(&mut self, ordinal: u32) {
        self.ticket.status = Status::AwaitingConfirmation;
        self.ticket.expired_at = None;
        let waits = &self.policy.confirmation;
        let timers = [
            (Timer::Remind { decision: ordinal }, waits.remind_after),
            (Timer::Expire { decision: ordinal }, waits.expire_after),
        ];
        for (timer, after) in timers {
            if let Ok(at) = self.now.checked_add(after) {
                self.timer(timer, at);
            }
        }
    }

    /// Sets the clocks by squad and priority, keeping what already happened.
    pub(super) fn set_clocks(&mut self) {
        self.set_clocks_since(self.ticket.received_at);
    }

    /// The same, from a moment on.
    pub(super) fn set_clocks_since(&mut self, since: Timestamp) {
        let (Some(squad), Some(priority)) = (self.ticket.squad.clone(), self.ticket.priority.clone()) else {
            return;
        };
        let mut warnings = Vec::new();
        let (first, resolution) = due_times(self.policy, &squad, &priority, since, &mut warnings);
        let before = self.ticket.sla.take();
        self.ticket.sla = Some(SlaClock {
            first_response_due_at: first,
            first_responded_at: before.as_ref().and_then(|clock| clock.first_responded_at),
            resolution_due_at: resolution,
            breached_at: before.as_ref().and_then(|clock| clock.breached_at),
        });
        self.ticket.sla_round += 1;
        let round = self.ticket.sla_round;
        if let Some(at) = first {
            self.timer(Timer::FirstResponseDue { round }, at);
        }
        if let Some(at) = resolution {
            self.timer(Timer::ResolutionDue { round }, at);
        }
    }
}
