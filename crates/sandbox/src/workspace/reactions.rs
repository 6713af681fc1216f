//! Reactions: given and taken back, by people and by the bot.

use serde_json::json;

use super::Workspace;
use super::ids::Ts;
use super::messages::Reaction;

impl Workspace {
    /// Adds `user`'s reaction; the error is Slack's.
    pub(crate) fn react(&mut self, channel: &str, ts: Ts, user: &str, name: &str) -> Result<(), &'static str> {
        let message = self.messages.get_mut(channel, ts).filter(|m| m.is_public()).ok_or("message_not_found")?;
        match message.reactions.iter_mut().find(|reaction| reaction.name == name) {
            Some(reaction) if reaction.users.iter().any(|other| other == user) => {
                return Err("already_reacted");
            }
            Some(reaction) => reaction.users.push(user.to_owned()),
            None => message.reactions.push(Reaction { name: name.to_owned(), users: vec![user.to_owned()] }),
        }
        self.tell_of_reaction("reaction_added", channel, ts, user, name);
        Ok(())
    }

    /// Takes `user`'s reaction back; the error is Slack's.
    pub(crate) fn unreact(&mut self, channel: &str, ts: Ts, user: &str, name: &str) -> Result<(), &'static str> {
        let message = self.messages.get_mut(channel, ts).filter(|m| m.is_public()).ok_or("message_not_found")?;
        let reaction = message.reactions.iter_mut().find(|reaction| reaction.name == name).ok_or("no_reaction")?;
        let before = reaction.users.len();
        reaction.users.retain(|other| other != user);
        if reaction.users.len() == before {
            return Err("no_reaction");
        }
        message.reactions.retain(|reaction| !reaction.users.is_empty());
        self.tell_of_reaction("reaction_removed", channel, ts, user, name);
        Ok(())
    }

    fn tell_of_reaction(&mut self, kind: &str, channel: &str, ts: Ts, user: &str, name: &str) {
        let Some(message) = self.messages.get(channel, ts).cloned() else {
            return;
        };
        self.tell_page_of_message(channel, &message);
        let event = json!({
            "type": kind, "user": user, "reaction": name, "item_user": message.user,
            "item": {"type": "message", "channel": channel, "ts": ts.to_string()},
            "event_ts": self.ids.ts().to_string(),
        });
        self.tell_app(channel, event);
    }
}
