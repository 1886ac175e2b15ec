//! Private keys in PKCS#12: what OpenSSL makes is taken apart, and what is put together OpenSSL opens.

use super::objects::{activate, bytes_block, note, text};
use super::openssl::OpenSsl;
use super::world::{Bench, principal};
use keystead_crypto::pkcs12::{self, Unopened};
use keystead_engine::rights::principal::Principal;
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, Attributes, Link};
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::payloads::*;
use kmip_codec::version::{V1_4, V2_1};

const PASSWORD: &[u8] = b"correct horse";

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

/// A password that is not Active yet.
fn password(bench: &mut Bench, who: &Principal, bytes: &[u8]) -> String {
    let key_block = bytes_block(KeyFormatType::Opaque, bytes);
    let secret = SecretData { secret_data_type: SecretDataType::Password, key_block };
    register(bench, who, &[note("password")], ManagedObject::SecretData(secret)).unwrap()
}

fn link(kind: LinkType, to: &str) -> Attribute {
    Attribute::Link(Link { kind, linked: to.into() })
}

fn private(
    format: KeyFormatType,
    bytes: &[u8],
    algorithm: CryptographicAlgorithm,
    bits: i32,
) -> ManagedObject {
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(algorithm),
        cryptographic_length: Some(bits),
        ..bytes_block(format, bytes)
    };
    ManagedObject::PrivateKey(PrivateKey { key_block })
}

/// As clients send it: the container is the key value.
fn container(bytes: &[u8]) -> ManagedObject {
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::PKCS_12,
        key_value: Some(KeyValue::Wrapped(bytes.into())),
        ..KeyBlock::default()
    };
    ManagedObject::PrivateKey(PrivateKey { key_block })
}

fn get(
    bench: &mut Bench,
    who: &Principal,
    id: &str,
    format: Option<KeyFormatType>,
) -> Result<ManagedObject, ResultReason> {
    let request =
        GetRequest { unique_identifier: Some(id.into()), key_format_type: format, ..GetRequest::default() };
    bench.ask(who, V2_1, request).map(|answer| answer.object)
}

fn bytes(object: &ManagedObject) -> Vec<u8> {
    match (object, object.key_block().and_then(|block| block.key_value.as_ref())) {
        (ManagedObject::Certificate(certificate), _) => certificate.value.to_vec(),
        (_, Some(KeyValue::Wrapped(bytes))) => bytes.expose().to_vec(),
        (_, Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. }))) => {
            bytes.expose().to_vec()
        }
        other => panic!("{other:?}"),
    }
}

fn linked(bench: &mut Bench, who: &Principal, id: &str, kind: LinkType) -> Option<String> {
    let attributes = super::objects::attributes_of(bench, who, id);
    attribute!(attributes, Link).find(|link| link.kind == kind).map(|link| text(&link.linked))
}

#[test]
fn openssl_opens_what_is_put_together() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    openssl.certificate("root", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", None);
    openssl.certificate("leaf", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", Some("root"));
    let secret = password(&mut bench, &who, PASSWORD);
    bench.ask(&who, V2_1, activate(&secret)).unwrap();
    let certificate = |bench: &mut Bench, name: &str, links: &[Attribute]| {
        let value = openssl.read(&format!("{name}.der")).into();
        let certificate = Certificate { certificate_type: CertificateType::X_509, value };
        register(bench, &who, links, ManagedObject::Certificate(certificate)).unwrap()
    };
    let root = certificate(&mut bench, "root", &[]);
    let leaf = certificate(&mut bench, "leaf", &[link(LinkType::CertificateLink, &root)]);
    let key = private(KeyFormatType::PKCS_8, &openssl.read("leaf.pk8"), CryptographicAlgorithm::RSA, 2048);
    let attributes = [
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign),
        Attribute::PKCS_12FriendlyName("volume".into()),
        link(LinkType::PKCS_12PasswordLink, &secret),
        link(LinkType::PKCS_12CertificateLink, &leaf),
    ];
    let key = register(&mut bench, &who, &attributes, key).unwrap();
    let got = get(&mut bench, &who, &key, Some(KeyFormatType::PKCS_12)).unwrap();
    openssl.write("got.p12", &bytes(&got));
    let shown = openssl
        .run_words(&[
            "pkcs12",
            "-in",
            "got.p12",
            "-nodes",
            "-passin",
            "pass:correct horse",
            "-info",
            "-out",
            "got.pem",
        ])
        .unwrap();
    assert!(shown.contains("AES-256-CBC") && shown.contains("sha256"), "{shown}");
    let pem = String::from_utf8(openssl.read("got.pem")).unwrap();
    assert!(pem.contains("friendlyName: volume"), "{pem}");
    assert_eq!(pem.matches("BEGIN CERTIFICATE").count(), 2, "the chain is there");
    openssl.run("pkcs8 -topk8 -nocrypt -in got.pem -outform DER -out got.pk8").unwrap();
    assert_eq!(openssl.read("got.pk8"), openssl.read("leaf.pk8"));
    assert!(openssl.run("pkcs12 -in got.p12 -nodes -passin pass:wrong").is_err());
    bench.ask(&who, V2_1, super::objects::revoke(&secret, RevocationReasonCode::Superseded)).unwrap();
    let closed = get(&mut bench, &who, &key, Some(KeyFormatType::PKCS_12));
    assert_eq!(
        closed.unwrap_err(),
        ResultReason::PermissionDenied,
        "a password that was revoked seals nothing"
    );
}

