//! How people name clients, in the configuration and to administrative operations: by the name in their certificate, or by its
//! SHA-256 fingerprint. What can match no certificate is refused.

use super::identity::SHA256_PREFIX as PREFIX;
use super::names::{self, Digest, Flaw, NAME_PREFIX};
use keystead_base::text::is_hidden;

/// The right form, for messages.
const FORM: &str = "write sha256: and 64 hexadecimal digits, or what `openssl x509 -noout -fingerprint -sha256 -in FILE` prints";

/// The longest name of an older version that is read, in characters.
const OLDER_CHARS_MAX: usize = 4096;

/// An entry in its one form; otherwise, why it can never match.
pub fn normalised(text: &str) -> Result<String, String> {
    if let Some(name) = stated(text) {
        return name.map(|name| written(&name));
    }
    let Some((digest, digits)) = names::fingerprint(text).filter(|_| text.trim() == text) else {
        return names::check(text).map(|()| written(text)).map_err(|flaw| unmatched(text, &flaw));
    };
    let plain: String = digits.chars().filter(|c| *c != ':').flat_map(char::to_lowercase).collect();
    let is_hex = plain.chars().all(|c| c.is_ascii_hexdigit());
    match digest {
        Digest::Sha256 if plain.len() == 64 && is_hex && is_even(digits) => Ok(format!("{PREFIX}{plain}")),
        Digest::Sha256 if !is_hex => {
            Err(format!("it can match no certificate: a fingerprint has hexadecimal digits alone; {FORM}"))
        }
        Digest::Sha256 => {
            Err(format!("it can match no certificate: its fingerprint has {} digits; {FORM}", plain.len()))
        }
        Digest::Other => Err(format!("it can match no certificate: fingerprints are SHA-256; {FORM}")),
        Digest::Unsaid if plain.len() == 64 => Err(format!(
            "this looks like a fingerprint: write \"{PREFIX}{plain}\" for the certificate, or \"{NAME_PREFIX}{digits}\" for the \
             client that has these digits as its name"
        )),
        Digest::Unsaid => Err(format!(
            "this looks like a fingerprint of another kind than SHA-256, or a part of one: {FORM}"
        )),
    }
}

/// The name behind `name:`: in quotation marks, with the escapes in which names are printed, or 64 digits as they are. Anything else
/// behind it is refused: it may be a name that begins so, or one whose quotation marks a shell has taken.
pub fn stated(text: &str) -> Option<Result<String, String>> {
    let rest = text.strip_prefix(NAME_PREFIX)?;
    let name = match rest.strip_prefix('"') {
        Some(inner) => inner.strip_suffix('"').and_then(unescaped),
        None if names::is_digits(rest) => Some(rest.to_owned()),
        None if rest.is_empty() => Some(String::new()),
        None => {
            return Some(Err(format!(
                "behind {NAME_PREFIX} stands a name in quotation marks (in a shell, the whole between single ones): write {}, or {} \
                 for a client whose name begins with {NAME_PREFIX}",
                names::quoted(rest),
                names::quoted(text)
            )));
        }
    };
    Some(match name {
        Some(name) if name.is_empty() => Err("it is empty: give the name in the certificate".to_owned()),
        Some(name) if name.strip_prefix(PREFIX).is_some_and(names::is_digits) => {
            Err(format!("this is a fingerprint: write it without {NAME_PREFIX}"))
        }
        Some(name) if name.chars().nth(OLDER_CHARS_MAX).is_some() => {
            Err(format!("it has more than {OLDER_CHARS_MAX} characters"))
        }
        Some(name) => Ok(name),
        None => Err(r#"behind name: stands a name in quotation marks, with the escapes \u{..}, \n, \r, \t, \0, \\, \' and \""#
            .to_owned()),
    })
}

/// What a client is called, as people write it: as it is, where it is read as that and every character of it is seen; else behind
/// `name:`. Who is called by the fingerprint of a certificate is written so.
pub fn written(name: &str) -> String {
    let is_name = names::check(name).is_ok() && !names::is_digits(name) && !name.starts_with(NAME_PREFIX);
    let is_read_so = is_name || name.strip_prefix(PREFIX).is_some_and(names::is_digits);
    if is_read_so && !name.chars().any(is_hidden) { name.to_owned() } else { names::quoted(name) }
}

/// The same within a sentence: in quotation marks in both cases.
pub fn told(name: &str) -> String {
    let written = written(name);
    if written == name && !name.contains(['"', '\\']) { format!("\"{name}\"") } else { names::quoted(name) }
}

/// The text in which Rust prints a text, read.
fn unescaped(text: &str) -> Option<String> {
    let (mut out, mut rest) = (String::new(), text.chars());
    while let Some(c) = rest.next() {
        out.push(match c {
            '"' => return None,
            '\\' => match rest.next()? {
                'n' => '\n',
                'r' => '\r',
                't' => '\t',
                '0' => '\0',
                same @ ('\\' | '\'' | '"') => same,
                'u' if rest.next()? == '{' => {
                    let digits: String = rest.by_ref().take_while(|c| *c != '}').collect();
                    char::from_u32(u32::from_str_radix(&digits, 16).ok()?)?
                }
                _ => return None,
            },
            c => c,
        });
    }
    Some(out)
}

/// The name that is meant where fingerprints are not compared, so that digits alone are one.
pub fn plain_name(text: &str) -> Result<String, String> {
    if names::is_digits(text) {
        return Ok(text.to_owned());
    }
    match stated(text) {
        Some(name) => name,
        None => names::check(text).map(|()| text.to_owned()).map_err(|flaw| match flaw {
            Flaw::Fingerprint => {
                "it can match no client: give the name in the certificate here, not a fingerprint".to_owned()
            }
            flaw => unmatched(text, &flaw),
        }),
    }
}

