//! Names from a fixed seed, each tried wherever a name comes in.

use crate::support::dev::Dev;
use keystead::authenticate::{Authenticator, Owners, Shown, fingerprint, name_of};
use keystead::config::{ClientConfig, Config};
use keystead::engine::rights::identity::ClientRef;
use keystead::engine::rights::{names, reference};
use keystead::pki::{self, Ca, Curve};
use keystead::text::printable;
use rcgen::{CertificateParams, DnType, Issuer, KeyPair, PublicKeyData as _};
use rustls::pki_types::CertificateDer;
use std::collections::BTreeSet;
use std::sync::Arc;

/// How many names are tried.
const NAMES: usize = 1500;

/// What names are put together from: what is usual, and what is not seen, steers, looks alike or means something elsewhere.
const PIECES: &[&str] = &[
    "a",
    "host",
    "7",
    "-",
    ".",
    "_",
    "@",
    ":",
    "/",
    "*",
    " ",
    "\"",
    "'",
    "\\",
    "=",
    "é",
    "e\u{301}",
    "ü",
    "鍵",
    "सर्",
    "\u{301}",
    "\u{3164}",
    "\u{ad}",
    "\u{200b}",
    "\u{202e}",
    "\u{2066}",
    "\u{34f}",
    "\u{fe0f}",
    "\u{a0}",
    "\u{2003}",
    "\u{e0041}",
    "\u{feff}",
    "\u{2800}",
    "\u{1160}",
    "\0",
    "\n",
    "\u{1b}[31m",
    "\u{9b}",
    "\u{e000}",
    "\u{212b}",
    "ﬁ",
    "sha256:",
    "SHA1 Fingerprint=",
    "CN=",
    "subject=",
    "name:",
    "name:\"host\"",
    "ab:ab:ab:ab:ab:ab:ab:ab:ab:ab:ab:ab:ab:ab:ab:ab",
    "abababababababababababababababababababababababababababababababab",
    "xn--mller-kva.example",
    "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
];

/// Names from a fixed seed.
fn names() -> Vec<String> {
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % u64::try_from(below).unwrap()).unwrap()
    };
    let made = (0..NAMES).map(|_| {
        let count = [1, 1, 2, 3, 5, 9][next(6)];
        (0..count).map(|_| PIECES[next(PIECES.len())]).collect::<String>()
    });
    made.chain(["x".repeat(64), "x".repeat(65), "é".repeat(256), "é".repeat(257), String::new()]).collect()
}

/// A certificate with this common name, as any CA might sign it.
pub(super) fn certificate(
    issuer: &Issuer<'_, KeyPair>,
    key: &KeyPair,
    name: &str,
) -> CertificateDer<'static> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.signed_by(key, issuer).unwrap().der().clone()
}

#[test]
fn every_door_takes_the_same_names() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let config = Config::read(&folder.path().join("keystead.toml")).unwrap();
    let authenticator = Authenticator::new(&config).unwrap();
    let pair = pki::make_ca("CA", Curve::P256).unwrap();
    let ca = Ca::from_pem(&pair.certificate, &pair.key).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&pair.certificate, KeyPair::from_pem(&pair.key).unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut taken = 0;
    for name in names() {
        let shown = certificate(&issuer, &key, &name);
        let entered = authenticator
            .enter(&[shown], Shown::ByClient)
            .map(|presented| presented.principal().name.clone());
        let is_taken = entered.is_ok();
        assert_eq!(entered.unwrap_or_else(|_| name.clone()), name, "another name than was shown");
        let exactly = |whom: &ClientRef| *whom == ClientRef::Name(name.clone());
        // As it is, it is never read as another name; what may be meant otherwise is refused, with the right forms.
        let read = ClientRef::read(&name);
        let says_how = names::is_digits(&name) || name.starts_with("name:");
        assert_eq!(read.as_ref().is_ok_and(exactly), is_taken && !says_how, "as it is: {name:?}");
        assert!(
            !is_taken || read.as_ref().is_ok_and(exactly) || read.is_err_and(|why| why.contains("name:"))
        );
        // What a list shows is read by every command and every key of the configuration, and is seen as a whole.
        let written = reference::written(&name);
        let is_no_name = name.is_empty() || name.strip_prefix("sha256:").is_some_and(names::is_digits);
        assert!(is_no_name || ClientRef::read(&written).is_ok_and(|whom| exactly(&whom)), "{written}");
        assert!(is_no_name || reference::normalised(&written) == Ok(written.clone()), "{written}");
        assert_eq!(reference::normalised(&names::quoted(&name)).ok(), (!is_no_name).then(|| written.clone()));
        assert_eq!(printable(&written, usize::MAX - 1), written, "something of it is not seen");
        assert_eq!(reference::new_name(&written).is_ok(), is_taken, "client add: {written}");
        assert_eq!(pki::client_name(&written).ok(), is_taken.then(|| name.clone()), "client add: {written}");
        let told = reference::told(&name);
        assert!(told == format!("\"{name}\"") || told == names::quoted(&name), "{told}");
        let stated = ClientRef::read(&names::quoted(&name)).ok();
        assert_eq!(
            stated,
            (!is_no_name).then(|| ClientRef::Name(name.clone())),
            "as it is printed: {name:?}"
        );
        assert_eq!(
            reference::plain_name(&written).ok(),
            (!is_no_name).then(|| name.clone()),
            "endpoints: {written}"
        );
        let until = i64::from(u32::MAX);
        let signed = ca.certify(&key.subject_public_key_info(), &name, until);
        assert_eq!(pki::request(&name, Curve::P256).is_ok(), is_taken, "the command: {name:?}");
        assert_eq!(signed.is_ok(), is_taken, "the CA: {name:?}");
        if let Ok(signed) = signed {
            assert_eq!(name_of(&signed), Ok(Some(name)));
            taken += 1;
        }
    }
    assert!(taken > NAMES / 10 && taken < NAMES * 9 / 10, "{taken} of {NAMES} were taken");
}

