//! The state: spaces, pages and folders, attachments, people and groups.

use std::collections::{BTreeMap, VecDeque};

use jiff::Timestamp;
use tokio::time::Instant;

use super::ConfluenceCounts;
use crate::record::Exchanges;

/// Somebody who may read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Subject {
    /// By account id.
    User(String),
    /// By group id.
    Group(String),
}

#[derive(Debug)]
pub(super) struct Space {
    pub(super) id: u64,
    pub(super) key: String,
    pub(super) name: String,
    pub(super) readers: Vec<Subject>,
    pub(super) created: Timestamp,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Page,
    Folder,
}

/// A page or a folder.
#[derive(Debug)]
pub(super) struct Content {
    pub(super) id: u64,
    pub(super) kind: Kind,
    pub(super) space: String,
    pub(super) parent: Option<u64>,
    pub(super) title: String,
    pub(super) storage: String,
    pub(super) version: u64,
    pub(super) created: Timestamp,
    pub(super) modified: Timestamp,
    /// Counts changes, so that the order of those within one tick is known.
    pub(super) change: u64,
    pub(super) is_trashed: bool,
    pub(super) restricted_to: Vec<Subject>,
}

#[derive(Debug)]
pub(super) struct Attachment {
    pub(super) id: u64,
    pub(super) page: u64,
    pub(super) file: String,
    pub(super) media_type: String,
    pub(super) bytes: Vec<u8>,
    pub(super) version: u64,
    pub(super) modified: Timestamp,
}

#[derive(Debug)]
pub(super) struct Person {
    pub(super) account_id: String,
    /// On Data Center.
    pub(super) username: String,
    pub(super) name: String,
    pub(super) email: String,
    pub(super) is_email_hidden: bool,
    /// False for one who has left: the account is still in its groups.
    pub(super) is_active: bool,
}

#[derive(Debug)]
pub(super) struct Group {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) members: Vec<String>,
}

#[derive(Debug)]
pub(super) struct Wiki {
    pub(super) spaces: Vec<Space>,
    pub(super) contents: BTreeMap<u64, Content>,
    pub(super) attachments: BTreeMap<u64, Attachment>,
    pub(super) people: Vec<Person>,
    pub(super) groups: Vec<Group>,
    pub(super) exchanges: Exchanges,
    pub(super) requests: u64,
    pub(super) recent: VecDeque<Instant>,
    next_id: u64,
    changes: u64,
}

impl Wiki {
    pub(super) fn seeded() -> Self {
        let person = |name: &str| {
            let first = name.split(' ').next().unwrap_or_default().to_lowercase();
            Person {
                account_id: format!("712020:{first}"),
                name: name.to_owned(),
                email: format!("{first}@northwind.example"),
                is_email_hidden: first == "carla",
                is_active: true,
                username: first,
            }
        };
        let group = |id: &str, members: &[&str]| Group {
            id: format!("g-{id}"),
            name: id.to_owned(),
            members: members.iter().map(|member| format!("712020:{member}")).collect(),
        };
        let mut wiki = Self {
            spaces: Vec::new(),
            contents: BTreeMap::new(),
            attachments: BTreeMap::new(),
            people: ["Anna Adler", "Ben Brandt", "Carla Costa", "Dev Desai", "Elena Evans", "Frank Ford", "Grace Gray"]
                .map(person)
                .into(),
            groups: vec![
                group("staff", &["anna", "ben", "carla", "dev", "elena"]),
                group("finance", &["anna", "carla"]),
            ],
            exchanges: Exchanges::default(),
            requests: 0,
            recent: VecDeque::new(),
            next_id: 65_536,
            changes: 0,
        };
        for (key, name, group) in [("HELP", "Help", "g-staff"), ("FIN", "Finance", "g-finance")] {
            wiki.add_space(key, name);
            wiki.open_space(key, vec![Subject::Group(group.to_owned())]);
        }
        wiki
    }

    pub(super) fn counts(&self) -> ConfluenceCounts {
        let is_page = |content: &&Content| content.kind == Kind::Page && !content.is_trashed;
        ConfluenceCounts { pages: self.contents.values().filter(is_page).count() as u64, requests: self.requests }
    }

    fn id(&mut self) -> u64 {
        self.next_id += 1;
        self.next_id
    }

    pub(super) fn space(&self, key: &str) -> Option<&Space> {
        self.spaces.iter().find(|space| space.key == key)
    }

    pub(super) fn space_by_id(&self, id: &str) -> Option<&Space> {
        self.spaces.iter().find(|space| space.id.to_string() == id)
    }

