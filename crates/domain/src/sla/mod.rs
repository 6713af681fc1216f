//! When somebody must have answered: targets in business time, and the clocks of a ticket.

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
