//! References to items of the batch (2.x), where they outlast it: what is stored, and what leaves, names the object.

use super::done::*;
use super::*;
use crate::objects::bytes_block;
use kmip_codec::value::UniqueIdentifier;

/// What an item that makes a key, and comes first in its batch, is referred to by.
fn references() -> [UniqueIdentifier; 4] {
    [
        UniqueIdentifier::Index(0),
        UniqueIdentifier::Index(-1),
        UniqueIdentifier::Reference(UniqueIdentifierReference::IDPlaceholder),
        UniqueIdentifier::Reference(UniqueIdentifierReference::Create),
    ]
}

/// A batch of two: the key that is referred to is made, and something is done with the reference.
fn behind_create(bench: &mut Bench, who: &Principal, request: Request) -> (String, ResponseItem) {
    let uses = CryptographicUsageMask::WrapKey
        | CryptographicUsageMask::UnwrapKey
        | CryptographicUsageMask::MACGenerate
        | CryptographicUsageMask::MACVerify;
    let create = crate::objects::aes(&[
        Attribute::CryptographicUsageMask(uses),
        Attribute::ActivationDate(DateTime(1)),
        Attribute::CryptographicParameters(CryptographicParameters {
            cryptographic_algorithm: Some(Algorithm::AES),
            ..bare()
        }),
    ]);
    let message =
        RequestMessage::new(V2_1, vec![RequestItem::from(create.into_request()), RequestItem::from(request)]);
    let mut items = bench.run(who, &message).into_iter();
    let made = crate::world::answer::<CreateRequest>(items.next().unwrap()).unwrap();
    (text(&made.unique_identifier), items.next().unwrap())
}

fn keys_of(block: &KeyBlock) -> Vec<UniqueIdentifier> {
    let data = block.key_wrapping_data.as_ref().unwrap();
    let keys = [&data.encryption_key_information, &data.mac_signature_key_information];
    keys.into_iter().flatten().map(|key| key.unique_identifier.clone()).collect()
}

fn specification(method: WrappingMethod, key: UniqueIdentifier) -> KeyWrappingSpecification {
    let key = WrappingKeyInformation { unique_identifier: key, cryptographic_parameters: None };
    KeyWrappingSpecification {
        wrapping_method: method,
        encryption_key_information: Some(key.clone()).filter(|_| method != WrappingMethod::MACSign),
        mac_signature_key_information: (method != WrappingMethod::Encrypt).then_some(key),
        ..KeyWrappingSpecification::default()
    }
}

const METHODS: [WrappingMethod; 4] = [
    WrappingMethod::Encrypt,
    WrappingMethod::MACSign,
    WrappingMethod::EncryptThenMACSign,
    WrappingMethod::MACSignThenEncrypt,
];

#[test]
fn a_wrapped_key_that_leaves_names_its_wrapping_key() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let target = crate::objects::create(&mut bench, &who, &[]);
    for (method, reference) in
        METHODS.into_iter().flat_map(|method| references().map(move |reference| (method, reference)))
    {
        let what = format!("{method:?} {reference:?}");
        let (unique_identifier, wanted) =
            (Some(target.as_str().into()), Some(specification(method, reference)));
        let get = GetRequest {
            unique_identifier: unique_identifier.clone(),
            key_wrapping_specification: wanted.clone(),
            ..GetRequest::default()
        };
        let export = ExportRequest {
            unique_identifier,
            key_wrapping_specification: wanted,
            ..ExportRequest::default()
        };
        let (key, got) = behind_create(&mut bench, &who, get.into_request());
        let got = crate::world::answer::<GetRequest>(got).unwrap().object;
        let (other, exported) = behind_create(&mut bench, &who, export.into_request());
        let exported = crate::world::answer::<ExportRequest>(exported).unwrap().object;
        for (key, object) in [(key, got), (other, exported)] {
            let named = keys_of(object.key_block().unwrap());
            assert!(named.iter().all(|named| *named == key.as_str().into()), "{what}: {named:?}");
        }
    }
}

/// The wrapping key, in the batch of what it has wrapped.
fn of_its_batch(object: ManagedObject) -> RegisterRequest {
    let uses = crate::cryptography::every_use() | CryptographicUsageMask::UnwrapKey;
    RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: [Attribute::CryptographicUsageMask(uses), Attribute::ActivationDate(DateTime(1))].into(),
        object,
        ..RegisterRequest::default()
    }
}

