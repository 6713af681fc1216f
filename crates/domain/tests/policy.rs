//! A policy file either loads, or every fault of it is named with its place and its mend.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::needless_raw_string_hashes
)]

#[path = "policy/silent.rs"]
mod silent;
mod support;

use deskbell_domain::decision::Mode;
use deskbell_domain::enrichment::Lookup;
use deskbell_domain::ids::{PersonId, SquadId};
use deskbell_domain::policy::{ExpiryChoice, Policy, Right};
use support::{POLICY, and_rules, load, with};

fn faults(source: &str) -> Vec<String> {
    let errors = Policy::load(source).expect_err("the policy must be refused");
    errors.0.iter().map(ToString::to_string).collect()
}

/// Where a text stands: `line:column`.
fn place(source: &str, marked: &str) -> String {
    let offset = source.find(marked).unwrap_or_else(|| panic!("{marked:?} is not there"));
    let before = &source[..offset];
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
    format!("{}:{column}", before.matches('\n').count() + 1)
}

/// The one fault stands at `marked` and reads `message`.
fn check(source: &str, marked: &str, message: &str) {
    let expected = vec![format!("{}: {message}", place(source, marked))];
    assert_eq!(faults(source), expected);
}

fn check_rule(rule: &str, marked: &str, message: &str) {
    let source = format!("{POLICY}\n[[rules]]\nid = \"tested\"\n{rule}\n");
    check(&source, marked, message);
}

#[test]
fn loads_with_defaults_where_nothing_is_written() {
    let policy = load(POLICY);
    let platform = policy.squad(&SquadId::from("platform")).unwrap();
    assert_eq!(platform.name, "platform");
    assert_eq!((platform.tracker.issue_type.as_str(), platform.tracker.done_status.as_str()), ("Task", "Done"));
    assert_eq!(policy.join_window.as_secs(), 120);
    assert_eq!(policy.default.mode, Mode::Confirm);
    assert_eq!(policy.confirmation.on_expiry, ExpiryChoice::Escalate);
    assert_eq!(policy.hash, load(POLICY).hash);
    assert_ne!(policy.hash, load(&format!("{POLICY}#")).hash, "the hash names the very text");
}

#[test]
fn refuses_unknown_keys() {
    let source = with("capacity = 8", "capacity = 8\ncolour = \"red\"");
    let found = faults(&source);
    assert_eq!(found.len(), 1);
    let start = format!("{}: unknown field `colour`, expected one of `name`, `channel`", place(&source, "colour"));
    assert!(found[0].starts_with(&start), "{found:?}");
}

#[test]
fn refuses_unknown_names() {
    let squads = "known are: payments, platform";
    check(
        &with("squad = \"platform\"", "squad = \"plattform\""),
        "\"plattform\"",
        &format!("there is no squad `plattform`; {squads}"),
    );
    check(&with("low = \"p4\"", "low = \"p9\""), "\"p9\"", "there is no priority `p9`; known are: p1, p2, p3, p4");
    check(
        &with("queue = \"money\"", "queue = \"mony\""),
        "\"mony\"",
        "there is no queue `mony`; known are: money, vip",
    );
    check(
        &with("hours = \"office\"", "hours = \"offize\""),
        "\"offize\"",
        "there is no set of business hours `offize`; known are: office",
    );
    check(
        &with("escalation = \"chain\"", "escalation = \"chains\""),
        "\"chains\"",
        "there is no escalation policy `chains`; known are: chain",
    );
    check(
        &with("confirm = [\"squad\", \"group:leads\"]", "confirm = [\"group:leeds\"]"),
        "\"group:leeds\"",
        "there is no group `leeds`; known are: leads",
    );
    check_rule(
        "when = 'true'\ncategory = \"sales\"",
        "\"sales\"",
        "there is no category `sales`; known are: billing, login",
    );
    check_rule(
        "when = 'true'\nsquads = [\"payments\", \"nobody\"]",
        "\"nobody\"",
        &format!("there is no squad `nobody`; {squads}"),
    );
    check_rule(
        "when = 'true'\nexamples = [{ text = \"x\", category = \"sales\" }]",
        "\"sales\"",
        "there is no category `sales`; known are: billing, login",
    );
    check_rule(
        "when = 'true'\nexamples = [{ text = \"x\", load = { ghosts = 3 } }]",
        "{ text = \"x\", load",
        &format!("there is no squad `ghosts`; {squads}"),
    );
}

