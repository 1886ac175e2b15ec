//! A server in Suite B speaks the suites, curves and certificates of its level and nothing else, and does not start with
//! certificates that do not fit.

use crate::support::dev::{Dev, told};
use crate::support::wire;
use keystead::listen::{TlsFiles, tls};
use keystead::suite_b::SuiteB;
use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PKCS_RSA_SHA256, SignatureAlgorithm,
};
use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, ALL_KX_GROUPS, default_provider};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{
    CipherSuite, ClientConfig, ClientConnection, NamedGroup, ProtocolVersion, RootCertStore,
    SupportedCipherSuite, SupportedProtocolVersion,
};
use std::net::TcpStream;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

/// What the server and a client that offers these settle on.
fn shake(
    dev: &Dev,
    address: &str,
    versions: &[&'static SupportedProtocolVersion],
    suites: Vec<SupportedCipherSuite>,
    groups: Vec<&'static dyn SupportedKxGroup>,
) -> Option<(ProtocolVersion, CipherSuite, NamedGroup)> {
    let provider = CryptoProvider { cipher_suites: suites, kx_groups: groups, ..default_provider() };
    let pair = wire::ca(dev).client("one", 1).unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(dev.folder.join("ca.pem")).unwrap()).unwrap();
    let chain = vec![CertificateDer::from_pem_slice(pair.certificate.as_bytes()).unwrap()];
    let key = PrivateKeyDer::from_pem_slice(pair.key.as_bytes()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(provider))
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, key)
        .unwrap();
    let mut tls =
        ClientConnection::new(Arc::new(config), ServerName::try_from("localhost").unwrap()).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    socket.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    while tls.is_handshaking() {
        tls.complete_io(&mut socket).ok()?;
    }
    let group = tls.negotiated_key_exchange_group()?.name();
    Some((tls.protocol_version()?, tls.negotiated_cipher_suite()?.suite(), group))
}

#[test]
fn a_level_speaks_its_suites_and_curves_alone() {
    const NEW: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13];
    const OLD: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];
    const BOTH: &[&SupportedProtocolVersion] = &[&rustls::version::TLS13, &rustls::version::TLS12];
    let small = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
    let large = CipherSuite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
    for (level, suites, groups) in [
        ("128", &[small, large][..], &[NamedGroup::secp256r1, NamedGroup::secp384r1][..]),
        ("192", &[large], &[NamedGroup::secp384r1]),
    ] {
        let folder = tempfile::tempdir().unwrap();
        let dev = Dev::suite_b(folder.path(), level);
        for address in [&dev.address, &dev.https] {
            let all = || (ALL_CIPHER_SUITES.to_vec(), ALL_KX_GROUPS.to_vec());
            let (version, suite, _) = shake(&dev, address, BOTH, all().0, all().1).unwrap();
            assert_eq!((version, suite), (ProtocolVersion::TLSv1_2, suites[0]), "the preferred one");
            assert_eq!(shake(&dev, address, NEW, all().0, all().1), None, "TLS 1.3");
            for offered in ALL_CIPHER_SUITES.iter().filter(|suite| suite.tls13().is_none()) {
                let found = shake(&dev, address, OLD, vec![*offered], all().1).map(|found| found.1);
                let expected = suites.contains(&offered.suite()).then(|| offered.suite());
                assert_eq!(found, expected, "{level}: {:?}", offered.suite());
            }
            for offered in ALL_KX_GROUPS {
                let found = shake(&dev, address, OLD, all().0, vec![*offered]).map(|found| found.2);
                let expected = groups.contains(&offered.name()).then(|| offered.name());
                assert_eq!(found, expected, "{level}: {:?}", offered.name());
            }
        }
        assert!(
            !told(dev.keystead("client", &["key", "create", "--name", "a"])).is_empty(),
            "our own commands"
        );
        let out = folder.path().to_str().unwrap();
        let curve = if level == "192" { "p384" } else { "p256" };
        told(dev.keystead("admin", &["client", "add", "host", "--curve", curve, "--out", out]));
        assert!(dev.keystead("host", &["key", "list"]).status.success());
        // The configuration says so as well: the same without the option.
        let pem = std::fs::read(dev.folder.join("server.pem")).unwrap();
        drop(dev);
        let dev = Dev::start_quietly(folder.path());
        assert_eq!(wire::connect(&dev, "one").negotiated(), None, "nothing is sent before the first message");
        assert_eq!(shake(&dev, &dev.address, NEW, ALL_CIPHER_SUITES.to_vec(), ALL_KX_GROUPS.to_vec()), None);
        assert_eq!(std::fs::read(dev.folder.join("server.pem")).unwrap(), pem);
    }
}

