//! One payment that fails is somebody's trouble, and payments that fail are a loss of the business: both are told with the same
//! words. What is said of one has an article, an owner or a number.

use super::Cue::{self, Few, Money};
use crate::phrases::Found;

pub(super) const SINGLE: &[(Cue, &[&str])] = &[(
    Few,
    &[
        "the|a|one|my|his|her|this|that payment|transaction|transfer|payout|refund|charge|wire|order|booking",
        "payment|transaction|transfer|payout|refund|charge|order|booking number|no|nr|id|ref|reference|of|for|on #",
        "payment|transaction|transfer|payout|refund|charge|order|booking #",
        "payment|transaction|transfer|payout|refund|charge of|for|on order|invoice|booking",
        "eine|meine|diese|seine|ihre zahlung|uberweisung|buchung|bestellung",
        "un|mon|son|ce paiement|virement|remboursement",
        "un|mi|su|este pago|cobro|reembolso",
        "um|meu|seu|este pagamento|reembolso",
        "un|mio|suo|questo pagamento|rimborso",
    ],
)];

/// What is about a payment, in the singular.
const PAYMENTS: &[&str] =
    &["payment", "transaction", "transfer", "charge", "wire", "paiement", "pago", "cobro", "pagamento"];
/// With one of these after it, it is about all payments.
const SYSTEMS: &[&str] = &[
    "api",
    "form",
    "gateway",
    "method",
    "methods",
    "page",
    "platform",
    "process",
    "processing",
    "processor",
    "provider",
    "run",
    "service",
    "system",
    "systems",
    "terminal",
    "terminals",
];

/// Takes out that money is lost where it is said of one payment.
pub(super) fn spare(cues: &mut Vec<Found<Cue>>) {
    let payment = |words: &str| PAYMENTS.iter().copied().find(|noun| words.split(' ').any(|word| word == *noun));
    let of_one: Vec<&str> =
        cues.iter().filter(|found| found.meaning == Few).filter_map(|found| payment(&found.words)).collect();
    cues.retain(|found| {
        let mut words = found.words.split(' ');
        let (noun, next) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
        found.meaning != Money || !of_one.contains(&noun) || SYSTEMS.contains(&next)
    });
}
