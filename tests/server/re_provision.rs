//! Re-Provision (KMIP 2.1, 6.1.48) on a real server: a client gets itself another certificate in each of the three ways,
//! the one that it had is not good any more, and who was revoked gets none.

use crate::support::dev::{Dev, told};
use crate::support::typed::*;
use crate::support::wire::{self, Wire};
use keystead::admin::protocol::{self, AdminRequest, Issued};
use keystead::engine::administration::OPERATION;
use keystead::pki::{self, Ca, Curve, Pair};
use kmip_codec::attributes::{Attribute, AttributeList, RevocationReason};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::objects::{
    CertificateRequest, KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, PrivateKey,
};
use kmip_codec::operations::{Call as _, Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;
use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

/// Sends a batch as the holder of a certificate, over this connection.
fn batch(wire: &mut Wire, requests: Vec<Request>) -> Vec<ResponseItem> {
    let message = RequestMessage::new(V2_1, requests.into_iter().map(Into::into).collect());
    ResponseMessage::from_bytes(&wire.exchange(&message.to_bytes()).unwrap()).unwrap().items
}

fn pem(label: &str, der: &[u8]) -> String {
    use base64ct::{Base64, Encoding as _};
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", Base64::encode_string(der))
}

/// The certificate of an answer to Get, PEM.
fn certificate_of(answer: GetResponse) -> String {
    let ManagedObject::Certificate(certificate) = answer.object else { panic!("{:?}", answer.object) };
    pem("CERTIFICATE", &certificate.value)
}

const REFUSED: ResultReason = ResultReason::AuthenticationNotSuccessful;

#[test]
fn a_request_is_signed_and_the_new_certificate_takes_over() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let old = wire::ca(&dev).client("one", 1).unwrap();
    let other = wire::ca(&dev).client("one", 1).unwrap();
    let mut open = wire::connect_with(&dev, Some(&old));
    let key = ask(&mut open, create()).unwrap().unique_identifier;
    let (request, new_key) = requested("one");
    let id = ask(&mut open, request).unwrap().unique_identifier.unwrap();
    assert_eq!(ask(&mut open, get(&key)).unwrap_err(), ResultReason::ObjectNotFound, "the open connection");
    assert_eq!(ask_as(&dev, &old, create()).unwrap_err(), ResultReason::PermissionDenied, "a new connection");
    let certificate = certificate_of(ask_as(&dev, &old, get(&id)).unwrap());
    let new = Pair { certificate, key: new_key };
    assert!(ask_as(&dev, &new, get(&key)).is_ok(), "the objects of the client");
    assert_eq!(ask(&mut open, get(&id)).unwrap_err(), REFUSED, "the new one was used");
    assert_eq!(ask_as(&dev, &old, get(&id)).unwrap_err(), REFUSED);
    assert_eq!(ask_as(&dev, &old, ReProvisionRequest::default()).unwrap_err(), REFUSED);
    assert!(ask_as(&dev, &other, get(&key)).is_ok(), "another certificate of the client");
    // The certificate of before is revoked where it is a managed object, and that counts.
    let (request, newest_key) = requested("one");
    let newest_id = ask_as(&dev, &new, request).unwrap().unique_identifier.unwrap();
    let certificate = certificate_of(ask_as(&dev, &new, get(&newest_id)).unwrap());
    let newest = Pair { certificate, key: newest_key };
    let state = GetAttributesRequest { unique_identifier: Some(id), ..Default::default() };
    let attributes = ask_as(&dev, &newest, state).unwrap().attributes.unwrap();
    assert_eq!(kmip_codec::attribute!(attributes.0, State).next(), Some(&State::Deactivated));
    let listed = told(dev.keystead("admin", &["client", "list"]));
    assert!(listed.matches("replaced by Re-Provision").count() == 2, "{listed}");
}

