//! What loads and never does what its author meant: literals that no field equals, and contradictions.

use super::support::{POLICY, with};
use super::{check, check_rule, faults, place};

/// The one fault of a condition stands at `marked` and reads `message`.
fn check_when(when: &str, marked: &str, message: &str) {
    check_rule(&format!("when = '{when}'"), marked, message);
}

fn is_in_order(when: &str) {
    let source = format!("{POLICY}\n[[rules]]\nid = \"tested\"\nwhen = '{when}'\n");
    let found = deskbell_domain::policy::Policy::load(&source);
    assert!(found.is_ok(), "{when}: {found:?}");
}

#[test]
fn names_that_the_policy_does_not_define_are_refused_where_they_stand() {
    let near = "there is no category `billling` (did you mean `billing`?)";
    check_when("assessment.category == \"billling\"", "\"billling\"", near);
    check_when("\"billling\" != assessment.category", "\"billling\"", near);
    check_when("ticket.external && assessment.category in [\"login\", \"billling\"]", "\"billling\"", near);
    check_when("assessment.category == (ticket.external ? \"login\" : \"billling\")", "\"billling\"", near);
    check_when("[\"billling\"].exists(it, it == assessment.category)", "\"billling\"", near);
    check_when("{\"billling\": true}[assessment.category]", "true}[", near);
    check_when(
        "assessment.squad == \"sales\"",
        "\"sales\"",
        "there is no squad `sales` (known are: payments, platform)",
    );
    check_when("ticket.requested_priority == \"P1\"", "\"P1\"", "there is no priority `P1` (did you mean `p1`?)");
    check_when(
        "assessment.area == \"money\"",
        "\"money\"'",
        "there is no area of a category `money` (this policy defines no area of a category)",
    );
}

#[test]
fn keys_of_the_loads_are_the_policy_s_squads_and_queues() {
    let squad = "there is no squad `paymets` (did you mean `payments`?)";
    check_when("load.squads[\"paymets\"] > 3", "\"paymets\"", squad);
    check_when("\"paymets\" in load.squads", "\"paymets\"", squad);
    check_when("load.squads.exists(it, it == \"paymets\")", "\"paymets\"", squad);
    let queue = "there is no queue `mony` (did you mean `money`?)";
    check_when("helpdesk.queues[\"mony\"] > 3", "\"mony\"", queue);
    let source =
        format!("{POLICY}\n[[rules]]\nid = \"tested\"\nwhen = 'has(load.queues.mony) || load.queues.mony > 1'\n");
    assert_eq!(faults(&source).len(), 2, "a selected key is one, too");
}

#[test]
fn what_deskbell_itself_names_is_known() {
    let urgency = "there is no urgency `urgent` (known are: low, normal, high, critical)";
    check_when("assessment.urgency == \"urgent\"", "\"urgent\"", urgency);
    check_when(
        "assessment.sentiment in [\"negativ\"]",
        "\"negativ\"",
        "there is no sentiment `negativ` (did you mean `negative`?)",
    );
    check_when(
        "assessment.sentiment_trend == \"worse\"",
        "\"worse\"",
        "there is no sentiment trend `worse` (known are: improving, steady, worsening)",
    );
    check_when(
        "assessment.complexity == \"needs_persons\"",
        "\"needs_persons\"",
        "there is no complexity `needs_persons` (did you mean `needs_person`?)",
    );
    check_when(
        "ticket.source == \"slack\"",
        "\"slack\"",
        "there is no source `slack` (known are: slack_message, slack_form, helpdesk)",
    );
    check_when("ticket.path == \"mentions\"", "\"mentions\"", "there is no path `mentions` (did you mean `mention`?)");
    check_when(
        "ticket.channel == \"#help\"",
        "\"#help\"",
        "`#help` is no channel id (write it as C0123ABC, from the channel's details in Slack)",
    );
    check_when(
        "assessment.language == \"english\"",
        "\"english\"",
        "`english` is no language (write it as \"en\", \"de\" …, or \"und\")",
    );
    check_when(
        "assessment.category_confidence >= 80.0",
        "80.0",
        "a confidence lies between 0.0 and 1.0 (correct the number)",
    );
    check_when("ticket.severity == 0", "0'", "a severity lies between 1.0 and 4.0 (correct the number)");
    check_when(
        "assessment.urgency >= \"high\"",
        ">= \"high\"",
        "this compares letter by letter, not by rank (list what is meant, such as `in [\"low\", \"normal\"]`)",
    );
}

