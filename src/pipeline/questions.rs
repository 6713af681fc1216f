//! What servers ask people in the middle of a call: shown to whoever may answer, answered once, and what was answered goes back to
//! the call that waits (`attend`).

use std::collections::BTreeMap;

use deskbell_domain::action::ActionState;
use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{ActionId, PersonId};
use deskbell_domain::interaction::Button;
use deskbell_domain::policy::Right;
use deskbell_domain::ticket::{Actor, Ticket};
use deskbell_domain::workflow::effect::Effect;
use deskbell_domain::workflow::event::{Person, ReplyTo};
use jiff::Timestamp;
use serde_json::{Map, json};

use super::World;
use super::attend::approver;
use super::commit::Along;
use super::deliver::{Delivery, Shown};
use super::paths::forms::action_id;
use super::perform::Undone;
use super::present::question::{chosen_values, message, view};
use super::tell::rendered;
use crate::intake::parse::FieldValue;
use crate::mcp_host::{Question, Reply};
use crate::slack::SlackError;
use crate::slack::messages::{MessageView, Notice, Tone};
use crate::store::{ClaimedJob, QuestionOutcome, Settlement, StoreError, StoredQuestion};

/// What whoever acted is told, and what goes on the trail besides.
pub(super) type Told = (Result<(), SlackError>, Option<AuditEntry>);

/// Whether an action is still to be carried out.
fn is_wanted(ticket: &Ticket, action: ActionId) -> bool {
    let is_pending = ticket.action(action).is_some_and(|record| record.state == ActionState::Pending);
    is_pending && !ticket.is_revoked(action)
}

/// A question, what it asks, and the ticket that it is about.
struct Asked {
    id: u64,
    stored: StoredQuestion,
    question: Question,
    ticket: Ticket,
}

impl World {
    /// Asks a server's question where it belongs, or brings that message up to date.
    pub(super) async fn show_question(&self, job: &ClaimedJob, id: u64) -> Result<(), Undone> {
        let Some(asked) = self.question_named(job, &id.to_string()).await? else {
            self.finish(job, Along::default()).await?;
            return Ok(());
        };
        let Asked { stored, question, ticket, .. } = &asked;
        // What nobody saw needs no end.
        if stored.settled.is_some() && stored.posted.is_none() && !job.in_doubt {
            self.finish(job, Along::default()).await?;
            return Ok(());
        }
        let message = rendered(self.messages.question(&message(&self.policy, id, stored, question, ticket)))
            .map_err(|error| Undone::Never { reason: error.to_string() })?;
        let direct = match stored.person.as_ref().filter(|_| stored.posted.is_none()) {
            Some(person) => match self.slack.direct_channel(person).await {
                Ok(channel) => Some(channel),
                // Those who may answer besides read it there.
                Err(SlackError::Refused { code, .. }) => {
                    tracing::warn!(question = id, code, "Slack opens no conversation with who approved an action");
                    None
                }
                Err(error) => return Err(Undone::Later { after: error.retry_after(), reason: error.to_string() }),
            },
            None => None,
        };
        let shown = Shown {
            channel: direct.as_ref().unwrap_or(&stored.channel),
            thread: None,
            posted: stored.posted.as_ref(),
            doubt: None,
            marker: Effect::ShowQuestion { question: id, change: 0 }.job_id(&job.workspace, job.ticket).to_string(),
            message,
            since: job.first_run_at.as_second(),
        };
        match self.deliver(job, shown).await? {
            Delivery::Shown(posted) => self.store.question_posted(id, posted).await?,
            Delivery::Refused(reason) => {
                tracing::error!(question = id, reason, "nobody can be asked a server's question");
            }
            Delivery::Unclear => tracing::error!(question = id, "whether a server's question was asked is unknown"),
        }
        self.finish(job, Along::default()).await?;
        Ok(())
    }

    /// The question that a value names; `None` where there is none, or its words were erased.
    async fn question_named(&self, job: &ClaimedJob, value: &str) -> Result<Option<Asked>, StoreError> {
        let Ok(id) = value.parse::<u64>() else { return Ok(None) };
        let Some(stored) = self.store.question(&job.workspace, id).await? else { return Ok(None) };
        let question = stored.document.as_deref().and_then(|document| serde_json::from_slice(document).ok());
        let ticket = self.store.ticket(&job.workspace, stored.action.ticket).await?;
        Ok(question.zip(ticket).map(|(question, found)| Asked { id, stored, question, ticket: found.ticket }))
    }

