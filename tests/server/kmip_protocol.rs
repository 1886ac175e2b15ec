//! The client of the crate `kmip-protocol`, which is not ours, against a real server, with its own TLS: every operation
//! that it has, in the version that it sends each with (1.0 to 1.2).

use crate::support::dev::Dev;
use aws_lc_rs::signature::{RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey};
use kmip_protocol::client::tls::rustls::connect_with_tcpstream_factory;
use kmip_protocol::client::{Client, ClientCertificate, ConnectionSettings, Error};
use kmip_protocol::types::common::*;
use kmip_protocol::types::request::{
    Attribute, KeyBlock, KeyValue, ManagedObject, ProtocolVersion, ProtocolVersionMajor,
    ProtocolVersionMinor, RequestPayload, SymmetricKey, TemplateAttribute,
};
use kmip_protocol::types::response::{self, ResponsePayload};
use kmip_protocol::types::traits::ReadWrite;
use std::net::TcpStream;

/// The client as a program would set it up.
fn client(dev: &Dev, password: Option<&str>) -> Client<impl ReadWrite + use<>> {
    let read = |file: &str| std::fs::read(dev.folder.join(file)).unwrap();
    let certificate = ClientCertificate::SeparatePem {
        cert_bytes: read("client.pem"),
        key_bytes: Some(read("client.key")),
    };
    let settings = ConnectionSettings {
        host: "localhost".to_owned(),
        port: 5696,
        username: password.map(|_| "fred".to_owned()),
        password: password.map(str::to_owned),
        client_cert: Some(certificate),
        ca_cert: Some(read("ca.pem")),
        max_response_bytes: Some(65536),
        ..ConnectionSettings::default()
    };
    // The host is in the certificate; the port is the one that was free.
    connect_with_tcpstream_factory(&settings, |_, _| Ok(TcpStream::connect(&dev.address)?)).unwrap()
}

fn id(text: &str) -> Option<UniqueIdentifier> {
    Some(UniqueIdentifier(text.to_owned()))
}

/// The answer of an operation for which the client has no function of its own.
macro_rules! ask {
    ($client:expr, $operation:ident($($part:expr),*)) => {
        match $client.do_request(RequestPayload::$operation($($part),*)).unwrap() {
            ResponsePayload::$operation(payload) => payload,
            other => panic!("{other:?}"),
        }
    };
}

fn aes(name: &str, mask: CryptographicUsageMask) -> TemplateAttribute {
    TemplateAttribute::unnamed(vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(mask),
        Attribute::Name(name.to_owned()),
        Attribute::ObjectGroup("crate".to_owned()),
    ])
}

fn bytes(object: response::ManagedObject) -> Vec<u8> {
    let block = match object {
        response::ManagedObject::SymmetricKey(key) => key.key_block,
        response::ManagedObject::PublicKey(key) => key.key_block,
        response::ManagedObject::PrivateKey(key) => key.key_block,
        other => panic!("{other:?}"),
    };
    let KeyMaterial::Bytes(bytes) = block.key_value.key_material else { panic!("no bytes") };
    bytes
}

#[test]
fn what_the_client_has_functions_for_works() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    for password in [None, Some("a password that nobody knows here")] {
        let client = client(&dev, password);
        let told = client.query().unwrap();
        assert!(told.operations.unwrap().contains(&Operation::Sign));
        assert!(told.object_types.unwrap().contains(&ObjectType::PrivateKey));
        assert!(told.vendor_identification.is_some());
        let name = |half: &str| format!("{half}-{}", password.is_some());
        let (private, public) = client.create_rsa_key_pair(2048, name("private"), name("public")).unwrap();
        client.activate_key(&private).unwrap();
        let signature = client.sign(&private, b"a message").unwrap();
        assert_eq!(signature.unique_identifier.0, private);
        let key = bytes(client.get_key(&public).unwrap().cryptographic_object);
        let key = UnparsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, key);
        key.verify(b"a message", &signature.signature_data).unwrap();
        key.verify(b"another", &signature.signature_data).unwrap_err();
        let renamed = client.rename_key(&private, name("renamed")).unwrap();
        let AttributeValue::Name(now, NameType::UninterpretedTextString) = renamed.attribute.value else {
            panic!("{renamed:?}")
        };
        assert_eq!(now.0, name("renamed"));
        let random: Vec<Vec<u8>> = (0..2).map(|_| client.rng_retrieve(32).unwrap().data).collect();
        assert!(random[0].len() == 32 && random[0] != random[1]);
        client.destroy_key(&private).unwrap_err();
        client.revoke_key(&private).unwrap();
        client.destroy_key(&private).unwrap();
        client.destroy_key(&public).unwrap();
        assert!(matches!(client.get_key("nothing"), Err(Error::ItemNotFound(_))));
        assert_eq!(client.connection_error_count(), 0);
    }
}

