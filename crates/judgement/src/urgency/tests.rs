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
        ],
    );
}

#[test]
fn confidence_is_honest() {
    let percent = |text: &str| judge(text).confidence.percent();
    assert!(percent("ACME") < percent("How do I export?"));
    assert!(percent("production is down for all customers") > percent("production is down"));
    assert!(judge("urgent, but no rush").value < judge("urgent").value);
    assert_eq!(judge("not urgent").evidence, ["not urgent"]);
    assert_eq!(judge("production is down").evidence, ["production is down"]);
}

proptest! {
    #[test]
    fn any_text_is_judged_the_same_twice(text in "\\PC{0,160}") {
        prop_assert_eq!(judge(&text), judge(&text));
    }
}
