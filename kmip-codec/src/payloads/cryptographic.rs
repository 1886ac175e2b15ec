//! Cryptography done by the server (KMIP 2.1, 6.1.11, 6.1.17 and others). Long data comes in parts: the first with the
//! init indicator, the last with the final one, those between with the correlation value that the first was answered
//! with.

use crate::attributes::CryptographicParameters;
use crate::declare::structure;
use crate::enums::ValidityIndicator;
use crate::secret::SecretBytes;
use crate::value::{Data, UniqueIdentifier};
use crate::version::*;
use bytes::Bytes;

structure! {
    /// Encrypts (KMIP 2.1, 6.1.17).
    pub struct EncryptRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        data: Option<Data> = Data;
        iv_counter_nonce: Option<Bytes> = IVCounterNonce;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
        init_indicator: Option<bool> = InitIndicator in V1_3..;
        final_indicator: Option<bool> = FinalIndicator in V1_3..;
        additional_data: Option<Bytes> = AuthenticatedEncryptionAdditionalData in V1_4..;
    }
}

structure! {
    /// The ciphertext.
    pub struct EncryptResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        data: Option<Data> = Data;
        iv_counter_nonce: Option<Bytes> = IVCounterNonce;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
        tag: Option<Bytes> = AuthenticatedEncryptionTag in V1_4..;
    }
}

structure! {
    /// Decrypts (KMIP 2.1, 6.1.11).
    pub struct DecryptRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        data: Option<Data> = Data;
        iv_counter_nonce: Option<Bytes> = IVCounterNonce;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
        init_indicator: Option<bool> = InitIndicator in V1_3..;
        final_indicator: Option<bool> = FinalIndicator in V1_3..;
        additional_data: Option<Bytes> = AuthenticatedEncryptionAdditionalData in V1_4..;
        tag: Option<Bytes> = AuthenticatedEncryptionTag in V1_4..;
    }
}

structure! {
    /// The plaintext.
    pub struct DecryptResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        data: Option<Data> = Data;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
    }
}

structure! {
    /// Signs (KMIP 2.1, 6.1.55).
    pub struct SignRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        data: Option<Data> = Data;
        digested_data: Option<Bytes> = DigestedData in V1_4..;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
        init_indicator: Option<bool> = InitIndicator in V1_3..;
        final_indicator: Option<bool> = FinalIndicator in V1_3..;
    }
}

structure! {
    /// The signature.
    pub struct SignResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        signature_data: Option<Bytes> = SignatureData;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
    }
}

structure! {
    /// Verifies a signature (KMIP 2.1, 6.1.56).
    pub struct SignatureVerifyRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        data: Option<Data> = Data;
        digested_data: Option<Bytes> = DigestedData in V1_4..;
        signature_data: Option<Bytes> = SignatureData;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
        init_indicator: Option<bool> = InitIndicator in V1_3..;
        final_indicator: Option<bool> = FinalIndicator in V1_3..;
    }
}

structure! {
    /// Whether the signature is valid.
    pub struct SignatureVerifyResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        validity_indicator: Option<ValidityIndicator> = ValidityIndicator;
        data: Option<Data> = Data;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
    }
}

structure! {
    /// Makes a MAC (KMIP 2.1, 6.1.32).
    pub struct MACRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        data: Option<Data> = Data;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
        init_indicator: Option<bool> = InitIndicator in V1_3..;
        final_indicator: Option<bool> = FinalIndicator in V1_3..;
    }
}

structure! {
    /// The MAC.
    pub struct MACResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        mac_data: Option<Bytes> = MACData;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
    }
}

structure! {
    /// Verifies a MAC (KMIP 2.1, 6.1.33).
    pub struct MACVerifyRequest {
        unique_identifier: Option<UniqueIdentifier> = UniqueIdentifier;
        cryptographic_parameters: Option<CryptographicParameters> = CryptographicParameters;
        data: Option<Data> = Data;
        mac_data: Option<Bytes> = MACData;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
        init_indicator: Option<bool> = InitIndicator in V1_3..;
        final_indicator: Option<bool> = FinalIndicator in V1_3..;
    }
}

structure! {
    /// Whether the MAC is valid.
    pub struct MACVerifyResponse {
        unique_identifier: UniqueIdentifier = UniqueIdentifier;
        validity_indicator: Option<ValidityIndicator> = ValidityIndicator;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
    }
}

structure! {
    /// Digests (KMIP 2.1, 6.1.24).
    pub struct HashRequest {
        cryptographic_parameters: CryptographicParameters = CryptographicParameters;
        data: Option<Data> = Data;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
        init_indicator: Option<bool> = InitIndicator in V1_3..;
        final_indicator: Option<bool> = FinalIndicator in V1_3..;
    }
}

structure! {
    /// The digest.
    pub struct HashResponse {
        data: Option<Data> = Data;
        correlation_value: Option<Bytes> = CorrelationValue in V1_3..;
    }
}

structure! {
    /// Asks for random bytes (KMIP 2.1, 6.1.49).
    pub struct RNGRetrieveRequest {
        data_length: i32 = DataLength;
    }
}

structure! {
    /// Random bytes.
    pub struct RNGRetrieveResponse {
        data: SecretBytes = Data;
    }
}

structure! {
    /// Adds to the seed of the generator (KMIP 2.1, 6.1.50).
    pub struct RNGSeedRequest {
        data: Data = Data;
    }
}

structure! {
    /// How many bytes were taken.
    pub struct RNGSeedResponse {
        data_length: i32 = DataLength;
    }
}
