//! How soon somebody must act, from what people write: impact, deadlines, words of hurry, and their negation.

use deskbell_domain::assessment::{Confidence, Judged, Urgency};

use crate::mrkdwn::plain;
use crate::phrases::{find_all, shouts};

/// At most so many phrases are shown as evidence.
const EVIDENCE: usize = 4;

/// Judges a request's urgency. Words alone say little: without any the answer is `Normal` at one half.
pub fn judge(text: &str) -> Judged<Urgency> {
    let plain = plain(text);
    let mut heard: Vec<(Urgency, String)> = find_all(&plain, LEXICON)
        .into_iter()
        .map(|found| (heard_level(found.meaning, found.negated), shown(&found.words, found.negated)))
        .collect();
    heard.sort_by_key(|(level, _)| std::cmp::Reverse(*level));
    let calm = heard.iter().any(|(level, _)| *level == Urgency::Low);
    let Some((top, _)) = heard.iter().find(|(level, _)| *level > Urgency::Normal) else {
        return without_hurry(heard, shouts(&plain));
    };
    let top = *top;
    let agreeing: Vec<String> = heard.into_iter().filter(|(level, _)| *level == top).map(|(_, words)| words).collect();
    let mut probability: f64 = if agreeing.len() > 1 { 0.8 } else { 0.7 };
    if shouts(&plain) {
        probability += 0.05;
    }
    if calm {
        probability -= 0.25;
    }
    judged(top, probability, agreeing)
}

fn without_hurry(heard: Vec<(Urgency, String)>, shouts: bool) -> Judged<Urgency> {
    let calm: Vec<String> =
        heard.into_iter().filter(|(level, _)| *level == Urgency::Low).map(|(_, words)| words).collect();
    match (calm.is_empty(), shouts) {
        (false, false) => judged(Urgency::Low, 0.75, calm),
        (true, false) => judged(Urgency::Normal, 0.5, calm),
        (_, true) => judged(Urgency::Normal, 0.4, calm),
    }
}

/// "Not urgent" is calm; "no outage" or "not blocked" says only that it is not that bad.
fn heard_level(level: Urgency, negated: bool) -> Urgency {
    match (level, negated) {
        (level, false) => level,
        (Urgency::High, true) => Urgency::Low,
        (_, true) => Urgency::Normal,
    }
}

fn shown(words: &str, negated: bool) -> String {
    if negated { format!("not {words}") } else { words.to_owned() }
}

fn judged(value: Urgency, probability: f64, mut evidence: Vec<String>) -> Judged<Urgency> {
    evidence.dedup();
    evidence.truncate(EVIDENCE);
    Judged { value, confidence: Confidence::from_probability(probability), evidence }
}

