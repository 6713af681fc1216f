//! The page that a link to a story opens.

use std::fmt::Write as _;

use super::wire;
use super::workspace::{Story, Workspace};
use crate::shortcut::directory::member_with_id;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f6f5f9;color:#1f1c2c}\
main{max-width:760px;margin:32px auto;background:#fff;border:1px solid #e0dce8;border-radius:8px;padding:24px 32px}\
h1{font-size:22px;margin:4px 0 16px}.id{color:#6b6680}.state{background:#e9e1fb;color:#494baf;border-radius:3px;\
padding:2px 8px;font-weight:600;font-size:12px}pre{white-space:pre-wrap;font:inherit;margin:0}\
article{border-top:1px solid #e0dce8;padding:12px 0}\
@media(prefers-color-scheme:dark){body{background:#17151f;color:#cfcbdc}main{background:#201d2b;border-color:#3a3548}}";

/// A readable page of one story.
pub(super) fn story(workspace: &Workspace, story: &Story) -> String {
    let name_of = |id: &str| member_with_id(id).map_or_else(|| id.to_owned(), |member| member.name.to_owned());
    let draft = &story.draft;
    let owners: Vec<String> = draft.owner_ids.iter().map(|id| name_of(id)).collect();
    let facts = [
        ("Type", draft.story_type.clone()),
        ("Owners", owners.join(", ")),
        ("Labels", wire::label_names(workspace, story).join(", ")),
        ("Links", draft.external_links.join(", ")),
        ("Created", wire::time(story.created)),
    ];
    let mut rows = String::new();
    for (name, value) in facts {
        // Writing to a string can't fail.
        let _ = write!(rows, "<p><span class=id>{name}</span> {}</p>", escape(&value));
    }
    let mut comments = String::new();
    for comment in &story.comments {
        let (author, text) = (escape(&name_of(&comment.author_id)), escape(&comment.text));
        let _ = write!(comments, "<article id=activity-{}><b>{author}</b><pre>{text}</pre></article>", comment.id);
    }
    let state = story.place().map_or("", |(_, state)| state.name);
    let body = format!(
        "<span class=id>sc-{}</span> <span class=state>{state}</span><h1>{}</h1>{rows}<h2>Description</h2>\
         <pre>{}</pre><h2>Comments</h2>{comments}",
        story.id,
        escape(&draft.name),
        escape(&draft.description),
    );
    page(&format!("sc-{}", story.id), &body)
}

/// What stands at the address of a story that does not exist.
pub(super) fn missing() -> String {
    page("Not found", "<h1>There is no such story</h1>")
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content=\"width=device-width\">\
         <title>{title}</title><style>{STYLE}</style><main>{body}</main></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
