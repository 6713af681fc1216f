//! What undoes a decision: every action has something that undoes it, or says that it has not.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::{Action, ActionRecord, ActionState, Approval};
use crate::ids::{ActionId, PersonId};
use crate::policy::Policy;
use crate::ticket::{ExternalRef, Source, Status, Ticket};

/// How a decision was undone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Undone {
    /// Who undid it.
    pub by: PersonId,
    /// When.
    pub at: Timestamp,
    /// Which of the ticket's decisions.
    pub decision: u32,
    /// What was done and stays: nothing undoes it.
    pub stays: Vec<ActionId>,
}

/// What undoes an action that was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Compensation {
    /// These, in this order.
    By(Vec<Action>),
    /// What undoes another one covers it: what it changed is closed as a whole.
    Covered,
    /// Nothing: what it did stays.
    Nothing,
}

/// What undoing the decision in force comes to.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UndoPlan {
    /// What was done and is undone, the newest first.
    pub undone: Vec<Undoing>,
    /// What was done and stays.
    pub stays: Vec<ActionId>,
    /// What has not happened yet and will not.
    pub withdrawn: Vec<ActionId>,
    /// What may or may not have happened: a person has to look.
    pub unclear: Vec<ActionId>,
}

/// How one action is undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Undoing {
    /// What is undone.
    pub action: ActionId,
    /// By what, in this order.
    pub by: Vec<Action>,
    /// What both are about.
    pub about: Option<ExternalRef>,
}

impl Ticket {
    /// The first approval of the decision in force.
    pub fn approval(&self) -> Option<&Approval> {
        self.approvals.iter().find(|approval| approval.stands())
    }

    /// A decision of it was undone: no rule and no timer decides it by itself any more.
    pub fn was_undone(&self) -> bool {
        self.undone.is_some()
    }

    /// The actions of the decision in force; neither those of one that was undone, nor what undoes it.
    pub fn standing_actions(&self) -> impl Iterator<Item = &ActionRecord> {
        let standing = self.standing();
        self.actions.iter().filter(move |record| standing.contains(&record.id))
    }

    pub(crate) fn standing(&self) -> BTreeSet<ActionId> {
        let standing = self.approvals.iter().filter(|approval| approval.stands());
        standing.flat_map(|approval| approval.actions().iter().copied()).collect()
    }

    /// Its decision was undone.
    pub fn is_revoked(&self, action: ActionId) -> bool {
        let mut revoked = self.approvals.iter().filter(|approval| approval.is_revoked());
        revoked.any(|approval| approval.actions().contains(&action))
    }

    /// What undoes a decision is still under way.
    pub fn is_being_undone(&self) -> bool {
        self.actions.iter().any(|record| record.undoes.is_some() && record.state == ActionState::Pending)
    }

    /// Whether the decision in force may be undone now: it was carried out, as far as it could be. Without the words there
    /// would be nothing to decide on anew.
    pub fn may_be_undone(&self) -> bool {
        let is_carried_out = matches!(self.status, Status::Following | Status::Parked | Status::Resolved);
        is_carried_out && self.approval().is_some() && !self.words.erased
    }

    /// What undoing the decision in force comes to.
    pub fn undo_plan(&self, policy: &Policy) -> UndoPlan {
        let mut plan = UndoPlan::default();
        let standing: Vec<&ActionRecord> = self.standing_actions().collect();
        // What the bot did along with its answer is undone with it; nothing takes back what is done.
        let along = self.solving_actions().filter(|record| !self.is_revoked(record.id));
        for record in standing.into_iter().rev().chain(along) {
            match &record.state {
                ActionState::Done { .. } => match self.compensation(policy, record) {
                    Compensation::By(by) => {
                        plan.undone.push(Undoing { action: record.id, by, about: self.about(record) });
                    }
                    Compensation::Covered => {}
                    Compensation::Nothing => plan.stays.push(record.id),
                },
                ActionState::Pending | ActionState::Parked { fate_unknown: false, .. } => {
                    plan.withdrawn.push(record.id);
                }
                ActionState::Parked { fate_unknown: true, .. } => plan.unclear.push(record.id),
                ActionState::TakenOver { .. } => plan.stays.push(record.id),
                ActionState::Skipped { .. } | ActionState::Withdrawn { .. } => {}
            }
        }
        plan
    }

