//! A ticket's life as a pure function: [`step()`] takes what is and what happened, and says what is now, what
//! must be done outside (effects, timers) and what goes on the audit trail.

mod acting;
mod answering;
mod asking;
mod carrying_out;
mod collecting;
pub mod effect;
mod enriching;
mod erasing;
mod errands;
mod escalating;
pub mod event;
mod plan;
mod quotation;
mod reopening;
mod solving;
mod step;
mod teaching;
mod tracking;
mod undoing;

pub use step::{Context, DecisionRecord, Transition, step};
pub use teaching::Solution;
