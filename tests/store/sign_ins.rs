//! Sign-ins at MCP servers.

use deskbell::store::Store;
use secrecy::{ExposeSecret, SecretString};

async fn kept(store: &Store, server: &str) -> Option<(u64, String)> {
    let found = store.sign_in(server).await.unwrap()?;
    Some((found.revision, found.value.expose_secret().to_owned()))
}

fn value(text: &str) -> SecretString {
    text.to_owned().into()
}

pub async fn keeps_one_sign_in_for_a_server(store: &Store) {
    assert_eq!(kept(store, "rovo").await, None);
    assert!(store.put_sign_in("rovo", None, Some(value("first"))).await.unwrap());
    assert!(store.put_sign_in("salesforce", None, Some(value("other"))).await.unwrap());
    assert!(store.put_sign_in("rovo", None, Some(value("second"))).await.unwrap());
    assert_eq!(kept(store, "rovo").await.unwrap().1, "second");
    assert_eq!(kept(store, "salesforce").await.unwrap().1, "other");
    assert!(store.put_sign_in("rovo", None, None).await.unwrap());
    assert!(!store.put_sign_in("rovo", None, None).await.unwrap(), "there is none any more");
    assert_eq!(kept(store, "rovo").await, None);
    let shown = format!("{:?}", store.sign_in("salesforce").await.unwrap());
    assert!(!shown.contains("other"), "{shown}");
}

pub async fn puts_nothing_over_a_newer_sign_in(store: &Store) {
    store.put_sign_in("rovo", None, Some(value("first"))).await.unwrap();
    let (first, _) = kept(store, "rovo").await.unwrap();
    assert!(store.put_sign_in("rovo", Some(first), Some(value("renewed"))).await.unwrap());
    let (renewed, _) = kept(store, "rovo").await.unwrap();
    assert_ne!(first, renewed);
    assert!(!store.put_sign_in("rovo", Some(first), Some(value("late"))).await.unwrap());
    assert!(!store.put_sign_in("rovo", Some(first), None).await.unwrap());
    assert_eq!(kept(store, "rovo").await, Some((renewed, "renewed".to_owned())));
    assert!(store.put_sign_in("rovo", Some(renewed), None).await.unwrap());
    assert!(
        !store.put_sign_in("rovo", Some(renewed), Some(value("late"))).await.unwrap(),
        "what was forgotten stays so"
    );
    assert_eq!(kept(store, "rovo").await, None);
}
