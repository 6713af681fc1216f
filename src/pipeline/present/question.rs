//! What a server asks, as people see it: the message, and the form behind it.

use std::collections::BTreeMap;

use deskbell_domain::policy::{Policy, Right};
use deskbell_domain::ticket::Ticket;

use super::card::step;
use super::conversation_url;
use crate::intake::parse::FieldValue;
use crate::mcp_host::{Field, FieldKind, Question, TextFormat, Unfit, Wanted};
use crate::slack::messages::{AskedField, AskedPage, Choice, QuestionMessage, QuestionStatus, QuestionView};
use crate::store::{QuestionOutcome, StoredQuestion};

/// Characters that a text input of Slack's takes.
const TEXT_MAX: u32 = 3_000;
/// A text that may be longer than this is written on several lines.
const LINE_MAX: u32 = 200;

/// The name of a field's block and element.
fn block(place: usize) -> String {
    format!("field_{place}")
}

/// The message that asks.
pub(in crate::pipeline) fn message(
    policy: &Policy,
    id: u64,
    stored: &StoredQuestion,
    question: &Question,
    ticket: &Ticket,
) -> QuestionMessage {
    let (page, fields) = match &question.wanted {
        Wanted::Page { url, host } => (Some(AskedPage { url: url.clone(), host: host.clone() }), Vec::new()),
        Wanted::Form { fields } => (None, fields.iter().map(|field| field.title.clone()).collect()),
    };
    let mention_ids = match &stored.person {
        Some(_) => Vec::new(),
        None => policy.holders_by_name(Right::Confirm, ticket.squad.as_ref()).iter().map(ToString::to_string).collect(),
    };
    QuestionMessage {
        question_id: id.to_string(),
        call: stored.action.to_string(),
        number: ticket.id.to_string(),
        ticket_url: conversation_url(ticket),
        server: stored.server.clone(),
        tool: stored.tool.clone(),
        step: ticket.action(stored.action).map_or("A step", step).to_owned(),
        words: question.message.clone(),
        page,
        fields,
        mention_ids,
        until_unix: stored.until.as_second(),
        status: status(stored),
    }
}

fn status(stored: &StoredQuestion) -> QuestionStatus {
    let Some((outcome, by, at)) = &stored.settled else { return QuestionStatus::Open };
    let at_unix = at.as_second();
    match (outcome, by) {
        (QuestionOutcome::Accepted, Some(by)) => QuestionStatus::Accepted { by_user_id: by.to_string(), at_unix },
        (QuestionOutcome::Declined, Some(by)) => QuestionStatus::Declined { by_user_id: by.to_string(), at_unix },
        (QuestionOutcome::Lapsed, _) => QuestionStatus::Lapsed { at_unix },
        _ => QuestionStatus::Closed { at_unix },
    }
}

/// The form behind it. `values` is what somebody wrote already, `unfit` what of it does not fit.
pub(in crate::pipeline) fn view(
    id: u64,
    stored: &StoredQuestion,
    question: &Question,
    ticket: &Ticket,
    values: &BTreeMap<String, FieldValue>,
    unfit: &[Unfit],
) -> QuestionView {
    let fields = match &question.wanted {
        Wanted::Form { fields } => fields.as_slice(),
        Wanted::Page { .. } => &[],
    };
    let shown = |(place, it): (usize, &Field)| {
        let problem = unfit.iter().find(|(unfit, _)| *unfit == place).map(|(_, mend)| mend.clone());
        let written = (!unfit.is_empty()).then(|| given(values, place));
        field(it, written, problem)
    };
    QuestionView {
        question_id: id.to_string(),
        number: ticket.id.to_string(),
        server: stored.server.clone(),
        tool: stored.tool.clone(),
        words: question.message.clone(),
        fields: fields.iter().enumerate().map(shown).collect(),
    }
}

/// What stands in a field: a text, or the places of the chosen options.
fn given(values: &BTreeMap<String, FieldValue>, place: usize) -> Vec<String> {
    match values.get(&block(place)) {
        Some(FieldValue::Text(text)) => vec![text.clone()],
        Some(FieldValue::Options(chosen)) => chosen.clone(),
        Some(FieldValue::People(_) | FieldValue::Channels(_) | FieldValue::Empty) | None => Vec::new(),
    }
}

