//! Bindings as they are written, in `deskbell.toml` and in the files that ship.

use std::collections::BTreeMap;
use std::fmt;

use jiff::SignedDuration;
use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};

/// `[actions.NAME]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BindingConfig {
    /// The configured server.
    pub server: String,
    /// The server's tool.
    pub tool: String,
    /// It is an action of the company's own, which rules name in `solve_with`.
    #[serde(default)]
    pub custom: bool,
    /// The tool's arguments. A text that begins with `=` is an expression over `action`, `external`, `ticket` and
    /// `idempotency_key`; what is absent is left out.
    #[serde(default)]
    pub arguments: BTreeMap<String, toml::Value>,
    /// Where the answer names what was made, or what was there before; without it nothing is expected there.
    #[serde(default)]
    pub result: Option<ResultPlaces>,
    /// What `result` is read in, see [`super::answer::Reading`].
    #[serde(default)]
    pub result_from: Option<String>,
    /// What the server's words for a failure mean; the first that matches counts.
    #[serde(default)]
    pub errors: Vec<ErrorConfig>,
    /// How to find out whether it happened, after an answer got lost.
    #[serde(default)]
    pub reconcile: ReconcileConfig,
}

/// Places in a tool's answer, see [`super::place::Place`].
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResultPlaces {
    /// The vendor's key; without it nothing was made.
    #[serde(default)]
    pub key: Option<String>,
    /// Where people read it.
    #[serde(default)]
    pub url: Option<String>,
    /// What was there before, for an action that changes something: it is put back when the decision is undone. Null in the
    /// answer: nothing was there.
    #[serde(default)]
    pub previous: Option<String>,
}

/// One entry of `errors`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ErrorConfig {
    /// A regular expression over the text of an answer that says it is an error, or over what stands at `at`.
    #[serde(default, rename = "match")]
    pub pattern: Option<String>,
    /// A place in the answer, whether it says that it is an error or not: for servers that tell failures as results.
    #[serde(default)]
    pub at: Option<String>,
    /// What the failure means.
    pub kind: ErrorKind,
    /// How long to wait before the next attempt: a length of time, or a place in the answer that holds seconds.
    #[serde(default)]
    pub retry_after: Option<String>,
}

/// What a failure means.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorKind {
    /// Nothing was done, and it may work later.
    Transient,
    /// Nothing was done, and it won't be until somebody changes something.
    Permanent,
    /// It may have been done.
    Unknown,
}

/// `reconcile` as written: `"native"`, `"native for 2h"`, `"unknown"`, or the table of a [`MarkerConfig`].
#[derive(Debug, Clone, Default)]
pub enum ReconcileConfig {
    /// The tool takes our idempotency key and does a thing once per key: the same call tells what became of the first.
    Native {
        /// How long the server remembers a key; for good when absent.
        lasts: Option<SignedDuration>,
    },
    /// A tool that only reads finds the marker which the first call left.
    Marker(MarkerConfig),
    /// Nobody can tell but a person.
    #[default]
    Unknown,
}

/// `[actions.NAME.reconcile]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarkerConfig {
    /// A tool that only reads.
    pub tool: String,
    /// As in [`BindingConfig::arguments`].
    #[serde(default)]
    pub arguments: BTreeMap<String, toml::Value>,
    /// Where its answer names what was made; no key there: it did not happen, or is not visible yet.
    pub result: ResultPlaces,
    /// What `result` is read in, see [`super::answer::Reading`].
    #[serde(default)]
    pub result_from: Option<String>,
    /// How long something made may stay invisible, for example `"90s"`.
    pub lag: String,
}

impl<'de> Deserialize<'de> for ReconcileConfig {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(WordOrTable)
    }
}

struct WordOrTable;

impl<'de> Visitor<'de> for WordOrTable {
    type Value = ReconcileConfig;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .write_str("\"native\", \"native for 2h\", \"unknown\", or a table with tool, arguments, result and lag")
    }

    fn visit_str<E: Error>(self, word: &str) -> Result<ReconcileConfig, E> {
        match word {
            "native" => Ok(ReconcileConfig::Native { lasts: None }),
            "unknown" => Ok(ReconcileConfig::Unknown),
            other => match other.strip_prefix("native for ").map(str::parse) {
                Some(Ok(lasts)) => Ok(ReconcileConfig::Native { lasts: Some(lasts) }),
                _ => Err(E::invalid_value(serde::de::Unexpected::Str(other), &self)),
            },
        }
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ReconcileConfig, A::Error> {
        MarkerConfig::deserialize(MapAccessDeserializer::new(map)).map(ReconcileConfig::Marker)
    }
}
