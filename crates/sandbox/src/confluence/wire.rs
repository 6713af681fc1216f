//! Confluence's JSON.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::routes::Edition;
use super::wiki::{Attachment, Content, Group, Kind, Person, Space, Subject, Wiki};

/// A time as Confluence writes it.
pub(super) fn time(at: Timestamp) -> String {
    at.strftime("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

/// <https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-space/>
pub(super) fn space_v2(space: &Space) -> Value {
    json!({
        "id": space.id.to_string(), "key": space.key, "name": space.name, "type": "global", "status": "current",
        "authorId": "712020:grace", "createdAt": time(space.created),
        "_links": { "webui": format!("/spaces/{}", space.key) },
    })
}

pub(super) fn space_v1(space: &Space) -> Value {
    json!({ "id": space.id, "key": space.key, "name": space.name, "type": "global", "status": "current" })
}

/// <https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-page/>
pub(super) fn page_v2(wiki: &Wiki, page: &Content, with_body: bool) -> Value {
    let parent = page.parent.and_then(|id| wiki.contents.get(&id));
    let space = wiki.space(&page.space).map(|space| space.id.to_string());
    let mut told = json!({
        "id": page.id.to_string(), "status": "current", "title": page.title, "spaceId": space,
        "parentId": parent.map(|parent| parent.id.to_string()),
        "parentType": parent.map(|parent| kind(parent.kind)),
        "position": 0, "authorId": "712020:grace", "ownerId": "712020:grace", "createdAt": time(page.created),
        "version": {
            "createdAt": time(page.modified), "message": "", "number": page.version, "minorEdit": false,
            "authorId": "712020:grace",
        },
        "body": {},
        "_links": { "webui": webui(page), "tinyui": format!("/x/{}", page.id) },
    });
    if with_body && let Some(body) = told.get_mut("body") {
        *body = json!({ "storage": { "representation": "storage", "value": page.storage } });
    }
    told
}

pub(super) fn kind(kind: Kind) -> &'static str {
    match kind {
        Kind::Page => "page",
        Kind::Folder => "folder",
    }
}

fn webui(page: &Content) -> String {
    format!("/spaces/{}/pages/{}", page.space, page.id)
}

/// A page of REST v1 with what `expand` names:
/// <https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content/>.
pub(super) fn page_v1(wiki: &Wiki, page: &Content, edition: Edition, expand: &[&str]) -> Value {
    let mut told = json!({
        "id": page.id.to_string(), "type": "page", "status": "current", "title": page.title,
        "_links": { "webui": webui(page) },
    });
    let mut expanded = |name: &str, value: Value| {
        if let Some(object) = told.as_object_mut() {
            object.insert(name.to_owned(), value);
        }
    };
    if expand.contains(&"space") {
        expanded("space", wiki.space(&page.space).map(space_v1).unwrap_or_default());
    }
    if expand.contains(&"version") {
        expanded("version", json!({ "number": page.version, "when": time(page.modified), "minorEdit": false }));
    }
    if expand.contains(&"ancestors") {
        let above = wiki.ancestors(page).into_iter().filter(|above| above.kind == Kind::Page);
        expanded("ancestors", above.map(|above| json!({ "id": above.id.to_string(), "type": "page" })).collect());
    }
    if expand.contains(&"body.storage") {
        expanded("body", json!({ "storage": { "value": page.storage, "representation": "storage" } }));
    }
    if expand.iter().any(|name| name.starts_with("restrictions.read.restrictions")) {
        expanded("restrictions", json!({ "read": restriction(wiki, page, edition) }));
    }
    told
}

/// <https://developer.atlassian.com/cloud/confluence/rest/v1/api-group-content-restrictions/>
pub(super) fn restriction(wiki: &Wiki, content: &Content, edition: Edition) -> Value {
    let users = content.restricted_to.iter().filter_map(|subject| match subject {
        Subject::User(id) => wiki.person(id).map(|person| user(person, edition)),
        Subject::Group(_) => None,
    });
    let groups = content.restricted_to.iter().filter_map(|subject| match subject {
        Subject::Group(id) => wiki.group(id).map(|told| group(told, edition)),
        Subject::User(_) => None,
    });
    let listed = |results: Vec<Value>| json!({ "size": results.len(), "start": 0, "limit": 200, "results": results });
    json!({
        "operation": "read",
        "restrictions": { "user": listed(users.collect()), "group": listed(groups.collect()) },
    })
}

/// Somebody of REST v1. Cloud tells an address only where its owner lets it.
pub(super) fn user(person: &Person, edition: Edition) -> Value {
    let email = if person.is_email_hidden { "" } else { &person.email };
    match edition {
        Edition::Cloud => json!({
            "type": "known", "accountId": person.account_id, "accountType": "atlassian", "email": email,
            "publicName": person.name, "displayName": person.name,
        }),
        Edition::DataCenter => json!({
            "type": "known", "username": person.username, "userKey": user_key(person), "displayName": person.name,
        }),
    }
}

pub(super) fn user_key(person: &Person) -> String {
    format!("4028{}", hex::encode(&person.username))
}

fn group(group: &Group, edition: Edition) -> Value {
    match edition {
        Edition::Cloud => json!({ "type": "group", "name": group.name, "id": group.id }),
        Edition::DataCenter => json!({ "type": "group", "name": group.name }),
    }
}

/// <https://developer.atlassian.com/cloud/confluence/rest/v2/api-group-user/>
pub(super) fn user_v2(person: &Person) -> Value {
    json!({
        "displayName": person.name, "isExternalCollaborator": false,
        "accountStatus": if person.is_active { "active" } else { "inactive" },
        "accountId": person.account_id, "email": if person.is_email_hidden { "" } else { &person.email },
        "accountType": "atlassian", "publicName": person.name,
    })
}

/// Permissions of a space as Cloud tells them.
pub(super) fn permissions_v2(space: &Space) -> Vec<Value> {
    let entry = |(number, subject): (u64, &Subject)| {
        let (kind, id) = match subject {
            Subject::User(id) => ("user", id),
            Subject::Group(id) => ("group", id),
        };
        let told = |key: &str, target: &str, offset: u64| {
            json!({
                "id": (space.id * 1_000 + number * 2 + offset).to_string(),
                "principal": { "type": kind, "id": id },
                "operation": { "key": key, "targetType": target },
            })
        };
        [told("read", "space", 0), told("create", "comment", 1)]
    };
    (0..).zip(&space.readers).flat_map(entry).collect()
}

/// Permissions of a space as Data Center tells them, from 9.1 on.
pub(super) fn permissions_v1(wiki: &Wiki, space: &Space) -> Value {
    let entry = |subject: &Subject| {
        let subject = match subject {
            Subject::User(id) => json!({ "type": "user", "userKey": wiki.person(id).map(user_key) }),
            Subject::Group(id) => json!({ "type": "group", "name": wiki.group(id).map(|group| &group.name) }),
        };
        json!({
            "operation": { "targetType": "space", "operationKey": "read" }, "subject": subject, "spaceKey": space.key,
            "spaceId": space.id,
        })
    };
    space.readers.iter().map(entry).collect()
}

/// An attachment of REST v1 with everything.
pub(super) fn attachment(attachment: &Attachment, edition: Edition) -> Value {
    let id = match edition {
        Edition::Cloud => format!("att{}", attachment.id),
        Edition::DataCenter => attachment.id.to_string(),
    };
    let (page, file) = (attachment.page, &attachment.file);
    json!({
        "id": id, "type": "attachment", "status": "current", "title": file,
        "version": { "number": attachment.version, "when": time(attachment.modified) },
        "container": { "id": page.to_string(), "type": "page" },
        "metadata": { "mediaType": attachment.media_type },
        "extensions": { "mediaType": attachment.media_type, "fileSize": attachment.bytes.len() },
        "_links": {
            "webui": format!("/pages/viewpageattachments.action?pageId={page}&preview={id}"),
            "download": format!("/download/attachments/{page}/{}?version={}", attachment.id, attachment.version),
        },
    })
}

/// What a webhook tells: <https://confluence.atlassian.com/doc/managing-webhooks-1021225606.html>.
pub(super) fn event(wiki: &Wiki, event: &str, page: Option<u64>) -> Value {
    let page = page.and_then(|id| wiki.contents.get(&id));
    let page =
        page.map(|page| json!({ "id": page.id, "title": page.title, "spaceKey": page.space, "version": page.version }));
    let mut told = json!({ "timestamp": Timestamp::now().as_millisecond(), "event": event });
    if let (Some(page), Some(object)) = (page, told.as_object_mut()) {
        object.insert("page".to_owned(), page);
    }
    told
}
