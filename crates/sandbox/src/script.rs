//! Plays a list of tickets through the control API, as people would type them.
//!
//! A script is JSON: `{"steps": [{"pause_ms", "act", "body", "save_as"?}]}`. `act` and `body` are those
//! of `POST /sandbox/act/{act}`; the `ts` of a step saved as `root` is `"$root"` in later bodies. Two acts look for what they are
//! about until it is there, and let it be where the app shows nothing of the kind: `press_in_thread` (`thread_ts`, `action_id`) and
//! `submit_form` (`callback_id`).

mod watching;

use std::collections::HashMap;
use std::time::Duration;

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::error::SandboxError;
use crate::json::{merge, owned, text};
use watching::Watching;

/// Steps in the order in which they are played.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Script {
    /// What happens, in order.
    pub steps: Vec<Step>,
    /// Every pause is divided by this; 1.0 plays at the written pace.
    #[serde(default = "normal_pace")]
    pub pace: f64,
}

/// One act.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Pause before the act, in milliseconds.
    #[serde(default)]
    pub pause_ms: u64,
    /// The act: `message`, `command`, `react`, ...
    pub act: String,
    /// The act's fields.
    pub body: Map<String, Value>,
    /// Name under which later steps find this step's `ts`.
    #[serde(default)]
    pub save_as: Option<String>,
}

fn normal_pace() -> f64 {
    1.0
}

impl Script {
    /// The tickets of the demo.
    ///
    /// # Errors
    /// [`SandboxError::Script`] if the built-in file is not a script; a test rules that out.
    pub fn demo() -> Result<Self, SandboxError> {
        Self::parse(include_str!("../scripts/demo.json"))
    }

    /// Reads a script.
    ///
    /// # Errors
    /// [`SandboxError::Script`] says where the JSON is wrong.
    pub fn parse(json: &str) -> Result<Self, SandboxError> {
        Ok(serde_json::from_str(json)?)
    }

    /// The same script, `pace` times as fast.
    #[must_use]
    pub fn at_pace(mut self, pace: f64) -> Self {
        self.pace = pace;
        self
    }

    /// Plays every step against the sandbox at `base_url`.
    pub(crate) async fn play(&self, base_url: &str, http: &reqwest::Client) -> Result<(), SandboxError> {
        let mut saved = HashMap::new();
        for (number, step) in (1..).zip(&self.steps) {
            tokio::time::sleep(self.pause(step)).await;
            let refused = |reason: String| SandboxError::Step { step: number, reason };
            let mut body = fill(&step.body, &saved);
            let mut act = step.act.as_str();
            let filled = body.as_object().cloned().unwrap_or_default();
            if let Some(watching) = Watching::of(act, &filled) {
                // An app that shows nothing is part of the play, as one that fails to answer is.
                let found = watching.found(base_url, http, self.at_this_pace(watching::PATIENCE)).await;
                let Some(found) = found.map_err(&refused)? else { continue };
                merge(&mut body, found);
                act = watching.act();
            }
            let sent = http.post(format!("{base_url}/sandbox/act/{act}")).json(&body).send().await;
            let response = sent.map_err(|error| refused(error.without_url().to_string()))?;
            let answer: Value = response.json().await.map_err(|error| refused(error.without_url().to_string()))?;
            // A command that Deskbell fails to answer is part of the play; a step with wrong fields is not.
            if answer.get("ok") == Some(&Value::Bool(false)) && answer.get("delivery").is_none() {
                return Err(refused(owned(&answer, "error")));
            }
            if let (Some(name), Some(ts)) = (&step.save_as, text(&answer, "ts")) {
                saved.insert(format!("${name}"), ts.to_owned());
            }
        }
        Ok(())
    }

    fn pause(&self, step: &Step) -> Duration {
        self.at_this_pace(Duration::from_millis(step.pause_ms))
    }

    fn at_this_pace(&self, time: Duration) -> Duration {
        time.div_f64(if self.pace > 0.0 { self.pace } else { 1.0 })
    }
}

/// Puts saved timestamps in the place of their names.
fn fill(body: &Map<String, Value>, saved: &HashMap<String, String>) -> Value {
    body.iter()
        .map(|(key, value)| {
            let found = value.as_str().and_then(|name| saved.get(name));
            (key.clone(), found.map_or_else(|| value.clone(), |ts| ts.clone().into()))
        })
        .collect::<Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::seed::WorkspaceSeed;

    #[test]
    fn the_demo_names_people_and_channels_that_exist() {
        let seed = WorkspaceSeed::default();
        let script = Script::demo().unwrap();
        assert!(script.steps.len() >= 12);
        for step in &script.steps {
            let user = step.body["user"].as_str().unwrap();
            assert!(seed.people.iter().any(|person| person.id == user), "{user}");
            let channel = step.body["channel"].as_str().unwrap();
            let is_direct = channel == user.replacen('U', "D", 1);
            let place = seed.channels.iter().find(|place| place.id == channel);
            assert!(is_direct || place.is_some_and(|c| c.members.iter().any(|m| m == user)), "{user} in {channel}");
        }
    }
}
