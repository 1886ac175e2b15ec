//! Administrative jobs against themselves and each other, on a real server with SoftHSM: three at once, the command
//! interrupted, the server killed, stopped and started, and all of it repeated. Afterwards the server starts, every key
//! opens, one master key is in use, and a name has one current key and one good certificate at most.
//!
//! 60 rounds; `KEYSTEAD_SOAK=1` makes them 1,000. `KEYSTEAD_SEED` draws other ones.

mod starts;
mod whole;
mod work;

use crate::support::dev::{Dev, told};
use crate::support::typed::{ask_as, create, pair_of};
use crate::support::wire;
use keystead::pki::Pair;
use kmip_codec::value::UniqueIdentifier;
use starts::Start;
use std::path::{Path, PathBuf};
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;
use work::{Job, Running};

/// Rounds in CI, and with `KEYSTEAD_SOAK=1`.
const ROUNDS: (u32, u32) = (60, 1_000);

/// How many moments the server is killed at, and how far they lie apart.
const MOMENTS: u32 = 20;
const APART: Duration = Duration::from_millis(6);

/// What happens meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    ClientsKilled,
    ServerKilled,
    ServerStopped,
}

/// The faults of the rounds, in turns.
const FAULTS: [Fault; 5] =
    [Fault::ServerKilled, Fault::None, Fault::ServerKilled, Fault::ClientsKilled, Fault::ServerStopped];

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }

    fn one_of<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len() as u64) as usize]
    }
}

/// A server, and what was made on it.
struct Place {
    dev: Option<Dev>,
    folder: tempfile::TempDir,
    /// A key of `client` that nothing is done to, and its bytes as the command tells them.
    kept: (&'static str, String),
    /// A key of `host`, whose certificates come and go.
    key: UniqueIdentifier,
    /// Keys of `client` that the server rotates by itself.
    series: Vec<whole::Series>,
    /// How many certificates were asked for: each goes into a folder of its own.
    asked: u32,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let limits = ("level = \"info\"", "level = \"info\"\n\n[limits]\ndate_check_seconds = 1");
        let dev = Dev::configured(&folder.path().join("server"), &[limits]);
        let first = wire::ca(&dev).client("host", 1).unwrap();
        let key = ask_as(&dev, &first, create()).unwrap().unique_identifier;
        told(dev.keystead("client", &["key", "create", "--name", "kept"]));
        let kept = ("kept", told(dev.keystead("client", &["key", "get", "--json", "kept"])));
        let client = pair_of(&dev, "client");
        let series = (0..whole::SERIES).map(|number| whole::Series::begin(&dev, &client, number)).collect();
        Self { dev: Some(dev), folder, kept, key, series, asked: 0 }
    }

    fn dev(&self) -> &Dev {
        self.dev.as_ref().unwrap()
    }

    fn server_folder(&self) -> PathBuf {
        self.folder.path().join("server")
    }

    /// A folder for a certificate.
    fn out(&mut self) -> PathBuf {
        self.asked += 1;
        let out = self.folder.path().join(format!("out{}", self.asked));
        std::fs::create_dir(&out).unwrap();
        out
    }

    fn command(&self, args: &[&str]) -> Child {
        let mut command = self.dev().command(env!("CARGO_BIN_EXE_keystead"), "admin");
        command.args(args).stdout(Stdio::null()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Signs a certificate for `host` in the place of all others.
    fn add(&mut self) -> (Child, PathBuf) {
        let out = self.out();
        (self.command(&["client", "add", "host", "--replace", "--out", out.to_str().unwrap()]), out)
    }
}

/// The pair that `client add` has written down.
fn written(out: &Path) -> Option<Pair> {
    let read = |end: &str| std::fs::read_to_string(out.join(format!("host.{end}"))).ok();
    Some(Pair { certificate: read("pem")?, key: read("key")? })
}

/// One round: three jobs at once, with the fault; then the server starts, and what it says is so.
fn round(place: &mut Place, jobs: [Job; 3], fault: Fault, wait: Duration, start: Start) {
    // A certificate to begin with, whatever was before.
    let (mut first, out) = place.add();
    assert!(first.wait().unwrap().success());
    let current = written(&out).unwrap();
    let epoch = whole::epoch(place.dev());
    let mut running = Running::start(place, jobs, &current);
    running.outs.push(out);
    sleep(wait);
    match fault {
        Fault::None => {}
        Fault::ClientsKilled => running.kill_clients(),
        Fault::ServerKilled => place.dev.take().unwrap().kill(),
        Fault::ServerStopped => starts::stop(place.dev.take().unwrap()),
    }
    let (ended, outs) = running.end();
    ended.judge(fault);
    if place.dev.is_none() {
        place.dev = Some(starts::start(&place.server_folder(), start));
    }
    let after = whole::master_key(place);
    match fault {
        Fault::None => assert_eq!(after, epoch + ended.rotated),
        _ => assert!((epoch + ended.rotated..=epoch + 3).contains(&after), "{epoch} to {after}"),
    }
    whole::keys(place);
    whole::certificates(place, &outs);
    // Repeated to the end it comes to what it should.
    told(place.dev().keystead("admin", &["client", "revoke", "host"]));
    assert!(whole::good(place.dev()).is_empty());
    assert!(ask_as(place.dev(), &current, crate::support::typed::get(&place.key)).is_err());
}

fn seed() -> u64 {
    std::env::var("KEYSTEAD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7)
}

#[test]
fn jobs_against_themselves() {
    let rounds = if std::env::var("KEYSTEAD_SOAK").as_deref() == Ok("1") { ROUNDS.1 } else { ROUNDS.0 };
    let seed = seed();
    println!("KEYSTEAD_SEED={seed}, {rounds} rounds");
    let (mut place, mut dice, mut killed) = (Place::new(), Dice(seed), 0);
    for at in 0..rounds {
        let first = dice.one_of(&Job::ALL);
        // One half is a job three times, the other half what comes.
        let jobs = match dice.below(2) {
            0 => [first; 3],
            _ => [first, dice.one_of(&Job::ALL), dice.one_of(&Job::ALL)],
        };
        let (fault, start) = (FAULTS[at as usize % FAULTS.len()], dice.one_of(&Start::ALL));
        killed += u32::from(fault == Fault::ServerKilled);
        let wait = APART * (killed % MOMENTS);
        println!("round {at}: {jobs:?}, {fault:?} after {wait:?}, {start:?}");
        round(&mut place, jobs, fault, wait, start);
    }
    assert!(killed >= MOMENTS, "{killed} kills");
    whole::at_the_end(place);
}

/// Whoever comes first makes the folder; the others say who has it, or wait for nothing that is half made.
#[test]
fn first_starts_at_once() {
    for _ in 0..5 {
        let folder = tempfile::tempdir().unwrap();
        let dev = starts::start(&folder.path().join("server"), Start::ThreeAtOnce);
        told(dev.keystead("client", &["key", "create", "--name", "kept"]));
        drop(dev);
        let dev = Dev::start_quietly(&folder.path().join("server"));
        told(dev.keystead("client", &["key", "get", "--json", "kept"]));
    }
}
