//! What is asked of the servers: the key of a volume, found or made, and its passphrase.

use super::error::{Error, Result};
use super::passphrase::{KEY_BYTES, Passphrase};
use super::say;
use keystead::client::{Cause, Client, Error as ClientError, ServerAddress, Settings, Unreachable, race};
use kmip_codec::attribute;
use kmip_codec::attributes::{
    ApplicationSpecificInformation, Attribute, AttributeFilter, AttributeReference, Attributes, Name,
};
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType, State};
use kmip_codec::objects::{KeyMaterial, KeyValue, ManagedObject};
use kmip_codec::operations::Call as _;
use kmip_codec::payloads::*;
use kmip_codec::{SecretBytes, Tag};
use std::collections::BTreeSet;
use std::time::{Duration, Instant};

/// The application of the attribute that ties a key to a volume.
const NAMESPACE: &str = "LUKS";
/// The shortest and the longest pause between two rounds.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(2));

/// The key that the server has for this volume: one that an earlier enrolment made, or a new one. It is Active.
pub fn find_or_make_key(client: &mut Client, volume: &str) -> Result<String> {
    let Keys { usable, names } = keys_of(client, volume)?;
    match usable.as_slice() {
        [] => make_key(client, volume, &names),
        [(uid, state)] => {
            say(format_args!("key {uid} was made for this volume before: going on with it"));
            if *state == State::PreActive {
                activate(client, uid)?;
            }
            Ok(uid.clone())
        }
        several => {
            let uids: Vec<_> = several.iter().map(|(uid, _)| uid.as_str()).collect();
            let why =
                format!("the server has {} keys for volume {volume}: destroy the wrong ones", uids.len());
            Err(Error::Key { uid: uids.join(", "), why })
        }
    }
}

/// The keys of a volume.
#[derive(Default)]
struct Keys {
    /// Those that may be used or may become so.
    usable: Vec<(String, State)>,
    /// The names of all.
    names: BTreeSet<String>,
}

fn keys_of(client: &mut Client, volume: &str) -> Result<Keys> {
    let filter = [Attribute::ObjectType(ObjectType::SymmetricKey), tie(volume)];
    let found = client.call(LocateRequest {
        attributes: Some(AttributeFilter(filter.into())),
        ..LocateRequest::default()
    })?;
    let mut keys = Keys::default();
    for uid in found.unique_identifiers.iter().filter_map(text) {
        let attributes = client.call(ask(&uid, &[Tag::State, Tag::Name]))?.attributes.unwrap_or_default().0;
        keys.names.extend(attribute!(attributes, Name).map(|name| name.value.clone()));
        let state = state_of(&uid, &attributes)?;
        if matches!(state, State::PreActive | State::Active) {
            keys.usable.push((uid, state));
        }
    }
    Ok(keys)
}

/// Names are unique as long as their keys are not destroyed.
fn make_key(client: &mut Client, volume: &str, taken: &BTreeSet<String>) -> Result<String> {
    let first = format!("luks-{volume}");
    let mut later = (2_u32..).map(|number| format!("{first}-{number}")).filter(|name| !taken.contains(name));
    let name = if taken.contains(&first) { later.next().unwrap_or(first) } else { first };
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(i32::try_from(KEY_BYTES * 8).unwrap_or_default()),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
        Attribute::Name(Name::text(&name)),
        tie(volume),
    ];
    let create = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into(),
        ..CreateRequest::default()
    };
    let made = client.call(create)?;
    let uid = text(&made.unique_identifier).unwrap_or_default();
    activate(client, &uid)?;
    say(format_args!("key {uid} made on the server, named {name}"));
    Ok(uid)
}

fn tie(volume: &str) -> Attribute {
    let (namespace, data) = (NAMESPACE.to_owned(), Some(volume.to_owned()));
    Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation { namespace, data })
}

fn activate(client: &mut Client, uid: &str) -> Result<()> {
    client.call(ActivateRequest { unique_identifier: Some(uid.into()) })?;
    Ok(())
}

fn ask(uid: &str, wanted: &[Tag]) -> GetAttributesRequest {
    GetAttributesRequest {
        unique_identifier: Some(uid.into()),
        references: wanted.iter().copied().map(AttributeReference::Tag).collect(),
    }
}

fn state_of(uid: &str, attributes: &Attributes) -> Result<State> {
    let told = attribute!(attributes, State).next().copied();
    told.ok_or_else(|| Error::Key {
        uid: uid.to_owned(),
        why: "the server does not tell its state".to_owned(),
    })
}

/// The passphrase of an Active key. KMIP hands out keys in other states too, so the state is asked for in the same
/// message.
pub fn fetch(client: &mut Client, uid: &str) -> Result<Passphrase> {
    fetch_key(client, uid).and_then(|key| Passphrase::of_key(uid, &key))
}

