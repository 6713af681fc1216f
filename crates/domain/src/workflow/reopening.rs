//! "It is still broken", "it is one": the requester answers in a resolved or dismissed ticket's thread.

use jiff::Timestamp;
use serde_json::json;

use super::step::Scene;
use crate::action::ActionState;
use crate::audit::AuditKind;
use crate::ids::MessageTs;
use crate::knowledge::SolvingEnd;
use crate::notice::NoticeKind;
use crate::policy::Policy;
use crate::ticket::{Actor, Status, Ticket, TicketMessage};

impl Ticket {
    /// Whether a message of the requester's, sent at this moment, opens the ticket again: it was closed before, and no
    /// longer ago than the policy says. What was sent before the ticket was closed says nothing about the outcome.
    pub fn may_reopen(&self, policy: &Policy, sent_at: Timestamp) -> bool {
        let until = self.closed_at.and_then(|closed| closed.checked_add(policy.reopen_within).ok());
        !self.status.is_open()
            && self.closed_at.is_some_and(|closed| closed < sent_at)
            && until.is_some_and(|until| sent_at <= until)
    }
}

impl Ticket {
    /// When the requester wrote what opened it again last.
    pub fn reopened_at(&self) -> Option<Timestamp> {
        self.notices.iter().rev().find_map(|notice| match &notice.kind {
            NoticeKind::Reopened { message, .. } => message.sent_at(),
            _ => None,
        })
    }

    /// What opened it again last was said of a dismissal, not of a solution.
    pub fn asks_again(&self) -> bool {
        let kinds = self.notices.iter().rev().map(|notice| &notice.kind);
        let mut before = kinds.skip_while(|kind| !matches!(kind, NoticeKind::Reopened { .. }));
        let closed = before.find(|kind| matches!(kind, NoticeKind::Resolved { .. } | NoticeKind::Dismissed { .. }));
        closed.is_some_and(|kind| matches!(kind, NoticeKind::Dismissed { .. }))
    }
}

impl Scene<'_> {
    /// The words join the ticket; no comment goes out by itself, since the approval was of what is resolved.
    pub(super) fn reopen(&mut self, message: TicketMessage, sent_at: Timestamp) {
        let Some(ts) = message.ts.clone().filter(|_| self.ticket.may_reopen(self.policy, sent_at)) else { return };
        if self.ticket.status == Status::Dismissed {
            return self.ask_again(message, ts, sent_at);
        }
        if self.ticket.approval().is_none() {
            return self.answer_did_not_hold(message, ts, sent_at);
        }
        self.forget_resolution();
        let is_parked = |state: &ActionState| matches!(state, ActionState::Parked { .. });
        let waits_for_ops = self.ticket.standing_actions().any(|record| record.primary && is_parked(&record.state));
        self.ticket.status = if waits_for_ops { Status::Parked } else { Status::Following };
        self.ticket.closed_at = None;
        self.ticket.last_message_at = self.ticket.last_message_at.max(sent_at);
        self.ticket.words.hear(message);
        self.audit(Actor::Person(self.ticket.requester.clone()), AuditKind::Reopened, json!({ "message": ts }));
        self.set_clocks_since(self.now);
        self.show_notices(|kind| *kind == NoticeKind::SquadAlert);
        self.tell_squad_of_words(NoticeKind::Reopened { message: ts.clone(), with_words: true });
        self.tell_requester(NoticeKind::Reopened { message: ts, with_words: false });
        self.show_card();
    }

    /// It was closed on an answer, and nobody has worked on it yet: whoever the rules say has it now.
    fn answer_did_not_hold(&mut self, message: TicketMessage, ts: MessageTs, sent_at: Timestamp) {
        if self.ticket.solving.is_none() {
            return self.ask_again(message, ts, sent_at);
        }
        self.forget_resolution();
        self.ticket.closed_at = None;
        self.ticket.last_message_at = self.ticket.last_message_at.max(sent_at);
        self.ticket.words.hear(message);
        self.audit(Actor::Person(self.ticket.requester.clone()), AuditKind::Reopened, json!({ "message": ts }));
        self.set_clocks_since(self.now);
        self.hand_over(SolvingEnd::WroteMore);
        self.tell_requester(NoticeKind::Reopened { message: ts, with_words: false });
    }

    /// Somebody said that it is no ticket, or nobody answered; the requester says that it is one: assessed and decided anew,
    /// it asks as if it had just come in.
    fn ask_again(&mut self, message: TicketMessage, ts: MessageTs, sent_at: Timestamp) {
        self.ticket.status = Status::Received;
        self.ticket.closed_at = None;
        self.ticket.answer = None;
        self.ticket.expired_at = None;
        self.ticket.last_message_at = self.ticket.last_message_at.max(sent_at);
        self.ticket.words.hear(message);
        self.audit(Actor::Person(self.ticket.requester.clone()), AuditKind::Reopened, json!({ "message": ts }));
        self.assess_anew();
        self.tell_requester(NoticeKind::Reopened { message: ts, with_words: false });
        self.show_card();
    }

    /// In the thread of its alert, where those who worked on it are.
    pub(super) fn tell_squad_of_words(&mut self, words: NoticeKind) {
        let alert = self.ticket.notices.iter().find(|notice| notice.kind == NoticeKind::SquadAlert);
        match alert.and_then(|alert| alert.posted.clone()) {
            Some(posted) => self.notify(words, posted.channel, Some(posted.ts)),
            None => self.notify(words, self.squad_channel(), None),
        }
    }
}
