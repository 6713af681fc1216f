use proptest::prelude::*;

use super::{Kind, PLACEHOLDER, Redaction, compiled, names, secrets, structured};

fn redacted(text: &str) -> String {
    Redaction::default().redact(text)
}

#[track_caller]
fn check(text: &str, expected: &str) {
    assert_eq!(redacted(text), expected);
}

#[track_caller]
fn untouched(texts: &[&str]) {
    for text in texts {
        check(text, text);
    }
}

#[test]
fn every_pattern_can_be_compiled() {
    for patterns in [structured::PATTERNS, secrets::PATTERNS, names::PATTERNS] {
        let rules = compiled(patterns);
        assert_eq!(rules.len(), patterns.len());
        for rule in rules {
            assert!(rule.regex.captures_len() > rule.group, "{}", rule.regex);
        }
    }
    assert!(PLACEHOLDER.is_some());
}

#[test]
fn addresses_of_mail() {
    check("write to ann.lee+x@mail.example.co.uk, or", "write to [EMAIL_1], or");
    check("ann@a.example and bob@b.example and ann@a.example", "[EMAIL_1] and [EMAIL_2] and [EMAIL_1]");
    check("ann (at) example (dot) com", "[EMAIL_1]");
    check("jürgen@müller.example", "[EMAIL_1]");
}

#[test]
fn telephone_numbers() {
    for number in [
        "+49 30 901820",
        "+49 (0)30 901820",
        "+1 415 555 0132",
        "+1-415-555-0132",
        "(415) 555-0132",
        "415-555-0132",
        "0044 20 7946 0958",
        "+442079460958",
        "020 7946 0958",
        "0170 1234567",
        "01701234567",
        "06 12 34 56 78",
        "+33 6 12 34 56 78",
        "+91 98765 43210",
        "030/901820",
    ] {
        check(&format!("please ring {number} today"), "please ring [PHONE_1] today");
    }
    check("my mobile is 5550132", "my mobile is [PHONE_1]");
    check("tel. 901820, thanks", "tel. [PHONE_1], thanks");
}

#[test]
fn accounts_and_cards() {
    check("IBAN DE89 3704 0044 0532 0130 00 please", "IBAN [IBAN_1] please");
    check("DE89370400440532013000", "[IBAN_1]");
    check("GB29 NWBK 6016 1331 9268 19 is mine", "[IBAN_1] is mine");
    // Mistyped.
    check("IBAN: DE88 3704 0044 0532 0130 00 was refused", "IBAN: [IBAN_1] was refused");
    check("card 4111 1111 1111 1111 declined", "card [CARD_1] declined");
    check("4111111111111111", "[CARD_1]");
    check("378282246310005 amex", "[CARD_1] amex");
    check("my card number is 4111 1111 1111 1112", "my card number is [CARD_1]");
}

#[test]
fn ids_of_people() {
    check("SSN 123-45-6789", "SSN [ID_1]");
    check("social security number: 123456789", "social security number: [ID_1]");
    check("NI number QQ 12 34 56 C", "NI number QQ 12 34 56 C");
    check("NI number AB 12 34 56 C", "NI number [ID_1]");
    check("passport no. C01X00T47", "passport no. [ID_1]");
    check("born on 12/03/1980", "born on [BIRTHDAY_1]");
    check("Date of birth: 3 March 1980.", "Date of birth: [BIRTHDAY_1].");
    check("I live at 12 Old Mill Road, come by", "I live at [ADDRESS_1], come by");
    check("Lieferung an Hauptstraße 12", "Lieferung an [ADDRESS_1]");
}

#[test]
fn machines() {
    check("from 192.168.1.17 port 22", "from [IP_1] port 22");
    check("ping 10.0.0.1.", "ping [IP_1].");
    check("2001:db8::8a2e:370:7334 is down", "[IP_1] is down");
    check("fe80::1", "[IP_1]");
    check("mac 00:1B:44:11:3A:B7", "mac [MAC_1]");
    untouched(&[
        "since version 1.2.3.4 it fails",
        "v10.1.2.3",
        "firmware 4.0.1.2",
        "1.2.3.4.5",
        "300.1.1.1",
        "hadoop-auth-3.1.1.0.jar",
        "std::io::Error",
        "at 10:20:30 and 10:20",
    ]);
}

