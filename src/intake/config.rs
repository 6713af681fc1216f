//! What the doors need to know, as plain data: `config/` reads it from the file.

use std::collections::BTreeSet;

use deskbell_domain::ids::{ChannelId, PersonId, WorkspaceId};
use secrecy::SecretString;

use super::parse::mention::is_mentioned;

/// The largest body accepted by default: Slack's own payloads stay far below.
pub const DEFAULT_BODY_LIMIT_BYTES: usize = 1024 * 1024;

/// How the doors are set.
#[derive(Debug, Clone)]
pub struct IntakeConfig {
    /// The workspace Deskbell is installed in. Helpdesk events belong to it, and Slack's where they name no other.
    pub workspace: WorkspaceId,
    /// Slack's signing secret ("Basic Information" of the app).
    pub signing_secret: SecretString,
    /// The secret before the last rotation, honoured as long as it is set.
    pub previous_signing_secret: Option<SecretString>,
    /// A larger body is refused with 413 before it is hashed.
    pub body_limit_bytes: usize,
    /// How many events may wait for their commit at once; further ones get 503 and Slack sends them again.
    pub max_in_flight_events: usize,
    /// Who may send helpdesk tickets.
    pub helpdesk: HelpdeskConfig,
    /// The secret that Jira's webhook was registered with; without one its door answers 404.
    pub jira_webhook_secret: Option<SecretString>,
    /// The same of Shortcut's.
    pub shortcut_webhook_secret: Option<SecretString>,
    /// What Deskbell listens to.
    pub watched: Watched,
}

impl IntakeConfig {
    /// The defaults: no helpdesk, nothing watched.
    pub fn new(workspace: WorkspaceId, signing_secret: SecretString) -> Self {
        Self {
            workspace,
            signing_secret,
            previous_signing_secret: None,
            body_limit_bytes: DEFAULT_BODY_LIMIT_BYTES,
            max_in_flight_events: 1024,
            helpdesk: HelpdeskConfig::default(),
            jira_webhook_secret: None,
            shortcut_webhook_secret: None,
            watched: Watched::default(),
        }
    }
}

/// The helpdesks' secrets. A door without a secret answers 404.
#[derive(Debug, Clone, Default)]
pub struct HelpdeskConfig {
    /// The webhook's signing secret, as Zendesk's admin centre shows it.
    pub zendesk_signing_secret: Option<SecretString>,
    /// Standard Webhooks secrets (`whsec_…`), several while one is being rotated.
    pub generic_secrets: Vec<SecretString>,
}

/// What Deskbell listens to. Of everything else only the event's key is kept.
#[derive(Debug, Clone, Default)]
pub struct Watched {
    /// The channels whose messages are requests.
    pub channels: BTreeSet<ChannelId>,
    /// The emoji names, without colons, that make a ticket of a message.
    pub triage_emoji: BTreeSet<String>,
    /// Deskbell's own user (`auth.test`): a mention of it is a request, its own messages are none.
    pub bot_user_id: Option<PersonId>,
}

impl Watched {
    /// This emoji asks for triage; a skin tone (`wave::skin-tone-3`) does not matter.
    pub fn is_triage_emoji(&self, name: &str) -> bool {
        self.triage_emoji.contains(name.split("::").next().unwrap_or(name))
    }

    /// The text mentions Deskbell (`<@U123>` or `<@U123|name>`).
    pub fn is_mentioned_in(&self, text: &str) -> bool {
        self.bot_user_id.as_ref().is_some_and(|bot| is_mentioned(bot, text))
    }
}

#[cfg(test)]
mod tests {
    use super::Watched;

    #[test]
    fn a_mention_is_of_exactly_this_user() {
        let watched = Watched { bot_user_id: Some("U1".into()), ..Watched::default() };
        assert!(watched.is_mentioned_in("hi <@U1> there"));
        assert!(watched.is_mentioned_in("<@U10> and <@U1|deskbell>"));
        assert!(!watched.is_mentioned_in("<@U10> @U1 <@U1"));
        assert!(!Watched::default().is_mentioned_in("<@>"));
    }

    #[test]
    fn a_skin_tone_does_not_change_an_emoji() {
        let watched = Watched { triage_emoji: ["wave".to_owned()].into(), ..Watched::default() };
        assert!(watched.is_triage_emoji("wave"));
        assert!(watched.is_triage_emoji("wave::skin-tone-3"));
        assert!(!watched.is_triage_emoji("waver"));
    }
}
