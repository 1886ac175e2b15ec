//! Validate (KMIP 2.1, 6.1.57): whether certificates make a chain that leads to an anchor of this server's.

use crate::context::{Context, Execute};
use crate::cryptography;
use crate::objects::release;
use crate::refusal::{Cause, OpResult, refuse};
use crate::work;
use keystead_crypto::x509::{self, Verdict};
use kmip_codec::attribute;
use kmip_codec::enums::{CertificateType, State, ValidityIndicator};
use kmip_codec::objects::{Certificate, ManagedObject};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ValidateRequest, ValidateResponse};
use x509_parser::certificate::X509Certificate;
use x509_parser::prelude::FromDer as _;

/// The most certificates of a chain.
const CERTIFICATES_MAX: usize = 64;

impl Execute for ValidateRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ValidateResponse> {
        let mut certificates = self.certificates;
        let mut withdrawn = false;
        let count = certificates.len() + self.unique_identifiers.len();
        if count > CERTIFICATES_MAX {
            let text =
                format!("{count} certificates are named, and a chain may have {CERTIFICATES_MAX} here");
            return refuse(Cause::Limit, text);
        }
        for id in self.unique_identifiers {
            let object = cx.living(Some(id), Operation::Validate)?;
            let state = attribute!(object.attributes, State).next().copied();
            withdrawn |= matches!(state, Some(State::Deactivated | State::Compromised));
            match release::opened(cx, &object)? {
                ManagedObject::Certificate(certificate) => certificates.push(certificate),
                other => {
                    return refuse(
                        Cause::WrongType,
                        format!("a {:?} is no certificate", other.object_type()),
                    );
                }
            }
        }
        let bytes = certificates.iter().map(|certificate| certificate.value.len()).sum();
        cx.take_time(work::chain(certificates.len(), bytes))?;
        let at = self.validity_date.map_or_else(|| cx.now(), |date| date.0);
        let (leaf, others) = leaf(certificates)?;
        let settings = cx.settings();
        let verdict = x509::judge(&leaf.value, &values(&others), &settings.anchors, at)
            .map_err(cryptography::failed)?;
        let validity_indicator = match verdict {
            _ if withdrawn => ValidityIndicator::Invalid,
            Verdict::Valid => ValidityIndicator::Valid,
            Verdict::Invalid => ValidityIndicator::Invalid,
            Verdict::Unknown => ValidityIndicator::Unknown,
        };
        Ok(ValidateResponse { validity_indicator })
    }
}

fn values(certificates: &[Certificate]) -> Vec<bytes::Bytes> {
    certificates.iter().map(|certificate| certificate.value.clone()).collect()
}

/// The certificate that issued none of the others, and those others.
fn leaf(mut certificates: Vec<Certificate>) -> OpResult<(Certificate, Vec<Certificate>)> {
    let mut names = Vec::new();
    for certificate in &certificates {
        match X509Certificate::from_der(&certificate.value) {
            Ok((_, x509)) if certificate.certificate_type == CertificateType::X_509 => {
                names.push((x509.subject().as_raw().to_vec(), x509.issuer().as_raw().to_vec()));
            }
            _ => return refuse(Cause::InvalidField, "the certificates of a chain are X.509 in DER"),
        }
    }
    let issues = |place: usize| {
        let others = names.iter().enumerate().filter(|(other, _)| *other != place);
        let subject = names.get(place).map(|(subject, _)| subject);
        others.map(|(_, (_, issuer))| issuer).any(|issuer| Some(issuer) == subject)
    };
    let leaves: Vec<usize> = (0..names.len()).filter(|place| !issues(*place)).collect();
    match leaves.as_slice() {
        [leaf] => {
            let leaf = certificates.remove(*leaf);
            Ok((leaf, certificates))
        }
        [] => refuse(Cause::Missing, "name the certificates of one chain"),
        _ => refuse(Cause::InvalidField, "the certificates make more than one chain"),
    }
}
