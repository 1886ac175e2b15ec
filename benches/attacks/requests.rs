//! What the attacker makes beforehand, and the messages that it sends.

use crate::costly::*;
use crate::site::{Site, aes, message};

use kmip_codec::attributes::{Attribute, Entry, Link, VendorAttribute};
use kmip_codec::enums::*;
use kmip_codec::item::ItemValue;
use kmip_codec::message::{Asynchronous, Authentication, Credential, RequestMessage, UsernameAndPassword};
use kmip_codec::objects::*;
use kmip_codec::operations::Request;
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::wire::Encoding;
use std::process::Command;

/// A key in a container whose MAC takes five million iterations.
pub fn containers(site: &Site) -> Vec<Vec<u8>> {
    let folder = tempfile::tempdir().unwrap();
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        let status = command.current_dir(folder.path()).args(arguments.split(' ')).output().unwrap().status;
        assert!(status.success(), "openssl {arguments}");
    };
    openssl("req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out crt.pem -subj /CN=x -days 9");
    openssl(
        "pkcs12 -export -inkey key.pem -in crt.pem -passout pass:secret -keypbe NONE -certpbe NONE -iter 5000000 -out x.p12",
    );
    let container = std::fs::read(folder.path().join("x.p12")).unwrap();
    let mut client = site.client("attacker");
    let block = bytes_block(KeyFormatType::Opaque, b"secret");
    let secret = SecretData { secret_data_type: SecretDataType::Password, key_block: block };
    let password = client.call(register([], ManagedObject::SecretData(secret))).unwrap().unique_identifier;
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::PKCS_12,
        key_value: Some(KeyValue::Wrapped(container.as_slice().into())),
        ..KeyBlock::default()
    };
    let link = Attribute::Link(Link { kind: LinkType::PKCS_12PasswordLink, linked: password });
    let request = register([link], ManagedObject::PrivateKey(PrivateKey { key_block }));
    vec![message([Request::Register(request)]).to_bytes()]
}

/// A hundred times the same object of three megabytes.
pub fn long_answers(site: &Site) -> Vec<Vec<u8>> {
    let id = long_object(site);
    vec![message((0..100).map(|_| get(&id))).to_bytes()]
}

/// Five times.
pub fn long_answer(site: &Site) -> Vec<Vec<u8>> {
    let id = long_object(site);
    vec![message((0..5).map(|_| get(&id))).to_bytes()]
}

/// Splits of a long object into many parts.
pub fn splits(site: &Site) -> Vec<Vec<u8>> {
    let request = CreateSplitKeyRequest {
        object_type: ObjectType::SecretData,
        unique_identifier: Some(long_object(site)),
        parts: 250,
        threshold: 2,
        method: SplitKeyMethod::PolynomialSharingGF2_8,
        ..CreateSplitKeyRequest::default()
    };
    vec![message([Request::CreateSplitKey(request)]).to_bytes()]
}

/// All keys among twenty thousand.
pub fn locates(site: &Site) -> Vec<Vec<u8>> {
    let mut client = site.client("attacker");
    for _ in 0..40 {
        client.batch((0..500).map(|_| Request::Create(aes()))).unwrap();
    }
    vec![message([Request::Locate(LocateRequest::default())]).to_bytes()]
}

/// Four hundred key pairs in one batch.
pub fn key_pairs(_: &Site) -> Vec<Vec<u8>> {
    let half = |mask| Some([Attribute::CryptographicUsageMask(mask)].into());
    let request = || CreateKeyPairRequest {
        common: Some(
            [
                Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC),
                Attribute::CryptographicLength(256),
            ]
            .into(),
        ),
        private: half(CryptographicUsageMask::Sign),
        public: half(CryptographicUsageMask::Verify),
        ..CreateKeyPairRequest::default()
    };
    vec![message((0..400).map(|_| Request::CreateKeyPair(request()))).to_bytes()]
}

/// A password stretched as long as is allowed.
pub fn stretched(site: &Site) -> Vec<Vec<u8>> {
    vec![message([pbkdf2_params(site)]).to_bytes()]
}

/// The same twenty times, asynchronously.
pub fn stretched_later(site: &Site) -> Vec<Vec<u8>> {
    let request = pbkdf2_params(site);
    let one = || {
        let mut message: RequestMessage = message([request.clone()]);
        message.header.asynchronous_indicator = Some(Asynchronous(AsynchronousIndicator::Mandatory));
        message.to_bytes()
    };
    (0..20).map(|_| one()).collect()
}

fn pbkdf2_params(site: &Site) -> Request {
    stretch_of(site, b"password")
}

