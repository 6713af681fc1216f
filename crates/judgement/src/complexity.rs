//! What it takes to answer: what is written down somewhere, or a person who looks, decides or changes something. Judged from
//! the words alone, by a learned model ([`crate::intent`]) that is told what a lexicon finds; whether anything is written down about it
//! the knowledge base knows.

use deskbell_domain::assessment::{Complexity, Confidence, Judged};

use crate::intent::{Model, SIGNS};
use crate::mrkdwn::{Piece, pieces, plain};
use crate::phrases::{Found, find_all};
use crate::text::words;

/// At most so many phrases are shown as evidence.
const EVIDENCE: usize = 4;
const LEARNED: &[u8] = include_bytes!("complexity/model.bin");

/// Judges whether knowledge answers a request or a person must.
pub fn judge(text: &str) -> Judged<Complexity> {
    let plain = plain(text);
    let found = found(&plain);
    let told = Model::read(LEARNED).map(|model| model.tell(&plain, &signs_of(text, &plain, &found)));
    let (for_a_person, words) = told.map_or((0.5, Vec::new()), |told| (told.yes, told.evidence));
    let value = if for_a_person < 0.5 { Complexity::Answerable } else { Complexity::NeedsPerson };
    let probability = for_a_person.max(1.0 - for_a_person);
    Judged { value, confidence: Confidence::from_probability(probability), evidence: evidence(&found, value, words) }
}

/// What rules find in a text, for [`crate::intent`].
pub fn signs(text: &str) -> [f64; SIGNS] {
    let plain = plain(text);
    signs_of(text, &plain, &found(&plain))
}

fn found(plain: &str) -> Vec<Found<i32>> {
    let all = find_all(plain, LEXICON);
    all.into_iter().filter(|found| !found.negated || found.meaning < 0).collect()
}

#[allow(clippy::cast_precision_loss)]
fn signs_of(text: &str, plain: &str, found: &[Found<i32>]) -> [f64; SIGNS] {
    let flag = |is_so: bool| f64::from(u8::from(is_so));
    let sum = |side: i32| found.iter().map(|found| (found.meaning * side).max(0)).sum::<i32>().min(12);
    let shows_code =
        pieces(text).iter().any(|piece| matches!(piece, Piece::CodeBlock(code) if !code.trim().is_empty()));
    [
        f64::from(sum(1)) / 4.0,
        f64::from(sum(-1)) / 4.0,
        flag(plain.contains('?')),
        flag(plain.trim_end().ends_with('?')),
        flag(shows_code),
        flag(plain.contains(|letter: char| letter.is_ascii_digit())),
        (words(plain).len() as f64 + 1.0).ln() / 2.0,
        flag(plain.trim().is_empty()),
    ]
}

/// Phrases that people know first, then what else weighed.
fn evidence(found: &[Found<i32>], value: Complexity, words: Vec<String>) -> Vec<String> {
    let speaks = |weight: i32| if value == Complexity::Answerable { weight < 0 } else { weight > 0 };
    let mut phrases: Vec<&Found<i32>> = found.iter().filter(|found| speaks(found.meaning)).collect();
    phrases.sort_by_key(|found| std::cmp::Reverse(found.meaning.abs()));
    let mut evidence: Vec<String> = Vec::new();
    for said in phrases.into_iter().map(|found| found.words.clone()).chain(words) {
        if !evidence.contains(&said) {
            evidence.push(said);
        }
    }
    evidence.truncate(EVIDENCE);
    evidence
}

