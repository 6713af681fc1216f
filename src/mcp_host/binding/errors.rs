//! What a server's failures mean. Deskbell's own servers say it; of a stranger's only the operator knows.

use std::time::Duration;

use jiff::SignedDuration;
use regex::Regex;

use super::answer::Reading;
use super::place::{Answer, Place};
use super::written::{ErrorConfig, ErrorKind};
use crate::mcp_host::outcome::{CANT_NOW, CANT_TELL, CallError, CallOutput, REFUSED};
use crate::mcp_host::reason::Reason;

/// The longest wait that a server may ask for in its own words.
const WAIT_MAX: Duration = Duration::from_secs(3600);

/// `errors` of a binding, checked.
#[derive(Debug, Clone, Default)]
pub(in crate::mcp_host) struct ErrorRules {
    rules: Vec<Rule>,
    reading: Reading,
}

#[derive(Debug, Clone)]
struct Rule {
    matcher: Matcher,
    kind: ErrorKind,
    wait: Option<Wait>,
}

#[derive(Debug, Clone)]
enum Matcher {
    /// The text of an answer that says it is an error.
    Text(Regex),
    /// What stands at a place of any answer; anything, without a pattern.
    At(Place, Option<Regex>),
}

#[derive(Debug, Clone)]
enum Wait {
    Fixed(Duration),
    /// Seconds stand there.
    At(Place),
}

impl ErrorRules {
    /// # Errors
    /// Which entry is wrong, and the mend.
    pub fn check(written: &[ErrorConfig], reading: Reading) -> Result<Self, String> {
        let rules = written
            .iter()
            .enumerate()
            .map(|(index, entry)| Rule::check(entry).map_err(|message| format!("errors[{index}]: {message}")))
            .collect::<Result<_, _>>()?;
        Ok(Self { rules, reading })
    }

    /// What an answer means as a failure; `None` when no rule knows it.
    pub fn classify(&self, output: &CallOutput, says_error: bool) -> Option<CallError> {
        if self.rules.is_empty() {
            return None;
        }
        let json = self.reading.json(output);
        let answer = Answer { json: &json, text: &output.text };
        self.rules.iter().find_map(|rule| rule.classify(answer, says_error))
    }
}

impl Rule {
    fn check(written: &ErrorConfig) -> Result<Self, String> {
        let pattern =
            written.pattern.as_deref().map(Regex::new).transpose().map_err(|error| format!("match: {error}"))?;
        let place = written.at.as_deref().map(Place::parse).transpose().map_err(|error| format!("at: {error}"))?;
        let matcher = match (place, pattern) {
            (Some(place), pattern) => Matcher::At(place, pattern),
            (None, Some(pattern)) => Matcher::Text(pattern),
            (None, None) => return Err("says neither match nor at: give one of them, or both".to_owned()),
        };
        if written.retry_after.is_some() && written.kind != ErrorKind::Transient {
            return Err("retry_after belongs to kind = \"transient\"; remove it".to_owned());
        }
        let wait = written.retry_after.as_deref().map(Wait::parse).transpose()?;
        Ok(Self { matcher, kind: written.kind, wait })
    }

    fn classify(&self, answer: Answer<'_>, says_error: bool) -> Option<CallError> {
        let words = match &self.matcher {
            Matcher::Text(pattern) => (says_error && pattern.is_match(answer.text)).then(|| answer.text.to_owned()),
            Matcher::At(place, pattern) => {
                place.something(answer).filter(|found| pattern.as_ref().is_none_or(|it| it.is_match(found)))
            }
        }?;
        Some(match self.kind {
            ErrorKind::Transient => CallError::Transient {
                message: Reason::said(CANT_NOW, &words),
                retry_after: self.wait.as_ref().and_then(|wait| wait.length(answer)),
            },
            ErrorKind::Permanent => CallError::permanent(Reason::said(REFUSED, &words)),
            ErrorKind::Unknown => CallError::unknown(Reason::said(CANT_TELL, &words)),
        })
    }
}

impl Wait {
    fn parse(written: &str) -> Result<Self, String> {
        if written.starts_with(['/', '$']) || written.starts_with("text:") {
            return Place::parse(written).map(Self::At).map_err(|error| format!("retry_after: {error}"));
        }
        let length = written.parse::<SignedDuration>().ok().and_then(|length| Duration::try_from(length).ok());
        length.map(Self::Fixed).ok_or_else(|| {
            format!("retry_after = {written:?}: write for example \"30s\", or a place in the answer that holds seconds")
        })
    }

