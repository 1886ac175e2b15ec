//! What Cryptographic Parameters name, against the key that they go with: every algorithm of KMIP and some of none × every
//! kind of key × everything that is done with keys. What is named is what is done, or it is refused with both values; and
//! the same request without the name, or with the right one, is done.

use super::*;
use crate::objects::bytes_block;
use kmip_codec::value::Data;

/// What is done with a key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Done {
    Encrypt,
    Decrypt,
    Wrap,
    Unwrap,
    Tr31,
    Mac,
    MacVerify,
    WrapByMac,
    Sign,
    SignatureVerify,
    Derive(DerivationMethod),
    Agree,
}

use Done::*;

const DERIVED: &[DerivationMethod] = &[
    DerivationMethod::ENCRYPT,
    DerivationMethod::HASH,
    DerivationMethod::HKDF,
    DerivationMethod::PBKDF2,
    DerivationMethod::NIST800_108_C,
    DerivationMethod::NIST800_108_F,
    DerivationMethod::NIST800_108_DPI,
];

fn is_hmac(algorithm: Algorithm) -> bool {
    format!("{algorithm:?}").starts_with("HMAC_")
}

fn on_curve(own: Algorithm) -> bool {
    use Algorithm as Is;
    matches!(own, Is::EC | Is::ECDSA | Is::ECDH | Is::ECMQV | Is::Ed25519)
}

/// Whether a client may name this for a key of the algorithm: its own; an HMAC where there is to be a MAC, or a key that
/// is derived by one; on curves the name of what is done, or of the curves.
fn may_be_named(done: Done, own: Algorithm, is_edwards: bool, named: Algorithm) -> bool {
    let is_pair = on_curve(own) || own == Algorithm::RSA;
    let by_mac = match done {
        Mac | MacVerify => true,
        WrapByMac => !is_pair,
        Derive(method) => !matches!(method, DerivationMethod::ENCRYPT | DerivationMethod::HASH),
        _ => false,
    };
    match done {
        _ if by_mac => named == own || is_hmac(named) && !is_hmac(own),
        // Two OASIS cases verify so.
        SignatureVerify if on_curve(own) && own != Algorithm::Ed25519 && named == Algorithm::RSA => true,
        Sign | SignatureVerify | WrapByMac if is_edwards => {
            matches!(named, Algorithm::Ed25519 | Algorithm::EC)
        }
        Sign | SignatureVerify | WrapByMac if on_curve(own) => {
            matches!(named, Algorithm::EC | Algorithm::ECDSA)
        }
        Agree => matches!(named, Algorithm::EC | Algorithm::ECDH),
        _ => named == own,
    }
}

/// Every algorithm of KMIP, and two that it does not have.
fn names() -> Vec<Algorithm> {
    let rows = Algorithm::ROWS.iter().map(|row| Algorithm(row.0));
    rows.chain([Algorithm(0xff), Algorithm(0x8000_0001)]).collect()
}

fn data(bytes: &[u8]) -> Option<Data> {
    Some(Data::Bytes(bytes.into()))
}

/// The request for what is done with a key, and with another one that is wrapped or agreed with.
fn request(done: Done, id: &str, other: &str, parameters: CryptographicParameters) -> Request {
    let key = WrappingKeyInformation {
        unique_identifier: id.into(),
        cryptographic_parameters: Some(parameters.clone()),
    };
    let wrapped = |wrapping_method, by_mac: bool| {
        let (sealing, mac) = if by_mac { (None, Some(key.clone())) } else { (Some(key.clone()), None) };
        GetRequest {
            unique_identifier: Some(other.into()),
            key_wrapping_specification: Some(KeyWrappingSpecification {
                wrapping_method,
                encryption_key_information: sealing,
                mac_signature_key_information: mac,
                ..KeyWrappingSpecification::default()
            }),
            ..GetRequest::default()
        }
        .into_request()
    };
    match done {
        Wrap => wrapped(WrappingMethod::Encrypt, false),
        Tr31 => wrapped(WrappingMethod::TR_31, false),
        WrapByMac => wrapped(WrappingMethod::MACSign, true),
        Unwrap => unwrapping(key),
        Agree => derive(DerivationMethod::AsymmetricKey, &[id, other], parameters),
        Derive(method) => derive(method, &[id], parameters),
        done => computed(done, id, parameters),
    }
}

