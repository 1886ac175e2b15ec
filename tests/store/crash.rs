//! The server is killed with SIGKILL again and again under eight writing clients; after each restart every object that
//! was acknowledged is there: its bytes the ones that were registered, in the state that was acknowledged, found by its
//! name. What was destroyed has no bytes any more. Whatever had no answer yet when the server was killed has happened or
//! has not, and stays so.
//!
//! 100 kills, half of them on each engine; `KEYSTEAD_SOAK=1` makes them 10,000.

use crate::support::dev::Dev;
use crate::support::keys;
use aws_lc_rs::digest::{SHA256, digest};
use keystead::client::{Answers, Client, Error, ServerAddress, Settings};
use kmip_codec::attributes::{Attribute, AttributeFilter, AttributeReference, Name, RevocationReason};
use kmip_codec::enums::{
    CryptographicAlgorithm, CryptographicUsageMask, ObjectType, ResultReason, RevocationReasonCode, State,
};
use kmip_codec::objects::{KeyMaterial, KeyValue, ManagedObject, PlainKeyValue};
use kmip_codec::operations::Call as _;
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::{Tag, attribute};
use rustix::process::{Pid, Signal, kill_process};
use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const CLIENTS: usize = 8;

/// How many of the older objects are looked at after each restart.
const SAMPLE: usize = 10;

/// What is done with an object after it is made, and the state that each step leads to. Objects take turns.
const LIVES: [&[State]; 5] = [
    &[],
    &[State::Active],
    &[State::Active, State::Deactivated],
    &[State::Destroyed],
    &[State::Active, State::Compromised, State::DestroyedCompromised],
];

#[test]
fn nothing_acknowledged_is_lost_on_redb() {
    kill_again_and_again("redb", "store.redb");
}

#[test]
fn nothing_acknowledged_is_lost_on_sled() {
    kill_again_and_again("sled", "sled");
}

fn kills() -> usize {
    if std::env::var_os("KEYSTEAD_SOAK").is_some() { 5_000 } else { 50 }
}

/// An object as the server has acknowledged it, last.
struct Object {
    /// Unknown while it has not acknowledged that there is one.
    id: Option<String>,
    name: String,
    /// Unknown for a key that the server has made, until it was had once.
    material: Option<Vec<u8>>,
    state: State,
    /// Whether it was got.
    got: bool,
    /// Where it is led by a request that has no answer yet.
    under_way: Option<State>,
}

fn kill_again_and_again(engine: &str, file: &str) {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    choose_engine(folder.path(), engine);
    let mut objects: Vec<Object> = Vec::new();
    for cycle in 0..kills() {
        let dev = Dev::start_quietly(folder.path());
        assert!(folder.path().join("store").join(file).exists());
        let step = objects.len() / SAMPLE + 1;
        check(&dev, objects.iter_mut().rev().step_by(step));
        let mut new = write_until_killed(&dev, cycle);
        drop(dev);
        let dev = Dev::start_quietly(folder.path());
        check(&dev, new.iter_mut());
        objects.extend(new.into_iter().filter(|object| object.id.is_some()));
    }
    let dev = Dev::start_quietly(folder.path());
    check(&dev, objects.iter_mut());
    for life in LIVES {
        let end = life.last().copied().unwrap_or(State::PreActive);
        let count = objects.iter().filter(|object| object.state == end).count();
        assert!(count >= kills() / 10, "only {count} objects came to be {end:?}");
    }
}

fn choose_engine(folder: &Path, engine: &str) {
    let config = folder.join("keystead.toml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::remove_dir_all(folder.join("store")).unwrap();
    std::fs::create_dir(folder.join("store")).unwrap();
    std::fs::write(folder.join("store/begin-anew"), "").unwrap();
    std::fs::write(&config, text.replace("engine = \"redb\"", &format!("engine = \"{engine}\""))).unwrap();
}

fn client(dev: &Dev) -> Client {
    let file = |name: &str| dev.folder.join(name);
    let server: ServerAddress = dev.address.parse().unwrap();
    Client::new(
        Settings::read(vec![server], &file("client.pem"), &file("client.key"), &file("ca.pem")).unwrap(),
    )
}

/// Clients make and move keys as fast as they can; the server is killed at a moment that differs from cycle to cycle.
fn write_until_killed(dev: &Dev, cycle: usize) -> Vec<Object> {
    let (objects, dead) = (Mutex::new(Vec::new()), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for writer in 0..CLIENTS {
            let (objects, dead) = (&objects, &dead);
            scope.spawn(move || {
                let mut client = client(dev);
                for number in 0.. {
                    let mut object = Object::new(format!("{cycle}/{writer}/{number}"));
                    let lived = object.live(&mut client, cycle + writer + number);
                    objects.lock().unwrap().push(object);
                    match lived {
                        Ok(()) => {}
                        Err(_) if dead.load(Ordering::SeqCst) => return,
                        Err(error) => panic!("{error}"),
                    }
                }
            });
        }
        std::thread::sleep(Duration::from_millis(40 + (cycle as u64 * 37) % 80));
        dead.store(true, Ordering::SeqCst);
        kill_process(Pid::from_raw(dev.pid()).unwrap(), Signal::KILL).unwrap();
    });
    objects.into_inner().unwrap()
}

impl Object {
    fn new(name: String) -> Self {
        Self { id: None, name, material: None, state: State::PreActive, got: false, under_way: None }
    }

