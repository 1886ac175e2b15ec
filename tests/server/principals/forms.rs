//! Revocation lists written byte by byte, so that each can have a fault, or be written as only some CAs do.

use super::dates::Authority;
use super::*;
use base64ct::{Base64, Encoding as _};
use rcgen::SigningKey as _;
use std::fmt::Write as _;
use time::{Duration, OffsetDateTime};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// What OpenSSL, GnuTLS and others call a list in PEM.
const LABEL: &str = "X509 CRL";

/// ECDSA with SHA-256, and with SHA-384.
pub const SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
pub const SHA384: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 3];

/// A value with its tag and length.
pub fn tlv(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = match content.len() {
        short @ ..0x80 => vec![u8::try_from(short).unwrap()],
        long @ ..0x100 => vec![0x81, u8::try_from(long).unwrap()],
        long => [&[0x82][..], &u16::try_from(long).unwrap().to_be_bytes()].concat(),
    };
    [&[tag][..], &length, &content].concat()
}

/// A name of this common name, as a text of this type.
pub fn common_name(tag: u8, text: &[u8]) -> Vec<u8> {
    let part = tlv(0x30, &[&[6, 3, 0x55, 4, 3], &tlv(tag, &[text])]);
    tlv(0x30, &[&tlv(0x31, &[&part])])
}

/// An extension 2.5.29.x.
pub fn extension(number: u8, is_critical: bool, value: &[u8]) -> Vec<u8> {
    let critical: &[u8] = if is_critical { &[1, 1, 0xff] } else { &[] };
    tlv(0x30, &[&[6, 3, 0x55, 0x1d, number], critical, &tlv(4, &[value])])
}

/// An entry for this serial number as it stands, with these extensions.
pub fn entry(serial: &[u8], extensions: &[u8]) -> Vec<u8> {
    let extensions = if extensions.is_empty() { Vec::new() } else { tlv(0x30, &[extensions]) };
    tlv(0x30, &[&tlv(2, &[serial]), &at(-60), &extensions])
}

/// The serial number of a certificate, as it stands there.
pub fn serial(pair: &Pair) -> Vec<u8> {
    let der = der(pair);
    X509Certificate::from_der(&der).unwrap().1.raw_serial().to_vec()
}

fn at(seconds: i64) -> Vec<u8> {
    let time = OffsetDateTime::now_utc() + Duration::seconds(seconds);
    let (date, clock) = (time.date(), time.time());
    let mut text = String::new();
    write!(text, "{:02}{:02}{:02}", date.year() % 100, u8::from(date.month()), date.day()).unwrap();
    write!(text, "{:02}{:02}{:02}Z", clock.hour(), clock.minute(), clock.second()).unwrap();
    tlv(0x17, &[text.as_bytes()])
}

/// What is to be signed. A test changes what it is about.
#[derive(Clone)]
pub struct Form {
    pub version: Vec<u8>,
    pub algorithm: Vec<u8>,
    pub issuer: Vec<u8>,
    pub made: i64,
    pub due: Option<i64>,
    pub entries: Vec<Vec<u8>>,
    pub extensions: Vec<Vec<u8>>,
}

impl Form {
    /// An honest list of the CA of this name.
    pub fn of(name: &str, revoked: &[&Pair]) -> Self {
        Self {
            version: vec![2, 1, 1],
            algorithm: SHA256.to_vec(),
            issuer: common_name(0x0c, name.as_bytes()),
            made: -120,
            due: Some(3600),
            entries: revoked.iter().map(|pair| entry(&serial(pair), &[])).collect(),
            extensions: vec![extension(20, false, &[2, 1, 5])],
        }
    }

    /// The same with something changed.
    pub fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    /// The list, DER.
    pub fn signed(&self, signer: &Authority) -> Vec<u8> {
        let due = self.due.map(at).unwrap_or_default();
        let revoked = match self.entries.is_empty() {
            true => Vec::new(),
            false => tlv(0x30, &[&self.entries.concat()]),
        };
        let extensions = match self.extensions.is_empty() {
            true => Vec::new(),
            false => tlv(0xa0, &[&tlv(0x30, &[&self.extensions.concat()])]),
        };
        let parts =
            [&self.version, &self.algorithm, &self.issuer, &at(self.made), &due, &revoked, &extensions];
        let body = tlv(0x30, &parts.map(Vec::as_slice));
        let signature = signer.key().sign(&body).unwrap();
        tlv(0x30, &[&body, SHA256, &tlv(3, &[&[0], &signature])])
    }

    /// The list, PEM.
    pub fn pem(&self, signer: &Authority) -> String {
        pem(&self.signed(signer))
    }
}

/// A list in PEM.
pub fn pem(der: &[u8]) -> String {
    let text = Base64::encode_string(der);
    format!("-----BEGIN {LABEL}-----\n{text}\n-----END {LABEL}-----\n")
}
