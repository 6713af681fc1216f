//! What the configuration names, read and checked: the policy, the templates, the knowledge, who assesses.

mod controls;

use std::collections::BTreeSet;
use std::fmt;
use std::path::{Path, PathBuf};

use deskbell_block_kit::templates::{RenderError, Templates};
use deskbell_domain::action::Action;
use deskbell_domain::enrichment::Lookup;
use deskbell_domain::policy::Policy;

use crate::assessor::config::{AssessorConfig, read_examples};
use crate::assessor::llm::LlmAssessor;
use crate::assessor::local::LocalAssessor;
use crate::config::{Config, ConfigErrors};
use crate::llm::Llm;
use crate::mcp_host::{Bindings, Lookups};

/// Documents deeper than this are not looked for: a link that leads back would never end.
const FOLDER_DEPTH_MAX: usize = 16;
/// What documents' names end in.
const DOCUMENTS: [&str; 4] = ["md", "markdown", "html", "htm"];

/// Everything wrong with the configuration or what it names, a line each: where, what, and the mend.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PrepareErrors(pub Vec<String>);

impl PrepareErrors {
    fn one(line: String) -> Self {
        Self(vec![line])
    }
}

impl fmt::Display for PrepareErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join("\n"))
    }
}

impl From<ConfigErrors> for PrepareErrors {
    fn from(errors: ConfigErrors) -> Self {
        Self(errors.0.iter().map(ToString::to_string).collect())
    }
}

/// A policy with the text it was read from.
#[derive(Debug, Clone)]
pub struct LoadedPolicy {
    /// The rules.
    pub policy: Policy,
    /// Kept, so that decisions can be made again.
    pub source: String,
    /// Where it was read.
    pub path: PathBuf,
}

/// The configured policy.
///
/// # Errors
/// Every fault with file, line and column.
pub fn policy(config: &Config) -> Result<LoadedPolicy, PrepareErrors> {
    policy_at(&config.policy_path())
}

/// The policy of a file.
///
/// # Errors
/// Every fault with file, line and column.
pub fn policy_at(path: &Path) -> Result<LoadedPolicy, PrepareErrors> {
    let shown = path.display();
    let source = std::fs::read_to_string(path).map_err(|error| {
        PrepareErrors::one(format!(
            "{shown}: can't be read ({error}): name your policy in [policy] file, or start from policy.example.toml"
        ))
    })?;
    match Policy::load(&source) {
        Ok(policy) => Ok(LoadedPolicy { policy, source, path: path.to_owned() }),
        Err(errors) => Err(PrepareErrors(errors.0.iter().map(|error| format!("{shown}:{error}")).collect())),
    }
}

/// What the policy says that will never come true, a line each; nothing of it stops Deskbell.
pub fn cautions(policy: &LoadedPolicy, lookups: &Lookups) -> Vec<String> {
    let cautions = policy.policy.cautions(|lookup| match lookup {
        Lookup::Customer => lookups.customer.is_some(),
        Lookup::QueueLoad => lookups.queue_load.is_some(),
    });
    let of_policy = cautions.iter().map(|caution| format!("{}:{caution}", policy.path.display()));
    of_policy.chain(unseen(lookups)).collect()
}

/// Servers that find nothing that anybody may be shown.
fn unseen(lookups: &Lookups) -> impl Iterator<Item = String> {
    lookups.knowledge.iter().filter(|lookup| lookup.shows_nothing()).map(|lookup| {
        format!(
            "[lookups.search_knowledge]: nothing that {} finds is shown, since nobody says who may read it: hand it \"=readers\", name \
             result.visibility, or write everybody = true",
            lookup.server
        )
    })
}

/// The look-ups; every fact that the policy names must be one.
///
/// # Errors
/// A fault of a look-up, or each fact that is none.
pub fn lookups(config: &Config, policy: &LoadedPolicy) -> Result<Lookups, PrepareErrors> {
    let lookups = config.lookups().map_err(ConfigErrors::from)?;
    let file = policy.path.display();
    let unknown = policy.policy.facts().into_iter().filter(|fact| !lookups.facts.contains_key(*fact));
    let missing: Vec<String> = unknown
        .map(|fact| {
            format!(
                "{file}: the fact `{fact}` is looked up nowhere: add [lookups.facts.{fact}] with server, tool and result, or take it \
                 out of the policy"
            )
        })
        .collect();
    if missing.is_empty() { Ok(lookups) } else { Err(PrepareErrors(missing)) }
}

/// What follows from an issue that there is, whether or not a rule names it: Resolve moves it, what the requester adds is a
/// comment on it.
const FOLLOW_FROM_AN_ISSUE: [&str; 2] = ["transition", "comment"];

/// The bindings; every action that the policy names, or that follows from one, must have one.
///
/// # Errors
/// A fault of a binding, or each action without one.
pub fn bindings(config: &Config, policy: &LoadedPolicy) -> Result<Bindings, PrepareErrors> {
    let bindings = config.bindings().map_err(ConfigErrors::from)?;
    let named = policy.policy.actions();
    one_tracker(&bindings, &named)?;
    let opens = Action::OPENING.iter().find(|action| named.contains(**action));
    let follow = if opens.is_some() { &FOLLOW_FROM_AN_ISSUE[..] } else { &[] };
    let file = policy.path.display();
    let is_unbound = |action: &&&str| bindings.of(action).is_none();
    let missing: Vec<String> = named
        .iter()
        .filter(is_unbound)
        .map(|action| {
            format!(
                "{file}: the action `{action}` is bound to no tool: add [actions.{action}] with server and tool, or take it out \
                 of the policy"
            )
        })
        .chain(follow.iter().filter(|action| !named.contains(*action)).filter(is_unbound).map(|action| {
            format!(
                "{file}: the action `{action}` is bound to no tool, and follows from what `{}` makes: add \
                 [actions.{action}] with server and tool",
                opens.copied().unwrap_or_default()
            )
        }))
        .collect();
    if missing.is_empty() { Ok(bindings) } else { Err(PrepareErrors(missing)) }
}

