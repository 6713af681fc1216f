//! The knowledge server over folders on disk.

use std::path::Path;

use deskbell_servers::knowledge::{KnowledgeConfigError, KnowledgeServer, KnowledgeServerConfig};
use rmcp::ServiceExt;
use rmcp::model::{GetPromptRequestParams, PaginatedRequestParams, ReadResourceRequestParams, ResourceContents};
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};

use crate::shortcut_site::{done, failed};

type Client = RunningService<RoleClient, ()>;

/// Documents, drafts, and a client of the server over them.
struct Library {
    folder: tempfile::TempDir,
    client: Client,
}

impl Library {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(folder.path().join("docs/sso")).unwrap();
        std::fs::create_dir_all(folder.path().join("drafts")).unwrap();
        let library = |path: &str, text: &str| std::fs::write(folder.path().join("docs").join(path), text).unwrap();
        library(
            "refunds.md",
            "# Refunds\nMoney goes back to the card.\n\n## Partial refunds\nYou can refund a part of a payment up to 90 days after it.\n\n## Failed refunds\nA refund that failed is tried again.",
        );
        library("sso/okta.md", "# Okta\nConnect Okta with SAML. Sign in as an owner first.");
        std::fs::write(folder.path().join("secret.md"), "# Secret\nSAML secret").unwrap();
        std::os::unix::fs::symlink(folder.path().join("secret.md"), folder.path().join("docs/link.md")).unwrap();
        let client = connect(folder.path()).await;
        Self { folder, client }
    }

    fn draft(&self, slug: &str) -> std::path::PathBuf {
        self.folder.path().join("drafts").join(format!("{slug}.md"))
    }

    async fn done(&self, tool: &'static str, arguments: Value) -> Value {
        done(&self.client, tool, arguments).await
    }

    async fn failed(&self, tool: &'static str, arguments: Value) -> Value {
        failed(&self.client, tool, arguments).await
    }
}

fn config(folder: &Path) -> KnowledgeServerConfig {
    KnowledgeServerConfig {
        folders: vec![folder.join("docs")],
        drafts: Some(folder.join("drafts")),
        base_url: Some("https://help.example/kb/".parse().unwrap()),
        ..KnowledgeServerConfig::default()
    }
}

async fn connect(folder: &Path) -> Client {
    serve(KnowledgeServer::new(config(folder)).unwrap()).await
}

pub async fn serve(server: KnowledgeServer) -> Client {
    let (server_side, client_side) = tokio::io::duplex(64 * 1024);
    tokio::spawn(async move { server.serve(server_side).await.unwrap().waiting().await });
    ().serve(client_side).await.unwrap()
}

#[tokio::test]
async fn tools_are_listed_with_schemas_and_honest_hints() {
    let library = Library::open().await;
    let tools = library.client.list_all_tools().await.unwrap();
    let hints: Vec<(String, bool, bool, bool)> = tools
        .iter()
        .map(|tool| {
            let hints = tool.annotations.as_ref().unwrap();
            assert_eq!(tool.output_schema.as_ref().unwrap()["type"], "object");
            let hint = |hint: Option<bool>| hint.unwrap();
            let name = tool.name.to_string();
            (name, hint(hints.read_only_hint), hint(hints.destructive_hint), hint(hints.idempotent_hint))
        })
        .collect();
    let expected = [
        ("create_draft", false, false, false),
        ("get_document", true, false, true),
        ("get_draft", true, false, true),
        ("list_documents", true, false, true),
        ("list_drafts", true, false, true),
        ("list_gaps", true, false, true),
        ("put_document", false, true, true),
        ("record_feedback", false, false, true),
        ("remove_document", false, true, true),
        ("search_knowledge", true, false, true),
        ("update_draft", false, true, true),
    ];
    assert_eq!(hints, expected.map(|(name, read, gone, again)| (name.to_owned(), read, gone, again)));
}

