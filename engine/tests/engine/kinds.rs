//! Objects of every kind as they are taken in and given out: keys kept elsewhere, PGP keys, certificate requests, and
//! what a certificate says about itself.

use super::objects::{attributes_of, bytes_block, note, text};
use super::openssl::OpenSsl;
use super::world::{Bench, granted, principal};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attribute;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::payloads::*;
use kmip_codec::value::Data;
use kmip_codec::version::{V1_2, V1_4, V2_0, V2_1};

fn register(
    bench: &mut Bench,
    who: &Principal,
    attributes: &[Attribute],
    object: ManagedObject,
) -> Result<String, ResultReason> {
    let attributes = attributes.iter().cloned().collect::<Attributes>().into();
    let object_type = object.object_type();
    let request = RegisterRequest { object_type, attributes, object, ..RegisterRequest::default() };
    bench.ask(who, V2_1, request).map(|answer| text(&answer.unique_identifier))
}

fn get(bench: &mut Bench, who: &Principal, id: &str) -> ManagedObject {
    let request = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    bench.ask(who, V2_1, request).unwrap().object
}

/// A key block without a key: the key is in some other module.
fn elsewhere() -> ManagedObject {
    ManagedObject::SymmetricKey(SymmetricKey {
        key_block: KeyBlock {
            key_format_type: KeyFormatType::Raw,
            cryptographic_algorithm: Some(CryptographicAlgorithm::AES),
            cryptographic_length: Some(256),
            ..KeyBlock::default()
        },
    })
}

/// A key that is kept elsewhere has everything but its value (KMIP 2.1, 4.27 and 4.28).
#[test]
fn a_key_kept_elsewhere_has_attributes_and_no_value() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let location =
        KeyValueLocation { value: "rack 7".into(), kind: KeyValueLocationType::UninterpretedTextString };
    let attributes = [
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::KeyValueLocation(location.clone()),
        Attribute::ActivationDate(kmip_codec::value::DateTime(1)),
    ];
    let id = register(&mut bench, &who, &attributes, elsewhere()).unwrap();
    let here = super::objects::create(&mut bench, &who, &[]);
    assert_eq!(get(&mut bench, &who, &id), elsewhere());
    let held = attributes_of(&mut bench, &who, &id);
    assert_eq!(attribute!(held, KeyValuePresent).next(), Some(&false));
    assert_eq!(attribute!(held, KeyValueLocation).next(), Some(&location));
    assert_eq!(attribute!(held, Digest).next(), None, "what is not here has no digest");
    let absent = [Attribute::KeyValuePresent(false)].into_iter().collect::<Attributes>();
    let found = bench
        .ask(
            &who,
            V2_1,
            LocateRequest { attributes: Some(AttributeFilter(absent)), ..LocateRequest::default() },
        )
        .unwrap();
    assert_eq!(found.unique_identifiers.iter().map(text).collect::<Vec<_>>(), [id.as_str()], "not {here}");
    let encrypt = EncryptRequest {
        unique_identifier: Some(id.as_str().into()),
        data: Some(Data::Bytes([0; 16].as_slice().into())),
        cryptographic_parameters: Some(CryptographicParameters {
            block_cipher_mode: Some(BlockCipherMode::ECB),
            ..Default::default()
        }),
        ..EncryptRequest::default()
    };
    for version in [V1_2, V1_4, V2_0, V2_1] {
        assert_eq!(bench.ask(&who, version, encrypt.clone()).unwrap_err(), ResultReason::KeyValueNotPresent);
        let other = GetRequest {
            unique_identifier: Some(id.as_str().into()),
            key_format_type: Some(KeyFormatType::TransparentSymmetricKey),
            ..GetRequest::default()
        };
        let of_get =
            if version < V2_0 { ResultReason::IllegalOperation } else { ResultReason::KeyValueNotPresent };
        assert_eq!(bench.ask(&who, version, other).unwrap_err(), of_get, "1.4, 11.12");
        let again = ReKeyRequest { unique_identifier: Some(id.as_str().into()), ..ReKeyRequest::default() };
        assert_eq!(bench.ask(&who, version, again).unwrap_err(), ResultReason::KeyValueNotPresent);
    }
    let given = [Attribute::KeyValuePresent(true), note("x")];
    assert_eq!(register(&mut bench, &who, &given, elsewhere()).unwrap_err(), ResultReason::AttributeReadOnly);
}

