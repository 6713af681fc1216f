//! What is true of the `SQLite` file: who may open it, what stands in it, what tampering leaves behind.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use deskbell::store::{
    AuditFault, Commit, KeyError, LeaseError, MasterKey, OpenError, Recorded, SignInsBeside, Store, StoreConfig,
    StoreError, TicketFault, VerifyError,
};
use deskbell_domain::ids::{EventKey, JobId, TicketId};
use deskbell_domain::ticket::Actor;
use futures_util::FutureExt;
use rusqlite::Connection;
use secrecy::ExposeSecret;

use super::audit::fault;
use super::fixture::{
    Fixture, SECRET, at, claim, event, finish, job, master_key, person, put, queue, record, record_waiting, ticket,
    workspace, write_entries,
};

#[tokio::test]
async fn keeps_everything_over_a_restart() {
    let fixture = Fixture::new();
    record(&fixture.store, "Ev1").await;
    put(&fixture.store, ticket(1, "U1"), 0).await;
    write_entries(&fixture.store, 3).await;
    queue(&fixture.store, vec![job(1, 5, None)]).await;
    let leased = claim(&fixture.store, 5, 10).await;
    let fixture = fixture.reopen();
    let store = &fixture.store;
    assert_eq!(store.record_event(event("Ev1")).await.unwrap(), Recorded::Duplicate);
    let stored = store.event(&workspace(), &EventKey::new("Ev1")).await.unwrap().unwrap();
    assert_eq!(stored.raw.as_deref(), Some(SECRET.as_bytes()));
    let found = store.ticket(&workspace(), TicketId::new(1)).await.unwrap().unwrap();
    assert_eq!(found.ticket, ticket(1, "U1"));
    assert_eq!(store.verify_audit(None).await.unwrap().entries, 4);
    assert_eq!(leased.len(), 2);
    for job in &leased {
        finish(store, job).await;
    }
}

#[tokio::test]
async fn finishes_what_was_queued_when_it_shuts_down() {
    let fixture = Fixture::new();
    let store = fixture.store.clone();
    let waiting = tokio::spawn(async move { store.record_event(event("Ev1")).await });
    tokio::task::yield_now().await;
    fixture.store.shutdown().await;
    assert_eq!(waiting.await.unwrap().unwrap(), Recorded::New);
    assert!(matches!(fixture.store.record_event(event("Ev2")).await, Err(StoreError::Stopped)));
    assert!(matches!(fixture.store.anchor().await, Err(StoreError::Stopped)));
    let wal = fixture.config.path.with_extension("db-wal");
    assert!(fs::metadata(wal).map_or(0, |wal| wal.len()) == 0, "the log was folded in");
    let fixture = fixture.reopen();
    assert_eq!(fixture.store.record_event(event("Ev1")).await.unwrap(), Recorded::Duplicate);
}

#[tokio::test]
async fn is_healthy() {
    Fixture::new().store.health().await.unwrap();
}

#[tokio::test]
async fn writes_no_words_in_the_clear() {
    let fixture = Fixture::new();
    record(&fixture.store, "Ev1").await;
    put(&fixture.store, ticket(1, "U1"), 0).await;
    write_entries(&fixture.store, 2).await;
    for suffix in ["db", "db-wal"] {
        let bytes = fs::read(fixture.config.path.with_extension(suffix)).unwrap();
        let found = bytes.windows(SECRET.len()).any(|window| window == SECRET.as_bytes());
        assert!(!found, "{suffix}");
    }
}

/// Also an old copy of the page with the wrapped key is gone, in the file and in its log.
#[tokio::test]
async fn leaves_no_trace_of_a_destroyed_key() {
    let fixture = Fixture::new();
    put(&fixture.store, ticket(1, "U1"), 0).await;
    let wrapped: Vec<u8> = Connection::open(&fixture.config.path)
        .unwrap()
        .query_row("SELECT wrapped FROM data_keys WHERE person = 'U1'", [], |row| row.get(0))
        .unwrap();
    fixture.store.erase_person(&workspace(), &person("U1"), &Actor::Deskbell, at(9)).await.unwrap();
    for suffix in ["db", "db-wal"] {
        let bytes = fs::read(fixture.config.path.with_extension(suffix)).unwrap();
        assert!(!bytes.windows(wrapped.len()).any(|window| window == wrapped), "{suffix}");
    }
}

