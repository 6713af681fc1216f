//! The paths in: each says who asks, where the card goes and what the ticket's first message is.

use std::collections::BTreeMap;

use deskbell_domain::ids::{CategoryId, ChannelId, MessageTs, PersonId, PriorityId, SquadId, TicketId};
use deskbell_domain::interaction::{Button, Modal, SlashCommand, field};
use deskbell_domain::ticket::{Card, SlackPath, Source, TicketMessage};
use deskbell_domain::workflow::effect::{Effect, Telling};
use deskbell_domain::workflow::event::{Event, NewRequest, Person, ReplyTo};
use deskbell_judgement::request;
use jiff::Timestamp;

use super::World;
use super::commit::Along;
use super::interpret::Reading;
use super::perform::Undone;
use crate::intake::envelope::view_external_id;
use crate::intake::parse::{ChannelKind, FieldValue, Intake, Message, ShortcutMessage};
use crate::store::{EventOutcome, HelpdeskKey};

/// A message of a ticket.
pub(super) fn said(ts: MessageTs, text: String) -> TicketMessage {
    TicketMessage { ts: Some(ts), text }
}

/// A slash command as it was typed.
pub(super) struct CommandCall {
    pub command: SlashCommand,
    pub text: String,
    pub user: Person,
    pub channel: ChannelId,
    pub response_url: Option<String>,
}

impl CommandCall {
    /// Where its answer goes.
    pub(super) fn reply(&self) -> ReplyTo {
        ReplyTo { response_url: self.response_url.clone(), channel: Some(self.channel.clone()), view: None }
    }
}

/// A message in Slack that becomes a request.
struct Asked {
    channel: ChannelId,
    ts: MessageTs,
    thread: Option<MessageTs>,
    person: Person,
    text: String,
    path: SlackPath,
}

impl World {
    /// A message in a watched channel, a direct message, or a mention.
    pub(super) async fn message(&self, reading: &Reading<'_>, message: Message, mentioned: bool) -> Result<(), Undone> {
        if message.is_bot || message.user.id == self.habits.bot_user {
            return self.ignored(reading, "a bot wrote it").await;
        }
        let workspace = &reading.job.workspace;
        if let Some(ticket) = self.store.ticket_by_message(workspace, &message.channel, &message.ts).await? {
            // Slack sends a mention twice, as `app_mention` and as `message`.
            return self.end(reading, EventOutcome::Joined { ticket }).await;
        }
        let path = if message.channel_kind == ChannelKind::Direct {
            SlackPath::DirectMessage
        } else if mentioned || self.mentions_us(&message.text) {
            SlackPath::Mention
        } else {
            SlackPath::WatchedChannel
        };
        let text = self.without_mention(&message.text);
        if let Err(no_request) = request::judge(&text) {
            return self.ignored(reading, &format!("no request: {no_request}")).await;
        }
        if let Some(ticket) = self.joinable(reading, &message, path).await? {
            let event = Event::MessageJoined(said(message.ts.clone(), text));
            let sources = vec![(message.channel, message.ts)];
            return self.concerns(reading, ticket, event, EventOutcome::Joined { ticket }, sources).await;
        }
        if path == SlackPath::WatchedChannel && message.is_reply() {
            return self.ignored(reading, "a reply in a thread").await;
        }
        let thread = message.reply_thread().cloned();
        let asked = Asked { channel: message.channel, ts: message.ts, thread, person: message.user, text, path };
        let told = (path == SlackPath::DirectMessage)
            .then(|| (asked.person.id.clone(), ReplyTo { channel: Some(asked.channel.clone()), ..ReplyTo::default() }));
        self.asked(reading, asked, told).await
    }

    /// The ticket that this message adds to: its thread's, if the requester writes there, or the author's open one.
    async fn joinable(
        &self,
        reading: &Reading<'_>,
        message: &Message,
        path: SlackPath,
    ) -> Result<Option<TicketId>, Undone> {
        let workspace = &reading.job.workspace;
        if let Some(thread) = message.reply_thread() {
            let Some(id) = self.store.ticket_by_message(workspace, &message.channel, thread).await? else {
                return Ok(None);
            };
            let found = self.store.ticket(workspace, id).await?;
            let own =
                found.is_some_and(|found| found.ticket.requester == message.user.id && found.ticket.status.is_open());
            return Ok(own.then_some(id));
        }
        if path == SlackPath::Mention {
            return Ok(None);
        }
        let since = Timestamp::now() - self.policy.join_window;
        Ok(self.store.open_request_of(workspace, &message.user.id, &message.channel, since).await?)
    }

