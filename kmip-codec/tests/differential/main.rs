//! Our decoder against PyKMIP's, on mutated messages: neither takes what the other understands otherwise, and neither
//! refuses what the other takes, but for the differences that the table in `explained.rs` explains.
//!
//! Everything follows from a number, which a failure tells; `KEYSTEAD_MESSAGE=17` runs that message alone and prints it.
//! `KEYSTEAD_SOAK=1` tries fifty times as many, and wants every row of the table to explain something.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::print_stderr,
    reason = "a test: it stops where it stands, and tells what it skips"
)]

#[path = "../support/cases.rs"]
mod cases;
mod explained;
mod mutate;
mod peer;
#[path = "../support/received.rs"]
mod received;
mod tree;

use explained::EXPLAINED;
use kmip_codec::Error;
use kmip_codec::message::{RequestHeader, RequestMessage, ResponseHeader, ResponseMessage};
use kmip_codec::operations::Operation;
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::version::{V2_0, VERSIONS};
use std::collections::BTreeMap;
use tree::Node;

/// How many messages are tried.
const MESSAGES: u64 = 8_000;
/// How many in a soak.
const SOAK_MESSAGES: u64 = 400_000;
/// How many samples of each kind and version are mutated, beside the messages of the cases.
const SAMPLES: u64 = 150;

/// A message that our encoder wrote.
struct Message {
    is_request: bool,
    bytes: Vec<u8>,
}

#[test]
fn neither_takes_what_the_other_understands_otherwise() {
    let Some(mut peer) = peer::PyKmip::start() else {
        assert!(std::env::var("CI").as_deref() != Ok("true"), "PyKMIP is missing: scripts/setup.sh test");
        return eprintln!("SKIPPED: PyKMIP is not installed: `make test` does (scripts/setup.sh test)");
    };
    let corpus = corpus();
    let alone: Option<u64> = std::env::var("KEYSTEAD_MESSAGE").ok().map(|number| number.parse().unwrap());
    let soak = alone.is_none() && std::env::var_os("KEYSTEAD_SOAK").is_some();
    let numbers = match alone {
        Some(number) => number..number + 1,
        None => 0..if soak { SOAK_MESSAGES } else { MESSAGES },
    };
    let (mut counts, mut unexplained) = (vec![0_u64; EXPLAINED.len()], BTreeMap::<String, (u64, u64)>::new());
    for number in numbers {
        let (is_request, bytes) = mutated(&corpus, number);
        let difference = compare(&mut peer, is_request, &bytes);
        if alone.is_some() {
            let theirs = peer.again(is_request, &bytes).map(hex::encode);
            eprintln!("{}\n{theirs:?}\n{difference:?}", hex::encode(&bytes));
        }
        let Some(difference) = difference else { continue };
        match EXPLAINED.iter().position(|row| row.explains(&difference)) {
            Some(row) => counts[row] += 1,
            None => unexplained.entry(difference).or_insert((0, number)).0 += 1,
        }
    }
    let told: Vec<String> =
        unexplained.iter().map(|(what, (count, first))| format!("{count}x, first {first}: {what}")).collect();
    assert!(told.is_empty(), "{} differences that nothing explains:\n{}", told.len(), told.join("\n"));
    let stale: Vec<&str> =
        EXPLAINED.iter().zip(&counts).filter(|(_, count)| **count == 0).map(|(row, _)| row.reason).collect();
    assert!(!soak || stale.is_empty(), "these explain nothing any more: {stale:#?}");
}

/// Samples of every version that both speak, and the messages of the cases; those of 2.1 as if they were of 2.0.
fn corpus() -> Vec<Message> {
    let mut corpus = Vec::new();
    for version in VERSIONS.into_iter().filter(|version| *version <= V2_0) {
        for seed in 0..SAMPLES {
            let dice = || Dice::new(seed, version);
            let RequestMessage { header, items, .. } = RequestMessage::sample(&mut dice());
            // Without the fields of the header that PyKMIP does not have, so that it reads on.
            let header = RequestHeader {
                client_correlation_value: None,
                server_correlation_value: None,
                attestation_capable_indicator: None,
                attestation_type: Vec::new(),
                ..header
            };
            let message = RequestMessage { header, items, later_fields: false };
            corpus.push(Message { is_request: true, bytes: message.to_bytes() });
            let ResponseMessage { header, items, .. } = ResponseMessage::sample(&mut dice());
            let header = ResponseHeader {
                client_correlation_value: None,
                server_correlation_value: None,
                nonce: None,
                attestation_type: Vec::new(),
                ..header
            };
            let message = ResponseMessage { header, items, later_fields: false };
            corpus.push(Message { is_request: false, bytes: message.to_bytes() });
        }
    }
    let files = cases::files().unwrap_or_default();
    for cases::Message { is_request, xml, .. } in files.iter().flat_map(|file| cases::messages(file)) {
        let bytes = match is_request {
            true => RequestMessage::from_xml(&xml).map(|message| message.to_bytes()),
            false => ResponseMessage::from_xml(&xml).map(|message| message.to_bytes()),
        };
        corpus.extend(
            bytes.ok().and_then(|bytes| as_of_2_0(&bytes)).map(|bytes| Message { is_request, bytes }),
        );
    }
    corpus
}

