//! Drafts: files of their own folder, each written whole or not at all.
//!
//! A draft begins with a front matter of ours: its title, and the mark of the call that made it, by which a repeated call
//! finds it: digests of the call's key, and of all that it asked for. A lock beside the files keeps servers that share the folder from writing over each other.

use std::fs::{self, File, OpenOptions};
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::folders::digest as version;
use super::schema::{CreateDraft, Draft, DraftLine, UpdateDraft};
use super::slug::Slug;
use crate::failure::ToolFailure;
use crate::marker::marker;

/// Bytes of a draft's text at most, and characters of its title.
const TEXT_BYTES_MAX: usize = 512 * 1024;
const TITLE_MAX: usize = 200;
/// Documents that a draft may name as what it draws on, and bytes of a path.
const SOURCES_MAX: usize = 50;
const SOURCE_BYTES_MAX: usize = 1_024;
/// Drafts that the folder may hold.
const DRAFTS_MAX: usize = 10_000;
const LOCK_FILE: &str = ".deskbell-drafts.lock";
const FENCE: &str = "---\n";
/// Between the two digests of a mark.
const MARK_SEPARATOR: char = '/';

/// The folder of drafts; clones are handles to the same one.
#[derive(Debug, Clone)]
pub(super) struct Drafts {
    folder: Option<Arc<PathBuf>>,
}

/// A draft as its file holds it.
struct Kept {
    title: String,
    mark: Option<String>,
    source: DraftSource,
    markdown: String,
    version: String,
}

/// What became of a call that wants a draft.
pub(super) enum Made {
    /// It made this one.
    Now(Draft),
    /// A call with the same key had made one.
    Before {
        /// As it is now: what others wrote into it since is not the caller's own.
        draft: Draft,
        /// As it was made, where this very call made it: nothing that the caller does not know.
        written: Option<Draft>,
    },
}

/// What a draft draws on: who may read it follows from that.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct DraftSource {
    /// Paths of documents.
    pub(super) drawn_from: Vec<String>,
    /// It draws on nothing that not everybody may read, as whoever made it said.
    pub(super) everybody: bool,
}

impl Kept {
    fn shown(self, slug: &Slug) -> Draft {
        Draft {
            slug: slug.as_str().to_owned(),
            file: slug.file_name(),
            title: self.title,
            markdown: self.markdown,
            drawn_from: self.source.drawn_from,
            everybody: self.source.everybody,
            version: self.version,
        }
    }
}

