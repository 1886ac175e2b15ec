//! Master keys in a real token: SoftHSM. Each test runs in a process of its own, because a PKCS#11 module and its
//! configuration belong to the process.
#![allow(clippy::unwrap_used, reason = "a test: it stops where it stands")]

mod support;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::session::{Session, UserType};
use cryptoki::types::{AuthPin, Ulong};
use keystead_hsm::{Error, MasterKeyRef, MasterKeys as _, Site, Token, TokenConfig, is_of_site};
use support::*;

/// A session beside Keystead's, to look at the token and to meddle with it.
fn meddle(label: &str) -> Session {
    let context = Pkcs11::new(module()).unwrap();
    let _ = context.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK));
    let slots = context.get_slots_with_token().unwrap();
    let fits = |slot: &cryptoki::slot::Slot| context.get_token_info(*slot).unwrap().label() == label;
    let session = context.open_rw_session(slots.into_iter().find(fits).unwrap()).unwrap();
    let _ = session.login(UserType::User, Some(&AuthPin::new("123456".to_owned().into())));
    session
}

#[test]
fn what_is_sealed_opens_for_its_identity_alone() {
    isolated("what_is_sealed_opens_for_its_identity_alone", |_| {
        make("one");
        let token = Token::connect(config("one")).unwrap();
        token.create(&new_key(1, E1)).unwrap();
        let sealed = token.seal(E1, b"key 7", &secret()).unwrap();
        assert!(token.open(b"key 7", &sealed).unwrap().is_same(&secret()));
        assert_eq!(token.open(b"key 8", &sealed).unwrap_err(), Error::Tampered);
        for index in 5..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert_eq!(token.open(b"key 7", &changed).unwrap_err(), Error::Tampered, "byte {index}");
        }
        assert!(token.open(b"key 7", &sealed).is_ok(), "the token still works after all that");
        assert!(token.open(b"key 7", &sealed[..20]).is_err());
    });
}

#[test]
fn rotation_keeps_epochs_apart() {
    isolated("rotation_keeps_epochs_apart", |_| {
        make("one");
        let token = Token::connect(config("one")).unwrap();
        token.create(&new_key(1, E1)).unwrap();
        let old = token.seal(E1, b"id", &secret()).unwrap();
        token.create(&new_key(1, E2)).unwrap();
        assert!(token.holds(E1).unwrap() && token.holds(E2).unwrap());
        let new = token.seal(E2, b"id", &token.open(b"id", &old).unwrap()).unwrap();
        token.destroy(E1).unwrap();
        assert!(token.open(b"id", &new).unwrap().is_same(&secret()));
        assert_eq!(token.open(b"id", &old).unwrap_err(), Error::KeyMissing(E1));
        assert!(!token.holds(E1).unwrap());
    });
}

#[test]
fn the_master_key_cannot_leave_the_token() {
    isolated("the_master_key_cannot_leave_the_token", |_| {
        make("one");
        Token::connect(config("one")).unwrap().create(&new_key(1, E1)).unwrap();
        let session = meddle("one");
        let keys = session.find_objects(&[Attribute::Class(ObjectClass::SECRET_KEY)]).unwrap();
        let value = session.get_attributes(keys[0], &[AttributeType::Value]).unwrap();
        assert!(value.is_empty(), "the token gave out the value of the master key");
        let known = [AttributeType::NeverExtractable, AttributeType::AlwaysSensitive, AttributeType::Wrap];
        let have = session.get_attributes(keys[0], &known).unwrap();
        assert_eq!(
            have,
            [Attribute::NeverExtractable(true), Attribute::AlwaysSensitive(true), Attribute::Wrap(false)]
        );
    });
}

#[test]
fn a_key_that_was_made_by_hand_is_refused() {
    isolated("a_key_that_was_made_by_hand_is_refused", |_| {
        for (label, weak, why) in [
            ("extractable", Attribute::Extractable(true), "CKA_EXTRACTABLE must be false"),
            ("wrapping", Attribute::Wrap(true), "CKA_WRAP must be false"),
        ] {
            make(label);
            let session = meddle(label);
            let usual = [
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(Ulong::from(32u64)),
                Attribute::Token(true),
                Attribute::Private(true),
                Attribute::Sensitive(true),
                Attribute::Encrypt(true),
                Attribute::Decrypt(true),
                Attribute::Sign(false),
                Attribute::Verify(false),
                Attribute::Unwrap(false),
                Attribute::Derive(false),
                Attribute::Label(b"keystead-master-1".to_vec()),
                Attribute::Id(E1.0.to_be_bytes().to_vec()),
            ];
            let mut template = usual.to_vec();
            template.extend([Attribute::Extractable(false), Attribute::Wrap(false)]);
            template.retain(|a| a.attribute_type() != weak.attribute_type());
            template.push(weak);
            session.generate_key(&Mechanism::AesKeyGen, &template).unwrap();
            let token = Token::connect(config(label)).unwrap();
            let key = MasterKeyRef::legacy(E1);
            let refused = Error::KeyUnfit { epoch: E1, attribute: why };
            token.learn(&key, &[1; 100]);
            assert_eq!(token.prove(E1).err(), Some(refused));
            token.create(&key).unwrap();
            token.prove(E1).unwrap();
        }
    });
}

#[test]
fn a_wrong_pin_is_tried_once() {
    isolated("a_wrong_pin_is_tried_once", |_| {
        make("one");
        let wrong = TokenConfig { pin: pin("000000"), ..config("one") };
        assert_eq!(Token::connect(wrong).err(), Some(Error::WrongPin));
    });
}

