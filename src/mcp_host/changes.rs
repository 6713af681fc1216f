//! Asking a helpdesk's server which tickets are new or changed, by tools that only read.

use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

use super::{CallError, McpHost};

/// Lists changed tickets; of Deskbell's own helpdesk server.
const CHANGES_TOOL: &str = "list_changes";
/// Lists a ticket's comments; of the same.
const COMMENTS_TOOL: &str = "list_comments";
/// Tickets or comments a call: so few that the vendor's answer fits too, however long each is.
const PAGE: u32 = 25;
/// Pages of one ticket's comments that are read.
const COMMENT_PAGES_MAX: usize = 200;

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

/// A ticket's comments, as far as they can be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadComments {
    /// The oldest first.
    pub comments: Vec<PublicComment>,
    /// Why older ones can't be read, now or later.
    pub unread: Option<CallError>,
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

impl PublicComment {
    /// When it was written; the helpdesk tells whole seconds.
    pub fn written_at(&self) -> Option<Timestamp> {
        self.created_at.parse().ok()
    }
}

/// Those of one second in the order of their numbers.
fn oldest_first(comments: &mut [PublicComment]) {
    comments.sort_by_key(|comment| (comment.written_at(), comment.message_id.parse::<u64>().ok()));
}

impl McpHost {
    /// A page of tickets that are new or changed. One that is too large is asked for again with half as many tickets, and at
    /// last with one whose description is left out.
    ///
    /// # Errors
    /// What the server, or the vendor behind it, says; also when the tool is not said to only read: then nothing is sent.
    pub async fn helpdesk_changes(&self, server: &str, from: &ChangesFrom) -> Result<ChangedPage, CallError> {
        let mut arguments = Map::new();
        match from {
            ChangesFrom::Time(seconds) => arguments.insert("since_unix_seconds".to_owned(), json!(seconds)),
            ChangesFrom::Cursor(cursor) => arguments.insert("cursor".to_owned(), json!(cursor)),
        };
        match self.helpdesk_page_that_fits(server, CHANGES_TOOL, &arguments).await {
            Err(CallError::TooLarge { size }) => {
                metrics::counter!("deskbell_helpdesk_unread_total", "what" => "description").increment(1);
                tracing::error!(
                    server,
                    size,
                    "a ticket is too large to be read: its description is left out; raise response_limit of the [mcp] section"
                );
                arguments.insert("max_results".to_owned(), json!(1));
                arguments.insert("without_descriptions".to_owned(), json!(true));
                self.helpdesk_page(server, CHANGES_TOOL, arguments).await
            }
            page => page,
        }
    }

    /// A ticket's public comments, the oldest first.
    ///
    /// # Errors
    /// What may be otherwise the next time. What stays so, is in the result.
    pub async fn helpdesk_comments(&self, server: &str, ticket: &str) -> Result<ReadComments, CallError> {
        let mut comments = Vec::new();
        let mut next: Option<String> = None;
        let mut unread = None;
        for _ in 0..COMMENT_PAGES_MAX {
            let mut arguments = Map::from_iter([("ticket_id".to_owned(), json!(ticket))]);
            if let Some(token) = next.take() {
                arguments.insert("next_page_token".to_owned(), Value::from(token));
            }
            let page: CommentsPage = match self.helpdesk_page_that_fits(server, COMMENTS_TOOL, &arguments).await {
                Ok(page) => page,
                Err(
                    error @ (CallError::TooLarge { .. } | CallError::Permanent { .. } | CallError::Unclassified { .. }),
                ) => {
                    unread = Some(error);
                    break;
                }
                Err(error) => return Err(error),
            };
            comments.extend(page.public_messages);
            match page.next_page_token {
                Some(token) => next = Some(token),
                None => break,
            }
        }
        oldest_first(&mut comments);
        Ok(ReadComments { comments, unread })
    }

    /// A page, as large as is taken.
    async fn helpdesk_page_that_fits<T: DeserializeOwned>(
        &self,
        server: &str,
        tool: &str,
        arguments: &Map<String, Value>,
    ) -> Result<T, CallError> {
        let mut wanted = PAGE;
        loop {
            let mut arguments = arguments.clone();
            arguments.insert("max_results".to_owned(), json!(wanted));
            match self.helpdesk_page(server, tool, arguments).await {
                Err(CallError::TooLarge { .. }) if wanted > 1 => wanted /= 2,
                page => return page,
            }
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_are_put_in_the_order_of_writing() {
        let comment = |id: &str, created_at: &str| PublicComment {
            message_id: id.to_owned(),
            author: HelpdeskPerson { person_id: "1".to_owned(), name: None, email: None },
            text: String::new(),
            created_at: created_at.to_owned(),
        };
        let mut comments = vec![
            comment("12", "2026-01-02T03:04:06Z"),
            comment("11", "2026-01-02T03:04:05Z"),
            comment("9", "2026-01-02T03:04:05Z"),
            comment("8", "2026-01-02T03:04:04Z"),
        ];
        oldest_first(&mut comments);
        let ids: Vec<&str> = comments.iter().map(|comment| comment.message_id.as_str()).collect();
        assert_eq!(ids, ["8", "9", "11", "12"]);
    }
}
