//! Values of the text encodings: how they are written, and what is read from them.

use super::Names;
use super::growing::Growing;
use crate::Tag;
use crate::error::Result;
use crate::version::Version;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;
use zeroize::Zeroizing;

/// A value as it was written.
pub(super) enum Scalar {
    Text(Zeroizing<String>),
    Number(String),
    Boolean(bool),
}

/// In what the encodings differ.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    /// Whether every value is text, so that numbers and booleans are too.
    pub(super) is_all_text: bool,
    /// Grows the tree of a message from its text.
    pub(super) grow: fn(&str, &mut Growing) -> Result<()>,
}

/// A value while it is read.
#[derive(Clone, Copy)]
pub(super) struct Reading<'a> {
    pub(super) value: &'a Scalar,
    pub(super) dialect: Dialect,
}

impl<'a> Reading<'a> {
    pub(super) fn text(self) -> Option<&'a str> {
        match self.value {
            Scalar::Text(text) => Some(text),
            _ => None,
        }
    }

    fn decimal(self) -> Option<&'a str> {
        match self.value {
            Scalar::Number(digits) => Some(digits),
            Scalar::Text(text) if self.dialect.is_all_text && !text.starts_with('+') => Some(text),
            _ => None,
        }
    }

    /// The number, or the true or false, that stands in quotation marks where it stands without them.
    pub(super) fn unquoted(self) -> Option<Scalar> {
        match self.text().filter(|_| !self.dialect.is_all_text)? {
            "true" => Some(Scalar::Boolean(true)),
            "false" => Some(Scalar::Boolean(false)),
            digits => digits.parse::<i64>().ok().map(|number| Scalar::Number(number.to_string())),
        }
    }

    pub(super) fn i32(self) -> Option<i32> {
        self.decimal()
            .and_then(|digits| digits.parse().ok())
            .or_else(|| self.text().and_then(hex_u32).map(u32::cast_signed))
    }

    pub(super) fn u32(self) -> Option<u32> {
        self.decimal().and_then(|digits| digits.parse().ok()).or_else(|| self.text().and_then(hex_u32))
    }

    pub(super) fn i64(self) -> Option<i64> {
        self.decimal()
            .and_then(|digits| digits.parse().ok())
            .or_else(|| self.text().and_then(hex_u64).map(u64::cast_signed))
    }

    pub(super) fn boolean(self) -> Option<bool> {
        match (self.value, self.text()) {
            (Scalar::Boolean(value), _) => Some(*value),
            (_, Some("true" | "1")) if self.dialect.is_all_text => Some(true),
            (_, Some("false" | "0")) if self.dialect.is_all_text => Some(false),
            (_, Some(text)) => hex_u64(text).filter(|value| *value < 2).map(|value| value == 1),
            _ => None,
        }
    }

    pub(super) fn enumeration(self, names: Names) -> Option<u32> {
        let named = self.text().and_then(names.number);
        named.or_else(|| self.u32())
    }

    /// The bits stand behind each other with spaces or one `|` between them, as names or as numbers. One number alone may have its
    /// highest bit as a sign or as a bit.
    pub(super) fn mask(self, names: Names) -> Option<i32> {
        if let Some(number) = self.i32().or_else(|| self.u32().map(u32::cast_signed)) {
            return Some(number);
        }
        let bit = |part| (names.number)(part).or_else(|| hex_u32(part));
        let mut all = 0;
        for part in self.text()?.split('|') {
            let mut between = part.split_ascii_whitespace().peekable();
            between.peek()?;
            all = between.try_fold(all, |all, part| bit(part).map(|bit| all | bit))?;
        }
        Some(all.cast_signed())
    }

    /// The name that is nearest to the one that stands there and is not known, or to the first of several, whatever stands
    /// between them.
    pub(super) fn near(self, names: Names, version: Version) -> Option<&'static str> {
        let text = self.text()?;
        let unknown = |part: &&str| (names.number)(part).is_none() && hex_u32(part).is_none();
        let mut parts = text.split(|c: char| !c.is_ascii_alphanumeric() && c != '_');
        names.near(text, version).or_else(|| names.near(parts.find(unknown)?, version))
    }

    /// JSON marks the digits of big integers with 0x, XML does not.
    pub(super) fn big_integer(self) -> Option<Vec<u8>> {
        if let Scalar::Number(digits) = self.value {
            return digits.parse().ok().map(|number: i64| number.to_be_bytes().to_vec());
        }
        let text = self.text()?;
        let digits = if self.dialect.is_all_text { Some(text) } else { hex_digits(text) };
        let mut bytes = Zeroizing::new(hex::decode(digits?).ok()?);
        let sign = if bytes.first()? & 0x80 == 0 { 0 } else { 0xff };
        let mut padded = vec![sign; bytes.len().next_multiple_of(8) - bytes.len()];
        padded.reserve_exact(bytes.len());
        padded.append(&mut bytes);
        Some(padded)
    }

    fn date(self) -> Option<OffsetDateTime> {
        self.text().and_then(|text| OffsetDateTime::parse(text, &Rfc3339).ok())
    }

    pub(super) fn seconds(self) -> Option<i64> {
        self.date().map(OffsetDateTime::unix_timestamp).or_else(|| self.i64())
    }

    pub(super) fn microseconds(self) -> Option<i64> {
        let date = self.date().and_then(|date| i64::try_from(date.unix_timestamp_nanos() / 1000).ok());
        date.or_else(|| self.i64())
    }
}

/// The digits behind `0x`.
pub(super) fn hex_digits(text: &str) -> Option<&str> {
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then_some(digits)
}

/// A number of at most 32 bits.
pub(super) fn hex_u32(text: &str) -> Option<u32> {
    u32::from_str_radix(hex_digits(text)?, 16).ok()
}

/// The tag of a number. Tags have three bytes (KMIP 2.1, 10.1.1).
pub(super) fn hex_tag(text: &str) -> Option<Tag> {
    hex_u32(text).filter(|number| *number <= 0x00ff_ffff).map(Tag)
}

fn hex_u64(text: &str) -> Option<u64> {
    u64::from_str_radix(hex_digits(text)?, 16).ok()
}

/// The names of the bits that are set, and a number for those without one.
pub(super) fn mask_text(value: i32, names: &[(u32, &'static str)], separator: &str) -> String {
    let mut left = value.cast_unsigned();
    let mut parts = Vec::new();
    for (bit, name) in names {
        if left & bit != 0 {
            parts.push((*name).to_owned());
            left &= !bit;
        }
    }
    if left != 0 || parts.is_empty() {
        parts.push(format!("0x{left:08x}"));
    }
    parts.join(separator)
}

/// A date for people, or its number where it is none.
pub(super) fn date_text(seconds: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|date| date.format(&Rfc3339).ok());
    date.unwrap_or_else(|| format!("0x{seconds:016x}"))
}
