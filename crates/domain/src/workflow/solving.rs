//! Answers from the knowledge base: suggested on the card, sent by a person, or given by the bot where a rule lets it.
//!
//! A ticket that a rule lets the bot answer is solved only when its requester says so. Whatever else happens (no answer, one
//! that does not help, silence, words that follow) hands it over to the people whom the same decision names, with what was tried.

use serde_json::json;

use super::step::Scene;
use crate::audit::AuditKind;
use crate::ids::{ChannelId, PersonId};
use crate::knowledge::{Finding, Offer, OfferEnd, Outcome, Purpose, Solving, SolvingEnd, Sought, Unanswered};
use crate::notice::NoticeKind;
use crate::policy::{Right, Silence};
use crate::ticket::{Actor, Status};
use crate::workflow::effect::{Effect, Telling, Timer};
use crate::workflow::event::{Person, ReplyTo};

impl Scene<'_> {
    /// Whether an answer of the bot's could reach the requester at all.
    pub(super) fn may_answer(&self) -> bool {
        self.context.has_knowledge && self.ticket.can_be_answered()
    }

    fn seek(&mut self, purpose: Purpose, cause: String) {
        let revision = self.ticket.revision;
        self.out.effects.push(Effect::SeekAnswer { purpose, revision, cause });
    }

    /// Asks what the card may suggest. What was suggested on older words is forgotten.
    pub(super) fn suggest(&mut self) {
        self.ticket.words.suggestion = None;
        if self.context.has_knowledge && !self.ticket.words.erased {
            // What is suggested was found for those who read the card there.
            self.seek(Purpose::Suggest, self.ticket.card.channel.to_string());
        }
    }

    /// The card stands elsewhere, among others: what was found for its readers is not for them.
    pub(super) fn other_readers(&mut self) {
        self.ticket.sending = None;
        self.ticket.words.near.clear();
        if self.is_seeking() {
            return self.hand_over(SolvingEnd::Unanswered(Unanswered::Failed));
        }
        if self.ticket.decision.is_some() && self.ticket.status.is_open() && self.ticket.offers.is_empty() {
            self.suggest();
        }
        self.ticket.words.suggestion = None;
    }

    /// A rule lets the bot answer: an answer is looked for, for a while.
    pub(super) fn begin_answering(&mut self, decision: u32) {
        self.ticket.words.suggestion = None;
        self.ticket.status = Status::Answering;
        self.ticket.solving =
            Some(Solving { decision, since: self.now, is_altered: false, asked_back: None, end: None });
        self.seek_within_bounds(decision);
        self.show_card();
    }

    /// Looks for an answer, for a while.
    pub(super) fn seek_within_bounds(&mut self, decision: u32) {
        self.seek(Purpose::Answer, String::new());
        let revision = self.ticket.revision;
        if let Ok(at) = self.now.checked_add(self.policy.answering.search_within) {
            self.timer(Timer::SeekDue { decision, revision }, at);
        }
    }

    pub(super) fn answer_sought(
        &mut self,
        purpose: Purpose,
        revision: u32,
        read_in: Option<&ChannelId>,
        sought: Sought,
    ) {
        let is_stale = revision != self.ticket.revision || !self.ticket.status.is_open() || self.ticket.words.erased;
        if is_stale {
            if purpose == Purpose::Send && self.ticket.sending.take().is_some() {
                self.show_card();
            }
            return;
        }
        // Meanwhile it may have come to be read by others.
        let same_readers = self.ticket.readers_of(purpose) == read_in;
        let sought = if same_readers { sought } else { Sought::Unanswered(Unanswered::Failed) };
        match (purpose, sought) {
            (Purpose::Suggest, Sought::Found(finding)) => self.suggested(finding),
            (Purpose::Answer, Sought::Found(finding)) if self.is_seeking() => self.give(finding, None),
            (Purpose::Answer, Sought::Near(near)) if self.is_seeking() => {
                self.ask_back_or_hand_over(Unanswered::Unsure, near);
            }
            (Purpose::Answer, Sought::Unanswered(why)) if self.is_seeking() => {
                self.ask_back_or_hand_over(why, Vec::new());
            }
            (Purpose::Send, sought) => self.sought_to_send(sought),
            // Nothing is suggested, or people have it by now.
            (Purpose::Suggest | Purpose::Answer, _) => {}
        }
    }

    /// The answer to a ticket that the bot may answer is still looked for.
    fn is_seeking(&self) -> bool {
        self.ticket.is_being_answered() && self.ticket.open_offer().is_none() && !self.ticket.waits_for_more()
    }

    fn suggested(&mut self, finding: Finding) {
        // Who reads the card has read the answer, too.
        let is_given = self.ticket.open_offer().is_some();
        if !is_given && self.ticket.words.suggestion.as_ref() != Some(&finding) {
            self.ticket.words.suggestion = Some(finding);
            self.show_card();
        }
    }

    fn sought_to_send(&mut self, sought: Sought) {
        let Some(sender) = self.ticket.sending.take() else { return };
        match sought {
            Sought::Found(finding) if self.ticket.open_offer().is_none() => self.give(finding, Some(sender)),
            Sought::Found(_) => {}
            Sought::Near(_) | Sought::Unanswered(_) => {
                let cause = self.context.cause.clone();
                let (what, reply) = (Telling::NothingToSend, ReplyTo::default());
                self.out.effects.push(Effect::Tell { person: sender, what, reply, cause });
                self.show_card();
            }
        }
    }

    /// Gives the requester an answer.
    fn give(&mut self, finding: Finding, sent_by: Option<PersonId>) {
        let answer = finding.number;
        let by = sent_by.clone().map_or_else(|| self.ticket.deciding(), Actor::Person);
        let passages: Vec<(&str, &str)> =
            finding.sources.iter().map(|source| (source.server.as_str(), source.passage.as_str())).collect();
        let detail = json!({ "answer": answer, "passages": passages, "confidence": finding.confidence });
        self.audit(by, AuditKind::AnswerGiven, detail);
        self.ticket.words.suggestion = None;
        self.ticket.words.answers.insert(answer, finding);
        self.ticket.offers.push(Offer { answer, at: self.now, sent_by, end: None });
        if let Some(clock) = &mut self.ticket.sla {
            clock.first_responded_at.get_or_insert(self.now);
        }
        if let Ok(at) = self.now.checked_add(self.policy.answering.wait) {
            self.timer(Timer::AnswerUnsaid { answer }, at);
        }
        self.tell_requester(NoticeKind::Answered { answer });
        self.show_card();
        self.act_along_with_answer();
    }

    /// Somebody who sees the card sends what it suggests. What is said to the requester is looked for anew, since others may
    /// read there.
    pub(super) fn send_answer(&mut self, by: &Person, reply: ReplyTo) {
        if !self.permitted(Right::Claim, by, &reply) {
            return;
        }
        let may_send = self.ticket.status.is_open() && self.may_answer() && self.ticket.open_offer().is_none();
        if !may_send || self.ticket.sending.is_some() {
            return self.tell(by, Telling::TooLate, reply);
        }
        self.ticket.sending = Some(by.id.clone());
        let cause = self.context.cause.clone();
        self.seek(Purpose::Send, cause);
        self.show_card();
    }

    /// Whether this person may say what the answer is worth to the requester; tells them if not.
    fn is_requester(&mut self, by: &Person, reply: &ReplyTo) -> bool {
        if by.id == self.ticket.requester {
            return true;
        }
        self.audit(Actor::Person(by.id.clone()), AuditKind::Refused, json!({ "right": "answer" }));
        let what = Telling::NotAllowed {
            what: "answer".to_owned(),
            who: "who asked".to_owned(),
            people: vec![self.ticket.requester.clone()],
        };
        self.tell(by, what, reply.clone());
        false
    }

    /// Ends the open offer; `false` when there is none.
    fn settle_offer(&mut self, outcome: Outcome, by: Option<PersonId>) -> bool {
        let end = OfferEnd { outcome, by: by.clone(), at: self.now };
        let Some(offer) = self.ticket.offers.last_mut().filter(|offer| offer.end.is_none()) else { return false };
        let answer = offer.answer;
        offer.end = Some(end);
        let actor = by.clone().map_or(Actor::Deskbell, Actor::Person);
        self.audit(actor, AuditKind::AnswerSettled, json!({ "answer": answer, "outcome": outcome }));
        self.out.effects.push(Effect::SettleAnswer { answer, outcome, by });
        self.show_notices(|kind| *kind == NoticeKind::Answered { answer });
        self.show_card();
        true
    }

    /// Whoever answered the question already, or somebody else before them.
    fn nothing_to_say(&mut self, by: &Person, reply: ReplyTo) {
        let said = self.ticket.offers.last().and_then(|offer| offer.end.as_ref());
        if said.is_none_or(|end| end.by.as_ref() != Some(&by.id)) {
            self.tell(by, Telling::TooLate, reply);
        }
    }

    pub(super) fn said_solved(&mut self, by: &Person, reply: ReplyTo) {
        if !self.is_requester(by, &reply) {
            return;
        }
        if !self.ticket.status.is_open() || !self.settle_offer(Outcome::Solved, Some(by.id.clone())) {
            return self.nothing_to_say(by, reply);
        }
        let answer = self.ticket.offers.last().map_or(0, |offer| offer.answer);
        if self.ticket.approval().is_some() {
            // People are on it, and what they opened is theirs to close.
            return self.tell_squad_of_words(NoticeKind::SaidSolved { answer });
        }
        self.end_solving(SolvingEnd::Confirmed);
        self.close(Status::Resolved, Actor::Person(by.id.clone()), "the answer solved it");
        self.teach(&by.id);
    }

    pub(super) fn said_not_helpful(&mut self, by: &Person, reply: ReplyTo) {
        if self.is_requester(by, &reply) {
            self.wants_more(Outcome::NotHelpful, SolvingEnd::NotHelpful, by, reply);
        }
    }

    /// The requester asks for people, or people take it over by themselves.
    pub(super) fn asked_for_a_person(&mut self, by: &Person, reply: ReplyTo) {
        if by.id == self.ticket.requester || self.permitted(Right::Claim, by, &reply) {
            self.wants_more(Outcome::AskedPerson, SolvingEnd::AskedPerson, by, reply);
        }
    }

    fn wants_more(&mut self, outcome: Outcome, end: SolvingEnd, by: &Person, reply: ReplyTo) {
        let is_open = self.ticket.status.is_open();
        let is_said = is_open && self.settle_offer(outcome, Some(by.id.clone()));
        if self.ticket.is_being_answered() {
            self.hand_over(end);
        } else if is_said {
            self.tell(by, Telling::Noted, reply);
        } else {
            self.nothing_to_say(by, reply);
        }
    }

    fn end_solving(&mut self, end: SolvingEnd) {
        if let Some(solving) = &mut self.ticket.solving {
            solving.end = Some(end);
        }
    }

    /// People have the ticket from now on: what the decision says is carried out, as the rule that let the bot answer allows.
    pub(super) fn hand_over(&mut self, end: SolvingEnd) {
        self.audit(Actor::Deskbell, AuditKind::HandedOver, json!({ "why": end }));
        self.leave_what_waits();
        self.end_solving(end);
        let offers: Vec<u64> = self.ticket.offers.iter().map(|offer| offer.answer).collect();
        self.show_notices(|kind| match kind {
            NoticeKind::AskedBack => true,
            NoticeKind::Answered { answer } => offers.contains(answer),
            _ => false,
        });
        self.approve(self.ticket.deciding());
    }

    pub(super) fn seek_due(&mut self, decision: u32, revision: u32) {
        let is_of_it = self.ticket.solving.as_ref().is_some_and(|solving| solving.decision == decision);
        if is_of_it && [0, self.ticket.revision].contains(&revision) && self.is_seeking() {
            self.hand_over(SolvingEnd::Unanswered(Unanswered::Late));
        }
    }

    /// Silence is not a solution: it is kept apart, whatever the policy makes of it.
    pub(super) fn answer_unsaid(&mut self, answer: u64) {
        let is_open = self.ticket.open_offer().is_some_and(|offer| offer.answer == answer);
        if !is_open || !self.settle_offer(Outcome::Silent, None) || !self.ticket.is_being_answered() {
            return;
        }
        match self.policy.answering.on_silence {
            Silence::HandOver => self.hand_over(SolvingEnd::Silent),
            Silence::Close => {
                self.end_solving(SolvingEnd::Silent);
                self.close(Status::Resolved, Actor::Deskbell, "nobody said whether the answer helps");
            }
        }
    }
}
