//! The knowledge server: search and read folders of Markdown, write drafts into a folder of their own.
//!
//! Reading order: [`KnowledgeServer`] holds the tools, the resources and the prompt; `library` reads the folders and looks
//! again when they changed; `drafts` writes; [`slug`] says which names a draft may have.
//!
//! Nothing outside the configured folders is read or written: documents are looked up among those that were found, links
//! are not followed, and a draft's name has no separators.

mod drafts;
mod library;
pub mod schema;
mod slug;
pub mod tools;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use url::Url;

pub use tools::KnowledgeServer;

/// What is served, and where drafts go.
#[derive(Debug, Clone)]
pub struct KnowledgeServerConfig {
    /// Folders of Markdown, read with their subfolders. With several, a document's path begins with its folder's name.
    pub folders: Vec<PathBuf>,
    /// Where drafts are written; without it nothing is.
    pub drafts: Option<PathBuf>,
    /// Where people read the documents: the document's path is added to it.
    pub base_url: Option<Url>,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KnowledgeConfigError {
    /// No folder is set.
    #[error(
        "the environment variable DESKBELL_KNOWLEDGE_FOLDERS is not set; set it to the folder of your Markdown documents, or to \
         several, separated as in PATH"
    )]
    FoldersMissing,
    /// A folder can't be used.
    #[error("{variable}: {path} is no folder that can be read; correct the path or its rights", path = path.display())]
    NoFolder {
        /// The variable that names it.
        variable: &'static str,
        /// As written.
        path: PathBuf,
    },
    /// Two folders have the same name.
    #[error(
        "DESKBELL_KNOWLEDGE_FOLDERS names two folders called {0}; their documents could not be told apart: rename one"
    )]
    SameName(String),
    /// Drafts would be served as knowledge.
    #[error(
        "DESKBELL_KNOWLEDGE_DRAFTS must be apart from the folders of DESKBELL_KNOWLEDGE_FOLDERS: what is a draft would be served \
         as knowledge; choose a folder that is in none of them and holds none"
    )]
    DraftsWithin,
    /// The address is no URL.
    #[error(
        "the environment variable DESKBELL_KNOWLEDGE_BASE_URL is not a valid http(s) address; set it to where people read the \
         documents, or leave it out"
    )]
    BadUrl,
}

impl KnowledgeServerConfig {
    /// Reads `DESKBELL_KNOWLEDGE_FOLDERS` and, when set, `DESKBELL_KNOWLEDGE_DRAFTS` and `DESKBELL_KNOWLEDGE_BASE_URL` from
    /// the environment.
    ///
    /// # Errors
    /// [`KnowledgeConfigError`] naming the variable to mend.
    pub fn from_env() -> Result<Self, KnowledgeConfigError> {
        Self::from_variables(|name| std::env::var(name).ok())
    }

    /// As [`Self::from_env`], with the variables looked up by `variable`.
    ///
    /// # Errors
    /// [`KnowledgeConfigError`] naming the variable to mend.
    pub fn from_variables(variable: impl Fn(&str) -> Option<String>) -> Result<Self, KnowledgeConfigError> {
        let set = |name: &str| variable(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty());
        let written = set("DESKBELL_KNOWLEDGE_FOLDERS").ok_or(KnowledgeConfigError::FoldersMissing)?;
        let folders: Vec<PathBuf> =
            std::env::split_paths(&written).filter(|path| !path.as_os_str().is_empty()).collect();
        let base_url = match set("DESKBELL_KNOWLEDGE_BASE_URL") {
            None => None,
            Some(text) => {
                let url = Url::parse(&text).ok();
                let web = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
                Some(web.ok_or(KnowledgeConfigError::BadUrl)?)
            }
        };
        Ok(Self { folders, drafts: set("DESKBELL_KNOWLEDGE_DRAFTS").map(PathBuf::from), base_url })
    }

    /// The same with the folders' true paths.
    ///
    /// # Errors
    /// [`KnowledgeConfigError`] when a folder is none, or two can't be told apart.
    fn checked(self) -> Result<Self, KnowledgeConfigError> {
        let folders = self
            .folders
            .into_iter()
            .map(|path| true_folder("DESKBELL_KNOWLEDGE_FOLDERS", path))
            .collect::<Result<Vec<_>, _>>()?;
        if folders.is_empty() {
            return Err(KnowledgeConfigError::FoldersMissing);
        }
        let mut names = BTreeSet::new();
        for folder in &folders {
            let name = folder_name(folder);
            if !names.insert(name.clone()) {
                return Err(KnowledgeConfigError::SameName(name));
            }
        }
        let drafts = self.drafts.map(|path| true_folder("DESKBELL_KNOWLEDGE_DRAFTS", path)).transpose()?;
        if let Some(drafts) = &drafts
            && folders.iter().any(|folder| drafts.starts_with(folder) || folder.starts_with(drafts))
        {
            return Err(KnowledgeConfigError::DraftsWithin);
        }
        Ok(Self { folders, drafts, base_url: self.base_url })
    }
}

fn true_folder(variable: &'static str, path: PathBuf) -> Result<PathBuf, KnowledgeConfigError> {
    match path.canonicalize() {
        Ok(true_path) if true_path.is_dir() => Ok(true_path),
        _ => Err(KnowledgeConfigError::NoFolder { variable, path }),
    }
}

fn folder_name(folder: &Path) -> String {
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
