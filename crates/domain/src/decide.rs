//! `decide`: a pure function of policy and inputs. The same inputs give the same decision to the byte.
//!
//! Strictness orders only how far it goes: the strictest mode and the worst severity of all matching rules win.
//! Who acts is another question: the most specific matching rule names the squad, and among equally specific
//! ones the squad with the lowest open load per capacity, then the one that stands first in the policy.
//! The priority is a rule's, else the requester's choice where they hold the right, else it follows the urgency.

use crate::assessment::Confidence;
use crate::decision::{Decision, DecisionInputs, MatchedRule, Mode};
use crate::ids::{PriorityId, QueueId, SquadId};
use crate::policy::{Policy, Right, Rule, facts};
use crate::ticket::Severity;
use crate::workflow::event::Person;

/// Decides. `ordinal` counts the ticket's decisions from 1.
pub fn decide(policy: &Policy, inputs: &DecisionInputs, ordinal: u32) -> Decision {
    let mut warnings = inputs.assessment.warnings.clone();
    warnings.extend(inputs.lapses.iter().map(ToString::to_string));
    let Matching { rules: matching, is_whole } = matching_rules(policy, inputs, &mut warnings);
    let acting: Vec<&Rule> = matching.iter().copied().filter(|rule| rule.mode != Mode::Shadow).collect();
    let mode = mode(policy, inputs, &acting, &mut warnings);
    // A rule that could not be evaluated might have asked a person.
    let mode = if is_whole { mode } else { mode.max(Mode::Confirm) };

    let candidates = candidates(policy, inputs, &acting);
    let default = Candidate::fallback(policy, inputs);
    let chosen = candidates.first().unwrap_or(&default);
    let runner_up = candidates
        .iter()
        .chain(std::iter::once(&default))
        .find(|candidate| candidate.squad != chosen.squad)
        .map(|candidate| candidate.squad.clone());
    let priority = priority(policy, inputs, &acting, &chosen.squad);
    let (first_response_due_at, resolution_due_at) =
        due_times(policy, &chosen.squad, &priority, inputs.ticket.received_at, &mut warnings);

    Decision {
        policy: policy.hash.clone(),
        at: inputs.now,
        ordinal,
        mode,
        answer: mode == Mode::Auto && acting.iter().any(|rule| rule.answer),
        facts: if mode == Mode::Auto { all_of(&acting, |rule| &rule.facts) } else { Vec::new() },
        solve_with: if mode == Mode::Auto { all_of(&acting, |rule| &rule.solve_with) } else { Vec::new() },
        squad: chosen.squad.clone(),
        queue: queue(policy, &acting, &chosen.squad),
        priority,
        severity: severity(inputs.ticket.severity, &acting),
        category: first_of(&acting, |rule| rule.category.clone())
            .or_else(|| inputs.assessment.category.as_ref().map(|judged| judged.value.clone())),
        actions: first_of(&acting, |rule| rule.actions.clone()).unwrap_or_else(|| policy.default.actions.clone()),
        labels: acting.iter().flat_map(|rule| rule.labels.iter().cloned()).collect(),
        reason: reason(chosen, &candidates),
        runner_up,
        matched: matching.iter().map(|rule| matched(policy, inputs, rule)).collect(),
        warnings,
        first_response_due_at,
        resolution_due_at,
    }
}

/// What all of them let the bot do, each once.
fn all_of(acting: &[&Rule], lets: impl Fn(&Rule) -> &[String]) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in acting.iter().flat_map(|rule| lets(rule)) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}

/// Below this probability a person is asked whether it is a request at all, whatever the rules say.
const DOUBTFUL_BELOW: f64 = 0.5;

/// The rules whose conditions hold.
struct Matching<'policy> {
    /// The most specific first; the order of the file among equals.
    rules: Vec<&'policy Rule>,
    /// Every rule that acts could be evaluated.
    is_whole: bool,
}

