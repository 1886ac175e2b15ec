//! PKCS#12 containers: a private key with its certificates under a password (RFC 7292). AWS-LC opens them, old ones too;
//! it can seal them with Triple DES alone, so that new ones come from a library that has AES.
#![allow(unsafe_code, reason = "AWS-LC's C interface: aws-lc-rs opens no PKCS#12")]

mod cost;
mod hidden;

pub use cost::iterations;

use super::Error;
use super::x509::{Owned, Stack, forget_errors};
use aws_lc_sys as c;
use p12_keystore::{KeyStore, KeyStoreEntry, PrivateKey, PrivateKeyChain};
use std::ffi::{CStr, c_char};
use std::{ptr, slice};
use zeroize::Zeroizing;

/// What ties the key in a container to its certificate.
const KEY_ID: &str = "1";

/// A container that does not open, whatever the reason: a wrong password looks like any other broken one.
const CLOSED: Error =
    Error::Failed("the password does not open the PKCS#12 container, or it is no container");
const NO_TEXT: Error = Error::Parameter("the password of a PKCS#12 container is text without zero bytes");
const UNSUITED: Error = Error::Failed("the key and its certificates do not go into a PKCS#12 container");

/// What is in a container.
#[derive(Clone)]
pub struct Contents {
    /// The private key, PKCS#8 DER.
    pub pkcs8: Zeroizing<Vec<u8>>,
    /// The certificates in the order of the container, but for that of the key, which comes first.
    pub certificates: Vec<Certificate>,
    /// How many iterations it asked for.
    pub iterations: u64,
}

impl Contents {
    /// How many bytes the key and the certificates have.
    pub fn length(&self) -> usize {
        self.pkcs8.len() + self.certificates.iter().map(|certificate| certificate.der.len()).sum::<usize>()
    }
}

impl std::fmt::Debug for Contents {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "a private key and {} certificates", self.certificates.len())
    }
}

/// A certificate and the friendly name that it has in a container.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Certificate {
    /// X.509 DER.
    pub der: Vec<u8>,
    /// Its friendly name.
    pub alias: Option<String>,
    /// Whether it is of the private key.
    pub is_of_key: bool,
}

/// Why a container was not opened.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Unopened {
    /// It does not open.
    Closed(Error),
    /// It asks for so many iterations, those that stand in its encrypted parts among them.
    TooDear(u64),
    /// What its encrypted parts ask for cannot be told.
    Unseen,
}

impl From<Error> for Unopened {
    fn from(error: Error) -> Self {
        Self::Closed(error)
    }
}

/// Opens a container that asks for at most so many iterations.
pub fn open(container: &[u8], password: &[u8], iterations_max: u64) -> Result<Contents, Unopened> {
    let seen = iterations(container);
    if seen > iterations_max {
        return Err(Unopened::TooDear(seen));
    }
    let text = std::str::from_utf8(password).map_err(|_| NO_TEXT)?;
    let all = hidden::iterations(container, text)?.saturating_add(seen);
    if all > iterations_max {
        return Err(Unopened::TooDear(all));
    }
    Ok(Contents { iterations: all, ..opened(container, password)? })
}

fn opened(container: &[u8], password: &[u8]) -> Result<Contents, Error> {
    let password = Text::new(password)?;
    let certificates = Stack::new()?;
    let mut key = Owned(ptr::null_mut(), c::EVP_PKEY_free);
    // SAFETY: the source is initialised to the slice, which outlives the call; the outputs become ours.
    let opened = unsafe {
        let mut source = std::mem::zeroed::<c::CBS>();
        c::CBS_init(&raw mut source, container.as_ptr(), container.len());
        c::PKCS12_get_key_and_certs(&raw mut key.0, certificates.0.cast(), &raw mut source, password.as_ptr())
    };
    forget_errors();
    if opened != 1 {
        return Err(CLOSED);
    }
    if key.0.is_null() {
        return Err(Error::Failed("there is no private key in the PKCS#12 container"));
    }
    let mut pointers = certificates.certificates();
    // SAFETY: key and certificates are valid.
    let is_of_key = |of: *mut c::X509| unsafe { c::X509_check_private_key(of, key.0) } == 1;
    pointers.sort_by_key(|certificate| !is_of_key(*certificate));
    let all = pointers.into_iter().filter_map(|one| certificate(one, is_of_key(one))).collect();
    forget_errors();
    Ok(Contents { pkcs8: marshal(&key, container.len() + 4096)?, certificates: all, iterations: 0 })
}

/// The ciphers of encrypted parts.
#[derive(Clone, Copy)]
enum Cipher {
    Aes128,
    Aes192,
    Aes256,
    TripleDes,
    Rc2Of40,
    Rc4,
}

