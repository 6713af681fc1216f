//! What somebody with the file and without the master key changes is found and named: beside the trail and the tickets also
//! decisions, keys, pinned tools, policies, who we are, and what the database itself would do.

use deskbell::store::{Commit, Installation, OpenError, SeenTool, Standing, Store, TicketWrite, VerifyError};
use deskbell_domain::ids::PolicyHash;
use deskbell_domain::ticket::Actor;
use deskbell_domain::workflow::DecisionRecord;
use rusqlite::Connection;
use sha2::{Digest, Sha256};

use super::fixture::{Fixture, at, master_key, person, put, ticket, workspace};
use super::labels::{all, given, teach};
use super::tickets::{decision, inputs};

const DEFINITION: &str = r#"{"name":"create_issue"}"#;

fn hash_of(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// A store with something of everything; the person `U2` was erased.
async fn furnished() -> Fixture {
    let fixture = Fixture::new();
    let store = &fixture.store;
    for ordinal in 1..=2 {
        let record = DecisionRecord { inputs: inputs(), decision: decision(ordinal) };
        let ticket = Some(TicketWrite::new(ticket(1, "U1"), u64::from(ordinal) - 1));
        store.commit(Commit { ticket, decision: Some(record), ..Commit::new(workspace()) }).await.unwrap();
    }
    put(store, ticket(2, "U2"), 0).await;
    store.erase_person(&workspace(), &person("U2"), &Actor::Deskbell, at(9)).await.unwrap();
    let seen = SeenTool {
        server: "jira".to_owned(),
        tool: "create_issue".to_owned(),
        fingerprint: hash_of(DEFINITION),
        definition: DEFINITION.to_owned(),
    };
    assert_eq!(store.tool_standing(&workspace(), seen).await.unwrap(), Standing::Pinned);
    store.save_policy(&PolicyHash::new(hash_of("[squads]")), "[squads]", at(0)).await.unwrap();
    store
        .remember_installation(Installation { workspace: workspace(), bot_user: person("U0BOT"), bot_id: None })
        .await
        .unwrap();
    fixture
}

async fn fault(store: &Store) -> String {
    match store.verify_audit(None).await {
        Err(VerifyError::Store(error)) => panic!("{error}"),
        Err(error) => error.to_string(),
        Ok(report) => panic!("nothing was found: {report:?}"),
    }
}

/// Labels teach the model and move what is carried out without asking: one that somebody else altered counts for nothing.
#[tokio::test]
async fn labels_of_somebody_else_s_making_are_left_out() {
    let fixture = Fixture::new();
    for number in 1..=3 {
        teach(&fixture.store, given(number, "U1", "a")).await;
    }
    let conn = Connection::open(&fixture.config.path).unwrap();
    for forged in [
        "UPDATE labels SET facts = replace(facts, '\"category\":\"a\"', '\"category\":\"b\"') WHERE ticket = 1",
        "UPDATE labels SET ticket = 9 WHERE ticket = 2",
    ] {
        assert_eq!(conn.execute(forged, []).unwrap(), 1);
    }
    let left: Vec<u64> = all(&fixture.store, None).await.iter().map(|stored| stored.label.ticket.number()).collect();
    assert_eq!(left, [3]);
}

#[tokio::test]
async fn what_deskbell_wrote_holds_and_is_counted() {
    let fixture = furnished().await.reopen();
    let report = fixture.store.verify_audit(None).await.unwrap();
    // The workspace's key and those of U1.
    assert_eq!((report.tickets, report.decisions, report.keys, report.tools, report.policies), (2, 2, 2, 1, 1));
    assert_eq!(fixture.store.installation().await.unwrap().unwrap().workspace, workspace());
}

#[tokio::test]
async fn every_forgery_is_found_and_named() {
    let other = format!("UPDATE tool_pins SET fingerprint = '{}', definition = '{{}}'", hash_of("{}"));
    for (forged, named) in [
        (
            "UPDATE decisions SET decision = CAST(replace(decision, 'payments', 'platform') AS BLOB) WHERE ordinal = 1",
            "DB-1 of T1",
        ),
        ("UPDATE decisions SET policy = 'other' WHERE ordinal = 2", "DB-1 of T1"),
        ("UPDATE decisions SET sealed = x'' WHERE ordinal = 1", "DB-1 of T1"),
        ("DELETE FROM decisions WHERE ordinal = 2", "DB-1 of T1"),
        ("UPDATE decisions SET ticket = 99 WHERE ordinal = 2", "DB-1 of T1"),
        (
            "INSERT INTO decisions (workspace, ticket, ordinal, at, policy, decision, key_id, sealed)
             SELECT workspace, 99, ordinal, at, policy, decision, key_id, sealed FROM decisions",
            "DB-99 of T1",
        ),
        // As true as 1 where it is read, and no longer found where open tickets are counted.
        ("UPDATE tickets SET is_open = 2 WHERE number = 1", "DB-1 of T1"),
        (&other, "jira's tool \"create_issue\" in T1 is not the definition"),
        ("UPDATE tool_pins SET definition = '{\"name\":\"make\"}'", "is not the definition"),
        ("DELETE FROM tool_pins", "is gone though the trail tells of it"),
        ("INSERT INTO tool_pins SELECT workspace, 'evil', tool, fingerprint, definition FROM tool_pins", "evil's tool"),
        ("UPDATE policies SET source = '[squads.evil]'", "is another text than its hash says"),
        (
            "UPDATE meta SET value = CAST(replace(value, 'T1', 'T9') AS BLOB) WHERE name = 'slack_installation'",
            "Slack installation",
        ),
        ("DELETE FROM meta WHERE name = 'slack_installation_mac'", "Slack installation"),
        ("UPDATE data_keys SET wrapped = NULL, destroyed_at = 1 WHERE person = 'U1'", "the keys of U1 of T1"),
        ("UPDATE data_keys SET wrapped = NULL, destroyed_at = 1 WHERE person = ''", "the workspace T1"),
        ("UPDATE data_keys SET person = 'U9' WHERE person = 'U2'", "the keys of U"),
        ("UPDATE data_keys SET wrapped = zeroblob(72) WHERE person = 'U1'", "was altered"),
        ("DELETE FROM data_keys WHERE person = 'U1'", "under which rows of `tickets` are sealed, is gone"),
        ("CREATE TRIGGER spy AFTER INSERT ON events BEGIN SELECT 1; END", "trigger spy"),
        ("CREATE VIEW spy AS SELECT * FROM jobs", "view spy"),
        ("DROP TRIGGER audit_no_update", "trigger audit_no_update"),
        ("DROP INDEX jobs_turn", "index jobs_turn"),
    ] {
        let fixture = furnished().await;
        let conn = Connection::open(&fixture.config.path).unwrap();
        conn.execute_batch(&format!("PRAGMA foreign_keys = OFF; {forged}")).unwrap();
        let found = fault(&fixture.store).await;
        assert!(found.contains(named), "{forged}: {found}");
    }
}

/// A trigger would act on the first thing that is written: the store does not come so far.
#[tokio::test]
async fn a_store_with_a_program_of_somebody_elses_is_not_opened() {
    let Fixture { store, config, folder } = furnished().await;
    drop(store);
    let conn = Connection::open(&config.path).unwrap();
    let planted = "CREATE TRIGGER spy AFTER UPDATE ON jobs BEGIN DELETE FROM events; END";
    conn.execute_batch(planted).unwrap();
    match Store::open(&config, master_key()) {
        Err(OpenError::ForeignObject { object, .. }) => assert_eq!(object, "trigger spy"),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it opened"),
    }
    conn.execute_batch("DROP TRIGGER spy").unwrap();
    drop(conn);
    drop((Store::open(&config, master_key()).unwrap(), folder));
}

/// Whoever has the file alone makes nobody else of us: Slack is asked.
#[tokio::test]
async fn a_forged_installation_is_not_believed() {
    let fixture = furnished().await;
    let conn = Connection::open(&fixture.config.path).unwrap();
    conn.execute_batch(
        "UPDATE meta SET value = CAST(replace(value, 'T1', 'T9') AS BLOB) WHERE name = 'slack_installation'",
    )
    .unwrap();
    assert_eq!(fixture.store.installation().await.unwrap(), None);
}
