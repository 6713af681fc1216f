//! Deskbell on behalf of a person who signed in once.

use deskbell::mcp_host::{DispatchError, Login, McpHost, OAuthSpec, ServerState};
use deskbell::serve::sign_in_keeper;
use deskbell::store::{MasterKey, SignInsBeside, Store, StoreConfig};
use secrecy::{ExposeSecret, SecretString};
use tempfile::TempDir;

use super::browser::led_to;
use super::guarded::Guarded;
use super::{a_person, comment, comment_at_once, host, spec, state, until};

/// A guarded server, and a store on disk.
struct Place {
    it: Guarded,
    store: Store,
    config: StoreConfig,
    _folder: TempDir,
}

impl Place {
    async fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let config = StoreConfig::new(folder.path().join("deskbell.db"));
        let store = Store::open(&config, key()).unwrap();
        Self { it: Guarded::start().await, store, config, _folder: folder }
    }

    async fn host(&self) -> McpHost {
        host(spec(&self.it, a_person()), &sign_in_keeper(self.store.clone())).await
    }

    async fn sign_in(&self) {
        let sign_in = signed_in(&self.it, a_person()).await;
        assert!(self.store.put_sign_in("guarded", None, Some(sign_in)).await.unwrap());
    }

    async fn kept(&self) -> Option<String> {
        Some(self.store.sign_in("guarded").await.unwrap()?.value.expose_secret().to_owned())
    }
}

fn key() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

async fn signed_in(it: &Guarded, oauth: OAuthSpec) -> SecretString {
    let login = Login::begin(&spec(it, oauth), &"http://127.0.0.1:9/callback".parse().unwrap()).await.unwrap();
    login.finish(&led_to(login.address()).await).await.unwrap()
}

fn needs_sign_in(host: &McpHost) -> bool {
    matches!(state(host), ServerState::SignInNeeded { reason, .. } if reason.contains("run `deskbell mcp login guarded`"))
}

#[tokio::test]
async fn a_server_waits_for_its_sign_in_and_takes_it_up() {
    let place = Place::new().await;
    let host = place.host().await;
    assert!(needs_sign_in(&host), "{:?}", state(&host));
    let waits = comment(&host).await.unwrap_err();
    assert!(
        matches!(&waits, DispatchError::NotSent { reason, .. } if reason.to_string().contains("sign-in needed")),
        "{waits:?}"
    );
    let mut beside = SignInsBeside::open(&place.config, key()).unwrap();
    beside.put("guarded", Some(&signed_in(&place.it, a_person()).await)).unwrap();
    until("ready", || state(&host) == ServerState::Ready).await;
    comment_at_once(&host, 5).await;
    let asked = place.it.asked("authorization_code").remove(0);
    assert_eq!((asked["resource"].as_str(), place.it.asked("refresh_token").len()), (place.it.url().as_str(), 0));
    beside.put("guarded", None).unwrap();
    until("signed out", || needs_sign_in(&host)).await;
    host.shutdown().await;
}

#[tokio::test]
async fn fifty_calls_with_an_expired_token_lead_to_one_renewal_that_is_kept_first() {
    let place = Place::new().await;
    place.sign_in().await;
    let host = place.host().await;
    place.it.expire_tokens();
    comment_at_once(&host, 50).await;
    let renewals = place.it.asked("refresh_token");
    assert_eq!((renewals.len(), place.it.calls()), (1, 50));
    assert_eq!(renewals[0]["resource"], place.it.url());
    let used = &renewals[0]["refresh_token"];
    let kept = place.kept().await.unwrap();
    assert!(!kept.contains(&format!("{used:?}")) && kept.contains("refresh-"), "the rotated one is kept in its place");
    host.shutdown().await;

    // A new process goes on with what was kept.
    let again = place.host().await;
    place.it.expire_tokens();
    comment(&again).await.unwrap();
    assert_eq!(place.it.asked("refresh_token").len(), 2);
    again.shutdown().await;
}

#[tokio::test]
async fn a_token_is_renewed_before_it_expires() {
    let place = Place::new().await;
    place.it.behave(|manners| manners.life = 1);
    place.sign_in().await;
    place.it.behave(|manners| manners.life = 3600);
    let host = place.host().await;
    while place.it.asked("refresh_token").is_empty() {
        comment(&host).await.unwrap();
    }
    comment(&host).await.unwrap();
    assert_eq!(place.it.asked("refresh_token").len(), 1);
    host.shutdown().await;
}

#[tokio::test]
async fn a_renewal_that_is_refused_asks_for_a_sign_in() {
    let place = Place::new().await;
    place.sign_in().await;
    let host = place.host().await;
    place.it.behave(|manners| manners.refuses_refresh = true);
    place.it.expire_tokens();
    let waits = comment(&host).await.unwrap_err();
    assert!(
        matches!(&waits, DispatchError::NotSent { reason, .. } if reason.to_string().contains("sign-in needed")),
        "{waits:?}"
    );
    until("asks for a sign-in", || needs_sign_in(&host)).await;
    assert_eq!((place.it.asked("refresh_token").len(), place.it.calls()), (1, 0));
    assert_eq!(place.kept().await, None, "what is no good any more is not kept");

    place.it.behave(|manners| manners.refuses_refresh = false);
    place.sign_in().await;
    until("ready", || state(&host) == ServerState::Ready).await;
    comment(&host).await.unwrap();
    host.shutdown().await;
}

#[tokio::test]
async fn a_sign_in_that_does_not_reach_far_enough_is_said_and_not_repeated() {
    let place = Place::new().await;
    place.it.behave(|manners| manners.scope_of_calls = Some("admin".into()));
    place.sign_in().await;
    let host = place.host().await;
    let refused = comment(&host).await.unwrap_err();
    let DispatchError::Refused { reason } = refused else { panic!("{refused:?}") };
    assert!(reason.to_string().contains("scopes of [mcp.guarded.oauth]") && !reason.to_string().contains("admin"));
    assert!(reason.for_people().contains("wants the scope \"admin\""), "{}", reason.for_people());
    assert_eq!((place.it.asked("refresh_token").len(), place.it.calls()), (0, 0));
    host.shutdown().await;
}

#[tokio::test]
async fn a_sign_in_is_for_one_address_alone() {
    let (place, other) = (Place::new().await, Guarded::start().await);
    let sign_in = signed_in(&other, a_person()).await;
    place.store.put_sign_in("guarded", None, Some(sign_in)).await.unwrap();
    let host = place.host().await;
    assert!(needs_sign_in(&host), "{:?}", state(&host));
    assert!(state(&host).reason().unwrap().contains("at another address"));
    assert_eq!(place.it.refused(), 0, "nothing was sent there");
    host.shutdown().await;
}

/// A command beside a Deskbell that runs must not take the refresh token from it.
#[tokio::test]
async fn what_is_renewed_elsewhere_is_not_renewed_here() {
    let place = Place::new().await;
    place.sign_in().await;
    let keeper = sign_in_keeper(place.store.clone()).renewed_elsewhere();
    let host = host(spec(&place.it, a_person()), &keeper).await;
    assert_eq!(state(&host), ServerState::Ready, "a token that is good is used");
    place.it.expire_tokens();
    let waits = comment(&host).await.unwrap_err();
    assert!(
        matches!(&waits, DispatchError::NotSent { reason, .. } if reason.to_string().contains("renews it")),
        "{waits:?}"
    );
    assert!(place.it.asked("refresh_token").is_empty());
    host.shutdown().await;
}
