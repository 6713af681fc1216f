//! Salesforce's REST API: paths, JSON, paging and tokens, and nothing about tools.

use reqwest::header::AUTHORIZATION;
use reqwest::{Client, Method};
use serde_json::{Map, Value};
use url::Url;

use super::error::explain;
use super::login::{Login, Session};
use super::names::{FieldName, RecordId};
use super::soql::Select;
use super::{SalesforceConfig, SalesforceConfigError};
use crate::failure::ToolFailure;
use crate::rest::{self, Answer, Effect};

/// Pages of a query that are read in search of a mark.
const PAGES_MAX: usize = 20;

/// An authenticated client for one organisation. Cheap to clone; connections and token are shared.
#[derive(Debug, Clone)]
pub struct SalesforceClient {
    http: Client,
    base_url: Url,
    api_version: String,
    login: Login,
}

/// One request, so that it can be sent again with another token.
struct Call<'a> {
    method: Method,
    /// Segments behind the instance's address.
    path: Vec<&'a str>,
    query: Vec<(&'static str, String)>,
    body: Option<&'a Map<String, Value>>,
    effect: Effect,
}

/// A page of a query's rows.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) records: Vec<Value>,
    /// Rows of all pages.
    pub(super) total: u64,
    /// What the next page is asked for with.
    pub(super) next: Option<String>,
}

impl SalesforceClient {
    /// A client for the configured organisation; makes no request.
    ///
    /// # Errors
    /// [`SalesforceConfigError`] when the base URL can't carry a path, the key can't sign, or TLS can't be set up.
    pub fn new(config: SalesforceConfig) -> Result<Self, SalesforceConfigError> {
        if config.base_url.cannot_be_a_base() {
            return Err(SalesforceConfigError::BadUrl);
        }
        let made = rest::http_client(config.timeout);
        let http = made.map_err(|error| SalesforceConfigError::HttpClient(error.to_string()))?;
        let login = Login::new(http.clone(), config.base_url.clone(), config.credentials)?;
        Ok(Self { http, base_url: config.base_url, api_version: config.api_version, login })
    }

    /// Where a person opens the record.
    pub(super) fn record_url(&self, object: &str, id: &str) -> String {
        address(&self.base_url, &["lightning", "r", object, id, "view"]).into()
    }

    /// `GET /query?q=` -> the first page.
    pub(super) async fn query(&self, select: &Select) -> Result<Page, ToolFailure> {
        let call = Call { query: vec![("q", select.text())], ..self.get(&["query"]) };
        Ok(page(self.send(&call).await?.body))
    }

    /// `GET /query/{locator}` -> the page that `nextRecordsUrl` of the one before named.
    pub(super) async fn next_page(&self, locator: &str) -> Result<Page, ToolFailure> {
        let is_locator = |text: &str| text.chars().all(|one| one.is_ascii_alphanumeric() || one == '-');
        if locator.is_empty() || !is_locator(locator) {
            return Err(ToolFailure::permanent(
                "next_page_token is not one that this tool gave; leave it out for the first page",
            ));
        }
        Ok(page(self.send(&self.get(&["query", locator])).await?.body))
    }

    /// The first row of any page for which `holds` is true.
    ///
    /// # Errors
    /// A permanent failure when it is not among the rows of the first pages, of which `what` are too many.
    pub(super) async fn find(
        &self,
        select: &Select,
        what: &str,
        holds: impl Fn(&Value) -> bool,
    ) -> Result<Option<Value>, ToolFailure> {
        let mut page = self.query(select).await?;
        for _page in 0..PAGES_MAX {
            if let Some(found) = page.records.into_iter().find(&holds) {
                return Ok(Some(found));
            }
            match page.next {
                None => return Ok(None),
                Some(locator) => page = self.next_page(&locator).await?,
            }
        }
        Err(ToolFailure::permanent(format!(
            "There are too many {what} to look for an idempotency key; look yourself, then call without a key"
        )))
    }

    /// `PATCH /sobjects/{object}/{field}/{value}` -> the record's id and whether it was made.
    pub(super) async fn upsert(
        &self,
        object: &str,
        field: &FieldName,
        value: &str,
        fields: &Map<String, Value>,
    ) -> Result<Option<Upserted>, ToolFailure> {
        let path = ["sobjects", object, field.as_str(), value];
        let answer = self.send(&self.writing(Method::PATCH, &path, fields, Effect::Repeatable)).await?;
        let id = answer.body.get("id").and_then(Value::as_str).and_then(RecordId::parse);
        let created = answer.status == reqwest::StatusCode::CREATED;
        Ok(id.map(|id| Upserted { id, created }))
    }

