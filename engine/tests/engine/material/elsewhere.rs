//! What is said of a key in other places than its key block, and keys that come in by other ways than as themselves.

use super::*;
use crate::objects::bytes_block;

const RSA: &str = "-algorithm RSA -pkeyopt rsa_keygen_bits:2048";
const EC: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

fn said<T: std::fmt::Debug>(came: Result<T, (ResultReason, String)>) -> String {
    came.unwrap_err().1
}

/// Key Compression Type, Key Format Type among the attributes, attributes inside the key value, and a Byte String in the
/// place of a key value that is not wrapped.
#[test]
fn everything_that_a_block_says_is_held_against_its_key() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let way = (Way::Register, V2_1);
    let whole = Sent {
        kind: ObjectType::PublicKey,
        block: bytes_block(Format::X_509, &forms::made(&openssl, EC).1),
        attributes: vec![],
    };
    let mut compressed = whole.clone();
    compressed.block.key_compression_type = Some(KeyCompressionType::ECPublicKeyTypeX9_62CompressedPrime);
    assert_eq!(
        said(bring(&mut bench, &who, way, &compressed)),
        "the key block says ECPublicKeyTypeX9_62CompressedPrime, the point is ECPublicKeyTypeUncompressed"
    );
    let mut right = whole.clone();
    right.block.key_compression_type = Some(KeyCompressionType::ECPublicKeyTypeUncompressed);
    bring(&mut bench, &who, way, &right).unwrap();
    let mut format = whole.clone();
    format.attributes.push(Attribute::KeyFormatType(Format::PKCS_1));
    assert_eq!(said(bring(&mut bench, &who, way, &format)), "the attributes say PKCS_1, the object is X_509");
    let mut inside = whole.clone();
    if let Some(KeyValue::Plain(plain)) = &mut inside.block.key_value {
        let list: Attributes = [Attribute::CryptographicLength(521)].into();
        plain.attributes = Some(AttributeList(list));
    }
    assert_eq!(
        said(bring(&mut bench, &who, way, &inside)),
        "the attributes inside the key value say 521 bits, the material is EC of 256 bits on the curve P_256"
    );
    let mut bare = whole;
    bare.block.key_value = Some(KeyValue::Wrapped(openssl.read("key.spki").into()));
    assert!(said(bring(&mut bench, &who, way, &bare)).contains("a Byte String without Key Wrapping Data"));
}

/// The curve that is added to a key later is that of the key.
#[test]
fn what_is_added_later_is_true_too() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let (_, spki) = forms::made(&openssl, EC);
    let block = bytes_block(Format::X_509, &spki);
    let sent = Sent { kind: ObjectType::PublicKey, block, attributes: vec![] };
    let on = |curve| {
        Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
            recommended_curve: Some(curve),
            ..CryptographicDomainParameters::default()
        })
    };
    let (wrong, right) = (on(RecommendedCurve::P_384), on(RecommendedCurve::P_256));
    let both = "the attributes say EC of 256 bits on the curve P_384, the material is EC of 256 bits on the curve P_256";
    for version in [V1_4, V2_1] {
        let id = bring(&mut bench, &who, (Way::Register, version), &sent).unwrap();
        let add = |attribute: &Attribute| AddAttributeRequest {
            unique_identifier: Some(id.as_str().into()),
            attribute: attribute.clone().into(),
        };
        assert_eq!(said(ask(&mut bench, &who, version, add(&wrong))), both);
        ask(&mut bench, &who, version, add(&right)).unwrap();
    }
    let id = bring(&mut bench, &who, (Way::Register, V2_1), &sent).unwrap();
    let set = |attribute: &Attribute| SetAttributeRequest {
        unique_identifier: Some(id.as_str().into()),
        attribute: attribute.clone().into(),
    };
    assert_eq!(said(ask(&mut bench, &who, V2_1, set(&wrong))), both);
    ask(&mut bench, &who, V2_1, set(&right)).unwrap();
}

