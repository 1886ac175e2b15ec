//! Chains of X.509 certificates (RFC 5280, 6), as AWS-LC builds and checks them, and the signatures of certificate requests.
#![allow(unsafe_code, reason = "AWS-LC's C interface: aws-lc-rs knows no certificates")]

use super::Error;
use aws_lc_sys as c;
use std::ffi::{c_int, c_ulong};
use std::ptr;

/// How many bytes a serial number has.
pub const SERIAL_BYTES: usize = 16;

/// The serial number of a certificate, of random bytes: positive, never zero, and of 20 bytes at most (RFC 5280, 4.1.2.2). A CA
/// revokes by it, so no two certificates of one may have the same, whatever else they share.
pub fn serial_number(mut random: [u8; SERIAL_BYTES]) -> [u8; SERIAL_BYTES] {
    let [first, ..] = &mut random;
    *first = *first & 0x7f | 0x40;
    random
}

/// What is said of a chain.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Verdict {
    /// It leads to an anchor, and everything on the way holds.
    Valid,
    /// Something on the way does not hold: a signature, a date, a constraint.
    Invalid,
    /// It holds as far as it goes, and leads to no anchor.
    Unknown,
}

/// The errors that say that no anchor was found, and nothing else.
const NO_WAY: &[c_int] = &[
    c::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT,
    c::X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY,
    c::X509_V_ERR_DEPTH_ZERO_SELF_SIGNED_CERT,
    c::X509_V_ERR_SELF_SIGNED_CERT_IN_CHAIN,
    c::X509_V_ERR_UNABLE_TO_VERIFY_LEAF_SIGNATURE,
    c::X509_V_ERR_CERT_UNTRUSTED,
];

/// Judges the chain from a certificate over others to an anchor, at a time in seconds since 1970.
pub fn judge(
    leaf: &[u8],
    others: &[impl AsRef<[u8]>],
    anchors: &[impl AsRef<[u8]>],
    at: i64,
) -> Result<Verdict, Error> {
    let error = verify(leaf, others, anchors, at)?;
    if error == c::X509_V_OK {
        return Ok(Verdict::Valid);
    }
    if !NO_WAY.contains(&error) {
        return Ok(Verdict::Invalid);
    }
    // Whether it holds in itself: with its own upper end, or, alone, itself, as the anchor.
    let within =
        if others.is_empty() { verify(leaf, others, &[leaf], at) } else { verify(leaf, others, others, at) };
    Ok(if within? == c::X509_V_OK { Verdict::Unknown } else { Verdict::Invalid })
}

/// What the library says of the chain.
fn verify(
    leaf: &[u8],
    others: &[impl AsRef<[u8]>],
    anchors: &[impl AsRef<[u8]>],
    at: i64,
) -> Result<c_int, Error> {
    let leaf = parsed(leaf)?;
    let chain = Stack::new()?;
    for other in others {
        chain.push(parsed(other.as_ref())?)?;
    }
    // SAFETY: no preconditions; both pointers are checked before they are used.
    let (store, context) = unsafe {
        let store = Owned(c::X509_STORE_new(), c::X509_STORE_free);
        (store, Owned(c::X509_STORE_CTX_new(), c::X509_STORE_CTX_free))
    };
    if store.0.is_null() || context.0.is_null() {
        return Err(BROKEN);
    }
    for anchor in anchors {
        let anchor = parsed(anchor.as_ref())?;
        // SAFETY: both pointers are valid; the store takes its own reference to the certificate.
        unsafe { c::X509_STORE_add_cert(store.0, anchor.0) };
    }
    // SAFETY: every pointer is valid and outlives the context, which is dropped before what it refers to.
    let error = unsafe {
        if c::X509_STORE_CTX_init(context.0, store.0, leaf.0, chain.0.cast()) != 1 {
            return Err(BROKEN);
        }
        c::X509_STORE_CTX_set_flags(context.0, c::X509_V_FLAG_PARTIAL_CHAIN as c_ulong);
        c::X509_STORE_CTX_set_time_posix(context.0, 0, at);
        match c::X509_verify_cert(context.0) {
            1 => c::X509_V_OK,
            _ => c::X509_STORE_CTX_get_error(context.0).max(c::X509_V_ERR_UNSPECIFIED),
        }
    };
    drop(context);
    forget_errors();
    Ok(error)
}

const BROKEN: Error = Error::Failed("a certificate is not X.509 in DER");

/// Whether a certificate request, PKCS#10 in DER, is signed by the key that it names (RFC 2986, 4.2). The library knows for
/// which keys each algorithm is, with which digest and parameters; a request that it cannot read is not signed.
pub fn request_is_signed(der: &[u8]) -> bool {
    let Ok(length) = der.len().try_into() else { return false };
    let mut at = der.as_ptr();
    // SAFETY: the slice outlives the call; request and key are checked, become ours and are freed once.
    let verified = unsafe {
        let request = Owned(c::d2i_X509_REQ(ptr::null_mut(), &raw mut at, length), c::X509_REQ_free);
        !request.0.is_null() && {
            let key = Owned(c::X509_REQ_get_pubkey(request.0), c::EVP_PKEY_free);
            !key.0.is_null() && c::X509_REQ_verify(request.0, key.0) == 1
        }
    };
    forget_errors();
    verified
}

/// A pointer of the library and what frees it.
pub(super) struct Owned<T>(pub(super) *mut T, pub(super) unsafe extern "C" fn(*mut T));

impl<T> Drop for Owned<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer is null or ours, freed once by its own function; freeing a key wipes it.
        unsafe { (self.1)(self.0) };
    }
}

/// Certificates in a stack of the library, which owns them.
pub(super) struct Stack(pub(super) *mut c::OPENSSL_STACK);

impl Stack {
    pub(super) fn new() -> Result<Self, Error> {
        // SAFETY: no preconditions.
        let stack = unsafe { c::OPENSSL_sk_new_null() };
        if stack.is_null() { Err(BROKEN) } else { Ok(Self(stack)) }
    }

    pub(super) fn certificates(&self) -> Vec<*mut c::X509> {
        // SAFETY: the stack is valid and holds certificates alone; indexes are below its length.
        unsafe {
            let length = c::OPENSSL_sk_num(self.0);
            (0..length).map(|at| c::OPENSSL_sk_value(self.0, at).cast()).collect()
        }
    }

    /// Takes the certificate over.
    fn push(&self, certificate: Owned<c::X509>) -> Result<(), Error> {
        // SAFETY: both pointers are valid; what was pushed belongs to the stack.
        if unsafe { c::OPENSSL_sk_push(self.0, certificate.0.cast()) } == 0 {
            return Err(BROKEN);
        }
        std::mem::forget(certificate);
        Ok(())
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        // SAFETY: the stack and its certificates are ours, each freed once.
        unsafe {
            self.certificates().into_iter().for_each(|certificate| c::X509_free(certificate));
            c::OPENSSL_sk_free(self.0);
        }
    }
}

fn parsed(der: &[u8]) -> Result<Owned<c::X509>, Error> {
    let length = der.len().try_into().map_err(|_| BROKEN)?;
    let mut at = der.as_ptr();
    // SAFETY: the slice outlives the call; the certificate is checked and becomes ours.
    let certificate = unsafe { Owned(c::d2i_X509(ptr::null_mut(), &raw mut at, length), c::X509_free) };
    forget_errors();
    if certificate.0.is_null() { Err(BROKEN) } else { Ok(certificate) }
}

/// The library queues reasons by thread; the next call must not find those of this one.
pub(super) fn forget_errors() {
    // SAFETY: no preconditions.
    unsafe { c::ERR_clear_error() };
}
