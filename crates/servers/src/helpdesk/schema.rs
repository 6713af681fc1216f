//! Arguments and results of the helpdesk tools; their schemas are what `tools/list` publishes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Words for agents only: the requester never sees them.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct InternalNote(pub String);

/// Words that the requester reads and is told of by e-mail.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct PublicMessage(pub String);

/// Where a ticket stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    /// Nobody has taken it yet.
    New,
    /// An agent is to act.
    Open,
    /// The requester is to answer.
    Pending,
    /// Somebody else is to act.
    OnHold,
    /// Answered; the requester may open it again.
    Solved,
    /// Over: it can't be changed any more.
    Closed,
}

/// How urgent a ticket is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Priority {
    /// The least.
    Low,
    /// The usual.
    Normal,
    /// More than usual.
    High,
    /// The most.
    Urgent,
}

/// Arguments of `create_ticket`; give exactly one of `public_message` and `internal_note`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateTicket {
    /// One line.
    pub subject: String,
    /// The description in Markdown, which the requester reads.
    #[serde(default)]
    pub public_message: Option<PublicMessage>,
    /// The description in Markdown, for agents only: the requester does not see the ticket.
    #[serde(default)]
    pub internal_note: Option<InternalNote>,
    /// E-mail address of the person who asks; made known to the helpdesk when it is new. The account of the token when absent.
    #[serde(default)]
    pub requester_email: Option<String>,
    /// Name of that person, for a new address.
    #[serde(default)]
    pub requester_name: Option<String>,
    /// How urgent it is.
    #[serde(default)]
    pub priority: Option<Priority>,
    /// Name or id of the group that is to act.
    #[serde(default)]
    pub group: Option<String>,
    /// E-mail address of the agent who is to act.
    #[serde(default)]
    pub assignee_email: Option<String>,
    /// Tags without spaces.
    #[serde(default)]
    pub tags: Option<Vec<String>>,
    /// Calls with the same key make one ticket. Stored on the ticket as its external id.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `create_ticket`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct CreatedTicket {
    /// Id of the ticket.
    pub ticket_id: String,
    /// Where an agent opens it.
    pub url: String,
    /// False when an earlier call with the same idempotency key had made it.
    pub created: bool,
}

/// Arguments of `find_by_idempotency_key`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindByIdempotencyKey {
    /// The key that was given to `create_ticket`.
    pub idempotency_key: String,
}

/// Result of `find_by_idempotency_key`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundTicket {
    /// The ticket, or nothing when none was made with this key.
    pub found: Option<Ticket>,
}

/// Arguments of `get_ticket`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct GetTicket {
    /// Id of the ticket.
    pub ticket_id: String,
}

/// Arguments of `list_comments`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListComments {
    /// Id of the ticket.
    pub ticket_id: String,
    /// Comments per page, 1 to 100; 20 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// Result of `list_comments`: one page, the newest first, kept apart by who may read them.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Comments {
    /// What the requester wrote or reads.
    pub public_messages: Vec<PublicComment>,
    /// What only agents may read; never to be passed on to the requester.
    pub internal_notes: Vec<InternalComment>,
    /// Token of the next page; nothing on the last page.
    pub next_page_token: Option<String>,
}

/// A comment that the requester sees.
#[derive(Debug, Serialize, JsonSchema)]
pub struct PublicComment {
    /// Its id.
    pub message_id: String,
    /// Who wrote it.
    pub author: Person,
    /// Its words.
    pub text: String,
    /// When it was written (`2026-01-02T03:04:05Z`).
    pub created_at: String,
}

/// A comment for agents only.
#[derive(Debug, Serialize, JsonSchema)]
pub struct InternalComment {
    /// Its id.
    pub note_id: String,
    /// Who wrote it.
    pub author: Person,
    /// Its words.
    pub text: String,
    /// When it was written (`2026-01-02T03:04:05Z`).
    pub created_at: String,
}

