//! What the checker refuses, where and in which words.

use super::super::Condition;
use super::schema;

/// The errors' texts, one a line.
fn check(source: &str, expected: &str) {
    let errors = Condition::parse(source, &schema()).expect_err(source);
    let told: Vec<String> = errors.iter().map(ToString::to_string).collect();
    assert_eq!(told.join("\n"), expected, "{source}");
}

/// Only the start of the first error's text.
fn check_start(source: &str, expected: &str) {
    let errors = Condition::parse(source, &schema()).expect_err(source);
    assert!(errors[0].to_string().starts_with(expected), "{source}: {}", errors[0]);
}

#[test]
fn names_what_is_unknown_and_what_was_meant() {
    check("ticket.custmer.vip", "1:8: ticket has no field `custmer` (did you mean `customer`?)");
    check("tickt.subject == 'x'", "1:1: unknown variable `tickt` (did you mean `ticket`?)");
    check("zzz", "1:1: unknown variable `zzz` (known here: ticket, confidence, load, urgent, now)");
    check("ticket.subject.contain('x')", "1:16: unknown function `contain` (did you mean `contains`?)");
    check(
        "len(ticket.tags) > 1",
        "1:1: unknown function `len` (known: has, size, min, max, int, double, string, timestamp, duration)",
    );
    check("contains('x', 'y')", "1:1: unknown function `contains` (call it on a value: value.contains(...))");
    check_start("load.double() > 1.0", "1:6: unknown function `double` (write double(value))");
    check("has(ticket.subjct)", "1:12: ticket has no field `subjct` (did you mean `subject`?)");
    check("'é' == 'é' &&\n  'é' == tickt.subject", "2:10: unknown variable `tickt` (did you mean `ticket`?)");
}

#[test]
fn refuses_types_that_do_not_fit() {
    check(
        "load == '7'",
        "1:6: int and string cannot be compared (leave out the quotes, or convert the number with string(...))",
    );
    check(
        "confidence > 1",
        "1:12: double and int cannot be compared (write the whole number with a point, such as 2.0, or convert it with double(...))",
    );
    check("load", "1:1: a condition must be true or false, this is of type int (compare it, such as with `==`)");
    check(
        "ticket.tags",
        "1:7: a condition must be true or false, this is of type list(string) (ask for an element with `in`, or for `size(...) > 0`)",
    );
    check(
        "urgent && load",
        "1:11: `&&` needs a bool on both sides, this is of type int (compare it, such as with `==`)",
    );
    check_start("urgent || ticket.subject", "1:17: `||` needs a bool on both sides, this is of type string");
    check_start("!load", "1:2: `!` needs a bool, this is of type int");
    check(
        "'pay' in ticket.subject",
        "1:7: `in` needs a list or a map on its right, not string (look into text with text.contains(part))",
    );
    check_start("1 in ticket.tags", "1:3: int cannot be in list(string)");
    check_start("load + 1.0 > 2.0", "1:6: `+` cannot combine int and double");
    check_start("confidence % 2.0 > 1.0", "1:12: `%` cannot combine double and double");
    check_start("ticket.subject - 'x' == ''", "1:16: `-` cannot combine string and string");
    check_start("-urgent", "1:1: `-` needs a number, not bool");
    check_start("ticket.subject.words == 1", "1:16: string has no fields, so no `words`");
    check(
        "ticket.comments.words == 1",
        "1:17: list(comment) has no fields, so no `words` (ask its elements: list.exists(item, item.field == ...))",
    );
    check(
        "ticket.tags.contains('eu')",
        "1:13: contains() works on text, not on list(string) (ask a list with `value in list`)",
    );
    check_start("ticket.tags > ['a']", "1:13: two values of type list(string) cannot be compared");
    check_start("ticket.customer == ticket.customer", "1:17: two values of type customer cannot be compared");
    check_start("(urgent ? 1 : 'x') == 1", "1:15: both branches of `? :` must share one type: int and string");
    check_start("urgent ? load > 1 : load", "1:21: both branches of `? :` must share one type: bool and int");
    check_start("load ? true : false", "1:1: before `?` stands a bool");
    check_start("[1, 'x'] == [1]", "1:5: the elements of a list must share one type: int and string");
    check_start("{'a': 1, 'b': 'x'}.size() == 1", "1:15: the values of a map must share one type");
    check_start("now > '2026-01-01'", "1:5: timestamp and string cannot be compared (write a timestamp as timestamp(");
    check_start("ticket.waited > 3600", "1:15: duration and int cannot be compared (write a duration as duration(");
}

#[test]
fn checks_branches_that_are_never_taken() {
    check_start("true || load == 'x'", "1:14: int and string");
    check_start("false ? load == 'x' : true", "1:14: int and string");
    check_start("false && ticket.comments.all(c, c.words == 'x')", "1:41: int and string");
    check(
        "load == 'x' || tickt.a && urgent == 1",
        "1:6: int and string cannot be compared (leave out the quotes, or convert the number with string(...))\n1:16: unknown variable `tickt` (did you mean `ticket`?)\n1:34: bool and int cannot be compared",
    );
}

