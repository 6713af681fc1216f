//! What a resolved ticket taught, as a document of the knowledge server: there as long as the ticket is resolved, and taken back
//! when it is opened again, undone, or its words are erased. Whoever resolved it allowed that, where the configuration wants it.
//!
//! A document names those who could read its ticket when it was handed over. People leave channels, so who reads the ticket by now is
//! looked at again before anything of it is shown.
//!
//! A job looks at the ticket as it is, never at what it was when the job was queued, and the jobs of a ticket go one after the
//! other: whichever comes last leaves the server as it should be, and doing one again changes nothing.

use std::time::Duration;

use deskbell_domain::action::{Action, ApprovedAction, DocumentReader};
use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::TicketId;
use deskbell_domain::knowledge::{Citation, Finding, Lesson};
use deskbell_domain::ticket::{Actor, Source, Ticket, message_link};
use deskbell_domain::workflow::Solution;
use deskbell_judgement::mrkdwn;
use deskbell_judgement::redaction::Redaction;
use deskbell_judgement::summary::shorten;
use jiff::Timestamp;
use serde_json::json;

use super::super::World;
use super::super::commit::Along;
use super::super::perform::Undone;
use crate::mcp_host::{DispatchError, FoundPassage, Reason};
use crate::slack::SlackError;
use crate::store::ClaimedJob;

/// Characters of a title, of the question's other words, and of what solved it.
const TITLE_CHARS: usize = 180;
const QUESTION_CHARS: usize = 1_000;
const SOLUTION_CHARS: usize = 8_000;
/// A server that is away is tried again after this: what must be taken back is not given up.
const AWAY: Duration = Duration::from_secs(5);
/// Attempts to learn from Slack who reads; then only those who work on the ticket do.
const SLACK_ATTEMPTS: u32 = 5;

/// A document without its readers.
struct Written {
    title: String,
    markdown: String,
    url: Option<String>,
}

impl World {
    /// Brings the knowledge server's document of the job's ticket to what the ticket is by now.
    pub(in crate::pipeline) async fn teach(&self, job: &ClaimedJob) -> Result<(), Undone> {
        let stored = match job.ticket {
            Some(id) => self.store.stored_ticket(&job.workspace, id).await?,
            None => None,
        };
        let Some(stored) = stored else { return self.done_with(job).await };
        let action = self.lesson(job, stored.ticket()).await?;
        let approved = match ApprovedAction::of_lesson(&stored, &action) {
            Ok(approved) => approved,
            Err(error) => {
                tracing::debug!(job = %job.id, %error, "nothing is taught");
                return self.done_with(job).await;
            }
        };
        match self.sent_alone(job, &approved).await? {
            Ok(_) => {
                let audit = vec![taught(job, stored.ticket().id, &action)];
                self.finish(job, Along { audit, ..Along::default() }).await?;
                Ok(())
            }
            Err(error) => Err(again(&error)),
        }
    }

    /// What is to be done about the document.
    async fn lesson(&self, job: &ClaimedJob, ticket: &Ticket) -> Result<Action, Undone> {
        let path = Lesson::path(ticket.id);
        let resolver = match ticket.lesson.as_ref().filter(|lesson| lesson.stands()).map(Lesson::by) {
            Some(Actor::Person(person)) if !ticket.words.erased => person,
            _ => return Ok(Action::RemoveDocument { path }),
        };
        let Some(solution) = ticket.solution(&self.policy, resolver) else {
            return Ok(Action::RemoveDocument { path });
        };
        let readers = self.readers_of_lesson(job, ticket).await?;
        if readers.is_empty() {
            return Ok(Action::RemoveDocument { path });
        }
        let Written { title, markdown, url } = written(ticket, solution);
        let readers = readers.into_iter().map(|email| DocumentReader { email }).collect();
        Ok(Action::PutDocument { path, title, markdown, url, readers })
    }

    /// Leaves out what tickets taught that one of the readers may not read any more.
    pub(super) async fn without_others_lessons(
        &self,
        job: &ClaimedJob,
        passages: Vec<FoundPassage>,
        readers: &[String],
    ) -> Result<Vec<FoundPassage>, Undone> {
        let Some(bound) = self.bindings.of("put_document") else { return Ok(passages) };
        let mut shown = Vec::new();
        for passage in passages {
            // What everybody may read is none of these.
            let ticket = ticket_of(&passage.title).filter(|_| passage.server == bound.server && !passage.is_public);
            if match ticket {
                Some(ticket) => self.all_read(job, ticket, readers).await?,
                None => true,
            } {
                shown.push(passage);
            }
        }
        Ok(shown)
    }

    async fn all_read(&self, job: &ClaimedJob, id: TicketId, readers: &[String]) -> Result<bool, Undone> {
        let found = self.store.ticket(&job.workspace, id).await?.map(|found| found.ticket);
        let teaches = |ticket: &Ticket| !ticket.words.erased && ticket.lesson.as_ref().is_some_and(Lesson::stands);
        let Some(ticket) = found.filter(teaches) else { return Ok(false) };
        match self.readers_by_now(&ticket).await {
            Ok(by_now) => Ok(readers.iter().all(|reader| by_now.contains(reader))),
            Err(error) => {
                tracing::warn!(job = %job.id, %error, "who reads a ticket is unknown: what it taught is left out of an answer");
                Ok(false)
            }
        }
    }

