//! What the Salesforce tools do when all goes well.

use deskbell_servers::salesforce::names::FieldName;
use rmcp::model::{GetPromptRequestParams, ReadResourceRequestParams};
use serde_json::{Value, json};

use crate::salesforce_site::{KEY, Org, USERNAME, connect, connect_stateless};
use crate::shortcut_site::done;

#[tokio::test]
async fn every_tool_is_typed_and_says_what_it_does_to_salesforce() {
    let org = Org::start().await;
    let tools = org.client.list_all_tools().await.unwrap();
    assert_eq!(tools.len(), 11);
    for tool in tools {
        let annotations = tool.annotations.clone().unwrap();
        let writes = ["upsert_case", "update_case", "add_case_comment", "create_task", "write_back"];
        assert_eq!(annotations.read_only_hint, Some(!writes.contains(&tool.name.as_ref())), "{}", tool.name);
        assert_eq!(tool.output_schema.as_ref().unwrap()["type"], "object");
        if writes.contains(&tool.name.as_ref()) {
            assert!(tool.input_schema["properties"].get("idempotency_key").is_some(), "{}", tool.name);
        }
    }
    let unknown =
        crate::site::call(&org.client, "lookup_customer", json!({ "email": "a@b.example", "sql": "1" })).await;
    assert_eq!(unknown.is_error, Some(true), "{unknown:?}");
}

#[tokio::test]
async fn a_customer_is_found_by_email_with_all_that_rules_and_people_need() {
    let org = Org::start().await;
    let found = org.done("lookup_customer", json!({ "email": "HUGO@acme.example", "name": "Hugo Martin" })).await;
    assert_eq!((&found["found"], &found["matched_by"]), (&json!(true), &json!("email")));
    let account = &found["account"];
    assert_eq!((&account["name"], &account["tier"]), (&json!("Acme Corp"), &json!("Enterprise")));
    assert_eq!(account["owner"], json!({ "name": "Anna Lindqvist", "email": "anna@northwind.example" }));
    assert_eq!(found["contact"]["title"], "IT Manager");
    assert_eq!(
        (&found["open_cases"]["total"], &found["open_cases"]["newest"][0]["is_closed"]),
        (&json!(2), &json!(false))
    );
    assert_eq!(found["open_opportunities"]["total"], 1);
    assert_eq!(found["open_opportunities"]["newest"][0]["amount"], 240_000.0);
    assert_eq!(found["entitlements"]["available"], true);
    assert_eq!(found["entitlements"]["active"].as_array().unwrap().len(), 1);
    assert_eq!(found["entitlements"]["active"][0]["end_date"], "2027-01-31");
    let url = account["url"].as_str().unwrap();
    let page = reqwest::get(url).await.unwrap().text().await.unwrap();
    assert!(page.contains("Acme Corp"), "{url}: {page}");
    // Four queries, one token.
    assert_eq!((org.salesforce.counts().requests, org.salesforce.counts().tokens), (5, 1));
}

#[tokio::test]
async fn a_colleague_of_a_known_company_is_found_by_the_domain() {
    let org = Org::start().await;
    let found = org.done("lookup_customer", json!({ "email": "new.person@acme.example" })).await;
    assert_eq!((&found["matched_by"], &found["account"]["name"]), (&json!("domain"), &json!("Acme Corp")));
    assert_eq!(found["contact"], Value::Null);
    // A company without a website in Salesforce is known by its people.
    let account = org.record("Account", json!({ "Name": "Adatum" })).await;
    org.record("Contact", json!({ "LastName": "Li", "Email": "li@adatum.example", "AccountId": account })).await;
    let found = org.done("lookup_customer", json!({ "domain": "ADATUM.example" })).await;
    assert_eq!(found["account"]["account_id"], account.as_str());
    // A website that only contains the domain is another company's.
    org.record("Account", json!({ "Name": "Other", "Website": "https://notacme.example" })).await;
    assert_eq!(org.done("lookup_customer", json!({ "domain": "acme.example" })).await["account"]["name"], "Acme Corp");
}