fn matching_rules<'policy>(
    policy: &'policy Policy,
    inputs: &DecisionInputs,
    warnings: &mut Vec<String>,
) -> Matching<'policy> {
    let facts = match facts::inputs(policy, inputs) {
        Ok(facts) => facts,
        Err(error) => {
            warnings.push(format!("no rule could be evaluated: {error}"));
            return Matching { rules: Vec::new(), is_whole: policy.rules.is_empty() };
        }
    };
    let mut is_whole = true;
    let mut rules: Vec<&Rule> = policy
        .rules
        .iter()
        .filter(|rule| match rule.when.evaluate(&facts) {
            Ok(matches) => matches,
            Err(error) => {
                is_whole &= rule.mode == Mode::Shadow;
                warnings.push(format!("rule {} did not count: {error}", rule.id));
                false
            }
        })
        .collect();
    rules.sort_by_key(|rule| std::cmp::Reverse(rule.when.specificity()));
    Matching { rules, is_whole }
}

/// The strictest mode. Nothing is carried out at once that may be no request; and what would be because of what the assessor said
/// waits for a person all the same where the assessor is less sure than experience with its answers allows.
fn mode(policy: &Policy, inputs: &DecisionInputs, acting: &[&Rule], warnings: &mut Vec<String>) -> Mode {
    let strictest = acting.iter().map(|rule| rule.mode).max().unwrap_or(policy.default.mode);
    if inputs.assessment.request_probability() < DOUBTFUL_BELOW {
        warnings.push("it may be no request at all".to_owned());
        return strictest.max(Mode::Confirm);
    }
    let hangs_on_the_assessment = acting.is_empty() || acting.iter().any(|rule| rule.when.reads("assessment"));
    let (Mode::Auto, Some(from), true) = (strictest, inputs.auto_from, hangs_on_the_assessment) else {
        return strictest;
    };
    let category = inputs.assessment.category.as_ref();
    let sure = category.map_or(Confidence::NONE, |judged| judged.confidence);
    if sure >= from {
        return Mode::Auto;
    }
    let what = category.map_or("what has no category", |judged| judged.value.as_str());
    warnings.push(format!(
        "asks a person: {} % sure, and {what} is carried out by itself from {} % on",
        sure.percent(),
        from.percent()
    ));
    Mode::Confirm
}

/// A squad that a rule names.
struct Candidate {
    squad: SquadId,
    specificity: u32,
    load: u32,
    rule: Option<crate::ids::RuleId>,
}

impl Candidate {
    fn fallback(policy: &Policy, inputs: &DecisionInputs) -> Self {
        let squad = policy.default.squad.clone();
        Self { load: load_per_capacity(policy, inputs, &squad), squad, specificity: 0, rule: None }
    }
}

/// Best first: most specific, least loaded, first in the file (the sort is stable).
fn candidates(policy: &Policy, inputs: &DecisionInputs, acting: &[&Rule]) -> Vec<Candidate> {
    let mut candidates: Vec<Candidate> = acting
        .iter()
        .flat_map(|rule| {
            rule.squads.iter().map(|squad| Candidate {
                squad: squad.clone(),
                specificity: rule.when.specificity(),
                load: load_per_capacity(policy, inputs, squad),
                rule: Some(rule.id.clone()),
            })
        })
        .collect();
    candidates.sort_by_key(|candidate| (std::cmp::Reverse(candidate.specificity), candidate.load));
    candidates
}

/// Open tickets per 1000 of capacity.
fn load_per_capacity(policy: &Policy, inputs: &DecisionInputs, squad: &SquadId) -> u32 {
    let open = inputs.load.squads.get(squad).copied().unwrap_or(0);
    let capacity = policy.squad(squad).map_or(1, |squad| squad.capacity.max(1));
    open.saturating_mul(1000) / capacity
}

fn first_of<T>(acting: &[&Rule], pick: impl Fn(&Rule) -> Option<T>) -> Option<T> {
    acting.iter().find_map(|rule| pick(rule))
}

