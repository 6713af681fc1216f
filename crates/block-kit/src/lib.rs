//! Block Kit templates and Slack's limits.
