//! What people decided about requests that read like this one. Few answers are enough: whoever corrected a request once or twice
//! has their word counted at the next alike one, before any model has learned it.

use std::collections::BTreeMap;

use deskbell_domain::assessment::SimilarTicket;
use deskbell_domain::ids::{CategoryId, TicketId};

/// Answers that are remembered, as many as there are texts in which similar tickets are looked for.
const AT_MOST: usize = 2_000;
/// Likeness that must come together before precedents speak: one request half alike, or two a quarter.
const LEAST: f64 = 0.5;
/// From this likeness on it is nearly the same request, whose decision nothing that only reads the words overrules.
const THE_SAME: f64 = 0.75;
/// How much doubt stands against them, in wholly alike requests.
const DOUBT: f64 = 0.5;

/// The answers, by ticket.
#[derive(Debug, Clone, Default)]
pub struct Precedents {
    /// `None`: it was no ticket.
    decided: BTreeMap<TicketId, Option<CategoryId>>,
}

/// What alike requests were decided to be.
#[derive(Debug, Clone, PartialEq)]
pub struct Precedent {
    /// The category; `None`: no ticket.
    pub category: Option<CategoryId>,
    /// How likely this one is the same, `0.0..=1.0`.
    pub probability: f64,
    /// How alike the most alike of those is that speak for it, `0.0..=1.0`.
    pub likeness: f64,
    /// Which requests speak for it, the most alike first.
    pub tickets: Vec<TicketId>,
}

impl Precedent {
    /// Whether people decided about nearly this very request.
    pub fn is_of_the_same(&self) -> bool {
        self.likeness >= THE_SAME
    }
}

/// What speaks for one decision.
#[derive(Debug, Default)]
struct Votes {
    weight: f64,
    likeness: f64,
    tickets: Vec<TicketId>,
}

impl Precedents {
    /// Remembers an answer in the place of an earlier one about the same ticket; the oldest ticket makes room.
    pub fn put(&mut self, ticket: TicketId, category: Option<CategoryId>) {
        self.decided.insert(ticket, category);
        if self.decided.len() > AT_MOST {
            self.decided.pop_first();
        }
    }

    /// Forgets what was answered about a ticket.
    pub fn remove(&mut self, ticket: TicketId) {
        self.decided.remove(&ticket);
    }

    /// How many answers are remembered.
    pub fn len(&self) -> usize {
        self.decided.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.decided.is_empty()
    }

    /// What these alike requests, the most alike first, were decided to be; `None` where too little was decided about any.
    pub fn of(&self, similar: &[SimilarTicket]) -> Option<Precedent> {
        let mut votes: BTreeMap<&Option<CategoryId>, Votes> = BTreeMap::new();
        for alike in similar {
            if let Some(category) = self.decided.get(&alike.ticket) {
                let votes = votes.entry(category).or_default();
                votes.weight += alike.similarity.probability();
                votes.likeness = votes.likeness.max(alike.similarity.probability());
                votes.tickets.push(alike.ticket);
            }
        }
        let total: f64 = votes.values().map(|votes| votes.weight).sum();
        let (category, votes) = votes
            .into_iter()
            .max_by(|left, right| left.1.weight.total_cmp(&right.1.weight))
            .filter(|(_, votes)| votes.weight >= LEAST)?;
        let Votes { weight, likeness, tickets } = votes;
        Some(Precedent { category: category.clone(), probability: weight / (total + DOUBT), likeness, tickets })
    }
}

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::{Confidence, SimilarTicket};
    use deskbell_domain::ids::{CategoryId, TicketId};

    use super::Precedents;

    fn similar(alike: &[(u64, f64)]) -> Vec<SimilarTicket> {
        let one = |(number, likeness): &(u64, f64)| SimilarTicket {
            ticket: TicketId::new(*number),
            similarity: Confidence::from_probability(*likeness),
        };
        alike.iter().map(one).collect()
    }

    fn precedents(decided: &[(u64, Option<&str>)]) -> Precedents {
        let mut precedents = Precedents::default();
        for (number, category) in decided {
            precedents.put(TicketId::new(*number), category.map(CategoryId::from));
        }
        precedents
    }

    #[test]
    fn answers_about_alike_requests_count_by_likeness() {
        let decided = precedents(&[(1, Some("a")), (2, Some("b")), (3, Some("b")), (4, None)]);
        let said = |alike: &[(u64, f64)]| {
            decided.of(&similar(alike)).map(|found| (found.category.map(|id| id.to_string()), found.probability))
        };
        assert_eq!(said(&[(1, 1.0)]), Some((Some("a".to_owned()), 1.0 / 1.5)));
        assert_eq!(said(&[(2, 0.75), (3, 0.75)]), Some((Some("b".to_owned()), 0.75)));
        assert_eq!(said(&[(1, 0.5), (2, 0.5), (3, 0.5)]), Some((Some("b".to_owned()), 0.5)));
        assert_eq!(said(&[(4, 0.5)]), Some((None, 0.5)));
        assert_eq!(said(&[(1, 0.4)]), None, "hardly alike");
        assert_eq!(said(&[(9, 1.0)]), None, "nobody decided about it");
        assert_eq!(said(&[]), None);
    }

    #[test]
    fn nearly_the_same_request_is_told_from_one_that_is_only_alike() {
        let decided = precedents(&[(1, Some("a")), (2, Some("a")), (3, Some("b"))]);
        let same = |alike: &[(u64, f64)]| decided.of(&similar(alike)).unwrap().is_of_the_same();
        assert!(same(&[(1, 0.9), (2, 0.3)]));
        assert!(!same(&[(1, 0.6), (2, 0.6)]), "two that are a little alike are not the same");
        assert!(!same(&[(3, 0.8), (1, 0.7), (2, 0.7)]), "the most alike was decided otherwise");
    }

    #[test]
    fn more_of_the_same_answers_are_surer() {
        let decided = precedents(&[(1, Some("a")), (2, Some("a")), (3, Some("a"))]);
        let sure = |count: usize| {
            let alike = [(1, 0.8), (2, 0.8), (3, 0.8)];
            decided.of(&similar(&alike[..count])).unwrap().probability
        };
        assert!(sure(1) < sure(2) && sure(2) < sure(3) && sure(3) < 0.9);
    }

    #[test]
    fn the_last_answer_counts_and_the_oldest_goes() {
        let mut decided = precedents(&[(1, Some("a")), (1, Some("b"))]);
        assert_eq!(decided.of(&similar(&[(1, 1.0)])).unwrap().category, Some(CategoryId::from("b")));
        decided.remove(TicketId::new(1));
        assert!(decided.is_empty() && decided.of(&similar(&[(1, 1.0)])).is_none());
        for number in 1..=2_001 {
            decided.put(TicketId::new(number), None);
        }
        assert_eq!((decided.len(), decided.of(&similar(&[(1, 1.0)]))), (2_000, None));
    }
}
