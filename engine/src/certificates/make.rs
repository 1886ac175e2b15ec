//! A certificate put together and signed (RFC 5280, 4.1).

use super::{CertTemplate, Issuer};
use crate::context::Context;
use crate::refusal::{Cause, Interrupt, OpResult, refuse};
use der::asn1::{BitString, GeneralizedTime, OctetString, UtcTime};
use der::oid::AssociatedOid;
use der::{Encode, Sequence};
use keystead_crypto::x509;
use std::time::Duration;
use x509_cert::Version;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, SubjectKeyIdentifier};
use x509_cert::ext::{Extension, Extensions};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

const DAY: i64 = 86_400;

/// The part that is signed.
#[derive(Sequence)]
struct ToBeSigned {
    #[asn1(context_specific = "0")]
    version: Version,
    serial_number: SerialNumber,
    signature: AlgorithmIdentifierOwned,
    issuer: Name,
    validity: Validity,
    subject: Name,
    key: SubjectPublicKeyInfoOwned,
    #[asn1(context_specific = "3")]
    extensions: Extensions,
}

/// The whole.
#[derive(Sequence)]
struct Signed {
    content: ToBeSigned,
    algorithm: AlgorithmIdentifierOwned,
    signature: BitString,
}

/// The certificate of a template, DER: valid from a date (now) until another (as long as the configuration says), and no
/// longer than the authority itself.
pub fn certificate(
    cx: &mut Context<'_, '_>,
    issuer: &Issuer,
    template: CertTemplate,
    from: Option<i64>,
    until: Option<i64>,
) -> OpResult<Vec<u8>> {
    let from = from.unwrap_or_else(|| cx.now());
    let end = issuer.certificate.tbs_certificate().validity().not_after.to_unix_duration().as_secs();
    let end = i64::try_from(end).unwrap_or(i64::MAX);
    let until = until.unwrap_or_else(|| from.saturating_add(i64::from(issuer.days) * DAY)).min(end);
    let (Some(not_before), Some(not_after)) = (time(from), time(until)) else {
        return refuse(Cause::InvalidField, "the dates do not fit into a certificate");
    };
    if until <= from {
        return refuse(
            Cause::InvalidField,
            "the certificate would end before it begins, or its authority does",
        );
    }
    if template.subject.is_empty() && template.extensions.is_empty() {
        return refuse(Cause::Missing, "say whom the certificate is for: the request has no subject");
    }
    let content = match contents(cx, issuer, template, Validity::new(not_before, not_after))? {
        Some(content) => content,
        None => return refuse(Cause::BadRequest, "what the request says does not fit into a certificate"),
    };
    let signature = issuer.sign(&content.to_der().unwrap_or_default())?;
    let signed = BitString::from_bytes(&signature)
        .and_then(|signature| Signed { content, algorithm: issuer.algorithm.clone(), signature }.to_der());
    match signed {
        Ok(der) => Ok(der),
        Err(_) => refuse(Cause::Internal, "the certificate cannot be encoded"),
    }
}

fn contents(
    cx: &mut Context<'_, '_>,
    issuer: &Issuer,
    template: CertTemplate,
    validity: Validity,
) -> OpResult<Option<ToBeSigned>> {
    let mut random = [0; x509::SERIAL_BYTES];
    cx.entropy.fill(&mut random).map_err(Interrupt::Need)?;
    let Ok(serial_number) = SerialNumber::new(&x509::serial_number(random)) else { return Ok(None) };
    let extensions = extensions(issuer, &template);
    Ok(extensions.map(|extensions| ToBeSigned {
        version: Version::V3,
        serial_number,
        signature: issuer.algorithm.clone(),
        issuer: issuer.certificate.tbs_certificate().subject().clone(),
        validity,
        subject: template.subject,
        key: template.key,
        extensions,
    }))
}

/// The key and what it may be used for, that it is no authority's, whose authority signs; then what was cert_template for.
fn extensions(issuer: &Issuer, template: &CertTemplate) -> Option<Extensions> {
    let mut extensions = Extensions::new();
    let no_authority = BasicConstraints { ca: false, path_len_constraint: None };
    extensions.push(extension(&no_authority, true)?);
    if let Some(usage) = template.usage.as_ref().filter(|usage| !usage.0.is_empty()) {
        extensions.push(extension(usage, true)?);
    }
    let own = SubjectKeyIdentifier(OctetString::new(key_identifier(&template.key)?).ok()?);
    extensions.push(extension(&own, false)?);
    let issuer = issuer.certificate.tbs_certificate();
    let of_issuer = issuer.get_extension::<SubjectKeyIdentifier>().ok()?;
    let key_identifier = match of_issuer {
        Some((_, identifier)) => identifier.0,
        None => OctetString::new(key_identifier(issuer.subject_public_key_info())?).ok()?,
    };
    let by = AuthorityKeyIdentifier { key_identifier: Some(key_identifier), ..Default::default() };
    extensions.push(extension(&by, false)?);
    // RFC 5280, 4.1.2.6: names that stand in the extension alone are critical.
    let critical = template.subject.is_empty();
    extensions.extend(
        template.extensions.iter().cloned().map(|cert_template| Extension { critical, ..cert_template }),
    );
    Some(extensions)
}

fn extension<T: Encode + AssociatedOid>(value: &T, critical: bool) -> Option<Extension> {
    let extn_value = OctetString::new(value.to_der().ok()?).ok()?;
    Some(Extension { extn_id: T::OID, critical, extn_value })
}

/// The leftmost 160 bits of the SHA-256 of the key (RFC 7093, 2).
fn key_identifier(key: &SubjectPublicKeyInfoOwned) -> Option<Vec<u8>> {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, key.subject_public_key.as_bytes()?);
    digest.as_ref().get(..20).map(<[u8]>::to_vec)
}

/// A time: in the short form until 2049, in the long one after it (RFC 5280, 4.1.2.5).
fn time(seconds: i64) -> Option<Time> {
    let since = Duration::from_secs(u64::try_from(seconds).ok()?);
    let long = || GeneralizedTime::from_unix_duration(since).map(Time::GeneralTime);
    UtcTime::from_unix_duration(since).map(Time::UtcTime).or_else(|_| long()).ok()
}
