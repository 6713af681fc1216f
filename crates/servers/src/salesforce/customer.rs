//! Who a customer is: by account, e-mail address, domain or name, the surest first, and never a guess among several.

use serde_json::Value;

use super::client::Page;
use super::domain::{company_domain, domain_of_email, is_website_of};
use super::error::is_unknown_object;
use super::names::{Kind, RecordId};
use super::reads::Salesforce;
use super::schema_customer::{
    Account, Candidate, Contact, Customer, Entitlements, LookupCustomer, MatchedBy, OpenCases, OpenOpportunities,
};
use super::shown::{self, text};
use super::soql::Select;
use crate::failure::ToolFailure;

/// Records of each kind that an answer shows.
const SHOWN: usize = 10;
/// Contacts and accounts that are looked at for one match.
const LOOKED_AT: u32 = 200;

/// What was found so far.
#[derive(Default)]
struct Found {
    contact: Option<Value>,
    account: Option<(RecordId, MatchedBy)>,
    candidates: Vec<Candidate>,
}

impl Found {
    fn is_settled(&self) -> bool {
        self.account.is_some() || !self.candidates.is_empty()
    }
}

impl Salesforce {
    /// `lookup_customer`.
    pub(super) async fn customer(&self, wanted: &LookupCustomer) -> Result<Customer, ToolFailure> {
        let found = self.identify(wanted).await?;
        let contact = found.contact.as_ref().map(|record| shown::contact(&self.client, record));
        let Some((account_id, matched_by)) = found.account else {
            return Ok(nobody(contact, found.candidates));
        };
        let account = self.account(&account_id);
        let cases = self.cases_of(&account_id);
        let opportunities = self.opportunities_of(&account_id, true);
        let entitlements = self.entitlements(&account_id);
        let (account, cases, opportunities, entitlements) =
            tokio::try_join!(account, cases, opportunities, entitlements)?;
        let Some(account) = account else {
            return Ok(nobody(contact, found.candidates));
        };
        let newest = |page: &Page| page.records.iter().take(SHOWN).cloned().collect::<Vec<Value>>();
        Ok(Customer {
            found: true,
            matched_by: Some(matched_by),
            account: Some(account),
            contact,
            open_cases: OpenCases {
                total: cases.total,
                newest: newest(&cases).iter().map(|record| shown::case_summary(&self.client, record)).collect(),
            },
            open_opportunities: OpenOpportunities {
                total: opportunities.total,
                newest: newest(&opportunities).iter().map(|record| shown::opportunity(&self.client, record)).collect(),
            },
            entitlements,
            candidates: Vec::new(),
        })
    }

    async fn identify(&self, wanted: &LookupCustomer) -> Result<Found, ToolFailure> {
        let given =
            |text: &Option<String>| text.as_deref().map(str::trim).filter(|text| !text.is_empty()).map(str::to_owned);
        let (email, name, domain) = (given(&wanted.email), given(&wanted.name), given(&wanted.domain));
        if let Some(id) = given(&wanted.account_id) {
            let id = RecordId::argument(Kind::Account, "account_id", &id)?;
            return Ok(Found { account: Some((id, MatchedBy::AccountId)), ..Found::default() });
        }
        if email.is_none() && name.is_none() && domain.is_none() {
            return Err(ToolFailure::permanent("Give an email, a name, a domain or an account_id"));
        }
        let domain = domain.as_deref().or_else(|| email.as_deref().and_then(domain_of_email));
        let domain = domain.and_then(|domain| company_domain(domain, &self.free_mail_domains));
        let mut found = Found::default();
        if let Some(email) = &email {
            found = self.by_email(email, name.as_deref(), domain.as_deref()).await?;
        }
        if let (false, Some(domain)) = (found.is_settled(), &domain) {
            found = Found { contact: found.contact, ..self.by_domain(domain).await? };
        }
        // Whoever writes from a company that is not known is no namesake of a customer's, and a contact without an account
        // is who they are.
        if let (false, None, None, Some(name)) = (found.is_settled(), &found.contact, &domain, &name) {
            found = self.by_name(name).await?;
        }
        Ok(found)
    }

    /// Several contacts may have one address: one account among them decides, or the one of this name, or of this domain.
    async fn by_email(&self, email: &str, name: Option<&str>, domain: Option<&str>) -> Result<Found, ToolFailure> {
        let query =
            Select::from("Contact", shown::CONTACT).equals("Email", email).newest_by("CreatedDate").limit(LOOKED_AT);
        let contacts = self.client.query(&query).await?.records;
        let named = |contact: &&Value| {
            let found = text(contact, "/Name").unwrap_or_default().to_lowercase();
            name.is_some_and(|name| name.to_lowercase() == found)
        };
        let at_home = |contact: &&Value| {
            let website = text(contact, "/Account/Website").unwrap_or_default();
            domain.is_some_and(|domain| is_website_of(&website, domain))
        };
        let all: Vec<&Value> = contacts.iter().collect();
        let of_name: Vec<&Value> = contacts.iter().filter(named).collect();
        let of_domain: Vec<&Value> = contacts.iter().filter(at_home).collect();
        for some in [&all, &of_name, &of_domain] {
            if let [only] = accounts(some.iter().copied()).as_slice() {
                let contact =
                    some.iter().find(|contact| text(contact, "/AccountId").as_ref() == Some(&only.account_id));
                let account = RecordId::of(Kind::Account, &only.account_id).map(|id| (id, MatchedBy::Email));
                return Ok(Found { contact: contact.map(|one| (*one).clone()), account, candidates: Vec::new() });
            }
        }
        let contact = of_name.first().or(all.first()).map(|contact| (*contact).clone());
        Ok(Found { contact, account: None, candidates: shortened(accounts(contacts.iter())) })
    }