fn open_error(config: &StoreConfig, key: MasterKey) -> OpenError {
    match Store::open(config, key) {
        Err(error) => {
            assert!(error.to_string().contains(&config.path.display().to_string()), "{error}");
            error
        }
        Ok(_) => panic!("it opened"),
    }
}

#[tokio::test]
async fn refuses_to_open_what_it_must_not_and_says_why() {
    let Fixture { store, config, folder } = Fixture::new();
    assert!(matches!(open_error(&config, master_key()), OpenError::InUse { .. }));
    drop(store);
    let other = MasterKey::from_bytes([8; 32]);
    assert!(matches!(open_error(&config, other.clone()), OpenError::WrongMasterKey { .. }));
    assert!(matches!(Store::open_read_only(&config, other), Err(OpenError::WrongMasterKey { .. })));

    Connection::open(&config.path).unwrap().pragma_update(None, "user_version", 99).unwrap();
    assert!(matches!(open_error(&config, master_key()), OpenError::Newer { found: 99, .. }));

    let folder = folder.path();
    let text = StoreConfig::new(folder.join("notes.txt"));
    fs::write(&text.path, "not a database at all, but long enough to be mistaken for one".repeat(20)).unwrap();
    assert!(matches!(open_error(&text, master_key()), OpenError::NotAStore { .. }));
    let foreign = StoreConfig::new(folder.join("foreign.db"));
    Connection::open(&foreign.path).unwrap().execute_batch("CREATE TABLE songs (name)").unwrap();
    assert!(matches!(open_error(&foreign, master_key()), OpenError::NotAStore { .. }));
    let nowhere = StoreConfig::new(folder.join("missing/deskbell.db"));
    assert!(matches!(open_error(&nowhere, master_key()), OpenError::NotWritable { .. }));
    assert!(matches!(Store::open_read_only(&nowhere, master_key()), Err(OpenError::NotWritable { .. })));
}

#[tokio::test]
async fn may_be_read_beside_the_writer() {
    let fixture = Fixture::new();
    let reader = Store::open_read_only(&fixture.config, master_key()).unwrap();
    write_entries(&fixture.store, 2).await;
    assert_eq!(reader.verify_audit(None).await.unwrap().entries, 2);
    assert!(matches!(reader.record_event(event("Ev1")).await, Err(StoreError::ReadOnly)));
    let renewed = reader.renew(&JobId::new("x"), 1, at(0)).await;
    assert!(matches!(renewed, Err(LeaseError::Store(StoreError::ReadOnly))));
}

#[tokio::test]
async fn a_sign_in_may_be_put_beside_the_writer_and_is_sealed() {
    let fixture = Fixture::new();
    let path = &fixture.config.path;
    let mut beside = SignInsBeside::open(&fixture.config, master_key()).unwrap();
    assert!(beside.put("rovo", Some(&"a refresh token".to_owned().into())).unwrap());
    write_entries(&fixture.store, 2).await;
    let found = fixture.store.sign_in("rovo").await.unwrap().unwrap();
    assert_eq!(found.value.expose_secret(), "a refresh token");
    for file in [path.clone(), path.with_extension("db-wal")] {
        let bytes = fs::read(file).unwrap_or_default();
        assert!(!bytes.windows(15).any(|window| window == b"a refresh token"));
    }
    Connection::open(path).unwrap().execute_batch("UPDATE sign_ins SET server = 'jira'").unwrap();
    assert!(
        matches!(fixture.store.sign_in("jira").await, Err(StoreError::BrokenSeal { .. })),
        "it is bound to its server"
    );
    assert!(beside.put("jira", None).unwrap());
    assert!(fixture.store.sign_in("jira").await.unwrap().is_none());
    let other = MasterKey::from_bytes([9; 32]);
    assert!(matches!(SignInsBeside::open(&fixture.config, other), Err(OpenError::WrongMasterKey { .. })));
}

#[test]
fn makes_the_master_key_once_and_for_its_owner_only() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("master.key");
    assert!(matches!(MasterKey::load(&path), Err(KeyError::Missing { .. })));
    MasterKey::load_or_create(&path).unwrap();
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let text = fs::read_to_string(&path).unwrap();
    MasterKey::load_or_create(&path).unwrap();
    assert_eq!(fs::read_to_string(&path).unwrap(), text);
    MasterKey::load(&path).unwrap();
    fs::write(&path, "gone").unwrap();
    assert!(matches!(MasterKey::load_or_create(&path), Err(KeyError::MalformedFile { .. })));
}

