//! What stands encrypted in a container and asks for iterations again: a key may lie in an encrypted part, under an encryption
//! of its own. The part is opened to see how dear that is, before AWS-LC opens all.

use super::cost::{Element, OCTET_STRING, SEQUENCE, elements, number};
use super::{CLOSED, Cipher, Unopened, decrypted};
use crate::Digest;
use crate::derivation::pbkdf2;
use pkcs12::kdf::{Pkcs12KeyType, derive_key_utf8};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// How deep what is looked for lies, strings included.
const DEPTH: usize = super::cost::DEPTH_MAX;

/// EncryptedData (RFC 5652, 8).
const ENCRYPTED_DATA: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x06";
const PBES2: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x05\x0d";
/// The encryptions of RFC 7292, Appendix C that AWS-LC opens, and the bytes of their keys and IVs.
const PBES1: &[(&[u8], Cipher, usize, usize)] = &[
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x01", Cipher::Rc4, 16, 0),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x03", Cipher::TripleDes, 24, 8),
    (b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01\x06", Cipher::Rc2Of40, 5, 8),
];
const CIPHERS: &[(&[u8], Cipher, usize)] = &[
    (b"\x2a\x86\x48\x86\xf7\x0d\x03\x07", Cipher::TripleDes, 24),
    (b"\x60\x86\x48\x01\x65\x03\x04\x01\x02", Cipher::Aes128, 16),
    (b"\x60\x86\x48\x01\x65\x03\x04\x01\x16", Cipher::Aes192, 24),
    (b"\x60\x86\x48\x01\x65\x03\x04\x01\x2a", Cipher::Aes256, 32),
];
/// HMAC with these is what PBKDF2 runs.
const DIGESTS: &[(&[u8], Digest)] = &[
    (b"\x2a\x86\x48\x86\xf7\x0d\x02\x07", Digest::Sha1),
    (b"\x2a\x86\x48\x86\xf7\x0d\x02\x09", Digest::Sha256),
    (b"\x2a\x86\x48\x86\xf7\x0d\x02\x0a", Digest::Sha384),
    (b"\x2a\x86\x48\x86\xf7\x0d\x02\x0b", Digest::Sha512),
];

/// What is in a part; nothing where the password is not that of it.
type Plain = Option<Zeroizing<Vec<u8>>>;

/// The iterations that stand in the encrypted parts of a container. `Unseen` where a part cannot be looked into, `Closed`
/// where what is in there is not what such a part holds: a wrong password gives valid padding once in 256 times.
pub fn iterations(container: &[u8], password: &str) -> Result<u64, Unopened> {
    let mut sum = 0_u64;
    for part in parts(container).ok_or(Unopened::Unseen)? {
        // A wrong password: nothing opens.
        let Some(plain) = opened(&part, password).ok_or(Unopened::Unseen)? else { return Ok(sum) };
        let inside = super::cost::count(&plain, DEPTH).ok_or(Unopened::Closed(CLOSED))?;
        sum = sum.saturating_add(inside);
    }
    Ok(sum)
}

/// The content of each EncryptedData: PFX, authSafe, its string, and the ContentInfos in there (RFC 7292, 4).
fn parts(container: &[u8]) -> Option<Vec<Vec<u8>>> {
    let pfx = within(container, SEQUENCE)?;
    let safe = elements(pfx.content, DEPTH).flatten().find(|element| element.tag == SEQUENCE)?;
    let string = elements(safe.content, DEPTH).flatten().nth(1)?;
    let string = elements(string.content, DEPTH).flatten().next()?.string(DEPTH);
    let all = within(&string, SEQUENCE)?;
    let mut found = Vec::new();
    for info in elements(all.content, DEPTH) {
        let mut fields = elements(info?.content, DEPTH).flatten();
        if fields.next().is_some_and(|kind| kind.content == ENCRYPTED_DATA) {
            found.push(within(fields.next()?.content, SEQUENCE)?.content.to_vec());
        }
    }
    Some(found)
}

fn within(input: &[u8], tag: u8) -> Option<Element<'_>> {
    elements(input, DEPTH).next().flatten().filter(|element| element.tag == tag)
}

/// The plain text of an EncryptedData: version, then type, algorithm and ciphertext in a structure.
fn opened(part: &[u8], password: &str) -> Option<Plain> {
    let info = elements(part, DEPTH).flatten().find(|element| element.tag == SEQUENCE)?;
    let mut fields = elements(info.content, DEPTH).flatten();
    let (algorithm, text) = (fields.nth(1)?, fields.next()?);
    let text = text.string(DEPTH);
    let mut fields = elements(algorithm.content, DEPTH).flatten();
    let (kind, parameters) = (fields.next()?.content, fields.next()?);
    if kind == PBES2 {
        return pbes2(parameters.content, password, &text);
    }
    let (_, cipher, key, iv) = *PBES1.iter().find(|row| row.0 == kind)?;
    let (salt, iterations) = salt_and_iterations(parameters.content)?;
    let derived = |what, length| {
        derive_key_utf8::<sha1::Sha1>(password, &salt, what, iterations.cast_signed(), length)
            .map(Zeroizing::new)
    };
    let key = derived(Pkcs12KeyType::EncryptionKey, key).ok()?;
    let iv = if iv == 0 { Zeroizing::default() } else { derived(Pkcs12KeyType::Iv, iv).ok()? };
    Some(decrypted(cipher, &key, &iv, &text))
}

/// PBES2 with PBKDF2 (RFC 8018, A.4).
fn pbes2(parameters: &[u8], password: &str, text: &[u8]) -> Option<Plain> {
    let mut fields = elements(parameters, DEPTH).flatten();
    let (derivation, encryption) = (fields.next()?, fields.next()?);
    let derivation = elements(derivation.content, DEPTH).flatten().nth(1)?;
    let (salt, iterations) = salt_and_iterations(derivation.content)?;
    let function = elements(derivation.content, DEPTH).flatten().find(|element| element.tag == SEQUENCE);
    let digest = match function {
        Some(function) => {
            let name = elements(function.content, DEPTH).flatten().next()?.content;
            DIGESTS.iter().find(|row| row.0 == name)?.1
        }
        None => Digest::Sha1,
    };
    let mut fields = elements(encryption.content, DEPTH).flatten();
    let (name, iv) = (fields.next()?.content, fields.next()?.string(DEPTH));
    let (_, cipher, key) = *CIPHERS.iter().find(|row| row.0 == name)?;
    let key = pbkdf2(digest, password.as_bytes(), &salt, NonZeroU32::new(iterations)?, key).ok()?;
    Some(decrypted(cipher, &key, &iv, text))
}

fn salt_and_iterations(parameters: &[u8]) -> Option<(Vec<u8>, u32)> {
    let mut fields = elements(parameters, DEPTH).flatten();
    let salt = fields.next().filter(|salt| salt.tag & 0x1f == OCTET_STRING)?.string(DEPTH).into_owned();
    let iterations =
        u32::try_from(number(fields.next()?.content)).ok().filter(|count| *count <= i32::MAX as u32)?;
    Some((salt, iterations))
}
