//! What no file can print because the operation is randomised: proven with the keys of the cases instead. Signatures
//! are verified and what was encrypted under a random IV is decrypted with the registered key; what was encrypted with
//! a public key is decrypted with the private key, which another case registers.

use super::super::case::{Case, Node};
use super::kind;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::KeyPair as RsaKeyPair;
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, KeyPair as _, UnparsedPublicKey,
};
use keystead::crypto::Digest;
use keystead::crypto::cipher::{Authenticated, Cipher, Direction, Kind};
use keystead::crypto::padding::Padding;
use keystead::crypto::pkey::{Key, Padding as KeyPadding};
use std::collections::{BTreeSet, HashMap, HashSet};

/// The private keys of RSA that any case registers, PKCS#8.
#[derive(Clone, Default)]
pub struct Keyring(Vec<Vec<u8>>);

impl Keyring {
    pub fn of(cases: &[Case]) -> Self {
        let mut found = BTreeSet::new();
        for step in cases.iter().flat_map(|case| &case.steps) {
            step.request.walk(&mut |node| {
                if node.tag == "PrivateKey"
                    && let Some(material) = node.find("KeyMaterial")
                {
                    found.insert(bytes(material));
                }
            });
        }
        Self(found.iter().filter_map(|der| rsa_pkcs8(der)).collect())
    }
}

fn rsa_pkcs8(der: &[u8]) -> Option<Vec<u8>> {
    let pair = RsaKeyPair::from_der(der).or_else(|_| RsaKeyPair::from_pkcs8(der)).ok()?;
    let pkcs8: Pkcs8V1Der<'_> = pair.as_der().ok()?;
    Some(pkcs8.as_ref().to_vec())
}

/// A key that the case has registered.
#[derive(Clone)]
struct Registered {
    object_type: String,
    material: Vec<u8>,
    parameters: Option<Node>,
}

/// The keys of a case, and what its last request does with them.
pub struct Keys {
    keyring: Keyring,
    registered: HashMap<String, Registered>,
    /// The identifiers of keys that the server made.
    made: HashSet<String>,
    /// Operation, request payload as it was sent, answer.
    last: Option<(String, Node, Node)>,
}

/// Whether an output is right, or why not; nothing where a file can print it.
pub type Proof = Option<Result<(), &'static str>>;

impl Keys {
    pub fn new(keyring: &Keyring) -> Self {
        Self { keyring: keyring.clone(), registered: HashMap::new(), made: HashSet::new(), last: None }
    }

    /// Notes an item of a request, as it was sent, and its answer.
    pub fn note(&mut self, asked: &Node, got: &Node) {
        self.last = None;
        let (Some(operation), Some(asked), Some(got)) =
            (asked.item("Operation"), asked.item("RequestPayload"), got.item("ResponsePayload"))
        else {
            return;
        };
        match operation.value.as_str() {
            "Register" => self.note_registered(asked, got),
            "Create" | "CreateKeyPair" | "ReKey" | "ReKeyKeyPair" | "DeriveKey" => {
                let identifiers = got.items.iter().filter(|item| item.tag.ends_with("UniqueIdentifier"));
                self.made.extend(identifiers.map(|item| item.value.clone()));
            }
            _ => {}
        }
        self.last = Some((operation.value.clone(), asked.clone(), got.clone()));
    }

    fn note_registered(&mut self, asked: &Node, got: &Node) {
        let (Some(id), Some(object_type)) = (got.item("UniqueIdentifier"), asked.item("ObjectType")) else {
            return;
        };
        let mut parameters = asked.find("CryptographicParameters").cloned();
        asked.walk(&mut |node| {
            if node.item("AttributeName").is_some_and(|name| name.value == "Cryptographic Parameters") {
                parameters = node.item("AttributeValue").cloned();
            }
        });
        let material = asked.find("KeyMaterial").map(bytes).unwrap_or_default();
        let key = Registered { object_type: object_type.value.clone(), material, parameters };
        self.registered.insert(id.value.clone(), key);
    }

