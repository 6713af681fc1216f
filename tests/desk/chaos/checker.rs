//! Counts what the storm left behind: at the sandbox, which saw everything that left Deskbell, and in the store.

use std::collections::{BTreeMap, BTreeSet};

use deskbell::store::{Page, Store, TicketFilter};
use deskbell_domain::action::ActionState;
use deskbell_domain::ids::{ChannelId, MessageTs, TicketId, WorkspaceId};
use deskbell_domain::notice::NoticeKind;
use deskbell_domain::ticket::{Status, Ticket};
use rusqlite::{Connection, OpenFlags};
use serde_json::Value;

use super::super::{Desk, Message, State, is_issue_of};
use super::{Request, Storm};

/// What was counted.
#[derive(Debug, Default)]
struct Counts {
    tickets: usize,
    issues: usize,
    /// Creations whose fate stayed unknown although Jira has the issue.
    parked_with_issue: usize,
    /// Creations whose fate stayed unknown and that never happened.
    parked_without_issue: usize,
    /// Other actions that wait for #ops.
    parked_others: usize,
    /// Why actions are parked.
    reasons: BTreeMap<String, usize>,
    /// Requests that Slack gave up delivering: they were never accepted.
    undelivered: usize,
    /// Replies that are in their tickets.
    replies: usize,
    /// Replies that are not, though they came after their request.
    replies_lost: usize,
    /// What became of the events.
    outcomes: BTreeMap<String, usize>,
}

/// Everything as it is once all is settled.
struct Evidence {
    tickets: Vec<Ticket>,
    issues: Vec<Value>,
    /// Deskbell's own messages by marker: each stands there once.
    messages: BTreeMap<String, Message>,
    /// Jobs by id with the calls that went out for them.
    sends: BTreeMap<String, u32>,
}

/// Stops Deskbell and checks what is left.
pub(super) async fn check(mut storm: Storm, seed: u64) {
    let log = accepted_and_given_up(&storm.desk).await;
    let status = storm.desk.stop();
    assert!(status.success(), "Deskbell did not stop in good order: {status}");
    assert_eq!(storm.desk.dead_letters(), Vec::new(), "dead letters");
    let mut counts = Counts { outcomes: events(&storm.desk, &log.accepted), ..Counts::default() };
    let kept = storm.desk.store();
    let workspace = WorkspaceId::new("T0NORTHWIND");
    let mut asked: BTreeMap<TicketId, Vec<&Request>> = BTreeMap::new();
    for request in &storm.requests {
        let (channel, ts) = (ChannelId::from(request.channel), MessageTs::new(&request.ts));
        match kept.ticket_by_message(&workspace, &channel, &ts).await.unwrap() {
            Some(ticket) => asked.entry(ticket).or_default().push(request),
            None => counts.undelivered += 1,
        }
    }
    let joined: Vec<_> = asked.iter().filter(|(_, requests)| requests.len() > 1).collect();
    assert!(joined.is_empty(), "requests that are not one: {joined:?}");
    assert!(
        counts.undelivered <= log.given_up,
        "{} requests have no ticket, Slack gave up {}",
        counts.undelivered,
        log.given_up
    );
    let page = Page { before: None, limit: 100_000 };
    let tickets = kept.tickets(&workspace, TicketFilter::default(), page).await.unwrap();
    let evidence = Evidence::gather(&storm.desk, tickets.into_iter().map(|found| found.ticket).collect()).await;
    let made = counts.outcomes.get("made_ticket").copied().unwrap_or_default();
    assert_eq!(evidence.tickets.len(), made, "tickets and the events that made them");
    assert!(
        made >= asked.len() + storm.commands,
        "{made} tickets of {} requests and {} commands: {:?}",
        asked.len(),
        storm.commands,
        counts.outcomes
    );
    for ticket in &evidence.tickets {
        evidence.check(ticket, &mut counts);
    }
    replies(&storm, &kept, &mut counts).await;
    assert!(
        counts.undelivered + counts.replies_lost <= log.given_up,
        "{} replies and {} requests are in no ticket, Slack gave up {}",
        counts.replies_lost,
        counts.undelivered,
        log.given_up
    );
    counts.tickets = evidence.tickets.len();
    assert_eq!(evidence.issues.len(), counts.issues + counts.parked_with_issue, "issues that are no ticket's");
    for subcommand in ["verify", "replay"] {
        let (sound, said) = storm.desk.runs(&["audit", subcommand]).await;
        assert!(sound, "audit {subcommand}: {said}");
    }
    // A run is read afterwards: `cargo test -- --nocapture`.
    #[allow(clippy::print_stderr)]
    {
        eprintln!("seed {seed}: {} kills, {} faults, {counts:#?}", storm.kills, storm.desk.sandbox.faults().fired());
    }
}