    /// Makes it and leads it through one of the lives, as far as the server answers.
    fn live(&mut self, client: &mut Client, turn: usize) -> Result<(), Error> {
        let id = if turn.is_multiple_of(3) {
            client.call(create(&self.name))?.unique_identifier
        } else {
            let material = digest(&SHA256, self.name.as_bytes()).as_ref().to_vec();
            let request = register(&self.name, &material);
            self.material = Some(material);
            client.call(request)?.unique_identifier
        };
        self.id = Some(text(&id));
        for next in LIVES[turn % LIVES.len()] {
            self.under_way = Some(*next);
            advance(client, id.clone(), *next)?;
            self.state = *next;
            self.under_way = None;
        }
        Ok(())
    }
}

fn attributes(name: &str) -> [Attribute; 2] {
    let uses = CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt;
    [Attribute::CryptographicUsageMask(uses), Attribute::Name(Name::text(name))]
}

fn create(name: &str) -> CreateRequest {
    let [uses, name] = attributes(name);
    let algorithm = Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES);
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: [algorithm, Attribute::CryptographicLength(256), uses, name].into(),
        ..Default::default()
    }
}

fn register(name: &str, material: &[u8]) -> RegisterRequest {
    RegisterRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes(name).into(),
        object: keys::object(material),
        ..Default::default()
    }
}

/// Asks for what leads to this state.
fn advance(client: &mut Client, id: UniqueIdentifier, next: State) -> Result<(), Error> {
    let unique_identifier = Some(id);
    let revoke = |code| RevokeRequest {
        unique_identifier: unique_identifier.clone(),
        revocation_reason: RevocationReason { code, ..Default::default() },
        ..Default::default()
    };
    match next {
        State::Active => client.call(ActivateRequest { unique_identifier }).map(drop),
        State::Deactivated => client.call(revoke(RevocationReasonCode::CessationOfOperation)).map(drop),
        State::Compromised => client.call(revoke(RevocationReasonCode::KeyCompromise)).map(drop),
        State::Destroyed | State::DestroyedCompromised => {
            client.call(DestroyRequest { unique_identifier }).map(drop)
        }
        other => panic!("nothing leads to {other:?}"),
    }
}

fn text(id: &UniqueIdentifier) -> String {
    match id {
        UniqueIdentifier::Text(id) => id.clone(),
        other => panic!("{other:?}"),
    }
}

/// Each object is in its state; its name leads to it, and its bytes are its own, unless it is destroyed.
fn check<'a>(dev: &Dev, objects: impl Iterator<Item = &'a mut Object>) {
    let mut client = client(dev);
    for object in objects {
        if object.id.is_none() {
            // The request that makes it had no answer: it is there, whole, or it is not.
            let found = client.call(locate(&object.name)).unwrap().unique_identifiers;
            assert!(found.len() <= 1, "{}: {found:?}", object.name);
            let Some(id) = found.first() else { continue };
            object.id = Some(text(id));
        }
        check_one(&mut client, object);
    }
}

fn check_one(client: &mut Client, object: &mut Object) {
    let (id, name) = (object.id.clone().unwrap(), &object.name);
    let mut answers = look_at(client, &id, name).unwrap_or_else(|error| panic!("{name}: {error}"));
    let attributes = answers.take::<GetAttributesRequest>().unwrap_or_else(|error| panic!("{name}: {error}"));
    let attributes = attributes.attributes.unwrap().0;
    let state = attribute!(attributes, State).next().copied().unwrap();
    let acknowledged = object.state;
    assert!(
        [Some(acknowledged), object.under_way].contains(&Some(state)),
        "{name}: {state:?}, not {acknowledged:?}"
    );
    (object.state, object.under_way) = (state, None);
    // The server may be killed before that a key was got is in the store.
    assert_eq!(
        attribute!(attributes, Fresh).next().copied(),
        Some(!object.got),
        "{name}: whether it was got"
    );
    let found = answers.take::<LocateRequest>().unwrap().unique_identifiers;
    let found: Vec<String> = found.iter().map(text).collect();
    let got = answers.take::<GetRequest>();
    if matches!(state, State::Destroyed | State::DestroyedCompromised) {
        assert!(found.is_empty(), "{name}: found, although it is {state:?}");
        let Err(Error::Refused(why)) = got else { panic!("{name}: {got:?}, although it is {state:?}") };
        assert_eq!(why.reason, ResultReason::ObjectDestroyed, "{name}");
        return;
    }
    assert_eq!(found, [id], "{name}");
    object.got = true;
    let material = material(&got.unwrap_or_else(|error| panic!("{name}: {error}")).object);
    assert_eq!(material.len(), 32, "{name}");
    assert!(*object.material.get_or_insert_with(|| material.clone()) == material, "{name}: other bytes");
}

/// Asks for all in one message. Get comes last: it may be refused.
fn look_at(client: &mut Client, id: &str, name: &str) -> Result<Answers, Error> {
    let unique_identifier = Some(id.into());
    let references = [Tag::State, Tag::Fresh].map(AttributeReference::Tag).into();
    let state = GetAttributesRequest { unique_identifier: unique_identifier.clone(), references };
    let get = GetRequest { unique_identifier, ..Default::default() };
    client.batch([state.into_request(), locate(name).into_request(), get.into_request()])
}

fn locate(name: &str) -> LocateRequest {
    let filter = AttributeFilter([Attribute::Name(Name::text(name))].into());
    LocateRequest { attributes: Some(filter), ..Default::default() }
}

fn material(object: &ManagedObject) -> Vec<u8> {
    match object.key_block().and_then(|block| block.key_value.as_ref()) {
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(bytes), .. })) => {
            bytes.expose().to_vec()
        }
        _ => panic!("a key without its bytes"),
    }
}
