//! The loop: claim what is due, perform each job on its own task, keep its lease alive, stop cleanly.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use deskbell_domain::workflow::effect::Lane;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use super::World;
use super::perform::Undone;
use crate::store::{ClaimedJob, LeaseError};

/// How the workers run.
#[derive(Debug, Clone)]
pub struct WorkerSettings {
    /// Jobs of one lane performed at the same time.
    pub count: usize,
    /// A job whose worker is silent this long is given to another.
    pub lease: SignedDuration,
    /// How long running jobs may take to finish when Deskbell stops.
    pub drain: Duration,
}

/// The longest wait without a look at the store: another process may have queued something.
const IDLE: Duration = Duration::from_secs(5);
/// A look that failed is repeated after this.
const AFTER_ERROR: Duration = Duration::from_secs(1);

tokio::task_local! {
    /// The place in its lane that a job takes.
    static SLOT: Mutex<Option<OwnedSemaphorePermit>>;
}

/// A job that waits for a person gives its place in the lane to another. It goes on without one: how many such jobs there are the
/// servers' own `max_concurrency` bounds.
pub(super) fn give_slot_away() {
    // Outside a job there is none to give away.
    let _ = SLOT.try_with(|slot| slot.lock().unwrap_or_else(PoisonError::into_inner).take());
}

/// Runs until `shutdown`, then lets running jobs finish within the settings' drain time. What does not finish
/// keeps its lease and is taken up after it runs out.
pub async fn run(world: Arc<World>, settings: WorkerSettings, shutdown: CancellationToken) {
    if settings.count == 0 {
        tracing::warn!("[workers] count is 0: events are kept, and nothing is done about them");
        return shutdown.cancelled().await;
    }
    let jobs = TaskTracker::new();
    join_all(Lane::ALL.map(|lane| run_lane(&world, &settings, lane, &jobs, &shutdown))).await;
    jobs.close();
    if tokio::time::timeout(settings.drain, jobs.wait()).await.is_err() {
        tracing::warn!(still_running = jobs.len(), "stopped before all jobs were done; they will be taken up again");
    }
}

/// Hands the lane's jobs out until `shutdown`.
async fn run_lane(
    world: &Arc<World>,
    settings: &WorkerSettings,
    lane: Lane,
    jobs: &TaskTracker,
    shutdown: &CancellationToken,
) {
    let slots = Arc::new(Semaphore::new(settings.count));
    loop {
        // Only this loop takes slots, so one that is free stays free until a job is spawned.
        let slot = shutdown.run_until_cancelled(slots.acquire()).await;
        let Some(Ok(slot)) = slot else { return };
        let free = slots.available_permits() + 1;
        drop(slot);
        let woken = world.store.woken();
        let pause = match claim(world, settings, lane, free).await {
            Some(claimed) if !claimed.is_empty() => {
                for job in claimed {
                    let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
                    let world = Arc::clone(world);
                    jobs.spawn(SLOT.scope(Mutex::new(Some(slot)), async move { Box::pin(work(&world, job)).await }));
                }
                continue;
            }
            Some(_) => until_next(world, lane).await,
            None => AFTER_ERROR,
        };
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = woken => {}
            () = tokio::time::sleep(pause) => {}
        }
    }
}

async fn claim(world: &World, settings: &WorkerSettings, lane: Lane, free: usize) -> Option<Vec<ClaimedJob>> {
    match world.store.claim(Timestamp::now(), "worker", lane, settings.lease, free).await {
        Ok(claimed) => Some(claimed),
        Err(error) => {
            tracing::error!(%error, "the store gave no work; trying again");
            None
        }
    }
}

async fn until_next(world: &World, lane: Lane) -> Duration {
    match world.store.next_run_at(lane).await {
        Ok(Some(at)) => {
            let wait = at.duration_since(Timestamp::now());
            Duration::try_from(wait).unwrap_or(Duration::ZERO).min(IDLE)
        }
        Ok(None) => IDLE,
        Err(_) => AFTER_ERROR,
    }
}

