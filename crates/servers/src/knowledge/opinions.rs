//! What people made of answers: it moves the ranking, within bounds, and shows what the documents lack.

use std::collections::{BTreeMap, BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

use deskbell_judgement::text::index_terms;
use sha2::{Digest, Sha256};

use super::schema::{FeedbackOutcome, Gap};
use super::store::{Opinion, Question};

/// An opinion about another question counts so much; one about the same question counts in full.
const ELSEWHERE: f64 = 0.2;
/// So many opinions of the same question bring a passage half of the way to its bound.
const DOUBT: f64 = 3.0;
/// Questions that share so much of their words are one.
const SAME_QUESTION: f64 = 0.5;
/// Wordings shown beside a gap's own.
const EXAMPLES: usize = 5;

/// The newest opinions of a passage that count: more would hardly move it.
const OF_A_PASSAGE: usize = 64;
/// Opinions in memory, each counted once for each of its passages; beyond, the older half goes.
const IN_MEMORY: usize = 50_000;
/// Words of a question that it is known by.
const TERMS: usize = 32;
/// Groups of questions that a question is held against.
const CANDIDATES: usize = 256;

/// The opinions by passage. Bounded, whatever is said.
#[derive(Debug, Default)]
pub(super) struct Opinions {
    by_passage: HashMap<String, VecDeque<Said>>,
    held: usize,
    heard: u64,
}

#[derive(Debug)]
struct Said {
    topic: Topic,
    weight: f64,
    /// Counts the opinions heard.
    number: u64,
}

/// What a question is about: its words by numbers, shared by all that is said on it.
#[derive(Debug, Clone)]
pub(super) struct Topic(Arc<[u32]>);

impl Topic {
    pub(super) fn of(question: &str) -> Self {
        let numbers: BTreeSet<u32> = terms(question).iter().map(|term| number(term)).collect();
        Self(numbers.into_iter().take(TERMS).collect())
    }

    /// Shared words among all.
    #[allow(clippy::cast_precision_loss)]
    fn likeness(&self, other: &Self) -> f64 {
        let shared = self.0.iter().filter(|number| other.0.binary_search(number).is_ok()).count();
        let all = self.0.len() + other.0.len() - shared;
        if all == 0 { 0.0 } else { shared as f64 / all as f64 }
    }
}

fn number(term: &str) -> u32 {
    let digest = Sha256::digest(term.as_bytes());
    digest.iter().take(4).fold(0, |number, byte| number << 8 | u32::from(*byte))
}

impl Opinions {
    pub(super) fn of(opinions: &[Opinion]) -> Self {
        let mut all = Self::default();
        for opinion in opinions {
            all.add(opinion);
        }
        all
    }

    pub(super) fn add(&mut self, opinion: &Opinion) {
        let weight = match opinion.outcome {
            FeedbackOutcome::Solved => 1.0,
            FeedbackOutcome::NotHelpful => -1.0,
            // Somebody may want a person whatever the answer is.
            FeedbackOutcome::AskedPerson => -0.5,
        };
        let topic = Topic::of(&opinion.query);
        self.heard += 1;
        for passage in &opinion.passages {
            let of_it = self.by_passage.entry(passage.clone()).or_default();
            if of_it.len() >= OF_A_PASSAGE {
                of_it.pop_front();
                self.held -= 1;
            }
            of_it.push_back(Said { topic: topic.clone(), weight, number: self.heard });
            self.held += 1;
        }
        if self.held > IN_MEMORY {
            self.forget_older_half();
        }
    }

    fn forget_older_half(&mut self) {
        let mut numbers: Vec<u64> = self.by_passage.values().flatten().map(|said| said.number).collect();
        numbers.sort_unstable();
        let Some(&least) = numbers.get(numbers.len() / 2) else { return };
        for of_it in self.by_passage.values_mut() {
            of_it.retain(|said| said.number >= least);
        }
        self.by_passage.retain(|_, of_it| !of_it.is_empty());
        self.held = self.by_passage.values().map(VecDeque::len).sum();
    }

    /// How people lean towards a passage for such a question: between -1 and 1, 0 where nobody said anything.
    pub(super) fn lean(&self, passage: &str, asked: &Topic) -> f64 {
        let (mut sum, mut all) = (0.0, 0.0);
        for said in self.by_passage.get(passage).into_iter().flatten() {
            let share = ELSEWHERE + (1.0 - ELSEWHERE) * said.topic.likeness(asked);
            sum += said.weight * share;
            all += said.weight.abs() * share;
        }
        sum / (all + DOUBT)
    }
}

/// A question's stemmed words.
pub(super) fn terms(question: &str) -> BTreeSet<String> {
    index_terms(question).into_iter().collect()
}

/// Questions that are one, by their words.
#[derive(Debug)]
struct Group<'q> {
    topic: Topic,
    wordings: BTreeMap<&'q str, u64>,
    asked: u64,
    badly: u64,
}