#[tokio::test]
async fn a_free_mail_domain_is_no_company() {
    let org = Org::start().await;
    let account = org.record("Account", json!({ "Name": "Mail", "Website": "https://gmail.com" })).await;
    org.record("Contact", json!({ "LastName": "X", "Email": "x@gmail.com", "AccountId": account })).await;
    let found = org.done("lookup_customer", json!({ "email": "stranger@gmail.com" })).await;
    assert_eq!((&found["found"], &found["candidates"]), (&json!(false), &json!([])));
    // The address itself still tells, and so does the name when one contact has it.
    assert_eq!(org.done("lookup_customer", json!({ "email": "x@gmail.com" })).await["matched_by"], "email");
    let by_name = json!({ "email": "hugo.m@gmail.com", "name": "hugo martin" });
    let found = org.done("lookup_customer", by_name).await;
    assert_eq!((&found["matched_by"], &found["account"]["name"]), (&json!("name"), &json!("Acme Corp")));
    // Whoever writes from a company that is not known is no namesake of a customer's.
    let namesake = json!({ "email": "hugo@evil.example", "name": "Hugo Martin" });
    assert_eq!(org.done("lookup_customer", namesake).await["found"], false);
}

#[tokio::test]
async fn among_several_accounts_nobody_guesses() {
    let org = Org::start().await;
    let second = org.record("Account", json!({ "Name": "Acme Robotics", "Website": "acme.example" })).await;
    let found = org.done("lookup_customer", json!({ "domain": "acme.example" })).await;
    assert_eq!(found["found"], false);
    let names: Vec<&str> =
        found["candidates"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["Acme Corp", "Acme Robotics"]);
    let chosen = org.done("lookup_customer", json!({ "account_id": second })).await;
    assert_eq!((&chosen["matched_by"], &chosen["account"]["tier"]), (&json!("account_id"), &Value::Null));
    // One address at two accounts: the name tells which.
    let contact =
        |name: &str, account: &str| json!({ "LastName": name, "Email": "shared@x.example", "AccountId": account });
    org.record("Contact", contact("One", &second)).await;
    let first = org.account("contoso.example").await;
    org.record("Contact", contact("Two", &first)).await;
    let found = org.done("lookup_customer", json!({ "email": "shared@x.example" })).await;
    assert_eq!((&found["found"], found["candidates"].as_array().unwrap().len()), (&json!(false), 2));
    let found = org.done("lookup_customer", json!({ "email": "shared@x.example", "name": "Two" })).await;
    assert_eq!(found["account"]["name"], "Contoso");
    // A name that two people have tells nothing.
    org.record("Contact", json!({ "FirstName": "Mia", "LastName": "Chen", "AccountId": second })).await;
    let found = org.done("lookup_customer", json!({ "name": "Mia Chen" })).await;
    assert_eq!((&found["found"], found["candidates"].as_array().unwrap().len()), (&json!(false), 2));
}

#[tokio::test]
async fn what_people_are_called_is_never_part_of_a_query() {
    let org = Org::start().await;
    let account = org.record("Account", json!({ "Name": "O'Neil \"\\ Sons" })).await;
    let odd = "x' OR Name != '\\";
    org.record("Contact", json!({ "LastName": odd, "Email": "a@oneil.example", "AccountId": account })).await;
    let found = org.done("lookup_customer", json!({ "name": odd })).await;
    assert_eq!((&found["contact"]["name"], &found["account"]["name"]), (&json!(odd), &json!("O'Neil \"\\ Sons")));
    for evil in ["' OR Email != '", "\\' OR Email != ''", "%", "_", "x%' OR Name LIKE '%", "\n", "%@ac_e.example"] {
        for field in ["email", "name", "domain"] {
            let wanted = json!({ field: evil, "name": "nobody of this name" });
            let result = crate::site::call(&org.client, "lookup_customer", wanted).await;
            let found = result.structured_content.unwrap();
            assert_eq!(found["found"], json!(false), "{field} {evil:?}: {found}");
            assert_eq!(found["candidates"], json!([]), "{field} {evil:?}: {found}");
        }
        let result = crate::site::call(&org.client, "get_case", json!({ "case_id": evil })).await;
        assert_eq!(result.is_error, Some(true), "{evil:?}");
    }
}

