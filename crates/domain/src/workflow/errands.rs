//! A person acts in another system under the name and address that Slack knows of them: who claims gets the issue, who resolves
//! stands in the customer's record.

use serde_json::json;

use super::plan;
use super::step::Scene;
use crate::action::{Action, ActionState, Occasion};
use crate::audit::AuditKind;
use crate::errand::{Errand, ErrandKind, Introduction, Unassigned};
use crate::ids::{ActionId, PersonId};
use crate::notice::NoticeKind;
use crate::ticket::{Actor, Status};
use crate::workflow::effect::Effect;
use crate::workflow::event::Person;

impl Scene<'_> {
    /// Whoever claims a ticket allows that its issue becomes theirs.
    pub(super) fn assign_to(&mut self, by: &Person) {
        if self.ticket.approval().is_none() || !self.has_issue() {
            return;
        }
        self.ticket.unassigned = match () {
            () if !self.context.assigns => Some(Unassigned::NoTool),
            // A stranger's address may imitate a colleague's.
            () if by.is_external => Some(Unassigned::NoAddress),
            () => None,
        };
        if self.ticket.unassigned.is_none() {
            self.ask_who(&by.id, ErrandKind::Assign);
        }
    }

    /// Where the policy asks for it.
    pub(super) fn write_back(&mut self, occasion: Occasion, by: &PersonId) {
        if self.policy.write_back.contains(&occasion) {
            self.ask_who(by, ErrandKind::WriteBack(occasion));
        }
    }

    pub(super) fn ask_who(&mut self, by: &PersonId, what: ErrandKind) {
        let errand = Errand { by: by.clone(), what };
        self.ticket.errands.push(errand.clone());
        self.out.effects.push(Effect::Introduce { errand, cause: self.context.cause.clone() });
    }

    /// Slack has said who it is, or can't.
    pub(super) fn introduced(&mut self, errand: &Errand, who: Introduction) {
        let Some(place) = self.ticket.errands.iter().position(|waiting| waiting == errand) else { return };
        self.ticket.errands.remove(place);
        match errand.what {
            ErrandKind::Assign => self.assign(&errand.by, who),
            ErrandKind::SolveWith => self.carry_out_along(who.email),
            ErrandKind::WriteBack(occasion) if self.may_write_back(occasion) => {
                let name = who.name.unwrap_or_else(|| errand.by.to_string());
                let action = plan::write_back(self.policy, &self.ticket, occasion, &name);
                self.allow(Actor::Person(errand.by.clone()), vec![action]);
                // What is resolved waits for no primary action.
                if self.ticket.status.is_open() { self.go_on() } else { self.dispatch_secondaries() }
            }
            ErrandKind::WriteBack(_) => {}
        }
    }

    /// There is something to tell, and it still holds.
    fn may_write_back(&self, occasion: Occasion) -> bool {
        !self.ticket.words.erased && (occasion == Occasion::Handover || self.ticket.status == Status::Resolved)
    }

    /// Nobody's record is told of a resolution that did not hold.
    pub(super) fn forget_resolution(&mut self) {
        self.ticket.errands.retain(|errand| errand.what != ErrandKind::WriteBack(Occasion::Resolution));
    }

    fn assign(&mut self, by: &PersonId, who: Introduction) {
        if self.ticket.assignee.as_ref() != Some(by) {
            return;
        }
        if let Some(account) = who.email.filter(|_| !self.ticket.words.erased) {
            self.allow(Actor::Person(by.clone()), vec![Action::Assign { account }]);
            if self.ticket.status.is_open() { self.go_on() } else { self.dispatch_secondaries() }
        } else {
            self.show_unassigned(Unassigned::NoAddress);
        }
    }

    fn show_unassigned(&mut self, why: Unassigned) {
        self.ticket.unassigned = Some(why);
        self.show_notices(|kind| *kind == NoticeKind::SquadAlert);
        self.show_card();
    }

    /// It carries out a claim, not what undoes one.
    pub(super) fn assigns_who_claimed(&self, action: ActionId) -> bool {
        self.ticket.action(action).is_some_and(|record| record.name == "assign" && record.undoes.is_none())
    }

    /// The claim stands all the same, and the squad's alert says that the issue is nobody's, or another's.
    pub(super) fn not_assigned(&mut self, action: ActionId, reason: &str) {
        let now = self.now;
        if let Some(record) = self.record(action) {
            record.come_to(ActionState::Skipped { by: Actor::Deskbell }, now);
        }
        let detail = json!({ "actions": [action.ordinal], "choice": "skipped", "why": reason });
        self.audit(Actor::Deskbell, AuditKind::ActionSettled, detail);
        self.show_unassigned(Unassigned::Refused);
    }
}
