use serde_json::json;

use super::*;

fn config(text: &str) -> LookupsConfig {
    toml::from_str(text).unwrap()
}

fn lookups(text: &str) -> Result<Lookups, LookupError> {
    Lookups::check(&config(text), |server| server == "crm", |_, tool| tool != "kept_out")
}

fn answer(structured: Value) -> CallOutput {
    CallOutput { structured, text: String::new() }
}

const CUSTOMER: &str = r#"
[lookup_customer]
server = "crm"
tool = "find"
arguments = { email = "=requester.email", limit = 1 }
result = { tier = "/account/tier", account = "/account/name", open_cases = "/cases", earlier_tickets = "/history/total" }
"#;

#[test]
fn an_answer_becomes_a_customer() {
    let lookup = lookups(CUSTOMER).unwrap().customer.unwrap();
    assert_eq!(lookup.deadline, SignedDuration::from_secs(3));
    let full = json!({
        "account": { "name": "Contoso\nLtd", "tier": "enterprise" }, "cases": [{}, {}], "history": { "total": "12" },
    });
    let customer = lookup.customer(&answer(full.clone())).unwrap();
    assert!(customer.known && customer.tier == "enterprise" && customer.account == "Contoso Ltd");
    assert_eq!((customer.open_cases, customer.earlier_tickets, customer.open_opportunities), (2, 12, 0));
    let as_text = CallOutput { structured: Value::Null, text: full.to_string() };
    assert_eq!(lookup.customer(&as_text), Some(customer));
    assert_eq!(lookup.customer(&answer(json!({ "account": null }))), Some(Customer::default()));
    let words = CallOutput { structured: Value::Null, text: "No customer was found.".to_owned() };
    assert_eq!(lookup.customer(&words), None);
    let long = json!({ "account": { "name": "x".repeat(9_999) } });
    assert_eq!(lookup.customer(&answer(long)).unwrap().account.len(), TEXT_CHARS_MAX);
}

#[test]
fn whether_there_is_a_customer_may_have_a_place_of_its_own() {
    let text = CUSTOMER.replace("result = {", "result = { known = \"/found\",");
    let lookup = lookups(&text).unwrap().customer.unwrap();
    let nobody = json!({ "found": false, "history": { "total": 0 } });
    assert_eq!(lookup.customer(&answer(nobody)), Some(Customer::default()));
    assert!(lookup.customer(&answer(json!({ "found": {} }))).unwrap().known);
}

#[test]
fn nobody_is_asked_about_nothing() {
    let lookup = lookups(CUSTOMER).unwrap().customer.unwrap();
    let arguments = |context: Value| lookup.arguments(&context).unwrap();
    let known = arguments(json!({ "requester": { "email": "a@contoso.example" } })).unwrap();
    assert_eq!(Value::Object(known), json!({ "email": "a@contoso.example", "limit": 1 }));
    assert_eq!(arguments(json!({ "requester": { "email": null } })), None);
    assert_eq!(arguments(json!({ "requester": { "email": "" } })), None);
}

#[test]
fn queues_are_read_as_far_as_they_are_counted() {
    let text = "[queue_load]\nserver = \"crm\"\ntool = \"queues\"\n\
                result = { list = \"/queues\", name = \"/title\", tickets = \"/tickets\" }\n";
    let lookup = lookups(text).unwrap().queue_load.unwrap();
    assert_eq!(lookup.keep, SignedDuration::from_secs(60));
    let listed = json!({ "queues": [
        { "title": "Money", "tickets": 7 }, { "title": "New", "tickets": null }, { "tickets": 1 }, 7,
    ] });
    assert_eq!(lookup.queues(&answer(listed)), Some(vec![("Money".to_owned(), 7)]));
    assert_eq!(lookup.queues(&answer(json!({ "queues": {} }))), None);
    assert_eq!(lookup.arguments(&json!({})).unwrap(), Some(Map::new()), "it asks the same of everybody");
}

#[test]
fn each_fault_names_its_field_and_the_mend() {
    let cases = [
        ("server = \"crm\"", "server = \"sap\"", "server = \"sap\": add [mcp.sap]"),
        ("tool = \"find\"", "tool = \"kept_out\"", "allow or deny of [mcp.crm] keeps it out"),
        ("=requester.email", "=requester..email", "arguments.email"),
        ("\"/account/tier\"", "\"account/tier\"", "result.tier = \"account/tier\": a JSON pointer begins with \"/\""),
        ("tool = \"find\"", "tool = \"find\"\ndeadline = \"soon\"", "deadline = \"soon\""),
        ("tool = \"find\"", "tool = \"find\"\ndeadline = \"2h\"", "up to 60 s"),
        ("tool = \"find\"", "tool = \"find\"\nkeep = \"5s\"", "only queue_load keeps an answer"),
    ];
    for (from, to, expected) in cases {
        let error = lookups(&CUSTOMER.replacen(from, to, 1)).unwrap_err().to_string();
        assert!(error.contains("[lookups.lookup_customer]") && error.contains(expected), "{error}");
    }
    let (before, _) = CUSTOMER.split_once("result").unwrap();
    assert!(lookups(&format!("{before}result = {{}}\n")).unwrap_err().to_string().contains("result is empty"));
    let unknown = toml::from_str::<LookupsConfig>("[lookup_custmer]\n").unwrap_err().to_string();
    assert!(unknown.contains("lookup_customer"), "{unknown}");
}