#[tokio::test]
async fn refuses_events_when_overloaded_and_lets_clicks_wait() {
    let fixture = Fixture::with(|config| config.queue_length = 2);
    let holder = Connection::open(&fixture.config.path).unwrap();
    holder.execute_batch("BEGIN IMMEDIATE").unwrap();
    // One command is in the writer's hands, waiting for the file; two fill the queue.
    let mut waiting = Vec::new();
    let refused = loop {
        let store = fixture.store.clone();
        let key = format!("Ev{}", waiting.len());
        let mut recording = Box::pin(async move { store.record_event(event(&key)).await });
        match (&mut recording).now_or_never() {
            Some(answer) => break answer,
            None => waiting.push(recording),
        }
    };
    assert!(matches!(refused, Err(StoreError::Overloaded)));
    assert!((2..=3).contains(&waiting.len()), "{}", waiting.len());
    let store = fixture.store.clone();
    let mut click = Box::pin(async move { record_waiting(&store, event("Click")).await });
    assert!((&mut click).now_or_never().is_none());
    holder.execute_batch("ROLLBACK").unwrap();
    for recording in waiting {
        assert_eq!(recording.await.unwrap(), Recorded::New);
    }
    assert_eq!(click.await, Recorded::New);
}

#[tokio::test]
async fn refuses_to_change_the_trail() {
    let fixture = Fixture::new();
    write_entries(&fixture.store, 3).await;
    let conn = Connection::open(&fixture.config.path).unwrap();
    for sql in [
        "UPDATE audit SET kind = 'closed' WHERE seq = 2",
        "DELETE FROM audit WHERE seq = 3",
        "UPDATE audit_head SET seq = 2",
        "DELETE FROM audit_head",
        "REPLACE INTO audit SELECT seq, workspace, at, 'closed', actor, ticket, subject, key_id, sealed, hash FROM audit WHERE seq = 2",
        "REPLACE INTO audit_head (id, seq, hash) VALUES (1, 0, zeroblob(32))",
    ] {
        assert!(conn.execute_batch(sql).is_err(), "{sql}");
    }
    assert_eq!(fixture.store.verify_audit(None).await.unwrap().entries, 3);
}

/// Runs `sql` on a trail of six entries whose guards were taken away; tells what verifying says, with the anchor of entry 6.
async fn tampered(sql: &str) -> [(u64, AuditFault); 2] {
    let fixture = Fixture::new();
    write_entries(&fixture.store, 6).await;
    let anchor = fixture.store.anchor().await.unwrap();
    let conn = Connection::open(&fixture.config.path).unwrap();
    conn.execute_batch(
        "DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; DROP TRIGGER audit_head_grows;
         DROP TRIGGER audit_head_no_delete; DROP TRIGGER audit_only_grows; PRAGMA foreign_keys = OFF;",
    )
    .unwrap();
    conn.execute_batch(sql).unwrap();
    [fault(&fixture.store, None).await, fault(&fixture.store, Some(&anchor)).await]
}

#[tokio::test]
async fn finds_every_altered_column() {
    for change in [
        "workspace = 'T2'",
        "at = at + 1",
        "kind = 'closed'",
        "actor = '\"deskbell\"'",
        "ticket = 99",
        "ticket = NULL",
        "subject = NULL",
        "subject = 'U2'",
        "key_id = key_id + 1",
        "sealed = zeroblob(40)",
        "sealed = CAST(substr(sealed, 1, length(sealed) - 1) || x'00' AS BLOB)",
        "state = zeroblob(32)",
        "hash = zeroblob(32)",
    ] {
        let sql = format!("UPDATE audit SET {change} WHERE seq = 4");
        assert_eq!(tampered(&sql).await, [(4, AuditFault::Altered); 2], "{change}");
    }
}

