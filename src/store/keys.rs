//! Data keys: one per person and generation, and one per workspace. Only the writer makes and destroys them, so that nothing is
//! ever sealed under a key that was destroyed; readers unwrap what they need and keep nothing.

use std::collections::HashMap;

use deskbell_domain::ids::{PersonId, WorkspaceId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::error::StoreError;
use super::master_key::MasterKey;
use super::rows::micros;
use super::seal::{DataKey, Place};
use super::trail_seal::{TrailSeal, ValueSeal};

/// How many unwrapped keys the writer remembers.
const CACHED_KEYS: usize = 4096;

/// A sealed value and the key it is sealed under, as two columns hold them.
pub(super) struct Sealed {
    pub key_id: i64,
    pub bytes: Vec<u8>,
}

/// The writer's keys.
pub(super) struct KeyRing {
    master: MasterKey,
    active: HashMap<(String, String), i64>,
    unwrapped: HashMap<i64, DataKey>,
    trail_seal: TrailSeal,
}

impl KeyRing {
    pub fn new(master: MasterKey) -> Self {
        let trail_seal = TrailSeal::new(&master);
        Self { master, active: HashMap::new(), unwrapped: HashMap::new(), trail_seal }
    }

    /// The master key, for what is nobody's own.
    pub fn master(&self) -> &MasterKey {
        &self.master
    }

    /// What seals the audit trail's end.
    pub fn trail_seal(&self) -> &TrailSeal {
        &self.trail_seal
    }

    /// What seals values that stand in the open.
    pub fn value_seal(&self) -> ValueSeal {
        ValueSeal::new(&self.master)
    }

    /// Forgets everything: after a rollback a key made in it does not exist.
    pub fn forget(&mut self) {
        self.active.clear();
        self.unwrapped.clear();
    }

    /// Seals under the person's key, or the workspace's for `None`; makes the key when there is none.
    pub fn seal(
        &mut self,
        conn: &Connection,
        workspace: &WorkspaceId,
        person: Option<&PersonId>,
        place: &Place,
        value: &[u8],
    ) -> Result<Sealed, StoreError> {
        let key_id = self.active_key(conn, workspace.as_str(), person.map_or("", PersonId::as_str))?;
        let key = self.unwrapped.get(&key_id).ok_or(StoreError::BrokenSeal { table: "data_keys" })?;
        Ok(Sealed { key_id, bytes: key.seal(place, value) })
    }

    /// Opens a value; `None` when its key was destroyed.
    pub fn open(&mut self, conn: &Connection, place: &Place, sealed: &Sealed) -> Result<Option<Vec<u8>>, StoreError> {
        if let Some(key) = self.unwrapped.get(&sealed.key_id) {
            let value = key.open(place, &sealed.bytes);
            return value.map(Some).map_err(|_| StoreError::BrokenSeal { table: place.table() });
        }
        let Some(key) = load_key(conn, &self.master, sealed.key_id)? else { return Ok(None) };
        let value = key.open(place, &sealed.bytes);
        self.remember(sealed.key_id, key);
        value.map(Some).map_err(|_| StoreError::BrokenSeal { table: place.table() })
    }

    fn active_key(&mut self, conn: &Connection, workspace: &str, person: &str) -> Result<i64, StoreError> {
        let owner = (workspace.to_owned(), person.to_owned());
        if let Some(id) = self.active.get(&owner).filter(|id| self.unwrapped.contains_key(id)) {
            return Ok(*id);
        }
        let found = conn
            .prepare_cached(
                "SELECT id, wrapped, generation FROM data_keys
                 WHERE workspace = ?1 AND person = ?2 AND destroyed_at IS NULL",
            )?
            .query_row([workspace, person], |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, Vec<u8>>(1)?, row.get::<_, i64>(2)?))
            })
            .optional()?;
        let (id, key) = match found {
            Some((id, wrapped, generation)) => {
                let key = self.master.unwrap_key(&wrapped, workspace, person, generation);
                (id, key.map_err(|_| StoreError::BrokenSeal { table: "data_keys" })?)
            }
            None => self.new_key(conn, workspace, person)?,
        };
        self.remember(id, key);
        self.active.insert(owner, id);
        Ok(id)
    }

    fn new_key(&self, conn: &Connection, workspace: &str, person: &str) -> Result<(i64, DataKey), StoreError> {
        let key = DataKey::random();
        let generation: i64 = conn
            .prepare_cached(
                "SELECT coalesce(max(generation), 0) + 1 FROM data_keys WHERE workspace = ?1 AND person = ?2",
            )?
            .query_row([workspace, person], |row| row.get(0))?;
        let wrapped = self.master.wrap(&key, workspace, person, generation);
        conn.prepare_cached(
            "INSERT INTO data_keys (workspace, person, generation, wrapped, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        )?
        .execute(params![workspace, person, generation, wrapped, micros(Timestamp::now())])?;
        Ok((conn.last_insert_rowid(), key))
    }

    fn remember(&mut self, id: i64, key: DataKey) {
        if self.unwrapped.len() >= CACHED_KEYS {
            self.forget();
        }
        self.unwrapped.insert(id, key);
    }
}

/// What a sealed column holds for a reader.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Opened {
    /// The value.
    Value(Vec<u8>),
    /// The column is empty: nothing was kept.
    Nothing,
    /// Its key was destroyed.
    Erased,
}

impl Opened {
    /// The value, if there is one.
    pub fn into_value(self) -> Option<Vec<u8>> {
        match self {
            Self::Value(value) => Some(value),
            Self::Nothing | Self::Erased => None,
        }
    }
}

/// Reads a sealed column on a reader's connection.
pub(super) fn open_sealed(
    conn: &Connection,
    master: &MasterKey,
    place: &Place,
    sealed: Option<Sealed>,
) -> Result<Opened, StoreError> {
    let Some(sealed) = sealed else { return Ok(Opened::Nothing) };
    let Some(key) = load_key(conn, master, sealed.key_id)? else { return Ok(Opened::Erased) };
    key.open(place, &sealed.bytes).map(Opened::Value).map_err(|_| StoreError::BrokenSeal { table: place.table() })
}

/// The two columns `key_id` and `sealed` of a row.
pub(super) fn sealed_columns(row: &Row<'_>, key_id: &str, sealed: &str) -> rusqlite::Result<Option<Sealed>> {
    let id: Option<i64> = row.get(key_id)?;
    let bytes: Option<Vec<u8>> = row.get(sealed)?;
    Ok(id.zip(bytes).map(|(key_id, bytes)| Sealed { key_id, bytes }))
}

/// `None` when the key was destroyed.
fn load_key(conn: &Connection, master: &MasterKey, id: i64) -> Result<Option<DataKey>, StoreError> {
    conn.prepare_cached("SELECT wrapped, workspace, person, generation FROM data_keys WHERE id = ?1")?
        .query_row([id], |row| {
            let wrapped: Option<Vec<u8>> = row.get(0)?;
            Ok((wrapped, row.get::<_, String>(1)?, row.get::<_, String>(2)?, row.get::<_, i64>(3)?))
        })
        .optional()?
        .and_then(|(wrapped, workspace, person, generation)| {
            wrapped.map(|wrapped| master.unwrap_key(&wrapped, &workspace, &person, generation))
        })
        .transpose()
        .map_err(|_| StoreError::BrokenSeal { table: "data_keys" })
}
