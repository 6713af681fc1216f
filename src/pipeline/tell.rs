//! What one person is told, and the modals they asked for.

use deskbell_domain::ids::PersonId;
use deskbell_domain::ticket::Ticket;
use deskbell_domain::workflow::effect::Telling;
use deskbell_domain::workflow::event::ReplyTo;
use serde_json::Value;

use super::World;
use super::present::views;
use crate::slack::SlackError;

impl World {
    /// Tells one person, where they are: in the modal that waits, at the click's `response_url`, in the
    /// conversation, or directly.
    pub(super) async fn tell(
        &self,
        ticket: &Ticket,
        person: &PersonId,
        what: &Telling,
        reply: &ReplyTo,
    ) -> Result<(), SlackError> {
        if let Some(view) = &reply.view {
            let message = rendered(self.messages.message_view(&views::message_view(ticket, what)))?;
            return self.slack.fill_view(view, &message).await;
        }
        let message = match what {
            Telling::Accepted => rendered(self.messages.command_ack(&views::command_ack(ticket)))?,
            _ => rendered(self.messages.notice(&views::telling(ticket, what)))?,
        };
        self.say(person, reply, &message).await
    }

    /// A message for one person.
    pub(super) async fn say(&self, person: &PersonId, reply: &ReplyTo, message: &Value) -> Result<(), SlackError> {
        if let Some(url) = &reply.response_url {
            match self.slack.respond(url, message).await {
                // Used up or expired: the conversation itself is left.
                Err(SlackError::Refused { .. }) => {}
                result => return result,
            }
        }
        if let Some(channel) = &reply.channel {
            match self.slack.whisper(channel, person, message).await {
                // The bot, or the person, is not in that channel.
                Err(SlackError::Refused { .. }) => {}
                result => return result,
            }
        }
        let channel = self.slack.direct_channel(person).await?;
        self.slack.whisper(&channel, person, message).await
    }

    /// Fills the modal behind Change. Where Slack never opened it, the person who pressed is told.
    pub(super) async fn offer_change(&self, ticket: &Ticket, person: &PersonId, view: &str) -> Result<(), SlackError> {
        let similar = self.decided_alike(ticket).await;
        let filled = rendered(self.messages.change_view(&views::change_view(&self.policy, ticket, similar)))?;
        match self.slack.fill_view(view, &filled).await {
            Err(SlackError::Refused { code, .. }) if code == "not_found" => {
                let channel = ticket.card.posted.as_ref().map(|posted| posted.channel.clone());
                let reply = ReplyTo { channel, ..ReplyTo::default() };
                let message = rendered(self.messages.notice(&views::window_missing(ticket)))?;
                self.say(person, &reply, &message).await
            }
            result => result,
        }
    }

    /// Fills the modal for a new request.
    pub(super) async fn fill_new_ticket_view(&self, view: &str) -> Result<(), SlackError> {
        let filled = rendered(self.messages.new_ticket_view(&views::new_ticket_view(&self.policy, None)))?;
        self.slack.fill_view(view, &filled).await
    }
}

/// Templates are tried when Deskbell starts, so a failure here is a defect of an override.
pub(super) fn rendered(result: Result<Value, deskbell_block_kit::templates::RenderError>) -> Result<Value, SlackError> {
    result.map_err(|error| {
        tracing::error!(%error, "a template failed");
        SlackError::refused("template_failed")
    })
}
