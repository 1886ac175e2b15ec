//! A certificate that is not good any more is refused from the next message on, whichever way it comes in.

use super::ways::Ways;
use super::*;
use crate::support::dev::{Dev, told};
use crate::support::wire::{self, Wire};
use keystead::pki::{self, Ca, Curve};
use kmip_codec::wire::Encoding;
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// How long asynchronous requests wait in these tests: certificates end before.
const DELAY: &str = "level = \"info\"\n\n[asynchronous]\ndelay_milliseconds = 4000";

fn server(folder: &std::path::Path) -> Dev {
    Dev::configured(&folder.join("server"), &[("level = \"info\"", DELAY)])
}

/// How many objects a client sees, by a certificate that is good.
fn count(dev: &Dev, pair: &Pair) -> usize {
    ask_as(dev, pair, LocateRequest::default()).unwrap().unique_identifiers.len()
}

/// A certificate that ends in so many seconds.
fn ending(ca: &Ca, name: &str, seconds: i64) -> Pair {
    let (request, key) = pki::request(name, Curve::P256).unwrap();
    let spki = spki_of(&request);
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
    let der = ca.certify(&spki, name, now + seconds).unwrap();
    let base64 = <base64ct::Base64 as base64ct::Encoding>::encode_string(&der);
    Pair { certificate: format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n"), key }
}

fn spki_of(request: &str) -> Vec<u8> {
    use x509_cert::der::{DecodePem as _, Encode as _};
    let request = x509_cert::request::CertReq::from_pem(request).unwrap();
    request.info.public_key.to_der().unwrap()
}

#[test]
fn what_has_expired() {
    let folder = tempfile::tempdir().unwrap();
    let dev = server(folder.path());
    let (ca, began) = (wire::ca(&dev), Instant::now());
    let (pair, other) = (ending(&ca, "one", 3), ca.client("one", 1).unwrap());
    let mut ways = Ways::new(&dev, &pair);
    let before = count(&dev, &other);
    sleep(Duration::from_millis(4200).saturating_sub(began.elapsed()));
    ways.are_shut(&dev, &pair, &other, "expired");
    let written = before + 1;
    sleep(Duration::from_millis(2500));
    assert_eq!(count(&dev, &other), written, "what was accepted was done after the end of the certificate");
    let poll = PollRequest { asynchronous_correlation_value: ways.waiting.clone() };
    assert_eq!(ask_as(&dev, &other, poll).unwrap_err(), ResultReason::AuthenticationNotSuccessful);
}

/// Ends a client in each way; every certificate that the row names is out, those that it spares are in.
#[test]
fn what_was_revoked() {
    let folder = tempfile::tempdir().unwrap();
    let dev = server(folder.path());
    let foreign = pki::make_ca("another CA", Curve::P256).unwrap();
    let file = dev.folder.join("ca.pem");
    let own = std::fs::read_to_string(&file).unwrap();
    drop(dev);
    std::fs::write(&file, format!("{own}{}", foreign.certificate)).unwrap();
    let dev = Dev::start_quietly(&folder.path().join("server"));
    let ca = Ca::from_pem(&own, &std::fs::read_to_string(dev.folder.join("ca.key")).unwrap()).unwrap();
    let foreign = Ca::from_pem(&foreign.certificate, &foreign.key).unwrap();
    let out = dev.folder.to_str().unwrap().to_owned();
    told(dev.keystead("admin", &["client", "add", "issued", "--out", &out]));
    let other = ca.client("other", 1).unwrap();
    let single = ca.client("single", 1).unwrap();
    let rows = [
        ("issued here, by name", "issued".to_owned(), pair_of(&dev, "issued"), None),
        ("dev's first one, by name", "client".to_owned(), pair_of(&dev, "client"), None),
        ("of another CA, by name", "foreign".to_owned(), foreign.client("foreign", 1).unwrap(), None),
        ("by fingerprint", fingerprint(&single), single, Some(ca.client("single", 1).unwrap())),
    ];
    for (what, whom, pair, spared) in rows {
        let mut ways = Ways::new(&dev, &pair);
        let said = told(dev.keystead("admin", &["client", "revoke", &whom]));
        assert!(said.contains(if spared.is_some() { "alone" } else { "every certificate" }), "{said}");
        ways.are_shut(&dev, &pair, &other, what);
        let ready = wire_ready(&dev, &pair, folder.path());
        assert!(!ready.status.success() && !words(&ready).contains("ready:"), "{what}: {}", words(&ready));
        // Another certificate of the name, of whichever CA, is out with it or spared with it.
        if let Some(another) = spared {
            assert!(ask_as(&dev, &another, create()).is_ok(), "{what}: spared");
            assert!(ask_as(&dev, &another, brought(&pair)).is_err(), "{what}: brought back");
            assert!(ask_as(&dev, &another, create()).is_ok(), "{what}: and nothing has changed");
        }
        if !whom.starts_with("sha256:") {
            for fresh in [ca.client(&whom, 1).unwrap(), foreign.client(&whom, 1).unwrap()] {
                assert_eq!(
                    ask_as(&dev, &fresh, create()).unwrap_err(),
                    ResultReason::AuthenticationNotSuccessful,
                    "{what}: a new certificate of the name"
                );
            }
        }
        // Again it is as it was.
        told(dev.keystead("admin", &["client", "revoke", &whom]));
        assert!(ask_as(&dev, &pair, create()).is_err(), "{what}");
    }
    sleep(Duration::from_millis(4500));
    reinstated(&dev, &ca, &out);
}

/// A name that was revoked comes back for a new certificate alone; and nothing that was accepted before was done.
fn reinstated(dev: &Dev, ca: &Ca, out: &str) {
    let refused = dev.keystead("admin", &["client", "add", "issued", "--out", &format!("{out}/store")]);
    assert!(!refused.status.success() && words(&refused).contains("--replace"), "{}", words(&refused));
    let again = dev.folder.join("again");
    std::fs::create_dir(&again).unwrap();
    let again = again.to_str().unwrap();
    told(dev.keystead("admin", &["client", "add", "issued", "--replace", "--out", again]));
    let old = pair_of(dev, "issued");
    let new = pair_of(dev, "again/issued");
    assert!(ask_as(dev, &old, create()).is_err(), "the certificate of before");
    assert!(ask_as(dev, &ca.client("issued", 1).unwrap(), create()).is_err(), "another one of the name");
    // Six were made before the revocation: over TTLV, HTTPS and two sessions, twice each; the seventh waited.
    assert_eq!(count(dev, &new), 5, "what was accepted was done after the revocation");
    assert!(ask_as(dev, &new, create()).is_ok());
    // Its own successor is good as well, and the next revocation ends that.
    let (request, key) = requested("issued");
    let id = ask_as(dev, &new, request).unwrap().unique_identifier.unwrap();
    let got = ask_as(dev, &new, get(&id)).unwrap();
    let kmip_codec::objects::ManagedObject::Certificate(certificate) = got.object else { panic!() };
    let base64 = <base64ct::Base64 as base64ct::Encoding>::encode_string(&certificate.value);
    let certificate = format!("-----BEGIN CERTIFICATE-----\n{base64}\n-----END CERTIFICATE-----\n");
    let renewed = Pair { certificate, key };
    assert!(ask_as(dev, &renewed, create()).is_ok());
    told(dev.keystead("admin", &["client", "revoke", "issued"]));
    assert!(ask_as(dev, &renewed, create()).is_err());
}

fn wire_ready(dev: &Dev, pair: &Pair, folder: &std::path::Path) -> std::process::Output {
    let (certificate, key) = (folder.join("asking.pem"), folder.join("asking.key"));
    std::fs::write(&certificate, &pair.certificate).unwrap();
    std::fs::write(&key, &pair.key).unwrap();
    let [certificate, key] = [certificate, key].map(|path| path.display().to_string());
    dev.keystead("admin", &["ready", "--cert", &certificate, "--key", &key])
}

/// A client cannot make its own certificate longer; where the operator says how long they are, they are that long.
#[test]
fn a_client_does_not_lengthen_its_own_certificate() {
    for (days, configured) in [(1, None), (30, Some(30))] {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("server");
        let dev = match configured {
            None => Dev::start_quietly(&dir),
            Some(days) => {
                let words = format!("client_days = {days}\nca_key = ");
                Dev::configured(&dir, &[("ca_key = ", &words)])
            }
        };
        let out = dev.folder.to_str().unwrap();
        told(dev.keystead("admin", &["client", "add", "guest", "--days", "1", "--out", out]));
        let guest = pair_of(&dev, "guest");
        let ends = |der: &[u8]| keystead::authenticate::ends(der).unwrap();
        for request in [requested("guest").0, ReProvisionRequest::default()] {
            let pair = pair_of(&dev, "guest");
            let id = ask_as(&dev, &pair, request.clone());
            let Ok(made) = id else { continue };
            let mut wire = wire::connect_with(&dev, Some(&pair));
            let id = certificate_behind(&mut wire, &made.unique_identifier.unwrap());
            let got = ask(&mut wire, get(&id)).unwrap();
            let kmip_codec::objects::ManagedObject::Certificate(certificate) = got.object else { panic!() };
            let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs().cast_signed();
            assert!(ends(&certificate.value) <= now + days * 86_400 + 60);
            if configured.is_none() {
                assert!(ends(&certificate.value) <= ends(&der(&guest)), "never longer than what it replaces");
            } else {
                assert!(ends(&certificate.value) > now + 29 * 86_400, "as the configuration says");
            }
        }
    }
}

/// The certificate itself, or that of the private key that was made with it.
fn certificate_behind(wire: &mut Wire, id: &UniqueIdentifier) -> UniqueIdentifier {
    let all = GetAttributesRequest { unique_identifier: Some(id.clone()), ..Default::default() };
    let attributes = ask(wire, all).unwrap().attributes.unwrap();
    let mut links = kmip_codec::attribute!(attributes.0, Link);
    let linked = links.find(|link| link.kind == LinkType::CertificateLink).map(|link| link.linked.clone());
    linked.unwrap_or_else(|| id.clone())
}

/// A connection has an end, and a client that keeps asking is told so between two messages.
#[test]
fn a_connection_is_not_for_ever() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(&folder.path().join("server"), &[("", "[limits]\nconnection_seconds = 2\n")]);
    let pair = wire::ca(&dev).client("one", 1).unwrap();
    let mut ttlv = wire::connect_with(&dev, Some(&pair));
    let mut https = wire::connect_to(&dev, &dev.https, Some(&pair));
    assert!(ask(&mut ttlv, create()).is_ok());
    assert!(https.post(Encoding::Json, &message(create().into_request())).is_ok());
    sleep(Duration::from_millis(2500));
    assert_eq!(end(exchange(&mut ttlv, &message(create().into_request()))), Ended::Closed);
    assert!(https.post(Encoding::Json, &message(create().into_request())).is_err());
    assert!(ask_as(&dev, &pair, create()).is_ok(), "it comes back");
}

/// A thousand connections of one client: two seconds after its end none of them gets anything.
#[test]
fn a_thousand_live_connections_end_with_their_client() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(&folder.path().join("server"));
    let ca = wire::ca(&dev);
    let (pair, other) = (ca.client("many", 1).unwrap(), ca.client("other", 1).unwrap());
    let id = ask_as(&dev, &pair, create()).unwrap().unique_identifier;
    let config = wire::settings(&dev, Some(&pair), rustls::DEFAULT_VERSIONS);
    let mut open: Vec<Wire> = (0..1000)
        .map(|_| {
            let mut wire = wire::connect_using(&dev.address, Arc::clone(&config));
            assert!(ask(&mut wire, get(&id)).is_ok());
            wire
        })
        .collect();
    told(dev.keystead("admin", &["client", "revoke", "many"]));
    let revoked = Instant::now();
    sleep(Duration::from_secs(2).saturating_sub(revoked.elapsed()));
    let ended = open.iter_mut().map(|wire| end(exchange(wire, &message(get(&id).into_request()))));
    let served = ended.filter(|ended| !ended.is_out()).count();
    assert_eq!(served, 0, "connections that are served after the end of their client");
    assert!(ask_as(&dev, &other, create()).is_ok());
}
