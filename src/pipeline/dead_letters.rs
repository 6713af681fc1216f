//! The ops channel hears of jobs that were given up: how many, of which kind, and where to look. No customers' words.

use deskbell_domain::workflow::effect::Effect;
use jiff::Timestamp;

use super::World;
use super::commit::Along;
use super::deliver::{Delivery, Shown};
use super::perform::Undone;
use super::tell::rendered;
use crate::slack::messages::{Notice, Tone};
use crate::store::{ClaimedJob, DeadLetters};

impl World {
    /// Tells the ops channel of the jobs given up since a moment.
    pub(super) async fn report_dead_letters(&self, job: &ClaimedJob, since: Timestamp) -> Result<(), Undone> {
        let letters = self.store.dead_letters_since(&job.workspace, since).await?;
        // Somebody may have put them back into the queue meanwhile.
        if !letters.is_empty() {
            let message = rendered(self.messages.notice(&notice(&letters)))
                .map_err(|error| Undone::Never { reason: error.to_string() })?;
            let shown = Shown {
                channel: &self.policy.ops_channel,
                thread: None,
                posted: None,
                doubt: None,
                marker: Effect::ReportDeadLetters { since }.job_id(&job.workspace, None).to_string(),
                message,
                since: since.as_second(),
            };
            if let Delivery::Refused(reason) = self.deliver(job, shown).await? {
                tracing::error!(reason, "the ops channel can't hear of dead letters");
            }
        }
        self.finish(job, Along::default()).await?;
        Ok(())
    }
}

fn notice(letters: &[DeadLetters]) -> Notice {
    let jobs: usize = letters.iter().map(|letters| letters.jobs).sum();
    let kinds: Vec<String> = letters.iter().map(line).collect();
    let given_up = if jobs == 1 { "1 job was given up".to_owned() } else { format!("{jobs} jobs were given up") };
    Notice {
        mend: Some(
            "Nothing tries them again by itself: `deskbell audit dead-letters` lists them with the reason and can put one \
             back into the queue. What nobody puts back is forgotten in time ([store] keep_given_up), but not while its ticket \
             is open."
                .to_owned(),
        ),
        ..Notice::line(Tone::Error, format!("{given_up}: {}", kinds.join("; ")))
    }
}

fn line(letters: &DeadLetters) -> String {
    let why = if letters.crashed { "the worker died or hung" } else { "it failed too often" };
    let what = spoken(&letters.kind);
    let times = if letters.jobs == 1 { String::new() } else { format!("{} × ", letters.jobs) };
    let tickets: Vec<String> = letters.tickets.iter().map(ToString::to_string).collect();
    match tickets.is_empty() {
        true => format!("{times}{what} ({why})"),
        false if tickets.len() < letters.jobs => format!("{times}{what} ({}, …; {why})", tickets.join(", ")),
        false => format!("{times}{what} ({}; {why})", tickets.join(", ")),
    }
}

/// What a job of a kind would have done.
fn spoken(kind: &str) -> &str {
    match kind {
        "interpret" => "reading an event",
        "assess" => "assessing a request",
        "card" => "showing a card",
        "notice" => "posting a message",
        "dispatch" | "reconcile" => "carrying out an action",
        "offer_change" => "showing a form",
        "answer" => "answering a command",
        "tell" => "telling a person",
        "tool_drift" => "telling of a changed tool",
        "timer" => "a timer",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use deskbell_domain::ids::TicketId;

    use super::*;

    #[test]
    fn a_thousand_letters_are_a_few_words() {
        let letters = |kind: &str, crashed, jobs: usize| DeadLetters {
            kind: kind.to_owned(),
            crashed,
            jobs,
            tickets: (1..=3).map(TicketId::new).take(jobs).collect(),
        };
        let told = notice(&[letters("tell", false, 999), letters("timer", true, 1)]);
        assert_eq!(
            told.text,
            "1000 jobs were given up: 999 × telling a person (DB-1, DB-2, DB-3, …; it failed too often); a timer (DB-1; the \
             worker died or hung)"
        );
        let event = DeadLetters { kind: "interpret".to_owned(), crashed: true, jobs: 1, tickets: Vec::new() };
        assert_eq!(notice(&[event]).text, "1 job was given up: reading an event (the worker died or hung)");
    }
}
