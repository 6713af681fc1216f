//! What comes in by commands, buttons, modals and the helpdesk: there is no message in Slack that becomes a request.

use std::collections::BTreeMap;

use deskbell_domain::ids::{CategoryId, ChannelId, MessageTs, PersonId, PriorityId, SquadId, TicketId, WorkspaceId};
use deskbell_domain::interaction::{About, Button, Modal, SlashCommand, field};
use deskbell_domain::ticket::{Card, SlackPath, Source, Ticket, TicketMessage};
use deskbell_domain::workflow::event::{Event, NewRequest, Person, ReplyTo};
use deskbell_judgement::request;
use jiff::Timestamp;

use super::super::World;
use super::super::commit::Along;
use super::super::interpret::Reading;
use super::super::knowledge::{answer_number, is_below_answers};
use super::super::perform::{Undone, computed};
use super::super::shared_channels::Readers;
use crate::intake::envelope::view_external_id;
use crate::intake::parse::helpdesk::Polled;
use crate::intake::parse::{CommandOrigin, FieldValue, Intake};
use crate::store::{EventOutcome, HelpdeskKey};

/// A slash command as it was typed.
pub(in crate::pipeline) struct CommandCall {
    pub command: SlashCommand,
    pub text: String,
    pub user: Person,
    pub channel: ChannelId,
    pub response_url: Option<String>,
}

impl CommandCall {
    /// Whether it is `/triage servers`, which asks and makes no ticket.
    pub(in crate::pipeline) fn asks_for_servers(&self) -> bool {
        self.command == SlashCommand::Triage && self.text.trim().eq_ignore_ascii_case("servers")
    }

    /// Whether it is `/triage accuracy`.
    pub(in crate::pipeline) fn asks_for_accuracy(&self) -> bool {
        self.command == SlashCommand::Triage && self.text.trim().eq_ignore_ascii_case("accuracy")
    }

    /// The ticket of `/triage similar DB-12`.
    pub(in crate::pipeline) fn asks_for_similar(&self) -> Option<TicketId> {
        let mut words = self.text.split_whitespace();
        let asks = self.command == SlashCommand::Triage && words.next()?.eq_ignore_ascii_case("similar");
        let ticket = words.next().and_then(TicketId::parse).filter(|_| asks)?;
        words.next().is_none().then_some(ticket)
    }

    /// Whether it only asks, and makes no ticket.
    fn only_asks(&self) -> bool {
        self.asks_for_servers() || self.asks_for_accuracy() || self.asks_for_similar().is_some()
    }

    /// The first word, if it is a ticket's number.
    pub(in crate::pipeline) fn ticket_to_escalate(&self) -> Option<TicketId> {
        TicketId::parse(self.text.split_whitespace().next().unwrap_or_default())
    }

    /// Where its answer goes.
    pub(in crate::pipeline) fn reply(&self) -> ReplyTo {
        ReplyTo { response_url: self.response_url.clone(), channel: Some(self.channel.clone()), view: None }
    }
}

/// What somebody typed into a command or modal.
struct Form {
    person: Person,
    text: String,
    priority: Option<PriorityId>,
    /// Where its card is wanted; `None`: in the triage channel.
    channel: Option<ChannelId>,
    path: SlackPath,
    reply: ReplyTo,
}

impl World {
    pub(in crate::pipeline) async fn command(&self, reading: &Reading<'_>, command: CommandCall) -> Result<(), Undone> {
        let text = command.text.trim();
        let reply = command.reply();
        match command.command {
            SlashCommand::Triage if command.only_asks() => self.to_be_answered(reading).await,
            SlashCommand::Triage if !text.is_empty() && !text.eq_ignore_ascii_case("help") => {
                let channel = Some(command.channel.clone()).filter(|channel| channel.as_str().starts_with('C'));
                let (path, text) = (SlackPath::SlashCommand, text.to_owned());
                self.form(reading, Form { person: command.user, text, priority: None, channel, path, reply }).await
            }
            SlashCommand::Escalate => {
                let why = text.split_once(char::is_whitespace).map_or("", |(_, why)| why.trim());
                let reason = Some(why).filter(|why| !why.is_empty()).map(str::to_owned);
                match self.seen_by(reading, &command).await? {
                    Some(ticket) => {
                        let event = Event::EscalationAsked { by: command.user, reason, reply };
                        let outcome = EventOutcome::Handled { ticket: Some(ticket) };
                        self.concerns(reading, ticket, event, outcome, Vec::new()).await
                    }
                    None => self.to_be_answered(reading).await,
                }
            }
            SlashCommand::Triage | SlashCommand::Ticket => self.to_be_answered(reading).await,
            SlashCommand::Kb if reading.is_searched => Box::pin(self.kb_command(reading, command)).await,
            SlashCommand::Kb => self.to_be_searched(reading).await,
        }
    }

