//! The ops channel hears, once, that a person has to sign in at an MCP server.

use std::time::Duration;

use deskbell_domain::ids::WorkspaceId;
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use super::World;
use super::commit::Along;
use super::deliver::{Delivery, Shown};
use super::perform::Undone;
use super::tell::rendered;
use crate::mcp_host::{McpHost, ServerState};
use crate::slack::messages::Notice;
use crate::store::{ClaimedJob, Store};

/// How often the servers are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// Looks for servers that want a sign-in.
pub struct SignInWatch {
    /// Where what asks for it is queued.
    pub store: Store,
    /// The servers.
    pub host: McpHost,
    /// Whose ops channel.
    pub workspace: WorkspaceId,
}

impl SignInWatch {
    /// Looks until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut asked = Vec::new();
        let mut ticks = tokio::time::interval(LOOK_EVERY);
        while shutdown.run_until_cancelled(ticks.tick()).await.is_some() {
            for server in self.host.status() {
                let ServerState::SignInNeeded { sign_in, .. } = server.state else { continue };
                let this = (server.name, sign_in);
                if asked.contains(&this) {
                    continue;
                }
                // The store knows what an earlier process asked for.
                let queued =
                    self.store.queue_sign_in_request(&self.workspace, &this.0, sign_in, Timestamp::now()).await;
                match queued {
                    Ok(()) => asked.push(this),
                    Err(error) => tracing::error!(server = this.0, %error, "a sign-in could not be asked for"),
                }
            }
        }
    }
}

impl World {
    /// Tells the ops channel, unless somebody has signed in meanwhile.
    pub(super) async fn ask_for_sign_in(&self, job: &ClaimedJob, server: &str) -> Result<(), Undone> {
        let status = self.host.status().into_iter().find(|status| status.name == server);
        if let Some(ServerState::SignInNeeded { .. }) = status.map(|status| status.state) {
            let notice = Notice::problem(
                format!(
                    "Somebody has to sign in at the MCP server {server}. Actions that it carries out wait for that."
                ),
                format!("Run `deskbell mcp login {server}` where Deskbell runs; `/triage servers` says why."),
            );
            let message =
                rendered(self.messages.notice(&notice)).map_err(|error| Undone::Never { reason: error.to_string() })?;
            let shown = Shown {
                channel: &self.policy.ops_channel,
                thread: None,
                posted: None,
                doubt: None,
                marker: job.id.to_string(),
                message,
                since: job.first_run_at.as_second(),
            };
            if let Delivery::Refused(reason) = self.deliver(job, shown).await? {
                tracing::error!(server, reason, "the ops channel can't hear that a sign-in is needed");
            }
        }
        self.finish(job, Along::default()).await?;
        Ok(())
    }
}
