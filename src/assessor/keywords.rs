//! The assessor that always answers: the policy's keywords and examples, and no learning.

use deskbell_domain::assessment::{Assessment, AssessorName, Judged};
use deskbell_domain::ids::CategoryId;
use deskbell_domain::policy::Category;
use deskbell_judgement::keywords::Keywords;

use super::{AssessRequest, reading};

/// Finds the category by shared words. It can't fail, so a chain ends with it.
#[derive(Debug, Clone)]
pub struct KeywordAssessor {
    categories: Vec<Category>,
    keywords: Keywords,
}

impl KeywordAssessor {
    /// Prepares the policy's categories.
    pub fn new(categories: &[Category]) -> Self {
        Self { categories: categories.to_vec(), keywords: Keywords::new(categories) }
    }

    /// Assesses at once. Takes well under a millisecond for a message, some for the longest text: call it where
    /// blocking is allowed.
    pub fn assess(&self, request: &AssessRequest) -> Assessment {
        let category = self.category(&request.text);
        reading::assessment(AssessorName::Keywords, request, category, &self.categories)
    }

    /// The category alone.
    pub fn category(&self, text: &str) -> Option<Judged<CategoryId>> {
        self.keywords.categorize(reading::read_part(text))
    }

    /// The categories it knows.
    pub fn categories(&self) -> &[Category] {
        &self.categories
    }
}
