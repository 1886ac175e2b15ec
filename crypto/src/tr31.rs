//! TR-31 key blocks (ASC X9 TR 31, now ANSI X9.143) that bind a key to a header by a MAC: version D under AES, version B
//! under Triple DES. Versions A and C, which bind by variants of the key, are deprecated and not there.
//!
//! There is a crate for version D, under the GPL; the ciphers and MACs here are AWS-LC's.

use super::cipher::{Cipher, Direction, Kind};
use super::{Error, mac};
use aws_lc_rs::constant_time::verify_slices_are_equal;
use zeroize::Zeroizing;

/// Bytes of the header without optional blocks.
const HEADER_BYTES: usize = 16;
/// Bytes of the length, in bits, before the key.
const LENGTH_BYTES: usize = 2;
/// The longest block: its length has four decimal digits.
const BLOCK_BYTES_MAX: usize = 9999;

const NO_BLOCK: Error = Error::Parameter("this is no TR-31 key block");
const WRONG: Error = Error::Failed("the TR-31 key block was not made with this key, or was changed since");

/// What protects a block.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Protection {
    /// Version D.
    Aes,
    /// Version B; the key has two or three parts.
    TripleDes,
}

/// What a header says of the key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Header {
    /// What the key is for.
    pub usage: [u8; 2],
    /// What it is a key of.
    pub algorithm: u8,
    /// What it may do.
    pub mode: u8,
    /// Whether it may leave again.
    pub exportability: u8,
}

/// Which key is derived.
#[derive(Clone, Copy)]
enum Derived {
    Encryption = 0,
    Authentication = 1,
}

impl Protection {
    fn version(self) -> u8 {
        match self {
            Self::Aes => b'D',
            Self::TripleDes => b'B',
        }
    }

    fn block_bytes(self) -> usize {
        match self {
            Self::Aes => 16,
            Self::TripleDes => 8,
        }
    }

    fn mac(self, key: &[u8], data: &[u8]) -> Result<Vec<u8>, Error> {
        match self {
            Self::Aes => mac::cmac_aes(key, data),
            Self::TripleDes => mac::cmac_triple_des(&whole(key), data),
        }
    }

    fn cipher(self, key: &[u8]) -> Result<Kind, Error> {
        match (self, key.len()) {
            (Self::Aes, 16) => Ok(Kind::Aes128Cbc),
            (Self::Aes, 24) => Ok(Kind::Aes192Cbc),
            (Self::Aes, 32) => Ok(Kind::Aes256Cbc),
            (Self::TripleDes, 16 | 24) => Ok(Kind::Des3Cbc),
            _ => Err(Error::Parameter("a key of this length protects no TR-31 key block")),
        }
    }

    /// What the standard calls the cipher where it derives keys.
    fn algorithm(self, key: &[u8]) -> u8 {
        match (self, key.len()) {
            (Self::TripleDes, 16) => 0,
            (Self::TripleDes, _) => 1,
            (Self::Aes, 16) => 2,
            (Self::Aes, 24) => 3,
            (Self::Aes, _) => 4,
        }
    }

    /// The key that encrypts or authenticates: CMACs of a counter, what it is for, the cipher and its length in bits.
    fn derived(self, key: &[u8], what: Derived) -> Result<Zeroizing<Vec<u8>>, Error> {
        self.cipher(key)?;
        let mut derived = Zeroizing::new(Vec::with_capacity(2 * key.len()));
        let bits = u16::try_from(key.len() * 8).unwrap_or(u16::MAX).to_be_bytes();
        for counter in 1..=u8::MAX {
            let input = [counter, 0, what as u8, 0, 0, self.algorithm(key), bits[0], bits[1]];
            derived.extend_from_slice(&Zeroizing::new(self.mac(key, &input)?));
            if derived.len() >= key.len() {
                break;
            }
        }
        derived.truncate(key.len());
        Ok(derived)
    }

