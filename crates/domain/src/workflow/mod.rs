//! A ticket's life as a pure function: [`step`] takes what is and what happened, and says what is now, what
//! must be done outside (effects, timers) and what goes on the audit trail.

pub mod effect;
pub mod event;