/// Arguments of `add_internal_note`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AddInternalNote {
    /// Id of the ticket.
    pub ticket_id: String,
    /// The note in Markdown; only agents read it.
    pub internal_note: InternalNote,
    /// Calls with the same key on the same ticket make one note. Stored in the ticket's history.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `add_internal_note`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct AddedNote {
    /// Id of the note.
    pub note_id: String,
    /// Where an agent opens the ticket.
    pub url: String,
    /// False when an earlier call with the same idempotency key had made it.
    pub created: bool,
}

/// Arguments of `reply_publicly`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ReplyPublicly {
    /// Id of the ticket.
    pub ticket_id: String,
    /// The reply in Markdown; the requester reads it and is told by e-mail.
    pub public_message: PublicMessage,
    /// Calls with the same key on the same ticket send one reply. Stored in the ticket's history.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of `reply_publicly`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct SentReply {
    /// Id of the reply.
    pub message_id: String,
    /// Where an agent opens the ticket.
    pub url: String,
    /// False when an earlier call with the same idempotency key had sent it.
    pub created: bool,
}

/// Arguments of `find_update_by_idempotency_key`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FindUpdate {
    /// Id of the ticket.
    pub ticket_id: String,
    /// The key that was given to the call that wrote to the ticket.
    pub idempotency_key: String,
}

/// Result of `find_update_by_idempotency_key`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundUpdate {
    /// The update, or nothing when none was made with this key.
    pub found: Option<Update>,
}

/// An update of a ticket, as its history keeps it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Update {
    /// Its id.
    pub update_id: String,
    /// Id of the comment that it added, when it added one.
    pub comment_id: Option<String>,
    /// Whether the requester sees that comment.
    pub public: Option<bool>,
    /// When it was made (`2026-01-02T03:04:05Z`).
    pub created_at: Option<String>,
}

/// Arguments of `set_status`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetStatus {
    /// Id of the ticket.
    pub ticket_id: String,
    /// The status to give it.
    pub status: Status,
    /// A repeated call with the same key changes nothing, whatever others did meanwhile.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Arguments of `set_priority`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetPriority {
    /// Id of the ticket.
    pub ticket_id: String,
    /// The priority to give it.
    pub priority: Priority,
    /// A repeated call with the same key changes nothing, whatever others did meanwhile.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Arguments of `assign_ticket`; give a group, an assignee, or both.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct AssignTicket {
    /// Id of the ticket.
    pub ticket_id: String,
    /// Name or id of the group.
    #[serde(default)]
    pub group: Option<String>,
    /// E-mail address of the agent.
    #[serde(default)]
    pub assignee_email: Option<String>,
    /// A repeated call with the same key changes nothing, whatever others did meanwhile.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Arguments of `change_tags`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangeTags {
    /// Id of the ticket.
    pub ticket_id: String,
    /// Tags to add.
    #[serde(default)]
    pub add: Vec<String>,
    /// Tags to take away.
    #[serde(default)]
    pub remove: Vec<String>,
    /// A repeated call with the same key changes nothing, whatever others did meanwhile.
    #[serde(default)]
    pub idempotency_key: Option<String>,
}

/// Result of the tools that set something on a ticket.
#[derive(Debug, Serialize, JsonSchema)]
pub struct ChangedTicket {
    /// The ticket as it is now.
    pub ticket: Ticket,
    /// The ticket as it was before, for a call with an idempotency key; absent when an earlier call with it had changed it.
    pub previous: Option<Ticket>,
    /// False when an earlier call with the same idempotency key had done it.
    pub changed: bool,
}

/// Arguments of `list_queues`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListQueues {
    /// Only queues whose title holds one of these texts; all when absent.
    #[serde(default)]
    pub titles: Option<Vec<String>>,
}

/// Result of `list_queues`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Queues {
    /// The queues in the helpdesk's order.
    pub queues: Vec<Queue>,
    /// Whether further queues were left out, because the helpdesk limits how many are counted.
    pub truncated: bool,
}

