//! The two forms of an ECDSA signature: the DER of X.509, and the two numbers one behind the other, as PKCS#11 has it.

use der::asn1::UintRef;
use der::{Decode as _, Encode as _, Sequence};

#[derive(Sequence)]
struct Signature<'s> {
    r: UintRef<'s>,
    s: UintRef<'s>,
}

/// The numbers of a signature in DER, each in so many bytes.
pub fn numbers(der: &[u8], width: usize) -> Option<Vec<u8>> {
    let signature = Signature::from_der(der).ok()?;
    let mut out = Vec::with_capacity(2 * width);
    for number in [signature.r, signature.s] {
        let bytes = number.as_bytes();
        out.resize(out.len() + width.checked_sub(bytes.len())?, 0);
        out.extend_from_slice(bytes);
    }
    Some(out)
}

/// The DER of a signature that has its numbers one behind the other.
pub fn der(numbers: &[u8]) -> Option<Vec<u8>> {
    let (r, s) = numbers.split_at_checked(numbers.len() / 2).filter(|(r, s)| r.len() == s.len())?;
    Signature { r: UintRef::new(r).ok()?, s: UintRef::new(s).ok()? }.to_der().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back_with_zeros_in_front() {
        let raw = [0, 0, 7, 0xff, 1, 2];
        let der = der(&raw).unwrap();
        assert_eq!(der, [0x30, 9, 2, 1, 7, 2, 4, 0, 0xff, 1, 2]);
        assert_eq!(numbers(&der, 3).as_deref(), Some(&raw[..]));
        assert_eq!(numbers(&der, 2), None, "too narrow");
        assert!(super::der(&[1, 2, 3]).is_none() && numbers(&der[1..], 3).is_none());
    }
}