#[test]
fn checks_calls_and_macros() {
    check("size() > 1", "1:1: size() takes 1 argument, not 0");
    check_start("max(1) > 1", "1:1: max() takes 2 or more arguments, not 1");
    check_start("ticket.subject.contains() ", "1:16: contains() takes 1 argument, not 0");
    check_start("ticket.subject.contains('a', 'b')", "1:16: contains() takes 1 argument, not 2");
    check_start("ticket.subject.contains(1)", "1:16: contains() works on text, not on int");
    check_start(
        "ticket.tags.exists(t)",
        "1:13: exists() does not take 1 argument here (write list.exists(item, expression))",
    );
    check_start("ticket.tags.exists(t.x, true)", "1:21: here stands the name of the element");
    check_start("ticket.tags.exists(load, load == 'x')", "1:20: the name `load` is taken");
    check_start("ticket.tags.exists(t, t.all(t, true))", "1:25: only lists and maps have elements, not string");
    check_start("ticket.tags.exists(t, t)", "1:23: the test of an element must be true or false");
    check_start("ticket.tags.exists(t, t == 'x') && t == 'x'", "1:36: unknown variable `t`");
    check_start("load.exists(t, true)", "1:6: only lists and maps have elements, not int");
    check_start("has(urgent)", "1:1: has() asks for one field of an object");
    check_start("ticket.subject.matches('(')", "1:24: invalid pattern: unclosed group");
    check_start("ticket.subject.matches('a{1000}{1000}')", "1:24: invalid pattern: ");
    check_start("ticket.subject.matches(ticket.subject)", "1:30: the pattern of matches() must be quoted text");
    check_start("now > timestamp('yesterday')", "1:17: this is no RFC 3339 timestamp");
    check_start("now > timestamp(ticket.subject)", "1:7: timestamp() takes quoted text");
    check_start("ticket.waited > duration('2 fortnights')", "1:26: this is no duration");
    check_start("now.getHours('Mars/Base') > 1", "1:14: this is no time zone");
    check_start("now.getHours(1) > 1", "1:14: this is no time zone");
    check_start("ticket.waited.getMonth() > 1", "1:15: a duration has no getMonth()");
    check_start("int(ticket.subject) > 1", "1:1: int() cannot convert string");
    check_start("max('a', 'b') == 'b'", "1:1: max() takes numbers");
}

#[test]
fn refuses_what_is_certain_to_fail() {
    check("load / 0 > 1", "1:6: this divides by zero");
    check("load % 0 > 1", "1:6: this divides by zero");
    check("ticket.tags[-1] == 'x'", "1:14: an index counts from 0");
    check_start("{'a': 1, 'a': 2}.size() == 1", "1:10: this key is already in the map");
}

#[test]
fn refuses_the_parts_of_cel_that_are_left_out() {
    check_start("ticket.subject == null", "1:19: nothing is ever null");
    check_start("load == 1u", "1:9: unsigned numbers are not used");
    check_start("ticket.subject == b'x'", "1:19: bytes are not used");
    check_start("Ticket{subject: 'x'} == 1", "1:7: messages cannot be made");
    check_start("ticket.tags == []", "1:16: an empty list has no element type");
    check_start("ticket.?subject == 'x'", "1:7: unsupported syntax");
    check_start(".urgent", "1:2: unknown variable");
    check_start("dyn(load) == 1", "1:1: unknown function `dyn`");
    check_start("{1: 2}.size() == 1", "1:2: the keys of a map must be quoted text");
}

#[test]
fn explains_slips_of_the_pen() {
    check("load = 7", "1:6: `=` is no operator (compare with `==`)");
    check("urgent and urgent", "1:8: `and` is not expected here (join with `&&`)");
    check("urgent or urgent", "1:8: `or` is not expected here (join with `||`)");
    check_start("urgent & urgent", "1:8: `&` is no operator (join with `&&`)");
    check("(urgent", "1:8: `)` is missing (close what is open before it)");
    check_start("load ==", "1:8: the condition ends too early");
    check_start("'open", "1:1: this text is not CEL (close every quote");
    check_start("'a' == '\\d'", "1:8: this text is not CEL (close every quote; escape \\ in text as \\\\)");
    check_start("  \n ", "1:1: the condition is empty");
    check_start("urgent &&\n  urgent)", "2:9: `)` is not expected here");
}

#[test]
fn bounds_the_size_of_a_condition() {
    check_start(&format!("{} true", " ".repeat(4096)), "1:1: the condition is longer than 4096 bytes");
    check_start(
        &format!("{}urgent{}", "(".repeat(30), ")".repeat(30)),
        "1:26: the condition nests deeper than 24 levels",
    );
    check_start(&format!("0 < 1{}", "+1".repeat(100)), "1:");
    for hostile in
        ["(", "[", "{", "f(", "a.", "a[", "!", "-", "a?", "a?b:", "a&&", "a==", "'", "\"\"\"", "{a:", "#", "a b "]
    {
        let text = hostile.repeat(4000 / hostile.len());
        assert!(Condition::parse(&text, &schema()).is_err(), "{hostile}");
    }
    let long = vec!["urgent"; 400].join(" && ");
    assert!(Condition::parse(&long, &schema()).is_ok());
}
