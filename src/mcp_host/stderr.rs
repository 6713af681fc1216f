//! What a child writes to standard error: logged for who looks closely, and its end for everybody when the child did not start.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufRead, AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::ChildStderr;
use tokio::task::JoinHandle;

/// Bytes that are read at once at most: of a longer line, pieces.
const PIECE_BYTES: usize = 2048;
/// What a warning of this program's holds.
const WARNINGS: [&str; 2] = [" WARN ", " ERROR "];
/// Lines that are kept.
const LINES_MAX: usize = 5;
/// Characters of each.
const LINE_CHARS: usize = 300;
/// Time for a child that failed to write its last.
const LAST_WAIT: Duration = Duration::from_millis(500);
/// Shorter values of variables are no secrets: they would stand for half of what is said.
const SECRET_CHARS_MIN: usize = 6;

/// The last lines of a child that is being started.
#[derive(Debug, Default)]
pub(super) struct LastWords {
    lines: Arc<Mutex<VecDeque<String>>>,
    reading: Mutex<Option<JoinHandle<()>>>,
}

impl LastWords {
    /// Keeps the pipe empty, so that a talkative child never blocks, in pieces of bounded size. What is logged and kept is without the
    /// values of the variables that were configured for the child. Warnings of this very program (`is_own`), which names no customers, are
    /// warnings here too.
    pub fn listen(&self, server: &str, env: &BTreeMap<String, SecretString>, stderr: ChildStderr, is_own: bool) {
        let (server, secrets, lines) = (server.to_owned(), Secrets::of(env), Arc::clone(&self.lines));
        let reading = tokio::spawn(hear(BufReader::new(stderr), secrets, move |said| {
            if is_own && WARNINGS.iter().any(|level| said.contains(level)) {
                tracing::warn!(server, line = said, "Deskbell's own MCP server warns");
            } else {
                tracing::debug!(server, line = said, "MCP server wrote to standard error");
            }
            keep(&mut lines.lock().unwrap_or_else(PoisonError::into_inner), said);
        }));
        *self.reading.lock().unwrap_or_else(PoisonError::into_inner) = Some(reading);
    }

    /// Logs them, for everybody.
    pub async fn log(&self, server: &str) {
        let reading = self.reading.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(reading) = reading {
            // A child of the child may keep the pipe open.
            let _ = tokio::time::timeout(LAST_WAIT, reading).await;
        }
        let lines: Vec<String> = self.lines.lock().unwrap_or_else(PoisonError::into_inner).drain(..).collect();
        for line in lines {
            tracing::warn!(server, line, "MCP server that did not start wrote to standard error");
        }
    }
}

fn keep(lines: &mut VecDeque<String>, line: String) {
    if lines.len() == LINES_MAX {
        lines.pop_front();
    }
    lines.push_back(line);
}

/// Hands on what is written, a line or a piece of one at a time, without secrets.
async fn hear(mut stderr: impl AsyncBufRead + Unpin, secrets: Secrets, mut say: impl FnMut(String)) {
    let (mut line, mut hidden) = (Vec::new(), 0);
    loop {
        let read = (&mut stderr).take(PIECE_BYTES as u64).read_until(b'\n', &mut line).await.unwrap_or_default();
        let is_whole = read == 0 || line.ends_with(b"\n");
        if !is_whole && line.len() < PIECE_BYTES {
            continue;
        }
        // A secret that begins in the end of a piece ends in the next one.
        let until = if is_whole { line.len() } else { line.len().saturating_sub(secrets.longest) };
        let said;
        (said, hidden) = secrets.without(&line, hidden, until);
        line.drain(..until);
        let said: String = String::from_utf8_lossy(&said).trim_end().chars().take(LINE_CHARS).collect();
        if !said.trim().is_empty() {
            say(said);
        }
        if read == 0 {
            return;
        }
    }
}

