//! Salesforce's JSON, and what a page shows.

use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::org::{Org, Record};
use super::schema::{Kind, Object};

/// The record's address in the API.
pub(super) fn address(version: &str, record: &Record) -> String {
    format!("/services/data/{version}/sobjects/{}/{}", record.object.name, record.id)
}

/// What every record in an answer begins with.
pub(super) fn attributes(version: &str, record: &Record) -> Value {
    json!({ "type": record.object.name, "url": address(version, record) })
}

/// A record, whole or with the wanted fields.
pub(super) fn record(version: &str, record: &Record, wanted: Option<&[&str]>) -> Result<Value, Refusal> {
    let mut shown = Map::from_iter([("attributes".to_owned(), attributes(version, record))]);
    let mut show = |name: &str| shown.insert(name.to_owned(), record.fields.get(name).cloned().unwrap_or_default());
    match wanted {
        None => record.object.fields().for_each(|field| drop(show(field.name))),
        Some(names) => {
            for name in names {
                let field = record.object.field(name).ok_or_else(|| {
                    let message = format!("No such column '{name}' on sobject of type {}", record.object.name);
                    Refusal::bad("INVALID_FIELD", message)
                })?;
                show(field.name);
            }
        }
    }
    Ok(Value::Object(shown))
}

/// `describe` of an object.
pub(super) fn described(object: &Object) -> Value {
    let fields: Vec<Value> = object
        .fields()
        .map(|field| {
            let (kind, length, choices): (&str, usize, &[&str]) = match field.kind {
                Kind::Text(length) => ("string", length, &[]),
                Kind::LongText(length) | Kind::LongBytes(length) => ("textarea", length, &[]),
                Kind::Choice(choices) => ("picklist", 255, choices),
                Kind::Flag => ("boolean", 0, &[]),
                Kind::Number => ("double", 0, &[]),
                Kind::Date => ("date", 0, &[]),
                Kind::Moment => ("datetime", 0, &[]),
                Kind::Reference(..) => ("reference", 18, &[]),
            };
            let values: Vec<Value> =
                choices.iter().map(|choice| json!({ "active": true, "label": choice, "value": choice })).collect();
            json!({
                "name": field.name, "label": field.name, "type": kind, "length": length, "picklistValues": values,
                "filterable": kind != "textarea",
            })
        })
        .collect();
    json!({ "name": object.name, "keyPrefix": object.prefix, "fields": fields })
}

/// What a page shows: `{base_url, accounts, cases}`.
pub(super) fn snapshot(base_url: &str, org: &Org) -> Value {
    let accounts: Vec<Value> = org.of("Account").map(|account| account_shown(org, account)).collect();
    let cases: Vec<Value> = org.of("Case").map(|case| case_shown(base_url, org, case)).collect();
    json!({ "base_url": base_url, "accounts": accounts, "cases": cases })
}

fn account_shown(org: &Org, account: &Record) -> Value {
    let belonging = |object: &'static str| org.of(object).filter(|record| record.text("AccountId") == account.id);
    let contacts: Vec<Value> = belonging("Contact")
        .map(|contact| json!({ "name": contact.text("Name"), "title": contact.text("Title"), "email": contact.text("Email") }))
        .collect();
    let opportunities: Vec<Value> = belonging("Opportunity")
        .map(|sale| {
            let amount = sale.fields.get("Amount").cloned().unwrap_or_default();
            json!({ "name": sale.text("Name"), "stage": sale.text("StageName"), "amount": amount, "closes": sale.text("CloseDate") })
        })
        .collect();
    let entitlements: Vec<Value> = belonging("Entitlement")
        .map(|one| json!({ "name": one.text("Name"), "status": one.text("Status"), "ends": one.text("EndDate") }))
        .collect();
    let open = belonging("Case").filter(|case| case.text("Status") != "Closed").count();
    json!({
        "id": account.id, "name": account.text("Name"), "tier": account.text("Tier__c"),
        "industry": account.text("Industry"), "website": account.text("Website"), "owner": name_of(org, account.text("OwnerId")),
        "contacts": contacts, "opportunities": opportunities, "entitlements": entitlements, "open_cases": open,
        "tasks": tasks_about(org, &account.id),
    })
}

fn case_shown(base_url: &str, org: &Org, case: &Record) -> Value {
    let comments: Vec<Value> = org
        .of("CaseComment")
        .filter(|comment| comment.text("ParentId") == case.id)
        .map(|comment| {
            json!({
                "author": name_of(org, comment.text("CreatedById")), "text": comment.text("CommentBody"),
                "public": comment.fields.get("IsPublished").and_then(Value::as_bool).unwrap_or_default(),
                "created": comment.text("CreatedDate"),
            })
        })
        .collect();
    json!({
        "id": case.id, "number": case.text("CaseNumber"), "subject": case.text("Subject"), "status": case.text("Status"),
        "priority": case.text("Priority"), "description": case.text("Description"),
        "external_id": case.text(super::schema::EXTERNAL_ID), "account": name_of(org, case.text("AccountId")),
        "account_id": case.text("AccountId"), "contact": name_of(org, case.text("ContactId")),
        "owner": name_of(org, case.text("OwnerId")), "created": case.text("CreatedDate"), "comments": comments,
        "tasks": tasks_about(org, &case.id), "url": format!("{base_url}/lightning/r/Case/{}/view", case.id),
    })
}

fn tasks_about(org: &Org, id: &str) -> Vec<Value> {
    let about = org.of("Task").filter(|task| task.text("WhatId") == id);
    let shown = about.map(|task| {
        json!({
            "id": task.id, "subject": task.text("Subject"), "status": task.text("Status"),
            "text": task.text("Description"), "author": name_of(org, task.text("CreatedById")),
            "created": task.text("CreatedDate"),
        })
    });
    shown.collect()
}

/// What people call a record; empty when there is none.
pub(super) fn name_of(org: &Org, id: &str) -> String {
    org.record(id).map(|record| record.text("Name").to_owned()).unwrap_or_default()
}
