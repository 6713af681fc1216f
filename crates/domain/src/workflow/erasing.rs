//! Somebody who said something in another's ticket is erased.

use super::quotation::{one_line, quoted};
use crate::action::Action;
use crate::assessment::{Assessment, Confidence, Judged};
use crate::ids::PersonId;
use crate::ticket::{Actor, Ticket};

/// Stands where erased words stood.
const ERASED: &str = "(erased)";

impl Ticket {
    /// Takes out what somebody else than the requester said, and what quotes it. Tells whether there was something.
    ///
    /// What was sent to a tracker was sent; the copy kept here goes. What is still to be sent goes without the words.
    pub fn forget_words_of(&mut self, person: &PersonId) -> bool {
        let words = &mut self.words;
        let (theirs, others): (Vec<_>, Vec<_>) = std::mem::take(&mut words.messages)
            .into_iter()
            .partition(|message| message.author.as_ref() == Some(person));
        words.messages = others;
        if !theirs.is_empty() {
            words.assessment.iter_mut().for_each(forget_quotations);
            // A question made of them may be quoted.
            words.suggestion = None;
            // A server may have quoted any of them.
            words.failures.clear();
            let unsettled = |record: &&crate::action::ActionRecord| !record.state.is_settled();
            let to_be_sent: Vec<_> = self.actions.iter().filter(unsettled).map(|record| record.id).collect();
            words.actions.retain(|id, _| to_be_sent.contains(id));
            for action in words.actions.values_mut() {
                for message in &theirs {
                    forget_in(action, &message.text);
                }
            }
        }
        let began_escalation =
            self.escalation.as_ref().is_some_and(|escalation| escalation.by == Actor::Person(person.clone()));
        let had_reason = began_escalation && words.escalation_reason.take().is_some();
        !theirs.is_empty() || had_reason
    }
}

/// Labels and confidences say nothing of anybody; summary and evidence are words.
fn forget_quotations(assessment: &mut Assessment) {
    fn forget<T>(judged: &mut Judged<T>) {
        judged.evidence.clear();
    }
    assessment.summary.clear();
    assessment.summary_confidence = Confidence::NONE;
    assessment.category.iter_mut().for_each(forget);
    assessment.squad.iter_mut().for_each(forget);
    forget(&mut assessment.urgency);
    forget(&mut assessment.sentiment);
    assessment.sentiment_trend.iter_mut().for_each(forget);
    assessment.complexity.iter_mut().for_each(forget);
    assessment.request.iter_mut().for_each(forget);
}

fn forget_in(action: &mut Action, text: &str) {
    let quotation = quoted(text);
    if quotation.is_empty() {
        return;
    }
    let forget = |words: &mut String| *words = words.replace(&quotation, &format!("> {ERASED}"));
    let forget_line = |line: &mut String| {
        if one_line(text).contains(line.as_str()) {
            ERASED.clone_into(line);
        }
    };
    match action {
        Action::CreateIssue { summary, description, .. } | Action::CreateStory { summary, description, .. } => {
            forget(description);
            forget_line(summary);
        }
        Action::Comment { body: words }
        | Action::UpdateTicket { note: words, .. }
        | Action::PostMessage { text: words, .. } => forget(words),
        Action::WriteBack { subject, summary, conversation, .. } => {
            forget_line(subject);
            forget(summary);
            forget(conversation);
        }
        Action::Custom { summary, request, .. } => {
            forget_line(summary);
            *request = request.replace(text, ERASED);
        }
        // The last ones are none of a ticket's own actions.
        Action::Transition { .. }
        | Action::SetPriority { .. }
        | Action::Assign { .. }
        | Action::AddLabels { .. }
        | Action::RemoveLabels { .. }
        | Action::RecordFeedback { .. }
        | Action::CreateDraft { .. }
        | Action::PutDocument { .. }
        | Action::RemoveDocument { .. } => {}
    }
}
