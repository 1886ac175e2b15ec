//! An HSM that hangs: who needs it waits, and nobody else. No time is measured: the HSM hangs until all others have been
//! answered, and goes on then.

use super::*;
use kmip_codec::attributes::CryptographicParameters;
use kmip_codec::payloads::{
    DiscoverVersionsRequest, HashRequest, LocateRequest, PingRequest, QueryRequest, RNGRetrieveRequest,
};
use kmip_codec::value::Data;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::JoinHandle;

/// How many wait for the HSM at a time, each a client of its own: more than requests that run.
const WAITING: usize = 64;

/// A server whose HSM does what a script says.
struct Lab {
    folder: tempfile::TempDir,
    dev: Dev,
}

fn module(test: &Path) -> PathBuf {
    let name = "libkeystead_faulty_module.so";
    let found = test.ancestors().skip(1).take(2).map(|folder| folder.join(name)).find(|path| path.exists());
    found.expect("the faulty module is not built")
}

impl Lab {
    fn new(mode: &str, cache_seconds: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let place = folder.path().join("server");
        drop(Dev::start_quietly(&place));
        let config = std::fs::read_to_string(place.join("keystead.toml")).unwrap();
        let line = config.lines().find(|line| line.starts_with("module = ")).unwrap();
        let real = line.split('"').nth(1).unwrap();
        let faulty = module(&std::env::current_exe().unwrap());
        let changed = config
            .replace(line, &format!("module = {faulty:?}\ncall_timeout_seconds = 60"))
            .replace("mode = \"cached\"", &format!("mode = \"{mode}\""))
            .replace("cache_seconds = 300", &format!("cache_seconds = {cache_seconds}"));
        std::fs::write(place.join("keystead.toml"), changed).unwrap();
        let script = folder.path().join("script");
        let variables = [
            (keystead_faulty_module::MODULE, Path::new(real)),
            (keystead_faulty_module::SCRIPT, script.as_path()),
        ];
        let dev = Dev::in_environment(&place, &variables);
        Self { folder, dev }
    }

    /// From now on every call that opens something hangs, or none.
    fn hang(&self, hangs: bool) {
        self.follow(if hangs { "C_Decrypt * hang\nC_DecryptInit * hang\n" } else { "" });
    }

    /// From now on the HSM does what this script says.
    fn follow(&self, script: &str) {
        let half = self.folder.path().join("half");
        std::fs::write(&half, script).unwrap();
        std::fs::rename(half, self.folder.path().join("script")).unwrap();
    }

    /// Clients that wait for the HSM, each on its own connection; the number of those that were answered.
    fn wait(&self, request: &Request) -> (Vec<JoinHandle<ResponseItem>>, Arc<AtomicUsize>) {
        let answered = Arc::new(AtomicUsize::new(0));
        let mut wires: Vec<Wire> =
            (0..WAITING).map(|number| wire::connect(&self.dev, &format!("waiting {number}"))).collect();
        let spawn = |mut wire: Wire| {
            let (request, answered) = (request.clone(), Arc::clone(&answered));
            std::thread::spawn(move || {
                let item = ask(&mut wire, request);
                answered.fetch_add(1, Ordering::SeqCst);
                item
            })
        };
        (wires.drain(..).map(spawn).collect(), answered)
    }
}

/// What needs no key at all.
fn without_keys() -> Vec<Request> {
    vec![
        Request::Query(QueryRequest {
            functions: vec![QueryFunction::QueryOperations],
            ..Default::default()
        }),
        Request::DiscoverVersions(DiscoverVersionsRequest::default()),
        Request::Ping(PingRequest::default()),
        Request::RNGRetrieve(RNGRetrieveRequest { data_length: 16 }),
        Request::Hash(HashRequest {
            cryptographic_parameters: CryptographicParameters {
                hashing_algorithm: Some(HashingAlgorithm::SHA_256),
                ..Default::default()
            },
            data: Some(Data::Bytes(b"abc".to_vec().into())),
            ..Default::default()
        }),
    ]
}

/// All that is asked is answered, again and again, on a connection that was there and on new ones, before anybody who waits is.
fn answered_meanwhile(lab: &Lab, wire: &mut Wire, requests: &[Request], waiting: &AtomicUsize) {
    // Those who wait are there by now.
    std::thread::sleep(Duration::from_millis(500));
    for round in 0..20 {
        for request in requests {
            for item in
                [ask(wire, request.clone()), ask(&mut wire::connect(&lab.dev, "one"), request.clone())]
            {
                assert_eq!(item.result_status, ResultStatus::Success, "{round}: {item:?}");
            }
        }
    }
    assert_eq!(waiting.load(Ordering::SeqCst), 0, "the HSM hangs, and somebody was answered who needs it");
}

/// The keys are in memory: whoever asks whether the server is ready waits, and all keys are served.
#[test]
fn an_hsm_that_hangs_keeps_nobody_waiting_whose_keys_are_open() {
    let lab = Lab::new("cached", 300);
    let mut wire = wire::connect(&lab.dev, "one");
    let id = created(&mut wire);
    lab.hang(true);
    let ready = keystead::admin::protocol::payload(&keystead::admin::protocol::AdminRequest::Ready).unwrap();
    let (waiting, answered) = lab.wait(&Request::Unknown(keystead::admin::protocol::OPERATION, ready));
    let mut requests = without_keys();
    requests.push(Request::Get(GetRequest { unique_identifier: Some(id), ..GetRequest::default() }));
    requests.push(Request::Create(key()));
    requests.push(Request::Locate(LocateRequest::default()));
    answered_meanwhile(&lab, &mut wire, &requests, &answered);
    lab.hang(false);
    for one in waiting {
        let item = one.join().unwrap();
        assert_eq!(item.result_status, ResultStatus::Success, "{item:?}");
    }
}

/// Every key is opened for each request: what needs none is answered all the same.
#[test]
fn an_hsm_that_hangs_keeps_nobody_waiting_who_needs_no_key() {
    let lab = Lab::new("strict", 300);
    let mut wire = wire::connect(&lab.dev, "one");
    created(&mut wire);
    lab.hang(true);
    let (waiting, answered) = lab.wait(&Request::Create(key()));
    answered_meanwhile(&lab, &mut wire, &without_keys(), &answered);
    lab.hang(false);
    for one in waiting {
        let item = one.join().unwrap();
        assert_eq!(item.result_status, ResultStatus::Success, "{item:?}");
    }
}

/// The keys are not in memory any more, and many ask at the same moment: the HSM opens the key once for all of them.
#[test]
fn many_who_wait_for_a_key_are_one_call_of_the_hsm() {
    let lab = Lab::new("cached", 2);
    created(&mut wire::connect(&lab.dev, "one"));
    std::thread::sleep(Duration::from_secs(3));
    lab.follow("C_Decrypt * hang\n");
    let (waiting, answered) = lab.wait(&Request::Create(key()));
    std::thread::sleep(Duration::from_secs(1));
    assert_eq!(answered.load(Ordering::SeqCst), 0, "the HSM hangs, and somebody has a key of it");
    // What hangs goes on, and few further calls do.
    lab.follow("C_Decrypt 5- hang\n");
    let is_over = (0..300).any(|_| {
        std::thread::sleep(Duration::from_millis(100));
        answered.load(Ordering::SeqCst) == WAITING
    });
    lab.hang(false);
    assert!(is_over, "they wait for calls of their own");
    for one in waiting {
        let item = one.join().unwrap();
        assert_eq!(item.result_status, ResultStatus::Success, "{item:?}");
    }
}
