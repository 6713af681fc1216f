//! Shortcut's JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::directory::{FOUNDED, Group, Iteration, MEMBERS, Member, State, WORKFLOWS, Workflow, member_with_id};
use super::webhook::Webhook;
use super::workspace::{Comment, Label, Story, Workspace};

/// What a board shows.
pub(super) fn snapshot(base_url: &str, workspace: &Workspace) -> Value {
    let name_of = |id: &String| member_with_id(id).map_or_else(|| id.clone(), |member| member.name.to_owned());
    let stories: Vec<Value> = workspace
        .stories
        .iter()
        .map(|story| {
            let comments: Vec<Value> = story
                .comments
                .iter()
                .map(|comment| {
                    json!({
                        "author": name_of(&comment.author_id), "text": comment.text, "created": time(comment.created),
                    })
                })
                .collect();
            let draft = &story.draft;
            json!({
                "id": story.id, "name": draft.name, "story_type": draft.story_type,
                "workflow": story.place().map(|(workflow, _)| workflow.name),
                "state": story.place().map(|(_, state)| state.name),
                "owners": draft.owner_ids.iter().map(name_of).collect::<Vec<_>>(),
                "labels": label_names(workspace, story), "description": draft.description,
                "external_links": draft.external_links, "comments": comments, "created": time(story.created),
                "url": story_url(base_url, story.id),
            })
        })
        .collect();
    let workflows: Vec<Value> = WORKFLOWS
        .iter()
        .map(|workflow| {
            let states: Vec<&str> = workflow.states.iter().map(|state| state.name).collect();
            json!({ "name": workflow.name, "states": states })
        })
        .collect();
    json!({ "base_url": base_url, "workflows": workflows, "stories": stories })
}

/// The names of a story's labels.
pub(super) fn label_names(workspace: &Workspace, story: &Story) -> Vec<String> {
    story.draft.label_ids.iter().filter_map(|id| Some(workspace.label(*id)?.name.clone())).collect()
}

/// Where a person opens a story.
pub(super) fn story_url(base_url: &str, id: u64) -> String {
    format!("{base_url}/story/{id}")
}

/// The vendor's `Story`: everything, with comments.
pub(super) fn story(base_url: &str, workspace: &Workspace, story: &Story) -> Value {
    let mut whole = common(base_url, workspace, story);
    let comments: Vec<Value> = story.comments.iter().map(|made| comment(base_url, made)).collect();
    let mut set = |key: &str, value: Value| crate::json::set(&mut whole, key, value);
    set("description", json!(story.draft.description));
    set("comments", json!(comments));
    for nothing in ["branches", "commits", "files", "linked_files", "pull_requests", "tasks"] {
        set(nothing, json!([]));
    }
    whole
}

/// The vendor's `StorySlim`: without comments, and without the description unless it is asked for.
pub(super) fn story_slim(base_url: &str, workspace: &Workspace, story: &Story, with_description: bool) -> Value {
    let mut slim = common(base_url, workspace, story);
    let comment_ids: Vec<u64> = story.comments.iter().map(|comment| comment.id).collect();
    let mut set = |key: &str, value: Value| crate::json::set(&mut slim, key, value);
    set("comment_ids", json!(comment_ids));
    set("num_tasks_completed", json!(0));
    for nothing in ["file_ids", "linked_file_ids", "task_ids"] {
        set(nothing, json!([]));
    }
    if with_description {
        set("description", json!(story.draft.description));
    }
    slim
}

