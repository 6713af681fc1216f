//! Deskbell itself for other agents: `/mcp` of `deskbell serve`, and `deskbell mcp serve desk`.

use std::process::Stdio;

use rmcp::ServiceExt;
use rmcp::model::{ReadResourceRequestParams, ResourceContents};
use rmcp::transport::TokioChildProcess;
use serde_json::{Value, json};

use super::{Client, done, failed, hints, transport};
use crate::desk::trust::{scripted, stranger};
use crate::desk::{AGENT_TOKENS, Desk, Message, Wish};

const CARD_FAILS: &str = "A payment failed with error 402, the customer is waiting";

/// A desk with three callers: a helper with all scopes, a reader who acts as somebody of the payments squad, a stranger who
/// may look and views nothing.
fn with_callers() -> Wish {
    let config = "[desk]\ntokens = [\n\
         { name = \"helper\", token = \"env:TEST_HELPER_TOKEN\", scopes = [\"read\", \"triage\", \"knowledge\"] },\n\
         { name = \"reader\", token = \"env:TEST_READER_TOKEN\", scopes = [\"read\"], acts_as = \"U0BEN\" },\n\
         { name = \"stranger\", token = \"env:TEST_STRANGER_TOKEN\", scopes = [\"read\"] },\n]\n";
    Wish { config: config.to_owned(), ..Wish::default() }
}

fn token(name: &str) -> &'static str {
    AGENT_TOKENS.iter().find(|(variable, _)| variable.to_lowercase().contains(name)).unwrap().1
}

async fn client(desk: &Desk, name: &str) -> Client {
    ().serve(transport(&format!("{}/mcp", desk.admin_url()), token(name))).await.unwrap()
}

async fn document(client: &Client, name: &str) -> Value {
    let wanted = ReadResourceRequestParams::new(format!("deskbell://desk/{name}"));
    let read = client.read_resource(wanted).await.unwrap();
    let ResourceContents::TextResourceContents { text, .. } = &read.contents[0] else { panic!("{read:?}") };
    serde_json::from_str(text).unwrap()
}

fn request(key: &str) -> Value {
    json!({
        "text": CARD_FAILS, "subject": "Card fails", "requester_name": "Ida", "requester_email": "ida@customer.example",
        "url": "https://agents.example/7", "wait_seconds": 20, "idempotency_key": key,
    })
}

