//! Two readings of one request, a model's and our own, made one. Where they agree, both are surer; where they don't, neither is,
//! and whoever reads the card is told of both.
//!
//! What people decided about nearly the same request stands against a model that says otherwise, and a person is asked again.
//!
//! Our own reading can't be talked into anything. A request that persuades a model of another category or urgency therefore ends
//! as a disagreement, and so with a person.

use deskbell_domain::assessment::{Assessment, Confidence, Judged, Urgency};
use deskbell_domain::ids::{CategoryId, SquadId};
use deskbell_judgement::precedents::Precedent;

/// Of the doubt that the surer of two leaves, agreement takes away this part of what the other is sure of.
const AGREEMENT: f64 = 0.6;
/// Nothing that is disputed is likelier than not: what is decided at half a certainty or more by itself goes to a person.
const DISPUTED_MAX: f64 = 0.49;
/// What a model says alone is no surer than this: whoever lets rules act by themselves asks for more.
const ALONE_MAX: f64 = 0.75;
/// Evidence that is kept.
const EVIDENCE_MAX: usize = 6;

/// What the other one is called on the card.
#[derive(Debug, Clone, Copy)]
pub struct Voices<'a> {
    /// The model.
    pub model: &'a str,
    /// Whoever read the request besides.
    pub own: &'a str,
}

