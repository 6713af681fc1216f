//! The doors, on the wire: a real router and a real store, Slack played by a small server.

mod doors;
mod fixtures;
mod helpdesk;
mod jira;
mod overload;
mod shortcut;
mod slack_api;
mod slack_doors;
mod socket_mode;
