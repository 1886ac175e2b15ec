//! Requests for certificates as openssl makes them, of every kind of key: each is judged alike by every way to a certificate.

use super::{batch, certificate_of, pem};
use crate::support::dev::Dev;
use crate::support::typed::*;
use crate::support::wire;
use keystead::admin::protocol::{self, AdminRequest, Issued};
use keystead::engine::administration::OPERATION;
use keystead::pki::Pair;
use kmip_codec::enums::*;
use kmip_codec::objects::CertificateRequest;
use kmip_codec::operations::{Call as _, Request, Response};
use kmip_codec::payloads::*;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// A key as openssl makes it, how it signs its request, and what the refusal says where no client comes in with it.
struct Row {
    key: &'static [&'static str],
    signs: &'static [&'static str],
    refused: Option<&'static str>,
}

const fn taken(key: &'static [&'static str], signs: &'static [&'static str]) -> Row {
    Row { key, signs, refused: None }
}

const fn refused(key: &'static [&'static str], why: &'static str) -> Row {
    Row { key, signs: &[], refused: Some(why) }
}

const RSA: &[&str] = &["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:2048"];
const P256: &[&str] = &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256"];

const REQUESTS: &[Row] = &[
    taken(RSA, &[]),
    taken(RSA, &["-sha512"]),
    taken(RSA, &["-sigopt", "rsa_padding_mode:pss"]),
    taken(RSA, &["-sha384", "-sigopt", "rsa_padding_mode:pss", "-sigopt", "rsa_pss_saltlen:20"]),
    taken(P256, &[]),
    taken(P256, &["-sha384"]),
    taken(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-384"], &[]),
    taken(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-521"], &["-sha512"]),
    taken(&["-algorithm", "ED25519"], &[]),
    refused(&["-algorithm", "RSA", "-pkeyopt", "rsa_keygen_bits:1024"], "an RSA key of 1024 bits"),
    refused(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-192"], "the curve P-192"),
    refused(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-224"], "the curve P-224"),
    refused(&["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:secp256k1"], "the curve SECP256K1"),
    refused(
        &["-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:brainpoolP256r1"],
        "the curve BRAINPOOLP256R1",
    ),
    refused(&["-algorithm", "ED448"], "TLS lets no client in"),
    refused(&["-algorithm", "RSA-PSS", "-pkeyopt", "rsa_keygen_bits:2048"], "an RSA key for PSS alone"),
];

fn openssl(folder: &Path, args: &[&str]) {
    let done = Command::new("openssl").args(args).current_dir(folder).output().unwrap();
    assert!(done.status.success(), "{args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

/// A key and a request of it, PEM.
fn by_openssl(folder: &Path, row: &Row, name: &str) -> (String, String) {
    openssl(folder, &[&["genpkey", "-out", "key.pem"], row.key].concat());
    let subject = format!("/CN={name}");
    openssl(
        folder,
        &[&["req", "-new", "-key", "key.pem", "-subj", &subject, "-out", "req.pem"], row.signs].concat(),
    );
    let read = |file: &str| std::fs::read_to_string(folder.join(file)).unwrap();
    (read("key.pem"), read("req.pem"))
}

/// What `client add` asks of the server.
fn added(dev: &Dev, name: &str, request: &str) -> Result<Issued, String> {
    let (name, request) = (name.to_owned(), request.to_owned());
    let add = AdminRequest::ClientAdd {
        name,
        days: 30,
        request,
        replace: false,
        administrator: false,
        myself: false,
    };
    let request = Request::Unknown(OPERATION, protocol::payload(&add).unwrap());
    let item = batch(&mut wire::connect_with(dev, Some(&pair_of(dev, "admin"))), vec![request]).remove(0);
    match item.response {
        Some(Response::Unknown(_, payload)) => {
            Ok(serde_json::from_str(protocol::text(&payload).unwrap()).unwrap())
        }
        _ => Err(item.result_message.unwrap()),
    }
}

fn serial(certificate: &str) -> Vec<u8> {
    use x509_cert::der::Decode as _;
    let certificate = x509_cert::Certificate::from_der(&der_of(certificate)).unwrap();
    certificate.tbs_certificate().serial_number().as_bytes().to_vec()
}

/// A request is judged alike by whoever signs it: what TLS lets in is taken, everything else refused for what it is; and no two
/// certificates have one serial number, though all else of them is the same (RFC 5280, 4.1.2.2).
#[test]
fn requests_are_judged_alike_at_every_door() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(&folder.path().join("server"));
    let (ca, mut serials, mut signed) = (wire::ca(&dev), BTreeSet::new(), 0);
    for (place, row) in REQUESTS.iter().enumerate() {
        let (name, again) = (format!("host-{place}"), format!("again-{place}"));
        let (key, request) = by_openssl(folder.path(), row, &name);
        let by_admin = added(&dev, &name, &request);
        let old = ca.client(&name, 1).unwrap();
        let value = request.clone().into_bytes().into();
        let asked = ReProvisionRequest {
            certificate_request: Some(CertificateRequest {
                certificate_request_type: CertificateRequestType::PEM,
                value,
            }),
            ..ReProvisionRequest::default()
        };
        let item = batch(&mut wire::connect_with(&dev, Some(&old)), vec![asked.into_request()]).remove(0);
        if let Some(why) = row.refused {
            let texts = [by_admin.unwrap_err(), item.result_message.unwrap()];
            assert!(
                texts
                    .iter()
                    .all(|text| text.contains(why) && text.contains("with which TLS lets no client in")),
                "{:?}: {texts:?}",
                row.key
            );
            assert!(ask_as(&dev, &old, create()).is_ok(), "{:?}: the old one is good", row.key);
            continue;
        }
        let issued = by_admin.unwrap_or_else(|why| panic!("{:?}: {why}", row.key));
        let more = added(&dev, &again, &request).unwrap();
        let Some(Response::ReProvision(answer)) = item.response else {
            panic!("{:?}: {:?}", row.key, item.result_message)
        };
        let get = GetRequest { unique_identifier: answer.unique_identifier, ..GetRequest::default() };
        let renewed = certificate_of(ask_as(&dev, &old, get).unwrap());
        for certificate in [issued.certificate, more.certificate.clone(), renewed] {
            serials.insert(serial(&certificate));
            assert!(serials.iter().all(|serial| serial.len() <= 20 && serial[0] & 0x80 == 0));
            signed += 1;
            let pair = Pair { certificate, key: key.clone() };
            assert!(ask_as(&dev, &pair, create()).is_ok(), "{:?} comes in", row.key);
        }
        // However a tool wraps its lines.
        let der = der_of(&request);
        added(&dev, &format!("line-{place}"), &format!("Request:\n{}", pem("NEW CERTIFICATE REQUEST", &der)))
            .unwrap();
        let comes_in = Pair { certificate: more.certificate, key };
        refuses_what_is_not_signed(&dev, &comes_in, &der);
    }
    assert_eq!(serials.len(), signed, "serial numbers");
}

/// One that was changed behind its signature, and one that is signed by an algorithm for other keys.
fn refuses_what_is_not_signed(dev: &Dev, pair: &Pair, request: &[u8]) {
    let mut broken = request.to_vec();
    *broken.last_mut().unwrap() ^= 1;
    for (label, wrong) in [("broken", broken), ("of another kind", of_another_kind(request, &pair.key))] {
        let by_admin = added(dev, "wrong", &pem("CERTIFICATE REQUEST", &wrong)).unwrap_err();
        let wrong = CertificateRequest {
            certificate_request_type: CertificateRequestType::PKCS_10,
            value: wrong.into(),
        };
        let asked = ReProvisionRequest { certificate_request: Some(wrong), ..ReProvisionRequest::default() };
        let mut wire = wire::connect_with(dev, Some(pair));
        let renewed = batch(&mut wire, vec![asked.into_request()]).remove(0).result_message.unwrap();
        for why in [by_admin, renewed] {
            assert!(why.contains("not signed by the key that it names"), "{label}: {why}");
        }
    }
}

/// The same request by an algorithm for another kind of keys, and with what its own key signs instead: a digest under the name
/// of another kind's, or the beginning of the request in the place of its digest.
fn of_another_kind(request: &[u8], key: &str) -> Vec<u8> {
    use keystead::crypto::Digest;
    use keystead::crypto::pkey::{Family, Key, Padding};
    use x509_cert::der::asn1::{BitString, ObjectIdentifier};
    use x509_cert::der::{Decode as _, Encode as _};
    let mut request = x509_cert::request::CertReq::from_der(request).unwrap();
    let info = request.info.to_der().unwrap();
    let key = Key::private(&der_of(key)).unwrap();
    let digested = Digest::Sha256.of(&info);
    let (oid, digest, signed) = match key.family() {
        Some(Family::Rsa) => ("1.2.840.10045.4.3.2", Some(Digest::Sha256), &digested[..]),
        Some(Family::Ed25519) => ("1.2.840.10045.4.3.2", None, &digested[..]),
        _ => ("1.3.101.112", None, &info[..32]),
    };
    request.algorithm.oid = ObjectIdentifier::new(oid).unwrap();
    request.algorithm.parameters = None;
    let signature = key.sign(Padding::Pkcs1, digest, signed).unwrap();
    request.signature = BitString::from_bytes(&signature).unwrap();
    request.to_der().unwrap()
}

fn der_of(pem: &str) -> Vec<u8> {
    use base64ct::{Base64, Encoding as _};
    Base64::decode_vec(&pem.lines().filter(|line| !line.starts_with('-')).collect::<String>()).unwrap()
}
