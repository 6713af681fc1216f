//! Slack: the token, its scopes, the channels, the app-level token.

use std::collections::BTreeMap;
use std::time::Duration;

use deskbell_domain::policy::Policy;
use reqwest::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::Finding;
use crate::config::{Config, Delivery};
use crate::slack::SlackError;

/// What Deskbell needs, and what for; the same as in `manifest.yml`.
pub(in crate::command) const SCOPES: [(&str, &str); 14] = [
    ("app_mentions:read", "hears mentions"),
    ("channels:history", "hears messages of public channels"),
    ("channels:read", "finds public channels"),
    ("chat:write", "posts cards and alerts"),
    ("commands", "answers /triage, /escalate, /ticket, /kb"),
    ("groups:history", "hears messages of private channels it is in"),
    ("groups:read", "finds private channels it is in"),
    ("im:history", "hears direct messages"),
    ("im:read", "finds direct messages"),
    ("im:write", "answers in direct messages"),
    ("mpim:history", "hears group direct messages"),
    ("reactions:read", "sees the triage emoji"),
    ("users:read", "knows who asks"),
    ("users:read.email", "finds the same person in the helpdesk"),
];

/// Calls are tried again so often when Slack asks to wait.
const TRIES: usize = 4;
/// Slack is waited for this long at most.
const WAIT_MAX: Duration = Duration::from_secs(60);

/// Looks at Slack.
pub(super) async fn examine(config: &Config, policy: Option<&Policy>) -> Vec<Finding> {
    // What is missing of its secrets was told with all others.
    let Ok(token) = config.secret("slack.bot_token", &config.slack.bot_token) else { return Vec::new() };
    let mut findings = Vec::new();
    let client = match Client::new(config) {
        Ok(client) => client,
        Err(finding) => {
            findings.push(finding);
            return findings;
        }
    };
    match client.call("auth.test", &token, &[]).await {
        Err(finding) => findings.push(finding),
        Ok(answer) => {
            let text = |name: &str| answer.body.get(name).and_then(Value::as_str).unwrap_or("?").to_owned();
            findings.push(Finding::good("slack", format!("the token is {} of {}", text("user"), text("team"))));
            findings.push(scopes(&answer.scopes));
            for (channel, used_for) in channels(config, policy) {
                findings.push(client.channel(&token, &channel, &used_for).await);
            }
        }
    }
    if config.slack.delivery == Delivery::Socket {
        findings.extend(client.app_token(config).await);
    }
    findings
}

fn scopes(granted: &[String]) -> Finding {
    let missing: Vec<String> = SCOPES
        .iter()
        .filter(|(scope, _)| !granted.iter().any(|has| has == scope))
        .map(|(scope, used_for)| format!("{scope} ({used_for})"))
        .collect();
    if missing.is_empty() {
        return Finding::good("slack", "the token has every scope");
    }
    Finding::bad(
        "slack",
        format!("the token lacks {}", missing.join(", ")),
        "add them under \"OAuth & Permissions\" of your Slack app (manifest.yml holds them all) and install the app again",
    )
}

/// Every channel that is configured, with what it is for.
fn channels(config: &Config, policy: Option<&Policy>) -> BTreeMap<String, String> {
    let mut found: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let mut add = |channel: &str, used_for: String| found.entry(channel.to_owned()).or_default().push(used_for);
    for channel in &config.intake.watched_channels {
        add(channel.get_ref(), "watched".to_owned());
    }
    if let Some(policy) = policy {
        add(policy.triage_channel.as_str(), "triage_channel".to_owned());
        add(policy.ops_channel.as_str(), "ops_channel".to_owned());
        for (id, squad) in &policy.squads {
            add(squad.channel.as_str(), format!("squad {id}"));
        }
        for (name, escalation) in &policy.escalations {
            for channel in escalation.levels.iter().filter_map(|level| level.channel.as_ref()) {
                add(channel.as_str(), format!("escalation {name}"));
            }
        }
    }
    found.into_iter().map(|(channel, uses)| (channel, uses.join(", "))).collect()
}

struct Client {
    http: reqwest::Client,
    api_url: String,
}

struct Answer {
    body: Value,
    scopes: Vec<String>,
}

impl Client {
    fn new(config: &Config) -> Result<Self, Finding> {
        let http = reqwest::Client::builder().timeout(config.slack.call_timeout.std()).build();
        let http = http.map_err(|error| {
            Finding::bad(
                "slack",
                format!("no HTTP client can be made: {error}"),
                "check the machine's root certificates",
            )
        })?;
        Ok(Self { http, api_url: config.slack.api_url() })
    }

