//! The calls that are open with a server, and how what it says meanwhile finds the call that it is about. Progress names its call
//! by a token. A question of the older protocol names none: it waits until one call is left that can have asked, for one that
//! waits for an answer does not end, and from the first question on the server's calls are made one at a time. Where two calls
//! that are open both wait for an answer, neither can be told, and both are declined. A call that nobody waits for any more may
//! still ask: from then on every question of its session is declined, for it could be about another ticket.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use rmcp::model::{ProgressNotificationParam, ProgressToken};
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

use super::question::{Question, Reply, capped};

/// Characters of what a server says of its progress.
const PROGRESS_WORDS_MAX: usize = 150;

/// How far a call is.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Progress {
    /// What is done.
    pub done: f64,
    /// Of how much, where the server knows.
    pub total: Option<f64>,
    /// The server's words.
    pub message: Option<String>,
}

/// A question, and the way back.
#[derive(Debug)]
pub(super) struct Asked {
    pub question: Question,
    pub reply: oneshot::Sender<Reply>,
}

/// Where what concerns an attended call goes.
#[derive(Debug, Clone)]
pub(super) struct Attended {
    pub questions: mpsc::UnboundedSender<Asked>,
    pub progress: Arc<watch::Sender<Option<Progress>>>,
}

#[derive(Debug)]
struct OpenCall {
    token: Option<ProgressToken>,
    /// `None`: nobody stands behind it who could be asked.
    attended: Option<Attended>,
    /// The server last said how far it is.
    moved: Option<Instant>,
}

#[derive(Debug, Default)]
struct Calls {
    next: u64,
    open: BTreeMap<u64, OpenCall>,
    /// Questions that wait for an answer.
    asking: usize,
    /// A call of this session was given up before its answer.
    abandoned: bool,
    /// The last question ended.
    asked: Option<Instant>,
}

/// See the module's documentation.
#[derive(Debug, Default)]
pub(super) struct Line {
    calls: watch::Sender<Calls>,
    /// The server asked once.
    asks: AtomicBool,
}

/// A call that is open; dropped, it is not.
#[derive(Debug)]
pub(super) struct Open<'a> {
    line: &'a Line,
    number: u64,
    /// It may have left, and has no answer.
    is_out: bool,
}

impl Open<'_> {
    /// The call left under this token.
    pub(super) fn sent_as(&mut self, token: &ProgressToken) {
        self.is_out = true;
        self.line.calls.send_modify(|calls| {
            if let Some(call) = calls.open.get_mut(&self.number) {
                call.token = Some(token.clone());
            }
        });
    }
}

impl Open<'_> {
    /// The server answered, or its session ended.
    pub(super) fn answered(&mut self) {
        self.is_out = false;
    }
}

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.line.calls.send_modify(|calls| {
            calls.open.remove(&self.number);
            calls.abandoned |= self.is_out;
        });
    }
}

/// A question that waits.
struct Asking<'a>(&'a Line);

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        self.0.calls.send_modify(|calls| {
            calls.asking -= 1;
            calls.asked = Some(Instant::now());
        });
    }
}

impl Line {
    /// A call is about to leave.
    pub(super) fn open(&self, attended: Option<Attended>) -> Open<'_> {
        // Of a call with somebody behind it, it is known when it leaves.
        let is_out = attended.is_none();
        let mut number = 0;
        self.calls.send_modify(|calls| {
            calls.next += 1;
            number = calls.next;
            calls.open.insert(number, OpenCall { token: None, attended, moved: None });
        });
        Open { line: self, number, is_out }
    }

    /// A session begins: what was asked in the one before is over.
    pub(super) fn begin(&self) {
        self.calls.send_modify(|calls| calls.abandoned = false);
    }

    /// Whether the server's calls are made one at a time.
    pub(super) fn is_single(&self) -> bool {
        self.asks.load(Ordering::Relaxed)
    }

    /// Whether the server waits for a person, did so within this time, or said within it how far a call is.
    pub(super) fn is_at_work(&self, within: Duration) -> bool {
        let calls = self.calls.borrow();
        let mut moves = calls.open.values().map(|call| call.moved).chain([calls.asked]).flatten();
        calls.asking > 0 || moves.any(|at| at.elapsed() < within)
    }

    /// Brings a question to whom it belongs, and the answer back.
    pub(super) async fn ask(&self, question: Question) -> Reply {
        self.asks.store(true, Ordering::Relaxed);
        self.calls.send_modify(|calls| calls.asking += 1);
        let _asking = Asking(self);
        let Some(attended) = self.asker().await else { return Reply::Decline };
        let (reply, answer) = oneshot::channel();
        if attended.questions.send(Asked { question, reply }).is_err() {
            return Reply::Cancel;
        }
        answer.await.unwrap_or(Reply::Cancel)
    }

    /// Who stands behind the call that asks; `None` where nobody does or it can't be told.
    async fn asker(&self) -> Option<Attended> {
        let mut calls = self.calls.subscribe();
        let told = |calls: &Calls| calls.abandoned || calls.open.len() <= 1 || calls.asking >= calls.open.len();
        let calls = calls.wait_for(told).await.ok()?;
        if calls.abandoned {
            tracing::warn!("a question of an MCP server is declined: a call that was given up may have asked it");
            return None;
        }
        let mut open = calls.open.values();
        match (open.next(), open.next()) {
            (Some(only), None) => only.attended.clone(),
            _ => None,
        }
    }

    /// Brings progress to the call whose token it names.
    pub(super) fn progress(&self, said: ProgressNotificationParam) {
        let mut attended = None;
        // Nobody who waits for a change of the calls waits for this one.
        self.calls.send_if_modified(|calls| {
            let about = calls.open.values_mut().find(|call| call.token.as_ref() == Some(&said.progress_token));
            if let Some(call) = about {
                call.moved = Some(Instant::now());
                attended.clone_from(&call.attended);
            }
            false
        });
        let Some(attended) = attended else { return };
        let message = said.message.map(|words| capped(&words, PROGRESS_WORDS_MAX));
        let said = Progress { done: said.progress, total: said.total, message };
        // Each is read by a task of its own, so an earlier one may come later: progress only grows.
        attended.progress.send_if_modified(|known| {
            let is_later = known.as_ref().is_none_or(|known| said.done >= known.done);
            if is_later {
                *known = Some(said);
            }
            is_later
        });
    }
}
