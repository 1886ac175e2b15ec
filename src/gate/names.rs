//! What a certificate says of its holder: a name, and from when until when.

use crate::engine::rights::identity::{SHA256_PREFIX, Validity};
use crate::engine::telling::notes::noted;
use x509_parser::extensions::GeneralName;
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The longest name, in characters: X.509 gives a common name 64, DNS a name 253.
const NAME_CHARS_MAX: usize = 256;

/// How much of a name that is refused is shown.
const SHOWN_CHARS_MAX: usize = 64;

/// The common name, else the first name of the alternative ones. Refuses names that cannot be shown as they are, and
/// those that look like fingerprints.
pub fn name_of(certificate: &[u8]) -> Result<Option<String>, String> {
    let Ok((_, certificate)) = X509Certificate::from_der(certificate) else {
        return Err("its certificate cannot be read".to_owned());
    };
    let common = certificate.subject().iter_common_name().find_map(|name| name.as_str().ok());
    let alternative = certificate.subject_alternative_name().ok().flatten().and_then(|names| {
        names.value.general_names.iter().find_map(|name| match name {
            GeneralName::DNSName(name) | GeneralName::RFC822Name(name) | GeneralName::URI(name) => {
                Some(*name)
            }
            _ => None,
        })
    });
    let Some(name) = common.into_iter().chain(alternative).find(|name| !name.is_empty()) else {
        return Ok(None);
    };
    let shown = noted(name, SHOWN_CHARS_MAX);
    if name.starts_with(SHA256_PREFIX) {
        return Err(format!(
            "its certificate has the name {shown}: names that begin with sha256: are fingerprints here"
        ));
    }
    let is_plain =
        |c: char| !c.is_control() && (c == '"' || c == '\'' || c == '\\' || c.escape_debug().count() == 1);
    if name.chars().nth(NAME_CHARS_MAX).is_some() || !name.chars().all(is_plain) {
        return Err(format!(
            "its certificate has the name {shown}: at most {NAME_CHARS_MAX} characters, all of which can be seen, are taken"
        ));
    }
    if name.trim() != name {
        return Err(format!(
            "its certificate has the name {shown}: names with spaces at their ends are not taken, as nobody tells them from others"
        ));
    }
    Ok(Some(name.to_owned()))
}

/// When a certificate is good.
pub fn validity(certificate: &[u8]) -> Option<Validity> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let dates = certificate.validity();
    Some(Validity { from: dates.not_before.timestamp(), until: dates.not_after.timestamp() })
}