/// The groups so far, found by their words.
#[derive(Debug, Default)]
struct Groups<'q> {
    all: Vec<Group<'q>>,
    /// The groups that a word stands in.
    holders: HashMap<u32, Vec<usize>>,
    /// The group of a wording.
    known: HashMap<&'q str, usize>,
}

impl<'q> Groups<'q> {
    fn add(&mut self, question: &'q Question) {
        let wording = question.query.trim();
        let Some(at) = self.known.get(wording).copied().or_else(|| self.find_or_open(wording)) else { return };
        self.known.insert(wording, at);
        if let Some(group) = self.all.get_mut(at) {
            group.asked += 1;
            group.badly += u64::from(is_bad(question));
            *group.wordings.entry(wording).or_default() += 1;
        }
    }

    /// Nothing for a wording without words.
    fn find_or_open(&mut self, wording: &str) -> Option<usize> {
        let topic = Topic::of(wording);
        if topic.0.is_empty() {
            return None;
        }
        Some(self.nearest(&topic).unwrap_or_else(|| {
            for number in topic.0.iter() {
                self.holders.entry(*number).or_default().push(self.all.len());
            }
            self.all.push(Group { topic, wordings: BTreeMap::new(), asked: 0, badly: 0 });
            self.all.len() - 1
        }))
    }

    fn nearest(&self, topic: &Topic) -> Option<usize> {
        let liked = |at: usize| Some((at, self.all.get(at)?.topic.likeness(topic)));
        let same =
            self.candidates(topic).into_iter().filter_map(liked).filter(|(_, likeness)| *likeness >= SAME_QUESTION);
        same.max_by(|one, other| one.1.total_cmp(&other.1).then(other.0.cmp(&one.0))).map(|(at, _)| at)
    }

    /// The groups that may be the same question: whatever shares half of all words with it shares one of its rarer half. Of
    /// those with common words alone some are enough.
    fn candidates(&self, topic: &Topic) -> BTreeSet<usize> {
        let mut holders: Vec<&[usize]> =
            topic.0.iter().map(|number| self.holders.get(number).map_or(&[][..], Vec::as_slice)).collect();
        holders.sort_by_key(|holders| holders.len());
        holders.truncate(topic.0.len() / 2 + 1);
        let mut candidates = BTreeSet::new();
        for at in holders.into_iter().flatten() {
            if candidates.len() >= CANDIDATES {
                break;
            }
            candidates.insert(*at);
        }
        candidates
    }
}

/// What is asked and answered badly or not at all; what weighs most first. It takes its time.
pub(super) fn gaps(questions: &[Question], limit: usize) -> Vec<Gap> {
    let mut found = Groups::default();
    for question in questions {
        found.add(question);
    }
    let mut groups = found.all;
    // What was answered more often than not is no gap.
    groups.retain(|group| group.badly * 2 >= group.asked);
    groups
        .sort_by(|one, other| other.badly.cmp(&one.badly).then_with(|| one.wordings.keys().cmp(other.wordings.keys())));
    groups.iter().take(limit).map(gap).collect()
}

/// What somebody said of the answer counts more than what was found.
fn is_bad(question: &Question) -> bool {
    match question.outcome {
        Some(FeedbackOutcome::Solved) => false,
        Some(FeedbackOutcome::NotHelpful | FeedbackOutcome::AskedPerson) => true,
        None => !question.is_found,
    }
}

