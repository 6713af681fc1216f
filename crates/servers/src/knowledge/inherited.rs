//! Who may read a document of the store, with all that stands above it.

use std::collections::BTreeMap;

use super::audience::Audience;
use super::store::{Space, StoredLine};

/// Permissions that were last read so many seconds ago are no longer known.
pub(super) const STALE_SECONDS: i64 = 24 * 60 * 60;
/// Restrictions above each other; more is a circle.
pub(super) const ANCESTORS_MAX: usize = 64;

/// Who may read each document: what its space, its own restriction and those above it say together. A space that was not
/// read for a day is closed, and so is what stands below something unknown.
pub(super) fn effective<'l>(
    lines: &'l [StoredLine],
    spaces: &BTreeMap<String, Space>,
    now: i64,
) -> BTreeMap<&'l str, Audience> {
    let by_path: BTreeMap<&str, &StoredLine> = lines.iter().map(|line| (line.path.as_str(), line)).collect();
    let of = |line: &StoredLine| {
        let space = spaces
            .get(&line.source)
            .filter(|space| space.swept_at.is_some_and(|swept_at| now.saturating_sub(swept_at) < STALE_SECONDS));
        let Some(space) = space else { return Audience::Nobody };
        let mut audience = space.audience.clone().and(&line.audience);
        let mut above = line.parent.as_deref();
        for _ in 0..ANCESTORS_MAX {
            let Some(path) = above else { return audience };
            let Some(parent) = by_path.get(path) else { return Audience::Nobody };
            audience = audience.and(&parent.audience);
            above = parent.parent.as_deref();
        }
        Audience::Nobody
    };
    lines.iter().map(|line| (line.path.as_str(), of(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::super::audience::Principal;
    use super::*;

    fn line(path: &str, parent: Option<&str>, audience: Audience) -> StoredLine {
        StoredLine {
            path: path.to_owned(),
            source: "confluence:A".to_owned(),
            parent: parent.map(str::to_owned),
            version: "1".to_owned(),
            audience,
        }
    }

    #[test]
    fn what_stands_below_something_closed_or_unknown_is_closed() {
        let finance = Audience::only([Principal::group("finance")].into());
        let lines = [
            line("top", None, Audience::Everybody),
            line("closed", Some("top"), finance.clone()),
            line("below", Some("closed"), Audience::Everybody),
            line("lost", Some("nowhere"), Audience::Everybody),
            line("circle", Some("circle"), Audience::Everybody),
        ];
        let space = |swept_at| Space { audience: Audience::Everybody, sweep: 1, cursor: None, swept_at };
        let spaces = |swept_at| BTreeMap::from([("confluence:A".to_owned(), space(swept_at))]);
        let found = effective(&lines, &spaces(Some(100)), 200);
        assert_eq!(found["top"], Audience::Everybody);
        assert_eq!((&found["closed"], &found["below"]), (&finance, &finance));
        assert_eq!((&found["lost"], &found["circle"]), (&Audience::Nobody, &Audience::Nobody));
        for (swept_at, now) in [(None, 200), (Some(100), 100 + STALE_SECONDS)] {
            assert!(effective(&lines, &spaces(swept_at), now).values().all(|it| *it == Audience::Nobody));
        }
        assert!(effective(&lines, &BTreeMap::new(), 200).values().all(|it| *it == Audience::Nobody));
    }
}
