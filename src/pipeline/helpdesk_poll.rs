//! Asking Zendesk for new and changed tickets, where it may not tell of them by a webhook.
//!
//! What a page yields is recorded like a webhook's events, in one transaction with the place where the next page begins: a
//! crash before it reads the page again, one after it goes on behind it. A ticket told by webhook and poll is one.

use std::time::Duration;

use deskbell_domain::ids::WorkspaceId;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;

use crate::intake::envelope::helpdesk_requester;
use crate::intake::parse::helpdesk::{Polled, ZENDESK};
use crate::mcp_host::{CallError, ChangedTicket, ChangesFrom, HelpdeskPerson, McpHost, PublicComment};
use crate::store::{EventKind, HelpdeskPlace, NewEvent, Store, StoreError};

/// Zendesk refuses a start within the last minute
/// (<https://developer.zendesk.com/api-reference/ticketing/ticket-management/incremental_exports/#per-endpoint-rules>).
const START_AGO: SignedDuration = SignedDuration::from_secs(65);
/// How long a recorded event is kept, as a webhook's is.
const KEPT: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What a poll needs.
pub struct HelpdeskPoll {
    /// Where tickets are, and where events go.
    pub store: Store,
    /// Who asks the helpdesk.
    pub host: McpHost,
    /// Whose tickets.
    pub workspace: WorkspaceId,
    /// The configured server.
    pub server: String,
    /// How often.
    pub every: Duration,
    /// Tickets opened since then count; `None`: since the first poll.
    pub since: Option<Timestamp>,
}

/// Why a poll ended early.
#[derive(Debug, thiserror::Error)]
enum Unread {
    #[error(transparent)]
    Call(#[from] CallError),
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl Unread {
    fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::Call(CallError::NotSent { retry_after, .. } | CallError::Transient { retry_after, .. }) => {
                *retry_after
            }
            Self::Call(_) | Self::Store(_) => None,
        }
    }
}

