//! The account's state: people, groups, views, tickets. No HTTP.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{ZendeskConfig, ZendeskCounts};

/// Statuses from the youngest to the last.
pub(super) const STATUSES: [&str; 6] = ["new", "open", "pending", "hold", "solved", "closed"];
/// Priorities from the least to the most urgent.
pub(super) const PRIORITIES: [&str; 4] = ["low", "normal", "high", "urgent"];
/// Types of a ticket.
pub(super) const TYPES: [&str; 4] = ["problem", "incident", "question", "task"];

/// The user that API requests come from.
pub(super) const OWN_ID: u64 = 360_001;
const FIRST_FREE_ID: u64 = 360_100;

/// A user.
#[derive(Debug, Clone)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) email: String,
    /// `admin`, `agent` or `end-user`.
    pub(super) role: &'static str,
}

/// A group of agents.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: u64,
    pub(super) name: &'static str,
}

/// The groups of every account.
pub(super) const GROUPS: [Group; 3] = [
    Group { id: 360_011, name: "Support" },
    Group { id: 360_012, name: "Billing" },
    Group { id: 360_013, name: "Platform" },
];

/// A view: a queue that agents work from.
pub(super) struct View {
    pub(super) id: u64,
    pub(super) title: &'static str,
    pub(super) holds: fn(&Ticket) -> bool,
}

/// The views of every account.
pub(super) const VIEWS: [View; 4] = [
    View {
        id: 360_021,
        title: "Unassigned tickets",
        holds: |ticket| ticket.is_unsolved() && ticket.assignee.is_none(),
    },
    View { id: 360_022, title: "All unsolved tickets", holds: Ticket::is_unsolved },
    View { id: 360_023, title: "Billing queue", holds: |ticket| ticket.is_unsolved() && ticket.group == Some(360_012) },
    View { id: 360_024, title: "Pending tickets", holds: |ticket| ticket.status == "pending" },
];

/// What somebody wrote on a ticket.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) audit: u64,
    pub(super) author: u64,
    pub(super) html: String,
    pub(super) plain: String,
    pub(super) public: bool,
    pub(super) at: Timestamp,
}

/// One update of a ticket.
#[derive(Debug, Clone)]
pub(super) struct Audit {
    pub(super) id: u64,
    pub(super) author: u64,
    pub(super) at: Timestamp,
    pub(super) events: Vec<Value>,
    /// What the request gave as `metadata`.
    pub(super) custom: Value,
}

/// A ticket.
#[derive(Debug, Clone)]
pub(super) struct Ticket {
    pub(super) id: u64,
    pub(super) subject: String,
    pub(super) status: &'static str,
    pub(super) priority: Option<&'static str>,
    pub(super) kind: Option<&'static str>,
    pub(super) requester: u64,
    pub(super) submitter: u64,
    pub(super) assignee: Option<u64>,
    pub(super) group: Option<u64>,
    pub(super) tags: BTreeSet<String>,
    pub(super) external_id: Option<String>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) comments: Vec<Comment>,
    pub(super) audits: Vec<Audit>,
    /// From when on searches see it.
    pub(super) searchable_at: Instant,
}

impl Ticket {
    /// Neither solved nor closed.
    pub(super) fn is_unsolved(&self) -> bool {
        !matches!(self.status, "solved" | "closed")
    }

    /// The first comment, as Zendesk shows it as the description.
    pub(super) fn description(&self) -> &str {
        self.comments.first().map_or("", |comment| comment.plain.as_str())
    }

    /// Whether the requester sees anything of it.
    pub(super) fn is_public(&self) -> bool {
        self.comments.iter().any(|comment| comment.public)
    }
}

/// What a request wants of a field that may be empty.
#[derive(Debug, Clone, Copy, Default)]
pub(super) enum Wish {
    /// As it is.
    #[default]
    Keep,
    /// This, or nothing.
    Set(Option<u64>),
}

/// What a request wants of a ticket; `None` leaves a field as it is.
#[derive(Debug, Clone, Default)]
pub(super) struct Change {
    pub(super) subject: Option<String>,
    pub(super) status: Option<&'static str>,
    pub(super) priority: Option<&'static str>,
    pub(super) kind: Option<&'static str>,
    pub(super) requester: Option<u64>,
    pub(super) assignee: Wish,
    pub(super) group: Wish,
    pub(super) tags: Option<BTreeSet<String>>,
    pub(super) external_id: Option<String>,
    /// HTML, plain words, and whether it is public when that was said.
    pub(super) comment: Option<(String, String, Option<bool>)>,
    pub(super) metadata: Value,
}

/// The answer that an idempotency key stands for.
#[derive(Debug)]
pub(super) struct Kept {
    pub(super) request: Value,
    pub(super) answer: Value,
    pub(super) until: Instant,
}

/// The whole account.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) users: Vec<User>,
    /// In the order of creation; a ticket's id is its place, counted from `first_number`.
    pub(super) tickets: Vec<Ticket>,
    pub(super) kept: BTreeMap<String, Kept>,
    pub(super) requests: u64,
    /// When requests of a limited kind were made.
    pub(super) recent: BTreeMap<&'static str, VecDeque<Instant>>,
    pub(super) first_number: u64,
    updates: u64,
    next_id: u64,
    lag_ms: RangeInclusive<u64>,
    random: SmallRng,
}

