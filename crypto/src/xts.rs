//! XTS with AES-128 (IEEE 1619, NIST SP 800-38E), which AWS-LC does not offer: its XTS is that of AES-256.

use super::Error;
use super::cipher::Direction;
use aes::cipher::{Array, KeyInit as _};
use xts_mode::Xts128;
use zeroize::Zeroizing;

/// The bytes of a key: two keys of AES-128 in one.
pub const KEY_BYTES: usize = 32;

/// One data unit, with its tweak.
pub fn aes128(
    direction: Direction,
    key: &[u8],
    tweak: &[u8],
    data: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Error> {
    let tweak: [u8; 16] =
        tweak.try_into().map_err(|_| Error::Parameter("the IV has a length that this mode does not take"))?;
    let Some((first, second)) = key.split_at_checked(KEY_BYTES / 2).filter(|_| key.len() == KEY_BYTES) else {
        return Err(Error::Parameter("a key of AES-128 in XTS has 32 bytes"));
    };
    // IEEE 1619 as NIST has it (SP 800-38E, FIPS 140-3 IG C.I): two keys that are the same give the mode away.
    if aws_lc_rs::constant_time::verify_slices_are_equal(first, second).is_ok() {
        return Err(Error::Parameter("the two keys of XTS must differ"));
    }
    if data.len() < 16 {
        return Err(Error::Parameter("XTS takes at least one block of data"));
    }
    let cipher = |key: &[u8]| Array::try_from(key).map(|key| aes::Aes128::new(&key));
    let (Ok(data_cipher), Ok(tweak_cipher)) = (cipher(first), cipher(second)) else {
        return Err(Error::Parameter("a key of AES-128 in XTS has 32 bytes"));
    };
    let xts = Xts128::new(data_cipher, tweak_cipher);
    let mut out = Zeroizing::new(data.to_vec());
    match direction {
        Direction::Encrypt => xts.encrypt_sector(&mut out, tweak.into()),
        Direction::Decrypt => xts.decrypt_sector(&mut out, tweak.into()),
    }
    Ok(out)
}
