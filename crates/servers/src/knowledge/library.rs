//! The documents of the folders and their index, read anew when a file changed.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use deskbell_judgement::knowledge::{KnowledgeIndex, Source};
use deskbell_judgement::markdown;
use sha2::{Digest, Sha256};
use tokio::sync::Mutex;
use url::Url;

use super::{KnowledgeServerConfig, folder_name};
use crate::failure::ToolFailure;

/// Folders deeper than this are not looked into.
const DEPTH_MAX: usize = 16;
/// Documents that are served, and bytes of one.
const DOCUMENTS_MAX: usize = 50_000;
const DOCUMENT_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// The scheme of the documents' addresses as resources.
pub(super) const URI_PREFIX: &str = "deskbell-knowledge:///";

/// A document as it stood when the folders were last read.
#[derive(Debug, Clone)]
pub(super) struct Document {
    pub(super) path: String,
    pub(super) title: String,
    pub(super) url: Option<String>,
    pub(super) markdown: String,
    pub(super) version: String,
}

impl Document {
    pub(super) fn uri(&self) -> String {
        uri(&self.path)
    }
}

/// All documents at one time.
#[derive(Debug, Default)]
pub(super) struct Catalog {
    stamps: Vec<Stamp>,
    pub(super) documents: BTreeMap<String, Document>,
    pub(super) index: KnowledgeIndex,
}

/// A file as its folder shows it: when this is the same, nobody wrote to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Stamp {
    path: String,
    file: PathBuf,
    modified: Option<SystemTime>,
    length: u64,
}

/// The folders.
#[derive(Debug)]
pub(super) struct Library {
    folders: Vec<PathBuf>,
    base_url: Option<Url>,
    catalog: Mutex<Arc<Catalog>>,
}

impl Library {
    pub(super) fn new(config: &KnowledgeServerConfig) -> Self {
        Self { folders: config.folders.clone(), base_url: config.base_url.clone(), catalog: Mutex::default() }
    }

    /// The documents as they are now.
    pub(super) async fn catalog(&self) -> Result<Arc<Catalog>, ToolFailure> {
        let mut kept = self.catalog.lock().await;
        let (folders, base_url, before) = (self.folders.clone(), self.base_url.clone(), Arc::clone(&kept));
        let read = tokio::task::spawn_blocking(move || {
            let stamps = look(&folders)?;
            Ok(if stamps == before.stamps { before } else { Arc::new(read(stamps, base_url.as_ref())) })
        });
        let catalog =
            read.await.map_err(|_| ToolFailure::transient("the folders could not be read; try again", None))??;
        *kept = Arc::clone(&catalog);
        Ok(catalog)
    }
}

pub(super) fn uri(path: &str) -> String {
    let mut uri = Url::parse(URI_PREFIX).ok();
    if let Some(uri) = &mut uri {
        uri.set_path(path);
    }
    uri.map_or_else(|| format!("{URI_PREFIX}{path}"), String::from)
}

fn look(folders: &[PathBuf]) -> Result<Vec<Stamp>, ToolFailure> {
    let mut stamps = Vec::new();
    for folder in folders {
        let prefix = if folders.len() > 1 { format!("{}/", folder_name(folder)) } else { String::new() };
        collect(folder, &prefix, DEPTH_MAX, &mut stamps).map_err(|error| {
            tracing::warn!(folder = %folder.display(), %error, "a folder of documents can't be read");
            ToolFailure::permanent(
                "a folder of documents can't be read; correct DESKBELL_KNOWLEDGE_FOLDERS or the folder's rights, the log says \
                 which",
            )
        })?;
    }
    stamps.sort();
    stamps.truncate(DOCUMENTS_MAX);
    Ok(stamps)
}

fn collect(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<Stamp>) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        // Links are not followed: what they lead to was not put among the documents.
        let (kind, file) = (entry.file_type()?, entry.path());
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        if name.starts_with('.') {
            continue;
        }
        let path = format!("{prefix}{name}");
        if kind.is_dir() && depth > 0 {
            collect(&file, &format!("{path}/"), depth - 1, found)?;
        } else if kind.is_file() && file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("md")) {
            let about = entry.metadata()?;
            found.push(Stamp { path, file, modified: about.modified().ok(), length: about.len() });
        }
    }
    Ok(())
}

fn read(stamps: Vec<Stamp>, base_url: Option<&Url>) -> Catalog {
    let documents: BTreeMap<String, Document> = stamps
        .iter()
        .filter_map(|stamp| {
            let document = document(stamp, base_url);
            if document.is_none() {
                tracing::warn!(path = stamp.path, "a document is left out: it is too large, or no UTF-8 text");
            }
            Some((stamp.path.clone(), document?))
        })
        .collect();
    let sources = documents.values().map(|document| Source {
        path: document.path.clone(),
        url: document.url.clone(),
        markdown: document.markdown.clone(),
    });
    Catalog { index: KnowledgeIndex::from_documents(sources), documents, stamps }
}

fn document(stamp: &Stamp, base_url: Option<&Url>) -> Option<Document> {
    if stamp.length > DOCUMENT_BYTES_MAX {
        return None;
    }
    let markdown = fs::read_to_string(&stamp.file).ok()?;
    let stem = stamp.path.rsplit('/').next().unwrap_or(&stamp.path);
    let title = markdown::read(&markdown).title.unwrap_or_else(|| stem.trim_end_matches(".md").to_owned());
    Some(Document {
        title,
        url: base_url.map(|base| format!("{}/{}", base.as_str().trim_end_matches('/'), stamp.path)),
        version: version(&markdown),
        path: stamp.path.clone(),
        markdown,
    })
}

/// What a text is, in 64 hex digits.
pub(super) fn version(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}