    fn run(
        self,
        direction: Direction,
        key: &[u8],
        iv: &[u8],
        data: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, Error> {
        let key = self.derived(key, Derived::Encryption)?;
        let kind = self.cipher(&key)?;
        let mut cipher = match self {
            Self::Aes => Cipher::start(kind, direction, &key, iv, None)?,
            Self::TripleDes => Cipher::start(kind, direction, &whole(&key), iv, None)?,
        };
        let mut out = cipher.update(data)?;
        out.extend_from_slice(&cipher.finish()?);
        Ok(out)
    }
}

/// A key of two parts has the first once more as the third.
fn whole(key: &[u8]) -> Zeroizing<Vec<u8>> {
    let again = if key.len() == 16 { key.get(..8).unwrap_or_default() } else { &[] };
    Zeroizing::new([key, again].concat())
}

/// How many random bytes stand behind a key: as many as hide which of the lengths of its cipher it has (`longest`, in
/// bytes; 0 hides nothing), up to a whole block.
pub fn padding_bytes(protection: Protection, key_bytes: usize, longest: usize) -> usize {
    let content = (LENGTH_BYTES + key_bytes.max(longest)).next_multiple_of(protection.block_bytes());
    content - LENGTH_BYTES - key_bytes
}

/// The block that holds this key, protected by another: text. The padding is random, of [`padding_bytes`] or more whole
/// blocks.
pub fn seal(
    (protection, by): (Protection, &[u8]),
    header: Header,
    key: &[u8],
    padding: &[u8],
) -> Result<Vec<u8>, Error> {
    let bits = u16::try_from(key.len() * 8).map_err(|_| Error::Parameter("the key is too long for TR-31"))?;
    let content = Zeroizing::new([&bits.to_be_bytes(), key, padding].concat());
    let bytes = HEADER_BYTES + 2 * (content.len() + protection.block_bytes());
    if bytes > BLOCK_BYTES_MAX {
        return Err(Error::Parameter("the key is too long for TR-31"));
    }
    let [first, second] = header.usage;
    let mut block = vec![protection.version()];
    block.extend_from_slice(format!("{bytes:04}").as_bytes());
    block.extend_from_slice(&[first, second, header.algorithm, header.mode]);
    block.extend_from_slice(b"00");
    block.push(header.exportability);
    block.extend_from_slice(b"0000");
    let mac_key = protection.derived(by, Derived::Authentication)?;
    let bound = Zeroizing::new([block.as_slice(), &content].concat());
    let mac = protection.mac(&mac_key, &bound)?;
    let encrypted = protection.run(Direction::Encrypt, by, &mac, &content)?;
    block.extend_from_slice(hex::encode_upper([encrypted.as_slice(), &mac].concat()).as_bytes());
    Ok(block)
}

/// The key in a block and what its header says, once the MAC has shown that both are as they were made. Optional blocks of
/// the header are authenticated and not read.
pub fn open(
    (protection, by): (Protection, &[u8]),
    block: &[u8],
) -> Result<(Header, Zeroizing<Vec<u8>>), Error> {
    let (whole_header, header) = parsed(protection, block)?;
    let mac_bytes = protection.block_bytes();
    let body = hex::decode(block.get(whole_header.len()..).unwrap_or_default()).map_err(|_| NO_BLOCK)?;
    let at = body.len().checked_sub(mac_bytes).filter(|at| *at > 0).ok_or(NO_BLOCK)?;
    let (encrypted, mac) = body.split_at(at);
    if !encrypted.len().is_multiple_of(mac_bytes) {
        return Err(NO_BLOCK);
    }
    let content = protection.run(Direction::Decrypt, by, mac, encrypted)?;
    let mac_key = protection.derived(by, Derived::Authentication)?;
    let bound = Zeroizing::new([whole_header, &content].concat());
    verify_slices_are_equal(&protection.mac(&mac_key, &bound)?, mac).map_err(|_| WRONG)?;
    let (bits, rest) = content.split_first_chunk::<LENGTH_BYTES>().ok_or(NO_BLOCK)?;
    let bits = usize::from(u16::from_be_bytes(*bits));
    let key = rest.get(..bits / 8).filter(|key| bits.is_multiple_of(8) && !key.is_empty()).ok_or(NO_BLOCK)?;
    Ok((header, Zeroizing::new(key.to_vec())))
}

/// The header with its optional blocks, and what it says.
fn parsed(protection: Protection, block: &[u8]) -> Result<(&[u8], Header), Error> {
    let fixed: &[u8; HEADER_BYTES] = block.first_chunk().ok_or(NO_BLOCK)?;
    let &[version, l1, l2, l3, l4, u1, u2, algorithm, mode, _, _, exportability, n1, n2, _, _] = fixed;
    if version != protection.version() {
        return Err(Error::Parameter(
            "the TR-31 key block is of another version: D goes with AES, B with Triple DES",
        ));
    }
    if number(&[l1, l2, l3, l4], 10)? != block.len() {
        return Err(Error::Parameter("the TR-31 key block is longer or shorter than its header says"));
    }
    let mut end = HEADER_BYTES;
    for _ in 0..number(&[n1, n2], 10)? {
        end += optional_bytes(block.get(end..).unwrap_or_default())?;
    }
    let whole = block.get(..end).ok_or(NO_BLOCK)?;
    Ok((whole, Header { usage: [u1, u2], algorithm, mode, exportability }))
}

/// The length of an optional block: two bytes of name, then two hex digits; or 00, the length of the length in bytes, and that.
fn optional_bytes(block: &[u8]) -> Result<usize, Error> {
    let bytes = match number(block.get(2..4).ok_or(NO_BLOCK)?, 16)? {
        0 => {
            let digits = 2 * number(block.get(4..6).ok_or(NO_BLOCK)?, 16)?;
            number(block.get(6..6 + digits).ok_or(NO_BLOCK)?, 16)?
        }
        bytes => bytes,
    };
    // No shorter than its own head, so that the next one stands further on.
    if (4..=block.len()).contains(&bytes) { Ok(bytes) } else { Err(NO_BLOCK) }
}

fn number(digits: &[u8], radix: u32) -> Result<usize, Error> {
    let text =
        std::str::from_utf8(digits).ok().filter(|text| text.bytes().all(|c| c.is_ascii_alphanumeric()));
    text.and_then(|text| usize::from_str_radix(text, radix).ok()).ok_or(NO_BLOCK)
}