fn common(base_url: &str, workspace: &Workspace, story: &Story) -> Value {
    let draft = &story.draft;
    let labels: Vec<Value> =
        draft.label_ids.iter().filter_map(|id| Some(label(base_url, workspace.label(*id)?))).collect();
    let started = story.is("started") || story.is("done");
    let moved_if = |holds: bool| holds.then(|| time(story.moved));
    let mut whole = json!({
        "app_url": story_url(base_url, story.id), "archived": draft.archived, "completed": story.is("done"),
        "completed_at": moved_if(story.is("done")), "created_at": time(story.created), "deadline": draft.deadline,
        "entity_type": "story", "estimate": draft.estimate, "external_id": draft.external_id,
        "external_links": draft.external_links, "follower_ids": draft.follower_ids,
        "global_id": global_id("Story", story.id), "group_id": draft.group_id, "id": story.id,
        "iteration_id": draft.iteration_id, "label_ids": draft.label_ids, "labels": labels,
        "moved_at": time(story.moved), "name": draft.name, "owner_ids": draft.owner_ids, "position": story.id,
        "requested_by_id": draft.requested_by_id, "started": started, "started_at": moved_if(started),
        "story_type": draft.story_type, "updated_at": time(story.updated),
        "workflow_id": story.place().map(|(workflow, _)| workflow.id), "workflow_state_id": draft.workflow_state_id,
    });
    for (name, value) in NOT_IN_THE_BOX {
        let empty = match value {
            Empty::Null => Value::Null,
            Empty::No => Value::Bool(false),
            Empty::List => json!([]),
        };
        crate::json::set(&mut whole, name, empty);
    }
    crate::json::set(&mut whole, "stats", json!({ "num_related_documents": 0 }));
    whole
}

/// How Shortcut writes that there is none.
enum Empty {
    Null,
    No,
    List,
}

/// What the vendor's stories have and the box's never do.
const NOT_IN_THE_BOX: [(&str, Empty); 15] = [
    ("blocked", Empty::No),
    ("blocker", Empty::No),
    ("completed_at_override", Empty::Null),
    ("custom_fields", Empty::List),
    ("epic_id", Empty::Null),
    ("formatted_vcs_branch_name", Empty::Null),
    ("group_mention_ids", Empty::List),
    ("member_mention_ids", Empty::List),
    ("mention_ids", Empty::List),
    ("parent_story_id", Empty::Null),
    ("previous_iteration_ids", Empty::List),
    ("project_id", Empty::Null),
    ("started_at_override", Empty::Null),
    ("story_links", Empty::List),
    ("story_template_id", Empty::Null),
];

pub(super) fn comment(base_url: &str, comment: &Comment) -> Value {
    json!({
        "app_url": format!("{}#activity-{}", story_url(base_url, comment.story_id), comment.id),
        "author_id": comment.author_id, "created_at": time(comment.created), "deleted": false,
        "entity_type": "story-comment", "external_id": comment.external_id, "group_mention_ids": [], "id": comment.id,
        "linked_to_slack": false, "member_mention_ids": [], "mention_ids": [], "parent_id": null,
        "position": comment.position, "reactions": [], "story_id": comment.story_id, "text": comment.text,
        "updated_at": time(comment.created),
    })
}

pub(super) fn label(base_url: &str, label: &Label) -> Value {
    json!({
        "app_url": format!("{base_url}/label/{}", label.id), "archived": false, "color": null,
        "created_at": label.created, "description": null, "entity_type": "label", "external_id": null,
        "global_id": global_id("Label", label.id), "id": label.id, "name": label.name, "updated_at": label.created,
    })
}

pub(super) fn workflow(workspace: &Workspace, workflow: &Workflow) -> Value {
    let states: Vec<Value> =
        workflow.states.iter().zip(0_u64..).map(|(one, position)| state(workspace, one, position)).collect();
    json!({
        "auto_assign_owner": false, "created_at": FOUNDED, "default_state_id": workflow.default_state_id,
        "description": "", "entity_type": "workflow", "id": workflow.id, "name": workflow.name, "project_ids": [],
        "states": states, "team_id": 1, "updated_at": FOUNDED,
    })
}

fn state(workspace: &Workspace, state: &State, position: u64) -> Value {
    let stories = workspace.stories.iter().filter(|story| story.draft.workflow_state_id == state.id).count();
    json!({
        "created_at": FOUNDED, "description": "", "entity_type": "workflow-state",
        "global_id": global_id("WorkflowState", state.id), "id": state.id, "name": state.name,
        "num_stories": stories, "num_story_templates": 0, "position": position, "type": state.kind,
        "updated_at": FOUNDED, "verb": null,
    })
}

