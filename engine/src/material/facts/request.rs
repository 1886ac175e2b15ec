//! Certificate requests (KMIP 2.1, 2.2): what says that it is PKCS#10 must be.

use crate::material::found;
use crate::material::truth::{self, Truth};
use crate::refusal::{Cause, OpResult, refuse};
use der::{Decode as _, Encode as _};
use kmip_codec::enums::{CertificateRequestType, ObjectType};
use kmip_codec::objects::CertificateRequest;
use x509_cert::request::CertReq;
use x509_parser::pem::parse_x509_pem;

/// Reads a request; `None` for the kinds that the server keeps without looking into them.
pub fn read(kind: CertificateRequestType, value: &[u8]) -> OpResult<Option<CertReq>> {
    let read = match kind {
        CertificateRequestType::PKCS_10 => CertReq::from_der(value).ok(),
        CertificateRequestType::PEM => text(value).and_then(|der| CertReq::from_der(&der).ok()),
        _ => return Ok(None),
    };
    match read {
        Some(request) => Ok(Some(request)),
        None => {
            let expected = format!("a certificate request of the type {kind:?}");
            let text = found::instead(value, &expected, ObjectType::CertificateRequest);
            refuse(Cause::BadRequest, format!("Certificate Request: {text}"))
        }
    }
}

/// The DER in a PEM text, however long its lines are, and whatever stands before it.
fn text(value: &[u8]) -> Option<Vec<u8>> {
    const LABELS: &[&str] = &["CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"];
    let (_, pem) = parse_x509_pem(value).ok()?;
    LABELS.contains(&pem.label.as_str()).then_some(pem.contents)
}

/// What the key of a request is; refuses a request that is not what it says.
pub fn truth(request: &CertificateRequest) -> OpResult<Truth> {
    let read = read(request.certificate_request_type, &request.value)?;
    let key = read.and_then(|request| request.info.public_key.to_der().ok());
    Ok(key.map_or(Truth::Unseen, |key| truth::of_public_key(&key)))
}
