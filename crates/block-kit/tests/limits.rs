//! Each of Slack's limits, at its edge and one past it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

use deskbell_block_kit::limits::{Rule, Strictness, check_message, check_message_as, check_view, check_view_as};
use serde_json::{Value, json};

fn xs(count: usize) -> String {
    "x".repeat(count)
}

fn many(count: usize, item: impl Fn(usize) -> Value) -> Value {
    Value::Array((0..count).map(item).collect())
}

fn plain(count: usize) -> Value {
    json!({"type": "plain_text", "text": xs(count)})
}

fn section(count: usize) -> Value {
    json!({"type": "section", "text": {"type": "mrkdwn", "text": xs(count)}})
}

fn button(index: usize) -> Value {
    json!({"type": "button", "action_id": format!("a{index}"), "text": plain(5)})
}

fn option(index: usize) -> Value {
    json!({"text": plain(5), "value": format!("v{index}")})
}

fn actions(element: &Value) -> Value {
    json!({"type": "actions", "elements": [element]})
}

fn select(own: &Value) -> Value {
    let mut element = json!({"type": "static_select", "action_id": "s"});
    element.as_object_mut().unwrap().extend(own.as_object().unwrap().clone());
    actions(&element)
}

/// A message of these blocks passes.
fn passes(blocks: &Value) {
    let found = check_message(&json!({"text": "t", "blocks": blocks}));
    assert_eq!(found, Ok(()), "{blocks}");
}

/// A message of these blocks is refused at this path for this rule, and for nothing else.
fn refused(blocks: &Value, path: &str, rule: Rule) {
    let found = check_message(&json!({"text": "t", "blocks": blocks})).expect_err("should be refused");
    let found: Vec<_> = found.iter().map(|violation| (violation.path.as_str(), violation.rule)).collect();
    assert_eq!(found, [(path, rule)]);
}

/// One block passes as it stands; with the other it is refused.
fn edge(good: &Value, bad: &Value, path: &str, rule: Rule) {
    passes(&json!([good]));
    refused(&json!([bad]), path, rule);
}

#[test]
fn counts_have_an_edge() {
    let divider = |_| json!({"type": "divider"});
    passes(&many(50, divider));
    refused(&many(51, divider), "blocks", Rule::TooMany);
    edge(
        &json!({"type": "actions", "elements": many(25, button)}),
        &json!({"type": "actions", "elements": many(26, button)}),
        "blocks[0].elements",
        Rule::TooMany,
    );
    let words = |_| plain(3);
    edge(
        &json!({"type": "context", "elements": many(10, words)}),
        &json!({"type": "context", "elements": many(11, words)}),
        "blocks[0].elements",
        Rule::TooMany,
    );
    edge(
        &json!({"type": "section", "fields": many(10, words)}),
        &json!({"type": "section", "fields": many(11, words)}),
        "blocks[0].fields",
        Rule::TooMany,
    );
    edge(
        &select(&json!({"options": many(100, option)})),
        &select(&json!({"options": many(101, option)})),
        "blocks[0].elements[0].options",
        Rule::TooMany,
    );
    let overflow = |count| actions(&json!({"type": "overflow", "action_id": "o", "options": many(count, option)}));
    edge(&overflow(5), &overflow(6), "blocks[0].elements[0].options", Rule::TooMany);
    let radio = |count| actions(&json!({"type": "radio_buttons", "action_id": "r", "options": many(count, option)}));
    edge(&radio(10), &radio(11), "blocks[0].elements[0].options", Rule::TooMany);
    let table = |rows, columns| json!({"type": "table", "rows": many(rows, |_| many(columns, |_| json!({"type": "raw_text", "text": "x"})))});
    edge(&table(100, 20), &table(101, 2), "blocks[0].rows", Rule::TooMany);
    edge(&table(1, 20), &table(1, 21), "blocks[0].rows[0]", Rule::TooMany);
}