    /// Whether a person may answer for an action, or end its call: whoever approved it, and who may confirm.
    fn may_answer(&self, ticket: &Ticket, action: ActionId, by: &Person) -> bool {
        approver(ticket, action) == Some(&by.id) || self.policy.allows(Right::Confirm, by, ticket.squad.as_ref())
    }

    /// A button of a question was pressed.
    pub(super) async fn question_pressed(
        &self,
        job: &ClaimedJob,
        button: Button,
        value: &str,
        by: &Person,
        reply: &ReplyTo,
    ) -> Result<Told, StoreError> {
        let Some(asked) = self.question_named(job, value).await? else { return Ok((Ok(()), None)) };
        let Asked { id, stored, question, ticket } = &asked;
        if !self.may_answer(ticket, stored.action, by) {
            return Ok(self.refused(job, ticket, stored.action, by, reply).await);
        }
        if let Some(told) = self.settled_before(job, &asked, by, reply).await? {
            return Ok((told, None));
        }
        let settled = match (button, reply.view.as_deref()) {
            (Button::AnswerQuestion, Some(open)) => {
                let form = view(*id, stored, question, ticket, &BTreeMap::new(), &[]);
                let filled = match rendered(self.messages.question_view(&form)) {
                    Ok(filled) => self.slack.fill_view(open, &filled).await,
                    Err(error) => Err(error),
                };
                return Ok((filled, None));
            }
            (Button::AcceptQuestion, _) => Reply::Accept { content: Map::new() },
            (Button::DeclineQuestion, _) => Reply::Decline,
            _ => return Ok((Ok(()), None)),
        };
        self.settle_question(job, &asked, by, &settled).await?;
        Ok((Ok(()), None))
    }

    /// The form of a question was submitted; `open` is the modal that waits for what is said to it.
    pub(super) async fn question_submitted(
        &self,
        job: &ClaimedJob,
        value: &str,
        values: &BTreeMap<String, FieldValue>,
        by: &Person,
        open: &str,
    ) -> Result<Told, StoreError> {
        let reply = ReplyTo { view: Some(open.to_owned()), ..ReplyTo::default() };
        let Some(asked) = self.question_named(job, value).await? else { return Ok((Ok(()), None)) };
        let Asked { id, stored, question, ticket } = &asked;
        if !self.may_answer(ticket, stored.action, by) {
            return Ok(self.refused(job, ticket, stored.action, by, &reply).await);
        }
        if let Some(told) = self.settled_before(job, &asked, by, &reply).await? {
            return Ok((told, None));
        }
        let content = match question.answer(|place| chosen_values(question, values, place)) {
            Ok(content) => content,
            Err(unfit) => {
                let form = view(*id, stored, question, ticket, values, &unfit);
                let filled = match rendered(self.messages.question_view(&form)) {
                    Ok(filled) => self.slack.fill_view(open, &filled).await,
                    Err(error) => Err(error),
                };
                return Ok((filled, None));
            }
        };
        self.settle_question(job, &asked, by, &Reply::Accept { content }).await?;
        let thanks = Notice::line(Tone::Ok, format!("Your answer goes to {}.", stored.server));
        Ok((self.tell_of_question(&by.id, &reply, ticket, thanks).await, None))
    }

    async fn settle_question(
        &self,
        job: &ClaimedJob,
        asked: &Asked,
        by: &Person,
        reply: &Reply,
    ) -> Result<(), StoreError> {
        let outcome = match reply {
            Reply::Accept { .. } => QuestionOutcome::Accepted,
            Reply::Decline | Reply::Cancel => QuestionOutcome::Declined,
        };
        let answer = serde_json::to_vec(reply).ok();
        let settlement = Settlement { outcome, by: Actor::Person(by.id.clone()), at: Timestamp::now(), answer };
        let Asked { id, stored, ticket, .. } = asked;
        self.store.settle_question(&job.workspace, *id, &ticket.requester, settlement).await?;
        if let Some(call) = self.under_way.call(stored.action) {
            call.settled.notify_one();
        }
        Ok(())
    }

