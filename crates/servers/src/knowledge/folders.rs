//! Files of Markdown and HTML in folders, seen anew when they change.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use deskbell_judgement::{hypertext, markdown};
use sha2::{Digest, Sha256};
use url::Url;

use super::config::folder_name;
use crate::failure::ToolFailure;

/// Folders deeper than this are not looked into.
const DEPTH_MAX: usize = 16;
/// Documents that are served, and bytes of one.
const DOCUMENTS_MAX: usize = 50_000;
const DOCUMENT_BYTES_MAX: u64 = 2 * 1024 * 1024;
/// Hex digits of a text's SHA-256 that are its version.
const VERSION_LENGTH: usize = 12;

/// A file as its folder shows it: when this is the same, nobody wrote to it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Stamp {
    /// The document's path.
    pub(super) path: String,
    /// The folder's name.
    pub(super) source: String,
    pub(super) file: PathBuf,
    modified: Option<SystemTime>,
    length: u64,
}

/// A file read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FileText {
    pub(super) title: String,
    pub(super) url: Option<String>,
    pub(super) version: String,
    pub(super) updated_at: Option<String>,
    pub(super) markdown: String,
}

/// What is in the folders now, by path.
pub(super) fn look(folders: &[PathBuf], has_other_sources: bool) -> Result<Vec<Stamp>, ToolFailure> {
    let mut stamps = Vec::new();
    for folder in folders {
        let name = folder_name(folder);
        let prefix = if folders.len() > 1 || has_other_sources { format!("{name}/") } else { String::new() };
        collect(folder, &name, &prefix, DEPTH_MAX, &mut stamps).map_err(|error| {
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

fn collect(folder: &Path, source: &str, prefix: &str, depth: usize, found: &mut Vec<Stamp>) -> std::io::Result<()> {
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
            collect(&file, source, &format!("{path}/"), depth - 1, found)?;
        } else if kind.is_file() && (is_markdown(&file) || is_html(&file)) {
            // One that is gone meanwhile is no document any more.
            let Ok(about) = entry.metadata() else { continue };
            let source = source.to_owned();
            found.push(Stamp { path, source, file, modified: about.modified().ok(), length: about.len() });
        }
    }
    Ok(())
}

fn has_ending(file: &Path, endings: &[&str]) -> bool {
    file.extension().is_some_and(|ending| endings.iter().any(|known| ending.eq_ignore_ascii_case(known)))
}

fn is_markdown(file: &Path) -> bool {
    has_ending(file, &["md"])
}

fn is_html(file: &Path) -> bool {
    has_ending(file, &["html", "htm"])
}

/// The file's text; nothing for one that is too large, no UTF-8 text, or gone.
pub(super) fn read(stamp: &Stamp, base_url: Option<&Url>) -> Option<FileText> {
    if stamp.length > DOCUMENT_BYTES_MAX {
        return None;
    }
    let text = fs::read_to_string(&stamp.file).ok()?;
    let version = version_of(&text);
    let (title, markdown) = if is_html(&stamp.file) {
        let page = hypertext::to_markdown(&text);
        (page.title, page.markdown)
    } else {
        (markdown::read(&text).title, text)
    };
    let stem = || stamp.file.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    Some(FileText {
        title: title.unwrap_or_else(stem),
        url: base_url.map(|base| format!("{}/{}", base.as_str().trim_end_matches('/'), stamp.path)),
        version,
        updated_at: stamp.modified.and_then(rfc3339),
        markdown,
    })
}

fn rfc3339(time: SystemTime) -> Option<String> {
    let seconds = time.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    jiff::Timestamp::from_second(i64::try_from(seconds).ok()?).ok().map(|time| time.to_string())
}

/// What a text is, in 64 hex digits.
pub(super) fn digest(text: &str) -> String {
    hex::encode(Sha256::digest(text.as_bytes()))
}

/// A text's version.
pub(super) fn version_of(text: &str) -> String {
    digest(text).chars().take(VERSION_LENGTH).collect()
}
