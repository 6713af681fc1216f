//! The knowledge server in front of Confluence, Cloud and Data Center: what is there is found by those who may read it.

use std::time::Duration;

use deskbell_listener::Limits;
use deskbell_sandbox::confluence::HookTarget;
use deskbell_servers::http::{HttpAccess, serve_listener_beside};
use deskbell_servers::jira::Edition;
use deskbell_servers::server::AnyServer;
use serde_json::json;
use tokio_util::sync::CancellationToken;

use crate::confluence_site::{ANNA, BEN, CARLA, FRANK, Wiki, named};
use crate::openapi::{Exchange, OpenApi};

const EDITIONS: [Edition; 2] = [Edition::Cloud, Edition::DataCenter];

#[tokio::test]
async fn pages_are_found_with_title_version_heading_and_link() {
    for edition in EDITIONS {
        let wiki = Wiki::start(edition).await;
        let top = wiki.page("HELP", None, "Refunds", "<p>All about money back.</p>");
        let page = wiki.page(
            "HELP",
            Some(top),
            "Refund times",
            "<h2>By card</h2><p>A refund to a card takes <b>five</b> business days.</p><h2>By bank</h2><p>Ten days.</p>",
        );
        let served = wiki.server().await;
        let found = served.search("how long does a refund to a card take?", &[]).await;
        let best = &found[0];
        assert_eq!((&best["title"], &best["version"]), (&json!("Refund times"), &json!("1")), "{found:?}");
        assert_eq!((&best["heading_path"], &best["visibility"]), (&json!(["By card"]), &json!("public")));
        assert_eq!(best["source"], "confluence:HELP");
        assert!(best["url"].as_str().unwrap().ends_with(&format!("/spaces/HELP/pages/{page}")), "{best}");
        assert!(best["snippet"].as_str().unwrap().contains("five business days"), "{best}");
        assert!(best["updated_at"].is_string() && best["confidence"].as_f64().unwrap() > 0.5, "{best}");
        let read = served.done("get_document", json!({ "path": best["path"] })).await;
        assert!(read["markdown"].as_str().unwrap().contains("## By bank"), "{read}");
    }
}

#[tokio::test]
async fn a_change_is_a_version_and_what_is_deleted_vanishes_with_all_versions() {
    for edition in EDITIONS {
        let wiki = Wiki::start(edition).await;
        let page = wiki.page("HELP", None, "Limits", "<p>The quota is forty.</p>");
        let served = wiki.server().await;
        let before = served.search("quota", &[]).await.remove(0);
        assert!(wiki.confluence.edit_page(page, "<p>The quota is ninety.</p>"));
        served.sweep().await;
        let after = served.search("quota", &[]).await.remove(0);
        assert_eq!((&after["version"], &after["id"]), (&json!("2"), &before["id"]));
        assert!(after["text"].as_str().unwrap().contains("ninety"), "{after}");
        let old = served.done("get_document", json!({ "path": after["path"], "version": "1" })).await;
        assert!(old["markdown"].as_str().unwrap().contains("forty"), "{old}");
        assert!(wiki.confluence.trash_page(page));
        served.sweep().await;
        assert!(served.search("quota", &[]).await.is_empty());
        for version in ["1", "2"] {
            served.failed("get_document", json!({ "path": after["path"], "version": version })).await;
        }
        assert_eq!(served.done("list_documents", json!({})).await["total"], 0);
    }
}

#[tokio::test]
async fn a_space_is_read_by_its_group_and_a_thread_by_what_all_may_read() {
    for edition in EDITIONS {
        let wiki = Wiki::start(edition).await;
        wiki.page("FIN", None, "Budget", "<p>The budget is tight.</p>");
        let served = wiki.server().await;
        assert_eq!(served.titles("budget", &[ANNA]).await, ["Budget"], "{edition:?}");
        assert_eq!(served.titles("budget", &["  Anna@Northwind.EXAMPLE "]).await, ["Budget"]);
        for readers in [&[BEN][..], &[ANNA, BEN], &[], &["stranger@elsewhere.example"], &[ANNA, "no address"]] {
            assert!(served.titles("budget", readers).await.is_empty(), "{edition:?} {readers:?}");
        }
        // Carla is in the group too, but Cloud does not tell her address.
        let carla = served.titles("budget", &[CARLA]).await;
        assert_eq!(carla.is_empty(), edition == Edition::Cloud);
        let passage = served.search("budget", &[ANNA]).await.remove(0);
        assert_eq!(passage["visibility"], "restricted");
    }
}