impl Drafts {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder: folder.map(Arc::new) }
    }

    /// Writes a new draft, unless a call with the key did.
    pub(super) async fn create(&self, wanted: CreateDraft) -> Result<Made, ToolFailure> {
        check(&wanted.title, &wanted.markdown)?;
        check_sources(&wanted.drawn_from)?;
        let slug = match &wanted.slug {
            Some(text) => Slug::parse(text)?,
            None => Slug::of_title(&wanted.title)?,
        };
        self.alone(move |folder| {
            let key = wanted.idempotency_key.as_deref().map(marker);
            let mark = key.as_ref().map(|key| format!("{key}{MARK_SEPARATOR}{}", request(&wanted)));
            let source = DraftSource { drawn_from: wanted.drawn_from, everybody: wanted.everybody };
            let text = text_of(wanted.title.trim(), mark.as_deref(), &source, &wanted.markdown);
            if let Some(key) = &key
                && let Some((slug, kept)) = with_key(folder, key)?
            {
                let written = (kept.mark == mark).then(|| parse(&text).shown(&slug));
                return Ok(Made::Before { draft: kept.shown(&slug), written });
            }
            if slugs(folder)?.len() >= DRAFTS_MAX {
                return Err(ToolFailure::permanent("the folder holds 10000 drafts: publish or remove some"));
            }
            write_new(folder, &slug, &text)?;
            Ok(Made::Now(parse(&text).shown(&slug)))
        })
        .await
    }

    /// Writes a draft anew, if it is still the one that the caller knows. The answer says whether anything changed.
    pub(super) async fn update(&self, wanted: UpdateDraft) -> Result<(Draft, bool), ToolFailure> {
        let slug = Slug::parse(&wanted.slug)?;
        self.alone(move |folder| {
            let kept = read(folder, &slug)?.ok_or_else(|| no_draft(&slug))?;
            let title = wanted.title.clone().unwrap_or_else(|| kept.title.clone());
            check(&title, &wanted.markdown)?;
            let text = text_of(title.trim(), kept.mark.as_deref(), &kept.source, &wanted.markdown);
            // It says so already: an earlier call did this, or there is nothing to do.
            if version(&text) == kept.version {
                return Ok((kept.shown(&slug), false));
            }
            if kept.version != wanted.base_version {
                return Err(ToolFailure::permanent(format!(
                    "the draft was changed since you read it: its version is {} now. Read it with get_draft, work your change \
                     into that text, and update with its version",
                    kept.version
                ))
                .with_field_errors([("base_version".to_owned(), format!("the draft's version is {}", kept.version))].into()));
            }
            write_over(folder, &slug, &text)?;
            Ok((parse(&text).shown(&slug), true))
        })
        .await
    }

    /// One draft.
    pub(super) async fn get(&self, slug: &str) -> Result<Draft, ToolFailure> {
        let slug = Slug::parse(slug)?;
        self.run(move |folder| {
            let kept = read(folder, &slug)?.ok_or_else(|| no_draft(&slug))?;
            Ok(kept.shown(&slug))
        })
        .await
    }

    /// The failure for a draft that is not there, or that is not to be seen.
    pub(super) fn none(slug: &str) -> ToolFailure {
        Slug::parse(slug).map_or_else(|failure| failure, |slug| no_draft(&slug))
    }

    /// All drafts by their slugs, with what they draw on.
    pub(super) async fn list(&self) -> Result<Vec<(DraftLine, DraftSource)>, ToolFailure> {
        self.run(|folder| {
            let mut lines = Vec::new();
            for slug in slugs(folder)? {
                // One that is gone meanwhile is no draft any more.
                let Some(kept) = read(folder, &slug)? else { continue };
                let line = DraftLine { slug: slug.as_str().to_owned(), title: kept.title, version: kept.version };
                lines.push((line, kept.source));
            }
            Ok(lines)
        })
        .await
    }

    /// What writes runs alone, in this process and beside others.
    async fn alone<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, ToolFailure> + Send + 'static,
    ) -> Result<T, ToolFailure> {
        self.run(move |folder| {
            let lock = OpenOptions::new().create(true).truncate(false).write(true).open(folder.join(LOCK_FILE));
            let lock = lock.map_err(|error| unwritable(&error))?;
            lock.lock().map_err(|error| unwritable(&error))?;
            // Let go when the file is closed.
            work(folder)
        })
        .await
    }

    async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Path) -> Result<T, ToolFailure> + Send + 'static,
    ) -> Result<T, ToolFailure> {
        let Some(folder) = self.folder.clone() else {
            return Err(ToolFailure::permanent(
                "this server keeps no drafts: set DESKBELL_KNOWLEDGE_DRAFTS to a folder apart from the documents",
            ));
        };
        let done = tokio::task::spawn_blocking(move || work(&folder)).await;
        done.map_err(|_| ToolFailure::unknown("the draft's file was not finished; read it before trying again"))?
    }
}

fn check(title: &str, markdown: &str) -> Result<(), ToolFailure> {
    let refuse = |field: &str, message: String| {
        Err(ToolFailure::permanent(message.clone()).with_field_errors([(field.to_owned(), message)].into()))
    };
    let length = title.trim().chars().count();
    if length == 0 || length > TITLE_MAX || title.chars().any(char::is_control) {
        return refuse("title", format!("title must be one line of 1 to {TITLE_MAX} characters; it has {length}"));
    }
    if markdown.trim().is_empty() || markdown.len() > TEXT_BYTES_MAX {
        return refuse(
            "markdown",
            format!("markdown must have 1 to {TEXT_BYTES_MAX} bytes; it has {}", markdown.len()),
        );
    }
    Ok(())
}

fn check_sources(drawn_from: &[String]) -> Result<(), ToolFailure> {
    let is_path = |path: &String| path.len() <= SOURCE_BYTES_MAX && !path.contains(char::is_control);
    if drawn_from.len() <= SOURCES_MAX && drawn_from.iter().all(is_path) {
        return Ok(());
    }
    let message = format!("drawn_from takes at most {SOURCES_MAX} paths of documents, as search_knowledge tells them");
    Err(ToolFailure::permanent(message.clone()).with_field_errors([("drawn_from".to_owned(), message)].into()))
}

