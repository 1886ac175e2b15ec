//! What keeps a key inside.

use super::*;

#[test]
fn sensitive_and_unextractable_keys_do_not_leave_in_clear() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let sensitive = create(&mut bench, &ann, &[Attribute::Sensitive(true)]);
    assert_eq!(bench.ask(&ann, V2_1, get(&sensitive)).unwrap_err(), ResultReason::Sensitive);
    let kept = create(&mut bench, &ann, &[Attribute::Extractable(false)]);
    assert_eq!(bench.ask(&ann, V2_1, get(&kept)).unwrap_err(), ResultReason::NotExtractable);
}

/// Every way to give an attribute another value, in every version that has it; the value in the place of nothing turns it
/// around.
fn changes(id: &str, attribute: &Attribute, version: Version) -> Vec<Request> {
    let unique_identifier = || Some(UniqueIdentifier::from(id));
    let modify = ModifyAttributeRequest {
        unique_identifier: unique_identifier(),
        attribute: attribute.clone().into(),
        ..Default::default()
    };
    let reference = AttributeReference::Tag(attribute.tag());
    let (name, named) =
        if version < V2_0 { (Some(reference.clone()), None) } else { (None, Some(reference.clone())) };
    let delete = DeleteAttributeRequest {
        unique_identifier: unique_identifier(),
        name,
        reference: named,
        ..Default::default()
    };
    let add =
        AddAttributeRequest { unique_identifier: unique_identifier(), attribute: attribute.clone().into() };
    let mut changes = vec![modify.into_request(), delete.into_request(), add.into_request()];
    if version >= V2_0 {
        let attribute = attribute.clone().into();
        changes
            .push(SetAttributeRequest { unique_identifier: unique_identifier(), attribute }.into_request());
        let adjust = AdjustAttributeRequest {
            unique_identifier: unique_identifier(),
            reference,
            adjustment_type: AdjustmentType::Negate,
            adjustment_value: None,
        };
        changes.push(adjust.into_request());
    }
    changes
}

/// Whoever may change attributes could take off what keeps a key inside, get it, and put it on again. It goes on, and never
/// off, as with PKCS#11's CKA_SENSITIVE and CKA_EXTRACTABLE.
#[test]
fn what_keeps_a_key_inside_goes_on_and_never_off() {
    let mut bench = Bench::new(1);
    let (ann, ben) = (principal("ann", &["team"]), principal("ben", &["team"]));
    let admin = Principal { admin: true, ..principal("admin", &["team"]) };
    let pairs = [
        (Attribute::Sensitive(true), Attribute::Sensitive(false), ResultReason::Sensitive),
        (Attribute::Extractable(false), Attribute::Extractable(true), ResultReason::NotExtractable),
    ];
    for (on, off, reason) in pairs {
        for version in [V1_4, V2_0, V2_1] {
            let (kept, open) = (
                create(&mut bench, &ann, std::slice::from_ref(&on)),
                create(&mut bench, &ann, std::slice::from_ref(&off)),
            );
            for who in [&ann, &ben, &admin] {
                for request in changes(&kept, &off, version) {
                    let what = format!("{:?} in {version} by {}", request.operation(), who.name);
                    let message = RequestMessage::new(version, vec![request.into()]);
                    let item = bench.run(who, &message).remove(0);
                    assert_eq!(item.result_status, ResultStatus::OperationFailed, "{what}");
                    assert_eq!(bench.ask(who, V2_1, get(&kept)).unwrap_err(), reason, "{what}");
                }
            }
            bench.ask(&ben, V2_1, get(&open)).unwrap();
            for id in [&open, &kept] {
                let request = changes(id, &on, version).remove(0);
                let item = bench.run(&ben, &RequestMessage::new(version, vec![request.into()])).remove(0);
                assert_eq!(item.result_status, ResultStatus::Success, "{:?}", item.result_message);
            }
            assert_eq!(bench.ask(&ann, V2_1, get(&open)).unwrap_err(), reason, "it goes on");
            let attributes = attributes_of(&mut bench, &ann, &open);
            assert_eq!(
                attribute!(attributes, NeverExtractable).next(),
                Some(&false),
                "once it was extractable"
            );
            assert_eq!(
                attribute!(attributes, AlwaysSensitive).next(),
                Some(&false),
                "once it was not sensitive"
            );
        }
    }
}

/// A key that was wrapped unwraps to what it was, with the attribute that was wrapped with it.
#[test]
fn a_wrapped_key_registers_and_unwraps_to_itself() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let now = bench.now;
    let kek = create(&mut bench, &ann, &[Attribute::ActivationDate(DateTime(now))]);
    let key = create(&mut bench, &ann, &[]);
    let clear = bench.ask(&ann, V1_4, get(&key)).unwrap().object;
    let information =
        WrappingKeyInformation { unique_identifier: kek.as_str().into(), cryptographic_parameters: None };
    for (mode, encoding, attributes) in [
        (BlockCipherMode::NISTKeyWrap, None, vec![AttributeReference::Tag(Tag::CryptographicUsageMask)]),
        (BlockCipherMode::NISTKeyWrap, Some(EncodingOption::NoEncoding), vec![]),
        (BlockCipherMode::AESKeyWrapPadding, Some(EncodingOption::TTLVEncoding), vec![]),
    ] {
        let parameters = CryptographicParameters { block_cipher_mode: Some(mode), ..Default::default() };
        let information =
            WrappingKeyInformation { cryptographic_parameters: Some(parameters), ..information.clone() };
        let specification = KeyWrappingSpecification {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(information),
            attributes: attributes.clone(),
            encoding_option: encoding,
            ..KeyWrappingSpecification::default()
        };
        let request = GetRequest { key_wrapping_specification: Some(specification), ..get(&key) };
        let wrapped = bench.ask(&ann, V1_4, request).unwrap().object;
        let mask = [Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)];
        let register = RegisterRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: mask.into(),
            object: wrapped,
            ..Default::default()
        };
        let id = text(&bench.ask(&ann, V1_4, register).unwrap().unique_identifier);
        let request = GetRequest { key_wrap_type: Some(KeyWrapType::NotWrapped), ..get(&id) };
        let unwrapped = bench.ask(&ann, V1_4, request).unwrap().object;
        let material = |object: &ManagedObject| match object.key_block().unwrap().key_value.clone().unwrap() {
            KeyValue::Plain(plain) => plain,
            other => panic!("{other:?}"),
        };
        assert_eq!(material(&unwrapped).key_material, material(&clear).key_material, "{mode:?} {encoding:?}");
        assert_eq!(material(&unwrapped).attributes.is_some(), !attributes.is_empty());
    }
}