    async fn readers_by_now(&self, ticket: &Ticket) -> Result<Vec<String>, SlackError> {
        if let Some(channel) = ticket.stands_in()
            && let Some(readers) = self.named_by_now(channel).await?
        {
            return Ok(readers);
        }
        self.addresses_of(&ticket.workers_by_name(&self.policy)).await
    }

    /// Nobody who could not read the ticket: those who are in its channel, and where it stands elsewhere, too, or Slack does not say,
    /// those who work on it.
    async fn readers_of_lesson(&self, job: &ClaimedJob, ticket: &Ticket) -> Result<Vec<String>, Undone> {
        let found = match ticket.stands_in() {
            Some(channel) => self.named_in(channel).await,
            None => Ok(None),
        };
        match found {
            Ok(Some(readers)) => return Ok(readers),
            Ok(None) => {}
            Err(error) if job.attempts < SLACK_ATTEMPTS => return Err(untold(&error)),
            Err(error) => {
                tracing::warn!(job = %job.id, %error, "who reads a ticket is unknown: those who work on it read what it taught");
            }
        }
        self.addresses_of(&ticket.workers_by_name(&self.policy)).await.map_err(|error| untold(&error))
    }
}

/// What a document is called: it begins with its ticket, so that each passage of it names that.
fn title(ticket: TicketId, asked: &str) -> String {
    format!("{ticket}: {}", shorten(asked, TITLE_CHARS))
}

/// The ticket that a document of this title is of.
fn ticket_of(title: &str) -> Option<TicketId> {
    let (named, _) = title.split_once(": ")?;
    TicketId::parse(named).filter(|ticket| ticket.to_string() == named)
}

fn untold(error: &SlackError) -> Undone {
    Undone::Failed { after: error.retry_after(), reason: error.to_string() }
}

/// It is never given up by itself but for what trying again does not change: then operators hear.
fn again(error: &DispatchError) -> Undone {
    let said = |reason: &Reason| reason.to_string();
    match error {
        DispatchError::NotSent { reason, retry_after } => {
            Undone::PutOff { after: retry_after.unwrap_or(AWAY), reason: said(reason) }
        }
        DispatchError::NotDone { reason, retry_after } => Undone::Failed { after: *retry_after, reason: said(reason) },
        DispatchError::Unknown { reason } => Undone::Later { after: None, reason: said(reason) },
        DispatchError::Cancelled => Undone::Later { after: None, reason: error.to_string() },
        DispatchError::Refused { reason } => Undone::Never { reason: said(reason) },
    }
}

fn taught(job: &ClaimedJob, ticket: TicketId, action: &Action) -> AuditEntry {
    let readers = match action {
        Action::PutDocument { readers, .. } => readers.len(),
        _ => 0,
    };
    AuditEntry {
        workspace: job.workspace.clone(),
        ticket: Some(ticket),
        at: Timestamp::now(),
        actor: Actor::Deskbell,
        kind: AuditKind::ActionDone,
        subject: None,
        detail: json!({ "action": action.name(), "readers": readers }),
    }
}

/// The question is title and heading, so that it is found by it; the text is what solved it, so that this is what is quoted.
fn written(ticket: &Ticket, solution: Solution<'_>) -> Written {
    let words = &ticket.words;
    let asked: Vec<String> = words
        .messages
        .iter()
        .filter(|message| message.author.is_none())
        .map(|message| mrkdwn::plain(&message.text))
        .collect();
    let asked = words.subject.iter().cloned().chain(asked).collect::<Vec<_>>().join("\n");
    let names: Vec<String> = words.requester_name.iter().cloned().collect();
    let mut redaction = Redaction::new(&names);
    let solved = match solution {
        Solution::Said(message) => {
            let said = mrkdwn::plain(&message.text);
            redaction.learn(&asked);
            redaction.learn(&said);
            shorten(&redaction.redact(&said), SOLUTION_CHARS)
        }
        Solution::Answered(finding) => pointed_to(finding),
    };
    let asked = one_line(&redaction.redact(&asked));
    let title = title(ticket.id, &asked);
    let rest = if asked.chars().count() > TITLE_CHARS {
        format!("\n\nIt was asked: {}", shorten(&asked, QUESTION_CHARS))
    } else {
        String::new()
    };
    Written { markdown: format!("# {title}\n\n{solved}{rest}\n"), title, url: link(ticket) }
}

/// Where the answer stands, not what it says: that may change.
fn pointed_to(finding: &Finding) -> String {
    let place = |source: &Citation| {
        let heading = if source.heading.is_empty() { String::new() } else { format!(", {}", source.heading) };
        let url = source.url.as_ref().map(|url| format!(" ({url})")).unwrap_or_default();
        format!("This was solved by {}{heading}{url}.", source.title)
    };
    finding.sources.iter().map(place).collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str) -> String {
    text.split(|letter: char| letter.is_whitespace() || letter.is_control())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Where the ticket is read.
fn link(ticket: &Ticket) -> Option<String> {
    let card = || ticket.card.posted.as_ref().map(|posted| message_link(&posted.channel, &posted.ts));
    match (&ticket.source, ticket.stands_in()) {
        (Source::SlackMessage { ts, .. }, Some(channel)) => Some(message_link(channel, ts)),
        _ => card(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_documents_title_names_its_ticket() {
        assert_eq!(ticket_of(&title(TicketId::new(42), "It fails: why?")), Some(TicketId::new(42)));
        for other in ["42: a number", "db-42: a page", "DB-42", "Refunds: how long?", "DB-: none", ""] {
            assert_eq!(ticket_of(other), None, "{other}");
        }
    }
}
