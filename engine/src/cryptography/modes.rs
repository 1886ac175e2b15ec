//! What KMIP's names of algorithms, modes and paddings mean for a cipher.

use crate::refusal::{Cause, OpResult, refuse};
use bytes::Bytes;
use keystead_crypto::cipher::Kind;
use keystead_crypto::padding::Padding;
use keystead_crypto::xts;
use kmip_codec::attributes::CryptographicParameters;
use kmip_codec::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};

/// How a key encrypts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum How {
    /// A cipher with its mode.
    Kind(Kind),
    /// AES-128 in XTS.
    Xts128,
    /// AES key wrap, with or without padding.
    KeyWrap {
        /// With padding.
        padded: bool,
    },
    /// ChaCha20 alone.
    ChaCha20 {
        /// The number of the first block.
        counter: u32,
    },
    /// A one-time pad.
    OneTimePad,
}

impl How {
    /// The usual length of an IV; 0 where there is none.
    pub fn iv_bytes(self) -> usize {
        match self {
            Self::OneTimePad | Self::KeyWrap { .. } => 0,
            Self::ChaCha20 { .. } => 12,
            Self::Xts128 => 16,
            Self::Kind(kind) if kind.is_aead() => 12,
            Self::Kind(kind) => *kind.iv_bytes().end(),
        }
    }

    /// Whether an IV may have this length.
    pub fn takes_iv(self, bytes: usize) -> bool {
        match self {
            Self::Kind(kind) => kind.iv_bytes().contains(&bytes),
            Self::ChaCha20 { .. } => matches!(bytes, 8 | 12),
            _ => bytes == self.iv_bytes(),
        }
    }

    /// Whether all data must be there before any comes out.
    pub fn is_whole(self) -> bool {
        match self {
            Self::Kind(kind) => kind.is_whole(),
            Self::Xts128 | Self::KeyWrap { .. } => true,
            Self::ChaCha20 { .. } | Self::OneTimePad => false,
        }
    }

    /// Bytes of a block that must be filled.
    pub fn block_bytes(self) -> usize {
        match self {
            Self::Kind(kind) => kind.block_bytes(),
            _ => 1,
        }
    }
}

type Modes = &'static [(BlockCipherMode, &'static [Kind])];

const AES: Modes = &[
    (BlockCipherMode::ECB, &[Kind::Aes128Ecb, Kind::Aes192Ecb, Kind::Aes256Ecb]),
    (BlockCipherMode::CBC, &[Kind::Aes128Cbc, Kind::Aes192Cbc, Kind::Aes256Cbc]),
    (BlockCipherMode::CTR, &CTR),
    (BlockCipherMode::OFB, &[Kind::Aes128Ofb, Kind::Aes192Ofb, Kind::Aes256Ofb]),
    (BlockCipherMode::CFB, &[Kind::Aes128Cfb, Kind::Aes192Cfb, Kind::Aes256Cfb]),
    (BlockCipherMode::CCM, &CCM),
    (BlockCipherMode::GCM, &[Kind::Aes128Gcm, Kind::Aes192Gcm, Kind::Aes256Gcm]),
    (BlockCipherMode::AEAD, &[Kind::Aes128Gcm, Kind::Aes192Gcm, Kind::Aes256Gcm]),
    (BlockCipherMode::XTS, &[Kind::Aes256Xts]),
];

const DES3: Modes = &[(BlockCipherMode::ECB, &[Kind::Des3Ecb]), (BlockCipherMode::CBC, &[Kind::Des3Cbc])];

const CTR: [Kind; 3] = [Kind::Aes128Ctr, Kind::Aes192Ctr, Kind::Aes256Ctr];
const CCM: [Kind; 3] = [Kind::Aes128Ccm, Kind::Aes192Ccm, Kind::Aes256Ccm];

