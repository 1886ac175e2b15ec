//! Keys from keys and passwords: PBKDF2 (RFC 8018), HKDF (RFC 5869), the three modes of NIST SP 800-108, and the signing
//! key of AWS Signature Version 4.
//!
//! The modes of SP 800-108 stand here as loops over the library's HMAC and CMAC: aws-lc-rs has the counter mode alone and
//! with HMAC alone, and the crate `kbkdf` wants the length of the key when it is compiled.

use super::{Digest, Error, mac};
use aws_lc_rs::{hkdf, pbkdf2};
use std::num::NonZeroU32;
use zeroize::Zeroizing;

/// What is derived: wiped when dropped.
pub type Derived = Zeroizing<Vec<u8>>;

const NO_SUCH_DIGEST: Error = Error::Parameter("this derivation is not made with this digest");

fn pbkdf2_with(digest: Digest) -> Option<pbkdf2::Algorithm> {
    Some(match digest {
        Digest::Sha1 => pbkdf2::PBKDF2_HMAC_SHA1,
        Digest::Sha256 => pbkdf2::PBKDF2_HMAC_SHA256,
        Digest::Sha384 => pbkdf2::PBKDF2_HMAC_SHA384,
        Digest::Sha512 => pbkdf2::PBKDF2_HMAC_SHA512,
        _ => return None,
    })
}

/// Whether PBKDF2 is done with the HMAC of this digest.
pub fn has_pbkdf2(digest: Digest) -> bool {
    pbkdf2_with(digest).is_some()
}

/// PBKDF2 with HMAC.
pub fn pbkdf2(
    digest: Digest,
    password: &[u8],
    salt: &[u8],
    iterations: NonZeroU32,
    length: usize,
) -> Result<Derived, Error> {
    let algorithm = pbkdf2_with(digest).ok_or(NO_SUCH_DIGEST)?;
    let mut out = Zeroizing::new(vec![0; length]);
    pbkdf2::derive(algorithm, iterations, salt, password, &mut out);
    Ok(out)
}

/// The length of what HKDF gives.
struct Length(usize);

impl hkdf::KeyType for Length {
    fn len(&self) -> usize {
        self.0
    }
}

fn hkdf_with(digest: Digest) -> Option<hkdf::Algorithm> {
    Some(match digest {
        Digest::Sha1 => hkdf::HKDF_SHA1_FOR_LEGACY_USE_ONLY,
        Digest::Sha256 => hkdf::HKDF_SHA256,
        Digest::Sha384 => hkdf::HKDF_SHA384,
        Digest::Sha512 => hkdf::HKDF_SHA512,
        _ => return None,
    })
}

/// Whether HKDF is done with this digest.
pub fn has_hkdf(digest: Digest) -> bool {
    hkdf_with(digest).is_some()
}

/// HKDF: extract, then expand.
pub fn hkdf(
    digest: Digest,
    secret: &[u8],
    salt: &[u8],
    info: &[u8],
    length: usize,
) -> Result<Derived, Error> {
    let algorithm = hkdf_with(digest).ok_or(NO_SUCH_DIGEST)?;
    let too_long = |_| Error::Failed("HKDF gives at most 255 times as many bytes as its digest has");
    let mut out = Zeroizing::new(vec![0; length]);
    let key = hkdf::Salt::new(algorithm, salt).extract(secret);
    let info = [info];
    let expanded = key.expand(&info, Length(length)).map_err(too_long)?;
    expanded.fill(&mut out).map_err(too_long)?;
    Ok(out)
}

/// A pseudorandom function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Function {
    /// HMAC.
    Hmac(Digest),
    /// CMAC with AES.
    Cmac,
}

impl Function {
    fn of(self, key: &[u8], parts: &[&[u8]]) -> Result<Derived, Error> {
        let data = Zeroizing::new(parts.concat());
        let code = match self {
            Self::Hmac(digest) => mac::hmac(digest, key, &data),
            Self::Cmac => mac::cmac_aes(key, &data),
        };
        code.map(Zeroizing::new)
    }
}

/// The modes of NIST SP 800-108.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Mode<'a> {
    /// Counter mode (4.1).
    Counter,
    /// Feedback mode, from this initial value on (4.2).
    Feedback(&'a [u8]),
    /// Double-pipeline mode (4.3).
    DoublePipeline,
}

/// The key derivation of NIST SP 800-108. The counter has 32 bits and stands, in all modes, before the fixed data, which
/// are taken whole: label, separator, context and length are the caller's.
pub fn nist_800_108(
    mode: Mode<'_>,
    function: Function,
    key: &[u8],
    fixed: &[u8],
    length: usize,
) -> Result<Derived, Error> {
    // Each block is made with it.
    let key: &[u8] = &match function {
        Function::Hmac(digest) => mac::short_key(digest, key),
        Function::Cmac => Zeroizing::new(key.to_vec()),
    };
    let mut out = Zeroizing::new(Vec::with_capacity(length));
    let mut pipeline = Zeroizing::new(fixed.to_vec());
    let mut last: Derived = match mode {
        Mode::Feedback(initial) => Zeroizing::new(initial.to_vec()),
        _ => Zeroizing::default(),
    };
    let mut counter = 0_u32;
    while out.len() < length {
        counter = counter.checked_add(1).ok_or(Error::Failed("the counter has come to its end"))?;
        let count = &counter.to_be_bytes();
        last = match mode {
            Mode::Counter => function.of(key, &[count, fixed])?,
            Mode::Feedback(_) => function.of(key, &[&last, count, fixed])?,
            Mode::DoublePipeline => {
                pipeline = function.of(key, &[&pipeline])?;
                function.of(key, &[&pipeline, count, fixed])?
            }
        };
        let wanted = last.len().min(length - out.len());
        out.extend_from_slice(last.get(..wanted).unwrap_or_default());
    }
    Ok(out)
}

/// The signing key of AWS Signature Version 4: HMAC-SHA256 over date, region and service, one after another.
pub fn aws_signature_4(secret: &[u8], scope: [&[u8]; 3]) -> Result<Derived, Error> {
    let mut key = Zeroizing::new([b"AWS4".as_slice(), secret].concat());
    for part in scope.into_iter().chain([b"aws4_request".as_slice()]) {
        key = Function::Hmac(Digest::Sha256).of(&key, &[part])?;
    }
    Ok(key)
}
