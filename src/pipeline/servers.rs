//! `/triage servers`: the MCP servers, for those who settle parked actions.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::policy::Right;
use deskbell_domain::ticket::Actor;
use jiff::Timestamp;
use serde_json::json;

use super::World;
use super::answer::Answered;
use super::paths::forms::CommandCall;
use super::tell::rendered;
use crate::mcp_host::{BreakerState, ServerState, ServerStatus};
use crate::slack::messages::{BoundAction, McpServer, Notice, ServersView};
use crate::store::ClaimedJob;

impl World {
    /// What an operator wants to know of the servers. Reasons of failures name machines and paths: not for everybody.
    pub(super) fn servers_answer(&self, job: &ClaimedJob, asked: &CommandCall) -> Answered {
        if self.policy.allows(Right::Settle, &asked.user, None) {
            let servers = self.host.status().iter().map(|status| self.server(status)).collect();
            return (rendered(self.messages.servers_view(&ServersView { servers })), None);
        }
        let (who, people) = self.policy.who_may(Right::Settle);
        let notice = Notice {
            mention_ids: people.iter().map(ToString::to_string).collect(),
            ..Notice::problem("You may not see the servers.", format!("Ask one of those who may: {who}"))
        };
        let refused = AuditEntry {
            workspace: job.workspace.clone(),
            ticket: None,
            at: Timestamp::now(),
            actor: Actor::Person(asked.user.id.clone()),
            kind: AuditKind::Refused,
            subject: None,
            detail: json!({ "right": Right::Settle.as_str(), "asked": "servers" }),
        };
        (rendered(self.messages.notice(&notice)), Some(refused))
    }

    fn server(&self, status: &ServerStatus) -> McpServer {
        let state = match &status.state {
            ServerState::Starting => "starting",
            ServerState::Ready => "ready",
            ServerState::Failed { .. } => "failed",
            ServerState::SignInNeeded { .. } => "sign_in_needed",
        };
        McpServer {
            name: status.name.clone(),
            state: state.to_owned(),
            required: status.required,
            reason: status.state.reason().map(str::to_owned),
            breaker_open: status.breaker == BreakerState::Open,
            tools: u32::try_from(status.tools.len()).unwrap_or(u32::MAX),
            quarantined: status.quarantined.iter().map(|tool| tool.name.clone()).collect(),
            bound: self.bound_at(status).collect(),
        }
    }

    /// What is bound to a server: actions, then look-ups.
    fn bound_at<'a>(&'a self, status: &'a ServerStatus) -> impl Iterator<Item = BoundAction> + 'a {
        let actions =
            self.bindings.at(&status.name).map(|it| (it.action.as_str(), it.tool.as_str(), it.faults(status)));
        let looks = self.lookups.at(&status.name).map(|it| (it.name, it.tool, it.faults(status)));
        actions.chain(looks).map(|(action, tool, faults)| BoundAction {
            action: action.to_owned(),
            tool: tool.to_owned(),
            fault: faults.iter().find(|fault| fault.is_fatal()).map(ToString::to_string),
        })
    }
}
