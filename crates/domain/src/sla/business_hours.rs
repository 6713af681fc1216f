//! The hours a squad works, and arithmetic on the time within them.
//!
//! ```toml
//! time_zone = "Europe/Berlin"
//! mon = "09:00-17:30"
//! tue = ["09:00-12:00", "13:00-17:00"]
//! sat = "22:00-24:00"
//! holidays = [2026-12-25, "2026-12-26"]
//! ```
//!
//! or `always = true`. A weekday that is not named is closed. Hours are local times: a day on which the clocks
//! change has an hour more or less when it is within the hours.

use jiff::civil::{Date, DateTime};
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use std::collections::BTreeSet;

/// How many days are looked at: ten years, so that a calendar that hardly opens ends in an error and not in a
/// long search.
const MAX_DAYS: usize = 3_660;
const MINUTES_PER_DAY: u16 = 24 * 60;

/// When a squad works.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Document")]
pub struct BusinessHours {
    /// `None` is round the clock.
    calendar: Option<Calendar>,
}

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BusinessTimeError {
    /// The hours hold too little time within ten years.
    #[error("the business hours do not reach that far in ten years; open more hours or shorten the target")]
    TooFar,
    /// The moment is outside of the calendar's years.
    #[error("the moment is outside of the years -9999 to 9999; shorten the target")]
    OutOfCalendar,
}

/// What is wrong with written hours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BusinessHoursError {
    /// Round the clock and hours at once.
    #[error("`always = true` stands alone; remove it, or the weekdays, holidays and time_zone")]
    AlwaysAndHours,
    /// Hours without a zone.
    #[error("time_zone is missing; name one, such as \"Europe/Berlin\"")]
    MissingTimeZone,
    /// A zone that the IANA database does not have.
    #[error("`{0}` is no IANA time zone; write one such as \"Europe/Berlin\"")]
    UnknownTimeZone(String),
    /// Hours that open never.
    #[error("no weekday is open; add one, such as mon = \"09:00-17:00\", or write always = true")]
    NeverOpen,
    /// Text that is no range of times.
    #[error("`{0}` is no range of hours; write it as \"09:00-17:30\"")]
    InvalidRange(String),
    /// A range that ends before it starts.
    #[error("`{0}` ends before it starts; split it at midnight: until \"24:00\", and from \"00:00\" on the next day")]
    BackwardRange(String),
    /// Two ranges of a day that overlap.
    #[error("`{0}` overlaps another range of its day; join them")]
    OverlappingRange(String),
    /// A holiday that is no date.
    #[error("`{0}` is no date; write it as \"2026-12-25\"")]
    InvalidHoliday(String),
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Calendar {
    time_zone: TimeZone,
    /// From Monday; the ranges of a day are in order and apart.
    week: [Vec<Range>; 7],
    holidays: BTreeSet<Date>,
}

/// Local times of one day in minutes since midnight; `end` is excluded and may be midnight.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Range {
    start: u16,
    end: u16,
}

impl BusinessHours {
    /// Round the clock.
    pub fn always() -> Self {
        Self { calendar: None }
    }

    /// The moment when `span` of business time has passed since `from`. It is within the hours, or at the end
    /// of a range when the span ends there; a span of zero or less is `from` itself.
    ///
    /// # Errors
    /// The hours hold less time than `span` within ten years, or the moment is out of the calendar.
    pub fn add_business(&self, from: Timestamp, span: SignedDuration) -> Result<Timestamp, BusinessTimeError> {
        if span <= SignedDuration::ZERO {
            return Ok(from);
        }
        let Some(calendar) = &self.calendar else {
            return from.checked_add(span).map_err(|_| BusinessTimeError::OutOfCalendar);
        };
        let mut left = span;
        for open in calendar.open_from(from) {
            let (start, end) = open?;
            let start = start.max(from);
            let length = end.duration_since(start);
            if length >= left {
                return start.checked_add(left).map_err(|_| BusinessTimeError::OutOfCalendar);
            }
            if length > SignedDuration::ZERO {
                left = left.saturating_sub(length);
            }
        }
        Err(BusinessTimeError::TooFar)
    }