#[tokio::test]
async fn an_account_that_was_deactivated_reads_nothing_more_though_it_stays_in_its_groups() {
    let wiki = Wiki::start(Edition::Cloud).await;
    let page = wiki.page("FIN", None, "Budget", "<p>The budget is tight.</p>");
    wiki.confluence.restrict(page, &["712020:ben"], &["g-finance"]);
    wiki.confluence.open_space("FIN", &["712020:ben"], &["g-finance"]);
    let served = wiki.server().await;
    for (account, address) in [("712020:anna", ANNA), ("712020:ben", BEN)] {
        assert_eq!(served.titles("budget", &[address]).await, ["Budget"]);
        assert!(wiki.confluence.deactivate(account));
        served.sweep().await;
        assert!(served.titles("budget", &[address]).await.is_empty(), "{address}");
    }
}

#[tokio::test]
async fn a_sweep_of_data_center_asks_once_who_a_spaces_reader_is() {
    let wiki = Wiki::start(Edition::DataCenter).await;
    for number in 0..120 {
        wiki.page("FIN", None, &format!("Budget {number}"), "<p>The budget.</p>");
    }
    wiki.confluence.open_space("FIN", &["712020:anna", "712020:ben"], &[]);
    let served = wiki.server().await;
    assert!(!served.titles("budget", &[BEN]).await.is_empty());
    let asked = || wiki.confluence.exchanges().iter().filter(|exchange| exchange.path.ends_with("/user")).count();
    assert_eq!(asked(), 2);
    served.sweep().await;
    assert_eq!(asked(), 4, "users may be renamed");
}

#[tokio::test]
async fn restrictions_come_and_go_and_close_what_stands_below() {
    for edition in EDITIONS {
        let wiki = Wiki::start(edition).await;
        let top = wiki.page("HELP", None, "Salaries", "<p>About salaries.</p>");
        let below = wiki.page("HELP", Some(top), "Salaries 2026", "<p>Salaries rise.</p>");
        wiki.page("HELP", Some(below), "Salaries in detail", "<p>Salaries by grade.</p>");
        let served = wiki.server().await;
        assert_eq!(served.titles("salaries", &[]).await.len(), 3);
        wiki.confluence.restrict(top, &["712020:ben"], &["g-finance"]);
        served.sweep().await;
        assert!(
            served.titles("salaries", &[]).await.is_empty() && served.titles("salaries", &[FRANK]).await.is_empty()
        );
        assert_eq!(served.titles("salaries", &[BEN]).await.len(), 3);
        // Both restrictions count for what is below both.
        wiki.confluence.restrict(below, &["712020:ben"], &[]);
        served.sweep().await;
        assert_eq!(served.titles("salaries", &[ANNA]).await, ["Salaries"], "{edition:?}");
        assert_eq!(served.titles("salaries", &[BEN]).await.len(), 3);
        // Somebody joins the group, somebody leaves it.
        wiki.confluence.set_members("g-finance", &["712020:frank"]);
        served.sweep().await;
        assert_eq!(served.titles("salaries", &[FRANK]).await, ["Salaries"]);
        assert!(served.titles("salaries", &[ANNA]).await.is_empty());
        wiki.confluence.restrict(top, &[], &[]);
        wiki.confluence.restrict(below, &[], &[]);
        served.sweep().await;
        assert_eq!(served.titles("salaries", &[]).await.len(), 3);
    }
}

#[tokio::test]
async fn a_space_that_closes_or_goes_takes_its_pages_along() {
    for edition in EDITIONS {
        let wiki = Wiki::start(edition).await;
        wiki.page("FIN", None, "Budget", "<p>The budget.</p>");
        let served = wiki.server().await;
        wiki.confluence.open_space("FIN", &["712020:ben"], &[]);
        served.sweep().await;
        assert_eq!(served.titles("budget", &[BEN]).await, ["Budget"], "{edition:?}");
        assert!(served.titles("budget", &[ANNA]).await.is_empty());
        wiki.confluence.open_space("FIN", &[], &[]);
        served.sweep().await;
        assert!(
            served.titles("budget", &[ANNA, BEN]).await.is_empty() && served.titles("budget", &[]).await.is_empty()
        );
        wiki.confluence.remove_space("FIN");
        served.sweep().await;
        assert_eq!(served.done("list_documents", json!({ "readers": named(&[BEN]) })).await["total"], 0);
    }
}

#[tokio::test]
async fn a_restricted_folder_closes_its_pages() {
    let wiki = Wiki::start(Edition::Cloud).await;
    let outer = wiki.confluence.add_folder("HELP", None, "Closed").unwrap();
    let inner = wiki.confluence.add_folder("HELP", Some(outer), "Open").unwrap();
    let page = wiki.page("HELP", Some(inner), "Plans", "<p>The plans.</p>");
    wiki.page("HELP", Some(page), "Plans below", "<p>More plans.</p>");
    wiki.confluence.restrict(outer, &["712020:ben"], &[]);
    let served = wiki.server().await;
    assert!(served.titles("plans", &[]).await.is_empty() && served.titles("plans", &[ANNA]).await.is_empty());
    assert_eq!(served.titles("plans", &[BEN]).await.len(), 2);
    wiki.confluence.restrict(outer, &[], &[]);
    served.sweep().await;
    assert_eq!(served.titles("plans", &[]).await.len(), 2);
}

