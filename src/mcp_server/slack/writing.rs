//! Posting a message once, updating one, making a channel.
//!
//! Slack has no idempotency key. A message carries a marker in its metadata, made of the caller's key, and is looked for
//! among our own messages before it is posted: see [`crate::slack::SlackClient::find_marked`].

use std::time::Duration;

use deskbell_block_kit::limits::{Strictness, check_message_as};
use deskbell_domain::ids::{ChannelId, MessageTs, PersonId};
use deskbell_domain::ticket::PostedMessage;
use deskbell_servers::failure::{ErrorKind, ToolFailure};
use deskbell_servers::ledger::{Fate, Ledger};
use deskbell_servers::marker::marker;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::OnceCell;
use tokio::time::Instant;

use super::failure::{of_read, of_write};
use super::schema::{Block, Channel, CreateChannel, CreatedChannel, UpdateMessage, Updated};
use crate::slack::{Found, Identity, Post, SlackClient, SlackError, Sought};

/// How far back a message is looked for: as long as a key counts.
const KEY_COUNTS_SECONDS: i64 = 24 * 3600;
/// Clocks differ.
const CLOCK_SLACK_SECONDS: i64 = 120;
/// What Slack has taken in shows in a conversation a little later.
const HISTORY_LAG: Duration = Duration::from_secs(2);
/// Pages of channels through which one is looked for by its name, and channels on each.
const CHANNEL_PAGES_MAX: usize = 50;
const CHANNEL_PAGE: u32 = 200;
/// Bytes of a caller's key at most.
const KEY_BYTES_MAX: usize = 512;

/// Slack, and what was written there as long as this process lives.
pub(super) struct Writer {
    pub(super) slack: SlackClient,
    identity: OnceCell<Identity>,
    posts: Ledger<PostedMessage>,
    changes: Ledger<()>,
    channels: Ledger<Channel>,
}

/// A message to post.
pub(super) struct Wanted<'a> {
    pub(super) channel: &'a str,
    pub(super) thread: Option<&'a str>,
    pub(super) content: Content<'a>,
    pub(super) key: Option<&'a str>,
}

/// What a message says.
pub(super) struct Content<'a> {
    pub(super) text: &'a str,
    pub(super) blocks: Option<&'a [Block]>,
    pub(super) allow_broadcast: bool,
}

impl Content<'_> {
    /// `{text, blocks}`, held against Slack's limits.
    fn checked(&self) -> Result<Value, ToolFailure> {
        if self.text.trim().is_empty() {
            return Err(refused("text", "text is empty: say in it what the message says, also where blocks show it"));
        }
        let message = json!({ "text": self.text, "blocks": self.blocks.unwrap_or_default() });
        if !self.allow_broadcast && calls_everybody(&message) {
            return Err(refused(
                "allow_broadcast",
                "the message calls everybody (<!channel>, <!here> or <!everyone>): take that out, or set allow_broadcast",
            ));
        }
        check_message_as(&message, Strictness::Slack).map_err(|violations| {
            let errors = violations.iter().map(|found| (found.path.clone(), found.message.clone())).collect();
            ToolFailure::permanent("the message breaks Slack's limits; field_errors says where")
                .with_field_errors(errors)
        })?;
        Ok(message)
    }
}

fn calls_everybody(message: &Value) -> bool {
    let whole = message.to_string();
    ["<!channel", "<!here", "<!everyone", "\"type\":\"broadcast\""].iter().any(|call| whole.contains(call))
}

fn refused(field: &str, message: &str) -> ToolFailure {
    ToolFailure::permanent(message).with_field_errors([(field.to_owned(), message.to_owned())].into())
}

impl Writer {
    pub(super) fn new(slack: SlackClient) -> Self {
        Self {
            slack,
            identity: OnceCell::new(),
            posts: Ledger::default(),
            changes: Ledger::default(),
            channels: Ledger::default(),
        }
    }