#[test]
fn what_the_client_has_messages_for_works() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let client = client(&dev, None);
    let versions = ask!(client, DiscoverVersions(Vec::new())).supported_versions.unwrap();
    assert_eq!((versions[0].major, versions[0].minor, versions.len()), (2, 1, 7));
    let oldest = ProtocolVersion(ProtocolVersionMajor(1), ProtocolVersionMinor(0));
    assert_eq!(ask!(client, DiscoverVersions(vec![oldest])).supported_versions.unwrap().len(), 1);
    let made = ask!(client, Create(ObjectType::SymmetricKey, aes("made", CryptographicUsageMask::Encrypt)));
    let made = made.unique_identifier.0;
    assert_eq!(bytes(ask!(client, Get(id(&made), None, None, None)).cryptographic_object).len(), 32);
    let material = [7; 32];
    let block = KeyBlock(
        KeyFormatType::Raw,
        None,
        Some(KeyValue(KeyMaterial::Bytes(material.to_vec()), None)),
        Some(CryptographicAlgorithm::AES),
        Some(CryptographicLength(256)),
        None,
    );
    let key = Some(ManagedObject::SymmetricKey(SymmetricKey(block)));
    let template = aes("registered", CryptographicUsageMask::Decrypt);
    let registered = ask!(client, Register(ObjectType::SymmetricKey, template, key)).unique_identifier.0;
    assert_eq!(bytes(client.get_key(&registered).unwrap().cryptographic_object), material);
    let located = |filters| {
        let found = ask!(client, Locate(filters)).unique_identifiers;
        found.into_iter().map(|found| found.0).collect::<Vec<_>>()
    };
    let group = || Attribute::ObjectGroup("crate".to_owned());
    assert_eq!(located(vec![group()]), [registered.clone(), made.clone()]);
    assert_eq!(located(vec![group(), Attribute::Name("made".to_owned())]), [made.as_str()]);
    assert!(located(vec![Attribute::Name("nothing".to_owned())]).is_empty());
    edit(&client, &made);
    for key in [made, registered] {
        client.destroy_key(&key).unwrap();
    }
    assert!(located(vec![group()]).is_empty());
}

/// Attributes are listed, read, added, changed and deleted.
fn edit(client: &Client<impl ReadWrite>, key: &str) {
    let names = ask!(client, GetAttributeList(id(key))).attributes;
    assert!(names.iter().any(|name| name.0 == "Object Group"), "{names:?}");
    let state = |of: &str| {
        let wanted = Some(vec![AttributeName("State".to_owned())]);
        let attributes = ask!(client, GetAttributes(id(of), wanted)).attributes.unwrap();
        let [response::Attribute { value: AttributeValue::State(state), .. }] = attributes.as_slice() else {
            panic!("{attributes:?}")
        };
        *state
    };
    assert_eq!(state(key), State::PreActive);
    let contact = |who: &str| Attribute::ContactInformation(who.to_owned());
    let value = |attribute: response::Attribute| match attribute.value {
        AttributeValue::ContactInformation(text) => text,
        other => panic!("{other:?}"),
    };
    assert_eq!(value(ask!(client, AddAttribute(id(key), contact("ann"))).attribute), "ann");
    assert_eq!(value(ask!(client, ModifyAttribute(id(key), contact("ben"))).attribute), "ben");
    let name = AttributeName("Contact Information".to_owned());
    assert_eq!(value(ask!(client, DeleteAttribute(id(key), name, None)).attribute), "ben");
    assert!(
        !ask!(client, GetAttributeList(id(key))).attributes.iter().any(|name| name.0.starts_with("Contact"))
    );
}
