//! What a child writes to standard error: logged for who looks closely, and its end for everybody when the child did not start.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use secrecy::{ExposeSecret, SecretString};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::process::ChildStderr;
use tokio::task::JoinHandle;

/// Bytes that are read as one line at most.
const LINE_BYTES: u64 = 2048;
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
        let (server, env, lines) = (server.to_owned(), env.clone(), Arc::clone(&self.lines));
        let reading = tokio::spawn(async move {
            let mut stderr = BufReader::new(stderr);
            let mut line = Vec::new();
            while let Ok(1..) = (&mut stderr).take(LINE_BYTES).read_until(b'\n', &mut line).await {
                let said = without(String::from_utf8_lossy(&line).trim_end(), &env);
                line.clear();
                if said.trim().is_empty() {
                    continue;
                }
                if is_own && WARNINGS.iter().any(|level| said.contains(level)) {
                    tracing::warn!(server, line = said, "Deskbell's own MCP server warns");
                } else {
                    tracing::debug!(server, line = said, "MCP server wrote to standard error");
                }
                keep(&mut lines.lock().unwrap_or_else(PoisonError::into_inner), said);
            }
        });
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

fn without(line: &str, env: &BTreeMap<String, SecretString>) -> String {
    let values = env.values().map(ExposeSecret::expose_secret).filter(|value| value.len() >= SECRET_CHARS_MIN);
    values.fold(line.to_owned(), |line, value| line.replace(value, "***")).chars().take(LINE_CHARS).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_lines_are_kept_without_secrets() {
        let mut lines = VecDeque::new();
        (0..9).for_each(|number| keep(&mut lines, format!("line {number}")));
        assert_eq!(lines, (4..9).map(|number| format!("line {number}")).collect::<Vec<_>>());
        let env = [("TOKEN", "hush-hush"), ("PORT", "80")].map(|(name, value)| (name.to_owned(), value.into())).into();
        assert_eq!(without("refused hush-hush at port 80", &env), "refused *** at port 80");
        assert_eq!(without(&"x".repeat(1000), &env).len(), LINE_CHARS);
    }
}
