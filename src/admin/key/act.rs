//! What is done to one key: a call each.

use super::algorithm::usage;
use super::{Failure, Result};
use crate::client::Client;
use kmip_codec::attributes::{Attribute, Attributes, Name, RevocationReason};
use kmip_codec::enums::{CryptographicAlgorithm, ObjectType, RevocationReasonCode};
use kmip_codec::objects::ManagedObject;
use kmip_codec::payloads::*;
use kmip_codec::value::{DateTime, UniqueIdentifier};
use std::time::{SystemTime, UNIX_EPOCH};

/// Makes a symmetric key and returns its identifier.
pub fn create(
    client: &mut Client,
    name: Option<&str>,
    algorithm: CryptographicAlgorithm,
    length: i32,
    group: Option<String>,
    activate: bool,
) -> Result<String> {
    let mut attributes = Attributes::default();
    attributes.push(Attribute::CryptographicAlgorithm(algorithm));
    attributes.push(Attribute::CryptographicLength(length));
    attributes.push(Attribute::CryptographicUsageMask(usage(algorithm)));
    name.into_iter().for_each(|name| attributes.push(Attribute::Name(Name::text(name))));
    group.into_iter().for_each(|group| attributes.push(Attribute::ObjectGroup(group)));
    let request = CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: attributes.into(),
        ..CreateRequest::default()
    };
    let UniqueIdentifier::Text(id) = client.call(request)?.unique_identifier else {
        return Err(Failure::NoSuchKey(
            "the server names the new key in a way that is not a text".to_owned(),
        ));
    };
    if activate {
        self::activate(client, &id)?;
    }
    Ok(id)
}

/// Makes a key Active.
pub fn activate(client: &mut Client, id: &str) -> Result<()> {
    client.call(ActivateRequest { unique_identifier: Some(id.into()) })?;
    Ok(())
}

/// Takes a key out of use. Only a compromise has a date (KMIP 2.1, 6.1.45).
pub fn revoke(
    client: &mut Client,
    id: &str,
    code: RevocationReasonCode,
    message: Option<String>,
    occurred: Option<i64>,
) -> Result<()> {
    let compromise = matches!(code, RevocationReasonCode::KeyCompromise | RevocationReasonCode::CACompromise);
    if occurred.is_some() && !compromise {
        return Err(Failure::Usage("--occurred belongs to a compromise".to_owned()));
    }
    let date = compromise.then(|| DateTime(occurred.unwrap_or_else(now)));
    client.call(RevokeRequest {
        unique_identifier: Some(id.into()),
        revocation_reason: RevocationReason { code, message },
        compromise_occurrence_date: date,
    })?;
    Ok(())
}

/// Destroys a key.
pub fn destroy(client: &mut Client, id: &str) -> Result<()> {
    client.call(DestroyRequest { unique_identifier: Some(id.into()) })?;
    Ok(())
}

/// The key itself.
pub fn get(client: &mut Client, id: &str) -> Result<ManagedObject> {
    let request = GetRequest { unique_identifier: Some(id.into()), ..GetRequest::default() };
    Ok(client.call(request)?.object)
}

fn now() -> i64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(since.as_secs()).unwrap_or(i64::MAX)
}
