//! Certificates, those between them and the CA, and the CA itself count between their dates alone, whichever way a client
//! comes in and wherever the clock of the server jumps; and each cause is told. So do revocation lists.

use super::ways::Ways;
use super::*;
use crate::support::clock::Clock;
use crate::support::dev::{Dev, told};
use crate::support::wire::{self, Wire};
use keystead::explain::Exchange;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::fs;
use std::time::{Duration, Instant};
use time::OffsetDateTime;

pub const MINUTE: i64 = 60;
pub const HOUR: i64 = 3600;
const DAY: i64 = 24 * HOUR;

/// When something begins and ends, from now in seconds.
type Dates = (i64, i64);

/// Before every jump of these tests until after them.
pub const WIDE: Dates = (-30 * DAY, 300 * DAY);

/// Between two of them.
const NARROW: Dates = (-10 * MINUTE, 20 * MINUTE);

/// Where the clock jumps to, out of [`NARROW`] and within the hour that a ticket is good.
const EARLY: i64 = -30 * MINUTE;
const LATE: i64 = 40 * MINUTE;

pub type Authority = Issuer<'static, KeyPair>;

fn params(name: &str, (from, until): Dates) -> CertificateParams {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.not_before = OffsetDateTime::now_utc() + time::Duration::seconds(from);
    params.not_after = OffsetDateTime::now_utc() + time::Duration::seconds(until);
    params
}

fn ca_params(name: &str, dates: Dates) -> CertificateParams {
    let mut params = params(name, dates);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

/// A CA of its own, and its certificate.
pub fn root(name: &str, dates: Dates) -> (Authority, String) {
    let (params, key) = (ca_params(name, dates), KeyPair::generate().unwrap());
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

/// The same with other key usages.
pub fn root_for(name: &str, dates: Dates, usages: &[KeyUsagePurpose]) -> (Authority, String) {
    let (mut params, key) = (ca_params(name, dates), KeyPair::generate().unwrap());
    params.key_usages = usages.to_vec();
    let pem = params.self_signed(&key).unwrap().pem();
    (Issuer::new(params, key), pem)
}

/// A CA below another.
pub fn below(above: &Authority, name: &str, dates: Dates) -> (Authority, String) {
    let (params, key) = (ca_params(name, dates), KeyPair::generate().unwrap());
    let pem = params.signed_by(&key, above).unwrap().pem();
    (Issuer::new(params, key), pem)
}

/// The certificate of that CA once more, by another above it: cross-signed.
pub fn crossed(below: &Authority, above: &Authority, name: &str) -> String {
    ca_params(name, WIDE).signed_by(below.key(), above).unwrap().pem()
}

/// A client's certificate with what is sent behind it.
pub fn client(issuer: &Authority, name: &str, dates: Dates, behind: &str) -> Pair {
    let mut params = params(name, dates);
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let key = KeyPair::generate().unwrap();
    let own = params.signed_by(&key, issuer).unwrap().pem();
    Pair { certificate: format!("{own}{behind}"), key: key.serialize_pem() }
}

/// A server with a clock that the test moves, and its log.
pub struct Lab {
    folder: tempfile::TempDir,
    pub clock: Clock,
    pub dev: Dev,
}

impl Lab {
    /// The server trusts these CAs beside its own.
    pub fn new(trusted: &[&str], changes: &[(&str, &str)], files: &[(&str, &str)]) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let clock = Clock::new(folder.path())?;
        let place = folder.path().join("server");
        drop(Dev::start_quietly(&place));
        let own = fs::read_to_string(place.join("ca.pem")).unwrap();
        fs::write(place.join("ca.pem"), own + &trusted.concat()).unwrap();
        files.iter().for_each(|(name, text)| fs::write(place.join(name), text).unwrap());
        let file = place.join("keystead.toml");
        let mut config = fs::read_to_string(&file).unwrap();
        for (from, to) in changes.iter().chain(&[("level = \"info\"", DELAY)]) {
            assert!(config.contains(from), "{from:?} is not in {config}");
            config = config.replace(from, to);
        }
        fs::write(&file, config).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let dev = Dev::by_clock(&place, &clock, log);
        Some(Self { folder, clock, dev })
    }

    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap()
    }

    /// The newest that was turned away in the handshake has this cause, in `explain` and in the log.
    pub fn turned_away(&self, pair: &Pair, reason: &str, words: &[&str]) {
        let mut refused = wire::connect_with(&self.dev, Some(pair));
        assert_eq!(end(exchange(&mut refused, &message(create().into_request()))), Ended::Closed, "{reason}");
        let text = told(self.dev.keystead("admin", &["explain", "--client", "", "--json"]));
        let all: Vec<Exchange> = serde_json::from_str(&text).unwrap();
        // They are ordered by the clock, which jumps.
        let shown = fingerprint(pair)["sha256:".len()..].to_owned();
        let is_it = |one: &&Exchange| {
            one.what == reason
                && one.certificate.as_ref().is_some_and(|of| of.fingerprint == shown)
                && words.iter().all(|word| one.message.contains(word))
        };
        assert!(all.iter().any(|one| is_it(&one)), "{reason}, {words:?}: {all:#?}");
        let log = self.log();
        let line =
            log.lines().rev().find(|line| line.contains(reason)).unwrap_or_else(|| panic!("{reason}: {log}"));
        for word in words {
            assert!(line.contains(word), "{word:?} is not in {line}");
        }
    }
}

