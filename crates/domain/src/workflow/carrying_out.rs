//! From an approval to done: primary actions first, then the squad is told and secondary ones run.

use serde_json::json;

use super::plan;
use super::step::Scene;
use crate::action::{Action, ActionRecord, ActionState, Approval, Occasion};
use crate::audit::AuditKind;
use crate::ids::{ActionId, MessageTs, PersonId};
use crate::interaction::Button;
use crate::notice::NoticeKind;
use crate::policy::Right;
use crate::ticket::{Actor, ExternalRef, Status};
use crate::workflow::effect::{Effect, Telling};
use crate::workflow::event::{Person, ReplyTo};

impl Scene<'_> {
    /// Approves what the newest decision wants done.
    pub(super) fn approve(&mut self, by: Actor) {
        let names = self.ticket.decision.as_ref().map(|decision| decision.actions.clone()).unwrap_or_default();
        let planned = names.iter().filter_map(|name| plan::action(self.policy, &self.ticket, name));
        let actions = planned.chain(self.ticket.decision.as_ref().and_then(plan::add_labels)).collect();
        self.ticket.status = Status::Dispatching;
        // They no longer wait for anybody.
        self.show_notices(|kind| matches!(kind, NoticeKind::Reminder { .. }));
        self.allow(by, actions);
        self.dispatch_primaries();
        self.go_on();
    }

    pub(super) fn allow(&mut self, by: Actor, actions: Vec<Action>) {
        let ids = self.add(actions);
        let ordinals: Vec<u32> = ids.iter().map(|id| id.ordinal).collect();
        self.ticket.approvals.push(Approval::new(by.clone(), self.now, ids));
        self.audit(by, AuditKind::Approved, json!({ "actions": ordinals }));
    }

    /// Adds actions for an approval to cover, and says which they are.
    fn add(&mut self, actions: Vec<Action>) -> Vec<ActionId> {
        self.show_card();
        actions.into_iter().map(|action| self.add_one(action, None, None)).collect()
    }

    pub(super) fn add_one(&mut self, action: Action, about: Option<ExternalRef>, undoes: Option<ActionId>) -> ActionId {
        let ordinal = u32::try_from(self.ticket.actions.len()).unwrap_or(u32::MAX).saturating_add(1);
        let id = ActionId { ticket: self.ticket.id, ordinal };
        self.ticket.actions.push(ActionRecord {
            id,
            name: action.name().to_owned(),
            primary: action.is_primary(),
            generation: 0,
            state: ActionState::Pending,
            since: Some(self.now),
            about,
            undoes,
        });
        self.ticket.words.actions.insert(id, action);
        id
    }

    /// The approval of a ticket covers what the requester adds to it: a comment on its issue. Without an issue,
    /// now or to come, the squad's alert alone shows the new words. Whoever approved did nothing this time, and the trail says so.
    pub(super) fn pass_on(&mut self, body: &str) {
        let approved_by = self.ticket.approval().map(|approval| approval.by().clone());
        let may_pass = self.ticket.status.is_open() && !self.ticket.is_being_answered();
        let Some(by) = approved_by.filter(|_| may_pass) else { return };
        if self.has_issue() {
            let ids = self.add(vec![Action::Comment { body: body.to_owned() }]);
            let ordinals: Vec<u32> = ids.iter().map(|id| id.ordinal).collect();
            self.ticket.approvals.push(Approval::new(by.clone(), self.now, ids));
            let detail = json!({ "actions": ordinals, "covered_by": by, "words_of": self.ticket.requester });
            self.audit(Actor::Deskbell, AuditKind::Approved, detail);
        }
        self.show_card();
        self.go_on();
    }

    /// There is an issue, or one to come.
    pub(super) fn has_issue(&self) -> bool {
        let may_come = |record: &ActionRecord| record.primary && !record.state.is_settled();
        self.ticket.external.is_some() || self.ticket.standing_actions().any(may_come)
    }

    /// What others say in a ticket's thread nobody approved: after the approval the squad reads it in the thread of its alert, as
    /// it stands now, and comments by hand if it belongs into the issue.
    pub(super) fn show_others_words(&mut self, by: PersonId, message: MessageTs) {
        if self.ticket.approval().is_none() || !self.ticket.status.is_open() {
            return;
        }
        let added = NoticeKind::Added { message, by };
        if self.ticket.notices.iter().any(|notice| notice.kind == added) {
            self.show_notices(|kind| *kind == added);
        } else {
            self.tell_squad_of_words(added);
        }
        self.show_card();
    }

    pub(super) fn dispatch_primaries(&mut self) {
        self.dispatch_pending(true);
    }

    fn dispatch_pending(&mut self, primary: bool) {
        // What undoes the decision before comes first: both may be about the helpdesk's one ticket.
        if self.ticket.is_being_undone() {
            return;
        }
        let pending: Vec<(ActionId, u32)> = self
            .ticket
            .standing_actions()
            .filter(|record| record.primary == primary && record.state == ActionState::Pending)
            .map(|record| (record.id, record.generation))
            .collect();
        for (action, generation) in pending {
            // Queueing a job twice queues it once: its id follows from the action and its generation.
            self.out.effects.push(Effect::Dispatch { action, generation });
        }
    }

    /// Once no primary action is pending: the squad learns of the ticket; once all are settled, the secondary
    /// actions run, which need what the primary ones made.
    pub(super) fn go_on(&mut self) {
        let primaries = || self.ticket.standing_actions().filter(|record| record.primary);
        if primaries().any(|record| record.state == ActionState::Pending) {
            return;
        }
        let parked = primaries().any(|record| matches!(record.state, ActionState::Parked { .. }));
        self.alert_squad();
        // What is closed stays closed, whatever becomes of its actions.
        if self.ticket.status.is_open() {
            self.ticket.status = if parked { Status::Parked } else { Status::Following };
        }
        if parked {
            return;
        }
        self.dispatch_secondaries();
    }

    pub(super) fn dispatch_secondaries(&mut self) {
        if self.ticket.external.is_none() {
            self.skip_what_needs_an_issue();
        }
        self.dispatch_pending(false);
    }

    /// Without an issue there is nothing to comment on.
    fn skip_what_needs_an_issue(&mut self) {
        let (mut skipped, now, standing) = (Vec::new(), self.now, self.ticket.standing());
        for record in self.ticket.actions.iter_mut().filter(|record| record.needs_an_issue()) {
            if record.state == ActionState::Pending && standing.contains(&record.id) {
                record.come_to(ActionState::Skipped { by: Actor::Deskbell }, now);
                skipped.push(record.id.ordinal);
            }
        }
        if !skipped.is_empty() {
            let detail = json!({ "actions": skipped, "choice": "skipped", "why": "there is no issue" });
            self.audit(Actor::Deskbell, AuditKind::ActionSettled, detail);
        }
    }

    fn alert_squad(&mut self) {
        let alerted = self.ticket.notices.iter().any(|notice| notice.kind == NoticeKind::SquadAlert);
        if alerted {
            self.show_notices(|kind| *kind == NoticeKind::SquadAlert);
        } else {
            self.notify(NoticeKind::SquadAlert, self.squad_channel(), None);
        }
    }

    pub(super) fn record(&mut self, action: ActionId) -> Option<&mut ActionRecord> {
        self.ticket.actions.iter_mut().find(|record| record.id == action)
    }

    pub(super) fn action_done(&mut self, action: ActionId, external: Option<ExternalRef>, former: Option<String>) {
        let now = self.now;
        let is_revoked = self.ticket.is_revoked(action);
        let Some(record) = self.record(action) else { return };
        let was_withdrawn = matches!(record.state, ActionState::Withdrawn { .. });
        if record.state.is_settled() && !was_withdrawn {
            return;
        }
        let (primary, undoes) = (record.primary, record.undoes);
        record.come_to(ActionState::Done { external: external.clone() }, now);
        self.audit(Actor::Deskbell, AuditKind::ActionDone, json!({ "action": action.ordinal, "external": external }));
        // It may have been found after all: nobody in the ops channel needs to choose any more.
        self.settle_ops_alerts(action, &Actor::Deskbell, None);
        self.ticket.words.failures.remove(&action);
        if let Some(former) = former.filter(|_| !self.ticket.words.erased) {
            self.ticket.words.former.insert(action, former);
        }
        if is_revoked {
            return self.happened_after_all(action);
        }
        if undoes.is_some() {
            self.show_card();
            return self.go_on_undoing();
        }
        if primary && let Some(external) = external {
            self.ticket.external = Some(external);
            if !self.ticket.outsiders_read {
                self.tell_requester(NoticeKind::IssueCreated);
            }
        }
        self.note_own_move(action);
        self.show_card();
        if self.ticket.goes_along(action) {
            self.show_steps();
        }
        if primary {
            self.go_on();
        }
    }

    /// Keeps a server's own words where only people read them. What it says last counts.
    pub(super) fn server_said(&mut self, action: ActionId, words: Option<String>) {
        if let Some(words) = words.filter(|_| !self.ticket.words.erased) {
            self.ticket.words.failures.insert(action, words);
        }
    }

    pub(super) fn action_parked(&mut self, action: ActionId, reason: &str, words: Option<String>, fate_unknown: bool) {
        let now = self.now;
        let is_revoked = self.ticket.is_revoked(action);
        let Some(record) = self.record(action) else { return };
        // Of what is withdrawn only one thing is news: that it may have happened all the same.
        let is_news = match record.state {
            ActionState::Pending => true,
            ActionState::Withdrawn { .. } => fate_unknown,
            _ => false,
        };
        if !is_news {
            return;
        }
        if !fate_unknown && self.assigns_who_claimed(action) {
            return self.not_assigned(action, reason);
        }
        let Some(record) = self.record(action) else { return };
        let (primary, undoes) = (record.primary, record.undoes);
        record.come_to(ActionState::Parked { reason: reason.to_owned(), fate_unknown }, now);
        self.server_said(action, words);
        self.audit(
            Actor::Deskbell,
            AuditKind::ActionParked,
            json!({ "action": action.ordinal, "reason": reason, "fate_unknown": fate_unknown }),
        );
        let ops = self.policy.ops_channel.clone();
        self.notify(NoticeKind::OpsAlert { action, settled_by: None, settled_at: None, choice: None }, ops, None);
        self.show_card();
        if undoes.is_some() {
            self.go_on_undoing();
        } else if self.ticket.goes_along(action) {
            self.step_failed();
        } else if primary && !is_revoked {
            self.go_on();
        }
    }

    pub(super) fn ops_chose(&mut self, action: ActionId, button: Button, by: &Person, reply: ReplyTo) {
        if !self.permitted(Right::Settle, by, &reply) {
            return;
        }
        let actor = Actor::Person(by.id.clone());
        let parked =
            self.ticket.action(action).is_some_and(|record| matches!(record.state, ActionState::Parked { .. }));
        if !parked {
            if !self.settled_last_by(action, &actor) {
                self.tell(by, Telling::AlreadySettled, reply);
            }
            return;
        }
        let (open, now, is_revoked) = (self.ticket.status.is_open(), self.now, self.ticket.is_revoked(action));
        let Some(record) = self.record(action) else { return };
        let (primary, undoes) = (record.primary, record.undoes);
        if button == Button::Retry && (is_revoked || (primary && !open)) {
            // It would do what nobody wants any more: its decision was undone, or the ticket is resolved.
            self.tell(by, Telling::TooLate, reply);
            return;
        }
        match button {
            Button::Retry => {
                record.come_to(ActionState::Pending, now);
                record.generation += 1;
            }
            Button::Skip => record.come_to(ActionState::Skipped { by: actor.clone() }, now),
            Button::TakeOver => record.come_to(ActionState::TakenOver { by: actor.clone() }, now),
            _ => return,
        }
        self.audit(actor.clone(), AuditKind::ActionSettled, json!({ "action": action.ordinal, "choice": button }));
        self.settle_ops_alerts(action, &actor, Some(button));
        self.ticket.words.failures.remove(&action);
        self.show_card();
        if is_revoked {
            return;
        }
        if undoes.is_some() {
            self.go_on_undoing();
        } else if self.ticket.goes_along(action) {
            if button == Button::Retry { self.dispatch_again(action) } else { self.show_steps() }
        } else if primary {
            if open {
                self.ticket.status = Status::Dispatching;
            }
            self.dispatch_primaries();
            self.go_on();
        } else {
            self.dispatch_pending(false);
        }
    }

    /// A second press by whoever chose is silent: they see what they did.
    fn settled_last_by(&self, about: ActionId, who: &Actor) -> bool {
        self.ticket.notices.iter().rev().any(|notice| match &notice.kind {
            NoticeKind::OpsAlert { action, settled_by: Some(by), .. } => *action == about && by == who,
            _ => false,
        })
    }

    pub(super) fn settle_ops_alerts(&mut self, settled: ActionId, by: &Actor, chosen: Option<Button>) {
        let mut changed = Vec::new();
        for notice in &mut self.ticket.notices {
            if let NoticeKind::OpsAlert { action, settled_by, settled_at, choice } = &mut notice.kind
                && *action == settled
                && settled_by.is_none()
            {
                (*settled_by, *settled_at, *choice) = (Some(by.clone()), Some(self.now), chosen);
                changed.push(notice.id);
            }
        }
        for notice in changed {
            self.show_notice(notice);
        }
    }

    pub(super) fn claim(&mut self, by: &Person, reply: ReplyTo) {
        if !self.permitted(Right::Claim, by, &reply) {
            return;
        }
        if !self.ticket.status.is_open() {
            self.tell(by, Telling::TooLate, reply);
            return;
        }
        match &self.ticket.assignee {
            Some(assignee) if assignee == &by.id => return,
            Some(_) => {
                self.tell(by, Telling::AlreadyClaimed, reply);
                return;
            }
            None => {}
        }
        self.ticket.assignee = Some(by.id.clone());
        self.ticket.claimed_at = Some(self.now);
        if let Some(clock) = &mut self.ticket.sla {
            clock.first_responded_at.get_or_insert(self.now);
        }
        self.audit(Actor::Person(by.id.clone()), AuditKind::Claimed, json!({}));
        self.assign_to(by);
        if self.escalation_is_under_way() {
            // Whoever takes the ticket is on it: alerting further levels would be noise.
            self.acknowledge(by, reply);
        }
        self.show_notices(|kind| *kind == NoticeKind::SquadAlert);
        self.tell_direct_requester(NoticeKind::Claimed { by: by.id.clone() });
        self.show_card();
    }

    pub(super) fn resolve(&mut self, by: &Person, reply: ReplyTo) {
        if !self.permitted(Right::Claim, by, &reply) {
            return;
        }
        if !matches!(self.ticket.status, Status::Following | Status::Parked) {
            self.tell(by, Telling::TooLate, reply);
            return;
        }
        let actor = Actor::Person(by.id.clone());
        let last = self.what_follows_a_resolution();
        if !last.is_empty() {
            self.allow(actor.clone(), last);
        }
        self.write_back(Occasion::Resolution, &by.id);
        self.dispatch_secondaries();
        if let Some(clock) = &mut self.ticket.sla {
            clock.first_responded_at.get_or_insert(self.now);
        }
        self.close(Status::Resolved, actor, "resolved");
        self.teach(&by.id);
        self.tell_requester(NoticeKind::Resolved { by: by.id.clone() });
    }

    /// What whoever resolves a ticket allows with it.
    fn what_follows_a_resolution(&self) -> Vec<Action> {
        let done = self.ticket.external.is_some().then(|| Action::Transition { to: self.done_status() });
        let is_kept_up_to_date = self.ticket.standing_actions().any(|record| record.name == "update_ticket");
        let solved = is_kept_up_to_date.then(|| plan::update_ticket(self.policy, &self.ticket, "solved")).flatten();
        done.into_iter().chain(solved).collect()
    }

    /// Others have an approved ticket from now on, and whoever gave or took it allows that this is written back.
    pub(super) fn handed_over(&mut self, by: &PersonId) {
        let is_approved = self.ticket.approval().is_some() && self.ticket.status.is_open();
        if is_approved {
            self.write_back(Occasion::Handover, by);
        }
    }

    pub(super) fn done_status(&self) -> String {
        self.ticket
            .squad
            .as_ref()
            .and_then(|squad| self.policy.squad(squad))
            .map_or_else(|| "Done".to_owned(), |squad| squad.tracker.done_status.clone())
    }
}
