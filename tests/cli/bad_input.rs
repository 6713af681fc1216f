//! Bad configurations and policies: one clear message each, with its place and the mend; never a panic.

use std::fmt::Write;

use super::{Said, deskbell, repository_file};

/// A name, what is replaced in the example, and by what.
type Change = (&'static str, &'static str, &'static str);

const CONFIGS: &[Change] = &[
    ("unknown key", "listen = \"127", "lsten = \"127"),
    ("unknown table", "[intake]", "[intakes]"),
    ("unknown key of an action", "tool = \"add_comment\"", "tool = \"add_comment\"\ntols = 1"),
    ("not TOML", "readers = 4", "readers = 4 5"),
    ("wrong type", "readers = 4", "readers = \"four\""),
    ("missing table", "[slack]", "[slack_gone]"),
    ("address", "127.0.0.1:8080", "localhost"),
    ("inline token", "\"env:SLACK_BOT_TOKEN\"", "\"xoxb-1-2-abc\""),
    ("inline token as text", "\"env:JIRA_API_TOKEN\"", "\"text:ATATT3xFf\""),
    ("a value without its origin", "\"env:JIRA_EMAIL\"", "\"bot@example.com\""),
    ("no signing secret", "signing_secret = \"env:SLACK_SIGNING_SECRET\"", ""),
    ("no app token", "delivery = \"http\"", "delivery = \"socket\""),
    ("unknown delivery", "delivery = \"http\"", "delivery = \"pigeon\""),
    ("channel name for an id", "\"C0123456789\"", "\"#support\""),
    ("too many workers", "count = 8 ", "count = 9999999999 "),
    ("length of time", "lease = \"60s\"", "lease = \"60\""),
    ("a lease that is over at once", "lease = \"60s\"", "lease = \"1ms\""),
    ("a drain for ever", "drain = \"20s\"", "drain = \"9999h\""),
    ("a question that is over at once", "question_timeout = \"10m\"", "question_timeout = \"1ms\""),
    ("a call for ever", "call_limit = \"10m\"", "call_limit = \"9999h\""),
    ("dead letters that are gone at once", "keep_given_up = \"2160h\"", "keep_given_up = \"1h\""),
    ("a helpdesk asked without a pause", "# [helpdesk.poll]\n# every = \"1m\"", "[helpdesk.poll]\nevery = \"1ms\""),
    ("a helpdesk asked hardly ever", "# [helpdesk.poll]\n# every = \"1m\"", "[helpdesk.poll]\nevery = \"9999h\""),
    ("a tracker asked without a pause", "# [tracker]\n# poll = \"2m\"", "[tracker]\npoll = \"1ms\""),
    ("no readers", "readers = 4", "readers = 0"),
    ("no attempt", "dispatch_attempts = 12", "dispatch_attempts = 0"),
    ("a call that may take no time", "call_timeout = \"15s\"", "call_timeout = \"1us\""),
    ("neither command nor url", "command = \"deskbell\"", ""),
    ("both command and url", "command = \"deskbell\"", "command = \"deskbell\"\nurl = \"https://mcp.test\""),
    ("unknown server", "server = \"jira\"\ntool = \"add_comment\"", "server = \"jra\"\ntool = \"add_comment\""),
    ("unknown action", "[actions.assign]", "[actions.asign]"),
    ("one of Deskbell's as one's own", "[actions.assign]", "[actions.assign]\ncustom = true"),
    ("no name for one's own action", "[actions.assign]", "[actions.Unlock]\ncustom = true"),
    ("a field that one's own action has not", "[actions.assign]", "[actions.unlock]\ncustom = true"),
    (
        "a fact's pattern",
        "[actions.assign]",
        "[lookups.facts.order]\nserver = \"jira\"\ntool = \"get_issue\"\nfind = { key = \"(\" }\nresult = { Status = \"/status\" }\n\n[actions.assign]",
    ),
    (
        "what a fact does not find",
        "[actions.assign]",
        "[lookups.facts.order]\nserver = \"jira\"\ntool = \"get_issue\"\narguments = { key = \"=found.key\" }\nresult = { Status = \"/status\" }\n\n[actions.assign]",
    ),
    ("bad expression", "\"=action.body\"", "\"=action..body\""),
    ("a field that the action has not", "\"=action.body\"", "\"=action.bdy\""),
    ("a field of something else", "\"=action.body\"", "\"=ticket_text\""),
    ("unknown filter", "\"=action.body\"", "\"=action.body|uper\""),
    ("bad lag", "lag = \"90s\"", "lag = \"soon\""),
    (
        "a variable that is Deskbell's own",
        "[knowledge]",
        "[knowledge]\nfolder = \".\"\nenv = { DESKBELL_KNOWLEDGE_DATA = \"text:x\" }",
    ),
    (
        "a secret in the knowledge's variables",
        "[knowledge]",
        "[knowledge]\nfolder = \".\"\nenv = { DESKBELL_CONFLUENCE_API_TOKEN = \"ATATT3\" }",
    ),
    ("confidence", "abstain_below = 0.4", "abstain_below = 40"),
    ("a model of nobody's", "# [llm]\n# provider = \"openai\"", "[llm]\nprovider = \"nobody\"\nmodel = \"m\"\n#"),
    ("a model without a key", "# [llm]\n# provider = \"openai\"", "[llm]\nprovider = \"openai\"\nmodel = \"m\"\n#"),
    (
        "a model without an address",
        "# [llm]\n# provider = \"openai\"",
        "[llm]\nprovider = \"azure\"\nmodel = \"m\"\nkey = \"env:LLM_KEY\"\n#",
    ),
    (
        "a model's inline key",
        "# [llm]\n# provider = \"openai\"",
        "[llm]\nprovider = \"openai\"\nmodel = \"m\"\nkey = \"sk-live-abc\"\n#",
    ),
    (
        "a model's numbers",
        "# [llm]\n# provider = \"openai\"",
        "[llm]\nprovider = \"openai-compatible\"\nbase_url = \"localhost:11434\"\nmodel = \" \"\napi_version = \"1\"\ntemperature = 3.0\n\
         attempts = 0\ndaily_money = 5.0\npatience = \"9999h\"\n#",
    ),
    (
        "no such folder of prompts",
        "# [llm]\n# provider = \"openai\"",
        "[llm]\nprovider = \"openai-compatible\"\nbase_url = \"http://127.0.0.1:1/v1\"\nmodel = \"m\"\nprompts = \"nowhere\"\n#",
    ),
    ("no policy there", "policy.example.toml", "rules.toml"),
    ("no such knowledge folder", "# folder = \"knowledge\"", "folder = \"knowledge\""),
    ("no such template folder", "# folder = \"blocks\"", "folder = \"blocks\""),
    (
        "a desk caller's name",
        "# tokens = [",
        "tokens = [{ name = \"My Agent\", token = \"env:JIRA_EMAIL\", scopes = [\"read\"] }]\n# [",
    ),
    (
        "a desk caller's scope",
        "# tokens = [",
        "tokens = [{ name = \"a\", token = \"env:JIRA_EMAIL\", scopes = [\"write\"] }]\n# [",
    ),
    (
        "a desk caller's inline token",
        "# tokens = [",
        "tokens = [{ name = \"a\", token = \"hush\", scopes = [\"read\"] }]\n# [",
    ),
    (
        "a short desk token",
        "# tokens = [",
        "tokens = [{ name = \"a\", token = \"env:JIRA_EMAIL\", scopes = [\"read\"] }]\n# [",
    ),
    ("log filter", "filter = \"info,rmcp=warn\"", "filter = \"deskbell=loud\""),
];

const SECRETS: [(&str, &str); 4] =
    [("SLACK_SIGNING_SECRET", "a"), ("SLACK_BOT_TOKEN", "b"), ("JIRA_EMAIL", "c"), ("JIRA_API_TOKEN", "d")];

fn serve(config: &str, policy: &str, variables: &[(&str, &str)]) -> Said {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("deskbell.toml"), config).unwrap();
    std::fs::write(folder.path().join("policy.example.toml"), policy).unwrap();
    let mut command = deskbell(folder.path(), &["serve"]);
    Said::of(&command.envs(variables.iter().copied()).output().unwrap())
}

