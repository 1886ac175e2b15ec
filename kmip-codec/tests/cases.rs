//! Every message of every OASIS case goes XML -> typed -> TTLV -> typed -> JSON -> typed -> XML and comes back unchanged.
//!
//! The cases are not part of this project: they are read from `../shared/oasis` beside the checkout, or from where
//! `KEYSTEAD_OASIS` points.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stderr, reason = "a test")]

#[path = "support/cases.rs"]
mod support;

use kmip_codec::Error;
use kmip_codec::message::{RequestMessage, ResponseMessage};
use roxmltree::Node;
use std::collections::BTreeSet;
use std::path::Path;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

#[test]
fn every_message_of_every_case_comes_back_unchanged() {
    let Some(files) = support::files() else { return };
    let mut failures = Vec::new();
    let messages: usize = files.iter().map(|path| check_file(path, &mut failures)).sum();
    assert!(failures.is_empty(), "{} of {messages} messages:\n{}", failures.len(), failures.join("\n"));
    assert_eq!(files.len(), 558, "files");
    assert!(messages > 6000, "only {messages} messages were read");
}

/// Messages that no strict reader takes: attributes without a name in both CS-AC cases, and in TC-NP-2-12 a field of KMIP
/// 1.1 in a message that says it is 1.0.
const UNREADABLE: &[(&str, usize)] = &[("CS-AC-M-3-12", 3), ("CS-AC-M-8-12", 3), ("TC-NP-2-12", 3)];

/// Numbers that have two names: another in 2.x than in 1.x, or another in the files than in the specification.
const RENAMED: &[(&str, &str)] = &[
    ("MGF1", "MFG1"),
    ("SHA_1WithRSAEncryption", "SHA_1WithRSAEncryptionPKCS_1V1_5"),
    ("SHA_256WithRSAEncryption", "SHA_256WithRSAEncryptionPKCS_1V1_5"),
];

fn check_file(path: &Path, failures: &mut Vec<String>) -> usize {
    let messages = support::messages(path);
    for support::Message { place: (name, at), is_request, xml } in &messages {
        let back = if *is_request { request(xml) } else { response(xml) };
        match back {
            Err(_) if UNREADABLE.contains(&(name, *at)) => {}
            Err(error) => failures.push(format!("{name} message {at}: {error}")),
            Ok(back) => failures.extend(difference(xml, &back).map(|d| format!("{name} message {at}: {d}"))),
        }
    }
    messages.len()
}

fn request(xml: &str) -> Result<String, Error> {
    let first = RequestMessage::from_xml(xml)?;
    let second = RequestMessage::from_bytes(&first.to_bytes())?;
    assert_eq!(first, second);
    let third = RequestMessage::from_json(&second.to_json())?;
    assert_eq!(first, third);
    Ok(third.to_xml())
}

fn response(xml: &str) -> Result<String, Error> {
    let first = ResponseMessage::from_xml(xml)?;
    let second = ResponseMessage::from_bytes(&first.to_bytes())?;
    assert_eq!(first, second);
    let third = ResponseMessage::from_json(&second.to_json())?;
    assert_eq!(first, third);
    Ok(third.to_xml())
}

/// The first place where two documents differ in meaning.
fn difference(sent: &str, back: &str) -> Option<String> {
    let (sent, back) = (roxmltree::Document::parse(sent).unwrap(), roxmltree::Document::parse(back).unwrap());
    differ(sent.root_element(), back.root_element())
}

fn differ(a: Node<'_, '_>, b: Node<'_, '_>) -> Option<String> {
    let items = |node: Node<'_, '_>| node.children().filter(Node::is_element).count();
    let tag = |node: Node<'_, '_>| {
        (node.tag_name().name().to_owned(), node.attribute("tag").map(str::to_lowercase))
    };
    let kind = |node: Node<'_, '_>| node.attribute("type").unwrap_or("Structure").to_owned();
    if tag(a) != tag(b) || kind(a) != kind(b) || items(a) != items(b) {
        return Some(format!("{:?} of {} items became {:?} of {}", tag(a), items(a), tag(b), items(b)));
    }
    let (x, y) = (a.attribute("value").unwrap_or_default(), b.attribute("value").unwrap_or_default());
    if !is_same(&kind(a), x, y) {
        return Some(format!("{} {x:?} became {y:?}", a.tag_name().name()));
    }
    let mut pairs = a.children().filter(Node::is_element).zip(b.children().filter(Node::is_element));
    pairs.find_map(|(a, b)| differ(a, b))
}

fn is_same(kind: &str, a: &str, b: &str) -> bool {
    let date = |text: &str| OffsetDateTime::parse(text, &Rfc3339).ok().map(OffsetDateTime::unix_timestamp);
    let words = |text: &str| {
        text.split([' ', '|']).filter(|w| !w.is_empty()).map(str::to_owned).collect::<BTreeSet<_>>()
    };
    let hex = |text: &str| {
        let digits = text.to_lowercase();
        let digits = digits.strip_prefix("0x").unwrap_or(&digits).to_owned();
        u64::from_str_radix(&digits, 16).ok()
    };
    let number = |text: &str| {
        if text.starts_with("0x") { hex(text) } else { text.parse::<i64>().ok().map(i64::cast_unsigned) }
    };
    a == b
        || match kind {
            "DateTime" => date(a).is_some() && date(a) == date(b),
            "ByteString" | "BigInteger" => a.eq_ignore_ascii_case(b) || is_same_padded(a, b),
            "Integer" => words(a) == words(b) || (number(a).is_some() && number(a) == number(b)),
            "Enumeration" if RENAMED.contains(&(a, b)) => true,
            "Enumeration" | "LongInteger" | "Interval" => number(a).is_some() && number(a) == number(b),
            "Boolean" => a.eq_ignore_ascii_case(b),
            _ => false,
        }
}

/// Big integers are written padded to 8 bytes with their sign.
fn is_same_padded(a: &str, b: &str) -> bool {
    let (a, b) = (a.to_lowercase(), b.to_lowercase());
    let fill = if a.starts_with(|c: char| ('8'..='9').contains(&c) || c >= 'a') { "f" } else { "0" };
    b.len() % 16 == 0 && b.len() > a.len() && b == format!("{}{a}", fill.repeat(b.len() - a.len()))
}
