//! Every key that a store may hold: a table of what it begins with, whose it is, and what stands under it.
//!
//! The parts of the server that keep something take the first bytes of their keys from here, so that no two can meet; `keystead
//! check` calls the records by these names and refuses what has no row; docs/reference/keyspace.md is written from it. How a
//! key goes on behind its first bytes is its owner's business.

/// How the value of a record is kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kept {
    /// Encrypted, because it is secret or may be.
    Sealed,
    /// Readable, under a MAC of a key of the hierarchy.
    Authenticated,
    /// Readable, in a chain of hashes or in a list under a MAC that covers several records.
    Listed,
    /// Readable: what is wrong there shows against other records.
    Plain,
}

/// Whose a record is where several servers hold one population of objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Whose {
    /// All servers hold the same.
    Shared,
    /// It tells of one server alone.
    Node,
}

/// What there is to know of a kind of records.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Row {
    /// The kind.
    pub kind: Kind,
    /// What its keys begin with.
    pub prefix: &'static [u8],
    /// What its records are called.
    pub name: &'static str,
    /// The module that reads and writes them.
    pub owner: &'static str,
    /// What follows in the key.
    pub key: &'static str,
    /// What the value is.
    pub value: &'static str,
    /// How the value is kept.
    pub kept: Kept,
    /// Whether a copy of the store for safety has it.
    pub in_backup: bool,
    /// Whose it is.
    pub whose: Whose,
    /// Whether each must be claimed by an object: it is an index, or a part of one.
    pub is_claimed: bool,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $prefix:literal, $name:literal, $owner:literal, $key:literal => $value:literal,
        $kept:ident, $in_backup:ident, $whose:ident $(, $claimed:ident)?;)*) => {
        /// A kind of records.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Kind {
            $($(#[doc = $doc])* $kind,)*
        }

        /// The table, a row a kind, in the order of [`Kind`].
        pub const ROWS: &[Row] = &[
            $(Row {
                kind: Kind::$kind,
                prefix: $prefix,
                name: $name,
                owner: $owner,
                key: $key,
                value: $value,
                kept: Kept::$kept,
                in_backup: kinds!(backup $in_backup),
                whose: Whose::$whose,
                is_claimed: kinds!(claimed $($claimed)?),
            },)*
        ];

        impl Kind {
            /// What the keys of its records begin with.
            pub const fn prefix(self) -> &'static [u8] {
                match self {
                    $(Self::$kind => $prefix,)*
                }
            }
        }
    };
    (backup backup) => { true };
    (backup no_backup) => { false };
    (claimed) => { false };
    (claimed claimed) => { true };
}

