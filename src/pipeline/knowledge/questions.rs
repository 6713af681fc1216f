//! People who ask: `/kb`, a direct message that is a question, a mention that begins with `kb`.

use deskbell_domain::assessment::Complexity;
use deskbell_domain::ids::{ChannelId, MessageTs, PersonId};
use deskbell_domain::knowledge::Finding;
use deskbell_domain::workflow::event::Person;
use deskbell_judgement::{complexity, mrkdwn};
use serde_json::Value;

use super::super::World;
use super::super::commit::Along;
use super::super::deliver::{Delivery, Shown};
use super::super::interpret::Reading as Event;
use super::super::paths::forms::CommandCall;
use super::super::perform::Undone;
use super::super::present::finding::{self, Said};
use super::super::tell::rendered;
use super::readers::Place;
use super::{Brought, Reading};
use crate::slack::SlackError;
use crate::slack::messages::KbAnswer;
use crate::store::{AnswerWords, EventOutcome, NewAnswer};

/// Attempts before an answer that one person sees is let go.
const ATTEMPTS: u32 = 5;

/// The question behind `kb`, said to Deskbell.
pub(in crate::pipeline) fn asked_by_word(text: &str) -> Option<&str> {
    let text = text.trim_start();
    let (word, rest) = text.split_once(|c: char| c.is_whitespace() || c == ':')?;
    let rest = rest.trim();
    (word.eq_ignore_ascii_case("kb") && !rest.is_empty()).then_some(rest)
}

/// Whether a text reads as a question that knowledge answers.
pub(in crate::pipeline) fn is_question(text: &str) -> bool {
    complexity::judge(text).value == Complexity::Answerable
}

/// Somebody who asks.
struct Asking<'a> {
    who: &'a Person,
    question: &'a str,
    /// Names what asked.
    cause: String,
}

impl World {
    /// `/kb`.
    pub(in crate::pipeline) async fn kb_command(&self, event: &Event<'_>, command: CommandCall) -> Result<(), Undone> {
        let question = command.text.trim();
        let message = match question.to_lowercase().as_str() {
            "" => self
                .problem("What do you want to know?", "Write the question after the command: /kb How do refunds work?"),
            "gaps" => self.gaps_answer(event.job, &command.user).await?,
            _ => {
                let place = alone(&command.user);
                let mut brought = self.ask_knowledge(event.job, question, &self.readers_in(&place).await).await?;
                let asking = Asking { who: &command.user, question, cause: event.key.to_string() };
                let reading = self.in_words(question, &mut brought, Vec::new(), None).await;
                let (_, answer) = self.kept(event, &asking, &brought, reading).await?;
                rendered(self.messages.kb_answer(&answer))
            }
        };
        let sent = match message {
            Ok(message) => self.say(&command.user.id, &command.reply(), &message).await,
            Err(error) => Err(error),
        };
        self.told(event, sent).await
    }

    /// A direct message that reads as a question. Whether it is answered now; else it becomes a ticket, as ever.
    pub(in crate::pipeline) async fn answered_directly(
        &self,
        event: &Event<'_>,
        who: &Person,
        channel: &ChannelId,
        text: &str,
    ) -> Result<bool, Undone> {
        let question = mrkdwn::plain(text);
        let mut brought = self.ask_knowledge(event.job, &question, &self.readers_in(&alone(who)).await).await?;
        let reading = self.in_words(&question, &mut brought, Vec::new(), None).await;
        if !matches!(reading, Reading::Answer(_)) {
            return Ok(false);
        }
        let asking = Asking { who, question: &question, cause: event.key.to_string() };
        let (number, answer) = self.kept(event, &asking, &brought, reading).await?;
        // What Slack does not take becomes a ticket: nobody waits in silence.
        self.post_answer(event, channel, None, number, &answer).await
    }

    /// A mention that begins with `kb`: everybody in the conversation reads the answer.
    pub(in crate::pipeline) async fn answered_in_thread(
        &self,
        event: &Event<'_>,
        who: &Person,
        (channel, thread): (&ChannelId, &MessageTs),
        text: &str,
    ) -> Result<(), Undone> {
        let question = mrkdwn::plain(text);
        let place = match () {
            () if event.is_in_shared_channel => Place::Anywhere,
            () if channel.as_str().starts_with('D') => alone(who),
            () => Place::Conversation(channel.clone()),
        };
        let mut brought = self.ask_knowledge(event.job, &question, &self.readers_in(&place).await).await?;
        let reading = self.in_words(&question, &mut brought, Vec::new(), None).await;
        let asking = Asking { who, question: &question, cause: event.key.to_string() };
        let (number, answer) = self.kept(event, &asking, &brought, reading).await?;
        let thread = Some(thread).filter(|_| !channel.as_str().starts_with('D'));
        if !self.post_answer(event, channel, thread, number, &answer).await? {
            self.end(event, EventOutcome::Handled { ticket: None }).await?;
        }
        Ok(())
    }

