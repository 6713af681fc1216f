//! What is served, to whom, and where drafts go.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use url::Url;

use super::confluence::{ConfluenceConfig, ConfluenceConfigError};

/// What is served, and where drafts go.
#[derive(Debug, Clone, Default)]
pub struct KnowledgeServerConfig {
    /// Folders of Markdown and HTML, read with their subfolders. With several, a document's path begins with its folder's name.
    pub folders: Vec<PathBuf>,
    /// Where drafts are written; without it nothing is.
    pub drafts: Option<PathBuf>,
    /// Where people read the folders' documents: the document's path is added to it.
    pub base_url: Option<Url>,
    /// The server's own folder: documents of other sources, versions, permissions and feedback. Without it they are kept as
    /// long as the server runs.
    pub data: Option<PathBuf>,
    /// The file that says who may read which folder; without it everybody may.
    pub access: Option<PathBuf>,
    /// A folder with the sentence encoder; without it words alone find documents.
    pub encoder: Option<PathBuf>,
    /// Whether the caller is believed when it says who will read.
    pub trust_caller: bool,
    /// A Confluence site.
    pub confluence: Option<ConfluenceConfig>,
}

/// What is wrong with the configuration.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum KnowledgeConfigError {
    /// There is nothing to serve.
    #[error(
        "the environment variable DESKBELL_KNOWLEDGE_FOLDERS is not set; set it to the folder of your Markdown documents, or to \
         several, separated as in PATH; or set DESKBELL_CONFLUENCE_URL"
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
    /// Neither true nor false.
    #[error(
        "the environment variable DESKBELL_KNOWLEDGE_TRUST_CALLER is neither \"true\" nor \"false\"; set it to true only for a \
         caller that tells truly who will read, such as Deskbell itself"
    )]
    BadTrust,
    /// The file of readers can't be used.
    #[error("DESKBELL_KNOWLEDGE_ACCESS: {path}: {reason}; correct the file", path = path.display())]
    BadAccess {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The server's own store can't be used.
    #[error("DESKBELL_KNOWLEDGE_DATA: {path}: {reason}", path = path.display())]
    BadData {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// The encoder can't be used.
    #[error(
        "DESKBELL_KNOWLEDGE_ENCODER: {path}: {reason}; set it to a folder with model.safetensors and vocab.txt of \
         all-MiniLM-L6-v2, or leave it out",
        path = path.display()
    )]
    BadEncoder {
        /// The folder.
        path: PathBuf,
        /// What is wrong.
        reason: String,
    },
    /// Confluence's part is wrong.
    #[error(transparent)]
    Confluence(#[from] ConfluenceConfigError),
}

impl KnowledgeServerConfig {
    /// Reads `DESKBELL_KNOWLEDGE_FOLDERS` and, when set, `DESKBELL_KNOWLEDGE_DRAFTS`, `_BASE_URL`, `_DATA`, `_ACCESS`,
    /// `_ENCODER` and `_TRUST_CALLER`, and Confluence's variables, from the environment.
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
        let confluence = ConfluenceConfig::from_variables(&variable)?;
        let written = set("DESKBELL_KNOWLEDGE_FOLDERS").unwrap_or_default();
        let folders: Vec<PathBuf> =
            std::env::split_paths(&written).filter(|path| !path.as_os_str().is_empty()).collect();
        if folders.is_empty() && confluence.is_none() {
            return Err(KnowledgeConfigError::FoldersMissing);
        }
        let base_url = match set("DESKBELL_KNOWLEDGE_BASE_URL") {
            None => None,
            Some(text) => {
                let url = Url::parse(&text).ok();
                let web = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host());
                Some(web.ok_or(KnowledgeConfigError::BadUrl)?)
            }
        };
        let trust_caller = match set("DESKBELL_KNOWLEDGE_TRUST_CALLER").as_deref() {
            None | Some("false") => false,
            Some("true") => true,
            Some(_) => return Err(KnowledgeConfigError::BadTrust),
        };
        let path = |name: &str| set(name).map(PathBuf::from);
        Ok(Self {
            folders,
            drafts: path("DESKBELL_KNOWLEDGE_DRAFTS"),
            base_url,
            data: path("DESKBELL_KNOWLEDGE_DATA"),
            access: path("DESKBELL_KNOWLEDGE_ACCESS"),
            encoder: path("DESKBELL_KNOWLEDGE_ENCODER"),
            trust_caller,
            confluence,
        })
    }

    /// The same with the folders' true paths.
    ///
    /// # Errors
    /// [`KnowledgeConfigError`] when a folder is none, or two can't be told apart.
    pub(super) fn checked(self) -> Result<Self, KnowledgeConfigError> {
        let folders = self
            .folders
            .into_iter()
            .map(|path| true_folder("DESKBELL_KNOWLEDGE_FOLDERS", path))
            .collect::<Result<Vec<_>, _>>()?;
        if folders.is_empty() && self.confluence.is_none() {
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
        let data = self.data.map(own_folder).transpose()?;
        Ok(Self { folders, drafts, data, ..self })
    }
}

/// The server's own folder is made when it is not there, for its owner alone; the one it stands in must be.
fn own_folder(path: PathBuf) -> Result<PathBuf, KnowledgeConfigError> {
    #[cfg_attr(not(unix), allow(unused_mut))]
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    // What keeps it from being made shows when it is looked for.
    let _ = builder.create(&path);
    true_folder("DESKBELL_KNOWLEDGE_DATA", path)
}

fn true_folder(variable: &'static str, path: PathBuf) -> Result<PathBuf, KnowledgeConfigError> {
    match path.canonicalize() {
        Ok(true_path) if true_path.is_dir() => Ok(true_path),
        _ => Err(KnowledgeConfigError::NoFolder { variable, path }),
    }
}

pub(super) fn folder_name(folder: &Path) -> String {
    folder.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
