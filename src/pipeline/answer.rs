//! Answers to questions that change nothing: `/triage help`, `/ticket`, commands that name no ticket, the form for a
//! new request; and presses that settle what no ticket is about.

use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{EventKey, TicketId};
use deskbell_domain::interaction::{Button, Modal, SlashCommand};
use deskbell_domain::policy::Right;
use deskbell_domain::ticket::{Actor, Ticket};
use deskbell_domain::workflow::event::{Person, ReplyTo};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::World;
use super::knowledge::{answer_number, is_below_answers};
use super::paths::SmallTalk;
use super::paths::forms::CommandCall;
use super::perform::Undone;
use super::present::ticket_view::{outsiders_view, ticket_view};
use super::present::views;
use super::questions::Told;
use super::tell::rendered;
use crate::intake::envelope::view_external_id;
use crate::intake::parse::{self, Intake};
use crate::slack::SlackError;
use crate::slack::messages::{Help, Notice};
use crate::store::{ClaimedJob, StoreError};

/// Attempts to fill a modal that was submitted.
const VIEW_ATTEMPTS: u32 = 4;

impl World {
    /// Answers a command or a shortcut that was recorded.
    pub(super) async fn answer(&self, job: &ClaimedJob, key: &EventKey) -> Result<(), Undone> {
        let stored = self.store.event(&job.workspace, key).await?;
        let asked = stored.and_then(|stored| stored.raw.map(|raw| parse::parse(stored.kind, &raw)));
        let (sent, audit) = match asked {
            Some(Ok(Intake::Command { command, text, user, from, channel, response_url, .. })) => {
                let user = self.commander(user, &from);
                let command = CommandCall { command, text, user, channel, response_url };
                let (message, audit) = match command.command {
                    SlashCommand::Ticket => self.ticket_answer(job, &command).await?,
                    SlashCommand::Escalate => (self.answer_to(&command), self.escalation_refused(job, &command).await?),
                    SlashCommand::Triage if command.asks_for_servers() => self.servers_answer(job, &command),
                    SlashCommand::Triage if command.asks_for_accuracy() => self.accuracy_answer(job, &command).await?,
                    SlashCommand::Triage => match command.asks_for_similar() {
                        Some(id) => self.similar_answer(job, &command, id).await?,
                        None => (self.answer_to(&command), None),
                    },
                    SlashCommand::Kb => (self.answer_to(&command), None),
                };
                let sent = match message {
                    Ok(message) => self.say(&command.user.id, &command.reply(), &message).await,
                    Err(error) => Err(error),
                };
                (sent, audit)
            }
            Some(Ok(Intake::Message(message) | Intake::Mention(message))) => {
                let reply = ReplyTo { channel: Some(message.channel), ..ReplyTo::default() };
                let answer = match SmallTalk::said(&self.without_mention(&message.text)) {
                    Some(SmallTalk::Help) | None => self.help(),
                    Some(SmallTalk::Greeting) => rendered(self.messages.notice(&views::greeting())),
                };
                let sent = match answer {
                    Ok(answer) => self.say(&message.user.id, &reply, &answer).await,
                    Err(error) => Err(error),
                };
                (sent, None)
            }
            Some(Ok(Intake::Press { button, value, user, channel, response_url, .. })) => {
                let reply = ReplyTo { response_url, channel, view: None };
                if let Some(number) = answer_number(&value).filter(|_| is_below_answers(button)) {
                    return self.answer_pressed(job, (button, number), &user, reply).await;
                }
                if button == Button::DraftArticle {
                    return self.draft_pressed(job, key, &value, &user, &reply).await;
                }
                self.pressed_apart(job, key, button, &value, &user, reply).await?
            }
            Some(Ok(Intake::Submission { modal: Modal::Question, private_metadata, values, user, .. })) => {
                let view = view_external_id(key);
                let answered = self.question_submitted(job, &private_metadata, &values, &user, &view).await?;
                // The view is there once Slack has taken in what the submission was answered with.
                if let (Err(SlackError::Refused { code, .. }), true) = (&answered.0, job.attempts < VIEW_ATTEMPTS)
                    && code == "not_found"
                {
                    let reason = "the modal is not there yet".to_owned();
                    return Err(Undone::Later { after: None, reason });
                }
                answered
            }
            Some(Ok(Intake::FindSimilar { external_id, text, user })) => {
                (self.show_similar_in_form(job, &external_id, &text, &user).await?, None)
            }
            // The loading view is open already; it becomes the form.
            Some(Ok(Intake::GlobalShortcut { .. })) => (self.fill_new_ticket_view(&view_external_id(key)).await, None),
            _ => (Ok(()), None),
        };
        self.once_shown(job, sent, audit.into_iter().collect()).await
    }

