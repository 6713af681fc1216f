//! Which Slack installation the store belongs to, as Slack told the last run.

use deskbell_domain::ids::{PersonId, WorkspaceId};
use rusqlite::{OptionalExtension, params};
use serde::{Deserialize, Serialize};

use super::Store;
use super::error::StoreError;
use super::readers::Read;
use super::rows::{from_json, to_json};
use super::trail_seal::ValueSeal;
use super::writer::{Durability, WhenFull};

const NAME: &str = "slack_installation";
/// Its code under a key derived from the master key: whoever has the file alone makes nobody else of us.
const CODE_NAME: &str = "slack_installation_mac";

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
    /// The installation that [`Self::remember_installation`] was last told; `None` before the first, and when somebody else wrote
    /// it.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn installation(&self) -> Result<Option<Installation>, StoreError> {
        self.read(|read| match found_installation(read)? {
            Some((json, true)) => from_json("the Slack installation", &json).map(Some),
            Some((_, false)) => {
                tracing::error!("the remembered Slack installation was not written by this Deskbell; Slack is asked");
                Ok(None)
            }
            None => Ok(None),
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
                let code = write.keys.value_seal().code(NAME, &value);
                let mut keep = write.conn.prepare_cached(
                    "INSERT INTO meta (name, value) VALUES (?1, ?2)
                     ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                )?;
                keep.execute(params![NAME, value])?;
                keep.execute(params![CODE_NAME, code])?;
                Ok(())
            })
            .await
    }
}

/// What is remembered, and whether it bears the code of this store's master key.
pub(super) fn found_installation(read: &Read<'_>) -> Result<Option<(Vec<u8>, bool)>, StoreError> {
    let mut statement = read.conn.prepare_cached("SELECT value FROM meta WHERE name = ?1")?;
    let mut value = |name: &str| statement.query_row([name], |row| row.get::<_, Vec<u8>>(0)).optional();
    let (found, code) = (value(NAME)?, value(CODE_NAME)?.unwrap_or_default());
    Ok(found.map(|json| {
        let is_ours = ValueSeal::new(read.master).fits(NAME, &json, &code);
        (json, is_ours)
    }))
}
