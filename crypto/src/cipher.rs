//! Symmetric ciphers in every mode that AWS-LC has, data in parts (NIST SP 800-38A to E, RFC 8439).
#![allow(
    unsafe_code,
    reason = "AWS-LC's C interface: aws-lc-rs has neither all modes nor all lengths of IV and tag"
)]

use super::Error;
use aws_lc_sys as c;
use std::ffi::c_int;
use std::ptr;
use zeroize::Zeroizing;

/// The most bytes that one call takes: the library counts in `int`.
const PART_BYTES_MAX: usize = 1 << 30;

/// Which way.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Direction {
    /// From plain to cipher.
    Encrypt,
    /// From cipher to plain.
    Decrypt,
}

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $name:ident: key $key:literal, block $block:literal, iv $iv:expr, aead $aead:literal, $function:ident;)*) => {
        /// A cipher with its mode and length of key.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub enum Kind { $($(#[doc = $doc])* $name,)* }

        impl Kind {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// Bytes of a key.
            pub fn key_bytes(self) -> usize {
                match self { $(Self::$name => $key,)* }
            }

            /// Bytes of a block; 1 where data of any length can be encrypted as it is.
            pub fn block_bytes(self) -> usize {
                match self { $(Self::$name => $block,)* }
            }

            /// The lengths of IV that it takes, in bytes.
            pub fn iv_bytes(self) -> std::ops::RangeInclusive<usize> {
                match self { $(Self::$name => $iv,)* }
            }

            /// Whether it makes a tag.
            pub fn is_aead(self) -> bool {
                match self { $(Self::$name => $aead,)* }
            }

            fn function(self) -> unsafe extern "C" fn() -> *const c::EVP_CIPHER {
                match self { $(Self::$name => c::$function,)* }
            }
        }
    };
}

kinds! {
    /// AES-128 in ECB.
    Aes128Ecb: key 16, block 16, iv 0..=0, aead false, EVP_aes_128_ecb;
    /// AES-192 in ECB.
    Aes192Ecb: key 24, block 16, iv 0..=0, aead false, EVP_aes_192_ecb;
    /// AES-256 in ECB.
    Aes256Ecb: key 32, block 16, iv 0..=0, aead false, EVP_aes_256_ecb;
    /// AES-128 in CBC.
    Aes128Cbc: key 16, block 16, iv 16..=16, aead false, EVP_aes_128_cbc;
    /// AES-192 in CBC.
    Aes192Cbc: key 24, block 16, iv 16..=16, aead false, EVP_aes_192_cbc;
    /// AES-256 in CBC.
    Aes256Cbc: key 32, block 16, iv 16..=16, aead false, EVP_aes_256_cbc;
    /// AES-128 in CTR.
    Aes128Ctr: key 16, block 1, iv 16..=16, aead false, EVP_aes_128_ctr;
    /// AES-192 in CTR.
    Aes192Ctr: key 24, block 1, iv 16..=16, aead false, EVP_aes_192_ctr;
    /// AES-256 in CTR.
    Aes256Ctr: key 32, block 1, iv 16..=16, aead false, EVP_aes_256_ctr;
    /// AES-128 in OFB.
    Aes128Ofb: key 16, block 1, iv 16..=16, aead false, EVP_aes_128_ofb;
    /// AES-192 in OFB.
    Aes192Ofb: key 24, block 1, iv 16..=16, aead false, EVP_aes_192_ofb;
    /// AES-256 in OFB.
    Aes256Ofb: key 32, block 1, iv 16..=16, aead false, EVP_aes_256_ofb;
    /// AES-128 in CFB with segments of 128 bits.
    Aes128Cfb: key 16, block 1, iv 16..=16, aead false, EVP_aes_128_cfb128;
    /// AES-192 in CFB with segments of 128 bits.
    Aes192Cfb: key 24, block 1, iv 16..=16, aead false, EVP_aes_192_cfb128;
    /// AES-256 in CFB with segments of 128 bits.
    Aes256Cfb: key 32, block 1, iv 16..=16, aead false, EVP_aes_256_cfb128;
    /// AES-128 in GCM.
    Aes128Gcm: key 16, block 1, iv 1..=1024, aead true, EVP_aes_128_gcm;
    /// AES-192 in GCM.
    Aes192Gcm: key 24, block 1, iv 1..=1024, aead true, EVP_aes_192_gcm;
    /// AES-256 in GCM.
    Aes256Gcm: key 32, block 1, iv 1..=1024, aead true, EVP_aes_256_gcm;
    /// AES-128 in CCM.
    Aes128Ccm: key 16, block 1, iv 7..=13, aead true, EVP_aes_128_ccm;
    /// AES-192 in CCM.
    Aes192Ccm: key 24, block 1, iv 7..=13, aead true, EVP_aes_192_ccm;
    /// AES-256 in CCM.
    Aes256Ccm: key 32, block 1, iv 7..=13, aead true, EVP_aes_256_ccm;
    /// AES-256 in XTS: two keys in one.
    Aes256Xts: key 64, block 1, iv 16..=16, aead false, EVP_aes_256_xts;
    /// Triple DES in ECB.
    Des3Ecb: key 24, block 8, iv 0..=0, aead false, EVP_des_ede3_ecb;
    /// Triple DES in CBC.
    Des3Cbc: key 24, block 8, iv 8..=8, aead false, EVP_des_ede3_cbc;
    /// ChaCha20 with Poly1305.
    ChaCha20Poly1305: key 32, block 1, iv 12..=12, aead true, EVP_chacha20_poly1305;
}

