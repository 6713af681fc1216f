//! Faults on demand: which call goes wrong, how, and how often.
//!
//! A target is a plain string: `slack:chat.postMessage`, `response_url`, `deliver:events`,
//! `deliver:commands`, `deliver:interactions`, `jira:POST /issue`, `zendesk:POST /tickets`. A rule's target may hold `*`
//! anywhere (`slack:*`, `jira:* /issue*`). The first rule that matches and fires wins.

use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde::{Deserialize, Serialize};
use serde_json::json;

/// What goes wrong with one call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// The call is answered with this HTTP status and no work is done.
    Status {
        /// HTTP status, for example 429 or 503.
        status: u16,
        /// Value of the `Retry-After` header, in seconds.
        #[serde(default)]
        retry_after_seconds: Option<u64>,
    },
    /// The call hangs for `ms`, then the connection drops without an answer.
    Timeout {
        /// How long the call hangs, in milliseconds.
        ms: u64,
        /// Whether the work is done before the hang (the caller can't know).
        #[serde(default)]
        work_done: bool,
    },
    /// The work is done, then the connection drops before the answer.
    LostResponse,
    /// The delivery is sent twice with the same content. Means nothing for calls *to* the sandbox.
    DuplicateDelivery,
    /// The work starts `ms` late, then all goes well.
    Delayed {
        /// The delay, in milliseconds.
        ms: u64,
    },
}

/// One rule of the table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct FaultRule {
    /// Which calls it is for; `*` stands for any run of characters.
    pub target: String,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: Fault,
    /// Chance that a matching call is hit, 0.0 to 1.0; absent means always.
    #[serde(default)]
    pub probability: Option<f64>,
    /// How many calls it hits before it is used up; absent means no end.
    #[serde(default)]
    pub count: Option<u64>,
    /// How many matching calls pass unharmed first.
    #[serde(default)]
    pub skip: u64,
}

#[derive(Debug)]
struct Table {
    rules: Vec<FaultRule>,
    random: SmallRng,
    fired: u64,
}

/// The shared table of fault rules; a clone is a handle to the same table.
#[derive(Debug, Clone)]
pub struct FaultTable {
    table: Arc<Mutex<Table>>,
}

impl FaultTable {
    /// An empty table whose probabilities are drawn from `seed`.
    pub fn new(seed: u64) -> Self {
        let table = Table { rules: Vec::new(), random: SmallRng::seed_from_u64(seed), fired: 0 };
        Self { table: Arc::new(Mutex::new(table)) }
    }

    /// Adds a rule behind those already there.
    pub fn add(&self, rule: FaultRule) {
        self.with(|table| table.rules.push(rule));
    }

    /// Removes every rule.
    pub fn clear(&self) {
        self.with(|table| table.rules.clear());
    }

    /// The rules still in force, with what is left of their counts.
    pub fn rules(&self) -> Vec<FaultRule> {
        self.with(|table| table.rules.clone())
    }

    /// How many calls have been hit since the start.
    pub fn fired(&self) -> u64 {
        self.with(|table| table.fired)
    }

    /// What goes wrong with the call to `target` that is being made now; counts it.
    pub fn decide(&self, target: &str) -> Option<Fault> {
        self.with(|table| {
            let Table { rules, random, fired } = table;
            let hit = rules.iter_mut().find_map(|rule| rule.draw(target, random))?;
            rules.retain(|rule| rule.count != Some(0));
            *fired += 1;
            Some(hit)
        })
    }

