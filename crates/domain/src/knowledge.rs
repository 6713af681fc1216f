//! What the knowledge base says to a question, who reads it, and what people make of it.
//!
//! A finding is data: it permits nothing. What people say of it is told to the knowledge server, and that is an action like any
//! other: a person's click allows it. A click that belongs to no ticket is kept by itself ([`Click`]).

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::assessment::{AssessorName, Confidence};
use crate::ids::{PersonId, RuleId, TicketId};
use crate::ticket::{Actor, Source, Status, Ticket};

/// What the knowledge base says to a question.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// Its number in the store: what people make of it is kept there.
    pub number: u64,
    /// Who put it in words: a language model, or nobody, and it quotes.
    pub by: AssessorName,
    /// What it says, in order.
    pub statements: Vec<Statement>,
    /// What it says it from.
    pub sources: Vec<Citation>,
    /// That it answers.
    pub confidence: Confidence,
}

/// One thing that is said, with where it stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Statement {
    /// The words.
    pub text: String,
    /// Places among the finding's sources, from 1.
    pub sources: Vec<u32>,
}

/// A passage that an answer is taken from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citation {
    /// The configured server that brought it.
    pub server: String,
    /// The server's id of the passage; empty where it names none.
    pub passage: String,
    /// The page.
    pub title: String,
    /// The heading that it stands under; empty at the top.
    pub heading: String,
    /// Where people read it.
    pub url: Option<String>,
    /// The page's version, as its source counts.
    pub version: Option<String>,
    /// When that version was written, as its source says.
    pub updated: Option<String>,
    /// Everybody may read the page, as far as its server says.
    pub is_public: bool,
}

/// What became of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A person says that it helped.
    Solved,
    /// A person says that it did not.
    NotHelpful,
    /// A person wants a person.
    AskedPerson,
    /// Nobody said anything in time.
    Silent,
}

impl Outcome {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Solved, Self::NotHelpful, Self::AskedPerson, Self::Silent];

    /// The name in the store, in metrics and for the knowledge server.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Solved => "solved",
            Self::NotHelpful => "not_helpful",
            Self::AskedPerson => "asked_person",
            Self::Silent => "silent",
        }
    }

    /// Reads the name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == name)
    }
}

/// What the knowledge is asked for, for a ticket. Who will read what comes of it follows from that.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// To be shown on the card: those who see the card read it.
    Suggest,
    /// To be said to the requester because a rule lets the bot answer: whoever reads their conversation reads it.
    Answer,
    /// The same because a person sends it.
    Send,
}

impl Purpose {
    /// The name in a job's id and in metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Suggest => "suggest",
            Self::Answer => "answer",
            Self::Send => "send",
        }
    }
}

/// What came of asking.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sought {
    /// It answers, as far as can be told.
    Found(Finding),
    /// It may or may not: these come near.
    Near(Vec<Citation>),
    /// It does not.
    Unanswered(Unanswered),
}

/// Why there is no answer. Holds no customers' words.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unanswered {
    /// No document that all who would read it may see speaks of it.
    Nothing,
    /// What was found may or may not answer.
    Unsure,
    /// The knowledge server could not be asked, or failed.
    Failed,
    /// It took too long.
    Late,
    /// What could be looked up is for the requester alone, and others read along.
    NotHere,
}

impl Unanswered {
    /// For people.
    pub const fn as_words(self) -> &'static str {
        match self {
            Self::Nothing => "the knowledge base has nothing on it that everybody here may read",
            Self::Unsure => "what the knowledge base has on it is too thin to answer with",
            Self::Failed => "the knowledge base could not be asked",
            Self::NotHere => "what could be looked up is told to the requester alone, in a direct message",
            Self::Late => "the knowledge base did not answer in time",
        }
    }
}

/// An answer that was given to a requester.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Offer {
    /// The finding's number.
    pub answer: u64,
    /// When it was given.
    pub at: Timestamp,
    /// Who sent it; `None`: a rule let the bot answer.
    pub sent_by: Option<PersonId>,
    /// What became of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<OfferEnd>,
}

/// What became of an answer that was given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct OfferEnd {
    /// What.
    pub outcome: Outcome,
    /// Who said so; `None`: nobody.
    pub by: Option<PersonId>,
    /// When.
    pub at: Timestamp,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A ticket that a rule lets the bot answer: from the decision until it is solved or people have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Solving {
    /// The ticket's decision that allows it.
    pub decision: u32,
    /// Since when.
    pub since: Timestamp,
    /// Words were added or changed since the decision, which no rule has read.
    #[serde(default, skip_serializing_if = "is_false")]
    pub is_altered: bool,
    /// The requester was asked for more, which happens once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub asked_back: Option<AskedBack>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<SolvingEnd>,
}

