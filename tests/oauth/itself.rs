//! Deskbell in its own name: client credentials.

use deskbell::mcp_host::{DispatchError, ServerState, SignInKeeper};

use super::guarded::Guarded;
use super::{comment, comment_at_once, host, itself, spec, state};

#[tokio::test]
async fn a_token_is_had_once_and_goes_with_every_request() {
    let it = Guarded::start().await;
    let host = host(spec(&it, itself()), &SignInKeeper::nowhere()).await;
    assert_eq!(state(&host), ServerState::Ready);
    comment_at_once(&host, 50).await;
    let asked = it.asked("client_credentials");
    assert_eq!(asked.len(), 1);
    assert_eq!((asked[0]["resource"].as_str(), asked[0]["scope"].as_str()), (it.url().as_str(), "read"));
    assert_eq!((it.calls(), it.refused()), (50, 1), "only who asked for the way was refused");
    host.shutdown().await;
}

#[tokio::test]
async fn fifty_calls_with_a_token_that_is_refused_lead_to_one_new_one() {
    let it = Guarded::start().await;
    let host = host(spec(&it, itself()), &SignInKeeper::nowhere()).await;
    it.expire_tokens();
    comment_at_once(&host, 50).await;
    assert_eq!((it.asked("client_credentials").len(), it.calls()), (2, 50));
    host.shutdown().await;
}

#[tokio::test]
async fn a_scope_that_a_call_wants_is_asked_for_once() {
    let it = Guarded::start().await;
    it.behave(|manners| manners.scope_of_calls = Some("write".into()));
    let host = host(spec(&it, itself()), &SignInKeeper::nowhere()).await;
    comment(&host).await.unwrap();
    let asked = it.asked("client_credentials");
    assert_eq!(asked.iter().map(|asked| asked["scope"].as_str()).collect::<Vec<_>>(), ["read", "read write"]);
    comment(&host).await.unwrap();
    assert_eq!(it.asked("client_credentials").len(), 2);
    host.shutdown().await;
}

#[tokio::test]
async fn a_scope_that_is_not_granted_ends_the_call_and_not_the_server() {
    let it = Guarded::start().await;
    let of_calls = |scope: Option<&str>| it.behave(|manners| manners.scope_of_calls = scope.map(str::to_owned));
    it.behave(|manners| manners.scope_not_granted = Some("write".into()));
    of_calls(Some("write"));
    let host = host(spec(&it, itself()), &SignInKeeper::nowhere()).await;
    let refused = comment(&host).await.unwrap_err();
    assert!(matches!(&refused, DispatchError::Refused { .. }), "{refused:?}");
    of_calls(None);
    comment(&host).await.unwrap();
    assert_eq!(it.asked("client_credentials").len(), 2, "the old token still serves");
    it.expire_tokens();
    comment(&host).await.unwrap();
    let asked = it.asked("client_credentials");
    assert_eq!(asked.last().unwrap()["scope"], "read", "what is not granted is not asked for again");
    // Nor is a list without end.
    let many: Vec<String> = (0..51).map(|number| format!("scope-{number}")).collect();
    of_calls(Some(&many.join(" ")));
    assert!(matches!(comment(&host).await, Err(DispatchError::Refused { .. })));
    assert_eq!(it.asked("client_credentials").len(), 3);
    host.shutdown().await;
}

/// Whoever gives tokens that the server does not take is not asked for more and more of them.
#[tokio::test]
async fn a_new_token_that_is_refused_too_ends_it() {
    let it = Guarded::start().await;
    let host = host(spec(&it, itself()), &SignInKeeper::nowhere()).await;
    it.expire_tokens();
    it.behave(|manners| manners.wrong_audience = true);
    let refused = comment(&host).await.unwrap_err();
    assert!(matches!(&refused, DispatchError::Refused { .. }), "{refused:?}");
    assert_eq!((it.asked("client_credentials").len(), it.calls()), (2, 0));
    host.shutdown().await;
}

#[tokio::test]
async fn a_wrong_secret_is_said_and_written_nowhere() {
    let it = Guarded::start().await;
    let mut oauth = itself();
    let (client_id, client_secret) = ("desk".to_owned(), "not-the-secret".into());
    oauth.grant = deskbell::mcp_host::Grant::ClientCredentials { client_id, client_secret };
    let spec = spec(&it, oauth);
    assert!(!format!("{spec:?}").contains("not-the-secret"));
    let host = host(spec, &SignInKeeper::nowhere()).await;
    let state = state(&host);
    let reason = state.reason().unwrap();
    assert!(reason.contains("invalid_client") && !reason.contains("not-the-secret"), "{reason}");
    assert!(reason.contains("anna@example.com"), "a person reads what the authorization server says: {reason}");
    let Err(DispatchError::NotSent { reason, .. }) = comment(&host).await else { panic!("it was sent") };
    let phrase = reason.to_string();
    assert!(phrase.contains("invalid_client") && !phrase.contains("anna"), "no log does: {phrase}");
    host.shutdown().await;
}
