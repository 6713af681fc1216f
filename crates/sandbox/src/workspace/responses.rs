//! `response_url`s: five uses within half an hour.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use super::ids::{Ids, Ts};

/// Uses of one `response_url`.
const USES: u32 = 5;

/// What a `response_url` answers to.
#[derive(Debug, Clone)]
pub(crate) struct ResponseTarget {
    pub(crate) channel: String,
    pub(crate) user: String,
    /// The message whose button was pressed.
    pub(crate) message: Option<Ts>,
    /// The thread in which it happened.
    pub(crate) thread: Option<Ts>,
}

#[derive(Debug)]
struct Entry {
    target: ResponseTarget,
    made: Instant,
    uses: u32,
}

/// Every `response_url` given out.
#[derive(Debug)]
pub(crate) struct Responses {
    lifetime: Duration,
    entries: HashMap<String, Entry>,
}

impl Responses {
    pub(crate) fn new(lifetime: Duration) -> Self {
        Self { lifetime, entries: HashMap::new() }
    }

    /// A fresh id, the last part of the URL's path.
    pub(crate) fn make(&mut self, ids: &mut Ids, target: ResponseTarget) -> String {
        let id = format!("{}{}", ids.id(""), ids.id("")).to_lowercase();
        self.entries.insert(id.clone(), Entry { target, made: Instant::now(), uses: 0 });
        id
    }

    /// Counts one use; the error is the word that Slack answers with.
    pub(crate) fn use_once(&mut self, id: &str) -> Result<ResponseTarget, &'static str> {
        let entry = self.entries.get_mut(id).ok_or("invalid_url")?;
        if entry.made.elapsed() > self.lifetime {
            return Err("expired_url");
        }
        if entry.uses >= USES {
            return Err("used_url");
        }
        entry.uses += 1;
        Ok(entry.target.clone())
    }
}
