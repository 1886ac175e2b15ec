//! Re-Provision (KMIP 2.1, 6.1.48): another certificate for the client to log in with, in place of the one that it has.
//!
//! The client asks as itself, with a certificate that is good; the new one names the same client and gives it the same
//! standing. The old one ends with the message: it still fetches what the server has made, and does nothing else, until
//! the new one is used.

use crate::certificates::{self, CertTemplate};
use crate::context::{Context, Execute};
use crate::fulfilled::Credential;
use crate::lifecycle::move_to;
use crate::lifecycle::states::Event;
use crate::material;
use crate::need::{CertificateRequest, KeyPair, PairKind};
use crate::objects::creation;
use crate::objects::intake;
use crate::objects::object::Object;
use crate::objects::pair;
use crate::objects::release;
use crate::refusal::{Cause, OpResult, refuse};
use crate::rights::credentials;
use crate::rights::principal::Principal;
use kmip_codec::attributes::{Attribute, Attributes, CryptographicDomainParameters, RevocationReason};
use kmip_codec::enums::*;
use kmip_codec::objects::{self, Certificate, ManagedObject};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ReProvisionRequest, ReProvisionResponse};
use kmip_codec::value::DateTime;

impl Execute for ReProvisionRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ReProvisionResponse> {
        must_be_itself(cx)?;
        let client = cx.principal().name.clone();
        let until = cx.principal().identity.validity.map(|dates| dates.until);
        let wanted = match (self.certificate_request, self.certificate) {
            (None, None) => CertificateRequest::GenerateKeyPair { client, until },
            (Some(request), None) => {
                CertificateRequest::SignKey { key: key_of(cx, &request, &client)?, client, until }
            }
            (None, Some(certificate)) if certificate.certificate_type == CertificateType::X_509 => {
                CertificateRequest::UseCertificate(certificate.value.to_vec())
            }
            (None, Some(_)) => {
                return refuse(Cause::FeatureNotSupported, "clients log in with X.509 certificates");
            }
            (Some(_), Some(_)) => {
                return refuse(Cause::InvalidField, "send a Certificate Request or a Certificate, not both");
            }
        };
        let new = cx.fulfilled.credential(&wanted)?;
        must_stand_alike(cx, &new.holder)?;
        let mut certificate = kept(cx, &new)?;
        let mut answer = certificate.id.clone();
        let mut successors = match wanted {
            CertificateRequest::UseCertificate(_) => Vec::new(),
            _ => vec![answer.clone()],
        };
        if let Some(made) = &new.pair {
            answer = keep_pair(cx, &mut certificate, made)?;
            successors.push(answer.clone());
        }
        let value = certificate_value(&new);
        let before = credentials::replace(cx.draft, &new, &certificate, successors)?;
        creation::store(cx, certificate, &value)?;
        if let Some(before) = before {
            supersede(cx, &before)?;
        }
        cx.placeholder = Some(answer.clone());
        Ok(ReProvisionResponse { unique_identifier: Some(answer.into()) })
    }
}

/// Only the client itself asks, by a certificate that is good.
fn must_be_itself(cx: &mut Context<'_, '_>) -> OpResult<()> {
    let principal = cx.principal();
    if principal.identity.user.is_some() || cx.draft.grant().is_some() {
        return refuse(
            Cause::Denied,
            "a client replaces its own certificate: not with a ticket, a credential in the header, or later",
        );
    }
    if !credentials::is_whole(cx.draft, &principal.identity)? {
        return refuse(
            Cause::Denied,
            "the certificate of this client has expired, was replaced already, or was revoked",
        );
    }
    Ok(())
}

/// The key of a request, which names this client or nobody.
fn key_of(cx: &Context<'_, '_>, request: &objects::CertificateRequest, client: &str) -> OpResult<Vec<u8>> {
    let template = CertTemplate::of_login(request.certificate_request_type, &request.value)?;
    certificates::check_strength(cx, &template)?;
    match template.common_name() {
        Some(name) if name != client => refuse(
            Cause::Denied,
            format!("the request is for {name:?}: the certificate of this client names {client:?}"),
        ),
        _ => Ok(template.key_der()),
    }
}

