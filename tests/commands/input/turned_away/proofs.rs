//! Clients that only a TLS of our own can be: with a key that is another's, with a certificate that is none, and whose
//! handshake breaks off; and those that are let in though they speak an older TLS 1.2.

use super::super::{answer, query};
use super::lab::{CLIENT, Lab};
use crate::support::wire;
use kmip_codec::version::V2_1;
use rustls::client::ResolvesClientCert;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{
    ClientConfig, RootCertStore, SignatureAlgorithm, SignatureScheme, SupportedProtocolVersion, version,
};
use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::sync::Arc;

/// Shows this certificate whatever its key is.
#[derive(Debug)]
struct Shows(Arc<CertifiedKey>);

impl ResolvesClientCert for Shows {
    fn resolve(&self, _: &[&[u8]], _: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }

    fn has_certs(&self) -> bool {
        true
    }
}

/// Whether a client is served that shows this certificate, and signs with the key in this file.
fn is_served(lab: &Lab, certificate: Vec<u8>, key: &str, version: &'static SupportedProtocolVersion) -> bool {
    serves(lab, certificate, key, version, |key| key)
}

/// The same with what this makes of the key.
fn serves(
    lab: &Lab,
    certificate: Vec<u8>,
    key: &str,
    version: &'static SupportedProtocolVersion,
    made: impl Fn(Arc<dyn SigningKey>) -> Arc<dyn SigningKey>,
) -> bool {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let key = PrivateKeyDer::from_pem_file(lab.path(key)).unwrap();
    let key = made(provider.key_provider.load_private_key(key).unwrap());
    let shows = Shows(Arc::new(CertifiedKey::new(vec![CertificateDer::from(certificate)], key)));
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(lab.path("CA.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(provider).with_protocol_versions(&[version]).unwrap();
    let config = config.with_root_certificates(roots).with_client_cert_resolver(Arc::new(shows));
    let mut wire = wire::connect_using(&lab.dev().address, Arc::new(config));
    wire.exchange(&query(V2_1).to_bytes()).is_ok_and(|bytes| answer(&bytes).items.len() == 1)
}

#[test]
fn who_has_not_the_key_of_the_certificate() {
    let lab = Lab::new(&[]);
    lab.request("/CN=one");
    lab.sh("cp CLIENT.key OTHER.key");
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "CA");
    let own = CertificateDer::from_pem_file(lab.path("CLIENT.pem")).unwrap().to_vec();
    for version in [&version::TLS12, &version::TLS13] {
        assert!(is_served(&lab, own.clone(), "CLIENT.key", version), "the control");
        assert!(!is_served(&lab, own.clone(), "OTHER.key", version), "{version:?}");
        let words = ["did not prove that it has the private key", "openssl pkey -in CLIENT.key", "CN=one"];
        let last = lab.told("NoPrivateKey", &words, true);
        // What the advice says to compare differs for the wrong key, and is the same for the right one.
        let commands: Vec<&str> = last.advice.split('`').skip(1).step_by(2).collect();
        let [key, certificate] = commands.as_slice() else { panic!("{}", last.advice) };
        lab.sh(&format!("test \"$({key})\" = \"$({certificate})\""));
        lab.sh(&format!("test \"$({})\" != \"$({certificate})\"", key.replace("CLIENT.key", "OTHER.key")));
    }
}

/// Says that it signs with SHA-1, which the server has not asked for.
#[derive(Debug)]
struct Sha1(Arc<dyn SigningKey>);

impl SigningKey for Sha1 {
    fn choose_scheme(&self, _: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        Some(Box::new(Sha1(Arc::clone(&self.0))))
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        self.0.algorithm()
    }
}

impl Signer for Sha1 {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.0.choose_scheme(&[SignatureScheme::ECDSA_NISTP256_SHA256]).unwrap().sign(message)
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_SHA1_Legacy
    }
}

#[test]
fn who_signs_by_an_algorithm_that_is_not_taken() {
    let lab = Lab::new(&[]);
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "CA");
    let own = CertificateDer::from_pem_file(lab.path("CLIENT.pem")).unwrap();
    for version in [&version::TLS12, &version::TLS13] {
        let sha1 = |key| Arc::new(Sha1(key)) as Arc<dyn SigningKey>;
        assert!(!serves(&lab, own.to_vec(), "CLIENT.key", version, sha1));
        lab.told("ClientSignature", &["not taken here, such as SHA-1", "SHA-256 or better"], true);
        assert!(is_served(&lab, own.to_vec(), "CLIENT.key", version), "the advice");
    }
}

#[test]
fn what_is_no_certificate() {
    let lab = Lab::new(&[]);
    lab.request("/CN=one");
    for version in [&version::TLS12, &version::TLS13] {
        assert!(!is_served(&lab, b"no certificate".to_vec(), "CLIENT.key", version));
        let last = lab.told("CertificateUnreadable", &["cannot be read", "SHA-256"], false);
        assert!(last.certificate.is_some_and(|shown| shown.version == 0));
    }
}

#[test]
fn a_name_under_which_a_user_of_another_certificate_acts() {
    let hash = keystead::authenticate::password_hash(b"yabba-dabba-7431", &[3; 16]);
    let words = format!(
        "[[personas]]\nname = \"by-user\"\nswitches = {{ credentials = \"identify\" }}\n[[clients]]\nname = \"array\"\npersona = \
         \"by-user\"\n[[credentials]]\nname = \"fred\"\nusername = \"Fred\"\npassword = \"{hash}\"\n"
    );
    let lab = Lab::new(&[("", &words)]);
    lab.request("/CN=array\\/fred");
    lab.sign(CLIENT, "", "CA");
    lab.refuses("NotAdmitted", &["array/fred", "sign one with another name"]);
    lab.request("/CN=array-fred");
    lab.sign(CLIENT, "", "CA");
    assert!(lab.is_served(&[]), "the advice");
}

/// What follows a hello is not what TLS has there.
#[test]
fn a_handshake_that_is_none() {
    let lab = Lab::new(&[]);
    let mut peer = TcpStream::connect(&lab.dev().address).unwrap();
    // A record of the handshake with a message that no client begins with.
    peer.write_all(&[22, 3, 3, 0, 4, 20, 0, 0, 0]).unwrap();
    while matches!(peer.read(&mut [0; 64]), Ok(1..)) {}
    lab.told("Tls", &["the TLS handshake failed"], false);
}

/// Older TLS libraries have TLS 1.2 without the extended master secret (RFC 7627): they are let in.
#[test]
fn without_the_extended_master_secret() {
    let lab = Lab::new(&[]);
    lab.request("/CN=one");
    lab.sign(CLIENT, "", "CA");
    let without = "openssl_conf = c\n[c]\nssl_conf = s\n[s]\nsystem_default = d\n[d]\nOptions = -ExtendedMasterSecret\n";
    fs::write(lab.path("openssl.cnf"), without).unwrap();
    for (file, said) in
        [("openssl.cnf", "Extended master secret: no"), ("none.cnf", "Extended master secret: yes")]
    {
        let mut command = Command::new("openssl");
        command
            .args(["s_client", "-tls1_2", "-connect", &lab.dev().address, "-CAfile"])
            .arg(lab.path("CA.pem"));
        command.arg("-cert").arg(lab.path("CLIENT.pem")).arg("-key").arg(lab.path("CLIENT.key"));
        let output = command.env("OPENSSL_CONF", lab.path(file)).stdin(Stdio::null()).output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        assert!(output.status.success() && text.contains(said), "{said}: {text}");
    }
}
