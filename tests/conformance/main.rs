//! Conformance: every OASIS case against a running server, over TLS.
//!
//! The cases are OASIS documents and not part of this project: they are read from `../shared/oasis` beside the
//! checkout, or from where `KEYSTEAD_OASIS` points. `KEYSTEAD_CASE=TC-91` runs the cases whose name contains that and
//! prints the messages around the first difference; `KEYSTEAD_CONFORMANCE_UPDATE=1` adds cases that pass now to
//! `must-pass.txt`, which only grows. What cannot pass stands in `docs/conformance.md`, with its reason.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test: it stops where it stands, and its figures are its output"
)]

/// Prints past the test harness, which shows output of failed tests alone: the figures are wanted always.
macro_rules! say {
    ($($arg:tt)*) => {
        std::io::stdout().write_all(format!("{}\n", format_args!($($arg)*)).as_bytes()).unwrap()
    };
}

mod case;
mod impossible;
mod judge;
mod misprints;
mod personas;
mod profiles;
mod setups;
#[path = "../support/mod.rs"]
mod support;
mod told;

use case::{Case, Node};
use judge::{Difference, Judge, Keyring};
use kmip_codec::enums::ResultStatus;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::operations::Request;
use kmip_codec::version::{V1_1, V2_0};
use kmip_codec::wire::Encoding;
use rustls::{CipherSuite, ProtocolVersion};
use setups::Server;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::Write as _;
use std::sync::Mutex;
use support::clock::Clock;
use support::wire::Wire;

/// How many owners at a time.
const THREADS: usize = 8;

/// How often a Poll is sent, 50 ms apart.
const POLLS_MAX: usize = 400;

/// The cases that must pass, a line each.
const MUST_PASS: &str = include_str!("must-pass.txt");

#[test]
fn the_cases_that_must_pass_pass() {
    let Some(folder) = case::folder() else {
        return support::skip("the OASIS cases are not beside this checkout; set KEYSTEAD_OASIS");
    };
    let wanted = std::env::var("KEYSTEAD_CASE").ok();
    let mut cases = case::read_all(&folder);
    let total = cases.len();
    setups::begin(&mut cases);
    cases.retain(|case| wanted.as_ref().is_none_or(|wanted| case.name.contains(wanted.as_str())));
    let (results, named) = run(cases, wanted.is_some());
    report(&results);
    let passed: BTreeSet<&str> =
        results.iter().filter(|(_, result)| result.is_ok()).map(|(case, _)| case.name.as_str()).collect();
    say!("{} of {total} cases pass", passed.len());
    update(&passed);
    let must: BTreeSet<&str> = MUST_PASS.lines().filter(|line| !line.is_empty()).collect();
    let broken: Vec<&str> = must
        .iter()
        .filter(|name| wanted.as_ref().is_none_or(|wanted| name.contains(wanted.as_str())))
        .filter(|name| !passed.contains(*name))
        .copied()
        .collect();
    assert!(broken.is_empty(), "{} cases of must-pass.txt fail: {broken:?}", broken.len());
    let ran = results.iter().map(|(case, _)| case.name.as_str()).collect();
    let differences = impossible::differences(&ran, &passed);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    let broken = profiles::broken(&named, &results);
    assert!(broken.is_empty(), "Query names profiles whose cases fail: {broken:?}");
}

/// KMIP 1.1 and 2.0, for which there are no files.
#[test]
fn profiles_hold_in_the_versions_without_files() {
    let Some(folder) = case::folder() else {
        return support::skip("the OASIS cases are not beside this checkout; set KEYSTEAD_OASIS");
    };
    let wanted = std::env::var("KEYSTEAD_CASE").ok();
    let mut cases = profiles::carried_over(&case::read_all(&folder));
    cases.retain(|case| wanted.as_ref().is_none_or(|wanted| case.name.contains(wanted.as_str())));
    let (results, mut named) = run(cases, wanted.is_some());
    named.retain(|(_, version)| [V1_1, V2_0].contains(version));
    let broken = profiles::broken(&named, &results);
    if !broken.is_empty() || wanted.is_some() {
        report(&results);
    }
    assert!(broken.is_empty(), "Query names profiles whose cases fail: {broken:?}");
    let pending_attestation =
        if wanted.is_some() { Vec::new() } else { profiles::pending_attestation(&named, &results) };
    assert!(
        pending_attestation.is_empty(),
        "Query names profiles that no case proves: {pending_attestation:?}"
    );
}

