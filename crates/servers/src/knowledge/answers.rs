//! What the tools answer with.

use std::sync::PoisonError;

use deskbell_judgement::compression::answering;
use deskbell_judgement::encoder::Encoder;
use deskbell_judgement::evidence::{Confidence, lift_documents};
use deskbell_judgement::knowledge::{Distinct, SNIPPET_CHARS};
use deskbell_judgement::passages::{Found, Hit};
use deskbell_judgement::summary::{sentences, shorten};

use super::audience::Readers;
use super::catalog;
use super::catalog::{Catalog, Document, Origin, Passage, View};
use super::drafts::{DraftSource, Drafts, Made};
use super::opinions::{Opinions, Topic, gaps};
use super::schema::{
    CreateDraft, CreatedDraft, DocumentLine, Draft, FoundPassage, FoundPassages, GetDocument, GetDraft, ListDocuments,
    ListDrafts, ListGaps, ListedDocuments, ListedDrafts, ListedGaps, ReadDocument, RecordFeedback, RecordedFeedback,
    SearchKnowledge, UpdateDraft, UpdatedDraft,
};
use super::store::{Opinion, Question, Text, documents, now, opinions};
use super::tools::KnowledgeServer;
use crate::failure::ToolFailure;
use crate::ledger::Fate;
use crate::marker::marker;

/// Passages on a page: at most, and when none is asked for; and passages that a search goes through at all.
const PASSAGES_MAX: u32 = 20;
const PASSAGES_DEFAULT: u32 = 5;
const PASSAGES_DEPTH: usize = 200;
/// Items on a page of a list: at most, and when none is asked for.
const LIST_PAGE_MAX: u32 = 200;
const LIST_PAGE_DEFAULT: u32 = 50;
/// Characters on a page of a document: at least, at most, and when none is asked for.
const CHARACTERS: (u32, u32, u32) = (1_000, 100_000, 40_000);
/// Gaps at most, and when none is asked for.
const GAPS_MAX: u32 = 50;
const GAPS_DEFAULT: u32 = 10;
/// Of a question what is looked for, in characters.
const QUERY_CHARS: usize = 2_000;
/// Ids that an opinion may name, and characters of one.
const OPINION_PASSAGES: usize = 20;
const ID_CHARS: usize = 64;
/// How far opinions move a passage: this share of the scores' spread.
const LEAN: f64 = 0.75;
/// Passages that share no word with the question and mean something so different are none.
const COSINE_MIN: f64 = 0.3;
/// A best passage below this confidence answers nothing.
const ANSWERS: f64 = 0.5;
/// Passages whose sentences are compared by what they mean, and sentences of one.
const MEANT_PASSAGES: usize = 3;
const MEANT_SENTENCES: usize = 12;

const NO_DOCUMENT: &str = "there is no document of this path, or these readers may not read it; search_knowledge and \
                           list_documents tell paths";

/// What people think moves the confidence upwards by this share of what is missing, downwards by this share of it.
const RAISED: f64 = 0.3;
const LOWERED: f64 = 0.5;

/// With what people think of the passage, to three places.
fn moved(confidence: f64, lean: f64) -> f64 {
    let moved =
        if lean > 0.0 { confidence + (1.0 - confidence) * lean * RAISED } else { confidence * (1.0 + lean * LOWERED) };
    (moved * 1_000.0).round() / 1_000.0
}

impl KnowledgeServer {
    pub(super) async fn search(&self, wanted: &SearchKnowledge) -> Result<FoundPassages, ToolFailure> {
        let start = place(wanted.next_page_token.as_deref())?;
        let size = wanted.max_results.unwrap_or(PASSAGES_DEFAULT).clamp(1, PASSAGES_MAX) as usize;
        let end = start.saturating_add(size).min(PASSAGES_DEPTH);
        let readers = self.documents.readers(&wanted.readers).await?;
        let mut found = self.passages(&wanted.query, readers, end.saturating_add(1)).await?;
        if wanted.next_page_token.is_none() && self.documents.trusts_caller() {
            let is_found = found.first().is_some_and(|best| best.confidence >= ANSWERS);
            self.note_question(&wanted.query, is_found).await?;
        }
        let next_page_token = (found.len() > end && end < PASSAGES_DEPTH).then(|| end.to_string());
        found.truncate(end);
        Ok(FoundPassages { passages: found.into_iter().skip(start).collect(), next_page_token })
    }

