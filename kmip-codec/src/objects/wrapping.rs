//! How a key is wrapped, and how a client wants it wrapped (KMIP 2.1, 3.3 and 7.18).

use crate::attributes::{AttributeReference, CryptographicParameters};
use crate::declare::structure;
use crate::enums::{EncodingOption, WrappingMethod};
use crate::value::UniqueIdentifier;
use crate::version::*;
use bytes::Bytes;

structure! {
    /// The key that encrypts, or that signs (KMIP 2.1, 3.3).
    pub struct WrappingKeyInformation {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
    }
}

structure! {
    /// How a key in a key block is wrapped (KMIP 2.1, 3.3).
    pub struct KeyWrappingData {
        wrapping_method: WrappingMethod = WrappingMethod;
        encryption_key_information: Option<WrappingKeyInformation> = EncryptionKeyInformation;
        mac_signature_key_information: Option<WrappingKeyInformation> = MACSignatureKeyInformation;
        mac_signature: Option<Bytes> = MACSignature;
        iv_counter_nonce: Option<Bytes> = IVCounterNonce;
        encoding_option: Option<EncodingOption> = EncodingOption in V1_1..;
    }
}

structure! {
    /// How a client wants a key wrapped (KMIP 2.1, 7.18).
    pub struct KeyWrappingSpecification {
        wrapping_method: WrappingMethod = WrappingMethod;
        encryption_key_information: Option<WrappingKeyInformation> = EncryptionKeyInformation;
        mac_signature_key_information: Option<WrappingKeyInformation> = MACSignatureKeyInformation;
        /// Attributes to wrap with the key.
        attributes: Vec<AttributeReference> = AttributeName in V1_0..V2_0, AttributeReference in V2_0..;
        encoding_option: Option<EncodingOption> = EncodingOption in V1_1..;
    }
}