/// Weights, positive for a person; patterns as in [`crate::phrases`].
const LEXICON: &[(i32, &[&str])] = &[
    (
        -4,
        &[
            "how do|can|could|would|should|does|to i|we|you|one|they|someone|somebody",
            "how do|can|does",
            "how to",
            "how many|much|long|often|far",
            "how is|are|does|do",
            "where do|can|could|should i|we|you",
            "where is|are",
            "what is|are|does the|a|an|your",
            "whats the",
            "what does",
            "what happens if|when",
            "what counts as",
            "which plan|version|versions|browsers|formats|countries|currencies|permissions|roles|regions|fields|languages",
            "is it possible",
            "is there a|an|any way|guide|option|setting|limit|api|endpoint|documentation|page|tutorial|list|template|policy",
            "is there",
            "are there any|some",
            "do you|we support|offer|have|accept|provide",
            "does _ support",
            "do _ support",
            "can i|we|one|users|admins|people",
            "could i|we",
            "am i|are we allowed",
            "difference between",
            "looking for documentation|docs|information|instructions|guidance",
            "point me",
            "link to the",
            "step by step",
            "best practice*",
            "recommended way",
            "documentation|docs|guide|tutorial|manual|instructions|faq|article",
            "wie kann|konnen|mache|machen|bekomme|richte|andere|exportiere|importiere|finde|lade|erstelle ich|wir|man",
            "wie kann|mache|geht|funktioniert|lange|viele|oft|hoch",
            "wo finde|kann|steht|stelle|sehe",
            "was ist|bedeutet|kostet|passiert",
            "gibt es",
            "ist es moglich",
            "unterstutzt ihr|sie",
            "welche",
            "unterschied zwischen",
            "anleitung|dokumentation",
            "comment faire|puis|peut|activer|changer|exporter|ajouter|configurer|on",
            "comment",
            "ou puis|trouver|trouve|est",
            "quelle|quel|quels|quelles est|sont",
            "est il possible",
            "y a t il",
            "quelle est la difference",
            "como puedo|podemos|hago|hacemos|se|funciona|posso|faco|fazer|configuro|cambio|exporto",
            "como",
            "donde puedo|encuentro|esta",
            "cual es",
            "es posible",
            "hay alguna|algun",
            "onde encontro|posso|fica",
            "qual e",
            "e possivel",
            "come posso|si|faccio|funziona",
            "dove trovo|posso",
            "e possibile",
            "qual e",
            "hoe kan|moet",
            "waar vind|kan",
        ],
    ),
    (-1, &["what|which|how|where|whether|when", "question|frage|pregunta|domanda|pergunta", "wondering|curious"]),
    (
        2,
        &[
            "error*|fehler|erreur|errore|erro",
            "fail*",
            "crash*",
            "broken|broke|kaputt|rotto|roto|casse",
            "down|offline|unreachable",
            "doesnt|does|do|dont|didnt|isnt|wont not work|load|open|sync|send|arrive|start",
            "doesnt|dont|wont|isnt|didnt|stopped work|working|load|loading|open|arrive|start|sync",
            "not working|loading|arriving|receiving|syncing|received|arrived",
            "cannot|cant|unable",
            "missing|lost|disappeared|vanished|gone|stuck|wrong|incorrect|duplicate*|twice|delayed",
            "timeout*|timed out|times out",
            "geht nicht|funktioniert nicht|klappt nicht",
            "kann|konnen _ nicht",
            "marche|fonctionne pas|plus",
            "no funciona|carga|llega",
            "nao funciona|consigo|carrega",
            "non funziona|riesco",
            "werkt niet",
            "still|again|since",
            "our|my account|invoice|order|subscription|tenant|workspace|contract|card|payment|laptop|phone",
            "affected|impacted|broken|hindered",
        ],
    ),
    (
        3,
        &[
            "please|pls|plz|kindly reset|refund|add|remove|delete|create|change|grant|unlock|approve|cancel|increase|restore|update|check|investigate|look|fix|give|extend|enable|disable|activate|transfer|merge|assign|resend|send|confirm|correct|set|rotate|revoke|replace|order|install|provision|book",
            "can|could|would you|someone|somebody|anyone reset|refund|add|remove|delete|create|change|grant|unlock|approve|cancel|increase|restore|update|check|investigate|look|fix|give|extend|enable|disable|activate|transfer|merge|assign|resend|send|confirm|correct|set|rotate|revoke|replace|order|install|provision|call|have",
            "can|could|would you please",
            "need|needs access|a refund|someone|somebody|a new|to be",
            "i|we would like a refund",
            "refund*",
            "charged|billed|paid twice",
            "hacked|compromised|phishing|breach|leaked|stolen|fraud*|ransomware",
            "locked out",
            "escalat*|complain*|lawyer|legal|cancel our|cancel my|contract",
            "nobody|no one|everyone|everybody|all users|all customers",
            "bitte _ zurucksetzen|freischalten|loschen|andern|prufen|stornieren|erstatten|anlegen|sperren|entsperren",
            "konnen|konnten|kannst|konntet sie|du|ihr|jemand",
            "pouvez|pourriez|peux vous|tu",
            "merci de",
            "podria*|pueden|puedes|puede",
            "por favor",
            "podem|poderia*|pode",
            "potete|potreste|puoi",
            "approve|approval|sign off|quote|discount",
            "call me|ring me|phone me",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::Complexity::{self, Answerable, NeedsPerson};
    use proptest::prelude::*;

    use super::judge;

    fn check(expected: Complexity, texts: &[&str]) {
        for text in texts {
            let judged = judge(text);
            assert_eq!(judged.value, expected, "{text}: {judged:?}");
        }
    }

    #[test]
    fn questions_about_how_things_are_need_no_person() {
        check(
            Answerable,
            &[
                "How do I export all transactions as CSV?",
                "what is the rate limit of the search API",
                "Where can I find our VAT id on the invoice?",
                "Do you support SAML with Okta?",
                "Is there a way to schedule reports weekly?",
                "Wie kann ich mein Passwort ändern?",
                "Où puis-je trouver la documentation de l'API ?",
                "¿Cómo puedo cambiar el idioma?",
                "Come posso aggiungere un utente?",
            ],
        );
    }

    #[test]
    fn faults_and_wishes_for_deeds_need_one() {
        check(
            NeedsPerson,
            &[
                "Please reset the second factor of anna@example.com",
                "The nightly export fails with error 502 since Monday",
                "We were charged twice for invoice 4411",
                "I think our admin account was hacked",
                "Could you refund order 77?",
                "Bitte das Konto von Frau Lehmann entsperren",
                "Le paiement ne marche pas",
                "nobody can log in",
                "VPN",
                "",
            ],
        );
    }

    #[test]
    fn evidence_speaks_for_what_is_said() {
        let judged = judge("How do I export the report?");
        assert_eq!(judged.evidence.first().map(String::as_str), Some("how do i"));
        assert!(judged.confidence > judge("export report?").confidence);
    }

    proptest! {
        #[test]
        fn any_text_is_judged_the_same_twice(text in "\\PC{0,160}") {
            prop_assert_eq!(judge(&text), judge(&text));
        }
    }
}
