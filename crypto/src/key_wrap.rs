//! AES key wrap (RFC 3394, NIST SP 800-38F KW) and key wrap with padding (RFC 5649, KWP).

use super::Error;
use aes_kw::{KeyInit as _, KwAes128, KwAes192, KwAes256, KwpAes128, KwpAes192, KwpAes256};
use zeroize::Zeroizing;

/// One of the three key lengths of AES, with its types for key wrap with and without padding.
macro_rules! with_key {
    ($key:expr, $padded:expr, $method:ident, $input:expr, $buffer:expr) => {{
        let key: &[u8] = $key;
        match (key.len(), $padded) {
            (16, false) => run!(KwAes128, key, $method, $input, $buffer),
            (24, false) => run!(KwAes192, key, $method, $input, $buffer),
            (32, false) => run!(KwAes256, key, $method, $input, $buffer),
            (16, true) => run!(KwpAes128, key, $method, $input, $buffer),
            (24, true) => run!(KwpAes192, key, $method, $input, $buffer),
            (32, true) => run!(KwpAes256, key, $method, $input, $buffer),
            _ => return Err(Error::Parameter("the wrapping key is not an AES key")),
        }
    }};
}

/// One method of one type; `None` where it fails.
macro_rules! run {
    ($kind:ty, $key:expr, $method:ident, $input:expr, $buffer:expr) => {
        <$kind>::new_from_slice($key)
            .ok()
            .and_then(|kek| kek.$method($input, $buffer).ok().map(<[u8]>::to_vec))
    };
}

/// The least that is wrapped, in bytes (NIST SP 800-38F, 5.3.1): the crate takes less, even nothing.
fn least(padded: bool) -> usize {
    if padded { 1 } else { 16 }
}

/// Wraps.
pub fn wrap(key: &[u8], clear: &[u8], padded: bool) -> Result<Vec<u8>, Error> {
    const LENGTH: Error = Error::Failed(
        "NISTKeyWrap takes at least 16 bytes and a multiple of 8; use AESKeyWrapPadding for other lengths",
    );
    if clear.len() < least(padded) {
        return Err(LENGTH);
    }
    let mut buffer = vec![0; clear.len().next_multiple_of(8) + 8];
    with_key!(key, padded, wrap_key, clear, &mut buffer).ok_or(LENGTH)
}

/// Unwraps, and checks that it was wrapped with this key.
pub fn unwrap(key: &[u8], wrapped: &[u8], padded: bool) -> Result<Zeroizing<Vec<u8>>, Error> {
    const WRONG: Error = Error::Failed("the key does not unwrap with this wrapping key");
    if wrapped.len() < least(padded) + 8 {
        return Err(WRONG);
    }
    let mut buffer = Zeroizing::new(vec![0; wrapped.len()]);
    with_key!(key, padded, unwrap_key, wrapped, &mut buffer).map(Zeroizing::new).ok_or(WRONG)
}
