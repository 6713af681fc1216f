//! Asking a tracker for the statuses of open tickets' issues, where it may not tell of them by a webhook.
//!
//! What is new is recorded like a webhook's event and interpreted like one. A poll that fails is made up for by the next.

use std::collections::HashMap;
use std::time::Duration;

use deskbell_domain::ids::{EventKey, WorkspaceId};
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::intake::parse::tracker::IssueStatus;
use crate::mcp_host::{McpHost, ShownStatus, StatusLook};
use crate::store::{EventKind, NewEvent, Store, StoreError};

/// Issues asked for in one call.
const ISSUES_PER_CALL: usize = 50;
/// Issues asked for in one poll, those of the newest tickets.
const ISSUES_MAX: usize = 1_000;
/// How long a recorded status is kept, as a webhook's is.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a poll needs.
pub struct TrackerPoll {
    /// Where tickets are, and where events go.
    pub store: Store,
    /// Who asks the tracker.
    pub host: McpHost,
    /// Whose tickets.
    pub workspace: WorkspaceId,
    /// How it is asked.
    pub look: StatusLook,
    /// How often.
    pub every: Duration,
}

impl TrackerPoll {
    /// Polls until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut seen = HashMap::new();
        let mut ticks = tokio::time::interval(self.every);
        ticks.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            let polled = shutdown.run_until_cancelled(self.poll(&mut seen)).await;
            if let Some(Err(error)) = polled {
                tracing::error!(%error, "the tracker's statuses could not be recorded; the next poll tries again");
            }
        }
    }

    async fn poll(&self, seen: &mut HashMap<String, Seen>) -> Result<(), StoreError> {
        let keys = self.store.open_issue_keys(&self.workspace, &self.look.server, ISSUES_MAX).await?;
        seen.retain(|key, _| keys.contains(key));
        for keys in keys.chunks(ISSUES_PER_CALL) {
            let shown = match self.host.issue_statuses(&self.look, keys).await {
                Ok(shown) => shown,
                Err(error) => {
                    tracing::warn!(server = self.look.server, %error, "the tracker did not tell the issues' statuses");
                    metrics::counter!("deskbell_tracker_polls_total", "outcome" => "failed").increment(1);
                    return Ok(());
                }
            };
            for shown in shown {
                self.note(seen, shown).await?;
            }
        }
        metrics::counter!("deskbell_tracker_polls_total", "outcome" => "done").increment(1);
        Ok(())
    }

    /// Records a status that this process has not seen; the store knows those of earlier ones by their keys.
    async fn note(&self, seen: &mut HashMap<String, Seen>, shown: ShownStatus) -> Result<(), StoreError> {
        let known = seen.get(&shown.key);
        if known.is_some_and(|known| known.status == shown.status) {
            return Ok(());
        }
        let now = Timestamp::now();
        let told = shown.updated.as_deref().and_then(moment).unwrap_or(now);
        let at = known.map_or(told, |known| told.max(after(known.at)));
        if let Some(status) = IssueStatus::new(&shown.key, &shown.status, shown.category.as_deref(), at)
            && let Ok(raw) = serde_json::to_vec(&status)
        {
            let key = EventKey::new(format!("issue-poll/{}/{}/{}", status.key, at.as_millisecond(), status.status));
            let serial = format!("{}/issue/{}", self.workspace, status.key);
            self.store
                .record_event(NewEvent {
                    workspace: self.workspace.clone(),
                    key,
                    kind: EventKind::IssueStatus,
                    subject: None,
                    raw: Some(raw),
                    received_at: now,
                    serial: Some(serial),
                    expires_at: now.checked_add(KEPT).ok(),
                })
                .await?;
        }
        seen.insert(shown.key, Seen { status: shown.status, at });
        Ok(())
    }
}

/// A status that was recorded.
struct Seen {
    status: String,
    at: Timestamp,
}

/// What is seen later happened later, also within the precision of a tracker's times.
fn after(at: Timestamp) -> Timestamp {
    at.checked_add(SignedDuration::from_millis(1)).unwrap_or(at)
}

/// Jira's `2026-01-02T03:04:05.000+0000`, or any form of RFC 3339. Whole seconds, as Shortcut's are, say
/// that it happened in that second: its end, or it would be older than what Deskbell did there.
fn moment(text: &str) -> Option<Timestamp> {
    let jiras = Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text);
    let told: Timestamp = jiras.ok().or_else(|| text.parse().ok())?;
    let is_whole = !text.contains('.');
    if is_whole { told.checked_add(SignedDuration::from_millis(999)).ok() } else { Some(told) }
}

#[cfg(test)]
mod tests {
    #[test]
    fn reads_the_trackers_times() {
        let expected = "2026-01-02T03:04:05.678Z".parse().ok();
        for text in ["2026-01-02T03:04:05.678+0000", "2026-01-02T04:04:05.678+0100", "2026-01-02T03:04:05.678Z"] {
            assert_eq!(super::moment(text), expected, "{text}");
        }
        assert_eq!(super::moment("2026-01-02T03:04:05Z"), "2026-01-02T03:04:05.999Z".parse().ok());
        assert_eq!(super::moment("yesterday"), None);
    }
}
