use std::sync::Arc;

use deskbell_domain::assessment::{Assessment, AssessorName, Confidence, SimilarTicket};
use deskbell_domain::ids::{CategoryId, TicketId};
use deskbell_domain::policy::{Category, Policy};

use super::{LocalAssessor, Taught};
use crate::assessor::config::AssessorConfig;
use crate::assessor::{AssessRequest, Assessor};

fn categories() -> Vec<Category> {
    Policy::load(include_str!("../../../demo/policy.toml")).unwrap().categories
}

fn local() -> LocalAssessor {
    LocalAssessor::prepare(&AssessorConfig::default(), &categories(), Vec::new()).unwrap()
}

/// Assessed where these earlier tickets read alike.
async fn assess(local: &LocalAssessor, text: &str, alike: &[(u64, f64)]) -> Assessment {
    let similar = alike.iter().map(|(number, likeness)| SimilarTicket {
        ticket: TicketId::new(*number),
        similarity: Confidence::from_probability(*likeness),
    });
    let request = AssessRequest {
        workspace: "T1".into(),
        ticket: TicketId::new(99),
        text: text.to_owned(),
        similar: similar.collect(),
        people: Vec::new(),
    };
    local.assess(Arc::new(request)).await.unwrap()
}

fn said(assessment: &Assessment) -> Option<(String, u16)> {
    assessment.category.as_ref().map(|judged| (judged.value.to_string(), judged.confidence.percent()))
}

const REFUND: &str = "Customer paid twice for the same order, can we refund one payment?";

#[tokio::test]
async fn what_people_decided_comes_before_what_the_model_says() {
    let local = local();
    let (before, sure) = said(&assess(&local, REFUND, &[(1, 0.9)]).await).unwrap();
    assert_eq!(before, "payments");
    local.decided(TicketId::new(1), Some(CategoryId::from("api")));
    let corrected = assess(&local, REFUND, &[(1, 0.9)]).await;
    assert_eq!(said(&corrected), Some(("api".to_owned(), 51)), "less sure, since the words say another thing");
    assert_eq!(corrected.category.as_ref().unwrap().evidence, ["DB-1"]);
    assert_eq!((corrected.area.as_str(), &corrected.assessor), ("api", &AssessorName::Local));
    // Nothing alike, nothing corrected.
    assert_eq!(said(&assess(&local, REFUND, &[]).await), Some((before.clone(), sure)));

    local.decided(TicketId::new(1), Some(CategoryId::from("payments")));
    let agreed = said(&assess(&local, REFUND, &[(1, 0.9)]).await).unwrap();
    assert!(agreed.0 == "payments" && agreed.1 > sure, "{agreed:?} {sure}");
    local.undecided(TicketId::new(1));
    assert_eq!(said(&assess(&local, REFUND, &[(1, 0.9)]).await), Some((before, sure)));
}

#[tokio::test]
async fn what_was_no_ticket_warns_and_lowers_certainty() {
    let local = local();
    let (_, sure) = said(&assess(&local, REFUND, &[]).await).unwrap();
    local.decided(TicketId::new(4), None);
    let warned = assess(&local, REFUND, &[(4, 0.8)]).await;
    assert_eq!(warned.warnings, ["reads like DB-4, which was no ticket"]);
    assert!(said(&warned).unwrap().1 < sure);
    // A category that the policy no longer has is nobody's precedent.
    local.remember_precedents([(TicketId::new(4), Some(CategoryId::from("faxes")))]);
    assert_eq!(said(&assess(&local, REFUND, &[(4, 0.9)]).await).unwrap().1, sure);
}

#[tokio::test]
async fn a_model_that_was_taken_over_answers_and_can_be_made_again() {
    let local = local();
    let text = "The franking machine in the mail room prints zeroes";
    let before = said(&assess(&local, text, &[]).await);
    let taught: Vec<Taught> = (0..6)
        .map(|room| Taught {
            text: format!("The franking machine of room {room} prints zeroes again"),
            category: Some(CategoryId::from("data-export")),
        })
        .chain([Taught { text: "lunch?".to_owned(), category: None }])
        .chain([Taught { text: "a fax came".to_owned(), category: Some(CategoryId::from("faxes")) }])
        .collect();
    let learned = local.learn(&categories(), &taught).unwrap();
    assert_eq!(said(&assess(&local, text, &[]).await), before, "learning alone changes nothing");
    assert!(!learned.held_out.is_empty() && learned.without_model.is_none());
    local.take_over(learned);
    assert_eq!(said(&assess(&local, text, &[]).await).unwrap().0, "data-export");
    local.take_over(local.learn(&categories(), &[]).unwrap());
    assert_eq!(said(&assess(&local, text, &[]).await), before);
}
