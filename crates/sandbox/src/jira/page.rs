//! The page that a link to an issue opens.

use std::fmt::Write as _;

use super::document;
use super::site::{Issue, Site};
use super::wire;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f7f8f9;color:#172b4d}\
main{max-width:760px;margin:32px auto;background:#fff;border:1px solid #dfe1e6;border-radius:8px;padding:24px 32px}\
h1{font-size:22px;margin:4px 0 16px}.key{color:#5e6c84}.status{background:#deebff;color:#0747a6;\
border-radius:3px;padding:2px 8px;font-weight:600;font-size:12px;text-transform:uppercase}\
dl{display:grid;grid-template-columns:120px 1fr;gap:4px 16px}dt{color:#5e6c84}dd{margin:0}\
pre{white-space:pre-wrap;font:inherit;margin:0}article{border-top:1px solid #dfe1e6;padding:12px 0}\
@media(prefers-color-scheme:dark){body{background:#161a1d;color:#c7d1db}main{background:#1d2125;border-color:#38414a}}";

/// A readable page of one issue.
pub(super) fn issue(site: &Site, issue: &Issue) -> String {
    let name_of = |id: &str| site.account(id).map_or_else(|| id.to_owned(), |a| a.name.clone());
    let draft = &issue.draft;
    let rows = [
        ("Type", draft.issue_type.1.to_owned()),
        ("Priority", draft.priority.map_or("", |(_, name)| name).to_owned()),
        ("Assignee", draft.assignee.as_deref().map_or("Unassigned".to_owned(), name_of)),
        ("Labels", draft.labels.join(", ")),
        ("Components", draft.components.join(", ")),
        ("Created", wire::time(issue.created)),
    ];
    let mut facts = String::new();
    for (name, value) in rows {
        // Writing to a string can't fail.
        let _ = write!(facts, "<dt>{name}</dt><dd>{}</dd>", escape(&value));
    }
    let mut comments = String::new();
    for comment in &issue.comments {
        let _ = write!(
            comments,
            "<article><b>{}</b> <span class=key>{}</span><pre>{}</pre></article>",
            escape(&name_of(&comment.author)),
            wire::time(comment.created),
            escape(&document::plain_text(&comment.body)),
        );
    }
    let body = format!(
        "<span class=key>{} / {}</span> <span class=status>{}</span><h1>{}</h1><dl>{facts}</dl>\
         <h2>Description</h2><pre>{}</pre><h2>Comments</h2>{comments}",
        draft.project.name,
        issue.key,
        issue.status.name,
        escape(&draft.summary),
        escape(&document::plain_text(&draft.description)),
    );
    page(&issue.key, &body)
}

/// What stands at the address of an issue that does not exist.
pub(super) fn missing(key: &str) -> String {
    page("Not found", &format!("<h1>There is no issue {}</h1>", escape(key)))
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><main>{body}</main></html>"
    )
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
