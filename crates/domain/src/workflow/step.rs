//! One event of one ticket.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::assessment::Confidence;
use crate::audit::{AuditEntry, AuditKind};
use crate::decision::{Decision, DecisionInputs, Load};
use crate::enrichment::BoundLookups;
use crate::ids::{CategoryId, ChannelId, MessageTs, NoticeId, PersonId, TicketId};
use crate::interaction::{Button, Seen};
use crate::knowledge::SolvingEnd;
use crate::label::Labelling;
use crate::notice::{Notice, NoticeKind};
use crate::policy::Policy;
use crate::ticket::{Actor, Doubt, Source, Ticket};
use crate::workflow::effect::{Effect, Telling, Timer};
use crate::workflow::event::{Event, Person, ReplyTo};

/// A card that its own channel and the triage channel refused is tried again after this, then after twice as long, and so on
/// up to half a day.
const CARD_AGAIN_AFTER: SignedDuration = SignedDuration::from_mins(5);
const CARD_AGAIN_DOUBLED_MAX: u32 = 7;

/// What the world looks like to a ticket at this moment.
#[derive(Debug, Clone)]
pub struct Context {
    /// The number a new ticket gets.
    pub new_ticket: TicketId,
    /// Open work.
    pub load: Load,
    /// What is looked up before a decision.
    pub lookups: BoundLookups,
    /// The confidence from which on each category may be carried out without asking, as experience says. The policy's bounds hold
    /// whatever stands here.
    pub auto_from: BTreeMap<CategoryId, Confidence>,
    /// There is a knowledge base to ask.
    pub has_knowledge: bool,
    /// There is a tool that assigns issues.
    pub assigns: bool,
    /// What a resolved ticket taught goes to the knowledge server.
    pub teaches: bool,
    /// Names the event that is being handled: part of the ids of one-off effects.
    pub cause: String,
}

/// A decision with what it was made from.
#[derive(Debug, Clone, PartialEq)]
pub struct DecisionRecord {
    /// What it was made from.
    pub inputs: DecisionInputs,
    /// What it is.
    pub decision: Decision,
}

/// What an event leads to. All of it is committed in one transaction, or nothing.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Transition {
    /// The ticket as it is now; `None`: the event changed nothing.
    pub ticket: Option<Ticket>,
    /// A decision that was made.
    pub decision: Option<DecisionRecord>,
    /// What goes on the trail.
    pub audit: Vec<AuditEntry>,
    /// What must be done outside, now.
    pub effects: Vec<Effect>,
    /// What must be looked at later, and when.
    pub timers: Vec<(Timer, Timestamp)>,
    /// What is learned from it.
    pub labelling: Option<Labelling>,
}

/// Handles one event. Pure and total: an event that comes too late or twice changes nothing.
pub fn step(policy: &Policy, context: &Context, ticket: Option<&Ticket>, event: Event, now: Timestamp) -> Transition {
    match (ticket, event) {
        (None, Event::Received(request)) => super::asking::received(policy, context, *request, now),
        (None, _) | (Some(_), Event::Received(_)) => Transition::default(),
        (Some(ticket), event) => {
            let mut scene = Scene::new(policy, context, ticket.clone(), now);
            scene.handle(event);
            scene.finish(ticket)
        }
    }
}

/// The conversation of a requester who sees neither card nor alert.
enum Direct {
    /// The thread of their message to Deskbell.
    Thread(ChannelId, MessageTs),
    /// Their direct conversation with Deskbell, wherever they typed.
    With(PersonId),
}

/// A ticket while an event is being handled.
pub(super) struct Scene<'world> {
    pub policy: &'world Policy,
    pub context: &'world Context,
    pub now: Timestamp,
    pub ticket: Ticket,
    pub out: Transition,
    card_changed: bool,
    decided: bool,
}

