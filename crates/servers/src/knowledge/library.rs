//! The documents together: files looked at anew when they are asked for, and what other sources brought into the store.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, Instant};

use deskbell_judgement::encoder::Encoder;
use sha2::{Digest, Sha256};
use tokio::sync::{Mutex, Notify};
use url::Url;

use super::access::Access;
use super::audience::{Audience, Email, Readers};
use super::catalog::{About, Catalog, Origin};
use super::config::{KnowledgeConfigError, KnowledgeServerConfig};
use super::folders::{self, Stamp};
use super::inherited::effective;
use super::schema::Reader;
use super::store::{Store, StoredLine, Text, documents, now, people};
use crate::failure::ToolFailure;

/// Folders that took longer than this to look at are not looked at for ten times as long.
const QUICK_LOOK: Duration = Duration::from_millis(20);
const LOOK_PAUSE_FACTOR: u32 = 10;
const LOOK_PAUSE_MAX: Duration = Duration::from_secs(3);
/// Passages encoded at once: others wait no longer than for these.
const ENCODED_AT_ONCE: usize = 16;
/// People that a call may name as its readers.
const READERS_MAX: usize = 1_000;

/// The documents.
#[derive(Debug)]
pub(super) struct Library {
    folders: Vec<PathBuf>,
    base_url: Option<Url>,
    access_file: Option<PathBuf>,
    trust_caller: bool,
    pub(super) store: Store,
    pub(super) encoder: Option<Encoder>,
    catalog: RwLock<Catalog>,
    looked: Mutex<Looked>,
    /// Entries of the file of readers that close nothing, as far as that was told.
    idle: std::sync::Mutex<BTreeSet<String>>,
    /// Told when there are passages without a vector.
    unencoded: Notify,
}

/// The folders and the file of readers as they were last seen.
#[derive(Debug, Default)]
struct Looked {
    stamps: BTreeMap<String, Stamp>,
    access: Arc<KnownAccess>,
    not_before: Option<Instant>,
}

/// What the file of readers last said.
#[derive(Debug, Default)]
struct KnownAccess {
    stamp: Option<(Option<std::time::SystemTime>, u64)>,
    /// Nothing when it can't be read: then nobody may read the folders.
    access: Option<Access>,
}

impl Library {
    /// Opens the store and reads what it holds.
    pub(super) fn open(config: &KnowledgeServerConfig) -> Result<Self, KnowledgeConfigError> {
        let read = |file: &PathBuf| {
            Access::read(file).map_err(|reason| KnowledgeConfigError::BadAccess { path: file.clone(), reason })
        };
        let access = config.access.as_ref().map(read).transpose()?;
        let bad_data = |reason| KnowledgeConfigError::BadData { path: config.data.clone().unwrap_or_default(), reason };
        let store = Store::open(config.data.as_deref()).map_err(bad_data)?;
        let encoder = config.encoder.as_deref().map(read_encoder).transpose()?;
        let library = Self {
            folders: config.folders.clone(),
            base_url: config.base_url.clone(),
            access_file: config.access.clone(),
            trust_caller: config.trust_caller,
            store,
            encoder,
            catalog: RwLock::default(),
            looked: Mutex::default(),
            idle: std::sync::Mutex::default(),
            unencoded: Notify::new(),
        };
        library.take_stored(&KnownAccess::default()).map_err(|failure| bad_data(failure.message))?;
        if let Some(access) = access {
            // What can't be looked at is told when it is asked for.
            library.warn_of_idle(&access, &folders::look(&library.folders).unwrap_or_default());
        }
        Ok(library)
    }

    /// Whether the caller is believed.
    pub(super) fn trusts_caller(&self) -> bool {
        self.trust_caller
    }

