//! What a child finds when it is started.

use std::collections::BTreeMap;

use super::spec;
use crate::mcp_host::{McpHost, ServerState, Transport};

/// A child that writes down the names of its variables and where it is, and gives up.
const TELLS: &str =
    "tr '\\0' '\\n' < /proc/$$/environ | cut -d= -f1 > names; pwd -P > place; echo 'no licence' >&2; exit 1";

#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_child_finds_what_is_configured_and_little_else() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().canonicalize().unwrap();
    let env: BTreeMap<_, _> = [("CONFIGURED".to_owned(), "yes".into())].into();
    let transport = Transport::Stdio {
        command: "sh".into(),
        args: vec!["-c".into(), TELLS.into()],
        env,
        cwd: Some(folder.path().to_owned()),
    };
    let host = McpHost::start(vec![spec(transport)]);
    host.settled().await;
    assert!(matches!(host.status()[0].state, ServerState::Failed { .. }));
    host.shutdown().await;
    let names = std::fs::read_to_string(place.join("names")).unwrap();
    let allowed = ["CONFIGURED", "PATH", "HOME", "LANG", "TMPDIR"];
    assert!(names.lines().any(|name| name == "CONFIGURED"), "{names}");
    assert!(names.lines().all(|name| allowed.contains(&name)), "{names}");
    // The tests themselves have more.
    assert!(std::env::vars().any(|(name, _)| name.starts_with("CARGO")));
    assert_eq!(std::fs::read_to_string(place.join("place")).unwrap().trim_end(), place.to_str().unwrap());
}
