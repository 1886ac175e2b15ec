//! What keys are used for over PKCS#11: every mechanism that is listed, at once and in parts, and what is refused.

use super::*;
use crate::objects::{activate, bytes_block, text as id_of};
use crate::world::granted;
use PKCS11Function as Function;
use kmip_codec::attribute;
use kmip_codec::attributes::{Attributes, UsageLimits};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::objects::SymmetricKey;
use kmip_codec::operations::Call as _;
use kmip_codec::value::{DateTime, UniqueIdentifier};

const AES_CBC_PAD: u64 = 0x1085;
const SHA256: u64 = 0x250;
const SHA256_HMAC: u64 = 0x251;

/// The functions of a kind: init, at once, part, end.
type Kind = [Function; 4];

const ENCRYPT: Kind =
    [Function::C_EncryptInit, Function::C_Encrypt, Function::C_EncryptUpdate, Function::C_EncryptFinal];
const DECRYPT: Kind =
    [Function::C_DecryptInit, Function::C_Decrypt, Function::C_DecryptUpdate, Function::C_DecryptFinal];
const DIGEST: Kind =
    [Function::C_DigestInit, Function::C_Digest, Function::C_DigestUpdate, Function::C_DigestFinal];
const SIGN: Kind = [Function::C_SignInit, Function::C_Sign, Function::C_SignUpdate, Function::C_SignFinal];
const VERIFY: Kind =
    [Function::C_VerifyInit, Function::C_Verify, Function::C_VerifyUpdate, Function::C_VerifyFinal];

fn array(bytes: &[u8]) -> Vec<u8> {
    params(&[&count(bytes.len() as u32), bytes])
}

/// A CK_MECHANISM, with an IV where it has one.
fn mechanism(number: u64, iv: Option<&[u8]>) -> Vec<u8> {
    iv.map_or_else(|| params(&[&ulong(number), &[0]]), |iv| params(&[&ulong(number), &[1], &array(iv)]))
}

/// A buffer with room for so much.
fn room(bytes: u32) -> Vec<u8> {
    params(&[&[1], &count(bytes)])
}

/// What was given out, where there was room.
fn given(out: &[u8]) -> &[u8] {
    assert_eq!(out[0], 1);
    assert_eq!(out[1..5], count(out.len() as u32 - 5));
    &out[5..]
}

/// Registers a symmetric key, Active, for everything.
fn key(bench: &mut Bench, who: &Principal, algorithm: CryptographicAlgorithm, more: &[Attribute]) -> String {
    use CryptographicUsageMask as Mask;
    let mask = Mask::Encrypt | Mask::Decrypt | Mask::MACGenerate | Mask::MACVerify;
    let mut key_block = bytes_block(KeyFormatType::Raw, &[7; 32]);
    key_block.cryptographic_algorithm = Some(algorithm);
    key_block.cryptographic_length = Some(256);
    let mut attributes: Attributes = more.iter().cloned().collect();
    attributes.push(Attribute::ActivationDate(DateTime(1)));
    if !more.iter().any(|attribute| matches!(attribute, Attribute::CryptographicUsageMask(_))) {
        attributes.push(Attribute::CryptographicUsageMask(mask));
    }
    let request = RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into(),
        object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
        ..RegisterRequest::default()
    };
    id_of(&bench.ask(who, V2_1, request).unwrap().unique_identifier)
}

fn pair(bench: &mut Bench, who: &Principal, algorithm: CryptographicAlgorithm) -> (String, String) {
    let half = |mask| Some([Attribute::CryptographicUsageMask(mask)].into());
    let common = [Attribute::CryptographicAlgorithm(algorithm), Attribute::ActivationDate(DateTime(1))];
    let length = (algorithm == CryptographicAlgorithm::RSA).then_some(Attribute::CryptographicLength(2048));
    let common = common.into_iter().chain(length).collect::<Attributes>();
    let request = CreateKeyPairRequest {
        common: Some(common.into()),
        private: half(CryptographicUsageMask::Sign),
        public: half(CryptographicUsageMask::Verify),
        ..CreateKeyPairRequest::default()
    };
    let made = bench.ask(who, V2_1, request).unwrap();
    (id_of(&made.private_key), id_of(&made.public_key))
}