impl<'world> Scene<'world> {
    pub fn new(policy: &'world Policy, context: &'world Context, ticket: Ticket, now: Timestamp) -> Self {
        Self { policy, context, now, ticket, out: Transition::default(), card_changed: false, decided: false }
    }

    fn handle(&mut self, event: Event) {
        match event {
            Event::Received(_) => {}
            Event::MessageJoined(message) => self.message_joined(message),
            Event::MessageEdited(message) => self.message_edited(&message),
            Event::MessageDeleted(ts) => self.message_deleted(&ts),
            Event::Assessed { revision, assessment } => self.assessed(revision, *assessment),
            Event::Enriched { revision, answer } => self.enriched(revision, *answer),
            Event::AnswerSought { purpose, revision, read_in, sought } => {
                self.answer_sought(purpose, revision, read_in.as_ref(), *sought);
            }
            Event::Pressed { button, seen, by, reply } => self.pressed(button, seen, &by, reply),
            Event::EscalationAsked { by, reason, reply } => self.escalate_pressed(&by, reason, reply),
            Event::Changed { seen, by, squad, priority, category, reply } => {
                if self.may_decide(seen, &by, &reply) {
                    self.changed(&by, &squad, priority, category, reply);
                }
            }
            Event::TimerFired(timer) => self.timer_fired(&timer),
            Event::ActionDone { action, external, former } => self.action_done(action, external, former),
            Event::TrackerMoved { status, category, at } => self.tracker_moved(status, category, at),
            Event::ActionParked { action, reason, words, fate_unknown } => {
                self.action_parked(action, &reason, words, fate_unknown);
            }
            Event::ActionDoubted { action, words } => self.server_said(action, Some(words)),
            Event::OpsChose { action, button, by, reply } => self.ops_chose(action, button, &by, reply),
            Event::CardPosted { posted, change } => {
                self.ticket.card.posted = Some(posted);
                self.ticket.card.doubt = None;
                self.ticket.card.shown = self.ticket.card.shown.max(change);
            }
            Event::RequesterNamed { name } => {
                if !self.ticket.words.erased && !name.trim().is_empty() {
                    self.ticket.words.requester_name.get_or_insert(name);
                }
            }
            Event::Introduced { errand, who } => self.introduced(&errand, who),
            Event::CardUndeliverable { reason } => self.card_undeliverable(reason),
            Event::CardUnclear { since, reason } => self.card_unclear(since, reason),
            Event::NoticePosted { notice, posted, change } => {
                if let Some(notice) = self.ticket.notices.iter_mut().find(|candidate| candidate.id == notice) {
                    notice.posted = Some(posted);
                    notice.doubt = None;
                    notice.shown = notice.shown.max(change);
                }
            }
            Event::NoticeUndeliverable { notice, reason } => self.notice_undeliverable(notice, reason),
            Event::NoticeUnclear { notice, since, reason } => self.notice_unclear(notice, since, reason),
        }
    }

    fn pressed(&mut self, button: Button, seen: Option<Seen>, by: &Person, reply: ReplyTo) {
        match button {
            Button::Confirm if self.may_decide(seen, by, &reply) => self.confirm(by, reply),
            Button::Change => self.offer_change(by, reply),
            Button::NotATicket if self.may_decide(seen, by, &reply) => self.not_a_ticket(by),
            Button::Escalate => self.escalate_pressed(by, None, reply),
            Button::Acknowledge => self.acknowledge(by, reply),
            Button::Claim => self.claim(by, reply),
            Button::Resolve => self.resolve(by, reply),
            Button::Undo => self.undo(seen, by, reply),
            Button::AnswerSolved => self.said_solved(by, reply),
            Button::AnswerNotHelpful => self.said_not_helpful(by, reply),
            Button::AskPerson => self.asked_for_a_person(by, reply),
            Button::SendAnswer => self.send_answer(by, reply),
            Button::Confirm
            | Button::NotATicket
            | Button::Retry
            | Button::Skip
            | Button::TakeOver
            | Button::AcceptTool
            | Button::AnswerQuestion
            | Button::AcceptQuestion
            | Button::DeclineQuestion
            | Button::CancelCall
            | Button::KeepBlocked
            | Button::FindSimilar
            | Button::DraftArticle
            | Button::OpenLink => {}
        }
    }