#[test]
fn refuses_actions_that_would_silently_not_happen_or_happen_twice() {
    for name in ["assign", "delete_everything"] {
        check_rule(
            &format!("when = 'true'\nactions = [\"{name}\"]"),
            &format!("\"{name}\""),
            &format!(
                "rules can't ask for the action `{name}`; they can for: create_issue, create_story, comment, set_priority, update_ticket, post_message"
            ),
        );
    }
    check_rule(
        "when = 'true'\nactions = [\"comment\"] # alone",
        "\"comment\"] # alone",
        "`comment` needs an issue: put \"create_issue\" before it",
    );
    check_rule(
        "when = 'true'\nactions = [\"create_issue\", \"create_issue\" ]",
        "\"create_issue\" ]",
        "`create_issue` stands here twice: it would be carried out twice; remove one",
    );
}

#[test]
fn refuses_ids_defined_twice() {
    check(&format!("{POLICY}[[priorities]]\nid = 'p1'\n"), "'p1'", "the priority `p1` is defined twice: rename one");
    check(
        &format!("{POLICY}[[categories]]\nid = 'billing'\n"),
        "'billing'",
        "the category `billing` is defined twice: rename one",
    );
    check(&with("id = \"robot\"", "id = 'billing'"), "'billing'", "the rule `billing` is defined twice: rename one");
}

#[test]
fn refuses_impossible_times() {
    let how = "write for example \"45s\", \"15m\", \"4h\" or \"1h 30m\"; a day is \"24h\"";
    for wrong in ["soon", "0s", "-5m", "2 days", "10"] {
        let source = with("first_response = \"30m\"", &format!("first_response = \"{wrong}\""));
        check(&source, &format!("\"{wrong}\"\nresolution"), &format!("`{wrong}` is no length of time: {how}"));
    }
    let order = "remind_after must be shorter than expire_after: remind before the card expires";
    check(&with("remind_after = \"1h\"", "remind_after = \"4h\""), "\"4h\"", order);
    // The reminder's default of 30 minutes stands nowhere: the place is what was written.
    let expires = "expire_after = \"10m\"";
    check(&with("remind_after = \"1h\"\nexpire_after = \"4h\"", expires), "\"10m\"\non_expiry", order);
}

#[test]
fn refuses_business_hours_that_cannot_be() {
    let source = with("time_zone = \"Europe/Berlin\"", "time_zone = \"Europe/Bonn\"");
    let found = faults(&source);
    assert_eq!(found.len(), 1);
    assert!(found[0].contains("business hours `office`:") && found[0].contains("Europe/Bonn"), "{found:?}");
    assert!(found[0].starts_with(&place(&source, "[hours.office]")), "{found:?}");
}

