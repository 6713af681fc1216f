//! What several messages speak of.

use serde::Serialize;

view_model! {
    /// Who asks or acts.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Party {
        /// A member of the Slack workspace, mentioned by id.
        Slack {
            /// `U...` or `W...`
            user_id: String,
        },
        /// Somebody known by name only, such as a helpdesk's customer.
        Named {
            /// Shown as text.
            name: String,
        },
    }

    /// Who or what settled a decision.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum Decider {
        /// A person's click.
        Person {
            /// `U...` or `W...`
            user_id: String,
        },
        /// A rule in mode `auto`.
        Rule {
            /// The rule's name.
            name: String,
        },
        /// Nobody answered in time.
        Expiry,
    }

    /// An issue, story or case in a tracker.
    pub struct IssueLink {
        /// The tracker as people call it: `Jira`.
        pub tracker: String,
        /// Its status, as far as the tracker told it.
        pub status: Option<String>,
        /// `OPS-17`
        pub key: String,
        /// http(s); without it the key is shown alone.
        pub url: Option<String>,
    }

    /// When something is owed to the customer.
    pub struct Sla {
        /// First response due.
        pub first_response_due_unix: Option<i64>,
        /// Resolution due.
        pub resolution_due_unix: Option<i64>,
        /// A target is missed already.
        pub breached: bool,
    }

    /// How far an escalation has come.
    pub struct Escalation {
        /// The level alerted last, from 1.
        pub level: u32,
        /// Who is on it.
        pub acknowledged_by_user_id: Option<String>,
        /// When the ops channel heard that nobody answers.
        pub unanswered_unix: Option<i64>,
    }

    /// How a notice is meant.
    #[serde(rename_all = "snake_case")]
    pub enum Tone {
        /// It worked.
        Ok,
        /// It worked in part, or not as expected.
        Warning,
        /// It did not work.
        Error,
    }
}