#[test]
fn pgp_keys_come_back_as_they_were() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::RSA),
        cryptographic_length: Some(2048),
        ..bytes_block(KeyFormatType::Raw, b"-----BEGIN PGP PUBLIC KEY BLOCK-----")
    };
    let key = ManagedObject::PGPKey(PGPKey { version: 4, key_block });
    let id = register(&mut bench, &who, &[note("first")], key.clone()).unwrap();
    assert_eq!(get(&mut bench, &who, &id), key);
    let held = attributes_of(&mut bench, &who, &id);
    assert_eq!(attribute!(held, ObjectType).next(), Some(&ObjectType::PGPKey));
    assert_eq!(attribute!(held, Digest).count(), 1);
}

/// A request that says it is PKCS#10 is one; other kinds are kept as they are.
#[test]
fn certificate_requests_are_what_they_say() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    openssl.run("genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem").unwrap();
    openssl.run("req -new -key key.pem -subj /CN=asked -out asked.pem").unwrap();
    openssl.run("req -in asked.pem -outform DER -out asked.der").unwrap();
    let request = |kind, value: &[u8]| {
        let value = bytes::Bytes::copy_from_slice(value);
        ManagedObject::CertificateRequest(CertificateRequest { certificate_request_type: kind, value })
    };
    let (der, pem) = (openssl.read("asked.der"), openssl.read("asked.pem"));
    for (kind, value) in [(CertificateRequestType::PKCS_10, &der), (CertificateRequestType::PEM, &pem)] {
        let id = register(&mut bench, &who, &[note("first")], request(kind, value)).unwrap();
        assert_eq!(get(&mut bench, &who, &id), request(kind, value));
    }
    register(&mut bench, &who, &[], request(CertificateRequestType::CRMF, b"anything")).unwrap();
    for (kind, value) in [(CertificateRequestType::PKCS_10, &pem), (CertificateRequestType::PEM, &der)] {
        let refused = register(&mut bench, &who, &[], request(kind, value)).unwrap_err();
        assert_eq!(refused, ResultReason::InvalidField);
    }
}

/// Names of every part, and alternative names as the DER that they are.
#[test]
fn certificates_say_who_issued_what_to_whom() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    openssl.run("genpkey -quiet -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out key.pem").unwrap();
    let subject = "/C=CH/O=Example, Ltd/OU=One/OU=Two/CN=volume";
    openssl
        .run_words(&[
            "req",
            "-x509",
            "-new",
            "-key",
            "key.pem",
            "-subj",
            subject,
            "-set_serial",
            "0x00ab01",
            "-outform",
            "DER",
            "-out",
            "made.der",
            "-addext",
            "subjectAltName=DNS:volume.example,IP:192.0.2.7",
        ])
        .unwrap();
    let value: bytes::Bytes = openssl.read("made.der").into();
    let certificate = Certificate { certificate_type: CertificateType::X_509, value };
    let id = register(&mut bench, &who, &[], ManagedObject::Certificate(certificate)).unwrap();
    let request = GetAttributesRequest { unique_identifier: Some(id.as_str().into()), ..Default::default() };
    let held = bench.ask(&who, V1_4, request).unwrap().attributes.unwrap().0;
    let subject = attribute!(held, CertificateSubject).next().unwrap();
    assert_eq!(subject.distinguished_name, "CN=volume,OU=Two,OU=One,O=Example\\, Ltd,C=CH");
    assert_eq!(subject.alternative_name, ["volume.example", "192.0.2.7"]);
    let der = &attribute!(held, X_509CertificateSubject).next().unwrap().subject_alternative_name;
    assert_eq!(der[0], b"\x82\x0evolume.example".as_slice(), "a DNS name, tagged");
    assert_eq!(der[1], b"\x87\x04\xc0\x00\x02\x07".as_slice(), "an address, tagged");
    assert_eq!(
        attribute!(held, CertificateIdentifier).next().unwrap().serial_number.as_deref(),
        Some("AB01")
    );
    assert_eq!(attribute!(held, CertificateSubjectOU).collect::<Vec<_>>(), ["One", "Two"]);
}
