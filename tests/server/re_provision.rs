//! Re-Provision (KMIP 2.1, 6.1.48) on a real server: a client gets itself another certificate in each of the three ways,
//! the one that it had is not good any more, and who was revoked gets none.

mod requests;

use crate::support::dev::{Dev, told};
use crate::support::typed::*;
use crate::support::wire::{self, Wire};
use keystead::pki::{self, Ca, Curve, Pair};
use kmip_codec::attributes::{Attribute, AttributeList, RevocationReason};
use kmip_codec::enums::*;
use kmip_codec::message::{RequestMessage, ResponseItem, ResponseMessage};
use kmip_codec::objects::{KeyBlock, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue, PrivateKey};
use kmip_codec::operations::{Call as _, Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::UniqueIdentifier;
use kmip_codec::version::V2_1;

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
