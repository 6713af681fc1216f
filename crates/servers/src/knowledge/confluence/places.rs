//! Where pages stand, and whom they and all above them let in.

use std::collections::{BTreeMap, BTreeSet};

use super::cloud;
use super::site::{PageLine, Parent, Site, SpaceLine};
use crate::failure::ToolFailure;
use crate::jira::Edition;
use crate::knowledge::audience::Audience;
use crate::knowledge::inherited::ANCESTORS_MAX;

/// Where a page stands, and whom it lets in by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Place {
    /// The page above it.
    pub(super) parent: Option<String>,
    /// Whom it and the folders right above it let in.
    pub(super) audience: Audience,
}

/// The places of pages by their ids.
pub(super) type Places = BTreeMap<String, Place>;

const CLOSED: Place = Place { parent: None, audience: Audience::Nobody };

impl Site {
    /// The places of these pages and of all pages above them, as they are now. One that is not told is closed.
    pub(super) async fn places(&self, space: &SpaceLine, lines: Vec<PageLine>) -> Result<Places, ToolFailure> {
        let (mut places, mut level) = (Places::new(), lines);
        for _ in 0..ANCESTORS_MAX {
            let of_level = self.places_of(space, &level).await?;
            let above: BTreeSet<String> = of_level.values().filter_map(|place| place.parent.clone()).collect();
            places.extend(of_level);
            let above: Vec<&str> = above.iter().filter(|id| !places.contains_key(*id)).map(String::as_str).collect();
            if above.is_empty() {
                break;
            }
            level = self.lines(&above).await?;
            places.extend(untold(&above, &level));
        }
        Ok(places)
    }

    /// [`Self::places`] of pages of which no more is known than their ids.
    pub(super) async fn places_by_id(&self, space: &SpaceLine, ids: &[&str]) -> Result<Places, ToolFailure> {
        let lines = self.lines(ids).await?;
        let mut places = untold(ids, &lines);
        places.extend(self.places(space, lines).await?);
        Ok(places)
    }

    /// The places of these pages alone.
    pub(super) async fn places_of(&self, space: &SpaceLine, lines: &[PageLine]) -> Result<Places, ToolFailure> {
        let ids: Vec<&str> = lines.iter().map(|line| line.id.as_str()).collect();
        let mut restrictions = self.restrictions(&ids).await?;
        let mut places = Places::new();
        for line in lines {
            let own = restrictions.remove(&line.id).unwrap_or(Audience::Nobody);
            // Whoever reads this space may not read another.
            let place = if line.space == space.id { self.place(line, own).await? } else { CLOSED };
            places.insert(line.id.clone(), place);
        }
        Ok(places)
    }

    async fn place(&self, line: &PageLine, own: Audience) -> Result<Place, ToolFailure> {
        Ok(match &line.parent {
            Parent::None => Place { parent: None, audience: own },
            Parent::Page(id) => Place { parent: Some(id.clone()), audience: own },
            Parent::Other if self.config.edition == Edition::Cloud => {
                let (parent, folders) = cloud::above(self, &line.id).await?;
                Place { parent, audience: own.and(&folders) }
            }
            Parent::Other => CLOSED,
        })
    }
}

/// The places of those of which nothing was told.
fn untold(ids: &[&str], lines: &[PageLine]) -> Places {
    let is_told = |id: &str| lines.iter().any(|line| line.id == id);
    ids.iter().filter(|id| !is_told(id)).map(|id| ((*id).to_owned(), CLOSED)).collect()
}