/// What an authenticated mode takes besides.
#[derive(Clone, Copy, Debug)]
pub struct Authenticated<'a> {
    /// Data that is not encrypted and yet protected.
    pub additional_data: &'a [u8],
    /// The tag to check, when decrypting.
    pub tag: Option<&'a [u8]>,
    /// The length of the tag; CCM wants to know it beforehand.
    pub tag_bytes: usize,
    /// The length of all data, which CCM wants to know beforehand too.
    pub data_bytes: usize,
}

impl Kind {
    /// Whether all data must come at once.
    pub fn is_whole(self) -> bool {
        self.is_ccm() || self == Self::Aes256Xts
    }

    fn is_ccm(self) -> bool {
        matches!(self, Self::Aes128Ccm | Self::Aes192Ccm | Self::Aes256Ccm)
    }
}

/// A run of a cipher.
pub struct Cipher {
    context: *mut c::EVP_CIPHER_CTX,
    kind: Kind,
}

impl Drop for Cipher {
    fn drop(&mut self) {
        // SAFETY: the context is ours, freed once; freeing wipes it.
        unsafe { c::EVP_CIPHER_CTX_free(self.context) };
    }
}

impl Cipher {
    /// Starts a run. Authenticated modes need `authenticated`; the others do without. Data for ECB and CBC are whole
    /// blocks: who pads does it before ([`super::padding`]).
    pub fn start(
        kind: Kind,
        direction: Direction,
        key: &[u8],
        iv: &[u8],
        authenticated: Option<Authenticated<'_>>,
    ) -> Result<Self, Error> {
        if key.len() != kind.key_bytes() {
            return Err(Error::Parameter("the key has a length that this cipher does not take"));
        }
        if !kind.iv_bytes().contains(&iv.len()) {
            return Err(Error::Parameter("the IV has a length that this mode does not take"));
        }
        // SAFETY: no preconditions; the result is checked before use.
        let context = unsafe { c::EVP_CIPHER_CTX_new() };
        let mut cipher = Self { context, kind };
        let authenticated = authenticated.filter(|_| kind.is_aead());
        if context.is_null() || !cipher.initialise(direction, key, iv, authenticated) {
            return Err(Error::Failed("the cipher does not start with this key"));
        }
        if authenticated.is_some_and(|authenticated| !cipher.authenticate(authenticated)) {
            return Err(Error::Failed("the cipher does not take this tag or additional data"));
        }
        Ok(cipher)
    }

    fn initialise(
        &mut self,
        direction: Direction,
        key: &[u8],
        iv: &[u8],
        authenticated: Option<Authenticated<'_>>,
    ) -> bool {
        let encrypt = c_int::from(direction == Direction::Encrypt);
        let Ok(iv_bytes) = c_int::try_from(iv.len()) else { return false };
        // SAFETY: the context is valid; key and IV have the lengths that the cipher reads, which `start` has checked
        // and, for authenticated modes, the control call sets.
        unsafe {
            let cipher = (self.kind.function())();
            c::EVP_CipherInit_ex(self.context, cipher, ptr::null_mut(), ptr::null(), ptr::null(), encrypt)
                == 1
                && (!self.kind.is_aead()
                    || c::EVP_CIPHER_CTX_ctrl(
                        self.context,
                        c::EVP_CTRL_AEAD_SET_IVLEN,
                        iv_bytes,
                        ptr::null_mut(),
                    ) == 1)
                && (!self.kind.is_ccm()
                    || authenticated.is_some_and(|with| self.set_tag(with.tag, with.tag_bytes)))
                && c::EVP_CipherInit_ex(
                    self.context,
                    ptr::null(),
                    ptr::null_mut(),
                    key.as_ptr(),
                    iv.as_ptr(),
                    encrypt,
                ) == 1
                && c::EVP_CIPHER_CTX_set_padding(self.context, 0) == 1
        }
    }

    /// The tag to check, or only its length.
    fn set_tag(&mut self, tag: Option<&[u8]>, bytes: usize) -> bool {
        let mut tag = tag.map(<[u8]>::to_vec);
        let Ok(length) = c_int::try_from(tag.as_ref().map_or(bytes, Vec::len)) else { return false };
        let tag = tag.as_mut().map_or(ptr::null_mut(), |tag| tag.as_mut_ptr().cast());
        // SAFETY: the library copies `length` bytes out of the buffer, or takes the length alone.
        unsafe { c::EVP_CIPHER_CTX_ctrl(self.context, c::EVP_CTRL_AEAD_SET_TAG, length, tag) == 1 }
    }

