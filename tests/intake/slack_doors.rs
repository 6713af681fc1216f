//! Slack's three request URLs.

use jiff::Timestamp;
use serde_json::{Value, json};

use deskbell::intake::config::IntakeConfig;
use deskbell::intake::envelope::view_external_id;
use deskbell::store::Retention;

use super::doors::{Doors, HOME, OLD_SECRET, SECRET, config, fixture, form, form_payload, signature};

const PATHS: [&str; 3] = ["/slack/events", "/slack/commands", "/slack/interactions"];

fn event(id: &str, event: &Value) -> Vec<u8> {
    json!({"type": "event_callback", "api_app_id": "A1", "team_id": HOME, "event_id": id, "event": event})
        .to_string()
        .into_bytes()
}

fn help(id: &str) -> Vec<u8> {
    event(id, &json!({"type": "message", "channel": "C0HELP", "user": "U1", "ts": "1.1", "text": "help"}))
}

#[tokio::test]
async fn unsigned_and_wrongly_signed_requests_get_401_and_leave_no_trace() {
    let doors = Doors::open().await;
    let body = help("Ev1");
    let now = Timestamp::now().as_second().to_string();
    let good = signature(&body, &now, SECRET);
    let other_body = signature(b"other", &now, SECRET);
    let other_secret = signature(&body, &now, "another secret");
    let attempts: Vec<(&str, Vec<(&str, &str)>)> = vec![
        ("nothing", vec![]),
        ("no signature", vec![("x-slack-request-timestamp", &now)]),
        ("no timestamp", vec![("x-slack-signature", &good)]),
        ("other body", vec![("x-slack-request-timestamp", &now), ("x-slack-signature", &other_body)]),
        ("other secret", vec![("x-slack-request-timestamp", &now), ("x-slack-signature", &other_secret)]),
        ("no version", vec![("x-slack-request-timestamp", &now), ("x-slack-signature", &good[3..])]),
        ("no hex", vec![("x-slack-request-timestamp", &now), ("x-slack-signature", "v0=zz")]),
        ("cut off", vec![("x-slack-request-timestamp", &now), ("x-slack-signature", &good[..20])]),
        ("empty", vec![("x-slack-request-timestamp", ""), ("x-slack-signature", "")]),
        ("words", vec![("x-slack-request-timestamp", "yesterday"), ("x-slack-signature", &good)]),
        ("signed number", vec![("x-slack-request-timestamp", "+1763600000"), ("x-slack-signature", &good)]),
        ("endless", vec![("x-slack-request-timestamp", "99999999999999999999"), ("x-slack-signature", &good)]),
        (
            "two signatures",
            vec![("x-slack-request-timestamp", &now), ("x-slack-signature", &good), ("x-slack-signature", &good)],
        ),
        (
            "two timestamps",
            vec![
                ("x-slack-request-timestamp", &now),
                ("x-slack-request-timestamp", &now),
                ("x-slack-signature", &good),
            ],
        ),
    ];
    for path in PATHS {
        for (what, headers) in &attempts {
            let request = headers
                .iter()
                .fold(doors.unsigned(path, body.clone()), |request, (name, value)| request.header(*name, *value));
            let answer = request.send().await.unwrap();
            assert_eq!(answer.status(), 401, "{path}: {what}");
            let text = answer.text().await.unwrap();
            assert!(text.is_empty(), "{path}: {what} tells {text}");
        }
    }
    assert_eq!(doors.events_on_disk(), 0);
}

#[tokio::test]
async fn a_signature_is_good_for_five_minutes_either_way() {
    let doors = Doors::open().await;
    let now = Timestamp::now().as_second();
    for (id, offset, expected) in [("Ev1", -290, 200), ("Ev2", 290, 200), ("Ev3", -310, 401), ("Ev4", 310, 401)] {
        let answer = doors.signed_at("/slack/events", &help(id), now + offset, SECRET).send().await.unwrap();
        assert_eq!(answer.status(), expected, "{offset} s");
    }
}

