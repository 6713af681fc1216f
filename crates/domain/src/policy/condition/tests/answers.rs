//! What conditions answer, how specific they are, and how they are explained.

use super::super::EvaluationError;
use super::{inputs, parse, schema};

fn check(source: &str, expected: bool) {
    assert_eq!(parse(source).evaluate(&inputs(&schema())), Ok(expected), "{source}");
}

fn check_failure(source: &str, expected: EvaluationError) {
    assert_eq!(parse(source).evaluate(&inputs(&schema())), Err(expected), "{source}");
}

#[test]
fn compares() {
    check("load == 7 && load != 8 && load < 8 && load <= 7 && load > 6 && load >= 7", true);
    check("confidence >= 0.8 && !(confidence > 0.8)", true);
    check("ticket.customer.tier == 'gold' && ticket.customer.tier < 'silver'", true);
    check("ticket.customer.vip == true", true);
    check("ticket.tags == ['payments', 'eu'] && ticket.tags != ['eu']", true);
    check("now - ticket.created_at == duration('90m') && now > ticket.created_at", true);
    check("ticket.waited >= duration('1h30m') && ticket.waited < duration('1.6h')", true);
    check("now == timestamp('2026-03-29T04:00:00+02:00')", true);
}

#[test]
fn looks_into_collections() {
    check("'eu' in ticket.tags && !('us' in ticket.tags)", true);
    check("'reopened' in ticket.counts && ticket.counts['reopened'] == 2 && ticket.counts.reopened == 2", true);
    check("has(ticket.counts.merged) && !has(ticket.counts.lost)", true);
    check("{'gold': 3, 'silver': 2}[ticket.customer.tier] > 2", true);
    check("ticket.tags[1] == 'eu' && size(ticket.tags) == 2 && ticket.counts.size() == 2", true);
    check("ticket.comments.all(c, c.words > 2) && ticket.comments.exists(c, c.author == 'bob')", true);
    check("ticket.comments.exists_one(c, c.words > 10)", true);
    check("size(ticket.comments.filter(c, c.words > 5)) == 1", true);
    check("ticket.comments.map(c, c.author) == ['ann', 'bob']", true);
    check("ticket.comments.map(c, c.words > 5, c.words + 1) == [13]", true);
    check("ticket.counts.exists(name, ticket.counts[name] == 2)", true);
    check("ticket.comments.all(c, ticket.tags.exists(t, t != c.author))", true);
    check("(ticket.tags + ['x']).size() == 3", true);
}

#[test]
fn works_on_text() {
    check("ticket.subject.contains('402') && ticket.subject.startsWith('Über')", true);
    check("ticket.subject.lowerAscii().contains('error') && ticket.subject.endsWith('402')", true);
    check("ticket.subject.matches('(?i)error [0-9]+$') && !ticket.subject.matches('^error')", true);
    check("' a '.trim() == 'a' && 'a'.upperAscii() == 'A' && size('ü') == 1", true);
    check("'tier-' + ticket.customer.tier == 'tier-gold' && string(load) == '7'", true);
}

#[test]
fn computes() {
    check("load % 4 == 3 && load / 2 == 3 && -load == 0 - 7 && load * 2 - 4 == 10", true);
    check("double(load) / 2.0 == 3.5 && int(3.9) == 3 && int(-3.9) == -3", true);
    check("max(load, 9, 3) == 9 && min(0.5, confidence) == 0.5", true);
    check("max(ticket.waited, duration('1h')) == duration('90m')", true);
    check("(urgent ? 1 : 2) == 2", true);
    check("ticket.waited.getHours() == 1 && ticket.waited.getMinutes() == 90", true);
    check("ticket.created_at.getHours() == 0 && ticket.created_at.getHours('Europe/Berlin') == 1", true);
    check("now.getHours('Europe/Berlin') == 4 && now.getHours('+05:30') == 7", true);
    check("now.getDayOfWeek() == 0 && now.getMonth() == 2 && now.getDate() == 29 && now.getDayOfMonth() == 28", true);
    check("now.getFullYear() == 2026 && now.getDayOfYear() == 87 && int(now) > 0", true);
}

#[test]
fn absent_is_the_default_of_its_type() {
    check("urgent", false);
    check("has(ticket.subject) && has(ticket.customer.vip) && has(ticket.customer)", true);
    let nothing = super::Inputs::new(&schema(), &serde_json::json!({ "ticket": null })).unwrap();
    for source in [
        "ticket.subject == '' && size(ticket.tags) == 0 && ticket.customer.seats == 0",
        "!has(ticket.subject) && !has(ticket.customer) && !has(ticket.created_at)",
        "confidence == 0.0 && ticket.waited == duration('0s')",
    ] {
        assert_eq!(parse(source).evaluate(&nothing), Ok(true), "{source}");
    }
}

