//! The calls of approved actions that are under way: how far they are, and the way to end them. In memory only: a call ends with
//! the process, and its job tells what becomes of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deskbell_domain::ids::ActionId;
use deskbell_domain::ticket::Ticket;
use jiff::Timestamp;
use tokio::sync::{Notify, watch};
use tokio_util::sync::CancellationToken;

use super::present::card::step;
use crate::mcp_host::Progress;
use crate::slack::messages::CallUnderWay;

type Calls = BTreeMap<ActionId, Arc<Call>>;

/// See the module's documentation.
#[derive(Debug, Default)]
pub struct UnderWay(Arc<Mutex<Calls>>);

/// A call that is under way.
#[derive(Debug)]
pub(super) struct Call {
    /// The configured server.
    pub server: String,
    /// Cancelled by a person, or with the decision that it is of.
    pub cancel: CancellationToken,
    /// A question of the server's was settled.
    pub settled: Notify,
    /// What the server says of it.
    pub progress: watch::Sender<Option<Progress>>,
    /// It takes long enough for people to be told.
    pub is_long: watch::Sender<bool>,
    since: Timestamp,
}

/// A call's entry; dropped, the call is not under way any more.
pub(super) struct Entry {
    calls: Arc<Mutex<Calls>>,
    action: ActionId,
    pub call: Arc<Call>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        lock(&self.calls).remove(&self.action);
    }
}

fn lock(calls: &Mutex<Calls>) -> MutexGuard<'_, Calls> {
    calls.lock().unwrap_or_else(PoisonError::into_inner)
}

impl UnderWay {
    /// A call begins.
    pub(super) fn begin(&self, action: ActionId, server: &str) -> Entry {
        let call = Arc::new(Call {
            server: server.to_owned(),
            cancel: CancellationToken::new(),
            settled: Notify::new(),
            progress: watch::Sender::new(None),
            is_long: watch::Sender::new(false),
            since: Timestamp::now(),
        });
        lock(&self.0).insert(action, Arc::clone(&call));
        Entry { calls: Arc::clone(&self.0), action, call }
    }

    /// The call of an action.
    pub(super) fn call(&self, action: ActionId) -> Option<Arc<Call>> {
        lock(&self.0).get(&action).cloned()
    }

    /// Ends the calls of actions that nobody wants any more, so that their servers are told.
    pub(super) fn cancel(&self, actions: &[ActionId]) {
        let calls = lock(&self.0);
        actions.iter().filter_map(|action| calls.get(action)).for_each(|call| call.cancel.cancel());
    }

    /// What a ticket's card tells of its calls: the first that takes long.
    pub(super) fn shown(&self, ticket: &Ticket) -> Option<CallUnderWay> {
        let calls = lock(&self.0);
        let long = |record: &deskbell_domain::action::ActionRecord| {
            let call = calls.get(&record.id).filter(|call| *call.is_long.borrow())?;
            Some(CallUnderWay {
                call: record.id.to_string(),
                step: step(record).to_owned(),
                server: call.server.clone(),
                since_unix: call.since.as_second(),
                progress: call.progress.borrow().as_ref().map(in_words),
            })
        };
        ticket.actions.iter().find_map(long)
    }
}

/// `3 of 10 · copying`.
fn in_words(progress: &Progress) -> String {
    let far = match progress.total {
        Some(total) if total > 0.0 => format!("{} of {total}", progress.done),
        _ => format!("{}", progress.done),
    };
    match progress.message.as_deref().filter(|words| !words.trim().is_empty()) {
        Some(words) => format!("{far} · {words}"),
        None => far,
    }
}
