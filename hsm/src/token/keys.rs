//! The master keys as objects of the token: their template, how they are found, what they must be.

use super::faults::{Fault, at};
use crate::master::LABEL_PREFIX;
use crate::{Epoch, Error, MasterKeyRef};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeInfo, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::types::Ulong;

const KEY_BYTES: u64 = 32;

/// The secret keys that may be this one: those with its identifier, and for a key of an older version those with its
/// label. Which of them it is, its key check value tells.
pub fn find(session: &Session, key: &MasterKeyRef) -> Result<Vec<ObjectHandle>, Fault> {
    let mut ways = vec![Attribute::Id(key.id.clone())];
    if key.is_legacy() {
        ways.push(Attribute::Label(key.label.as_bytes().to_vec()));
    }
    let mut found: Vec<ObjectHandle> = Vec::new();
    for way in ways {
        let template = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true), way];
        for handle in session.find_objects(&template).map_err(at("C_FindObjects"))? {
            if !found.contains(&handle) {
                found.push(handle);
            }
        }
    }
    Ok(found)
}

/// The labels of all keys that Keystead made.
pub fn labels(session: &Session) -> Result<Vec<String>, Fault> {
    let template = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true)];
    let mut labels = Vec::new();
    for handle in session.find_objects(&template).map_err(at("C_FindObjects"))? {
        let found = session.get_attributes(handle, &[AttributeType::Label]);
        for attribute in found.map_err(at("C_GetAttributeValue"))? {
            let Attribute::Label(label) = attribute else { continue };
            labels.extend(String::from_utf8(label).ok().filter(|label| label.starts_with(LABEL_PREFIX)));
        }
    }
    Ok(labels)
}

/// Makes a key like a master key that is gone with the session.
pub fn temporary(session: &Session) -> Result<ObjectHandle, Fault> {
    let template = [
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::KeyType(KeyType::AES),
        Attribute::ValueLen(Ulong::from(KEY_BYTES)),
        Attribute::Token(false),
        Attribute::Private(true),
        Attribute::Sensitive(true),
        Attribute::Extractable(false),
        Attribute::Encrypt(true),
        Attribute::Decrypt(true),
    ];
    session.generate_key(&Mechanism::AesKeyGen, &template).map_err(at("C_GenerateKey"))
}

/// Makes a master key: AES-256, for encryption and decryption alone, never to leave the token.
pub fn generate(session: &Session, key: &MasterKeyRef) -> Result<ObjectHandle, Fault> {
    let made = session.generate_key(
        &Mechanism::AesKeyGen,
        &[
            Attribute::Class(ObjectClass::SECRET_KEY),
            Attribute::KeyType(KeyType::AES),
            Attribute::ValueLen(Ulong::from(KEY_BYTES)),
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Extractable(false),
            Attribute::Encrypt(true),
            Attribute::Decrypt(true),
            Attribute::Sign(false),
            Attribute::Verify(false),
            Attribute::Wrap(false),
            Attribute::Unwrap(false),
            Attribute::Derive(false),
            Attribute::Modifiable(false),
            Attribute::Label(key.label.as_bytes().to_vec()),
            Attribute::Id(key.id.clone()),
        ],
    );
    made.map_err(at("C_GenerateKey"))
}

/// What a master key must be: attribute, value, and how to say it. A key that may both wrap and decrypt would let its
/// user read "sensitive" keys, so it has one role.
const MUST: &[(Attribute, &str)] = &[
    (Attribute::Token(true), "CKA_TOKEN must be true"),
    (Attribute::Private(true), "CKA_PRIVATE must be true"),
    (Attribute::Sensitive(true), "CKA_SENSITIVE must be true"),
    (Attribute::AlwaysSensitive(true), "CKA_ALWAYS_SENSITIVE must be true"),
    (Attribute::Extractable(false), "CKA_EXTRACTABLE must be false"),
    (Attribute::NeverExtractable(true), "CKA_NEVER_EXTRACTABLE must be true"),
    (Attribute::Encrypt(true), "CKA_ENCRYPT must be true"),
    (Attribute::Decrypt(true), "CKA_DECRYPT must be true"),
    (Attribute::Wrap(false), "CKA_WRAP must be false"),
    (Attribute::Unwrap(false), "CKA_UNWRAP must be false"),
    (Attribute::Sign(false), "CKA_SIGN must be false"),
    (Attribute::Verify(false), "CKA_VERIFY must be false"),
    (Attribute::Derive(false), "CKA_DERIVE must be false"),
    (Attribute::Local(true), "CKA_LOCAL must be true"),
    (Attribute::KeyType(KeyType::AES), "CKA_KEY_TYPE must be CKK_AES"),
];

/// Why a key is not fit to be a master key.
pub enum Unfit {
    /// This attribute is not what it must be.
    Otherwise(&'static str),
    /// The token does not tell this attribute, and so not what the key is.
    Untold(&'static str),
}

impl Unfit {
    /// Of a key that was found.
    pub fn found(self, epoch: Epoch) -> Error {
        match self {
            Self::Otherwise(attribute) => Error::KeyUnfit { epoch, attribute },
            Self::Untold(_) => self.made(),
        }
    }

    /// Of a key that the token has made this moment.
    pub fn made(self) -> Error {
        let (call, code) = match self {
            Self::Otherwise(attribute) => {
                ("C_GenerateKey", format!("the key that it made is not as it was asked for, {attribute}"))
            }
            Self::Untold(attribute) => {
                let name = attribute.split_whitespace().next().unwrap_or_default();
                ("C_GetAttributeValue", format!("it does not tell {name} of a key"))
            }
        };
        Error::Unsuited { call, code }
    }
}

/// Why a key is unfit, if it is.
pub fn unfit(session: &Session, handle: ObjectHandle) -> Result<Option<Unfit>, Fault> {
    let length = (Attribute::ValueLen(Ulong::from(KEY_BYTES)), "CKA_VALUE_LEN must be 32");
    for (wanted, attribute) in MUST.iter().chain([&length]) {
        let kind = [wanted.attribute_type()];
        let have = session.get_attributes(handle, &kind).map_err(at("C_GetAttributeValue"))?;
        if have.first() == Some(wanted) {
            continue;
        }
        // What is not told may read as zero.
        let info = session.get_attribute_info(handle, &kind).map_err(at("C_GetAttributeValue"))?;
        let is_told = matches!(info.first(), Some(AttributeInfo::Available(_)));
        return Ok(Some(if is_told { Unfit::Otherwise(attribute) } else { Unfit::Untold(attribute) }));
    }
    Ok(None)
}
