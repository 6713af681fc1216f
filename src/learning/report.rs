//! How the assessor does, by what people decided: for Slack, for metrics, for other programs.

use deskbell_domain::ids::WorkspaceId;
use deskbell_domain::policy::Policy;
use deskbell_judgement::accuracy::{Accuracy, Group};
use deskbell_judgement::temperature::Candour;
use serde::Serialize;

use super::{InForce, Learning};
use crate::store::{AboutVersion, LabelsWanted, Store, StoreError, StoredLabel};

/// The newest labels that are measured.
const MEASURED_AT_MOST: usize = 5_000;

/// Everything that is told of the assessor.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// By people's answers.
    #[serde(flatten)]
    pub accuracy: Accuracy,
    /// From which confidence on categories are carried out by themselves; empty where the policy sets no bounds.
    pub auto_from: Vec<AutoLine>,
    /// The version that answers.
    pub model: Option<ModelLine>,
    /// Language models by what they stated themselves: the one that is asked first, then those with the most labels.
    pub llm: Vec<LlmLine>,
    /// Whether sentences are compared by their meaning, or their words alone.
    pub encoder: bool,
}

/// A language model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LlmLine {
    /// As configured.
    pub model: String,
    /// It is the one that is asked.
    pub asked: bool,
    /// How what it stated came true, and what that is worth.
    #[serde(flatten)]
    pub candour: Candour,
}

/// A category's threshold.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct AutoLine {
    /// The category.
    pub category: String,
    /// From here on, `0.0..=1.0`.
    pub from: f64,
    /// The policy's bounds.
    pub min: f64,
    /// As above.
    pub max: f64,
    /// Answers by people about what was at least so sure.
    pub answers: u32,
    /// Those of them that found it right.
    pub right: u32,
}

/// A version of the model.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ModelLine {
    /// Counts from 1.
    pub version: u64,
    /// When it was made, in seconds since 1970.
    pub made_unix: i64,
    /// A person went back to it.
    pub pinned: bool,
    /// What it learned from, and how well.
    #[serde(flatten)]
    pub about: AboutVersion,
}

impl From<InForce> for ModelLine {
    fn from(InForce { version, is_pinned }: InForce) -> Self {
        Self {
            version: version.number,
            made_unix: version.made_at.as_second(),
            pinned: is_pinned,
            about: version.about,
        }
    }
}

/// Measures the newest labels.
///
/// # Errors
/// When the store failed.
pub async fn report(
    store: &Store,
    workspace: &WorkspaceId,
    policy: &Policy,
    learning: &Learning,
) -> Result<Report, StoreError> {
    let wanted = LabelsWanted { up_to: None, at_most: MEASURED_AT_MOST, with_words: false };
    let labels = store.labels(workspace, wanted).await?;
    let thresholds =
        policy.auto_bounds.map(|bounds| (bounds, bounds.thresholds(labels.iter().map(|stored| &stored.label))));
    let in_force = learning.auto_from();
    let auto_from = thresholds.iter().flat_map(|(bounds, found)| {
        policy.categories.iter().map(|category| {
            let from = bounds.within(in_force.get(&category.id).copied());
            let evidence = found.get(&category.id).map_or((0, 0), |found| (found.answers, found.right));
            AutoLine {
                category: category.id.to_string(),
                from: from.probability(),
                min: bounds.min.probability(),
                max: bounds.max.probability(),
                answers: evidence.0,
                right: evidence.1,
            }
        })
    });
    Ok(Report {
        accuracy: Accuracy::of(labels.iter().map(|stored| &stored.label)),
        auto_from: auto_from.collect(),
        model: learning.in_force().map(ModelLine::from),
        llm: llm_lines(&labels, learning),
        encoder: learning.has_encoder(),
    })
}

fn llm_lines(labels: &[StoredLabel], learning: &Learning) -> Vec<LlmLine> {
    let mut found = Candour::of(labels.iter().map(|stored| &stored.label));
    let asked = learning.llm().map(|(model, factor)| {
        // What is in force, which follows the newest answers after a pause.
        let candour = Candour { factor, ..found.remove(model).unwrap_or_default() };
        LlmLine { model: model.to_owned(), asked: true, candour }
    });
    let mut earlier: Vec<LlmLine> =
        found.into_iter().map(|(model, candour)| LlmLine { model, asked: false, candour }).collect();
    earlier.sort_by_key(|line| std::cmp::Reverse(line.candour.labels));
    asked.into_iter().chain(earlier).collect()
}

/// The same for metrics.
pub(super) fn set_gauges(labels: &[StoredLabel]) {
    let measured = Accuracy::of(labels.iter().map(|stored| &stored.label));
    metrics::gauge!("deskbell_labels").set(f64::from(measured.labels));
    if let Some(ece) = measured.ece {
        metrics::gauge!("deskbell_assessor_calibration_error").set(ece);
    }
    for (model, candour) in Candour::of(labels.iter().map(|stored| &stored.label)) {
        let shares =
            [("deskbell_llm_stated_precision", candour.precision), ("deskbell_llm_stated_confidence", candour.stated)];
        for (gauge, share) in shares {
            metrics::gauge!(gauge, "model" => model.clone()).set(share.unwrap_or_default());
        }
    }
    for (of, groups) in [("category", &measured.categories), ("squad", &measured.squads)] {
        for (name, group) in groups {
            set_group(of, name, group);
        }
    }
}

fn set_group(of: &'static str, name: &str, group: &Group) {
    let shares = [
        ("deskbell_assessor_precision", group.precision),
        ("deskbell_assessor_coverage", group.coverage),
        ("deskbell_assessor_confidence", group.confidence),
    ];
    for (gauge, share) in shares {
        if let Some(share) = share {
            metrics::gauge!(gauge, "of" => of, "name" => name.to_owned()).set(share);
        }
    }
}
