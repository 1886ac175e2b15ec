//! Algorithms: what the engine does when it is asked, value by value.

use super::page::{head, table};
use crate::world::{Bench, principal};
use keystead_crypto::keygen;
use keystead_engine::need::{KeyPair, PairKind};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, CryptographicParameters};
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::operations::Call;
use kmip_codec::payloads::*;
use kmip_codec::value::{Data, DateTime, UniqueIdentifier};
use kmip_codec::version::V2_1;

/// Lengths of keys that are tried, in bits.
const LENGTHS: &[i32] = &[56, 64, 80, 112, 128, 160, 168, 192, 224, 256, 384, 512];

/// Lengths of keys that ciphers are tried with, in bits.
const CIPHER_LENGTHS: &[i32] = &[64, 128, 192, 256, 512];

/// Lengths of IVs that are tried, in bytes.
const IV_BYTES: &[usize] = &[0, 12, 16, 8];

pub fn page() -> String {
    let mut lab = Lab::new();
    let mut text = head(
        "Algorithms",
        "What the server does when it is asked, found out by asking it: each line was tried with several lengths of key and IV, and \
         holds in KMIP 2.1. *Weak* ones are refused unless a client is granted weak keys ([configuration](../configuration.md)).",
    );
    let parts: [Part; 7] = [
        ("Keys that Create makes", &["algorithm", "bits", "weak"], lab.keys()),
        ("Pairs that Create Key Pair makes", &["algorithm", "of"], lab.pairs()),
        ("Encrypt and Decrypt with a symmetric key", &["algorithm", "mode", "bits", "weak"], lab.ciphers()),
        ("Encrypt and Decrypt with a pair of RSA keys", &["padding", "digest", "weak"], lab.paddings()),
        ("Sign and Signature Verify", &["Digital Signature Algorithm", "key", "weak"], lab.signatures()),
        ("MAC and MAC Verify", &["algorithm of the key", "digest", "weak"], lab.macs()),
        ("Hash", &["Hashing Algorithm", "weak"], lab.digests()),
    ];
    for (title, columns, rows) in parts {
        text += &format!("\n## {title}\n\n{}", table(columns, rows));
    }
    text
}

