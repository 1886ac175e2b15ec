//! Quotes of a TPM 2.0 (TCG, TPM 2.0 Library, part 2: TPMS_ATTEST in 10.12.12, TPMT_SIGNATURE in 11.3.4): what the TPM
//! says of its platform configuration registers, signed with a key that signs nothing else.

use super::Digest;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, UnparsedPublicKey, VerificationAlgorithm,
};
use std::collections::BTreeMap;

/// What every structure begins with that a TPM has made itself.
const MAGIC: u32 = 0xff54_4347;
/// TPM_ST_ATTEST_QUOTE.
const QUOTE: u16 = 0x8018;
/// TPM_ALG_SHA256.
const SHA256: u16 = 0x000b;
/// TPM_ALG_RSASSA.
const RSASSA: u16 = 0x0014;
/// TPM_ALG_ECDSA.
const ECDSA: u16 = 0x0018;

/// Bytes of TPMS_CLOCK_INFO and of the version of the firmware, which say nothing here.
const CLOCK_BYTES: usize = 17;
const FIRMWARE_BYTES: usize = 8;

/// Bytes of a coordinate on P-256.
const COORDINATE_BYTES: usize = 32;

/// The registers of the SHA-256 bank that are expected, by number.
pub type Registers = BTreeMap<u8, [u8; 32]>;

/// Checks a quote: TPM2B_ATTEST with TPMT_SIGNATURE behind it. The key is a SubjectPublicKeyInfo, RSA or P-256.
pub fn check(quote: &[u8], key: &[u8], nonce: &[u8], expected: &Registers) -> Result<(), &'static str> {
    const BROKEN: &str = "it is not TPM2B_ATTEST with TPMT_SIGNATURE behind it";
    let mut rest = Reader(quote);
    let attest = rest.sized().ok_or(BROKEN)?;
    let (scheme, signature) = rest.signature().filter(|_| rest.0.is_empty()).ok_or(BROKEN)?;
    if UnparsedPublicKey::new(scheme, key).verify(attest, &signature).is_err() {
        return Err("its signature is not that of the client's attestation key");
    }
    let told = Reader(attest).quote().ok_or("what is signed is not a quote that a TPM made")?;
    if told.nonce != nonce {
        return Err("it was made for another nonce");
    }
    if !told.selects(expected) {
        return Err("it is not about the registers that are asked for, in the bank of SHA-256");
    }
    let values: Vec<u8> = expected.values().flatten().copied().collect();
    if told.digest != Digest::Sha256.of(&values) {
        return Err("the registers have other values than expected");
    }
    Ok(())
}

/// What a quote says.
struct Quote<'q> {
    nonce: &'q [u8],
    bank: u16,
    /// A bit a register, from the lowest.
    selected: &'q [u8],
    digest: &'q [u8],
}

impl Quote<'_> {
    /// Whether these registers are in it, and no others.
    fn selects(&self, registers: &Registers) -> bool {
        let bits = self.selected.iter().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
        let numbers = (0_u8..=u8::MAX).zip(bits).filter(|(_, set)| *set).map(|(number, _)| number);
        self.bank == SHA256 && numbers.eq(registers.keys().copied())
    }
}

/// Reads from the front.
struct Reader<'r>(&'r [u8]);

impl<'r> Reader<'r> {
    fn take(&mut self, count: usize) -> Option<&'r [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn u16(&mut self) -> Option<u16> {
        self.take(2)?.try_into().ok().map(u16::from_be_bytes)
    }

    fn u32(&mut self) -> Option<u32> {
        self.take(4)?.try_into().ok().map(u32::from_be_bytes)
    }

    /// A TPM2B: a size, and as many bytes.
    fn sized(&mut self) -> Option<&'r [u8]> {
        let size = self.u16()?;
        self.take(size.into())
    }

    /// TPMS_ATTEST with a quote over one bank.
    fn quote(mut self) -> Option<Quote<'r>> {
        let is_quote = self.u32()? == MAGIC && self.u16()? == QUOTE;
        let _signer = self.sized()?;
        let nonce = self.sized()?;
        self.take(CLOCK_BYTES + FIRMWARE_BYTES)?;
        let is_one_bank = self.u32()? == 1;
        let bank = self.u16()?;
        let size = *self.take(1)?.first()?;
        let selected = self.take(size.into())?;
        let digest = self.sized()?;
        (is_quote && is_one_bank && self.0.is_empty()).then_some(Quote { nonce, bank, selected, digest })
    }

    /// TPMT_SIGNATURE over SHA-256, as the verification wants it.
    fn signature(&mut self) -> Option<(&'static dyn VerificationAlgorithm, Vec<u8>)> {
        let scheme = self.u16()?;
        let is_sha256 = self.u16()? == SHA256;
        match scheme {
            RSASSA if is_sha256 => Some((&RSA_PKCS1_2048_8192_SHA256, self.sized()?.to_vec())),
            ECDSA if is_sha256 => {
                let (r, s) = (coordinate(self.sized()?)?, coordinate(self.sized()?)?);
                Some((&ECDSA_P256_SHA256_FIXED, [r, s].concat()))
            }
            _ => None,
        }
    }
}

/// A number in as many bytes as a coordinate has.
fn coordinate(number: &[u8]) -> Option<[u8; COORDINATE_BYTES]> {
    let mut whole = [0; COORDINATE_BYTES];
    let start = COORDINATE_BYTES.checked_sub(number.len())?;
    whole.get_mut(start..)?.copy_from_slice(number);
    Some(whole)
}
