//! The reference server that has everything, listed, bound and called. `tests/run mcp` installs it and names its program in
//! `DESKBELL_EVERYTHING`.

use std::collections::BTreeMap;

use deskbell::mcp_host::{DispatchError, McpHost, ServerState, Transport, propose};

use super::approved::{self, bound, send};

fn everything() -> deskbell::mcp_host::ServerSpec {
    let program = std::env::var("DESKBELL_EVERYTHING").expect("DESKBELL_EVERYTHING names no program");
    let args = vec![program, "stdio".to_owned()];
    approved::spec("everything", Transport::Stdio { command: "node".into(), args, env: BTreeMap::new(), cwd: None })
}

#[tokio::test]
#[ignore = "wants Node and the reference server: tests/run mcp"]
async fn the_reference_server_is_listed_bound_and_called() {
    let host = McpHost::start(vec![everything()]);
    host.settled().await;
    let status = host.status().remove(0);
    assert_eq!(status.state, ServerState::Ready);
    assert!(status.quarantined.is_empty(), "{:?}", status.quarantined);
    assert!(status.tools.len() > 5, "{:?}", status.tools);
    assert!(propose("everything", &status.tools).iter().all(|proposal| proposal.tool.is_none()), "nothing of it fits");

    let ticket = approved::ticket();
    let echo = "arguments = { message = \"=action.body\" }\nresult = { key = 'text:Echo: (.*)' }";
    let made = send(&host, &bound("everything", "echo", echo), &ticket).await.unwrap().unwrap();
    assert_eq!(made.key, "It is fixed.");
    let sum = "arguments = { a = 40, b = 2 }\nresult = { key = 'text:\\d+\\D*$' }";
    let made = send(&host, &bound("everything", "get-sum", sum), &ticket).await.unwrap().unwrap();
    assert!(made.key.starts_with("42"), "{made:?}");
    let weather =
        "arguments = { location = \"New York\" }\nresult = { key = \"$.temperature\", url = \"$['conditions']\" }";
    let made = send(&host, &bound("everything", "get-structured-content", weather), &ticket).await.unwrap().unwrap();
    assert!(made.key.parse::<f64>().is_ok() && made.url.is_some(), "{made:?}");

    let no_city = "arguments = { location = \"Atlantis\" }";
    for (tool, more, words) in [
        ("echo", "arguments = { message = 7 }", "`echo` wants string for the argument `message`"),
        ("echo", "", "`echo` needs the argument `message`"),
        ("get-structured-content", no_city, "wants one of [\"New York\""),
    ] {
        let refused = send(&host, &bound("everything", tool, more), &ticket).await.unwrap_err();
        assert!(
            matches!(&refused, DispatchError::NotSent { reason, .. } if reason.to_string().contains(words)),
            "{refused:?}"
        );
    }
    let nobody = "arguments = { location = \"='Atlan' ~ 'tis'\" }";
    let refused = send(&host, &bound("everything", "get-structured-content", nobody), &ticket).await.unwrap_err();
    assert!(
        matches!(&refused, DispatchError::Refused { reason } if reason.to_string().contains("wants one of")),
        "{refused:?}"
    );
    host.shutdown().await;
}
