//! An intake event is understood here: whom it concerns and what it means for them. Every event ends with an outcome
//! on its row: its own ticket, joined to one, handled, or ignored with the reason.

use deskbell_domain::ids::{ChannelId, EventKey, MessageTs, TicketId, WorkspaceId};
use deskbell_domain::ticket::TicketMessage;
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::{Event, ReplyTo};
use jiff::Timestamp;

use super::World;
use super::commit::Along;
use super::paths::forms::CommandCall;
use super::perform::Undone;
use crate::intake::parse::tracker::IssueStatus;
use crate::intake::parse::{self, Intake};
use crate::store::{ClaimedJob, EventKind, EventOutcome, NewJob};

/// An event being interpreted.
pub(super) struct Reading<'a> {
    pub job: &'a ClaimedJob,
    pub key: &'a EventKey,
    /// Its recorded body.
    pub raw: &'a [u8],
    /// Its place among what its author says there.
    pub serial: Option<&'a str>,
    pub received_at: Timestamp,
    /// Slack says of the event that its channel is shared with another organisation.
    pub is_in_shared_channel: bool,
    /// It is read where Slack may be asked.
    pub may_ask_slack: bool,
    /// It is read where the knowledge may be asked, too.
    pub is_searched: bool,
}

impl World {
    /// Reads a recorded event and acts on it. Asks nobody outside: a Slack that hangs must not keep other events waiting.
    pub(super) async fn interpret(&self, job: &ClaimedJob, key: &EventKey) -> Result<(), Undone> {
        Box::pin(self.read(job, key, (false, false))).await
    }

    /// The same in Slack's lane, for an event that is understood only with what Slack answers.
    pub(super) async fn look_up(&self, job: &ClaimedJob, key: &EventKey) -> Result<(), Undone> {
        Box::pin(self.read(job, key, (true, false))).await
    }

    /// The same in the servers' lane, for an event that asks the knowledge.
    pub(super) async fn search_for(&self, job: &ClaimedJob, key: &EventKey) -> Result<(), Undone> {
        Box::pin(self.read(job, key, (true, true))).await
    }

    async fn read(
        &self,
        job: &ClaimedJob,
        key: &EventKey,
        (may_ask_slack, is_searched): (bool, bool),
    ) -> Result<(), Undone> {
        let stored = self.store.event(&job.workspace, key).await?;
        let Some(stored) = stored else { return self.gone(job, key).await };
        let Some(raw) = &stored.raw else { return self.gone(job, key).await };
        let reading = Reading {
            job,
            key,
            raw,
            serial: stored.serial.as_deref(),
            received_at: stored.received_at,
            is_in_shared_channel: parse::is_in_shared_channel(stored.kind, raw),
            may_ask_slack,
            is_searched,
        };
        if self.is_anothers(job, stored.kind, raw) {
            metrics::counter!("deskbell_events_of_other_workspaces_total").increment(1);
            return self.ignored(&reading, "another workspace's").await;
        }
        match parse::parse(stored.kind, raw) {
            Ok(intake) => Box::pin(self.understood(&reading, intake)).await,
            Err(error) => {
                metrics::counter!("deskbell_events_unparsed_total", "kind" => stored.kind.as_str()).increment(1);
                tracing::warn!(event = %key, %error, "an event could not be read; it is kept for a mended parser");
                self.end(&reading, EventOutcome::Unparsed { reason: error.to_string() }).await
            }
        }
    }

    async fn gone(&self, job: &ClaimedJob, key: &EventKey) -> Result<(), Undone> {
        let outcome = EventOutcome::Ignored { reason: "its body is gone".to_owned() };
        self.finish(job, Along { outcome: Some((key.clone(), outcome.into())), ..Along::default() }).await?;
        Ok(())
    }

    /// Slack signs for every workspace that installed the app with the same secret. Another's people, channels and numbers are
    /// not ours; an organisation's installation serves all its workspaces.
    fn is_anothers(&self, job: &ClaimedJob, kind: EventKind, raw: &[u8]) -> bool {
        let identity = &self.habits.identity;
        let ours = [Some(&identity.workspace), identity.organisation.as_ref().filter(|_| identity.is_org_wide)];
        let is_ours = |ours: &WorkspaceId| job.workspace == *ours || parse::belongs_to(kind, raw, ours);
        !ours.into_iter().flatten().any(is_ours)
    }

