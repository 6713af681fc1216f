//! Sign-ins at the authorization servers of MCP servers: one for a server, sealed under the master key, for the tokens are the
//! installation's and no person's.

use std::fmt;

use deskbell_domain::ids::WorkspaceId;
use deskbell_domain::workflow::effect::Effect;
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use secrecy::{ExposeSecret, SecretString};

use super::error::{OpenError, StoreError};
use super::jobs::{NewJob, insert_job};
use super::master_key::MasterKey;
use super::migrate::{check, newest};
use super::open::{check_master_key, open_for_writing};
use super::rows::{signed, unsigned};
use super::writer::{Durability, WhenFull};
use super::{Store, StoreConfig};

/// A sign-in as it is kept.
#[derive(Clone)]
pub struct StoredSignIn {
    /// Another for each that was put in its place.
    pub revision: u64,
    /// What its owner wrote.
    pub value: SecretString,
}

impl fmt::Debug for StoredSignIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StoredSignIn").field("revision", &self.revision).finish_non_exhaustive()
    }
}

impl Store {
    /// The sign-in at an MCP server.
    ///
    /// # Errors
    /// When the store failed, or the sign-in was altered.
    pub async fn sign_in(&self, server: &str) -> Result<Option<StoredSignIn>, StoreError> {
        let server = server.to_owned();
        self.read(move |read| {
            let found: Option<(i64, Vec<u8>)> = read
                .conn
                .prepare_cached("SELECT revision, sealed FROM sign_ins WHERE server = ?1")?
                .query_row([&server], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((revision, sealed)) = found else { return Ok(None) };
            let value = read.master.open_sign_in(&server, &sealed)?;
            Ok(Some(StoredSignIn { revision: unsigned(revision), value }))
        })
        .await
    }

    /// Keeps a sign-in, or forgets it for `None`. With `over` only in the place of that revision: `false` when another stands
    /// there by now, or none.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn put_sign_in(
        &self,
        server: &str,
        over: Option<u64>,
        value: Option<SecretString>,
    ) -> Result<bool, StoreError> {
        let server = server.to_owned();
        let writer = self.writer()?;
        let is_forgotten = value.is_none();
        let put = writer
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                put(write.conn, write.keys.master(), &server, over, value.as_ref())
            })
            .await?;
        if is_forgotten && put {
            // The old page may still stand in the log.
            writer.fold_log().await?;
        }
        Ok(put)
    }

    /// Queues what asks people to sign in at a server, once for each sign-in that does no more.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn queue_sign_in_request(
        &self,
        workspace: &WorkspaceId,
        server: &str,
        sign_in: u64,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let workspace = workspace.clone();
        let effect = Effect::AskForSignIn { server: server.to_owned(), sign_in };
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                insert_job(write, &workspace, &NewJob { effect, ticket: None, run_at: now, serial: None })
            })
            .await
    }
}

/// The sign-ins of a store that another process writes: a person signs in while Deskbell runs. Nothing else may be written so,
/// for the other process remembers what it read.
pub struct SignInsBeside {
    conn: Connection,
    master: MasterKey,
}

impl SignInsBeside {
    /// Opens an existing store.
    ///
    /// # Errors
    /// As [`Store::open_read_only`].
    pub fn open(config: &StoreConfig, master: MasterKey) -> Result<Self, OpenError> {
        let path = config.path.as_path();
        let conn = open_for_writing(path)?;
        let found = check(&conn, path)?;
        if found < newest() {
            return Err(OpenError::Older { path: path.to_owned(), found, known: newest() });
        }
        check_master_key(&conn, path, &master)?;
        Ok(Self { conn, master })
    }

    /// Keeps a sign-in, or forgets it for `None`; whether there was something to do.
    ///
    /// # Errors
    /// When the store failed.
    pub fn put(&mut self, server: &str, value: Option<&SecretString>) -> Result<bool, StoreError> {
        let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let put = put(&transaction, &self.master, server, None, value)?;
        transaction.commit()?;
        Ok(put)
    }
}

fn put(
    conn: &Connection,
    master: &MasterKey,
    server: &str,
    over: Option<u64>,
    value: Option<&SecretString>,
) -> Result<bool, StoreError> {
    let over = over.map(signed);
    let changed = match value {
        None => conn
            .prepare_cached("DELETE FROM sign_ins WHERE server = ?1 AND (?2 IS NULL OR revision = ?2)")?
            .execute(params![server, over])?,
        Some(value) => {
            let sealed = master.seal_sign_in(server, value.expose_secret());
            match over {
                // A revision is never used twice, so that one that was forgotten is not taken for a later one.
                None => conn
                    .prepare_cached(
                        "INSERT INTO sign_ins (server, revision, sealed) VALUES (?1, abs(random() / 2), ?2)
                         ON CONFLICT (server) DO UPDATE SET revision = excluded.revision, sealed = excluded.sealed",
                    )?
                    .execute(params![server, sealed])?,
                Some(over) => conn
                    .prepare_cached(
                        "UPDATE sign_ins SET revision = abs(random() / 2), sealed = ?3 WHERE server = ?1 AND revision = ?2",
                    )?
                    .execute(params![server, over, sealed])?,
            }
        }
    };
    Ok(changed > 0)
}
