//! What a PKCS#12 container asks for before it opens: whoever makes one chooses the iterations of its MAC and of each part
//! that is encrypted, up to AWS-LC's 100 million for each.

use std::borrow::Cow;

/// How deep structures stand in one another at the most, strings that hold structures included: deeper than AWS-LC reads.
pub(super) const DEPTH_MAX: usize = 400;

const INTEGER: u8 = 0x02;
pub(super) const OCTET_STRING: u8 = 0x04;
const CONSTRUCTED: u8 = 0x20;
const LONG_TAG: u8 = 0x1f;
pub(super) const SEQUENCE: u8 = 0x30;

/// All iterations that can be seen in a container, those of its MAC and of each encrypted part. In the parameters of every
/// derivation there the number stands behind the salt (RFC 7292, 4 and Appendix C; RFC 8018, A.2).
pub fn iterations(container: &[u8]) -> u64 {
    count(container, DEPTH_MAX).unwrap_or(u64::MAX)
}

/// An element of BER, which old containers are written in.
pub(super) struct Element<'a> {
    pub(super) tag: u8,
    pub(super) content: &'a [u8],
}

impl<'a> Element<'a> {
    /// The first element, and what follows it.
    fn read(input: &'a [u8], depth: usize) -> Option<(Self, &'a [u8])> {
        let (tag, mut rest) = input.split_first()?;
        if tag & LONG_TAG == LONG_TAG {
            let last = rest.iter().position(|byte| byte & 0x80 == 0)?;
            rest = rest.get(last + 1..)?;
        }
        let (length, rest) = rest.split_first()?;
        let length = match length {
            0..=0x7f => usize::from(*length),
            0x80 => {
                let length = indefinite(rest, depth)?;
                let (content, end) = rest.split_at_checked(length)?;
                return Some((Self { tag: *tag, content }, end.get(2..)?));
            }
            0x81..=0x84 => {
                let (length, rest) = rest.split_at_checked(usize::from(length & 0x7f))?;
                let length = length.iter().fold(0, |all, byte| all << 8 | usize::from(*byte));
                let (content, rest) = rest.split_at_checked(length)?;
                return Some((Self { tag: *tag, content }, rest));
            }
            _ => return None,
        };
        let (content, rest) = rest.split_at_checked(length)?;
        Some((Self { tag: *tag, content }, rest))
    }

    /// The bytes of a string, which BER may have in pieces.
    pub(super) fn string(&self, depth: usize) -> Cow<'a, [u8]> {
        if self.tag & CONSTRUCTED == 0 {
            return Cow::Borrowed(self.content);
        }
        let Some(depth) = depth.checked_sub(1) else { return Cow::Borrowed(&[]) };
        let pieces = elements(self.content, depth).flatten();
        Cow::Owned(pieces.flat_map(|piece| piece.string(depth).into_owned()).collect())
    }
}

/// How long the content of an element is that ends where two zeros stand.
fn indefinite(input: &[u8], depth: usize) -> Option<usize> {
    let depth = depth.checked_sub(1)?;
    let mut rest = input;
    while !rest.starts_with(&[0, 0]) {
        rest = Element::read(rest, depth)?.1;
    }
    Some(input.len() - rest.len())
}

/// The elements in a content; `None` behind those that can be read.
pub(super) fn elements(input: &[u8], depth: usize) -> impl Iterator<Item = Option<Element<'_>>> {
    let mut rest = input;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let read = Element::read(rest, depth);
        rest = read.as_ref().map_or(&[], |(_, behind)| *behind);
        Some(read.map(|(element, _)| element))
    })
}

/// All iterations that can be seen in a content; `None` where it cannot be read.
pub(super) fn count(input: &[u8], depth: usize) -> Option<u64> {
    let depth = depth.checked_sub(1)?;
    let (mut sum, mut is_behind_salt) = (0_u64, false);
    for element in elements(input, depth) {
        let element = element?;
        let is_string = element.tag & !CONSTRUCTED == OCTET_STRING;
        sum = sum.saturating_add(match element.tag {
            INTEGER if is_behind_salt => number(element.content),
            // What cannot be read is a ciphertext, or a salt.
            _ if is_string => match element.string(depth) {
                inside if inside.first() == Some(&SEQUENCE) => count(&inside, depth).unwrap_or(0),
                _ => 0,
            },
            tag if tag & CONSTRUCTED != 0 => count(element.content, depth)?,
            _ => 0,
        });
        is_behind_salt = is_string;
    }
    Some(sum)
}

/// A number; one that is too large to be counted is the largest.
pub(super) fn number(bytes: &[u8]) -> u64 {
    let start = bytes.iter().position(|byte| *byte != 0).unwrap_or(bytes.len());
    let bytes = bytes.get(start..).unwrap_or_default();
    if bytes.len() > 8 { u64::MAX } else { bytes.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)) }
}
