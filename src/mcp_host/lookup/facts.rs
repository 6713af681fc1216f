//! Facts that the bot may tell along with an answer: what a tool that only reads says of the order, the account or the service that
//! somebody asks about. Which rule may look which up, the policy says.

use std::collections::BTreeMap;

use regex::Regex;
use serde::Deserialize;
use serde_json::Value;

use super::{CallOutput, Lookup, LookupConfig, LookupError, Named, Places, checked_in, document, text};
use crate::mcp_host::spoken::of_fact;

/// Characters of what a pattern finds in a request.
const FOUND_CHARS_MAX: usize = 200;

/// `[lookups.facts.NAME]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FactConfig {
    /// What people read above it, such as `Order`; without it the name.
    pub title: Option<String>,
    /// The configured server.
    pub server: String,
    /// Its tool, one that it says only reads.
    pub tool: String,
    /// What the request must hold, by name: regular expressions, of whose last match the first group counts, or all of it. Without
    /// a match nothing is looked up.
    #[serde(default)]
    pub find: BTreeMap<String, String>,
    /// The tool's arguments: expressions speak of `requester`, `ticket` and `found`.
    #[serde(default)]
    pub arguments: BTreeMap<String, toml::Value>,
    /// What is told: a JSON pointer into the answer for each label.
    pub result: BTreeMap<String, String>,
    /// How long it is waited for.
    #[serde(default = "three_seconds")]
    pub deadline: String,
    /// Everybody may read it. Without it only a requester who reads alone is told.
    #[serde(default)]
    pub everybody: bool,
    /// It answers by itself, whatever the knowledge base has.
    #[serde(default)]
    pub answers: bool,
}

fn three_seconds() -> String {
    "3s".to_owned()
}

/// Where the answer says what is told, by label.
#[derive(Debug, Clone)]
pub struct FactPointers(BTreeMap<String, String>);

impl Named for FactPointers {
    fn pointers(&self) -> Vec<(&str, &str)> {
        self.0.iter().map(|(label, pointer)| (label.as_str(), pointer.as_str())).collect()
    }
}

/// One fact, checked.
#[derive(Debug, Clone)]
pub struct Fact {
    /// What people read above it.
    pub title: String,
    /// Everybody may read it.
    pub everybody: bool,
    /// It answers by itself.
    pub answers: bool,
    find: BTreeMap<String, Regex>,
    lookup: Lookup<FactPointers>,
}

impl Fact {
    /// The tool that says it.
    pub fn lookup(&self) -> &Lookup<FactPointers> {
        &self.lookup
    }

    /// What of a request the tool is asked about; `None` where the request holds no such thing.
    pub fn found(&self, request: &str) -> Option<BTreeMap<&str, String>> {
        let words = |pattern: &Regex| {
            // What is said last corrects what was said before.
            let found = pattern.captures_iter(request).last()?;
            let words = found.get(1).or_else(|| found.get(0))?.as_str();
            Some(words.chars().take(FOUND_CHARS_MAX).collect())
        };
        self.find.iter().map(|(name, pattern)| Some((name.as_str(), words(pattern)?))).collect()
    }

    /// What it says, in one line: each label with its value. `None`: nothing that can be told.
    pub fn told(&self, answer: &CallOutput) -> Option<String> {
        let answer = document(answer);
        let says = |(label, pointer): &(&str, &str)| {
            let value = answer.pointer(pointer).and_then(text).filter(|value| !value.is_empty())?;
            Some(format!("{label}: {value}"))
        };
        let told: Vec<String> = self.lookup.result.pointers().iter().filter_map(says).collect();
        (!told.is_empty()).then(|| told.join(" · "))
    }
}

pub(super) fn checked_facts(
    written: &BTreeMap<String, FactConfig>,
    places: Places<'_, impl Fn(&str) -> bool, impl Fn(&str, &str) -> bool>,
) -> Result<BTreeMap<String, Fact>, LookupError> {
    written.iter().map(|(name, fact)| Ok((name.clone(), checked_fact(name, fact, places)?))).collect()
}

fn checked_fact(
    name: &str,
    written: &FactConfig,
    places: Places<'_, impl Fn(&str) -> bool, impl Fn(&str, &str) -> bool>,
) -> Result<Fact, LookupError> {
    let path = format!("facts.{name}");
    let mut find = BTreeMap::new();
    for (field, pattern) in &written.find {
        let pattern = Regex::new(pattern).map_err(|error| LookupError::BadPattern {
            name: path.clone(),
            field: field.clone(),
            // The last line says what is wrong, those before draw it.
            message: error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned(),
        })?;
        find.insert(field.clone(), pattern);
    }
    let lookup = LookupConfig {
        server: written.server.clone(),
        tool: written.tool.clone(),
        arguments: written.arguments.clone(),
        result: FactPointers(written.result.clone()),
        deadline: written.deadline.clone(),
        keep: None,
        everybody: false,
    };
    let context: Value = of_fact(find.keys().map(String::as_str));
    Ok(Fact {
        title: written.title.clone().unwrap_or_else(|| name.replace('_', " ")),
        everybody: written.everybody,
        answers: written.answers,
        lookup: checked_in(&path, &lookup, places, &context)?,
        find,
    })
}
