//! Random values of every row of every table: what property tests round-trip. The values follow from a seed.

use crate::Tag;
use crate::attributes::*;
use crate::enums::*;
use crate::item::{Item, ItemValue};
use crate::message::*;
use crate::objects::*;
use crate::operations::{Request, Response};
use crate::payloads::{CalledFunction, ExtensionType, TicketLease};
use crate::secret::{SecretBytes, SecretText};
use crate::value::*;
use crate::version::*;
use bytes::Bytes;

/// How deep samples nest before everything optional is left out.
const DEPTH_MAX: u32 = 6;

/// Numbers that follow from a seed, for messages of a version.
pub struct Dice {
    state: u64,
    /// The version that decides which rows there are.
    pub version: Version,
    depth: u32,
}

impl Dice {
    /// Dice that fall as the seed says.
    pub fn new(seed: u64, version: Version) -> Self {
        Self { state: seed, version, depth: 0 }
    }

    /// Any number.
    pub fn number(&mut self) -> u32 {
        self.state =
            self.state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.state >> 32) as u32
    }

    /// A number below this one.
    pub fn below(&mut self, limit: usize) -> usize {
        self.number() as usize % limit.max(1)
    }

    /// One of these; `None` where there is none.
    pub fn one_of<T: Copy>(&mut self, all: &[T]) -> Option<T> {
        let at = self.below(all.len());
        all.get(at).copied()
    }

    /// Samples one level deeper.
    pub fn deeper<T>(&mut self, sample: impl FnOnce(&mut Self) -> T) -> T {
        self.depth += 1;
        let value = sample(self);
        self.depth -= 1;
        value
    }

    /// How many occurrences of what may be left out.
    fn occurrences(&mut self, limit: usize) -> usize {
        if self.depth > DEPTH_MAX { 0 } else { self.below(limit + 1) }
    }
}

/// A type with samples.
pub trait Sample {
    /// A random value that can stand in a message of the version.
    fn sample(dice: &mut Dice) -> Self;
}

/// A field with samples: once, at most once, or any number of times, as its type says.
pub trait SampleField {
    /// A random number of random values.
    fn sample_field(dice: &mut Dice) -> Self;
}

impl<T: Sample> SampleField for T {
    fn sample_field(dice: &mut Dice) -> Self {
        T::sample(dice)
    }
}

impl<T: Sample> SampleField for Option<T> {
    fn sample_field(dice: &mut Dice) -> Self {
        (dice.occurrences(1) == 1).then(|| T::sample(dice))
    }
}

impl<T: Sample> SampleField for Vec<T> {
    fn sample_field(dice: &mut Dice) -> Self {
        (0..dice.occurrences(3)).map(|_| T::sample(dice)).collect()
    }
}

macro_rules! samples {
    ($($ty:ty: |$dice:ident| $value:expr;)*) => {$(
        impl Sample for $ty {
            fn sample($dice: &mut Dice) -> Self {
                $value
            }
        }
    )*};
}

fn bytes(dice: &mut Dice) -> Vec<u8> {
    (0..dice.below(20)).map(|_| dice.number().to_le_bytes()[0]).collect()
}

fn long(dice: &mut Dice) -> i64 {
    (u64::from(dice.number()) << 32 | u64::from(dice.number())).cast_signed()
}

fn text(dice: &mut Dice) -> String {
    let letters: Vec<char> = "aZ09 -_<>&\"\n\u{391}\u{1f511}".chars().collect();
    (0..dice.below(12)).filter_map(|_| dice.one_of(&letters)).collect()
}