/// Where no password is linked, the one that comes of what the client has shown closes the container; where one is, that
/// alone does.
#[test]
fn who_has_shown_a_password_gets_containers_under_it() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let installer = Principal { container_password: Some(b"shown".as_slice().into()), ..who.clone() };
    openssl.certificate("leaf", "-algorithm RSA -pkeyopt rsa_keygen_bits:2048", None);
    let secret = password(&mut bench, &who, PASSWORD);
    bench.ask(&who, V2_1, activate(&secret)).unwrap();
    let usage = Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign);
    let opened = |bench: &mut Bench, who: &Principal, links: &[Attribute]| {
        let key =
            private(KeyFormatType::PKCS_8, &openssl.read("leaf.pk8"), CryptographicAlgorithm::RSA, 2048);
        let attributes = [std::slice::from_ref(&usage), links].concat();
        let key = register(bench, who, &attributes, key).unwrap();
        get(bench, who, &key, Some(KeyFormatType::PKCS_12)).map(|got| {
            openssl.write("got.p12", &bytes(&got));
            ["shown", "correct horse"].map(|password| {
                openssl
                    .run_words(&[
                        "pkcs12",
                        "-in",
                        "got.p12",
                        "-nodes",
                        "-passin",
                        &format!("pass:{password}"),
                    ])
                    .is_ok()
            })
        })
    };
    assert_eq!(opened(&mut bench, &installer, &[]), Ok([true, false]));
    let linked = [link(LinkType::PKCS_12PasswordLink, &secret)];
    assert_eq!(opened(&mut bench, &installer, &linked), Ok([false, true]));
    assert_eq!(opened(&mut bench, &who, &[]), Err(ResultReason::InvalidField), "no link, nothing shown");
}

/// AES and the Triple DES and RC2 of old.
#[test]
fn what_openssl_makes_is_taken_apart() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    openssl.certificate("root", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", None);
    openssl.certificate("leaf", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", Some("root"));
    let secret = password(&mut bench, &who, PASSWORD);
    bench.ask(&who, V2_1, activate(&secret)).unwrap();
    for era in ["-macalg sha256", "-legacy"] {
        let mut words: Vec<&str> = "pkcs12 -export -inkey leaf.pem -in leaf.crt -certfile root.crt -name volume -out made.p12 -passout"
            .split(' ').collect();
        words.push("pass:correct horse");
        words.extend(era.split(' '));
        openssl.run_words(&words).unwrap();
        let attributes = [
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign),
            link(LinkType::PKCS_12PasswordLink, &secret),
        ];
        let key = register(&mut bench, &who, &attributes, container(&openssl.read("made.p12"))).unwrap();
        let attributes = super::objects::attributes_of(&mut bench, &who, &key);
        assert_eq!(attribute!(attributes, CryptographicAlgorithm).next(), Some(&CryptographicAlgorithm::EC));
        assert_eq!(attribute!(attributes, CryptographicLength).next(), Some(&256));
        assert_eq!(attribute!(attributes, PKCS_12FriendlyName).next().unwrap(), "volume");
        assert_eq!(bytes(&get(&mut bench, &who, &key, None).unwrap()), openssl.read("leaf.pk8"), "{era}");
        let leaf = linked(&mut bench, &who, &key, LinkType::PKCS_12CertificateLink).unwrap();
        assert_eq!(bytes(&get(&mut bench, &who, &leaf, None).unwrap()), openssl.read("leaf.der"));
        let root = linked(&mut bench, &who, &leaf, LinkType::CertificateLink).unwrap();
        assert_eq!(bytes(&get(&mut bench, &who, &root, None).unwrap()), openssl.read("root.der"));
        assert_eq!(
            linked(&mut bench, &who, &root, LinkType::CertificateLink),
            None,
            "the root ends the chain"
        );
    }
}

