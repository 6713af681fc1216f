//! A person undoes a decision that was carried out: what it did is undone where something does that, what it has not done
//! yet is not done any more, and the ticket is decided anew, by a person.

use serde_json::json;

use super::step::Scene;
use crate::action::{ActionState, Approval};
use crate::audit::AuditKind;
use crate::ids::ActionId;
use crate::interaction::{Button, Seen};
use crate::label::Labelling;
use crate::notice::NoticeKind;
use crate::policy::Right;
use crate::ticket::{Actor, Status};
use crate::undo::{Compensation, UndoPlan, Undoing, Undone};
use crate::workflow::effect::{Effect, Telling};
use crate::workflow::event::{Person, ReplyTo};

impl Scene<'_> {
    pub(super) fn undo(&mut self, seen: Option<Seen>, by: &Person, reply: ReplyTo) {
        if !self.permitted(Right::Undo, by, &reply) {
            return;
        }
        if !self.ticket.may_be_undone() || !self.was_newest(seen) {
            self.tell_why_not_undone(seen, by, reply);
            return;
        }
        let actor = Actor::Person(by.id.clone());
        let plan = self.ticket.undo_plan(self.policy);
        let undone = Undone {
            by: by.id.clone(),
            at: self.now,
            decision: self.ticket.decision.as_ref().map_or(0, |decision| decision.ordinal),
            stays: plan.stays.clone(),
        };
        self.withdraw(&plan.withdrawn, &actor);
        self.revoke();
        self.unlearn();
        let ids: Vec<ActionId> = plan.undone.iter().flat_map(|undoing| self.add_undoing(undoing)).collect();
        self.audit_undone(&actor, undone.decision, &plan, &ids);
        self.ticket.approvals.push(Approval::undoing(actor, self.now, ids));
        self.ticket.undone = Some(undone);
        self.withdraw_alert(by);
        let was_closed = !self.ticket.status.is_open();
        self.ask_after_undo();
        // People of another organisation never heard of the decision, unless it came to its end.
        if was_closed || !self.ticket.outsiders_read {
            self.tell_requester(NoticeKind::Undone { by: by.id.clone() });
        }
        self.go_on_undoing();
    }

    /// What a person had answered was not right, or not wanted: the next answer counts.
    fn unlearn(&mut self) {
        if matches!(&self.ticket.answer, Some(answer) if matches!(answer.by, Actor::Person(_))) {
            let requester = self.ticket.requester.clone();
            self.out.labelling = Some(Labelling::Withdrawn { ticket: self.ticket.id, requester });
        }
    }

    /// A second press by whoever undid it is silent: they see what they did.
    fn tell_why_not_undone(&mut self, seen: Option<Seen>, by: &Person, reply: ReplyTo) {
        let undone = self.ticket.undone.as_ref().filter(|undone| match seen {
            Some(seen) => seen.decision == undone.decision,
            None => self.ticket.approval().is_none(),
        });
        match undone {
            Some(undone) if undone.by == by.id => {}
            Some(_) => self.tell(by, Telling::AlreadyUndone, reply),
            None => self.tell(by, Telling::TooLate, reply),
        }
    }

    fn audit_undone(&mut self, by: &Actor, decision: u32, plan: &UndoPlan, by_actions: &[ActionId]) {
        let ordinals = |ids: &[ActionId]| ids.iter().map(|id| id.ordinal).collect::<Vec<_>>();
        let undone: Vec<u32> = plan.undone.iter().map(|undoing| undoing.action.ordinal).collect();
        let detail = json!({
            "decision": decision,
            "undone": undone,
            "by_actions": ordinals(by_actions),
            "stays": ordinals(&plan.stays),
            "withdrawn": ordinals(&plan.withdrawn),
            "unclear": ordinals(&plan.unclear),
        });
        self.audit(by.clone(), AuditKind::Undone, detail);
    }

    pub(super) fn withdraw(&mut self, actions: &[ActionId], by: &Actor) {
        let now = self.now;
        for &action in actions {
            if let Some(record) = self.record(action) {
                record.come_to(ActionState::Withdrawn { by: by.clone() }, now);
            }
            self.settle_ops_alerts(action, by, Some(Button::Undo));
        }
    }

    /// From now on nothing of the decision is allowed. What comes of it all the same is about what it was about then.
    fn revoke(&mut self) {
        let standing = self.ticket.standing();
        let external = self.ticket.external.take();
        for record in self.ticket.actions.iter_mut().filter(|record| standing.contains(&record.id)) {
            if record.needs_an_issue() {
                record.about.clone_from(&external);
            }
        }
        self.ticket.approvals.iter_mut().for_each(Approval::revoke);
        self.ticket.errands.clear();
    }

    fn add_undoing(&mut self, undoing: &Undoing) -> Vec<ActionId> {
        let by = undoing.by.iter().cloned();
        by.map(|action| self.add_one(action, undoing.about.clone(), Some(undoing.action))).collect()
    }

    /// The next decision alerts anew.
    fn withdraw_alert(&mut self, by: &Person) {
        let mut withdrawn = Vec::new();
        for notice in self.ticket.notices.iter_mut().filter(|notice| notice.kind == NoticeKind::SquadAlert) {
            notice.kind = NoticeKind::AlertWithdrawn { by: by.id.clone(), at: self.now };
            withdrawn.push(notice.id);
        }
        for notice in withdrawn {
            self.show_notice(notice);
        }
        self.show_notices(|kind| matches!(kind, NoticeKind::DoneInTracker { .. }));
    }

    /// As if it had just come in; an escalation that is under way goes on.
    fn ask_after_undo(&mut self) {
        self.ticket.status = Status::Received;
        self.ticket.closed_at = None;
        self.ticket.answer = None;
        self.ticket.expired_at = None;
        self.ticket.assignee = None;
        self.ticket.claimed_at = None;
        self.ticket.unassigned = None;
        self.ticket.tracker = None;
        self.assess_anew();
        self.show_card();
    }

    /// What undoes a decision is carried out one after the other; then what was approved since.
    pub(super) fn go_on_undoing(&mut self) {
        let is_next = |state: &ActionState| *state == ActionState::Pending;
        let next = self.ticket.actions.iter().find(|record| record.undoes.is_some() && is_next(&record.state));
        if let Some(next) = next {
            self.out.effects.push(Effect::Dispatch { action: next.id, generation: next.generation });
        } else if self.ticket.approval().is_some() {
            self.dispatch_primaries();
            self.go_on();
        }
    }

    /// It was withdrawn or given up when its decision was undone, and had happened by then: so it is undone now, under the same
    /// click.
    pub(super) fn happened_after_all(&mut self, action: ActionId) {
        let Some(record) = self.ticket.action(action) else { return };
        let about = self.ticket.about(record);
        match self.ticket.compensation(self.policy, record) {
            Compensation::By(by) => {
                let ids = self.add_undoing(&Undoing { action, by, about });
                let undoing = self.ticket.approvals.iter_mut().rev().find(|approval| approval.undoes());
                if let Some(approval) = undoing {
                    for id in ids {
                        approval.cover(id);
                    }
                }
                self.go_on_undoing();
            }
            Compensation::Covered => {}
            Compensation::Nothing => {
                if let Some(undone) = &mut self.ticket.undone {
                    undone.stays.push(action);
                }
            }
        }
        self.show_card();
    }
}
