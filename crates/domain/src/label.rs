//! What a person decided about a request, beside what the assessor had said of it: an example to learn from, and a measure
//! of the assessor.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::assessment::{AssessorName, Confidence, Stated};
use crate::ids::{CategoryId, PersonId, SquadId, TicketId};
use crate::ticket::{Ticket, Verdict};

/// Of a longer request no more is kept with its label: as much as is assessed, in characters.
const WORDS_AT_MOST: usize = 8_000;

/// A person's answer to a confirmation. It holds no words: those stand beside it, sealed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Label {
    /// The ticket.
    pub ticket: TicketId,
    /// Counts the ticket's decisions: which one was answered.
    pub decision: u32,
    /// When.
    pub at: Timestamp,
    /// By whom.
    pub by: PersonId,
    /// Confirmed, changed, or no ticket.
    pub verdict: Verdict,
    /// Who had assessed.
    pub assessor: AssessorName,
    /// The category that the assessor had named, and how sure it was; `None`: it named none.
    pub said: Option<(CategoryId, Confidence)>,
    /// What a language model had said by itself, whatever was made of it; `None` where none was asked, or none fitted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stated: Option<Stated>,
    /// The category that the person settled; `None` where it was no ticket, or has none.
    pub category: Option<CategoryId>,
    /// The squad that the rules had proposed.
    pub proposed: Option<SquadId>,
    /// The squad that the person settled.
    pub squad: Option<SquadId>,
}

impl Label {
    /// Whether the category that was said is the one that a person settled; `None` where none was said.
    pub fn said_rightly(&self) -> Option<bool> {
        let (said, _) = self.said.as_ref()?;
        Some(self.settles(said))
    }

    /// The same of what a language model had stated.
    pub fn stated_rightly(&self) -> Option<bool> {
        self.stated.as_ref().map(|stated| self.settles(&stated.category))
    }

    fn settles(&self, category: &CategoryId) -> bool {
        self.verdict != Verdict::NotATicket && self.category.as_ref() == Some(category)
    }
}

/// What a step does to what is learned from a ticket.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Labelling {
    /// A person answered: this counts from now on, in the place of what the ticket taught before.
    Given {
        /// The answer.
        label: Box<Label>,
        /// Whose words.
        requester: PersonId,
        /// What they asked. Their own words alone: whoever else wrote in the thread is not theirs to erase.
        words: String,
    },
    /// The answer was undone: the ticket teaches nothing until it is answered again.
    Withdrawn {
        /// The ticket.
        ticket: TicketId,
        /// Whose words.
        requester: PersonId,
    },
}

/// What the requester wrote, as much of it as is assessed.
pub(crate) fn words_of(ticket: &Ticket) -> String {
    let own = ticket.words.messages.iter().filter(|message| message.author.is_none()).map(|message| &message.text);
    let lines: Vec<&str> = ticket.words.subject.iter().chain(own).map(String::as_str).collect();
    lines.join("\n").chars().take(WORDS_AT_MOST).collect()
}
