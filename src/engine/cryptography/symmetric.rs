//! Symmetric encryption: algorithm, mode, padding, IV and tag as KMIP names them.

use super::{Usable, failed, key_bytes};
use crate::crypto::cipher::{Authenticated, Cipher, Direction, Kind, chacha20, one_time_pad};
use crate::engine::context::Context;
use crate::engine::refusal::{Cause, Halt, Step, refuse};
use bytes::Bytes;
use kmip_codec::attributes::CryptographicParameters;
use kmip_codec::enums::{BlockCipherMode, CryptographicAlgorithm, PaddingMethod};
use kmip_codec::{SecretBytes, attribute};
use zeroize::Zeroizing;

/// The tags that are long enough, in bytes (NIST SP 800-38D, 5.2.1.2, without the short ones).
const TAG_BYTES: std::ops::RangeInclusive<i32> = 12..=16;

/// A key with everything that the run of its cipher needs.
pub struct Run {
    how: How,
    key: SecretBytes,
    /// The IV, counter or nonce.
    pub iv: Bytes,
    padded: bool,
    /// The length of the tag; for modes that have none it is not asked for.
    tag_bytes: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Kind(Kind),
    ChaCha20 { counter: u32 },
    OneTimePad,
}

/// What a run gives.
#[derive(Default)]
pub struct Ciphered {
    /// Ciphertext or plaintext.
    pub data: SecretBytes,
    /// The tag of an encryption that has ended.
    pub tag: Option<Bytes>,
}

impl Run {
    /// Reads key and parameters. An IV that is missing is made for an encryption that asks for one at random;
    /// the second value tells whether it was.
    pub fn new(
        cx: &mut Context<'_, '_>,
        usable: &Usable,
        direction: Direction,
        iv: Option<Bytes>,
    ) -> Step<(Self, bool)> {
        let parameters = &usable.parameters;
        let own = attribute!(usable.object.attributes, CryptographicAlgorithm).next().copied();
        let Some(algorithm) = own.or(parameters.cryptographic_algorithm) else {
            return refuse(Cause::Parameters, "the key has no Cryptographic Algorithm");
        };
        let key = whole_key(algorithm, key_bytes(cx, &usable.object)?);
        let how = how(algorithm, key.len(), parameters)?;
        let padded = is_padded(how, parameters)?;
        let tag_bytes = tag_bytes(how, parameters)?;
        let made = iv.is_none() && direction == Direction::Encrypt && parameters.random_iv == Some(true);
        let iv = match iv {
            Some(iv) => whole_iv(how, iv, parameters),
            None if how.iv_bytes() == 0 => Bytes::new(),
            None if made => random_iv(cx, how, parameters)?,
            None => {
                return refuse(
                    Cause::MissingIv,
                    "this mode needs an IV: send IV/Counter/Nonce, or set Random IV",
                );
            }
        };
        Ok((Self { how, key, iv, padded, tag_bytes }, made))
    }

    /// Encrypts: `data` from `before` on is new. Without an end the last incomplete block is held back.
    pub fn encrypt(&self, data: &[u8], additional: &[u8], before: usize, last: bool) -> Step<Ciphered> {
        let (old, new) = data.split_at(before.min(data.len()));
        let How::Kind(kind) = self.how else { return self.stream(data, before) };
        let authenticated = Authenticated { additional_data: additional, tag: None };
        let mut cipher = self.start(kind, Direction::Encrypt, authenticated)?;
        cipher.update(old).map_err(failed)?;
        let mut out = cipher.update(new).map_err(failed)?;
        let mut tag = None;
        if last {
            out.extend_from_slice(&cipher.finish().map_err(failed)?);
            if kind.is_aead() {
                tag = Some(cipher.tag(self.tag_bytes).map_err(failed)?.into());
            }
        }
        Ok(Ciphered { data: out.as_slice().into(), tag })
    }

    /// Decrypts, in the same way. What is authenticated is held back until its tag has been checked.
    pub fn decrypt(
        &self,
        data: &[u8],
        (additional, tag): (&[u8], Option<&[u8]>),
        before: usize,
        last: bool,
    ) -> Step<Ciphered> {
        let How::Kind(kind) = self.how else { return self.stream(data, before) };
        if kind.is_aead() {
            return if last { self.open(kind, data, additional, tag) } else { Ok(Ciphered::default()) };
        }
        let (old, new) = data.split_at(before.min(data.len()));
        let mut cipher =
            self.start(kind, Direction::Decrypt, Authenticated { additional_data: &[], tag: None })?;
        cipher.update(old).map_err(failed)?;
        let mut out = cipher.update(new).map_err(failed)?;
        if last {
            out.extend_from_slice(&cipher.finish().map_err(failed)?);
        }
        Ok(Ciphered { data: out.as_slice().into(), tag: None })
    }