/// What the store knows in a test.
pub(super) struct Known(pub(super) BTreeSet<String>);

impl Owners for Known {
    fn has(&self, name: &str) -> Result<bool, String> {
        if name.contains("xn--") { Err("the store is away".to_owned()) } else { Ok(self.0.contains(name)) }
    }
}

/// Owners of an older version come in as they did before, whatever their names; and nobody becomes an owner that the certificate
/// does not name, nor one of two that look alike.
#[test]
fn owners_come_in_as_before() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let pair = pki::make_ca("CA", Curve::P256).unwrap();
    let issuer = Issuer::from_ca_cert_pem(&pair.certificate, KeyPair::from_pem(&pair.key).unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let config = Config::read(&folder.path().join("keystead.toml")).unwrap();
    let (mut older, mut refused) = (0, 0);
    for (at, name) in names().into_iter().enumerate() {
        let shown = certificate(&issuer, &key, &name);
        let called = format!("sha256:{}", fingerprint(&shown));
        let likeness = names::likeness(&name);
        let mut listing = config.clone();
        listing.clients.push(ClientConfig { name: called.clone(), persona: "standard".to_owned() });
        let gates = [&config, &listing].map(|config| Authenticator::new(config).unwrap());
        for (owned, listed) in [
            (vec![], false),
            (vec![&name], false),
            (vec![&likeness], false),
            (vec![&name, &likeness], false),
            (vec![&called], true),
            (vec![&name], true),
            (vec![&name, &called], true),
        ] {
            let authenticator = &gates[usize::from(listed)];
            let owners: BTreeSet<String> = owned.into_iter().cloned().collect();
            authenticator.owners(Arc::new(Known(owners.clone())));
            let entered = authenticator.enter(std::slice::from_ref(&shown), Shown::ByClient);
            let entered = entered.map(|presented| presented.principal().name.clone()).map_err(|why| why.why);
            let case = format!("{at}: {name:?}, owners {owners:?}, listed {listed}: {entered:?}");
            let is_away = name.contains("xn--") && names::check(&name).is_err();
            let is_alike = likeness != name && (likeness.is_empty() || owners.contains(&likeness));
            let may_be_older = owners.contains(&name) && !name.starts_with("sha256:") && !name.is_empty();
            let wanted = match () {
                () if names::check(&name).is_ok() => Some(&name),
                () if may_be_older && !is_away && !is_alike && !owners.contains(&called) => Some(&name),
                () if listed => Some(&called),
                () => None,
            };
            assert_eq!(entered.as_ref().ok(), wanted, "{case}");
            older += usize::from(entered.is_ok() && !listed && names::check(&name).is_err());
            if let Err(why) = entered
                && may_be_older
                && !is_away
            {
                assert!(why.contains("keystead client hand-over 'name:"), "{case}");
                refused += 1;
            }
        }
    }
    assert!(older > NAMES / 10 && refused > NAMES / 20, "{older} {refused}");
}
