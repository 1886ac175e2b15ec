//! The work of reading a message grows with its length and no faster, whatever a stranger has made of it: long or many of
//! everything, in each encoding, read as a server reads. Work is the time that this thread had of a processor, at two lengths.
#![allow(clippy::unwrap_used, reason = "a test")]

mod allocations;

use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{RequestItem, RequestMessage};
use kmip_codec::operations::{Operation, Request};
use kmip_codec::version::V2_1;
use kmip_codec::wire::{Encoding, Reading};
use kmip_codec::{Tag, limits};
use rustix::time::{ClockId, clock_gettime};

/// The shorter message, in bytes.
const SHORT: usize = 32 * 1024;

/// How many times longer the longer one is.
const TIMES: usize = 16;

/// How much more than that its work may be: caches and allocations are not for nothing. Where each part was compared with
/// each other one, it would be [`TIMES`] times more.
const MORE: f64 = 4.0;

/// Less work than that, in seconds, is measured too coarsely to be compared.
const LEAST: f64 = 0.001;

fn seconds() -> f64 {
    let now = clock_gettime(ClockId::ThreadCPUTime);
    #[allow(clippy::cast_precision_loss, reason = "the seconds of a test")]
    let (seconds, rest) = (now.tv_sec as f64, now.tv_nsec as f64);
    seconds + rest / 1e9
}

/// The least of some tries.
fn work(encoding: Encoding, bytes: &[u8]) -> f64 {
    let reading = Reading {
        items_alone: true,
        later_fields: true,
        known_bits: true,
        with_values: true,
        strips_nuls: true,
    };
    let tries = (0..2).map(|_| {
        let begin = seconds();
        let _ = std::hint::black_box(RequestMessage::receive(encoding, bytes, reading));
        seconds() - begin
    });
    tries.fold(f64::MAX, f64::min)
}

/// How many times longer the one is than the other.
#[allow(clippy::cast_precision_loss, reason = "two lengths")]
fn ratio(long: &[u8], short: &[u8]) -> f64 {
    long.len() as f64 / short.len() as f64
}

/// What a message is made of: what stands before, what stands there as often as there is room, and what stands behind.
struct Shape {
    name: &'static str,
    before: String,
    each: Box<dyn Fn(usize) -> String>,
    behind: String,
}

fn shape(name: &'static str, before: &str, each: &str, behind: &str) -> Shape {
    let each = each.to_owned();
    Shape { name, before: before.into(), each: Box::new(move |_| each.clone()), behind: behind.into() }
}

impl Shape {
    fn text(&self, length: usize) -> Vec<u8> {
        let mut text = self.before.clone();
        for number in 0.. {
            if text.len() >= length {
                break;
            }
            text.push_str(&(self.each)(number));
        }
        text.push_str(&self.behind);
        text.into_bytes()
    }
}

fn check(encoding: Encoding, shapes: &[Shape]) {
    let mut too_much = String::new();
    for shape in shapes {
        let (short, long) = (shape.text(SHORT), shape.text(SHORT * TIMES));
        let (less, more) = (work(encoding, &short).max(LEAST), work(encoding, &long));
        let longer = ratio(&long, &short);
        if more / less > longer * MORE {
            too_much += &format!("{encoding}, {}: {less} s, {longer} times as long {more} s\n", shape.name);
        }
    }
    assert!(too_much.is_empty(), "{too_much}");
}

/// A message with one item whose payload is to be put where `HERE` stands.
fn with_payload(encoding: Encoding) -> (String, String) {
    let payload = vec![Item { tag: Tag::UniqueIdentifier, value: ItemValue::TextString("HERE".into()) }];
    let request = Request::Unknown(Operation::Get, ItemValue::Structure(payload));
    let text = String::from_utf8(RequestMessage::new(V2_1, vec![request.into()]).encode(encoding)).unwrap();
    let at = text.find("HERE").unwrap();
    let (open, close) = match encoding {
        Encoding::Json => ('{', '}'),
        _ => ('<', '>'),
    };
    let (begin, end) = (text[..at].rfind(open).unwrap(), at + text[at..].find(close).unwrap() + 1);
    (text[..begin].to_owned(), text[end..].to_owned())
}

