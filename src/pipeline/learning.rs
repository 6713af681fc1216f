//! `/triage accuracy` and `/triage similar DB-12`: what people taught, and what reads alike.

use deskbell_domain::assessment::SimilarTicket;
use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{ChannelId, TicketId};
use deskbell_domain::policy::Right;
use deskbell_domain::ticket::{Actor, Ticket};
use deskbell_domain::workflow::event::Person;
use jiff::Timestamp;
use serde_json::json;

use super::World;
use super::answer::{Answered, look};
use super::paths::forms::CommandCall;
use super::perform::{Undone, computed};
use super::present::{learning as shown, views};
use super::tell::rendered;
use crate::learning::report::report;
use crate::slack::SlackError;
use crate::slack::messages::{Notice, SimilarLine, SimilarView};
use crate::store::{ClaimedJob, StoreError};

/// From here on a request that is still open is told to be probably the same.
const PROBABLY_THE_SAME: f64 = 0.85;
/// Similar tickets in the form behind Change.
const IN_A_FORM: usize = 3;

impl World {
    /// How well requests are understood, for those who decide about them: it names squads, and no customer.
    pub(super) async fn accuracy_answer(&self, job: &ClaimedJob, asked: &CommandCall) -> Result<Answered, StoreError> {
        let in_a_squad =
            self.policy.squads.keys().any(|squad| self.policy.allows(Right::Confirm, &asked.user, Some(squad)));
        if in_a_squad || self.policy.allows(Right::Settle, &asked.user, None) {
            let found = report(&self.store, &job.workspace, &self.policy, &self.learning).await?;
            return Ok((rendered(self.messages.accuracy_view(&shown::accuracy_view(&self.policy, found))), None));
        }
        let (who, people) = self.policy.who_may(Right::Confirm);
        let notice = Notice {
            mention_ids: people.iter().map(ToString::to_string).collect(),
            ..Notice::problem(
                "You may not see how requests are understood.",
                format!("Ask one of those who may: {who}"),
            )
        };
        let refused = AuditEntry {
            workspace: job.workspace.clone(),
            ticket: None,
            at: Timestamp::now(),
            actor: Actor::Person(asked.user.id.clone()),
            kind: AuditKind::Refused,
            subject: None,
            detail: json!({ "right": Right::Confirm.as_str(), "asked": "accuracy" }),
        };
        Ok((rendered(self.messages.notice(&notice)), Some(refused)))
    }

    /// What was decided about requests that read like this one, for whoever is about to decide. Words are shown to those who
    /// already see the channel; elsewhere they stay where they are. A store that fails leaves the form without.
    pub(super) async fn decided_alike(&self, ticket: &Ticket) -> Vec<SimilarLine> {
        let mut lines = Vec::new();
        for alike in ticket.words.assessment.iter().flat_map(|assessment| &assessment.similar).take(IN_A_FORM) {
            let found = self.store.ticket(&ticket.workspace, alike.ticket).await.ok().flatten();
            let Some(other) = found.map(|found| found.ticket).filter(|other| !other.words.erased) else { continue };
            let mut line = shown::similar_line(&self.policy, &other, alike.similarity);
            if other.card.channel != ticket.card.channel {
                line.summary.clear();
            }
            lines.push(line);
        }
        lines
    }

    /// Shows whoever fills in the form for a new request whether somebody asked the like of it: open requests that they may see.
    pub(super) async fn show_similar_in_form(
        &self,
        job: &ClaimedJob,
        view: &str,
        text: &str,
        by: &Person,
    ) -> Result<Result<(), SlackError>, Undone> {
        // A form stands in no channel, so nothing is seen for being in one.
        let nowhere = ChannelId::new("");
        let (recent, typed) = (self.recent.clone(), text.to_owned());
        let alike = computed(move || recent.similar_to(TicketId::new(0), &typed)).await?;
        let mut lines = Vec::new();
        for found in alike {
            let other = self.store.ticket(&job.workspace, found.ticket).await?.map(|found| found.ticket);
            let may_see = |ticket: &Ticket| {
                !by.is_external && ticket.status.is_open() && self.policy.may_view(ticket, by, &nowhere)
            };
            if let Some(other) = other.filter(|other| !other.words.erased && may_see(other)) {
                lines.push(shown::similar_line(&self.policy, &other, found.similarity));
            }
        }
        let form = rendered(self.messages.new_ticket_view(&views::new_ticket_view(&self.policy, Some(lines))));
        Ok(match form {
            Ok(form) => self.slack.fill_view(view, &form).await,
            Err(error) => Err(error),
        })
    }

    /// What the card warns of: a request that is under way already.
    pub(super) async fn probably_the_same(
        &self,
        job: &ClaimedJob,
        similar: &[SimilarTicket],
    ) -> Result<Option<String>, StoreError> {
        let Some(first) = similar.first().filter(|first| first.similarity.probability() >= PROBABLY_THE_SAME) else {
            return Ok(None);
        };
        let found = self.store.ticket(&job.workspace, first.ticket).await?;
        let is_open = found.is_some_and(|found| found.ticket.status.is_open());
        Ok(is_open.then(|| format!("reads almost the same as {}, which is open", first.ticket)))
    }

    /// The tickets that read like one, as far as whoever asks may see them. A look at the ticket goes on the trail, as one by
    /// `/ticket` does.
    pub(super) async fn similar_answer(
        &self,
        job: &ClaimedJob,
        asked: &CommandCall,
        id: TicketId,
    ) -> Result<Answered, Undone> {
        let found = self.store.ticket(&job.workspace, id).await?.map(|found| found.ticket);
        let may_view =
            |ticket: &Ticket| !asked.user.is_external && self.policy.may_view(ticket, &asked.user, &asked.channel);
        let Some(ticket) = found.as_ref().filter(|ticket| may_view(ticket)) else {
            let refusal = self.messages.notice(&views::no_view(&self.policy, id));
            let recorded = look(job, asked, id, AuditKind::Refused, found.as_ref());
            return Ok((rendered(refusal), Some(recorded)));
        };
        let (recent, text) = (self.recent.clone(), ticket.words.text());
        let alike = computed(move || recent.similar_to(id, &text)).await?;
        let mut similar = Vec::new();
        for found in alike {
            let other = self.store.ticket(&job.workspace, found.ticket).await?.map(|found| found.ticket);
            if let Some(other) = other.filter(|other| may_view(other) && !other.words.erased) {
                similar.push(shown::similar_line(&self.policy, &other, found.similarity));
            }
        }
        let view = SimilarView {
            number: ticket.id.to_string(),
            summary: ticket.words.summary(),
            url: super::present::conversation_url(ticket),
            similar,
        };
        let recorded = look(job, asked, id, AuditKind::Access, Some(ticket));
        Ok((rendered(self.messages.similar_view(&view)), Some(recorded)))
    }
}