/// What stands in a field, as the question knows it.
pub(in crate::pipeline) fn chosen_values(
    question: &Question,
    values: &BTreeMap<String, FieldValue>,
    place: usize,
) -> Vec<String> {
    let given = given(values, place);
    let Wanted::Form { fields } = &question.wanted else { return given };
    match fields.get(place).map(|field| &field.kind) {
        Some(FieldKind::One { choices, .. } | FieldKind::Several { choices, .. }) => {
            let value = |place: &String| choices.get(place.parse::<usize>().ok()?).map(|(value, _)| value.clone());
            // What names no choice is kept as it is, and refused as one.
            given.iter().map(|place| value(place).unwrap_or_else(|| place.clone())).collect()
        }
        _ => given,
    }
}

/// `written` is what somebody wrote in the form before; `None` when it is opened.
fn field(it: &Field, written: Option<Vec<String>>, problem: Option<String>) -> AskedField {
    let mut shown = AskedField {
        title: it.title.clone(),
        hint: it.hint.clone(),
        optional: !it.required,
        problem,
        input: String::new(),
        value: None,
        moment_unix: None,
        choices: Vec::new(),
        chosen: Vec::new(),
        fewest: None,
        most: None,
        least: None,
        largest: None,
    };
    let first = |default: Option<String>| match &written {
        None => default,
        Some(written) => written.first().cloned(),
    };
    match &it.kind {
        FieldKind::Text { min, max, format, default } => {
            text(&mut shown, (*min, *max), *format, first(default.clone()));
        }
        FieldKind::Number { whole, min, max, default } => {
            // What is no number can't stand in an input for numbers.
            let value = first(default.map(|number| number.to_string()));
            shown.value = value.filter(|value| value.parse::<f64>().is_ok());
            let input = if *whole { "whole" } else { "number" };
            input.clone_into(&mut shown.input);
            (shown.least, shown.largest) = (*min, *max);
        }
        FieldKind::YesNo { default } => {
            "one".clone_into(&mut shown.input);
            let choice = |value: &str, label: &str| Choice { value: value.to_owned(), label: label.to_owned() };
            shown.choices = vec![choice("true", "Yes"), choice("false", "No")];
            shown.chosen = first(default.map(|yes| yes.to_string())).into_iter().collect();
        }
        FieldKind::One { choices, default } => {
            "one".clone_into(&mut shown.input);
            select(&mut shown, choices, default.as_slice(), written);
        }
        FieldKind::Several { choices, max, default, .. } => {
            "several".clone_into(&mut shown.input);
            shown.most = max.and_then(|max| u32::try_from(max).ok()).filter(|max| *max > 0);
            select(&mut shown, choices, default, written);
        }
    }
    shown
}

fn text(
    shown: &mut AskedField,
    (min, max): (Option<u32>, Option<u32>),
    format: Option<TextFormat>,
    value: Option<String>,
) {
    let value = value.map(|value| value.chars().take(3_000).collect::<String>()).filter(|value| !value.is_empty());
    let input = match format {
        Some(TextFormat::Email) => "email",
        Some(TextFormat::Uri) => "url",
        Some(TextFormat::Date) => "date",
        Some(TextFormat::DateTime) => "moment",
        None if max.is_none_or(|max| max > LINE_MAX) => "lines",
        None => "line",
    };
    input.clone_into(&mut shown.input);
    match format {
        Some(TextFormat::DateTime) => {
            let moment = value.and_then(|value| {
                let seconds = value.parse::<i64>().ok();
                seconds.or_else(|| value.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_second))
            });
            // Slack takes ten digits.
            shown.moment_unix = moment.filter(|at| (1_000_000_000..=9_999_999_999).contains(at));
        }
        Some(TextFormat::Date) => shown.value = value.filter(|value| value.parse::<jiff::civil::Date>().is_ok()),
        Some(TextFormat::Email | TextFormat::Uri) => shown.value = value,
        None => {
            shown.value = value;
            shown.fewest = min.filter(|min| *min > 0 && *min <= TEXT_MAX);
            shown.most = max.filter(|max| *max > 0 && *max <= TEXT_MAX);
        }
    }
}

/// Options go by their places: a server's values may be longer than Slack takes.
fn select(shown: &mut AskedField, choices: &[(String, String)], default: &[String], written: Option<Vec<String>>) {
    let label = |(place, (value, title)): (usize, &(String, String))| Choice {
        value: place.to_string(),
        label: if title.trim().is_empty() { value.clone() } else { title.clone() },
    };
    shown.choices = choices.iter().enumerate().map(label).collect();
    let is_default = |(_, (value, _)): &(usize, &(String, String))| default.contains(value);
    let stands = || choices.iter().enumerate().filter(is_default).map(|(place, _)| place.to_string()).collect();
    shown.chosen = written.unwrap_or_else(stands);
}
