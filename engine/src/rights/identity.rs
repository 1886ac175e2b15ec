//! What a principal is made from: a certificate, and a user of it where a credential names one. It is what is kept of a
//! client for later (tickets, asynchronous requests, rotation), so that the same function makes the same principal of it
//! again, with the rights of then.

use super::reference;
use aws_lc_rs::digest::{SHA256, digest};
use base64ct::{Base64, Encoding as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::sync::Arc;

/// What texts that name a certificate by its fingerprint begin with.
pub const SHA256_PREFIX: &str = "sha256:";

/// SHA-256 of a certificate. It is never compared with a name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    /// The first in order.
    pub const FIRST: Self = Self([0; 32]);

    /// The last in order.
    pub const LAST: Self = Self([u8::MAX; 32]);

    /// That of a certificate, DER.
    pub fn of(certificate: &[u8]) -> Self {
        let mut bytes = [0; 32];
        bytes.iter_mut().zip(digest(&SHA256, certificate).as_ref()).for_each(|(to, from)| *to = *from);
        Self(bytes)
    }

    /// From 64 hexadecimal digits in lower case, and nothing else.
    pub fn parse(text: &str) -> Option<Self> {
        let mut bytes = [0; 32];
        hex::decode_to_slice(text, &mut bytes).ok()?;
        Some(Self(bytes)).filter(|read| read.to_string() == text)
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 64];
        hex::encode_to_slice(self.0, &mut text).map_err(|_| fmt::Error)?;
        f.write_str(std::str::from_utf8(&text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{SHA256_PREFIX}{self}")
    }
}

impl Serialize for Fingerprint {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Fingerprint {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| serde::de::Error::custom("no SHA-256 of a certificate"))
    }
}

/// How the configuration and administrators name clients.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ClientRef {
    /// Every certificate with this name, and the user of this name.
    Name(String),
    /// One certificate.
    Certificate(Fingerprint),
}

impl ClientRef {
    /// From text as people write it: a fingerprint as openssl prints it too. What could never match, or looks like a fingerprint
    /// and would be taken for a name, is refused with the right form. `name:` stands before a name that is meant as it is.
    pub fn read(text: &str) -> Result<Self, String> {
        if let Some(name) = reference::stated(text) {
            return name.map(Self::Name).map_err(|why| format!("{text:?}: {why}"));
        }
        let entry = reference::normalised(text).map_err(|why| format!("{text:?}: {why}"))?;
        let fingerprint = entry.strip_prefix(SHA256_PREFIX).and_then(Fingerprint::parse);
        Ok(fingerprint.map_or_else(|| Self::Name(text.to_owned()), Self::Certificate))
    }

    /// The name under which whoever is meant owns what it makes, where its certificate has no name that is taken.
    pub fn owner(&self) -> String {
        match self {
            Self::Name(name) => name.clone(),
            Self::Certificate(fingerprint) => format!("{SHA256_PREFIX}{fingerprint}"),
        }
    }

    /// That of the holder, of which nothing else is known.
    pub fn identity(&self) -> Identity {
        let fingerprint = match self {
            Self::Name(_) => None,
            Self::Certificate(fingerprint) => Some(*fingerprint),
        };
        Identity { fingerprint, ..Identity::named(&self.owner()) }
    }

    /// From the name of an owner, as [`owner`](Self::owner) gives it.
    pub fn of_owner(name: &str) -> Self {
        let fingerprint = name.strip_prefix(SHA256_PREFIX).and_then(Fingerprint::parse);
        fingerprint.map_or_else(|| Self::Name(name.to_owned()), Self::Certificate)
    }

    /// Whether this means the holder of a certificate. Users of a certificate have names alone (see
    /// [`is_user`](Self::is_user)).
    pub fn is_holder(&self, identity: &Identity) -> bool {
        match self {
            Self::Name(name) => *name == identity.certificate,
            Self::Certificate(fingerprint) => Some(fingerprint) == identity.fingerprint.as_ref(),
        }
    }

    /// Whether the holder of a certificate is refused where this is revoked: more than it is called by is asked then.
    pub fn ends(&self, identity: &Identity) -> bool {
        match self {
            Self::Name(name) => identity.names().any(|stated| stated == name),
            Self::Certificate(_) => self.is_holder(identity),
        }
    }

    /// Whether this means a user, by the name under which it acts.
    pub fn is_user(&self, name: &str) -> bool {
        matches!(self, Self::Name(listed) if listed == name)
    }
}

/// The seconds since 1970 between which a certificate, and those that lead from it to the CA, are good.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Validity {
    /// The first.
    pub from: i64,
    /// The last.
    pub until: i64,
}

impl Validity {
    /// Always.
    pub const EVER: Self = Self { from: i64::MIN, until: i64::MAX };

    /// Whether this second is in it.
    pub fn has(self, second: i64) -> bool {
        (self.from..=self.until).contains(&second)
    }

    /// The seconds that both have.
    pub fn and(self, other: Self) -> Self {
        Self { from: self.from.max(other.from), until: self.until.min(other.until) }
    }
}

