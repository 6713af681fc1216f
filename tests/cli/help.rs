//! What `--help` says, for every command.

use std::fmt::Write;

use super::run;

#[test]
fn every_command_helps() {
    let folder = tempfile::tempdir().unwrap();
    let commands: &[&[&str]] = &[
        &[],
        &["serve"],
        &["demo"],
        &["doctor"],
        &["mcp"],
        &["mcp", "serve"],
        &["mcp", "list"],
        &["policy"],
        &["policy", "check"],
        &["policy", "fields"],
        &["audit"],
        &["audit", "verify"],
        &["audit", "anchor"],
        &["audit", "show"],
        &["audit", "replay"],
        &["audit", "dead-letters"],
        &["audit", "erase"],
        &["eval"],
        &["eval", "classify"],
        &["eval", "retrieve"],
        &["model"],
        &["model", "train"],
        &["model", "show"],
        &["model", "rollback"],
        &["model", "export"],
        &["models"],
        &["models", "pull"],
        &["models", "import"],
        &["models", "list"],
        &["completions"],
    ];
    let mut text = String::new();
    for command in commands {
        let said = run(folder.path(), &[command, ["--help"].as_slice()].concat());
        assert_eq!(said.code, 0, "{}", said.stderr);
        writeln!(text, "$ deskbell {}\n{}\n", command.join(" "), said.stdout.trim_end()).unwrap();
    }
    insta::assert_snapshot!("help", text);
}

#[test]
fn conditions_may_speak_of_these() {
    let folder = tempfile::tempdir().unwrap();
    insta::assert_snapshot!("policy_fields", run(folder.path(), &["policy", "fields"]).all());
}

#[test]
fn completions_know_every_subcommand() {
    let folder = tempfile::tempdir().unwrap();
    for shell in ["bash", "zsh", "fish"] {
        let said = run(folder.path(), &["completions", shell]);
        assert_eq!(said.code, 0, "{}", said.stderr);
        for word in ["serve", "demo", "doctor", "dead-letters"] {
            assert!(said.stdout.contains(word), "{shell}: {word}");
        }
    }
}
