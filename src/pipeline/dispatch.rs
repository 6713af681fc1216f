//! Approved actions: carried out once. What never left waits and counts for nothing; what surely did not happen is tried
//! again; what may have happened is looked for and never repeated, unless the server does it once per key; what stays unknown is
//! parked for a human.

use std::time::Duration;

use deskbell_domain::action::{ActionState, ApprovedAction, NotApproved, StoredTicket};
use deskbell_domain::ids::ActionId;
use deskbell_domain::ticket::Ticket;
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::Event;
use jiff::{SignedDuration, Timestamp};

use super::World;
use super::commit::Along;
use super::perform::Undone;
use super::trust::Distrusted;
use crate::mcp_host::{Binding, CarriedOut, DispatchError, Found, Reason, Recourse, ToolInfo};
use crate::store::ClaimedJob;

/// Looks that fail in a row before a human is asked: about ten minutes of backing off. Looking changes nothing.
const LOOKS: u32 = 12;
/// The shortest and the longest wait for a server that can't be called now, unless it asked for another.
const WAIT_MIN: Duration = Duration::from_millis(500);
const WAIT_MAX: Duration = Duration::from_secs(30);
/// The first look for a marker comes this soon; each further one waits twice as long.
const FIRST_LOOK: SignedDuration = SignedDuration::from_secs(1);

/// Before why an action that may have happened can't be looked for.
const NO_LOOK: &str = "it could not be looked for";

impl World {
    /// Carries an approved action out.
    pub(super) async fn dispatch(&self, job: &ClaimedJob, id: ActionId) -> Result<(), Undone> {
        let stored = self.stored_ticket_of(job).await?;
        let generation = stored.ticket().action(id).map_or(0, |record| record.generation);
        if job.in_doubt {
            self.end_what_waited(job, stored.ticket(), id).await?;
        }
        let approved = match ApprovedAction::rebuild(&stored, id) {
            Ok(approved) => approved,
            Err(NotApproved::NotPending | NotApproved::NoApproval) => {
                return self.not_wanted(job, stored.ticket(), id, job.in_doubt).await;
            }
            Err(error @ NotApproved::NoWords) => {
                return self.park(job, id, error.to_string().into(), job.in_doubt).await;
            }
        };
        let may_call_again = self.may_call_again(job, &approved);
        if job.in_doubt && !may_call_again {
            // The worker that died may have sent it until its lease ran out: from now on it can't.
            return self.look_later(job, id, generation, 1, Timestamp::now()).await;
        }
        let key = approved.idempotency_key(&job.workspace);
        let ready = match self.host.ready(&self.bindings, &approved, &key).await {
            Ok(ready) => ready,
            Err(error) => return self.not_done(job, id, generation, may_call_again, error).await,
        };
        let (server, tool) = ready.tool();
        if let Err(distrusted) = self.trusts(&job.workspace, server, tool).await? {
            return self.not_done(job, id, generation, may_call_again, distrusted.into()).await;
        }
        // From here on whoever undoes the decision ends this call; who did before is seen by reading once more.
        let entry = self.under_way.begin(id, server);
        self.about_to_send(job).await?;
        let now = self.stored_ticket_of(job).await?;
        if ApprovedAction::rebuild(&now, id).is_err() {
            return self.not_wanted(job, now.ticket(), id, job.in_doubt).await;
        }
        match Box::pin(self.send_attended(job, stored.ticket(), id, ready, entry)).await {
            Ok(CarriedOut { made, former }) => {
                self.step_ticket(job, Event::ActionDone { action: id, external: made, former }).await
            }
            Err(error) => self.not_done(job, id, generation, may_call_again, error).await,
        }
    }

    /// The ticket a job is about, with its approvals as the store kept them.
    async fn stored_ticket_of(&self, job: &ClaimedJob) -> Result<StoredTicket, Undone> {
        let id = job.ticket.ok_or_else(|| Undone::Never { reason: "the job names no ticket".to_owned() })?;
        let found = self.store.stored_ticket(&job.workspace, id).await?;
        found.ok_or_else(|| Undone::Never { reason: format!("there is no {id}") })
    }

