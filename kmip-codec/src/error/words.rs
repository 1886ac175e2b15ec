//! The words of an error: what was found and where, then what was expected.

use super::{Error, ErrorKind, Form, Named};
use crate::Tag;
use crate::limits::{DEPTH_MAX, ITEMS_MAX};
use crate::wire::{Kind, Place};
use std::fmt;

impl Error {
    /// The item that was found: not the one that is missing.
    fn found(&self) -> Option<Tag> {
        match self.kind {
            ErrorKind::Missing { found } => found,
            _ => self.tag,
        }
    }

    /// What was found and where, then what was expected.
    pub(super) fn describe(&self, place: Option<&Place>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(other) = self.other_protocol() {
            let expected = match self.kind {
                ErrorKind::Unexpected { expected } => expected,
                _ => self.tag,
            };
            write!(f, "{other} at byte 0, where a KMIP message begins with {}", self::expected(expected))?;
            let content_type = other.content_type();
            return content_type.map_or(Ok(()), |kind| {
                write!(f, "; {other} is taken over HTTPS with the content type {kind}")
            });
        }
        self.describe_found(place, f)?;
        match self.kind {
            ErrorKind::Missing { .. }
            | ErrorKind::Unexpected { .. }
            | ErrorKind::Repeated
            | ErrorKind::OutOfOrder { .. }
            | ErrorKind::Count { .. } => self.describe_order(f),
            ErrorKind::Value | ErrorKind::Name { .. } | ErrorKind::Mask { .. } | ErrorKind::Bits { .. } => {
                self.describe_value(place, f)
            }
            ErrorKind::Truncated => f.write_str(" ends too early: it is longer than what there is of it"),
            ErrorKind::Trailing => f.write_str(" stands where the message should have ended"),
            ErrorKind::WrongType { expected, found } => {
                write!(f, " has type {}; expected type {}", type_name(found), expected.name())
            }
            ErrorKind::WrongTypes { expected, found } => {
                let names: Vec<&str> = expected.iter().map(|kind| kind.name()).collect();
                write!(f, " has type {}; expected type {}", found.name(), names.join(" or "))
            }
            ErrorKind::UnknownType { found } => write!(f, " has type 0x{found:02x}, which no type has"),
            ErrorKind::Length { found } => {
                write!(f, " has a length of {found} bytes, which does not fit its type")
            }
            ErrorKind::Padding => f.write_str(" has padding that is not zero"),
            ErrorKind::Boolean => f.write_str(" is a Boolean that is neither 0 nor 1"),
            ErrorKind::Utf8 => f.write_str(" is a text that is not UTF-8"),
            ErrorKind::TooDeep => {
                write!(f, " is structure {} inside each other; at most {DEPTH_MAX} may nest", DEPTH_MAX + 1)
            }
            ErrorKind::TooMany => {
                write!(f, " is item {} of the message, which may have {ITEMS_MAX} at most", ITEMS_MAX + 1)
            }
            ErrorKind::TooLarge { found, most } => {
                write!(
                    f,
                    " makes the message larger than it may be: it has {found} bytes, and may have {most}"
                )
            }
            ErrorKind::Version(v) => write!(f, " is {v}, a version that is not spoken"),
            ErrorKind::Syntax => f.write_str(" is not well-formed"),
            ErrorKind::Form(form) => form.describe(f),
        }
    }