    /// What undoes an action that was done.
    pub fn compensation(&self, policy: &Policy, record: &ActionRecord) -> Compensation {
        let made = matches!(&record.state, ActionState::Done { external: Some(_) });
        let former = self.words.former.get(&record.id);
        let restored = || former.filter(|former| !former.is_empty()).cloned();
        let by = match record.name.as_str() {
            "create_issue" | "create_story" if made => Some(vec![
                Action::Comment { body: self.closing_note() },
                Action::Transition { to: self.status_when_undone(policy) },
            ]),
            // What is closed needs not go back to work before.
            "transition" if self.will_be_closed(record) => return Compensation::Covered,
            "transition" => restored().map(|to| vec![Action::Transition { to }]),
            "set_priority" => restored().map(|priority| vec![Action::SetPriority { priority }]),
            "assign" => former.map(|account| vec![Action::Assign { account: account.clone() }]),
            "add_labels" => return self.labels_added(record).map_or(Compensation::Nothing, without_labels),
            "update_ticket" => {
                restored().and_then(|status| self.restored_at_helpdesk(status)).map(|action| vec![action])
            }
            _ => None,
        };
        by.map_or(Compensation::Nothing, Compensation::By)
    }

    /// Those that were not there before; `None` where nobody knows. Some trackers tell no difference between large and small
    /// letters, and what stood there is not to be taken away.
    fn labels_added(&self, record: &ActionRecord) -> Option<Vec<String>> {
        let former: BTreeSet<String> =
            self.words.former.get(&record.id)?.lines().map(|label| label.trim().to_lowercase()).collect();
        let Some(Action::AddLabels { labels }) = self.words.actions.get(&record.id) else { return None };
        Some(labels.iter().filter(|label| !former.contains(&label.to_lowercase())).cloned().collect())
    }

    /// What an action made, or is about.
    pub(crate) fn about(&self, record: &ActionRecord) -> Option<ExternalRef> {
        match &record.state {
            ActionState::Done { external: Some(made) } if record.primary => Some(made.clone()),
            _ if record.needs_an_issue() => self.external.clone(),
            _ => record.about.clone(),
        }
    }

    /// The issue that it is about was made for the ticket, so it is closed.
    fn will_be_closed(&self, record: &ActionRecord) -> bool {
        let about = self.about(record);
        self.actions.iter().any(|other| match &other.state {
            ActionState::Done { external: Some(made) } => other.primary && about.as_ref() == Some(made),
            _ => false,
        })
    }

    fn closing_note(&self) -> String {
        format!(
            "The decision to open this for {} was undone in Deskbell, so it is closed. If work goes on, it does under a new decision.",
            self.id
        )
    }

    /// As the squad's tracker calls it; a squad that the policy no longer knows had the default's.
    fn status_when_undone(&self, policy: &Policy) -> String {
        let squads = [self.squad.as_ref(), Some(&policy.default.squad)];
        let squad = squads.into_iter().flatten().find_map(|id| policy.squad(id));
        squad.map(|squad| squad.tracker.undone_status.clone()).unwrap_or_default()
    }

    fn restored_at_helpdesk(&self, status: String) -> Option<Action> {
        let Source::Helpdesk { system, external_id, .. } = &self.source else { return None };
        Some(Action::UpdateTicket {
            system: system.clone(),
            external_id: external_id.clone(),
            status,
            priority: None,
            note: format!(
                "The decision on {} was undone in Deskbell; this has the status again that it had before.",
                self.id
            ),
        })
    }
}

/// All of them were there before: there is nothing to undo.
fn without_labels(added: Vec<String>) -> Compensation {
    if added.is_empty() {
        return Compensation::Covered;
    }
    Compensation::By(vec![Action::RemoveLabels { labels: added }])
}
