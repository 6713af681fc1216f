//! Whether somebody belongs to another organisation. An e-mail address or a name can imitate a teammate's, a team's
//! id can't. Where the ids do not tell, a person counts as one of ours only if nothing says otherwise.

use deskbell_domain::ids::PersonId;
use deskbell_domain::workflow::event::Person;
use serde_json::Value;

use crate::intake::json::{first_text, text};

/// The author of a message (an event's own object or one nested in it).
pub(super) fn author(body: &Value, message: &Value) -> Option<Person> {
    let id = first_text(message, &["/user", "/bot_id"])?;
    Some(Person { id: PersonId::new(id), is_external: is_external_author(body, message) })
}

/// Whoever caused an event that carries no team of theirs.
pub(super) fn actor(body: &Value, id: &str) -> Person {
    Person { id: PersonId::new(id), is_external: is_external_author(body, body.get("event").unwrap_or(&Value::Null)) }
}

fn is_external_author(body: &Value, message: &Value) -> bool {
    let theirs = first_text(message, &["/user_team", "/source_team", "/user_profile/team", "/team"]);
    is_of_another_organisation(body, theirs)
}

/// Whether somebody of this team is a stranger where an event happened.
///
/// An organisation with many workspaces shares channels among its own: only `is_ext_shared_channel` tells these from
/// another organisation's. In a channel that is shared outside nobody is ours but those whose team or organisation is. In one that
/// is not, a team that we know nothing of is a colleague's, if there is an organisation that may have it.
pub(super) fn is_of_another_organisation(body: &Value, theirs: Option<&str>) -> bool {
    const HOMES: [&str; 3] = ["/authorizations/0/team_id", "/context_team_id", "/team_id"];
    const ORGANISATIONS: [&str; 3] = ["/authorizations/0/enterprise_id", "/context_enterprise_id", "/enterprise_id"];
    let (home, organisation) = (first_text(body, &HOMES), first_text(body, &ORGANISATIONS));
    match body.get("is_ext_shared_channel").and_then(Value::as_bool) {
        Some(false) if organisation.is_some() && !theirs.is_some_and(is_organisation) => false,
        Some(true) => theirs.is_some_and(|theirs| home != Some(theirs) && organisation != Some(theirs)),
        Some(false) | None => differs(home, organisation, theirs),
    }
}

/// Whoever pressed or submitted. `team` is the presser's own: the app's is where the view or the message belongs.
pub(super) fn presser(payload: &Value) -> Option<Person> {
    let id = first_text(payload, &["/user/id", "/user"])?;
    let is_click = text(payload, "/type") == Some("block_actions");
    let message_home = if is_click { "/message/team" } else { "/team/id" };
    let home = first_text(payload, &["/view/app_installed_team_id", message_home, "/team/id"]);
    let organisation = first_text(payload, &["/enterprise/id", "/team/enterprise_id"]);
    // Of a click `team` is the presser's own as well, and stands where the user's is missing.
    let elsewhere: &[&str] = if is_click { &["/user/team_id", "/team/id"] } else { &["/user/team_id"] };
    let theirs = first_text(payload, elsewhere);
    Some(Person { id: PersonId::new(id), is_external: differs(home, organisation, theirs) })
}

/// The author of a message that a shortcut was used on.
pub(super) fn shortcut_author(payload: &Value) -> Option<Person> {
    let id = first_text(payload, &["/message/user", "/message/bot_id"])?;
    let organisation = first_text(payload, &["/enterprise/id", "/team/enterprise_id"]);
    let theirs = first_text(payload, &["/message/user_team", "/message/source_team", "/message/team"]);
    Some(Person { id: PersonId::new(id), is_external: differs(text(payload, "/team/id"), organisation, theirs) })
}

fn is_organisation(id: &str) -> bool {
    id.starts_with('E')
}

