//! What is wrong with a policy file, and where.

use std::fmt;

use crate::ids::RuleId;

/// One fault of a policy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyError {
    /// From 1; 0 where the fault has no place.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    /// What is wrong and what to write instead.
    pub message: String,
}

impl fmt::Display for PolicyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: {}", self.line, self.column, self.message)
    }
}

/// A rule that reads what nothing fills: there every text is empty and every number 0.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{line}: rule `{rule}` reads `{variable}`, which is always empty: nothing is bound to look it up; add \
     [lookups.{binding}] to the configuration, or write the rule without `{variable}`"
)]
pub struct PolicyCaution {
    /// Of the rule's condition, from 1.
    pub line: usize,
    /// The rule.
    pub rule: RuleId,
    /// What it reads.
    pub variable: &'static str,
    /// The look-up that would fill it.
    pub binding: &'static str,
}

/// All faults of a policy file.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub struct PolicyErrors(pub Vec<PolicyError>);

impl fmt::Display for PolicyErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, error) in self.0.iter().enumerate() {
            if index > 0 {
                f.write_str("\n")?;
            }
            error.fmt(f)?;
        }
        Ok(())
    }
}
