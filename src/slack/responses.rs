//! Answers to clicks and commands at their `response_url`.

use serde_json::{Value, json};

use super::client::{SlackClient, insert, origin};
use super::error::SlackError;

impl SlackClient {
    /// Answers a click or command at its `response_url`, only to the person who pressed.
    ///
    /// # Errors
    /// See [`SlackError`]. A URL that is not Slack's is refused.
    pub async fn respond(&self, response_url: &str, message: &Value) -> Result<(), SlackError> {
        self.respond_with(response_url, message, false).await
    }

    /// Puts a message in the place of the one that was pressed, whoever sees that.
    ///
    /// # Errors
    /// As [`Self::respond`].
    pub async fn replace(&self, response_url: &str, message: &Value) -> Result<(), SlackError> {
        self.respond_with(response_url, message, true).await
    }

    async fn respond_with(&self, response_url: &str, message: &Value, replaces: bool) -> Result<(), SlackError> {
        if !origin(response_url).is_some_and(|origin| self.response_origins.contains(&origin)) {
            return Err(SlackError::refused("response_url_not_slack"));
        }
        let mut body = message.clone();
        insert(&mut body, "replace_original", json!(replaces));
        if !replaces {
            insert(&mut body, "response_type", json!("ephemeral"));
        }
        let answer = self.http.post(response_url).json(&body).send().await.map_err(|error| {
            if error.is_connect() {
                SlackError::Transient { reason: "connection failed".to_owned() }
            } else {
                SlackError::Unknown { reason: "connection broke".to_owned() }
            }
        })?;
        match answer.status() {
            status if status.is_success() => Ok(()),
            status if status.is_server_error() => {
                Err(SlackError::Transient { reason: format!("HTTP {}", status.as_u16()) })
            }
            status => Err(SlackError::refused(&format!("http_{}", status.as_u16()))),
        }
    }
}