/// A container that OpenSSL made, under the password.
fn made_by(openssl: &OpenSsl) -> Vec<u8> {
    openssl.certificate("leaf", "-algorithm EC -pkeyopt ec_paramgen_curve:P-256", None);
    openssl
        .run_words(&[
            "pkcs12",
            "-export",
            "-inkey",
            "leaf.pem",
            "-in",
            "leaf.crt",
            "-out",
            "made.p12",
            "-passout",
            "pass:correct horse",
        ])
        .unwrap();
    openssl.read("made.p12")
}

/// A wrong password is told as one also where what it gives looks well padded, as one in 256 does.
fn no_other_opens_it(container: &[u8]) {
    for number in 0..600 {
        let opened = pkcs12::open(container, format!("wrong {number}").as_bytes(), u64::MAX);
        assert!(matches!(opened, Err(Unopened::Closed(_))), "{number}: {opened:?}");
    }
}

/// The password of a container is found by its link, belongs to the client, is a password, and is Active.
#[test]
fn a_container_opens_with_its_own_password_alone() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who, other) = (Bench::new(1), principal("owner", &[]), principal("other", &[]));
    let made = made_by(&openssl);
    no_other_opens_it(&made);
    let usage = Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign);
    let right = password(&mut bench, &who, PASSWORD);
    let wrong = password(&mut bench, &who, b"wrong");
    let foreign = password(&mut bench, &other, PASSWORD);
    let ask = |bench: &mut Bench, links: &[&str], bytes: &[u8]| {
        let links = links.iter().map(|to| link(LinkType::PKCS_12PasswordLink, to));
        let attributes: Vec<_> = std::iter::once(usage.clone()).chain(links).collect();
        register(bench, &who, &attributes, container(bytes))
    };
    assert_eq!(ask(&mut bench, &[], &made).unwrap_err(), ResultReason::BadPassword, "no link");
    assert_eq!(ask(&mut bench, &[&right], &made).unwrap_err(), ResultReason::BadPassword, "not Active");
    for id in [&right, &wrong] {
        bench.ask(&who, V2_1, activate(id)).unwrap();
    }
    bench.ask(&other, V2_1, activate(&foreign)).unwrap();
    let absent = ask(&mut bench, &["00000000-0000-4000-8000-000000000000"], &made).unwrap_err();
    assert_eq!(
        ask(&mut bench, &[&foreign], &made).unwrap_err(),
        absent,
        "another client's, as if it were not there"
    );
    assert_eq!(ask(&mut bench, &[&wrong], &made).unwrap_err(), ResultReason::BadPassword, "another password");
    assert_eq!(
        ask(&mut bench, &[&right, &wrong], &made).unwrap_err(),
        ResultReason::BadPassword,
        "two links"
    );
    let mut broken = made.clone();
    let middle = broken.len() / 2;
    broken[middle] ^= 1;
    assert_eq!(ask(&mut bench, &[&right], &broken).unwrap_err(), ResultReason::BadPassword, "a flipped bit");
    let key = ask(&mut bench, &[&right], &made).unwrap();
    let request = GetRequest {
        unique_identifier: Some(
            linked(&mut bench, &who, &key, LinkType::PKCS_12CertificateLink).unwrap().as_str().into(),
        ),
        key_format_type: Some(KeyFormatType::PKCS_12),
        ..GetRequest::default()
    };
    let refused = bench.ask(&who, V1_4, request).unwrap_err();
    assert_eq!(refused, ResultReason::KeyFormatTypeNotSupported, "a certificate alone is no container");
}
