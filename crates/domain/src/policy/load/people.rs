//! `[rights]` and `[groups]`: who may do what.

use std::collections::BTreeMap;

use toml::Spanned;

use super::super::document::{Document, RightsDocument};
use super::super::people::{Holder, Right, Rights};
use super::{Check, is_slack_id};
use crate::ids::PersonId;

/// What may be written where a right is given.
const HOLDERS: &str = "user ids (U…), \"squad\", \"internal\", \"anyone\" or \"group:NAME\"";
/// The same for the right to view a ticket.
const VIEWERS: &str =
    "user ids (U…), \"squad\", \"requester\", \"channel\", \"internal\", \"anyone\" or \"group:NAME\"";

type Groups = BTreeMap<String, Vec<PersonId>>;
type Names = Spanned<Vec<Spanned<String>>>;

impl Check<'_> {
    pub(super) fn rights(&mut self, document: &Document) -> Rights {
        let groups: Groups =
            document.groups.iter().map(|(name, members)| (name.clone(), self.group(name, members))).collect();
        let RightsDocument { confirm, escalate, claim, settle, view, set_priority, trust_tools, undo, curate } =
            &document.rights;
        let mut holders: BTreeMap<Right, Vec<Holder>> =
            [(Right::Confirm, confirm), (Right::Escalate, escalate), (Right::Claim, claim), (Right::Settle, settle)]
                .into_iter()
                .map(|(right, names)| (right, self.holders(right, names, &groups)))
                .collect();
        let viewers = match view {
            Some(names) => self.holders(Right::View, names, &groups),
            None => viewers_by_default(&holders),
        };
        let setters = match set_priority {
            Some(names) => self.holders(Right::SetPriority, names, &groups),
            // Whoever confirms a card may change its priority there.
            None => holders.get(&Right::Confirm).cloned().unwrap_or_default(),
        };
        let trusters = match trust_tools {
            Some(names) => self.holders(Right::TrustTools, names, &groups),
            None => holders.get(&Right::Settle).cloned().unwrap_or_default(),
        };
        let undoers = match undo {
            Some(names) => self.holders(Right::Undo, names, &groups),
            None => holders.get(&Right::Confirm).cloned().unwrap_or_default(),
        };
        let curators = match curate {
            Some(names) => self.holders(Right::Curate, names, &groups),
            None => holders.get(&Right::Confirm).cloned().unwrap_or_default(),
        };
        let optional = [
            (Right::View, viewers),
            (Right::SetPriority, setters),
            (Right::TrustTools, trusters),
            (Right::Undo, undoers),
            (Right::Curate, curators),
        ];
        holders.extend(optional);
        Rights { groups, holders }
    }

    fn holders(&mut self, right: Right, names: &Names, groups: &Groups) -> Vec<Holder> {
        // One's own request is always set as one wishes by nobody: that may be what is wanted.
        if names.get_ref().is_empty() && right != Right::SetPriority {
            let known = if right == Right::View { VIEWERS } else { HOLDERS };
            self.fault(&names.span(), format!("nobody would hold this right: write {known}"));
        }
        names.get_ref().iter().filter_map(|name| self.holder(right, name, groups)).collect()
    }

    fn holder(&mut self, right: Right, name: &Spanned<String>, groups: &Groups) -> Option<Holder> {
        let text = name.get_ref().as_str();
        match text {
            "anyone" => Some(Holder::Anyone),
            "internal" => Some(Holder::Internal),
            "squad" => Some(Holder::Squad),
            "requester" if right == Right::View => Some(Holder::Requester),
            "channel" if right == Right::View => Some(Holder::Channel),
            _ => match text.strip_prefix("group:") {
                Some(group) if groups.contains_key(group) => Some(Holder::Group(group.to_owned())),
                Some(group) => {
                    self.unknown(&name.span(), "group", group, groups.keys().map(String::as_str));
                    None
                }
                None => {
                    let or = "a Slack user id (U…), \"squad\", \"internal\", \"anyone\" or \"group:NAME\"";
                    self.person(name, or).map(Holder::Person)
                }
            },
        }
    }

    pub(super) fn person(&mut self, name: &Spanned<String>, or: &str) -> Option<PersonId> {
        let text = name.get_ref();
        if is_slack_id(text, &['U', 'W']) {
            return Some(PersonId::new(text.clone()));
        }
        self.fault(&name.span(), format!("`{text}` names nobody: write {or}"));
        None
    }

    fn group(&mut self, name: &str, members: &Names) -> Vec<PersonId> {
        self.named(&members.span(), "group", name);
        if members.get_ref().is_empty() {
            self.fault(&members.span(), format!("the group `{name}` is empty: list its people's ids, or remove it"));
        }
        self.members(members.get_ref())
    }

    /// People by their ids alone.
    pub(super) fn members(&mut self, names: &[Spanned<String>]) -> Vec<PersonId> {
        let or = "a Slack user id (U…); it is in the person's profile under \"Copy member ID\"";
        names.iter().filter_map(|name| self.person(name, or)).collect()
    }
}

/// Who is concerned: the squad, who asked, who stands in its channel, and whoever confirms or escalates by name. That
/// everybody may escalate does not let everybody read.
fn viewers_by_default(holders: &BTreeMap<Right, Vec<Holder>>) -> Vec<Holder> {
    let mut viewers = vec![Holder::Squad, Holder::Requester, Holder::Channel];
    let named = [Right::Confirm, Right::Escalate].into_iter().filter_map(|right| holders.get(&right)).flatten();
    for holder in named.filter(|holder| !matches!(holder, Holder::Anyone | Holder::Internal)) {
        if !viewers.contains(holder) {
            viewers.push(holder.clone());
        }
    }
    viewers
}
