//! Steps of people who act on what the app shows: they look until it is there.

use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use crate::json::{list, text};

/// How long somebody looks for a button or a form before they let it be, at the written pace.
pub(super) const PATIENCE: Duration = Duration::from_secs(60);
/// How long they look away.
const BLINK: Duration = Duration::from_millis(150);

/// What a step asks for that names no message and no view of its own.
pub(super) enum Watching<'step> {
    /// `press_in_thread`: the newest message of the app's in a thread with that button.
    Press { channel: &'step str, thread: &'step str, button: &'step str },
    /// `submit_form`: the topmost form of a person, of that kind.
    Submit { user: &'step str, callback: &'step str },
}

impl<'step> Watching<'step> {
    /// Of the steps that look; `None` for all others.
    pub(super) fn of(act: &str, body: &'step Map<String, Value>) -> Option<Self> {
        let field = |name: &str| body.get(name).and_then(Value::as_str).unwrap_or_default();
        match act {
            "press_in_thread" => {
                Some(Self::Press { channel: field("channel"), thread: field("thread_ts"), button: field("action_id") })
            }
            "submit_form" => Some(Self::Submit { user: field("user"), callback: field("callback_id") }),
            _ => None,
        }
    }

    /// The act that the control API knows for it.
    pub(super) fn act(&self) -> &'static str {
        match self {
            Self::Press { .. } => "block_action",
            Self::Submit { .. } => "view_submit",
        }
    }

    /// Looks until it is there; what is to be added to the step's fields. `None`: the app shows nothing of the kind.
    pub(super) async fn found(
        &self,
        base_url: &str,
        http: &reqwest::Client,
        patience: Duration,
    ) -> Result<Option<Map<String, Value>>, String> {
        let started = Instant::now();
        loop {
            let state = http.get(format!("{base_url}/sandbox/state")).send().await;
            let state: Value = match state {
                Ok(answer) => answer.json().await.map_err(|error| error.without_url().to_string())?,
                Err(error) => return Err(error.without_url().to_string()),
            };
            if let Some(found) = self.find(&state) {
                return Ok(found.as_object().cloned());
            }
            if started.elapsed() >= patience {
                return Ok(None);
            }
            tokio::time::sleep(BLINK.min(patience)).await;
        }
    }

    fn find(&self, state: &Value) -> Option<Value> {
        match self {
            Self::Press { channel, thread, button } => {
                let wanted = format!("\"action_id\":\"{button}\"");
                let messages = list(state.get("messages")?, channel);
                let shows = |message: &&Value| {
                    text(message, "thread_ts") == Some(*thread)
                        && message.get("blocks").is_some_and(|blocks| blocks.to_string().contains(&wanted))
                };
                let found = messages.iter().rev().find(shows)?;
                Some(json!({ "message_ts": text(found, "ts")? }))
            }
            Self::Submit { user, callback } => {
                let view = list(state.get("views")?, user).last()?;
                // While a form is still being filled it has nothing to be chosen.
                let is_filled = view.get("blocks").is_some_and(|blocks| blocks.to_string().contains("\"input\""));
                let is_it = text(view, "callback_id") == Some(*callback) && is_filled;
                is_it.then(|| view.get("id").map(|id| json!({ "view_id": id }))).flatten()
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_looked_for_is_found_once_it_is_there() {
        let body = json!({ "user": "U1", "channel": "C1", "thread_ts": "1.1", "action_id": "change" });
        let press = Watching::of("press_in_thread", body.as_object().unwrap()).unwrap();
        let message = |ts: &str, action: &str| json!({ "ts": ts, "thread_ts": "1.1", "blocks": [{ "elements": [{ "action_id": action }] }] });
        let state = |messages: Vec<Value>| json!({ "messages": { "C1": messages } });
        assert_eq!(press.find(&state(vec![message("1.2", "confirm")])), None);
        let both = state(vec![message("1.2", "change"), message("1.3", "change")]);
        assert_eq!((press.act(), press.find(&both)), ("block_action", Some(json!({ "message_ts": "1.3" }))));

        let body = json!({ "user": "U1", "callback_id": "change_ticket" });
        let submit = Watching::of("submit_form", body.as_object().unwrap()).unwrap();
        let view = |blocks: Value| json!({ "views": { "U1": [{ "id": "V1", "callback_id": "change_ticket", "blocks": blocks }] } });
        assert_eq!(submit.find(&view(json!([]))), None);
        assert_eq!(submit.find(&view(json!([{ "type": "input" }]))), Some(json!({ "view_id": "V1" })));
        assert!(Watching::of("message", body.as_object().unwrap()).is_none());
    }
}
