//! What the name of a client may be: one rule for the names in certificates, in the configuration, in administrative
//! operations, and in what the CA here signs. Two names that look alike are one name, so that nobody takes one client for
//! another. Names that the rule refuses may own objects of an older version: [`likeness`] says which name they look like.

use super::joiners;
use keystead_base::text::is_hidden;
use std::fmt;
use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// What stands before a name that is meant as it is, whatever it looks like.
pub const NAME_PREFIX: &str = "name:";

/// The longest name, in characters: a common name mostly has 64 at most, a DNS name 253.
pub const CHARS_MAX: usize = 256;

/// Why a text can be the name of no client.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Flaw {
    /// It is empty, or of spaces alone.
    Empty,
    /// There are spaces at its ends.
    Spaces,
    /// It has more than [`CHARS_MAX`] characters.
    Long,
    /// It has this character, which is not seen, or at its beginning, where it changes nothing that stands before it.
    Hidden(char),
    /// It is not in Unicode's composed form (NFC), as which another text looks the same.
    Decomposed,
    /// It looks like the fingerprint of a certificate.
    Fingerprint,
    /// It is the subject of a certificate; the common name in it.
    Subject(String),
    /// It says itself how it is to be read, and means another name: [`NAME_PREFIX`] with quotation marks, or with the digits of a
    /// fingerprint.
    Stated,
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("it is empty"),
            Self::Spaces => f.write_str("it has spaces at its ends, which nobody sees"),
            Self::Long => write!(f, "it has more than {CHARS_MAX} characters"),
            Self::Hidden(c) => write!(f, "it has a character that cannot be seen (U+{:04X})", u32::from(*c)),
            Self::Decomposed => f.write_str(
                "it has letters apart from their accents, as which a text of other characters looks the same; write it in \
                 Unicode's composed form (NFC)",
            ),
            Self::Fingerprint => f.write_str("it looks like the fingerprint of a certificate"),
            Self::Subject(_) => f.write_str("it is the subject of a certificate (CN=), which has a name in it"),
            Self::Stated => write!(f, "it is how another name is written here ({NAME_PREFIX})"),
        }
    }
}

/// Whether a text can be the name of a client.
pub fn check(text: &str) -> Result<(), Flaw> {
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return Err(Flaw::Empty);
    }
    if text.chars().nth(CHARS_MAX).is_some() {
        return Err(Flaw::Long);
    }
    let first_mark = text.chars().next().filter(|first| is_combining_mark(*first));
    if let Some(hidden) = hidden_in(text).or(first_mark) {
        return Err(Flaw::Hidden(hidden));
    }
    if trimmed != text {
        return Err(Flaw::Spaces);
    }
    if text.nfc().ne(text.chars()) {
        return Err(Flaw::Decomposed);
    }
    // 64 digits without a word before them are how machines and containers are called; people write sha256: before those of
    // a fingerprint.
    if fingerprint(text).is_some() && !is_digits(text) {
        return Err(Flaw::Fingerprint);
    }
    if is_stated(text) {
        return Err(Flaw::Stated);
    }
    subject_of(text).map_or(Ok(()), |name| Err(Flaw::Subject(name)))
}

/// The common name in a text that is the subject of a certificate, as tools print one.
fn subject_of(text: &str) -> Option<String> {
    let bare = text.trim_start_matches("subject=").trim_start().trim_start_matches('/');
    let mut parts = bare.split([',', '/', '+']).map(|part| {
        let (kind, value) = part.split_once('=')?;
        let is_kind = |c: char| c.is_ascii_alphanumeric() || c == '.';
        let kind = kind.trim();
        (!kind.is_empty() && kind.chars().all(is_kind)).then(|| (kind, value.trim()))
    });
    // What does not begin as a subject is a name with an equals sign in it.
    let first = parts.next()??;
    let common =
        std::iter::once(first).chain(parts.flatten()).find(|(kind, _)| kind.eq_ignore_ascii_case("CN"))?;
    Some(common.1.to_owned())
}

