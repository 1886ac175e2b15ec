//! RSA, ECDSA and Ed25519 with every padding and digest that AWS-LC has (RFC 8017, RFC 8032, FIPS 186-5).
#![allow(unsafe_code, reason = "AWS-LC's C interface: aws-lc-rs has neither all paddings nor digested data")]

use super::{Digest, Error};
use aws_lc_sys as c;
use std::ffi::c_int;
use std::ptr;
use zeroize::Zeroizing;

/// How RSA pads.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Padding<'a> {
    /// PKCS#1 v1.5.
    Pkcs1,
    /// OAEP.
    Oaep {
        /// The digest of the label.
        digest: Digest,
        /// The digest of the mask.
        mask: Digest,
        /// The label.
        label: &'a [u8],
    },
    /// PSS.
    Pss {
        /// The digest of the mask.
        mask: Digest,
        /// Bytes of salt; by default as many as the digest has, and in verification whatever was taken.
        salt_bytes: Option<u16>,
    },
}

/// The kinds of keys.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// RSA.
    Rsa,
    /// An elliptic curve of ECDSA and ECDH.
    Ec,
    /// Ed25519.
    Ed25519,
    /// X25519.
    X25519,
}

/// A context for messages that are signed without a digest.
struct Messages(*mut c::EVP_MD_CTX);

impl Messages {
    fn new() -> Result<Self, Error> {
        // SAFETY: no preconditions; the result is checked.
        let run = Self(unsafe { c::EVP_MD_CTX_new() });
        if run.0.is_null() { Err(UNSUITED) } else { Ok(run) }
    }
}

impl Drop for Messages {
    fn drop(&mut self) {
        // SAFETY: the pointer is null or ours, freed once.
        unsafe { c::EVP_MD_CTX_free(self.0) };
    }
}

/// A private or public key.
pub struct Key(*mut c::EVP_PKEY);

impl Drop for Key {
    fn drop(&mut self) {
        // SAFETY: the pointer is ours, freed once; freeing wipes private parts.
        unsafe { c::EVP_PKEY_free(self.0) };
    }
}

struct Context(*mut c::EVP_PKEY_CTX);

impl Drop for Context {
    fn drop(&mut self) {
        // SAFETY: the pointer is null or ours, freed once.
        unsafe { c::EVP_PKEY_CTX_free(self.0) };
    }
}

type Start = unsafe extern "C" fn(*mut c::EVP_PKEY_CTX) -> c_int;
type Transform = unsafe extern "C" fn(*mut c::EVP_PKEY_CTX, *mut u8, *mut usize, *const u8, usize) -> c_int;

const UNSUITED: Error = Error::Parameter("the key does not take these parameters");
const BROKEN: Error = Error::Failed("the data is not what this key, padding and digest made");

impl Key {
    /// From PKCS#8 DER.
    pub fn private(pkcs8: &[u8]) -> Result<Self, Error> {
        Self::parse(pkcs8, c::EVP_parse_private_key)
    }

    /// From SubjectPublicKeyInfo DER.
    pub fn public(spki: &[u8]) -> Result<Self, Error> {
        Self::parse(spki, c::EVP_parse_public_key)
    }

    fn parse(
        der: &[u8],
        parse: unsafe extern "C" fn(*mut c::CBS) -> *mut c::EVP_PKEY,
    ) -> Result<Self, Error> {
        // SAFETY: the CBS is initialised to the slice, which outlives the call.
        let key = unsafe {
            let mut source = std::mem::zeroed::<c::CBS>();
            c::CBS_init(&raw mut source, der.as_ptr(), der.len());
            parse(&raw mut source)
        };
        forget_errors();
        if key.is_null() { Err(Error::Failed("the key cannot be read")) } else { Ok(Self(key)) }
    }

