//! Administrators who would lock themselves out, or everybody: that is refused, unless it is said.

use super::issued;
use crate::admin::protocol::Issued;
use crate::engine::context::Context;
use crate::engine::refusal::{Cause, Step, refuse};
use crate::engine::rights::credentials;
use crate::engine::rights::identity::ClientRef;

/// What ends for whoever asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lockout {
    /// It is the name or the certificate with which this is asked for.
    pub own: bool,
    /// No other administrator is known who gets in.
    pub last: bool,
}

/// What ends for the caller with this name or certificate.
pub fn lockout(cx: &mut Context<'_, '_>, whom: &ClientRef) -> Step<Lockout> {
    if !whom.ends(&cx.principal().identity) {
        return Ok(Lockout { own: false, last: false });
    }
    let all = issued(cx.draft)?;
    for administrator in cx.draft.world().clients.administrators() {
        if gets_in(cx, &all, &administrator, whom)? {
            return Ok(Lockout { own: true, last: false });
        }
    }
    Ok(Lockout { own: true, last: true })
}

/// Whether somebody is known to come in as this administrator when the name or certificate of the caller has ended: with a
/// certificate that is recorded and good, or with one that has come and is good.
fn gets_in(
    cx: &mut Context<'_, '_>,
    all: &[Issued],
    administrator: &ClientRef,
    ending: &ClientRef,
) -> Step<bool> {
    let (clients, now) = (cx.draft.world().clients, cx.now());
    let is_it = |issued: &&Issued| match administrator {
        ClientRef::Name(name) => issued.name == *name,
        ClientRef::Certificate(fingerprint) => issued.fingerprint == *fingerprint,
    };
    let stays = |issued: &&Issued| match ending {
        ClientRef::Name(name) => issued.name != *name,
        ClientRef::Certificate(fingerprint) => issued.fingerprint != *fingerprint,
    };
    let is_good = |issued: &Issued| issued.ended.is_none() && issued.not_after >= now;
    if all.iter().filter(is_it).filter(stays).any(is_good) {
        return Ok(true);
    }
    for identity in clients.comes_in(administrator) {
        if !ending.ends(&identity) && credentials::is_whole(cx.draft, &identity)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Refuses to lock out the caller, who has not said that it is meant.
pub fn must_not_lock_out(cx: &mut Context<'_, '_>, whom: &ClientRef, effect: &str) -> Step<()> {
    let remedy = match lockout(cx, whom)? {
        Lockout { own: false, .. } => return Ok(()),
        Lockout { last: false, .. } => "Let another administrator do it, or say --myself",
        Lockout { last: true, .. } => {
            "No other administrator is known who gets in: first put another name into admin.names (SIGHUP), and sign its certificate \
             (`keystead client add NAME --administrator`). If it is meant all the same, say --myself"
        }
    };
    let what = match whom {
        ClientRef::Name(_) => "the name",
        ClientRef::Certificate(_) => "the certificate",
    };
    refuse(Cause::Denied, format!("this is {what} with which you ask: {effect}. {remedy}"))
}
