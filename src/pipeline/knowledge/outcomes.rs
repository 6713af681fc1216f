//! What people make of an answer: kept, told to the knowledge server under their click, and made a ticket of where they want a
//! person.

use deskbell_domain::action::Action;
use deskbell_domain::ids::{ChannelId, EventKey, PersonId};
use deskbell_domain::interaction::Button;
use deskbell_domain::knowledge::Outcome;
use deskbell_domain::ticket::{Card, SlackPath, Source, TicketMessage};
use deskbell_domain::workflow::effect::{Effect, Telling};
use deskbell_domain::workflow::event::{Event, NewRequest, Person, ReplyTo, Tried};
use jiff::Timestamp;

use super::super::World;
use super::super::commit::Along;
use super::super::perform::Undone;
use super::super::present::finding::{self, Said};
use super::super::tell::rendered;
use crate::slack::messages::AnswerOutcome;
use crate::store::{AnswerSettlement, AnswerWords, ClaimedJob, StoreError, StoredAnswer};

/// The number of an answer that belongs to no ticket, as a button's value names it.
pub(in crate::pipeline) fn answer_number(value: &str) -> Option<u64> {
    value.strip_prefix("answer/")?.parse().ok()
}

fn outcome_of(button: Button) -> Outcome {
    match button {
        Button::AnswerSolved => Outcome::Solved,
        Button::AskPerson => Outcome::AskedPerson,
        _ => Outcome::NotHelpful,
    }
}

impl World {
    /// A press below an answer that belongs to no ticket.
    pub(in crate::pipeline) async fn answer_pressed(
        &self,
        job: &ClaimedJob,
        (button, number): (Button, u64),
        by: &Person,
        reply: ReplyTo,
    ) -> Result<(), Undone> {
        let stored = self.store.answer(&job.workspace, number).await?;
        let Some((stored, words)) = stored.and_then(|stored| Some((stored.clone(), stored.words?))) else {
            let message = self.problem("That answer is too long ago.", "Ask again: /kb and your question.");
            return self.answer_press(job, &by.id, &reply, message).await;
        };
        if stored.asker != by.id {
            let message =
                self.problem("Only who asked can say whether it helps.", "Ask yourself: /kb and your question.");
            return self.answer_press(job, &by.id, &reply, message).await;
        }
        let outcome = outcome_of(button);
        let settled = self.settle(job, number, &words, outcome, Some(by.id.clone())).await?;
        // A job that is done again finds what it settled itself; another press settles nothing and makes no second ticket.
        if !settled && !self.was_settled_by(job, number).await? {
            let message = self.problem("You have said what it is worth already.", "Ask again if it did not hold.");
            return self.answer_press(job, &by.id, &reply, message).await;
        }
        self.show_outcome(&words, outcome, &by.id, &reply).await;
        if outcome == Outcome::AskedPerson {
            return self.ask_person(job, (number, words), by, reply).await;
        }
        self.done_with(job).await
    }

    async fn was_settled_by(&self, job: &ClaimedJob, number: u64) -> Result<bool, StoreError> {
        let stored = self.store.answer(&job.workspace, number).await?;
        Ok(stored.and_then(|stored| stored.settled_cause).is_some_and(|cause| cause == job.id.to_string()))
    }

    /// Keeps what became of an answer, once.
    pub(super) async fn settle(
        &self,
        job: &ClaimedJob,
        number: u64,
        words: &AnswerWords,
        outcome: Outcome,
        by: Option<PersonId>,
    ) -> Result<bool, StoreError> {
        let feedback = by.as_ref().and_then(|_| self.feedback(words, outcome));
        let settlement = AnswerSettlement { outcome, by, at: Timestamp::now(), cause: job.id.to_string(), feedback };
        let is_new = self.store.settle_answer(&job.workspace, number, settlement).await?;
        if is_new {
            metrics::counter!("deskbell_answer_outcomes_total", "outcome" => outcome.as_str()).increment(1);
        }
        Ok(is_new)
    }