/// A queue and its load.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Queue {
    /// Its id.
    pub queue_id: String,
    /// Its title.
    pub title: String,
    /// Tickets in it; nothing while the helpdesk is still counting.
    pub tickets: Option<u64>,
    /// Whether the number is of now; otherwise it is an older one.
    pub fresh: bool,
}

/// Arguments of `requester_history`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RequesterHistory {
    /// E-mail address of the requester.
    pub email: String,
    /// Tickets to show, 1 to 100; 10 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
}

/// Result of `requester_history`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct History {
    /// The requester; nothing when the helpdesk does not know the address.
    pub requester: Option<Person>,
    /// All of their tickets.
    pub tickets_total: u64,
    /// Those neither solved nor closed.
    pub tickets_unsolved: u64,
    /// Their latest tickets, the newest first.
    pub tickets: Vec<Ticket>,
}

/// Arguments of `search_tickets`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SearchTickets {
    /// Words, and conditions in the helpdesk's own syntax, such as `status<solved tags:vip refund`.
    pub query: String,
    /// Tickets per page, 1 to 100; 20 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// `next_page_token` of the page before.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// Result of `search_tickets`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct FoundTickets {
    /// One page of tickets, the latest changed first.
    pub tickets: Vec<Ticket>,
    /// All tickets that were found.
    pub total: u64,
    /// Token of the next page; nothing on the last page.
    pub next_page_token: Option<String>,
}

/// Arguments of `list_changes`; give exactly one of `since_unix_seconds` and `cursor`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListChanges {
    /// The first time: tickets changed at or after this time, in seconds since 1970.
    #[serde(default)]
    pub since_unix_seconds: Option<i64>,
    /// From then on: the `cursor` of the answer before.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Tickets per page, 1 to 1,000; 100 when absent.
    #[serde(default)]
    pub max_results: Option<u32>,
    /// Leave out the tickets' descriptions, which are most of an answer.
    #[serde(default)]
    pub without_descriptions: Option<bool>,
}

/// Result of `list_changes`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Changes {
    /// Tickets that are new or changed, the oldest change first. A deleted one has the status `deleted`.
    pub tickets: Vec<Ticket>,
    /// Where the next call goes on; keep it.
    pub cursor: Option<String>,
    /// Whether this is all there is by now; otherwise call again at once.
    pub end_of_stream: bool,
}

/// A ticket as the tools show it.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Ticket {
    /// Its id.
    pub ticket_id: String,
    /// Where an agent opens it.
    pub url: String,
    /// Its subject.
    pub subject: String,
    /// Its description as plain text: the first comment, which may be internal.
    pub description: Option<String>,
    /// `new`, `open`, `pending`, `on_hold`, `solved`, `closed`, or the helpdesk's own word.
    pub status: String,
    /// `low`, `normal`, `high` or `urgent`, when it has one.
    pub priority: Option<String>,
    /// Who asks.
    pub requester: Option<Person>,
    /// The agent who is to act, when there is one.
    pub assignee: Option<Person>,
    /// The group that is to act, when there is one.
    pub group: Option<Group>,
    /// Its tags.
    pub tags: Vec<String>,
    /// When it was created (`2026-01-02T03:04:05Z`).
    pub created_at: Option<String>,
    /// When it was last changed.
    pub updated_at: Option<String>,
}

/// A person the helpdesk knows.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Person {
    /// Their id.
    pub person_id: String,
    /// Their name, when the helpdesk told it.
    pub name: Option<String>,
    /// Their e-mail address, when the helpdesk told it.
    pub email: Option<String>,
}

/// A group of agents.
#[derive(Debug, Clone, Serialize, JsonSchema)]
pub struct Group {
    /// Its id.
    pub group_id: String,
    /// Its name, when the helpdesk told it.
    pub name: Option<String>,
}
