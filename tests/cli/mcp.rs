//! `deskbell mcp`: servers as other hosts write them.

use deskbell_sandbox::{Sandbox, SandboxConfig};
use serde_json::{Value, json};

use super::Workplace;

#[tokio::test(flavor = "multi_thread")]
async fn servers_of_other_hosts_files_are_listed_with_what_is_let_in_of_them() {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let place = Workplace::of(&sandbox);
    place.change("[mcp.jira]", "[mcp_files]\npaths = [\"hosts/mcp.json\"]\n\n[mcp.jira]");
    let env = json!({
        "DESKBELL_JIRA_URL": sandbox.jira_url().unwrap(), "DESKBELL_JIRA_EMAIL": "file:../secrets/jira_email",
        "DESKBELL_JIRA_API_TOKEN": "file:../secrets/jira_api_token",
    });
    let server = json!({ "command": "deskbell", "args": ["mcp", "serve", "jira"], "env": env, "allow": ["get_*"] });
    place.write("hosts/mcp.json", &json!({ "mcpServers": { "second": server } }).to_string());
    let said = place.run(&sandbox, &["mcp", "list", "--json"]).await;
    assert_eq!(said.code, 0, "{}", said.all());
    let servers: Vec<Value> = serde_json::from_str(&said.stdout).unwrap();
    let second = servers.iter().find(|server| server["name"] == "second").unwrap();
    assert_eq!(second["state"], "ready");
    let tools: Vec<&str> =
        second["tools"].as_array().unwrap().iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(!tools.is_empty() && tools.iter().all(|tool| tool.starts_with("get_")), "{tools:?}");

    place.write(
        "hosts/mcp.json",
        r#"{ "mcpServers": { "second": { "command": "x", "env": { "API_TOKEN": "hush" } } } }"#,
    );
    let said = place.run(&sandbox, &["mcp", "list"]).await;
    assert_eq!(said.code, 2, "{}", said.all());
    assert!(
        said.stderr.contains("hosts/mcp.json: mcpServers.second: env.API_TOKEN: a secret does not belong"),
        "{}",
        said.stderr
    );
    assert!(!said.stderr.contains("hush"), "{}", said.stderr);
}

/// The demo's own configuration without its bindings, and what is proposed instead.
#[tokio::test(flavor = "multi_thread")]
async fn what_is_proposed_for_jira_does_what_the_demos_bindings_do() {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let place = Workplace::of(&sandbox);
    let whole = std::fs::read_to_string(place.path().join("deskbell.toml")).unwrap();
    let by_hand: toml::Table = toml::from_str(&whole).unwrap();
    let mut bare = by_hand.clone();
    bare.remove("actions");
    place.write("deskbell.toml", &bare.to_string());
    let proposed = place.run(&sandbox, &["mcp", "bind", "jira"]).await;
    assert_eq!(proposed.code, 0, "{}", proposed.all());
    place.write("deskbell.toml", &format!("{bare}\n{}", proposed.stdout));
    let listed = place.run(&sandbox, &["mcp", "list"]).await;
    assert_eq!(listed.code, 0, "{}", listed.all());
    let found: toml::Table = toml::from_str(&proposed.stdout).unwrap();
    let of_jira = |(_, binding): &(&String, &toml::Value)| binding["server"].as_str() == Some("jira");
    for (action, binding) in by_hand["actions"].as_table().unwrap().iter().filter(of_jira) {
        let guess = &found["actions"][action];
        assert_eq!(guess["tool"], binding["tool"], "{action}");
        // The demo's takes an account in either form, and nobody.
        for (argument, expression) in binding["arguments"].as_table().unwrap().iter().filter(|_| action != "assign") {
            assert_eq!(guess["arguments"].get(argument), Some(expression), "{action}.{argument}");
        }
        assert_eq!(guess.get("result"), binding.get("result"), "{action}");
    }
    assert_eq!(found["actions"]["create_issue"]["reconcile"]["tool"].as_str(), Some("find_by_idempotency_key"));

    place.write("deskbell.toml", &whole);
    let again = place.run(&sandbox, &["mcp", "bind", "jira"]).await;
    assert!(again.stdout.contains("# create_issue is bound already: create_issue of jira."), "{}", again.all());
    let nobody = place.run(&sandbox, &["mcp", "bind", "nobody"]).await;
    assert!(
        nobody.code == 2
            && nobody.stderr.contains("configured are: confluence, helpdesk, jira, knowledge, salesforce, shortcut"),
        "{}",
        nobody.all()
    );
}

