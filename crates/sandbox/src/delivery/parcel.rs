//! What is delivered, and the shapes in which Slack wraps it.

use serde_json::{Map, Value, json};

use crate::seed::APP_ID;
use crate::workspace::ids::{Ids, micros_now};

/// The verification token that old apps compared; sent as Slack still does.
pub(crate) const VERIFICATION_TOKEN: &str = "sandbox-verification-token";

/// Which of Deskbell's doors a parcel goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Events,
    Commands,
    Interactions,
}

impl Door {
    /// The path behind Deskbell's base URL.
    pub(crate) fn path(self) -> &'static str {
        match self {
            Self::Events => "/slack/events",
            Self::Commands => "/slack/commands",
            Self::Interactions => "/slack/interactions",
        }
    }

    /// The name in fault rules.
    pub(crate) fn target(self) -> &'static str {
        match self {
            Self::Events => "deliver:events",
            Self::Commands => "deliver:commands",
            Self::Interactions => "deliver:interactions",
        }
    }

    /// The `type` of a Socket Mode envelope.
    pub(crate) fn envelope_type(self) -> &'static str {
        match self {
            Self::Events => "events_api",
            Self::Commands => "slash_commands",
            Self::Interactions => "interactive",
        }
    }
}

/// One thing to deliver.
#[derive(Debug, Clone)]
pub(crate) struct Parcel {
    pub(crate) door: Door,
    /// What it is, for the log: an event's type, a command, an interaction's type.
    pub(crate) what: String,
    pub(crate) payload: Value,
}

impl Parcel {
    /// The body over HTTP and its content type.
    pub(crate) fn http_body(&self) -> (String, &'static str) {
        const FORM: &str = "application/x-www-form-urlencoded";
        match self.door {
            Door::Events => (self.payload.to_string(), "application/json"),
            Door::Commands => (form(self.payload.as_object()), FORM),
            Door::Interactions => {
                let mut fields = Map::new();
                fields.insert("payload".into(), self.payload.to_string().into());
                (form(Some(&fields)), FORM)
            }
        }
    }
}

fn form(fields: Option<&Map<String, Value>>) -> String {
    let mut encoder = url::form_urlencoded::Serializer::new(String::new());
    for (key, value) in fields.into_iter().flatten() {
        match value {
            Value::String(text) => encoder.append_pair(key, text),
            other => encoder.append_pair(key, &other.to_string()),
        };
    }
    encoder.finish()
}

/// The `event_callback` envelope, <https://docs.slack.dev/apis/events-api/#callback-field>.
pub(crate) fn event_envelope(
    event: &Value,
    is_ext_shared: bool,
    team_id: &str,
    bot_user_id: &str,
    ids: &mut Ids,
) -> Parcel {
    let subtype = event.get("subtype").and_then(Value::as_str);
    let kind = event.get("type").and_then(Value::as_str).unwrap_or("unknown");
    let what = subtype.map_or_else(|| kind.to_owned(), |subtype| format!("{kind}.{subtype}"));
    let payload = json!({
        "token": VERIFICATION_TOKEN, "team_id": team_id, "context_team_id": team_id,
        "context_enterprise_id": null, "api_app_id": APP_ID, "event": event,
        "type": "event_callback", "event_id": ids.id("Ev"), "event_time": micros_now() / 1_000_000,
        "authorizations": [{
            "enterprise_id": null, "team_id": team_id, "user_id": bot_user_id, "is_bot": true,
            "is_enterprise_install": false,
        }],
        "is_ext_shared_channel": is_ext_shared, "event_context": format!("4-{}", ids.id("")),
    });
    Parcel { door: Door::Events, what, payload }
}
