//! What a client probably wanted, and what to do: a table, the first row that fits counts.
//!
//! Rows for one operation stand before those for any. What is said of products is what their requests show.

use super::{Suspicious, What};
use crate::engine::refusal::Cause;
use crate::engine::rights::persona::{Activation, Names, Persona};
use kmip_codec::operations::Operation;

/// A row.
#[derive(Clone, Copy, Debug)]
pub struct Hint {
    /// What happened.
    pub what: What,
    /// The operations that it is about; none means any.
    pub operations: &'static [Operation],
    /// The personas that it is about; any where there is none.
    pub persona: Option<fn(&Persona) -> bool>,
    /// What the client probably wanted.
    pub wanted: &'static str,
    /// What to do.
    pub advice: &'static str,
}

/// The hint for what happened.
pub fn hint(what: What, operation: Operation, persona: &Persona) -> &'static Hint {
    let fits = |row: &&Hint| {
        row.what.is_like(what)
            && (row.operations.is_empty() || row.operations.contains(&operation))
            && row.persona.is_none_or(|fits| fits(persona))
    };
    HINTS.iter().chain(UNREADABLE).find(fits).unwrap_or(&ANY)
}

/// Where no row fits.
const ANY: Hint = Hint {
    what: What::Refused(Cause::InvalidField),
    operations: &[],
    persona: None,
    wanted: "What the request says; the server does not take it so.",
    advice: "Compare the request with the clause and with the operation's fields (docs/reference/operations.md); the \
             message names what is wrong.",
};

const CRYPTOGRAPHY: &[Operation] = &[
    Operation::Encrypt,
    Operation::Decrypt,
    Operation::Sign,
    Operation::SignatureVerify,
    Operation::MAC,
    Operation::MACVerify,
    Operation::DeriveKey,
];

const ATTRIBUTES: &[Operation] = &[
    Operation::AddAttribute,
    Operation::ModifyAttribute,
    Operation::SetAttribute,
    Operation::AdjustAttribute,
    Operation::DeleteAttribute,
];

const ANY_OPERATION: &[Operation] = &[];

macro_rules! persona {
    () => {
        None
    };
    ($fits:expr) => {
        Some($fits)
    };
}

macro_rules! hints {
    (#[doc = $doc:literal] $name:ident $($what:expr; $operations:expr $(; for $fits:expr)?; $wanted:literal, $advice:literal;)*) => {
        #[doc = $doc]
        pub const $name: &[Hint] = &[$(Hint {
            what: $what,
            operations: $operations,
            persona: persona!($($fits)?),
            wanted: $wanted,
            advice: $advice,
        }),*];
    };
}

mod unreadable;

pub use unreadable::UNREADABLE;

