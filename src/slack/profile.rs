//! What Slack says of a person (<https://docs.slack.dev/reference/methods/users.info>).

use deskbell_domain::ids::PersonId;
use serde_json::Value;

use super::client::SlackClient;
use super::error::SlackError;

/// A person's profile; nothing where Slack says nothing. The e-mail needs the scope `users:read.email`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// Their e-mail.
    pub email: Option<String>,
    /// Their whole name.
    pub real_name: Option<String>,
    /// What they call themselves.
    pub display_name: Option<String>,
    /// What they do.
    pub title: Option<String>,
    /// Their own workspace.
    pub team: Option<String>,
    /// What they sign in as.
    pub user_name: Option<String>,
}

impl Profile {
    /// The best name there is.
    pub fn name(self) -> Option<String> {
        self.real_name.or(self.display_name).or(self.user_name)
    }
}

impl SlackClient {
    /// What `users.info` answers.
    pub(super) async fn user_info(&self, person: &PersonId) -> Result<Value, SlackError> {
        self.read("users.info", &[("user", Some(person.as_str()))]).await
    }

    /// A person's profile.
    ///
    /// # Errors
    /// See [`SlackError`].
    pub async fn profile(&self, person: &PersonId) -> Result<Profile, SlackError> {
        let answer = self.user_info(person).await?;
        let text = |pointer: &str| {
            answer
                .pointer(pointer)
                .and_then(Value::as_str)
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Ok(Profile {
            email: text("/user/profile/email"),
            real_name: text("/user/profile/real_name").or_else(|| text("/user/real_name")),
            display_name: text("/user/profile/display_name"),
            title: text("/user/profile/title"),
            team: text("/user/team_id"),
            user_name: text("/user/name"),
        })
    }
}
