//! The logic of a condition: its predicates and how `&&`, `||`, `!` and `? :` join them.

use super::lexer::{self, Token};
use super::node::{Kind, Node};
use super::value::Value;
use std::collections::BTreeSet;

/// A leaf of the logic: a comparison, a call or a bool field.
#[derive(Clone, Debug)]
pub(super) struct Predicate {
    /// As it is written, line breaks and all.
    pub(super) text: String,
    /// The tokens alone: two predicates that differ in blanks are the same one.
    key: String,
    pub(super) node: Node,
}

/// How the predicates, by position, are joined.
#[derive(Clone, Debug)]
pub(super) enum Logic {
    Constant(bool),
    Predicate(usize),
    Not(Box<Logic>),
    And(Box<[Logic; 2]>),
    Or(Box<[Logic; 2]>),
    If(Box<[Logic; 3]>),
}

/// The logic of a checked condition and its distinct predicates in the order they are written.
pub(super) fn split(source: &str, tokens: &[Token], root: &Node) -> (Logic, Vec<Predicate>) {
    let mut splitter = Splitter { source, tokens, predicates: Vec::new() };
    let logic = splitter.logic(root);
    (logic, splitter.predicates)
}

struct Splitter<'a> {
    source: &'a str,
    tokens: &'a [Token],
    predicates: Vec<Predicate>,
}

impl Splitter<'_> {
    fn logic(&mut self, node: &Node) -> Logic {
        match &node.kind {
            Kind::Constant(Value::Bool(value)) => Logic::Constant(*value),
            Kind::Not(of) => Logic::Not(Box::new(self.logic(of))),
            Kind::And(sides) => Logic::And(Box::new(sides.each_ref().map(|side| self.logic(side)))),
            Kind::Or(sides) => Logic::Or(Box::new(sides.each_ref().map(|side| self.logic(side)))),
            Kind::If(parts) => Logic::If(Box::new(parts.each_ref().map(|part| self.logic(part)))),
            _ => self.predicate(node),
        }
    }

    fn predicate(&mut self, node: &Node) -> Logic {
        // `!` binds tighter than a comparison: there it belongs to the left side, elsewhere it is `Logic::Not`.
        let strip_not = !matches!(node.kind, Kind::Compare(..) | Kind::Contained(_));
        let tokens = lexer::predicate(self.tokens, node.offset, strip_not);
        let written = |token: &Token| self.source.get(token.start..token.end).unwrap_or_default();
        let key = tokens.iter().map(written).collect::<Vec<_>>().join(" ");
        if let Some(known) = self.predicates.iter().position(|predicate| predicate.key == key) {
            return Logic::Predicate(known);
        }
        let start = tokens.first().map_or(0, |token| token.start);
        let end = tokens.last().map_or(0, |token| token.end);
        let text = self.source.get(start..end).unwrap_or_default().to_owned();
        self.predicates.push(Predicate { text, key, node: node.clone() });
        Logic::Predicate(self.predicates.len() - 1)
    }
}

/// The number of constraints that inputs must meet; `None` when none can meet them.
pub(super) fn specificity(logic: &Logic, predicates: &[Predicate]) -> Option<u32> {
    Counter { predicates }.constraints(logic, true)
}

struct Counter<'a> {
    predicates: &'a [Predicate],
}

impl Counter<'_> {
    /// The constraints under which the logic has the wanted answer.
    fn constraints(&self, logic: &Logic, wanted: bool) -> Option<u32> {
        match (logic, wanted) {
            (Logic::Not(of), _) => self.constraints(of, !wanted),
            (Logic::Or(sides), true) | (Logic::And(sides), false) => {
                sides.iter().filter_map(|side| self.constraints(side, wanted)).min()
            }
            (Logic::If(parts), _) => {
                let [condition, then, otherwise] = &**parts;
                let branches = [[(condition, true), (then, wanted)], [(condition, false), (otherwise, wanted)]];
                branches.iter().filter_map(|branch| self.all(branch)).min()
            }
            _ => self.all(&[(logic, wanted)]),
        }
    }

    /// The constraints under which all parts have their wanted answers; a predicate counts once.
    fn all(&self, parts: &[(&Logic, bool)]) -> Option<u32> {
        let mut distinct = BTreeSet::new();
        let mut count = 0;
        let mut open: Vec<(&Logic, bool)> = parts.to_vec();
        while let Some((logic, wanted)) = open.pop() {
            match (logic, wanted) {
                (Logic::Constant(value), _) if *value == wanted => {}
                (Logic::Constant(_), _) => return None,
                (Logic::Predicate(at), _) => {
                    let reads_inputs = self.predicates.get(*at).is_some_and(|found| found.node.reads_inputs());
                    if reads_inputs && distinct.insert((*at, wanted)) {
                        count += 1;
                    }
                }
                (Logic::Not(of), _) => open.push((of, !wanted)),
                (Logic::And(sides), true) | (Logic::Or(sides), false) => {
                    open.extend(sides.iter().map(|side| (side, wanted)));
                }
                (Logic::And(_) | Logic::Or(_) | Logic::If(_), _) => {
                    count += self.constraints(logic, wanted)?;
                }
            }
        }
        Some(count)
    }
}
