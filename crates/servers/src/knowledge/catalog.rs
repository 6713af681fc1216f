//! All documents in memory, cut into passages and indexed. Derived: it can be made anew at any time.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use deskbell_judgement::knowledge::{indexed, passages};
use deskbell_judgement::passages::{PassageIndex, Slot};
use sha2::{Digest, Sha256};
use url::Url;

use super::audience::{Audience, AudienceNumber, Audiences, Directory, Open, Readers};
use super::schema::Visibility;

/// The scheme of the documents' addresses as resources.
const URI_PREFIX: &str = "deskbell-knowledge:///";
/// Hex digits of a passage's id.
const ID_LENGTH: usize = 20;

/// Where a document's text is read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    File(PathBuf),
    Store,
}

/// A document, without its text.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) path: Arc<str>,
    pub(super) source: Arc<str>,
    pub(super) title: Arc<str>,
    pub(super) url: Option<String>,
    pub(super) version: String,
    pub(super) updated_at: Option<String>,
    pub(super) origin: Origin,
    pub(super) length: u64,
    audience: AudienceNumber,
    slots: Vec<Slot>,
}

impl Document {
    pub(super) fn uri(&self) -> String {
        uri(&self.path)
    }
}

/// What is said of a document besides its text.
#[derive(Debug, Clone)]
pub(super) struct About {
    pub(super) path: String,
    pub(super) source: String,
    pub(super) title: String,
    pub(super) url: Option<String>,
    pub(super) version: String,
    pub(super) updated_at: Option<String>,
    pub(super) origin: Origin,
    pub(super) audience: Audience,
}

/// A part of a document.
#[derive(Debug, Clone)]
pub(super) struct Passage {
    pub(super) id: String,
    pub(super) path: Arc<str>,
    pub(super) heading_path: Vec<String>,
    pub(super) anchor: String,
    pub(super) text: String,
    audience: AudienceNumber,
}

/// The documents at one time.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    documents: BTreeMap<Arc<str>, Document>,
    passages: Vec<Option<Passage>>,
    /// Whether a passage has its vector.
    encoded: Vec<bool>,
    pub(super) index: PassageIndex,
    audiences: Audiences,
    directory: Directory,
    /// Counts how often the index was made anew: slots of before mean nothing then.
    pub(super) generation: u64,
}

/// What the readers of a call see of the catalog.
pub(super) struct View<'c> {
    catalog: &'c Catalog,
    open: Open,
}

impl Catalog {
    /// Puts a document in, or in place of the one with its path.
    pub(super) fn put(&mut self, about: About, text: &str) {
        self.remove(&about.path);
        let (path, title): (Arc<str>, Arc<str>) = (about.path.into(), about.title.into());
        let audience = self.audiences.number(about.audience);
        let mut slots = Vec::new();
        let mut parts: BTreeMap<String, usize> = BTreeMap::new();
        for section in passages(text) {
            let part = parts.entry(section.anchor.clone()).or_default();
            let passage = Passage {
                id: passage_id(&path, &section.anchor, *part),
                path: Arc::clone(&path),
                heading_path: section.heading_path,
                anchor: section.anchor,
                text: section.text,
                audience,
            };
            *part += 1;
            slots.push(self.index.add(&indexed(&title, &passage.heading_path, &passage.text)));
            self.passages.push(Some(passage));
            self.encoded.push(false);
        }
        let document = Document {
            path: Arc::clone(&path),
            source: about.source.into(),
            title,
            url: about.url,
            version: about.version,
            updated_at: about.updated_at,
            origin: about.origin,
            length: text.len() as u64,
            audience,
            slots,
        };
        self.documents.insert(path, document);
    }

    /// Says anew who may read a document.
    pub(super) fn set_audience(&mut self, path: &str, audience: Audience) {
        let number = self.audiences.number(audience);
        let Some(document) = self.documents.get_mut(path) else { return };
        document.audience = number;
        for slot in &document.slots {
            if let Some(Some(passage)) = self.passages.get_mut(*slot as usize) {
                passage.audience = number;
            }
        }
    }

    /// Takes a document out.
    pub(super) fn remove(&mut self, path: &str) {
        let Some(document) = self.documents.remove(path) else { return };
        for slot in document.slots {
            self.index.remove(slot);
            if let Some(passage) = self.passages.get_mut(slot as usize) {
                *passage = None;
            }
        }
    }

