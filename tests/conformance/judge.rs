//! Judging an answer: it must be the expected one but for the variations that the profiles permit. Anything that is
//! not on the list here is a difference.

mod bindings;
mod nodes;
mod output;
mod permitted;

pub use output::Keyring;

use super::case::{Case, Node};
use super::misprints;
use bindings::Bindings;
use nodes::{attribute_name, bits, index, is_same_info, is_server_own, kind, label, number, show};
use output::Keys;
use permitted::{
    CLIENT_DATES, CORRELATIONS, FREE, IDENTIFIERS, MADE, OPTIONAL, OUTPUTS, QUERY_LISTS, RENAMED,
};
use std::collections::HashSet;
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

/// The judge of one case: what was bound, and what the requests have fixed.
pub struct Judge {
    bindings: Bindings,
    /// The keys of the case, to prove with what randomised operations give.
    keys: Keys,
    /// The tag whose value is misprinted in this case.
    misprinted: Option<&'static str>,
    /// How far the clock of the server is ahead of this machine's.
    ahead: time::Duration,
    /// When the case began, by the clock of the server: `$NOW`.
    start: OffsetDateTime,
    /// Whether the server makes keys in this case.
    pub makes_keys: bool,
    /// Every value of the requests so far.
    sent: HashSet<String>,
    /// The attributes that requests have given dates for so far.
    dated: HashSet<String>,
}

/// The first difference: where, expected, got.
#[derive(Debug)]
pub struct Difference {
    pub path: String,
    pub expected: String,
    pub got: String,
}

type Verdict = Result<(), Difference>;

impl Judge {
    /// A judge for a case; `makes_keys` tells whether the server made keys in the cases before it in a chain, `ahead` how far its
    /// clock is ahead.
    pub fn new(case: &Case, makes_keys: bool, keyring: &Keyring, ahead: time::Duration) -> Self {
        let makes =
            ["Create", "CreateKeyPair", "CreateSplitKey", "ReKey", "ReKeyKeyPair", "Certify", "ReCertify"];
        Self {
            bindings: Bindings::default(),
            keys: Keys::new(keyring),
            misprinted: misprints::not_compared(&case.name),
            ahead,
            start: (OffsetDateTime::now_utc() + ahead).replace_nanosecond(0).unwrap(),
            // In TC-151 the server makes the key that is looked for.
            makes_keys: makes_keys || case.asks_for(&makes) || case.family == "TC-151",
            sent: HashSet::new(),
            dated: HashSet::new(),
        }
    }

    /// The clock of the server was moved on.
    pub fn moves_on(&mut self, by: time::Duration) {
        self.ahead += by;
    }

    /// The value to send for a node of a request.
    pub fn value_to_send(&self, node: &Node) -> String {
        if let Some(date) = self.now(&node.value) {
            return date.format(&Rfc3339).unwrap();
        }
        self.bindings.to_send(node)
    }

    fn now(&self, value: &str) -> Option<OffsetDateTime> {
        let shift = value.strip_prefix("$NOW")?;
        let shift: i64 = if shift.is_empty() { 0 } else { shift.parse().ok()? };
        Some(self.start + time::Duration::seconds(shift))
    }

    /// Notes what a request fixes.
    pub fn note_request(&mut self, request: &Node) {
        let (mut values, mut dated) = (Vec::new(), Vec::new());
        request.walk(&mut |node| {
            values.push(self.value_to_send(node).to_lowercase());
            let name = attribute_name(node).unwrap_or_else(|| node.tag.clone());
            dated.push(name.chars().filter(|c| *c != ' ').collect::<String>());
        });
        self.sent.extend(values.into_iter().filter(|value| value.len() > 1));
        self.dated.extend(dated.into_iter().filter(|name| CLIENT_DATES.contains(&name.as_str())));
    }

    fn seconds(&self, value: &str) -> Option<i64> {
        let date = self.now(value).or_else(|| OffsetDateTime::parse(value, &Rfc3339).ok());
        date.map(OffsetDateTime::unix_timestamp)
    }

