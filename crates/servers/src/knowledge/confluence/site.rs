//! What is asked of a site, in both editions' words.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use super::client::{Client, Query, V1, next, pair, results, text};
use super::config::{ConfluenceConfig, ConfluenceConfigError};
use super::{cloud, data_center};
use crate::failure::ToolFailure;
use crate::jira::Edition;
use crate::knowledge::audience::{Audience, Email, Gate, Principal};

/// Items that are asked for at once.
const PAGE: usize = 50;
/// Members of a group on a page of them, and pages that are read.
const MEMBERS_PAGE: usize = 200;
const MEMBERS_PAGES_MAX: usize = 100;
/// An attachment's bytes at most, as Confluence tells them.
const ATTACHMENT_BYTES_MAX: u64 = 2 * 1024 * 1024;

/// A space.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SpaceLine {
    pub(super) id: String,
    pub(super) key: String,
}

/// A page without its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct PageLine {
    pub(super) id: String,
    pub(super) space: String,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) updated_at: Option<String>,
    pub(super) url: Option<String>,
    pub(super) parent: Parent,
}

/// What a page stands below.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Parent {
    None,
    Page(String),
    /// A folder, a whiteboard or the like, which has restrictions too.
    Other,
}

/// A file of a page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct AttachmentLine {
    pub(super) id: String,
    pub(super) page: String,
    pub(super) title: String,
    pub(super) version: String,
    pub(super) updated_at: Option<String>,
    pub(super) url: Option<String>,
    pub(super) download: String,
    pub(super) is_html: bool,
}

/// A page of pages, and where the next begins.
pub(super) type Pages = (Vec<PageLine>, Option<Query>);

/// Pages with their texts, by their ids.
pub(super) type Bodies = BTreeMap<String, (PageLine, String)>;

/// A site.
#[derive(Debug)]
pub(super) struct Site {
    pub(super) client: Client,
    pub(super) config: ConfluenceConfig,
    /// The names of Data Center's users by their keys, as the last sweep was told them.
    pub(super) users: Mutex<BTreeMap<String, String>>,
}

impl Site {
    pub(super) fn new(config: ConfluenceConfig) -> Result<Self, ConfluenceConfigError> {
        Ok(Self { client: Client::new(&config)?, config, users: Mutex::default() })
    }

