//! The texts of names in certificates, in each of the ASN.1 types that a DirectoryString has had (X.520, 6.1).

use x509_parser::asn1_rs::Tag;
use x509_parser::objects::{oid_registry, oid2abbrev};
use x509_parser::x509::{AttributeTypeAndValue, X509Name};

/// What an attribute of a subject says; otherwise, why that cannot be read.
pub fn text_of(attribute: &AttributeTypeAndValue<'_>) -> Result<String, String> {
    let (tag, bytes) = (attribute.attr_value().tag(), attribute.as_slice());
    let wrong = |what: &str| Err(format!("it is no {what}"));
    match tag {
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String | Tag::NumericString | Tag::VisibleString => {
            String::from_utf8(bytes.to_vec()).or_else(|_| wrong("UTF-8"))
        }
        Tag::BmpString => {
            let (units, rest) = bytes.as_chunks::<2>();
            let text = String::from_utf16(&units.iter().map(|unit| u16::from_be_bytes(*unit)).collect::<Vec<_>>());
            text.ok().filter(|_| rest.is_empty()).map_or_else(|| wrong("UTF-16, as a BMPString is"), Ok)
        }
        Tag::UniversalString => {
            let (units, rest) = bytes.as_chunks::<4>();
            let text: Option<String> = units.iter().map(|unit| char::from_u32(u32::from_be_bytes(*unit))).collect();
            text.filter(|_| rest.is_empty()).map_or_else(|| wrong("UTF-32, as a UniversalString is"), Ok)
        }
        Tag::T61String => match bytes.is_ascii() {
            true => Ok(bytes.iter().map(|byte| char::from(*byte)).collect()),
            false => Err("it is a TeletexString with letters beyond ASCII, which programs read in different ways: sign it as a \
                 UTF8String"
                .to_owned()),
        },
        other => Err(format!("it has the ASN.1 type {}, which is no text: sign it as a UTF8String", other.0)),
    }
}

/// A name as people read it, in the order of the certificate; a value cannot pass for another part of the name (RFC 4514, 2.4).
pub fn name(name: &X509Name<'_>) -> String {
    let value = |attribute: &AttributeTypeAndValue<'_>| match text_of(attribute) {
        Ok(text) => text.replace('\\', "\\\\").replace(',', "\\,").replace('+', "\\+"),
        Err(_) => format!("#{}", hex::encode(attribute.as_slice())),
    };
    let part = |attribute: &AttributeTypeAndValue<'_>| {
        let kind = oid2abbrev(attribute.attr_type(), oid_registry()).map(str::to_owned);
        format!("{}={}", kind.unwrap_or_else(|_| attribute.attr_type().to_id_string()), value(attribute))
    };
    let parts = name.iter().map(|parts| parts.iter().map(part).collect::<Vec<_>>().join(" + "));
    parts.collect::<Vec<_>>().join(", ")
}
