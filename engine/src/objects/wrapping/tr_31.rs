//! TR-31 key blocks as a Wrapping Method. KMIP has no field for their header; it follows from what KMIP says of the key:
//! the usage from Key Role Type, whose values are those of TR-31 (KMIP 2.1, 11.27), or else from the Cryptographic Usage
//! Mask, which also gives the mode of use. What leaves the server is exportable. A key that comes in a block must not be
//! allowed more than its header says.

use super::keys::WrappingKey;
use crate::context::Context;
use crate::cryptography::failed;
use crate::refusal::{Cause, Interrupt, OpResult, Refusal, refuse};
use keystead_crypto::tr31::{self, Header, Protection};
use kmip_codec::SecretBytes;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::{CryptographicAlgorithm, CryptographicUsageMask, KeyRoleType};
use kmip_codec::objects::KeyBlock;

use CryptographicUsageMask as Use;
use KeyRoleType as Role;

const ROLES: &[(Role, &[u8; 2])] = &[
    (Role::BDK, b"B0"),
    (Role::DUKPT, b"B1"),
    (Role::CVK, b"C0"),
    (Role::DEK, b"D0"),
    (Role::MKAC, b"E0"),
    (Role::MKSMC, b"E1"),
    (Role::MKSMI, b"E2"),
    (Role::MKDAC, b"E3"),
    (Role::MKDN, b"E4"),
    (Role::MKCP, b"E5"),
    (Role::MKOTH, b"E6"),
    (Role::IV, b"I0"),
    (Role::KEK, b"K0"),
    (Role::TRKBK, b"K1"),
    (Role::MAC16609, b"M0"),
    (Role::MAC97971, b"M1"),
    (Role::MAC97972, b"M2"),
    (Role::MAC97973, b"M3"),
    (Role::MAC97974, b"M4"),
    (Role::MAC97975, b"M5"),
    (Role::ZPK, b"P0"),
    (Role::PVKOTH, b"V0"),
    (Role::PVKIBM, b"V1"),
    (Role::PVKPVV, b"V2"),
];

/// What a key without a role is for, by its uses: all of them are among those of a row.
const USAGES: &[(Uses, &[u8; 2])] = &[
    (&[Use::WrapKey, Use::UnwrapKey], b"K0"),
    (&[Use::Encrypt, Use::Decrypt], b"D0"),
    (&[Use::MACGenerate, Use::MACVerify], b"M6"),
];

/// The modes of use, the narrower first: what a key may do at most.
const MODES: &[(u8, Uses)] = &[
    (b'E', &[Use::Encrypt, Use::WrapKey]),
    (b'D', &[Use::Decrypt, Use::UnwrapKey]),
    (b'B', &[Use::Encrypt, Use::WrapKey, Use::Decrypt, Use::UnwrapKey]),
    (b'G', &[Use::MACGenerate]),
    (b'V', &[Use::MACVerify]),
    (b'C', &[Use::MACGenerate, Use::MACVerify]),
    (b'X', &[Use::DeriveKey]),
];

/// No restriction but that of the usage.
const ANY_MODE: u8 = b'N';

/// The algorithms, with the longest key of each in bytes. HMAC wants the digest in an optional block, which is not made.
const ALGORITHMS: &[(CryptographicAlgorithm, u8, usize)] = &[
    (CryptographicAlgorithm::AES, b'A', 32),
    (CryptographicAlgorithm::DES, b'D', 8),
    (CryptographicAlgorithm::DES3, b'T', 24),
];

type Uses = &'static [CryptographicUsageMask];

const EXPORTABLE: u8 = b'E';
const NOT_EXPORTABLE: u8 = b'N';

/// What the attributes of a key say of it that a header says too.
pub struct Terms {
    algorithm: Option<CryptographicAlgorithm>,
    role: Option<Role>,
    mask: Use,
    may_leave: bool,
}

/// The block that holds this key.
pub fn sealed(
    cx: &mut Context<'_, '_>,
    by: WrappingKey,
    key: &SecretBytes,
    terms: &Terms,
) -> OpResult<SecretBytes> {
    let (algorithm, longest) = terms.algorithm()?;
    let header = Header { usage: terms.usage()?, algorithm, mode: terms.mode(), exportability: EXPORTABLE };
    let (protection, bytes) = protection(cx, &by)?;
    let mut padding = vec![0; tr31::padding_bytes(protection, key.len(), longest)];
    cx.entropy.fill(&mut padding).map_err(Interrupt::Need)?;
    let block = tr31::seal((protection, bytes.expose()), header, key.expose(), &padding).map_err(failed)?;
    by.spend(cx, key.len())?;
    Ok(block.into())
}

