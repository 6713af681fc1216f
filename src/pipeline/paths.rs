//! The paths in: each says who asks, where the card goes and what the ticket's first message is. Messages are here, what
//! has no message in `forms`.

pub(super) mod forms;

use deskbell_domain::ids::{ChannelId, MessageTs, PersonId, TicketId};
use deskbell_domain::ticket::{Card, SlackPath, Source, TicketMessage};
use deskbell_domain::workflow::effect::{Effect, Telling};
use deskbell_domain::workflow::event::{Event, NewRequest, Person, ReplyTo};
use deskbell_judgement::request;
use jiff::Timestamp;

use super::World;
use super::commit::{Along, Became};
use super::interpret::Reading;
use super::knowledge::{asked_by_word, is_question};
use super::perform::{Undone, computed};
use super::shared_channels::Readers;
use crate::intake::parse::{ChannelKind, Message, ShortcutMessage, is_of_another_organisation, mention};
use crate::store::EventOutcome;

/// A message of a ticket.
pub(super) fn said(ts: MessageTs, text: String) -> TicketMessage {
    TicketMessage { ts: Some(ts), text, author: None, edited: None }
}

/// What somebody says to Deskbell that asks for no work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SmallTalk {
    /// "help"
    Help,
    /// "hello"
    Greeting,
}

impl SmallTalk {
    /// Only where Deskbell itself is spoken to.
    fn of(path: SlackPath, text: &str) -> Option<Self> {
        matches!(path, SlackPath::DirectMessage | SlackPath::Mention).then(|| Self::said(text)).flatten()
    }

    /// What a text without mention is, said to Deskbell.
    pub(super) fn said(text: &str) -> Option<Self> {
        let word = text.trim_matches(|c: char| !c.is_alphanumeric());
        if word.eq_ignore_ascii_case("help") {
            return Some(Self::Help);
        }
        (request::judge(text) == Err(request::NotARequest::Greeting)).then_some(Self::Greeting)
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
    /// Another organisation reads along, or may.
    is_shared: bool,
}

impl World {
    /// A message in a watched channel, a direct message, or a mention.
    pub(super) async fn message(&self, reading: &Reading<'_>, message: Message, mentioned: bool) -> Result<(), Undone> {
        if message.is_bot || message.user.id == self.habits.identity.bot_user {
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
        if SmallTalk::of(path, &text).is_some() {
            // In a channel Slack sends a mention twice: it is answered as `app_mention`.
            return if mentioned || path == SlackPath::DirectMessage {
                self.to_be_answered(reading).await
            } else {
                self.ignored(reading, "small talk with Deskbell").await
            };
        }
        if let Some(question) =
            asked_by_word(&text).filter(|_| path != SlackPath::WatchedChannel && self.has_knowledge())
        {
            return self.asked_by_word(reading, &message, question, (path, mentioned)).await;
        }
        let judged = text.clone();
        if let Err(no_request) = computed(move || request::judge_surely(&judged)).await?
            && !self.is_awaited(reading, &message).await?
        {
            return self.ignored(reading, &format!("no request: {no_request}")).await;
        }
        if let Some((ticket, author)) = self.joinable(reading, &message, path).await? {
            let event = Event::MessageJoined(TicketMessage { author, ..said(message.ts.clone(), text) });
            let sources = vec![(message.channel, message.ts)];
            return self.concerns(reading, ticket, event, EventOutcome::Joined { ticket }, sources).await;
        }
        if path == SlackPath::WatchedChannel && message.is_reply() {
            return self.ignored(reading, "a reply in a thread").await;
        }
        if path == SlackPath::DirectMessage && self.has_knowledge() && is_question(&text) {
            if !reading.is_searched {
                return self.to_be_searched(reading).await;
            }
            if Box::pin(self.answered_directly(reading, &message.user, &message.channel, &text)).await? {
                return Ok(());
            }
        }
        let thread = message.reply_thread().cloned();
        let asked = Asked {
            channel: message.channel,
            ts: message.ts,
            thread,
            person: message.user,
            text,
            path,
            is_shared: reading.is_in_shared_channel,
        };
        let told = (path == SlackPath::DirectMessage)
            .then(|| (asked.person.id.clone(), ReplyTo { channel: Some(asked.channel.clone()), ..ReplyTo::default() }));
        self.asked(reading, asked, told).await
    }

    /// Whether the bot asked for it: then a mere "yes" is an answer.
    async fn is_awaited(&self, reading: &Reading<'_>, message: &Message) -> Result<bool, Undone> {
        let workspace = &reading.job.workspace;
        let Some(thread) = message.reply_thread() else { return Ok(false) };
        let Some(id) = self.store.ticket_by_message(workspace, &message.channel, thread).await? else {
            return Ok(false);
        };
        let found = self.store.ticket(workspace, id).await?.map(|found| found.ticket);
        Ok(found.is_some_and(|ticket| ticket.waits_for_more() && ticket.requester == message.user.id))
    }

    /// A question that names the knowledge itself: answered where it was asked, ticket or not.
    async fn asked_by_word(
        &self,
        reading: &Reading<'_>,
        message: &Message,
        question: &str,
        (path, mentioned): (SlackPath, bool),
    ) -> Result<(), Undone> {
        if path == SlackPath::Mention && !mentioned {
            // In a channel Slack sends a mention twice: it is answered as `app_mention`.
            return self.ignored(reading, "a question that is answered as a mention").await;
        }
        if !reading.is_searched {
            return self.to_be_searched(reading).await;
        }
        let thread = message.reply_thread().unwrap_or(&message.ts);
        Box::pin(self.answered_in_thread(reading, &message.user, (&message.channel, thread), question)).await
    }

    /// The ticket that this message adds to, and its author if that is not the requester: its thread's, if the requester
    /// writes there or somebody else says it to Deskbell, or the author's open one.
    async fn joinable(
        &self,
        reading: &Reading<'_>,
        message: &Message,
        path: SlackPath,
    ) -> Result<Option<(TicketId, Option<PersonId>)>, Undone> {
        let workspace = &reading.job.workspace;
        if let Some(thread) = message.reply_thread() {
            let Some(id) = self.store.ticket_by_message(workspace, &message.channel, thread).await? else {
                return Ok(None);
            };
            let found = self.store.ticket(workspace, id).await?.map(|found| found.ticket);
            let Some(ticket) = found else { return Ok(None) };
            let sent_at = message.ts.sent_at().unwrap_or_else(Timestamp::now);
            let takes_more = ticket.status.is_open() || ticket.may_reopen(&self.policy, sent_at);
            if ticket.requester == message.user.id && takes_more {
                return Ok(Some((id, None)));
            }
            if !ticket.status.is_open() {
                return Ok(None);
            }
            return Ok((path == SlackPath::Mention).then(|| (id, Some(message.user.id.clone()))));
        }
        if path == SlackPath::Mention {
            return Ok(None);
        }
        // By the moments of sending: what was said apart may be read at once, after an outage, or in another order.
        let (sent_at, window) = (message.ts.sent_at().unwrap_or_else(Timestamp::now), self.policy.join_window);
        let since = sent_at.checked_sub(window).unwrap_or(sent_at);
        let open = self.store.open_request_of(workspace, &message.user.id, &message.channel, since).await?;
        let Some(id) = open else { return Ok(None) };
        let found = self.store.ticket(workspace, id).await?;
        let until = sent_at.checked_add(window).unwrap_or(sent_at);
        let is_close = found.is_some_and(|found| found.ticket.last_message_at <= until);
        Ok(is_close.then_some((id, None)))
    }

    fn mentions_us(&self, text: &str) -> bool {
        mention::is_mentioned(&self.habits.identity.bot_user, text)
    }

    /// What was said to Deskbell, without its name.
    pub(super) fn without_mention(&self, text: &str) -> String {
        mention::without_mentions(&self.habits.identity.bot_user, text)
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
            Card::new(asked.channel.clone(), Some(thread))
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
            is_said_in_shared_channel: asked.is_shared,
            requester_name: None,
            requester_email: None,
            subject: None,
            requested_priority: None,
            message: said(asked.ts, asked.text),
            card,
            tried: None,
        };
        self.new_ticket(reading, request, Along { sources, ..Along::default() }, told).await
    }

