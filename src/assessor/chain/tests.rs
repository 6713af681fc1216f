use std::sync::Arc;

use deskbell_domain::assessment::{Assessment, AssessorName, Confidence, Judged, SimilarTicket, Urgency};
use deskbell_domain::ids::TicketId;
use deskbell_domain::policy::{Category, Policy};
use deskbell_judgement::classifier::{Example, TrainingError};

use super::Chain;
use crate::assessor::config::{AssessorConfig, AssessorConfigError};
use crate::assessor::keywords::KeywordAssessor;
use crate::assessor::local::LocalAssessor;
use crate::assessor::{AssessError, AssessRequest, Assessing, Assessor};

/// An assessor that fails, as a language model out of reach does.
struct Unreachable;

impl Assessor for Unreachable {
    fn name(&self) -> AssessorName {
        AssessorName::Llm("gpt-test".to_owned())
    }

    fn assess(&self, _request: Arc<AssessRequest>) -> Assessing<'_> {
        let error = AssessError::Unavailable { reason: "no answer within 8 s".to_owned(), retry_after: None };
        Box::pin(async { Err(error) })
    }
}

fn demo_categories() -> Vec<Category> {
    Policy::load(include_str!("../../../demo/policy.toml")).unwrap().categories
}

fn request(text: &str) -> AssessRequest {
    AssessRequest {
        workspace: "T1".into(),
        ticket: TicketId::new(1),
        text: text.to_owned(),
        similar: Vec::new(),
        people: Vec::new(),
    }
}

fn local(categories: &[Category]) -> Chain {
    Chain::local(&AssessorConfig::default(), categories, Vec::new()).unwrap()
}

async fn assess(chain: &Chain, text: &str) -> Assessment {
    chain.assess(request(text)).await
}

#[tokio::test]
async fn the_demo_s_examples_teach_its_categories() {
    let chain = local(&demo_categories());
    for (text, expected) in [
        ("Customer paid twice for the same order, can we refund one payment?", "payments"),
        ("payout is missing since Monday", "payments"),
        ("we're locked out, Okta login fails for the whole team", "login"),
        ("please reset my 2FA, I have a new phone", "login"),
        ("our webhook endpoint gets duplicate events with an invalid signature", "api"),
        ("API key for the sandbox returns 401", "api"),
        ("How do I set up payment links in Dutch?", "how-to"),
        ("is it possible to change the logo?", "how-to"),
        ("CSV export has no rows for April", "data-export"),
        ("the report download is missing columns", "data-export"),
        ("the whole dashboard is down with 502", "outage"),
        ("pages load very slowly today", "outage"),
    ] {
        let assessment = assess(&chain, text).await;
        let category = assessment.category.unwrap_or_else(|| panic!("{text}"));
        assert_eq!(category.value.as_str(), expected, "{text}");
        assert!(!category.evidence.is_empty(), "{text}");
        assert_eq!(assessment.squad.unwrap().confidence, category.confidence);
    }
}

#[tokio::test]
async fn everything_else_is_read_from_the_words() {
    let chain = local(&demo_categories());
    let similar = vec![SimilarTicket { ticket: TicketId::new(7), similarity: Confidence::from_probability(0.5) }];
    let asked = AssessRequest {
        similar: similar.clone(),
        ..request("Hi team! Production is down, all customers see 502. Thanks!")
    };
    let assessment = chain.assess(asked).await;
    assert_eq!(assessment.assessor, AssessorName::Local);
    assert_eq!(assessment.urgency.value, Urgency::Critical);
    assert_eq!(assessment.language, "en");
    assert_eq!(assessment.area, "reliability");
    assert_eq!(assessment.summary, "Production is down, all customers see 502.");
    assert_eq!(assessment.similar, similar);
    assert!(assessment.warnings.is_empty());
}

#[tokio::test]
async fn nothing_known_gives_no_category() {
    let chain = local(&demo_categories());
    for text in ["", "🎉", "zxcv qwer", "支払い"] {
        let assessment = assess(&chain, text).await;
        assert_eq!((assessment.category, assessment.squad, assessment.area.as_str()), (None, None, ""), "{text}");
    }
}

#[tokio::test]
async fn keywords_speak_where_the_model_abstains() {
    let config = AssessorConfig { abstain_below: 1.0, ..AssessorConfig::default() };
    let chain = Chain::local(&config, &demo_categories(), Vec::new()).unwrap();
    let assessment = assess(&chain, "refund please").await;
    assert_eq!(assessment.assessor, AssessorName::Keywords);
    let category = assessment.category.unwrap();
    assert_eq!(category.value.as_str(), "payments");
    assert!(category.confidence.percent() <= 55);
}

#[tokio::test]
async fn keywords_speak_where_a_category_has_too_few_examples() {
    let mut categories = demo_categories();
    categories[0].examples.truncate(1);
    let assessment = assess(&local(&categories), "refund please").await;
    assert_eq!(assessment.assessor, AssessorName::Keywords);
    assert!(assess(&local(&[]), "refund please").await.category.is_none());
}

