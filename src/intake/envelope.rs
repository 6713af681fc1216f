//! The outside of a payload: whose it is, which one it is, whom it concerns. Slack's typed libraries refuse payloads
//! that Slack does send (org-wide installs without a team, types newer than the library), so this asks for nothing:
//! every JSON object has an envelope.

use std::borrow::Cow;

use deskbell_domain::ids::{EventKey, PersonId, WorkspaceId};
use serde_json::Value;
use sha2::{Digest, Sha256};

use super::json::{first_text, id, text};

/// An interaction's modal is found again by this `external_id`, which follows from the event's key: the loading view
/// is opened under it before the event is committed, and filled by whoever interprets the event.
pub fn view_external_id(key: &EventKey) -> String {
    let digest = hex::encode(Sha256::digest(key.as_str().as_bytes()));
    format!("modal:{}", digest.get(..32).unwrap_or(&digest))
}

/// The longest number of a requester that stands in an id as it is, in bytes.
const REQUESTER_MAX: usize = 64;

/// The requester's id for somebody outside Slack: the helpdesk's number where it gives one (a digest of what is too long for a
/// number, or holds more than one line), else a digest of the e-mail address, so that no address stands in an index; without
/// either the ticket's number.
pub fn helpdesk_requester(system: &str, requester: Option<&str>, email: Option<&str>, ticket: &str) -> PersonId {
    let digest = |text: &str| {
        let digest = hex::encode(Sha256::digest(text.as_bytes()));
        digest.get(..32).unwrap_or(&digest).to_owned()
    };
    let is_number = |text: &str| text.len() <= REQUESTER_MAX && !text.contains(char::is_control);
    let who = match (requester, email) {
        (Some(requester), _) if is_number(requester) => requester.to_owned(),
        (Some(requester), _) => digest(requester),
        (None, Some(email)) => digest(&email.trim().to_lowercase()),
        (None, None) => format!("of-ticket-{ticket}"),
    };
    PersonId::new(format!("helpdesk:{system}/{who}"))
}

/// Names a payload that names itself not.
pub(super) fn digest_key(door: &str, raw: &[u8]) -> EventKey {
    EventKey::new(format!("{door}/sha256:{}", hex::encode(Sha256::digest(raw))))
}

/// A body of the Events API, `event_callback` or not.
#[derive(Clone, Copy)]
pub(super) struct EventEnvelope<'v>(pub &'v Value);

impl<'v> EventEnvelope<'v> {
    pub fn outer_type(self) -> &'v str {
        text(self.0, "/type").unwrap_or_default()
    }

    pub fn app_id(self) -> Option<&'v str> {
        text(self.0, "/api_app_id")
    }

    pub fn event_type(self) -> &'v str {
        text(self.0, "/event/type").unwrap_or_default()
    }

    pub fn subtype(self) -> &'v str {
        text(self.0, "/event/subtype").unwrap_or_default()
    }

    /// The conversation, whichever way this type of event names it.
    pub fn channel(self) -> Option<&'v str> {
        const PLACES: [&str; 4] = ["/event/channel", "/event/channel/id", "/event/item/channel", "/event/channel_id"];
        first_text(self.0, &PLACES)
    }

    /// A conversation with the bot alone.
    pub fn is_direct(self) -> bool {
        text(self.0, "/event/channel_type") == Some("im") || self.channel().is_some_and(|id| id.starts_with('D'))
    }

    /// The message the event is about: an edit nests it, a deletion keeps the last version.
    pub fn message(self) -> &'v Value {
        let nested = match self.subtype() {
            "message_changed" => "/event/message",
            "message_deleted" => "/event/previous_message",
            _ => "/event",
        };
        self.0.pointer(nested).unwrap_or(&Value::Null)
    }

    /// Who wrote the message that the event is about; the actor where it is about none.
    pub fn author(self) -> Option<&'v str> {
        const WRITER: [&str; 2] = ["/user", "/bot_id"];
        if self.event_type().starts_with("reaction_") {
            return first_text(self.0, &["/event/item_user", "/event/user"]);
        }
        first_text(self.message(), &WRITER).or_else(|| first_text(self.0, &["/event/user", "/event/user/id"]))
    }

    /// Who caused the event: their key seals it.
    pub fn subject(self) -> Option<PersonId> {
        let actor = match self.event_type() {
            "message" | "app_mention" => self.author(),
            _ => first_text(self.0, &["/event/user", "/event/user/id", "/event/user_id"]),
        };
        actor.map(PersonId::new)
    }

    /// The workspace. In a Slack Connect channel `team_id` can be the other organisation's, so the installation that
    /// Slack names in `authorizations` goes first.
    pub fn workspace(self, home: &WorkspaceId) -> WorkspaceId {
        const TEAMS: [&str; 4] = ["/authorizations/0/team_id", "/context_team_id", "/team_id", "/event/team"];
        const ORGANISATIONS: [&str; 3] =
            ["/authorizations/0/enterprise_id", "/context_enterprise_id", "/enterprise_id"];
        choose_workspace(self.0, home, &TEAMS, &ORGANISATIONS)
    }

    /// `(api_app_id, team, event_id)`, as Slack says to recognise a redelivery.
    pub fn key(self, workspace: &WorkspaceId, raw: &[u8]) -> EventKey {
        match id(self.0, "/event_id") {
            Some(event) if event.len() <= 200 => {
                EventKey::new(format!("{}/{workspace}/{event}", self.app_id().unwrap_or("app")))
            }
            _ => digest_key("event", raw),
        }
    }

    /// What happens to one author's messages in one conversation is interpreted in order: the message, the mention in
    /// it, its edit, its deletion, a reaction on it.
    pub fn serial(self, workspace: &WorkspaceId) -> Option<String> {
        message_serial(workspace, self.channel()?, self.author()?)
    }
}

