//! Queries and records.

use std::collections::HashMap;

use axum::Json;
use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use super::answer::Refusal;
use super::input::{Writing, checked};
use super::org::{Org, Record, is_id};
use super::schema::{self, EXTERNAL_ID, Object};
use super::seed::own_user;
use super::soql::{self, Rows};
use super::{SalesforceBox, wire};

/// From this version on, upserts that change a record answer with a body.
const UPSERT_BODY_SINCE: u32 = 46;

type Parameters = Query<HashMap<String, String>>;

/// A page of rows; what is left stays behind a locator.
fn page(salesforce: &SalesforceBox, version: &str, total: usize, mut rows: Vec<Value>, done_before: usize) -> Value {
    let rest = rows.split_off(salesforce.config().query_batch.min(rows.len()));
    let mut page = json!({ "totalSize": total, "done": rest.is_empty(), "records": rows });
    if !rest.is_empty() {
        let offset = done_before + rows.len();
        let locator = salesforce.note(|org| org.keep(rest, offset));
        crate::json::set(&mut page, "nextRecordsUrl", format!("/services/data/{version}/query/{locator}"));
    }
    page
}

pub(super) async fn query(
    State(salesforce): State<SalesforceBox>,
    Path(version): Path<String>,
    Query(parameters): Parameters,
) -> Result<Json<Value>, Refusal> {
    let query =
        parameters.get("q").ok_or_else(|| Refusal::bad("MALFORMED_QUERY", "SOQL statements cannot be empty"))?;
    match salesforce.read(|org| soql::rows(&version, org, query))? {
        Rows::Count(count) => Ok(Json(json!({ "totalSize": count, "done": true, "records": [] }))),
        Rows::Records(rows) => Ok(Json(page(&salesforce, &version, rows.len(), rows, 0))),
    }
}

