//! What a server asks a person while it carries an approved action out, read from the protocol into something that can be kept,
//! shown and checked. Everything in it is the server's: data, never an instruction.

use rmcp::model::{
    ElicitRequestParams, ElicitationSchema, EnumSchema, MultiSelectEnumSchema, PrimitiveSchemaDefinition,
    SingleSelectEnumSchema, StringFormat,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use url::Url;

/// Characters of a server's words that are kept.
const WORDS_MAX: usize = 2_000;
/// Characters of a field's title and of its hint.
const LABEL_MAX: usize = 150;
/// Fields of a form: a modal holds 100 blocks, and a field may take two.
const FIELDS_MAX: usize = 40;
/// Choices of a field: what a select of Slack's holds.
const CHOICES_MAX: usize = 100;
/// Words that name what nobody should type into a form of a server's: the protocol forbids servers to ask for it
/// (<https://modelcontextprotocol.io/specification/2025-11-25/client/elicitation#security-considerations>).
const SECRETS: [&str; 10] = [
    "password",
    "passwd",
    "passphrase",
    "secret",
    "apikey",
    "accesstoken",
    "authtoken",
    "privatekey",
    "credential",
    "creditcard",
];

/// A question.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Question {
    /// What the server says.
    pub message: String,
    /// What it wants.
    pub wanted: Wanted,
}

/// What a server wants of a person.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "snake_case")]
pub enum Wanted {
    /// That they fill a form in.
    Form {
        /// Its fields in the order of the server.
        fields: Vec<Field>,
    },
    /// That they open a page. Deskbell never fetches it.
    Page {
        /// Its address.
        url: String,
        /// The address' host as browsers look it up: letters that only look alike show.
        host: String,
    },
}

/// A field of a form.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Field {
    /// The server's name for it.
    pub name: String,
    /// What people read.
    pub title: String,
    /// More of it.
    pub hint: Option<String>,
    /// Whether there is no answer without it.
    pub required: bool,
    /// What it takes.
    pub kind: FieldKind,
}

/// What a field takes, and what stands in it already.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FieldKind {
    /// Text.
    Text {
        /// Fewest characters.
        min: Option<u32>,
        /// Most characters.
        max: Option<u32>,
        /// What text.
        format: Option<TextFormat>,
        /// Stands in it.
        default: Option<String>,
    },
    /// A number.
    Number {
        /// Without a fraction.
        whole: bool,
        /// Least.
        min: Option<f64>,
        /// Most.
        max: Option<f64>,
        /// Stands in it.
        default: Option<f64>,
    },
    /// Yes or no.
    YesNo {
        /// Stands in it.
        default: Option<bool>,
    },
    /// One of some.
    One {
        /// Value and title of each.
        choices: Vec<(String, String)>,
        /// The chosen value.
        default: Option<String>,
    },
    /// Several of some.
    Several {
        /// As above.
        choices: Vec<(String, String)>,
        /// Fewest.
        min: Option<u64>,
        /// Most.
        max: Option<u64>,
        /// The chosen values.
        default: Vec<String>,
    },
}

/// What a text must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TextFormat {
    /// `ann@example.com`
    Email,
    /// A web address.
    Uri,
    /// `2026-11-26`
    Date,
    /// RFC 3339.
    DateTime,
}

/// What is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "reply", rename_all = "snake_case")]
pub enum Reply {
    /// A person answered; empty for a page.
    Accept {
        /// By the server's names of the fields.
        content: Map<String, Value>,
    },
    /// A person, or Deskbell, says no.
    Decline,
    /// Nobody answered.
    Cancel,
}

/// What of an answer does not fit: the field's place in the form, and what to write.
pub type Unfit = (usize, String);

