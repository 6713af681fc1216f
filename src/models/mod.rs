//! The sentence encoder's files: where they are looked for, and how they get there. They are pinned by hash; what is not to the
//! byte what it should be is never put in place.
//!
//! Read [`MINILM`] (what is pinned), [`found`] (where it is looked for), then `fetch` (a download, a folder, an archive).

mod fetch;

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};

pub use fetch::{Progress, import, pull};

/// A file of a model, pinned.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinnedFile {
    /// Its name.
    pub name: &'static str,
    /// Its size.
    pub bytes: u64,
    /// 64 hex digits.
    pub sha256: &'static str,
}

/// A model that Deskbell can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PinnedModel {
    /// Its name, and its folder's.
    pub name: &'static str,
    /// What it consists of.
    pub files: [PinnedFile; 2],
    /// The address that a file's name is added to.
    pub url: &'static str,
}

/// The sentence encoder (<https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2>, Apache-2.0).
pub const MINILM: PinnedModel = PinnedModel {
    name: "all-MiniLM-L6-v2",
    files: [
        PinnedFile {
            name: "model.safetensors",
            bytes: 90_868_376,
            sha256: "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        },
        PinnedFile {
            name: "vocab.txt",
            bytes: 231_508,
            sha256: "07eced375cec144d27c900241f3e339478dec958f92fddbc551f295c992038a3",
        },
    ],
    url: "https://huggingface.co/sentence-transformers/all-MiniLM-L6-v2/resolve/main",
};

/// Names a folder of models: the only one that is looked into beside the data's own.
pub const FOLDER_VARIABLE: &str = "DESKBELL_MODELS";

/// What stands between somebody and a model.
#[derive(Debug, thiserror::Error)]
pub enum ModelError {
    /// The disk.
    #[error("{} can't be read or written ({reason}): correct the path, its rights, or make room", path.display())]
    Disk {
        /// Where.
        path: PathBuf,
        /// The system's words.
        reason: String,
    },
    /// The network, or whoever answers there.
    #[error(
        "{url} gave nothing ({reason}): check the network and proxy, or fetch the files elsewhere and use `deskbell models import`"
    )]
    Network {
        /// Where.
        url: String,
        /// What was seen.
        reason: String,
    },
    /// A file is missing from a folder or an archive.
    #[error("{} holds no {file} of {model}: name the folder, wheel or zip that does", from.display())]
    Missing {
        /// Where it was looked for.
        from: PathBuf,
        /// Which file.
        file: &'static str,
        /// Of which model.
        model: &'static str,
    },
    /// Not an archive.
    #[error("{} is no zip archive ({reason}): name a folder, a wheel (.whl) or a zip", from.display())]
    Archive {
        /// Which file.
        from: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// Another file of the same name.
    #[error("{file} of {from} is not the pinned one ({what}): nothing was put in place; get {model} from {url}")]
    NotPinned {
        /// Which file.
        file: &'static str,
        /// Where it came from.
        from: String,
        /// How it differs.
        what: String,
        /// Of which model.
        model: &'static str,
        /// Where the right one is.
        url: &'static str,
    },
    /// There is no folder to put it into.
    #[error("no home folder is known: name one with --to, or set {FOLDER_VARIABLE}")]
    NoHome,
}

impl ModelError {
    fn disk(path: &Path, error: &std::io::Error) -> Self {
        Self::Disk { path: path.to_owned(), reason: error.to_string() }
    }
}

/// The folders in which models are looked for, in order: beside the data, then the one that [`FOLDER_VARIABLE`] names, or else the
/// user's own.
pub fn folders(data: Option<&Path>) -> Vec<PathBuf> {
    data.map(|data| data.join("models")).into_iter().chain(shared_folder()).collect()
}

/// The folder that serves all Deskbells of a machine or a user.
pub fn shared_folder() -> Option<PathBuf> {
    if let Some(named) = std::env::var_os(FOLDER_VARIABLE) {
        return Some(PathBuf::from(named));
    }
    let home = || std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".local/share"));
    let data = std::env::var_os("XDG_DATA_HOME").map(PathBuf::from).or_else(home)?;
    Some(data.join("deskbell/models"))
}

/// The folder of a model that is there with all its files in their sizes; their content is not looked at.
pub fn found(model: &PinnedModel, data: Option<&Path>) -> Option<PathBuf> {
    let is_whole = |folder: &PathBuf| {
        model.files.iter().all(|file| {
            std::fs::metadata(folder.join(file.name)).is_ok_and(|about| about.is_file() && about.len() == file.bytes)
        })
    };
    folders(data).into_iter().map(|folder| folder.join(model.name)).find(is_whole)
}

/// How a model's folder stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum State {
    /// Nothing is there.
    Absent,
    /// To the byte what it should be.
    InOrder,
    /// Something is missing or another: which file, and how.
    Damaged {
        /// Such as `vocab.txt is missing`.
        what: String,
    },
}

/// Reads the files of a model's folder and compares them with the pins.
pub fn check(model: &PinnedModel, folder: &Path) -> State {
    if !folder.exists() {
        return State::Absent;
    }
    for file in &model.files {
        let path = folder.join(file.name);
        let Ok(opened) = File::open(&path) else {
            return State::Damaged { what: format!("{} is missing", file.name) };
        };
        match hash(BufReader::with_capacity(1 << 16, opened)) {
            Ok((bytes, sha256)) if bytes == file.bytes && sha256 == file.sha256 => {}
            Ok(_) => return State::Damaged { what: format!("{} is another file", file.name) },
            Err(error) => return State::Damaged { what: format!("{} can't be read: {error}", file.name) },
        }
    }
    State::InOrder
}

fn hash(mut read: impl Read) -> std::io::Result<(u64, String)> {
    let (mut hash, mut buffer, mut bytes) = (Sha256::new(), vec![0_u8; 1 << 16], 0_u64);
    loop {
        let count = read.read(&mut buffer)?;
        let Some(part) = buffer.get(..count).filter(|part| !part.is_empty()) else {
            return Ok((bytes, hex::encode(hash.finalize())));
        };
        hash.update(part);
        bytes += count as u64;
    }
}