#[tokio::test]
async fn searches_give_snippets_and_links_page_by_page() {
    let library = Library::open().await;
    let (mut anchors, mut token) = (Vec::new(), Value::Null);
    loop {
        let wanted = json!({ "query": "refund", "max_results": 1, "next_page_token": token });
        let page = library.done("search_knowledge", wanted).await;
        let found = page["passages"].as_array().unwrap();
        assert_eq!(found.len(), 1, "{page}");
        anchors.push(found[0]["url"].as_str().unwrap().to_owned());
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    anchors.sort();
    let expected = ["failed-refunds", "partial-refunds", "refunds"];
    assert_eq!(anchors, expected.map(|anchor| format!("https://help.example/kb/refunds.md#{anchor}")));
    let one = library.done("search_knowledge", json!({ "query": "partial refund of a payment" })).await;
    assert!(one["passages"][0]["snippet"].as_str().unwrap().contains("90 days"), "{one}");
    assert_eq!(library.done("search_knowledge", json!({ "query": "bicycle" })).await["passages"], json!([]));
    let foreign = json!({ "query": "refund", "next_page_token": "x" });
    assert_eq!(library.failed("search_knowledge", foreign).await["error_kind"], "permanent");
}

#[tokio::test]
async fn what_changes_on_disk_is_found_and_links_are_not_followed() {
    let library = Library::open().await;
    let secret = library.done("search_knowledge", json!({ "query": "secret" })).await;
    assert_eq!(secret["passages"], json!([]));
    std::fs::write(library.folder.path().join("docs/sso/google.md"), "# Google\nBicycles sign in with Google.")
        .unwrap();
    let found = library.done("search_knowledge", json!({ "query": "bicycle" })).await;
    assert_eq!(found["passages"][0]["path"], "sso/google.md");
    std::fs::remove_file(library.folder.path().join("docs/sso/google.md")).unwrap();
    let listed = library.done("list_documents", json!({ "max_results": 1 })).await;
    assert_eq!((&listed["total"], &listed["documents"][0]["path"]), (&json!(2), &json!("refunds.md")));
    let rest = json!({ "next_page_token": listed["next_page_token"] });
    let rest = library.done("list_documents", rest).await;
    assert_eq!((&rest["documents"][0]["title"], &rest["next_page_token"]), (&json!("Okta"), &Value::Null));
}

#[tokio::test]
async fn a_document_is_read_by_its_path_and_by_no_other_way() {
    let library = Library::open().await;
    let read = library.done("get_document", json!({ "path": "sso/okta.md" })).await;
    assert_eq!((&read["title"], &read["next_page_token"]), (&json!("Okta"), &Value::Null));
    assert_eq!(read["markdown"], "# Okta\nConnect Okta with SAML. Sign in as an owner first.");
    let long = format!("# Long\n{}", "é".repeat(2_500));
    std::fs::write(library.folder.path().join("docs/long.md"), &long).unwrap();
    let (mut text, mut token) = (String::new(), Value::Null);
    loop {
        let wanted = json!({ "path": "long.md", "max_characters": 1_000, "next_page_token": token });
        let page = library.done("get_document", wanted).await;
        text.push_str(page["markdown"].as_str().unwrap());
        token = page["next_page_token"].clone();
        if token.is_null() {
            break;
        }
    }
    assert_eq!(text, long);
    for path in ["../secret.md", "link.md", "/etc/passwd", "sso/../refunds.md", "drafts/a.md"] {
        let failure = library.failed("get_document", json!({ "path": path })).await;
        assert!(failure["message"].as_str().unwrap().contains("list_documents"), "{failure}");
    }
}

#[tokio::test]
async fn each_document_is_a_resource_and_a_prompt_answers_with_sources() {
    let library = Library::open().await;
    let resources = library.client.list_all_resources().await.unwrap();
    let uris: Vec<&str> = resources.iter().map(|resource| resource.uri.as_str()).collect();
    assert_eq!(uris, ["deskbell-knowledge:///refunds.md", "deskbell-knowledge:///sso/okta.md"]);
    let read = library.client.read_resource(ReadResourceRequestParams::new(uris[1])).await.unwrap();
    let ResourceContents::TextResourceContents { text, mime_type, .. } = &read.contents[0] else { panic!("{read:?}") };
    assert!(text.contains("SAML") && mime_type.as_deref() == Some("text/markdown"));
    let nothing = ReadResourceRequestParams::new("deskbell-knowledge:///../secret.md");
    assert!(library.client.read_resource(nothing).await.is_err());
    let cursor = PaginatedRequestParams::default().with_cursor(Some("x".to_owned()));
    assert!(library.client.list_resources(Some(cursor)).await.is_err());
    let prompts = library.client.list_all_prompts().await.unwrap();
    assert_eq!(prompts[0].name, "answer_from_knowledge");
    let arguments = json!({ "question": "How long can I refund a part?" }).as_object().cloned().unwrap();
    let wanted = GetPromptRequestParams::new("answer_from_knowledge").with_arguments(arguments);
    let prompt = library.client.get_prompt(wanted).await.unwrap();
    let text = serde_json::to_string(&prompt.messages).unwrap();
    assert!(text.contains("How long can I refund a part?") && text.contains("90 days"), "{text}");
    assert!(text.contains("https://help.example/kb/refunds.md#partial-refunds"), "{text}");
}

#[tokio::test]
async fn the_same_key_makes_one_draft_even_through_a_server_that_was_started_anew() {
    let library = Library::open().await;
    let wanted = json!({ "title": "Refund \"times\"", "markdown": "# Times\nFive days.", "idempotency_key": "k", "everybody": true });
    let first = library.done("create_draft", wanted.clone()).await;
    assert_eq!((&first["created"], &first["draft"]["slug"]), (&json!(true), &json!("refund-times")));
    let mut renamed = wanted.clone();
    renamed["title"] = json!("Another");
    assert_eq!(library.done("create_draft", renamed).await["created"], false);
    let anew = connect(library.folder.path()).await;
    let again = done(&anew, "create_draft", wanted).await;
    assert_eq!((&again["created"], &again["draft"]), (&json!(false), &first["draft"]));
    assert_eq!(first["draft"]["title"], "Refund \"times\"");
    let text = std::fs::read_to_string(library.draft("refund-times")).unwrap();
    assert!(text.contains("status: draft") && text.ends_with("# Times\nFive days.\n"), "{text}");
    let taken = json!({ "title": "Refund times", "markdown": "b" });
    let taken = library.failed("create_draft", taken).await;
    assert!(taken["message"].as_str().unwrap().contains("update_draft"), "{taken}");
    let listed = library.done("list_drafts", json!({})).await;
    assert_eq!((&listed["total"], &listed["drafts"][0]["version"]), (&json!(1), &first["draft"]["version"]));
    // What is a draft is no knowledge.
    assert_eq!(library.done("search_knowledge", json!({ "query": "five" })).await["passages"], json!([]));
}

#[tokio::test]
async fn drafts_made_at_once_with_one_key_are_one() {
    let library = Library::open().await;
    let other = connect(library.folder.path()).await;
    let calls = (0..8).map(|n| {
        let client = if n % 2 == 0 { &library.client } else { &other };
        let wanted =
            json!({ "title": format!("Draft {n}"), "markdown": "a", "idempotency_key": "k", "everybody": true });
        done(client, "create_draft", wanted)
    });
    let made = futures_util::future::join_all(calls).await;
    assert_eq!(made.iter().filter(|draft| draft["created"] == true).count(), 1);
    assert_eq!(library.done("list_drafts", json!({})).await["total"], 1);
}

#[tokio::test]
async fn an_update_writes_over_nothing_that_its_caller_has_not_seen() {
    let library = Library::open().await;
    let made = library
        .done("create_draft", json!({ "title": "A", "markdown": "one", "idempotency_key": "c", "everybody": true }))
        .await;
    let first = made["draft"]["version"].clone();
    let update = json!({ "slug": "a", "base_version": first, "markdown": "two", "idempotency_key": "u" });
    let second = library.done("update_draft", update.clone()).await;
    assert_eq!((&second["changed"], &second["draft"]["markdown"]), (&json!(true), &json!("two")));
    // Repeated through a new process: it says so already.
    let anew = connect(library.folder.path()).await;
    assert_eq!(done(&anew, "update_draft", update.clone()).await["changed"], false);
    // A person edits the file by hand.
    let by_hand = std::fs::read_to_string(library.draft("a")).unwrap().replace("two", "three");
    std::fs::write(library.draft("a"), &by_hand).unwrap();
    let stale = json!({ "slug": "a", "base_version": second["draft"]["version"], "markdown": "four" });
    let refused = library.failed("update_draft", stale).await;
    let now = library.done("get_draft", json!({ "slug": "a" })).await;
    assert_eq!((&refused["error_kind"], &now["markdown"]), (&json!("permanent"), &json!("three")));
    assert!(refused["message"].as_str().unwrap().contains(now["version"].as_str().unwrap()), "{refused}");
    assert_eq!(std::fs::read_to_string(library.draft("a")).unwrap(), by_hand);
    // The first update's key is done for, whatever happened since.
    assert_eq!(library.done("update_draft", update).await["draft"]["markdown"], "three");
    let last = json!({ "slug": "a", "base_version": now["version"], "markdown": "four", "title": "B" });
    assert_eq!(library.done("update_draft", last).await["draft"]["title"], "B");
    let again = json!({ "title": "A", "markdown": "one", "idempotency_key": "c" });
    assert_eq!(library.done("create_draft", again).await["created"], false);
    let files = std::fs::read_dir(library.folder.path().join("drafts")).unwrap();
    let names: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    assert!(names.iter().all(|name| name == "a.md" || name == ".deskbell-drafts.lock"), "{names:?}");
}

#[tokio::test]
async fn a_draft_that_names_nothing_it_draws_on_is_told_to_those_who_are_trusted() {
    let library = Library::open().await;
    let asked =
        json!({ "title": "Where is the visitor wifi password?", "markdown": "Write it.", "idempotency_key": "k" });
    let trusting = KnowledgeServerConfig { trust_caller: true, ..config(library.folder.path()) };
    let trusted = serve(KnowledgeServer::new(trusting).unwrap()).await;
    let made = done(&trusted, "create_draft", asked).await;
    let slug = made["draft"]["slug"].clone();
    assert_eq!(done(&trusted, "list_drafts", json!({})).await["total"], 1);
    assert_eq!(done(&trusted, "get_draft", json!({ "slug": slug })).await["markdown"], "Write it.");

    assert_eq!(
        library.done("list_drafts", json!({})).await,
        json!({ "drafts": [], "total": 0, "next_page_token": null })
    );
    let over = json!({ "slug": slug, "base_version": made["draft"]["version"], "markdown": "Nothing." });
    for (tool, wanted) in [("get_draft", json!({ "slug": slug })), ("update_draft", over)] {
        let refused = library.failed(tool, wanted).await["message"].clone();
        assert!(
            refused.as_str().unwrap().contains("there is no draft") && !refused.to_string().contains('?'),
            "{refused}"
        );
    }
    assert!(std::fs::read_to_string(library.draft(slug.as_str().unwrap())).unwrap().ends_with("Write it.\n"));
    // Whoever makes one may say that it holds nothing that not everybody may read.
    let open = json!({ "title": "Open", "markdown": "a", "everybody": true });
    assert_eq!(library.done("create_draft", open).await["draft"]["everybody"], true);
    let from = json!({ "title": "From", "markdown": "a", "drawn_from": ["refunds.md"] });
    library.done("create_draft", from).await;
    assert_eq!(library.done("list_drafts", json!({})).await["total"], 2);
}

#[tokio::test]
async fn a_draft_stays_in_its_folder() {
    let library = Library::open().await;
    std::os::unix::fs::symlink(library.folder.path().join("secret.md"), library.draft("link")).unwrap();
    for slug in ["../docs/refunds", "/tmp/x", "a/b", "..", "A"] {
        let wanted = json!({ "title": "A", "markdown": "a", "slug": slug });
        let failure = library.failed("create_draft", wanted).await;
        assert!(failure["field_errors"]["slug"].is_string(), "{failure}");
    }
    assert_eq!(library.failed("get_draft", json!({ "slug": "link" })).await["error_kind"], "permanent");
    let over = json!({ "slug": "link", "base_version": "x", "markdown": "a" });
    library.failed("update_draft", over).await;
    library.failed("create_draft", json!({ "title": "Link", "markdown": "a" })).await;
    assert_eq!(std::fs::read_to_string(library.folder.path().join("secret.md")).unwrap(), "# Secret\nSAML secret");
    for (field, wanted) in [
        ("title", json!({ "title": "two\nlines", "markdown": "a" })),
        ("title", json!({ "title": " ", "markdown": "a" })),
        ("markdown", json!({ "title": "A", "markdown": " " })),
        ("slug", json!({ "title": "возврат", "markdown": "a" })),
    ] {
        assert!(library.failed("create_draft", wanted).await["field_errors"][field].is_string(), "{field}");
    }
}

#[tokio::test]
async fn several_folders_are_told_apart_by_name_and_drafts_stand_apart() {
    let library = Library::open().await;
    let folder = library.folder.path();
    std::fs::create_dir_all(folder.join("guides")).unwrap();
    std::fs::write(folder.join("guides/refunds.md"), "# Guide\nA guide to bicycles.").unwrap();
    let both = KnowledgeServerConfig {
        folders: vec![folder.join("docs"), folder.join("guides")],
        ..KnowledgeServerConfig::default()
    };
    let client = serve(KnowledgeServer::new(both).unwrap()).await;
    let found = done(&client, "search_knowledge", json!({ "query": "bicycle" })).await;
    assert_eq!(
        (&found["passages"][0]["path"], &found["passages"][0]["url"]),
        (&json!("guides/refunds.md"), &Value::Null)
    );
    let none = failed(&client, "create_draft", json!({ "title": "A", "markdown": "a" })).await;
    assert!(none["message"].as_str().unwrap().contains("DESKBELL_KNOWLEDGE_DRAFTS"), "{none}");
    let wrong = |config: KnowledgeServerConfig| KnowledgeServer::new(config).err().unwrap();
    let within = KnowledgeServerConfig { drafts: Some(folder.join("docs/sso")), ..config(folder) };
    assert_eq!(wrong(within), KnowledgeConfigError::DraftsWithin);
    let around = KnowledgeServerConfig { drafts: Some(folder.to_owned()), ..config(folder) };
    assert_eq!(wrong(around), KnowledgeConfigError::DraftsWithin);
    let twice = KnowledgeServerConfig { folders: vec![folder.join("docs"); 2], ..config(folder) };
    assert_eq!(wrong(twice), KnowledgeConfigError::SameName("docs".to_owned()));
    let nowhere = KnowledgeServerConfig { folders: vec![folder.join("nowhere")], ..config(folder) };
    assert!(wrong(nowhere).to_string().contains("nowhere is no folder"));
    let unset = KnowledgeServerConfig::from_variables(|_| None).unwrap_err();
    assert!(unset.to_string().contains("DESKBELL_KNOWLEDGE_FOLDERS"));
}