hints! {
    /// What was read.
    HINTS
    What::Refused(Cause::NotFound); ATTRIBUTES;
        "An attribute of an object changed.",
        "Check the identifier under \"objects\" below: if the object belongs to another client, the two \
         certificates differ or share no group; put both into one [[groups]] entry.";
    What::Refused(Cause::NotFound); ANY_OPERATION;
        "An object that it made earlier, or that another client made.",
        "If the object is listed below as another client's, the certificate has changed or the two share no \
         group: put both into one [[groups]] entry with `default = true`. If it is not listed, it does not exist \
         here: wrong server, restored store, or an item that relies on the object of a failed item before it.";
    What::Refused(Cause::Destroyed); ANY_OPERATION;
        "The value of an object that was destroyed.",
        "Nothing brings it back. The audit tells who destroyed it and when. The client must take another \
         key; appliances that keep asking have a stale identifier to be cleared.";
    What::Refused(Cause::Denied); ANY_OPERATION;
        "Something that its certificate is not allowed.",
        "Check which certificate the client shows, and its [[groups]] and [admin] in the configuration.";
    What::Refused(Cause::Weak); ANY_OPERATION;
        "Cryptography that is weak; docs/cryptography.md says what is, and why.",
        "Take what is not weak. If the client cannot, `weak_keys` for its group grants it; what is protected already can \
         be read without.";
    What::Refused(Cause::InvalidTicket); ANY_OPERATION;
        "To act by a ticket of Login that does not hold here.",
        "Tickets end with their time, their number of requests and Logout, and hold for the client that they were given \
         to: log in again.";
    What::Refused(Cause::Certificate); ANY_OPERATION;
        "To go on with a certificate that is not good any more.",
        "The message tells why. `keystead client add NAME --out DIR` makes another, `--replace` after a revocation. Look at the clocks, too.";
    What::Refused(Cause::Authentication); ANY_OPERATION;
        "To be known by a credential.",
        "Its persona says how credentials are taken, and `keystead client show NAME` which that is: some take certificates alone.";
    What::Refused(Cause::CredentialMissing); ANY_OPERATION;
        "To be served by its certificate alone.",
        "Its persona asks for a credential, and the request has none: set one in the client, or give it another persona.";
    What::Refused(Cause::CredentialUnknown); ANY_OPERATION;
        "To be known by a credential.",
        "No [[credentials]] have this user name or device, or they are not for this client (`clients`): add one, or correct the client.";
    What::Refused(Cause::CredentialPassword); ANY_OPERATION;
        "To be known by a credential.",
        "Its user name or device is known, and its password is another one: correct that in the client or in [[credentials]].";
    What::Refused(Cause::CredentialsDiffer); ANY_OPERATION;
        "To be known by several credentials in one message.",
        "They are known and right, and of different users: set one of them in the client, and ask as each user in a message of its own.";
    What::Refused(Cause::WrongState); &[Operation::Get]; for |persona| !persona.pre_active_get;
        "The key, without having activated it; its persona does not let it (`pre_active_get = false`).",
        "pg_tde, Barbican and others never activate: give the client another persona, or send Activation Date with Create.";
    What::Refused(Cause::WrongState); &[Operation::Destroy];
        "A key gone that is still in use.",
        "Revoke it first: an Active object cannot be destroyed (only Pre-Active, Deactivated and Compromised ones).";
    What::Refused(Cause::WrongState); &[Operation::Activate];
        "A key in use that is so already, or no more.",
        "If it is Active, the client repeats itself: harmless. If it was revoked, it needs a new key.";
    What::Refused(Cause::WrongState); CRYPTOGRAPHY; for |persona| persona.activation == Activation::Client;
        "Cryptography with a key that is not Active, or outside its dates.",
        "See state and dates of the key: activate it, or re-key. Many clients forget Activate after Create; an Activation \
         Date in Create spares it, and so does a persona with `activation = \"automatic\"`.";
    What::Refused(Cause::WrongState); CRYPTOGRAPHY;
        "Cryptography with a key that is not Active, or outside its dates.",
        "See state and dates of the key: activate it, or re-key. Many clients forget Activate after Create; an \
         Activation Date in Create spares it.";
    What::Refused(Cause::WrongState); ANY_OPERATION;
        "An operation that the state of the object does not allow.",
        "See the state below and the life cycle in the clause; activate, revoke or recover first.";
    What::Refused(Cause::Archived); ANY_OPERATION;
        "An object that is in the archive.",
        "Recover it first; the archive is for objects that nobody uses.";
    What::Refused(Cause::NoKeyValue); ANY_OPERATION;
        "A key value that this server was never given.",
        "The object was registered without its value (Key Value Location): the client must fetch it where that \
         points.";
    What::Refused(Cause::InvalidField); &[Operation::Locate];
        "Objects by a filter or a page that makes no sense.",
        "Maximum Items and Offset Items cannot be negative; storage masks need a bit.";
    What::Refused(Cause::AttributeValue); &[Operation::Create, Operation::CreateKeyPair];
        "A key with an attribute of a value that it cannot have: an algorithm and length that do not exist together, say.",
        "docs/reference/algorithms.md lists what can be made. Some clients send the length in bytes: it is in bits.";
    What::Refused(Cause::AttributeValue); ANY_OPERATION;
        "An attribute with a value that it cannot have there.",
        "The message names the attribute; compare it with the clause and with the other attributes of the object.";
    What::Refused(Cause::InvalidField); ANY_OPERATION;
        "A request with a field of a value that has no place there.",
        "The message names the field; compare it with the clause and docs/reference/operations.md.";
    What::Refused(Cause::Missing); ANY_OPERATION;
        "A request that leaves out what the operation needs.",
        "The message names the field. Where an identifier is missing: the ID placeholder is set only by an item \
         of the same batch that made or found exactly one object.";
    What::Refused(Cause::WrongType); CRYPTOGRAPHY;
        "Cryptography with an object that is no such key.",
        "See the type below: symmetric ciphers take symmetric keys, signatures private keys. A key that was \
         registered wrapped cannot be used by the server.";
    What::Refused(Cause::WrongType); ANY_OPERATION;
        "An operation on an object of a type that it is not for.",
        "See the type below; the client probably confuses two identifiers (private and public key, key and \
         certificate).";
    What::Refused(Cause::NoSuchAttribute); ANY_OPERATION;
        "An attribute that the object does not have.",
        "Clients poll for attributes that another product sets. Set it once, or let the client ask without \
         naming attributes.";
    What::Refused(Cause::NoSuchInstance); ANY_OPERATION;
        "An instance of an attribute by an index that is not there.",
        "Indexes begin at 0 and stay with the instance; ask with Get Attributes which ones there are.";
    What::Refused(Cause::UnknownAttribute); ANY_OPERATION;
        "An attribute that this version of the protocol does not have, or one of its own without the `x-` prefix.",
        "In 1.x an attribute of an application is called `x-…`; in 2.x it is a vendor attribute. \
         docs/reference/attributes.md lists all others with their versions.";
    What::Refused(Cause::ReadOnly); ANY_OPERATION;
        "A change of an attribute that only the server sets.",
        "docs/reference/attributes.md tells who may set, change and delete each. State is changed by Activate, \
         Revoke and Destroy; Cryptographic Length by Re-key.";
    What::Refused(Cause::SingleValued); ANY_OPERATION;
        "A second value for an attribute that has one.",
        "Use Modify Attribute (or Set Attribute in 2.x) in place of Add Attribute.";
    What::Refused(Cause::NotForObject); ANY_OPERATION;
        "An attribute that objects of another type have.",
        "docs/reference/attributes.md lists for which types each is.";
    What::Refused(Cause::NotReached); ANY_OPERATION;
        "An asynchronous item behind one of its batch that failed.",
        "Poll for the items before it: the first failure is the reason. With Batch Error Continuation Option \
         Continue the others are done all the same.";
    What::Refused(Cause::NoActivationDate); ANY_OPERATION;
        "Dates of a key that an Offset is to move, without an Activation Date to move them by.",
        "Name the dates of the new key in the request, without an Offset.";
    What::Refused(Cause::MultiValued); ANY_OPERATION;
        "A change of one of several values without telling which.",
        "Name the index (1.x) or the current attribute (2.x).";
    What::Refused(Cause::NameTaken); ANY_OPERATION; for |persona| persona.names == Names::Unique;
        "A second object of the same name.",
        "Names are unique among the objects of an owner: the client ran twice, or two appliances share a certificate. \
         Locate the existing one, destroy or rename it; a persona with `names = \"free\"` allows it.";
    What::Refused(Cause::NotSupported); ANY_OPERATION;
        "An operation that is not served here, or that this version does not have.",
        "docs/reference/operations.md lists what is served. A client that asks Query first would not try; look \
         for a setting that turns the feature off in the client.";
    What::Refused(Cause::FeatureNotSupported); ANY_OPERATION;
        "An operation in a way that is not served.",
        "The message names the feature; look for a setting of the client, or leave out what is optional.";
    What::Refused(Cause::KeyFormat); ANY_OPERATION;
        "A key in a format that it cannot be had in.",
        "Leave Key Format Type out to get the key as it was registered. Raw and Opaque are not converted into \
         each other.";
    What::Refused(Cause::Replaced); ANY_OPERATION;
        "Another replacement for an object that has one already.",
        "The first answer may have been lost: its replacement is there. Find it by the name, which has moved to it, or by \
         the Replacement Object Link, and re-key that one if it must be.";
    What::Refused(Cause::KeyWrapType); ANY_OPERATION;
        "A key wrapped in a way that KMIP does not have.",
        "Key Wrap Type is Not Wrapped or As Registered; leave it out to get the key as it was registered.";
    What::Refused(Cause::KeyCompression); ANY_OPERATION;
        "A public key with its points compressed in this way.",
        "Leave Key Compression Type out.";
    What::Refused(Cause::EncodingOption); ANY_OPERATION;
        "A wrapped key with attributes, without the encoding that holds them.",
        "Ask for TTLV Encoding, or for no attributes.";
    What::Refused(Cause::Sensitive); ANY_OPERATION;
        "A sensitive key in clear.",
        "Get it wrapped (Key Wrapping Specification), or set Sensitive to false when it is made.";
    What::Refused(Cause::NotExtractable); ANY_OPERATION;
        "A key that may not leave the server.",
        "Use it here (Encrypt, Sign …), or make it with Extractable true.";
    What::Refused(Cause::Cryptographic); &[Operation::Decrypt];
        "The plaintext of data that does not open with this key and these parameters.",
        "Wrong key, IV, tag, mode or padding, or changed data. EDB and others put the IV before the data: it \
         belongs into IV/Counter/Nonce.";
    What::Refused(Cause::Cryptographic); ANY_OPERATION;
        "Cryptography that failed.",
        "Check key, parameters and data; the message says what did not fit.";
    What::Refused(Cause::UsageMask); ANY_OPERATION;
        "A use that the Cryptographic Usage Mask of the key does not allow.",
        "See the mask below. Set the bit when the key is made: the mask cannot be changed afterwards.";
    What::Refused(Cause::NotDerivable); ANY_OPERATION;
        "A key derived from an object that is not meant for it.",
        "Give the object the usage mask Derive Key when it is made.";
    What::Refused(Cause::Ambiguous); ANY_OPERATION;
        "Something said twice, in two ways.",
        "Leave one of them out; the message names both.";
    What::Refused(Cause::TooLarge); ANY_OPERATION;
        "An answer no longer than its Maximum Response Size.",
        "Raise the client's limit, or ask for less: Maximum Items in Locate, fewer attributes, smaller batches. \
         libkmip always sends a limit.";
    What::Refused(Cause::NoSuchCorrelation); ANY_OPERATION;
        "The answer of an asynchronous request.",
        "It was fetched already (an answer is given once), was asked for by another client, or is in another \
         version of the protocol.";
    What::Refused(Cause::NoSuchParts); ANY_OPERATION;
        "Another part of an operation in parts.",
        "The last part ended it, another key or client began it, or the server was restarted meanwhile: begin \
         again with Init Indicator.";
    What::Refused(Cause::MissingIv); ANY_OPERATION;
        "Encryption in a mode that needs an IV, without one.",
        "Send IV/Counter/Nonce, or Random IV in the Cryptographic Parameters.";
    What::Refused(Cause::NotQuantumSafe); ANY_OPERATION;
        "An object that is Quantum Safe for its Protection Level.",
        "A symmetric key of 256 bits, or Protection Level Low for one of 128; no pair of keys that is made here is.";
    What::Refused(Cause::TagLength); ANY_OPERATION;
        "Authenticated encryption with a tag of this length.",
        "12 to 16 bytes; say which in Tag Length.";
    What::Refused(Cause::Allocation); ANY_OPERATION;
        "A share of a key's use that is larger than what is left.",
        "Ask for less, or re-key.";
    What::Refused(Cause::Parameters); ANY_OPERATION;
        "Cryptography with parameters that are missing, contradict each other, or are not served.",
        "docs/reference/algorithms.md lists what is.";
    What::Refused(Cause::Unsupported); ANY_OPERATION;
        "Cryptography in a way that the specification has and this server does not.",
        "docs/reference/algorithms.md lists what is served: give the client another mode, digest or signature.";
    What::Refused(Cause::UsageLimit); ANY_OPERATION;
        "More use of a key than its Usage Limits leave.",
        "Re-key, or set Usage Limits anew before the key is used.";
    What::Refused(Cause::UnknownGroup); ANY_OPERATION;
        "The defaults of an Object Group that is not known.",
        "No object that the client sees, no default and no constraint names the group: see how it is spelt, and which client \
         made its objects.";
    What::Refused(Cause::Namespace); ANY_OPERATION;
        "Application data filled in by the server.",
        "Send the data itself: the server fills in no namespaces of its own.";
    What::Refused(Cause::Storage); ANY_OPERATION;
        "A new object that is stored in other ways than this server has.",
        "Allow Software among the Protection Storage Masks, or send none.";
    What::Refused(Cause::PrivateStorage); ANY_OPERATION;
        "A new private key that is stored in other ways than this server has.",
        "Allow Software among the Protection Storage Masks, or send none.";
    What::Refused(Cause::PublicStorage); ANY_OPERATION;
        "A new public key that is stored in other ways than this server has.",
        "Allow Software among the Protection Storage Masks, or send none.";
    What::Refused(Cause::WrappingKeyNotFound); ANY_OPERATION;
        "A key wrapped with another.",
        "The wrapping key must exist for the same client: see the hint of Item Not Found.";
    What::Refused(Cause::WrappingType); ANY_OPERATION;
        "A key wrapped with what is no key.",
        "Wrap with a symmetric key or with a key of a pair; a Secret Data object can be registered as a key anew.";
    What::Refused(Cause::UnknownField); ANY_OPERATION;
        "A field or a value that this version does not have.",
        "The message names it and its place. Often a field of another major version than the header's.";
    What::Refused(Cause::InvalidMessage); ANY_OPERATION;
        "A message that the server can make sense of.",
        "The message says what does not fit together.";
    What::Refused(Cause::Limit); ANY_OPERATION;
        "More than a limit of the server allows.",
        "Raise it under [limits] in the configuration, or ask for less at once.";
    What::Refused(Cause::Internal); ANY_OPERATION;
        "Something that this server should have done.",
        "The server's log has the reason under the number of the request: the HSM, the disk, or a fault of its own.";
    What::Refused(Cause::Damaged); ANY_OPERATION;
        "An object or a record of this client that does not open any more.",
        "The server's log names it. Stop the server and run `keystead check --config FILE`, which reads all of the store; a \
         copy of the store from before may have it.";
    What::Odd(Suspicious::FoundNothing); ANY_OPERATION;
        "A key by name, group or attribute: it finds none, and will make a new one or give up.",
        "Filters match exactly and are ANDed; FortiGate sends its filter inside a Template-Attribute, old Db2 \
         ends texts with NUL bytes. Destroyed and archived objects are found only when asked for, those of other \
         clients never. If the key exists, compare its attributes with the filter below and the certificate with \
         the one that made it.";
    What::Odd(Suspicious::UnknownFilter); ANY_OPERATION;
        "Objects by an attribute that this version of the protocol does not have: nothing matches.",
        "See the filter below. An application's own attribute is called `x-…` in 1.x. A filter that is not \
         understood finds nothing, never everything.";
    What::Odd(Suspicious::CredentialIgnored); ANY_OPERATION;
        "To be known by a user name and password beside its certificate (FortiGate, cryptctl, Ceph do so).",
        "Nothing, if the right client is shown: the certificate decides. Otherwise give this client a \
         certificate of its own.";
    What::Handshake; ANY_OPERATION;
        "A connection over TLS, with a certificate that the server accepts.",
        "See what it was turned away for.";
}