    fn mentions_us(&self, text: &str) -> bool {
        text.contains(&format!("<@{}>", self.habits.bot_user))
    }

    /// What was said to Deskbell, without its name.
    pub(super) fn without_mention(&self, text: &str) -> String {
        text.replace(&format!("<@{}>", self.habits.bot_user), "").trim().to_owned()
    }

    /// Makes a ticket of a message; `told` gets a receipt.
    async fn asked(
        &self,
        reading: &Reading<'_>,
        asked: Asked,
        told: Option<(PersonId, ReplyTo)>,
    ) -> Result<(), Undone> {
        let card = if asked.path == SlackPath::DirectMessage {
            self.triage_card()
        } else {
            let thread = asked.thread.clone().unwrap_or_else(|| asked.ts.clone());
            Card { channel: asked.channel.clone(), thread: Some(thread), posted: None, shown: 0 }
        };
        let sources = vec![(asked.channel.clone(), asked.ts.clone())];
        let request = NewRequest {
            workspace: reading.job.workspace.clone(),
            source: Source::SlackMessage {
                channel: asked.channel,
                ts: asked.ts.clone(),
                thread: asked.thread,
                path: asked.path,
            },
            requester: asked.person.id,
            requester_is_external: asked.person.is_external,
            requester_name: None,
            requester_email: None,
            subject: None,
            message: said(asked.ts, asked.text),
            card,
        };
        self.new_ticket(reading, request, Along { sources, ..Along::default() }, told).await
    }

    fn triage_card(&self) -> Card {
        Card { channel: self.policy.triage_channel.clone(), thread: None, posted: None, shown: 0 }
    }

    async fn new_ticket(
        &self,
        reading: &Reading<'_>,
        request: NewRequest,
        mut along: Along,
        told: Option<(PersonId, ReplyTo)>,
    ) -> Result<(), Undone> {
        let made = EventOutcome::MadeTicket { ticket: TicketId::new(0) };
        along.outcome = Some((reading.key.clone(), made));
        if let Some((person, reply)) = told {
            let cause = reading.key.to_string();
            let tell = Effect::Tell { person, what: Telling::Accepted, reply, cause };
            along.effects.push((tell, Timestamp::now()));
        }
        self.step(reading.job, None, Event::Received(Box::new(request)), along).await?;
        Ok(())
    }

    /// The triage emoji on a message: the message's author is who asks.
    pub(super) async fn reaction(
        &self,
        reading: &Reading<'_>,
        emoji: &str,
        channel: ChannelId,
        ts: MessageTs,
    ) -> Result<(), Undone> {
        let name = emoji.split("::").next().unwrap_or(emoji);
        if !self.habits.triage_emoji.iter().any(|known| known == name) {
            return self.ignored(reading, "another emoji").await;
        }
        let known = self.store.ticket_by_message(&reading.job.workspace, &channel, &ts).await?;
        if let Some(ticket) = known {
            return self.end(reading, EventOutcome::Joined { ticket }).await;
        }
        let found = self.slack.message(&channel, &ts).await;
        let found = match found {
            Ok(found) => found,
            Err(crate::slack::SlackError::Refused { code, .. }) => {
                return self.ignored(reading, &format!("Slack does not show the message: {code}")).await;
            }
            Err(error) => return Err(Undone::Later { after: error.retry_after(), reason: error.to_string() }),
        };
        let Some(message) = found.filter(|message| !message.is_bot) else {
            return self.ignored(reading, "no person's message").await;
        };
        let Some(author) = message.user else {
            return self.ignored(reading, "no person's message").await;
        };
        let is_external = message.team.as_deref().is_some_and(|team| team != reading.job.workspace.as_str());
        let asked = Asked {
            channel,
            ts,
            thread: message.thread,
            person: Person { id: author, is_external },
            text: self.without_mention(&message.text),
            path: SlackPath::Reaction,
        };
        self.asked(reading, asked, None).await
    }

