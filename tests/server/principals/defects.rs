//! What is wrong with a revocation list is told when it is read: the server does not start with it, and at SIGHUP it is left out,
//! and the list before goes on. A list that is right revokes, however it is written.

use super::dates::{Authority, HOUR, Lab, WIDE, below, client, root};
use super::forms::{Form, SHA384, common_name, entry, extension, pem, serial, tlv};
use super::lists::listed;
use super::ways::Ways;
use super::*;
use crate::support::dev::Dev;
use crate::support::wire;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair};
use std::fs;
use std::path::Path;
use std::process::Command;

/// CAs and clients.
struct World {
    ca: Authority,
    ca_pem: String,
    /// Another CA of the same name, which is not trusted.
    namesake: Authority,
    /// Stands on the list that is in force.
    one: Pair,
    two: Pair,
}

impl World {
    fn new() -> Self {
        let (ca, ca_pem) = root("Listing CA", WIDE);
        let (one, two) = (client(&ca, "one", WIDE, ""), client(&ca, "two", WIDE, ""));
        let (namesake, _) = root("Listing CA", WIDE);
        Self { ca, ca_pem, namesake, one, two }
    }

    fn form(&self) -> Form {
        Form::of("Listing CA", &[&self.one])
    }

    fn changed(&self, change: impl FnOnce(&mut Form)) -> Vec<u8> {
        self.form().with(change).signed(&self.ca)
    }

    /// A list with this issuing distribution point.
    fn pointing(&self, point: &[u8]) -> Vec<u8> {
        self.changed(|form| form.extensions.push(extension(28, true, &tlv(0x30, &[point]))))
    }

    fn honest(&self) -> Vec<u8> {
        self.form().signed(&self.ca)
    }

    /// Every client of the CA but this one would be let in by these lists, were they taken.
    fn defects(&self) -> Vec<(&'static str, Vec<u8>, &'static str)> {
        let mut broken = self.honest();
        *broken.last_mut().unwrap() ^= 1;
        let critical = extension(99, true, &[5, 0]);
        let issuer_of_entry = extension(29, true, &tlv(0x30, &[&tlv(0xa4, &[&common_name(0x0c, b"x")])]));
        let with_entry = |more: &[u8]| self.changed(|form| form.entries.push(entry(&[7], more)));
        let half = self.honest();
        let half = &half[..half.len() / 2];
        let mut all = vec![
            ("empty", Vec::new(), "there is no certificate revocation list in it"),
            ("words", b"nothing".to_vec(), "there is no certificate revocation list in it"),
            (
                "certificate",
                self.ca_pem.clone().into_bytes(),
                "there is no certificate revocation list in it",
            ),
            ("certificate, DER", pem_to_der(&self.ca_pem), "it is a certificate, and no list"),
            ("half", half.to_vec(), "a part of it is missing"),
            ("half, PEM", pem(half).into_bytes(), "a part of it is missing"),
            ("more behind it", [self.honest(), vec![0]].concat(), "it cannot be read"),
            ("v1", self.changed(|form| form.version.clear()), "cannot be used"),
            ("no extensions", self.changed(|form| form.extensions.clear()), "it has no extensions"),
            ("no next one", self.changed(|form| form.due = None), "cannot be used"),
            ("dates turned round", self.changed(|form| form.due = Some(-HOUR)), "due before it was made"),
            (
                "two algorithms",
                self.changed(|form| form.algorithm = SHA384.to_vec()),
                "two different signature",
            ),
            ("critical", self.changed(|form| form.extensions.push(critical.clone())), "(2.5.29.99)"),
            ("critical in an entry", with_entry(&critical), "(2.5.29.99)"),
            (
                "delta",
                self.changed(|form| form.extensions.push(extension(27, true, &[2, 1, 1]))),
                "a delta list",
            ),
            ("indirect", self.pointing(&[0x84, 1, 0xff]), "an indirect list"),
            ("indirect in an entry", with_entry(&issuer_of_entry), "an indirect list"),
            ("some reasons", self.pointing(&[0x83, 2, 6, 0x40]), "onlySomeReasons"),
            ("attributes", self.pointing(&[0x85, 1, 0xff]), "attribute certificates"),
            ("users alone", self.pointing(&[0x81, 1, 0xff]), "onlyContainsUserCerts"),
            ("CAs alone", self.pointing(&[0x82, 1, 0xff]), "onlyContainsCACerts"),
            ("signature", broken, "it is not signed with the key of CN=Listing CA"),
            (
                "namesake",
                self.form().signed(&self.namesake),
                "it is not signed with the key of CN=Listing CA",
            ),
            ("other name", Form::of("Other CA", &[]).signed(&self.ca), "CN=Listing CA has signed it"),
        ];
        all.extend(self.beside_others());
        all
    }

    /// What is wrong with lists by what stands beside them.
    fn beside_others(&self) -> [(&'static str, Vec<u8>, &'static str); 2] {
        let two = format!("{}{}", pem(&self.honest()), self.form().pem(&self.namesake));
        [
            ("second of two", two.into_bytes(), "list 2 of the 2 in it cannot be used"),
            (
                "a CA of a client",
                self.of_a_client().into_bytes(),
                "nor with one that it has certified for lists",
            ),
        ]
    }

