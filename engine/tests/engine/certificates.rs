//! Certificates that the server makes and judges, with OpenSSL as the party that asks for them and checks them.

mod signed;

use super::objects::{activate, attributes_of, bytes_block, note, revoke, text};
use super::openssl::OpenSsl;
use super::world::{Bench, principal};
use keystead_engine::rights::principal::Principal;
use keystead_engine::settings::{Authority, AuthorityKey};
use kmip_codec::attribute;
use kmip_codec::attributes::*;
use kmip_codec::enums::*;
use kmip_codec::objects::*;
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, Interval};
use kmip_codec::version::{V1_4, V2_1};

const EC: &str = "-algorithm EC -pkeyopt ec_paramgen_curve:P-256";

/// A bench with an authority named `root`, whose time is now, so that OpenSSL agrees with its dates.
fn bench(openssl: &OpenSsl) -> Bench {
    let mut bench = Bench::new(1);
    bench.now = time::OffsetDateTime::now_utc().unix_timestamp();
    openssl.certificate("root", EC, None);
    let certificate: bytes::Bytes = openssl.read("root.der").into();
    bench.settings.anchors = vec![certificate.clone()];
    let key = AuthorityKey::File(openssl.read("root.pk8").into());
    bench.settings.authority = Some(Authority { certificate, key, days: 20 });
    bench
}

fn register(bench: &mut Bench, who: &Principal, attributes: &[Attribute], object: ManagedObject) -> String {
    let attributes = attributes.iter().cloned().collect::<Attributes>().into();
    let object_type = object.object_type();
    let request = RegisterRequest { object_type, attributes, object, ..RegisterRequest::default() };
    text(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

/// A key of OpenSSL's (`NAME.pem`) and its public half as a managed object.
fn public_key(openssl: &OpenSsl, bench: &mut Bench, who: &Principal, name: &str) -> String {
    openssl.run(&format!("genpkey -quiet {EC} -out {name}.pem")).unwrap();
    openssl.run(&format!("pkey -in {name}.pem -pubout -outform DER -out {name}.spki")).unwrap();
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::EC),
        cryptographic_length: Some(256),
        ..bytes_block(KeyFormatType::X_509, &openssl.read(&format!("{name}.spki")))
    };
    let usage = Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify);
    register(bench, who, &[usage], ManagedObject::PublicKey(PublicKey { key_block }))
}

fn named(name: &str) -> Attribute {
    Attribute::Name(Name { value: name.into(), kind: NameType::UninterpretedTextString })
}

/// A request of OpenSSL's for the key of this name.
fn request(openssl: &OpenSsl, name: &str, more: &[&str]) -> bytes::Bytes {
    let key = format!("{name}.pem");
    let words = [
        "req",
        "-new",
        "-key",
        &key,
        "-subj",
        "/C=CH/OU=One/OU=Two/CN=asked",
        "-outform",
        "DER",
        "-out",
        "asked",
    ];
    openssl.run_words(&[&words, more].concat()).unwrap();
    openssl.read("asked").into()
}

fn certify(key: Option<&str>, request: Option<bytes::Bytes>, attributes: &[Attribute]) -> CertifyRequest {
    CertifyRequest {
        unique_identifier: key.map(Into::into),
        certificate_request_type: request.is_some().then_some(CertificateRequestType::PKCS_10),
        certificate_request: request,
        attributes: Some(attributes.iter().cloned().collect::<Attributes>().into()),
        ..CertifyRequest::default()
    }
}

fn certificate(bench: &mut Bench, who: &Principal, id: &str) -> bytes::Bytes {
    let request = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    match bench.ask(who, V2_1, request).unwrap().object {
        ManagedObject::Certificate(certificate) => certificate.value,
        other => panic!("{other:?}"),
    }
}

/// What OpenSSL says of a certificate that the root has signed.
fn shown(openssl: &OpenSsl, certificate: &[u8]) -> String {
    openssl.write("made.der", certificate);
    openssl.run("x509 -inform DER -in made.der -out made.crt").unwrap();
    openssl.run("verify -x509_strict -CAfile root.crt made.crt").unwrap();
    openssl.run("x509 -in made.crt -noout -text").unwrap()
}

