//! Language models: one question, one answer in a closed shape, or a clear reason why there is none.
//!
//! Read [`PromptCall`] (what is asked) and [`Completion`] (what comes back), then [`Llm::complete`], which is the only way out:
//! it fills the prompt, **redacts every stranger's word on the way**, keeps to the budgets, asks, tries again, checks the answer
//! against its [`shape`], and puts the redacted values back. `provider` knows the vendors' shapes, `wire` the HTTP exchange,
//! `budget` and `cache` are arithmetic and memory. [`grounded`] checks what an answer cites.
//!
//! A model holds no tools. Its answer is data.

mod budget;
mod cache;
mod call;
pub mod grounded;
mod prompts;
mod provider;
pub mod shape;
mod spending;
mod wire;

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use deskbell_domain::ids::TicketId;
use deskbell_judgement::redaction::Redaction;
use jiff::Timestamp;
use rand::RngExt;
use serde_json::Value;
use tokio::sync::Semaphore;
use tokio::time::Instant;

pub use budget::{Limits, Prices};
pub use call::{Completion, LlmError, PromptCall, Usage};
pub use prompts::{PromptError, PromptName};
pub use provider::{Provider, ProviderKind, Structured};

use crate::breaker::{Breaker, BreakerState, Health};
use budget::{Budget, Reservation};
use cache::Cache;
use prompts::{Filled, Prompts};
use shape::Shape;
use spending::{Day, SpendFile};
use wire::Exchange;

/// The first wait before another attempt; doubles each time.
const FIRST_WAIT: Duration = Duration::from_millis(250);
/// The longest wait between attempts that nobody asked for.
const WAIT_MAX: Duration = Duration::from_secs(8);
/// A service that asks to be left alone without saying how long.
const PAUSE: Duration = Duration::from_secs(1);
/// Tokens are seldom shorter than so many bytes; a question reserves no less than it will use.
const BYTES_PER_TOKEN: usize = 2;

/// How a model is asked.
#[derive(Debug, Clone)]
pub struct LlmSettings {
    /// Whom, and how.
    pub provider: Provider,
    /// One attempt may take so long.
    pub call_timeout: Duration,
    /// All attempts together, waits included.
    pub patience: Duration,
    /// Attempts at most.
    pub attempts: u32,
    /// Calls at the same time.
    pub max_concurrency: usize,
    /// What it charges.
    pub prices: Prices,
    /// What may be spent.
    pub limits: Limits,
    /// Answers that are kept.
    pub cache_entries: usize,
    /// A folder of the operator's own prompt files.
    pub prompts: Option<PathBuf>,
    /// Where the day's spending is kept over a restart.
    pub spend_file: Option<PathBuf>,
}

