//! Certificates that this server makes (KMIP 2.1, 6.1.6 and 6.1.45): what is cert_template for, the authority that the
//! configuration names, and the certificate itself.

mod authority;
mod cert_template;
mod make;
mod proof;

pub use authority::Issuer;
pub use cert_template::CertTemplate;

use crate::context::Context;
use crate::cryptography::{self, Purpose};
use crate::material::{self, Truth};
use crate::objects::intake;
use crate::objects::object::Object;
use crate::objects::release;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use crate::rights::weakness::{self, Means};
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{CertificateRequestType, CertificateType, KeyFormatType, LinkType, ObjectType};
use kmip_codec::objects::{Certificate, KeyMaterial, KeyValue, ManagedObject, PlainKeyValue};
use kmip_codec::operations::Operation;
use kmip_codec::value::{DateTime, UniqueIdentifier};

/// A request for a certificate as it comes in a message: the bytes with their type, or a managed request.
pub struct Sent {
    /// What kind of request it is.
    pub kind: Option<CertificateRequestType>,
    /// The request.
    pub value: Option<bytes::Bytes>,
    /// A managed request.
    pub identifier: Option<UniqueIdentifier>,
}

impl Sent {
    /// The request to read, if there is one.
    pub fn request(self, cx: &mut Context<'_, '_>, operation: Operation) -> OpResult<Option<CertTemplate>> {
        if let Some(id) = self.identifier {
            let object = cx.living(Some(id), operation)?;
            return managed_request(cx, &object).map(Some);
        }
        match (self.kind, self.value) {
            (Some(kind), Some(value)) => CertTemplate::requested(kind, &value).map(Some),
            (None, Some(_)) => refuse(Cause::Missing, "name the Certificate Request Type of the request"),
            _ => Ok(None),
        }
    }
}

/// The key with which a client wants to log in, X.509 SubjectPublicKeyInfo DER: that of a request, PEM.
pub fn login_key(request: &str) -> Result<Vec<u8>, Refusal> {
    match CertTemplate::of_login(CertificateRequestType::PEM, request.as_bytes()) {
        Ok(template) => Ok(template.key_der()),
        Err(Interrupt::Refused(refusal)) => Err(refusal),
        Err(Interrupt::Need(need)) => Err(Refusal::new(Cause::Internal, format!("{need:?}"))),
    }
}

/// The template of a managed certificate request.
pub fn managed_request(cx: &mut Context<'_, '_>, object: &Object) -> OpResult<CertTemplate> {
    match release::opened(cx, object)? {
        ManagedObject::CertificateRequest(request) => {
            CertTemplate::requested(request.certificate_request_type, &request.value)
        }
        other => {
            let message = format!("a {:?} is no certificate request", other.object_type());
            refuse(Cause::WrongType, message)
        }
    }
}

/// The public key of an object, X.509 SubjectPublicKeyInfo DER.
pub fn public_key(cx: &mut Context<'_, '_>, object: &Object) -> OpResult<Vec<u8>> {
    if object.object_type() != ObjectType::PublicKey {
        let message = format!("a certificate is made for a Public Key, not for a {:?}", object.object_type());
        return refuse(Cause::WrongType, message);
    }
    let mut block = cryptography::key_block(cx, object, Purpose::Protect)?;
    material::in_format(&mut block, KeyFormatType::X_509)?;
    match &block.key_value {
        Some(KeyValue::Plain(PlainKeyValue { key_material: KeyMaterial::Bytes(der), .. })) => {
            Ok(der.expose().to_vec())
        }
        _ => refuse(Cause::NoKeyValue, "the server does not hold the public key in clear"),
    }
}

/// A certificate vouches for a key from now on.
pub fn check_strength(cx: &Context<'_, '_>, template: &CertTemplate) -> OpResult<()> {
    match material::of_public_key(&template.key_der()) {
        Truth::Pair(key) => {
            weakness::check(cx.principal(), Means::Key(key.algorithm, key.strength_bits(), key.curve))
        }
        _ => Ok(()),
    }
}

/// The certificate that fulfils a template, as an object with these attributes, not stored yet.
pub fn made(
    cx: &mut Context<'_, '_>,
    template: CertTemplate,
    given: Attributes,
    inherited: Attributes,
) -> OpResult<(Object, ManagedObject)> {
    let kind = attribute!(given, CertificateType).next().copied();
    if kind.is_some_and(|kind| kind != CertificateType::X_509) {
        return refuse(Cause::FeatureNotSupported, "the certificates that this server makes are X.509");
    }
    let date = |attributes: &Attributes, tag| {
        attributes.0.iter().find_map(|entry| match &entry.attribute {
            Attribute::ActivationDate(date) if tag == kmip_codec::Tag::ActivationDate => Some(date.0),
            Attribute::DeactivationDate(date) if tag == kmip_codec::Tag::DeactivationDate => Some(date.0),
            _ => None,
        })
    };
    let either = |tag| date(&given, tag).or_else(|| date(&inherited, tag));
    let from = either(kmip_codec::Tag::ActivationDate);
    let until = either(kmip_codec::Tag::DeactivationDate);
    check_strength(cx, &template)?;
    let issuer = Issuer::configured(cx)?;
    let value = make::certificate(cx, &issuer, template, from, until)?;
    issuer.spend(cx)?;
    let value = ManagedObject::Certificate(Certificate {
        certificate_type: CertificateType::X_509,
        value: value.into(),
    });
    let given =
        given.0.into_iter().map(|entry| entry.attribute).filter(|a| !cert_template::is_wish(a)).collect();
    let mut object = intake::inheriting(cx, inherited, given, &value)?;
    object.attributes.set(Attribute::OriginalCreationDate(DateTime(cx.now())));
    Ok((object, value))
}

/// The public key that a certificate is linked to, if it is still there.
pub fn linked_key(
    cx: &mut Context<'_, '_>,
    certificate: &Object,
    operation: Operation,
) -> OpResult<Option<Object>> {
    let Some(id) = certificate.linked(LinkType::PublicKeyLink).map(str::to_owned) else { return Ok(None) };
    let key = cx.draft.object(&id, operation)?;
    Ok((!key.is_destroyed()).then_some(key))
}