/// Patterns as in [`crate::phrases`].
const LEXICON: &[(Urgency, &[&str])] = &[
    (
        // Read first, so that "down" and "whole" mean nothing here.
        Urgency::Normal,
        &[
            "scroll|drop|break|broken|narrow|write|written|count|calm down",
            "whole|entire day|week|weekend|month|morning|afternoon|time|team|staff _ down|offline|unreachable|dead",
        ],
    ),
    (
        Urgency::Critical,
        &[
            "production _ down",
            "prod _ down",
            "system _ down",
            "site _ down",
            "website _ down",
            "service _ down",
            "platform _ down",
            "everything _ down",
            "api _ down",
            "server* _ down",
            "checkout _ down",
            "payments _ down",
            "completely down",
            // What has failed, and that it has for everybody.
            "down|offline|unreachable|inaccessible|unavailable for everyone|everybody|anyone|anybody|all",
            "down|offline|unreachable|inaccessible|unavailable for nearly|almost|basically|literally everyone|everybody|all",
            "down|offline|unreachable _ for everyone|everybody",
            "dead|broken|gone|inaccessible for everyone|everybody",
            "whole|entire _ down|offline|unreachable|inaccessible|unavailable|dead",
            "whole|entire _ is|are|was|has|went|seems|appears _ down|offline|unreachable|inaccessible|unavailable|dead",
            "everything|everyone|everybody _ offline|unreachable",
            "site|website|platform|service|api|system|production|server*|shop|store is|are|was|went _ offline|unreachable",
            "outage",
            "production outage",
            "all _ customers",
            "all _ users",
            "every customer",
            "every user",
            "all payments",
            "all merchants",
            "everyone is affected",
            "nobody can",
            "no one can",
            "noone can",
            "none of our",
            "all our orders",
            "complete standstill",
            "business has stopped",
            "business stopped",
            "we cannot operate",
            "cannot pay",
            "cant pay",
            "cannot accept payments",
            "cant accept payments",
            "cannot take payments",
            "cant take payments",
            "no payments",
            "payments are failing",
            "payments fail for all",
            "data loss",
            "lost all",
            "losing money",
            "losing orders",
            "losing customers",
            "losing revenue",
            "security breach",
            "data breach",
            "breach",
            "hacked",
            "compromised",
            "leaked",
            "ransomware",
            "emergency",
            "critical",
            "sev1",
            "sev 1",
            "p1",
            "p0",
            "severity 1",
            "produktion steht",
            "produktion _ down",
            "alle kunden",
            "alle nutzer",
            "niemand kann",
            "komplettausfall",
            "totalausfall",
            "ausfall",
            "gehackt",
            "notfall",
            "datenverlust",
            "en panne",
            "tous _ clients",
            "tous _ utilisateurs",
            "personne ne peut",
            "perte de donnees",
            "urgence",
            "pirate*",
            "produccion caida",
            "todos _ clientes",
            "todos _ usuarios",
            "nadie puede",
            "caido",
            "hackeado",
            "emergencia",
            "producao parada",
            "fora do ar",
            "ninguem consegue",
            "emergencia",
            "critico",
            "critica",
            "kritisch",
        ],
    ),
    (
        Urgency::High,
        &[
            "urgent",
            "urgently",
            "urgency",
            "asap",
            "as soon as possible",
            "immediately",
            "right away",
            "right now",
            "high priority",
            "top priority",
            "time sensitive",
            "today",
            "by tonight",
            "tonight",
            "by noon",
            "by eod",
            "eod",
            "end of day",
            "by end of day",
            "deadline*",
            "in an hour",
            "within the hour",
            "within an hour",
            "in two hours",
            "before the launch",
            "go live",
            "launch tomorrow",
            "by tomorrow",
            "due tomorrow",
            "blocked",
            "blocking",
            "blocks us",
            "blocker",
            "stuck",
            "cannot work",
            "cant work",
            "unable to work",
            "locked out",
            "many customers",
            "several customers",
            "multiple customers",
            "customers are complaining",
            "customers complain",
            "escalat*",
            "still waiting",
            "waiting for days",
            "waiting since",
            "third time",
            "second time",
            "again and again",
            "payroll",
            "failing since",
            "sla breach",
            "degraded",
            "intermittent outage",
            "dringend*",
            "so schnell wie moglich",
            "schnellstmoglich",
            "sofort",
            "heute noch",
            "bis heute",
            "eilt",
            "eilig",
            "blockiert",
            "ausgesperrt",
            "urgente",
            "des que possible",
            "au plus vite",
            "immediatement",
            "aujourdhui",
            "bloque",
            "bloques",
            "lo antes posible",
            "cuanto antes",
            "hoy",
            "inmediatamente",
            "bloqueado",
            "bloqueados",
            "o mais rapido possivel",
            "imediatamente",
            "hoje",
            "urgentemente",
            "dringende",
            "spoed",
        ],
    ),
    (
        Urgency::Low,
        &[
            "no rush",
            "no hurry",
            "no urgency",
            "not urgent",
            "non urgent",
            "low priority",
            "whenever you have time",
            "whenever you can",
            "when you have time",
            "when you get a chance",
            "when you have a moment",
            "whenever",
            "at your convenience",
            "take your time",
            "no pressure",
            "nice to have",
            "just wondering",
            "just curious",
            "out of curiosity",
            "minor",
            "cosmetic",
            "small thing",
            "feature request",
            "some day",
            "at some point",
            "can wait",
            "typo",
            "quick question",
            "fyi",
            "for the future",
            "next quarter",
            "next month",
            "nicht dringend",
            "nicht eilig",
            "keine eile",
            "eilt nicht",
            "hat zeit",
            "wenn du zeit hast",
            "wenn sie zeit haben",
            "bei gelegenheit",
            "pas urgent",
            "rien durgent",
            "pas presse",
            "quand vous aurez le temps",
            "quand vous pouvez",
            "sin prisa",
            "no es urgente",
            "no urge",
            "cuando puedas",
            "cuando puedan",
            "sem pressa",
            "nao e urgente",
            "quando puder",
            "quando puderem",
            "geen haast",
            "senza fretta",
        ],
    ),
];

