//! How objects are stored, and how a request wants them to be (KMIP 2.1, 4.44 and 7.33).

use crate::refusal::{Cause, OpResult, refuse};
use kmip_codec::enums::ProtectionStorageMask;
use kmip_codec::payloads::ProtectionStorageMasks;

/// How every object is stored: sealed, in the database. What else the operator may know of it, the server does not.
pub const MASK: ProtectionStorageMask = ProtectionStorageMask::Software;

/// Refuses an object that is to be stored in none of the ways that there are. A request that names no way takes any.
pub fn check(asked: Option<&ProtectionStorageMasks>) -> OpResult<()> {
    check_for(asked, Cause::Storage)
}

/// The same for a pair; what is asked for a half counts before what is asked for both.
pub fn check_pair(
    common: Option<&ProtectionStorageMasks>,
    private: Option<&ProtectionStorageMasks>,
    public: Option<&ProtectionStorageMasks>,
) -> OpResult<()> {
    check_for(private.or(common), Cause::PrivateStorage)?;
    check_for(public.or(common), Cause::PublicStorage)
}

fn check_for(asked: Option<&ProtectionStorageMasks>, cause: Cause) -> OpResult<()> {
    let masks = asked.map_or(&[][..], |asked| asked.masks.as_slice());
    if masks.is_empty() || masks.iter().any(|mask| MASK.contains(*mask)) {
        return Ok(());
    }
    refuse(cause, "no Protection Storage Mask of the request can be had: this server stores in Software")
}
