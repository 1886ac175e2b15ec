//! Revocation lists: whom one revokes is out on every way in, and so is everybody of a CA whose list is too old, until the
//! next one is there.

use super::dates::{HOUR, Lab, MINUTE, WIDE, below, client, crossed, root};
use super::ways::Ways;
use super::*;
use crate::support::wire;
use rcgen::{CertificateRevocationListParams, Issuer, KeyIdMethod, KeyPair, RevokedCertParams, SerialNumber};
use std::fs;
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// A list that was made and is due so many seconds from now, with these certificates.
fn list(issuer: &Issuer<'static, KeyPair>, (made, due): (i64, i64), revoked: &[&Pair]) -> String {
    let at = |seconds: i64| OffsetDateTime::now_utc() + Duration::seconds(seconds);
    let serial = |pair: &&Pair| {
        let der = der(pair);
        let (_, read) = X509Certificate::from_der(&der).unwrap();
        SerialNumber::from_slice(read.raw_serial())
    };
    let entry = |pair| RevokedCertParams {
        serial_number: serial(pair),
        revocation_time: at(made),
        reason_code: None,
        invalidity_date: None,
    };
    let list = CertificateRevocationListParams {
        this_update: at(made),
        next_update: at(due),
        crl_number: SerialNumber::from(1),
        issuing_distribution_point: None,
        revoked_certs: revoked.iter().map(entry).collect(),
        key_identifier_method: KeyIdMethod::Sha256,
    };
    list.signed_by(issuer).unwrap().pem().unwrap()
}

/// The words of the configuration that name the list, with this grace.
pub fn listed(grace: i64) -> String {
    format!("crl = [\"crl.pem\"]\ncrl_grace_seconds = {grace}\nca_key = ")
}

impl Lab {
    pub fn put_list(&self, list: impl AsRef<[u8]>) {
        fs::write(self.dev.folder.join("crl.pem"), list).unwrap();
        self.reload();
    }
}

#[test]
fn a_list_that_is_too_old_lets_in_nobody_of_its_ca() {
    let ((listing, listing_pem), (plain, plain_pem)) = (root("listing", WIDE), root("plain", WIDE));
    let one = client(&listing, "one", WIDE, "");
    let (same, spared) = (client(&plain, "one", WIDE, ""), client(&plain, "spared", WIDE, ""));
    let fresh = list(&listing, (-HOUR, 10 * MINUTE), &[]);
    for grace in [0, 20 * MINUTE] {
        let words = listed(grace);
        let changes = [("ca_key = ", words.as_str())];
        let Some(lab) = Lab::new(&[&listing_pem, &plain_pem], &changes, &[("crl.pem", &fresh)]) else {
            return;
        };
        let mut ways = Ways::new(&lab.dev, &one);
        lab.clock.set(9 * MINUTE + grace);
        ways.are_open(&lab.dev, &one, &same, "before its end");
        lab.clock.set(11 * MINUTE + grace);
        ways.are_shut(&lab.dev, &one, &same, "after its end");
        assert!(ways.told().contains("is too old"), "{}", ways.told());
        lab.turned_away(&one, "RevocationListOverdue", &["is too old", "the next one was due on"]);
        assert!(lab.is_served(&spared), "others");
        lab.clock.set(0);
        ways.are_open(&lab.dev, &one, &same, "the clock was wrong");
        lab.clock.set(11 * MINUTE + grace);
        // The new one heals it, beside the old one too.
        let newer = list(&listing, (11 * MINUTE, 60 * HOUR), &[]);
        lab.put_list(format!("{fresh}{newer}"));
        ways.are_open(&lab.dev, &one, &same, "by the new list");
    }
}