    /// The best passages that the readers may see.
    pub(super) async fn passages(
        &self,
        query: &str,
        readers: Readers,
        limit: usize,
    ) -> Result<Vec<FoundPassage>, ToolFailure> {
        let query: String = query.chars().take(QUERY_CHARS).collect();
        let (encoder, opinions) = (self.documents.encoder.clone(), self.opinions.clone());
        let reading = tokio::task::spawn_blocking(move || {
            let vector = encoder.as_ref().map(|encoder| encoder.encode(&query));
            (query, encoder, vector)
        });
        let again = |_| ToolFailure::transient("the question could not be read; try again", None);
        let (query, encoder, vector) = reading.await.map_err(again)?;
        self.documents
            .look(move |catalog| {
                let opinions = opinions.read().unwrap_or_else(PoisonError::into_inner);
                let asked = Asked { query: &query, vector, encoder: encoder.as_ref(), opinions: &opinions };
                asked.find(catalog, &readers, limit)
            })
            .await
    }

    async fn note_question(&self, query: &str, is_found: bool) -> Result<(), ToolFailure> {
        let question = Question { query: shorten(query.trim(), QUERY_CHARS), is_found, outcome: None };
        let note = move |connection: &mut rusqlite::Connection| {
            // A power cut may take a question; nobody waits for the disk.
            connection.pragma_update(None, "synchronous", "NORMAL")?;
            let asked = opinions::ask(connection, &question, now());
            connection.pragma_update(None, "synchronous", "FULL")?;
            asked
        };
        self.documents.store.run(note).await
    }

    pub(super) async fn feedback(&self, wanted: RecordFeedback) -> Result<RecordedFeedback, ToolFailure> {
        if !self.documents.trusts_caller() {
            return Err(ToolFailure::permanent(
                "what people made of answers is taken only from a caller that the server trusts: set \
                 DESKBELL_KNOWLEDGE_TRUST_CALLER=true for one (over HTTP, with DESKBELL_MCP_BEARER)",
            ));
        }
        let is_id = |id: &String| id.chars().count() <= ID_CHARS;
        if wanted.passages.len() > OPINION_PASSAGES || !wanted.passages.iter().all(is_id) {
            let message = format!("passages takes at most {OPINION_PASSAGES} ids, as search_knowledge tells them");
            return Err(
                ToolFailure::permanent(message.clone()).with_field_errors([("passages".to_owned(), message)].into())
            );
        }
        if wanted.idempotency_key.trim().is_empty() {
            let message = "idempotency_key must not be empty: without it a repeated call would count twice";
            let fields = [("idempotency_key".to_owned(), message.to_owned())];
            return Err(ToolFailure::permanent(message).with_field_errors(fields.into()));
        }
        let opinion = Opinion {
            query: shorten(wanted.query.trim(), QUERY_CHARS),
            passages: wanted.passages,
            outcome: wanted.outcome,
        };
        let (mark, kept) = (marker(&wanted.idempotency_key), opinion.clone());
        let add = move |connection: &mut rusqlite::Connection| opinions::add(connection, &mark, &kept, now());
        let recorded = self.documents.store.run(add).await?;
        if recorded {
            self.opinions.write().unwrap_or_else(PoisonError::into_inner).add(&opinion);
        }
        Ok(RecordedFeedback { recorded })
    }

    pub(super) async fn gaps(&self, wanted: &ListGaps) -> Result<ListedGaps, ToolFailure> {
        if !self.documents.trusts_caller() {
            return Err(ToolFailure::permanent(
                "what others asked is told only to a caller that the server trusts: set DESKBELL_KNOWLEDGE_TRUST_CALLER=true for \
                 one (over HTTP, with DESKBELL_MCP_BEARER)",
            ));
        }
        let limit = wanted.max_results.unwrap_or(GAPS_DEFAULT).clamp(1, GAPS_MAX) as usize;
        let questions = self.documents.store.run(|connection| opinions::questions(connection)).await?;
        let found = tokio::task::spawn_blocking(move || gaps(&questions, limit)).await;
        let again = |_| ToolFailure::transient("the questions could not be read; try again", None);
        Ok(ListedGaps { gaps: found.map_err(again)? })
    }

