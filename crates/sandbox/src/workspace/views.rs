//! Modals, home tabs, and the trigger ids that may open them.

use std::collections::{BTreeMap, HashMap};
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::ids::Ids;
use crate::json::{merge, owned, set, text};
use crate::seed::{APP_ID, BOT_ID};

/// Modals that may be open on top of each other.
const STACK_LIMIT: usize = 3;

#[derive(Debug)]
struct Trigger {
    user: String,
    made: Instant,
    used: bool,
}

/// Every open view and live trigger.
#[derive(Debug)]
pub(crate) struct Views {
    team_id: String,
    trigger_lifetime: Duration,
    stacks: BTreeMap<String, Vec<Value>>,
    homes: BTreeMap<String, Value>,
    triggers: HashMap<String, Trigger>,
}

/// The view was changed meanwhile, or is gone; the string is Slack's error.
pub(crate) type ViewError = &'static str;

impl Views {
    pub(crate) fn new(team_id: String, trigger_lifetime: Duration) -> Self {
        Self { team_id, trigger_lifetime, stacks: BTreeMap::new(), homes: BTreeMap::new(), triggers: HashMap::new() }
    }

    /// A fresh trigger id for something that `user` did.
    pub(crate) fn make_trigger(&mut self, ids: &mut Ids, user: &str) -> String {
        let lifetime = self.trigger_lifetime;
        self.triggers.retain(|_, trigger| trigger.made.elapsed() < lifetime * 20);
        let id = format!("{}.{}", ids.id("13"), ids.id("").to_lowercase());
        let trigger = Trigger { user: user.to_owned(), made: Instant::now(), used: false };
        self.triggers.insert(id.clone(), trigger);
        id
    }

    /// Uses a trigger up and says whose it was.
    fn exchange(&mut self, trigger_id: &str) -> Result<String, ViewError> {
        let lifetime = self.trigger_lifetime;
        let trigger = self.triggers.get_mut(trigger_id).ok_or("invalid_trigger_id")?;
        if trigger.made.elapsed() > lifetime {
            return Err("expired_trigger_id");
        }
        if std::mem::replace(&mut trigger.used, true) {
            return Err("exchanged_trigger_id");
        }
        Ok(trigger.user.clone())
    }

    /// Ids of the modals that the trigger's owner has open.
    pub(crate) fn stack_of_trigger(&self, trigger_id: &str) -> Vec<String> {
        let stack = self.triggers.get(trigger_id).and_then(|trigger| self.stacks.get(&trigger.user));
        stack.into_iter().flatten().map(|view| owned(view, "id")).collect()
    }

    /// Opens a modal in place of whatever was open. Returns its owner and the view.
    pub(crate) fn open(
        &mut self,
        ids: &mut Ids,
        trigger_id: &str,
        content: &Value,
    ) -> Result<(String, Value), ViewError> {
        self.refuse_duplicate(content)?;
        let user = self.exchange(trigger_id)?;
        let view = self.complete(ids, content, None);
        self.stacks.insert(user.clone(), vec![view.clone()]);
        Ok((user, view))
    }

    /// Puts a modal on top of the open ones.
    pub(crate) fn push(
        &mut self,
        ids: &mut Ids,
        trigger_id: &str,
        content: &Value,
    ) -> Result<(String, Value), ViewError> {
        self.refuse_duplicate(content)?;
        let user = self.exchange(trigger_id)?;
        let view = self.push_for(ids, &user, content)?;
        Ok((user, view))
    }

    /// Puts a modal on top of `user`'s open ones without a trigger (`response_action: push`).
    pub(crate) fn push_for(&mut self, ids: &mut Ids, user: &str, content: &Value) -> Result<Value, ViewError> {
        let below = self.stacks.get(user).and_then(|stack| stack.last()).cloned();
        if self.stacks.get(user).is_some_and(|stack| stack.len() >= STACK_LIMIT) {
            return Err("push_limit_reached");
        }
        let view = self.complete(ids, content, below.as_ref());
        self.stacks.entry(user.to_owned()).or_default().push(view.clone());
        Ok(view)
    }

