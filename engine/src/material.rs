//! The value of an object: how it is stored, what it says about itself, and making new ones.

mod convert;
mod facts;
mod found;
mod generate;
mod lengths;
mod parts;
mod truth;

pub use convert::{compressed, in_format, name_in, usable};
pub use facts::{Facts, clear_material, escaped, facts, read_request};
pub use generate::{key_pair_blocks, pair_bits, pair_kind, random};
pub use lengths::{is_same, is_symmetric, symmetric_bytes, usual_length, why_not_made};
pub use parts::curve_bits;
pub use truth::{Claims, Truth, algorithm_of, examined, of_public_key, truth_of, why_not_computed};

use crate::objects::object::Object;
use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::declare::Field as _;
use kmip_codec::objects::ManagedObject;
use kmip_codec::version::STORED;
use kmip_codec::wire::{BinarySink, BinarySource, Source as _};
use kmip_codec::{SecretBytes, Tag, attribute};

/// What is said of a key that is kept elsewhere.
pub const ELSEWHERE: &str = "the server keeps the attributes of the key; its value is elsewhere";

/// Refuses what needs the value of a key that is kept elsewhere (KMIP 2.1, 4.28).
pub fn must_be_here(object: &Object) -> OpResult<()> {
    if attribute!(object.attributes, KeyValuePresent).next() == Some(&false) {
        return refuse(Cause::NoKeyValue, ELSEWHERE);
    }
    Ok(())
}

/// The stored form of a value: the object as it was registered, every row of every version kept.
pub fn encode(object: &ManagedObject) -> SecretBytes {
    let mut out = BinarySink::new(STORED);
    object.write(Tag::SymmetricKey, &mut out);
    out.finish().into()
}

/// Reads the stored form of a value.
pub fn decode(bytes: &SecretBytes) -> OpResult<ManagedObject> {
    let mut src = BinarySource::new(bytes.expose());
    src.set_version(STORED);
    match ManagedObject::read(Tag::SymmetricKey, &mut src) {
        Ok(value) => Ok(value),
        Err(_) => refuse(Cause::Internal, "the stored value cannot be read; the server's log names it"),
    }
}
