//! What is read from the words by rules, whoever names the category.

use deskbell_domain::assessment::{Assessment, AssessorName, Confidence, Judged, SentimentTrend};
use deskbell_domain::ids::{CategoryId, MessageTs};
use deskbell_domain::policy::Category;
use deskbell_domain::ticket::TicketMessage;
use deskbell_judgement::sentiment::trend::{Said, trend};
use deskbell_judgement::{complexity, language, request, sentiment, summary, urgency};
use jiff::Timestamp;

use super::AssessRequest;

/// What follows in a longer text is not read, in characters: people name their trouble early.
const TEXT_CHARS: usize = 8_000;

/// The part of the text that is assessed.
pub fn read_part(text: &str) -> &str {
    match text.char_indices().nth(TEXT_CHARS) {
        Some((end, _)) => text.get(..end).unwrap_or(text),
        None => text,
    }
}

/// An assessment from a category and the rules' reading of everything else. Area and squad are what the policy
/// says of the category.
pub fn assessment(
    assessor: AssessorName,
    request: &AssessRequest,
    category: Option<Judged<CategoryId>>,
    categories: &[Category],
) -> Assessment {
    let text = read_part(&request.text);
    let (language, summary) = (language::guess(text), summary::judge(text));
    let known = category.as_ref().and_then(|judged| categories.iter().find(|known| known.id == judged.value));
    let squad = known.and_then(|known| known.squad.clone()).zip(category.as_ref()).map(|(squad, judged)| Judged {
        value: squad,
        confidence: judged.confidence,
        evidence: judged.evidence.clone(),
    });
    Assessment {
        assessor,
        area: known.map(|known| known.area.clone()).unwrap_or_default(),
        squad,
        category,
        urgency: urgency::judge(text),
        sentiment: sentiment::judge(text),
        sentiment_trend: None,
        complexity: Some(complexity::judge(text)),
        request: Some(request::weigh(text)),
        language: language.language.to_owned(),
        language_confidence: Confidence::from_probability(language.probability),
        summary: summary.value,
        summary_confidence: summary.confidence,
        similar: request.similar.clone(),
        stated: None,
        warnings: Vec::new(),
    }
}

/// Where the requester's tone goes in a ticket's messages, whoever assesses their words.
pub fn tone(messages: &[TicketMessage]) -> Option<Judged<SentimentTrend>> {
    let own = messages.iter().filter(|message| message.author.is_none());
    let said: Vec<Said<'_>> = own
        .map(|message| Said {
            text: read_part(&message.text),
            at_seconds: message.ts.as_ref().and_then(MessageTs::sent_at).map(Timestamp::as_second),
        })
        .collect();
    trend(&said)
}
