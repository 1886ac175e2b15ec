//! A whole server under load: Get requests a second on one connection and on sixteen, and Creates a second on sixteen.
//! Figures to compare in one run on one machine; not a test.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a benchmark: it stops where it stands, and prints figures"
)]

use keystead::client::{Client, ServerAddress, Settings};
use kmip_codec::attributes::{Attribute, AttributeFilter, Attributes, Name};
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType};
use kmip_codec::payloads::{CreateRequest, GetRequest, LocateRequest};
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long each figure is measured.
const TIME: Duration = Duration::from_secs(5);

struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
        command.args(["dev", "--listen", "127.0.0.1:0", "--dir"]).arg(folder);
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let line = BufReader::new(child.stdout.take().unwrap()).lines().next().unwrap().unwrap();
        Self { child, address: line.trim_start_matches("ready ").to_owned() }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn main() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path());
    let client = || {
        let file = |name: &str| folder.path().join(name);
        let address: ServerAddress = server.address.parse().unwrap();
        let settings =
            Settings::read(vec![address], &file("client.pem"), &file("client.key"), &file("ca.pem"));
        Client::new(settings.unwrap())
    };
    let id = client().call(create("")).unwrap().unique_identifier;
    let get = || GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() };
    for connections in [1, 16] {
        let rate = measure(connections, &client, &|client| drop(client.call(get()).unwrap()));
        println!("Get on {connections} connection(s): {rate:.0}/s");
    }
    let rate = measure(16, &client, &|client| drop(client.call(create("")).unwrap()));
    println!("Create on 16 connections: {rate:.0}/s");
    locate(&client);
}

/// Locate by name among few keys, and among many: an index serves it, so the two are to be alike.
fn locate(client: &(dyn Fn() -> Client + Sync)) {
    client().call(create("the one")).unwrap();
    let by_name = || LocateRequest {
        attributes: Some(AttributeFilter([Attribute::Name(Name::text("the one"))].into())),
        ..LocateRequest::default()
    };
    let made = AtomicU64::new(0);
    for keys in [10_000, 100_000] {
        std::thread::scope(|scope| {
            for _ in 0..16 {
                scope.spawn(|| {
                    let mut client = client();
                    while made.fetch_add(1, Ordering::Relaxed) < keys {
                        let name = format!("key {}", made.load(Ordering::Relaxed));
                        // Two threads may see the same number: the second name is taken, and one key is fewer.
                        let _ = client.call(create(&name));
                    }
                });
            }
        });
        let rate = measure(1, client, &|client| {
            assert_eq!(client.call(by_name()).unwrap().unique_identifiers.len(), 1);
        });
        println!("Locate by name among {keys} named keys on 1 connection: {rate:.0}/s");
    }
}

/// A request for a key; without a name where that is empty.
fn create(name: &str) -> CreateRequest {
    let mut attributes = vec![
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    if !name.is_empty() {
        attributes.push(Attribute::Name(Name::text(name)));
    }
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into_iter().collect::<Attributes>().into(),
        ..Default::default()
    }
}

/// Requests a second, each connection asking as fast as it is answered.
fn measure(
    connections: usize,
    client: &(dyn Fn() -> Client + Sync),
    ask: &(dyn Fn(&mut Client) + Sync),
) -> f64 {
    let (done, count) = (AtomicBool::new(false), AtomicU64::new(0));
    let begin = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..connections {
            scope.spawn(|| {
                let mut client = client();
                while !done.load(Ordering::Relaxed) {
                    ask(&mut client);
                    count.fetch_add(1, Ordering::Relaxed);
                }
            });
        }
        std::thread::sleep(TIME);
        done.store(true, Ordering::Relaxed);
    });
    count.load(Ordering::Relaxed) as f64 / begin.elapsed().as_secs_f64()
}
