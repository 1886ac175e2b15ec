//! The rows of the store that belong to the hierarchy, and the list that authenticates them.
//!
//! | key | value |
//! | --- | --- |
//! | `vi` | identifier of the store, 16 bytes, random |
//! | `ve` | epoch of the present master key, 4 bytes |
//! | `vm` and an epoch | which object of the token is the master key ([`MasterKeyRef`]) |
//! | `vc` and an epoch | its key check value: a blob that only this key opens |
//! | `vk` and a number | a key-encryption key (KEK), sealed under the master key that the blob names |
//! | `vx` and a number | the check value of that KEK, 32 bytes |
//! | `va` and a number | a key of the audit, sealed under a KEK |
//! | `vr` | the plan of a rotation that is under way, or of the first start ([`Plan`]) |
//! | `vl` | the list of all these rows |
//!
//! The list is written anew in the same commit as every change of a row:
//!
//! ```text
//! 0        format: 1
//! 1..5     number of the KEK whose key authenticates the list, big-endian
//! 5..37    HMAC-SHA256 over the identifier of the store and what follows
//! 37..     of each row, in order of the keys: length of the key (1), key, first 16 bytes of the SHA-256 of the value
//! ```

use super::Error;
use super::plan::Plan;
use aws_lc_rs::digest;
use keystead_hsm::{CheckValue, Epoch, Error as HsmError, Kek, MasterKeyRef};
use keystead_records::keyspace::Kind;
use keystead_store::{Order, Pair, Snapshot};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

/// What all rows begin with.
pub const PREFIX: &[u8] = b"v";
pub const STORE_ID: &[u8] = Kind::StoreId.prefix();
pub const EPOCH: &[u8] = Kind::Epoch.prefix();
pub const MASTER_KEY: &[u8] = Kind::MasterKey.prefix();
pub const KEY_CHECK_VALUE: &[u8] = Kind::KeyCheckValue.prefix();
pub const KEK: &[u8] = Kind::Kek.prefix();
pub const CHECK: &[u8] = Kind::KekCheck.prefix();
pub const AUDIT_KEY: &[u8] = Kind::AuditKey.prefix();
pub const PLAN: &[u8] = Kind::Plan.prefix();
pub const LIST: &[u8] = Kind::List.prefix();

const LIST_FORMAT: u8 = 1;
const MAC_BYTES: usize = 32;
const DIGEST_BYTES: usize = 16;

/// What a row is, by the first two bytes of its key.
const NAMES: &[(&[u8], &str)] = &[
    (STORE_ID, "identifier of the store"),
    (EPOCH, "master-key epoch"),
    (MASTER_KEY, "reference of a master key"),
    (KEY_CHECK_VALUE, "check value of a master key"),
    (KEK, "key-encryption key"),
    (CHECK, "check value of a key-encryption key"),
    (AUDIT_KEY, "key of the audit"),
    (PLAN, "plan of a rotation"),
    (LIST, "list of the hierarchy's rows"),
];

/// A row of an epoch or of a KEK.
pub fn numbered(prefix: &[u8], number: u32) -> Vec<u8> {
    [prefix, number.to_be_bytes().as_slice()].concat()
}

/// A row in words, with its key.
pub fn name(key: &[u8]) -> String {
    let named = NAMES.iter().find(|(prefix, _)| key.starts_with(prefix));
    let what = named.map_or("unknown row", |(_, name)| *name);
    let number = key.get(2..).and_then(|number| number.try_into().ok()).map(u32::from_be_bytes);
    let (row, number) = (String::from_utf8_lossy(key.get(..2).unwrap_or(key)), number);
    number.map_or_else(|| format!("{what} (row {row})"), |number| format!("{what} (row {row} {number})"))
}

/// The list, taken apart.
struct List<'r> {
    kek: u32,
    mac: &'r [u8],
    digests: BTreeMap<&'r [u8], &'r [u8]>,
}

/// All rows, as they stand at one moment.
#[derive(Clone, Debug, Default)]
pub struct Rows(BTreeMap<Vec<u8>, Vec<u8>>);

impl Rows {
    /// Reads them.
    pub fn read(snapshot: &dyn Snapshot) -> Result<Self, Error> {
        let mut rows = BTreeMap::new();
        snapshot.scan(PREFIX, Order::Forward, &mut |key, value| {
            rows.insert(key.to_vec(), value.to_vec());
            ControlFlow::Continue(())
        })?;
        Ok(Self(rows))
    }

