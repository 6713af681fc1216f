//! The knowledge server: it owns documents, who may read them, their versions and their index, and writes drafts.
//!
//! Reading order: [`KnowledgeServer`] holds the tools, the resources and the prompt, which `answers` carries out; `library` keeps
//! the documents together: those of `folders`, as `access` opens them, and those that a source such as [`confluence`] brings
//! into the `store`, or a caller hands over (`handed`). `catalog` is all of it in memory, derived, with its index. `audience` says who may read what,
//! `inherited` what those above a document say too;
//! `opinions` is what people made of answers; `drafts` writes.
//!
//! Invariants:
//! - Whoever may not read a document learns nothing of it: not by search, list, page, resource, draft, count or failure. A
//!   call that names no readers sees what everybody may read; who may read what is not known is nobody.
//! - Nothing outside the configured folders is read or written: documents are looked up among those that were found, links
//!   are not followed, and a draft's name has no separators.

mod access;
mod answers;
mod audience;
mod catalog;
mod config;
pub mod confluence;
mod drafts;
mod folders;
mod handed;
mod inherited;
mod library;
mod opinions;
pub mod schema;
mod slug;
mod store;
pub mod tools;

pub use config::{KnowledgeConfigError, KnowledgeServerConfig};
pub use tools::KnowledgeServer;
