//! Keys in stores of servers before this one, which took Cryptographic Parameters of any algorithm at a key, and used the first
//! ones of a key as far as they went: what was made so is decrypted and verified; nothing new is made so; a replacement has
//! what fits; and who is refused is told what to change.

mod pairs;

use super::done::*;
use super::named::{is_hmac, names};
use super::*;
use pairs::hashing;

fn naming(named: Algorithm, rest: CryptographicParameters) -> CryptographicParameters {
    CryptographicParameters { cryptographic_algorithm: Some(named), ..rest }
}

fn cipher(mode: BlockCipherMode) -> CryptographicParameters {
    let padding_method = (mode == BlockCipherMode::CBC).then_some(PaddingMethod::PKCS5);
    CryptographicParameters { block_cipher_mode: Some(mode), padding_method, random_iv: Some(true), ..bare() }
}

/// A key whose record has these parameters as an older server has written it.
fn older(bench: &mut Bench, who: &Principal, sent: &Sent, own: &[CryptographicParameters]) -> String {
    let id = bring(bench, who, (Way::Register, V2_1), sent).unwrap();
    bench.as_older(who, &id, own.iter().cloned().map(Attribute::CryptographicParameters).collect(), None);
    id
}

fn key(own: Algorithm, bytes: u8) -> Sent {
    let bytes: Vec<u8> = (1..=bytes).collect();
    sent(ObjectType::SymmetricKey, own, Format::Raw, &bytes)
}

/// What encrypts, or decrypts without parameters what was encrypted.
fn encrypted(id: &str, parameters: Option<CryptographicParameters>) -> EncryptRequest {
    EncryptRequest {
        unique_identifier: Some(id.into()),
        cryptographic_parameters: parameters,
        data: data(b"a volume key of old"),
        ..EncryptRequest::default()
    }
}

fn decrypted(id: &str, of: &EncryptResponse) -> DecryptRequest {
    DecryptRequest {
        unique_identifier: Some(id.into()),
        data: of.data.clone(),
        iv_counter_nonce: of.iv_counter_nonce.clone(),
        tag: of.tag.clone(),
        ..DecryptRequest::default()
    }
}

/// A refusal that names the parameters as the key's own, with both values and what to do.
fn is_of_the_key(why: &str, named: &str, own: Algorithm) -> bool {
    let own = format!("the key is one of {own:?}");
    [
        "the attribute Cryptographic Parameters of the key names",
        named,
        &own,
        "Delete Attribute",
        "Modify Attribute",
    ]
    .iter()
    .all(|word| why.contains(word))
}

/// What was encrypted by the mode that stands beside a wrong name is decrypted without a word about parameters.
#[test]
fn what_was_encrypted_is_decrypted() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let modes = [BlockCipherMode::CBC, BlockCipherMode::CTR, BlockCipherMode::GCM];
    let mut cells = 0;
    for (own, bytes, modes) in [
        (Algorithm::AES, 32, modes.as_slice()),
        (Algorithm::AES, 16, modes.as_slice()),
        (Algorithm::DES3, 24, &[BlockCipherMode::CBC][..]),
    ] {
        let key = key(own, bytes);
        let twin = bring(&mut bench, &who, (Way::Register, V2_1), &key).unwrap();
        for mode in modes.iter().copied() {
            let made = ask(&mut bench, &who, V2_1, encrypted(&twin, Some(cipher(mode)))).unwrap();
            for named in names().into_iter().filter(|named| *named != own) {
                let what = format!("{own:?} with {mode:?} beside {named:?}");
                // What stands behind the first parameters was never used.
                let fitting = naming(own, cipher(BlockCipherMode::CTR));
                let all = [naming(named, cipher(mode)), fitting];
                let is_foreign = !is_hmac(named);
                let all = if is_foreign { &all[..] } else { &all[..1] };
                let id = older(&mut bench, &who, &key, all);
                let plain = ask(&mut bench, &who, V2_1, decrypted(&id, &made)).unwrap().data;
                assert_eq!(plain, data(b"a volume key of old"), "{what}");
                match ask(&mut bench, &who, V2_1, encrypted(&id, None)) {
                    // An HMAC may stand at a key of another cipher: what is beside it is for the cipher.
                    Ok(_) => assert!(!is_foreign, "{what}"),
                    Err((_, why)) => {
                        assert!(
                            is_foreign && is_of_the_key(&why, &format!("{named:?}"), own),
                            "{what}: {why}"
                        );
                    }
                }
                ask(&mut bench, &who, V2_1, encrypted(&id, Some(cipher(mode)))).unwrap();
                cells += 1;
            }
        }
    }
    assert!(cells > 300, "{cells}");
}

