//! The certificates that come in a PKCS#12 container beside its key.

use crate::context::Context;
use crate::objects::creation;
use crate::objects::object::Object;
use crate::refusal::OpResult;
use keystead_crypto::pkcs12::Certificate;
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CertificateType, LinkType};
use kmip_codec::objects::{self, ManagedObject};
use std::collections::HashMap;

/// Makes the certificates of a container objects of their own; key and certificates are linked, each to its issuer.
pub fn keep(cx: &mut Context<'_, '_>, key: &mut Object, certificates: Vec<Certificate>) -> OpResult<()> {
    let mut kept: Vec<(Object, ManagedObject)> = Vec::new();
    // That of the key comes first, where there is one.
    let has_own = certificates.first().is_some_and(|certificate| certificate.is_of_key);
    for certificate in certificates {
        let given = certificate.alias.map(Attribute::PKCS_12FriendlyName).into_iter().collect();
        let value = ManagedObject::Certificate(objects::Certificate {
            certificate_type: CertificateType::X_509,
            value: certificate.der.into(),
        });
        kept.push((super::object(cx, given, &value)?, value));
    }
    let mut subjects = HashMap::new();
    for (object, _) in &kept {
        subjects.entry(subject(object)).or_insert_with(|| object.id.clone());
    }
    for (place, (mut object, value)) in kept.into_iter().enumerate() {
        if place == 0 && has_own {
            key.link(LinkType::PKCS_12CertificateLink, &object.id);
        }
        let issuer = issuer(&object);
        if let Some(parent) = subjects.get(&issuer).filter(|_| issuer != subject(&object)) {
            object.link(LinkType::CertificateLink, parent);
        }
        creation::store(cx, object, &value)?;
    }
    Ok(())
}

fn subject(certificate: &Object) -> Option<bytes::Bytes> {
    let subject = attribute!(certificate.attributes, X_509CertificateSubject).next();
    subject.map(|subject| subject.subject_distinguished_name.clone())
}

fn issuer(certificate: &Object) -> Option<bytes::Bytes> {
    let issuer = attribute!(certificate.attributes, X_509CertificateIssuer).next();
    issuer.map(|issuer| issuer.issuer_distinguished_name.clone())
}