#[tokio::test]
async fn a_case_is_made_once_and_changed_afterwards() {
    let org = Org::start().await;
    let account = org.account("contoso.example").await;
    let wanted = json!({
        "external_id": "DB-42", "subject": "Checkout fails", "description": "Since 09:10", "priority": "High",
        "origin": "Slack", "account_id": account, "idempotency_key": "k",
    });
    let made = org.done("upsert_case", wanted.clone()).await;
    assert_eq!(made["created"], true);
    let again = org.done("upsert_case", wanted).await;
    assert_eq!((&again["created"], &again["case_id"], &again["key"]), (&json!(false), &made["case_id"], &made["key"]));
    org.done("upsert_case", json!({ "external_id": "DB-42", "status": "Working" })).await;
    for name in [&made["case_id"], &made["key"], &json!("db-42")] {
        let case = org.done("get_case", json!({ "case_id": name })).await;
        assert_eq!((&case["subject"], &case["status"]), (&json!("Checkout fails"), &json!("Working")));
        assert_eq!((&case["account"], &case["external_id"]), (&json!("Contoso"), &json!("DB-42")));
        assert_eq!((&case["owner"], &case["comments"]), (&json!("Deskbell Integration"), &json!([])));
    }
}

#[tokio::test]
async fn a_case_without_an_external_id_goes_by_its_key() {
    let org = Org::start().await;
    let before = org.salesforce.counts().cases;
    let key = json!({ "idempotency_key": "ticket-1/case" });
    assert_eq!(org.done("find_by_idempotency_key", key.clone()).await["found"], Value::Null);
    let calls = (0..8).map(|_| org.done("upsert_case", json!({ "subject": "a", "idempotency_key": "ticket-1/case" })));
    let made = futures_util::future::join_all(calls).await;
    assert_eq!(made.iter().filter(|one| one["created"] == true).count(), 1);
    assert_eq!(org.salesforce.counts().cases, before + 1);
    let found = org.done("find_by_idempotency_key", key).await;
    assert_eq!(found["found"]["case_id"], made[0]["case_id"]);
}

#[tokio::test]
async fn only_what_differs_is_sent() {
    let org = Org::start().await;
    let case = org.case("DB-1").await;
    let wanted = json!({ "case_id": "DB-1", "status": "Escalated", "priority": "High", "idempotency_key": "u" });
    let updated = org.done("update_case", wanted.clone()).await;
    assert_eq!((&updated["changed"], &updated["case"]["status"]), (&json!(true), &json!("Escalated")));
    assert_eq!(updated["case"]["case_id"], case.as_str());
    let again = org.done("update_case", wanted).await;
    assert_eq!(again["changed"], false);
    assert_eq!(org.salesforce.counts().updates, 1);
}

#[tokio::test]
async fn a_conversation_is_written_back_once() {
    let org = Org::start().await;
    let case = org.case("DB-7").await;
    let wanted = json!({
        "case_id": "DB-7", "subject": "Support request DB-7", "summary": "Solved: the certificate had expired.",
        "conversation": "Hugo: it is down\nBen: renewed it", "idempotency_key": "back",
    });
    let calls = (0..5).map(|_| org.done("write_back", wanted.clone()));
    let written = futures_util::future::join_all(calls).await;
    assert_eq!(written.iter().filter(|one| one["created"] == true).count(), 1);
    let counts = org.salesforce.counts();
    assert_eq!((counts.comments, counts.tasks), (1, 1));
    let snapshot = org.salesforce.snapshot();
    let shown = snapshot["cases"].as_array().unwrap().iter().find(|one| one["id"] == case.as_str()).unwrap();
    assert_eq!(shown["comments"][0]["public"], false);
    assert!(
        shown["comments"][0]["text"].as_str().unwrap().starts_with("Solved: the certificate had expired.\n\ndeskbell-")
    );
    assert_eq!(
        (&shown["tasks"][0]["status"], &shown["tasks"][0]["subject"]),
        (&json!("Completed"), &wanted["subject"])
    );
    assert!(shown["tasks"][0]["text"].as_str().unwrap().contains("Ben: renewed it"));
    let found = org.done("find_update_by_idempotency_key", json!({ "case_id": case, "idempotency_key": "back" })).await;
    assert_eq!(found["found"]["comment_id"], written[0]["comment_id"]);
    assert_eq!(found["found"]["task_id"], written[0]["task_id"]);
    let other = json!({ "case_id": case, "idempotency_key": "other" });
    assert_eq!(org.done("find_update_by_idempotency_key", other).await["found"], Value::Null);
}

