//! What people taught, for people.

use deskbell_domain::assessment::Confidence;
use deskbell_domain::ids::{CategoryId, SquadId};
use deskbell_domain::policy::Policy;
use deskbell_domain::ticket::Ticket;
use deskbell_judgement::accuracy::{Bin, Group};

use super::ticket_view::status;
use super::{category, conversation_url};
use crate::learning::report::{LlmLine, ModelLine, Report};
use crate::slack::messages::{
    AccuracyLine, AccuracyView, AutoThreshold, CalibrationLine, LlmNote, ModelNote, SimilarLine,
};

/// Signs of a bar.
const SIGNS: usize = 10;

/// The answer to `/triage accuracy`.
pub(in crate::pipeline) fn accuracy_view(policy: &Policy, report: Report) -> AccuracyView {
    let Report { accuracy, auto_from, model, llm, encoder } = report;
    let category_name = |id: &str| {
        policy.category(&CategoryId::new(id)).map_or_else(|| id.to_owned(), |category| category.name.clone())
    };
    let squad_name =
        |id: &str| policy.squad(&SquadId::new(id)).map_or_else(|| id.to_owned(), |squad| squad.name.clone());
    let lines = |groups: &std::collections::BTreeMap<String, Group>, name: &dyn Fn(&str) -> String| {
        let mut named: Vec<(&String, &Group)> = groups.iter().collect();
        named.sort_by_key(|(_, group)| std::cmp::Reverse(group.said.max(group.requests)));
        named.into_iter().map(|(id, group)| line(name(id), group)).collect()
    };
    AccuracyView {
        labels: accuracy.labels,
        changed: accuracy.changed,
        not_tickets: accuracy.not_tickets,
        overall: line(String::new(), &accuracy.overall),
        categories: lines(&accuracy.categories, &category_name),
        squads: lines(&accuracy.squads, &squad_name),
        calibration: accuracy.calibration.iter().filter_map(calibration_line).collect(),
        apart_points: accuracy.ece.map(percent),
        auto_from: auto_from
            .into_iter()
            .map(|found| AutoThreshold {
                category: category_name(&found.category),
                from_percent: percent(found.from),
                min_percent: percent(found.min),
                max_percent: percent(found.max),
                answers: found.answers,
                right: found.right,
            })
            .collect(),
        model: model.as_ref().map(model_note),
        llm: llm.into_iter().map(llm_note).collect(),
        words_alone: !encoder,
    }
}

fn line(name: String, group: &Group) -> AccuracyLine {
    AccuracyLine {
        name,
        bar: bar(group.precision.unwrap_or(0.0)),
        said: group.said,
        right_percent: group.precision.map(percent),
        at_least_percent: group.precision_at_least.map(percent_surely),
        coverage_percent: group.coverage.map(percent),
        confidence_percent: group.confidence.map(percent),
    }
}

fn calibration_line(bin: &Bin) -> Option<CalibrationLine> {
    let right = bin.right?;
    Some(CalibrationLine {
        range: format!("{}–{} % sure", percent(bin.from), percent(bin.to)),
        bar: bar(right),
        right_percent: percent(right),
        answers: bin.answers,
    })
}

fn model_note(model: &ModelLine) -> ModelNote {
    ModelNote {
        version: model.version,
        made_unix: model.made_unix,
        labels: u32::try_from(model.about.labels).unwrap_or(u32::MAX),
        pinned: model.pinned,
        held_out_percent: model.about.accuracy.map(percent),
    }
}

/// What a language model's figure of this counts for is shown.
const SURELY: f64 = 0.9;

fn llm_note(line: LlmLine) -> LlmNote {
    let LlmLine { model, asked, candour } = line;
    LlmNote {
        model,
        asked,
        bar: bar(candour.precision.unwrap_or(0.0)),
        labels: candour.labels,
        right_percent: candour.precision.map(percent),
        stated_percent: candour.stated.map(percent),
        factor: format!("{:.2}", candour.factor.factor()),
        surely_percent: percent(candour.factor.applied(SURELY)),
    }
}

/// Ten signs, as many of them full as tenths.
fn bar(share: f64) -> String {
    let full = usize::from(percent(share) + 5) / SIGNS;
    (0..SIGNS).map(|sign| if sign < full { '█' } else { '░' }).collect()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // Clamped before.
fn percent(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 100.0).round() as u8
}

/// What is surely so is never rounded up.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
fn percent_surely(share: f64) -> u8 {
    (share.clamp(0.0, 1.0) * 100.0).floor() as u8
}

/// A ticket that reads like another.
pub(in crate::pipeline) fn similar_line(policy: &Policy, ticket: &Ticket, similarity: Confidence) -> SimilarLine {
    SimilarLine {
        number: ticket.id.to_string(),
        summary: ticket.words.summary(),
        url: conversation_url(ticket),
        alike_percent: u8::try_from(similarity.percent()).unwrap_or(100),
        status: status(ticket.status).to_owned(),
        category: category(policy, ticket),
        squad: ticket.squad.as_ref().and_then(|id| policy.squad(id)).map(|squad| squad.name.clone()),
    }
}

#[cfg(test)]
mod tests {
    use super::bar;

    #[test]
    fn bars_are_ten_signs_long() {
        for (share, expected) in
            [(0.0, "░░░░░░░░░░"), (0.04, "░░░░░░░░░░"), (0.05, "█░░░░░░░░░"), (0.94, "█████████░"), (1.0, "██████████")]
        {
            assert_eq!(bar(share), expected, "{share}");
        }
    }
}