/// Why a model can't be asked at all.
#[derive(Debug, thiserror::Error)]
pub enum LlmSetupError {
    /// A prompt file.
    #[error(transparent)]
    Prompt(#[from] PromptError),
    /// The HTTP client.
    #[error("no HTTP client can be had: {0}")]
    Client(#[from] reqwest::Error),
}

/// A language model. Cheap to clone; all clones share budget, breaker and cache.
#[derive(Clone)]
pub struct Llm {
    inner: Arc<Inner>,
}

struct Inner {
    settings: LlmSettings,
    address: String,
    client: reqwest::Client,
    prompts: Prompts,
    turns: Semaphore,
    breaker: Mutex<Breaker>,
    budget: Mutex<Budget>,
    used: Mutex<Usage>,
    cache: Mutex<Cache>,
    spend_file: SpendFile,
}

impl Llm {
    /// Prepares a client; asks nobody.
    ///
    /// # Errors
    /// A prompt file that can't be used, or no HTTP client.
    pub fn new(settings: LlmSettings) -> Result<Self, LlmSetupError> {
        let spend_file = SpendFile::new(settings.spend_file.clone());
        let mut budget = Budget::new(settings.limits, settings.prices, today());
        if let Some(kept) = spend_file.read(today()) {
            budget.resume(kept);
        }
        let inner = Inner {
            address: settings.provider.address(),
            client: wire::client()?,
            prompts: Prompts::load(settings.prompts.as_deref())?,
            turns: Semaphore::new(settings.max_concurrency),
            breaker: Mutex::default(),
            budget: Mutex::new(budget),
            used: Mutex::default(),
            spend_file,
            cache: Mutex::new(Cache::new(settings.cache_entries)),
            settings,
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The model, as configured.
    pub fn model(&self) -> &str {
        &self.inner.settings.provider.model
    }

    /// Tokens that the service said it used since the client was made, answers that were of no use included.
    pub fn used(&self) -> Usage {
        *lock(&self.inner.used)
    }

    /// What that cost, in the prices' unit; `None` where no prices are configured.
    #[allow(clippy::cast_precision_loss)] // Thousand-millionths of what anybody would pay.
    pub fn cost(&self) -> Option<f64> {
        let prices = self.inner.settings.prices;
        (prices != Prices::default()).then(|| prices.nanos(self.used()) as f64 / budget::NANOS)
    }

    /// Asks. Strangers' words are redacted before they leave, and put back in the texts of the answer.
    ///
    /// # Errors
    /// Why there is no answer. Dropping the future is safe: what was asked counts against the budgets.
    pub async fn complete(&self, call: PromptCall) -> Result<Completion, LlmError> {
        let prompt = call.prompt.as_str();
        let started = Instant::now();
        let result = self.inner.complete(&call).await;
        let outcome = match &result {
            Ok(completion) if completion.cached => "cached",
            Ok(_) => "answered",
            Err(error) => error.outcome(),
        };
        metrics::counter!("deskbell_llm_calls_total", "prompt" => prompt, "outcome" => outcome).increment(1);
        metrics::histogram!("deskbell_llm_call_seconds", "prompt" => prompt).record(started.elapsed().as_secs_f64());
        result
    }

    /// Asks the smallest question there is, to see whether address, key and model are right. Spends a few tokens.
    ///
    /// # Errors
    /// As [`Self::complete`].
    pub async fn check(&self) -> Result<(), LlmError> {
        let filled = Filled {
            version: 0,
            system: "You fill in forms. Answer in the form alone.".to_owned(),
            user: "Set ok to true.".to_owned(),
        };
        let shape = Shape::object([("ok", Shape::Flag)]);
        let body = self.inner.settings.provider.body(&filled, &shape);
        self.inner.ask("check", &body, &shape, None).await.map(drop)
    }
}

impl std::fmt::Debug for Llm {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Llm").field("model", &self.model()).finish_non_exhaustive()
    }
}

impl Inner {
    async fn complete(&self, call: &PromptCall) -> Result<Completion, LlmError> {
        let mut redaction = Redaction::new(&call.names);
        let filled = self.prompts.fill(call, &mut redaction).map_err(|reason| LlmError::Prompt { reason })?;
        let body = self.settings.provider.body(&filled, &call.shape);
        let key = cache::key(&self.address, &body);
        let kept = lock(&self.cache).get(&key).cloned();
        let (answer, usage, cached) = if let Some(answer) = kept {
            (answer, Usage::default(), true)
        } else {
            let (answer, usage) = self.ask(call.prompt.as_str(), &body, &call.shape, call.ticket).await?;
            lock(&self.cache).put(key, answer.clone());
            (answer, usage, false)
        };
        Ok(Completion {
            answer: put_back(answer, &redaction),
            model: self.settings.provider.model.clone(),
            prompt_version: filled.version,
            usage,
            cached,
        })
    }

    /// Asks until there is an answer of the right shape, or no more attempt may help.
    async fn ask(
        &self,
        prompt: &'static str,
        body: &Value,
        shape: &Shape,
        ticket: Option<TicketId>,
    ) -> Result<(Value, Usage), LlmError> {
        let give_up_at = Instant::now() + self.settings.patience;
        let mut attempt = 1;
        loop {
            let error = match self.attempt(prompt, body, shape, ticket, give_up_at).await {
                Ok(answered) => return Ok(answered),
                Err(error) => error,
            };
            let wait = wait(attempt, &error);
            let is_last = attempt >= self.settings.attempts || !error.may_pass() || Instant::now() + wait >= give_up_at;
            tracing::debug!(prompt, attempt, %error, is_last, "the model gave no answer");
            if is_last {
                return Err(error);
            }
            tokio::time::sleep(wait).await;
            attempt += 1;
        }
    }

    async fn attempt(
        &self,
        prompt: &'static str,
        body: &Value,
        shape: &Shape,
        ticket: Option<TicketId>,
        give_up_at: Instant,
    ) -> Result<(Value, Usage), LlmError> {
        let Ok(Ok(_turn)) = tokio::time::timeout_at(give_up_at, self.turns.acquire()).await else {
            let reason = "too many other questions were before this one".to_owned();
            return Err(LlmError::Unavailable { reason, retry_after: None });
        };
        let admitted = self.admit()?;
        let reservation = lock(&self.budget)
            .reserve(self.at_most(body), ticket, today())
            .map_err(|reason| LlmError::OverBudget { reason })?;
        self.spend_file.write(|| self.spent());
        let left = give_up_at.saturating_duration_since(Instant::now());
        let timeout = self.settings.call_timeout.min(left);
        let exchange = wire::exchange(&self.client, &self.settings.provider, &self.address, body, timeout).await;
        admitted.record(health(&exchange));
        match exchange {
            Exchange::Answered(bytes) => {
                let (usage, said) = self.settings.provider.read(&bytes);
                self.settle(prompt, &reservation, usage);
                let answer = said?;
                shape.check(&answer).map_err(|reason| LlmError::Unreadable { reason })?;
                Ok((answer, usage.unwrap_or_default()))
            }
            Exchange::Declined(error) => {
                self.settle(prompt, &reservation, Some(Usage::default()));
                Err(error)
            }
            Exchange::Paused(retry_after) => {
                self.settle(prompt, &reservation, Some(Usage::default()));
                let reason = "it asks to be left alone for a while".to_owned();
                Err(LlmError::Unavailable { reason, retry_after: Some(retry_after.unwrap_or(PAUSE)) })
            }
            Exchange::Failed { reason, retry_after, may_be_charged } => {
                self.settle(prompt, &reservation, (!may_be_charged).then(Usage::default));
                Err(LlmError::Unavailable { reason, retry_after })
            }
        }
    }

    fn admit(&self) -> Result<Admitted<'_>, LlmError> {
        let now = Instant::now();
        match lock(&self.breaker).admit(now) {
            Ok(()) => Ok(Admitted { breaker: Some(&self.breaker) }),
            Err(wait) => {
                let reason = "it failed or asked to be left alone before, and is not asked for a while".to_owned();
                Err(LlmError::Unavailable { reason, retry_after: Some(wait) })
            }
        }
    }

    /// The most that a request can use.
    fn at_most(&self, body: &Value) -> Usage {
        let bytes = body.to_string().len();
        let input_tokens = u64::try_from(bytes.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u64::MAX);
        Usage { input_tokens, output_tokens: u64::from(self.settings.provider.max_output_tokens) }
    }

    fn spent(&self) -> Day {
        lock(&self.budget).spent_today()
    }

    fn settle(&self, prompt: &'static str, reservation: &Reservation, used: Option<Usage>) {
        let part = {
            let mut budget = lock(&self.budget);
            budget.settle(reservation, used);
            budget.used_part()
        };
        self.spend_file.write(|| self.spent());
        metrics::gauge!("deskbell_llm_daily_budget_used_ratio").set(part);
        let Some(used) = used.filter(|used| used.tokens() > 0) else { return };
        lock(&self.used).add(used);
        let tokens = |kind: &'static str, count: u64| {
            metrics::counter!("deskbell_llm_tokens_total", "prompt" => prompt, "kind" => kind).increment(count);
        };
        tokens("input", used.input_tokens);
        tokens("output", used.output_tokens);
        let nanos = self.settings.prices.nanos(used);
        metrics::counter!("deskbell_llm_cost_nanos_total", "prompt" => prompt).increment(nanos);
    }
}

/// A call that the breaker let through; one that is given up tells it so.
struct Admitted<'a> {
    breaker: Option<&'a Mutex<Breaker>>,
}