    /// What the knowledge server hears, where one is bound to hear it: of its own passages, and of questions to which nothing was
    /// found. What others' passages were worth says nothing of it.
    fn feedback(&self, words: &AnswerWords, outcome: Outcome) -> Option<Action> {
        let server = &self.bindings.of("record_feedback")?.server;
        let shown: Vec<&String> =
            words.shown.iter().filter(|(from, _)| from == server).map(|(_, passage)| passage).collect();
        if shown.is_empty() && !words.shown.is_empty() {
            return None;
        }
        Some(Action::RecordFeedback {
            query: super::gaps::anonymous(&words.question),
            passages: shown.into_iter().filter(|passage| !passage.is_empty()).cloned().collect(),
            outcome: outcome.as_str().to_owned(),
        })
    }

    /// The message that was pressed shows it, and nothing is to be pressed any more. It may get lost: what counts is kept.
    async fn show_outcome(&self, words: &AnswerWords, outcome: Outcome, by: &PersonId, reply: &ReplyTo) {
        let Some(url) = &reply.response_url else { return };
        let by_user_id = by.to_string();
        let shown = match outcome {
            Outcome::Solved => AnswerOutcome::Solved { by_user_id, reply_within: None },
            Outcome::NotHelpful => AnswerOutcome::NotHelpful { by_user_id, handed_to: None },
            Outcome::AskedPerson => AnswerOutcome::AskedPerson { by_user_id, handed_to: None },
            Outcome::Silent => return,
        };
        let said = Said::again(&words.question, words.finding.clone());
        let mut answer = finding::kb_answer(&said, None);
        answer.outcome = Some(shown);
        let Ok(message) = rendered(self.messages.kb_answer(&answer)) else { return };
        if let Err(error) = self.slack.replace(url, &message).await {
            tracing::warn!(%error, "an answer's message was not brought up to date");
        }
    }

    /// Makes a ticket of the question, with what was tried.
    async fn ask_person(
        &self,
        job: &ClaimedJob,
        (number, words): (u64, AnswerWords),
        by: &Person,
        reply: ReplyTo,
    ) -> Result<(), Undone> {
        let channel = reply.channel.clone().filter(|channel| channel.as_str().starts_with('C'));
        let is_shared = match &channel {
            Some(channel) => self.is_shared(channel).await,
            None => false,
        };
        let path = match &reply.channel {
            Some(channel) if channel.as_str().starts_with('D') => SlackPath::DirectMessage,
            _ => SlackPath::SlashCommand,
        };
        let place = channel.clone().unwrap_or_else(|| self.policy.triage_channel.clone());
        let request = NewRequest {
            workspace: job.workspace.clone(),
            source: Source::SlackForm { channel, path },
            requester: by.id.clone(),
            requester_is_external: by.is_external,
            is_said_in_shared_channel: is_shared,
            requester_name: None,
            requester_email: None,
            subject: None,
            requested_priority: None,
            message: TicketMessage { ts: None, text: words.question, author: None, edited: None },
            card: Card::new(place, None),
            tried: words.finding.map(|finding| Tried { answer: number, finding }),
        };
        let tell = Effect::Tell { person: by.id.clone(), what: Telling::Accepted, reply, cause: job.id.to_string() };
        let along = Along { effects: vec![(tell, Timestamp::now())], ..Along::default() };
        self.step(job, None, Event::Received(Box::new(request)), along).await?;
        Ok(())
    }

    /// Unknown counts as shared.
    async fn is_shared(&self, channel: &ChannelId) -> bool {
        match self.slack.is_shared_outside(channel).await {
            Ok(is_shared) => is_shared,
            Err(error) => {
                tracing::warn!(%channel, %error, "whether a channel is shared is unknown: it counts as shared");
                true
            }
        }
    }

    /// Keeps what became of a ticket's answer.
    pub(in crate::pipeline) async fn settle_ticket_answer(
        &self,
        job: &ClaimedJob,
        number: u64,
        outcome: Outcome,
        by: Option<&PersonId>,
    ) -> Result<(), Undone> {
        let stored: Option<StoredAnswer> = self.store.answer(&job.workspace, number).await?;
        if let Some(words) = stored.and_then(|stored| stored.words) {
            self.settle(job, number, &words, outcome, by.cloned()).await?;
        }
        self.done_with(job).await
    }
}

/// Whether a button stands below answers.
pub(in crate::pipeline) fn is_below_answers(button: Button) -> bool {
    matches!(button, Button::AnswerSolved | Button::AnswerNotHelpful | Button::AskPerson)
}

/// The click as a cause: a job that is done again keeps one.
pub(super) fn cause_of(key: &EventKey) -> String {
    format!("event/{key}")
}