kinds! {
    /// Attributes and state of an object.
    Object = b"o", "objects", "engine::keyspace", "tenant, identifier" => "attributes, state, owner", Authenticated, backup, Shared;
    /// That an object was got, where its record does not say so yet.
    Served = b"y", "objects that were got", "engine::keyspace", "tenant, identifier" => "time of creation and generation of the object", Plain, backup, Shared;
    /// The value of an object.
    Value = b"s", "values", "engine::keyspace", "tenant, identifier, 0, generation" => "the object with its key", Sealed, backup, Shared, claimed;
    /// An entry of an index.
    Index = b"i", "index entries", "engine::keyspace", "tenant, digest of the owner or group, index, value or digest of it, time of creation (newest first), identifier; of a claim on a name, nothing behind the digest of the name" => "nothing; of a claim, time of creation and identifier", Plain, backup, Shared, claimed;
    /// The claim of an owner on a name, as older versions made it.
    Name = b"n", "names of older versions", "engine::keyspace", "tenant, digest of the owner, digest of the name" => "identifier", Plain, backup, Shared, claimed;
    /// When an object is to be rotated.
    Rotation = b"u", "rotations to come", "engine::keyspace", "tenant, time in seconds, identifier" => "nothing", Plain, backup, Shared, claimed;
    /// An asynchronous request.
    Asynchronous = b"a", "asynchronous requests", "engine::keyspace", "tenant, digest of the owner, correlation value" => "the request, then its answer", Sealed, backup, Shared;
    /// An asynchronous request that waits.
    Waiting = b"w", "waiting asynchronous requests", "engine::keyspace", "tenant, time in nanoseconds, digest of the owner, correlation value" => "nothing", Plain, backup, Shared;
    /// What an operation in parts has so far.
    Part = b"p", "parts of operations", "engine::keyspace", "tenant, digest of the owner, correlation value" => "its data so far", Sealed, backup, Shared;
    /// A ticket.
    Ticket = b"t", "tickets", "engine::keyspace", "tenant, digest of the owner, number" => "SHA-256 of the ticket, what it allows", Authenticated, backup, Shared;
    /// What is known of a certificate with which a client logs in.
    Credential = b"d", "certificates of clients", "engine::keyspace", "tenant, fingerprint" => "its client, whether it has ended, what took its place", Authenticated, backup, Shared;
    /// What is known of a name of clients.
    ClientName = b"x", "names of clients", "engine::keyspace", "tenant, digest of the name" => "whether it was revoked", Authenticated, backup, Shared;
    /// A certificate that was signed for a client.
    Issued = b"c", "issued certificates", "engine::keyspace", "fingerprint" => "the certificate, who had it signed", Plain, backup, Shared;
    /// What administrators have set for the whole server.
    Rule = b"r", "rules of administrators", "engine::keyspace", "tenant, name" => "defaults and constraints of new objects", Authenticated, backup, Shared;
    /// Which member of a group was the default last.
    DefaultMember = b"g", "default members", "engine::keyspace", "tenant, digest of the client, digest of the group" => "time of creation, identifier", Plain, backup, Shared;
    /// A block of the audit.
    AuditBlock = b"B", "audit blocks", "audit", "node, number" => "entries, chained, under a MAC", Listed, backup, Node;
    /// An entry of the audit of older versions, which is taken over into blocks.
    Audit = b"l", "audit entries of older versions", "audit", "number" => "hash of the chain, entry", Listed, backup, Node;
    /// Which node the store is of.
    Node = b"M", "node", "store::audit_log", "nothing" => "identifier of the node", Plain, no_backup, Node;
    /// The identifier of the store.
    StoreId = b"vi", "rows of the key hierarchy", "vault::rows", "nothing" => "identifier of the store", Listed, backup, Shared;
    /// The epoch of the present master key.
    Epoch = b"ve", "rows of the key hierarchy", "vault::rows", "nothing" => "epoch of the present master key", Listed, backup, Shared;
    /// Which object of the token a master key is.
    MasterKey = b"vm", "rows of the key hierarchy", "vault::rows", "epoch" => "which object of the token is the master key", Listed, backup, Shared;
    /// The check value of a master key.
    KeyCheckValue = b"vc", "rows of the key hierarchy", "vault::rows", "epoch" => "key check value of the master key", Listed, backup, Shared;
    /// A key-encryption key.
    Kek = b"vk", "rows of the key hierarchy", "vault::rows", "number" => "key-encryption key, sealed under a master key", Sealed, backup, Shared;
    /// The check value of a key-encryption key.
    KekCheck = b"vx", "rows of the key hierarchy", "vault::rows", "number" => "check value of the key-encryption key", Listed, backup, Shared;
    /// A key of the audit.
    AuditKey = b"va", "rows of the key hierarchy", "vault::rows", "number" => "key of the audit's MACs, sealed under a key-encryption key", Sealed, backup, Shared;
    /// The plan of a rotation of master keys.
    Plan = b"vr", "rows of the key hierarchy", "vault::rows", "nothing" => "plan of a rotation, or of the first start", Listed, backup, Shared;
    /// The list of the hierarchy's rows.
    List = b"vl", "rows of the key hierarchy", "vault::rows", "nothing" => "list of these rows under a MAC", Authenticated, backup, Shared;
    /// The format of the store.
    Format = b"f", "format", "store::database", "nothing" => "number of the format", Plain, backup, Shared;
    /// Which segment of the journal of reads was taken in last.
    Drained = b"j", "state of the journal", "store::journal", "nothing" => "number of the segment that was taken in last", Plain, no_backup, Node;
    /// The stamp of the last commit.
    Stamp = b"q", "stamp", "store::guard", "nothing" => "random bytes of the last commit", Plain, no_backup, Node;
}

impl Kind {
    /// The kind of a record, by its key; none where no row fits.
    pub fn of(key: &[u8]) -> Option<Self> {
        ROWS.iter().find(|row| row.is_of(key)).map(|row| row.kind)
    }

    /// What there is to know of it.
    pub fn row(self) -> Option<&'static Row> {
        ROWS.iter().find(|row| row.kind == self)
    }
}

/// Whether a record tells of a certificate or a name of clients: by such records clients are let in or not.
pub fn tells_of_credentials(key: &[u8]) -> bool {
    [Kind::Credential, Kind::ClientName].iter().any(|kind| key.starts_with(kind.prefix()))
}

/// The key of the object that a deferred row is about: of a row that tells something of an object, and is written later.
pub fn object_of(deferred: &[u8]) -> Option<Vec<u8>> {
    let place = deferred.strip_prefix(Kind::Served.prefix())?;
    Some([Kind::Object.prefix(), place].concat())
}

impl Row {
    /// Whether a key is one of this kind. Where nothing follows, nothing may.
    fn is_of(&self, key: &[u8]) -> bool {
        key.strip_prefix(self.prefix).is_some_and(|rest| self.key != NOTHING || rest.is_empty())
    }
}

/// What is said of a key that ends with its first bytes.
const NOTHING: &str = "nothing";

#[cfg(test)]
mod tests {
    use super::*;

    /// No key can be of two kinds.
    #[test]
    fn no_prefix_begins_with_another() {
        for one in ROWS {
            assert!(!one.prefix.is_empty());
            for other in ROWS.iter().filter(|other| other.kind != one.kind) {
                assert!(!other.prefix.starts_with(one.prefix), "{:?} and {:?}", one.kind, other.kind);
            }
        }
    }
}
