//! `[knowledge] folder`: Deskbell's own knowledge server on it, as a server among the others.

use std::path::{Path, PathBuf};

use deskbell_domain::action::Action;
use toml::{Table, Value};

use super::mcp::McpConfig;
use super::source::ConfigError;
use super::{Config, ConfigErrors};
use crate::mcp_host::{Bindings, Lookups, LookupsConfig, Shipped, ShippedUse};

/// What it is called among the servers, and the bindings that it brings along.
pub const OWN_KNOWLEDGE: &str = "knowledge";

impl Config {
    /// The name of Deskbell's own knowledge server, where it has one.
    pub fn own_knowledge(&self) -> Option<&'static str> {
        self.knowledge.folder.as_ref().map(|_| OWN_KNOWLEDGE)
    }

    /// Adds it to the servers.
    pub(super) fn add_own_knowledge(&mut self) -> Result<(), ConfigErrors> {
        let Some(folder) = self.knowledge.folder.clone() else { return Ok(()) };
        if let Some(taken) = self.mcp.get(OWN_KNOWLEDGE) {
            let message = format!(
                "[knowledge] folder starts Deskbell's own knowledge server as `{OWN_KNOWLEDGE}`, and [mcp.{OWN_KNOWLEDGE}] has \
                 that name: rename it, or name the folder in its env and take [knowledge] folder out"
            );
            return Err(ConfigErrors(vec![taken.wrong(&self.source, message)]));
        }
        let written = self.own_server(&folder);
        let server: McpConfig = toml::from_str(&written.to_string())
            .map_err(|error| ConfigError::without_place(format!("[knowledge.env]: {}", error.message())))?;
        self.mcp.insert(OWN_KNOWLEDGE.to_owned(), server);
        Ok(())
    }

    /// As it would stand in the configuration.
    fn own_server(&self, folder: &Path) -> Table {
        let absolute = |path: &Path| {
            let path = self.path(path);
            std::path::absolute(&path).unwrap_or(path)
        };
        let path = |path: &Path| format!("text:{}", absolute(path).display());
        let data = self.knowledge.data.clone().unwrap_or_else(|| self.store.path.with_extension("knowledge"));
        // The one that requests are read with: configured, or found.
        let encoder = self.encoder_folder();
        let named: [(&str, Option<&PathBuf>); 4] = [
            ("DESKBELL_KNOWLEDGE_ACCESS", self.knowledge.access.as_ref()),
            ("DESKBELL_KNOWLEDGE_DRAFTS", self.knowledge.drafts.as_ref()),
            ("DESKBELL_KNOWLEDGE_DATA", Some(&data)),
            ("DESKBELL_KNOWLEDGE_ENCODER", encoder.as_ref()),
        ];
        let mut env = self.knowledge.env.clone();
        env.extend(
            named.into_iter().filter_map(|(name, written)| Some((name.to_owned(), Value::String(path(written?))))),
        );
        env.insert("DESKBELL_KNOWLEDGE_FOLDERS".to_owned(), Value::String(path(folder)));
        // It is Deskbell that asks, and Deskbell asks Slack who reads.
        env.insert("DESKBELL_KNOWLEDGE_TRUST_CALLER".to_owned(), Value::String("text:true".to_owned()));
        if let Some(url) = &self.knowledge.base_url {
            env.insert("DESKBELL_KNOWLEDGE_BASE_URL".to_owned(), Value::String(format!("text:{url}")));
        }
        let args = ["mcp", "serve", "knowledge"].map(|word| Value::String(word.to_owned()));
        [
            ("command", Value::String("deskbell".to_owned())),
            ("args", Value::Array(args.to_vec())),
            ("bindings", Value::String(OWN_KNOWLEDGE.to_owned())),
            ("call_timeout", Value::String("15s".to_owned())),
            ("env", Value::Table(env)),
        ]
        .into_iter()
        .map(|(key, value)| (key.to_owned(), value))
        .collect()
    }

    /// What resolved tickets taught needs a server that takes it, and gives it back.
    pub(super) fn check_teaching(&self, bindings: &Bindings) -> Result<(), ConfigError> {
        let missing = Action::OF_LESSONS.iter().find(|action| bindings.of(action).is_none());
        match missing.filter(|_| self.knowledge.resolved_tickets) {
            None => Ok(()),
            Some(action) => Err(ConfigError::at(
                self.source.name(),
                format!(
                    "[knowledge] resolved_tickets = true: no server takes what resolved tickets taught; set [knowledge] folder, or \
                     bind [actions.{action}]"
                ),
            )),
        }
    }

    /// Its look-ups, where the configuration binds another server to `search_knowledge`: then both are asked.
    pub(super) fn own_knowledge_lookups(&self, bound: &Lookups) -> Result<Option<LookupsConfig>, ConfigError> {
        let Some(own) = self.own_knowledge() else { return Ok(None) };
        if bound.knowledge.iter().any(|lookup| lookup.server == own) {
            return Ok(None);
        }
        let wanted = ShippedUse { file: own.to_owned(), only: None, with: std::collections::BTreeMap::new() };
        let shipped = Shipped::named(own).and_then(|file| file.lookups(own, &wanted));
        shipped.map(Some).map_err(|message| ConfigError::without_place(format!("[knowledge]: {message}")))
    }
}
