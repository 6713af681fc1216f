//! Documents that the caller owns and hands over, such as what a resolved ticket taught.

use super::audience::{Audience, Email, Gate, Principal};
use super::schema::{PutDocument, PutOutcome, RemoveDocument, RemovedDocument};
use super::store::{Space, Stored, documents};
use super::tools::KnowledgeServer;
use crate::failure::ToolFailure;

/// What the sources of such documents begin with.
const SOURCE: &str = "handed";
const PATH_CHARS: usize = 200;
const TITLE_CHARS: usize = 200;
const TEXT_BYTES: usize = 512 * 1024;
const READERS: usize = 1_000;

fn refuse(field: &str, message: &str) -> ToolFailure {
    ToolFailure::permanent(message).with_field_errors([(field.to_owned(), message.to_owned())].into())
}

/// `tickets/DB-42`: words without dots, so that it is no file's path, and more than one.
fn path(text: &str) -> Result<String, ToolFailure> {
    let text = text.trim();
    let is_word = |word: &str| {
        !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
    };
    let is_path = text.len() <= PATH_CHARS && text.contains('/') && text.split('/').all(is_word);
    if is_path && !text.starts_with("confluence/") {
        return Ok(text.to_owned());
    }
    Err(refuse(
        "path",
        "path must be two or more words of letters, digits, - and _ with / between them, such as tickets/DB-42, and not begin \
         with confluence/",
    ))
}

fn audience(wanted: &PutDocument) -> Result<Audience, ToolFailure> {
    if wanted.everybody {
        return Ok(Audience::Everybody);
    }
    let emails: Option<Vec<Email>> = wanted.readers.iter().map(|reader| Email::parse(&reader.email)).collect();
    let Some(emails) = emails.filter(|emails| !emails.is_empty() && emails.len() <= READERS) else {
        return Err(refuse("readers", "readers must name 1 to 1000 people by e-mail address, or everybody be true"));
    };
    let gate: Gate = emails.iter().map(Principal::mail).collect();
    Ok(Audience::only(gate))
}

impl KnowledgeServer {
    fn must_trust(&self) -> Result<(), ToolFailure> {
        if self.documents.trusts_caller() {
            return Ok(());
        }
        Err(ToolFailure::permanent(
            "documents are taken only from a caller that the server trusts: set DESKBELL_KNOWLEDGE_TRUST_CALLER=true for one (over \
             HTTP, with DESKBELL_MCP_BEARER)",
        ))
    }

    pub(super) async fn put(&self, wanted: PutDocument) -> Result<PutOutcome, ToolFailure> {
        self.must_trust()?;
        let (path, audience) = (path(&wanted.path)?, audience(&wanted)?);
        let title = wanted.title.trim().to_owned();
        if title.is_empty() || title.chars().count() > TITLE_CHARS || title.chars().any(char::is_control) {
            return Err(refuse("title", "title must be one line of 1 to 200 characters"));
        }
        if wanted.markdown.trim().is_empty() || wanted.markdown.len() > TEXT_BYTES {
            return Err(refuse("markdown", "markdown must have 1 to 524288 bytes"));
        }
        let url = wanted.url.filter(|url| url.starts_with("https://") || url.starts_with("http://"));
        let kind = path.split('/').next().unwrap_or_default().to_owned();
        let document = Stored {
            source: format!("{SOURCE}:{kind}"),
            parent: None,
            title,
            url,
            version: super::folders::version_of(&wanted.markdown),
            updated_at: Some(jiff::Timestamp::now().to_string()),
            markdown: wanted.markdown,
            audience,
            path,
        };
        let version = document.version.clone();
        let write = move |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction()?;
            let known = documents::one(&transaction, &document.path)?;
            let is_same = known.is_some_and(|known| {
                let Stored { title, url, version, audience, .. } = &known;
                (title, url, version, audience)
                    == (&document.title, &document.url, &document.version, &document.audience)
            });
            if !is_same {
                // Whose permissions nobody has to ask for again.
                let open = Space { audience: Audience::Everybody, sweep: 0, cursor: None, swept_at: Some(i64::MAX) };
                documents::put_space(&transaction, &document.source, &open)?;
                documents::remove(&transaction, &document.path)?;
                documents::put(&transaction, &document, 0)?;
            }
            transaction.commit()?;
            Ok(!is_same)
        };
        let changed = self.documents.store.run(write).await?;
        self.documents.reconcile().await?;
        Ok(PutOutcome { version, changed })
    }

    pub(super) async fn remove(&self, wanted: &RemoveDocument) -> Result<RemovedDocument, ToolFailure> {
        self.must_trust()?;
        let path = path(&wanted.path)?;
        let forget = move |connection: &mut rusqlite::Connection| {
            let transaction = connection.transaction()?;
            let known = documents::one(&transaction, &path)?;
            let is_handed = known.is_some_and(|known| known.source.starts_with(SOURCE));
            if is_handed {
                documents::remove(&transaction, &path)?;
            }
            transaction.commit()?;
            Ok(is_handed)
        };
        let removed = self.documents.store.run(forget).await?;
        self.documents.reconcile().await?;
        Ok(RemovedDocument { removed })
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_path_is_no_files_and_no_pages() {
        assert_eq!(super::path(" tickets/DB-42 ").unwrap(), "tickets/DB-42");
        for bad in ["", "tickets", "a/b.md", "../a", "a//b", "/a/b", "confluence/HELP/1", "a/ b", &"a/".repeat(150)] {
            assert!(super::path(bad).is_err(), "{bad:?}");
        }
    }
}
