//! Whether the certificate with which a client logs in is good now: by its dates, and by what the server knows of it and
//! of its name beside that TLS takes it: that it was replaced (Re-Provision, KMIP 2.1, 6.1.48), revoked by an
//! administrator, or is kept as a managed object. What has ended does not come back.
//!
//! It is asked for each message, so that a connection does not outlive its certificate, and again of what was given to a
//! client earlier: tickets, asynchronous requests, notifications.

pub mod record;

use self::record::{NameRecord, Record, is_in_use};
use crate::draft::Draft;
use crate::draft::logins;
use crate::fulfilled::Credential;
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse, unless_damaged};
use crate::rights::grant::{Grant, Right};
use crate::rights::identity::{CertificatePath, Fingerprint, Identity, Validity};
use crate::rights::principal::Principal;
use crate::world::World;
use kmip_codec::operations::Operation;

/// How far a certificate is good.
#[derive(Debug, Default)]
pub struct CertificateStatus {
    /// What a certificate may still do that was replaced; `None` for one that is good.
    pub limited_grant: Option<Grant>,
    /// The certificate in whose place this one came, where this is its first use.
    replaces: Option<Fingerprint>,
}

/// Refuses a message under a certificate that is not good now: by its dates, its name, or itself.
pub fn admit(world: &World<'_>, principal: &Principal) -> OpResult<CertificateStatus> {
    let identity = &principal.identity;
    in_time(identity.validity, world.now.seconds())?;
    let revision = world.view.credentials_revision();
    if principal.last_admitted.is_as_of(revision) {
        return Ok(CertificateStatus::default());
    }
    let mut draft = Draft::new(world, principal);
    let record = match &identity.fingerprint {
        Some(fingerprint) => draft.credential(fingerprint)?,
        None => None,
    };
    if !names_are_good(&mut draft, identity, record.as_ref())? {
        return Err(not_good());
    }
    let Some(record) = record else {
        principal.last_admitted.note(revision);
        return Ok(CertificateStatus::default());
    };
    if record.ended.is_some() && !record.successors.is_empty() {
        let leave = Some(Grant::new(Some(vec![to_fetch(record.successors)]), None));
        return Ok(CertificateStatus { limited_grant: leave, replaces: None });
    }
    match is_good(&mut draft, &record)? {
        true => Ok(CertificateStatus { limited_grant: None, replaces: record.replaces }),
        false => Err(not_good()),
    }
}

/// Refuses what a certificate that was replaced may not do either.
pub fn must_be_good(world: &World<'_>, principal: &Principal) -> OpResult<()> {
    match admit(world, principal)?.limited_grant {
        None => Ok(()),
        Some(_) => Err(not_good()),
    }
}

/// Whether a client would be let in now, for what was given to it earlier. Older versions noted one name of a certificate: the
/// others are read from the certificate itself.
pub fn is_whole(draft: &mut Draft<'_>, identity: &Identity) -> OpResult<bool> {
    let mut identity = identity.clone();
    if identity.stated.is_empty()
        && let Some(own) = identity.path.certificates().next()
    {
        identity.stated = draft.world().clients.stated(own);
    }
    let identity = &identity;
    if in_time(identity.validity, draft.world().now.seconds()).is_err() {
        return Ok(false);
    }
    let record = match &identity.fingerprint {
        Some(fingerprint) => draft.credential(fingerprint)?,
        None => None,
    };
    if !names_are_good(draft, identity, record.as_ref())? {
        return Ok(false);
    }
    record.map_or(Ok(true), |record| is_good(draft, &record))
}

/// As whom what a client asked for earlier is still to be done: it would be let in now, with the certificate of then or
/// the one that it has itself put in its place, which comes beside it; `None` where it would not.
pub fn still_asked(draft: &mut Draft<'_>, identity: &Identity) -> OpResult<Option<(Identity, Identity)>> {
    let (mut asked, mut current) = (identity.clone(), identity.clone());
    for _ in 0..REPLACED_MAX {
        let Some(fingerprint) = &current.fingerprint else { break };
        let successor = match draft.credential(fingerprint)?.and_then(|record| record.replaced_by) {
            Some(successor) => successor,
            None => break,
        };
        let until = draft.credential(&successor)?.and_then(|record| record.until);
        current.validity = until.map(|until| Validity { from: i64::MIN, until });
        current.fingerprint = Some(successor);
        // The certificate of then may have ended meanwhile, which is why it was replaced.
        asked.path = CertificatePath::default();
    }
    Ok(is_whole(draft, &current)?.then_some((asked, current)))
}

/// How many replacements of one certificate after another are followed.
const REPLACED_MAX: usize = 64;

/// Refuses a certificate outside of its dates.
fn in_time(validity: Option<Validity>, now: i64) -> OpResult<()> {
    let Some(Validity { from, until }) = validity else { return Ok(()) };
    let text = if now > until {
        format!("the certificate of this client has expired (at {}): log in with another", date(until))
    } else if now < from {
        format!(
            "the certificate of this client is not good before {}: check the clocks of both machines",
            date(from)
        )
    } else {
        return Ok(());
    };
    Err(Refusal::new(Cause::Certificate, text).into())
}

/// A time as people write it.
fn date(seconds: i64) -> String {
    let time = time::OffsetDateTime::from_unix_timestamp(seconds).ok();
    let format = &time::format_description::well_known::Rfc3339;
    time.and_then(|time| time.format(format).ok()).unwrap_or_else(|| seconds.to_string())
}

