//! What Slack did not do, as a tool says it.

use std::time::Duration;

use deskbell_servers::failure::ToolFailure;

use crate::slack::SlackError;

/// Of a call that only reads, or may be repeated: nothing hangs on a lost answer.
pub(super) fn of_read(error: SlackError) -> ToolFailure {
    match error {
        SlackError::Unknown { reason } => {
            ToolFailure::transient(format!("Slack gave no answer ({reason}); try again later"), None)
        }
        error => of_certain(error),
    }
}

/// Of a call that makes something: after a lost answer it may be there.
pub(super) fn of_write(error: SlackError) -> ToolFailure {
    match error {
        SlackError::Unknown { reason } => ToolFailure::unknown(format!(
            "Slack's answer got lost ({reason}): the change may or may not have been made. Look it up by its idempotency \
             key, or repeat the call with the same key, which looks first"
        )),
        error => of_certain(error),
    }
}

fn of_certain(error: SlackError) -> ToolFailure {
    match error {
        SlackError::RateLimited { retry_after } => ToolFailure::transient(
            "Slack is limiting the rate of calls; wait before the next one",
            Some(whole_seconds(retry_after)),
        ),
        SlackError::Refused { code, mend } => {
            ToolFailure::permanent(format!("Slack refused ({code}): {}", mend_for_callers(&code).unwrap_or(mend)))
        }
        SlackError::Transient { reason } | SlackError::Unknown { reason } => {
            ToolFailure::transient(format!("Slack could not be reached ({reason}); try again later"), None)
        }
    }
}

/// Where the caller wrote what Deskbell's templates write elsewhere.
fn mend_for_callers(code: &str) -> Option<&'static str> {
    match code {
        "invalid_blocks" | "invalid_blocks_format" | "invalid_arguments" => {
            Some("the message's blocks are not what Slack takes; see docs.slack.dev/reference/block-kit")
        }
        "msg_too_long" | "msg_blocks_too_long" => Some("shorten the message"),
        "is_archived" => Some("unarchive the channel, or choose another one"),
        "channel_not_found" => Some(
            "check the channel's id with list_channels; a private channel needs the bot invited: /invite @deskbell",
        ),
        _ => None,
    }
}

/// Not a moment too early.
fn whole_seconds(wait: Duration) -> Duration {
    Duration::from_secs(wait.as_secs() + u64::from(wait.subsec_nanos() > 0)).max(Duration::from_secs(1))
}
