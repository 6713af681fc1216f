//! The type checker: every branch of the syntax tree is typed, or refused, before a condition is ever evaluated.

use super::check_operators::number_hint;
use super::error::ConditionError;
use super::lexer::{Token, TokenKind};
use super::node::{Kind, Node};
use super::schema::{Inferred, Schema};
use super::syntax::{self, Syntax};
use super::value::Value;
use crate::suggest::nearest;
use cel::common::ast::{EntryExpr, Expr, IdedExpr, ListExpr, LiteralValue, MapExpr, SelectExpr, operators};
use std::sync::Arc;

/// The deepest tree of operators and calls: evaluation recurses as deep.
const MAX_DEPTH: usize = 64;

/// A checked expression and its type.
pub(super) struct Typed {
    pub(super) node: Node,
    pub(super) of: Inferred,
}

/// `None` once an error is recorded.
pub(super) type Checked = Option<Typed>;

/// A variable bound by a macro.
pub(super) struct Local {
    pub(super) name: String,
    pub(super) of: Inferred,
}

/// The state of one check.
pub(super) struct Checker<'a> {
    source: &'a str,
    tokens: &'a [Token],
    syntax: &'a Syntax,
    pub(super) schema: &'a Schema,
    pub(super) locals: Vec<Local>,
    pub(super) errors: Vec<ConditionError>,
    depth: usize,
}

/// Types a parsed condition, whose result must be a bool.
pub(super) fn check(
    source: &str,
    tokens: &[Token],
    syntax: &Syntax,
    schema: &Schema,
) -> Result<Node, Vec<ConditionError>> {
    let (locals, errors) = (Vec::new(), Vec::new());
    let mut checker = Checker { source, tokens, syntax, schema, locals, errors, depth: 0 };
    let root = checker.bool(&syntax.root, "a condition must be true or false");
    match root {
        Some(node) if checker.errors.is_empty() => Ok(node),
        _ => {
            let mut errors = checker.errors;
            errors.sort_by_key(|error| (error.line, error.column));
            Err(errors)
        }
    }
}