/// The certificate and the key that the server has made, by the old certificate.
fn fetched(dev: &Dev, old: &Pair, private: &UniqueIdentifier) -> Pair {
    let attributes = GetAttributesRequest { unique_identifier: Some(private.clone()), ..Default::default() };
    let attributes = ask_as(dev, old, attributes).unwrap().attributes.unwrap();
    let mut links = kmip_codec::attribute!(attributes.0, Link);
    let certificate = &links.find(|link| link.kind == LinkType::CertificateLink).unwrap().linked;
    let certificate = certificate_of(ask_as(dev, old, get(certificate)).unwrap());
    let loadable = GetRequest { key_format_type: Some(KeyFormatType::PKCS_8), ..get(private) };
    let ManagedObject::PrivateKey(key) = ask_as(dev, old, loadable).unwrap().object else { panic!() };
    let Some(KeyValue::Plain(plain)) = key.key_block.key_value else { panic!() };
    let KeyMaterial::Bytes(pkcs8) = plain.key_material else { panic!() };
    Pair { certificate, key: pem("PRIVATE KEY", pkcs8.expose()) }
}

fn registered(pkcs8: &[u8]) -> RegisterRequest {
    let key_material = KeyMaterial::Bytes(pkcs8.into());
    let key_block = KeyBlock {
        key_format_type: KeyFormatType::PKCS_8,
        key_value: Some(KeyValue::Plain(PlainKeyValue { key_material, attributes: None })),
        ..KeyBlock::default()
    };
    RegisterRequest {
        object_type: ObjectType::PrivateKey,
        attributes: [Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign)].into(),
        object: ManagedObject::PrivateKey(PrivateKey { key_block }),
        ..RegisterRequest::default()
    }
}

/// A hand-over between Re-Provision and the fetch: the heir gets what else the client owns, and the client its certificate.
#[test]
fn what_was_made_to_log_in_with_is_not_handed_over() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let [old, heir] = ["one", "two"].map(|name| wire::ca(&dev).client(name, 1).unwrap());
    let key = ask_as(&dev, &old, create()).unwrap().unique_identifier;
    ask_as(&dev, &heir, create()).unwrap();
    let private = ask_as(&dev, &old, ReProvisionRequest::default()).unwrap().unique_identifier.unwrap();
    // The key of another certificate of the client, which comes with it, is kept here too.
    let other = wire::ca(&dev).client("one", 1).unwrap();
    let own = rcgen::KeyPair::from_pem(&other.key).unwrap().serialize_der();
    let copy = ask_as(&dev, &other, registered(&own)).unwrap().unique_identifier;
    let handed = told(dev.keystead("admin", &["client", "hand-over", "one", "two", "--yes"]));
    assert!(handed.contains("1 key or other object handed over"), "{handed}");
    assert_eq!(handed.matches("\"one\" logs in with it").count(), 4, "{handed}");
    assert_eq!(ask_as(&dev, &heir, get(&copy)).unwrap_err(), ResultReason::ObjectNotFound);
    assert!(ask_as(&dev, &heir, get(&key)).is_ok());
    let lost = |who: &Pair, id: &UniqueIdentifier| ask_as(&dev, who, get(id)).unwrap_err();
    assert_eq!(lost(&heir, &private), ResultReason::ObjectNotFound);
    let new = fetched(&dev, &old, &private);
    assert_eq!(lost(&new, &key), ResultReason::ObjectNotFound, "handed over");
    assert!(ask_as(&dev, &new, create()).is_ok());
    assert!(dev.keystead("admin", &["client", "hand-over", "one", "two", "--yes"]).status.success());
}

#[test]
fn the_server_makes_the_key_and_the_old_certificate_fetches_it() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let old = wire::ca(&dev).client("one", 1).unwrap();
    let private = ask_as(&dev, &old, ReProvisionRequest::default()).unwrap().unique_identifier.unwrap();
    let new = fetched(&dev, &old, &private);
    assert_eq!(ask_as(&dev, &old, create()).unwrap_err(), ResultReason::PermissionDenied);
    assert!(ask_as(&dev, &new, create()).is_ok());
    assert_eq!(ask_as(&dev, &old, get(&private)).unwrap_err(), REFUSED, "once the new one was used");
    // Who has the placeholder has all in one message.
    let requests = vec![ReProvisionRequest::default().into_request(), GetRequest::default().into_request()];
    let items = batch(&mut wire::connect_with(&dev, Some(&new)), requests);
    assert!(
        matches!(&items[1].response, Some(Response::Get(got)) if got.object_type == ObjectType::PrivateKey)
    );
}

