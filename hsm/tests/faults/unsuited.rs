//! A token that does not do what Keystead needs, or is set up otherwise: told as that, and not as a fault that passes.

use super::*;

/// The codes by which a token says that it does not do what is asked.
const CODES: [u64; 6] = [0x54, 0x63, 0x70, 0x71, 0xD1, 0xE2];

#[test]
fn what_the_token_cannot_do_is_told() {
    isolated("unsuited::what_the_token_cannot_do_is_told", |_| {
        let mut bench = Bench::new(quick());
        let mut epoch = 1;
        for (call, at) in [
            ("C_GenerateKey", "C_GenerateKey"),
            ("C_EncryptInit", "C_Encrypt"),
            ("C_GetAttributeValue", "C_GetAttributeValue"),
        ] {
            for code in CODES {
                epoch += 1;
                bench.fail(&format!("{call} * return 0x{code:X}"));
                let made = bench.token.create(&new_key(7, Epoch(epoch)));
                assert!(
                    matches!(made, Err(Error::Unsuited { call, .. }) if call == at),
                    "{call} 0x{code:X}: {made:?}"
                );
                bench.heal("it can again", &[]);
            }
        }
    });
}

/// A key that was made this moment was not put there by hand.
#[test]
fn a_new_key_whose_attributes_are_not_told_is_not_called_a_foreign_one() {
    isolated("unsuited::a_new_key_whose_attributes_are_not_told_is_not_called_a_foreign_one", |_| {
        let mut bench = Bench::new(quick());
        for (turn, code) in [0x11, 0x12].into_iter().enumerate() {
            let key = new_key(7, Epoch(2 + u32::try_from(turn).unwrap()));
            bench.fail(&format!("C_GetAttributeValue * return 0x{code:X}"));
            for _ in 0..2 {
                let told = bench.token.create(&key).unwrap_err();
                assert!(matches!(&told, Error::Unsuited { .. }), "0x{code:X}: {told}");
                assert!(told.to_string().contains("does not tell CKA_TOKEN"), "{told}");
            }
            bench.fail("");
            let key_check_value = bench.token.create(&key).unwrap();
            bench.token.learn(&key, &key_check_value);
            bench.token.prove(key.epoch).unwrap();
            let labels = bench.token.labels().unwrap();
            assert_eq!(labels.iter().filter(|label| **label == key.label).count(), 1, "one key was made");
        }
    });
}

#[test]
fn a_token_without_a_pin_of_its_user() {
    isolated("unsuited::a_token_without_a_pin_of_its_user", |_| {
        make("one");
        write_script("C_Login * return 0x102");
        assert_eq!(Token::connect(quick()).err(), Some(Error::NoPin));
    });
}

#[test]
fn a_module_that_threads_cannot_share() {
    isolated("unsuited::a_module_that_threads_cannot_share", |_| {
        make("one");
        for code in [0x9, 0xA] {
            write_script(&format!("C_Initialize * return 0x{code:X}"));
            assert!(
                matches!(Token::connect(quick()), Err(Error::Unsuited { call: "C_Initialize", .. })),
                "0x{code:X}"
            );
        }
    });
}
