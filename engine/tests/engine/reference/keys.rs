//! Formats of keys, compression of points, and wrapping: what the engine does when it is asked.

use super::page::{head, table};
use crate::world::{Bench, principal};
use keystead_crypto::keygen;
use keystead_engine::need::PairKind;
use keystead_engine::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, CryptographicParameters};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::objects::*;
use kmip_codec::operations::{Call, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::{BigInteger, DateTime, UniqueIdentifier};
use kmip_codec::version::{V1_4, V2_1};

const TEXT: &str = "What the server does when it is asked, found out by asking it. A key comes back in the format in which it was \
    registered, whatever that is; where the server can read it, it comes in the others of its line as well. Algorithm and length that nobody says are read \
    off an encoded key. What is said otherwise than the material shows is refused with both values. Until 1.4 transparent EC keys are called by what they are for (ECDSA, ECDH, ECMQV), from 1.3 on EC: the server calls them as the \
    version of the message does. A transparent RSA private key may leave out what follows from its primes or from both exponents. A private key in a PKCS#12 container is taken out of it, and put into one, under the password that the key is linked to. \
    Key wrapping data of Get, Register, Export and Import are the same.";

const WRAPPING: &str = "A key that wraps is Active, within its dates and meant for it: Wrap Key and Unwrap Key, MAC Generate and MAC Verify, Sign and Verify. Cryptographic \
    Parameters in a request must agree with one of those that the key has, where it has any; without any, AES wraps with NIST key wrap. CBC and ECB want a Padding Method where a key does not fill its last block. The IV is the server's; a tag stands \
    behind the ciphertext; the MAC or signature is over the bytes as they are in that step. What is sensitive leaves only by a method that encrypts. \
    The header of a TR-31 key block says what Key Role Type, or else the Cryptographic Usage Mask, says of the key, which is one of AES, DES or Triple DES; a key that comes in one may do no more.";

pub fn page() -> String {
    let mut lab =
        Lab { bench: Bench::new(1), client: Principal { weak_keys: true, ..principal("lab", &[]) } };
    let mut text = head("Keys", TEXT);
    text += &format!("\n## Formats\n\n{}", table(&["key", "formats"], lab.formats()));
    text += &format!(
        "\n## Compression of points\n\n{}",
        table(&["Key Compression Type", "served"], lab.compressions())
    );
    text +=
        &format!("\n## Wrapping\n\n{WRAPPING}\n\n{}", table(&["Wrapping Method", "served"], lab.methods()));
    text += &format!("\n{}", table(&["key", "encrypts keys by"], lab.modes()));
    text
}

/// An engine, and a client that may have weak keys.
struct Lab {
    bench: Bench,
    client: Principal,
}

fn block(format: KeyFormatType, key_material: KeyMaterial) -> KeyBlock {
    let plain = PlainKeyValue { key_material, attributes: None };
    KeyBlock { key_format_type: format, key_value: Some(KeyValue::Plain(plain)), ..KeyBlock::default() }
}

fn private(key_block: KeyBlock) -> ManagedObject {
    ManagedObject::PrivateKey(PrivateKey { key_block })
}

fn public(key_block: KeyBlock) -> ManagedObject {
    ManagedObject::PublicKey(PublicKey { key_block })
}

fn symmetric() -> ManagedObject {
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
        cryptographic_length: Some(256),
        ..block(KeyFormatType::Raw, KeyMaterial::Bytes([7; 32].as_slice().into()))
    };
    ManagedObject::SymmetricKey(SymmetricKey { key_block })
}

/// One key of each kind; those of DSA and Diffie-Hellman are short, which is weak and no contradiction.
fn kinds() -> Vec<(&'static str, ManagedObject)> {
    use KeyFormatType as Format;
    use TransparentKey as Key;
    let n = |number: u16| BigInteger::from_unsigned(&number.to_be_bytes());
    let transparent = |format, key| block(format, KeyMaterial::Transparent(key));
    let mut kinds = vec![("symmetric", symmetric())];
    for (names, kind) in [
        (["RSA, private", "RSA, public"], PairKind::Rsa(2048)),
        (["EC, private", "EC, public"], PairKind::Ec(RecommendedCurve::P_256)),
    ] {
        let pair = keygen::make(kind).unwrap();
        kinds.push((names[0], private(block(Format::PKCS_8, KeyMaterial::Bytes(pair.private_pkcs8)))));
        kinds.push((names[1], public(block(Format::X_509, KeyMaterial::Bytes(pair.public_spki.into())))));
    }
    let dsa = TransparentDsaPrivate { p: n(263), q: n(131), g: n(4), x: n(5) };
    kinds
        .push(("DSA, private", private(transparent(Format::TransparentDSAPrivateKey, Key::DsaPrivate(dsa)))));
    let dsa = TransparentDsaPublic { p: n(263), q: n(131), g: n(4), y: n(235) };
    kinds.push(("DSA, public", public(transparent(Format::TransparentDSAPublicKey, Key::DsaPublic(dsa)))));
    let dh = TransparentDhPrivate { p: n(263), q: None, g: n(4), j: None, x: n(5) };
    kinds.push(("DH, private", private(transparent(Format::TransparentDHPrivateKey, Key::DhPrivate(dh)))));
    let dh = TransparentDhPublic { p: n(263), q: None, g: n(4), j: None, y: n(235) };
    kinds.push(("DH, public", public(transparent(Format::TransparentDHPublicKey, Key::DhPublic(dh)))));
    kinds
}

