//! Attestation: a client whose platform must prove its state gets keys with a quote of its TPM, and without one, or with
//! any other, it gets none.

use crate::support::dev::Dev;
use crate::support::tpm::{Tpm, attest};
use crate::support::wire::{self, Wire};
use keystead::crypto::tpm::{self, Registers};
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::*;
use kmip_codec::message::*;
use kmip_codec::operations::{Call as _, Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use rustls::pki_types::SubjectPublicKeyInfoDer;
use rustls::pki_types::pem::PemObject as _;

/// The registers that are expected.
const REGISTERS: &[(u8, [u8; 32])] = &[(4, [4; 32]), (7, [7; 32]), (11, [11; 32])];

fn spki(tpm: &Tpm) -> Vec<u8> {
    SubjectPublicKeyInfoDer::from_pem_slice(tpm.public_pem.as_bytes()).unwrap().as_ref().to_vec()
}

fn expected() -> Registers {
    REGISTERS.iter().copied().collect()
}

#[test]
fn a_quote_proves_what_it_says_and_nothing_else() {
    for tpm in [Tpm::new(), Tpm::rsa()] {
        let (key, nonce) = (spki(&tpm), [9; 32]);
        let check = |quote: &[u8]| tpm::check(quote, &key, &nonce, &expected());
        let right = tpm.quote(&nonce, REGISTERS);
        assert_eq!(check(&right), Ok(()));
        for place in 0..right.len() {
            let mut flipped = right.clone();
            flipped[place] ^= 1;
            assert!(check(&flipped).is_err(), "byte {place} flipped");
            assert!(check(&right[..place]).is_err(), "cut at {place}");
        }
        assert!(check(&[&right[..], &[0]].concat()).is_err(), "a byte too many");
        let mut other = REGISTERS.to_vec();
        other[1].1 = [8; 32];
        for (what, quote) in [
            ("another nonce", tpm.quote(&[8; 32], REGISTERS)),
            ("no nonce", tpm.quote(&[], REGISTERS)),
            ("another value", tpm.quote(&nonce, &other)),
            ("fewer registers", tpm.quote(&nonce, &REGISTERS[1..])),
            ("no registers", tpm.quote(&nonce, &[])),
            ("another bank", tpm.sign(&attest(0xff54_4347, &nonce, 0x0004, REGISTERS))),
            ("made outside the TPM", tpm.sign(&attest(0x0054_4347, &nonce, 0x000b, REGISTERS))),
            ("another TPM", Tpm::new().quote(&nonce, REGISTERS)),
        ] {
            assert!(check(&quote).is_err(), "{what}");
        }
    }
}

/// A client with its TPM, before a server that wants its registers.
struct Host<'d> {
    wire: Wire,
    id: UniqueIdentifier,
    _server: &'d Dev,
}

impl<'d> Host<'d> {
    fn new(server: &'d Dev, name: &str) -> Self {
        let mut wire = wire::connect(server, name);
        let attributes = [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ];
        let create = CreateRequest {
            object_type: ObjectType::SymmetricKey,
            attributes: attributes.into(),
            ..CreateRequest::default()
        };
        let answer = exchange(&mut wire, create.into_request(), None, None);
        let Some(Response::Create(made)) = &answer.items[0].response else { panic!("{}", answer.to_xml()) };
        Self { id: made.unique_identifier.clone(), wire, _server: server }
    }

    fn get(&mut self, capable: Option<bool>, credential: Option<Credential>) -> ResponseMessage {
        let get = GetRequest { unique_identifier: Some(self.id.clone()), ..GetRequest::default() };
        exchange(&mut self.wire, get.into_request(), capable, credential)
    }

    /// The nonce that comes with the demand for a proof.
    fn nonce(&mut self) -> Nonce {
        let answer = self.get(Some(true), None);
        assert_eq!(reason(&answer), Some(ResultReason::AttestationRequired));
        assert_eq!(answer.header.attestation_type, [AttestationType::TPMQuote]);
        answer.header.nonce.unwrap()
    }
}

fn exchange(
    wire: &mut Wire,
    request: Request,
    capable: Option<bool>,
    credential: Option<Credential>,
) -> ResponseMessage {
    let mut message = RequestMessage::new(V2_1, vec![RequestItem::from(request)]);
    message.header.attestation_capable_indicator = capable;
    message.header.authentication =
        credential.map(|credential| Authentication { credentials: vec![credential] });
    ResponseMessage::from_bytes(&wire.exchange(&message.to_bytes()).unwrap()).unwrap()
}

fn reason(answer: &ResponseMessage) -> Option<ResultReason> {
    answer.items[0].result_reason
}

fn shown(nonce: &Nonce, quote: Vec<u8>) -> Option<Credential> {
    Some(Credential::Attestation(AttestationCredential {
        nonce: nonce.clone(),
        attestation_type: AttestationType::TPMQuote,
        measurement: Some(quote.into()),
        assertion: None,
    }))
}

