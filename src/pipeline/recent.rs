//! The texts in which similar tickets are looked for: the newest ones, in memory, rebuilt at start.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use deskbell_domain::assessment::SimilarTicket;
use deskbell_domain::ids::TicketId;
use deskbell_judgement::similarity::RecentTickets;

use crate::assessor::reading::read_part;

/// Tickets remembered.
const AT_MOST: usize = 2_000;

/// The newest tickets' texts, indexed: of each the part that is assessed. Clones share them. Comparing is computing, so it is
/// done where blocking is allowed.
#[derive(Debug, Clone, Default)]
pub struct RecentTexts {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug, Default)]
struct Inner {
    order: VecDeque<TicketId>,
    index: RecentTickets,
}

impl RecentTexts {
    /// Adds a ticket's text, or replaces it; the oldest makes room.
    pub fn remember(&self, ticket: TicketId, text: &str) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        if !inner.index.contains(ticket) {
            inner.order.push_back(ticket);
        }
        inner.index.add(ticket, read_part(text));
        if inner.order.len() > AT_MOST
            && let Some(oldest) = inner.order.pop_front()
        {
            inner.index.remove(oldest);
        }
    }

    /// The tickets that read like this text, without the ticket itself.
    pub fn similar_to(&self, ticket: TicketId, text: &str) -> Vec<SimilarTicket> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let mut found = inner.index.similar_to(read_part(text));
        found.retain(|similar| similar.ticket != ticket);
        found
    }
}
