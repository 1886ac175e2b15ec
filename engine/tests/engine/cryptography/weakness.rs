//! What is weak protects nothing new but for clients that are granted it, and everybody's old data stay readable.

use super::*;
use keystead_engine::need::PairKind;
use kmip_codec::objects::{PrivateKey, PublicKey};
use kmip_codec::operations::Call;

/// One world, and the owner of everything in it: with the grant, and after it was taken away.
struct World {
    bench: Bench,
    granted: Principal,
    strict: Principal,
}

impl World {
    fn new() -> Self {
        Self { bench: Bench::new(1), granted: granted("ann", &[]), strict: principal("ann", &[]) }
    }

    fn key(&mut self, algorithm: CryptographicAlgorithm, key: &[u8]) -> String {
        symmetric(&mut self.bench, &self.granted, algorithm, key, &[])
    }

    /// A pair of keys, registered: the private and the public one.
    fn pair(&mut self, algorithm: CryptographicAlgorithm, kind: PairKind, bits: i32) -> (String, String) {
        let made = keystead_crypto::keygen::make(kind).unwrap();
        let block = |format, key: &[u8]| {
            let mut block = bytes_block(format, key);
            block.cryptographic_algorithm = Some(algorithm);
            block.cryptographic_length = Some(bits);
            block
        };
        let private = PrivateKey { key_block: block(KeyFormatType::PKCS_8, made.private_pkcs8.expose()) };
        let public = PublicKey { key_block: block(KeyFormatType::X_509, &made.public_spki) };
        (
            active(&mut self.bench, &self.granted, ManagedObject::PrivateKey(private), &[]),
            active(&mut self.bench, &self.granted, ManagedObject::PublicKey(public), &[]),
        )
    }

    /// What protects is refused without the grant; with it, it is done.
    fn protects<R: Call + Clone>(&mut self, what: &str, request: R) -> R::Answer {
        let refused = self.bench.ask(&self.strict, V2_1, request.clone()).err();
        assert_eq!(refused, Some(ResultReason::PermissionDenied), "{what}");
        self.bench.ask(&self.granted, V2_1, request).unwrap_or_else(|reason| panic!("{what}: {reason:?}"))
    }

    /// What processes is done without the grant.
    fn processes<R: Call>(&mut self, what: &str, request: R) -> R::Answer {
        self.bench.ask(&self.strict, V2_1, request).unwrap_or_else(|reason| panic!("{what}: {reason:?}"))
    }

    fn encryption(&mut self, what: &str, (to, from): (&str, &str), parameters: CryptographicParameters) {
        let iv: bytes::Bytes = vec![7; 8].into();
        let iv = Some(iv).filter(|_| parameters.block_cipher_mode == Some(BlockCipherMode::CBC));
        let request =
            EncryptRequest { iv_counter_nonce: iv.clone(), ..encrypt(to, parameters.clone(), &[5; 16]) };
        let encrypted = self.protects(what, request);
        let request = DecryptRequest {
            unique_identifier: Some(from.into()),
            cryptographic_parameters: Some(parameters),
            data: encrypted.data,
            iv_counter_nonce: iv,
            ..DecryptRequest::default()
        };
        assert_eq!(plain(self.processes(what, request).data), [5; 16], "{what}");
    }

    fn signature(&mut self, what: &str, pair: &(String, String), parameters: &CryptographicParameters) {
        let digested = (parameters == &CryptographicParameters::default()).then(|| vec![5; 16].into());
        let data = if digested.is_some() { None } else { bytes(b"data") };
        let request = SignRequest {
            unique_identifier: Some(pair.0.as_str().into()),
            cryptographic_parameters: Some(parameters.clone()),
            data: data.clone(),
            digested_data: digested.clone(),
            ..SignRequest::default()
        };
        let signature_data = self.protects(what, request).signature_data;
        let request = SignatureVerifyRequest {
            unique_identifier: Some(pair.1.as_str().into()),
            cryptographic_parameters: Some(parameters.clone()),
            data,
            digested_data: digested,
            signature_data,
            ..SignatureVerifyRequest::default()
        };
        let verified = self.processes(what, request).validity_indicator;
        assert_eq!(verified, Some(ValidityIndicator::Valid), "{what}");
    }
}

fn signed(padding: Option<PaddingMethod>, digest: HashingAlgorithm) -> CryptographicParameters {
    let (padding_method, hashing_algorithm) = (padding, Some(digest));
    CryptographicParameters { padding_method, hashing_algorithm, ..CryptographicParameters::default() }
}

