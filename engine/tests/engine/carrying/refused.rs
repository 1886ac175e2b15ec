//! Imports that contradict themselves.

use super::*;

/// An import, changed.
type Change = fn(&mut ImportRequest);

/// Imports that say two things, or what cannot be.
const REFUSED: &[(&str, Change, ResultReason)] = &[
    ("another type", |r| r.object_type = Some(ObjectType::SecretData), ResultReason::InvalidField),
    (
        "another identifier",
        |r| set(r, Attribute::UniqueIdentifier("other".into())),
        ResultReason::InvalidField,
    ),
    (
        "another algorithm",
        |r| set(r, Attribute::CryptographicAlgorithm(CryptographicAlgorithm::Camellia)),
        ResultReason::InvalidField,
    ),
    ("another length", |r| set(r, Attribute::CryptographicLength(128)), ResultReason::InvalidField),
    ("a weak key", |r| weak(r), ResultReason::PermissionDenied),
    (
        "no usage",
        |r| r.attributes.as_mut().unwrap().0.0.retain(|e| e.attribute.tag() != Tag::CryptographicUsageMask),
        ResultReason::InvalidField,
    ),
    (
        "two states",
        |r| r.attributes.as_mut().unwrap().0.push(Attribute::State(State::Active)),
        ResultReason::AttributeSingleValued,
    ),
    ("destroyed, with a value", |r| set(r, Attribute::State(State::Destroyed)), ResultReason::InvalidField),
    (
        "an attribute of certificates",
        |r| set(r, Attribute::CertificateLength(1)),
        ResultReason::InvalidAttribute,
    ),
    (
        "a damaged key",
        |r| r.object.key_block_mut().unwrap().key_value = bytes_block(KeyFormatType::Raw, &[9; 32]).key_value,
        ResultReason::InvalidField,
    ),
    (
        "a reference",
        |r| r.unique_identifier = kmip_codec::value::UniqueIdentifier::Index(0),
        ResultReason::InvalidField,
    ),
    ("no identifier", |r| rename(r, "".into()), ResultReason::InvalidField),
    ("a line end", |r| rename(r, "a\nb".into()), ResultReason::InvalidField),
    ("a name of a record", |r| rename(r, "rule/defaults".into()), ResultReason::InvalidField),
    ("too long", |r| rename(r, "a".repeat(129).as_str().into()), ResultReason::InvalidField),
];

fn rename(request: &mut ImportRequest, id: kmip_codec::value::UniqueIdentifier) {
    set(request, Attribute::UniqueIdentifier(id.clone()));
    request.unique_identifier = id;
}

fn weak(request: &mut ImportRequest) {
    set(request, Attribute::CryptographicAlgorithm(CryptographicAlgorithm::DES));
    set(request, Attribute::CryptographicLength(64));
    let block = request.object.key_block_mut().unwrap();
    *block = KeyBlock {
        cryptographic_algorithm: Some(CryptographicAlgorithm::DES),
        cryptographic_length: Some(64),
        ..bytes_block(KeyFormatType::Raw, &[1; 8])
    };
    request.attributes.as_mut().unwrap().0.0.retain(|entry| entry.attribute.tag() != Tag::Digest);
}

#[test]
fn imports_that_contradict_themselves_are_refused() {
    let (mut here, mut there, who) = (Bench::new(1), Bench::new(2), principal("owner", &[]));
    let id = create(&mut here, &who, &[]);
    let exported = here.ask(&who, V2_1, export(&id)).unwrap();
    for (what, change, reason) in REFUSED {
        let mut request = import(&exported, V2_1);
        change(&mut request);
        assert_eq!(there.ask(&who, V2_1, request).unwrap_err(), *reason, "{what}");
    }
    there.ask(&who, V2_1, import(&exported, V2_1)).unwrap();
    let twice = there.ask(&who, V1_4, import(&exported, V1_4)).unwrap_err();
    assert_eq!(twice, ResultReason::ObjectAlreadyExists);
}