/// The message, with the version of 2.0 if it has that of 2.1.
fn as_of_2_0(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut tree = Node::parse(bytes)?;
    let [major, minor] = version(&tree)?;
    if (major, minor) == (2, 1) {
        // The message, its header, the version, its major and its minor number.
        tree.nth(4)?.value = tree::Value::Bytes(vec![0; 4]);
    }
    Some(tree.to_bytes())
}

/// The mutated message of a number.
fn mutated(corpus: &[Message], number: u64) -> (bool, Vec<u8>) {
    let mut dice = Dice::new(number.wrapping_mul(0x9e37_79b9_7f4a_7c15), VERSIONS[0]);
    let message = &corpus[dice.below(corpus.len())];
    let other = &corpus[dice.below(corpus.len())];
    (message.is_request, mutate::mutate(&message.bytes, &other.bytes, &mut dice))
}

/// How the decoders differ about a message, in a line; `None` where they don't.
fn compare(peer: &mut peer::PyKmip, is_request: bool, bytes: &[u8]) -> Option<String> {
    if is_request {
        received::holds(kmip_codec::wire::Encoding::Ttlv, bytes);
    }
    let ours = again(is_request, bytes);
    if let Ok(ours) = &ours {
        assert_eq!(hex::encode(ours), hex::encode(bytes), "we wrote something else than we read");
    }
    let difference = match (ours, peer.again(is_request, bytes)) {
        (Err(_), Err(_)) => return None,
        (Ok(_), Ok(theirs)) if theirs == bytes => return None,
        // What PyKMIP understands as something else, we don't take.
        (Err(_), Ok(theirs)) if theirs != bytes => return None,
        (Ok(_), Ok(theirs)) => format!("understood otherwise: {}", rewritten(bytes, &theirs)),
        (Err(error), Ok(_)) => format!("refused by us: {}", without_offset(error)),
        (Ok(_), Err(error)) => format!("refused by PyKMIP: {error}"),
    };
    Some(format!("{}; {difference}", told(bytes)))
}

fn again(is_request: bool, bytes: &[u8]) -> Result<Vec<u8>, Error> {
    match is_request {
        true => RequestMessage::from_bytes(bytes).map(|message| message.to_bytes()),
        false => ResponseMessage::from_bytes(bytes).map(|message| message.to_bytes()),
    }
}

/// The error without the place, so that equal ones are counted together.
fn without_offset(error: Error) -> String {
    error.to_string().replace(&format!(" at byte {}", error.offset), "")
}

/// Where PyKMIP wrote something else than it read.
fn rewritten(bytes: &[u8], theirs: &[u8]) -> String {
    let trees = Node::parse(bytes).zip(Node::parse(theirs));
    match trees.and_then(|(ours, theirs)| ours.difference(&theirs)) {
        None => "not in its items".to_owned(),
        Some((path, what)) => {
            let path: Vec<String> =
                path.iter().skip(1).map(|tag| kmip_codec::Tag(*tag).to_string()).collect();
            format!("{} {what:?}", path.join("/"))
        }
    }
}

/// The version of a message and its operations.
fn told(bytes: &[u8]) -> String {
    let Some(tree) = Node::parse(bytes) else { return "?".to_owned() };
    let version = version(&tree).map_or("?".to_owned(), |[major, minor]| format!("{major}.{minor}"));
    let operations = tree.children().iter().skip(1).filter_map(|item| item.children().first()).map(|first| {
        let number = u32::try_from(first.number()).unwrap_or_default();
        format!("{:?}", Operation(number))
    });
    format!("{version} {}", operations.collect::<Vec<_>>().join(","))
}

/// The two numbers of a message's version.
fn version(message: &Node) -> Option<[u64; 2]> {
    match message.children().first()?.children().first()?.children() {
        [major, minor] => Some([major.number(), minor.number()]),
        _ => None,
    }
}
