//! Answers to questions that change nothing: `/triage help`, `/ticket`, `/kb`, and commands that name no ticket.

use deskbell_domain::ids::{EventKey, TicketId};
use deskbell_domain::interaction::SlashCommand;
use serde_json::Value;

use super::World;
use super::commit::Along;
use super::paths::CommandCall;
use super::perform::Undone;
use super::present::ticket_view::ticket_view;
use super::tell::rendered;
use crate::intake::parse::{self, Intake};
use crate::slack::SlackError;
use crate::slack::messages::{Help, KbAnswer, Notice, Passage, Tone};
use crate::store::{ClaimedJob, StoreError};

/// Passages in an answer.
const PASSAGES: usize = 3;

impl World {
    /// Answers a command that was recorded.
    pub(super) async fn answer(&self, job: &ClaimedJob, key: &EventKey) -> Result<(), Undone> {
        let stored = self.store.event(&job.workspace, key).await?;
        let raw = stored.and_then(|stored| stored.raw.map(|raw| (stored.kind, raw)));
        let Some(Ok(Intake::Command { command, text, user, channel, response_url, .. })) =
            raw.map(|(kind, raw)| parse::parse(kind, &raw))
        else {
            self.finish(job, Along::default()).await?;
            return Ok(());
        };
        let command = CommandCall { command, text, user, channel, response_url };
        let message = self.answer_to(job, &command).await?;
        let sent = match message {
            Ok(message) => self.say(&command.user.id, &command.reply(), &message).await,
            Err(error) => Err(error),
        };
        self.once_answered(job, sent).await
    }

    async fn answer_to(
        &self,
        job: &ClaimedJob,
        command: &CommandCall,
    ) -> Result<Result<Value, SlackError>, StoreError> {
        let text = command.text.trim();
        Ok(match command.command {
            SlashCommand::Triage => self.help(),
            SlashCommand::Kb => self.knowledge_answer(text),
            SlashCommand::Ticket => self.ticket_answer(job, text).await?,
            SlashCommand::Escalate => self.problem(
                "That names no ticket.",
                "Write the ticket's number: /escalate DB-42. It is on the ticket's card.",
            ),
        })
    }

    fn problem(&self, text: &str, mend: &str) -> Result<Value, SlackError> {
        let notice = Notice { tone: Tone::Error, text: text.to_owned(), by_user_id: None, mend: Some(mend.to_owned()) };
        rendered(self.messages.notice(&notice))
    }

    fn help(&self) -> Result<Value, SlackError> {
        rendered(self.messages.help(&Help {
            bot_user_id: Some(self.habits.bot_user.to_string()),
            watched_channel_ids: self.habits.watched_channels.iter().map(ToString::to_string).collect(),
        }))
    }

    fn knowledge_answer(&self, question: &str) -> Result<Value, SlackError> {
        if question.is_empty() {
            return self.problem(
                "What do you want to know?",
                "Write the question after the command: /kb How do refunds work?",
            );
        }
        let passages = self
            .knowledge
            .search(question, PASSAGES)
            .into_iter()
            .map(|passage| Passage {
                title: passage_title(&passage.title, &passage.heading_path),
                snippet: passage.snippet,
                url: passage.url,
            })
            .collect();
        rendered(self.messages.kb_answer(&KbAnswer { question: question.to_owned(), passages }))
    }

    async fn ticket_answer(&self, job: &ClaimedJob, text: &str) -> Result<Result<Value, SlackError>, StoreError> {
        let Some(id) = TicketId::parse(text) else {
            return Ok(
                self.problem("That is no ticket number.", "Write the number as it stands on the card: /ticket DB-42.")
            );
        };
        Ok(match self.store.ticket(&job.workspace, id).await? {
            Some(found) => rendered(self.messages.ticket_view(&ticket_view(&self.policy, &found.ticket))),
            None => self.problem(&format!("There is no {id}."), "Check the number on the ticket's card."),
        })
    }
}

fn passage_title(title: &str, headings: &[String]) -> String {
    match headings.last() {
        Some(last) if last != title => format!("{title} › {last}"),
        _ => title.to_owned(),
    }
}
