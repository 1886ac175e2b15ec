//! Suite B (RFC 6460; KMIP Profiles, Suite B minLOS 128 and 192): TLS 1.2 with ECDHE, ECDSA and AES-GCM on the curves of a
//! level, and certificates that fit it from end to end.

use rustls::crypto::aws_lc_rs::{cipher_suite, default_provider, kx_group};
use rustls::crypto::{CryptoProvider, WebPkiSupportedAlgorithms};
use rustls::pki_types::CertificateDer;
use rustls::{SignatureScheme, SupportedProtocolVersion};
use serde::Deserialize;
use webpki::aws_lc_rs::{ECDSA_P256_SHA256, ECDSA_P384_SHA384};
use x509_parser::der_parser::asn1_rs::{Oid, oid};
use x509_parser::prelude::{FromDer as _, X509Certificate};

/// The levels of security.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Deserialize, clap::ValueEnum)]
pub enum SuiteB {
    /// P-256 with AES-128 and SHA-256, or P-384 with AES-256 and SHA-384.
    #[serde(rename = "128")]
    #[value(name = "128")]
    Level128,
    /// P-384 with AES-256 and SHA-384 alone.
    #[serde(rename = "192")]
    #[value(name = "192")]
    Level192,
}

/// The only version of TLS that Suite B is defined for.
pub const VERSIONS: &[&SupportedProtocolVersion] = &[&rustls::version::TLS12];

const ALGORITHMS_128: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[ECDSA_P256_SHA256, ECDSA_P384_SHA384],
    mapping: &[
        (SignatureScheme::ECDSA_NISTP256_SHA256, &[ECDSA_P256_SHA256]),
        (SignatureScheme::ECDSA_NISTP384_SHA384, &[ECDSA_P384_SHA384]),
    ],
};

const ALGORITHMS_192: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[ECDSA_P384_SHA384],
    mapping: &[(SignatureScheme::ECDSA_NISTP384_SHA384, &[ECDSA_P384_SHA384])],
};

/// Curves: name, number, and the number of ECDSA with the hash that goes with it.
const CURVES: &[(&str, Oid<'static>, Oid<'static>)] = &[
    ("P-256", oid!(1.2.840.10045.3.1.7), oid!(1.2.840.10045.4.3.2)),
    ("P-384", oid!(1.3.132.0.34), oid!(1.2.840.10045.4.3.3)),
];

impl SuiteB {
    /// The number of the level.
    pub fn name(self) -> &'static str {
        match self {
            Self::Level128 => "128",
            Self::Level192 => "192",
        }
    }

    /// The least strength of the level, in bits.
    pub fn bits(self) -> u16 {
        match self {
            Self::Level128 => 128,
            Self::Level192 => 192,
        }
    }

    /// Cryptography of this level alone, the preferred suite first.
    pub fn provider(self) -> CryptoProvider {
        let small = cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256;
        let large = cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384;
        let (cipher_suites, kx_groups, signature_verification_algorithms) = match self {
            Self::Level128 => {
                (vec![small, large], vec![kx_group::SECP256R1, kx_group::SECP384R1], ALGORITHMS_128)
            }
            Self::Level192 => (vec![large], vec![kx_group::SECP384R1], ALGORITHMS_192),
        };
        CryptoProvider { cipher_suites, kx_groups, signature_verification_algorithms, ..default_provider() }
    }

    /// The certificates must all have keys and signatures of this level; otherwise, what is wrong and what to do.
    pub fn check(self, certificates: &[CertificateDer<'_>]) -> Result<(), String> {
        let curves = match self {
            Self::Level128 => CURVES,
            Self::Level192 => CURVES.get(1..).unwrap_or_default(),
        };
        let names: Vec<&str> = curves.iter().map(|curve| curve.0).collect();
        for certificate in certificates {
            let wrong = match X509Certificate::from_der(certificate) {
                Err(_) => Some("cannot be read"),
                Ok((_, certificate)) if !has_key_on(&certificate, curves) => Some("has another key"),
                Ok((_, certificate)) if !is_signed_for(&certificate, curves) => Some("has another signature"),
                Ok(_) => None,
            };
            if let Some(wrong) = wrong {
                return Err(format!(
                    "tls.suite_b = {:?} wants certificates with ECDSA on {}, and one here {wrong}. Use others, or leave \
                     tls.suite_b out; `keystead dev --suite-b {0}` makes some in a new folder",
                    self.name(),
                    names.join(" or "),
                ));
            }
        }
        Ok(())
    }
}

fn has_key_on(certificate: &X509Certificate<'_>, curves: &[(&str, Oid<'static>, Oid<'static>)]) -> bool {
    let parameters = certificate.public_key().algorithm.parameters.as_ref();
    let curve = parameters.and_then(|parameters| parameters.as_oid().ok());
    curve.is_some_and(|curve| curves.iter().any(|(_, known, _)| *known == curve))
}

fn is_signed_for(certificate: &X509Certificate<'_>, curves: &[(&str, Oid<'static>, Oid<'static>)]) -> bool {
    let signature = &certificate.signature_algorithm.algorithm;
    curves.iter().any(|(_, _, known)| known == signature)
}
