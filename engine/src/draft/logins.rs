//! The objects with which clients log in: the certificates that Re-Provision keeps of them, and every copy of a key of theirs. Whoever
//! has the private key is that client, and whoever ends the certificate locks it out: they are nobody else's, whatever is handed over.

use super::Draft;
use crate::administration::protocol::Issued;
use crate::material;
use crate::objects::object::Object;
use crate::refusal::{Interrupt, OpResult, unless_damaged};
use crate::rights::credentials::record::Record;
use crate::rights::identity::{ClientRef, Fingerprint};
use keystead_crypto::pkey::Key;
use kmip_codec::attribute;
use kmip_codec::enums::{CertificateType, KeyFormatType, LinkType, ObjectType, State};
use kmip_codec::objects::ManagedObject;
use kmip_codec::value::UniqueIdentifier;
use std::collections::{BTreeMap, BTreeSet};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The links by which a certificate and its pair are found from each other.
const OF_A_PAIR: &[LinkType] =
    &[LinkType::CertificateLink, LinkType::PublicKeyLink, LinkType::PrivateKeyLink];

/// What an object is to those who log in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Use {
    /// Nobody logs in with it.
    None,
    /// This client logs in with it.
    Login(String),
    /// It may be the key with which its owner logs in: nobody can see into it.
    Unseen,
}

/// What clients log in with, now or after they have fetched it.
#[derive(Default)]
pub struct Logins {
    /// Where the certificates lie that the server keeps of them, with the client of each.
    certificates: BTreeMap<String, String>,
    /// The clients, with what the links of such a certificate and of its pair name.
    linked: BTreeSet<(String, String)>,
    /// The public keys, with the client of each.
    keys: BTreeMap<Fingerprint, String>,
    /// Who has a certificate that is known here.
    clients: BTreeSet<String>,
}

impl Logins {
    /// Everybody's, as far as the server keeps their certificates or has signed them; who has come is asked for each key. One that has ended, which is final, counts for
    /// nothing.
    pub fn all(draft: &mut Draft<'_>) -> OpResult<Self> {
        let mut all = Self::default();
        for fingerprint in draft.credentials()? {
            // One that is damaged lets nobody in.
            let Some(record) = unless_damaged(draft.credential(&fingerprint))? else { continue };
            if may_be_good(draft, &record)? {
                all.add(draft, record)?;
            }
        }
        for Issued { fingerprint, name, public_key, .. } in draft.issued_with_keys()? {
            let record = unless_damaged(draft.credential(&fingerprint))?;
            let record = record.unwrap_or(Record { client: name, ..Record::default() });
            if may_be_good(draft, &record)? {
                all.add(draft, Record { key: public_key, object: None, ..record })?;
            }
        }
        Ok(all)
    }

    fn add(&mut self, draft: &mut Draft<'_>, record: Record) -> OpResult<()> {
        let Record { client, object, mut key, .. } = record;
        let kept =
            object.as_ref().map(|id| unless_damaged(draft.credential_object(id))).transpose()?.flatten();
        if let Some(certificate) = &kept {
            if key.is_none() {
                key = public_key(draft, certificate)?;
            }
            let pair = pair_of(certificate);
            for id in &pair {
                let half = unless_damaged(draft.credential_object(id))?.filter(|half| half.owner == client);
                let others = half.as_ref().map(pair_of).unwrap_or_default();
                self.linked.extend(others.into_iter().map(|id| (client.clone(), id)));
            }
            self.linked.extend(pair.into_iter().map(|id| (client.clone(), id)));
        }
        self.certificates.extend(object.map(|id| (id, client.clone())));
        self.keys.extend(key.map(|key| (key, client.clone())));
        self.clients.insert(client);
        Ok(())
    }

    /// What this object is to them.
    pub fn use_of(&self, draft: &mut Draft<'_>, object: &Object) -> OpResult<Use> {
        if !is_of_a_pair(object) || object.is_destroyed() {
            return Ok(Use::None);
        }
        if let Some(client) = self.certificates.get(object.place()) {
            return Ok(Use::Login(client.clone()));
        }
        let owner = &object.owner;
        // The links are the owner's own word, and count for its own logins alone.
        let is_linked = self.linked.contains(&(owner.clone(), object.id.clone()))
            || pair_of(object).iter().any(|id| self.certificates.get(id) == Some(owner));
        if is_linked {
            return Ok(Use::Login(owner.clone()));
        }
        let is_private = [ObjectType::PrivateKey, ObjectType::SplitKey].contains(&object.object_type());
        Ok(match public_key(draft, object)? {
            // What is public of others is anybody's.
            Some(key) => match self.client_of(draft, &key)? {
                Some(client) if is_private || client == *owner => Use::Login(client),
                _ => Use::None,
            },
            None if is_private && object.has_value && self.may_come(draft, owner) => Use::Unseen,
            None => Use::None,
        })
    }
}