fn links(bench: &mut Bench, who: &Principal, id: &str, kind: LinkType) -> Vec<String> {
    let attributes = attributes_of(bench, who, id);
    attribute!(attributes, Link).filter(|link| link.kind == kind).map(|link| text(&link.linked)).collect()
}

#[test]
fn what_is_asked_for_is_certified() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (bench(&openssl), principal("owner", &[]));
    let key = public_key(&openssl, &mut bench, &who, "key");
    let names = ["-addext", "subjectAltName=DNS:volume.example", "-addext", "extendedKeyUsage=clientAuth"];
    let request = request(&openssl, "key", &names);
    let usage =
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign | CryptographicUsageMask::Verify);
    let answer = bench.ask(&who, V2_1, certify(Some(&key), Some(request), &[usage, named("first")])).unwrap();
    let made = text(&answer.unique_identifier);
    let text = shown(&openssl, &certificate(&mut bench, &who, &made));
    for words in [
        "CN = asked",
        "OU = One, OU = Two",
        "DNS:volume.example",
        "TLS Web Client Authentication",
        "CA:FALSE",
        "Digital Signature",
    ] {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert_eq!(links(&mut bench, &who, &made, LinkType::PublicKeyLink), [key.as_str()]);
    assert_eq!(links(&mut bench, &who, &key, LinkType::CertificateLink), [made.as_str()]);
    let held = attributes_of(&mut bench, &who, &made);
    assert_eq!(attribute!(held, CertificateSubjectOU).collect::<Vec<_>>(), ["One", "Two"]);
    assert_eq!(attribute!(held, OriginalCreationDate).next(), Some(&DateTime(bench.now)));
}

/// A key without a request: whom it is for is in the attributes, or else the name of the key.
#[test]
fn a_key_alone_is_certified() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (bench(&openssl), principal("owner", &[]));
    let key = public_key(&openssl, &mut bench, &who, "key");
    let name = AddAttributeRequest {
        unique_identifier: Some(key.as_str().into()),
        attribute: named("key, of the volume").into(),
    };
    bench.ask(&who, V2_1, name).unwrap();
    let dates = [
        Attribute::ActivationDate(DateTime(bench.now - 60)),
        Attribute::DeactivationDate(DateTime(bench.now + 3600)),
    ];
    let answer = bench.ask(&who, V2_1, certify(Some(&key), None, &dates)).unwrap();
    let made = certificate(&mut bench, &who, &text(&answer.unique_identifier));
    assert!(shown(&openssl, &made).contains("Subject: CN = \"key, of the volume\""), "the name of the key");
    openssl.run("x509 -in made.crt -noout -checkend 3500").unwrap();
    assert!(openssl.run("x509 -in made.crt -noout -checkend 3700").is_err(), "it ends when the object does");
    let subject = [
        Attribute::CertificateSubjectCN("volume".into()),
        Attribute::CertificateSubjectO("Example, Ltd".into()),
    ];
    let answer = bench.ask(&who, V1_4, certify(Some(&key), None, &subject)).unwrap();
    let made = certificate(&mut bench, &who, &text(&answer.unique_identifier));
    assert!(shown(&openssl, &made).contains("O = \"Example, Ltd\""), "the subject of the attributes");
    assert_eq!(links(&mut bench, &who, &key, LinkType::CertificateLink).len(), 2, "both certificates");
}

/// The request proves the possession of its key, is for the key that was named, and asks for no authority.
#[test]
fn requests_that_prove_nothing_are_refused() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (bench(&openssl), principal("owner", &[]));
    let key = public_key(&openssl, &mut bench, &who, "key");
    let other = public_key(&openssl, &mut bench, &who, "other");
    let stranger = principal("stranger", &[]);
    let good = request(&openssl, "key", &[]);
    let mut ask = |who: &Principal, key: Option<&str>, request: &bytes::Bytes| {
        bench
            .ask(who, V2_1, certify(key, Some(request.clone()), &[]))
            .map(|answer| text(&answer.unique_identifier))
    };
    assert_eq!(ask(&who, Some(&other), &good).unwrap_err(), ResultReason::InvalidCSR, "another key");
    assert_eq!(ask(&stranger, Some(&key), &good).unwrap_err(), ResultReason::ItemNotFound, "a foreign key");
    let mut broken = good.to_vec();
    let at = broken.windows(5).position(|part| part == b"asked").unwrap();
    broken[at] = b'A';
    assert_eq!(
        ask(&who, Some(&key), &broken.into()).unwrap_err(),
        ResultReason::InvalidCSR,
        "a changed subject"
    );
    for template in ["basicConstraints=CA:TRUE", "keyUsage=keyCertSign", "1.2.3.4=critical,ASN1:NULL"] {
        let asked = request(&openssl, "key", &["-addext", template]);
        assert_eq!(ask(&who, Some(&key), &asked).unwrap_err(), ResultReason::InvalidCSR, "{template}");
    }
    ask(&who, None, &good).unwrap();
    bench.settings.authority = None;
    let refused = bench.ask(&who, V2_1, certify(Some(&key), Some(good), &[])).unwrap_err();
    assert_eq!(refused, ResultReason::FeatureNotSupported, "no authority");
}

