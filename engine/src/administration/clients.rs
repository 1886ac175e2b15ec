//! Certificates of clients: signed, listed, ended.

mod lockout;

use super::{internal, json};
use crate::administration::protocol::{
    AdminRequest, CLIENT_DAYS, ClientStatus, Issued, Revoked, ShownClient,
};
use crate::context::Context;
use crate::draft::Draft;
use crate::notifications::notes::{NOTED_CHARS_MAX, noted};
use crate::refusal::{Cause, OpResult, Refusal, refuse, unless_damaged};
use crate::rights::credentials;
use crate::rights::credentials::record::{NameRecord, Record};
use crate::rights::identity::{ClientRef, Fingerprint};
use crate::rights::{names, reference};
use lockout::{Lockout, lockout, must_not_lock_out};
use serde_json::Value;

/// As many objects of a name are counted, to be told of.
const COUNTED_MAX: usize = 1000;

/// Signs a certificate for a client, and keeps that. A name that has keys, was revoked or administers the server is given to
/// who holds the new certificate only where the administrator says so. One that replaces is the one certificate of the name
/// that is good.
pub fn add(cx: &mut Context<'_, '_>, request: &AdminRequest) -> OpResult<Value> {
    let AdminRequest::ClientAdd { name: text, days, replace, administrator, myself, .. } = request else {
        return Err(internal(&"this is no request to sign a certificate").into());
    };
    let (name, replace) = (&*new_name(text)?, *replace);
    if !CLIENT_DAYS.contains(days) {
        let (least, most) = (CLIENT_DAYS.start(), CLIENT_DAYS.end());
        let text =
            format!("the certificate is to be valid for {days} days, and may be for {least} to {most}");
        return refuse(Cause::InvalidField, text);
    }
    must_be_taken(cx, name, *administrator)?;
    let known = cx.draft.client_name(name)?;
    let is_revoked = known.as_ref().is_some_and(|known| known.ended.is_some());
    if !replace {
        must_be_free(cx, name, is_revoked)?;
    } else if !myself {
        let effect =
            "your certificate is refused after this, and you with it if the answer with the new one is lost";
        must_not_lock_out(cx, &ClientRef::Name(name.to_owned()), effect)?;
    }
    let signed = cx.fulfilled.outside(&request.naming(name))?;
    let signed: Issued = serde_json::from_value(signed).map_err(|error| internal(&error))?;
    let issued = Issued { by: cx.principal().name.clone(), at: cx.now(), ..signed };
    if replace {
        let by = reference::written(&cx.principal().name);
        let why = format!("replaced by {by}: another certificate was signed");
        end_all(cx, name, &why)?;
        let until = Some(issued.not_after);
        let record =
            Record { client: name.into(), until, at: cx.now(), reinstated: true, ..Record::default() };
        cx.draft.put_credential(&issued.fingerprint, &record)?;
    } else {
        // Written even if nothing changes: a revocation of the name at the same time makes this run again.
        let record = known.unwrap_or(NameRecord { client: name.into(), at: cx.now(), ended: None });
        cx.draft.put_client_name(&record)?;
    }
    cx.draft.put_issued(&issued)?;
    json(&Issued { public_key: None, ..issued })
}

/// The name of a certificate that is to be signed.
fn new_name(text: &str) -> OpResult<String> {
    reference::new_name(text).map_err(|why| {
        let shown = noted(text, NOTED_CHARS_MAX);
        Refusal::new(Cause::InvalidField, format!("{shown} cannot be the name of a client: {why}")).into()
    })
}

/// Who is meant by a text. Where it cannot be read, and somebody is called exactly so, that one is named and no other.
pub fn meant(cx: &mut Context<'_, '_>, text: &str) -> OpResult<ClientRef> {
    let why = match ClientRef::read(text) {
        Ok(whom) => return Ok(whom),
        Err(why) => why,
    };
    // Digits alone may be those of a certificate as well.
    if !names::is_digits(text) && is_known(cx, &ClientRef::Name(text.to_owned()))? {
        let flaw = names::check(text).err().map(|flaw| format!("{flaw}, and ")).unwrap_or_default();
        let written = reference::written(text);
        let why = format!(
            "{}: {flaw}a client here is called exactly so: write {written} (in a shell, between single quotation marks)",
            noted(text, NOTED_CHARS_MAX)
        );
        return refuse(Cause::InvalidField, why);
    }
    refuse(Cause::InvalidField, why)
}

