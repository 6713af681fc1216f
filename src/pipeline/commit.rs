//! The one place that writes: the domain steps, and everything it says is committed together with the finished job.

use std::collections::BTreeMap;

use deskbell_domain::action::ActionState;
use deskbell_domain::audit::AuditEntry;
use deskbell_domain::ids::{ActionId, ChannelId, EventKey, MessageTs, TicketId};
use deskbell_domain::ticket::Ticket;
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::Event;
use deskbell_domain::workflow::{Context, Transition, step};
use jiff::Timestamp;

use super::World;
use crate::store::{ClaimedJob, Commit, CommitError, EventOutcome, HelpdeskKey, NewJob, StoreError, TicketWrite};

/// What besides the step's own outcome goes into the same transaction.
#[derive(Debug, Default)]
pub(super) struct Along {
    /// What became of an intake event.
    pub outcome: Option<(EventKey, Became)>,
    /// Slack messages that are this ticket's from now on.
    pub sources: Vec<(ChannelId, MessageTs)>,
    /// The helpdesk's own number.
    pub helpdesk: Option<HelpdeskKey>,
    /// Further effects, now or later.
    pub effects: Vec<(Effect, Timestamp)>,
    /// Further jobs that have a serial of their own.
    pub jobs: Vec<NewJob>,
    /// What goes on the trail besides the step's own entries.
    pub audit: Vec<AuditEntry>,
}

/// What became of an intake event.
#[derive(Debug, Clone)]
pub(super) enum Became {
    /// The ticket that this very commit makes: its number is known only there.
    OwnTicket,
    /// Anything else.
    Settled(EventOutcome),
}

impl Became {
    fn outcome(self, about: Option<TicketId>) -> EventOutcome {
        match (self, about) {
            (Self::OwnTicket, Some(ticket)) => EventOutcome::MadeTicket { ticket },
            (Self::OwnTicket, None) => EventOutcome::Handled { ticket: None },
            (Self::Settled(outcome), _) => outcome,
        }
    }
}

impl From<EventOutcome> for Became {
    fn from(outcome: EventOutcome) -> Self {
        Self::Settled(outcome)
    }
}

/// Why nothing was committed.
#[derive(Debug, thiserror::Error)]
pub(super) enum NotCommitted {
    /// The lease ran out and somebody else has the job: nothing to do here.
    #[error("the lease was lost")]
    LeaseLost,
    /// A message or number that this event claims belongs to another ticket by now, or its ticket takes no more words:
    /// interpret it again.
    #[error("another event was first")]
    Overtaken,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Another writer may move the ticket between our read and our commit; each loser steps again on the new state.
const ROUNDS: usize = 50;

impl World {
    /// Steps a ticket (`None`: makes one) and commits. The answer is the ticket's number.
    pub(super) async fn step(
        &self,
        job: &ClaimedJob,
        ticket: Option<TicketId>,
        event: Event,
        along: Along,
    ) -> Result<Option<TicketId>, NotCommitted> {
        // Decisions are made one after the other, so that each sees the load with all before it. Where another process
        // decides too, the store notices, and the loser decides again.
        let _turn = if event.may_decide() { Some(self.deciding.lock().await) } else { None };
        // A ticket on its way into the store is large, and a worker's stack is not.
        Box::pin(self.step_until_kept(job, ticket, event, along)).await
    }

    async fn step_until_kept(
        &self,
        job: &ClaimedJob,
        ticket: Option<TicketId>,
        event: Event,
        along: Along,
    ) -> Result<Option<TicketId>, NotCommitted> {
        for _ in 0..ROUNDS {
            let (id, known) = match ticket {
                Some(id) => (id, self.store.ticket(&job.workspace, id).await?),
                None => (self.store.new_ticket_id(&job.workspace).await?, None),
            };
            let context = self.context(job, id, &event).await?;
            let now = Timestamp::now();
            let before = known.as_ref().map(|known| &known.ticket);
            let version = known.as_ref().map_or(0, |known| known.version);
            let transition = step(&self.policy, &context, before, event.clone(), now);
            // The ticket was closed since it was found to be the message's: where the words belong is to be found anew.
            if matches!(event, Event::MessageJoined(_)) && transition.ticket.is_none() {
                return Err(NotCommitted::Overtaken);
            }
            let made = transition.ticket.is_some() || ticket.is_some();
            let withdrawn = withdrawn(transition.ticket.as_ref());
            let labelling = transition.labelling.clone();
            let commit = commit(job, Some(id), version, transition, &along, now);
            match self.store.commit(commit).await {
                Ok(()) => {
                    self.under_way.cancel(&withdrawn);
                    if let Some(labelling) = &labelling {
                        self.learning.took(labelling);
                    }
                    return Ok(made.then_some(id));
                }
                Err(CommitError::Fenced) => return Err(NotCommitted::LeaseLost),
                Err(CommitError::Conflict(conflict)) if conflict.is_stale() => {}
                Err(CommitError::Conflict(_)) => return Err(NotCommitted::Overtaken),
                Err(CommitError::Store(error)) => return Err(error.into()),
            }
        }
        Err(NotCommitted::Overtaken)
    }