#[test]
fn a_certificate_is_taken_that_tls_takes_and_that_names_the_client() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let ca = wire::ca(&dev);
    let old = ca.client("one", 1).unwrap();
    let mut open = wire::connect_with(&dev, Some(&old));
    let foreign = pki::make_ca("another CA", Curve::P256).unwrap();
    let foreign = Ca::from_pem(&foreign.certificate, &foreign.key).unwrap().client("one", 1).unwrap();
    for wrong in [ca.client("two", 1).unwrap(), foreign, ca.client("one", -1).unwrap()] {
        assert_eq!(ask(&mut open, brought(&wrong)).unwrap_err(), ResultReason::PermissionDenied);
    }
    assert_eq!(ask(&mut open, brought(&old)).unwrap_err(), ResultReason::InvalidField, "the same again");
    assert_eq!(ask(&mut open, requested("two").0).unwrap_err(), ResultReason::PermissionDenied);
    let both = ReProvisionRequest { certificate: brought(&old).certificate, ..requested("one").0 };
    assert_eq!(ask(&mut open, both).unwrap_err(), ResultReason::InvalidField);
    assert!(ask(&mut open, create()).is_ok(), "nothing has changed");
    let new = ca.client("one", 1).unwrap();
    assert!(ask(&mut open, brought(&new)).is_ok());
    assert_eq!(ask(&mut open, create()).unwrap_err(), REFUSED);
    assert!(ask_as(&dev, &new, create()).is_ok());
}

#[test]
fn who_was_revoked_gets_no_other_certificate() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let ca = wire::ca(&dev);
    // By itself: a managed certificate, revoked as compromised.
    let old = ca.client("one", 1).unwrap();
    let new = ca.client("one", 1).unwrap();
    let id = ask_as(&dev, &old, brought(&new)).unwrap().unique_identifier;
    let code = RevocationReasonCode::KeyCompromise;
    let revocation_reason = RevocationReason { code, ..RevocationReason::default() };
    let revoke = RevokeRequest { unique_identifier: id, revocation_reason, compromise_occurrence_date: None };
    let mut open = wire::connect_with(&dev, Some(&new));
    ask(&mut open, revoke).unwrap();
    assert_eq!(ask(&mut open, ReProvisionRequest::default()).unwrap_err(), REFUSED);
    assert_eq!(ask_as(&dev, &new, create()).unwrap_err(), REFUSED);
    // By an administrator, by name and by fingerprint.
    told(dev.keystead("admin", &["client", "add", "two", "--out", dev.folder.to_str().unwrap()]));
    let read = |file: &str| std::fs::read_to_string(dev.folder.join(file)).unwrap();
    let two = Pair { certificate: read("two.pem"), key: read("two.key") };
    let mut open = wire::connect_with(&dev, Some(&two));
    ask(&mut open, create()).unwrap();
    assert!(!dev.keystead("client", &["client", "revoke", "two"]).status.success(), "no administrator");
    told(dev.keystead("admin", &["client", "revoke", "two"]));
    assert_eq!(ask(&mut open, create()).unwrap_err(), REFUSED, "the open connection");
    assert_eq!(ask_as(&dev, &two, ReProvisionRequest::default()).unwrap_err(), REFUSED);
    let unknown = ["nobody", "sha256:12ab", &format!("sha256:{}", "AB".repeat(32))];
    for wrong in unknown {
        let output = dev.keystead("admin", &["client", "revoke", wrong]);
        assert_eq!(output.status.code(), Some(4), "{wrong}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("sha256:"), "{output:?}");
    }
    // A certificate that has never come is known to nobody here. Once it has come, it is; and it can be barred before that.
    let [three, four] = ["three", "four"].map(|name| ca.client(name, 1).unwrap());
    let plain = dev.keystead("admin", &["client", "revoke", &fingerprint(&three)]);
    assert_eq!(plain.status.code(), Some(4), "{plain:?}");
    assert!(String::from_utf8_lossy(&plain.stderr).contains("--unknown bars the certificate"), "{plain:?}");
    assert!(ask_as(&dev, &three, create()).is_ok(), "nothing was revoked");
    told(dev.keystead("admin", &["client", "revoke", &fingerprint(&three)]));
    assert_eq!(ask_as(&dev, &three, create()).unwrap_err(), REFUSED);
    told(dev.keystead("admin", &["client", "revoke", "--unknown", &fingerprint(&four)]));
    assert_eq!(ask_as(&dev, &four, create()).unwrap_err(), REFUSED);
    // A ticket is worth no more than the certificate that it was had with.
    let giver = ca.client("giver", 1).unwrap();
    let ticket = ask_as(&dev, &giver, LoginRequest::default()).unwrap().ticket;
    let other = ca.client("giver", 1).unwrap();
    let mut message = showing(&ticket, create().into_request());
    let as_giver = |message: &RequestMessage| {
        let answer = wire::connect_with(&dev, Some(&other)).exchange(&message.to_bytes()).unwrap();
        ResponseMessage::from_bytes(&answer).unwrap().items.remove(0).result_status
    };
    assert_eq!(as_giver(&message), ResultStatus::Success);
    message.items[0].request = ReProvisionRequest::default().into_request();
    assert_eq!(as_giver(&message), ResultStatus::OperationFailed, "not by a ticket");
    message.items[0].request = create().into_request();
    ask_as(&dev, &giver, brought(&ca.client("giver", 1).unwrap())).unwrap();
    assert_eq!(as_giver(&message), ResultStatus::OperationFailed);
}