    pub(super) async fn document(&self, wanted: &GetDocument) -> Result<ReadDocument, ToolFailure> {
        let start = place(wanted.next_page_token.as_deref())?;
        let (least, most, otherwise) = CHARACTERS;
        let size = wanted.max_characters.unwrap_or(otherwise).clamp(least, most) as usize;
        let readers = self.documents.readers(&wanted.readers).await?;
        let path = wanted.path.trim().to_owned();
        let seen = self.documents.look(move |catalog| {
            let view = catalog.seen_by(&readers);
            view.document(&path).map(|document| (document.clone(), view.visibility(document)))
        });
        let (document, visibility) = seen.await?.ok_or_else(|| ToolFailure::permanent(NO_DOCUMENT))?;
        let text = self.text(&document, wanted.version.as_deref()).await?;
        let markdown: String = text.markdown.chars().skip(start).take(size).collect();
        let is_rest = text.markdown.chars().nth(start.saturating_add(size)).is_some();
        Ok(ReadDocument {
            path: document.path.to_string(),
            title: text.title,
            uri: document.uri(),
            url: document.url,
            version: text.version,
            updated_at: text.updated_at,
            visibility,
            markdown,
            next_page_token: is_rest.then(|| (start + size).to_string()),
        })
    }

    /// The document's text as it is, or as it was at a version.
    pub(super) async fn text(&self, document: &Document, version: Option<&str>) -> Result<Text, ToolFailure> {
        let path = document.path.to_string();
        if let Some(version) = version.map(str::trim).filter(|version| *version != document.version) {
            let wanted = version.to_owned();
            let kept = self.documents.store.run(move |connection| documents::version(connection, &path, &wanted));
            return kept.await?.ok_or_else(|| {
                ToolFailure::permanent(
                    "this version of the document is not kept; leave version out for the present one",
                )
            });
        }
        let stored = match document.origin {
            Origin::Store => self.documents.store.run(move |connection| documents::one(connection, &path)).await?,
            Origin::File(_) => None,
        };
        // A newer text may come with a narrower audience than the one that was looked at.
        if let Some(stored) = stored.filter(|stored| stored.version == document.version) {
            return Ok(Text {
                title: stored.title,
                version: stored.version,
                updated_at: stored.updated_at,
                markdown: stored.markdown,
            });
        }
        let (path, version) = (document.path.to_string(), document.version.clone());
        let kept = self.documents.store.run(move |connection| documents::version(connection, &path, &version)).await?;
        kept.ok_or_else(|| ToolFailure::transient("the document is being read anew; try again", None))
    }

    pub(super) async fn documents(&self, wanted: &ListDocuments) -> Result<ListedDocuments, ToolFailure> {
        let part = wanted.contains.as_deref().unwrap_or_default().to_lowercase();
        let readers = self.documents.readers(&wanted.readers).await?;
        let matching = self.documents.look(move |catalog| {
            let view = catalog.seen_by(&readers);
            let is_wanted = |document: &&Document| {
                document.path.to_lowercase().contains(&part) || document.title.to_lowercase().contains(&part)
            };
            view.documents().filter(is_wanted).map(|document| line(&view, document)).collect::<Vec<_>>()
        });
        let matching = matching.await?;
        let (documents, next_page_token) = page(&matching, wanted.max_results, wanted.next_page_token.as_deref())?;
        Ok(ListedDocuments { documents, total: matching.len() as u64, next_page_token })
    }

    pub(super) async fn create(&self, wanted: CreateDraft) -> Result<CreatedDraft, ToolFailure> {
        let (draft, written) = match self.drafts.create(wanted).await? {
            Made::Now(draft) => return Ok(CreatedDraft { draft, created: true }),
            Made::Before { draft, written } => (draft, written),
        };
        // Keys can be guessed: one shows no draft to a caller that would not be shown it by its name.
        let source = DraftSource { drawn_from: draft.drawn_from.clone(), everybody: draft.everybody };
        let is_seen = self.may_see(&Readers::Anybody, vec![source]).await? == [true];
        let draft = Some(draft).filter(|_| is_seen).or(written).ok_or_else(|| {
            let message = "this idempotency_key was given with another draft: give each draft a key of its own";
            let fields = [("idempotency_key".to_owned(), message.to_owned())];
            ToolFailure::permanent(message).with_field_errors(fields.into())
        })?;
        Ok(CreatedDraft { draft, created: false })
    }

