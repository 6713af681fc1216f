//! Escalation levels and the clocks: who is alerted while nobody acts.

use serde_json::json;

use super::step::Scene;
use crate::audit::AuditKind;
use crate::ids::SquadId;
use crate::notice::NoticeKind;
use crate::policy::Right;
use crate::ticket::{Actor, Escalation};
use crate::workflow::effect::{Telling, Timer};
use crate::workflow::event::{Person, ReplyTo};

impl Scene<'_> {
    pub(super) fn escalate_pressed(&mut self, by: &Person, reply: ReplyTo) {
        if !self.permitted(Right::Escalate, by, &reply) {
            return;
        }
        if !self.ticket.status.is_open() {
            self.tell(by, Telling::TooLate, reply);
            return;
        }
        if self.escalation_is_under_way() {
            self.tell(by, Telling::AlreadyEscalated, reply);
            return;
        }
        self.escalate(Actor::Person(by.id.clone()));
        self.tell(by, Telling::Escalated, reply);
    }

    pub(super) fn escalation_is_under_way(&self) -> bool {
        self.ticket.escalation.as_ref().is_some_and(|running| running.acknowledged_by.is_none())
    }

    /// Raises the severity and alerts level 1.
    pub(super) fn escalate(&mut self, by: Actor) {
        let round = self.ticket.escalation.as_ref().map_or(1, |before| before.round + 1);
        self.ticket.severity = self.ticket.severity.raised();
        self.ticket.escalation =
            Some(Escalation { round, level: 0, since: self.now, by: by.clone(), acknowledged_by: None });
        self.audit(by, AuditKind::Escalated, json!({ "round": round, "severity": self.ticket.severity }));
        self.alert_level(1);
    }

    /// The ticket went to another squad while nobody had acknowledged: its level 1 is alerted, since a higher
    /// level of a squad that never heard of it would be the first to. The severity was raised already.
    pub(super) fn escalation_follows(&mut self, squad_before: Option<&SquadId>) {
        let alerted = squad_before.unwrap_or(&self.policy.default.squad);
        if !self.escalation_is_under_way() || self.ticket.squad.as_ref() == Some(alerted) {
            return;
        }
        if let Some(running) = &mut self.ticket.escalation {
            running.round += 1;
            running.level = 0;
            let detail = json!({ "round": running.round, "squad": self.ticket.squad });
            self.audit(Actor::Deskbell, AuditKind::Escalated, detail);
            self.alert_level(1);
        }
    }

    pub(super) fn escalate_to(&mut self, level: u32, round: u32) {
        let due = self.ticket.status.is_open()
            && self.ticket.escalation.as_ref().is_some_and(|running| {
                running.round == round && running.acknowledged_by.is_none() && running.level + 1 == level
            });
        if due {
            self.audit(Actor::Deskbell, AuditKind::Escalated, json!({ "round": round, "level": level }));
            self.alert_level(level);
        }
    }

    /// A squad without an escalation policy has one level: its own channel.
    fn alert_level(&mut self, level: u32) {
        let squad = self.ticket.squad.as_ref().unwrap_or(&self.policy.default.squad);
        let levels = self.policy.escalation_of(squad);
        let index = usize::try_from(level.saturating_sub(1)).unwrap_or(usize::MAX);
        let at_level = levels.get(index);
        let channel = at_level.and_then(|level| level.channel.clone()).unwrap_or_else(|| self.squad_channel());
        if let Some(running) = &mut self.ticket.escalation {
            running.level = level;
        }
        self.show_notices(|kind| matches!(kind, NoticeKind::EscalationAlert { .. } | NoticeKind::SquadAlert));
        self.notify(NoticeKind::EscalationAlert { level }, channel, None);
        let more = levels.len() > index + 1;
        let next = at_level.and_then(|level| self.now.checked_add(level.acknowledge_within).ok());
        if let (true, Some(at)) = (more, next) {
            let round = self.ticket.escalation.as_ref().map_or(1, |running| running.round);
            self.timer(Timer::EscalateTo { level: level + 1, round }, at);
        }
        self.show_card();
    }

    pub(super) fn acknowledge(&mut self, by: &Person, reply: ReplyTo) {
        if !self.is_alerted(by) && !self.permitted(Right::Claim, by, &reply) {
            return;
        }
        let Some(running) = self.ticket.escalation.as_mut().filter(|_| self.ticket.status.is_open()) else {
            self.tell(by, Telling::TooLate, reply);
            return;
        };
        match &running.acknowledged_by {
            Some(person) if person == &by.id => return,
            Some(_) => {
                self.tell(by, Telling::AlreadyAcknowledged, reply);
                return;
            }
            None => running.acknowledged_by = Some(by.id.clone()),
        }
        let level = running.level;
        self.audit(Actor::Person(by.id.clone()), AuditKind::Escalated, json!({ "acknowledged": level }));
        self.show_notices(|kind| matches!(kind, NoticeKind::EscalationAlert { .. } | NoticeKind::SquadAlert));
        self.show_card();
    }

    /// Who is called by name at a level alerted so far may say that they are on it, whatever else they may do.
    fn is_alerted(&self, by: &Person) -> bool {
        let Some(running) = &self.ticket.escalation else { return false };
        let squad = self.ticket.squad.as_ref().unwrap_or(&self.policy.default.squad);
        let alerted = usize::try_from(running.level).unwrap_or(usize::MAX);
        self.policy.escalation_of(squad).iter().take(alerted).any(|level| level.people.contains(&by.id))
    }

    pub(super) fn first_response_due(&mut self, round: u32) {
        let missed = round == self.ticket.sla_round
            && self.ticket.sla.as_ref().is_some_and(|clock| clock.first_responded_at.is_none());
        if missed {
            self.breached("first response");
        }
    }

    pub(super) fn resolution_due(&mut self, round: u32) {
        if round == self.ticket.sla_round {
            self.breached("resolution");
        }
    }

    fn breached(&mut self, target: &str) {
        let missed = NoticeKind::SlaBreached { target: target.to_owned() };
        // Setting the clocks anew does not undo a miss, and nobody needs to hear of it twice.
        let known = self.ticket.notices.iter().any(|notice| notice.kind == missed);
        if known || !self.ticket.status.is_open() {
            return;
        }
        if let Some(clock) = &mut self.ticket.sla {
            clock.breached_at.get_or_insert(self.now);
        }
        self.audit(Actor::Deskbell, AuditKind::SlaBreached, json!({ "target": target }));
        self.notify(missed, self.squad_channel(), None);
        self.show_card();
    }
}
