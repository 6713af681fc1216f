//! Evaluates a checked condition: pure, total, and bounded by a budget of work.

use super::error::EvaluationError;
use super::node::{CalendarPart, Comparison, Fold, FoldKind, Function, Kind, Node, Operator};
use super::value::Value;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use std::cmp::Ordering;
use std::sync::Arc;

/// The work one evaluation may do: about one unit for a node, an element or 32 bytes of text: one or
/// two milliseconds in all, and a tenth of a second with the most costly pattern.
const MAX_WORK: usize = 100_000;

type Evaluated = Result<Value, EvaluationError>;

/// One evaluation: the inputs, the variables bound by macros around the node at hand, the budget that is left.
pub(super) struct Evaluation<'a> {
    inputs: &'a [Value],
    locals: Vec<Value>,
    work_left: usize,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(inputs: &'a [Value]) -> Self {
        Self { inputs, locals: Vec::new(), work_left: MAX_WORK }
    }

    /// The value of a predicate.
    pub(super) fn test(&mut self, node: &Node) -> Result<bool, EvaluationError> {
        match self.value(node)? {
            Value::Bool(answer) => Ok(answer),
            _ => Err(EvaluationError::TypeMismatch),
        }
    }

    fn spend(&mut self, work: usize) -> Result<(), EvaluationError> {
        let left = self.work_left.checked_sub(work);
        self.work_left = left.unwrap_or(0);
        left.map(|_| ()).ok_or(EvaluationError::TooMuchWork)
    }

    fn value(&mut self, node: &Node) -> Evaluated {
        self.spend(1)?;
        match &node.kind {
            Kind::Constant(value) => Ok(value.clone()),
            Kind::Input(at) => self.inputs.get(*at).cloned().ok_or(EvaluationError::TypeMismatch),
            Kind::Local(at) => self.locals.get(*at).cloned().ok_or(EvaluationError::TypeMismatch),
            Kind::Field(of, at) => match self.value(of)? {
                Value::Object(values) => values.get(*at).cloned().ok_or(EvaluationError::TypeMismatch),
                _ => Err(EvaluationError::TypeMismatch),
            },
            Kind::IsSet(of) => Ok(Value::Bool(self.value(of)?.is_set())),
            Kind::Not(of) => Ok(Value::Bool(!self.test(of)?)),
            Kind::And(sides) => self.both(sides, false),
            Kind::Or(sides) => self.both(sides, true),
            Kind::If(parts) => {
                let [condition, then, otherwise] = &**parts;
                if self.test(condition)? { self.value(then) } else { self.value(otherwise) }
            }
            Kind::Compare(comparison, sides) => self.compare(*comparison, sides),
            Kind::Contained(sides) => self.contained(sides),
            Kind::Arithmetic(operator, sides) => {
                let [left, right] = self.pair(sides)?;
                self.spend(left.weight() + right.weight())?;
                arithmetic(*operator, &left, &right)
            }
            Kind::Negate(of) => negate(&self.value(of)?),
            Kind::Index(sides) => index(&self.pair(sides)?),
            Kind::List(items) => Ok(Value::List(items.iter().map(|item| self.value(item)).collect::<Result<_, _>>()?)),
            Kind::Map(entries) => self.map(entries),
            Kind::Call(function, arguments) => {
                let values = arguments.iter().map(|argument| self.value(argument));
                let values = values.collect::<Result<Vec<_>, _>>()?;
                self.spend(values.iter().map(Value::weight).sum())?;
                call(*function, &values)
            }
            Kind::Matches(text, pattern) => match self.value(text)? {
                Value::String(text) => {
                    self.spend(pattern.work(&text))?;
                    Ok(Value::Bool(pattern.is_in(&text)))
                }
                _ => Err(EvaluationError::TypeMismatch),
            },
            Kind::CalendarPart(of, part, zone) => match self.value(of)? {
                Value::Timestamp(instant) => Ok(Value::Int(calendar_part(instant, *part, zone))),
                _ => Err(EvaluationError::TypeMismatch),
            },
            Kind::Fold(fold) => self.fold(fold),
        }
    }

    fn map(&mut self, entries: &[(Arc<str>, Node)]) -> Evaluated {
        let entries = entries.iter().map(|(key, value)| Ok((key.clone(), self.value(value)?)));
        Ok(Value::Map(Arc::new(entries.collect::<Result<_, EvaluationError>>()?)))
    }

    fn pair(&mut self, sides: &[Node; 2]) -> Result<[Value; 2], EvaluationError> {
        let [left, right] = sides;
        Ok([self.value(left)?, self.value(right)?])
    }

    /// `&&` (decided by `false`) or `||` (decided by `true`). As CEL has it, a side that decides the result
    /// absorbs an error of the other.
    fn both(&mut self, sides: &[Node; 2], decisive: bool) -> Evaluated {
        let [left, right] = sides;
        let left = self.test(left);
        if left == Ok(decisive) {
            return Ok(Value::Bool(decisive));
        }
        let right = self.test(right)?;
        if right == decisive { Ok(Value::Bool(decisive)) } else { left.map(Value::Bool) }
    }

    fn compare(&mut self, comparison: Comparison, sides: &[Node; 2]) -> Evaluated {
        let [left, right] = self.pair(sides)?;
        self.spend(left.weight().min(right.weight()))?;
        let order = || left.order(&right);
        Ok(Value::Bool(match comparison {
            Comparison::Equal => left == right,
            Comparison::NotEqual => left != right,
            Comparison::Less => order() == Some(Ordering::Less),
            Comparison::LessOrEqual => order().is_some_and(Ordering::is_le),
            Comparison::Greater => order() == Some(Ordering::Greater),
            Comparison::GreaterOrEqual => order().is_some_and(Ordering::is_ge),
        }))
    }

    fn contained(&mut self, sides: &[Node; 2]) -> Evaluated {
        match self.pair(sides)? {
            [value, Value::List(items)] => {
                self.spend(items.len())?;
                Ok(Value::Bool(items.contains(&value)))
            }
            [Value::String(key), Value::Map(entries)] => Ok(Value::Bool(entries.contains_key(&key))),
            _ => Err(EvaluationError::TypeMismatch),
        }
    }

    fn fold(&mut self, fold: &Fold) -> Evaluated {
        let items: Arc<[Value]> = match self.value(&fold.range)? {
            Value::List(items) => items,
            Value::Map(entries) => entries.keys().cloned().map(Value::String).collect(),
            _ => return Err(EvaluationError::TypeMismatch),
        };
        self.spend(items.len())?;
        match fold.kind {
            FoldKind::All => self.quantify(fold, &items, false),
            FoldKind::Exists => self.quantify(fold, &items, true),
            FoldKind::ExistsOne => Ok(Value::Bool(self.select(fold, &items)?.len() == 1)),
            FoldKind::Filter => Ok(Value::List(self.select(fold, &items)?.into())),
            FoldKind::Map => self.transform(fold, &items),
        }
    }

    /// `all` (decided by `false`) or `exists` (decided by `true`); an element that decides absorbs errors of
    /// the others.
    fn quantify(&mut self, fold: &Fold, items: &[Value], decisive: bool) -> Evaluated {
        let mut failed = None;
        for item in items {
            match self.bound(item, |run| run.test(&fold.body)) {
                Ok(answer) if answer == decisive => return Ok(Value::Bool(decisive)),
                Ok(_) => {}
                Err(EvaluationError::TooMuchWork) => return Err(EvaluationError::TooMuchWork),
                Err(error) => failed = Some(error),
            }
        }
        failed.map_or(Ok(Value::Bool(!decisive)), Err)
    }

    fn select(&mut self, fold: &Fold, items: &[Value]) -> Result<Vec<Value>, EvaluationError> {
        let mut selected = Vec::new();
        for item in items {
            if self.bound(item, |run| run.test(&fold.body))? {
                selected.push(item.clone());
            }
        }
        Ok(selected)
    }

    fn transform(&mut self, fold: &Fold, items: &[Value]) -> Evaluated {
        let mut made = Vec::new();
        for item in items {
            let element = self.bound(item, |run| match &fold.filter {
                Some(filter) if !run.test(filter)? => Ok(None),
                _ => run.value(&fold.body).map(Some),
            })?;
            made.extend(element);
        }
        Ok(Value::List(made.into()))
    }

    fn bound<T>(&mut self, item: &Value, inside: impl FnOnce(&mut Self) -> T) -> T {
        self.locals.push(item.clone());
        let result = inside(self);
        self.locals.pop();
        result
    }
}

