//! Split keys (KMIP 2.1, 2.8 and 13.1): what a part must say of itself, how its method shares, and which parts fit
//! together.

use crate::context::Context;
use crate::cryptography::failed;
use crate::material;
use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use crate::work;
use keystead_crypto::sharing::{Scheme, Secret};
use kmip_codec::SecretBytes;
use kmip_codec::enums::{ObjectType, SplitKeyMethod};
use kmip_codec::objects::{ManagedObject, SplitKey};
use kmip_codec::operations::Operation;
use kmip_codec::value::{BigInteger, UniqueIdentifier};
use std::collections::BTreeSet;

/// The most parts that a key is split into here, and joined from.
const PARTS_MAX: i32 = 255;

/// The most bytes of all parts that are joined: they are held together.
const PARTS_BYTES_MAX: usize = 16 << 20;

/// How a method shares.
pub fn scheme(
    cx: &mut Context<'_, '_>,
    method: SplitKeyMethod,
    prime: Option<&BigInteger>,
) -> OpResult<Scheme> {
    let bits = prime.map_or(0, |prime| prime.as_bytes().len() * 8);
    cx.take_time(work::prime(bits.min(Scheme::PRIME_BITS_MAX)))?;
    match (method, prime) {
        (SplitKeyMethod::XOR, None) => Ok(Scheme::xor()),
        (SplitKeyMethod::PolynomialSharingGF2_8, None) => Ok(Scheme::gf8()),
        (SplitKeyMethod::PolynomialSharingGF2_16, None) => Ok(Scheme::gf16()),
        (SplitKeyMethod::PolynomialSharingPrimeField, Some(prime)) => match prime.to_unsigned() {
            Some(prime) => Ok(Scheme::prime(prime).map_err(failed)?),
            None => refuse(Cause::InvalidField, "the Prime Field Size is negative"),
        },
        (SplitKeyMethod::PolynomialSharingPrimeField, None) => {
            refuse(Cause::Missing, "a prime field needs its Prime Field Size")
        }
        (_, Some(_)) => refuse(Cause::InvalidField, "a Prime Field Size belongs to a prime field alone"),
        (other, None) => refuse(Cause::InvalidField, format!("keys are not split by {other:?} here")),
    }
}

/// What it costs to split or to join a secret of so many bytes, with so many products for each of its pieces.
pub fn work(scheme: &Scheme, bytes: usize, products: usize) -> u64 {
    let bits = scheme.piece_bits();
    work::sharing((bytes * 8).div_ceil(bits.max(1)).saturating_mul(products), bits)
}

/// The number of parts and the threshold of a split.
pub fn counts(method: SplitKeyMethod, parts: i32, threshold: i32) -> OpResult<(u8, u8)> {
    if method == SplitKeyMethod::XOR && parts != threshold {
        return refuse(Cause::InvalidField, "XOR needs all parts: the threshold is their number");
    }
    match (u8::try_from(parts), u8::try_from(threshold)) {
        (Ok(parts), Ok(threshold)) if (2..=parts).contains(&threshold) => Ok((parts, threshold)),
        _ => refuse(
            Cause::InvalidField,
            format!("a key is split into 2 to {PARTS_MAX} parts with a threshold of 2 to their number"),
        ),
    }
}

/// The parts that a request names, with their values.
pub fn parts(
    cx: &mut Context<'_, '_>,
    identifiers: Vec<UniqueIdentifier>,
) -> OpResult<Vec<(Object, SplitKey)>> {
    if identifiers.is_empty() || identifiers.len() > usize::from(u8::MAX) {
        return refuse(Cause::InvalidField, format!("name the parts to join, 1 to {PARTS_MAX}"));
    }
    let mut bytes = 0;
    let mut parts = Vec::new();
    for identifier in identifiers {
        let (object, value) = part(cx, identifier)?;
        bytes += material::clear_material(&value.key_block).map_or(0, |share| share.len());
        if bytes > PARTS_BYTES_MAX {
            let text = format!("the parts have {bytes} bytes, and may have {PARTS_BYTES_MAX} together");
            return refuse(Cause::Limit, text);
        }
        parts.push((object, value));
    }
    Ok(parts)
}

fn part(cx: &mut Context<'_, '_>, identifier: UniqueIdentifier) -> OpResult<(Object, SplitKey)> {
    let object = cx.living(Some(identifier), Operation::JoinSplitKey)?;
    let kind = object.object_type();
    if kind != ObjectType::SplitKey {
        return refuse(Cause::WrongType, format!("Join Split Key joins Split Keys, and this is a {kind:?}"));
    }
    match cx.draft.managed(&object)? {
        ManagedObject::SplitKey(part) => Ok((object, part)),
        _ => refuse(Cause::Internal, "the stored value is not that of a Split Key"),
    }
}

/// The secret of these parts, which must be enough and of one kind; of a prime field it is as long as the prime.
pub fn joined(cx: &mut Context<'_, '_>, parts: &[(Object, SplitKey)]) -> OpResult<Secret> {
    let Some((_, first)) = parts.first() else { return refuse(Cause::Missing, "name the parts to join") };
    let kind = |part: &SplitKey| (part.parts, part.threshold, part.method, part.prime_field_size.clone());
    // Of parts that come from elsewhere it is not known which split they are of.
    let splits: BTreeSet<&String> = parts.iter().filter_map(|(object, _)| object.split.as_ref()).collect();
    if splits.len() > 1 || parts.iter().any(|(_, part)| kind(part) != kind(first)) {
        return refuse(Cause::Cryptographic, "the parts do not fit together: they are not of one split");
    }
    let all = first.method == SplitKeyMethod::XOR;
    let Ok(threshold) = u8::try_from(if all { first.parts } else { first.threshold }) else {
        let found = if all { first.parts } else { first.threshold };
        let text =
            format!("the key is joined from {found} parts, and one may be joined from {PARTS_MAX} here");
        return refuse(Cause::Limit, text);
    };
    let bytes: Vec<(u8, SecretBytes)> =
        parts.iter().map(|(_, part)| share(part)).collect::<OpResult<Vec<_>>>()?;
    let shares: Vec<(u8, &[u8])> =
        bytes.iter().map(|(identifier, share)| (*identifier, share.expose())).collect();
    let scheme = scheme(cx, first.method, first.prime_field_size.as_ref())?;
    let length = shares.first().map_or(0, |(_, share)| share.len());
    // All parts, and again as many as are enough; what each counts takes a product for each of the others.
    let weights = work(&scheme, 1, 20 * shares.len() * shares.len());
    cx.take_time(weights + work(&scheme, length, 2 * shares.len()))?;
    Ok(scheme.join(&shares, threshold).map_err(failed)?)
}

fn share(part: &SplitKey) -> OpResult<(u8, SecretBytes)> {
    let Ok(identifier) = u8::try_from(part.part_identifier) else {
        return refuse(Cause::Limit, format!("Key Part Identifiers go to {PARTS_MAX} here"));
    };
    match material::clear_material(&part.key_block) {
        Some(bytes) if part.key_block.key_wrapping_data.is_none() => Ok((identifier, bytes)),
        _ => refuse(Cause::NoKeyValue, "a part is wrapped, or its value is not here"),
    }
}
