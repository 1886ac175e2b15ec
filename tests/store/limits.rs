//! Limits of the system that change while the server runs: how large files may be, and how many may be open. What they refuse is
//! told by its cause, all else goes on, and nothing is left of them when they are lifted.

use super::server::{create, error, get, got, is_ready, within_5_seconds};
use crate::support::dev::{Dev, told};
use crate::support::wire::{self, Wire};
use keystead::admin::protocol::{self, AdminRequest, OPERATION};
use keystead::pki::Pair;
use kmip_codec::enums::ResultStatus;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::Request;
use kmip_codec::payloads::GetRequest;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use rustix::process::{Pid, Resource, Rlimit, getrlimit, prlimit};
use std::time::Duration;

/// Sets the soft limit of a running server, and the hard one with it where there is one.
fn limit(dev: &Dev, what: Resource, most: Option<u64>, hard: Option<u64>) {
    prlimit(Pid::from_raw(dev.pid()), what, Rlimit { current: most, maximum: hard }).unwrap();
}

fn ready(dev: &Dev) -> serde_json::Value {
    serde_json::from_slice(&dev.keystead("admin", &["ready", "--json"]).stdout).unwrap()
}

fn ask(wire: &mut Wire, request: Request) -> ResponseItem {
    let bytes = wire.exchange(&RequestMessage::new(V2_1, vec![request.into()]).to_bytes()).unwrap();
    ResponseMessage::from_bytes(&bytes).unwrap().items.remove(0)
}

fn asked_for(key: &str) -> Request {
    let unique_identifier = Some(UniqueIdentifier::Text(key.to_owned()));
    Request::Get(GetRequest { unique_identifier, ..GetRequest::default() })
}

/// SIGXFSZ ends a process that is not prepared for it, without a word.
#[test]
fn files_that_may_not_grow_are_a_lack_of_room() {
    for engine in ["redb", "sled"] {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::start_quietly(folder.path());
        let dev = if engine == "sled" { on_sled(dev) } else { dev };
        let key = told(create(&dev));
        let bytes = got(&dev, &key);
        let file = if engine == "sled" { "store/sled/db" } else { "store/store.redb" };
        let size = std::fs::metadata(folder.path().join(file)).unwrap().len();
        for most in [size, 4096] {
            limit(&dev, Resource::Fsize, Some(most), None);
            within_5_seconds("noticed", || !is_ready(&dev));
            let refused = create(&dev);
            assert!(error(&refused).contains("has to raise a limit"), "{engine} {most}: {}", error(&refused));
            let reason = ready(&dev)["writes"]["reason"].as_str().unwrap().to_owned();
            assert!(reason.contains("LimitFSIZE=") && reason.contains("larger"), "{engine} {most}: {reason}");
            for _ in 0..20 {
                assert_eq!(got(&dev, &key), bytes, "{engine} {most}: reads go on");
            }
            limit(&dev, Resource::Fsize, None, None);
            within_5_seconds("writes go on", || create(&dev).status.success());
            within_5_seconds("ready", || is_ready(&dev));
        }
        // Not one byte of any file: reads cannot be entered in the audit.
        limit(&dev, Resource::Fsize, Some(0), None);
        within_5_seconds("noticed", || !is_ready(&dev));
        let refused = get(&dev, &key);
        assert!(error(&refused).contains("has to raise a limit"), "{engine}: {}", error(&refused));
        assert!(ready(&dev)["audit"]["reason"].as_str().unwrap().contains("LimitFSIZE="), "{engine}");
        limit(&dev, Resource::Fsize, None, None);
        within_5_seconds("reads go on", || get(&dev, &key).status.success());
        within_5_seconds("ready", || is_ready(&dev));
        drop(dev);
        assert_eq!(got(&Dev::start_quietly(folder.path()), &key), bytes);
    }
}

fn on_sled(dev: Dev) -> Dev {
    let folder = dev.folder.clone();
    drop(dev);
    let config = folder.join("keystead.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("engine = \"redb\"", "engine = \"sled\"")).unwrap();
    std::fs::remove_dir_all(folder.join("store")).unwrap();
    std::fs::create_dir(folder.join("store")).unwrap();
    std::fs::write(folder.join("store/begin-anew"), "").unwrap();
    Dev::start_quietly(&folder)
}

/// The journal of reads goes from segment to segment without opening a file; what needs one is told by that cause.
#[test]
fn reads_on_connections_that_are_open_need_no_further_file() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let key = told(create(&dev));
    let read = |name: &str| std::fs::read_to_string(folder.path().join(name)).unwrap();
    let pair = Pair { certificate: read("client.pem"), key: read("client.key") };
    let mut wire = wire::connect_with(&dev, Some(&pair));
    assert_eq!(ask(&mut wire, asked_for(&key)).result_status, ResultStatus::Success);
    limit(&dev, Resource::Nofile, Some(10), Some(10));
    for round in 0..60 {
        let item = ask(&mut wire, asked_for(&key));
        assert_eq!(item.result_status, ResultStatus::Success, "{round}: {:?}", item.result_message);
        std::thread::sleep(Duration::from_millis(20));
    }
    let item = ask(&mut wire, Request::Unknown(OPERATION, protocol::payload(&AdminRequest::Ready).unwrap()));
    let told = format!("{item:?}");
    assert!(told.contains("no file can be opened") && told.contains("LimitNOFILE="), "{told}");
    drop(dev);
    assert_eq!(got(&Dev::start_quietly(folder.path()), &key).len(), 32);
}

#[test]
fn a_limit_of_open_files_that_was_lowered_is_raised_again() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let key = told(create(&dev));
    let now = getrlimit(Resource::Nofile).maximum;
    limit(&dev, Resource::Nofile, Some(10), now);
    within_5_seconds("raised", || is_ready(&dev) && get(&dev, &key).status.success());
}

/// Standard error on a disk that is full, or a pipe whose reader has gone: the server goes on without its log, and its exit codes
/// stay what they are.
#[test]
fn a_log_that_takes_nothing_stops_nothing() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let (reader, broken) = std::io::pipe().unwrap();
    drop(reader);
    for log in [full(), std::fs::File::from(std::os::fd::OwnedFd::from(broken))] {
        let dev = Dev::logging(folder.path(), log);
        let key = told(create(&dev));
        // Each of these writes lines to the log, from several threads.
        let (store, away) = (folder.path().join("store"), folder.path().join("away"));
        std::fs::rename(&store, &away).unwrap();
        within_5_seconds("noticed", || !is_ready(&dev));
        assert!(!get(&dev, &key).status.success() && !create(&dev).status.success());
        dev.reload();
        std::fs::rename(&away, &store).unwrap();
        within_5_seconds("ready", || is_ready(&dev));
        told(create(&dev));
        assert_eq!(got(&dev, &key).len(), 32);
        dev.terminate();
        let mut dev = dev;
        assert_eq!(dev.wait().code(), Some(0));
    }
    for (args, code) in [(&["serve", "--config", "/nowhere"][..], 10), (&["dev", "--dir", "/proc/none"], 16)]
    {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_keystead"));
        let status = command.args(args).stdout(full()).stderr(full()).status().unwrap();
        assert_eq!(status.code(), Some(code), "{args:?}");
    }
}
