//! What a server made of a tool since it was first used: hashes, and the difference for people to read.

use serde_json::Value;
use sha2::{Digest, Sha256};

use super::tools::ToolInfo;

/// Characters of a value that are shown.
const VALUE_CHARS: usize = 300;
/// Lines of a difference.
const LINES_MAX: usize = 40;

impl ToolInfo {
    /// The hash of its [definition](Self::definition), in hexadecimal digits.
    pub fn fingerprint(&self) -> String {
        hex::encode(Sha256::digest(self.definition().to_string()))
    }
}

/// What is different in a definition, a line each: `- ` and the JSON pointer with what it was, `+ ` with what it is.
pub fn differences(before: &Value, now: &Value) -> Vec<String> {
    let mut lines = Vec::new();
    compare("", before, now, &mut lines);
    if lines.len() > LINES_MAX {
        let left = lines.len() - LINES_MAX;
        lines.truncate(LINES_MAX);
        lines.push(format!("… and {left} more"));
    }
    lines
}

fn compare(place: &str, before: &Value, now: &Value, lines: &mut Vec<String>) {
    if before == now {
        return;
    }
    let (Value::Object(old), Value::Object(new)) = (before, now) else {
        lines.extend((!before.is_null()).then(|| format!("- {place}: {}", shown(before))));
        lines.extend((!now.is_null()).then(|| format!("+ {place}: {}", shown(now))));
        return;
    };
    let added = new.keys().filter(|key| !old.contains_key(*key));
    for key in old.keys().chain(added) {
        let at = |map: &serde_json::Map<String, Value>| map.get(key).cloned().unwrap_or(Value::Null);
        let name = key.replace('~', "~0").replace('/', "~1");
        compare(&format!("{place}/{name}"), &at(old), &at(new), lines);
    }
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= VALUE_CHARS {
        return text;
    }
    text.chars().take(VALUE_CHARS).chain(std::iter::once('…')).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn says_where_a_definition_became_another() {
        let before = json!({ "description": "makes", "inputSchema": { "properties": { "a/b": {}, "gone": 1 } }, "annotations": null });
        let now = json!({ "description": "sends", "inputSchema": { "properties": { "a/b": 2 } }, "annotations": { "x": true } });
        assert_eq!(
            differences(&before, &now),
            [
                r#"+ /annotations: {"x":true}"#,
                r#"- /description: "makes""#,
                r#"+ /description: "sends""#,
                "- /inputSchema/properties/a~1b: {}",
                "+ /inputSchema/properties/a~1b: 2",
                "- /inputSchema/properties/gone: 1",
            ]
        );
        assert!(differences(&now, &now).is_empty());
        let long = differences(&json!("x".repeat(1000)), &Value::Null);
        assert!(long[0].ends_with('…') && long[0].chars().count() < 310);
    }
}
