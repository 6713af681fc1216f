//! An empty store in a folder of its own, and things to put into it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use deskbell::store::{ClaimedJob, Commit, MasterKey, NewEvent, NewJob, Store, StoreConfig, TicketWrite};
use deskbell::store::{EventKind, Recorded, RecordedInTime};
use deskbell_domain::assessment::{Assessment, AssessorName, Confidence, Judged, Sentiment, Urgency};
use deskbell_domain::audit::{AuditEntry, AuditKind};
use deskbell_domain::ids::{ChannelId, EventKey, MessageTs, PersonId, TicketId, WorkspaceId};
use deskbell_domain::ticket::{Actor, Card, Severity, SlackPath, Source, Status, Ticket, TicketMessage, Words};
use deskbell_domain::workflow::effect::{Effect, Lane};
use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

/// What nobody but the requester may ever read in the file.
pub const SECRET: &str = "my salary is 123456 and the VPN refuses me";

pub struct Fixture {
    pub store: Store,
    pub config: StoreConfig,
    pub folder: TempDir,
}

impl Fixture {
    pub fn new() -> Self {
        Self::with(|_| {})
    }

    pub fn with(change: impl FnOnce(&mut StoreConfig)) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut config = StoreConfig::new(folder.path().join("deskbell.db"));
        change(&mut config);
        let store = Store::open(&config, master_key()).unwrap();
        Self { store, config, folder }
    }

    /// Closes the store and opens it again.
    pub fn reopen(self) -> Self {
        let Self { store, config, folder } = self;
        drop(store);
        let store = Store::open(&config, master_key()).unwrap();
        Self { store, config, folder }
    }
}

pub fn master_key() -> MasterKey {
    MasterKey::from_bytes([7; 32])
}

pub fn workspace() -> WorkspaceId {
    WorkspaceId::new("T1")
}

pub fn person(name: &str) -> PersonId {
    PersonId::new(name)
}

/// Seconds after a moment that all tests share.
pub fn at(seconds: i64) -> Timestamp {
    Timestamp::from_second(1_800_000_000 + seconds).unwrap()
}

pub const LEASE: SignedDuration = SignedDuration::from_secs(60);

pub fn event(key: &str) -> NewEvent {
    NewEvent {
        workspace: workspace(),
        key: EventKey::new(key),
        kind: EventKind::SlackEvent,
        subject: Some(person("U1")),
        raw: Some(SECRET.as_bytes().to_vec()),
        received_at: at(0),
        serial: None,
        expires_at: None,
    }
}

pub async fn record(store: &Store, key: &str) {
    assert_eq!(store.record_event(event(key)).await.unwrap(), Recorded::New);
}

/// Records an event as the doors record a click: waiting for room.
pub async fn record_waiting(store: &Store, event: NewEvent) -> Recorded {
    match store.record_event_within(event, Duration::from_secs(60), Duration::ZERO).await.unwrap() {
        RecordedInTime::Recorded(recorded) => recorded,
        late => panic!("{late:?}"),
    }
}

/// A job that differs from others by its number alone.
pub fn job(number: u32, run_at: i64, serial: Option<&str>) -> NewJob {
    NewJob {
        effect: Effect::Assess { revision: number },
        ticket: Some(TicketId::new(1)),
        run_at: at(run_at),
        serial: serial.map(str::to_owned),
    }
}

/// The number given to [`job`].
pub fn number(job: &ClaimedJob) -> u32 {
    match job.effect {
        Effect::Assess { revision } => revision,
        _ => panic!("not made by job()"),
    }
}

pub fn numbers(jobs: &[ClaimedJob]) -> Vec<u32> {
    jobs.iter().map(number).collect()
}

pub async fn queue(store: &Store, jobs: Vec<NewJob>) {
    store.commit(Commit { jobs, ..Commit::new(workspace()) }).await.unwrap();
}