/// The values of the variables that were configured for a child; of values with several lines, each line.
struct Secrets {
    values: Vec<Vec<u8>>,
    /// Bytes of the longest.
    longest: usize,
}

impl Secrets {
    fn of(env: &BTreeMap<String, SecretString>) -> Self {
        let lines = env.values().flat_map(|value| value.expose_secret().lines().map(str::trim));
        let values: Vec<Vec<u8>> =
            lines.filter(|value| value.len() >= SECRET_CHARS_MIN).map(|value| value.as_bytes().to_vec()).collect();
        let longest = values.iter().map(Vec::len).max().unwrap_or_default();
        Self { values, longest }
    }

    /// The beginning of a line `until` a place with stars for secrets, and how many of the bytes after it belong to one. So many of
    /// its own first bytes do as are `hidden`. Secrets may overlap, or be parts of each other.
    fn without(&self, line: &[u8], mut hidden: usize, until: usize) -> (Vec<u8>, usize) {
        let mut said = Vec::new();
        for (at, byte) in line.iter().enumerate().take(until) {
            let rest = line.get(at..).unwrap_or_default();
            let was_hidden = at > 0 && at - 1 < hidden;
            let found = self.values.iter().filter(|value| rest.starts_with(value)).map(Vec::len).max();
            hidden = hidden.max(found.map_or(0, |length| at + length));
            match at < hidden {
                true if was_hidden => {}
                true => said.extend(b"***"),
                false => said.push(*byte),
            }
        }
        (said, hidden.saturating_sub(until))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn env(values: &[&str]) -> BTreeMap<String, SecretString> {
        values.iter().enumerate().map(|(number, value)| (format!("V{number}"), (*value).into())).collect()
    }

    async fn heard(written: &str, values: &[&str]) -> Vec<String> {
        let mut lines = Vec::new();
        hear(written.as_bytes(), Secrets::of(&env(values)), |line| lines.push(line)).await;
        lines
    }

    #[test]
    fn the_last_lines_are_kept() {
        let mut lines = VecDeque::new();
        (0..9).for_each(|number| keep(&mut lines, format!("line {number}")));
        assert_eq!(lines, (4..9).map(|number| format!("line {number}")).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn secrets_are_hidden_and_lines_are_short() {
        let written = "refused hush-hush at port 80\n\nand ended";
        assert_eq!(heard(written, &["hush-hush", "80"]).await, ["refused *** at port 80", "and ended"]);
        let long = heard(&"x".repeat(1000), &[]).await;
        assert_eq!(long.iter().map(String::len).collect::<Vec<_>>(), [LINE_CHARS]);
    }

    #[tokio::test]
    async fn a_secret_that_is_part_of_another_or_overlaps_one_leaves_nothing() {
        let values = ["secret", "secret-of-two", "two-times"];
        assert_eq!(heard("a secret-of-two, secret", &values).await, ["a ***, ***"]);
        assert_eq!(heard("the secret-of-two-times ends", &values).await, ["the *** ends"]);
        let key = "-----BEGIN-----\nc2VjcmV0LWtleQ\n-----END-----\n";
        assert_eq!(heard("bad key c2VjcmV0LWtleQ\n", &[key]).await, ["bad key ***"]);
    }

    #[tokio::test]
    async fn a_secret_across_two_pieces_of_a_long_line_is_hidden_in_both() {
        let secret = "0123456789abcdefghij";
        for place in 2000..2060 {
            // Pieces begin with what people see of them.
            let written = format!("{}{secret} {secret}{}", "x".repeat(place), "y".repeat(5000));
            let all = heard(&written, &[secret, "9abcdef"]).await;
            for part in ["012345", "abcdef", "efghij"] {
                assert!(all.iter().all(|line| !line.contains(part)), "{part} at {place}: {all:?}");
            }
        }
        let longer = "s3cr3t".repeat(1000);
        let all = heard(&format!("it is {longer}, says it"), &[&longer]).await;
        assert_eq!(all, ["it is ***", "***, says it"]);
    }
}
