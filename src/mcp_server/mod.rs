//! Deskbell's own MCP servers that need the host's inside; the others are in `deskbell_servers`.

pub mod desk;
pub mod slack;
