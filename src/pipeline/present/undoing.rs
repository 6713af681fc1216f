//! What undoing a decision would come to, and what came of it.

use std::collections::BTreeMap;

use deskbell_domain::action::{Action, ActionRecord, ActionState, Approval};
use deskbell_domain::ids::ActionId;
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::{ExternalRef, Ticket};
use deskbell_domain::undo::Undoing;
use jiff::Timestamp;

use super::card::step;
use crate::slack::messages::{UndoOffer, UndoState, UndoStep, UndoneDecision};

/// What a press on Undo would come to; `None` while there is nothing to undo.
pub(super) fn offer(policy: &Policy, ticket: &Ticket) -> Option<UndoOffer> {
    if !ticket.may_be_undone() {
        return None;
    }
    let plan = ticket.undo_plan(policy);
    let dropped = plan.withdrawn.iter().filter_map(|id| ticket.action(*id)).map(dropped);
    let undone = plan.undone.iter().map(|Undoing { by, about, .. }| undoing(by, about.as_ref()));
    Some(UndoOffer {
        undone: undone.chain(dropped).collect(),
        stays: staying(ticket, &plan.stays),
        unclear: plan.unclear.iter().filter_map(|id| ticket.action(*id)).map(|it| step(it).to_owned()).collect(),
    })
}

/// What came of the newest undoing.
pub(super) fn undone(ticket: &Ticket) -> Option<UndoneDecision> {
    let undone = ticket.undone.as_ref()?;
    let newest = ticket.approvals.iter().rev().find(|approval| approval.undoes());
    let mut by_undone: BTreeMap<ActionId, Vec<&ActionRecord>> = BTreeMap::new();
    for record in newest.into_iter().flat_map(Approval::actions).filter_map(|id| ticket.action(*id)) {
        if let Some(original) = record.undoes {
            by_undone.entry(original).or_default().push(record);
        }
    }
    let unclear = ticket.actions.iter().filter(|record| {
        ticket.is_revoked(record.id) && matches!(record.state, ActionState::Parked { fate_unknown: true, .. })
    });
    Some(UndoneDecision {
        by_user_id: undone.by.to_string(),
        at_unix: undone.at.as_second(),
        steps: by_undone.values().rev().map(|records| undo_step(ticket, records)).collect(),
        stays: staying(ticket, &undone.stays),
        unclear: unclear.map(|record| step(record).to_owned()).collect(),
    })
}

/// When and by whom decisions were undone last, for the ticket's history.
pub(super) fn moment(ticket: &Ticket) -> Option<(Timestamp, String)> {
    ticket.undone.as_ref().map(|undone| (undone.at, undone.by.to_string()))
}

fn undo_step(ticket: &Ticket, records: &[&ActionRecord]) -> UndoStep {
    let actions: Vec<Action> =
        records.iter().filter_map(|record| ticket.words.actions.get(&record.id)).cloned().collect();
    let about = records.first().and_then(|record| record.about.as_ref());
    let is = |state: fn(&ActionState) -> bool| records.iter().any(|record| state(&record.state));
    let state = match () {
        () if is(|state| matches!(state, ActionState::Parked { .. })) => UndoState::WaitsForOps,
        () if is(|state| *state == ActionState::Pending) => UndoState::UnderWay,
        () if is(|state| !matches!(state, ActionState::Done { .. })) => UndoState::LeftToPerson,
        () => UndoState::Done,
    };
    UndoStep { text: undoing(&actions, about), state }
}

/// What undoes an action, in words: `close PAY-1 with a note`.
fn undoing(by: &[Action], about: Option<&ExternalRef>) -> String {
    let key = about.map_or("it", |about| about.key.as_str());
    match by {
        [Action::Comment { .. }, Action::Transition { .. }] => format!("close {key} with a note"),
        [Action::Transition { to }] => format!("move {key} back to {to}"),
        [Action::SetPriority { priority }] => format!("set the priority of {key} back to {priority}"),
        [Action::RemoveLabels { labels }] => format!("take {} off {key}", labels.join(", ")),
        [Action::Assign { account }] if account.is_empty() => format!("assign {key} to nobody again"),
        [Action::Assign { .. }] => format!("assign {key} to who had it before"),
        [Action::UpdateTicket { system, external_id, status, .. }] => {
            format!("set {} #{external_id} back to {status}", super::capitalised(system))
        }
        // Their words were erased.
        _ => format!("undo what was done to {key}"),
    }
}

fn dropped(record: &ActionRecord) -> String {
    format!("drop what was not done yet ({})", step(record).to_lowercase())
}

/// What stays, in words; what is the same is counted.
fn staying(ticket: &Ticket, stays: &[ActionId]) -> Vec<String> {
    let mut counted: Vec<(&str, u32)> = Vec::new();
    for record in stays.iter().rev().filter_map(|id| ticket.action(*id)) {
        let words = match (&record.state, record.name.as_str()) {
            (ActionState::TakenOver { .. }, _) => "what was done by hand",
            (_, "comment") => "the comment",
            (_, "post_message") => "the message",
            (_, "write_back") => "the entry in the customer's record",
            (_, "transition" | "update_ticket") => "the status (what it was is not known)",
            (_, "set_priority") => "the priority (what it was is not known)",
            (_, "add_labels") => "the labels (which were there before is not known)",
            (_, "assign") => "the assignee (who it was is not known)",
            (_, name) if Action::OPENING.contains(&name) => "the issue",
            _ => "what was done along with an answer",
        };
        match counted.iter_mut().find(|(known, _)| *known == words) {
            Some((_, count)) => *count += 1,
            None => counted.push((words, 1)),
        }
    }
    let shown = |(words, count): (&str, u32)| if count > 1 { format!("{words} ({count}×)") } else { words.to_owned() };
    counted.into_iter().map(shown).collect()
}
