//! The audit trail holds, and an anchor proves it later.

use deskbell::store::{Anchor, AuditFault, AuditFilter, Store, VerifyError};
use deskbell_domain::audit::AuditKind;
use deskbell_domain::ids::TicketId;

use super::fixture::{SECRET, write_entries};

pub async fn fault(store: &Store, anchor: Option<&Anchor>) -> (u64, AuditFault) {
    match store.verify_audit(anchor).await {
        Err(VerifyError::Broken(broken)) => (broken.seq, broken.fault),
        other => panic!("{other:?}"),
    }
}

pub async fn an_empty_trail_holds(store: &Store) {
    let report = store.verify_audit(None).await.unwrap();
    assert_eq!((report.entries, report.head.seq), (0, 0));
    assert_eq!(report.head, store.anchor().await.unwrap());
    assert_eq!(store.verify_audit(Some(&report.head)).await.unwrap(), report);
}

pub async fn a_trail_holds_and_lists(store: &Store) {
    write_entries(store, 5).await;
    let report = store.verify_audit(None).await.unwrap();
    assert_eq!((report.entries, report.head.seq, report.head.hash.len()), (5, 5, 64));
    let all = store.audit_entries(AuditFilter::default(), 0, 10).await.unwrap();
    assert_eq!(all.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [1, 2, 3, 4, 5]);
    assert_eq!(all[4].hash, report.head.hash);
    assert_eq!(all[1].detail, Some(serde_json::json!({ "said": SECRET })));
    let one = AuditFilter { ticket: Some(TicketId::new(3)), ..AuditFilter::default() };
    assert_eq!(store.audit_entries(one, 0, 10).await.unwrap()[0].seq, 3);
    let none = AuditFilter { kinds: vec![AuditKind::Closed], ..AuditFilter::default() };
    assert!(store.audit_entries(none, 0, 10).await.unwrap().is_empty());
    assert_eq!(store.audit_entries(AuditFilter::default(), 3, 1).await.unwrap()[0].seq, 4);
}

pub async fn an_older_anchor_still_holds(store: &Store) {
    write_entries(store, 3).await;
    let text = serde_json::to_string(&store.anchor().await.unwrap()).unwrap();
    write_entries(store, 3).await;
    let anchor: Anchor = serde_json::from_str(&text).unwrap();
    assert_eq!(anchor.seq, 3);
    assert_eq!(store.verify_audit(Some(&anchor)).await.unwrap().entries, 6);
}

pub async fn another_trail_s_anchor_does_not(store: &Store) {
    write_entries(store, 3).await;
    let anchor = store.anchor().await.unwrap();
    let rewritten = Anchor { hash: "00".repeat(32), ..anchor.clone() };
    assert_eq!(fault(store, Some(&rewritten)).await, (3, AuditFault::AnchorDiffers));
    let ahead = Anchor { seq: 9, ..anchor };
    assert_eq!(fault(store, Some(&ahead)).await, (9, AuditFault::ShorterThanAnchor));
}
