//! Names of CAs as RFC 5280, 7.1, compares them: by what they say, whatever ASN.1 type, case and spaces it is written in. Bytes
//! alone would tell a list apart from the CA that has made it, and let in whom it revokes.

use crate::pki::text_of;
use std::collections::BTreeSet;
use unicode_normalization::UnicodeNormalization as _;
use x509_parser::asn1_rs::{Any, Sequence, ToDer as _};
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// A name that equals another where both mean the same.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ComparedName(Vec<BTreeSet<(String, Value)>>);

/// What an attribute says.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
enum Value {
    Text(String),
    /// What is no text: the number of its type, and its bytes.
    Bytes(u32, Vec<u8>),
}

impl ComparedName {
    /// Of a name.
    pub fn of(name: &X509Name<'_>) -> Self {
        let read: Vec<usize> = name.iter().map(|part| part.iter().count()).collect();
        match parts(name.as_raw()) {
            // The parser leaves out what it cannot read, and all behind it.
            Some(parts) if parts == read => {
                Self(name.iter().map(|part| part.iter().map(attribute).collect()).collect())
            }
            _ => Self::of_bytes(name.as_raw()),
        }
    }

    /// Of a name in DER without its tag and length, as webpki has it.
    pub fn of_content(content: &[u8]) -> Self {
        let der = Sequence::new(content.into()).to_der_vec().unwrap_or_default();
        match X509Name::from_der(&der) {
            Ok((_, name)) if name.as_raw() == der => Self::of(&name),
            _ => Self::of_bytes(&der),
        }
    }

    /// What cannot be read equals itself alone.
    fn of_bytes(der: &[u8]) -> Self {
        Self(vec![BTreeSet::from([(String::new(), Value::Bytes(0, der.to_vec()))])])
    }
}

/// How many attributes each part of a name in DER has.
fn parts(der: &[u8]) -> Option<Vec<usize>> {
    values(der)?
        .first()
        .and_then(|name| values(name))?
        .into_iter()
        .map(|part| Some(values(part)?.len()))
        .collect()
}

/// What the values hold that these bytes are a row of.
fn values(mut der: &[u8]) -> Option<Vec<&[u8]>> {
    let mut all = Vec::new();
    while !der.is_empty() {
        let (rest, value) = Any::from_der(der).ok()?;
        all.push(value.data);
        der = rest;
    }
    Some(all)
}

fn attribute(one: &AttributeTypeAndValue<'_>) -> (String, Value) {
    let value = match text_of(one) {
        Ok(text) => Value::Text(prepared(&text)),
        Err(_) => Value::Bytes(one.attr_value().tag().0, one.as_slice().to_vec()),
    };
    (one.attr_type().to_id_string(), value)
}

/// A text as it is compared (RFC 4518, 2): in one form and one case, without what is not seen, each row of spaces as one.
fn prepared(text: &str) -> String {
    let is_unseen = |c: &char| {
        !c.is_whitespace()
            && (c.is_control() || matches!(*c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}' | '\u{feff}'))
    };
    let seen: String = text.chars().filter(|c| !is_unseen(c)).nfkc().collect();
    let folded: String = seen.to_lowercase().nfkc().collect();
    folded.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_compared_by_what_they_say() {
        for (one, other) in [
            ("Text CA", "text ca"),
            ("Text CA", "  Text   CA "),
            ("Text\u{a0}CA", "Text CA"),
            ("Caf\u{e9}", "CAFE\u{301}"),
            ("Text\u{ad}CA\u{0}", "TextCA"),
        ] {
            assert_eq!(prepared(one), prepared(other), "{one:?}");
        }
        assert_ne!(prepared("Text CA"), prepared("TextCA"));
        assert_ne!(prepared("CA 1"), prepared("CA 2"));
    }

    #[test]
    fn what_is_no_name_equals_itself_alone() {
        assert_eq!(ComparedName::of_content(b"\x01"), ComparedName::of_content(b"\x01"));
        assert_ne!(ComparedName::of_content(b"\x01"), ComparedName::of_content(b"\x02"));
        assert_ne!(ComparedName::of_content(b"\x01"), ComparedName::of_content(b""));
        let part: &[u8] = &[0x31, 10, 0x30, 8, 6, 3, 0x55, 4, 3, 0x0c, 1, b'a'];
        let more = [part, b"\x01"].concat();
        assert_eq!(ComparedName::of_content(part), ComparedName::of_content(part));
        assert_ne!(ComparedName::of_content(part), ComparedName::of_content(&more));
    }
}
