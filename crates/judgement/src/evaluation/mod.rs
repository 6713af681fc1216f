//! What measures judgement: pure functions from answers to figures. Thresholds are chosen on answers that were held
//! out of training, never on those that are measured.

mod classification;
mod languages;
pub mod plots;
mod ranking;

pub(crate) use classification::calibration_error;
pub use classification::{Answer, Classification, Known, Selective};
pub use languages::Languages;
pub use ranking::{Judgements, Ranking};

/// The value below which `share` of the values lie, `0.0..=1.0`; 0 for none. Sorts them.
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
pub fn quantile(values: &mut [f64], share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = (values.len().saturating_sub(1)) as f64 * share;
    values.get(place.round() as usize).copied().unwrap_or(0.0)
}