impl Question {
    /// Reads what the protocol brings. The error says why nobody is asked.
    pub(super) fn read(asked: ElicitRequestParams) -> Result<Self, &'static str> {
        match asked {
            ElicitRequestParams::FormElicitationParams { message, requested_schema, .. } => {
                let fields = fields(&requested_schema)?;
                Ok(Self { message: capped(&message, WORDS_MAX), wanted: Wanted::Form { fields } })
            }
            ElicitRequestParams::UrlElicitationParams { message, url, .. } => {
                let url = Url::parse(&url).map_err(|_| "the page's address can't be read")?;
                let host = url.host_str().unwrap_or_default().to_owned();
                let is_here = matches!(host.as_str(), "localhost" | "127.0.0.1" | "[::1]");
                if url.scheme() != "https" && !(url.scheme() == "http" && is_here) {
                    return Err("the page is not reached by https");
                }
                if !url.username().is_empty() || url.password().is_some() || url.as_str().len() > WORDS_MAX {
                    return Err("the page's address holds credentials or is too long");
                }
                Ok(Self { message: capped(&message, WORDS_MAX), wanted: Wanted::Page { url: url.into(), host } })
            }
            _ => Err("a way of asking that is not known here"),
        }
    }

    /// Reads an answer. `given` tells what stands in a field by its place, or was chosen: nothing, one text, several.
    ///
    /// # Errors
    /// Every field that does not fit.
    pub fn answer(&self, given: impl Fn(usize) -> Vec<String>) -> Result<Map<String, Value>, Vec<Unfit>> {
        let Wanted::Form { fields } = &self.wanted else { return Ok(Map::new()) };
        let (mut content, mut unfit) = (Map::new(), Vec::new());
        for (place, field) in fields.iter().enumerate() {
            match field.value(&given(place)) {
                Ok(Some(value)) => drop(content.insert(field.name.clone(), value)),
                Ok(None) if field.required => unfit.push((place, "An answer is needed.".to_owned())),
                Ok(None) => {}
                Err(mend) => unfit.push((place, mend)),
            }
        }
        if unfit.is_empty() { Ok(content) } else { Err(unfit) }
    }

    /// The answer of somebody who leaves everything as it stands.
    ///
    /// # Errors
    /// Every field that needs more.
    pub fn as_it_stands(&self) -> Result<Map<String, Value>, Vec<Unfit>> {
        let Wanted::Form { fields } = &self.wanted else { return Ok(Map::new()) };
        self.answer(|place| fields.get(place).map(Field::stands).unwrap_or_default())
    }
}

fn fields(schema: &ElicitationSchema) -> Result<Vec<Field>, &'static str> {
    let sorted = || schema.properties.keys().cloned().collect();
    let order: Vec<String> = schema.property_order.clone().unwrap_or_else(sorted);
    if order.len() > FIELDS_MAX {
        return Err("the form has too many fields");
    }
    let required = schema.required.clone().unwrap_or_default();
    let known = order.into_iter().filter_map(|name| schema.properties.get(&name).map(|property| (name, property)));
    known.map(|(name, property)| field(&required, name, property)).collect()
}

fn field(required: &[String], name: String, property: &PrimitiveSchemaDefinition) -> Result<Field, &'static str> {
    let (title, hint, kind) = kind(property).ok_or("a field of a kind that is not known here")?;
    if let FieldKind::One { choices, .. } | FieldKind::Several { choices, .. } = &kind
        && (choices.is_empty() || choices.len() > CHOICES_MAX)
    {
        return Err("a field has no choices, or too many");
    }
    let title = title.filter(|title| !title.trim().is_empty()).unwrap_or_else(|| name.clone());
    let is_typed = matches!(kind, FieldKind::Text { .. } | FieldKind::Number { .. });
    if is_typed && (is_secret(&name) || is_secret(&title)) {
        return Err("the form asks for a secret");
    }
    let hint = hint.map(|hint| capped(&hint, LABEL_MAX));
    Ok(Field { required: required.contains(&name), title: capped(&title, LABEL_MAX), hint, name, kind })
}