impl Account {
    pub(super) fn new(config: &ZendeskConfig) -> Self {
        let user = |id: u64, name: &str, email: &str, role: &'static str| User {
            id,
            name: name.to_owned(),
            email: email.to_owned(),
            role,
        };
        Self {
            users: vec![
                user(OWN_ID, "Deskbell", &config.email, "admin"),
                user(360_002, "Ana Torres", "ana@example.com", "agent"),
                user(360_003, "Ben Okafor", "ben@example.com", "agent"),
                user(360_004, "Ivy Cole", "ivy@customer.example", "end-user"),
            ],
            tickets: Vec::new(),
            kept: BTreeMap::new(),
            requests: 0,
            recent: BTreeMap::new(),
            updates: 0,
            first_number: 1,
            next_id: FIRST_FREE_ID,
            lag_ms: config.search_lag_ms.clone(),
            random: SmallRng::seed_from_u64(config.seed),
        }
    }

    pub(super) fn counts(&self) -> ZendeskCounts {
        let comments = |public: bool| {
            let all = self.tickets.iter().flat_map(|ticket| &ticket.comments);
            all.filter(|comment| comment.public == public).count() as u64
        };
        ZendeskCounts {
            tickets: self.tickets.len() as u64,
            public_comments: comments(true),
            internal_comments: comments(false),
            updates: self.updates,
            requests: self.requests,
        }
    }

    pub(super) fn user(&self, id: u64) -> Option<&User> {
        self.users.iter().find(|user| user.id == id)
    }

    pub(super) fn user_by_email(&self, email: &str) -> Option<&User> {
        self.users.iter().find(|user| user.email.eq_ignore_ascii_case(email))
    }

    pub(super) fn ticket(&self, id: u64) -> Option<&Ticket> {
        self.tickets.iter().find(|ticket| ticket.id == id)
    }

    /// The end user with this address, made when there is none.
    pub(super) fn end_user(&mut self, email: &str, name: &str) -> u64 {
        if let Some(known) = self.user_by_email(email) {
            return known.id;
        }
        let id = self.take_id();
        self.users.push(User { id, name: name.to_owned(), email: email.to_owned(), role: "end-user" });
        id
    }

    /// Opens a ticket on behalf of `author`; gives its id.
    pub(super) fn create(&mut self, change: Change, author: u64) -> u64 {
        let now = Timestamp::now();
        let lag = Duration::from_millis(self.random.random_range(self.lag_ms.clone()));
        let id = self.tickets.len() as u64 + self.first_number;
        self.tickets.push(Ticket {
            id,
            subject: String::new(),
            status: "new",
            priority: None,
            kind: None,
            requester: author,
            submitter: author,
            assignee: None,
            group: None,
            tags: BTreeSet::new(),
            external_id: None,
            created: now,
            updated: now,
            comments: Vec::new(),
            audits: Vec::new(),
            searchable_at: Instant::now() + lag,
        });
        self.apply(id, change, author);
        id
    }

    /// Changes a ticket through the API; gives the audit's id.
    pub(super) fn update(&mut self, id: u64, change: Change, author: u64) -> Option<u64> {
        self.updates += 1;
        self.apply(id, change, author)
    }

    /// Somebody writes on a ticket by other means than the API; gives the audit's id.
    pub(super) fn reply(&mut self, id: u64, change: Change, author: u64) -> Option<u64> {
        self.apply(id, change, author)
    }

    fn apply(&mut self, id: u64, change: Change, author: u64) -> Option<u64> {
        let (audit, comment) = (self.take_id(), self.take_id());
        let ticket = self.tickets.iter_mut().find(|ticket| ticket.id == id)?;
        let now = Timestamp::now();
        let mut events = Vec::new();
        if let Some((html, plain, public)) = change.comment {
            // A ticket that the requester sees goes on so, unless a comment says otherwise.
            let public = public.unwrap_or(ticket.comments.is_empty() || ticket.is_public());
            events.push(json!({
                "id": comment, "type": "Comment", "author_id": author, "body": plain, "html_body": html,
                "public": public, "attachments": [],
            }));
            ticket.comments.push(Comment { id: comment, audit, author, html, plain, public, at: now });
        }
        let mut change_event = |field: &str, before: Value, after: Value| {
            if before != after {
                events.push(json!({
                    "id": audit, "type": "Change", "field_name": field, "value": after, "previous_value": before,
                }));
            }
        };
        if let Some(subject) = change.subject {
            change_event("subject", json!(ticket.subject), json!(subject));
            ticket.subject = subject;
        }
        if let Some(requester) = change.requester {
            ticket.requester = requester;
        }
        if let Wish::Set(group) = change.group {
            change_event("group_id", json!(ticket.group), json!(group));
            ticket.group = group;
        }
        if let Wish::Set(assignee) = change.assignee {
            change_event("assignee_id", json!(ticket.assignee), json!(assignee));
            ticket.assignee = assignee;
        }
        let opened = (ticket.status == "new" && ticket.assignee.is_some()).then_some("open");
        if let Some(status) = change.status.or(opened) {
            change_event("status", json!(ticket.status), json!(status));
            ticket.status = status;
        }
        if change.priority.is_some() {
            change_event("priority", json!(ticket.priority), json!(change.priority));
            ticket.priority = change.priority;
        }
        ticket.kind = change.kind.or(ticket.kind);
        if let Some(tags) = change.tags {
            change_event("tags", json!(ticket.tags), json!(tags));
            ticket.tags = tags;
        }
        ticket.external_id = change.external_id.or(ticket.external_id.take());
        ticket.updated = now;
        ticket.audits.push(Audit { id: audit, author, at: now, events, custom: change.metadata });
        Some(audit)
    }

    fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}
