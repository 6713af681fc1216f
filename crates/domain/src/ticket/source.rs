//! Where a request came from.

use serde::{Deserialize, Serialize};

use crate::ids::{ChannelId, MessageTs};

/// Where a request came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "from", rename_all = "snake_case")]
pub enum Source {
    /// A message in Slack: a watched channel, a mention, a DM, a reaction, a message shortcut.
    SlackMessage {
        /// The conversation.
        channel: ChannelId,
        /// The message.
        ts: MessageTs,
        /// The thread it stands in, if it is a reply.
        thread: Option<MessageTs>,
        /// How it became a request.
        path: SlackPath,
    },
    /// Typed into a slash command or modal: there is no message to hang the card on.
    SlackForm {
        /// Where the card is wanted, and goes unless outsiders read there; `None`: the triage channel.
        channel: Option<ChannelId>,
        /// The command or modal.
        path: SlackPath,
    },
    /// A helpdesk's webhook.
    Helpdesk {
        /// `zendesk`, or the name the generic webhook gave.
        system: String,
        /// The helpdesk's own number.
        external_id: String,
        /// Where people read it, if told.
        url: Option<String>,
    },
}

/// How a request in Slack reached Deskbell.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlackPath {
    /// A message in a watched channel.
    WatchedChannel,
    /// The bot was mentioned.
    Mention,
    /// A direct message to the bot.
    DirectMessage,
    /// The triage emoji on a message.
    Reaction,
    /// The message shortcut.
    MessageShortcut,
    /// The global shortcut's modal.
    GlobalShortcut,
    /// `/triage`.
    SlashCommand,
}

impl SlackPath {
    /// Every one.
    pub const ALL: [Self; 7] = [
        Self::WatchedChannel,
        Self::Mention,
        Self::DirectMessage,
        Self::Reaction,
        Self::MessageShortcut,
        Self::GlobalShortcut,
        Self::SlashCommand,
    ];

    /// The name in rules.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::WatchedChannel => "watched_channel",
            Self::Mention => "mention",
            Self::DirectMessage => "direct_message",
            Self::Reaction => "reaction",
            Self::MessageShortcut => "message_shortcut",
            Self::GlobalShortcut => "global_shortcut",
            Self::SlashCommand => "slash_command",
        }
    }
}