/// The ways in for a wrapped key, which refers to its wrapping key.
fn brought(mut key_block: KeyBlock, reference: &UniqueIdentifier, name: &str) -> [Request; 2] {
    let data = key_block.key_wrapping_data.as_mut().unwrap();
    let keys = [&mut data.encryption_key_information, &mut data.mac_signature_key_information];
    keys.into_iter().flatten().for_each(|key| key.unique_identifier = reference.clone());
    let attributes: Attributes = [Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)].into();
    let object = ManagedObject::SymmetricKey(SymmetricKey { key_block });
    [
        RegisterRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: attributes.clone().into(),
            object: object.clone(),
            ..RegisterRequest::default()
        }
        .into_request(),
        ImportRequest {
            unique_identifier: name.into(),
            object_type: Some(ObjectType::SymmetricKey),
            replace_existing: Some(true),
            attributes: Some(AttributeList(attributes)),
            object,
            ..ImportRequest::default()
        }
        .into_request(),
    ]
}

/// What comes in wrapped by a key of its batch can be unwrapped by it later.
#[test]
fn a_wrapped_key_that_comes_in_names_its_wrapping_key() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let wrapping = bytes_block(Format::Raw, &[7; 32]);
    let wrapping = Sent {
        kind: ObjectType::SymmetricKey,
        block: KeyBlock { cryptographic_algorithm: Some(Algorithm::AES), ..wrapping },
        attributes: vec![],
    };
    let twin = bring(&mut bench, &who, (Way::Register, V2_1), &wrapping).unwrap();
    let target = crate::objects::create(&mut bench, &who, &[]);
    for (method, reference) in METHODS.into_iter().flat_map(|method| {
        [UniqueIdentifier::Index(0), UniqueIdentifier::Reference(UniqueIdentifierReference::IDPlaceholder)]
            .map(move |reference| (method, reference))
    }) {
        let get = GetRequest {
            unique_identifier: Some(target.as_str().into()),
            key_wrapping_specification: Some(specification(method, twin.as_str().into())),
            ..GetRequest::default()
        };
        let key_block = ask(&mut bench, &who, V2_1, get).unwrap().object.key_block().unwrap().clone();
        for way in brought(key_block, &reference, &format!("wrapped-{}", method.0)) {
            let bring = of_its_batch(wrapping.object());
            let items = vec![RequestItem::from(bring.into_request()), RequestItem::from(way)];
            let items = bench.run(&who, &RequestMessage::new(V2_1, items));
            let ids: Vec<String> = items
                .into_iter()
                .map(|item| match item.response {
                    Some(kmip_codec::operations::Response::Register(answer)) => {
                        text(&answer.unique_identifier)
                    }
                    Some(kmip_codec::operations::Response::Import(answer)) => text(&answer.unique_identifier),
                    other => panic!("{other:?}, {:?}", item.result_message),
                })
                .collect();
            let get = |key_wrap_type| GetRequest {
                unique_identifier: Some(ids[1].as_str().into()),
                key_wrap_type,
                ..GetRequest::default()
            };
            let kept = ask(&mut bench, &who, V2_1, get(None)).unwrap().object;
            let named = keys_of(kept.key_block().unwrap());
            assert!(named.iter().all(|named| *named == ids[0].as_str().into()), "{method:?}: {named:?}");
            ask(&mut bench, &who, V2_1, get(Some(KeyWrapType::NotWrapped))).unwrap();
        }
    }
}

fn link(linked: UniqueIdentifier) -> Attribute {
    Attribute::Link(Link { kind: LinkType::ParentLink, linked })
}

/// Everything that gives an object this link; one is there, and has another link.
fn linking(there: &str, said: &Attribute) -> [Request; 6] {
    let register = RegisterRequest {
        object_type: ObjectType::OpaqueObject,
        attributes: [said.clone()].into(),
        object: ManagedObject::OpaqueObject(OpaqueObject::default()),
        ..RegisterRequest::default()
    };
    let import = ImportRequest {
        unique_identifier: "imported".into(),
        object_type: Some(ObjectType::OpaqueObject),
        replace_existing: Some(true),
        attributes: Some(AttributeList([said.clone()].into_iter().collect())),
        object: ManagedObject::OpaqueObject(OpaqueObject::default()),
        ..ImportRequest::default()
    };
    let pair = CreateKeyPairRequest {
        common: Some([Attribute::CryptographicAlgorithm(Algorithm::EC), said.clone()].into()),
        private: Some([Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into()),
        public: Some([Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify)].into()),
        ..CreateKeyPairRequest::default()
    };
    let add = AddAttributeRequest { unique_identifier: Some(there.into()), attribute: said.clone().into() };
    let modify = ModifyAttributeRequest {
        unique_identifier: Some(there.into()),
        current: Some(link("elsewhere".into()).into()),
        attribute: said.clone().into(),
    };
    let create = crate::objects::aes(std::slice::from_ref(said));
    [
        create.into_request(),
        register.into_request(),
        import.into_request(),
        pair.into_request(),
        add.into_request(),
        modify.into_request(),
    ]
}

