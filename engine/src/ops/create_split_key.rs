//! Create Split Key (KMIP 2.1, 6.1.10): the parts of a new key, or of one that is there.

use crate::context::{Context, Execute};
use crate::cryptography::{self, Purpose};
use crate::material;
use crate::objects::creation;
use crate::objects::object::Object;
use crate::objects::raw;
use crate::objects::splitting;
use crate::objects::storage;
use crate::refusal::{Cause, Interrupt, OpResult, refuse};
use crate::rights::weakness::{self, Means};
use kmip_codec::attributes::{Attribute, Attributes};
use kmip_codec::enums::{KeyFormatType, LinkType, ObjectType};
use kmip_codec::objects::{KeyBlock, ManagedObject, SplitKey};
use kmip_codec::operations::Operation;
use kmip_codec::payloads::{CreateSplitKeyRequest, CreateSplitKeyResponse};
use kmip_codec::{SecretBytes, Tag, attribute};
use zeroize::Zeroizing;

/// What the parts have from the key, whatever the request says: also that it may not leave the server.
const OF_THE_KEY: &[Tag] = &[
    Tag::CryptographicAlgorithm,
    Tag::CryptographicLength,
    Tag::CryptographicUsageMask,
    Tag::Sensitive,
    Tag::Extractable,
];

/// The longest secret that is split, in bytes: each part is as long, or longer.
const SECRET_BYTES_MAX: usize = 1 << 13;

impl Execute for CreateSplitKeyRequest {
    fn execute(mut self, cx: &mut Context<'_, '_>) -> OpResult<CreateSplitKeyResponse> {
        if self.object_type != ObjectType::SplitKey {
            let text = format!("Create Split Key makes Split Keys, not a {:?}", self.object_type);
            return refuse(Cause::WrongType, text);
        }
        let (parts, threshold) = splitting::counts(self.method, self.parts, self.threshold)?;
        let scheme = splitting::scheme(cx, self.method, self.prime_field_size.as_ref())?;
        storage::check(self.protection_storage_masks.as_ref())?;
        let mut given = creation::given(cx, Some(std::mem::take(&mut self.attributes)))?;
        let (mut base, secret, inherited) = match self.unique_identifier.take() {
            Some(id) => {
                let base = cx.living(Some(id), Operation::CreateSplitKey)?;
                let secret = secret_of(cx, &base)?;
                let inherited = take_over(&mut given, &base);
                (Some(base), secret, inherited)
            }
            None => (None, fresh(cx, &given)?, Attributes::default()),
        };
        if secret.len() > SECRET_BYTES_MAX {
            let text =
                format!("the secret has {} bytes; this server splits {SECRET_BYTES_MAX}", secret.len());
            return refuse(Cause::Limit, text);
        }
        cx.take_time(splitting::work(&scheme, secret.len(), usize::from(parts) * usize::from(threshold)))?;
        let mut random = Zeroizing::new(vec![0; scheme.random_bytes(secret.len(), threshold)]);
        cx.entropy.fill(&mut random).map_err(Interrupt::Need)?;
        let shares =
            scheme.split(secret.expose(), parts, threshold, &random).map_err(cryptography::failed)?;
        let mut identifiers: Vec<String> = Vec::new();
        for (number, share) in (1..).zip(&shares) {
            let first = identifiers.first().map(String::as_str);
            let made = part(cx, &self, (&inherited, &given), (base.as_mut(), first), number, share)?;
            identifiers.push(made);
        }
        if let Some(base) = base {
            cx.save(base)?;
        }
        cx.placeholder = identifiers.first().cloned();
        let unique_identifiers = identifiers.into_iter().map(Into::into).collect();
        Ok(CreateSplitKeyResponse { unique_identifiers, attributes: None })
    }
}

/// Stores a part, and links it and the key to each other. It remembers the first part of its split.
fn part(
    cx: &mut Context<'_, '_>,
    request: &CreateSplitKeyRequest,
    (inherited, given): (&Attributes, &Attributes),
    (base, first): (Option<&mut Object>, Option<&str>),
    number: i32,
    share: &[u8],
) -> OpResult<String> {
    let mut object = creation::inheriting(cx, ObjectType::SplitKey, inherited.clone(), given.clone(), true)?;
    object.split = Some(first.unwrap_or(&object.id).to_owned());
    let share = SecretBytes::from(share);
    creation::require_raw(&object)?;
    object.attributes.set(Attribute::KeyFormatType(KeyFormatType::Raw));
    object.attributes.set(creation::digest(&share, Some(KeyFormatType::Raw)));
    if let Some(base) = base {
        object.add_link(LinkType::ParentLink, &base.id);
        base.add_link(LinkType::ChildLink, &object.id);
    }
    let key_block = KeyBlock {
        cryptographic_algorithm: attribute!(object.attributes, CryptographicAlgorithm).next().copied(),
        cryptographic_length: attribute!(object.attributes, CryptographicLength).next().copied(),
        ..raw::block(share)
    };
    let value = ManagedObject::SplitKey(SplitKey {
        parts: request.parts,
        part_identifier: number,
        threshold: request.threshold,
        method: request.method,
        prime_field_size: request.prime_field_size.clone(),
        key_block,
    });
    creation::store(cx, object, &value)
}

/// The bytes of a key that is there; a private key in the encoding that every algorithm has.
fn secret_of(cx: &mut Context<'_, '_>, base: &Object) -> OpResult<SecretBytes> {
    match base.object_type() {
        ObjectType::SymmetricKey | ObjectType::SecretData => {
            cryptography::key_bytes(cx, base, Purpose::Process)
        }
        ObjectType::PrivateKey => {
            let mut block = cryptography::key_block(cx, base, Purpose::Process)?;
            material::usable(&mut block, KeyFormatType::PKCS_8)?;
            match material::clear_material(&block) {
                Some(bytes) => Ok(bytes),
                None => refuse(Cause::NoKeyValue, "the server does not hold the key value"),
            }
        }
        other => refuse(
            Cause::WrongType,
            format!("symmetric keys, private keys and secrets are split, not a {other:?}"),
        ),
    }
}

/// The attributes of the key take precedence over those of the request.
fn take_over(given: &mut Attributes, base: &Object) -> Attributes {
    given.0.retain(|entry| !OF_THE_KEY.contains(&entry.attribute.tag()));
    base.attributes.iter().filter(|attribute| OF_THE_KEY.contains(&attribute.tag())).cloned().collect()
}

/// A new key that nobody ever holds whole.
fn fresh(cx: &mut Context<'_, '_>, given: &Attributes) -> OpResult<SecretBytes> {
    let algorithm = attribute!(given, CryptographicAlgorithm).next().copied();
    let length = attribute!(given, CryptographicLength).next().copied();
    let (Some(algorithm), Some(bits)) = (algorithm, length) else {
        return refuse(
            Cause::Missing,
            "a new key needs Cryptographic Algorithm and Length; or name the key to split",
        );
    };
    if !given.iter().any(|attribute| attribute.tag() == Tag::CryptographicUsageMask) {
        return refuse(Cause::Missing, "Cryptographic Usage Mask is missing");
    }
    weakness::check(cx.principal(), Means::Key(algorithm, Some(bits), None))?;
    let bytes = material::symmetric_bytes(algorithm, bits)?;
    material::random(cx.entropy, Some(algorithm), bytes)
}