#[tokio::test]
async fn text_of_attachments_is_found_under_their_pages_restrictions() {
    for edition in EDITIONS {
        let wiki = Wiki::start(edition).await;
        let page = wiki.page("HELP", None, "Exports", "<p>See the file.</p>");
        wiki.confluence.attach(page, "columns.csv", "text/csv", b"column,meaning\nvat_rate,percentage of tax\n");
        wiki.confluence.attach(page, "logo.png", "image/png", b"vat_rate");
        wiki.confluence.attach(page, "broken.txt", "text/plain", b"vat_rate \xff\xfe");
        let served = wiki.server().await;
        assert_eq!(served.titles("vat_rate", &[]).await, ["columns.csv"], "{edition:?}");
        wiki.confluence.attach(page, "columns.csv", "text/csv", b"column,meaning\nnet_sum,sum before tax\n");
        served.sweep().await;
        assert!(served.titles("vat_rate", &[]).await.is_empty());
        assert_eq!(served.search("net_sum", &[]).await[0]["version"], "2");
        wiki.confluence.restrict(page, &["712020:ben"], &[]);
        served.sweep().await;
        assert!(served.titles("net_sum", &[]).await.is_empty());
        assert_eq!(served.titles("net_sum", &[BEN]).await, ["columns.csv"]);
    }
}

#[tokio::test]
async fn changes_are_followed_by_asking() {
    for edition in EDITIONS {
        let wiki = Wiki::start(edition).await;
        let page = wiki.page("HELP", None, "Limits", "<p>The quota is forty.</p>");
        let served = wiki
            .unswept(|config| {
                let confluence = config.confluence.as_mut().unwrap();
                confluence.poll_every = Duration::from_millis(20);
            })
            .await;
        let follower = served.server.clone();
        let following = tokio::spawn(async move { follower.follow().await });
        served.until_titles("quota", &[], &["Limits"]).await;
        // No sweep is due: the newest changes are asked for.
        assert!(wiki.confluence.edit_page(page, "<p>A bicycle.</p>"));
        served.until_titles("bicycle", &[], &["Limits"]).await;
        wiki.page("HELP", None, "Trains", "<p>A locomotive.</p>");
        served.until_titles("locomotive", &[], &["Trains"]).await;
        following.abort();
    }
}

#[tokio::test]
async fn a_webhook_brings_a_change_a_deletion_and_a_restriction_at_once() {
    let wiki = Wiki::start(Edition::DataCenter).await;
    let page = wiki.page("HELP", None, "Limits", "<p>The quota is forty.</p>");
    let served = wiki.unswept(|config| config.confluence.as_mut().unwrap().webhook_secret = Some("hush".into())).await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let access = HttpAccess { bearer: Some("sesame".into()), limits: Limits::default(), ..HttpAccess::default() };
    let (own, beside) = (served.server.clone(), served.server.webhooks().unwrap());
    tokio::spawn(serve_listener_beside(AnyServer::of(own), beside, listener, access, CancellationToken::new()));
    let follower = served.server.clone();
    tokio::spawn(async move { follower.follow().await });
    served.until_titles("quota", &[], &["Limits"]).await;
    let url = format!("http://{address}/webhooks/confluence");
    // A rule of Cloud's automation sends the secret.
    let answer = reqwest::Client::new().post(&url).bearer_auth("hush").body("{}").send().await.unwrap();
    assert_eq!(answer.status(), 202);
    wiki.confluence.set_webhook(Some(HookTarget { url: url.clone(), secret: "hush".to_owned() }));
    wiki.confluence.edit_page(page, "<p>A bicycle.</p>");
    served.until_titles("bicycle", &[], &["Limits"]).await;
    wiki.confluence.restrict(page, &["712020:ben"], &[]);
    served.until_titles("bicycle", &[], &[]).await;
    served.until_titles("bicycle", &[BEN], &["Limits"]).await;
    wiki.confluence.open_space("FIN", &[], &[]);
    wiki.confluence.trash_page(page);
    served.until_titles("bicycle", &[BEN], &[]).await;
    // Whoever does not know the secret is not heard.
    for (name, value) in [("x-hub-signature", "sha256=00"), ("authorization", "Bearer sesame")] {
        let answer = reqwest::Client::new().post(&url).header(name, value).body("{}").send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }
}

