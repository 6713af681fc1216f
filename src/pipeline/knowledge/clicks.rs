//! What a click allows that belongs to no ticket, carried out once: the knowledge server hears what an answer was worth, a draft
//! is made. The server does either once per key, so a call whose answer got lost is made again.

use deskbell_domain::action::{Action, ApprovedAction};
use deskbell_domain::ids::PersonId;
use deskbell_domain::knowledge::StoredClick;
use deskbell_domain::ticket::Actor;
use deskbell_domain::workflow::event::ReplyTo;
use jiff::Timestamp;

use super::super::World;
use super::super::perform::Undone;
use super::super::tell::rendered;
use super::waited;
use crate::mcp_host::{CarriedOut, DispatchError, Reason};
use crate::slack::messages::{Notice, Tone};
use crate::store::ClaimedJob;

impl World {
    /// Carries out what a click allows.
    pub(in crate::pipeline) async fn carry_out(&self, job: &ClaimedJob, click: u64) -> Result<(), Undone> {
        let Some(stored) = self.store.stored_click(&job.workspace, click).await? else {
            return self.done_with(job).await;
        };
        match self.dispatched(job, &stored).await? {
            Ok(done) => {
                self.store.click_done(&job.workspace, click, Timestamp::now()).await?;
                self.tell_of_draft(&stored, Ok(&done)).await;
            }
            Err(reason) => {
                tracing::warn!(job = %job.id, %reason, action = stored.click().action.name(), "given up");
                self.tell_of_draft(&stored, Err(&reason)).await;
            }
        }
        self.done_with(job).await
    }

    /// What came of it, or why it is given up; an error: it is tried again.
    async fn dispatched(&self, job: &ClaimedJob, stored: &StoredClick) -> Result<Result<CarriedOut, Reason>, Undone> {
        let approved = match ApprovedAction::of_click(stored) {
            Ok(approved) => approved,
            Err(error) => return Ok(Err(error.to_string().into())),
        };
        match self.sent_alone(job, &approved).await? {
            Ok(done) => Ok(Ok(done)),
            Err(error) => self.not_carried_out(job, error).map(Err),
        }
    }

    /// One attempt at what nobody waits for.
    pub(super) async fn sent_alone(
        &self,
        job: &ClaimedJob,
        approved: &ApprovedAction<'_>,
    ) -> Result<Result<CarriedOut, DispatchError>, Undone> {
        let key = approved.idempotency_key(&job.workspace);
        let ready = match self.host.ready(&self.bindings, approved, &key).await {
            Ok(ready) => ready,
            Err(error) => return Ok(Err(error)),
        };
        let (server, tool) = ready.tool();
        if let Err(distrusted) = self.trusts(&job.workspace, server, tool).await? {
            return Ok(Err(distrusted.into()));
        }
        self.about_to_send(job).await?;
        Ok(Box::pin(ready.send_alone()).await)
    }

    /// Why it is given up, or that it is tried again.
    fn not_carried_out(&self, job: &ClaimedJob, error: DispatchError) -> Result<Reason, Undone> {
        match error {
            DispatchError::NotSent { reason, retry_after } if waited(job) < self.habits.dispatch_patience => {
                let after = retry_after.unwrap_or(std::time::Duration::from_secs(1));
                Err(Undone::PutOff { after, reason: reason.to_string() })
            }
            DispatchError::NotDone { reason, retry_after } if job.sends + 1 < self.habits.dispatch_attempts => {
                Err(Undone::Failed { after: retry_after, reason: reason.to_string() })
            }
            DispatchError::Unknown { reason } if job.sends + 1 < self.habits.dispatch_attempts => {
                Err(Undone::Later { after: None, reason: reason.to_string() })
            }
            DispatchError::Cancelled => Ok("the call was cancelled".into()),
            DispatchError::NotSent { reason, .. }
            | DispatchError::NotDone { reason, .. }
            | DispatchError::Unknown { reason }
            | DispatchError::Refused { reason } => Ok(reason),
        }
    }

    /// Who wanted a draft hears what came of it. It may get lost.
    async fn tell_of_draft(&self, stored: &StoredClick, came: Result<&CarriedOut, &Reason>) {
        let (Action::CreateDraft { title, .. }, Actor::Person(person)) = (&stored.click().action, &stored.click().by)
        else {
            return;
        };
        let notice = match came {
            Ok(CarriedOut { made, .. }) => {
                let name = made.as_ref().map(|made| format!(" as {}", made.key)).unwrap_or_default();
                Notice {
                    mend: Some(
                        "Write the answer in it, and put it among the documents once it is reviewed.".to_owned(),
                    ),
                    ..Notice::line(Tone::Ok, format!("The draft “{title}” is made{name}."))
                }
            }
            Err(reason) => Notice::problem(format!("The draft “{title}” was not made: {reason}"), DRAFTS_MEND),
        };
        self.tell_directly(person, &notice).await;
    }

    async fn tell_directly(&self, person: &PersonId, notice: &Notice) {
        let said = match rendered(self.messages.notice(notice)) {
            Ok(message) => self.say(person, &ReplyTo::default(), &message).await,
            Err(error) => Err(error),
        };
        if let Err(error) = said {
            tracing::warn!(%error, "let go: Slack did not take it");
        }
    }
}

/// What to do about a draft that can't be made.
const DRAFTS_MEND: &str =
    "Ask whoever runs Deskbell to look at the knowledge server: drafts need a folder, [knowledge] drafts.";
