//! Certify (KMIP 2.1, 6.1.6): a certificate for a public key, by the authority that the configuration names.

use crate::engine::certificates::{self, Sent, Wish};
use crate::engine::context::{Context, Execute};
use crate::engine::objects::birth;
use crate::engine::objects::object::Object;
use crate::engine::objects::storage;
use crate::engine::refusal::Step;
use kmip_codec::attribute;
use kmip_codec::attributes::{Attribute, Attributes, Link};
use kmip_codec::enums::{LinkType, ObjectType};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{CertifyRequest, CertifyResponse};

impl Execute for CertifyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> Step<CertifyResponse> {
        let sent = Sent {
            kind: self.certificate_request_type,
            value: self.certificate_request,
            identifier: self.request_identifier,
        };
        let mut wish = sent.request(cx, Operation::Certify)?;
        let mut key = None;
        // A request names its key; without one the identifier, or the placeholder, must.
        if self.unique_identifier.is_some() || wish.is_none() || cx.placeholder.is_some() {
            let object = cx.living(self.unique_identifier, Operation::Certify)?;
            if object.object_type() == ObjectType::CertificateRequest {
                wish = Some(certificates::managed_request(cx, &object)?);
            } else {
                key = Some(object);
            }
        }
        storage::check(self.protection_storage_masks.as_ref())?;
        let given = birth::given(cx, self.attributes)?;
        let wish = wished(cx, key.as_ref(), wish, &given)?;
        let (mut certificate, value) = certificates::made(cx, wish, given, Attributes::default())?;
        if let Some(mut key) = key {
            certificate.link(LinkType::PublicKeyLink, &key.id);
            let linked = certificate.id.as_str().into();
            key.attributes.add(Attribute::Link(Link { kind: LinkType::CertificateLink, linked }));
            cx.save(key)?;
        }
        let id = birth::store(cx, certificate, &value)?;
        Ok(CertifyResponse { unique_identifier: id.into(), attributes: None })
    }
}

/// What the certificate is to say: what the request asks for, for the key that was named, and what the attributes add.
fn wished(
    cx: &mut Context<'_, '_>,
    key: Option<&Object>,
    wish: Option<Wish>,
    given: &Attributes,
) -> Step<Wish> {
    let bytes = key.map(|key| certificates::public_key(cx, key)).transpose()?;
    let mut wish = match (wish, bytes, key) {
        (Some(wish), Some(bytes), _) => {
            wish.must_be_for(&bytes)?;
            wish
        }
        (Some(wish), ..) => wish,
        (None, bytes, key) => {
            let names = key.and_then(|key| attribute!(key.attributes, Name).next());
            let otherwise = names.map_or_else(|| key.map_or("", |key| &key.id), |name| &name.value);
            Wish::described(&bytes.unwrap_or_default(), given, otherwise)?
        }
    };
    wish.fill(given)?;
    Ok(wish)
}
