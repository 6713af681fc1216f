//! The tools that read.

use serde_json::Value;

use super::Zendesk;
use super::client::{From, list, next_cursor};
use super::shown::{Named, number, person, ticket, word};
use crate::failure::ToolFailure;
use crate::helpdesk::schema::{
    Changes, Comments, FoundTickets, History, InternalComment, ListChanges, ListComments, ListQueues, PublicComment,
    Queue, Queues, RequesterHistory, SearchTickets, Ticket,
};
use crate::marker::marker;

/// The largest page of a list or a search.
const RESULTS_MAX: u32 = 100;
/// The page size of a list or a search that names none.
const RESULTS_DEFAULT: u32 = 20;
/// Tickets of a history that names no number.
const HISTORY_DEFAULT: u32 = 10;
/// The largest page of the incremental export.
const CHANGES_MAX: u32 = 1_000;
/// The page size of an export that names none.
const CHANGES_DEFAULT: u32 = 100;
/// Views per request that counts, <https://developer.zendesk.com/api-reference/ticketing/business-rules/views/#count-tickets-in-views>.
const COUNTED_AT_ONCE: usize = 20;
/// Queues that are counted at most: three of the six requests in five minutes that Zendesk allows.
const QUEUES_MAX: usize = 60;

impl Zendesk {
    /// `get_ticket`.
    pub(in crate::helpdesk) async fn ticket(&self, id: &str) -> Result<Ticket, ToolFailure> {
        let body = self.client.ticket(ticket_id(id)?).await?;
        Ok(ticket(&self.client, body.get("ticket").unwrap_or(&Value::Null), &Named::of(&body)))
    }

    /// `find_by_idempotency_key`.
    pub(in crate::helpdesk) async fn created_with(&self, key: &str) -> Result<Option<Ticket>, ToolFailure> {
        let found = self.marked_ticket(&marker(key)).await?;
        Ok(found.map(|found| ticket(&self.client, &found, &Named::default())))
    }

    /// `list_comments`.
    pub(in crate::helpdesk) async fn comments(&self, wanted: &ListComments) -> Result<Comments, ToolFailure> {
        let size = wanted.max_results.unwrap_or(RESULTS_DEFAULT).clamp(1, RESULTS_MAX);
        let after = wanted.next_page_token.as_deref();
        let body = self.client.comments(ticket_id(&wanted.ticket_id)?, size, after).await?;
        let named = Named::of(&body);
        let (mut public_messages, mut internal_notes) = (Vec::new(), Vec::new());
        for comment in list(&body, "comments") {
            let id = number(&comment, "id").unwrap_or_default().to_string();
            let author = named.person(number(&comment, "author_id").unwrap_or_default());
            let text = word(&comment, "plain_body").or_else(|| word(&comment, "body")).unwrap_or_default();
            let created_at = word(&comment, "created_at").unwrap_or_default();
            // What does not say that it is public is not.
            if comment.get("public").and_then(Value::as_bool) == Some(true) {
                public_messages.push(PublicComment { message_id: id, author, text, created_at });
            } else {
                internal_notes.push(InternalComment { note_id: id, author, text, created_at });
            }
        }
        Ok(Comments { public_messages, internal_notes, next_page_token: next_cursor(&body) })
    }

    /// `list_queues`.
    pub(in crate::helpdesk) async fn queues(&self, wanted: &ListQueues) -> Result<Queues, ToolFailure> {
        let mut views: Vec<(String, String)> = self
            .client
            .views()
            .await?
            .iter()
            .filter_map(|view| Some((number(view, "id")?.to_string(), word(view, "title")?)))
            .filter(|(_, title)| is_wanted(title, wanted.titles.as_deref()))
            .collect();
        let truncated = views.len() > QUEUES_MAX;
        views.truncate(QUEUES_MAX);
        let mut counts = Vec::new();
        for some in views.chunks(COUNTED_AT_ONCE) {
            let ids: Vec<String> = some.iter().map(|(id, _)| id.clone()).collect();
            counts.extend(self.client.view_counts(&ids).await?);
        }
        let queues = views.into_iter().map(|(queue_id, title)| {
            let of_this = |count: &&Value| number(count, "view_id").is_some_and(|id| id.to_string() == queue_id);
            let count = counts.iter().find(of_this);
            Queue {
                tickets: count.and_then(|count| number(count, "value")),
                fresh: count.and_then(|count| count.get("fresh")?.as_bool()) == Some(true),
                queue_id,
                title,
            }
        });
        Ok(Queues { queues: queues.collect(), truncated })
    }