/// Refuses a name with which the authenticator lets nobody in, and to make an administrator without a word.
fn must_be_taken(cx: &mut Context<'_, '_>, name: &str, administrator: bool) -> OpResult<()> {
    let shown = reference::told(name);
    let holder = cx.draft.world().clients.holder(name).map_err(|why| {
        Refusal::new(Cause::InvalidField, format!("a certificate with this name would be turned away: {why}"))
    })?;
    match (holder.admin, administrator) {
        (true, false) => refuse(
            Cause::Denied,
            format!(
                "the name {shown} stands in admin.names: whoever holds the new certificate administers this server. If that is \
                 wanted, say --administrator"
            ),
        ),
        (false, true) => refuse(
            Cause::Denied,
            format!(
                "the name {shown} is none of an administrator: put it into admin.names of the configuration, and let the server read \
                 that again (SIGHUP); or leave --administrator out"
            ),
        ),
        _ => Ok(()),
    }
}

/// Refuses to hand over what belongs to a name without a word.
fn must_be_free(cx: &mut Context<'_, '_>, name: &str, is_revoked: bool) -> OpResult<()> {
    let shown = reference::told(name);
    let keys = cx.draft.owned_by(name, COUNTED_MAX)?;
    let what = match (is_revoked, keys) {
        (true, 0) => format!("the name {shown} was revoked"),
        (true, keys) => format!("the name {shown} was revoked, and owns {}", counted(keys)),
        (false, 0) => return Ok(()),
        (false, keys) => format!("the name {shown} owns {}", counted(keys)),
    };
    refuse(
        Cause::Denied,
        format!(
            "{what}: whoever holds the new certificate gets at them. If that is wanted, say --replace: the new certificate is \
             then the only one of the name that is good"
        ),
    )
}

fn counted(keys: usize) -> String {
    match keys {
        1 => "1 key or other object".to_owned(),
        COUNTED_MAX.. => format!("{COUNTED_MAX} keys and other objects or more"),
        keys => format!("{keys} keys and other objects"),
    }
}

/// Every certificate that is known here, without what is in it: those that were signed, and those of which something else is known.
pub fn issued(draft: &mut Draft<'_>) -> OpResult<Vec<Issued>> {
    let mut all = draft.issued()?;
    all.iter_mut().for_each(|issued| issued.certificate.clear());
    for fingerprint in draft.credentials()? {
        // What is damaged lets nobody in.
        let damaged = Record { ended: Some("its record is damaged".to_owned()), ..Record::default() };
        let record = unless_damaged(draft.credential(&fingerprint))?.unwrap_or(damaged);
        match all.iter_mut().find(|issued| issued.fingerprint == fingerprint) {
            Some(issued) => issued.ended = record.ended,
            None => all.push(Issued {
                name: record.client.clone(),
                fingerprint,
                not_after: record.until.unwrap_or_default(),
                by: record.client,
                at: record.at,
                ended: record.ended,
                public_key: None,
                certificate: String::new(),
            }),
        }
    }
    for issued in all.iter_mut().filter(|issued| issued.ended.is_none()) {
        let is_reinstated = draft.credential(&issued.fingerprint)?.is_some_and(|record| record.reinstated);
        if !is_reinstated {
            let known = unless_damaged(draft.client_name(&issued.name).map(Some))?;
            issued.ended = match known {
                Some(record) => record.and_then(|record| record.ended),
                None => Some("the record of its name is damaged".to_owned()),
            };
        }
    }
    let order = |one: &Issued| (one.name.is_empty(), one.name.clone(), one.at, one.fingerprint);
    all.sort_by_cached_key(order);
    Ok(all)
}

/// Ends a name with every certificate of it, or one certificate.
pub fn revoke(cx: &mut Context<'_, '_>, text: &str, even_unknown: bool, even_own: bool) -> OpResult<Value> {
    let why = format!("revoked by {}", reference::written(&cx.principal().name));
    let whom = meant(cx, text)?;
    if !even_unknown {
        let otherwise = match whom {
            ClientRef::Name(_) => "; --unknown ends the name all the same",
            ClientRef::Certificate(_) => "; --unknown bars the certificate all the same",
        };
        must_be_known(cx, &whom, otherwise)?;
    }
    if !even_own {
        must_not_lock_out(cx, &whom, "you are not let in any more after this")?;
    }
    let revoked = match whom {
        ClientRef::Certificate(fingerprint) => {
            let known = issued(cx.draft)?.into_iter().find(|issued| issued.fingerprint == fingerprint);
            let come = || cx.draft.world().clients.came_as(&ClientRef::Certificate(fingerprint));
            let client = known.map(|issued| issued.name).or_else(come).unwrap_or_default();
            credentials::revoke(cx.draft, &fingerprint, &client, &why)?;
            Revoked { name: None, certificates: vec![fingerprint] }
        }
        ClientRef::Name(name) => {
            let certificates = end_all(cx, &name, &why)?;
            Revoked { name: Some(name), certificates }
        }
    };
    json(&revoked)
}

