//! The keys that a run asks for. Their names are numbers behind a prefix, so that a later run finds them again by name.

use super::args::BenchCommand;
use super::requests::{message, numbered};
use super::wire::{Connection, Target};
use crate::client::{Answers, Cause, Error};
use kmip_codec::Version;
use kmip_codec::attributes::{Attribute, AttributeFilter, Attributes, Name};
use kmip_codec::enums::{HashingAlgorithm, KeyFormatType};
use kmip_codec::message::ResponseMessage;
use kmip_codec::operations::{Call as _, Operation, Request};
use kmip_codec::payloads::{GetAttributesRequest, LocateRequest};
use kmip_codec::value::UniqueIdentifier;
use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// How many keys are looked for, or made, in one message.
pub const BATCH_KEYS: usize = 50;

/// On how many connections the population is found, and made.
pub const CONNECTIONS: usize = 16;

/// How many keys are compared with their digests.
const SAMPLE: usize = 64;

/// The keys that are asked for.
#[derive(Default)]
pub struct Population {
    /// What the names begin with.
    pub prefix: String,
    /// Their identifiers, in the order of their names.
    pub identifiers: Vec<String>,
    /// The SHA-256 that the server tells of some of them, by place.
    pub digests: BTreeMap<usize, Vec<u8>>,
}

impl Population {
    /// Finds as many keys as are asked for; none may be missing.
    pub async fn find(target: &Target, command: &BenchCommand) -> Result<Self, Error> {
        let count = command.population;
        let found = identifiers(target, command.kmip, &command.prefix, 0..count).await?;
        if let Some(missing) = found.iter().position(Option::is_none) {
            return Err(too_few(target, command, found.iter().flatten().count(), missing));
        }
        let mut population = Self {
            prefix: command.prefix.clone(),
            identifiers: found.into_iter().flatten().collect(),
            digests: BTreeMap::new(),
        };
        population.digests = digests(target, command, &population).await?;
        Ok(population)
    }

    /// The name of the key at a place.
    pub fn name(&self, place: usize) -> String {
        name(&self.prefix, place)
    }
}

/// The name of a key by its number.
pub fn name(prefix: &str, number: usize) -> String {
    format!("{prefix}-{number:08}")
}

fn too_few(target: &Target, command: &BenchCommand, found: usize, missing: usize) -> Error {
    let (count, name) = (command.population, name(&command.prefix, missing));
    Error::setup(
        format!(
            "{}: this client finds {found} of the {count} keys of the population there; the first that is missing is {name}",
            target.server
        ),
        "make them with --preload, or ask for fewer with --population",
    )
}

/// Looks for keys by their names, many in a message, on several connections.
pub async fn identifiers(
    target: &Target,
    version: Version,
    prefix: &str,
    range: Range<usize>,
) -> Result<Vec<Option<String>>, Error> {
    let next = Arc::new(AtomicUsize::new(range.start));
    let (start, end) = (range.start, range.end);
    let mut found = vec![None; range.len()];
    let mut workers = JoinSet::new();
    for _ in 0..CONNECTIONS.min(range.len().div_ceil(BATCH_KEYS)) {
        let (target, next, prefix) = (target.clone(), Arc::clone(&next), prefix.to_owned());
        workers.spawn(async move {
            let mut parts = Vec::new();
            let mut connection = open(&target).await?;
            loop {
                let first = next.fetch_add(BATCH_KEYS, Ordering::Relaxed);
                if first >= end {
                    connection.close().await;
                    return Ok::<_, Error>(parts);
                }
                let requests =
                    (first..end.min(first + BATCH_KEYS)).map(|number| by_name(&name(&prefix, number)));
                parts.push((first, located(&target, &mut connection, version, requests.collect()).await?));
            }
        });
    }
    while let Some(worker) = workers.join_next().await {
        let parts = worker.map_err(|error| Error::setup(error.to_string(), "report this"))??;
        for (first, part) in parts {
            found.iter_mut().skip(first - start).zip(part).for_each(|(place, id)| *place = id);
        }
    }
    Ok(found)
}

