//! From tokens to a query.

use super::lexer::{Quoted, Token, tokens};

/// Conditions that may stand within each other.
const DEPTH_MAX: usize = 20;

/// A field, with the names of the parents before it.
pub(super) type Path = Vec<String>;

/// A query.
#[derive(Debug, PartialEq)]
pub(super) struct Query {
    /// Empty for `COUNT()`.
    pub(super) fields: Vec<Path>,
    pub(super) object: String,
    pub(super) filter: Option<Condition>,
    /// Fields and whether the greatest comes first.
    pub(super) order: Vec<(Path, bool)>,
    pub(super) limit: Option<usize>,
    pub(super) offset: usize,
}

/// What a row has to satisfy.
#[derive(Debug, PartialEq)]
pub(super) enum Condition {
    All(Vec<Condition>),
    Any(Vec<Condition>),
    Not(Box<Condition>),
    Compare(Path, Operator, Literal),
    /// The field and whether it must not be among them.
    Among(Path, bool, Vec<Literal>),
}

/// How a field is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operator {
    Is,
    IsNot,
    Less,
    AtMost,
    More,
    AtLeast,
    Like,
}

/// What a field is compared with.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Literal {
    Text(Quoted),
    Number(f64),
    Date(String),
    Flag(bool),
    Null,
}

