//! The PEM files of a client. What is not what is needed is said in words, with what to do.

use super::Error;
use keystead_base::regular::open_to_all;
use keystead_base::text;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use zeroize::Zeroizing;

/// Where the files are.
#[derive(Clone, Debug)]
pub struct Files {
    /// The client's certificate with its chain.
    pub cert: PathBuf,
    /// Its private key.
    pub key: PathBuf,
    /// The CA of the servers.
    pub ca: PathBuf,
}

impl Files {
    /// What a person should know of the private key.
    pub fn warning(&self) -> Option<String> {
        open_to_all(&self.key)
    }
}

/// The certificates in a file; `option` is what names the file on the command line.
pub fn certificates(path: &Path, option: &str) -> Result<Vec<CertificateDer<'static>>, Error> {
    let text = read(path)?;
    let all: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    match all {
        Ok(all) if !all.is_empty() => Ok(all),
        _ => Err(unfit(path, &text, "certificate", option)),
    }
}

/// The private key in a file.
pub fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, Error> {
    let text = read(path)?;
    PrivateKeyDer::from_pem_slice(&text).map_err(|_| unfit(path, &text, "private key", "--key"))
}

fn read(path: &Path) -> Result<Zeroizing<Vec<u8>>, Error> {
    let advice = "give its path with --cert, --key or --ca, or in the file given with --config";
    text::read(path).map_err(|error| Error::setup(format!("{}: {error}", text::path(path)), advice))
}

/// What the first line of a PEM block, or one below it, tells: the mark, and what it is a mark of. The first that is
/// there counts.
const MARKS: &[(&str, &str)] = &[
    ("BEGIN ENCRYPTED PRIVATE KEY", ENCRYPTED),
    ("Proc-Type: 4,ENCRYPTED", ENCRYPTED),
    ("CERTIFICATE REQUEST-", "a request for a certificate"),
    ("PRIVATE KEY-", "a private key"),
    ("PUBLIC KEY-", "a public key"),
    ("BEGIN CERTIFICATE", "a certificate"),
    ("-----BEGIN", "something else"),
];

const ENCRYPTED: &str = "a private key encrypted with a passphrase";

/// Whether it begins with the mark that editors write before UTF-16.
fn is_wide(content: &[u8]) -> bool {
    matches!(content, [0xff, 0xfe, ..] | [0xfe, 0xff, ..])
}

/// Whether it begins as a container of PKCS#12 in DER does: a sequence, the version 3, a sequence (RFC 7292, section 4).
fn is_pkcs12(content: &[u8]) -> bool {
    let start = content.get(..content.len().min(10)).unwrap_or_default();
    start.starts_with(b"\x30") && start.windows(4).any(|bytes| bytes == b"\x02\x01\x03\x30")
}

fn unfit(path: &Path, content: &[u8], wanted: &str, option: &str) -> Error {
    let all = Zeroizing::new(String::from_utf8_lossy(content).into_owned());
    let mark = MARKS.iter().find(|(mark, _)| all.contains(mark)).map(|(_, what)| *what);
    let shown = text::path(path);
    let found = match mark {
        _ if content.iter().all(u8::is_ascii_whitespace) => "is empty".to_owned(),
        None if is_wide(content) => "is text of UTF-16".to_owned(),
        None if is_pkcs12(content) => "is PKCS#12 (a certificate and its key in one file)".to_owned(),
        None => "is not PEM (text that begins with -----BEGIN)".to_owned(),
        Some(what) if what.strip_prefix("a ") == Some(wanted) => {
            format!("holds {what} that is damaged or cut off")
        }
        Some(what) => format!("holds {what}"),
    };
    let advice = match (mark, wanted) {
        (Some(ENCRYPTED), "private key") => format!(
            "nobody types it when a machine starts: write the key without one (`openssl pkey -in {shown} -out NEW.key`, \
             then `chmod 600 NEW.key`) and give that with --key"
        ),
        (Some("a certificate"), "private key") => "are --cert and --key swapped?".to_owned(),
        (Some("a private key" | ENCRYPTED), _) if option == "--cert" => {
            "are --cert and --key swapped?".to_owned()
        }
        (Some("a request for a certificate"), _) => "give the certificate that the CA made of it".to_owned(),
        (None, _) if is_wide(content) => {
            format!("`iconv -f UTF-16 -t UTF-8 {shown} >NEW.pem` writes PEM (`chmod 600 NEW.pem` for a key)")
        }
        (None, "private key") if is_pkcs12(content) => {
            format!(
                "`openssl pkcs12 -in {shown} -nocerts -noenc -out NEW.key` writes the key (then `chmod 600 NEW.key`)"
            )
        }
        (None, _) if is_pkcs12(content) => {
            format!("`openssl pkcs12 -in {shown} -nokeys -out NEW.pem` writes the certificates")
        }
        (None, "private key") if !content.is_empty() => {
            format!("where it is DER, `openssl pkey -inform DER -in {shown} -out NEW.key` writes PEM")
        }
        (None, _) if !content.is_empty() => {
            format!("where it is DER, `openssl x509 -inform DER -in {shown} -out NEW.pem` writes PEM")
        }
        _ => format!("give the right file with {option}"),
    };
    Error::setup(format!("{shown} {found}, and a {wanted} in PEM is needed"), advice)
}
