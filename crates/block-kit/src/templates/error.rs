//! What can be wrong with a template, and what to do about it.

use std::fmt;
use std::io;
use std::path::PathBuf;

use crate::limits::Violation;

/// Why the templates can't be used. Found at start; nothing in it stems from a customer.
#[derive(Debug, thiserror::Error)]
pub enum TemplateError {
    /// A file or folder of overrides can't be read.
    #[error("{path}: can't be read ({source}); check the path of the templates' folder and its permissions")]
    Unreadable {
        /// The file or folder.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// A file among the overrides replaces no built-in template.
    #[error("{path}: replaces no template of Deskbell's; rename it to one of {known}, or remove it")]
    UnknownFile {
        /// The file.
        path: PathBuf,
        /// The file names that would be taken.
        known: String,
    },
    /// A template does not compile.
    #[error("{file}:{line}: {reason}; mend the template's syntax")]
    Syntax {
        /// The template's file name.
        file: String,
        /// 1-based; 0 where unknown.
        line: usize,
        /// What the template engine said.
        reason: String,
    },
    /// A template that no sample tries.
    #[error("{name}: has no sample; add blocks/samples/{name}.<case>.json")]
    NoSample {
        /// The template's name.
        name: String,
    },
    /// A sample's file is faulty.
    #[error("samples/{file}: {reason}; mend the sample")]
    BadSample {
        /// The sample's file name.
        file: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A template can't carry one of its samples.
    #[error("{file}, case {case}: {fault}")]
    Sample {
        /// The template's file name.
        file: String,
        /// The sample's case.
        case: String,
        /// What came out wrong.
        fault: SampleFault,
    },
}

/// How a template failed on a sample.
#[derive(Debug)]
pub enum SampleFault {
    /// It did not render.
    Render {
        /// The file of the faulty line: the template's own or one that it imports.
        file: String,
        /// 1-based; 0 where unknown.
        line: usize,
        /// What the template engine said.
        reason: String,
    },
    /// It rendered to something that is not JSON.
    NotJson {
        /// What the JSON reader said.
        reason: String,
        /// The rendered line at fault, shortened.
        near: String,
    },
    /// It rendered to something that Slack would refuse.
    Limits(Vec<Violation>),
}

impl fmt::Display for SampleFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Render { file, line, reason } => {
                write!(f, "{file}:{line}: {reason}; guard what may be absent with {{% if %}}")
            }
            Self::NotJson { reason, near } => {
                write!(
                    f,
                    "not JSON: {reason}, near `{near}`; put every {{{{ text }}}} inside double quotes and check the commas"
                )
            }
            Self::Limits(violations) => {
                f.write_str("Slack would refuse it: ")?;
                write_all(f, violations)?;
                f.write_str("; shorten with |line(n) or |truncate_chars(n), or show fewer items with [:n]")
            }
        }
    }
}

/// Why a message was not rendered. Safe to log: it holds names, lines and lengths, never a value.
#[derive(Debug, thiserror::Error)]
pub enum RenderError {
    /// No template has this name.
    #[error("no template is called {0:?}; the names are those of blocks/*.json.j2")]
    UnknownTemplate(String),
    /// The template stopped.
    #[error("{file}:{line}: {kind}; the template and the values it is given disagree: mend the template")]
    Failed {
        /// The file of the faulty line.
        file: String,
        /// 1-based; 0 where unknown.
        line: usize,
        /// Which kind of fault.
        kind: minijinja::ErrorKind,
    },
    /// The template's output is not JSON.
    #[error("{file}: not JSON: {reason}; put every {{{{ text }}}} inside double quotes")]
    NotJson {
        /// The template's file name.
        file: String,
        /// What the JSON reader said.
        reason: String,
    },
    /// Slack would refuse the message.
    #[error("{file}: Slack would refuse it: {}; shorten with |line(n)", Listed(violations))]
    Limits {
        /// The template's file name.
        file: String,
        /// Every rule broken.
        violations: Vec<Violation>,
    },
}

struct Listed<'v>(&'v [Violation]);

impl fmt::Display for Listed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_all(f, self.0)
    }
}

fn write_all(f: &mut fmt::Formatter<'_>, violations: &[Violation]) -> fmt::Result {
    for (index, violation) in violations.iter().enumerate() {
        if index > 0 {
            f.write_str("; ")?;
        }
        write!(f, "{violation}")?;
    }
    Ok(())
}
