//! The doors beside Slack's: which helpdesks and trackers may call, and where.

use super::Finding;
use crate::config::{Config, WEBHOOK_SECRETS};

/// Looks at what is configured; a missing secret is told with all others.
pub(super) fn examine(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    let mut open = |area: &str, route: &str, is_signed: bool, secret: &str| {
        if is_signed {
            let listen = config.server.listen;
            findings.push(Finding::good(area, format!("POST {route} is open on {listen}; {secret} is there")));
        }
    };
    if let Some(zendesk) = &config.helpdesk.zendesk {
        let field = "helpdesk.zendesk.secret";
        open("helpdesk", "/helpdesk/zendesk", config.secret(field, &zendesk.secret).is_ok(), "its signing secret");
    }
    if let Some(generic) = &config.helpdesk.generic {
        let are_there = generic.secrets.iter().all(|secret| config.webhook_secret(WEBHOOK_SECRETS, secret).is_ok());
        let secrets = match generic.secrets.len() {
            1 => "its signing secret".to_owned(),
            several => format!("each of its {several} signing secrets"),
        };
        open("helpdesk", "/helpdesk/generic", are_there && !generic.secrets.is_empty(), &secrets);
    }
    if let Some(jira) = &config.webhooks.jira {
        let is_there = config.secret("webhooks.jira.secret", &jira.secret).is_ok();
        open("webhooks", "/webhooks/jira", is_there, "its secret");
    }
    if let Some(shortcut) = &config.webhooks.shortcut {
        let is_there = config.secret("webhooks.shortcut.secret", &shortcut.secret).is_ok();
        open("webhooks", "/webhooks/shortcut", is_there, "its secret");
    }
    if config.helpdesk.generic.as_ref().is_some_and(|generic| generic.secrets.is_empty()) {
        findings.push(Finding::bad(
            "helpdesk",
            "POST /helpdesk/generic refuses everything: [helpdesk.generic] secrets is empty",
            "name a secret, secrets = [\"env:HELPDESK_SECRET\"], made with `openssl rand -base64 32`",
        ));
    }
    findings
}
