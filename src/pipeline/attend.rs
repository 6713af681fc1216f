//! Who stands behind an approved action's call: they are asked what the server asks, see how far it is, and may cancel it.

use std::convert::Infallible;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use deskbell_domain::action::Approval;
use deskbell_domain::ids::{ActionId, ChannelId, PersonId};
use deskbell_domain::ticket::{Actor, Ticket};
use deskbell_domain::workflow::effect::Effect;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use jiff::Timestamp;

use super::World;
use super::under_way::{Call, Entry};
use super::worker::give_slot_away;
use crate::mcp_host::{Attendant, CarriedOut, DispatchError, Progress, Question, Ready, Reply};
use crate::store::{ClaimedJob, Commit, NewJob, NewQuestion, QuestionOutcome, Settlement, StoreError, StoredQuestion};

/// A call that takes longer than this is shown on the card.
const LONG: Duration = Duration::from_secs(4);
/// The card is brought up to date with its progress no more often than this.
const PROGRESS_EVERY: Duration = Duration::from_secs(3);
/// A look at a question that failed is repeated after this.
const AFTER_ERROR: Duration = Duration::from_secs(1);

/// Who allowed an action.
pub(super) fn approver(ticket: &Ticket, action: ActionId) -> Option<&PersonId> {
    let approval = ticket.approvals.iter().find(|approval| approval.actions().contains(&action));
    match approval.map(Approval::by) {
        Some(Actor::Person(person)) => Some(person),
        Some(Actor::Rule(_) | Actor::Deskbell) | None => None,
    }
}

/// The people behind one call.
struct People<'a> {
    world: &'a World,
    job: &'a ClaimedJob,
    ticket: &'a Ticket,
    action: ActionId,
    server: &'a str,
    tool: &'a str,
    call: &'a Call,
    /// Somebody was asked.
    asked: AtomicBool,
}

impl World {
    /// Sends an action whose call has people behind it.
    pub(super) async fn send_attended(
        &self,
        job: &ClaimedJob,
        ticket: &Ticket,
        action: ActionId,
        ready: Ready<'_>,
        entry: Entry,
    ) -> Result<CarriedOut, DispatchError> {
        let (server, tool) = ready.tool();
        let (server, tool) = (server.to_owned(), tool.name.clone());
        let call = std::sync::Arc::clone(&entry.call);
        let people = People {
            world: self,
            job,
            ticket,
            action,
            server: &server,
            tool: &tool,
            call: &call,
            asked: AtomicBool::new(false),
        };
        let sent = tokio::select! {
            sent = ready.send(&people) => sent,
            never = people.show() => match never {},
        };
        drop(entry);
        if people.asked.load(Ordering::Relaxed)
            && let Err(error) = self.store.close_questions(&job.workspace, action, &ticket.requester).await
        {
            tracing::warn!(%error, "a question of an MCP server that nobody waits for any more stays open");
        }
        if *call.is_long.borrow() {
            people.refresh("end").await;
        }
        sent
    }

    /// After a crash: nobody waits for answers any more, and the card shows a call that is over.
    pub(super) async fn end_what_waited(
        &self,
        job: &ClaimedJob,
        ticket: &Ticket,
        action: ActionId,
    ) -> Result<(), StoreError> {
        let closed = self.store.close_questions(&job.workspace, action, &ticket.requester).await?;
        if closed > 0 {
            tracing::info!(job = %job.id, closed, "questions of an MCP server ended with the call that asked");
        }
        self.queue_refresh(job, format!("{}/{}/again", action.ordinal, job.fence)).await;
        Ok(())
    }

    /// Queues that the card is brought up to date. It may get lost: the next change of the ticket shows the card anew.
    async fn queue_refresh(&self, job: &ClaimedJob, cause: String) {
        let effect = Effect::RefreshCard { cause };
        let serial = effect.serial(&job.workspace, job.ticket);
        let refresh = NewJob { effect, ticket: job.ticket, run_at: Timestamp::now(), serial };
        let commit = Commit { jobs: vec![refresh], ..Commit::new(job.workspace.clone()) };
        if let Err(error) = self.store.commit(commit).await {
            tracing::debug!(job = %job.id, %error, "a card is not brought up to date with a call");
        }
    }
}

