//! How far a helpdesk's changes are read: kept together with the events that they yield.

use deskbell_domain::ids::WorkspaceId;
use jiff::Timestamp;
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::Store;
use super::error::StoreError;
use super::events::{NewEvent, Recorded, record};
use super::rows::{from_json, to_json};
use super::writer::{Durability, WhenFull};

const WHAT: &str = "how far a helpdesk is read";

/// How far a helpdesk's changes are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct HelpdeskPlace {
    /// Tickets opened before are none of Deskbell's, unless it knows them already.
    pub began: Timestamp,
    /// Where the next page begins; `None` before the first.
    #[serde(default)]
    pub cursor: Option<String>,
}

impl Store {
    /// How far a helpdesk is read; `None` before the first poll.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn helpdesk_place(
        &self,
        workspace: &WorkspaceId,
        server: &str,
    ) -> Result<Option<HelpdeskPlace>, StoreError> {
        let name = name(workspace, server);
        self.read(move |read| {
            let found: Option<Vec<u8>> = read
                .conn
                .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
                .query_row([name], |row| row.get(0))
                .optional()?;
            found.map(|json| from_json(WHAT, &json)).transpose()
        })
        .await
    }

    /// Records what a page yields and where the next one begins, in one transaction; tells how many events are new.
    ///
    /// # Errors
    /// When the store failed: then neither is kept.
    pub async fn record_helpdesk_page(
        &self,
        workspace: &WorkspaceId,
        server: &str,
        place: HelpdeskPlace,
        events: Vec<NewEvent>,
    ) -> Result<usize, StoreError> {
        let name = name(workspace, server);
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                let mut new = 0;
                for event in &events {
                    new += usize::from(record(write, event)? == Recorded::New);
                }
                let value = to_json(WHAT, &place)?;
                write
                    .conn
                    .prepare_cached(
                        "INSERT INTO meta (name, value) VALUES (?1, ?2)
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    )?
                    .execute(params![name, value])?;
                Ok(new)
            })
            .await
    }
}

fn name(workspace: &WorkspaceId, server: &str) -> String {
    format!("helpdesk_place/{workspace}/{server}")
}
