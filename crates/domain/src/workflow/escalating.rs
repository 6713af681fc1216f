//! Escalation levels and the clocks: who is alerted while nobody acts.

use serde_json::json;

use super::step::Scene;
use crate::audit::AuditKind;
use crate::ids::{PersonId, SquadId};
use crate::knowledge::SolvingEnd;
use crate::notice::{CallEnd, EscalationCall, NextCall, NoticeKind};
use crate::policy::{EscalationPolicy, Right};
use crate::ticket::{Actor, Escalation};
use crate::workflow::effect::{Telling, Timer};
use crate::workflow::event::{Person, ReplyTo};

impl<'world> Scene<'world> {
    pub(super) fn escalate_pressed(&mut self, by: &Person, reason: Option<String>, reply: ReplyTo) {
        if !self.permitted(Right::Escalate, by, &reply) {
            return;
        }
        if !self.ticket.status.is_open() {
            self.tell(by, Telling::TooLate, reply);
            return;
        }
        let in_vain = self.ticket.escalation.as_ref().is_some_and(|running| running.unanswered_at.is_some());
        if self.escalation_is_under_way() && !in_vain {
            self.tell(by, Telling::AlreadyEscalated, reply);
            return;
        }
        if self.ticket.is_being_answered() {
            self.hand_over(SolvingEnd::Escalated);
        }
        self.escalate(Actor::Person(by.id.clone()), reason);
        self.tell(by, Telling::Escalated, reply);
    }

    /// Levels are being called, or were in vain.
    pub(super) fn escalation_is_under_way(&self) -> bool {
        self.ticket.escalation.as_ref().is_some_and(|running| running.acknowledged_by.is_none())
    }

    /// The same, or somebody said that they are on it; not what happened before the ticket was opened again.
    pub(super) fn somebody_is_or_was_called(&self) -> bool {
        let reopened = self.ticket.reopened_at();
        self.ticket.escalation.as_ref().is_some_and(|running| reopened.is_none_or(|at| running.since >= at))
    }

    /// Raises the severity and calls level 1. The reason is kept with the sealed words, and the trail does not hold it.
    pub(super) fn escalate(&mut self, by: Actor, reason: Option<String>) {
        self.ticket.words.escalation_reason = reason;
        self.show_passed_calls();
        let round = self.ticket.escalation.as_ref().map_or(1, |before| before.round + 1);
        self.ticket.severity = self.ticket.severity.raised();
        self.ticket.escalation = Some(Escalation {
            round,
            level: 0,
            since: self.now,
            by: by.clone(),
            acknowledged_by: None,
            unanswered_at: None,
        });
        self.audit(by, AuditKind::Escalated, json!({ "round": round, "severity": self.ticket.severity }));
        self.end_calls(&CallEnd::Unanswered(NextCall::Level(1)));
        self.call(1, 0);
    }

    /// The ticket went to another squad while nobody had acknowledged: its level 1 is called, since a higher
    /// level of a squad that never heard of it would be the first to. The severity was raised already.
    pub(super) fn escalation_follows(&mut self, squad_before: Option<&SquadId>) {
        let alerted = squad_before.unwrap_or(&self.policy.default.squad);
        if !self.escalation_is_under_way() || self.ticket.squad.as_ref() == Some(alerted) {
            return;
        }
        self.show_passed_calls();
        if let Some(running) = &mut self.ticket.escalation {
            running.round += 1;
            running.level = 0;
            running.unanswered_at = None;
            let detail = json!({ "round": running.round, "squad": self.ticket.squad });
            self.audit(Actor::Deskbell, AuditKind::Escalated, detail);
            self.end_calls(&CallEnd::Over);
            self.call(1, 0);
        }
    }

    /// The escalation that a timer was set for, while somebody is still waited for.
    fn waits_in_round(&self, round: u32) -> Option<&Escalation> {
        let running = self.ticket.escalation.as_ref().filter(|_| self.ticket.status.is_open());
        running.filter(|running| {
            running.round == round && running.acknowledged_by.is_none() && running.unanswered_at.is_none()
        })
    }

