//! What everybody may read, for whoever asks without a person behind: other agents, through the desk server.

use std::time::Duration;

use futures_util::future::join_all;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{QUESTION_CHARS, by_turns, gaps};
use crate::mcp_host::{FoundPassage, Lookup, Lookups, McpHost, NotRead, PassagePointers};
use crate::pipeline::trust::trusted;
use crate::store::Store;

/// An agent waits no longer, a server that is just starting included.
const PATIENCE: Duration = Duration::from_secs(15);

/// The knowledge servers, asked for nobody in particular.
#[derive(Clone)]
pub struct KnowledgeForAgents {
    /// Where tools are pinned.
    pub store: Store,
    /// The servers.
    pub host: McpHost,
    /// Which tools search.
    pub lookups: Lookups,
    /// Deskbell's own child among the servers.
    pub own_server: Option<String>,
}

impl KnowledgeForAgents {
    /// The best passages of every server, of those that everybody may read.
    ///
    /// # Errors
    /// Why no server answered; for the log.
    pub async fn ask(&self, question: &str, at_most: usize) -> Result<Vec<FoundPassage>, String> {
        // A server may keep what it is asked.
        let question: String = gaps::anonymous(question).chars().take(QUESTION_CHARS).collect();
        let context = json!({ "question": question, "readers": [], "max_results": at_most });
        let asking = self.lookups.knowledge.iter().map(|binding| self.ask_one(binding, &context, at_most));
        let (mut brought, mut failed) = (Vec::new(), Vec::new());
        for (binding, answer) in self.lookups.knowledge.iter().zip(join_all(asking).await) {
            match answer {
                Ok(passages) => brought.push(passages),
                Err(reason) => failed.push(format!("{}: {reason}", binding.server)),
            }
        }
        if brought.is_empty() && !failed.is_empty() {
            return Err(failed.join("; "));
        }
        for reason in failed {
            tracing::warn!(reason, "a knowledge server brought nothing for an agent");
        }
        Ok(by_turns(brought).into_iter().take(at_most).collect())
    }

    async fn ask_one(
        &self,
        binding: &Lookup<PassagePointers>,
        context: &Value,
        at_most: usize,
    ) -> Result<Vec<FoundPassage>, String> {
        let late = || "no answer in time".to_owned();
        let arguments = binding.arguments(context)?.ok_or("nothing is known that it asks with")?;
        let installation = self.store.installation().await.map_err(|error| error.to_string())?;
        let workspace = installation.ok_or("Slack has not said yet which workspace this is")?.workspace;
        let until = Instant::now() + PATIENCE;
        loop {
            match self.host.turn_to_read(&binding.server, &binding.tool).await {
                Ok(reading) => {
                    let tool = (binding.server.as_str(), reading.tool());
                    let standing = trusted(&self.store, self.own_server.as_deref(), &workspace, tool).await;
                    standing.map_err(|error| error.to_string())?.map_err(|distrusted| distrusted.reason)?;
                    let answer = reading.ask(arguments, until).await;
                    let answer = answer.map_err(|not_read| not_read.map_or_else(late, |not_read| not_read.reason))?;
                    let passages = binding.passages(&answer, false, at_most);
                    return passages.ok_or_else(|| "its answer is not what its binding says".to_owned());
                }
                Err(NotRead { again_after: Some(after), .. }) if Instant::now() + after < until => {
                    tokio::time::sleep(after).await;
                }
                Err(not_read) => return Err(not_read.reason),
            }
        }
    }
}