    /// How much business time lies between two moments; zero when `to` is not after `from`.
    ///
    /// # Errors
    /// The moments are more than ten years apart, or at the end of the calendar.
    #[cfg(test)]
    fn business_between(&self, from: Timestamp, to: Timestamp) -> Result<SignedDuration, BusinessTimeError> {
        if to <= from {
            return Ok(SignedDuration::ZERO);
        }
        let Some(calendar) = &self.calendar else {
            return Ok(to.duration_since(from));
        };
        let mut total = SignedDuration::ZERO;
        for open in calendar.open_from(from) {
            let (start, end) = open?;
            if start >= to {
                return Ok(total);
            }
            let length = end.min(to).duration_since(start.max(from));
            total = total.saturating_add(length.max(SignedDuration::ZERO));
        }
        Err(BusinessTimeError::TooFar)
    }
}

impl Calendar {
    /// The open stretches in order, from the day before `from` (whose local date repeats where clocks go back
    /// at midnight) for as many days as are looked at. Closed days yield nothing, and an end is told by an error
    /// only where the calendar itself ends.
    fn open_from(
        &self,
        from: Timestamp,
    ) -> impl Iterator<Item = Result<(Timestamp, Timestamp), BusinessTimeError>> + '_ {
        let today = self.time_zone.to_datetime(from).date();
        let first = today.yesterday().unwrap_or(today);
        let days = std::iter::successors(Some(first), |day| day.tomorrow().ok()).take(MAX_DAYS);
        days.flat_map(move |day| self.ranges(day).iter().map(move |range| self.stretch(day, *range)))
    }

    fn ranges(&self, day: Date) -> &[Range] {
        if self.holidays.contains(&day) {
            return &[];
        }
        let weekday = usize::try_from(day.weekday().to_monday_zero_offset()).unwrap_or_default();
        self.week.get(weekday).map_or(&[], Vec::as_slice)
    }

    fn stretch(&self, day: Date, range: Range) -> Result<(Timestamp, Timestamp), BusinessTimeError> {
        Ok((self.moment(day, range.start)?, self.moment(day, range.end)?))
    }

    /// The first moment when the local clock shows this time or, where the time is skipped, the moment of the
    /// skip. So a later local time is never an earlier moment, which the usual shift of skipped times by the
    /// length of the skip does not hold to.
    fn moment(&self, day: Date, minutes: u16) -> Result<Timestamp, BusinessTimeError> {
        let local = local_time(day, minutes).ok_or(BusinessTimeError::OutOfCalendar)?;
        let ambiguous = self.time_zone.to_ambiguous_timestamp(local);
        let moment = match ambiguous.offset() {
            AmbiguousOffset::Unambiguous { offset } => offset.to_timestamp(local),
            AmbiguousOffset::Fold { before, .. } => before.to_timestamp(local),
            AmbiguousOffset::Gap { after, .. } => {
                let before_skip = after.to_timestamp(local);
                return before_skip
                    .ok()
                    .and_then(|moment| self.time_zone.following(moment).next())
                    .map(|skip| skip.timestamp())
                    .ok_or(BusinessTimeError::OutOfCalendar);
            }
        };
        moment.map_err(|_| BusinessTimeError::OutOfCalendar)
    }
}

fn local_time(day: Date, minutes: u16) -> Option<DateTime> {
    if minutes == MINUTES_PER_DAY {
        return day.tomorrow().ok().map(|next| next.at(0, 0, 0, 0));
    }
    let (hour, minute) = (i8::try_from(minutes / 60).ok()?, i8::try_from(minutes % 60).ok()?);
    Some(day.at(hour, minute, 0, 0))
}

