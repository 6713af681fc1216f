//! From the text of a policy file to a checked [`Policy`]: all faults at once, each with line and column.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::condition::Condition;
use super::document::{
    CategoryDocument, DefaultDocument, Document, EscalationDocument, LevelDocument, PriorityDocument, RuleDocument,
    SquadDocument,
};
use super::error::{PolicyError, PolicyErrors};
use super::people::{Holder, Right, Rights};
use super::place::{self, Place};
use super::{
    Category, ConfirmationPolicy, DefaultOutcome, EscalationLevel, EscalationPolicy, Policy, Priority, Queue, Rule,
    Squad, Tracker, examples, facts,
};
use crate::ids::{CategoryId, ChannelId, PersonId, PolicyHash, PriorityId, QueueId, RuleId, SquadId};
use crate::sla::{BusinessHours, SlaTarget};
use crate::ticket::Severity;

impl Policy {
    /// Reads and checks a policy file.
    ///
    /// # Errors
    /// Unknown keys, unknown names, conditions that don't type-check, examples that don't hold.
    pub fn load(source: &str) -> Result<Self, PolicyErrors> {
        let document: Document = toml::from_str(source).map_err(|error| {
            let span = error.span().unwrap_or(0..0);
            PolicyErrors(vec![fault_at(place::of(source, span.start), error.message().to_owned())])
        })?;
        let mut check = Check { source, errors: Vec::new() };
        let policy = check.policy(&document);
        if check.errors.is_empty() {
            for (span, message) in examples::failures(&policy, &document.rules) {
                check.fault(&span, message);
            }
        }
        if check.errors.is_empty() {
            return Ok(policy);
        }
        check.errors.sort_by_key(|error| (error.line, error.column));
        Err(PolicyErrors(check.errors))
    }
}

fn fault_at(place: Place, message: String) -> PolicyError {
    PolicyError { line: place.line, column: place.column, message }
}

/// What rules may have carried out. The other actions follow from what people do.
const PLANNED: &[&str] = &[OPENS, "comment", "set_priority"];
/// The action that the others are about.
const OPENS: &str = "create_issue";

fn is_slack_id(text: &str, kinds: &[char]) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.len() > 1 && text.starts_with(kinds) && text.bytes().all(capital)
}

/// Collects faults while the document becomes a policy. After a fault it goes on with a stand-in, so that all
/// faults show at once; the stand-in is never used, because faults refuse the policy.
struct Check<'source> {
    source: &'source str,
    errors: Vec<PolicyError>,
}

impl Check<'_> {
    fn fault(&mut self, span: &Range<usize>, message: impl Into<String>) {
        self.errors.push(fault_at(place::of(self.source, span.start), message.into()));
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
            // What was left out stands nowhere in the file.
            let spans = [written.remind_after.span(), written.expire_after.span()];
            let span = spans.iter().find(|span| !span.is_empty()).cloned().unwrap_or_default();
            self.fault(&span, "remind_after must be shorter than expire_after: remind before the card expires");
        }
        ConfirmationPolicy { remind_after, expire_after, on_expiry: written.on_expiry }
    }

    fn rights(&mut self, document: &Document) -> Rights {
        let groups: BTreeMap<String, Vec<PersonId>> =
            document.groups.iter().map(|(name, members)| (name.clone(), self.members(members))).collect();
        let written = [
            (Right::Confirm, &document.rights.confirm),
            (Right::Escalate, &document.rights.escalate),
            (Right::Claim, &document.rights.claim),
            (Right::Settle, &document.rights.settle),
        ];
        let holders = written
            .into_iter()
            .map(|(right, names)| {
                if names.get_ref().is_empty() {
                    let message = "nobody would hold this right: write user ids (U…), \"squad\", \"internal\", \"anyone\" or \"group:NAME\"";
                    self.fault(&names.span(), message);
                }
                let holders = names.get_ref().iter().filter_map(|name| self.holder(name, &groups)).collect();
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
                None => {
                    let or = "a Slack user id (U…), \"squad\", \"internal\", \"anyone\" or \"group:NAME\"";
                    self.person(name, or).map(Holder::Person)
                }
            },
        }
    }

    fn person(&mut self, name: &Spanned<String>, or: &str) -> Option<PersonId> {
        let text = name.get_ref();
        if is_slack_id(text, &['U', 'W']) {
            return Some(PersonId::new(text.clone()));
        }
        self.fault(&name.span(), format!("`{text}` names nobody: write {or}"));
        None
    }

    /// People by their ids alone.
    fn members(&mut self, names: &[Spanned<String>]) -> Vec<PersonId> {
        let or = "a Slack user id (U…); it is in the person's profile under \"Copy member ID\"";
        names.iter().filter_map(|name| self.person(name, or)).collect()
    }

    fn channel(&mut self, name: &Spanned<String>) -> ChannelId {
        let text = name.get_ref();
        if !is_slack_id(text, &['C', 'G', 'D']) {
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
                    format!("`{}` is no length of time: write for example \"45s\", \"15m\", \"4h\" or \"1h 30m\"; a day is \"24h\"", text.get_ref()),
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
            Some(name) => hours.get(name.get_ref()).cloned().unwrap_or_else(|| {
                self.unknown(&name.span(), "set of business hours", name.get_ref(), hours.keys().map(String::as_str));
                BusinessHours::always()
            }),
        };
        Squad {
            name: written.name.clone().unwrap_or_else(|| id.to_owned()),
            channel: self.channel(&written.channel),
            members: self.members(&written.members),
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
                    self.fault(
                        &escalation.levels.span(),
                        format!("escalation policy `{name}` needs at least one level"),
                    );
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
            .filter_map(|name| self.person(name, "a Slack user id (U…) or \"squad\""))
            .collect();
        EscalationLevel {
            people,
            squad_too,
            channel: written.channel.as_ref().map(|name| self.channel(name)),
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
        for example in &written.examples {
            if let Some(name) = &example.get_ref().category {
                self.known(name, "category", &names.categories);
            }
            for squad in example.get_ref().load.keys().filter(|squad| !names.squads.contains(squad.as_str())) {
                self.unknown(&example.span(), "squad", squad, names.squads.iter().copied());
            }
        }
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
        for fault in faults {
            let inner = Place { line: fault.line, column: fault.column };
            let hint = fault.hint.map(|hint| format!(" ({hint})")).unwrap_or_default();
            let place = place::within(self.source, written.span(), inner);
            self.errors.push(fault_at(place, format!("{}{hint}", fault.message)));
        }
        None
    }

    fn actions(&mut self, names: &[Spanned<String>]) -> Vec<String> {
        let opens_an_issue = names.iter().any(|name| name.get_ref() == OPENS);
        let mut seen = BTreeSet::new();
        for name in names {
            let action = name.get_ref().as_str();
            if !PLANNED.contains(&action) {
                let known = PLANNED.join(", ");
                self.fault(&name.span(), format!("rules can't ask for the action `{action}`; they can for: {known}"));
            } else if !seen.insert(action) {
                self.fault(
                    &name.span(),
                    format!("`{action}` stands here twice: it would be carried out twice; remove one"),
                );
            } else if !opens_an_issue {
                self.fault(&name.span(), format!("`{action}` needs an issue: put \"{OPENS}\" before it"));
            }
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

fn queues(document: &Document) -> BTreeMap<QueueId, Queue> {
    document
        .queues
        .iter()
        .map(|(id, written)| (QueueId::new(id), Queue { name: written.name.clone().unwrap_or_else(|| id.clone()) }))
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
