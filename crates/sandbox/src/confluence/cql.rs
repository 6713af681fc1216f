//! The part of CQL that readers of a site use:
//! <https://developer.atlassian.com/cloud/confluence/advanced-searching-using-cql/>.

use super::wiki::{Attachment, Content, Kind, Wiki};

/// What a search asks for.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Query {
    ids: Option<Vec<u64>>,
    space: Option<String>,
    kind: Option<String>,
    is_newest_first: bool,
}

/// What a search finds.
pub(super) enum Found<'w> {
    Content(&'w Content),
    Attachment(&'w Attachment),
}

/// Reads a query; an error says what is not understood.
pub(super) fn parse(cql: &str) -> Result<Query, String> {
    let mut query = Query::default();
    let (conditions, order) = match cql.split_once(" order by ") {
        Some((conditions, order)) => (conditions, Some(order.trim())),
        None => (cql, None),
    };
    match order {
        None | Some("id") => {}
        Some("lastmodified desc") => query.is_newest_first = true,
        Some(other) => return Err(format!("Could not parse cql : order by {other}")),
    }
    for condition in conditions.split(" and ").map(str::trim) {
        let unknown = || format!("Could not parse cql : {condition}");
        if let Some(list) = condition.strip_prefix("id in (").and_then(|rest| rest.strip_suffix(')')) {
            let ids: Result<Vec<u64>, _> = list.split(',').map(|id| id.trim().parse()).collect();
            query.ids = Some(ids.map_err(|_| unknown())?);
            continue;
        }
        let (field, value) = condition.split_once('=').ok_or_else(unknown)?;
        let value = value.trim().trim_matches('"').to_owned();
        match field.trim() {
            "space" => query.space = Some(value),
            "type" => query.kind = Some(value),
            _ => return Err(unknown()),
        }
    }
    Ok(query)
}

impl Query {
    pub(super) fn run<'w>(&self, wiki: &'w Wiki) -> Vec<Found<'w>> {
        let in_space = |space: &str| self.space.as_deref().is_none_or(|wanted| wanted == space);
        let is_id = |id: u64| self.ids.as_ref().is_none_or(|ids| ids.contains(&id));
        if self.kind.as_deref() == Some("attachment") {
            let is_found = |attachment: &&Attachment| {
                is_id(attachment.id) && wiki.live(attachment.page).is_some_and(|page| in_space(&page.space))
            };
            return wiki.attachments.values().filter(is_found).map(Found::Attachment).collect();
        }
        let is_found = |content: &&Content| {
            content.kind == Kind::Page && !content.is_trashed && is_id(content.id) && in_space(&content.space)
        };
        let mut found: Vec<&Content> = wiki.contents.values().filter(is_found).collect();
        if self.is_newest_first {
            found.sort_by_key(|content| std::cmp::Reverse(content.change));
        }
        found.into_iter().map(Found::Content).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn what_is_not_understood_is_refused() {
        assert!(parse("space = \"HELP\" and type = page order by lastmodified desc").is_ok());
        assert!(parse("id in (1, 2)").is_ok());
        for bad in ["id in (a)", "text ~ x", "space = A order by title", "creator = me"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