impl HelpdeskPoll {
    /// Polls until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut is_failing = false;
        while let Some(polled) = shutdown.run_until_cancelled(self.poll()).await {
            let outcome = if polled.is_ok() { "done" } else { "failed" };
            metrics::counter!("deskbell_helpdesk_polls_total", "outcome" => outcome).increment(1);
            let wait = match &polled {
                Ok(()) => self.every,
                Err(error) => {
                    // Told once for each time that it begins: a server may be away for long.
                    if !is_failing {
                        tracing::error!(server = self.server, %error, "the helpdesk can't be read; the next polls try again");
                    }
                    self.every.max(error.retry_after().unwrap_or_default())
                }
            };
            if is_failing && polled.is_ok() {
                tracing::info!(server = self.server, "the helpdesk is read again");
            }
            is_failing = polled.is_err();
            if shutdown.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return;
            }
        }
    }

    /// Reads on to the end of what has changed by now.
    async fn poll(&self) -> Result<(), Unread> {
        let mut place = self.place().await?;
        loop {
            let page = self.host.helpdesk_changes(&self.server, &from(&place)).await?;
            let mut events = Vec::new();
            for ticket in &page.tickets {
                events.extend(self.events(ticket, place.began).await?);
            }
            let next = HelpdeskPlace { began: place.began, cursor: page.cursor.or_else(|| place.cursor.clone()) };
            let is_all = page.end_of_stream || next == place;
            if next != place || !events.is_empty() {
                self.store.record_helpdesk_page(&self.workspace, &self.server, next.clone(), events).await?;
            }
            if is_all {
                return Ok(());
            }
            place = next;
        }
    }

    /// The first time, when reading begins is kept before anything is asked: what comes while the helpdesk can't be reached
    /// is not missed.
    async fn place(&self) -> Result<HelpdeskPlace, StoreError> {
        if let Some(place) = self.store.helpdesk_place(&self.workspace, &self.server).await? {
            return Ok(place);
        }
        let began = self.since.unwrap_or_else(Timestamp::now);
        // The helpdesk tells whole seconds.
        let began = Timestamp::from_second(began.as_second()).unwrap_or(began);
        let place = HelpdeskPlace { began, cursor: None };
        self.store.record_helpdesk_page(&self.workspace, &self.server, place.clone(), Vec::new()).await?;
        Ok(place)
    }

    /// What a changed ticket yields. One that nobody waits for yields nothing, nor does one from before that is unknown here.
    async fn events(&self, ticket: &ChangedTicket, began: Timestamp) -> Result<Vec<NewEvent>, Unread> {
        let opened = ticket.created_at.as_deref().and_then(|text| text.parse::<Timestamp>().ok());
        let is_known = self.store.ticket_by_helpdesk(&self.workspace, ZENDESK, &ticket.ticket_id).await?.is_some();
        let is_new = opened.is_none_or(|opened| opened >= began);
        if ticket.is_over() || !(is_known || is_new) {
            return Ok(Vec::new());
        }
        let opening = ticket.description.clone().unwrap_or_default();
        let mut events = Vec::new();
        if !is_known {
            events.extend(self.event(ticket, &Polled::Opening, &opening, None));
        }
        // Times are whole seconds: that a ticket looks unchanged since it was opened says nothing.
        let read = self.host.helpdesk_comments(&self.server, &ticket.ticket_id).await?;
        if let Some(error) = read.unread {
            metrics::counter!("deskbell_helpdesk_unread_total", "what" => "comments").increment(1);
            let id = &ticket.ticket_id;
            tracing::error!(server = self.server, ticket = id, %error, "a ticket's comments can't be read; the poll goes on");
        }
        let added = read.comments.into_iter().enumerate().filter(|(place, comment)| {
            let is_opening = *place == 0 && comment.text.trim() == opening.trim();
            is_theirs(comment, ticket) && !is_opening
        });
        events.extend(added.filter_map(|(_, comment)| {
            let told = Polled::Comment { id: comment.message_id.clone() };
            self.event(ticket, &told, &comment.text, comment.written_at())
        }));
        Ok(events)
    }

    fn event(
        &self,
        ticket: &ChangedTicket,
        told: &Polled,
        text: &str,
        written_at: Option<Timestamp>,
    ) -> Option<NewEvent> {
        let now = Timestamp::now();
        let (id, requester) = (&ticket.ticket_id, ticket.requester.as_ref());
        let email = requester.and_then(|person| person.email.as_deref());
        let subject = helpdesk_requester(ZENDESK, requester.and_then(number), email, id);
        Some(NewEvent {
            workspace: self.workspace.clone(),
            key: told.key(id),
            kind: EventKind::Zendesk,
            subject: Some(subject),
            raw: Some(serde_json::to_vec(&body(ticket, text, written_at)).ok()?),
            received_at: now,
            serial: Some(format!("{}/helpdesk/{ZENDESK}/{id}", self.workspace)),
            expires_at: now.checked_add(KEPT).ok(),
        })
    }
}

/// As a webhook would tell it.
fn body(ticket: &ChangedTicket, text: &str, written_at: Option<Timestamp>) -> Value {
    let person = |person: &HelpdeskPerson| json!({ "id": number(person), "name": person.name, "email": person.email });
    json!({ "ticket": {
        "id": ticket.ticket_id, "url": ticket.url, "subject": ticket.subject, "description": text,
        "requester": ticket.requester.as_ref().map(person),
        "written_at": written_at.map(|at| at.to_string()),
    } })
}

/// Whoever has an address is known by it, as by the webhook that the README shows: else one person would be two.
fn number(person: &HelpdeskPerson) -> Option<&str> {
    person.email.is_none().then_some(person.person_id.as_str())
}

fn is_theirs(comment: &PublicComment, ticket: &ChangedTicket) -> bool {
    ticket.requester.as_ref().is_some_and(|person| person.person_id == comment.author.person_id)
}

fn from(place: &HelpdeskPlace) -> ChangesFrom {
    if let Some(cursor) = &place.cursor {
        return ChangesFrom::Cursor(cursor.clone());
    }
    let latest = Timestamp::now().checked_sub(START_AGO).unwrap_or(place.began);
    ChangesFrom::Time(place.began.min(latest).as_second())
}
