//! An exchange as a regression case: XML with the two messages, and what must be made before they can be replayed.
//!
//! ```text
//! <Exchange client="…" version="1.2" what="WrongState">
//!   <Secret name="secret-1" type="ByteString" length="32"/>      fresh random bytes, the same wherever the name stands
//!   <Object name="object-1" type="SymmetricKey" state="PreActive" …/>      an object made anew
//!   <RequestMessage> …  value="$secret-1"  …  value="$object-1" …
//!   <ResponseMessage> …
//! </Exchange>
//! ```
//!
//! A text that begins with `$text:` is spelt in hexadecimal.

use super::Exchange;
use crate::engine::notifications::object_facts::ObjectFacts;
use kmip_codec::wire::SECRET;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Why an exchange cannot be a case.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
pub enum NotWritable {
    /// There is no request.
    #[error("it has no request that could be asked again: the message could not be read")]
    NoRequest,
    /// The request is not whole.
    #[error(
        "its request or its answer was not kept whole: it is too long, or an item of it could not be read"
    )]
    Cut,
}

/// The exchange as a case.
pub fn to_case(exchange: &Exchange) -> Result<String, NotWritable> {
    if exchange.request.is_empty() {
        return Err(NotWritable::NoRequest);
    }
    if !exchange.whole {
        return Err(NotWritable::Cut);
    }
    let mut secrets = Secrets::default();
    let messages = [&exchange.request, &exchange.answer].map(|message| secrets.named(message));
    let mut text = format!(
        "<!-- {} of {}: {} -->\n<Exchange client=\"{}\" version=\"{}\" what=\"{}\">\n",
        comment(&exchange.what),
        comment(&exchange.operation),
        comment(&exchange.clause),
        escape(&exchange.client),
        escape(&exchange.version),
        escape(&exchange.what)
    );
    for (placeholder, (name, kind)) in &secrets.names {
        let length = placeholder.split(':').nth(1).unwrap_or_default();
        let _ = writeln!(text, "  <Secret name=\"{name}\" type=\"{kind}\" length=\"{length}\"/>");
    }
    let mine = exchange.objects.iter().filter(|object| object.foreign_owner.is_none());
    let objects: Vec<(String, &ObjectFacts)> =
        mine.enumerate().map(|(at, object)| (format!("object-{}", at + 1), object)).collect();
    for (name, object) in &objects {
        let _ = writeln!(text, "  {}", object_element(name, object));
    }
    for message in messages {
        for line in message.lines() {
            let _ = writeln!(text, "  {}", with_names(line, &objects));
        }
    }
    text += "</Exchange>\n";
    Ok(text)
}

fn object_element(name: &str, object: &ObjectFacts) -> String {
    let length = object.length.map(|bits| format!(" length=\"{bits}\"")).unwrap_or_default();
    format!(
        "<Object name=\"{name}\" type=\"{}\" algorithm=\"{}\"{length} uses=\"{}\" state=\"{}\"/>",
        object.object_type, object.algorithm, object.uses, object.state
    )
}

/// The names that secrets get, by what stands for them.
#[derive(Default)]
struct Secrets {
    names: BTreeMap<String, (String, String)>,
}

impl Secrets {
    /// The message with names for its secrets. The sink writes an element a line, and escapes quotes.
    fn named(&mut self, message: &str) -> String {
        let lines = message.lines().map(|line| {
            let Some((before, rest)) = line.split_once(&format!("value=\"{SECRET}")) else {
                return line.to_owned();
            };
            let Some((rest, after)) = rest.split_once('"') else { return line.to_owned() };
            let kind = before.split('"').nth_back(1).unwrap_or_default().to_owned();
            let next = format!("secret-{}", self.names.len() + 1);
            let (name, _) = self.names.entry(format!("{SECRET}{rest}")).or_insert((next, kind));
            format!("{before}value=\"${name}\"{after}")
        });
        lines.collect::<Vec<_>>().join("\n")
    }
}

/// The line with names for the identifiers of objects.
fn with_names(line: &str, objects: &[(String, &ObjectFacts)]) -> String {
    let is = |object: &ObjectFacts| line.contains(&format!(" value=\"{}\"/>", escape(&object.id)));
    match objects.iter().find(|(_, object)| is(object)) {
        Some((name, object)) => line.replace(&format!("\"{}\"", escape(&object.id)), &format!("\"${name}\"")),
        None => line.to_owned(),
    }
}

fn escape(text: &str) -> String {
    let text = text.replace('&', "&#38;").replace('<', "&#60;").replace('>', "&#62;").replace('"', "&#34;");
    text.chars().filter(|c| !c.is_control()).collect()
}

/// Two hyphens would end a comment.
fn comment(text: &str) -> String {
    escape(text).replace("--", "- -")
}