fn fetch_key(client: &mut Client, uid: &str) -> Result<SecretBytes> {
    let get = GetRequest { unique_identifier: Some(uid.into()), ..GetRequest::default() };
    let mut answers = client.batch([ask(uid, &[Tag::State]).into_request(), get.into_request()])?;
    let server = answers.server().clone();
    let state = state_of(uid, &answers.take::<GetAttributesRequest>()?.attributes.unwrap_or_default().0)?;
    if state != State::Active {
        return Err(Error::NotActive { uid: uid.to_owned(), state, server });
    }
    let answer = answers.take::<GetRequest>()?;
    material(answer.object).ok_or_else(|| {
        let why = format!("what {server} has under this identifier is not a symmetric key in clear");
        Error::Key { uid: uid.to_owned(), why }
    })
}

fn material(object: ManagedObject) -> Option<SecretBytes> {
    let ManagedObject::SymmetricKey(key) = object else { return None };
    match key.key_block.key_value? {
        KeyValue::Plain(plain) => match plain.key_material {
            KeyMaterial::Bytes(bytes) => Some(bytes),
            KeyMaterial::Transparent(_) => None,
        },
        KeyValue::Wrapped(_) => None,
    }
}

/// How long to wait for a server that can be reached.
#[derive(Clone, Copy)]
pub enum Patience {
    /// One try, with the usual time limits.
    Once,
    /// Tries until this moment.
    Until(Instant),
}

impl Patience {
    /// When a try that begins now ends.
    fn deadline(self, settings: &Settings) -> Instant {
        match self {
            Self::Once => Instant::now() + settings.limits.total,
            Self::Until(end) => end,
        }
    }

    /// Whether there is time for another try after this pause.
    fn allows(self, pause: Duration) -> bool {
        matches!(self, Self::Until(end) if Instant::now() + pause < end)
    }
}

/// The same from whichever server answers first, tried again as long as wanted while no server can be reached: the
/// network is often not up yet when a volume is to be opened. A refusal ends it at once.
pub fn fetch_patiently(settings: &Settings, uid: &str, patience: Patience) -> Result<Passphrase> {
    let (mut pause, mut told) = (PAUSE.0, String::new());
    loop {
        let error = match fetch_from_any(settings, uid, patience.deadline(settings)) {
            Ok(passphrase) => return Ok(passphrase),
            Err(error) => error,
        };
        let wait = jittered(pause);
        if !error.may_pass() || !patience.allows(wait) {
            return Err(error);
        }
        // Only what is new is told: a screen full of one error hides the prompt that a person waits for.
        let news = error.to_string();
        if told != news {
            say(format_args!("{news}; trying again"));
            told = news;
        }
        std::thread::sleep(wait);
        pause = (pause * 2).min(PAUSE.1);
    }
}

fn fetch_from_any(settings: &Settings, uid: &str, deadline: Instant) -> Result<Passphrase> {
    let (mut each, wanted) = (settings.clone(), uid.to_owned());
    each.limits.total = deadline.saturating_duration_since(Instant::now()).min(each.limits.total);
    let asked = race(&settings.servers, deadline, move |server| {
        fetch(&mut Client::new(each.with_servers(vec![server.clone()])), &wanted)
    });
    asked.map_err(combine)
}

/// One error of all servers': a word about the key goes before a refusal, and a refusal before silence.
fn combine(failures: Vec<(ServerAddress, Option<Error>)>) -> Error {
    let mut unreachable = Vec::new();
    let mut said: Option<Error> = None;
    for (server, error) in failures {
        match error {
            Some(Error::Client(ClientError::Unreachable(mut each))) => unreachable.append(&mut each),
            Some(Error::Client(ClientError::Broken { server, cause })) => {
                unreachable.push(Unreachable { server, cause });
            }
            None => unreachable.push(Unreachable { server, cause: Cause::Late }),
            Some(error) if said.is_none() || matches!(error, Error::Key { .. } | Error::NotActive { .. }) => {
                said = Some(error)
            }
            Some(_) => {}
        }
    }
    said.unwrap_or_else(|| ClientError::Unreachable(unreachable).into())
}

/// Between half of the pause and all of it, so that hosts that lost a server together do not come back together.
fn jittered(pause: Duration) -> Duration {
    let mut random = [0; 1];
    // Without randomness the pause is the full one.
    let share = aws_lc_rs::rand::fill(&mut random).map_or(255, |()| random.first().copied().unwrap_or(255));
    pause / 2 + pause * u32::from(share) / 510
}

fn text(identifier: &kmip_codec::value::UniqueIdentifier) -> Option<String> {
    match identifier {
        kmip_codec::value::UniqueIdentifier::Text(text) => Some(text.clone()),
        _ => None,
    }
}
