//! `deskbell completions`.

use clap::CommandFactory;
use clap_complete::Shell;

use super::{Cli, output};

/// Prints the shell's completion script.
pub(super) fn run(shell: Shell) {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "deskbell", &mut script);
    output::say(String::from_utf8_lossy(&script).trim_end());
}
