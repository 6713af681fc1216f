//! Who the organisation's customers are: those of the sandbox's stories. Ids follow from the order here.

use serde_json::{Map, Value, json};

use super::org::Org;
use super::schema;

/// The colleagues; API requests come from the first.
const USERS: [(&str, &str); 4] = [
    ("Deskbell Integration", "deskbell@northwind.example"),
    ("Anna Lindqvist", "anna@northwind.example"),
    ("Frank Weber", "frank@northwind.example"),
    ("Carla Mendes", "carla@northwind.example"),
];

/// When everything was made.
const FOUNDED: &str = "2026-01-02T09:00:00.000+0000";

struct Customer {
    name: &'static str,
    website: &'static str,
    industry: &'static str,
    tier: &'static str,
    /// Place among the users.
    owner: usize,
    /// First name, last name, address, job.
    contacts: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Name, stage, amount, close date.
    opportunities: &'static [(&'static str, &'static str, u32, &'static str)],
    /// Name, type, status, end date.
    entitlements: &'static [(&'static str, &'static str, &'static str, &'static str)],
    /// Subject, status, priority.
    cases: &'static [(&'static str, &'static str, &'static str)],
}

const CUSTOMERS: [Customer; 7] = [
    Customer {
        name: "Acme Corp",
        website: "https://www.acme.example",
        industry: "Manufacturing",
        tier: "Enterprise",
        owner: 1,
        contacts: &[
            ("Hugo", "Martin", "hugo@acme.example", "IT Manager"),
            ("Lena", "Fischer", "lena@acme.example", "CFO"),
        ],
        opportunities: &[
            ("Acme renewal", "Negotiation", 240_000, "2026-12-15"),
            ("Acme first year", "Closed Won", 180_000, "2025-12-10"),
        ],
        entitlements: &[
            ("Premier Support", "Phone Support", "Active", "2027-01-31"),
            ("Onboarding", "Web Support", "Expired", "2026-03-31"),
        ],
        cases: &[
            ("Exports hang for hours", "Working", "High"),
            ("Question about the audit log", "New", "Low"),
            ("Invoice address changed", "Closed", "Low"),
        ],
    },
    Customer {
        name: "Contoso",
        website: "contoso.example",
        industry: "Retail",
        tier: "Enterprise",
        owner: 1,
        contacts: &[("Priya", "Shah", "priya@contoso.example", "Head of E-Commerce")],
        opportunities: &[("Contoso checkout roll-out", "Proposal", 95_000, "2026-12-01")],
        entitlements: &[("Premier Support", "Phone Support", "Active", "2026-12-31")],
        cases: &[("Payments are declined now and then", "Escalated", "High")],
    },
    Customer {
        name: "Fabrikam",
        website: "http://fabrikam.example/",
        industry: "Logistics",
        tier: "Business",
        owner: 2,
        contacts: &[("Tom", "Becker", "tom@fabrikam.example", "Administrator")],
        opportunities: &[],
        entitlements: &[("Standard Support", "Web Support", "Active", "2026-12-31")],
        cases: &[],
    },
    Customer {
        name: "Tailspin Toys",
        website: "https://tailspin.example",
        industry: "Consumer goods",
        tier: "Business",
        owner: 2,
        contacts: &[("Mia", "Chen", "mia@tailspin.example", "Developer")],
        opportunities: &[("Tailspin API volume", "Prospecting", 30_000, "2027-02-28")],
        entitlements: &[("Standard Support", "Web Support", "Active", "2026-12-31")],
        cases: &[],
    },
    Customer {
        name: "Wingtip Toys",
        website: "https://wingtip.example",
        industry: "Consumer goods",
        tier: "Standard",
        owner: 2,
        contacts: &[("Omar", "Haddad", "omar@wingtip.example", "Accountant")],
        opportunities: &[],
        entitlements: &[],
        cases: &[],
    },
    Customer {
        name: "Litware",
        website: "https://litware.example",
        industry: "Software",
        tier: "Business",
        owner: 1,
        contacts: &[("Sofia", "Nowak", "sofia@litware.example", "Engineer")],
        opportunities: &[],
        entitlements: &[("Standard Support", "Web Support", "Active", "2026-12-31")],
        cases: &[],
    },
    Customer {
        name: "Cole Consulting",
        website: "https://customer.example",
        industry: "Services",
        tier: "Standard",
        owner: 2,
        contacts: &[("Ivy", "Cole", "ivy@customer.example", "Owner")],
        opportunities: &[],
        entitlements: &[],
        cases: &[],
    },
];

/// Fills an empty organisation.
pub(super) fn plant(org: &mut Org, entitlements: bool) {
    let mut users: Vec<String> = Vec::new();
    for (name, email) in USERS {
        let by = users.first().cloned().unwrap_or_default();
        users.push(add(org, "User", json!({ "Name": name, "Email": email, "IsActive": true }), &by));
    }
    let own = users.first().cloned().unwrap_or_default();
    for customer in &CUSTOMERS {
        let owner = users.get(customer.owner).cloned().unwrap_or_default();
        let account = json!({
            "Name": customer.name, "Type": "Customer", "Industry": customer.industry, "Website": customer.website,
            "Tier__c": customer.tier, "OwnerId": owner,
        });
        let account = add(org, "Account", account, &own);
        plant_records(org, customer, &account, &owner, entitlements);
    }
}

fn plant_records(org: &mut Org, customer: &Customer, account: &str, owner: &str, entitlements: bool) {
    let mut first_contact = None;
    for (first, last, email, title) in customer.contacts {
        let contact =
            json!({ "FirstName": first, "LastName": last, "Email": email, "Title": title, "AccountId": account });
        let contact = add(org, "Contact", contact, owner);
        first_contact.get_or_insert(contact);
    }
    for (name, stage, amount, close) in customer.opportunities {
        let opportunity = json!({
            "Name": name, "StageName": stage, "Amount": amount, "CloseDate": close, "AccountId": account,
        });
        add(org, "Opportunity", opportunity, owner);
    }
    for (name, kind, status, end) in customer.entitlements.iter().filter(|_| entitlements) {
        let entitlement = json!({
            "Name": name, "Type": kind, "Status": status, "StartDate": "2026-01-01", "EndDate": end,
            "AccountId": account,
        });
        add(org, "Entitlement", entitlement, owner);
    }
    for (subject, status, priority) in customer.cases {
        let case = json!({
            "Subject": subject, "Status": status, "Priority": priority, "Origin": "Email", "AccountId": account,
            "ContactId": first_contact,
        });
        add(org, "Case", case, owner);
    }
}

fn add(org: &mut Org, object: &str, fields: Value, by: &str) -> String {
    let (Some(object), Value::Object(mut fields)) = (schema::object(object), fields) else {
        return String::new();
    };
    fields.insert("CreatedDate".to_owned(), json!(FOUNDED));
    fields.insert("LastModifiedDate".to_owned(), json!(FOUNDED));
    org.create(object, Map::from_iter(fields), by)
}

/// The user that API requests come from.
pub(super) fn own_user(org: &Org) -> String {
    org.of("User").next().map(|user| user.id.clone()).unwrap_or_default()
}
