//! `deskbell audit replay`: every stored decision is made again and compared to the byte.

use std::collections::BTreeMap;

use deskbell_domain::decide::decide;
use deskbell_domain::decision::DecisionInputs;
use deskbell_domain::ids::{PolicyHash, WorkspaceId};
use deskbell_domain::policy::Policy;

use super::{Failure, output};
use crate::store::{Store, StoredDecision};

/// Decisions read at a time.
const PAGE: usize = 500;

/// How many were compared and what came of it.
#[derive(Debug, Default)]
struct Tally {
    same: u64,
    erased: u64,
    differ: u64,
}

/// Replays the decisions of these workspaces.
pub(super) async fn run(store: &Store, workspaces: &[WorkspaceId]) -> Result<(), Failure> {
    let mut policies = BTreeMap::new();
    let mut tally = Tally::default();
    for workspace in workspaces {
        let mut after = None;
        loop {
            let page = store.decisions(workspace, after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after = Some((last.ticket, last.ordinal));
            for stored in &page {
                let policy = policy_of(store, &mut policies, &stored.policy).await?;
                tally.count(stored, again(stored, policy.as_ref()));
            }
        }
    }
    let Tally { same, erased, differ } = tally;
    output::say(&format!("{same} decisions are the same to the byte, {erased} were erased, {differ} differ"));
    if differ == 0 { Ok(()) } else { Err(Failure::said()) }
}

impl Tally {
    fn count(&mut self, stored: &StoredDecision, outcome: Result<bool, String>) {
        match outcome {
            Ok(true) => self.same += 1,
            Ok(false) => self.erased += 1,
            Err(reason) => {
                self.differ += 1;
                output::say(&format!("{} decision {}: {reason}", stored.ticket, stored.ordinal));
            }
        }
    }
}

async fn policy_of(
    store: &Store,
    known: &mut BTreeMap<PolicyHash, Result<Policy, String>>,
    hash: &PolicyHash,
) -> Result<Result<Policy, String>, Failure> {
    if let Some(policy) = known.get(hash) {
        return Ok(policy.clone());
    }
    let policy = match store.policy_source(hash).await? {
        Some(source) => {
            Policy::load(&source).map_err(|error| format!("its policy {hash} does not load any more: {error}"))
        }
        None => Err(format!("its policy {hash} was not kept")),
    };
    known.insert(hash.clone(), policy.clone());
    Ok(policy)
}

/// `Ok(true)`: the same; `Ok(false)`: the inputs were erased; `Err`: how it differs.
fn again(stored: &StoredDecision, policy: Result<&Policy, &String>) -> Result<bool, String> {
    let Some(inputs) = &stored.inputs else { return Ok(false) };
    let policy = policy.map_err(Clone::clone)?;
    let inputs: DecisionInputs =
        serde_json::from_slice(inputs).map_err(|_| "its inputs can't be read by this version".to_owned())?;
    let decision = serde_json::to_vec(&decide(policy, &inputs, stored.ordinal))
        .map_err(|_| "the new decision can't be written".to_owned())?;
    if decision == stored.decision {
        return Ok(true);
    }
    let at = decision.iter().zip(&stored.decision).take_while(|(new, old)| new == old).count();
    Err(format!("differs from byte {at} on"))
}
