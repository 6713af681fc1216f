//! Drafts of what not everybody may read.

use deskbell_servers::knowledge::{KnowledgeServer, KnowledgeServerConfig};
use rmcp::service::{RoleClient, RunningService};
use serde_json::{Value, json};

use crate::confluence_site::named;
use crate::knowledge::serve;
use crate::shortcut_site::{done, failed};

/// A folder that Ana alone reads, and a draft that draws on it.
struct Desk {
    folder: tempfile::TempDir,
    client: RunningService<RoleClient, ()>,
}

impl Desk {
    async fn open() -> Self {
        let folder = tempfile::tempdir().unwrap();
        for name in ["kb/hr", "drafts"] {
            std::fs::create_dir_all(folder.path().join(name)).unwrap();
        }
        std::fs::write(folder.path().join("kb/hr/pay.md"), "# Pay\nOf wages.").unwrap();
        std::fs::write(folder.path().join("access.toml"), "[folders]\nhr = ['ana@x.example']").unwrap();
        let config = KnowledgeServerConfig {
            folders: vec![folder.path().join("kb")],
            access: Some(folder.path().join("access.toml")),
            drafts: Some(folder.path().join("drafts")),
            trust_caller: true,
            ..KnowledgeServerConfig::default()
        };
        let client = serve(KnowledgeServer::new(config).unwrap()).await;
        Self { folder, client }
    }

    async fn create(&self) -> Value {
        done(&self.client, "create_draft", Self::wanted()).await
    }

    fn wanted() -> Value {
        json!({ "title": "Pay rise", "markdown": "Of hr.", "drawn_from": ["hr/pay.md"], "idempotency_key": "T1/click/7" })
    }

    fn file(&self) -> std::path::PathBuf {
        self.folder.path().join("drafts/pay-rise.md")
    }

    /// Whether Ana is shown the draft, and Eve.
    async fn shown(&self) -> (bool, bool) {
        let mut shown = Vec::new();
        for reader in ["ana@x.example", "eve@x.example"] {
            let listed = done(&self.client, "list_drafts", json!({ "readers": named(&[reader]) })).await;
            let wanted = json!({ "slug": "pay-rise", "readers": named(&[reader]) });
            let arguments = wanted.as_object().cloned().unwrap();
            let call = rmcp::model::CallToolRequestParams::new("get_draft").with_arguments(arguments);
            let is_read = self.client.call_tool(call).await.unwrap().is_error != Some(true);
            assert_eq!(listed["total"] == 1, is_read, "{reader}");
            shown.push(is_read);
        }
        (shown[0], shown[1])
    }
}

#[tokio::test]
async fn a_known_key_shows_no_draft_of_another() {
    let desk = Desk::open().await;
    let first = desk.create().await;
    assert_eq!((first["created"].clone(), desk.shown().await), (json!(true), (true, false)));
    let guessed = json!({ "title": "zzz", "markdown": "x", "idempotency_key": "T1/click/7" });
    let refused = failed(&desk.client, "create_draft", guessed).await;
    assert!(refused["field_errors"]["idempotency_key"].is_string(), "{refused}");
    assert!(!refused.to_string().contains("pay") && !refused.to_string().contains("Of hr"), "{refused}");
    // Whoever made it gets the same answer again, whatever others wrote into it meanwhile.
    assert_eq!(desk.create().await["draft"], first["draft"]);
    let text = std::fs::read_to_string(desk.file()).unwrap();
    std::fs::write(desk.file(), text.replace("Of hr.", "Ten per cent.")).unwrap();
    let again = desk.create().await;
    assert_eq!((&again["created"], &again["draft"]), (&json!(false), &first["draft"]));
    assert_eq!(std::fs::read_dir(desk.folder.path().join("drafts")).unwrap().count(), 2, "the draft and the lock");
}

#[tokio::test]
async fn a_draft_keeps_its_readers_however_an_editor_saves_it() {
    let desk = Desk::open().await;
    desk.create().await;
    let text = std::fs::read_to_string(desk.file()).unwrap();
    std::fs::write(desk.file(), format!("\u{feff}{}", text.replace('\n', "\r\n"))).unwrap();
    assert_eq!(desk.shown().await, (true, false));
    // The second fence is gone: who may read it is not known any more.
    std::fs::write(desk.file(), text.replacen("\n---\n", "\n", 1)).unwrap();
    assert_eq!(desk.shown().await, (false, false));
    std::fs::write(desk.file(), text).unwrap();
    assert_eq!(desk.shown().await, (true, false));
}
