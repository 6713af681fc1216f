//! A request of an agent's: recorded like every other event, interpreted by the worker.

use std::time::Duration;

use deskbell_domain::ids::{EventKey, WorkspaceId};
use deskbell_servers::failure::ToolFailure;
use deskbell_servers::marker::marker;
use jiff::Timestamp;
use tokio::time::Instant;

use super::caller::Caller;
use super::schema::{RequestState, Requested, Triage};
use super::{DeskWorld, of_store};
use crate::intake::agent::{AgentRequest, agent_event_key};
use crate::store::{EventOutcome, Recorded};

/// Characters of a request, of its subject and its requester's name or address, at most.
const TEXT_MAX: usize = 40_000;
const LINE_MAX: usize = 500;
/// Bytes of a caller's key at most.
const KEY_BYTES_MAX: usize = 512;
/// Seconds to wait for the ticket: at most, and when nothing is asked for.
const WAIT_MAX: u32 = 20;
const WAIT_DEFAULT: u32 = 5;
/// Pause between looks at what became of a request.
const LOOK_EVERY: Duration = Duration::from_millis(100);

impl DeskWorld {
    /// Records the request unless the caller did before, and waits a little for its ticket.
    pub(super) async fn triage(&self, caller: &Caller, wanted: &Triage) -> Result<Requested, ToolFailure> {
        check(wanted)?;
        let workspace = self.workspace().await?;
        let number = match &wanted.idempotency_key {
            Some(key) => marker(checked_key(key)?),
            None => marker(&nobodys_key()),
        };
        let request = AgentRequest {
            agent: &caller.name,
            number: &number,
            subject: wanted.subject.as_deref(),
            text: &wanted.text,
            url: wanted.url.as_deref(),
            requester_name: wanted.requester_name.as_deref(),
            requester_email: wanted.requester_email.as_deref(),
        };
        let event = request.event(workspace.clone(), Timestamp::now());
        let key = event.key.clone();
        let recorded = self.store.record_event(event).await.map_err(|error| of_store(&error))?;
        let wait = Duration::from_secs(u64::from(wanted.wait_seconds.unwrap_or(WAIT_DEFAULT).min(WAIT_MAX)));
        let outcome = self.outcome(&workspace, &key, wait).await?;
        Ok(shown(&key, outcome.as_ref(), recorded == Recorded::New))
    }

    /// The request that the caller made with a key.
    pub(super) async fn requested_with(&self, caller: &Caller, key: &str) -> Result<Option<Requested>, ToolFailure> {
        let key = agent_event_key(&caller.name, &marker(checked_key(key)?));
        let workspace = self.workspace().await?;
        let stored = self.store.event(&workspace, &key).await.map_err(|error| of_store(&error))?;
        Ok(stored.map(|stored| shown(&key, stored.outcome.as_ref(), false)))
    }

    /// What became of the event, if that is known within `wait`.
    async fn outcome(
        &self,
        workspace: &WorkspaceId,
        key: &EventKey,
        wait: Duration,
    ) -> Result<Option<EventOutcome>, ToolFailure> {
        let until = Instant::now() + wait;
        loop {
            let stored = self.store.event(workspace, key).await.map_err(|error| of_store(&error))?;
            let outcome = stored.and_then(|stored| stored.outcome);
            if outcome.is_some() || Instant::now() >= until {
                return Ok(outcome);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }
}

fn shown(key: &EventKey, outcome: Option<&EventOutcome>, created: bool) -> Requested {
    let (state, ticket) = match outcome {
        None => (RequestState::Accepted, None),
        Some(EventOutcome::MadeTicket { ticket } | EventOutcome::Joined { ticket }) => {
            (RequestState::HasTicket, Some(ticket))
        }
        Some(EventOutcome::Handled { ticket: Some(ticket) }) => (RequestState::HasTicket, Some(ticket)),
        Some(EventOutcome::Handled { ticket: None } | EventOutcome::Ignored { .. } | EventOutcome::Unparsed { .. }) => {
            (RequestState::NoTicket, None)
        }
    };
    Requested { event_key: key.to_string(), state, ticket: ticket.map(ToString::to_string), created }
}

fn check(wanted: &Triage) -> Result<(), ToolFailure> {
    let length = wanted.text.chars().count();
    if wanted.text.trim().is_empty() || length > TEXT_MAX {
        return Err(refused("text", &format!("text must have 1 to {TEXT_MAX} characters; it has {length}")));
    }
    let lines = [
        ("subject", &wanted.subject),
        ("requester_name", &wanted.requester_name),
        ("requester_email", &wanted.requester_email),
        ("url", &wanted.url),
    ];
    for (field, line) in lines {
        if line.as_ref().is_some_and(|line| line.chars().count() > LINE_MAX) {
            return Err(refused(field, &format!("{field} must have at most {LINE_MAX} characters")));
        }
    }
    let is_web = |url: &String| url::Url::parse(url).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if wanted.url.as_ref().is_some_and(|url| !is_web(url)) {
        return Err(refused("url", "url must be an http or https address"));
    }
    Ok(())
}

fn checked_key(key: &str) -> Result<&str, ToolFailure> {
    if key.trim().is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(refused("idempotency_key", "give a key of 1 to 512 bytes, or leave it out"));
    }
    Ok(key)
}

fn refused(field: &str, message: &str) -> ToolFailure {
    ToolFailure::permanent(message).with_field_errors([(field.to_owned(), message.to_owned())].into())
}

fn nobodys_key() -> String {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes);
    hex::encode(bytes)
}
