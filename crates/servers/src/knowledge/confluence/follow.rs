//! When a site is asked: a sweep now and then, the newest changes in between, and at once what a webhook tells of.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::SecretString;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::config::{ConfluenceConfig, ConfluenceConfigError};
use super::site::Site;
use super::sync::Sync;
use crate::failure::ToolFailure;
use crate::knowledge::library::Library;

/// After failures the wait doubles up to this.
const WAIT_MAX: Duration = Duration::from_secs(300);
/// However long Confluence says.
const TOLD_WAIT_MAX: Duration = Duration::from_secs(3_600);
/// Pages that were told of and are not asked for yet; more, and everything is gone through.
const TOLD_MAX: usize = 500;

/// A Confluence site that is followed. Clones are handles to the same one.
#[derive(Debug, Clone)]
pub struct Confluence {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    sync: Sync,
    /// One asks at a time.
    turn: tokio::sync::Mutex<()>,
    told: Mutex<Told>,
    waking: Notify,
    poll_every: Duration,
    sweep_every: Duration,
    secret: Option<SecretString>,
    documents: Arc<Library>,
}

/// What webhooks told of.
#[derive(Debug, Default)]
struct Told {
    pages: BTreeSet<String>,
    everything: bool,
}

impl Confluence {
    /// A site whose documents go into the documents' store; makes no request.
    ///
    /// # Errors
    /// [`ConfluenceConfigError`] when no HTTP client can be made of it.
    pub(in crate::knowledge) fn new(
        config: ConfluenceConfig,
        documents: Arc<Library>,
    ) -> Result<Self, ConfluenceConfigError> {
        let (poll_every, sweep_every) = (config.poll_every, config.sweep_every);
        let secret = config.webhook_secret.clone();
        let sync = Sync::new(Site::new(config)?, Arc::clone(&documents));
        let (turn, told, waking) = (tokio::sync::Mutex::default(), Mutex::default(), Notify::new());
        let inner = Inner { sync, turn, told, waking, poll_every, sweep_every, secret, documents };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// Goes through everything once.
    pub(in crate::knowledge) async fn sweep(&self) -> Result<(), ToolFailure> {
        let _turn = self.inner.turn.lock().await;
        self.inner.sync.sweep().await
    }

    /// Asks for ever.
    pub(in crate::knowledge) async fn follow(&self) {
        let (mut sweep_at, mut failures) = (Instant::now(), 0_u32);
        loop {
            let told = std::mem::take(&mut *self.inner.told.lock().unwrap_or_else(PoisonError::into_inner));
            let is_due = told.everything || Instant::now() >= sweep_at;
            let outcome = if is_due { self.sweep().await } else { self.ask_newest(&told.pages).await };
            let wait = match outcome {
                Ok(()) => {
                    failures = 0;
                    if is_due {
                        sweep_at = Instant::now() + self.inner.sweep_every;
                    }
                    self.inner.poll_every
                }
                Err(failure) => {
                    failures = failures.saturating_add(1);
                    tracing::warn!(failures, "Confluence could not be asked: {}", failure.message);
                    if is_due {
                        sweep_at = Instant::now();
                    }
                    self.tell_again(told);
                    self.wait_after(failures, &failure).await;
                    continue;
                }
            };
            tokio::select! {
                () = tokio::time::sleep(wait) => {}
                () = self.inner.waking.notified() => {}
            }
        }
    }

    /// A webhook told of this page, or of something that is no page.
    pub(super) fn tell(&self, page: Option<String>) {
        let mut told = self.inner.told.lock().unwrap_or_else(PoisonError::into_inner);
        match page {
            Some(page) if told.pages.len() < TOLD_MAX => {
                told.pages.insert(page);
            }
            _ => told.everything = true,
        }
        drop(told);
        self.inner.waking.notify_one();
    }

    pub(super) fn secret(&self) -> Option<&SecretString> {
        self.inner.secret.as_ref()
    }

    async fn ask_newest(&self, pages: &BTreeSet<String>) -> Result<(), ToolFailure> {
        let _turn = self.inner.turn.lock().await;
        for page in pages {
            self.inner.sync.refresh(page).await?;
        }
        self.inner.sync.poll().await
    }

    fn tell_again(&self, told: Told) {
        let mut now = self.inner.told.lock().unwrap_or_else(PoisonError::into_inner);
        now.pages.extend(told.pages);
        now.everything |= told.everything;
    }

    /// As long as Confluence says; else twice as long each time. What is told of meanwhile does not shorten it.
    async fn wait_after(&self, failures: u32, failure: &ToolFailure) {
        let doubled = self.inner.poll_every.saturating_mul(2_u32.saturating_pow(failures.min(8)));
        let told = failure.retry_after_seconds.map(Duration::from_secs);
        let wait = told.map_or_else(|| doubled.min(WAIT_MAX), |told| told.min(TOLD_WAIT_MAX));
        // What was read before the failure counts now, not after the wait: it may close documents.
        drop(self.inner.documents.reconcile().await);
        tokio::time::sleep(wait).await;
        // So that a document whose permissions got old is closed though Confluence says nothing.
        drop(self.inner.documents.reconcile().await);
    }
}
