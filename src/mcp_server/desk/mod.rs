//! The desk server: Deskbell itself for other agents, each under its own token and scopes.
//!
//! Reading order: [`caller`] (who calls and what they may), [`DeskServer`] (tools and resources), `asking` (a request becomes
//! an event, as through every other door), `looking` (tickets and decisions, for those who may view them), `resources` (the
//! policy and the load), `prompts`, [`http`] (`/mcp` of `deskbell serve`).
//!
//! What a caller sees of tickets is what the policy's right `view` gives to the person it acts as, and what it asked for
//! itself. Every call is on the audit trail before it is answered; what can't be put there is not answered.

mod asking;
pub mod caller;
pub mod http;
mod looking;
mod prompts;
mod resources;
pub mod schema;
mod server;

use std::sync::Arc;

use deskbell_domain::ids::WorkspaceId;
use deskbell_domain::policy::Policy;
use deskbell_servers::failure::ToolFailure;
use futures_util::future::BoxFuture;

use crate::store::{Store, StoreError};

pub use server::{DeskServer, info};

/// Asks the knowledge servers what everybody may read: a question and how many passages at most; or why none of them answers.
pub type AskKnowledge =
    Arc<dyn Fn(String, usize) -> BoxFuture<'static, Result<Vec<schema::FoundPassage>, String>> + Send + Sync>;

/// What the desk server looks at.
pub struct DeskWorld {
    /// Tickets, events, the trail.
    pub store: Store,
    /// The rules in force.
    pub policy: Arc<Policy>,
    /// The documents; `None` where no server is bound to search them.
    pub knowledge: Option<AskKnowledge>,
}

impl DeskWorld {
    /// Whose desk this is: the workspace is known once Slack has said it for the first time.
    async fn workspace(&self) -> Result<WorkspaceId, ToolFailure> {
        let installation = self.store.installation().await.map_err(|error| of_store(&error))?;
        installation.map(|installation| installation.workspace).ok_or_else(|| {
            ToolFailure::transient(
                "Deskbell does not know its workspace yet: Slack has not answered since the first start; see /readyz",
                None,
            )
        })
    }
}

/// A failure of the store, without its inner words.
fn of_store(error: &StoreError) -> ToolFailure {
    match error {
        StoreError::Overloaded => ToolFailure::transient("Deskbell has too much to write; try again later", None),
        error => {
            tracing::error!(%error, "the desk server could not use the store");
            ToolFailure::transient("Deskbell's store failed; its log says why; try again once it is mended", None)
        }
    }
}
