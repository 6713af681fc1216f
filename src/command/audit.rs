//! `deskbell audit`: what happened, and the proof.

use std::io::{BufRead, IsTerminal};
use std::path::Path;

use deskbell_domain::audit::AuditKind;
use deskbell_domain::ids::{JobId, PersonId, TicketId, WorkspaceId};
use deskbell_domain::ticket::Actor;
use jiff::Timestamp;
use serde_json::json;

use super::arguments::AuditCommand;
use super::{Failure, output, replay};
use crate::config::Config;
use crate::store::{Anchor, AuditFilter, Store, StoredAuditEntry};

/// Entries read at a time.
const PAGE: usize = 1_000;
/// Dead letters listed at most.
const DEAD_LETTERS: usize = 1_000;

/// Runs the subcommand.
pub(super) async fn run(config: &Path, command: &AuditCommand) -> Result<(), Failure> {
    let config = Config::load(config)?;
    match command {
        AuditCommand::Verify { anchor } => verify(&config, anchor.as_deref()).await,
        AuditCommand::Anchor => {
            output::say_json(&reading(&config)?.anchor().await?);
            Ok(())
        }
        AuditCommand::Show { ticket } => show(&config, ticket.as_deref()).await,
        AuditCommand::Replay => {
            let store = reading(&config)?;
            replay::run(&store, &workspaces(&store).await?).await
        }
        AuditCommand::DeadLetters { revive: None } => dead_letters(&config).await,
        AuditCommand::DeadLetters { revive: Some(job) } => revive(&config, job).await,
        AuditCommand::Erase { person, workspace, yes } => erase(&config, person, workspace.as_deref(), *yes).await,
    }
}

/// The store beside a running `serve`.
fn reading(config: &Config) -> Result<Store, Failure> {
    is_there(config)?;
    Ok(Store::open_read_only(&config.store_config(), config.master_key(false)?)?)
}

/// The store for changing it: `serve` must not be running.
fn writing(config: &Config) -> Result<Store, Failure> {
    is_there(config)?;
    Ok(Store::open(&config.store_config(), config.master_key(false)?)?)
}

/// Before the first start nothing is missing.
fn is_there(config: &Config) -> Result<(), Failure> {
    let path = config.store_config().path;
    if path.exists() {
        return Ok(());
    }
    let message = format!(
        "there is no store at {} yet: `deskbell serve` makes it on its first start; if there was one, correct [store] path",
        path.display()
    );
    Err(Failure::failed(message))
}

async fn verify(config: &Config, anchor: Option<&Path>) -> Result<(), Failure> {
    let anchor = anchor.map(read_anchor).transpose()?;
    let report = reading(config)?.verify_audit(anchor.as_ref()).await?;
    let held = if anchor.is_some() { ", the anchor is part of it" } else { "" };
    output::say(&format!("the audit trail holds: {} entries, head {}{held}", report.entries, report.head.hash));
    output::say(&format!(
        "all {} tickets and {} decisions are as their last entries say",
        report.tickets, report.decisions
    ));
    output::say(&format!(
        "{} keys open and none is gone but by an erasure on the trail; {} pinned tools, {} policies and the Slack installation \
         are what Deskbell wrote; the database holds no trigger, view or table of anybody else's",
        report.keys, report.tools, report.policies
    ));
    output::say(&proved(anchor.as_ref()));
    Ok(())
}

/// What verifying shows and what it can't.
fn proved(anchor: Option<&Anchor>) -> String {
    let keyless = "This proves that nobody without the master key altered, added or removed any of that (queued jobs and recorded \
                   events are not part of it: they can be taken away but not forged)";
    match anchor {
        None => format!(
            "{keyless}, unless an earlier copy of the whole store was put back. It says nothing about those who have the master \
             key: for both keep what `deskbell audit anchor` prints on another machine, and give it with --anchor."
        ),
        Some(anchor) => format!(
            "{keyless}, and that nobody at all, with the master key or an earlier copy of the store, changed an entry up to \
             number {} since the anchor was taken.",
            anchor.seq
        ),
    }
}

fn read_anchor(path: &Path) -> Result<Anchor, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| Failure::wrong(format!("{}: can't be read ({error}): correct the path", path.display())))?;
    serde_json::from_str(&text).map_err(|error| {
        Failure::wrong(format!("{}: is no anchor ({error}): give what `deskbell audit anchor` printed", path.display()))
    })
}

/// The workspaces that Deskbell ever served from this store: each began with a policy.
async fn workspaces(store: &Store) -> Result<Vec<WorkspaceId>, Failure> {
    let filter = AuditFilter { kinds: vec![AuditKind::PolicyChanged], ..AuditFilter::default() };
    let (mut found, mut after) = (Vec::new(), 0);
    loop {
        let page = store.audit_entries(filter.clone(), after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(found) };
        after = last.seq;
        for entry in page {
            if !found.contains(&entry.workspace) {
                found.push(entry.workspace);
            }
        }
    }
}