#[test]
fn weak_ciphers_decrypt_what_there_is() {
    let mut world = World::new();
    let des = world.key(CryptographicAlgorithm::DES3, &[7; 24]);
    world.encryption("3DES", (&des, &des), mode(BlockCipherMode::CBC));
    let aes = world.key(CryptographicAlgorithm::AES, &[7; 16]);
    world.encryption("ECB", (&aes, &aes), mode(BlockCipherMode::ECB));
    let (private, public) = world.pair(CryptographicAlgorithm::RSA, PairKind::Rsa(2048), 2048);
    let pkcs1 = CryptographicParameters {
        padding_method: Some(PaddingMethod::PKCS1V1_5),
        ..CryptographicParameters::default()
    };
    world.encryption("PKCS1v1.5", (&public, &private), pkcs1);
    let oaep = |digest| signed(Some(PaddingMethod::OAEP), digest);
    world.encryption("OAEP with MD5", (&public, &private), oaep(HashingAlgorithm::MD5));
    world.processes("OAEP", encrypt(&public, oaep(HashingAlgorithm::SHA_256), b"x"));
}

#[test]
fn weak_signatures_verify_what_there_is() {
    let mut world = World::new();
    let ec = world.pair(CryptographicAlgorithm::EC, PairKind::Ec(RecommendedCurve::P_256), 256);
    world.signature("ECDSA with SHA-1", &ec, &signed(None, HashingAlgorithm::SHA_1));
    let rsa = world.pair(CryptographicAlgorithm::RSA, PairKind::Rsa(2048), 2048);
    for digest in [HashingAlgorithm::SHA_1, HashingAlgorithm::MD5] {
        let padding = Some(PaddingMethod::PKCS1V1_5);
        world.signature(&format!("RSA with {digest:?}"), &rsa, &signed(padding, digest));
    }
    world.signature("a digest of 16 bytes", &ec, &CryptographicParameters::default());
    let small = world.pair(CryptographicAlgorithm::RSA, PairKind::Rsa(1024), 1024);
    world.signature("RSA-1024", &small, &signed(Some(PaddingMethod::PSS), HashingAlgorithm::SHA_256));
    let sha_256 = SignRequest {
        unique_identifier: Some(ec.0.as_str().into()),
        data: bytes(b"data"),
        ..SignRequest::default()
    };
    world.processes("ECDSA with SHA-256", sha_256);
}

#[test]
fn weak_digests_authenticate_nothing_new() {
    let mut world = World::new();
    let id = world.key(CryptographicAlgorithm::HMAC_MD5, &[7; 16]);
    let request = MACRequest {
        unique_identifier: Some(id.as_str().into()),
        data: bytes(b"data"),
        ..MACRequest::default()
    };
    let mac_data = world.protects("HMAC-MD5", request).mac_data;
    let request = MACVerifyRequest {
        unique_identifier: Some(id.as_str().into()),
        data: bytes(b"data"),
        mac_data,
        ..MACVerifyRequest::default()
    };
    let verified = world.processes("HMAC-MD5", request).validity_indicator;
    assert_eq!(verified, Some(ValidityIndicator::Valid));
    let hash = |digest| HashRequest {
        cryptographic_parameters: signed(None, digest),
        data: bytes(b"data"),
        ..HashRequest::default()
    };
    world.protects("MD5", hash(HashingAlgorithm::MD5));
    // Nothing is signed here: HMAC, PBKDF2 and fingerprints with SHA-1 hold.
    world.processes("SHA-1", hash(HashingAlgorithm::SHA_1));
}

#[test]
fn weak_means_derive_nothing() {
    let mut world = World::new();
    let uses = Attribute::CryptographicUsageMask(CryptographicUsageMask::DeriveKey);
    let aes = symmetric(
        &mut world.bench,
        &world.granted,
        CryptographicAlgorithm::AES,
        &[7; 16],
        std::slice::from_ref(&uses),
    );
    let des = symmetric(&mut world.bench, &world.granted, CryptographicAlgorithm::DES3, &[7; 24], &[uses]);
    let derive = |id: &str, derivation_method, parameters: CryptographicParameters| DeriveKeyRequest {
        object_type: ObjectType::SecretData,
        unique_identifiers: vec![id.into()],
        derivation_method,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters: Some(parameters),
            initialization_vector: Some(vec![7; 8].into()),
            derivation_data: vec![[5; 16].as_slice().into()],
            ..DerivationParameters::default()
        },
        attributes: [Attribute::CryptographicLength(128)].into(),
    };
    let md5 = signed(None, HashingAlgorithm::MD5);
    world.protects("HMAC with MD5", derive(&aes, DerivationMethod::HMAC, md5));
    let cbc = mode(BlockCipherMode::CBC);
    world.protects("3DES", derive(&des, DerivationMethod::ENCRYPT, cbc));
    let sha_1 = signed(None, HashingAlgorithm::SHA_1);
    world.processes("HMAC with SHA-1", derive(&aes, DerivationMethod::HMAC, sha_1));
}

