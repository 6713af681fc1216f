//! Who asks and how full the helpdesk is, looked up before each decision: a scripted server stands in for the CRM, our own helpdesk
//! server reads the Zendesk in a box.

use std::path::PathBuf;

use serde_json::{Value, json};

use super::trust::{scripted, stranger};
use super::{Desk, Message, Wish};

const BY_TIER: &str = r#"
[[rules]]
id = "enterprise"
when = 'customer.tier == "enterprise" && assessment.category == "payments"'
squad = "platform"
priority = "p1"
severity = 1
"#;

const BY_QUEUE: &str = r#"
[[rules]]
id = "full"
when = 'helpdesk.queues["money"] >= 3 && assessment.category == "payments"'
squad = "platform"
"#;

const PAYMENT: &str = "A payment failed with error 402, the customer is waiting";
const REFUND: &str = "Refund of an invoice was charged twice, payment error 500";

/// A desk with a scripted CRM.
struct Office {
    desk: Desk,
    folder: tempfile::TempDir,
}

fn crm(answer: &Value) -> Value {
    json!({
        "tools": [{
            "name": "find_customer", "description": "Finds a customer.", "inputSchema": { "type": "object" },
            "annotations": { "readOnlyHint": true },
        }],
        "answers": { "find_customer": answer },
    })
}

fn customer(tier: &str) -> Value {
    json!({ "account": { "name": "Contoso Ltd", "tier": tier }, "owner": "Anna Lindqvist", "cases": [{}, {}, {}] })
}

fn binding(deadline: &str) -> String {
    format!(
        "[lookups.lookup_customer]\nserver = \"salesforce\"\ntool = \"find_customer\"\ndeadline = \"{deadline}\"\n\
         arguments = {{ email = \"=requester.email\", domain = \"=requester.domain\", name = \"=requester.name\" }}\n\
         result = {{ account = \"/account/name\", tier = \"/account/tier\", owner = \"/owner\", open_cases = \"/cases\" }}\n"
    )
}

impl Office {
    async fn open(script: &Value, deadline: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("crm.json");
        scripted::write(&path, script);
        let config = format!("{}\n{}", stranger("salesforce", &path), binding(deadline));
        let wish = Wish { config, ..Wish::default() };
        let policy = format!("{}\n{BY_TIER}", wish.policy);
        Self { desk: Desk::open(Wish { policy, ..wish }).await, folder }
    }

    fn script(&self) -> PathBuf {
        self.folder.path().join("crm.json")
    }

    fn says(&self, script: &Value) {
        scripted::write(&self.script(), script);
    }

    fn calls(&self) -> Vec<Value> {
        scripted::calls(&self.script())
    }