/// A MAC of older servers is by what the first parameters named, in the request or at the key, whatever the key is called.
#[test]
fn a_mac_that_was_made_is_verified() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let symmetric = [Algorithm::AES, Algorithm::DES3, Algorithm::HMAC_SHA1, Algorithm::HMAC_SHA256];
    let mac = |id: &str| MACRequest {
        unique_identifier: Some(id.into()),
        data: data(b"data"),
        ..MACRequest::default()
    };
    for own in symmetric {
        for named in names() {
            let what = format!("a MAC by {named:?} with a key of {own:?}");
            let makes_macs = is_hmac(named) || named == Algorithm::AES;
            let by = if makes_macs { named } else { own };
            let key = key(own, 24);
            let twin = Sent {
                block: KeyBlock { cryptographic_algorithm: Some(by), ..key.block.clone() },
                ..key.clone()
            };
            let twin = bring(&mut bench, &who, (Way::Register, V2_1), &twin).unwrap();
            // A key of Triple DES makes no MAC by itself.
            let Ok(made) = ask(&mut bench, &who, V2_1, mac(&twin)) else { continue };
            let verify = |id: &str, parameters| MACVerifyRequest {
                unique_identifier: Some(id.into()),
                cryptographic_parameters: parameters,
                data: data(b"data"),
                mac_data: made.mac_data.clone(),
                ..MACVerifyRequest::default()
            };
            let id = older(&mut bench, &who, &key, &[naming(named, bare())]);
            let verified = ask(&mut bench, &who, V2_1, verify(&id, None)).unwrap();
            assert_eq!(verified.validity_indicator, Some(ValidityIndicator::Valid), "{what}");
            let plain = bring(&mut bench, &who, (Way::Register, V2_1), &key).unwrap();
            if makes_macs {
                // It was passed over beside the name of an HMAC.
                for hash in [None, Some(HashingAlgorithm::SHA3_224)] {
                    let asked = CryptographicParameters { hashing_algorithm: hash, ..naming(named, bare()) };
                    let verified = ask(&mut bench, &who, V2_1, verify(&plain, Some(asked))).unwrap();
                    assert_eq!(
                        verified.validity_indicator,
                        Some(ValidityIndicator::Valid),
                        "{what}, {hash:?}"
                    );
                }
            }
            let may_be_there = named == own || is_hmac(named) && !is_hmac(own);
            match ask(&mut bench, &who, V2_1, mac(&id)) {
                Ok(again) => {
                    assert!(may_be_there, "{what}");
                    assert_eq!(again.mac_data, made.mac_data, "{what}");
                }
                Err((_, why)) => {
                    let told = is_of_the_key(&why, &format!("{named:?}"), own);
                    assert!(!may_be_there && told, "{what}: {why}");
                }
            }
        }
    }
}

