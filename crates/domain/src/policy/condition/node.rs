//! A checked condition, ready to be evaluated: names are positions, literals are parsed.

use super::pattern::Pattern;
use super::value::Value;
use jiff::tz::TimeZone;
use std::sync::Arc;

/// An expression and where it is written: the byte offset of its operator or only token.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) kind: Kind,
    pub(super) offset: usize,
}

#[derive(Clone, Debug)]
pub(super) enum Kind {
    Constant(Value),
    /// A variable of the schema, by position.
    Input(usize),
    /// A variable bound by a macro, by its depth.
    Local(usize),
    /// A field of an object, by position.
    Field(Box<Node>, usize),
    /// `has(object.field)`.
    IsSet(Box<Node>),
    Not(Box<Node>),
    And(Box<[Node; 2]>),
    Or(Box<[Node; 2]>),
    If(Box<[Node; 3]>),
    Compare(Comparison, Box<[Node; 2]>),
    /// `value in list`, `key in map`.
    Contained(Box<[Node; 2]>),
    Arithmetic(Operator, Box<[Node; 2]>),
    Negate(Box<Node>),
    Index(Box<[Node; 2]>),
    List(Vec<Node>),
    Map(Vec<(Arc<str>, Node)>),
    Call(Function, Vec<Node>),
    Matches(Box<Node>, Pattern),
    CalendarPart(Box<Node>, CalendarPart, TimeZone),
    Fold(Box<Fold>),
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comparison {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Function {
    Size,
    Contains,
    StartsWith,
    EndsWith,
    LowerAscii,
    UpperAscii,
    Trim,
    Least,
    Greatest,
    ToInt,
    ToDouble,
    ToText,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

/// A part of an instant in a time zone; months, days of the year and `getDayOfMonth` count from 0, Sunday is 0,
/// as <https://github.com/google/cel-spec/blob/master/doc/langdef.md#timezones> has it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum CalendarPart {
    FullYear,
    Month,
    Date,
    DayOfMonth,
    DayOfWeek,
    DayOfYear,
    Hours,
    Minutes,
    Seconds,
    Milliseconds,
}

/// A macro over a list's elements or a map's keys.
#[derive(Clone, Debug)]
pub(super) struct Fold {
    pub(super) kind: FoldKind,
    pub(super) range: Node,
    /// Which elements count.
    pub(super) filter: Option<Node>,
    /// What is computed for each: the predicate, or the new element of `map`.
    pub(super) body: Node,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum FoldKind {
    All,
    Exists,
    ExistsOne,
    Filter,
    Map,
}

impl Node {
    /// Whether any input is read: what reads none is the same for every ticket and constrains nothing.
    pub(super) fn reads_inputs(&self) -> bool {
        self.reads_any(&|_| true)
    }

    /// Whether the input at this position is read.
    pub(super) fn reads(&self, input: usize) -> bool {
        self.reads_any(&|read| read == input)
    }

    fn reads_any(&self, counts: &impl Fn(usize) -> bool) -> bool {
        let in_any = |nodes: &[Node]| nodes.iter().any(|node| node.reads_any(counts));
        match &self.kind {
            Kind::Constant(_) | Kind::Local(_) => false,
            Kind::Input(position) => counts(*position),
            Kind::Field(of, _)
            | Kind::IsSet(of)
            | Kind::Not(of)
            | Kind::Negate(of)
            | Kind::Matches(of, _)
            | Kind::CalendarPart(of, ..) => of.reads_any(counts),
            Kind::And(of)
            | Kind::Or(of)
            | Kind::Compare(_, of)
            | Kind::Contained(of)
            | Kind::Arithmetic(_, of)
            | Kind::Index(of) => in_any(&of[..]),
            Kind::If(of) => in_any(&of[..]),
            Kind::List(of) | Kind::Call(_, of) => in_any(of),
            Kind::Map(of) => of.iter().any(|(_, value)| value.reads_any(counts)),
            Kind::Fold(fold) => {
                fold.range.reads_any(counts)
                    || fold.body.reads_any(counts)
                    || fold.filter.as_ref().is_some_and(|filter| filter.reads_any(counts))
            }
        }
    }
}