    /// That what was told of users is asked for again.
    pub(super) fn forget_users(&self) {
        self.users.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The spaces that are served and that the account sees.
    pub(super) async fn spaces(&self) -> Result<Vec<SpaceLine>, ToolFailure> {
        match self.config.edition {
            Edition::Cloud => cloud::spaces(self).await,
            Edition::DataCenter => data_center::spaces(self).await,
        }
    }

    /// Who may read a space.
    pub(super) async fn space_audience(&self, space: &SpaceLine) -> Result<Audience, ToolFailure> {
        if self.config.public_spaces.contains(&space.key) {
            return Ok(Audience::Everybody);
        }
        match self.config.edition {
            Edition::Cloud => cloud::space_audience(self, space).await,
            Edition::DataCenter => data_center::space_audience(self, space).await,
        }
    }

    /// A gate of these; open when one of them holds everybody.
    pub(super) fn gate(&self, gate: Gate, groups: &[String]) -> Audience {
        if groups.iter().any(|group| self.config.public_groups.contains(group)) {
            return Audience::Everybody;
        }
        if gate.is_empty() { Audience::Nobody } else { Audience::only(gate) }
    }

    /// The pages of a space: `from` where a page before left off; the newest changes first when that is asked for.
    pub(super) async fn pages(
        &self,
        space: &SpaceLine,
        from: Option<Query>,
        newest: bool,
    ) -> Result<Pages, ToolFailure> {
        match self.config.edition {
            Edition::Cloud => cloud::pages(self, space, from, newest, PAGE).await,
            Edition::DataCenter => data_center::pages(self, space, from, newest, PAGE).await,
        }
    }

    /// One page; nothing when it is gone, in the trash, or not to be seen.
    pub(super) async fn page(&self, id: &str) -> Result<Option<PageLine>, ToolFailure> {
        match self.config.edition {
            Edition::Cloud => cloud::page(self, id).await,
            Edition::DataCenter => data_center::page(self, id).await,
        }
    }

    /// Pages as they are now, without those that are gone.
    pub(super) async fn lines(&self, ids: &[&str]) -> Result<Vec<PageLine>, ToolFailure> {
        match self.config.edition {
            Edition::Cloud => cloud::lines(self, ids).await,
            Edition::DataCenter => data_center::lines(self, ids).await,
        }
    }

    /// The texts of pages in Confluence's storage format, each with the page as it was then.
    pub(super) async fn bodies(&self, ids: &[&str]) -> Result<Bodies, ToolFailure> {
        match self.config.edition {
            Edition::Cloud => cloud::bodies(self, ids).await,
            Edition::DataCenter => data_center::bodies(self, ids).await,
        }
    }

    /// Who may read each of the pages, as far as their own restrictions say. One that is not told is asked for by itself,
    /// and closed when that tells nothing either.
    pub(super) async fn restrictions(&self, ids: &[&str]) -> Result<BTreeMap<String, Audience>, ToolFailure> {
        if ids.is_empty() {
            return Ok(BTreeMap::new());
        }
        let query = vec![
            pair("cql", format!("id in ({})", ids.join(","))),
            pair("expand", RESTRICTIONS),
            pair("limit", ids.len()),
        ];
        let answer = self.client.get(&format!("{V1}/content/search"), &query).await?;
        let mut found = BTreeMap::new();
        for content in results(&answer) {
            if let (Some(id), Some(told)) = (text(content, "/id"), content.pointer("/restrictions/read/restrictions")) {
                found.extend(self.restriction(told).map(|audience| (id, audience)));
            }
        }
        for id in ids {
            if !found.contains_key(*id) {
                found.insert((*id).to_owned(), self.own_restriction(id).await?);
            }
        }
        Ok(found)
    }

    /// Who may read one piece of content, as far as its own restriction says.
    pub(super) async fn own_restriction(&self, id: &str) -> Result<Audience, ToolFailure> {
        let path = format!("{V1}/content/{id}/restriction/byOperation/read");
        let query = vec![pair("expand", "restrictions.user,restrictions.group")];
        let told = self.client.find(&path, &query).await?;
        let audience = told.as_ref().and_then(|told| told.get("restrictions")).and_then(|told| self.restriction(told));
        Ok(audience.unwrap_or(Audience::Nobody))
    }

    /// `{user: {results}, group: {results}}`; nothing when it has another shape. No names at all is no restriction.
    pub(super) fn restriction(&self, told: &Value) -> Option<Audience> {
        let users = told.pointer("/user/results")?.as_array()?;
        let groups = told.pointer("/group/results")?.as_array()?;
        if users.is_empty() && groups.is_empty() {
            return Some(Audience::Everybody);
        }
        let mut gate = Gate::new();
        gate.extend(users.iter().filter_map(|user| self.user(user)).map(|id| Principal::confluence_user(&id)));
        let group = match self.config.edition {
            Edition::Cloud => "/id",
            Edition::DataCenter => "/name",
        };
        gate.extend(groups.iter().filter_map(|told| text(told, group)).map(|id| Principal::confluence_group(&id)));
        let names: Vec<String> =
            groups.iter().flat_map(|told| [text(told, "/id"), text(told, "/name")]).flatten().collect();
        Some(self.gate(gate, &names))
    }

    /// The id by which a user is known here: Cloud's account id, Data Center's user name.
    pub(super) fn user(&self, told: &Value) -> Option<String> {
        text(
            told,
            match self.config.edition {
                Edition::Cloud => "/accountId",
                Edition::DataCenter => "/username",
            },
        )
    }

    /// The text-like attachments of a space: `from` where a page before left off.
    pub(super) async fn attachments(
        &self,
        space: &SpaceLine,
        from: Option<Query>,
    ) -> Result<(Vec<AttachmentLine>, Option<Query>), ToolFailure> {
        let query = from.unwrap_or_else(|| {
            vec![
                pair("cql", format!("space = \"{}\" and type = attachment order by id", space.key)),
                pair("expand", "version,container,metadata,extensions"),
                pair("limit", PAGE),
            ]
        });
        let answer = self.client.get(&format!("{V1}/content/search"), &query).await?;
        Ok((results(&answer).filter_map(|told| self.attachment(told)).collect(), next(&answer)))
    }

    fn attachment(&self, told: &Value) -> Option<AttachmentLine> {
        let kind = text(told, "/metadata/mediaType").or_else(|| text(told, "/extensions/mediaType"))?;
        let kind = kind.split(';').next().unwrap_or_default().trim().to_lowercase();
        let is_text = kind.starts_with("text/")
            || matches!(
                kind.as_str(),
                "application/json" | "application/xml" | "application/yaml" | "application/x-yaml"
            );
        let length = told.pointer("/extensions/fileSize").and_then(Value::as_u64).unwrap_or_default();
        if !is_text || length > ATTACHMENT_BYTES_MAX || text(told, "/container/type")? != "page" {
            return None;
        }
        Some(AttachmentLine {
            id: text(told, "/id")?,
            page: text(told, "/container/id")?,
            title: text(told, "/title")?,
            version: told.pointer("/version/number")?.as_u64()?.to_string(),
            updated_at: text(told, "/version/when"),
            url: text(told, "/_links/webui").map(|path| format!("{}{path}", self.client.base())),
            download: text(told, "/_links/download").filter(|path| path.starts_with('/'))?,
            is_html: kind == "text/html",
        })
    }

    /// Who is in a group.
    pub(super) async fn members(&self, group: &str) -> Result<Vec<Value>, ToolFailure> {
        let segment: String = url::form_urlencoded::byte_serialize(group.as_bytes()).collect();
        let segment = segment.replace('+', "%20");
        let path = match self.config.edition {
            Edition::Cloud => format!("{V1}/group/{segment}/membersByGroupId"),
            Edition::DataCenter => format!("{V1}/group/{segment}/member"),
        };
        let mut members = Vec::new();
        for number in 0..MEMBERS_PAGES_MAX {
            let query = vec![pair("start", number * MEMBERS_PAGE), pair("limit", MEMBERS_PAGE)];
            // A group that is gone has nobody in it.
            let Some(answer) = self.client.find(&path, &query).await? else { return Ok(Vec::new()) };
            let found: Vec<Value> = results(&answer).cloned().collect();
            let is_last = found.len() < MEMBERS_PAGE;
            members.extend(found);
            if is_last {
                break;
            }
        }
        Ok(members)
    }

    /// The e-mail addresses of accounts, as far as they are told; Data Center tells them with a group's members, if at all.
    pub(super) async fn emails(
        &self,
        accounts: &BTreeSet<String>,
        told: &BTreeMap<String, Email>,
    ) -> Result<Vec<(String, Email)>, ToolFailure> {
        match self.config.edition {
            Edition::Cloud => cloud::emails(self, accounts).await,
            Edition::DataCenter => Ok(data_center::emails(self, accounts, told)),
        }
    }
}

/// What of restrictions is to be told of each page.
pub(super) const RESTRICTIONS: &str = "restrictions.read.restrictions.user,restrictions.read.restrictions.group";
