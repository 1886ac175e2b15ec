//! What of a message is a secret, by its tag: whatever type a value comes in, nothing of it stands in logs or in what is kept
//! of an exchange.

use crate::Tag;

/// The tags of what is secret: keys and their numbers, passwords, what is encrypted, signed or derived from, and what is used
/// once.
const SECRETS: &[Tag] = &[
    Tag::AttestationAssertion,
    Tag::AttestationMeasurement,
    Tag::AuthenticatedEncryptionAdditionalData,
    Tag::AuthenticatedEncryptionTag,
    Tag::CRTCoefficient,
    Tag::CredentialValue,
    Tag::D,
    Tag::Data,
    Tag::DerivationData,
    Tag::HashedPassword,
    Tag::InitializationVector,
    Tag::IVCounterNonce,
    Tag::Key,
    Tag::KeyMaterial,
    Tag::KeyValue,
    Tag::MACData,
    Tag::NonceValue,
    Tag::OneTimePassword,
    Tag::OpaqueDataValue,
    Tag::P,
    Tag::PKCS_11InputParameters,
    Tag::PKCS_11OutputParameters,
    Tag::Password,
    Tag::PrimeExponentP,
    Tag::PrimeExponentQ,
    Tag::PrivateExponent,
    Tag::Q,
    Tag::Salt,
    Tag::ServerHashedPassword,
    Tag::SignatureData,
    Tag::TicketValue,
    Tag::X,
];

/// Those of them in the place of which the number of an item of the batch may stand (KMIP 2.1, 7.9).
const COUNTED: &[Tag] = &[Tag::Data, Tag::MACData, Tag::SignatureData];

/// Whether what stands under this tag is a secret.
pub(super) fn is_secret(tag: Tag) -> bool {
    SECRETS.contains(&tag)
}

/// Whether a number under this tag may be one.
pub(super) fn is_secret_number(tag: Tag) -> bool {
    is_secret(tag) && !COUNTED.contains(&tag)
}
