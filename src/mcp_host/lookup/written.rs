//! `[lookups]` as a configuration or a file that ships writes it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer};

use super::{CustomerPointers, FactConfig, GapPointers, PassagePointers, QueuePointers};

/// `[lookups]` as written.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LookupsConfig {
    /// The customer behind a requester, before each decision.
    pub lookup_customer: Option<LookupConfig<CustomerPointers>>,
    /// The helpdesk's queues with their load, before each decision.
    pub queue_load: Option<LookupConfig<QueuePointers>>,
    /// What answers questions, besides the folder's documents: a table, or several (`[[lookups.search_knowledge]]`).
    #[serde(deserialize_with = "one_or_several")]
    pub search_knowledge: Vec<LookupConfig<PassagePointers>>,
    /// What the knowledge base lacks, for `/kb gaps`.
    pub list_gaps: Option<LookupConfig<GapPointers>>,
    /// What rules let the bot look up for an answer (`facts`), by name.
    pub facts: BTreeMap<String, FactConfig>,
}

/// `[lookups.NAME]` as written.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LookupConfig<Pointers> {
    /// The configured server.
    pub server: String,
    /// Its tool, one that it says only reads.
    pub tool: String,
    /// The tool's arguments. A text that begins with `=` is an expression over what the look-up knows; what is absent is left
    /// out.
    #[serde(default)]
    pub arguments: BTreeMap<String, toml::Value>,
    /// Where the answer says what is looked for.
    pub result: Pointers,
    /// How long it is waited for.
    #[serde(default = "three_seconds")]
    pub deadline: String,
    /// `queue_load` alone: how long an answer serves further tickets.
    pub keep: Option<String>,
    /// `search_knowledge` alone: everybody may read whatever the server finds. Without it only what the server says is public is
    /// shown, unless it is told who reads.
    #[serde(default)]
    pub everybody: bool,
}

impl LookupsConfig {
    /// Those that the other does not bind. Several servers may answer questions: of these each stays that the other does not name.
    #[must_use]
    pub fn without(self, other: &Self) -> Self {
        Self {
            lookup_customer: self.lookup_customer.filter(|_| other.lookup_customer.is_none()),
            queue_load: self.queue_load.filter(|_| other.queue_load.is_none()),
            search_knowledge: self
                .search_knowledge
                .into_iter()
                .filter(|own| other.search_knowledge.iter().all(|bound| bound.server != own.server))
                .collect(),
            list_gaps: self.list_gaps.filter(|_| other.list_gaps.is_none()),
            facts: self.facts,
        }
    }

    /// Takes the other's up. Of a look-up that both bind, and one server alone may answer, the own stays: its name, and its server.
    pub fn join(&mut self, other: Self) -> Option<(&'static str, String)> {
        self.search_knowledge.extend(other.search_knowledge);
        self.facts.extend(other.facts);
        let clashes = [
            join("lookup_customer", &mut self.lookup_customer, other.lookup_customer),
            join("queue_load", &mut self.queue_load, other.queue_load),
            join("list_gaps", &mut self.list_gaps, other.list_gaps),
        ];
        clashes.into_iter().flatten().next()
    }
}

fn join<P>(
    name: &'static str,
    own: &mut Option<LookupConfig<P>>,
    other: Option<LookupConfig<P>>,
) -> Option<(&'static str, String)> {
    match (&own, other) {
        (Some(own), Some(_)) => Some((name, own.server.clone())),
        (_, None) => None,
        (None, other) => {
            *own = other;
            None
        }
    }
}

fn one_or_several<'de, D>(deserializer: D) -> Result<Vec<LookupConfig<PassagePointers>>, D::Error>
where
    D: Deserializer<'de>,
{
    deserializer.deserialize_any(OneOrSeveral)
}

struct OneOrSeveral;

impl<'de> Visitor<'de> for OneOrSeveral {
    type Value = Vec<LookupConfig<PassagePointers>>;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a table with server, tool, arguments and result, or a list of such tables")
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        LookupConfig::deserialize(MapAccessDeserializer::new(map)).map(|one| vec![one])
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
        Vec::deserialize(SeqAccessDeserializer::new(seq))
    }
}

fn three_seconds() -> String {
    "3s".to_owned()
}
