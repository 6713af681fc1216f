use proptest::prelude::*;

use super::NotARequest::{self, Acknowledgement, Empty, Greeting, OnlyEmoji, OnlyMention, Thanks};
use super::{courtesy, fillers, judge, judge_surely, signals, weigh};
use crate::text::fold;

fn check(expected: Result<(), NotARequest>, texts: &[&str]) {
    for text in texts {
        assert_eq!(judge(text), expected, "{text:?}");
    }
}

#[test]
fn thanks_in_many_words() {
    check(
        Err(Thanks),
        &[
            "thanks!",
            "Thanks, that worked :tada:",
            "thank you so much",
            "THX",
            "ty!",
            "Thanks Anna",
            "thanks anna!",
            "Thanks, Anna!",
            "thank you all",
            "Many thanks for your help!",
            "ok thanks",
            "Perfect, thank you!",
            "Thanks again everyone",
            "Hi Anna, thanks for the quick reply!",
            "<@U123> thanks!",
            "awesome, thanks <@U123> :heart:",
            "Thanks, no problem at all",
            "Thanks in advance",
            "much appreciated!",
            "Danke!",
            "Vielen Dank für die Hilfe!",
            "danke dir, hat geklappt",
            "Super, danke schön!",
            "Alles klar, danke",
            "Merci beaucoup !",
            "Merci, ça marche maintenant",
            "Parfait, merci à tous",
            "¡Muchas gracias!",
            "Gracias, ya funciona",
            "perfecto, gracias por tu ayuda",
            "Obrigado!",
            "Muito obrigada pela ajuda",
            "Valeu, deu certo!",
            "Grazie mille",
            "bedankt!",
            "cheers mate",
            "Thanks :+1::skin-tone-2:",
            "Thank you! It works now.",
            "thanks \u{1f64f}",
            "Thanks for looking into this!",
        ],
    );
}

#[test]
fn greetings_in_many_words() {
    check(
        Err(Greeting),
        &[
            "hi",
            "Hello!",
            "hey there",
            "Good morning all",
            "Hi team :wave:",
            "hello <@U42>",
            "Morning everyone!",
            "hi anna",
            "Hallo zusammen",
            "Moin!",
            "Guten Morgen",
            "Schönes Wochenende!",
            "Bonjour à tous",
            "Bonne journée !",
            "Hola a todos",
            "Buenos días",
            "Bom dia pessoal",
            "Boa tarde!",
            "ciao",
            "bye bye",
            "Have a great weekend!",
            "Hello Deskbell",
            "hellooo",
        ],
    );
}

#[test]
fn acknowledgements_in_many_words() {
    check(
        Err(Acknowledgement),
        &[
            "ok",
            "OK.",
            "got it",
            "Sounds good!",
            "perfect",
            "Great, that did the trick",
            "it works now",
            "Problem solved!",
            "no problem",
            "no worries",
            "never mind",
            "nvm",
            "yes",
            "Yep!",
            "lol",
            "hahaha",
            "you're welcome",
            "That fixed it :raised_hands:",
            "+1",
            "understood",
            "all good now",
            "alles klar",
            "Kein Problem",
            "funktioniert jetzt",
            "gern geschehen",
            "d'accord",
            "Ça marche !",
            "de rien",
            "c'est bon",
            "vale, perfecto",
            "de nada",
            "Beleza!",
            "Certo",
            "ok Anna",
            "It’s working now",
            "makes sense",
            "cool cool",
            "oh nice",
            "yes please",
            "No thanks",
        ],
    );
}

#[test]
fn wordless_messages() {
    check(Err(OnlyEmoji), &[":tada:", ":+1: :+1:", "🎉", "👍🏽 🙏", "<@U1> :eyes:", "❤️"]);
    check(Err(OnlyMention), &["<@U123>", "<@U1> <@U2>", "<!here>", "<@U1> !"]);
    check(Err(Empty), &["", "   ", "...", "\n", "-", "``````"]);
}

