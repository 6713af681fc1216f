//! Whether people of another organisation read along in a channel. Slack says so with each event, but not with commands,
//! forms and shortcuts: of their channels it is asked, in its own lane, and the answer is remembered for a while.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use deskbell_domain::ids::ChannelId;

use super::World;
use super::interpret::Reading;
use super::perform::Undone;
use crate::slack::SlackError;

/// A channel may be shared at any time: an answer holds no longer than this.
const HOLDS_FOR: Duration = Duration::from_secs(300);
/// The most channels remembered.
const REMEMBERED: usize = 10_000;
/// Attempts before a channel of which Slack tells nothing counts as shared: the request must not wait for ever.
const ASKED: u32 = 4;

/// What Slack said of channels.
#[derive(Debug, Default)]
pub struct SharedChannels(Mutex<HashMap<ChannelId, (bool, Instant)>>);

impl SharedChannels {
    fn get(&self, channel: &ChannelId) -> Option<bool> {
        let known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.get(channel).filter(|(_, at)| at.elapsed() < HOLDS_FOR).map(|(is_shared, _)| *is_shared)
    }

    fn remember(&self, channel: &ChannelId, is_shared: bool) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED {
            known.clear();
        }
        known.insert(channel.clone(), (is_shared, Instant::now()));
    }
}

/// Who reads a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Readers {
    /// People of the organisation alone.
    Ours,
    /// Others too, or nobody knows.
    Outsiders,
    /// Slack is to be asked, which this lane does not do: see [`World::to_be_looked_up`].
    ToBeAsked,
}

impl World {
    /// Who reads a channel of which the event itself does not tell.
    pub(super) async fn readers(&self, reading: &Reading<'_>, channel: &ChannelId) -> Result<Readers, Undone> {
        // Slack shows no app other people's direct conversations; the card finds that it can't stand there.
        if channel.as_str().starts_with('D') {
            return Ok(Readers::Ours);
        }
        let readers = |is_shared: bool| if is_shared { Readers::Outsiders } else { Readers::Ours };
        if let Some(is_shared) = self.shared_channels.get(channel) {
            return Ok(readers(is_shared));
        }
        if !reading.may_ask_slack {
            return Ok(Readers::ToBeAsked);
        }
        match self.slack.is_shared_outside(channel).await {
            Ok(is_shared) => {
                self.shared_channels.remember(channel, is_shared);
                Ok(readers(is_shared))
            }
            Err(error) if matches!(error, SlackError::Refused { .. }) || reading.job.attempts >= ASKED => {
                tracing::warn!(%channel, %error, "whether a channel is shared is unknown: it counts as shared");
                Ok(Readers::Outsiders)
            }
            Err(error) => Err(Undone::Later { after: error.retry_after(), reason: error.to_string() }),
        }
    }
}
