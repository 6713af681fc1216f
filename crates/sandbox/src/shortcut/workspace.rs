//! The workspace's state: stories, comments, labels, webhooks. No HTTP.

use std::ops::RangeInclusive;
use std::time::Duration;

use jiff::Timestamp;
use rand::rngs::SmallRng;
use rand::{RngExt, SeedableRng};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::directory::{self, LABELS, MEMBERS, State, Workflow};
use super::webhook::{Happening, Webhook};
use super::{ShortcutConfig, ShortcutCounts};
use crate::record::Exchanges;

/// The length of the rate limit's window.
const RATE_WINDOW: Duration = Duration::from_secs(60);

/// What can be set on a story.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Draft {
    pub(super) name: String,
    pub(super) description: String,
    /// `feature`, `bug` or `chore`.
    pub(super) story_type: String,
    pub(super) workflow_state_id: u64,
    pub(super) group_id: Option<String>,
    pub(super) iteration_id: Option<u64>,
    pub(super) estimate: Option<i64>,
    pub(super) deadline: Option<String>,
    pub(super) archived: bool,
    pub(super) owner_ids: Vec<String>,
    pub(super) follower_ids: Vec<String>,
    pub(super) requested_by_id: String,
    pub(super) label_ids: Vec<u64>,
    pub(super) external_links: Vec<String>,
    pub(super) external_id: Option<String>,
}

/// A comment.
#[derive(Debug, Clone)]
pub(super) struct Comment {
    pub(super) id: u64,
    pub(super) story_id: u64,
    pub(super) position: u64,
    pub(super) author_id: String,
    pub(super) text: String,
    pub(super) external_id: Option<String>,
    pub(super) created: Timestamp,
}

/// A story.
#[derive(Debug, Clone)]
pub(super) struct Story {
    pub(super) id: u64,
    pub(super) draft: Draft,
    pub(super) comments: Vec<Comment>,
    pub(super) created: Timestamp,
    pub(super) updated: Timestamp,
    pub(super) moved: Timestamp,
    /// From when on searches see it.
    pub(super) searchable_at: Instant,
}

impl Story {
    /// Its workflow and state; every story is in one that exists.
    pub(super) fn place(&self) -> Option<(&'static Workflow, &'static State)> {
        directory::state_with_id(self.draft.workflow_state_id)
    }

    /// Whether its state is of this kind.
    pub(super) fn is(&self, kind: &str) -> bool {
        self.place().is_some_and(|(_, state)| state.kind == kind)
    }
}

/// A label.
#[derive(Debug, Clone)]
pub(super) struct Label {
    pub(super) id: u64,
    pub(super) name: String,
    pub(super) created: String,
}

/// The whole workspace.
#[derive(Debug)]
pub(super) struct Workspace {
    /// In the order of creation.
    pub(super) stories: Vec<Story>,
    pub(super) labels: Vec<Label>,
    pub(super) webhooks: Vec<Webhook>,
    pub(super) exchanges: Exchanges,
    updates: u64,
    requests: u64,
    window_began: Instant,
    requests_in_window: u32,
    next_id: u64,
    lag_ms: RangeInclusive<u64>,
    random: SmallRng,
}

impl Workspace {
    pub(super) fn new(config: &ShortcutConfig) -> Self {
        let mut workspace = Self {
            stories: Vec::new(),
            labels: Vec::new(),
            webhooks: Vec::new(),
            exchanges: Exchanges::default(),
            updates: 0,
            requests: 0,
            window_began: Instant::now(),
            requests_in_window: 0,
            next_id: 100,
            lag_ms: config.search_lag_ms.clone(),
            random: SmallRng::seed_from_u64(config.seed),
        };
        for name in LABELS {
            let id = workspace.take_id();
            workspace.labels.push(Label { id, name: name.to_owned(), created: directory::FOUNDED.to_owned() });
        }
        workspace
    }

    pub(super) fn counts(&self) -> ShortcutCounts {
        ShortcutCounts {
            stories: self.stories.len() as u64,
            comments: self.stories.iter().map(|story| story.comments.len() as u64).sum(),
            updates: self.updates,
            requests: self.requests,
        }
    }

    /// Counts a request; gives the seconds to wait when it is one too many.
    pub(super) fn admit(&mut self, per_minute: Option<u32>) -> Option<u64> {
        self.requests += 1;
        let limit = per_minute?;
        let elapsed = self.window_began.elapsed();
        if elapsed >= RATE_WINDOW {
            self.window_began = Instant::now();
            self.requests_in_window = 0;
        }
        self.requests_in_window = self.requests_in_window.saturating_add(1);
        let left = RATE_WINDOW.saturating_sub(elapsed).as_secs().max(1);
        (self.requests_in_window > limit).then_some(left)
    }

