//! Re-certify (KMIP 2.1, 6.1.45): a certificate that takes the place of another, for the same key.

use crate::certificates::{self, CertTemplate, Sent};
use crate::context::{Context, Execute};
use crate::objects::creation;
use crate::objects::object::{self, Object};
use crate::objects::rekey;
use crate::objects::release;
use crate::objects::storage;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::attribute;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::LinkType;
use kmip_codec::objects::ManagedObject;
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{ReCertifyRequest, ReCertifyResponse};
use std::collections::BTreeSet;

impl Execute for ReCertifyRequest {
    fn execute(self, cx: &mut Context<'_, '_>) -> OpResult<ReCertifyResponse> {
        let mut old = cx.living(self.unique_identifier, Operation::ReCertify)?;
        let ManagedObject::Certificate(value) = release::opened(cx, &old)? else {
            let message = format!("Re-certify is for certificates, not for a {:?}", old.object_type());
            return refuse(Cause::WrongType, message);
        };
        let renewed = CertTemplate::renewed(&value.value)?;
        let sent = Sent {
            kind: self.certificate_request_type,
            value: self.certificate_request,
            identifier: self.request_identifier,
        };
        let key = certificates::linked_key(cx, &old, Operation::ReCertify)?;
        let mut template = match sent.request(cx, Operation::ReCertify)? {
            Some(template) => {
                template.must_be_for(&renewed.key_der())?;
                template
            }
            None => renewed,
        };
        storage::check(self.protection_storage_masks.as_ref())?;
        let mut given = creation::given(cx, self.attributes)?;
        rekey::check_offset(cx.version, &given, self.offset)?;
        template.fill(&given)?;
        let mut inherited = rekey::inherited(&old, self.offset, cx.now())?;
        inherited.0.retain(|entry| !creation::is_name(&entry.attribute));
        // The names of the old certificate come behind those of the request.
        let named: BTreeSet<Vec<u8>> =
            given.iter().filter(|given| creation::is_name(given)).map(object::encoded).collect();
        let names = attribute!(old.attributes, Name).cloned().map(Attribute::Name);
        for name in names.filter(|name| !named.contains(&object::encoded(name))) {
            given.push(name);
        }
        old.attributes.remove_tag(kmip_codec::Tag::Name);
        let (mut new, value) = certificates::made(cx, template, given, inherited)?;
        new.group.clone_from(&old.group);
        if let Some(key) = key {
            new.link(LinkType::PublicKeyLink, &key.id);
            turn(cx, key, &old, &new)?;
        }
        rekey::link(&mut old, &mut new, cx.now());
        cx.save(old)?;
        let id = creation::store(cx, new, &value)?;
        Ok(ReCertifyResponse { unique_identifier: id.into(), attributes: None })
    }
}

/// Turns the link of the public key from the old certificate to the new one.
fn turn(cx: &mut Context<'_, '_>, mut key: Object, old: &Object, new: &Object) -> OpResult<()> {
    key.attributes.remove_where(|attribute| match attribute {
        Attribute::Link(link) => {
            link.kind == LinkType::CertificateLink && link.linked == old.id.as_str().into()
        }
        _ => false,
    });
    key.attributes.add(Attribute::Link(kmip_codec::attributes::Link {
        kind: LinkType::CertificateLink,
        linked: new.id.as_str().into(),
    }));
    cx.save(key)
}