/// A rule's; else the one that the requester chose, if they may; else by the urgency.
fn priority(policy: &Policy, inputs: &DecisionInputs, acting: &[&Rule], squad: &SquadId) -> PriorityId {
    let settled = first_of(acting, |rule| rule.priority.clone());
    settled.or_else(|| requested_priority(policy, inputs, squad)).unwrap_or_else(|| {
        let [low, normal, high, critical] = &policy.default.priorities;
        match inputs.assessment.urgency.value {
            crate::assessment::Urgency::Low => low.clone(),
            crate::assessment::Urgency::Normal => normal.clone(),
            crate::assessment::Urgency::High => high.clone(),
            crate::assessment::Urgency::Critical => critical.clone(),
        }
    })
}

fn requested_priority(policy: &Policy, inputs: &DecisionInputs, squad: &SquadId) -> Option<PriorityId> {
    let requested = inputs.ticket.requested_priority.as_ref()?;
    let by = Person { id: requested.by.clone(), is_external: inputs.ticket.requester_is_external };
    let counts = policy.priority(&requested.priority).is_some() && policy.allows(Right::SetPriority, &by, Some(squad));
    counts.then(|| requested.priority.clone())
}

fn queue(policy: &Policy, acting: &[&Rule], squad: &SquadId) -> Option<QueueId> {
    // A rule that wants another squad does not speak for this one's queue.
    let speaks = |rule: &Rule| rule.squads.is_empty() || rule.squads.contains(squad);
    first_of(acting, |rule| rule.queue.clone().filter(|_| speaks(rule)))
        .or_else(|| policy.squad(squad).and_then(|squad| squad.queue.clone()))
}

fn severity(so_far: Severity, acting: &[&Rule]) -> Severity {
    acting.iter().filter_map(|rule| rule.severity).fold(so_far, Severity::min)
}

/// When the clocks of this squad and priority run out, counted from the ticket's arrival.
pub fn due_times(
    policy: &Policy,
    squad: &SquadId,
    priority: &PriorityId,
    received_at: jiff::Timestamp,
    warnings: &mut Vec<String>,
) -> (Option<jiff::Timestamp>, Option<jiff::Timestamp>) {
    let (Some(squad), Some(priority)) = (policy.squad(squad), policy.priority(priority)) else {
        return (None, None);
    };
    let mut due = |target: Option<jiff::SignedDuration>| {
        let within = target?;
        match squad.hours.add_business(received_at, within) {
            Ok(due) => Some(due),
            Err(error) => {
                warnings.push(format!("no due time for {}: {error}", squad.name));
                None
            }
        }
    };
    (due(priority.sla.first_response), due(priority.sla.resolution))
}

fn reason(chosen: &Candidate, candidates: &[Candidate]) -> String {
    let Some(rule) = &chosen.rule else {
        return format!("no rule names a squad; {} is the default", chosen.squad);
    };
    let rivals: Vec<&Candidate> = candidates
        .iter()
        .filter(|candidate| candidate.squad != chosen.squad && candidate.specificity == chosen.specificity)
        .collect();
    match rivals.first() {
        None => format!("rule {rule} is the most specific that matches and names {}", chosen.squad),
        Some(rival) if rival.load == chosen.load => format!(
            "{} and {} are equally specific and equally loaded; {} stands first in the policy",
            chosen.squad, rival.squad, chosen.squad
        ),
        Some(rival) => format!(
            "{} and {} are equally specific; {} has less open work for its capacity ({} % against {} %)",
            chosen.squad,
            rival.squad,
            chosen.squad,
            percent(chosen.load),
            percent(rival.load)
        ),
    }
}

/// Thousandths as per cent, exact: two loads that differ read differently.
fn percent(thousandths: u32) -> String {
    match thousandths % 10 {
        0 => (thousandths / 10).to_string(),
        tenth => format!("{}.{tenth}", thousandths / 10),
    }
}

fn matched(policy: &Policy, inputs: &DecisionInputs, rule: &Rule) -> MatchedRule {
    let loads = rule.squads.iter().map(|squad| (squad, load_per_capacity(policy, inputs, squad)));
    let best = loads.min_by_key(|(_, load)| *load);
    MatchedRule {
        rule: rule.id.clone(),
        mode: rule.mode,
        specificity: rule.when.specificity(),
        squad: best.map(|(squad, _)| squad.clone()),
        load_per_capacity: best.map(|(_, load)| load),
    }
}
