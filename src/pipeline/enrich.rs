//! Look-ups before a decision. They only read, they go past no approval, and a decision waits for none of them longer than its
//! deadline: what comes to nothing is told to the ticket, which says so on its card.

use std::collections::BTreeMap;
use std::time::Duration;

use deskbell_domain::decision::Customer;
use deskbell_domain::enrichment::{BoundLookup, BoundLookups, Lapse, LapseReason, LookedUp, Lookup};
use deskbell_domain::ids::QueueId;
use deskbell_domain::ticket::{Source, Ticket};
use deskbell_domain::workflow::event::Event;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};
use tokio::time::Instant;

use super::World;
use super::commit::Along;
use super::perform::Undone;
use crate::mcp_host::{CallOutput, Lookup as Binding, Lookups, NotRead};
use crate::slack::{Profile, SlackError};
use crate::store::{ClaimedJob, StoreError};

/// The helpdesk's queues by its own names, as they were a short while ago: helpdesks count seldom, and every ticket asks.
#[derive(Debug, Default)]
pub struct KeptQueues {
    kept: tokio::sync::Mutex<Option<Counted>>,
}

/// The queues as they were at a moment.
#[derive(Debug)]
struct Counted {
    at: Instant,
    queues: Vec<(String, u32)>,
}

/// Why a look-up brought nothing.
pub(super) enum Nothing {
    /// The deadline passed.
    Late,
    /// Who was asked, and why it did not answer.
    From(String, NotRead),
    /// The store failed.
    Store(StoreError),
}

impl From<StoreError> for Nothing {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// What the domain is told of the look-ups that are bound. Queues are of use to a policy that has some.
pub fn bound(lookups: &Lookups, has_queues: bool) -> BoundLookups {
    let customer = lookups.customer.as_ref().map(|it| (Lookup::Customer, it.server.clone(), it.deadline));
    let queues = lookups.queue_load.as_ref().filter(|_| has_queues);
    let queues = queues.map(|it| (Lookup::QueueLoad, it.server.clone(), it.deadline));
    let bound = |(lookup, server, deadline)| (lookup, BoundLookup { server, deadline });
    customer.into_iter().chain(queues).map(bound).collect()
}

/// Waits no longer than until then.
async fn by<T>(until: Instant, waited_for: impl Future<Output = T>) -> Result<T, Nothing> {
    tokio::time::timeout_at(until, waited_for).await.map_err(|_| Nothing::Late)
}

impl World {
    /// Looks something up for a ticket's next decision.
    pub(super) async fn enrich(&self, job: &ClaimedJob, lookup: Lookup, revision: u32) -> Result<(), Undone> {
        let ticket = self.ticket_of(job).await?;
        let is_awaited = ticket.revision == revision && ticket.awaited.contains(&lookup) && !ticket.words.erased;
        if !is_awaited {
            self.finish(job, Along::default()).await?;
            return Ok(());
        }
        let Some(BoundLookup { server, deadline }) = self.lookups_bound.get(&lookup) else {
            return self
                .lapsed(job, revision, Lapse { lookup, server: String::new(), why: LapseReason::Unbound })
                .await;
        };
        // A job that was taken up again has no more time than the first one had.
        let left = (job.first_run_at + *deadline).duration_since(Timestamp::now());
        let left = Duration::try_from(left).unwrap_or_default();
        let until = Instant::now() + left;
        let found = match lookup {
            Lookup::Customer => self.customer(job, &ticket, until).await.map(LookedUp::Customer),
            Lookup::QueueLoad => self.queue_load(job, until).await.map(LookedUp::QueueLoad),
        };
        let (server, why) = match found {
            Ok(answer) => {
                count(lookup, "answered");
                return self.step_ticket(job, Event::Enriched { revision, answer: Box::new(answer) }).await;
            }
            Err(Nothing::Store(error)) => return Err(error.into()),
            Err(Nothing::From(_, NotRead { again_after: Some(after), reason, .. })) if after < left => {
                return Err(Undone::PutOff { after, reason });
            }
            Err(Nothing::From(server, not_read)) => {
                tracing::warn!(job = %job.id, server, reason = not_read.reason, "a look-up brought nothing");
                (server, not_read.why)
            }
            Err(Nothing::Late) => {
                tracing::warn!(job = %job.id, server, "a look-up was not answered in time");
                (server.clone(), late(*deadline))
            }
        };
        self.lapsed(job, revision, Lapse { lookup, server, why }).await
    }

    /// The ticket's decision is made without it.
    pub(super) async fn lapsed(&self, job: &ClaimedJob, revision: u32, lapse: Lapse) -> Result<(), Undone> {
        count(lapse.lookup, "lapsed");
        let answer = Box::new(LookedUp::Lapsed(lapse));
        self.step_ticket(job, Event::Enriched { revision, answer }).await
    }

    /// The same where nobody knows any more what stood in the way.
    pub(super) fn given_up(&self, lookup: Lookup) -> Lapse {
        let server = self.lookups_bound.get(&lookup).map(|bound| bound.server.clone()).unwrap_or_default();
        Lapse { lookup, server, why: LapseReason::Failed }
    }

    async fn customer(&self, job: &ClaimedJob, ticket: &Ticket, until: Instant) -> Result<Customer, Nothing> {
        let Some(binding) = &self.lookups.customer else { return Err(gone()) };
        let profile = self.profile(ticket, until).await?;
        let answer = self.look_up_with(job, binding, &requester(ticket, profile), until).await?;
        binding.customer(&answer).ok_or_else(|| unreadable(binding))
    }

