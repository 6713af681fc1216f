//! Bindings that Deskbell brings along, in `bindings/`: of its own servers and of well-known ones. `[mcp.NAME] bindings = "jira"`
//! takes a file up for a server; an `[actions.…]` or `[lookups.…]` of the configuration stands in front of it.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Error, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use toml::{Table, Value};

use super::super::lookup::LookupsConfig;
use super::written::BindingConfig;

/// The files by name.
const FILES: [(&str, &str); 11] = [
    ("atlassian-rovo", include_str!("../../../bindings/atlassian-rovo.toml")),
    ("helpdesk", include_str!("../../../bindings/helpdesk.toml")),
    ("jira", include_str!("../../../bindings/jira.toml")),
    ("knowledge", include_str!("../../../bindings/knowledge.toml")),
    ("linear", include_str!("../../../bindings/linear.toml")),
    ("mcp-atlassian", include_str!("../../../bindings/mcp-atlassian.toml")),
    ("salesforce", include_str!("../../../bindings/salesforce.toml")),
    ("salesforce-hosted", include_str!("../../../bindings/salesforce-hosted.toml")),
    ("shortcut", include_str!("../../../bindings/shortcut.toml")),
    ("shortcut-mcp", include_str!("../../../bindings/shortcut-mcp.toml")),
    ("slack", include_str!("../../../bindings/slack.toml")),
];

/// `[mcp.NAME] bindings` as written: a file's name, or a table with some of its actions and look-ups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShippedUse {
    /// The file's name.
    pub file: String,
    /// Only these of its actions and look-ups.
    pub only: Option<Vec<String>>,
    /// What the file leaves to the company, by name.
    pub with: BTreeMap<String, String>,
}

/// One file.
#[derive(Debug, Clone)]
pub struct Shipped {
    /// What the configuration calls it.
    pub name: &'static str,
    /// The file as it is, for people to copy from.
    pub text: &'static str,
    /// Which server it is for.
    pub about: String,
    /// How far it was tried.
    pub tried: Tried,
    /// What it leaves to the company: names, and what they mean.
    pub needs: BTreeMap<String, String>,
    actions: Table,
    lookups: Table,
}

/// How far the bindings of a file were tried.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Tried {
    /// The server itself, against a vendor's system in a box.
    InABox,
    /// Read from the vendor's documentation only: nobody called the live service with them.
    NotAgainstTheLiveService,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    about: String,
    tried: Tried,
    #[serde(default)]
    needs: BTreeMap<String, String>,
    #[serde(default)]
    actions: Table,
    #[serde(default)]
    lookups: Table,
}

impl Shipped {
    /// Every file's name.
    pub fn names() -> impl Iterator<Item = &'static str> {
        FILES.iter().map(|(name, _)| *name)
    }

    /// A file by its name.
    ///
    /// # Errors
    /// Which names there are, when it is none of them.
    pub fn named(wanted: &str) -> Result<Self, String> {
        let Some((name, text)) = FILES.iter().find(|(name, _)| *name == wanted) else {
            let known: Vec<&str> = Self::names().collect();
            return Err(format!("no bindings named {wanted:?} ship with Deskbell; there are: {}", known.join(", ")));
        };
        let document: Document = toml::from_str(text).map_err(|error| format!("bindings/{name}.toml: {error}"))?;
        let Document { about, tried, needs, actions, lookups } = document;
        Ok(Self { name, text, about, tried, needs, actions, lookups })
    }

    /// The bindings of actions, for a configured server.
    ///
    /// # Errors
    /// What is wanted of the file and not there, or needed by it and not given.
    pub fn bindings(&self, server: &str, wanted: &ShippedUse) -> Result<BTreeMap<String, BindingConfig>, String> {
        self.check(wanted)?;
        let read = |(action, written): (&String, &Value)| {
            let binding = placed(written, server, wanted).try_into();
            Ok((action.clone(), binding.map_err(|error| self.fault(&format!("actions.{action}"), &error))?))
        };
        self.actions.iter().filter(|(action, _)| is_wanted(wanted, action)).map(read).collect()
    }

    /// The look-ups, for a configured server.
    ///
    /// # Errors
    /// As for `bindings`.
    pub fn lookups(&self, server: &str, wanted: &ShippedUse) -> Result<LookupsConfig, String> {
        self.check(wanted)?;
        let taken = self.lookups.iter().filter(|(lookup, _)| is_wanted(wanted, lookup));
        let placed: Table = taken.map(|(lookup, written)| (lookup.clone(), placed(written, server, wanted))).collect();
        placed.try_into().map_err(|error| self.fault("lookups", &error))
    }

    fn check(&self, wanted: &ShippedUse) -> Result<(), String> {
        let known = || self.actions.keys().chain(self.lookups.keys());
        if let Some(unknown) = wanted.only.iter().flatten().find(|name| known().all(|known| known != *name)) {
            let known: Vec<&str> = known().map(String::as_str).collect();
            return Err(format!("{} binds no `{unknown}`; it binds: {}", self.name, known.join(", ")));
        }
        if let Some((need, meaning)) = self.needs.iter().find(|(need, _)| !wanted.with.contains_key(*need)) {
            return Err(format!(
                "{} needs {need} ({meaning}): write {{ file = \"{}\", with = {{ {need} = \"…\" }} }}",
                self.name, self.name
            ));
        }
        match wanted.with.keys().find(|name| !self.needs.contains_key(*name)) {
            Some(unknown) => Err(format!("{} has no use for with.{unknown}; remove it", self.name)),
            None => Ok(()),
        }
    }

    fn fault(&self, place: &str, error: &toml::de::Error) -> String {
        format!("bindings/{}.toml: {place}: {error}", self.name)
    }
}

