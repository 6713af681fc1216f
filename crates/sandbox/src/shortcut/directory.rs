//! Who and what every workspace in a box has. Ids are fixed, so that tests can name them.

/// A member.
#[derive(Debug)]
pub(super) struct Member {
    pub(super) id: &'static str,
    pub(super) mention_name: &'static str,
    pub(super) name: &'static str,
    pub(super) disabled: bool,
}

impl Member {
    /// The address that Shortcut shows.
    pub(super) fn email(&self) -> String {
        format!("{}@northwind.example", self.mention_name)
    }
}

/// The members; API requests come from the first.
pub(super) const MEMBERS: [Member; 6] = [
    member("60000000-0000-4000-8000-000000000001", "deskbell", "Deskbell"),
    member("60000000-0000-4000-8000-000000000002", "ben", "Ben Okafor"),
    member("60000000-0000-4000-8000-000000000003", "dev", "Dev Patel"),
    member("60000000-0000-4000-8000-000000000004", "elena", "Elena Rossi"),
    member("60000000-0000-4000-8000-000000000005", "carla", "Carla Mendes"),
    Member { disabled: true, ..member("60000000-0000-4000-8000-000000000006", "frank", "Frank Weber") },
];

const fn member(id: &'static str, mention_name: &'static str, name: &'static str) -> Member {
    Member { id, mention_name, name, disabled: false }
}

/// A workflow's state.
#[derive(Debug)]
pub(super) struct State {
    pub(super) id: u64,
    pub(super) name: &'static str,
    /// `backlog`, `unstarted`, `started` or `done`.
    pub(super) kind: &'static str,
}

/// A workflow.
#[derive(Debug)]
pub(super) struct Workflow {
    pub(super) id: u64,
    pub(super) name: &'static str,
    pub(super) states: &'static [State],
    pub(super) default_state_id: u64,
}

/// The workflows.
pub(super) const WORKFLOWS: [Workflow; 2] = [
    Workflow {
        id: 500_000_010,
        name: "Engineering",
        default_state_id: 500_000_012,
        states: &[
            State { id: 500_000_011, name: "Backlog", kind: "backlog" },
            State { id: 500_000_012, name: "To Do", kind: "unstarted" },
            State { id: 500_000_013, name: "In Progress", kind: "started" },
            State { id: 500_000_014, name: "In Review", kind: "started" },
            State { id: 500_000_015, name: "Done", kind: "done" },
        ],
    },
    Workflow {
        id: 500_000_020,
        name: "Support",
        default_state_id: 500_000_021,
        states: &[
            State { id: 500_000_021, name: "New", kind: "unstarted" },
            State { id: 500_000_022, name: "In Progress", kind: "started" },
            State { id: 500_000_023, name: "Solved", kind: "done" },
        ],
    },
];

/// A team; the API calls it a group.
#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: &'static str,
    pub(super) name: &'static str,
    pub(super) mention_name: &'static str,
    pub(super) workflow_id: u64,
    pub(super) member_ids: &'static [&'static str],
}

/// The teams.
pub(super) const GROUPS: [Group; 4] = [
    Group {
        id: "70000000-0000-4000-8000-000000000001",
        name: "Payments",
        mention_name: "payments",
        workflow_id: 500_000_010,
        member_ids: &["60000000-0000-4000-8000-000000000002"],
    },
    Group {
        id: "70000000-0000-4000-8000-000000000002",
        name: "Platform",
        mention_name: "platform",
        workflow_id: 500_000_010,
        member_ids: &["60000000-0000-4000-8000-000000000003"],
    },
    Group {
        id: "70000000-0000-4000-8000-000000000003",
        name: "Identity and Access",
        mention_name: "identity",
        workflow_id: 500_000_010,
        member_ids: &["60000000-0000-4000-8000-000000000004"],
    },
    Group {
        id: "70000000-0000-4000-8000-000000000004",
        name: "Customer Support",
        mention_name: "support",
        workflow_id: 500_000_020,
        member_ids: &["60000000-0000-4000-8000-000000000005"],
    },
];

/// An iteration.
#[derive(Debug)]
pub(super) struct Iteration {
    pub(super) id: u64,
    pub(super) name: &'static str,
    /// `unstarted`, `started` or `done`.
    pub(super) status: &'static str,
    pub(super) start_date: &'static str,
    pub(super) end_date: &'static str,
}

/// The iterations, the oldest first.
pub(super) const ITERATIONS: [Iteration; 3] = [
    Iteration {
        id: 41,
        name: "Sprint 41",
        status: "done",
        start_date: "2026-01-05T00:00:00Z",
        end_date: "2026-01-18T00:00:00Z",
    },
    Iteration {
        id: 42,
        name: "Sprint 42",
        status: "started",
        start_date: "2026-01-19T00:00:00Z",
        end_date: "2026-02-01T00:00:00Z",
    },
    Iteration {
        id: 43,
        name: "Sprint 43",
        status: "unstarted",
        start_date: "2026-02-02T00:00:00Z",
        end_date: "2026-02-15T00:00:00Z",
    },
];

/// Labels that exist from the start.
pub(super) const LABELS: [&str; 3] = ["regression", "security", "vip"];

/// When everything above was made.
pub(super) const FOUNDED: &str = "2026-01-02T09:00:00Z";

pub(super) fn member_with_id(id: &str) -> Option<&'static Member> {
    MEMBERS.iter().find(|member| member.id == id)
}

pub(super) fn group_with_id(id: &str) -> Option<&'static Group> {
    GROUPS.iter().find(|group| group.id == id)
}

pub(super) fn iteration_with_id(id: u64) -> Option<&'static Iteration> {
    ITERATIONS.iter().find(|iteration| iteration.id == id)
}

/// A state and the workflow that it belongs to.
pub(super) fn state_with_id(id: u64) -> Option<(&'static Workflow, &'static State)> {
    WORKFLOWS.iter().find_map(|workflow| Some((workflow, workflow.states.iter().find(|state| state.id == id)?)))
}