/// The hours as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Document {
    #[serde(default)]
    always: bool,
    time_zone: Option<String>,
    mon: Option<WrittenRanges>,
    tue: Option<WrittenRanges>,
    wed: Option<WrittenRanges>,
    thu: Option<WrittenRanges>,
    fri: Option<WrittenRanges>,
    sat: Option<WrittenRanges>,
    sun: Option<WrittenRanges>,
    #[serde(default)]
    holidays: Vec<WrittenDate>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenRanges {
    One(String),
    Several(Vec<String>),
}

/// A date in quotes, or TOML's own.
#[derive(Deserialize)]
#[serde(untagged)]
enum WrittenDate {
    Text(String),
    Toml(toml::value::Datetime),
}

impl TryFrom<Document> for BusinessHours {
    type Error = BusinessHoursError;

    fn try_from(written: Document) -> Result<Self, Self::Error> {
        let Document { always, time_zone, mon, tue, wed, thu, fri, sat, sun, holidays } = written;
        let days = [mon, tue, wed, thu, fri, sat, sun];
        if always {
            let alone = time_zone.is_none() && holidays.is_empty() && days.iter().all(Option::is_none);
            return if alone { Ok(Self::always()) } else { Err(BusinessHoursError::AlwaysAndHours) };
        }
        let mut week: [Vec<Range>; 7] = Default::default();
        for (ranges, written) in week.iter_mut().zip(days) {
            *ranges = written.map_or(Ok(Vec::new()), WrittenRanges::parse)?;
        }
        if week.iter().all(Vec::is_empty) {
            return Err(BusinessHoursError::NeverOpen);
        }
        let name = time_zone.ok_or(BusinessHoursError::MissingTimeZone)?;
        let time_zone = TimeZone::get(&name).map_err(|_| BusinessHoursError::UnknownTimeZone(name))?;
        let holidays = holidays.into_iter().map(WrittenDate::parse).collect::<Result<_, _>>()?;
        Ok(Self { calendar: Some(Calendar { time_zone, week, holidays }) })
    }
}

impl WrittenRanges {
    fn parse(self) -> Result<Vec<Range>, BusinessHoursError> {
        let texts = match self {
            Self::One(text) => vec![text],
            Self::Several(texts) => texts,
        };
        let mut ranges: Vec<(Range, String)> = Vec::new();
        for text in texts {
            let range = parse_range(&text).ok_or_else(|| BusinessHoursError::InvalidRange(text.clone()))?;
            if range.end <= range.start {
                return Err(BusinessHoursError::BackwardRange(text));
            }
            if ranges.iter().any(|(other, _)| other.start < range.end && range.start < other.end) {
                return Err(BusinessHoursError::OverlappingRange(text));
            }
            ranges.push((range, text));
        }
        let mut ranges: Vec<Range> = ranges.into_iter().map(|(range, _)| range).collect();
        ranges.sort_unstable();
        Ok(ranges)
    }
}

impl WrittenDate {
    fn parse(self) -> Result<Date, BusinessHoursError> {
        let text = match self {
            Self::Text(text) => text,
            Self::Toml(date) => date.to_string(),
        };
        // A time after the date would be dropped silently: only the ten characters of a date are one.
        let date = (text.len() == 10).then(|| text.parse().ok()).flatten();
        date.ok_or(BusinessHoursError::InvalidHoliday(text))
    }
}

fn parse_range(text: &str) -> Option<Range> {
    let (start, end) = text.split_once('-')?;
    Some(Range { start: parse_minutes(start.trim())?, end: parse_minutes(end.trim())? })
}

/// `HH:MM` up to `24:00`.
fn parse_minutes(text: &str) -> Option<u16> {
    let (hours, minutes) = text.split_once(':')?;
    let digits = |part: &str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(hours) || !digits(minutes) {
        return None;
    }
    let (hours, minutes): (u16, u16) = (hours.parse().ok()?, minutes.parse().ok()?);
    let total = hours * 60 + minutes;
    (minutes < 60 && total <= MINUTES_PER_DAY).then_some(total)
}

#[cfg(test)]
#[path = "business_hours_tests.rs"]
mod tests;
