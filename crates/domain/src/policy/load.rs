//! From the text of a policy file to a checked [`Policy`]: all faults at once, each with line and column.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::condition::Condition;
use super::document::{
    CategoryDocument, DefaultDocument, Document, EscalationDocument, LevelDocument, PriorityDocument, RuleDocument,
    SquadDocument,
};
use super::people::{Holder, Right, Rights};
use super::{
    Category, ConfirmationPolicy, DefaultOutcome, EscalationLevel, EscalationPolicy, Policy, Priority, Queue, Rule,
    Squad, Tracker, examples, facts,
};
use crate::action::Action;
use crate::ids::{CategoryId, ChannelId, PersonId, PolicyHash, PriorityId, QueueId, RuleId, SquadId};
use crate::sla::{BusinessHours, SlaTarget};
use crate::ticket::Severity;

/// One fault of a policy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// From 1; 0 where the fault has no place.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// All faults of a policy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}

impl Policy {
    /// Reads and checks a policy file.
    ///
    /// # Errors
    /// Unknown keys, unknown names, conditions that don't type-check, examples that don't hold.
    pub fn load(source: &str) -> Result<Self, PolicyErrors> {
        let document: Document = toml::from_str(source).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            PolicyErrors(vec![place(source, span.start, error.message().to_owned())])
        })?;
        let mut check = Check { source, errors: Vec::new() };
        let policy = check.policy(&document);
        if check.errors.is_empty() {
            for (span, message) in examples::failures(&policy, &document.rules) {
                check.fault(&span, message);
            }
        }
        if check.errors.is_empty() { Ok(policy) } else { Err(PolicyErrors(check.errors)) }
    }
}

fn place(source: &str, offset: usize, message: String) -> PolicyError {
    let before = source.get(..offset).unwrap_or(source);
    let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
    PolicyError {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        message,
    }
}

/// Collects faults while the document becomes a policy. After a fault it goes on with a stand-in, so that all
/// faults show at once; the stand-in is never used, because faults refuse the policy.
struct Check<'source> {
    source: &'source str,
    errors: Vec<PolicyError>,
}

