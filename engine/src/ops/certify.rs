//! Certify (KMIP 2.1, 6.1.6): a certificate for a public key, by the authority that the configuration names.

use crate::certificates::{self, CertTemplate, Sent};
use crate::context::{Context, Execute};
use crate::objects::creation;
use crate::objects::object::Object;
use crate::objects::storage;
use crate::refusal::OpResult;
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, Attributes, Link};
use kmip_codec::enums::{LinkType, ObjectType};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{CertifyRequest, CertifyResponse};

impl Execute for CertifyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<CertifyResponse> {
        let sent = Sent {
            kind: self.certificate_request_type,
            value: self.certificate_request,
            identifier: self.request_identifier,
        };
        let mut template = sent.request(cx, Operation::Certify)?;
        let mut key = None;
        // A request names its key; without one the identifier, or the placeholder, must.
        if self.unique_identifier.is_some() || template.is_none() || cx.placeholder.is_some() {
            let object = cx.living(self.unique_identifier, Operation::Certify)?;
            if object.object_type() == ObjectType::CertificateRequest {
                template = Some(certificates::managed_request(cx, &object)?);
            } else {
                key = Some(object);
            }
        }
        storage::check(self.protection_storage_masks.as_ref())?;
        let given = creation::given(cx, self.attributes)?;
        let template = cert_template(cx, key.as_ref(), template, &given)?;
        let (mut certificate, value) = certificates::made(cx, template, given, Attributes::default())?;
        if let Some(mut key) = key {
            certificate.link(LinkType::PublicKeyLink, &key.id);
            let linked = certificate.id.as_str().into();
            key.attributes.add(Attribute::Link(Link { kind: LinkType::CertificateLink, linked }));
            cx.save(key)?;
        }
        let id = creation::store(cx, certificate, &value)?;
        Ok(CertifyResponse { unique_identifier: id.into(), attributes: None })
    }
}

/// What the certificate is to say: what the request asks for, for the key that was named, and what the attributes add.
fn cert_template(
    cx: &mut Context<'_, '_>,
    key: Option<&Object>,
    template: Option<CertTemplate>,
    given: &Attributes,
) -> OpResult<CertTemplate> {
    let bytes = key.map(|key| certificates::public_key(cx, key)).transpose()?;
    let mut template = match (template, bytes, key) {
        (Some(template), Some(bytes), _) => {
            template.must_be_for(&bytes)?;
            template
        }
        (Some(template), ..) => template,
        (None, bytes, key) => {
            let names = key.and_then(|key| attribute!(key.attributes, Name).next());
            let otherwise = names.map_or_else(|| key.map_or("", |key| &key.id), |name| &name.value);
            CertTemplate::described(&bytes.unwrap_or_default(), given, otherwise)?
        }
    };
    template.fill(given)?;
    Ok(template)
}