    /// The public half as X.509 SubjectPublicKeyInfo DER: the same bytes for the same key.
    pub fn public_der(&self) -> Result<Vec<u8>, Error> {
        let mut der = ptr::null_mut();
        // SAFETY: the key is valid; as many bytes as the length says were allocated, which are copied and freed once.
        let out = unsafe {
            let bytes = usize::try_from(c::i2d_PUBKEY(self.0, &raw mut der)).ok().filter(|_| !der.is_null());
            let out = bytes.map(|length| std::slice::from_raw_parts(der, length).to_vec());
            c::OPENSSL_free(der.cast());
            out
        };
        forget_errors();
        out.ok_or(UNSUITED)
    }

    /// What it is one of.
    pub fn family(&self) -> Option<Family> {
        const FAMILIES: [(c_int, Family); 4] = [
            (c::EVP_PKEY_RSA, Family::Rsa),
            (c::EVP_PKEY_EC, Family::Ec),
            (c::EVP_PKEY_ED25519, Family::Ed25519),
            (c::EVP_PKEY_X25519, Family::X25519),
        ];
        // SAFETY: the key is valid.
        let id = unsafe { c::EVP_PKEY_id(self.0) };
        FAMILIES.iter().find(|(known, _)| *known == id).map(|(_, family)| *family)
    }

    /// The point of an EC public key (SEC 1, 2.3.3), compressed or whole.
    pub fn point(&self, compressed: bool) -> Result<Vec<u8>, Error> {
        let form = if compressed {
            c::point_conversion_form_t::POINT_CONVERSION_COMPRESSED
        } else {
            c::point_conversion_form_t::POINT_CONVERSION_UNCOMPRESSED
        };
        let mut out = vec![0; 1 + 2 * 66];
        // SAFETY: the key is valid and outlives what is borrowed from it, which is checked to be there; no more is
        // written than the buffer has.
        let written = unsafe {
            let key = c::EVP_PKEY_get0_EC_KEY(self.0);
            if key.is_null() {
                return Err(UNSUITED);
            }
            let (group, point) = (c::EC_KEY_get0_group(key), c::EC_KEY_get0_public_key(key));
            if group.is_null() || point.is_null() {
                return Err(UNSUITED);
            }
            c::EC_POINT_point2oct(group, point, form, out.as_mut_ptr(), out.len(), ptr::null_mut())
        };
        forget_errors();
        out.truncate(written);
        if written == 0 { Err(UNSUITED) } else { Ok(out) }
    }

    /// Whether it is an RSA key: paddings mean something to those alone.
    pub fn is_rsa(&self) -> bool {
        self.family() == Some(Family::Rsa)
    }

    /// The length of the modulus, or of the order of the curve.
    pub fn bits(&self) -> u32 {
        // SAFETY: the key is valid.
        u32::try_from(unsafe { c::EVP_PKEY_bits(self.0) }).unwrap_or(0)
    }

    /// Signs a digest. Without a digest algorithm RSA signs the bytes as they are, padded. Ed25519 signs the message
    /// itself.
    pub fn sign(
        &self,
        padding: Padding<'_>,
        digest: Option<Digest>,
        digested: &[u8],
    ) -> Result<Vec<u8>, Error> {
        if self.family() == Some(Family::Ed25519) {
            return self.sign_message(digested);
        }
        let context = self.context(c::EVP_PKEY_sign_init)?;
        self.set(&context, padding, digest, false)?;
        Ok(transform(&context, c::EVP_PKEY_sign, digested)?.to_vec())
    }

    /// Whether the signature is one of the digest.
    pub fn verifies(
        &self,
        padding: Padding<'_>,
        digest: Option<Digest>,
        digested: &[u8],
        signature: &[u8],
    ) -> Result<bool, Error> {
        if self.family() == Some(Family::Ed25519) {
            return self.verifies_message(digested, signature);
        }
        let context = self.context(c::EVP_PKEY_verify_init)?;
        self.set(&context, padding, digest, true)?;
        // SAFETY: both slices are valid for the call.
        let verified = unsafe {
            c::EVP_PKEY_verify(
                context.0,
                signature.as_ptr(),
                signature.len(),
                digested.as_ptr(),
                digested.len(),
            )
        };
        forget_errors();
        Ok(verified == 1)
    }