    /// These rows with changes applied.
    pub fn with(&self, writes: &[Pair]) -> Self {
        let mut rows = self.0.clone();
        for (key, value) in writes.iter().filter(|(key, _)| key.starts_with(PREFIX)) {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        Self(rows)
    }

    /// The row as an expectation: that it still is what it was when it was read.
    pub fn expect(&self, key: &[u8]) -> Pair {
        (key.to_vec(), self.0.get(key).cloned())
    }

    /// The same for all rows that are written.
    pub fn expect_all(&self, writes: &[Pair]) -> Vec<Pair> {
        let rows = writes.iter().filter(|(key, _)| key.starts_with(PREFIX));
        rows.map(|(key, _)| self.expect(key)).collect()
    }

    pub fn get(&self, key: &[u8]) -> Option<&[u8]> {
        self.0.get(key).map(Vec::as_slice)
    }

    /// A row that must be there.
    pub fn need(&self, key: &[u8]) -> Result<&[u8], Error> {
        self.get(key).ok_or_else(|| Error::Missing(name(key)))
    }

    fn need_array<const N: usize>(&self, key: &[u8]) -> Result<[u8; N], Error> {
        self.need(key)?.try_into().map_err(|_| Error::Changed(name(key)))
    }

    pub fn store_id(&self) -> Result<[u8; 16], Error> {
        self.need_array(STORE_ID)
    }

    pub fn epoch(&self) -> Result<Epoch, Error> {
        Ok(Epoch(u32::from_be_bytes(self.need_array(EPOCH)?)))
    }

    pub fn plan(&self) -> Result<Option<Plan>, Error> {
        let Some(plan) = self.get(PLAN) else { return Ok(None) };
        Plan::decode(self.store_id()?, plan).map(Some).ok_or_else(|| Error::Changed(name(PLAN)))
    }

    /// The reference and the key check value of the master key of an epoch.
    pub fn master_key(&self, epoch: Epoch) -> Result<(MasterKeyRef, &[u8]), Error> {
        let (key, key_check_value) = (numbered(MASTER_KEY, epoch.0), numbered(KEY_CHECK_VALUE, epoch.0));
        let key_ref = MasterKeyRef::decode(epoch, self.store_id()?, self.need(&key)?);
        Ok((key_ref.map_err(|_| Error::Changed(name(&key)))?, self.need(&key_check_value)?))
    }

    /// An error of the HSM, with the name of the master key where it is about one.
    pub fn named(&self, error: HsmError) -> Error {
        match error.master_key().and_then(|epoch| self.master_key(epoch).ok()) {
            Some((key, _)) => Error::MasterKey { error, label: key.label.clone(), id: key.id_text() },
            None => error.into(),
        }
    }

    pub fn check(&self, kek: u32) -> Result<CheckValue, Error> {
        self.need_array(&numbered(CHECK, kek))
    }

    /// Numbers and values of all rows of a kind.
    pub fn numbered(&self, prefix: &[u8]) -> impl Iterator<Item = (u32, &[u8])> {
        self.0.iter().filter_map(move |(key, value)| {
            let number = key.strip_prefix(prefix)?.try_into().ok()?;
            Some((u32::from_be_bytes(number), value.as_slice()))
        })
    }

    /// Whether nothing but the plan of a first start was ever written.
    pub fn are_of_a_first_start(&self) -> bool {
        self.0.keys().map(Vec::as_slice).eq([STORE_ID, PLAN])
    }

    /// The list of these rows, authenticated by a KEK.
    pub fn list(&self, kek: &Kek) -> Result<Vec<u8>, Error> {
        let mut body = Vec::new();
        for (key, value) in self.0.iter().filter(|(key, _)| key.as_slice() != LIST) {
            body.push(u8::try_from(key.len()).unwrap_or(u8::MAX));
            body.extend_from_slice(key);
            body.extend_from_slice(&digest_of(value));
        }
        let mac = kek.mac_hierarchy(&[self.store_id()?.as_slice(), &body].concat())?;
        Ok([&[LIST_FORMAT], kek.identity().id.to_be_bytes().as_slice(), &mac, &body].concat())
    }

    /// Refuses rows that the list does not have as they are: names each that was changed, added or taken away. The list
    /// itself is proved by [`Rows::prove_list`], for which a KEK must be opened.
    pub fn compare_with_list(&self) -> Result<(), Error> {
        let listed = self.parse_list()?.digests;
        let there: BTreeMap<&[u8], [u8; DIGEST_BYTES]> = self
            .0
            .iter()
            .filter(|(key, _)| key.as_slice() != LIST)
            .map(|(key, value)| (key.as_slice(), digest_of(value)))
            .collect();
        if let Some(lost) = listed.keys().find(|key| !there.contains_key(*key)) {
            return Err(Error::Missing(name(lost)));
        }
        let keys: BTreeSet<_> = there.keys().chain(listed.keys()).collect();
        let changed: Vec<_> = keys
            .into_iter()
            .filter(|key| listed.get(*key).copied() != there.get(*key).map(<[u8; DIGEST_BYTES]>::as_slice))
            .map(|key| name(key))
            .collect();
        if changed.is_empty() { Ok(()) } else { Err(Error::Changed(changed.join(", "))) }
    }

    /// The number of the KEK that authenticates the list.
    pub fn list_kek(&self) -> Result<u32, Error> {
        Ok(self.parse_list()?.kek)
    }

    /// Refuses a list that was not written with this KEK.
    pub fn prove_list(&self, kek: &Kek) -> Result<(), Error> {
        let mac = self.parse_list()?.mac;
        let body = self.need(LIST)?.get(1 + 4 + MAC_BYTES..).unwrap_or_default();
        let own = kek.mac_hierarchy(&[self.store_id()?.as_slice(), body].concat())?;
        let same = aws_lc_rs::constant_time::verify_slices_are_equal(&own, mac);
        same.map_err(|_| Error::Changed(name(LIST)))
    }

    fn parse_list(&self) -> Result<List<'_>, Error> {
        let wrong = || Error::Changed(name(LIST));
        let (header, rest) = self.need(LIST)?.split_first_chunk::<5>().ok_or_else(wrong)?;
        let [LIST_FORMAT, a, b, c, d] = *header else { return Err(wrong()) };
        let (mac, mut rest) = rest.split_at_checked(MAC_BYTES).ok_or_else(wrong)?;
        let mut listed = BTreeMap::new();
        while let Some((length, more)) = rest.split_first() {
            let (key, more) = more.split_at_checked(usize::from(*length)).ok_or_else(wrong)?;
            let (digest, more) = more.split_at_checked(DIGEST_BYTES).ok_or_else(wrong)?;
            listed.insert(key, digest);
            rest = more;
        }
        Ok(List { kek: u32::from_be_bytes([a, b, c, d]), mac, digests: listed })
    }
}

fn digest_of(value: &[u8]) -> [u8; DIGEST_BYTES] {
    let digest = digest::digest(&digest::SHA256, value);
    digest.as_ref().first_chunk().copied().unwrap_or_default()
}
