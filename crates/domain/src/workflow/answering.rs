//! The confirmation: asked once, answered once, by those who may.

use serde_json::json;

use super::step::Scene;
use crate::audit::AuditKind;
use crate::ids::{CategoryId, PersonId, PriorityId, SquadId};
use crate::interaction::Seen;
use crate::label::{Label, Labelling, words_of};
use crate::notice::{CallEnd, NoticeKind};
use crate::policy::{ExpiryChoice, Right};
use crate::ticket::{Actor, Answer, Source, Status, Verdict};
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
        let (who, people) = self.who_may(right, by);
        self.tell(by, Telling::NotAllowed { what: right.as_str().to_owned(), who, people }, reply.clone());
        false
    }

    /// Who holds a right over the ticket. People of another organisation do not learn who is in a squad.
    fn who_may(&self, right: Right, asking: &Person) -> (String, Vec<PersonId>) {
        let (who, mut people) = self.policy.who_may(right);
        if !asking.is_external {
            people = self.policy.holders_by_name(right, self.ticket.squad.as_ref());
        }
        (who, people)
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
        if let Actor::Person(person) = &by {
            self.acknowledge_what_expiry_began(person);
            self.label(verdict, person);
        }
        self.ticket.answer = Some(Answer { verdict, by, at: self.now });
        self.show_card();
    }

    /// A person's answer is learned from. What nobody answered teaches nothing.
    fn label(&mut self, verdict: Verdict, by: &PersonId) {
        let (Some(assessment), Some(decision)) = (&self.ticket.words.assessment, &self.ticket.decision) else { return };
        let label = Label {
            ticket: self.ticket.id,
            decision: decision.ordinal,
            at: self.now,
            by: by.clone(),
            verdict,
            assessor: assessment.assessor.clone(),
            said: assessment.category.as_ref().map(|judged| (judged.value.clone(), judged.confidence)),
            stated: assessment.stated.clone(),
            category: self.ticket.category.clone().filter(|_| verdict != Verdict::NotATicket),
            proposed: Some(decision.squad.clone()),
            squad: self.ticket.squad.clone().filter(|_| verdict != Verdict::NotATicket),
        };
        self.out.labelling = Some(Labelling::Given {
            label: Box::new(label),
            requester: self.ticket.requester.clone(),
            words: words_of(&self.ticket),
        });
    }

    /// Whether this person may decide now; tells them if not.
    pub(super) fn may_decide(&mut self, seen: Option<Seen>, by: &Person, reply: &ReplyTo) -> bool {
        if !self.permitted(Right::Confirm, by, reply) || !self.still_asked(by, reply) {
            return false;
        }
        if self.is_of_these_words() && self.was_newest(seen) {
            return true;
        }
        self.tell(by, Telling::TooLate, reply.clone());
        false
    }

    pub(super) fn confirm(&mut self, by: &Person, reply: ReplyTo) {
        if self.squad_is_known() {
            let actor = Actor::Person(by.id.clone());
            self.answer(Verdict::Confirmed, actor.clone());
            self.approve(actor);
        } else {
            self.tell(by, Telling::TooLate, reply);
        }
    }

    /// The requester may have written more, which the rules have yet to decide on: nobody has seen that.
    fn is_of_these_words(&self) -> bool {
        // Tickets of a version that kept no revision of the assessment have 0.
        let is_assessed = [0, self.ticket.revision].contains(&self.ticket.assessed_revision);
        is_assessed && self.ticket.awaited.is_empty()
    }

    /// Whoever decides must have seen what they decide about: the rules may have decided anew while the card, or the form that
    /// was opened from it, still shows the decision before.
    pub(super) fn was_newest(&self, seen: Option<Seen>) -> bool {
        if seen.is_some() {
            return self.ticket.shows() == seen;
        }
        // Messages of older versions do not say what they show.
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
        if squad_before.is_some_and(|before| before != *squad) {
            self.handed_over(&by.id);
        }
    }

    pub(super) fn not_a_ticket(&mut self, by: &Person) {
        let actor = Actor::Person(by.id.clone());
        self.answer(Verdict::NotATicket, actor.clone());
        self.close(Status::Dismissed, actor, "not a ticket");
        self.tell_of_dismissal(Some(by.id.clone()));
    }

    /// Whoever asked reads who said so, and that they may answer. A helpdesk's customer reads nothing in Slack.
    fn tell_of_dismissal(&mut self, by: Option<PersonId>) {
        if !matches!(self.ticket.source, Source::Helpdesk { .. }) {
            self.tell_requester(NoticeKind::Dismissed { by });
        }
    }

    fn waits_for(&self, decision: u32) -> bool {
        self.ticket.status == Status::AwaitingConfirmation
            && self.ticket.decision.as_ref().is_some_and(|newest| newest.ordinal == decision)
    }

    /// After an outage both timers of a confirmation come at once: what has expired is not worth a reminder.
    fn is_overdue(&self) -> bool {
        let asked = self.ticket.decision.as_ref().map(|decision| decision.at);
        let expires = asked.and_then(|at| at.checked_add(self.policy.confirmation.expire_after).ok());
        self.ticket.expired_at.is_some() || expires.is_some_and(|at| at <= self.now)
    }

    pub(super) fn remind(&mut self, decision: u32) {
        if self.waits_for(decision) && !self.is_overdue() {
            let (channel, thread) = self.thread();
            self.notify(NoticeKind::Reminder { decision }, channel, thread);
        }
    }

    pub(super) fn expire(&mut self, decision: u32) {
        // What is about to be decided anew is asked anew, with a time of its own.
        if !self.waits_for(decision) || !self.is_of_these_words() || self.ticket.expired_at.is_some() {
            return;
        }
        match self.policy.confirmation.on_expiry {
            ExpiryChoice::Confirm if self.squad_is_known() && !self.ticket.was_undone() => {
                self.answer(Verdict::Expired, Actor::Deskbell);
                self.approve(Actor::Deskbell);
            }
            ExpiryChoice::Dismiss => {
                self.answer(Verdict::Expired, Actor::Deskbell);
                self.close(Status::Dismissed, Actor::Deskbell, "nobody answered");
                self.tell_of_dismissal(None);
            }
            ExpiryChoice::Confirm | ExpiryChoice::Escalate => {
                // The card goes on asking, and no longer says that it will expire.
                self.ticket.expired_at = Some(self.now);
                self.show_card();
                // Levels that are being alerted already go on; beginning anew would only repeat level 1. Whoever acknowledged
                // them is on it.
                if !self.somebody_is_or_was_called() {
                    self.escalate(Actor::Deskbell, None);
                }
            }
        }
    }

    /// Ends a ticket.
    pub(super) fn close(&mut self, status: Status, by: Actor, why: &str) {
        let was_asked = self.ticket.status == Status::AwaitingConfirmation;
        self.ticket.status = status;
        self.ticket.closed_at = Some(self.now);
        self.audit(by, AuditKind::Closed, json!({ "status": status, "why": why }));
        self.end_calls(&CallEnd::Over);
        if status == Status::Dismissed {
            self.leave_what_waits();
        }
        if was_asked {
            self.show_notices(|kind| matches!(kind, NoticeKind::Reminder { .. }));
        }
        self.show_notices(|kind| {
            matches!(kind, NoticeKind::SquadAlert | NoticeKind::DoneInTracker { .. } | NoticeKind::AskedBack)
        });
        // A request that was withdrawn before anybody saw a card gets none.
        if self.ticket.decision.is_some() || self.ticket.changes > 0 {
            self.show_card();
        }
    }
}