/// Claims in every lane. Reports of dead letters are left out: tests are about the jobs that they queue.
pub async fn claim(store: &Store, now: i64, limit: usize) -> Vec<ClaimedJob> {
    let mut claimed = Vec::new();
    for lane in Lane::ALL {
        claimed.extend(store.claim(at(now), "worker", lane, LEASE, limit - claimed.len()).await.unwrap());
        claimed.retain(|job: &ClaimedJob| !matches!(job.effect, Effect::ReportDeadLetters { .. }));
    }
    claimed
}

pub async fn finish(store: &Store, job: &ClaimedJob) {
    let finished = Some((job.id.clone(), job.fence));
    store.commit(Commit { finished, ..Commit::new(workspace()) }).await.unwrap();
}

pub fn entry(number: u64, subject: Option<&str>) -> AuditEntry {
    AuditEntry {
        workspace: workspace(),
        ticket: Some(TicketId::new(number)),
        at: at(0),
        actor: Actor::Person(person("U9")),
        kind: AuditKind::TicketReceived,
        subject: subject.map(person),
        detail: serde_json::json!({ "said": SECRET }),
    }
}

pub async fn write_entries(store: &Store, count: u64) {
    for number in 1..=count {
        let audit = vec![entry(number, (number % 2 == 0).then_some("U1"))];
        store.commit(Commit { audit, ..Commit::new(workspace()) }).await.unwrap();
    }
}

/// A request in a watched channel, just received.
pub fn ticket(number: u64, requester: &str) -> Ticket {
    Ticket {
        workspace: workspace(),
        id: TicketId::new(number),
        status: Status::Received,
        source: Source::SlackMessage {
            channel: ChannelId::new("C1"),
            ts: MessageTs::new(format!("{number}.000100")),
            thread: None,
            path: SlackPath::WatchedChannel,
        },
        requester: person(requester),
        requester_is_external: false,
        outsiders_read: false,
        received_at: at(0),
        last_message_at: at(0),
        revision: 1,
        squad: None,
        queue: None,
        priority: None,
        requested_priority: None,
        category: None,
        severity: Severity::MILDEST,
        decision: None,
        answer: None,
        undone: None,
        approvals: Vec::new(),
        actions: Vec::new(),
        external: None,
        tracker: None,
        card: Card::new(ChannelId::new("C1"), None),
        notices: Vec::new(),
        assignee: None,
        claimed_at: None,
        unassigned: None,
        errands: Vec::new(),
        expired_at: None,
        escalation: None,
        sla: None,
        sla_round: 0,
        changes: 0,
        assessed_revision: 0,
        awaited: BTreeSet::new(),
        decided_change: 0,
        edited: BTreeMap::new(),
        edits: 0,
        offers: Vec::new(),
        solving: None,
        lesson: None,
        sending: None,
        closed_at: None,
        words: Words {
            messages: vec![TicketMessage { ts: None, text: SECRET.to_owned(), author: None, edited: None }],
            ..Words::default()
        },
    }
}

pub fn assessment() -> Assessment {
    let confidence = Confidence::from_probability(0.5);
    Assessment {
        assessor: AssessorName::Keywords,
        category: None,
        area: String::new(),
        squad: None,
        urgency: Judged { value: Urgency::Normal, confidence, evidence: vec![SECRET.to_owned()] },
        sentiment: Judged { value: Sentiment::Neutral, confidence, evidence: Vec::new() },
        sentiment_trend: None,
        complexity: None,
        request: None,
        language: "en".to_owned(),
        language_confidence: Confidence::from_probability(0.9),
        summary: SECRET.to_owned(),
        summary_confidence: Confidence::from_probability(0.9),
        similar: Vec::new(),
        stated: None,
        warnings: Vec::new(),
    }
}

/// Commits a ticket; version 0 makes it.
pub async fn put(store: &Store, ticket: Ticket, expected_version: u64) {
    let ticket = Some(TicketWrite::new(ticket, expected_version));
    Box::pin(store.commit(Commit { ticket, ..Commit::new(workspace()) })).await.unwrap();
}
