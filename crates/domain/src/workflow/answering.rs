//! The confirmation: asked once, answered once, by those who may.

use serde_json::json;

use super::step::Scene;
use crate::audit::AuditKind;
use crate::ids::{CategoryId, PriorityId, SquadId};
use crate::notice::NoticeKind;
use crate::policy::{ExpiryChoice, Right};
use crate::ticket::{Actor, Answer, Status, Verdict};
use crate::workflow::effect::{Effect, Telling};
use crate::workflow::event::{Person, ReplyTo};

impl Scene<'_> {
    /// Refuses who holds no right, and says who does.
    pub(super) fn permitted(&mut self, right: Right, by: &Person, reply: &ReplyTo) -> bool {
        if self.policy.allows(right, by, self.ticket.squad.as_ref()) {
            return true;
        }
        self.audit(
            Actor::Person(by.id.clone()),
            AuditKind::Refused,
            json!({ "right": right.as_str(), "external": by.is_external }),
        );
        let telling = Telling::NotAllowed { what: right.as_str().to_owned(), who: self.policy.who_may(right) };
        self.tell(by, telling, reply.clone());
        false
    }

    /// Whether the confirmation still waits for this person; tells them if somebody else was first. A second
    /// press by the same person is silent: they see what they did.
    fn still_asked(&mut self, by: &Person, reply: &ReplyTo) -> bool {
        if self.ticket.status == Status::AwaitingConfirmation {
            return true;
        }
        let own = self.ticket.answer.as_ref().is_some_and(|answer| answer.by == Actor::Person(by.id.clone()));
        if !own || reply.view.is_some() {
            self.tell(by, Telling::AlreadyDecided, reply.clone());
        }
        false
    }

    fn answer(&mut self, verdict: Verdict, by: Actor) {
        self.audit(by.clone(), AuditKind::Answered, json!({ "verdict": verdict, "squad": self.ticket.squad, "priority": self.ticket.priority, "category": self.ticket.category }));
        self.ticket.answer = Some(Answer { verdict, by, at: self.now });
        self.show_card();
    }

    pub(super) fn confirm(&mut self, by: &Person, reply: ReplyTo) {
        if !self.permitted(Right::Confirm, by, &reply) || !self.still_asked(by, &reply) {
            return;
        }
        if self.shows_the_newest_decision() && self.squad_is_known() {
            let actor = Actor::Person(by.id.clone());
            self.answer(Verdict::Confirmed, actor.clone());
            self.approve(actor);
        } else {
            self.tell(by, Telling::TooLate, reply);
        }
    }

    /// Whoever confirms must have seen what they confirm: the requester may have added words, and the rules
    /// decided anew, while the card still shows the decision before.
    fn shows_the_newest_decision(&self) -> bool {
        let first = self.ticket.decision.as_ref().is_none_or(|decision| decision.ordinal == 1);
        first || self.ticket.card.shown >= self.ticket.decided_change
    }

    /// The policy may have changed since the decision: nothing can be carried out for a squad that is gone.
    fn squad_is_known(&self) -> bool {
        self.ticket.squad.as_ref().is_some_and(|squad| self.policy.squad(squad).is_some())
    }

    pub(super) fn offer_change(&mut self, by: &Person, reply: ReplyTo) {
        if self.permitted(Right::Confirm, by, &reply)
            && self.still_asked(by, &reply)
            && let Some(view) = reply.view
        {
            self.out.effects.push(Effect::OfferChange { person: by.id.clone(), view });
        }
    }

    pub(super) fn changed(
        &mut self,
        by: &Person,
        squad: &SquadId,
        priority: PriorityId,
        category: Option<CategoryId>,
        reply: ReplyTo,
    ) {
        if !self.permitted(Right::Confirm, by, &reply) || !self.still_asked(by, &reply) {
            return;
        }
        let known = self.policy.squad(squad).is_some()
            && self.policy.priority(&priority).is_some()
            && category.as_ref().is_none_or(|category| self.policy.category(category).is_some());
        if !known {
            // The policy changed while the modal was open.
            self.tell(by, Telling::TooLate, reply);
            return;
        }
        let squad_before = self.ticket.squad.replace(squad.clone());
        if squad_before.as_ref() != Some(squad) {
            // The rules chose the queue for another squad.
            self.ticket.queue = self.policy.squad(squad).and_then(|squad| squad.queue.clone());
        }
        self.ticket.priority = Some(priority);
        self.ticket.category = category.or_else(|| self.ticket.category.take());
        self.set_clocks();
        let actor = Actor::Person(by.id.clone());
        self.answer(Verdict::Changed, actor.clone());
        self.escalation_follows(squad_before.as_ref());
        self.approve(actor);
    }

    pub(super) fn not_a_ticket(&mut self, by: &Person, reply: &ReplyTo) {
        if self.permitted(Right::Confirm, by, reply) && self.still_asked(by, reply) {
            let actor = Actor::Person(by.id.clone());
            self.answer(Verdict::NotATicket, actor.clone());
            self.close(Status::Dismissed, actor, "not a ticket");
        }
    }

    fn waits_for(&self, decision: u32) -> bool {
        self.ticket.status == Status::AwaitingConfirmation
            && self.ticket.decision.as_ref().is_some_and(|newest| newest.ordinal == decision)
    }

    pub(super) fn remind(&mut self, decision: u32) {
        if self.waits_for(decision) {
            let (channel, thread) = self.thread();
            self.notify(NoticeKind::Reminder { decision }, channel, thread);
        }
    }

    pub(super) fn expire(&mut self, decision: u32) {
        if !self.waits_for(decision) {
            return;
        }
        match self.policy.confirmation.on_expiry {
            ExpiryChoice::Confirm if self.squad_is_known() => {
                self.answer(Verdict::Expired, Actor::Deskbell);
                self.approve(Actor::Deskbell);
            }
            ExpiryChoice::Dismiss => {
                self.answer(Verdict::Expired, Actor::Deskbell);
                self.close(Status::Dismissed, Actor::Deskbell, "nobody answered");
            }
            // Levels that are being alerted already go on; beginning anew would only repeat level 1.
            ExpiryChoice::Confirm | ExpiryChoice::Escalate if self.escalation_is_under_way() => {}
            ExpiryChoice::Confirm | ExpiryChoice::Escalate => self.escalate(Actor::Deskbell),
        }
    }

    /// Ends a ticket.
    pub(super) fn close(&mut self, status: Status, by: Actor, why: &str) {
        self.ticket.status = status;
        self.ticket.closed_at = Some(self.now);
        self.audit(by, AuditKind::Closed, json!({ "status": status, "why": why }));
        self.show_notices(|kind| matches!(kind, NoticeKind::SquadAlert | NoticeKind::EscalationAlert { .. }));
        // A request that was withdrawn before anybody saw a card gets none.
        if self.ticket.decision.is_some() || self.ticket.changes > 0 {
            self.show_card();
        }
    }
}
