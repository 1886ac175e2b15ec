//! What a server makes of `tls.ca` and `tls.crl`, without a server around it, and what OpenSSL makes of the same files.

use super::dates::Authority;
use super::forms::{extension, tlv};
use super::*;
use keystead::listen::{self, Tls, TlsFiles};
use rcgen::{CertificateParams, DnType, Issuer, KeyPair, KeyUsagePurpose};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, UnixTime};
use rustls::server::danger::ClientCertVerifier as _;
use rustls::{CertificateError, Error};
use std::fs;
use std::path::PathBuf;
use std::process::Command;

/// Where the files of a server are.
pub struct Desk {
    folder: tempfile::TempDir,
}

/// How a client is judged.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    Served,
    Revoked,
    /// Nothing tells whether it is revoked.
    Untold,
    Overdue,
    Stranger,
}
use Verdict::{Overdue, Revoked, Served, Stranger, Untold};

impl Desk {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let key = KeyPair::generate().unwrap();
        let own = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        fs::write(folder.path().join("own.pem"), own.pem()).unwrap();
        fs::write(folder.path().join("own.key"), key.serialize_pem()).unwrap();
        Self { folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What the server makes of these files, in the place of what it had before.
    pub fn read(&self, ca: &str, crls: &[&str], before: Option<&Tls>) -> Result<Tls, String> {
        fs::write(self.path("ca.pem"), ca).unwrap();
        let write = |(place, text): (usize, &&str)| {
            let path = self.path(&format!("{place}.crl"));
            fs::write(&path, text).unwrap();
            path
        };
        let paths: Vec<_> = crls.iter().enumerate().map(write).collect();
        let files = TlsFiles {
            certificate: &self.path("own.pem"),
            key: &self.path("own.key"),
            second: None,
            ca: &self.path("ca.pem"),
            crls: &paths,
            crl_grace_seconds: 0,
            only_1_3: false,
            suite_b: None,
        };
        let tls = match before {
            Some(before) => listen::tls_after(&files, &before.trust.lists),
            None => listen::tls(&files),
        };
        tls.map_err(|error| error.to_string())
    }

    /// The verdict of OpenSSL on the certificate of a client, by the files that were read last.
    fn by_openssl(&self, crls: &[&str], client: &Pair) -> String {
        let [own, sent, lists] = ["client.pem", "sent.pem", "lists.pem"].map(|name| self.path(name));
        fs::write(&own, &client.certificate).unwrap();
        fs::write(&sent, format!("{}{}", client.certificate, crls.concat())).unwrap();
        fs::write(&lists, crls.concat()).unwrap();
        let mut command = Command::new("openssl");
        command
            .args(["verify", "-crl_check", "-no-CApath", "-no-CAstore", "-CAfile"])
            .arg(self.path("ca.pem"));
        command.arg("-untrusted").arg(sent).arg("-CRLfile").arg(lists).arg(own);
        let output = command.output().unwrap();
        format!("{}{}", output.status.success(), words(&output))
    }

    /// The client is judged so, and not more kindly than OpenSSL judges it.
    pub fn judges(&self, tls: &Tls, crls: &[&str], client: &Pair, wanted: Verdict, what: &str) {
        assert_eq!(verdict(tls, client), wanted, "{what}");
        let said = self.by_openssl(crls, client);
        assert!(!(wanted == Served && said.contains("certificate revoked")), "{what}: {said}");
        assert!(wanted == Served || !said.starts_with("true"), "{what}: {said}");
    }
}

pub fn verdict(tls: &Tls, client: &Pair) -> Verdict {
    let all: Vec<_> =
        CertificateDer::pem_slice_iter(client.certificate.as_bytes()).collect::<Result<_, _>>().unwrap();
    match tls.verifier.verify_client_cert(&all[0], &all[1..], UnixTime::now()) {
        Ok(_) => Served,
        Err(Error::InvalidCertificate(why)) => match why {
            CertificateError::Revoked => Revoked,
            CertificateError::UnknownRevocationStatus => Untold,
            CertificateError::ExpiredRevocationListContext { .. } => Overdue,
            CertificateError::UnknownIssuer | CertificateError::BadSignature => Stranger,
            other => panic!("{other:?}"),
        },
        Err(other) => panic!("{other:?}"),
    }
}

pub fn warnings(tls: &Tls) -> String {
    tls.trust.lists.warnings().cloned().collect::<Vec<_>>().join("\n")
}

/// A certificate with what is told of it, and its key.
pub fn made(
    issuer: &Authority,
    name: &str,
    change: impl FnOnce(&mut CertificateParams),
) -> (Authority, Pair) {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    let certificate = params.signed_by(&key, issuer).unwrap().pem();
    let pair = Pair { certificate, key: key.serialize_pem() };
    (Issuer::new(params, key), pair)
}

pub fn client(issuer: &Authority, name: &str, behind: &[&str]) -> Pair {
    let (_, pair) = made(issuer, name, |params| params.key_usages = vec![KeyUsagePurpose::DigitalSignature]);
    Pair { certificate: format!("{}{}", pair.certificate, behind.concat()), key: pair.key }
}

/// The extension by which a list says which key has signed it.
pub fn key_id(signer: &Authority) -> Vec<u8> {
    let id = CertificateParams::default().key_identifier(signer.key());
    extension(35, false, &tlv(0x30, &[&tlv(0x80, &[&id])]))
}