/// The new certificate must not make anybody else of the client, nor give or take rights.
fn must_stand_alike(cx: &Context<'_, '_>, new: &Principal) -> OpResult<()> {
    let now = cx.principal();
    let alike = Principal { identity: now.identity.clone(), ..new.clone() };
    if new.name != now.name {
        let text = format!("the certificate is for {:?}, and this client is {:?}", new.name, now.name);
        return refuse(Cause::Denied, text);
    }
    if new.identity.fingerprint == now.identity.fingerprint {
        return refuse(Cause::InvalidField, "this is the certificate that the client has already");
    }
    if alike != *now {
        return refuse(
            Cause::Denied,
            "the configuration of the server says something of this certificate by its fingerprint, which would not \
             hold for another: ask the operator",
        );
    }
    Ok(())
}

fn certificate_value(new: &Credential) -> ManagedObject {
    let value = new.certificate.clone().into();
    ManagedObject::Certificate(Certificate { certificate_type: CertificateType::X_509, value })
}

/// The certificate as an object of the client alone, whatever it shares by default: who can revoke it locks it out.
fn kept(cx: &mut Context<'_, '_>, new: &Credential) -> OpResult<Object> {
    let active = Attribute::ActivationDate(DateTime(cx.now()));
    let mut object = intake::object(cx, [active].into_iter().collect(), &certificate_value(new))?;
    object.group = None;
    Ok(object)
}

/// Keeps a pair that was made for the client, linked to its certificate; returns the identifier of the private key. Refused where
/// the client could not fetch that: nothing else of its would be let in any more.
fn keep_pair(cx: &mut Context<'_, '_>, certificate: &mut Object, made: &KeyPair) -> OpResult<String> {
    let mut private = half(cx, ObjectType::PrivateKey, CryptographicUsageMask::Sign, made)?;
    release::must_be_had(cx, &private)?;
    let mut public = half(cx, ObjectType::PublicKey, CryptographicUsageMask::Verify, made)?;
    (private.group, public.group) = (None, None);
    certificate.link(LinkType::PublicKeyLink, &public.id);
    private.link(LinkType::CertificateLink, &certificate.id);
    public.link(LinkType::CertificateLink, &certificate.id);
    pair::store(cx, private, public, made).map(|(private, _)| private)
}

fn half(
    cx: &mut Context<'_, '_>,
    object_type: ObjectType,
    mask: CryptographicUsageMask,
    made: &KeyPair,
) -> OpResult<Object> {
    let algorithm = material::algorithm_of(&made.private_pkcs8).unwrap_or(CryptographicAlgorithm::EC);
    let mut given: Attributes = [
        Attribute::CryptographicAlgorithm(algorithm),
        Attribute::CryptographicUsageMask(mask),
        Attribute::ActivationDate(DateTime(cx.now())),
    ]
    .into_iter()
    .collect();
    if let PairKind::Ec(curve) = made.kind {
        given.push(Attribute::CryptographicDomainParameters(CryptographicDomainParameters {
            recommended_curve: Some(curve),
            ..CryptographicDomainParameters::default()
        }));
    }
    creation::object(cx, object_type, given, true)
}

/// Revokes the managed certificate of before.
fn supersede(cx: &mut Context<'_, '_>, id: &str) -> OpResult<()> {
    let mut old = cx.draft.object(id, Operation::ReProvision)?;
    move_to(&mut old, Event::Deactivate)?;
    old.attributes.set(Attribute::DeactivationDate(DateTime(cx.now())));
    old.attributes.set(Attribute::RevocationReason(RevocationReason {
        code: RevocationReasonCode::Superseded,
        ..RevocationReason::default()
    }));
    cx.save(old)
}
