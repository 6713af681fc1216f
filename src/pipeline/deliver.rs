//! Cards and notices: post once, then keep up to date.

use std::time::Duration;

use deskbell_block_kit::templates::RenderError;
use deskbell_domain::ids::{ChannelId, MessageTs, NoticeId};
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::ticket::{Doubt, PostedMessage, Ticket};
use deskbell_domain::workflow::event::Event;
use jiff::Timestamp;
use serde_json::Value;

use super::World;
use super::commit::Along;
use super::perform::Undone;
use super::present;
use crate::slack::messages::SimilarTicket;
use crate::slack::{Found, Post, SlackError, Sought};
use crate::store::ClaimedJob;

/// How far a marker is looked for before the job first came due and after now, in seconds: clocks differ.
const CLOCK_SLACK_SECONDS: i64 = 120;

/// The pause before a message is tried again that Slack refuses because of the app's own installation.
const APP_REFUSED: Duration = Duration::from_secs(30);

/// A message that was not found is looked for again after this: what Slack has taken in shows in a conversation a little later.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// Said of a message whose fate could not be seen.
const TOO_MUCH: &str = "it may stand there: Slack's answer got lost, and too much was written since to look through; look for it \
     before you write it by hand";

/// Attempts for which a message that belongs under the card waits for it.
const CARD_FIRST: u32 = 10;

/// What happened to a message.
pub(super) enum Delivery {
    /// It stands there and is up to date.
    Shown(PostedMessage),
    /// Slack refuses it there.
    Refused(String),
    /// It may stand there; too much was written since to tell.
    Unclear,
}

/// Why a message was not posted.
enum NotPosted {
    Slack(SlackError),
    /// See [`Found::Unclear`].
    Unclear,
    /// The job is not this worker's any more, or the store failed: nothing was sent.
    NotSent(Undone),
}

impl From<SlackError> for NotPosted {
    fn from(error: SlackError) -> Self {
        Self::Slack(error)
    }
}

/// A message that belongs somewhere.
pub(super) struct Shown<'a> {
    pub channel: &'a ChannelId,
    pub thread: Option<&'a MessageTs>,
    pub posted: Option<&'a PostedMessage>,
    /// Nobody knows whether it is posted: it is looked for and not posted.
    pub doubt: Option<&'a Doubt>,
    pub marker: String,
    pub message: Value,
    /// Since when it may stand there, in seconds since 1970.
    pub since: i64,
}

/// The card may stand there since the job first came due.
pub(super) fn card_unclear(job: &ClaimedJob) -> Event {
    Event::CardUnclear { since: job.first_run_at, reason: TOO_MUCH.to_owned() }
}

/// As [`card_unclear`].
pub(super) fn notice_unclear(job: &ClaimedJob, notice: NoticeId) -> Event {
    Event::NoticeUnclear { notice, since: job.first_run_at, reason: TOO_MUCH.to_owned() }
}