/// How a key of this algorithm and length encrypts with these parameters.
pub fn how(
    algorithm: CryptographicAlgorithm,
    key_bytes: usize,
    parameters: &CryptographicParameters,
) -> OpResult<How> {
    use BlockCipherMode as Mode;
    let mode = parameters.block_cipher_mode;
    let modes = match (algorithm, mode) {
        (CryptographicAlgorithm::OneTimePad, None) => return Ok(How::OneTimePad),
        (CryptographicAlgorithm::ChaCha20, None) => {
            let counter = parameters.initial_counter_value.map_or(0, i32::cast_unsigned);
            return Ok(How::ChaCha20 { counter });
        }
        (CryptographicAlgorithm::ChaCha20Poly1305, None | Some(Mode::AEAD)) => {
            return Ok(How::Kind(Kind::ChaCha20Poly1305));
        }
        (CryptographicAlgorithm::AES, Some(Mode::XTS)) if key_bytes == xts::KEY_BYTES => {
            return Ok(How::Xts128);
        }
        (CryptographicAlgorithm::AES, Some(Mode::NISTKeyWrap)) => return Ok(How::KeyWrap { padded: false }),
        (CryptographicAlgorithm::AES, Some(Mode::AESKeyWrapPadding)) => {
            return Ok(How::KeyWrap { padded: true });
        }
        (CryptographicAlgorithm::AES, Some(_)) => AES,
        (CryptographicAlgorithm::DES3, Some(_)) => DES3,
        (CryptographicAlgorithm::AES | CryptographicAlgorithm::DES3, None) => {
            return refuse(Cause::Parameters, "name a Block Cipher Mode, in the request or at the key");
        }
        _ => &[],
    };
    let kinds = modes.iter().filter(|(known, _)| Some(*known) == mode).flat_map(|(_, kinds)| *kinds);
    match kinds.copied().find(|kind| kind.key_bytes() == key_bytes) {
        Some(kind) => Ok(How::Kind(kind)),
        None => {
            let named = mode;
            let mode = named.map_or_else(|| "without a mode".to_owned(), |mode| format!("in {mode:?}"));
            let text = format!("no {algorithm:?} {mode} with {key_bytes} bytes of key on this server");
            let is_served = modes.iter().any(|(known, _)| Some(*known) == named);
            refuse(if is_served { Cause::Parameters } else { Cause::Unsupported }, text)
        }
    }
}

/// How the last block is filled.
pub fn padding(how: How, parameters: &CryptographicParameters) -> OpResult<Option<Padding>> {
    const PADDINGS: &[(PaddingMethod, Padding)] = &[
        (PaddingMethod::PKCS5, Padding::Pkcs7),
        (PaddingMethod::ANSIX9_23, Padding::AnsiX923),
        (PaddingMethod::ISO10126, Padding::Iso10126),
        (PaddingMethod::SSL3, Padding::Ssl3),
        (PaddingMethod::Zeros, Padding::Zeros),
    ];
    match parameters.padding_method {
        _ if how.block_bytes() == 1 => Ok(None),
        None | Some(PaddingMethod::None) => Ok(None),
        Some(wanted) => match PADDINGS.iter().find(|(known, _)| *known == wanted) {
            Some((_, padding)) => Ok(Some(*padding)),
            None => refuse(Cause::Parameters, format!("blocks are not filled by {wanted:?}")),
        },
    }
}

/// The length of the tag: of GCM not the short ones (NIST SP 800-38D, 5.2.1.2), of CCM an even one (SP 800-38C, A.1)
/// that is not shorter than what a forger may be let try, of Poly1305 all of it (RFC 8439, 2.8), unless that is granted.
pub fn tag_bytes(how: How, parameters: &CryptographicParameters) -> OpResult<usize> {
    let wanted = parameters.tag_length.unwrap_or(16);
    let allowed = match how {
        How::Kind(kind) if CCM.contains(&kind) => (8..=16).contains(&wanted) && wanted % 2 == 0,
        How::Kind(kind) if kind.is_aead() => (12..=16).contains(&wanted),
        _ => true,
    };
    match usize::try_from(wanted) {
        Ok(wanted) if allowed => Ok(wanted),
        _ => {
            let text = format!(
                "a tag of {wanted} bytes is not taken: GCM and Poly1305 have 12 to 16, CCM 8, 10, 12, 14 or 16"
            );
            refuse(Cause::TagLength, text)
        }
    }
}

/// In CTR a nonce shorter than a block is followed by the counter.
pub fn whole_iv(how: How, iv: Bytes, parameters: &CryptographicParameters) -> Bytes {
    let counter = parameters.initial_counter_value.map_or(0, i64::from).to_be_bytes();
    match 16_usize.checked_sub(iv.len()) {
        Some(missing @ 4..=8) if CTR.iter().any(|kind| how == How::Kind(*kind)) => {
            [&iv, counter.get(8 - missing..).unwrap_or_default()].concat().into()
        }
        _ => iv,
    }
}

/// How long a random IV is (IV Length is in bits: KMIP 2.1, 4.16).
pub fn random_iv_bytes(how: How, parameters: &CryptographicParameters) -> OpResult<usize> {
    let Some(bits) = parameters.iv_length else { return Ok(how.iv_bytes()) };
    match usize::try_from(bits) {
        Ok(bits) if bits.is_multiple_of(8) && how.takes_iv(bits / 8) => Ok(bits / 8),
        _ => refuse(Cause::Parameters, format!("this mode has no IV of {bits} bits")),
    }
}
