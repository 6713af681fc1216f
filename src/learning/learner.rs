//! The loop that learns: it reads labels, trains a model beside the one that answers, keeps versions, goes back to one, and
//! moves thresholds. All that it knows stands in the store, so it may be stopped at any instruction.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{PolicyHash, WorkspaceId};
use deskbell_domain::policy::{Category, Policy};
use deskbell_domain::ticket::{Actor, Verdict};
use deskbell_judgement::accuracy::HeldOutFigures;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::{InForce, Learning, precedent, report};
use crate::assessor::local::{Learned, Taught};
use crate::store::{
    AboutVersion, LabelsWanted, ModelRequest, ModelStanding, ModelVersion, QueuedModelRequest, Store, StoreError,
    StoredLabel,
};

/// How often it is looked whether somebody asked for something on the command line.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The newest labels that a model learns from; beyond, training would take minutes.
const LEARNED_AT_MOST: usize = 10_000;
/// And so much of what they say, in bytes: training holds about a hundred times as much in memory while it lasts.
const LEARNED_BYTES: usize = 1_000_000;
/// The newest labels that count as precedents and as evidence.
const REMEMBERED_AT_MOST: usize = 2_000;
/// The newest labels that move thresholds.
const EVIDENCE_AT_MOST: usize = 5_000;
/// A model is made anew when its labels have grown by one in so many, or after [`AT_LEAST_EVERY`].
const GROWTH: u64 = 100;
const AT_LEAST_EVERY: Duration = Duration::from_secs(3_600);
/// Training takes at most one part in so many of the time.
const REST: u32 = 10;
/// What failed is tried again after this.
const AFTER_ERROR: Duration = Duration::from_secs(60);
/// Versions looked through for one to go back to.
const VERSIONS: usize = 400;

/// Learns for one workspace.
pub struct Learner {
    /// Where labels and versions stand.
    pub store: Store,
    /// Whose.
    pub workspace: WorkspaceId,
    /// The rules in force.
    pub policy: Arc<Policy>,
    /// What it changes.
    pub learning: Learning,
    /// How long after an answer it is learned.
    pub pause: Duration,
}

/// Why nothing was learned.
#[derive(Debug, thiserror::Error)]
pub enum LearnError {
    /// The store.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The examples.
    #[error(transparent)]
    Examples(#[from] crate::assessor::config::AssessorConfigError),
    /// A defect.
    #[error("training broke off; the version before goes on answering")]
    BrokeOff,
}

impl Learner {
    /// Brings to mind what counts at once: precedents and thresholds. Quick; done before the first request is assessed.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn begin(&self) -> Result<(), StoreError> {
        let standing = self.store.model_standing(&self.workspace).await?;
        let pinned = self.pinned_version(&standing).await?;
        self.remember(pinned.map(|version| version.last_label), standing.pinned.is_some()).await?;
        self.move_thresholds().await
    }

