//! The methods that the sandbox knows: their tokens, scopes, tiers, and where each is done.

use serde_json::json;

use super::arguments::Arguments;
use super::{ApiError, ApiResult, chat, conversations, reactions, users, views};
use crate::core::Core;
use crate::limits::Tier;
use crate::seed::{APP_ID, BOT_ID};

/// Which token a method takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TokenKind {
    Bot,
    App,
}

macro_rules! methods {
    ($($variant:ident = $name:literal, $tier:expr, [$($scope:literal),*], $run:expr;)+) => {
        /// A method of the Web API.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum Method { $($variant),+ }

        impl Method {
            pub(crate) fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }

            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }

            pub(crate) fn tier(self) -> Tier {
                match self { $(Self::$variant => $tier),+ }
            }

            /// Any one of these scopes is enough; none means that no scope is needed.
            pub(crate) fn scopes(self) -> &'static [&'static str] {
                match self { $(Self::$variant => &[$($scope),*]),+ }
            }

            pub(crate) fn run(self, core: &Core, arguments: &Arguments) -> ApiResult {
                match self { $(Self::$variant => $run(core, arguments)),+ }
            }
        }
    };
}

/// `auth.test` and `api.test` have their own, generous limits at Slack.
const GENEROUS: Tier = Tier::PerMinute(usize::MAX);

methods! {
    ApiTest = "api.test", GENEROUS, [], api_test;
    AuthTest = "auth.test", GENEROUS, [], auth_test;
    BotsInfo = "bots.info", Tier::PerMinute(3), ["users:read"], bots_info;
    TeamInfo = "team.info", Tier::PerMinute(3), ["team:read"], team_info;
    ConnectionsOpen = "apps.connections.open", GENEROUS, [], connections_open;
    PostMessage = "chat.postMessage", Tier::Posting, ["chat:write"], chat::post_message;
    PostEphemeral = "chat.postEphemeral", Tier::PerMinute(4), ["chat:write"], chat::post_ephemeral;
    Update = "chat.update", Tier::PerMinute(3), ["chat:write"], chat::update;
    Delete = "chat.delete", Tier::PerMinute(3), ["chat:write"], chat::delete;
    Permalink = "chat.getPermalink", GENEROUS, [], chat::permalink;
    History = "conversations.history", Tier::PerMinute(3),
        ["channels:history", "groups:history", "im:history"], conversations::history;
    Replies = "conversations.replies", Tier::PerMinute(3),
        ["channels:history", "groups:history", "im:history"], conversations::replies;
    Info = "conversations.info", Tier::PerMinute(3), ["channels:read", "groups:read", "im:read"], conversations::info;
    List = "conversations.list", Tier::PerMinute(2), ["channels:read", "groups:read", "im:read"], conversations::list;
    Members = "conversations.members", Tier::PerMinute(4),
        ["channels:read", "groups:read", "im:read"], conversations::members;
    Open = "conversations.open", Tier::PerMinute(3), ["im:write"], conversations::open;
    Join = "conversations.join", Tier::PerMinute(3), ["channels:join"], conversations::join;
    Create = "conversations.create", Tier::PerMinute(2), ["channels:manage", "groups:write"], conversations::create;
    UserGroups = "usergroups.list", Tier::PerMinute(2), ["usergroups:read"], users::groups;
    UsersInfo = "users.info", Tier::PerMinute(4), ["users:read"], users::info;
    UsersList = "users.list", Tier::PerMinute(2), ["users:read"], users::list;
    LookupByEmail = "users.lookupByEmail", Tier::PerMinute(3), ["users:read.email"], users::lookup_by_email;
    ReactionsAdd = "reactions.add", Tier::PerMinute(3), ["reactions:write"], reactions::add;
    ReactionsGet = "reactions.get", Tier::PerMinute(3), ["reactions:read"], reactions::get;
    ReactionsRemove = "reactions.remove", Tier::PerMinute(2), ["reactions:write"], reactions::remove;
    ViewsOpen = "views.open", Tier::PerMinute(4), [], views::open;
    ViewsUpdate = "views.update", Tier::PerMinute(4), [], views::update;
    ViewsPush = "views.push", Tier::PerMinute(4), [], views::push;
    ViewsPublish = "views.publish", Tier::PerMinute(4), [], views::publish;
}

impl Method {
    /// The token that the method takes, if it takes one.
    pub(crate) fn token(self) -> Option<TokenKind> {
        match self {
            Self::ApiTest => None,
            Self::ConnectionsOpen => Some(TokenKind::App),
            _ => Some(TokenKind::Bot),
        }
    }
}

// Every method has one signature, whether it can fail or not.
#[expect(clippy::unnecessary_wraps)]
fn api_test(_core: &Core, arguments: &Arguments) -> ApiResult {
    Ok(match arguments.text("error") {
        Some(error) => json!({"ok": false, "error": error, "args": arguments.echo()}),
        None => json!({"args": arguments.echo()}),
    })
}

#[expect(clippy::unnecessary_wraps)]
fn auth_test(core: &Core, _arguments: &Arguments) -> ApiResult {
    Ok(core.with(|workspace| {
        let name = workspace.people.find(workspace.bot()).map(|bot| bot.name.clone());
        json!({
            "url": format!("{}/", workspace.base_url), "team": workspace.team_name, "user": name,
            "team_id": workspace.team_id, "user_id": workspace.bot(), "bot_id": BOT_ID,
            "is_enterprise_install": false,
        })
    }))
}

fn bots_info(core: &Core, arguments: &Arguments) -> ApiResult {
    if arguments.text("bot").is_some_and(|bot| bot != BOT_ID) {
        return Err(ApiError::from("bot_not_found"));
    }
    Ok(core.with(|workspace| {
        json!({"bot": {
            "id": BOT_ID, "deleted": false, "name": "Deskbell", "updated": 1_700_000_000,
            "app_id": APP_ID, "user_id": workspace.bot(), "icons": {},
        }})
    }))
}

#[expect(clippy::unnecessary_wraps)]
fn team_info(core: &Core, _arguments: &Arguments) -> ApiResult {
    Ok(core.with(|workspace| {
        json!({"team": {
            "id": workspace.team_id, "name": workspace.team_name, "domain": workspace.team_domain,
            "url": format!("{}/", workspace.base_url), "email_domain": "northwind.example", "icon": {},
        }})
    }))
}

#[expect(clippy::unnecessary_wraps)]
fn connections_open(core: &Core, _arguments: &Arguments) -> ApiResult {
    let (ticket, base_url) = core.with(|workspace| (workspace.ids.id(""), workspace.base_url.clone()));
    core.courier.sockets.admit(ticket.clone());
    let address = base_url.replacen("http", "ws", 1);
    Ok(json!({"url": format!("{address}/link/?ticket={ticket}&app_id={APP_ID}")}))
}