    /// Posts unless a call with the key did; the answer says whether it was this one.
    pub(super) async fn post(&self, wanted: Wanted<'_>) -> Result<(PostedMessage, bool), ToolFailure> {
        let message = wanted.content.checked()?;
        let thread = wanted.thread.map(thread_ts).transpose()?;
        let channel = self.place(wanted.channel).await?;
        let place = Place { channel: &channel, thread: thread.as_ref() };
        let Some(key) = wanted.key else {
            let marker = marker(&nobodys_key());
            self.slack.turn(&channel).await.map_err(of_write)?;
            return Ok((self.send(place, &message, &marker).await?, true));
        };
        let marker = marker(checked_key(key)?);
        let mut turn = self.posts.turn(&place.named(&marker)).await;
        if let Some(Fate::Done(posted)) = &*turn {
            return Ok((posted.clone(), false));
        }
        if let Some(posted) = self.find(place, &marker).await? {
            *turn = Some(Fate::Done(posted.clone()));
            return Ok((posted, false));
        }
        if let Some(sent) = &*turn {
            let lag = self.slack.call_timeout() + HISTORY_LAG;
            sent.may_be_sent_again(Instant::now(), lag, "Slack's history may not show the message yet")?;
        }
        self.slack.turn(&channel).await.map_err(of_write)?;
        // Noted before it leaves, so that a call that is cancelled meanwhile is not forgotten.
        *turn = Some(Fate::Sent(Instant::now()));
        let outcome = self.send(place, &message, &marker).await;
        *turn = fate_of(&outcome);
        Ok((outcome?, true))
    }

    async fn send(&self, place: Place<'_>, message: &Value, marker: &str) -> Result<PostedMessage, ToolFailure> {
        let post = Post { channel: place.channel, thread: place.thread, message, marker };
        self.slack.post(post).await.map_err(of_write)
    }

    /// The message that a call with the key posted.
    pub(super) async fn posted_with(
        &self,
        channel: &str,
        thread: Option<&str>,
        key: &str,
    ) -> Result<Option<PostedMessage>, ToolFailure> {
        let thread = thread.map(thread_ts).transpose()?;
        let channel = self.place(channel).await?;
        let place = Place { channel: &channel, thread: thread.as_ref() };
        let marker = marker(checked_key(key)?);
        if let Some(Fate::Done(posted)) = &*self.posts.turn(&place.named(&marker)).await {
            return Ok(Some(posted.clone()));
        }
        self.find(place, &marker).await
    }

    async fn find(&self, place: Place<'_>, marker: &str) -> Result<Option<PostedMessage>, ToolFailure> {
        let ours = self.ours().await?;
        let now = Timestamp::now().as_second();
        let sought = Sought {
            channel: place.channel,
            thread: place.thread,
            marker,
            oldest: now - KEY_COUNTS_SECONDS,
            latest: now + CLOCK_SLACK_SECONDS,
        };
        match self.slack.find_marked(ours, sought).await.map_err(of_read)? {
            Found::Here(posted) => Ok(Some(posted)),
            Found::Nowhere => Ok(None),
            Found::Unclear => Err(ToolFailure::permanent(
                "too much was written there in the last 24 hours to see whether an earlier call with this idempotency_key \
                 posted the message. Look into the channel, and post without a key if it is not there",
            )),
        }
    }

    /// The conversation's id; one with a person alone is opened.
    async fn place(&self, named: &str) -> Result<ChannelId, ToolFailure> {
        let named = named.trim();
        if named.starts_with(['U', 'W']) && is_id(named) {
            return self.slack.direct_channel(&PersonId::new(named)).await.map_err(of_read);
        }
        conversation(named)
    }

    /// Changes a message of ours unless a call with the key did.
    pub(super) async fn update(&self, wanted: &UpdateMessage) -> Result<Updated, ToolFailure> {
        let content =
            Content { text: &wanted.text, blocks: wanted.blocks.as_deref(), allow_broadcast: wanted.allow_broadcast };
        // Blocks that are left out would stay as they were.
        let message = content.checked()?;
        let at = PostedMessage { channel: conversation(&wanted.channel)?, ts: thread_ts(&wanted.ts)? };
        let answer = |changed| Updated { channel: at.channel.to_string(), ts: at.ts.to_string(), changed };
        let mut turn = match &wanted.idempotency_key {
            None => None,
            Some(key) => {
                let name = format!("{} {} {}", at.channel, at.ts, marker(checked_key(key)?));
                Some(self.changes.turn(&name).await)
            }
        };
        if turn.as_ref().is_some_and(|fate| matches!(**fate, Some(Fate::Done(())))) {
            return Ok(answer(false));
        }
        // To set the same text again is harmless, so a lost answer is no unknown outcome.
        self.slack.update(&at, &message).await.map_err(of_read)?;
        if let Some(fate) = &mut turn {
            **fate = Some(Fate::Done(()));
        }
        Ok(answer(true))
    }