    /// The account whose website stands at the domain; if there is none, the one account whose contacts write from there.
    async fn by_domain(&self, domain: &str) -> Result<Found, ToolFailure> {
        let query = Select::from("Account", "Id, Name, Website").contains("Website", domain).limit(LOOKED_AT);
        let at_home = self.client.query(&query).await?.records.into_iter().filter(|account| {
            let website = text(account, "/Website").unwrap_or_default();
            is_website_of(&website, domain)
        });
        let mut several: Vec<Candidate> = at_home
            .map(|account| Candidate {
                account_id: shown::id(&account),
                name: text(&account, "/Name").unwrap_or_default(),
            })
            .collect();
        if several.is_empty() {
            let query = Select::from("Contact", shown::CONTACT)
                .ends_with("Email", &format!("@{domain}"))
                .filled("AccountId")
                .newest_by("CreatedDate")
                .limit(LOOKED_AT);
            several = accounts(self.client.query(&query).await?.records.iter());
        }
        Ok(match several.as_slice() {
            [only] => Found {
                account: RecordId::of(Kind::Account, &only.account_id).map(|id| (id, MatchedBy::Domain)),
                ..Found::default()
            },
            _ => Found { candidates: shortened(several), ..Found::default() },
        })
    }

    /// The one contact of this name; of several, nobody knows which.
    async fn by_name(&self, name: &str) -> Result<Found, ToolFailure> {
        let query =
            Select::from("Contact", shown::CONTACT).equals("Name", name).newest_by("CreatedDate").limit(LOOKED_AT);
        let contacts = self.client.query(&query).await?.records;
        let [contact] = contacts.as_slice() else {
            return Ok(Found { candidates: shortened(accounts(contacts.iter())), ..Found::default() });
        };
        let account = text(contact, "/AccountId").and_then(|id| RecordId::of(Kind::Account, &id));
        Ok(Found {
            contact: Some(contact.clone()),
            account: account.map(|id| (id, MatchedBy::Name)),
            candidates: Vec::new(),
        })
    }

    async fn account(&self, id: &RecordId) -> Result<Option<Account>, ToolFailure> {
        let mut query = Select::from("Account", shown::ACCOUNT);
        if let Some(field) = &self.tier_field {
            query = query.also(field);
        }
        let page = self.client.query(&query.names("Id", id).limit(1)).await?;
        let tier_field = self.tier_field.as_ref();
        Ok(page.records.first().map(|record| shown::account(&self.client, tier_field, record)))
    }

    async fn cases_of(&self, account: &RecordId) -> Result<Page, ToolFailure> {
        let query = Select::from("Case", shown::CASE_SUMMARY).names("AccountId", account).flag("IsClosed", false);
        self.client.query(&query.newest_by("CreatedDate")).await
    }

    pub(super) async fn opportunities_of(&self, account: &RecordId, only_open: bool) -> Result<Page, ToolFailure> {
        let mut query = Select::from("Opportunity", shown::OPPORTUNITY).names("AccountId", account);
        if only_open {
            query = query.flag("IsClosed", false);
        }
        self.client.query(&query.newest_by("CreatedDate")).await
    }

    async fn entitlements(&self, account: &RecordId) -> Result<Entitlements, ToolFailure> {
        let query =
            Select::from("Entitlement", shown::ENTITLEMENT).names("AccountId", account).equals("Status", "Active");
        match self.client.query(&query.newest_by("EndDate")).await {
            Ok(page) => {
                let active = page.records.iter().take(SHOWN).map(shown::entitlement).collect();
                Ok(Entitlements { available: true, active })
            }
            // Entitlement management is a feature that not every organisation has switched on.
            Err(failure) if is_unknown_object(&failure) => Ok(Entitlements::default()),
            Err(failure) => Err(failure),
        }
    }
}

fn nobody(contact: Option<Contact>, candidates: Vec<Candidate>) -> Customer {
    Customer {
        found: false,
        matched_by: None,
        account: None,
        contact,
        open_cases: OpenCases::default(),
        open_opportunities: OpenOpportunities::default(),
        entitlements: Entitlements::default(),
        candidates,
    }
}

/// The accounts of the contacts, each once.
fn accounts<'a>(contacts: impl Iterator<Item = &'a Value>) -> Vec<Candidate> {
    let mut accounts: Vec<Candidate> = Vec::new();
    for contact in contacts {
        let Some(account_id) = text(contact, "/AccountId") else { continue };
        if accounts.iter().all(|known| known.account_id != account_id) {
            accounts.push(Candidate { account_id, name: text(contact, "/Account/Name").unwrap_or_default() });
        }
    }
    accounts
}

fn shortened(mut candidates: Vec<Candidate>) -> Vec<Candidate> {
    candidates.truncate(SHOWN);
    candidates
}