#[tokio::test]
async fn finds_what_is_missing_swapped_or_cut_off() {
    assert_eq!(tampered("DELETE FROM audit WHERE seq = 4").await, [(4, AuditFault::Missing); 2]);
    let renumbered = "DELETE FROM audit WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 5; UPDATE audit SET seq = 5 WHERE seq = 6";
    assert_eq!(tampered(renumbered).await, [(4, AuditFault::Altered); 2]);
    let swapped = "UPDATE audit SET seq = 0 WHERE seq = 3; UPDATE audit SET seq = 3 WHERE seq = 4; UPDATE audit SET seq = 4 WHERE seq = 0";
    assert_eq!(tampered(swapped).await[0], (3, AuditFault::Altered));
    assert_eq!(
        tampered("DELETE FROM audit WHERE seq = 6").await,
        [(6, AuditFault::HeadDiffers), (6, AuditFault::ShorterThanAnchor)]
    );
}

/// The head after three entries, and what puts the trail back to there.
const CUT_AFTER_3: &str = "DROP TRIGGER IF EXISTS audit_no_delete; DROP TRIGGER IF EXISTS audit_head_grows;
    DELETE FROM audit WHERE seq > 3; UPDATE audit_head SET seq = 3, hash = (SELECT hash FROM audit WHERE seq = 3)";

/// Whoever has the file without the master key can cut the trail and correct its head, but not seal it; and nothing that is
/// written later heals it.
#[tokio::test]
async fn a_cut_end_bears_no_seal() {
    let fixture = Fixture::new();
    write_entries(&fixture.store, 6).await;
    let anchor = fixture.store.anchor().await.unwrap();
    let conn = Connection::open(&fixture.config.path).unwrap();
    for mac in ["mac", "NULL", "zeroblob(32)"] {
        conn.execute_batch(&format!("{CUT_AFTER_3}, mac = {mac}")).unwrap();
        assert_eq!(fault(&fixture.store, None).await, (3, AuditFault::HeadNotSealed), "{mac}");
    }
    assert_eq!(fault(&fixture.store, Some(&anchor)).await, (6, AuditFault::ShorterThanAnchor));
    write_entries(&fixture.store, 5).await;
    assert_eq!(fault(&fixture.store, None).await, (8, AuditFault::HeadNotSealed));
    assert_eq!(fault(&fixture.store, Some(&anchor)).await, (6, AuditFault::AnchorDiffers));
}

/// What puts the guards that [`CUT_AFTER_3`] takes away there again.
fn guards(conn: &Connection) -> String {
    let mut found =
        conn.prepare("SELECT sql FROM sqlite_schema WHERE name IN ('audit_no_delete', 'audit_head_grows')").unwrap();
    let guards: Vec<String> = found.query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap();
    guards.join(";\n")
}

/// An earlier copy bears its own seal: that it was put back only an anchor from outside tells.
#[tokio::test]
async fn an_anchor_finds_what_the_file_hides() {
    let fixture = Fixture::new();
    write_entries(&fixture.store, 3).await;
    let conn = Connection::open(&fixture.config.path).unwrap();
    let mac: Vec<u8> = conn.query_row("SELECT mac FROM audit_head", [], |row| row.get(0)).unwrap();
    write_entries(&fixture.store, 3).await;
    let anchor = fixture.store.anchor().await.unwrap();
    let guards = guards(&conn);
    conn.execute_batch(CUT_AFTER_3).unwrap();
    conn.execute("UPDATE audit_head SET mac = ?1", [mac]).unwrap();
    conn.execute_batch(&guards).unwrap();
    assert_eq!(fixture.store.verify_audit(None).await.unwrap().entries, 3);
    assert_eq!(fault(&fixture.store, Some(&anchor)).await, (6, AuditFault::ShorterThanAnchor));
    write_entries(&fixture.store, 5).await;
    assert_eq!(fixture.store.verify_audit(None).await.unwrap().entries, 8);
    assert_eq!(fault(&fixture.store, Some(&anchor)).await, (6, AuditFault::AnchorDiffers));
}

async fn ticket_fault(store: &Store) -> (u64, TicketFault) {
    match store.verify_audit(None).await {
        Err(VerifyError::Ticket(differs)) => (differs.ticket.number(), differs.fault),
        other => panic!("{other:?}"),
    }
}