fn no_draft(slug: &Slug) -> ToolFailure {
    ToolFailure::permanent(format!("there is no draft {}; list_drafts tells which there are", slug.as_str()))
}

fn unwritable(error: &std::io::Error) -> ToolFailure {
    let message =
        format!("the folder of drafts can't be written ({error}); correct DESKBELL_KNOWLEDGE_DRAFTS or its rights");
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::Interrupted => ToolFailure::transient(message, None),
        _ => ToolFailure::permanent(message),
    }
}

/// The file's text: front matter, then what the caller wrote.
fn text_of(title: &str, mark: Option<&str>, source: &DraftSource, markdown: &str) -> String {
    // JSON is YAML.
    let title = serde_json::Value::from(title);
    let mark = mark.map(|mark| format!("deskbell_key: {mark}\n")).unwrap_or_default();
    let sources = serde_json::Value::from(source.drawn_from.as_slice());
    let sources = if source.drawn_from.is_empty() { String::new() } else { format!("drawn_from: {sources}\n") };
    let readers = if source.everybody { "readers: everybody\n" } else { "" };
    format!("{FENCE}title: {title}\nstatus: draft\n{mark}{sources}{readers}{FENCE}\n{}\n", markdown.trim())
}

/// Tolerant: people edit drafts too, with editors that end lines otherwise.
fn parse(text: &str) -> Kept {
    let version = version(text);
    let text = text.trim_start_matches('\u{feff}').replace("\r\n", "\n").replace('\r', "\n");
    let front = front_matter(&text);
    let (front, body) = front.unwrap_or(("", &text));
    let value = |name: &str| {
        let is_it = |key: &str| key.trim().trim_matches(['"', '\'']) == name;
        front.lines().filter_map(|line| line.split_once(':')).find(|(key, _)| is_it(key)).map(|(_, value)| value.trim())
    };
    let title = value("title").unwrap_or_default();
    let title = serde_json::from_str(title).unwrap_or_else(|_| title.trim_matches(['"', '\'']).to_owned());
    // What can't be read names no document, and a draft that draws on none that is known is shown to nobody.
    let sources = |written: &str| serde_json::from_str(written).unwrap_or_else(|_| vec![written.to_owned()]);
    let is_broken = front.is_empty() && text.trim_start().starts_with(FENCE.trim_end());
    let drawn_from = value("drawn_from").or(is_broken.then_some("")).map(sources).unwrap_or_default();
    Kept {
        title,
        mark: value("deskbell_key").map(str::to_owned),
        source: DraftSource { drawn_from, everybody: value("readers") == Some("everybody") },
        markdown: body.trim().to_owned(),
        version,
    }
}

/// The front matter and what comes after it.
fn front_matter(text: &str) -> Option<(&str, &str)> {
    let is_fence = |line: &str| line.trim_end() == FENCE.trim_end();
    let (first, rest) = text.trim_start().split_once('\n')?;
    let mut length = 0;
    for line in rest.split_inclusive('\n').take_while(|_| is_fence(first)) {
        if is_fence(line) {
            return Some((rest.get(..length)?, rest.get(length + line.len()..)?));
        }
        length += line.len();
    }
    None
}

fn read(folder: &Path, slug: &Slug) -> Result<Option<Kept>, ToolFailure> {
    let path = folder.join(slug.file_name());
    // A link would lead out of the folder.
    if fs::symlink_metadata(&path).is_ok_and(|about| !about.is_file()) {
        return Ok(None);
    }
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(parse(&text))),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(ToolFailure::permanent(format!(
            "the draft {} can't be read ({error}); correct the file or its rights",
            slug.as_str()
        ))),
    }
}

fn slugs(folder: &Path) -> Result<Vec<Slug>, ToolFailure> {
    let entries = fs::read_dir(folder).map_err(|error| unwritable(&error))?;
    let names = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let mut slugs: Vec<Slug> =
        names.filter_map(|name| Slug::parse(&name).ok().filter(|slug| slug.file_name() == name)).collect();
    slugs.sort();
    Ok(slugs)
}