    /// What Slack says of a requester who is in Slack.
    pub(super) async fn profile(&self, ticket: &Ticket, until: Instant) -> Result<Option<Profile>, Nothing> {
        if matches!(ticket.source, Source::Helpdesk { .. }) {
            return Ok(None);
        }
        let profile = by(until, self.slack.profile(&ticket.requester)).await?;
        profile.map(Some).map_err(|error| {
            let why = match error {
                SlackError::Refused { .. } => LapseReason::Refused,
                SlackError::RateLimited { .. } => LapseReason::Unreachable,
                SlackError::Transient { .. } | SlackError::Unknown { .. } => LapseReason::Failed,
            };
            let not_read = NotRead { why, reason: error.to_string(), again_after: error.retry_after() };
            Nothing::From("slack".to_owned(), not_read)
        })
    }

    /// The helpdesk's queues by the policy's names. Tickets that come at once share one call.
    async fn queue_load(&self, job: &ClaimedJob, until: Instant) -> Result<BTreeMap<QueueId, u32>, Nothing> {
        let Some(binding) = &self.lookups.queue_load else { return Err(gone()) };
        let keep = Duration::try_from(binding.keep).unwrap_or_default();
        let mut kept = by(until, self.kept_queues.kept.lock()).await?;
        if let Some(counted) = kept.as_ref().filter(|counted| counted.at.elapsed() < keep) {
            return self.by_our_names(&counted.queues).ok_or_else(|| unreadable(binding));
        }
        let names: Vec<&str> = self.policy.queues.values().map(|queue| queue.helpdesk.as_str()).collect();
        let at = Instant::now();
        let answer = self.look_up_with(job, binding, &json!({ "queues": names }), until).await?;
        let queues = binding.queues(&answer).ok_or_else(|| unreadable(binding))?;
        let ours = self.by_our_names(&queues).ok_or_else(|| unreadable(binding))?;
        *kept = Some(Counted { at, queues });
        Ok(ours)
    }

    /// `None`: the helpdesk names no queue of the policy's.
    fn by_our_names(&self, queues: &[(String, u32)]) -> Option<BTreeMap<QueueId, u32>> {
        let tickets = |name: &str| {
            let named = |(theirs, _): &&(String, u32)| theirs.to_lowercase() == name.to_lowercase();
            queues.iter().find(named).map(|(_, tickets)| *tickets)
        };
        let ours = self.policy.queues.iter().filter_map(|(id, queue)| Some((id.clone(), tickets(&queue.helpdesk)?)));
        Some(ours.collect()).filter(|found: &BTreeMap<_, _>| !found.is_empty())
    }

    /// Asks a look-up's tool, provided that it still is what it was at its first use.
    pub(super) async fn look_up_with<P>(
        &self,
        job: &ClaimedJob,
        binding: &Binding<P>,
        context: &Value,
        until: Instant,
    ) -> Result<CallOutput, Nothing> {
        let from = |not_read| Nothing::From(binding.server.clone(), not_read);
        let said = |why, reason: String| from(NotRead { why, reason, again_after: None });
        let arguments: Map<String, Value> = match binding.arguments(context) {
            Ok(Some(arguments)) => arguments,
            Ok(None) => {
                return Err(said(LapseReason::NothingToAskWith, "nothing is known that it asks with".to_owned()));
            }
            Err(reason) => return Err(said(LapseReason::Unreadable, reason)),
        };
        let reading = by(until, self.host.turn_to_read(&binding.server, &binding.tool)).await?.map_err(from)?;
        if let Err(distrusted) = self.trusts(&job.workspace, &binding.server, reading.tool()).await? {
            return Err(said(LapseReason::Distrusted, distrusted.reason));
        }
        reading.ask(arguments, until).await.map_err(|error| error.map_or(Nothing::Late, from))
    }
}

fn late(deadline: SignedDuration) -> LapseReason {
    LapseReason::Late { deadline_ms: i64::try_from(deadline.as_millis()).unwrap_or(i64::MAX) }
}

fn gone() -> Nothing {
    let reason = "the configuration binds it no more".to_owned();
    Nothing::From(String::new(), NotRead { why: LapseReason::Unbound, reason, again_after: None })
}

fn unreadable<P>(binding: &Binding<P>) -> Nothing {
    let reason = format!("its answer is not what result of [lookups.{}] says", binding.name);
    Nothing::From(binding.server.clone(), NotRead { why: LapseReason::Unreadable, reason, again_after: None })
}

fn count(lookup: Lookup, outcome: &'static str) {
    metrics::counter!("deskbell_lookups_total", "lookup" => lookup.as_str(), "outcome" => outcome).increment(1);
}

/// What is known of who asks: by Slack's profile, or by what the helpdesk sent.
pub(super) fn requester(ticket: &Ticket, profile: Option<Profile>) -> Value {
    let is_in_slack = profile.is_some();
    let profile = profile.unwrap_or_default();
    let email = ticket.words.requester_email.clone().or(profile.email);
    let domain = email.as_deref().and_then(|email| email.rsplit_once('@')).map(|(_, domain)| domain.to_lowercase());
    let (source, system, external_id) = match &ticket.source {
        Source::Helpdesk { system, external_id, .. } => ("helpdesk", Some(system), Some(external_id)),
        Source::SlackMessage { .. } | Source::SlackForm { .. } => ("slack", None, None),
    };
    json!({
        "requester": {
            "email": email,
            "domain": domain,
            "name": ticket.words.requester_name.clone().or(profile.real_name),
            "slack_id": is_in_slack.then_some(&ticket.requester),
            "display_name": profile.display_name,
            "title": profile.title,
            "team": profile.team,
            "is_external": ticket.requester_is_external,
        },
        "ticket": {
            "number": ticket.id.to_string(), "source": source, "system": system, "external_id": external_id,
        },
    })
}
