//! How much of a processor's time a request asks for: estimated, in microseconds, before it is done.
//!
//! Every item has a base, and counts by the bytes that it sends and is answered (where items are performed), and by those that are
//! read, opened and changed for it (where the draft does that): so no operation has to think of it. Beside that, an operation
//! counts what is dear for its size: primes to be tested, splits, uses of RSA keys, chains of certificates.
//!
//! What is short is done at once, and what takes but a moment on the thread of its connection ([`Thread`]). A request that asks for
//! more takes its turn among the slow ones, as one that needs key pairs does; what is more than one may have is refused with
//! both values ([`Meter`]).

use crate::need::Need;
use crate::refusal::{Cause, Interrupt, OpResult, refuse};
use crate::settings::Settings;
use kmip_codec::enums::CredentialType;
use kmip_codec::message::{Credential, RequestMessage};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, TransparentKey};
use kmip_codec::operations::Quick;
use std::cell::Cell;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// The thread on which a run of a request is done, which says for how long it may keep a processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Thread {
    /// One that many connections share.
    Shared,
    /// One of those that may block.
    #[default]
    Blocking,
    /// One of low priority, for what takes its turn among the slow ones.
    LowPriority,
}

impl Thread {
    /// For how long, in microseconds; none where the bound of the configuration is the only one.
    fn at_once(self) -> Option<u64> {
        match self {
            Self::Shared => Some(1_000),
            Self::Blocking => Some(10_000),
            Self::LowPriority => None,
        }
    }

    /// Where a run goes on that asks for more than it may here.
    pub fn slower(self) -> Self {
        match self {
            Self::Shared => Self::Blocking,
            Self::Blocking | Self::LowPriority => Self::LowPriority,
        }
    }
}

/// What is plain of a batch before it runs.
#[derive(Clone, Copy, Default, Debug)]
pub struct Foreseen {
    /// It may begin on a thread that many connections share. Where a request turns out to ask for more than others of its operation, that
    /// is counted, and it goes on elsewhere. A batch whose sender shows a ticket may not: the certificate of the ticket's giver is judged
    /// for it.
    pub is_quick: bool,
    /// It needs a key-encryption key. What needs none is answered without the HSM.
    pub needs_kek: bool,
    /// It changes something.
    pub changes: bool,
}

impl Foreseen {
    /// What the operations of a batch say of it.
    pub fn of(message: &RequestMessage) -> Self {
        let shown =
            message.header.authentication.iter().flat_map(|authentication| &authentication.credentials);
        let has_ticket = |credential: &Credential| credential.credential_type() == CredentialType::Ticket;
        let mut quick = message.items.iter().map(|item| item.request.quick());
        Self {
            is_quick: quick.clone().all(|quick| quick.is_some()) && !shown.into_iter().any(has_ticket),
            needs_kek: quick.clone().any(|quick| matches!(quick, Some(Quick::Reads | Quick::Changes))),
            changes: quick.any(|quick| quick == Some(Quick::Changes)),
        }
    }
}

/// Reading an item, deciding it and entering it in the audit, whatever it asks for.
const ITEM: u64 = 30;

/// Making or changing an object, beside its bytes: its index entries, and what it looked like before.
const OBJECT: u64 = 50;

/// Finding a row of the store.
const ROW: u64 = 2;

/// Looking at an object that is one of many, beside its bytes.
const GLANCE: u64 = 3;

/// What the record of an ordinary object has at most, in bytes: `limits.searched_objects` counts such objects.
const ORDINARY_BYTES: usize = 4096;

/// What reading an attribute takes at least, in bytes that are gone over.
const ATTRIBUTE_BYTES: usize = 96;

/// How many bytes of answers and changes a request may hold without being one of few that hold much.
pub const HELD_AT_ONCE: usize = 1 << 20;

/// What the present run of a request has asked for so far.
#[derive(Debug, Default)]
pub struct Meter {
    /// What counts towards the bound of a request.
    taken: Cell<u64>,
    /// What has a bound of another kind.
    beside: Cell<u64>,
    /// Where the run is done.
    thread: Thread,
    /// Raised when whoever asked has left.
    abandoned: Arc<AtomicBool>,
}

impl Meter {
    /// Of a run on this thread, until whoever asked has left.
    pub fn new(thread: Thread, abandoned: Arc<AtomicBool>) -> Self {
        Self { thread, abandoned, ..Self::default() }
    }

    /// How much was asked for, in microseconds.
    pub fn asked(&self) -> u64 {
        self.taken.get().saturating_add(self.beside.get())
    }

    /// Takes time, so many microseconds as far as can be told; or the need for a turn.
    pub fn take(&self, microseconds: u64, settings: &Settings) -> OpResult<()> {
        let wanted = self.taken.get().saturating_add(microseconds);
        within(wanted / 1000, settings.work_milliseconds_max, "asks for about", "milliseconds of work")?;
        self.taken.set(wanted);
        self.check_turn()
    }

    /// The same for what has a bound of another kind.
    pub fn take_beside(&self, microseconds: u64) -> OpResult<()> {
        self.beside.set(self.beside.get().saturating_add(microseconds));
        self.check_turn()
    }

    /// Whatever a run does counts here: so this is where it ends when nobody waits for it any more.
    fn check_turn(&self) -> OpResult<()> {
        if self.abandoned.load(Ordering::Relaxed) {
            return Err(Interrupt::Need(Need::Abandoned));
        }
        match self.thread.at_once().is_some_and(|most| self.asked() > most) {
            true => Err(Interrupt::Need(Need::Turn)),
            false => Ok(()),
        }
    }
}