impl Application<'_> {
    /// The handle of an object.
    fn handle(&mut self, session: &[u8; 8], id: &str) -> [u8; 8] {
        let found = self.find(session, &[text(0x102, id)]);
        assert_eq!(found.len(), 1, "{id}");
        ulong(found[0])
    }

    fn init(&mut self, kind: Kind, session: &[u8; 8], mechanism: &[u8], key: &[u8]) -> u32 {
        self.call(kind[0], &[session, mechanism, key]).0
    }

    /// At once, with room enough.
    fn whole(
        &mut self,
        kind: Kind,
        session: &[u8; 8],
        mechanism: &[u8],
        key: &[u8],
        data: &[u8],
    ) -> (u32, Vec<u8>) {
        assert_eq!(self.init(kind, session, mechanism, key), OK);
        let (code, out) = self.call(kind[1], &[session, &array(data), &room(4096)]);
        (code, if code == OK { given(&out).to_vec() } else { out })
    }

    /// The same in two parts.
    fn parts(&mut self, kind: Kind, session: &[u8; 8], mechanism: &[u8], key: &[u8], data: &[u8]) -> Vec<u8> {
        assert_eq!(self.init(kind, session, mechanism, key), OK);
        let gives = kind == ENCRYPT || kind == DECRYPT;
        let behind = if gives { room(4096) } else { Vec::new() };
        for part in data.chunks(data.len() / 2 + 1) {
            let (code, out) = self.call(kind[2], &[session, &array(part), &behind]);
            assert_eq!((code, out), (OK, if gives { vec![1, 0, 0, 0, 0] } else { Vec::new() }));
        }
        let (code, out) = self.call(kind[3], &[session, &room(4096)]);
        assert_eq!(code, OK);
        given(&out).to_vec()
    }

    fn verify(
        &mut self,
        session: &[u8; 8],
        mechanism: &[u8],
        key: &[u8],
        data: &[u8],
        signature: &[u8],
    ) -> u32 {
        assert_eq!(self.init(VERIFY, session, mechanism, key), OK);
        self.call(VERIFY[1], &[session, &array(data), &array(signature)]).0
    }
}

/// The mechanisms by number, with their flags.
fn listed(application: &mut Application<'_>) -> Vec<(u64, u64)> {
    let (code, out) = application.call(Function::C_GetMechanismList, &[&ulong(0), &room(100)]);
    assert_eq!((code, out[0]), (OK, 1));
    let numbers = out[5..].chunks(8).map(|number| u64::from_be_bytes(number.try_into().unwrap()));
    let mut listed = Vec::new();
    for number in numbers.collect::<Vec<_>>() {
        let (code, info) = application.call(Function::C_GetMechanismInfo, &[&ulong(0), &ulong(number)]);
        assert_eq!((code, info.len()), (OK, 24), "{number:#x}");
        listed.push((number, u64::from_be_bytes(info[16..].try_into().unwrap())));
    }
    listed
}