impl Checker<'_> {
    /// Records an error at the place of an expression.
    pub(super) fn refuse<T>(&mut self, at: &IdedExpr, message: &str, hint: Option<&str>) -> Option<T> {
        let offset = self.offset(at);
        self.refuse_at(offset, message, hint)
    }

    /// Records an error at the name before the bracket of a call, or after the dot of a selection.
    pub(super) fn refuse_name<T>(&mut self, at: &IdedExpr, message: &str, hint: Option<&str>) -> Option<T> {
        let offset = self.offset(at);
        let root = self.tokens.iter().position(|token| token.start == offset).unwrap_or(0);
        let is_call = self.tokens.get(root).is_some_and(|token| token.kind == TokenKind::Open);
        let name = if is_call { root.saturating_sub(1) } else { root + 1 };
        let offset = self.tokens.get(name).map_or(offset, |token| token.start);
        self.refuse_at(offset, message, hint)
    }

    fn refuse_at<T>(&mut self, offset: usize, message: &str, hint: Option<&str>) -> Option<T> {
        self.errors.push(syntax::at(self.source, offset, message, hint));
        None
    }

    fn offset(&self, of: &IdedExpr) -> usize {
        self.syntax.positions.offset_for(of.id).map_or(0, |(start, _)| start as usize)
    }

    pub(super) fn typed(&self, at: &IdedExpr, kind: Kind, of: Inferred) -> Typed {
        Typed { node: Node { kind, offset: self.offset(at) }, of }
    }

    /// Types any expression.
    pub(super) fn expression(&mut self, expr: &IdedExpr) -> Checked {
        if self.depth == MAX_DEPTH {
            let message = format!("the condition chains more than {MAX_DEPTH} operations");
            return self.refuse(expr, &message, Some("use a list with `in`, or split the rule"));
        }
        self.depth += 1;
        let checked = self.expression_inside(expr);
        self.depth -= 1;
        checked
    }

    fn expression_inside(&mut self, expr: &IdedExpr) -> Checked {
        match &expr.expr {
            Expr::Literal(literal) => self.literal(expr, literal),
            Expr::Ident(name) => self.name(expr, name),
            Expr::Select(select) => self.select(expr, select),
            Expr::List(list) => self.list(expr, list),
            Expr::Map(map) => self.map(expr, map),
            Expr::Call(call) => match (&call.target, call.args.as_slice()) {
                (None, [only]) => self.unary(expr, call, only),
                (None, [left, right]) => self.binary(expr, call, [left, right]),
                (None, [condition, then, otherwise]) if call.func_name == operators::CONDITIONAL => {
                    self.ternary(expr, [condition, then, otherwise])
                }
                (None, _) => self.function(expr, call),
                (Some(target), _) => self.member(expr, target, call),
            },
            Expr::Struct(_) => self.refuse(expr, "messages cannot be made in a condition", Some("use a map")),
            Expr::Comprehension(_) | Expr::Unspecified => self.refuse(expr, "this expression is not supported", None),
        }
    }

    /// Types an expression that must be a bool.
    pub(super) fn bool(&mut self, expr: &IdedExpr, rule: &str) -> Option<Node> {
        let typed = self.expression(expr)?;
        if typed.of == Inferred::Bool {
            return Some(typed.node);
        }
        let hint = match &typed.of {
            Inferred::String | Inferred::Int | Inferred::Double => "compare it, such as with `==`",
            Inferred::List(_) | Inferred::Map(_) => "ask for an element with `in`, or for `size(...) > 0`",
            _ => "compare it with another value",
        };
        let message = format!("{rule}, this is of type {}", typed.of);
        self.refuse(expr, &message, Some(hint))
    }

    fn literal(&mut self, expr: &IdedExpr, literal: &LiteralValue) -> Checked {
        let (value, of) = match literal {
            LiteralValue::Boolean(value) => (Value::Bool(*value.inner()), Inferred::Bool),
            LiteralValue::Int(value) => (Value::Int(*value.inner()), Inferred::Int),
            LiteralValue::Double(value) => (Value::Double(*value.inner()), Inferred::Double),
            LiteralValue::String(value) => (Value::String(Arc::from(value.inner())), Inferred::String),
            LiteralValue::UInt(_) => {
                return self.refuse(expr, "unsigned numbers are not used", Some("leave out the `u`"));
            }
            LiteralValue::Bytes(_) => {
                return self.refuse(expr, "bytes are not used", Some("leave out the `b` before the quote"));
            }
            LiteralValue::Null => {
                let hint = "ask whether a field is set with has(object.field)";
                return self.refuse(expr, "nothing is ever null", Some(hint));
            }
        };
        Some(self.typed(expr, Kind::Constant(value), of))
    }

    fn name(&mut self, expr: &IdedExpr, name: &str) -> Checked {
        if let Some(at) = self.locals.iter().rposition(|local| local.name == name) {
            let of = self.locals.get(at).map(|local| local.of.clone())?;
            return Some(self.typed(expr, Kind::Local(at), of));
        }
        let variables = self.schema.variables();
        if let Some(at) = variables.iter().position(|variable| variable.name == name) {
            let of = variables.get(at)?.of.into();
            return Some(self.typed(expr, Kind::Input(at), of));
        }
        let known: Vec<&str> = variables.iter().map(|variable| variable.name).collect();
        let hint = self.suggestion(name, &known);
        self.refuse(expr, &format!("unknown variable `{name}`"), Some(&hint))
    }

    fn suggestion(&self, name: &str, known: &[&str]) -> String {
        let locals = self.locals.iter().map(|local| local.name.as_str());
        match nearest(name, known.iter().copied().chain(locals)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("known here: {}", known.join(", ")),
        }
    }

    fn select(&mut self, expr: &IdedExpr, select: &SelectExpr) -> Checked {
        let target = self.expression(&select.operand)?;
        match &target.of {
            Inferred::Object(object) => {
                let Some(at) = object.fields.iter().position(|field| field.name == select.field) else {
                    let known: Vec<&str> = object.fields.iter().map(|field| field.name).collect();
                    let hint = match nearest(&select.field, known.iter().copied()) {
                        Some(near) => format!("did you mean `{near}`?"),
                        None => format!("it has: {}", known.join(", ")),
                    };
                    let message = format!("{} has no field `{}`", object.name, select.field);
                    return self.refuse_name(expr, &message, Some(&hint));
                };
                let of = object.fields.get(at)?.of.into();
                Some(self.typed(expr, Kind::Field(Box::new(target.node), at), of))
            }
            Inferred::Map(of) => {
                let of = (**of).clone();
                let key = Node { kind: text(&select.field), offset: self.offset(expr) };
                Some(self.typed(expr, Kind::Index(Box::new([target.node, key])), of))
            }
            other => {
                let message = format!("{other} has no fields, so no `{}`", select.field);
                let list = matches!(other, Inferred::List(_));
                let hint = list.then_some("ask its elements: list.exists(item, item.field == ...)");
                self.refuse_name(expr, &message, hint)
            }
        }
    }

    /// `has(object.field)`: whether the field differs from its default; of a map, whether the key is there.
    pub(super) fn has(&mut self, expr: &IdedExpr, argument: &IdedExpr) -> Checked {
        let Expr::Select(select) = &argument.expr else {
            let hint = "write has(object.field)";
            return self.refuse_name(expr, "has() asks for one field of an object", Some(hint));
        };
        let field = self.select(argument, select)?;
        let kind = match field.node.kind {
            Kind::Index(sides) => {
                let [map, key] = *sides;
                Kind::Contained(Box::new([key, map]))
            }
            kind => Kind::IsSet(Box::new(Node { kind, offset: field.node.offset })),
        };
        Some(self.typed(expr, kind, Inferred::Bool))
    }

    fn list(&mut self, expr: &IdedExpr, list: &ListExpr) -> Checked {
        if list.elements.is_empty() {
            let hint = "compare with size(list) == 0";
            return self.refuse(expr, "an empty list has no element type", Some(hint));
        }
        let (items, of) = self.same_typed(list.elements.iter(), "the elements of a list")?;
        Some(self.typed(expr, Kind::List(items), Inferred::List(Box::new(of))))
    }

    fn map(&mut self, expr: &IdedExpr, map: &MapExpr) -> Checked {
        let mut keys: Vec<Arc<str>> = Vec::new();
        let mut values = Vec::new();
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else {
                continue;
            };
            let Expr::Literal(LiteralValue::String(key)) = &entry.key.expr else {
                return self.refuse(&entry.key, "the keys of a map must be quoted text", None);
            };
            if keys.iter().any(|known| **known == *key.inner()) {
                return self.refuse(&entry.key, "this key is already in the map", None);
            }
            keys.push(Arc::from(key.inner()));
            values.push(&entry.value);
        }
        if values.is_empty() {
            return self.refuse(expr, "an empty map has no value type", Some("compare with size(map) == 0"));
        }
        let (values, of) = self.same_typed(values.into_iter(), "the values of a map")?;
        let entries = keys.into_iter().zip(values).collect();
        Some(self.typed(expr, Kind::Map(entries), Inferred::Map(Box::new(of))))
    }

    /// Types expressions that must share one type; there is at least one.
    pub(super) fn same_typed<'e>(
        &mut self,
        expressions: impl Iterator<Item = &'e IdedExpr>,
        what: &str,
    ) -> Option<(Vec<Node>, Inferred)> {
        let mut nodes = Vec::new();
        let mut shared: Option<Inferred> = None;
        for expression in expressions {
            let typed = self.expression(expression)?;
            let of = shared.get_or_insert_with(|| typed.of.clone());
            if *of != typed.of {
                let message = format!("{what} must share one type: {of} and {}", typed.of);
                let hint = number_hint(of, &typed.of);
                return self.refuse(expression, &message, hint);
            }
            nodes.push(typed.node);
        }
        shared.map(|of| (nodes, of))
    }
}

/// A constant text.
pub(super) fn text(value: &str) -> Kind {
    Kind::Constant(Value::String(Arc::from(value)))
}
