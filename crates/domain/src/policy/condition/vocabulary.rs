//! Closed vocabularies: what a field can hold at all, so that a condition which can never be what its author meant is refused
//! when the policy is loaded. `assessment.category == "billling"` is well-typed, and no ticket ever meets it.

use super::node::{Comparison, Fold, Function, Kind, Node, Operator};
use super::schema::{Schema, Type};
use super::value::Value;
use crate::suggest::nearest;
use std::collections::{BTreeMap, BTreeSet};

/// What the fields of a [`Schema`] can hold, by path: `ticket.source`; of a map's keys, the map's path and `[]`.
#[derive(Clone, Debug, Default)]
pub struct Vocabularies {
    by_path: BTreeMap<&'static str, Vocabulary>,
}

/// What one field can hold.
#[derive(Clone, Debug)]
pub struct Vocabulary {
    /// What its values are called: "category".
    what: &'static str,
    holds: Holds,
}

#[derive(Clone, Debug)]
enum Holds {
    /// One of these texts; `or_nothing`: or the empty one.
    OneOf { known: Vec<String>, or_nothing: bool },
    /// Text of a shape, or the empty one.
    Shaped { fits: fn(&str) -> bool, example: &'static str },
    /// A number of this range.
    Between { least: f64, most: f64 },
}

impl Vocabulary {
    /// One of these texts.
    pub fn one_of<T: Into<String>>(what: &'static str, known: impl IntoIterator<Item = T>) -> Self {
        let known = known.into_iter().map(Into::into).collect();
        Self { what, holds: Holds::OneOf { known, or_nothing: false } }
    }

    /// One of these texts, or the empty one.
    pub fn one_of_or_nothing<T: Into<String>>(what: &'static str, known: impl IntoIterator<Item = T>) -> Self {
        let known = known.into_iter().map(Into::into).collect();
        Self { what, holds: Holds::OneOf { known, or_nothing: true } }
    }

    /// Text that fits, such as the example; or the empty one.
    pub fn shaped(what: &'static str, fits: fn(&str) -> bool, example: &'static str) -> Self {
        Self { what, holds: Holds::Shaped { fits, example } }
    }

    /// A number from `least` to `most`.
    pub fn between(what: &'static str, least: f64, most: f64) -> Self {
        Self { what, holds: Holds::Between { least, most } }
    }

