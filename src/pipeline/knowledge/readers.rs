//! Who will read an answer, by the e-mail addresses that the knowledge's sources know people by.
//!
//! In doubt an answer is read by everybody: then it is made only of what everybody may read. That holds for a public channel
//! (every member of the workspace may look in), for one that is shared with others, for one with too many members to ask after,
//! and whenever Slack does not say.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deskbell_domain::ids::{ChannelId, PersonId};

use super::super::World;
use crate::slack::SlackError;
use crate::slack::directory::{Audience, User};

/// People come and go: who reads a channel holds no longer than this.
const CHANNEL_HOLDS: Duration = Duration::from_secs(60);
/// Somebody's address changes seldom.
const PERSON_HOLDS: Duration = Duration::from_secs(3_600);
/// Members that are asked after; a conversation with more is everybody's.
const MEMBERS_MAX: usize = 200;
/// The most that is remembered of each kind.
const REMEMBERED: usize = 10_000;

/// Where an answer will stand.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::pipeline) enum Place {
    /// One person alone reads it.
    Alone(PersonId),
    /// A conversation.
    Conversation(ChannelId),
    /// Anybody may.
    Anywhere,
}

/// How a person is known to the knowledge's sources.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Known {
    /// By this address.
    By(String),
    /// They are none of ours, or Slack names no address: they read what everybody may.
    AsAnybody,
    /// A machine reads nothing.
    Machine,
}

/// What was said, and when.
type Kept<K, V> = Mutex<HashMap<K, (V, Instant)>>;

/// What Slack said of people and conversations.
#[derive(Debug, Default)]
pub struct Readerships {
    people: Kept<PersonId, Known>,
    channels: Kept<ChannelId, Vec<String>>,
    /// What [`World::named_in`] found.
    named: Kept<ChannelId, Option<Vec<String>>>,
}

fn recall<K: std::hash::Hash + Eq, V: Clone>(kept: &Kept<K, V>, key: &K, holds: Duration) -> Option<V> {
    let kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    kept.get(key).filter(|(_, at)| at.elapsed() < holds).map(|(value, _)| value.clone())
}

fn remember<K: std::hash::Hash + Eq, V>(kept: &Kept<K, V>, key: K, value: V) {
    let mut kept = kept.lock().unwrap_or_else(PoisonError::into_inner);
    if kept.len() >= REMEMBERED {
        kept.clear();
    }
    kept.insert(key, (value, Instant::now()));
}

impl World {
    /// Who will read what stands there; nobody stands for everybody.
    pub(in crate::pipeline) async fn readers_in(&self, place: &Place) -> Vec<String> {
        let found = match place {
            Place::Anywhere => return Vec::new(),
            Place::Alone(person) => self.known(person).await.map(|known| match known {
                Known::By(email) => vec![email],
                Known::AsAnybody | Known::Machine => Vec::new(),
            }),
            Place::Conversation(channel) => self.members_of(channel).await,
        };
        found.unwrap_or_else(|error| {
            tracing::warn!(%error, "who will read an answer is unknown: it is made of what everybody may read");
            Vec::new()
        })
    }

    async fn members_of(&self, channel: &ChannelId) -> Result<Vec<String>, SlackError> {
        if let Some(known) = recall(&self.readerships.channels, channel, CHANNEL_HOLDS) {
            return Ok(known);
        }
        let readers = match self.slack.audience(channel).await? {
            Audience::Members => self.addresses_in(channel).await?,
            Audience::Workspace | Audience::Strangers => Vec::new(),
        };
        remember(&self.readerships.channels, channel.clone(), readers.clone());
        Ok(readers)
    }

    /// The addresses of those who may read what stands in a channel by being in it; `None` where people of other organisations read
    /// along, or there are too many to name. Whom Slack names no address of is left out.
    pub(super) async fn named_in(&self, channel: &ChannelId) -> Result<Option<Vec<String>>, SlackError> {
        if self.slack.audience(channel).await? == Audience::Strangers {
            return Ok(None);
        }
        let limit = u32::try_from(MEMBERS_MAX).unwrap_or(u32::MAX);
        let page = self.slack.members(channel, limit, None).await?;
        if page.next.is_some() || page.items.len() > MEMBERS_MAX {
            return Ok(None);
        }
        self.addresses_of(&page.items).await.map(Some)
    }

    /// The same, as it was a minute ago at most.
    pub(super) async fn named_by_now(&self, channel: &ChannelId) -> Result<Option<Vec<String>>, SlackError> {
        if let Some(known) = recall(&self.readerships.named, channel, CHANNEL_HOLDS) {
            return Ok(known);
        }
        let named = self.named_in(channel).await?;
        remember(&self.readerships.named, channel.clone(), named.clone());
        Ok(named)
    }

    /// The addresses of people, as far as Slack names them.
    pub(super) async fn addresses_of(&self, people: &[PersonId]) -> Result<Vec<String>, SlackError> {
        let mut addresses = Vec::new();
        for person in people {
            if let Known::By(email) = self.known(person).await? {
                addresses.push(email);
            }
        }
        addresses.sort();
        addresses.dedup();
        Ok(addresses)
    }

    /// The members' addresses; nobody's where one of them has none, or there are too many.
    async fn addresses_in(&self, channel: &ChannelId) -> Result<Vec<String>, SlackError> {
        let limit = u32::try_from(MEMBERS_MAX).unwrap_or(u32::MAX);
        let page = self.slack.members(channel, limit, None).await?;
        if page.next.is_some() || page.items.len() > MEMBERS_MAX {
            return Ok(Vec::new());
        }
        let mut addresses = Vec::new();
        for person in &page.items {
            match self.known(person).await? {
                Known::By(email) => addresses.push(email),
                Known::AsAnybody => return Ok(Vec::new()),
                Known::Machine => {}
            }
        }
        Ok(addresses)
    }

    async fn known(&self, person: &PersonId) -> Result<Known, SlackError> {
        if *person == self.habits.identity.bot_user {
            return Ok(Known::Machine);
        }
        if let Some(known) = recall(&self.readerships.people, person, PERSON_HOLDS) {
            return Ok(known);
        }
        let known = known_as(self.slack.user(person, &self.habits.identity).await?);
        remember(&self.readerships.people, person.clone(), known.clone());
        Ok(known)
    }
}

/// An outsider's address proves nothing: anybody sets theirs as they like.
fn known_as(user: User) -> Known {
    match user.email {
        _ if user.is_bot => Known::Machine,
        Some(email) if !user.is_external => Known::By(email.to_lowercase()),
        _ => Known::AsAnybody,
    }
}
