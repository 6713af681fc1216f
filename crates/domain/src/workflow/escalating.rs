//! Escalation levels and the clocks: who is alerted while nobody acts.

use serde_json::json;

use super::step::Scene;
use crate::audit::AuditKind;
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
        let under_way = self.ticket.escalation.as_ref().is_some_and(|running| running.acknowledged_by.is_none());
        if under_way {
            self.tell(by, Telling::AlreadyDecided, reply);
            return;
        }
        self.escalate(Actor::Person(by.id.clone()));
        self.tell(by, Telling::Escalated, reply);
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
        let Some(squad) = self.ticket.squad.clone().or_else(|| Some(self.policy.default.squad.clone())) else { return };
        let levels = self.policy.escalation_of(&squad);
        let index = usize::try_from(level.saturating_sub(1)).unwrap_or(usize::MAX);
        let own = self.policy.squad(&squad).map(|squad| squad.channel.clone());
        let at_level = levels.get(index);
        let Some(channel) = at_level.and_then(|level| level.channel.clone()).or(own) else { return };
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
        if !self.permitted(Right::Claim, by, &reply) {
            return;
        }
        let Some(running) = &mut self.ticket.escalation else {
            self.tell(by, Telling::TooLate, reply);
            return;
        };
        match &running.acknowledged_by {
            Some(person) if person == &by.id => return,
            Some(_) => {
                self.tell(by, Telling::AlreadyDecided, reply);
                return;
            }
            None => running.acknowledged_by = Some(by.id.clone()),
        }
        let level = running.level;
        self.audit(Actor::Person(by.id.clone()), AuditKind::Escalated, json!({ "acknowledged": level }));
        self.show_notices(|kind| matches!(kind, NoticeKind::EscalationAlert { .. } | NoticeKind::SquadAlert));
        self.show_card();
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
        if !self.ticket.status.is_open() {
            return;
        }
        if let Some(clock) = &mut self.ticket.sla {
            clock.breached_at.get_or_insert(self.now);
        }
        self.audit(Actor::Deskbell, AuditKind::SlaBreached, json!({ "target": target }));
        let channel =
            self.ticket.squad.as_ref().and_then(|squad| self.policy.squad(squad)).map(|squad| squad.channel.clone());
        if let Some(channel) = channel {
            self.notify(NoticeKind::SlaBreached { target: target.to_owned() }, channel, None);
        }
        self.show_card();
    }
}
