//! `deskbell audit` on the store of a desk that did some work.

use serde_json::Value;

use super::Said;
use crate::desk::{Desk, Wish};

/// A desk that took two requests, one of them confirmed, and was stopped.
async fn stopped_desk() -> Desk {
    let mut desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "A payment failed with error 402, the customer is waiting").await;
    desk.presses("U0BEN", &card, "confirm").await;
    desk.until("the issue", |state| state.issues().into_iter().next()).await;
    desk.asks("U0ANNA", "The API answers 500 to every order since the release").await;
    assert!(desk.stop().success(), "{}", desk.log());
    desk
}

fn run(desk: &Desk, arguments: &[&str]) -> Said {
    Said::of(&desk.deskbell().args(arguments).output().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn the_trail_is_verified_anchored_shown_and_replayed() {
    let desk = stopped_desk().await;
    let verified = run(&desk, &["audit", "verify"]);
    assert_eq!(verified.code, 0, "{}", verified.stderr);
    assert!(verified.stdout.starts_with("the audit trail holds: "), "{}", verified.stdout);
    for proved in ["all 2 tickets and 2 decisions are", "without the master key", "an earlier copy of the whole store"]
    {
        assert!(verified.stdout.contains(proved), "{proved}: {}", verified.stdout);
    }

    let anchor = run(&desk, &["audit", "anchor"]);
    let path = desk.folder().join("anchor.json");
    std::fs::write(&path, &anchor.stdout).unwrap();
    let anchored = run(&desk, &["audit", "verify", "--anchor", path.to_str().unwrap()]);
    assert!(anchored.stdout.contains("the anchor is part of it"), "{}", anchored.all());
    assert!(anchored.stdout.contains("nobody at all"), "{}", anchored.all());

    let shown = run(&desk, &["audit", "show", "--ticket", "DB-1"]);
    let entries: Vec<Value> = shown.stdout.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert!(entries.iter().all(|entry| entry["ticket"] == "DB-1"));
    for kind in ["ticket_received", "assessed", "decided", "answered", "action_done"] {
        assert!(entries.iter().any(|entry| entry["kind"] == kind), "{kind}: {}", shown.stdout);
    }
    let all = run(&desk, &["audit", "show"]);
    assert!(all.stdout.lines().next().unwrap().contains("policy_changed"), "{}", all.stdout);

    let replayed = run(&desk, &["audit", "replay"]);
    assert_eq!(replayed.code, 0, "{}", replayed.all());
    insta::assert_snapshot!(replayed.all(), @r"
2 decisions are the same to the byte, 0 were erased, 0 differ
exit 0
");
    insta::assert_snapshot!(run(&desk, &["audit", "dead-letters"]).all(), @r"
no dead letters
exit 0
");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_to_the_trail_or_a_decision_is_noticed() {
    let desk = stopped_desk().await;
    let anchor = run(&desk, &["audit", "anchor"]).stdout;
    std::fs::write(desk.folder().join("anchor.json"), anchor).unwrap();
    let store = rusqlite::Connection::open(desk.folder().join("deskbell.db")).unwrap();

    let alter = r#"UPDATE decisions SET decision = CAST(replace(CAST(decision AS TEXT), '"confirm"', '"auto"') AS BLOB) WHERE ticket = 1"#;
    let changed = store.execute(alter, []);
    assert_eq!(changed.unwrap(), 1);
    let replayed = run(&desk, &["audit", "replay"]);
    assert_eq!(replayed.code, 1);
    assert!(replayed.stdout.contains("DB-1 decision 1: differs from byte"), "{}", replayed.all());

    let entries: i64 = store.query_row("SELECT max(seq) FROM audit", [], |row| row.get(0)).unwrap();
    let hash: Vec<u8> =
        store.query_row("SELECT hash FROM audit WHERE seq = ?1", [entries - 1], |row| row.get(0)).unwrap();
    // A ticket put into another state behind the trail's back.
    store.execute_batch("UPDATE tickets SET status = 'closed' WHERE number = 1").unwrap();
    let said = run(&desk, &["audit", "verify"]);
    assert!(said.code == 1 && said.stderr.contains("DB-1 of T0NORTHWIND is not what"), "{}", said.all());
    // Cut off, with the remembered end put right: it bears no seal.
    store.execute_batch("DROP TRIGGER audit_no_delete; DROP TRIGGER audit_head_grows;").unwrap();
    store.execute("DELETE FROM audit WHERE seq = ?1", [entries]).unwrap();
    store.execute("UPDATE audit_head SET seq = ?1, hash = ?2", rusqlite::params![entries - 1, hash]).unwrap();
    let said = run(&desk, &["audit", "verify"]);
    assert!(said.code == 1 && said.stderr.contains("not sealed with this store's master key"), "{}", said.all());
    let said = run(&desk, &["audit", "verify", "--anchor", desk.folder().join("anchor.json").to_str().unwrap()]);
    assert!(said.code == 1 && said.stderr.contains("the trail is shorter"), "{}", said.all());

    // Altered: the chain tells.
    store
        .execute_batch("DROP TRIGGER audit_no_update; UPDATE audit SET actor = '\"deskbell\"' WHERE kind = 'answered'")
        .unwrap();
    let said = run(&desk, &["audit", "verify"]);
    assert!(said.code == 1 && said.stderr.contains("does not match its hash"), "{}", said.all());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_erased_and_the_trail_still_holds() {
    let desk = stopped_desk().await;
    let asked = run(&desk, &["audit", "erase", "U0GRACE"]);
    assert_eq!(asked.code, 2, "{}", asked.all());
    let erased = run(&desk, &["audit", "erase", "U0GRACE", "--yes"]);
    insta::assert_snapshot!(erased.all(), @r"
U0GRACE in T0NORTHWIND: 1 keys destroyed, the words of 1 tickets are gone, and theirs in 0 tickets of others. Backups of the database still hold the old keys and words: replace them.
exit 0
");
    assert_eq!(run(&desk, &["audit", "verify"]).code, 0);
    insta::assert_snapshot!(run(&desk, &["audit", "replay"]).all(), @r"
1 decisions are the same to the byte, 1 were erased, 0 differ
exit 0
");
    insta::assert_snapshot!(run(&desk, &["audit", "erase", "U0GRACE", "--yes", "--workspace", "T0"]).all(), @r"
nothing of U0GRACE is kept in T0
exit 0
");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_changes_the_store_needs_it_alone() {
    let desk = Desk::open(Wish::default()).await;
    let said = run(&desk, &["audit", "erase", "U0GRACE", "--yes"]);
    assert_eq!(said.code, 1);
    assert!(said.stderr.contains("is in use by another process"), "{}", said.stderr);
    assert_eq!(run(&desk, &["audit", "verify"]).code, 0);
    let revived = run(&desk, &["audit", "dead-letters"]);
    assert_eq!(revived.stdout, "no dead letters\n", "{}", revived.stderr);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_master_key_and_a_missing_one_are_named() {
    let desk = stopped_desk().await;
    let key = desk.folder().join("deskbell.key");
    std::fs::write(&key, "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=").unwrap();
    let said = run(&desk, &["audit", "verify"]);
    assert!(said.code == 1 && said.stderr.contains("the master key does not fit"), "{}", said.all());
    std::fs::remove_file(&key).unwrap();
    let said = run(&desk, &["audit", "verify"]);
    assert!(said.code == 2 && said.stderr.contains("is missing: restore it"), "{}", said.all());
    assert!(!key.exists(), "looking made a key");
}