fn arithmetic(operator: Operator, left: &Value, right: &Value) -> Evaluated {
    let computed = match (left, right) {
        (Value::Int(left), Value::Int(right)) => {
            return int_arithmetic(operator, *left, *right).map(Value::Int);
        }
        (Value::Double(left), Value::Double(right)) => match operator {
            Operator::Add => Some(Value::Double(left + right)),
            Operator::Subtract => Some(Value::Double(left - right)),
            Operator::Multiply => Some(Value::Double(left * right)),
            Operator::Divide => Some(Value::Double(left / right)),
            Operator::Remainder => return Err(EvaluationError::TypeMismatch),
        },
        (Value::String(left), Value::String(right)) => Some(Value::String(format!("{left}{right}").into())),
        (Value::List(left), Value::List(right)) => {
            Some(Value::List(left.iter().chain(right.iter()).cloned().collect()))
        }
        (Value::Duration(left), Value::Duration(right)) => {
            let sum = if operator == Operator::Add { left.checked_add(*right) } else { left.checked_sub(*right) };
            sum.map(Value::Duration)
        }
        (Value::Timestamp(instant), Value::Duration(span)) => {
            let moved = if operator == Operator::Add { instant.checked_add(*span) } else { instant.checked_sub(*span) };
            moved.ok().map(Value::Timestamp)
        }
        (Value::Duration(span), Value::Timestamp(instant)) => instant.checked_add(*span).ok().map(Value::Timestamp),
        (Value::Timestamp(left), Value::Timestamp(right)) => Some(Value::Duration(left.duration_since(*right))),
        _ => return Err(EvaluationError::TypeMismatch),
    };
    computed.ok_or(EvaluationError::Overflow)
}