/// Reads a query; the message is for `MALFORMED_QUERY`.
pub(super) fn query(text: &str) -> Result<Query, String> {
    let mut parser = Parser { tokens: tokens(text)?, at: 0 };
    parser.keyword("SELECT")?;
    let fields = parser.fields()?;
    parser.keyword("FROM")?;
    let object = parser.word()?;
    let filter = if parser.takes("WHERE") { Some(parser.condition(0)?) } else { None };
    let order = if parser.takes("ORDER") { parser.order()? } else { Vec::new() };
    let limit = if parser.takes("LIMIT") { Some(parser.count()?) } else { None };
    let offset = if parser.takes("OFFSET") { parser.count()? } else { 0 };
    match parser.next() {
        None => Ok(Query { fields, object, filter, order, limit, offset }),
        Some(token) => Err(format!("unexpected token: {token:?}")),
    }
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.peek().cloned();
        self.at += 1;
        token
    }

    /// Steps over a keyword if it is next.
    fn takes(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case(keyword));
        self.at += usize::from(found);
        found
    }

    fn takes_sign(&mut self, sign: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Sign(next)) if *next == sign);
        self.at += usize::from(found);
        found
    }

    fn keyword(&mut self, keyword: &str) -> Result<(), String> {
        if self.takes(keyword) { Ok(()) } else { Err(format!("expecting {keyword}, found {:?}", self.peek())) }
    }

    fn sign(&mut self, sign: &str) -> Result<(), String> {
        if self.takes_sign(sign) { Ok(()) } else { Err(format!("expecting '{sign}', found {:?}", self.peek())) }
    }

    fn word(&mut self) -> Result<String, String> {
        match self.next() {
            Some(Token::Word(word)) if !word.starts_with('.') && !word.ends_with('.') => Ok(word),
            other => Err(format!("expecting a name, found {other:?}")),
        }
    }

    fn path(&mut self) -> Result<Path, String> {
        Ok(self.word()?.split('.').map(str::to_owned).collect())
    }

    fn count(&mut self) -> Result<usize, String> {
        match self.next() {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "checked to be a small whole number"
            )]
            Some(Token::Number(number)) if number.fract() == 0.0 && (0.0..=50_000.0).contains(&number) => {
                Ok(number as usize)
            }
            other => Err(format!("expecting a whole number, found {other:?}")),
        }
    }

    fn fields(&mut self) -> Result<Vec<Path>, String> {
        if self.takes("COUNT") {
            self.sign("(")?;
            self.sign(")")?;
            return Ok(Vec::new());
        }
        let mut fields = vec![self.path()?];
        while self.takes_sign(",") {
            fields.push(self.path()?);
        }
        Ok(fields)
    }

    fn order(&mut self) -> Result<Vec<(Path, bool)>, String> {
        self.keyword("BY")?;
        let mut order = Vec::new();
        loop {
            let path = self.path()?;
            let descending = self.takes("DESC");
            if !descending {
                self.takes("ASC");
            }
            order.push((path, descending));
            if !self.takes_sign(",") {
                return Ok(order);
            }
        }
    }

    /// Conditions joined by `AND`, or by `OR`; Salesforce wants brackets where both are mixed.
    fn condition(&mut self, depth: usize) -> Result<Condition, String> {
        if depth > DEPTH_MAX {
            return Err("conditions stand too deep within each other".to_owned());
        }
        let mut parts = vec![self.part(depth)?];
        let (joins, other) = if matches!(self.peek(), Some(Token::Word(word)) if word.eq_ignore_ascii_case("OR")) {
            ("OR", "AND")
        } else {
            ("AND", "OR")
        };
        while self.takes(joins) {
            parts.push(self.part(depth)?);
        }
        if self.takes(other) {
            return Err(format!("unexpected token: '{other}'"));
        }
        Ok(match (parts.len(), joins) {
            (1, _) => parts.remove(0),
            (_, "OR") => Condition::Any(parts),
            _ => Condition::All(parts),
        })
    }

    fn part(&mut self, depth: usize) -> Result<Condition, String> {
        if self.takes("NOT") {
            return Ok(Condition::Not(Box::new(self.part(depth + 1)?)));
        }
        if self.takes_sign("(") {
            let inner = self.condition(depth + 1)?;
            self.sign(")")?;
            return Ok(inner);
        }
        let path = self.path()?;
        if self.takes("NOT") {
            self.keyword("IN")?;
            return Ok(Condition::Among(path, true, self.literals()?));
        }
        if self.takes("IN") {
            return Ok(Condition::Among(path, false, self.literals()?));
        }
        let operator = self.operator()?;
        Ok(Condition::Compare(path, operator, self.literal()?))
    }

    fn operator(&mut self) -> Result<Operator, String> {
        if self.takes("LIKE") {
            return Ok(Operator::Like);
        }
        match self.next() {
            Some(Token::Sign("=")) => Ok(Operator::Is),
            Some(Token::Sign("!=")) => Ok(Operator::IsNot),
            Some(Token::Sign("<")) => Ok(Operator::Less),
            Some(Token::Sign("<=")) => Ok(Operator::AtMost),
            Some(Token::Sign(">")) => Ok(Operator::More),
            Some(Token::Sign(">=")) => Ok(Operator::AtLeast),
            other => Err(format!("expecting an operator, found {other:?}")),
        }
    }

    fn literals(&mut self) -> Result<Vec<Literal>, String> {
        self.sign("(")?;
        let mut literals = vec![self.literal()?];
        while self.takes_sign(",") {
            literals.push(self.literal()?);
        }
        self.sign(")")?;
        Ok(literals)
    }

    fn literal(&mut self) -> Result<Literal, String> {
        match self.next() {
            Some(Token::Text(text)) => Ok(Literal::Text(text)),
            Some(Token::Number(number)) => Ok(Literal::Number(number)),
            Some(Token::Date(date)) => Ok(Literal::Date(date)),
            Some(Token::Word(word)) => match word.to_ascii_lowercase().as_str() {
                "true" => Ok(Literal::Flag(true)),
                "false" => Ok(Literal::Flag(false)),
                "null" => Ok(Literal::Null),
                _ => Err(format!("unexpected token: '{word}'")),
            },
            other => Err(format!("expecting a value, found {other:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_known_is_malformed() {
        for bad in [
            "",
            "SELECT FROM Case",
            "SELECT Id, (SELECT Id FROM Cases) FROM Account",
            "SELECT COUNT(Id) FROM Case",
            "SELECT Id FROM Case WHERE",
            "SELECT Id FROM Case WHERE Subject = 'a",
            "SELECT Id FROM Case WHERE Subject = 'a\\x'",
            "SELECT Id FROM Case WHERE Subject = 'a' AND Status = 'b' OR Id = 'c'",
            "SELECT Id FROM Case WHERE CreatedDate > TODAY",
            "SELECT Id FROM Case LIMIT 1.5",
            "SELECT Id FROM Case; DELETE",
            "SELECT Id FROM Case WHERE Id IN ()",
            "SELECT Id FROM Case GROUP BY Status",
        ] {
            assert!(query(bad).is_err(), "{bad}");
        }
        assert!(query(&format!("SELECT Id FROM Case WHERE {}Id = '1'{}", "(".repeat(30), ")".repeat(30))).is_err());
    }

    #[test]
    fn a_query_is_read_whatever_its_case() {
        let read = query(
            "select Id, Owner.Name from Case where (Status = 'New' or not IsClosed = true) and Amount >= -1.5 \
             order by CreatedDate desc, Id limit 5 offset 2",
        )
        .unwrap();
        assert_eq!((read.fields.len(), read.limit, read.offset), (2, Some(5), 2));
        assert_eq!(read.fields[1], ["Owner", "Name"]);
        assert!(matches!(read.filter, Some(Condition::All(parts)) if parts.len() == 2));
        assert_eq!(read.order, [(vec!["CreatedDate".to_owned()], true), (vec!["Id".to_owned()], false)]);
        assert_eq!(query("SELECT COUNT() FROM Case").unwrap().fields, Vec::<Path>::new());
    }
}