/// The bot asked the requester for more, since what the knowledge base has was too thin to answer with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AskedBack {
    /// When.
    pub at: Timestamp,
    /// When they told more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub told_at: Option<Timestamp>,
}

/// How an attempt to solve a ticket without people ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SolvingEnd {
    /// The requester says that it is solved.
    Confirmed,
    /// There was no answer to give.
    Unanswered(Unanswered),
    /// The requester was asked for more and said nothing in time.
    NoReply,
    /// Slack did not take what the bot said.
    NotDelivered,
    /// What goes along with the answer could not be done.
    StepFailed,
    /// The requester says that the answer does not help.
    NotHelpful,
    /// Somebody wants a person.
    AskedPerson,
    /// The requester wrote on instead.
    WroteMore,
    /// Somebody escalated.
    Escalated,
    /// Nobody said anything in time.
    Silent,
}

impl SolvingEnd {
    /// Why people have it, for people.
    pub const fn as_words(&self) -> &'static str {
        match self {
            Self::Confirmed => "the requester said that it is solved",
            Self::Unanswered(why) => why.as_words(),
            Self::NoReply => "the requester was asked for more and did not reply",
            Self::NotDelivered => "Slack did not take the bot's answer or question",
            Self::StepFailed => "what goes along with the answer could not be done",
            Self::NotHelpful => "the requester says that the answer does not help",
            Self::AskedPerson => "a person was asked for",
            Self::WroteMore => "the requester wrote on after the answer",
            Self::Escalated => "it was escalated",
            Self::Silent => "the requester did not say whether the answer helps",
        }
    }
}

/// What a resolved ticket teaches: a person's word that it is resolved lets the knowledge server keep a document of it, where the
/// company wants that. Only [`crate::workflow::step`] makes one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lesson {
    by: Actor,
    at: Timestamp,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    withdrawn_at: Option<Timestamp>,
}

impl Lesson {
    /// Made by the workflow when a person says that a ticket is resolved.
    pub(crate) fn new(by: Actor, at: Timestamp) -> Self {
        Self { by, at, withdrawn_at: None }
    }

    /// The ticket is open again.
    pub(crate) fn withdraw(&mut self, now: Timestamp) {
        self.withdrawn_at.get_or_insert(now);
    }

    /// The ticket is resolved, as far as it is known.
    pub fn stands(&self) -> bool {
        self.withdrawn_at.is_none()
    }

    /// Whose word it was.
    pub fn by(&self) -> &Actor {
        &self.by
    }

    /// Where the knowledge server keeps a ticket's document.
    pub fn path(ticket: TicketId) -> String {
        format!("tickets/{ticket}")
    }
}

impl Ticket {
    /// The answer that the requester has not said anything about yet.
    pub fn open_offer(&self) -> Option<&Offer> {
        self.offers.last().filter(|offer| offer.end.is_none())
    }

    /// The bot is at it, and no person has to.
    pub fn is_being_answered(&self) -> bool {
        self.status == Status::Answering
    }

    /// The bot asked the requester for more, and has heard nothing yet.
    pub fn waits_for_more(&self) -> bool {
        let asked = self.solving.as_ref().and_then(|solving| solving.asked_back.as_ref());
        let is_asked = asked.is_some_and(|asked| asked.told_at.is_none());
        is_asked && self.is_being_answered() && self.open_offer().is_none()
    }

    /// Whoever asked reads on in Slack, so an answer reaches them.
    pub fn can_be_answered(&self) -> bool {
        !matches!(self.source, Source::Helpdesk { .. }) && !self.words.erased
    }

    /// In whose name the newest decision is carried out.
    pub(crate) fn deciding(&self) -> Actor {
        let matched = self.decision.iter().flat_map(|decision| &decision.matched);
        let rule = matched.into_iter().find(|matched| matched.mode == crate::decision::Mode::Auto);
        rule.map_or(Actor::Deskbell, |matched| Actor::Rule(RuleId::clone(&matched.rule)))
    }
}

/// A person's click that allows one action which belongs to no ticket: what they make of an answer is told to the knowledge
/// server, a draft is made there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Click {
    /// Its number in the store.
    pub number: u64,
    /// Who clicked.
    pub by: Actor,
    /// What that allows.
    pub action: Action,
}

/// A click as the store read it back, and not as anybody else said it was.
#[derive(Debug)]
pub struct StoredClick(Click);

impl StoredClick {
    /// Called where a row of the store was read, and nowhere else.
    pub fn read_back(click: Click) -> Self {
        Self(click)
    }

    /// The click.
    pub fn click(&self) -> &Click {
        &self.0
    }
}
