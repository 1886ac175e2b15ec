//! Personas against a real server: what `keystead client show` says, credentials, and configurations that do not fit.

use crate::support::dev::{Dev, told};
use crate::support::wire::{self, Wire};
use keystead::authenticate::password_hash;
use kmip_codec::attributes::{Attribute, AttributeFilter, Name};
use kmip_codec::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, ObjectType, ResultReason, ResultStatus,
};
use kmip_codec::message::{
    Authentication, Credential, RequestMessage, ResponseItem, ResponseMessage, UsernameAndPassword,
};
use kmip_codec::operations::{Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::version::{V1_0, V1_4};
use serde_json::Value;
use std::process::{Command, Output, Stdio};

const PASSWORD: &str = "yabba-dabba-7431";

/// Clients under every kind of persona. The file ends with what is given.
fn configuration() -> String {
    let hash = password_hash(PASSWORD.as_bytes(), &[3; 16]);
    format!(
        r#"
[[groups]]
name = "arrays"
members = ["shared", "needing", "refusing"]
persona = "fortigate"
disclose = true

[[personas]]
name = "by-user"
based_on = "synology"
switches = {{ credentials = "identify", lease_seconds = 60 }}

[[personas]]
name = "with-password"
switches = {{ credentials = "require" }}

[[clients]]
name = "shared"
persona = "by-user"

[[clients]]
name = "needing"
persona = "with-password"

[[clients]]
name = "refusing"
persona = "strict"

[[clients]]
name = "old"
persona = "db2"

[[credentials]]
name = "fred"
username = "Fred"
password = "{hash}"

[[credentials]]
name = "barney"
username = "Barney"
password = "{hash}"
clients = ["shared"]
"#
    )
}

fn server(folder: &std::path::Path) -> Dev {
    Dev::configured(&folder.join("s"), &[("", &configuration())])
}

fn show(dev: &Dev, name: &str) -> Value {
    serde_json::from_str(&told(dev.keystead("admin", &["client", "show", name, "--json"]))).unwrap()
}

fn switch(shown: &Value, name: &str) -> (String, String) {
    let row = shown["switches"].as_array().unwrap().iter().find(|row| row["switch"] == name).unwrap();
    (row["value"].as_str().unwrap().to_owned(), row["from"].as_str().unwrap().to_owned())
}

#[test]
fn client_show_tells_every_switch_and_where_it_comes_from() {
    let folder = tempfile::tempdir().unwrap();
    let dev = server(folder.path());
    let shown = show(&dev, "shared");
    assert_eq!((shown["persona"].as_str(), shown["groups"][0].as_str()), (Some("by-user"), Some("arrays")));
    let expect = |name: &str, value: &str, from: &str| {
        assert_eq!(switch(&shown, name), (value.to_owned(), from.to_owned()), "{name}");
    };
    expect("credentials", "identify", "persona \"by-user\"");
    expect("lease_seconds", "60", "persona \"by-user\"");
    expect("replacement_lease_seconds", "60", "persona \"by-user\"");
    expect("activation", "client", "persona \"synology\"");
    expect("disclose", "true", "group \"arrays\"");
    expect("trailing_nuls", "keep", "the specification");
    assert_eq!(switch(&show(&dev, "old"), "lease_seconds").1, "objects.lease_seconds");
    let text = told(dev.keystead("admin", &["client", "show", "shared"]));
    for word in ["persona \"by-user\"", "in group \"arrays\"", "credentials", "identify"] {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
    let stranger = dev.keystead("admin", &["client", "show", "nobody"]);
    assert_eq!(stranger.status.code(), Some(4), "a misspelt name is no client");
    told(dev.keystead("admin", &["client", "add", "nobody", "--out", folder.path().to_str().unwrap()]));
    assert_eq!(show(&dev, "nobody")["certificates"][0]["name"], "nobody");
    assert_eq!(
        dev.keystead("client", &["client", "show", "shared"]).status.code(),
        Some(4),
        "no administrator"
    );
}

fn create(name: &str) -> Request {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text(name)),
    ];
    Request::Create(CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into(),
        ..CreateRequest::default()
    })
}

fn locate(name: &str) -> Request {
    let attributes = AttributeFilter([Attribute::Name(Name::text(name))].into());
    Request::Locate(LocateRequest { attributes: Some(attributes), ..LocateRequest::default() })
}

fn found(item: ResponseItem) -> usize {
    match item.response {
        Some(Response::Locate(answer)) => answer.unique_identifiers.len(),
        other => panic!("{other:?}"),
    }
}

/// One request under a user name and a password, or under none.
fn ask(wire: &mut Wire, user: Option<(&str, &str)>, request: Request) -> ResponseItem {
    let mut message = RequestMessage::new(V1_4, vec![request.into()]);
    message.header.authentication = user.map(|(name, password)| Authentication {
        credentials: vec![Credential::UsernameAndPassword(UsernameAndPassword {
            username: name.to_owned(),
            password: Some(password.to_owned().into()),
        })],
    });
    let bytes = wire.exchange(&message.to_bytes()).unwrap();
    ResponseMessage::from_bytes(&bytes).unwrap().items.remove(0)
}