    fn timer_fired(&mut self, timer: &Timer) {
        match timer.clone() {
            Timer::EditsSettled { message, edit } => self.edits_settled(&message, edit),
            Timer::Remind { decision } => self.remind(decision),
            Timer::Expire { decision } => self.expire(decision),
            Timer::EscalateTo { level, round } => self.escalate_to(level, round),
            Timer::EscalateAgain { repeat, round } => self.escalate_again(repeat, round),
            Timer::ShowCardAgain { refusal } => self.show_card_again(refusal),
            Timer::LookupDue { lookup, revision } => self.lookup_due(lookup, revision),
            Timer::SeekDue { decision, revision } => self.seek_due(decision, revision),
            Timer::ReplyDue { decision } => self.reply_due(decision),
            Timer::AnswerUnsaid { answer } => self.answer_unsaid(answer),
            Timer::FirstResponseDue { round } => self.first_response_due(round),
            Timer::ResolutionDue { round } => self.resolution_due(round),
        }
    }

    /// The card shows the ticket's state, so whoever changes the state calls this.
    pub fn show_card(&mut self) {
        self.card_changed = true;
    }

    /// From now on the card asks something else.
    pub fn show_decision(&mut self) {
        self.decided = true;
        self.show_card();
    }

    /// Adds a message about the ticket.
    pub fn notify(&mut self, kind: NoticeKind, channel: ChannelId, thread: Option<MessageTs>) {
        self.add_notice(kind, channel, thread, None);
    }

    /// Adds a message where the requester reads on.
    pub fn tell_requester(&mut self, kind: NoticeKind) {
        match self.direct_conversation() {
            Some(Direct::Thread(channel, thread)) => self.add_notice(kind, channel, Some(thread), None),
            Some(Direct::With(person)) => {
                self.add_notice(kind, self.ticket.card.channel.clone(), None, Some(person));
            }
            None => {
                let (channel, thread) = self.thread();
                self.add_notice(kind, channel, thread, None);
            }
        }
    }

    /// The same for what everybody else reads on the card or on the squad's alert.
    pub fn tell_direct_requester(&mut self, kind: NoticeKind) {
        if self.direct_conversation().is_some() {
            self.tell_requester(kind);
        }
    }

    fn add_notice(
        &mut self,
        kind: NoticeKind,
        channel: ChannelId,
        thread: Option<MessageTs>,
        person: Option<PersonId>,
    ) {
        let ordinal = u32::try_from(self.ticket.notices.len()).unwrap_or(u32::MAX).saturating_add(1);
        let id = NoticeId { ticket: self.ticket.id, ordinal };
        let notice = Notice { id, kind, channel, person, thread, posted: None, doubt: None, shown: 0 };
        self.ticket.notices.push(notice);
        self.show_notice(id);
    }

    /// Brings a notice up to date.
    pub fn show_notice(&mut self, notice: NoticeId) {
        self.ticket.changes += 1;
        self.out.effects.push(Effect::ShowNotice { notice, change: self.ticket.changes });
    }

    /// Brings every notice of a kind up to date.
    pub fn show_notices(&mut self, concerns: impl Fn(&NoticeKind) -> bool) {
        let concerned: Vec<NoticeId> =
            self.ticket.notices.iter().filter(|notice| concerns(&notice.kind)).map(|notice| notice.id).collect();
        for notice in concerned {
            self.show_notice(notice);
        }
    }

    /// Tells one person something only they see.
    pub fn tell(&mut self, by: &Person, what: Telling, reply: ReplyTo) {
        let cause = self.context.cause.clone();
        self.out.effects.push(Effect::Tell { person: by.id.clone(), what, reply, cause });
    }

