//! Certificates of clients: signed, listed, ended.

use super::{internal, json};
use crate::admin::protocol::{AdminRequest, Issued, ShownClient};
use crate::engine::context::Context;
use crate::engine::draft::Draft;
use crate::engine::refusal::{Cause, Refusal, Step, refuse};
use crate::engine::rights::credentials;
use serde_json::Value;

/// Signs a certificate for a client, and keeps that.
pub fn add(cx: &mut Context<'_, '_>, request: &AdminRequest) -> Step<Value> {
    let signed = cx.supplies.outside(request)?;
    let signed: Issued = serde_json::from_value(signed).map_err(|error| internal(&error))?;
    let issued = Issued { by: cx.principal().name.clone(), at: cx.now(), ..signed };
    cx.draft.put_issued(&Issued { certificate: String::new(), ..issued.clone() })?;
    json(&issued)
}

/// Every certificate that is known here: those that were signed, and those of which something else is known.
pub fn issued(draft: &mut Draft<'_>) -> Step<Vec<Issued>> {
    let mut all = draft.issued()?;
    for fingerprint in draft.credentials()? {
        let Some(record) = draft.credential(&fingerprint)? else { continue };
        match all.iter_mut().find(|issued| issued.fingerprint == fingerprint) {
            Some(issued) => issued.ended = record.ended,
            None => all.push(Issued {
                name: record.client.clone(),
                fingerprint,
                not_after: record.until.unwrap_or_default(),
                by: record.client,
                at: record.at,
                ended: record.ended,
                certificate: String::new(),
            }),
        }
    }
    all.sort_by(|a, b| (a.at, &a.name).cmp(&(b.at, &b.name)));
    Ok(all)
}

/// Ends certificates: all of a name that are known here, or the one of a fingerprint, known or not.
pub fn revoke(cx: &mut Context<'_, '_>, name: &str) -> Step<Vec<String>> {
    let found = issued(cx.draft)?.into_iter().filter(|issued| issued.ended.is_none() && is_of(issued, name));
    let mut ending: Vec<(String, String)> = found.map(|issued| (issued.fingerprint, issued.name)).collect();
    match name.strip_prefix("sha256:") {
        Some(fingerprint) if ending.is_empty() => {
            must_be_fingerprint(fingerprint)?;
            ending.push((fingerprint.to_owned(), name.to_owned()));
        }
        None if ending.is_empty() => {
            return refuse(
                Cause::NotFound,
                format!(
                    "no certificate of {name:?} is known here that is good: name one that another CA signed by sha256: and \
                     its fingerprint"
                ),
            );
        }
        _ => {}
    }
    let why = format!("revoked by {}", cx.principal().name);
    for (fingerprint, client) in &ending {
        credentials::revoke(cx.draft, fingerprint, client, &why)?;
    }
    Ok(ending.into_iter().map(|(fingerprint, _)| fingerprint).collect())
}

/// How a client stands, with the certificates that are known of it.
pub fn show(cx: &mut Context<'_, '_>, request: &AdminRequest, name: &str) -> Step<Value> {
    let standing = cx.supplies.outside(request)?;
    let standing = serde_json::from_value(standing).map_err(|error| internal(&error))?;
    let certificates = issued(cx.draft)?.into_iter().filter(|issued| is_of(issued, name)).collect();
    json(&ShownClient { standing, certificates })
}

/// A fingerprint that none can have would end nothing, and the administrator would believe that it had.
fn must_be_fingerprint(text: &str) -> Result<(), Refusal> {
    let is_lower_hex = |c: u8| c.is_ascii_digit() || (b'a'..=b'f').contains(&c);
    if text.len() == 64 && text.bytes().all(is_lower_hex) {
        return Ok(());
    }
    let text = format!(
        "{text:?} is no fingerprint: write sha256: and 64 hexadecimal digits in lower case, as `keystead client list` does"
    );
    Err(Refusal::new(Cause::InvalidField, text))
}

/// Whether a certificate is of this client, or has this fingerprint.
fn is_of(issued: &Issued, name: &str) -> bool {
    issued.name == name || name.strip_prefix("sha256:") == Some(issued.fingerprint.as_str())
}
