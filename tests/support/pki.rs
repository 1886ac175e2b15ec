//! Certificates as PEM files in a folder.

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};

/// A CA with its folder.
pub struct Pki {
    folder: PathBuf,
    issuer: Issuer<'static, KeyPair>,
}

impl Pki {
    /// A new CA (`ca.pem`), a server for localhost and 127.0.0.1 (`server.pem|key`) and a client (`client.pem|key`).
    pub fn new(folder: &Path) -> Self {
        fs::create_dir_all(folder).unwrap();
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "test CA");
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::DigitalSignature];
        let key = KeyPair::generate().unwrap();
        fs::write(folder.join("ca.pem"), params.self_signed(&key).unwrap().pem()).unwrap();
        let pki = Self { folder: folder.to_owned(), issuer: Issuer::new(params, key) };
        pki.issue("server", ExtendedKeyUsagePurpose::ServerAuth);
        pki.issue("client", ExtendedKeyUsagePurpose::ClientAuth);
        pki
    }

    /// Another client of the same CA.
    pub fn client(&self, name: &str) {
        self.issue(name, ExtendedKeyUsagePurpose::ClientAuth);
    }

    /// A client whose certificate was good until yesterday.
    pub fn expired_client(&self, name: &str) {
        let now = OffsetDateTime::now_utc();
        let validity = (now - Duration::days(9), now - Duration::days(1));
        self.issue_for(name, ExtendedKeyUsagePurpose::ClientAuth, Some(validity));
    }

    /// A server certificate for this name or address, in the place of the one that there is.
    pub fn server_for(&self, name: &str) {
        self.issue_named("server", vec![name.to_owned()], ExtendedKeyUsagePurpose::ServerAuth, None);
    }

    /// The path of a file.
    pub fn path(&self, file: &str) -> PathBuf {
        self.folder.join(file)
    }

    fn issue(&self, name: &str, usage: ExtendedKeyUsagePurpose) {
        self.issue_for(name, usage, None);
    }

    fn issue_for(
        &self,
        name: &str,
        usage: ExtendedKeyUsagePurpose,
        validity: Option<(OffsetDateTime, OffsetDateTime)>,
    ) {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        self.issue_named(name, names, usage, validity);
    }

    fn issue_named(
        &self,
        name: &str,
        names: Vec<String>,
        usage: ExtendedKeyUsagePurpose,
        validity: Option<(OffsetDateTime, OffsetDateTime)>,
    ) {
        let mut params = CertificateParams::new(names).unwrap();
        params.distinguished_name.push(DnType::CommonName, name);
        params.extended_key_usages = vec![usage];
        if let Some((from, until)) = validity {
            (params.not_before, params.not_after) = (from, until);
        }
        let key = KeyPair::generate().unwrap();
        let cert = params.signed_by(&key, &self.issuer).unwrap();
        fs::write(self.path(&format!("{name}.pem")), cert.pem()).unwrap();
        let path = self.path(&format!("{name}.key"));
        fs::write(&path, key.serialize_pem()).unwrap();
        // As `client add` leaves it: a warning of other modes has tests of its own.
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
    }
}