    /// `PATCH /sobjects/{object}/{id}`: sets the given fields.
    pub(super) async fn update(
        &self,
        object: &str,
        id: &RecordId,
        fields: &Map<String, Value>,
    ) -> Result<(), ToolFailure> {
        let path = ["sobjects", object, id.as_str()];
        self.send(&self.writing(Method::PATCH, &path, fields, Effect::Repeatable)).await?;
        Ok(())
    }

    /// `POST /sobjects/{object}` -> the new record's id.
    pub(super) async fn create(&self, object: &str, fields: &Map<String, Value>) -> Result<RecordId, ToolFailure> {
        let answer = self.send(&self.writing(Method::POST, &["sobjects", object], fields, Effect::Once)).await?;
        answer.body.get("id").and_then(Value::as_str).and_then(RecordId::parse).ok_or_else(|| {
            ToolFailure::unknown(
                "Salesforce took the record but did not say its id; look it up by its idempotency key before repeating",
            )
        })
    }

    /// `GET /sobjects/Case/describe` -> the fields of Case.
    pub(super) async fn describe_case(&self) -> Result<Value, ToolFailure> {
        Ok(self.send(&self.get(&["sobjects", "Case", "describe"])).await?.body)
    }

    /// `GET /limits` -> the organisation's limits and what is left of them.
    pub(super) async fn limits(&self) -> Result<Value, ToolFailure> {
        Ok(self.send(&self.get(&["limits"])).await?.body)
    }

    fn get<'a>(&'a self, path: &[&'a str]) -> Call<'a> {
        Call {
            method: Method::GET,
            path: self.versioned(path),
            query: Vec::new(),
            body: None,
            effect: Effect::Repeatable,
        }
    }

    fn writing<'a>(
        &'a self,
        method: Method,
        path: &[&'a str],
        fields: &'a Map<String, Value>,
        effect: Effect,
    ) -> Call<'a> {
        Call { method, path: self.versioned(path), query: Vec::new(), body: Some(fields), effect }
    }

    fn versioned<'a>(&'a self, path: &[&'a str]) -> Vec<&'a str> {
        ["services", "data", self.api_version.as_str()].iter().chain(path).copied().collect()
    }

    /// Sends the call, and once more with a new token when Salesforce no longer took the one at hand: a request that was
    /// refused with 401 did nothing.
    async fn send(&self, call: &Call<'_>) -> Result<Answer, ToolFailure> {
        let session = self.login.session(None).await?;
        match self.send_as(&session, call).await {
            Err(failure) if failure.http_status == Some(401) => {
                let renewed = self.login.session(Some(session.number)).await?;
                self.send_as(&renewed, call).await
            }
            outcome => outcome,
        }
    }

    async fn send_as(&self, session: &Session, call: &Call<'_>) -> Result<Answer, ToolFailure> {
        let mut request = self
            .http
            .request(call.method.clone(), address(&session.instance, &call.path))
            .header(AUTHORIZATION, session.authorization.clone())
            .query(&call.query);
        if let Some(body) = call.body {
            request = request.json(body);
        }
        rest::send("Salesforce", request, call.effect, explain).await
    }
}

/// What an upsert came to.
#[derive(Debug)]
pub(super) struct Upserted {
    pub(super) id: RecordId,
    pub(super) created: bool,
}

/// The address with the segments behind it, each percent-encoded.
fn address(base: &Url, segments: &[&str]) -> Url {
    let mut address = base.clone();
    if let Ok(mut path) = address.path_segments_mut() {
        path.pop_if_empty().extend(segments);
    }
    address
}

fn page(mut body: Value) -> Page {
    let records = match body.get_mut("records").map(Value::take) {
        Some(Value::Array(records)) => records,
        _ => Vec::new(),
    };
    let next = body.get("nextRecordsUrl").and_then(Value::as_str);
    Page {
        total: body.get("totalSize").and_then(Value::as_u64).unwrap_or(records.len() as u64),
        next: next.and_then(|next| next.rsplit('/').next()).map(str::to_owned),
        records,
    }
}