    /// Replaces a view's content, if `hash` (when given) is still its hash.
    pub(crate) fn update(
        &mut self,
        ids: &mut Ids,
        wanted: impl Fn(&Value) -> bool,
        content: &Value,
        hash: Option<&str>,
    ) -> Result<(String, Value), ViewError> {
        let (user, old) = self.find(&wanted).ok_or("not_found")?;
        if hash.is_some_and(|hash| text(&old, "hash") != Some(hash)) {
            return Err("hash_conflict");
        }
        let mut view = self.complete(ids, content, None);
        for key in ["id", "root_view_id", "previous_view_id"] {
            set(&mut view, key, old.get(key).cloned().unwrap_or_default());
        }
        for slot in self.stacks.values_mut().flatten().chain(self.homes.values_mut()) {
            if slot.get("id") == old.get("id") {
                slot.clone_from(&view);
            }
        }
        Ok((user, view))
    }

    /// Sets `user`'s home tab.
    pub(crate) fn publish(
        &mut self,
        ids: &mut Ids,
        user: &str,
        content: &Value,
        hash: Option<&str>,
    ) -> Result<Value, ViewError> {
        let old = self.homes.get(user);
        if hash.is_some_and(|hash| old.and_then(|view| text(view, "hash")) != Some(hash)) {
            return Err("hash_conflict");
        }
        let kept = old.and_then(|view| view.get("id")).cloned();
        let mut view = self.complete(ids, content, None);
        if let Some(id) = kept {
            set(&mut view, "id", id.clone());
            set(&mut view, "root_view_id", id);
        }
        self.homes.insert(user.to_owned(), view.clone());
        Ok(view)
    }

    /// The view with this id and its owner.
    pub(crate) fn by_id(&self, id: &str) -> Option<(String, Value)> {
        self.find(&|view: &Value| text(view, "id") == Some(id))
    }

    fn find(&self, wanted: &impl Fn(&Value) -> bool) -> Option<(String, Value)> {
        let stacked = self.stacks.iter().flat_map(|(user, stack)| stack.iter().map(move |view| (user, view)));
        let found = stacked.chain(self.homes.iter()).find(|(_, view)| wanted(view));
        found.map(|(user, view)| (user.clone(), view.clone()))
    }

    /// Closes one view and what lies on top of it; returns the ids closed.
    pub(crate) fn close(&mut self, user: &str, view_id: &str) -> Vec<String> {
        let Some(stack) = self.stacks.get_mut(user) else {
            return Vec::new();
        };
        let at = stack.iter().position(|view| text(view, "id") == Some(view_id)).unwrap_or(stack.len());
        let closed = stack.split_off(at);
        closed.iter().map(|view| owned(view, "id")).collect()
    }

    /// Closes everything that `user` has open; returns the ids closed.
    pub(crate) fn clear(&mut self, user: &str) -> Vec<String> {
        let closed = self.stacks.remove(user).unwrap_or_default();
        closed.iter().map(|view| owned(view, "id")).collect()
    }

    /// The open modals by user, the lowest first.
    pub(crate) fn stacks(&self) -> Value {
        self.stacks.iter().map(|(user, stack)| (user.clone(), Value::from(stack.clone()))).collect::<Map<_, _>>().into()
    }

    /// The home tabs by user.
    pub(crate) fn homes(&self) -> Value {
        self.homes.iter().map(|(user, view)| (user.clone(), view.clone())).collect::<Map<_, _>>().into()
    }

    fn refuse_duplicate(&self, content: &Value) -> Result<(), ViewError> {
        let Some(external_id) = text(content, "external_id") else {
            return Ok(());
        };
        match self.find(&|view: &Value| text(view, "external_id") == Some(external_id)) {
            Some(_) => Err("duplicate_external_id"),
            None => Ok(()),
        }
    }

    /// The app's content completed to the view object that Slack returns.
    fn complete(&self, ids: &mut Ids, content: &Value, below: Option<&Value>) -> Value {
        let id = ids.id("V");
        let root = below.and_then(|view| view.get("root_view_id")).cloned().unwrap_or_else(|| id.clone().into());
        let mut view = json!({
            "type": "modal", "callback_id": "", "private_metadata": "", "title": null, "close": null,
            "submit": null, "blocks": [], "clear_on_close": false, "notify_on_close": false,
            "external_id": "", "state": {"values": {}},
        });
        merge(&mut view, content.as_object().cloned().unwrap_or_default());
        super::blocks::name_blocks(view.get_mut("blocks"), ids);
        let fixed = json!({
            "id": id, "team_id": self.team_id, "app_id": APP_ID, "bot_id": BOT_ID,
            "app_installed_team_id": self.team_id, "root_view_id": root,
            "previous_view_id": below.and_then(|view| view.get("id")),
            "hash": format!("{}.{}", ids.ts().seconds(), ids.id("").to_lowercase()),
        });
        merge(&mut view, fixed.as_object().cloned().unwrap_or_default());
        view
    }
}
