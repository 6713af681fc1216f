//! Versions of the local model, as recipes; which one is pinned; and what somebody asks of it on the command line while another
//! process serves.

use std::collections::BTreeMap;

use deskbell_domain::assessment::Confidence;
use deskbell_domain::audit::AuditEntry;
use deskbell_domain::ids::{CategoryId, PolicyHash, WorkspaceId};
use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};
use serde::{Deserialize, Serialize};

use super::audit::append;
use super::error::{OpenError, StoreError};
use super::master_key::MasterKey;
use super::migrate::{check, newest};
use super::open::{check_master_key, open_for_writing};
use super::rows::{from_json, limit, micros, signed, timestamp, to_json_text, unsigned};
use super::writer::{Durability, WhenFull};
use super::{Store, StoreConfig};

/// Versions that are kept; a pinned one stays beyond.
const VERSIONS_KEPT: i64 = 200;

/// What a version learned from, and how well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AboutVersion {
    /// Labels by people that taught it.
    pub labels: usize,
    /// Examples in all, the policy's and the file's included.
    pub examples: usize,
    /// With the sentence encoder, or by words alone.
    pub encoder: bool,
    /// Answers about examples that it had not seen; 0 where there were too few to hold any out.
    pub held_out: usize,
    /// The share of them that was right.
    pub accuracy: Option<f64>,
    /// How far its confidence and the truth lay apart.
    pub ece: Option<f64>,
    /// The share that it would have answered while 95 % of those were right.
    pub coverage_at_95: Option<f64>,
    /// How long training took, in seconds.
    pub seconds: f64,
    /// Why nothing was learned, where the keywords speak alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub without_model: Option<String>,
}

/// A version that was trained.
#[derive(Debug, Clone, PartialEq)]
pub struct ModelVersion {
    /// Counts from 1.
    pub number: u64,
    /// When.
    pub made_at: Timestamp,
    /// The last answer that it knew.
    pub last_label: u64,
    /// The policy whose examples it learned.
    pub policy: PolicyHash,
    /// How well.
    pub about: AboutVersion,
}

/// Confidences from which on categories are carried out by themselves.
pub type AutoFrom = BTreeMap<CategoryId, Confidence>;

/// What holds of the model beside its versions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelStanding {
    /// The version that a person went back to.
    pub pinned: Option<u64>,
    /// The thresholds when they moved last.
    pub auto_from: AutoFrom,
}

/// What somebody asks on the command line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum ModelRequest {
    /// Learn from all there is, and go on learning.
    Train,
    /// Go back to a version, and stay there.
    Pin {
        /// Which.
        version: u64,
    },
    /// Nothing: what people asked was written out, which the trail shall tell.
    Exported {
        /// How many labels.
        labels: usize,
    },
}

/// A request with its number.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueuedModelRequest {
    /// Counts from 1.
    pub id: u64,
    /// What is asked.
    pub request: ModelRequest,
}