/// Writes the list anew, with what passes now; nothing is ever taken from it.
fn update(passed: &BTreeSet<&str>) {
    if std::env::var_os("KEYSTEAD_CONFORMANCE_UPDATE").is_none() {
        return;
    }
    let mut list: BTreeSet<&str> = MUST_PASS.lines().filter(|line| !line.is_empty()).collect();
    list.extend(passed);
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/conformance/must-pass.txt");
    let mut file = std::fs::File::create(path).unwrap();
    list.iter().for_each(|name| writeln!(file, "{name}").unwrap());
}

/// Why a case did not pass.
enum Failure {
    /// It needs something that this runner does not have.
    NotRun(&'static str),
    /// The first difference, and in which step.
    Differs(usize, Difference),
}

type Outcome = (Case, Result<(), Failure>);

/// The results, and the profiles that the servers name.
fn run(cases: Vec<Case>, verbose: bool) -> (Vec<Outcome>, BTreeSet<profiles::Named>) {
    let folder = tempfile::tempdir().unwrap();
    let servers = servers(folder.path(), &cases);
    let keyring = Keyring::of(&cases);
    let mut owners: BTreeMap<(usize, String), Vec<Case>> = BTreeMap::new();
    for case in cases {
        let setup = setups::of(&case);
        // One after the other where each moves the clock of the server.
        let owner = if servers[&setup].clock.is_some() { String::new() } else { owner(&case) };
        owners.entry((setup, owner)).or_default().push(case);
    }
    let work: Vec<(usize, Vec<Case>)> =
        owners.into_iter().map(|((setup, _), cases)| (setup, cases)).collect();
    let (work, done) = (Mutex::new(work), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let Some((setup, cases)) = work.lock().unwrap().pop() else { return };
                    let mut makes_keys = false;
                    for case in cases {
                        let result = run_case(&case, &servers[&setup], verbose, &mut makes_keys, &keyring);
                        done.lock().unwrap().push((case, result));
                    }
                }
            });
        }
    });
    let mut done = done.into_inner().unwrap();
    done.sort_by(|a, b| a.0.name.cmp(&b.0.name));
    (done, servers.values().flat_map(|server| profiles::named(&server.dev)).collect())
}

/// A server for every setup that a case wants.
fn servers(folder: &std::path::Path, cases: &[Case]) -> BTreeMap<usize, Server> {
    let mut wanted: BTreeMap<usize, Vec<&Case>> = BTreeMap::new();
    cases.iter().for_each(|case| wanted.entry(setups::of(case)).or_default().push(case));
    wanted.iter().map(|(setup, cases)| (*setup, setups::SETUPS[*setup].start(folder, cases))).collect()
}

/// Cases that go on with the objects of others.
const CHAINS: &[(&str, &str)] = &[
    ("TL-M-2", "TL-M-3"),
    ("SASED-M-2", "SASED-M-3"),
    ("TC-CREG-1", "TC-CREG-2"),
    ("TC-CREG-1", "TC-CREG-3"),
];

/// Each case is an owner of its own, but for chains, whose cases go on with the objects of the one before.
fn owner(case: &Case) -> String {
    let stem = case.name.replace('/', "-");
    let next = CHAINS.iter().find(|(_, next)| stem.contains(next));
    next.map_or_else(|| stem.clone(), |(first, next)| stem.replace(next, first))
}

/// What this runner does not have yet.
fn needs(case: &Case) -> Option<&'static str> {
    match case.family.as_str() {
        _ if case.irregular => Some("messages that the server sends"),
        _ => None,
    }
}

fn run_case(
    case: &Case,
    server: &Server,
    verbose: bool,
    makes_keys: &mut bool,
    keyring: &Keyring,
) -> Result<(), Failure> {
    if let Some(need) = needs(case) {
        return Err(Failure::NotRun(need));
    }
    let Server { dev: server, clock } = server;
    let ahead = clock.as_ref().map_or(0, Clock::ahead);
    let mut judge = Judge::new(case, *makes_keys, keyring, time::Duration::seconds(ahead));
    *makes_keys = judge.makes_keys;
    let mut connections = HashMap::new();
    let endpoint = told::endpoint_of(case, server);
    for (number, step) in case.steps.iter().enumerate() {
        let name = match step.client {
            Some(client) if case.family == "TC-314" => format!("{}-{client}", owner(case)),
            _ if case.name.contains("TC-CREG-2-") => personas::installer(case),
            _ => owner(case),
        };
        if case.family == "TC-92" && number > 0 {
            wait_for_the_date(case, number, clock.as_ref(), &mut judge);
        }
        if let Some(endpoint) = endpoint.as_ref().filter(|_| told::is_servers(case, step)) {
            told::step(endpoint, &mut judge, step).map_err(|differs| Failure::Differs(number, differs))?;
            continue;
        }
        let connection = connections.entry(name.clone()).or_insert_with(|| match https(case) {
            Some(_) => support::wire::https(server, &name),
            None => support::wire::connect(server, &name),
        });
        judge.note_request(&step.request);
        let sent = step.request.to_xml(&|node| judge.value_to_send(node));
        let differs = |got: String| {
            Failure::Differs(number, Difference { path: "message".into(), expected: String::new(), got })
        };
        let request =
            RequestMessage::from_xml(&sent).map_err(|error| differs(format!("cannot send: {error}")))?;
        let answer = answered(connection, https(case), &request).map_err(differs)?;
        if let Some((_, suite)) = SUITES.iter().find(|(name, _)| case.name.contains(name))
            && connection.negotiated() != Some((ProtocolVersion::TLSv1_2, *suite))
        {
            return Err(differs(format!("{:?} was negotiated, not {suite:?}", connection.negotiated())));
        }
        let got = Node::parse(&answer.to_xml());
        if let Err(difference) = judge.judge(&step.request, &step.response, &got) {
            if verbose {
                let expected = step.response.to_xml(&|node| node.value.clone());
                say!("{} step {number}\nSENT\n{sent}EXPECTED\n{expected}GOT\n{}", case.name, answer.to_xml());
            }
            return Err(Failure::Differs(number, difference));
        }
    }
    Ok(())
}

