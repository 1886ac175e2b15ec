//! Certificates: a small CA for `keystead dev` and for sites without one of their own. ECDSA on P-256 (P-384 for Suite
//! B 192), short chains, names both as common name and as alternative name, because clients differ in where they look.

pub use keystead_base::certificate::{
    DIRECTORY_NAME, Facts, bounded, chain_rule, may_certify, may_prove, moment, name, text_of,
};

use crate::crypto::x509::{SERIAL_BYTES, serial_number};
use crate::engine::rights::names::{self, Flaw};
use crate::engine::rights::reference;
use keystead_hsm::{Entropy as _, SystemEntropy};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SanType, SerialNumber, SubjectPublicKeyInfo,
};
use rustls::pki_types::DnsName;
use std::io::Write as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use time::{Duration, OffsetDateTime};
use x509_parser::pem::parse_x509_pem;

/// Why a certificate could not be made or kept.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file.
    #[error("{}: {why}", crate::text::path(path))]
    File {
        /// Which.
        path: PathBuf,
        /// What the system said.
        why: std::io::Error,
    },
    /// The certificate itself.
    #[error("certificate: {0}")]
    Certificate(#[from] rcgen::Error),
    /// There are no random bytes for a serial number.
    #[error("certificate: {0}")]
    Entropy(keystead_hsm::Error),
    /// A CA whose key is that of another.
    #[error(
        "the key of the CA does not belong to its certificate: put the right one of the two back from a copy"
    )]
    OtherKey,
    /// A name that certificates cannot hold.
    #[error("{0:?} cannot be the name of a client: {1}")]
    Name(String, Flaw),
}

/// How long the certificates of `dev` are valid, in days.
const DEV_DAYS: i64 = 825;

/// How long a CA is valid, in days.
const CA_DAYS: i64 = 3650;

/// A certificate and its key, PEM.
pub struct Pair {
    /// The certificate.
    pub certificate: String,
    /// The private key.
    pub key: String,
}

/// Curves for the keys of certificates.
#[derive(Clone, Copy, PartialEq, Eq, Debug, clap::ValueEnum)]
pub enum Curve {
    /// The usual one.
    P256,
    /// For Suite B 192.
    P384,
}

impl Curve {
    /// A key on this curve.
    fn key(self) -> Result<KeyPair, Error> {
        let algorithm = match self {
            Self::P256 => &rcgen::PKCS_ECDSA_P256_SHA256,
            Self::P384 => &rcgen::PKCS_ECDSA_P384_SHA384,
        };
        Ok(KeyPair::generate_for(algorithm)?)
    }

    /// The curve that fits beside this key.
    fn beside(key: &KeyPair) -> Self {
        if key.is_compatible(&rcgen::PKCS_ECDSA_P384_SHA384) { Self::P384 } else { Self::P256 }
    }
}

/// Makes a CA; what it signs has keys on its curve.
pub fn make_ca(name: &str, curve: Curve) -> Result<Pair, Error> {
    let key = curve.key()?;
    let mut params = params(name, CA_DAYS)?;
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let certificate = params.self_signed(&key)?;
    Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
}