    /// Runs `look` on the documents as they are now.
    pub(super) async fn look<T: Send + 'static>(
        self: &Arc<Self>,
        look: impl FnOnce(&Catalog) -> T + Send + 'static,
    ) -> Result<T, ToolFailure> {
        self.refresh().await?;
        let library = Arc::clone(self);
        let done =
            tokio::task::spawn_blocking(move || look(&library.catalog.read().unwrap_or_else(PoisonError::into_inner)));
        done.await.map_err(|_| ToolFailure::transient("the documents could not be read; try again", None))
    }

    /// Who the readers of a call are to the sources.
    pub(super) async fn readers(self: &Arc<Self>, named: &[Reader]) -> Result<Readers, ToolFailure> {
        if named.is_empty() {
            return Ok(Readers::Anybody);
        }
        if !self.trust_caller {
            return Err(ToolFailure::permanent(
                "this server was not told to believe its caller about who reads: leave readers out to find what everybody may \
                 read, or set DESKBELL_KNOWLEDGE_TRUST_CALLER=true for a caller that tells truly (over HTTP, with \
                 DESKBELL_MCP_BEARER)",
            ));
        }
        if named.len() > READERS_MAX {
            return Err(ToolFailure::permanent(format!(
                "readers names more than {READERS_MAX} people: leave them out, so that only what everybody may read is found"
            )));
        }
        let people: Vec<Option<Email>> = named.iter().map(|reader| Email::parse(&reader.email)).collect();
        self.look(move |catalog| {
            let principals = |email: &Option<Email>| {
                email.as_ref().map(|email| catalog.directory().principals(email)).unwrap_or_default()
            };
            Readers::All(people.iter().map(principals).collect())
        })
        .await
    }

    /// Brings the folders' documents up to date.
    async fn refresh(self: &Arc<Self>) -> Result<(), ToolFailure> {
        let mut looked = self.looked.lock().await;
        if looked.not_before.is_some_and(|until| Instant::now() < until) {
            return Ok(());
        }
        let library = Arc::clone(self);
        let (before, access) = (std::mem::take(&mut looked.stamps), Arc::clone(&looked.access));
        let done = tokio::task::spawn_blocking(move || library.look_at_folders(before, &access)).await;
        let (stamps, outcome) =
            done.map_err(|_| ToolFailure::transient("the folders could not be read; try again", None))?;
        looked.stamps = stamps;
        let (access, took) = outcome?;
        if let Some(access) = access {
            looked.access = access;
        }
        let pause = (took * LOOK_PAUSE_FACTOR).min(LOOK_PAUSE_MAX);
        looked.not_before = (took > QUICK_LOOK).then(|| Instant::now() + pause);
        Ok(())
    }

    /// Gives the stamps as they are now, and the file of readers where it changed.
    #[allow(clippy::type_complexity)]
    fn look_at_folders(
        &self,
        before: BTreeMap<String, Stamp>,
        known: &KnownAccess,
    ) -> (BTreeMap<String, Stamp>, Result<(Option<Arc<KnownAccess>>, Duration), ToolFailure>) {
        let began = Instant::now();
        let stamps = match folders::look(&self.folders) {
            Ok(stamps) => stamps,
            Err(failure) => return (before, Err(failure)),
        };
        let took = began.elapsed();
        let changed_access = self.changed_access(known);
        let access = changed_access.as_deref().unwrap_or(known);
        if changed_access.is_some() && known.stamp.is_some() {
            // Read again: all of it is told again.
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).clear();
        }
        if let Some(access) = &access.access
            && (changed_access.is_some() || !stamps.iter().map(|stamp| &stamp.path).eq(before.keys()))
        {
            self.warn_of_idle(access, &stamps);
        }
        let stamps: BTreeMap<String, Stamp> = stamps.into_iter().map(|stamp| (stamp.path.clone(), stamp)).collect();
        self.take_files(&before, &stamps, access);
        if changed_access.is_some() {
            self.open_anew(access);
        }
        (stamps, Ok((changed_access, took)))
    }

    /// Somebody meant such an entry to close something.
    fn warn_of_idle(&self, access: &Access, stamps: &[Stamp]) {
        let idle = access.idle(stamps.iter().map(|stamp| (stamp.source.as_str(), stamp.path.as_str())));
        let mut told = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        for entry in idle.difference(&told) {
            tracing::warn!(
                entry,
                "an entry of [folders] in the file of readers closes nothing: no document is under it; write it as the paths of \
                 the documents begin that it is meant for (list_documents tells them), or take it out"
            );
        }
        *told = idle;
    }

    fn changed_access(&self, known: &KnownAccess) -> Option<Arc<KnownAccess>> {
        let Some(file) = &self.access_file else {
            let is_first = known.access.is_none();
            return is_first.then(|| Arc::new(KnownAccess { stamp: None, access: Some(Access::default()) }));
        };
        let about = std::fs::metadata(file).ok();
        let stamp = about.map(|about| (about.modified().ok(), about.len()));
        if stamp.is_some() && stamp == known.stamp {
            return None;
        }
        let access = Access::read(file).map_err(|reason| {
            tracing::error!(file = %file.display(), reason, "who may read the folders is not known: nobody may, until it is mended");
        });
        Some(Arc::new(KnownAccess { stamp, access: access.ok() }))
    }

    fn audience_of(access: &KnownAccess, name: &str, path: &str) -> Audience {
        access.access.as_ref().map_or(Audience::Nobody, |access| access.of_path(name, path))
    }

    fn take_files(&self, before: &BTreeMap<String, Stamp>, after: &BTreeMap<String, Stamp>, access: &KnownAccess) {
        let gone: Vec<&String> = before.keys().filter(|path| !after.contains_key(*path)).collect();
        let changed: Vec<&Stamp> = after.values().filter(|stamp| before.get(&stamp.path) != Some(stamp)).collect();
        if gone.is_empty() && changed.is_empty() {
            return;
        }
        let mut read = Vec::new();
        for stamp in changed {
            let text = folders::read(stamp, self.base_url.as_ref());
            if text.is_none() {
                tracing::warn!("a document is left out: it is too large, or no UTF-8 text");
            }
            read.push((stamp, text));
        }
        self.keep_versions(&gone, &read);
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        for path in gone {
            catalog.remove(path);
        }
        for (stamp, text) in read {
            let Some(text) = text else {
                catalog.remove(&stamp.path);
                continue;
            };
            let about = About {
                path: stamp.path.clone(),
                source: stamp.source.clone(),
                title: text.title,
                url: text.url,
                version: text.version,
                updated_at: text.updated_at,
                origin: Origin::File(stamp.file.clone()),
                audience: Self::audience_of(access, &stamp.source, &stamp.path),
            };
            catalog.put(about, &text.markdown);
        }
        catalog.tidy();
        drop(catalog);
        self.unencoded.notify_one();
    }

    /// The files' texts go among the versions, those of files that are gone out of them.
    fn keep_versions(&self, gone: &[&String], read: &[(&Stamp, Option<folders::FileText>)]) {
        let kept = self.store.with(|connection| {
            let transaction = connection.transaction()?;
            for path in gone {
                documents::remove(&transaction, path)?;
            }
            for (stamp, text) in read {
                let Some(text) = text else { continue };
                let text = Text {
                    title: text.title.clone(),
                    version: text.version.clone(),
                    updated_at: text.updated_at.clone(),
                    markdown: text.markdown.clone(),
                };
                documents::keep_version(&transaction, &stamp.path, &text)?;
            }
            transaction.commit()
        });
        if let Err(failure) = kept {
            tracing::warn!(%failure, "versions of documents could not be kept");
        }
    }

    /// Everything that hangs on the file of readers.
    fn open_anew(&self, access: &KnownAccess) {
        let mut directory = self.store.with(|connection| people::directory(connection)).unwrap_or_default();
        if let Some(access) = &access.access {
            access.fill(&mut directory);
        }
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        for (name, path) in catalog.files() {
            catalog.set_audience(&path, Self::audience_of(access, &name, &path));
        }
        catalog.set_directory(directory);
    }

    /// Brings the catalog to what the store holds: after a source wrote there, and as time goes by.
    pub(super) async fn reconcile(self: &Arc<Self>) -> Result<(), ToolFailure> {
        // Held meanwhile, so that the file of readers does not change under it.
        let looked = self.looked.lock().await;
        let (library, access) = (Arc::clone(self), Arc::clone(&looked.access));
        let done = tokio::task::spawn_blocking(move || library.take_stored(&access));
        done.await.map_err(|_| ToolFailure::transient("the documents could not be read; try again", None))?
    }

    fn take_stored(&self, access: &KnownAccess) -> Result<(), ToolFailure> {
        let known = self.catalog.read().unwrap_or_else(PoisonError::into_inner).stored_versions();
        let is_new = |line: &&StoredLine| known.get(line.path.as_str()) != Some(&line.version);
        // In one transaction: a text that was written meanwhile must not come with its readers of before.
        let (lines, spaces, fresh) = self.store.with(|connection| {
            let transaction = connection.transaction()?;
            let (lines, spaces) = (documents::lines(&transaction)?, documents::spaces(&transaction)?);
            let mut fresh = Vec::new();
            for line in lines.iter().filter(is_new) {
                fresh.extend(documents::one(&transaction, &line.path)?);
            }
            Ok((lines, spaces, fresh))
        })?;
        let audiences = effective(&lines, &spaces, now());
        let paths: BTreeSet<&str> = lines.iter().map(|line| line.path.as_str()).collect();
        let has_fresh = !fresh.is_empty();
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        known.keys().filter(|path| !paths.contains(&***path)).for_each(|path| catalog.remove(path));
        for document in fresh {
            let about = About {
                audience: audiences.get(document.path.as_str()).cloned().unwrap_or(Audience::Nobody),
                path: document.path,
                source: document.source,
                title: document.title,
                url: document.url,
                version: document.version,
                updated_at: document.updated_at,
                origin: Origin::Store,
            };
            catalog.put(about, &document.markdown);
        }
        for (path, audience) in audiences {
            catalog.set_audience(path, audience);
        }
        catalog.tidy();
        drop(catalog);
        self.open_anew(access);
        if has_fresh {
            self.unencoded.notify_one();
        }
        Ok(())
    }

    /// Encodes what has no vector yet, for ever.
    pub(super) async fn keep_encoded(self: Arc<Self>) {
        let Some(encoder) = self.encoder.clone() else { return };
        loop {
            let (library, encoder) = (Arc::clone(&self), encoder.clone());
            let done = tokio::task::spawn_blocking(move || library.encode_some(&encoder)).await;
            if !matches!(done, Ok(Ok(true))) {
                self.unencoded.notified().await;
            }
        }
    }

    /// Says whether there was anything to do.
    fn encode_some(&self, encoder: &Encoder) -> Result<bool, ToolFailure> {
        let (generation, texts) = {
            let catalog = self.catalog.read().unwrap_or_else(PoisonError::into_inner);
            (catalog.generation, catalog.unencoded(ENCODED_AT_ONCE))
        };
        let (mut vectors, mut made) = (Vec::new(), Vec::new());
        for (slot, text) in &texts {
            let digest = Sha256::digest(text.as_bytes()).to_vec();
            let known = self.store.with(|connection| people::vector(connection, &digest))?;
            let vector = known.unwrap_or_else(|| {
                let vector = encoder.encode(text);
                made.push((digest, vector.clone()));
                vector
            });
            vectors.push((*slot, vector));
        }
        self.store.with(|connection| {
            let transaction = connection.transaction()?;
            people::put_vectors(&transaction, &made)?;
            transaction.commit()
        })?;
        let mut catalog = self.catalog.write().unwrap_or_else(PoisonError::into_inner);
        if catalog.generation == generation {
            catalog.set_vectors(&vectors);
        }
        Ok(!texts.is_empty())
    }
}