#[tokio::test]
async fn the_secret_before_the_rotation_still_counts() {
    let doors = Doors::open().await;
    let now = Timestamp::now().as_second();
    let answer = doors.signed_at("/slack/events", &help("Ev1"), now, OLD_SECRET).send().await.unwrap();
    assert_eq!(answer.status(), 200);
}

#[tokio::test]
async fn what_is_too_large_is_refused_before_it_is_hashed() {
    let doors = Doors::open().await;
    let large = vec![b'x'; config().body_limit_bytes + 1];
    for path in PATHS {
        let answer = doors.signed(path, &large).send().await.unwrap();
        assert_eq!(answer.status(), 413, "{path}");
        let chunks = large.chunks(4096).map(|chunk| Ok::<_, std::io::Error>(chunk.to_vec()));
        let unsized_body = reqwest::Body::wrap_stream(futures_util::stream::iter(chunks.collect::<Vec<_>>()));
        let now = Timestamp::now().as_second().to_string();
        let request = doors.unsigned(path, unsized_body).header("x-slack-request-timestamp", &now);
        let answer = request.header("x-slack-signature", signature(&large, &now, SECRET)).send().await.unwrap();
        assert_eq!(answer.status(), 413, "{path}, length not stated");
    }
    assert_eq!(doors.events_on_disk(), 0);
}

#[tokio::test]
async fn what_is_malformed_gets_400_and_leaves_no_trace() {
    let doors = Doors::open().await;
    let attempts: [(&str, &[u8]); 12] = [
        ("/slack/events", b""),
        ("/slack/events", b"not json"),
        ("/slack/events", b"[1,2]"),
        ("/slack/events", b"\"text\""),
        ("/slack/events", b"{\"type\":\"event_callback\""),
        ("/slack/events", b"\xff\xfe"),
        ("/slack/events", b"{\"type\":\"url_verification\"}"),
        ("/slack/interactions", b"{}"),
        ("/slack/interactions", b"payload=not+json"),
        ("/slack/interactions", b"payload=%5B%5D"),
        ("/slack/commands", b"text=no+command"),
        ("/slack/commands", b"{\"command\":\"/triage\"}"),
    ];
    for (path, body) in attempts {
        let answer = doors.signed(path, body).send().await.unwrap();
        assert_eq!(answer.status(), 400, "{path}: {}", String::from_utf8_lossy(body));
    }
    assert_eq!(doors.events_on_disk(), 0);
}

#[tokio::test]
async fn slacks_handshakes_are_answered_and_not_recorded() {
    let doors = Doors::open().await;
    let body = json!({"type": "url_verification", "token": "x", "challenge": "3eZbrw1aB<b>"}).to_string();
    let answer = doors.signed("/slack/events", body.as_bytes()).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.headers()["content-type"], "text/plain");
    assert_eq!(answer.text().await.unwrap(), "3eZbrw1aB<b>");
    let unsigned = doors.unsigned("/slack/events", body).send().await.unwrap();
    assert_eq!(unsigned.status(), 401, "the handshake is signed too");
    for path in ["/slack/commands", "/slack/interactions"] {
        let answer = doors.signed(path, b"ssl_check=1&token=x").send().await.unwrap();
        assert_eq!(answer.status(), 200, "{path}");
    }
    let url = format!("http://{}/slack/commands", doors.address);
    assert_eq!(doors.http.get(format!("{url}?ssl_check=1&token=x")).send().await.unwrap().status(), 200);
    assert_eq!(doors.http.get(url).send().await.unwrap().status(), 405);
    assert_eq!(doors.events_on_disk(), 0);
}

#[tokio::test]
async fn an_event_is_on_disk_before_its_acknowledgement() {
    let doors = Doors::open().await;
    let body = help("Ev1");
    let answer = doors.signed("/slack/events", &body).send().await.unwrap();
    assert_eq!(answer.status(), 200);
    assert_eq!(answer.text().await.unwrap(), "");
    let recorded = doors.recorded(HOME, "A1/T061EG9R6/Ev1").await.unwrap();
    assert_eq!(recorded.raw.as_deref(), Some(body.as_slice()), "byte for byte");
    assert_eq!(recorded.subject, Some("U1".into()));
    assert_eq!(doors.waiting_jobs().await, 1);
}

