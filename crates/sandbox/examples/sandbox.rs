//! Starts the sandbox alone: `cargo run -p deskbell-sandbox --example sandbox -- 4100 [deskbell's base URL | socket]`.

use std::net::{Ipv4Addr, SocketAddr};

use deskbell_sandbox::{Delivery, Sandbox, SandboxConfig};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let port: u16 = arguments.next().unwrap_or_else(|| "4100".into()).parse()?;
    let delivery = arguments.next().map(|target| match target.as_str() {
        "socket" => Delivery::SocketMode,
        base_url => Delivery::Http { base_url: base_url.into() },
    });
    let config =
        SandboxConfig { listen: SocketAddr::from((Ipv4Addr::LOCALHOST, port)), delivery, ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await?;
    println!("{}", sandbox.base_url());
    tokio::signal::ctrl_c().await?;
    sandbox.shutdown().await;
    Ok(())
}
