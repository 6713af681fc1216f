//! What was spent today, kept in a small file beside the store, so that a restart gives no budget back.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

/// A day's spending.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Day {
    pub day: Date,
    pub tokens: u64,
    pub nanos: u64,
}

/// The file. Without one, nothing is kept.
#[derive(Debug)]
pub(super) struct SpendFile {
    path: Option<PathBuf>,
    writing: Mutex<()>,
    has_failed: AtomicBool,
}

impl SpendFile {
    pub(super) fn new(path: Option<PathBuf>) -> Self {
        Self { path, writing: Mutex::default(), has_failed: AtomicBool::new(false) }
    }

    /// What was spent so far on this day.
    pub(super) fn read(&self, today: Date) -> Option<Day> {
        let text = std::fs::read(self.path.as_deref()?).ok()?;
        serde_json::from_slice(&text).ok().filter(|kept: &Day| kept.day == today)
    }

    /// Keeps what `spent` says once it is this one's turn, so that the newest figure is the last one written.
    pub(super) fn write(&self, spent: impl FnOnce() -> Day) {
        let Some(path) = &self.path else { return };
        let _turn = self.writing.lock().unwrap_or_else(PoisonError::into_inner);
        let written = replace(path, &serde_json::to_vec(&spent()).unwrap_or_default());
        if let Err(error) = written
            && !self.has_failed.swap(true, Ordering::Relaxed)
        {
            tracing::warn!(path = %path.display(), %error, "what the language model costs today can't be kept: a restart forgets it");
        }
    }
}

/// A reader finds the old or the new, never a half.
fn replace(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let beside = path.with_extension("tmp");
    std::fs::write(&beside, bytes)?;
    std::fs::rename(&beside, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_kept_for_that_day_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("spent.json");
        let today = Date::constant(2026, 3, 1);
        let spent = Day { day: today, tokens: 7, nanos: 9 };
        SpendFile::new(Some(path.clone())).write(|| spent);
        let again = SpendFile::new(Some(path.clone()));
        assert_eq!(again.read(today), Some(spent));
        assert_eq!(again.read(Date::constant(2026, 3, 2)), None);
        std::fs::write(&path, "{").unwrap();
        assert_eq!(again.read(today), None);
        assert_eq!(SpendFile::new(None).read(today), None);
    }
}
