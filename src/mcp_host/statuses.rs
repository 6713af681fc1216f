//! Asking a tracker's server for the statuses of issues, by a tool that only reads.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use super::arguments::{Arguments, BadArgument};
use super::binding::{BindingFault, Reading};
use super::lookup::reading_faults;
use super::spoken::of_statuses;
use super::{CallError, McpHost, ServerStatus};

/// `[tracker]` as written, with what was left out.
#[derive(Debug, Clone)]
pub struct StatusLookConfig {
    /// The configured server.
    pub server: String,
    /// Its tool.
    pub tool: String,
    /// The tool's arguments; expressions see `keys`.
    pub arguments: BTreeMap<String, toml::Value>,
    /// What the answer is read in, as in `[actions.…]`.
    pub result_from: String,
    /// JSON pointer to the issues.
    pub issues: String,
    /// JSON pointer to an issue's key.
    pub key: String,
    /// JSON pointer to its status' name.
    pub status: String,
    /// JSON pointer to its status' category.
    pub category: String,
    /// JSON pointer to when it was changed last.
    pub updated: String,
}

/// How statuses are asked for, checked.
#[derive(Debug, Clone)]
pub struct StatusLook {
    /// The configured server.
    pub server: String,
    tool: String,
    arguments: Arguments,
    reading: Reading,
    issues: String,
    places: [String; 4],
}

/// An issue as the server shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownStatus {
    /// Its key.
    pub key: String,
    /// Its status' name.
    pub status: String,
    /// Its status' category, in the tracker's word.
    pub category: Option<String>,
    /// When it was changed last, as the tracker writes it.
    pub updated: Option<String>,
}

impl StatusLook {
    /// # Errors
    /// The field that is wrong, and the mend.
    pub fn check(written: &StatusLookConfig) -> Result<Self, String> {
        let arguments = Arguments::check(&written.arguments, &of_statuses(&["PAY-1".to_owned()]))
            .map_err(|BadArgument { argument, message }| format!("arguments.{argument}: {message}"))?;
        let places = [&written.key, &written.status, &written.category, &written.updated].map(Clone::clone);
        if let Some(place) = places.iter().chain([&written.issues]).find(|place| !place.starts_with('/')) {
            return Err(format!("{place:?} is no JSON pointer; write for example \"/issues\""));
        }
        Ok(Self {
            server: written.server.clone(),
            tool: written.tool.clone(),
            arguments,
            reading: Reading::parse(&written.result_from).map_err(|fault| format!("result_from = {fault}"))?,
            issues: written.issues.clone(),
            places,
        })
    }

    /// The tool that is asked.
    pub fn tool(&self) -> &str {
        &self.tool
    }

    /// What keeps it from being asked with its server as it is now. Nothing is known of a server that is not ready.
    pub fn faults(&self, status: &ServerStatus) -> Vec<BindingFault> {
        reading_faults(status, &self.server, &self.tool, &self.arguments)
    }

    fn fill(&self, keys: &[String]) -> Result<Map<String, Value>, CallError> {
        let filled = self.arguments.fill(&of_statuses(keys));
        filled.map_err(|fault| CallError::permanent(format!("[tracker] {fault}")))
    }

    fn read(&self, issue: &Value) -> Option<ShownStatus> {
        let [key, status, category, updated] = self.places.each_ref().map(|place| {
            issue.pointer(place).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
        });
        Some(ShownStatus { key: key?, status: status?, category, updated })
    }
}

impl McpHost {
    /// The statuses of these issues, as far as the server shows them.
    ///
    /// # Errors
    /// What the server, or the vendor behind it, says; also when the tool is not said to only read: then nothing is sent.
    pub async fn issue_statuses(&self, look: &StatusLook, keys: &[String]) -> Result<Vec<ShownStatus>, CallError> {
        let arguments = look.fill(keys)?;
        let answer = self.read(&look.server, &look.tool, arguments).await?;
        let json = look.reading.json(&answer);
        let issues = json.pointer(&look.issues).and_then(Value::as_array).ok_or_else(|| {
            CallError::permanent(format!(
                "the answer of `{}` holds no list at {}; correct [tracker] issues",
                look.tool, look.issues
            ))
        })?;
        Ok(issues.iter().filter_map(|issue| look.read(issue)).collect())
    }
}
