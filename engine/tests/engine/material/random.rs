//! Random parameters, in requests and at keys of older stores, with random keys and lengths: what protects is strong and says what
//! it is; and what it has made is opened and verified by the same words, however contradictory they are.

use super::done::*;
use super::named::names;
use super::signatures::signatures;
use super::*;
use kmip_codec::operations::Response;

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())].clone()
    }

    fn maybe<T: Clone>(&mut self, of: &[T]) -> Option<T> {
        (self.below(3) == 0).then(|| self.one(of))
    }

    fn parameters(&mut self) -> CryptographicParameters {
        use BlockCipherMode as Mode;
        let modes = [Mode::CBC, Mode::CTR, Mode::GCM, Mode::CFB, Mode::NISTKeyWrap];
        let hashes = [
            HashingAlgorithm::MD5,
            HashingAlgorithm::SHA_1,
            HashingAlgorithm::SHA_256,
            HashingAlgorithm::SHA_512,
            HashingAlgorithm::SHA3_256,
        ];
        let likely = [Algorithm::AES, Algorithm::DES3, Algorithm::RSA, Algorithm::EC, Algorithm::HMAC_SHA256];
        let named = if self.below(2) == 0 { self.one(&likely) } else { self.one(&names()) };
        CryptographicParameters {
            block_cipher_mode: (self.below(3) > 0).then(|| self.one(&modes)),
            padding_method: self.maybe(&[
                PaddingMethod::None,
                PaddingMethod::PKCS5,
                PaddingMethod::OAEP,
                PaddingMethod::PSS,
                PaddingMethod::PKCS1V1_5,
            ]),
            hashing_algorithm: self.maybe(&hashes),
            digital_signature_algorithm: self.maybe(&signatures()),
            cryptographic_algorithm: self.maybe(&[named]),
            random_iv: Some(true),
            tag_length: if self.below(5) == 0 { Some(self.one(&[8, 12, 16, 17])) } else { None },
            mask_generator_hashing_algorithm: self.maybe(&hashes),
            ..bare()
        }
    }
}

/// What the halves of a pair are called, and both of them.
type Pair = (Algorithm, (Vec<u8>, Vec<u8>));

/// A key with its other half, as it stands in the store: a symmetric one is both.
struct Key {
    protects: String,
    processes: String,
}

impl Key {
    fn is_pair(&self) -> bool {
        self.protects != self.processes
    }
}

fn random_key(bench: &mut Bench, who: &Principal, dice: &mut Dice, pairs: &[Pair]) -> (Key, String) {
    let own: Vec<_> =
        (0..dice.below(3)).map(|_| Attribute::CryptographicParameters(dice.parameters())).collect();
    if dice.below(3) == 0 {
        let (called, (pkcs8, spki)) = dice.one(pairs);
        let private = sent(ObjectType::PrivateKey, called, Format::PKCS_8, &pkcs8);
        let public = sent(ObjectType::PublicKey, called, Format::X_509, &spki);
        let private = bring(bench, who, (Way::Register, V2_1), &private).unwrap();
        let public = bring(bench, who, (Way::Register, V2_1), &public).unwrap();
        for id in [&private, &public] {
            bench.as_older(who, id, own.clone(), None);
        }
        let key = match dice.below(2) {
            0 => Key { protects: private, processes: public },
            _ => Key { protects: public, processes: private },
        };
        return (key, format!("{called:?} with {own:?}"));
    }
    let likely = [Algorithm::AES, Algorithm::ChaCha20, Algorithm::DES3, Algorithm::HMAC_SHA256];
    let algorithm = if dice.below(3) > 0 { dice.one(&likely) } else { dice.one(&lengths::symmetric()) };
    let bytes = if dice.below(2) > 0 { 32 } else { dice.one(&[1_usize, 7, 8, 13, 14, 16, 20, 24, 64]) };
    let key: Vec<u8> = (0..bytes).map(|_| u8::try_from(dice.below(256)).unwrap()).collect();
    let format = dice.one(&[Format::Raw, Format::Opaque]);
    let id =
        bring(bench, who, (Way::Register, V2_1), &sent(ObjectType::SymmetricKey, algorithm, format, &key));
    let what = format!("{algorithm:?} of {bytes} bytes as {format:?} with {own:?}");
    match id {
        Ok(id) => {
            bench.as_older(who, &id, own, None);
            (Key { protects: id.clone(), processes: id }, what)
        }
        Err(_) => random_key(bench, who, dice, pairs),
    }
}

/// The request that makes something, with these parameters or without any.
fn making(done: Done, id: &str, other: &str, parameters: Option<CryptographicParameters>) -> Request {
    match request(done, id, other, bare()) {
        Request::Encrypt(request) => {
            EncryptRequest { cryptographic_parameters: parameters, ..request }.into_request()
        }
        Request::MAC(request) => {
            MACRequest { cryptographic_parameters: parameters, ..request }.into_request()
        }
        Request::Sign(request) => {
            SignRequest { cryptographic_parameters: parameters, ..request }.into_request()
        }
        Request::Get(mut request) => {
            let wrapping = request.key_wrapping_specification.as_mut().unwrap();
            wrapping.encryption_key_information.as_mut().unwrap().cryptographic_parameters = parameters;
            request.into_request()
        }
        other => panic!("{other:?}"),
    }
}