pub(super) fn group(base_url: &str, workspace: &Workspace, group: &Group) -> Value {
    let of_group = |kind: Option<&str>| {
        let belongs = |story: &&Story| {
            story.draft.group_id.as_deref() == Some(group.id) && kind.is_none_or(|kind| story.is(kind))
        };
        workspace.stories.iter().filter(belongs).count()
    };
    json!({
        "app_url": format!("{base_url}/team/{}", group.mention_name), "archived": false, "color": null,
        "color_key": null, "created_at": FOUNDED, "default_workflow_id": group.workflow_id, "description": "",
        "display_icon": icon(base_url, group.id), "entity_type": "group", "global_id": global_id("Group", group.id),
        "id": group.id, "member_ids": group.member_ids, "mention_name": group.mention_name, "name": group.name,
        "num_epics_started": 0, "num_stories": of_group(None), "num_stories_backlog": of_group(Some("backlog")),
        "num_stories_started": of_group(Some("started")), "updated_at": FOUNDED, "workflow_ids": [group.workflow_id],
    })
}

pub(super) fn iteration(base_url: &str, iteration: &Iteration) -> Value {
    let figures = [
        "num_stories_backlog",
        "num_stories_done",
        "num_stories_started",
        "num_stories_unestimated",
        "num_stories_unstarted",
        "num_points",
        "num_points_backlog",
        "num_points_done",
        "num_points_started",
        "num_points_unstarted",
        "num_related_documents",
    ];
    let stats: serde_json::Map<String, Value> = figures.map(|name| (name.to_owned(), json!(0))).into_iter().collect();
    json!({
        "app_url": format!("{base_url}/iteration/{}", iteration.id), "associated_groups": [], "created_at": FOUNDED,
        "end_date": iteration.end_date, "entity_type": "iteration", "follower_ids": [],
        "global_id": global_id("Iteration", iteration.id), "group_ids": [], "group_mention_ids": [],
        "id": iteration.id, "label_ids": [], "labels": [], "member_mention_ids": [], "mention_ids": [],
        "name": iteration.name, "start_date": iteration.start_date, "stats": stats, "status": iteration.status,
        "updated_at": FOUNDED,
    })
}

pub(super) fn member(base_url: &str, member: &Member) -> Value {
    json!({
        "created_at": FOUNDED, "created_without_invite": false, "disabled": member.disabled, "entity_type": "member",
        "global_id": global_id("Member", member.id), "group_ids": [], "id": member.id, "role": "member",
        "state": if member.disabled { "disabled" } else { "full" }, "updated_at": FOUNDED,
        "profile": {
            "deactivated": member.disabled, "display_icon": icon(base_url, member.id),
            "email_address": member.email(), "entity_type": "profile", "gravatar_hash": null, "id": member.id,
            "is_owner": false, "mention_name": member.mention_name, "name": member.name,
        },
    })
}

/// The member that the token belongs to, as `GET /member` tells.
pub(super) fn own_member(base_url: &str) -> Value {
    let [own, ..] = &MEMBERS;
    json!({
        "id": own.id, "is_owner": false, "mention_name": own.mention_name, "name": own.name, "role": "member",
        "organization2": { "id": "50000000-0000-4000-8000-000000000001" },
        "workspace2": {
            "created_at": FOUNDED, "default_workflow_id": 500_000_010, "estimate_scale": [0, 1, 2, 4, 8],
            "id": "50000000-0000-4000-8000-000000000002", "name": "Northwind", "url_slug": "northwind",
            "icon": icon(base_url, "50000000-0000-4000-8000-000000000002"),
        },
    })
}

pub(super) fn webhook(webhook: &Webhook) -> Value {
    json!({
        "created_at": time(webhook.created), "creator_id": super::workspace::own_id(), "disabled": false,
        "entity_type": "integration", "has_secret": webhook.secret.is_some(), "id": webhook.id, "type": "generic",
        "updated_at": time(webhook.created), "webhook_url": webhook.url,
    })
}

fn icon(base_url: &str, id: &str) -> Value {
    json!({
        "created_at": FOUNDED, "entity_type": "icon", "id": id, "updated_at": FOUNDED,
        "url": format!("{base_url}/icon/{id}"),
    })
}

fn global_id(kind: &str, id: impl std::fmt::Display) -> String {
    format!("v2:{kind}:{id}")
}

/// Shortcut's times: whole seconds, UTC.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}