impl People<'_> {
    /// Shows the call on the card once it takes long.
    async fn show(&self) -> Infallible {
        tokio::time::sleep(LONG).await;
        self.call.is_long.send_replace(true);
        let mut progress = self.call.progress.subscribe();
        let mut count: u64 = 0;
        loop {
            progress.mark_unchanged();
            self.refresh(&count.to_string()).await;
            count += 1;
            tokio::time::sleep(PROGRESS_EVERY).await;
            // The sender lives as long as the call.
            let _ = progress.changed().await;
        }
    }

    async fn refresh(&self, what: &str) {
        self.world.queue_refresh(self.job, format!("{}/{}/{what}", self.action.ordinal, self.job.fence)).await;
    }

    /// Whoever approved is asked directly; where a rule did, the squad's channel, or else the ops channel.
    fn whom(&self) -> (Option<PersonId>, ChannelId) {
        let policy = &self.world.policy;
        let squad = self.ticket.squad.as_ref().and_then(|id| policy.squad(id));
        let channel = squad.map_or(&policy.ops_channel, |squad| &squad.channel);
        (approver(self.ticket, self.action).cloned(), channel.clone())
    }

    async fn asked(&self, question: &Question) -> Result<Reply, StoreError> {
        let now = Timestamp::now();
        let until = now.checked_add(self.world.habits.question_timeout).unwrap_or(now);
        let (person, channel) = self.whom();
        let new = NewQuestion {
            workspace: self.job.workspace.clone(),
            action: self.action,
            requester: self.ticket.requester.clone(),
            server: self.server.to_owned(),
            tool: self.tool.to_owned(),
            person,
            channel,
            until,
            document: serde_json::to_vec(question).unwrap_or_default(),
        };
        self.asked.store(true, Ordering::Relaxed);
        let id = self.world.store.ask_question(new).await?;
        give_slot_away();
        loop {
            let settled = self.call.settled.notified();
            match self.world.store.question(&self.job.workspace, id).await {
                Ok(Some(question)) => match reply(&question) {
                    Some(reply) => return Ok(reply),
                    None if Timestamp::now() >= until => self.lapse(id).await,
                    None => {
                        let left = Duration::try_from(until.duration_since(Timestamp::now())).unwrap_or_default();
                        tokio::select! {
                            () = settled => {}
                            () = tokio::time::sleep(left) => {}
                        }
                    }
                },
                Ok(None) => return Ok(Reply::Cancel),
                Err(error) => {
                    tracing::warn!(question = id, %error, "a question could not be looked at; trying again");
                    tokio::time::sleep(AFTER_ERROR).await;
                }
            }
        }
    }

    async fn lapse(&self, id: u64) {
        let settlement =
            Settlement { outcome: QuestionOutcome::Lapsed, by: Actor::Deskbell, at: Timestamp::now(), answer: None };
        let store = &self.world.store;
        if let Err(error) = store.settle_question(&self.job.workspace, id, &self.ticket.requester, settlement).await {
            tracing::warn!(question = id, %error, "a question's end could not be kept; trying again");
            tokio::time::sleep(AFTER_ERROR).await;
        }
    }
}

/// What the server is answered; `None` while the question is open.
fn reply(question: &StoredQuestion) -> Option<Reply> {
    let (outcome, ..) = question.settled.as_ref()?;
    Some(match outcome {
        QuestionOutcome::Accepted => {
            let answer = question.answer.as_deref().and_then(|answer| serde_json::from_slice(answer).ok());
            // Its words were erased meanwhile.
            answer.unwrap_or(Reply::Cancel)
        }
        QuestionOutcome::Declined => Reply::Decline,
        QuestionOutcome::Lapsed | QuestionOutcome::Closed => Reply::Cancel,
    })
}

impl Attendant for People<'_> {
    fn ask(&self, question: Question) -> BoxFuture<'_, Reply> {
        async move {
            self.asked(&question).await.unwrap_or_else(|error| {
                tracing::error!(job = %self.job.id, %error, "a question of an MCP server could not be kept");
                Reply::Cancel
            })
        }
        .boxed()
    }

    fn withdrawn(&self) -> BoxFuture<'_, ()> {
        async move {
            let store = &self.world.store;
            let closed = store.close_questions(&self.job.workspace, self.action, &self.ticket.requester).await;
            if let Err(error) = closed {
                tracing::warn!(job = %self.job.id, %error, "a question that was taken back stays open until the call ends");
            }
        }
        .boxed()
    }

    fn progressed(&self, progress: &Progress) {
        self.call.progress.send_replace(Some(progress.clone()));
    }

    fn cancelled(&self) -> BoxFuture<'_, ()> {
        self.call.cancel.cancelled().boxed()
    }
}
