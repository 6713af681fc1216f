//! The example files are in order, and documented keys exist.

use deskbell::config::Config;
use deskbell::mcp_host::Shipped;
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
    prepare::local_assessor(&config, &policy).unwrap();
    let said = run(folder.path(), &["-c", "deskbell.example.toml", "policy", "check"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    assert!(said.stdout.contains("policy.example.toml: in order"), "{}", said.stdout);
}

#[test]
fn the_encoders_folder_counts_from_the_configurations_folder() {
    let folder = tempfile::tempdir().unwrap();
    let example = repository_file("deskbell.example.toml");
    let path = folder.path().join("deskbell.toml");
    std::fs::write(&path, example.replacen("# encoder = ", "encoder = ", 1)).unwrap();
    std::fs::write(folder.path().join("policy.example.toml"), repository_file("policy.example.toml")).unwrap();
    let config = Config::load_with(&path, []).unwrap();
    let Err(refused) = prepare::local_assessor(&config, &prepare::policy(&config).unwrap()) else {
        panic!("there is no encoder");
    };
    let looked_for = folder.path().join("models/all-MiniLM-L6-v2/model.safetensors");
    assert!(refused.to_string().contains(&looked_for.display().to_string()), "{refused}");
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
    std::fs::write(folder.path().join("mcp.json"), r#"{ "mcpServers": { "third": { "command": "third" } } }"#).unwrap();
    let config = Config::load_with(&path, []).unwrap();
    assert!(config.mcp.contains_key("third"));
    assert!(config.helpdesk.zendesk.is_some() && config.helpdesk.generic.is_some());
    assert!(config.mcp.contains_key("other") && config.knowledge.folder.is_some() && config.templates.folder.is_some());
    assert!(config.slack.app_token.is_some() && config.store.master_key.is_some());
    assert!(config.lookups.lookup_customer.is_some() && config.lookups.queue_load.is_some());
}

#[test]
fn the_examples_lines_for_shortcut_take_the_place_of_jiras() {
    let folder = tempfile::tempdir().unwrap();
    let example = repository_file("deskbell.example.toml");
    let (before, actions) = example.split_once("[actions.create_issue]").unwrap();
    let after = actions.split_once("[log]").unwrap().1;
    let server = example.lines().skip_while(|line| *line != "# [mcp.shortcut]").take_while(|line| *line != "#");
    let server: Vec<&str> = server.map(|line| line.trim_start_matches("# ")).collect();
    let bindings: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix("#   ")).collect();
    let text = format!("{before}\n{}\n{}\n[log]{after}", server.join("\n"), bindings.join("\n"));
    std::fs::write(folder.path().join("deskbell.toml"), text).unwrap();
    let config = Config::load_with(&folder.path().join("deskbell.toml"), []).unwrap();
    let bindings = config.bindings().unwrap();
    let bound: Vec<(&str, &str, &str)> =
        bindings.iter().map(|(action, binding)| (action, binding.server.as_str(), binding.tool.as_str())).collect();
    let expected = [
        ("assign", "shortcut", "update_story"),
        ("comment", "shortcut", "add_comment"),
        ("create_issue", "shortcut", "create_story"),
        ("transition", "shortcut", "update_story"),
    ];
    assert_eq!(bound, expected);
}

/// The tables below `[actions]` and `[lookups]` of a configuration, each with the server that it names.
fn bound(text: &str) -> Vec<(String, String, String, toml::Table)> {
    let mut file: toml::Table = toml::from_str(text).unwrap();
    let mut all = Vec::new();
    for kind in ["actions", "lookups"] {
        let Some(toml::Value::Table(tables)) = file.remove(kind) else { continue };
        for (name, table) in tables {
            let table = table.as_table().unwrap().clone();
            let server = table.get("server").and_then(toml::Value::as_str).unwrap_or_default();
            all.push((kind.to_owned(), name, server.to_owned(), table));
        }
    }
    all
}

/// What one asks of the tool and makes of its answer. How long a look-up or a search may take is each company's own, and what an
/// unreadable call means is more than an example need say.
fn substance(mut table: toml::Table) -> toml::Table {
    for own in ["server", "deadline", "errors"] {
        table.remove(own);
    }
    if let Some(reconcile) = table.get_mut("reconcile").and_then(toml::Value::as_table_mut) {
        reconcile.remove("lag");
    }
    table
}

#[test]
fn bindings_written_by_hand_say_what_those_that_ship_say() {
    let example = repository_file("deskbell.example.toml");
    let uncommented: Vec<&str> =
        example.lines().map(|line| if is_commented_key(line) { line.trim_start_matches("# ") } else { line }).collect();
    let shortcut: Vec<&str> = example.lines().filter_map(|line| line.strip_prefix("#   ")).collect();
    let files = [repository_file("demo/deskbell.toml"), uncommented.join("\n"), shortcut.join("\n")];
    let mut held = Vec::new();
    for (kind, name, server, table) in files.iter().flat_map(|file| bound(file)) {
        // The example's customers come from a server called crm, whose tools are named as ours.
        let Ok(shipped) = Shipped::named(if server == "crm" { "salesforce" } else { &server }) else { continue };
        let found = bound(shipped.text).into_iter().find(|(its, called, ..)| (its, called) == (&kind, &name));
        let (.., ours) = found.unwrap_or_else(|| panic!("bindings/{}.toml has no {kind}.{name}", shipped.name));
        assert_eq!(substance(table), substance(ours), "{kind}.{name} at {server}");
        held.push(format!("{server} {name}"));
    }
    for expected in
        ["jira comment", "helpdesk update_ticket", "crm write_back", "shortcut assign", "helpdesk queue_load"]
    {
        assert!(held.iter().any(|one| one == expected), "{expected} is held against nothing: {held:?}");
    }
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
    prepare::local_assessor(&config, &policy).unwrap();
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

#[test]
fn a_rule_that_reads_a_customer_nobody_looks_up_is_warned_of() {
    let folder = tempfile::tempdir().unwrap();
    let example = repository_file("policy.example.toml");
    let path = folder.path().join("policy.example.toml");
    std::fs::write(&path, &example).unwrap();
    let said = run(folder.path(), &["policy", "check", "policy.example.toml"]);
    assert!(said.code == 0 && !said.stdout.contains("warning"), "{}", said.stdout);

    let reading = "(assessment.urgency == \"critical\" || customer.tier == \"enterprise\")\n";
    let changed = example.replacen("assessment.urgency == \"critical\"\n", reading, 1);
    std::fs::write(&path, &changed).unwrap();
    let line = changed.lines().position(|line| line == "when = '''").unwrap() + 1;
    let said = run(folder.path(), &["policy", "check", "policy.example.toml"]);
    let warning = format!("warning: policy.example.toml:{line}: rule `payments-down` reads `customer`");
    assert!(said.code == 0 && said.stdout.contains(&warning), "{warning}\n{}", said.stdout);
}