fn gap(group: &Group<'_>) -> Gap {
    let likeness = |wording: &str| Topic::of(wording).likeness(&group.topic);
    let mut wordings: Vec<(&str, u64, f64)> =
        group.wordings.iter().map(|(wording, asked)| (*wording, *asked, likeness(wording))).collect();
    // The most common wording, and of equals the one most like what the others say.
    wordings.sort_by(|one, other| other.1.cmp(&one.1).then_with(|| other.2.total_cmp(&one.2)));
    let mut wordings = wordings.into_iter().map(|(wording, ..)| wording.to_owned());
    Gap {
        question: wordings.next().unwrap_or_default(),
        asked: group.asked,
        answered_badly: group.badly,
        examples: wordings.take(EXAMPLES).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn opinion(query: &str, outcome: FeedbackOutcome) -> Opinion {
        Opinion { query: query.to_owned(), passages: vec!["p".to_owned()], outcome }
    }

    fn question(query: &str, is_found: bool, outcome: Option<FeedbackOutcome>) -> Question {
        Question { query: query.to_owned(), is_found, outcome }
    }

    #[test]
    fn opinions_lean_within_bounds_and_most_for_the_same_question() {
        let asked = Topic::of("refund a payment");
        assert!(Opinions::default().lean("p", &asked).abs() < 1e-9);
        let many = Opinions::of(&vec![opinion("refund a payment", FeedbackOutcome::Solved); 1_000]);
        let lean = many.lean("p", &asked);
        assert!(lean > 0.9 && lean < 1.0, "{lean}");
        assert!(many.lean("p", &Topic::of("reset a password")) > 0.0 && many.lean("q", &asked).abs() < 1e-9);
        let one = Opinions::of(&[opinion("refund a payment", FeedbackOutcome::NotHelpful)]);
        assert!(one.lean("p", &asked) < one.lean("p", &Topic::of("reset a password")));
        let person = Opinions::of(&[opinion("refund a payment", FeedbackOutcome::AskedPerson)]);
        assert!(one.lean("p", &asked) < person.lean("p", &asked) && person.lean("p", &asked) < 0.0);
    }

    #[test]
    fn what_is_kept_is_bounded_and_the_newest_counts() {
        let mut all = Opinions::default();
        let about = |passage: usize, outcome| Opinion {
            query: format!("refund a payment of {passage}"),
            passages: (0..20).map(|other| format!("p{}", passage * 20 + other)).collect(),
            outcome,
        };
        for passage in 0..5_000 {
            all.add(&about(passage, FeedbackOutcome::NotHelpful));
        }
        assert!(all.held <= IN_MEMORY && all.by_passage.len() <= IN_MEMORY, "{}", all.held);
        assert_eq!(all.held, all.by_passage.values().map(VecDeque::len).sum::<usize>());
        let asked = Topic::of("refund a payment of 4999");
        assert!(all.lean("p99999", &asked) < 0.0 && all.lean("p0", &asked).abs() < 1e-9, "the oldest are forgotten");
        for _ in 0..2 * OF_A_PASSAGE {
            all.add(&opinion("refund a payment", FeedbackOutcome::NotHelpful));
        }
        for _ in 0..OF_A_PASSAGE {
            all.add(&opinion("refund a payment", FeedbackOutcome::Solved));
        }
        assert_eq!(all.by_passage["p"].len(), OF_A_PASSAGE);
        assert!(all.lean("p", &Topic::of("refund a payment")) > 0.9, "people think otherwise by now");
    }

    #[test]
    fn gaps_are_what_is_asked_and_not_answered() {
        let asked = [
            question("How do I change the VAT number?", false, None),
            question("change VAT number", false, None),
            question("How do I change the VAT number?", true, Some(FeedbackOutcome::NotHelpful)),
            question("refund times", true, None),
            question("refund times", true, Some(FeedbackOutcome::AskedPerson)),
            question("refund times", false, Some(FeedbackOutcome::Solved)),
            question("where is the office", false, None),
            question("...", false, None),
        ];
        let found = gaps(&asked, 10);
        let shown: Vec<(&str, u64, u64)> =
            found.iter().map(|gap| (gap.question.as_str(), gap.asked, gap.answered_badly)).collect();
        assert_eq!(shown, [("How do I change the VAT number?", 3, 3), ("where is the office", 1, 1)]);
        assert_eq!(found[0].examples, ["change VAT number"]);
        assert_eq!(gaps(&asked, 1).len(), 1);
    }

    /// Each of common words in a choice of its own.
    #[test]
    fn a_question_is_held_against_few_others_however_many_share_its_words() {
        let word = |place: u32| format!("word{}", super::number(&place.to_string()) % 256);
        let wording = |number: u32| (0..40).map(|place| word(number * 40 + place)).collect::<Vec<_>>().join(" ");
        let asked: Vec<Question> = (0..2_000).map(|number| question(&wording(number), false, None)).collect();
        let mut found = Groups::default();
        for question in &asked {
            found.add(question);
        }
        assert!(found.all.len() > 1_000, "{}", found.all.len());
        assert!(asked.iter().all(|question| found.candidates(&Topic::of(&question.query)).len() <= CANDIDATES));
        let count = found.all.len();
        for question in &asked {
            found.add(question);
        }
        assert_eq!(found.all.len(), count, "what was asked before is found again");
    }
}