    fn levels(&self) -> &'world EscalationPolicy {
        self.policy.escalation_of(self.ticket.squad.as_ref().unwrap_or(&self.policy.default.squad))
    }

    pub(super) fn escalate_to(&mut self, level: u32, round: u32) {
        if self.waits_in_round(round).is_none_or(|running| running.level + 1 != level) {
            return;
        }
        if self.levels().level(level).is_none() {
            // The policy has fewer levels by now.
            return self.call_again(1);
        }
        self.audit(Actor::Deskbell, AuditKind::Escalated, json!({ "round": round, "level": level }));
        self.end_calls(&CallEnd::Unanswered(NextCall::Level(level)));
        self.call(level, 0);
    }

    pub(super) fn escalate_again(&mut self, repeat: u32, round: u32) {
        let called = self.ticket.notices.iter().rev().find_map(|notice| match &notice.kind {
            NoticeKind::EscalationAlert(call) if call.round == round => Some(call.repeat),
            _ => None,
        });
        if self.waits_in_round(round).is_some() && called.is_some_and(|called| called + 1 == repeat) {
            self.call_again(repeat);
        }
    }

    /// Calls the last level once more, or tells the ops channel that it was called often enough.
    fn call_again(&mut self, repeat: u32) {
        let enough = self.levels().repeat;
        let Some(running) = &mut self.ticket.escalation else { return };
        let (round, level) = (running.round, running.level);
        if repeat <= enough {
            self.audit(
                Actor::Deskbell,
                AuditKind::Escalated,
                json!({ "round": round, "level": level, "repeat": repeat }),
            );
            self.end_calls(&CallEnd::Unanswered(NextCall::Again));
            return self.call(level, repeat);
        }
        running.unanswered_at = Some(self.now);
        self.audit(Actor::Deskbell, AuditKind::Escalated, json!({ "round": round, "unanswered": level }));
        // The last call keeps its button: whoever comes late may still say so.
        self.change_open_calls(|call| call.next = None);
        let ops = self.policy.ops_channel.clone();
        self.notify(NoticeKind::EscalationUnanswered { level, calls: repeat }, ops, None);
        self.show_card();
    }

    /// Calls a level: `repeat` counts the calls of it before.
    fn call(&mut self, level: u32, repeat: u32) {
        let at_level = self.levels().level(level).or(self.levels().levels.last());
        let channel = at_level.and_then(|level| level.channel.clone()).unwrap_or_else(|| self.squad_channel());
        let within = at_level.map(|level| level.acknowledge_within);
        let next = match () {
            () if self.levels().level(level + 1).is_some() => NextCall::Level(level + 1),
            () if repeat < self.levels().repeat => NextCall::Again,
            () => NextCall::Ops,
        };
        let Some(running) = &mut self.ticket.escalation else { return };
        running.level = level;
        let (round, by) = (running.round, running.by.clone());
        let at = within.and_then(|within| self.now.checked_add(within).ok());
        self.show_notices(|kind| *kind == NoticeKind::SquadAlert);
        let next_at = at.map(|at| (next, at));
        let call = EscalationCall { round, level, repeat, by: Some(by), next: next_at, end: None };
        self.notify(NoticeKind::EscalationAlert(call), channel, None);
        if let Some(at) = at {
            let timer = match next {
                NextCall::Level(level) => Timer::EscalateTo { level, round },
                NextCall::Again | NextCall::Ops => Timer::EscalateAgain { repeat: repeat + 1, round },
            };
            self.timer(timer, at);
        }
        self.show_card();
    }

    /// Ends the calls that nobody has answered yet.
    pub(super) fn end_calls(&mut self, end: &CallEnd) {
        let now = self.now;
        if !matches!(end, CallEnd::Unanswered(_)) {
            self.show_passed_calls();
        }
        self.change_open_calls(|call| call.end = Some((end.clone(), now)));
    }

    /// Calls that were passed on may still be acknowledged, until somebody does or the escalation is over.
    fn show_passed_calls(&mut self) {
        let Some(round) = self.ticket.escalation.as_ref().map(|running| running.round) else { return };
        self.show_notices(|kind| match kind {
            NoticeKind::EscalationAlert(call) => {
                call.round == round && matches!(call.end, Some((CallEnd::Unanswered(_), _)))
            }
            _ => false,
        });
    }

    fn change_open_calls(&mut self, change: impl Fn(&mut EscalationCall)) {
        let mut changed = Vec::new();
        for notice in &mut self.ticket.notices {
            if let NoticeKind::EscalationAlert(call) = &mut notice.kind
                && call.end.is_none()
            {
                change(call);
                changed.push(notice.id);
            }
        }
        for notice in changed {
            self.show_notice(notice);
        }
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
        self.acknowledged(&by.id);
        self.handed_over(&by.id);
    }

    /// A person answered the confirmation: the escalation that began because nobody did has reached its end. One that
    /// a person began goes on, since they want more than the answer.
    pub(super) fn acknowledge_what_expiry_began(&mut self, by: &PersonId) {
        if let Some(running) = &mut self.ticket.escalation
            && running.by == Actor::Deskbell
            && running.acknowledged_by.is_none()
        {
            running.acknowledged_by = Some(by.clone());
            self.acknowledged(by);
        }
    }

    fn acknowledged(&mut self, by: &PersonId) {
        let level = self.ticket.escalation.as_ref().map(|running| running.level);
        self.audit(Actor::Person(by.clone()), AuditKind::Escalated, json!({ "acknowledged": level }));
        self.end_calls(&CallEnd::Acknowledged(by.clone()));
        self.show_notices(|kind| *kind == NoticeKind::SquadAlert);
        self.show_card();
    }

    /// Who is called by name at a level alerted so far may say that they are on it, whatever else they may do.
    fn is_alerted(&self, by: &Person) -> bool {
        let Some(running) = &self.ticket.escalation else { return false };
        let alerted = usize::try_from(running.level).unwrap_or(usize::MAX);
        self.levels().levels.iter().take(alerted).any(|level| level.people.contains(&by.id))
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