    /// Whether the server made what decides the output: the key, or the bytes themselves.
    pub fn is_servers_own(&self) -> bool {
        let Some((operation, asked, _)) = &self.last else { return false };
        operation == "RNGRetrieve"
            || asked.item("UniqueIdentifier").is_some_and(|id| self.made.contains(&id.value))
    }

    /// Proves an output of the last request, where it is a randomised one with a registered key.
    pub fn proof(&self, name: &str, got: &Node) -> Proof {
        let (operation, asked, answer) = self.last.as_ref()?;
        let key = self.registered.get(&asked.item("UniqueIdentifier")?.value)?;
        let data = bytes(asked.item("Data")?);
        let parts = ["CorrelationValue", "InitIndicator"].iter().any(|tag| asked.item(tag).is_some());
        let parameters = asked.item("CryptographicParameters").or(key.parameters.as_ref())?;
        let says = |tag: &str| parameters.item(tag).map(|item| item.value.as_str());
        match (operation.as_str(), name) {
            _ if parts => None,
            ("Sign", "SignatureData") => is_signature(key, &says, &data, &bytes(got)),
            ("Encrypt", "Data") if key.object_type == "PublicKey" => {
                let label = parameters.item("PSource").map(bytes).unwrap_or_default();
                Some(self.is_encrypted(&says, &label, &data, &bytes(got)))
            }
            ("Encrypt", _) if asked.item("IVCounterNonce").is_none() && says("RandomIV") == Some("true") => {
                let additional = asked.item("AuthenticatedEncryptionAdditionalData").map(bytes);
                Some(is_under_random_iv(
                    &key.material,
                    &says,
                    (&data, &additional.unwrap_or_default()),
                    answer,
                ))
            }
            _ => None,
        }
    }

    fn is_encrypted<'p>(
        &self,
        says: &dyn Fn(&str) -> Option<&'p str>,
        label: &[u8],
        data: &[u8],
        encrypted: &[u8],
    ) -> Result<(), &'static str> {
        let padding = match says("PaddingMethod") {
            Some("OAEP") => {
                let digest = says("HashingAlgorithm").map_or(Digest::Sha1, digest);
                let mask = says("MaskGeneratorHashingAlgorithm").map_or(digest, self::digest);
                KeyPadding::Oaep { digest, mask, label }
            }
            _ => KeyPadding::Pkcs1,
        };
        let opened = self.keyring.0.iter().any(|pkcs8| {
            let opened = Key::private(pkcs8).and_then(|key| key.decrypt(padding, encrypted));
            opened.is_ok_and(|opened| *opened == data)
        });
        if opened { Ok(()) } else { Err("what the private key decrypts to the data") }
    }
}

fn bytes(node: &Node) -> Vec<u8> {
    if kind(node) == "ByteString" { hex::decode(&node.value).unwrap_or_default() } else { Vec::new() }
}

fn digest(name: &str) -> Digest {
    match name {
        "SHA_1" => Digest::Sha1,
        "SHA_384" => Digest::Sha384,
        "SHA_512" => Digest::Sha512,
        _ => Digest::Sha256,
    }
}

/// Signatures that differ each time: PSS and ECDSA.
fn is_signature<'p>(
    key: &Registered,
    says: &dyn Fn(&str) -> Option<&'p str>,
    data: &[u8],
    signature: &[u8],
) -> Proof {
    const WRONG: &str = "a signature that the public key verifies";
    let verified = if let Some(pkcs8) = rsa_pkcs8(&key.material) {
        let digest = digest(says("HashingAlgorithm").filter(|_| says("PaddingMethod") == Some("PSS"))?);
        let salt_bytes = says("SaltLength").and_then(|length| length.parse().ok());
        let padding = KeyPadding::Pss { mask: digest, salt_bytes };
        let pair = RsaKeyPair::from_pkcs8(&pkcs8).ok()?;
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().ok()?;
        let public = Key::public(public.as_ref()).ok()?;
        public.verifies(padding, Some(digest), &digest.of(data), signature) == Ok(true)
    } else {
        let (public, verification) = ec_public_key(&key.material, says("HashingAlgorithm"))?;
        UnparsedPublicKey::new(verification, public).verify(data, signature).is_ok()
    };
    Some(if verified { Ok(()) } else { Err(WRONG) })
}

