//! Which Slack installation the store belongs to, as Slack told the last run.

use deskbell_domain::ids::{PersonId, WorkspaceId};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::Store;
use super::error::StoreError;
use super::rows::{from_json, to_json};
use super::writer::{Durability, WhenFull};

const NAME: &str = "slack_installation";

/// Who Deskbell is in Slack (`auth.test`, <https://docs.slack.dev/reference/methods/auth.test>).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installation {
    /// The workspace that the bot token is of.
    pub workspace: WorkspaceId,
    /// The bot's user.
    pub bot_user: PersonId,
    /// The bot itself (`B…`), where Slack named it.
    #[serde(default)]
    pub bot_id: Option<String>,
}

impl Store {
    /// The installation that [`Self::remember_installation`] was last told; `None` before the first.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn installation(&self) -> Result<Option<Installation>, StoreError> {
        self.read(|read| {
            let found: Option<Vec<u8>> = read
                .conn
                .prepare_cached("SELECT value FROM meta WHERE name = ?1")?
                .query_row([NAME], |row| row.get(0))
                .optional()?;
            found.map(|json| from_json("the Slack installation", &json)).transpose()
        })
        .await
    }

    /// Keeps the installation for the next start.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn remember_installation(&self, installation: Installation) -> Result<(), StoreError> {
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                let value = to_json("the Slack installation", &installation)?;
                write
                    .conn
                    .prepare_cached(
                        "INSERT INTO meta (name, value) VALUES (?1, ?2)
                         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    )?
                    .execute(params![NAME, value])?;
                Ok(())
            })
            .await
    }
}