/// An Import that unwraps with this key.
fn unwrapping(key: WrappingKeyInformation) -> Request {
    let key_block = KeyBlock {
        key_format_type: Format::Raw,
        key_value: Some(KeyValue::Wrapped(vec![5; 32].into())),
        cryptographic_algorithm: Some(Algorithm::AES),
        key_wrapping_data: Some(KeyWrappingData {
            wrapping_method: WrappingMethod::Encrypt,
            encryption_key_information: Some(key),
            iv_counter_nonce: Some(vec![0; 16].into()),
            ..KeyWrappingData::default()
        }),
        ..KeyBlock::default()
    };
    ImportRequest {
        unique_identifier: "unwrapped".into(),
        object_type: Some(ObjectType::SymmetricKey),
        key_wrap_type: Some(KeyWrapType::NotWrapped),
        attributes: Some(AttributeList(
            [Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt)].into_iter().collect(),
        )),
        object: ManagedObject::SymmetricKey(SymmetricKey { key_block }),
        ..ImportRequest::default()
    }
    .into_request()
}

/// The request for an operation that works on data.
fn computed(done: Done, id: &str, parameters: CryptographicParameters) -> Request {
    let (unique_identifier, cryptographic_parameters) = (Some(id.into()), Some(parameters));
    match done {
        Encrypt => EncryptRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(&[5; 32]),
            iv_counter_nonce: None,
            ..EncryptRequest::default()
        }
        .into_request(),
        Decrypt => DecryptRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(&[5; 32]),
            iv_counter_nonce: Some(vec![0; 16].into()),
            ..DecryptRequest::default()
        }
        .into_request(),
        Mac => MACRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            ..MACRequest::default()
        }
        .into_request(),
        MacVerify => MACVerifyRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            mac_data: Some(vec![0; 32].into()),
            ..MACVerifyRequest::default()
        }
        .into_request(),
        Sign => SignRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            ..SignRequest::default()
        }
        .into_request(),
        _ => SignatureVerifyRequest {
            unique_identifier,
            cryptographic_parameters,
            data: data(b"data"),
            signature_data: Some(vec![0; 64].into()),
            ..SignatureVerifyRequest::default()
        }
        .into_request(),
    }
}

fn derive(method: DerivationMethod, bases: &[&str], parameters: CryptographicParameters) -> Request {
    use DerivationMethod as Method;
    let has_data = !matches!(method, Method::HASH | Method::PBKDF2 | Method::AsymmetricKey);
    DeriveKeyRequest {
        object_type: ObjectType::SecretData,
        unique_identifiers: bases.iter().map(|id| (*id).into()).collect(),
        derivation_method: method,
        derivation_parameters: DerivationParameters {
            cryptographic_parameters: Some(parameters),
            initialization_vector: (method == Method::ENCRYPT).then(|| vec![0; 16].into()),
            derivation_data: has_data.then(|| vec![5; 16].into()).into_iter().collect(),
            salt: (method == Method::PBKDF2).then(|| vec![6; 16].into()),
            iteration_count: (method == Method::PBKDF2).then_some(10),
        },
        attributes: [Attribute::CryptographicLength(128)].into(),
    }
    .into_request()
}

/// A key, what it is called, and whether it is one of Ed25519; what is done with it, and with which parameters beside the
/// algorithm.
struct Row {
    own: Algorithm,
    is_edwards: bool,
    id: String,
    other: String,
    done: Done,
    parameters: CryptographicParameters,
}

fn sent(kind: ObjectType, algorithm: Algorithm, format: Format, bytes: &[u8]) -> Sent {
    let mut block = bytes_block(format, bytes);
    block.cryptographic_algorithm = Some(algorithm);
    Sent { kind, block, attributes: vec![] }
}

fn bare() -> CryptographicParameters {
    CryptographicParameters::default()
}

