//! Which earlier tickets read like this one, by their words and, where there are sentence vectors, by what they mean.

use std::collections::BTreeMap;

use deskbell_domain::assessment::{Confidence, SimilarTicket};
use deskbell_domain::ids::TicketId;

use crate::encoder::Encoder;
use crate::lexical::Index;
use crate::mrkdwn::plain;
use crate::vectors::Keyed;

/// Below this two texts only share a topic's common words.
const THRESHOLD: f64 = 0.3;
/// The same where vectors speak too, whose cosine is seldom near 0.
const THRESHOLD_WITH_VECTORS: f64 = 0.45;
/// A card shows no more.
const AT_MOST: usize = 5;
/// How much the words count where the meaning counts 1; chosen, as [`LEAD`], on every second of Hadoop's known duplicates.
const OF_WORDS: f64 = 1.5;
/// How much the first line's vector counts where the whole text's counts 1: people say there what it is about.
const LEAD: f32 = 0.7;
/// What is encoded of the whole and of the first line, in pieces of words.
const TOKENS: usize = 128;
const TOKENS_OF_LEAD: usize = 64;

/// A ticket's vector for [`RecentTickets`]: of its text and once more of its first line.
pub fn vector(encoder: &Encoder, text: &str) -> Vec<f32> {
    let plain = plain(text);
    let mut whole = encoder.encode_up_to(&plain, TOKENS);
    let lead = plain.trim().lines().next().unwrap_or_default();
    if lead.len() < plain.trim().len() {
        let of_lead = encoder.encode_up_to(lead, TOKENS_OF_LEAD);
        for (whole, lead) in whole.iter_mut().zip(&of_lead) {
            *whole += LEAD * lead;
        }
        let length = whole.iter().map(|value| value * value).sum::<f32>().sqrt().max(f32::MIN_POSITIVE);
        for value in &mut whole {
            *value /= length;
        }
    }
    whole
}

/// Recent tickets' texts, indexed.
#[derive(Debug, Clone, Default)]
pub struct RecentTickets {
    index: Index<TicketId>,
    meanings: Keyed<TicketId>,
}

impl RecentTickets {
    /// Adds a ticket's text (with Slack's markup), or replaces it.
    pub fn add(&mut self, ticket: TicketId, text: &str) {
        self.add_with(ticket, text, None);
    }

    /// [`Self::add`] with the text's vector.
    pub fn add_with(&mut self, ticket: TicketId, text: &str, vector: Option<&[f32]>) {
        self.meanings.remove(&ticket);
        self.index.add(ticket, &plain(text));
        if let Some(vector) = vector {
            self.meanings.set(ticket, vector);
        }
    }

    /// Forgets a ticket; says whether it was there.
    pub fn remove(&mut self, ticket: TicketId) -> bool {
        self.meanings.remove(&ticket);
        self.index.remove(&ticket)
    }

    /// Whether the ticket's text is there.
    pub fn contains(&self, ticket: TicketId) -> bool {
        self.index.contains(&ticket)
    }

    /// The tickets most like `text`, the most alike first, at most 5. The similarity is the BM25 score over the
    /// geometric mean of what both texts score against themselves: 1 for the same words.
    pub fn similar_to(&self, text: &str) -> Vec<SimilarTicket> {
        self.similar_with(text, None)
    }

    /// [`Self::similar_to`] with the text's [`vector`]: the similarity is then the mean of the words' and the cosine, weighed.
    /// Vectors speak as soon as every ticket has one.
    pub fn similar_with(&self, text: &str, vector: Option<&[f32]>) -> Vec<SimilarTicket> {
        let least = if self.hears(vector) { THRESHOLD_WITH_VECTORS } else { THRESHOLD };
        let found = self.ranked(text, vector, AT_MOST).into_iter().filter(|(_, similarity)| *similarity >= least);
        found
            .map(|(ticket, similarity)| SimilarTicket { ticket, similarity: Confidence::from_probability(similarity) })
            .collect()
    }

    fn hears(&self, vector: Option<&[f32]>) -> bool {
        vector.is_some() && !self.meanings.is_empty() && self.meanings.len() == self.index.len()
    }

    /// The `limit` tickets most like `text` with how alike they are, however little that is.
    pub fn ranked(&self, text: &str, vector: Option<&[f32]>, limit: usize) -> Vec<(TicketId, f64)> {
        let query = plain(text);
        let by_words = self.by_words(&query);
        let vector = vector.filter(|_| self.hears(vector));
        let mut found: Vec<(TicketId, f64)> = match vector {
            None => by_words.into_iter().collect(),
            Some(vector) => self.by_both(&by_words, vector),
        };
        found.sort_by(|left, right| right.1.total_cmp(&left.1).then_with(|| left.0.cmp(&right.0)));
        found.truncate(limit);
        found
    }

    fn by_words(&self, query: &str) -> BTreeMap<TicketId, f64> {
        let own = self.index.self_score(query);
        let alike = |(ticket, score): (TicketId, f64)| {
            let other = self.index.self_score_of(&ticket)?;
            Some((ticket, score / (own * other).sqrt()))
        };
        self.index.ask(query).scores().into_iter().filter_map(alike).collect()
    }

    fn by_both(&self, by_words: &BTreeMap<TicketId, f64>, vector: &[f32]) -> Vec<(TicketId, f64)> {
        let alike = |words: f64, cosine: f64| (cosine.max(0.0) + OF_WORDS * words) / (1.0 + OF_WORDS);
        let cosines = self.meanings.cosines(vector);
        cosines
            .map(|(ticket, cosine)| (*ticket, alike(by_words.get(ticket).copied().unwrap_or(0.0), f64::from(cosine))))
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

    #[test]
    fn what_means_the_same_is_found_without_a_shared_word() {
        let mut recent = RecentTickets::default();
        recent.add_with(TicketId::new(1), "I can't sign in", Some(&[1.0, 0.0, 0.0]));
        recent.add_with(TicketId::new(2), "the invoice is wrong", Some(&[0.0, 1.0, 0.0]));
        recent.add_with(TicketId::new(3), "the login page is broken", Some(&[0.0, 0.0, 1.0]));
        let first =
            |recent: &RecentTickets, vector: &[f32]| recent.ranked("unable to log on", Some(vector), 1)[0].0.number();
        assert_eq!(first(&recent, &[0.9, 0.1, 0.1]), 1);
        // The vectors that stay keep their tickets when another's is taken out, and one added again has its new one.
        recent.remove(TicketId::new(1));
        assert_eq!(first(&recent, &[0.0, 0.2, 0.9]), 3);
        recent.add_with(TicketId::new(2), "unable to log on", Some(&[0.9, 0.1, 0.1]));
        assert_eq!(recent.similar_with("unable to log on", Some(&[0.9, 0.1, 0.1]))[0].ticket.number(), 2);
        assert_eq!(recent.similar_to("unable to log on")[0].ticket.number(), 2);
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