#[tokio::test]
async fn without_a_case_the_task_stands_at_the_account_and_long_texts_are_cut() {
    let org = Org::start().await;
    let account = org.account("fabrikam.example").await;
    let wanted = json!({
        "account_id": account, "subject": "s", "summary": "é".repeat(3_000), "conversation": "x".repeat(40_000),
        "idempotency_key": "b",
    });
    let written = org.done("write_back", wanted).await;
    assert_eq!((&written["comment_id"], &written["cut"]), (&Value::Null, &json!(true)));
    assert_eq!((org.salesforce.counts().comments, org.salesforce.counts().tasks), (0, 1));
    let case = org.case("DB-8").await;
    let wanted = json!({ "case_id": case, "subject": "s", "summary": "é".repeat(3_000), "idempotency_key": "b" });
    assert_eq!(org.done("write_back", wanted).await["cut"], true);
    assert_eq!(org.salesforce.counts().comments, 1);
}

#[tokio::test]
async fn comments_and_tasks_without_a_key_are_added_each_time() {
    let org = Org::start().await;
    let case = org.case("DB-9").await;
    for _ in 0..2 {
        org.done("add_case_comment", json!({ "case_id": case, "text": "a", "is_public": true })).await;
        org.done("create_task", json!({ "case_id": case, "subject": "Call back" })).await;
    }
    let counts = org.salesforce.counts();
    assert_eq!((counts.comments, counts.tasks), (2, 2));
    let case = org.done("get_case", json!({ "case_id": case })).await;
    assert_eq!((&case["comments"][0]["is_public"], &case["comments"][0]["text"]), (&json!(true), &json!("a")));
}

#[tokio::test]
async fn lists_are_turned_page_by_page_and_marks_are_found_on_later_pages() {
    let org = Org::with(|config| config.query_batch = 2).await;
    let account = org.account("litware.example").await;
    for number in 0..5 {
        let case =
            json!({ "external_id": format!("L-{number}"), "subject": number.to_string(), "account_id": account });
        org.done("upsert_case", case).await;
    }
    let mut seen = Vec::new();
    let mut arguments = json!({ "account_id": account });
    loop {
        let page = org.done("list_cases", arguments.clone()).await;
        assert_eq!(page["total"], 5);
        seen.extend(page["cases"].as_array().unwrap().iter().map(|case| case["subject"].as_str().unwrap().to_owned()));
        if page["next_page_token"].is_null() {
            break;
        }
        arguments["next_page_token"] = page["next_page_token"].clone();
    }
    seen.sort();
    assert_eq!(seen, ["0", "1", "2", "3", "4"]);
    let mark = json!({ "case_id": "L-0", "text": "first", "idempotency_key": "first" });
    org.done("add_case_comment", mark.clone()).await;
    for _ in 0..4 {
        org.done("add_case_comment", json!({ "case_id": "L-0", "text": "later" })).await;
    }
    assert_eq!(org.done("add_case_comment", mark).await["created"], false);
    let sales = org.done("list_opportunities", json!({ "account_id": account })).await;
    assert_eq!((&sales["total"], &sales["next_page_token"]), (&json!(0), &Value::Null));
    let all = json!({ "account_id": org.account("acme.example").await, "include_closed": true });
    assert_eq!(org.done("list_opportunities", all).await["total"], 2);
    let of_person =
        org.done("list_cases", json!({ "contact_email": "hugo@acme.example", "include_closed": true })).await;
    assert_eq!(of_person["total"], 3);
}

