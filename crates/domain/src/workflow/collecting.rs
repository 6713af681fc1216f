//! The bot asks back: what the knowledge base has on a ticket that a rule lets it answer is too thin, so its requester is asked for
//! more, once. With what they reply the knowledge is asked again; without a reply people have it.

use serde_json::json;

use super::step::Scene;
use crate::audit::AuditKind;
use crate::knowledge::{AskedBack, Citation, SolvingEnd, Unanswered};
use crate::notice::NoticeKind;
use crate::ticket::Actor;
use crate::workflow::effect::Timer;

impl Scene<'_> {
    /// Nothing answers surely enough. A server that failed is no fault of the question's.
    pub(super) fn ask_back_or_hand_over(&mut self, why: Unanswered, near: Vec<Citation>) {
        let is_thin = matches!(why, Unanswered::Nothing | Unanswered::Unsure) && self.policy.answering.ask_back;
        let now = self.now;
        let solving = self.ticket.solving.as_mut().filter(|solving| is_thin && solving.asked_back.is_none());
        let Some(solving) = solving else { return self.hand_over(SolvingEnd::Unanswered(why)) };
        solving.asked_back = Some(AskedBack { at: now, told_at: None });
        let decision = solving.decision;
        self.audit(Actor::Deskbell, AuditKind::AskedBack, json!({ "why": why, "near": near.len() }));
        self.ticket.words.near = near;
        if let Ok(at) = now.checked_add(self.policy.answering.wait) {
            self.timer(Timer::ReplyDue { decision }, at);
        }
        self.tell_requester(NoticeKind::AskedBack);
        self.show_card();
    }

    /// The requester told more, and may go on: the knowledge is asked again with all that they said.
    pub(super) fn told_more(&mut self) {
        let now = self.now;
        let Some(solving) = &mut self.ticket.solving else { return };
        if let Some(asked) = &mut solving.asked_back {
            asked.told_at.get_or_insert(now);
        }
        let decision = solving.decision;
        self.ticket.words.near.clear();
        // What is still asked with fewer words is stale.
        self.ticket.revision += 1;
        self.seek_within_bounds(decision);
        self.show_notices(|kind| *kind == NoticeKind::AskedBack);
        self.show_card();
    }

    pub(super) fn reply_due(&mut self, decision: u32) {
        let is_of_it = self.ticket.solving.as_ref().is_some_and(|solving| solving.decision == decision);
        if is_of_it && self.ticket.waits_for_more() {
            self.hand_over(SolvingEnd::NoReply);
        }
    }

    /// What the requester writes now belongs to the question that they were asked, and no answer was given to it yet.
    pub(super) fn is_collecting(&self) -> bool {
        let asked = self.ticket.solving.as_ref().is_some_and(|solving| solving.asked_back.is_some());
        asked && self.ticket.is_being_answered() && self.ticket.open_offer().is_none()
    }
}
