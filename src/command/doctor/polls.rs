//! What is asked again and again where no webhook is allowed: the tracker for statuses, the helpdesk for tickets.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::Finding;
use super::servers::taken;
use crate::config::Config;
use crate::mcp_host::{ChangesFrom, McpHost, ServerState, ServerStatus};

/// Zendesk refuses a later start.
const ASKED_SINCE: SignedDuration = SignedDuration::from_mins(2);

/// Holds `[tracker]` against its server, and asks the helpdesk once. A server that is not ready was told of already.
pub(super) async fn examine(config: &Config, host: &McpHost, servers: &BTreeMap<String, ServerStatus>) -> Vec<Finding> {
    let mut findings = tracker(config, servers);
    findings.extend(helpdesk(config, host, servers).await);
    findings
}

fn is_ready(server: &ServerStatus) -> bool {
    server.state == ServerState::Ready
}

fn tracker(config: &Config, servers: &BTreeMap<String, ServerStatus>) -> Vec<Finding> {
    let mut findings = Vec::new();
    match config.status_look() {
        Err(error) => findings.push(Finding::told("tracker", error.to_string())),
        Ok(None) => {}
        Ok(Some((_, look))) => {
            let server = servers.get(&look.server).filter(|server| is_ready(server));
            findings.extend(server.map(|server| taken("tracker", look.tool(), server, &look.faults(server))));
        }
    }
    findings
}

async fn helpdesk(config: &Config, host: &McpHost, servers: &BTreeMap<String, ServerStatus>) -> Option<Finding> {
    let poll = config.helpdesk.poll.as_ref()?;
    let area = "helpdesk.poll";
    servers.get(&poll.server).filter(|server| is_ready(server))?;
    let since = Timestamp::now().checked_sub(ASKED_SINCE).unwrap_or_default();
    Some(match host.helpdesk_changes(&poll.server, &ChangesFrom::Time(since.as_second())).await {
        Ok(_) => Finding::good(area, format!("{} tells which tickets changed", poll.server)),
        Err(error) => Finding::bad(
            area,
            error.reason().for_people(),
            format!(
                "correct the secrets of [mcp.{0}], or name the server of `deskbell mcp serve helpdesk` in [helpdesk.poll] server; \
                 until then new tickets are not seen",
                poll.server
            ),
        ),
    })
}
