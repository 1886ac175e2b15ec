//! To whom objects can be handed over: somebody who comes in, or may be made to.

use super::super::clients::{issued, must_be_known};
use crate::context::Context;
use crate::notifications::notes::{NOTED_CHARS_MAX, noted};
use crate::refusal::{Cause, OpResult, Refusal, refuse, unless_damaged};
use crate::rights::credentials;
use crate::rights::identity::ClientRef;
use crate::rights::names;
use crate::rights::principal::Principal;
use crate::rights::principal::acting_as;

/// Who is to own the objects, as it acts now. Refuses who could never get at them.
pub fn of(cx: &mut Context<'_, '_>, from: &str, heir: &ClientRef, even_unknown: bool) -> OpResult<Principal> {
    if let ClientRef::Name(name) = heir {
        names::check(name).map_err(|flaw| {
            let text = format!("{} cannot be the name of a client: {flaw}", noted(name, NOTED_CHARS_MAX));
            Refusal::new(Cause::InvalidField, text)
        })?;
    }
    if heir.owner() == from {
        return refuse(Cause::InvalidField, "both names are the same: nothing would be handed over");
    }
    if !even_unknown {
        must_be_known(cx, heir, "; --unknown hands over to it all the same")?;
    }
    must_be_called_so(cx, heir)?;
    let unknown = || {
        let identity = heir.identity();
        Principal { name: identity.name(), identity, ..Principal::default() }
    };
    let heir = acting_as(cx.draft.world().clients, heir).unwrap_or_else(unknown);
    must_not_be_revoked(cx, &heir)?;
    Ok(heir)
}

/// A certificate owns under its fingerprint only where it has no name that is taken.
fn must_be_called_so(cx: &mut Context<'_, '_>, heir: &ClientRef) -> OpResult<()> {
    let ClientRef::Certificate(fingerprint) = heir else { return Ok(()) };
    let come = cx.draft.world().clients.came_as(heir);
    let recorded = || {
        let known = issued(cx.draft)?.into_iter().find(|issued| issued.fingerprint == *fingerprint);
        OpResult::Ok(known.map(|issued| issued.name).filter(|name| !name.is_empty()))
    };
    match come.map_or_else(recorded, |name| Ok(Some(name)))? {
        Some(name) if name != heir.owner() => refuse(
            Cause::InvalidField,
            format!(
                "the holder of this certificate is called {0}, and owns under that name: hand over to it",
                noted(&name, NOTED_CHARS_MAX)
            ),
        ),
        _ => Ok(()),
    }
}

/// With a name that was revoked comes in who has a certificate that was signed for it since.
fn must_not_be_revoked(cx: &mut Context<'_, '_>, heir: &Principal) -> OpResult<()> {
    let (identity, name) = (heir.identity.clone(), noted(&heir.name, NOTED_CHARS_MAX));
    if !credentials::is_barred(cx.draft, &identity)? {
        return Ok(());
    }
    let mut reinstated = false;
    for fingerprint in cx.draft.credentials()? {
        let record = unless_damaged(cx.draft.credential(&fingerprint))?;
        reinstated |= record.is_some_and(|record| {
            record.reinstated && record.ended.is_none() && record.client == identity.certificate
        });
    }
    if reinstated && identity.user.is_none() && identity.fingerprint.is_none() {
        return Ok(());
    }
    refuse(
        Cause::Denied,
        format!(
            "{name} was revoked, and gets at nothing: hand over to another name, or sign a certificate for it first (keystead \
             client add NAME --replace)"
        ),
    )
}
