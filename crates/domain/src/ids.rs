//! Identifiers as newtypes, so that a channel is never passed for a user.

use std::fmt;

use serde::{Deserialize, Serialize};

macro_rules! text_ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Wraps the text as it is.
            pub fn new(text: impl Into<String>) -> Self { Self(text.into()) }
            /// The text as it is.
            pub fn as_str(&self) -> &str { &self.0 }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(&self.0) }
        }

        impl From<&str> for $name {
            fn from(text: &str) -> Self { Self(text.to_owned()) }
        }
    )+};
}

text_ids! {
    /// Slack's team id (`T…`), or the organisation's (`E…`) where an org-wide install names no team.
    WorkspaceId,
    /// Slack's conversation id (`C…`, `G…`, `D…`).
    ChannelId,
    /// Slack's user id (`U…`, `W…`), `helpdesk:…` for a requester outside Slack, `agent:…` for a caller of the desk server.
    PersonId,
    /// Slack's message timestamp, unique within its channel (`1700000000.000100`). It is an id that also sorts by time; only
    /// [`MessageTs::sent_at`] computes with it.
    MessageTs,
    /// What makes an intake event the same event: Slack's `event_id`, a webhook's id, or a digest of the body.
    EventKey,
    /// A durable job. Deterministic: the same cause gives the same id, so it is queued once.
    JobId,
    /// A squad's name in the policy.
    SquadId,
    /// A queue's name in the policy.
    QueueId,
    /// A rule's name in the policy.
    RuleId,
    /// A priority's name in the policy (`p1` … or the team's own).
    PriorityId,
    /// A category's name in the policy.
    CategoryId,
    /// SHA-256 (hex) of the policy's source: names the exact rules that decided.
    PolicyHash,
}

impl MessageTs {
    /// When Slack took the message in; `None` for what is no timestamp of Slack's.
    pub fn sent_at(&self) -> Option<jiff::Timestamp> {
        let (seconds, micros) = self.0.split_once('.')?;
        let micros = format!("{micros:0<6.6}").parse::<i32>().ok()?;
        jiff::Timestamp::new(seconds.parse().ok()?, micros.checked_mul(1000)?).ok()
    }
}

/// A ticket within its workspace: numbered from 1 in the order of arrival. People read it as `DB-42`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TicketId(u64);

impl JobId {
    /// What kind of job it is: `interpret`, `card`, `timer` …
    pub fn kind(&self) -> &str {
        // See `Effect::job_id`: workspace, ticket, kind, what makes it unique.
        self.as_str().split('/').nth(2).unwrap_or_default()
    }
}

impl TicketId {
    /// The ticket with this number.
    pub const fn new(number: u64) -> Self {
        Self(number)
    }

    /// The number without its prefix.
    pub const fn number(self) -> u64 {
        self.0
    }

    /// Reads `DB-42`, `db-42`, `#42` or `42`, as people type it.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let digits = text
            .strip_prefix("DB-")
            .or_else(|| text.strip_prefix("db-"))
            .or_else(|| text.strip_prefix('#'))
            .unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        digits.parse().ok().filter(|number| *number > 0).map(Self)
    }
}

impl fmt::Display for TicketId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DB-{}", self.0)
    }
}

/// An action of a ticket: the ordinal of the plan it belongs to and its place in that plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ActionId {
    /// The ticket.
    pub ticket: TicketId,
    /// Counts the ticket's actions from 1.
    pub ordinal: u32,
}

impl fmt::Display for ActionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/action/{}", self.ticket, self.ordinal)
    }
}

/// A message Deskbell posts about a ticket besides its card: alerts, reminders, notes in the thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct NoticeId {
    /// The ticket.
    pub ticket: TicketId,
    /// Counts the ticket's notices from 1.
    pub ordinal: u32,
}

impl fmt::Display for NoticeId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/notice/{}", self.ticket, self.ordinal)
    }
}

#[cfg(test)]
mod tests {
    use super::TicketId;

    #[test]
    fn reads_ticket_numbers_as_people_type_them() {
        for text in ["DB-42", "db-42", "#42", " 42 "] {
            assert_eq!(TicketId::parse(text), Some(TicketId::new(42)), "{text}");
        }
        for text in ["", "DB-", "0", "-1", "4 2", "42x", "99999999999999999999999"] {
            assert_eq!(TicketId::parse(text), None, "{text}");
        }
    }

    #[test]
    fn a_messages_timestamp_tells_when_it_was_sent() {
        let sent = |ts: &str| super::MessageTs::from(ts).sent_at().map(jiff::Timestamp::as_microsecond);
        assert_eq!(sent("1700000000.000100"), Some(1_700_000_000_000_100));
        assert_eq!(sent("1.5"), Some(1_500_000));
        for odd in ["", "1700000000", "x.1", "1.x"] {
            assert_eq!(sent(odd), None, "{odd}");
        }
    }
}
