//! A store that can't be written: one clear message at start, with the mend. The tests hold for a superuser too, whom no
//! file's mode stops.

use std::path::Path;
use std::process::Command;

use super::{Said, deskbell, repository_file};

const SECRETS: [(&str, &str); 4] =
    [("SLACK_SIGNING_SECRET", "a"), ("SLACK_BOT_TOKEN", "b"), ("JIRA_EMAIL", "c"), ("JIRA_API_TOKEN", "d")];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let config = repository_file("deskbell.example.toml").replace("127.0.0.1:8080", "127.0.0.1:0");
    std::fs::write(folder.path().join("deskbell.toml"), config).unwrap();
    std::fs::write(folder.path().join("policy.example.toml"), repository_file("policy.example.toml")).unwrap();
    folder
}

#[track_caller]
fn check(folder: &Path, command: &mut Command, fault: &str, mend: &str) {
    let said = Said::of(&command.envs(SECRETS).output().unwrap());
    let lines: Vec<&str> = said.stderr.lines().filter(|line| line.contains(fault)).collect();
    assert_eq!((said.code, lines.len()), (1, 1), "{}", said.stderr);
    let named = folder.join("deskbell.db");
    assert!(lines[0].contains(mend) && lines[0].contains(named.file_name().unwrap().to_str().unwrap()), "{}", lines[0]);
    assert!(!said.stderr.contains("panicked"), "{}", said.stderr);
}

#[test]
fn a_folder_in_the_files_place_is_named() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("deskbell.db")).unwrap();
    check(folder.path(), &mut deskbell(folder.path(), &["serve"]), "can't be opened", "writable");
}

#[test]
fn a_log_that_can_not_be_written_is_named() {
    let folder = folder();
    std::fs::create_dir(folder.path().join("deskbell.db-wal")).unwrap();
    check(folder.path(), &mut deskbell(folder.path(), &["serve"]), "can't be opened", "-wal");
}

#[test]
fn a_store_whose_key_file_is_gone_asks_for_it_and_gets_no_other() {
    let folder = folder();
    std::fs::write(folder.path().join("deskbell.db"), "sealed words").unwrap();
    for command in ["serve", "doctor"] {
        let said = Said::of(&deskbell(folder.path(), &[command]).envs(SECRETS).output().unwrap());
        let text = said.stdout + &said.stderr;
        assert!(said.code != 0 && text.contains("deskbell.key is missing: restore it"), "{text}");
        assert!(!folder.path().join("deskbell.key").exists());
    }
}

#[test]
fn before_the_first_start_nothing_is_missing() {
    let folder = folder();
    for command in ["verify", "anchor", "show", "replay", "dead-letters"] {
        let said = Said::of(&deskbell(folder.path(), &["audit", command]).envs(SECRETS).output().unwrap());
        let expected = "there is no store at deskbell.db yet: `deskbell serve` makes it on its first start";
        assert!(said.code == 1 && said.stderr.contains(expected), "{command}: {}", said.all());
    }
}

#[test]
fn a_read_only_file_is_named() {
    let folder = folder();
    let path = folder.path().join("deskbell.db");
    std::fs::write(&path, "").unwrap();
    let mut mode = std::fs::metadata(&path).unwrap().permissions();
    mode.set_readonly(true);
    std::fs::set_permissions(&path, mode).unwrap();
    let mut command = deskbell(folder.path(), &["serve"]);
    if std::fs::File::options().write(true).open(&path).is_ok() {
        command = as_nobody(folder.path(), &command);
    }
    check(folder.path(), &mut command, "the file is read-only", "writable");
}

/// A superuser writes read-only files all the same, so a superuser's tests run this as a user whom modes bind. That user owns
/// the folder and has the binary in it.
fn as_nobody(folder: &Path, command: &Command) -> Command {
    const NOBODY: u32 = 65_534;
    let binary = folder.join("deskbell");
    std::fs::copy(command.get_program(), &binary).unwrap();
    for entry in std::fs::read_dir(folder).unwrap() {
        std::os::unix::fs::chown(entry.unwrap().path(), Some(NOBODY), Some(NOBODY)).unwrap();
    }
    std::os::unix::fs::chown(folder, Some(NOBODY), Some(NOBODY)).unwrap();
    let mut bound = Command::new(binary);
    bound.args(command.get_args()).current_dir(folder);
    for (name, value) in command.get_envs() {
        match value {
            Some(value) => bound.env(name, value),
            None => bound.env_remove(name),
        };
    }
    std::os::unix::process::CommandExt::uid(&mut bound, NOBODY);
    bound
}

/// The limit on a file's size stands for a disk without room.
#[cfg(unix)]
#[test]
fn a_disk_without_room_is_named() {
    let folder = folder();
    let mut limited = Command::new("sh");
    let binary = deskbell(folder.path(), &[]);
    limited.args(["-c", "trap '' XFSZ; ulimit -f 8; exec \"$0\" serve"]).arg(binary.get_program());
    limited.current_dir(folder.path());
    check(folder.path(), &mut limited, "can't be opened", "room on it");
}
