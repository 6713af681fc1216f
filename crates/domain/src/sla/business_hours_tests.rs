use super::*;
use proptest::prelude::*;

const OFFICE: &str = r#"
    time_zone = "Europe/Berlin"
    mon = "09:00-17:30"
    tue = ["13:00-17:00", "09:00-12:00"]
    wed = "09:00-17:00"
    thu = "09:00-17:00"
    fri = "09:00-15:00"
    sat = "22:00-24:00"
    sun = "00:00-04:00"
    holidays = [2026-12-25, "2026-05-01"]
"#;

fn hours(text: &str) -> BusinessHours {
    toml::from_str::<toml::Value>(text).unwrap().try_into().unwrap()
}

fn moment(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn check_add(hours: &BusinessHours, from: &str, span: &str, expected: &str) {
    let due = hours.add_business(moment(from), span.parse().unwrap());
    assert_eq!(due, Ok(moment(expected)), "{from} + {span}");
}

fn check_fault(text: &str, expected: &str) {
    let error = toml::from_str::<BusinessHours>(text).unwrap_err();
    assert!(error.message().starts_with(expected), "{text}: {}", error.message());
}

#[test]
fn adds_time_within_and_across_the_hours() {
    let office = hours(OFFICE);
    // Wednesday, 24 June 2026.
    check_add(&office, "2026-06-24T10:00:00+02:00", "2h", "2026-06-24T12:00:00+02:00");
    check_add(&office, "2026-06-24T07:00:00+02:00", "2h", "2026-06-24T11:00:00+02:00");
    check_add(&office, "2026-06-24T16:00:00+02:00", "2h", "2026-06-25T10:00:00+02:00");
    check_add(&office, "2026-06-24T16:00:00+02:00", "1h", "2026-06-24T17:00:00+02:00");
    check_add(&office, "2026-06-24T18:00:00+02:00", "0s", "2026-06-24T18:00:00+02:00");
    check_add(&office, "2026-06-23T11:30:00+02:00", "1h", "2026-06-23T13:30:00+02:00");
    // Friday evening, over midnight of Saturday to Sunday, to Monday.
    check_add(&office, "2026-06-26T15:00:00+02:00", "3h", "2026-06-28T01:00:00+02:00");
    check_add(&office, "2026-06-26T15:00:00+02:00", "7h", "2026-06-29T10:00:00+02:00");
}

#[test]
fn leaves_out_holidays_however_they_are_written() {
    let office = hours(OFFICE);
    check_add(&office, "2026-12-24T16:00:00+01:00", "2h", "2026-12-26T23:00:00+01:00");
    check_add(&office, "2026-04-30T16:30:00+02:00", "1h", "2026-05-02T22:30:00+02:00");
}

#[test]
fn counts_the_hours_that_clocks_skip_or_repeat() {
    let night = hours("time_zone = \"Europe/Berlin\"\nsun = \"00:00-24:00\"");
    let day = |from, to| night.business_between(moment(from), moment(to)).unwrap().as_hours();
    assert_eq!(day("2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z"), 23);
    assert_eq!(day("2026-10-24T00:00:00Z", "2026-10-27T00:00:00Z"), 25);
    // 02:00 to 03:00 does not exist on this day: what starts within it starts at the skip.
    let skipped = hours("time_zone = \"Europe/Berlin\"\nsun = [\"02:15-02:45\", \"02:50-03:30\"]");
    check_add(&skipped, "2026-03-29T00:00:00+01:00", "30m", "2026-03-29T03:30:00+02:00");
}

#[test]
fn always_is_plain_time() {
    let always = hours("always = true");
    assert_eq!(always, BusinessHours::always());
    check_add(&always, "2026-03-28T12:00:00Z", "24h", "2026-03-29T12:00:00Z");
    assert_eq!(
        always.business_between(moment("2026-01-01T00:00:00Z"), moment("2026-01-02T00:00:00Z")),
        Ok(SignedDuration::from_hours(24))
    );
}

#[test]
fn gives_up_on_what_is_too_far() {
    let rare = hours("time_zone = \"UTC\"\nmon = \"09:00-09:01\"");
    let from = moment("2026-01-01T00:00:00Z");
    assert_eq!(rare.add_business(from, SignedDuration::from_hours(24)), Err(BusinessTimeError::TooFar));
    assert_eq!(rare.business_between(from, moment("2066-01-01T00:00:00Z")), Err(BusinessTimeError::TooFar));
    let end = Timestamp::MAX;
    assert!(rare.add_business(end, SignedDuration::from_hours(1)).is_err());
    assert!(BusinessHours::always().add_business(end, SignedDuration::from_hours(1)).is_err());
    assert!(rare.add_business(Timestamp::MIN, SignedDuration::from_mins(1)).is_err());
}

#[test]
fn refuses_hours_that_mean_nothing() {
    check_fault("time_zone = \"UTC\"", "no weekday is open");
    check_fault("mon = \"09:00-17:00\"", "time_zone is missing");
    check_fault("time_zone = \"Mars/Base\"\nmon = \"09:00-17:00\"", "`Mars/Base` is no IANA time zone");
    check_fault("always = true\nmon = \"09:00-17:00\"", "`always = true` stands alone");
    check_fault("time_zone = \"UTC\"\nmon = \"22:00-06:00\"", "`22:00-06:00` ends before it starts");
    check_fault("time_zone = \"UTC\"\nmon = \"09:00-09:00\"", "`09:00-09:00` ends before it starts");
    check_fault("time_zone = \"UTC\"\nmon = [\"09:00-12:00\", \"11:00-13:00\"]", "`11:00-13:00` overlaps");
    check_fault("time_zone = \"UTC\"\nmon = \"09:00-17:00\"\nholidays = [\"2026-02-30\"]", "`2026-02-30` is no date");
    check_fault("time_zone = \"UTC\"\nmonday = \"09:00-17:00\"", "unknown field `monday`");
    for range in ["9:00-17:00", "09:00", "09:60-17:00", "09:00-24:01", "09:00-25:00", "-", "x-y", "+9:00-17:00", ""] {
        check_fault(&format!("time_zone = \"UTC\"\nmon = \"{range}\""), &format!("`{range}` is no range of hours"));
    }
}

/// Calendars in zones with changes at two in the morning, at midnight, of half an hour, and of a whole day.
fn any_hours() -> impl Strategy<Value = BusinessHours> {
    let zone = prop::sample::select(vec![
        "Europe/Berlin",
        "America/New_York",
        "Asia/Beirut",
        "America/Havana",
        "Australia/Lord_Howe",
        "Pacific/Apia",
        "UTC",
    ]);
    let days = prop::collection::vec(prop::collection::btree_set(0u16..=96, 0..6), 7);
    (zone, days).prop_filter_map("never open", |(zone, days)| {
        let mut text = format!("time_zone = \"{zone}\"\n");
        for (name, edges) in ["mon", "tue", "wed", "thu", "fri", "sat", "sun"].iter().zip(days) {
            let edges: Vec<u16> = edges.into_iter().collect();
            let clock = |quarter: u16| format!("{:02}:{:02}", quarter / 4, quarter % 4 * 15);
            let ranges: Vec<String> =
                edges.chunks_exact(2).map(|pair| format!("\"{}-{}\"", clock(pair[0]), clock(pair[1]))).collect();
            text.extend([*name, " = [", &ranges.join(", "), "]\n"]);
        }
        toml::from_str(&text).ok()
    })
}

/// Moments near the changes of those zones, in 2011 (Samoa's skipped day) and 2026.
fn any_moment() -> impl Strategy<Value = Timestamp> {
    prop_oneof![1_293_840_000i64..1_328_000_000, 1_767_225_600i64..1_798_761_600]
        .prop_map(|second| Timestamp::from_second(second).unwrap())
}

proptest! {
    #[test]
    fn what_is_added_lies_between(hours in any_hours(), from in any_moment(), seconds in 0i64..400_000) {
        let span = SignedDuration::from_secs(seconds);
        let due = hours.add_business(from, span).unwrap();
        prop_assert!(due >= from);
        prop_assert_eq!(hours.business_between(from, due).unwrap(), span);
    }

    #[test]
    fn more_time_is_never_due_earlier(hours in any_hours(), from in any_moment(), later in 0i64..200_000, seconds in 0i64..200_000, more in 0i64..90_000) {
        let span = SignedDuration::from_secs(seconds);
        let due = hours.add_business(from, span).unwrap();
        prop_assert!(due <= hours.add_business(from, span + SignedDuration::from_secs(more)).unwrap());
        let afterwards = from + SignedDuration::from_secs(later);
        prop_assert!(due <= hours.add_business(afterwards, span).unwrap());
    }

    #[test]
    fn time_between_adds_up(hours in any_hours(), from in any_moment(), first in 0i64..900_000, second in 0i64..900_000) {
        let middle = from + SignedDuration::from_secs(first);
        let to = middle + SignedDuration::from_secs(second);
        let parts = hours.business_between(from, middle).unwrap() + hours.business_between(middle, to).unwrap();
        prop_assert_eq!(parts, hours.business_between(from, to).unwrap());
    }
}
