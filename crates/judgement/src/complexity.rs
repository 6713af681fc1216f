//! Whether what is asked is written somewhere, or a person has to look: questions about how things are done against reports of
//! what went wrong, and wishes that somebody has to grant.
//!
//! Rules give a first view only. Whether the knowledge does answer is what asking it tells.

use deskbell_domain::assessment::{Complexity, Confidence, Judged};

use crate::mrkdwn::plain;
use crate::phrases::find_all;

/// At most so many phrases are shown as evidence.
const EVIDENCE: usize = 4;
/// Where nothing is heard most requests need a person.
const PRIOR: f64 = -0.8;
/// A question mark speaks for a question, a little.
const QUESTION_MARK: f64 = 0.7;
/// A number of an order, an error, a customer is about one case.
const CASE_NUMBER: f64 = -0.9;
/// A long story is seldom a question about how things are done.
const LONG_WORDS: usize = 60;
const LONG: f64 = -0.7;

/// Judges a request.
pub fn judge(text: &str) -> Judged<Complexity> {
    let plain = plain(text);
    let heard = find_all(&plain, LEXICON);
    let weights: f64 = heard.iter().map(|found| f64::from(found.meaning) / 10.0).sum();
    let asks = if plain.contains(['?', '？', '؟']) { QUESTION_MARK } else { 0.0 };
    let case = if names_a_case(&plain) { CASE_NUMBER } else { 0.0 };
    let long = if plain.split_whitespace().count() > LONG_WORDS { LONG } else { 0.0 };
    let answerable = 1.0 / (1.0 + (-(PRIOR + weights + asks + case + long)).exp());
    let value = if answerable >= 0.5 { Complexity::Answerable } else { Complexity::NeedsPerson };
    let speaks_for = |weight: i32| (weight > 0) == (value == Complexity::Answerable);
    let mut evidence: Vec<String> =
        heard.into_iter().filter(|found| speaks_for(found.meaning)).map(|found| found.words).collect();
    evidence.dedup();
    evidence.truncate(EVIDENCE);
    Judged { value, confidence: Confidence::from_probability(answerable.max(1.0 - answerable)), evidence }
}

/// A number of three digits or more: an order, an error, a customer. Years are none.
fn names_a_case(plain: &str) -> bool {
    let numbers = plain.split(|letter: char| !letter.is_ascii_digit());
    numbers.filter(|number| number.len() >= 3).any(|number| !matches!(number.parse::<u32>(), Ok(1990..=2099)))
}