#[test]
fn a_missing_token_and_a_missing_module_say_so() {
    isolated("a_missing_token_and_a_missing_module_say_so", |_| {
        make("one");
        let error = Token::connect(config("two")).err().unwrap();
        assert!(matches!(&error, Error::TokenMissing { present, .. } if present.contains("one")), "{error}");
        let nowhere = TokenConfig { module: "/nowhere/libhsm.so".into(), ..config("one") };
        let error = Token::connect(nowhere).err().unwrap();
        assert!(error.to_string().contains("/nowhere/libhsm.so"), "{error}");
    });
}

#[test]
fn the_token_of_another_store_is_refused() {
    isolated("the_token_of_another_store_is_refused", |_| {
        make("one");
        make("two");
        let key = new_key(1, E1);
        let key_check_value = Token::connect(config("one")).unwrap().create(&key).unwrap();
        let other = Token::connect(config("two")).unwrap();
        other.learn(&key, &key_check_value);
        assert_eq!(other.prove(E1), Err(Error::KeyMissing(E1)), "a token without the key");
        other.create(&key).unwrap();
        other.learn(&key, &key_check_value);
        assert_eq!(other.prove(E1), Err(Error::WrongToken(E1)), "a key with the same identifier");
        assert_eq!(other.seal(E1, b"id", &secret()).unwrap_err(), Error::WrongToken(E1));
    });
}

/// Keys are found by their proof: others under the same identifier and label change nothing, however many there are.
#[test]
fn the_right_key_is_found_among_its_likes() {
    isolated("the_right_key_is_found_among_its_likes", |_| {
        make("one");
        for key in [MasterKeyRef::legacy(E1), new_key(1, E1)] {
            let token = Token::connect(config("one")).unwrap();
            let key_check_value = token.create(&key).unwrap();
            let sealed = token.seal(E1, b"id", &secret()).unwrap();
            let mut like = vec![
                Attribute::Class(ObjectClass::SECRET_KEY),
                Attribute::KeyType(KeyType::AES),
                Attribute::ValueLen(Ulong::from(32u64)),
                Attribute::Token(true),
                Attribute::Label(key.label.as_bytes().to_vec()),
                Attribute::Id(key.id.clone()),
            ];
            let session = meddle("one");
            session.generate_key(&Mechanism::AesKeyGen, &like).unwrap();
            for (attribute, value) in [
                (Attribute::Private as fn(bool) -> _, true),
                (Attribute::Sensitive, true),
                (Attribute::Extractable, false),
                (Attribute::Encrypt, true),
                (Attribute::Decrypt, true),
                (Attribute::Wrap, false),
                (Attribute::Unwrap, false),
                (Attribute::Sign, false),
                (Attribute::Verify, false),
                (Attribute::Derive, false),
            ] {
                like.push(attribute(value));
            }
            for _ in 0..3 {
                session.generate_key(&Mechanism::AesKeyGen, &like).unwrap();
            }
            drop(session);
            let anew = Token::connect(config("one")).unwrap();
            anew.learn(&key, &key_check_value);
            assert!(anew.open(b"id", &sealed).unwrap().is_same(&secret()));
            assert_eq!(anew.create(&key), Err(Error::KeyExists(E1)), "whose it would be cannot be told");
        }
    });
}

/// A key that was made and whose key check value nobody got is taken up, not made twice.
#[test]
fn a_key_that_an_attempt_left_behind_is_taken_up() {
    isolated("a_key_that_an_attempt_left_behind_is_taken_up", |_| {
        make("one");
        let key = new_key(1, E1);
        for _ in 0..3 {
            let token = Token::connect(config("one")).unwrap();
            let key_check_value = token.create(&key).unwrap();
            token.learn(&key, &key_check_value);
            token.prove(E1).unwrap();
            assert_eq!(token.labels().unwrap(), std::slice::from_ref(&key.label));
        }
        assert!(is_of_site(&key.label, &Site::new(&[1; 32])));
        assert!(!is_of_site(&key.label, &Site::new(&[2; 32])));
        assert!(
            !is_of_site(&key.label, &Site::default()) && !is_of_site("keystead-master-1", &Site::default())
        );
    });
}

#[test]
fn a_deleted_token_is_not_mistaken_for_an_empty_one() {
    isolated("a_deleted_token_is_not_mistaken_for_an_empty_one", |tokens| {
        make("one");
        let token = Token::connect(config("one")).unwrap();
        let key = new_key(1, E1);
        let key_check_value = token.create(&key).unwrap();
        let sealed = token.seal(E1, b"id", &secret()).unwrap();
        for entry in std::fs::read_dir(tokens).unwrap() {
            std::fs::remove_dir_all(entry.unwrap().path()).unwrap();
        }
        let failed = token.open(b"id", &sealed).unwrap_err();
        assert_ne!(failed, Error::Tampered, "a token that is gone is no tampering");
        let anew = Token::connect(config("one"));
        if let Ok(anew) = anew {
            anew.learn(&key, &key_check_value);
            assert!(anew.prove(E1).is_err());
        }
    });
}

#[test]
fn eight_threads_share_the_token() {
    isolated("eight_threads_share_the_token", |_| {
        make("one");
        let token = Token::connect(TokenConfig { workers: 4, ..config("one") }).unwrap();
        token.create(&new_key(1, E1)).unwrap();
        std::thread::scope(|scope| {
            for thread in 0..8u8 {
                let token = &token;
                scope.spawn(move || {
                    for turn in 0..50u8 {
                        let identity = [thread, turn];
                        let sealed = token.seal(E1, &identity, &secret()).unwrap();
                        assert!(token.open(&identity, &sealed).unwrap().is_same(&secret()));
                    }
                });
            }
        });
    });
}
