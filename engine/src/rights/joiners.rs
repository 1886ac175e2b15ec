//! The zero-width joiner and non-joiner: invisible by themselves, and yet seen where they change how the letters around them
//! look. They are taken where IDNA takes them (RFC 5892, appendix A.1 and A.2).

use unicode_joining_type::{JoiningType, get_joining_type};
use unicode_normalization::char::canonical_combining_class;

/// U+200C.
const NON_JOINER: char = '\u{200c}';

/// U+200D.
const JOINER: char = '\u{200d}';

/// The canonical combining class of a virama.
const VIRAMA: u8 = 9;

/// Whether this character, which is at this place of a text, is one of them and stands where it is seen.
pub fn may_stand(text: &str, at: usize, c: char) -> bool {
    if !matches!(c, NON_JOINER | JOINER) {
        return false;
    }
    let before = text.get(..at).unwrap_or_default();
    let after = text.get(at + c.len_utf8()..).unwrap_or_default();
    let is_behind_virama = before.chars().next_back().is_some_and(|c| canonical_combining_class(c) == VIRAMA);
    is_behind_virama || (c == NON_JOINER && is_between_letters_that_join(before, after))
}

fn is_between_letters_that_join(before: &str, after: &str) -> bool {
    use JoiningType::{DualJoining, LeftJoining, RightJoining};
    let before = letter(before.chars().rev());
    let after = letter(after.chars());
    matches!(before, Some(DualJoining | LeftJoining)) && matches!(after, Some(DualJoining | RightJoining))
}

/// How the first letter joins behind those characters that are transparent to joining. The joiners themselves are not.
fn letter(mut chars: impl Iterator<Item = char>) -> Option<JoiningType> {
    let is_opaque =
        |c: &char| matches!(*c, NON_JOINER | JOINER) || get_joining_type(*c) != JoiningType::Transparent;
    let found = chars.find(is_opaque)?;
    (!matches!(found, NON_JOINER | JOINER)).then(|| get_joining_type(found))
}