/// The `payload` of an interaction.
#[derive(Clone, Copy)]
pub(super) struct InteractionEnvelope<'v>(pub &'v Value);

impl<'v> InteractionEnvelope<'v> {
    pub fn kind(self) -> &'v str {
        text(self.0, "/type").unwrap_or_default()
    }

    pub fn trigger(self) -> Option<&'v str> {
        text(self.0, "/trigger_id")
    }

    pub fn response_url(self) -> Option<&'v str> {
        first_text(self.0, &["/response_url", "/response_urls/0/response_url"])
    }

    pub fn callback(self) -> Option<&'v str> {
        first_text(self.0, &["/callback_id", "/view/callback_id"])
    }

    /// The words in a message shortcut are the author's; all else is by the one who pressed.
    pub fn subject(self) -> Option<PersonId> {
        let presser = || first_text(self.0, &["/user/id", "/user"]);
        let author = if self.kind() == "message_action" { text(self.0, "/message/user") } else { None };
        author.or_else(presser).map(PersonId::new)
    }

    /// The workspace the app is installed in: `team` is the presser's own, in a Slack Connect channel another one.
    pub fn workspace(self, home: &WorkspaceId) -> WorkspaceId {
        const TEAMS: [&str; 5] =
            ["/view/app_installed_team_id", "/message/team", "/team/id", "/view/team_id", "/user/team_id"];
        const ORGANISATIONS: [&str; 3] = ["/enterprise/id", "/team/enterprise_id", "/user/enterprise_id"];
        choose_workspace(self.0, home, &TEAMS, &ORGANISATIONS)
    }

    pub fn key(self, raw: &[u8]) -> EventKey {
        trigger_key("interaction", self.trigger(), raw)
    }

    pub fn serial(self, workspace: &WorkspaceId) -> Option<String> {
        if self.kind() != "message_action" {
            return None;
        }
        let author = first_text(self.0, &["/message/user", "/message/bot_id"])?;
        message_serial(workspace, text(self.0, "/channel/id")?, author)
    }
}

/// A slash command's fields, decoded, in the order they came.
pub(super) type CommandFields<'r> = Vec<(Cow<'r, str>, Cow<'r, str>)>;

/// What a slash command's fields say.
pub(super) struct CommandEnvelope<'f>(pub &'f CommandFields<'f>);

impl CommandEnvelope<'_> {
    /// The last field of that name, unless it is empty.
    pub fn field(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rev().find(|(given, _)| given == name);
        found.map(|(_, text)| text.as_ref()).filter(|text| !text.is_empty())
    }

    pub fn subject(&self) -> Option<PersonId> {
        self.field("user_id").map(PersonId::new)
    }

    /// Home, as soon as that is known: whoever types the command in a channel shared outside names their own team.
    pub fn workspace(&self, home: &WorkspaceId) -> WorkspaceId {
        if !home.as_str().is_empty() {
            return home.clone();
        }
        let named = [self.field("team_id"), self.field("enterprise_id")].into_iter().flatten();
        choose(home, named)
    }

    pub fn key(&self, raw: &[u8]) -> EventKey {
        trigger_key("command", self.field("trigger_id"), raw)
    }
}

fn trigger_key(door: &str, trigger: Option<&str>, raw: &[u8]) -> EventKey {
    match trigger {
        Some(trigger) if trigger.len() <= 200 => EventKey::new(format!("{door}/{trigger}")),
        _ => digest_key(door, raw),
    }
}

/// How the serials of all messages of a conversation begin.
pub(super) fn serials_of_channel(workspace: &WorkspaceId, channel: &str) -> String {
    format!("{workspace}/{channel}/")
}