impl Admitted<'_> {
    fn record(mut self, health: Health) {
        if let Some(breaker) = self.breaker.take() {
            let now = Instant::now();
            let mut breaker = lock(breaker);
            breaker.record(health, now);
            let value = match breaker.state(now) {
                BreakerState::Closed => 0.0,
                BreakerState::HalfOpen => 1.0,
                BreakerState::Open => 2.0,
            };
            metrics::gauge!("deskbell_llm_breaker").set(value);
        }
    }
}

impl Drop for Admitted<'_> {
    fn drop(&mut self) {
        if let Some(breaker) = self.breaker {
            lock(breaker).abandon();
        }
    }
}

fn health(exchange: &Exchange) -> Health {
    match exchange {
        Exchange::Answered(_) | Exchange::Declined(_) => Health::Answered,
        Exchange::Paused(wait) => Health::Paused(wait.unwrap_or(PAUSE)),
        Exchange::Failed { .. } => Health::Failed,
    }
}

/// Exponential with jitter, never earlier than was asked.
fn wait(attempt: u32, error: &LlmError) -> Duration {
    let ceiling = FIRST_WAIT.saturating_mul(1 << attempt.saturating_sub(1).min(16)).min(WAIT_MAX);
    let jittered = ceiling.mul_f64(rand::rng().random_range(0.5..=1.0));
    match error {
        LlmError::Unavailable { retry_after: Some(asked), .. } => jittered.max(*asked),
        _ => jittered,
    }
}

/// Puts the redacted values back in every text.
fn put_back(answer: Value, redaction: &Redaction) -> Value {
    match answer {
        Value::String(text) => Value::String(redaction.restore(&prompts::unescape(&text))),
        Value::Array(items) => items.into_iter().map(|item| put_back(item, redaction)).collect(),
        Value::Object(fields) => {
            Value::Object(fields.into_iter().map(|(name, value)| (name, put_back(value, redaction))).collect())
        }
        other => other,
    }
}

fn today() -> jiff::civil::Date {
    Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date()
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
