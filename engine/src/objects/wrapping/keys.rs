//! The keys that wrap: which they are, what they may do, and how.

use crate::context::Context;
use crate::cryptography::{self, Content, Primitive, Purpose, Run, Turn, Usable, named};
use crate::lifecycle;
use crate::objects::object::Object;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use crate::rights::weakness;
use bytes::Bytes;
use keystead_crypto::cipher::Direction;
use keystead_crypto::mac::is_same;
use kmip_codec::SecretBytes;
use kmip_codec::attribute;
use kmip_codec::attributes::CryptographicParameters;
use kmip_codec::enums::{
    BlockCipherMode, CryptographicAlgorithm, CryptographicUsageMask, LinkType, ObjectType, State,
};
use kmip_codec::objects::WrappingKeyInformation;
use kmip_codec::operations::Operation;
use kmip_codec::value::UniqueIdentifier;

/// What a key does.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Role {
    /// Wraps by encryption.
    Encrypt,
    /// Unwraps.
    Decrypt,
    /// Makes a MAC or a signature.
    Authenticate,
    /// Verifies one.
    Verify,
}

impl Role {
    fn purpose(self) -> Purpose {
        match self {
            Self::Encrypt | Self::Authenticate => Purpose::Protect,
            Self::Decrypt | Self::Verify => Purpose::Process,
        }
    }

    fn primitive(self, is_pair: bool) -> Primitive {
        match self {
            Self::Encrypt | Self::Decrypt => Primitive::Cipher,
            Self::Authenticate if is_pair => Primitive::Signature,
            Self::Verify if is_pair => Primitive::Verification,
            Self::Authenticate => Primitive::Mac,
            Self::Verify => Primitive::MacVerification,
        }
    }
}

/// A role: the half of a pair that has it, the link to it from the other half, and the uses, one of which the key is
/// meant for: as a symmetric key, and as that half.
type Row = (Role, ObjectType, LinkType, &'static [CryptographicUsageMask], &'static [CryptographicUsageMask]);

const ROLES: &[Row] = {
    use CryptographicUsageMask as Use;
    &[
        (Role::Encrypt, ObjectType::PublicKey, LinkType::PublicKeyLink, &[Use::WrapKey], &[Use::WrapKey]),
        (
            Role::Decrypt,
            ObjectType::PrivateKey,
            LinkType::PrivateKeyLink,
            &[Use::UnwrapKey, Use::WrapKey],
            &[Use::UnwrapKey],
        ),
        (
            Role::Authenticate,
            ObjectType::PrivateKey,
            LinkType::PrivateKeyLink,
            &[Use::MACGenerate],
            &[Use::Sign],
        ),
        (
            Role::Verify,
            ObjectType::PublicKey,
            LinkType::PublicKeyLink,
            &[Use::MACVerify, Use::MACGenerate],
            &[Use::Verify],
        ),
    ]
};

/// A key that wraps or unwraps.
pub struct WrappingKey(Usable);

impl WrappingKey {
    /// The key that the information names, or the other half of its pair, if it may do this.
    pub fn find(
        cx: &mut Context<'_, '_>,
        information: &WrappingKeyInformation,
        role: Role,
    ) -> OpResult<Self> {
        let id = identifier(&information.unique_identifier)?.to_owned();
        let mut object = found(cx, &id)?;
        must_be_key(&object)?;
        let Some((_, half, link, symmetric, asymmetric)) = ROLES.iter().find(|row| row.0 == role) else {
            return refuse(Cause::Internal, "a role has no row");
        };
        let is_pair = cryptography::is_asymmetric(&object);
        let other = object.linked(*link).filter(|_| is_pair && object.object_type() != *half);
        if let Some(other) = other.map(str::to_owned) {
            object = found(cx, &other)?;
        }
        check(cx, &object, role, if is_pair { asymmetric } else { symmetric })?;
        let done = role.primitive(is_pair);
        let asked = information.cryptographic_parameters.clone();
        agree(&object, asked.as_ref(), role)?;
        let mut usable = Usable::new(object, asked, role.purpose(), done)?;
        complete(&mut usable, role);
        Ok(Self(usable))
    }

