//! Whether the bindings fit the servers: said once at the start, and again whenever a server changes.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

use super::server::Phase;
use super::{Binding, BindingFault, Bindings, McpHost};

impl McpHost {
    /// What keeps a binding from being used; `None` while its server is not ready.
    pub(super) fn faults_of(&self, binding: &Binding) -> Option<Vec<BindingFault>> {
        let listing = match &*self.inner.servers.get(&binding.server)?.phase.borrow() {
            Phase::Ready { listing, .. } => Arc::clone(listing),
            Phase::Starting | Phase::Failed { .. } | Phase::SignInNeeded { .. } => return None,
        };
        Some(binding.faults_with(&listing.tools, &listing.quarantined))
    }

    /// Logs which bindings can't be used and which can be used again, until `shutdown`.
    pub async fn report_faults(self, bindings: Bindings, shutdown: CancellationToken) {
        let watched = bindings.iter().map(|(_, binding)| self.report_faults_of(binding));
        shutdown.run_until_cancelled(futures_util::future::join_all(watched)).await;
    }

    async fn report_faults_of(&self, binding: &Binding) {
        let Some(server) = self.inner.servers.get(&binding.server) else { return };
        let mut phase = server.phase.subscribe();
        let mut said = Vec::new();
        loop {
            phase.borrow_and_update();
            if let Some(faults) = self.faults_of(binding).filter(|faults| *faults != said) {
                report(binding, &faults, &said);
                said = faults;
            }
            if phase.changed().await.is_err() {
                return;
            }
        }
    }
}

fn report(binding: &Binding, faults: &[BindingFault], said: &[BindingFault]) {
    let (action, server) = (&binding.action, &binding.server);
    for fault in faults {
        if fault.is_fatal() {
            tracing::error!(action, server, %fault, "a binding can't be used; its actions wait until it or the server is mended");
        } else {
            tracing::warn!(action, server, %fault, "a binding does not quite fit its server; correct it");
        }
    }
    if faults.is_empty() && said.iter().any(BindingFault::is_fatal) {
        tracing::info!(action, server, "the binding can be used again");
    }
}
