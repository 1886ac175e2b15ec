//! What a refusal of bytes names: what they are, and where they belong.

use super::*;
use crate::objects::bytes_block;

fn refused(bench: &mut Bench, kind: ObjectType, format: Format, bytes: &[u8]) -> String {
    let who = principal("owner", &[]);
    let sent = Sent { kind, block: bytes_block(format, bytes), attributes: vec![] };
    bring(bench, &who, (Way::Register, V2_1), &sent).unwrap_err().1
}

const PRIVATE: ObjectType = ObjectType::PrivateKey;
const PUBLIC: ObjectType = ObjectType::PublicKey;

/// What is sent as what, by the file that OpenSSL has made, and what a refusal says of it.
const BYTES: &[(ObjectType, Format, &str, &str)] = &[
    (
        PUBLIC,
        Format::PKCS_1,
        "key.spki",
        "an X.509 SubjectPublicKeyInfo, not a PKCS#1 RSAPublicKey: use Key Format Type X_509",
    ),
    (
        PUBLIC,
        Format::X_509,
        "key.rsapub",
        "a PKCS#1 RSAPublicKey, not an X.509 SubjectPublicKeyInfo: use Key Format Type PKCS_1",
    ),
    (
        PRIVATE,
        Format::PKCS_1,
        "key.pk8",
        "a PKCS#8 PrivateKeyInfo, not a PKCS#1 RSAPrivateKey: use Key Format Type PKCS_8",
    ),
    (
        PRIVATE,
        Format::PKCS_8,
        "key.rsa",
        "a PKCS#1 RSAPrivateKey, not a PKCS#8 PrivateKeyInfo: use Key Format Type PKCS_1",
    ),
    (
        PRIVATE,
        Format::PKCS_8,
        "key.spki",
        "an X.509 SubjectPublicKeyInfo, not a PKCS#8 PrivateKeyInfo: register it as a PublicKey with Key Format Type X_509",
    ),
    (
        PRIVATE,
        Format::PKCS_1,
        "key.rsapub",
        "a PKCS#1 RSAPublicKey, not a PKCS#1 RSAPrivateKey: register it as a PublicKey with Key Format Type PKCS_1",
    ),
    (
        PUBLIC,
        Format::PKCS_1,
        "key.rsa",
        "a PKCS#1 RSAPrivateKey, not a PKCS#1 RSAPublicKey: register it as a PrivateKey with Key Format Type PKCS_1",
    ),
    (
        PUBLIC,
        Format::X_509,
        "key.crt",
        "an X.509 certificate, not an X.509 SubjectPublicKeyInfo: register it as a Certificate",
    ),
    (
        PUBLIC,
        Format::X_509,
        "key.csr",
        "a PKCS#10 certificate request, not an X.509 SubjectPublicKeyInfo: register it as a CertificateRequest",
    ),
    (
        PRIVATE,
        Format::PKCS_1,
        "key.trad.pem",
        "PEM text (RSA PRIVATE KEY), not a PKCS#1 RSAPrivateKey: send its DER",
    ),
    (
        PRIVATE,
        Format::PKCS_8,
        "key.b64",
        "Base64 text, not a PKCS#8 PrivateKeyInfo: send the bytes that it stands for",
    ),
];