/// Title, description, and what the field takes.
fn kind(property: &PrimitiveSchemaDefinition) -> Option<(Option<String>, Option<String>, FieldKind)> {
    use PrimitiveSchemaDefinition as Kind;
    macro_rules! with_words {
        ($schema:expr, $kind:expr) => {{
            let schema = $schema;
            let words = |words: &Option<std::borrow::Cow<'static, str>>| words.as_deref().map(str::to_owned);
            Some((words(&schema.title), words(&schema.description), $kind))
        }};
    }
    let plain = |values: &[String]| values.iter().map(|value| (value.clone(), value.clone())).collect::<Vec<_>>();
    let titled = |choices: &[rmcp::model::ConstTitle]| {
        choices.iter().map(|choice| (choice.const_.clone(), choice.title.clone())).collect::<Vec<_>>()
    };
    match property {
        Kind::String(it) => {
            let kind = FieldKind::Text {
                min: it.min_length,
                max: it.max_length,
                format: it.format.and_then(format),
                default: it.default.clone(),
            };
            with_words!(it, kind)
        }
        Kind::Number(it) => {
            with_words!(it, FieldKind::Number { whole: false, min: it.minimum, max: it.maximum, default: it.default })
        }
        #[expect(clippy::cast_precision_loss, reason = "bounds beyond 2^53 are shown and checked as near as that")]
        Kind::Integer(it) => {
            let near = |number: Option<i64>| number.map(|number| number as f64);
            let (min, max, default) = (near(it.minimum), near(it.maximum), near(it.default));
            with_words!(it, FieldKind::Number { whole: true, min, max, default })
        }
        Kind::Boolean(it) => with_words!(it, FieldKind::YesNo { default: it.default }),
        Kind::Enum(EnumSchema::Single(SingleSelectEnumSchema::Untitled(it))) => {
            with_words!(it, FieldKind::One { choices: plain(&it.enum_), default: it.default.clone() })
        }
        Kind::Enum(EnumSchema::Single(SingleSelectEnumSchema::Titled(it))) => {
            with_words!(it, FieldKind::One { choices: titled(&it.one_of), default: it.default.clone() })
        }
        Kind::Enum(EnumSchema::Legacy(it)) => {
            let labels = it.enum_names.clone().unwrap_or_default();
            let named = |(place, value): (usize, &String)| {
                (value.clone(), labels.get(place).cloned().unwrap_or_else(|| value.clone()))
            };
            let choices = it.enum_.iter().enumerate().map(named).collect();
            with_words!(it, FieldKind::One { choices, default: it.default.clone() })
        }
        Kind::Enum(EnumSchema::Multi(MultiSelectEnumSchema::Untitled(it))) => {
            let (choices, default) = (plain(&it.items.enum_), it.default.clone().unwrap_or_default());
            with_words!(it, FieldKind::Several { choices, min: it.min_items, max: it.max_items, default })
        }
        Kind::Enum(EnumSchema::Multi(MultiSelectEnumSchema::Titled(it))) => {
            let (choices, default) = (titled(&it.items.any_of), it.default.clone().unwrap_or_default());
            with_words!(it, FieldKind::Several { choices, min: it.min_items, max: it.max_items, default })
        }
        _ => None,
    }
}

fn format(format: StringFormat) -> Option<TextFormat> {
    match format {
        StringFormat::Email => Some(TextFormat::Email),
        StringFormat::Uri => Some(TextFormat::Uri),
        StringFormat::Date => Some(TextFormat::Date),
        StringFormat::DateTime => Some(TextFormat::DateTime),
        _ => None,
    }
}

/// A server's words, without what can't be seen, no longer than this.
pub(super) fn capped(words: &str, most: usize) -> String {
    words.chars().filter(|letter| *letter == '\n' || !letter.is_control()).take(most).collect()
}

fn is_secret(words: &str) -> bool {
    let letters: String = words.chars().filter(char::is_ascii_alphanumeric).collect();
    let letters = letters.to_ascii_lowercase();
    SECRETS.iter().any(|secret| letters.contains(secret))
}

impl Field {
    /// What stands in it before anybody writes.
    fn stands(&self) -> Vec<String> {
        match &self.kind {
            FieldKind::Text { default, .. } | FieldKind::One { default, .. } => default.iter().cloned().collect(),
            FieldKind::Number { default, .. } => default.iter().map(ToString::to_string).collect(),
            FieldKind::YesNo { default } => default.iter().map(ToString::to_string).collect(),
            FieldKind::Several { default, .. } => default.clone(),
        }
    }