/// Who is unknown has nothing that could end, and the administrator would believe that it had; and shown as if somebody
/// had it, a misspelt name would go unnoticed.
pub fn must_be_known(cx: &mut Context<'_, '_>, whom: &ClientRef, otherwise: &str) -> OpResult<()> {
    if is_known(cx, whom)? {
        return Ok(());
    }
    let what = match whom {
        ClientRef::Name(name) => format!(
            "nothing here knows a client {}: it has nothing here, stands in no configuration, and none has come since the server \
             started; write the name as its certificate has it, or sha256: and the fingerprint of one certificate",
            reference::told(name)
        ),
        ClientRef::Certificate(_) => {
            "nothing here knows a certificate of this sha256: fingerprint: none was signed here, none is in the configuration, and \
             none has come since the server started; `keystead client list` lists those that are recorded"
                .to_owned()
        }
    };
    refuse(Cause::NotFound, format!("{what}{otherwise}"))
}

/// Whether the store, the configuration or who has come knows somebody.
fn is_known(cx: &mut Context<'_, '_>, whom: &ClientRef) -> OpResult<bool> {
    let is_known = cx.draft.world().clients.knows(whom)
        || match whom {
            ClientRef::Name(name) => {
                unless_damaged(cx.draft.client_name(name).map(Some))?.is_none_or(|known| known.is_some())
                    || issued(cx.draft)?.iter().any(|issued| issued.name == *name)
                    || cx.draft.owned_by(name, 1)? > 0
            }
            ClientRef::Certificate(fingerprint) => {
                issued(cx.draft)?.iter().any(|issued| issued.fingerprint == *fingerprint)
            }
        };
    Ok(is_known)
}

/// Ends a name, and each certificate of it that is known and good; returns those.
fn end_all(cx: &mut Context<'_, '_>, name: &str, why: &str) -> OpResult<Vec<Fingerprint>> {
    let known = issued(cx.draft)?.into_iter().filter(|issued| issued.name == name && issued.ended.is_none());
    let ending: Vec<Fingerprint> = known.map(|issued| issued.fingerprint).collect();
    for fingerprint in &ending {
        credentials::revoke(cx.draft, fingerprint, name, why)?;
    }
    // Nor does any that was replaced fetch its successors.
    for fingerprint in cx.draft.credentials()? {
        let record = unless_damaged(cx.draft.credential(&fingerprint))?;
        if record.is_some_and(|record| record.client == name && !record.successors.is_empty()) {
            credentials::revoke(cx.draft, &fingerprint, name, why)?;
        }
    }
    credentials::revoke_name(cx.draft, name, why)?;
    Ok(ending)
}

/// How a client stands, with the certificates that are known of it.
pub fn show(cx: &mut Context<'_, '_>, request: &AdminRequest, text: &str) -> OpResult<Value> {
    let whom = meant(cx, text)?;
    let status = cx.fulfilled.outside(request)?;
    let status: ClientStatus = serde_json::from_value(status).map_err(|error| internal(&error))?;
    let mut certificates = issued(cx.draft)?;
    certificates.retain(|issued| match &whom {
        ClientRef::Name(name) => issued.name == *name,
        ClientRef::Certificate(fingerprint) => issued.fingerprint == *fingerprint,
    });
    let revoked = match &whom {
        ClientRef::Name(name) => cx.draft.client_name(name)?.and_then(|record| record.ended),
        ClientRef::Certificate(_) => None,
    };
    let is_known = status.configured || revoked.is_some() || !certificates.is_empty();
    if !is_known {
        must_be_known(cx, &whom, "")?;
    }
    let name = match &whom {
        ClientRef::Name(name) => Some(name.clone()),
        ClientRef::Certificate(_) => certificates.first().map(|issued| issued.name.clone()),
    };
    let objects = name.map_or(Ok(0), |name| cx.draft.owned_by(&name, COUNTED_MAX))?;
    let Lockout { own, last } = lockout(cx, &whom)?;
    json(&ShownClient { standing: status, revoked, certificates, objects, own, last_administrator: last })
}