    /// "Make a ticket of this message".
    pub(super) async fn message_shortcut(
        &self,
        reading: &Reading<'_>,
        channel: ChannelId,
        message: ShortcutMessage,
        user: Person,
        response_url: Option<String>,
    ) -> Result<(), Undone> {
        let reply = ReplyTo { response_url, channel: Some(channel.clone()), view: None };
        let known = self.store.ticket_by_message(&reading.job.workspace, &channel, &message.ts).await?;
        if let Some(ticket) = known {
            let cause = reading.key.to_string();
            let tell = Effect::Tell { person: user.id, what: Telling::Accepted, reply, cause };
            let along = Along {
                outcome: Some((reading.key.clone(), EventOutcome::Joined { ticket })),
                effects: vec![(tell, Timestamp::now())],
                ..Along::default()
            };
            return Ok(self.finish_about(reading.job, ticket, along).await?);
        }
        let thread = message.thread_ts.filter(|thread| *thread != message.ts);
        let asked = Asked {
            channel,
            ts: message.ts,
            thread,
            person: message.user.unwrap_or_else(|| user.clone()),
            text: self.without_mention(&message.text),
            path: SlackPath::MessageShortcut,
        };
        self.asked(reading, asked, Some((user.id, reply))).await
    }

    /// The loading view is open already; it becomes the form.
    pub(super) async fn global_shortcut(&self, reading: &Reading<'_>) -> Result<(), Undone> {
        let sent = self.fill_new_ticket_view(&view_external_id(reading.key)).await;
        if let Err(error) = sent {
            if error.retry_after().is_some() {
                return Err(Undone::Later { after: error.retry_after(), reason: error.to_string() });
            }
            tracing::warn!(event = %reading.key, %error, "a form could not be shown");
        }
        self.end(reading, EventOutcome::Handled { ticket: None }).await
    }

    pub(super) async fn command(&self, reading: &Reading<'_>, command: CommandCall) -> Result<(), Undone> {
        let text = command.text.trim();
        let reply = command.reply();
        match command.command {
            SlashCommand::Triage if !text.is_empty() && !text.eq_ignore_ascii_case("help") => {
                let here = command.channel.as_str().starts_with('C');
                let card = if here {
                    Card { channel: command.channel.clone(), thread: None, posted: None, shown: 0 }
                } else {
                    self.triage_card()
                };
                let path = SlackPath::SlashCommand;
                let source = Source::SlackForm { channel: here.then(|| command.channel.clone()), path };
                self.form(reading, source, command.user, text.to_owned(), card, reply).await
            }
            SlashCommand::Escalate => {
                let ticket = text.split_whitespace().next().and_then(TicketId::parse);
                match self.existing(reading, ticket).await? {
                    Some(ticket) => self.pressed(reading, ticket, Button::Escalate, command.user, reply).await,
                    None => self.to_be_answered(reading).await,
                }
            }
            SlashCommand::Triage | SlashCommand::Ticket | SlashCommand::Kb => self.to_be_answered(reading).await,
        }
    }

    async fn existing(&self, reading: &Reading<'_>, ticket: Option<TicketId>) -> Result<Option<TicketId>, Undone> {
        let Some(ticket) = ticket else { return Ok(None) };
        let found = self.store.ticket(&reading.job.workspace, ticket).await?;
        Ok(found.map(|_| ticket))
    }

    async fn form(
        &self,
        reading: &Reading<'_>,
        source: Source,
        person: Person,
        text: String,
        card: Card,
        reply: ReplyTo,
    ) -> Result<(), Undone> {
        let request = NewRequest {
            workspace: reading.job.workspace.clone(),
            source,
            requester: person.id.clone(),
            requester_is_external: person.is_external,
            requester_name: None,
            requester_email: None,
            subject: None,
            message: TicketMessage { ts: None, text },
            card,
        };
        self.new_ticket(reading, request, Along::default(), Some((person.id, reply))).await
    }

    async fn pressed(
        &self,
        reading: &Reading<'_>,
        ticket: TicketId,
        button: Button,
        by: Person,
        reply: ReplyTo,
    ) -> Result<(), Undone> {
        let event = Event::Pressed { button, by, reply };
        let outcome = EventOutcome::Handled { ticket: Some(ticket) };
        self.concerns(reading, ticket, event, outcome, Vec::new()).await
    }

