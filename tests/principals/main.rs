//! Who a client is, and until when: certificates that expire, are revoked, renewed or resumed, on every way in; users of one
//! certificate; administrators; and administrative jobs against themselves.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test: it stops where it stands")]

mod certificates;
mod jobs;
#[path = "../support/mod.rs"]
mod support;
mod users;

use keystead::pki::Pair;
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
use support::dev::Dev;
use support::wire::{self, Wire};

/// How a request ended: not even with an answer, with a refusal, or well.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Ended {
    Closed,
    Refused(ResultReason),
    Well,
}

impl Ended {
    /// The client was turned away as nobody.
    fn is_out(self) -> bool {
        matches!(self, Self::Closed | Self::Refused(ResultReason::AuthenticationNotSuccessful))
    }
}

fn message(request: Request) -> RequestMessage {
    RequestMessage::new(V2_1, vec![request.into()])
}

fn exchange(wire: &mut Wire, message: &RequestMessage) -> io::Result<ResponseItem> {
    let answer = wire.exchange(&message.to_bytes())?;
    Ok(ResponseMessage::from_bytes(&answer).unwrap().items.remove(0))
}

fn end(item: io::Result<ResponseItem>) -> Ended {
    match item {
        Err(_) => Ended::Closed,
        Ok(item) => item.result_reason.map_or(Ended::Well, Ended::Refused),
    }
}

fn ask<R: Call>(wire: &mut Wire, request: R) -> Result<R::Answer, ResultReason> {
    let item = exchange(wire, &message(request.into_request())).unwrap();
    match item.result_status {
        ResultStatus::Success => Ok(R::answer(item.response.unwrap()).unwrap()),
        _ => Err(item.result_reason.unwrap()),
    }
}

fn ask_as<R: Call>(dev: &Dev, pair: &Pair, request: R) -> Result<R::Answer, ResultReason> {
    ask(&mut wire::connect_with(dev, Some(pair)), request)
}

fn create() -> CreateRequest {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(256),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
    ];
    let object_type = ObjectType::SymmetricKey;
    CreateRequest { object_type, attributes: attributes.into(), ..Default::default() }
}

fn get(id: &UniqueIdentifier) -> GetRequest {
    GetRequest { unique_identifier: Some(id.clone()), ..GetRequest::default() }
}

/// The message that shows a ticket.
fn showing(ticket: &Ticket, request: Request) -> RequestMessage {
    let mut message = message(request);
    let credential = Credential::Ticket(TicketCredential { ticket: ticket.clone() });
    message.header.authentication = Some(Authentication { credentials: vec![credential] });
    message
}

/// The message that is to be done later.
fn later(request: Request) -> RequestMessage {
    let mut message = message(request);
    message.header.asynchronous_indicator = Some(Asynchronous(AsynchronousIndicator::Mandatory));
    message
}

fn everything() -> DelegatedLoginRequest {
    DelegatedLoginRequest { rights: Rights { rights: vec![Right::default()] }, ..Default::default() }
}

fn brought(pair: &Pair) -> ReProvisionRequest {
    let value = der(pair).to_vec().into();
    let certificate = Certificate { certificate_type: CertificateType::X_509, value };
    ReProvisionRequest { certificate_request: None, certificate: Some(certificate) }
}

/// A key of the client's, and the request for a certificate for it.
fn requested(name: &str) -> (ReProvisionRequest, String) {
    let (request, key) = keystead::pki::request(name, keystead::pki::Curve::P256).unwrap();
    let value = request.into_bytes().into();
    let certificate_request =
        CertificateRequest { certificate_request_type: CertificateRequestType::PEM, value };
    (ReProvisionRequest { certificate_request: Some(certificate_request), certificate: None }, key)
}

fn der(pair: &Pair) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()
}

fn fingerprint(pair: &Pair) -> String {
    format!("sha256:{}", keystead::gate::fingerprint(&der(pair)))
}

/// The certificate that a file of the server's folder has.
fn pair_of(dev: &Dev, name: &str) -> Pair {
    let read = |end: &str| std::fs::read_to_string(dev.folder.join(format!("{name}.{end}"))).unwrap();
    Pair { certificate: read("pem"), key: read("key") }
}

fn words(output: &std::process::Output) -> String {
    [&output.stdout[..], &output.stderr[..]].map(String::from_utf8_lossy).concat()
}
