//! The servers against their vendors in a box, over real HTTP.

#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod confluence;
mod confluence_failures;
mod confluence_leaks;
mod confluence_site;
mod confluence_written;
mod helpdesk;
mod helpdesk_document;
mod helpdesk_failures;
mod helpdesk_site;
mod http;
mod jira;
mod jira_changes;
mod jira_data_center;
mod jira_document;
mod jira_failures;
mod jira_lists;
mod knowledge;
mod knowledge_drafts;
mod knowledge_meaning;
mod knowledge_readers;
mod logged;
mod openapi;
mod recording;
mod salesforce;
mod salesforce_failures;
mod salesforce_site;
mod shortcut;
mod shortcut_document;
mod shortcut_failures;
mod shortcut_site;
mod site;
