//! What others wrote: headers, servers, cryptsetup, and names that look like options.

use super::*;
use crate::support::fake::Reply;
use crate::support::keys::done_item;
use crate::support::luks::changed_cryptsetup;
use kmip_codec::enums::ResultReason;

const STEERING: &str = "\u{1b}[2J\u{1b}]0;x\u{7}\rok\u{9b}31m\u{202e}\n";

/// Nothing but printable characters and line ends of ours came out.
fn is_plain(output: &Output) -> bool {
    let text = words(output);
    text.lines().all(|line| {
        line.starts_with("keystead-unlock: ") && !line.contains(|c: char| c.is_control() || c == '\u{202e}')
    })
}

/// Whoever holds the disk writes its header: every field of a token, and tokens of no form at all.
#[test]
fn nothing_in_a_header_steers_the_terminal() {
    for field in ["uid", "volume", "servers", "state", "keyslots", "v"] {
        for text in [STEERING.to_owned(), "x".repeat(2500)] {
            let host = enrolled();
            let mut token = host.luks.tokens().pop().unwrap();
            token[field] = match field {
                "servers" => serde_json::json!([text]),
                "keyslots" => serde_json::json!(["1"]),
                _ => serde_json::json!(text),
            };
            host.luks.write_token(&token, Some("0"));
            for told in [timed(&host, &["--wait", "1"]).0, host.enroll(None)] {
                assert!(is_plain(&told), "{field}: {:?}", words(&told));
                assert!(words(&told).len() < 3000, "{field}: {}", words(&told).len());
            }
        }
    }
}

#[test]
fn nothing_that_a_server_says_steers_the_terminal() {
    for reason in [ResultReason::PermissionDenied, ResultReason::InternalServerError] {
        let host = enrolled();
        for text in [STEERING.to_owned(), "x".repeat(100_000)] {
            let hostile = Fake::start(&host.pki, move |_| {
                let mut item = done_item(Err(reason));
                item.result_message = Some(text.clone());
                Reply::Items(vec![item])
            });
            let (refused, _) = timed(&host, &["--server", &hostile.address.to_string(), "--wait", "1"]);
            assert!(is_plain(&refused), "{:?}", words(&refused));
            assert!(words(&refused).len() < 3000, "{}", words(&refused).len());
        }
    }
}

#[test]
fn nothing_that_cryptsetup_says_steers_the_terminal() {
    let host = enrolled();
    let bin = changed_cryptsetup(host.folder.path(), "open", "printf '\\033[2J\\rx\\n\\033c' >&2; exit 1");
    let failed = host.unlock(&["unlock", "--test-passphrase", host.luks.path()], Some(&bin));
    assert_eq!(failed.status.code(), Some(5));
    assert!(is_plain(&failed), "{:?}", words(&failed));
}

/// An identifier that a server gives is written into headers and onto standard output.
#[test]
fn a_key_that_a_server_names_by_nonsense_is_not_taken() {
    use kmip_codec::operations::{Request, Response};
    use kmip_codec::payloads::CreateResponse;
    let host = Host::with(|keys, request| {
        if !matches!(request.items.first().map(|item| &item.request), Some(Request::Create(_))) {
            return keys.answer(request);
        }
        let object_type = kmip_codec::enums::ObjectType::SymmetricKey;
        let made = CreateResponse { object_type, unique_identifier: STEERING.into(), attributes: None };
        let operation = Some(kmip_codec::operations::Operation::Create);
        let item = done_item(Ok(Response::Create(made)));
        Reply::Items(vec![kmip_codec::message::ResponseItem { operation, ..item }])
    });
    let refused = host.enroll(None);
    assert_eq!(refused.status.code(), Some(4), "{}", words(&refused));
    assert!(is_plain(&refused) && refused.stdout.is_empty(), "{:?}", words(&refused));
}

/// A volume, a key file and a mapping whose names begin with a dash.
#[test]
fn names_that_begin_with_a_dash_are_names() {
    let host = Host::new();
    let place = host.folder.path();
    std::fs::rename(&host.luks.file, place.join("-v.img")).unwrap();
    std::fs::rename(&host.luks.key_file, place.join("--key-file")).unwrap();
    let server = host.fake.address.to_string();
    let run = |args: &[&str]| {
        let args = [&["--server", &server], args].concat();
        host.command(&args, None).current_dir(place).output().unwrap()
    };
    let enrolled = run(&["enroll", "--existing-key-file=--key-file", "--", "-v.img"]);
    assert!(enrolled.status.success(), "{}", words(&enrolled));
    let opens = run(&["unlock", "--test-passphrase", "--", "-v.img"]);
    assert!(opens.status.success(), "{}", words(&opens));
    // Where there is no device-mapper the name at least was taken for one.
    let named = run(&["unlock", "--", "-v.img", "--keystead-test"]);
    let told = words(&named);
    assert!(named.status.success() || told.contains("device-mapper"), "{told}");
    if named.status.success() {
        assert!(
            Command::new("cryptsetup").args(["close", "--", "--keystead-test"]).status().unwrap().success()
        );
    }
    let id = run(&["get", "--", "-0"]);
    assert_eq!(id.status.code(), Some(4), "{}", words(&id));
}

