//! What calls with an idempotency key did to an issue, kept on the issue itself.
//!
//! The property `deskbell.idempotency` holds the marks of the last changes: `{"marks": ["deskbell-...", ...]}`. An edit
//! or a transition sets it in the same request that makes the change, so that both happen or neither does.

use serde_json::{Value, json};

use super::client::JiraClient;
use super::client::issues::MARK_PROPERTY;
use crate::failure::ToolFailure;
use crate::marker::marker;

/// Marks that an issue keeps; older ones make room.
const KEPT: usize = 50;

/// The mark of a call, and those that the issue carries already.
#[derive(Debug)]
pub(super) struct Marks {
    own: Option<String>,
    known: Vec<String>,
}

impl Marks {
    /// `issue` was read with the property.
    pub(super) fn of(issue: &Value, idempotency_key: Option<&str>) -> Self {
        let known = issue.pointer(&format!("/properties/{MARK_PROPERTY}/marks")).and_then(Value::as_array);
        Self {
            own: idempotency_key.map(marker),
            known: known.into_iter().flatten().filter_map(|mark| mark.as_str().map(str::to_owned)).collect(),
        }
    }

    /// Whether a call with this key has made its change.
    pub(super) fn seen(&self) -> bool {
        self.own.as_ref().is_some_and(|own| self.known.contains(own))
    }

    /// `properties` of a request that makes the change; nothing for a call without a key.
    pub(super) fn properties(&self) -> Option<Value> {
        Some(json!([{ "key": MARK_PROPERTY, "value": self.value()? }]))
    }

    /// Notes a change that was made by a request which takes no properties.
    pub(super) async fn note(&self, client: &JiraClient, issue_key: &str) -> Result<(), ToolFailure> {
        match self.value() {
            Some(value) if !self.seen() => client.set_mark_property(issue_key, &value).await,
            _ => Ok(()),
        }
    }

    fn value(&self) -> Option<Value> {
        let own = self.own.as_ref()?;
        let others = self.known.iter().filter(|mark| *mark != own);
        let skipped = (others.clone().count() + 1).saturating_sub(KEPT);
        let marks: Vec<&String> = others.skip(skipped).chain([own]).collect();
        Some(json!({ "marks": marks }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_remembers_the_last_changes() {
        let mut issue = Value::Null;
        for number in 0..KEPT + 3 {
            let marks = Marks::of(&issue, Some(&number.to_string()));
            assert!(!marks.seen());
            let value = marks.properties().unwrap()[0]["value"].clone();
            issue = json!({ "properties": { MARK_PROPERTY: value } });
        }
        assert!(Marks::of(&issue, Some("10")).seen());
        assert!(!Marks::of(&issue, Some("1")).seen());
        assert!(!Marks::of(&issue, None).seen());
        assert_eq!(issue["properties"][MARK_PROPERTY]["marks"].as_array().unwrap().len(), KEPT);
    }
}