#[test]
fn requests_however_friendly_or_short() {
    check(
        Ok(()),
        &[
            "thanks! but it still fails",
            "Thanks, but no",
            "ok but why",
            "Thanks. Another thing: the export is empty",
            "hi, refund please",
            "Hello, I can't log in",
            "hi I have a question",
            "thanks, can you also check invoice 4411",
            "ok?",
            "???",
            "hello?",
            "help",
            "Help!",
            "<@U1> help me please",
            "hi help",
            "login",
            "refund",
            "refund for ACME",
            "VPN",
            "invoice missing",
            "password reset thanks",
            "Thanks <https://status.example/1>",
            "https://app.example/x",
            "```stack trace```",
            "error 502",
            "E1043",
            "thanks, error 502 again",
            "it is down",
            "down again",
            "not working",
            "it doesn't work",
            "nothing works",
            "no access",
            "no, it fails",
            "great, now it is broken",
            "works in Chrome only",
            "ok it crashed again",
            "urgent",
            "asap please",
            "still waiting",
            "any update?",
            "Happened again",
            "thanks. Happened again",
            "Danke, geht aber nicht",
            "Danke, aber der Fehler ist noch da",
            "Hallo, ich brauche Hilfe",
            "geht nicht",
            "Login kaputt",
            "bitte um Rückruf",
            "Merci mais ça marche pas",
            "ça marche pas",
            "Bonjour, j'ai un problème",
            "besoin d'aide",
            "Gracias, pero sigue fallando",
            "hola, no funciona",
            "no funciona",
            "necesito ayuda",
            "Obrigado, mas ainda não funciona",
            "não consigo entrar",
            "Olá, preciso de ajuda",
            "ok the dashboard",
            "Yes the one from March",
            "支払いが失敗しました",
            "не работает",
            "SSO setup",
            "How do I export data",
            "good morning, payouts are late",
            "hi team, API keys for sandbox",
            "thanks for the fix, now exports fail",
            "perfect storm: all payments bounce",
            "Customer ACME wants a refund",
            "cool feature idea: dark mode",
            "Done. Please verify my account",
            "no problem logging in but the page is blank",
            "nice to have: CSV",
            "Thanks 42",
            "thanks to the update my app crashes",
        ],
    );
}

#[test]
fn what_may_be_either_is_asked_about() {
    for text in ["thanks for the lovely lunch", "Perfect choice of music yesterday", "cheers to the new office"] {
        let weighed = weigh(text);
        assert!(!weighed.value || weighed.confidence.probability() < 0.8, "{text}: {weighed:?}");
        assert_eq!(judge_surely(text), Ok(()), "{text}");
    }
    for text in ["ok Okta", "same here"] {
        assert!(judge(text).is_err() && judge_surely(text).is_ok(), "{text}");
    }
}

#[test]
fn what_is_clear_is_said_surely() {
    let sure = |expected: bool, least: f64, texts: &[&str]| {
        for text in texts {
            let weighed = weigh(text);
            assert!(weighed.value == expected && weighed.confidence.probability() >= least, "{text}: {weighed:?}");
            assert_eq!(judge_surely(text).is_ok(), expected, "{text}");
        }
    };
    sure(true, 0.8, &["How do I export?", "the login fails", "thanks, but it still fails", "hi, I need help"]);
    sure(true, 0.6, &["refund for ACME", "good morning, payouts are late", "VPN"]);
    sure(false, 0.95, &["thanks!", "good morning all", ":tada:", "ok, got it", "<@U1>", ""]);
    sure(false, 0.9, &["thanks Anna"]);
    assert_eq!(weigh("Thanks, that worked").evidence, ["thanks", "that worked"]);
    assert_eq!(weigh("the login fails").evidence.first().map(String::as_str), Some("fails"));
}

#[test]
fn the_lexicon_is_folded_as_texts_are() {
    let kinds = courtesy::COURTESY.iter().flat_map(|(_, patterns)| patterns.iter());
    for pattern in kinds.chain(fillers::FILLERS).chain(signals::SIGNALS) {
        assert_eq!(&fold(pattern), pattern);
        assert!(!pattern.contains('\''), "{pattern}");
        assert!(!pattern.contains("  "), "{pattern}");
    }
}

proptest! {
    #[test]
    fn any_text_is_judged_without_panic(text in "\\PC{0,200}") {
        let _ = judge(&text);
    }

    #[test]
    fn courtesy_before_never_hides_a_question(text in "[a-z ]{0,40}") {
        let asked = format!("Thanks! {text}?");
        prop_assert!(judge(&asked).is_ok());
    }
}