/// Each change of a ticket is named by the trail: the row that stands there is the one that its last entry names.
#[tokio::test]
async fn finds_every_altered_ticket() {
    let fixture = Fixture::new();
    let store = &fixture.store;
    put(store, ticket(1, "U1"), 0).await;
    put(store, ticket(2, "U1"), 0).await;
    put(store, ticket(2, "U1"), 1).await;
    assert_eq!(store.verify_audit(None).await.unwrap().tickets, 2);
    let conn = Connection::open(&fixture.config.path).unwrap();
    conn.execute_batch("CREATE TEMP TABLE kept AS SELECT * FROM tickets").unwrap();
    for change in [
        "version = 1",
        "status = 'closed'",
        "is_open = 0",
        "squad = 'vips'",
        "queue = 'vips'",
        "requester = 'U2'",
        "join_channel = NULL",
        "last_message_at = 0",
        "document = replace(document, 'C1', 'C2')",
        "key_id = NULL",
        "sealed = NULL",
        "sealed = zeroblob(99)",
    ] {
        conn.execute_batch(&format!("UPDATE tickets SET {change} WHERE number = 2")).unwrap();
        assert_eq!(ticket_fault(store).await, (2, TicketFault::Differs { entry: 3 }), "{change}");
        conn.execute_batch("DELETE FROM tickets; INSERT INTO tickets SELECT * FROM kept").unwrap();
        store.verify_audit(None).await.unwrap();
    }
    conn.execute_batch("DELETE FROM tickets WHERE number = 1").unwrap();
    assert_eq!(ticket_fault(store).await, (1, TicketFault::Gone { entry: 1 }));
    conn.execute_batch("INSERT INTO tickets SELECT * FROM kept WHERE number = 1; UPDATE kept SET id = 9, number = 7 WHERE number = 1; INSERT INTO tickets SELECT * FROM kept WHERE number = 7").unwrap();
    assert_eq!(ticket_fault(store).await, (7, TicketFault::Unknown));
}

#[tokio::test]
async fn finds_a_ticket_that_was_put_back_to_what_it_was() {
    let fixture = Fixture::new();
    put(&fixture.store, ticket(1, "U1"), 0).await;
    let conn = Connection::open(&fixture.config.path).unwrap();
    conn.execute_batch("CREATE TEMP TABLE kept AS SELECT * FROM tickets").unwrap();
    put(&fixture.store, ticket(1, "U1"), 1).await;
    conn.execute_batch("DELETE FROM tickets; INSERT INTO tickets SELECT * FROM kept").unwrap();
    assert_eq!(ticket_fault(&fixture.store).await, (1, TicketFault::Differs { entry: 2 }));
}

/// Whoever opens the store holds its lock: no worker of before is left, and no clock of before counts.
#[tokio::test]
async fn what_a_clock_that_was_ahead_left_behind_is_taken_up_at_once() {
    let fixture = Fixture::new();
    queue(&fixture.store, vec![job(1, 0, None)]).await;
    let later = 60 * 60 * 24 * 3;
    assert_eq!(claim(&fixture.store, later, 10).await.len(), 1);
    let Fixture { store, config, folder } = fixture;
    drop(store);
    let store = Store::open(&config, master_key()).unwrap();
    let again = claim(&store, 1, 10).await;
    assert_eq!(again.iter().map(|job| job.crashes).collect::<Vec<_>>(), [1]);
    drop((store, folder));
}

/// Beside somebody who reads, the destroyed key can't be taken out of the log.
#[tokio::test]
async fn erasing_says_when_the_key_still_stands_in_the_log() {
    let fixture = Fixture::new();
    put(&fixture.store, ticket(1, "U1"), 0).await;
    let reader = Connection::open(&fixture.config.path).unwrap();
    reader.execute_batch("BEGIN; SELECT count(*) FROM tickets").unwrap();
    let (home, whom) = (workspace(), person("U1"));
    let erase = || fixture.store.erase_person(&home, &whom, &Actor::Deskbell, at(1));
    let erased = erase().await.unwrap();
    assert_eq!((erased.keys, erased.log_emptied), (1, false));
    reader.execute_batch("COMMIT").unwrap();
    let again = erase().await.unwrap();
    assert_eq!((again.keys, again.log_emptied), (0, true));
}

