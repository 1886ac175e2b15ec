//! The jobs, how each is started, and what may become of it.

use super::whole::SERIES;
use super::{Fault, Place};
use crate::support::typed::{exchange, message, pair_of, requested};
use crate::support::wire::{self, Wire};
use keystead::pki::Pair;
use kmip_codec::enums::{ResultReason, ResultStatus};
use kmip_codec::operations::Call as _;
use kmip_codec::payloads::ReKeyRequest;
use kmip_codec::value::UniqueIdentifier;
use std::path::PathBuf;
use std::process::Child;
use std::thread::{JoinHandle, sleep};
use std::time::{Duration, Instant};

/// What is done three times at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Job {
    /// `keystead master rotate`.
    Rotate,
    /// `keystead client add --replace`.
    Add,
    /// `keystead client revoke`.
    Revoke,
    /// Re-Provision with the certificate of `host`.
    ReProvision,
    /// The server's own rotation of keys, waited for until it is under way, and a Re-key of the same keys.
    RotateKeys,
}

impl Job {
    pub const ALL: [Self; 5] = [Self::Rotate, Self::Add, Self::Revoke, Self::ReProvision, Self::RotateKeys];
}

/// How long the server's own rotation may take to come.
const ROTATES_WITHIN: Duration = Duration::from_secs(30);

/// What was started.
#[derive(Default)]
pub struct Running {
    rotations: Vec<Child>,
    others: Vec<Child>,
    /// Where certificates are written.
    pub outs: Vec<PathBuf>,
    provisions: Vec<JoinHandle<Option<bool>>>,
    rekeys: Vec<JoinHandle<()>>,
}

/// What became of it.
pub struct Ended {
    /// How many rotations of the master key were done.
    pub rotated: u64,
    /// What the others were told.
    not_rotated: Vec<String>,
    /// Whether each Re-Provision was done; those that were answered.
    provisioned: Vec<bool>,
    /// How many were asked for.
    provisions: usize,
    /// Whether certificates of `host` were ended by something else.
    certificates_changed: bool,
}

impl Running {
    pub fn start(place: &mut Place, jobs: [Job; 3], current: &Pair) -> Self {
        let mut running = Self::default();
        if jobs.contains(&Job::RotateKeys) {
            wait_for_rotation(place);
        }
        // Connected before: nothing that comes first keeps them out.
        let connect = || wire::connect_with(place.dev(), Some(current));
        let mut wires: Vec<Wire> =
            jobs.iter().filter(|job| **job == Job::ReProvision).map(|_| connect()).collect();
        for job in jobs {
            match job {
                Job::Rotate => running.rotations.push(place.command(&["master", "rotate"])),
                Job::Add => {
                    let (child, out) = place.add();
                    running.others.push(child);
                    running.outs.push(out);
                }
                Job::Revoke => running.others.push(place.command(&["client", "revoke", "host"])),
                Job::ReProvision => running.provisions.push(provision(wires.pop().unwrap())),
                Job::RotateKeys => running.rekeys.push(rekey(place)),
            }
        }
        running
    }

    pub fn kill_clients(&mut self) {
        for child in self.rotations.iter_mut().chain(&mut self.others) {
            let _ = child.kill();
        }
    }

    pub fn end(self) -> (Ended, Vec<PathBuf>) {
        let certificates_changed = !self.others.is_empty();
        let rotations = self.rotations.into_iter().map(|child| child.wait_with_output().unwrap());
        let (done, not_done): (Vec<_>, Vec<_>) = rotations.partition(|output| output.status.success());
        self.others.into_iter().for_each(|mut child| assert!(child.wait().is_ok()));
        self.rekeys.into_iter().for_each(|thread| thread.join().unwrap());
        let provisions = self.provisions.len();
        let provisioned = self.provisions.into_iter().filter_map(|thread| thread.join().unwrap()).collect();
        let told = |output: std::process::Output| String::from_utf8(output.stderr).unwrap();
        let (rotated, not_rotated) = (done.len() as u64, not_done.into_iter().map(told).collect());
        (Ended { rotated, not_rotated, provisioned, provisions, certificates_changed }, self.outs)
    }
}

impl Ended {
    /// One rotation at a time is done, and the others are told of it; one certificate has one successor.
    pub fn judge(&self, fault: Fault) {
        assert!(self.not_rotated.iter().all(|text| !text.contains("remove")), "{:?}", self.not_rotated);
        let done = self.provisioned.iter().filter(|done| **done).count();
        assert!(done <= 1, "one certificate has {done} successors");
        if fault != Fault::None {
            return;
        }
        for text in &self.not_rotated {
            assert!(text.contains("is under way already: admin began it"), "{text}");
        }
        assert!(self.not_rotated.is_empty() || self.rotated > 0, "{:?}", self.not_rotated);
        if self.provisions > 0 && !self.certificates_changed {
            assert_eq!(done, 1, "one certificate has one successor");
        }
    }
}

/// A client that replaces its certificate; tells whether it was done, where it was answered.
fn provision(mut wire: Wire) -> JoinHandle<Option<bool>> {
    std::thread::spawn(move || {
        let item = exchange(&mut wire, &message(requested("host").0.into_request())).ok()?;
        Some(item.result_status == ResultStatus::Success)
    })
}

/// Waits until the server has begun to rotate keys.
fn wait_for_rotation(place: &Place) {
    let (dev, client) = (place.dev(), pair_of(place.dev(), "client"));
    let before = place.series[0].current(dev, &client);
    let begin = Instant::now();
    while place.series[0].current(dev, &client) == before {
        assert!(begin.elapsed() < ROTATES_WITHIN, "the server does not rotate {before:?}");
        sleep(Duration::from_millis(2));
    }
}

/// Re-keys each key that is current, as the server may do at this moment.
fn rekey(place: &Place) -> JoinHandle<()> {
    let (dev, client) = (place.dev(), pair_of(place.dev(), "client"));
    let current: Vec<UniqueIdentifier> = place.series.iter().map(|one| one.current(dev, &client)).collect();
    assert_eq!(current.len(), SERIES);
    let mut wire = wire::connect_with(dev, Some(&client));
    std::thread::spawn(move || {
        for id in current {
            let request = ReKeyRequest { unique_identifier: Some(id), ..ReKeyRequest::default() };
            let Ok(item) = exchange(&mut wire, &message(request.into_request())) else { return };
            // Another was faster: what was replaced is not replaced again.
            let refused = item.result_reason.filter(|reason| *reason != ResultReason::PermissionDenied);
            assert_eq!(refused, None, "{:?}", item.result_message);
        }
    })
}