fn stretch_of(site: &Site, password: &[u8]) -> Request {
    let base = secret(SecretDataType::Password, KeyFormatType::Raw, password);
    let base = site.client("attacker").call(base).unwrap().unique_identifier;
    let with = DerivationParameters {
        salt: Some(b"salt".as_slice().into()),
        iteration_count: Some(10_000_000),
        ..DerivationParameters::default()
    };
    Request::DeriveKey(derive(&base, DerivationMethod::PBKDF2, 128, with))
}

/// A login with a wrong password, which takes as long to find out as the right one.
pub fn logins(_: &Site) -> Vec<Vec<u8>> {
    let login = |number: u32| {
        let mut message = message([Request::Query(QueryRequest::default())]);
        let password = Some(format!("wrong {number}").into());
        let named = UsernameAndPassword { username: "fred".to_owned(), password };
        let credentials = vec![Credential::UsernameAndPassword(named)];
        message.header.authentication = Some(Authentication { credentials });
        message.to_bytes()
    };
    (0..100).map(login).collect()
}

/// JSON of nearly four megabytes in which each part is small.
pub fn many_parts(_: &Site) -> Vec<Vec<u8>> {
    let query = Request::Query(QueryRequest {
        functions: vec![QueryFunction::QueryOperations; 40],
        ..QueryRequest::default()
    });
    let mut items = 900;
    loop {
        let bytes = message((0..items).map(|_| query.clone())).encode(Encoding::Json);
        if bytes.len() < 4_000_000 {
            return vec![bytes];
        }
        items = items * 9 / 10;
    }
}

/// How long what is stored is.
const LONG_BYTES: usize = 3 * 1024 * 1024;

/// How many attackers there are beside the one.
pub const CLIENTS: usize = 20;

/// A MAC with a key of three megabytes, 341 times.
pub fn long_keys(site: &Site) -> Vec<Vec<u8>> {
    vec![long_key(site, "attacker")]
}

/// The same of each of the attackers.
pub fn long_keys_of_all(site: &Site) -> Vec<Vec<u8>> {
    (0..CLIENTS).map(|number| long_key(site, &format!("attacker-{number}"))).collect()
}

fn long_key(site: &Site, name: &str) -> Vec<u8> {
    let id = site.client(name).call(hmac_key(LONG_BYTES)).unwrap().unique_identifier;
    message((0..341).map(|_| mac(&id))).to_bytes()
}

/// A password of three megabytes, stretched once with each of a thousand salts.
pub fn long_passwords(site: &Site) -> Vec<Vec<u8>> {
    let Request::DeriveKey(derive) = stretch_of(site, &vec![0x5a; LONG_BYTES]) else { return Vec::new() };
    let with = |salt: u32| {
        let mut derive = derive.clone();
        derive.derivation_parameters.salt = Some(salt.to_be_bytes().to_vec().into());
        derive.derivation_parameters.iteration_count = Some(1);
        Request::DeriveKey(derive)
    };
    vec![message((0..1000).map(with)).to_bytes()]
}

/// A chain of 64 certificates, 700 times.
pub fn chains(site: &Site) -> Vec<Vec<u8>> {
    let mut client = site.client("attacker");
    let stored = certificates(64).into_iter().map(|certificate| {
        client.call(register([], ManagedObject::Certificate(certificate))).unwrap().unique_identifier
    });
    let unique_identifiers: Vec<_> = stored.collect();
    let validate = || {
        let unique_identifiers = unique_identifiers.clone();
        Request::Validate(ValidateRequest { unique_identifiers, ..ValidateRequest::default() })
    };
    vec![message((0..700).map(|_| validate())).to_bytes()]
}

/// The attributes of an object, 900 KiB of them, a thousand times.
pub fn long_attributes(site: &Site) -> Vec<Vec<u8>> {
    attributes_of(site, vec![vendor("long", "x".repeat(900 * 1024))])
}

/// The same of seven thousand.
pub fn many_attributes(site: &Site) -> Vec<Vec<u8>> {
    attributes_of(site, (0..7000).map(|number| vendor(&format!("number {number}"), String::new())).collect())
}

fn vendor(name: &str, value: String) -> Attribute {
    let value = Some(ItemValue::TextString(value));
    Attribute::Vendor(VendorAttribute { vendor: "x".into(), name: name.into(), value })
}

fn attributes_of(site: &Site, more: Vec<Attribute>) -> Vec<Vec<u8>> {
    let mut create = aes();
    create.attributes.attributes.0.extend(more.into_iter().map(|attribute| Entry { index: None, attribute }));
    let id = site.client("attacker").call(create).unwrap().unique_identifier;
    let mut message = message((0..1000).map(|_| get_attributes(&id)));
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    vec![message.to_bytes()]
}

fn long_object(site: &Site) -> UniqueIdentifier {
    let object = secret(SecretDataType::Seed, KeyFormatType::Opaque, &vec![0x5a; LONG_BYTES]);
    site.client("attacker").call(object).unwrap().unique_identifier
}