/// The certificates that lead from a client's own, which is the first, to its CA; DER. With what was given to a client for
/// later it is kept, to be judged again then.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct CertificatePath(Arc<[Vec<u8>]>);

impl CertificatePath {
    /// Of these certificates.
    pub fn new(certificates: impl IntoIterator<Item = Vec<u8>>) -> Self {
        Self(certificates.into_iter().collect())
    }

    /// Whether none is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Each of them.
    pub fn certificates(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(Vec::as_slice)
    }
}

impl fmt::Debug for CertificatePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} certificates", self.0.len())
    }
}

impl Serialize for CertificatePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(|certificate| Base64::encode_string(certificate)))
    }
}

impl<'de> Deserialize<'de> for CertificatePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let texts = Vec::<String>::deserialize(deserializer)?;
        let all: Result<Vec<_>, _> = texts.iter().map(|text| Base64::decode_vec(text)).collect();
        all.map(Self::new).map_err(|_| serde::de::Error::custom("no certificates in Base64"))
    }
}

/// What a principal is made from.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize)]
pub struct Identity {
    /// What the holder of the certificate is called: a name in it, or its fingerprint.
    pub certificate: String,
    /// The other names that the certificate states. Its holder acts under none of them, and is refused where one of them was
    /// revoked.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stated: Vec<String>,
    /// The certificate; none for what was kept before there was one to note.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<Fingerprint>,
    /// When it is good.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<Validity>,
    /// How it leads to a CA; empty where that is not judged again.
    #[serde(default, skip_serializing_if = "CertificatePath::is_empty")]
    pub path: CertificatePath,
    /// The user whom a credential named, where the persona tells users apart.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
}

impl Identity {
    /// One of which nothing but this name is known.
    pub fn named(name: &str) -> Self {
        Self { certificate: name.to_owned(), ..Self::default() }
    }

    /// That of a record of an older version, which has the name of the principal and perhaps a fingerprint. A name with a
    /// slash is taken for that of a user: nobody gets the rights of a certificate by that.
    pub fn of_older(name: &str, fingerprint: &str) -> Self {
        let fingerprint = Fingerprint::parse(fingerprint);
        match name.rsplit_once('/') {
            Some((certificate, user)) => {
                Self { fingerprint, user: Some(user.into()), ..Self::named(certificate) }
            }
            None => Self { fingerprint, ..Self::named(name) },
        }
    }

    /// Every name of the certificate whose revocation ends its holder: what it is called, and what it states beside that.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.certificate).chain(&self.stated).map(String::as_str)
    }

    /// The name under which the principal acts, and owns what it makes.
    pub fn name(&self) -> String {
        match &self.user {
            Some(user) => format!("{}/{user}", self.certificate),
            None => self.certificate.clone(),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may stop where it stands")]
mod tests {
    use super::*;

    #[test]
    fn names_and_fingerprints_are_told_apart() {
        let fingerprint = Fingerprint::of(b"certificate");
        let text = format!("{SHA256_PREFIX}{fingerprint}");
        let holder = Identity { fingerprint: Some(fingerprint), ..Identity::named("host") };
        let named_so = Identity { fingerprint: Some(Fingerprint::of(b"other")), ..Identity::named(&text) };
        let listed = ClientRef::read(&text).unwrap();
        assert!(listed.is_holder(&holder) && !listed.is_holder(&named_so) && !listed.is_user(&text));
        let listed = ClientRef::read("host").unwrap();
        assert!(listed.is_holder(&holder) && !listed.is_holder(&named_so) && listed.is_user("host"));
        let upper = text.to_uppercase().replace("SHA256", "sha256");
        let pairs: Vec<String> = text[7..]
            .to_uppercase()
            .as_bytes()
            .chunks(2)
            .map(|pair| String::from_utf8_lossy(pair).into())
            .collect();
        let colons = pairs.join(":");
        for written in
            [&colons, &format!("SHA256 Fingerprint={colons}"), &format!("SHA256:{}", &text[7..]), &upper]
        {
            assert_eq!(ClientRef::read(written), Ok(ClientRef::Certificate(fingerprint)), "{written}");
        }
        for wrong in [
            &text[7..],
            "sha256:",
            "sha256:AB:CD",
            " host",
            "host ",
            "",
            "sha256:12",
            "SHA1 Fingerprint=AB:CD",
            "CN=host",
        ] {
            assert!(ClientRef::read(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn what_older_versions_kept_is_read() {
        let fingerprint = Fingerprint::of(b"certificate").to_string();
        let holder = Identity::of_older("host", &fingerprint);
        assert_eq!((holder.name(), holder.fingerprint), ("host".into(), Fingerprint::parse(&fingerprint)));
        let user = Identity::of_older("array/fred", &fingerprint);
        assert_eq!((user.certificate.as_str(), user.user.as_deref()), ("array", Some("fred")));
        assert_eq!(user.name(), "array/fred");
        assert_eq!(Identity::of_older("host", "").fingerprint, None);
    }
}
