//! Numbers in as few bytes as they need: seven bits a byte, the lowest first, the high bit set on all but the last (LEB128).

/// The most bytes of one number.
const BYTES_MAX: usize = 10;

/// Appends a number.
pub fn put(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push(number as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Takes a number off the front; `None` where there is none, or one that was written longer than it need be.
pub fn take(rest: &mut &[u8]) -> Option<u64> {
    let mut number = 0_u64;
    for (place, byte) in rest.iter().enumerate().take(BYTES_MAX) {
        let bits = u64::from(byte & 0x7f);
        number |= bits.checked_shl(7 * place as u32)?;
        if byte & 0x80 == 0 {
            let is_shortest = place == 0 || *byte != 0;
            let fits = place + 1 < BYTES_MAX || *byte == 1;
            *rest = rest.get(place + 1..)?;
            return (is_shortest && fits).then_some(number);
        }
    }
    None
}

/// Appends what a number is more, or less, than the one before it.
pub fn put_delta(out: &mut Vec<u8>, before: u64, number: u64) {
    let delta = number.wrapping_sub(before).cast_signed();
    put(out, ((delta << 1) ^ (delta >> 63)).cast_unsigned());
}

/// Takes such a difference off the front, and gives the number.
pub fn take_delta(rest: &mut &[u8], before: u64) -> Option<u64> {
    let zigzag = take(rest)?;
    let delta = (zigzag >> 1) ^ (zigzag & 1).wrapping_neg();
    Some(before.wrapping_add(delta))
}

/// Appends bytes, with their length before them.
pub fn put_bytes(out: &mut Vec<u8>, bytes: &[u8]) {
    put(out, bytes.len() as u64);
    out.extend_from_slice(bytes);
}

/// Takes bytes with their length before them off the front.
pub fn take_bytes<'b>(rest: &mut &'b [u8]) -> Option<&'b [u8]> {
    let length = usize::try_from(take(rest)?).ok()?;
    let (bytes, after) = rest.split_at_checked(length)?;
    *rest = after;
    Some(bytes)
}

/// The same of a text.
pub fn take_text<'b>(rest: &mut &'b [u8]) -> Option<&'b str> {
    std::str::from_utf8(take_bytes(rest)?).ok()
}

/// Takes so many bytes off the front.
pub fn take_array<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (bytes, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*bytes)
}
