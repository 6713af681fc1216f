//! The command line: one file per subcommand.
//!
//! Exit codes: 0 done; 1 something is not as it should be (a fault was found, or the work failed); 2 the command line
//! or the configuration is wrong. Faults go to standard error, answers to standard output.

mod arguments;
mod audit;
mod completions;
mod demo;
mod doctor;
mod eval;
mod failure;
mod mcp;
mod mcp_bind;
mod mcp_desk;
mod mcp_knowledge;
mod mcp_login;
mod mcp_sign_ins;
mod model;
mod models;
mod output;
mod policy;
mod replay;
mod serve;
mod signals;

use std::process::ExitCode;

pub use arguments::{Cli, Command};
pub use failure::Failure;

/// Runs a command line to its end.
pub fn run(cli: &Cli) -> ExitCode {
    let result = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => {
            let result = runtime.block_on(dispatch(cli));
            // A blocked read of standard input must not hold the process up.
            runtime.shutdown_timeout(std::time::Duration::from_secs(1));
            result
        }
        Err(error) => Err(Failure::failed(format!("the runtime could not be started: {error}"))),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            output::complain(failure.message());
            failure.exit_code()
        }
    }
}

async fn dispatch(cli: &Cli) -> Result<(), Failure> {
    match &cli.command {
        Command::Serve => serve::run(&cli.config).await,
        Command::Demo(arguments) => demo::run(arguments).await,
        Command::Doctor(arguments) => doctor::run(&cli.config, arguments).await,
        Command::Mcp(command) => mcp::run(&cli.config, command).await,
        Command::Policy(command) => policy::run(&cli.config, command),
        Command::Audit(command) => audit::run(&cli.config, command).await,
        Command::Eval(command) => eval::run(command).await,
        Command::Model(command) => model::run(&cli.config, command).await,
        Command::Models(command) => models::run(&cli.config, command).await,
        Command::Completions { shell } => {
            completions::run(*shell);
            Ok(())
        }
    }
}
