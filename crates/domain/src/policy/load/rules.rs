//! `[[rules]]`: when they hold, and what follows.

use std::collections::BTreeSet;

use toml::Spanned;

use super::super::condition::{Condition, Vocabularies};
use super::super::document::RuleDocument;
use super::super::place::{self, Place};
use super::super::{Rule, facts};
use super::{Check, Names, fault_at};
use crate::action::Action;
use crate::decision::Mode;
use crate::ids::{CategoryId, RuleId, SquadId};
use crate::ticket::Severity;

/// What rules may have carried out. The other actions follow from what people do.
const PLANNED: &[&str] = &["create_issue", "create_story", "comment", "set_priority", "update_ticket", "post_message"];

/// Characters of a label; Jira takes no more, Shortcut 128.
const LABEL_MAX: usize = 128;

impl Check<'_> {
    pub(super) fn rules(&mut self, written: &[RuleDocument], names: &Names<'_>) -> Vec<Rule> {
        let mut seen = BTreeSet::new();
        let vocabularies = facts::vocabularies(&names.known());
        written.iter().filter_map(|rule| self.rule(rule, names, &vocabularies, &mut seen)).collect()
    }

    fn rule(
        &mut self,
        written: &RuleDocument,
        names: &Names<'_>,
        vocabularies: &Vocabularies,
        seen: &mut BTreeSet<String>,
    ) -> Option<Rule> {
        self.once(&written.id, "rule", seen);
        let when = self.condition(&written.when, vocabularies);
        for example in &written.examples {
            if let Some(name) = &example.get_ref().category {
                self.known(name, "category", &names.categories);
            }
            if let Some(name) = &example.get_ref().requested_priority {
                self.known(name, "priority", &names.priorities);
            }
            for squad in example.get_ref().load.keys().filter(|squad| !names.squads.contains(squad.as_str())) {
                self.unknown(&example.span(), "squad", squad, names.squads.iter().copied());
            }
            let queues = example.get_ref().helpdesk.iter().flat_map(|queues| queues.keys());
            for queue in queues.filter(|queue| !names.queues.contains(queue.as_str())) {
                self.unknown(&example.span(), "queue", queue, names.queues.iter().copied());
            }
        }
        let squads = self.squads_of(written, names);
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
            line: place::of(self.source, written.when.span().start).line,
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
            labels: self.labels(&written.labels),
            answer: self.answer(written),
            facts: self.facts(written),
            solve_with: self.solve_with(written),
        };
        Some(rule)
    }

    /// What waits for a person's confirmation a person answers; the card suggests how.
    fn answer(&mut self, written: &RuleDocument) -> bool {
        let Some(answer) = written.answer.as_ref().filter(|answer| *answer.get_ref()) else { return false };
        if *written.mode.get_ref() != Mode::Auto {
            let mend = "`answer` lets the bot answer by itself: write mode = \"auto\" beside it, or take it out";
            self.fault(&answer.span(), mend);
        }
        true
    }

    /// What the bot looks up it tells in an answer.
    fn facts(&mut self, written: &RuleDocument) -> Vec<String> {
        self.along_with_answer(written, &written.facts, "facts");
        written.facts.iter().map(|name| name.get_ref().clone()).collect()
    }

    /// What the bot does by itself, it does along with an answer.
    fn solve_with(&mut self, written: &RuleDocument) -> Vec<String> {
        self.along_with_answer(written, &written.solve_with, "solve_with");
        for name in &written.solve_with {
            let action = name.get_ref().as_str();
            if Action::NAMES.contains(&action) {
                let mend = format!(
                    "`solve_with` is for actions of your own, and `{action}` is one of Deskbell's: name an [actions.NAME] with custom = true"
                );
                self.fault(&name.span(), mend);
            } else if !Action::is_custom_name(action) {
                let mend = format!(
                    "`{action}` is no name of an action: write small letters, digits and underscores, such as \"unlock_account\""
                );
                self.fault(&name.span(), mend);
            }
        }
        written.solve_with.iter().map(|name| name.get_ref().clone()).collect()
    }

    fn along_with_answer(&mut self, written: &RuleDocument, names: &[Spanned<String>], key: &str) {
        let answers = written.answer.as_ref().is_some_and(|answer| *answer.get_ref());
        let mut seen = BTreeSet::new();
        for name in names {
            if !answers {
                let mend = format!(
                    "`{key}` goes along with an answer of the bot's: write answer = true beside it, or take it out"
                );
                self.fault(&name.span(), mend);
            } else if !seen.insert(name.get_ref().as_str()) {
                self.fault(&name.span(), format!("`{}` stands here twice: remove one", name.get_ref()));
            }
        }
    }

    /// Trackers take none with spaces.
    fn labels(&mut self, written: &[Spanned<String>]) -> BTreeSet<String> {
        let mut labels = BTreeSet::new();
        for label in written {
            let text = label.get_ref();
            if text.is_empty() || text.contains(char::is_whitespace) || text.chars().count() > LABEL_MAX {
                let mend = format!(
                    "{text:?} is no label: write 1 to {LABEL_MAX} characters without spaces, such as \"data-loss\""
                );
                self.fault(&label.span(), mend);
            } else if !labels.insert(text.clone()) {
                self.fault(&label.span(), format!("the label `{text}` stands here twice: remove one"));
            }
        }
        labels
    }

    fn squads_of(&mut self, written: &RuleDocument, names: &Names<'_>) -> Vec<SquadId> {
        if let Some(squads) = &written.squads {
            if written.squad.is_some() {
                let mend =
                    "`squad` and `squads` both stand here: keep `squad` for one, `squads` for those to choose from";
                self.fault(&squads.span(), mend);
            } else if squads.get_ref().is_empty() {
                self.fault(&squads.span(), "`squads` is empty: name squads to choose from, or leave it out");
            }
            let mut seen = BTreeSet::new();
            for name in squads.get_ref().iter().filter(|name| !seen.insert(name.get_ref().as_str())) {
                self.fault(&name.span(), format!("the squad `{}` stands here twice: remove one", name.get_ref()));
            }
        }
        let several = written.squads.iter().flat_map(Spanned::get_ref);
        written.squad.iter().chain(several).map(|name| self.squad(name, names)).collect()
    }

    /// A condition's own line and column become the file's.
    fn condition(&mut self, written: &Spanned<String>, vocabularies: &Vocabularies) -> Option<Condition> {
        let faults = match Condition::parse_with(written.get_ref(), facts::schema(), vocabularies) {
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

    pub(super) fn actions(&mut self, names: &[Spanned<String>]) -> Vec<String> {
        let opens = |name: &&Spanned<String>| Action::OPENING.contains(&name.get_ref().as_str());
        let opening = names.iter().find(opens).map(|name| name.get_ref().as_str());
        let mut seen = BTreeSet::new();
        for name in names {
            let action = name.get_ref().as_str();
            if action == "write_back" {
                let mend =
                    "`write_back` is no rule's: write write_back = [\"resolution\", \"handover\"] at the policy's top";
                self.fault(&name.span(), mend);
            } else if !PLANNED.contains(&action) {
                let known = PLANNED.join(", ");
                self.fault(&name.span(), format!("rules can't ask for the action `{action}`; they can for: {known}"));
            } else if !seen.insert(action) {
                self.fault(
                    &name.span(),
                    format!("`{action}` stands here twice: it would be carried out twice; remove one"),
                );
            } else if opening.is_none() && Action::ABOUT_THE_ISSUE.contains(&action) {
                self.fault(&name.span(), format!("`{action}` needs an issue: put \"create_issue\" before it"));
            } else if opens(&name) && opening != Some(action) {
                self.fault(
                    &name.span(),
                    "a ticket has one issue or story, which the others are about: keep \"create_issue\" or \"create_story\"",
                );
            }
        }
        names.iter().map(|name| name.get_ref().clone()).collect()
    }
}
