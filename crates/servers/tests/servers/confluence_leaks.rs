//! Nothing of what somebody may not read comes to them, by any way: held against a server over a site that lacks it.

use deskbell_servers::jira::Edition;
use deskbell_servers::knowledge::KnowledgeServerConfig;
use rmcp::model::{CallToolRequestParams, GetPromptRequestParams, ReadResourceRequestParams};
use serde_json::{Value, json};

use crate::confluence_site::{ANNA, BEN, CARLA, FRANK, Served, Wiki, named};
use crate::logged::Log;

/// Stands in everything that is not for everybody.
const SECRET: &str = "zephyrquartz";

/// A site and folders; with what is restricted, or without.
struct World {
    wiki: Wiki,
    folder: tempfile::TempDir,
    served: Served,
    /// Paths and passages of what is restricted.
    closed: Vec<(String, String)>,
}

impl World {
    async fn open(edition: Edition, with_secrets: bool) -> Self {
        let wiki = Wiki::start(edition).await;
        let folder = tempfile::tempdir().unwrap();
        for name in ["kb/board", "kb/plain", "drafts"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        let file = |path: &str, text: &str| std::fs::write(folder.path().join(path), text).unwrap();
        file("kb/plain/travel.md", "# Travel\nA quarterly report is due after a journey.");
        let access = format!("[groups]\nboard = [\"{BEN}\"]\n[folders]\nboard = [\"board\"]\n");
        file("access.toml", &access);
        let public = wiki.page("HELP", None, "Reports", "<p>A quarterly report is a report by quarter.</p>");
        let turned = wiki.page("HELP", None, "Open once", "<p>The quarterly party.</p>");
        wiki.page("HELP", None, "Expenses", "<p>Expenses of the quarter.</p>");
        if with_secrets {
            file(
                "kb/board/plan.md",
                &format!("# Quarterly plan {SECRET}\n\n## {SECRET} heading\nThe report {SECRET}."),
            );
            file(
                &format!("kb/board/{SECRET}.html"),
                &format!("<title>Quarterly {SECRET}</title><p>report {SECRET}</p>"),
            );
            let closed = wiki.page(
                "HELP",
                Some(public),
                &format!("Quarterly {SECRET}"),
                &format!("<h2>{SECRET}</h2><p>report {SECRET}</p>"),
            );
            wiki.confluence.restrict(closed, &["712020:ben"], &[]);
            wiki.page("HELP", Some(closed), &format!("Below {SECRET}"), &format!("<p>quarterly report {SECRET}</p>"));
            wiki.confluence.attach(
                closed,
                &format!("{SECRET}.txt"),
                "text/plain",
                format!("quarterly {SECRET}").as_bytes(),
            );
            wiki.page("FIN", None, &format!("Finance {SECRET}"), &format!("<p>quarterly report {SECRET}</p>"));
        }
        let root = folder.path().to_owned();
        let served = wiki
            .unswept(|config| {
                config.folders = vec![root.join("kb")];
                config.drafts = Some(root.join("drafts"));
                config.access = Some(root.join("access.toml"));
            })
            .await;
        served.sweep().await;
        let mut world = Self { wiki, folder, served, closed: Vec::new() };
        world.turn(turned, with_secrets).await;
        world
    }

    /// A page that everybody read gets a secret and a restriction; somebody drafts from what is closed.
    async fn turn(&mut self, page: u64, with_secrets: bool) {
        let draft = |title: &str, from: Value, slug: &str| {
            let markdown = format!("Draft. {title}");
            json!({ "title": title, "slug": slug, "markdown": markdown, "drawn_from": from, "idempotency_key": slug })
        };
        let open = draft("Open draft", json!(["plain/travel.md"]), "open");
        self.served.done("create_draft", open).await;
        if !with_secrets {
            self.wiki.confluence.trash_page(page);
            self.served.sweep().await;
            return;
        }
        self.wiki.confluence.restrict(page, &["712020:ben"], &[]);
        self.wiki.confluence.edit_page(page, &format!("<p>The quarterly {SECRET} party.</p>"));
        self.served.sweep().await;
        // Two who may read it, each by another way.
        for reader in [BEN, ANNA] {
            for passage in self.served.search(&format!("quarterly report {SECRET}"), &[reader]).await {
                if passage["visibility"] == "restricted" {
                    let text = |name: &str| passage[name].as_str().unwrap().to_owned();
                    self.closed.push((text("path"), text("id")));
                }
            }
        }
        let paths: Vec<&String> = self.closed.iter().map(|(path, _)| path).collect();
        let closed = draft(&format!("Plan {SECRET}"), json!(paths[..1]), "closed");
        self.served.done("create_draft", closed).await;
    }

    /// Everything that a caller of these readers can be told, as text.
    async fn told(&self, readers: &[&str], closed: &[(String, String)], slugs: &[String]) -> Vec<String> {
        let readers = named(readers);
        let mut calls = Vec::new();
        for query in ["quarterly report", "report", "quarterly", SECRET, "plan finance party", "heading"] {
            for size in [1, 20] {
                let mut token = Value::Null;
                for _ in 0..4 {
                    let wanted = json!({
                        "query": query, "max_results": size, "next_page_token": token, "readers": readers,
                    });
                    calls.push(self.call("search_knowledge", wanted).await);
                    token = calls.last().unwrap()["next_page_token"].clone();
                    if token.is_null() {
                        break;
                    }
                }
            }
        }
        for contains in ["", "report", "plan", SECRET, "board", "confluence/FIN"] {
            for size in [1, 200] {
                let wanted = json!({ "contains": contains, "max_results": size, "readers": readers });
                calls.push(self.call("list_documents", wanted).await);
            }
        }
        for (path, id) in closed {
            for version in [Value::Null, json!("1"), json!("2")] {
                let wanted = json!({ "path": path, "version": version, "readers": readers });
                calls.push(self.call("get_document", wanted).await);
            }
            let key = format!("{path} {readers}");
            let wanted = json!({ "query": "quarterly", "passages": [id], "outcome": "solved", "idempotency_key": key });
            calls.push(self.call("record_feedback", wanted).await);
        }
        for slug in slugs {
            calls.push(self.call("get_draft", json!({ "slug": slug, "readers": readers })).await);
            let wanted = json!({ "slug": slug, "base_version": "x", "markdown": "y", "readers": readers });
            calls.push(self.call("update_draft", wanted).await);
        }
        calls.push(self.call("list_drafts", json!({ "readers": readers })).await);
        calls.push(self.call("list_gaps", json!({ "max_results": 50 })).await);
        calls.extend(self.resources_and_prompts(closed).await);
        // Two sites listen at two addresses.
        calls.iter().map(|call| call.to_string().replace(&self.wiki.base_url, "")).collect()
    }

    async fn call(&self, tool: &'static str, arguments: Value) -> Value {
        let arguments = arguments.as_object().cloned().unwrap();
        let result = self.served.client.call_tool(CallToolRequestParams::new(tool).with_arguments(arguments)).await;
        let mut told = result.unwrap().structured_content.unwrap();
        without_times(&mut told);
        told
    }

    async fn resources_and_prompts(&self, closed: &[(String, String)]) -> Vec<Value> {
        let client = &self.served.client;
        let mut told = Vec::new();
        let resources = client.list_all_resources().await.unwrap();
        told.push(serde_json::to_value(&resources).unwrap());
        for resource in &resources {
            let read = client.read_resource(ReadResourceRequestParams::new(&resource.uri)).await.unwrap();
            told.push(serde_json::to_value(&read).unwrap());
        }
        for (path, _) in closed {
            let uri = format!("deskbell-knowledge:///{path}");
            let refused = client.read_resource(ReadResourceRequestParams::new(&uri)).await.unwrap_err();
            told.push(json!(refused.to_string()));
        }
        for question in ["quarterly report", SECRET] {
            let arguments = json!({ "question": question }).as_object().cloned().unwrap();
            let wanted = GetPromptRequestParams::new("answer_from_knowledge").with_arguments(arguments);
            told.push(serde_json::to_value(client.get_prompt(wanted).await.unwrap()).unwrap());
        }
        told
    }
}

/// Two sites are not of the same second.
fn without_times(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.remove("updated_at");
            fields.values_mut().for_each(without_times);
        }
        Value::Array(items) => items.iter_mut().for_each(without_times),
        _ => {}
    }
}

