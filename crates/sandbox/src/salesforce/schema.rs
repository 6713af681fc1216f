//! Which objects and fields the organisation has.

/// What a field holds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// A string of at most so many characters.
    Text(usize),
    /// A longer one; it can't be filtered or sorted by.
    LongText(usize),
    /// As a long text, of at most so many bytes.
    LongBytes(usize),
    /// One of these words.
    Choice(&'static [&'static str]),
    Flag,
    Number,
    /// `YYYY-MM-DD`.
    Date,
    /// A date and time.
    Moment,
    /// The id of a record of one of these objects, under this name in queries.
    Reference(&'static str, &'static [&'static str]),
}

/// Who sets a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Set {
    /// Salesforce alone.
    Never,
    /// The caller, and has to.
    Required,
    /// The caller.
    Freely,
}

/// A field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    pub(super) name: &'static str,
    pub(super) kind: Kind,
    pub(super) set: Set,
}

/// An object.
#[derive(Debug)]
pub(super) struct Object {
    pub(super) name: &'static str,
    /// The first three characters of its records' ids.
    pub(super) prefix: &'static str,
    fields: &'static [Field],
}

const fn free(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, set: Set::Freely }
}

const fn needed(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, set: Set::Required }
}

const fn fixed(name: &'static str, kind: Kind) -> Field {
    Field { name, kind, set: Set::Never }
}

const USERS: &[&str] = &["User"];
const OWNER: Field = free("OwnerId", Kind::Reference("Owner", USERS));
const ACCOUNT: Field = free("AccountId", Kind::Reference("Account", &["Account"]));

/// The external id field that the organisation made on Case.
pub(super) const EXTERNAL_ID: &str = "Deskbell_Id__c";
/// The tiers that the organisation has.
pub(super) const TIERS: &[&str] = &["Enterprise", "Business", "Standard"];

/// Fields of every object.
const SYSTEM: &[Field] = &[
    fixed("Id", Kind::Text(18)),
    fixed("CreatedDate", Kind::Moment),
    fixed("CreatedById", Kind::Reference("CreatedBy", USERS)),
    fixed("LastModifiedDate", Kind::Moment),
];

/// The objects.
pub(super) const OBJECTS: &[Object] = &[
    Object {
        name: "User",
        prefix: "005",
        fields: &[fixed("Name", Kind::Text(121)), fixed("Email", Kind::Text(128)), fixed("IsActive", Kind::Flag)],
    },
    Object {
        name: "Account",
        prefix: "001",
        fields: &[
            needed("Name", Kind::Text(255)),
            free("Type", Kind::Choice(&["Prospect", "Customer", "Partner"])),
            free("Industry", Kind::Text(255)),
            free("Website", Kind::Text(255)),
            free("Tier__c", Kind::Choice(TIERS)),
            OWNER,
        ],
    },
    Object {
        name: "Contact",
        prefix: "003",
        fields: &[
            fixed("Name", Kind::Text(121)),
            free("FirstName", Kind::Text(40)),
            needed("LastName", Kind::Text(80)),
            free("Email", Kind::Text(80)),
            free("Title", Kind::Text(128)),
            ACCOUNT,
            OWNER,
        ],
    },
    Object {
        name: "Case",
        prefix: "500",
        fields: &[
            fixed("CaseNumber", Kind::Text(30)),
            free("Subject", Kind::Text(255)),
            free("Description", Kind::LongText(32_000)),
            free("Status", Kind::Choice(&["New", "Working", "Escalated", "Closed"])),
            fixed("IsClosed", Kind::Flag),
            free("Priority", Kind::Choice(&["High", "Medium", "Low"])),
            free("Origin", Kind::Choice(&["Email", "Phone", "Slack", "Web"])),
            free("Reason", Kind::Choice(&["Breakdown", "Feature Request", "Other"])),
            free(EXTERNAL_ID, Kind::Text(255)),
            ACCOUNT,
            free("ContactId", Kind::Reference("Contact", &["Contact"])),
            OWNER,
        ],
    },
    Object {
        name: "CaseComment",
        prefix: "00a",
        fields: &[
            needed("ParentId", Kind::Reference("Parent", &["Case"])),
            free("CommentBody", Kind::LongBytes(4_000)),
            free("IsPublished", Kind::Flag),
        ],
    },
    Object {
        name: "Task",
        prefix: "00T",
        fields: &[
            free("Subject", Kind::Text(255)),
            free("Description", Kind::LongText(32_000)),
            free("Status", Kind::Choice(&["Not Started", "In Progress", "Completed"])),
            fixed("IsClosed", Kind::Flag),
            free("Priority", Kind::Choice(&["High", "Normal", "Low"])),
            free("ActivityDate", Kind::Date),
            free("WhatId", Kind::Reference("What", &["Account", "Case", "Opportunity"])),
            free("WhoId", Kind::Reference("Who", &["Contact"])),
            OWNER,
        ],
    },
    Object {
        name: "Opportunity",
        prefix: "006",
        fields: &[
            needed("Name", Kind::Text(120)),
            needed("StageName", Kind::Choice(&["Prospecting", "Proposal", "Negotiation", "Closed Won", "Closed Lost"])),
            fixed("IsClosed", Kind::Flag),
            free("Amount", Kind::Number),
            needed("CloseDate", Kind::Date),
            ACCOUNT,
            OWNER,
        ],
    },
    Object {
        name: "Entitlement",
        prefix: "550",
        fields: &[
            needed("Name", Kind::Text(255)),
            free("Type", Kind::Choice(&["Phone Support", "Web Support"])),
            fixed("Status", Kind::Choice(&["Active", "Expired", "Inactive"])),
            free("StartDate", Kind::Date),
            free("EndDate", Kind::Date),
            needed("AccountId", Kind::Reference("Account", &["Account"])),
        ],
    },
];

/// The object of this name; Salesforce does not look at case.
pub(super) fn object(name: &str) -> Option<&'static Object> {
    OBJECTS.iter().find(|object| object.name.eq_ignore_ascii_case(name))
}

/// The object whose records have this id.
pub(super) fn object_of(id: &str) -> Option<&'static Object> {
    OBJECTS.iter().find(|object| id.starts_with(object.prefix))
}

impl Object {
    /// All fields, those of every object first.
    pub(super) fn fields(&self) -> impl Iterator<Item = &'static Field> + use<> {
        SYSTEM.iter().chain(self.fields)
    }

    /// The field of this name; Salesforce does not look at case.
    pub(super) fn field(&self, name: &str) -> Option<&'static Field> {
        self.fields().find(|field| field.name.eq_ignore_ascii_case(name))
    }

    /// The field that refers to others under this name.
    pub(super) fn relation(&self, name: &str) -> Option<&'static Field> {
        self.fields()
            .find(|field| matches!(field.kind, Kind::Reference(relation, _) if relation.eq_ignore_ascii_case(name)))
    }
}