/// Everything that is done with keys of bytes.
fn of_bytes(bench: &mut Bench, who: &Principal) -> Vec<Row> {
    let mut all = Vec::new();
    let other = crate::objects::create(bench, who, &[]);
    let hashing = CryptographicParameters { hashing_algorithm: Some(HashingAlgorithm::SHA_256), ..bare() };
    for (own, bytes) in [
        (Algorithm::AES, 16),
        (Algorithm::DES3, 24),
        (Algorithm::ChaCha20, 32),
        (Algorithm::ChaCha20Poly1305, 32),
        (Algorithm::Camellia, 32),
        (Algorithm::HMAC_SHA1, 32),
        (Algorithm::HMAC_SHA256, 32),
        (Algorithm::HMAC_SHA512, 32),
    ] {
        let key: Vec<u8> = (1..=bytes).collect();
        let sent = sent(ObjectType::SymmetricKey, own, Format::Raw, &key);
        let id = bring(bench, who, (Way::Register, V2_1), &sent).unwrap();
        let is_block = matches!(own, Algorithm::AES | Algorithm::DES3);
        let cipher = CryptographicParameters {
            block_cipher_mode: is_block.then_some(BlockCipherMode::CBC),
            padding_method: is_block.then_some(PaddingMethod::PKCS5),
            random_iv: Some(true),
            ..bare()
        };
        let ciphers = [Encrypt, Decrypt, Wrap, Unwrap].map(|done| (done, cipher.clone()));
        let macs = [Mac, MacVerify, WrapByMac, Tr31].map(|done| (done, bare()));
        let derived = DERIVED.iter().map(|method| match *method {
            DerivationMethod::ENCRYPT => (Derive(*method), cipher.clone()),
            DerivationMethod::HASH => (Derive(*method), hashing.clone()),
            _ => (Derive(*method), bare()),
        });
        for (done, parameters) in ciphers.into_iter().chain(macs).chain(derived) {
            let (id, other) = (id.clone(), other.clone());
            all.push(Row { own, is_edwards: false, id, other, done, parameters });
        }
    }
    all
}

/// Pairs, by all their names.
const PAIRS: &[(&str, &[Algorithm])] = &[
    ("-algorithm RSA -pkeyopt rsa_keygen_bits:2048", &[Algorithm::RSA]),
    (
        "-algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        &[Algorithm::EC, Algorithm::ECDSA, Algorithm::ECDH, Algorithm::ECMQV],
    ),
    (EDWARDS, &[Algorithm::Ed25519, Algorithm::EC]),
    (MONTGOMERY, &[Algorithm::EC, Algorithm::ECDH]),
];
const EDWARDS: &str = "-algorithm ED25519";
const MONTGOMERY: &str = "-algorithm X25519";

/// Everything that is done with keys of pairs.
fn of_pairs(bench: &mut Bench, who: &Principal, openssl: &OpenSsl) -> Vec<Row> {
    let mut all = Vec::new();
    let target = crate::objects::create(bench, who, &[]);
    let hashing_algorithm = Some(HashingAlgorithm::SHA_256);
    let oaep =
        CryptographicParameters { padding_method: Some(PaddingMethod::OAEP), hashing_algorithm, ..bare() };
    for (made, called) in PAIRS {
        let (pkcs8, spki) = forms::made(openssl, made);
        for own in called.iter().copied() {
            let private = sent(ObjectType::PrivateKey, own, Format::PKCS_8, &pkcs8);
            let public = sent(ObjectType::PublicKey, own, Format::X_509, &spki);
            let private = bring(bench, who, (Way::Register, V2_1), &private).unwrap();
            let public = bring(bench, who, (Way::Register, V2_1), &public).unwrap();
            let is_rsa = own == Algorithm::RSA;
            let signing =
                CryptographicParameters { hashing_algorithm: hashing_algorithm.filter(|_| is_rsa), ..bare() };
            let mut push = |id: &String, other: &String, done, parameters: &CryptographicParameters| {
                let (id, other, parameters) = (id.clone(), other.clone(), parameters.clone());
                all.push(Row { own, is_edwards: *made == EDWARDS, id, other, done, parameters });
            };
            if is_rsa {
                push(&public, &target, Encrypt, &oaep);
                push(&public, &target, Wrap, &oaep);
                push(&private, &target, Decrypt, &oaep);
                push(&private, &target, Unwrap, &oaep);
            }
            if *made != MONTGOMERY {
                push(&private, &target, Sign, &signing);
                push(&public, &target, SignatureVerify, &signing);
                push(&private, &target, WrapByMac, &signing);
            }
            if !is_rsa && *made != EDWARDS {
                push(&private, &public, Agree, &bare());
            }
        }
    }
    all
}

