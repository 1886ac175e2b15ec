//! Symmetric encryption: a key and its cipher on data that comes whole or in parts.

use super::modes::{self, How};
use super::{Usable, failed, key_bytes};
use crate::context::Context;
use crate::material;
use crate::refusal::{Cause, Interrupt, OpResult, refuse};
use crate::rights::weakness::{self, Means};
use bytes::Bytes;
use keystead_crypto::cipher::{Authenticated, Cipher, Direction, Kind, chacha20, one_time_pad};
use keystead_crypto::padding::Padding;
use keystead_crypto::{key_wrap, xts};
use kmip_codec::enums::CryptographicAlgorithm;
use kmip_codec::{SecretBytes, attribute};
use zeroize::Zeroizing;

/// The longest block, in bytes.
const BLOCK_BYTES_MAX: usize = 16;

/// A key with everything that the run of its cipher needs.
pub struct Run {
    how: How,
    key: SecretBytes,
    /// The IV, counter or nonce.
    pub iv: Bytes,
    padding: Option<Padding>,
    /// The length of the tag; for modes that have none it is not asked for.
    tag_bytes: usize,
    /// For paddings that want random bytes.
    random: [u8; BLOCK_BYTES_MAX],
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
    ) -> OpResult<(Self, bool)> {
        let parameters = &usable.parameters;
        let bytes = key_bytes(cx, &usable.object, usable.purpose)?;
        let own = attribute!(usable.object.attributes, CryptographicAlgorithm).next().copied();
        let Some(algorithm) = own.or(parameters.cryptographic_algorithm) else {
            return refuse(Cause::Parameters, "the key has no Cryptographic Algorithm");
        };
        if direction == Direction::Encrypt {
            if own.is_none() && algorithm == CryptographicAlgorithm::OneTimePad {
                let text = "a pad encrypts once, and the server counts that of a Symmetric Key of OneTimePad alone: register it so";
                return refuse(Cause::Parameters, text);
            }
            let bits = material::usual_length(Some(algorithm), bytes.len());
            weakness::check(cx.principal(), Means::Key(algorithm, bits, None))?;
            parameters
                .block_cipher_mode
                .map_or(Ok(()), |mode| weakness::check(cx.principal(), Means::Mode(mode)))?;
        }
        let key = whole_key(algorithm, bytes);
        let how = modes::how(algorithm, key.len(), parameters)?;
        let padding = modes::padding(how, parameters)?;
        let tag_bytes = modes::tag_bytes(how, parameters)?;
        if how == How::Kind(Kind::ChaCha20Poly1305) {
            weakness::check(cx.principal(), Means::Poly1305(tag_bytes))?;
        }
        let made = iv.is_none() && direction == Direction::Encrypt && parameters.random_iv == Some(true);
        let iv = match iv {
            Some(iv) => modes::whole_iv(how, iv, parameters),
            None if how.iv_bytes() == 0 => Bytes::new(),
            None if made => {
                let mut iv = vec![0; modes::random_iv_bytes(how, parameters)?];
                cx.entropy.fill(&mut iv).map_err(Interrupt::Need)?;
                iv.into()
            }
            None => {
                return refuse(
                    Cause::MissingIv,
                    "this mode needs an IV: send IV/Counter/Nonce, or set Random IV",
                );
            }
        };
        let mut random = [0; BLOCK_BYTES_MAX];
        if padding == Some(Padding::Iso10126) && direction == Direction::Encrypt {
            cx.entropy.fill(&mut random).map_err(Interrupt::Need)?;
        }
        Ok((Self { how, key, iv, padding, tag_bytes, random }, made))
    }

    /// Encrypts: `data` from `before` on is new. Without an end the last incomplete block is held back.
    pub fn encrypt(&self, data: &[u8], additional: &[u8], before: usize, last: bool) -> OpResult<Ciphered> {
        if !last && self.how.is_whole() {
            return Ok(Ciphered::default());
        }
        let block_bytes = self.how.block_bytes();
        let padded = self.padding.filter(|_| last).map(|by| by.padded(data, block_bytes, &self.random));
        let data = padded.as_ref().map_or(data, |padded| padded.as_slice());
        let (out, tag) = self.run(Direction::Encrypt, data, (additional, None), last)?;
        let from = if self.how.is_whole() { 0 } else { before / block_bytes * block_bytes };
        Ok(Ciphered { data: out.get(from..).unwrap_or_default().into(), tag })
    }

    /// Decrypts, in the same way. What is authenticated is held back until its tag has been checked; what is padded,
    /// by a block, which may be the last.
    pub fn decrypt(
        &self,
        data: &[u8],
        (additional, tag): (&[u8], Option<&[u8]>),
        before: usize,
        last: bool,
    ) -> OpResult<Ciphered> {
        let held = self.how.is_whole() || self.is_authenticated();
        if !last && held {
            return Ok(Ciphered::default());
        }
        if self.is_authenticated() {
            self.check_tag(tag)?;
        }
        let (out, _) = self.run(Direction::Decrypt, data, (additional, tag), last)?;
        let block_bytes = self.how.block_bytes();
        let given = |bytes: usize| match self.padding {
            Some(_) => bytes.saturating_sub(1) / block_bytes * block_bytes,
            None => bytes / block_bytes * block_bytes,
        };
        let to = match self.padding {
            Some(padding) if last => padding.unpadded(&out, block_bytes).map_err(failed)?,
            Some(_) => given(data.len()),
            None => out.len(),
        };
        let from = if held { 0 } else { given(before) };
        Ok(Ciphered { data: out.get(from.min(to)..to).unwrap_or_default().into(), tag: None })
    }

    fn check_tag(&self, tag: Option<&[u8]>) -> OpResult<()> {
        match tag {
            None => {
                refuse(Cause::Missing, "authenticated data opens with its Authenticated Encryption Tag alone")
            }
            Some(tag) if tag.len() != self.tag_bytes => {
                let text =
                    format!("the tag has {} bytes, and the Tag Length is {}", tag.len(), self.tag_bytes);
                refuse(Cause::TagLength, text)
            }
            Some(_) => Ok(()),
        }
    }

    /// The cipher from the beginning of the data on, and the tag of an encryption.
    fn run(
        &self,
        direction: Direction,
        data: &[u8],
        (additional_data, tag): (&[u8], Option<&[u8]>),
        last: bool,
    ) -> OpResult<(Zeroizing<Vec<u8>>, Option<Bytes>)> {
        let key = self.key.expose();
        let out = match (self.how, direction) {
            (How::Kind(kind), _) => {
                let with =
                    Authenticated { additional_data, tag, tag_bytes: self.tag_bytes, data_bytes: data.len() };
                return self.cipher(kind, direction, data, with, last);
            }
            (How::Xts128, _) => xts::aes128(direction, key, &self.iv, data),
            (How::ChaCha20 { counter }, _) => chacha20(key, &self.iv, counter, data),
            (How::OneTimePad, _) => one_time_pad(key, data),
            (How::KeyWrap { padded }, Direction::Encrypt) => {
                key_wrap::wrap(key, data, padded).map(Zeroizing::new)
            }
            (How::KeyWrap { padded }, Direction::Decrypt) => key_wrap::unwrap(key, data, padded),
        };
        Ok((out.map_err(failed)?, None))
    }

    fn cipher(
        &self,
        kind: Kind,
        direction: Direction,
        data: &[u8],
        with: Authenticated<'_>,
        last: bool,
    ) -> OpResult<(Zeroizing<Vec<u8>>, Option<Bytes>)> {
        let mut cipher =
            Cipher::start(kind, direction, self.key.expose(), &self.iv, Some(with)).map_err(failed)?;
        let mut out = cipher.update(data).map_err(failed)?;
        let mut tag = None;
        if last {
            out.extend_from_slice(&cipher.finish().map_err(failed)?);
            if kind.is_aead() && direction == Direction::Encrypt {
                tag = Some(cipher.tag(self.tag_bytes).map_err(failed)?.into());
            }
        }
        Ok((out, tag))
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