    pub fn audit(&mut self, actor: Actor, kind: AuditKind, detail: Value) {
        self.out.audit.push(AuditEntry {
            workspace: self.ticket.workspace.clone(),
            ticket: Some(self.ticket.id),
            at: self.now,
            actor,
            kind,
            subject: Some(self.ticket.requester.clone()),
            detail,
        });
    }

    pub fn timer(&mut self, timer: Timer, at: Timestamp) {
        self.out.timers.push((timer, at));
    }

    /// Where a squad hears of its tickets. A squad that the policy no longer knows has nobody who listens, so
    /// the default's hears, and the ops channel at last.
    pub fn squad_channel(&self) -> ChannelId {
        let squads = [self.ticket.squad.as_ref(), Some(&self.policy.default.squad)];
        squads
            .into_iter()
            .flatten()
            .find_map(|id| self.policy.squad(id))
            .map_or_else(|| self.policy.ops_channel.clone(), |squad| squad.channel.clone())
    }

    /// Where messages in the ticket's thread go: under the card, or beside it in the requester's thread.
    pub fn thread(&self) -> (ChannelId, Option<MessageTs>) {
        let card = &self.ticket.card;
        let thread = card.thread.clone().or_else(|| card.posted.as_ref().map(|posted| posted.ts.clone()));
        (card.channel.clone(), thread)
    }

    /// Where a requester reads on who does not see the ticket's thread, since its card is elsewhere.
    fn direct_conversation(&self) -> Option<Direct> {
        self.ticket.hears_directly().then(|| match &self.ticket.source {
            Source::SlackMessage { channel, ts, thread, .. } => {
                Direct::Thread(channel.clone(), thread.clone().unwrap_or_else(|| ts.clone()))
            }
            Source::SlackForm { .. } | Source::Helpdesk { .. } => Direct::With(self.ticket.requester.clone()),
        })
    }

    fn card_undeliverable(&mut self, reason: String) {
        self.audit(Actor::Deskbell, AuditKind::DeliveryFailed, json!({ "what": "card", "reason": reason }));
        self.report_delivery("the triage card".to_owned(), Some(self.ticket.card.channel.clone()), reason);
        if self.ticket.card.channel != self.policy.triage_channel {
            self.ticket.card.channel = self.policy.triage_channel.clone();
            self.ticket.card.thread = None;
            self.ticket.card.posted = None;
            self.ticket.card.doubt = None;
            self.other_readers();
            self.show_card();
        } else if self.ticket.card.posted.is_none() && !self.ticket.card.is_put_off {
            let doubled = self.ticket.card.refusals.min(CARD_AGAIN_DOUBLED_MAX);
            let Ok(at) = self.now.checked_add(CARD_AGAIN_AFTER * (1 << doubled)) else { return };
            self.ticket.card.is_put_off = true;
            self.ticket.card.refusals += 1;
            self.timer(Timer::ShowCardAgain { refusal: self.ticket.card.refusals }, at);
        }
    }

    /// It stays where it may stand: elsewhere it would be a second one. Told once, since later looks end alike.
    fn card_unclear(&mut self, since: Timestamp, reason: String) {
        if self.ticket.card.posted.is_some() || self.ticket.card.doubt.is_some() {
            return;
        }
        self.ticket.card.doubt = Some(Doubt { since, until: self.now });
        self.audit(Actor::Deskbell, AuditKind::DeliveryFailed, json!({ "what": "card", "reason": reason }));
        self.report_delivery("the triage card".to_owned(), Some(self.ticket.card.channel.clone()), reason);
    }

    fn notice_unclear(&mut self, id: NoticeId, since: Timestamp, reason: String) {
        let until = self.now;
        let Some(notice) = self.ticket.notices.iter_mut().find(|notice| notice.id == id) else { return };
        if notice.posted.is_none() && notice.doubt.is_none() {
            notice.doubt = Some(Doubt { since, until });
            self.notice_undeliverable(id, reason);
        }
    }

