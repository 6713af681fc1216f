//! Bringing a site's pages, attachments and people into the store.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use deskbell_judgement::hypertext;
use serde_json::Value;

use super::PREFIX;
use super::client::{Query, text};
use super::places::{Place, Places};
use super::site::{AttachmentLine, Bodies, PageLine, Site, SpaceLine};
use crate::failure::{ErrorKind, ToolFailure};
use crate::knowledge::audience::{Audience, Email, Principal};
use crate::knowledge::inherited::STALE_SECONDS;
use crate::knowledge::library::Library;
use crate::knowledge::store::{Space, Stored, StoredLine, documents, now, people};

/// The newest changes are followed back so many times.
const NEWEST_PAGES_MAX: usize = 20;

/// Where a sweep goes on.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
struct Cursor {
    /// Since when permissions are read that it does not read again.
    since: i64,
    stage: Stage,
}

#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
enum Stage {
    /// And where it goes on with attachments afterwards.
    Pages {
        from: Option<Query>,
        attachments: Option<Query>,
    },
    Attachments(Option<Query>),
}

impl Cursor {
    /// Where one goes on that broke off: permissions may have changed meanwhile, so that pages come again before any more
    /// attachments, and after too long a time from their beginning.
    fn resumed(written: &str) -> Option<Self> {
        let cursor: Self = serde_json::from_str(written).ok()?;
        Some(match cursor.stage {
            Stage::Pages { .. } if now().saturating_sub(cursor.since) < STALE_SECONDS => cursor,
            Stage::Pages { attachments, .. } | Stage::Attachments(attachments) => Self::anew(attachments),
        })
    }

    fn anew(attachments: Option<Query>) -> Self {
        Self { since: now(), stage: Stage::Pages { from: None, attachments } }
    }
}

/// What goes into the store at once.
#[derive(Debug, Default)]
struct Taken {
    put: Vec<Stored>,
    /// Paths of what is there in the version that is known.
    seen: Vec<String>,
    places: Places,
    /// Who may read the space, where that was asked for.
    readers: Option<Audience>,
}

/// Brings one site into the store.
#[derive(Debug)]
pub(super) struct Sync {
    site: Site,
    documents: Arc<Library>,
    /// The spaces that were there at the last sweep.
    spaces: Mutex<Vec<SpaceLine>>,
    /// Whom the people that were last asked for were asked for.
    asked_for: Mutex<BTreeSet<Principal>>,
}

fn source(space: &SpaceLine) -> String {
    format!("{PREFIX}:{}", space.key)
}

fn page_path(space: &SpaceLine, id: &str) -> String {
    format!("{PREFIX}/{}/{id}", space.key)
}

fn parent_path(space: &SpaceLine, place: &Place) -> Option<String> {
    place.parent.as_ref().map(|id| page_path(space, id))
}

fn attachment_path(space: &SpaceLine, attachment: &AttachmentLine) -> String {
    format!("{}/{}", page_path(space, &attachment.page), attachment.id)
}

impl Sync {
    pub(super) fn new(site: Site, documents: Arc<Library>) -> Self {
        Self { site, documents, spaces: Mutex::default(), asked_for: Mutex::default() }
    }

