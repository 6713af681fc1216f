//! `deskbell mcp serve slack`.

use deskbell_sandbox::faults::{Fault, FaultRule};
use deskbell_sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

use super::{Client, HttpServer, child, done, failed, hints, messages, sandbox_config, start, transport, variables};

async fn open() -> (Sandbox, Client) {
    open_with(sandbox_config()).await
}

async fn open_with(config: SandboxConfig) -> (Sandbox, Client) {
    let sandbox = start(config).await;
    let client = child("slack", &variables(&sandbox)).await;
    (sandbox, client)
}

fn fault_once(sandbox: &Sandbox, method: &str, fault: Fault) {
    let target = format!("slack:{method}");
    sandbox.faults().add(FaultRule { target, fault, probability: None, count: Some(1), skip: 0 });
}

#[tokio::test(flavor = "multi_thread")]
async fn tools_are_listed_with_schemas_and_honest_hints() {
    let (_sandbox, client) = open().await;
    let expected = [
        ("create_channel", false, false, false),
        ("find_by_idempotency_key", true, false, true),
        ("find_user_by_email", true, false, true),
        ("get_channel", true, false, true),
        ("get_user", true, false, true),
        ("list_channels", true, false, true),
        ("list_replies", true, false, true),
        ("list_user_groups", true, false, true),
        ("post_message", false, false, false),
        ("reply_in_thread", false, false, false),
        ("update_message", false, true, true),
    ];
    assert_eq!(hints(&client).await, expected.map(|(name, read, gone, again)| (name.to_owned(), read, gone, again)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_posts_one_message_even_through_a_server_that_was_started_anew() {
    let (sandbox, client) = open().await;
    let wanted = json!({ "channel": "C0SUPPORT", "text": "*Deployed* 1.2", "idempotency_key": "deploy-1.2" });
    let first = done(&client, "post_message", wanted.clone()).await;
    assert_eq!(first["created"], true);
    assert!(first["url"].as_str().unwrap().contains("/archives/C0SUPPORT/p"), "{first}");
    let again = done(&client, "post_message", wanted.clone()).await;
    assert_eq!((&again["created"], &again["ts"]), (&json!(false), &first["ts"]));
    let anew = child("slack", &variables(&sandbox)).await;
    let third = done(&anew, "post_message", wanted).await;
    assert_eq!((&third["created"], &third["ts"]), (&json!(false), &first["ts"]));
    let sought = json!({ "channel": "C0SUPPORT", "idempotency_key": "deploy-1.2" });
    assert_eq!(done(&anew, "find_by_idempotency_key", sought).await["found"]["ts"], first["ts"]);
    assert_eq!(messages(&sandbox, "C0SUPPORT").await.len(), 1);
    let elsewhere = json!({ "channel": "C0OPS", "text": "a", "idempotency_key": "deploy-1.2" });
    assert_eq!(done(&anew, "post_message", elsewhere).await["created"], true);
    for _ in 0..2 {
        assert_eq!(done(&anew, "post_message", json!({ "channel": "C0SUPPORT", "text": "a" })).await["created"], true);
    }
    assert_eq!(messages(&sandbox, "C0SUPPORT").await.len(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_at_once_with_one_key_post_one_message() {
    let (sandbox, client) = open().await;
    let calls = (0..6)
        .map(|_| done(&client, "post_message", json!({ "channel": "C0SUPPORT", "text": "a", "idempotency_key": "k" })));
    let made = futures_util::future::join_all(calls).await;
    assert_eq!(made.iter().filter(|posted| posted["created"] == true).count(), 1);
    assert_eq!(messages(&sandbox, "C0SUPPORT").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_whose_answer_got_lost_is_found_and_not_repeated() {
    let (sandbox, client) = open().await;
    let wanted = json!({ "channel": "C0SUPPORT", "text": "a", "idempotency_key": "k" });
    fault_once(&sandbox, "chat.postMessage", Fault::LostResponse);
    let lost = failed(&client, "post_message", wanted.clone()).await;
    assert_eq!(lost["error_kind"], "unknown");
    let again = done(&client, "post_message", wanted).await;
    assert_eq!(again["created"], false);
    assert_eq!(messages(&sandbox, "C0SUPPORT").await.len(), 1);
}

/// It may still land: nothing is sent again before it would show.
#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_may_still_land_is_not_sent_again_at_once() {
    let (sandbox, client) = open().await;
    let wanted = json!({ "channel": "C0SUPPORT", "text": "a", "idempotency_key": "k" });
    fault_once(&sandbox, "chat.postMessage", Fault::Status { status: 503, retry_after_seconds: None });
    assert_eq!(failed(&client, "post_message", wanted.clone()).await["error_kind"], "unknown");
    let early = failed(&client, "post_message", wanted).await;
    assert_eq!(early["error_kind"], "transient");
    assert!((1..=5).contains(&early["retry_after_seconds"].as_u64().unwrap()), "{early}");
    assert_eq!(messages(&sandbox, "C0SUPPORT").await.len(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rate_limit_is_told_with_the_wait_and_slows_its_channel_alone() {
    let mut config = sandbox_config();
    config.rate_limits = true;
    (config.rate_numbers.posts_per_second, config.rate_numbers.post_burst) = (0.01, 1.0);
    let (sandbox, client) = open_with(config).await;
    let post = |channel: &str| json!({ "channel": channel, "text": "a", "idempotency_key": "k" });
    done(&client, "post_message", post("C0SUPPORT")).await;
    let mut second = post("C0SUPPORT");
    second["idempotency_key"] = json!("other");
    for _ in 0..2 {
        let limited = failed(&client, "post_message", second.clone()).await;
        assert_eq!(limited["error_kind"], "transient");
        assert!(limited["retry_after_seconds"].as_u64().unwrap() > 60, "{limited}");
    }
    done(&client, "post_message", post("C0OPS")).await;
    assert_eq!(messages(&sandbox, "C0SUPPORT").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn threads_are_written_and_read_page_by_page() {
    let (sandbox, client) = open().await;
    let root = done(&client, "post_message", json!({ "channel": "C0SUPPORT", "text": "root" })).await;
    let reply = |n: usize| json!({ "channel": "C0SUPPORT", "thread_ts": root["ts"], "text": format!("reply {n}"), "idempotency_key": format!("r{n}") });
    for n in 0..3 {
        done(&client, "reply_in_thread", reply(n)).await;
    }
    let anew = child("slack", &variables(&sandbox)).await;
    assert_eq!(done(&anew, "reply_in_thread", reply(1)).await["created"], false);
    let mut wanted = json!({ "channel": "C0SUPPORT", "thread_ts": root["ts"], "max_results": 3 });
    let first = done(&client, "list_replies", wanted.clone()).await;
    wanted["next_page_token"] = first["next_page_token"].clone();
    let second = done(&client, "list_replies", wanted).await;
    let texts: Vec<&Value> = [&first, &second]
        .into_iter()
        .flat_map(|page| page["messages"].as_array().unwrap())
        .map(|message| &message["text"])
        .collect();
    assert_eq!(texts, ["root", "reply 0", "reply 1", "reply 2"]);
    assert_eq!((&second["next_page_token"], &first["messages"][0]["is_bot"]), (&Value::Null, &json!(true)));
    let nowhere = json!({ "channel": "C0SUPPORT", "thread_ts": "1700000000.000100" });
    let nowhere = failed(&client, "list_replies", nowhere).await;
    assert!(nowhere["message"].as_str().unwrap().contains("thread_not_found"), "{nowhere}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_replaces_text_and_blocks_and_a_repeated_key_changes_nothing() {
    let (sandbox, client) = open().await;
    let block = json!({ "type": "section", "text": { "type": "mrkdwn", "text": "before" } });
    let posted =
        done(&client, "post_message", json!({ "channel": "C0SUPPORT", "text": "before", "blocks": [block] })).await;
    let mut wanted =
        json!({ "channel": posted["channel"], "ts": posted["ts"], "text": "after", "idempotency_key": "u" });
    assert_eq!(done(&client, "update_message", wanted.clone()).await["changed"], true);
    let shown = &messages(&sandbox, "C0SUPPORT").await[0];
    assert_eq!((&shown["text"], &shown["blocks"]), (&json!("after"), &Value::Null));
    wanted["text"] = json!("later");
    assert_eq!(done(&client, "update_message", wanted).await["changed"], false);
    assert_eq!(messages(&sandbox, "C0SUPPORT").await[0]["text"], "after");
    let marked = json!({ "channel": "C0SUPPORT", "text": "a", "idempotency_key": "k" });
    let first = done(&client, "post_message", marked.clone()).await;
    done(&client, "update_message", json!({ "channel": "C0SUPPORT", "ts": first["ts"], "text": "b" })).await;
    let anew = child("slack", &variables(&sandbox)).await;
    assert_eq!(done(&anew, "post_message", marked).await["ts"], first["ts"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_can_not_be_posted_is_refused_with_the_mend() {
    let (sandbox, client) = open().await;
    let field = |text: String| json!({ "type": "section", "text": { "type": "mrkdwn", "text": text } });
    let too_long = json!({ "channel": "C0SUPPORT", "text": "a", "blocks": [field("x".repeat(3_001))] });
    let everybody = json!({ "channel": "C0SUPPORT", "text": "<!channel> lunch" });
    let hidden = json!({ "channel": "C0SUPPORT", "text": "a", "blocks": [field("<!here>".to_owned())] });
    for (wanted, words) in [
        (json!({ "channel": "C0SUPPORT", "text": " " }), "text is empty"),
        (json!({ "channel": "#support", "text": "a" }), "list_channels"),
        (json!({ "channel": "C0LEADERS", "text": "a" }), "channel_not_found"),
        (json!({ "channel": "C0NOWHERE", "text": "a", "idempotency_key": "k" }), "channel_not_found"),
        (json!({ "channel": "C0SUPPORT", "text": "a", "idempotency_key": "" }), "1 to 512 bytes"),
        (too_long, "field_errors"),
        (everybody.clone(), "allow_broadcast"),
        (hidden, "allow_broadcast"),
    ] {
        let failure = failed(&client, "post_message", wanted).await;
        assert_eq!(failure["error_kind"], "permanent", "{failure}");
        assert!(failure["message"].as_str().unwrap().contains(words), "{failure}");
    }
    assert_eq!(messages(&sandbox, "C0SUPPORT").await.len(), 0);
    let mut meant = everybody;
    meant["allow_broadcast"] = json!(true);
    done(&client, "post_message", meant).await;
    let nothing = json!({ "channel": "C0SUPPORT", "ts": "1700000000.000100", "text": "a" });
    let nothing = failed(&client, "update_message", nothing).await;
    assert!(nothing["message"].as_str().unwrap().contains("message_not_found"), "{nothing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_person_is_written_to_directly() {
    let (sandbox, client) = open().await;
    let wanted = json!({ "channel": "U0BEN", "text": "a", "idempotency_key": "k" });
    let posted = done(&client, "post_message", wanted.clone()).await;
    assert!(posted["channel"].as_str().unwrap().starts_with('D'), "{posted}");
    let anew = child("slack", &variables(&sandbox)).await;
    assert_eq!(done(&anew, "post_message", wanted).await["created"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_people_and_groups_are_found() {
    let (_sandbox, client) = open().await;
    let (mut names, mut token) = (Vec::new(), Value::Null);
    loop {
        let wanted = json!({ "max_results": 3, "name_contains": "squad", "next_page_token": token });
        let page = done(&client, "list_channels", wanted).await;
        names.extend(page["channels"].as_array().unwrap().iter().map(|channel| channel["name"].clone()));
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    names.sort_by_key(Value::to_string);
    assert_eq!(names, ["identity-squad", "payments-squad", "platform-squad"]);
    let acme = done(&client, "get_channel", json!({ "channel": "C0ACME" })).await;
    assert_eq!((&acme["is_ext_shared"], &acme["is_member"]), (&json!(true), &json!(true)));
    let ben = done(&client, "find_user_by_email", json!({ "email": "BEN@northwind.example" })).await;
    assert_eq!(ben["found"]["user_id"], "U0BEN");
    for stranger in ["hugo@acme.example", "nobody@northwind.example"] {
        assert_eq!(done(&client, "find_user_by_email", json!({ "email": stranger })).await["found"], Value::Null);
    }
    let hugo = done(&client, "get_user", json!({ "user": "U0HUGO" })).await;
    assert_eq!((&hugo["real_name"], &hugo["is_external"]), (&json!("Hugo Martin"), &json!(true)));
    let nobody = failed(&client, "get_user", json!({ "user": "U0NOBODY" })).await;
    assert!(nobody["message"].as_str().unwrap().contains("find_user_by_email"), "{nobody}");
    let first = done(&client, "list_user_groups", json!({ "max_results": 1 })).await;
    assert_eq!(first["user_groups"][0]["user_ids"], json!(["U0BEN"]));
    let rest = json!({ "next_page_token": first["next_page_token"] });
    let rest = done(&client, "list_user_groups", rest).await;
    assert_eq!(
        (&rest["user_groups"][0]["handle"], &rest["next_page_token"]),
        (&json!("platform-oncall"), &Value::Null)
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn a_channel_is_made_once_and_nobody_elses_is_taken_for_it() {
    let (sandbox, client) = open().await;
    let wanted = json!({ "name": "incident-7", "is_private": true, "idempotency_key": "i7" });
    fault_once(&sandbox, "conversations.create", Fault::LostResponse);
    assert_eq!(failed(&client, "create_channel", wanted.clone()).await["error_kind"], "unknown");
    let made = done(&client, "create_channel", wanted.clone()).await;
    assert_eq!((&made["created"], &made["channel"]["name"]), (&json!(false), &json!("incident-7")));
    assert_eq!((&made["channel"]["visibility"], &made["channel"]["is_member"]), (&json!("private"), &json!(true)));
    let anew = child("slack", &variables(&sandbox)).await;
    let again = done(&anew, "create_channel", wanted).await;
    assert_eq!(again["channel"]["channel_id"], made["channel"]["channel_id"]);
    for wanted in [json!({ "name": "incident-7" }), json!({ "name": "support", "idempotency_key": "s" })] {
        let taken = failed(&client, "create_channel", wanted).await;
        assert!(taken["message"].as_str().unwrap().contains("name_taken"), "{taken}");
    }
    let misspelt = failed(&client, "create_channel", json!({ "name": "Incident 8" })).await;
    assert!(misspelt["message"].as_str().unwrap().contains("lowercase"), "{misspelt}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scope_that_is_missing_is_named_as_the_cause() {
    let (_sandbox, client) = open_with(SandboxConfig::default()).await;
    let missing = failed(&client, "list_user_groups", json!({})).await;
    assert_eq!(missing["error_kind"], "permanent");
    assert!(missing["message"].as_str().unwrap().contains("missing_scope"), "{missing}");
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_only_the_right_token_gets_in() {
    let sandbox = start(sandbox_config()).await;
    let server = HttpServer::start("slack", &variables(&sandbox)).await;
    let client = server.client().await;
    done(&client, "post_message", json!({ "channel": "C0SUPPORT", "text": "a" })).await;
    assert_eq!(messages(&sandbox, "C0SUPPORT").await.len(), 1);
    assert!(rmcp::ServiceExt::serve((), transport(&server.url, "guess")).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn channels_groups_and_threads_are_resources() {
    let (_sandbox, client) = open().await;
    let posted = done(&client, "post_message", json!({ "channel": "C0SUPPORT", "text": "first" })).await;
    let thread = posted["ts"].as_str().unwrap();
    done(&client, "reply_in_thread", json!({ "channel": "C0SUPPORT", "thread_ts": thread, "text": "second" })).await;
    let listed = client.list_all_resources().await.unwrap();
    let addresses: Vec<&str> = listed.iter().map(|resource| resource.uri.as_str()).collect();
    assert_eq!(addresses, ["slack://channels", "slack://user-groups"]);
    let channels = read(&client, "slack://channels").await.unwrap();
    assert!(channels["channels"].as_array().unwrap().iter().any(|channel| channel["name"] == "support"), "{channels}");
    assert!(read(&client, "slack://user-groups").await.unwrap()["user_groups"].is_array());
    let read_back = read(&client, &format!("slack://thread/C0SUPPORT/{thread}")).await.unwrap();
    assert_eq!(read_back["messages"][1]["text"], "second", "{read_back}");
    for nowhere in ["slack://thread/C0SUPPORT", "slack://secrets", "slack://thread/C0NOWHERE/1.000001"] {
        assert!(read(&client, nowhere).await.is_none(), "{nowhere}");
    }
}

async fn read(client: &Client, uri: &str) -> Option<Value> {
    let wanted = rmcp::model::ReadResourceRequestParams::new(uri);
    let read = client.read_resource(wanted).await.ok()?;
    let rmcp::model::ResourceContents::TextResourceContents { text, .. } = read.contents.first()? else { return None };
    serde_json::from_str(text).ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn prompts_lead_through_the_tools() {
    let (_sandbox, client) = open().await;
    let listed = client.list_all_prompts().await.unwrap();
    let names: Vec<&str> = listed.iter().map(|prompt| prompt.name.as_str()).collect();
    assert_eq!(names, ["announce_incident", "summarise_thread"]);
    let arguments = json!({ "channel": "C1", "thread_ts": "1.000001" }).as_object().cloned().unwrap();
    let asked = rmcp::model::GetPromptRequestParams::new("summarise_thread").with_arguments(arguments);
    let prompt = serde_json::to_string(&client.get_prompt(asked).await.unwrap()).unwrap();
    assert!(prompt.contains("list_replies") && prompt.contains("C1"), "{prompt}");
}