/// How long asynchronous requests wait: they wait until the clock has jumped.
const DELAY: &str = "level = \"info\"\n\n[asynchronous]\ndelay_milliseconds = 60000";

/// Which certificate of a chain of three has narrow dates, what its end is called, and how it is spoken of.
const PARTS: [(&str, &str, &str, &str); 3] = [
    ("own", "CertificateExpired", "CertificateNotYetValid", "its certificate"),
    ("between", "CertificateExpired", "CertificateNotYetValid", "CN=between"),
    ("root", "CaOutOfDate", "CaOutOfDate", "the CA of its certificate, CN=root"),
];

#[test]
fn each_date_of_a_chain_counts_on_every_way_in() {
    let dates = |part: &str, narrow: &str| if part == narrow { NARROW } else { WIDE };
    let chain = |narrow: &str| {
        let (root, root_pem) = root(&format!("root of {narrow}"), dates("root", narrow));
        let (between, behind) = below(&root, &format!("between of {narrow}"), dates("between", narrow));
        (client(&between, &format!("client-of-{narrow}"), dates("own", narrow), &behind), root_pem)
    };
    let chains = PARTS.map(|(narrow, ..)| chain(narrow));
    let trusted: Vec<&str> = chains.iter().map(|(_, root)| root.as_str()).collect();
    let Some(lab) = Lab::new(&trusted, &[], &[]) else { return };
    let ca = wire::ca(&lab.dev);
    for ((narrow, expired, not_yet, spoken_of), (pair, _)) in PARTS.iter().zip(&chains) {
        let other = ca.client(&format!("client-of-{narrow}"), 1).unwrap();
        let mut ways = Ways::new(&lab.dev, pair);
        for (jump, reason, words) in [(LATE, expired, "has expired"), (EARLY, not_yet, "is not valid yet")] {
            lab.clock.set(jump);
            ways.are_shut(&lab.dev, pair, &other, &format!("{narrow}, {jump} seconds"));
            let told = ways.told();
            assert!(told.contains(words) && told.contains(spoken_of), "{narrow}: {told}");
            lab.turned_away(pair, reason, &[words, spoken_of]);
            if jump == LATE {
                lab.what_waits_is_not_done(&other, &ways);
            }
            lab.clock.set(0);
            ways.are_open(&lab.dev, pair, &other, &format!("{narrow}, back from {jump} seconds"));
        }
        for years in [-10, 10] {
            lab.clock.set(years * 365 * DAY);
            assert!(
                end(exchange(
                    &mut wire::connect_with(&lab.dev, Some(pair)),
                    &message(create().into_request())
                ))
                .is_out()
            );
            assert!(ways.told().contains("is not taken any more"), "{}", ways.told());
            lab.clock.set(0);
            ways.are_open(&lab.dev, pair, &other, &format!("{narrow}, back from {years} years"));
        }
    }
}

