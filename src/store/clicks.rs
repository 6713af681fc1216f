//! Clicks that allow an action which belongs to no ticket, each with its entry on the trail and the job that carries it out.

use deskbell_domain::action::Action;
use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{PersonId, WorkspaceId};
use deskbell_domain::knowledge::{Click, StoredClick};
use deskbell_domain::ticket::Actor;
use deskbell_domain::workflow::effect::Effect;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde_json::json;

use super::Store;
use super::audit::append;
use super::error::StoreError;
use super::jobs::{NewJob, insert_job};
use super::keys::{open_sealed, sealed_columns};
use super::rows::{from_json, micros, signed, to_json, unsigned};
use super::seal::Place;
use super::writer::{Durability, WhenFull, Write};

const WHAT: &str = "a click's action";

/// A click to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewClick {
    /// Whose workspace.
    pub workspace: WorkspaceId,
    /// The click itself: kept once.
    pub cause: String,
    /// Who clicked.
    pub by: PersonId,
    /// Whose words the action holds: their key seals it.
    pub about: PersonId,
    /// What that allows: one of [`Action::OF_CLICKS`].
    pub action: Action,
    /// When.
    pub at: Timestamp,
}

impl Store {
    /// Keeps a click, once, and queues the job that carries out what it allows.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn keep_click(&self, click: NewClick) -> Result<(), StoreError> {
        self.writer()?.run(Durability::Synced, WhenFull::Wait, move |write| keep_click(write, &click)).await
    }

    /// A click as the proof that it was kept: what an approved action without a ticket is rebuilt from. `None` when its words were
    /// erased, it is done, or there is none.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn stored_click(&self, workspace: &WorkspaceId, id: u64) -> Result<Option<StoredClick>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let mut statement = read
                .conn
                .prepare_cached("SELECT * FROM clicks WHERE workspace = ?1 AND id = ?2 AND done_at IS NULL")?;
            let mut rows = statement.query(params![workspace.as_str(), signed(id)])?;
            let Some(row) = rows.next()? else { return Ok(None) };
            let sealed = sealed_columns(row, "key_id", "sealed")?;
            let opened = open_sealed(read.conn, read.master, &place(workspace.as_str(), signed(id)), sealed)?;
            let Some(json) = opened.into_value() else { return Ok(None) };
            let by = Actor::Person(PersonId::new(row.get::<_, String>("clicked_by")?));
            let action: Action = from_json(WHAT, &json)?;
            Ok(Some(StoredClick::read_back(Click { number: id, by, action })))
        })
        .await
    }

    /// Keeps that a click's action is carried out.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn click_done(&self, workspace: &WorkspaceId, id: u64, at: Timestamp) -> Result<(), StoreError> {
        let workspace = workspace.clone();
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                write
                    .conn
                    .prepare_cached("UPDATE clicks SET done_at = ?3 WHERE workspace = ?1 AND id = ?2")?
                    .execute(params![workspace.as_str(), signed(id), micros(at)])?;
                Ok(())
            })
            .await
    }
}

fn place(workspace: &str, id: i64) -> Place {
    Place::new("clicks", &[workspace, &id.to_string()])
}

/// Within a transaction that does more.
pub(super) fn keep_click(write: &mut Write<'_>, click: &NewClick) -> Result<(), StoreError> {
    let NewClick { workspace, cause, by, about, action, at } = click;
    let id: Option<i64> = write
        .conn
        .prepare_cached(
            "INSERT INTO clicks (workspace, cause, clicked_by, clicked_at) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (workspace, cause) DO NOTHING RETURNING id",
        )?
        .query_row(params![workspace.as_str(), cause, by.as_str(), micros(*at)], |row| row.get(0))
        .optional()?;
    let Some(id) = id else { return Ok(()) };
    let place = place(workspace.as_str(), id);
    let sealed = write.keys.seal(write.conn, workspace, Some(about), &place, &to_json(WHAT, action)?)?;
    write.conn.prepare_cached("UPDATE clicks SET key_id = ?2, sealed = ?3 WHERE id = ?1")?.execute(params![
        id,
        sealed.key_id,
        sealed.bytes
    ])?;
    let entry = AuditEntry {
        workspace: workspace.clone(),
        ticket: None,
        at: *at,
        actor: Actor::Person(by.clone()),
        kind: AuditKind::Approved,
        subject: Some(by.clone()),
        detail: json!({ "click": id, "action": action.name() }),
    };
    append(write, &entry, None)?;
    let effect = Effect::CarryOut { click: unsigned(id) };
    insert_job(write, workspace, &NewJob { effect, ticket: None, run_at: *at, serial: None })
}