    async fn understood(&self, reading: &Reading<'_>, intake: Intake) -> Result<(), Undone> {
        match intake {
            Intake::Message(message) => self.message(reading, message, false).await,
            Intake::Mention(message) => self.message(reading, message, true).await,
            // A card or an alert that was brought up to date.
            Intake::MessageChanged { user: Some(user), .. } if user.id == self.habits.identity.bot_user => {
                self.ignored(reading, "Deskbell's own message").await
            }
            Intake::MessageChanged { channel, ts, text, at, .. } => {
                // Without the mention, as the words were kept: else a link's preview, which Slack reports as a change
                // too, would read as an edit.
                let said = super::paths::said(ts.clone(), self.without_mention(&text));
                let edited = TicketMessage { edited: at, ..said };
                self.words_moved(reading, &channel, ts, Event::MessageEdited(edited)).await
            }
            Intake::MessageDeleted { channel, ts } => {
                self.words_moved(reading, &channel, ts.clone(), Event::MessageDeleted(ts)).await
            }
            Intake::Reaction { emoji, channel, ts, .. } => self.reaction(reading, &emoji, &channel, &ts).await,
            Intake::MessageShortcut { channel, message, user, response_url, .. } => {
                self.message_shortcut(reading, channel, message, user, response_url).await
            }
            Intake::GlobalShortcut { .. } | Intake::FindSimilar { .. } => self.to_be_answered(reading).await,
            Intake::Command { command, text, user, from, channel, response_url, .. } => {
                let user = self.commander(user, &from);
                let asked = CommandCall { command, text, user, channel, response_url };
                self.command(reading, asked).await
            }
            Intake::Press { button, value, user, channel, response_url, .. } => {
                let reply = ReplyTo { response_url, channel, view: None };
                self.press(reading, button, &value, user, reply).await
            }
            Intake::Submission { modal, private_metadata, values, user, .. } => {
                self.submission(reading, modal, &private_metadata, &values, user).await
            }
            Intake::Helpdesk { .. } => self.helpdesk(reading, intake).await,
            Intake::IssueStatus(told) => self.issue_status(reading, told).await,
            Intake::Irrelevant { reason } => self.ignored(reading, reason).await,
        }
    }

    /// Nothing follows from the event.
    pub(super) async fn ignored(&self, reading: &Reading<'_>, reason: &str) -> Result<(), Undone> {
        self.end(reading, EventOutcome::Ignored { reason: reason.to_owned() }).await
    }

    /// Settles the event without touching a ticket.
    pub(super) async fn end(&self, reading: &Reading<'_>, outcome: EventOutcome) -> Result<(), Undone> {
        let along = Along { outcome: Some((reading.key.clone(), outcome.into())), ..Along::default() };
        self.finish(reading.job, along).await?;
        Ok(())
    }

    /// Queues the answer to a question that changes nothing.
    pub(super) async fn to_be_answered(&self, reading: &Reading<'_>) -> Result<(), Undone> {
        let along = Along {
            outcome: Some((reading.key.clone(), EventOutcome::Handled { ticket: None }.into())),
            effects: vec![(Effect::Answer { event: reading.key.clone() }, Timestamp::now())],
            ..Along::default()
        };
        self.finish(reading.job, along).await?;
        Ok(())
    }

    /// Queues that the event is read again where Slack may be asked. It keeps its place: what its author says there
    /// afterwards may add to what comes of it.
    pub(super) async fn to_be_looked_up(&self, reading: &Reading<'_>) -> Result<(), Undone> {
        self.to_be_read_again(reading, Effect::LookUp { event: reading.key.clone() }).await
    }

    /// The same where the knowledge may be asked.
    pub(super) async fn to_be_searched(&self, reading: &Reading<'_>) -> Result<(), Undone> {
        self.to_be_read_again(reading, Effect::SearchKnowledge { event: reading.key.clone() }).await
    }

    async fn to_be_read_again(&self, reading: &Reading<'_>, effect: Effect) -> Result<(), Undone> {
        let again =
            NewJob { effect, ticket: None, run_at: reading.received_at, serial: reading.serial.map(str::to_owned) };
        self.finish(reading.job, Along { jobs: vec![again], ..Along::default() }).await?;
        Ok(())
    }

    /// Steps the ticket that an event is about.
    pub(super) async fn concerns(
        &self,
        reading: &Reading<'_>,
        ticket: TicketId,
        event: Event,
        outcome: EventOutcome,
        sources: Vec<(ChannelId, MessageTs)>,
    ) -> Result<(), Undone> {
        let along = Along { outcome: Some((reading.key.clone(), outcome.into())), sources, ..Along::default() };
        self.step(reading.job, Some(ticket), event, along).await?;
        Ok(())
    }

    /// A status of an issue that no ticket made is none of ours.
    async fn issue_status(&self, reading: &Reading<'_>, told: IssueStatus) -> Result<(), Undone> {
        match self.store.ticket_by_issue(&reading.job.workspace, &told.key).await? {
            Some(ticket) => {
                let moved = Event::TrackerMoved { status: told.status, category: told.category, at: told.at };
                let outcome = EventOutcome::Handled { ticket: Some(ticket) };
                self.concerns(reading, ticket, moved, outcome, Vec::new()).await
            }
            None => self.ignored(reading, "no ticket's issue").await,
        }
    }

    async fn words_moved(
        &self,
        reading: &Reading<'_>,
        channel: &ChannelId,
        ts: MessageTs,
        event: Event,
    ) -> Result<(), Undone> {
        match self.store.ticket_by_message(&reading.job.workspace, channel, &ts).await? {
            Some(ticket) => self.concerns(reading, ticket, event, EventOutcome::Joined { ticket }, Vec::new()).await,
            None => self.ignored(reading, "the message is no ticket's").await,
        }
    }
}
