//! One effect.

use std::time::Duration;

use deskbell_domain::assessment::Assessment;
use deskbell_domain::audit::AuditEntry;
use deskbell_domain::errand::{Errand, Introduction};
use deskbell_domain::ids::TicketId;
use deskbell_domain::ticket::Ticket;
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::Event;

use super::World;
use super::commit::{Along, NotCommitted};
use super::deliver::{card_unclear, notice_unclear};
use crate::assessor::{AssessRequest, reading};
use crate::compute;
use crate::slack::{Profile, SlackError};
use crate::store::{ClaimedJob, StoreError};
use crate::threads::Unfinished;

/// Why a job is not done.
#[derive(Debug)]
pub(super) enum Undone {
    /// Somebody else has it.
    LeaseLost,
    /// The attempt never went out and does not count: try again.
    PutOff {
        /// After this.
        after: Duration,
        /// As below.
        reason: String,
    },
    /// Nothing went out, nothing counts: a place is kept for the job.
    NotItsTurn {
        /// It may go after exactly this.
        after: Duration,
    },
    /// The attempt went out and surely did nothing: try again.
    Failed {
        /// Not before this.
        after: Option<Duration>,
        /// As below.
        reason: String,
    },
    /// Try again. What went out stays in doubt.
    Later {
        /// Not before this.
        after: Option<Duration>,
        /// For log and store; no customers' words.
        reason: String,
    },
    /// A dead letter.
    Never {
        /// As above.
        reason: String,
    },
}

impl From<NotCommitted> for Undone {
    fn from(error: NotCommitted) -> Self {
        match error {
            NotCommitted::LeaseLost => Self::LeaseLost,
            NotCommitted::Overtaken => Self::Later { after: None, reason: "another event was first".to_owned() },
            NotCommitted::Store(error) => error.into(),
        }
    }
}

impl From<StoreError> for Undone {
    fn from(error: StoreError) -> Self {
        Self::Later { after: None, reason: error.to_string() }
    }
}

/// A job that crashed its worker this often is a poison job. No fewer: a machine that dies again and again takes good jobs
/// with it.
const CRASHES: u32 = 10;
/// The same for an assessment: a human can do without it, and waits for the card.
const ASSESS_CRASHES: u32 = 5;
/// Attempts before a message to one person is given up.
const TELL_ATTEMPTS: u32 = 5;
/// Attempts before a job of any other kind becomes a dead letter: about two days of backing off.
const ATTEMPTS: u32 = 600;

/// The effect's name in metrics.
pub(super) fn kind(effect: &Effect) -> &'static str {
    match effect {
        Effect::Interpret { .. } => "interpret",
        Effect::LookUp { .. } => "look_up",
        Effect::NameRequester => "name_requester",
        Effect::Introduce { .. } => "introduce",
        Effect::Assess { .. } => "assess",
        Effect::Enrich { .. } => "enrich",
        Effect::ShowCard { .. } => "show_card",
        Effect::Dispatch { .. } => "dispatch",
        Effect::Reconcile { .. } => "reconcile",
        Effect::ShowNotice { .. } => "show_notice",
        Effect::OfferChange { .. } => "offer_change",
        Effect::Answer { .. } => "answer",
        Effect::SearchKnowledge { .. } => "search_knowledge",
        Effect::SeekAnswer { .. } => "seek_answer",
        Effect::SettleAnswer { .. } => "settle_answer",
        Effect::CarryOut { .. } => "carry_out",
        Effect::Teach { .. } => "teach",
        Effect::Tell { .. } => "tell",
        Effect::Fire(_) => "timer",
        Effect::ShowDrift { .. } => "show_drift",
        Effect::ShowQuestion { .. } => "show_question",
        Effect::RefreshCard { .. } => "refresh_card",
        Effect::ReportDeadLetters { .. } => "report_dead_letters",
        Effect::AskForSignIn { .. } => "ask_for_sign_in",
    }
}

/// Does work that may take a moment for a long text where it holds up no job's lease and no answer.
pub(super) async fn computed<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Undone> {
    match compute::when_free(work).await {
        Ok(done) => Ok(done),
        Err(Unfinished::Panicked(panic)) => std::panic::resume_unwind(panic),
        Err(Unfinished::Ended) => {
            Err(Undone::PutOff { after: Duration::ZERO, reason: "Deskbell is stopping".to_owned() })
        }
    }
}

