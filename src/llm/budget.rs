//! What may be spent, per day and per ticket: pure arithmetic over tokens and money, no clock of its own.
//!
//! A call reserves what it may cost at most before it leaves, and settles what it did cost when it is back. So calls that run
//! at once can't overdraw a budget together, and a call whose answer got lost counts in full.

use std::collections::{BTreeMap, VecDeque};

use deskbell_domain::ids::TicketId;
use jiff::civil::Date;

use super::call::Usage;
use super::spending::Day;

/// Tickets whose spending is remembered; the oldest are forgotten first.
const TICKETS_MAX: usize = 10_000;
/// In a whole unit of money.
pub(super) const NANOS: f64 = 1_000_000_000.0;

/// What a model charges, in units of money for a million tokens.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Prices {
    /// For tokens of questions.
    pub input: f64,
    /// For tokens of answers.
    pub output: f64,
}

impl Prices {
    /// What a call costs, in thousand-millionths of a unit of money.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss)]
    pub fn nanos(self, usage: Usage) -> u64 {
        let millionths = usage.input_tokens as f64 * self.input + usage.output_tokens as f64 * self.output;
        (millionths * 1000.0).round() as u64
    }
}

/// The most that may be spent; `None` is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Limits {
    /// Tokens a day.
    pub daily_tokens: Option<u64>,
    /// Money a day.
    pub daily_money: Option<f64>,
    /// Tokens for one ticket.
    pub ticket_tokens: Option<u64>,
    /// Money for one ticket.
    pub ticket_money: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Spent {
    tokens: u64,
    nanos: u64,
}

impl Spent {
    const fn plus(self, more: Self) -> Self {
        Self { tokens: self.tokens.saturating_add(more.tokens), nanos: self.nanos.saturating_add(more.nanos) }
    }

    const fn minus(self, less: Self) -> Self {
        Self { tokens: self.tokens.saturating_sub(less.tokens), nanos: self.nanos.saturating_sub(less.nanos) }
    }

    #[allow(clippy::cast_precision_loss)]
    fn exceeds(self, tokens: Option<u64>, money: Option<f64>) -> Option<&'static str> {
        if tokens.is_some_and(|most| self.tokens > most) {
            return Some("tokens");
        }
        money.is_some_and(|most| self.nanos as f64 > most * NANOS).then_some("money")
    }
}

/// What a call set aside.
#[derive(Debug)]
#[must_use = "a reservation is settled when its call is back"]
pub(super) struct Reservation {
    day: Date,
    ticket: Option<TicketId>,
    spent: Spent,
}

/// What was spent so far.
#[derive(Debug)]
pub(super) struct Budget {
    limits: Limits,
    prices: Prices,
    day: Date,
    today: Spent,
    tickets: BTreeMap<TicketId, Spent>,
    order: VecDeque<TicketId>,
}

impl Budget {
    pub(super) fn new(limits: Limits, prices: Prices, today: Date) -> Self {
        let (tickets, order) = (BTreeMap::new(), VecDeque::new());
        Self { limits, prices, day: today, today: Spent::default(), tickets, order }
    }

    /// Goes on where an earlier process ended.
    pub(super) fn resume(&mut self, kept: Day) {
        if kept.day == self.day {
            self.today = Spent { tokens: kept.tokens, nanos: kept.nanos };
        }
    }

    /// What is spent and set aside today.
    pub(super) const fn spent_today(&self) -> Day {
        Day { day: self.day, tokens: self.today.tokens, nanos: self.today.nanos }
    }

    /// Sets aside what a call may use at most, or says which budget it would overdraw.
    pub(super) fn reserve(
        &mut self,
        at_most: Usage,
        ticket: Option<TicketId>,
        today: Date,
    ) -> Result<Reservation, String> {
        if today != self.day {
            (self.day, self.today) = (today, Spent::default());
        }
        let asked = self.spent(at_most);
        let limits = self.limits;
        if let Some(what) = self.today.plus(asked).exceeds(limits.daily_tokens, limits.daily_money) {
            return Err(format!("the day's budget of {what} is used up"));
        }
        if let Some(ticket) = ticket {
            let so_far = self.tickets.get(&ticket).copied().unwrap_or_default();
            if let Some(what) = so_far.plus(asked).exceeds(limits.ticket_tokens, limits.ticket_money) {
                return Err(format!("the ticket's budget of {what} is used up"));
            }
            self.note(ticket, so_far.plus(asked));
        }
        self.today = self.today.plus(asked);
        Ok(Reservation { day: today, ticket, spent: asked })
    }

    /// Puts what a call did use in the place of what it had set aside. `None`: nobody knows, so all of it counts.
    pub(super) fn settle(&mut self, reservation: &Reservation, used: Option<Usage>) {
        let Some(used) = used else { return };
        let used = self.spent(used);
        if reservation.day == self.day {
            self.today = self.today.minus(reservation.spent).plus(used);
        }
        if let Some(spent) = reservation.ticket.and_then(|ticket| self.tickets.get_mut(&ticket)) {
            *spent = spent.minus(reservation.spent).plus(used);
        }
    }

