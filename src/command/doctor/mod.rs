//! `deskbell doctor`: looks at everything before it is relied on, and says how to mend each fault.

mod doors;
mod llm;
mod polls;
mod servers;
mod slack;
mod store;

use std::path::Path;

use serde::Serialize;

use super::arguments::DoctorArguments;
use super::{Failure, output};
use crate::config::{Config, ConfigError, ConfigErrors, OpenSecretFile};
use crate::prepare::{self, LoadedPolicy, PrepareErrors};
use crate::telemetry;

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

    /// Nothing that stops Deskbell, though it may not be what is meant.
    fn doubtful(area: impl Into<String>, what: impl Into<String>, mend: impl Into<String>) -> Self {
        Self { ok: true, area: area.into(), what: what.into(), mend: Some(mend.into()) }
    }

    /// A fault whose words say the mend.
    fn told(area: impl Into<String>, what: impl Into<String>) -> Self {
        Self { ok: false, area: area.into(), what: what.into(), mend: None }
    }

    fn line(&self) -> String {
        let mark = match (self.ok, &self.mend) {
            (true, None) => "✓",
            (true, Some(_)) => "!",
            (false, _) => "✗",
        };
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
    findings.extend(config.cautions().into_iter().map(|caution| {
        Finding::doubtful("config", caution, "rename the variable, or remove it if it is not Deskbell's")
    }));
    // Whatever asks for one of them further down would tell only the first.
    findings.extend(config.missing_secrets().iter().map(|error| Finding::told("secrets", error.to_string())));
    findings.extend(config.open_secret_files().iter().map(open_secret));
    findings.extend(open_master_key(&config));
    findings.extend(public_console(&config));
    let callers = config.desk_callers().err().filter(|error| !told(&findings, error));
    findings.extend(callers.map(|error| Finding::told("config", error.to_string())));
    findings.extend(doors::examine(&config));
    findings.extend(no_work(&config));
    findings.extend(telemetry::check_filter(&config.log).err().map(|error| Finding::told("log", error.to_string())));
    let policy = examine_policy(&config, &mut findings);
    findings.push(match prepare::templates(&config) {
        Ok(_) => Finding::good("templates", "every message fits Slack's limits"),
        Err(errors) => Finding::told("templates", errors.to_string()),
    });
    findings.push(match prepare::documents(&config) {
        Ok(None | Some(0)) => nothing_to_search(&config),
        Ok(Some(1)) => Finding::good("knowledge", "1 document"),
        Ok(Some(documents)) => Finding::good("knowledge", format!("{documents} documents")),
        Err(errors) => Finding::told("knowledge", errors.to_string()),
    });
    findings.extend(slack::examine(&config, policy.as_ref().map(|loaded| &loaded.policy)).await);
    findings.extend(llm::examine(&config).await);
    findings.extend(servers::examine(&config).await);
    findings.extend(store::examine(&config).await);
    findings
}

/// Everything works without it, a little less well.
fn no_encoder() -> Finding {
    Finding::good(
        "assessor",
        "no sentence encoder is there: requests are compared by their words alone; `deskbell models pull` gets it, once",
    )
}

/// Whether a fault was told before.
fn told(findings: &[Finding], error: &ConfigError) -> bool {
    let error = error.to_string();
    findings.iter().any(|finding| finding.what == error)
}

fn nothing_to_search(config: &Config) -> Finding {
    match &config.knowledge.folder {
        None if !config.lookups.search_knowledge.is_empty() => {
            Finding::good("knowledge", "no folder of its own; /kb asks the server of [lookups.search_knowledge]")
        }
        None => Finding::doubtful(
            "knowledge",
            "no folder is named, so /kb finds nothing",
            "set [knowledge] folder to a folder of Markdown, or bind [lookups.search_knowledge]",
        ),
        Some(folder) => Finding::doubtful(
            "knowledge",
            format!("{} holds no documents, so /kb finds nothing", config.path(folder).display()),
            "put Markdown (*.md) or HTML there, or correct [knowledge] folder",
        ),
    }
}

/// Whoever reads the key reads everything that is sealed under it.
fn open_master_key(config: &Config) -> Option<Finding> {
    let path = config.open_master_key_file()?;
    let path = path.display();
    Some(Finding::bad(
        "secrets",
        format!("store.master_key: other users of the machine may read {path}, and with it everything in the store"),
        format!("chmod 600 {path}, owned by the user Deskbell runs as"),
    ))
}

fn open_secret(file: &OpenSecretFile) -> Finding {
    let path = file.path.display();
    Finding::doubtful(
        "secrets",
        format!("{}: other users of the machine may read {path}", file.field),
        format!("chmod 600 {path}, owned by the user Deskbell runs as"),
    )
}

/// The doors are for the internet, the operators' pages are not.
fn public_console(config: &Config) -> Option<Finding> {
    let server = &config.server;
    let is_public = server.admin_listen.is_none() && !server.listen.ip().is_loopback();
    is_public.then(|| {
        Finding::doubtful(
            "server",
            format!("/readyz and /metrics are on {} beside the doors", server.listen),
            "set [server] admin_listen = \"127.0.0.1:9090\", or let the proxy pass /slack, /helpdesk and /webhooks alone",
        )
    })
}

/// Such a process keeps what comes in, and people wait.
fn no_work(config: &Config) -> Option<Finding> {
    (config.workers.count == 0).then(|| {
        Finding::doubtful(
            "workers",
            "count is 0: this process keeps what comes in and does nothing about it",
            "set [workers] count to 1 or more, or leave it out (8)",
        )
    })
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
    for caution in prepare::cautions(&loaded, &config.lookups().unwrap_or_default()) {
        let mend = "bind the look-up, or take it out of the rule; `deskbell policy check` says so too";
        findings.push(Finding::doubtful("policy", caution, mend));
    }
    let faults = prepare::bindings(config, &loaded).err().into_iter().chain(prepare::lookups(config, &loaded).err());
    for errors in faults {
        findings.extend(told(errors));
    }
    match prepare::local_assessor(config, &loaded) {
        Ok(local) if local.has_encoder() => {
            findings.push(Finding::good(
                "assessor",
                "the sentence encoder is there: requests are compared by their meaning",
            ));
        }
        Ok(_) => findings.push(no_encoder()),
        Err(errors) => findings.extend(told(errors)),
    }
    Some(loaded)
}
