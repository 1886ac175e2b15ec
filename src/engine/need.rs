//! What a batch needs from outside before it can run to its end.
//!
//! The engine awaits nothing. Where something would block (a key of the hierarchy that is not loaded, an RSA key
//! to make), the batch ends without side effects and names its need; the shell meets it off the async runtime
//! and runs the batch again with what was got.

use crate::admin::protocol::AdminRequest;
use crate::audit::Entry;
use crate::crypto::derivation::pbkdf2;
use crate::crypto::{self, Digest};
use crate::engine::refusal::{Halt, Refusal, Step};
use crate::engine::rights::policy::Principal;
use kmip_codec::SecretBytes;
use kmip_codec::enums::RecommendedCurve;
use std::collections::VecDeque;
use std::num::NonZeroU32;

/// One thing to fetch or make.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Need {
    /// The key-encryption key of this identifier, to be opened in the HSM.
    Kek(u32),
    /// A new key pair.
    KeyPair(PairKind),
    /// A password, stretched to a key.
    Stretched(Stretch),
    /// A certificate with which a client is let in.
    Credential(Wanted),
    /// What an administrative operation wants of the server outside the engine.
    Outside(Box<Outside>),
    /// Something failed below the engine (the store, the vault); the text is for the server's log.
    Failed(String),
}

/// An administrative request, as far as it is done outside the engine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Outside {
    /// What is asked.
    pub request: AdminRequest,
    /// What is entered in the audit before a job begins; whoever knows the message fills it in.
    pub start: Option<Entry>,
}

/// What a client wants to log in with from now on.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    /// A certificate for this key of its own, X.509 SubjectPublicKeyInfo DER.
    Signed {
        /// The name of the client.
        client: String,
        /// Its key.
        key: Vec<u8>,
        /// The end of the certificate that it replaces, in seconds since 1970.
        until: Option<i64>,
    },
    /// A certificate that it brings, DER.
    Brought(Vec<u8>),
    /// A new pair, and the certificate for it.
    Made {
        /// The name of the client.
        client: String,
        /// The end of the certificate that it replaces, in seconds since 1970.
        until: Option<i64>,
    },
}

/// A certificate that TLS takes of a client.
#[derive(Clone, Debug)]
pub struct Credential {
    /// The certificate, DER.
    pub certificate: Vec<u8>,
    /// Who its holder is.
    pub holder: Principal,
    /// The pair, where it was made for the client.
    pub pair: Option<KeyPair>,
}

/// What PBKDF2 is to be run with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Stretch {
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

impl Stretch {
    /// Runs it: takes long.
    pub fn run(&self) -> Result<SecretBytes, crypto::Error> {
        let (password, salt) = (self.password.expose(), self.salt.expose());
        let key = pbkdf2(self.digest, password, salt, self.iterations, self.length)?;
        Ok(key.as_slice().into())
    }
}

/// The kinds of key pair that can be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PairKind {
    /// RSA of this many bits, with exponent 65537.
    Rsa(u32),
    /// An elliptic-curve pair.
    Ec(RecommendedCurve),
    /// Ed25519 (RFC 8032).
    Ed25519,
    /// X25519 (RFC 7748).
    X25519,
}

/// A key pair in the standard encodings.
#[derive(Clone, Debug)]
pub struct KeyPair {
    /// What it is.
    pub kind: PairKind,
    /// The private key, PKCS#8 DER.
    pub private_pkcs8: SecretBytes,
    /// The public key, X.509 SubjectPublicKeyInfo DER.
    pub public_spki: Vec<u8>,
}

/// What was made for a batch so far, to be used in order when it runs again.
#[derive(Default, Debug)]
pub struct Supplies {
    pairs: VecDeque<KeyPair>,
    used: usize,
    /// Found by what they were made from: what a password was may have changed between two runs.
    stretched: Vec<(Stretch, SecretBytes)>,
    credentials: Vec<(Wanted, Result<Credential, Refusal>)>,
    outside: Vec<(AdminRequest, Result<serde_json::Value, Refusal>)>,
    /// Which of those the present run has used: what is asked twice is done twice.
    outside_used: Vec<usize>,
}

impl Supplies {
    /// Adds a pair for the next run.
    pub fn add(&mut self, pair: KeyPair) {
        self.pairs.push_back(pair);
    }

    /// Adds a stretched password.
    pub fn add_stretched(&mut self, stretch: Stretch, key: SecretBytes) {
        self.stretched.push((stretch, key));
    }

    /// The stretched password, or the need for it.
    pub fn stretched(&self, stretch: &Stretch) -> Result<SecretBytes, Need> {
        match self.stretched.iter().find(|(made_from, _)| made_from == stretch) {
            Some((_, key)) => Ok(key.clone()),
            None => Err(Need::Stretched(stretch.clone())),
        }
    }

    /// Adds a certificate, or why there is none.
    pub fn add_credential(&mut self, wanted: Wanted, credential: Result<Credential, Refusal>) {
        self.credentials.push((wanted, credential));
    }

    /// The certificate that is wanted, or the need for it.
    pub fn credential(&self, wanted: &Wanted) -> Step<Credential> {
        match self.credentials.iter().find(|(answered, _)| answered == wanted) {
            Some((_, credential)) => Ok(credential.clone()?),
            None => Err(Halt::Need(Need::Credential(wanted.clone()))),
        }
    }

    /// Adds what was done outside for an administrative request, or why it was not.
    pub fn add_outside(&mut self, request: AdminRequest, answer: Result<serde_json::Value, Refusal>) {
        self.outside.push((request, answer));
    }

    /// What was done outside for an administrative request, or the need for it.
    pub fn outside(&mut self, request: &AdminRequest) -> Step<serde_json::Value> {
        let used = &self.outside_used;
        let mut answered = self.outside.iter().enumerate();
        match answered.find(|(place, (asked, _))| asked == request && !used.contains(place)) {
            Some((place, (_, answer))) => {
                self.outside_used.push(place);
                Ok(answer.clone()?)
            }
            None => {
                let outside = Outside { request: request.clone(), start: None };
                Err(Halt::Need(Need::Outside(Box::new(outside))))
            }
        }
    }

    /// Starts a new run: everything may be used again, in the same order.
    pub fn rewind(&mut self) {
        self.used = 0;
        self.outside_used.clear();
    }

    /// The next pair of this kind, or the need for one.
    pub fn pair(&mut self, kind: PairKind) -> Result<KeyPair, Need> {
        match self.pairs.get(self.used) {
            Some(pair) if pair.kind == kind => {
                self.used += 1;
                Ok(pair.clone())
            }
            _ => Err(Need::KeyPair(kind)),
        }
    }
}
