//! The keys under which the store holds objects and their indexes.
//!
//! Every key begins with its kind ([`Kind`]) and the tenant, so that no scan of one tenant can meet another. Values that
//! clients choose stand as the first 16 bytes of their SHA-256: keys stay short, and a match is verified on the
//! object itself. An index entry ends in the creation time, newest first, and the identifier, and has no value; the claim of an
//! owner on a name stands before the entries of that name, and takes the place of that of the object that holds it.

use aws_lc_rs::digest;
use keystead_records::keyspace::Kind;
use kmip_codec::enums::{ObjectType, State};

/// The one tenant.
pub const TENANT: u32 = 0;

/// What an index is about.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Index {
    /// Every object that is listed apart.
    All = 0,
    /// Name (value and type).
    Name = 1,
    /// Object Group.
    ObjectGroup = 2,
    /// State as it is stored; objects that a date will move stand under [`PENDING`] as well.
    State = 3,
    /// Object Type.
    ObjectType = 4,
    /// Linked object and link type.
    Link = 5,
    /// Application namespace and data.
    Application = 6,
    /// A vendor's or application's attribute with its value.
    Vendor = 7,
    /// Alternative Name.
    AlternativeName = 8,
    /// Object Group, of objects that nobody has got yet.
    FreshMember = 9,
    /// Unique Identifier, of objects that came with it.
    Imported = 10,
    /// Object Type and State, of objects that are listed together: the one entry that each of them has ([`TypeAndState`]).
    TypeAndState = 11,
    /// Object Group, and whether nobody has got the object yet, of objects that are listed together.
    Member = 12,
}

/// All of them.
const INDEXES: &[Index] = &[
    Index::All,
    Index::Name,
    Index::ObjectGroup,
    Index::State,
    Index::ObjectType,
    Index::Link,
    Index::Application,
    Index::Vendor,
    Index::AlternativeName,
    Index::FreshMember,
    Index::Imported,
    Index::TypeAndState,
    Index::Member,
];

/// The State index value of objects that a date will move to another state.
pub const PENDING: &[u8] = b"pending";

fn key(kind: Kind, parts: &[&[u8]]) -> Vec<u8> {
    let mut key = kind.prefix().to_vec();
    key.extend_from_slice(&TENANT.to_be_bytes());
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// The short form of a value: parts are length-prefixed, so that no two lists of parts look alike.
pub fn short(parts: &[&[u8]]) -> [u8; 16] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let mut out = [0; 16];
    out.iter_mut().zip(context.finish().as_ref()).for_each(|(to, from)| *to = *from);
    out
}

/// The attributes and state of an object, by its identifier, or what takes the place of that here and in the other keys.
pub fn object(id: &str) -> Vec<u8> {
    key(Kind::Object, &[id.as_bytes()])
}

/// That an object was got, where its record does not say so yet: its key is that of the object but for the kind.
pub fn served(place: &str) -> Vec<u8> {
    key(Kind::Served, &[place.as_bytes()])
}

/// What takes the place of the identifier of an object that came with one that its client chose: that is the owner's own, and
/// stands in nobody's way. No identifier has a slash.
pub fn imported(owner: &str, id: &str) -> String {
    format!("imported/{}/{id}", hex::encode(short(&[owner.as_bytes()])))
}

/// The sealed value of an object, one a generation.
pub fn sealed(id: &str, generation: u32) -> Vec<u8> {
    key(Kind::Value, &[id.as_bytes(), &[0], &generation.to_be_bytes()])
}

/// Whether a key is that of a sealed value.
pub fn is_sealed(key: &[u8]) -> bool {
    key.starts_with(Kind::Value.prefix())
}

/// The claim of an owner on a name, where the entries of that name begin ([`claim_value`]).
pub fn claim(owner: &str, name: &[u8]) -> Vec<u8> {
    index_prefix(&Scope::Owner(owner.to_owned()), Index::Name, name)
}

/// What a claim holds: creation time and place of the object, so that it is found there as by an entry.
pub fn claim_value(created: u64, place: &str) -> Vec<u8> {
    [&created.to_be_bytes(), place.as_bytes()].concat()
}

/// Creation time and place of the object that holds a claim.
pub fn claimant(value: &[u8]) -> Option<(u64, &str)> {
    let (created, place) = value.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*created), std::str::from_utf8(place).ok()?))
}

