//! Mentions of a person in a message's text: `<@U123>`, or `<@U123|name>` as some clients and workflows write it.

use std::ops::Range;

use deskbell_domain::ids::PersonId;

/// Whether the text mentions exactly this person.
pub fn is_mentioned(person: &PersonId, text: &str) -> bool {
    places(person, text).next().is_some()
}

/// The text without the mentions of this person.
pub fn without_mentions(person: &PersonId, text: &str) -> String {
    let (mut left, mut from) = (String::with_capacity(text.len()), 0);
    for place in places(person, text) {
        left.push_str(text.get(from..place.start).unwrap_or_default());
        from = place.end;
    }
    left.push_str(text.get(from..).unwrap_or_default());
    left.trim().to_owned()
}

fn places(person: &PersonId, text: &str) -> impl Iterator<Item = Range<usize>> {
    let begin = format!("<@{person}");
    let starts: Vec<usize> = text.match_indices(&begin).map(|(at, _)| at).collect();
    starts.into_iter().filter_map(move |at| {
        let rest = text.get(at + begin.len()..)?;
        let end = match rest.as_bytes().first()? {
            b'>' => 0,
            b'|' => rest.find('>')?,
            _ => return None,
        };
        Some(at..at + begin.len() + end + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mention_is_of_exactly_this_person() {
        let is_mentioned = |text: &str| is_mentioned(&"U1".into(), text);
        assert!(is_mentioned("hi <@U1> there"));
        assert!(is_mentioned("<@U10> and <@U1|deskbell>"));
        assert!(!is_mentioned("<@U10> @U1 <@U1"));
        assert!(!is_mentioned("<@U1|deskbell"));
    }

    #[test]
    fn what_is_left_is_what_was_said() {
        let left = |text: &str| without_mentions(&"U1".into(), text);
        assert_eq!(left("<@U1> the invoice is wrong"), "the invoice is wrong");
        assert_eq!(left("hello <@U1|deskbell>, and <@U1>: <@U10> can't pay"), "hello , and : <@U10> can't pay");
        assert_eq!(left("<@U1"), "<@U1");
        assert_eq!(left("<@U1|ü> ü <@U1"), "ü <@U1");
    }
}