    /// Runs until `shutdown`. A failure is told and tried again.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut look = tokio::time::interval(LOOK_EVERY);
        let (mut due, mut rested, mut quiet) = (Some(Instant::now()), Instant::now(), Instant::now());
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.learning.inner.answered.notified() => {
                    let at = Instant::now() + self.pause;
                    due = Some(due.map_or(at, |due| due.min(at)));
                }
                _ = look.tick() => {}
                () = until(due.map(|due| due.max(rested).max(quiet))) => {}
            }
            if Instant::now() < quiet {
                continue;
            }
            let is_due = due.is_some_and(|due| due.max(rested) <= Instant::now());
            let started = Instant::now();
            let done = shutdown.run_until_cancelled(self.catch_up(is_due)).await;
            if is_due {
                due = None;
                rested = Instant::now() + started.elapsed() * REST;
            }
            if let Some(Err(error)) = done {
                tracing::warn!(%error, "nothing was learned; the version before goes on answering");
                quiet = Instant::now() + AFTER_ERROR;
                due = Some(quiet);
            }
        }
    }

    /// Does what was asked for, and learns what is new where it is due.
    ///
    /// # Errors
    /// When the store failed, or training.
    pub async fn catch_up(&self, is_due: bool) -> Result<(), LearnError> {
        for request in self.store.model_requests(&self.workspace).await? {
            self.fulfil(request).await?;
        }
        if is_due {
            self.move_thresholds().await?;
            self.learn_what_is_new().await?;
        }
        Ok(())
    }

    async fn fulfil(&self, asked: QueuedModelRequest) -> Result<(), LearnError> {
        let mut standing = self.store.model_standing(&self.workspace).await?;
        let mut told = None;
        match asked.request {
            ModelRequest::Train => {
                standing.pinned = None;
                self.remember(None, false).await?;
                let last_label = self.store.last_label(&self.workspace).await?;
                give_up_unless_the_store_failed(self.make_version(last_label, "asked").await)?;
            }
            ModelRequest::Pin { version } => {
                if let Some(found) = self.version(version).await? {
                    standing.pinned = Some(version);
                    told =
                        Some(self.entry(AuditKind::ModelChanged, json!({ "version": version, "why": "rolled back" })));
                    give_up_unless_the_store_failed(self.go_back(found).await)?;
                } else {
                    tracing::warn!(version, "there is no such version of the model to go back to");
                }
            }
            ModelRequest::Exported { labels } => {
                told = Some(self.entry(AuditKind::Access, json!({ "exported": "labels", "labels": labels })));
            }
        }
        let told = told.into_iter().collect();
        Ok(self.store.keep_model_standing(&self.workspace, standing, told, Some(asked.id)).await?)
    }

    async fn version(&self, number: u64) -> Result<Option<ModelVersion>, StoreError> {
        let versions = self.store.model_versions(&self.workspace, VERSIONS).await?;
        Ok(versions.into_iter().find(|version| version.number == number))
    }

    async fn pinned_version(&self, standing: &ModelStanding) -> Result<Option<ModelVersion>, StoreError> {
        match standing.pinned {
            Some(number) => self.version(number).await,
            None => Ok(None),
        }
    }

    /// Precedents as they stood after an answer, or now.
    async fn remember(&self, up_to: Option<u64>, is_pinned: bool) -> Result<(), StoreError> {
        // What is answered from here on finds its own way in.
        self.learning.write(|standing| standing.is_pinned = is_pinned);
        loop {
            let before = self.store.last_label(&self.workspace).await?;
            let wanted = LabelsWanted { up_to, at_most: REMEMBERED_AT_MOST, with_words: false };
            let labels = self.store.labels(&self.workspace, wanted).await?;
            let local = &self.learning.inner.local;
            local.remember_precedents(labels.iter().filter_map(|stored| precedent(&stored.label)));
            // What was answered while this was read may have been overwritten by what was read.
            if is_pinned || self.store.last_label(&self.workspace).await? == before {
                return Ok(());
            }
        }
    }

    /// Makes a pinned version again, or the newest where nothing has changed since; else learns, where enough is new.
    async fn learn_what_is_new(&self) -> Result<(), LearnError> {
        let standing = self.store.model_standing(&self.workspace).await?;
        let in_force = self.learning.in_force();
        if let Some(pinned) = self.pinned_version(&standing).await? {
            if in_force.is_none_or(|in_force| in_force.version.number != pinned.number) {
                self.go_back(pinned).await?;
            }
            return Ok(());
        }
        let last_label = self.store.last_label(&self.workspace).await?;
        let newest = self.store.model_versions(&self.workspace, 1).await?.pop();
        let same = newest.filter(|version| self.is_current(version));
        match (same, in_force) {
            (Some(version), _) if version.last_label == last_label && self.answers(&version) => {}
            // After a start: the same recipe makes the same model, and no new version.
            (Some(version), None) if version.last_label == last_label => {
                let learned = self.train(&self.policy.categories, last_label).await?.0;
                self.take_over(learned, InForce { version, is_pinned: false });
            }
            (Some(version), Some(_)) if !is_worth_it(&version, last_label) => {}
            _ => self.make_version(last_label, "learned").await?,
        }
        Ok(())
    }

    /// Whether it was made from the policy in force, with the means there are now.
    fn is_current(&self, version: &ModelVersion) -> bool {
        version.policy == self.policy.hash && version.about.encoder == self.learning.has_encoder()
    }

    fn answers(&self, version: &ModelVersion) -> bool {
        self.learning.in_force().is_some_and(|in_force| in_force.version.number == version.number)
    }

    async fn make_version(&self, last_label: u64, why: &'static str) -> Result<(), LearnError> {
        let (learned, about) = self.train(&self.policy.categories, last_label).await?;
        let policy = self.policy.hash.clone();
        let mut version = ModelVersion { number: 0, made_at: Timestamp::now(), last_label, policy, about };
        let (workspace, labels, encoder) = (self.workspace.clone(), version.about.labels, version.about.encoder);
        let told = move |number: u64| {
            let detail = json!({ "version": number, "labels": labels, "encoder": encoder, "why": why });
            entry(&workspace, AuditKind::ModelChanged, detail)
        };
        version.number = self.store.keep_model_version(&self.workspace, version.clone(), told).await?;
        tracing::info!(
            version = version.number,
            labels = version.about.labels,
            why,
            "a version of the model answers from now on"
        );
        self.take_over(learned, InForce { version, is_pinned: false });
        Ok(())
    }

    /// Makes an earlier version again: the same labels, but those erased since, and the examples of its policy.
    async fn go_back(&self, version: ModelVersion) -> Result<(), LearnError> {
        let categories = self.categories_of(&version.policy).await?;
        let (learned, _) = self.train(&categories, version.last_label).await?;
        self.remember(Some(version.last_label), true).await?;
        tracing::info!(version = version.number, "an earlier version of the model answers, until somebody trains anew");
        self.take_over(learned, InForce { version, is_pinned: true });
        Ok(())
    }

    async fn categories_of(&self, policy: &PolicyHash) -> Result<Vec<Category>, StoreError> {
        if *policy == self.policy.hash {
            return Ok(self.policy.categories.clone());
        }
        let source = self.store.policy_source(policy).await?;
        let earlier = source.and_then(|source| Policy::load(&source).ok());
        Ok(earlier.map_or_else(|| self.policy.categories.clone(), |earlier| earlier.categories))
    }

    fn take_over(&self, learned: Learned, in_force: InForce) {
        self.learning.inner.local.take_over(learned);
        #[allow(clippy::cast_precision_loss)] // A gauge counts in floating point.
        metrics::gauge!("deskbell_model_version").set(in_force.version.number as f64);
        self.learning.write(|standing| standing.in_force = Some(in_force));
    }

    /// Trains where it holds up nobody.
    async fn train(&self, categories: &[Category], last_label: u64) -> Result<(Learned, AboutVersion), LearnError> {
        let wanted = LabelsWanted { up_to: Some(last_label), at_most: LEARNED_AT_MOST, with_words: true };
        let labels = self.store.labels(&self.workspace, wanted).await?;
        let mut room = LEARNED_BYTES;
        let fits = |taught: &Taught| {
            room = room.saturating_sub(taught.text.len());
            room > 0
        };
        let taught: Vec<Taught> = labels.into_iter().filter_map(taught).take_while(fits).collect();
        let (local, categories) = (self.learning.inner.local.clone(), categories.to_vec());
        let count = taught.len();
        let started = Instant::now();
        let training = tokio::task::spawn_blocking(move || local.learn(&categories, &taught));
        let learned = training.await.map_err(|_| LearnError::BrokeOff)??;
        let figures = HeldOutFigures::of(&learned.held_out);
        let about = AboutVersion {
            labels: count,
            examples: learned.examples,
            encoder: self.learning.has_encoder(),
            held_out: learned.held_out.len(),
            accuracy: figures.map(|figures| figures.accuracy),
            ece: figures.map(|figures| figures.ece),
            coverage_at_95: figures.map(|figures| figures.coverage_at_95),
            seconds: started.elapsed().as_secs_f64(),
            without_model: learned.without_model.clone(),
        };
        metrics::histogram!("deskbell_model_training_seconds").record(about.seconds);
        Ok((learned, about))
    }

    /// Thresholds follow from the labels alone; a move goes on the trail before it counts.
    async fn move_thresholds(&self) -> Result<(), StoreError> {
        let wanted = LabelsWanted { up_to: None, at_most: EVIDENCE_AT_MOST, with_words: false };
        let labels = self.store.labels(&self.workspace, wanted).await?;
        report::set_gauges(&labels);
        self.learning.calibrate(labels.iter().map(|stored| &stored.label));
        let Some(bounds) = self.policy.auto_bounds else {
            self.learning.write(|standing| standing.auto_from.clear());
            return Ok(());
        };
        let known: HashSet<_> = self.policy.categories.iter().map(|category| &category.id).collect();
        let found = bounds.thresholds(labels.iter().map(|stored| &stored.label));
        let mut standing = self.store.model_standing(&self.workspace).await?;
        let mut moves = Vec::new();
        for (category, threshold) in found.iter().filter(|(category, _)| known.contains(category)) {
            let before = bounds.within(standing.auto_from.get(category).copied());
            let now = threshold.from;
            metrics::gauge!("deskbell_auto_from", "category" => category.to_string()).set(now.probability());
            if before != now {
                moves.push(self.entry(
                    AuditKind::ThresholdMoved,
                    json!({ "category": category, "before": before, "now": now, "answers": threshold.answers, "right": threshold.right }),
                ));
                tracing::info!(%category, before = before.percent(), now = now.percent(), "a threshold moved");
            }
            standing.auto_from.insert(category.clone(), now);
        }
        let auto_from = standing.auto_from.clone();
        if !moves.is_empty() {
            self.store.keep_model_standing(&self.workspace, standing, moves, None).await?;
        }
        self.learning.write(|standing| standing.auto_from = auto_from);
        Ok(())
    }

    fn entry(&self, kind: AuditKind, detail: Value) -> AuditEntry {
        entry(&self.workspace, kind, detail)
    }
}