#[test]
fn fails_only_for_what_depends_on_the_inputs() {
    check_failure("7 / (load - 7) == 1", EvaluationError::DivisionByZero);
    check_failure("7 % (load - 7) == 1", EvaluationError::DivisionByZero);
    check_failure("load + 9223372036854775807 > 0", EvaluationError::Overflow);
    check_failure("int(1e300 * double(load)) > 0", EvaluationError::Overflow);
    check_failure("now + duration('2000000h') + duration('90000000h') > now", EvaluationError::Overflow);
    check_failure("ticket.tags[2] == 'x'", EvaluationError::IndexOutOfRange);
    check_failure("ticket.counts['lost'] == 1", EvaluationError::MissingKey);
}

#[test]
fn a_deciding_side_absorbs_the_error_of_the_other() {
    check("ticket.tags[9] == 'x' && urgent", false);
    check("ticket.tags[9] == 'x' || load == 7", true);
    check("[0, 1].exists(n, 1 / n == 1)", true);
    check("[0, 2].all(n, 1 / n == 1)", false);
    check_failure("ticket.tags[9] == 'x' && load == 7", EvaluationError::IndexOutOfRange);
    check_failure("[0, 1].all(n, 1 / n == 1)", EvaluationError::DivisionByZero);
}

#[test]
fn stops_a_condition_that_works_too_much() {
    let digits = "[0,1,2,3,4,5,6,7,8,9]";
    let nested = |depth: usize, body: &str| {
        (0..depth).fold(body.to_owned(), |inner, level| format!("{digits}.all(n{level}, {inner})"))
    };
    check_failure(&nested(8, "n0 >= 0"), EvaluationError::TooMuchWork);
    check(&nested(3, "n0 >= 0"), true);
    let doubled = (0..20)
        .fold("'aaaaaaaaaaaaaaaa'".to_owned(), |text, level| format!("[{text}].map(t{level}, t{level} + t{level})[0]"));
    check_failure(&format!("size({doubled}) > 0"), EvaluationError::TooMuchWork);
}

#[test]
fn stops_a_costly_search_and_lets_usual_ones_run() {
    let schema = schema();
    let long = "ab ".repeat(10_000);
    let inputs = super::Inputs::new(&schema, &serde_json::json!({ "ticket": { "subject": long } })).unwrap();
    let costly = parse("ticket.subject.matches('(a|b|ab)*a(a|b|ab){1000}c')");
    assert_eq!(costly.evaluate(&inputs), Err(EvaluationError::TooMuchWork));
    for usual in [r"(?i)\\b(refund|chargeback)\\b", r"[A-Z]{2}\\d{2}( ?\\d{4}){4}", r"\\w{3,20}@"] {
        let condition = parse(&format!("ticket.subject.matches('{usual}')"));
        assert_eq!(condition.evaluate(&inputs), Ok(false), "{usual}");
    }
}

#[test]
fn counts_the_constraints_of_a_match() {
    for (source, expected) in [
        ("true", 0),
        ("false", 0),
        ("urgent", 1),
        ("1 == 1", 0),
        ("urgent && load > 3", 2),
        ("urgent && urgent && (urgent)", 1),
        ("urgent && load>3 && load > 3", 2),
        ("urgent || load > 3 && confidence > 0.5", 1),
        ("load > 3 && (urgent || confidence > 0.5 && load < 9)", 2),
        ("!(urgent || load > 3)", 2),
        ("!(urgent && load > 3)", 1),
        ("urgent ? load > 3 : true", 1),
        ("urgent ? load > 3 : confidence > 0.5 && load > 9", 2),
        ("urgent || false", 1),
        ("urgent && false", 0),
        ("ticket.customer.tier in ['gold', 'silver']", 1),
        ("ticket.comments.exists(c, c.words > 3 && c.author == 'ann')", 1),
        ("urgent && !has(ticket.subject) && ticket.subject.contains('x')", 3),
    ] {
        assert_eq!(parse(source).specificity(), expected, "{source}");
    }
}

#[test]
fn explains_every_predicate() {
    let source = "!urgent && (load + 1) * 2 > 3\n  && (ticket.customer.tier in ['gold', // best\n 'x']\n  \
                  || !ticket.subject.contains(\"a && b) \\\" c\")) && !!urgent && !(urgent) == false \
                  && (urgent ? ticket.tags[7] == 'x' : has(ticket.subject))";
    let atoms = parse(source).explain(&inputs(&schema()));
    let told: Vec<(&str, Result<bool, EvaluationError>)> =
        atoms.iter().map(|atom| (atom.source_text.as_str(), atom.value)).collect();
    assert_eq!(
        told,
        [
            ("urgent", Ok(false)),
            ("(load + 1) * 2 > 3", Ok(true)),
            ("ticket.customer.tier in ['gold', // best\n 'x']", Ok(true)),
            ("ticket.subject.contains(\"a && b) \\\" c\")", Ok(false)),
            ("!(urgent) == false", Ok(false)),
            ("ticket.tags[7] == 'x'", Err(EvaluationError::IndexOutOfRange)),
            ("has(ticket.subject)", Ok(true)),
        ]
    );
}
