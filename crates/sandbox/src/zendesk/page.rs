//! The pages that a person opens.

use std::fmt::Write;

use super::account::{Account, GROUPS, Ticket};
use super::wire;

const STYLE: &str = "body{font:15px/1.5 system-ui,sans-serif;margin:0;background:#f8f9f9;color:#2f3941}\
main{max-width:820px;margin:32px auto;background:#fff;border:1px solid #d8dcde;border-radius:6px;padding:24px 32px}\
h1{font-size:22px;margin:4px 0 16px}small{color:#68737d}article{border-top:1px solid #d8dcde;padding:12px 0}\
article.note{background:#fff7ed;margin:0 -12px;padding:12px}pre{white-space:pre-wrap;font:inherit;margin:0}\
td,th{text-align:left;padding:4px 16px 4px 0}\
@media(prefers-color-scheme:dark){body{background:#151a1e;color:#d8dcde}main{background:#1f262b;border-color:#39434b}\
article.note{background:#33291c}a{color:#8ab4f8}}";

/// A readable page of one ticket.
pub(super) fn ticket(account: &Account, ticket: &Ticket) -> String {
    let name = |id: u64| account.user(id).map_or_else(String::new, |user| escape(&user.name));
    let mut body = format!(
        "<small>#{} · {} · {} · {}</small><h1>{}</h1><p>Requester: {}<br>Assignee: {}<br>Tags: {}</p>",
        ticket.id,
        ticket.status,
        ticket.priority.unwrap_or("no priority"),
        GROUPS.iter().find(|group| Some(group.id) == ticket.group).map_or("no group", |group| group.name),
        escape(&ticket.subject),
        name(ticket.requester),
        ticket.assignee.map_or_else(|| "nobody".to_owned(), name),
        escape(&ticket.tags.iter().cloned().collect::<Vec<_>>().join(", ")),
    );
    for comment in &ticket.comments {
        let (class, kind) = if comment.public { ("", "public reply") } else { ("note", "internal note") };
        // Writing to a string can't fail.
        let _ = write!(
            body,
            "<article class=\"{class}\"><b>{}</b> <small>{kind}, {}</small><pre>{}</pre></article>",
            name(comment.author),
            wire::time(comment.at),
            escape(&comment.plain),
        );
    }
    page(&format!("#{}", ticket.id), &body)
}

/// All tickets, the newest first.
pub(super) fn tickets(account: &Account) -> String {
    let mut rows = String::new();
    for ticket in account.tickets.iter().rev() {
        let _ = write!(
            rows,
            "<tr><td>#{0}<td>{1}<td><a href=\"tickets/{0}\">{2}</a></tr>",
            ticket.id,
            ticket.status,
            escape(&ticket.subject)
        );
    }
    page("Tickets", &format!("<h1>Tickets</h1><table><tr><th>Id<th>Status<th>Subject</tr>{rows}</table>"))
}

/// What stands at the address of a ticket that does not exist.
pub(super) fn missing() -> String {
    page("Not found", "<h1>There is no such ticket</h1>")
}

fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html><html lang=en><meta charset=utf-8>\
         <meta name=viewport content=\"width=device-width\"><title>{title}</title>\
         <style>{STYLE}</style><main>{body}</main></html>"
    )
}

pub(super) fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;").replace('\'', "&#39;")
}
