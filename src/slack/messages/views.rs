//! Modals.

use serde::Serialize;

use super::learning::SimilarLine;
use super::shared::Tone;

view_model! {
    /// The modal that is opened at once, before anything is known.
    pub struct LoadingView {
        /// The modal's title.
        pub title: String,
    }

    /// An option of a select.
    pub struct Choice {
        /// What comes back; at most 150 UTF-16 units.
        pub value: String,
        /// What is shown.
        pub label: String,
    }

    /// The modal that changes a proposal before it is confirmed. A select shows 100 options and is left out when it has none.
    pub struct ChangeView {
        /// `private_metadata`
        pub ticket_id: String,
        /// `DB-42`
        pub number: String,
        /// One sentence.
        pub summary: String,
        /// All squads.
        pub squads: Vec<Choice>,
        /// The proposed squad's value.
        pub squad: Option<String>,
        /// All priorities.
        pub priorities: Vec<Choice>,
        /// The proposed priority's value.
        pub priority: Option<String>,
        /// All categories.
        pub categories: Vec<Choice>,
        /// The proposed category's value.
        pub category: Option<String>,
        /// What was decided about requests that read alike; the view shows 3.
        pub similar: Vec<SimilarLine>,
    }

    /// The modal for a new request.
    pub struct NewTicketView {
        /// Filled in already.
        pub text: Option<String>,
        /// All priorities.
        pub priorities: Vec<Choice>,
        /// Chosen already.
        pub channel_id: Option<String>,
        /// Requests that read like what is typed, once they were looked for; the form shows 3.
        pub similar: Option<Vec<SimilarLine>>,
    }

    /// A modal that only tells something.
    pub struct MessageView {
        /// The modal's title.
        pub title: String,
        /// How it is meant.
        pub tone: Tone,
        /// What it tells.
        pub text: String,
        /// Who it is about: `already decided by`.
        pub by_user_id: Option<String>,
        /// The people or channels it speaks of, at the end; it mentions 20.
        pub mention_ids: Vec<String>,
    }
}