pub(super) async fn more(
    State(salesforce): State<SalesforceBox>,
    Path((version, locator)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    let rows = salesforce
        .read(|org| org.cursors.iter().find(|cursor| cursor.locator == locator).map(|cursor| cursor.rows.clone()));
    let rows = rows.ok_or_else(|| Refusal::bad("INVALID_QUERY_LOCATOR", "invalid query locator"))?;
    let before: usize = locator.rsplit('-').next().and_then(|offset| offset.parse().ok()).unwrap_or_default();
    Ok(Json(page(&salesforce, &version, before + rows.len(), rows, before)))
}

pub(super) async fn limits(State(salesforce): State<SalesforceBox>) -> Json<Value> {
    let used = salesforce.read(|org| org.requests);
    let most = salesforce.config().daily_requests.unwrap_or(100_000);
    Json(json!({ "DailyApiRequests": { "Max": most, "Remaining": most.saturating_sub(used) } }))
}

pub(super) async fn create(
    State(salesforce): State<SalesforceBox>,
    Path((_, object)): Path<(String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let object = known(&salesforce, &object)?;
    let unique = salesforce.config().unique_external_id;
    let id = salesforce.change(|org| {
        let fields = checked(org, object, &body, Writing::Create)?;
        refuse_taken(org, object, &fields, unique, None)?;
        let by = own_user(org);
        Ok(org.create(object, fields, &by))
    })?;
    Ok((StatusCode::CREATED, Json(json!({ "id": id, "success": true, "errors": [] }))).into_response())
}

pub(super) async fn show(
    State(salesforce): State<SalesforceBox>,
    Path((version, object, id)): Path<(String, String, String)>,
    Query(parameters): Parameters,
) -> Result<Json<Value>, Refusal> {
    let object = known(&salesforce, &object)?;
    let wanted: Option<Vec<&str>> = parameters.get("fields").map(|fields| fields.split(',').map(str::trim).collect());
    salesforce.read(|org| {
        let record = found(org, object, &id)?;
        wire::record(&version, record, wanted.as_deref()).map(Json)
    })
}

pub(super) async fn update(
    State(salesforce): State<SalesforceBox>,
    Path((_, object, id)): Path<(String, String, String)>,
    body: Bytes,
) -> Result<StatusCode, Refusal> {
    let object = known(&salesforce, &object)?;
    let unique = salesforce.config().unique_external_id;
    salesforce.change(|org| {
        let fields = checked(org, object, &body, Writing::Update)?;
        let id = found(org, object, &id)?.id.clone();
        refuse_taken(org, object, &fields, unique, Some(&id))?;
        org.update(&id, fields);
        Ok(StatusCode::NO_CONTENT)
    })
}

pub(super) async fn show_by_external_id(
    State(salesforce): State<SalesforceBox>,
    Path((version, object, field, value)): Path<(String, String, String, String)>,
) -> Result<Response, Refusal> {
    let object = known(&salesforce, &object)?;
    let field = external_id(object, &field)?;
    salesforce.read(|org| match org.with_external_id(object, field, &value).as_slice() {
        [] => Err(Refusal::not_found()),
        [only] => Ok(Json(wire::record(&version, only, None)?).into_response()),
        several => Err(choices(&version, several)),
    })
}

/// 201 for a new record, 200 (or, in older versions, 204) for a changed one, 300 where several hold the value.
pub(super) async fn upsert(
    State(salesforce): State<SalesforceBox>,
    Path((version, object, field, value)): Path<(String, String, String, String)>,
    body: Bytes,
) -> Result<Response, Refusal> {
    let object = known(&salesforce, &object)?;
    let field = external_id(object, &field)?;
    let (id, created) = salesforce.change(|org| {
        let held: Vec<String> = match org.with_external_id(object, field, &value).as_slice() {
            several @ [_, _, ..] => return Err(choices(&version, several)),
            few => few.iter().map(|record| record.id.clone()).collect(),
        };
        let writing = if held.is_empty() { Writing::Create } else { Writing::Update };
        let mut fields = checked(org, object, &body, writing)?;
        if fields.contains_key(field) {
            let message = format!("The {field} field should not be specified in the sobject data.");
            return Err(Refusal::bad("INVALID_FIELD", message));
        }
        if let Some(id) = held.first() {
            org.update(id, fields);
            return Ok((id.clone(), false));
        }
        fields.insert(field.to_owned(), json!(value));
        let by = own_user(org);
        Ok((org.create(object, fields, &by), true))
    })?;
    let number = version.trim_start_matches('v').split('.').next().and_then(|major| major.parse::<u32>().ok());
    if !created && number.is_some_and(|number| number < UPSERT_BODY_SINCE) {
        return Ok(StatusCode::NO_CONTENT.into_response());
    }
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Ok((status, Json(json!({ "id": id, "success": true, "errors": [], "created": created }))).into_response())
}

pub(super) async fn describe(
    State(salesforce): State<SalesforceBox>,
    Path((_, object)): Path<(String, String)>,
) -> Result<Json<Value>, Refusal> {
    Ok(Json(wire::described(known(&salesforce, &object)?)))
}

fn known(salesforce: &SalesforceBox, name: &str) -> Result<&'static Object, Refusal> {
    schema::object(name).filter(|object| salesforce.read(|org| org.has(object))).ok_or_else(Refusal::not_found)
}

fn found<'a>(org: &'a Org, object: &Object, id: &str) -> Result<&'a Record, Refusal> {
    if !is_id(id) {
        return Err(Refusal::bad("MALFORMED_ID", format!("{} ID: id value of incorrect type: {id}", object.name)));
    }
    org.record(id).filter(|record| record.object.name == object.name).ok_or_else(|| {
        let message = "Provided external ID field does not exist or is not accessible: Id";
        Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    })
}

fn external_id(object: &Object, field: &str) -> Result<&'static str, Refusal> {
    let is_one = object.name == "Case" && field.eq_ignore_ascii_case(EXTERNAL_ID);
    is_one.then_some(EXTERNAL_ID).ok_or_else(|| {
        let message = format!("Provided external ID field does not exist or is not accessible: {field}");
        Refusal::new(StatusCode::NOT_FOUND, "NOT_FOUND", message)
    })
}

fn choices(version: &str, records: &[&Record]) -> Refusal {
    let addresses: Vec<String> = records.iter().map(|record| wire::address(version, record)).collect();
    Refusal::several(&addresses)
}

/// The value of a unique field is held by one record only.
fn refuse_taken(
    org: &Org,
    object: &Object,
    fields: &Map<String, Value>,
    unique: bool,
    but: Option<&str>,
) -> Result<(), Refusal> {
    let Some(value) = fields.get(EXTERNAL_ID).and_then(Value::as_str).filter(|value| unique && !value.is_empty())
    else {
        return Ok(());
    };
    let holders = org.with_external_id(object, EXTERNAL_ID, value);
    match holders.iter().find(|record| Some(record.id.as_str()) != but) {
        None => Ok(()),
        Some(holder) => {
            let message =
                format!("duplicate value found: {EXTERNAL_ID} duplicates value on record with id: {}", holder.id);
            Err(Refusal::bad("DUPLICATE_VALUE", message))
        }
    }
}