    /// Finishes a job that changes no ticket.
    pub(super) async fn finish(&self, job: &ClaimedJob, along: Along) -> Result<(), NotCommitted> {
        self.finish_as(job, job.ticket, along).await
    }

    /// The same, where what follows is about another ticket than the job.
    pub(super) async fn finish_about(&self, job: &ClaimedJob, id: TicketId, along: Along) -> Result<(), NotCommitted> {
        self.finish_as(job, Some(id), along).await
    }

    async fn finish_as(&self, job: &ClaimedJob, about: Option<TicketId>, along: Along) -> Result<(), NotCommitted> {
        let transition = Transition::default();
        match self.store.commit(commit(job, about, 0, transition, &along, Timestamp::now())).await {
            Ok(()) => Ok(()),
            Err(CommitError::Fenced) => Err(NotCommitted::LeaseLost),
            Err(CommitError::Conflict(_)) => Err(NotCommitted::Overtaken),
            Err(CommitError::Store(error)) => Err(error.into()),
        }
    }

    async fn context(&self, job: &ClaimedJob, id: TicketId, event: &Event) -> Result<Context, StoreError> {
        // Only a decision looks at the load, and counting it is the dearest read.
        let (load, auto_from) = if event.may_decide() {
            (self.store.load(&job.workspace, Some(id)).await?, self.learning.auto_from())
        } else {
            (deskbell_domain::decision::Load::default(), BTreeMap::new())
        };
        let cause = job.id.to_string();
        let (lookups, has_knowledge, teaches) = (self.lookups_bound.clone(), self.may_know(), self.habits.teaches);
        let assigns = self.bindings.of("assign").is_some();
        Ok(Context { new_ticket: id, load, lookups, auto_from, has_knowledge, assigns, teaches, cause })
    }
}

/// The actions that nobody wants any more: their decision was undone.
fn withdrawn(ticket: Option<&Ticket>) -> Vec<ActionId> {
    let actions = ticket.into_iter().flat_map(|ticket| &ticket.actions);
    actions.filter(|record| matches!(record.state, ActionState::Withdrawn { .. })).map(|record| record.id).collect()
}

fn commit(
    job: &ClaimedJob,
    about: Option<TicketId>,
    version: u64,
    transition: Transition,
    along: &Along,
    now: Timestamp,
) -> Commit {
    let new_job = |effect: Effect, run_at: Timestamp| {
        let serial = effect.serial(&job.workspace, about);
        NewJob { effect, ticket: about, run_at, serial }
    };
    let jobs = transition
        .effects
        .into_iter()
        .map(|effect| (effect, now))
        .chain(transition.timers.into_iter().map(|(timer, at)| (Effect::Fire(timer), at)))
        .chain(along.effects.iter().cloned())
        .map(|(effect, at)| new_job(effect, at))
        .chain(along.jobs.iter().cloned())
        .collect();
    Commit {
        workspace: job.workspace.clone(),
        finished: Some((job.id.clone(), job.fence)),
        event_outcome: along.outcome.clone().map(|(key, became)| (key, became.outcome(about))),
        ticket: transition.ticket.map(|ticket| TicketWrite {
            ticket,
            expected_version: version,
            sources: along.sources.clone(),
            helpdesk: along.helpdesk.clone(),
        }),
        decision: transition.decision,
        labelling: transition.labelling,
        audit: transition.audit.into_iter().chain(along.audit.iter().cloned()).collect(),
        jobs,
    }
}