/// The refusal of a request, or nothing where it is done.
fn refusal(bench: &mut Bench, who: &Principal, request: Request) -> Option<String> {
    let message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
    let item = bench.run(who, &message).pop().unwrap();
    (item.result_status != ResultStatus::Success).then(|| item.result_message.unwrap_or_default())
}

#[test]
#[allow(clippy::print_stderr, reason = "the size of the matrix is part of what it shows")]
fn what_is_named_is_what_is_done() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let (mut cells, mut done) = (0, BTreeMap::<String, usize>::new());
    let mut rows = of_bytes(&mut bench, &who);
    rows.extend(of_pairs(&mut bench, &who, &openssl));
    for row in rows {
        let ask = |bench: &mut Bench, named: Option<Algorithm>| {
            let parameters =
                CryptographicParameters { cryptographic_algorithm: named, ..row.parameters.clone() };
            refusal(bench, &who, request(row.done, &row.id, &row.other, parameters))
        };
        // What fails for another reason without a name, data that no key has encrypted, say, fails for it with the right one.
        let bare = ask(&mut bench, None);
        for named in names() {
            let what = format!("{:?} with a key of {:?}, naming {named:?}", row.done, row.own);
            let came = ask(&mut bench, Some(named));
            let is_for_it = may_be_named(row.done, row.own, row.is_edwards, named);
            let both = |why: &str| {
                why.contains(&format!("{named:?}")) && why.contains("the Cryptographic Parameters name")
            };
            match came {
                None => {
                    assert!(is_for_it, "{what}: done");
                    *done.entry(format!("{:?}", row.done)).or_default() += 1;
                }
                Some(why) if is_for_it => assert!(!both(&why), "{what}: {why}"),
                // A key that cannot do it at all is refused for that too.
                Some(why) => assert!(both(&why), "{what}: {why}"),
            }
            if is_for_it && named == row.own && bare.is_none() {
                assert_eq!(ask(&mut bench, Some(named)), None, "{what}");
            }
            cells += 1;
        }
    }
    eprintln!("named: {cells} cells; done: {done:?}");
    assert!(cells > 6000, "{cells}");
    for must in [Encrypt, Wrap, Mac, MacVerify, WrapByMac, Sign, SignatureVerify, Agree]
        .into_iter()
        .chain(DERIVED.iter().map(|method| Derive(*method)))
    {
        assert!(done.contains_key(&format!("{must:?}")), "{must:?} was never done: {done:?}");
    }
}

/// The family that a Digital Signature Algorithm is for, by its name.
fn signed_by(named: DigitalSignatureAlgorithm) -> Algorithm {
    let name = format!("{named:?}");
    match () {
        () if name.contains("RSA") => Algorithm::RSA,
        () if name.starts_with("ECDSA") => Algorithm::ECDSA,
        () => Algorithm::DSA,
    }
}

fn signatures() -> Vec<DigitalSignatureAlgorithm> {
    let rows = DigitalSignatureAlgorithm::ROWS.iter().filter(|row| (row.2)(V2_1));
    rows.map(|row| DigitalSignatureAlgorithm(row.0)).collect()
}