#[tokio::test]
async fn a_retry_is_accepted_whether_or_not_the_first_delivery_came() {
    let doors = Doors::open().await;
    let retry = |body: &[u8]| {
        doors
            .signed("/slack/events", body)
            .header("x-slack-retry-num", "1")
            .header("x-slack-retry-reason", "http_timeout")
    };
    for id in ["EvLost", "EvLost", "EvCame"] {
        assert_eq!(retry(&help(id)).send().await.unwrap().status(), 200);
    }
    assert_eq!(doors.signed("/slack/events", &help("EvCame")).send().await.unwrap().status(), 200);
    assert_eq!(doors.events_on_disk(), 2);
}

#[tokio::test]
async fn what_nobody_watches_leaves_only_its_key() {
    let doors = Doors::open().await;
    let events = [
        json!({"type": "message", "channel": "C0LUNCH", "user": "U1", "ts": "1.1", "text": "secret plans"}),
        json!({"type": "message", "channel": "C0LUNCH", "user": "U1", "ts": "1.2", "thread_ts": "1.1", "text": "more"}),
        json!({"type": "message", "channel": "C0HELP", "user": "U0BOT", "ts": "1.3", "text": "our own card"}),
        json!({"type": "reaction_added", "user": "U1", "reaction": "tada", "item": {"channel": "C0HELP", "ts": "1.1"}}),
    ];
    for (number, happened) in events.iter().enumerate() {
        let body = event(&format!("Ev{number}"), happened);
        assert_eq!(doors.signed("/slack/events", &body).send().await.unwrap().status(), 200);
        let recorded = doors.recorded(HOME, &format!("A1/T061EG9R6/Ev{number}")).await.unwrap();
        assert_eq!((recorded.raw, recorded.subject), (None, None), "{happened}");
    }
    assert_eq!(doors.waiting_jobs().await, 0);
}

/// Whether it follows a ticket is not known until what was said before is understood.
#[tokio::test]
async fn a_follow_up_is_kept_while_its_request_is_not_understood_yet() {
    let doors = Doors::open().await;
    let follow_up = |id: &str, channel: &str| {
        let said = json!({"type": "message", "channel": channel, "user": "U1", "ts": "1.2", "thread_ts": "1.1", "text": "more"});
        event(id, &said)
    };
    let mention =
        json!({"type": "app_mention", "channel": "C0LUNCH", "user": "U1", "ts": "1.1", "text": "<@U0BOT> no menu"});
    for body in [event("Ev1", &mention), follow_up("Ev2", "C0LUNCH"), follow_up("Ev3", "C0LUNCH2")] {
        assert_eq!(doors.signed("/slack/events", &body).send().await.unwrap().status(), 200);
    }
    let kept = async |id: &str| doors.recorded(HOME, &format!("A1/T061EG9R6/{id}")).await.unwrap().raw.is_some();
    assert_eq!((kept("Ev1").await, kept("Ev2").await, kept("Ev3").await), (true, true, false));
    assert_eq!(doors.waiting_jobs().await, 1, "what its author says there waits for its turn");
}

#[tokio::test]
async fn a_command_is_recorded_and_answered_with_nothing() {
    let doors = Doors::open().await;
    let body = form(&serde_json::from_str(&fixture("command-triage")).unwrap());
    let answer = doors.signed("/slack/commands", &body).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, ""));
    let recorded = doors.recorded(HOME, "command/5.1.a").await.unwrap();
    assert_eq!(recorded.raw, Some(body));
}

#[tokio::test]
async fn the_change_button_and_the_global_shortcut_find_a_loading_view_open() {
    for name in ["interaction-press-change", "interaction-global-shortcut"] {
        let doors = Doors::open().await;
        let payload: Value = serde_json::from_str(&fixture(name)).unwrap();
        let trigger = payload["trigger_id"].as_str().unwrap();
        let answer = doors.signed("/slack/interactions", &form_payload(&fixture(name))).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let key = format!("interaction/{trigger}");
        assert!(doors.recorded(HOME, &key).await.is_some());
        let opened = doors.slack.calls("views.open");
        assert_eq!(opened.len(), 1, "{name}");
        assert_eq!(opened[0]["trigger_id"], trigger);
        assert_eq!(opened[0]["view"]["external_id"], view_external_id(&key.as_str().into()));
    }
}