/// A search by name. One answer is enough.
pub fn by_name(name: &str) -> Request {
    LocateRequest {
        maximum_items: Some(1),
        attributes: Some(AttributeFilter([Attribute::Name(Name::text(name))].into_iter().collect())),
        ..LocateRequest::default()
    }
    .into_request()
}

async fn located(
    target: &Target,
    connection: &mut Connection,
    version: Version,
    requests: Vec<Request>,
) -> Result<Vec<Option<String>>, Error> {
    let count = requests.len();
    let mut answers = ask(target, connection, version, requests, Operation::Locate).await?;
    let one = |_| {
        let found = answers.take::<LocateRequest>()?.unique_identifiers.into_iter().next();
        Ok(found.and_then(|id| match id {
            UniqueIdentifier::Text(id) => Some(id),
            _ => None,
        }))
    };
    (0..count).map(one).collect()
}

/// Opens a connection, or says why there is none.
pub async fn open(target: &Target) -> Result<Connection, Error> {
    let opened = Connection::open(target).await;
    opened.map_err(|cause| Error::Unreachable(vec![(target.server.clone(), Some(cause)).into()]))
}

/// Asks for several operations of one kind in a message.
pub async fn ask(
    target: &Target,
    connection: &mut Connection,
    version: Version,
    requests: Vec<Request>,
    operation: Operation,
) -> Result<Answers, Error> {
    let operations = vec![operation; requests.len()];
    let bytes = message(version, numbered(requests)).to_bytes();
    ask_bytes(target, connection, &bytes, &operations).await
}

/// Sends a message that is encoded, and takes its answer apart.
pub async fn ask_bytes(
    target: &Target,
    connection: &mut Connection,
    bytes: &[u8],
    operations: &[Operation],
) -> Result<Answers, Error> {
    let broken = |cause| Error::Broken { server: target.server.clone(), cause };
    let answer = timeout(super::wire::PATIENCE, connection.exchange(bytes)).await.unwrap_or(Err(Cause::Late));
    let answer =
        ResponseMessage::from_bytes(answer.map_err(broken)?).map_err(|error| broken(error.into()))?;
    Answers::new(target.server.clone(), operations, answer)
}

/// What the server says that some keys hash to. A server that tells no digest of SHA-256 leaves nothing to compare with.
async fn digests(
    target: &Target,
    command: &BenchCommand,
    population: &Population,
) -> Result<BTreeMap<usize, Vec<u8>>, Error> {
    let count = population.identifiers.len();
    let mut digests = BTreeMap::new();
    let mut connection = open(target).await?;
    for place in (0..count).step_by(count.div_ceil(SAMPLE).max(1)) {
        let id = population.identifiers.get(place).map(String::as_str).unwrap_or_default();
        let request = GetAttributesRequest { unique_identifier: Some(id.into()), references: Vec::new() };
        let requests = vec![request.into_request()];
        let mut answers =
            ask(target, &mut connection, command.kmip, requests, Operation::GetAttributes).await?;
        let attributes: Attributes =
            answers.take::<GetAttributesRequest>()?.attributes.map(|list| list.0).unwrap_or_default();
        digests.extend(sha256(&attributes).map(|digest| (place, digest)));
    }
    connection.close().await;
    Ok(digests)
}

/// The SHA-256 of the bytes of a key among its attributes.
fn sha256(attributes: &Attributes) -> Option<Vec<u8>> {
    attributes.iter().find_map(|attribute| match attribute {
        Attribute::Digest(digest)
            if digest.hashing_algorithm == HashingAlgorithm::SHA_256
                && digest.key_format_type.is_none_or(|format| format == KeyFormatType::Raw) =>
        {
            digest.value.as_ref().map(|value| value.to_vec())
        }
        _ => None,
    })
}
