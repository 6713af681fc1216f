//! Tools as people let Deskbell use them: pinned at their first use. A server that makes something else of one leaves a drift,
//! which a person accepts or keeps blocked.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{ChannelId, MessageTs, PersonId, WorkspaceId};
use deskbell_domain::ticket::{Actor, PostedMessage};
use deskbell_domain::workflow::effect::Effect;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, Row, params};
use serde_json::json;

use super::Store;
use super::audit::append;
use super::error::StoreError;
use super::jobs::{NewJob, insert_job};
use super::rows::{micros, signed, timestamp, unsigned};
use super::writer::{Durability, WhenFull, Write};

/// A tool's definition as its server lists it, in the one way of writing it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SeenTool {
    /// The configured server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// The definition's hash.
    pub fingerprint: String,
    /// The definition.
    pub definition: String,
}

/// Whether a tool is what it was when it was first used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It is.
    Pinned,
    /// It is something else, and nobody has accepted that.
    Drifted {
        /// Which drift.
        drift: u64,
        /// Somebody chose to keep it blocked.
        kept_blocked: bool,
    },
}

/// What a person made of a drift.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DriftChoice {
    /// The tool may be used as it is now.
    Accepted,
    /// It may not.
    KeptBlocked,
}

impl DriftChoice {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::KeptBlocked => "kept_blocked",
        }
    }
}

/// A tool that is something else than it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Drift {
    /// The configured server.
    pub server: String,
    /// The tool.
    pub tool: String,
    /// What it was.
    pub pinned: String,
    /// What it is.
    pub definition: String,
    /// Where people were told.
    pub posted: Option<PostedMessage>,
    /// What a person chose, who, and when.
    pub chosen: Option<(DriftChoice, PersonId, Timestamp)>,
}

impl Store {
    /// Compares a tool with its pin. A tool without one is pinned; a drift that is new is kept, and a job queued that tells of it.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn tool_standing(&self, workspace: &WorkspaceId, seen: SeenTool) -> Result<Standing, StoreError> {
        let workspace = workspace.clone();
        let (asked, sought) = (workspace.clone(), seen.clone());
        let pin = self.read(move |read| pinned(read.conn, &asked, &sought)).await?;
        if pin.is_some_and(|(fingerprint, _)| fingerprint == seen.fingerprint) {
            return Ok(Standing::Pinned);
        }
        self.writer()?.run(Durability::Synced, WhenFull::Wait, move |write| compare(write, &workspace, &seen)).await
    }

    /// A drift of a workspace's tools.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn drift(&self, workspace: &WorkspaceId, id: u64) -> Result<Option<Drift>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let row = read
                .conn
                .prepare_cached(
                    "SELECT server, tool, pinned, definition, posted_channel, posted_ts, choice, chosen_by, chosen_at
                     FROM tool_drifts WHERE workspace = ?1 AND id = ?2",
                )?
                .query_row(params![workspace.as_str(), signed(id)], |row| Ok(drift_of(row)))
                .optional()?;
            row.transpose()
        })
        .await
    }

    /// Keeps where people were told of a drift.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn drift_posted(&self, id: u64, posted: PostedMessage) -> Result<(), StoreError> {
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                write
                    .conn
                    .prepare_cached("UPDATE tool_drifts SET posted_channel = ?2, posted_ts = ?3 WHERE id = ?1")?
                    .execute(params![signed(id), posted.channel.as_str(), posted.ts.as_str()])?;
                Ok(())
            })
            .await
    }

    /// Settles an open drift; `false` when it is settled, or its tool was pinned anew meanwhile. The message that tells of it is
    /// brought up to date by a job that this queues.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn settle_drift(
        &self,
        workspace: &WorkspaceId,
        id: u64,
        choice: DriftChoice,
        by: PersonId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        let workspace = workspace.clone();
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| settle(write, &workspace, id, choice, &by, now))
            .await
    }
}

