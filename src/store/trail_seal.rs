//! The seal on the trail's end: whoever has the file and not the master key can't move it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::master_key::MasterKey;

/// HMAC-SHA256 under a key of its own, derived from the master key.
#[derive(Clone)]
pub(super) struct TrailSeal(Hmac<Sha256>);

impl TrailSeal {
    /// The master key is uniformly random, so HKDF's expansion alone (RFC 5869, 2.3) makes a key of it.
    pub fn new(master: &MasterKey) -> Self {
        let expand = keyed(master.bytes()).chain_update(b"deskbell audit head\x01");
        Self(keyed(&expand.finalize().into_bytes().into()))
    }

    /// The code for an end of the trail.
    pub fn code(&self, seq: i64, hash: &[u8; 32]) -> [u8; 32] {
        self.over(seq, hash).finalize().into_bytes().into()
    }

    /// Whether a code is the one for this end; compared in constant time.
    pub fn fits(&self, seq: i64, hash: &[u8; 32], code: &[u8]) -> bool {
        self.over(seq, hash).verify_slice(code).is_ok()
    }

    fn over(&self, seq: i64, hash: &[u8; 32]) -> Hmac<Sha256> {
        self.0.clone().chain_update(seq.to_be_bytes()).chain_update(hash)
    }
}

/// The seal on a value that stands in the open: HMAC-SHA256 under a key of its own again.
#[derive(Clone)]
pub(super) struct ValueSeal(Hmac<Sha256>);

impl ValueSeal {
    /// As [`TrailSeal::new`].
    pub fn new(master: &MasterKey) -> Self {
        let expand = keyed(master.bytes()).chain_update(b"deskbell values\x01");
        Self(keyed(&expand.finalize().into_bytes().into()))
    }

    /// The code for a value of this name.
    pub fn code(&self, name: &str, value: &[u8]) -> [u8; 32] {
        self.over(name, value).finalize().into_bytes().into()
    }

    /// Whether a code is the one for this value; compared in constant time.
    pub fn fits(&self, name: &str, value: &[u8], code: &[u8]) -> bool {
        self.over(name, value).verify_slice(code).is_ok()
    }

    fn over(&self, name: &str, value: &[u8]) -> Hmac<Sha256> {
        // With its length in front, so that a name never runs into a value.
        self.0.clone().chain_update((name.len() as u64).to_be_bytes()).chain_update(name).chain_update(value)
    }
}

fn keyed(key: &[u8; 32]) -> Hmac<Sha256> {
    // A key of one hash's block or less is never refused.
    let mut block = [0; 64];
    block.iter_mut().zip(key).for_each(|(block, key)| *block = *key);
    Hmac::new(&block.into())
}

#[cfg(test)]
mod tests {
    use super::TrailSeal;
    use crate::store::MasterKey;

    #[test]
    fn fits_its_end_and_its_key_alone() {
        let seal = TrailSeal::new(&MasterKey::from_bytes([7; 32]));
        let code = seal.code(3, &[1; 32]);
        assert!(seal.fits(3, &[1; 32], &code));
        assert!(!seal.fits(2, &[1; 32], &code) && !seal.fits(3, &[2; 32], &code));
        assert!(!seal.fits(3, &[1; 32], &[]) && !seal.fits(3, &[1; 32], &code[..31]));
        let other = TrailSeal::new(&MasterKey::from_bytes([8; 32]));
        assert!(!other.fits(3, &[1; 32], &code));
    }
}