    /// By now somebody may have invited the bot.
    fn show_card_again(&mut self, refusal: u32) {
        let card = &mut self.ticket.card;
        if !card.is_put_off || card.refusals != refusal {
            return;
        }
        card.is_put_off = false;
        if card.posted.is_none() && self.ticket.status.is_open() {
            self.show_card();
        }
    }

    fn notice_undeliverable(&mut self, notice: NoticeId, reason: String) {
        self.audit(Actor::Deskbell, AuditKind::DeliveryFailed, json!({ "what": notice.to_string(), "reason": reason }));
        let ops = self.policy.ops_channel.clone();
        let Some(notice) = self.ticket.notice(notice) else { return };
        let was_for_an_answer = self.waits_for_word_on(&notice.kind);
        // A message that the ops channel itself refuses would only fail again there.
        if notice.person.is_some() {
            self.report_delivery("a note to the requester".to_owned(), None, reason);
        } else if notice.channel != ops {
            self.report_delivery(label(&notice.kind).to_owned(), Some(notice.channel.clone()), reason);
        }
        if was_for_an_answer {
            self.hand_over(SolvingEnd::NotDelivered);
        }
    }

    /// The bot has a ticket, and waits for what its requester says to this message.
    fn waits_for_word_on(&self, kind: &NoticeKind) -> bool {
        let is_it = match kind {
            NoticeKind::AskedBack => self.ticket.waits_for_more(),
            NoticeKind::Answered { answer } => self.ticket.open_offer().is_some_and(|offer| offer.answer == *answer),
            _ => false,
        };
        is_it && self.ticket.is_being_answered()
    }

    /// Tells the ops channel, once for each message and reason: every later change would fail alike.
    fn report_delivery(&mut self, what: String, channel: Option<ChannelId>, reason: String) {
        let report = NoticeKind::DeliveryFailed { what, channel, reason };
        if !self.ticket.notices.iter().any(|notice| notice.kind == report) {
            self.notify(report, self.policy.ops_channel.clone(), None);
        }
    }

    fn finish(mut self, before: &Ticket) -> Transition {
        self.follow_lesson(before);
        if self.card_changed {
            self.ticket.changes += 1;
            self.out.effects.push(Effect::ShowCard { change: self.ticket.changes });
        }
        if self.decided {
            self.ticket.decided_change = self.ticket.changes;
        }
        if &self.ticket != before {
            self.out.ticket = Some(self.ticket);
        }
        self.out
    }

    /// Ends the handling of a ticket that did not exist before.
    pub fn finish_new(mut self) -> Transition {
        self.out.ticket = Some(self.ticket);
        self.out
    }
}

fn label(kind: &NoticeKind) -> &'static str {
    match kind {
        NoticeKind::SquadAlert | NoticeKind::AlertWithdrawn { .. } => "the squad's alert",
        NoticeKind::EscalationAlert(_) | NoticeKind::EscalationUnanswered { .. } => "an escalation",
        NoticeKind::OpsAlert { .. } => "an ops alert",
        NoticeKind::Reminder { .. } => "a reminder",
        NoticeKind::Accepted
        | NoticeKind::IssueCreated
        | NoticeKind::Undone { .. }
        | NoticeKind::Claimed { .. }
        | NoticeKind::Dismissed { .. }
        | NoticeKind::Resolved { .. }
        | NoticeKind::DoneInTracker { .. }
        | NoticeKind::ResolvedInTracker { .. }
        | NoticeKind::AskedBack
        | NoticeKind::Answered { .. }
        | NoticeKind::SaidSolved { .. }
        | NoticeKind::Reopened { .. }
        | NoticeKind::Added { .. } => "a note in the ticket's thread",
        NoticeKind::SlaBreached { .. } => "an SLA alert",
        NoticeKind::DeliveryFailed { .. } => "a delivery report",
    }
}
