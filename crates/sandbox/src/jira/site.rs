//! The site's state: projects, people, issues. No HTTP and no JSON but the documents themselves.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::Value;
use tokio::time::Instant;

use super::history::{self, Change, Happening};
use super::{JiraConfig, JiraCounts};
use crate::record::Exchanges;

/// A status and its category.
#[derive(Debug)]
pub(super) struct Status {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    /// `new`, `indeterminate` or `done`.
    pub(super) category: &'static str,
    /// Id of the transition that leads to it from anywhere.
    pub(super) transition_id: &'static str,
}

/// The board's columns from left to right; each can be reached from every other one.
pub(super) const STATUSES: [Status; 4] = [
    Status { id: "10000", name: "To Do", category: "new", transition_id: "11" },
    Status { id: "3", name: "In Progress", category: "indeterminate", transition_id: "21" },
    Status { id: "10001", name: "In Review", category: "indeterminate", transition_id: "31" },
    Status { id: "10002", name: "Done", category: "done", transition_id: "41" },
];

/// Issue types as (id, name); every project has all of them.
pub(super) const ISSUE_TYPES: [(&str, &str); 4] =
    [("10001", "Bug"), ("10002", "Task"), ("10003", "Story"), ("10004", "Incident")];

/// Priorities as (id, name), the most urgent first.
pub(super) const PRIORITIES: [(&str, &str); 5] =
    [("1", "Highest"), ("2", "High"), ("3", "Medium"), ("4", "Low"), ("5", "Lowest")];

/// The types of links as (id, name, inward, outward).
pub(super) const LINK_TYPES: [(&str, &str, &str, &str); 3] = [
    ("10000", "Blocks", "is blocked by", "blocks"),
    ("10001", "Duplicate", "is duplicated by", "duplicates"),
    ("10002", "Relates", "relates to", "relates to"),
];

/// A sprint of a board.
#[derive(Debug)]
pub(super) struct Sprint {
    pub(super) id: u64,
    /// Id of its board, which is the place of its project in [`PROJECTS`], from 1.
    pub(super) board_id: u64,
    pub(super) name: &'static str,
    /// `closed`, `active` or `future`.
    pub(super) state: &'static str,
}

/// The sprints that every site has; a board has two, but the last, which has none.
pub(super) const SPRINTS: [Sprint; 6] = [
    Sprint { id: 101, board_id: 1, name: "PAY Sprint 7", state: "closed" },
    Sprint { id: 102, board_id: 1, name: "PAY Sprint 8", state: "active" },
    Sprint { id: 201, board_id: 2, name: "PLAT Sprint 3", state: "active" },
    Sprint { id: 202, board_id: 2, name: "PLAT Sprint 4", state: "future" },
    Sprint { id: 301, board_id: 3, name: "IAM Sprint 11", state: "active" },
    Sprint { id: 302, board_id: 3, name: "IAM Sprint 12", state: "future" },
];

/// Account id of whoever moves issues on the board.
const PERSON_AT_THE_BOARD: &str = "712020:ana";

/// The priority of an issue that names none.
const PRIORITY_DEFAULT: &str = "Medium";

/// A project.
#[derive(Debug)]
pub(super) struct Project {
    pub(super) id: &'static str,
    pub(super) key: &'static str,
    pub(super) name: &'static str,
    pub(super) components: &'static [&'static str],
}

/// The projects that every site has.
pub(super) const PROJECTS: [Project; 4] = [
    Project { id: "10010", key: "PAY", name: "Payments", components: &["Checkout", "Invoicing", "Refunds"] },
    Project { id: "10020", key: "PLAT", name: "Platform", components: &["API", "Infrastructure", "Web"] },
    Project { id: "10030", key: "IAM", name: "Identity and Access", components: &["Login", "SSO", "Permissions"] },
    Project { id: "10040", key: "SUP", name: "Customer Support", components: &["General"] },
];

/// An account.
#[derive(Debug, Clone)]
pub(super) struct Account {
    /// Cloud's account id.
    pub(super) id: String,
    /// Data Center's user name.
    pub(super) user_name: String,
    pub(super) name: String,
    pub(super) email: String,
}

/// A comment.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) author: String,
    pub(super) body: Value,
    pub(super) properties: Value,
    pub(super) created: Timestamp,
}

/// What an issue is made of, before it has a key.
#[derive(Debug, Clone)]
pub(super) struct Draft {
    pub(super) project: &'static Project,
    pub(super) issue_type: (&'static str, &'static str),
    pub(super) summary: String,
    pub(super) description: Value,
    pub(super) priority: Option<(&'static str, &'static str)>,
    pub(super) assignee: Option<String>,
    pub(super) labels: Vec<String>,
    pub(super) components: Vec<&'static str>,
    /// Custom fields as they were given.
    pub(super) other: BTreeMap<String, Value>,
}