/// Makes one of the two. `model` is the model's, `own` that of the local model or the keywords; `settled` is what people decided
/// about nearly the same request.
pub fn combined(
    model: Assessment,
    own: Assessment,
    voices: Voices<'_>,
    settled: Option<&Precedent>,
    name_of: impl Fn(&CategoryId) -> String,
) -> Assessment {
    let mut disputes = Vec::new();
    let stated = model.stated.clone();
    let urgency = urgency(&model.urgency, &own.urgency, voices, &mut disputes);
    let sentiment = same_or_doubted(model.sentiment.clone(), &own.sentiment);
    let complexity = match (&model.complexity, &own.complexity) {
        (Some(one), Some(other)) => Some(same_or_doubted(one.clone(), other)),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let request = match (&model.request, &own.request) {
        (Some(one), Some(other)) => Some(same_or_doubted(one.clone(), other)),
        (one, other) => one.clone().or_else(|| other.clone()),
    };
    let Named { category, by_model } = match settled {
        Some(settled) => category_beside(settled, &model, &own, voices, name_of, &mut disputes),
        None => category(&model, &own, voices, name_of, &mut disputes),
    };
    let (named, other) = if by_model { (model, own) } else { (own, model) };
    let squad = squad(&named, category.as_ref());
    let told = if by_model { &named } else { &other };
    let (summary, summary_confidence) = (told.summary.clone(), told.summary_confidence);
    let mut warnings = named.warnings;
    warnings.extend(other.warnings);
    warnings.extend(disputes);
    Assessment {
        assessor: named.assessor,
        category,
        area: named.area,
        squad,
        urgency,
        sentiment,
        sentiment_trend: named.sentiment_trend.or(other.sentiment_trend),
        complexity,
        request,
        language: named.language,
        language_confidence: named.language_confidence,
        summary,
        summary_confidence,
        similar: named.similar,
        stated,
        warnings,
    }
}

/// The category that stands, and whose it is.
struct Named {
    category: Option<Judged<CategoryId>>,
    by_model: bool,
}

fn category(
    model: &Assessment,
    own: &Assessment,
    voices: Voices<'_>,
    name_of: impl Fn(&CategoryId) -> String,
    disputes: &mut Vec<String>,
) -> Named {
    let (one, other) = match (&model.category, &own.category) {
        (Some(one), Some(other)) => (one, other),
        // Nobody says anything against it, but nobody else says it: a text may have persuaded the model.
        (Some(one), None) => {
            disputes.push(format!("only {} says so", voices.model));
            let least = one.confidence.min(Confidence::from_probability(ALONE_MAX));
            return Named { category: Some(Judged { confidence: least, ..one.clone() }), by_model: true };
        }
        (None, None) => return Named { category: None, by_model: true },
        (None, Some(other)) => {
            disputes.push(format!("{} finds no category that fits", voices.model));
            return Named { category: Some(disputed(other.clone(), 0.5)), by_model: false };
        }
    };
    let (sure, against) = (one.confidence.probability(), other.confidence.probability());
    if one.value == other.value {
        let mut judged = one.clone();
        judged.confidence = agreed(sure, against);
        judged.evidence.extend(other.evidence.iter().cloned());
        judged.evidence.dedup();
        judged.evidence.truncate(EVIDENCE_MAX);
        return Named { category: Some(judged), by_model: true };
    }
    let by_model = sure >= against;
    let (stands, voice, loses, rival) =
        if by_model { (one, voices.own, other, against) } else { (other, voices.model, one, sure) };
    disputes.push(format!("according to {voice} it is {} ({} %)", name_of(&loses.value), loses.confidence.percent()));
    Named { category: Some(disputed(stands.clone(), rival)), by_model }
}

/// People's word stands, whatever a model says: one that says otherwise leaves it in doubt, so that a person is asked.
fn category_beside(
    settled: &Precedent,
    model: &Assessment,
    own: &Assessment,
    voices: Voices<'_>,
    name_of: impl Fn(&CategoryId) -> String,
    disputes: &mut Vec<String>,
) -> Named {
    let Some(decided) = &settled.category else {
        // It was no ticket: our own reading says so on the card, and agreement about a category takes nothing of that away.
        let named = category(model, own, voices, name_of, disputes);
        let category = named.category.map(|judged| disputed(judged, settled.probability));
        return Named { category, ..named };
    };
    // Somebody else than the local model read the request: it broke off.
    let Some(by_people) = own.category.as_ref().filter(|judged| judged.value == *decided) else {
        return category(model, own, voices, name_of, disputes);
    };
    match &model.category {
        Some(said) if said.value != *decided => {
            let (name, sure) = (name_of(&said.value), said.confidence);
            disputes.push(format!("according to {} it is {name} ({} %)", voices.model, sure.percent()));
            Named { category: Some(disputed(by_people.clone(), sure.probability())), by_model: false }
        }
        _ => category(model, own, voices, name_of, disputes),
    }
}

/// Both say so.
fn agreed(one: f64, other: f64) -> Confidence {
    let (most, least) = (one.max(other), one.min(other));
    Confidence::from_probability(most + (1.0 - most) * least * AGREEMENT)
}

/// One says so, and somebody who is that sure says otherwise: at most one of them is right, maybe neither.
fn disputed<T>(judged: Judged<T>, rival: f64) -> Judged<T> {
    let sure = judged.confidence.probability();
    let (it, other, neither) = (sure * (1.0 - rival), rival * (1.0 - sure), (1.0 - sure) * (1.0 - rival));
    let all = it + other + neither;
    let left = if all > 0.0 { it / all } else { 0.0 };
    Judged { confidence: Confidence::from_probability(left.min(DISPUTED_MAX)), ..judged }
}

fn same_or_doubted<T: PartialEq>(model: Judged<T>, own: &Judged<T>) -> Judged<T> {
    let (sure, other) = (model.confidence.probability(), own.confidence.probability());
    let same = model.value == own.value;
    let evidence = if same { own.evidence.clone() } else { model.evidence };
    let confidence = if same { agreed(sure, other) } else { Confidence::from_probability(sure * (1.0 - other / 2.0)) };
    Judged { value: model.value, confidence, evidence }
}

/// Words of hurry, or of calm, that stand in the request weigh against a model that reads it quite otherwise: then the worse of the
/// two is taken, without certainty.
fn urgency(
    model: &Judged<Urgency>,
    own: &Judged<Urgency>,
    voices: Voices<'_>,
    disputes: &mut Vec<String>,
) -> Judged<Urgency> {
    let apart = (model.value as i8 - own.value as i8).abs();
    if own.evidence.is_empty() && model.value != own.value {
        // Without such words our own reading is "normal" for want of anything else.
        return model.clone();
    }
    if apart < 2 {
        return same_or_doubted(model.clone(), own);
    }
    let (worse, voice, milder) =
        if model.value > own.value { (model, "the words", own) } else { (own, voices.model, model) };
    disputes.push(format!("according to {voice} it is {}, not {}", milder.value.as_str(), worse.value.as_str()));
    disputed(worse.clone(), milder.confidence.probability())
}

fn squad(named: &Assessment, category: Option<&Judged<CategoryId>>) -> Option<Judged<SquadId>> {
    named.squad.clone().zip(category).map(|(squad, category)| Judged {
        confidence: category.confidence,
        evidence: category.evidence.clone(),
        ..squad
    })
}

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::{AssessorName, Complexity, Sentiment, Stated};
    use proptest::prelude::*;

    use super::*;

    const VOICES: Voices<'_> = Voices { model: "m-1", own: "the local model" };

    fn judged<T>(value: T, probability: f64) -> Judged<T> {
        Judged { value, confidence: Confidence::from_probability(probability), evidence: Vec::new() }
    }

    fn reading(assessor: AssessorName, category: Option<(&str, f64)>) -> Assessment {
        let squad = category.map(|(id, sure)| judged(SquadId::new(format!("{id}-squad")), sure));
        Assessment {
            assessor,
            area: category.map(|(id, _)| format!("{id}-area")).unwrap_or_default(),
            category: category.map(|(id, sure)| judged(CategoryId::new(id), sure)),
            squad,
            ..Assessment::missing("")
        }
    }

    fn model(category: Option<(&str, f64)>) -> Assessment {
        let said = Assessment {
            summary: "The model's.".to_owned(),
            warnings: Vec::new(),
            ..reading(AssessorName::Llm("m-1".to_owned()), category)
        };
        Assessment { complexity: Some(judged(Complexity::Answerable, 0.7)), ..said }
    }

    fn own(category: Option<(&str, f64)>) -> Assessment {
        Assessment { summary: "Our own.".to_owned(), warnings: Vec::new(), ..reading(AssessorName::Local, category) }
    }

    fn both(one: Option<(&str, f64)>, other: Option<(&str, f64)>) -> (Option<(String, u16)>, Assessment) {
        beside(None, one, other)
    }

    fn beside(
        settled: Option<&Precedent>,
        one: Option<(&str, f64)>,
        other: Option<(&str, f64)>,
    ) -> (Option<(String, u16)>, Assessment) {
        let made = combined(model(one), own(other), VOICES, settled, |id| id.as_str().to_uppercase());
        let shown = made.category.as_ref().map(|judged| (judged.value.to_string(), judged.confidence.percent()));
        (shown, made)
    }

    #[test]
    fn what_the_model_stated_is_kept_whoever_stands() {
        let confidence = Confidence::from_probability(0.9);
        let stated = Stated { model: "m-1".to_owned(), category: CategoryId::new("login"), confidence };
        for own_says in [Some(("login", 0.8)), Some(("payments", 0.95)), None] {
            let said = Assessment { stated: Some(stated.clone()), ..model(Some(("login", 0.77))) };
            let made = combined(said, own(own_says), VOICES, None, ToString::to_string);
            assert_eq!(made.stated.as_ref(), Some(&stated), "{own_says:?}");
        }
    }

    #[test]
    fn agreement_makes_both_surer() {
        let (category, made) = both(Some(("login", 0.7)), Some(("login", 0.8)));
        assert_eq!(category, Some(("login".to_owned(), 88)));
        assert_eq!((made.warnings.len(), made.assessor), (0, AssessorName::Llm("m-1".to_owned())));
        assert_eq!(made.squad.unwrap().confidence.percent(), 88);
        assert_eq!(made.summary, "The model's.");
        assert_eq!(made.complexity.unwrap().value, Complexity::Answerable);
    }

    #[test]
    fn disagreement_asks_a_person_and_tells_both() {
        let (category, made) = both(Some(("login", 0.97)), Some(("payments", 0.8)));
        assert_eq!(category, Some(("login".to_owned(), 49)));
        assert_eq!(made.warnings, ["according to the local model it is PAYMENTS (80 %)"]);
        let (category, made) = both(Some(("login", 0.6)), Some(("payments", 0.9)));
        assert_eq!(category, Some(("payments".to_owned(), 49)));
        assert_eq!(made.warnings, ["according to m-1 it is LOGIN (60 %)"]);
        assert_eq!((made.assessor, made.area.as_str()), (AssessorName::Local, "payments-area"));
        assert_eq!(made.summary, "The model's.", "the summary is the model's all the same");
    }

    fn decided(category: Option<&str>) -> Precedent {
        let category = category.map(CategoryId::new);
        Precedent { category, probability: 0.64, likeness: 0.9, tickets: Vec::new() }
    }

    #[test]
    fn a_model_does_not_outvote_what_people_decided_about_the_same() {
        let (category, made) =
            beside(Some(&decided(Some("payments"))), Some(("login", 0.97)), Some(("payments", 0.51)));
        assert!(category.is_some_and(|(id, sure)| id == "payments" && sure < 50));
        assert_eq!(made.warnings, ["according to m-1 it is LOGIN (97 %)"]);
        assert_eq!((made.assessor, made.area.as_str()), (AssessorName::Local, "payments-area"));
        let (category, _) = beside(Some(&decided(Some("login"))), Some(("login", 0.9)), Some(("login", 0.6)));
        assert!(category.unwrap().1 > 90, "where it agrees, both are surer");
        let (category, _) = beside(Some(&decided(Some("payments"))), None, Some(("payments", 0.6)));
        assert!(category.is_some_and(|(id, sure)| id == "payments" && sure < 50));
    }

    #[test]
    fn what_was_no_ticket_stays_in_doubt_though_both_name_a_category() {
        let (category, made) = beside(Some(&decided(None)), Some(("login", 0.95)), Some(("login", 0.8)));
        assert!(category.is_some_and(|(id, sure)| id == "login" && sure < 50), "{made:?}");
    }

    #[test]
    fn one_alone_speaks_for_itself() {
        assert_eq!(both(Some(("login", 0.7)), None).0, Some(("login".to_owned(), 70)));
        assert_eq!(both(None, None).0, None);
        let (category, made) = both(None, Some(("login", 0.9)));
        assert_eq!(category, Some(("login".to_owned(), 49)));
        assert_eq!(made.warnings, ["m-1 finds no category that fits"]);
    }

    #[test]
    fn words_of_hurry_weigh_against_a_model_that_is_told_to_be_calm() {
        let check = |said: (Urgency, f64), heard: (Urgency, f64, &[&str]), expected: (Urgency, u16, usize)| {
            let own =
                Judged { evidence: heard.2.iter().map(ToString::to_string).collect(), ..judged(heard.0, heard.1) };
            let mut disputes = Vec::new();
            let made = urgency(&judged(said.0, said.1), &own, VOICES, &mut disputes);
            assert_eq!((made.value, made.confidence.percent(), disputes.len()), expected, "{said:?} {heard:?}");
        };
        check((Urgency::Low, 0.9), (Urgency::Critical, 0.8, &["is down"]), (Urgency::Critical, 29, 1));
        check((Urgency::Critical, 0.9), (Urgency::Low, 0.75, &["no hurry"]), (Urgency::Critical, 49, 1));
        check((Urgency::Critical, 0.9), (Urgency::Normal, 0.5, &[]), (Urgency::Critical, 90, 0));
        check((Urgency::High, 0.8), (Urgency::High, 0.7, &["blocked"]), (Urgency::High, 88, 0));
        check((Urgency::High, 0.8), (Urgency::Critical, 0.7, &["outage"]), (Urgency::High, 52, 0));
    }

    #[test]
    fn the_tone_is_the_model_s() {
        let negative = judged(Sentiment::Negative, 0.8);
        assert_eq!(same_or_doubted(negative.clone(), &judged(Sentiment::Neutral, 0.5)).value, Sentiment::Negative);
        assert_eq!(same_or_doubted(negative.clone(), &negative).confidence.percent(), 90);
    }

    proptest! {
        #[test]
        fn a_dispute_is_never_likelier_than_not_and_agreement_never_less_sure(one in 0.0..=1.0_f64, other in 0.0..=1.0_f64) {
            let (disputed, _) = both(Some(("a", one)), Some(("b", other)));
            prop_assert!(disputed.unwrap().1 <= 49);
            let (agreed, _) = both(Some(("a", one)), Some(("a", other)));
            let sure = Confidence::from_probability(one.max(other)).percent();
            prop_assert!(agreed.unwrap().1 >= sure);
        }
    }
}
