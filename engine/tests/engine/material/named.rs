//! What Cryptographic Parameters name, against the key that they go with: every algorithm of KMIP and some of none × every
//! kind of key × everything that is done with keys. What is named is what is done, or it is refused with both values; and
//! the same request without the name, or with the right one, is done.

use super::done::*;
use super::*;

pub fn is_hmac(algorithm: Algorithm) -> bool {
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
        Mac => true,
        WrapByMac => !is_pair,
        Derive(method) => !matches!(method, DerivationMethod::ENCRYPT | DerivationMethod::HASH),
        _ => false,
    };
    match done {
        _ if named == own => true,
        // As servers before this one have made it.
        MacVerify => !is_pair && (is_hmac(named) || named == Algorithm::AES),
        _ if by_mac => is_hmac(named) && !is_hmac(own),
        // Two OASIS cases verify so.
        SignatureVerify if on_curve(own) && own != Algorithm::Ed25519 && named == Algorithm::RSA => true,
        Sign | SignatureVerify | WrapByMac if is_edwards => {
            matches!(named, Algorithm::Ed25519 | Algorithm::EC)
        }
        Sign | SignatureVerify | WrapByMac if on_curve(own) => {
            matches!(named, Algorithm::EC | Algorithm::ECDSA)
        }
        Agree => matches!(named, Algorithm::EC | Algorithm::ECDH),
        _ => false,
    }
}

/// Every algorithm of KMIP, and two that it does not have.
pub fn names() -> Vec<Algorithm> {
    let rows = Algorithm::ROWS.iter().map(|row| Algorithm(row.0));
    rows.chain([Algorithm(0xff), Algorithm(0x8000_0001)]).collect()
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