/// Performs a job while its lease is kept alive.
async fn work(world: &World, job: ClaimedJob) {
    let started = Instant::now();
    let kind = super::perform::kind(&job.effect);
    let result = tokio::select! {
        result = world.perform(&job) => result,
        () = keep_lease(world, &job) => return,
    };
    metrics::histogram!("deskbell_job_seconds", "kind" => kind).record(started.elapsed().as_secs_f64());
    let outcome = match result {
        Ok(()) => "done",
        Err(undone) => settle(world, &job, undone).await,
    };
    metrics::counter!("deskbell_jobs_total", "kind" => kind, "outcome" => outcome).increment(1);
}

fn lease_of(job: &ClaimedJob) -> Duration {
    Duration::try_from(job.lease).unwrap_or(Duration::from_secs(60))
}

impl World {
    /// Says in the store that a call is about to leave for a job. After `Ok` it leaves at once: whoever takes the job up
    /// after a crash knows of it, and whoever takes up one without it may make the call without looking for what it did.
    pub(super) async fn about_to_send(&self, job: &ClaimedJob) -> Result<(), Undone> {
        let asked = Instant::now();
        match self.store.about_to_send(&job.id, job.fence, Timestamp::now() + job.lease).await {
            // Of a process that was stopped meanwhile the lease may be over, and another worker at it.
            Ok(()) if asked.elapsed() < lease_of(job) / 2 => Ok(()),
            Ok(()) => {
                Err(Undone::PutOff { after: Duration::ZERO, reason: "the lease ran out before the call".to_owned() })
            }
            Err(LeaseError::Fenced) => Err(Undone::LeaseLost),
            Err(LeaseError::Store(error)) => Err(error.into()),
        }
    }
}

/// Returns only when the lease is lost.
async fn keep_lease(world: &World, job: &ClaimedJob) {
    loop {
        tokio::time::sleep(lease_of(job) / 3).await;
        let until = Timestamp::now() + job.lease;
        match world.store.renew(&job.id, job.fence, until).await {
            Ok(()) => {}
            Err(LeaseError::Fenced) => {
                tracing::warn!(job = %job.id, "lost the lease of a job; another worker has it");
                return;
            }
            // Nobody else takes the job before its lease runs out, and then the commit is fenced.
            Err(error) => tracing::warn!(job = %job.id, %error, "a lease could not be prolonged; trying again"),
        }
    }
}

/// A job that is not done is put back or buried; failures are logged here and nowhere else.
async fn settle(world: &World, job: &ClaimedJob, undone: Undone) -> &'static str {
    let (result, outcome) = match undone {
        Undone::LeaseLost => return "lease_lost",
        Undone::PutOff { after, reason } => {
            tracing::debug!(job = %job.id, reason, ?after, "put off");
            // Those that were turned away together do not all come back together.
            let wait = after.min(super::backoff::ASKED_MAX).mul_f64(rand::rng().random_range(1.0..=1.5));
            let at = Timestamp::now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_secs(60));
            (world.store.put_off(&job.id, job.fence, at, &reason).await, "put_off")
        }
        Undone::NotItsTurn { after } => {
            let at = Timestamp::now() + SignedDuration::try_from(after).unwrap_or(SignedDuration::from_secs(60));
            (world.store.put_off(&job.id, job.fence, at, "the channel is busy").await, "put_off")
        }
        Undone::Failed { after, reason } => {
            let at = after_backing_off(job, after, &reason);
            (world.store.retry_afresh(&job.id, job.fence, at, &reason).await, "failed")
        }
        Undone::Later { after, reason } => {
            let at = after_backing_off(job, after, &reason);
            (world.store.retry_later(&job.id, job.fence, at, &reason).await, "later")
        }
        Undone::Never { reason } => {
            tracing::error!(job = %job.id, attempts = job.attempts, reason, "gave up; see `deskbell audit dead-letters`");
            (world.store.bury(&job.id, job.fence, &reason).await, "dead")
        }
    };
    if let Err(error) = result {
        tracing::warn!(job = %job.id, %error, "the job's fate could not be recorded; its lease will run out");
    }
    outcome
}

fn after_backing_off(job: &ClaimedJob, asked: Option<Duration>, reason: &str) -> Timestamp {
    tracing::info!(job = %job.id, attempts = job.attempts, reason, "will try again");
    let wait = super::backoff::wait(job.attempts, asked);
    Timestamp::now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_secs(60))
}
