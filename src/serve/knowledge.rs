//! The knowledge servers for whoever serves agents.

use std::sync::Arc;

use deskbell_domain::assessment::Confidence;

use crate::mcp_host::{FoundPassage, Lookups, McpHost};
use crate::mcp_server::desk::{AskKnowledge, schema};
use crate::pipeline::KnowledgeForAgents;
use crate::store::Store;

/// Asks what everybody may read; `None` where no server is bound to search. `own_server`: Deskbell's own child among the servers.
pub fn asking(store: &Store, host: McpHost, lookups: Lookups, own_server: Option<&str>) -> Option<AskKnowledge> {
    if lookups.knowledge.is_empty() {
        return None;
    }
    let own_server = own_server.map(str::to_owned);
    let knowledge = KnowledgeForAgents { store: store.clone(), host, lookups, own_server };
    Some(Arc::new(move |question, at_most| {
        let knowledge = knowledge.clone();
        Box::pin(async move {
            let found = knowledge.ask(&question, at_most).await?;
            Ok(found.into_iter().map(shown).collect())
        })
    }))
}

fn shown(found: FoundPassage) -> schema::FoundPassage {
    schema::FoundPassage {
        server: found.server,
        passage: Some(found.passage).filter(|id| !id.is_empty()),
        title: found.title,
        heading_path: found.headings,
        url: found.url,
        version: found.version,
        updated_at: found.updated,
        snippet: found.snippet,
        confidence: found.confidence.map(Confidence::probability),
    }
}