    /// Calls a method; a refusal comes back as a finding.
    async fn call(&self, method: &str, token: &SecretString, form: &[(&str, &str)]) -> Result<Answer, Finding> {
        for _ in 0..TRIES {
            let request =
                self.http.post(format!("{}/{method}", self.api_url)).bearer_auth(token.expose_secret()).form(form);
            let response = request.send().await.map_err(|error| self.unreachable(&error))?;
            if response.status() == StatusCode::TOO_MANY_REQUESTS {
                let seconds = response.headers().get("retry-after").and_then(|value| value.to_str().ok()?.parse().ok());
                tokio::time::sleep(Duration::from_secs(seconds.unwrap_or(1)).min(WAIT_MAX)).await;
                continue;
            }
            let scopes =
                response.headers().get("x-oauth-scopes").and_then(|value| value.to_str().ok()).unwrap_or_default();
            let scopes = scopes.split(',').map(|scope| scope.trim().to_owned()).collect();
            let body: Value = response.json().await.map_err(|error| self.unreachable(&error))?;
            return match body.get("ok") {
                Some(Value::Bool(true)) => Ok(Answer { body, scopes }),
                _ => Err(refused(method, &body)),
            };
        }
        Err(Finding::bad("slack", format!("{method}: Slack keeps asking to wait"), "try again in a few minutes"))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Finding {
        let why = if error.is_timeout() { "no answer in time" } else { "the connection failed" };
        Finding::bad(
            "slack",
            format!("{} can't be reached: {why}", self.api_url),
            "check the network, the proxy and [slack] api_url",
        )
    }

    async fn channel(&self, token: &SecretString, channel: &str, used_for: &str) -> Finding {
        let area = format!("channel {channel} ({used_for})");
        let answer = match self.call("conversations.info", token, &[("channel", channel)]).await {
            Ok(answer) => answer,
            Err(finding) => return Finding { area, ..finding },
        };
        let is = |name: &str| answer.body.pointer(&format!("/channel/{name}")) == Some(&Value::Bool(true));
        let name = answer.body.pointer("/channel/name").and_then(Value::as_str).unwrap_or("?");
        if is("is_archived") {
            return Finding::bad(area, format!("#{name} is archived"), "unarchive it, or name another channel");
        }
        if !is("is_member") && !is("is_im") {
            return Finding::bad(
                area,
                format!("Deskbell is not in #{name}"),
                "write /invite @deskbell in that channel",
            );
        }
        Finding::good(area, format!("Deskbell is in #{name}"))
    }

    /// `None`: there is none, which was told before.
    async fn app_token(&self, config: &Config) -> Option<Finding> {
        let token = config.secret("slack.app_token", config.slack.app_token.as_ref()?).ok()?;
        Some(match self.call("apps.connections.open", &token, &[]).await {
            Ok(_) => Finding::good("slack", "Socket Mode can be opened"),
            Err(finding) => finding,
        })
    }
}

fn refused(method: &str, body: &Value) -> Finding {
    let code = body.get("error").and_then(Value::as_str).unwrap_or("an answer without a code");
    let needed = body.get("needed").and_then(Value::as_str).map(|scope| format!(", needs {scope}")).unwrap_or_default();
    let mend = match code {
        "channel_not_found" => {
            "correct the id; if it is a private channel, write /invite @deskbell there: Slack hides it from those outside".to_owned()
        }
        _ => match SlackError::refused(code) {
            SlackError::Refused { mend, .. } => mend.to_owned(),
            other => other.to_string(),
        },
    };
    Finding::bad("slack", format!("{method} was refused: {code}{needed}"), mend)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::SCOPES;

    #[test]
    fn the_scopes_are_the_manifests() {
        let manifest = include_str!("../../../manifest.yml");
        let (_, bot) = manifest.split_once("    bot:\n").unwrap();
        let listed: BTreeSet<&str> = bot
            .lines()
            .take_while(|line| line.starts_with("      "))
            .filter_map(|line| line.trim().strip_prefix("- "))
            .collect();
        assert_eq!(SCOPES.iter().map(|(scope, _)| *scope).collect::<BTreeSet<_>>(), listed);
    }

    #[test]
    fn the_sandbox_grants_them_all() {
        let missing = SCOPES.iter().find(|(scope, _)| !deskbell_sandbox::DEFAULT_SCOPES.contains(scope));
        assert_eq!(missing, None);
    }
}
