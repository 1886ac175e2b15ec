//! What a certificate states is asked for its revocation, whatever it is called by: nobody whose name or certificate was revoked comes in
//! again by another list, another name, or what has come beside it.

use super::objects::aes;
use super::world::{Bench, principal};
use keystead::admin::protocol::{self, AdminRequest};
use keystead::authenticate::{Authenticator, Owners, Shown, fingerprint};
use keystead::config::Config;
use keystead::engine::administration::OPERATION;
use keystead::engine::owners;
use keystead::engine::rights::names;
use keystead::engine::rights::principal::Principal;
use keystead::pki;
use keystead::store::Store as _;
use keystead::vault::Stored;
use kmip_codec::enums::{ResultReason, ResultStatus};
use kmip_codec::message::RequestMessage;
use kmip_codec::operations::Request;
use kmip_codec::version::V2_1;
use rcgen::string::{BmpString, TeletexString};
use rcgen::{CertificateParams, DistinguishedName, DnType, DnValue, KeyPair, SanType};
use rustls::pki_types::CertificateDer;
use std::fs;
use std::path::Path;
use std::sync::Arc;

fn item(request: &AdminRequest) -> Request {
    Request::Unknown(OPERATION, protocol::payload(request).unwrap())
}

fn admin(name: &str) -> Principal {
    Principal { admin: true, ..principal(name, &[]) }
}

/// A certificate with these names, and those by which its holder may be revoked.
struct Stated {
    certificate: CertificateDer<'static>,
    names: Vec<String>,
}

/// A certificate with these common names and alternative names.
fn with(key: &KeyPair, common: Vec<DnValue>, alternative: Vec<SanType>, names: &[&str]) -> Stated {
    let mut params = CertificateParams::default();
    params.distinguished_name = DistinguishedName::new();
    for (at, name) in common.into_iter().enumerate() {
        let kind = if at == 0 { DnType::CommonName } else { DnType::CustomDnType(vec![2, 5, 4, 3]) };
        params.distinguished_name.push(kind, name);
    }
    params.subject_alt_names = alternative;
    let certificate = params.self_signed(key).unwrap().der().clone();
    Stated { certificate, names: names.iter().map(|name| (*name).to_owned()).collect() }
}

/// Every form that names have, of this client.
fn forms(key: &KeyPair, host: &str) -> Vec<Stated> {
    let text = |name: &str| DnValue::Utf8String(name.to_owned());
    let digits = fingerprint(host.as_bytes()).to_string();
    let one = [
        host.to_owned(),
        format!("{host} "),
        format!(" {host}"),
        format!("{host}\u{a0}x"),
        host.to_uppercase(),
        format!("{host}\u{3164}"),
        format!("\u{202e}{host}"),
        format!("{host}e\u{301}"),
        format!("CN={host}"),
        format!("SHA256:{host}"),
        format!("name:\"{host}\""),
        format!("{host}/user"),
        format!("spiffe://{host}/user"),
        digits,
    ];
    let mut all: Vec<Stated> = one.iter().map(|name| with(key, vec![text(name)], vec![], &[name])).collect();
    let other = format!("other-{host}");
    let uri = |name: &str| SanType::URI(name.try_into().unwrap());
    let mail = |name: &str| SanType::Rfc822Name(name.try_into().unwrap());
    all.extend([
        with(key, vec![text(host), text(&other)], vec![], &[host, &other]),
        with(key, vec![text(&other), text(host)], vec![], &[host, &other]),
        with(key, vec![text(&one[1]), text(host)], vec![], &[host, &one[1]]),
        with(key, vec![], vec![uri(&one[12])], &[&one[12]]),
        with(key, vec![], vec![mail(&one[1]), uri(&other)], &[&one[1]]),
        // Read otherwise by older versions: they took the alternative name where the common one has these types.
        with(
            key,
            vec![DnValue::BmpString(BmpString::try_from(host).unwrap())],
            vec![uri(&other)],
            &[host, &other],
        ),
        with(
            key,
            vec![DnValue::TeletexString(TeletexString::try_from(&*format!("{host}~")).unwrap())],
            vec![uri(&other)],
            &[&format!("{host}~")],
        ),
    ]);
    all
}