/// A client with a certificate of the right CA, but on a curve of the lower level.
#[test]
fn a_client_on_a_lower_curve_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::suite_b(folder.path(), "192");
    let read = |file: &str| std::fs::read_to_string(dev.folder.join(file)).unwrap();
    let issuer =
        Issuer::from_ca_cert_pem(&read("ca.pem"), KeyPair::from_pem(&read("ca.key")).unwrap()).unwrap();
    for (algorithm, is_served) in [(&PKCS_ECDSA_P256_SHA256, false), (&PKCS_ECDSA_P384_SHA384, true)] {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(rcgen::DnType::CommonName, "one");
        let key = KeyPair::generate_for(algorithm).unwrap();
        let certificate = params.signed_by(&key, &issuer).unwrap().pem();
        let pair = keystead::pki::Pair { certificate, key: key.serialize_pem() };
        let query = kmip_codec::message::RequestMessage::new(kmip_codec::version::V1_4, Vec::new());
        let answer = wire::connect_with(&dev, Some(&pair)).exchange(&query.to_bytes());
        assert_eq!(answer.is_ok(), is_served, "{algorithm:?}");
    }
}

/// A CA and a server's certificate of it with keys of these kinds, checked for a level.
fn checked(
    folder: &Path,
    ca: &'static SignatureAlgorithm,
    server: &'static SignatureAlgorithm,
    level: SuiteB,
) -> Result<(), String> {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca_key = KeyPair::generate_for(ca).unwrap();
    let path = |name: &str| folder.join(name);
    std::fs::write(path("ca.pem"), params.self_signed(&ca_key).unwrap().pem()).unwrap();
    let key = KeyPair::generate_for(server).unwrap();
    let signed = CertificateParams::new(["localhost".to_owned()]).unwrap();
    let signed = signed.signed_by(&key, &Issuer::new(params, ca_key)).unwrap();
    std::fs::write(path("server.pem"), signed.pem()).unwrap();
    std::fs::write(path("server.key"), key.serialize_pem()).unwrap();
    let files = TlsFiles {
        certificate: &path("server.pem"),
        key: &path("server.key"),
        second: None,
        crls: &[],
        crl_grace_seconds: 0,
        ca: &path("ca.pem"),
        only_1_3: false,
        suite_b: Some(level),
    };
    tls(&files).map(|_| ()).map_err(|error| error.to_string())
}

#[test]
fn certificates_that_do_not_fit_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let (p256, p384) = (&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384);
    let (l128, l192) = (SuiteB::Level128, SuiteB::Level192);
    for (ca, server, level) in
        [(p256, p256, l128), (p384, p384, l128), (p384, p256, l128), (p384, p384, l192)]
    {
        assert_eq!(checked(folder.path(), ca, server, level), Ok(()), "{ca:?} {server:?} {level:?}");
    }
    for (ca, server, level, file) in [
        (p256, p256, l192, "server.pem"),
        (p384, p256, l192, "server.pem"),
        (p256, p384, l192, "server.pem"),
        (&PKCS_RSA_SHA256, p256, l128, "server.pem"),
        (&PKCS_ED25519, p256, l128, "server.pem"),
        (p256, &PKCS_ED25519, l128, "server.pem"),
    ] {
        let error = checked(folder.path(), ca, server, level).unwrap_err();
        assert!(error.contains(file) && error.contains("suite_b") && error.contains("P-384"), "{error}");
    }
}

#[test]
fn a_server_with_certificates_that_do_not_fit_does_not_start() {
    let folder = tempfile::tempdir().unwrap();
    drop(Dev::start_quietly(folder.path()));
    let mut command = Command::new(env!("CARGO_BIN_EXE_keystead"));
    command.args(["dev", "--listen", "127.0.0.1:0", "--suite-b", "192", "--dir"]).arg(folder.path());
    let output = command.output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && output.stdout.is_empty());
    assert!(said.contains("server.pem") && said.contains("P-384") && said.contains("new folder"), "{said}");
    let file = folder.path().join("keystead.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("minimum = \"1.2\"", "minimum = \"1.3\"\nsuite_b = \"128\"")).unwrap();
    let output =
        Command::new(env!("CARGO_BIN_EXE_keystead")).args(["serve", "--config"]).arg(&file).output().unwrap();
    assert!(!output.status.success() && String::from_utf8(output.stderr).unwrap().contains("TLS 1.2"));
}
