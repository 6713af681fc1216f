//! The knowledge for a ticket: suggested on its card, or said to its requester. Who will read it is another question each time.

use deskbell_domain::knowledge::{Purpose, Sought, Unanswered};
use deskbell_domain::ticket::Ticket;
use deskbell_domain::workflow::event::Event;
use deskbell_judgement::mrkdwn;

use super::super::World;
use super::super::perform::Undone;
use super::readers::Place;
use super::{QUESTION_CHARS, Reading, citation};
use crate::assessor::reading::read_part;
use crate::store::{AnswerWords, ClaimedJob, NewAnswer};

/// Pages that are named where none answers surely.
const NEAR: usize = 3;

impl World {
    /// Asks the knowledge on a ticket.
    pub(in crate::pipeline) async fn seek_answer(
        &self,
        job: &ClaimedJob,
        purpose: Purpose,
        revision: u32,
    ) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        if ticket.revision != revision || ticket.words.erased || !ticket.status.is_open() {
            return self.sought(job, &ticket, (purpose, revision), Sought::Unanswered(Unanswered::Nothing)).await;
        }
        let question = asked(&ticket);
        let readers = self.readers_in(&place(&ticket, purpose)).await;
        let mut brought = self.ask_knowledge(job, &question, &readers).await?;
        if purpose == Purpose::Answer {
            brought.facts = self.facts(job, &ticket, &question).await?;
        }
        let names = ticket.words.requester_name.iter().cloned().collect();
        let sought = match self.in_words(&question, &mut brought, names, Some(ticket.id)).await {
            Reading::Thin(Unanswered::Unsure) if purpose == Purpose::Answer => {
                Sought::Near(brought.passages.iter().take(NEAR).map(citation).collect())
            }
            Reading::Thin(why) => Sought::Unanswered(why),
            // Nobody is answered by it yet.
            Reading::Answer(finding) if purpose == Purpose::Suggest => Sought::Found(finding),
            Reading::Answer(mut finding) => {
                let sources = finding.sources.iter();
                let shown = sources.map(|source| (source.server.clone(), source.passage.clone()));
                let words = AnswerWords { question, shown: shown.collect(), finding: Some(finding.clone()) };
                let answer = NewAnswer {
                    workspace: job.workspace.clone(),
                    cause: job.id.to_string(),
                    ticket: Some(ticket.id),
                    asker: ticket.requester.clone(),
                    words,
                };
                finding.number = self.store.keep_answer(answer).await?;
                Sought::Found(finding)
            }
        };
        self.sought(job, &ticket, (purpose, revision), sought).await
    }

    /// The ticket goes on without.
    pub(in crate::pipeline) async fn sought_in_vain(
        &self,
        job: &ClaimedJob,
        purpose: Purpose,
        revision: u32,
    ) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        self.sought(job, &ticket, (purpose, revision), Sought::Unanswered(Unanswered::Failed)).await
    }

    /// Tells the ticket, and for whose reading it was asked.
    async fn sought(
        &self,
        job: &ClaimedJob,
        ticket: &Ticket,
        (purpose, revision): (Purpose, u32),
        sought: Sought,
    ) -> Result<(), Undone> {
        let outcome = if matches!(sought, Sought::Found(_)) { "answered" } else { "unknown" };
        metrics::counter!("deskbell_answers_total", "asked" => purpose.as_str(), "outcome" => outcome).increment(1);
        let read_in = ticket.readers_of(purpose).cloned();
        self.step_ticket(job, Event::AnswerSought { purpose, revision, read_in, sought: Box::new(sought) }).await
    }
}

/// What is asked: how it began, and what was told since, where the requester was asked for more.
fn asked(ticket: &Ticket) -> String {
    let text = ticket.words.text();
    let question = mrkdwn::plain(read_part(&text));
    let was_asked = ticket.solving.as_ref().is_some_and(|solving| solving.asked_back.is_some());
    let letters = question.chars().count();
    if !was_asked || letters <= QUESTION_CHARS {
        return question;
    }
    let half = QUESTION_CHARS / 2;
    let begun: String = question.chars().take(half).collect();
    let newest: String = mrkdwn::plain(&text).chars().rev().take(half - 1).collect();
    format!("{begun}\n{}", newest.chars().rev().collect::<String>())
}

/// Who will read it.
fn place(ticket: &Ticket, purpose: Purpose) -> Place {
    match ticket.readers_of(purpose) {
        _ if ticket.outsiders_read && purpose != Purpose::Suggest => Place::Anywhere,
        Some(channel) => Place::Conversation(channel.clone()),
        None => Place::Alone(ticket.requester.clone()),
    }
}