    pub(super) fn story(&self, id: u64) -> Option<&Story> {
        self.stories.iter().find(|story| story.id == id)
    }

    pub(super) fn label(&self, id: u64) -> Option<&Label> {
        self.labels.iter().find(|label| label.id == id)
    }

    /// The label of this name; names differ by more than case. Made when there is none.
    pub(super) fn label_named(&mut self, name: &str) -> u64 {
        if let Some(label) = self.labels.iter().find(|label| label.name.eq_ignore_ascii_case(name)) {
            return label.id;
        }
        let id = self.take_id();
        self.labels.push(Label { id, name: name.to_owned(), created: Timestamp::now().to_string() });
        id
    }

    /// Adds the story and draws how long searches miss it.
    pub(super) fn create(&mut self, draft: Draft) -> (Story, Happening) {
        let lag = Duration::from_millis(self.random.random_range(self.lag_ms.clone()));
        let now = Timestamp::now();
        let story = Story {
            id: self.take_id(),
            draft,
            comments: Vec::new(),
            created: now,
            updated: now,
            moved: now,
            searchable_at: Instant::now() + lag,
        };
        self.stories.push(story.clone());
        let happened = Happening::of_story(&story, "create", None);
        (story, happened)
    }

    /// Replaces what the story is made of; tells of it only when it differs.
    pub(super) fn update(&mut self, id: u64, draft: Draft) -> Option<(Story, Option<Happening>)> {
        let story = self.stories.iter_mut().find(|story| story.id == id)?;
        if story.draft == draft {
            return Some((story.clone(), None));
        }
        let now = Timestamp::now();
        let mut changes = json!({});
        if story.draft.workflow_state_id != draft.workflow_state_id {
            let change = json!({ "new": draft.workflow_state_id, "old": story.draft.workflow_state_id });
            crate::json::set(&mut changes, "workflow_state_id", change);
            let kind = |id| directory::state_with_id(id).map(|(_, state)| state.kind);
            let (was, is) = (kind(story.draft.workflow_state_id), kind(draft.workflow_state_id));
            for (flag, kinds) in [("started", &["started", "done"][..]), ("completed", &["done"][..])] {
                let holds = |kind: Option<&str>| kind.is_some_and(|kind| kinds.contains(&kind));
                if holds(was) != holds(is) {
                    crate::json::set(&mut changes, flag, json!({ "new": holds(is), "old": holds(was) }));
                }
            }
            story.moved = now;
        }
        if story.draft.owner_ids != draft.owner_ids {
            crate::json::set(&mut changes, "owner_ids", added_and_removed(&story.draft.owner_ids, &draft.owner_ids));
        }
        story.draft = draft;
        story.updated = now;
        self.updates += 1;
        let happened = Happening::of_story(story, "update", Some(changes));
        Some((story.clone(), Some(happened)))
    }

    /// Moves the story to the state of this name in its own workflow.
    pub(super) fn move_to(&mut self, id: u64, state_name: &str) -> Option<Happening> {
        let story = self.story(id)?;
        let (workflow, _) = story.place()?;
        let state = workflow.states.iter().find(|state| state.name.eq_ignore_ascii_case(state_name))?;
        let draft = Draft { workflow_state_id: state.id, ..story.draft.clone() };
        self.update(id, draft)?.1
    }

    /// Adds a comment; `None` when there is no such story.
    pub(super) fn comment(
        &mut self,
        story_id: u64,
        text: String,
        external_id: Option<String>,
    ) -> Option<(Comment, Happening)> {
        let id = self.take_id();
        let story = self.stories.iter_mut().find(|story| story.id == story_id)?;
        let comment = Comment {
            id,
            story_id,
            position: story.comments.len() as u64 + 1,
            author_id: own_id(),
            text,
            external_id,
            created: Timestamp::now(),
        };
        story.updated = comment.created;
        story.comments.push(comment.clone());
        let happened = Happening::of_comment(&comment);
        Some((comment, happened))
    }

    pub(super) fn take_id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }
}

/// The member that API requests come from.
pub(super) fn own_id() -> String {
    let [own, ..] = &MEMBERS;
    own.id.to_owned()
}

fn added_and_removed(old: &[String], new: &[String]) -> Value {
    let only = |these: &[String], not: &[String]| -> Vec<String> {
        these.iter().filter(|item| !not.contains(item)).cloned().collect()
    };
    json!({ "adds": only(new, old), "removes": only(old, new) })
}
