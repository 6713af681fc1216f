//! People: who they are and how Slack's API describes them.

use serde_json::{Value, json};

use crate::seed::{BOT_ID, EXTERNAL_TEAM_ID, Person};

/// Everybody in the workspace, in the order of the seed.
#[derive(Debug)]
pub(crate) struct People {
    all: Vec<Person>,
    pub(crate) bot_user_id: String,
    team_id: String,
}

impl People {
    pub(crate) fn new(all: Vec<Person>, bot_user_id: String, team_id: String) -> Self {
        Self { all, bot_user_id, team_id }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Person> {
        self.all.iter()
    }

    pub(crate) fn find(&self, id: &str) -> Option<&Person> {
        self.all.iter().find(|person| person.id == id)
    }

    pub(crate) fn find_by_email(&self, email: &str) -> Option<&Person> {
        self.all.iter().find(|person| !person.is_bot && person.email.eq_ignore_ascii_case(email))
    }

    pub(crate) fn team_of(&self, id: &str) -> String {
        match self.find(id) {
            Some(person) if person.is_external => EXTERNAL_TEAM_ID.to_owned(),
            _ => self.team_id.clone(),
        }
    }

    /// A user object, <https://docs.slack.dev/reference/objects/user-object>. `is_met`: the app is in a channel with them. Such people
    /// of another team are no strangers to Slack.
    pub(super) fn user_object(&self, person: &Person, with_email: bool, is_met: bool) -> Value {
        let team_id = self.team_of(&person.id);
        let mut profile = json!({
            "real_name": person.real_name, "real_name_normalized": person.real_name,
            "display_name": person.name, "display_name_normalized": person.name,
            "title": person.title, "team": team_id, "status_text": "", "status_emoji": "",
            "avatar_hash": person.color,
        });
        if with_email && !person.is_bot {
            crate::json::set(&mut profile, "email", person.email.clone());
        }
        if person.is_bot {
            crate::json::set(&mut profile, "bot_id", BOT_ID);
        }
        json!({
            "id": person.id, "team_id": team_id, "name": person.name, "real_name": person.real_name,
            "deleted": false, "color": person.color, "tz": "Europe/Berlin",
            "tz_label": "Central European Time", "tz_offset": 3600, "is_admin": false,
            "is_owner": false, "is_primary_owner": false, "is_restricted": false,
            "is_ultra_restricted": false, "is_bot": person.is_bot, "is_app_user": false,
            "is_stranger": person.is_external && !is_met, "updated": 1_700_000_000, "profile": profile,
        })
    }
}

/// A person as the page and the tests see them.
pub(crate) fn page_object(person: &Person) -> Value {
    json!({
        "id": person.id, "name": person.name, "real_name": person.real_name, "is_bot": person.is_bot,
        "color": person.color, "email": person.email, "is_external": person.is_external,
        "title": person.title,
    })
}