/// A key unwraps and verifies what it has wrapped, whatever stands at it.
#[test]
fn what_was_wrapped_is_unwrapped() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let wrapping = key(Algorithm::AES, 32);
    let twin = bring(&mut bench, &who, (Way::Register, V2_1), &wrapping).unwrap();
    let target = crate::objects::create(&mut bench, &who, &[]);
    let old = older(&mut bench, &who, &wrapping, &[naming(Algorithm::DES3, bare())]);
    let get = |by: &str, parameters: Option<CryptographicParameters>, method| {
        let key =
            WrappingKeyInformation { unique_identifier: by.into(), cryptographic_parameters: parameters };
        let hides = method != WrappingMethod::MACSign;
        GetRequest {
            unique_identifier: Some(target.as_str().into()),
            key_wrapping_specification: Some(KeyWrappingSpecification {
                wrapping_method: method,
                encryption_key_information: Some(key.clone()).filter(|_| hides),
                mac_signature_key_information: (method != WrappingMethod::Encrypt).then_some(key),
                ..KeyWrappingSpecification::default()
            }),
            ..GetRequest::default()
        }
    };
    for method in [WrappingMethod::Encrypt, WrappingMethod::MACSign, WrappingMethod::EncryptThenMACSign] {
        let mut block = ask(&mut bench, &who, V2_1, get(&twin, None, method))
            .unwrap()
            .object
            .key_block()
            .unwrap()
            .clone();
        let data = block.key_wrapping_data.as_mut().unwrap();
        let keys = [&mut data.encryption_key_information, &mut data.mac_signature_key_information];
        keys.into_iter().flatten().for_each(|key| key.unique_identifier = old.as_str().into());
        let import = ImportRequest {
            unique_identifier: format!("of-{}", method.0).into(),
            object_type: Some(ObjectType::SymmetricKey),
            key_wrap_type: Some(KeyWrapType::NotWrapped),
            attributes: Some(AttributeList(
                [Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)].into_iter().collect(),
            )),
            object: ManagedObject::SymmetricKey(SymmetricKey { key_block: block }),
            ..ImportRequest::default()
        };
        ask(&mut bench, &who, V2_1, import).unwrap();
        let why = ask(&mut bench, &who, V2_1, get(&old, None, method)).unwrap_err().1;
        assert!(is_of_the_key(&why, "DES3", Algorithm::AES), "{why}");
        // Who names the right one is not held to it.
        let right = Some(naming(Algorithm::AES, bare()));
        ask(&mut bench, &who, V2_1, get(&old, right, method)).unwrap();
    }
}

/// Deleted or modified, the attribute stands in the way of nothing; and what is derived is refused until then.
#[test]
fn the_advice_works() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let wrong = naming(Algorithm::DES3, cipher(BlockCipherMode::CTR));
    let id = older(&mut bench, &who, &key(Algorithm::AES, 32), std::slice::from_ref(&wrong));
    for method in DERIVED.iter().copied().filter(|method| *method != DerivationMethod::PBKDF2) {
        let Request::DeriveKey(mut request) = derive(method, &[&id], bare()) else { panic!() };
        request.derivation_parameters.cryptographic_parameters = None;
        let why = ask(&mut bench, &who, V2_1, request).unwrap_err().1;
        assert!(is_of_the_key(&why, "DES3", Algorithm::AES), "{method:?}: {why}");
    }
    let unique_identifier = Some(id.as_str().into());
    let modify = ModifyAttributeRequest {
        unique_identifier: unique_identifier.clone(),
        current: Some(Attribute::CryptographicParameters(wrong.clone()).into()),
        attribute: Attribute::CryptographicParameters(cipher(BlockCipherMode::CTR)).into(),
    };
    ask(&mut bench, &who, V2_1, modify).unwrap();
    ask(&mut bench, &who, V2_1, encrypted(&id, None)).unwrap();
    let id =
        older(&mut bench, &who, &key(Algorithm::HMAC_SHA256, 32), &[naming(Algorithm::HMAC_SHA512, bare())]);
    let reference = Some(Attribute::CryptographicParameters(wrong).reference());
    let unique_identifier = Some(id.as_str().into());
    let delete = DeleteAttributeRequest { unique_identifier, reference, ..DeleteAttributeRequest::default() };
    ask(&mut bench, &who, V2_1, delete).unwrap();
    let unique_identifier = Some(id.as_str().into());
    ask(
        &mut bench,
        &who,
        V2_1,
        MACRequest { unique_identifier, data: data(b"data"), ..MACRequest::default() },
    )
    .unwrap();
}

