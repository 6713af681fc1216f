//! A Confluence that is slow, limits, breaks off or tells too little.

use std::time::Duration;

use deskbell_sandbox::faults::{Fault, FaultRule};
use deskbell_servers::jira::Edition;

use crate::confluence_site::{ANNA, BEN, Wiki};

const BUSY: Fault = Fault::Status { status: 503, retry_after_seconds: None };

#[tokio::test]
async fn a_sweep_that_breaks_off_goes_on_where_it_was_and_takes_nothing_away() {
    for edition in [Edition::Cloud, Edition::DataCenter] {
        let wiki = Wiki::start(edition).await;
        for number in 0..120 {
            wiki.page("HELP", None, &format!("Page {number}"), "<p>Everything about wagons.</p>");
        }
        let served = wiki.server().await;
        let listed = || served.done("list_documents", serde_json::json!({}));
        assert_eq!(listed().await["total"], 120);
        let asked = |path: &str| {
            let exchanges = wiki.confluence.exchanges();
            exchanges.iter().filter(|exchange| exchange.path.ends_with(path)).count()
        };
        let pages = if edition == Edition::Cloud { "/pages" } else { "/content" };
        let target =
            if edition == Edition::Cloud { "confluence:GET /spaces/{id}/pages" } else { "confluence:GET /content" };
        // The third page of HELP's pages is not told, once.
        wiki.faults.add(FaultRule {
            target: target.into(),
            fault: Fault::Status { status: 429, retry_after_seconds: Some(7) },
            probability: None,
            count: Some(1),
            skip: 2,
        });
        let failure = served.server.sweep().await.unwrap_err();
        assert_eq!(failure.retry_after_seconds, Some(7), "{failure}");
        assert_eq!(listed().await["total"], 120);
        let before = asked(pages);
        served.sweep().await;
        // Of HELP the third page alone, and FIN's only one.
        assert_eq!(asked(pages) - before, 2, "{edition:?}");
        assert_eq!(listed().await["total"], 120);
    }
}

#[tokio::test]
async fn without_its_restrictions_no_page_is_written() {
    for edition in [Edition::Cloud, Edition::DataCenter] {
        let wiki = Wiki::start(edition).await;
        let page = wiki.page("HELP", None, "Plans", "<p>The plans.</p>");
        let served = wiki.unswept(|_| {}).await;
        wiki.fault("confluence:GET /content/search", BUSY, 1);
        assert!(served.server.sweep().await.is_err());
        assert!(served.titles("plans", &[]).await.is_empty() && served.titles("plans", &[ANNA, BEN]).await.is_empty());
        served.sweep().await;
        assert_eq!(served.titles("plans", &[]).await, ["Plans"]);
        // A page that was restricted meanwhile keeps its readers while Confluence says nothing.
        wiki.confluence.restrict(page, &["712020:ben"], &[]);
        served.sweep().await;
        wiki.fault("confluence:*", BUSY, 50);
        assert!(served.server.sweep().await.is_err());
        assert!(served.titles("plans", &[]).await.is_empty());
        assert_eq!(served.titles("plans", &[BEN]).await, ["Plans"]);
    }
}

#[tokio::test]
async fn groups_that_are_not_told_hold_nobody() {
    let wiki = Wiki::start(Edition::Cloud).await;
    wiki.page("FIN", None, "Budget", "<p>The budget.</p>");
    let forbidden = Fault::Status { status: 403, retry_after_seconds: None };
    wiki.fault("confluence:GET /group/{group}/membersByGroupId", forbidden, 1);
    let served = wiki.server().await;
    assert!(served.titles("budget", &[ANNA]).await.is_empty());
    served.sweep().await;
    assert_eq!(served.titles("budget", &[ANNA]).await, ["Budget"]);
}

#[tokio::test]
async fn the_sites_limit_is_kept_to() {
    let wiki = Wiki::limited(Edition::Cloud, Some(3)).await;
    wiki.page("HELP", None, "Plans", "<p>The plans.</p>");
    let served = wiki.unswept(|config| config.confluence.as_mut().unwrap().poll_every = Duration::from_millis(1)).await;
    let failure = served.server.sweep().await.unwrap_err();
    assert!(failure.retry_after_seconds.is_some_and(|wait| wait > 1), "{failure}");
    let before = wiki.confluence.counts().requests;
    let follower = served.server.clone();
    let following = tokio::spawn(async move { follower.follow().await });
    let is_refused = async {
        while wiki.confluence.counts().requests == before {
            tokio::task::yield_now().await;
        }
        // It is told to wait for a minute, and asks no more.
        for _ in 0..200 {
            served.titles("plans", &[]).await;
        }
        wiki.confluence.counts().requests
    };
    assert_eq!(tokio::time::timeout(Duration::from_secs(20), is_refused).await.unwrap(), before + 1);
    following.abort();
}
