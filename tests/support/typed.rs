//! Typed requests over a connection of bytes, one a message, in KMIP 2.1.

use super::dev::Dev;
use super::wire::{self, Wire};
use keystead::pki::{self, Pair};
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::*;
use kmip_codec::message::{
    Asynchronous, Authentication, Credential, RequestMessage, ResponseItem, ResponseMessage, Ticket,
    TicketCredential,
};
use kmip_codec::objects::{Certificate, CertificateRequest};
use kmip_codec::operations::{Call, Request};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use std::io;

/// A message of one request.
pub fn message(request: Request) -> RequestMessage {
    RequestMessage::new(V2_1, vec![request.into()])
}

/// Sends a message, and gives the first item of the answer; fails where there is no answer.
pub fn exchange(wire: &mut Wire, message: &RequestMessage) -> io::Result<ResponseItem> {
    let answer = wire.exchange(&message.to_bytes())?;
    Ok(ResponseMessage::from_bytes(&answer).unwrap().items.remove(0))
}

/// One request over this connection: its answer, or why it was refused.
pub fn ask<R: Call>(wire: &mut Wire, request: R) -> Result<R::Answer, ResultReason> {
    let item = exchange(wire, &message(request.into_request())).unwrap();
    match item.result_status {
        ResultStatus::Success => Ok(R::answer(item.response.unwrap()).unwrap()),
        _ => Err(item.result_reason.unwrap()),
    }
}

/// The same over a new connection, as the holder of a certificate.
pub fn ask_as<R: Call>(dev: &Dev, pair: &Pair, request: R) -> Result<R::Answer, ResultReason> {
    ask(&mut wire::connect_with(dev, Some(pair)), request)
}

/// An AES key is to be made.
pub fn create() -> CreateRequest {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    let object_type = ObjectType::SymmetricKey;
    CreateRequest { object_type, attributes: attributes.into(), ..Default::default() }
}

/// An object is to be given.
pub fn get(id: &UniqueIdentifier) -> GetRequest {
    GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() }
}

/// The message that shows a ticket.
pub fn showing(ticket: &Ticket, request: Request) -> RequestMessage {
    let mut message = message(request);
    let credential = Credential::Ticket(TicketCredential { ticket: ticket.clone() });
    message.header.authentication = Some(Authentication { credentials: vec![credential] });
    message
}

/// The message that is to be done later.
pub fn later(request: Request) -> RequestMessage {
    let mut message = message(request);
    message.header.asynchronous_indicator = Some(Asynchronous(AsynchronousIndicator::Mandatory));
    message
}

/// A certificate that the client brings is to take the place of the one that it has.
pub fn brought(pair: &Pair) -> ReProvisionRequest {
    let value = der(pair).to_vec().into();
    let certificate = Certificate { certificate_type: CertificateType::X_509, value };
    ReProvisionRequest { certificate_request: None, certificate: Some(certificate) }
}

/// A key of the client's, and the request for a certificate for it.
pub fn requested(name: &str) -> (ReProvisionRequest, String) {
    let (request, key) = pki::request(name, pki::Curve::P256).unwrap();
    let value = request.into_bytes().into();
    let certificate_request =
        CertificateRequest { certificate_request_type: CertificateRequestType::PEM, value };
    (ReProvisionRequest { certificate_request: Some(certificate_request), certificate: None }, key)
}

/// The certificate of a pair, DER.
pub fn der(pair: &Pair) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()
}

/// Its fingerprint, as the configuration has it.
pub fn fingerprint(pair: &Pair) -> String {
    format!("sha256:{}", keystead::authenticate::fingerprint(&der(pair)))
}

/// The certificate that a file of the server's folder has.
pub fn pair_of(dev: &Dev, name: &str) -> Pair {
    let read = |end: &str| std::fs::read_to_string(dev.folder.join(format!("{name}.{end}"))).unwrap();
    Pair { certificate: read("pem"), key: read("key") }
}
