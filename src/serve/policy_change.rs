//! A policy that differs from the last one is kept, and the audit trail says so.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::WorkspaceId;
use deskbell_domain::ticket::Actor;
use jiff::Timestamp;
use serde_json::json;

use crate::prepare::LoadedPolicy;
use crate::store::{Commit, CommitError, Store, StoreError};

/// Keeps the policy in force under its hash; a change goes on the audit trail.
pub(super) async fn record(store: &Store, workspace: &WorkspaceId, policy: &LoadedPolicy) -> Result<(), StoreError> {
    let hash = &policy.policy.hash;
    let now = Timestamp::now();
    store.save_policy(hash, &policy.source, now).await?;
    let last = last_hash(store, workspace).await?;
    if last.as_deref() == Some(hash.as_str()) {
        return Ok(());
    }
    tracing::info!(policy = %hash, "the policy in force changed");
    let mut commit = Commit::new(workspace.clone());
    commit.audit.push(AuditEntry {
        workspace: workspace.clone(),
        ticket: None,
        at: now,
        actor: Actor::Deskbell,
        kind: AuditKind::PolicyChanged,
        subject: None,
        detail: json!({ "policy": hash, "before": last }),
    });
    store.commit(commit).await.map_err(|error| match error {
        CommitError::Store(error) => error,
        other => StoreError::Database { reason: other.to_string() },
    })
}

async fn last_hash(store: &Store, workspace: &WorkspaceId) -> Result<Option<String>, StoreError> {
    let last = store.last_policy_change(workspace).await?;
    let detail = last.and_then(|entry| entry.detail);
    let hash = detail.as_ref().and_then(|detail| detail.get("policy")).and_then(serde_json::Value::as_str);
    Ok(hash.map(str::to_owned))
}