impl World {
    /// Performs one job and commits its outcome.
    pub(super) async fn perform(&self, job: &ClaimedJob) -> Result<(), Undone> {
        let crashes = if matches!(job.effect, Effect::Assess { .. }) { ASSESS_CRASHES } else { CRASHES };
        if job.crashes >= crashes || job.attempts > ATTEMPTS {
            return self.give_up(job).await;
        }
        match &job.effect {
            Effect::Interpret { event } => self.interpret(job, event).await,
            Effect::LookUp { event } => self.look_up(job, event).await,
            Effect::Answer { event } => self.answer(job, event).await,
            Effect::SearchKnowledge { event } => self.search_for(job, event).await,
            Effect::SeekAnswer { purpose, revision, .. } => self.seek_answer(job, *purpose, *revision).await,
            Effect::SettleAnswer { answer, outcome, by } => {
                self.settle_ticket_answer(job, *answer, *outcome, by.as_ref()).await
            }
            Effect::CarryOut { click } => self.carry_out(job, *click).await,
            Effect::Teach { .. } => Box::pin(self.teach(job)).await,
            Effect::NameRequester => self.name_requester(job).await,
            Effect::Introduce { errand, .. } => self.introduce(job, errand).await,
            Effect::Assess { revision } => self.assess(job, *revision).await,
            Effect::Enrich { lookup, revision } => self.enrich(job, *lookup, *revision).await,
            Effect::ShowCard { change } => self.show_card(job, *change).await,
            Effect::ShowNotice { notice, change } => self.show_notice(job, *notice, *change).await,
            Effect::Dispatch { action, .. } => Box::pin(self.dispatch(job, *action)).await,
            Effect::Reconcile { action, generation, look, since } => {
                self.reconcile(job, *action, *generation, *look, *since).await
            }
            Effect::OfferChange { person, view } => {
                let ticket = self.ticket_of(job).await?;
                let sent = self.offer_change(&ticket, person, view).await;
                self.once_shown(job, sent, Vec::new()).await
            }
            Effect::Tell { person, what, reply, .. } => {
                let ticket = self.ticket_of(job).await?;
                let sent = self.tell(&ticket, person, what, reply).await;
                self.once_shown(job, sent, Vec::new()).await
            }
            Effect::ShowDrift { drift, .. } => self.show_drift(job, *drift).await,
            Effect::ShowQuestion { question, .. } => self.show_question(job, *question).await,
            Effect::RefreshCard { .. } => self.refresh_card(job).await,
            Effect::ReportDeadLetters { since } => self.report_dead_letters(job, *since).await,
            Effect::AskForSignIn { server, .. } => self.ask_for_sign_in(job, server).await,
            Effect::Fire(timer) => {
                let event = Event::TimerFired(timer.clone());
                self.step_ticket(job, event).await
            }
        }
    }

    /// A poison job: what hangs on it is told, so that nothing waits for ever in silence.
    async fn give_up(&self, job: &ClaimedJob) -> Result<(), Undone> {
        let reason = format!("gave up after {} attempts and {} crashes", job.attempts, job.crashes);
        match &job.effect {
            Effect::Dispatch { action, .. } | Effect::Reconcile { action, .. } => {
                let fate_unknown = job.in_doubt || matches!(job.effect, Effect::Reconcile { .. });
                let event = Event::ActionParked { action: *action, reason, words: None, fate_unknown };
                self.step_ticket(job, event).await
            }
            // A human decides without it: a request that nobody can assess is a request all the same.
            Effect::Assess { revision } => {
                let assessment = Assessment::missing(format!("it could not be assessed: {reason}"));
                self.step_ticket(job, Event::Assessed { revision: *revision, assessment: Box::new(assessment) }).await
            }
            Effect::Enrich { lookup, revision } => self.lapsed(job, *revision, self.given_up(*lookup)).await,
            Effect::Introduce { errand, .. } => {
                self.step_ticket(job, Event::Introduced { errand: errand.clone(), who: Introduction::default() }).await
            }
            Effect::SeekAnswer { purpose, revision, .. } => self.sought_in_vain(job, *purpose, *revision).await,
            Effect::ShowCard { .. } if job.in_doubt => self.step_ticket(job, card_unclear(job)).await,
            Effect::ShowNotice { notice, .. } if job.in_doubt => {
                self.step_ticket(job, notice_unclear(job, *notice)).await
            }
            Effect::ShowCard { .. } => self.step_ticket(job, Event::CardUndeliverable { reason }).await,
            Effect::ShowNotice { notice, .. } => {
                self.step_ticket(job, Event::NoticeUndeliverable { notice: *notice, reason }).await
            }
            _ => Err(Undone::Never { reason }),
        }
    }