/// Every way to give an object a link, and the search for one.
#[test]
fn a_link_names_its_object() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    for reference in references() {
        let said = link(reference.clone());
        let there = crate::objects::create(&mut bench, &who, &[link("elsewhere".into())]);
        for request in linking(&there, &said) {
            let what = format!("{:?} with {reference:?}", request.operation());
            // The last item of a batch of one has nothing to refer to.
            let alone = RequestMessage::new(V2_1, vec![RequestItem::from(request.clone())]);
            let item = bench.run(&who, &alone).pop().unwrap();
            assert_eq!(item.result_status, ResultStatus::OperationFailed, "{what}");
            let (key, item) = behind_create(&mut bench, &who, request);
            assert_eq!(item.result_status, ResultStatus::Success, "{what}: {:?}", item.result_message);
            let filter = [link(key.as_str().into())].into_iter().collect();
            let found =
                LocateRequest { attributes: Some(AttributeFilter(filter)), ..LocateRequest::default() };
            let found = ask(&mut bench, &who, V2_1, found).unwrap().unique_identifiers;
            assert!(!found.is_empty(), "{what}");
            for id in found {
                let held = attributes_of(&mut bench, &who, &text(&id));
                let is_text = |link: &Link| matches!(link.linked, UniqueIdentifier::Text(_));
                assert!(attribute!(held, Link).all(is_text), "{what}: {held:?}");
            }
        }
        let filter = [said.clone()].into_iter().collect();
        let locate = LocateRequest { attributes: Some(AttributeFilter(filter)), ..LocateRequest::default() };
        let (_, item) = behind_create(&mut bench, &who, locate.into_request());
        assert_eq!(item.result_status, ResultStatus::Success, "{reference:?}: {:?}", item.result_message);
    }
}

/// Rules last longer than a batch.
#[test]
fn defaults_and_constraints_refer_to_no_batch() {
    let (mut bench, admin) = (Bench::new(1), Principal { admin: true, ..principal("admin", &[]) });
    let said = || AttributeList([link(UniqueIdentifier::Index(0))].into_iter().collect());
    let defaults = SetDefaultsRequest {
        defaults_information: Some(DefaultsInformation {
            defaults: vec![ObjectDefaults {
                object_type: Some(ObjectType::SymmetricKey),
                attributes: said(),
                ..ObjectDefaults::default()
            }],
        }),
    };
    let constraints = SetConstraintsRequest {
        constraints: Some(Constraints {
            constraints: vec![Constraint { attributes: Some(said()), ..Constraint::default() }],
        }),
    };
    for request in [defaults.into_request(), constraints.into_request()] {
        let (_, item) = behind_create(&mut bench, &admin, request);
        assert!(item.result_message.unwrap_or_default().contains("name the object by its identifier"));
    }
}

/// Servers before this one stored the reference: nothing tells what it was, and it is not taken for an item of today.
#[test]
fn an_old_reference_is_no_key_of_today() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let by = |key| KeyBlock { cryptographic_algorithm: Some(Algorithm::AES), ..wrapped(key, &[5; 40]) };
    let (block, old) = (by("elsewhere".into()), by(UniqueIdentifier::Index(0)));
    let sent = Sent { kind: ObjectType::SymmetricKey, block, attributes: vec![] };
    let id = bring(&mut bench, &who, (Way::Register, V2_1), &sent).unwrap();
    let value = ManagedObject::SymmetricKey(SymmetricKey { key_block: old });
    bench.as_older(&who, &id, vec![], Some(&value));
    let get = |key_wrap_type| GetRequest {
        unique_identifier: Some(id.as_str().into()),
        key_wrap_type,
        ..GetRequest::default()
    };
    ask(&mut bench, &who, V2_1, get(None)).unwrap();
    let (_, item) = behind_create(&mut bench, &who, get(Some(KeyWrapType::NotWrapped)).into_request());
    let why = item.result_message.unwrap_or_default();
    assert!(why.contains("a reference to an item of its batch"), "{why}");
}