fn changed(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "the example holds no {from}");
    text.replacen(from, to, 1)
}

#[test]
fn a_bad_configuration_is_refused_with_place_and_mend() {
    let (config, policy) = (repository_file("deskbell.example.toml"), repository_file("policy.example.toml"));
    let mut report = String::new();
    for (name, from, to) in CONFIGS {
        let said = serve(&changed(&config, from, to), &policy, &SECRETS);
        assert!(!said.stderr.contains("panicked"), "{name}: {}", said.stderr);
        writeln!(report, "## {name}\n{}", said.all()).unwrap();
    }
    insta::assert_snapshot!("bad_configurations", report);
}

#[test]
fn an_action_of_the_policy_without_a_tool_is_refused() {
    let config = repository_file("deskbell.example.toml");
    let (before, rest) = config.split_once("[actions.create_issue]").unwrap();
    let (_, after) = rest.split_once("[actions.comment]").unwrap();
    let config = format!("{before}[actions.comment]{after}");
    let said = serve(&config, &repository_file("policy.example.toml"), &SECRETS);
    insta::assert_snapshot!(said.all(), @r"
    error: policy.example.toml: the action `create_issue` is bound to no tool: add [actions.create_issue] with server and tool, or take it out of the policy
    exit 2
    ");
}

#[test]
fn an_action_that_follows_from_an_issue_without_a_tool_is_refused() {
    let config = repository_file("deskbell.example.toml").replace("[actions.transition]", "[actions.assign]");
    let config = config.replace("\"=action.to\"", "\"=action.account\"");
    let config = config.replacen("[actions.assign]\nserver = \"jira\"\ntool = \"assign_issue\"", "[gone]", 1);
    let (before, rest) = config.split_once("[gone]").unwrap();
    let (_, after) = rest.split_once("# Stories in Shortcut").unwrap();
    let said = serve(&format!("{before}# {after}"), &repository_file("policy.example.toml"), &SECRETS);
    insta::assert_snapshot!(said.all());
}

#[test]
fn a_webhook_secret_that_anybody_or_nobody_could_sign_with_is_refused() {
    let config =
        format!("{}\n[helpdesk.generic]\nsecrets = [\"env:HOOK\"]\n", repository_file("deskbell.example.toml"));
    for secret in ["whsec_", "whsec_YQ==", "nonsense!!"] {
        let variables: Vec<_> = SECRETS.into_iter().chain([("HOOK", secret)]).collect();
        let said = serve(&config, &repository_file("policy.example.toml"), &variables).all();
        assert!(said.contains("helpdesk.generic.secrets") && said.contains("24 to 64 bytes"), "{secret}: {said}");
        assert!(secret == "whsec_" || !said.contains(secret), "{said}");
    }
}

#[test]
fn a_bad_environment_is_refused_with_its_variable() {
    let (config, policy) = (repository_file("deskbell.example.toml"), repository_file("policy.example.toml"));
    let mut report = String::new();
    for (name, set) in [
        ("missing secrets", [("SLACK_BOT_TOKEN", "b"), ("JIRA_EMAIL", " ")]),
        ("unknown key", [("DESKBELL_SERVER__LISTN", "x"), ("JIRA_EMAIL", "c")]),
        ("bad value", [("DESKBELL_SERVER__LISTEN", "x"), ("JIRA_EMAIL", "c")]),
        ("too deep", [("DESKBELL_SERVER__LISTEN__PORT", "1"), ("JIRA_EMAIL", "c")]),
        ("one underscore", [("DESKBELL_SERVER_LISTEN", "0.0.0.0:8080"), ("JIRA_EMAIL", "c")]),
        ("one underscore and a server", [("DESKBELL_MCP_JIRA_CALL_TIMEOUT", "9s"), ("JIRA_EMAIL", "c")]),
        ("inline token", [("DESKBELL_SLACK__BOT_TOKEN", "xoxb-1"), ("JIRA_EMAIL", "c")]),
    ] {
        writeln!(report, "## {name}\n{}", serve(&config, &policy, &set).all()).unwrap();
    }
    insta::assert_snapshot!("bad_environment", report);
}

const POLICIES: &[Change] = &[
    ("unknown key", "capacity = 6", "capcity = 6"),
    (
        "unknown field in a branch that no example reaches",
        "assessment.urgency == \"critical\"\n",
        "(assessment.urgency == \"critical\" || customer.teir == \"enterprise\")\n",
    ),
    (
        "type mismatch in a branch",
        "assessment.urgency == \"critical\"\n",
        "(assessment.urgency == \"critical\" || customer.open_cases == \"many\")\n",
    ),
    ("not CEL", "'assessment.category == \"api\"'", "'assessment.category = \"api\"'"),
    ("not a condition", "'assessment.category == \"api\"'", "'assessment.category'"),
    ("unknown squad", "squads = [\"platform\", \"support\"]", "squads = [\"platform\", \"suport\"]"),
    ("unknown priority", "priority = \"p4\"", "priority = \"p5\""),
    ("unknown action", "actions = [\"create_issue\"]", "actions = [\"create_isue\"]"),
    (
        "example that does not hold",
        "text = \"nobody can pay\", category",
        "text = \"nobody can pay\", matches = false, category",
    ),
    ("misspelt category", "'assessment.category == \"api\"'", "'assessment.category == \"apis\"'"),
    ("misspelt urgency", "assessment.urgency == \"critical\"\n", "assessment.urgency == \"critcal\"\n"),
    ("squad and squads", "squads = [\"platform\", \"support\"]", "squads = [\"platform\"]\nsquad = \"support\""),
    ("a squad of nobody", "members = [\"U0000000004\"]", "members = []"),
    ("too short", "remind_after = \"30m\"", "remind_after = \"1ms\""),
    ("channel name for an id", "channel = \"C0000000003\"", "channel = \"#payments\""),
    ("nobody", "settle = [\"group:leads\"]", "settle = [\"group:bosses\", \"@anna\"]"),
    ("length of time", "expire_after = \"4h\"", "expire_after = \"soon\""),
    ("shadow default", "mode = \"confirm\"                #", "mode = \"shadow\" #"),
    ("severity", "severity = 1", "severity = 9"),
    ("time zone", "Europe/Berlin", "Europe/Berln"),
    ("capacity", "capacity = 8", "capacity = 0"),
    ("twice", "id = \"api\"\nname", "id = \"payments\"\nname"),
];

#[test]
fn a_bad_policy_is_refused_with_line_and_column() {
    let folder = tempfile::tempdir().unwrap();
    let policy = repository_file("policy.example.toml");
    let mut report = String::new();
    for (name, from, to) in POLICIES {
        std::fs::write(folder.path().join("policy.toml"), changed(&policy, from, to)).unwrap();
        let said = super::run(folder.path(), &["policy", "check", "policy.toml"]);
        assert_eq!(said.code, 1, "{name}: {}", said.stdout);
        writeln!(report, "## {name}\n{}", said.stderr).unwrap();
    }
    insta::assert_snapshot!("bad_policies", report);
}

#[test]
fn a_template_with_a_button_that_nobody_hears_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let blocks = folder.path().join("own");
    std::fs::create_dir(&blocks).unwrap();
    let alert = repository_file("blocks/ops_alert.json.j2").replace("ops_retry", "ops_rety");
    std::fs::write(blocks.join("ops_alert.json.j2"), alert).unwrap();
    let config = changed(&repository_file("deskbell.example.toml"), "# folder = \"blocks\"", "folder = \"own\"");
    std::fs::write(folder.path().join("deskbell.toml"), config).unwrap();
    std::fs::write(folder.path().join("policy.example.toml"), repository_file("policy.example.toml")).unwrap();
    let said = Said::of(&deskbell(folder.path(), &["serve"]).envs(SECRETS).output().unwrap());
    insta::assert_snapshot!(said.all());
}

#[test]
fn the_policys_errors_stop_serving_too() {
    let policy = changed(&repository_file("policy.example.toml"), "capacity = 6", "capacity = 0");
    let said = serve(&repository_file("deskbell.example.toml"), &policy, &SECRETS);
    assert_eq!(said.code, 2);
    assert!(said.stderr.contains("policy.example.toml:61:12: capacity must be at least 1"), "{}", said.stderr);
}
