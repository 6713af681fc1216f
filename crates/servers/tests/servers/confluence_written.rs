//! What is written after somebody closed it above: no text is told with older readers than its own.

use std::time::Duration;

use deskbell_sandbox::faults::Fault;
use deskbell_servers::jira::Edition;

use crate::confluence_site::{ANNA, BEN, Served, Wiki};

const EDITIONS: [Edition; 2] = [Edition::Cloud, Edition::DataCenter];
const BEN_ALONE: &[&str] = &["712020:ben"];

/// Three pages below each other, and one that Ben alone reads.
struct Tree {
    wiki: Wiki,
    served: Served,
    top: u64,
    middle: u64,
    page: u64,
    closed: u64,
}

impl Tree {
    async fn open(edition: Edition) -> Self {
        let wiki = Wiki::start(edition).await;
        let closed = wiki.page("HELP", None, "Board", "<p>Of the board.</p>");
        wiki.confluence.restrict(closed, BEN_ALONE, &[]);
        let top = wiki.page("HELP", None, "Reorg", "<p>An overview.</p>");
        let middle = wiki.page("HELP", Some(top), "Reorg plans", "<p>All plans.</p>");
        let page = wiki.page("HELP", Some(middle), "Plan", "<p>A harmless bicycle.</p>");
        let served =
            wiki.unswept(|config| config.confluence.as_mut().unwrap().poll_every = Duration::from_millis(20)).await;
        Self { wiki, served, top, middle, page, closed }
    }

    /// Somebody does something to the tree, of which the server is told nothing, and then writes a secret into the page. The
    /// next sweep is an hour away: the server takes the text by asking for the newest changes.
    async fn write_after(&self, act: impl FnOnce(&Self)) {
        let follower = self.served.server.clone();
        let following = tokio::spawn(async move { follower.follow().await });
        self.served.until_titles("bicycle", &[], &["Plan"]).await;
        act(self);
        assert!(self.wiki.confluence.edit_page(self.page, "<p>A secret locomotive.</p>"));
        self.served.until_titles("locomotive", &[BEN], &["Plan"]).await;
        assert!(self.served.titles("locomotive", &[]).await.is_empty(), "{:?}", self.wiki.edition);
        assert!(self.served.titles("locomotive", &[ANNA]).await.is_empty(), "{:?}", self.wiki.edition);
        following.abort();
    }
}

#[tokio::test]
async fn a_text_comes_with_the_restrictions_above_it_as_they_are_when_it_is_read() {
    for edition in EDITIONS {
        let tree = Tree::open(edition).await;
        tree.write_after(|tree| assert!(tree.wiki.confluence.restrict(tree.top, BEN_ALONE, &[]))).await;
        // What stands beside it below the same is closed with it.
        assert!(tree.served.titles("overview", &[]).await.is_empty());
        assert_eq!(tree.served.titles("overview", &[BEN]).await, ["Reorg"]);
    }
}

#[tokio::test]
async fn a_text_comes_with_the_place_at_which_it_stands_when_it_is_read() {
    for edition in EDITIONS {
        for what in [|tree: &Tree| tree.page, |tree: &Tree| tree.middle, |tree: &Tree| tree.top] {
            let tree = Tree::open(edition).await;
            tree.write_after(|tree| assert!(tree.wiki.confluence.move_page(what(tree), Some(tree.closed)))).await;
        }
    }
}

#[tokio::test]
async fn a_text_below_a_page_that_nobody_has_read_yet_comes_with_that_ones_restriction() {
    for edition in EDITIONS {
        let tree = Tree::open(edition).await;
        tree.write_after(|tree| {
            let new = tree.wiki.page("HELP", None, "New", "<p>New.</p>");
            assert!(tree.wiki.confluence.restrict(new, BEN_ALONE, &[]));
            assert!(tree.wiki.confluence.move_page(tree.middle, Some(new)));
        })
        .await;
    }
}

#[tokio::test]
async fn a_text_comes_with_its_spaces_readers_as_they_are_when_it_is_read() {
    for edition in EDITIONS {
        let wiki = Wiki::start(edition).await;
        let page = wiki.page("FIN", None, "Budget", "<p>A harmless bicycle.</p>");
        let served =
            wiki.unswept(|config| config.confluence.as_mut().unwrap().poll_every = Duration::from_millis(20)).await;
        let follower = served.server.clone();
        let following = tokio::spawn(async move { follower.follow().await });
        served.until_titles("bicycle", &[ANNA], &["Budget"]).await;
        assert!(wiki.confluence.open_space("FIN", BEN_ALONE, &[]));
        assert!(wiki.confluence.edit_page(page, "<p>A secret locomotive.</p>"));
        served.until_titles("locomotive", &[BEN], &["Budget"]).await;
        assert!(served.titles("locomotive", &[ANNA]).await.is_empty(), "{edition:?}");
        following.abort();
    }
}

#[tokio::test]
async fn a_file_comes_with_the_restrictions_above_it_as_they_are_when_it_is_read() {
    for edition in EDITIONS {
        let tree = Tree::open(edition).await;
        tree.served.sweep().await;
        tree.wiki.confluence.attach(tree.page, "plan.txt", "text/plain", b"A secret locomotive.");
        // The pages are gone through, and the file's bytes are on their way.
        tree.wiki.fault("confluence:GET /download", Fault::Delayed { ms: 1_500 }, 1);
        let server = tree.served.server.clone();
        let sweeping = tokio::spawn(async move { server.sweep().await });
        while tree.wiki.faults.fired() == 0 {
            tokio::task::yield_now().await;
        }
        tree.wiki.confluence.restrict(tree.top, BEN_ALONE, &[]);
        sweeping.await.unwrap().unwrap();
        assert_eq!(tree.served.titles("locomotive", &[BEN]).await, ["plan.txt"]);
        assert!(tree.served.titles("locomotive", &[]).await.is_empty(), "{edition:?}");
    }
}

#[tokio::test]
async fn a_sweep_that_breaks_off_at_a_file_reads_restrictions_again() {
    for edition in EDITIONS {
        let tree = Tree::open(edition).await;
        // What has the file stands apart from what is closed.
        let apart = tree.wiki.page("HELP", None, "Trains", "<p>About trains.</p>");
        tree.wiki.confluence.attach(apart, "one.txt", "text/plain", b"A locomotive.");
        let busy = Fault::Status { status: 503, retry_after_seconds: None };
        tree.wiki.fault("confluence:GET /download", busy, 1);
        assert!(tree.served.server.sweep().await.is_err());
        tree.wiki.confluence.restrict(tree.top, BEN_ALONE, &[]);
        tree.served.sweep().await;
        assert_eq!(tree.served.titles("locomotive", &[]).await, ["one.txt"]);
        for (query, title) in [("overview", "Reorg"), ("bicycle", "Plan")] {
            assert!(tree.served.titles(query, &[]).await.is_empty(), "{edition:?} {query}");
            assert_eq!(tree.served.titles(query, &[BEN]).await, [title]);
        }
    }
}
