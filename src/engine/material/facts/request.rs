//! Certificate requests (KMIP 2.1, 2.2): what says that it is PKCS#10 must be.

use crate::engine::material::found;
use crate::engine::material::truth::{self, Truth};
use crate::engine::refusal::{Cause, Step, refuse};
use der::{Decode as _, DecodePem as _, Encode as _};
use kmip_codec::enums::{CertificateRequestType, ObjectType};
use kmip_codec::objects::CertificateRequest;
use x509_cert::request::CertReq;

/// Reads a request; `None` for the kinds that the server keeps without looking into them.
pub fn read(kind: CertificateRequestType, value: &[u8]) -> Step<Option<CertReq>> {
    let read = match kind {
        CertificateRequestType::PKCS_10 => CertReq::from_der(value),
        CertificateRequestType::PEM => CertReq::from_pem(value),
        _ => return Ok(None),
    };
    match read {
        Ok(request) => Ok(Some(request)),
        Err(_) => {
            let expected = format!("a certificate request of the type {kind:?}");
            let text = found::instead(value, &expected, ObjectType::CertificateRequest);
            refuse(Cause::BadRequest, format!("Certificate Request: {text}"))
        }
    }
}

/// What the key of a request is; refuses a request that is not what it says.
pub fn truth(request: &CertificateRequest) -> Step<Truth> {
    let read = read(request.certificate_request_type, &request.value)?;
    let key = read.and_then(|request| request.info.public_key.to_der().ok());
    Ok(key.map_or(Truth::Unseen, |key| truth::of_public_key(&key)))
}
