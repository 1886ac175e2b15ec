//! What the commands of `keystead` ask of a server beyond KMIP: one vendor operation whose payload is JSON, over the
//! same port and the same mutual TLS. Who may ask is decided by the server, per request.

use crate::rights::identity::Fingerprint;
use kmip_codec::Tag;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::operations::Operation;
use serde::{Deserialize, Serialize};
use std::ops::RangeInclusive;

/// The operation, from the range that KMIP leaves to extensions.
pub const OPERATION: Operation = Operation(0x8000_4B53);

/// The tag of the JSON text, from the range that KMIP leaves to extensions.
const TEXT: Tag = Tag(0x54_4B53);

/// For how many days a certificate may be valid that is signed for a client.
pub const CLIENT_DAYS: RangeInclusive<u32> = 1..=3650;

/// A request.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "kebab-case", deny_unknown_fields)]
pub enum AdminRequest {
    /// Is the server ready? Really opens keys in the HSM and writes to the store. Every client may ask.
    Ready,
    /// How the master key stands.
    MasterStatus,
    /// Rotate the master key.
    MasterRotate,
    /// Sign a certificate for a client.
    ClientAdd {
        /// Its name, as people write it.
        name: String,
        /// How long the certificate is valid, in days.
        days: u32,
        /// The request for the certificate, PEM.
        request: String,
        /// Whether the new certificate takes the place of all others of the name, which has keys or was revoked.
        #[serde(default, skip_serializing_if = "is_false")]
        replace: bool,
        /// Whether the name may be one that administers the server.
        #[serde(default, skip_serializing_if = "is_false")]
        administrator: bool,
        /// Whether it may take the place of the certificate with which it is asked for.
        #[serde(default, skip_serializing_if = "is_false")]
        myself: bool,
    },
    /// End a client: a name, with every certificate of it, or one certificate.
    ClientRevoke {
        /// Its name, or `sha256:` and the fingerprint of one certificate.
        name: String,
        /// Whether to end a name or a certificate that nothing here knows.
        #[serde(default, skip_serializing_if = "is_false")]
        unknown: bool,
        /// Whether it may be the name or the certificate with which it is asked for.
        #[serde(default, skip_serializing_if = "is_false")]
        myself: bool,
    },
    /// Hand over what a name owns to another name, some of it at a time.
    ClientHandOver {
        /// The owner: a name, or `sha256:` and the fingerprint of a certificate that is called by that.
        name: String,
        /// Who owns it afterwards.
        to: String,
        /// Whether it may be a name that nothing here knows.
        #[serde(default, skip_serializing_if = "is_false")]
        unknown: bool,
        /// Whether an object whose name or chosen identifier the new owner has already gets another one.
        #[serde(default, skip_serializing_if = "is_false")]
        rename: bool,
        /// Where to go on: what the answer before said.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        after: Option<String>,
    },
    /// The certificates that were signed.
    ClientList,
    /// How a client stands: its groups and its persona, switch by switch.
    ClientShow {
        /// Its name, or `sha256:` and the fingerprint of its certificate.
        name: String,
    },
    /// What is kept of the exchange of a request.
    Explain {
        /// The number of the request.
        id: u64,
    },
    /// The last exchanges that failed or were odd.
    ExplainLast {
        /// Of this client alone.
        client: Option<String>,
        /// The most of them.
        count: usize,
    },
}

impl AdminRequest {
    /// The same request, which signs a certificate with this name.
    pub fn naming(&self, signed: &str) -> Self {
        let mut request = self.clone();
        if let Self::ClientAdd { name, .. } = &mut request {
            signed.clone_into(name);
        }
        request
    }
}

/// The answer to [`AdminRequest::Ready`]: what was really tried, part by part.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Readiness {
    /// Whether every part works.
    pub ready: bool,
    /// The version of the program.
    pub version: String,
    /// What holds the master keys.
    pub token: String,
    /// Seconds since the server started.
    pub uptime_seconds: u64,
    /// The master key opened the key-encryption key of the store, and that a record, if there is one.
    pub keys: Part,
    /// A write was committed within the last seconds.
    pub writes: Part,
    /// Bytes were written where the audit entries of reads go.
    pub audit: Part,
    /// How many stored records were found damaged since the server started; the log names them.
    pub damaged_records: usize,
}

/// How a part of the server stands.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Part {
    /// Whether it works.
    pub ok: bool,
    /// Why not.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