/// The public key, if the private key is on a curve whose signatures go with this digest.
fn ec_public_key(
    private: &[u8],
    hash: Option<&str>,
) -> Option<(Vec<u8>, &'static EcdsaVerificationAlgorithm)> {
    type Row = (&'static str, &'static EcdsaSigningAlgorithm, &'static EcdsaVerificationAlgorithm);
    const ROWS: &[Row] = &[
        ("SHA_256", &signature::ECDSA_P256_SHA256_ASN1_SIGNING, &signature::ECDSA_P256_SHA256_ASN1),
        ("SHA_256", &signature::ECDSA_P256K1_SHA256_ASN1_SIGNING, &signature::ECDSA_P256K1_SHA256_ASN1),
        ("SHA_384", &signature::ECDSA_P384_SHA384_ASN1_SIGNING, &signature::ECDSA_P384_SHA384_ASN1),
        ("SHA_512", &signature::ECDSA_P521_SHA512_ASN1_SIGNING, &signature::ECDSA_P521_SHA512_ASN1),
    ];
    ROWS.iter().filter(|(of, ..)| hash.is_none_or(|hash| hash == *of)).find_map(
        |(_, signing, verification)| {
            let pair = EcdsaKeyPair::from_private_key_der(signing, private)
                .or_else(|_| EcdsaKeyPair::from_pkcs8(signing, private))
                .ok()?;
            Some((pair.public_key().as_ref().to_vec(), *verification))
        },
    )
}

/// The answer brings the IV that the server chose: it must open what it came with.
fn is_under_random_iv<'p>(
    key: &[u8],
    says: &dyn Fn(&str) -> Option<&'p str>,
    (data, additional_data): (&[u8], &[u8]),
    answer: &Node,
) -> Result<(), &'static str> {
    let item = |tag| answer.item(tag).map(bytes);
    let (mode, padded) = (says("BlockCipherMode"), says("PaddingMethod") == Some("PKCS5"));
    let cipher = match (mode, key.len()) {
        (Some("CBC"), 16) => Kind::Aes128Cbc,
        (Some("CBC"), 32) => Kind::Aes256Cbc,
        (Some("GCM"), 16) => Kind::Aes128Gcm,
        (Some("GCM"), 32) => Kind::Aes256Gcm,
        _ => return Err("a mode that the judge can open"),
    };
    let (Some(iv), Some(encrypted)) = (item("IVCounterNonce"), item("Data")) else {
        return Err("data and the IV that the server chose");
    };
    let tag = item("AuthenticatedEncryptionTag");
    let tag_bytes = tag.as_ref().map_or(0, Vec::len);
    let data_bytes = encrypted.len();
    let authenticated = Authenticated { additional_data, tag: tag.as_deref(), tag_bytes, data_bytes };
    let opened =
        Cipher::start(cipher, Direction::Decrypt, key, &iv, Some(authenticated)).and_then(|mut cipher| {
            let mut opened = cipher.update(&encrypted)?;
            opened.extend_from_slice(&cipher.finish()?);
            if padded {
                let length = Padding::Pkcs7.unpadded(&opened, 16)?;
                opened.truncate(length);
            }
            Ok(opened)
        });
    match opened {
        Ok(opened) if *opened == data => Ok(()),
        _ => Err("what the key and the IV open to the data"),
    }
}