/// The encoding of a case whose messages go over HTTPS.
fn https(case: &Case) -> Option<Encoding> {
    match case.family.as_str() {
        "MSGENC-HTTPS" => Some(Encoding::Ttlv),
        "MSGENC-JSON" => Some(Encoding::Json),
        "MSGENC-XML" => Some(Encoding::Xml),
        _ => None,
    }
}

/// The suite of TLS 1.2 that a level of Suite B prefers (RFC 6460).
const SUITES: &[(&str, CipherSuite)] = &[
    ("SUITEB-128", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256),
    ("SUITEB-192", CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384),
];

/// The answer; a Poll is sent again while what it asks for is pending, as the prose of the cases has it.
fn answered(
    wire: &mut Wire,
    https: Option<Encoding>,
    request: &RequestMessage,
) -> Result<ResponseMessage, String> {
    let polls = request.items.iter().any(|item| matches!(item.request, Request::Poll(_)));
    for _ in 0..POLLS_MAX {
        let answer = exchange(wire, https, request)?;
        let is_pending = |item: &ResponseItem| item.result_status == ResultStatus::OperationPending;
        if !polls || !answer.items.iter().any(is_pending) {
            return Ok(answer);
        }
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    Err("it stays pending".to_owned())
}

fn exchange(
    wire: &mut Wire,
    https: Option<Encoding>,
    request: &RequestMessage,
) -> Result<ResponseMessage, String> {
    if let Some(encoding) = https {
        return wire.post(encoding, request);
    }
    let answer = wire.exchange(&request.to_bytes()).map_err(|error| error.to_string())?;
    ResponseMessage::from_bytes(&answer).map_err(|error| error.to_string())
}

/// What TC-92 lets pass: its Deactivation Date is two minutes ahead.
const DATE_SECONDS: u32 = 121;

/// TC-92 lets a Deactivation Date pass: the step that expects it moves the clock of the server on, or waits where it cannot.
fn wait_for_the_date(case: &Case, number: usize, clock: Option<&Clock>, judge: &mut Judge) {
    let mut expects = false;
    case.steps[number].response.walk(&mut |node| expects |= node.value == "Deactivated");
    match clock.filter(|_| expects) {
        Some(clock) => {
            clock.set(clock.ahead() + i64::from(DATE_SECONDS));
            judge.moves_on(time::Duration::seconds(DATE_SECONDS.into()));
        }
        None if expects => std::thread::sleep(std::time::Duration::from_secs(DATE_SECONDS.into())),
        None => {}
    }
}

fn report(results: &[Outcome]) {
    let mut counts: BTreeMap<(&str, &str), (usize, usize)> = BTreeMap::new();
    for (case, result) in results {
        let count = counts.entry((&case.version, &case.family)).or_default();
        count.0 += usize::from(result.is_ok());
        count.1 += 1;
        match result {
            Ok(()) => {}
            Err(Failure::NotRun(need)) => say!("not run  {}: needs {need}", case.name),
            Err(Failure::Differs(step, Difference { path, expected, got })) => {
                say!(
                    "FAILED   {} step {step} at {path}\n         expected {expected}\n         got      {got}",
                    case.name
                );
            }
        }
    }
    let mut line = String::new();
    let mut last = "";
    for ((version, family), (passed, of)) in counts {
        if version != last {
            say!("{line}");
            line = format!("{version}:");
            last = version;
        }
        line += &format!(" {family} {passed}/{of}");
    }
    say!("{line}");
}
