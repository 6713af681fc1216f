//! What the bot does along with its answer: the company's own tools that the rule names which lets it answer, and nothing else. What
//! does not work out makes it people's ticket.

use serde_json::json;

use super::plan;
use super::step::Scene;
use crate::action::{Action, ActionRecord, ActionState, Approval};
use crate::audit::AuditKind;
use crate::errand::ErrandKind;
use crate::ids::ActionId;
use crate::knowledge::SolvingEnd;
use crate::notice::NoticeKind;
use crate::ticket::{Actor, Ticket};
use crate::workflow::effect::Effect;

impl Scene<'_> {
    /// What may be done along with an answer now: nothing once words came that the rule has not read.
    fn solve_with(&self) -> &[String] {
        let is_altered = self.ticket.solving.as_ref().is_none_or(|solving| solving.is_altered);
        let decision = self.ticket.decision.as_ref().filter(|_| !is_altered && self.ticket.is_being_answered());
        decision.map(|decision| decision.solve_with.as_slice()).unwrap_or_default()
    }

    /// Once for a ticket: whoever asked is looked up first, since tools know people by their address.
    pub(super) fn act_along_with_answer(&mut self) {
        let has_acted = self.ticket.solving_actions().next().is_some();
        if !has_acted && !self.solve_with().is_empty() {
            let requester = self.ticket.requester.clone();
            self.ask_who(&requester, ErrandKind::SolveWith);
        }
    }

    /// Allowed by the rule that lets the bot answer, as long as the ticket is the bot's. A stranger's address may imitate a
    /// colleague's, and a tool that is told nobody might act for anybody.
    pub(super) fn carry_out_along(&mut self, email: Option<String>) {
        if self.solve_with().is_empty() || self.ticket.words.erased {
            return;
        }
        let Some(email) = email.filter(|_| !self.ticket.requester_is_external) else {
            return self.hand_over(SolvingEnd::StepFailed);
        };
        let names = self.solve_with().to_vec();
        let actions: Vec<Action> = names.iter().map(|name| plan::custom(&self.ticket, name, &email)).collect();
        let ids: Vec<ActionId> = actions.into_iter().map(|action| self.add_one(action, None, None)).collect();
        let ordinals: Vec<u32> = ids.iter().map(|id| id.ordinal).collect();
        let by = self.ticket.deciding();
        self.audit(by.clone(), AuditKind::Approved, json!({ "actions": ordinals, "along_with": "answer" }));
        for &action in &ids {
            self.out.effects.push(Effect::Dispatch { action, generation: 0 });
        }
        self.ticket.approvals.push(Approval::solving(by, self.now, ids));
        self.show_steps();
    }

    /// The answer says what became of what went along with it.
    pub(super) fn show_steps(&mut self) {
        self.show_notices(|kind| matches!(kind, NoticeKind::Answered { .. }));
        self.show_card();
    }

    /// One of them can't go on by itself: a person has to look, at the ticket too.
    pub(super) fn step_failed(&mut self) {
        self.show_steps();
        if self.ticket.is_being_answered() {
            self.hand_over(SolvingEnd::StepFailed);
        }
    }

    pub(super) fn dispatch_again(&mut self, action: ActionId) {
        let generation = self.ticket.action(action).map_or(0, |record| record.generation);
        self.out.effects.push(Effect::Dispatch { action, generation });
        self.show_steps();
    }

    /// The ticket is not the bot's any more: what it has not done yet it leaves.
    pub(super) fn leave_what_waits(&mut self) {
        self.ticket.errands.retain(|errand| errand.what != ErrandKind::SolveWith);
        let is_pending = |record: &&ActionRecord| record.state == ActionState::Pending;
        let waiting: Vec<ActionId> = self.ticket.solving_actions().filter(is_pending).map(|record| record.id).collect();
        self.withdraw(&waiting, &Actor::Deskbell);
    }
}

impl Ticket {
    /// What the bot does along with its answer.
    pub fn solving_actions(&self) -> impl Iterator<Item = &ActionRecord> {
        self.actions.iter().filter(|record| self.goes_along(record.id))
    }

    /// It goes along with an answer of the bot's.
    pub fn goes_along(&self, action: ActionId) -> bool {
        self.approvals.iter().any(|approval| approval.solves() && approval.actions().contains(&action))
    }
}