    fn triage_card(&self) -> Card {
        Card::new(self.policy.triage_channel.clone(), None)
    }

    async fn new_ticket(
        &self,
        reading: &Reading<'_>,
        request: NewRequest,
        mut along: Along,
        told: Option<(PersonId, ReplyTo)>,
    ) -> Result<(), Undone> {
        along.outcome = Some((reading.key.clone(), Became::OwnTicket));
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
        channel: &ChannelId,
        ts: &MessageTs,
    ) -> Result<(), Undone> {
        let name = emoji.split("::").next().unwrap_or(emoji);
        if !self.habits.triage_emoji.iter().any(|known| known == name) {
            return self.ignored(reading, "another emoji").await;
        }
        // Two people may have reacted.
        if let Some(ticket) = self.store.ticket_by_message(&reading.job.workspace, channel, ts).await? {
            return self.end(reading, EventOutcome::Joined { ticket }).await;
        }
        if !reading.may_ask_slack {
            return self.to_be_looked_up(reading).await;
        }
        self.reacted_message(reading, channel.clone(), ts.clone()).await
    }

    /// The message under a triage emoji, as Slack shows it.
    async fn reacted_message(&self, reading: &Reading<'_>, channel: ChannelId, ts: MessageTs) -> Result<(), Undone> {
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
        let is_external = is_of_another_organisation(reading.raw, message.team.as_deref());
        let asked = Asked {
            channel,
            ts,
            thread: message.thread,
            person: Person { id: author, is_external },
            text: self.without_mention(&message.text),
            path: SlackPath::Reaction,
            is_shared: reading.is_in_shared_channel,
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
                outcome: Some((reading.key.clone(), EventOutcome::Joined { ticket }.into())),
                effects: vec![(tell, Timestamp::now())],
                ..Along::default()
            };
            return Ok(self.finish_about(reading.job, ticket, along).await?);
        }
        let is_shared = match self.readers(reading, &channel).await? {
            Readers::ToBeAsked => return self.to_be_looked_up(reading).await,
            readers => readers == Readers::Outsiders,
        };
        let thread = message.thread_ts.filter(|thread| *thread != message.ts);
        let asked = Asked {
            channel,
            ts: message.ts,
            thread,
            person: message.user.unwrap_or_else(|| user.clone()),
            text: self.without_mention(&message.text),
            path: SlackPath::MessageShortcut,
            is_shared,
        };
        self.asked(reading, asked, Some((user.id, reply))).await
    }
}