#[tokio::test]
async fn nothing_of_what_is_restricted_is_told_by_any_way() {
    let log = Log::of_everything();
    for edition in [Edition::Cloud, Edition::DataCenter] {
        let (with, without) = (World::open(edition, true).await, World::open(edition, false).await);
        assert!(with.closed.len() >= 5, "{:?}", with.closed);
        let slugs: Vec<String> = std::fs::read_dir(with.folder.path().join("drafts"))
            .unwrap()
            .filter_map(|file| file.unwrap().file_name().to_str()?.strip_suffix(".md").map(str::to_owned))
            .collect();
        assert_eq!(slugs.len(), 2);
        // Somebody who may read it is told: else this test could not fail.
        let ben = with.told(&[BEN], &with.closed, &slugs).await.join("\n");
        assert!(ben.matches(SECRET).count() > 20 && ben.contains("\"restricted\""), "{ben}");
        for readers in [&[][..], &[FRANK], &["stranger@elsewhere.example"], &[BEN, FRANK], &[BEN, ""], &[ANNA, BEN]] {
            let told = with.told(readers, &with.closed, &slugs).await;
            let expected = without.told(readers, &with.closed, &slugs).await;
            for (one, other) in told.iter().zip(&expected) {
                // The questions of this test itself stand in the gaps, with those of others, and in the prompt.
                let is_gaps = one.contains("\"gaps\"");
                let plain = one.replace(&format!("\"question\":\"{SECRET}\""), "");
                let plain = plain.replace(&format!("Question: {SECRET}"), "");
                assert!(!plain.contains(SECRET), "{edition:?} {readers:?}: {one}");
                assert!(is_gaps || one == other, "{edition:?} {readers:?}:\n{one}\n{other}");
            }
            assert_eq!(told.len(), expected.len());
        }
    }
    let logged = log.text();
    assert!(!logged.contains(SECRET), "{}", logged.lines().find(|line| line.contains(SECRET)).unwrap_or_default());
}

/// Who may see what by one way sees it by all, and those who share nothing see nothing together.
#[tokio::test]
async fn a_caller_that_is_not_trusted_is_refused_readers_and_gaps() {
    let wiki = Wiki::start(Edition::Cloud).await;
    wiki.page("FIN", None, "Budget", "<p>The budget.</p>");
    let served = wiki.unswept(|config: &mut KnowledgeServerConfig| config.trust_caller = false).await;
    served.sweep().await;
    let readers = named(&[CARLA]);
    for (tool, wanted) in [
        ("search_knowledge", json!({ "query": "budget", "readers": readers })),
        ("list_documents", json!({ "readers": readers })),
        ("get_document", json!({ "path": "confluence/FIN/1", "readers": readers })),
        ("list_gaps", json!({})),
    ] {
        let failure = served.failed(tool, wanted).await;
        assert_eq!(failure["error_kind"], "permanent");
        assert!(failure["message"].as_str().unwrap().contains("DESKBELL_KNOWLEDGE_TRUST_CALLER"), "{failure}");
    }
    assert!(served.titles("budget", &[]).await.is_empty());
}
