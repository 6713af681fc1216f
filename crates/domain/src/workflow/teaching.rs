//! What a resolved ticket teaches: whoever says that it is resolved allows, where the company wants that, that the knowledge
//! server keeps a document of it. What is there follows the ticket: opened again, undone or erased, it is taken back.

use serde_json::json;

use super::step::Scene;
use crate::audit::AuditKind;
use crate::ids::PersonId;
use crate::knowledge::{Finding, Lesson, Outcome};
use crate::policy::{Policy, Right};
use crate::ticket::{Actor, Status, Ticket, TicketMessage};
use crate::workflow::effect::Effect;

/// What solved a ticket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Solution<'ticket> {
    /// What one of those who work on it said last.
    Said(&'ticket TicketMessage),
    /// An answer of the knowledge base, as the requester said. All that it is taken from everybody may read.
    Answered(&'ticket Finding),
}

impl Ticket {
    /// What solved it, where that is known; `resolved_by` says that it is solved.
    pub fn solution(&self, policy: &Policy, resolved_by: &PersonId) -> Option<Solution<'_>> {
        let said = self.words.messages.iter().rev().find(|message| {
            let is_of_now = || self.reopened_at().is_none_or(|at| message.sent_at().is_some_and(|sent| sent > at));
            message.author.as_ref().is_some_and(|author| author == resolved_by || self.is_worked_on_by(policy, author))
                && is_of_now()
        });
        said.map(Solution::Said).or_else(|| self.solving_answer().map(Solution::Answered))
    }

    /// Whoever may write in the thread is not whoever solves: a stranger's words become nobody's document.
    fn is_worked_on_by(&self, policy: &Policy, person: &PersonId) -> bool {
        let squad = self.squad.as_ref();
        let is_member = squad.and_then(|id| policy.squad(id)).is_some_and(|squad| squad.members.contains(person));
        is_member || policy.holders_by_name(Right::Claim, squad).contains(person)
    }

    /// A copy of what not everybody may read would not follow who may.
    fn solving_answer(&self) -> Option<&Finding> {
        let is_solved = |end: &crate::knowledge::OfferEnd| end.outcome == Outcome::Solved && end.by.is_some();
        let offer = self.offers.last().filter(|offer| offer.end.as_ref().is_some_and(is_solved))?;
        let finding = self.words.answers.get(&offer.answer)?;
        let is_public = !finding.sources.is_empty() && finding.sources.iter().all(|source| source.is_public);
        is_public.then_some(finding)
    }

    /// By name, those who work on it and those who may.
    pub fn workers_by_name(&self, policy: &Policy) -> Vec<PersonId> {
        let squad = self.squad.as_ref();
        let mut people = policy.holders_by_name(Right::Claim, squad);
        people
            .extend(squad.and_then(|id| policy.squad(id)).into_iter().flat_map(|squad| squad.members.iter().cloned()));
        people.sort();
        people.dedup();
        people
    }
}

impl TicketMessage {
    fn sent_at(&self) -> Option<jiff::Timestamp> {
        self.ts.as_ref()?.sent_at()
    }
}

impl Scene<'_> {
    /// A person says that it is resolved.
    pub(super) fn teach(&mut self, by: &PersonId) {
        if self.context.teaches && self.ticket.solution(self.policy, by).is_some() {
            let actor = Actor::Person(by.clone());
            self.audit(actor.clone(), AuditKind::Approved, json!({ "action": "put_document" }));
            self.ticket.lesson = Some(Lesson::new(actor, self.now));
        }
    }

    /// What the knowledge server keeps follows the ticket.
    pub(super) fn follow_lesson(&mut self, before: &Ticket) {
        let Some(lesson) = &mut self.ticket.lesson else { return };
        if self.ticket.status != Status::Resolved {
            lesson.withdraw(self.now);
        }
        let is_said_anew = lesson.stands() && self.ticket.words.messages != before.words.messages;
        if is_said_anew || self.ticket.lesson != before.lesson {
            let cause = self.context.cause.clone();
            self.out.effects.push(Effect::Teach { cause });
        }
    }
}