    fn authenticate(&mut self, with: Authenticated<'_>) -> bool {
        let tag_is_set = self.kind.is_ccm() || with.tag.is_none() || self.set_tag(with.tag, 0);
        let Ok(data_bytes) = c_int::try_from(with.data_bytes) else { return false };
        tag_is_set
            && (!self.kind.is_ccm() || self.feed(ptr::null(), data_bytes))
            && (with.additional_data.is_empty()
                || c_int::try_from(with.additional_data.len())
                    .is_ok_and(|length| self.feed(with.additional_data.as_ptr(), length)))
    }

    /// With no output the data is additional data; without data too it is the length of what comes.
    fn feed(&mut self, data: *const u8, length: c_int) -> bool {
        let mut taken = 0;
        // SAFETY: `data` is null or has `length` bytes.
        unsafe { c::EVP_CipherUpdate(self.context, ptr::null_mut(), &raw mut taken, data, length) == 1 }
    }

    /// Takes a part; gives what can be given so far.
    pub fn update(&mut self, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
        if data.is_empty() && !self.kind.is_ccm() {
            return Ok(Zeroizing::default());
        }
        let length = c_int::try_from(data.len()).ok().filter(|_| data.len() <= PART_BYTES_MAX);
        let length = length.ok_or(Error::Parameter("the data is too long for one part"))?;
        let mut out = Zeroizing::new(vec![0; data.len() + self.kind.block_bytes()]);
        let mut written = 0;
        // SAFETY: the output has room for the data and a block, which is the most that is written.
        let updated = unsafe {
            c::EVP_CipherUpdate(self.context, out.as_mut_ptr(), &raw mut written, data.as_ptr(), length)
        };
        if updated != 1 {
            forget_errors();
            return Err(ENDS_WRONG);
        }
        out.truncate(usize::try_from(written).unwrap_or(0));
        Ok(out)
    }

    /// Ends the run: the last block, and the check of padding or tag.
    pub fn finish(&mut self) -> Result<Zeroizing<Vec<u8>>, Error> {
        let mut out = Zeroizing::new(vec![0; self.kind.block_bytes().max(16)]);
        let mut written = 0;
        // SAFETY: at most a block is written, and there is room for one.
        let ended = unsafe { c::EVP_CipherFinal_ex(self.context, out.as_mut_ptr(), &raw mut written) };
        if ended != 1 {
            forget_errors();
            return Err(ENDS_WRONG);
        }
        out.truncate(usize::try_from(written).unwrap_or(0));
        Ok(out)
    }

    /// The tag of an encryption that has ended.
    pub fn tag(&self, bytes: usize) -> Result<Vec<u8>, Error> {
        let length = c_int::try_from(bytes)
            .ok()
            .filter(|_| bytes <= 16)
            .ok_or(Error::Parameter("a tag has at most 16 bytes"))?;
        let mut tag = vec![0; bytes];
        // SAFETY: `length` bytes are written into a buffer of that length.
        let got = unsafe {
            c::EVP_CIPHER_CTX_ctrl(self.context, c::EVP_CTRL_AEAD_GET_TAG, length, tag.as_mut_ptr().cast())
        };
        if got == 1 { Ok(tag) } else { Err(Error::Failed("the cipher gives no tag")) }
    }
}

const ENDS_WRONG: Error =
    Error::Failed("the data does not end as it must: its padding, length or tag is wrong");

/// What the library queued says no more, and the queue belongs to the thread.
fn forget_errors() {
    // SAFETY: no preconditions.
    unsafe { c::ERR_clear_error() };
}

/// A one-time pad: the exclusive or of data and pad. Who uses a pad twice gives both messages away, so the caller counts.
pub fn one_time_pad(pad: &[u8], data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    if data.len() > pad.len() {
        return Err(Error::Parameter("the data is longer than the one-time pad"));
    }
    Ok(Zeroizing::new(data.iter().zip(pad).map(|(data, pad)| data ^ pad).collect()))
}

/// ChaCha20 with the block counter that it starts from: encryption and decryption are the same. A nonce of 8 bytes is
/// that of the original cipher, one of 12 that of RFC 8439.
pub fn chacha20(key: &[u8], nonce: &[u8], counter: u32, data: &[u8]) -> Result<Zeroizing<Vec<u8>>, Error> {
    let key: &[u8; 32] = key.try_into().map_err(|_| Error::Parameter("a key of ChaCha20 has 32 bytes"))?;
    let mut whole = [0; 12];
    match nonce.len() {
        8 => whole[4..].copy_from_slice(nonce),
        12 => whole.copy_from_slice(nonce),
        _ => return Err(Error::Parameter("a nonce of ChaCha20 has 8 or 12 bytes")),
    }
    let mut out = Zeroizing::new(vec![0; data.len()]);
    // SAFETY: output and input have the same length; key and nonce have the lengths that are read.
    unsafe {
        c::CRYPTO_chacha_20(
            out.as_mut_ptr(),
            data.as_ptr(),
            data.len(),
            key.as_ptr(),
            whole.as_ptr(),
            counter,
        );
    }
    Ok(out)
}