/// The key in a block, if its terms allow no more than the header.
pub fn opened(
    cx: &mut Context<'_, '_>,
    by: &WrappingKey,
    block: &SecretBytes,
    terms: &Terms,
) -> OpResult<SecretBytes> {
    let (protection, bytes) = protection(cx, by)?;
    let (header, key) = tr31::open((protection, bytes.expose()), block.expose()).map_err(failed)?;
    terms.check(header)?;
    Ok(key.as_slice().into())
}

fn protection(cx: &mut Context<'_, '_>, by: &WrappingKey) -> OpResult<(Protection, SecretBytes)> {
    let (algorithm, bytes) = by.secret(cx)?;
    match algorithm {
        Some(CryptographicAlgorithm::AES) => Ok((Protection::Aes, bytes)),
        Some(CryptographicAlgorithm::DES3) => Ok((Protection::TripleDes, bytes)),
        _ => refuse(Cause::WrappingParameters, "a key of AES or of Triple DES protects a TR-31 key block"),
    }
}

fn all(uses: Uses) -> Use {
    uses.iter().fold(Use::default(), |all, one| all | *one)
}

impl Terms {
    /// Those of a key with these attributes, in this key block.
    pub fn of<'a>(block: &KeyBlock, attributes: impl Iterator<Item = &'a Attribute>) -> Self {
        let algorithm = block.cryptographic_algorithm;
        let mut terms = Self { algorithm, role: None, mask: Use::default(), may_leave: true };
        for attribute in attributes {
            match attribute {
                Attribute::CryptographicAlgorithm(algorithm) => terms.algorithm = Some(*algorithm),
                Attribute::CryptographicParameters(one) => terms.role = terms.role.or(one.key_role_type),
                Attribute::CryptographicUsageMask(mask) => terms.mask = *mask,
                Attribute::Extractable(may) => terms.may_leave = *may,
                _ => {}
            }
        }
        terms
    }

    /// Whether the key may do something, and nothing but this.
    fn is_for(&self, uses: Uses) -> bool {
        self.mask != Use::default() && all(uses).contains(self.mask)
    }

    fn usage(&self) -> Result<[u8; 2], Refusal> {
        let by_role = ROLES.iter().find(|(known, _)| Some(*known) == self.role).map(|(_, usage)| **usage);
        let by_use = || USAGES.iter().find(|(uses, _)| self.is_for(uses)).map(|(_, usage)| **usage);
        by_role.or_else(by_use).ok_or_else(|| {
            let message = "TR-31 wants to know what the key is for: give it a Key Role Type in its Cryptographic Parameters";
            Refusal::new(Cause::Parameters, message)
        })
    }

    fn mode(&self) -> u8 {
        MODES.iter().find(|(_, uses)| self.is_for(uses)).map_or(ANY_MODE, |(mode, _)| *mode)
    }

    /// The algorithm in the header, and the longest key of it in bytes.
    fn algorithm(&self) -> Result<(u8, usize), Refusal> {
        let found = ALGORITHMS.iter().find(|(known, ..)| Some(*known) == self.algorithm);
        found.map(|(_, code, longest)| (*code, *longest)).ok_or_else(|| {
            let message = "TR-31 key blocks of this server hold keys of AES, DES and Triple DES";
            Refusal::new(Cause::WrongType, message)
        })
    }

    fn check(&self, header: Header) -> OpResult<()> {
        let uses = MODES.iter().find(|(known, _)| *known == header.mode).map(|(_, uses)| *uses);
        if header.algorithm != self.algorithm()?.0 {
            let message = "the TR-31 key block holds a key of another Cryptographic Algorithm";
            return refuse(Cause::InvalidField, message);
        }
        if !uses.map_or(header.mode == ANY_MODE, |uses| all(uses).contains(self.mask)) {
            let mode = char::from(header.mode);
            let message = format!(
                "the Cryptographic Usage Mask goes beyond the mode of use {mode:?} of the TR-31 key block"
            );
            return refuse(Cause::UsageMask, message);
        }
        if header.exportability == NOT_EXPORTABLE && self.may_leave {
            let message =
                "the TR-31 key block says that the key is not exportable: give it Extractable false";
            return refuse(Cause::NotExtractable, message);
        }
        Ok(())
    }
}