    /// A button was pressed.
    pub(super) async fn press(
        &self,
        reading: &Reading<'_>,
        button: Button,
        value: &str,
        by: Person,
        mut reply: ReplyTo,
    ) -> Result<(), Undone> {
        reply.view = (button == Button::Change).then(|| view_external_id(reading.key));
        if matches!(button, Button::Retry | Button::Skip | Button::TakeOver) {
            let Some(action) = action_id(value) else {
                return self.ignored(reading, "the button names no action").await;
            };
            let event = Event::OpsChose { action, button, by, reply };
            let outcome = EventOutcome::Handled { ticket: Some(action.ticket) };
            return self.concerns(reading, action.ticket, event, outcome, Vec::new()).await;
        }
        if button == Button::OpenLink {
            return self.end(reading, EventOutcome::Handled { ticket: None }).await;
        }
        match self.existing(reading, TicketId::parse(value)).await? {
            Some(ticket) => self.pressed(reading, ticket, button, by, reply).await,
            None => self.ignored(reading, "the button names no ticket").await,
        }
    }

    /// A modal was submitted.
    pub(super) async fn submission(
        &self,
        reading: &Reading<'_>,
        modal: Modal,
        private_metadata: &str,
        values: &BTreeMap<String, FieldValue>,
        by: Person,
    ) -> Result<(), Undone> {
        let value = |name: &str| values.get(name).and_then(FieldValue::first).map(str::to_owned);
        match modal {
            Modal::Loading => self.ignored(reading, "a view that was not filled yet").await,
            Modal::Change => {
                let ticket = self.existing(reading, TicketId::parse(private_metadata)).await?;
                let (Some(ticket), Some(squad), Some(priority)) = (ticket, value(field::SQUAD), value(field::PRIORITY))
                else {
                    return self.ignored(reading, "the form is incomplete").await;
                };
                let event = Event::Changed {
                    by,
                    squad: SquadId::new(squad),
                    priority: PriorityId::new(priority),
                    category: value(field::CATEGORY).map(CategoryId::new),
                    reply: ReplyTo::default(),
                };
                let outcome = EventOutcome::Handled { ticket: Some(ticket) };
                self.concerns(reading, ticket, event, outcome, Vec::new()).await
            }
            Modal::NewTicket => {
                let Some(text) = value(field::TEXT).filter(|text| !text.trim().is_empty()) else {
                    return self.ignored(reading, "the form is empty").await;
                };
                let channel = value(field::CHANNEL).filter(|id| id.starts_with('C')).map(ChannelId::new);
                let card = match &channel {
                    Some(channel) => Card { channel: channel.clone(), thread: None, posted: None, shown: 0 },
                    None => self.triage_card(),
                };
                let source = Source::SlackForm { channel: channel.clone(), path: SlackPath::GlobalShortcut };
                let reply = ReplyTo { channel, ..ReplyTo::default() };
                self.form(reading, source, by, text, card, reply).await
            }
        }
    }

    /// A helpdesk's ticket.
    pub(super) async fn helpdesk(&self, reading: &Reading<'_>, intake: Intake) -> Result<(), Undone> {
        let Intake::Helpdesk { system, external_id, url, requester, requester_name, requester_email, subject, text } =
            intake
        else {
            return self.ignored(reading, "no helpdesk's ticket").await;
        };
        let workspace = &reading.job.workspace;
        if let Some(ticket) = self.store.ticket_by_helpdesk(workspace, &system, &external_id).await? {
            return self.end(reading, EventOutcome::Joined { ticket }).await;
        }
        let helpdesk = HelpdeskKey { system: system.clone(), external_id: external_id.clone() };
        let new = NewRequest {
            workspace: workspace.clone(),
            source: Source::Helpdesk { system, external_id, url },
            requester,
            requester_is_external: true,
            requester_name,
            requester_email,
            subject,
            message: TicketMessage { ts: None, text },
            card: self.triage_card(),
        };
        self.new_ticket(reading, new, Along { helpdesk: Some(helpdesk), ..Along::default() }, None).await
    }
}

/// Reads `DB-42/action/1`, the value of an ops alert's buttons.
fn action_id(value: &str) -> Option<deskbell_domain::ids::ActionId> {
    let (ticket, ordinal) = value.split_once("/action/")?;
    Some(deskbell_domain::ids::ActionId { ticket: TicketId::parse(ticket)?, ordinal: ordinal.parse().ok()? })
}
