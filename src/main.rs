//! The command line; see `deskbell::command`.

use std::process::ExitCode;

use clap::Parser;
use deskbell::command::{self, Cli};
use deskbell_allocator::MiMalloc;

/// Tickets are many small texts that live briefly on several threads.
#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    deskbell_allocator::give_back_at_once();
    // One provider of cryptography, installed before anything makes a TLS client. An error means that it is there.
    let _ = rustls::crypto::ring::default_provider().install_default();
    command::run(&Cli::parse())
}