fn is_wanted(wanted: &ShippedUse, name: &String) -> bool {
    wanted.only.as_ref().is_none_or(|only| only.contains(name))
}

/// What is written, for a server, with what was given filled in.
fn placed(written: &Value, server: &str, wanted: &ShippedUse) -> Value {
    let mut written = written.clone();
    fill_in(&mut written, &wanted.with);
    if let Some(table) = written.as_table_mut() {
        table.insert("server".to_owned(), Value::String(server.to_owned()));
    }
    written
}

/// Puts what was given where the file says `"@NAME"`.
fn fill_in(written: &mut Value, with: &BTreeMap<String, String>) {
    match written {
        Value::String(text) => {
            if let Some(given) = text.strip_prefix('@').and_then(|name| with.get(name)) {
                given.clone_into(text);
            }
        }
        Value::Table(table) => table.iter_mut().for_each(|(_, value)| fill_in(value, with)),
        Value::Array(items) => items.iter_mut().for_each(|value| fill_in(value, with)),
        _ => {}
    }
}

impl fmt::Display for Tried {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::InABox => "tried with the vendor's system in a box",
            Self::NotAgainstTheLiveService => "NOT tried against the live service",
        })
    }
}

impl<'de> Deserialize<'de> for ShippedUse {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(NameOrTable)
    }
}

struct NameOrTable;

impl<'de> Visitor<'de> for NameOrTable {
    type Value = ShippedUse;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(
            "the name of bindings that ship, or { file = \"…\", only = [\"an action or look-up\"], with = { … } }",
        )
    }

    fn visit_str<E: Error>(self, name: &str) -> Result<ShippedUse, E> {
        Ok(ShippedUse { file: name.to_owned(), only: None, with: BTreeMap::new() })
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ShippedUse, A::Error> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Written {
            file: String,
            only: Option<Vec<String>>,
            #[serde(default)]
            with: BTreeMap<String, String>,
        }
        let Written { file, only, with } = Written::deserialize(MapAccessDeserializer::new(map))?;
        Ok(ShippedUse { file, only, with })
    }
}

#[cfg(test)]
mod tests {
    use super::super::Bindings;
    use super::*;
    use crate::mcp_host::lookup::Lookups;

    /// A file taken up with all that it needs.
    fn whole(shipped: &Shipped) -> ShippedUse {
        let with = shipped.needs.keys().map(|need| (need.clone(), "given".to_owned())).collect();
        ShippedUse { file: shipped.name.to_owned(), only: None, with }
    }

    #[test]
    fn every_file_is_right_as_it_stands() {
        for name in Shipped::names() {
            let shipped = Shipped::named(name).unwrap();
            let written = shipped.bindings("there", &whole(&shipped)).unwrap();
            assert!(!format!("{written:?}").contains("\"@"), "{name}: something is not filled in");
            let bindings = Bindings::check(&written, |server| server == "there").unwrap();
            let lookups = shipped.lookups("there", &whole(&shipped)).unwrap();
            let lookups = Lookups::check(&lookups, |server| server == "there", |_, _| true).unwrap();
            assert!(bindings.iter().count() + lookups.iter().count() > 0, "{name}");
            let says_so = shipped.text.contains("NOT tried against the live service");
            assert_eq!(says_so, shipped.tried == Tried::NotAgainstTheLiveService, "{name}");
        }
        let unknown = Shipped::named("jeera").unwrap_err();
        assert!(unknown.contains("\"jeera\"") && unknown.contains("mcp-atlassian"), "{unknown}");
    }

    #[test]
    fn some_actions_of_a_file_can_be_taken() {
        let jira = Shipped::named("jira").unwrap();
        let wanted = |only: &str| ShippedUse { only: Some(vec![only.to_owned()]), ..whole(&jira) };
        let taken = jira.bindings("tracker", &wanted("comment")).unwrap();
        assert_eq!(taken.keys().collect::<Vec<_>>(), ["comment"]);
        assert_eq!(taken["comment"].server, "tracker");
        let salesforce = Shipped::named("salesforce").unwrap();
        let looks = salesforce.lookups("crm", &wanted("lookup_customer")).unwrap();
        assert_eq!(looks.lookup_customer.unwrap().server, "crm");
        assert!(salesforce.bindings("crm", &wanted("lookup_customer")).unwrap().is_empty());
        assert!(salesforce.lookups("crm", &wanted("write_back")).unwrap().lookup_customer.is_none());
        let unknown = jira.bindings("tracker", &wanted("page")).unwrap_err();
        assert!(unknown.contains("jira binds no `page`; it binds: "), "{unknown}");
    }

    #[test]
    fn what_a_file_leaves_open_must_be_given() {
        let rovo = Shipped::named("atlassian-rovo").unwrap();
        let given = whole(&rovo);
        let taken = rovo.bindings("jira", &given).unwrap();
        assert_eq!(taken["comment"].arguments["cloudId"].as_str(), Some("given"));
        let nothing = rovo.bindings("jira", &ShippedUse { with: BTreeMap::new(), ..given.clone() }).unwrap_err();
        assert!(nothing.contains("needs cloud_id"), "{nothing}");
        let more = [("cloud_id".to_owned(), "a".to_owned()), ("other".to_owned(), "b".to_owned())].into();
        let more = rovo.bindings("jira", &ShippedUse { with: more, ..given }).unwrap_err();
        assert!(more.contains("no use for with.other"), "{more}");
    }
}
