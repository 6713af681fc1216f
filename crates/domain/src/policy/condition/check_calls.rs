//! Types the calls of a condition: functions, member functions and macros.

use super::check::{Checked, Checker, Local, Typed};
use super::node::{CalendarPart, Fold, FoldKind, Function, Kind, Node};
use super::pattern::Pattern;
use super::schema::Inferred;
use super::value::Value;
use crate::suggest::nearest;
use cel::common::ast::{CallExpr, Expr, IdedExpr, LiteralValue};
use jiff::fmt::temporal::DateTimeParser;
use jiff::tz::TimeZone;

/// What can be called as `name(...)`.
const FUNCTIONS: [&str; 9] = ["has", "size", "min", "max", "int", "double", "string", "timestamp", "duration"];

/// What can be called as `value.name(...)`.
const MEMBERS: [&str; 25] = [
    "size",
    "contains",
    "startsWith",
    "endsWith",
    "matches",
    "lowerAscii",
    "upperAscii",
    "trim",
    "all",
    "exists",
    "exists_one",
    "existsOne",
    "filter",
    "map",
    "getFullYear",
    "getMonth",
    "getDate",
    "getDayOfMonth",
    "getDayOfWeek",
    "getDayOfYear",
    "getHours",
    "getMinutes",
    "getSeconds",
    "getMilliseconds",
    "has",
];