    fn length(&self, answer: Answer<'_>) -> Option<Duration> {
        match self {
            Self::Fixed(length) => Some(*length),
            Self::At(place) => {
                let seconds: f64 = place.name(answer)?.trim().parse().ok()?;
                Duration::try_from_secs_f64(seconds).ok().map(|length| length.min(WAIT_MAX))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn rules(written: &str) -> Result<ErrorRules, String> {
        #[derive(serde::Deserialize)]
        struct Document {
            errors: Vec<ErrorConfig>,
        }
        let document: Document = toml::from_str(&format!("errors = [{written}]")).unwrap();
        ErrorRules::check(&document.errors, Reading::default())
    }

    fn meant(written: &str, says_error: bool, structured: Value, text: &str) -> Option<CallError> {
        rules(written).unwrap().classify(&CallOutput { structured, text: text.to_owned() }, says_error)
    }

    #[test]
    fn the_first_rule_that_matches_counts() {
        let written = r#"
            { match = "(?i)rate limit", kind = "transient", retry_after = 'text:after (\d+) s' },
            { match = "(?i)busy", kind = "transient", retry_after = "2m" },
            { match = "does not exist|Field .* is required", kind = "permanent" },
            { match = ".*", kind = "unknown" }"#;
        let words = |text: &str| meant(written, true, Value::Null, text).unwrap();
        let transient = |message: &str, seconds: Option<u64>| CallError::Transient {
            message: Reason::said(CANT_NOW, message),
            retry_after: seconds.map(Duration::from_secs),
        };
        assert_eq!(words("Rate limit, again after 7 s"), transient("Rate limit, again after 7 s", Some(7)));
        assert_eq!(words("rate limit"), transient("rate limit", None));
        assert_eq!(words("too busy"), transient("too busy", Some(120)));
        assert_eq!(
            words("The issue does not exist"),
            CallError::permanent(Reason::said(REFUSED, "The issue does not exist"))
        );
        assert_eq!(words("boom"), CallError::unknown(Reason::said(CANT_TELL, "boom")));
        assert_eq!(meant(written, false, Value::Null, "rate limit"), None, "a result may speak of limits");
        let endless = format!("rate limit, after {}9 s", "9".repeat(400));
        assert!(matches!(words(&endless), CallError::Transient { retry_after: None, .. }));
    }

    #[test]
    fn failures_told_as_results_are_found_by_their_place() {
        let written = r#"
            { at = "$.status", match = "^429$", kind = "transient", retry_after = "/wait" },
            { at = "$.success", match = "^false$", kind = "permanent" },
            { at = "$.errors", kind = "unknown" }"#;
        let found = |json: Value| meant(written, false, json, "");
        assert_eq!(
            found(json!({ "status": 429, "wait": 3 })),
            Some(CallError::Transient {
                message: Reason::said(CANT_NOW, "429"),
                retry_after: Some(Duration::from_secs(3))
            })
        );
        assert_eq!(found(json!({ "success": false })), Some(CallError::permanent(Reason::said(REFUSED, "false"))));
        assert_eq!(found(json!({ "errors": ["a"] })), Some(CallError::unknown(Reason::said(CANT_TELL, "[\"a\"]"))));
        assert_eq!(found(json!({ "success": true, "errors": [] })), None);
        let as_text = meant(written, false, Value::Null, "{\"success\": false}");
        assert_eq!(as_text, Some(CallError::permanent(Reason::said(REFUSED, "false"))));
    }

    #[test]
    fn what_can_not_work_is_refused_with_the_mend() {
        for (written, words) in [
            (r#"{ kind = "permanent" }"#, "errors[0]: says neither match nor at"),
            (r#"{ match = "(", kind = "permanent" }"#, "errors[0]: match:"),
            (r#"{ at = "status", kind = "permanent" }"#, "errors[0]: at: \"status\" is no place"),
            (r#"{ match = "x", kind = "permanent", retry_after = "1s" }"#, "belongs to kind"),
            (r#"{ match = "x", kind = "transient", retry_after = "soon" }"#, "retry_after = \"soon\""),
        ] {
            let refused = rules(written).unwrap_err();
            assert!(refused.contains(words), "{refused}");
        }
    }
}
