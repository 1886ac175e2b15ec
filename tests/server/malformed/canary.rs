//! Secrets that are sent in a type that they do not have: they stand in no answer, in no log, in nothing that is kept.

use crate::support::dev::Dev;
use crate::support::http::{media_type, post};
use crate::support::hunt::holds;
use crate::support::wire::{self, Wire};
use kmip_codec::wire::Encoding;

/// What is sent as a secret.
const KEY_CHECK_VALUE: &str = "c0ffee5ec2e7c0ffee5ec2e7";

/// Tags of secrets, and of what people write.
const TAGS: &[&str] = &[
    "Data",
    "Password",
    "KeyMaterial",
    "Key",
    "NonceValue",
    "IVCounterNonce",
    "TicketValue",
    "DerivationData",
    "SignatureData",
    "MACData",
    "OpaqueDataValue",
    "D",
    "X",
    "PrivateExponent",
    "Salt",
    "HashedPassword",
    "OneTimePassword",
];

const TYPES: &[&str] = &[
    "Integer",
    "LongInteger",
    "BigInteger",
    "Enumeration",
    "Boolean",
    "TextString",
    "DateTime",
    "Interval",
    "Nothing",
];

/// A batch in which the value stands in the place of data, in an operation that nobody knows, and in one that has no such field.
fn batch(item: &str) -> String {
    let header = |count: u32| {
        format!(
            r#"<RequestHeader><ProtocolVersion><ProtocolVersionMajor type="Integer" value="2"/><ProtocolVersionMinor type="Integer" value="1"/></ProtocolVersion><BatchErrorContinuationOption type="Enumeration" value="Continue"/><BatchCount type="Integer" value="{count}"/></RequestHeader>"#
        )
    };
    let operations = [
        ("Encrypt", r#"<UniqueIdentifier type="TextString" value="none"/>"#),
        ("0x80000001", ""),
        ("Get", ""),
        ("Register", r#"<ObjectType type="Enumeration" value="SecretData"/>"#),
        ("Login", ""),
    ];
    let items: String = operations
        .iter()
        .map(|(operation, first)| {
            format!(
                r#"<BatchItem><Operation type="Enumeration" value="{operation}"/><RequestPayload>{first}{item}</RequestPayload></BatchItem>"#
            )
        })
        .collect();
    format!("<RequestMessage>{}{items}</RequestMessage>", header(5))
}

/// A message whose credential has it.
fn with_credential(item: &str) -> String {
    let credential = format!(
        r#"<Authentication><Credential><CredentialType type="Enumeration" value="UsernameAndPassword"/><CredentialValue><Username type="TextString" value="fred"/>{item}</CredentialValue></Credential></Authentication>"#
    );
    batch(item)
        .replace("<BatchErrorContinuationOption", &format!("{credential}<BatchErrorContinuationOption"))
}

fn answer(wire: &mut Wire, body: &str) -> String {
    wire.send(&post(media_type(Encoding::Xml), body.as_bytes())).unwrap();
    String::from_utf8(wire.http_answer().unwrap().body).unwrap()
}

/// Asks with the value everywhere; gives the numbers of the requests.
fn ask(dev: &Dev) -> Vec<String> {
    let mut refused = Vec::new();
    for tag in TAGS {
        for kind in TYPES {
            let item = match *kind {
                "Nothing" => format!("<{tag} value=\"{KEY_CHECK_VALUE}\"/>"),
                kind => format!("<{tag} type=\"{kind}\" value=\"{KEY_CHECK_VALUE}\"/>"),
            };
            for body in [batch(&item), with_credential(&item)] {
                let mut wire = wire::https(dev, "one");
                let told = answer(&mut wire, &body);
                assert!(!told.contains(KEY_CHECK_VALUE), "{item}: {told}");
                assert!(told.contains("OperationFailed"), "{item}: {told}");
                refused.extend(
                    told.split("(request ")
                        .skip(1)
                        .filter_map(|rest| rest.split_once(')'))
                        .map(|(id, _)| id.to_owned()),
                );
            }
        }
    }
    refused.dedup();
    refused
}

#[test]
fn a_secret_in_a_wrong_type_is_told_nowhere() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let file = folder.path().join("keystead.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    assert!(config.contains("level = \"info\""), "{config}");
    std::fs::write(&file, config.replace("level = \"info\"", "level = \"trace\"")).unwrap();
    let log = tempfile::NamedTempFile::new().unwrap();
    let dev = Dev::logging(folder.path(), log.reopen().unwrap());
    let refused = ask(&dev);
    assert!(refused.len() > 100, "{refused:?}");
    for id in refused.iter().step_by(9) {
        for options in [&["explain", id][..], &["explain", id, "--json"]] {
            let told = dev.keystead("admin", options);
            let told = [told.stdout, told.stderr].concat();
            assert!(!holds(&told, KEY_CHECK_VALUE.as_bytes()), "{}", String::from_utf8_lossy(&told));
        }
    }
    drop(dev);
    let log = std::fs::read(log.path()).unwrap();
    assert!(
        log.len() > 1000 && !holds(&log, KEY_CHECK_VALUE.as_bytes()),
        "{}",
        String::from_utf8_lossy(&log)
    );
    let mut left = vec![folder.path().to_owned()];
    while let Some(path) = left.pop() {
        match path.is_dir() {
            true => left.extend(std::fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().path())),
            false => assert!(
                !holds(&std::fs::read(&path).unwrap(), KEY_CHECK_VALUE.as_bytes()),
                "{}",
                path.display()
            ),
        }
    }
}
