//! Conditions of rules: CEL expressions that are type-checked when the policy is loaded.
//!
//! ```text
//! ticket.area == "payments" && assessment.confidence >= 0.8 && !("internal" in ticket.tags)
//! ```
//!
//! The text is parsed by the `cel` crate. What that crate leaves open is closed here: [`Condition::parse`] types
//! every branch against a [`Schema`] and lowers it to a tree of resolved names, compiled patterns and parsed
//! literals, which a small evaluator walks within a budget of work. So a condition that loads cannot meet a wrong
//! type, a null, an unknown name, an invalid pattern or an endless loop when a ticket is decided; and it takes
//! less than a microsecond, where the crate's interpreter would compile each pattern again. Property tests hold
//! the evaluator against that interpreter.
//!
//! What may still fail at run time, because it depends on the inputs, is an [`EvaluationError`]: division by a
//! zero that is no literal, overflow, an index or key that is not there, too much work. The caller treats it as
//! "did not match" and says so in the decision.
//!
//! Deskbell's conditions are CEL with these restrictions and additions:
//!
//! - No null: what is absent has its type's default ([`Inputs`]); `has(a.b)` is true when `a.b` is no default,
//!   as CEL has it for protocol buffers. For a map `has(m.key)` asks for the key.
//! - No unsigned numbers, bytes, messages, `dyn`, `type`, optionals; no mixed comparison such as `1 == 1.0`.
//! - Lists and maps are of one type; the literals `[]` and `{}` have none and are refused.
//! - `timestamp`, `duration`, the pattern of `matches` and time zones are literals, checked at load.
//! - `min` and `max` of two or more numbers, durations or timestamps; `lowerAscii`, `upperAscii`, `trim`.
//! - There is no function of the present time: `now` is an input, so that a decision can be replayed.
//!
//! Limits: 4096 bytes of text, 24 levels of brackets, 64 chained operations, 100,000 units of work.

mod check;
mod check_calls;
mod check_operators;
mod error;
mod evaluate;
mod lexer;
mod node;
mod pattern;
mod predicates;
mod schema;
mod syntax;
#[cfg(test)]
mod tests;
mod value;
mod vocabulary;

pub use error::{ConditionError, EvaluationError, InputError};
pub use schema::{Field, FieldDoc, ObjectType, Schema, Type, fields};
pub use value::Inputs;
pub use vocabulary::{Vocabularies, Vocabulary};

use evaluate::Evaluation;
use node::Node;
use predicates::{Logic, Predicate};
use std::sync::Arc;

/// A checked condition. Cheap to clone; two conditions are equal when their texts are.
#[derive(Clone, Debug)]
pub struct Condition {
    checked: Arc<Parts>,
}

#[derive(Debug)]
struct Parts {
    source: String,
    schema: Schema,
    root: Node,
    logic: Logic,
    predicates: Vec<Predicate>,
}

/// A predicate of a condition and its answer, for showing why a rule matched or did not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Atom {
    /// The predicate as it is written, without the `!` before it.
    pub source_text: String,
    /// Whether it holds, or why it has no answer.
    pub value: Result<bool, EvaluationError>,
}

impl Condition {
    /// Parses and checks a condition.
    ///
    /// # Errors
    /// The faults of the text, in the order of their places; places count from the text's own start.
    pub fn parse(source: &str, schema: &Schema) -> Result<Self, Vec<ConditionError>> {
        let syntax = syntax::parse(source)?;
        let tokens = lexer::tokens(source);
        let root = check::check(source, &tokens, &syntax, schema)?;
        let (logic, predicates) = predicates::split(source, &tokens, &root);
        let (source, schema) = (source.to_owned(), schema.clone());
        Ok(Self { checked: Arc::new(Parts { source, schema, root, logic, predicates }) })
    }

    /// As [`Self::parse`], where these fields can hold nothing but that.
    ///
    /// # Errors
    /// As [`Self::parse`]; also literals that no field beside them ever equals, and what nothing can meet.
    pub fn parse_with(source: &str, schema: &Schema, vocabularies: &Vocabularies) -> Result<Self, Vec<ConditionError>> {
        let condition = Self::parse(source, schema)?;
        let mut faults: Vec<ConditionError> = vocabulary::faults(&condition.checked.root, schema, vocabularies)
            .into_iter()
            .map(|(offset, message, hint)| syntax::at(source, offset, &message, Some(&hint)))
            .collect();
        faults.sort_by_key(|fault| (fault.line, fault.column));
        if faults.is_empty() { Ok(condition) } else { Err(faults) }
    }

    /// Whether the inputs meet the condition: the same answer for the same inputs, always.
    ///
    /// # Errors
    /// The condition has no answer for these inputs, see [`EvaluationError`].
    pub fn evaluate(&self, inputs: &Inputs) -> Result<bool, EvaluationError> {
        self.test(&self.checked.root, inputs)
    }

    /// The text as it was written.
    pub fn source(&self) -> &str {
        &self.checked.source
    }

    /// Whether it reads a variable of the schema, in any branch.
    pub fn reads(&self, variable: &str) -> bool {
        self.checked.schema.position(variable).is_some_and(|position| self.checked.root.reads(position))
    }

    /// How many distinct predicates on the inputs must hold at least for the condition to hold, for choosing the
    /// most specific of several matching rules.
    ///
    /// | condition | specificity |
    /// | --- | --- |
    /// | `true` | 0 |
    /// | `vip` | 1 |
    /// | `vip && ticket.area == "payments"` | 2 |
    /// | `vip && vip` | 1 |
    /// | `vip && (urgent \|\| late && ticket.area == "payments")` | 2: the least of the branches counts |
    /// | `!(vip \|\| urgent)` | 2: both must be false |
    /// | `vip ? urgent : true` | 1: not a VIP is enough |
    /// | `ticket.area in ["payments", "billing"]` | 1 |
    ///
    /// A condition that nothing can meet (`false`) counts 0.
    pub fn specificity(&self) -> u32 {
        predicates::specificity(&self.checked.logic, &self.checked.predicates).unwrap_or(0)
    }

    /// The answer of every predicate, also of those that the result does not depend on.
    pub fn explain(&self, inputs: &Inputs) -> Vec<Atom> {
        let answer = |predicate: &Predicate| Atom {
            source_text: predicate.text.clone(),
            value: self.test(&predicate.node, inputs),
        };
        self.checked.predicates.iter().map(answer).collect()
    }

    fn test(&self, node: &Node, inputs: &Inputs) -> Result<bool, EvaluationError> {
        if !self.checked.schema.is_same(&inputs.schema) {
            return Err(EvaluationError::OtherSchema);
        }
        Evaluation::new(&inputs.values).test(node)
    }
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.source() == other.source()
    }
}

impl Eq for Condition {}
