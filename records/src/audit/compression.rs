//! How the entries of a block are compressed.

/// As they are.
const NONE: u8 = 0;

/// LZ4, one block of it without a frame.
const LZ4: u8 = 1;

/// LZ4 makes at most so many bytes of one.
const RATIO_MAX: usize = 255;

/// Compresses, where that makes it smaller; gives the way, and the bytes.
pub fn pack(raw: Vec<u8>) -> (u8, Vec<u8>) {
    let packed = lz4_flex::block::compress(&raw);
    if packed.len() < raw.len() { (LZ4, packed) } else { (NONE, raw) }
}

/// What was compressed to these bytes, from so many; `None` where it was not. A claim of many bytes that a few should come to
/// takes no memory.
pub fn unpack(compression: u8, bytes: &[u8], raw_bytes: u32) -> Option<Vec<u8>> {
    let raw_bytes = raw_bytes as usize;
    match compression {
        NONE => (bytes.len() == raw_bytes).then(|| bytes.to_vec()),
        LZ4 if raw_bytes <= bytes.len().saturating_mul(RATIO_MAX) => {
            let raw = lz4_flex::block::decompress(bytes, raw_bytes).ok()?;
            (raw.len() == raw_bytes).then_some(raw)
        }
        _ => None,
    }
}
