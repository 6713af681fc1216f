//! From Salesforce's records to what the tools show. A missing field is shown as absent.

use serde_json::Value;

use super::client::SalesforceClient;
use super::names::FieldName;
use super::schema::{Case, CaseComment, CaseSummary};
use super::schema_customer::{Account, Contact, Entitlement, Opportunity, Owner};

/// Fields of a case in a list.
pub(super) const CASE_SUMMARY: &str = "Id, CaseNumber, Subject, Status, IsClosed, Priority, CreatedDate";
/// Fields of a case by itself.
pub(super) const CASE: &str = "Id, CaseNumber, Subject, Status, IsClosed, Priority, CreatedDate, Description, Origin, \
                               AccountId, Account.Name, ContactId, Contact.Name, OwnerId, Owner.Name";
/// Fields of a comment.
pub(super) const COMMENT: &str = "Id, CommentBody, IsPublished, CreatedDate, CreatedBy.Name";
/// Fields of an account.
pub(super) const ACCOUNT: &str = "Id, Name, Type, Industry, Website, Owner.Name, Owner.Email";
/// Fields of a contact.
pub(super) const CONTACT: &str = "Id, Name, Email, Title, AccountId, Account.Name, Account.Website";
/// Fields of an opportunity.
pub(super) const OPPORTUNITY: &str = "Id, Name, StageName, Amount, CloseDate, Owner.Name";
/// Fields of an entitlement.
pub(super) const ENTITLEMENT: &str = "Id, Name, Type, EndDate";

/// The text at a JSON pointer; empty ones count as absent.
pub(super) fn text(record: &Value, pointer: &str) -> Option<String> {
    record.pointer(pointer).and_then(Value::as_str).filter(|text| !text.is_empty()).map(str::to_owned)
}

/// The record's id.
pub(super) fn id(record: &Value) -> String {
    text(record, "/Id").unwrap_or_default()
}

fn flag(record: &Value, pointer: &str) -> bool {
    record.pointer(pointer).and_then(Value::as_bool).unwrap_or_default()
}

pub(super) fn case_summary(client: &SalesforceClient, record: &Value) -> CaseSummary {
    let case_id = id(record);
    CaseSummary {
        key: text(record, "/CaseNumber").unwrap_or_else(|| case_id.clone()),
        url: client.record_url("Case", &case_id),
        case_id,
        subject: text(record, "/Subject").unwrap_or_default(),
        status: text(record, "/Status").unwrap_or_default(),
        is_closed: flag(record, "/IsClosed"),
        priority: text(record, "/Priority"),
        created_at: text(record, "/CreatedDate"),
    }
}

pub(super) fn case(client: &SalesforceClient, id_field: &FieldName, record: &Value, comments: &[Value]) -> Case {
    Case {
        summary: case_summary(client, record),
        external_id: text(record, &format!("/{id_field}")),
        description: text(record, "/Description"),
        origin: text(record, "/Origin"),
        account_id: text(record, "/AccountId"),
        account: text(record, "/Account/Name"),
        contact_id: text(record, "/ContactId"),
        contact: text(record, "/Contact/Name"),
        owner: text(record, "/Owner/Name"),
        comments: comments.iter().map(comment).collect(),
    }
}

fn comment(record: &Value) -> CaseComment {
    CaseComment {
        comment_id: id(record),
        author: text(record, "/CreatedBy/Name"),
        text: text(record, "/CommentBody").unwrap_or_default(),
        is_public: flag(record, "/IsPublished"),
        created_at: text(record, "/CreatedDate"),
    }
}

pub(super) fn account(client: &SalesforceClient, tier_field: Option<&FieldName>, record: &Value) -> Account {
    let account_id = id(record);
    let owner = text(record, "/Owner/Name").map(|name| Owner { name, email: text(record, "/Owner/Email") });
    Account {
        name: text(record, "/Name").unwrap_or_default(),
        url: client.record_url("Account", &account_id),
        account_id,
        tier: tier_field.and_then(|field| text(record, &format!("/{field}"))),
        account_type: text(record, "/Type"),
        industry: text(record, "/Industry"),
        website: text(record, "/Website"),
        owner,
    }
}

pub(super) fn contact(client: &SalesforceClient, record: &Value) -> Contact {
    let contact_id = id(record);
    Contact {
        name: text(record, "/Name").unwrap_or_default(),
        email: text(record, "/Email"),
        title: text(record, "/Title"),
        url: client.record_url("Contact", &contact_id),
        contact_id,
    }
}

pub(super) fn opportunity(client: &SalesforceClient, record: &Value) -> Opportunity {
    let opportunity_id = id(record);
    Opportunity {
        name: text(record, "/Name").unwrap_or_default(),
        stage: text(record, "/StageName"),
        amount: record.get("Amount").and_then(Value::as_f64),
        close_date: text(record, "/CloseDate"),
        owner: text(record, "/Owner/Name"),
        url: client.record_url("Opportunity", &opportunity_id),
        opportunity_id,
    }
}

pub(super) fn entitlement(record: &Value) -> Entitlement {
    Entitlement {
        entitlement_id: id(record),
        name: text(record, "/Name").unwrap_or_default(),
        entitlement_type: text(record, "/Type"),
        end_date: text(record, "/EndDate"),
    }
}
