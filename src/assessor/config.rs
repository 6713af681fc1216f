//! What the configuration says about assessing. The categories themselves are the policy's.

use std::path::{Path, PathBuf};

use deskbell_judgement::classifier::{Example, TrainingError};
use deskbell_judgement::encoder::Encoder;
use serde::Deserialize;

/// The table `[assessor]`.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AssessorConfig {
    /// The local model leaves a request to the keywords when it is less sure than this, `0.0..=1.0`.
    pub abstain_below: f64,
    /// More labelled examples than the policy holds: a file with one `{"text": …, "label": …}` per line.
    pub examples_file: Option<PathBuf>,
    /// A folder with `model.safetensors` and `vocab.txt` of all-MiniLM-L6-v2; where it is left out, the one that
    /// `deskbell models pull` made is taken, and without that the words speak alone.
    pub encoder: Option<PathBuf>,
    /// How long after a person's answer the model learns from it; answers that come meanwhile are learned with it.
    pub learn_after_seconds: u64,
}

impl Default for AssessorConfig {
    fn default() -> Self {
        Self { abstain_below: 0.4, examples_file: None, encoder: None, learn_after_seconds: 20 }
    }
}

impl AssessorConfig {
    /// Whether the numbers make sense.
    ///
    /// # Errors
    /// Names the field that doesn't.
    pub fn check(&self) -> Result<(), AssessorConfigError> {
        if (0.0..=1.0).contains(&self.abstain_below) {
            Ok(())
        } else {
            Err(AssessorConfigError::AbstainBelow { given: self.abstain_below })
        }
    }
}

/// Reads the sentence encoder of a folder, where one is given. Takes about a tenth of a second.
///
/// # Errors
/// When a file can't be read or isn't that model's.
pub fn load_encoder(folder: Option<&Path>) -> Result<Option<Encoder>, AssessorConfigError> {
    let Some(folder) = folder else { return Ok(None) };
    let unreadable = |file: &Path, reason: String| AssessorConfigError::Encoder { file: file.to_owned(), reason };
    let (weights, vocabulary) = (folder.join("model.safetensors"), folder.join("vocab.txt"));
    let bytes = std::fs::read(&weights).map_err(|error| unreadable(&weights, error.to_string()))?;
    let pieces = std::fs::read_to_string(&vocabulary).map_err(|error| unreadable(&vocabulary, error.to_string()))?;
    Encoder::read(&bytes, &pieces).map(Some).map_err(|error| unreadable(folder, error.to_string()))
}

/// What is wrong with the assessor's configuration or examples.
#[derive(Debug, PartialEq, thiserror::Error)]
pub enum AssessorConfigError {
    /// Not a probability.
    #[error("`assessor.abstain_below` is {given}; give a number from 0.0 to 1.0")]
    AbstainBelow {
        /// What was given.
        given: f64,
    },
    /// A line of the examples file isn't an example.
    #[error("line {line} of the examples file is no {{\"text\": …, \"label\": …}}: mend or delete it")]
    Line {
        /// Counted from 1.
        line: usize,
    },
    /// A label that is no category.
    #[error("the examples file has the label `{label}`, which is no category of the policy; known are: {known}")]
    UnknownLabel {
        /// The label.
        label: String,
        /// The policy's categories.
        known: String,
    },
    /// The sentence encoder's files are missing or others.
    #[error("the sentence encoder's {} can't be used ({reason}): correct the path or leave it out", file.display())]
    Encoder {
        /// Which file or folder.
        file: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The examples can't be learned.
    #[error("the examples can't be learned: {0}")]
    Training(#[from] TrainingError),
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    text: String,
    label: String,
}

/// Reads the examples file's text; empty lines are skipped.
///
/// # Errors
/// Names the first line that is no example, without quoting it.
pub fn read_examples(lines: &str) -> Result<Vec<Example>, AssessorConfigError> {
    let numbered = lines.lines().zip(1..).filter(|(line, _)| !line.trim().is_empty());
    numbered
        .map(|(text, line)| match serde_json::from_str(text) {
            Ok(Line { text, label }) => Ok(Example { text, label }),
            Err(_) => Err(AssessorConfigError::Line { line }),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{AssessorConfig, AssessorConfigError, load_encoder, read_examples};

    #[test]
    fn reads_one_example_per_line() {
        let read = read_examples("{\"text\":\"a\",\"label\":\"x\"}\n\n{\"text\":\"b\",\"label\":\"y\"}\n").unwrap();
        assert_eq!(read.len(), 2);
        assert_eq!((read[1].text.as_str(), read[1].label.as_str()), ("b", "y"));
    }

    #[test]
    fn names_the_line_that_is_no_example() {
        for (lines, line) in [("x", 1), ("\n{\"text\":1,\"label\":\"x\"}", 2), ("{\"text\":\"a\",\"lable\":\"x\"}", 1)]
        {
            assert_eq!(read_examples(lines), Err(AssessorConfigError::Line { line }), "{lines}");
        }
    }

    #[test]
    fn a_missing_encoder_is_named() {
        let error = load_encoder(Some(Path::new("/nowhere/at/all"))).unwrap_err().to_string();
        assert!(error.contains("/nowhere/at/all/model.safetensors"), "{error}");
        assert!(load_encoder(None).unwrap().is_none());
    }

    #[test]
    fn unknown_keys_and_impossible_numbers_are_refused() {
        assert_eq!(toml::from_str::<AssessorConfig>("").unwrap(), AssessorConfig::default());
        assert!(toml::from_str::<AssessorConfig>("abstain = 0.5").is_err());
        for given in ["1.5", "-0.1", "nan"] {
            let config: AssessorConfig = toml::from_str(&format!("abstain_below = {given}")).unwrap();
            assert!(config.check().is_err(), "{given}");
        }
    }
}
