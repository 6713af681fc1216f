//! When somebody must have answered: targets in business time, and the clocks of a ticket.

mod business_hours;

pub use business_hours::{BusinessHours, BusinessHoursError, BusinessTimeError};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The clocks of a ticket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlaClock {
    /// Somebody must have taken it by then.
    pub first_response_due_at: Option<Timestamp>,
    /// When somebody took it.
    pub first_responded_at: Option<Timestamp>,
    /// It must be resolved by then.
    pub resolution_due_at: Option<Timestamp>,
    /// When the first target was missed.
    pub breached_at: Option<Timestamp>,
}

/// How long the first answer and the solution may take, in business time.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SlaTarget {
    /// Until somebody takes the ticket.
    pub first_response: Option<jiff::SignedDuration>,
    /// Until it is resolved.
    pub resolution: Option<jiff::SignedDuration>,
}