/// Each was tried until the end of the wait.
#[test]
fn servers_that_can_never_be_reached_are_wrong_usage() {
    let host = enrolled();
    for (server, right) in [("https://kms:1/", "`kms:1`"), ("a..b", "HOST:PORT"), ("::1:5696", "[::1]:5696")]
    {
        let (refused, took) = timed(&host, &["--server", server]);
        assert_eq!(refused.status.code(), Some(2), "{server}: {}", words(&refused));
        assert!(words(&refused).contains(right), "{server}: {}", words(&refused));
        assert!(took < Duration::from_secs(4), "{took:?}");
        let mut command = host.command(&["unlock", "--test-passphrase", host.luks.path()], None);
        let refused = command.env("KEYSTEAD_SERVER", server).output().unwrap();
        assert_eq!(refused.status.code(), Some(2), "{server}: {}", words(&refused));
        let config = host.folder.path().join("client.toml");
        std::fs::write(&config, format!("servers = [{server:?}]")).unwrap();
        let (refused, _) = timed(&host, &["--config", config.to_str().unwrap()]);
        assert_eq!(refused.status.code(), Some(2), "{server}: {}", words(&refused));
        assert!(words(&refused).contains("client.toml"), "{server}: {}", words(&refused));
    }
}

/// The servers of a token are told where they are none, and the others are asked.
#[test]
fn a_token_with_a_wrong_server_beside_a_right_one_opens() {
    let host = enrolled();
    let mut token = host.luks.tokens().pop().unwrap();
    token["servers"] = serde_json::json!(["https://kms", host.fake.address.to_string(), "a..b"]);
    host.luks.write_token(&token, Some("0"));
    let (opens, _) = timed(&host, &[]);
    assert!(opens.status.success() && words(&opens).contains("`kms:5696`"), "{}", words(&opens));
    token["servers"] = serde_json::json!(["https://kms"]);
    host.luks.write_token(&token, Some("0"));
    let (none, took) = timed(&host, &[]);
    assert_eq!(none.status.code(), Some(2), "{}", words(&none));
    assert!(took < Duration::from_secs(4) && words(&none).contains("--server"), "{}", words(&none));
}

/// A link-local address is reached through an interface, and the certificate is for the address alone.
#[test]
fn a_link_local_address_has_a_zone() {
    let own = std::fs::read_to_string("/proc/net/if_inet6").unwrap_or_default();
    let link_local = own.lines().find(|line| line.starts_with("fe80"));
    let Some(line) = link_local else {
        return support::skip("this machine has no link-local address");
    };
    let mut fields = line.split_whitespace();
    let groups =
        fields.next().unwrap().as_bytes().chunks(4).map(|group| String::from_utf8(group.to_vec()).unwrap());
    let address = groups.collect::<Vec<_>>().join(":").parse::<std::net::Ipv6Addr>().unwrap();
    let zone = fields.next_back().unwrap();
    let host = enrolled();
    host.pki.server_for(&address.to_string());
    let index = u32::from_str_radix(line.split_whitespace().nth(1).unwrap(), 16).unwrap();
    let listener = TcpListener::bind(std::net::SocketAddrV6::new(address, 0, 0, index)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let keys = host.keys.clone();
    Fake::start_on(listener, &host.pki, move |request| keys.answer(request));
    let (opens, _) = timed(&host, &["--server", &format!("[{address}%{zone}]:{port}")]);
    assert!(opens.status.success(), "{}", words(&opens));
}

/// ZFS and fscrypt take the bytes.
#[test]
fn a_key_is_given_as_its_bytes() {
    let host = enrolled();
    let material = host.keys.0.lock().unwrap().first().unwrap().material.clone();
    let raw = host.unlock(&["get", "--raw", "0"], None);
    assert!(raw.status.success(), "{}", words(&raw));
    assert_eq!(raw.stdout, material);
    assert_eq!(host.unlock(&["get", "0"], None).stdout.len(), 44);
    // fscrypt has keys of 64 bytes, which open no volume.
    host.keys.0.lock().unwrap().first_mut().unwrap().material = vec![9; 64];
    assert_eq!(host.unlock(&["get", "--raw", "0"], None).stdout, [9; 64]);
    assert_eq!(host.unlock(&["get", "0"], None).status.code(), Some(4));
    host.keys.0.lock().unwrap().first_mut().unwrap().state = State::Deactivated;
    let refused = host.unlock(&["get", "--raw", "0"], None);
    assert_eq!((refused.status.code(), refused.stdout.len()), (Some(4), 0));
}

/// The same table stands in every help text.
#[test]
fn exit_codes_are_one_table() {
    let host = Host::new();
    let help = |args: &[&str]| {
        let text = String::from_utf8(host.unlock(args, None).stdout).unwrap();
        text.split_once("Exit codes: ").unwrap().1.split_whitespace().collect::<Vec<_>>().join(" ")
    };
    let all = help(&["--help"]);
    assert!(all.starts_with("0 done; 1 ") && all.contains("; 5 cryptsetup failed"), "{all}");
    assert_eq!((help(&["unlock", "--help"]), help(&["enroll", "--help"])), (all.clone(), all.clone()));
    assert_eq!(all.split("; 5 ").next(), help(&["get", "--help"]).strip_suffix('.'));
}
