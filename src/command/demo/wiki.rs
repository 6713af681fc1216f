//! Northwind's Confluence: what answers besides the folder of documents, one page of it for two people alone.

use deskbell_sandbox::confluence::ConfluenceBox;

/// Everybody may read it, but for pages that say otherwise.
const SPACE: &str = "HELP";

/// Titles and what they say, in Confluence's own form.
const PAGES: &[(&str, &str)] = &[
    (
        "Backups and data retention",
        "<p>What we keep of a customer, where, and for how long.</p>\
         <h2>How long are backups kept?</h2>\
         <p>Backups are kept for 35 days, in Frankfurt and in Dublin. A customer's account can be brought back to any hour of the \
         last 7 days, and to any midnight of the last 35.</p>\
         <h2>Restore deleted data</h2>\
         <p>Ask Platform with the account's number and the hour to go back to. It takes about two hours, and what was written since \
         then is kept beside it.</p>\
         <h2>After a contract ends</h2>\
         <p>An account's data is deleted 90 days after the contract's end; backups of it are gone 35 days later.</p>",
    ),
    (
        "Taking over on call",
        "<p>The on-call week begins on Monday at 10:00, Berlin time.</p>\
         <h2>Hand the on-call phone over</h2>\
         <ul><li>Say in your squad's channel who has it from now on.</li><li>Walk through the open incidents together.</li>\
         <li>The one who leaves mutes the alerts only when the other has acknowledged a test alert.</li></ul>\
         <h2>Swap an on-call shift</h2>\
         <p>Whoever takes a shift writes it into the calendar; a squad's lead needs not be asked.</p>",
    ),
    (
        CLOSED,
        "<h2>Who approves a goodwill credit?</h2>\
         <p>A squad's lead approves a goodwill credit of up to 500 EUR a month for one customer, the head of finance up to 5,000 EUR. \
         Enterprise customers after a missed service level get 10 % of the month's fee without asking.</p>",
    ),
];

/// The page that Anna, who looks after accounts, and Ben, who sends the money, read alone.
const CLOSED: &str = "Goodwill credits";
const ITS_READERS: &[&str] = &["712020:anna", "712020:ben"];

/// Writes the pages.
pub(super) fn write(confluence: &ConfluenceBox) {
    for (title, storage) in PAGES {
        let page = confluence.add_page(SPACE, None, title, storage);
        if let Some(page) = page.filter(|_| *title == CLOSED) {
            confluence.restrict(page, ITS_READERS, &[]);
        }
    }
}
