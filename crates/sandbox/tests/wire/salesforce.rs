//! The Salesforce organisation: tokens, strictness, queries, upserts, the page.

use serde_json::{Value, json};

use crate::support::Scene;

const KEY: &str = "sandbox-salesforce-consumer-key";
const SECRET: &str = "sandbox-salesforce-consumer-secret";

async fn login(scene: &Scene, form: &[(&str, &str)]) -> (u16, Value) {
    let response = scene.http.post(scene.url("/salesforce/services/oauth2/token")).form(form).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn token(scene: &Scene) -> String {
    let form = [("grant_type", "client_credentials"), ("client_id", KEY), ("client_secret", SECRET)];
    let (status, answer) = login(scene, &form).await;
    assert_eq!(status, 200, "{answer}");
    assert_eq!(answer["instance_url"], scene.url("/salesforce"));
    answer["access_token"].as_str().unwrap().to_owned()
}

async fn send(scene: &Scene, token: &str, method: &str, path: &str, body: Value) -> (u16, Value) {
    let url = scene.url(&format!("/salesforce/services/data/v62.0{path}"));
    let request = scene.http.request(method.parse().unwrap(), url).bearer_auth(token);
    let response = request.json(&body).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap_or_default())
}

async fn query(scene: &Scene, token: &str, soql: &str) -> (u16, Value) {
    let url = scene.url("/salesforce/services/data/v62.0/query");
    let response = scene.http.get(url).bearer_auth(token).query(&[("q", soql)]).send().await.unwrap();
    (response.status().as_u16(), response.json().await.unwrap())
}

#[tokio::test]
async fn tokens_are_granted_to_the_app_and_end() {
    let scene = Scene::new().await;
    for (form, error) in [
        (vec![("grant_type", "client_credentials"), ("client_id", KEY), ("client_secret", "x")], "invalid_client"),
        (vec![("grant_type", "client_credentials"), ("client_id", "x")], "invalid_client_id"),
        (vec![("grant_type", "password")], "unsupported_grant_type"),
        (vec![("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer"), ("assertion", "a.b.c")], "invalid_grant"),
    ] {
        let (status, answer) = login(&scene, &form).await;
        assert_eq!((status, &answer["error"]), (400, &json!(error)));
    }
    let token = token(&scene).await;
    assert_eq!(send(&scene, &token, "GET", "/limits", Value::Null).await.0, 200);
    scene.sandbox.salesforce().unwrap().expire_tokens();
    let (status, answer) = send(&scene, &token, "GET", "/limits", Value::Null).await;
    assert_eq!((status, &answer[0]["errorCode"]), (401, &json!("INVALID_SESSION_ID")));
}

