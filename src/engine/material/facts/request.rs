//! Certificate requests (KMIP 2.1, 2.2): what says that it is PKCS#10 must be.

use crate::engine::refusal::{Cause, Step, refuse};
use der::{Decode as _, DecodePem as _};
use kmip_codec::enums::CertificateRequestType;
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
            refuse(Cause::BadRequest, format!("the certificate request is not a PKCS#10 one ({kind:?})"))
        }
    }
}

/// Refuses a request that is not what it says.
pub fn check(request: &CertificateRequest) -> Step<()> {
    read(request.certificate_request_type, &request.value).map(|_| ())
}