    /// Nobody wants it carried out any more, so nothing is sent. What was sent before its decision was undone, and of which
    /// nobody knows what came, is a person's to look at.
    async fn not_wanted(&self, job: &ClaimedJob, ticket: &Ticket, id: ActionId, may_have: bool) -> Result<(), Undone> {
        let is_withdrawn =
            ticket.action(id).is_some_and(|record| matches!(record.state, ActionState::Withdrawn { .. }));
        if is_withdrawn && may_have {
            let reason = "its decision was undone when it had been sent already; it may or may not have happened";
            return self.park(job, id, reason.into(), true).await;
        }
        self.finish(job, Along::default()).await?;
        Ok(())
    }

    async fn not_done(
        &self,
        job: &ClaimedJob,
        id: ActionId,
        generation: u32,
        may_call_again: bool,
        error: DispatchError,
    ) -> Result<(), Undone> {
        match error {
            DispatchError::NotSent { reason, retry_after } => match self.wait_for_server(job, retry_after) {
                Some(after) => Err(Undone::PutOff { after, reason: reason.to_string() }),
                None => self.park(job, id, reason.after("it could not be sent for too long"), job.in_doubt).await,
            },
            DispatchError::NotDone { reason, retry_after } if job.sends + 1 < self.habits.dispatch_attempts => {
                Err(Undone::Failed { after: retry_after, reason: reason.to_string() })
            }
            // What this call did not do an earlier one may have done.
            DispatchError::NotDone { reason, .. } | DispatchError::Refused { reason } => {
                self.park(job, id, reason, job.in_doubt).await
            }
            DispatchError::Cancelled => {
                tracing::info!(job = %job.id, "an action's call was cancelled; looking for its marker");
                self.look_later(job, id, generation, 1, Timestamp::now()).await
            }
            DispatchError::Unknown { reason } if may_call_again && job.sends + 1 < self.habits.dispatch_attempts => {
                tracing::warn!(job = %job.id, %reason, "an action's outcome is unknown; the same call will tell");
                Err(Undone::Later { after: None, reason: reason.to_string() })
            }
            DispatchError::Unknown { reason } => {
                tracing::warn!(job = %job.id, %reason, "an action's outcome is unknown; looking for its marker");
                self.look_for(job, id, generation, reason).await
            }
        }
    }

    /// Whether the server does the thing once however often it is asked, and still remembers that it was.
    fn may_call_again(&self, job: &ClaimedJob, approved: &ApprovedAction<'_>) -> bool {
        let recourse = self.bindings.of(approved.action().name()).map_or(Recourse::Look, Binding::recourse);
        match recourse {
            Recourse::Look => false,
            Recourse::CallAgain { .. } if job.sends >= self.habits.dispatch_attempts => false,
            Recourse::CallAgain { lasts: None } => true,
            Recourse::CallAgain { lasts: Some(lasts) } => Timestamp::now().duration_since(job.first_run_at) < lasts,
        }
    }

    /// How long to wait for a server that can't be called now: longer, the longer it has been so. `None` when that has
    /// lasted for too long.
    fn wait_for_server(&self, job: &ClaimedJob, asked: Option<Duration>) -> Option<Duration> {
        let waited = Timestamp::now().duration_since(job.first_run_at);
        if waited >= self.habits.dispatch_patience {
            return None;
        }
        let waited = Duration::try_from(waited).unwrap_or_default();
        Some((waited / 2).clamp(WAIT_MIN, WAIT_MAX).max(asked.unwrap_or_default()))
    }