/// A ciphertext, decrypted; `None` where the key is not that of it.
fn decrypted(cipher: Cipher, key: &[u8], iv: &[u8], text: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    // SAFETY: no preconditions; the library owns what these point to.
    let cipher = unsafe {
        match cipher {
            Cipher::Aes128 => c::EVP_aes_128_cbc(),
            Cipher::Aes192 => c::EVP_aes_192_cbc(),
            Cipher::Aes256 => c::EVP_aes_256_cbc(),
            Cipher::TripleDes => c::EVP_des_ede3_cbc(),
            Cipher::Rc2Of40 => c::EVP_rc2_40_cbc(),
            Cipher::Rc4 => c::EVP_rc4(),
        }
    };
    // SAFETY: the cipher is valid.
    let (key_bytes, iv_bytes) =
        unsafe { (c::EVP_CIPHER_key_length(cipher), c::EVP_CIPHER_iv_length(cipher)) };
    let fits = |length: u32, bytes: &[u8]| usize::try_from(length) == Ok(bytes.len());
    if !fits(key_bytes, key) || !fits(iv_bytes, iv) {
        return None;
    }
    // One block more than the text has is what the library may write.
    let mut out = Zeroizing::new(vec![0; text.len() + 32]);
    let (mut first, mut last) = (0, 0);
    // SAFETY: key and IV have the lengths of the cipher, the output has room for the text and a block.
    let done = unsafe {
        let context = Owned(c::EVP_CIPHER_CTX_new(), c::EVP_CIPHER_CTX_free);
        !context.0.is_null()
            && c::EVP_DecryptInit_ex(context.0, cipher, ptr::null_mut(), key.as_ptr(), iv.as_ptr()) == 1
            && c::EVP_DecryptUpdate(
                context.0,
                out.as_mut_ptr(),
                &raw mut first,
                text.as_ptr(),
                i32::try_from(text.len()).ok()?,
            ) == 1
            && c::EVP_DecryptFinal_ex(
                context.0,
                out.as_mut_ptr().add(usize::try_from(first).unwrap_or_default()),
                &raw mut last,
            ) == 1
    };
    forget_errors();
    out.truncate(usize::try_from(first + last).ok()?);
    done.then_some(out)
}

/// The private key as PKCS#8, which has at most this many bytes.
fn marshal(key: &Owned<c::EVP_PKEY>, room: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut out = Zeroizing::new(vec![0; room]);
    // SAFETY: the builder writes into the buffer, which has the room that it is told, and is not used after it.
    let length = unsafe {
        let mut builder = std::mem::zeroed::<c::CBB>();
        let written = c::CBB_init_fixed(&raw mut builder, out.as_mut_ptr(), out.len()) == 1
            && c::EVP_marshal_private_key(&raw mut builder, key.0) == 1
            && c::CBB_flush(&raw mut builder) == 1;
        written.then(|| c::CBB_len(&raw const builder))
    };
    forget_errors();
    out.truncate(length.ok_or(CLOSED)?);
    Ok(out)
}

fn certificate(pointer: *mut c::X509, is_of_key: bool) -> Option<Certificate> {
    // SAFETY: the certificate is valid; without an output only the length is told.
    let length = unsafe { c::i2d_X509(pointer, ptr::null_mut()) };
    let mut der = vec![0; usize::try_from(length).ok()?];
    let mut at = der.as_mut_ptr();
    let mut alias_length = 0;
    // SAFETY: the buffer has the room that was asked for; the alias belongs to the certificate, which outlives the copy.
    let alias = unsafe {
        c::i2d_X509(pointer, &raw mut at);
        let alias = c::X509_alias_get0(pointer, &raw mut alias_length);
        let length = usize::try_from(alias_length).unwrap_or_default();
        (!alias.is_null()).then(|| slice::from_raw_parts(alias, length).to_vec())
    };
    Some(Certificate { der, alias: alias.and_then(|alias| String::from_utf8(alias).ok()), is_of_key })
}

/// Makes a container: AES-256 under PBKDF2, with a MAC of SHA-256. The first certificate is that of the key.
pub fn seal(
    password: &[u8],
    alias: &str,
    pkcs8: &[u8],
    certificates: &[impl AsRef<[u8]>],
) -> Result<Vec<u8>, Error> {
    let password = std::str::from_utf8(password).map_err(|_| NO_TEXT)?;
    let certificates: Result<Vec<_>, _> =
        certificates.iter().map(|der| p12_keystore::Certificate::from_der(der.as_ref())).collect();
    let key = PrivateKey::from_der(pkcs8).map_err(|_| UNSUITED)?;
    let chain = PrivateKeyChain::new(KEY_ID, key, certificates.map_err(|_| UNSUITED)?);
    let mut store = KeyStore::new();
    store.add_entry(alias, KeyStoreEntry::PrivateKeyChain(chain));
    store.writer(password).write().map_err(|_| UNSUITED)
}

/// Text that ends in a zero byte and is wiped.
struct Text(Zeroizing<Vec<u8>>);

impl Text {
    fn new(text: &[u8]) -> Result<Self, Error> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() + 1));
        bytes.extend_from_slice(text);
        bytes.push(0);
        match CStr::from_bytes_with_nul(&bytes) {
            Ok(_) if std::str::from_utf8(text).is_ok() => Ok(Self(bytes)),
            _ => Err(NO_TEXT),
        }
    }

    fn as_ptr(&self) -> *const c_char {
        self.0.as_ptr().cast()
    }
}