/// The owners of the store of a test, as it is now.
struct Held(Stored);

impl Owners for Held {
    fn has(&self, name: &str) -> Result<bool, String> {
        owners::has(&self.0, name).map_err(|_| "away".to_owned())
    }
}

/// Where the certificate is listed by its fingerprint.
const LISTS: [&str; 4] = [
    "",
    "[admin]\nnames = [\"WHO\"]\n",
    "[[groups]]\nname = \"team\"\nmembers = [\"WHO\"]\n",
    "[[clients]]\nname = \"WHO\"\npersona = \"standard\"\n",
];

/// What every configuration has.
const CONFIG: &str = "[tls]\ncertificate = \"c\"\nkey = \"k\"\nca = \"a\"\n[store]\npath = \"s\"\n[hsm]\nmodule = \"m\"\ntoken = \"t\"\n\
    pin_file = \"p\"\n";

/// A folder with the files that it names.
fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let pair = pki::make_ca("CA", pki::Curve::P256).unwrap();
    for (file, text) in
        [("c", &*pair.certificate), ("a", &*pair.certificate), ("k", &*pair.key), ("p", "1"), ("m", "")]
    {
        fs::write(folder.path().join(file), text).unwrap();
    }
    folder
}

/// A authenticator whose configuration lists a certificate like this.
fn authenticator(folder: &Path, list: &str, certificate: &CertificateDer<'_>) -> Authenticator {
    let file = folder.join("keystead.toml");
    let who = format!("sha256:{}", fingerprint(certificate));
    fs::write(&file, format!("{CONFIG}{}", list.replace("WHO", &who))).unwrap();
    Authenticator::new(&Config::read(&file).unwrap()).unwrap()
}

/// Whether somebody comes in as at a server: by the authenticator, and for a message.
fn comes_in(bench: &mut Bench, authenticator: &Authenticator, certificate: &CertificateDer<'static>) -> bool {
    authenticator.owners(Arc::new(Held(Stored(bench.store.snapshot().unwrap()))));
    let Ok(entered) = authenticator.enter(std::slice::from_ref(certificate), Shown::ByClient) else {
        return false;
    };
    let asked = bench.ask(&entered.principal(), V2_1, aes(&[]));
    assert!(matches!(asked, Ok(_) | Err(ResultReason::AuthenticationNotSuccessful)), "{asked:?}");
    asked.is_ok()
}

fn administer(bench: &mut Bench, request: &AdminRequest) {
    let done = bench.run(&admin("root"), &RequestMessage::new(V2_1, vec![item(request).into()]));
    assert_eq!(done[0].result_status, ResultStatus::Success, "{:?}", done[0]);
}

fn revoke(bench: &mut Bench, name: String) {
    administer(bench, &AdminRequest::ClientRevoke { name, unknown: true, myself: false });
}

/// Makes somebody an owner, as who came in by this name before.
fn owns(bench: &mut Bench, name: &str) {
    bench.ask(&principal(name, &[]), V2_1, aes(&[])).unwrap();
}

/// When another client is there whose name looks the same.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Beside {
    Nobody,
    Before,
    After,
}

/// One case: whether somebody who has come in is refused after the revocation.
fn is_shut(
    bench: &mut Bench,
    authenticator: &Authenticator,
    stated: &Stated,
    by: &str,
    beside: Beside,
) -> bool {
    let likeness = names::likeness(&stated.names[0]);
    if beside == Beside::Before && !stated.names.contains(&likeness) {
        owns(bench, &likeness);
    }
    let was_in = comes_in(bench, authenticator, &stated.certificate);
    revoke(bench, names::quoted("somebody else"));
    assert_eq!(comes_in(bench, authenticator, &stated.certificate), was_in, "who is not meant");
    revoke(bench, by.to_owned());
    if beside == Beside::After && !stated.names.contains(&likeness) {
        owns(bench, &likeness);
    }
    assert!(
        !comes_in(bench, authenticator, &stated.certificate),
        "{:?} by {by} with {beside:?} beside",
        stated.names
    );
    was_in
}