/// Every reply's words are in its request's ticket.
async fn replies(storm: &Storm, kept: &Store, counts: &mut Counts) {
    let workspace = WorkspaceId::new("T0NORTHWIND");
    for reply in &storm.replies {
        let request = &storm.requests[reply.request];
        let (channel, ts) = (ChannelId::from(request.channel), MessageTs::new(&request.ts));
        let Some(ticket) = kept.ticket_by_message(&workspace, &channel, &ts).await.unwrap() else { continue };
        let ticket = kept.ticket(&workspace, ticket).await.unwrap().unwrap().ticket;
        let is_there = ticket.words.messages.iter().any(|message| message.text == reply.words);
        counts.replies += usize::from(is_there);
        counts.replies_lost += usize::from(!is_there && reply.comes_after);
    }
}

/// How Slack's deliveries of events ended.
struct Deliveries {
    accepted: BTreeSet<String>,
    given_up: usize,
}

async fn accepted_and_given_up(desk: &Desk) -> Deliveries {
    let url = format!("{}/sandbox/deliveries?after=0", desk.sandbox.base_url());
    let log: Value = desk.http.get(url).send().await.unwrap().json().await.unwrap();
    let attempts = log["deliveries"].as_array().unwrap();
    let ids = |wanted: &dyn Fn(&Value) -> bool| -> BTreeSet<String> {
        let events = attempts.iter().filter(|attempt| wanted(attempt));
        events.filter_map(|attempt| attempt["event_id"].as_str()).map(str::to_owned).collect()
    };
    let accepted = ids(&|attempt| attempt["error"].is_null());
    let given_up = ids(&|_| true).difference(&accepted).count();
    Deliveries { accepted, given_up }
}

/// Every accepted event is in the store, and every one in the store has an outcome unless only its key was kept.
fn events(desk: &Desk, accepted: &BTreeSet<String>) -> BTreeMap<String, usize> {
    let path = desk.folder().join("deskbell.db");
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut rows = store.prepare("SELECT key, outcome, sealed IS NOT NULL FROM events").unwrap();
    let rows = rows
        .query_map([], |row| Ok((row.get::<_, String>(0)?, row.get::<_, Option<String>>(1)?, row.get::<_, bool>(2)?)));
    let mut kept = BTreeSet::new();
    let mut outcomes = BTreeMap::new();
    for (key, outcome, has_body) in rows.unwrap().map(Result::unwrap) {
        kept.insert(key.rsplit('/').next().unwrap_or_default().to_owned());
        let outcome: Value = outcome.map_or(Value::Null, |json| serde_json::from_str(&json).unwrap());
        assert!(!has_body || outcome.is_object(), "{key} has no outcome");
        let name = outcome["outcome"].as_str().unwrap_or("key only");
        assert_ne!(name, "unparsed", "{key}: {outcome}");
        let name = outcome["reason"].as_str().map_or_else(|| name.to_owned(), |reason| format!("{name}: {reason}"));
        *outcomes.entry(name).or_default() += 1;
    }
    let lost: Vec<_> = accepted.difference(&kept).collect();
    assert!(lost.is_empty(), "accepted and lost: {lost:?}");
    outcomes
}

