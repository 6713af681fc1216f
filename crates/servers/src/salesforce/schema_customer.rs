//! Arguments and results of the tools about customers.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::schema::CaseSummary;

/// Arguments of `lookup_customer`; give at least one. The surest of what is given decides.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct LookupCustomer {
    /// Id of the account, where it is known: nothing else is asked then.
    #[serde(default)]
    pub account_id: Option<String>,
    /// The person's e-mail address, as in their Slack profile.
    #[serde(default)]
    pub email: Option<String>,
    /// The person's name, as in their Slack profile. By itself it counts only when one contact has it, and not against the
    /// domain of an unknown company.
    #[serde(default)]
    pub name: Option<String>,
    /// The company's domain; that of the e-mail address when it is left out. Free mail providers' are no company's.
    #[serde(default)]
    pub domain: Option<String>,
}

/// By what a customer was identified, the surest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// The account was named.
    AccountId,
    /// A contact has the e-mail address.
    Email,
    /// The account's website or its contacts have the domain.
    Domain,
    /// One contact has the name. Namesakes exist: don't reveal anything on this alone.
    Name,
}

/// Result of `lookup_customer`.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Customer {
    /// Whether one account was found.
    pub found: bool,
    /// By what.
    pub matched_by: Option<MatchedBy>,
    /// The account.
    pub account: Option<Account>,
    /// The person, where one was found, with or without an account.
    pub contact: Option<Contact>,
    /// The account's open cases.
    pub open_cases: OpenCases,
    /// The account's open opportunities.
    pub open_opportunities: OpenOpportunities,
    /// What the account is entitled to.
    pub entitlements: Entitlements,
    /// Accounts among which a person has to choose, when there were several; at most ten. Ask again with `account_id`.
    pub candidates: Vec<Candidate>,
}

/// A customer's account.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Account {
    /// Its id.
    pub account_id: String,
    /// Its name.
    pub name: String,
    /// Where a person opens it.
    pub url: String,
    /// The tier, from the configured field.
    pub tier: Option<String>,
    /// Salesforce's type, such as Customer or Partner.
    pub account_type: Option<String>,
    /// The industry.
    pub industry: Option<String>,
    /// The website.
    pub website: Option<String>,
    /// Who is responsible for it.
    pub owner: Option<Owner>,
}

/// A colleague who is responsible.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Owner {
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: Option<String>,
}

/// A person at a customer's.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Contact {
    /// Their id.
    pub contact_id: String,
    /// Their name.
    pub name: String,
    /// Their e-mail address.
    pub email: Option<String>,
    /// Their job.
    pub title: Option<String>,
    /// Where a person opens the record.
    pub url: String,
}

/// The open cases.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct OpenCases {
    /// How many there are.
    pub total: u64,
    /// The newest ten.
    pub newest: Vec<CaseSummary>,
}

/// The open opportunities.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct OpenOpportunities {
    /// How many there are.
    pub total: u64,
    /// The newest ten.
    pub newest: Vec<Opportunity>,
}

/// A sale under way.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Opportunity {
    /// Its id.
    pub opportunity_id: String,
    /// Its name.
    pub name: String,
    /// Where it stands.
    pub stage: Option<String>,
    /// What it is worth, in the record's currency.
    pub amount: Option<f64>,
    /// When it is expected to close, `YYYY-MM-DD`.
    pub close_date: Option<String>,
    /// Who is responsible.
    pub owner: Option<String>,
    /// Where a person opens it.
    pub url: String,
}

/// What an account is entitled to.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub struct Entitlements {
    /// False when the organisation does not use entitlements, or the app may not see them: nothing follows then.
    pub available: bool,
    /// Those that are active now, the latest to end first; at most ten.
    pub active: Vec<Entitlement>,
}

/// One entitlement.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Entitlement {
    /// Its id.
    pub entitlement_id: String,
    /// Its name, such as Premier Support.
    pub name: String,
    /// Its type, such as Phone Support.
    pub entitlement_type: Option<String>,
    /// When it ends, `YYYY-MM-DD`.
    pub end_date: Option<String>,
}

/// One of several accounts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, JsonSchema)]
pub struct Candidate {
    /// Its id.
    pub account_id: String,
    /// Its name.
    pub name: String,
}

/// Arguments of `list_opportunities`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListOpportunities {
    /// Opportunities of this account.
    pub account_id: String,
    /// Won and lost ones, too; only open ones otherwise.
    #[serde(default)]
    pub include_closed: bool,
    /// From the answer before, for the next page; Salesforce sets the page's size, 200 or more.
    #[serde(default)]
    pub next_page_token: Option<String>,
}

/// Result of `list_opportunities`, the newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct Opportunities {
    /// The page's opportunities.
    pub opportunities: Vec<Opportunity>,
    /// Opportunities of all pages.
    pub total: u64,
    /// For the next page; nothing on the last one.
    pub next_page_token: Option<String>,
}