    /// Which field stands where another belongs.
    fn describe_order(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            ErrorKind::Missing { found: None } => {
                write!(f, " ends without {}, which must stand in it", expected(self.tag))
            }
            ErrorKind::Missing { found: Some(_) } => {
                write!(f, " stands where {} is expected, which is absent", expected(self.tag))
            }
            ErrorKind::Unexpected { expected: None } => {
                f.write_str(" is a field that has no place there in this version")
            }
            ErrorKind::Unexpected { expected: Some(tag) } => {
                write!(f, " is a field that has no place there in this version; expected {tag}")
            }
            ErrorKind::Repeated => f.write_str(" stands there more often than it may"),
            ErrorKind::OutOfOrder { before: Some(tag), .. } => {
                write!(f, " is out of order; expected before {tag}, which stands before it")
            }
            ErrorKind::OutOfOrder { expected: Some(tag), .. } => {
                write!(f, " is out of order; expected {tag} before it")
            }
            ErrorKind::Count { found, items: 1 } => write!(f, " is {found}, and 1 item follows"),
            ErrorKind::Count { found, items } => write!(f, " is {found}, and {items} items follow"),
            _ => f.write_str(" is out of order"),
        }
    }

    /// Which value stands where another belongs.
    fn describe_value(&self, place: Option<&Place>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let spelt = place.and_then(|place| place.value.as_ref());
        let near = match (self.kind, spelt) {
            (ErrorKind::Bits { found, defined, named, version }, _) => {
                write!(f, " has bits that nothing defines in KMIP {version}: 0x{found:08x}")?;
                named.map_or(Ok(()), |name| write!(f, " ({name} is of later versions)"))?;
                return write!(f, "; expected bits of 0x{defined:08x}");
            }
            (ErrorKind::Mask { near }, _) => {
                spelt.map_or(Ok(()), |spelt| write!(f, " is \"{spelt}\""))?;
                write!(f, ": this is no mask; expected {MASK_FORM}")?;
                near
            }
            (ErrorKind::Name { of: Named::Field, near }, _) => {
                f.write_str(" has a name that no field has: the name is not known")?;
                near
            }
            (ErrorKind::Name { of: Named::Type, near }, _) => {
                f.write_str(" has a type that does not exist: the name is not known")?;
                near
            }
            (ErrorKind::Name { of: Named::Value, near }, Some(spelt)) => {
                write!(f, " is \"{spelt}\": the name is not known")?;
                near
            }
            (ErrorKind::Name { near, .. }, None) => {
                f.write_str(" has a value whose name is not known")?;
                near
            }
            _ => {
                f.write_str(" has a value that its type or its tag does not allow")?;
                let form = place.and_then(|place| form(&place.kind));
                return form.map_or(Ok(()), |form| write!(f, "; expected {form}"));
            }
        };
        near.map_or(Ok(()), |near| write!(f, "; did you mean {near}?"))
    }

    /// The tag by its name, its type, its way from the message down, and its byte.
    fn describe_found(&self, place: Option<&Place>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let is_end = matches!(self.kind, ErrorKind::Missing { found: None });
        if let (ErrorKind::Count { .. }, Some(place)) = (self.kind, place) {
            return write!(f, "BatchCount at {}/BatchCount", place.path);
        }
        match (place, self.found()) {
            (Some(place), _) if !place.name.is_empty() => {
                write!(f, "{} ({}) at {}, byte {},", place.name, place.kind, place.path, self.offset)
            }
            (_, Some(tag)) if !is_end => write!(f, "{tag} at byte {}", self.offset),
            (_, _) if is_end => write!(f, "the structure at byte {}", self.offset),
            _ => write!(f, "what stands at byte {}", self.offset),
        }
    }
}

/// What is expected, where an object of any type may be.
fn expected(tag: Option<Tag>) -> String {
    match tag {
        Some(Tag::SymmetricKey) => "the object (under the tag of its type)".to_owned(),
        Some(tag) => tag.to_string(),
        None => "something".to_owned(),
    }
}

/// How the values of a type are written in XML and JSON, where not each value of the type is written as it is.
fn form(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "Integer" => "a whole number from -2147483648 to 2147483647",
        "LongInteger" => "a whole number from -9223372036854775808 to 9223372036854775807",
        "BigInteger" | "ByteString" => "hexadecimal digits, two for each byte",
        "Boolean" => "true or false",
        "DateTime" => "a date such as 2026-01-31T12:00:00Z",
        "Interval" => "a whole number of seconds",
        "DateTimeExtended" => "microseconds, as 0x and 16 hexadecimal digits",
        _ => return None,
    })
}

fn type_name(byte: u8) -> String {
    Kind::from_byte(byte).map_or_else(|| format!("0x{byte:02x}"), |kind| kind.name().to_owned())
}

/// How a mask is written in XML and JSON.
const MASK_FORM: &str =
    "names of its bits with a space or one | between them, or a whole number from -2147483648 to 4294967295";

impl Form {
    fn describe(self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Twice { part } => write!(f, " has the part \"{part}\" twice; expected it once"),
            Self::Part { part, found } => {
                let expected = match part {
                    "value" => "a text, a number, true, false or a list of items",
                    _ => "a text",
                };
                write!(f, " has {found} for its \"{part}\"; expected {expected}")
            }
            Self::OtherPart { near } => {
                f.write_str(" has a part of another name; expected \"tag\", \"type\" and \"value\"")?;
                near.map_or(Ok(()), |near| write!(f, "; did you mean \"{near}\"?"))
            }
            Self::NoItem { found } => {
                write!(f, " is {found}; expected an item: an object with \"tag\", \"type\" and \"value\"")
            }
            Self::TooManyAttributes { most } => {
                write!(f, " has more than {most} attributes; expected type=\"…\" and value=\"…\"")
            }
            form => f.write_str(form.words()),
        }
    }

    fn words(self) -> &'static str {
        match self {
            Self::NoTag => {
                " has no tag; expected tag, type and value, or the tag of a structure and its items"
            }
            Self::NoType => " has a value and no type; expected both",
            Self::NoValue => " has a type and no value; expected both",
            Self::ValueOfStructure => " is a structure and has a value of its own; expected items inside it",
            Self::ItemsOfValue => {
                " has a list inside and is no structure; expected one value, several names in one text"
            }
            Self::Quoted => " has its value in quotation marks; expected it without them",
            Self::AttributeTwice => {
                " has two attributes of one name; expected type=\"…\" and value=\"…\" once"
            }
            Self::Entity => {
                " has an attribute with an entity that XML does not have; expected & as &amp; and a quotation mark as &quot;"
            }
            Self::Text => " has text inside; expected its value in value=\"…\", or items alone",
            _ => " has attributes that cannot be read; expected type=\"…\" and value=\"…\"",
        }
    }
}
