//! The loop: claim what is due, perform each job on its own task, keep its lease alive, stop cleanly.

use std::sync::Arc;
use std::time::Duration;

use deskbell_domain::workflow::effect::Lane;
use futures_util::future::join_all;
use jiff::{SignedDuration, Timestamp};
use rand::RngExt;
use tokio::sync::Semaphore;
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

/// Runs until `shutdown`, then lets running jobs finish within the settings' drain time. What does not finish
/// keeps its lease and is taken up after it runs out.
pub async fn run(world: Arc<World>, settings: WorkerSettings, shutdown: CancellationToken) {
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
    let slots = Arc::new(Semaphore::new(settings.count.max(1)));
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
                    let (world, settings) = (Arc::clone(world), settings.clone());
                    jobs.spawn(async move {
                        Box::pin(work(&world, &settings, job)).await;
                        drop(slot);
                    });
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
async fn work(world: &World, settings: &WorkerSettings, job: ClaimedJob) {
    let started = std::time::Instant::now();
    let kind = super::perform::kind(&job.effect);
    let result = tokio::select! {
        result = world.perform(&job) => result,
        () = keep_lease(world, settings, &job) => return,
    };
    metrics::histogram!("deskbell_job_seconds", "kind" => kind).record(started.elapsed().as_secs_f64());
    let outcome = match result {
        Ok(()) => "done",
        Err(undone) => settle(world, &job, undone).await,
    };
    metrics::counter!("deskbell_jobs_total", "kind" => kind, "outcome" => outcome).increment(1);
}

/// Returns only when the lease is lost.
async fn keep_lease(world: &World, settings: &WorkerSettings, job: &ClaimedJob) {
    let lease = Duration::try_from(settings.lease).unwrap_or(Duration::from_secs(60));
    loop {
        tokio::time::sleep(lease / 3).await;
        let until = Timestamp::now() + settings.lease;
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
            // Those that were turned away together do not all come back together.
            let wait = after.mul_f64(rand::rng().random_range(1.0..=1.5));
            let at = Timestamp::now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_secs(60));
            (world.store.put_off(&job.id, job.fence, at, &reason).await, "put_off")
        }
        Undone::Later { after, reason } => {
            tracing::info!(job = %job.id, attempts = job.attempts, reason, "will try again");
            let wait = super::backoff::wait(job.attempts, after);
            let at = Timestamp::now() + SignedDuration::try_from(wait).unwrap_or(SignedDuration::from_secs(60));
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
