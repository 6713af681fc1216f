//! Sealing: XChaCha20-Poly1305, bound to the place where the value is stored.

use chacha20poly1305::XChaCha20Poly1305;
use chacha20poly1305::aead::{Aead, KeyInit, Payload};
use secrecy::SecretString;
use zeroize::Zeroizing;

use super::error::StoreError;
use super::master_key::{MasterKey, random_bytes};

const NONCE_BYTES: usize = 24;

/// A key that seals values: a person's, a workspace's, or the master key's own use.
pub(super) struct DataKey(Zeroizing<[u8; 32]>);

/// The table and row a value belongs to. A value sealed for one place does not open in another.
pub(super) struct Place {
    table: &'static str,
    associated_data: Vec<u8>,
}

/// The value was altered, moved, or sealed under another key.
#[derive(Debug)]
pub(super) struct DoesNotOpen;

impl DataKey {
    /// A new random key.
    pub fn random() -> Self {
        Self(Zeroizing::new(random_bytes()))
    }

    /// The key with these bytes; `None` unless they are 32.
    fn from_slice(bytes: &[u8]) -> Option<Self> {
        Some(Self(Zeroizing::new(bytes.try_into().ok()?)))
    }

    /// Seals a value for a place: nonce, ciphertext, tag.
    pub fn seal(&self, place: &Place, value: &[u8]) -> Vec<u8> {
        let nonce: [u8; NONCE_BYTES] = random_bytes();
        let cipher = XChaCha20Poly1305::new((&*self.0).into());
        let payload = Payload { msg: value, aad: &place.associated_data };
        // The cipher refuses only values beyond 256 GiB; an empty seal then opens nowhere.
        let ciphertext = cipher.encrypt((&nonce).into(), payload).unwrap_or_default();
        let mut sealed = Vec::with_capacity(NONCE_BYTES + ciphertext.len());
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(&ciphertext);
        sealed
    }

    /// Opens what [`Self::seal`] made for the same place.
    pub fn open(&self, place: &Place, sealed: &[u8]) -> Result<Vec<u8>, DoesNotOpen> {
        let (nonce, ciphertext) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(DoesNotOpen)?;
        let cipher = XChaCha20Poly1305::new((&*self.0).into());
        cipher.decrypt(nonce.into(), Payload { msg: ciphertext, aad: &place.associated_data }).map_err(|_| DoesNotOpen)
    }
}

impl Place {
    /// The row that these values name, in order.
    pub fn new(table: &'static str, row: &[&str]) -> Self {
        let mut associated_data = b"deskbell/1".to_vec();
        for part in std::iter::once(&table).chain(row) {
            // Length-prefixed, so that ("a", "bc") and ("ab", "c") differ.
            associated_data.extend_from_slice(&(part.len() as u64).to_be_bytes());
            associated_data.extend_from_slice(part.as_bytes());
        }
        Self { table, associated_data }
    }

    /// The table.
    pub fn table(&self) -> &'static str {
        self.table
    }
}

/// What may be done with the master key.
impl MasterKey {
    fn cipher(&self) -> DataKey {
        DataKey(Zeroizing::new(*self.bytes()))
    }

    /// Wraps a data key; bound to whose it is.
    pub(super) fn wrap(&self, key: &DataKey, workspace: &str, person: &str, generation: i64) -> Vec<u8> {
        let generation = generation.to_string();
        let place = Place::new("data_keys", &[workspace, person, &generation]);
        self.cipher().seal(&place, &*key.0)
    }

    /// Unwraps a data key.
    pub(super) fn unwrap_key(
        &self,
        wrapped: &[u8],
        workspace: &str,
        person: &str,
        generation: i64,
    ) -> Result<DataKey, DoesNotOpen> {
        let generation = generation.to_string();
        let place = Place::new("data_keys", &[workspace, person, &generation]);
        let bytes = Zeroizing::new(self.cipher().open(&place, wrapped)?);
        DataKey::from_slice(&bytes).ok_or(DoesNotOpen)
    }

    /// Seals the sign-in at a server.
    pub(super) fn seal_sign_in(&self, server: &str, value: &str) -> Vec<u8> {
        self.cipher().seal(&sign_in_place(server), value.as_bytes())
    }

    /// Opens what [`Self::seal_sign_in`] made for the same server.
    pub(super) fn open_sign_in(&self, server: &str, sealed: &[u8]) -> Result<SecretString, StoreError> {
        let broken = || StoreError::BrokenSeal { table: "sign_ins" };
        let bytes = self.cipher().open(&sign_in_place(server), sealed).map_err(|_| broken())?;
        String::from_utf8(bytes).map(SecretString::from).map_err(|_| broken())
    }

    /// A value that only this key opens: tells a wrong key at open.
    pub(super) fn check_value(&self) -> Vec<u8> {
        self.cipher().seal(&check_place(), b"deskbell")
    }

    /// Whether [`Self::check_value`] was made with this key.
    pub(super) fn fits(&self, check_value: &[u8]) -> bool {
        self.cipher().open(&check_place(), check_value).is_ok()
    }
}

fn sign_in_place(server: &str) -> Place {
    Place::new("sign_ins", &[server])
}

fn check_place() -> Place {
    Place::new("meta", &["master_key_check"])
}

#[cfg(test)]
mod tests {
    use super::{DataKey, Place};
    use crate::store::master_key::MasterKey;

    #[test]
    fn opens_only_in_its_place_and_unaltered() {
        let key = DataKey::random();
        let here = Place::new("tickets", &["T1", "42"]);
        let sealed = key.seal(&here, b"my printer burns");
        assert_eq!(key.open(&here, &sealed).unwrap(), b"my printer burns");
        for other in [
            Place::new("tickets", &["T1", "43"]),
            Place::new("tickets", &["T14", "2"]),
            Place::new("events", &["T1", "42"]),
        ] {
            assert!(key.open(&other, &sealed).is_err());
        }
        for at in 0..sealed.len() {
            let mut altered = sealed.clone();
            altered[at] ^= 1;
            assert!(key.open(&here, &altered).is_err(), "byte {at}");
        }
        assert!(key.open(&here, &sealed[..20]).is_err());
        assert!(DataKey::random().open(&here, &sealed).is_err());
    }

    #[test]
    fn a_wrapped_key_is_bound_to_its_person_and_generation() {
        let master = MasterKey::from_bytes([7; 32]);
        let wrapped = master.wrap(&DataKey::random(), "T1", "U1", 1);
        assert!(master.unwrap_key(&wrapped, "T1", "U1", 1).is_ok());
        assert!(master.unwrap_key(&wrapped, "T1", "U2", 1).is_err());
        assert!(master.unwrap_key(&wrapped, "T1", "U1", 2).is_err());
        assert!(MasterKey::from_bytes([8; 32]).unwrap_key(&wrapped, "T1", "U1", 1).is_err());
    }

    #[test]
    fn reads_keys_as_people_write_them() {
        let hex = "07".repeat(32);
        let base64 = "BwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwcHBwc=";
        let check = MasterKey::from_bytes([7; 32]).check_value();
        for text in [hex.as_str(), base64, &format!("  {base64}\n")] {
            assert!(MasterKey::from_text(text).unwrap().fits(&check), "{text}");
        }
        for text in ["", "secret", "0707", &base64[..40]] {
            assert!(MasterKey::from_text(text).is_err(), "{text}");
        }
        assert_eq!(format!("{:?}", MasterKey::from_bytes([7; 32])), "MasterKey(…)");
    }
}