    /// Judges an answer to a request.
    pub fn judge(&mut self, request: &Node, expected: &Node, got: &Node) -> Verdict {
        let sent = request.with_values(&|node| self.value_to_send(node));
        let batch: Vec<&Node> = got.all("BatchItem").collect();
        let wanted: Vec<&Node> = expected.all("BatchItem").collect();
        self.header(request, got)?;
        if batch.len() != wanted.len() {
            return differ(
                "ResponseMessage",
                format!("{} items", wanted.len()),
                format!("{}: {got:?}", batch.len()),
            );
        }
        let requests: Vec<&Node> = request.all("BatchItem").collect();
        for (place, (expected, got)) in wanted.into_iter().zip(batch).enumerate() {
            let asked = requests.get(place).and_then(|item| item.item("RequestPayload"));
            if let Some(sent) = sent.all("BatchItem").nth(place) {
                self.keys.note(sent, got);
            }
            self.structure(&format!("BatchItem[{place}]"), asked, expected, got)?;
        }
        self.bindings.note(got);
        Ok(())
    }

    /// Judges a request that the server has sent: as it stands in the file, but for what the server chooses.
    pub fn judge_sent(&mut self, expected: &Node, got: &Node) -> Verdict {
        let version = |message: &Node| {
            message.item("RequestHeader").and_then(|header| header.item("ProtocolVersion")).cloned()
        };
        if version(expected) != version(got) {
            return differ(
                "RequestHeader",
                format!("{:?}", version(expected)),
                format!("{:?}", version(got)),
            );
        }
        let (wanted, items): (Vec<_>, Vec<_>) =
            (expected.all("BatchItem").collect(), got.all("BatchItem").collect());
        if wanted.len() != items.len() {
            return differ("RequestMessage", format!("{} items", wanted.len()), format!("{}", items.len()));
        }
        for (place, (wanted, item)) in wanted.into_iter().zip(items).enumerate() {
            self.structure(&format!("BatchItem[{place}]"), None, wanted, item)?;
        }
        Ok(())
    }

    /// The header of an answer has the version of its request, a time and a count.
    fn header(&mut self, request: &Node, got: &Node) -> Verdict {
        let version = |message: &Node, header: &str| {
            message.item(header).and_then(|header| header.item("ProtocolVersion")).cloned()
        };
        let (asked, answered) = (version(request, "RequestHeader"), version(got, "ResponseHeader"));
        if asked != answered || asked.is_none() {
            return differ("ResponseHeader", format!("{asked:?}"), format!("{answered:?}"));
        }
        let header = got.item("ResponseHeader");
        let has = |tag, kind| header.and_then(|h| h.item(tag)).is_some_and(|item| nodes::kind(item) == kind);
        if has("TimeStamp", "DateTime") && has("BatchCount", "Integer") {
            return Ok(());
        }
        differ("ResponseHeader", "TimeStamp and BatchCount", format!("{header:?}"))
    }

    /// Two structures, item by item; what may vary in place or number is taken out first.
    fn structure(&mut self, path: &str, asked: Option<&Node>, expected: &Node, got: &Node) -> Verdict {
        let (expected_lists, expected) = split(path, expected);
        let (got_lists, got) = split(path, got);
        self.lists(path, asked, &expected_lists, &got_lists)?;
        let mut got = got.into_iter().peekable();
        for expected in expected {
            while got
                .peek()
                .is_some_and(|next| next.tag != expected.tag && OPTIONAL.contains(&next.tag.as_str()))
            {
                got.next();
            }
            let there = got.peek().is_some_and(|next| next.tag == expected.tag);
            if !there && OPTIONAL.contains(&expected.tag.as_str()) {
                continue;
            }
            let Some(next) = got.next() else {
                return differ(path, show(expected), "nothing");
            };
            let path = format!("{path}/{}", expected.tag);
            if next.tag != expected.tag {
                return differ(&path, show(expected), show(next));
            }
            self.node(&path, asked, expected, next)?;
        }
        match got.find(|left| !OPTIONAL.contains(&left.tag.as_str())) {
            Some(left) => differ(path, "nothing more", show(left)),
            None => Ok(()),
        }
    }