    /// What was given, as the server takes it; the error says what to write.
    fn value(&self, given: &[String]) -> Result<Option<Value>, String> {
        if let FieldKind::Several { choices, min, max, .. } = &self.kind {
            if given.is_empty() {
                let is_none = self.required && min.unwrap_or_default() == 0;
                return Ok(is_none.then(|| Value::Array(Vec::new())));
            }
            return several(choices, (*min, *max), given).map(Some);
        }
        let Some(given) = given.first().filter(|given| !given.trim().is_empty()) else { return Ok(None) };
        match &self.kind {
            FieldKind::Text { min, max, format, .. } => {
                let text = match format {
                    Some(format) => format.written(given.trim())?,
                    None => given.clone(),
                };
                let length = text.chars().count();
                let bound = |bound: Option<u32>| bound.map(|bound| usize::try_from(bound).unwrap_or(usize::MAX));
                match (bound(*min), bound(*max)) {
                    (Some(min), _) if length < min => Err(format!("Write at least {min} characters.")),
                    (_, Some(max)) if length > max => Err(format!("Write at most {max} characters.")),
                    _ => Ok(Some(Value::from(text))),
                }
            }
            FieldKind::Number { whole, min, max, .. } => number(given, *whole, (*min, *max)).map(Some),
            FieldKind::YesNo { .. } => match given.as_str() {
                "true" => Ok(Some(Value::Bool(true))),
                "false" => Ok(Some(Value::Bool(false))),
                _ => Err("Choose yes or no.".to_owned()),
            },
            FieldKind::One { choices, .. } if choices.iter().any(|(value, _)| value == given) => {
                Ok(Some(Value::from(given.clone())))
            }
            FieldKind::One { .. } | FieldKind::Several { .. } => Err("Choose one of the choices.".to_owned()),
        }
    }
}

fn several(
    choices: &[(String, String)],
    (min, max): (Option<u64>, Option<u64>),
    given: &[String],
) -> Result<Value, String> {
    let count = u64::try_from(given.len()).unwrap_or(u64::MAX);
    match (min, max) {
        _ if given.iter().any(|value| choices.iter().all(|(known, _)| known != value)) => {
            Err("Choose from the choices.".to_owned())
        }
        (Some(min), _) if count < min => Err(format!("Choose at least {min}.")),
        (_, Some(max)) if count > max => Err(format!("Choose at most {max}.")),
        _ => Ok(Value::from(given.to_vec())),
    }
}

fn number(given: &str, whole: bool, (min, max): (Option<f64>, Option<f64>)) -> Result<Value, String> {
    let given = given.trim();
    let number: f64 = given.parse().map_err(|_| "Write a number.".to_owned())?;
    let value = if whole {
        // `42.0` is how a default is written here.
        let written = given.strip_suffix(".0").unwrap_or(given);
        Value::from(written.parse::<i64>().map_err(|_| "Write a whole number.".to_owned())?)
    } else {
        Value::from(number)
    };
    match (min, max) {
        _ if !number.is_finite() => Err("Write a number.".to_owned()),
        (Some(min), _) if number < min => Err(format!("Write {min} or more.")),
        (_, Some(max)) if number > max => Err(format!("Write {max} or less.")),
        _ => Ok(value),
    }
}

impl TextFormat {
    /// The text as the format has it.
    fn written(self, text: &str) -> Result<String, String> {
        let (written, mend) = match self {
            Self::Email => {
                let is_address = |(name, host): (&str, &str)| {
                    !name.is_empty() && host.contains('.') && !host.starts_with('.') && !host.contains('@')
                };
                let is_one = !text.contains(char::is_whitespace) && text.split_once('@').is_some_and(is_address);
                (is_one.then(|| text.to_owned()), "Write an e-mail address.")
            }
            Self::Uri => (Url::parse(text).ok().map(|_| text.to_owned()), "Write a web address."),
            Self::Date => (text.parse::<jiff::civil::Date>().ok().map(|date| date.to_string()), "Choose a date."),
            // Slack tells seconds since 1970.
            Self::DateTime => {
                let seconds = text.parse::<i64>().ok().and_then(|at| jiff::Timestamp::from_second(at).ok());
                let moment = seconds.or_else(|| text.parse::<jiff::Timestamp>().ok());
                (moment.map(|at| at.to_string()), "Choose a date and a time.")
            }
        };
        written.ok_or_else(|| mend.to_owned())
    }
}

#[cfg(test)]
#[path = "question_tests.rs"]
mod tests;
