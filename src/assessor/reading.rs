//! What is read from the words by rules, whoever names the category.

use deskbell_domain::assessment::{Assessment, AssessorName, Judged};
use deskbell_domain::ids::CategoryId;
use deskbell_domain::policy::Category;
use deskbell_judgement::{language, sentiment, summary, urgency};

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
        complexity: None,
        language: language::detect(text).to_owned(),
        summary: summary::summarize(text),
        similar: request.similar.clone(),
        warnings: Vec::new(),
    }
}