/// A trail that somebody rewrote is not sealed because its store says that it was never sealed.
#[tokio::test]
async fn a_store_that_pretends_to_be_older_is_refused() {
    let fixture = Fixture::new();
    write_entries(&fixture.store, 3).await;
    let Fixture { store, config, folder } = fixture;
    drop(store);
    let conn = Connection::open(&config.path).unwrap();
    let newest: i64 = conn.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    conn.execute_batch("DROP TRIGGER audit_head_grows; UPDATE audit_head SET mac = NULL; PRAGMA user_version = 0")
        .unwrap();
    drop(conn);
    assert!(matches!(Store::open_read_only(&config, master_key()), Err(OpenError::Older { found: 0, .. })));
    assert!(Store::open(&config, master_key()).is_err());
    let conn = Connection::open(&config.path).unwrap();
    conn.pragma_update(None, "user_version", newest).unwrap();
    drop(conn);
    assert!(matches!(open_error(&config, master_key()), OpenError::ForeignObject { .. }));
    let store = Store::open_read_only(&config, master_key()).unwrap();
    assert!(matches!(store.verify_audit(None).await, Err(VerifyError::Broken(_))), "the end is not sealed");
    drop((store, folder));
}

#[tokio::test]
async fn a_value_moved_to_another_row_does_not_open() {
    let fixture = Fixture::new();
    put(&fixture.store, ticket(1, "U1"), 0).await;
    put(&fixture.store, ticket(2, "U1"), 0).await;
    let conn = Connection::open(&fixture.config.path).unwrap();
    conn.execute_batch("UPDATE tickets SET sealed = (SELECT sealed FROM tickets WHERE number = 2) WHERE number = 1")
        .unwrap();
    let moved = fixture.store.ticket(&workspace(), TicketId::new(1)).await;
    assert!(matches!(moved, Err(StoreError::BrokenSeal { table: "tickets" })));
    assert!(fixture.store.ticket(&workspace(), TicketId::new(2)).await.is_ok());
}

#[tokio::test]
async fn a_job_that_can_t_be_read_wedges_nobody() {
    let fixture = Fixture::new();
    queue(&fixture.store, vec![job(1, 0, Some("s")), job(2, 1, Some("s"))]).await;
    let conn = Connection::open(&fixture.config.path).unwrap();
    conn.execute_batch("UPDATE jobs SET sealed = zeroblob(60) WHERE seq = 1").unwrap();
    assert!(claim(&fixture.store, 5, 10).await.is_empty());
    assert_eq!(super::fixture::numbers(&claim(&fixture.store, 5, 10).await), [2]);
    // Listing them names the fault instead of hiding it.
    assert!(matches!(fixture.store.dead_letters(10).await, Err(StoreError::BrokenSeal { table: "jobs" })));
}

/// Every query the hot paths make walks an index: none reads a table through or sorts it.
#[tokio::test]
async fn hot_queries_use_their_indexes() {
    let fixture = Fixture::new();
    fixture.store.commit(Commit::new(workspace())).await.unwrap();
    let conn = Connection::open(&fixture.config.path).unwrap();
    for sql in [
        "SELECT seq, id FROM jobs WHERE state = 1 AND lane = 'a' AND run_at <= 1 ORDER BY run_at, seq LIMIT 1",
        "SELECT seq FROM jobs WHERE state = 2 AND lease_until <= 1 ORDER BY lease_until LIMIT 1",
        "SELECT seq, state FROM jobs WHERE workspace = 'a' AND serial = 'b' AND serial IS NOT NULL AND state IN (1, 2)",
        "SELECT seq FROM jobs WHERE workspace = 'a' AND serial = 'b' AND serial IS NOT NULL AND state < 2
         ORDER BY order_at, seq LIMIT 1",
        "SELECT min(run_at) FROM jobs WHERE state = 1 AND lane = 'a'",
        "SELECT number FROM tickets WHERE workspace = 'a' AND requester = 'b' AND join_channel = 'c' AND last_message_at >= 1
         AND join_channel IS NOT NULL AND is_open = 1
         ORDER BY last_message_at DESC, number DESC LIMIT 1",
        "SELECT count(*) FROM events WHERE outcome_name IS NULL AND sealed IS NOT NULL",
    ] {
        let plan: Vec<String> = conn
            .prepare(&format!("EXPLAIN QUERY PLAN {sql}"))
            .unwrap()
            .query_map([], |row| row.get(3))
            .unwrap()
            .collect::<Result<_, _>>()
            .unwrap();
        let plan = plan.join("; ");
        assert!(plan.contains("USING INDEX") || plan.contains("USING COVERING INDEX"), "{sql}: {plan}");
        assert!(!plan.contains("FOR ORDER BY") && !plan.contains("FOR GROUP BY"), "{sql}: {plan}");
    }
}