fn entry(workspace: &WorkspaceId, kind: AuditKind, detail: Value) -> AuditEntry {
    AuditEntry {
        workspace: workspace.clone(),
        ticket: None,
        at: Timestamp::now(),
        actor: Actor::Deskbell,
        kind,
        subject: None,
        detail,
    }
}

/// What can't be trained is asked for in vain however often it is tried.
fn give_up_unless_the_store_failed(done: Result<(), LearnError>) -> Result<(), LearnError> {
    match done {
        Err(error @ (LearnError::Examples(_) | LearnError::BrokeOff)) => {
            tracing::error!(%error, "the model could not be made as somebody asked for");
            Ok(())
        }
        done => done,
    }
}

async fn until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

/// A handful of labels among thousands changes no model; precedents know of them already.
fn is_worth_it(version: &ModelVersion, last_label: u64) -> bool {
    let new = last_label.saturating_sub(version.last_label);
    let age = Timestamp::now().duration_since(version.made_at);
    let is_old = Duration::try_from(age).is_ok_and(|age| age >= AT_LEAST_EVERY);
    new > 0 && (new * GROWTH >= version.about.labels as u64 || is_old)
}

fn taught(stored: StoredLabel) -> Option<Taught> {
    let text = stored.words.filter(|words| !words.trim().is_empty())?;
    match (stored.label.category, stored.label.verdict) {
        (_, Verdict::NotATicket) => Some(Taught { text, category: None }),
        (Some(category), _) => Some(Taught { text, category: Some(category) }),
        (None, _) => None,
    }
}