impl Readiness {
    /// The parts that do not work, and why.
    pub fn failing(&self) -> Vec<(&'static str, &str)> {
        let parts = [("keys", &self.keys), ("writes", &self.writes), ("audit", &self.audit)];
        let failing = parts.into_iter().filter(|(_, part)| !part.ok);
        failing.map(|(name, part)| (name, part.reason.as_deref().unwrap_or("no reason is given"))).collect()
    }
}

impl From<Result<(), String>> for Part {
    fn from(tried: Result<(), String>) -> Self {
        Self { ok: tried.is_ok(), reason: tried.err() }
    }
}

/// A certificate that was signed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issued {
    /// The name of the client.
    pub name: String,
    /// SHA-256 of the certificate, in hex.
    pub fingerprint: Fingerprint,
    /// The last second of its validity, since 1970.
    pub not_after: i64,
    /// Who asked for it.
    pub by: String,
    /// When, in seconds since 1970.
    pub at: i64,
    /// Why it is not good any more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended: Option<String>,
    /// SHA-256 of its public key, for the server itself; left out of answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub public_key: Option<Fingerprint>,
    /// The certificate, PEM; left out of lists.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub certificate: String,
}

/// The answer to [`AdminRequest::ClientRevoke`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Revoked {
    /// The name of which every certificate is refused from now on, whoever signed it; none where one certificate alone is.
    pub name: Option<String>,
    /// The certificates that are known here and are refused from now on.
    pub certificates: Vec<Fingerprint>,
}

/// The answer to [`AdminRequest::ClientHandOver`].
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct HandedOver {
    /// Who owned it.
    pub from: String,
    /// Who owns it now.
    pub to: String,
    /// How many objects went over.
    pub moved: usize,
    /// The objects that stay, and why.
    pub stay: Vec<Stays>,
    /// What is called otherwise now.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub renamed: Vec<Renamed>,
    /// Where to go on; none where nothing is left.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

/// An object that was not handed over.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stays {
    /// Its identifier.
    pub object: String,
    /// Why.
    pub why: String,
    /// Whether it stays because somebody logs in with it, as is right.
    #[serde(default, skip_serializing_if = "is_false")]
    pub login: bool,
}

/// A name, or an identifier that a client has chosen, in the place of one that the new owner has already.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Renamed {
    /// The identifier of the object, as it is now.
    pub object: String,
    /// What it was called.
    pub from: String,
    /// What it is called now.
    pub to: String,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// How a client stands with the server, for `keystead client show`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClientStatus {
    /// The client.
    pub name: String,
    /// Whether the configuration names it: under `[[clients]]`, in a group, or as an administrator.
    pub configured: bool,
    /// Whether it may administer the server.
    pub admin: bool,
    /// Whether it may have weak keys.
    pub weak_keys: bool,
    /// The groups that it is in.
    pub groups: Vec<String>,
    /// The group that what it makes belongs to.
    pub default_group: Option<String>,
    /// Its persona.
    pub persona: String,
    /// Every switch of the persona.
    pub switches: Vec<ShownSwitch>,
}

/// A switch as `keystead client show` prints it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownSwitch {
    /// What the configuration calls it.
    pub switch: String,
    /// What it is.
    pub value: String,
    /// What has set it.
    pub from: String,
}

/// The answer to [`AdminRequest::ClientShow`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShownClient {
    /// What the configuration says of it.
    #[serde(flatten)]
    pub standing: ClientStatus,
    /// Why no certificate of this name is good but those that were signed for it after that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub revoked: Option<String>,
    /// The certificates that are known of it here.
    pub certificates: Vec<Issued>,
    /// How many objects the name owns, counted up to a thousand; those of one certificate are its name's.
    #[serde(default)]
    pub objects: usize,
    /// Whether it is the name or the certificate with which this was asked for.
    #[serde(default, skip_serializing_if = "is_false")]
    pub own: bool,
    /// Whether no administrator is known who gets in without it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub last_administrator: bool,
}

/// JSON as the payload of the operation.
pub fn payload(value: &impl Serialize) -> Result<ItemValue, serde_json::Error> {
    let text = ItemValue::TextString(serde_json::to_string(value)?);
    Ok(ItemValue::Structure(vec![Item { tag: TEXT, value: text }]))
}

/// The JSON of a payload.
pub fn text(payload: &ItemValue) -> Option<&str> {
    let ItemValue::Structure(items) = payload else { return None };
    match items.as_slice() {
        [Item { tag: TEXT, value: ItemValue::TextString(text) }] => Some(text),
        _ => None,
    }
}