    fn is_pair(&self) -> bool {
        cryptography::is_asymmetric(&self.0.object)
    }

    /// Its algorithm and its bytes, where it is symmetric: other keys are derived from them.
    #[cfg(feature = "tr31")]
    pub fn secret(
        &self,
        cx: &mut Context<'_, '_>,
    ) -> OpResult<(Option<CryptographicAlgorithm>, SecretBytes)> {
        let algorithm = attribute!(self.0.object.attributes, CryptographicAlgorithm).next().copied();
        Ok((algorithm, cryptography::key_bytes(cx, &self.0.object, self.0.purpose)?))
    }

    /// Takes what was wrapped off its Usage Limits.
    pub fn spend(self, cx: &mut Context<'_, '_>, bytes: usize) -> OpResult<()> {
        cryptography::spend(cx, self.0.object, &Turn::WHOLE, bytes)
    }

    /// Encrypts; gives the IV that was made for it.
    pub fn encrypt(
        self,
        cx: &mut Context<'_, '_>,
        clear: &SecretBytes,
    ) -> OpResult<(SecretBytes, Option<Bytes>)> {
        let (data, iv) = if self.is_pair() {
            (cryptography::encrypted(cx, &self.0, clear.expose())?, None)
        } else {
            let (run, _) = Run::new(cx, &self.0, Direction::Encrypt, None)?;
            let done = run.encrypt(clear.expose(), &[], 0, true)?;
            let tag = done.tag.unwrap_or_default();
            let data = [done.data.expose(), &tag].concat().into();
            (data, Some(run.iv).filter(|iv| !iv.is_empty()))
        };
        self.spend(cx, clear.len())?;
        Ok((data, iv))
    }

    /// Decrypts.
    pub fn decrypt(
        self,
        cx: &mut Context<'_, '_>,
        data: &SecretBytes,
        iv: Option<Bytes>,
    ) -> OpResult<SecretBytes> {
        if self.is_pair() {
            return cryptography::decrypted(cx, &self.0, data.expose());
        }
        let (run, _) = Run::new(cx, &self.0, Direction::Decrypt, iv)?;
        let tag_bytes = if run.is_authenticated() { run.tag_bytes() } else { 0 };
        let Some((data, tag)) = data.len().checked_sub(tag_bytes).map(|at| data.expose().split_at(at)) else {
            return refuse(Cause::Cryptographic, "the wrapped key is shorter than its tag");
        };
        let tag = (tag_bytes > 0).then_some(tag);
        Ok(run.decrypt(data, (&[], tag), 0, true)?.data)
    }

    /// Makes the MAC or signature.
    pub fn authenticate(self, cx: &mut Context<'_, '_>, content: &SecretBytes) -> OpResult<Vec<u8>> {
        let made = if self.is_pair() {
            cryptography::signature(cx, &self.0, &Content::Data(content.expose()))?
        } else {
            cryptography::mac(cx, &self.0, content.expose())?
        };
        self.spend(cx, content.len())?;
        Ok(made)
    }

    /// Refuses unless the MAC or signature is that of the content.
    pub fn verify(self, cx: &mut Context<'_, '_>, content: &SecretBytes, mac: &[u8]) -> OpResult<()> {
        let is_right = if self.is_pair() {
            cryptography::verified(cx, &self.0, &Content::Data(content.expose()), mac)?
        } else {
            is_same(&cryptography::mac(cx, &self.0, content.expose())?, mac)
        };
        if is_right {
            return Ok(());
        }
        refuse(Cause::Cryptographic, "the MAC or signature of the wrapped key is not that of its key value")
    }
}

/// The identifier of the key. Servers before this one stored references to items of a batch that is long over.
fn identifier(id: &UniqueIdentifier) -> OpResult<&str> {
    match id {
        UniqueIdentifier::Text(id) => Ok(id),
        _ => refuse(
            Cause::WrappingKeyNotFound,
            "the key was stored with a reference to an item of its batch in the place of its wrapping key, and nothing tells \
             what that gave: get the key as it was registered",
        ),
    }
}