/// An issue.
#[derive(Debug, Clone)]
pub(super) struct Issue {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) draft: Draft,
    pub(super) status: &'static Status,
    /// Since when it is resolved.
    pub(super) resolved: Option<Timestamp>,
    pub(super) comments: Vec<Comment>,
    /// What changed, oldest first.
    pub(super) history: Vec<Change>,
    /// Properties by their keys.
    pub(super) properties: BTreeMap<String, Value>,
    /// Ids of its sprints, the last one counts.
    pub(super) sprints: Vec<u64>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    /// From when on searches see it.
    pub(super) searchable_at: Instant,
}

/// A link between two issues: the inward one does to the outward one what the type's outward name says (`blocks`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Link {
    pub(super) id: u64,
    pub(super) kind: (&'static str, &'static str, &'static str, &'static str),
    /// Key of the issue that `inwardIssue` named.
    pub(super) inward: String,
    /// Key of the issue that `outwardIssue` named.
    pub(super) outward: String,
}

/// The whole site.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) exchanges: Exchanges,
    /// What webhooks have not told yet.
    pub(super) outbox: Vec<Happening>,
    pub(super) links: Vec<Link>,
    pub(super) accounts: Vec<Account>,
    /// In the order of creation.
    pub(super) issues: Vec<Issue>,
    pub(super) requests: u64,
    positions: BTreeMap<String, usize>,
    last_number: BTreeMap<&'static str, u64>,
    next_id: u64,
    transitions: u64,
    lag_ms: std::ops::RangeInclusive<u64>,
    random: SmallRng,
}

impl Site {
    pub(super) fn new(config: &JiraConfig) -> Self {
        let person = |id: &str, name: &str, email: &str| Account {
            id: id.to_owned(),
            user_name: id.split(':').next_back().unwrap_or_default().to_owned(),
            name: name.to_owned(),
            email: email.to_owned(),
        };
        Self {
            exchanges: Exchanges::default(),
            outbox: Vec::new(),
            links: Vec::new(),
            accounts: vec![
                person("712020:deskbell", "Deskbell", &config.email),
                person("712020:ana", "Ana Torres", "ana@example.com"),
                person("712020:ben", "Ben Okafor", "ben@example.com"),
                person("712020:chen", "Chen Wei", "chen@example.com"),
                person("712020:dara", "Dara Singh", "dara@example.com"),
                person("712020:carla", "Carla Mendes", "carla@northwind.example"),
                person("712020:elena", "Elena Rossi", "elena@northwind.example"),
            ],
            issues: Vec::new(),
            requests: 0,
            positions: BTreeMap::new(),
            last_number: BTreeMap::new(),
            next_id: 10_100,
            transitions: 0,
            lag_ms: config.search_lag_ms.clone(),
            random: SmallRng::seed_from_u64(config.seed),
        }
    }

    pub(super) fn counts(&self) -> JiraCounts {
        let comments = self.issues.iter().map(|issue| issue.comments.len() as u64).sum();
        JiraCounts {
            issues: self.issues.len() as u64,
            comments,
            transitions: self.transitions,
            requests: self.requests,
        }
    }

    /// The account that API requests come from.
    pub(super) fn own_account_id(&self) -> String {
        self.accounts.first().map(|own| own.id.clone()).unwrap_or_default()
    }

