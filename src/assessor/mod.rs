//! Who finds out what a request is about. An assessor gets words and returns data: it holds no tool and no
//! credential of a customer's system, and what it returns permits nothing.
//!
//! Read [`Assessor`] (the seam), [`chain`] (who is asked, in which order, and what happens when somebody fails),
//! [`local`] (the model learned from examples and from what people decided), [`keywords`] (the one that always answers) and
//! [`reading`] (urgency, tone, language and summary, which both read alike). [`llm`] asks a language model, where one is configured,
//! and makes one of its reading and our own.

pub mod chain;
pub mod config;
mod examples;
pub mod keywords;
pub mod llm;
pub mod local;
pub mod reading;

use std::sync::Arc;
use std::time::Duration;

use deskbell_domain::assessment::{Assessment, AssessorName, SimilarTicket};
use deskbell_domain::ids::{TicketId, WorkspaceId};
use futures_util::future::BoxFuture;

pub use chain::Chain;

/// What is to be assessed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AssessRequest {
    /// Whose workspace it came from.
    pub workspace: WorkspaceId,
    /// The ticket it belongs to.
    pub ticket: TicketId,
    /// The request in its author's words and Slack's markup.
    pub text: String,
    /// Recent tickets that read alike, found beforehand.
    pub similar: Vec<SimilarTicket>,
    /// Names of people who are known to stand in it: they leave for no model.
    pub people: Vec<String>,
}

/// Why an assessor did not answer. The reasons hold no customers' words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AssessError {
    /// It can't be reached or is overloaded: the next in the chain answers.
    #[error("unavailable: {reason}")]
    Unavailable {
        /// What was seen.
        reason: String,
        /// When it asked to be tried again.
        retry_after: Option<Duration>,
    },
    /// It won't answer this request, however often it is asked.
    #[error("refused the request: {reason}")]
    Refused {
        /// What it said, in the product's own words.
        reason: String,
    },
    /// It answered, but not in the agreed shape.
    #[error("gave an answer that can't be read: {reason}")]
    Unreadable {
        /// What is wrong with the answer.
        reason: String,
    },
}

/// An assessment under way.
pub type Assessing<'a> = BoxFuture<'a, Result<Assessment, AssessError>>;

/// Somebody who can assess: the local model, a language model.
pub trait Assessor: Send + Sync {
    /// Who speaks.
    fn name(&self) -> AssessorName;

    /// Assesses one request; cancelling it by dropping the future is safe.
    ///
    /// # Errors
    /// When it has no answer; the caller then asks somebody else.
    fn assess(&self, request: Arc<AssessRequest>) -> Assessing<'_>;
}