#[test]
fn refuses_squads_and_people_that_are_none() {
    let channel = "is no channel id: open the channel's details in Slack and copy the id at the bottom (C…)";
    check(
        &with("capacity = 8", "capacity = 0"),
        "0\nproject = \"PLAT\"",
        "capacity must be at least 1: open tickets the squad can carry",
    );
    for wrong in ["#ops", "Cops", "C", "U0OPS"] {
        let source = with("ops_channel = \"C0OPS\"", &format!("ops_channel = \"{wrong}\""));
        check(&source, &format!("\"{wrong}\""), &format!("`{wrong}` {channel}"));
    }
    check(&with("channel = \"C0LEADERS\"", "channel = \"#leaders\""), "\"#leaders\"", &format!("`#leaders` {channel}"));
    let id = "a Slack user id (U…); it is in the person's profile under \"Copy member ID\"";
    check(
        &with("members = [\"U0DEV\"]", "members = [\"@dev\"]"),
        "\"@dev\"",
        &format!("`@dev` names nobody: write {id}"),
    );
    check(
        &with("leads = [\"U0LEAD\"]", "leads = [\"Ursula\"]"),
        "\"Ursula\"",
        &format!("`Ursula` names nobody: write {id}"),
    );
    check(
        &with("notify = [\"U0BOSS\"]", "notify = [\"boss\"]"),
        "\"boss\"",
        "`boss` names nobody: write a Slack user id (U…) or \"squad\"",
    );
    let holder = "a Slack user id (U…), \"squad\", \"internal\", \"anyone\" or \"group:NAME\"";
    check(
        &with("claim = [\"squad\"]", "claim = [\"team\"]"),
        "\"team\"",
        &format!("`team` names nobody: write {holder}"),
    );
    check(
        &with("settle = [\"group:leads\"]", "settle = []"),
        "[]",
        "nobody would hold this right: write user ids (U…), \"squad\", \"internal\", \"anyone\" or \"group:NAME\"",
    );
    check_rule("when = 'true'\nseverity = 5", "5\n", "severity 5 does not exist: use 1 (worst) to 4");
}

#[test]
fn shadow_is_for_rules_and_not_for_the_default() {
    let rule = and_rules("[[rules]]\nid = \"quiet\"\nwhen = 'true'\nmode = \"shadow\"\n");
    assert_eq!(rule.rules.last().unwrap().mode, Mode::Shadow);
    check(
        &with("[default]\n", "[default]\nmode = \"shadow\"\n"),
        "\"shadow\"",
        "the default can't be `shadow`: something must happen; write `confirm` or `auto`",
    );
}

/// A condition's fault stands where `marked` was typed; the message must hold both parts.
fn check_condition(when: &str, marked: &str, names: &str, mends: &str) {
    let source = format!("{POLICY}\n[[rules]]\nid = \"tested\"\nwhen = {when}\nexamples = [{{ text = \"hello\" }}]\n");
    let found = faults(&source);
    assert_eq!(found.len(), 1, "{found:?}");
    assert!(found[0].starts_with(&format!("{}: ", place(&source, marked))), "{found:?} is not at {marked:?}");
    assert!(found[0].contains(names) && found[0].contains(mends), "{found:?}");
}

#[test]
fn refuses_conditions_with_faults_in_branches_that_no_example_reaches() {
    let unknown = "assessment has no field `categry`";
    check_condition("'true || assessment.categry == \"x\"'", "categry", "categry", "category");
    check_condition("'true ? true : assessment.categry == \"x\"'", "categry", unknown, "category");
    check_condition("'true || ticket.severity == \"high\"'", "== \"high\"", "int", "string");
    check_condition("'ticket.external ? ticket.text > 3 : true'", "> 3", "string", "int");
    check_condition("'true || tickets.text == \"\"'", "tickets", "tickets", "ticket");
}