    /// Makes the index anew when most of its room is wasted. Vectors have to be set again.
    pub(super) fn tidy(&mut self) {
        if !self.index.is_worn() {
            return;
        }
        let (mut index, mut passages) = (PassageIndex::default(), Vec::new());
        for document in self.documents.values_mut() {
            for slot in &mut document.slots {
                let Some(passage) = self.passages.get_mut(*slot as usize).and_then(Option::take) else { continue };
                *slot = index.add(&indexed(&document.title, &passage.heading_path, &passage.text));
                passages.push(Some(passage));
            }
        }
        self.encoded = vec![false; passages.len()];
        (self.index, self.passages) = (index, passages);
        self.generation += 1;
    }

    pub(super) fn set_directory(&mut self, directory: Directory) {
        self.directory = directory;
    }

    pub(super) fn directory(&self) -> &Directory {
        &self.directory
    }

    /// The version of each document of the store, by path.
    pub(super) fn stored_versions(&self) -> BTreeMap<Arc<str>, String> {
        let stored = self.documents.values().filter(|document| document.origin == Origin::Store);
        stored.map(|document| (Arc::clone(&document.path), document.version.clone())).collect()
    }

    /// The documents of files: their folders' names and their paths.
    pub(super) fn files(&self) -> Vec<(Arc<str>, Arc<str>)> {
        let files = self.documents.values().filter(|document| document.origin != Origin::Store);
        files.map(|document| (Arc::clone(&document.source), Arc::clone(&document.path))).collect()
    }

    /// At most so many texts that have no vector yet, with their slots.
    pub(super) fn unencoded(&self, limit: usize) -> Vec<(Slot, String)> {
        let waiting = (0..).zip(&self.encoded).filter(|(_, encoded)| !**encoded);
        let texts = waiting.filter_map(|(slot, _): (Slot, _)| {
            let passage = self.passages.get(slot as usize)?.as_ref()?;
            let document = self.documents.get(&passage.path)?;
            Some((slot, indexed(&document.title, &passage.heading_path, &passage.text)))
        });
        texts.take(limit).collect()
    }

    /// Gives passages their vectors.
    pub(super) fn set_vectors(&mut self, vectors: &[(Slot, Vec<f32>)]) {
        for (slot, vector) in vectors {
            self.index.set_vector(*slot, vector);
            if let Some(encoded) = self.encoded.get_mut(*slot as usize) {
                *encoded = true;
            }
        }
    }

    /// What these readers see.
    pub(super) fn seen_by(&self, readers: &Readers) -> View<'_> {
        View { catalog: self, open: self.audiences.open_to(readers) }
    }
}

impl View<'_> {
    /// The documents by path.
    pub(super) fn documents(&self) -> impl Iterator<Item = &Document> {
        self.catalog.documents.values().filter(|document| self.open.has(document.audience))
    }

    pub(super) fn document(&self, path: &str) -> Option<&Document> {
        self.catalog.documents.get(path).filter(|document| self.open.has(document.audience))
    }

    /// Whether the passage at a slot is seen.
    pub(super) fn has_passage(&self, slot: Slot) -> bool {
        let passage = self.catalog.passages.get(slot as usize).and_then(Option::as_ref);
        passage.is_some_and(|passage| self.open.has(passage.audience))
    }

    /// The passage at a slot, with its document.
    pub(super) fn passage(&self, slot: Slot) -> Option<(&Passage, &Document)> {
        let passage = self.catalog.passages.get(slot as usize)?.as_ref()?;
        Some((passage, self.document(&passage.path)?))
    }

    pub(super) fn visibility(&self, document: &Document) -> Visibility {
        if self.catalog.audiences.is_public(document.audience) { Visibility::Public } else { Visibility::Restricted }
    }
}

fn passage_id(path: &str, anchor: &str, part: usize) -> String {
    let digest = hex::encode(Sha256::digest(format!("{path}\0{anchor}\0{part}").as_bytes()));
    digest.chars().take(ID_LENGTH).collect()
}

pub(super) fn uri(path: &str) -> String {
    let mut uri = Url::parse(URI_PREFIX).ok();
    if let Some(uri) = &mut uri {
        uri.set_path(path);
    }
    uri.map_or_else(|| format!("{URI_PREFIX}{path}"), String::from)
}
