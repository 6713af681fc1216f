//! What operators see: health, figures, logs; and a stop in good order.

use serde_json::{Value, json};

use super::{Desk, State, Wish};

async fn get(desk: &Desk, path: &str) -> (u16, String) {
    let answer = desk.http.get(format!("{}{path}", desk.url())).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn health_readiness_and_figures() {
    let desk = Desk::open(Wish::default()).await;
    assert_eq!(get(&desk, "/healthz").await, (200, "ok\n".to_owned()));
    let (status, ready) = get(&desk, "/readyz").await;
    let ready: Value = serde_json::from_str(&ready).unwrap();
    assert_eq!((status, &ready["ready"], &ready["reasons"]), (200, &json!(true), &json!([])), "{ready}");
    assert_eq!(ready["mcp"][0]["name"], "jira", "{ready}");

    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    let unsigned = desk.http.post(format!("{}/slack/events", desk.url())).body("{}").send().await.unwrap();
    assert_eq!(unsigned.status(), 401);
    let (status, figures) = get(&desk, "/metrics").await;
    assert_eq!(status, 200);
    for name in [
        "deskbell_intake_events_total",
        "deskbell_intake_ack_seconds",
        "deskbell_intake_rejected_total",
        "deskbell_jobs_total{kind=\"dispatch\",outcome=\"done\"} 1",
        "deskbell_job_seconds",
        "deskbell_slack_call_seconds",
        "deskbell_mcp_calls_total",
        "deskbell_mcp_server_ready{server=\"jira\"} 1",
        "deskbell_store_commit_seconds",
        "deskbell_jobs{state=",
    ] {
        assert!(figures.contains(name), "{name} is missing:\n{figures}");
    }
    assert!(!figures.contains("U0GRACE") && !figures.contains("payment"), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn operators_pages_have_an_address_of_their_own() {
    let desk = Desk::open(Wish { admin_listen: true, ..Wish::default() }).await;
    for page in ["/readyz", "/metrics", "/healthz"] {
        assert!(desk.answers(page).await, "{page}");
    }
    for page in ["/readyz", "/metrics"] {
        assert_eq!(get(&desk, page).await.0, 404, "{page}");
    }
    assert_eq!(get(&desk, "/healthz").await.0, 200);
    desk.asks("U0GRACE", "The payment failed with error 402").await;
    let knocked = desk.http.post(format!("{}/slack/events", desk.admin_url())).body("{}").send().await.unwrap();
    assert_eq!(knocked.status(), 404);
}

/// A server that is up and lacks what is bound to it does as little as one that is away.
#[tokio::test(flavor = "multi_thread")]
async fn a_required_server_without_a_bound_tool_is_not_ready() {
    let mut desk = Desk::open(Wish::default()).await;
    assert!(desk.stop().success(), "{}", desk.log());
    let config = std::fs::read_to_string(desk.config_path()).unwrap();
    let config = config
        .replace("[mcp.jira]", "[mcp.jira]\nrequired = true")
        .replace("tool = \"add_comment\"", "tool = \"add_coment\"");
    std::fs::write(desk.config_path(), config).unwrap();
    desk.launch();
    desk.until_log("has no tool `add_coment`").await;
    let (status, ready) = get(&desk, "/readyz").await;
    assert_eq!(status, 503, "{ready}");
    let reason = "mcp.jira: required, and [actions.comment] can't use it: the server jira has no tool `add_coment`";
    assert!(ready.contains(reason), "{ready}");
}

/// Looking costs a write to disk, and anybody may ask.
#[tokio::test(flavor = "multi_thread")]
async fn readiness_looks_at_the_store_at_most_once_a_second() {
    let desk = Desk::open(Wish::default()).await;
    desk.settled().await;
    let commits = async || {
        let figures = get(&desk, "/metrics").await.1;
        let count = figures.lines().find_map(|line| line.strip_prefix("deskbell_store_commit_seconds_count "));
        count.unwrap().parse::<f64>().unwrap()
    };
    let (before, started) = (commits().await, std::time::Instant::now());
    for _ in 0..200 {
        assert!(desk.answers("/readyz").await);
    }
    let (written, seconds) = (commits().await - before, started.elapsed().as_secs_f64());
    assert!(written < 30.0 * (seconds + 1.0), "{written} commits in {seconds} s");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stop_lets_running_work_finish() {
    let mut desk = Desk::open(Wish::default()).await;
    let card = desk.asks("U0GRACE", "The payment failed with error 402").await;
    desk.fault(json!({ "target": "jira:POST /issue", "kind": "delayed", "ms": 700 })).await;
    assert_eq!(desk.presses("U0BEN", &card, "confirm").await["ok"], true);
    desk.until_leased("/dispatch/").await;
    assert!(desk.stop().success(), "{}", desk.log());
    assert_eq!(State(desk.state().await).issues().len(), 1);
    assert!(!desk.unfinished().iter().any(|job| job.contains("/dispatch/")), "{:?}", desk.unfinished());
    desk.no_faults().await;
    desk.start().await;
    desk.until_message("the answered card", &card, |card| card.says("PAY-")).await;
    desk.settled().await;
    let state = State(desk.state().await);
    assert_eq!((state.issues().len(), state.messages("C0PAYMENTS").len()), (1, 1));
}

/// Everything a person can write or type, at the chattiest log level.
#[tokio::test(flavor = "multi_thread")]
async fn logs_hold_no_customers_words_and_no_secrets() {
    let desk = Desk::open(Wish { config: "[log]\nformat = \"json\"\n".to_owned(), ..Wish::default() }).await;
    desk.fault(json!({ "target": "slack:chat.postMessage", "kind": "status", "status": 503, "count": 1 })).await;
    desk.fault(
        json!({ "target": "jira:POST /issue", "kind": "status", "status": 429, "retry_after_seconds": 1, "count": 1 }),
    )
    .await;
    let card = desk.asks("U0GRACE", "The payment of xylophagous failed").await;
    desk.confirms("U0BEN", &card).await;
    desk.says("U0GRACE", "C0SUPPORT", "xylophagous again").await;
    desk.types("U0DEV", "C0SUPPORT", "/triage", "xylophagous login").await;
    desk.types("U0DEV", "C0SUPPORT", "/kb", "xylophagous refund").await;
    desk.until_told("U0DEV", "C0SUPPORT", "xylophagous refund").await;
    desk.settled().await;
    let log = desk.log();
    assert!(log.contains("Deskbell is ready"), "{log}");
    let secrets = [
        "xylophagous",
        "sandbox-signing-secret",
        "xoxb-sandbox",
        "xapp-sandbox",
        "sandbox-jira-token",
        "zendesk-secret",
        "MfKQ9r8",
    ];
    for word in secrets {
        let line = log.lines().find(|line| line.contains(word));
        assert_eq!(line, None, "{word} stands in the log");
    }
    assert!(log.lines().all(|line| serde_json::from_str::<Value>(line).is_ok()), "a line is no JSON:\n{log}");
    let (_, figures) = get(&desk, "/metrics").await;
    assert!(!figures.contains("xylophagous"));
}