#[test]
fn a_certificate_is_renewed() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (bench(&openssl), principal("owner", &[]));
    let key = public_key(&openssl, &mut bench, &who, "key");
    let request = request(&openssl, "key", &["-addext", "subjectAltName=DNS:volume.example"]);
    let dates = [
        named("first"),
        Attribute::ActivationDate(DateTime(bench.now - 100)),
        Attribute::DeactivationDate(DateTime(bench.now + 1000)),
    ];
    let answer = bench.ask(&who, V2_1, certify(Some(&key), Some(request), &dates)).unwrap();
    let old = text(&answer.unique_identifier);
    let before = certificate(&mut bench, &who, &old);
    let again = ReCertifyRequest {
        unique_identifier: Some(old.as_str().into()),
        offset: Some(Interval(50)),
        attributes: Some([named("second")].into()),
        ..ReCertifyRequest::default()
    };
    let new = text(&bench.ask(&who, V2_1, again).unwrap().unique_identifier);
    let after = certificate(&mut bench, &who, &new);
    assert_ne!(before, after);
    let held = attributes_of(&mut bench, &who, &new);
    let names: Vec<_> = attribute!(held, Name).map(|name| name.value.as_str()).collect();
    assert_eq!(names, ["second", "first"], "names move to the new certificate");
    assert_eq!(attribute!(held, ActivationDate).next(), Some(&DateTime(bench.now + 50)));
    assert_eq!(
        attribute!(held, DeactivationDate).next(),
        Some(&DateTime(bench.now + 1150)),
        "as long as before"
    );
    assert_eq!(attribute!(held, CertificateSubjectCN).collect::<Vec<_>>(), ["asked"], "said once");
    let held = attributes_of(&mut bench, &who, &old);
    assert_eq!(attribute!(held, Name).count(), 0);
    assert_eq!(links(&mut bench, &who, &old, LinkType::ReplacementObjectLink), [new.as_str()]);
    assert_eq!(links(&mut bench, &who, &new, LinkType::ReplacedObjectLink), [old.as_str()]);
    assert_eq!(links(&mut bench, &who, &key, LinkType::CertificateLink), [new.as_str()]);
    openssl.write("made.der", &after);
    let text = openssl.run("x509 -inform DER -in made.der -noout -text").unwrap();
    assert!(text.contains("DNS:volume.example") && text.contains("OU = One, OU = Two"), "{text}");
}

/// A managed key signs for the clients that may use it, while it is Active and meant to sign certificates.
#[test]
fn a_managed_key_may_be_the_authority() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, ca) = (bench(&openssl), principal("ca", &["issuers"]));
    let (member, stranger) = (principal("member", &["issuers"]), principal("stranger", &[]));
    let key_block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::EC),
        cryptographic_length: Some(256),
        ..bytes_block(KeyFormatType::PKCS_8, &openssl.read("root.pk8"))
    };
    let limits = UsageLimits { total: 1, count: None, unit: UsageLimitsUnit::Object };
    let attributes = [
        Attribute::CryptographicUsageMask(CryptographicUsageMask::CertificateSign),
        Attribute::UsageLimits(limits),
    ];
    let id = register(&mut bench, &ca, &attributes, ManagedObject::PrivateKey(PrivateKey { key_block }));
    if let Some(authority) = &mut bench.settings.authority {
        authority.key = AuthorityKey::Object(id.clone());
    }
    let key = public_key(&openssl, &mut bench, &member, "key");
    let foreign = public_key(&openssl, &mut bench, &stranger, "foreign");
    let ask = |bench: &mut Bench, who: &Principal, key: &str| {
        bench.ask(who, V2_1, certify(Some(key), None, &[])).map(|answer| text(&answer.unique_identifier))
    };
    assert_eq!(ask(&mut bench, &member, &key).unwrap_err(), ResultReason::PermissionDenied, "Pre-Active");
    bench.ask(&ca, V2_1, activate(&id)).unwrap();
    assert_eq!(ask(&mut bench, &stranger, &foreign).unwrap_err(), ResultReason::ItemNotFound, "not its key");
    let made = ask(&mut bench, &member, &key).unwrap();
    shown(&openssl, &certificate(&mut bench, &member, &made));
    assert!(ask(&mut bench, &member, &key).is_err(), "the key is used up");
}

