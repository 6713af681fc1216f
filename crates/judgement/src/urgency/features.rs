//! What the weights are for: which cues a text holds, which it denies, and what they come to together.

use super::Cue;
use crate::mrkdwn::{Piece, pieces};
use crate::phrases::{Found, shouts};

const CUES: usize = 33;
/// How many features there are.
pub(super) const FEATURES: usize = CUES + NEGATABLE.len() + TOGETHER;
const TOGETHER: usize = 15;

/// Cues that "not" turns round.
const NEGATABLE: &[Cue] = &[
    Cue::Outage,
    Cue::Everybody,
    Cue::Failing,
    Cue::Money,
    Cue::Breach,
    Cue::Loss,
    Cue::Safety,
    Cue::Standstill,
    Cue::Hurry,
    Cue::Blocked,
    Cue::Today,
    Cue::Hours,
];
const GRAVE: &[Cue] = &[
    Cue::Outage,
    Cue::Everybody,
    Cue::Failing,
    Cue::Money,
    Cue::Breach,
    Cue::Loss,
    Cue::Safety,
    Cue::Standstill,
    Cue::UnderWay,
    Cue::Hours,
    Cue::Legal,
];
const PRESSING: &[Cue] =
    &[Cue::Today, Cue::Hurry, Cue::Blocked, Cue::Team, Cue::CustomerSees, Cue::Waited, Cue::Important, Cue::Failing];
const MILD: &[Cue] = &[Cue::Calm, Cue::Idea, Cue::Curious, Cue::Tidy, Cue::Thanks, Cue::Minor, Cue::Trifle];

/// Whether "not" before the cue turns it round; "not" before others is part of what they say.
pub(super) fn can_be_negated(cue: Cue) -> bool {
    NEGATABLE.contains(&cue)
}

/// Which feature a phrase makes.
pub(super) fn place(found: &Found<Cue>) -> Option<usize> {
    if !found.negated || !can_be_negated(found.meaning) {
        return Some(found.meaning as usize);
    }
    NEGATABLE.iter().position(|cue| *cue == found.meaning).map(|at| CUES + at)
}

/// A text's features, each there (1) or not (0).
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Features([f64; FEATURES]);

impl Features {
    pub(super) fn of(text: &str, plain: &str, cues: &[Found<Cue>]) -> Self {
        let mut features = Self([0.0; FEATURES]);
        for at in cues.iter().filter_map(place) {
            features.set(at, true);
        }
        let together = features.together(text, plain);
        for (at, is_so) in together.into_iter().enumerate() {
            features.set(CUES + NEGATABLE.len() + at, is_so);
        }
        features
    }

    pub(super) fn values(&self) -> &[f64; FEATURES] {
        &self.0
    }

    fn set(&mut self, at: usize, is_so: bool) {
        if let Some(value) = self.0.get_mut(at) {
            *value = f64::from(u8::from(is_so));
        }
    }

    fn has(&self, cue: Cue) -> bool {
        self.0.get(cue as usize).is_some_and(|value| *value > 0.0)
    }

    fn count(&self, cues: &[Cue]) -> usize {
        cues.iter().filter(|cue| self.has(**cue)).count()
    }

    /// What cues come to together, and what no cue tells.
    fn together(&self, text: &str, plain: &str) -> [bool; TOGETHER] {
        let (grave, pressing, mild) = (self.count(GRAVE), self.count(PRESSING), self.count(MILD));
        let fails = self.count(&[Cue::Failing, Cue::Outage, Cue::Standstill]) > 0;
        [
            plain.contains('?'),
            shouts(plain),
            smiles(text),
            self.has(Cue::Everybody) && fails,
            grave >= 2,
            grave >= 3,
            pressing >= 2,
            pressing >= 3,
            mild >= 2,
            grave + pressing + mild == 0,
            self.count(&[Cue::Failing, Cue::Outage, Cue::Blocked]) > 0,
            grave + pressing == 0,
            grave > 0 && self.count(&[Cue::Past, Cue::Spared, Cue::Planned]) > 0,
            self.has(Cue::Legal) && self.count(&[Cue::Hours, Cue::Today]) > 0,
            self.has(Cue::Safety) && fails,
        ]
    }
}

fn smiles(text: &str) -> bool {
    let friendly = |piece: Piece<'_>| match piece {
        Piece::Emoji(name) => FRIENDLY.contains(&name),
        _ => false,
    };
    [":)", ":-)", ";)", ";-)", ":D", "haha"].iter().any(|face| text.contains(face))
        || pieces(text).into_iter().any(friendly)
}

const FRIENDLY: &[&str] =
    &["smile", "wink", "joy", "slightly_smiling_face", "grin", "pray", "heart", "tada", "blush", "sweat_smile"];

/// The features' names, as the weights show them.
#[cfg(test)]
pub(super) fn names() -> Vec<String> {
    let cues = CUE_NAMES.iter().map(ToString::to_string);
    let negated = NEGATABLE.iter().map(|cue| format!("not {cue:?}"));
    let together = [
        "a question",
        "shouts",
        "smiles",
        "Everybody and fails",
        "two grave cues",
        "three grave cues",
        "two pressing cues",
        "three pressing cues",
        "two mild cues",
        "no cue",
        "in trouble",
        "neither grave nor pressing",
        "grave, but over or not so",
        "Legal and soon",
        "Safety and fails",
    ];
    cues.chain(negated).chain(together.map(str::to_owned)).collect()
}

#[cfg(test)]
const CUE_NAMES: [&str; CUES] = [
    "Outage",
    "Everybody",
    "Failing",
    "Standstill",
    "UnderWay",
    "Money",
    "Breach",
    "Loss",
    "Safety",
    "Legal",
    "Hours",
    "Today",
    "Hurry",
    "Blocked",
    "Team",
    "CustomerSees",
    "Waited",
    "Important",
    "Calm",
    "Idea",
    "Curious",
    "Tidy",
    "Thanks",
    "Minor",
    "Trifle",
    "Asks",
    "Wishes",
    "Workaround",
    "Later",
    "Past",
    "Spared",
    "Planned",
    "Few",
];
