//! Why a request was turned away. It leaves no trace but a counter.

use axum::response::{IntoResponse, Response};
use http::StatusCode;

/// Why a request was turned away.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Refusal {
    /// A signature header is not there.
    MissingHeader,
    /// A signature header comes twice, or is not what it should be.
    OddHeader,
    /// Signed too long ago, or in the future.
    StaleTimestamp,
    /// Nobody with our secret signed this.
    WrongSignature,
    /// Larger than `body_limit_bytes`.
    BodyTooLarge,
    /// The body broke off or did not arrive in time.
    BodyUnreadable,
    /// Signed, but not what Slack or the helpdesk would send.
    Malformed,
    /// A helpdesk's body that names no ticket, however often it comes.
    NoTicket,
    /// The generic door was given the name of a helpdesk with a door of its own, whose numbers these are not.
    ReservedSystem,
    /// This door has no secret, so nobody can be verified.
    NotConfigured,
}

impl Refusal {
    /// The label in `deskbell_intake_rejected_total`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MissingHeader => "missing_header",
            Self::OddHeader => "odd_header",
            Self::StaleTimestamp => "stale_timestamp",
            Self::WrongSignature => "wrong_signature",
            Self::BodyTooLarge => "body_too_large",
            Self::BodyUnreadable => "body_unreadable",
            Self::Malformed => "malformed",
            Self::NoTicket => "no_ticket",
            Self::ReservedSystem => "reserved_system",
            Self::NotConfigured => "not_configured",
        }
    }

    /// What the sender is told.
    pub const fn status(self) -> StatusCode {
        match self {
            Self::MissingHeader | Self::OddHeader | Self::StaleTimestamp | Self::WrongSignature => {
                StatusCode::UNAUTHORIZED
            }
            Self::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BodyUnreadable => StatusCode::REQUEST_TIMEOUT,
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::NoTicket | Self::ReservedSystem => StatusCode::UNPROCESSABLE_ENTITY,
            Self::NotConfigured => StatusCode::NOT_FOUND,
        }
    }

    /// What to mend, where whoever set the sender up can.
    const fn mend(self) -> &'static str {
        match self {
            Self::NoTicket => {
                "the body has no ticket id: send {\"ticket\": {\"id\": …}} to /helpdesk/zendesk, {\"id\": …} to /helpdesk/generic\n"
            }
            Self::ReservedSystem => {
                "\"system\": \"zendesk\" belongs to /helpdesk/zendesk: send there, or give the helpdesk another name\n"
            }
            _ => "",
        }
    }

    /// Counts it; `door` is one of [`super::Door`]'s names.
    pub fn count(self, door: &'static str) {
        metrics::counter!("deskbell_intake_rejected_total", "path" => door, "reason" => self.as_str()).increment(1);
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self.mend() {
            "" => self.status().into_response(),
            mend => (self.status(), mend).into_response(),
        }
    }
}