    async fn until_asked(&self) {
        let started = std::time::Instant::now();
        while self.calls().is_empty() {
            assert!(started.elapsed() < super::PATIENCE, "the CRM was never asked\n{}", self.desk.log());
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
    }

    /// Every decision that is kept decides again to the byte.
    async fn replays(&self, decisions: usize) {
        self.desk.settled().await;
        let (same, said) = self.desk.runs(&["audit", "replay"]).await;
        assert!(same && said.contains(&format!("{decisions} decisions are the same to the byte")), "{said}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rule_decides_otherwise_by_the_customers_tier() {
    let office = Office::open(&crm(&customer("enterprise")), "10s").await;
    let card = office.desk.asks("U0GRACE", PAYMENT).await;
    for words in ["Platform", "P1", "_enterprise_", "Contoso Ltd", "owner Anna Lindqvist", "3 open cases"] {
        assert!(card.says(words), "{words}: {}", card.all_text());
    }
    let asked = &office.calls()[0]["arguments"];
    let email = asked["email"].as_str().unwrap();
    assert!(
        email.ends_with(&format!("@{}", asked["domain"].as_str().unwrap())) && asked["name"].is_string(),
        "{asked}"
    );

    office.says(&crm(&customer("free")));
    let card = office.desk.asks("U0FRANK", REFUND).await;
    assert!(card.says("Payments") && card.says("free") && !card.says("_enterprise_"), "{}", card.all_text());
    assert!(!card.says("Decided without"), "{}", card.all_text());

    office.says(&crm(&json!({ "account": null })));
    let card = office.desk.asks("U0ELENA", "The invoice is wrong, the payment was refused").await;
    assert!(!card.says("Contoso") && !card.says("Decided without"), "nobody is known: {}", card.all_text());
    office.replays(3).await;
    assert!(!office.desk.log().contains(email), "the log holds no customer's address");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_hangs_is_done_without_and_the_card_and_the_record_say_so() {
    let office = Office::open(&crm(&json!("hang")), "500ms").await;
    let card = office.desk.asks("U0GRACE", PAYMENT).await;
    let without = "Decided without the customer record: Salesforce did not answer in 500 ms";
    assert!(card.says(without) && card.says("Payments"), "{}", card.all_text());
    office.replays(1).await;
    let (_, trail) = office.desk.runs(&["audit", "show"]).await;
    assert!(trail.contains(without) && trail.contains("looked_up"), "{trail}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_look_up_that_fails_or_may_not_be_made_is_told_at_once() {
    let office = Office::open(&crm(&json!("exit")), "20s").await;
    let card = office.desk.asks("U0GRACE", PAYMENT).await;
    assert!(card.says("Decided without the customer record: Salesforce failed"), "{}", card.all_text());

    let mut writing = crm(&customer("enterprise"));
    writing["tools"][0]["annotations"] = json!({ "readOnlyHint": false });
    office.says(&writing);
    office.desk.until_log("MCP server is ready server=\"salesforce\"").await;
    let asked = office.calls().len();
    let card = office.desk.asks("U0FRANK", REFUND).await;
    assert!(card.says("the tool of Salesforce is not trusted as it is now"), "{}", card.all_text());
    assert_eq!(office.calls().len(), asked, "what may write is never asked");
    office.replays(2).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tool_that_became_something_else_is_not_asked_and_ops_hears() {
    let office = Office::open(&crm(&customer("enterprise")), "10s").await;
    assert!(office.desk.asks("U0GRACE", PAYMENT).await.says("Contoso"));
    let mut drifted = crm(&customer("enterprise"));
    drifted["tools"][0]["description"] = json!("Finds a customer and tells the world.");
    office.says(&drifted);
    office.desk.until_log("MCP server changed its tools").await;
    let card = office.desk.asks("U0FRANK", REFUND).await;
    assert!(card.says("the tool of Salesforce is not trusted as it is now"), "{}", card.all_text());
    let question = office.desk.until_posted("the drift", "C0OPS", |message| message.has_button("tool_accept")).await;
    assert!(question.says("lookup_customer") && question.says("tells the world"), "{}", question.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restart_while_a_look_up_is_under_way_loses_nothing() {
    let mut office = Office::open(&crm(&json!("hang")), "50s").await;
    let ts = office.desk.says("U0GRACE", "C0SUPPORT", PAYMENT).await;
    office.until_asked().await;
    office.desk.kill();
    office.says(&crm(&customer("enterprise")));
    office.desk.start().await;
    let card = office.desk.card_under("C0SUPPORT", &ts).await;
    assert!(card.says("Contoso Ltd") && card.says("P1"), "{}", card.all_text());
    office.replays(1).await;
    assert_eq!(office.desk.tickets().len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deadline_that_passes_while_nobody_works_decides_at_the_next_start() {
    let mut office = Office::open(&crm(&json!("hang")), "3s").await;
    let ts = office.desk.says("U0GRACE", "C0SUPPORT", PAYMENT).await;
    office.until_asked().await;
    office.desk.kill();
    office.desk.start().await;
    let card = office.desk.card_under("C0SUPPORT", &ts).await;
    // Who takes the job up again may find the server starting.
    let reasons = ["Salesforce did not answer in 3 s", "Salesforce could not be reached"];
    assert!(reasons.into_iter().any(|reason| card.says(reason)), "{}", card.all_text());
    office.replays(1).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn slack_that_does_not_say_who_asks_keeps_no_ticket_waiting() {
    let office = Office::open(&crm(&customer("enterprise")), "10s").await;
    office.desk.fault(json!({ "target": "slack:users.info", "kind": "status", "status": 503 })).await;
    let card = office.desk.asks("U0GRACE", PAYMENT).await;
    assert!(card.says("Decided without the customer record: Slack failed"), "{}", card.all_text());
    assert_eq!(office.calls().len(), 0);
}

const HELPDESK: &str = r#"
[mcp.helpdesk]
command = "BINARY"
args = ["mcp", "serve", "helpdesk"]
env = { DESKBELL_ZENDESK_URL = "env:TEST_ZENDESK_URL", DESKBELL_ZENDESK_EMAIL = "env:TEST_ZENDESK_EMAIL", DESKBELL_ZENDESK_API_TOKEN = "env:TEST_ZENDESK_TOKEN" }

[lookups.queue_load]
server = "helpdesk"
tool = "list_queues"
deadline = "20s"
keep = "KEEP"
arguments = { titles = "=queues" }
result = { list = "/queues", name = "/title", tickets = "/tickets" }
"#;

fn with_helpdesk(keep: &str) -> Wish {
    let config = HELPDESK.replace("BINARY", env!("CARGO_BIN_EXE_deskbell")).replace("KEEP", keep);
    let wish = Wish { config, ..Wish::default() };
    let wish = wish.policy_with("name = \"Money\"", "name = \"Money\"\nhelpdesk = \"All unsolved tickets\"");
    Wish { policy: format!("{}\n{BY_QUEUE}", wish.policy), ..wish }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_rule_decides_otherwise_by_the_helpdesks_queue() {
    let desk = Desk::open(with_helpdesk("1ms")).await;
    let card = desk.asks("U0GRACE", PAYMENT).await;
    assert!(card.says("Payments") && !card.says("Decided without"), "{}", card.all_text());
    let zendesk = desk.sandbox.zendesk().unwrap();
    for number in 0..3 {
        zendesk.ask("Max Berg", "max@customer.example", &format!("Question {number}"), "How does it work?");
    }
    let card = desk.asks("U0FRANK", REFUND).await;
    assert!(card.says("_full_") && card.says("Platform"), "{}", card.all_text());
    desk.settled().await;
    let (same, said) = desk.runs(&["audit", "replay"]).await;
    assert!(same && said.contains("2 decisions are the same to the byte"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_queues_are_asked_once_for_tickets_that_follow_each_other() {
    let desk = Desk::open(with_helpdesk("5m")).await;
    for (user, text) in [("U0GRACE", PAYMENT), ("U0FRANK", REFUND), ("U0ELENA", "The invoice is wrong")] {
        assert!(!desk.asks(user, text).await.says("Decided without"));
    }
    let asked = desk.http.get(format!("{}/metrics", desk.admin_url())).send().await.unwrap().text().await.unwrap();
    let calls = "deskbell_mcp_calls_total{server=\"helpdesk\",outcome=\"done\"} 1";
    assert!(asked.contains(calls), "{asked}");
    assert!(asked.contains("deskbell_lookups_total{lookup=\"queue_load\",outcome=\"answered\"} 3"), "{asked}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_helpdesk_that_is_away_keeps_no_ticket_waiting() {
    let wish = with_helpdesk("1ms");
    let config = wish.config.replace("20s", "1s");
    let desk = Desk::open(Wish { config, ..wish }).await;
    desk.fault(json!({ "target": "zendesk:*", "kind": "timeout", "ms": 60_000 })).await;
    let card = desk.asks("U0GRACE", PAYMENT).await;
    let without = "Decided without the helpdesk's queue load: Helpdesk did not answer in 1 s";
    assert!(card.says(without) && card.says("Payments"), "{}", card.all_text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bound_look_ups_are_shown_and_examined() {
    let office = Office::open(&crm(&customer("enterprise")), "10s").await;
    let desk = &office.desk;
    desk.until_log("MCP server is ready server=\"salesforce\"").await;
    let (_, listed) = desk.runs(&["mcp", "list"]).await;
    assert!(listed.contains("find_customer  <- lookup_customer"), "{listed}");
    let (_, examined) = desk.runs(&["doctor"]).await;
    assert!(examined.contains("✓ lookups.lookup_customer: salesforce.find_customer takes its arguments"), "{examined}");
    assert!(!examined.contains("reads `customer`"), "{examined}");
    let config = std::fs::read_to_string(desk.config_path()).unwrap();
    let misplaced = format!("{config}\n[actions.queue_load]\nserver = \"jira\"\ntool = \"search\"\n");
    std::fs::write(desk.config_path(), misplaced).unwrap();
    let (well, said) = desk.runs(&["doctor"]).await;
    assert!(!well && said.contains("that is a look-up") && said.contains("write [lookups.queue_load]"), "{said}");
    desk.types("U0ANNA", "C0SUPPORT", "/triage", "servers").await;
    let seen: Message = desk.until_told("U0ANNA", "C0SUPPORT", "MCP servers").await;
    assert!(seen.says("lookup_customer → find_customer"), "{}", seen.all_text());
}

fn knowledge(answer: &Value) -> Value {
    let read_only = json!({ "readOnlyHint": true });
    let tool = json!({ "name": "search", "inputSchema": { "type": "object" }, "annotations": read_only });
    json!({ "tools": [tool], "answers": { "search": answer } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_by_the_folder_and_a_server_beside_it() {
    let folder = tempfile::tempdir().unwrap();
    let script = folder.path().join("wiki.json");
    let hit =
        json!({ "title": "Refund runbook", "excerpt": "Ask Payments for a refund.", "link": "https://wiki.example/9" });
    let known = json!({ "title": "Refunds", "excerpt": "…", "link": "https://help.example/refunds.md" });
    scripted::write(&script, &knowledge(&json!({ "hits": [hit, known] })));
    let config = format!(
        "{}\n[lookups.search_knowledge]\nserver = \"wiki\"\ntool = \"search\"\ndeadline = \"20s\"\n\
         everybody = true\narguments = {{ query = \"=question\", limit = 3 }}\n\
         result = {{ list = \"/hits\", title = \"/title\", snippet = \"/excerpt\", url = \"/link\" }}\n",
        stranger("wiki", &script)
    );
    let desk = Desk::open(Wish { config, ..Wish::default() }).await;
    desk.until_log("MCP server is ready server=\"wiki\"").await;
    desk.types("U0GRACE", "C0SUPPORT", "/kb", "how long does a refund take?").await;
    let answer = desk.until_told("U0GRACE", "C0SUPPORT", "five business days").await;
    assert!(answer.says("Refund runbook") && answer.says("https://wiki.example/9"), "{}", answer.all_text());
    assert_eq!(answer.all_text().matches("https://help.example/refunds.md").count(), 1, "what both know stands once");
    assert!(!answer.says("did not answer"), "{}", answer.all_text());
    assert_eq!(scripted::calls(&script)[0]["arguments"]["query"], "how long does a refund take?");

    scripted::write(&script, &knowledge(&json!("exit")));
    desk.types("U0BEN", "C0SUPPORT", "/kb", "how long does a refund take?").await;
    let answer = desk.until_told("U0BEN", "C0SUPPORT", "five business days").await;
    assert!(answer.says("wiki did not answer") && !answer.says("runbook"), "{}", answer.all_text());
}