    /// Looks for the marker of an action that may have been carried out.
    pub(super) async fn reconcile(
        &self,
        job: &ClaimedJob,
        id: ActionId,
        generation: u32,
        look: u32,
        since: Timestamp,
    ) -> Result<(), Undone> {
        let stored = self.stored_ticket_of(job).await?;
        let Ok(approved) = ApprovedAction::rebuild(&stored, id) else {
            return self.not_wanted(job, stored.ticket(), id, true).await;
        };
        if let Some((server, tool)) = self.looking_tool(&approved)
            && let Err(distrusted) = self.trusts(&job.workspace, &server, &tool).await?
        {
            return match self.wait_for_server(job, None) {
                Some(after) => Err(Undone::PutOff { after, reason: distrusted.reason }),
                None => self.park(job, id, Reason::from(distrusted.reason).after(NO_LOOK), true).await,
            };
        }
        let key = approved.idempotency_key(&job.workspace);
        match self.host.find(&self.bindings, &approved, &key).await {
            Ok(Found::Yes(external)) => {
                self.step_ticket(job, Event::ActionDone { action: id, external, former: None }).await
            }
            Ok(Found::NotYet { lag }) => {
                let waited = Timestamp::now().duration_since(since);
                if waited < lag {
                    self.look_later(job, id, generation, look + 1, since).await
                } else {
                    let reason =
                        format!("no trace of it after {} s; it may or may not have happened", waited.as_secs());
                    self.park(job, id, reason.into(), true).await
                }
            }
            Ok(Found::CannotTell) => {
                self.park(job, id, "the answer got lost and the server has no way to look it up".into(), true).await
            }
            Err(DispatchError::NotSent { reason, retry_after }) => match self.wait_for_server(job, retry_after) {
                Some(after) => Err(Undone::PutOff { after, reason: reason.to_string() }),
                None => self.park(job, id, reason.after(NO_LOOK), true).await,
            },
            Err(DispatchError::NotDone { reason, retry_after }) if job.attempts < LOOKS => {
                Err(Undone::Later { after: retry_after, reason: reason.to_string() })
            }
            Err(DispatchError::Unknown { reason }) if job.attempts < LOOKS => {
                Err(Undone::Later { after: None, reason: reason.to_string() })
            }
            // A look is attended by nobody, so nobody cancels one.
            Err(error @ DispatchError::Cancelled) => {
                self.park(job, id, Reason::from(error.to_string()).after(NO_LOOK), true).await
            }
            Err(
                DispatchError::NotDone { reason, .. }
                | DispatchError::Refused { reason }
                | DispatchError::Unknown { reason },
            ) => self.park(job, id, reason.after(NO_LOOK), true).await,
        }
    }

    /// The tool that looks for an action's marker, as it is now.
    fn looking_tool(&self, approved: &ApprovedAction<'_>) -> Option<(String, ToolInfo)> {
        let binding = self.bindings.of(approved.action().name())?;
        let tool = self.host.tool(&binding.server, binding.looks_with()?)?;
        Some((binding.server.clone(), tool))
    }

    /// Looks for an action's marker from now on, and keeps what the server said with the ticket's words: whoever is asked in the
    /// end reads it.
    async fn look_for(
        &self,
        job: &ClaimedJob,
        action: ActionId,
        generation: u32,
        reason: Reason,
    ) -> Result<(), Undone> {
        let (_, said) = reason.into_parts();
        let since = Timestamp::now();
        let Some(words) = said else { return self.look_later(job, action, generation, 1, since).await };
        let along = next_look(action, generation, 1, since);
        self.step(job, job.ticket, Event::ActionDoubted { action, words }, along).await?;
        Ok(())
    }

    async fn look_later(
        &self,
        job: &ClaimedJob,
        action: ActionId,
        generation: u32,
        look: u32,
        since: Timestamp,
    ) -> Result<(), Undone> {
        self.finish(job, next_look(action, generation, look, since)).await?;
        Ok(())
    }

    async fn park(&self, job: &ClaimedJob, action: ActionId, reason: Reason, fate_unknown: bool) -> Result<(), Undone> {
        let (reason, words) = reason.into_parts();
        self.step_ticket(job, Event::ActionParked { action, reason, words, fate_unknown }).await
    }
}

fn next_look(action: ActionId, generation: u32, look: u32, since: Timestamp) -> Along {
    let wait = FIRST_LOOK.saturating_mul(1 << look.saturating_sub(1).min(4));
    let effect = Effect::Reconcile { action, generation, look, since };
    Along { effects: vec![(effect, Timestamp::now() + wait)], ..Along::default() }
}

impl From<Distrusted> for DispatchError {
    /// Nothing was sent, and it may be once somebody accepts the tool.
    fn from(distrusted: Distrusted) -> Self {
        Self::NotSent { reason: distrusted.reason.into(), retry_after: None }
    }
}