/// Whether none of the names was revoked that the certificate states, whichever of them its holder is called by, nor that of its
/// user. A certificate that was signed for a name after that is good.
fn names_are_good(draft: &mut Draft<'_>, identity: &Identity, record: Option<&Record>) -> OpResult<bool> {
    let reinstated = record.filter(|record| record.reinstated).map(|record| record.client.as_str());
    for name in identity.names().filter(|name| Some(*name) != reinstated) {
        if is_revoked(draft, name)? {
            return Ok(false);
        }
    }
    match &identity.user {
        Some(_) => Ok(!is_revoked(draft, &identity.name())?),
        None => Ok(true),
    }
}

/// Whether a name was revoked.
pub fn is_revoked(draft: &mut Draft<'_>, name: &str) -> OpResult<bool> {
    Ok(draft.client_name(name)?.is_some_and(|record| record.ended.is_some()))
}

/// Whether nobody comes in as this, but with a certificate that was reinstated.
pub fn is_barred(draft: &mut Draft<'_>, identity: &Identity) -> OpResult<bool> {
    let record = match &identity.fingerprint {
        Some(fingerprint) => draft.credential(fingerprint)?,
        None => None,
    };
    Ok(!names_are_good(draft, identity, record.as_ref())?
        || record.is_some_and(|record| record.ended.is_some()))
}

fn is_good(draft: &mut Draft<'_>, record: &Record) -> OpResult<bool> {
    if record.ended.is_some() {
        return Ok(false);
    }
    let now = draft.world().now.seconds();
    let Some(id) = &record.object else { return Ok(true) };
    let object = draft.credential_object(id)?;
    Ok(object.is_some_and(|object| is_in_use(&object, now)))
}

fn not_good() -> Interrupt {
    let text = "the certificate of this client was replaced or revoked: log in with another, or, where that is lost, have an \
                administrator make one (keystead client add NAME --replace)";
    Refusal::new(Cause::Certificate, text).into()
}

/// The right to fetch what was made in place of a certificate.
fn to_fetch(objects: Vec<String>) -> Right {
    let operations = [Operation::Get, Operation::GetAttributes, Operation::GetAttributeList];
    let operations = Some(operations.iter().map(|operation| operation.0).collect());
    Right { operations, objects: Some(objects.into_iter().collect()), groups: None, left: None }
}

impl CertificateStatus {
    /// Whether the certificate came in the place of another, and is used for the first time.
    pub fn is_first_use(&self) -> bool {
        self.replaces.is_some()
    }

    /// Notes the first use of a certificate: with the one in whose place it came nothing more is fetched.
    pub fn settle(&self, draft: &mut Draft<'_>) -> OpResult<()> {
        let Some(replaced) = &self.replaces else { return Ok(()) };
        let Some(own) = draft.principal().identity.fingerprint else { return Ok(()) };
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
    new: &Credential,
    kept: &Object,
    successors: Vec<String>,
) -> OpResult<Option<String>> {
    let (principal, key) = (draft.principal(), logins::of_certificate(&new.certificate));
    let new = &new.holder;
    let (Some(old), Some(fingerprint)) = (principal.identity.fingerprint, new.identity.fingerprint) else {
        return refuse(Cause::Denied, "only a client with a certificate of its own replaces it");
    };
    if draft.credential(&fingerprint)?.is_some_and(|record| record.ended.is_some()) {
        return refuse(
            Cause::Denied,
            "this certificate was replaced or revoked before, which is final: bring another",
        );
    }
    let (at, until) = (draft.world().now.seconds(), principal.identity.validity.map(|dates| dates.until));
    let first = Record { client: principal.name.clone(), until, at, ..Record::default() };
    let record = draft.credential(&old)?.unwrap_or(first);
    let (before, reinstated) = (record.object.clone(), record.reinstated);
    let ended = Some("replaced by Re-Provision".to_owned());
    let replaced = Record { ended, successors, replaces: None, replaced_by: Some(fingerprint), ..record };
    draft.put_credential(&old, &replaced)?;
    let record = Record {
        client: new.name.clone(),
        until: new.identity.validity.map(|dates| dates.until),
        at,
        object: Some(kept.id.clone()),
        replaces: Some(old),
        key,
        reinstated,
        ..Record::default()
    };
    draft.put_credential(&fingerprint, &record)?;
    Ok(before)
}

/// Ends a certificate for an administrator: nobody logs in with it any more.
pub fn revoke(draft: &mut Draft<'_>, fingerprint: &Fingerprint, client: &str, why: &str) -> OpResult<()> {
    let at = draft.world().now.seconds();
    let record = unless_damaged(draft.credential(fingerprint))?;
    let record = record.unwrap_or(Record { client: client.to_owned(), at, ..Record::default() });
    let ended = Some(why.to_owned());
    let record = Record { ended, successors: Vec::new(), replaced_by: None, ..record };
    draft.put_credential(fingerprint, &record)
}

/// Ends a name for an administrator: nobody logs in with any certificate of that name, whoever signed it, nor as a user
/// of that name.
pub fn revoke_name(draft: &mut Draft<'_>, client: &str, why: &str) -> OpResult<()> {
    let at = draft.world().now.seconds();
    let ended = Some(why.to_owned());
    draft.put_client_name(&NameRecord { client: client.to_owned(), at, ended })
}
