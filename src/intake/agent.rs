//! Requests of other agents, through the desk server: recorded as a helpdesk's are, and read by the same parser.

use deskbell_domain::ids::{EventKey, WorkspaceId};
use jiff::Timestamp;
use serde_json::json;

use super::accept::Arrival;
use super::envelope::helpdesk_requester;
use crate::store::{EventKind, NewEvent};

/// What an agent asks for.
#[derive(Debug, Clone, Copy)]
pub struct AgentRequest<'a> {
    /// The agent's name in the configuration.
    pub agent: &'a str,
    /// The agent's own number of the request: what makes it the same one.
    pub number: &'a str,
    /// The subject line.
    pub subject: Option<&'a str>,
    /// What is asked.
    pub text: &'a str,
    /// Where people read on.
    pub url: Option<&'a str>,
    /// On whose behalf.
    pub requester_name: Option<&'a str>,
    /// Their e-mail address.
    pub requester_email: Option<&'a str>,
}

/// The helpdesk's name under which an agent's requests go.
pub fn agent_system(agent: &str) -> String {
    format!("agent:{agent}")
}

/// The key of an agent's request.
pub fn agent_event_key(agent: &str, number: &str) -> EventKey {
    EventKey::new(format!("agent/{agent}/{number}"))
}

impl AgentRequest<'_> {
    /// The event to record.
    pub fn event(&self, workspace: WorkspaceId, now: Timestamp) -> NewEvent {
        let system = agent_system(self.agent);
        let body = json!({
            "system": system, "id": self.number, "url": self.url, "subject": self.subject, "text": self.text,
            "requester": { "name": self.requester_name, "email": self.requester_email },
        });
        let raw = body.to_string();
        let arrival = Arrival {
            key: agent_event_key(self.agent, self.number),
            kind: EventKind::GenericHelpdesk,
            subject: Some(helpdesk_requester(&system, None, self.requester_email, self.number)),
            serial: Some(format!("{workspace}/helpdesk/{system}/{}", self.number)),
            raw: Some(raw.as_bytes()),
            workspace,
        };
        arrival.into_event(now)
    }
}