    /// A list of nothing by a CA of the right name, which a client has signed, with the certificates of both.
    fn of_a_client(&self) -> String {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "one");
        let of_client = Issuer::new(params, KeyPair::from_pem(&self.one.key).unwrap());
        let (namesake, above) = below(&of_client, "Listing CA", WIDE);
        [self.one.certificate.clone(), above, Form::of("Listing CA", &[]).pem(&namesake)].concat()
    }

    /// Lists that revoke `one`, each written in another way.
    fn honest_ways(&self) -> Vec<(&'static str, Vec<u8>)> {
        let (number, named) = (serial(&self.one), |tag, text: &[u8]| common_name(tag, text));
        let wide: Vec<u8> = "Listing CA".encode_utf16().flat_map(u16::to_be_bytes).collect();
        let address = b"http://ca.example/part.crl";
        let full_name = tlv(0xa0, &[&tlv(0xa0, &[&tlv(0x86, &[address])])]);
        let written = |bytes: Vec<u8>| self.changed(|form| form.entries = vec![entry(&bytes, &[])]);
        let twins = [self.form(), Form::of("Listing CA", &[])].map(|form| form.pem(&self.ca));
        let turned = format!("{}{}", twins[1], twins[0]);
        vec![
            ("DER", self.honest()),
            ("PEM", self.form().pem(&self.ca).into_bytes()),
            ("PrintableString", self.changed(|form| form.issuer = named(0x13, b"Listing CA"))),
            ("BMPString", self.changed(|form| form.issuer = named(0x1e, &wide))),
            ("another case", self.changed(|form| form.issuer = named(0x0c, b"LISTING ca"))),
            ("more spaces", self.changed(|form| form.issuer = named(0x13, b" Listing   CA "))),
            ("zeros before", written([&[0, 0][..], &number].concat())),
            (
                "an extension that nobody knows",
                self.changed(|form| form.extensions.push(extension(99, false, &[5, 0]))),
            ),
            (
                "hold",
                self.changed(|form| form.entries = vec![entry(&number, &extension(21, false, &[10, 1, 6]))]),
            ),
            ("an address", self.pointing(&full_name)),
            ("users at an address", self.pointing(&[&full_name[..], &[0x81, 1, 0xff]].concat())),
            ("made tomorrow", self.changed(|form| (form.made, form.due) = (24 * HOUR, Some(48 * HOUR)))),
            ("two of one second", twins.concat().into_bytes()),
            ("two of one second, turned round", turned.into_bytes()),
        ]
    }
}

fn pem_to_der(pem: &str) -> Vec<u8> {
    x509_parser::pem::parse_x509_pem(pem.as_bytes()).unwrap().1.contents
}

/// What the start of a server with this file as its list ends with, and what it says.
fn started(folder: &Path, list: &[u8]) -> (Option<i32>, String) {
    fs::write(folder.join("crl.pem"), list).unwrap();
    let program = env!("CARGO_BIN_EXE_keystead");
    let listen = ["--listen", "127.0.0.1:0", "--https", "127.0.0.1:0"];
    let mut command = Command::new("timeout");
    let output = command.args(["20", program, "dev", "--dir"]).arg(folder).args(listen).output().unwrap();
    (output.status.code(), words(&output))
}

#[test]
fn a_server_does_not_start_with_a_list_that_cannot_be_used() {
    let (world, folder) = (World::new(), tempfile::tempdir().unwrap());
    let place = folder.path().join("server");
    drop(Dev::start_quietly(&place));
    let own = fs::read_to_string(place.join("ca.pem")).unwrap();
    fs::write(place.join("ca.pem"), own + &world.ca_pem).unwrap();
    let file = place.join("keystead.toml");
    let config = fs::read_to_string(&file).unwrap().replace("ca_key = ", &listed(0));
    fs::write(&file, config).unwrap();
    for (what, list, words) in world.defects() {
        let (code, said) = started(&place, &list);
        assert_eq!(code, Some(10), "{what}: {said}");
        for word in [words, "tls.crl", "crl.pem"] {
            assert!(said.contains(word), "{what}: {word:?} is not in {said}");
        }
    }
    fs::write(place.join("crl.pem"), world.honest()).unwrap();
    drop(Dev::start_quietly(&place));
}

#[test]
fn a_list_that_cannot_be_used_is_left_out_while_the_server_runs() {
    let world = World::new();
    let words = listed(0);
    let changes = [("ca_key = ", words.as_str())];
    let honest = pem(&world.honest());
    let trusted = [world.ca_pem.as_str()];
    let Some(lab) = Lab::new(&trusted, &changes, &[("crl.pem", &honest)]) else { return };
    let same = wire::ca(&lab.dev).client("two", 1).unwrap();
    let mut ways = Ways::new(&lab.dev, &world.two);
    for (what, list, words) in world.defects() {
        let before = lab.log().len();
        lab.put_list(&list);
        let said = lab.log()[before..].to_owned();
        for word in ["is left out", "stays in force", words, "tls.crl", "crl.pem"] {
            assert!(said.contains(word), "{what}: {word:?} is not in {said}");
        }
        ways.are_open(&lab.dev, &world.two, &same, what);
        assert!(!lab.is_served(&world.one), "{what}: the list before does not count any more");
    }
}

#[test]
fn a_list_that_is_right_revokes_however_it_is_written() {
    let world = World::new();
    let words = listed(0);
    let changes = [("ca_key = ", words.as_str())];
    let empty = Form::of("Listing CA", &[]).pem(&world.ca);
    let Some(lab) = Lab::new(&[&world.ca_pem], &changes, &[("crl.pem", &empty)]) else { return };
    let same = wire::ca(&lab.dev).client("one", 1).unwrap();
    let mut ways = Ways::new(&lab.dev, &world.one);
    for (what, list) in world.honest_ways() {
        lab.put_list(&list);
        ways.are_shut(&lab.dev, &world.one, &same, what);
        assert!(lab.is_served(&world.two), "{what}: others");
        lab.put_list(empty.as_bytes());
        ways.are_open(&lab.dev, &world.one, &same, what);
    }
}
