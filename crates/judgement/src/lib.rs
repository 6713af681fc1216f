//! Pure computing for assessment: what can be learned from the words of a request without asking anybody.
//!
//! Nothing here reads a file, a clock or a random number; the same input gives the same bytes.
//!
//! Read in this order: [`mrkdwn`] (Slack's markup to plain text), [`text`] (words and n-grams), then what is
//! built on them: [`encoder`] (sentences as vectors), [`request`] (is it a request at all?), [`classifier`] and
//! [`keywords`] (which category?), [`urgency`], [`sentiment`], [`complexity`] (both by [`intent`]), [`language`], [`summary`], [`lexical`] (BM25),
//! [`vectors`], [`similarity`] (earlier tickets), [`precedents`] (what people made of them), [`passages`] (words and vectors
//! together, among what the readers may see), [`evidence`] (what stands behind one that was found) and [`knowledge`] (documents cut
//! into passages, read by [`markdown`]). [`hypertext`] brings HTML to Markdown, [`compression`] keeps of a passage what answers. [`evaluation`] measures them,
//! [`accuracy`] by what people decided, [`temperature`] says what a language model's own figures are worth. [`redaction`] takes personal details out of what leaves for a language model.
#![cfg_attr(
    test,
    allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, clippy::string_slice)
)]

pub mod accuracy;
pub mod classifier;
pub mod complexity;
pub mod compression;
pub mod encoder;
pub mod evaluation;
pub mod evidence;
pub mod hypertext;
pub mod intent;
pub mod keywords;
pub mod knowledge;
pub mod language;
pub mod lexical;
pub mod markdown;
pub mod mrkdwn;
pub mod passages;
mod phrases;
pub mod precedents;
pub mod redaction;
pub mod request;
pub mod sentiment;
pub mod similarity;
pub mod summary;
pub mod temperature;
pub mod text;
pub mod urgency;
pub mod vectors;
