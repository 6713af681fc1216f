//! Approved actions: carried out once. What surely did not happen is tried again; what may have happened is looked
//! for and never repeated; what stays unknown is parked for a human.

use deskbell_domain::action::{ApprovedAction, NotApproved};
use deskbell_domain::ids::ActionId;
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::Event;
use jiff::{SignedDuration, Timestamp};

use super::World;
use super::commit::Along;
use super::perform::Undone;
use crate::mcp_host::{DispatchError, Found};
use crate::store::ClaimedJob;

/// Looks that fail in a row before a human is asked: about ten minutes of backing off. Looking changes nothing.
const LOOKS: u32 = 12;
/// The first look for a marker comes this soon; each further one waits twice as long.
const FIRST_LOOK: SignedDuration = SignedDuration::from_secs(1);

impl World {
    /// Carries an approved action out.
    pub(super) async fn dispatch(&self, job: &ClaimedJob, id: ActionId) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        let generation = ticket.action(id).map_or(0, |record| record.generation);
        if job.crashes > 0 {
            // The worker that died may have sent it until its lease ran out: from now on it can't.
            return self.look_later(job, id, generation, 1, Timestamp::now()).await;
        }
        let approved = match ApprovedAction::rebuild(&ticket, id) {
            Ok(approved) => approved,
            Err(NotApproved::NotPending | NotApproved::NoApproval) => {
                self.finish(job, Along::default()).await?;
                return Ok(());
            }
            Err(error @ NotApproved::NoWords) => return self.park(job, id, error.to_string(), false).await,
        };
        let key = approved.idempotency_key(&job.workspace);
        match self.host.dispatch(&self.bindings, &approved, &key).await {
            Ok(external) => self.step_ticket(job, Event::ActionDone { action: id, external }).await,
            Err(DispatchError::NotDone { reason, retry_after }) if job.attempts < self.habits.dispatch_attempts => {
                Err(Undone::Later { after: retry_after, reason })
            }
            Err(DispatchError::NotDone { reason, .. } | DispatchError::Refused { reason }) => {
                self.park(job, id, reason, false).await
            }
            Err(DispatchError::Unknown { reason }) => {
                tracing::warn!(job = %job.id, reason, "an action's outcome is unknown; looking for its marker");
                self.look_later(job, id, generation, 1, Timestamp::now()).await
            }
        }
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
        let ticket = self.ticket_of(job).await?;
        let Ok(approved) = ApprovedAction::rebuild(&ticket, id) else {
            self.finish(job, Along::default()).await?;
            return Ok(());
        };
        let key = approved.idempotency_key(&job.workspace);
        match self.host.find(&self.bindings, &approved, &key).await {
            Ok(Found::Yes(external)) => self.step_ticket(job, Event::ActionDone { action: id, external }).await,
            Ok(Found::NotYet { lag }) => {
                let waited = Timestamp::now().duration_since(since);
                if waited < lag {
                    self.look_later(job, id, generation, look + 1, since).await
                } else {
                    let reason =
                        format!("no trace of it after {} s; it may or may not have happened", waited.as_secs());
                    self.park(job, id, reason, true).await
                }
            }
            Ok(Found::CannotTell) => {
                self.park(job, id, "the answer got lost and the server has no way to look it up".to_owned(), true).await
            }
            Err(DispatchError::NotDone { reason, retry_after }) if job.attempts < LOOKS => {
                Err(Undone::Later { after: retry_after, reason })
            }
            Err(DispatchError::Unknown { reason }) if job.attempts < LOOKS => {
                Err(Undone::Later { after: None, reason })
            }
            Err(error) => self.park(job, id, error.to_string(), true).await,
        }
    }

    async fn look_later(
        &self,
        job: &ClaimedJob,
        action: ActionId,
        generation: u32,
        look: u32,
        since: Timestamp,
    ) -> Result<(), Undone> {
        let wait = FIRST_LOOK.saturating_mul(1 << look.saturating_sub(1).min(4));
        let effect = Effect::Reconcile { action, generation, look, since };
        let along = Along { effects: vec![(effect, Timestamp::now() + wait)], ..Along::default() };
        self.finish(job, along).await?;
        Ok(())
    }

    async fn park(&self, job: &ClaimedJob, action: ActionId, reason: String, fate_unknown: bool) -> Result<(), Undone> {
        self.step_ticket(job, Event::ActionParked { action, reason, fate_unknown }).await
    }
}