impl Lab {
    /// What a client asked to be done later is not done when its time comes and the client is out; and what was accepted
    /// before the clock is set back does not wait until the clock has come there again.
    fn what_waits_is_not_done(&self, other: &Pair, ways: &Ways) {
        let mut wire = wire::connect_with(&self.dev, Some(other));
        let before = ask(&mut wire, LocateRequest::default()).unwrap().unique_identifiers.len();
        let accepted = exchange(&mut wire, &later(create().into_request())).unwrap();
        assert_eq!(
            self.polled(&mut wire, &ways.waiting),
            Ended::Refused(ResultReason::AuthenticationNotSuccessful)
        );
        let after = ask(&mut wire, LocateRequest::default()).unwrap().unique_identifiers.len();
        assert_eq!(before, after, "what was accepted was done after the end of the certificate");
        self.clock.set(0);
        let waiting = accepted.asynchronous_correlation_value.unwrap();
        // Something of another client: of one client the oldest comes first, by the clock.
        let waker = wire::ca(&self.dev).client("waker", 1).unwrap();
        exchange(&mut wire::connect_with(&self.dev, Some(&waker)), &later(create().into_request())).unwrap();
        assert_eq!(self.polled(&mut wire, &waiting), Ended::Well);
    }

    /// How an asynchronous request ends.
    fn polled(&self, wire: &mut Wire, correlation: &bytes::Bytes) -> Ended {
        let begin = Instant::now();
        loop {
            let poll = PollRequest { asynchronous_correlation_value: correlation.clone() };
            let item = exchange(wire, &message(poll.into_request())).unwrap();
            if item.result_status != ResultStatus::OperationPending {
                return end(Ok(item));
            }
            assert!(begin.elapsed() < Duration::from_secs(20), "it stays pending");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    pub fn reload(&self) {
        let before = self.log().len();
        self.dev.reload();
        let begin = Instant::now();
        while !self.log()[before..].contains("SIGHUP: ") {
            assert!(begin.elapsed() < Duration::from_secs(30), "{}", self.log());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    pub fn is_served(&self, pair: &Pair) -> bool {
        end(exchange(&mut wire::connect_with(&self.dev, Some(pair)), &message(create().into_request())))
            == Ended::Well
    }
}

/// What is sent beside the path counts for nothing, and a CA that was renewed with its key stands there twice.
#[test]
fn dates_beside_the_path_do_not_count() {
    let (params, key) = (ca_params("renewed", (-9 * DAY, -DAY)), KeyPair::generate().unwrap());
    let ended = params.self_signed(&key).unwrap().pem();
    let renewed = ca_params("renewed", WIDE).self_signed(&key).unwrap().pem();
    let issuer = Issuer::new(ca_params("renewed", WIDE), key);
    let (foreign, foreign_pem) = root("foreign", (-9 * DAY, -DAY));
    let (_, below_foreign) = below(&foreign, "below foreign", (-9 * DAY, NARROW.1));
    let Some(lab) = Lab::new(&[&ended, &renewed], &[], &[]) else { return };
    let plain = client(&issuer, "plain", WIDE, "");
    let crowded = client(&issuer, "crowded", WIDE, &[foreign_pem, below_foreign, ended.clone()].concat());
    let other = client(&issuer, "crowded", WIDE, "");
    assert!(lab.is_served(&plain), "{}", lab.log());
    let mut ways = Ways::new(&lab.dev, &crowded);
    for jump in [LATE, 0] {
        lab.clock.set(jump);
        ways.are_open(&lab.dev, &crowded, &other, "what was sent beside the path");
    }
    assert!(lab.log().contains("tls.ca: CN=renewed has ended on"), "{}", lab.log());
    let file = lab.dev.folder.join("ca.pem");
    let without = fs::read_to_string(&file).unwrap().replace(&renewed, "");
    fs::write(file, without).unwrap();
    lab.reload();
    lab.turned_away(&plain, "CaOutOfDate", &["CN=renewed", "has expired"]);
}