    /// A press that settles what no ticket is about.
    async fn pressed_apart(
        &self,
        job: &ClaimedJob,
        key: &EventKey,
        button: Button,
        value: &str,
        by: &Person,
        reply: ReplyTo,
    ) -> Result<Told, StoreError> {
        match button {
            Button::AcceptTool | Button::KeepBlocked => self.drift_pressed(job, button, value, by, &reply).await,
            Button::CancelCall => self.call_cancelled(job, value, by, &reply).await,
            _ => {
                let view = (button == Button::AnswerQuestion).then(|| view_external_id(key));
                self.question_pressed(job, button, value, by, &ReplyTo { view, ..reply }).await
            }
        }
    }

    fn answer_to(&self, command: &CommandCall) -> Result<Value, SlackError> {
        match command.command {
            SlashCommand::Triage | SlashCommand::Kb => self.help(),
            SlashCommand::Ticket => {
                self.problem("That is no ticket number.", "Write the number as it stands on the card: /ticket DB-42.")
            }
            SlashCommand::Escalate => self.problem(
                "That names no ticket.",
                "Write the ticket's number: /escalate DB-42. It is on the ticket's card.",
            ),
        }
    }

    /// An escalation of a number that no ticket has, or of a ticket that is not for this person to see.
    async fn escalation_refused(
        &self,
        job: &ClaimedJob,
        asked: &CommandCall,
    ) -> Result<Option<AuditEntry>, StoreError> {
        let Some(id) = asked.ticket_to_escalate() else { return Ok(None) };
        let found = self.store.ticket(&job.workspace, id).await?.map(|found| found.ticket);
        Ok(Some(look(job, asked, id, AuditKind::Refused, found.as_ref())))
    }

    pub(super) fn problem(&self, text: &str, mend: &str) -> Result<Value, SlackError> {
        rendered(self.messages.notice(&Notice::problem(text, mend)))
    }

    fn help(&self) -> Result<Value, SlackError> {
        rendered(self.messages.help(&Help {
            bot_user_id: Some(self.habits.identity.bot_user.to_string()),
            watched_channel_ids: self.habits.watched_channels.iter().map(ToString::to_string).collect(),
            triage_emoji: self.habits.triage_emoji.clone(),
        }))
    }

    /// The ticket, for those whom the policy lets see it; everybody else reads the same words as for a number that no
    /// ticket has. Either goes on the audit trail.
    async fn ticket_answer(&self, job: &ClaimedJob, asked: &CommandCall) -> Result<Answered, StoreError> {
        let Some(id) = TicketId::parse(asked.text.trim()) else { return Ok((self.answer_to(asked), None)) };
        let found = self.store.ticket(&job.workspace, id).await?.map(|found| found.ticket);
        let entry = |kind: AuditKind, ticket: Option<&Ticket>| look(job, asked, id, kind, ticket);
        let may_view = |ticket: &&Ticket| self.policy.may_view(ticket, &asked.user, &asked.channel);
        let (message, recorded) = if let Some(ticket) = found.as_ref().filter(may_view) {
            // Where a command names no team, the request of whoever types it may have.
            let is_outsider =
                asked.user.is_external || (ticket.requester_is_external && ticket.requester == asked.user.id);
            let view = if is_outsider {
                self.messages.notice(&outsiders_view(ticket))
            } else {
                self.messages.ticket_view(&ticket_view(&self.policy, ticket))
            };
            (view, entry(AuditKind::Access, Some(ticket)))
        } else {
            let refusal = self.messages.notice(&views::no_view(&self.policy, id));
            (refusal, entry(AuditKind::Refused, found.as_ref()))
        };
        Ok((rendered(message), Some(recorded)))
    }
}

/// That somebody asked for a ticket by its number, for the trail.
pub(super) fn look(
    job: &ClaimedJob,
    asked: &CommandCall,
    id: TicketId,
    kind: AuditKind,
    ticket: Option<&Ticket>,
) -> AuditEntry {
    AuditEntry {
        workspace: job.workspace.clone(),
        ticket: ticket.map(|ticket| ticket.id),
        at: Timestamp::now(),
        actor: Actor::Person(asked.user.id.clone()),
        kind,
        subject: ticket.map(|ticket| ticket.requester.clone()),
        detail: json!({ "right": Right::View.as_str(), "ticket": id, "in": asked.channel }),
    }
}

/// What is answered, and what of it goes on the trail.
pub(super) type Answered = (Result<Value, SlackError>, Option<AuditEntry>);