    pub(super) fn account(&self, id: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.id == id)
    }

    pub(super) fn user_named(&self, user_name: &str) -> Option<&Account> {
        self.accounts.iter().find(|account| account.user_name.eq_ignore_ascii_case(user_name))
    }

    /// The issue by its key (in any case) or its id.
    pub(super) fn issue(&self, key_or_id: &str) -> Option<&Issue> {
        self.issues.get(self.position(key_or_id)?)
    }

    pub(super) fn issue_mut(&mut self, key_or_id: &str) -> Option<&mut Issue> {
        let position = self.position(key_or_id)?;
        self.issues.get_mut(position)
    }

    fn position(&self, key_or_id: &str) -> Option<usize> {
        self.positions.get(&key_or_id.to_ascii_uppercase()).copied()
    }

    /// Adds the issue and draws how long searches miss it; gives its id and key.
    pub(super) fn create(&mut self, mut draft: Draft) -> (u64, String) {
        let number = self.last_number.entry(draft.project.key).or_default();
        *number += 1;
        let key = format!("{}-{number}", draft.project.key);
        let id = self.take_id();
        let lag = Duration::from_millis(self.random.random_range(self.lag_ms.clone()));
        let now = Timestamp::now();
        draft.priority = draft.priority.or_else(|| priority_named(PRIORITY_DEFAULT));
        let position = self.issues.len();
        self.positions.insert(key.clone(), position);
        self.positions.insert(id.to_string(), position);
        let [first, ..] = &STATUSES;
        self.issues.push(Issue {
            id,
            key: key.clone(),
            draft,
            status: first,
            resolved: None,
            comments: Vec::new(),
            history: Vec::new(),
            properties: BTreeMap::new(),
            sprints: Vec::new(),
            created: now,
            updated: now,
            searchable_at: Instant::now() + lag,
        });
        self.outbox.push(Happening { key: key.clone(), change: None });
        (id, key)
    }

    /// Adds a comment; `None` when there is no such issue.
    pub(super) fn comment(&mut self, key: &str, body: Value, properties: Value) -> Option<Comment> {
        let comment =
            Comment { id: self.take_id(), author: self.own_account_id(), body, properties, created: Timestamp::now() };
        let issue = self.issue_mut(key)?;
        issue.updated = comment.created;
        issue.comments.push(comment.clone());
        Some(comment)
    }

    /// Makes a transition through the API. False when it does not exist.
    pub(super) fn transition(&mut self, key: &str, transition_id: &str) -> bool {
        let target = STATUSES.iter().find(|status| status.transition_id == transition_id);
        let own = self.own_account_id();
        let moved = target.is_some_and(|status| self.move_to(key, status.name, &own));
        self.transitions += u64::from(moved);
        moved
    }

    /// Moves the issue as a person on the board does. False when the issue or the status does not exist.
    pub(super) fn move_as_person(&mut self, key: &str, status_name: &str) -> bool {
        self.move_to(key, status_name, PERSON_AT_THE_BOARD)
    }

    fn move_to(&mut self, key: &str, status_name: &str, author: &str) -> bool {
        let Some(status) = STATUSES.iter().find(|status| status.name.eq_ignore_ascii_case(status_name)) else {
            return false;
        };
        self.edit(key, author, |issue| {
            issue.status = status;
            issue.resolved = (status.category == "done").then(|| issue.resolved.unwrap_or_else(Timestamp::now));
        })
        .is_some()
    }

    /// Changes the issue, and remembers what changed; `None` when there is no such issue.
    pub(super) fn edit<T>(&mut self, key: &str, author: &str, act: impl FnOnce(&mut Issue) -> T) -> Option<T> {
        let id = self.take_id();
        let issue = self.issue_mut(key)?;
        let before = history::recorded(issue);
        let result = act(issue);
        let items = history::differences(before, history::recorded(issue));
        issue.updated = Timestamp::now();
        if !items.is_empty() {
            let change = Change { id, author: author.to_owned(), created: issue.updated, items };
            issue.history.push(change.clone());
            let key = issue.key.clone();
            self.outbox.push(Happening { key, change: Some(change) });
        }
        Some(result)
    }

    /// Links two issues that exist; linking them again the same way changes nothing, as at Jira.
    pub(super) fn link(
        &mut self,
        kind: (&'static str, &'static str, &'static str, &'static str),
        inward: &str,
        outward: &str,
    ) {
        let same = |link: &Link| link.kind == kind && link.inward == inward && link.outward == outward;
        if !self.links.iter().any(same) {
            let link = Link { id: self.take_id(), kind, inward: inward.to_owned(), outward: outward.to_owned() };
            self.links.push(link);
        }
    }

    fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

pub(super) fn project_named(key_or_id: &str) -> Option<&'static Project> {
    PROJECTS.iter().find(|project| project.key.eq_ignore_ascii_case(key_or_id) || project.id == key_or_id)
}

pub(super) fn priority_named(name_or_id: &str) -> Option<(&'static str, &'static str)> {
    named(&PRIORITIES, name_or_id)
}

pub(super) fn issue_type_named(name_or_id: &str) -> Option<(&'static str, &'static str)> {
    named(&ISSUE_TYPES, name_or_id)
}

pub(super) fn link_type_named(name_or_id: &str) -> Option<(&'static str, &'static str, &'static str, &'static str)> {
    LINK_TYPES.iter().copied().find(|(id, name, ..)| *id == name_or_id || name.eq_ignore_ascii_case(name_or_id))
}

fn named(pairs: &'static [(&'static str, &'static str)], name_or_id: &str) -> Option<(&'static str, &'static str)> {
    pairs.iter().copied().find(|(id, name)| *id == name_or_id || name.eq_ignore_ascii_case(name_or_id))
}