/// The object, or what is wrong with it as a wrapping key.
fn found(cx: &mut Context<'_, '_>, id: &str) -> OpResult<Object> {
    cx.living(Some(id.into()), Operation::Get).map_err(|halt| match halt {
        Interrupt::Refused(refusal) => {
            let cause = match refusal.cause {
                Cause::NotFound => Cause::WrappingKeyNotFound,
                Cause::Destroyed => Cause::WrappingKeyDestroyed,
                Cause::Archived => Cause::WrappingKeyArchived,
                other => other,
            };
            Interrupt::Refused(Refusal::new(cause, format!("the wrapping key: {}", refusal.message)))
        }
        need => need,
    })
}

fn must_be_key(object: &Object) -> OpResult<()> {
    match object.object_type() {
        ObjectType::SymmetricKey | ObjectType::PublicKey | ObjectType::PrivateKey => Ok(()),
        other => refuse(Cause::WrappingType, format!("a {other:?} is no key that could wrap another")),
    }
}

/// A wrapping key is Active, within its dates, and meant for what it does.
fn check(cx: &Context<'_, '_>, object: &Object, role: Role, uses: &[CryptographicUsageMask]) -> OpResult<()> {
    if object.stored_state() != Some(State::Active) {
        let state = lifecycle::state_in_words(object);
        return refuse(Cause::WrongState, format!("the wrapping key is {state}; it must be Active"));
    }
    cryptography::check_time(object, role.purpose(), cx.now())?;
    if role.purpose() == Purpose::Protect {
        weakness::check_key(cx.principal(), object)?;
    }
    let mask = attribute!(object.attributes, CryptographicUsageMask).next().copied();
    if !uses.iter().any(|wanted| mask.is_some_and(|mask| mask.contains(*wanted))) {
        let uses: Vec<String> = uses.iter().map(|wanted| format!("{wanted:?}")).collect();
        let message =
            format!("the Cryptographic Usage Mask of the wrapping key has no {}", uses.join(" or "));
        return refuse(Cause::UsageMask, message);
    }
    Ok(())
}

/// Refuses parameters that are not among those of a key that has any. Names of other algorithms among them bind nobody.
fn agree(object: &Object, asked: Option<&CryptographicParameters>, role: Role) -> OpResult<()> {
    let own = attribute!(object.attributes, CryptographicParameters);
    let own: Vec<_> = own.filter_map(|own| named::for_the_key(object, own)).collect();
    match asked.filter(|_| role.purpose() == Purpose::Protect && !own.is_empty()) {
        Some(asked) if !own.iter().any(|own| agrees(asked, own)) => refuse(
            Cause::WrappingParameters,
            "the Cryptographic Parameters are none of those that the wrapping key has",
        ),
        _ => Ok(()),
    }
}

/// Says what nobody has said: AES wraps with NIST key wrap. The server chooses the IV of a wrapped key, and says it in the
/// Key Wrapping Data.
fn complete(usable: &mut Usable, role: Role) {
    let algorithm = attribute!(usable.object.attributes, CryptographicAlgorithm).next();
    let encrypts = matches!(role, Role::Encrypt | Role::Decrypt);
    if encrypts && algorithm == Some(&CryptographicAlgorithm::AES) {
        usable.parameters.block_cipher_mode.get_or_insert(BlockCipherMode::NISTKeyWrap);
    }
    usable.parameters.random_iv = Some(true);
}

/// Whether parameters of a key allow those asked for: mode, padding and digest are the same where both say them.
fn agrees(asked: &CryptographicParameters, own: &CryptographicParameters) -> bool {
    fn same<T: PartialEq>(asked: Option<&T>, own: Option<&T>) -> bool {
        asked.is_none_or(|asked| own.is_none_or(|own| asked == own))
    }
    same(asked.block_cipher_mode.as_ref(), own.block_cipher_mode.as_ref())
        && same(asked.padding_method.as_ref(), own.padding_method.as_ref())
        && same(asked.hashing_algorithm.as_ref(), own.hashing_algorithm.as_ref())
        && same(asked.cryptographic_algorithm.as_ref(), own.cryptographic_algorithm.as_ref())
        && same(asked.digital_signature_algorithm.as_ref(), own.digital_signature_algorithm.as_ref())
}