impl Check<'_> {
    fn fault(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.errors.push(place(self.source, span.start, message.into()));
    }

    fn policy(&mut self, document: &Document) -> Policy {
        let names = Names::of(document);
        Policy {
            hash: PolicyHash::new(hex::encode(Sha256::digest(self.source.as_bytes()))),
            triage_channel: self.channel(&document.triage_channel),
            ops_channel: self.channel(&document.ops_channel),
            join_window: self.duration(&document.join_window),
            confirmation: self.confirmation(document),
            rights: self.rights(document),
            default: self.default_outcome(&document.default, &names),
            squads: self.squads(document, &names),
            queues: queues(document),
            priorities: self.priorities(&document.priorities),
            categories: self.categories(&document.categories, &names),
            escalations: self.escalations(&document.escalation),
            rules: self.rules(&document.rules, &names),
        }
    }

    fn confirmation(&mut self, document: &Document) -> ConfirmationPolicy {
        let written = &document.confirmation;
        let remind_after = self.duration(&written.remind_after);
        let expire_after = self.duration(&written.expire_after);
        if remind_after >= expire_after {
            self.fault(
                &written.remind_after.span(),
                "remind_after must be shorter than expire_after: remind before the card expires",
            );
        }
        ConfirmationPolicy { remind_after, expire_after, on_expiry: written.on_expiry }
    }

    fn rights(&mut self, document: &Document) -> Rights {
        let groups: BTreeMap<String, Vec<PersonId>> = document
            .groups
            .iter()
            .map(|(name, members)| (name.clone(), members.iter().map(PersonId::new).collect()))
            .collect();
        let written = [
            (Right::Confirm, &document.rights.confirm),
            (Right::Escalate, &document.rights.escalate),
            (Right::Claim, &document.rights.claim),
            (Right::Settle, &document.rights.settle),
        ];
        let holders = written
            .into_iter()
            .map(|(right, names)| {
                let holders = names.iter().filter_map(|name| self.holder(name, &groups)).collect();
                (right, holders)
            })
            .collect();
        Rights { groups, holders }
    }

    fn holder(&mut self, name: &Spanned<String>, groups: &BTreeMap<String, Vec<PersonId>>) -> Option<Holder> {
        let text = name.get_ref().as_str();
        match text {
            "anyone" => Some(Holder::Anyone),
            "internal" => Some(Holder::Internal),
            "squad" => Some(Holder::Squad),
            _ => match text.strip_prefix("group:") {
                Some(group) if groups.contains_key(group) => Some(Holder::Group(group.to_owned())),
                Some(group) => {
                    self.unknown(&name.span(), "group", group, groups.keys().map(String::as_str));
                    None
                }
                None => self.person(name).map(Holder::Person),
            },
        }
    }

    fn person(&mut self, name: &Spanned<String>) -> Option<PersonId> {
        let text = name.get_ref();
        if text.starts_with(['U', 'W']) && text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Some(PersonId::new(text.clone()));
        }
        self.fault(
            &name.span(),
            format!(
                "`{text}` names nobody: write a Slack user id (U…), \"squad\", \"internal\", \"anyone\" or \"group:NAME\""
            ),
        );
        None
    }

    fn channel(&mut self, name: &Spanned<String>) -> ChannelId {
        let text = name.get_ref();
        if !text.starts_with(['C', 'G', 'D']) || !text.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            self.fault(
                &name.span(),
                format!(
                    "`{text}` is no channel id: open the channel's details in Slack and copy the id at the bottom (C…)"
                ),
            );
        }
        ChannelId::new(text.clone())
    }

    fn duration(&mut self, text: &Spanned<String>) -> SignedDuration {
        match text.get_ref().parse::<SignedDuration>() {
            Ok(duration) if duration.is_positive() => duration,
            _ => {
                self.fault(
                    &text.span(),
                    format!("`{}` is no length of time: write for example \"45s\", \"15m\", \"4h\" or \"1h 30m\"", text.get_ref()),
                );
                SignedDuration::from_secs(1)
            }
        }
    }

    fn default_outcome(&mut self, written: &DefaultDocument, names: &Names<'_>) -> DefaultOutcome {
        let by_urgency = &written.priority;
        DefaultOutcome {
            squad: self.squad(&written.squad, names),
            mode: self.mode(&written.mode),
            priorities: [&by_urgency.low, &by_urgency.normal, &by_urgency.high, &by_urgency.critical]
                .map(|name| self.priority(name, names)),
            actions: self.actions(&written.actions),
        }
    }

    fn mode(&mut self, mode: &Spanned<crate::decision::Mode>) -> crate::decision::Mode {
        if *mode.get_ref() == crate::decision::Mode::Shadow {
            self.fault(&mode.span(), "the default can't be `shadow`: something must happen; write `confirm` or `auto`");
        }
        *mode.get_ref()
    }

    fn squads(&mut self, document: &Document, names: &Names<'_>) -> BTreeMap<SquadId, Squad> {
        let hours = self.hours(document);
        document
            .squads
            .iter()
            .map(|(id, written)| (SquadId::new(id), self.squad_of(id, written, names, &hours)))
            .collect()
    }

    fn squad_of(
        &mut self,
        id: &str,
        written: &SquadDocument,
        names: &Names<'_>,
        hours: &BTreeMap<String, BusinessHours>,
    ) -> Squad {
        if *written.capacity.get_ref() == 0 {
            self.fault(&written.capacity.span(), "capacity must be at least 1: open tickets the squad can carry");
        }
        if let Some(name) = &written.escalation {
            self.known(name, "escalation policy", &names.escalations);
        }
        let works = match &written.hours {
            None => BusinessHours::always(),
            Some(name) => match hours.get(name.get_ref()) {
                Some(found) => found.clone(),
                None => {
                    self.unknown(&name.span(), "business hours", name.get_ref(), hours.keys().map(String::as_str));
                    BusinessHours::always()
                }
            },
        };
        Squad {
            name: written.name.clone().unwrap_or_else(|| id.to_owned()),
            channel: self.channel(&written.channel),
            members: written.members.iter().map(PersonId::new).collect(),
            capacity: (*written.capacity.get_ref()).max(1),
            queue: written.queue.as_ref().map(|name| self.queue(name, names)),
            tracker: Tracker {
                project: written.project.clone(),
                issue_type: written.issue_type.clone(),
                done_status: written.done_status.clone(),
            },
            escalation: written.escalation.as_ref().map(|name| name.get_ref().clone()),
            hours: works,
        }
    }

    fn hours(&mut self, document: &Document) -> BTreeMap<String, BusinessHours> {
        let mut found = BTreeMap::new();
        for (name, written) in &document.hours {
            match written.get_ref().clone().try_into::<BusinessHours>() {
                Ok(hours) => {
                    found.insert(name.clone(), hours);
                }
                Err(error) => {
                    self.fault(&written.span(), format!("business hours `{name}`: {}", error.message()));
                    found.insert(name.clone(), BusinessHours::always());
                }
            }
        }
        found
    }

    fn priorities(&mut self, written: &[PriorityDocument]) -> Vec<Priority> {
        let mut seen = BTreeSet::new();
        written
            .iter()
            .map(|priority| {
                self.once(&priority.id, "priority", &mut seen);
                Priority {
                    id: PriorityId::new(priority.id.get_ref()),
                    name: priority.name.clone().unwrap_or_else(|| priority.id.get_ref().clone()),
                    tracker: priority.tracker.clone(),
                    sla: SlaTarget {
                        first_response: priority.first_response.as_ref().map(|text| self.duration(text)),
                        resolution: priority.resolution.as_ref().map(|text| self.duration(text)),
                    },
                }
            })
            .collect()
    }

    fn categories(&mut self, written: &[CategoryDocument], names: &Names<'_>) -> Vec<Category> {
        let mut seen = BTreeSet::new();
        written
            .iter()
            .map(|category| {
                self.once(&category.id, "category", &mut seen);
                Category {
                    id: CategoryId::new(category.id.get_ref()),
                    name: category.name.clone().unwrap_or_else(|| category.id.get_ref().clone()),
                    area: category.area.clone(),
                    squad: category.squad.as_ref().map(|name| self.squad(name, names)),
                    keywords: category.keywords.clone(),
                    examples: category.examples.clone(),
                }
            })
            .collect()
    }

    fn escalations(&mut self, written: &BTreeMap<String, EscalationDocument>) -> BTreeMap<String, EscalationPolicy> {
        written
            .iter()
            .map(|(name, escalation)| {
                if escalation.levels.get_ref().is_empty() {
                    self.fault(&escalation.levels.span(), format!("escalation policy `{name}` needs at least one level"));
                }
                let levels = escalation.levels.get_ref().iter().map(|level| self.level(level)).collect();
                (name.clone(), EscalationPolicy { levels })
            })
            .collect()
    }

    fn level(&mut self, written: &LevelDocument) -> EscalationLevel {
        let squad_too = written.notify.iter().any(|name| name.get_ref() == "squad");
        let people = written
            .notify
            .iter()
            .filter(|name| name.get_ref() != "squad")
            .filter_map(|name| self.person(name))
            .collect();
        EscalationLevel {
            people,
            squad_too,
            channel: written.channel.as_deref().map(ChannelId::from),
            acknowledge_within: self.duration(&written.acknowledge_within),
        }
    }

    fn rules(&mut self, written: &[RuleDocument], names: &Names<'_>) -> Vec<Rule> {
        let mut seen = BTreeSet::new();
        written.iter().filter_map(|rule| self.rule(rule, names, &mut seen)).collect()
    }

    fn rule(&mut self, written: &RuleDocument, names: &Names<'_>, seen: &mut BTreeSet<String>) -> Option<Rule> {
        self.once(&written.id, "rule", seen);
        let when = self.condition(&written.when);
        let squads = written.squad.iter().chain(&written.squads).map(|name| self.squad(name, names)).collect();
        let severity = written.severity.as_ref().and_then(|level| match Severity::try_from(*level.get_ref()) {
            Ok(severity) => Some(severity),
            Err(message) => {
                self.fault(&level.span(), message);
                None
            }
        });
        let rule = Rule {
            id: RuleId::new(written.id.get_ref()),
            description: written.description.clone(),
            when: when?,
            mode: *written.mode.get_ref(),
            squads,
            queue: written.queue.as_ref().map(|name| self.queue(name, names)),
            priority: written.priority.as_ref().map(|name| self.priority(name, names)),
            severity,
            category: written.category.as_ref().map(|name| {
                self.known(name, "category", &names.categories);
                CategoryId::new(name.get_ref())
            }),
            actions: written.actions.as_ref().map(|actions| self.actions(actions)),
        };
        Some(rule)
    }

    /// A condition's own line and column become the file's.
    fn condition(&mut self, written: &Spanned<String>) -> Option<Condition> {
        let faults = match Condition::parse(written.get_ref(), facts::schema()) {
            Ok(condition) => return Some(condition),
            Err(faults) => faults,
        };
        let span = written.span();
        let start = span.start + opening(self.source.get(span).unwrap_or_default());
        let origin = place(self.source, start, String::new());
        for fault in faults {
            let column = if fault.line == 1 { origin.column + fault.column - 1 } else { fault.column };
            let hint = fault.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            self.errors.push(PolicyError {
                line: origin.line + fault.line - 1,
                column,
                message: format!("{}{hint}", fault.message),
            });
        }
        None
    }

    fn actions(&mut self, names: &[Spanned<String>]) -> Vec<String> {
        for name in names {
            self.known(name, "action", &Action::NAMES.iter().copied().collect());
        }
        names.iter().map(|name| name.get_ref().clone()).collect()
    }

    fn squad(&mut self, name: &Spanned<String>, names: &Names<'_>) -> SquadId {
        self.known(name, "squad", &names.squads);
        SquadId::new(name.get_ref())
    }

    fn queue(&mut self, name: &Spanned<String>, names: &Names<'_>) -> QueueId {
        self.known(name, "queue", &names.queues);
        QueueId::new(name.get_ref())
    }

    fn priority(&mut self, name: &Spanned<String>, names: &Names<'_>) -> PriorityId {
        self.known(name, "priority", &names.priorities);
        PriorityId::new(name.get_ref())
    }

    fn known(&mut self, name: &Spanned<String>, what: &str, known: &BTreeSet<&str>) {
        if !known.contains(name.get_ref().as_str()) {
            self.unknown(&name.span(), what, name.get_ref(), known.iter().copied());
        }
    }

    fn unknown<'a>(&mut self, span: &Range<usize>, what: &str, name: &str, known: impl Iterator<Item = &'a str>) {
        let known: Vec<&str> = known.collect();
        let mend = if known.is_empty() {
            format!("none is defined in this file: add a {what} or leave the key out")
        } else {
            format!("known are: {}", known.join(", "))
        };
        self.fault(span, format!("there is no {what} `{name}`; {mend}"));
    }

    fn once(&mut self, name: &Spanned<String>, what: &str, seen: &mut BTreeSet<String>) {
        if !seen.insert(name.get_ref().clone()) {
            self.fault(&name.span(), format!("the {what} `{}` is defined twice: rename one", name.get_ref()));
        }
    }
}

