//! Cryptography with managed keys: which key may be used for what, with which parameters, on data that comes whole or
//! in parts. The cryptography itself stands in [`keystead_crypto`].

mod asymmetric;
mod hashing;
mod judge;
mod modes;
pub mod named;
pub mod streaming;
mod symmetric;

pub use asymmetric::{Content, decrypted, encrypted, is_asymmetric, loaded, signature, verified};
pub use hashing::{agrees, digest_of, digest_of_hmac, mac, protecting_digest};
pub use named::{Primitive, Source};
pub use streaming::Turn;
pub use symmetric::Run;

use crate::context::Context;
use crate::lifecycle;
use crate::material;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, Refusal, refuse};
use crate::rights::weakness;
use crate::work;
use keystead_crypto as crypto;
use kmip_codec::attributes::{Attribute, CryptographicParameters};
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, State, UsageLimitsUnit};
use kmip_codec::objects::KeyBlock;
use kmip_codec::operations::Operation;
use kmip_codec::value::{Data, UniqueIdentifier};
use kmip_codec::{SecretBytes, attribute};

/// Whether a key protects something new or works on what is protected (KMIP 2.1, 4.57): dates and states tell them
/// apart.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Purpose {
    /// Encrypt, sign, make a MAC.
    Protect,
    /// Decrypt, verify.
    Process,
}

/// A key that may be used as the request wants, with the parameters that go with it.
pub struct Usable {
    /// The object.
    pub object: Object,
    /// The request's parameters, or else those of the object.
    pub parameters: CryptographicParameters,
    /// Where they come from.
    pub source: Source,
    /// What for.
    pub purpose: Purpose,
}

impl Usable {
    /// A key with the parameters of a request, or else with its own, if they are for it and for what is done.
    pub fn new(
        object: Object,
        asked: Option<CryptographicParameters>,
        purpose: Purpose,
        done: Primitive,
    ) -> OpResult<Self> {
        let source = if asked.is_some() { Source::Request } else { Source::Key };
        let parameters = named::chosen(&object, asked, purpose, done)?;
        Ok(Self { object, parameters, source, purpose })
    }
}

/// The key that a request means, if it is Active, within its dates, and meant for this use.
pub fn usable(
    cx: &mut Context<'_, '_>,
    id: Option<UniqueIdentifier>,
    operation: Operation,
    (mask, purpose): (CryptographicUsageMask, Purpose),
    parameters: Option<CryptographicParameters>,
) -> OpResult<Usable> {
    let object = cx.living(id, operation)?;
    check_time(&object, purpose, cx.now())?;
    let allowed = attribute!(object.attributes, CryptographicUsageMask).next().copied();
    if !allowed.is_some_and(|allowed| allowed.contains(mask)) {
        return refuse(Cause::UsageMask, "the Cryptographic Usage Mask of the key does not allow this use");
    }
    let usable = Usable::new(object, parameters, purpose, Primitive::of(mask))?;
    if purpose == Purpose::Protect {
        weakness::check_key(cx.principal(), &usable.object)?;
    }
    Ok(usable)
}

/// Refuses unless the key is Active and its dates allow this.
pub fn check_time(object: &Object, purpose: Purpose, now: i64) -> OpResult<()> {
    if object.stored_state() != Some(State::Active) {
        let state = lifecycle::state_in_words(object);
        return refuse(Cause::WrongState, format!("the key is {state}; it must be Active"));
    }
    let stopped = attribute!(object.attributes, ProtectStopDate).next().is_some_and(|date| date.0 <= now);
    if purpose == Purpose::Protect && stopped {
        return refuse(Cause::WrongState, "the Protect Stop Date of the key has passed");
    }
    let waiting = attribute!(object.attributes, ProcessStartDate).next().is_some_and(|date| date.0 > now);
    if purpose == Purpose::Process && waiting {
        return refuse(Cause::WrongState, "the Process Start Date of the key has not come yet");
    }
    Ok(())
}

/// Takes what a part protects off the Usage Limits of the key, where it has any (KMIP 2.1, 4.62): an allocation is
/// obtained before the operation is performed (6.1.17), and fixes the limits.
pub fn spend(cx: &mut Context<'_, '_>, mut object: Object, turn: &Turn, whole_bytes: usize) -> OpResult<()> {
    let algorithm = attribute!(object.attributes, CryptographicAlgorithm).next();
    let once = algorithm == Some(&CryptographicAlgorithm::OneTimePad)
        && !cx.settings().danger_reuse_one_time_pads
        && turn.is_first();
    if once && object.allocated {
        return refuse(Cause::UsageLimit, "the one-time pad has encrypted its message already");
    }
    let limits = attribute!(object.attributes, UsageLimits).next().cloned();
    if let Some(mut limits) = limits {
        let used = match limits.unit {
            UsageLimitsUnit::Byte => i64::try_from(whole_bytes - turn.before).unwrap_or(i64::MAX),
            _ => i64::from(turn.is_first()),
        };
        let left = limits.count.unwrap_or(limits.total);
        if used > left {
            let text = format!("the Usage Limits of the key leave {left}; this use takes {used}");
            return refuse(Cause::UsageLimit, text);
        }
        limits.count = Some(left - used);
        object.attributes.set(Attribute::UsageLimits(limits));
    } else if !once {
        return Ok(());
    }
    object.allocated = true;
    cx.save(object)
}

/// The key block of a key that is not wrapped, for a purpose: what protects must be as strong as its material is.
pub fn key_block(cx: &mut Context<'_, '_>, object: &Object, purpose: Purpose) -> OpResult<KeyBlock> {
    let value = cx.draft.managed(object)?;
    let block = match value.key_block() {
        Some(block) if block.key_value.is_none() => return refuse(Cause::NoKeyValue, material::ELSEWHERE),
        Some(block) if block.key_wrapping_data.is_none() => block,
        Some(_) => {
            return refuse(Cause::WrongType, "the key was registered wrapped: the server cannot use it");
        }
        None => return refuse(Cause::WrongType, "the object holds no key"),
    };
    if purpose == Purpose::Protect {
        judge::check(cx.principal(), object, block)?;
    }
    Ok(block.clone())
}

/// The bytes of a symmetric key or of a secret, for a purpose. Whatever that is, it goes over all of them.
pub fn key_bytes(cx: &mut Context<'_, '_>, object: &Object, purpose: Purpose) -> OpResult<SecretBytes> {
    match material::clear_material(&key_block(cx, object, purpose)?) {
        Some(bytes) => {
            cx.take_time(work::bytes(bytes.len()))?;
            Ok(bytes)
        }
        None => refuse(Cause::WrongType, "the object holds no bytes that could be a key"),
    }
}

/// The data of a request whose references [`Turn::take`] has resolved.
pub fn bytes(data: Option<Data>) -> OpResult<SecretBytes> {
    match data {
        None => Ok(SecretBytes::default()),
        Some(Data::Bytes(bytes)) => Ok(bytes),
        Some(_) => refuse(Cause::InvalidField, "data that is kept must not refer to other items"),
    }
}

/// The cryptography's own refusal, as one of the protocol.
pub fn failed(error: crypto::Error) -> Refusal {
    match error {
        crypto::Error::Parameter(why) => Refusal::new(Cause::Parameters, why),
        crypto::Error::Failed(why) => Refusal::new(Cause::Cryptographic, why),
    }
}