    /// What is wrong with a value that stands beside the field, and the mend.
    fn fault(&self, value: &Literal<'_>) -> Option<(String, String)> {
        let what = self.what;
        match (&self.holds, value) {
            (Holds::OneOf { or_nothing: true, .. } | Holds::Shaped { .. }, Literal::Text("")) => None,
            (Holds::OneOf { known, .. }, Literal::Text(text)) if !known.iter().any(|known| known == text) => {
                let mend = match nearest(text, known.iter().map(String::as_str)) {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if known.is_empty() => format!("this policy defines no {what}"),
                    None => format!("known are: {}", known.join(", ")),
                };
                Some((format!("there is no {what} `{text}`"), mend))
            }
            (Holds::Shaped { fits, example }, Literal::Text(text)) if !fits(text) => {
                Some((format!("`{text}` is no {what}"), format!("write it as {example}")))
            }
            (Holds::Between { least, most }, Literal::Number(number)) if !(*least..=*most).contains(number) => {
                Some((format!("{what} lies between {least:?} and {most:?}"), "correct the number".to_owned()))
            }
            _ => None,
        }
    }
}

impl Vocabularies {
    /// These, by path.
    pub fn new(by_path: impl IntoIterator<Item = (&'static str, Vocabulary)>) -> Self {
        Self { by_path: by_path.into_iter().collect() }
    }
}

/// One fault: the byte offset in the condition, what is wrong, the mend.
pub(super) type Fault = (usize, String, String);

/// Every literal that no value of the field beside it equals, and what keeps the condition from ever being met.
pub(super) fn faults(root: &Node, schema: &Schema, vocabularies: &Vocabularies) -> Vec<Fault> {
    let mut walk = Walk { schema, vocabularies, locals: Vec::new(), faults: Vec::new() };
    walk.visit(root);
    if walk.faults.is_empty() {
        walk.contradictions(root);
    }
    walk.faults
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Literal<'n> {
    Text(&'n str),
    Number(f64),
}

/// What a variable of a macro stands for.
enum Range<'n> {
    Keys(&'n Vocabulary),
    Literals(Vec<(Literal<'n>, usize)>),
    Other,
}

struct Walk<'n> {
    schema: &'n Schema,
    vocabularies: &'n Vocabularies,
    locals: Vec<Range<'n>>,
    faults: Vec<Fault>,
}

impl<'n> Walk<'n> {
    fn visit(&mut self, node: &'n Node) {
        match &node.kind {
            Kind::Constant(_) | Kind::Input(_) | Kind::Local(_) => {}
            Kind::Field(of, _)
            | Kind::IsSet(of)
            | Kind::Not(of)
            | Kind::Negate(of)
            | Kind::Matches(of, _)
            | Kind::CalendarPart(of, ..) => self.visit(of),
            Kind::Compare(comparison, sides) => {
                let [left, right] = &**sides;
                self.compare(node, *comparison, [left, right]);
                self.visit_all(&sides[..]);
            }
            Kind::Contained(sides) => {
                let [value, within] = &**sides;
                self.meet(value, within);
                if let Some(keys) = self.keys(within) {
                    self.beside(keys, value);
                }
                self.visit_all(&sides[..]);
            }
            Kind::Index(sides) => {
                let [of, key] = &**sides;
                if let Some(keys) = self.keys(of) {
                    self.beside(keys, key);
                }
                if let (Kind::Map(_), Some(field)) = (&of.kind, self.vocabulary(key)) {
                    self.beside(field, of);
                }
                self.visit_all(&sides[..]);
            }
            Kind::And(of) | Kind::Or(of) | Kind::Arithmetic(_, of) => self.visit_all(&of[..]),
            Kind::If(of) => self.visit_all(&of[..]),
            Kind::List(of) | Kind::Call(_, of) => self.visit_all(of),
            Kind::Map(of) => of.iter().for_each(|(_, value)| self.visit(value)),
            Kind::Fold(fold) => self.fold(fold),
        }
    }

    fn visit_all(&mut self, nodes: &'n [Node]) {
        for node in nodes {
            self.visit(node);
        }
    }

    fn fold(&mut self, fold: &'n Fold) {
        self.visit(&fold.range);
        let literals = self.literals(&fold.range);
        let range = match self.keys(&fold.range) {
            Some(keys) => Range::Keys(keys),
            None if literals.is_empty() => Range::Other,
            None => Range::Literals(literals),
        };
        self.locals.push(range);
        if let Some(filter) = &fold.filter {
            self.visit(filter);
        }
        self.visit(&fold.body);
        self.locals.pop();
    }

    fn compare(&mut self, node: &Node, comparison: Comparison, [left, right]: [&'n Node; 2]) {
        let by_order = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let known = [left, right].into_iter().find_map(|side| match &self.vocabulary(side)?.holds {
            Holds::OneOf { known, .. } => Some(known),
            _ => None,
        });
        if let (true, Some(known)) = (by_order, known) {
            let written: Vec<String> = known.iter().take(2).map(|known| format!("{known:?}")).collect();
            let mend = format!("list what is meant, such as `in [{}]`", written.join(", "));
            self.faults.push((node.offset, "this compares letter by letter, not by rank".to_owned(), mend));
            return;
        }
        self.meet(left, right);
        self.meet(right, left);
    }

    /// A field, if it is one, beside what may hold literals.
    fn meet(&mut self, field: &'n Node, other: &'n Node) {
        if let Some(vocabulary) = self.vocabulary(field) {
            self.beside(vocabulary, other);
        }
    }

    fn beside(&mut self, vocabulary: &Vocabulary, other: &'n Node) {
        for (literal, offset) in self.literals(other) {
            if let Some((message, mend)) = vocabulary.fault(&literal) {
                self.faults.push((offset, message, mend));
            }
        }
    }

    /// What the node can hold, where that is known.
    fn vocabulary(&self, node: &Node) -> Option<&'n Vocabulary> {
        if let Kind::Local(at) = node.kind {
            return match self.locals.get(at)? {
                Range::Keys(vocabulary) => Some(vocabulary),
                Range::Literals(_) | Range::Other => None,
            };
        }
        let (path, _) = path(self.schema, node)?;
        self.vocabularies.by_path.get(path.as_str())
    }

    /// What the keys of a map can be, where that is known.
    fn keys(&self, node: &Node) -> Option<&'n Vocabulary> {
        let (path, of) = path(self.schema, node)?;
        matches!(of, Type::Map(_)).then(|| self.vocabularies.by_path.get(format!("{path}[]").as_str()))?
    }

    /// The literals that the node may be, or hold.
    fn literals(&self, node: &'n Node) -> Vec<(Literal<'n>, usize)> {
        let mut found = Vec::new();
        match &node.kind {
            Kind::Constant(value) => found.extend(literal(value).map(|value| (value, node.offset))),
            Kind::List(items) => found.extend(items.iter().flat_map(|item| self.literals(item))),
            Kind::Map(entries) => {
                found.extend(entries.iter().map(|(key, value)| (Literal::Text(key), value.offset)));
            }
            Kind::If(parts) => found.extend(parts.iter().skip(1).flat_map(|part| self.literals(part))),
            Kind::Arithmetic(Operator::Add, sides) if sides.iter().any(|side| matches!(side.kind, Kind::List(_))) => {
                found.extend(sides.iter().flat_map(|side| self.literals(side)));
            }
            Kind::Call(Function::Least | Function::Greatest, of) => {
                found.extend(of.iter().flat_map(|part| self.literals(part)));
            }
            Kind::Local(at) => {
                if let Some(Range::Literals(literals)) = self.locals.get(*at) {
                    found.extend(literals.iter().copied());
                }
            }
            _ => {}
        }
        found
    }

    /// What must hold at once and can't: only what is plain to see, no proof that the rest can.
    fn contradictions(&mut self, root: &'n Node) {
        let mut allowed: BTreeMap<String, BTreeSet<&str>> = BTreeMap::new();
        let mut parts = Vec::new();
        conjuncts(root, &mut parts);
        for part in parts {
            if matches!(part.kind, Kind::Constant(Value::Bool(false))) {
                let mend = "take the rule out, or give it mode = \"shadow\"".to_owned();
                self.faults.push((part.offset, "nothing ever meets this condition".to_owned(), mend));
                return;
            }
            let Some((path, texts)) = self.one_of(part) else { continue };
            let Some(known) = allowed.get_mut(&path) else {
                allowed.insert(path, texts);
                continue;
            };
            known.retain(|text| texts.contains(text));
            if known.is_empty() {
                let mend = "join the values with `||` or `in [...]`, or remove one".to_owned();
                self.faults.push((part.offset, format!("`{path}` can't be two values at once"), mend));
                return;
            }
        }
    }

    /// The field and the texts, if the node holds for these alone.
    fn one_of(&self, node: &'n Node) -> Option<(String, BTreeSet<&'n str>)> {
        let (Kind::Compare(Comparison::Equal, sides) | Kind::Contained(sides)) = &node.kind else { return None };
        let [left, right] = &**sides;
        let (field, literals) = match (&node.kind, &left.kind, &right.kind) {
            (Kind::Compare(..), Kind::Constant(_), _) => (right, std::slice::from_ref(left)),
            (Kind::Compare(..), _, Kind::Constant(_)) => (left, std::slice::from_ref(right)),
            (Kind::Contained(_), _, Kind::List(items)) => (left, items.as_slice()),
            _ => return None,
        };
        let texts = literals.iter().map(|node| match &node.kind {
            Kind::Constant(Value::String(text)) => Some(&**text),
            _ => None,
        });
        Some((path(self.schema, field)?.0, texts.collect::<Option<_>>()?))
    }
}

/// What must all hold for the node to hold.
fn conjuncts<'n>(node: &'n Node, found: &mut Vec<&'n Node>) {
    match &node.kind {
        Kind::And(sides) => sides.iter().for_each(|side| conjuncts(side, found)),
        _ => found.push(node),
    }
}

#[allow(clippy::cast_precision_loss)]
fn literal(value: &Value) -> Option<Literal<'_>> {
    match value {
        Value::String(text) => Some(Literal::Text(text)),
        Value::Double(number) => Some(Literal::Number(*number)),
        Value::Int(number) => Some(Literal::Number(*number as f64)),
        _ => None,
    }
}

/// The path of a field as it is written, and its type.
fn path(schema: &Schema, node: &Node) -> Option<(String, Type)> {
    match &node.kind {
        Kind::Input(at) => schema.variables().get(*at).map(|variable| (variable.name.to_owned(), variable.of)),
        Kind::Field(of, at) => {
            let (path, Type::Object(object)) = path(schema, of)? else { return None };
            let field = object.fields.get(*at)?;
            Some((format!("{path}.{}", field.name), field.of))
        }
        _ => None,
    }
}