/// Where a private key could not leave, none is made in the place of the one that the client has: it would be locked out. One of
/// its own replaces it as ever.
#[test]
fn nobody_gets_a_key_that_cannot_be_had() {
    let folder = tempfile::tempdir().unwrap();
    let withheld = &[("[objects]", "[objects]\nwithheld = [\"EC\"]")];
    for (place, changes, defaults) in [
        ("withheld", withheld.as_slice(), None),
        ("sensitive", &[], Some(Attribute::Sensitive(true))),
        ("not-extractable", &[], Some(Attribute::Extractable(false))),
        ("extractable", &[], Some(Attribute::Extractable(true))),
        ("plain", &[], None),
    ] {
        let dev = Dev::configured(&folder.path().join(place), changes);
        let ca = wire::ca(&dev);
        let set = defaults.map(|attribute| SetDefaultsRequest {
            defaults_information: Some(DefaultsInformation {
                defaults: vec![ObjectDefaults {
                    object_type: Some(ObjectType::PrivateKey),
                    attributes: AttributeList([attribute].into()),
                    ..ObjectDefaults::default()
                }],
            }),
        });
        if let Some(set) = set {
            ask_as(&dev, &pair_of(&dev, "admin"), set).unwrap();
        }
        let mut old = ca.client("one", 1).unwrap();
        let is_good = matches!(place, "extractable" | "plain");
        let asked = ask_as(&dev, &old, ReProvisionRequest::default());
        assert_eq!(asked.is_ok(), is_good, "{place}: {asked:?}");
        if let Ok(answer) = asked {
            let get = GetRequest { unique_identifier: answer.unique_identifier, ..GetRequest::default() };
            assert!(ask_as(&dev, &old, get).is_ok(), "{place}: it can be had");
            continue;
        }
        // It is the client still, and replaces its certificate by its own means.
        assert!(ask_as(&dev, &old, create()).is_ok(), "{place}: the old one has not ended");
        let new = ca.client("one", 1).unwrap();
        ask_as(&dev, &old, brought(&new)).unwrap();
        old = new;
        assert!(ask_as(&dev, &old, create()).is_ok(), "{place}");
    }
}

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