#[test]
fn passwords_keys_and_tokens() {
    check("password: hunter2!", "password: [SECRET_1]");
    check("my password is Tr0ub4dor&3", "my password is [SECRET_1]");
    check("PIN is 4711", "PIN is [SECRET_1]");
    check("token=abcdef", "token=[SECRET_1]");
    check("Authorization: Bearer abcdefghijklmnop", "Authorization: Bearer [SECRET_1]");
    check("xoxb-1234567890-abcdefgh", "[SECRET_1]");
    check("use sk-proj-abcdEFGH1234567890", "use [SECRET_1]");
    check("AKIAIOSFODNN7EXAMPLE", "[SECRET_1]");
    check("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc-_123", "[SECRET_1]");
    check("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----\nthanks", "[SECRET_1]\nthanks");
    check("hash d41d8cd98f00b204e9800998ecf8427e", "hash [SECRET_1]");
    check("wJalrXUtnFEMIK7MDENGbPxRfiCYEXAMPLEKEY", "[SECRET_1]");
    check("username: jdoe", "username: [USER_1]");
    check("my login is j.doe", "my login is [USER_1]");
    untouched(&[
        "my password is expired",
        "the password was wrong",
        "please reset the token for us",
        "the token is invalid",
        "com.example.service.PaymentControllerTest",
        "ITestS3AContractSeekWithRetry fails",
        "order 550e8400-e29b-41d4-a716-446655440000",
    ]);
}

#[test]
fn links_that_carry_a_secret() {
    // The host goes along: it reads like an address of mail.
    check("https://ann:geheim@host.example/x", "https://[SECRET_1]/x");
    // A password may hold any sign, so all that follows goes along.
    check("https://x.example/reset?token=abc123&lang=en", "https://x.example/reset?token=[SECRET_1]");
    check("https://x.example/a?code=abc123&lang=en", "https://x.example/a?code=[SECRET_1]&lang=en");
    check("https://x.example/a?sig=Zm9vYmFy#top", "https://x.example/a?sig=[SECRET_1]#top");
    check("https://hooks.slack.com/services/T000/B000/XXXX", "https://hooks.slack.com/services/[SECRET_1]");
    untouched(&["see https://docs.example/page?lang=en&page=2", "https://x.example/orders/12345"]);
}

#[test]
fn people_by_what_stands_around_them() {
    for (text, expected) in [
        ("Hi, this is Ann Lee from accounting.", "Hi, this is [NAME_1] from accounting."),
        ("my name is bartholomew", "my name is [NAME_1]"),
        ("this is ann from sales", "this is [NAME_1] from sales"),
        ("Please call Mr. Van Dyke back", "Please call Mr. [NAME_1] back"),
        ("Frau Müller-Lüdenscheid wartet", "Frau [NAME_1] wartet"),
        ("Hallo, ich bin Jörg und komme nicht rein", "Hallo, ich bin [NAME_1] und komme nicht rein"),
        ("Hello Priyanka, can you help?", "Hello [NAME_1], can you help?"),
        ("It is broken.\n\nKind regards,\nOlumide Adeyemi", "It is broken.\n\nKind regards,\n[NAME_1]"),
        ("Nothing works.\nThanks, Zeynep", "Nothing works.\nThanks, [NAME_1]"),
        ("Mit freundlichen Grüßen\nKatrin Sommer", "Mit freundlichen Grüßen\n[NAME_1]"),
        ("Reported by: Ngozi Okafor", "Reported by: [NAME_1]"),
        ("our customer Thandiwe Nkosi can't pay", "our customer [NAME_1] can't pay"),
        ("Thandiwe Nkosi's laptop is gone", "[NAME_1]'s laptop is gone"),
        ("Maria Garcia cannot log in", "[NAME_1] cannot log in"),
        ("ask <@U12345> or <@W9|ann>", "ask [PERSON_1] or [PERSON_2]"),
        ("thanks @anna.schmidt", "thanks [PERSON_1]"),
        ("a refund for Siobhan McAllister, please", "a refund for [NAME_1], please"),
        ("Je m'appelle Amélie Dubois.", "Je m'appelle [NAME_1]."),
        ("Me llamo Íñigo Montoya", "Me llamo [NAME_1]"),
        ("Je m’appelle Amélie Dubois.", "Je m’appelle [NAME_1]."),
        ("Das ist Жанна Петрова’s Laptop", "Das ist [NAME_1]’s Laptop"),
        ("Best – Jose\u{301} Ruiz", "Best – [NAME_1]"),
    ] {
        check(text, expected);
    }
}

#[test]
fn what_is_nobody_s_name_stays() {
    untouched(&[
        "Hi team, the VPN is down",
        "Hello Support, I am Locked out",
        "I'm unable to log in to Salesforce",
        "Dear all, the Customer Portal is slow",
        "This is urgent",
        "It is Monday again",
        "Thanks,\nThe Billing Team",
        "error in Visual Studio Code",
        "a sync with DistCp Attributes for GitHub Actions",
        "@Override\npublic void close()",
        "The refund from Stripe is missing since March",
        "Ticket 12345, order 987654, invoice INV-2026-0042",
        "We paid 1200.50 EUR on 2026-03-01 at 14:30",
        "HTTP 502 from /api/v2/orders since 09:15",
    ]);
}

#[test]
fn a_name_that_was_told_once_is_found_everywhere() {
    check(
        "This is Ann Petrescu. ANN PETRESCU can't log in, Petrescu is locked out, and ann petrescu too. Planning annually.",
        "This is [NAME_1]. [NAME_2] can't log in, [NAME_3] is locked out, and [NAME_4] too. Planning annually.",
    );
    let mut redaction = Redaction::new(&["Ye-jin Park".to_owned()]);
    assert_eq!(redaction.redact("Park asked about parking for Ye-jin"), "[NAME_1] asked about parking for [NAME_2]");
    let mut redaction = Redaction::default();
    redaction.learn("Regards,\nOlumide Adeyemi");
    assert_eq!(redaction.redact("Adeyemi is locked out"), "[NAME_1] is locked out");
}

