//! The tone of a request, from words of praise and annoyance and their negation. A coarse measure: most
//! requests are matter of fact.

use deskbell_domain::assessment::{Confidence, Judged, Sentiment};

use crate::mrkdwn::{Piece, pieces, plain};
use crate::phrases::{find_all, shouts};

/// At most so many phrases are shown as evidence.
const EVIDENCE: usize = 4;

/// Judges the tone; without words of feeling it is `Neutral` at a little over one half.
pub fn judge(text: &str) -> Judged<Sentiment> {
    let plain = plain(text);
    let mut weight = 0_i32;
    let mut evidence: Vec<(i32, String)> = Vec::new();
    for found in find_all(&plain, LEXICON) {
        let signed = if found.negated { -found.meaning } else { found.meaning };
        // "not terrible" is no praise; "not happy" is a complaint.
        let signed = if found.negated && signed > 0 { 0 } else { signed };
        weight += signed;
        let shown = if found.negated { format!("not {}", found.words) } else { found.words };
        evidence.push((signed, shown));
    }
    for name in emoji(text) {
        let signed = emoji_weight(name);
        weight += signed;
        evidence.push((signed, format!(":{name}:")));
    }
    if shouts(&plain) && weight <= 0 {
        weight -= 2;
        evidence.push((-2, "!!".to_owned()));
    }
    conclude(weight, evidence)
}

fn conclude(weight: i32, evidence: Vec<(i32, String)>) -> Judged<Sentiment> {
    let value = match weight {
        2.. => Sentiment::Positive,
        ..=-2 => Sentiment::Negative,
        _ => Sentiment::Neutral,
    };
    let probability = match weight.abs() {
        1 => 0.5,
        0 | 2 => 0.6,
        3 => 0.7,
        _ => 0.8,
    };
    let speaking = evidence.into_iter().filter(|(signed, _)| signed.signum() == weight.signum() && *signed != 0);
    let mut evidence: Vec<String> = speaking.map(|(_, words)| words).collect();
    evidence.truncate(EVIDENCE);
    if value == Sentiment::Neutral {
        evidence.clear();
    }
    Judged { value, confidence: Confidence::from_probability(probability), evidence }
}

fn emoji(text: &str) -> impl Iterator<Item = &str> {
    pieces(text).into_iter().filter_map(|piece| match piece {
        Piece::Emoji(name) => Some(name),
        _ => None,
    })
}

fn emoji_weight(name: &str) -> i32 {
    match name {
        "tada"
        | "heart"
        | "pray"
        | "raised_hands"
        | "clap"
        | "smile"
        | "slightly_smiling_face"
        | "star-struck"
        | "+1" => 1,
        "rage" | "angry" | "face_with_symbols_on_mouth" | "-1" | "middle_finger" => -2,
        "cry" | "sob" | "disappointed" | "unamused" | "face_with_rolling_eyes" | "triumph" | "weary" => -1,
        _ => 0,
    }
}

/// Weights from -3 to 3; patterns as in [`crate::phrases`].
const LEXICON: &[(i32, &[&str])] = &[
    (
        -3,
        &[
            "unacceptable",
            "ridiculous",
            "outrageous",
            "terrible",
            "horrible",
            "awful",
            "disgrace*",
            "pathetic",
            "worst",
            "furious",
            "angry",
            "fed up",
            "sick of",
            "scam",
            "useless",
            "incompetent",
            "a joke",
            "cancel our contract",
            "cancel our subscription",
            "switch to a competitor",
            "lawyer",
            "legal action",
            "unverschamt*",
            "katastrophe",
            "frechheit",
            "inakzeptabel",
            "unmoglich so",
            "inadmissible",
            "inacceptable",
            "honteux",
            "scandaleux",
            "inaceptable",
            "verguenza",
            "pesimo",
            "inaceitavel",
            "vergonha",
            "pessimo",
            "absurdo",
        ],
    ),
    (
        -2,
        &[
            "frustrat*",
            "annoy*",
            "disappoint*",
            "upset",
            "unhappy",
            "dissatisf*",
            "complain*",
            "very bad",
            "really bad",
            "still waiting",
            "still no answer",
            "still no reply",
            "no reply",
            "no response",
            "nobody answers",
            "nobody replies",
            "how many times",
            "third time",
            "again and again",
            "every single time",
            "wasted",
            "waste of time",
            "embarrass*",
            "hate",
            "nightmare",
            "poor service",
            "come on",
            "seriously",
            "argerlich",
            "verargert",
            "enttausch*",
            "frustrier*",
            "schlecht*",
            "genervt",
            "decu*",
            "enerve*",
            "frustre*",
            "mecontent*",
            "decepcion*",
            "molest*",
            "enfadad*",
            "decepcao",
            "decepcionad*",
            "irritad*",
            "chatead*",
            "wtf",
            "damn",
            "ffs",
        ],
    ),
    (
        -1,
        &[
            "unfortunately",
            "sadly",
            "bad",
            "confus*",
            "worried",
            "concern*",
            "annoyed",
            "leider",
            "malheureusement",
            "desafortunadamente",
            "lamentablemente",
            "infelizmente",
            "purtroppo",
        ],
    ),
    (
        1,
        &[
            "thanks",
            "thank you",
            "please",
            "super",
            "appreciate",
            "danke",
            "merci",
            "gracias",
            "obrigado",
            "obrigada",
            "grazie",
            "kind",
            "nice",
            "good",
        ],
    ),
    (
        2,
        &[
            "great",
            "love",
            "loving",
            "happy",
            "awesome",
            "excellent",
            "amazing",
            "fantastic",
            "wonderful",
            "perfect",
            "brilliant",
            "well done",
            "good job",
            "great job",
            "toll",
            "klasse",
            "genial",
            "parfait",
            "excelente",
            "perfecto",
            "perfeito",
            "otimo",
            "thank you so much",
            "many thanks",
            "really appreciate",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::Sentiment::{self, Negative, Neutral, Positive};
    use proptest::prelude::*;

    use super::judge;

    fn check(expected: Sentiment, texts: &[&str]) {
        for text in texts {
            let judged = judge(text);
            assert_eq!(judged.value, expected, "{text}: {judged:?}");
        }
    }

    #[test]
    fn annoyed_people_sound_negative() {
        check(
            Negative,
            &[
                "This is unacceptable",
                "I'm really frustrated, third time this week",
                "STILL NOT WORKING, FIX THIS",
                "we are not happy with this",
                "Terrible service",
                "worst support ever :rage:",
                "Das ist eine Frechheit",
                "C'est inadmissible",
                "Es una vergüenza",
                "Isso é inaceitável",
                "how many times do I have to ask!!",
                "nobody answers my emails",
            ],
        );
    }

    #[test]
    fn friendly_people_sound_positive() {
        check(
            Positive,
            &[
                "I love the new dashboard, great job",
                "Thanks, you are awesome :heart:",
                "Thank you so much!",
                "Super, danke! Eine Frage noch",
                "amazing work",
            ],
        );
    }

    #[test]
    fn most_requests_are_matter_of_fact() {
        check(
            Neutral,
            &[
                "How do I export transactions?",
                "please refund order 1",
                "",
                "The API returns 502",
                "it's not terrible but slow",
                "Unfortunately the export is empty",
                "the dashboard is super slow",
                ":eyes:",
            ],
        );
    }

    proptest! {
        #[test]
        fn any_text_is_judged_the_same_twice(text in "\\PC{0,160}") {
            prop_assert_eq!(judge(&text), judge(&text));
        }
    }
}
