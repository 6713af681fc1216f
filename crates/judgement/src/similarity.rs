//! Which earlier tickets read like this one.

use deskbell_domain::assessment::{Confidence, SimilarTicket};
use deskbell_domain::ids::TicketId;

use crate::lexical::Index;
use crate::mrkdwn::plain;

/// Below this two texts only share a topic's common words.
const THRESHOLD: f64 = 0.3;
/// A card shows no more.
const AT_MOST: usize = 5;

/// Recent tickets' texts, indexed.
#[derive(Debug, Clone, Default)]
pub struct RecentTickets {
    index: Index<TicketId>,
}

impl RecentTickets {
    /// Adds a ticket's text (with Slack's markup), or replaces it.
    pub fn add(&mut self, ticket: TicketId, text: &str) {
        self.index.add(ticket, &plain(text));
    }

    /// Forgets a ticket; says whether it was there.
    pub fn remove(&mut self, ticket: TicketId) -> bool {
        self.index.remove(&ticket)
    }

    /// Whether the ticket's text is there.
    pub fn contains(&self, ticket: TicketId) -> bool {
        self.index.contains(&ticket)
    }

    /// The tickets most like `text`, the most alike first, at most 5. The similarity is the BM25 score over the
    /// geometric mean of what both texts score against themselves: 1 for the same words.
    pub fn similar_to(&self, text: &str) -> Vec<SimilarTicket> {
        let query = plain(text);
        let own = self.index.self_score(&query);
        let mut found: Vec<(f64, TicketId)> = self
            .index
            .search(&query, AT_MOST * 4)
            .into_iter()
            .filter_map(|hit| {
                let other = self.index.self_score_of(&hit.id)?;
                let ratio = hit.score / (own * other).sqrt();
                (ratio >= THRESHOLD).then_some((ratio, hit.id))
            })
            .collect();
        found.sort_by(|left, right| right.0.total_cmp(&left.0).then_with(|| left.1.cmp(&right.1)));
        found.truncate(AT_MOST);
        found
            .into_iter()
            .map(|(ratio, ticket)| SimilarTicket { ticket, similarity: Confidence::from_probability(ratio) })
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use deskbell_domain::ids::TicketId;
    use proptest::prelude::*;

    use super::RecentTickets;

    fn recent() -> RecentTickets {
        let mut recent = RecentTickets::default();
        let texts = [
            "Refund for order 1182 fails with error 402",
            "Cannot log in with Okta, SSO loops back to the login page",
            "CSV export of transactions is empty",
            "How do I rotate the API keys of our sandbox?",
            "Invoice for March shows the wrong VAT number",
            "Dashboard is slow since this morning",
        ];
        for (text, number) in texts.iter().zip(1..) {
            recent.add(TicketId::new(number), text);
        }
        recent
    }

    fn check(text: &str, expected: &[u64]) {
        let found: Vec<u64> = recent().similar_to(text).iter().map(|similar| similar.ticket.number()).collect();
        assert_eq!(found, expected, "{text}");
    }

    #[test]
    fn finds_tickets_that_read_alike() {
        check("our refunds fail with error 402 again", &[1]);
        check("SSO login with Okta loops", &[2]);
        check("exporting transactions to CSV gives an empty file", &[3]);
        check("where can I park my bicycle", &[]);
        check("", &[]);
    }

    #[test]
    fn the_same_text_is_wholly_similar() {
        let found = recent().similar_to("CSV export of transactions is empty");
        assert_eq!(found[0].similarity.percent(), 100);
    }

    proptest! {
        #[test]
        fn any_texts_give_few_sorted_answers(text in "\\PC{0,80}", others in proptest::collection::vec("\\PC{0,80}", 0..12)) {
            let mut recent = RecentTickets::default();
            for (number, other) in (1..).zip(&others) {
                recent.add(TicketId::new(number), other);
            }
            let found = recent.similar_to(&text);
            prop_assert!(found.len() <= 5);
            prop_assert!(found.windows(2).all(|pair| pair[0].similarity >= pair[1].similarity));
        }
    }
}