/// The claim as versions up to format 4 made it; its value is the place of the object.
pub fn older_claim(owner: &str, name: &[u8]) -> Vec<u8> {
    key(Kind::Name, &[&short(&[owner.as_bytes()]), &short(&[name])])
}

/// Where an asynchronous request lies: the short form of its owner's name, and its correlation value.
pub fn place(owner: &str, correlation: &[u8]) -> Vec<u8> {
    [&short(&[owner.as_bytes()]), correlation].concat()
}

/// The short form of the owner's name in a place.
pub fn place_owner(place: &[u8]) -> &[u8] {
    place.get(..16).unwrap_or(place)
}

/// An asynchronous request, by its place; or all of an owner.
pub fn asynchronous(place: &[u8]) -> Vec<u8> {
    key(Kind::Asynchronous, &[place])
}

/// The entry of an asynchronous request that waits, in order of submission; it has no value.
pub fn waiting(submitted: u64, place: &[u8]) -> Vec<u8> {
    key(Kind::Waiting, &[&submitted.to_be_bytes(), place])
}

/// All that wait.
pub fn all_waiting() -> Vec<u8> {
    key(Kind::Waiting, &[])
}

/// Submission and place of an entry of those that wait.
pub fn waiting_parts(entry: &[u8]) -> Option<(u64, Vec<u8>)> {
    let (time, place) = entry.get(all_waiting().len()..)?.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*time), place.to_vec()))
}

/// The entry of an object that is to be rotated, in order of time (seconds since 1970); it has no value.
pub fn rotation(due: i64, id: &str) -> Vec<u8> {
    key(Kind::Rotation, &[&due.max(0).to_be_bytes(), id.as_bytes()])
}

/// All that are to be rotated.
pub fn all_rotations() -> Vec<u8> {
    key(Kind::Rotation, &[])
}

/// Time and object of an entry of those that are to be rotated.
pub fn rotation_parts(entry: &[u8]) -> Option<(u64, &str)> {
    let (due, id) = entry.get(all_rotations().len()..)?.split_first_chunk::<8>()?;
    Some((u64::from_be_bytes(*due), std::str::from_utf8(id).ok()?))
}

/// What an operation in parts has so far.
pub fn part(owner: &str, correlation: &[u8]) -> Vec<u8> {
    key(Kind::Part, &[&short(&[owner.as_bytes()]), correlation])
}

/// A ticket, by the short form of its owner's name and its number; or all of an owner.
pub fn ticket(place: &[u8]) -> Vec<u8> {
    key(Kind::Ticket, &[place])
}

/// What is known of a certificate with which a client logs in, by its fingerprint.
pub fn credential(fingerprint: &str) -> Vec<u8> {
    key(Kind::Credential, &[fingerprint.as_bytes()])
}

/// Whether a key is that of what is known of a certificate.
pub fn is_credential(key: &[u8]) -> bool {
    key.starts_with(Kind::Credential.prefix())
}

/// What is known of a name of clients.
pub fn client_name(name: &str) -> Vec<u8> {
    key(Kind::ClientName, &[&short(&[name.as_bytes()])])
}

/// A certificate that was signed for a client, by its fingerprint. It has no tenant.
pub fn issued(fingerprint: &str) -> Vec<u8> {
    [Kind::Issued.prefix(), fingerprint.as_bytes()].concat()
}

/// What administrators have set for the whole server, by its name.
pub fn rule(name: &str) -> Vec<u8> {
    key(Kind::Rule, &[name.as_bytes()])
}

/// Which member of an Object Group was the default of a client last.
pub fn default_member(owner: &str, group: &str) -> Vec<u8> {
    key(Kind::DefaultMember, &[&short(&[owner.as_bytes()]), &short(&[group.as_bytes()])])
}

/// All entries of one value of an index, within the objects of one owner or group.
pub fn index_prefix(scope: &Scope, index: Index, value: &[u8]) -> Vec<u8> {
    key(Kind::Index, &[&scope.short(), &[index as u8], &short(&[value])])
}

/// Object Type and State as they are stored, and whether a date will move the object to another state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TypeAndState {
    /// Whether a date will move it.
    pub moves_by_date: bool,
    /// None for what has no life cycle.
    pub state: Option<State>,
    /// Its type.
    pub object_type: ObjectType,
}

/// How many bytes they take in a key.
const TYPE_AND_STATE_BYTES: usize = 9;

