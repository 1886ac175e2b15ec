//! The key-encryption key of a tenant: sealed by the master key, and the root of the keys that seal records.

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
}

/// A KEK in clear, taken apart into the keys that it is used for. It lives in locked memory and is wiped when
/// dropped.
pub struct Kek {
    identity: KekIdentity,
    /// Seals the values of objects.
    pub(crate) record_key: Secret,
    /// Authenticates their metadata.
    pub(crate) metadata_key: Secret,
}

impl Kek {
    /// A new KEK: its sealed form for the store, and the KEK itself.
    pub fn generate(
        master: &dyn MasterKeys,
        epoch: Epoch,
        identity: KekIdentity,
        entropy: &mut dyn Entropy,
    ) -> Result<(Vec<u8>, Self), Error> {
        let secret = Secret::random(32, entropy)?;
        let sealed = master.seal(epoch, &identity.encode(), &secret)?;
        Ok((sealed, Self::derive(identity, &secret)?))
    }

    /// Opens a sealed KEK with the master key that it names.
    pub fn open(master: &dyn MasterKeys, identity: KekIdentity, sealed: &[u8]) -> Result<Self, Error> {
        let secret = master.open(&identity.encode(), sealed)?;
        Self::derive(identity, &secret)
    }

    /// The same KEK sealed under the master key of another epoch: what rotation does, and all that it does.
    pub fn reseal(
        master: &dyn MasterKeys,
        epoch: Epoch,
        identity: &KekIdentity,
        sealed: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let secret = master.open(&identity.encode(), sealed)?;
        master.seal(epoch, &identity.encode(), &secret)
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
        Ok(Self { identity, record_key, metadata_key })
    }
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
