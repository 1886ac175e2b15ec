//! What a batch needs from outside before it can run to its end.
//!
//! The engine awaits nothing. Where something would block (a key of the hierarchy that is not loaded, an RSA key
//! to make), the batch ends without side effects and names its need; the shell meets it off the async runtime
//! and runs the batch again with what was got.

use crate::administration::protocol::AdminRequest;
use crate::changes::Write;
use keystead_crypto::derivation::pbkdf2;
use keystead_crypto::pkcs12::{self, Contents, Unopened};
use keystead_crypto::{self as crypto, Digest};
use keystead_records::audit::Entry;
use kmip_codec::SecretBytes;
use std::num::NonZeroU32;
use std::sync::Arc;
use zeroize::Zeroizing;

pub use keystead_crypto::keygen::{KeyPair, PairKind};

/// One thing to fetch or make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Need {
    /// The key-encryption key of this identifier, to be opened in the HSM.
    Kek(u32),
    /// What only takes long: each may be made in any order, ahead of the item that wants it, and for nothing.
    Supplies(Vec<Supply>),
    /// A turn among the slow ones: the batch itself keeps a processor for long.
    Turn,
    /// Room for what it answers and changes: that is much.
    Room,
    /// A certificate with which a client is let in.
    Credential(CertificateRequest),
    /// What an administrative operation wants of the server outside the engine.
    Outside(Box<Outside>),
    /// Nothing any more: whoever asked has left.
    Abandoned,
    /// Something failed below the engine (the store, the vault); the text is for the server's log.
    Failed(String),
}

/// Slow work whose result is all that comes of it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Supply {
    /// A new key pair.
    KeyPair(PairKind),
    /// A password, stretched to a key.
    Stretched(Pbkdf2Params),
    /// A PKCS#12 container, opened.
    Container(Container),
}

impl Supply {
    /// What tells it from others; none for what is another one each time.
    pub fn fingerprint(&self) -> Option<SecretBytes> {
        match self {
            Self::KeyPair(_) => None,
            Self::Stretched(pbkdf2_params) => Some(pbkdf2_params.fingerprint()),
            Self::Container(container) => Some(container.fingerprint()),
        }
    }

    /// How many bytes it is made from.
    pub fn length(&self) -> usize {
        match self {
            Self::KeyPair(_) => 0,
            Self::Stretched(pbkdf2_params) => pbkdf2_params.password.len() + pbkdf2_params.salt.len(),
            Self::Container(container) => container.sealed.len() + container.password.len(),
        }
    }
}

/// A digest of these parts, each with its length before it: as secret as they are.
fn fingerprint(parts: &[&[u8]]) -> SecretBytes {
    let length = parts.iter().map(|part| part.len() + 8).sum();
    let mut whole = Zeroizing::new(Vec::with_capacity(length));
    for part in parts {
        whole.extend_from_slice(&(part.len() as u64).to_be_bytes());
        whole.extend_from_slice(part);
    }
    Digest::Sha256.of(&whole).into()
}

impl From<Supply> for Need {
    fn from(supply: Supply) -> Self {
        Self::Supplies(vec![supply])
    }
}

/// A PKCS#12 container that is to be opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Container {
    /// The container.
    pub sealed: SecretBytes,
    /// Its password.
    pub password: SecretBytes,
    /// How many iterations it may ask for.
    pub iterations_max: u64,
}

impl Container {
    /// What tells it from others.
    pub fn fingerprint(&self) -> SecretBytes {
        fingerprint(&[self.sealed.expose(), self.password.expose(), &self.iterations_max.to_be_bytes()])
    }

    /// Opens it: takes as long as whoever made it has chosen.
    pub fn open(&self) -> Result<Arc<Contents>, Unopened> {
        let (sealed, password) = (self.sealed.expose(), self.password.expose());
        pkcs12::open(sealed, password, self.iterations_max).map(Arc::new)
    }
}

/// An administrative request, as far as it is done outside the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outside {
    /// What is asked.
    pub request: AdminRequest,
    /// What is entered in the audit before a job begins; whoever knows the message fills it in.
    pub start: Option<Entry>,
    /// What must still hold then, so that whoever asks is still let in.
    pub expects: Vec<Write>,
}

/// What a client wants to log in with from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum CertificateRequest {
    /// A certificate for this key of its own, X.509 SubjectPublicKeyInfo DER.
    SignKey {
        /// The name of the client.
        client: String,
        /// Its key.
        key: Vec<u8>,
        /// The end of the certificate that it replaces, in seconds since 1970.
        until: Option<i64>,
    },
    /// A certificate that it brings, DER.
    UseCertificate(Vec<u8>),
    /// A new pair, and the certificate for it.
    GenerateKeyPair {
        /// The name of the client.
        client: String,
        /// The end of the certificate that it replaces, in seconds since 1970.
        until: Option<i64>,
    },
}

/// What PBKDF2 is to be run with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Pbkdf2Params {
    /// The digest of its HMAC.
    pub digest: Digest,
    /// The password.
    pub password: SecretBytes,
    /// The salt.
    pub salt: SecretBytes,
    /// How often.
    pub iterations: NonZeroU32,
    /// How many bytes are wanted.
    pub length: usize,
}

impl Pbkdf2Params {
    /// What tells it from others.
    pub fn fingerprint(&self) -> SecretBytes {
        let (iterations, length) = (self.iterations.get().to_be_bytes(), (self.length as u64).to_be_bytes());
        let name = self.digest.name().as_bytes();
        fingerprint(&[name, self.password.expose(), self.salt.expose(), &iterations, &length])
    }

    /// Runs it: takes long.
    pub fn run(&self) -> Result<SecretBytes, crypto::Error> {
        let (password, salt) = (self.password.expose(), self.salt.expose());
        let key = pbkdf2(self.digest, password, salt, self.iterations, self.length)?;
        Ok(key.as_slice().into())
    }
}