fn read_encoder(folder: &Path) -> Result<Encoder, KnowledgeConfigError> {
    let bad = |reason: String| KnowledgeConfigError::BadEncoder { path: folder.to_owned(), reason };
    let (weights, vocabulary) = (folder.join("model.safetensors"), folder.join("vocab.txt"));
    let weights = std::fs::read(weights).map_err(|error| bad(format!("model.safetensors: {error}")))?;
    let vocabulary = std::fs::read_to_string(vocabulary).map_err(|error| bad(format!("vocab.txt: {error}")))?;
    Encoder::read(&weights, &vocabulary).map_err(|error| bad(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::super::store::{Space, Stored};
    use super::*;

    #[test]
    fn a_text_comes_with_the_readers_that_were_written_with_it() {
        let library = Library::open(&KnowledgeServerConfig::default()).unwrap();
        let open = Space { audience: Audience::Everybody, sweep: 0, cursor: None, swept_at: Some(i64::MAX) };
        library.store.with(|connection| documents::put_space(connection, "confluence:A", &open)).unwrap();
        // Every other version is nobody's.
        let write = |round: u32| {
            let audience = if round.is_multiple_of(2) { Audience::Everybody } else { Audience::Nobody };
            for number in 0..64 {
                let (path, source) = (format!("page{number}"), "confluence:A".to_owned());
                let (title, version, markdown) = (String::new(), round.to_string(), format!("Round {round}."));
                let (parent, url, updated_at, audience) = (None, None, None, audience.clone());
                let document = Stored { path, source, parent, title, url, version, updated_at, markdown, audience };
                let put = |connection: &mut rusqlite::Connection| {
                    let transaction = connection.transaction()?;
                    documents::put(&transaction, &document, 0)?;
                    transaction.commit()
                };
                library.store.with(put).unwrap();
            }
        };
        write(0);
        std::thread::scope(|scope| {
            let writer = scope.spawn(|| (1..100).for_each(write));
            while !writer.is_finished() {
                library.take_stored(&KnownAccess::default()).unwrap();
                let catalog = library.catalog.read().unwrap();
                for document in catalog.seen_by(&Readers::Anybody).documents() {
                    let round: u32 = document.version.parse().unwrap();
                    assert!(round.is_multiple_of(2), "{} of round {round} is nobody's", document.path);
                }
            }
        });
    }
}
