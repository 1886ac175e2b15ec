//! The key-encryption key of a tenant: sealed by the master key, and the root of the keys that seal records.

use crate::contexts::{Contexts, MacKey};
use crate::{Entropy, Epoch, Error, MasterKeys, Secret};
use aws_lc_rs::hkdf;

/// Whom a KEK belongs to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct KekIdentity {
    /// The store that it was made for.
    pub store: [u8; 16],
    /// The tenant.
    pub tenant: u32,
    /// The number of the KEK in the store; records name it.
    pub id: u32,
}

impl KekIdentity {
    /// The identity as bytes: fields of fixed length behind a label with its version.
    fn encode(&self) -> Vec<u8> {
        let mut bytes = b"keystead/kek/1".to_vec();
        bytes.extend_from_slice(&self.store);
        bytes.extend_from_slice(&self.tenant.to_be_bytes());
        bytes.extend_from_slice(&self.id.to_be_bytes());
        bytes
    }

    /// The purpose that the check value is derived for: that of this KEK.
    fn encode_check(&self) -> Vec<u8> {
        [b"check/".as_slice(), &self.encode()].concat()
    }
}

/// A KEK in clear, taken apart into the keys that it is used for. They live in locked memory, set up for use, and are wiped
/// when dropped.
pub struct Kek {
    pub(crate) identity: KekIdentity,
    /// What seals the values of objects, and authenticates their metadata and the rows of the hierarchy.
    pub(crate) keys: Contexts,
    check: CheckValue,
}

/// The check value of a KEK: derived from it one way, kept in clear, and compared at each opening.
pub type CheckValue = [u8; 32];

impl Kek {
    /// A new KEK: its sealed form for the store, and the KEK itself. The sealed form has been opened again and gave the
    /// same KEK.
    pub fn generate(
        master: &dyn MasterKeys,
        epoch: Epoch,
        identity: KekIdentity,
        entropy: &mut dyn Entropy,
    ) -> Result<(Vec<u8>, Self), Error> {
        let secret = Secret::random(32, entropy)?;
        let sealed = seal(master, epoch, &identity, &secret)?;
        Ok((sealed, Self::derive(identity, &secret)?))
    }

    /// Opens a sealed KEK with the master key that it names. What comes of it is refused unless it has this check value:
    /// a KEK that the HSM opened wrongly would seal what can never be opened again.
    pub fn open(
        master: &dyn MasterKeys,
        identity: KekIdentity,
        sealed: &[u8],
        check: &CheckValue,
    ) -> Result<Self, Error> {
        let kek = Self::open_unchecked(master, identity, sealed)?;
        if aws_lc_rs::constant_time::verify_slices_are_equal(&kek.check, check).is_err() {
            return Err(Error::WrongKek(kek.identity.id));
        }
        Ok(kek)
    }

    /// Opens a sealed KEK of a store that has no check value for it yet. The caller proves it by other means.
    pub fn open_unchecked(
        master: &dyn MasterKeys,
        identity: KekIdentity,
        sealed: &[u8],
    ) -> Result<Self, Error> {
        let secret = master.open(&identity.encode(), sealed)?;
        Self::derive(identity, &secret)
    }

    /// The same KEK sealed under the master key of another epoch: what rotation does, and all that it does. What was
    /// opened and what was sealed anew both have this check value.
    pub fn reseal(
        master: &dyn MasterKeys,
        epoch: Epoch,
        identity: &KekIdentity,
        sealed: &[u8],
        check: &CheckValue,
    ) -> Result<Vec<u8>, Error> {
        let secret = master.open(&identity.encode(), sealed)?;
        if Self::derive(identity.clone(), &secret)?.check != *check {
            return Err(Error::WrongKek(identity.id));
        }
        seal(master, epoch, identity, &secret)
    }

    /// Its check value.
    pub fn check_value(&self) -> CheckValue {
        self.check
    }

    /// The MAC over the rows of the hierarchy.
    pub fn mac_hierarchy(&self, rows: &[u8]) -> Result<[u8; 32], Error> {
        self.keys.mac(MacKey::Hierarchy, &[rows]).ok_or(Error::Format("no MAC could be made"))
    }

    /// Whom it belongs to.
    pub fn identity(&self) -> &KekIdentity {
        &self.identity
    }

    fn derive(identity: KekIdentity, secret: &Secret) -> Result<Self, Error> {
        if secret.expose().len() != 32 {
            return Err(Error::Format("a KEK has 32 bytes"));
        }
        let record_key = expand(secret, &identity, b"record")?;
        let metadata_key = expand(secret, &identity, b"metadata")?;
        let hierarchy_key = expand(secret, &identity, b"hierarchy")?;
        let keys = Contexts::new(&record_key, &metadata_key, &hierarchy_key)?;
        let mut check = [0; 32];
        check.copy_from_slice(expand(secret, &identity, &identity.encode_check())?.expose());
        Ok(Self { identity, keys, check })
    }
}

/// Seals a KEK, and opens it again before anybody relies on it.
fn seal(
    master: &dyn MasterKeys,
    epoch: Epoch,
    identity: &KekIdentity,
    secret: &Secret,
) -> Result<Vec<u8>, Error> {
    let sealed = master.seal(epoch, &identity.encode(), secret)?;
    if !master.open(&identity.encode(), &sealed)?.is_same(secret) {
        return Err(Error::WrongKek(identity.id));
    }
    Ok(sealed)
}

/// HKDF-SHA256 with the KEK as input, the store as salt, and the purpose as info.
fn expand(secret: &Secret, identity: &KekIdentity, purpose: &[u8]) -> Result<Secret, Error> {
    let salt = hkdf::Salt::new(hkdf::HKDF_SHA256, &identity.store);
    let key = salt.extract(secret.expose());
    let info = [b"keystead/1/".as_slice(), purpose];
    let mut out = vec![0; 32];
    let expanded = key.expand(&info, hkdf::HKDF_SHA256).and_then(|okm| okm.fill(&mut out));
    expanded.map_err(|_| Error::Format("key derivation failed"))?;
    Ok(Secret::new(out))
}
