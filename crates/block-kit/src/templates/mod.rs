//! Every message and view that Deskbell sends, as JSON templates: `blocks/<name>.json.j2`, embedded in the binary and
//! overridable file by file from a directory.
//!
//! Templates are minijinja, with these differences (`blocks/README.md` shows them in use):
//! - `"{{ value }}"` stands inside JSON quotes. Whatever the value, it cannot end the string it stands in, and written
//!   outside quotes a text is refused (see [`escape`](self)'s marks). `safe` and `escape` do not exist.
//! - An undefined or absent value is an error, not an empty text: guard it with `{% if %}`.
//! - A comma before a closing bracket is allowed, so that a list may end in a conditional item.
//! - A render has a bounded number of instructions.

mod embedded;
mod error;
mod escape;
mod filters;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use minijinja::{Environment, UndefinedBehavior};
use serde::Serialize;
use serde_json::Value;

pub use embedded::{Sample, samples};
pub use error::{RenderError, SampleFault, TemplateError};

use crate::limits::{Violation, check_message, check_view};

/// The ending of every template's file name.
const SUFFIX: &str = ".json.j2";
/// Instructions that one render may execute; the largest built-in card needs under 5,000.
const FUEL: u64 = 100_000;

/// All templates, compiled and tried on every sample.
#[derive(Debug)]
pub struct Templates {
    environment: Environment<'static>,
}

impl Templates {
    /// Compiles the built-in templates, or those of `overrides` where a file of the same name stands there, and renders
    /// each with every one of its samples: what breaks JSON or Slack's limits is refused here, not in front of a customer.
    ///
    /// # Errors
    /// [`TemplateError`]: an unreadable or unknown file, a syntax error, or a sample that a template can't carry.
    pub fn load(overrides: Option<&Path>) -> Result<Self, TemplateError> {
        let mut sources = embedded::sources();
        if let Some(folder) = overrides {
            read_overrides(folder, &mut sources)?;
        }
        let mut environment = bare_environment();
        for (file, source) in sources {
            environment.add_template_owned(file.clone(), source).map_err(|fault| TemplateError::Syntax {
                line: fault.line().unwrap_or_default(),
                reason: reason_of(&fault),
                file,
            })?;
        }
        let templates = Self { environment };
        templates.try_samples()?;
        Ok(templates)
    }

    /// Renders `blocks/<name>.json.j2`: a message `{text, blocks}` or a view, within Slack's limits.
    ///
    /// # Errors
    /// [`RenderError`]; its text holds names, lines and lengths, never a value of the context.
    pub fn render(&self, name: &str, context: &impl Serialize) -> Result<Value, RenderError> {
        let file = format!("{name}{SUFFIX}");
        let template =
            self.environment.get_template(&file).map_err(|_| RenderError::UnknownTemplate(name.to_owned()))?;
        let rendered = template.render(minijinja::value::Serde(context)).map_err(|fault| RenderError::Failed {
            file: fault.name().unwrap_or(&file).to_owned(),
            line: fault.line().unwrap_or_default(),
            kind: fault.kind(),
        })?;
        let json = escape::parse(&rendered)
            .map_err(|fault| RenderError::NotJson { file: file.clone(), reason: fault.to_string() })?;
        check(&json).map_err(|violations| RenderError::Limits { file, violations })?;
        Ok(json)
    }

    /// The names that [`render`](Self::render) takes, in alphabetical order.
    pub fn names(&self) -> Vec<String> {
        let files = self.environment.templates().map(|(file, _)| file.to_owned());
        let mut names: Vec<_> = files.filter_map(|file| message_name(&file).map(str::to_owned)).collect();
        names.sort_unstable();
        names
    }

    fn try_samples(&self) -> Result<(), TemplateError> {
        for name in self.names() {
            let samples = samples(&name)?;
            if samples.is_empty() {
                return Err(TemplateError::NoSample { name });
            }
            for sample in samples {
                self.try_sample(&name, &sample)?;
            }
        }
        Ok(())
    }

    fn try_sample(&self, name: &str, sample: &Sample) -> Result<(), TemplateError> {
        let file = format!("{name}{SUFFIX}");
        let refuse = |fault| TemplateError::Sample { file: file.clone(), case: sample.case.clone(), fault };
        let template =
            self.environment.get_template(&file).map_err(|_| TemplateError::NoSample { name: name.to_owned() })?;
        let rendered = template.render(minijinja::value::Serde(&sample.context)).map_err(|fault| {
            refuse(SampleFault::Render {
                file: fault.name().unwrap_or(&file).to_owned(),
                line: fault.line().unwrap_or_default(),
                reason: reason_of(&fault),
            })
        })?;
        let json = escape::parse(&rendered).map_err(|fault| {
            refuse(SampleFault::NotJson { reason: fault.to_string(), near: escape::line_of(&rendered, fault.line()) })
        })?;
        check(&json).map_err(|violations| refuse(SampleFault::Limits(violations)))
    }
}

/// A message's or view's name of a template file; `None` for the parts (`_*.json.j2`) that others import.
fn message_name(file: &str) -> Option<&str> {
    file.strip_suffix(SUFFIX).filter(|name| !name.starts_with('_'))
}

fn check(json: &Value) -> Result<(), Vec<Violation>> {
    let is_view = matches!(json.get("type").and_then(Value::as_str), Some("modal" | "home"));
    if is_view { check_view(json) } else { check_message(json) }
}

fn reason_of(fault: &minijinja::Error) -> String {
    match fault.detail() {
        Some(detail) => format!("{}: {detail}", fault.kind()),
        None => fault.kind().to_string(),
    }
}

fn bare_environment() -> Environment<'static> {
    let mut environment = Environment::new();
    environment.set_undefined_behavior(UndefinedBehavior::Strict);
    environment.set_fuel(Some(FUEL));
    // Debug information would carry the context, and so customers' words, into errors.
    environment.set_debug(false);
    escape::install(&mut environment);
    filters::install(&mut environment);
    environment
}

/// Replaces built-in sources by the files of a folder; a file that replaces nothing is a mistake, not a template.
fn read_overrides(folder: &Path, sources: &mut BTreeMap<String, String>) -> Result<(), TemplateError> {
    let unreadable = |path: &Path, source| TemplateError::Unreadable { path: path.to_owned(), source };
    let entries = fs::read_dir(folder).map_err(|source| unreadable(folder, source))?;
    for entry in entries {
        let path = entry.map_err(|source| unreadable(folder, source))?.path();
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        if path.is_dir() || file.starts_with('.') || file == "README.md" {
            continue;
        }
        if !sources.contains_key(&file) {
            let known = sources.keys().cloned().collect::<Vec<_>>().join(", ");
            return Err(TemplateError::UnknownFile { path, known });
        }
        let source = fs::read_to_string(&path).map_err(|source| unreadable(&path, source))?;
        sources.insert(file, source);
    }
    Ok(())
}