#[tokio::test]
async fn an_assertion_signed_with_the_apps_key_gets_a_token() {
    let org = Org::start().await;
    let mut config = org.config.clone();
    config.credentials = crate::salesforce_failures::jwt(KEY, USERNAME);
    let client = connect(config).await;
    assert_eq!(done(&client, "lookup_customer", json!({ "domain": "acme.example" })).await["found"], true);
}

#[tokio::test]
async fn an_organisation_without_entitlements_or_tiers_says_so() {
    let org = Org::with(|config| config.entitlements = false).await;
    let found = org.done("lookup_customer", json!({ "email": "hugo@acme.example" })).await;
    assert_eq!(found["entitlements"], json!({ "available": false, "active": [] }));
    let mut config = org.config.clone();
    config.tier_field = None;
    let client = connect(config).await;
    let found = done(&client, "lookup_customer", json!({ "email": "hugo@acme.example" })).await;
    assert_eq!((&found["found"], &found["account"]["tier"]), (&json!(true), &Value::Null));
    let mut config = org.config.clone();
    config.tier_field = FieldName::parse("Rank__c");
    let client = connect(config).await;
    let failure =
        crate::shortcut_site::failed(&client, "lookup_customer", json!({ "email": "hugo@acme.example" })).await;
    let message = failure["message"].as_str().unwrap();
    assert!(message.contains("Rank__c") && message.contains("DESKBELL_SALESFORCE_TIER_FIELD"), "{message}");
}

#[tokio::test]
async fn resources_and_a_prompt_are_offered() {
    let org = Org::with(|config| config.daily_requests = Some(500)).await;
    let listed = org.client.list_all_resources().await.unwrap();
    assert_eq!(listed.len(), 2);
    assert_eq!(org.client.list_all_resource_templates().await.unwrap().len(), 1);
    org.case("DB-3").await;
    for (uri, pointer, expected) in [
        ("salesforce://case-choices", "/Status/0", json!("New")),
        ("salesforce://api-requests", "/Max", json!(500)),
        ("salesforce://case/DB-3", "/external_id", json!("DB-3")),
    ] {
        let read = org.client.read_resource(ReadResourceRequestParams::new(uri)).await.unwrap();
        let read = serde_json::to_value(read).unwrap();
        let text: Value = serde_json::from_str(read["contents"][0]["text"].as_str().unwrap()).unwrap();
        assert_eq!(text.pointer(pointer), Some(&expected), "{uri}: {text}");
    }
    assert!(org.client.read_resource(ReadResourceRequestParams::new("salesforce://case/DB-99")).await.is_err());
    assert!(org.client.read_resource(ReadResourceRequestParams::new("salesforce://nothing")).await.is_err());
    // The newer era is told that nothing keeps, and whose a record is.
    let newer = connect_stateless(org.config.clone()).await;
    for (client, lists, records) in
        [(&org.client, Value::Null, Value::Null), (&newer, json!("public"), json!("private"))]
    {
        let listed = serde_json::to_value(client.list_resources(None).await.unwrap()).unwrap();
        assert_eq!(listed["cacheScope"], lists);
        let prompts = serde_json::to_value(client.list_prompts(None).await.unwrap()).unwrap();
        assert_eq!(prompts["cacheScope"], lists);
        let read = client.read_resource(ReadResourceRequestParams::new("salesforce://case/DB-3")).await.unwrap();
        assert_eq!(serde_json::to_value(read).unwrap()["cacheScope"], records);
    }
    let prompts = org.client.list_all_prompts().await.unwrap();
    assert_eq!(prompts[0].name, "brief_customer");
    let arguments = json!({ "email": "hugo@acme.example" }).as_object().cloned().unwrap();
    let request = GetPromptRequestParams::new("brief_customer").with_arguments(arguments);
    let prompt = serde_json::to_value(org.client.get_prompt(request).await.unwrap()).unwrap();
    assert!(prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("hugo@acme.example"));
}
