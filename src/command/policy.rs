//! `deskbell policy check` and `deskbell policy fields`.

use std::fmt::Write;
use std::path::Path;

use deskbell_domain::decision::Mode;
use deskbell_domain::policy::condition::fields;
use deskbell_domain::policy::{Policy, facts};

use super::arguments::PolicyCommand;
use super::{Failure, output};
use crate::config::Config;
use crate::prepare;

/// Runs the subcommand.
pub(super) fn run(config: &Path, command: &PolicyCommand) -> Result<(), Failure> {
    match command {
        PolicyCommand::Check { file } => check(config, file.as_deref()),
        PolicyCommand::Fields => {
            show_fields();
            Ok(())
        }
    }
}

fn check(config: &Path, file: Option<&Path>) -> Result<(), Failure> {
    // A file may be checked where nothing is configured yet; then nothing is bound either.
    let configured = Config::load(config);
    let lookups = configured.as_ref().ok().and_then(|config| config.lookups().ok()).unwrap_or_default();
    let path = match file {
        Some(file) => file.to_owned(),
        None => configured?.policy_path(),
    };
    let loaded = prepare::policy_at(&path).map_err(|errors| Failure::failed(errors.to_string()))?;
    output::say(&format!("{}: in order\n{}", path.display(), summary(&loaded.policy)));
    for caution in prepare::cautions(&loaded, &lookups) {
        output::say(&format!("warning: {caution}"));
    }
    Ok(())
}

fn summary(policy: &Policy) -> String {
    let rules = |mode: Mode| policy.rules.iter().filter(|rule| rule.mode == mode).count();
    let counted =
        |count: usize, one: &str, several: &str| format!("{count} {}", if count == 1 { one } else { several });
    format!(
        "  {}, {}, {}, {}, {}\n  {}: {} auto, {} confirm, {} shadow\n  hash {}",
        counted(policy.squads.len(), "squad", "squads"),
        counted(policy.queues.len(), "queue", "queues"),
        counted(policy.priorities.len(), "priority", "priorities"),
        counted(policy.categories.len(), "category", "categories"),
        counted(policy.escalations.len(), "escalation policy", "escalation policies"),
        counted(policy.rules.len(), "rule", "rules"),
        rules(Mode::Auto),
        rules(Mode::Confirm),
        rules(Mode::Shadow),
        policy.hash,
    )
}

fn show_fields() {
    let documented = fields(facts::schema());
    let path_width = documented.iter().map(|field| field.path.len()).max().unwrap_or(0);
    let mut text = String::from("What a rule's `when` may speak of:\n");
    for field in documented {
        // Writing to a String can't fail.
        let _ = write!(text, "\n  {:path_width$}  {:<17}  {}", field.path, field.of.to_string(), field.doc);
    }
    output::say(&text);
}
