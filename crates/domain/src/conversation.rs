//! Where the people of a ticket read and write.

use crate::ids::ChannelId;
use crate::knowledge::Purpose;
use crate::ticket::{SlackPath, Source, Ticket};

impl Ticket {
    /// The requester reads on in a direct conversation with Deskbell, since the card stands where they did not ask.
    pub fn hears_directly(&self) -> bool {
        match &self.source {
            Source::SlackMessage { path, .. } => *path == SlackPath::DirectMessage || self.outsiders_read,
            Source::SlackForm { channel, .. } => channel.as_ref() != Some(&self.card.channel),
            Source::Helpdesk { .. } => false,
        }
    }

    /// The conversation in which the requester reads what is said to them; `None`: one that they alone read.
    pub fn answered_in(&self) -> Option<&ChannelId> {
        match &self.source {
            Source::SlackMessage { channel, path, .. }
                if *path != SlackPath::DirectMessage && self.hears_directly() =>
            {
                Some(channel)
            }
            _ if self.hears_directly() => None,
            _ => Some(&self.card.channel),
        }
    }

    /// The conversation in which what is asked for this purpose is read; `None`: the requester alone reads it.
    pub fn readers_of(&self, purpose: Purpose) -> Option<&ChannelId> {
        match purpose {
            Purpose::Suggest => Some(&self.card.channel),
            Purpose::Answer | Purpose::Send => self.answered_in(),
        }
    }

    /// The channel in which all of it stands: asked there, shown there, and nobody of another organisation reads along. `None` where
    /// it came or went elsewhere, too.
    pub fn stands_in(&self) -> Option<&ChannelId> {
        let Source::SlackMessage { channel, .. } = &self.source else { return None };
        let is_there = self.is_asked_in_channel() && self.card.channel == *channel;
        Some(channel).filter(|_| is_there && !self.outsiders_read && !self.requester_is_external)
    }

    /// It began as a message in a channel, not in a direct conversation, a form or a helpdesk.
    pub fn is_asked_in_channel(&self) -> bool {
        matches!(&self.source, Source::SlackMessage { path, .. } if *path != SlackPath::DirectMessage)
    }

    /// Whether a conversation is the ticket's own: the request or its card stands there.
    pub fn is_at_home_in(&self, channel: &ChannelId) -> bool {
        let asked_in = match &self.source {
            Source::SlackMessage { channel, .. } => Some(channel),
            Source::SlackForm { .. } | Source::Helpdesk { .. } => None,
        };
        let card = self.card.posted.as_ref().map(|posted| &posted.channel);
        asked_in == Some(channel) || card == Some(channel)
    }
}
