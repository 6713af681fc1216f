//! The file's text with the environment's overrides, and where in them something is wrong.

use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::de::DeserializeOwned;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

/// One fault: where, what, and the mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigError {
    place: Option<String>,
    message: String,
}

impl ConfigError {
    /// A fault at a place.
    pub fn at(place: impl Into<String>, message: impl Into<String>) -> Self {
        Self { place: Some(place.into()), message: message.into() }
    }

    /// A fault whose message says where.
    pub fn without_place(message: impl Into<String>) -> Self {
        Self { place: None, message: message.into() }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Some(place) => write!(f, "{place}: {}", self.message),
            None => f.write_str(&self.message),
        }
    }
}

/// All faults found, a line each.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct ConfigErrors(pub Vec<ConfigError>);

impl From<ConfigError> for ConfigErrors {
    fn from(error: ConfigError) -> Self {
        Self(vec![error])
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

/// What was read. A span beyond the text's end belongs to an override.
#[derive(Debug, Default)]
pub(super) struct Source {
    path: PathBuf,
    text: String,
    overrides: Vec<Override>,
    /// Names of variables that begin as overrides do.
    named: Vec<String>,
}

#[derive(Debug)]
struct Override {
    variable: String,
    value: String,
}

impl Override {
    fn read((variable, value): (String, String)) -> Option<Self> {
        let path = variable.strip_prefix("DESKBELL_")?;
        path.contains("__").then_some(Self { variable, value })
    }

    fn keys(&self) -> Vec<String> {
        let path = self.variable.strip_prefix("DESKBELL_").unwrap_or_default();
        path.split("__").map(str::to_lowercase).collect()
    }

    /// Numbers, booleans and lists as TOML writes them; anything else is text.
    fn parsed(&self) -> DeValue<'_> {
        let written = DeValue::parse(&self.value).map(Spanned::into_inner);
        match written {
            Ok(
                value @ (DeValue::Integer(_)
                | DeValue::Float(_)
                | DeValue::Boolean(_)
                | DeValue::Array(_)
                | DeValue::String(_)),
            ) => value,
            _ => DeValue::String(self.value.as_str().into()),
        }
    }
}

impl Source {
    pub(super) fn read(
        path: &Path,
        variables: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, ConfigErrors> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            let message = match error.kind() {
                std::io::ErrorKind::NotFound => {
                    "is not there: name your file with --config, or copy deskbell.example.toml to \
                                                 it; to try Deskbell without one: `deskbell demo`"
                        .to_owned()
                }
                _ => format!("can't be read ({error}): correct its rights, or name another file with --config"),
            };
            ConfigError::at(path.display().to_string(), message)
        })?;
        let variables: Vec<(String, String)> =
            variables.into_iter().filter(|(name, _)| name.starts_with("DESKBELL_")).collect();
        let named = variables.iter().map(|(name, _)| name.clone()).collect();
        let mut overrides: Vec<Override> = variables.into_iter().filter_map(Override::read).collect();
        overrides.sort_by(|a, b| a.variable.cmp(&b.variable));
        Ok(Self { path: path.to_owned(), text, overrides, named })
    }

    /// The file's folder.
    pub(super) fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new(""))
    }

    /// The file as the operator named it.
    pub(super) fn name(&self) -> String {
        self.path.display().to_string()
    }

    pub(super) fn parse<T: DeserializeOwned>(&self) -> Result<T, ConfigErrors> {
        let failed = |error: &toml::de::Error| self.error(&error.span().unwrap_or(0..0), mended(error.message()));
        let mut document = DeTable::parse(&self.text).map_err(|error| failed(&error))?;
        for (index, set) in self.overrides.iter().enumerate() {
            let at = self.text.len() + 1 + index;
            insert(document.get_mut(), &set.keys(), set.parsed(), at..at).map_err(|key| {
                self.error(&(at..at), format!("`{key}` is a value, not a table: correct the variable's name"))
            })?;
        }
        T::deserialize(toml::de::Deserializer::from(document)).map_err(|error| failed(&error).into())
    }

    /// The names of all variables that begin as overrides do.
    pub(super) fn variables(&self) -> &[String] {
        &self.named
    }

    /// Whether the file's text names this variable.
    pub(super) fn names(&self, variable: &str) -> bool {
        self.text.contains(variable)
    }

    /// A fault at a span.
    pub(super) fn error(&self, span: &Range<usize>, message: String) -> ConfigError {
        ConfigError::at(self.place(span), message)
    }

    fn place(&self, span: &Range<usize>) -> String {
        let beyond = span.start.checked_sub(self.text.len() + 1);
        if let Some(set) = beyond.and_then(|index| self.overrides.get(index)) {
            return format!("environment variable {}", set.variable);
        }
        let before = self.text.get(..span.start).unwrap_or(&self.text);
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line = before.matches('\n').count() + 1;
        let column = before.get(line_start..).unwrap_or_default().chars().count() + 1;
        format!("{}:{line}:{column}", self.path.display())
    }
}

/// The parser's words with the mend.
fn mended(message: &str) -> String {
    if let Some((written, near)) = meant(message) {
        return format!("unknown field `{written}`: did you mean `{near}`?");
    }
    if message.starts_with("unknown field") {
        return format!("{message}: correct its spelling or remove it");
    }
    if let Some(field) = message.strip_prefix("missing field ") {
        return format!("missing {field}: add it, deskbell.example.toml shows how");
    }
    message.to_owned()
}

/// An unknown field, and the one that it was probably meant to be.
fn meant(message: &str) -> Option<(&str, &str)> {
    let mut quoted = message.strip_prefix("unknown field ")?.split('`').skip(1).step_by(2);
    let written = quoted.next()?;
    Some((written, deskbell_domain::suggest::nearest(written, quoted)?))
}

/// Puts a value where the keys lead; `Err` is the key that is no table.
fn insert<'a>(table: &mut DeTable<'a>, keys: &[String], value: DeValue<'a>, span: Range<usize>) -> Result<(), String> {
    let Some((key, deeper)) = keys.split_first() else { return Ok(()) };
    let name = Spanned::new(span.clone(), key.clone().into());
    if deeper.is_empty() {
        table.insert(name, Spanned::new(span, value));
        return Ok(());
    }
    let entry = table.entry(name).or_insert_with(|| Spanned::new(span.clone(), DeValue::Table(DeTable::new())));
    match entry.get_mut() {
        DeValue::Table(inner) => insert(inner, deeper, value, span),
        _ => Err(key.clone()),
    }
}