#[tokio::test]
async fn it_refuses_what_salesforce_refuses() {
    let scene = Scene::new().await;
    let token = token(&scene).await;
    for (path, body, code) in [
        ("/sobjects/CaseComment", json!({ "CommentBody": "a" }), "REQUIRED_FIELD_MISSING"),
        ("/sobjects/CaseComment", json!({ "ParentId": "x" }), "MALFORMED_ID"),
        ("/sobjects/CaseComment", json!({ "ParentId": "500000000000000AAA" }), "INVALID_CROSS_REFERENCE_KEY"),
        ("/sobjects/Case", json!({ "Subject": "a", "Colour__c": 1 }), "INVALID_FIELD"),
        ("/sobjects/Case", json!({ "CaseNumber": "1" }), "INVALID_FIELD_FOR_INSERT_UPDATE"),
        ("/sobjects/Case", json!({ "Priority": "Super" }), "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
        ("/sobjects/Case", json!({ "Subject": "x".repeat(256) }), "STRING_TOO_LONG"),
        ("/sobjects/Case", json!({ "Subject": 1 }), "JSON_PARSER_ERROR"),
        ("/sobjects/Case", json!([]), "JSON_PARSER_ERROR"),
        ("/sobjects/Contact", json!({ "LastName": "a", "Email": "b" }), "INVALID_EMAIL_ADDRESS"),
    ] {
        let (status, answer) = send(&scene, &token, "POST", path, body).await;
        assert_eq!((status, &answer[0]["errorCode"]), (400, &json!(code)), "{answer}");
    }
    let (status, answer) = send(&scene, &token, "POST", "/sobjects/Lead", json!({})).await;
    assert_eq!((status, &answer[0]["errorCode"]), (404, &json!("NOT_FOUND")));
    let twin = json!({ "Subject": "a", "Deskbell_Id__c": "DB-1" });
    assert_eq!(send(&scene, &token, "POST", "/sobjects/Case", twin.clone()).await.0, 201);
    let (_, answer) = send(&scene, &token, "POST", "/sobjects/Case", twin).await;
    assert_eq!(answer[0]["errorCode"], "DUPLICATE_VALUE");
}

#[tokio::test]
async fn queries_are_read_in_part_and_the_rest_is_malformed() {
    let scene = Scene::new().await;
    let token = token(&scene).await;
    for (soql, expected) in [
        ("SELECT Name FROM Account WHERE Tier__c = 'enterprise' ORDER BY Name DESC", vec!["Contoso", "Acme Corp"]),
        ("SELECT Name FROM Account WHERE Website LIKE '%WING_ip.example'", vec!["Wingtip Toys"]),
        ("SELECT Name FROM Account WHERE Website LIKE '%wing\\_ip.example'", vec![]),
        (
            "SELECT Name FROM Account WHERE Owner.Name = 'Anna Lindqvist' AND NOT Name = 'Acme Corp' ORDER BY Name LIMIT 1",
            vec!["Contoso"],
        ),
        (
            "SELECT Name FROM Opportunity WHERE (Amount > 100000 OR Amount = 30000) AND IsClosed = false ORDER BY Amount",
            vec!["Tailspin API volume", "Acme renewal"],
        ),
        ("SELECT Name FROM Entitlement WHERE EndDate < 2026-06-01", vec!["Onboarding"]),
        (
            "SELECT Name FROM Contact WHERE Account.Name IN ('Litware', 'Fabrikam') ORDER BY Name OFFSET 1",
            vec!["Tom Becker"],
        ),
        ("SELECT Name FROM Contact WHERE Title = null", vec![]),
    ] {
        let (status, answer) = query(&scene, &token, soql).await;
        assert_eq!(status, 200, "{answer}");
        let names: Vec<&str> =
            answer["records"].as_array().unwrap().iter().map(|one| one["Name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{soql}");
        assert_eq!((&answer["done"], &answer["totalSize"]), (&json!(true), &json!(expected.len())));
    }
    let (_, counted) = query(&scene, &token, "SELECT COUNT() FROM Case WHERE IsClosed = true").await;
    assert_eq!(counted["totalSize"], 1);
    let (_, nested) =
        query(&scene, &token, "SELECT Id, Account.Owner.Name FROM Contact WHERE Email = 'hugo@acme.example'").await;
    let contact = &nested["records"][0];
    assert_eq!(contact["Account"]["Owner"]["Name"], "Anna Lindqvist");
    assert_eq!(
        (&contact["attributes"]["type"], &contact["Account"]["attributes"]["type"]),
        (&json!("Contact"), &json!("Account"))
    );
    for (soql, code) in [
        ("SELECT Id, (SELECT Id FROM Cases) FROM Account", "MALFORMED_QUERY"),
        ("SELECT Id FROM Account WHERE Name = 'a' OR Name = 'b' AND Name = 'c'", "MALFORMED_QUERY"),
        ("SELECT Colour__c FROM Account", "INVALID_FIELD"),
        ("SELECT Id FROM CaseComment WHERE CommentBody LIKE '%a%'", "INVALID_FIELD"),
        ("SELECT Id FROM Case WHERE IsClosed = 'false'", "INVALID_FIELD"),
        ("SELECT Id FROM Lead", "INVALID_TYPE"),
    ] {
        let (status, answer) = query(&scene, &token, soql).await;
        assert_eq!((status, &answer[0]["errorCode"]), (400, &json!(code)), "{soql}");
    }
}

#[tokio::test]
async fn an_upsert_makes_then_changes_and_the_page_sees_both() {
    let scene = Scene::new().await;
    let token = token(&scene).await;
    let path = "/sobjects/Case/Deskbell_Id__c/DB-42";
    let (status, made) = send(&scene, &token, "PATCH", path, json!({ "Subject": "a" })).await;
    assert_eq!((status, &made["created"]), (201, &json!(true)));
    let (status, changed) = send(&scene, &token, "PATCH", path, json!({ "Status": "Closed" })).await;
    assert_eq!((status, &changed["created"], &changed["id"]), (200, &json!(false), &made["id"]));
    let (status, answer) = send(&scene, &token, "PATCH", "/sobjects/Case/Subject/a", json!({})).await;
    assert_eq!((status, &answer[0]["errorCode"]), (404, &json!("NOT_FOUND")));
    let (_, shown) = send(&scene, &token, "GET", &format!("{path}?fields=Id"), Value::Null).await;
    assert_eq!((&shown["Subject"], &shown["IsClosed"]), (&json!("a"), &json!(true)));
    let comment = json!({ "ParentId": made["id"], "CommentBody": "done" });
    assert_eq!(send(&scene, &token, "POST", "/sobjects/CaseComment", comment).await.0, 201);
    let task = json!({ "WhatId": made["id"], "Subject": "Call", "Status": "Completed" });
    assert_eq!(send(&scene, &token, "POST", "/sobjects/Task", task).await.0, 201);
    let state = scene.state().await["salesforce"].clone();
    let case = state["cases"].as_array().unwrap().iter().find(|case| case["external_id"] == "DB-42").unwrap();
    assert_eq!((&case["comments"][0]["text"], &case["tasks"][0]["status"]), (&json!("done"), &json!("Completed")));
    let page = scene.http.get(case["url"].as_str().unwrap()).send().await.unwrap().text().await.unwrap();
    assert!(page.contains("done") && page.contains("Closed"), "{page}");
}

#[tokio::test]
async fn faults_come_in_salesforces_words() {
    let scene = Scene::new().await;
    let token = token(&scene).await;
    for (status, code) in [(403, "REQUEST_LIMIT_EXCEEDED"), (503, "SERVER_UNAVAILABLE"), (401, "INVALID_SESSION_ID")] {
        let rule = json!({ "target": "salesforce:GET /query", "kind": "status", "status": status, "retry_after_seconds": 7, "count": 1 });
        scene.fault(rule).await;
        let (found, answer) = query(&scene, &token, "SELECT Id FROM Case").await;
        assert_eq!((found, &answer[0]["errorCode"]), (status, &json!(code)));
    }
    assert_eq!(query(&scene, &token, "SELECT Id FROM Case").await.0, 200);
}