fn pinned(
    conn: &rusqlite::Connection,
    workspace: &WorkspaceId,
    seen: &SeenTool,
) -> Result<Option<(String, String)>, StoreError> {
    Ok(conn
        .prepare_cached(
            "SELECT fingerprint, definition FROM tool_pins WHERE workspace = ?1 AND server = ?2 AND tool = ?3",
        )?
        .query_row(params![workspace.as_str(), seen.server, seen.tool], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?)
}

fn compare(write: &mut Write<'_>, workspace: &WorkspaceId, seen: &SeenTool) -> Result<Standing, StoreError> {
    let Some((fingerprint, definition)) = pinned(write.conn, workspace, seen)? else {
        pin(write, workspace, seen)?;
        append(write, &entry(workspace, seen, "pinned", Actor::Deskbell, Timestamp::now()), None)?;
        return Ok(Standing::Pinned);
    };
    if fingerprint == seen.fingerprint {
        return Ok(Standing::Pinned);
    }
    let known: Option<(i64, Option<String>)> = write
        .conn
        .prepare_cached(
            "SELECT id, choice FROM tool_drifts WHERE workspace = ?1 AND server = ?2 AND tool = ?3 AND fingerprint = ?4
               AND pinned_fingerprint = ?5 AND choice IS NOT 'accepted' ORDER BY id DESC LIMIT 1",
        )?
        .query_row(params![workspace.as_str(), seen.server, seen.tool, seen.fingerprint, fingerprint], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })
        .optional()?;
    if let Some((id, choice)) = known {
        return Ok(Standing::Drifted { drift: unsigned(id), kept_blocked: choice.is_some() });
    }
    let id: i64 = write
        .conn
        .prepare_cached(
            "INSERT INTO tool_drifts (workspace, server, tool, fingerprint, definition, pinned_fingerprint, pinned)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7) RETURNING id",
        )?
        .query_row(
            params![
                workspace.as_str(),
                seen.server,
                seen.tool,
                seen.fingerprint,
                seen.definition,
                fingerprint,
                definition
            ],
            |row| row.get(0),
        )?;
    append(write, &entry(workspace, seen, "drifted", Actor::Deskbell, Timestamp::now()), None)?;
    show(write, workspace, unsigned(id), 1, Timestamp::now())?;
    Ok(Standing::Drifted { drift: unsigned(id), kept_blocked: false })
}

fn pin(write: &Write<'_>, workspace: &WorkspaceId, seen: &SeenTool) -> Result<(), StoreError> {
    write
        .conn
        .prepare_cached(
            "INSERT INTO tool_pins (workspace, server, tool, fingerprint, definition) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (workspace, server, tool) DO UPDATE
             SET fingerprint = excluded.fingerprint, definition = excluded.definition",
        )?
        .execute(params![workspace.as_str(), seen.server, seen.tool, seen.fingerprint, seen.definition])?;
    Ok(())
}

fn settle(
    write: &mut Write<'_>,
    workspace: &WorkspaceId,
    id: u64,
    choice: DriftChoice,
    by: &PersonId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    // What was shown is the way from one definition to another: neither may have changed.
    let open: Option<SeenTool> = write
        .conn
        .prepare_cached(
            "UPDATE tool_drifts SET choice = ?3, chosen_by = ?4, chosen_at = ?5
             WHERE id = ?2 AND workspace = ?1 AND choice IS NULL AND pinned_fingerprint =
               (SELECT fingerprint FROM tool_pins AS pin
                WHERE pin.workspace = ?1 AND pin.server = tool_drifts.server AND pin.tool = tool_drifts.tool)
             RETURNING server, tool, fingerprint, definition",
        )?
        .query_row(params![workspace.as_str(), signed(id), choice.as_str(), by.as_str(), micros(now)], |row| {
            Ok(SeenTool { server: row.get(0)?, tool: row.get(1)?, fingerprint: row.get(2)?, definition: row.get(3)? })
        })
        .optional()?;
    let Some(seen) = open else { return Ok(false) };
    if choice == DriftChoice::Accepted {
        pin(write, workspace, &seen)?;
    }
    append(write, &entry(workspace, &seen, choice.as_str(), Actor::Person(by.clone()), now), None)?;
    show(write, workspace, id, 2, now)?;
    Ok(true)
}

/// Queues the message that tells of a drift.
fn show(
    write: &mut Write<'_>,
    workspace: &WorkspaceId,
    drift: u64,
    change: u32,
    run_at: Timestamp,
) -> Result<(), StoreError> {
    let effect = Effect::ShowDrift { drift, change };
    let serial = effect.serial(workspace, None);
    insert_job(write, workspace, &NewJob { effect, ticket: None, run_at, serial })
}

fn entry(workspace: &WorkspaceId, seen: &SeenTool, what: &str, actor: Actor, at: Timestamp) -> AuditEntry {
    AuditEntry {
        workspace: workspace.clone(),
        ticket: None,
        at,
        actor,
        kind: AuditKind::ToolTrust,
        subject: None,
        detail: json!({ "what": what, "server": seen.server, "tool": seen.tool, "fingerprint": seen.fingerprint }),
    }
}

fn drift_of(row: &Row<'_>) -> Result<Drift, StoreError> {
    let posted = row.get::<_, Option<String>>(4)?.zip(row.get::<_, Option<String>>(5)?);
    let chosen = match row.get::<_, Option<String>>(6)?.as_deref() {
        None => None,
        Some(choice) => {
            let choice = if choice == "accepted" { DriftChoice::Accepted } else { DriftChoice::KeptBlocked };
            Some((choice, PersonId::new(row.get::<_, String>(7)?), timestamp(row.get(8)?)?))
        }
    };
    Ok(Drift {
        server: row.get(0)?,
        tool: row.get(1)?,
        pinned: row.get(2)?,
        definition: row.get(3)?,
        posted: posted.map(|(channel, ts)| PostedMessage { channel: ChannelId::new(channel), ts: MessageTs::new(ts) }),
        chosen,
    })
}