    /// Goes through all spaces. One that fails keeps no other waiting; the first failure is told.
    pub(super) async fn sweep(&self) -> Result<(), ToolFailure> {
        self.site.forget_users();
        let spaces = self.site.spaces().await?;
        let kept: Vec<String> = spaces.iter().map(source).collect();
        let forget = move |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction()?;
            documents::keep_sources(&transaction, &format!("{PREFIX}:"), &kept)?;
            transaction.commit()
        };
        self.documents.store.run(forget).await?;
        spaces.clone_into(&mut self.spaces.lock().unwrap_or_else(PoisonError::into_inner));
        let (mut swept, mut failed) = (Vec::new(), None);
        for space in &spaces {
            match self.sweep_space(space).await {
                Ok((audience, since)) => swept.push((space, audience, since)),
                Err(failure) => {
                    tracing::warn!(space = space.key, kind = ?failure.error_kind, "a space could not be swept: {}", failure.message);
                    failed = failed.or(Some(failure));
                    // Nobody is to be asked again at once.
                    if failed.as_ref().is_some_and(|failure| failure.retry_after_seconds.is_some()) {
                        break;
                    }
                }
            }
        }
        self.read_people().await?;
        for (space, audience, since) in swept {
            let state = self.state(space).await?;
            self.set_state(space, Space { audience, swept_at: Some(since), ..state }).await?;
        }
        self.documents.reconcile().await?;
        failed.map_or(Ok(()), Err)
    }

    /// Asks for what changed last.
    pub(super) async fn poll(&self) -> Result<(), ToolFailure> {
        let spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner).clone();
        for space in &spaces {
            let sweep = self.state(space).await?.sweep;
            let mut from = None;
            for _ in 0..NEWEST_PAGES_MAX {
                let (lines, next) = self.site.pages(space, from, true).await?;
                let known = self.known(space).await?;
                let is_new = |line: &PageLine| {
                    known.get(&page_path(space, &line.id)).is_none_or(|known| known.version != line.version)
                };
                let count = lines.len();
                let changed: Vec<PageLine> = lines.into_iter().filter(is_new).collect();
                let is_all = !changed.is_empty() && changed.len() == count;
                if self.take(space, changed, sweep).await? {
                    // What got narrower counts before anybody else is asked.
                    self.documents.reconcile().await?;
                    self.read_new_people().await?;
                    self.documents.reconcile().await?;
                }
                from = next.filter(|_| is_all);
                if from.is_none() {
                    break;
                }
            }
        }
        // As time goes by, what was not swept is closed.
        self.documents.reconcile().await
    }

    /// Asks for one page, of which something was told.
    pub(super) async fn refresh(&self, id: &str) -> Result<(), ToolFailure> {
        let spaces = self.spaces.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let line = self.site.page(id).await?;
        let home = line.as_ref().and_then(|line| spaces.iter().find(|space| space.id == line.space));
        let gone: Vec<String> =
            spaces.iter().filter(|space| Some(*space) != home).map(|space| page_path(space, id)).collect();
        self.forget(gone).await?;
        if let (Some(line), Some(space)) = (line.clone(), home) {
            let sweep = self.state(space).await?.sweep;
            self.take(space, vec![line], sweep).await?;
            self.documents.reconcile().await?;
            self.read_new_people().await?;
        }
        self.documents.reconcile().await
    }

    /// Goes through a space, from where a sweep before broke off; says who may read it, and since when its permissions are
    /// known.
    async fn sweep_space(&self, space: &SpaceLine) -> Result<(Audience, i64), ToolFailure> {
        let mut state = self.state(space).await?;
        // What got narrower counts at once.
        state.audience = self.site.space_audience(space).await?;
        let resumed = state.cursor.as_deref().and_then(Cursor::resumed);
        let mut at = resumed.unwrap_or_else(|| {
            state.sweep += 1;
            Cursor::anew(None)
        });
        let sweep = state.sweep;
        self.set_state(space, state).await?;
        loop {
            self.set_cursor(space, serde_json::to_string(&at).ok()).await?;
            let step = match at.stage {
                Stage::Pages { from, attachments } => self.sweep_pages(space, from, attachments, sweep).await,
                Stage::Attachments(from) => self.sweep_attachments(space, from, sweep).await,
            };
            match step {
                Ok(Some(next)) => at.stage = next,
                Ok(None) => break,
                Err(failure) => {
                    // A place that Confluence no longer knows is none to go on from.
                    if failure.error_kind == ErrorKind::Permanent {
                        self.set_cursor(space, None).await?;
                    }
                    return Err(failure);
                }
            }
        }
        self.set_cursor(space, None).await?;
        let name = source(space);
        let forget = move |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction()?;
            documents::remove_unseen(&transaction, &name, sweep)?;
            transaction.commit()
        };
        self.documents.store.run(forget).await?;
        // Asked again: what was read meanwhile is for those who may read the space now.
        Ok((self.site.space_audience(space).await?, at.since))
    }

    async fn sweep_pages(
        &self,
        space: &SpaceLine,
        from: Option<Query>,
        attachments: Option<Query>,
        sweep: i64,
    ) -> Result<Option<Stage>, ToolFailure> {
        let (lines, next) = self.site.pages(space, from, false).await?;
        if self.take(space, lines, sweep).await? {
            self.documents.reconcile().await?;
        }
        Ok(Some(match next {
            Some(next) => Stage::Pages { from: Some(next), attachments },
            None => Stage::Attachments(attachments),
        }))
    }

    /// Writes pages with their restrictions; their texts are asked for where the version is another. Says whether anything
    /// changed.
    async fn take(&self, space: &SpaceLine, lines: Vec<PageLine>, sweep: i64) -> Result<bool, ToolFailure> {
        if lines.is_empty() {
            return Ok(false);
        }
        let known = self.known(space).await?;
        let is_new =
            |line: &&PageLine| known.get(&page_path(space, &line.id)).is_none_or(|known| known.version != line.version);
        let changed: Vec<&str> = lines.iter().filter(is_new).map(|line| line.id.as_str()).collect();
        let mut taken = Taken::default();
        let mut bodies = Bodies::new();
        if !changed.is_empty() {
            // Before all that says who reads: a text that was written under a new restriction, of its page or of one above,
            // must not come with the old one.
            bodies = self.site.bodies(&changed).await?;
            let now = bodies.values().map(|(line, _)| line.clone()).collect();
            taken.places = self.site.places(space, now).await?;
            taken.readers = Some(self.site.space_audience(space).await?);
        }
        let same: Vec<PageLine> = lines.iter().filter(|line| !taken.places.contains_key(&line.id)).cloned().collect();
        taken.places.extend(self.site.places_of(space, &same).await?);
        for line in &lines {
            match (bodies.remove(&line.id), taken.places.get(&line.id)) {
                // One that was moved to another space meanwhile is none of this one's.
                (Some((line, storage)), Some(place)) if line.space == space.id => {
                    taken.put.push(stored(space, &line, place, &storage));
                }
                (Some(_), _) => {}
                (None, _) => taken.seen.push(page_path(space, &line.id)),
            }
        }
        let is_moved = |(id, place): (&String, &Place)| {
            let known = known.get(&page_path(space, id));
            known.is_some_and(|known| known.parent != parent_path(space, place) || known.audience != place.audience)
        };
        let is_changed = !taken.put.is_empty() || taken.places.iter().any(is_moved);
        self.write(space, taken, sweep).await?;
        Ok(is_changed)
    }

    /// All of it, or nothing.
    async fn write(&self, space: &SpaceLine, taken: Taken, sweep: i64) -> Result<(), ToolFailure> {
        let Taken { put, seen, places, readers } = taken;
        let placed = places.into_iter().map(|(id, place)| {
            let parent = parent_path(space, &place);
            (page_path(space, &id), parent, place.audience)
        });
        let (source, placed): (_, Vec<_>) = (source(space), placed.collect());
        let write = move |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction()?;
            if let Some(readers) = &readers {
                documents::open_space(&transaction, &source, readers)?;
            }
            for document in &put {
                documents::put(&transaction, document, sweep)?;
            }
            for path in &seen {
                documents::touch(&transaction, path, sweep)?;
            }
            for (path, parent, audience) in &placed {
                documents::place(&transaction, path, parent.as_deref(), audience)?;
            }
            transaction.commit()
        };
        self.documents.store.run(write).await
    }

    async fn sweep_attachments(
        &self,
        space: &SpaceLine,
        from: Option<Query>,
        sweep: i64,
    ) -> Result<Option<Stage>, ToolFailure> {
        let (lines, next) = self.site.attachments(space, from).await?;
        let known = self.known(space).await?;
        let (mut taken, mut pages) = (Taken::default(), BTreeSet::new());
        for line in &lines {
            let (path, parent) = (attachment_path(space, line), page_path(space, &line.page));
            // A page that is not there has nothing to show.
            if !known.contains_key(&parent) {
                continue;
            }
            if known.get(&path).is_some_and(|known| known.version == line.version) {
                taken.seen.push(path);
                continue;
            }
            let Some(bytes) = self.site.client.file(&line.download).await? else { continue };
            let Ok(text) = String::from_utf8(bytes) else { continue };
            taken.put.push(stored_attachment(space, line, path, parent, &text));
            pages.insert(line.page.as_str());
        }
        let is_changed = !taken.put.is_empty();
        if is_changed {
            // After the files, as after the texts of pages.
            let pages: Vec<&str> = pages.into_iter().collect();
            taken.places = self.site.places_by_id(space, &pages).await?;
            taken.readers = Some(self.site.space_audience(space).await?);
        }
        self.write(space, taken, sweep).await?;
        if is_changed {
            self.documents.reconcile().await?;
        }
        Ok(next.map(|next| Stage::Attachments(Some(next))))
    }

    /// Whoever is named anywhere as one who may read.
    async fn named(&self) -> Result<BTreeSet<Principal>, ToolFailure> {
        let read =
            |connection: &mut rusqlite::Connection| Ok((documents::lines(connection)?, documents::spaces(connection)?));
        let (lines, spaces) = self.documents.store.run(read).await?;
        let audiences = lines.iter().map(|line| &line.audience).chain(spaces.values().map(|space| &space.audience));
        let gates = audiences.filter_map(|audience| match audience {
            Audience::Gates(gates) => Some(gates.iter().flatten().cloned()),
            Audience::Everybody | Audience::Nobody => None,
        });
        Ok(gates.flatten().collect())
    }

    /// [`Self::read_people`], where somebody is named who was not asked for.
    async fn read_new_people(&self) -> Result<(), ToolFailure> {
        let named = self.named().await?;
        let has_new = !named.is_subset(&self.asked_for.lock().unwrap_or_else(PoisonError::into_inner));
        if has_new { self.read_people().await } else { Ok(()) }
    }

    /// Who is who, and who is in the groups that are named anywhere.
    async fn read_people(&self) -> Result<(), ToolFailure> {
        let principals = self.named().await?;
        let mut accounts: BTreeSet<String> =
            principals.iter().filter_map(|it| it.as_confluence_user()).map(str::to_owned).collect();
        let (mut members, mut told): (Vec<(String, String)>, BTreeMap<String, Email>) = Default::default();
        for group in principals.iter().filter_map(|it| it.as_confluence_group()) {
            for member in self.members(group).await? {
                let Some(account) = self.site.user(&member) else { continue };
                told.extend(text(&member, "/email").and_then(|email| Some((account.clone(), Email::parse(&email)?))));
                accounts.insert(account.clone());
                members.push((group.to_owned(), account));
            }
        }
        let emails = self.site.emails(&accounts, &told).await?;
        let write = move |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction()?;
            people::put(&transaction, &emails, &members)?;
            transaction.commit()
        };
        self.documents.store.run(write).await?;
        *self.asked_for.lock().unwrap_or_else(PoisonError::into_inner) = principals;
        Ok(())
    }

    /// Nobody where Confluence does not tell.
    async fn members(&self, group: &str) -> Result<Vec<Value>, ToolFailure> {
        match self.site.members(group).await {
            Err(failure) if failure.error_kind == ErrorKind::Permanent && failure.http_status != Some(401) => {
                tracing::warn!("a group's members are not told, so nobody is known to be in it: {}", failure.message);
                Ok(Vec::new())
            }
            told => told,
        }
    }

    async fn known(&self, space: &SpaceLine) -> Result<BTreeMap<String, StoredLine>, ToolFailure> {
        let name = source(space);
        self.documents.store.run(move |connection| documents::lines_of(connection, &name)).await
    }

    async fn state(&self, space: &SpaceLine) -> Result<Space, ToolFailure> {
        let name = source(space);
        let spaces = self.documents.store.run(|connection| documents::spaces(connection)).await?;
        let unknown = || Space { audience: Audience::Nobody, sweep: 0, cursor: None, swept_at: None };
        Ok(spaces.get(&name).cloned().unwrap_or_else(unknown))
    }

    async fn set_state(&self, space: &SpaceLine, state: Space) -> Result<(), ToolFailure> {
        let name = source(space);
        self.documents.store.run(move |connection| documents::put_space(connection, &name, &state)).await
    }

    async fn set_cursor(&self, space: &SpaceLine, cursor: Option<String>) -> Result<(), ToolFailure> {
        let name = source(space);
        let set =
            move |connection: &mut rusqlite::Connection| documents::set_cursor(connection, &name, cursor.as_deref());
        self.documents.store.run(set).await
    }

    /// Forgets pages with their attachments.
    async fn forget(&self, paths: Vec<String>) -> Result<(), ToolFailure> {
        let forget = move |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction()?;
            for path in &paths {
                documents::remove_below(&transaction, path)?;
            }
            transaction.commit()
        };
        self.documents.store.run(forget).await
    }
}

fn stored(space: &SpaceLine, line: &PageLine, place: &Place, storage: &str) -> Stored {
    Stored {
        path: page_path(space, &line.id),
        source: source(space),
        parent: parent_path(space, place),
        title: line.title.clone(),
        url: line.url.clone(),
        version: line.version.clone(),
        updated_at: line.updated_at.clone(),
        markdown: hypertext::to_markdown(storage).markdown,
        audience: place.audience.clone(),
    }
}

/// Its page's restrictions are an attachment's too.
fn stored_attachment(space: &SpaceLine, line: &AttachmentLine, path: String, parent: String, text: &str) -> Stored {
    Stored {
        path,
        source: source(space),
        parent: Some(parent),
        title: line.title.clone(),
        url: line.url.clone(),
        version: line.version.clone(),
        updated_at: line.updated_at.clone(),
        markdown: if line.is_html { hypertext::to_markdown(text).markdown } else { text.to_owned() },
        audience: Audience::Everybody,
    }
}