    pub(super) fn person(&self, account_id: &str) -> Option<&Person> {
        self.people.iter().find(|person| person.account_id == account_id)
    }

    pub(super) fn group(&self, id: &str) -> Option<&Group> {
        self.groups.iter().find(|group| group.id == id)
    }

    pub(super) fn add_space(&mut self, key: &str, name: &str) {
        let id = self.id();
        let (key, name) = (key.to_owned(), name.to_owned());
        self.spaces.push(Space { id, key, name, readers: Vec::new(), created: Timestamp::now() });
    }

    pub(super) fn remove_space(&mut self, key: &str) {
        self.spaces.retain(|space| space.key != key);
        self.contents.retain(|_, content| content.space != key);
        let Self { attachments, contents, .. } = self;
        attachments.retain(|_, attachment| contents.contains_key(&attachment.page));
    }

    pub(super) fn open_space(&mut self, key: &str, readers: Vec<Subject>) -> bool {
        let space = self.spaces.iter_mut().find(|space| space.key == key);
        space.map(|space| space.readers = readers).is_some()
    }

    pub(super) fn deactivate(&mut self, account_id: &str) -> bool {
        let person = self.people.iter_mut().find(|person| person.account_id == account_id);
        person.map(|person| person.is_active = false).is_some()
    }

    pub(super) fn set_members(&mut self, group: &str, members: Vec<String>) {
        if let Some(group) = self.groups.iter_mut().find(|known| known.id == group) {
            group.members = members;
        }
    }

    pub(super) fn add(
        &mut self,
        kind: Kind,
        space: &str,
        parent: Option<u64>,
        title: &str,
        storage: &str,
    ) -> Option<u64> {
        self.space(space)?;
        let (id, now) = (self.id(), Timestamp::now());
        self.changes += 1;
        let content = Content {
            id,
            kind,
            space: space.to_owned(),
            parent,
            title: title.to_owned(),
            storage: storage.to_owned(),
            version: 1,
            created: now,
            modified: now,
            change: self.changes,
            is_trashed: false,
            restricted_to: Vec::new(),
        };
        self.contents.insert(id, content);
        Some(id)
    }

    pub(super) fn edit(&mut self, id: u64, storage: &str) -> bool {
        self.changes += 1;
        let change = self.changes;
        let page = self.contents.get_mut(&id).filter(|content| content.kind == Kind::Page && !content.is_trashed);
        let Some(page) = page else { return false };
        storage.clone_into(&mut page.storage);
        page.version += 1;
        page.modified = Timestamp::now();
        page.change = change;
        true
    }

    pub(super) fn move_below(&mut self, id: u64, parent: Option<u64>) -> bool {
        self.contents.get_mut(&id).map(|content| content.parent = parent).is_some()
    }

    pub(super) fn trash(&mut self, id: u64) -> bool {
        let page = self.contents.get_mut(&id).filter(|content| !content.is_trashed);
        page.map(|page| page.is_trashed = true).is_some()
    }

    pub(super) fn restrict(&mut self, id: u64, subjects: Vec<Subject>) -> bool {
        self.contents.get_mut(&id).map(|content| content.restricted_to = subjects).is_some()
    }

    pub(super) fn attach(&mut self, page: u64, file: &str, media_type: &str, bytes: &[u8]) {
        let known = self.attachments.values().find(|known| known.page == page && known.file == file);
        let (id, version) = match known.map(|known| (known.id, known.version)) {
            Some((id, version)) => (id, version + 1),
            None => (self.id(), 1),
        };
        let attachment = Attachment {
            id,
            page,
            file: file.to_owned(),
            media_type: media_type.to_owned(),
            bytes: bytes.to_vec(),
            version,
            modified: Timestamp::now(),
        };
        self.attachments.insert(id, attachment);
    }

    /// A page or folder that is not in the trash.
    pub(super) fn live(&self, id: u64) -> Option<&Content> {
        self.contents.get(&id).filter(|content| !content.is_trashed)
    }

    /// The pages of a space that are not in the trash, by id.
    pub(super) fn pages(&self, space: &str) -> Vec<&Content> {
        let is_page = |content: &&Content| content.kind == Kind::Page && content.space == space && !content.is_trashed;
        self.contents.values().filter(is_page).collect()
    }

    /// What stands above a page, the highest first.
    pub(super) fn ancestors(&self, content: &Content) -> Vec<&Content> {
        let mut above = Vec::new();
        let mut at = content.parent;
        while let Some(found) = at.and_then(|id| self.contents.get(&id)) {
            above.push(found);
            at = found.parent;
        }
        above.reverse();
        above
    }
}