impl TypeAndState {
    fn bytes(self) -> [u8; TYPE_AND_STATE_BYTES] {
        let state = self.state.map_or(0, |state| state.0).to_be_bytes();
        let object_type = self.object_type.0.to_be_bytes();
        let mut bytes = [u8::from(self.moves_by_date); TYPE_AND_STATE_BYTES];
        bytes.iter_mut().skip(1).zip(state.iter().chain(&object_type)).for_each(|(to, from)| *to = *from);
        bytes
    }

    /// The one that an entry has behind the prefix of all of them.
    pub fn of(entry: &[u8], prefix: usize) -> Option<Self> {
        let (&[moves_by_date], rest) = entry.get(prefix..)?.split_first_chunk::<1>()?;
        let (state, rest) = rest.split_first_chunk::<4>()?;
        let (object_type, _) = rest.split_first_chunk::<4>()?;
        Some(Self {
            moves_by_date: moves_by_date != 0,
            state: Some(State(u32::from_be_bytes(*state))).filter(|state| state.0 != 0),
            object_type: ObjectType(u32::from_be_bytes(*object_type)),
        })
    }
}

/// The entries of all objects of one owner or group that are listed together.
pub fn together_prefix(scope: &Scope) -> Vec<u8> {
    key(Kind::Index, &[&scope.short(), &[Index::TypeAndState as u8]])
}

/// Those of one Object Type and State.
pub fn type_and_state_prefix(scope: &Scope, of: TypeAndState) -> Vec<u8> {
    [together_prefix(scope), of.bytes().to_vec()].concat()
}

/// The entries of the members of an Object Group, of those that are fresh or of the others.
pub fn member_prefix(scope: &Scope, group: &[u8], is_fresh: bool) -> Vec<u8> {
    key(Kind::Index, &[&scope.short(), &[Index::Member as u8], &short(&[group]), &[u8::from(is_fresh)]])
}

/// A key behind all entries with a prefix: no time and identifier are like this.
pub fn behind_entries(prefix: &[u8]) -> Vec<u8> {
    [prefix, &[u8::MAX; 9]].concat()
}

/// All entries of all indexes, those of one owner or group together.
pub fn all_index_entries() -> Vec<u8> {
    key(Kind::Index, &[])
}

/// What an entry of an index begins with, as all entries of its owner or group do.
pub fn scope_of(entry: &[u8]) -> &[u8] {
    entry.get(..all_index_entries().len() + 16).unwrap_or(entry)
}

/// The lists of all objects of an owner or group, by what its entries begin with: those that are listed together, and those apart; and
/// how many bytes stand before the creation time in an entry.
pub fn lists_of_all(scope: &[u8]) -> [(Vec<u8>, usize); 2] {
    let list = |index: Index, value: usize| ([scope, &[index as u8]].concat(), scope.len() + 1 + value);
    [list(Index::TypeAndState, TYPE_AND_STATE_BYTES), list(Index::All, 16)]
}

/// A key behind all entries of an owner or group.
pub fn behind_scope(scope: &[u8]) -> Vec<u8> {
    behind_entries(&[scope, &[u8::MAX]].concat())
}

/// Which index an entry is of, by its name; `None` for what is no entry.
pub fn index_of(entry: &[u8]) -> Option<String> {
    let number = entry.starts_with(&all_index_entries()).then(|| entry.get(scope_of(entry).len()))??;
    let known = INDEXES.iter().find(|index| **index as u8 == *number);
    Some(known.map_or_else(|| format!("number {number}"), |index| format!("{index:?}")))
}

/// The entry behind a prefix.
pub fn entry(prefix: &[u8], created: u64, id: &str) -> Vec<u8> {
    [prefix, &(u64::MAX - created).to_be_bytes(), id.as_bytes()].concat()
}

/// Creation time and identifier of an index entry, given the length of its prefix.
pub fn entry_parts(entry: &[u8], prefix: usize) -> Option<(u64, &str)> {
    let (time, id) = entry.get(prefix..)?.split_first_chunk::<8>()?;
    Some((u64::MAX - u64::from_be_bytes(*time), std::str::from_utf8(id).ok()?))
}

/// Whose objects an index lists.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Scope {
    /// The objects that this principal made.
    Owner(String),
    /// The objects of this group of clients.
    Group(String),
}

impl Scope {
    fn short(&self) -> [u8; 16] {
        match self {
            Self::Owner(name) => short(&[b"owner", name.as_bytes()]),
            Self::Group(name) => short(&[b"group", name.as_bytes()]),
        }
    }
}