/// Without the check in `CredentialStore::judge`, or with one that looks at the name alone, this is red.
#[test]
fn a_credential_that_is_asked_for_is_checked_with_every_request() {
    let folder = tempfile::tempdir().unwrap();
    let dev = server(folder.path());
    let refused = Some(ResultReason::AuthenticationNotSuccessful);
    let mut wire = wire::connect(&dev, "needing");
    for _ in 0..2 {
        assert_eq!(ask(&mut wire, None, locate("x")).result_reason, refused, "none");
        assert_eq!(ask(&mut wire, Some(("Fred", "wrong")), locate("x")).result_reason, refused, "wrong");
        assert_eq!(ask(&mut wire, Some(("Wilma", PASSWORD)), locate("x")).result_reason, refused, "unknown");
        let barney = ask(&mut wire, Some(("Barney", PASSWORD)), locate("x"));
        assert_eq!(barney.result_reason, refused, "goes with another certificate");
        assert_eq!(ask(&mut wire, Some(("Fred", PASSWORD)), locate("x")).result_reason, None);
    }
    let mut wire = wire::connect(&dev, "refusing");
    assert_eq!(ask(&mut wire, Some(("Fred", PASSWORD)), locate("x")).result_reason, refused);
    assert_eq!(ask(&mut wire, None, locate("x")).result_reason, None);
    let mut wire = wire::connect(&dev, "anybody");
    assert_eq!(ask(&mut wire, Some(("Fred", "wrong")), locate("x")).result_reason, None, "it has no effect");
}

#[test]
fn users_of_one_certificate_own_what_they_make() {
    let folder = tempfile::tempdir().unwrap();
    let dev = server(folder.path());
    let mut wire = wire::connect(&dev, "shared");
    let (fred, barney) = (Some(("Fred", PASSWORD)), Some(("Barney", PASSWORD)));
    assert_eq!(ask(&mut wire, fred, create("disk")).result_status, ResultStatus::Success);
    assert_eq!(found(ask(&mut wire, fred, locate("disk"))), 1);
    assert_eq!(found(ask(&mut wire, barney, locate("disk"))), 0);
    assert_eq!(
        ask(&mut wire, barney, create("disk")).result_status,
        ResultStatus::Success,
        "names are theirs"
    );
    let reason = ask(&mut wire, None, locate("disk")).result_reason;
    assert_eq!(reason, Some(ResultReason::AuthenticationNotSuccessful));
}

/// At the most talkative level, and in every file of the server: no password, right or wrong.
#[test]
fn no_password_is_written_anywhere() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("s");
    drop(Dev::configured(&place, &[("", &configuration()), ("level = \"info\"", "level = \"trace\"")]));
    let log = std::fs::File::create(place.join("log")).unwrap();
    let dev = Dev::logging(&place, log);
    for client in ["needing", "shared", "refusing", "anybody"] {
        let mut wire = wire::connect(&dev, client);
        for password in [PASSWORD, "wrong-guess-9920"] {
            ask(&mut wire, Some(("Fred", password)), locate("x"));
        }
    }
    drop(dev);
    let log = std::fs::read_to_string(place.join("log")).unwrap();
    assert!(log.contains("Fred"), "the log shows that there was a credential");
    let mut files = vec![place];
    while let Some(path) = files.pop() {
        if path.is_dir() {
            files.extend(std::fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            continue;
        }
        let bytes = std::fs::read(&path).unwrap();
        for word in [PASSWORD, "wrong-guess-9920"] {
            let there = bytes.windows(word.len()).any(|window| window == word.as_bytes());
            assert!(!there, "a password is in {}", path.display());
        }
    }
}

/// One old client ends its texts with NUL bytes; for everybody else they are part of the text.
#[test]
fn trailing_nuls_are_stripped_for_the_client_that_sends_them() {
    let folder = tempfile::tempdir().unwrap();
    let dev = server(folder.path());
    let mut old = wire::connect(&dev, "old");
    assert_eq!(ask(&mut old, None, create("DB2_MASTER_KEY\0\0")).result_status, ResultStatus::Success);
    for label in ["DB2_MASTER_KEY", "DB2_MASTER_KEY\0", "DB2_MASTER_KEY\0\0\0"] {
        assert_eq!(found(ask(&mut old, None, locate(label))), 1, "{label:?}");
    }
    let again = ask(&mut old, None, create("DB2_MASTER_KEY"));
    assert_eq!(again.result_status, ResultStatus::OperationFailed, "labels are unique");
    let mut other = wire::connect(&dev, "another");
    assert_eq!(ask(&mut other, None, create("label\0")).result_status, ResultStatus::Success);
    assert_eq!(found(ask(&mut other, None, locate("label"))), 0);
    assert_eq!(found(ask(&mut other, None, locate("label\0"))), 1);
}