fn differs(home: Option<&str>, organisation: Option<&str>, theirs: Option<&str>) -> bool {
    match (home, theirs) {
        (_, Some(theirs)) if organisation == Some(theirs) => false,
        // Organisations compare with organisations; who belongs to one belongs to none of ours where we have none.
        (_, Some(theirs)) if is_organisation(theirs) => home.or(organisation).is_some_and(|ours| ours != theirs),
        (_, None) | (None, _) => false,
        // Of an organisation's many teams we know none by name.
        (Some(home), Some(theirs)) => home != theirs && !is_organisation(home),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn check_author(expected: bool, body: &Value) {
        assert_eq!(author(body, &body["event"]).unwrap().is_external, expected, "{body}");
    }

    #[test]
    fn another_teams_author_is_external_unless_the_organisation_is_ours() {
        let event = |team: &str| json!({"user": "U1", "user_team": team});
        check_author(false, &json!({"team_id": "T1", "event": event("T1")}));
        check_author(true, &json!({"team_id": "T1", "event": event("T9")}));
        check_author(true, &json!({"team_id": "T9", "authorizations": [{"team_id": "T1"}], "event": event("T9")}));
        check_author(true, &json!({"team_id": null, "enterprise_id": "E1", "event": event("E9")}));
        check_author(false, &json!({"team_id": null, "enterprise_id": "E1", "event": event("T2")}));
        check_author(false, &json!({"team_id": "T1", "enterprise_id": "E1", "event": event("E1")}));
        check_author(true, &json!({"team_id": "E1", "enterprise_id": "E1", "event": event("E9")}));
        check_author(true, &json!({"team_id": "T1", "enterprise_id": "E1", "event": event("E9")}));
        check_author(true, &json!({"team_id": "T1", "enterprise_id": null, "event": event("E9")}));
        check_author(false, &json!({"team_id": "T1", "event": {"user": "U1"}}));
    }

    #[test]
    fn in_a_channel_of_our_own_only_an_organisation_has_colleagues_of_other_teams() {
        let event = |team: &str, organisation: Option<&str>| {
            json!({
                "team_id": "T1", "context_team_id": "T1", "context_enterprise_id": organisation,
                "authorizations": [{"team_id": "T1", "enterprise_id": organisation}],
                "is_ext_shared_channel": false, "event": {"user": "U1", "user_team": team},
            })
        };
        check_author(false, &event("T1", None));
        check_author(true, &event("T9", None));
        check_author(true, &event("E9", None));
        check_author(false, &event("T2", Some("E1")));
        check_author(false, &event("E1", Some("E1")));
        check_author(true, &event("E9", Some("E1")));
    }

    #[test]
    fn in_a_channel_shared_outside_an_unknown_team_is_somebody_elses() {
        let event = |team: &str| json!({"user": "U1", "user_team": team});
        let org_wide = |team: &str| {
            json!({
                "team_id": "E1", "enterprise_id": "E1", "is_ext_shared_channel": true,
                "authorizations": [{"team_id": null, "enterprise_id": "E1"}], "event": event(team),
            })
        };
        check_author(true, &org_wide("T9"));
        check_author(true, &org_wide("E9"));
        check_author(false, &org_wide("E1"));
        check_author(
            true,
            &json!({"team_id": null, "enterprise_id": "E1", "is_ext_shared_channel": true, "event": event("T9")}),
        );
        check_author(true, &json!({"is_ext_shared_channel": true, "event": event("T9")}));
        check_author(false, &json!({"team_id": "T1", "is_ext_shared_channel": true, "event": event("T1")}));
        check_author(
            false,
            &json!({"context_team_id": "T1", "team_id": "T9", "is_ext_shared_channel": true, "event": event("T1")}),
        );
    }

    /// The sender of a message under a reaction is told by Slack's answer, all else by the reaction.
    #[test]
    fn in_an_organisation_of_many_workspaces_a_colleague_s_team_is_ours() {
        let reaction = |shared: bool| {
            json!({
                "team_id": "E1", "enterprise_id": "E1", "is_ext_shared_channel": shared,
                "authorizations": [{"team_id": null, "enterprise_id": "E1"}],
                "event": {"type": "reaction_added", "user": "U1", "item_user": "U2"},
            })
        };
        assert!(!is_of_another_organisation(&reaction(false), Some("T1")));
        assert!(!is_of_another_organisation(&reaction(true), Some("E1")));
        assert!(is_of_another_organisation(&reaction(true), Some("T9")));
        assert!(!is_of_another_organisation(&reaction(true), None));
    }

    #[track_caller]
    fn check_presser(expected: bool, payload: &Value) {
        assert_eq!(presser(payload).unwrap().is_external, expected, "{payload}");
    }

    #[test]
    fn a_presser_is_compared_with_the_team_of_our_message() {
        let user = json!({"id": "U1", "team_id": "T9"});
        check_presser(
            true,
            &json!({"type": "block_actions", "team": {"id": "T9"}, "message": {"team": "T1"}, "user": user}),
        );
        check_presser(
            true,
            &json!({"type": "view_submission", "team": {"id": "T9"}, "view": {"app_installed_team_id": "T1"}, "user": user}),
        );
        check_presser(true, &json!({"type": "block_actions", "team": {"id": "T1"}, "user": user}));
        check_presser(
            true,
            &json!({"type": "block_actions", "team": {"id": "T1"}, "enterprise": null, "message": {"team": "T1"}, "user": {"id": "U1", "team_id": "E9"}}),
        );
        check_presser(
            false,
            &json!({"type": "block_actions", "team": {"id": "T9"}, "message": {"team": "T9"}, "user": user}),
        );
        let nameless = json!({"id": "U1"});
        check_presser(
            true,
            &json!({"type": "block_actions", "team": {"id": "T9"}, "message": {"team": "T1"}, "user": nameless}),
        );
        check_presser(
            false,
            &json!({"type": "block_actions", "team": {"id": "T1"}, "message": {"team": "T1"}, "user": nameless}),
        );
        check_presser(false, &json!({"type": "block_actions", "team": {"id": "T1"}, "user": nameless}));
        check_presser(false, &json!({"type": "block_actions", "team": null, "enterprise": {"id": "E1"}, "user": user}));
    }
}