impl Lab {
    fn register(&mut self, object: ManagedObject, mask: CryptographicUsageMask) -> UniqueIdentifier {
        let attributes =
            [Attribute::CryptographicUsageMask(mask), Attribute::ActivationDate(DateTime(1))].into();
        let request = RegisterRequest {
            object_type: object.object_type(),
            attributes,
            object,
            ..RegisterRequest::default()
        };
        self.bench.ask(&self.client, V2_1, request).unwrap().unique_identifier
    }

    fn formats(&mut self) -> Vec<Vec<String>> {
        let mut rows = Vec::new();
        for (name, object) in kinds() {
            let id = self.register(object, CryptographicUsageMask::Encrypt);
            let had = KeyFormatType::ROWS.iter().filter(|(value, _, is_in)| {
                let request = GetRequest {
                    unique_identifier: Some(id.clone()),
                    key_format_type: Some(KeyFormatType(*value)),
                    ..GetRequest::default()
                };
                let version = if is_in(V2_1) { V2_1 } else { V1_4 };
                self.bench.ask(&self.client, version, request).is_ok()
            });
            rows.push(vec![name.to_owned(), had.map(|row| row.1).collect::<Vec<_>>().join(", ")]);
        }
        rows
    }

    fn compressions(&mut self) -> Vec<Vec<String>> {
        let (_, object) = kinds().into_iter().find(|(name, _)| *name == "EC, public").unwrap();
        let id = self.register(object, CryptographicUsageMask::Verify);
        let ask = |(value, name, _): &(u32, &'static str, _)| {
            let request = GetRequest {
                unique_identifier: Some(id.clone()),
                key_compression_type: Some(KeyCompressionType(*value)),
                ..GetRequest::default()
            };
            vec![(*name).to_owned(), self.said(request)]
        };
        KeyCompressionType::ROWS.iter().map(ask).collect()
    }

    fn methods(&mut self) -> Vec<Vec<String>> {
        let key =
            self.register(symmetric(), CryptographicUsageMask::WrapKey | CryptographicUsageMask::MACGenerate);
        let ask = |(value, name, _): &(u32, &'static str, _)| {
            let method = WrappingMethod(*value);
            let key =
                WrappingKeyInformation { unique_identifier: key.clone(), cryptographic_parameters: None };
            let specification = KeyWrappingSpecification {
                wrapping_method: method,
                encryption_key_information: Some(key.clone()).filter(|_| method != WrappingMethod::MACSign),
                mac_signature_key_information: Some(key)
                    .filter(|_| ![WrappingMethod::Encrypt, WrappingMethod::TR_31].contains(&method)),
                ..KeyWrappingSpecification::default()
            };
            vec![(*name).to_owned(), self.wrap(specification)]
        };
        WrappingMethod::ROWS.iter().map(ask).collect()
    }

    fn modes(&mut self) -> Vec<Vec<String>> {
        let unique_identifier = self.register(symmetric(), CryptographicUsageMask::WrapKey);
        let wraps = |(value, ..): &&(u32, &'static str, _)| {
            let parameters = CryptographicParameters {
                block_cipher_mode: Some(BlockCipherMode(*value)),
                padding_method: Some(PaddingMethod::PKCS5),
                ..CryptographicParameters::default()
            };
            let key = WrappingKeyInformation {
                unique_identifier: unique_identifier.clone(),
                cryptographic_parameters: Some(parameters),
            };
            let specification = KeyWrappingSpecification {
                wrapping_method: WrappingMethod::Encrypt,
                encryption_key_information: Some(key),
                ..KeyWrappingSpecification::default()
            };
            self.wrap(specification) == "yes"
        };
        let modes: Vec<_> = BlockCipherMode::ROWS.iter().filter(wraps).map(|row| row.1).collect();
        vec![
            vec!["AES".to_owned(), modes.join(", ")],
            vec!["RSA".to_owned(), "OAEP, PKCS1V1_5 (a Padding Method)".to_owned()],
        ]
    }

    /// Wraps a key of AES.
    fn wrap(&mut self, specification: KeyWrappingSpecification) -> String {
        let id = self.register(symmetric(), CryptographicUsageMask::Encrypt);
        let key_wrapping_specification = Some(specification);
        self.said(GetRequest {
            unique_identifier: Some(id),
            key_wrapping_specification,
            ..GetRequest::default()
        })
    }

    /// `yes`, or why not.
    fn said(&mut self, request: GetRequest) -> String {
        let message = RequestMessage::new(V2_1, vec![RequestItem::from(request.into_request())]);
        let item = self.bench.run(&self.client, &message).pop().unwrap();
        match item.response {
            Some(Response::Get(_)) => "yes".to_owned(),
            _ => format!("no: {}", item.result_message.unwrap()),
        }
    }
}