#[test]
fn chains_are_judged() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (bench(&openssl), principal("owner", &[]));
    openssl.certificate("leaf", EC, Some("root"));
    openssl.certificate("elsewhere", EC, None);
    let read = |name: &str| Certificate {
        certificate_type: CertificateType::X_509,
        value: openssl.read(&format!("{name}.der")).into(),
    };
    let judge = |bench: &mut Bench, certificates: Vec<Certificate>, ids: &[&str], after: i64| {
        let request = ValidateRequest {
            certificates,
            unique_identifiers: ids.iter().map(|id| (*id).into()).collect(),
            validity_date: Some(DateTime(bench.now + after)),
        };
        bench.ask(&who, V2_1, request).map(|answer| answer.validity_indicator)
    };
    let (leaf, root, elsewhere) = (read("leaf"), read("root"), read("elsewhere"));
    assert_eq!(judge(&mut bench, vec![leaf.clone()], &[], 60), Ok(ValidityIndicator::Valid));
    assert_eq!(
        judge(&mut bench, vec![root.clone(), leaf.clone()], &[], 60),
        Ok(ValidityIndicator::Valid),
        "any order"
    );
    let years = 10 * 365 * 86_400;
    assert_eq!(judge(&mut bench, vec![leaf.clone()], &[], years), Ok(ValidityIndicator::Invalid), "expired");
    assert_eq!(judge(&mut bench, vec![leaf.clone()], &[], -years), Ok(ValidityIndicator::Invalid), "not yet");
    let mut forged = leaf.value.to_vec();
    let last = forged.len() - 1;
    forged[last] ^= 1;
    let forged = Certificate { value: forged.into(), ..leaf.clone() };
    assert_eq!(
        judge(&mut bench, vec![forged], &[], 60),
        Ok(ValidityIndicator::Invalid),
        "a changed signature"
    );
    assert_eq!(
        judge(&mut bench, vec![elsewhere.clone()], &[], 60),
        Ok(ValidityIndicator::Unknown),
        "no anchor"
    );
    assert_eq!(
        judge(&mut bench, vec![elsewhere, leaf.clone()], &[], 60),
        Err(ResultReason::InvalidField),
        "two chains"
    );
    assert_eq!(judge(&mut bench, vec![], &[], 60), Err(ResultReason::InvalidField), "nothing");
    let id = register(&mut bench, &who, &[note("leaf")], ManagedObject::Certificate(leaf));
    assert_eq!(judge(&mut bench, vec![root.clone()], &[&id], 60), Ok(ValidityIndicator::Valid));
    bench.ask(&who, V2_1, revoke(&id, RevocationReasonCode::KeyCompromise)).unwrap();
    assert_eq!(judge(&mut bench, vec![root], &[&id], 60), Ok(ValidityIndicator::Invalid), "compromised");
}

/// CRMF and PGP requests are kept as they are; no library that is ready for use reads them, and none is certified unread.
#[test]
fn requests_of_other_kinds_are_not_certified() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (bench(&openssl), principal("owner", &[]));
    for kind in [CertificateRequestType::CRMF, CertificateRequestType(0x4)] {
        let asked = CertifyRequest {
            certificate_request_type: Some(kind),
            ..certify(None, Some(bytes::Bytes::from_static(b"anything")), &[])
        };
        for version in [V1_4, V2_1] {
            let refused = bench.ask(&who, version, asked.clone()).unwrap_err();
            assert_eq!(refused, ResultReason::FeatureNotSupported, "{kind:?} in {version}");
        }
    }
}
