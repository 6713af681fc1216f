//! Secrets in files that more people can read than should.

use std::path::{Path, PathBuf};

use super::Config;

/// A file with a secret that the machine's other users can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OpenSecretFile {
    /// The key that names it: `slack.bot_token`.
    pub field: String,
    /// Where it is.
    pub path: PathBuf,
}

impl Config {
    /// The files of secrets (`"file:PATH"`) that their group or everybody may read. Where files have no modes there are none.
    pub fn open_secret_files(&self) -> Vec<OpenSecretFile> {
        let secrets = self.secrets().filter_map(|(field, secret)| Some((field.to_owned(), secret.file()?)));
        let secrets = secrets.map(|(field, file)| (field, self.path(file)));
        let settings = self.mcp.iter().flat_map(|(name, server)| server.setting_files(name, &self.source));
        let found = secrets.chain(settings).map(|(field, path)| OpenSecretFile { field, path });
        found.filter(|file| others_may_read(&file.path)).collect()
    }

    /// The file of the master key, if its group or everybody may read it.
    pub fn open_master_key_file(&self) -> Option<PathBuf> {
        let path = match &self.store.master_key {
            None => self.path(&self.store.path).with_extension("key"),
            Some(reference) => self.path(reference.file()?),
        };
        others_may_read(&path).then_some(path)
    }
}

#[cfg(unix)]
fn others_may_read(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|about| about.permissions().mode() & 0o044 != 0)
}

#[cfg(not(unix))]
fn others_may_read(_path: &Path) -> bool {
    false
}