    /// `requester_history`.
    pub(in crate::helpdesk) async fn history(&self, wanted: &RequesterHistory) -> Result<History, ToolFailure> {
        let email = wanted.email.trim();
        // It becomes part of a query, in which these would mean something.
        if !email.contains('@') || email.contains(|odd: char| odd.is_whitespace() || odd == '"') {
            return Err(ToolFailure::permanent("email is not an e-mail address; give one such as ann@example.com"));
        }
        let users = self.client.users(&format!("email:{email}")).await?;
        let exact = |user: &&Value| word(user, "email").is_some_and(|address| address.eq_ignore_ascii_case(email));
        let Some((known, id)) = users.iter().find(exact).and_then(|user| Some((user, number(user, "id")?))) else {
            return Ok(History { requester: None, tickets_total: 0, tickets_unsolved: 0, tickets: Vec::new() });
        };
        let size = wanted.max_results.unwrap_or(HISTORY_DEFAULT).clamp(1, RESULTS_MAX);
        let query = format!("type:ticket requester:{id}");
        let all = self.client.search(&query, "created_at", size, 1).await?;
        let unsolved = self.client.search(&format!("{query} status<solved"), "created_at", 1, 1).await?;
        Ok(History {
            requester: Some(person(known)),
            tickets_total: number(&all, "count").unwrap_or_default(),
            tickets_unsolved: number(&unsolved, "count").unwrap_or_default(),
            tickets: self.tickets(&all, "results"),
        })
    }

    /// `search_tickets`.
    pub(in crate::helpdesk) async fn search(&self, wanted: &SearchTickets) -> Result<FoundTickets, ToolFailure> {
        let size = wanted.max_results.unwrap_or(RESULTS_DEFAULT).clamp(1, RESULTS_MAX);
        let page: u32 = match wanted.next_page_token.as_deref() {
            None => 1,
            Some(token) => token.parse().map_err(|_| {
                ToolFailure::permanent("next_page_token is not one of an answer of search_tickets; leave it out")
            })?,
        };
        let query = format!("type:ticket {}", wanted.query.trim());
        let body = self.client.search(&query, "updated_at", size, page).await?;
        let more = body.get("next_page").is_some_and(Value::is_string);
        Ok(FoundTickets {
            tickets: self.tickets(&body, "results"),
            total: number(&body, "count").unwrap_or_default(),
            next_page_token: more.then(|| page.saturating_add(1).to_string()),
        })
    }

    /// `list_changes`.
    pub(in crate::helpdesk) async fn changes(&self, wanted: &ListChanges) -> Result<Changes, ToolFailure> {
        let from = match (wanted.since_unix_seconds, &wanted.cursor) {
            (Some(seconds), None) => From::Time(seconds),
            (None, Some(cursor)) => From::Cursor(cursor.clone()),
            _ => return Err(ToolFailure::permanent("Give exactly one of since_unix_seconds and cursor")),
        };
        let size = wanted.max_results.unwrap_or(CHANGES_DEFAULT).clamp(1, CHANGES_MAX);
        let body = self.client.changes(&from, size).await?;
        let mut tickets = self.tickets(&body, "tickets");
        if wanted.without_descriptions == Some(true) {
            for ticket in &mut tickets {
                ticket.description = None;
            }
        }
        Ok(Changes {
            tickets,
            cursor: word(&body, "after_cursor"),
            end_of_stream: body.get("end_of_stream").and_then(Value::as_bool).unwrap_or(true),
        })
    }

    fn tickets(&self, body: &Value, name: &str) -> Vec<Ticket> {
        let named = Named::of(body);
        list(body, name).iter().map(|found| ticket(&self.client, found, &named)).collect()
    }
}

fn is_wanted(title: &str, wanted: Option<&[String]>) -> bool {
    let title = title.to_lowercase();
    wanted.is_none_or(|titles| titles.iter().any(|part| title.contains(&part.to_lowercase())))
}

/// Zendesk's ids are numbers.
pub(super) fn ticket_id(text: &str) -> Result<u64, ToolFailure> {
    text.trim().trim_start_matches('#').parse().map_err(|_| {
        ToolFailure::permanent(format!("{text:?} is no ticket id of Zendesk's; give its number, such as 35436"))
    })
}