fn with_key(folder: &Path, key: &str) -> Result<Option<(Slug, Kept)>, ToolFailure> {
    let is_of_it = |kept: &Kept| kept.mark.as_deref().and_then(|mark| mark.split(MARK_SEPARATOR).next()) == Some(key);
    for slug in slugs(folder)? {
        if let Some(kept) = read(folder, &slug)?.filter(is_of_it) {
            return Ok(Some((slug, kept)));
        }
    }
    Ok(None)
}

/// What a call asks for, as its draft is marked with it.
fn request(wanted: &CreateDraft) -> String {
    let CreateDraft { title, markdown, slug, drawn_from, everybody, .. } = wanted;
    version(&serde_json::json!([title, markdown, slug, drawn_from, everybody]).to_string())
}

fn write_new(folder: &Path, slug: &Slug, text: &str) -> Result<(), ToolFailure> {
    let file = temporary(folder, text).map_err(|error| unwritable(&error))?;
    match file.persist_noclobber(folder.join(slug.file_name())) {
        Ok(_) => sync_folder(folder),
        Err(error) if error.error.kind() == ErrorKind::AlreadyExists => Err(ToolFailure::permanent(format!(
            "there is a draft {} already: change it with update_draft, or give another slug",
            slug.as_str()
        ))),
        Err(error) => Err(unwritable(&error.error)),
    }
}

fn write_over(folder: &Path, slug: &Slug, text: &str) -> Result<(), ToolFailure> {
    let file = temporary(folder, text).map_err(|error| unwritable(&error))?;
    file.persist(folder.join(slug.file_name())).map_err(|error| unwritable(&error.error))?;
    sync_folder(folder)
}

/// The text on disk under a name that nobody looks at, to be given its own in one step.
fn temporary(folder: &Path, text: &str) -> std::io::Result<tempfile::NamedTempFile> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(".draft-");
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        // Colleagues read drafts; the process's mask still takes away what it takes from every file.
        builder.permissions(fs::Permissions::from_mode(0o666));
    }
    let mut file = builder.tempfile_in(folder)?;
    file.write_all(text.as_bytes())?;
    file.as_file().sync_all()?;
    Ok(file)
}

/// The name itself is on disk too.
fn sync_folder(folder: &Path) -> Result<(), ToolFailure> {
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(|error| {
        ToolFailure::unknown(format!(
            "the draft is written, but may not outlive a power cut ({error}); read it before trying again"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written() -> String {
        let source = DraftSource { drawn_from: vec!["hr/pay.md".to_owned()], everybody: false };
        text_of("Pay: \"rise\"", Some("deskbell-1/2"), &source, "# Pay\n\n---\nOf hr.")
    }

    #[test]
    fn a_draft_is_read_as_it_was_written_however_an_editor_ends_its_lines() {
        let text = written();
        for text in [
            text.clone(),
            text.replace('\n', "\r\n"),
            text.replace('\n', "\r"),
            format!("\u{feff}{}", text.replace('\n', "\r\n")),
            format!("\n{text}"),
            text.replace("---\n", "---  \n"),
            text.replace("drawn_from: ", "\"drawn_from\" : "),
        ] {
            let kept = parse(&text);
            assert_eq!(
                (kept.title.as_str(), kept.mark.as_deref()),
                ("Pay: \"rise\"", Some("deskbell-1/2")),
                "{text:?}"
            );
            assert_eq!((kept.source.drawn_from, kept.source.everybody), (vec!["hr/pay.md".to_owned()], false));
            assert!(
                kept.markdown.starts_with("# Pay\n\n---") && kept.markdown.ends_with("Of hr."),
                "{}",
                kept.markdown
            );
        }
    }

    /// [`DraftSource::drawn_from`] names a document that there is not.
    #[test]
    fn what_begins_as_a_front_matter_and_is_none_is_shown_to_nobody() {
        let whole = written();
        let end = whole.find("\n---\n\n#").unwrap();
        for text in [
            whole[..end].to_owned(),
            whole.replacen("---\n", "--- a\n", 1),
            whole.replace(r#"["hr/pay.md"]"#, "\n  - hr/pay.md"),
            whole.replace(r#"["hr/pay.md"]"#, "[hr/pay.md]"),
            "---".to_owned(),
        ] {
            let source = parse(&text).source;
            assert!(source.drawn_from.iter().any(|path| path != "hr/pay.md") && !source.everybody, "{text:?}");
        }
        assert!(parse("# By hand\n\n---\nA text.").source.drawn_from.is_empty());
    }
}