/// The demo's own configuration with the bindings that ship instead of its own.
#[tokio::test(flavor = "multi_thread")]
async fn bindings_that_ship_are_taken_up_by_name() {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let place = Workplace::of(&sandbox);
    let whole = std::fs::read_to_string(place.path().join("deskbell.toml")).unwrap();
    let mut bare: toml::Table = toml::from_str(&whole).unwrap();
    bare.remove("actions");
    bare["mcp"]["jira"].as_table_mut().unwrap().insert("bindings".to_owned(), "jira".into());
    place.write("deskbell.toml", &bare.to_string());
    let listed = place.run(&sandbox, &["mcp", "list"]).await;
    assert_eq!(listed.code, 0, "{}", listed.all());
    for line in ["create_issue  <- create_issue", "add_comment  <- comment", "transition_issue  <- transition"] {
        assert!(listed.stdout.contains(line), "{}", listed.stdout);
    }

    let mut own = bare.clone();
    let odd =
        "[comment]\nserver = \"jira\"\ntool = \"add_comment\"\narguments = { issue_key = \"=external.key\", body = 7 }";
    own.insert("actions".to_owned(), toml::from_str::<toml::Table>(odd).unwrap().into());
    place.write("deskbell.toml", &own.to_string());
    let listed = place.run(&sandbox, &["mcp", "list"]).await;
    assert_eq!(listed.code, 1, "{}", listed.all());
    let fault = "[actions.comment] can't be used: `add_comment` wants string for the argument `body`";
    assert!(listed.stdout.contains(fault), "an action of one's own stands in front: {}", listed.stdout);
    assert!(listed.stdout.contains("create_issue  <- create_issue"), "{}", listed.stdout);

    let mut second = bare.clone();
    let jira = second["mcp"]["jira"].clone();
    second["mcp"].as_table_mut().unwrap().insert("tracker".to_owned(), jira);
    place.write("deskbell.toml", &second.to_string());
    let refused = place.run(&sandbox, &["mcp", "list"]).await;
    assert_eq!(refused.code, 2, "{}", refused.all());
    assert!(refused.stderr.contains("both [mcp.jira] and [mcp.tracker] would carry"), "{}", refused.stderr);

    let list = place.run(&sandbox, &["mcp", "bindings"]).await;
    let live = "Linear's hosted server, https://mcp.linear.app/mcp\n  NOT tried against the live service";
    assert!(list.code == 0 && list.stdout.contains(live), "{}", list.all());
    let file = place.run(&sandbox, &["mcp", "bindings", "mcp-atlassian"]).await;
    assert!(file.code == 0 && file.stdout.contains("tool = \"jira_create_issue\""), "{}", file.all());
    let nobody = place.run(&sandbox, &["mcp", "bindings", "nobody"]).await;
    assert!(nobody.code == 2 && nobody.stderr.contains("mcp-atlassian"), "{}", nobody.all());
}

/// The look-ups of two servers of the demo: as they ship, and as they are proposed.
#[tokio::test(flavor = "multi_thread")]
async fn look_ups_that_ship_are_taken_up_and_proposed() {
    let sandbox = Sandbox::start(SandboxConfig::default()).await.unwrap();
    let place = Workplace::of(&sandbox);
    let whole = std::fs::read_to_string(place.path().join("deskbell.toml")).unwrap();
    let mut bare: toml::Table = toml::from_str(&whole).unwrap();
    bare.remove("lookups");
    place.write("deskbell.toml", &bare.to_string());
    let mut shipped = bare.clone();
    let taken = [("salesforce", "lookup_customer", "lookup_customer"), ("helpdesk", "queue_load", "list_queues")];
    for (server, lookup, tool) in taken {
        let proposed = place.run(&sandbox, &["mcp", "bind", server]).await;
        assert_eq!(proposed.code, 0, "{}", proposed.all());
        let found: toml::Table = toml::from_str(&proposed.stdout).unwrap();
        assert_eq!(found["lookups"][lookup]["tool"].as_str(), Some(tool), "{}", proposed.stdout);
        let said = place.run(&sandbox, &["mcp", "bindings", server]).await;
        let file: toml::Table = toml::from_str(&said.stdout).unwrap();
        for (field, pointer) in found["lookups"][lookup]["result"].as_table().unwrap() {
            assert_eq!(file["lookups"][lookup]["result"].get(field), Some(pointer), "{server}: {field}");
        }
        let only: toml::Table = toml::from_str(&format!("file = \"{server}\"\nonly = [\"{lookup}\"]")).unwrap();
        shipped["mcp"][server].as_table_mut().unwrap().insert("bindings".to_owned(), only.into());
    }
    place.write("deskbell.toml", &shipped.to_string());
    let listed = place.run(&sandbox, &["mcp", "list"]).await;
    assert_eq!(listed.code, 0, "{}", listed.all());
    for line in ["lookup_customer  <- lookup_customer", "list_queues  <- queue_load"] {
        assert!(listed.stdout.contains(line), "{}", listed.stdout);
    }
    // What is written stands in front of what ships.
    let own = format!(
        "{shipped}\n[lookups.queue_load]\nserver = \"jira\"\ntool = \"list_boards\"\n\
        result = {{ list = \"/boards\", name = \"/name\", tickets = \"/board_id\" }}\n"
    );
    place.write("deskbell.toml", &own);
    let listed = place.run(&sandbox, &["mcp", "list"]).await;
    assert!(listed.stdout.contains("list_boards  <- queue_load"), "{}", listed.stdout);
    assert!(!listed.stdout.contains("list_queues  <- queue_load"), "{}", listed.stdout);
    // Two servers for one look-up are nobody's wish.
    shipped["mcp"]["jira"].as_table_mut().unwrap().insert("bindings".to_owned(), only_queues().into());
    place.write("deskbell.toml", &shipped.to_string());
    let twice = place.run(&sandbox, &["mcp", "list"]).await;
    assert!(twice.code == 2 && twice.stderr.contains("would answer `queue_load`"), "{}", twice.all());
}

fn only_queues() -> toml::Table {
    toml::from_str("file = \"helpdesk\"\nonly = [\"queue_load\"]").unwrap()
}