    /// The ticket that an escalation names, if whoever asks for it may see it: who may not is told what they are told of a
    /// number that no ticket has.
    async fn seen_by(&self, reading: &Reading<'_>, command: &CommandCall) -> Result<Option<TicketId>, Undone> {
        let Some(id) = command.ticket_to_escalate() else { return Ok(None) };
        let found = self.store.ticket(&reading.job.workspace, id).await?;
        let seen = found.is_some_and(|found| self.policy.may_view(&found.ticket, &command.user, &command.channel));
        Ok(seen.then_some(id))
    }

    /// Whoever typed a command.
    pub(in crate::pipeline) fn commander(&self, id: PersonId, from: &CommandOrigin) -> Person {
        let ours = &self.habits.identity;
        Person {
            id,
            is_external: from.is_external(&ours.workspace, ours.organisation.as_ref().map(WorkspaceId::as_str)),
        }
    }

    async fn existing(&self, reading: &Reading<'_>, ticket: Option<TicketId>) -> Result<Option<TicketId>, Undone> {
        let Some(ticket) = ticket else { return Ok(None) };
        let found = self.store.ticket(&reading.job.workspace, ticket).await?;
        Ok(found.map(|_| ticket))
    }

    async fn form(&self, reading: &Reading<'_>, form: Form) -> Result<(), Undone> {
        let Form { person, text, priority, channel, path, reply } = form;
        let readers = match &channel {
            Some(channel) => self.readers(reading, channel).await?,
            None => Readers::Ours,
        };
        if readers == Readers::ToBeAsked {
            return self.to_be_looked_up(reading).await;
        }
        let card = channel.clone().map_or_else(|| self.triage_card(), |channel| Card::new(channel, None));
        let request = NewRequest {
            workspace: reading.job.workspace.clone(),
            source: Source::SlackForm { channel, path },
            requester: person.id.clone(),
            requester_is_external: person.is_external,
            is_said_in_shared_channel: readers == Readers::Outsiders,
            requester_name: None,
            requester_email: None,
            subject: None,
            requested_priority: priority,
            message: TicketMessage { ts: None, text, author: None, edited: None },
            card,
            tried: None,
        };
        self.new_ticket(reading, request, Along::default(), Some((person.id, reply))).await
    }

    async fn pressed(
        &self,
        reading: &Reading<'_>,
        About { ticket, seen }: About,
        button: Button,
        by: Person,
        reply: ReplyTo,
    ) -> Result<(), Undone> {
        let event = Event::Pressed { button, seen, by, reply };
        let outcome = EventOutcome::Handled { ticket: Some(ticket) };
        self.concerns(reading, ticket, event, outcome, Vec::new()).await
    }

    /// A button was pressed.
    pub(in crate::pipeline) async fn press(
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
        if matches!(
            button,
            Button::AcceptTool
                | Button::KeepBlocked
                | Button::AnswerQuestion
                | Button::AcceptQuestion
                | Button::DeclineQuestion
                | Button::CancelCall
        ) {
            return self.to_be_answered(reading).await;
        }
        let is_apart = is_below_answers(button) && answer_number(value).is_some();
        if is_apart || button == Button::DraftArticle {
            return self.to_be_answered(reading).await;
        }
        if button == Button::OpenLink {
            return self.end(reading, EventOutcome::Handled { ticket: None }).await;
        }
        let about = About::parse(value);
        let existing = self.existing(reading, about.map(|about| about.ticket)).await?;
        match about.filter(|_| existing.is_some()) {
            Some(about) => self.pressed(reading, about, button, by, reply).await,
            None => self.ignored(reading, "the button names no ticket").await,
        }
    }