#[test]
fn finds_a_condition_s_fault_within_every_kind_of_string() {
    check_condition("'''\ntrue ||\n   assessment.categry == \"x\"'''", "categry", "categry", "category");
    check_condition("'''true ||\n  é.text == \"x\"'''", "é", "", "");
    check_condition(r#""ticket.text == \"a\" || assessment.categry == \"b\"""#, "categry", "categry", "category");
    check_condition(
        "\"\"\"\ntrue || \\\n      assessment.categry == \"x\\u0041\"\"\"\"",
        "categry",
        "categry",
        "category",
    );
    check_condition("'''\r\ntrue ||\r\n assessment.categry == \"x\"'''", "categry", "categry", "category");
}

#[test]
fn refuses_rules_that_do_not_do_what_their_examples_say() {
    check_rule(
        "when = 'ticket.text.contains(\"refund\")'\nexamples = [{ text = \"money back\" }]",
        "{ text = \"money back\"",
        "rule `tested` does not match its own example",
    );
    check_rule(
        "when = 'ticket.text.contains(\"back\")'\nexamples = [{ text = \"I am back\", matches = false }]",
        "{ text = \"I am back\"",
        "rule `tested` matches this example, which says it must not",
    );
    check_rule(
        "when = '1 / (ticket.severity - 4) > 0'\nexamples = [{ text = \"divides\" }]",
        "{ text = \"divides\"",
        "rule `tested` can't be evaluated on this example: divides a whole number by zero; guard it, such as `n != 0 && total / n > 2`",
    );
}

#[test]
fn examples_come_in_as_requests_do() {
    for (condition, example) in [
        ("ticket.source == \"slack_message\"", ""),
        ("ticket.source == \"slack_message\" && ticket.path == \"mention\"", ", path = \"mention\""),
        ("ticket.source == \"slack_form\"", ", path = \"slash_command\""),
        (
            "ticket.source == \"helpdesk\" && ticket.system == \"zendesk\" && ticket.path == \"\"",
            ", system = \"zendesk\"",
        ),
        ("assessment.similar >= 3", ", similar = 3"),
    ] {
        let rule = format!("when = '{condition}'\nexamples = [{{ text = \"help\"{example} }}]");
        // Refused unless every example holds.
        load(&format!("{POLICY}\n[[rules]]\nid = \"tested\"\n{rule}\n"));
    }
}

#[test]
fn reports_all_faults_at_once_in_the_order_of_the_file() {
    let source = with("capacity = 8", "capacity = 0")
        .replacen("ops_channel = \"C0OPS\"", "ops_channel = \"ops\"", 1)
        .replacen("contains(\"robot\")", "contains(3) && nope", 1)
        .replacen("low = \"p4\"", "low = \"p7\"", 1);
    let found = faults(&source);
    let places: Vec<&str> = found.iter().map(|fault| fault.split(": ").next().unwrap()).collect();
    let expected: Vec<String> =
        ["\"ops\"", "\"p7\"", "0\nproject", "contains(3", "nope"].iter().map(|marked| place(&source, marked)).collect();
    assert_eq!(places, expected, "{found:#?}");
}

#[test]
fn a_file_that_is_no_toml_or_lacks_a_part_says_so() {
    assert!(faults("triage_channel = ")[0].starts_with("1:18: "), "{:?}", faults("triage_channel = "));
    let without = POLICY.replacen("triage_channel = \"C0TRIAGE\"\n", "", 1);
    assert_eq!(faults(&without), ["1:1: missing field `triage_channel`"]);
}

#[test]
fn refuses_calling_the_last_level_for_ever() {
    check(
        &with("[escalation.chain]\n", "[escalation.chain]\nrepeat = 99\n"),
        "99",
        "repeat = 99 calls the last level for too long: write 0 to 10",
    );
}

#[test]
fn warns_of_rules_that_read_a_customer_nobody_looks_up() {
    let rules = "[[rules]]\nid = \"vip\"\nwhen = 'assessment.area != \"\" || customer.tier == \"enterprise\"'\n\n\
                 [[rules]]\nid = \"text\"\nwhen = 'ticket.text.contains(\"customer.tier\")'\n";
    let policy = and_rules(rules);
    let cautions = |bound: &[Lookup]| -> Vec<String> {
        policy.cautions(|lookup| bound.contains(&lookup)).iter().map(ToString::to_string).collect()
    };
    assert_eq!(cautions(&[Lookup::Customer, Lookup::QueueLoad]), Vec::<String>::new());
    let cautions = cautions(&[Lookup::QueueLoad]);
    assert_eq!(cautions.len(), 1, "{cautions:?}");
    let source = format!("{POLICY}\n{rules}");
    let line = source.lines().position(|line| line.contains("enterprise")).unwrap() + 1;
    assert!(cautions[0].starts_with(&format!("{line}: rule `vip` reads `customer`")), "{cautions:?}");
    assert!(cautions[0].contains("[lookups.lookup_customer]"), "{cautions:?}");
}

/// The right to view, as a policy with these rights has it.
fn viewers(rights: &str) -> String {
    let policy = load(&with("settle = [", &format!("{rights}\nsettle = [")));
    policy.who_may(Right::View).0
}

#[test]
fn a_ticket_is_seen_by_those_concerned_unless_the_policy_says_otherwise() {
    assert_eq!(
        viewers(""),
        "the ticket's squad, who asked, anyone in the ticket's own channel, the group leads",
        "that anyone inside may escalate opens nothing"
    );
    assert_eq!(viewers("view = [\"internal\"]"), "anyone inside the organisation");
    let policy = load(&with("settle = [", "view = [\"requester\", \"U0BOSS\"]\nsettle = ["));
    assert_eq!(policy.who_may(Right::View), ("who asked".to_owned(), vec![PersonId::from("U0BOSS")]));
    check(
        &with("confirm = [\"squad\"", "confirm = [\"channel\""),
        "\"channel\"",
        "`channel` names nobody: write a Slack user id (U…), \"squad\", \"internal\", \"anyone\" or \"group:NAME\"",
    );
}

#[test]
fn a_squad_s_alert_calls_its_members_or_whom_the_policy_names() {
    let mention = |names: &str| {
        let policy = load(&with("queue = \"money\"", &format!("queue = \"money\"\n{names}")));
        let squad = policy.squad(&SquadId::from("payments")).unwrap();
        squad.mention.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(mention(""), ["U0BEN", "U0CARLA"]);
    assert_eq!(mention("mention = []"), Vec::<String>::new());
    assert_eq!(mention("mention = [\"U0BOSS\"]"), ["U0BOSS"]);
    assert_eq!(mention("mention = [\"U0BEN\", \"squad\"]"), ["U0BEN", "U0CARLA"]);
}

#[test]
fn warns_of_rules_that_read_queues_nobody_looks_up_and_tries_examples_on_them() {
    let rules = "[[rules]]\nid = \"full\"\nwhen = 'helpdesk.known && helpdesk.queues[\"money\"] > 20'\n\
                 examples = [{ text = \"x\", helpdesk = { money = 21 } }, { text = \"x\", matches = false }]\n";
    let policy = and_rules(rules);
    assert!(policy.cautions(|lookup| lookup == Lookup::QueueLoad).is_empty());
    let cautions = policy.cautions(|lookup| lookup == Lookup::Customer);
    assert!(cautions.len() == 1 && cautions[0].to_string().contains("[lookups.queue_load]"), "{cautions:?}");
    check(
        &format!("{POLICY}\n{}", rules.replace("money = 21", "gone = 21")),
        "{ text = \"x\", helpdesk",
        "there is no queue `gone`; known are: money, vip",
    );
}

#[test]
fn a_ticket_has_one_issue_or_story_and_is_written_back_when_there_is_something_to_write() {
    let asked = |actions: &str| with("actions = [\"create_issue\"]", &format!("actions = {actions}"));
    load(&asked("[\"update_ticket\", \"post_message\"]"));
    load(&asked("[\"create_story\", \"comment\", \"set_priority\"]"));
    check(
        &asked("[\"create_issue\", \"create_story\"]"),
        "\"create_story\"",
        "a ticket has one issue or story, which the others are about: keep \"create_issue\" or \"create_story\"",
    );
    check(
        &asked("[\"create_issue\", \"write_back\"]"),
        "\"write_back\"",
        "`write_back` is no rule's: write write_back = [\"resolution\", \"handover\"] at the policy's top",
    );
    let policy = load(&format!("write_back = [\"resolution\"]\n{POLICY}"));
    assert!(policy.actions().contains("write_back") && !load(POLICY).actions().contains("write_back"));
    let wrong = Policy::load(&format!("write_back = [\"always\"]\n{POLICY}")).unwrap_err();
    assert!(wrong.to_string().contains("expected `resolution` or `handover`"), "{wrong}");
}