#[tokio::test(flavor = "multi_thread")]
async fn each_caller_is_shown_what_its_scopes_allow() {
    let desk = Desk::open(with_callers()).await;
    let helper = client(&desk, "helper").await;
    let expected = [
        ("explain_decision", true, false, true),
        ("find_by_idempotency_key", true, false, true),
        ("get_ticket", true, false, true),
        ("list_tickets", true, false, true),
        ("search_knowledge", true, false, true),
        ("triage", false, false, false),
    ];
    assert_eq!(hints(&helper).await, expected.map(|(name, read, gone, again)| (name.to_owned(), read, gone, again)));
    let reader = client(&desk, "reader").await;
    let names: Vec<String> = hints(&reader).await.into_iter().map(|(name, ..)| name).collect();
    assert_eq!(names, ["explain_decision", "get_ticket", "list_tickets"]);
    for (tool, arguments) in [("triage", request("k")), ("search_knowledge", json!({ "question": "refund" }))] {
        let refused = failed(&reader, tool, arguments).await;
        assert_eq!(refused["error_kind"], "permanent");
        assert!(refused["message"].as_str().unwrap().contains("scope"), "{refused}");
    }
    desk.settled().await;
    assert_eq!(desk.tickets().len(), 0);
    let (_, entries) = desk.runs(&["audit", "show"]).await;
    assert!(entries.lines().any(|line| line.contains("refused") && line.contains("agent:reader")), "{entries}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_goes_the_way_of_all_others_once() {
    let desk = Desk::open(with_callers()).await;
    let helper = client(&desk, "helper").await;
    let made = done(&helper, "triage", request("k")).await;
    assert_eq!((&made["state"], &made["created"]), (&json!("has_ticket"), &json!(true)), "{made}");
    let again = done(&helper, "triage", request("k")).await;
    assert_eq!((&again["ticket"], &again["created"]), (&made["ticket"], &json!(false)));
    assert_eq!(again["event_key"], made["event_key"]);
    let found = done(&helper, "find_by_idempotency_key", json!({ "idempotency_key": "k" })).await;
    assert_eq!(found["found"]["ticket"], made["ticket"]);
    let nothing = done(&helper, "find_by_idempotency_key", json!({ "idempotency_key": "other" })).await;
    assert_eq!(nothing["found"], Value::Null);
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    assert_eq!(made["ticket"], card.number().as_str());
    // Whoever asked may look, and is told why.
    let ticket = done(&helper, "get_ticket", json!({ "ticket": made["ticket"] })).await;
    assert_eq!(
        (&ticket["status"], &ticket["squad"]),
        (&json!("awaiting_confirmation"), &json!("payments")),
        "{ticket}"
    );
    let why = done(&helper, "explain_decision", json!({ "ticket": made["ticket"] })).await;
    let readings = why["readings"].as_array().unwrap();
    for what in ["request", "urgency", "sentiment", "complexity", "language", "summary"] {
        let reading =
            readings.iter().find(|reading| reading["what"] == what).unwrap_or_else(|| panic!("{what}: {why}"));
        assert!(reading["confidence"].as_f64().unwrap() > 0.0 && reading["evidence"].is_array(), "{reading}");
    }
    assert_eq!((&why["mode"], &why["ordinal"], &why["squad"]), (&json!("confirm"), &json!(1), &json!("payments")));
    assert!(!why["matched_rules"].as_array().unwrap().is_empty(), "{why}");
    assert!(why["reason"].as_str().unwrap().len() > 10, "{why}");
    // Nothing was carried out before a person confirmed.
    assert_eq!(desk.state().await["jira"]["issues"], json!([]));
    desk.confirms("U0BEN", &card).await;
    desk.settled().await;
    let ticket = done(&helper, "get_ticket", json!({ "ticket": made["ticket"] })).await;
    assert_eq!((&ticket["status"], &ticket["issue"]["system"]), (&json!("following"), &json!("jira")), "{ticket}");
    assert_eq!(desk.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_ticket_is_shown_to_those_who_may_view_it_and_every_look_is_on_the_trail() {
    let desk = Desk::open(with_callers()).await;
    let card = desk.asks("U0GRACE", CARD_FAILS).await;
    desk.settled().await;
    let (reader, stranger) = (client(&desk, "reader").await, client(&desk, "stranger").await);
    let wanted = json!({ "ticket": card.number() });
    let seen = done(&reader, "get_ticket", wanted.clone()).await;
    assert_eq!(seen["ticket"], card.number().as_str());
    let refused = failed(&stranger, "get_ticket", wanted.clone()).await;
    let absent = failed(&stranger, "get_ticket", json!({ "ticket": "DB-4711" })).await;
    assert_eq!(refused, absent);
    assert_eq!(failed(&stranger, "explain_decision", wanted).await["message"], refused["message"]);
    let listed = done(&reader, "list_tickets", json!({ "state": "open", "squad": "payments" })).await;
    assert_eq!(listed["tickets"][0]["ticket"], card.number().as_str());
    for (client, wanted) in [(&reader, json!({ "state": "closed" })), (&stranger, json!({}))] {
        assert_eq!(done(client, "list_tickets", wanted).await["tickets"], json!([]));
    }
    let (_, entries) = desk.runs(&["audit", "show", "--ticket", &card.number()]).await;
    let about = |kind: &str, agent: &str| {
        let agent = format!("agent:{agent}");
        entries.lines().filter(|line| line.contains(&format!("\"{kind}\"")) && line.contains(&agent)).count()
    };
    assert_eq!((about("access", "reader"), about("refused", "stranger")), (1, 2), "{entries}");
    let (holds, said) = desk.runs(&["audit", "verify"]).await;
    assert!(holds, "{said}");
    assert!(!desk.log().contains("error 402"), "customers' words are in the log");
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_paged() {
    let desk = Desk::open(with_callers()).await;
    let helper = client(&desk, "helper").await;
    for n in 0..3 {
        done(&helper, "triage", request(&format!("k{n}"))).await;
    }
    let (mut numbers, mut token) = (Vec::new(), Value::Null);
    loop {
        let page = done(&helper, "list_tickets", json!({ "max_results": 2, "next_page_token": token })).await;
        numbers.extend(page["tickets"].as_array().unwrap().iter().map(|ticket| ticket["ticket"].clone()));
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(numbers, ["DB-3", "DB-2", "DB-1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_policy_and_the_load_are_resources() {
    let desk = Desk::open(with_callers()).await;
    let helper = client(&desk, "helper").await;
    let listed = helper.list_all_resources().await.unwrap();
    let names: Vec<&str> = listed.iter().map(|resource| resource.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "queue_status",
            "team_workload",
            "team_mappings",
            "escalation_procedures",
            "escalation_patterns",
            "priority_matrix"
        ]
    );
    let prompts = helper.list_all_prompts().await.unwrap();
    let prompts: Vec<&str> = prompts.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(prompts, ["explain_ticket", "hand_over_to_people"]);
    done(&helper, "triage", request("k")).await;
    desk.settled().await;
    let queues = document(&helper, "queue_status").await;
    let money = queues["queues"].as_array().unwrap().iter().find(|queue| queue["queue"] == "money").unwrap();
    assert_eq!((&money["open_tickets"], &money["squads"]), (&json!(1), &json!(["payments"])));
    let load = document(&helper, "team_workload").await;
    let squads = load["squads"].as_array().unwrap();
    let open = |id: &str| squads.iter().find(|squad| squad["squad"] == id).unwrap()["open_tickets"].clone();
    assert_eq!((open("payments"), open("platform")), (json!(1), json!(0)));
    let matrix = document(&helper, "priority_matrix").await;
    assert_eq!(matrix["by_urgency"], json!({ "low": "p4", "normal": "p3", "high": "p2", "critical": "p1" }));
    let mappings = document(&helper, "team_mappings").await;
    assert_eq!(mappings["squad_of_last_resort"], "platform");
    let procedures = document(&helper, "escalation_procedures").await;
    assert!(procedures["by_squad"]["payments"].is_object() || procedures["by_squad"]["payments"].is_string());
    let card = desk.until_posted("the card", "C0TRIAGE", Message::is_card).await;
    desk.presses("U0GRACE", &card, "escalate").await;
    desk.settled().await;
    let patterns = document(&helper, "escalation_patterns").await;
    assert_eq!((&patterns["under_way"][0]["ticket"], &patterns["under_way"][0]["level"]), (&json!("DB-1"), &json!(1)));
    assert!(!patterns["rules"].as_array().unwrap().is_empty(), "{patterns}");
    let nothing = ReadResourceRequestParams::new("deskbell://desk/passwords");
    assert!(helper.read_resource(nothing).await.is_err());
    let answer = done(&helper, "search_knowledge", json!({ "question": "how long does a refund take" })).await;
    let best = &answer["passages"][0];
    assert!(best["snippet"].as_str().unwrap().contains("five business days"), "{answer}");
    assert!(best["version"].is_string() && best["confidence"].as_f64().unwrap() > 0.5, "{answer}");
}

const NO_FOLDER: (&str, &str) = ("[knowledge]\nfolder = \"knowledge\"\nbase_url = \"https://help.example/\"\n", "");

#[tokio::test(flavor = "multi_thread")]
async fn agents_are_told_what_other_peoples_servers_vouch_for_everybody_to_read() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = with_callers().config;
    for (name, vouched) in [("handbook", "everybody = true"), ("intranet", "")] {
        let script = folder.path().join(format!("{name}.json"));
        let hit = json!({ "title": name, "excerpt": format!("{name} says nine days"), "rank": 0.9, "rev": "7" });
        let tool =
            json!({ "name": "search", "inputSchema": { "type": "object" }, "annotations": { "readOnlyHint": true } });
        scripted::write(&script, &json!({ "tools": [tool], "answers": { "search": { "hits": [hit] } } }));
        config.push_str(&stranger(name, &script));
        let binding = format!(
            "[[lookups.search_knowledge]]\nserver = \"{name}\"\ntool = \"search\"\n{vouched}\narguments = {{ query = \"=question\" }}\n\
             result = {{ list = \"/hits\", title = \"/title\", snippet = \"/excerpt\", confidence = \"/rank\", version = \"/rev\" }}\n"
        );
        config.push_str(&binding);
    }
    let desk = Desk::open(Wish { config, ..Wish::default() }.config_with(NO_FOLDER.0, NO_FOLDER.1)).await;
    let helper = client(&desk, "helper").await;
    let answer = done(&helper, "search_knowledge", json!({ "question": "How long is a travel refund?" })).await;
    let passages = answer["passages"].as_array().unwrap();
    assert_eq!(passages.len(), 1, "{answer}");
    let one = &passages[0];
    assert_eq!((&one["server"], &one["version"], &one["confidence"]), (&json!("handbook"), &json!("7"), &json!(0.9)));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_desk_without_knowledge_says_so() {
    let desk = Desk::open(with_callers().config_with(NO_FOLDER.0, NO_FOLDER.1)).await;
    let helper = client(&desk, "helper").await;
    let refused = failed(&helper, "search_knowledge", json!({ "question": "refund" })).await;
    assert_eq!(refused["error_kind"], "permanent");
    assert!(refused["message"].as_str().unwrap().contains("[knowledge] folder"), "{refused}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_request_is_refused_with_the_field() {
    let desk = Desk::open(with_callers()).await;
    let helper = client(&desk, "helper").await;
    for (field, wanted) in [
        ("text", json!({ "text": " " })),
        ("text", json!({ "text": "x".repeat(40_001) })),
        ("subject", json!({ "text": "a", "subject": "x".repeat(501) })),
        ("url", json!({ "text": "a", "url": "file:///etc/passwd" })),
        ("idempotency_key", json!({ "text": "a", "idempotency_key": "" })),
    ] {
        assert!(failed(&helper, "triage", wanted).await["field_errors"][field].is_string(), "{field}");
    }
    let odd = failed(&helper, "get_ticket", json!({ "ticket": "seven" })).await;
    assert!(odd["message"].as_str().unwrap().contains("DB-42"), "{odd}");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_a_known_token_from_the_right_host_gets_in() {
    let mut wish = with_callers();
    wish.admin_listen = true;
    let desk = Desk::open(wish).await;
    let ping = json!({
        "jsonrpc": "2.0", "id": 1, "method": "initialize",
        "params": { "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } },
    });
    let url = format!("{}/mcp", desk.admin_url());
    let right = format!("Bearer {}", token("helper"));
    let own = desk.admin_url();
    for (headers, expected) in [
        (vec![("authorization", right.as_str())], 200),
        (vec![], 401),
        (vec![("authorization", "Bearer ")], 401),
        (vec![("authorization", "Bearer helper-token-of-the-tes")], 401),
        (vec![("authorization", right.as_str()), ("host", "evil.example")], 403),
        (vec![("authorization", right.as_str()), ("origin", "https://evil.example")], 403),
        (vec![("authorization", right.as_str()), ("origin", own.as_str())], 200),
        (vec![("origin", own.as_str())], 401),
    ] {
        let mut request = desk.http.post(&url).header("accept", "application/json, text/event-stream").json(&ping);
        for (name, value) in &headers {
            request = request.header(*name, *value);
        }
        assert_eq!(request.send().await.unwrap().status(), expected, "{headers:?}");
    }
    // The doors' address has no such page.
    let public = desk.http.post(format!("{}/mcp", desk.url())).json(&ping).send().await.unwrap();
    assert_eq!(public.status(), 404);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_is_served_where_nobody_may_call() {
    let desk = Desk::open(Wish::default()).await;
    let answer = desk.http.post(format!("{}/mcp", desk.url())).send().await.unwrap();
    assert_eq!(answer.status(), 404);
    let (ended_well, said) = desk.runs(&["mcp", "serve", "desk"]).await;
    assert!(!ended_well && said.contains("[desk] tokens names no caller"), "{said}");
}

/// `deskbell mcp serve desk` on standard input and output.
async fn on_stdio(desk: &Desk, name: &str) -> Client {
    let mut command = tokio::process::Command::from(desk.deskbell());
    command.args(["mcp", "serve", "desk"]).env("DESKBELL_DESK_TOKEN", token(name));
    let (child, _) = TokioChildProcess::builder(command).stderr(Stdio::null()).spawn().unwrap();
    ().serve(child).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn on_standard_input_it_is_the_running_desk_or_its_store() {
    let mut desk = Desk::open(with_callers()).await;
    let helper = on_stdio(&desk, "helper").await;
    let made = done(&helper, "triage", request("k")).await;
    assert_eq!(made["state"], "has_ticket", "{made}");
    assert_eq!(hints(&on_stdio(&desk, "reader").await).await.len(), 3);
    assert_eq!(document(&helper, "team_mappings").await["squad_of_last_resort"], "platform");
    assert!(failed(&helper, "get_ticket", json!({ "ticket": "DB-9" })).await["message"].is_string());
    helper.cancel().await.unwrap();
    desk.settled().await;
    assert!(desk.stop().success());
    // Nobody serves: the store itself answers, and a request waits in it for the next start.
    let helper = on_stdio(&desk, "helper").await;
    let ticket = done(&helper, "get_ticket", json!({ "ticket": made["ticket"] })).await;
    assert_eq!(ticket["status"], "awaiting_confirmation");
    let mut waiting = request("later");
    waiting["wait_seconds"] = json!(0);
    assert_eq!(done(&helper, "triage", waiting.clone()).await["state"], "accepted");
    helper.cancel().await.unwrap();
    desk.start().await;
    let helper = client(&desk, "helper").await;
    waiting["wait_seconds"] = json!(20);
    let found = done(&helper, "triage", waiting).await;
    assert_eq!((&found["state"], &found["created"]), (&json!("has_ticket"), &json!(false)), "{found}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_unknown_token_opens_nothing_on_standard_input() {
    let desk = Desk::open(with_callers()).await;
    let (ended_well, said) = desk.runs(&["mcp", "serve", "desk"]).await;
    assert!(!ended_well && said.contains("DESKBELL_DESK_TOKEN"), "{said}");
    let (ended_well, said) = desk.runs(&["mcp", "serve", "desk", "--http", "127.0.0.1:0"]).await;
    assert!(!ended_well && said.contains("serves the desk already"), "{said}");
}