#[test]
fn the_hash_of_a_password_goes_into_the_configuration() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
    command.args(["client", "password"]).stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = command.spawn().unwrap();
    std::io::Write::write_all(&mut child.stdin.take().unwrap(), b"open sesame\n").unwrap();
    let hash = told(child.wait_with_output().unwrap());
    let salt = hex::decode(hash.split(':').nth(2).unwrap()).unwrap();
    assert_eq!(hash, password_hash(b"open sesame", salt.as_slice().try_into().unwrap()));
}

/// What is wrong in a configuration, and what the server says as it does not start.
const WRONG: &[(&str, &[&str])] = &[
    (
        "[[clients]]\nname = \"a\"\npersona = \"vmwar\"",
        &["clients[0].persona = \"vmwar\"", "did you mean \"vmware\"?"],
    ),
    ("[[groups]]\nname = \"g\"\npersona = \"none\"", &["groups[0].persona = \"none\"", "no such persona"]),
    (
        "[[personas]]\nname = \"p\"\nswitches = { leniency = true }",
        &["unknown field", "leniency", "locate_order"],
    ),
    (
        "[[personas]]\nname = \"p\"\nswitches = { names = \"any\" }",
        &["personas[0].switches.names = \"any\"", "no such value", "unique"],
    ),
    (
        "[[personas]]\nname = \"p\"\nbased_on = \"q\"",
        &["personas[0].based_on = \"q\"", "no such built-in persona"],
    ),
    ("[[personas]]\nname = \"vmware\"", &["personas[0].name = \"vmware\"", "built-in persona has this name"]),
    (
        "[[groups]]\nname = \"g\"\nmembers = [\"a\"]\npersona = \"db2\"\n\
         [[groups]]\nname = \"h\"\nmembers = [\"a\"]\npersona = \"vast\"",
        &["groups[1].persona = \"vast\"", "\"a\" has the persona \"db2\" by group \"g\"", "[[clients]]"],
    ),
    (
        "[[clients]]\nname = \"a\"\npersona = \"db2\"\n[[clients]]\nname = \"a\"\npersona = \"vast\"",
        &["clients[1].name = \"a\"", "clients[0] has the same"],
    ),
    (
        "[[personas]]\nname = \"p\"\nswitches = { credentials = \"require\" }\n\
         [[clients]]\nname = \"a\"\npersona = \"p\"",
        &["clients[0].persona = \"p\"", "asks the client \"a\" for credentials", "no [[credentials]]"],
    ),
    (
        "[[personas]]\nname = \"p\"\nswitches = { credentials = \"identify\" }\n\
         [[groups]]\nname = \"g\"\nmembers = [\"b\", \"a\"]\npersona = \"p\"\n\
         [[credentials]]\nname = \"c\"\nusername = \"u\"\nclients = [\"b\"]\npassword = \"HASH\"",
        &[
            "groups[0].persona = \"p\"",
            "asks the client \"a\" for credentials",
            "no [[credentials]] that it may show",
        ],
    ),
    (
        "[[credentials]]\nname = \"c\"\nusername = \"u\"\npassword = \"in clear\"",
        &["credentials[0].password", "no hash", "keystead client password"],
    ),
    ("[[credentials]]\nname = \"c\"\npassword = \"x\"", &["credentials[0]", "username or device"]),
];

#[test]
fn personas_that_do_not_fit_together_stop_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("s");
    drop(Dev::start_quietly(&place));
    let file = place.join("keystead.toml");
    let config = std::fs::read_to_string(&file).unwrap();
    let start = || -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
        command.args(["dev", "--listen", "127.0.0.1:0", "--dir"]).arg(&place).output().unwrap()
    };
    let hash = password_hash(b"yabba-dabba-7431", &[3; 16]);
    for (wrong, words) in WRONG {
        std::fs::write(&file, format!("{config}\n{wrong}\n").replace("HASH", &hash)).unwrap();
        let output = start();
        let text = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(10), "{wrong}\n{text}");
        for word in *words {
            assert!(text.contains(word), "{word:?} is not in {text}");
        }
    }
}

/// Two entries that only a certificate brings together: it is let in by neither.
#[test]
fn a_certificate_with_two_personas_is_not_let_in() {
    let folder = tempfile::tempdir().unwrap();
    let place = folder.path().join("s");
    let dev = Dev::start_quietly(&place);
    let pair = wire::ca(&dev).client("two", 1).unwrap();
    drop(dev);
    let der = rustls::pki_types::pem::PemObject::from_pem_slice(pair.certificate.as_bytes());
    let der: rustls::pki_types::CertificateDer<'_> = der.unwrap();
    let entries = format!(
        "[[clients]]\nname = \"two\"\npersona = \"db2\"\n\
         [[clients]]\nname = \"sha256:{}\"\npersona = \"vast\"\n",
        keystead::authenticate::fingerprint(&der)
    );
    let dev = Dev::configured(&place, &[("", &entries)]);
    let message = RequestMessage::new(V1_0, vec![locate("x").into()]).to_bytes();
    assert!(wire::connect_with(&dev, Some(&pair)).exchange(&message).is_err());
    assert!(wire::connect(&dev, "other").exchange(&message).is_ok());
}
