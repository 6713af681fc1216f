//! Tickets by the issues that were made for them.

use deskbell_domain::ids::{TicketId, WorkspaceId};
use rusqlite::{OptionalExtension, params};

use super::Store;
use super::error::StoreError;
use super::rows::{limit, unsigned};

impl Store {
    /// The newest ticket whose issue, story or case has this key.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn ticket_by_issue(&self, workspace: &WorkspaceId, key: &str) -> Result<Option<TicketId>, StoreError> {
        let (workspace, key) = (workspace.clone(), key.to_owned());
        self.read(move |read| {
            let number: Option<i64> = read
                .conn
                .prepare_cached(
                    "SELECT number FROM tickets
                     WHERE workspace = ?1 AND json_extract(document, '$.external.key') = ?2
                     ORDER BY number DESC LIMIT 1",
                )?
                .query_row(params![workspace.as_str(), key], |row| row.get(0))
                .optional()?;
            Ok(number.map(|number| TicketId::new(unsigned(number))))
        })
        .await
    }

    /// The keys of open tickets' issues in a system, the newest tickets first, at most `at_most`.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn open_issue_keys(
        &self,
        workspace: &WorkspaceId,
        system: &str,
        at_most: usize,
    ) -> Result<Vec<String>, StoreError> {
        let (workspace, system) = (workspace.clone(), system.to_owned());
        self.read(move |read| {
            let mut statement = read.conn.prepare_cached(
                "SELECT json_extract(document, '$.external.key') FROM tickets
                 WHERE workspace = ?1 AND is_open = 1 AND json_extract(document, '$.external.system') = ?2
                 ORDER BY number DESC LIMIT ?3",
            )?;
            let keys = statement.query_map(params![workspace.as_str(), system, limit(at_most)], |row| row.get(0))?;
            Ok(keys.collect::<rusqlite::Result<_>>()?)
        })
        .await
    }
}