impl Store {
    /// The versions, newest first.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn model_versions(
        &self,
        workspace: &WorkspaceId,
        at_most: usize,
    ) -> Result<Vec<ModelVersion>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let mut statement = read.conn.prepare_cached(
                "SELECT number, made_at, last_label, policy, about FROM model_versions WHERE workspace = ?1
                 ORDER BY number DESC LIMIT ?2",
            )?;
            let mut rows = statement.query(params![workspace.as_str(), limit(at_most)])?;
            let mut versions = Vec::new();
            while let Some(row) = rows.next()? {
                versions.push(ModelVersion {
                    number: unsigned(row.get(0)?),
                    made_at: timestamp(row.get(1)?)?,
                    last_label: unsigned(row.get(2)?),
                    policy: PolicyHash::new(row.get::<_, String>(3)?),
                    about: from_json("a version of the model", row.get::<_, String>(4)?.as_bytes())?,
                });
            }
            Ok(versions)
        })
        .await
    }

    /// Keeps a version under the next number, which is the answer; `audit` makes its entry.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn keep_model_version(
        &self,
        workspace: &WorkspaceId,
        version: ModelVersion,
        audit: impl FnOnce(u64) -> AuditEntry + Send + 'static,
    ) -> Result<u64, StoreError> {
        let workspace = workspace.clone();
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                let number: i64 = write
                    .conn
                    .prepare_cached(
                        "INSERT INTO model_versions (workspace, number, made_at, last_label, policy, about)
                         SELECT ?1, coalesce(max(number), 0) + 1, ?2, ?3, ?4, ?5 FROM model_versions WHERE workspace = ?1
                         RETURNING number",
                    )?
                    .query_row(
                        params![
                            workspace.as_str(),
                            micros(version.made_at),
                            signed(version.last_label),
                            version.policy.as_str(),
                            to_json_text("a version of the model", &version.about)?,
                        ],
                        |row| row.get(0),
                    )?;
                write.conn.execute(
                    "DELETE FROM model_versions WHERE workspace = ?1 AND number <= ?2
                     AND number NOT IN (SELECT pinned FROM model_standing WHERE workspace = ?1 AND pinned IS NOT NULL)",
                    params![workspace.as_str(), number.saturating_sub(VERSIONS_KEPT)],
                )?;
                append(write, &audit(unsigned(number)), None)?;
                Ok(unsigned(number))
            })
            .await
    }

    /// Which version is pinned, and where thresholds stand.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn model_standing(&self, workspace: &WorkspaceId) -> Result<ModelStanding, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let found: Option<(Option<i64>, String)> = read
                .conn
                .prepare_cached("SELECT pinned, auto_from FROM model_standing WHERE workspace = ?1")?
                .query_row([workspace.as_str()], |row| Ok((row.get(0)?, row.get(1)?)))
                .optional()?;
            let Some((pinned, auto_from)) = found else { return Ok(ModelStanding::default()) };
            let auto_from = from_json("the thresholds", auto_from.as_bytes())?;
            Ok(ModelStanding { pinned: pinned.map(unsigned), auto_from })
        })
        .await
    }

    /// Keeps what holds from now on, with its entries on the trail, and removes the request that asked for it.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn keep_model_standing(
        &self,
        workspace: &WorkspaceId,
        standing: ModelStanding,
        audit: Vec<AuditEntry>,
        done: Option<u64>,
    ) -> Result<(), StoreError> {
        let workspace = workspace.clone();
        self.writer()?
            .run(Durability::Synced, WhenFull::Wait, move |write| {
                write
                    .conn
                    .prepare_cached(
                        "INSERT INTO model_standing (workspace, pinned, auto_from) VALUES (?1, ?2, ?3)
                         ON CONFLICT (workspace) DO UPDATE SET pinned = excluded.pinned, auto_from = excluded.auto_from",
                    )?
                    .execute(params![
                        workspace.as_str(),
                        standing.pinned.map(signed),
                        to_json_text("the thresholds", &standing.auto_from)?
                    ])?;
                if let Some(request) = done {
                    write
                        .conn
                        .prepare_cached("DELETE FROM model_requests WHERE id = ?1")?
                        .execute([signed(request)])?;
                }
                audit.iter().try_for_each(|entry| append(write, entry, None))
            })
            .await
    }

    /// What is asked of the model, in order.
    ///
    /// # Errors
    /// When the store failed.
    pub async fn model_requests(&self, workspace: &WorkspaceId) -> Result<Vec<QueuedModelRequest>, StoreError> {
        let workspace = workspace.clone();
        self.read(move |read| {
            let mut statement = read
                .conn
                .prepare_cached("SELECT id, request FROM model_requests WHERE workspace = ?1 ORDER BY id LIMIT 100")?;
            let mut rows = statement.query([workspace.as_str()])?;
            let mut requests = Vec::new();
            while let Some(row) = rows.next()? {
                let request = from_json("a request about the model", row.get::<_, String>(1)?.as_bytes())?;
                requests.push(QueuedModelRequest { id: unsigned(row.get(0)?), request });
            }
            Ok(requests)
        })
        .await
    }
}

/// The requests about the model of a store that another process writes.
pub struct ModelRequestsBeside {
    conn: Connection,
}

impl ModelRequestsBeside {
    /// Opens an existing store.
    ///
    /// # Errors
    /// As [`Store::open_read_only`].
    pub fn open(config: &StoreConfig, master: &MasterKey) -> Result<Self, OpenError> {
        let path = config.path.as_path();
        let conn = open_for_writing(path)?;
        let found = check(&conn, path)?;
        if found < newest() {
            return Err(OpenError::Older { path: path.to_owned(), found, known: newest() });
        }
        check_master_key(&conn, path, master)?;
        Ok(Self { conn })
    }

    /// Queues a request for whoever serves; the answer is its number.
    ///
    /// # Errors
    /// When the store failed.
    pub fn ask(&mut self, workspace: &WorkspaceId, request: &ModelRequest, now: Timestamp) -> Result<u64, StoreError> {
        let transaction = self.conn.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute(
            "INSERT INTO model_requests (workspace, asked_at, request) VALUES (?1, ?2, ?3)",
            params![workspace.as_str(), micros(now), to_json_text("a request about the model", request)?],
        )?;
        let id = unsigned(transaction.last_insert_rowid());
        transaction.commit()?;
        Ok(id)
    }
}
