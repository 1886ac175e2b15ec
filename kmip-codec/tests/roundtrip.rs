//! Random values of every row of every table come back from TTLV, XML and JSON as they were, in every version, and no
//! byte of a secret stands in their log text.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test")]

use kmip_codec::attributes::*;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::operations::OPERATION_ROWS;
use kmip_codec::payloads::RegisterRequest;
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::version::{STORED, VERSIONS};
use kmip_codec::wire::{CompactSink, CompactSource, Encoding, Sink as _};
use kmip_codec::{SecretBytes, Tag};
use proptest::prelude::*;
use std::collections::BTreeSet;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn requests_come_back(seed in any::<u64>(), version in prop::sample::select(VERSIONS.to_vec())) {
        let message = RequestMessage::sample(&mut Dice::new(seed, version));
        for encoding in Encoding::ALL {
            prop_assert_eq!(&RequestMessage::decode(encoding, &message.encode(encoding)).unwrap(), &message);
        }
        prop_assert_eq!(message.length(), message.to_bytes().len());
    }

    #[test]
    fn responses_come_back(seed in any::<u64>(), version in prop::sample::select(VERSIONS.to_vec())) {
        let message = ResponseMessage::sample(&mut Dice::new(seed, version));
        for encoding in Encoding::ALL {
            prop_assert_eq!(&ResponseMessage::decode(encoding, &message.encode(encoding)).unwrap(), &message);
        }
        let length = message.length();
        prop_assert_eq!(length, message.to_bytes().len());
        let items: usize = message.items.iter().map(|item| item.length(message.version())).sum();
        let header = ResponseMessage { items: Vec::new(), ..message };
        prop_assert_eq!(length, header.length() + items);
    }

    /// What the store keeps of attributes, by any index; no byte of it can be cut off or be left over.
    #[test]
    fn stored_attributes_come_back(seed in any::<u64>(), uuid in "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}") {
        let mut dice = Dice::new(seed, STORED);
        let mut attributes = AttributeList::sample(&mut dice).0;
        let text = ItemValue::TextString(uuid);
        let vendor = VendorAttribute { vendor: "x".into(), name: "y".into(), value: Some(text) };
        attributes.push(Attribute::Vendor(vendor));
        let unknown = UnknownAttribute { tag: Tag(seed as u32), name: "z".into(), value: Some(ItemValue::sample(&mut dice)) };
        attributes.push(Attribute::Unknown(unknown));
        let fields = vec![Item::sample(&mut dice)];
        attributes.push(Attribute::Partial(PartialAttribute { tag: Tag::Link, fields }));
        let mut out = CompactSink::behind(Vec::new());
        attributes.put_stored(&mut out);
        let bytes = out.finish();
        let read = |bytes: &[u8]| {
            let mut src = CompactSource::new(bytes);
            let attributes = Attributes::take_stored(&mut src)?;
            src.finish().map(|()| attributes)
        };
        prop_assert_eq!(&read(&bytes).unwrap(), &attributes);
        let mut longer = bytes.clone();
        longer.push(0);
        prop_assert!(read(&longer).is_err());
        prop_assert!(read(&bytes[..seed as usize % bytes.len()]).ok() != Some(attributes));
    }

    /// A key stands in the log text in no form: raw, hexadecimal or base64.
    #[test]
    fn the_log_text_holds_no_key(seed in any::<u64>(), key in prop::collection::vec(any::<u8>(), 16..40)) {
        use kmip_codec::objects::*;
        let mut request = RegisterRequest::sample(&mut Dice::new(seed, VERSIONS[6]));
        let plain = PlainKeyValue { key_material: KeyMaterial::Bytes(SecretBytes::from(key.as_slice())), attributes: None };
        let key_block = KeyBlock { key_value: Some(KeyValue::Plain(plain)), ..KeyBlock::default() };
        request.object = ManagedObject::SymmetricKey(SymmetricKey { key_block });
        let item = kmip_codec::operations::Call::into_request(request).into();
        let text = RequestMessage::new(VERSIONS[6], vec![item]).to_log();
        let hex: String = key.iter().map(|byte| format!("{byte:02x}")).collect();
        prop_assert!(!text.contains(&hex) && !text.to_lowercase().contains(&hex));
        prop_assert!(!text.as_bytes().windows(key.len()).any(|window| window == key));
        prop_assert!(text.contains(&format!("[{} bytes of ByteString]", key.len())), "{}", text);
    }
}

/// The samples reach every operation of every version.
#[test]
fn every_operation_is_sampled() {
    for version in VERSIONS {
        let mut seen = BTreeSet::new();
        for seed in 0..3000 {
            let message = RequestMessage::sample(&mut Dice::new(seed * 7919, version));
            seen.extend(message.items.iter().map(|item| item.request.operation()));
        }
        let all = OPERATION_ROWS.iter().filter(|row| (row.is_in)(version)).map(|row| row.operation).collect();
        assert_eq!(seen, all, "{version}");
    }
}

/// An attribute that a later version has written, under a tag that has no row here, keeps its value.
#[test]
fn a_stored_attribute_of_a_later_version_keeps_its_value() {
    let mut out = CompactSink::behind(Vec::new());
    out.integer(Tag(0x42_0fff), 7);
    let bytes = out.finish();
    let read = Attributes::take_stored(&mut CompactSource::new(&bytes)).unwrap();
    let [Entry { index: Some(0), attribute: Attribute::Unknown(unknown) }] = &read.0[..] else {
        panic!("{read:?}")
    };
    assert_eq!((unknown.tag, &unknown.value), (Tag(0x42_0fff), &Some(ItemValue::Integer(7))));
}