#[test]
fn json_costs_as_much_as_it_is_long() {
    let (head, tail) = with_payload(Encoding::Json);
    let item = |inside: &str| {
        format!("{head}{{\"tag\":\"UniqueIdentifier\",\"type\":\"TextString\",\"value\":{inside}")
    };
    let end = format!("}}{tail}");
    let string = |name, each| shape(name, &item("\""), each, &format!("\"{end}"));
    let misspelt = "{\"tag\":\"CryptographicLenght\",\"type\":\"Integer\",\"value\":1},";
    check(
        Encoding::Json,
        &[
            shape("arrays in arrays", "", "[", ""),
            shape("arrays as values", &item(""), "[", ""),
            shape("items in items", "", "{\"tag\":\"Attributes\",\"value\":[", ""),
            shape("spaces", "", " \n\r\t", ""),
            shape("spaces in a message", &head, " \n\r\t", &tail),
            shape("colons", &item(""), ":", ""),
            shape("commas", &head, ",", ""),
            shape("a long key", "{\"", "k", "\":1}"),
            shape("names in an item", "{", "\"name\":\"n\",", "\"tag\":\"RequestMessage\",\"value\":[]}"),
            shape("values in an item", "{", "\"value\":\"n\",", "\"tag\":\"RequestMessage\"}"),
            shape(
                "a long tag",
                &format!("{head}{{\"tag\":\""),
                "t",
                &format!("\",\"type\":\"Integer\",\"value\":1{end}"),
            ),
            shape(
                "a long type",
                &format!("{head}{{\"tag\":\"State\",\"type\":\""),
                "t",
                &format!("\",\"value\":1{end}"),
            ),
            string("a long text", "t"),
            string("characters by number", "\\u0041"),
            string("characters by two numbers", "\\ud83d\\ude00"),
            string("quotes", "\\\""),
            string("wrong escapes", "\\x"),
            shape("a text that does not end", &item("\""), "t", ""),
            shape("digits", &item(""), "1", &end),
            shape("digits behind a point", &item("0."), "1", &end),
            shape(
                "misspelt items",
                &head,
                misspelt,
                &format!("{{\"tag\":\"State\",\"type\":\"Integer\",\"value\":1}}{tail}"),
            ),
            shape("items of wrong types", &head, "{\"tag\":\"State\",\"type\":\"Integr\",\"value\":1},", ""),
            shape("empty items", &head, "{},", ""),
            shape(
                "texts of many bits",
                &format!("{head}{{\"tag\":\"CryptographicUsageMask\",\"type\":\"Integer\",\"value\":\""),
                "Encrypt|",
                &format!("\"{end}"),
            ),
        ],
    );
}

#[test]
fn elements_and_attributes_of_xml_cost_as_much_as_they_are_long() {
    let (head, tail) = with_payload(Encoding::Xml);
    let text = |name, each| {
        shape(
            name,
            &format!("{head}<UniqueIdentifier type=\"TextString\" value=\""),
            each,
            &format!("\"/>{tail}"),
        )
    };
    let numbered = |name, before: &str, after: &'static str| Shape {
        name,
        before: format!("{head}<UniqueIdentifier"),
        each: {
            let before = before.to_owned();
            Box::new(move |number| format!(" {before}{number:x}{after}"))
        },
        behind: format!("/>{tail}"),
    };
    check(
        Encoding::Xml,
        &[
            shape("elements in elements", "", "<Attributes>", ""),
            shape("spaces", "", " \n\r\t", ""),
            shape("spaces in a message", &head, " \n\r\t", &tail),
            shape("a long name", &format!("{head}<"), "n", &format!("/>{tail}")),
            shape("a name of many parts", &format!("{head}<"), "n:", &format!("/>{tail}")),
            shape("an element that does not end", &format!("{head}<State "), "n", ""),
            shape("spaces in an element", &format!("{head}<State"), " ", &format!("/>{tail}")),
            numbered("attributes", "a", "=\"\""),
            numbered("namespaces", "xmlns:a", "=\"urn:a\""),
            shape(
                "one attribute again",
                &format!("{head}<State"),
                " type=\"Enumeration\"",
                &format!("/>{tail}"),
            ),
            text("a long text", "t"),
            text("entities", "&amp;"),
            text("characters by number", "&#65;"),
            text("characters by long numbers", "&#00000000000000000000065;"),
            text("line ends", "\r\n"),
            text("ampersands", "&"),
            text("unknown entities", "&lol;"),
        ],
    );
}

