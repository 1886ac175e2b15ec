//! What a certificate says of its holder: a name, and from when until when.

use crate::engine::notifications::notes::noted;
use crate::engine::rights::identity::Validity;
use crate::engine::rights::names;
use crate::pki::text_of;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// How much of a name that is refused is shown.
const SHOWN_CHARS_MAX: usize = 64;

/// Why the name of a certificate is not taken.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Misnamed {
    /// In words.
    pub why: String,
    /// What versions before this rule called its holder: the first common name, else the first alternative name.
    pub older: Option<String>,
    /// Whether that is all that the certificate says.
    pub is_one: bool,
}

impl Misnamed {
    fn unreadable(why: impl Into<String>) -> Self {
        Self { why: why.into(), older: None, is_one: true }
    }
}

/// The common name, else the first name of the alternative ones. Refuses a subject with several, what cannot be read, and
/// what is the name of no client.
pub fn name_of(certificate: &[u8]) -> Result<Option<String>, Misnamed> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Err(Misnamed::unreadable("its certificate cannot be read"));
    };
    let common = match common_name(&certificate)? {
        None => alternative_name(&certificate).map_err(Misnamed::unreadable)?,
        common => common,
    };
    let Some(name) = common else { return Ok(None) };
    names::check(&name).map_err(|flaw| Misnamed {
        why: format!(
            "its certificate has the name {}, which is not taken as that of a client: {flaw}",
            noted(&name, SHOWN_CHARS_MAX)
        ),
        older: Some(name.clone()),
        is_one: true,
    })?;
    Ok(Some(name))
}

/// Every name that a certificate states by which its holder is, or was, called: each common name that can be read, and the
/// alternative name where that is taken. Versions before this rule took it where the first common name is of a type that they did
/// not read. None of what cannot be read.
pub fn stated(certificate: &[u8]) -> Vec<String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else { return Vec::new() };
    let common = || certificate.subject().iter_common_name();
    let mut all: Vec<String> = common().filter_map(|name| text_of(name).ok()).collect();
    let older = common().find_map(|name| name.as_str().ok());
    if older.is_none_or(str::is_empty) {
        all.extend(alternative_name(&certificate).ok().flatten());
    }
    all.retain(|name| !name.is_empty());
    all.sort();
    all.dedup();
    all
}

/// The one common name of the subject.
fn common_name(certificate: &X509Certificate<'_>) -> Result<Option<String>, Misnamed> {
    let all: Result<Vec<String>, String> = certificate.subject().iter_common_name().map(text_of).collect();
    let all = all.map_err(|why| {
        Misnamed::unreadable(format!("the common name of its certificate cannot be read: {why}"))
    })?;
    let mut named = all.into_iter().filter(|name| !name.is_empty());
    let Some(name) = named.next() else { return Ok(None) };
    let Some(other) = named.find(|other| *other != name) else { return Ok(Some(name)) };
    let (one, other) = (noted(&name, SHOWN_CHARS_MAX), noted(&other, SHOWN_CHARS_MAX));
    Err(Misnamed {
        why: format!(
            "its certificate has several common names, {one} and {other}: nobody knows which of them is meant"
        ),
        older: Some(name),
        is_one: false,
    })
}

/// The first DNS name, mail address or URI.
fn alternative_name(certificate: &X509Certificate<'_>) -> Result<Option<String>, String> {
    let names = certificate.subject_alternative_name();
    let names = names.map_err(|_| {
        "its certificate has no common name, and its alternative names cannot be read".to_owned()
    })?;
    let found = names.and_then(|names| {
        names.value.general_names.iter().find_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
                Some((*name).to_owned())
            }
            _ => None,
        })
    });
    Ok(found.filter(|name| !name.is_empty()))
}

/// When a certificate is good.
pub fn validity(certificate: &[u8]) -> Option<Validity> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let dates = certificate.validity();
    Some(Validity { from: dates.not_before.timestamp(), until: dates.not_after.timestamp() })
}
