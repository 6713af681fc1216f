//! What an MCP server asks a person in the middle of a call.

use serde::Serialize;

use super::views::Choice;

view_model! {
    /// The question, to whoever may answer. The words are the server's.
    pub struct QuestionMessage {
        /// The buttons' value.
        pub question_id: String,
        /// The value of the button that ends the call.
        pub call: String,
        /// `DB-42`
        pub number: String,
        /// The ticket's conversation.
        pub ticket_url: Option<String>,
        /// The server's configured name.
        pub server: String,
        /// Its tool.
        pub tool: String,
        /// What is being done: `Creating the issue`.
        pub step: String,
        /// What the server says.
        pub words: String,
        /// Where it wants somebody to go.
        pub page: Option<AskedPage>,
        /// Titles of what it wants filled in; the message shows 10.
        pub fields: Vec<String>,
        /// Who may answer, where nobody is asked directly.
        pub mention_ids: Vec<String>,
        /// How long it waits.
        pub until_unix: i64,
        /// What became of it.
        pub status: QuestionStatus,
    }

    /// A page that a server wants somebody to open.
    pub struct AskedPage {
        /// Its address.
        pub url: String,
        /// The address' host.
        pub host: String,
    }

    /// What became of a question; only `Open` has buttons.
    #[serde(tag = "state", rename_all = "snake_case")]
    pub enum QuestionStatus {
        /// It waits.
        Open,
        /// A person answered.
        Accepted {
            /// Who.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// A person said no.
        Declined {
            /// Who.
            by_user_id: String,
            /// When.
            at_unix: i64,
        },
        /// Nobody answered in time.
        Lapsed {
            /// When.
            at_unix: i64,
        },
        /// The call ended before.
        Closed {
            /// When.
            at_unix: i64,
        },
    }

    /// The form behind a question.
    pub struct QuestionView {
        /// `private_metadata`
        pub question_id: String,
        /// `DB-42`
        pub number: String,
        /// The server's configured name.
        pub server: String,
        /// Its tool.
        pub tool: String,
        /// What the server says.
        pub words: String,
        /// What it wants; the form shows 40. Block and element of each are named `field_` and its place, from 0.
        pub fields: Vec<AskedField>,
    }

    /// A field of the form.
    pub struct AskedField {
        /// What people read.
        pub title: String,
        /// More of it.
        pub hint: Option<String>,
        /// It may be left empty.
        pub optional: bool,
        /// What of the last answer does not fit.
        pub problem: Option<String>,
        /// `line`, `lines`, `email`, `url`, `date`, `moment`, `whole`, `number`, `one` or `several`.
        pub input: String,
        /// Stands in it.
        pub value: Option<String>,
        /// Stands in it, for `moment`.
        pub moment_unix: Option<i64>,
        /// For `one` and `several`.
        pub choices: Vec<Choice>,
        /// The chosen values.
        pub chosen: Vec<String>,
        /// Fewest characters.
        pub fewest: Option<u32>,
        /// Most characters or choices.
        pub most: Option<u32>,
        /// The least number.
        pub least: Option<f64>,
        /// The largest number.
        pub largest: Option<f64>,
    }
}