async fn show(config: &Config, ticket: Option<&str>) -> Result<(), Failure> {
    let ticket = ticket
        .map(|text| TicketId::parse(text).ok_or_else(|| Failure::wrong(format!("--ticket {text}: write DB-42 or 42"))))
        .transpose()?;
    let store = reading(config)?;
    let filter = AuditFilter { ticket, ..AuditFilter::default() };
    let mut after = 0;
    loop {
        let page = store.audit_entries(filter.clone(), after, PAGE).await?;
        let Some(last) = page.last() else { return Ok(()) };
        after = last.seq;
        for entry in &page {
            output::say(&line(entry).to_string());
        }
    }
}

fn line(entry: &StoredAuditEntry) -> serde_json::Value {
    json!({
        "seq": entry.seq,
        "at": entry.at,
        "workspace": entry.workspace,
        "kind": entry.kind,
        "actor": entry.actor,
        "ticket": entry.ticket.map(|ticket| ticket.to_string()),
        "subject": entry.subject,
        "erased": entry.detail.is_none(),
        "detail": entry.detail,
        "hash": entry.hash,
    })
}

async fn dead_letters(config: &Config) -> Result<(), Failure> {
    let letters = reading(config)?.dead_letters(DEAD_LETTERS).await?;
    if letters.is_empty() {
        output::say("no dead letters");
    }
    for letter in letters {
        let ticket = letter.ticket.map_or_else(|| "no ticket".to_owned(), |ticket| ticket.to_string());
        let reason = letter.last_error.as_deref().unwrap_or("its worker died each time");
        output::say(&format!(
            "{}  {ticket}  given up {}  after {} attempts, {} crashes: {reason}",
            letter.id, letter.buried_at, letter.attempts, letter.crashes
        ));
    }
    Ok(())
}

async fn revive(config: &Config, job: &str) -> Result<(), Failure> {
    let store = writing(config)?;
    let revived = store.revive(&JobId::new(job), Timestamp::now()).await;
    store.shutdown().await;
    if revived? {
        output::say(&format!("{job} is in the queue again; `deskbell serve` will take it up"));
        return Ok(());
    }
    Err(Failure::failed(format!("there is no dead letter {job}: `deskbell audit dead-letters` lists them")))
}

async fn erase(config: &Config, person: &str, workspace: Option<&str>, yes: bool) -> Result<(), Failure> {
    let store = writing(config)?;
    let result = erase_in(&store, person, workspace, yes).await;
    store.shutdown().await;
    result
}

async fn erase_in(store: &Store, person: &str, workspace: Option<&str>, yes: bool) -> Result<(), Failure> {
    let workspace = match workspace {
        Some(id) => WorkspaceId::new(id),
        None => only_one(workspaces(store).await?)?,
    };
    if !yes && !confirmed(person)? {
        return Err(Failure::failed("nothing was erased"));
    }
    let erased = store.erase_person(&workspace, &PersonId::new(person), &Actor::Deskbell, Timestamp::now()).await?;
    if erased.keys == 0 && erased.others == 0 && erased.log_emptied {
        output::say(&format!("nothing of {person} is kept in {workspace}"));
        return Ok(());
    }
    output::say(&format!(
        "{person} in {workspace}: {} keys destroyed, the words of {} tickets are gone, and theirs in {} tickets of others. \
         Backups of the database still hold the old keys and words: replace them.",
        erased.keys, erased.tickets, erased.others
    ));
    if erased.log_emptied {
        return Ok(());
    }
    Err(Failure::failed(
        "another program reads the database, so the destroyed key still stands in its log (-wal): end that program, then run \
         `deskbell audit erase` for this person again",
    ))
}

fn only_one(mut workspaces: Vec<WorkspaceId>) -> Result<WorkspaceId, Failure> {
    match (workspaces.pop(), workspaces.is_empty()) {
        (Some(only), true) => Ok(only),
        (None, _) => Err(Failure::failed("the store holds no workspace yet: there is nothing to erase")),
        (Some(_), false) => Err(Failure::wrong("the store holds several workspaces: name one with --workspace")),
    }
}

fn confirmed(person: &str) -> Result<bool, Failure> {
    if !std::io::stdin().is_terminal() {
        return Err(Failure::wrong("erasing can't be undone: add --yes to do it without being asked"));
    }
    output::say(&format!("Erase every word of {person} for good? Write the id again to do it:"));
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    Ok(read.is_ok() && answer.trim() == person)
}
