//! The texts in which similar tickets are looked for: the newest ones, in memory, rebuilt at start.

use std::collections::{BTreeSet, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use deskbell_domain::assessment::SimilarTicket;
use deskbell_domain::ids::TicketId;
use deskbell_judgement::encoder::Encoder;
use deskbell_judgement::similarity::{RecentTickets, vector};

use crate::assessor::reading::read_part;

/// Tickets remembered.
const AT_MOST: usize = 2_000;

/// The newest tickets' texts, indexed: of each the part that is assessed. Clones share them. Comparing is computing, so it is
/// done where blocking is allowed.
#[derive(Debug, Clone, Default)]
pub struct RecentTexts {
    encoder: Option<Encoder>,
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    order: VecDeque<TicketId>,
    index: RecentTickets,
    /// Those whose meaning is known too.
    encoded: BTreeSet<TicketId>,
}

impl RecentTexts {
    /// Compares by words, and by meaning where there is an encoder.
    pub fn new(encoder: Option<Encoder>) -> Self {
        Self { encoder, inner: Arc::default() }
    }

    /// Adds a ticket's text, or replaces it; the oldest makes room.
    pub fn remember(&self, ticket: TicketId, text: &str) {
        let meaning = self.meaning(text);
        self.inner().put(ticket, text, meaning.as_deref());
    }

    /// The same by its words alone, which takes no time; [`Self::learn_meaning`] adds what it means.
    pub fn remember_words(&self, ticket: TicketId, text: &str) {
        self.inner().put(ticket, text, None);
    }

    /// Adds what a text means that is remembered by its words, unless it is known by now or its ticket is gone. Meanings count once
    /// all texts have one.
    pub fn learn_meaning(&self, ticket: TicketId, text: &str) {
        let is_wanted = |inner: &Inner| inner.index.contains(ticket) && !inner.encoded.contains(&ticket);
        if self.encoder.is_none() || !is_wanted(&self.inner()) {
            return;
        }
        let meaning = self.meaning(text);
        let mut inner = self.inner();
        // The ticket may have got other words meanwhile, and their meaning with them.
        if is_wanted(&inner) {
            inner.put(ticket, text, meaning.as_deref());
        }
    }

    /// The tickets that read like this text, without the ticket itself.
    pub fn similar_to(&self, ticket: TicketId, text: &str) -> Vec<SimilarTicket> {
        let meaning = self.meaning(text);
        let mut found = self.inner().index.similar_with(read_part(text), meaning.as_deref());
        found.retain(|similar| similar.ticket != ticket);
        found
    }

    fn meaning(&self, text: &str) -> Option<Vec<f32>> {
        self.encoder.as_ref().map(|encoder| vector(encoder, read_part(text)))
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn put(&mut self, ticket: TicketId, text: &str, meaning: Option<&[f32]>) {
        if !self.index.contains(ticket) {
            self.order.push_back(ticket);
        }
        self.index.add_with(ticket, read_part(text), meaning);
        if meaning.is_some() {
            self.encoded.insert(ticket);
        } else {
            self.encoded.remove(&ticket);
        }
        if self.order.len() > AT_MOST
            && let Some(oldest) = self.order.pop_front()
        {
            self.index.remove(oldest);
            self.encoded.remove(&oldest);
        }
    }
}