/// Bytes from the opening quote to the text of a TOML string; a newline right after `'''` is not part of it.
fn opening(literal: &str) -> usize {
    let quotes = if literal.starts_with("'''") || literal.starts_with("\"\"\"") { 3 } else { 1 };
    let rest = literal.get(quotes..).unwrap_or_default();
    let newline = if quotes == 3 && rest.starts_with("\r\n") { 2 } else { usize::from(quotes == 3 && rest.starts_with('\n')) };
    quotes + newline
}

fn queues(document: &Document) -> BTreeMap<QueueId, Queue> {
    document
        .queues
        .iter()
        .map(|(id, written)| {
            (QueueId::new(id), Queue { name: written.name.clone().unwrap_or_else(|| id.clone()) })
        })
        .collect()
}

/// The names that references may use.
struct Names<'document> {
    squads: BTreeSet<&'document str>,
    queues: BTreeSet<&'document str>,
    priorities: BTreeSet<&'document str>,
    categories: BTreeSet<&'document str>,
    escalations: BTreeSet<&'document str>,
}

impl<'document> Names<'document> {
    fn of(document: &'document Document) -> Self {
        Self {
            squads: document.squads.keys().map(String::as_str).collect(),
            queues: document.queues.keys().map(String::as_str).collect(),
            priorities: document.priorities.iter().map(|priority| priority.id.get_ref().as_str()).collect(),
            categories: document.categories.iter().map(|category| category.id.get_ref().as_str()).collect(),
            escalations: document.escalation.keys().map(String::as_str).collect(),
        }
    }
}
