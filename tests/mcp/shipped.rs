//! The bindings that ship for Deskbell's own servers, held against the schemas of the servers themselves.

use std::collections::BTreeMap;

use deskbell::mcp_host::{Bindings, McpHost, ServerSpec, ServerState, Shipped, ShippedUse, Transport};

use super::approved;

/// Own servers whose bindings ship, with what they need to start: they call nobody until a tool is called.
const OWN: [(&str, &[(&str, &str)]); 3] = [
    (
        "helpdesk",
        &[
            ("DESKBELL_ZENDESK_URL", "http://127.0.0.1:9"),
            ("DESKBELL_ZENDESK_EMAIL", "a@example.com"),
            ("DESKBELL_ZENDESK_API_TOKEN", "none"),
        ],
    ),
    (
        "jira",
        &[
            ("DESKBELL_JIRA_URL", "http://127.0.0.1:9"),
            ("DESKBELL_JIRA_EMAIL", "a@example.com"),
            ("DESKBELL_JIRA_API_TOKEN", "none"),
        ],
    ),
    ("shortcut", &[("DESKBELL_SHORTCUT_API_TOKEN", "none")]),
];

fn server(name: &str, variables: &[(&str, &str)]) -> ServerSpec {
    let env = variables.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned().into())).collect();
    let command = env!("CARGO_BIN_EXE_deskbell").to_owned();
    let args = ["mcp", "serve", name].map(str::to_owned).into();
    approved::spec(name, Transport::Stdio { command, args, env, cwd: None })
}

#[tokio::test]
async fn what_ships_for_our_own_servers_fits_them() {
    let host = McpHost::start(OWN.iter().map(|(name, variables)| server(name, variables)).collect());
    host.settled().await;
    for status in host.status() {
        assert_eq!(status.state, ServerState::Ready, "{}", status.name);
        let shipped = Shipped::named(&status.name).unwrap();
        let whole = ShippedUse { file: status.name.clone(), only: None, with: BTreeMap::new() };
        let written = shipped.bindings(&status.name, &whole).unwrap();
        let bindings = Bindings::check(&written, |server| server == status.name).unwrap();
        for (action, binding) in bindings.iter() {
            let faults: Vec<String> = binding.faults(&status).iter().map(ToString::to_string).collect();
            assert!(faults.is_empty(), "bindings/{}.toml, {action}: {faults:?}", status.name);
        }
    }
    host.shutdown().await;
}