    /// A modal was submitted.
    pub(in crate::pipeline) async fn submission(
        &self,
        reading: &Reading<'_>,
        modal: Modal,
        private_metadata: &str,
        values: &BTreeMap<String, FieldValue>,
        by: Person,
    ) -> Result<(), Undone> {
        let value = |name: &str| values.get(name).and_then(FieldValue::first).map(str::to_owned);
        match modal {
            Modal::Question => self.to_be_answered(reading).await,
            Modal::Loading => self.ignored(reading, "a view that was not filled yet").await,
            Modal::Change => {
                let about = About::parse(private_metadata);
                let ticket = self.existing(reading, about.map(|about| about.ticket)).await?;
                let (Some(ticket), Some(squad), Some(priority)) = (ticket, value(field::SQUAD), value(field::PRIORITY))
                else {
                    return self.ignored(reading, "the form is incomplete").await;
                };
                let event = Event::Changed {
                    seen: about.and_then(|about| about.seen),
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
                let reply = ReplyTo { channel: channel.clone(), ..ReplyTo::default() };
                // The policy may have changed while the form was open.
                let priority = value(field::PRIORITY).map(PriorityId::new);
                let priority = priority.filter(|id| self.policy.priority(id).is_some());
                let path = SlackPath::GlobalShortcut;
                self.form(reading, Form { person: by, text, priority, channel, path, reply }).await
            }
        }
    }

    /// A helpdesk's ticket.
    pub(in crate::pipeline) async fn helpdesk(&self, reading: &Reading<'_>, intake: Intake) -> Result<(), Undone> {
        let Intake::Helpdesk {
            system,
            external_id,
            url,
            requester,
            requester_name,
            requester_email,
            subject,
            text,
            written_at,
        } = intake
        else {
            return self.ignored(reading, "no helpdesk's ticket").await;
        };
        let workspace = &reading.job.workspace;
        let known = self.store.ticket_by_helpdesk(workspace, &system, &external_id).await?;
        match (known, Polled::of(reading.key)) {
            // A webhook told it in other words: the description never changes.
            (Some(_), Some(Polled::Opening)) => return self.ignored(reading, "the helpdesk told this before").await,
            (Some(ticket), Some(Polled::Comment { id })) => {
                let ts = comment_ts(&id, written_at.unwrap_or_else(Timestamp::now));
                return self.told_again(reading, ticket, text, Some(ts)).await;
            }
            (Some(ticket), None) => return self.told_again(reading, ticket, text, None).await,
            (None, Some(Polled::Comment { .. })) => {
                return self.ignored(reading, "a comment on a ticket that is none here").await;
            }
            (None, _) => {}
        }
        let helpdesk = HelpdeskKey { system: system.clone(), external_id: external_id.clone() };
        let new = NewRequest {
            workspace: workspace.clone(),
            source: Source::Helpdesk { system, external_id, url },
            requester,
            requester_is_external: true,
            is_said_in_shared_channel: false,
            requester_name,
            requester_email,
            subject,
            requested_priority: None,
            message: TicketMessage { ts: None, text, author: None, edited: None },
            card: self.triage_card(),
            tried: None,
        };
        self.new_ticket(reading, new, Along { helpdesk: Some(helpdesk), ..Along::default() }, None).await
    }
}

impl World {
    /// The helpdesk tells of a ticket that is known: new words join it, and a comment (`ts`) may open it again.
    async fn told_again(
        &self,
        reading: &Reading<'_>,
        id: TicketId,
        text: String,
        ts: Option<MessageTs>,
    ) -> Result<(), Undone> {
        let ticket = self.store.ticket(&reading.job.workspace, id).await?.map(|found| found.ticket);
        let sent_at = ts.as_ref().and_then(MessageTs::sent_at);
        let takes_more = |ticket: &Ticket| {
            ticket.status.is_open() || sent_at.is_some_and(|sent_at| ticket.may_reopen(&self.policy, sent_at))
        };
        let Some(ticket) = ticket.filter(|ticket| takes_more(ticket) && !ticket.words.erased) else {
            return self.ignored(reading, "the helpdesk's ticket is closed here").await;
        };
        if text.trim().is_empty() || is_known(&ticket, ts.as_ref(), &text) {
            return self.ignored(reading, "the helpdesk told this before").await;
        }
        if !ticket.status.is_open() {
            let judged = text.clone();
            if let Err(no_request) = computed(move || request::judge(&judged)).await? {
                return self.ignored(reading, &format!("no request: {no_request}")).await;
            }
        }
        let event = Event::MessageJoined(TicketMessage { ts, text, author: None, edited: None });
        self.concerns(reading, id, event, EventOutcome::Joined { ticket: id }, Vec::new()).await
    }
}

/// A comment is told once by its event's key: a customer may say the same twice. A webhook may have told its words before,
/// without a number, behind those that the ticket was opened with.
fn is_known(ticket: &Ticket, ts: Option<&MessageTs>, text: &str) -> bool {
    let mut messages = ticket.words.messages.iter();
    let Some(ts) = ts else { return messages.any(|said| is_same(&said.text, text)) };
    let is_told = |said: &TicketMessage| said.ts.is_none() && is_same(&said.text, text);
    messages.enumerate().any(|(place, said)| said.ts.as_ref() == Some(ts) || place > 0 && is_told(said))
}

/// What stands for Slack's name of a message. The helpdesk tells whole seconds: the comment counts as written at the end of
/// its second, so that one that came right after the ticket was closed is heard; the number tells those of a second apart.
fn comment_ts(id: &str, written_at: Timestamp) -> MessageTs {
    let last: u64 = id.parse::<u64>().unwrap_or_default() % 10_000;
    MessageTs::new(format!("{}.{:06}", written_at.as_second(), 990_000 + last))
}

/// One way in may tell the same words with other line breaks than the other.
fn is_same(one: &str, other: &str) -> bool {
    one.split_whitespace().eq(other.split_whitespace())
}

/// Reads `DB-42/action/1`, the value of an ops alert's buttons.
pub(in crate::pipeline) fn action_id(value: &str) -> Option<deskbell_domain::ids::ActionId> {
    let (ticket, ordinal) = value.split_once("/action/")?;
    Some(deskbell_domain::ids::ActionId { ticket: TicketId::parse(ticket)?, ordinal: ordinal.parse().ok()? })
}
