//! Cards and notices: post once, then keep up to date.

use std::time::Duration;

use deskbell_domain::ids::{ChannelId, MessageTs, NoticeId};
use deskbell_domain::ticket::{PostedMessage, Ticket};
use deskbell_domain::workflow::event::Event;
use serde_json::Value;

use super::World;
use super::commit::Along;
use super::perform::Undone;
use super::present;
use crate::slack::messages::SimilarTicket;
use crate::slack::{Post, SlackError};
use crate::store::ClaimedJob;

/// How far back a marker is looked for before the ticket's arrival, in seconds: clocks differ.
const CLOCK_SLACK_SECONDS: i64 = 120;

/// The pause before a message is tried again that Slack refuses because of the app's own installation.
const APP_REFUSED: Duration = Duration::from_secs(30);

/// How long a post may still be under way inside Slack after its answer got lost.
const STILL_LANDING: Duration = Duration::from_secs(2);

/// Attempts for which a message that belongs under the card waits for it.
const CARD_FIRST: u32 = 10;

/// What happened to a message.
enum Delivery {
    /// It stands there and is up to date.
    Shown(PostedMessage),
    /// Slack refuses it there.
    Refused(String),
}

/// A message that belongs somewhere.
struct Shown<'a> {
    channel: &'a ChannelId,
    thread: Option<&'a MessageTs>,
    posted: Option<&'a PostedMessage>,
    marker: String,
    message: Value,
    since: i64,
}

impl World {
    /// Brings the card to the ticket's newest state.
    pub(super) async fn show_card(&self, job: &ClaimedJob, change: u32) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        if ticket.card.shown >= change && ticket.card.posted.is_some() {
            self.finish(job, Along::default()).await?;
            return Ok(());
        }
        let similar = self.similar(job, &ticket).await?;
        let card = present::card::triage_card(&self.policy, &ticket, similar);
        let message = match self.messages.triage_card(&card) {
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
                    marker: format!("{}/{}/card/{}", job.workspace, ticket.id, ticket.card.channel),
                    message,
                    since: ticket.received_at.as_second() - CLOCK_SLACK_SECONDS,
                },
            )
            .await?;
        let event = match delivery {
            Delivery::Shown(posted) => Event::CardPosted { posted, change: ticket.changes },
            Delivery::Refused(reason) => Event::CardUndeliverable { reason },
        };
        self.step_ticket(job, event).await
    }

    /// Brings a notice to the ticket's newest state.
    pub(super) async fn show_notice(&self, job: &ClaimedJob, id: NoticeId, change: u32) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        let Some(notice) = ticket.notice(id).filter(|notice| notice.shown < change || notice.posted.is_none()) else {
            self.finish(job, Along::default()).await?;
            return Ok(());
        };
        let message = match present::notice::render(&self.messages, &self.policy, &ticket, notice) {
            Ok(message) => message,
            Err(error) => {
                let event = Event::NoticeUndeliverable { notice: id, reason: error.to_string() };
                return self.step_ticket(job, event).await;
            }
        };
        let under_card =
            notice.thread.is_none() && notice.kind.belongs_under_card() && notice.channel == ticket.card.channel;
        let card = ticket.card.posted.as_ref().filter(|_| under_card);
        if under_card && card.is_none() && job.attempts < CARD_FIRST {
            return Err(Undone::Later { after: None, reason: "the card stands nowhere yet".to_owned() });
        }
        let delivery = self
            .deliver(
                job,
                Shown {
                    channel: &notice.channel,
                    thread: notice.thread.as_ref().or(card.map(|card| &card.ts)),
                    posted: notice.posted.as_ref(),
                    marker: format!("{}/{}", job.workspace, notice.id),
                    message,
                    since: ticket.received_at.as_second() - CLOCK_SLACK_SECONDS,
                },
            )
            .await?;
        let event = match delivery {
            Delivery::Shown(posted) => Event::NoticePosted { notice: id, posted, change: ticket.changes },
            Delivery::Refused(reason) => Event::NoticeUndeliverable { notice: id, reason },
        };
        self.step_ticket(job, event).await
    }

    async fn deliver(&self, job: &ClaimedJob, shown: Shown<'_>) -> Result<Delivery, Undone> {
        let result = match shown.posted {
            Some(posted) => self.update(posted, &shown.message).await,
            None => self.post_once(job, &shown).await,
        };
        match result {
            Ok(posted) => Ok(Delivery::Shown(posted)),
            // Every message would be given up, in the ops channel too: they wait until the app is mended.
            Err(error) if error.concerns_app() => {
                Err(Undone::Later { after: Some(APP_REFUSED), reason: error.to_string() })
            }
            Err(SlackError::Refused { code, mend }) => Ok(Delivery::Refused(format!("{code}: {mend}"))),
            // It would be looked for in vain: what a rate limit turned away was not posted.
            Err(SlackError::RateLimited { retry_after: after }) => {
                Err(Undone::PutOff { after, reason: "a rate limit of Slack's".to_owned() })
            }
            // A post that nobody waits for any more may still land: it is looked for when it has had the time.
            Err(error @ SlackError::Unknown { .. }) => {
                Err(Undone::Later { after: Some(STILL_LANDING), reason: error.to_string() })
            }
            Err(error) => Err(Undone::Later { after: None, reason: error.to_string() }),
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
    async fn post_once(&self, job: &ClaimedJob, shown: &Shown<'_>) -> Result<PostedMessage, SlackError> {
        if job.attempts > 1 {
            let found = self.slack.find_marked(shown.channel, shown.thread, &shown.marker, shown.since).await?;
            if let Some(posted) = found {
                self.slack.update(&posted, &shown.message).await?;
                return Ok(posted);
            }
        }
        self.slack
            .post(Post { channel: shown.channel, thread: shown.thread, message: &shown.message, marker: &shown.marker })
            .await
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