/// The request that undoes what was done, by the same words.
fn undoing(made: &Response, with: &Key, parameters: Option<CryptographicParameters>) -> Option<Request> {
    let (unique_identifier, cryptographic_parameters) = (Some(with.processes.as_str().into()), parameters);
    Some(match made {
        Response::Encrypt(made) => DecryptRequest {
            unique_identifier,
            cryptographic_parameters,
            data: made.data.clone(),
            iv_counter_nonce: made.iv_counter_nonce.clone(),
            tag: made.tag.clone(),
            ..DecryptRequest::default()
        }
        .into_request(),
        Response::MAC(made) => MACVerifyRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            mac_data: made.mac_data.clone(),
            ..MACVerifyRequest::default()
        }
        .into_request(),
        Response::Sign(made) => SignatureVerifyRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            signature_data: made.signature_data.clone(),
            ..SignatureVerifyRequest::default()
        }
        .into_request(),
        // What it is wrapped with, and how, stands in the key block.
        Response::Get(made) => ImportRequest {
            unique_identifier: "unwrapped".into(),
            object_type: Some(ObjectType::SymmetricKey),
            key_wrap_type: Some(KeyWrapType::NotWrapped),
            replace_existing: Some(true),
            attributes: Some(AttributeList(
                [Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)].into_iter().collect(),
            )),
            object: made.object.clone(),
        }
        .into_request(),
        _ => return None,
    })
}

fn is_undone(response: &Response) -> bool {
    match response {
        Response::Decrypt(answer) => answer.data == data(&[5; 32]),
        Response::MACVerify(answer) => answer.validity_indicator == Some(ValidityIndicator::Valid),
        Response::SignatureVerify(answer) => answer.validity_indicator == Some(ValidityIndicator::Valid),
        Response::Import(_) => true,
        _ => false,
    }
}

fn run(bench: &mut Bench, who: &Principal, request: Request) -> ResponseItem {
    bench.run(who, &RequestMessage::new(V2_1, vec![RequestItem::from(request)])).pop().unwrap()
}

#[test]
#[allow(clippy::print_stderr, reason = "the seed is part of what it shows")]
fn what_protects_is_opened_by_the_same_words() {
    let Some(openssl) = OpenSsl::new() else { return };
    let soak = std::env::var_os("KEYSTEAD_SOAK").is_some();
    let (seed, rounds) = (20_261_130, if soak { 100_000 } else { 3000 });
    eprintln!("random parameters: seed {seed}, {rounds} rounds");
    let mut dice = Dice(seed);
    let rsa = forms::made(&openssl, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let ec = forms::made(&openssl, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    let edwards = forms::made(&openssl, "-algorithm ED25519");
    let pairs = [
        (Algorithm::RSA, rsa),
        (Algorithm::EC, ec.clone()),
        (Algorithm::ECDSA, ec.clone()),
        (Algorithm::ECDH, ec),
        (Algorithm::Ed25519, edwards),
    ];
    let (mut done, mut opened) = (BTreeMap::<String, usize>::new(), 0);
    let (mut bench, mut other) = (Bench::new(1), String::new());
    let (granted, strict) = (granted("owner", &[]), principal("owner", &[]));
    for round in 0..rounds {
        if round % 500 == 0 {
            bench = Bench::new(seed + round);
            other = crate::objects::create(&mut bench, &strict, &[]);
        }
        let (key, what) = random_key(&mut bench, &granted, &mut dice, &pairs);
        let parameters = (dice.below(2) == 0).then(|| dice.parameters());
        let use_of = dice.one(&[Encrypt, Mac, Sign, if key.is_pair() { Encrypt } else { Wrap }]);
        let who = dice.one(&[granted.clone(), strict.clone()]);
        let request = making(use_of, &key.protects, &other, parameters.clone());
        let item = run(&mut bench, &who, request);
        let Some(made) = item.response.filter(|_| item.result_status == ResultStatus::Success) else {
            assert!(item.result_message.is_some_and(|why| !why.is_empty()), "{round}: {what}");
            continue;
        };
        let what = format!("round {round}: {use_of:?} by {what}, asked {parameters:?}");
        let undoing = undoing(&made, &key, parameters).unwrap();
        let item = run(&mut bench, &who, undoing);
        let is_undone = item.response.as_ref().is_some_and(is_undone);
        assert!(is_undone, "{what}: {:?} {:?}", item.result_status, item.result_message);
        opened += 1;
        *done.entry(format!("{use_of:?}")).or_default() += 1;
    }
    eprintln!("{opened} opened: {done:?}");
    assert!(done.len() == 4 && opened > 150, "{done:?}");
}
