//! The server is killed with SIGKILL again and again under eight writing clients; after each restart every object whose
//! Create was answered is there, whole, and found by its name.
//!
//! 100 kills, half of them on each engine; `KEYSTEAD_SOAK=1` makes them 10,000.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod support;

use keystead::client::{Client, ServerAddress, Settings};
use kmip_codec::attributes::{Attribute, AttributeList, Name};
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType};
use kmip_codec::payloads::{CreateRequest, GetRequest, LocateRequest};
use kmip_codec::value::UniqueIdentifier;
use rustix::process::{Pid, Signal, kill_process};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use support::dev::Dev;

const CLIENTS: usize = 8;

/// How many of the older objects are looked at after each restart.
const SAMPLE: usize = 10;

#[test]
fn nothing_acknowledged_is_lost_on_redb() {
    kill_again_and_again("redb");
}

#[test]
fn nothing_acknowledged_is_lost_on_sled() {
    kill_again_and_again("sled");
}

fn kills() -> usize {
    if std::env::var_os("KEYSTEAD_SOAK").is_some() { 5_000 } else { 50 }
}

/// An object that the server has acknowledged.
#[derive(Clone)]
struct Made {
    id: String,
    name: String,
}

fn kill_again_and_again(engine: &str) {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start(folder.path()));
    let config = folder.path().join("keystead.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("engine = \"redb\"", &format!("engine = \"{engine}\""))).unwrap();
    let mut made: Vec<Made> = Vec::new();
    for cycle in 0..kills() {
        let dev = Dev::start_quietly(folder.path());
        check(&dev, made.iter().rev().step_by(made.len() / SAMPLE + 1));
        let new = write_until_killed(&dev, cycle);
        drop(dev);
        let dev = Dev::start_quietly(folder.path());
        check(&dev, new.iter());
        made.extend(new);
    }
    assert!(made.len() > kills() * 4, "only {} objects were made", made.len());
    let dev = Dev::start_quietly(folder.path());
    check(&dev, made.iter());
}

fn client(dev: &Dev) -> Client {
    let file = |name: &str| dev.folder.join(name);
    let server: ServerAddress = dev.address.parse().unwrap();
    Client::new(
        Settings::read(vec![server], &file("client.pem"), &file("client.key"), &file("ca.pem")).unwrap(),
    )
}

/// Clients make keys as fast as they can; the server is killed at a moment that differs from cycle to cycle.
fn write_until_killed(dev: &Dev, cycle: usize) -> Vec<Made> {
    let (made, dead) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for writer in 0..CLIENTS {
            let (made, dead) = (&made, &dead);
            scope.spawn(move || {
                let mut client = client(dev);
                for number in 0.. {
                    let name = format!("{cycle}/{writer}/{number}");
                    match client.call(create(&name)) {
                        Ok(answer) => {
                            made.lock().unwrap().push(Made { id: text(&answer.unique_identifier), name })
                        }
                        Err(_) if dead.load(Ordering::SeqCst) => return,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(40 + (cycle as u64 * 37) % 80));
        dead.store(true, Ordering::SeqCst);
        kill_process(Pid::from_raw(dev.pid()).unwrap(), Signal::KILL).unwrap();
    });
    made.into_inner().unwrap()
}

fn create(name: &str) -> CreateRequest {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text(name)),
    ];
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into(),
        ..Default::default()
    }
}

fn text(id: &UniqueIdentifier) -> String {
    match id {
        UniqueIdentifier::Text(id) => id.clone(),
        other => panic!("{other:?}"),
    }
}

/// Each object opens, and its name leads to it.
fn check<'a>(dev: &Dev, objects: impl Iterator<Item = &'a Made>) {
    let mut client = client(dev);
    for Made { id, name } in objects {
        let get = GetRequest { unique_identifier: Some(id.as_str().into()), ..Default::default() };
        let object = client.call(get).unwrap_or_else(|error| panic!("{name}: {error}")).object;
        assert_eq!(object.key_block().and_then(|block| block.cryptographic_length), Some(256), "{name}");
        let filter = AttributeList([Attribute::Name(Name::text(name.as_str()))].into());
        let locate = LocateRequest { attributes: Some(filter), ..Default::default() };
        let found = client.call(locate).unwrap().unique_identifiers;
        assert_eq!(found.iter().map(text).collect::<Vec<_>>(), [id.as_str()], "{name}");
    }
}
