//! The page that a link to a record opens.

use std::fmt::Write as _;

use serde_json::Value;

use super::org::{Org, Record};
use super::schema::Kind;
use super::wire::name_of;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f3f3f3;color:#181818}\
main{max-width:760px;margin:32px auto;background:#fff;border:1px solid #c9c9c9;border-radius:6px;padding:24px 32px}\
h1{font-size:22px;margin:4px 0 16px}.name{color:#5c5c5c}pre{white-space:pre-wrap;font:inherit;margin:0}\
article{border-top:1px solid #e5e5e5;padding:12px 0}\
@media(prefers-color-scheme:dark){body{background:#16181d;color:#cfd3da}main{background:#20242c;border-color:#3a404c}}";

/// A readable page of one record.
pub(super) fn record(org: &Org, record: &Record) -> String {
    let mut rows = String::new();
    for field in record.object.fields() {
        let value = record.fields.get(field.name).cloned().unwrap_or_default();
        let text = match (&value, field.kind) {
            (Value::Null, _) => continue,
            (Value::String(id), Kind::Reference(..)) => match name_of(org, id) {
                name if name.is_empty() => id.clone(),
                name => name,
            },
            (Value::String(text), _) => text.clone(),
            (other, _) => other.to_string(),
        };
        if !text.is_empty() {
            // Writing to a string can't fail.
            let _ = write!(rows, "<p><span class=name>{}</span> <pre>{}</pre></p>", field.name, escape(&text));
        }
    }
    let mut comments = String::new();
    for comment in org.of("CaseComment").filter(|comment| comment.text("ParentId") == record.id) {
        let author = escape(&name_of(org, comment.text("CreatedById")));
        let _ =
            write!(comments, "<article><b>{author}</b><pre>{}</pre></article>", escape(comment.text("CommentBody")));
    }
    let titles = ["Subject", "Name", "CaseNumber"].map(|field| record.text(field));
    let title = titles.into_iter().find(|title| !title.is_empty()).unwrap_or(record.object.name);
    let body = format!("<span class=name>{}</span><h1>{}</h1>{rows}{comments}", record.object.name, escape(title));
    page(record.object.name, &body)
}

/// What stands at the address of a record that does not exist.
pub(super) fn missing() -> String {
    page("Not found", "<h1>There is no such record</h1>")
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