/// What is listed works, at once and in parts, and verifies what it signed and nothing else.
#[test]
fn every_mechanism_that_is_listed_works() {
    use CryptographicAlgorithm as Algorithm;
    let (mut bench, ann) = (Bench::new(1), granted("ann", &[]));
    let symmetric = |bench: &mut Bench, algorithm| {
        let id = key(bench, &ann, algorithm, &[]);
        (id.clone(), id)
    };
    let keys: Vec<(&[u64], (String, String))> = vec![
        (&[0x1081, 0x1082, 0x1085, 0x108a], symmetric(&mut bench, Algorithm::AES)),
        (&[0x221], symmetric(&mut bench, Algorithm::HMAC_SHA1)),
        (&[0x256], symmetric(&mut bench, Algorithm::HMAC_SHA224)),
        (&[0x251], symmetric(&mut bench, Algorithm::HMAC_SHA256)),
        (&[0x261], symmetric(&mut bench, Algorithm::HMAC_SHA384)),
        (&[0x271], symmetric(&mut bench, Algorithm::HMAC_SHA512)),
        (&[0x6, 0x46, 0x40, 0x41, 0x42], pair(&mut bench, &ann, Algorithm::RSA)),
        (&[0x1042, 0x1043, 0x1044, 0x1045, 0x1046], pair(&mut bench, &ann, Algorithm::EC)),
        (&[0x1057], pair(&mut bench, &ann, Algorithm::Ed25519)),
    ];
    let mut application = Application::of(&mut bench, ann);
    let session = application.open();
    application.login(&session);
    let message = [5; 48];
    for (number, flags) in listed(&mut application) {
        let of = keys.iter().find(|(numbers, _)| numbers.contains(&number));
        let iv = [3; 16];
        let how = mechanism(number, [0x1082, 0x1085].contains(&number).then_some(&iv));
        if flags == 0x400 {
            let digest = application.whole(DIGEST, &session, &how, &[], &message).1;
            assert_eq!(application.parts(DIGEST, &session, &how, &[], &message), digest, "{number:#x}");
            continue;
        }
        let (private, public) = &of.unwrap_or_else(|| panic!("{number:#x} is tried with no key")).1;
        let (private, public) = (application.handle(&session, private), application.handle(&session, public));
        if flags == 0x100 | 0x200 {
            let secret = application.whole(ENCRYPT, &session, &how, &private, &message).1;
            assert_eq!(application.parts(ENCRYPT, &session, &how, &private, &message), secret);
            assert_ne!(secret[..16], message[..16]);
            assert_eq!(application.whole(DECRYPT, &session, &how, &private, &secret), (OK, message.to_vec()));
            assert_eq!(application.parts(DECRYPT, &session, &how, &private, &secret), message);
            continue;
        }
        assert_eq!(flags, 0x800 | 0x2000, "{number:#x}");
        let signature = application.parts(SIGN, &session, &how, &private, &message);
        let verify = |application: &mut Application<'_>, data: &[u8], signature: &[u8]| {
            application.verify(&session, &how, &public, data, signature)
        };
        assert_eq!(verify(&mut application, &message, &signature), OK, "{number:#x}");
        assert_eq!(verify(&mut application, &[6; 48], &signature), 0xc0, "{number:#x}");
        let ecdsa = (0x1042..0x1047).contains(&number);
        assert!(!ecdsa || signature.len() == 64, "the two numbers of P-256");
    }
}

#[test]
fn digests_and_macs_are_those_of_others() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let id = key(&mut bench, &ann, CryptographicAlgorithm::HMAC_SHA256, &[]);
    let mut application = Application::of(&mut bench, ann);
    let session = application.open();
    application.login(&session);
    let digest = application.whole(DIGEST, &session, &mechanism(SHA256, None), &[], b"abc").1;
    assert_eq!(digest, aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"abc").as_ref());
    let hmac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, &[7; 32]);
    let handle = application.handle(&session, &id);
    let mac = application.whole(SIGN, &session, &mechanism(SHA256_HMAC, None), &handle, b"abc").1;
    assert_eq!(mac, aws_lc_rs::hmac::sign(&hmac, b"abc").as_ref());
    let request = PKCS11Request {
        function: Function::C_SignFinal.into(),
        correlation_value: application.correlation.clone().map(Into::into),
        ..PKCS11Request::default()
    };
    let message = RequestMessage::new(V2_1, vec![RequestItem::from(request.into_request())]);
    let item_outcomes = application.bench.decide(&application.who.clone(), &message).item_outcomes;
    assert_eq!(item_outcomes[0].note, "C_SignFinal", "the audit has the function");
}

fn left(bench: &mut Bench, who: &Principal, id: &str) -> Option<i64> {
    let request =
        GetAttributesRequest { unique_identifier: Some(id.into()), ..GetAttributesRequest::default() };
    let attributes = bench.ask(who, V2_1, request).unwrap().attributes.unwrap();
    attribute!(attributes.0, UsageLimits).next().and_then(|limits| limits.count)
}

/// Who asks for the length, or has too little room, asks again: until then nothing has been used, and the operation goes on.
#[test]
fn lengths_are_told_and_cost_nothing() {
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let limits = Attribute::UsageLimits(UsageLimits { total: 32, count: None, unit: UsageLimitsUnit::Byte });
    let id = key(&mut bench, &ann, CryptographicAlgorithm::AES, &[limits]);
    let mut application = Application::of(&mut bench, ann.clone());
    let session = application.open();
    application.login(&session);
    let handle = application.handle(&session, &id);
    let how = mechanism(AES_CBC_PAD, Some(&[0; 16]));
    assert_eq!(application.init(ENCRYPT, &session, &how, &handle), OK);
    let none = params(&[&[0], &count(0)]);
    for (asked, code) in [(none, OK), (room(31), 0x150)] {
        let answer = application.call(ENCRYPT[1], &[&session, &array(&[1; 20]), &asked]);
        assert_eq!(answer, (code, params(&[&[0], &count(32)])));
    }
    let (code, out) = application.call(ENCRYPT[1], &[&session, &array(&[1; 20]), &room(32)]);
    assert_eq!((code, given(&out).len()), (OK, 32));
    assert_eq!(application.call(ENCRYPT[1], &[&session, &array(&[1; 20]), &room(32)]).0, 0x91, "ended");
    assert_eq!(application.init(ENCRYPT, &session, &how, &handle), OK);
    assert_eq!(application.call(ENCRYPT[1], &[&session, &array(&[1; 20]), &room(32)]).0, 0x68, "used up");
    assert_eq!(application.call(ENCRYPT[1], &[&session, &array(&[1; 20]), &room(32)]).0, 0x91, "ended too");
    assert_eq!(left(&mut bench, &ann, &id), Some(12));
}

