//! The tools that read cases and opportunities.

use serde_json::{Value, json};

use super::client::SalesforceClient;
use super::config::{SalesforceConfig, SalesforceConfigError};
use super::names::{CaseRef, FieldName, Kind, RecordId};
use super::schema::{Case, CaseSummary, Cases, ListCases};
use super::schema_customer::{ListOpportunities, Opportunities};
use super::shown;
use super::soql::Select;
use super::turns::Turns;
use crate::failure::ToolFailure;
use crate::marker::marker;

/// Comments shown of one case, the last ones.
const COMMENTS_MAX: u32 = 50;
/// Picklists of a case that callers have to choose from.
const PICKLISTS: [&str; 4] = ["Status", "Priority", "Origin", "Reason"];

/// What the tools work with. Clones share the client, its token and the turns.
#[derive(Debug, Clone)]
pub(super) struct Salesforce {
    pub(super) client: SalesforceClient,
    pub(super) case_id_field: FieldName,
    pub(super) tier_field: Option<FieldName>,
    pub(super) free_mail_domains: Vec<String>,
    pub(super) turns: Turns,
}

impl Salesforce {
    pub(super) fn new(config: SalesforceConfig) -> Result<Self, SalesforceConfigError> {
        Ok(Self {
            case_id_field: config.case_id_field.clone(),
            tier_field: config.tier_field.clone(),
            free_mail_domains: config.free_mail_domains.clone(),
            client: SalesforceClient::new(config)?,
            turns: Turns::default(),
        })
    }

    /// `get_case`.
    pub(super) async fn case(&self, case: &str) -> Result<Case, ToolFailure> {
        let record = self.case_record(&CaseRef::parse(case)?).await?;
        let id = RecordId::argument(Kind::Case, "case_id", &shown::id(&record))?;
        let query = Select::from("CaseComment", shown::COMMENT).names("ParentId", &id).newest_by("CreatedDate");
        let comments = self.client.query(&query.limit(COMMENTS_MAX)).await?.records;
        Ok(shown::case(&self.client, &self.case_id_field, &record, &comments))
    }

    /// The one case of this name, with all fields that a case is shown with.
    pub(super) async fn case_record(&self, case: &CaseRef) -> Result<Value, ToolFailure> {
        self.case_if_any(Select::from("Case", shown::CASE).also(&self.case_id_field), case).await?.ok_or_else(|| {
            ToolFailure::permanent(
                "Salesforce has no such case, or the user that the app acts as may not see it; give the case's id, its \
                 number with all zeros, or its external id",
            )
        })
    }

    /// The id of the case; asks only where it is not the name already.
    pub(super) async fn case_id(&self, case: &str) -> Result<RecordId, ToolFailure> {
        match CaseRef::parse(case)? {
            CaseRef::Id(id) => Ok(id),
            other => {
                let record = self.case_record(&other).await?;
                RecordId::argument(Kind::Case, "case_id", &shown::id(&record))
            }
        }
    }

    /// `find_by_idempotency_key`.
    pub(super) async fn case_with_key(&self, key: &str) -> Result<Option<CaseSummary>, ToolFailure> {
        let marked = CaseRef::ExternalId(marker(key));
        let found = self.case_if_any(Select::from("Case", shown::CASE_SUMMARY), &marked).await?;
        Ok(found.map(|record| shown::case_summary(&self.client, &record)))
    }

    async fn case_if_any(&self, select: Select, case: &CaseRef) -> Result<Option<Value>, ToolFailure> {
        let query = match case {
            CaseRef::Id(id) => select.names("Id", id),
            CaseRef::Number(number) => select.equals("CaseNumber", number),
            CaseRef::ExternalId(external_id) => select.equals(&self.case_id_field, external_id),
        };
        let mut found = self.client.query(&query.limit(2)).await?.records;
        if found.len() > 1 {
            return Err(ToolFailure::permanent(
                "Several cases go by this name; give the id of the one that is meant, and make the field of \
                 DESKBELL_SALESFORCE_CASE_ID_FIELD unique",
            ));
        }
        Ok(found.pop())
    }

    /// `list_cases`.
    pub(super) async fn cases(&self, wanted: &ListCases) -> Result<Cases, ToolFailure> {
        let page = if let Some(token) = &wanted.next_page_token {
            self.client.next_page(token).await?
        } else {
            let mut query = Select::from("Case", shown::CASE_SUMMARY);
            if wanted.account_id.is_none() && wanted.contact_email.is_none() {
                return Err(ToolFailure::permanent("Give an account_id, a contact_email or both"));
            }
            if let Some(account) = &wanted.account_id {
                query = query.names("AccountId", &RecordId::argument(Kind::Account, "account_id", account)?);
            }
            if let Some(email) = &wanted.contact_email {
                query = query.equals("Contact.Email", email.trim());
            }
            if !wanted.include_closed {
                query = query.flag("IsClosed", false);
            }
            self.client.query(&query.newest_by("CreatedDate")).await?
        };
        let cases = page.records.iter().map(|record| shown::case_summary(&self.client, record)).collect();
        Ok(Cases { cases, total: page.total, next_page_token: page.next })
    }

    /// `list_opportunities`.
    pub(super) async fn opportunities(&self, wanted: &ListOpportunities) -> Result<Opportunities, ToolFailure> {
        let page = if let Some(token) = &wanted.next_page_token {
            self.client.next_page(token).await?
        } else {
            let account = RecordId::argument(Kind::Account, "account_id", &wanted.account_id)?;
            self.opportunities_of(&account, !wanted.include_closed).await?
        };
        let opportunities = page.records.iter().map(|record| shown::opportunity(&self.client, record)).collect();
        Ok(Opportunities { opportunities, total: page.total, next_page_token: page.next })
    }

    /// The choices of a case's picklists, by field.
    pub(super) async fn case_choices(&self) -> Result<Value, ToolFailure> {
        let described = self.client.describe_case().await?;
        let fields = described.get("fields").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let choices = |field: &Value| {
            let values = field.get("picklistValues").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let active = values.iter().filter(|value| value.get("active").and_then(Value::as_bool) != Some(false));
            active.filter_map(|value| shown::text(value, "/value")).collect::<Vec<String>>()
        };
        let named = fields.iter().filter_map(|field| {
            let name = shown::text(field, "/name").filter(|name| PICKLISTS.contains(&name.as_str()))?;
            Some((name, json!(choices(field))))
        });
        Ok(Value::Object(named.collect()))
    }

    /// How many API requests the organisation has and has left within 24 hours.
    pub(super) async fn requests_left(&self) -> Result<Value, ToolFailure> {
        let limits = self.client.limits().await?;
        Ok(limits.get("DailyApiRequests").cloned().unwrap_or_default())
    }
}