    fn open(&self, kind: Kind, data: &[u8], additional: &[u8], tag: Option<&[u8]>) -> Step<Ciphered> {
        let Some(tag) = tag else {
            return refuse(
                Cause::Missing,
                "authenticated data opens with its Authenticated Encryption Tag alone",
            );
        };
        if tag.len() != self.tag_bytes {
            let text = format!("the tag has {} bytes, and the Tag Length is {}", tag.len(), self.tag_bytes);
            return refuse(Cause::TagLength, text);
        }
        let authenticated = Authenticated { additional_data: additional, tag: Some(tag) };
        let mut cipher = self.start(kind, Direction::Decrypt, authenticated)?;
        let mut out = cipher.update(data).map_err(failed)?;
        out.extend_from_slice(&cipher.finish().map_err(failed)?);
        Ok(Ciphered { data: out.as_slice().into(), tag: None })
    }

    fn start(&self, kind: Kind, direction: Direction, authenticated: Authenticated<'_>) -> Step<Cipher> {
        let key = self.key.expose();
        Ok(Cipher::start(kind, direction, key, &self.iv, self.padded, Some(authenticated)).map_err(failed)?)
    }

    /// What encrypts and decrypts alike.
    fn stream(&self, data: &[u8], before: usize) -> Step<Ciphered> {
        let key = self.key.expose();
        let out = match self.how {
            How::ChaCha20 { counter } => chacha20(key, &self.iv, counter, data).map_err(failed)?,
            _ => one_time_pad(key, data).map_err(failed)?,
        };
        Ok(Ciphered { data: out.get(before..).unwrap_or_default().into(), tag: None })
    }

    /// Whether the mode makes a tag.
    pub fn is_authenticated(&self) -> bool {
        matches!(self.how, How::Kind(kind) if kind.is_aead())
    }

    /// The length of the tag, in bytes.
    pub fn tag_bytes(&self) -> usize {
        self.tag_bytes
    }
}

impl How {
    /// The usual length of an IV; 0 where there is none.
    fn iv_bytes(self) -> usize {
        match self {
            Self::OneTimePad => 0,
            Self::ChaCha20 { .. } => 12,
            Self::Kind(Kind::ChaCha20Poly1305) => 12,
            Self::Kind(kind) if kind.is_aead() => 12,
            Self::Kind(kind) => *kind.iv_bytes().end(),
        }
    }
}

/// Triple DES with two keys has the first once more as the third.
fn whole_key(algorithm: CryptographicAlgorithm, key: SecretBytes) -> SecretBytes {
    match key.expose().get(..8) {
        Some(first) if algorithm == CryptographicAlgorithm::DES3 && key.len() == 16 => {
            let whole = Zeroizing::new([key.expose(), first].concat());
            whole.as_slice().into()
        }
        Some(one) if algorithm == CryptographicAlgorithm::DES3 && key.len() == 8 => {
            let whole = Zeroizing::new(one.repeat(3));
            whole.as_slice().into()
        }
        _ => key,
    }
}

fn how(
    algorithm: CryptographicAlgorithm,
    key_bytes: usize,
    parameters: &CryptographicParameters,
) -> Step<How> {
    use BlockCipherMode as Mode;
    let mode = parameters.block_cipher_mode;
    let kind = match (algorithm, mode) {
        (CryptographicAlgorithm::OneTimePad, None) => return Ok(How::OneTimePad),
        (CryptographicAlgorithm::ChaCha20, None) => {
            let counter = parameters.initial_counter_value.map_or(0, i32::cast_unsigned);
            return Ok(How::ChaCha20 { counter });
        }
        (CryptographicAlgorithm::ChaCha20Poly1305, None | Some(Mode::AEAD)) => Kind::ChaCha20Poly1305,
        (CryptographicAlgorithm::DES3, Some(Mode::ECB)) => Kind::Des3Ecb,
        (CryptographicAlgorithm::DES3, Some(Mode::CBC)) => Kind::Des3Cbc,
        (CryptographicAlgorithm::AES, Some(mode)) => match aes(mode, key_bytes) {
            Some(kind) => kind,
            None => {
                return refuse(
                    Cause::Parameters,
                    format!("no AES in {mode:?} with {key_bytes} bytes of key"),
                );
            }
        },
        (CryptographicAlgorithm::AES | CryptographicAlgorithm::DES3, None) => {
            return refuse(Cause::Parameters, "name a Block Cipher Mode, in the request or at the key");
        }
        _ => {
            return refuse(
                Cause::Parameters,
                format!("this server does not encrypt with {algorithm:?} in {mode:?}"),
            );
        }
    };
    Ok(How::Kind(kind))
}