    /// Keeps what is said, and puts it as people read it.
    async fn kept(
        &self,
        event: &Event<'_>,
        asking: &Asking<'_>,
        brought: &Brought,
        reading: Reading,
    ) -> Result<(u64, KbAnswer), Undone> {
        let said = Said::of(asking.question, brought, reading);
        let words =
            AnswerWords { question: asking.question.to_owned(), finding: said.finding.clone(), shown: said.shown() };
        let kind = if said.finding.is_some() { "answered" } else { "unknown" };
        metrics::counter!("deskbell_answers_total", "asked" => "question", "outcome" => kind).increment(1);
        let answer = NewAnswer {
            workspace: event.job.workspace.clone(),
            cause: asking.cause.clone(),
            ticket: None,
            asker: asking.who.id.clone(),
            words,
        };
        let number = self.store.keep_answer(answer).await?;
        Ok((number, finding::kb_answer(&said, Some(format!("answer/{number}")))))
    }

    /// Posts an answer once, and settles the event that asked; says whether: not where Slack refuses what is posted.
    async fn post_answer(
        &self,
        event: &Event<'_>,
        channel: &ChannelId,
        thread: Option<&MessageTs>,
        number: u64,
        answer: &KbAnswer,
    ) -> Result<bool, Undone> {
        let job = event.job;
        let message =
            rendered(self.messages.kb_answer(answer)).map_err(|error| Undone::Never { reason: error.to_string() })?;
        let shown = Shown {
            channel,
            thread,
            posted: None,
            doubt: None,
            marker: format!("{}/answer/{number}", job.workspace),
            message,
            since: job.first_run_at.as_second(),
        };
        match self.deliver(job, shown).await? {
            Delivery::Shown(_) => {}
            Delivery::Refused(reason) => {
                tracing::warn!(job = %job.id, reason, "Slack did not take an answer");
                return Ok(false);
            }
            Delivery::Unclear => tracing::warn!(job = %job.id, "whether an answer stands there is unknown"),
        }
        self.end(event, EventOutcome::Handled { ticket: None }).await?;
        Ok(true)
    }

    /// What one person sees may get lost: it is tried a few times and then let go.
    async fn told(&self, event: &Event<'_>, sent: Result<(), SlackError>) -> Result<(), Undone> {
        if let Err(error) = sent {
            let refused = matches!(error, SlackError::Refused { .. });
            if !refused && event.job.attempts < ATTEMPTS {
                return Err(Undone::Later { after: error.retry_after(), reason: error.to_string() });
            }
            tracing::warn!(job = %event.job.id, %error, "let go: Slack did not take it");
        }
        self.end(event, EventOutcome::Handled { ticket: None }).await
    }

    /// Says something to one person who pressed, and ends the job.
    pub(super) async fn answer_press(
        &self,
        job: &crate::store::ClaimedJob,
        person: &PersonId,
        reply: &deskbell_domain::workflow::event::ReplyTo,
        message: Result<Value, SlackError>,
    ) -> Result<(), Undone> {
        let sent = match message {
            Ok(message) => self.say(person, reply, &message).await,
            Err(error) => Err(error),
        };
        self.once_shown(job, sent, Vec::new()).await
    }

    /// Ends a job that changes nothing more.
    pub(super) async fn done_with(&self, job: &crate::store::ClaimedJob) -> Result<(), Undone> {
        self.finish(job, Along::default()).await?;
        Ok(())
    }
}

/// Who asks alone is answered alone; people of another organisation read what everybody may.
fn alone(who: &Person) -> Place {
    if who.is_external { Place::Anywhere } else { Place::Alone(who.id.clone()) }
}

impl Said {
    /// The ids of all passages that are shown, by the server that brought each.
    fn shown(&self) -> Vec<(String, String)> {
        let quoted = self.finding.iter().flat_map(|finding: &Finding| &finding.sources);
        let near = self.near.iter().map(|passage| (passage.server.clone(), passage.passage.clone()));
        quoted.map(|source| (source.server.clone(), source.passage.clone())).chain(near).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_question_may_be_named_by_a_word() {
        assert_eq!(asked_by_word("kb how long?"), Some("how long?"));
        assert_eq!(asked_by_word("KB: how long?"), Some("how long?"));
        for other in ["kb", "kb  ", "kbps are low", "the kb is down", ""] {
            assert_eq!(asked_by_word(other), None, "{other}");
        }
    }
}
