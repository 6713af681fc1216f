//! What verifying looks at beside the trail and the tickets: the keys, the pinned tools, the policies, who we are in Slack, and
//! whether the database does anything that Deskbell did not write into it.

use std::collections::{BTreeMap, BTreeSet};

use deskbell_domain::audit::AuditKind;
use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use super::audit::{StoredAuditEntry, each_entry};
use super::error::{StoreFault, ToolFault, VerifyError};
use super::installation::found_installation;
use super::migrate::foreign_object;
use super::readers::Read;
use super::rows::unsigned;

/// How much of each was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Beside {
    pub keys: u64,
    pub tools: u64,
    pub policies: u64,
}

pub(super) fn verify(read: &Read<'_>) -> Result<Beside, VerifyError> {
    let keys = verify_keys(read)?;
    let tools = verify_tools(read)?;
    let policies = verify_policies(read.conn)?;
    if found_installation(read)?.is_some_and(|(_, is_ours)| !is_ours) {
        return Err(StoreFault::Installation.into());
    }
    match foreign_object(read.conn)? {
        Some(object) => Err(StoreFault::Schema { object }.into()),
        None => Ok(Beside { keys, tools, policies }),
    }
}

/// The tables whose rows are sealed, and the columns that name the keys.
const SEALED: [(&str, &str); 8] = [
    ("audit", "key_id"),
    ("tickets", "key_id"),
    ("decisions", "key_id"),
    ("events", "key_id"),
    ("jobs", "key_id"),
    ("questions", "key_id"),
    ("questions", "answer_key_id"),
    ("labels", "key_id"),
];

/// A key is gone where an erasure tells of it, and nowhere else.
fn verify_keys(read: &Read<'_>) -> Result<u64, VerifyError> {
    for (table, column) in SEALED {
        let gone: Option<i64> = read
            .conn
            .prepare(&format!(
                "SELECT {column} FROM {table} WHERE {column} IS NOT NULL AND {column} NOT IN (SELECT id FROM data_keys) LIMIT 1"
            ))?
            .query_row([], |row| row.get(0))
            .optional()?;
        if let Some(key) = gone {
            return Err(StoreFault::KeyGone { key: unsigned(key), table }.into());
        }
    }
    let mut destroyed: BTreeMap<(String, String), u64> = BTreeMap::new();
    let mut keys = 0;
    let mut statement = read.conn.prepare("SELECT id, workspace, person, generation, wrapped FROM data_keys")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (id, workspace, person, generation): (i64, String, String, i64) =
            (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        match row.get::<_, Option<Vec<u8>>>(4)? {
            Some(wrapped) if read.master.unwrap_key(&wrapped, &workspace, &person, generation).is_err() => {
                return Err(StoreFault::KeyAltered { key: unsigned(id) }.into());
            }
            Some(_) => keys += 1,
            None => *destroyed.entry((workspace, person)).or_default() += 1,
        }
    }
    // The entries that tell of erasures are sealed under the workspaces' keys, which nobody erases.
    if let Some(((workspace, _), _)) = destroyed.iter().find(|((_, person), _)| person.is_empty()) {
        return Err(StoreFault::KeyDestroyed { whose: format!("the workspace {workspace}") }.into());
    }
    let mut told: BTreeMap<(String, String), u64> = BTreeMap::new();
    each_entry(read, AuditKind::Access, |entry| {
        let erased =
            entry.detail.as_ref().and_then(|detail| Some((detail.get("erased")?.as_str()?, detail.get("keys")?)));
        if let Some((person, keys)) = erased {
            *told.entry((entry.workspace.to_string(), person.to_owned())).or_default() += keys.as_u64().unwrap_or(0);
        }
    })?;
    told.retain(|_, keys| *keys > 0);
    let differs = |owner: &&(String, String)| destroyed.get(*owner) != told.get(*owner);
    match destroyed.keys().chain(told.keys()).find(differs) {
        Some((workspace, person)) => Err(StoreFault::KeyDestroyed { whose: format!("{person} of {workspace}") }.into()),
        None => Ok(keys),
    }
}

/// Workspace, server and tool.
type Tool = (String, String, String);

/// The pins are what the trail says that they became.
fn verify_tools(read: &Read<'_>) -> Result<u64, VerifyError> {
    let mut expected: BTreeMap<Tool, String> = BTreeMap::new();
    each_entry(read, AuditKind::ToolTrust, |entry| {
        if let Some((tool, fingerprint)) = pinned_by(entry) {
            expected.insert(tool, fingerprint);
        }
    })?;
    let mut seen: BTreeSet<Tool> = BTreeSet::new();
    let mut statement = read.conn.prepare("SELECT workspace, server, tool, fingerprint, definition FROM tool_pins")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let tool: Tool = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (fingerprint, definition): (String, String) = (row.get(3)?, row.get(4)?);
        let is_its_hash = hex::encode(Sha256::digest(definition.as_bytes())) == fingerprint;
        let fault = match expected.get(&tool) {
            Some(expected) if *expected == fingerprint && is_its_hash => None,
            Some(_) => Some(ToolFault::Differs),
            None => Some(ToolFault::Unknown),
        };
        if let Some(fault) = fault {
            return Err(tool_fault(&tool, fault));
        }
        seen.insert(tool);
    }
    match expected.keys().find(|tool| !seen.contains(*tool)) {
        Some(tool) => Err(tool_fault(tool, ToolFault::Gone)),
        None => Ok(seen.len() as u64),
    }
}

fn tool_fault((workspace, server, tool): &Tool, fault: ToolFault) -> VerifyError {
    StoreFault::Tool { workspace: workspace.clone(), server: server.clone(), tool: tool.clone(), fault }.into()
}

/// The definition that an entry says is trusted from then on.
fn pinned_by(entry: &StoredAuditEntry) -> Option<(Tool, String)> {
    let detail = entry.detail.as_ref()?;
    let text = |name: &str| detail.get(name).and_then(|value| value.as_str()).map(str::to_owned);
    let is_pin = matches!(text("what")?.as_str(), "pinned" | "accepted");
    let tool = (entry.workspace.to_string(), text("server")?, text("tool")?);
    is_pin.then_some((tool, text("fingerprint")?))
}

/// A policy's name is the hash of its text.
fn verify_policies(conn: &Connection) -> Result<u64, VerifyError> {
    let mut statement = conn.prepare("SELECT hash, source FROM policies")?;
    let mut rows = statement.query([])?;
    let mut policies = 0;
    while let Some(row) = rows.next()? {
        let (hash, source): (String, String) = (row.get(0)?, row.get(1)?);
        if hex::encode(Sha256::digest(source.as_bytes())) != hash {
            return Err(StoreFault::Policy { hash }.into());
        }
        policies += 1;
    }
    Ok(policies)
}