fn int_arithmetic(operator: Operator, left: i64, right: i64) -> Result<i64, EvaluationError> {
    let computed = match operator {
        Operator::Add => left.checked_add(right),
        Operator::Subtract => left.checked_sub(right),
        Operator::Multiply => left.checked_mul(right),
        Operator::Divide | Operator::Remainder if right == 0 => {
            return Err(EvaluationError::DivisionByZero);
        }
        Operator::Divide => left.checked_div(right),
        Operator::Remainder => left.checked_rem(right),
    };
    computed.ok_or(EvaluationError::Overflow)
}

fn negate(value: &Value) -> Evaluated {
    match value {
        Value::Int(value) => value.checked_neg().map(Value::Int).ok_or(EvaluationError::Overflow),
        Value::Double(value) => Ok(Value::Double(-value)),
        _ => Err(EvaluationError::TypeMismatch),
    }
}

fn index(pair: &[Value; 2]) -> Evaluated {
    match pair {
        [Value::List(items), Value::Int(at)] => {
            let found = usize::try_from(*at).ok().and_then(|at| items.get(at));
            found.cloned().ok_or(EvaluationError::IndexOutOfRange)
        }
        [Value::Map(entries), Value::String(key)] => entries.get(key).cloned().ok_or(EvaluationError::MissingKey),
        _ => Err(EvaluationError::TypeMismatch),
    }
}

