//! A Slack workspace and vendors' back-ends in a box, for the demo and the tests.