#[test]
fn lengths_have_an_edge() {
    edge(&section(3000), &section(3001), "blocks[0].text.text", Rule::TooLong);
    edge(&section(1), &section(0), "blocks[0].text.text", Rule::Empty);
    let header = |count| json!({"type": "header", "text": plain(count)});
    edge(&header(150), &header(151), "blocks[0].text.text", Rule::TooLong);
    let fields = |count| json!({"type": "section", "fields": [plain(count)]});
    edge(&fields(2000), &fields(2001), "blocks[0].fields[0].text", Rule::TooLong);
    let labelled = |count| actions(&json!({"type": "button", "action_id": "a", "text": plain(count)}));
    edge(&labelled(75), &labelled(76), "blocks[0].elements[0].text.text", Rule::TooLong);
    let valued = |count| actions(&json!({"type": "button", "action_id": "a", "text": plain(1), "value": xs(count)}));
    edge(&valued(2000), &valued(2001), "blocks[0].elements[0].value", Rule::TooLong);
    let named = |count| actions(&json!({"type": "button", "action_id": xs(count), "text": plain(1)}));
    edge(&named(255), &named(256), "blocks[0].elements[0].action_id", Rule::TooLong);
    let identified = |count| json!({"type": "divider", "block_id": xs(count)});
    edge(&identified(255), &identified(256), "blocks[0].block_id", Rule::TooLong);
    let valued = |count| select(&json!({"options": [{"text": plain(1), "value": xs(count)}]}));
    edge(&valued(150), &valued(151), "blocks[0].elements[0].options[0].value", Rule::TooLong);
    let labelled = |count| select(&json!({"options": [{"text": plain(count), "value": "v"}]}));
    edge(&labelled(75), &labelled(76), "blocks[0].elements[0].options[0].text.text", Rule::TooLong);
    let markdown = |count| json!({"type": "markdown", "text": xs(count)});
    edge(&markdown(12_000), &markdown(12_001), "blocks", Rule::TooLong);
}

#[test]
fn an_emoji_counts_as_two() {
    let header = |count| json!({"type": "header", "text": {"type": "plain_text", "text": "🔔".repeat(count)}});
    edge(&header(75), &header(76), "blocks[0].text.text", Rule::TooLong);
}

#[test]
fn confirm_dialogs_are_bounded() {
    let confirm = |title, text, confirm, deny| {
        let dialog =
            json!({"title": plain(title), "text": plain(text), "confirm": plain(confirm), "deny": plain(deny)});
        actions(&json!({"type": "button", "action_id": "a", "text": plain(1), "confirm": dialog}))
    };
    let good = confirm(100, 300, 30, 30);
    let at = |field: &str| format!("blocks[0].elements[0].confirm.{field}.text");
    edge(&good, &confirm(101, 300, 30, 30), &at("title"), Rule::TooLong);
    edge(&good, &confirm(100, 301, 30, 30), &at("text"), Rule::TooLong);
    edge(&good, &confirm(100, 300, 31, 30), &at("confirm"), Rule::TooLong);
    edge(&good, &confirm(100, 300, 30, 31), &at("deny"), Rule::TooLong);
}

#[test]
fn all_text_together_is_bounded() {
    let blocks = |last| json!([section(3000), section(3000), section(3000), section(3000), section(last)]);
    passes(&blocks(1200));
    refused(&blocks(1201), "blocks", Rule::TotalTooLong);
}

#[test]
fn required_unknown_and_misplaced_are_told_apart() {
    refused(&json!([{"type": "header"}]), "blocks[0].text", Rule::Missing);
    refused(&json!([{"type": "section"}]), "blocks[0]", Rule::Missing);
    refused(&json!([{"type": "image", "image_url": "https://e.x/a.png"}]), "blocks[0].alt_text", Rule::Missing);
    refused(&json!([{"type": "hologram"}]), "blocks[0].type", Rule::Unknown);
    refused(&json!([{"type": "divider", "colour": "red"}]), "blocks[0].colour", Rule::Unknown);
    refused(
        &json!([{"type": "header", "text": {"type": "mrkdwn", "text": "x"}}]),
        "blocks[0].text.type",
        Rule::Invalid,
    );
    refused(
        &json!([actions(&json!({"type": "plain_text_input", "action_id": "p"}))]),
        "blocks[0].elements[0].type",
        Rule::Misplaced,
    );
    refused(
        &json!([actions(&json!({"type": "button", "text": plain(1)}))]),
        "blocks[0].elements[0].action_id",
        Rule::Missing,
    );
    let link = |url| actions(&json!({"type": "button", "action_id": "a", "text": plain(1), "url": url}));
    edge(&link("https://e.x/1"), &link("javascript:alert(1)"), "blocks[0].elements[0].url", Rule::Invalid);
    let initial = |index| select(&json!({"options": [option(1)], "initial_option": option(index)}));
    edge(&initial(1), &initial(2), "blocks[0].elements[0].initial_option", Rule::Invalid);
}

