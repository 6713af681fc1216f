//! What every route shares: the state, the courier, the limits, the faults, the page's stream.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::broadcast;
use tokio_util::sync::CancellationToken;

use crate::config::SandboxConfig;
use crate::confluence::ConfluenceBox;
use crate::delivery::Courier;
use crate::delivery::parcel::event_envelope;
use crate::error::SandboxError;
use crate::faults::FaultTable;
use crate::jira::JiraBox;
use crate::limits::RateLimits;
use crate::salesforce::SalesforceBox;
use crate::shortcut::ShortcutBox;
use crate::workspace::{Happening, Workspace};
use crate::zendesk::ZendeskBox;

/// Changes that a slow page may lag behind before it must fetch the state again.
const STREAM_BUFFER: usize = 4096;

#[derive(Debug)]
struct Sequenced {
    workspace: Workspace,
    seq: u64,
}

/// The vendors' back-ends that are in the box.
pub(crate) struct Vendors {
    pub(crate) jira: Option<JiraBox>,
    pub(crate) shortcut: Option<ShortcutBox>,
    pub(crate) zendesk: Option<ZendeskBox>,
    pub(crate) salesforce: Option<SalesforceBox>,
    pub(crate) confluence: Option<ConfluenceBox>,
}

/// Everything behind the routes; shared by `Arc`.
pub(crate) struct Core {
    pub(crate) config: SandboxConfig,
    pub(crate) faults: FaultTable,
    pub(crate) limits: RateLimits,
    pub(crate) courier: Arc<Courier>,
    pub(crate) jira: Option<JiraBox>,
    pub(crate) shortcut: Option<ShortcutBox>,
    pub(crate) zendesk: Option<ZendeskBox>,
    pub(crate) salesforce: Option<SalesforceBox>,
    pub(crate) confluence: Option<ConfluenceBox>,
    pub(crate) stop: CancellationToken,
    state: Mutex<Sequenced>,
    changes: broadcast::Sender<Arc<str>>,
    calls: Mutex<BTreeMap<String, u64>>,
}

impl Core {
    pub(crate) fn new(
        config: SandboxConfig,
        base_url: String,
        vendors: Vendors,
        faults: FaultTable,
        stop: CancellationToken,
    ) -> Result<Self, SandboxError> {
        let courier = Courier::new(
            config.delivery.clone(),
            config.signing_secret.clone(),
            config.timing.clone(),
            faults.clone(),
            stop.clone(),
        )?;
        let workspace = Workspace::new(&config, base_url);
        Ok(Self {
            limits: RateLimits::new(config.rate_limits, config.rate_numbers.clone()),
            courier: Arc::new(courier),
            state: Mutex::new(Sequenced { workspace, seq: 0 }),
            changes: broadcast::channel(STREAM_BUFFER).0,
            calls: Mutex::default(),
            config,
            faults,
            jira: vendors.jira,
            shortcut: vendors.shortcut,
            zendesk: vendors.zendesk,
            salesforce: vendors.salesforce,
            confluence: vendors.confluence,
            stop,
        })
    }

    /// Reads or changes the workspace, then tells the page and Deskbell what happened, in order.
    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Workspace) -> T) -> T {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let result = act(&mut state.workspace);
        for happening in state.workspace.take_outbox() {
            match happening {
                Happening::Change(change) => self.publish(&mut state.seq, change),
                Happening::Event { event, is_ext_shared } => {
                    let workspace = &mut state.workspace;
                    let bot = workspace.bot().to_owned();
                    let parcel = event_envelope(&event, is_ext_shared, &workspace.team_id, &bot, &mut workspace.ids);
                    self.courier.deliver_event(parcel);
                }
            }
        }
        result
    }

    /// Numbers a change for the page.
    pub(crate) fn number(&self, mut change: Value) -> Value {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.seq += 1;
        crate::json::set(&mut change, "seq", state.seq);
        change
    }

    /// Sends a change that is no part of the workspace to the page.
    pub(crate) fn tell_page(&self, change: Value) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        self.publish(&mut state.seq, change);
    }

    fn publish(&self, seq: &mut u64, mut change: Value) {
        *seq += 1;
        if self.changes.receiver_count() == 0 {
            return;
        }
        crate::json::set(&mut change, "seq", *seq);
        // The last page may close just now, which is no fault.
        let _ = self.changes.send(change.to_string().into());
    }

    /// The changes from now on.
    pub(crate) fn subscribe(&self) -> broadcast::Receiver<Arc<str>> {
        self.changes.subscribe()
    }

    /// The entire state, with the vendors' and the sequence number it stands at.
    pub(crate) fn page_state(&self) -> Value {
        let jira = self.jira.as_ref().map(JiraBox::snapshot);
        let shortcut = self.shortcut.as_ref().map(ShortcutBox::snapshot);
        let zendesk = self.zendesk.as_ref().map(ZendeskBox::snapshot);
        let salesforce = self.salesforce.as_ref().map(SalesforceBox::snapshot);
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = state.workspace.page_state();
        crate::json::set(&mut page, "seq", state.seq);
        crate::json::set(&mut page, "jira", jira);
        crate::json::set(&mut page, "shortcut", shortcut);
        crate::json::set(&mut page, "zendesk", zendesk);
        crate::json::set(&mut page, "salesforce", salesforce);
        page
    }

    /// Counts one call of an API method.
    pub(crate) fn count_call(&self, method: &str, outcome: &str) {
        let mut calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner);
        *calls.entry(format!("{method} {outcome}")).or_default() += 1;
    }

    /// Counters for tests and the demo.
    pub(crate) fn counters(&self) -> Value {
        let calls = self.calls.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let deliveries = self.courier.with_log(|log| log.counts.clone());
        let (messages, by_bot) = self
            .with(|workspace| (workspace.messages.count(|_| true), workspace.messages.count(|message| message.by_app)));
        json!({
            "messages": messages, "messages_by_bot": by_bot, "api_calls": calls, "deliveries": deliveries,
            "deliveries_under_way": self.courier.under_way(), "faults_fired": self.faults.fired(),
            "socket_connections": self.courier.sockets.count(),
        })
    }
}
