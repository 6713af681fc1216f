//! `[learning]`: how far experience may move what is carried out without asking.

use super::super::document::{AutoFromDocument, Document};
use super::Check;
use crate::assessment::Confidence;
use crate::learning::AutoBounds;

impl Check<'_> {
    pub(super) fn auto_bounds(&mut self, document: &Document) -> Option<AutoBounds> {
        let written = document.learning.auto_from.as_ref()?;
        let AutoFromDocument { min, max, evidence, precision } = *written.get_ref();
        let is_share = |share: f64| share > 0.0 && share <= 1.0;
        let fault = if !is_share(min) || !is_share(max) || min > max {
            Some("auto_from: `min` and `max` are confidences, min the lower one: for example { min = 0.8, max = 0.95 }")
        } else if !is_share(precision) || precision > 0.999 {
            // No number of right answers makes it sure that none will ever be wrong.
            Some("auto_from: `precision` is the share that must surely be right, at most 0.999: for example 0.95")
        } else if evidence < 10 {
            Some("auto_from: `evidence` under 10 answers proves nothing: give at least 10")
        } else {
            None
        };
        if let Some(fault) = fault {
            self.fault(&written.span(), fault);
        }
        let of = Confidence::from_probability;
        Some(AutoBounds { min: of(min), max: of(max), evidence, precision: of(precision) })
    }
}
