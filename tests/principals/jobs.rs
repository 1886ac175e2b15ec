//! Administrative jobs against themselves: three at once, clients killed, the server killed at any moment, and all of it
//! repeated. The server always starts, a name has one current certificate at most, what is listed as good is served and
//! nothing else, and every key opens.

use super::support::dev::{Dev, told};
use super::support::wire;
use super::*;
use serde_json::Value;
use std::path::Path;
use std::process::{Child, Stdio};
use std::thread::sleep;
use std::time::Duration;

/// Rounds in CI, and with `KEYSTEAD_SOAK=1`.
const ROUNDS: (u32, u32) = (20, 340);

/// What is done three times at once.
#[derive(Clone, Copy, Debug)]
enum Job {
    Add,
    Revoke,
    AddAndRevoke,
    ReProvision,
}

const JOBS: [Job; 4] = [Job::Add, Job::Revoke, Job::AddAndRevoke, Job::ReProvision];

/// What happens meanwhile.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fault {
    None,
    ClientKilled,
    ServerKilled,
}

/// Numbers that follow from a seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

/// A server, and the client `host` with a key of its own.
struct Place {
    dev: Option<Dev>,
    folder: tempfile::TempDir,
    key: UniqueIdentifier,
    /// How many certificates were asked for: each goes into a folder of its own.
    asked: u32,
}

impl Place {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::start_quietly(&folder.path().join("server"));
        let first = wire::ca(&dev).client("host", 1).unwrap();
        let key = ask_as(&dev, &first, create()).unwrap().unique_identifier;
        Self { dev: Some(dev), folder, key, asked: 0 }
    }

    fn dev(&self) -> &Dev {
        self.dev.as_ref().unwrap()
    }

    /// A folder for a certificate.
    fn out(&mut self) -> std::path::PathBuf {
        self.asked += 1;
        let out = self.folder.path().join(format!("out{}", self.asked));
        std::fs::create_dir(&out).unwrap();
        out
    }

    fn command(&self, args: &[&str]) -> Child {
        let mut command = self.dev().command(env!("CARGO_BIN_EXE_keystead"), "admin");
        command.args(args).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    }

    fn add(&mut self) -> (Child, std::path::PathBuf) {
        let out = self.out();
        (self.command(&["client", "add", "host", "--replace", "--out", out.to_str().unwrap()]), out)
    }

    /// The fingerprints of `host` that are listed as good.
    fn good(&self) -> Vec<String> {
        let listed = told(self.dev().keystead("admin", &["client", "list", "--json"]));
        let listed: Value = serde_json::from_str(&listed).unwrap();
        let of_host = listed.as_array().unwrap().iter().filter(|row| row["name"] == "host");
        let good = of_host.filter(|row| row["ended"].is_null());
        good.map(|row| format!("sha256:{}", row["fingerprint"].as_str().unwrap())).collect()
    }
}

/// The pair that a client has written down.
fn written(out: &Path) -> Option<Pair> {
    let read = |end: &str| std::fs::read_to_string(out.join(format!("host.{end}"))).ok();
    Some(Pair { certificate: read("pem")?, key: read("key")? })
}

/// One round: the job three times at once, with the fault; then the server starts, and what it says is so.
fn round(place: &mut Place, dice: &mut Dice, job: Job, fault: Fault) {
    // A certificate to begin with, whatever was before.
    let (mut first, out) = place.add();
    assert!(first.wait().unwrap().success());
    let current = written(&out).unwrap();
    assert_eq!(place.good(), [fingerprint(&current)]);
    let mut running = Vec::new();
    let mut outs = vec![out];
    for at in 0..3 {
        match job {
            Job::Add => start_adding(place, &mut running, &mut outs),
            Job::AddAndRevoke if at != 1 => start_adding(place, &mut running, &mut outs),
            Job::Revoke | Job::AddAndRevoke => running.push(place.command(&["client", "revoke", "host"])),
            Job::ReProvision => {}
        }
    }
    let provisioning = matches!(job, Job::ReProvision).then(|| provision(place.dev(), &current));
    sleep(Duration::from_millis(dice.below(120)));
    match fault {
        Fault::None => {}
        Fault::ClientKilled => running.iter_mut().for_each(|child| drop(child.kill())),
        Fault::ServerKilled => place.dev.take().unwrap().kill(),
    }
    for mut child in running {
        let _ = child.wait();
    }
    let provisioned =
        provisioning.map(|threads| threads.into_iter().filter_map(|one| one.join().unwrap()).count());
    if place.dev.is_none() {
        place.dev = Some(Dev::start_quietly(&place.folder.path().join("server")));
    }
    if fault != Fault::ServerKilled && provisioned.is_some() {
        assert_eq!(provisioned, Some(1), "one certificate has one successor");
    }
    let good = place.good();
    assert!(good.len() <= 1, "{good:?}");
    for out in &outs {
        let Some(pair) = written(out) else { continue };
        let served = ask_as(place.dev(), &pair, get(&place.key));
        assert_eq!(served.is_ok(), good.contains(&fingerprint(&pair)), "{good:?} {served:?}");
    }
    // Repeated to the end it comes to what it should.
    told(place.dev().keystead("admin", &["client", "revoke", "host"]));
    assert!(place.good().is_empty());
    assert!(ask_as(place.dev(), &current, get(&place.key)).is_err());
}

fn start_adding(place: &mut Place, running: &mut Vec<Child>, outs: &mut Vec<std::path::PathBuf>) {
    let (child, out) = place.add();
    running.push(child);
    outs.push(out);
}

/// Three clients that replace the same certificate at once; each tells whether it was done.
fn provision(dev: &Dev, current: &Pair) -> Vec<std::thread::JoinHandle<Option<()>>> {
    let connect = || wire::connect_with(dev, Some(current));
    let wires: Vec<Wire> = (0..3).map(|_| connect()).collect();
    let ask = |mut wire: Wire| {
        std::thread::spawn(move || {
            let item = exchange(&mut wire, &message(requested("host").0.into_request())).ok()?;
            (item.result_status == ResultStatus::Success).then_some(())
        })
    };
    wires.into_iter().map(ask).collect()
}

#[test]
fn jobs_against_themselves() {
    let rounds = if std::env::var("KEYSTEAD_SOAK").as_deref() == Ok("1") { ROUNDS.1 } else { ROUNDS.0 };
    let seed = std::env::var("KEYSTEAD_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(7);
    println!("KEYSTEAD_SEED={seed}, {rounds} rounds");
    let (mut place, mut dice) = (Place::new(), Dice(seed));
    for at in 0..rounds {
        let job = JOBS[at as usize % JOBS.len()];
        let fault = [Fault::ServerKilled, Fault::ServerKilled, Fault::ClientKilled, Fault::None]
            [dice.below(4) as usize];
        println!("round {at}: {job:?} three times, {fault:?}");
        round(&mut place, &mut dice, job, fault);
    }
    // Whatever was done to its certificates, the key is there.
    let (mut last, out) = place.add();
    assert!(last.wait().unwrap().success());
    assert!(ask_as(place.dev(), &written(&out).unwrap(), get(&place.key)).is_ok());
}