#[test]
fn whom_a_list_revokes_is_out_on_every_way_in() {
    let ((listing, listing_pem), (plain, plain_pem)) = (root("listing", WIDE), root("plain", WIDE));
    let (one, two) = (client(&listing, "one", WIDE, ""), client(&listing, "two", WIDE, ""));
    let same = client(&plain, "one", WIDE, "");
    let empty = list(&listing, (-HOUR, 10 * MINUTE), &[]);
    let words = listed(0);
    let changes = [("ca_key = ", words.as_str())];
    let Some(lab) = Lab::new(&[&listing_pem, &plain_pem], &changes, &[("crl.pem", &empty)]) else { return };
    let mut ways = Ways::new(&lab.dev, &one);
    let revoking = list(&listing, (-MINUTE, 60 * HOUR), &[&one]);
    // The old list before the new one: the newer counts, wherever it stands.
    for text in [format!("{empty}{revoking}"), format!("{revoking}{empty}")] {
        lab.put_list(&text);
        ways.are_shut(&lab.dev, &one, &same, "revoked by a list");
        assert!(ways.told().contains("is revoked"), "{}", ways.told());
        lab.turned_away(&one, "CertificateRevoked", &["is revoked"]);
        assert!(lab.is_served(&two), "others of the CA");
        lab.put_list(&empty);
        ways.are_open(&lab.dev, &one, &same, "the control");
    }
    // An older one is taken, as a CA may have been put back from a copy, and told.
    lab.put_list(&revoking);
    let before = lab.log().len();
    lab.put_list(&empty);
    assert!(lab.log()[before..].contains("is older than the one before"), "{}", lab.log());
    // Revoked is said where both are true.
    let both = list(&listing, (-MINUTE, 10 * MINUTE), &[&one]);
    lab.put_list(&both);
    lab.clock.set(11 * MINUTE);
    lab.turned_away(&one, "CertificateRevoked", &["is revoked"]);
    lab.turned_away(&two, "RevocationListOverdue", &["is too old"]);
    lab.clock.set(0);
}

/// A CA that two others have signed: one path ends with the list of its CA, by revocation or by age, and the other stays: by that
/// one the client comes in, and what it asks for later is judged by it.
#[test]
fn of_two_paths_the_good_one_counts() {
    let ((left, left_pem), (right, right_pem)) = (root("left", WIDE), root("right", WIDE));
    let (between, by_left) = below(&left, "between", WIDE);
    let by_right = crossed(&between, &right, "between");
    let empty = list(&left, (-HOUR, 60 * HOUR), &[]);
    let words = listed(0);
    let changes = [("ca_key = ", words.as_str())];
    let Some(lab) = Lab::new(&[&left_pem, &right_pem], &changes, &[("crl.pem", &empty)]) else { return };
    let crossing = client(&between, "crossing", WIDE, &format!("{by_left}{by_right}"));
    let left_alone =
        Pair { certificate: crossing.certificate.replace(&by_right, ""), key: crossing.key.clone() };
    let same = wire::ca(&lab.dev).client("crossing", 1).unwrap();
    let revoked = Pair { certificate: by_left, key: String::new() };
    for (text, reason) in [
        (list(&left, (-MINUTE, 60 * HOUR), &[&revoked]), "CertificateRevoked"),
        (list(&left, (-HOUR, -MINUTE), &[]), "RevocationListOverdue"),
    ] {
        lab.put_list(&text);
        lab.turned_away(&left_alone, reason, &[]);
        assert!(lab.is_served(&crossing), "{reason}");
        Ways::new(&lab.dev, &crossing).are_open(&lab.dev, &crossing, &same, reason);
        lab.put_list(&empty);
        assert!(lab.is_served(&left_alone), "the control");
    }
}

/// What a client was given ends with its CA, though the certificate has not.
#[test]
fn a_ca_that_is_taken_away_takes_its_clients_along() {
    let ((going, going_pem), (plain, plain_pem)) = (root("going", WIDE), root("plain", WIDE));
    let (one, same) = (client(&going, "one", WIDE, ""), client(&plain, "one", WIDE, ""));
    let Some(lab) = Lab::new(&[&going_pem, &plain_pem], &[], &[]) else { return };
    let mut ways = Ways::new(&lab.dev, &one);
    let file = lab.dev.folder.join("ca.pem");
    let both = fs::read_to_string(&file).unwrap();
    fs::write(&file, both.replace(&going_pem, "")).unwrap();
    lab.reload();
    ways.are_shut(&lab.dev, &one, &same, "without its CA");
    lab.turned_away(&one, "OtherCa", &["CN=going"]);
    fs::write(&file, both).unwrap();
    lab.reload();
    ways.are_open(&lab.dev, &one, &same, "with it again");
}