/// The name of a client that is to have a certificate. What to write instead is not told: it may be the name of another.
pub fn new_name(text: &str) -> Result<String, String> {
    let name = stated(text).unwrap_or_else(|| Ok(text.to_owned()))?;
    names::check(&name).map(|()| name).map_err(|flaw| flaw.to_string())
}

/// What no certificate has that is let in, and what to write instead. Only the text is known here: it may be meant as it is.
fn unmatched(text: &str, flaw: &Flaw) -> String {
    let exactly = names::quoted(text);
    let instead = match flaw {
        Flaw::Empty => {
            return format!("{flaw}, and can match no certificate: give the name in the certificate");
        }
        Flaw::Spaces => format!("write {:?}, or {exactly} for a name that has them", text.trim()),
        Flaw::Subject(name) => {
            format!(
                "write the common name alone, {}, or {exactly} for a name that is all of this",
                told(name)
            )
        }
        _ => format!("write {exactly} for an owner of an older version that has this name"),
    };
    format!("{flaw}, and can match no certificate of a new client: {instead}")
}

/// Whether colons, where there are any, stand between pairs.
fn is_even(digits: &str) -> bool {
    !digits.contains(':') || digits.split(':').all(|pair| pair.len() == 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HEX: &str = "9ebaa01b00112233445566778899aabbccddeeff00112233445566778899aabb";

    fn with_colons() -> String {
        let upper = HEX.to_uppercase();
        let pairs: Vec<&str> = (0..32).map(|at| &upper[2 * at..2 * at + 2]).collect();
        pairs.join(":")
    }

    #[test]
    fn fingerprints_are_taken_in_every_form_that_tools_print() {
        let right = format!("sha256:{HEX}");
        for form in [
            right.clone(),
            format!("sha256:{}", HEX.to_uppercase()),
            format!("SHA256:{}", with_colons()),
            format!("sha256 Fingerprint={}", with_colons()),
            format!("SHA256 Fingerprint={}", with_colons()),
            with_colons(),
        ] {
            assert_eq!(normalised(&form).as_deref(), Ok(right.as_str()), "{form}");
        }
    }

    #[test]
    fn what_can_never_match_is_refused_with_the_right_form() {
        let colons = with_colons();
        for (form, word) in [
            (format!("sha256:{}", &HEX[1..]), "63 digits"),
            (format!("sha256:{HEX}0"), "65 digits"),
            (format!("sha256:{}", HEX.replace('a', "g")), "hexadecimal digits alone"),
            ("sha256:".to_owned(), "0 digits"),
            (format!("sha1:{}", &HEX[..40]), "SHA-256"),
            (format!("SHA1 Fingerprint={}", &colons[..59]), "SHA-256"),
            (colons[..59].to_owned(), "looks like a fingerprint"),
            (HEX.to_owned(), "sha256:9ebaa01b"),
            (String::new(), "empty"),
            ("  ".to_owned(), "empty"),
            (" host-a".to_owned(), "\"host-a\""),
            ("CN=host-a".to_owned(), "\"host-a\""),
            ("/CN=host-a".to_owned(), "\"host-a\""),
            ("subject=CN = host-a".to_owned(), "\"host-a\""),
            ("a\nb".to_owned(), "U+000A"),
            ("e\u{301}".to_owned(), "NFC"),
            ("a\u{3164}".to_owned(), "U+3164"),
        ] {
            let error = normalised(&form).unwrap_err();
            assert!(error.contains(word), "{form:?}: {error}");
        }
    }

    #[test]
    fn names_are_stated_as_they_are_printed() {
        for name in ["host ", "e\u{301}", "a\u{200b}\\\"b'", "\0\r\n\t", HEX, "CN=host"] {
            assert_eq!(stated(&names::quoted(name)), Some(Ok(name.to_owned())), "{name:?}");
        }
        assert_eq!(stated(&format!("name:{HEX}")), Some(Ok(HEX.to_owned())));
        assert_eq!(normalised(&format!("name:{HEX}")), Ok(names::quoted(HEX)));
        assert_eq!(normalised("name:\"host\"").as_deref(), Ok("host"), "the one form of a name");
        for bare in ["name:host", "name:host ", "name:CN=host"] {
            let why = normalised(bare).unwrap_err();
            let forms = [names::quoted(&bare[5..]), names::quoted(bare)];
            assert!(forms.iter().all(|form| why.contains(form)), "{bare}: {why}");
        }
        assert!(stated(&format!("name:\"sha256:{HEX}\"")).unwrap().unwrap_err().contains("fingerprint"));
        for wrong in [r#"name:"""#, r#"name:"a"b""#, r#"name:"\x""#, r#"name:"\u{d800}""#, r#"name:"a\""#] {
            assert!(stated(wrong).unwrap().is_err(), "{wrong}");
        }
    }

    #[test]
    fn names_are_taken_as_they_are() {
        for name in [
            "host-a",
            "sha256-tool",
            "array/fred",
            "aa:bb:cc:dd:ee:ff",
            "Müller",
            "a b",
            "*.example.com",
            "md5",
        ] {
            assert_eq!(normalised(name).as_deref(), Ok(name));
            assert_eq!(plain_name(name).as_deref(), Ok(name));
        }
        assert_eq!(plain_name(HEX).as_deref(), Ok(HEX));
        assert!(plain_name(&format!("sha256:{HEX}")).unwrap_err().contains("name in the certificate"));
    }
}
