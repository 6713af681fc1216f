//! Vectors by whose they are.

use std::collections::BTreeMap;

use super::Vectors;

/// [`Vectors`], each of somebody: set, replaced and taken out by its owner's id.
#[derive(Debug, Clone)]
pub struct Keyed<Id> {
    vectors: Vectors,
    /// Whose vector stands where, and back.
    of: Vec<Id>,
    places: BTreeMap<Id, usize>,
}

impl<Id> Default for Keyed<Id> {
    fn default() -> Self {
        Self { vectors: Vectors::default(), of: Vec::new(), places: BTreeMap::new() }
    }
}

impl<Id: Ord + Clone> Keyed<Id> {
    /// Sets somebody's vector in place of an earlier one. One of another width than the first is refused.
    pub fn set(&mut self, id: Id, vector: &[f32]) -> bool {
        self.remove(&id);
        if !self.vectors.push(vector) {
            return false;
        }
        self.places.insert(id.clone(), self.of.len());
        self.of.push(id);
        true
    }

    /// Takes somebody's vector out; says whether there was one.
    pub fn remove(&mut self, id: &Id) -> bool {
        let Some(place) = self.places.remove(id) else { return false };
        self.vectors.swap_remove(place);
        self.of.swap_remove(place);
        if let Some(moved) = self.of.get(place) {
            self.places.insert(moved.clone(), place);
        }
        true
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.of.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.of.is_empty()
    }

    /// The cosine of each to `query`.
    pub fn cosines(&self, query: &[f32]) -> impl Iterator<Item = (&Id, f32)> {
        self.of.iter().zip(self.vectors.cosines(query))
    }

    /// The cosine of each that counts to `query`.
    pub fn cosines_among(&self, query: &[f32], counts: impl Fn(&Id) -> bool) -> Vec<(Id, f32)> {
        let places = self.places_among(counts);
        let cosines = self.vectors.cosines_of(query, &places);
        places.iter().filter_map(|place| self.of.get(*place).cloned()).zip(cosines).collect()
    }

    /// The cosine of those that have a vector.
    pub fn cosines_of(&self, query: &[f32], ids: &[Id]) -> Vec<(Id, f32)> {
        let known = ids.iter().filter_map(|id| Some((id.clone(), *self.places.get(id)?)));
        let (ids, places): (Vec<Id>, Vec<usize>) = known.unzip();
        ids.into_iter().zip(self.vectors.cosines_of(query, &places)).collect()
    }

    /// The `wanted` nearest of those that count, the nearest first, as if there were no others.
    pub fn nearest_among(&self, query: &[f32], wanted: usize, counts: impl Fn(&Id) -> bool) -> Vec<(Id, f32)> {
        let nearest = self.vectors.nearest_among(query, wanted, self.places_among(counts)).into_iter();
        nearest.filter_map(|(place, cosine)| Some((self.of.get(place)?.clone(), cosine))).collect()
    }

    fn places_among(&self, counts: impl Fn(&Id) -> bool) -> Vec<usize> {
        (0..).zip(&self.of).filter(|(_, id)| counts(id)).map(|(place, _)| place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::Keyed;

    #[test]
    fn each_keeps_its_own_vector() {
        let mut vectors = Keyed::default();
        for (id, vector) in [("a", [1.0, 0.0]), ("b", [0.0, 1.0]), ("c", [0.6, 0.8])] {
            assert!(vectors.set(id, &vector));
        }
        assert!(!vectors.set("d", &[1.0]) && vectors.remove(&"a") && !vectors.remove(&"a"));
        let nearest = |vectors: &Keyed<_>, counts: fn(&&str) -> bool| {
            vectors.nearest_among(&[1.0, 0.1], 2, counts).iter().map(|(id, _)| *id).collect::<Vec<_>>()
        };
        assert_eq!(nearest(&vectors, |_| true), ["c", "b"]);
        assert_eq!(nearest(&vectors, |id| *id == "b"), ["b"]);
        assert!(vectors.set("b", &[1.0, 0.0]));
        assert_eq!((vectors.len(), nearest(&vectors, |_| true)), (2, vec!["b", "c"]));
        let of_one = vectors.cosines_of(&[1.0, 0.0], &["x", "c"]);
        assert!(of_one.len() == 1 && of_one[0].0 == "c" && (of_one[0].1 - 0.6).abs() < 0.02);
        assert_eq!(vectors.cosines(&[0.0, 1.0]).count(), 2);
    }
}
