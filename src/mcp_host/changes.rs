//! Asking a helpdesk's server which tickets are new or changed, by tools that only read.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{CallError, McpHost};

/// Lists changed tickets; of Deskbell's own helpdesk server.
const CHANGES_TOOL: &str = "list_changes";
/// Lists a ticket's comments; of the same.
const COMMENTS_TOOL: &str = "list_comments";
/// Tickets or comments a call.
const PAGE: u32 = 100;
/// Pages of one ticket's comments that are read.
const COMMENT_PAGES_MAX: usize = 50;

/// Where the list of changes goes on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChangesFrom {
    /// At a time, in seconds since 1970.
    Time(i64),
    /// Behind an earlier page.
    Cursor(String),
}

/// A page of changes.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChangedPage {
    /// The oldest change first.
    pub tickets: Vec<ChangedTicket>,
    /// Where the next page begins.
    #[serde(default)]
    pub cursor: Option<String>,
    /// Nothing more has changed by now.
    pub end_of_stream: bool,
}

/// A ticket that is new or changed.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct ChangedTicket {
    /// The helpdesk's number.
    pub ticket_id: String,
    /// Where an agent opens it.
    #[serde(default)]
    pub url: String,
    /// The subject line.
    #[serde(default)]
    pub subject: String,
    /// What it was opened with.
    #[serde(default)]
    pub description: Option<String>,
    /// `new`, `open`, … `solved`, `closed`, `deleted`.
    #[serde(default)]
    pub status: String,
    /// Who asks.
    #[serde(default)]
    pub requester: Option<HelpdeskPerson>,
    /// When it was opened (RFC 3339).
    #[serde(default)]
    pub created_at: Option<String>,
}

impl ChangedTicket {
    /// Nobody waits for an answer any more.
    pub fn is_over(&self) -> bool {
        matches!(self.status.as_str(), "solved" | "closed" | "deleted")
    }
}

/// A person whom the helpdesk knows.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct HelpdeskPerson {
    /// The helpdesk's number.
    pub person_id: String,
    /// Their name, when it was told.
    #[serde(default)]
    pub name: Option<String>,
    /// Their e-mail address, when it was told.
    #[serde(default)]
    pub email: Option<String>,
}

/// A comment that the requester may read.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct PublicComment {
    /// The helpdesk's number.
    pub message_id: String,
    /// Who wrote it.
    pub author: HelpdeskPerson,
    /// What they wrote.
    pub text: String,
    /// When (RFC 3339).
    #[serde(default)]
    pub created_at: String,
}

#[derive(Deserialize)]
struct CommentsPage {
    public_messages: Vec<PublicComment>,
    #[serde(default)]
    next_page_token: Option<String>,
}

impl McpHost {
    /// A page of tickets that are new or changed.
    ///
    /// # Errors
    /// What the server, or the vendor behind it, says; also when the tool is not said to only read: then nothing is sent.
    pub async fn helpdesk_changes(&self, server: &str, from: &ChangesFrom) -> Result<ChangedPage, CallError> {
        let mut arguments = Map::from_iter([("max_results".to_owned(), json!(PAGE))]);
        match from {
            ChangesFrom::Time(seconds) => arguments.insert("since_unix_seconds".to_owned(), json!(seconds)),
            ChangesFrom::Cursor(cursor) => arguments.insert("cursor".to_owned(), json!(cursor)),
        };
        self.helpdesk_page(server, CHANGES_TOOL, arguments).await
    }

    /// A ticket's public comments, the oldest first.
    ///
    /// # Errors
    /// As [`Self::helpdesk_changes`].
    pub async fn helpdesk_comments(&self, server: &str, ticket: &str) -> Result<Vec<PublicComment>, CallError> {
        let mut comments = Vec::new();
        let mut next: Option<String> = None;
        for _ in 0..COMMENT_PAGES_MAX {
            let mut arguments =
                Map::from_iter([("ticket_id".to_owned(), json!(ticket)), ("max_results".to_owned(), json!(PAGE))]);
            if let Some(token) = next.take() {
                arguments.insert("next_page_token".to_owned(), Value::from(token));
            }
            let page: CommentsPage = self.helpdesk_page(server, COMMENTS_TOOL, arguments).await?;
            comments.extend(page.public_messages);
            match page.next_page_token {
                Some(token) => next = Some(token),
                None => break,
            }
        }
        Ok(comments)
    }

    async fn helpdesk_page<T: DeserializeOwned>(
        &self,
        server: &str,
        tool: &str,
        arguments: Map<String, Value>,
    ) -> Result<T, CallError> {
        let answer = self.read(server, tool, arguments).await?;
        // The fault's words could quote the answer, which holds customers' words.
        serde_json::from_value(answer.structured).map_err(|_| {
            CallError::permanent(format!(
                "the answer of `{tool}` is not that of Deskbell's own helpdesk server; name one in [helpdesk.poll] server"
            ))
        })
    }
}