#[tokio::test]
async fn other_clicks_open_nothing_and_a_refused_view_loses_no_click() {
    let doors = Doors::open().await;
    for name in ["interaction-press-confirm", "interaction-submission-change", "interaction-message-shortcut"] {
        let answer = doors.signed("/slack/interactions", &form_payload(&fixture(name))).send().await.unwrap();
        assert_eq!((answer.status().as_u16(), answer.text().await.unwrap().as_str()), (200, ""), "{name}");
    }
    assert!(doors.slack.calls("views.open").is_empty());
    doors.slack.refuse_views();
    let body = form_payload(&fixture("interaction-press-change"));
    assert_eq!(doors.signed("/slack/interactions", &body).send().await.unwrap().status(), 200);
    assert!(doors.recorded(HOME, "interaction/1.2.b").await.is_some());
}

#[tokio::test]
async fn suggestions_are_none_and_what_was_typed_is_not_kept() {
    let doors = Doors::open().await;
    let body = form_payload(&fixture("interaction-suggestion"));
    let answer = doors.signed("/slack/interactions", &body).send().await.unwrap();
    assert_eq!(answer.json::<Value>().await.unwrap(), json!({"options": []}));
    assert_eq!(doors.waiting_jobs().await, 0);
}

/// Before Slack has said which workspace is ours: a payload that names its own is kept under it, and nobody guesses.
#[tokio::test]
async fn before_home_is_known_commands_and_clicks_are_kept_where_they_say_they_belong() {
    let doors = Doors::open_with(IntakeConfig { workspace: "".into(), ..config() }).await;
    let command = |trigger: &str, team: &str, org_wide: &str| {
        form(&json!({
            "command": "/triage", "text": "help", "user_id": "U1", "team_id": team, "enterprise_id": "E1",
            "trigger_id": trigger, "is_enterprise_install": org_wide,
        }))
    };
    let click = |trigger: &str, org_wide: bool| {
        let payload = json!({
            "type": "block_actions", "team": {"id": "T2"}, "user": {"id": "U1", "team_id": "T2"}, "trigger_id": trigger,
            "is_enterprise_install": org_wide, "actions": [{"action_id": "confirm", "value": "DB-1"}],
            "response_url": doors.slack.response_url(),
        });
        form_payload(&payload.to_string())
    };
    let answer = async |path: &str, body: Vec<u8>| {
        let answer = doors.signed(path, &body).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        answer.text().await.unwrap()
    };
    assert_eq!(answer("/slack/commands", command("1.1", "T2", "false")).await, "");
    assert_eq!(answer("/slack/interactions", click("1.2", false)).await, "");
    assert!(
        doors.recorded("T2", "command/1.1").await.is_some() && doors.recorded("T2", "interaction/1.2").await.is_some()
    );
    assert!(answer("/slack/commands", command("1.3", "T2", "true")).await.contains("try again"));
    assert!(answer("/slack/interactions", click("1.4", true)).await.contains("try again"));
    assert_eq!(doors.events_on_disk(), 2);
}

#[tokio::test]
async fn a_key_without_a_body_outlives_slacks_last_redelivery_and_is_then_forgotten() {
    let doors = Doors::open().await;
    let unwatched = json!({"type": "message", "channel": "C0ELSEWHERE", "user": "U1", "ts": "1.1", "text": "lunch?"});
    for body in [event("Ev1", &unwatched), help("Ev2")] {
        assert_eq!(doors.signed("/slack/events", &body).send().await.unwrap().status(), 200);
    }
    let forgotten = async |hours: i64| {
        let then = Timestamp::now() + jiff::SignedDuration::from_hours(hours);
        doors.store.prune(then, Retention { done_before: then, given_up_before: then }, 100).await.unwrap().events
    };
    assert_eq!((forgotten(25).await, doors.events_on_disk()), (0, 2));
    assert_eq!((forgotten(27).await, doors.events_on_disk()), (1, 1));
}