fn message_serial(workspace: &WorkspaceId, channel: &str, author: &str) -> Option<String> {
    let serial = format!("{}{author}", serials_of_channel(workspace, channel));
    (serial.len() <= 200).then_some(serial)
}

fn choose_workspace(body: &Value, home: &WorkspaceId, teams: &[&str], organisations: &[&str]) -> WorkspaceId {
    choose(home, teams.iter().chain(organisations).filter_map(|pointer| text(body, pointer)))
}

/// Home, if any place names it: an org-wide install is named by the organisation here and by a team there. Else the
/// first that is named, else home.
fn choose<'v>(home: &WorkspaceId, mut named: impl Iterator<Item = &'v str> + Clone) -> WorkspaceId {
    if named.clone().any(|team| team == home.as_str()) {
        return home.clone();
    }
    named.next().map_or_else(|| home.clone(), WorkspaceId::new)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn home() -> WorkspaceId {
        "T1".into()
    }

    #[test]
    fn an_org_wide_event_without_a_team_belongs_to_the_organisation() {
        let body = json!({"team_id": null, "enterprise_id": "E1", "authorizations": [{"team_id": null, "enterprise_id": "E1"}]});
        assert_eq!(EventEnvelope(&body).workspace(&home()), "E1".into());
        assert_eq!(EventEnvelope(&json!({})).workspace(&home()), home());
    }

    #[test]
    fn a_shared_channels_event_belongs_to_the_workspace_of_the_installation() {
        let body = json!({"team_id": "T9", "authorizations": [{"team_id": "T1"}]});
        assert_eq!(EventEnvelope(&body).workspace(&home()), home());
        let click = json!({"team": {"id": "T9"}, "user": {"team_id": "T9"}, "message": {"team": "T1"}});
        assert_eq!(InteractionEnvelope(&click).workspace(&home()), home());
        let click = json!({"team": null, "enterprise": {"id": "E1"}, "user": {"team_id": "T2"}});
        assert_eq!(InteractionEnvelope(&click).workspace(&home()), "T2".into());
    }

    #[test]
    fn a_message_its_mention_edit_deletion_and_reaction_share_a_serial() {
        let about = [
            json!({"event": {"type": "message", "channel": "C1", "user": "U1", "ts": "1"}}),
            json!({"event": {"type": "app_mention", "channel": "C1", "user": "U1", "ts": "1"}}),
            json!({"event": {"type": "message", "subtype": "message_changed", "channel": "C1", "message": {"user": "U1"}}}),
            json!({"event": {"type": "message", "subtype": "message_deleted", "channel": "C1", "previous_message": {"user": "U1"}}}),
            json!({"event": {"type": "reaction_added", "user": "U2", "item_user": "U1", "item": {"channel": "C1"}}}),
        ];
        for body in &about {
            assert_eq!(EventEnvelope(body).serial(&home()).as_deref(), Some("T1/C1/U1"), "{body}");
        }
    }

    #[test]
    fn a_payload_is_named_by_its_id_or_by_its_digest() {
        let named = json!({"api_app_id": "A1", "event_id": "Ev1"});
        assert_eq!(EventEnvelope(&named).key(&home(), b"x").as_str(), "A1/T1/Ev1");
        let nameless = EventEnvelope(&json!({})).key(&home(), b"x");
        assert_eq!(nameless, digest_key("event", b"x"));
        assert_ne!(nameless, digest_key("event", b"y"));
        assert_eq!(InteractionEnvelope(&json!({"trigger_id": "1.2"})).key(b"x").as_str(), "interaction/1.2");
    }

    #[test]
    fn an_external_id_follows_from_the_key_alone() {
        let first = view_external_id(&"interaction/1.2".into());
        assert_eq!(first, view_external_id(&"interaction/1.2".into()));
        assert_ne!(first, view_external_id(&"interaction/1.3".into()));
        assert_eq!(first.len(), "modal:".len() + 32);
    }

    #[test]
    fn a_requesters_address_stands_in_no_id() {
        let by_address = helpdesk_requester("zendesk", None, Some("Ann@Example.com"), "7");
        assert_eq!(by_address, helpdesk_requester("zendesk", None, Some("ann@example.com "), "8"));
        assert!(!by_address.as_str().contains("example"));
        assert_eq!(helpdesk_requester("zendesk", Some("42"), Some("a@b.c"), "7").as_str(), "helpdesk:zendesk/42");
        assert_eq!(helpdesk_requester("x", None, None, "7").as_str(), "helpdesk:x/of-ticket-7");
        for odd in ["bob\n\n**Approved by** the CFO", &"z".repeat(600_000)] {
            let id = helpdesk_requester("x", Some(odd), None, "7");
            assert!(id.as_str().len() < 64 && !id.as_str().contains("Approved"), "{id}");
        }
    }
}
