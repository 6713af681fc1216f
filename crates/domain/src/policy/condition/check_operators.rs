//! Types the operators of a condition.

use super::check::{Checked, Checker, Typed};
use super::node::{Comparison, Kind, Node, Operator};
use super::schema::Inferred;
use super::value::Value;
use cel::common::ast::{CallExpr, IdedExpr, operators};

impl Checker<'_> {
    pub(super) fn unary(&mut self, expr: &IdedExpr, call: &CallExpr, only: &IdedExpr) -> Checked {
        match call.func_name.as_str() {
            operators::LOGICAL_NOT => {
                let of = self.bool(only, "`!` needs a bool")?;
                Some(self.typed(expr, Kind::Not(Box::new(of)), Inferred::Bool))
            }
            operators::NEGATE => {
                let of = self.expression(only)?;
                match of.of {
                    Inferred::Int | Inferred::Double => Some(self.typed(expr, Kind::Negate(Box::new(of.node)), of.of)),
                    other => self.refuse(expr, &format!("`-` needs a number, not {other}"), None),
                }
            }
            operators::HAS => self.has(expr, only),
            _ => self.function(expr, call),
        }
    }

    pub(super) fn binary(&mut self, expr: &IdedExpr, call: &CallExpr, sides: [&IdedExpr; 2]) -> Checked {
        match call.func_name.as_str() {
            operators::LOGICAL_AND => self.logical(expr, "`&&` needs a bool on both sides", sides, Kind::And),
            operators::LOGICAL_OR => self.logical(expr, "`||` needs a bool on both sides", sides, Kind::Or),
            operators::EQUALS => self.comparison(expr, Comparison::Equal, sides),
            operators::NOT_EQUALS => self.comparison(expr, Comparison::NotEqual, sides),
            operators::LESS => self.comparison(expr, Comparison::Less, sides),
            operators::LESS_EQUALS => self.comparison(expr, Comparison::LessOrEqual, sides),
            operators::GREATER => self.comparison(expr, Comparison::Greater, sides),
            operators::GREATER_EQUALS => self.comparison(expr, Comparison::GreaterOrEqual, sides),
            operators::IN => self.contained(expr, sides),
            operators::INDEX => self.index(expr, sides),
            operators::ADD => self.arithmetic(expr, Operator::Add, sides),
            operators::SUBSTRACT => self.arithmetic(expr, Operator::Subtract, sides),
            operators::MULTIPLY => self.arithmetic(expr, Operator::Multiply, sides),
            operators::DIVIDE => self.arithmetic(expr, Operator::Divide, sides),
            operators::MODULO => self.arithmetic(expr, Operator::Remainder, sides),
            _ => self.function(expr, call),
        }
    }

    /// Types both sides before giving up, so that errors of both are told at once.
    fn pair(&mut self, [left, right]: [&IdedExpr; 2]) -> Option<[Typed; 2]> {
        let (left, right) = (self.expression(left), self.expression(right));
        Some([left?, right?])
    }

    fn logical(
        &mut self,
        expr: &IdedExpr,
        rule: &str,
        [left, right]: [&IdedExpr; 2],
        kind: fn(Box<[Node; 2]>) -> Kind,
    ) -> Checked {
        let (left, right) = (self.bool(left, rule), self.bool(right, rule));
        Some(self.typed(expr, kind(Box::new([left?, right?])), Inferred::Bool))
    }

    pub(super) fn ternary(&mut self, expr: &IdedExpr, [condition, then, otherwise]: [&IdedExpr; 3]) -> Checked {
        let condition = self.bool(condition, "before `?` stands a bool");
        let branches = self.same_typed([then, otherwise].into_iter(), "both branches of `? :`");
        let (nodes, of) = branches?;
        let [then, otherwise] = <[Node; 2]>::try_from(nodes).ok()?;
        Some(self.typed(expr, Kind::If(Box::new([condition?, then, otherwise])), of))
    }

    fn comparison(&mut self, expr: &IdedExpr, comparison: Comparison, sides: [&IdedExpr; 2]) -> Checked {
        let [left, right] = self.pair(sides)?;
        if left.of != right.of {
            let message = format!("{} and {} cannot be compared", left.of, right.of);
            return self.refuse(expr, &message, number_hint(&left.of, &right.of));
        }
        let by_order = !matches!(comparison, Comparison::Equal | Comparison::NotEqual);
        let compound = matches!(left.of, Inferred::List(_) | Inferred::Map(_) | Inferred::Object(_));
        if by_order && compound || matches!(left.of, Inferred::Object(_)) {
            let message = format!("two values of type {} cannot be compared like this", left.of);
            return self.refuse(expr, &message, Some("compare their fields or sizes"));
        }
        let kind = Kind::Compare(comparison, Box::new([left.node, right.node]));
        Some(self.typed(expr, kind, Inferred::Bool))
    }

    fn contained(&mut self, expr: &IdedExpr, sides: [&IdedExpr; 2]) -> Checked {
        let [value, within] = self.pair(sides)?;
        let element = match &within.of {
            Inferred::List(element) => (**element).clone(),
            Inferred::Map(_) => Inferred::String,
            other => {
                let message = format!("`in` needs a list or a map on its right, not {other}");
                let hint = matches!(other, Inferred::String).then_some("look into text with text.contains(part)");
                return self.refuse(expr, &message, hint);
            }
        };
        if element != value.of {
            let message = format!("{} cannot be in {}", value.of, within.of);
            return self.refuse(expr, &message, number_hint(&element, &value.of));
        }
        let kind = Kind::Contained(Box::new([value.node, within.node]));
        Some(self.typed(expr, kind, Inferred::Bool))
    }

    fn index(&mut self, expr: &IdedExpr, sides: [&IdedExpr; 2]) -> Checked {
        let [of, index] = self.pair(sides)?;
        let element = match (&of.of, &index.of) {
            (Inferred::List(_), Inferred::Int) if is_negative(&index.node) => {
                return self.refuse(sides[1], "an index counts from 0", None);
            }
            (Inferred::List(element), Inferred::Int) => (**element).clone(),
            (Inferred::Map(value), Inferred::String) => (**value).clone(),
            (of, index) => {
                let message = format!("{of} has no index of type {index}");
                return self.refuse(expr, &message, Some("a list takes an int, a map takes text"));
            }
        };
        Some(self.typed(expr, Kind::Index(Box::new([of.node, index.node])), element))
    }

    fn arithmetic(&mut self, expr: &IdedExpr, operator: Operator, sides: [&IdedExpr; 2]) -> Checked {
        use Inferred::{Double, Duration, Int, List, String, Timestamp};
        use Operator::{Add, Divide, Multiply, Remainder, Subtract};
        let [left, right] = self.pair(sides)?;
        let of = match (operator, &left.of, &right.of) {
            (_, Int, Int) => Int,
            (Add | Subtract | Multiply | Divide, Double, Double) => Double,
            (Add, String, String) => String,
            (Add, List(first), List(second)) if first == second => left.of.clone(),
            (Add | Subtract, Duration, Duration) | (Subtract, Timestamp, Timestamp) => Duration,
            (Add | Subtract, Timestamp, Duration) | (Add, Duration, Timestamp) => Timestamp,
            (_, first, second) => {
                let sign = match operator {
                    Add => "+",
                    Subtract => "-",
                    Multiply => "*",
                    Divide => "/",
                    Remainder => "%",
                };
                let message = format!("`{sign}` cannot combine {first} and {second}");
                return self.refuse(expr, &message, number_hint(first, second));
            }
        };
        let by_zero = matches!(right.node.kind, Kind::Constant(Value::Int(0)));
        if by_zero && matches!(operator, Divide | Remainder) {
            return self.refuse(expr, "this divides by zero", None);
        }
        let kind = Kind::Arithmetic(operator, Box::new([left.node, right.node]));
        Some(self.typed(expr, kind, of))
    }
}

fn is_negative(node: &Node) -> bool {
    matches!(node.kind, Kind::Constant(Value::Int(value)) if value < 0)
}

/// What to write when a whole number meets one with a fraction, or text a number.
pub(super) fn number_hint(left: &Inferred, right: &Inferred) -> Option<&'static str> {
    match (left, right) {
        (Inferred::Int, Inferred::Double) | (Inferred::Double, Inferred::Int) => {
            Some("write the whole number with a point, such as 2.0, or convert it with double(...)")
        }
        (Inferred::Int, Inferred::String) | (Inferred::String, Inferred::Int) => {
            Some("leave out the quotes, or convert the number with string(...)")
        }
        (Inferred::Duration, _) | (_, Inferred::Duration) => Some("write a duration as duration(\"90m\")"),
        (Inferred::Timestamp, _) | (_, Inferred::Timestamp) => {
            Some("write a timestamp as timestamp(\"2026-01-31T08:00:00Z\")")
        }
        _ => None,
    }
}
