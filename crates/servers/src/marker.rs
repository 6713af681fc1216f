//! The marks by which an object that an earlier call made is found again.

use sha2::{Digest, Sha256};

/// Hex digits of the key's SHA-256 in a mark: 80 bits, and a label that people can bear to see.
const DIGEST_HEX_LENGTH: usize = 20;

/// `deskbell-` and the first 20 hex digits of the key's SHA-256: valid as a label, and it does not
/// reveal the key.
pub fn marker(idempotency_key: &str) -> String {
    let digest = hex::encode(Sha256::digest(idempotency_key.as_bytes()));
    let short: String = digest.chars().take(DIGEST_HEX_LENGTH).collect();
    format!("deskbell-{short}")
}

#[cfg(test)]
mod tests {
    #[test]
    fn is_stable_because_it_is_stored_at_the_vendor() {
        assert_eq!(super::marker("ticket-1/create"), super::marker("ticket-1/create"));
        assert_eq!(super::marker("a"), "deskbell-ca978112ca1bbdcafac2");
    }
}
