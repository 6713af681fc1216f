//! The command line: the real binary, its answers, its errors, its exit codes.

mod audit;
mod bad_input;
mod demo;
mod doctor;
mod eval;
mod examples;
mod help;
mod mcp;
mod models;
mod store_faults;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use deskbell_sandbox::{Sandbox, SandboxConfig};
use tempfile::TempDir;

/// What a command said, and how it ended.
struct Said {
    stdout: String,
    stderr: String,
    code: i32,
}

impl Said {
    fn of(output: &Output) -> Self {
        Self {
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            code: output.status.code().unwrap_or(-1),
        }
    }

    /// For snapshots: everything in one text.
    fn all(&self) -> String {
        format!("{}{}exit {}\n", self.stdout, self.stderr, self.code)
    }
}

/// The binary in a folder, with nothing of this process's environment.
fn deskbell(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_deskbell"));
    command.args(arguments).current_dir(folder).env_clear().stdin(Stdio::null());
    command
}

/// Runs a command to its end.
fn run(folder: &Path, arguments: &[&str]) -> Said {
    Said::of(&deskbell(folder, arguments).output().unwrap())
}

/// A file of this repository.
fn repository_file(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(name)).unwrap()
}

/// The demo's configuration in a folder of its own, with the secrets of a sandbox.
struct Workplace {
    folder: TempDir,
}

impl Workplace {
    fn of(sandbox: &Sandbox) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let defaults = SandboxConfig::default();
        let jira = defaults.jira.unwrap();
        let zendesk = defaults.zendesk.unwrap();
        let salesforce = defaults.salesforce.unwrap();
        let confluence = defaults.confluence.unwrap();
        let place = Self { folder };
        place.write("deskbell.toml", &repository_file("demo/deskbell.toml"));
        place.write("knowledge/refunds.md", "# Refunds\n\nA refund reaches the card within five business days.\n");
        place.write("policy.toml", &repository_file("demo/policy.toml"));
        for (name, secret) in [
            ("signing_secret", defaults.signing_secret),
            ("bot_token", defaults.bot_token),
            ("app_token", defaults.app_token),
            ("jira_url", sandbox.jira_url().unwrap()),
            ("jira_email", jira.email),
            ("jira_api_token", jira.api_token),
            ("jira_webhook_secret", jira.webhook_secret),
            ("shortcut_url", sandbox.shortcut_url().unwrap()),
            ("shortcut_api_token", defaults.shortcut.unwrap().api_token),
            ("zendesk_url", sandbox.zendesk_url().unwrap()),
            ("zendesk_webhook_secret", zendesk.webhook_secret),
            ("zendesk_email", zendesk.email),
            ("zendesk_api_token", zendesk.api_token),
            ("salesforce_url", sandbox.salesforce_url().unwrap()),
            ("salesforce_client_id", salesforce.client_id),
            ("salesforce_client_secret", salesforce.client_secret),
            ("confluence_url", format!("{}/wiki", sandbox.confluence_url().unwrap())),
            ("confluence_email", confluence.email),
            ("confluence_api_token", confluence.api_token),
        ] {
            place.write(&format!("secrets/{name}"), &secret);
        }
        place
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn write(&self, name: &str, content: &str) {
        let path = self.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, content).unwrap();
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::PermissionsExt::from_mode(0o600);
            std::fs::set_permissions(&path, mode).unwrap();
        }
    }

    /// Replaces a passage of the configuration.
    fn change(&self, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.path().join("deskbell.toml")).unwrap();
        assert!(text.contains(from), "{from}");
        self.write("deskbell.toml", &text.replace(from, to));
    }

    /// A command against the sandbox.
    fn command(&self, sandbox: &Sandbox, arguments: &[&str]) -> Command {
        let mut command = deskbell(self.path(), arguments);
        command.env("DESKBELL_SLACK__API_URL", sandbox.api_url());
        command
    }

    /// Runs a command against the sandbox to its end.
    async fn run(&self, sandbox: &Sandbox, arguments: &[&str]) -> Said {
        let mut command = self.command(sandbox, arguments);
        let output = tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap();
        Said::of(&output)
    }
}
