//! What the name of a client may be: the authenticator, the configuration, administrative operations and the CA answer alike, and a
//! name that is signed is the name that comes in.

mod generated;

use super::turned_away::{CLIENT, Lab};
use crate::support::dev::{Dev, told};
use crate::support::{typed, wire};
use generated::{Known, certificate};
use keystead::authenticate::{Authenticator, Shown, fingerprint};
use keystead::config::Config;
use keystead::engine::rights::{names, reference};
use keystead::pki::{self, Ca, Curve};
use kmip_codec::enums::ResultReason;
use kmip_codec::operations::Call as _;
use rcgen::{CertificateParams, DnType, DnValue, Issuer, KeyPair, PublicKeyData as _};
use rustls::pki_types::CertificateDer;
use std::fs;
use std::sync::Arc;

/// The same on a server: what administrators have noted of a name is enough to come in by it, and to be told the note.
#[test]
fn a_known_name_comes_in() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let read = |file: &str| fs::read_to_string(dev.folder.join(file)).unwrap();
    let ca = Issuer::from_ca_cert_pem(&read("ca.pem"), KeyPair::from_pem(&read("ca.key")).unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, "host ");
    let certificate = params.signed_by(&key, &ca).unwrap().pem();
    let pair = pki::Pair { certificate, key: key.serialize_pem() };
    let message = typed::message(typed::create().into_request());
    let come = || typed::exchange(&mut wire::connect_with(&dev, Some(&pair)), &message);
    assert!(come().is_err(), "nobody is called so");
    told(dev.keystead("admin", &["client", "revoke", "--unknown", r#"name:"host ""#]));
    assert_eq!(come().unwrap().result_reason, Some(ResultReason::AuthenticationNotSuccessful));
    let shown = told(dev.keystead("admin", &["client", "show", r#"name:"host ""#]));
    assert!(shown.contains("revoked by admin"), "{shown}");
}

/// An administrator that is listed by its fingerprint, and whose name was revoked, stays out, whoever is called alike afterwards.
#[test]
fn a_revoked_name_stays_out_where_its_fingerprint_is_listed() {
    let folder = tempfile::tempdir().unwrap();
    let dir = folder.path().join("server");
    let dev = Dev::start_quietly(&dir);
    let read = |file: &str| fs::read_to_string(dev.folder.join(file)).unwrap();
    let ca = Issuer::from_ca_cert_pem(&read("ca.pem"), KeyPair::from_pem(&read("ca.key")).unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let shown = certificate(&ca, &key, "web1 ");
    let text = <base64ct::Base64 as base64ct::Encoding>::encode_string(&shown);
    let text = format!("-----BEGIN CERTIFICATE-----\n{text}\n-----END CERTIFICATE-----\n");
    let pair = pki::Pair { certificate: text, key: key.serialize_pem() };
    drop(dev);
    let file = dir.join("keystead.toml");
    let listed = format!("names = [\"admin\", \"sha256:{}\"]", fingerprint(&shown));
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, config.replace("names = [\"admin\"]", &listed)).unwrap();
    let dev = Dev::start_quietly(&dir);
    let message = typed::message(typed::create().into_request());
    let come =
        || typed::exchange(&mut wire::connect_with(&dev, Some(&pair)), &message).unwrap().result_reason;
    assert_eq!(come(), None);
    told(dev.keystead("admin", &["client", "revoke", r#"name:"web1 ""#]));
    assert_eq!(come(), Some(ResultReason::AuthenticationNotSuccessful));
    let out = folder.path().join("out");
    told(dev.keystead("admin", &["client", "add", "web1", "--out", out.to_str().unwrap()]));
    assert_eq!(come(), Some(ResultReason::AuthenticationNotSuccessful));
}

/// `client add` reads a name as every other command does, and what the list shows is read again.
#[test]
fn what_a_list_shows_is_read_again() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(&folder.path().join("server"));
    let digits = "ab".repeat(32);
    let stated = format!("name:{digits}");
    for (at, typed, name) in [
        (0, r#"name:"host q""#, "host q"),
        (1, &*stated, &*digits),
        (2, &*"cd".repeat(32), &*"cd".repeat(32)),
        (3, "کتاب\u{200c}ها", "کتاب\u{200c}ها"),
    ] {
        let out = folder.path().join(at.to_string());
        let (out, written) = (out.to_str().unwrap(), reference::written(name));
        told(dev.keystead("admin", &["client", "add", typed, "--out", out]));
        let listed = told(dev.keystead("admin", &["client", "list"]));
        assert!(listed.lines().any(|line| line.starts_with(&format!("{written} "))), "{written}: {listed}");
        let revoked = told(dev.keystead("admin", &["client", "revoke", &written]));
        assert!(revoked.contains(&reference::told(name)) && revoked.contains("revoked sha256:"), "{revoked}");
    }
    for wrong in ["name:host", r#"name:"name:\"x\"""#, r#"name:"host ""#] {
        assert!(!dev.keystead("admin", &["client", "add", wrong]).status.success(), "{wrong}");
    }
}

/// Who is let in by a name that the rule refuses has its certificate renewed under that name.
#[test]
fn an_older_name_is_renewed() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let authenticator =
        Authenticator::new(&Config::read(&folder.path().join("keystead.toml")).unwrap()).unwrap();
    let pair = pki::make_ca("CA", Curve::P256).unwrap();
    let ca = Ca::from_pem(&pair.certificate, &pair.key).unwrap();
    let key = KeyPair::generate().unwrap().subject_public_key_info();
    for name in ["CN=host", "host ", "SHA256:abc", "host\u{3164}", "e\u{301}", "host"] {
        authenticator.owners(Arc::new(Known([name.to_owned()].into())));
        assert_eq!(ca.certify(&key, name, i64::from(u32::MAX)).is_ok(), name == "host");
        let renewed = CertificateDer::from(ca.renew(&key, name, i64::from(u32::MAX)).unwrap());
        let entered =
            authenticator.enter(&[renewed], Shown::ByClient).map_err(|refused| refused.why).unwrap();
        assert_eq!(entered.principal().name, name);
    }
}

/// Of two common names none is taken, whoever owns what under either; and the refusal says what becomes of the first one's objects.
#[test]
fn of_two_names_none_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let authenticator =
        Authenticator::new(&Config::read(&folder.path().join("keystead.toml")).unwrap()).unwrap();
    let pair = pki::make_ca("CA", Curve::P256).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&pair.certificate, KeyPair::from_pem(&pair.key).unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    for (one, other) in
        [("PC1", "Computers"), ("victim", "attacker"), ("e\u{301}", "\u{e9}"), ("host ", "host")]
    {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, one);
        params.distinguished_name.push(DnType::CustomDnType(vec![2, 5, 4, 3]), other);
        let shown = params.signed_by(&key, &issuer).unwrap().der().clone();
        for owned in [vec![], vec![one], vec![other], vec![one, other]] {
            authenticator.owners(Arc::new(Known(owned.iter().map(|name| (*name).to_owned()).collect())));
            let why = authenticator
                .enter(std::slice::from_ref(&shown), Shown::ByClient)
                .map(|_| ())
                .unwrap_err()
                .why;
            assert!(why.contains("several common names"), "{why}");
            assert_eq!(why.contains("hand-over"), owned.contains(&one), "{owned:?}: {why}");
        }
    }
}

/// A file as a configuration takes it has the entries as they are signed.
#[test]
fn the_configuration_as_a_file_takes_what_the_gate_takes() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let file = folder.path().join("keystead.toml");
    let text = fs::read_to_string(&file).unwrap();
    for (name, is_taken) in [
        ("Müller & Söhne", true),
        ("e\\u0301", false),
        ("host\\u3164", false),
        ("\\u202Etsoh", false),
        ("सर्वर", true),
    ] {
        fs::write(&file, format!("{text}\n[[groups]]\nname = \"g\"\nmembers = [\"{name}\"]\n")).unwrap();
        let read = Config::read(&file);
        assert_eq!(read.is_ok(), is_taken, "{name}");
        assert!(read.err().is_none_or(|why| why.to_string().contains("can match no certificate")), "{name}");
    }
    // One name in two forms is the same name twice.
    let rows = |table: &str, key: &str, names: [&str; 2]| {
        let more = if table == "clients" { "persona = \"standard\"\n" } else { "" };
        let row = |name: &&str| format!("\n[[{table}]]\n{key} = '{name}'\n{more}");
        fs::write(&file, format!("{text}{}", names.iter().map(row).collect::<String>())).unwrap();
        Config::read(&file).map_err(|why| why.to_string())
    };
    let digits = "ab".repeat(32);
    let (stated, quoted) = (format!("name:{digits}"), names::quoted(&digits));
    let forms = [["py2", r#"name:"py2""#], [r#"name:"host ""#, r#"name:"host\u{20}""#], [&*stated, &*quoted]];
    for (table, key) in [("clients", "name"), ("endpoints", "client")] {
        for twice in forms {
            let why = rows(table, key, twice).unwrap_err();
            assert!(why.contains("has the same"), "{table} {twice:?}: {why}");
        }
        let read = rows(table, key, ["py2", r#"name:"host ""#]).unwrap();
        assert!(table != "endpoints" || read.endpoints[1].client == "host ", "{:?}", read.endpoints);
    }
}

#[test]
fn common_names_of_every_type_are_read_or_told() {
    let mut lab = Lab::new(&[]);
    // The types of OpenSSL's string_mask: Printable, Teletex, IA5, BMP, UTF-8.
    for (mask, name, words) in [
        ("0x2", "printed", None),
        ("0x4", "teletex", None),
        ("0x10", "a@example.com", None),
        ("0x800", "Müller", None),
        ("0x2000", "Götz", None),
        ("0x4", "Müller", Some(["TeletexString", "UTF8String"])),
        ("0x800", "a\u{202e}b", Some(["U+202E", "cannot be seen"])),
        ("0x2000", "e\u{301}", Some(["NFC", "accents"])),
    ] {
        lab.request("/CN=x");
        let config = format!(
            "[req]\ndistinguished_name=n\nstring_mask=MASK:{mask}\nutf8=yes\nprompt=no\n[n]\nCN={name}\n"
        );
        fs::write(lab.path("req.cnf"), config).unwrap();
        lab.sh("openssl req -new -key CLIENT.key -utf8 -config req.cnf -out CLIENT.csr");
        lab.sign(CLIENT, "", "CA");
        match words {
            None => {
                assert!(lab.is_served(&[]), "{mask} {name}: {:?}", lab.last());
                lab.sh(&format!("keystead client show '{name}'"));
            }
            Some(words) => {
                let last = lab.refuses("CertificateName", &words);
                lab.mends(&last, &["keystead client add"]);
            }
        }
    }
}

/// OpenSSL makes no UniversalString.
#[test]
fn a_universal_string_is_read() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let authenticator =
        Authenticator::new(&Config::read(&folder.path().join("keystead.toml")).unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::default();
    params
        .distinguished_name
        .push(DnType::CommonName, DnValue::UniversalString("Jürgen 鍵".try_into().unwrap()));
    let shown = params.self_signed(&key).unwrap().der().clone();
    assert_eq!(authenticator.enter(&[shown], Shown::ByClient).unwrap().principal().name, "Jürgen 鍵");
}

#[test]
fn what_may_mean_two_clients_is_turned_away() {
    let mut lab = Lab::new(&[]);
    for (what, subject) in
        [("two common names", "/CN=one/CN=admin"), ("in one part of the subject", "/CN=one+CN=admin")]
    {
        lab.request(subject);
        lab.sign(CLIENT, "", "CA");
        let last = lab.refuses("CertificateName", &["several common names", "\"one\"", "\"admin\""]);
        assert!(last.advice.contains(&lab.fingerprint()), "{what}: {}", last.advice);
    }
    // Listed by its fingerprint it comes in, as nobody but itself.
    let listed = format!("\"sha256:{}\"", lab.fingerprint());
    let file = lab.path("server/keystead.toml");
    let config = fs::read_to_string(&file).unwrap();
    fs::write(&file, format!("{config}\n[[groups]]\nname = \"two\"\nmembers = [{listed}]\n")).unwrap();
    lab.start();
    assert!(lab.is_served(&[]));
    // The control: other parts of a subject, in any order and beside the name, say nothing.
    for subject in
        ["/O=admin/OU=two/CN=one", "/CN=one/O=admin", "/OU=two+CN=one/O=admin", "/DC=com/DC=admin/CN=one"]
    {
        lab.request(subject);
        lab.sign(CLIENT, "", "CA");
        assert!(lab.is_served(&[]), "{subject}: {:?}", lab.last());
    }
    lab.request("/CN=admin\u{3164}");
    lab.sign(CLIENT, "", "CA");
    let last = lab.refuses("CertificateName", &["U+3164"]);
    lab.mends(&last, &["keystead client add"]);
    lab.request("/O=somebody");
    lab.sign(&format!("{CLIENT}subjectAltName=DNS:one.example,DNS:two.example\n"), "", "CA");
    assert!(lab.is_served(&[]), "the first of the alternative names");
    lab.sh("keystead client show one.example");
}