#[tokio::test]
async fn whoever_fails_is_named_and_the_next_answers() {
    let last = Arc::new(KeywordAssessor::new(&demo_categories()));
    let chain = Chain::new(vec![Arc::new(Unreachable)], Arc::clone(&last));
    let assessment = assess(&chain, "a refund of last week").await;
    assert_eq!(assessment.assessor, AssessorName::Keywords);
    assert_eq!(assessment.warnings, ["gpt-test unavailable: no answer within 8 s; assessed by the keywords"]);
}

#[tokio::test]
async fn a_language_model_that_fails_is_named_and_our_own_reading_stands() {
    let chain = local(&demo_categories()).with_model(Arc::new(Unreachable));
    let assessment = assess(&chain, "a refund of last week").await;
    assert_eq!(assessment.assessor, AssessorName::Local);
    assert_eq!(assessment.warnings, ["gpt-test unavailable: no answer within 8 s; assessed by the local model"]);
}

/// One that says what it was told to.
struct Says(Assessment);

impl Assessor for Says {
    fn name(&self) -> AssessorName {
        self.0.assessor.clone()
    }

    fn assess(&self, _request: Arc<AssessRequest>) -> Assessing<'_> {
        let said = self.0.clone();
        Box::pin(async { Ok(said) })
    }
}

#[tokio::test]
async fn a_language_model_is_heard_beside_our_own_reading() {
    let chain = local(&demo_categories());
    let own = assess(&chain, "Customer paid twice, refund one payment").await;
    let said = |category: &str| {
        let mut said = own.clone();
        said.assessor = AssessorName::Llm("gpt-test".to_owned());
        if let Some(judged) = &mut said.category {
            judged.value = category.into();
        }
        Arc::new(Says(said))
    };
    let agreed = assess(&chain.clone().with_model(said("payments")), "Customer paid twice, refund one payment").await;
    assert_eq!(agreed.assessor, AssessorName::Llm("gpt-test".to_owned()));
    assert!(agreed.category.unwrap().confidence > own.category.as_ref().unwrap().confidence);
    assert!(agreed.warnings.is_empty());
    let disputed = assess(&chain.with_model(said("login")), "Customer paid twice, refund one payment").await;
    assert!(disputed.category.unwrap().confidence.percent() < 50);
    assert!(disputed.warnings[0].starts_with("according to the local model it is Payments"), "{:?}", disputed.warnings);
}

#[tokio::test]
async fn a_language_model_does_not_outvote_one_correction_of_the_same_request() {
    let local = LocalAssessor::prepare(&AssessorConfig::default(), &demo_categories(), Vec::new()).unwrap();
    let said = assess(&Chain::of_local(&local), "Customer paid twice, refund one payment").await;
    let sure = |id: &str| {
        Some(Judged { value: id.into(), confidence: Confidence::from_probability(0.97), evidence: Vec::new() })
    };
    let model =
        Assessment { assessor: AssessorName::Llm("gpt-test".to_owned()), category: sure("payments"), ..said.clone() };
    let chain = Chain::of_local(&local).with_model(Arc::new(Says(model)));
    let asked = |likeness| {
        let similarity = Confidence::from_probability(likeness);
        let similar = vec![SimilarTicket { ticket: TicketId::new(7), similarity }];
        chain.assess(AssessRequest { similar, ..request("Customer paid twice, refund one payment") })
    };
    let category = |made: &Assessment| made.category.clone().map(|judged| judged.value.to_string());
    // A person corrected it to `api`.
    local.decided(TicketId::new(7), Some("api".into()));
    let corrected = asked(0.95).await;
    assert_eq!(category(&corrected).as_deref(), Some("api"));
    assert!(corrected.category.as_ref().unwrap().confidence.percent() < 50);
    assert!(corrected.warnings.iter().any(|warning| warning.contains("gpt-test it is Payments")), "{corrected:?}");
    // Of a request that is only a little alike people have said nothing.
    assert_eq!(category(&asked(0.3).await).as_deref(), Some("payments"));
    local.decided(TicketId::new(7), None);
    let doubted = asked(0.95).await;
    assert!(doubted.category.as_ref().unwrap().confidence.percent() < 50, "{doubted:?}");
    assert!(doubted.warnings.iter().any(|warning| warning.contains("which was no ticket")), "{doubted:?}");
}

#[tokio::test]
async fn assessing_twice_gives_the_same_bytes() {
    let (first, second) = (local(&demo_categories()), local(&demo_categories()));
    for text in ["refund of a webhook login", "How do I export?", "", "prod down!!"] {
        let bytes = |assessment: &Assessment| serde_json::to_vec(assessment).unwrap();
        assert_eq!(bytes(&assess(&first, text).await), bytes(&assess(&second, text).await), "{text}");
    }
}

#[test]
fn labelled_examples_must_name_the_policy_s_categories() {
    let categories = demo_categories();
    let labelled = |label: &str| vec![Example { text: "printer on fire".to_owned(), label: label.to_owned() }];
    let config = AssessorConfig::default();
    assert!(Chain::local(&config, &categories, labelled("login")).is_ok());
    let refused = Chain::local(&config, &categories, labelled("printers")).unwrap_err();
    assert!(refused.to_string().contains("`printers`") && refused.to_string().contains("payments, login"), "{refused}");
    let many = labelled("login").into_iter().cycle().take(60_000).collect();
    let refused = Chain::local(&config, &categories, many).unwrap_err();
    assert!(matches!(refused, AssessorConfigError::Training(TrainingError::TooMany { .. })));
}