/// A title, columns and rows.
type Part = (&'static str, &'static [&'static str], Vec<Vec<String>>);

/// An engine, and a client that may have weak keys.
struct Lab {
    bench: Bench,
    client: Principal,
}

impl Lab {
    fn new() -> Self {
        let mut bench = Bench::new(1);
        // A pad is tried more than once.
        bench.settings.danger_reuse_one_time_pads = true;
        Self { bench, client: Principal { weak_keys: true, ..principal("lab", &[]) } }
    }

    fn ask<R: Call>(&mut self, request: R) -> Option<R::Answer> {
        self.bench.ask(&self.client, V2_1, request).ok()
    }

    fn keys(&mut self) -> Vec<Vec<String>> {
        let strict = Principal { weak_keys: false, ..self.client.clone() };
        let mut rows = Vec::new();
        for algorithm in values(CryptographicAlgorithm::ROWS).map(CryptographicAlgorithm) {
            let made: Vec<i32> =
                LENGTHS.iter().copied().filter(|bits| self.ask(create(algorithm, *bits)).is_some()).collect();
            let mut weak = made.clone();
            weak.retain(|bits| self.bench.ask(&strict, V2_1, create(algorithm, *bits)).is_err());
            if !made.is_empty() {
                rows.push(vec![format!("{algorithm:?}"), lengths(&made), lengths(&weak)]);
            }
        }
        rows
    }

    fn pairs(&mut self) -> Vec<Vec<String>> {
        let sizes =
            [1024, 2048, 3072, 4096].into_iter().filter(|bits| keygen::make(PairKind::Rsa(*bits)).is_ok());
        let curves = values(RecommendedCurve::ROWS).map(RecommendedCurve);
        let curves = curves.filter(|curve| keygen::make(PairKind::Ec(*curve)).is_ok());
        vec![
            vec!["RSA".to_owned(), format!("{} bits", numbers(sizes))],
            vec!["EC".to_owned(), curves.map(|curve| format!("{curve:?}")).collect::<Vec<_>>().join(", ")],
            vec!["Ed25519".to_owned(), "CURVE25519".to_owned()],
            vec!["ECDH".to_owned(), "CURVE25519".to_owned()],
        ]
    }

    fn ciphers(&mut self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for algorithm in values(CryptographicAlgorithm::ROWS).map(CryptographicAlgorithm) {
            let keys: Vec<(i32, UniqueIdentifier)> = CIPHER_LENGTHS
                .iter()
                .filter_map(|bits| {
                    let key = symmetric(algorithm, usize::try_from(*bits / 8).unwrap());
                    Some((*bits, self.ask(key)?.unique_identifier))
                })
                .collect();
            let modes = values(BlockCipherMode::ROWS).map(|mode| Some(BlockCipherMode(mode)));
            for mode in std::iter::once(None).chain(modes) {
                let bits = keys.iter().filter(|(_, key)| self.encrypts(key, mode)).map(|(bits, _)| *bits);
                let bits = numbers(bits.collect::<Vec<_>>().into_iter());
                if !bits.is_empty() {
                    let weak = self.is_weak(|lab| keys.iter().any(|(_, key)| lab.encrypts(key, mode)));
                    let mode = mode.map_or("none".to_owned(), |mode| format!("{mode:?}"));
                    rows.push(vec![format!("{algorithm:?}"), mode, bits, weak]);
                }
            }
        }
        rows
    }

    /// `yes` where it is not done for a client without the grant.
    fn is_weak(&mut self, done: impl FnOnce(&mut Self) -> bool) -> String {
        self.client.weak_keys = false;
        let weak = !done(self);
        self.client.weak_keys = true;
        if weak { "yes".to_owned() } else { String::new() }
    }

    /// Whether there are an IV and a padding with which data comes back.
    fn encrypts(&mut self, key: &UniqueIdentifier, mode: Option<BlockCipherMode>) -> bool {
        let parameters = CryptographicParameters {
            block_cipher_mode: mode,
            tag_length: Some(16),
            ..CryptographicParameters::default()
        };
        IV_BYTES.iter().any(|bytes| {
            let iv = (*bytes > 0).then(|| vec![7; *bytes].into());
            self.comes_back(key, &parameters, iv)
        })
    }

    fn comes_back(
        &mut self,
        key: &UniqueIdentifier,
        parameters: &CryptographicParameters,
        iv: Option<bytes::Bytes>,
    ) -> bool {
        self.comes_back_from((key, key), parameters, iv)
    }

    fn comes_back_from(
        &mut self,
        (to, from): (&UniqueIdentifier, &UniqueIdentifier),
        parameters: &CryptographicParameters,
        iv: Option<bytes::Bytes>,
    ) -> bool {
        let plain = Some(Data::Bytes(vec![5; 32].into()));
        let encrypted = self.ask(EncryptRequest {
            unique_identifier: Some(to.clone()),
            cryptographic_parameters: Some(parameters.clone()),
            data: plain.clone(),
            iv_counter_nonce: iv.clone(),
            ..EncryptRequest::default()
        });
        let Some(encrypted) = encrypted else { return false };
        let decrypted = self.ask(DecryptRequest {
            unique_identifier: Some(from.clone()),
            cryptographic_parameters: Some(parameters.clone()),
            data: encrypted.data,
            iv_counter_nonce: iv,
            tag: encrypted.tag,
            ..DecryptRequest::default()
        });
        decrypted.is_some_and(|decrypted| decrypted.data == plain)
    }

    fn paddings(&mut self) -> Vec<Vec<String>> {
        let pair = self.pair(CryptographicAlgorithm::RSA, PairKind::Rsa(2048));
        let mut rows = Vec::new();
        for padding in values(PaddingMethod::ROWS).map(PaddingMethod) {
            let (mut taken, mut weak) = (Vec::new(), Vec::new());
            for digest in
                std::iter::once(None).chain(values(HashingAlgorithm::ROWS).map(|d| Some(HashingAlgorithm(d))))
            {
                let parameters = CryptographicParameters {
                    padding_method: Some(padding),
                    hashing_algorithm: digest,
                    ..CryptographicParameters::default()
                };
                if self.comes_back_from((&pair.1, &pair.0), &parameters, None) {
                    taken.push(digest);
                    let done = |lab: &mut Self| lab.comes_back_from((&pair.1, &pair.0), &parameters, None);
                    weak.extend(Some(digest).filter(|_| !self.is_weak(done).is_empty()));
                }
            }
            let weak = if weak == taken { "yes".to_owned() } else { digests_of(&weak) };
            if !taken.is_empty() {
                rows.push(vec![format!("{padding:?}"), digests_of(&taken), weak]);
            }
        }
        rows
    }

    fn signatures(&mut self) -> Vec<Vec<String>> {
        let pairs = [
            ("RSA", self.pair(CryptographicAlgorithm::RSA, PairKind::Rsa(2048))),
            ("EC", self.pair(CryptographicAlgorithm::EC, PairKind::Ec(RecommendedCurve::P_256))),
            ("Ed25519", self.pair(CryptographicAlgorithm::Ed25519, PairKind::Ed25519)),
        ];
        let mut rows = Vec::new();
        for algorithm in values(DigitalSignatureAlgorithm::ROWS).map(DigitalSignatureAlgorithm) {
            for (name, pair) in &pairs {
                if self.signs(pair, Some(algorithm)) {
                    let weak = self.is_weak(|lab| lab.signs(pair, Some(algorithm)));
                    rows.push(vec![format!("{algorithm:?}"), (*name).to_owned(), weak]);
                }
            }
        }
        for (name, pair) in &pairs {
            if self.signs(pair, None) {
                let weak = self.is_weak(|lab| lab.signs(pair, None));
                rows.push(vec!["none".to_owned(), (*name).to_owned(), weak]);
            }
        }
        rows
    }

    fn signs(
        &mut self,
        pair: &(UniqueIdentifier, UniqueIdentifier),
        algorithm: Option<DigitalSignatureAlgorithm>,
    ) -> bool {
        // PSS takes its digest from beside the algorithm.
        let digest =
            (algorithm == Some(DigitalSignatureAlgorithm::RSASSA_PSS)).then_some(HashingAlgorithm::SHA_256);
        let parameters = Some(CryptographicParameters {
            digital_signature_algorithm: algorithm,
            hashing_algorithm: digest,
            ..CryptographicParameters::default()
        });
        let data = Some(Data::Bytes(vec![5; 32].into()));
        let signed = self.ask(SignRequest {
            unique_identifier: Some(pair.0.clone()),
            cryptographic_parameters: parameters.clone(),
            data: data.clone(),
            ..SignRequest::default()
        });
        let Some(signed) = signed else { return false };
        let verified = self.ask(SignatureVerifyRequest {
            unique_identifier: Some(pair.1.clone()),
            cryptographic_parameters: parameters,
            data,
            signature_data: signed.signature_data,
            ..SignatureVerifyRequest::default()
        });
        verified.is_some_and(|answer| answer.validity_indicator == Some(ValidityIndicator::Valid))
    }

    fn macs(&mut self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for algorithm in values(CryptographicAlgorithm::ROWS).map(CryptographicAlgorithm) {
            let Some(key) = self.ask(symmetric(algorithm, 32)) else { continue };
            let mac = |digest| MACRequest {
                unique_identifier: Some(key.unique_identifier.clone()),
                cryptographic_parameters: Some(CryptographicParameters {
                    cryptographic_algorithm: Some(algorithm),
                    hashing_algorithm: digest,
                    ..CryptographicParameters::default()
                }),
                data: Some(Data::Bytes(vec![5; 32].into())),
                ..MACRequest::default()
            };
            let digests = values(HashingAlgorithm::ROWS).map(|digest| Some(HashingAlgorithm(digest)));
            let digests = std::iter::once(None).chain(digests);
            let taken: Vec<_> = digests.filter(|digest| self.ask(mac(*digest)).is_some()).collect();
            if let Some(digest) = taken.first() {
                let weak = self.is_weak(|lab| lab.ask(mac(*digest)).is_some());
                rows.push(vec![format!("{algorithm:?}"), digests_of(&taken), weak]);
            }
        }
        rows
    }

    fn digests(&mut self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for digest in values(HashingAlgorithm::ROWS).map(HashingAlgorithm) {
            let parameters = CryptographicParameters {
                hashing_algorithm: Some(digest),
                ..CryptographicParameters::default()
            };
            let request = HashRequest {
                cryptographic_parameters: parameters,
                data: Some(Data::Bytes(vec![5; 32].into())),
                ..HashRequest::default()
            };
            if self.ask(request.clone()).is_some() {
                let weak = self.is_weak(|lab| lab.ask(request).is_some());
                rows.push(vec![format!("{digest:?}"), weak]);
            }
        }
        rows
    }

    /// The private and the public key of a new pair, registered.
    fn pair(
        &mut self,
        algorithm: CryptographicAlgorithm,
        kind: PairKind,
    ) -> (UniqueIdentifier, UniqueIdentifier) {
        let KeyPair { private_pkcs8, public_spki, .. } = keygen::make(kind).unwrap();
        let block = |format, key: kmip_codec::SecretBytes| KeyBlock {
            key_format_type: format,
            key_value: Some(KeyValue::Plain(PlainKeyValue {
                key_material: KeyMaterial::Bytes(key),
                attributes: None,
            })),
            cryptographic_algorithm: Some(algorithm),
            cryptographic_length: Some(if algorithm == CryptographicAlgorithm::RSA { 2048 } else { 256 }),
            ..KeyBlock::default()
        };
        let private = PrivateKey { key_block: block(KeyFormatType::PKCS_8, private_pkcs8) };
        let public = PublicKey { key_block: block(KeyFormatType::X_509, public_spki.as_slice().into()) };
        let private = register(ObjectType::PrivateKey, ManagedObject::PrivateKey(private));
        let public = register(ObjectType::PublicKey, ManagedObject::PublicKey(public));
        (self.ask(private).unwrap().unique_identifier, self.ask(public).unwrap().unique_identifier)
    }
}

fn values(rows: &'static [Row]) -> impl Iterator<Item = u32> {
    rows.iter().filter(|row| (row.2)(V2_1)).map(|row| row.0)
}

/// Lengths; in short where every one that is tried is taken.
fn lengths(all: &[i32]) -> String {
    if all == LENGTHS { "56 to 512, whole bytes".to_owned() } else { numbers(all.iter()) }
}

fn numbers<T: ToString>(all: impl Iterator<Item = T>) -> String {
    all.map(|number| number.to_string()).collect::<Vec<_>>().join(", ")
}

fn digests_of(taken: &[Option<HashingAlgorithm>]) -> String {
    if taken.len() > values(HashingAlgorithm::ROWS).count() {
        return "not looked at".to_owned();
    }
    let names =
        taken.iter().map(|digest| digest.map_or("none named".to_owned(), |digest| format!("{digest:?}")));
    names.collect::<Vec<_>>().join(", ")
}

/// Every use, and Active at once.
fn usable() -> [Attribute; 2] {
    let all = CryptographicUsageMask::ROWS.iter().fold(0, |mask, row| mask | row.0.cast_signed());
    [Attribute::CryptographicUsageMask(CryptographicUsageMask(all)), Attribute::ActivationDate(DateTime(1))]
}

fn create(algorithm: CryptographicAlgorithm, bits: i32) -> CreateRequest {
    let [mask, active] = usable();
    let attributes =
        [Attribute::CryptographicAlgorithm(algorithm), Attribute::CryptographicLength(bits), mask, active]
            .into();
    CreateRequest { object_type: ObjectType::SymmetricKey, attributes, ..CreateRequest::default() }
}

fn symmetric(algorithm: CryptographicAlgorithm, bytes: usize) -> RegisterRequest {
    let key_material = KeyMaterial::Bytes((1..=bytes).map(|byte| byte as u8).collect::<Vec<_>>().into());
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::Raw,
        key_value: Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None })),
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: i32::try_from(bytes * 8).ok(),
        ..KeyBlock::default()
    };
    register(ObjectType::SymmetricKey, ManagedObject::SymmetricKey(SymmetricKey { key_block }))
}

fn register(object_type: ObjectType, object: ManagedObject) -> RegisterRequest {
    RegisterRequest { object_type, attributes: usable().into(), object, ..RegisterRequest::default() }
}
