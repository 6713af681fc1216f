//! The control API under `/sandbox`: the page and the tests act, look and break things through it.
//!
//! `crates/sandbox/README.md` documents every route.

mod act;
mod act_interactions;
mod interaction;
mod look;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, post};

use crate::core::Core;

/// The routes of the control API.
pub(crate) fn routes() -> Router<Arc<Core>> {
    Router::new()
        .route("/sandbox/state", get(look::state))
        .route("/sandbox/stream", get(look::stream))
        .route("/sandbox/deliveries", get(look::deliveries))
        .route("/sandbox/counters", get(look::counters))
        .route("/sandbox/faults", get(look::faults).post(look::add_faults).delete(look::clear_faults))
        .route("/sandbox/delivery", post(look::set_delivery))
        .route("/sandbox/socket/refresh", post(look::refresh_sockets))
        .route("/sandbox/socket/cut", post(look::cut_sockets))
        .route("/sandbox/raw", post(look::raw))
        .route("/sandbox/act/{act}", post(act::act))
}
