//! What people taught, and what reads alike.

use serde::Serialize;

view_model! {
    /// The answer to `/triage accuracy`, seen by the asker alone.
    pub struct AccuracyView {
        /// Answers by people that it is measured by.
        pub labels: u32,
        /// Those of them that changed something.
        pub changed: u32,
        /// Those that said that it was no ticket.
        pub not_tickets: u32,
        /// All categories together.
        pub overall: AccuracyLine,
        /// By category, the most requests first; the view shows 8.
        pub categories: Vec<AccuracyLine>,
        /// By squad, likewise; the view shows 8.
        pub squads: Vec<AccuracyLine>,
        /// Whether confidence comes true, the least sure first; empty parts are left out.
        pub calibration: Vec<CalibrationLine>,
        /// How far confidence and truth lie apart on average, in points.
        pub apart_points: Option<u8>,
        /// From where on categories are carried out by themselves; the view shows 8. Empty where the policy sets no bounds.
        pub auto_from: Vec<AutoThreshold>,
        /// The version that answers.
        pub model: Option<ModelNote>,
        /// Language models, the one that is asked first; the view shows 4.
        pub llm: Vec<LlmNote>,
        /// No sentence encoder is there.
        pub words_alone: bool,
    }

    /// How well one thing is told. Shares are in per cent.
    pub struct AccuracyLine {
        /// Of the category or squad.
        pub name: String,
        /// Ten signs that show the share.
        pub bar: String,
        /// Requests that were said to be this.
        pub said: u32,
        /// Of those, the share that was.
        pub right_percent: Option<u8>,
        /// What that surely is at least.
        pub at_least_percent: Option<u8>,
        /// The share of its requests on which something was said.
        pub coverage_percent: Option<u8>,
        /// How sure the assessor was.
        pub confidence_percent: Option<u8>,
    }

    /// Answers that were about equally sure.
    pub struct CalibrationLine {
        /// Such as `60–80 % sure`.
        pub range: String,
        /// Ten signs that show the share that was right.
        pub bar: String,
        /// The share that was right.
        pub right_percent: u8,
        /// How many answers.
        pub answers: u32,
    }

    /// A threshold, and what it rests on.
    pub struct AutoThreshold {
        /// The category.
        pub category: String,
        /// From here on.
        pub from_percent: u8,
        /// The policy's bounds.
        pub min_percent: u8,
        /// As above.
        pub max_percent: u8,
        /// Answers about what was so sure.
        pub answers: u32,
        /// Those of them that found it right.
        pub right: u32,
    }

    /// A version of the model.
    pub struct ModelNote {
        /// Counts from 1.
        pub version: u64,
        /// When it was made.
        pub made_unix: i64,
        /// What people's answers taught it.
        pub labels: u32,
        /// Somebody went back to it.
        pub pinned: bool,
        /// The share of right answers about examples that it had not seen.
        pub held_out_percent: Option<u8>,
    }

    /// What a language model states of its own certainty, and what that is worth.
    pub struct LlmNote {
        /// Its name.
        pub model: String,
        /// It is the one that is asked.
        pub asked: bool,
        /// Ten signs that show the share that was right.
        pub bar: String,
        /// Answers by people about a category that it stated.
        pub labels: u32,
        /// Of those, the share that was right.
        pub right_percent: Option<u8>,
        /// How sure it said it was, on average.
        pub stated_percent: Option<u8>,
        /// The factor on its log-odds: `0.55`.
        pub factor: String,
        /// What its 90 % count as.
        pub surely_percent: u8,
    }

    /// The answer to `/triage similar DB-12`, seen by the asker alone.
    pub struct SimilarView {
        /// `DB-42`
        pub number: String,
        /// One sentence.
        pub summary: String,
        /// Its conversation.
        pub url: Option<String>,
        /// The most alike first; the view shows 8.
        pub similar: Vec<SimilarLine>,
    }

    /// A ticket that reads alike.
    pub struct SimilarLine {
        /// `DB-7`
        pub number: String,
        /// One sentence.
        pub summary: String,
        /// Its conversation or issue.
        pub url: Option<String>,
        /// How alike, in per cent.
        pub alike_percent: u8,
        /// In words: `with the squad`.
        pub status: String,
        /// Such as `Access`.
        pub category: String,
        /// Name of the squad.
        pub squad: Option<String>,
    }
}
