//! What the knowledge base says, and what it lacks.

use serde::Serialize;

view_model! {
    /// What the knowledge base says to a question: to one person, in a thread, or to a ticket's requester.
    pub struct KbAnswer {
        /// The buttons' value; absent where nothing is to be pressed.
        pub answer_id: Option<String>,
        /// As asked; absent where it stands right above.
        pub question: Option<String>,
        /// How sure it is.
        pub kind: AnswerKind,
        /// The language model that put it in words; absent where passages are quoted.
        pub written_by: Option<String>,
        /// The answer; the message shows 8.
        pub statements: Vec<Statement>,
        /// What it is taken from; the message shows 8.
        pub sources: Vec<Source>,
        /// What was found besides, or may be near; the message shows 5.
        pub near: Vec<Passage>,
        /// The servers that were asked too and brought nothing that can be used.
        pub without: Option<String>,
        /// What the bot does along with it.
        pub steps: Vec<AnswerStep>,
        /// What became of it.
        pub outcome: Option<AnswerOutcome>,
    }

    /// How sure an answer is.
    #[serde(rename_all = "snake_case")]
    pub enum AnswerKind {
        /// It answers.
        Answer,
        /// This was found; how well it answers nobody tells.
        Found,
        /// Too thin to answer with.
        Thin,
        /// Nothing was found.
        Nothing,
    }

    /// How far something is that goes along with an answer.
    #[serde(rename_all = "snake_case")]
    pub enum StepState {
        /// Not done yet.
        UnderWay,
        /// Done.
        Done,
        /// A person does it.
        ByHand,
        /// It was not done, or nobody knows.
        Failed,
    }

    /// Something that goes along with an answer.
    pub struct AnswerStep {
        /// What, as the company calls it.
        pub name: String,
        /// How far it is.
        pub state: StepState,
    }

    /// One thing that is said.
    pub struct Statement {
        /// The words.
        pub text: String,
        /// Numbers of the sources.
        pub sources: Vec<u32>,
    }

    /// Where something stands.
    pub struct Source {
        /// From 1.
        pub number: u32,
        /// The page, and the heading in it.
        pub title: String,
        /// Where to read on.
        pub url: Option<String>,
        /// The page's version.
        pub version: Option<String>,
    }

    /// A piece of a document.
    pub struct Passage {
        /// The page, and the heading in it.
        pub title: String,
        /// What it says, in short.
        pub snippet: String,
        /// Where to read on.
        pub url: Option<String>,
    }

    /// What became of an answer.
    #[serde(tag = "kind", rename_all = "snake_case")]
    pub enum AnswerOutcome {
        /// It helped.
        Solved {
            /// Who says so.
            by_user_id: String,
            /// How long a reply opens the ticket again.
            reply_within: Option<String>,
        },
        /// It did not.
        NotHelpful {
            /// Who says so.
            by_user_id: String,
            /// The squad that has it now.
            handed_to: Option<String>,
        },
        /// A person was wanted.
        AskedPerson {
            /// Who wanted one.
            by_user_id: String,
            /// The squad that has it now.
            handed_to: Option<String>,
        },
        /// Nobody said anything, or people have it for another reason.
        HandedOver {
            /// The squad that has it now; absent where it was closed.
            handed_to: Option<String>,
        },
    }

    /// `/kb gaps`, seen by the asker alone.
    pub struct Gaps {
        /// The days that the figures cover.
        pub days: u32,
        /// Questions.
        pub asked: u64,
        /// Those that were answered.
        pub found: u64,
        /// Confirmed by a person.
        pub solved: u64,
        /// A person says that they did not help.
        pub not_helpful: u64,
        /// A person wanted a person.
        pub asked_person: u64,
        /// Answered, and nobody said what it was worth.
        pub silent: u64,
        /// What weighs most first; the message shows 10.
        pub gaps: Vec<GapLine>,
        /// Drafts can be made.
        pub can_draft: bool,
    }

    /// Something that is asked and not answered well.
    pub struct GapLine {
        /// What is asked.
        pub question: String,
        /// How often.
        pub asked: u32,
        /// How often the answer did not help, or there was none.
        pub answered_badly: u32,
    }

    /// What the card suggests to say.
    pub struct Suggestion {
        /// The answer; the card shows 3.
        pub statements: Vec<Statement>,
        /// What it is taken from; the card shows 3.
        pub sources: Vec<Source>,
        /// 0 to 100.
        pub confidence_percent: u8,
        /// It may be sent to the requester.
        pub can_send: bool,
        /// It is being looked for anew, for those who read the requester's conversation.
        pub is_sending: bool,
    }

    /// What was tried before people had it.
    pub struct TriedAnswer {
        /// The requester was given an answer.
        pub is_answered: bool,
        /// What it was taken from; the message shows 3.
        pub sources: Vec<Source>,
        /// What came of it, in words.
        pub outcome: String,
    }
}