/// Patterns as in [`crate::phrases`], each with the weight in tenths by which it speaks for an answer that is written somewhere.
const LEXICON: &[(i32, &[&str])] = &[
    (
        26,
        &[
            // English
            "how do|can|should|could|to i|we|you|one|someone|somebody",
            "how to",
            "how does|do|is|are",
            "how long|often|much|many",
            "where do|can|is|are|does",
            "what is|are|does the|a|an|our|your",
            "what|which steps|version|browsers|formats|plan|plans|limits",
            "is|are there a|any",
            "is it possible",
            "can i|we|you|customers|users _ use|see|find|change|set|export|import|get|add|invite|connect|download|turn|enable",
            "do you|we|they support|offer|have|accept|allow",
            "does it|the|your|our",
            "when do|does|is|are|will",
            "who can|may|should|is",
            "what happens",
            "difference between",
            // German
            "wie kann|konnen|muss|lange|oft|viel|viele|richte|geht|funktioniert|erstelle|bekomme|andere",
            "wo finde|kann|ist|sind|steht|bekomme",
            "was ist|sind|kostet|passiert",
            "gibt es",
            "kann man",
            "ist es moglich",
            "welche*",
            "wann ist|wird|kommt",
            // French
            "comment puis|peut|faire|on|je|fonctionne|changer|obtenir|configurer",
            "ou est|puis|trouver|peut|se",
            "combien de|coute",
            "est ce que|qu",
            "quel|quelle|quels|quelles est|sont",
            "y a t il",
            // Spanish
            "como puedo|podemos|se|funciona|hago|cambio|configuro|obtengo",
            "donde puedo|esta|estan|encuentro|se",
            "cuanto|cuantos|cuanta|cuantas",
            "cual|cuales es|son",
            "es posible",
            // Italian
            "come posso|si|faccio|funziona|cambio|configuro",
            "dove posso|trovo|si|e",
            "quanto|quanti|quante",
            "qual|quali e|sono",
        ],
    ),
    (
        14,
        &[
            "documentation|docs|guide|manual|instructions|tutorial|faq|policy|handbook|howto",
            "explain|clarify|wondering|curious",
            "anleitung|dokumentation|handbuch|richtlinie",
            "documentacion|guia|instrucciones",
            "istruzioni|documentazione|guida",
        ],
    ),
    (
        -24,
        &[
            // English
            "fail*",
            "error|errors|crash*|broken|bug|outage|down|stuck|frozen|hangs|timeout|timed out",
            "not|doesnt|dont|cant|cannot|wont|isnt|stopped|never _ work*|load*|arriv*|open*|respond*|receiv*|appear*|log",
            "doesnt|isnt|wasnt|wont|cant|cannot|didnt",
            "charged|billed twice|wrong|again|wrongly",
            "is|was|are|were|went|got missing|wrong|lost|locked|blocked|gone|empty|refused|rejected|declined",
            "please|pls|can|could you|somebody|someone _ fix|look|check|reset|unlock|restore|refund|cancel|delete|approve|grant|call|send",
            "urgent|asap|emergency|immediately",
            "hacked|phishing|breach|leaked|stolen",
            // German
            "fehler|fehlermeldung|kaputt|abgesturzt|gesperrt|ausgefallen|storung",
            "funktioniert|geht|ladt|lauft|kommt _ nicht",
            "kann|konnen|komme mich|nicht|ich|wir _ nicht",
            // French
            "erreur|panne|bloque|bloquee|plante",
            "ne fonctionne|marche|charge|repond|peux|peut _ pas|plus",
            // Spanish
            "fallo|falla|caido|bloqueado|bloqueada",
            "no funciona|carga|puedo|podemos|responde|llega",
            // Italian
            "errore|guasto|bloccato|bloccata",
            "non funziona|carica|posso|riesco|risponde|arriva",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWERABLE: &[&str] = &[
        "How long does a refund take?",
        "how do I reset my VPN token",
        "Where can I find the invoices of last year?",
        "What is the rate limit of the API?",
        "Is there a way to export all tickets as CSV?",
        "Do you support SSO with Okta?",
        "Can we use webhooks with the free plan?",
        "What happens when my trial ends?",
        "Which browsers are supported?",
        "Who can approve expenses above the limit?",
        "Is it possible to change the language of the app?",
        "hi team, quick one: how to add a second admin?",
        "when does the office close on Fridays?",
        "Could somebody explain the difference between roles and groups?",
        "Wie kann ich mein Passwort ändern?",
        "Wo finde ich die Anleitung für den Drucker?",
        "Gibt es eine Frist für Reisekosten?",
        "Comment puis-je changer mon adresse e-mail ?",
        "¿Cómo puedo cambiar mi contraseña?",
        "Come posso esportare i dati?",
    ];

    const NEEDS_PERSON: &[&str] = &[
        "The payment failed with error 402",
        "The refund of order 4711 is missing",
        "Nobody can log in with SSO",
        "The API answers 500 on every call",
        "My laptop is broken, it does not start any more",
        "I was charged twice for invoice 88123, please refund it",
        "Please unlock my account",
        "Our production database is down",
        "why did the export fail last night? it says error 1042",
        "I can't open the shared drive",
        "My badge was stolen",
        "The password reset mail never arrives",
        "Can you reset my 2FA please, I lost my phone?",
        "The new colleague needs access to the CRM from Monday",
        "Webhooks time out since this morning",
        "Der Drucker geht nicht, er zeigt eine Fehlermeldung",
        "Ich kann mich nicht anmelden",
        "Le site ne fonctionne plus",
        "La aplicación no funciona desde ayer",
        "Il portale non carica, errore 503",
    ];

    #[test]
    fn questions_about_how_things_are_done_are_told_from_what_went_wrong() {
        let wrong: Vec<&str> = ANSWERABLE
            .iter()
            .filter(|text| judge(text).value != Complexity::Answerable)
            .chain(NEEDS_PERSON.iter().filter(|text| judge(text).value != Complexity::NeedsPerson))
            .copied()
            .collect();
        assert_eq!(wrong, Vec::<&str>::new());
    }

    #[test]
    fn what_weighed_is_shown_and_nothing_heard_is_unsure() {
        let judged = judge("How long does a refund take?");
        assert!(judged.confidence.probability() > 0.8, "{judged:?}");
        assert_eq!(judged.evidence, ["how long"]);
        let unsure = judge("second monitor");
        assert_eq!((unsure.value, unsure.evidence.len()), (Complexity::NeedsPerson, 0));
        assert!(unsure.confidence.probability() < 0.75);
        assert_eq!(judge("").value, Complexity::NeedsPerson);
    }

    #[test]
    fn a_year_is_no_case() {
        assert!(names_a_case("order 4711") && names_a_case("ERR1042"));
        assert!(!names_a_case("the plan for 2026") && !names_a_case("2FA and 24x7"));
    }
}
