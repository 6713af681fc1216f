//! What Deskbell's store holds, read from outside while Deskbell runs.

use std::time::{Duration, Instant};

use deskbell::store::{MasterKey, Store, StoreConfig};
use deskbell_domain::ids::WorkspaceId;
use deskbell_domain::ticket::Ticket;
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::{Desk, PATIENCE};

/// How often the store is looked at: it tells nobody of its changes.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// A ticket as the store's index has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TicketRow {
    pub number: i64,
    pub status: String,
    pub squad: Option<String>,
    pub requester: String,
}

impl Desk {
    fn ledger(&self) -> Connection {
        let path = self.folder().join("deskbell.db");
        let ledger = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
        ledger.busy_timeout(Duration::from_secs(5)).unwrap();
        ledger
    }

    /// Every ticket, in order.
    pub fn tickets(&self) -> Vec<TicketRow> {
        let ledger = self.ledger();
        let mut rows = ledger.prepare("SELECT number, status, squad, requester FROM tickets ORDER BY number").unwrap();
        let tickets = rows.query_map([], |row| {
            Ok(TicketRow { number: row.get(0)?, status: row.get(1)?, squad: row.get(2)?, requester: row.get(3)? })
        });
        tickets.unwrap().map(Result::unwrap).collect()
    }

    /// What became of every event that was kept, with its key.
    pub fn outcomes(&self) -> Vec<(String, Value)> {
        let ledger = self.ledger();
        let mut rows = ledger.prepare("SELECT key, outcome FROM events WHERE outcome IS NOT NULL ORDER BY id").unwrap();
        let outcomes = rows.query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, String>(1)?)));
        outcomes
            .unwrap()
            .map(Result::unwrap)
            .map(|(key, outcome)| (key, serde_json::from_str(&outcome).unwrap()))
            .collect()
    }

    /// Jobs by id that are neither done nor a timer whose moment is still to come, and events whose interpretation is to be
    /// queued.
    pub fn unfinished(&self) -> Vec<String> {
        let now = jiff::Timestamp::now().as_microsecond();
        let ledger = self.ledger();
        let mut rows = ledger
            .prepare(
                "SELECT id FROM jobs WHERE state < 3 AND (id NOT LIKE '%/timer/%' OR run_at <= ?1)
                 UNION ALL SELECT key FROM events WHERE id > (SELECT queued_up_to FROM inbox_cursor)
                     AND outcome_name IS NULL AND sealed IS NOT NULL",
            )
            .unwrap();
        let jobs = rows.query_map([now], |row| row.get(0));
        jobs.unwrap().map(Result::unwrap).collect()
    }

    /// Jobs that were given up, with the reason.
    pub fn dead_letters(&self) -> Vec<(String, Option<String>)> {
        let ledger = self.ledger();
        let mut rows = ledger.prepare("SELECT id, last_error FROM jobs WHERE state = 4").unwrap();
        let jobs = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)));
        jobs.unwrap().map(Result::unwrap).collect()
    }

    /// Waits until everything that was said is delivered and Deskbell has nothing left to do but wait for timers;
    /// fails when it gave something up.
    pub async fn settled(&self) {
        let started = Instant::now();
        loop {
            let under_way = self.events_under_way().await;
            let unfinished = self.unfinished();
            if under_way == 0 && unfinished.is_empty() {
                break;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "never settled: {under_way} deliveries under way, jobs {unfinished:?}\n{}",
                self.log()
            );
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        assert_eq!(self.dead_letters(), Vec::new(), "dead letters");
    }

    /// Waits until a timer whose id contains this has come due and is done with.
    pub async fn until_fired(&self, timer: &str) {
        self.until_counted("SELECT count(*) FROM jobs WHERE state = 3 AND instr(id, ?1) > 0", timer).await;
    }

    /// Waits until a worker has a job whose id contains this.
    pub async fn until_leased(&self, job: &str) {
        self.until_counted("SELECT count(*) FROM jobs WHERE state = 2 AND instr(id, ?1) > 0", job).await;
    }

    /// Waits until a ticket is decided.
    pub async fn until_ticket(&self, number: i64) {
        let sql = "SELECT count(*) FROM tickets WHERE number = ?1 AND status <> 'received'";
        self.until_counted(sql, &number.to_string()).await;
        self.settled().await;
    }

    async fn until_counted(&self, sql: &str, what: &str) {
        let started = Instant::now();
        while self.ledger().query_row(sql, [what], |row| row.get::<_, i64>(0)).unwrap() == 0 {
            assert!(started.elapsed() < PATIENCE, "waited in vain: {sql}, {what}\n{}", self.log());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// Waits until everything that was said is delivered, understood or not.
    pub async fn until_delivered(&self) {
        let started = Instant::now();
        while self.events_under_way().await > 0 {
            assert!(started.elapsed() < PATIENCE, "deliveries are under way\n{}", self.log());
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    /// The ticket that a message belongs to, with its words.
    pub async fn ticket_of_message(&self, channel: &str, ts: &str) -> Option<Ticket> {
        let store = self.store();
        let workspace = WorkspaceId::new("T0NORTHWIND");
        let id = store.ticket_by_message(&workspace, &channel.into(), &ts.into()).await.unwrap()?;
        store.ticket(&workspace, id).await.unwrap().map(|found| found.ticket)
    }

    /// The store as it is, to be read while Deskbell is stopped.
    pub fn store(&self) -> Store {
        let key = MasterKey::load(&self.folder().join("deskbell.key")).unwrap();
        Store::open_read_only(&StoreConfig::new(self.folder().join("deskbell.db")), key).unwrap()
    }

    pub async fn events_under_way(&self) -> u64 {
        let url = format!("{}/sandbox/deliveries?after={}", self.sandbox.base_url(), u64::MAX / 2);
        let answer: Value = self.http.get(url).send().await.unwrap().json().await.unwrap();
        answer["under_way"].as_u64().unwrap()
    }
}