impl World {
    /// Brings the card to the ticket's newest state.
    pub(super) async fn show_card(&self, job: &ClaimedJob, change: u32) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        if ticket.card.shown >= change && ticket.card.posted.is_some() {
            self.finish(job, Along::default()).await?;
            return Ok(());
        }
        let message = match self.card_message(job, &ticket).await? {
            Ok(message) => message,
            Err(error) => {
                return self.step_ticket(job, Event::CardUndeliverable { reason: error.to_string() }).await;
            }
        };
        let delivery = self
            .deliver(
                job,
                Shown {
                    channel: &ticket.card.channel,
                    thread: ticket.card.thread.as_ref(),
                    posted: ticket.card.posted.as_ref(),
                    doubt: ticket.card.doubt.as_ref(),
                    marker: format!("{}/{}/card/{}", job.workspace, ticket.id, ticket.card.channel),
                    message,
                    since: job.first_run_at.as_second(),
                },
            )
            .await?;
        match delivery {
            Delivery::Shown(posted) => {
                // What is said in the card's thread, and what is done with the card, is about its ticket.
                let sources = vec![(posted.channel.clone(), posted.ts.clone())];
                let event = Event::CardPosted { posted, change: ticket.changes };
                self.step(job, Some(ticket.id), event, Along { sources, ..Along::default() }).await?;
                Ok(())
            }
            Delivery::Refused(reason) => self.step_ticket(job, Event::CardUndeliverable { reason }).await,
            Delivery::Unclear => self.step_ticket(job, card_unclear(job)).await,
        }
    }

    async fn card_message(&self, job: &ClaimedJob, ticket: &Ticket) -> Result<Result<Value, RenderError>, Undone> {
        let similar = self.similar(job, ticket).await?;
        let mut card = present::card::triage_card(&self.policy, ticket, similar);
        card.under_way = self.under_way.shown(ticket);
        Ok(self.messages.triage_card(&card))
    }

    /// Brings a card that stands somewhere up to date with a call that is under way.
    pub(super) async fn refresh_card(&self, job: &ClaimedJob) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        if let Some(posted) = &ticket.card.posted
            && let Ok(message) = self.card_message(job, &ticket).await?
        {
            let shown = Shown {
                channel: &posted.channel,
                thread: None,
                posted: Some(posted),
                doubt: None,
                marker: String::new(),
                message,
                since: job.first_run_at.as_second(),
            };
            self.deliver(job, shown).await?;
        }
        self.finish(job, Along::default()).await?;
        Ok(())
    }

    /// Brings a notice to the ticket's newest state.
    pub(super) async fn show_notice(&self, job: &ClaimedJob, id: NoticeId, change: u32) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        let Some(notice) = ticket.notice(id).filter(|notice| notice.shown < change || notice.posted.is_none()) else {
            self.finish(job, Along::default()).await?;
            return Ok(());
        };
        let server = |action: &str| self.bindings.of(action).map(|binding| binding.server.clone());
        let message = match present::notice::render(&self.messages, &self.policy, server, &ticket, notice) {
            Ok(message) => message,
            Err(error) => {
                let event = Event::NoticeUndeliverable { notice: id, reason: error.to_string() };
                return self.step_ticket(job, event).await;
            }
        };
        let under_card = notice.person.is_none()
            && notice.thread.is_none()
            && notice.kind.belongs_under_card()
            && notice.channel == ticket.card.channel;
        let card = ticket.card.posted.as_ref().filter(|_| under_card);
        if under_card && card.is_none() && ticket.card.doubt.is_none() && job.attempts < CARD_FIRST {
            return Err(Undone::Later { after: None, reason: "the card stands nowhere yet".to_owned() });
        }
        let direct = match notice.person.as_ref().filter(|_| notice.posted.is_none()) {
            Some(person) => match self.slack.direct_channel(person).await {
                Ok(channel) => Some(channel),
                Err(SlackError::Refused { code, mend }) => {
                    let event = Event::NoticeUndeliverable { notice: id, reason: format!("{code}: {mend}") };
                    return self.step_ticket(job, event).await;
                }
                Err(error) => return Err(Undone::Later { after: error.retry_after(), reason: error.to_string() }),
            },
            None => None,
        };
        let delivery = self
            .deliver(
                job,
                Shown {
                    channel: direct.as_ref().unwrap_or(&notice.channel),
                    thread: notice.thread.as_ref().or(card.map(|card| &card.ts)),
                    posted: notice.posted.as_ref(),
                    doubt: notice.doubt.as_ref(),
                    marker: format!("{}/{}", job.workspace, notice.id),
                    message,
                    since: job.first_run_at.as_second(),
                },
            )
            .await?;
        let event = match delivery {
            Delivery::Shown(posted) => {
                // What its requester is asked they answer below the question.
                let is_asked = notice.kind == NoticeKind::AskedBack;
                let sources = is_asked.then(|| (posted.channel.clone(), posted.ts.clone())).into_iter().collect();
                let event = Event::NoticePosted { notice: id, posted, change: ticket.changes };
                self.step(job, Some(ticket.id), event, Along { sources, ..Along::default() }).await?;
                return Ok(());
            }
            Delivery::Refused(reason) => Event::NoticeUndeliverable { notice: id, reason },
            Delivery::Unclear => notice_unclear(job, id),
        };
        self.step_ticket(job, event).await
    }

    /// Brings a message where it belongs, once.
    pub(super) async fn deliver(&self, job: &ClaimedJob, shown: Shown<'_>) -> Result<Delivery, Undone> {
        let result = match shown.posted {
            Some(posted) => self.update(posted, &shown.message).await.map_err(NotPosted::from),
            None => self.post_once(job, &shown).await,
        };
        let error = match result {
            Ok(posted) => return Ok(Delivery::Shown(posted)),
            Err(NotPosted::Unclear) => return Ok(Delivery::Unclear),
            Err(NotPosted::NotSent(undone)) => return Err(undone),
            Err(NotPosted::Slack(error)) => error,
        };
        match error {
            // Every message would be given up, in the ops channel too: they wait until the app is mended.
            error if error.concerns_app() => Err(Undone::Later { after: Some(APP_REFUSED), reason: error.to_string() }),
            SlackError::Refused { code, mend } => Ok(Delivery::Refused(format!("{code}: {mend}"))),
            // What a rate limit turned away was not posted.
            SlackError::RateLimited { retry_after: after } => {
                Err(Undone::PutOff { after, reason: "a rate limit of Slack's".to_owned() })
            }
            // A post that nobody waits for any more may still land: it is looked for when it has had the time.
            error @ SlackError::Unknown { .. } => {
                Err(Undone::Later { after: Some(self.slack.call_timeout()), reason: error.to_string() })
            }
            error @ SlackError::Transient { .. } => Err(Undone::Failed { after: None, reason: error.to_string() }),
        }
    }

    /// A message that somebody deleted in Slack stays deleted.
    async fn update(&self, posted: &PostedMessage, message: &Value) -> Result<PostedMessage, SlackError> {
        match self.slack.update(posted, message).await {
            Err(SlackError::Refused { code, .. }) if code == "message_not_found" || code == "cant_update_message" => {}
            result => result?,
        }
        Ok(posted.clone())
    }

    /// Posts, unless an earlier attempt may have got through and did.
    async fn post_once(&self, job: &ClaimedJob, shown: &Shown<'_>) -> Result<PostedMessage, NotPosted> {
        if let Some(doubt) = shown.doubt {
            let found = self.posted_before(shown, doubt.since.as_second(), doubt.until.as_second()).await;
            let posted = match found {
                Ok(Some(posted)) => posted,
                // Whatever is in the way of looking: it may stand there.
                Ok(None) | Err(NotPosted::Slack(SlackError::Refused { .. })) => return Err(NotPosted::Unclear),
                Err(error) => return Err(error),
            };
            self.slack.update(&posted, &shown.message).await?;
            return Ok(posted);
        }
        if job.in_doubt
            && let Some(posted) = self.posted_before(shown, shown.since, Timestamp::now().as_second()).await?
        {
            self.slack.update(&posted, &shown.message).await?;
            return Ok(posted);
        }
        // A channel's queue waits in the store, not in the workers that other channels need.
        self.slack.place(shown.channel, &job.id).map_err(|after| NotPosted::NotSent(Undone::NotItsTurn { after }))?;
        self.about_to_send(job).await.map_err(NotPosted::NotSent)?;
        let post =
            Post { channel: shown.channel, thread: shown.thread, message: &shown.message, marker: &shown.marker };
        Ok(self.slack.post(post).await?)
    }

    /// Looks twice: not to find a message that stands there would repeat it.
    async fn posted_before(
        &self,
        shown: &Shown<'_>,
        since: i64,
        until: i64,
    ) -> Result<Option<PostedMessage>, NotPosted> {
        for pause in [None, Some(SECOND_LOOK)] {
            if let Some(pause) = pause {
                tokio::time::sleep(pause).await;
            }
            let sought = Sought {
                channel: shown.channel,
                thread: shown.thread,
                marker: &shown.marker,
                oldest: since - CLOCK_SLACK_SECONDS,
                latest: until + CLOCK_SLACK_SECONDS,
            };
            match self.slack.find_marked(&self.habits.identity, sought).await? {
                Found::Here(posted) => return Ok(Some(posted)),
                Found::Unclear => return Err(NotPosted::Unclear),
                Found::Nowhere => {}
            }
        }
        Ok(None)
    }

    async fn similar(&self, job: &ClaimedJob, ticket: &Ticket) -> Result<Vec<SimilarTicket>, Undone> {
        let Some(assessment) = &ticket.words.assessment else { return Ok(Vec::new()) };
        let mut lines = Vec::new();
        for similar in assessment.similar.iter().take(3) {
            let Some(found) = self.store.ticket(&job.workspace, similar.ticket).await? else { continue };
            // A ticket is shown to those who already see its channel; elsewhere its words stay where they are.
            let same_place = found.ticket.card.channel == ticket.card.channel;
            lines.push(SimilarTicket {
                number: similar.ticket.to_string(),
                summary: if same_place { found.ticket.words.summary() } else { String::new() },
                url: present::conversation_url(&found.ticket),
            });
        }
        Ok(lines)
    }
}