/// The first character that is not seen.
fn hidden_in(text: &str) -> Option<char> {
    let is_hidden = |(at, c): &(usize, char)| !is_seen(*c) && !joiners::may_stand(text, *at, *c);
    text.char_indices().find(is_hidden).map(|(_, c)| c)
}

/// Letters and the like, marks on them, and the space: what Rust shows as it is.
fn is_seen(c: char) -> bool {
    let is_shown = || matches!(c, '"' | '\'' | '\\') || c.escape_debug().count() == 1;
    !is_hidden(c) && (is_combining_mark(c) || is_shown())
}

/// The name that a text looks like: composed (NFC), without what is not seen, each kind of space as the usual one, and none at
/// the ends. A name that keeps the rule looks like itself.
pub fn likeness(text: &str) -> String {
    let shown = text.chars().filter_map(|c| match c {
        c if c.is_whitespace() => Some(' '),
        c => is_seen(c).then_some(c),
    });
    shown.nfc().collect::<String>().trim().to_owned()
}

/// Whether a text says by what stands before it how the rest is to be read: as a name.
pub fn is_stated(text: &str) -> bool {
    text.strip_prefix(NAME_PREFIX).is_some_and(|rest| rest.starts_with('"') || is_digits(rest))
}

/// A name as it is written where the rule would refuse it or take it for something else: every character can be seen, and people
/// can copy it. [`reference`](super::reference) reads it.
pub fn quoted(name: &str) -> String {
    let escape = |c: char| match is_hidden(c) {
        true => c.escape_unicode().collect::<String>(),
        false => c.to_string(),
    };
    let shown: String = format!("{name:?}").chars().map(escape).collect();
    format!("{NAME_PREFIX}{shown}")
}

/// Whether a text is 64 hexadecimal digits and nothing else.
pub fn is_digits(text: &str) -> bool {
    text.len() == 64 && text.chars().all(|c| c.is_ascii_hexdigit())
}

/// How the digits of a fingerprint were made, by what is said of them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Digest {
    /// With SHA-256.
    Sha256,
    /// With another hash.
    Other,
    /// Nothing is said.
    Unsaid,
}

