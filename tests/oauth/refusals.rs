//! Authorization servers that are none to deal with, and browsers that somebody led astray.

use deskbell::mcp_host::{Grant, Login, LoginError, ServerState, SignInKeeper};
use url::Url;

use super::browser::led_to;
use super::guarded::{Guarded, Manners};
use super::{a_person, host, itself, spec, state};

/// What makes a well-behaved server another.
type Fault = fn(&mut Manners);

fn redirect() -> Url {
    "http://127.0.0.1:9/callback".parse().unwrap()
}

#[tokio::test]
async fn a_server_whose_metadata_can_t_be_relied_on_is_not_dealt_with() {
    let faults: [(&str, Fault); 6] = [
        ("PKCE", |manners| manners.pkce = serde_json::json!(["plain"])),
        ("PKCE", |manners| manners.pkce = serde_json::Value::Null),
        ("issuer mismatch", |manners| manners.issuer = Some("https://elsewhere.example".into())),
        ("resource mismatch", |manners| manners.resource = Some("https://elsewhere.example/mcp".into())),
        ("not https", |manners| manners.token_endpoint = Some("http://elsewhere.example/token".into())),
        ("not https", |manners| manners.authorization_server = Some("http://elsewhere.example".into())),
    ];
    for (words, fault) in faults {
        let it = Guarded::start().await;
        it.behave(fault);
        let refused = Login::begin(&spec(&it, a_person()), &redirect()).await.unwrap_err().for_people();
        assert!(refused.contains(words), "{words}: {refused}");
    }
}

#[tokio::test]
async fn only_the_issuer_that_is_named_is_trusted() {
    let it = Guarded::start().await;
    let mut oauth = itself();
    oauth.issuer = Some("https://login.example".parse().unwrap());
    let stranger = host(spec(&it, oauth.clone()), &SignInKeeper::nowhere()).await;
    assert!(state(&stranger).reason().unwrap().contains("issuer says"), "{:?}", state(&stranger));
    assert!(it.asked("client_credentials").is_empty(), "no secret went there");
    stranger.shutdown().await;
    oauth.issuer = Some(it.base().parse().unwrap());
    let friend = host(spec(&it, oauth), &SignInKeeper::nowhere()).await;
    assert_eq!(state(&friend), ServerState::Ready);
    friend.shutdown().await;
}

#[tokio::test]
async fn a_browser_from_elsewhere_brings_nothing() {
    let it = Guarded::start().await;
    let login = Login::begin(&spec(&it, a_person()), &redirect()).await.unwrap();
    let forged: Url = "http://127.0.0.1:9/callback?code=code-1&state=forged".parse().unwrap();
    assert!(matches!(login.finish(&forged).await, Err(LoginError::OtherState)));

    it.behave(|manners| manners.iss = Some("https://elsewhere.example".into()));
    let mixed_up = login.finish(&led_to(login.address()).await).await.unwrap_err();
    assert!(mixed_up.to_string().contains("led the browser astray"), "{mixed_up}");
    assert!(it.asked("authorization_code").is_empty(), "the code was shown to nobody");

    it.behave(|manners| (manners.iss, manners.denies) = (None, true));
    let denied = login.finish(&led_to(login.address()).await).await.unwrap_err();
    assert!(matches!(&denied, LoginError::Refused(words) if words == "access_denied"), "{denied}");
}

#[tokio::test]
async fn a_client_that_may_not_register_is_told_how_to() {
    let it = Guarded::start().await;
    it.behave(|manners| manners.registers = false);
    let refused = Login::begin(&spec(&it, a_person()), &redirect()).await.unwrap_err().for_people();
    assert!(refused.contains("register Deskbell there") && refused.contains("127.0.0.1:9/callback"), "{refused}");
    let mut oauth = a_person();
    oauth.grant = Grant::AuthorizationCode {
        client_id: Some("desk".into()),
        client_secret: Some("a-secret-of-the-desk".into()),
        client_metadata_url: None,
        redirect_port: None,
    };
    let login = Login::begin(&spec(&it, oauth), &redirect()).await.unwrap();
    login.finish(&led_to(login.address()).await).await.unwrap();
}
