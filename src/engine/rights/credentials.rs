//! The certificates with which clients log in, as far as the server knows more of one than that TLS takes it: that it
//! was replaced (Re-Provision, KMIP 2.1, 6.1.48), revoked by an administrator, or is kept as a managed object.
//!
//! What is known is asked for each message, so that a connection does not outlive its certificate.

use crate::engine::draft::Draft;
use crate::engine::objects::object::Object;
use crate::engine::refusal::{Cause, Halt, Refusal, Step};
use crate::engine::rights::grant::{Grant, Right};
use crate::engine::rights::policy::Principal;
use crate::engine::world::World;
use kmip_codec::enums::State;
use kmip_codec::operations::Operation;
use serde::{Deserialize, Serialize};

/// What is known of a certificate.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// The name of the client.
    pub client: String,
    /// When it ends by itself, in seconds since 1970, where that is known.
    pub until: Option<i64>,
    /// When the record was made, in seconds since 1970.
    pub at: i64,
    /// The managed certificate: revoked as that, it is revoked as a credential.
    pub object: Option<String>,
    /// Why it is not good any more.
    pub ended: Option<String>,
    /// What was made to take its place and the client may still fetch with it: there is no other way to get at it.
    pub successors: Vec<String>,
    /// The certificate in whose place it came, by its fingerprint, until it is used first.
    pub replaces: Option<String>,
}

/// How far a certificate is good.
#[derive(Debug, Default)]
pub struct Standing {
    /// What a certificate may still do that was replaced; `None` for one that is good.
    pub leave: Option<Grant>,
    /// The certificate in whose place this one came, where this is its first use.
    replaces: Option<String>,
}

/// Refuses a message under a certificate that is not good any more.
pub fn admit(world: &World<'_>, principal: &Principal) -> Step<Standing> {
    let mut draft = Draft::new(world, principal);
    let Some(record) = draft.credential(&principal.fingerprint)? else { return Ok(Standing::default()) };
    if record.ended.is_some() && !record.successors.is_empty() {
        let leave = Some(Grant::new(Some(vec![to_fetch(record.successors)]), None));
        return Ok(Standing { leave, replaces: None });
    }
    match is_good(&mut draft, &record)? {
        true => Ok(Standing { leave: None, replaces: record.replaces }),
        false => Err(not_good()),
    }
}

/// Refuses what a certificate that was replaced may not do either.
pub fn must_be_good(world: &World<'_>, principal: &Principal) -> Step<()> {
    match admit(world, principal)?.leave {
        None => Ok(()),
        Some(_) => Err(not_good()),
    }
}

/// Whether a certificate is good, for what was given to its holder earlier.
pub fn is_whole(draft: &mut Draft<'_>, fingerprint: &str) -> Step<bool> {
    match draft.credential(fingerprint)? {
        None => Ok(true),
        Some(record) => is_good(draft, &record),
    }
}

fn is_good(draft: &mut Draft<'_>, record: &Record) -> Step<bool> {
    if record.ended.is_some() {
        return Ok(false);
    }
    let now = draft.world().now.seconds();
    let Some(id) = &record.object else { return Ok(true) };
    let state = draft.credential_object(id)?.and_then(|object| object.state_at(now));
    Ok(matches!(state, Some(State::PreActive | State::Active)))
}

fn not_good() -> Halt {
    let text = "the certificate of this client was replaced or revoked: log in with another";
    Refusal::new(Cause::Authentication, text).into()
}

/// The right to fetch what was made in place of a certificate.
fn to_fetch(objects: Vec<String>) -> Right {
    let operations = [Operation::Get, Operation::GetAttributes, Operation::GetAttributeList];
    let operations = Some(operations.iter().map(|operation| operation.0).collect());
    Right { operations, objects: Some(objects), groups: None, left: None }
}

impl Standing {
    /// Notes the first use of a certificate: with the one in whose place it came nothing more is fetched.
    pub fn settle(&self, draft: &mut Draft<'_>) -> Step<()> {
        let Some(replaced) = &self.replaces else { return Ok(()) };
        let own = draft.principal().fingerprint.clone();
        if let Some(record) = draft.credential(&own)? {
            draft.put_credential(&own, &Record { replaces: None, ..record })?;
        }
        if let Some(record) = draft.credential(replaced)? {
            draft.put_credential(replaced, &Record { successors: Vec::new(), ..record })?;
        }
        Ok(())
    }
}

/// Puts a certificate, kept as this object, in the place of the one with which the client is logged in. With the old
/// one the client may still fetch the successors, until the new one is used.
pub fn replace(
    draft: &mut Draft<'_>,
    new: &Principal,
    kept: &Object,
    successors: Vec<String>,
) -> Step<Option<String>> {
    let principal = draft.principal();
    let (old, at) = (principal.fingerprint.clone(), draft.world().now.seconds());
    let first =
        Record { client: principal.name.clone(), until: principal.certified_until, at, ..Record::default() };
    let record = draft.credential(&old)?.unwrap_or(first);
    let before = record.object.clone();
    let ended = Some("replaced by Re-Provision".to_owned());
    draft.put_credential(&old, &Record { ended, successors, replaces: None, ..record })?;
    let record = Record {
        client: new.name.clone(),
        until: new.certified_until,
        at,
        object: Some(kept.id.clone()),
        replaces: Some(old),
        ..Record::default()
    };
    draft.put_credential(&new.fingerprint, &record)?;
    Ok(before)
}

/// Ends a certificate for an administrator: nobody logs in with it any more.
pub fn revoke(draft: &mut Draft<'_>, fingerprint: &str, client: &str, why: &str) -> Step<()> {
    let at = draft.world().now.seconds();
    let record = draft.credential(fingerprint)?;
    let record = record.unwrap_or(Record { client: client.to_owned(), at, ..Record::default() });
    let ended = Some(why.to_owned());
    draft.put_credential(fingerprint, &Record { ended, successors: Vec::new(), ..record })
}