/// The digits of what is meant as a fingerprint.
pub fn fingerprint(text: &str) -> Option<(Digest, &str)> {
    let lower = text.to_ascii_lowercase();
    for (name, digest) in [
        ("sha256", Digest::Sha256),
        ("sha-256", Digest::Sha256),
        ("sha512", Digest::Other),
        ("sha384", Digest::Other),
        ("sha1", Digest::Other),
        ("md5", Digest::Other),
    ] {
        let rest = lower.strip_prefix(name).map(|rest| rest.trim_start_matches(" fingerprint").trim_start());
        if rest.is_some_and(|rest| rest.starts_with([':', '='])) {
            let (_, digits) = text.split_once([':', '='])?;
            return Some((digest, digits.trim()));
        }
    }
    let pairs = text.split(':');
    let is_pair = |pair: &str| pair.len() == 2 && pair.chars().all(|c| c.is_ascii_hexdigit());
    // Six pairs are the address of a network card, which may well be a name.
    if pairs.clone().count() >= 16 && pairs.clone().all(is_pair) {
        let whole = pairs.count() == 32;
        return Some((if whole { Digest::Sha256 } else { Digest::Unsaid }, text));
    }
    is_digits(text).then_some((Digest::Unsaid, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_look_like_others_are_none() {
        for (text, flaw) in [
            ("", Flaw::Empty),
            (" \u{a0}", Flaw::Empty),
            (" host", Flaw::Spaces),
            ("host\u{3164}", Flaw::Hidden('\u{3164}')),
            ("ho\u{ad}st", Flaw::Hidden('\u{ad}')),
            ("\u{202e}tsoh", Flaw::Hidden('\u{202e}')),
            ("ho\u{200b}st", Flaw::Hidden('\u{200b}')),
            ("ho\u{34f}st", Flaw::Hidden('\u{34f}')),
            ("ho\u{a0}st", Flaw::Hidden('\u{a0}')),
            ("ho\u{2800}st", Flaw::Hidden('\u{2800}')),
            ("ho\u{fe0f}st", Flaw::Hidden('\u{fe0f}')),
            ("ho\0st", Flaw::Hidden('\0')),
            ("\u{301}host", Flaw::Hidden('\u{301}')),
            ("e\u{301}t\u{e9}", Flaw::Decomposed),
            ("\u{212b}ngstr\u{f6}m", Flaw::Decomposed),
            ("SHA256:ab", Flaw::Fingerprint),
            ("/CN=host", Flaw::Subject("host".to_owned())),
            ("C=DE, CN=host", Flaw::Subject("host".to_owned())),
            ("subject=C = DE, O = Example, CN = host", Flaw::Subject("host".to_owned())),
            ("/C=DE/CN=host", Flaw::Subject("host".to_owned())),
            ("cn=host,dc=example", Flaw::Subject("host".to_owned())),
            ("2.5.4.10=Example+CN=host", Flaw::Subject("host".to_owned())),
            (r#"name:"host""#, Flaw::Stated),
            ("name:9ebaa01b00112233445566778899aabbccddeeff00112233445566778899aabb", Flaw::Stated),
        ] {
            assert_eq!(check(text), Err(flaw), "{text:?}");
        }
        assert_eq!(check(&"é".repeat(CHARS_MAX)), Ok(()));
        assert_eq!(check(&"é".repeat(CHARS_MAX + 1)), Err(Flaw::Long));
    }

    #[test]
    fn names_of_every_script_are_taken() {
        for name in [
            "host-7.example.com",
            "*.example.com",
            "array/fred",
            "spiffe://example.com/host",
            "aa:bb:cc:dd:ee:ff",
            "Müller & Söhne",
            "O'Neil \"the host\" \\ 1",
            "été",
            "Ωμέγα",
            "सर्वर",
            "เซิร์ฟเวอร์",
            "鍵サーバー",
            "xn--mller-kva.example",
            "CN",
            "a=b",
            "https://example.com/?CN=host",
            "O=Example",
            "name:host",
            "9ebaa01b00112233445566778899aabbccddeeff00112233445566778899aabb",
        ] {
            assert_eq!(check(name), Ok(()), "{name}");
            assert_eq!(likeness(name), name);
        }
    }

    #[test]
    fn joiners_are_taken_where_they_are_seen() {
        for name in ["کتاب\u{200c}ها", "نامه\u{200c}ای", "क्\u{200d}ष", "श्री\u{200d}मान्\u{200c}", "ක්\u{200d}ෂ"]
        {
            let wanted = if name.contains("ी\u{200d}") { Err(Flaw::Hidden('\u{200d}')) } else { Ok(()) };
            assert_eq!(check(name), wanted, "{name:?}");
        }
        for (name, joiner) in [
            ("ho\u{200c}st", '\u{200c}'),
            ("ho\u{200d}st", '\u{200d}'),
            ("\u{200c}کتاب", '\u{200c}'),
            ("کتاب\u{200c}", '\u{200c}'),
            ("کتاب\u{200c}\u{200c}ها", '\u{200c}'),
            ("ا\u{200c}ب", '\u{200c}'),
            ("کتاب\u{200d}ها", '\u{200d}'),
            ("कष\u{200d}", '\u{200d}'),
        ] {
            assert_eq!(check(name), Err(Flaw::Hidden(joiner)), "{name:?}");
        }
    }

    #[test]
    fn what_looks_alike_has_one_likeness() {
        for text in [" host", "host\u{a0}", "ho\u{200b}st", "\u{202e}host", "host\u{3164}", "\t host\0"] {
            assert_eq!(likeness(text), "host", "{text:?}");
        }
        assert_eq!(likeness("a\u{2003}e\u{301}\u{200d}"), "a \u{e9}");
    }
}