    fn node(&mut self, path: &str, asked: Option<&Node>, expected: &Node, got: &Node) -> Verdict {
        if OPTIONAL.contains(&expected.tag.as_str()) || FREE.contains(&expected.tag.as_str()) {
            return Ok(());
        }
        let made = self.makes_keys && MADE.contains(&expected.tag.as_str());
        if kind(expected) != kind(got) {
            return differ(path, show(expected), show(got));
        }
        if kind(expected) == "Structure" {
            return self.structure(path, asked, expected, got);
        }
        self.value(path, asked, &expected.tag, made, expected, got)
    }

    fn value(
        &mut self,
        path: &str,
        asked: Option<&Node>,
        name: &str,
        made: bool,
        expected: &Node,
        got: &Node,
    ) -> Verdict {
        let same = |judge: &Self| judge.is_same(name, expected, got);
        let is_output = OUTPUTS.contains(&name) && path.ends_with(&format!("/ResponsePayload/{name}"));
        if is_output && let Some(verdict) = self.output(path, name, expected, got) {
            return verdict;
        }
        if CORRELATIONS.contains(&name) {
            self.bindings.rebind(&expected.value, &got.value);
            return Ok(());
        }
        if IDENTIFIERS.contains(&name)
            || expected.value.starts_with('$') && !expected.value.starts_with("$NOW")
        {
            self.bindings.bind(&expected.value, &got.value);
            let bound = self.bindings.get(&expected.value) == Some(got.value.as_str())
                || self.misprinted == Some(name);
            return if bound { Ok(()) } else { differ(path, show(expected), show(got)) };
        }
        let free = match kind(expected) {
            "DateTime" => !self.is_fixed(name, expected),
            _ if name == "VendorIdentification" && path.ends_with("ResponsePayload/VendorIdentification") => {
                true
            }
            _ if name == "KeyFormatType" => {
                self.makes_keys && asked.is_none_or(|asked| asked.item("KeyFormatType").is_none())
            }
            _ if self.misprinted == Some(name) => true,
            _ => made && !self.sent.contains(&expected.value.to_lowercase()),
        };
        if free || same(self) { Ok(()) } else { differ(path, show(expected), show(got)) }
    }

    /// What a cryptographic operation gave, where no file can print it: proven where the operation is randomised, of the
    /// same length where the server made the key or the bytes.
    fn output(&mut self, path: &str, name: &str, expected: &Node, got: &Node) -> Option<Verdict> {
        let is_variable = expected.value.starts_with('$');
        match self.keys.proof(name, got) {
            Some(Ok(())) => {}
            Some(Err(why)) => return Some(differ(path, why, show(got))),
            None if is_variable || !self.keys.is_servers_own() => return None,
            None if self.sent.contains(&expected.value.to_lowercase()) => return None,
            None if name != "SignatureData" && expected.value.len() != got.value.len() => return None,
            None => {}
        }
        if is_variable {
            self.bindings.rebind(&expected.value, &got.value);
        } else {
            self.bindings.bind_bytes(&expected.value, &got.value);
        }
        Some(Ok(()))
    }

    /// Whether a request has fixed this date: a client has given a date for this attribute before in the case.
    fn is_fixed(&self, name: &str, expected: &Node) -> bool {
        let plain: String = name.chars().filter(|c| *c != ' ').collect();
        self.seconds(&expected.value).is_none()
            || (CLIENT_DATES.contains(&plain.as_str()) && self.dated.contains(&plain))
    }

    fn is_same(&self, name: &str, expected: &Node, got: &Node) -> bool {
        if expected.value == got.value {
            return true;
        }
        match kind(expected) {
            "DateTime" => self.is_same_date(expected, got),
            "ByteString" if name == "PKCS_11OutputParameters" => is_same_info(&expected.value, &got.value),
            "ByteString" | "BigInteger" => expected.value.eq_ignore_ascii_case(&got.value),
            "Integer" if name.replace(' ', "").ends_with("Mask") => bits(&expected.value) == bits(&got.value),
            "Integer" | "LongInteger" | "Interval" | "Enumeration" => {
                RENAMED.contains(&(expected.value.as_str(), got.value.as_str()))
                    || (number(&expected.value).is_some() && number(&expected.value) == number(&got.value))
            }
            _ => false,
        }
    }

