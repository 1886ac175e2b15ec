//! The master keys as objects of the token: their template, how they are found, what they must be.

use crate::{Epoch, Error};
use cryptoki::error::Error as Pkcs11Error;
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use cryptoki::types::Ulong;

const KEY_BYTES: u64 = 32;

/// The label of the master key of an epoch.
pub fn label(prefix: &str, epoch: Epoch) -> String {
    format!("{prefix}{epoch}")
}

/// The secret keys with this label.
pub fn find(session: &Session, label: &str) -> Result<Vec<ObjectHandle>, Pkcs11Error> {
    session.find_objects(&[
        Attribute::Class(ObjectClass::SECRET_KEY),
        Attribute::Token(true),
        Attribute::Label(label.as_bytes().to_vec()),
    ])
}

/// The epochs of all master keys in the token.
pub fn epochs(session: &Session, prefix: &str) -> Result<Vec<Epoch>, Pkcs11Error> {
    let template = [Attribute::Class(ObjectClass::SECRET_KEY), Attribute::Token(true)];
    let mut epochs = Vec::new();
    for handle in session.find_objects(&template)? {
        for attribute in session.get_attributes(handle, &[AttributeType::Label])? {
            let Attribute::Label(label) = attribute else { continue };
            let number = label.strip_prefix(prefix.as_bytes()).and_then(|n| std::str::from_utf8(n).ok());
            epochs.extend(number.and_then(|n| n.parse().ok()).map(Epoch));
        }
    }
    epochs.sort();
    epochs.dedup();
    Ok(epochs)
}

/// Makes a master key: AES-256, for encryption and decryption alone, never to leave the token.
pub fn generate(session: &Session, label: &str, epoch: Epoch) -> Result<ObjectHandle, Pkcs11Error> {
    session.generate_key(
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
            Attribute::Label(label.as_bytes().to_vec()),
            Attribute::Id(epoch.0.to_be_bytes().to_vec()),
        ],
    )
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
    (Attribute::KeyType(KeyType::AES), "CKA_KEY_TYPE must be CKK_AES"),
];

/// Refuses a key that is not what it must be, and says which attribute is wrong.
pub fn check(session: &Session, handle: ObjectHandle, epoch: Epoch) -> Result<(), Error> {
    for (wanted, attribute) in MUST {
        let have = session.get_attributes(handle, &[wanted.attribute_type()]);
        let have = have.map_err(super::faults::device("C_GetAttributeValue"))?;
        if have.first() != Some(wanted) {
            return Err(Error::KeyUnfit { epoch, attribute });
        }
    }
    let length = session.get_attributes(handle, &[AttributeType::ValueLen]);
    let length = length.map_err(super::faults::device("C_GetAttributeValue"))?;
    if length.first() != Some(&Attribute::ValueLen(Ulong::from(KEY_BYTES))) {
        return Err(Error::KeyUnfit { epoch, attribute: "CKA_VALUE_LEN must be 32" });
    }
    Ok(())
}