/// Comments, transitions and priorities follow whatever was opened, so issues and stories are opened in one place.
fn one_tracker(bindings: &Bindings, named: &BTreeSet<&str>) -> Result<(), PrepareErrors> {
    let opening =
        Action::OPENING.iter().filter(|action| named.contains(*action)).filter_map(|action| bindings.of(action));
    let servers: BTreeSet<&str> = opening.map(|binding| binding.server.as_str()).collect();
    if servers.len() < 2 {
        return Ok(());
    }
    let servers: Vec<&str> = servers.into_iter().collect();
    Err(PrepareErrors::one(format!(
        "[actions]: the policy asks for create_issue and create_story, which are bound to {}: what follows (comment, transition) \
         goes to one server; bind both to the same, or take one out of the policy",
        servers.join(" and ")
    )))
}

/// The templates, tried on all their samples.
///
/// # Errors
/// The template that can't be read, breaks Slack's limits or shows a control that Deskbell does not know.
pub fn templates(config: &Config) -> Result<Templates, PrepareErrors> {
    let folder = config.templates.folder.as_ref().map(|folder| config.path(folder));
    let templates =
        Templates::load(folder.as_deref()).map_err(|error| PrepareErrors::one(format!("templates: {error}")))?;
    let dead = if folder.is_some() { controls::dead(&templates) } else { Vec::new() };
    if dead.is_empty() { Ok(templates) } else { Err(PrepareErrors(dead)) }
}

/// A rendered template, or why it can't be.
///
/// # Errors
/// Why it can't be.
pub fn render(rendered: Result<serde_json::Value, RenderError>) -> Result<serde_json::Value, PrepareErrors> {
    rendered.map_err(|error| PrepareErrors::one(format!("templates: {error}")))
}

/// The local assessor, having learned from the policy's examples and the configured file.
///
/// # Errors
/// When the examples can't be read or learned.
pub fn local_assessor(config: &Config, policy: &LoadedPolicy) -> Result<LocalAssessor, PrepareErrors> {
    let wrong = |message: String| PrepareErrors::one(format!("[assessor]: {message}"));
    let labelled = match &config.assessor.examples_file {
        None => Vec::new(),
        Some(file) => {
            let path = config.path(file);
            let text = std::fs::read_to_string(&path).map_err(|error| {
                wrong(format!("examples_file {} can't be read ({error}): correct the path", path.display()))
            })?;
            read_examples(&text).map_err(|error| wrong(error.to_string()))?
        }
    };
    let assessor = AssessorConfig { encoder: config.encoder_folder(), ..config.assessor.clone() };
    LocalAssessor::prepare(&assessor, &policy.policy.categories, labelled).map_err(|error| wrong(error.to_string()))
}

/// The language model, if one is configured. Asks nobody.
///
/// # Errors
/// When its key can't be had, or a prompt file can't be used.
pub fn llm(config: &Config) -> Result<Option<Llm>, PrepareErrors> {
    let Some(settings) = config.llm_settings().map_err(ConfigErrors::from)? else { return Ok(None) };
    Llm::new(settings).map(Some).map_err(|error| PrepareErrors::one(format!("[llm]: {error}")))
}

/// The language model as an assessor, where it may assess.
pub fn llm_assessor(llm: Option<&Llm>, config: &Config, policy: &LoadedPolicy) -> Option<LlmAssessor> {
    let llm = llm.filter(|_| config.llm.as_ref().is_some_and(|llm| llm.assess))?;
    Some(LlmAssessor::new(llm.clone(), &policy.policy.categories))
}

/// How many documents the folder holds that Deskbell's own knowledge server serves; `None` without a folder.
///
/// # Errors
/// When the folder can't be read.
pub fn documents(config: &Config) -> Result<Option<usize>, PrepareErrors> {
    let Some(folder) = &config.knowledge.folder else { return Ok(None) };
    count_documents(&config.path(folder), FOLDER_DEPTH_MAX).map(Some)
}

fn unreadable(path: &Path, error: &std::io::Error) -> PrepareErrors {
    PrepareErrors::one(format!(
        "[knowledge] {} can't be read ({error}): correct folder, or the file's rights",
        path.display()
    ))
}

fn count_documents(folder: &Path, depth: usize) -> Result<usize, PrepareErrors> {
    let entries = std::fs::read_dir(folder).map_err(|error| unreadable(folder, &error))?;
    let mut found = 0;
    for entry in entries {
        let path = entry.map_err(|error| unreadable(folder, &error))?.path();
        let is_document = |ending: &std::ffi::OsStr| DOCUMENTS.iter().any(|known| ending.eq_ignore_ascii_case(known));
        if path.is_dir() && depth > 0 {
            found += count_documents(&path, depth - 1)?;
        } else if path.extension().is_some_and(is_document) {
            found += 1;
        }
    }
    Ok(found)
}
