//! What was said, and all that quotes it: the part of a ticket that the store seals under the requester's key.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::action::Action;
use crate::assessment::Assessment;
use crate::enrichment::Enrichment;
use crate::ids::{ActionId, MessageTs, PersonId};
use crate::knowledge::{Citation, Finding};

/// The messages from a ticket's beginning that are kept whatever follows.
pub const FIRST_KEPT: usize = 20;
/// The newest messages that are kept.
pub const NEWEST_KEPT: usize = 80;

/// One message of the requester's.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TicketMessage {
    /// Slack's ts; `None` for forms and helpdesks.
    pub ts: Option<MessageTs>,
    /// The text as it was sent.
    pub text: String,
    /// Who wrote it; `None`: the requester.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<PersonId>,
    /// When it came to read so, if it was edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<MessageTs>,
}

/// The customer's words and all that quotes them. Sealed under the requester's key.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Words {
    /// What was asked, in order: the first and the newest messages, see [`Words::hear`].
    pub messages: Vec<TicketMessage>,
    /// How many messages between these are not kept here any more.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub left_out: u32,
    /// The subject line, where the source has one.
    pub subject: Option<String>,
    /// The requester's name as known, for people outside Slack.
    pub requester_name: Option<String>,
    /// The requester's e-mail, where the source gave one.
    pub requester_email: Option<String>,
    /// The newest assessment (it quotes).
    pub assessment: Option<Assessment>,
    /// What was approved, to the letter, by its id.
    #[serde(default, with = "crate::pairs")]
    pub actions: BTreeMap<ActionId, Action>,
    /// What servers said of actions that they did not do, or may have done: whatever they quote is a customer's or a secret.
    #[serde(default, with = "crate::pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub failures: BTreeMap<ActionId, String>,
    /// What was there before an action changed it, as its server told: empty where nothing was.
    #[serde(default, with = "crate::pairs", skip_serializing_if = "BTreeMap::is_empty")]
    pub former: BTreeMap<ActionId, String>,
    /// Why the newest escalation was begun, in the words of who began it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub escalation_reason: Option<String>,
    /// What look-ups brought for the next decision.
    #[serde(default, skip_serializing_if = "Enrichment::is_empty")]
    pub enrichment: Enrichment,
    /// What the knowledge base has on it, for those who see the card.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suggestion: Option<Finding>,
    /// What came near, when the requester was asked for more: for those who read their conversation.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub near: Vec<Citation>,
    /// What the requester was answered, by the finding's number.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub answers: BTreeMap<u64, Finding>,
    /// True once the requester's key was destroyed: the words are gone for good.
    #[serde(default)]
    pub erased: bool,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

impl Words {
    /// Takes a message in by the moment it was sent. The words are sealed anew with every change of the ticket, so what a busy
    /// thread adds to one is bounded: how it began and what was said last are kept, and what goes is counted. Where it was said it
    /// still stands, and so do the events that brought it, until they are forgotten.
    pub(crate) fn hear(&mut self, message: TicketMessage) {
        let place = self.messages.iter().rposition(|earlier| earlier.ts <= message.ts).map_or(0, |last| last + 1);
        self.messages.insert(place, message);
        if self.messages.len() > FIRST_KEPT + NEWEST_KEPT {
            self.messages.remove(FIRST_KEPT);
            self.left_out = self.left_out.saturating_add(1);
        }
    }

    /// All messages as one text, a line each; a line says where some are left out.
    pub fn text(&self) -> String {
        let left_out = (self.left_out > 0).then(|| format!("… ({} messages between are left out here)", self.left_out));
        let mut lines: Vec<&str> = self.subject.as_deref().into_iter().collect();
        let (first, newest) = self.messages.split_at(self.messages.len().min(FIRST_KEPT));
        lines.extend(first.iter().map(|message| message.text.as_str()));
        lines.extend(left_out.as_deref());
        lines.extend(newest.iter().map(|message| message.text.as_str()));
        lines.join("\n")
    }

    /// The assessor's summary, or the first line of what was asked; never empty.
    pub fn summary(&self) -> String {
        if self.erased {
            return "(erased)".to_owned();
        }
        match &self.assessment {
            Some(assessment) if !assessment.summary.is_empty() => assessment.summary.clone(),
            _ => self.text().lines().next().unwrap_or("(no text)").to_owned(),
        }
    }
}