    /// How much of the day's budgets is used, the larger part of the two; 0 without a limit.
    #[allow(clippy::cast_precision_loss)]
    pub(super) fn used_part(&self) -> f64 {
        let part = |used: f64, most: Option<f64>| most.filter(|most| *most > 0.0).map_or(0.0, |most| used / most);
        let tokens = part(self.today.tokens as f64, self.limits.daily_tokens.map(|most| most as f64));
        tokens.max(part(self.today.nanos as f64 / NANOS, self.limits.daily_money))
    }

    fn spent(&self, usage: Usage) -> Spent {
        Spent { tokens: usage.tokens(), nanos: self.prices.nanos(usage) }
    }

    fn note(&mut self, ticket: TicketId, spent: Spent) {
        if self.tickets.insert(ticket, spent).is_some() {
            return;
        }
        self.order.push_back(ticket);
        if self.order.len() > TICKETS_MAX
            && let Some(oldest) = self.order.pop_front()
        {
            self.tickets.remove(&oldest);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn day(day: i8) -> Date {
        Date::constant(2026, 3, day)
    }

    fn usage(input_tokens: u64, output_tokens: u64) -> Usage {
        Usage { input_tokens, output_tokens }
    }

    fn budget(limits: Limits) -> Budget {
        Budget::new(limits, Prices { input: 1.0, output: 10.0 }, day(1))
    }

    #[test]
    fn prices_count_in_thousand_millionths() {
        assert_eq!(Prices { input: 0.15, output: 0.6 }.nanos(usage(1000, 100)), 210_000);
    }

    #[test]
    fn the_day_s_budget_ends_and_begins_again_at_midnight() {
        let mut budget = budget(Limits { daily_tokens: Some(100), ..Limits::default() });
        let first = budget.reserve(usage(60, 40), None, day(1)).unwrap();
        assert_eq!(budget.reserve(usage(1, 0), None, day(1)).unwrap_err(), "the day's budget of tokens is used up");
        budget.settle(&first, Some(usage(10, 10)));
        assert!((budget.used_part() - 0.2).abs() < 1e-9);
        let lost = budget.reserve(usage(80, 0), None, day(1)).unwrap();
        budget.settle(&lost, None);
        assert!(budget.reserve(usage(1, 0), None, day(1)).is_err());
        assert!(budget.reserve(usage(100, 0), None, day(2)).is_ok());
    }

    #[test]
    fn a_ticket_has_a_budget_of_its_own() {
        let mut budget = budget(Limits { ticket_money: Some(0.001), ..Limits::default() });
        let (one, other) = (TicketId::new(1), TicketId::new(2));
        let spent = budget.reserve(usage(0, 90), Some(one), day(1)).unwrap();
        budget.settle(&spent, Some(usage(0, 90)));
        let refused = budget.reserve(usage(0, 20), Some(one), day(1)).unwrap_err();
        assert_eq!(refused, "the ticket's budget of money is used up");
        assert!(budget.reserve(usage(0, 20), Some(one), day(2)).is_err(), "a new day is no new ticket");
        assert!(budget.reserve(usage(0, 20), Some(other), day(1)).is_ok());
    }

    #[test]
    fn what_was_set_aside_yesterday_is_not_taken_from_today() {
        let mut budget = budget(Limits { daily_tokens: Some(100), ..Limits::default() });
        let yesterday = budget.reserve(usage(100, 0), None, day(1)).unwrap();
        let _today = budget.reserve(usage(50, 0), None, day(2)).unwrap();
        budget.settle(&yesterday, Some(usage(1, 0)));
        assert!(budget.reserve(usage(51, 0), None, day(2)).is_err());
    }

    #[test]
    fn old_tickets_are_forgotten() {
        let mut budget = budget(Limits { ticket_tokens: Some(10), ..Limits::default() });
        for id in 0..=TICKETS_MAX as u64 {
            let _ = budget.reserve(usage(10, 0), Some(TicketId::new(id)), day(1)).unwrap();
        }
        assert_eq!(budget.tickets.len(), TICKETS_MAX);
    }

    proptest! {
        #[test]
        fn no_order_of_calls_overdraws(calls in proptest::collection::vec((1_u64..50, 0_u64..50, 0_u64..3, any::<bool>()), 1..60)) {
            let limits = Limits { daily_tokens: Some(300), ticket_tokens: Some(120), ..Limits::default() };
            let mut budget = budget(limits);
            let (mut open, mut used) = (Vec::new(), 0);
            for (most, part, ticket, settles_now) in calls {
                if let Ok(reservation) = budget.reserve(usage(most, 0), Some(TicketId::new(ticket)), day(1)) {
                    let spent = part.min(most);
                    used += spent;
                    if settles_now { budget.settle(&reservation, Some(usage(spent, 0))); } else { open.push((reservation, spent)); }
                }
                prop_assert!(budget.today.tokens <= 300);
                prop_assert!(budget.tickets.values().all(|spent| spent.tokens <= 120));
            }
            for (reservation, spent) in open {
                budget.settle(&reservation, Some(usage(spent, 0)));
            }
            prop_assert_eq!(budget.today.tokens, used);
        }
    }
}