    fn sign_message(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let run = Messages::new()?;
        let mut signature = vec![0; 64];
        let mut length = signature.len();
        // SAFETY: the context and the key are valid; the output has the length that `length` says.
        let signed = unsafe {
            c::EVP_DigestSignInit(run.0, ptr::null_mut(), ptr::null(), ptr::null_mut(), self.0) == 1
                && c::EVP_DigestSign(
                    run.0,
                    signature.as_mut_ptr(),
                    &raw mut length,
                    message.as_ptr(),
                    message.len(),
                ) == 1
        };
        forget_errors();
        if signed { Ok(signature) } else { Err(UNSUITED) }
    }

    fn verifies_message(&self, message: &[u8], signature: &[u8]) -> Result<bool, Error> {
        let run = Messages::new()?;
        // SAFETY: the context and the key are valid; both slices are valid for the call.
        let verified = unsafe {
            c::EVP_DigestVerifyInit(run.0, ptr::null_mut(), ptr::null(), ptr::null_mut(), self.0) == 1
                && c::EVP_DigestVerify(
                    run.0,
                    signature.as_ptr(),
                    signature.len(),
                    message.as_ptr(),
                    message.len(),
                ) == 1
        };
        forget_errors();
        Ok(verified)
    }

    /// Encrypts with a public key of RSA.
    pub fn encrypt(&self, padding: Padding<'_>, plain: &[u8]) -> Result<Vec<u8>, Error> {
        let context = self.context(c::EVP_PKEY_encrypt_init)?;
        self.set(&context, padding, None, false)?;
        Ok(transform(&context, c::EVP_PKEY_encrypt, plain)?.to_vec())
    }

    /// Decrypts with a private key of RSA.
    pub fn decrypt(&self, padding: Padding<'_>, encrypted: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        let context = self.context(c::EVP_PKEY_decrypt_init)?;
        self.set(&context, padding, None, false)?;
        transform(&context, c::EVP_PKEY_decrypt, encrypted)
    }

    /// What a private key and the public key of somebody else have in common (NIST SP 800-56A, RFC 7748): both on one
    /// curve, and the public key not of so small an order that all agree with it on zero (RFC 7748, 6.1).
    pub fn agree(&self, peer: &Self) -> Result<Zeroizing<Vec<u8>>, Error> {
        const STRANGE: Error = Error::Parameter("the keys have nothing in common: they are not on one curve");
        const SMALL: Error = Error::Parameter(
            "the public key is a point of small order: whoever agrees with it agrees on the same, which is no secret",
        );
        let context = self.context(c::EVP_PKEY_derive_init)?;
        let mut length = 0;
        // SAFETY: context and peer are valid; the context takes its own reference; without an output only the length
        // is written.
        let ready = unsafe {
            c::EVP_PKEY_derive_set_peer(context.0, peer.0) == 1
                && c::EVP_PKEY_derive(context.0, ptr::null_mut(), &raw mut length) == 1
        };
        let mut out = Zeroizing::new(vec![0; length]);
        // SAFETY: the output has the room that was asked for, and `length` says so.
        let done = ready && unsafe { c::EVP_PKEY_derive(context.0, out.as_mut_ptr(), &raw mut length) } == 1;
        forget_errors();
        if !done {
            return Err(if ready { SMALL } else { STRANGE });
        }
        out.truncate(length);
        Ok(out)
    }

    fn context(&self, start: Start) -> Result<Context, Error> {
        // SAFETY: the key is valid; the context takes its own reference to it.
        let context = Context(unsafe { c::EVP_PKEY_CTX_new(self.0, ptr::null_mut()) });
        // SAFETY: the context is checked before it is started.
        if context.0.is_null() || unsafe { start(context.0) } != 1 {
            forget_errors();
            return Err(UNSUITED);
        }
        Ok(context)
    }