    /// `$NOW` in an answer is any moment from the start of the case on.
    fn is_same_date(&self, expected: &Node, got: &Node) -> bool {
        let (Some(wanted), Some(got)) = (self.seconds(&expected.value), self.seconds(&got.value)) else {
            return false;
        };
        let passed = (OffsetDateTime::now_utc() + self.ahead - self.start).whole_seconds() + 1;
        let slack = if expected.value.starts_with("$NOW") { passed } else { 0 };
        (wanted..=wanted + slack).contains(&got)
    }

    /// Attributes in any order, and more of them unless particular ones were asked for; names of attributes and the
    /// lists of Query likewise.
    fn lists(&mut self, path: &str, asked: Option<&Node>, expected: &[&Node], got: &[&Node]) -> Verdict {
        let particular = asked.is_some_and(|asked| {
            asked.item("AttributeName").is_some() || asked.item("AttributeReference").is_some()
        });
        let mut left: Vec<&Node> = got.to_vec();
        for wanted in expected {
            let found = (0..left.len()).find(|at| self.fits(path, wanted, left[*at]));
            match found {
                Some(at) => {
                    left.remove(at);
                }
                None => {
                    let near: Vec<_> = left
                        .iter()
                        .filter(|node| label(node) == label(wanted))
                        .map(|node| show(node))
                        .collect();
                    return differ(&format!("{path}/{}", label(wanted)), show(wanted), near.join(" | "));
                }
            }
        }
        let extra = left.iter().find(|node| particular && !is_server_own(node));
        match extra {
            Some(extra) => differ(path, "no attribute that was not asked for", show(extra)),
            None => Ok(()),
        }
    }

    /// Whether an entry of a list is the wanted one. Identifiers are bound only by the entry that fits.
    fn fits(&mut self, path: &str, wanted: &Node, got: &Node) -> bool {
        if label(wanted) != label(got) {
            return false;
        }
        let Some(name) = attribute_name(wanted) else {
            return self.node(path, None, wanted, got).is_ok();
        };
        // The order of attributes is free, and that of the links and names which the server carries over to what it
        // makes is told by the index alone: TC-134 has one in 1.0 and another in 1.2.
        let any_order = self.makes_keys && ["Link", "Name"].contains(&name.as_str());
        if !any_order && index(wanted) != index(got) {
            return false;
        }
        let (Some(expected), Some(value)) = (wanted.item("AttributeValue"), got.item("AttributeValue"))
        else {
            return wanted.item("AttributeValue").is_none() && got.item("AttributeValue").is_none();
        };
        if FREE.contains(&name.as_str()) {
            return true;
        }
        if kind(expected) == "Structure" {
            return kind(value) == "Structure" && self.structure(path, None, expected, value).is_ok();
        }
        let plain: String = name.chars().filter(|c| *c != ' ').collect();
        let made = self.makes_keys && MADE.contains(&plain.as_str());
        kind(expected) == kind(value) && self.value(path, None, &plain, made, expected, value).is_ok()
    }
}

/// Takes apart what is compared in order and what is compared as a list.
fn split<'n>(path: &str, node: &'n Node) -> (Vec<&'n Node>, Vec<&'n Node>) {
    let in_query = path.contains("ResponsePayload")
        && node.items.iter().any(|item| QUERY_LISTS.contains(&item.tag.as_str()) && item.tag != "ObjectType");
    let is_list = |item: &&Node| match item.tag.as_str() {
        "Attribute" | "AttributeName" | "AttributeReference" => {
            !(item.tag == "AttributeName" && node.tag == "Attribute")
        }
        tag if node.tag == "Attributes" => !tag.is_empty(),
        "ProtocolVersion" => node.tag == "ResponsePayload",
        tag => in_query && QUERY_LISTS.contains(&tag),
    };
    node.items.iter().partition(is_list)
}

fn differ(path: &str, expected: impl Into<String>, got: impl Into<String>) -> Verdict {
    let cut = |text: String| text.chars().take(300).collect::<String>();
    Err(Difference { path: path.to_owned(), expected: cut(expected.into()), got: cut(got.into()) })
}