/// KMIP 2.1, 4.45: required of an object when it is made and afterwards, for its Protection Level.
#[test]
fn what_must_be_quantum_safe_is_or_is_refused() {
    let mut world = World::new();
    let required = |algorithm, bits, level: Option<ProtectionLevel>| {
        let attributes = [
            Some(Attribute::CryptographicAlgorithm(algorithm)),
            Some(Attribute::CryptographicLength(bits)),
            Some(Attribute::QuantumSafe(true)),
            level.map(Attribute::ProtectionLevel),
        ];
        let attributes = attributes.into_iter().flatten().collect::<Attributes>().into();
        CreateRequest { object_type: ObjectType::SymmetricKey, attributes, ..CreateRequest::default() }
    };
    let (aes, high, low) = (CryptographicAlgorithm::AES, ProtectionLevel::High, ProtectionLevel::Low);
    for (algorithm, bits, level, safe) in [
        (aes, 128, Some(high), false),
        (aes, 192, Some(high), false),
        (aes, 256, Some(high), true),
        (aes, 128, None, false),
        (aes, 256, None, true),
        (aes, 128, Some(low), true),
        (CryptographicAlgorithm::HMAC_SHA256, 256, Some(high), true),
        (CryptographicAlgorithm::DES3, 192, Some(low), false),
    ] {
        let made = world.bench.ask(&world.granted, V2_1, required(algorithm, bits, level));
        let what = format!("{algorithm:?} {bits} {level:?}");
        assert_eq!(made.err(), (!safe).then_some(ResultReason::GeneralFailure), "{what}");
    }
    let set = |id: &str, attribute: Attribute| SetAttributeRequest {
        unique_identifier: Some(id.into()),
        attribute: attribute.into(),
    };
    for (length, safe) in [(16, false), (32, true)] {
        let id = world.key(aes, &vec![7; length]);
        let answer = world.bench.ask(&world.strict, V2_1, set(&id, Attribute::QuantumSafe(true)));
        assert_eq!(answer.err(), (!safe).then_some(ResultReason::GeneralFailure), "{length} bytes");
    }
    let ec = world.pair(CryptographicAlgorithm::EC, PairKind::Ec(RecommendedCurve::P_256), 256).1;
    let answer = world.bench.ask(&world.strict, V2_1, set(&ec, Attribute::QuantumSafe(true)));
    assert_eq!(answer.err(), Some(ResultReason::GeneralFailure), "a pair");
}

/// KMIP 1.4, 3.19: implicitly set at Create.
#[test]
fn a_key_that_says_no_use_gets_that_of_its_algorithm() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    use CryptographicUsageMask as Mask;
    for (algorithm, wanted) in [
        (CryptographicAlgorithm::AES, Mask::Encrypt | Mask::Decrypt),
        (CryptographicAlgorithm::HMAC_SHA256, Mask::MACGenerate | Mask::MACVerify),
    ] {
        let attributes = [Attribute::CryptographicAlgorithm(algorithm)].into();
        let request =
            CreateRequest { object_type: ObjectType::SymmetricKey, attributes, ..CreateRequest::default() };
        let id = text(&bench.ask(&ann, V2_1, request).unwrap().unique_identifier);
        let attributes = crate::objects::attributes_of(&mut bench, &ann, &id);
        assert!(
            attributes.iter().any(|one| *one == Attribute::CryptographicUsageMask(wanted)),
            "{algorithm:?}"
        );
    }
}

/// A tag that is cut short lets forgeries in when it is checked: decryption asks for the grant too.
#[test]
fn short_tags_of_poly1305_are_weak_both_ways() {
    let mut world = World::new();
    let id = world.key(CryptographicAlgorithm::ChaCha20Poly1305, &[7; 32]);
    let parameters =
        |tag| CryptographicParameters { tag_length: Some(tag), ..CryptographicParameters::default() };
    let iv: Option<bytes::Bytes> = Some(vec![3; 12].into());
    let decrypt = |tag: &[u8], data| DecryptRequest {
        unique_identifier: Some(id.as_str().into()),
        cryptographic_parameters: Some(parameters(i32::try_from(tag.len()).unwrap())),
        data,
        iv_counter_nonce: iv.clone(),
        tag: Some(tag.to_vec().into()),
        ..DecryptRequest::default()
    };
    let request = EncryptRequest { iv_counter_nonce: iv.clone(), ..encrypt(&id, parameters(16), b"data") };
    let whole = world.processes("a whole tag", request.clone());
    let tag = whole.tag.unwrap();
    let short = EncryptRequest { cryptographic_parameters: Some(parameters(12)), ..request };
    assert_eq!(world.protects("a short tag", short).tag.unwrap(), tag[..12]);
    assert_eq!(plain(world.protects("a short tag", decrypt(&tag[..12], whole.data.clone())).data), b"data");
    let mut forged = tag[..12].to_vec();
    forged[11] ^= 1;
    let refused = world.bench.ask(&world.granted, V2_1, decrypt(&forged, whole.data));
    assert_eq!(refused.err(), Some(ResultReason::CryptographicFailure));
}