#[test]
fn a_refusal_names_what_was_found_and_where_it_belongs() {
    let Some(openssl) = OpenSsl::new() else { return };
    let mut bench = Bench::new(1);
    forms::made(&openssl, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    openssl.run("rsa -in key.pem -traditional -outform DER -out key.rsa").unwrap();
    openssl.run("rsa -in key.pem -RSAPublicKey_out -outform DER -out key.rsapub").unwrap();
    openssl.run("rsa -in key.pem -traditional -out key.trad.pem").unwrap();
    openssl.run("req -x509 -new -key key.pem -subj /CN=x -outform DER -out key.crt").unwrap();
    openssl.run("req -new -key key.pem -subj /CN=x -outform DER -out key.csr").unwrap();
    openssl.run("pkcs12 -export -inkey key.pem -nokeys -nocerts -passout pass:x -out key.p12").ok();
    openssl.write("key.b64", base64(&openssl.read("key.pk8")).as_bytes());
    for (kind, format, file, words) in BYTES.iter().copied() {
        let why = refused(&mut bench, kind, format, &openssl.read(file));
        assert_eq!(why, format!("Key Material: this is {words}"), "{file}");
    }
    let why = refused(&mut bench, PUBLIC, Format::PKCS_8, &openssl.read("key.pk8"));
    assert!(
        why.starts_with("Key Format Type is PKCS_8, in which no PublicKey is: use Raw, Opaque, PKCS_1"),
        "{why}"
    );
}

fn base64(bytes: &[u8]) -> String {
    use base64ct::Encoding as _;
    base64ct::Base64::encode_string(bytes)
}

/// The identifier of another algorithm, another inside than outside, explicit parameters of a curve, points that are none.
#[test]
fn what_contradicts_itself_inside_is_refused() {
    let Some(openssl) = OpenSsl::new() else { return };
    let mut bench = Bench::new(1);
    let (private, public) = (ObjectType::PrivateKey, ObjectType::PublicKey);
    let (rsa_pkcs8, rsa_spki) = forms::made(&openssl, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let (ec_pkcs8, ec_spki) = forms::made(&openssl, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    let other = forms::made(&openssl, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    let swap = |bytes: &[u8], from: &[u8], to: &[u8]| {
        let at = bytes.windows(from.len()).position(|window| window == from).unwrap();
        [&bytes[..at], to, &bytes[at + from.len()..]].concat()
    };
    // The OIDs of RSA and of RSASSA-PSS differ in one byte, and so do those of P-256 and of another curve.
    let (rsa, dsa) = (b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01", b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x63");
    let (p256, p239) = (b"\x2a\x86\x48\xce\x3d\x03\x01\x07", b"\x2a\x86\x48\xce\x3d\x03\x01\x04");
    let point = &ec_spki[ec_spki.len() - 64..];
    let infinity = {
        let mut spki = ec_spki[..ec_spki.len() - 65].to_vec();
        spki.push(0);
        // The lengths of the whole, and of the bit string.
        spki[1] = u8::try_from(spki.len() - 2).unwrap();
        let at = spki.len() - 3;
        spki[at] = 2;
        spki
    };
    let words = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit";
    let explicit = forms::made(&openssl, words);
    let fixed = "form of a PKCS#8 PrivateKeyInfo, but its curve is given by explicit parameters";
    let rows = [
        (private, Format::PKCS_8, explicit.0, fixed),
        (public, Format::X_509, explicit.1, "its curve is given by explicit parameters: name the curve"),
        (public, Format::X_509, swap(&ec_spki, p256, p239), "its point is not on its curve"),
        (public, Format::X_509, swap(&ec_spki, &point[..32], &[7; 32]), "its point is not on its curve"),
        (public, Format::X_509, infinity, "its point is not on its curve, or at infinity"),
        (
            private,
            Format::PKCS_8,
            swap(&ec_pkcs8, point, &other.1[other.1.len() - 64..]),
            "not that of its point",
        ),
    ];
    for (kind, format, bytes, words) in rows {
        let why = refused(&mut bench, kind, format, &bytes);
        assert!(why.contains(words), "{why:?} has no {words:?}");
    }
    // A key that says that it is of another algorithm than the block: both are named.
    let who = granted("owner", &[]);
    for (kind, format, bytes) in [(private, Format::PKCS_8, &rsa_pkcs8), (public, Format::X_509, &rsa_spki)] {
        let mut block = bytes_block(format, &swap(bytes, rsa, dsa));
        block.cryptographic_algorithm = Some(Algorithm::RSA);
        let sent = Sent { kind, block, attributes: vec![] };
        let why = bring(&mut bench, &who, (Way::Register, V2_1), &sent).unwrap_err().1;
        assert_eq!(why, "the key block says RSA, the material is of the algorithm 1.2.840.113549.1.1.99");
    }
}

/// PKCS#8 of version 2 has the public key beside the private one (RFC 5958, 2): they are halves of one key.
#[test]
fn halves_in_one_encoding_belong_together() {
    use aws_lc_rs::signature::Ed25519KeyPair;
    let random = aws_lc_rs::rand::SystemRandom::new();
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let made = Ed25519KeyPair::generate_pkcs8(&random).unwrap();
    let sent =
        |bytes: &[u8]| Sent { kind: PRIVATE, block: bytes_block(Format::PKCS_8, bytes), attributes: vec![] };
    bring(&mut bench, &who, (Way::Register, V2_1), &sent(made.as_ref())).unwrap();
    let mut other = made.as_ref().to_vec();
    let public = other.len() - 32;
    other[public..].copy_from_slice(&Ed25519KeyPair::generate_pkcs8(&random).unwrap().as_ref()[public..]);
    let why = bring(&mut bench, &who, (Way::Register, V2_1), &sent(&other)).unwrap_err().1;
    assert!(why.contains("what it holds is no key of the algorithm that it names"), "{why}");
}

/// Certificates and requests for them.
#[test]
fn certificates_are_what_they_say() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    openssl.certificate("leaf", "-algorithm EC -pkeyopt ec_paramgen_curve:P-521", None);
    let der = openssl.read("leaf.der");
    let mut register = |value: &[u8], said: &[Attribute]| {
        let object = ManagedObject::Certificate(Certificate {
            certificate_type: CertificateType::X_509,
            value: value.to_vec().into(),
        });
        let attributes = said.iter().cloned().collect::<Attributes>().into();
        let object_type = ObjectType::Certificate;
        let request = RegisterRequest { object_type, attributes, object, ..RegisterRequest::default() };
        ask(&mut bench, &who, V2_1, request)
            .map(|answer| text(&answer.unique_identifier))
            .map_err(|why| why.1)
    };
    register(&der, &[Attribute::CryptographicAlgorithm(Algorithm::ECDSA)]).unwrap();
    let id = register(&der, &[]).unwrap();
    let why = |came: Result<String, String>| came.unwrap_err();
    let said = why(register(&der, &[Attribute::CryptographicLength(256)]));
    assert_eq!(said, "the attributes say 256 bits, the material is EC of 521 bits on the curve P_521");
    let said = why(register(&der, &[Attribute::CryptographicAlgorithm(Algorithm::RSA)]));
    assert_eq!(said, "the attributes say RSA, the material is EC of 521 bits on the curve P_521");
    let said = why(register(&openssl.read("leaf.crt"), &[]));
    assert_eq!(
        said,
        "Certificate Value: this is PEM text (CERTIFICATE), not an X.509 certificate in DER: send its DER"
    );
    let said = why(register(&[&der[..], &[0]].concat(), &[]));
    assert!(said.contains("an X.509 certificate with 1 bytes behind its end"), "{said}");
    let said = why(register(&der[..der.len() - 1], &[]));
    assert!(said.contains("DER that is cut off"), "{said}");
    let held = attributes_of(&mut bench, &who, &id);
    assert_eq!(attribute!(held, CryptographicLength).next(), Some(&521));
    assert_eq!(attribute!(held, CryptographicAlgorithm).next(), Some(&Algorithm::EC));
}
