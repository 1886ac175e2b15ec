//! Administrators who would lock themselves out, or everybody: that is refused, unless it is said.

use crate::context::Context;
use crate::refusal::{Cause, OpResult, refuse, unless_damaged};
use crate::rights::credentials;
use crate::rights::identity::{ClientRef, Fingerprint, Identity};
use kmip_codec::objects::ManagedObject;
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

/// What ends for whoever asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lockout {
    /// It is the name or the certificate with which this is asked for.
    pub own: bool,
    /// No other administrator is known who gets in.
    pub last: bool,
}

/// What ends for the caller with this name or certificate.
pub fn lockout(cx: &mut Context<'_, '_>, whom: &ClientRef) -> OpResult<Lockout> {
    if !whom.ends(&cx.principal().identity) {
        return Ok(Lockout { own: false, last: false });
    }
    for administrator in cx.draft.world().clients.administrators() {
        if gets_in(cx, &administrator, whom)? {
            return Ok(Lockout { own: true, last: false });
        }
    }
    Ok(Lockout { own: true, last: true })
}

/// Whether somebody is known to come in as this administrator when the name or certificate of the caller has ended: with a
/// certificate that has come, or that was made here, and that the CAs, their lists and the configuration let in now.
fn gets_in(cx: &mut Context<'_, '_>, administrator: &ClientRef, ending: &ClientRef) -> OpResult<bool> {
    let mut identities = cx.draft.world().clients.comes_in(administrator);
    identities.extend(recorded(cx, administrator)?);
    for identity in identities {
        if !ending.ends(&identity) && credentials::is_whole(cx.draft, &identity)? {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Who is let in as this administrator by a certificate that was signed here or that Re-Provision keeps, whether it has come or not.
/// Of a certificate that an older version has signed the store has no copy: it counts once it has come.
fn recorded(cx: &mut Context<'_, '_>, administrator: &ClientRef) -> OpResult<Vec<Identity>> {
    let is_it = |name: &str, fingerprint: &Fingerprint| match administrator {
        ClientRef::Name(meant) => meant == name,
        ClientRef::Certificate(meant) => meant == fingerprint,
    };
    let signed = cx.draft.issued()?.into_iter().filter(|one| is_it(&one.name, &one.fingerprint));
    let mut certificates: Vec<Vec<u8>> = signed.filter_map(|one| der(&one.certificate)).collect();
    for fingerprint in cx.draft.credentials()? {
        // What is damaged lets nobody in.
        let Some(record) = unless_damaged(cx.draft.credential(&fingerprint))? else { continue };
        if let Some(id) = record.object.filter(|_| is_it(&record.client, &fingerprint)) {
            certificates.extend(kept(cx, &id)?);
        }
    }
    let clients = cx.draft.world().clients;
    let let_in = certificates.iter().filter_map(|certificate| clients.lets_in(certificate));
    let administering =
        let_in.filter(|principal| principal.admin && administrator.is_holder(&principal.identity));
    Ok(administering.map(|principal| principal.identity).collect())
}

/// The certificate in a text, DER.
fn der(pem: &str) -> Option<Vec<u8>> {
    CertificateDer::from_pem_slice(pem.as_bytes()).ok().map(|der| der.to_vec())
}

/// The managed certificate of this identifier, DER.
fn kept(cx: &mut Context<'_, '_>, id: &str) -> OpResult<Option<Vec<u8>>> {
    let Some(object) = unless_damaged(cx.draft.credential_object(id))? else { return Ok(None) };
    let value = unless_damaged(cx.draft.managed(&object).map(Some))?;
    Ok(value.and_then(|value| match value {
        ManagedObject::Certificate(certificate) => Some(certificate.value.to_vec()),
        _ => None,
    }))
}

/// Refuses to lock out the caller, who has not said that it is meant.
pub fn must_not_lock_out(cx: &mut Context<'_, '_>, whom: &ClientRef, effect: &str) -> OpResult<()> {
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