#[test]
fn who_was_revoked_does_not_come_back() {
    let folder = folder();
    let key = KeyPair::generate().unwrap();
    let (mut cases, mut shut) = (0, 0);
    for list in LISTS {
        for beside in [Beside::Nobody, Beside::Before, Beside::After] {
            for is_owner in [false, true] {
                // Each is revoked in each way of its own: by each name, and by the fingerprint.
                for way in 0..3 {
                    for stated in forms(&key, "host") {
                        let mut bench = Bench::new(7);
                        let print = format!("sha256:{}", fingerprint(&stated.certificate));
                        let by = match way {
                            0 => print,
                            _ => match stated.names.get(way - 1) {
                                Some(name) => names::quoted(name),
                                None => continue,
                            },
                        };
                        if is_owner {
                            owns(&mut bench, &stated.names[0]);
                        }
                        let authenticator = authenticator(folder.path(), list, &stated.certificate);
                        shut += usize::from(is_shut(&mut bench, &authenticator, &stated, &by, beside));
                        cases += 1;
                    }
                }
            }
        }
    }
    println!("{cases} cases, of which {shut} had been in");
    assert!(cases > 900 && shut > cases * 3 / 4, "{shut} of {cases}");
}

/// A text that no command can read, and that is the name of somebody here, is answered with how that name is written, and with no
/// other client.
#[test]
fn advice_names_nobody_else() {
    let mut bench = Bench::new(9);
    owns(&mut bench, "host");
    for name in ["CN=host", "host ", " host", "SHA256:host", "name:host", "host\u{3164}", "/C=DE/CN=host"] {
        let known = || name.to_owned();
        let requests = [
            AdminRequest::ClientRevoke { name: known(), unknown: false, myself: false },
            AdminRequest::ClientShow { name: known() },
            AdminRequest::ClientHandOver {
                name: known(),
                to: "host".to_owned(),
                unknown: true,
                rename: false,
                after: None,
            },
            AdminRequest::ClientHandOver {
                name: "host".to_owned(),
                to: known(),
                unknown: true,
                rename: false,
                after: None,
            },
        ];
        for is_known in [false, true] {
            if is_known {
                owns(&mut bench, name);
            }
            for request in &requests {
                let message = RequestMessage::new(V2_1, vec![item(request).into()]);
                let outcome = bench.decide(&admin("root"), &message);
                let why = outcome.response.items[0].result_message.clone().unwrap();
                assert_eq!(why.contains("is called exactly so"), is_known, "{request:?}: {why}");
                assert!(!is_known || why.contains(&names::quoted(name)), "{why}");
                assert!(!is_known || !why.contains("\"host\"") || name == "name:host", "{why}");
            }
        }
    }
}

/// A name that was revoked comes back by a certificate that an administrator has signed since, and by no other.
#[test]
fn who_is_signed_anew_comes_back() {
    let folder = folder();
    let [old, new] = [(); 2].map(|()| KeyPair::generate().unwrap());
    let name = DnValue::Utf8String("host".to_owned());
    let [old, new] = [old, new].map(|key| with(&key, vec![name.clone()], vec![], &["host"]).certificate);
    for list in LISTS {
        let mut bench = Bench::new(8);
        revoke(&mut bench, "host".to_owned());
        bench.signed = fingerprint(&new).to_string();
        let request = AdminRequest::ClientAdd {
            name: "host".to_owned(),
            days: 1,
            request: "PEM".to_owned(),
            replace: true,
            administrator: false,
            myself: false,
        };
        administer(&mut bench, &request);
        for (certificate, wanted) in [(&old, false), (&new, true)] {
            let authenticator = authenticator(folder.path(), list, certificate);
            assert_eq!(comes_in(&mut bench, &authenticator, certificate), wanted, "{list:?}");
        }
    }
}