    fn with<T>(&self, act: impl FnOnce(&mut Table) -> T) -> T {
        act(&mut self.table.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl FaultRule {
    fn draw(&mut self, target: &str, random: &mut SmallRng) -> Option<Fault> {
        if !glob_matches(&self.target, target) {
            return None;
        }
        if self.skip > 0 {
            self.skip -= 1;
            return None;
        }
        if self.probability.is_some_and(|chance| !random.random_bool(chance.clamp(0.0, 1.0))) {
            return None;
        }
        if let Some(left) = self.count.as_mut() {
            *left = left.checked_sub(1)?;
        }
        Some(self.fault.clone())
    }
}

/// Runs `work` as `fault` says and answers as it says; without a fault it just runs it.
///
/// Both the Slack API and the vendors' back-ends answer through this one function.
pub async fn answer_with_fault<Work>(fault: Option<Fault>, work: Work) -> Response
where
    Work: Future<Output = Response>,
{
    match fault {
        None | Some(Fault::DuplicateDelivery) => work.await,
        Some(Fault::Delayed { ms }) => {
            tokio::time::sleep(Duration::from_millis(ms)).await;
            work.await
        }
        Some(Fault::LostResponse) => {
            drop(work.await);
            dropped_connection()
        }
        Some(Fault::Timeout { ms, work_done }) => {
            if work_done {
                drop(work.await);
            }
            tokio::time::sleep(Duration::from_millis(ms)).await;
            dropped_connection()
        }
        Some(Fault::Status { status, retry_after_seconds }) => status_answer(status, retry_after_seconds),
    }
}

fn status_answer(status: u16, retry_after_seconds: Option<u64>) -> Response {
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let error = if status == StatusCode::TOO_MANY_REQUESTS { "ratelimited" } else { "internal_error" };
    let mut response = (status, axum::Json(json!({ "ok": false, "error": error }))).into_response();
    if let Some(seconds) = retry_after_seconds {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    response
}

/// A response whose body fails at once, so that the server closes the connection with nothing sent.
fn dropped_connection() -> Response {
    let broken = futures_util::stream::once(async {
        Err::<axum::body::Bytes, _>(std::io::Error::other("connection dropped by a fault rule"))
    });
    Response::new(Body::from_stream(broken))
}

/// Whether `text` matches `pattern`, in which `*` stands for any run of characters.
fn glob_matches(pattern: &str, text: &str) -> bool {
    let Some((head, rest)) = pattern.split_once('*') else {
        return pattern == text;
    };
    let Some(mut remaining) = text.strip_prefix(head) else {
        return false;
    };
    let mut parts: Vec<&str> = rest.split('*').collect();
    let tail = parts.pop().unwrap_or_default();
    for part in parts {
        let Some((_, after)) = remaining.split_once(part) else {
            return false;
        };
        remaining = after;
    }
    remaining.ends_with(tail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(target: &str, fault: Fault) -> FaultRule {
        FaultRule { target: target.into(), fault, probability: None, count: None, skip: 0 }
    }

    #[test]
    fn a_star_stands_for_any_run_of_characters() {
        for (pattern, text, expected) in [
            ("slack:*", "slack:chat.postMessage", true),
            ("slack:chat.*", "slack:views.open", false),
            ("jira:* /issue*", "jira:POST /issue", true),
            ("jira:POST /issue", "jira:POST /issue/1", false),
            ("*", "anything", true),
        ] {
            assert_eq!(glob_matches(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn a_counted_rule_is_used_up_and_skips_first() {
        let table = FaultTable::new(1);
        table.add(FaultRule { count: Some(1), skip: 1, ..rule("slack:*", Fault::LostResponse) });
        assert_eq!(table.decide("slack:api.test"), None);
        assert_eq!(table.decide("slack:api.test"), Some(Fault::LostResponse));
        assert_eq!(table.decide("slack:api.test"), None);
        assert!(table.rules().is_empty());
        assert_eq!(table.fired(), 1);
    }

    #[test]
    fn the_same_seed_draws_the_same_faults() {
        let draw = || {
            let table = FaultTable::new(7);
            table.add(FaultRule { probability: Some(0.5), ..rule("*", Fault::LostResponse) });
            (0..32).map(|_| table.decide("x").is_some()).collect::<Vec<_>>()
        };
        assert_eq!(draw(), draw());
        assert!(draw().contains(&true) && draw().contains(&false));
    }
}