    pub(super) async fn draft(&self, wanted: &GetDraft) -> Result<Draft, ToolFailure> {
        let readers = self.documents.readers(&wanted.readers).await?;
        let draft = self.drafts.get(&wanted.slug).await?;
        let source = DraftSource { drawn_from: draft.drawn_from.clone(), everybody: draft.everybody };
        if self.may_see(&readers, vec![source]).await? != [true] {
            return Err(Drafts::none(&wanted.slug));
        }
        Ok(draft)
    }

    pub(super) async fn update(&self, wanted: UpdateDraft) -> Result<UpdatedDraft, ToolFailure> {
        let seen = GetDraft { slug: wanted.slug.clone(), readers: wanted.readers.clone() };
        let mut turn = match &wanted.idempotency_key {
            None => None,
            Some(key) => Some(self.updates.turn(&format!("{} {}", wanted.slug, marker(key))).await),
        };
        let draft = self.draft(&seen).await?;
        if turn.as_ref().is_some_and(|fate| matches!(**fate, Some(Fate::Done(())))) {
            return Ok(UpdatedDraft { draft, changed: false });
        }
        let (draft, changed) = self.drafts.update(wanted).await?;
        if let Some(fate) = &mut turn {
            **fate = Some(Fate::Done(()));
        }
        Ok(UpdatedDraft { draft, changed })
    }

    pub(super) async fn all_drafts(&self, wanted: &ListDrafts) -> Result<ListedDrafts, ToolFailure> {
        let readers = self.documents.readers(&wanted.readers).await?;
        let (lines, sources): (Vec<_>, Vec<_>) = self.drafts.list().await?.into_iter().unzip();
        let seen = self.may_see(&readers, sources).await?;
        let lines: Vec<_> = lines.into_iter().zip(seen).filter_map(|(line, is_seen)| is_seen.then_some(line)).collect();
        let (drafts, next_page_token) = page(&lines, wanted.max_results, wanted.next_page_token.as_deref())?;
        Ok(ListedDrafts { drafts, total: lines.len() as u64, next_page_token })
    }

    /// For each draft whether the readers may see it: they may read all that it draws on, and a path that is no document's is not
    /// known to be open. One that names nothing may be made of what others asked, so it is told like [`Self::gaps`].
    async fn may_see(&self, readers: &Readers, drafts: Vec<DraftSource>) -> Result<Vec<bool>, ToolFailure> {
        let (readers, is_trusted) = (readers.clone(), self.documents.trusts_caller());
        self.documents
            .look(move |catalog| {
                let view = catalog.seen_by(&readers);
                let may_see = |draft: &DraftSource| {
                    let is_known = draft.everybody || !draft.drawn_from.is_empty();
                    (is_known || is_trusted) && draft.drawn_from.iter().all(|path| view.document(path).is_some())
                };
                drafts.iter().map(may_see).collect()
            })
            .await
    }
}

fn line(view: &View<'_>, document: &Document) -> DocumentLine {
    DocumentLine {
        path: document.path.to_string(),
        title: document.title.to_string(),
        url: document.url.clone(),
        uri: document.uri(),
        source: document.source.to_string(),
        version: document.version.clone(),
        visibility: view.visibility(document),
    }
}

/// A question, and what it is weighed with.
struct Asked<'a> {
    query: &'a str,
    vector: Option<Vec<f32>>,
    encoder: Option<&'a Encoder>,
    opinions: &'a Opinions,
}

/// A hit with what people think of its passage.
struct Ranked<'c> {
    hit: Hit,
    passage: &'c Passage,
    document: &'c Document,
    lean: f64,
}

