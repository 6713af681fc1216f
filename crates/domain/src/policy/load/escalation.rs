//! `[escalation]`: who is alerted in turn.

use std::collections::BTreeMap;

use super::super::document::{EscalationDocument, LevelDocument};
use super::super::{EscalationLevel, EscalationPolicy};
use super::Check;

/// Calls of the last level after its first one: whoever did not hear ten will not hear more.
const REPEATS_MAX: u32 = 10;

impl Check<'_> {
    pub(super) fn escalations(
        &mut self,
        written: &BTreeMap<String, EscalationDocument>,
    ) -> BTreeMap<String, EscalationPolicy> {
        written
            .iter()
            .map(|(name, escalation)| {
                self.named(&escalation.levels.span(), "escalation policy", name);
                if escalation.levels.get_ref().is_empty() {
                    self.fault(
                        &escalation.levels.span(),
                        format!("escalation policy `{name}` needs at least one level"),
                    );
                }
                let repeat = *escalation.repeat.get_ref();
                if repeat > REPEATS_MAX {
                    self.fault(
                        &escalation.repeat.span(),
                        format!("repeat = {repeat} calls the last level for too long: write 0 to {REPEATS_MAX}"),
                    );
                }
                let levels = escalation.levels.get_ref().iter().map(|level| self.level(level)).collect();
                (name.clone(), EscalationPolicy { levels, repeat })
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
}