#[test]
fn what_looks_like_a_placeholder_brings_nothing_back() {
    let mut redaction = Redaction::default();
    let text = "[EMAIL_1] and ann@example.com";
    assert_eq!(redaction.redact(text), "[TEXT_1] and [EMAIL_1]");
    assert_eq!(redaction.restore("[TEXT_1] and [EMAIL_1]"), text);
    assert_eq!(redaction.restore("[EMAIL_7] [NOPE_1] [EMAIL_1]"), "[EMAIL_7] [NOPE_1] ann@example.com");
}

#[test]
fn shown_for_debugging_it_tells_no_detail() {
    let mut redaction = Redaction::new(&["Zebulon".to_owned()]);
    redaction.redact("ann@example.com");
    let shown = format!("{redaction:?}");
    assert!(!shown.contains("ann@") && !shown.contains("Zebulon") && shown.contains("Email"), "{shown}");
    assert_eq!(redaction.counts().collect::<Vec<_>>(), [(Kind::Email, 1)]);
}

/// Each as it is, and what must not be left of it.
const SEEDED: &[&str] = &[
    "ann.lee@example.com",
    "o'brien@mail.example.org",
    "+49 170 1234567",
    "+1 (415) 555-0132",
    "0033 6 12 34 56 78",
    "DE89 3704 0044 0532 0130 00",
    "FR1420041010050500013M02606",
    "4111 1111 1111 1111",
    "5500-0000-0000-0004",
    "123-45-6789",
    "192.168.17.4",
    "2001:db8::ff00:42:8329",
    "xoxb-17653672481-19874698323-pdFZKVeTuE8sk7oOcHrzqqgy",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "sk-ant-api03-R2D2c3poR2D2c3poR2D2",
    "AKIAIOSFODNN7EXAMPLE",
    "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiIxMjM0In0.SflKxwRJSMeKKF2QT4",
    "password: correcthorse",
    "api_key=8fj2kd93",
    "https://x.example/reset?token=q1w2e3r4",
    "00:1B:44:11:3A:B7",
    "my name is Thandiwe Nkosi",
    "Mr. Oyelaran",
    "Kind regards,\nWojciech Zielony",
    "<@U0ANN42>",
];

/// The part of a seed that is the detail.
fn detail(seed: &str) -> &str {
    for beginning in
        ["password: ", "api_key=", "https://x.example/reset?token=", "my name is ", "Mr. ", "Kind regards,\n"]
    {
        if let Some(rest) = seed.strip_prefix(beginning) {
            return rest;
        }
    }
    seed
}

fn filler() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("The export fails since this morning. ".to_owned()),
        Just("Bitte helfen Sie uns: ".to_owned()),
        Just("\n".to_owned()),
        Just("(see below) ".to_owned()),
        "[a-z ,.!?:]{0,20} ",
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn whatever_is_taken_out_comes_back(text in "(?s).{0,200}") {
        let mut redaction = Redaction::default();
        let redacted = redaction.redact(&text);
        prop_assert_eq!(redaction.restore(&redacted), text);
    }

    #[test]
    fn details_come_back_too(parts in proptest::collection::vec((filler(), proptest::sample::select(SEEDED)), 1..6)) {
        let text: String = parts.iter().flat_map(|(filler, seed)| [filler.as_str(), seed, "\n"]).collect();
        let mut redaction = Redaction::default();
        let redacted = redaction.redact(&text);
        prop_assert_eq!(redaction.restore(&redacted), text);
    }

    #[test]
    fn nothing_of_the_seeded_leaks(parts in proptest::collection::vec((filler(), proptest::sample::select(SEEDED)), 1..6)) {
        let text: String = parts.iter().flat_map(|(filler, seed)| [filler.as_str(), " ", seed, "\n"]).collect();
        let redacted = redacted(&text);
        for (_, seed) in &parts {
            prop_assert!(!redacted.contains(detail(seed)), "{seed} is in {redacted}");
        }
    }

    #[test]
    fn redacting_again_changes_nothing_that_was_left(parts in proptest::collection::vec((filler(), proptest::sample::select(SEEDED)), 1..4)) {
        let text: String = parts.iter().flat_map(|(filler, seed)| [filler.as_str(), seed, "\n"]).collect();
        let mut redaction = Redaction::default();
        let once = redaction.redact(&text);
        let mut other = Redaction::default();
        let twice = other.redact(&once);
        let of_other_kinds: usize = other.counts().filter(|(kind, _)| *kind != Kind::Text).map(|(_, count)| count).sum();
        prop_assert_eq!(of_other_kinds, 0, "{} became {}", once, twice);
    }
}