fn aes(mode: BlockCipherMode, key_bytes: usize) -> Option<Kind> {
    const MODES: &[(BlockCipherMode, [Kind; 3])] = &[
        (BlockCipherMode::ECB, [Kind::Aes128Ecb, Kind::Aes192Ecb, Kind::Aes256Ecb]),
        (BlockCipherMode::CBC, [Kind::Aes128Cbc, Kind::Aes192Cbc, Kind::Aes256Cbc]),
        (BlockCipherMode::CTR, [Kind::Aes128Ctr, Kind::Aes192Ctr, Kind::Aes256Ctr]),
        (BlockCipherMode::OFB, [Kind::Aes128Ofb, Kind::Aes192Ofb, Kind::Aes256Ofb]),
        (BlockCipherMode::CFB, [Kind::Aes128Cfb, Kind::Aes192Cfb, Kind::Aes256Cfb]),
        (BlockCipherMode::GCM, [Kind::Aes128Gcm, Kind::Aes192Gcm, Kind::Aes256Gcm]),
        (BlockCipherMode::AEAD, [Kind::Aes128Gcm, Kind::Aes192Gcm, Kind::Aes256Gcm]),
    ];
    if mode == BlockCipherMode::XTS {
        return (key_bytes == Kind::Aes256Xts.key_bytes()).then_some(Kind::Aes256Xts);
    }
    let (_, kinds) = MODES.iter().find(|(known, _)| *known == mode)?;
    kinds.iter().find(|kind| kind.key_bytes() == key_bytes).copied()
}

fn is_padded(how: How, parameters: &CryptographicParameters) -> Step<bool> {
    let How::Kind(kind) = how else { return Ok(false) };
    match parameters.padding_method {
        _ if kind.block_bytes() == 1 => Ok(false),
        None | Some(PaddingMethod::None) => Ok(false),
        Some(PaddingMethod::PKCS5) => Ok(true),
        Some(other) => {
            refuse(Cause::Parameters, format!("this server pads by PKCS5 or not at all, not by {other:?}"))
        }
    }
}

fn tag_bytes(how: How, parameters: &CryptographicParameters) -> Step<usize> {
    let wanted = parameters.tag_length.unwrap_or(*TAG_BYTES.end());
    let allowed = match how {
        How::Kind(Kind::ChaCha20Poly1305) => wanted == *TAG_BYTES.end(),
        How::Kind(kind) if kind.is_aead() => TAG_BYTES.contains(&wanted),
        _ => true,
    };
    match usize::try_from(wanted) {
        Ok(wanted) if allowed => Ok(wanted),
        _ => refuse(
            Cause::TagLength,
            format!("a tag of {wanted} bytes is not taken: GCM has 12 to 16, Poly1305 16"),
        ),
    }
}

/// In CTR a nonce shorter than a block is followed by the counter.
fn whole_iv(how: How, iv: Bytes, parameters: &CryptographicParameters) -> Bytes {
    const CTR: [How; 3] =
        [How::Kind(Kind::Aes128Ctr), How::Kind(Kind::Aes192Ctr), How::Kind(Kind::Aes256Ctr)];
    let counter = parameters.initial_counter_value.map_or(0, i64::from).to_be_bytes();
    match 16_usize.checked_sub(iv.len()) {
        Some(missing @ 4..=8) if CTR.contains(&how) => {
            [&iv, counter.get(8 - missing..).unwrap_or_default()].concat().into()
        }
        _ => iv,
    }
}

fn random_iv(cx: &mut Context<'_, '_>, how: How, parameters: &CryptographicParameters) -> Step<Bytes> {
    let wanted = parameters.iv_length.and_then(|length| usize::try_from(length).ok());
    let length = wanted.unwrap_or_else(|| how.iv_bytes());
    if let How::Kind(kind) = how
        && !kind.iv_bytes().contains(&length)
    {
        return refuse(Cause::Parameters, format!("this mode has no IV of {length} bytes"));
    }
    let mut iv = vec![0; length];
    cx.entropy.fill(&mut iv).map_err(Halt::Need)?;
    Ok(iv.into())
}
