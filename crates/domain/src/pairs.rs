//! A map by actions as a list of pairs, because a JSON object's keys are text.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::ids::ActionId;

pub fn serialize<S: Serializer, T: Serialize>(of: &BTreeMap<ActionId, T>, to: S) -> Result<S::Ok, S::Error> {
    to.collect_seq(of)
}

pub fn deserialize<'de, D: Deserializer<'de>, T: Deserialize<'de>>(from: D) -> Result<BTreeMap<ActionId, T>, D::Error> {
    Vec::deserialize(from).map(|pairs: Vec<(ActionId, T)>| pairs.into_iter().collect())
}
