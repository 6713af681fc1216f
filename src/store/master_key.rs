//! The master key: wraps every data key, is itself never in the store.

use std::fmt;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::error::KeyError;

/// 32 bytes, wiped when dropped. Whoever holds it and the store's file can read everything that is not erased.
#[derive(Clone)]
pub struct MasterKey(Zeroizing<[u8; 32]>);

impl MasterKey {
    /// Takes 32 bytes as they are.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(Zeroizing::new(bytes))
    }

    /// Reads a key as people write it: base64 or 64 hex digits, spaces around it ignored.
    ///
    /// # Errors
    /// When the text is anything else.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let text = text.trim();
        let bytes = if text.len() == 64 {
            hex::decode(text).map_err(|_| KeyError::Malformed)
        } else {
            STANDARD.decode(text).map_err(|_| KeyError::Malformed)
        };
        let bytes = Zeroizing::new(bytes?);
        let bytes: [u8; 32] = bytes.as_slice().try_into().map_err(|_| KeyError::Malformed)?;
        Ok(Self::from_bytes(bytes))
    }

    /// Reads the key from a file that holds it as text.
    ///
    /// # Errors
    /// When the file can't be read or holds no key.
    pub fn load(path: &Path) -> Result<Self, KeyError> {
        let text = fs::read_to_string(path).map(Zeroizing::new).map_err(|source| {
            let path = path.to_owned();
            match source.kind() {
                io::ErrorKind::NotFound => KeyError::Missing { path },
                _ => KeyError::File { path, verb: "read", source },
            }
        })?;
        warn_if_others_may_read(path);
        Self::from_text(&text).map_err(|_| KeyError::MalformedFile { path: path.to_owned() })
    }

    /// Reads the key from a file, or makes one there (mode 0600) on the first start.
    ///
    /// # Errors
    /// When the file can't be read or made, or holds no key.
    pub fn load_or_create(path: &Path) -> Result<Self, KeyError> {
        let key = Self::from_bytes(random_bytes());
        match write_new(path, &key) {
            Ok(()) => {
                tracing::warn!(
                    path = %path.display(),
                    "made a new master key: back it up apart from the database, nothing sealed can be read without it"
                );
                Ok(key)
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Self::load(path),
            Err(source) => Err(KeyError::File { path: path.to_owned(), verb: "made", source }),
        }
    }

    pub(super) fn bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(…)")
    }
}

/// Random bytes fit for keys and nonces.
pub(super) fn random_bytes<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    rand::fill(&mut bytes);
    bytes
}

/// Writes the key to a file that did not exist, durably: a key lost after data was sealed under it loses the data.
fn write_new(path: &Path, key: &MasterKey) -> io::Result<()> {
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    let text = Zeroizing::new(format!("{}\n", STANDARD.encode(key.bytes())));
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    fs::File::open(folder.unwrap_or(Path::new(".")))?.sync_all()
}

fn warn_if_others_may_read(path: &Path) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let open = fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o077 != 0);
        if open {
            tracing::warn!(path = %path.display(), "other users may read the master key: chmod 600 it");
        }
    }
    #[cfg(not(unix))]
    let _ = path;
}
