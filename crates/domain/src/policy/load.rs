//! From the text of a policy file to a checked [`Policy`]: all faults at once, each with line and column.

mod escalation;
mod learning;
mod people;
mod rules;

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use jiff::SignedDuration;
use sha2::{Digest, Sha256};
use toml::Spanned;

use super::document::{CategoryDocument, DefaultDocument, Document, PriorityDocument, QueueDocument, SquadDocument};
use super::error::{PolicyError, PolicyErrors};
use super::place::{self, Place};
use super::{
    AnsweringPolicy, Category, ConfirmationPolicy, DefaultOutcome, Policy, Priority, Queue, Squad, Tracker, examples,
    facts,
};
use crate::ids::{CategoryId, ChannelId, PersonId, PolicyHash, PriorityId, QueueId, SquadId};
use crate::sla::{BusinessHours, SlaTarget};

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

fn is_slack_id(text: &str, kinds: &[char]) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    text.len() > 1 && text.starts_with(kinds) && text.bytes().all(capital)
}

/// Lengths of time that somebody may mean.
#[derive(Clone, Copy)]
struct Lengths {
    least: SignedDuration,
    most: SignedDuration,
}

/// Nobody reminds, answers or resolves faster than a second, or plans for longer than a year.
const LENGTHS: Lengths = Lengths { least: SignedDuration::from_secs(1), most: SignedDuration::from_hours(8_784) };
/// One author's messages within it are one request; a request waits for it.
const JOIN_WINDOWS: Lengths = Lengths { least: SignedDuration::from_nanos(1), most: SignedDuration::from_hours(24) };

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
            join_window: self.duration_of(&document.join_window, JOIN_WINDOWS),
            on_tracker_done: document.on_tracker_done,
            reopen_within: self.duration(&document.reopen_within),
            write_back: document.write_back.clone(),
            auto_bounds: self.auto_bounds(document),
            confirmation: self.confirmation(document),
            answering: AnsweringPolicy {
                wait: self.duration(&document.answering.wait),
                search_within: self.duration(&document.answering.search_within),
                ask_back: document.answering.ask_back,
                on_silence: document.answering.on_silence,
            },
            rights: self.rights(document),
            default: self.default_outcome(&document.default, &names),
            squads: self.squads(document, &names),
            queues: self.queues(document),
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
        self.duration_of(text, LENGTHS)
    }

    fn duration_of(&mut self, text: &Spanned<String>, sensible: Lengths) -> SignedDuration {
        let written = text.get_ref();
        let fault = match written.parse::<SignedDuration>() {
            Ok(length) if length < sensible.least && length.is_positive() => {
                format!("`{written}` is too short: give at least {:#}", sensible.least)
            }
            Ok(length) if length > sensible.most => {
                format!("`{written}` is too long: give at most {:#}", sensible.most)
            }
            Ok(length) if length.is_positive() => return length,
            _ => format!(
                "`{written}` is no length of time: write for example \"45s\", \"15m\", \"4h\" or \"1h 30m\"; a day is \"24h\""
            ),
        };
        self.fault(&text.span(), fault);
        sensible.least
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
        self.named(&written.channel.span(), "squad", id);
        if written.members().is_empty() {
            let span = written.members.as_ref().map_or_else(|| written.channel.span(), Spanned::span);
            let fault =
                format!("the squad `{id}` has no members: list whom its alerts call and who acts, members = [\"U…\"]");
            self.fault(&span, fault);
        }
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
            mention: self.mention(written),
            members: self.members(written.members()),
            capacity: (*written.capacity.get_ref()).max(1),
            queue: written.queue.as_ref().map(|name| self.queue(name, names)),
            tracker: Tracker {
                project: written.project.clone(),
                issue_type: written.issue_type.clone(),
                done_status: written.done_status.clone(),
                undone_status: written.undone_status.clone().unwrap_or_else(|| written.done_status.clone()),
            },
            escalation: written.escalation.as_ref().map(|name| name.get_ref().clone()),
            hours: works,
        }
    }

    /// Who is called by name in the squad's alerts; where nothing is written, all of it.
    fn mention(&mut self, written: &SquadDocument) -> Vec<PersonId> {
        let everybody = |name: &&Spanned<String>| name.get_ref() == "squad";
        let Some(names) = &written.mention else {
            return written.members().iter().map(|name| PersonId::new(name.get_ref())).collect();
        };
        let squad = names.iter().find(everybody).map(|_| written.members()).into_iter().flatten();
        let mut called: Vec<PersonId> = squad.map(|name| PersonId::new(name.get_ref())).collect();
        for name in names.iter().filter(|name| !everybody(name)) {
            let person = self.person(name, "a Slack user id (U…) or \"squad\"");
            called.extend(person.filter(|person| !called.contains(person)));
        }
        called
    }

    fn queues(&mut self, document: &Document) -> BTreeMap<QueueId, Queue> {
        let mut found = BTreeMap::new();
        for (id, written) in &document.queues {
            self.named(&written.span(), "queue", id);
            let QueueDocument { name, helpdesk } = written.get_ref();
            let name = name.clone().unwrap_or_else(|| id.clone());
            let helpdesk = helpdesk.clone().unwrap_or_else(|| name.clone());
            found.insert(QueueId::new(id), Queue { name, helpdesk });
        }
        found
    }

    fn hours(&mut self, document: &Document) -> BTreeMap<String, BusinessHours> {
        let mut found = BTreeMap::new();
        for (name, written) in &document.hours {
            self.named(&written.span(), "set of business hours", name);
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

    /// What has a name can be spoken of, in the audit trail too.
    fn named(&mut self, span: &Range<usize>, what: &str, name: &str) {
        if name.trim().is_empty() {
            self.fault(span, format!("this {what} has no name: give it one of letters, digits, - or _"));
        }
    }

    fn once(&mut self, name: &Spanned<String>, what: &str, seen: &mut BTreeSet<String>) {
        self.named(&name.span(), what, name.get_ref());
        if !seen.insert(name.get_ref().clone()) {
            self.fault(&name.span(), format!("the {what} `{}` is defined twice: rename one", name.get_ref()));
        }
    }
}

/// The names that references may use.
struct Names<'document> {
    squads: BTreeSet<&'document str>,
    queues: BTreeSet<&'document str>,
    priorities: BTreeSet<&'document str>,
    categories: BTreeSet<&'document str>,
    areas: BTreeSet<&'document str>,
    escalations: BTreeSet<&'document str>,
}

impl<'document> Names<'document> {
    fn of(document: &'document Document) -> Self {
        Self {
            squads: document.squads.keys().map(String::as_str).collect(),
            queues: document.queues.keys().map(String::as_str).collect(),
            priorities: document.priorities.iter().map(|priority| priority.id.get_ref().as_str()).collect(),
            categories: document.categories.iter().map(|category| category.id.get_ref().as_str()).collect(),
            areas: document
                .categories
                .iter()
                .map(|category| category.area.as_str())
                .filter(|area| !area.is_empty())
                .collect(),
            escalations: document.escalation.keys().map(String::as_str).collect(),
        }
    }

    /// What conditions may name.
    fn known(&self) -> facts::Known {
        let owned = |names: &BTreeSet<&str>| names.iter().map(|name| (*name).to_owned()).collect();
        facts::Known {
            squads: owned(&self.squads),
            queues: owned(&self.queues),
            priorities: owned(&self.priorities),
            categories: owned(&self.categories),
            areas: owned(&self.areas),
        }
    }
}