#[test]
fn what_a_key_is_not_for_is_refused() {
    use CryptographicUsageMask as Mask;
    let (mut bench, ann) = (Bench::new(1), principal("ann", &[]));
    let encrypts = Attribute::CryptographicUsageMask(Mask::Encrypt);
    let id = key(&mut bench, &ann, CryptographicAlgorithm::AES, &[encrypts]);
    make_key(&mut bench, "ann", "early");
    let mut application = Application::of(&mut bench, ann.clone());
    let session = application.open();
    application.login(&session);
    let handle = application.handle(&session, &id);
    let how = mechanism(AES_CBC_PAD, Some(&[0; 16]));
    let mut init = |kind, how: &[u8], key: &[u8]| application.init(kind, &session, how, key);
    assert_eq!(init(ENCRYPT, &mechanism(0x7fff, None), &handle), 0x70, "no such mechanism");
    assert_eq!(init(ENCRYPT, &mechanism(SHA256, None), &handle), 0x70, "a digest");
    assert_eq!(init(ENCRYPT, &mechanism(AES_CBC_PAD, None), &handle), 0x71, "no IV");
    assert_eq!(init(ENCRYPT, &how, &ulong(99)), 0x60, "no such key");
    assert_eq!(init(SIGN, &mechanism(SHA256_HMAC, None), &handle), 0x63, "a key of AES");
    assert_eq!(init(DECRYPT, &how, &handle), 0x68, "encrypts alone");
    assert_eq!(init(ENCRYPT, &how, &handle), OK);
    assert_eq!(init(ENCRYPT, &how, &handle), 0x90, "begun");
    let ecb = mechanism(0x1081, None);
    assert_eq!(application.call(Function::C_Logout, &[&session]).0, OK);
    let data = array(&[1; 16]);
    assert_eq!(application.call(ENCRYPT[1], &[&session, &data, &room(99)]).0, 0x91, "ended by the logout");
    assert_eq!(application.init(ENCRYPT, &session, &how, &handle), 0x60, "private");
    application.login(&session);
    assert_eq!(application.whole(ENCRYPT, &session, &ecb, &handle, &[1; 16]).0, 0x68, "weak");
    let early = application.find(&session, &[text(LABEL, "early")])[0];
    assert_eq!(application.whole(ENCRYPT, &session, &how, &ulong(early), &[1]).0, 0x68, "Pre-Active");
    assert_eq!(application.init(ENCRYPT, &session, &how, &handle), OK);
    let whole = array(&vec![0; 700_000]);
    assert_eq!(application.call(ENCRYPT[2], &[&session, &whole, &room(9)]).0, OK);
    assert_eq!(application.call(ENCRYPT[1], &[&session, &data, &room(9)]).0, 0x90, "in parts");
    assert_eq!(application.call(ENCRYPT[2], &[&session, &whole, &room(9)]).0, 0x31, "too much");
    assert_eq!(application.call(ENCRYPT[3], &[&session, &room(9)]).0, 0x91);
    let unique_identifier: Option<UniqueIdentifier> = Some(id.as_str().into());
    let gone = RevokeRequest { unique_identifier, ..RevokeRequest::default() };
    assert_eq!(application.init(ENCRYPT, &session, &how, &handle), OK);
    application.bench.ask(&ann, V2_1, gone).unwrap();
    assert_eq!(application.call(ENCRYPT[1], &[&session, &data, &room(99)]).0, 0x68, "revoked meanwhile");
    assert!(application.bench.ask(&ann, V2_1, activate(&id)).is_err());
}
