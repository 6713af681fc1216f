//! `deskbell doctor`: looks at everything before it is relied on, and says how to mend each fault.

mod servers;
mod slack;
mod store;

use std::path::Path;

use serde::Serialize;

use super::arguments::DoctorArguments;
use super::{Failure, output};
use crate::config::{Config, ConfigErrors};
use crate::prepare::{self, LoadedPolicy, PrepareErrors};

pub(super) use slack::SCOPES;

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
struct Finding {
    ok: bool,
    /// `config`, `policy`, `slack` …
    area: String,
    what: String,
    /// How to put it right.
    #[serde(skip_serializing_if = "Option::is_none")]
    mend: Option<String>,
}

impl Finding {
    fn good(area: impl Into<String>, what: impl Into<String>) -> Self {
        Self { ok: true, area: area.into(), what: what.into(), mend: None }
    }

    fn bad(area: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { ok: false, area: area.into(), what: what.into(), mend: Some(mend.into()) }
    }

    /// A fault whose words say the mend.
    fn told(area: impl Into<String>, what: impl Into<String>) -> Self {
        Self { ok: false, area: area.into(), what: what.into(), mend: None }
    }

    fn line(&self) -> String {
        let mark = if self.ok { "✓" } else { "✗" };
        let mend = self.mend.as_ref().map(|mend| format!("\n    -> {mend}")).unwrap_or_default();
        format!("{mark} {}: {}{mend}", self.area, self.what)
    }
}

/// Looks at everything.
pub(super) async fn run(config: &Path, arguments: &DoctorArguments) -> Result<(), Failure> {
    let findings = examine(config).await;
    if arguments.json {
        output::say_json(&findings);
    } else {
        let lines: Vec<String> = findings.iter().map(Finding::line).collect();
        output::say(&lines.join("\n"));
    }
    if findings.iter().all(|finding| finding.ok) { Ok(()) } else { Err(Failure::said()) }
}

async fn examine(path: &Path) -> Vec<Finding> {
    let config = match Config::load(path) {
        Ok(config) => config,
        Err(errors) => return config_faults(&errors),
    };
    let mut findings = vec![Finding::good("config", format!("{} is in order", path.display()))];
    let policy = examine_policy(&config, &mut findings);
    findings.push(match prepare::templates(&config) {
        Ok(_) => Finding::good("templates", "every message fits Slack's limits"),
        Err(errors) => Finding::told("templates", errors.to_string()),
    });
    findings.push(match prepare::knowledge(&config) {
        Ok(index) => Finding::good("knowledge", format!("{} passages", index.len())),
        Err(errors) => Finding::told("knowledge", errors.to_string()),
    });
    findings.extend(slack::examine(&config, policy.as_ref().map(|loaded| &loaded.policy)).await);
    findings.extend(servers::examine(&config).await);
    findings.extend(store::examine(&config).await);
    findings
}

fn config_faults(errors: &ConfigErrors) -> Vec<Finding> {
    errors.0.iter().map(|error| Finding::told("config", error.to_string())).collect()
}

fn examine_policy(config: &Config, findings: &mut Vec<Finding>) -> Option<LoadedPolicy> {
    let told = |errors: PrepareErrors| errors.0.into_iter().map(|line| Finding::told("policy", line));
    let loaded = match prepare::policy(config) {
        Ok(loaded) => loaded,
        Err(errors) => {
            findings.extend(told(errors));
            return None;
        }
    };
    let rules = loaded.policy.rules.len();
    findings.push(Finding::good("policy", format!("{} is in order, {rules} rules", loaded.path.display())));
    if let Err(errors) = prepare::bindings(config, &loaded) {
        findings.extend(told(errors));
    }
    if let Err(errors) = prepare::assessors(config, &loaded) {
        findings.extend(told(errors));
    }
    Some(loaded)
}