#[test]
fn what_a_field_can_hold_is_in_order() {
    for when in [
        "assessment.category == \"\"",
        "assessment.category in [\"billing\", \"\"]",
        "assessment.area == \"\" && ticket.path == \"\" && ticket.channel != \"C0HELP\"",
        "assessment.urgency in [\"high\", \"critical\"] && assessment.category_confidence > 0.5",
        "load.squads[assessment.squad] > 2 || load.queues.all(it, it != \"vip\")",
        "ticket.system == \"freshdesk\" || customer.tier == \"whatever they call it\"",
        "assessment.language == \"und\" || ticket.severity <= 2",
        "assessment.category == \"billing\" || assessment.category == \"login\"",
    ] {
        is_in_order(when);
    }
}

#[test]
fn rules_that_nothing_can_meet_are_refused() {
    let both =
        "`assessment.category` can't be two values at once (join the values with `||` or `in [...]`, or remove one)";
    check_when(
        "assessment.category == \"billing\" && ticket.external && assessment.category == \"login\"",
        "== \"login\"'",
        both,
    );
    check_when(
        "assessment.category in [\"billing\"] && \"login\" == assessment.category",
        "== assessment.category'",
        both,
    );
    check_when(
        "ticket.external && false",
        "false'",
        "nothing ever meets this condition (take the rule out, or give it mode = \"shadow\")",
    );
}

#[test]
fn contradictions_are_refused() {
    check_rule(
        "when = 'true'\nsquad = \"payments\"\nsquads = [\"platform\"]",
        "[\"platform\"]",
        "`squad` and `squads` both stand here: keep `squad` for one, `squads` for those to choose from",
    );
    check_rule("when = 'true'\nsquads = []", "[]", "`squads` is empty: name squads to choose from, or leave it out");
    check_rule(
        "when = 'true'\nsquads = [\"payments\", \"payments\" ]",
        "\"payments\" ]",
        "the squad `payments` stands here twice: remove one",
    );
    let nobody = "the squad `platform` has no members: list whom its alerts call and who acts, members = [\"U…\"]";
    check(&with("members = [\"U0DEV\"]", "members = []"), "[]\ncapacity = 8", nobody);
    check(&with("members = [\"U0DEV\"]\n", ""), "\"C0PLATFORM\"", nobody);
    let leads = "the group `leads` is empty: list its people's ids, or remove it";
    check(&with("leads = [\"U0LEAD\"]", "leads = []"), "[]", leads);
}

#[test]
fn what_has_no_name_is_refused() {
    let nameless = |what: &str| format!("this {what} has no name: give it one of letters, digits, - or _");
    check(&with("id = \"robot\"", "id = \"\""), "\"\"", &nameless("rule"));
    check(&format!("{POLICY}[[priorities]]\nid = ' '\n"), "' '", &nameless("priority"));
    check(&format!("{POLICY}[[categories]]\nid = ''\n"), "''", &nameless("category"));
    check(&with("[queues.vip]", "[queues.vip]\n[queues.\"\"]"), "[queues.\"\"]", &nameless("queue"));
    let squad =
        format!("{POLICY}\n[squads.\"\"]\nchannel = \"C0X\"\nmembers = [\"U1\"]\ncapacity = 1\nproject = \"X\"\n");
    assert_eq!(faults(&squad), [format!("{}: {}", place(&squad, "\"C0X\""), nameless("squad"))]);
}

#[test]
fn lengths_of_time_that_nobody_means_are_refused() {
    check(&with("remind_after = \"1h\"", "remind_after = \"1ms\""), "\"1ms\"", "`1ms` is too short: give at least 1s");
    check(
        &with("acknowledge_within = \"20m\"", "acknowledge_within = \"99999h\""),
        "\"99999h\"",
        "`99999h` is too long: give at most 8784h",
    );
    check(&format!("join_window = \"48h\"\n{POLICY}"), "\"48h\"", "`48h` is too long: give at most 24h");
}