/// A CA that can sign.
pub struct Ca(Issuer<'static, KeyPair>);

impl Ca {
    /// From its certificate and key, which must belong together.
    pub fn from_pem(certificate: &str, key: &str) -> Result<Self, Error> {
        let key = KeyPair::from_pem(key)?;
        let (_, pem) =
            parse_x509_pem(certificate.as_bytes()).map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        let parsed = pem.parse_x509().map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        if *parsed.public_key().subject_public_key.data != *key.public_key_raw() {
            return Err(Error::OtherKey);
        }
        Ok(Self(Issuer::from_ca_cert_pem(certificate, key)?))
    }

    /// The curve of its key, or the one that fits beside another key.
    pub fn curve(&self) -> Curve {
        Curve::beside(self.0.key())
    }

    /// A certificate for a server on this machine, good for calling endpoints as well.
    pub fn server(&self) -> Result<Pair, Error> {
        self.pair(server_params()?)
    }

    /// The same with an RSA key of 3072 bits, for clients that take no other.
    pub fn rsa_server(&self) -> Result<Pair, Error> {
        let key = KeyPair::generate_rsa_for(&rcgen::PKCS_RSA_SHA256, rcgen::RsaKeySize::_3072)?;
        let certificate = server_params()?.signed_by(&key, &self.0)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// The same for a key that is there already, PEM, if it is an RSA key of 3072 bits or more.
    pub fn rsa_server_of(&self, key: &str) -> Result<Pair, Error> {
        let key = KeyPair::from_pem(key)?;
        let is_rsa = key.is_compatible(&rcgen::PKCS_RSA_SHA256) && key.public_key_raw().len() > 3072 / 8;
        if !is_rsa {
            return Err(rcgen::Error::UnsupportedSignatureAlgorithm.into());
        }
        let certificate = server_params()?.signed_by(&key, &self.0)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// A certificate for a client of this name that listens on this machine, to be told things.
    pub fn endpoint(&self, name: &str, days: i64) -> Result<Pair, Error> {
        let mut params = client_params(name, days)?;
        params.subject_alt_names = local_names()?;
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        self.pair(params)
    }

    /// A certificate for a client of this name.
    pub fn client(&self, name: &str, days: i64) -> Result<Pair, Error> {
        self.pair(client_params(name, days)?)
    }

    /// A certificate for a client of this name and this key, X.509 SubjectPublicKeyInfo DER, until a time in seconds since
    /// 1970; everything else of it is decided here.
    pub fn certified(&self, key: &[u8], name: &str, until: i64) -> Result<rcgen::Certificate, Error> {
        self.signed(key, client_params(name, 0)?, until)
    }

    fn signed(
        &self,
        key: &[u8],
        mut params: CertificateParams,
        until: i64,
    ) -> Result<rcgen::Certificate, Error> {
        let key = SubjectPublicKeyInfo::from_der(key)?;
        params.not_after =
            OffsetDateTime::from_unix_timestamp(until).map_err(|_| rcgen::Error::CouldNotParseCertificate)?;
        Ok(params.signed_by(&key, &self.0)?)
    }

    /// The same, DER.
    pub fn certify(&self, key: &[u8], name: &str, until: i64) -> Result<Vec<u8>, Error> {
        Ok(self.certified(key, name, until)?.der().to_vec())
    }

    /// A certificate for a client that is let in by this name now, whatever the rule of names says of it: it is called as before,
    /// DER.
    pub fn renew(&self, key: &[u8], name: &str, until: i64) -> Result<Vec<u8>, Error> {
        Ok(self.signed(key, usual_params(name, 0)?, until)?.der().to_vec())
    }

    fn pair(&self, params: CertificateParams) -> Result<Pair, Error> {
        let key = self.curve().key()?;
        let certificate = params.signed_by(&key, &self.0)?;
        Ok(Pair { certificate: certificate.pem(), key: key.serialize_pem() })
    }
}

/// A new key on this curve and a request for a certificate with this name.
pub fn request(name: &str, curve: Curve) -> Result<(String, String), Error> {
    check_name(name)?;
    let key = curve.key()?;
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    let request = params.serialize_request(&key)?;
    Ok((request.pem()?, key.serialize_pem()))
}

fn server_params() -> Result<CertificateParams, Error> {
    let mut params = params("localhost", DEV_DAYS)?;
    params.subject_alt_names = local_names()?;
    params.extended_key_usages =
        vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn local_names() -> Result<Vec<SanType>, Error> {
    Ok(vec![
        SanType::DnsName("localhost".try_into()?),
        SanType::IpAddress(IpAddr::V4(Ipv4Addr::LOCALHOST)),
        SanType::IpAddress(IpAddr::V6(Ipv6Addr::LOCALHOST)),
    ])
}

/// A name for a client, as the command line has it.
pub fn client_name(text: &str) -> Result<String, String> {
    reference::new_name(text).map_err(|why| format!("{why}; give another name"))
}

fn check_name(name: &str) -> Result<(), Error> {
    names::check(name).map_err(|flaw| Error::Name(name.to_owned(), flaw))
}

fn client_params(name: &str, days: i64) -> Result<CertificateParams, Error> {
    check_name(name)?;
    usual_params(name, days)
}

fn usual_params(name: &str, days: i64) -> Result<CertificateParams, Error> {
    let mut params = params(name, days)?;
    if let (Ok(_), Ok(dns)) = (DnsName::try_from(name), name.try_into()) {
        params.subject_alt_names = vec![SanType::DnsName(dns)];
    }
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    Ok(params)
}

fn params(name: &str, days: i64) -> Result<CertificateParams, Error> {
    let mut params = CertificateParams::default();
    let mut random = [0; SERIAL_BYTES];
    SystemEntropy::default().fill(&mut random).map_err(Error::Entropy)?;
    params.serial_number = Some(SerialNumber::from_slice(&serial_number(random)));
    params.distinguished_name.push(DnType::CommonName, name);
    // Clocks differ a little between machines.
    params.not_before = OffsetDateTime::now_utc() - Duration::hours(1);
    params.not_after = OffsetDateTime::now_utc()
        .checked_add(Duration::days(days))
        .ok_or(rcgen::Error::CouldNotParseCertificate)?;
    params.use_authority_key_identifier_extension = true;
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    Ok(params)
}

/// Writes a file of its own mode 0600, whole or not at all. A file that exists is left alone.
pub fn write_new(path: &Path, text: &[u8]) -> Result<(), Error> {
    let failed = |why| Error::File { path: path.into(), why };
    if path.exists() {
        return Ok(());
    }
    let name = path.file_name().and_then(|name| name.to_str()).unwrap_or("file");
    let half = path.with_file_name(format!(".{name}.{}", std::process::id()));
    let mut options = std::fs::OpenOptions::new();
    let file = options.write(true).create(true).truncate(true).mode(0o600).open(&half);
    let written = file.and_then(|mut file| file.write_all(text).and_then(|()| file.sync_all()));
    written.and_then(|()| std::fs::rename(&half, path)).map_err(failed)
}
