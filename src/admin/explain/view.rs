//! Exchanges as people read them. Clients' texts are escaped: none of them moves the cursor or looks like ours.

use crate::admin::table::table_with_text;
use crate::engine::notifications::object_facts::ObjectFacts;
use crate::engine::rights::reference;
use crate::explain::Exchange;
use crate::pki;
use crate::text::printable;
use kmip_codec::wire::{SECRET, SPELT};
use std::fmt::Write as _;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// How much of a foreign text is shown.
const SHOWN_CHARS: usize = 1000;
/// How much of one in a list.
const LISTED_CHARS: usize = 200;

/// A line each.
pub fn list(all: &[Exchange]) -> String {
    let row = |one: &Exchange| {
        let times = if one.times > 1 { format!("({} times) ", one.times) } else { String::new() };
        [
            one.id.to_string(),
            moment(one.last),
            if one.client.is_empty() { one.peer.clone() } else { reference::written(&one.client) },
            if one.operation.is_empty() { "-" } else { &one.operation }.to_owned(),
            if one.reason.is_empty() { &one.what } else { &one.reason }.clone(),
            times + &one.message,
        ]
    };
    let head = ["ID", "TIME", "CLIENT", "OPERATION", "REASON", "MESSAGE"];
    table_with_text(head, all.iter().map(row), LISTED_CHARS)
}

/// Everything that is kept of it.
pub fn whole(one: &Exchange) -> String {
    let mut text = String::new();
    let mut say = |what: &str, value: &str| {
        if !value.is_empty() {
            let _ = writeln!(text, "{what:<9} {value}");
        }
    };
    let kind = if one.odd { "succeeded, and is odd" } else { "failed" };
    say("exchange", &format!("{} at {}: {kind} ({})", one.id, moment(one.time), one.what));
    if one.times > 1 {
        say("again", &format!("{} times until {}", one.times, moment(one.last)));
    }
    let version = if one.version.is_empty() { String::new() } else { format!(", KMIP {}", one.version) };
    let client =
        if one.client.is_empty() { "somebody".to_owned() } else { plain(&reference::written(&one.client)) };
    say("client", &format!("{client} from {}{version}", plain(&one.peer)));
    if let Some(shown) = &one.certificate {
        say("showed", &plain(&shown.to_string()));
        say("valid", &format!("{} to {}", pki::moment(shown.validity.0), pki::moment(shown.validity.1)));
    }
    if !one.operation.is_empty() {
        say("asked", &format!("{} (item {} of {})", one.operation, one.item.0, one.item.1));
    }
    let between = if one.reason.is_empty() || one.message.is_empty() { "" } else { ": " };
    say("answered", &format!("{}{between}{}", one.reason, plain(&one.message)));
    say("decided", &one.clause);
    one.objects.iter().for_each(|object| say("object", &described(object)));
    say("wanted", &one.wanted);
    say("to do", &one.advice);
    for (what, xml) in [("request", &one.request), ("answer", &one.answer)] {
        if !xml.is_empty() {
            let _ = write!(text, "\n{what}\n{}", tree(xml));
        }
    }
    if !one.whole {
        text += "\nrequest or answer is longer than what is kept of one: the end is missing\n";
    }
    text
}

fn described(object: &ObjectFacts) -> String {
    let length = object.length.map(|bits| format!(" {bits}")).unwrap_or_default();
    let key = format!("{} {}{length}", object.object_type, object.algorithm);
    let uses = if object.uses.is_empty() { "nothing".to_owned() } else { object.uses.clone() };
    let owner = object
        .foreign_owner
        .as_ref()
        .map(|owner| format!("; it belongs to {}, and for this client it does not exist", plain(owner)));
    format!(
        "{}: {}, {}, may {uses}{}",
        plain(&object.id),
        key.trim(),
        object.state,
        owner.unwrap_or_default()
    )
}

fn moment(milliseconds: u64) -> String {
    let seconds = i64::try_from(milliseconds / 1000).unwrap_or_default();
    OffsetDateTime::from_unix_timestamp(seconds)
        .ok()
        .and_then(|time| time.format(&Rfc3339).ok())
        .unwrap_or_default()
}

/// A foreign text, bounded and without anything that a terminal obeys.
fn plain(text: &str) -> String {
    printable(text, SHOWN_CHARS)
}

/// The message as a tree. The sink writes an element a line.
fn tree(xml: &str) -> String {
    xml.lines()
        .filter(|line| !line.trim_start().starts_with("</"))
        .map(|line| format!("  {}\n", node(line)))
        .collect()
}

fn node(line: &str) -> String {
    let element = line.trim_start();
    let indent = line.get(..line.len() - element.len()).unwrap_or_default();
    let element = element.trim_start_matches('<').trim_end_matches('>').trim_end_matches('/');
    let attribute = |name: &str| {
        let (_, rest) = element.split_once(&format!("{name}=\""))?;
        rest.split_once('"').map(|(value, _)| value)
    };
    let tag = attribute("tag").or(element.split(' ').next()).unwrap_or_default();
    match attribute(" value") {
        Some(value) => format!("{indent}{tag}: {}", plain(&readable(value))),
        None => format!("{indent}{tag}"),
    }
}

fn readable(value: &str) -> String {
    if let Some((length, fingerprint)) = value.strip_prefix(SECRET).and_then(|rest| rest.split_once(':')) {
        return format!("[{length} bytes, fingerprint {fingerprint}]");
    }
    if let Some(spelt) = value.strip_prefix(SPELT) {
        return hex::decode(spelt)
            .map_or_else(|_| spelt.to_owned(), |text| String::from_utf8_lossy(&text).into_owned());
    }
    ["&#60;<", "&#62;>", "&#34;\"", "&#10;\n", "&#13;\r", "&#9;\t", "&#38;&"].iter().fold(
        value.to_owned(),
        |text, entity| {
            let (name, letter) = entity.split_at(entity.len() - 1);
            text.replace(name, letter)
        },
    )
}
