//! Helpdesks' tickets.

use deskbell_domain::ids::EventKey;
use jiff::Timestamp;
use serde_json::Value;

use crate::intake::json::{first_text, id, text};

/// The system's name of whatever comes in by Zendesk's own door.
pub const ZENDESK: &str = "zendesk";

/// What a helpdesk tells of a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HelpdeskTicket {
    /// `zendesk`, or the name the webhook gives.
    pub system: String,
    /// The helpdesk's number.
    pub external_id: String,
    /// Where people read it.
    pub url: Option<String>,
    /// The helpdesk's own number of the requester.
    pub requester_id: Option<String>,
    /// The requester's name.
    pub requester_name: Option<String>,
    /// The requester's e-mail address.
    pub requester_email: Option<String>,
    /// The subject line.
    pub subject: Option<String>,
    /// What they wrote.
    pub text: String,
    /// When, as far as a poll tells it.
    pub written_at: Option<Timestamp>,
}

/// What of a ticket a poll told: the event's key says it, so that the same is told once however often it is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Polled {
    /// The ticket, with what it was opened with.
    Opening,
    /// What the requester added.
    Comment {
        /// The helpdesk's number of the comment.
        id: String,
    },
}

/// No door gives a key that begins so.
const POLLED: &str = "zendesk-poll/";

impl Polled {
    /// The key of the event that tells this of a ticket.
    pub fn key(&self, ticket: &str) -> EventKey {
        match self {
            Self::Opening => EventKey::new(format!("{POLLED}{ticket}/opening")),
            Self::Comment { id } => EventKey::new(format!("{POLLED}{ticket}/comment/{id}")),
        }
    }

    /// What the event with this key tells; `None`: no poll told it.
    pub fn of(key: &EventKey) -> Option<Self> {
        let (_, told) = key.as_str().strip_prefix(POLLED)?.split_once('/')?;
        match told.strip_prefix("comment/") {
            Some(id) => Some(Self::Comment { id: id.to_owned() }),
            None => Some(Self::Opening),
        }
    }
}

/// Zendesk's body: the trigger's template of Deskbell's documentation (`{"ticket": {…}}`), or the event
/// `zen:event-type:ticket.created`
/// (<https://developer.zendesk.com/api-reference/webhooks/event-types/ticket-events/>). `None` without a ticket's number.
pub fn zendesk_ticket(body: &Value) -> Option<HelpdeskTicket> {
    ticket(body.get("ticket").or_else(|| body.get("detail"))?, ZENDESK)
}

/// `{"system", "id", "url", "subject", "text", "requester": {"id", "name", "email"}}`. `None` without an id.
pub fn generic_ticket(body: &Value) -> Option<HelpdeskTicket> {
    ticket(body, text(body, "/system").unwrap_or("helpdesk"))
}

/// Zendesk sends every event that the webhook subscribed to; only a new ticket asks for something.
pub(in crate::intake) fn why_irrelevant(body: &Value) -> Option<&'static str> {
    let kind = text(body, "/type").filter(|kind| kind.starts_with("zen:event-type:"))?;
    (kind != "zen:event-type:ticket.created").then_some("a Zendesk event that is no new ticket")
}

fn ticket(ticket: &Value, system: &str) -> Option<HelpdeskTicket> {
    let owned = |places: &[&str]| first_text(ticket, places).map(str::to_owned);
    let number = |places: &[&str]| places.iter().find_map(|place| id(ticket, place)).map(std::borrow::Cow::into_owned);
    Some(HelpdeskTicket {
        system: short(system),
        external_id: short(&number(&["/id"])?),
        url: first_text(ticket, &["/url", "/link"]).and_then(web_address),
        requester_id: number(&["/requester/id", "/requester_id"]),
        requester_name: owned(&["/requester/name"]),
        requester_email: owned(&["/requester/email"]),
        subject: owned(&["/subject"]),
        text: owned(&["/text", "/description"]).unwrap_or_default(),
        written_at: text(ticket, "/written_at").and_then(|at| at.parse().ok()),
    })
}

/// Zendesk's `{{ticket.url}}` comes without a scheme. What is no web address is no link.
fn web_address(url: &str) -> Option<String> {
    match url.split_once("://") {
        Some(("http" | "https", _)) => Some(url.to_owned()),
        Some(_) => None,
        None => Some(format!("https://{url}")),
    }
}

/// Names and numbers become parts of keys, and of lines that people read.
fn short(text: &str) -> String {
    let blanked: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(64).collect();
    blanked.split_whitespace().collect::<Vec<_>>().join(" ")
}