/// Refuses what one request wants beyond a bound of the configuration.
pub fn within(wanted: u64, most: u64, before: &str, behind: &str) -> OpResult<()> {
    if wanted <= most {
        return Ok(());
    }
    refuse(
        Cause::Limit,
        format!("with this the request {before} {wanted} {behind}, and one may have {most}: send several"),
    )
}

/// An item that is sent with so many bytes, in so many structures and values: each of them is read, copied and looked at a few
/// times.
pub fn item(sent: usize, values: usize) -> u64 {
    ITEM + bytes(sent) + values as u64 / 4
}

/// Comparing each of so many with each of so many others, such as the attributes of a filter with those of an object. What is
/// compared with itself is sorted or hashed first: nothing takes a time that grows with the square of one list.
pub fn pairs(some: usize, others: usize) -> u64 {
    (some as u64).saturating_mul(others as u64) / 200
}

/// Comparing each of so many structures with each of so many others, field by field: each is taken apart once.
pub fn structures(some: usize, others: usize) -> u64 {
    5 * some as u64 + 20 * pairs(some, others)
}

/// Comparing so many bytes.
pub fn comparing(bytes: usize) -> u64 {
    bytes as u64 / 5000
}

/// Making or changing an object whose record has so many bytes. The first time counts what follows once for all changes of a
/// request: the record is written, and what it was and is are compared for the index and for notifications.
pub fn object(count: usize, is_first: bool) -> u64 {
    let times = if is_first { 6 } else { 2 };
    OBJECT + times * bytes(count)
}

/// Getting a row of so many bytes out of the store.
pub fn fetching(count: usize) -> u64 {
    ROW + bytes(count) / 8
}

/// Going over so many keys of the store, one behind the other.
pub fn scanning(rows: usize) -> u64 {
    rows as u64 / 2
}

/// What so many attributes add to the bytes of their record: many small ones take more than those.
pub fn attributes(count: usize, record: usize) -> u64 {
    bytes((count * ATTRIBUTE_BYTES).saturating_sub(record))
}

/// Looking at an object whose record has so many bytes, to find others among them: what an ordinary one takes, and what its size
/// adds.
pub fn glance(count: usize) -> (u64, u64) {
    (GLANCE + bytes(count.min(ORDINARY_BYTES)), bytes(count.saturating_sub(ORDINARY_BYTES)))
}

/// Judging a chain of so many certificates with so many bytes together: each is read and verified twice, and compared with each.
pub fn chain(certificates: usize, count: usize) -> u64 {
    let number = certificates as u64;
    (400 * number).saturating_add(2 * number * number).saturating_add(20 * bytes(count))
}

/// What a power of a number of so many bits costs at this price for 1024, the cost growing with the power.
fn grown(bits: usize, power: u32, price: u64) -> u64 {
    let bits = bits as u64;
    bits.saturating_pow(power).saturating_mul(price) / 1024_u64.pow(power)
}

/// Using a private RSA key of so many bits once.
fn private_rsa(bits: usize) -> u64 {
    grown(bits, 3, 100)
}

/// Whether a number of so many bits is prime.
pub fn prime(bits: usize) -> u64 {
    grown(bits, 3, 7_000)
}

/// Splitting or joining a secret: so many products of numbers of so many bits.
pub fn sharing(products: usize, bits: usize) -> u64 {
    match bits {
        0..=8 => products as u64 / 50,
        9..=16 => products as u64 / 15,
        _ => (products as u64).saturating_mul(1 + grown(bits, 2, 2)),
    }
}

/// Going over so many bytes: a digest, a cipher.
pub fn bytes(count: usize) -> u64 {
    count as u64 / 200
}

/// Going over so many bytes by whatever method a key is wrapped with: key wrap does so six times, Triple DES takes as long.
pub fn wrapping(count: usize) -> u64 {
    8 * bytes(count)
}

/// Making a PKCS#12 container: three derivations of 10,000 iterations.
pub const SEALING_CONTAINER: u64 = 30_000;

/// Reading a key that comes in or is converted: the numbers of a private RSA key are compared, and those that a transparent one
/// leaves out are computed.
pub fn reading(block: &KeyBlock) -> u64 {
    let Some(KeyValue::Plain(plain)) = &block.key_value else { return 0 };
    match &plain.key_material {
        KeyMaterial::Transparent(TransparentKey::RsaPrivate(key)) => {
            grown(key.modulus.as_bytes().len() * 8, 2, 900)
        }
        KeyMaterial::Bytes(bytes) => grown(rsa_bits(bytes.expose().len()), 2, 35),
        KeyMaterial::Transparent(_) => 0,
    }
}

/// The same of an object.
pub fn reading_object(value: &ManagedObject) -> u64 {
    match value {
        ManagedObject::PrivateKey(_) => value.key_block().map_or(0, reading),
        _ => 0,
    }
}

/// Using a private key once. What is said is its length in bits where it is an RSA key; others are quick.
pub fn using_private(rsa_bits: Option<i32>) -> u64 {
    rsa_bits.and_then(|bits| usize::try_from(bits).ok()).map_or(300, private_rsa)
}

/// About how many bits the modulus has of an RSA key whose private encoding has so many bytes; none is longer than what AWS-LC
/// computes with.
fn rsa_bits(bytes: usize) -> usize {
    (bytes.saturating_mul(8) / 4).min(16_384)
}