fn call(function: Function, arguments: &[Value]) -> Evaluated {
    match (function, arguments) {
        (Function::Size, [of]) => size(of),
        (Function::Least, [first, rest @ ..]) => Ok(extreme(first, rest, Ordering::Less)),
        (Function::Greatest, [first, rest @ ..]) => Ok(extreme(first, rest, Ordering::Greater)),
        (_, [Value::String(text), Value::String(part)]) => match function {
            Function::Contains => Ok(Value::Bool(text.contains(&**part))),
            Function::StartsWith => Ok(Value::Bool(text.starts_with(&**part))),
            Function::EndsWith => Ok(Value::Bool(text.ends_with(&**part))),
            _ => Err(EvaluationError::TypeMismatch),
        },
        (Function::LowerAscii, [Value::String(text)]) => Ok(Value::String(text.to_ascii_lowercase().into())),
        (Function::UpperAscii, [Value::String(text)]) => Ok(Value::String(text.to_ascii_uppercase().into())),
        (Function::Trim, [Value::String(text)]) => Ok(Value::String(text.trim().into())),
        (Function::ToInt, [of]) => to_int(of),
        (Function::ToDouble, [of]) => to_double(of),
        (Function::ToText, [of]) => match of {
            Value::Int(value) => Ok(Value::String(value.to_string().into())),
            Value::Bool(value) => Ok(Value::String(value.to_string().into())),
            Value::String(_) => Ok(of.clone()),
            _ => Err(EvaluationError::TypeMismatch),
        },
        (_, [Value::Duration(span)]) => span_part(function, *span),
        _ => Err(EvaluationError::TypeMismatch),
    }
}

fn size(of: &Value) -> Evaluated {
    let size = match of {
        Value::String(text) => text.chars().count(),
        Value::List(items) => items.len(),
        Value::Map(entries) => entries.len(),
        _ => return Err(EvaluationError::TypeMismatch),
    };
    i64::try_from(size).map(Value::Int).map_err(|_| EvaluationError::Overflow)
}

/// The first of the values that no other one is beyond.
fn extreme(first: &Value, rest: &[Value], beyond: Ordering) -> Value {
    let best = rest.iter().fold(first, |best, next| if next.order(best) == Some(beyond) { next } else { best });
    best.clone()
}

fn to_int(of: &Value) -> Evaluated {
    match of {
        Value::Int(_) => Ok(of.clone()),
        Value::Timestamp(instant) => Ok(Value::Int(instant.as_second())),
        Value::Double(value) => {
            // The bounds are exact powers of two, as CEL requires: ±2^63, both excluded.
            const LIMIT: f64 = 9_223_372_036_854_775_808.0;
            if !(*value > -LIMIT && *value < LIMIT) {
                return Err(EvaluationError::Overflow);
            }
            #[allow(clippy::cast_possible_truncation)]
            // in range, and dropping the fraction is what int() means
            Ok(Value::Int(*value as i64))
        }
        _ => Err(EvaluationError::TypeMismatch),
    }
}

fn to_double(of: &Value) -> Evaluated {
    match of {
        Value::Double(_) => Ok(of.clone()),
        #[allow(clippy::cast_precision_loss)] // double() rounds to the nearest, as CEL has it
        Value::Int(value) => Ok(Value::Double(*value as f64)),
        _ => Err(EvaluationError::TypeMismatch),
    }
}

/// The whole hours, minutes, seconds or milliseconds of a length of time.
fn span_part(function: Function, span: SignedDuration) -> Evaluated {
    let part = match function {
        Function::Hours => span.as_hours(),
        Function::Minutes => span.as_mins(),
        Function::Seconds => span.as_secs(),
        Function::Milliseconds => i64::try_from(span.as_millis()).map_err(|_| EvaluationError::Overflow)?,
        _ => return Err(EvaluationError::TypeMismatch),
    };
    Ok(Value::Int(part))
}

fn calendar_part(instant: Timestamp, part: CalendarPart, zone: &TimeZone) -> i64 {
    let local = zone.to_datetime(instant);
    match part {
        CalendarPart::FullYear => local.year().into(),
        CalendarPart::Month => i64::from(local.month()) - 1,
        CalendarPart::Date => local.day().into(),
        CalendarPart::DayOfMonth => i64::from(local.day()) - 1,
        CalendarPart::DayOfWeek => local.weekday().to_sunday_zero_offset().into(),
        CalendarPart::DayOfYear => i64::from(local.day_of_year()) - 1,
        CalendarPart::Hours => local.hour().into(),
        CalendarPart::Minutes => local.minute().into(),
        CalendarPart::Seconds => local.second().into(),
        CalendarPart::Milliseconds => local.millisecond().into(),
    }
}
