//! The worker: claims a durable job, performs its one effect, lets the domain step, and commits new state, audit,
//! follow-ups and the finished job in one transaction.
//!
//! Read `worker` (the loop), then `perform` (one effect), `interpret` (an intake event becomes a domain event) and
//! `commit` (the one place that writes). `present` turns tickets into what people see.

mod answer;
mod attend;
mod backoff;
mod commit;
mod dead_letters;
mod deliver;
mod dispatch;
mod enrich;
mod helpdesk_poll;
mod interpret;
mod knowledge;
mod learning;
mod paths;
mod perform;
mod present;
mod questions;
mod recent;
mod servers;
mod shared_channels;
mod sign_ins;
mod tell;
mod tracker_poll;
mod trust;
mod under_way;
mod worker;

use std::sync::Arc;

use deskbell_domain::assessment::Confidence;
use deskbell_domain::enrichment::BoundLookups;
use deskbell_domain::ids::ChannelId;
use deskbell_domain::policy::Policy;
use jiff::SignedDuration;

use crate::assessor::Chain;
use crate::learning::Learning;
use crate::llm::Llm;
use crate::mcp_host::{Bindings, Lookups, McpHost};
use crate::slack::messages::Messages;
use crate::slack::{Identity, SlackClient};
use crate::store::Store;

pub use enrich::{KeptQueues, bound};
pub use helpdesk_poll::HelpdeskPoll;
pub use knowledge::{KnowledgeForAgents, Readerships};
pub use recent::RecentTexts;
pub use shared_channels::SharedChannels;
pub use sign_ins::SignInWatch;
pub use tracker_poll::TrackerPoll;
pub use under_way::UnderWay;
pub use worker::{WorkerSettings, run};

/// Everything a worker needs.
pub struct World {
    /// What is never lost.
    pub store: Store,
    /// Slack's Web API.
    pub slack: Arc<SlackClient>,
    /// What is said.
    pub messages: Messages,
    /// The rules.
    pub policy: Arc<Policy>,
    /// Who assesses.
    pub assessors: Chain,
    /// The language model, if one is configured; it redacts what it is given.
    pub llm: Option<Llm>,
    /// What people teach, and what follows from it.
    pub learning: Learning,
    /// The MCP servers.
    pub host: McpHost,
    /// Which tool carries out which action.
    pub bindings: Bindings,
    /// Which tool answers which look-up.
    pub lookups: Lookups,
    /// What a decision waits for.
    pub lookups_bound: BoundLookups,
    /// The helpdesk's queues, for as long as they serve.
    pub kept_queues: KeptQueues,
    /// Who reads what is answered.
    pub readerships: Readerships,
    /// The texts in which similar tickets are looked for.
    pub recent: RecentTexts,
    /// Where people of other organisations read along.
    pub shared_channels: SharedChannels,
    /// What the workspace agreed on.
    pub habits: Habits,
    /// The calls of approved actions that are under way.
    pub under_way: UnderWay,
    /// Whose turn it is to decide.
    pub deciding: tokio::sync::Mutex<()>,
}

/// What the workspace agreed on with Deskbell.
#[derive(Debug, Clone)]
pub struct Habits {
    /// Who Deskbell is in Slack.
    pub identity: Identity,
    /// Channels whose every message may be a request.
    pub watched_channels: Vec<ChannelId>,
    /// Reactions that make a ticket of a message, without colons.
    pub triage_emoji: Vec<String>,
    /// Calls for an action that surely did nothing, before a human is asked.
    pub dispatch_attempts: u32,
    /// How long an action waits for a server that can't be called, before a human is asked.
    pub dispatch_patience: SignedDuration,
    /// How long a person's answer to a server's question is waited for.
    pub question_timeout: SignedDuration,
    /// From this confidence on what is found is said as an answer.
    pub answer_from: Confidence,
    /// The language model puts what the knowledge base finds in order.
    pub reranks: bool,
    /// What resolved tickets taught goes to the knowledge server.
    pub teaches: bool,
    /// Deskbell's own knowledge server: its tools are this program's own, and change with it.
    pub own_server: Option<String>,
}
