//! What the knowledge lacks: asked often, answered badly or not at all. A draft of an article is one click away.

use std::time::Duration;

use deskbell_domain::action::Action;
use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::EventKey;
use deskbell_domain::policy::Right;
use deskbell_domain::ticket::Actor;
use deskbell_domain::workflow::event::{Person, ReplyTo};
use deskbell_judgement::mrkdwn;
use deskbell_judgement::redaction::Redaction;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::super::World;
use super::super::commit::Along;
use super::super::enrich::Nothing;
use super::super::perform::Undone;
use super::super::tell::rendered;
use super::outcomes::cause_of;
use crate::slack::SlackError;
use crate::slack::messages::{GapLine, Gaps, Notice, Tone};
use crate::store::{AnswerCounts, ClaimedJob, NewClick};

/// Gaps that are shown.
const GAPS: usize = 10;
/// The time that the summary covers; answers are kept as long.
const SUMMARY: SignedDuration = SignedDuration::from_hours(24 * 30);
/// Characters of a draft's title.
const TITLE_CHARS: usize = 120;

/// A question as the knowledge server may keep it: without what names a person or is a secret.
pub(super) fn anonymous(question: &str) -> String {
    Redaction::new(&[]).redact(&mrkdwn::plain(question))
}

impl World {
    /// What the knowledge lacks, for those who may see it: it is made of other people's questions.
    pub(super) async fn gaps_answer(
        &self,
        job: &ClaimedJob,
        asked_by: &Person,
    ) -> Result<Result<Value, SlackError>, Undone> {
        if !self.policy.allows(Right::Curate, asked_by, None) {
            return Ok(rendered(self.messages.notice(&self.may_not_curate())));
        }
        let Some(binding) = &self.lookups.gaps else {
            return Ok(self.problem(
                "No server lists what the knowledge lacks.",
                "Set [knowledge] folder, or bind [lookups.list_gaps] to a server that does.",
            ));
        };
        let until = Instant::now() + Duration::try_from(binding.deadline).unwrap_or_default();
        let answer = self.look_up_with(job, binding, &json!({}), until).await;
        let gaps = match answer {
            Ok(answer) => binding.gaps(&answer, GAPS),
            Err(Nothing::Store(error)) => return Err(error.into()),
            Err(Nothing::Late | Nothing::From(..)) => None,
        };
        let Some(gaps) = gaps else {
            return Ok(self.problem(
                "The knowledge server does not say what it lacks.",
                "Try again in a moment; /triage servers shows how it stands.",
            ));
        };
        let since = Timestamp::now().checked_sub(SUMMARY).unwrap_or(Timestamp::UNIX_EPOCH);
        let AnswerCounts { asked, found, solved, not_helpful, asked_person, silent } =
            self.store.answer_counts(&job.workspace, since).await?;
        let can_draft = self.bindings.of("create_draft").is_some();
        let shown = Gaps {
            days: u32::try_from(SUMMARY.as_hours() / 24).unwrap_or(0),
            asked,
            found,
            solved,
            not_helpful,
            asked_person,
            silent,
            gaps: gaps
                .into_iter()
                .map(|gap| GapLine { question: gap.question, asked: gap.asked, answered_badly: gap.answered_badly })
                .collect(),
            can_draft,
        };
        Ok(rendered(self.messages.gaps(&shown)))
    }

    fn may_not_curate(&self) -> Notice {
        let (who, people) = self.policy.who_may(Right::Curate);
        Notice {
            mention_ids: people.iter().map(ToString::to_string).collect(),
            ..Notice::problem("You may not see what the knowledge lacks.", format!("Ask one of those who may: {who}"))
        }
    }

    /// A press on *Draft an article*: the click allows that one draft.
    pub(in crate::pipeline) async fn draft_pressed(
        &self,
        job: &ClaimedJob,
        key: &EventKey,
        question: &str,
        by: &Person,
        reply: &ReplyTo,
    ) -> Result<(), Undone> {
        if !self.policy.allows(Right::Curate, by, None) {
            let refused = AuditEntry {
                workspace: job.workspace.clone(),
                ticket: None,
                at: Timestamp::now(),
                actor: Actor::Person(by.id.clone()),
                kind: AuditKind::Refused,
                subject: None,
                detail: json!({ "right": Right::Curate.as_str() }),
            };
            let message = rendered(self.messages.notice(&self.may_not_curate()));
            let sent = match message {
                Ok(message) => self.say(&by.id, reply, &message).await,
                Err(error) => Err(error),
            };
            return self.once_shown(job, sent, vec![refused]).await;
        }
        if question.trim().is_empty() || self.bindings.of("create_draft").is_none() {
            self.finish(job, Along::default()).await?;
            return Ok(());
        }
        let click = NewClick {
            workspace: job.workspace.clone(),
            cause: cause_of(key),
            by: by.id.clone(),
            about: by.id.clone(),
            action: draft(question),
            at: Timestamp::now(),
        };
        self.store.keep_click(click).await?;
        let notice = Notice::line(Tone::Ok, "A draft is being made; you hear when it is there.");
        self.answer_press(job, &by.id, reply, rendered(self.messages.notice(&notice))).await
    }
}

/// What somebody writes on from.
fn draft(question: &str) -> Action {
    let line = question.split_whitespace().collect::<Vec<_>>().join(" ");
    let title: String = line.chars().take(TITLE_CHARS).collect();
    let markdown = format!(
        "People ask this and are not answered well. Write what helps them below, and take this line out.\n\n## {title}\n\n"
    );
    Action::CreateDraft { title, markdown }
}