    /// What whoever comes too late is told; `None` while the question is open.
    async fn settled_before(
        &self,
        job: &ClaimedJob,
        asked: &Asked,
        by: &Person,
        reply: &ReplyTo,
    ) -> Result<Option<Result<(), SlackError>>, StoreError> {
        let Asked { stored, ticket, .. } = asked;
        let notice = match &stored.settled {
            // No answer lets a server do what nobody wants any more.
            None if !is_wanted(ticket, stored.action) => {
                self.store.close_questions(&job.workspace, stored.action, &ticket.requester).await?;
                self.under_way.cancel(&[stored.action]);
                Notice::problem("Nobody waits for this answer any more.", "The decision was undone.")
            }
            None if self.under_way.call(stored.action).is_some() => return Ok(None),
            // The process that asked is gone, and with it the call.
            None => {
                self.store.close_questions(&job.workspace, stored.action, &ticket.requester).await?;
                Notice::problem("Nobody waits for this answer any more.", "The call that asked is over.")
            }
            // This very answer, when the job runs a second time.
            Some((QuestionOutcome::Accepted, Some(who), _)) if *who == by.id => {
                Notice::line(Tone::Ok, format!("Your answer goes to {}.", stored.server))
            }
            Some((_, Some(who), _)) if *who == by.id => return Ok(Some(Ok(()))),
            Some(_) => Notice::problem(
                "That is settled already.",
                "Look at the message again: it shows what became of the question.",
            ),
        };
        Ok(Some(self.tell_of_question(&by.id, reply, ticket, notice).await))
    }

    async fn refused(&self, job: &ClaimedJob, ticket: &Ticket, action: ActionId, by: &Person, reply: &ReplyTo) -> Told {
        let (who, mut people) = self.policy.who_may(Right::Confirm);
        people.extend(approver(ticket, action).cloned());
        let notice = Notice {
            mention_ids: people.iter().map(ToString::to_string).collect(),
            ..Notice::problem("You may not answer for this action.", format!("Ask whoever approved it, or: {who}"))
        };
        let detail = json!({ "right": Right::Confirm.as_str(), "action": action.ordinal, "what": "question" });
        let entry = Self::entry(job, action, by, AuditKind::Refused, detail);
        (self.tell_of_question(&by.id, reply, ticket, notice).await, Some(entry))
    }

    fn entry(
        job: &ClaimedJob,
        action: ActionId,
        by: &Person,
        kind: AuditKind,
        detail: serde_json::Value,
    ) -> AuditEntry {
        AuditEntry {
            workspace: job.workspace.clone(),
            ticket: Some(action.ticket),
            at: Timestamp::now(),
            actor: Actor::Person(by.id.clone()),
            kind,
            subject: None,
            detail,
        }
    }

    /// Tells one person, in the modal that waits or where they pressed.
    async fn tell_of_question(
        &self,
        person: &PersonId,
        reply: &ReplyTo,
        ticket: &Ticket,
        notice: Notice,
    ) -> Result<(), SlackError> {
        let Some(open) = &reply.view else {
            return self.say(person, reply, &rendered(self.messages.notice(&notice))?).await;
        };
        let text = match notice.mend {
            Some(mend) => format!("{} {mend}", notice.text),
            None => notice.text,
        };
        let Notice { tone, by_user_id, mention_ids, .. } = notice;
        let told = MessageView { title: ticket.id.to_string(), tone, text, by_user_id, mention_ids };
        self.slack.fill_view(open, &rendered(self.messages.message_view(&told))?).await
    }

    /// Ends an action's call for whoever may.
    pub(super) async fn call_cancelled(
        &self,
        job: &ClaimedJob,
        value: &str,
        by: &Person,
        reply: &ReplyTo,
    ) -> Result<Told, StoreError> {
        let Some(action) = action_id(value) else { return Ok((Ok(()), None)) };
        let Some(found) = self.store.ticket(&job.workspace, action.ticket).await? else { return Ok((Ok(()), None)) };
        if !self.may_answer(&found.ticket, action, by) {
            return Ok(self.refused(job, &found.ticket, action, by, reply).await);
        }
        let Some(call) = self.under_way.call(action) else {
            let notice = Notice::problem("The call is over.", "Look at the card: it shows what came of it.");
            return Ok((self.tell_of_question(&by.id, reply, &found.ticket, notice).await, None));
        };
        call.cancel.cancel();
        let detail = json!({ "action": action.ordinal, "server": call.server });
        Ok((Ok(()), Some(Self::entry(job, action, by, AuditKind::CallCancelled, detail))))
    }
}
