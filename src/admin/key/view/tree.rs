//! Attributes as a tree of names and values: an encoding for output alone, which reads nothing.

use kmip_codec::attributes::{AttributeList, AttributeRow, Attributes, Count};
use kmip_codec::declare::Value as _;
use kmip_codec::version::V2_1;
use kmip_codec::wire::{BitNames, Sink, ValueName};
use kmip_codec::{Tag, Version};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// Names and values, in the order of the server; instances of one attribute together.
pub fn of(attributes: &Attributes) -> Vec<(String, Value)> {
    let mut sink = TreeSink::default();
    AttributeList(attributes.clone()).put(Tag::Attributes, &mut sink);
    let mut all: Vec<(String, Value)> = Vec::new();
    for (tag, value) in sink.done {
        let (name, value) = if tag == Tag::Attribute { vendor(value) } else { (tag.to_string(), value) };
        let many = AttributeRow::of(tag).is_none_or(|row| row.count == Count::Many);
        match all.iter_mut().find(|(before, _)| *before == name) {
            Some((_, Value::Array(values))) => values.push(value),
            _ if many => all.push((name, Value::Array(vec![value]))),
            _ => all.push((name, value)),
        }
    }
    all
}

/// `x-Purpose` of vendor `x` and name `Purpose`.
fn vendor(value: Value) -> (String, Value) {
    let text = |key: &str| value.get(key).and_then(Value::as_str).unwrap_or_default();
    let name = format!("{}-{}", text("VendorIdentification"), text("AttributeName"));
    let inner = value.get("AttributeValue").cloned().unwrap_or(Value::Null);
    (name, inner)
}

/// A value for people: a line an instance.
pub fn lines(value: &Value) -> Vec<String> {
    match value {
        Value::Array(values) => values.iter().map(line).collect(),
        other => vec![line(other)],
    }
}

fn line(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Object(fields) => {
            let each = fields.iter().map(|(name, value)| format!("{name} {}", line(value)));
            each.collect::<Vec<_>>().join(", ")
        }
        Value::Array(values) => values.iter().map(line).collect::<Vec<_>>().join(" | "),
        other => other.to_string(),
    }
}

/// A date as ISO 8601.
pub fn date(seconds: i64) -> String {
    let date = OffsetDateTime::from_unix_timestamp(seconds).ok().and_then(|date| date.format(&Rfc3339).ok());
    date.unwrap_or_else(|| seconds.to_string())
}

type Fields = Vec<(Tag, Value)>;

/// Builds the tree.
#[derive(Default)]
struct TreeSink {
    /// The structures that are open, the innermost last.
    open: Vec<(Tag, Fields)>,
    /// What stood in the outermost one.
    done: Fields,
}

impl TreeSink {
    fn add(&mut self, tag: Tag, value: impl Into<Value>) {
        if let Some((_, fields)) = self.open.last_mut() {
            fields.push((tag, value.into()));
        }
    }
}

/// A structure; a tag that occurs several times is a list.
fn object(fields: Fields) -> Value {
    let mut object = Map::new();
    for (tag, value) in fields {
        let entry = match object.remove(&tag.to_string()) {
            None => value,
            Some(Value::Array(mut values)) => {
                values.push(value);
                Value::Array(values)
            }
            Some(first) => Value::Array(vec![first, value]),
        };
        object.insert(tag.to_string(), entry);
    }
    Value::Object(object)
}

impl Sink for TreeSink {
    fn version(&self) -> Version {
        V2_1
    }

    fn open(&mut self, tag: Tag) {
        self.open.push((tag, Vec::new()));
    }

    fn close(&mut self) {
        let Some((tag, fields)) = self.open.pop() else { return };
        if self.open.is_empty() {
            self.done = fields;
        } else {
            self.add(tag, object(fields));
        }
    }

    fn integer(&mut self, tag: Tag, value: i32) {
        self.add(tag, value);
    }

    fn long_integer(&mut self, tag: Tag, value: i64) {
        self.add(tag, value);
    }

    fn big_integer(&mut self, tag: Tag, value: &[u8]) {
        self.add(tag, hex::encode(value));
    }

    fn enumeration(&mut self, tag: Tag, value: u32, name: ValueName<'_>) {
        self.add(tag, name(V2_1).map_or_else(|| format!("0x{value:08x}"), str::to_owned));
    }

    fn mask(&mut self, tag: Tag, value: i32, names: BitNames) {
        let named = names(V2_1).into_iter().filter(|(bit, _)| value.cast_unsigned() & bit != 0);
        self.add(tag, named.map(|(_, name)| name).collect::<Vec<_>>());
    }

    fn boolean(&mut self, tag: Tag, value: bool) {
        self.add(tag, value);
    }

    fn text(&mut self, tag: Tag, value: &str) {
        self.add(tag, value);
    }

    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        self.add(tag, hex::encode(value));
    }

    fn date_time(&mut self, tag: Tag, value: i64) {
        self.add(tag, date(value));
    }

    fn interval(&mut self, tag: Tag, value: u32) {
        self.add(tag, value);
    }

    fn date_time_extended(&mut self, tag: Tag, value: i64) {
        self.add(tag, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use kmip_codec::attributes::{ApplicationSpecificInformation, Attribute, Name, VendorAttribute};
    use kmip_codec::enums::{CryptographicUsageMask, State};
    use kmip_codec::item::ItemValue;
    use kmip_codec::value::DateTime;
    use serde_json::json;

    #[test]
    fn attributes_become_names_and_values() {
        let information =
            ApplicationSpecificInformation { namespace: "LUKS".to_owned(), data: Some("u".to_owned()) };
        let vendor = |value: &str| {
            let value = Some(ItemValue::TextString(value.to_owned()));
            Attribute::Vendor(VendorAttribute { vendor: "x".to_owned(), name: "Room".to_owned(), value })
        };
        let attributes = [
            Attribute::Name(Name::text("one")),
            Attribute::State(State::Active),
            Attribute::Name(Name::text("two")),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Sign | CryptographicUsageMask::Verify),
            Attribute::InitialDate(DateTime(0)),
            Attribute::ApplicationSpecificInformation(information),
            vendor("12"),
        ];
        let tree: Map<String, Value> = of(&attributes.into()).into_iter().collect();
        let name = |text| json!({ "NameValue": text, "NameType": "UninterpretedTextString" });
        let expected = json!({
            "Name": [name("one"), name("two")],
            "State": "Active",
            "CryptographicUsageMask": ["Sign", "Verify"],
            "InitialDate": "1970-01-01T00:00:00Z",
            "ApplicationSpecificInformation": [{ "ApplicationNamespace": "LUKS", "ApplicationData": "u" }],
            "x-Room": ["12"],
        });
        assert_eq!(Value::Object(tree), expected);
    }
}