#[test]
fn what_xml_has_besides_costs_as_much_as_it_is_long() {
    let (head, tail) = with_payload(Encoding::Xml);
    check(
        Encoding::Xml,
        &[
            shape("a reference that does not end", &format!("{head}<State value=\"&#"), "0", ""),
            shape("texts between elements", &head, "text", &tail),
            shape("entities between elements", &head, "&amp;", &tail),
            shape("comments", &head, "<!-- c -->", &tail),
            shape("a comment that does not end", &head, "<!-- -", ""),
            shape("character data", &head, "<![CDATA[ ]]>", &tail),
            shape("character data that does not end", &head, "<![CDATA[", ""),
            shape("instructions", "", "<?p i?>", &format!("{head}{tail}")),
            shape("declarations", "", "<?xml version=\"1.0\"?> ", &format!("{head}{tail}")),
            shape(
                "entities that are declared",
                "<!DOCTYPE m [",
                "<!ENTITY a \"&b;&b;\">",
                &format!("]>{head}{tail}"),
            ),
            shape("a type of document that does not end", "<!DOCTYPE m [", "[", ""),
            shape("ends without beginnings", &head, "</State>", ""),
            shape("a long name that ends otherwise", &format!("{head}<"), "n", &format!("></n>{tail}")),
            shape("misspelt items", &head, "<CryptographicLenght type=\"Integer\" value=\"1\"/>", &tail),
            shape("items of wrong types", &head, "<State type=\"Integr\" value=\"1\"/>", &tail),
            shape("empty items", &head, "<a/>", &tail),
            shape(
                "texts of many bits",
                &format!("{head}<CryptographicUsageMask type=\"Integer\" value=\""),
                "Encrypt ",
                &format!("\"/>{tail}"),
            ),
        ],
    );
}

/// Batch items that cannot be read, as many as there is room for: each fails alone, and the first are told with their place.
#[test]
fn items_that_fail_alone_cost_as_much_as_they_are_long() {
    let request = |tag: Tag, count: usize| {
        let items = (0..count).map(|_| {
            let inside = (0..10).map(|_| Item { tag, value: ItemValue::Integer(1) }).collect();
            RequestItem::from(Request::Unknown(Operation::Get, ItemValue::Structure(inside)))
        });
        RequestMessage::new(V2_1, items.collect())
    };
    let (few, many) = (250, 250 * TIMES);
    assert!(many * 13 < limits::ITEMS_MAX, "no more than a message may have");
    let mut too_much = String::new();
    for encoding in Encoding::ALL {
        // TTLV has no names to misspell.
        for (tag, from, to) in [
            (Tag::CryptographicLength, "CryptographicLength", "CryptographicLength"),
            (Tag::CryptographicLength, "CryptographicLength", "CryptographicLenght"),
            (Tag(0x54_4242), "0x544242", "0x544242"),
        ]
        .into_iter()
        .filter(|(_, from, to)| encoding != Encoding::Ttlv || from == to)
        {
            let bytes = |count| {
                let bytes = request(tag, count).encode(encoding);
                if from == to {
                    bytes
                } else {
                    String::from_utf8_lossy(&bytes).replace(from, to).into_bytes()
                }
            };
            let (short, long) = (bytes(few), bytes(many));
            let (less, more) = (work(encoding, &short).max(LEAST), work(encoding, &long));
            let longer = ratio(&long, &short);
            if more / less > longer * MORE {
                too_much += &format!("{encoding}, {to}: {less} s for {few}, {more} s for {many}\n");
            }
        }
    }
    assert!(too_much.is_empty(), "{too_much}");
}

/// A misspelt name is compared with all that there are: that costs no more than reading some more names.
#[test]
fn a_misspelt_name_costs_little_more_than_a_right_one() {
    for encoding in [Encoding::Json, Encoding::Xml] {
        let payload = vec![Item { tag: Tag::CryptographicLength, value: ItemValue::Integer(1) }; 16];
        let request = Request::Unknown(Operation::Get, ItemValue::Structure(payload));
        let right = RequestMessage::new(V2_1, vec![request.into(); 16]).encode(encoding);
        let wrong = String::from_utf8_lossy(&right).replace("CryptographicLength", "CryptographicLenght");
        let (less, more) = (work(encoding, &right), work(encoding, wrong.as_bytes()));
        assert!(more < less * 16.0, "{encoding}: {less} s with right names, {more} s with wrong ones");
    }
}
