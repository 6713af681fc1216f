//! The file that says who may read which folder, and whom hidden accounts belong to.
//!
//! ```toml
//! [groups]
//! finance = ["ana@example.com", "ben@example.com"]
//!
//! [folders]
//! "handbook/finance" = ["finance", "cfo@example.com"]
//!
//! [accounts]
//! "ana@example.com" = ["712020:5a"]
//! ```

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::Deserialize;

use super::audience::{Audience, Directory, Email, Gate, Principal};

/// Bytes of the file at most.
const FILE_BYTES_MAX: u64 = 4 * 1024 * 1024;

/// What the file says.
#[derive(Debug, Clone, Default)]
pub(super) struct Access {
    folders: BTreeMap<String, Gate>,
    groups: BTreeMap<String, BTreeSet<Email>>,
    accounts: BTreeMap<Email, BTreeSet<String>>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    #[serde(default)]
    groups: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    folders: BTreeMap<String, Vec<String>>,
    #[serde(default)]
    accounts: BTreeMap<String, Vec<String>>,
}

impl Access {
    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong in it, and how to mend it.
    pub(super) fn read(file: &Path) -> Result<Self, String> {
        let length = std::fs::metadata(file).map_err(|error| format!("it can't be read ({error})"))?.len();
        if length > FILE_BYTES_MAX {
            return Err("it is larger than 4 MiB".to_owned());
        }
        let text = std::fs::read_to_string(file).map_err(|error| format!("it can't be read ({error})"))?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let written: Written = toml::from_str(text).map_err(|error| error.message().to_owned())?;
        let mut access = Self::default();
        for (name, members) in &written.groups {
            let members: Result<_, _> = members.iter().map(|member| address("groups", name, member)).collect();
            access.groups.insert(name.clone(), members?);
        }
        for (folder, readers) in &written.folders {
            let gate: Result<Gate, _> = readers.iter().map(|reader| access.principal(folder, reader)).collect();
            access.folders.insert(folder.trim_matches('/').to_owned(), gate?);
        }
        for (email, ids) in &written.accounts {
            access.accounts.insert(address("accounts", email, email)?, ids.iter().cloned().collect());
        }
        Ok(access)
    }

    fn principal(&self, folder: &str, reader: &str) -> Result<Principal, String> {
        if reader.contains('@') {
            return Ok(Principal::mail(&address("folders", folder, reader)?));
        }
        if self.groups.contains_key(reader) {
            return Ok(Principal::group(reader));
        }
        Err(format!("[folders] \"{folder}\" names {reader}, which is no group of [groups] and no e-mail address"))
    }

    /// Who may read a document of a folder with this name: every entry that its path is under counts, with the name of the whole
    /// folder before it or without, however many folders there are: another beside it, which puts these names before the paths,
    /// opens nothing, and one that is alone is closed by its own name.
    pub(super) fn of_path(&self, name: &str, path: &str) -> Audience {
        let gates = self.folders.iter().filter(|(folder, _)| is_under(folder, name, path));
        gates.fold(Audience::Everybody, |all, (_, gate)| all.and(&Audience::only(gate.clone())))
    }

    /// The entries under which none of these documents is, given by their folders' names and their paths.
    pub(super) fn idle<'d>(&self, documents: impl Iterator<Item = (&'d str, &'d str)>) -> BTreeSet<String> {
        let mut idle: BTreeSet<&String> = self.folders.keys().collect();
        for (name, path) in documents {
            idle.retain(|folder| !is_under(folder, name, path));
            if idle.is_empty() {
                break;
            }
        }
        idle.into_iter().cloned().collect()
    }

    /// Adds the file's groups and accounts to what is known of people.
    pub(super) fn fill(&self, directory: &mut Directory) {
        for (group, members) in &self.groups {
            for member in members {
                directory.add_member(&Principal::group(group), Principal::mail(member));
            }
        }
        for (email, ids) in &self.accounts {
            for id in ids {
                directory.add_account(email.clone(), Principal::confluence_user(id));
            }
        }
    }
}

/// Whether the document of a folder with this name is under the entry.
fn is_under(entry: &str, name: &str, path: &str) -> bool {
    let is_at = |path: &str| {
        entry.is_empty() || path == entry || path.strip_prefix(entry).is_some_and(|rest| rest.starts_with('/'))
    };
    let below = path.split_once('/').map_or(path, |(_, below)| below);
    is_at(path) || is_at(below) || is_at(&format!("{name}/{path}"))
}

fn address(table: &str, name: &str, text: &str) -> Result<Email, String> {
    Email::parse(text).ok_or_else(|| format!("[{table}] \"{name}\" holds \"{text}\", which is no e-mail address"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_closed_to_others_and_within_each_other_both_count() {
        let access = Access::parse(
            "[groups]\nfinance = ['ana@x.example', 'ben@x.example']\n[folders]\n'kb/finance' = ['finance']\n\
             'kb/finance/board' = ['ana@x.example']\n[accounts]\n'ana@x.example' = ['712020:5a']",
        )
        .unwrap();
        let mut directory = Directory::default();
        access.fill(&mut directory);
        let of = |path: &str| access.of_path("docs", path);
        let may_read = |who: &str, path: &str| of(path).lets_in(&directory.principals(&Email::parse(who).unwrap()));
        assert!(of("kb/refunds.md").is_public() && of("kb/finance2/a.md").is_public());
        assert!(may_read("ben@x.example", "kb/finance/a.md") && !may_read("eve@x.example", "kb/finance/a.md"));
        assert!(
            may_read("ana@x.example", "kb/finance/board/a.md") && !may_read("ben@x.example", "kb/finance/board/a.md")
        );
        assert!(!of("handbook/kb/finance/a.md").is_public(), "a second folder opens nothing");
        let alone = |path: &str| access.of_path("kb", path);
        assert!(!alone("finance/a.md").is_public(), "a folder that is alone is closed by its own name too");
        assert!(alone("finance2/a.md").is_public() && alone("a.md").is_public());
        let ana = directory.principals(&Email::parse("ana@x.example").unwrap());
        assert!(ana.contains(&Principal::confluence_user("712020:5a")));
    }

    #[test]
    fn an_entry_that_no_document_is_under_is_idle() {
        let access = Access::parse("[folders]\n'kb/finance' = []\n'kb/fnance' = []\n'board' = []\n'' = []").unwrap();
        let idle = |documents: &[(&str, &str)]| access.idle(documents.iter().copied());
        assert_eq!(idle(&[("kb", "a.md"), ("kb", "finance/b.md")]), ["board", "kb/fnance"].map(str::to_owned).into());
        assert_eq!(idle(&[("board", "fnance.md"), ("x", "kb/finance/b.md")]), ["kb/fnance".to_owned()].into());
        assert_eq!(idle(&[]).len(), 4);
    }

    #[test]
    fn faults_name_what_to_mend() {
        for (text, named) in [
            ("[folders]\n'a' = ['nobody']", "nobody"),
            ("[groups]\nx = ['ana']", "ana"),
            ("[folder]\n'a' = []", "folder"),
            ("[accounts]\n'ana' = []", "ana"),
        ] {
            assert!(Access::parse(text).unwrap_err().contains(named), "{text}");
        }
    }
}