/// A client and the server itself replace such keys; what cannot be rotated is told in words.
#[test]
fn a_replacement_has_what_fits() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    bench.clients.0.push(who.clone());
    let ctr = cipher(BlockCipherMode::CTR);
    let rows = [
        (Algorithm::AES, vec![naming(Algorithm::DES3, ctr.clone())], vec![ctr.clone()]),
        (Algorithm::AES, vec![naming(Algorithm::Camellia, bare())], vec![]),
        (
            Algorithm::AES,
            vec![naming(Algorithm::HMAC_SHA256, bare()), naming(Algorithm::RSA, ctr.clone())],
            vec![naming(Algorithm::HMAC_SHA256, bare()), ctr.clone()],
        ),
        (Algorithm::HMAC_SHA256, vec![naming(Algorithm::HMAC_SHA512, bare())], vec![]),
        // What fits is copied as it is.
        (Algorithm::AES, vec![naming(Algorithm::AES, ctr.clone())], vec![naming(Algorithm::AES, ctr)]),
    ];
    let replacement = |bench: &mut Bench, who: &Principal, id: &str| {
        let held = attributes_of(bench, who, id);
        let link = attribute!(held, Link).find(|link| link.kind == LinkType::ReplacementObjectLink).cloned();
        text(&link.unwrap().linked)
    };
    for (own, before, after) in rows {
        let id = older(&mut bench, &who, &key(own, 32), &before);
        let unique_identifier = Some(id.as_str().into());
        ask(&mut bench, &who, V2_1, ReKeyRequest { unique_identifier, ..ReKeyRequest::default() }).unwrap();
        let rotated = older(&mut bench, &who, &key(own, 32), &before);
        bench.as_older(
            &who,
            &rotated,
            vec![Attribute::RotateInterval(Interval(60)), Attribute::RotateAutomatic(true)],
            None,
        );
        bench.now += 61;
        bench.rotate();
        assert_eq!(bench.rotation_refusals, Vec::<String>::new());
        for id in [id, rotated] {
            let new = replacement(&mut bench, &who, &id);
            let held = attributes_of(&mut bench, &who, &new);
            let own: Vec<_> = attribute!(held, CryptographicParameters).cloned().collect();
            assert_eq!(own, after, "of {before:?}");
            bench.as_older(&who, &new, vec![Attribute::RotateAutomatic(false)], None);
        }
    }
    // DES is weak, and the owner has no grant any more.
    let weak = older(&mut bench, &who, &key(Algorithm::DES, 8), &[]);
    bench.as_older(
        &who,
        &weak,
        vec![Attribute::RotateInterval(Interval(60)), Attribute::RotateAutomatic(true)],
        None,
    );
    bench.clients.0 = vec![principal("owner", &[])];
    bench.now += 61;
    bench.rotate();
    let why = bench.rotation_refusals.pop().unwrap();
    assert!(why.contains("DES with 56 bits is weak"), "{why}");
}

/// What Set Defaults gives to new keys is for the key, or is left out: nobody has named it.
#[test]
fn defaults_give_what_is_for_the_key() {
    let (mut bench, admin) = (Bench::new(1), Principal { admin: true, ..granted("admin", &[]) });
    let defaults = DefaultsInformation {
        defaults: vec![ObjectDefaults {
            object_type: Some(ObjectType::SymmetricKey),
            attributes: AttributeList(
                [Attribute::CryptographicParameters(naming(Algorithm::AES, hashing()))].into_iter().collect(),
            ),
            ..ObjectDefaults::default()
        }],
    };
    ask(&mut bench, &admin, V2_1, SetDefaultsRequest { defaults_information: Some(defaults) }).unwrap();
    for (algorithm, expected) in
        [(Algorithm::AES, naming(Algorithm::AES, hashing())), (Algorithm::HMAC_SHA256, hashing())]
    {
        let attributes: Attributes = [
            Attribute::CryptographicAlgorithm(algorithm),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::MACGenerate),
        ]
        .into();
        let create = CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: attributes.into(),
            ..CreateRequest::default()
        };
        let id = text(&ask(&mut bench, &admin, V2_1, create).unwrap().unique_identifier);
        let held = attributes_of(&mut bench, &admin, &id);
        assert_eq!(
            attribute!(held, CryptographicParameters).collect::<Vec<_>>(),
            [&expected],
            "{algorithm:?}"
        );
    }
}