samples! {
    i32: |dice| dice.number().cast_signed();
    i64: |dice| long(dice);
    bool: |dice| dice.below(2) == 1;
    String: |dice| text(dice);
    SecretText: |dice| text(dice).into();
    Bytes: |dice| bytes(dice).into();
    SecretBytes: |dice| bytes(dice).into();
    BigInteger: |dice| BigInteger::from_unsigned(&bytes(dice));
    DateTime: |dice| DateTime(i64::from(dice.number()));
    Interval: |dice| Interval(dice.number());
    Tag: |dice| dice.one_of(Tag::ALL).unwrap_or_default();
    Version: |dice| dice.one_of(&VERSIONS).unwrap_or(V1_0);
    MessageVersion: |dice| MessageVersion(dice.version);
    Asynchronous: |dice| match dice.version < V2_0 {
        true => Asynchronous(dice.one_of(&[AsynchronousIndicator::Optional, AsynchronousIndicator::Prohibited]).unwrap_or_default()),
        false => Asynchronous(Sample::sample(dice)),
    };
    TicketLease: |dice| match dice.below(2) {
        0 => TicketLease::Interval(Sample::sample(dice)),
        _ => TicketLease::DateTime(Sample::sample(dice)),
    };
    ExtensionType: |dice| ExtensionType(ItemType(dice.number() % 11 + 1));
    UniqueIdentifier: |dice| match dice.below(3) {
        1 if dice.version >= V2_0 => UniqueIdentifier::Reference(Sample::sample(dice)),
        2 if dice.version >= V2_0 => UniqueIdentifier::Index(Sample::sample(dice)),
        _ => UniqueIdentifier::Text(text(dice)),
    };
    Data: |dice| match dice.below(3) {
        1 if dice.version >= V2_0 => Data::Reference(Sample::sample(dice)),
        2 if dice.version >= V2_0 => Data::Index(Sample::sample(dice)),
        _ => Data::Bytes(Sample::sample(dice)),
    };
    CalledFunction: |dice| match dice.below(2) {
        0 => CalledFunction::Defined(Sample::sample(dice)),
        _ => CalledFunction::Vendor(Sample::sample(dice)),
    };
    Item: |dice| Item { tag: Tag(0x54_0000 + dice.number() % 16), value: Sample::sample(dice) };
    ItemValue: |dice| dice.deeper(|dice| match dice.below(11) {
        0 => ItemValue::Structure(SampleField::sample_field(dice)),
        1 => ItemValue::Integer(Sample::sample(dice)),
        2 => ItemValue::LongInteger(long(dice)),
        3 => ItemValue::BigInteger(BigInteger::sample(dice).0),
        4 => ItemValue::Enumeration(dice.number()),
        5 => ItemValue::Boolean(Sample::sample(dice)),
        6 => ItemValue::TextString(text(dice)),
        7 => ItemValue::ByteString(Sample::sample(dice)),
        8 => ItemValue::DateTime(i64::from(dice.number())),
        9 => ItemValue::Interval(dice.number()),
        _ => ItemValue::DateTimeExtended(long(dice)),
    });
    AttributeReference: |dice| match dice.below(2) {
        0 => AttributeReference::Vendor { vendor: "x".to_owned(), name: text(dice) },
        _ => AttributeReference::Tag(Attribute::sample_row(dice).tag()),
    };
    Attribute: |dice| match dice.below(8) {
        0 => Attribute::Vendor(VendorAttribute { vendor: "x".to_owned(), name: text(dice), value: Some(Sample::sample(dice)) }),
        _ => Attribute::sample_row(dice),
    };
    Entry: |dice| Entry {
        index: if dice.version.has_tagged_attributes() { None } else { SampleField::sample_field(dice) },
        attribute: Sample::sample(dice),
    };
    // Bare attributes of 1.x leave no trace of an empty list.
    AttributeList: |dice| AttributeList(Attributes((0..=dice.below(3)).map(|_| Entry::sample(dice)).collect()));
    AttributeFilter: |dice| {
        let mut filter = AttributeFilter(AttributeList::sample(dice).0);
        let fields = vec![Item { tag: Tag::LinkedObjectIdentifier, value: ItemValue::TextString(text(dice)) }];
        filter.0.push(Attribute::Partial(PartialAttribute { tag: Tag::Link, fields }));
        filter
    };
    TemplateAttribute: |dice| TemplateAttribute {
        names: if dice.version.has_tagged_attributes() { Vec::new() } else { SampleField::sample_field(dice) },
        attributes: Attributes(SampleField::sample_field(dice)),
    };
    SingleAttribute: |dice| SingleAttribute(Sample::sample(dice));
    PlainKeyValue: |dice| PlainKeyValue {
        key_material: KeyMaterial::Bytes(Sample::sample(dice)),
        attributes: SampleField::sample_field(dice),
    };
    KeyBlock: |dice| key_block(dice);
    RequestItem: |dice| RequestItem {
        ephemeral: if dice.version < V2_0 { None } else { SampleField::sample_field(dice) },
        unique_batch_item_id: SampleField::sample_field(dice),
        request: Request::sample(dice),
        extensions: SampleField::sample_field(dice),
    };
    ResponseItem: |dice| response_item(dice);
    RequestMessage: |dice| {
        let items: Vec<RequestItem> = SampleField::sample_field(dice);
        let batch_count = i32::try_from(items.len()).unwrap_or_default();
        RequestMessage { header: RequestHeader { batch_count, ..Sample::sample(dice) }, items, later_fields: false }
    };
    ResponseMessage: |dice| {
        let items: Vec<ResponseItem> = SampleField::sample_field(dice);
        let batch_count = i32::try_from(items.len()).unwrap_or_default();
        ResponseMessage { header: ResponseHeader { batch_count, ..Sample::sample(dice) }, items, later_fields: false }
    };
}

fn key_block(dice: &mut Dice) -> KeyBlock {
    let (format, key_value) = match dice.below(3) {
        0 => (KeyFormatType::Raw, SampleField::sample_field(dice)),
        1 => {
            let (format, key) = TransparentKey::sample_with_format(dice);
            let plain = PlainKeyValue { key_material: KeyMaterial::Transparent(key), attributes: None };
            (format, Some(plain))
        }
        _ => (KeyFormatType::Opaque, None),
    };
    let wrapped = key_value.is_none().then(|| KeyValue::Wrapped(Sample::sample(dice)));
    KeyBlock {
        key_format_type: format,
        key_compression_type: SampleField::sample_field(dice),
        key_value: key_value.map(KeyValue::Plain).or(wrapped),
        cryptographic_algorithm: SampleField::sample_field(dice),
        cryptographic_length: SampleField::sample_field(dice),
        key_wrapping_data: SampleField::sample_field(dice),
    }
}

fn response_item(dice: &mut Dice) -> ResponseItem {
    let response: Option<Response> = SampleField::sample_field(dice);
    ResponseItem {
        operation: response.as_ref().map(Response::operation),
        unique_batch_item_id: SampleField::sample_field(dice),
        result_status: Sample::sample(dice),
        result_reason: SampleField::sample_field(dice),
        result_message: SampleField::sample_field(dice),
        asynchronous_correlation_value: SampleField::sample_field(dice),
        response,
        extensions: SampleField::sample_field(dice),
    }
}
