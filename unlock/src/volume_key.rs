//! What is asked of one server: the keys of a volume, found or made, and the value of a key.

use super::console::say;
use super::error::{Error, Result};
use super::origin::{Here, Origin};
use super::passphrase::KEY_BYTES;
use super::token::is_identifier;
use keystead_client::{self as client, Client};
use kmip_codec::attribute;
use kmip_codec::attributes::{
    ApplicationSpecificInformation, Attribute, AttributeFilter, AttributeReference, Attributes, Name,
};
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, ObjectType, ResultReason, State};
use kmip_codec::objects::{KeyMaterial, KeyValue, ManagedObject};
use kmip_codec::operations::Call as _;
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, UniqueIdentifier};
use kmip_codec::{SecretBytes, Tag};
use std::collections::BTreeSet;
use time::OffsetDateTime;

/// The applications of the attributes that tie a key to a LUKS UUID and to an enrolment.
const VOLUME: &str = "LUKS";
const ENROLMENT: &str = "LUKS-enrolment";

/// What the server says of a key of a volume.
#[derive(Clone)]
pub struct Known {
    /// Its unique identifier.
    pub uid: String,
    /// Its state.
    pub state: State,
    /// When it was made.
    made: Option<DateTime>,
    /// Which enrolment made it; none where an older version did.
    pub enrolment: Option<String>,
    /// Where it was enrolled; nothing where an older version did.
    pub origins: Vec<Origin>,
    /// The LUKS UUIDs of the volumes that it is for.
    pub volumes: Vec<String>,
    names: Vec<String>,
}

impl Known {
    /// Whether it may be used or may become so.
    pub fn is_usable(&self) -> bool {
        matches!(self.state, State::PreActive | State::Active)
    }

    /// Since when it is there, for people.
    pub fn made(&self) -> String {
        let time = self.made.and_then(|made| OffsetDateTime::from_unix_timestamp(made.0).ok());
        time.map_or_else(String::new, |time| {
            format!(" on {} at {:02}:{:02} UTC", time.date(), time.hour(), time.minute())
        })
    }
}

/// The keys that the server has for a LUKS UUID.
pub fn keys_of(client: &mut Client, volume: &str) -> Result<Vec<Known>> {
    let filter = [Attribute::ObjectType(ObjectType::SymmetricKey), information(VOLUME, volume)];
    let found = client.call(LocateRequest {
        attributes: Some(AttributeFilter(filter.into())),
        ..LocateRequest::default()
    })?;
    found.unique_identifiers.iter().map(|uid| known(client, &text(uid)?)).collect()
}

/// What the server says of one key.
pub fn known(client: &mut Client, uid: &str) -> Result<Known> {
    let wanted = [Tag::State, Tag::Name, Tag::InitialDate, Tag::ApplicationSpecificInformation];
    let attributes = client.call(ask(uid, &wanted))?.attributes.unwrap_or_default().0;
    let told = || attribute!(attributes, ApplicationSpecificInformation);
    let enrolment = told().find(|told| told.namespace == ENROLMENT).and_then(|told| told.data.clone());
    Ok(Known {
        uid: uid.to_owned(),
        state: state_of(uid, &attributes)?,
        made: attribute!(attributes, InitialDate).next().copied(),
        enrolment,
        origins: told().filter_map(Origin::read).collect(),
        volumes: told()
            .filter(|told| told.namespace == VOLUME)
            .filter_map(|told| told.data.clone())
            .collect(),
        names: attribute!(attributes, Name).map(|name| name.value.clone()).collect(),
    })
}

/// Makes a key for a volume and activates it. Names are unique as long as their keys are not destroyed, so the names of
/// the volume's other keys are not taken.
pub fn make_key(
    client: &mut Client,
    volume: &str,
    enrolment: &str,
    here: &Here<'_>,
    others: &[Known],
) -> Result<String> {
    let taken: BTreeSet<&String> = others.iter().flat_map(|known| &known.names).collect();
    let first = format!("luks-{volume}");
    let mut later = (2_u32..).map(|number| format!("{first}-{number}")).filter(|name| !taken.contains(name));
    let name = if taken.contains(&first) { later.next().unwrap_or(first) } else { first };
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(i32::try_from(KEY_BYTES * 8).unwrap_or_default()),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt | CryptographicUsageMask::Decrypt),
        Attribute::Name(Name::text(&name)),
        information(VOLUME, volume),
        information(ENROLMENT, enrolment),
        here.attribute(),
    ];
    let create = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into(),
        ..CreateRequest::default()
    };
    let made = client.call(create)?;
    let uid = text(&made.unique_identifier)?;
    activate(client, &uid)?;
    say(format_args!("key {uid} made on the server, named {name}"));
    Ok(uid)
}

/// Whether a key was not made because another one has its name.
pub fn is_name_taken(error: &Error) -> bool {
    matches!(error, Error::Client(client::Error::Refused(refusal)) if refusal.reason == ResultReason::NonUniqueNameAttribute)
}

/// What the server does not say yet of a key that is used here too.
pub struct Notes {
    uid: String,
    attributes: Vec<Attribute>,
}

impl Notes {
    /// Of a key, for this volume and this place, which somebody has decided to be right, or nobody doubts.
    pub fn of(known: &Known, volume: &str, here: &Here<'_>) -> Self {
        let mut attributes = Vec::new();
        attributes
            .extend((!known.volumes.iter().any(|told| told == volume)).then(|| information(VOLUME, volume)));
        attributes.extend(here.news(&known.origins));
        Self { uid: known.uid.clone(), attributes }
    }

    /// Says it on the server. Where it cannot be said, the next enrolment asks again.
    pub fn say(self, client: &mut Client) {
        for attribute in self.attributes {
            let request = AddAttributeRequest {
                unique_identifier: Some(self.uid.as_str().into()),
                attribute: attribute.into(),
            };
            if let Err(error) = client.call(request) {
                say(format_args!(
                    "the server does not note that key {} is used for this volume here: {error}",
                    self.uid
                ));
            }
        }
    }
}

/// A key that was made and not activated before an enrolment was interrupted.
pub fn activate(client: &mut Client, uid: &str) -> Result<()> {
    client.call(ActivateRequest { unique_identifier: Some(uid.into()) })?;
    Ok(())
}

fn information(namespace: &str, data: &str) -> Attribute {
    let (namespace, data) = (namespace.to_owned(), Some(data.to_owned()));
    Attribute::ApplicationSpecificInformation(ApplicationSpecificInformation { namespace, data })
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

/// The value of an Active key. KMIP hands out keys in other states too, so the state is asked for in the same message.
pub fn fetch(client: &mut Client, uid: &str) -> Result<SecretBytes> {
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

/// An identifier as text, which is shown, and written into headers and onto standard output.
fn text(identifier: &UniqueIdentifier) -> Result<String> {
    match identifier {
        UniqueIdentifier::Text(text) if !text.is_empty() && is_identifier(text) => Ok(text.clone()),
        other => {
            let uid = format!("{other:?}");
            Err(Error::Key { uid, why: "the server names a key by what is no identifier".to_owned() })
        }
    }
}
