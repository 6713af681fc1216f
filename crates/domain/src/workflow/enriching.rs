//! Look-ups before a decision: asked when the words change, waited for until their deadlines.

use serde_json::json;

use super::step::Scene;
use crate::audit::AuditKind;
use crate::enrichment::{Lapse, LapseReason, LookedUp, Lookup};
use crate::ticket::Actor;
use crate::workflow::effect::{Effect, Timer};

impl Scene<'_> {
    /// Asks for what is bound, for the newest revision. Each look-up has a timer of its own, so that a decision waits for no
    /// worker and survives a restart.
    pub(super) fn look_up(&mut self) {
        let revision = self.ticket.revision;
        let enrichment = &mut self.ticket.words.enrichment;
        enrichment.queue_load = None;
        enrichment.lapses.clear();
        self.ticket.awaited.clear();
        for (&lookup, bound) in &self.context.lookups {
            // Whoever asked is the same person still.
            let is_known = lookup == Lookup::Customer && self.ticket.words.enrichment.customer.is_some();
            let Ok(due) = self.now.checked_add(bound.deadline) else { continue };
            if !is_known {
                self.ticket.awaited.insert(lookup);
                self.out.effects.push(Effect::Enrich { lookup, revision });
                self.timer(Timer::LookupDue { lookup, revision }, due);
            }
        }
    }

    /// A look-up answered, or gave up. What comes after its deadline, or for older words, changes nothing.
    pub(super) fn enriched(&mut self, revision: u32, answer: LookedUp) {
        let lookup = answer.lookup();
        if revision != self.ticket.revision || !self.may_still_be_decided() || !self.ticket.awaited.remove(&lookup) {
            return;
        }
        let lapse = match &answer {
            LookedUp::Lapsed(lapse) => Some(lapse),
            LookedUp::Customer(_) | LookedUp::QueueLoad(_) => None,
        };
        let detail = json!({ "revision": revision, "lookup": lookup, "lapse": lapse });
        self.audit(Actor::Deskbell, AuditKind::LookedUp, detail);
        let enrichment = &mut self.ticket.words.enrichment;
        match answer {
            LookedUp::Customer(customer) => enrichment.customer = Some(customer),
            LookedUp::QueueLoad(queues) => enrichment.queue_load = Some(queues),
            LookedUp::Lapsed(lapse) => enrichment.lapses.push(lapse),
        }
        self.decide_when_ready();
    }

    pub(super) fn lookup_due(&mut self, lookup: Lookup, revision: u32) {
        let (server, why) = match self.context.lookups.get(&lookup) {
            Some(bound) => {
                let deadline_ms = i64::try_from(bound.deadline.as_millis()).unwrap_or(i64::MAX);
                (bound.server.clone(), LapseReason::Late { deadline_ms })
            }
            None => (String::new(), LapseReason::Unbound),
        };
        self.enriched(revision, LookedUp::Lapsed(Lapse { lookup, server, why }));
    }
}