    /// The ticket a job is about.
    pub(super) async fn ticket_of(&self, job: &ClaimedJob) -> Result<Ticket, Undone> {
        let id = job.ticket.ok_or_else(|| Undone::Never { reason: "the job names no ticket".to_owned() })?;
        let found = self.store.ticket(&job.workspace, id).await?;
        found.map(|found| found.ticket).ok_or_else(|| Undone::Never { reason: format!("there is no {id}") })
    }

    /// Steps the job's own ticket.
    pub(super) async fn step_ticket(&self, job: &ClaimedJob, event: Event) -> Result<(), Undone> {
        let id: TicketId = job.ticket.ok_or_else(|| Undone::Never { reason: "the job names no ticket".to_owned() })?;
        self.step(job, Some(id), event, Along::default()).await?;
        Ok(())
    }

    async fn assess(&self, job: &ClaimedJob, revision: u32) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        if ticket.revision != revision || ticket.words.erased {
            self.finish(job, Along::default()).await?;
            return Ok(());
        }
        let text = ticket.words.text();
        let (recent, id, read) = (self.recent.clone(), ticket.id, text.clone());
        let messages = ticket.words.messages;
        let (similar, tone) = computed(move || {
            let similar = recent.similar_to(id, &read);
            recent.remember(id, &read);
            (similar, reading::tone(&messages))
        })
        .await?;
        let same = self.probably_the_same(job, &similar).await?;
        let people = ticket.words.requester_name.iter().cloned().collect();
        let request = AssessRequest { workspace: job.workspace.clone(), ticket: ticket.id, similar, text, people };
        let mut assessment = self.assessors.assess(request).await;
        assessment.sentiment_trend = tone;
        assessment.warnings.extend(same);
        self.step_ticket(job, Event::Assessed { revision, assessment: Box::new(assessment) }).await
    }

    /// Without a name the issue says the id alone: after a few attempts it is let go.
    async fn name_requester(&self, job: &ClaimedJob) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        match self.slack.profile(&ticket.requester).await.map(Profile::name) {
            Ok(Some(name)) => self.step_ticket(job, Event::RequesterNamed { name }).await,
            Ok(None) => self.once_shown(job, Ok(()), Vec::new()).await,
            Err(error) => self.once_shown(job, Err(error), Vec::new()).await,
        }
    }

    /// Who clicked, for what names them elsewhere; after a few attempts the id alone has to do.
    async fn introduce(&self, job: &ClaimedJob, errand: &Errand) -> Result<(), Undone> {
        let who = match self.slack.profile(&errand.by).await {
            Ok(profile) => Introduction { email: profile.email.clone(), name: profile.name() },
            Err(error) if !matches!(error, SlackError::Refused { .. }) && job.attempts < TELL_ATTEMPTS => {
                return Err(Undone::Later { after: error.retry_after(), reason: error.to_string() });
            }
            Err(error) => {
                tracing::warn!(job = %job.id, %error, "Slack does not say who clicked");
                Introduction::default()
            }
        };
        self.step_ticket(job, Event::Introduced { errand: errand.clone(), who }).await
    }

    /// What one person sees may get lost: it is tried a few times and then let go. `audit` is recorded either way: an
    /// answer that got lost may have been read.
    pub(super) async fn once_shown(
        &self,
        job: &ClaimedJob,
        sent: Result<(), SlackError>,
        audit: Vec<AuditEntry>,
    ) -> Result<(), Undone> {
        if let Err(error) = sent {
            let refused = matches!(error, SlackError::Refused { .. });
            if !refused && job.attempts < TELL_ATTEMPTS {
                return Err(Undone::Later { after: error.retry_after(), reason: error.to_string() });
            }
            tracing::warn!(job = %job.id, %error, "let go: Slack did not take it");
        }
        self.finish(job, Along { audit, ..Along::default() }).await?;
        Ok(())
    }
}