    /// Makes a channel. With a key, one of this name that our bot made counts as made.
    pub(super) async fn create_channel(&self, wanted: &CreateChannel) -> Result<CreatedChannel, ToolFailure> {
        let name = wanted.name.trim();
        let Some(key) = wanted.idempotency_key.as_deref() else {
            let channel = self.slack.create_channel(name, wanted.is_private).await.map_err(of_write)?;
            return Ok(CreatedChannel { channel, created: true });
        };
        checked_key(key)?;
        let mut turn = self.channels.turn(name).await;
        if let Some(Fate::Done(channel)) = &*turn {
            return Ok(CreatedChannel { channel: channel.clone(), created: false });
        }
        let (channel, created) = match self.slack.create_channel(name, wanted.is_private).await {
            Err(SlackError::Refused { code, .. }) if code == "name_taken" => (self.our_channel(name).await?, false),
            made => (made.map_err(of_write)?, true),
        };
        *turn = Some(Fate::Done(channel.clone()));
        Ok(CreatedChannel { channel, created })
    }

    /// Who we are: Slack is asked once.
    pub(super) async fn ours(&self) -> Result<&Identity, ToolFailure> {
        self.identity.get_or_try_init(|| self.slack.identity()).await.map_err(of_read)
    }

    async fn our_channel(&self, name: &str) -> Result<Channel, ToolFailure> {
        let ours = self.ours().await?;
        let mut cursor: Option<String> = None;
        for _ in 0..CHANNEL_PAGES_MAX {
            let page = self.slack.channels(CHANNEL_PAGE, cursor.as_deref(), true).await.map_err(of_read)?;
            if let Some(found) = page.items.into_iter().find(|channel| channel.name == name) {
                let is_ours = found.creator.as_deref() == Some(ours.bot_user.as_str()) && !found.is_archived;
                return if is_ours { Ok(found) } else { Err(of_write(SlackError::refused("name_taken"))) };
            }
            match page.next {
                Some(next) => cursor = Some(next),
                None => break,
            }
        }
        Err(of_write(SlackError::refused("name_taken")))
    }
}

/// Where a message goes.
#[derive(Clone, Copy)]
struct Place<'a> {
    channel: &'a ChannelId,
    thread: Option<&'a MessageTs>,
}

impl Place<'_> {
    fn named(self, marker: &str) -> String {
        format!("{} {} {marker}", self.channel, self.thread.map_or("", MessageTs::as_str))
    }
}

fn fate_of(outcome: &Result<PostedMessage, ToolFailure>) -> Option<Fate<PostedMessage>> {
    match outcome {
        Ok(posted) => Some(Fate::Done(posted.clone())),
        Err(failure) if failure.error_kind == ErrorKind::Unknown => Some(Fate::Sent(Instant::now())),
        Err(_) => None,
    }
}

/// Ids of Slack's are ASCII capitals and digits; anything else would be a name.
fn is_id(text: &str) -> bool {
    text.len() > 1 && text.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// The id of a channel or of an open conversation.
pub(super) fn conversation(named: &str) -> Result<ChannelId, ToolFailure> {
    let named = named.trim();
    if named.starts_with(['C', 'G', 'D']) && is_id(named) {
        return Ok(ChannelId::new(named));
    }
    Err(refused("channel", "give the channel's id (C…), not its name; list_channels tells ids"))
}

pub(super) fn thread_ts(text: &str) -> Result<MessageTs, ToolFailure> {
    let ts = MessageTs::new(text.trim());
    match ts.sent_at() {
        Some(_) => Ok(ts),
        None => Err(ToolFailure::permanent(
            "a ts is Slack's timestamp of a message, such as 1700000000.000100, as a post's result names it",
        )),
    }
}

fn checked_key(key: &str) -> Result<&str, ToolFailure> {
    if key.trim().is_empty() || key.len() > KEY_BYTES_MAX {
        return Err(refused("idempotency_key", "give a key of 1 to 512 bytes, or leave it out"));
    }
    Ok(key)
}

/// A mark that nothing else carries.
fn nobodys_key() -> String {
    let mut bytes = [0_u8; 16];
    rand::fill(&mut bytes);
    hex::encode(bytes)
}