#[test]
fn ids_are_unique() {
    let one = json!({"type": "divider", "block_id": "b"});
    refused(&json!([one, one]), "blocks[1].block_id", Rule::Duplicate);
    let twice = json!([actions(&button(1)), actions(&button(1))]);
    refused(&twice, "blocks[1].elements[0].action_id", Rule::Duplicate);
    assert_eq!(check_message_as(&json!({"text": "t", "blocks": twice}), Strictness::Slack), Ok(()));
    let within = json!([{"type": "actions", "elements": [button(1), button(1)]}]);
    assert!(check_message_as(&json!({"text": "t", "blocks": within}), Strictness::Slack).is_err());
}

#[test]
fn our_own_messages_need_text_and_known_blocks() {
    let message = json!({"blocks": [{"type": "task_card", "task_id": "1", "title": "x"}]});
    let rules: Vec<_> = check_message(&message).unwrap_err().iter().map(|found| found.rule).collect();
    assert_eq!(rules, [Rule::NoText, Rule::Unknown]);
    assert_eq!(check_message_as(&message, Strictness::Slack), Ok(()));
    let nothing = check_message_as(&json!({"blocks": []}), Strictness::Slack).unwrap_err();
    assert_eq!(nothing[0].message_error(), "no_text");
}

#[test]
fn a_violation_names_its_place_and_the_limit() {
    let message = json!({"text": "t", "blocks": [{"type": "divider"}, actions(&json!({"type": "button", "action_id": "a", "text": plain(80)}))]});
    let found = check_message(&message).unwrap_err();
    assert_eq!(found[0].to_string(), "blocks[1].elements[0].text.text: at most 75 characters, found 80");
    assert_eq!(found[0].json_pointer(), "/blocks/1/elements/0/text/text");
    assert_eq!(found[0].message_error(), "invalid_blocks");
}

#[test]
fn views_are_bounded() {
    let view = |title, metadata, blocks: &Value| json!({"type": "modal", "callback_id": "c", "title": plain(title), "private_metadata": xs(metadata), "blocks": blocks});
    let divider = |_| json!({"type": "divider"});
    assert_eq!(check_view(&view(24, 3000, &many(100, divider))), Ok(()));
    let input = json!({"type": "input", "block_id": "text", "label": plain(4), "element": {"type": "plain_text_input", "action_id": "text"}});
    for (bad, path) in [
        (view(25, 0, &json!([])), "title.text"),
        (view(24, 3001, &json!([])), "private_metadata"),
        (view(24, 0, &many(101, divider)), "blocks"),
        (view(24, 0, &json!([input])), "submit"),
        (view(24, 0, &json!([{"type": "markdown", "text": "x"}])), "blocks[0].type"),
    ] {
        let found = check_view_as(&bad, Strictness::Slack).unwrap_err();
        assert_eq!(found.iter().map(|violation| violation.path.as_str()).collect::<Vec<_>>(), [path]);
    }
}

#[test]
fn any_json_is_judged_without_a_panic() {
    for odd in [
        json!(null),
        json!([]),
        json!("x"),
        json!({"text": 1, "blocks": {}}),
        json!({"text": "t", "blocks": [1, null, {"type": 3}, {"type": "table", "rows": [1]}]}),
    ] {
        assert!(check_message(&odd).is_err(), "{odd}");
        assert!(check_view(&odd).is_err(), "{odd}");
    }
}
