//! What the tracker says of the ticket's issue: shown on the card, and offered to the squad as a resolution when it is done.
//!
//! Nothing here goes back to the tracker, and what Deskbell itself moved comes back unseen: the two never answer each other.

use jiff::Timestamp;
use serde_json::json;

use super::step::Scene;
use crate::action::{Action, ActionState};
use crate::audit::AuditKind;
use crate::ids::ActionId;
use crate::notice::NoticeKind;
use crate::policy::TrackerDone;
use crate::ticket::{Actor, Status, StatusCategory, TrackerStatus};

impl Scene<'_> {
    /// The issue has another status. What is older than what is known, or the same, changes nothing.
    pub(super) fn tracker_moved(&mut self, status: String, category: StatusCategory, at: Timestamp) {
        if self.ticket.external.is_none() {
            return;
        }
        let known = self.ticket.tracker.as_ref();
        let is_news = known.is_none_or(|known| known.at < at && !known.is(&status));
        if !is_news {
            return;
        }
        let is_own = self.is_own_move(&status);
        self.audit(
            Actor::Deskbell,
            AuditKind::TrackerMoved,
            json!({ "status": status, "category": category, "own": is_own }),
        );
        self.ticket.tracker = Some(TrackerStatus { status: status.clone(), category, at });
        if is_own {
            return;
        }
        self.show_notices(|kind| *kind == NoticeKind::SquadAlert);
        self.show_card();
        if category == StatusCategory::Done {
            self.done_in_tracker(status);
        }
    }

    fn done_in_tracker(&mut self, status: String) {
        match (self.policy.on_tracker_done, self.ticket.status) {
            (TrackerDone::Resolve, Status::Following) => {
                if let Some(clock) = &mut self.ticket.sla {
                    clock.first_responded_at.get_or_insert(self.now);
                }
                self.close(Status::Resolved, Actor::Deskbell, "done in the tracker");
                self.tell_requester(NoticeKind::ResolvedInTracker { status });
            }
            (_, Status::Following | Status::Parked) => {
                let (channel, thread) = self.thread();
                self.notify(NoticeKind::DoneInTracker { status }, channel, thread);
            }
            _ => {}
        }
    }

    /// The echo of a transition that Deskbell is making, or may have made.
    fn is_own_move(&self, status: &str) -> bool {
        self.ticket.standing_actions().any(|record| {
            let leads_there = matches!(
                self.ticket.words.actions.get(&record.id),
                Some(Action::Transition { to }) if to.eq_ignore_ascii_case(status)
            );
            // Once it is done its status is noted, so that the echo is no news.
            let is_on_its_way =
                matches!(record.state, ActionState::Pending | ActionState::Parked { fate_unknown: true, .. });
            leads_there && is_on_its_way
        })
    }

    /// A transition was carried out: its echo will be no news.
    pub(super) fn note_own_move(&mut self, action: ActionId) {
        // What undoes an earlier decision moves that one's issue, which is the ticket's no more.
        if self.ticket.action(action).is_none_or(|record| record.about.is_some()) {
            return;
        }
        let Some(Action::Transition { to }) = self.ticket.words.actions.get(&action) else { return };
        let to = to.clone();
        if self.ticket.tracker.as_ref().is_some_and(|known| known.is(&to)) {
            return;
        }
        let category = if to.eq_ignore_ascii_case(&self.done_status()) {
            StatusCategory::Done
        } else {
            StatusCategory::Indeterminate
        };
        self.ticket.tracker = Some(TrackerStatus { status: to, category, at: self.now });
    }
}