#[tokio::test]
async fn what_is_in_the_data_folder_is_served_before_the_site_answers() {
    let wiki = Wiki::start(Edition::Cloud).await;
    wiki.page("HELP", None, "Limits", "<p>The quota is forty.</p>");
    let folder = tempfile::tempdir().unwrap();
    let data = |config: &mut deskbell_servers::knowledge::KnowledgeServerConfig| {
        config.data = Some(folder.path().to_owned());
    };
    let first = wiki.unswept(data).await;
    first.sweep().await;
    let mut config =
        deskbell_servers::knowledge::KnowledgeServerConfig { confluence: Some(wiki.config()), ..Default::default() };
    data(&mut config);
    let second = deskbell_servers::knowledge::KnowledgeServer::new(config).unwrap_err().to_string();
    assert!(second.contains("another knowledge server"), "{second}");
    first.client.cancel().await.unwrap();
    drop(first.server);
    wiki.fault(
        "confluence:*",
        deskbell_sandbox::faults::Fault::Status { status: 503, retry_after_seconds: None },
        1_000,
    );
    // The other server's task ends when its client is gone.
    let mut anew = None;
    for _ in 0..200 {
        let mut config = deskbell_servers::knowledge::KnowledgeServerConfig {
            trust_caller: true,
            confluence: Some(wiki.config()),
            ..Default::default()
        };
        data(&mut config);
        anew = deskbell_servers::knowledge::KnowledgeServer::new(config).ok();
        if anew.is_some() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let own = anew.unwrap();
    let served = crate::confluence_site::Served { client: crate::knowledge::serve(own.clone()).await, server: own };
    let follower = served.server.clone();
    tokio::spawn(async move { follower.follow().await });
    served.until_titles("quota", &[], &["Limits"]).await;
}

/// What the server asks Cloud's REST v2, against the vendor's document.
#[tokio::test]
async fn every_request_keeps_to_the_vendors_document() {
    let wiki = Wiki::start(Edition::Cloud).await;
    let folder = wiki.confluence.add_folder("FIN", None, "Folder").unwrap();
    let page = wiki.page("FIN", Some(folder), "Budget", "<p>The budget.</p>");
    for number in 0..60 {
        wiki.page("HELP", None, &format!("Page {number}"), "<p>Text.</p>");
    }
    wiki.confluence.restrict(page, &["712020:ben"], &["g-staff"]);
    let served = wiki.unswept(|config| config.confluence.as_mut().unwrap().webhook_secret = Some("hush".into())).await;
    served.sweep().await;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let access = HttpAccess { bearer: Some("sesame".into()), ..HttpAccess::default() };
    let (own, beside) = (served.server.clone(), served.server.webhooks().unwrap());
    tokio::spawn(serve_listener_beside(AnyServer::of(own), beside, listener, access, CancellationToken::new()));
    let follower = served.server.clone();
    tokio::spawn(async move { follower.follow().await });
    let url = format!("http://{address}/webhooks/confluence");
    wiki.confluence.set_webhook(Some(HookTarget { url, secret: "hush".to_owned() }));
    wiki.confluence.edit_page(page, "<p>A bicycle.</p>");
    served.until_titles("bicycle", &[BEN], &[]).await;
    let is_asked = |path: &str| wiki.confluence.exchanges().iter().any(|exchange| exchange.path == path);
    let page_path = format!("/api/v2/pages/{page}");
    for _ in 0..500 {
        if is_asked(&page_path) {
            break;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let Some(document) = OpenApi::load("confluence-v2.json") else { return };
    let mut faults = Vec::new();
    let mut used = std::collections::BTreeSet::new();
    for exchange in wiki.confluence.exchanges() {
        let Some(path) = exchange.path.strip_prefix("/api/v2") else { continue };
        if let Some((template, _)) = document.operation(&exchange.method, path) {
            used.insert(format!("{} {template}", exchange.method));
        }
        faults.extend(document.faults(&Exchange {
            method: &exchange.method,
            path,
            query: &exchange.query,
            body: &exchange.body,
            status: exchange.status,
            answer: &exchange.answer,
        }));
    }
    // A page at the top has no parent: Confluence answers null there, as the field's description says.
    faults.retain(|fault| !(fault.contains("parent") && fault.contains("null is")));
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    let expected = [
        "GET /pages",
        "GET /pages/{id}",
        "GET /pages/{id}/ancestors",
        "GET /spaces",
        "GET /spaces/{id}/pages",
        "GET /spaces/{id}/permissions",
        "POST /users-bulk",
    ];
    assert_eq!(used.into_iter().collect::<Vec<_>>(), expected);
}
