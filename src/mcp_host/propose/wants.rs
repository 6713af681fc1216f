//! The actions, by what vendors call them and what they hand over.

/// What an action is, in the words that vendors use.
pub(super) struct Want {
    pub action: &'static str,
    pub verbs: &'static [&'static str],
    pub nouns: &'static [&'static str],
    /// Words of tools that do something else.
    pub never: &'static [&'static str],
    /// Whether a tool that changes any field of an issue will do, too.
    pub by_update: bool,
    pub makes_something: bool,
    pub fields: &'static [Field],
}

/// What an action hands over, and what vendors call it; the likeliest name first.
pub(super) struct Field {
    pub expression: &'static str,
    pub names: &'static [&'static str],
    pub is_needed: bool,
    pub is_list: bool,
}

pub(super) const fn field(expression: &'static str, names: &'static [&'static str]) -> Field {
    Field { expression, names, is_needed: false, is_list: false }
}

pub(super) const fn needed(expression: &'static str, names: &'static [&'static str]) -> Field {
    Field { is_needed: true, ..field(expression, names) }
}

pub(super) const ITEMS: &[&str] = &["issue", "story", "ticket", "bug", "task", "case", "card", "incident", "item"];
pub(super) const CHANGES: &[&str] = &["set", "change", "update", "edit", "move"];
pub(super) const KEY: Field = needed(
    "external.key",
    &[
        "issuekey",
        "issueidorkey",
        "issueid",
        "storypublicid",
        "storyid",
        "ticketid",
        "taskid",
        "caseid",
        "cardid",
        "issuenumber",
        "key",
        "number",
        "id",
    ],
);
pub(super) const IDEMPOTENCY: Field =
    field("idempotency_key", &["idempotencykey", "externalid", "clientrequestid", "requestid", "deduplicationkey"]);

/// Words of tools that open something else.
pub(super) const NOT_OPENING: &[&str] = &[
    "comment",
    "note",
    "link",
    "label",
    "epic",
    "sprint",
    "attachment",
    "worklog",
    "version",
    "iteration",
    "batch",
    "bulk",
    "relation",
    "watcher",
    "list",
    "type",
    "subtask",
    "from",
];
/// What an issue or story is opened with.
pub(super) const OPENING: &[Field] = &[
    field("action.project", &["projectkey", "project", "projectid", "teamid", "team", "boardid"]),
    field("action.issue_type", &["issuetype", "issuetypename", "storytype", "type", "kind"]),
    needed("action.summary", &["summary", "title", "name", "subject"]),
    field("action.description", &["description", "body", "text", "content", "details"]),
    field("action.priority", &["priority", "priorityname"]),
    Field { is_list: true, ..field("action.labels", &["labels", "tags"]) },
    IDEMPOTENCY,
];

/// Labels are changed by tools that add and take off; one that sets them all would lose those of others.
pub(super) const fn labels(action: &'static str, verbs: &'static [&'static str], fields: &'static [Field]) -> Want {
    const NEVER: &[&str] = &["get", "list", "bulk", "create", "delete"];
    Want { action, verbs, nouns: &["label", "labels"], never: NEVER, by_update: false, makes_something: false, fields }
}

pub(super) const WANTS: [Want; 11] = [
    Want {
        action: "create_issue",
        verbs: &["create", "add", "new", "make", "open", "insert"],
        nouns: ITEMS,
        never: NOT_OPENING,
        by_update: false,
        makes_something: true,
        fields: OPENING,
    },
    Want {
        action: "comment",
        verbs: &["create", "add", "new", "post", "write"],
        nouns: &["comment", "note", "reply"],
        // What the customer reads is nobody's guess.
        never: &["public", "reaction", "delete", "update", "edit", "resolve"],
        by_update: false,
        makes_something: false,
        fields: &[KEY, needed("action.body", &["body", "text", "comment", "content", "message", "note"]), IDEMPOTENCY],
    },
    Want {
        action: "transition",
        verbs: &["transition", "set", "change", "update", "move"],
        nouns: &["transition", "status", "state", "workflow"],
        never: &["get", "list", "bulk"],
        by_update: true,
        makes_something: false,
        fields: &[
            KEY,
            needed("action.to", &["tostatus", "status", "statusname", "transition", "state", "to"]),
            IDEMPOTENCY,
        ],
    },
    Want {
        action: "set_priority",
        verbs: CHANGES,
        nouns: &["priority"],
        never: &["get", "list", "bulk"],
        by_update: true,
        makes_something: false,
        fields: &[KEY, needed("action.priority", &["priority", "priorityname"]), IDEMPOTENCY],
    },
    Want {
        action: "assign",
        verbs: &["assign", "set", "change", "update"],
        nouns: &["assign", "assignee", "owner"],
        never: &["get", "list", "unassign", "bulk"],
        by_update: true,
        makes_something: false,
        fields: &[
            KEY,
            needed(
                "action.account",
                &["email", "assigneeemail", "assignee", "accountid", "assigneeid", "owner", "user"],
            ),
            IDEMPOTENCY,
        ],
    },
    labels(
        "add_labels",
        &["add", "edit", "update"],
        &[KEY, Field { is_list: true, ..needed("action.labels", &["add", "addlabels", "labelstoadd"]) }, IDEMPOTENCY],
    ),
    labels(
        "remove_labels",
        &["remove", "edit", "update"],
        &[
            KEY,
            Field { is_list: true, ..needed("action.labels", &["remove", "removelabels", "labelstoremove"]) },
            IDEMPOTENCY,
        ],
    ),
    Want {
        action: "create_story",
        verbs: &["create", "add", "new", "make"],
        nouns: &["story"],
        never: NOT_OPENING,
        by_update: false,
        makes_something: true,
        fields: OPENING,
    },
    Want {
        action: "update_ticket",
        verbs: &["add", "create", "write"],
        nouns: &["note"],
        // What the customer reads is nobody's guess.
        never: &["public", "reply", "delete", "update", "list", "get"],
        by_update: false,
        makes_something: false,
        fields: &[
            needed("action.external_id", &["ticketid", "caseid", "conversationid", "id", "number"]),
            needed("action.note", &["internalnote", "note", "text", "body", "content", "comment", "message"]),
            IDEMPOTENCY,
        ],
    },
    Want {
        action: "post_message",
        verbs: &["post", "send"],
        nouns: &["message"],
        never: &["reply", "schedule", "scheduled", "ephemeral", "delete", "update", "direct"],
        by_update: false,
        makes_something: false,
        fields: &[
            needed("action.channel", &["channel", "channelid", "room", "roomid", "conversation"]),
            needed("action.text", &["text", "markdown", "message", "body", "content"]),
            IDEMPOTENCY,
        ],
    },
    Want {
        action: "write_back",
        verbs: &["write"],
        nouns: &["back"],
        never: &["delete"],
        by_update: false,
        makes_something: false,
        fields: &[
            field("action.account", &["accountid", "account", "companyid", "customerid"]),
            field("action.email", &["contactemail", "email"]),
            field("action.subject", &["subject", "title", "name"]),
            needed("action.summary", &["summary", "body", "text", "content", "note"]),
            field("action.conversation", &["conversation", "transcript", "description"]),
            IDEMPOTENCY,
        ],
    },
];