impl Logins {
    /// Whether an owner is known to come in: by a certificate that is recorded, or that it has come with.
    fn may_come(&self, draft: &Draft<'_>, owner: &str) -> bool {
        self.clients.contains(owner) || draft.world().clients.came_as(&ClientRef::of_owner(owner)).is_some()
    }

    /// Who logs in with a key: by what is recorded, or by who has come since the server started, whoever signed the certificate.
    fn client_of(&self, draft: &mut Draft<'_>, key: &Fingerprint) -> OpResult<Option<String>> {
        if let Some(client) = self.keys.get(key) {
            return Ok(Some(client.clone()));
        }
        for (fingerprint, client) in draft.world().clients.came_with(key) {
            let record = unless_damaged(draft.credential(&fingerprint))?;
            let record = record.unwrap_or(Record { client: client.clone(), ..Record::default() });
            if may_be_good(draft, &record)? {
                return Ok(Some(client));
            }
        }
        Ok(None)
    }
}

/// Whether somebody may log in with a certificate, now or later: whether its end is not final. Dates do not count, for a clock may be
/// wrong.
fn may_be_good(draft: &mut Draft<'_>, record: &Record) -> OpResult<bool> {
    // What is damaged lets nobody in, until it is put back.
    let name = unless_damaged(draft.client_name(&record.client))?;
    if !record.reinstated && name.is_some_and(|name| name.ended.is_some()) {
        return Ok(false);
    }
    // With one that was replaced, its successors may still be fetched.
    if record.ended.is_some() {
        return Ok(!record.successors.is_empty());
    }
    let Some(id) = &record.object else { return Ok(true) };
    let state = unless_damaged(draft.credential_object(id))?.and_then(|object| object.stored_state());
    Ok(matches!(state, Some(State::PreActive | State::Active)))
}

/// Whether somebody logs in with this object, or may.
pub fn has(draft: &mut Draft<'_>, object: &Object) -> OpResult<bool> {
    if !is_of_a_pair(object) {
        return Ok(false);
    }
    Ok(Logins::all(draft)?.use_of(draft, object)? != Use::None)
}

/// Whether an object is a certificate or a key of a pair, or a part of such a key, which the other parts may make whole.
fn is_of_a_pair(object: &Object) -> bool {
    match object.object_type() {
        ObjectType::Certificate | ObjectType::PrivateKey | ObjectType::PublicKey => true,
        ObjectType::SplitKey => {
            let mut algorithms = attribute!(object.attributes, CryptographicAlgorithm);
            algorithms.any(|algorithm| !material::is_symmetric(*algorithm))
        }
        _ => false,
    }
}

/// The objects that the links of a certificate or of a key name as its pair.
fn pair_of(object: &Object) -> Vec<String> {
    let links = attribute!(object.attributes, Link).filter(|link| OF_A_PAIR.contains(&link.kind));
    links
        .filter_map(|link| match &link.linked {
            UniqueIdentifier::Text(id) => Some(id.clone()),
            _ => None,
        })
        .collect()
}

/// The public key of an object, whichever half or certificate it is; `None` where the server cannot see it.
fn public_key(draft: &mut Draft<'_>, object: &Object) -> OpResult<Option<Fingerprint>> {
    match draft.managed(object) {
        Ok(value) => Ok(of_value(value)),
        Err(Interrupt::Refused(_)) => Ok(None),
        Err(need) => Err(need),
    }
}

fn of_value(value: ManagedObject) -> Option<Fingerprint> {
    let (object_type, mut value) = (value.object_type(), value);
    if let ManagedObject::Certificate(certificate) = &value {
        let is_x509 = certificate.certificate_type == CertificateType::X_509;
        return is_x509.then(|| of_certificate(&certificate.value)).flatten();
    }
    let block = value.key_block_mut()?;
    let is_private = object_type == ObjectType::PrivateKey;
    let format = if is_private { KeyFormatType::PKCS_8 } else { KeyFormatType::X_509 };
    material::in_format(block, format).ok()?;
    let der = material::clear_material(block).filter(|_| block.key_wrapping_data.is_none())?;
    let key = if is_private { Key::private(der.expose()) } else { Key::public(der.expose()) };
    digest(&key.ok()?)
}

/// The digest of the public key of a certificate, X.509 DER.
pub fn of_certificate(certificate: &[u8]) -> Option<Fingerprint> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    of_public_key(certificate.public_key().raw)
}

/// The same of the key itself, X.509 SubjectPublicKeyInfo DER.
pub fn of_public_key(spki: &[u8]) -> Option<Fingerprint> {
    digest(&Key::public(spki).ok()?)
}

/// One digest for one key, however it was encoded: a point may be compressed.
fn digest(key: &Key) -> Option<Fingerprint> {
    let bytes = key.point(false).or_else(|_| key.public_der()).ok()?;
    Some(Fingerprint::of(&[&key.bits().to_be_bytes()[..], &bytes].concat()))
}