#[cfg(test)]
mod tests {
    use deskbell_domain::assessment::Urgency::{self, Critical, High, Low, Normal};
    use proptest::prelude::*;

    use super::judge;

    fn check(expected: Urgency, texts: &[&str]) {
        for text in texts {
            let judged = judge(text);
            assert_eq!(judged.value, expected, "{text}: {judged:?}");
        }
    }

    #[test]
    fn critical_when_business_has_stopped() {
        check(
            Critical,
            &[
                "Production is down",
                "prod is completely down since 9",
                "Our customers cannot pay",
                "all customers get a 502",
                "All of our users are logged out",
                "Nobody can log in",
                "we are losing orders every minute",
                "I think our account was hacked",
                "This is an emergency!!",
                "P1: webhooks gone",
                "Unsere Produktion steht",
                "Alle Kunden sind betroffen",
                "Le site est en panne",
                "Nadie puede pagar",
                "O sistema está fora do ar",
                "The API is down, no rush though",
            ],
        );
    }

    #[test]
    fn critical_when_something_failed_for_everybody() {
        check(
            Critical,
            &[
                "the app is down for everybody",
                "It's down for everyone!",
                "VPN down for all since 9",
                "mail is offline for all",
                "search has been unreachable since noon for everybody",
                "the portal is unavailable for almost everyone",
                "the whole site is offline",
                "our entire web shop is completely unreachable",
                "whole cluster dead",
                "everything went offline",
            ],
        );
        check(
            Normal,
            &[
                "please scroll down for all options",
                "can you send the numbers broken down for all regions",
                "I was offline the whole day, did I miss the form?",
                "how do I take one page offline?",
                "it is not down for everyone",
                "may I write down for everybody how this works",
            ],
        );
    }

    #[test]
    fn high_when_work_is_hindered() {
        check(
            High,
            &[
                "this is urgent",
                "Please fix ASAP",
                "we need it by end of day",
                "the deadline is today",
                "I am locked out of my account",
                "We're blocked by this",
                "launch tomorrow and the keys don't work",
                "Es ist dringend!",
                "C'est urgent, svp... urgente",
                "Es urgente",
                "Preciso disso hoje",
                "not cosmetic, it is urgent",
            ],
        );
    }

    #[test]
    fn low_when_there_is_time() {
        check(
            Low,
            &[
                "no rush, when you have time",
                "This is not urgent",
                "not really urgent at all",
                "nice to have: dark mode",
                "just curious how refunds work",
                "Hat Zeit, bei Gelegenheit",
                "nicht dringend",
                "ce n'est pas urgent",
                "sin prisa",
                "sem pressa",
                "there's a typo on the invoice page",
                "it isn't blocking us",
            ],
        );
    }

    #[test]
    fn normal_when_nothing_is_said() {
        check(
            Normal,
            &[
                "How do I export transactions?",
                "",
                "the invoice shows the wrong VAT",
                ":tada:",
                "HELP ME PLEASE NOW!!",
                "there is no outage, only a question",
                "not critical",
            ],
        );
    }

    #[test]
    fn confidence_is_honest() {
        let percent = |text: &str| judge(text).confidence.percent();
        assert_eq!(percent("How do I export?"), 50);
        assert!(percent("production is down for all customers") > percent("production is down"));
        assert!(percent("urgent, but no rush") < percent("urgent"));
        assert_eq!(judge("not urgent").evidence, ["not urgent"]);
        assert_eq!(judge("production is down").evidence, ["production is down"]);
    }

    proptest! {
        #[test]
        fn any_text_is_judged_the_same_twice(text in "\\PC{0,160}") {
            prop_assert_eq!(judge(&text), judge(&text));
        }
    }
}