impl Asked<'_> {
    fn find(&self, catalog: &Catalog, readers: &Readers, limit: usize) -> Vec<FoundPassage> {
        let view = catalog.seen_by(readers);
        let is_seen = |slot| view.has_passage(slot);
        let mut found = catalog.index.search(self.query, self.vector.as_deref(), is_seen, PASSAGES_DEPTH * 2);
        lift_documents(&mut found.hits, |slot| view.passage(slot).map(|(passage, _)| &passage.path));
        let (ranked, confidence) = (self.ranked(&view, &found), Confidence::of(&found));
        let mut distinct = Distinct::default();
        let mut shown = Vec::new();
        for Ranked { hit, passage, document, lean } in ranked {
            if shown.len() >= limit {
                break;
            }
            if !distinct.is_new(&passage.path, &passage.anchor, &passage.text) {
                continue;
            }
            let snippet = self.snippet(passage, &hit, &found, shown.len());
            shown.push(FoundPassage {
                id: passage.id.clone(),
                document: document.path.to_string(),
                source: document.source.to_string(),
                title: document.title.to_string(),
                heading_path: passage.heading_path.clone(),
                path: document.path.to_string(),
                url: address(document, &passage.anchor),
                uri: catalog::uri(&document.path),
                version: document.version.clone(),
                updated_at: document.updated_at.clone(),
                snippet,
                text: passage.text.clone(),
                score: hit.score,
                confidence: moved(confidence.that(&hit), lean),
                visibility: view.visibility(document),
            });
        }
        shown
    }

    /// The hits by score and opinions.
    fn ranked<'c>(&self, view: &'c View<'c>, found: &Found) -> Vec<Ranked<'c>> {
        let asked = Topic::of(self.query);
        let spread = spread(&found.hits);
        let is_near = |hit: &&Hit| hit.coverage > 0.0 || hit.cosine.is_some_and(|cosine| cosine >= COSINE_MIN);
        let hits = found.hits.iter().filter(is_near).filter_map(|hit| {
            let (passage, document) = view.passage(hit.slot)?;
            let lean = self.opinions.lean(&passage.id, &asked);
            let hit = Hit { score: hit.score + LEAN * spread * lean, ..hit.clone() };
            Some(Ranked { hit, passage, document, lean })
        });
        let mut ranked: Vec<Ranked<'c>> = hits.collect();
        ranked.sort_by(|one, other| other.hit.score.total_cmp(&one.hit.score).then(one.hit.slot.cmp(&other.hit.slot)));
        ranked
    }

    fn snippet(&self, passage: &Passage, hit: &Hit, found: &Found, place: usize) -> String {
        let told = answering(&passage.text, &found.rarities, SNIPPET_CHARS);
        let (Some(encoder), Some(vector)) = (self.encoder, &self.vector) else { return told };
        // Its words say nothing of the question: then what the sentences mean.
        if hit.coverage > 0.2 || place >= MEANT_PASSAGES {
            return told;
        }
        let cosine =
            |sentence: &str| encoder.encode(sentence).iter().zip(vector).map(|(one, other)| one * other).sum::<f32>();
        let scored = sentences(&passage.text).into_iter().take(MEANT_SENTENCES).map(|text| (cosine(text), text));
        let best = scored.max_by(|one, other| one.0.total_cmp(&other.0));
        best.map_or(told, |(_, sentence)| shorten(sentence, SNIPPET_CHARS))
    }
}

/// How far the best scores lie apart.
#[allow(clippy::cast_precision_loss)]
fn spread(hits: &[Hit]) -> f64 {
    let best: Vec<f64> = hits.iter().take(50).map(|hit| hit.score).collect();
    let count = best.len().max(1) as f64;
    let mean = best.iter().sum::<f64>() / count;
    let variance = best.iter().map(|score| (score - mean).powi(2)).sum::<f64>() / count;
    variance.sqrt().max(mean.abs() * 0.1)
}

/// Where people read the passage. Other sources make anchors in ways of their own.
fn address(document: &Document, anchor: &str) -> Option<String> {
    let url = document.url.clone()?;
    let has_anchor = document.origin != Origin::Store && !anchor.is_empty();
    Some(if has_anchor { format!("{url}#{anchor}") } else { url })
}

/// The place that a token of ours names; the beginning without one.
fn place(token: Option<&str>) -> Result<usize, ToolFailure> {
    token.map_or(Ok(0), str::parse).map_err(|_| {
        ToolFailure::permanent("next_page_token is not one that this tool gave; leave it out for the first page")
    })
}

/// One page and the token of the next.
fn page<T: Clone>(
    all: &[T],
    max_results: Option<u32>,
    token: Option<&str>,
) -> Result<(Vec<T>, Option<String>), ToolFailure> {
    let start = place(token)?;
    let size = max_results.unwrap_or(LIST_PAGE_DEFAULT).clamp(1, LIST_PAGE_MAX) as usize;
    let items: Vec<T> = all.iter().skip(start).take(size).cloned().collect();
    let end = start.saturating_add(items.len());
    Ok((items, (end < all.len()).then(|| end.to_string())))
}