impl Checker<'_> {
    /// `name(arguments)`.
    pub(super) fn function(&mut self, expr: &IdedExpr, call: &CallExpr) -> Checked {
        let name = call.func_name.as_str();
        match (name, call.args.as_slice()) {
            ("size", [of]) => self.size(expr, of),
            ("min", [_, _, ..]) => self.extreme(expr, call, Function::Least),
            ("max", [_, _, ..]) => self.extreme(expr, call, Function::Greatest),
            ("int", [of]) => {
                let accepted = [Inferred::Int, Inferred::Double, Inferred::Timestamp];
                self.conversion(expr, of, name, Function::ToInt, &accepted, Inferred::Int)
            }
            ("double", [of]) => {
                let accepted = [Inferred::Int, Inferred::Double];
                self.conversion(expr, of, name, Function::ToDouble, &accepted, Inferred::Double)
            }
            ("string", [of]) => {
                let accepted = [Inferred::Int, Inferred::Bool, Inferred::String];
                self.conversion(expr, of, name, Function::ToText, &accepted, Inferred::String)
            }
            ("timestamp", [of]) => self.timestamp(expr, of),
            ("duration", [of]) => self.duration(expr, of),
            (known, arguments) if FUNCTIONS.contains(&known) => {
                let expected = if matches!(known, "min" | "max") { "2 or more arguments" } else { "1 argument" };
                let message = format!("{known}() takes {expected}, not {}", arguments.len());
                self.refuse_name(expr, &message, None)
            }
            _ => {
                let hint = match nearest(name, FUNCTIONS) {
                    _ if MEMBERS.contains(&name) => {
                        format!("call it on a value: value.{name}(...)")
                    }
                    Some(near) => format!("did you mean `{near}`?"),
                    None => format!("known: {}", FUNCTIONS.join(", ")),
                };
                self.refuse_name(expr, &format!("unknown function `{name}`"), Some(&hint))
            }
        }
    }

    /// `target.name(arguments)`.
    pub(super) fn member(&mut self, expr: &IdedExpr, target: &IdedExpr, call: &CallExpr) -> Checked {
        let name = call.func_name.as_str();
        let arguments = call.args.as_slice();
        match (name, arguments) {
            ("size", []) => return self.size(expr, target),
            ("all", [variable, body]) => {
                return self.fold(expr, FoldKind::All, target, variable, [None, Some(body)]);
            }
            ("exists", [variable, body]) => {
                return self.fold(expr, FoldKind::Exists, target, variable, [None, Some(body)]);
            }
            ("exists_one" | "existsOne", [variable, body]) => {
                return self.fold(expr, FoldKind::ExistsOne, target, variable, [None, Some(body)]);
            }
            ("filter", [variable, body]) => {
                return self.fold(expr, FoldKind::Filter, target, variable, [None, Some(body)]);
            }
            ("map", [variable, body]) => {
                return self.fold(expr, FoldKind::Map, target, variable, [None, Some(body)]);
            }
            ("map", [variable, filter, body]) => {
                return self.fold(expr, FoldKind::Map, target, variable, [Some(filter), Some(body)]);
            }
            ("matches", [pattern]) => return self.matches(expr, target, pattern),
            _ => {}
        }
        if let Some(part) = calendar_part(name) {
            return self.part_of_time(expr, target, call, part);
        }
        let (function, expected, of) = match name {
            "contains" => (Function::Contains, 1, Inferred::Bool),
            "startsWith" => (Function::StartsWith, 1, Inferred::Bool),
            "endsWith" => (Function::EndsWith, 1, Inferred::Bool),
            "lowerAscii" => (Function::LowerAscii, 0, Inferred::String),
            "upperAscii" => (Function::UpperAscii, 0, Inferred::String),
            "trim" => (Function::Trim, 0, Inferred::String),
            _ => return self.unknown_member(expr, name, arguments.len()),
        };
        if arguments.len() != expected {
            let message = format!("{name}() takes {}, not {}", counted(expected), arguments.len());
            return self.refuse_name(expr, &message, None);
        }
        let mut nodes = vec![self.text_operand(expr, name, target)?];
        for argument in arguments {
            nodes.push(self.text_operand(expr, name, argument)?);
        }
        Some(self.typed(expr, Kind::Call(function, nodes), of))
    }

    fn unknown_member(&mut self, expr: &IdedExpr, name: &str, given: usize) -> Checked {
        if MEMBERS.contains(&name) {
            let usage = match name {
                "all" | "exists" | "exists_one" | "existsOne" | "filter" | "map" => {
                    format!("write list.{name}(item, expression)")
                }
                "has" => "write has(object.field)".to_owned(),
                _ => format!("write value.{name}()"),
            };
            let message = format!("{name}() does not take {} here", counted(given));
            return self.refuse_name(expr, &message, Some(&usage));
        }
        let hint = match nearest(name, MEMBERS) {
            _ if FUNCTIONS.contains(&name) => format!("write {name}(value)"),
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known: {}", MEMBERS.join(", ")),
        };
        self.refuse_name(expr, &format!("unknown function `{name}`"), Some(&hint))
    }

    fn text_operand(&mut self, call: &IdedExpr, name: &str, expr: &IdedExpr) -> Option<Node> {
        let typed = self.expression(expr)?;
        if typed.of == Inferred::String {
            return Some(typed.node);
        }
        let message = format!("{name}() works on text, not on {}", typed.of);
        let hint = match &typed.of {
            Inferred::List(_) if name == "contains" => Some("ask a list with `value in list`"),
            Inferred::List(_) => Some("ask its elements: list.exists(item, ...)"),
            _ => None,
        };
        self.refuse_name(call, &message, hint)
    }

    fn size(&mut self, expr: &IdedExpr, of: &IdedExpr) -> Checked {
        let typed = self.expression(of)?;
        match typed.of {
            Inferred::String | Inferred::List(_) | Inferred::Map(_) => {
                Some(self.typed(expr, Kind::Call(Function::Size, vec![typed.node]), Inferred::Int))
            }
            other => self.refuse_name(expr, &format!("{other} has no size"), None),
        }
    }

    fn extreme(&mut self, expr: &IdedExpr, call: &CallExpr, function: Function) -> Checked {
        let name = &call.func_name;
        let (nodes, of) = self.same_typed(call.args.iter(), &format!("the arguments of {name}()"))?;
        match of {
            Inferred::Int | Inferred::Double | Inferred::Duration | Inferred::Timestamp => {
                Some(self.typed(expr, Kind::Call(function, nodes), of))
            }
            other => {
                let message = format!("{name}() takes numbers, durations or timestamps, not {other}");
                self.refuse_name(expr, &message, None)
            }
        }
    }

    fn conversion(
        &mut self,
        expr: &IdedExpr,
        argument: &IdedExpr,
        name: &str,
        function: Function,
        accepted: &[Inferred],
        of: Inferred,
    ) -> Checked {
        let typed = self.expression(argument)?;
        if accepted.contains(&typed.of) {
            return Some(self.typed(expr, Kind::Call(function, vec![typed.node]), of));
        }
        let message = format!("{name}() cannot convert {}", typed.of);
        let hint = (typed.of == Inferred::String).then_some("text may not be a number: compare it as text");
        self.refuse_name(expr, &message, hint)
    }

    fn timestamp(&mut self, expr: &IdedExpr, argument: &IdedExpr) -> Checked {
        let example = Some("such as timestamp(\"2026-01-31T08:00:00Z\")");
        let Some(text) = literal_text(argument) else {
            return self.refuse_name(expr, "timestamp() takes quoted text", example);
        };
        match text.parse() {
            Ok(instant) => Some(self.typed(expr, Kind::Constant(Value::Timestamp(instant)), Inferred::Timestamp)),
            Err(_) => self.refuse(argument, "this is no RFC 3339 timestamp", example),
        }
    }

    fn duration(&mut self, expr: &IdedExpr, argument: &IdedExpr) -> Checked {
        let example = Some("such as duration(\"1h30m\"); a day is 24h");
        let Some(text) = literal_text(argument) else {
            return self.refuse_name(expr, "duration() takes quoted text", example);
        };
        match text.parse() {
            Ok(span) => Some(self.typed(expr, Kind::Constant(Value::Duration(span)), Inferred::Duration)),
            Err(_) => self.refuse(argument, "this is no duration", example),
        }
    }

    fn matches(&mut self, expr: &IdedExpr, target: &IdedExpr, pattern: &IdedExpr) -> Checked {
        let text = self.text_operand(expr, "matches", target)?;
        let Some(written) = literal_text(pattern) else {
            let message = "the pattern of matches() must be quoted text";
            return self.refuse(pattern, message, Some("look for a computed text with contains()"));
        };
        match Pattern::new(written) {
            Ok(found) => {
                let kind = Kind::Matches(Box::new(text), found);
                Some(self.typed(expr, kind, Inferred::Bool))
            }
            Err(why) => self.refuse(pattern, &format!("invalid pattern: {why}"), None),
        }
    }

    fn part_of_time(&mut self, expr: &IdedExpr, target: &IdedExpr, call: &CallExpr, part: CalendarPart) -> Checked {
        let name = &call.func_name;
        let typed = self.expression(target)?;
        match (&typed.of, call.args.as_slice()) {
            (Inferred::Timestamp, []) => {
                let kind = Kind::CalendarPart(Box::new(typed.node), part, TimeZone::UTC);
                Some(self.typed(expr, kind, Inferred::Int))
            }
            (Inferred::Timestamp, [zone]) => {
                let named = literal_text(zone).and_then(|name| DateTimeParser::new().parse_time_zone(name).ok());
                let Some(zone) = named else {
                    let hint = "quote an IANA name or an offset: \"Europe/Berlin\", \"+02:00\"";
                    return self.refuse(zone, "this is no time zone", Some(hint));
                };
                let kind = Kind::CalendarPart(Box::new(typed.node), part, zone);
                Some(self.typed(expr, kind, Inferred::Int))
            }
            (Inferred::Duration, []) => {
                let Some(function) = span_part(part) else {
                    return self.refuse_name(expr, &format!("a duration has no {name}()"), None);
                };
                Some(self.typed(expr, Kind::Call(function, vec![typed.node]), Inferred::Int))
            }
            (Inferred::Timestamp | Inferred::Duration, arguments) => {
                let message = format!("{name}() does not take {} here", counted(arguments.len()));
                self.refuse_name(expr, &message, Some("a timestamp takes at most a time zone"))
            }
            (other, _) => self.refuse_name(expr, &format!("{other} has no {name}()"), None),
        }
    }

    /// A macro over a list's elements or a map's keys; `parts` are the filter, if any, and the body.
    fn fold(
        &mut self,
        expr: &IdedExpr,
        kind: FoldKind,
        range: &IdedExpr,
        variable: &IdedExpr,
        [filter, body]: [Option<&IdedExpr>; 2],
    ) -> Checked {
        let range_typed = self.expression(range)?;
        let element = match &range_typed.of {
            Inferred::List(element) => (**element).clone(),
            Inferred::Map(_) => Inferred::String,
            other => {
                let message = format!("only lists and maps have elements, not {other}");
                return self.refuse_name(expr, &message, None);
            }
        };
        let name = self.bound_name(variable)?;
        self.locals.push(Local { name, of: element.clone() });
        let filter = filter.map(|filter| self.bool(filter, "a filter must be true or false"));
        let body = match (kind, body) {
            (FoldKind::Map, Some(body)) => self.expression(body),
            (_, Some(body)) => {
                let node = self.bool(body, "the test of an element must be true or false");
                node.map(|node| Typed { node, of: Inferred::Bool })
            }
            (_, None) => None,
        };
        self.locals.pop();
        let (filter, body) = (filter.map_or(Some(None), |filter| filter.map(Some))?, body?);
        let of = match kind {
            FoldKind::All | FoldKind::Exists | FoldKind::ExistsOne => Inferred::Bool,
            FoldKind::Filter => Inferred::List(Box::new(element)),
            FoldKind::Map => Inferred::List(Box::new(body.of)),
        };
        let fold = Fold { kind, range: range_typed.node, filter, body: body.node };
        Some(self.typed(expr, Kind::Fold(Box::new(fold)), of))
    }

    fn bound_name(&mut self, variable: &IdedExpr) -> Option<String> {
        let Expr::Ident(name) = &variable.expr else {
            return self.refuse(variable, "here stands the name of the element", Some("such as `item`"));
        };
        let taken = self.locals.iter().any(|local| local.name == *name)
            || self.schema.variables().iter().any(|variable| variable.name == name);
        if taken || name.starts_with('.') {
            return self.refuse(variable, &format!("the name `{name}` is taken"), Some("choose another name"));
        }
        Some(name.clone())
    }
}