/// A Digital Signature Algorithm is for keys of its own, and says all about padding and digest: what stands beside it agrees.
#[test]
fn a_signature_is_named_in_one_way() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let way = (Way::Register, V2_1);
    for (own, made) in [
        (Algorithm::RSA, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048"),
        (Algorithm::ECDSA, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256"),
    ] {
        let (pkcs8, _) = forms::made(&openssl, made);
        let id =
            bring(&mut bench, &who, way, &sent(ObjectType::PrivateKey, own, Format::PKCS_8, &pkcs8)).unwrap();
        for named in signatures() {
            let mut sign = |hash: Option<HashingAlgorithm>, padding: Option<PaddingMethod>, algorithm| {
                let parameters = CryptographicParameters {
                    digital_signature_algorithm: Some(named),
                    cryptographic_algorithm: algorithm,
                    hashing_algorithm: hash,
                    padding_method: padding,
                    ..CryptographicParameters::default()
                };
                refusal(&mut bench, &who, request(Sign, &id, "", parameters))
            };
            let pss = named == DigitalSignatureAlgorithm::RSASSA_PSS;
            let with = pss.then_some(HashingAlgorithm::SHA_256);
            let is_own = signed_by(named) == own;
            let served = !format!("{named:?}").starts_with("MD");
            match sign(with, None, None) {
                None => assert!(is_own && served, "{own:?} {named:?}"),
                Some(why) if is_own => assert!(!served, "{own:?} {named:?}: {why}"),
                Some(why) => {
                    let both = why.contains(&format!("{named:?}")) && why.contains(&format!("{own:?}"));
                    assert!(both, "{own:?} {named:?}: {why}");
                }
            }
            if !is_own || !served {
                continue;
            }
            assert_eq!(sign(with, None, Some(own)), None, "{named:?}");
            let hashes = HashingAlgorithm::ROWS.iter().map(|row| HashingAlgorithm(row.0));
            let same = |hash: &HashingAlgorithm| {
                let plain = |text: String| text.replace(['_', '-'], "");
                let name = plain(format!("{named:?}")).replace("SHA1With", "SHA1");
                name.contains(&plain(format!("{hash:?}"))) && *hash != HashingAlgorithm::MD5
            };
            for hash in hashes.filter(|_| !pss) {
                match sign(Some(hash), None, None) {
                    None => assert!(same(&hash), "{named:?} beside {hash:?}"),
                    Some(why) => assert!(why.contains(&format!("{hash:?}")), "{named:?} {hash:?}: {why}"),
                }
            }
            let right = if pss { PaddingMethod::PSS } else { PaddingMethod::PKCS1V1_5 };
            let wrong = if pss { PaddingMethod::PKCS1V1_5 } else { PaddingMethod::PSS };
            if own == Algorithm::RSA {
                assert_eq!(sign(with, Some(right), None), None, "{named:?}");
                let why = sign(with, Some(wrong), None).unwrap_or_default();
                assert!(why.contains(&format!("{wrong:?}")), "{named:?}: {why}");
            }
        }
    }
}

fn parameters(algorithm: Option<Algorithm>, signature: Option<DigitalSignatureAlgorithm>) -> Attribute {
    Attribute::CryptographicParameters(CryptographicParameters {
        cryptographic_algorithm: algorithm,
        digital_signature_algorithm: signature,
        ..bare()
    })
}

/// Parameters that name one thing each, and whether that is for some use of a key of the algorithm.
fn said_at(own: Algorithm) -> Vec<(Attribute, bool)> {
    let may = |named: Algorithm| match own {
        Algorithm::AES => named == own || is_hmac(named),
        Algorithm::ECDH => matches!(named, Algorithm::EC | Algorithm::ECDSA | Algorithm::ECDH),
        _ => named == own,
    };
    let algorithms = names().into_iter().map(|named| (parameters(Some(named), None), may(named)));
    let signatures = signatures().into_iter().map(|named| {
        let signer = signed_by(named);
        let is_for_it = signer == own || signer == Algorithm::ECDSA && own == Algorithm::ECDH;
        (parameters(None, Some(named)), is_for_it)
    });
    algorithms.chain(signatures).collect()
}

/// The ways to give an attribute to an object that is there.
fn later(id: &str, said: &Attribute) -> [Request; 3] {
    let (unique_identifier, attribute) = (Some(id.into()), said.clone());
    [
        AddAttributeRequest {
            unique_identifier: unique_identifier.clone(),
            attribute: attribute.clone().into(),
        }
        .into_request(),
        ModifyAttributeRequest {
            unique_identifier: unique_identifier.clone(),
            attribute: attribute.clone().into(),
            ..ModifyAttributeRequest::default()
        }
        .into_request(),
        SetAttributeRequest { unique_identifier, attribute: attribute.into() }.into_request(),
    ]
}

/// What is named at a key when it is taken in or changed is for some use of that key.
#[test]
fn a_key_has_no_parameters_of_another() {
    let Some(openssl) = OpenSsl::new() else { return };
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let (_, rsa) = forms::made(&openssl, "-algorithm RSA -pkeyopt rsa_keygen_bits:2048");
    let (_, ec) = forms::made(&openssl, "-algorithm EC -pkeyopt ec_paramgen_curve:P-256");
    let keys = [
        sent(ObjectType::SymmetricKey, Algorithm::AES, Format::Raw, &[7; 32]),
        sent(ObjectType::SymmetricKey, Algorithm::HMAC_SHA256, Format::Raw, &[7; 32]),
        sent(ObjectType::PublicKey, Algorithm::RSA, Format::X_509, &rsa),
        sent(ObjectType::PublicKey, Algorithm::ECDH, Format::X_509, &ec),
    ];
    for key in keys {
        let own = key.block.cryptographic_algorithm.unwrap();
        let plain = bring(&mut bench, &who, (Way::Register, V2_1), &key).unwrap();
        for (said, is_for_it) in said_at(own) {
            let what = format!("{said:?} at a key of {own:?}");
            let mut brought = key.clone();
            brought.attributes.push(said.clone());
            for way in [(Way::Register, V1_4), (Way::Register, V2_1), (Way::Import, V2_1)] {
                let came = bring(&mut bench, &who, way, &brought);
                assert_eq!(came.is_ok(), is_for_it, "{what}, {way:?}: {came:?}");
                let told =
                    |why: &str| why.contains("Cryptographic Parameters") && why.contains(&format!("{own:?}"));
                assert!(came.is_ok() || told(&came.unwrap_err().1), "{what}");
            }
            for request in later(&plain, &said) {
                assert_eq!(refusal(&mut bench, &who, request).is_none(), is_for_it, "{what}");
            }
            let delete = DeleteAttributeRequest {
                unique_identifier: Some(plain.as_str().into()),
                reference: Some(said.reference()),
                ..DeleteAttributeRequest::default()
            };
            assert_eq!(ask(&mut bench, &who, V2_1, delete).is_ok(), is_for_it, "{what}");
        }
    }
}

/// The same of what is made here.
#[test]
fn no_key_is_made_with_parameters_of_another() {
    let (mut bench, who) = (Bench::new(1), granted("owner", &[]));
    let wrong = parameters(Some(Algorithm::DES3), None);
    let create = crate::objects::aes(std::slice::from_ref(&wrong));
    let why = ask(&mut bench, &who, V2_1, create).unwrap_err().1;
    assert!(why.contains("DES3") && why.contains("AES"), "{why}");
    let pair = CreateKeyPairRequest {
        common: Some([Attribute::CryptographicAlgorithm(Algorithm::RSA), wrong].into()),
        private: Some([Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into()),
        public: Some([Attribute::CryptographicUsageMask(CryptographicUsageMask::Verify)].into()),
        ..CreateKeyPairRequest::default()
    };
    let why = ask(&mut bench, &who, V2_1, pair).unwrap_err().1;
    assert!(why.contains("DES3") && why.contains("RSA"), "{why}");
}

/// A key that has parameters for its cipher and for a MAC is used with those that are for what is done, in any order.
#[test]
fn of_several_parameters_those_are_used_that_are_for_it() {
    let (mut bench, who) = (Bench::new(1), principal("owner", &[]));
    let mac = Attribute::CryptographicParameters(CryptographicParameters {
        cryptographic_algorithm: Some(Algorithm::HMAC_SHA256),
        ..CryptographicParameters::default()
    });
    let cipher = Attribute::CryptographicParameters(CryptographicParameters {
        cryptographic_algorithm: Some(Algorithm::AES),
        block_cipher_mode: Some(BlockCipherMode::CTR),
        random_iv: Some(true),
        ..CryptographicParameters::default()
    });
    for own in [[mac.clone(), cipher.clone()], [cipher, mac]] {
        let uses = Attribute::CryptographicUsageMask(crate::cryptography::every_use());
        let more = [own[0].clone(), own[1].clone(), uses, Attribute::ActivationDate(DateTime(1))];
        let mut create = crate::objects::aes(&[]);
        let attributes = crate::objects::aes(&more[2..]).attributes.attributes;
        create.attributes =
            attributes.iter().cloned().chain(more[..2].iter().cloned()).collect::<Attributes>().into();
        let id = text(&ask(&mut bench, &who, V2_1, create).unwrap().unique_identifier);
        let unique_identifier = Some(id.as_str().into());
        let encrypt = EncryptRequest {
            unique_identifier: unique_identifier.clone(),
            data: data(b"data"),
            ..EncryptRequest::default()
        };
        ask(&mut bench, &who, V2_1, encrypt).unwrap();
        let request = MACRequest { unique_identifier, data: data(b"data"), ..MACRequest::default() };
        ask(&mut bench, &who, V2_1, request).unwrap();
    }
}