fn sends(desk: &Desk) -> BTreeMap<String, u32> {
    let path = desk.folder().join("deskbell.db");
    let store = Connection::open_with_flags(path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    let mut rows = store.prepare("SELECT id, sends FROM jobs").unwrap();
    rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect()
}

impl Evidence {
    async fn gather(desk: &Desk, tickets: Vec<Ticket>) -> Self {
        let state = State(desk.state().await);
        let channels: Vec<String> = state.0["messages"].as_object().unwrap().keys().cloned().collect();
        let mut messages = BTreeMap::new();
        for message in channels.iter().flat_map(|channel| state.messages(channel)) {
            let Some(marker) = message.marker().map(str::to_owned) else { continue };
            let twice = messages.insert(marker, message);
            assert!(twice.is_none(), "posted twice: {twice:?}");
        }
        Self { tickets, issues: state.issues(), messages, sends: sends(desk) }
    }

    /// One card, one alert, one issue; or the creation is parked and #ops knows.
    fn check(&self, ticket: &Ticket, counts: &mut Counts) {
        let id = ticket.id.to_string();
        let workspace = &ticket.workspace;
        let cards =
            self.messages.keys().filter(|marker| marker.starts_with(&format!("{workspace}/{id}/card/"))).count();
        assert_eq!(cards, 1, "cards of {id}");
        let alerts = ticket.notices.iter().filter(|notice| notice.kind == NoticeKind::SquadAlert);
        let standing =
            alerts.clone().filter(|notice| self.messages.contains_key(&format!("{workspace}/{}", notice.id)));
        assert_eq!((alerts.count(), standing.count()), (1, 1), "alerts of {id}: {ticket:?}");
        let issues: Vec<&Value> = self.issues.iter().filter(|issue| is_issue_of(issue, &id)).collect();
        assert!(issues.len() <= 1, "{id} has several issues: {issues:?}");
        for action in &ticket.actions {
            match &action.state {
                ActionState::Done { external } if action.primary => {
                    let key = external.as_ref().map(|external| external.key.as_str());
                    assert_eq!(key, issues.first().and_then(|issue| issue["key"].as_str()), "the issue of {id}");
                    counts.issues += 1;
                }
                ActionState::Parked { reason, fate_unknown } => {
                    assert!(*fate_unknown, "{id} is parked without need: {reason}");
                    assert!(self.left(ticket, action.id), "{id}: {} is in doubt and never left: {reason}", action.name);
                    self.check_ops_alert(ticket, action.id);
                    *counts.reasons.entry(format!("{}: {reason}", action.name)).or_default() += 1;
                    match (action.primary, issues.len()) {
                        (true, 0) => counts.parked_without_issue += 1,
                        (true, _) => counts.parked_with_issue += 1,
                        (false, _) => counts.parked_others += 1,
                    }
                }
                ActionState::Done { .. } => {}
                // Without an issue there is nothing to comment on until #ops has decided.
                ActionState::Pending if !action.primary && ticket.status == Status::Parked => {}
                state => panic!("{id}: {} is {state:?}", action.name),
            }
        }
        assert!(ticket.actions.iter().any(|action| action.primary), "{id} was never carried out: {:?}", ticket.status);
    }

    /// Whether a call for an action went out.
    fn left(&self, ticket: &Ticket, action: deskbell_domain::ids::ActionId) -> bool {
        let dispatches = format!("{}/{}/dispatch/{}/", ticket.workspace, ticket.id, action.ordinal);
        self.sends.iter().any(|(job, sends)| job.starts_with(&dispatches) && *sends > 0)
    }

    fn check_ops_alert(&self, ticket: &Ticket, parked: deskbell_domain::ids::ActionId) {
        let told = ticket.notices.iter().any(|notice| {
            matches!(&notice.kind, NoticeKind::OpsAlert { action, .. } if *action == parked)
                && self
                    .messages
                    .get(&format!("{}/{}", ticket.workspace, notice.id))
                    .is_some_and(|alert| alert.has_button("ops_retry"))
        });
        assert!(told, "#ops does not know of {parked}");
    }
}
