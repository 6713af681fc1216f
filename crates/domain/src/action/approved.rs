//! The right to carry an action out, rebuilt from what the store kept.

use super::{Action, ActionState};
use crate::ids::{ActionId, TicketId, WorkspaceId};
use crate::knowledge::{Click, Lesson, StoredClick};
use crate::ticket::{Actor, ExternalRef, Status, Ticket};

/// A ticket as the store read it back, and not as anybody else said it is.
#[derive(Debug)]
pub struct StoredTicket(Ticket);

impl StoredTicket {
    /// Called where a row of the store was read, and nowhere else.
    pub fn read_back(ticket: Ticket) -> Self {
        Self(ticket)
    }

    /// The ticket.
    pub fn ticket(&self) -> &Ticket {
        &self.0
    }
}

/// What an action belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Subject {
    /// A ticket.
    Ticket(ActionId),
    /// A person's click.
    Click(u64),
    /// What a ticket teaches.
    Lesson(TicketId),
}

/// The right to carry one action out. See the documentation of [`super`].
#[derive(Debug)]
pub struct ApprovedAction<'ticket> {
    subject: Subject,
    action: &'ticket Action,
    external: Option<&'ticket ExternalRef>,
    approved_by: &'ticket Actor,
}

/// Why an action may not be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotApproved {
    /// No stored approval names it.
    #[error("no approval names this action")]
    NoApproval,
    /// It is done, skipped, taken over or parked.
    #[error("the action is not pending")]
    NotPending,
    /// Its words are gone (the person was erased).
    #[error("the action's words are gone")]
    NoWords,
}

impl<'ticket> ApprovedAction<'ticket> {
    /// Rebuilds the right from what the store kept.
    ///
    /// # Errors
    /// When no approval names the action, when it is no longer pending, or when its words were erased.
    pub fn rebuild(stored: &'ticket StoredTicket, id: ActionId) -> Result<Self, NotApproved> {
        let ticket = stored.ticket();
        let approval = ticket.approvals.iter().find(|approval| approval.allows(id)).ok_or(NotApproved::NoApproval)?;
        let pending = ticket.action(id).filter(|record| record.state == ActionState::Pending);
        let record = pending.ok_or(NotApproved::NotPending)?;
        let action = ticket.words.actions.get(&id).ok_or(NotApproved::NoWords)?;
        let external = record.about.as_ref().or(ticket.external.as_ref());
        Ok(Self { subject: Subject::Ticket(id), action, external, approved_by: &approval.by })
    }

    /// Rebuilds the right from a click that the store kept: who clicked allowed this one action.
    ///
    /// # Errors
    /// When the action is none of those that a click alone may allow.
    pub fn of_click(stored: &'ticket StoredClick) -> Result<Self, NotApproved> {
        let Click { number, by, action } = stored.click();
        if !Action::OF_CLICKS.contains(&action.name()) {
            return Err(NotApproved::NoApproval);
        }
        Ok(Self { subject: Subject::Click(*number), action, external: None, approved_by: by })
    }

    /// Rebuilds the right to keep the knowledge server's document of a ticket as the ticket is: whoever resolved it allowed that the
    /// document is there as long as that stands, and that it is taken back afterwards.
    ///
    /// # Errors
    /// When the ticket teaches nothing, or the action is none of these or about another document.
    pub fn of_lesson(stored: &'ticket StoredTicket, action: &'ticket Action) -> Result<Self, NotApproved> {
        let ticket = stored.ticket();
        let lesson = ticket.lesson.as_ref().ok_or(NotApproved::NoApproval)?;
        let (path, is_allowed) = match action {
            Action::PutDocument { path, .. } => (path, lesson.stands() && ticket.status == Status::Resolved),
            Action::RemoveDocument { path } => (path, true),
            _ => return Err(NotApproved::NoApproval),
        };
        if !is_allowed || *path != Lesson::path(ticket.id) {
            return Err(NotApproved::NoApproval);
        }
        if ticket.words.erased && matches!(action, Action::PutDocument { .. }) {
            return Err(NotApproved::NoWords);
        }
        Ok(Self { subject: Subject::Lesson(ticket.id), action, external: None, approved_by: lesson.by() })
    }

    /// What.
    pub fn action(&self) -> &Action {
        self.action
    }

    /// The external object that it is about, where it is about one.
    pub fn external(&self) -> Option<&ExternalRef> {
        self.external
    }

    /// Who allowed it.
    pub fn approved_by(&self) -> &Actor {
        self.approved_by
    }

    /// The key that makes a vendor do it once: the same for every attempt.
    pub fn idempotency_key(&self, workspace: &WorkspaceId) -> String {
        match self.subject {
            Subject::Ticket(id) => format!("{workspace}/{id}"),
            Subject::Click(number) => format!("{workspace}/click/{number}"),
            Subject::Lesson(ticket) => format!("{workspace}/{ticket}/lesson"),
        }
    }

    /// The ticket it belongs to, if it belongs to one.
    pub fn ticket(&self) -> Option<TicketId> {
        match self.subject {
            Subject::Ticket(id) => Some(id.ticket),
            Subject::Lesson(ticket) => Some(ticket),
            Subject::Click(_) => None,
        }
    }
}
