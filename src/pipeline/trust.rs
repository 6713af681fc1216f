//! Trust in tools: each is pinned at its first use by an approved action. A tool that its server made something else of is not
//! called until a person in the ops channel accepts what it is now.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::WorkspaceId;
use deskbell_domain::interaction::Button;
use deskbell_domain::policy::Right;
use deskbell_domain::ticket::Actor;
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::{Person, ReplyTo};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::commit::Along;
use super::deliver::{Delivery, Shown};
use super::perform::Undone;
use super::tell::rendered;
use crate::mcp_host::{ToolInfo, differences};
use crate::slack::SlackError;
use crate::slack::messages::{DriftStatus, Notice, ToolDrift};
use crate::store::{ClaimedJob, Drift, DriftChoice, SeenTool, Standing, Store, StoreError};

/// Why a tool is not called.
pub(super) struct Distrusted {
    /// For people and the log.
    pub reason: String,
}

/// Whether a tool is what it was at its first use; a tool that was never used is pinned. Those of this program's own child
/// (`own_server`) are this program's, and change with it.
pub(super) async fn trusted(
    store: &Store,
    own_server: Option<&str>,
    workspace: &WorkspaceId,
    (server, tool): (&str, &ToolInfo),
) -> Result<Result<(), Distrusted>, StoreError> {
    if own_server == Some(server) {
        return Ok(Ok(()));
    }
    let seen = SeenTool {
        server: server.to_owned(),
        tool: tool.name.clone(),
        fingerprint: tool.fingerprint(),
        definition: tool.definition().to_string(),
    };
    Ok(match store.tool_standing(workspace, seen).await? {
        Standing::Pinned => Ok(()),
        Standing::Drifted { kept_blocked, .. } => {
            let state = if kept_blocked { "a person keeps it blocked" } else { "the ops channel is asked" };
            let reason = format!("the tool {:?} of {server:?} is not what it was at its first use; {state}", tool.name);
            Err(Distrusted { reason })
        }
    })
}

impl World {
    /// [`trusted`], with what the worker has.
    pub(super) async fn trusts(
        &self,
        workspace: &WorkspaceId,
        server: &str,
        tool: &ToolInfo,
    ) -> Result<Result<(), Distrusted>, StoreError> {
        trusted(&self.store, self.habits.own_server.as_deref(), workspace, (server, tool)).await
    }

    /// Tells the ops channel of a drift, or brings that message up to date.
    pub(super) async fn show_drift(&self, job: &ClaimedJob, id: u64) -> Result<(), Undone> {
        let Some(drift) = self.store.drift(&job.workspace, id).await? else {
            self.finish(job, Along::default()).await?;
            return Ok(());
        };
        let message = rendered(self.messages.tool_drift(&self.tool_drift(id, &drift)))
            .map_err(|error| Undone::Never { reason: error.to_string() })?;
        let shown = Shown {
            channel: &self.policy.ops_channel,
            thread: None,
            posted: drift.posted.as_ref(),
            doubt: None,
            marker: Effect::ShowDrift { drift: id, change: 0 }.job_id(&job.workspace, None).to_string(),
            message,
            since: job.first_run_at.as_second(),
        };
        match self.deliver(job, shown).await? {
            Delivery::Shown(posted) => self.store.drift_posted(id, posted).await?,
            Delivery::Refused(reason) => tracing::error!(drift = id, reason, "the ops channel can't hear of a drift"),
            Delivery::Unclear => tracing::error!(drift = id, "whether the ops channel heard of a drift is unknown"),
        }
        self.finish(job, Along::default()).await?;
        Ok(())
    }

    fn tool_drift(&self, id: u64, drift: &Drift) -> ToolDrift {
        let is_it = |tool: &str| tool == drift.tool;
        let actions = self.bindings.iter().filter(|(_, it)| it.server == drift.server && it.tools().any(is_it));
        let lookups = self.lookups.at(&drift.server).filter(|it| is_it(it.tool));
        let parsed = |text: &str| serde_json::from_str(text).unwrap_or(Value::Null);
        ToolDrift {
            drift_id: id.to_string(),
            server: drift.server.clone(),
            tool: drift.tool.clone(),
            actions: actions.map(|(action, _)| action).chain(lookups.map(|it| it.name)).map(str::to_owned).collect(),
            changes: differences(&parsed(&drift.pinned), &parsed(&drift.definition)).join("\n"),
            status: match &drift.chosen {
                None => DriftStatus::Open,
                Some((DriftChoice::Accepted, by, at)) => {
                    DriftStatus::Accepted { by_user_id: by.to_string(), at_unix: at.as_second() }
                }
                Some((DriftChoice::KeptBlocked, by, at)) => {
                    DriftStatus::KeptBlocked { by_user_id: by.to_string(), at_unix: at.as_second() }
                }
            },
        }
    }

    /// Settles a drift for whoever may; the answer is what the presser hears, and what goes on the trail besides.
    pub(super) async fn drift_pressed(
        &self,
        job: &ClaimedJob,
        button: Button,
        value: &str,
        by: &Person,
        reply: &ReplyTo,
    ) -> Result<(Result<(), SlackError>, Option<AuditEntry>), StoreError> {
        let now = Timestamp::now();
        if !self.policy.allows(Right::TrustTools, by, None) {
            let refused = AuditEntry {
                workspace: job.workspace.clone(),
                ticket: None,
                at: now,
                actor: Actor::Person(by.id.clone()),
                kind: AuditKind::Refused,
                subject: None,
                detail: json!({ "right": Right::TrustTools.as_str(), "drift": value }),
            };
            let (who, people) = self.policy.who_may(Right::TrustTools);
            let notice = Notice {
                mention_ids: people.iter().map(ToString::to_string).collect(),
                ..Notice::problem(
                    "You may not say which tools are trusted.",
                    format!("Ask one of those who may: {who}"),
                )
            };
            return Ok((self.say_notice(by, reply, &notice).await, Some(refused)));
        }
        let choice = if button == Button::AcceptTool { DriftChoice::Accepted } else { DriftChoice::KeptBlocked };
        let Ok(id) = value.parse::<u64>() else { return Ok((Ok(()), None)) };
        if self.store.settle_drift(&job.workspace, id, choice, by.id.clone(), now).await? {
            return Ok((Ok(()), None));
        }
        let settled_by_them = self.store.drift(&job.workspace, id).await?.and_then(|drift| drift.chosen);
        // This very press, when the job runs a second time.
        if settled_by_them.is_some_and(|(_, who, _)| who == by.id) {
            return Ok((Ok(()), None));
        }
        let notice = Notice::problem("That is settled already.", "Look at the message again: it shows who chose what.");
        Ok((self.say_notice(by, reply, &notice).await, None))
    }

    async fn say_notice(&self, to: &Person, reply: &ReplyTo, notice: &Notice) -> Result<(), SlackError> {
        self.say(&to.id, reply, &rendered(self.messages.notice(notice))?).await
    }
}