    fn set(
        &self,
        context: &Context,
        padding: Padding<'_>,
        digest: Option<Digest>,
        verify: bool,
    ) -> Result<(), Error> {
        let set = set_digest(context, digest)
            && (!self.is_rsa()
                || match padding {
                    Padding::Pkcs1 => set_padding(context, c::RSA_PKCS1_PADDING),
                    Padding::Oaep { digest, mask, label } => set_oaep(context, digest, mask, label),
                    Padding::Pss { mask, salt_bytes } => set_pss(context, mask, salt_bytes, verify),
                });
        forget_errors();
        if set { Ok(()) } else { Err(UNSUITED) }
    }
}

fn set_digest(context: &Context, digest: Option<Digest>) -> bool {
    let Some(digest) = digest else { return true };
    // SAFETY: the context is valid; digests are static.
    unsafe { c::EVP_PKEY_CTX_set_signature_md(context.0, (digest.function())()) == 1 }
}

fn set_padding(context: &Context, padding: c_int) -> bool {
    // SAFETY: the context is valid.
    unsafe { c::EVP_PKEY_CTX_set_rsa_padding(context.0, padding) == 1 }
}

fn set_pss(context: &Context, mask: Digest, salt_bytes: Option<u16>, verify: bool) -> bool {
    let salt = match salt_bytes {
        Some(bytes) => c_int::from(bytes),
        None if verify => c::RSA_PSS_SALTLEN_AUTO,
        None => c::RSA_PSS_SALTLEN_DIGEST,
    };
    // SAFETY: the context is valid; digests are static.
    set_padding(context, c::RSA_PKCS1_PSS_PADDING)
        && unsafe {
            c::EVP_PKEY_CTX_set_rsa_pss_saltlen(context.0, salt) == 1
                && c::EVP_PKEY_CTX_set_rsa_mgf1_md(context.0, (mask.function())()) == 1
        }
}

fn set_oaep(context: &Context, digest: Digest, mask: Digest, label: &[u8]) -> bool {
    // SAFETY: the context is valid; digests are static.
    let set = set_padding(context, c::RSA_PKCS1_OAEP_PADDING)
        && unsafe {
            c::EVP_PKEY_CTX_set_rsa_oaep_md(context.0, (digest.function())()) == 1
                && c::EVP_PKEY_CTX_set_rsa_mgf1_md(context.0, (mask.function())()) == 1
        };
    if !set || label.is_empty() {
        return set;
    }
    // SAFETY: the copy is made by the library's allocator, checked, and owned by the context once it is set; when
    // setting fails it is freed here.
    unsafe {
        let copy = c::OPENSSL_memdup(label.as_ptr().cast(), label.len());
        if copy.is_null() {
            return false;
        }
        if c::EVP_PKEY_CTX_set0_rsa_oaep_label(context.0, copy.cast(), label.len()) == 1 {
            return true;
        }
        c::OPENSSL_free(copy);
        false
    }
}

/// Asks how much room the result needs, then makes it.
fn transform(context: &Context, transform: Transform, input: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut length = 0;
    // SAFETY: without an output only the length is written.
    let asked =
        unsafe { transform(context.0, ptr::null_mut(), &raw mut length, input.as_ptr(), input.len()) };
    let mut out = Zeroizing::new(vec![0; length]);
    // SAFETY: the output has the room that was asked for, and `length` says so.
    let done = asked == 1
        && unsafe { transform(context.0, out.as_mut_ptr(), &raw mut length, input.as_ptr(), input.len()) }
            == 1;
    forget_errors();
    if !done {
        return Err(BROKEN);
    }
    out.truncate(length);
    Ok(out)
}

/// The library queues reasons by thread; the next call must not find those of this one.
fn forget_errors() {
    // SAFETY: no preconditions.
    unsafe { c::ERR_clear_error() };
}