fn counted(arguments: usize) -> String {
    if arguments == 1 { "1 argument".to_owned() } else { format!("{arguments} arguments") }
}

fn literal_text(expr: &IdedExpr) -> Option<&str> {
    match &expr.expr {
        Expr::Literal(LiteralValue::String(text)) => Some(text.inner()),
        _ => None,
    }
}

fn calendar_part(name: &str) -> Option<CalendarPart> {
    Some(match name {
        "getFullYear" => CalendarPart::FullYear,
        "getMonth" => CalendarPart::Month,
        "getDate" => CalendarPart::Date,
        "getDayOfMonth" => CalendarPart::DayOfMonth,
        "getDayOfWeek" => CalendarPart::DayOfWeek,
        "getDayOfYear" => CalendarPart::DayOfYear,
        "getHours" => CalendarPart::Hours,
        "getMinutes" => CalendarPart::Minutes,
        "getSeconds" => CalendarPart::Seconds,
        "getMilliseconds" => CalendarPart::Milliseconds,
        _ => return None,
    })
}

fn span_part(part: CalendarPart) -> Option<Function> {
    match part {
        CalendarPart::Hours => Some(Function::Hours),
        CalendarPart::Minutes => Some(Function::Minutes),
        CalendarPart::Seconds => Some(Function::Seconds),
        CalendarPart::Milliseconds => Some(Function::Milliseconds),
        _ => None,
    }
}
