//! The example files are in order, and documented keys exist.

use deskbell::config::Config;
use deskbell::prepare;

use super::{repository_file, run};

#[test]
fn the_examples_load_together() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["deskbell.example.toml", "policy.example.toml"] {
        std::fs::write(folder.path().join(name), repository_file(name)).unwrap();
    }
    let config = Config::load_with(&folder.path().join("deskbell.example.toml"), []).unwrap();
    let policy = prepare::policy(&config).unwrap();
    prepare::bindings(&config, &policy).unwrap();
    prepare::templates(&config).unwrap();
    prepare::assessors(&config, &policy).unwrap();
    let said = run(folder.path(), &["-c", "deskbell.example.toml", "policy", "check"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.contains("policy.example.toml: in order"), "{}", said.stdout);
}

/// A line such as `# folder = "knowledge"` or `# [mcp.other]` is commented-out configuration.
fn is_commented_key(line: &str) -> bool {
    let Some(rest) = line.strip_prefix("# ") else { return false };
    let is_name = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_');
    rest.starts_with('[') || rest.split_once(" = ").is_some_and(|(key, _)| is_name(key))
}

#[test]
fn what_the_example_leaves_commented_out_is_right_too() {
    let folder = tempfile::tempdir().unwrap();
    let text: Vec<String> = repository_file("deskbell.example.toml")
        .lines()
        .map(|line| if is_commented_key(line) { line.replacen("# ", "", 1) } else { line.to_owned() })
        .collect();
    let path = folder.path().join("deskbell.toml");
    std::fs::write(&path, text.join("\n")).unwrap();
    let config = Config::load_with(&path, []).unwrap();
    assert!(config.helpdesk.zendesk.is_some() && config.helpdesk.generic.is_some());
    assert!(config.mcp.contains_key("other") && config.knowledge.folder.is_some() && config.templates.folder.is_some());
    assert!(config.slack.app_token.is_some() && config.store.master_key.is_some());
}

#[test]
fn the_demos_files_are_in_order() {
    let folder = tempfile::tempdir().unwrap();
    for name in ["deskbell.toml", "policy.toml"] {
        std::fs::write(folder.path().join(name), repository_file(&format!("demo/{name}"))).unwrap();
    }
    let config = Config::load_with(&folder.path().join("deskbell.toml"), []).unwrap();
    let policy = prepare::policy(&config).unwrap();
    prepare::bindings(&config, &policy).unwrap();
    prepare::assessors(&config, &policy).unwrap();
}

#[test]
fn the_environment_overrides_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("deskbell.toml");
    std::fs::write(&path, repository_file("deskbell.example.toml")).unwrap();
    let variables = [
        ("DESKBELL_SERVER__LISTEN", "0.0.0.0:9000"),
        ("DESKBELL_WORKERS__COUNT", "3"),
        ("DESKBELL_WORKERS__LEASE", "2m"),
        ("DESKBELL_INTAKE__WATCHED_CHANNELS", r#"["C1", "C2"]"#),
        ("DESKBELL_HELPDESK__ZENDESK__SECRET", "env:ZENDESK"),
        ("DESKBELL_CONFIG", "elsewhere.toml"),
        ("DESKBELL_JIRA_URL", "https://jira.test"),
    ];
    let variables = variables.map(|(name, value)| (name.to_owned(), value.to_owned()));
    let config = Config::load_with(&path, variables).unwrap();
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:9000");
    assert_eq!((config.workers.count, config.workers.lease.std().as_secs()), (3, 120));
    assert_eq!(config.intake.watched_channels.len(), 2);
    assert!(config.helpdesk.zendesk.is_some());
}