/// A private key in a PKCS#12 container: what the block around it says, how strong it is, and whose certificate is there.
#[test]
fn a_key_in_a_container_is_read() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let secret = bytes_block(Format::Opaque, b"secret");
    let secret = Sent { kind: ObjectType::SecretData, block: secret, attributes: vec![] };
    let password = bring(&mut bench, &who, (Way::Register, V2_1), &secret).unwrap();
    let link =
        Attribute::Link(Link { kind: LinkType::PKCS_12PasswordLink, linked: password.as_str().into() });
    for (name, bits) in [("strong", 2048), ("weak", 1024)] {
        openssl.certificate(name, &format!("-algorithm RSA -pkeyopt rsa_keygen_bits:{bits}"), None);
        let words =
            format!("pkcs12 -export -inkey {name}.pem -in {name}.crt -passout pass:secret -out {name}.p12");
        openssl.run(&words).unwrap();
    }
    let sent = |name: &str, algorithm, length| {
        let block = KeyBlock {
            key_format_type: Format::PKCS_12,
            key_value: Some(KeyValue::Wrapped(openssl.read(&format!("{name}.p12")).into())),
            cryptographic_algorithm: algorithm,
            cryptographic_length: length,
            ..KeyBlock::default()
        };
        Sent { kind: ObjectType::PrivateKey, block, attributes: vec![link.clone()] }
    };
    let rsa = Some(Algorithm::RSA);
    for way in [(Way::Register, V1_4), (Way::Register, V2_1), (Way::Import, V2_1)] {
        let id = bring(&mut bench, &who, way, &sent("strong", rsa, Some(2048))).unwrap();
        let held = attributes_of(&mut bench, &who, &id);
        let own = attribute!(held, Link).any(|link| link.kind == LinkType::PKCS_12CertificateLink);
        assert!(own, "the certificate of the key is linked");
        bring(&mut bench, &who, way, &sent("strong", None, None)).unwrap();
        let why = said(bring(&mut bench, &who, way, &sent("strong", rsa, Some(4096))));
        assert_eq!(why, "the key block says RSA of 4096 bits, the material is RSA of 2048 bits");
        let why = said(bring(&mut bench, &who, way, &sent("strong", Some(Algorithm::ECDSA), Some(256))));
        assert_eq!(why, "the key block says ECDSA of 256 bits, the material is RSA of 2048 bits");
        for length in [None, Some(1024)] {
            let (reason, why) = bring(&mut bench, &who, way, &sent("weak", rsa, length)).unwrap_err();
            assert_eq!(reason, ResultReason::PermissionDenied, "{why}");
        }
        let why = said(bring(&mut bench, &who, way, &sent("weak", rsa, Some(2048))));
        assert_eq!(why, "the key block says RSA of 2048 bits, the material is RSA of 1024 bits");
    }
}

/// A private key that is joined from its parts is what its parts make, whatever they say.
#[test]
fn a_joined_key_is_read() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, ann, strict) = (Bench::new(1), granted("ann", &[]), principal("ann", &[]));
    let strong = forms::made(&openssl, RSA).0;
    let weak = forms::made(&openssl, "-algorithm RSA -pkeyopt rsa_keygen_bits:1024").0;
    let ec = forms::made(&openssl, EC).0;
    let rows: [(&[u8], i32, Result<(), &str>); 5] = [
        (&strong, 2048, Ok(())),
        (&weak, 2048, Err("the attributes say RSA of 2048 bits, the material is RSA of 1024 bits")),
        (&weak, 1024, Err("RSA with 1024 bits is weak")),
        (
            &ec,
            2048,
            Err("the attributes say RSA of 2048 bits, the material is EC of 256 bits on the curve P_256"),
        ),
        (&strong[..strong.len() - 1], 2048, Err("this is DER that is cut off")),
    ];
    for (bytes, length, expected) in rows {
        // XOR with zeros: the one part is the key itself, and the other nothing.
        let shares = [bytes.to_vec(), vec![0; bytes.len()]];
        let unique_identifiers = parts(&mut bench, &ann, shares, (Some(Algorithm::RSA), Some(length)));
        let request = JoinSplitKeyRequest {
            object_type: ObjectType::PrivateKey,
            unique_identifiers,
            ..JoinSplitKeyRequest::default()
        };
        match (ask(&mut bench, &strict, V2_1, request), expected) {
            (Ok(_), Ok(())) => {}
            (Err((_, why)), Err(words)) => assert!(why.contains(words), "{why}"),
            (came, expected) => panic!("{came:?}, and not {expected:?}"),
        }
    }
}

/// What an imported certificate says of itself counts, not what is said of it.
#[test]
fn attributes_of_an_imported_certificate_are_its_own() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    openssl.certificate("leaf", EC, None);
    openssl.certificate("other", EC, None);
    let import = |bench: &mut Bench, name: &str, said: Option<Attribute>| {
        let request = ImportRequest {
            unique_identifier: name.into(),
            object_type: Some(ObjectType::Certificate),
            replace_existing: Some(true),
            attributes: Some(AttributeList(said.into_iter().collect())),
            object: ManagedObject::Certificate(Certificate {
                certificate_type: CertificateType::X_509,
                value: openssl.read(&format!("{name}.der")).into(),
            }),
            ..ImportRequest::default()
        };
        ask(bench, &who, V2_1, request)
    };
    import(&mut bench, "leaf", None).unwrap();
    import(&mut bench, "other", None).unwrap();
    let own = attributes_of(&mut bench, &who, "leaf");
    let others = attributes_of(&mut bench, &who, "other");
    let tags = [
        kmip_codec::Tag::X_509CertificateSubject,
        kmip_codec::Tag::X_509CertificateIssuer,
        kmip_codec::Tag::X_509CertificateIdentifier,
    ];
    for tag in tags {
        let of = |all: &Attributes| all.iter().find(|one| one.tag() == tag).cloned();
        import(&mut bench, "leaf", of(&own)).unwrap();
        let why = said(import(&mut bench, "leaf", of(&others)));
        assert_eq!(why, format!("{tag} in the attributes differs from that of the certificate"));
    }
    for wrong in [
        Attribute::CertificateLength(17),
        Attribute::CertificateType(CertificateType::PGP),
        Attribute::DigitalSignatureAlgorithm(DigitalSignatureAlgorithm::RSASSA_PSS),
    ] {
        import(&mut bench, "leaf", Some(wrong)).unwrap_err();
    }
}