/// A server that wants the registers of `client` and of `other`.
fn server(folder: &std::path::Path, tpm: &Tpm) -> Dev {
    let key = folder.join("ak.pem");
    std::fs::write(&key, &tpm.public_pem).unwrap();
    let registers = REGISTERS.iter().map(|(number, value)| format!("{number:?} = {:?}", hex::encode(value)));
    let registers: Vec<String> =
        registers.map(|row| row.replacen(' ', "\" ", 1).replacen("", "\"", 1)).collect();
    let row = |client: &str| {
        format!(
            "[[attestation]]\nclient = {client:?}\nkey = {:?}\nregisters = {{ {} }}\n",
            key.to_str().unwrap(),
            registers.join(", ")
        )
    };
    Dev::configured(&folder.join("dev"), &[("", &(row("client") + &row("other")))])
}

#[test]
fn keys_leave_for_proven_platforms_alone() {
    let (folder, tpm) = (tempfile::tempdir().unwrap(), Tpm::new());
    let server = server(folder.path(), &tpm);
    let (mut host, mut other) = (Host::new(&server, "client"), Host::new(&server, "other"));

    let answer = host.get(None, None);
    assert_eq!(reason(&answer), Some(ResultReason::PermissionDenied), "it cannot prove anything");
    assert_eq!(answer.header.nonce, None);
    let look = GetAttributesRequest { unique_identifier: Some(host.id.clone()), ..Default::default() };
    assert_eq!(
        reason(&exchange(&mut host.wire, look.into_request(), None, None)),
        None,
        "that needs no proof"
    );

    let nonce = host.nonce();
    let quote = tpm.quote(&nonce.value, REGISTERS);
    let answer = host.get(Some(true), shown(&nonce, quote.clone()));
    assert!(matches!(answer.items[0].response, Some(Response::Get(_))), "{}", answer.to_xml());
    assert_eq!(answer.header.nonce, None);
    let failed = Some(ResultReason::AttestationFailed);
    let again = host.get(Some(true), shown(&nonce, quote));
    assert_eq!(reason(&again), failed, "a nonce is good once");
    assert!(again.header.nonce.is_some_and(|next| next.id != nonce.id), "and the next comes with the answer");

    let mut changed = REGISTERS.to_vec();
    changed[0].1 = [0; 32];
    let nonce = host.nonce();
    let wrong = [tpm.quote(&nonce.value, &changed), Tpm::new().quote(&nonce.value, REGISTERS), vec![1, 2, 3]];
    for quote in wrong {
        assert_eq!(reason(&host.get(Some(true), shown(&nonce, quote))), failed);
    }
    let foreign = other.nonce();
    let quote = tpm.quote(&foreign.value, REGISTERS);
    assert_eq!(reason(&host.get(Some(true), shown(&foreign, quote))), failed, "the nonce of another client");
    let own = Nonce { id: foreign.id.clone(), value: vec![0; 32].into() };
    let quote = tpm.quote(&own.value, REGISTERS);
    assert_eq!(reason(&host.get(Some(true), shown(&own, quote))), failed, "a nonce that no server made");

    let quote = tpm.quote(&nonce.value, REGISTERS);
    let answer = host.get(Some(true), shown(&nonce, quote));
    assert_eq!(reason(&answer), None, "what failed has not spent it");
}

/// A ticket stands for its owner's name, not for the state of a platform.
#[test]
fn a_ticket_proves_nothing() {
    let (folder, tpm) = (tempfile::tempdir().unwrap(), Tpm::new());
    let server = server(folder.path(), &tpm);
    let mut host = Host::new(&server, "client");
    let login = exchange(&mut host.wire, LoginRequest::default().into_request(), None, None);
    let Some(Response::Login(given)) = &login.items[0].response else { panic!("{}", login.to_xml()) };
    let ticket = Credential::Ticket(TicketCredential { ticket: given.ticket.clone() });
    assert_eq!(reason(&host.get(Some(true), Some(ticket))), Some(ResultReason::PermissionDenied));
}

/// Query says that the server judges attestation where it does.
#[test]
fn query_tells_it() {
    let (folder, tpm) = (tempfile::tempdir().unwrap(), Tpm::new());
    let server = server(folder.path(), &tpm);
    let functions = vec![QueryFunction::QueryAttestationTypes, QueryFunction::QueryCapabilities];
    let query = QueryRequest { functions, ..QueryRequest::default() };
    let answer = exchange(&mut wire::connect(&server, "anybody"), query.into_request(), None, None);
    let Some(Response::Query(told)) = &answer.items[0].response else { panic!("{}", answer.to_xml()) };
    assert_eq!(told.attestation_types, [AttestationType::TPMQuote]);
    assert_eq!(told.capability_information[0].attestation, Some(true));
}
