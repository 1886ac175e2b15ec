//! What is kept of an exchange holds no secret: property tests over generated messages of every row.
#![allow(clippy::unwrap_used, reason = "a test")]

use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{RequestMessage, ResponseMessage};
use kmip_codec::operations::{Operation, Request};
use kmip_codec::sample::{Dice, Sample as _};
use kmip_codec::version::{V2_1, VERSIONS};
use kmip_codec::wire::{BitNames, Sink, ValueName};
use kmip_codec::{Tag, Version};
use proptest::prelude::*;

/// Takes every byte string, big integer and password of a message, but what identifies items and certificates: every 8
/// bytes of them, or 8 characters, for the samples' texts have few letters.
struct Secrets {
    version: Version,
    found: Vec<Vec<u8>>,
}

impl Secrets {
    fn take(&mut self, value: &[u8]) {
        self.found.extend(value.windows(8).map(<[u8]>::to_vec));
    }
}

impl Sink for Secrets {
    fn version(&self) -> Version {
        self.version
    }
    fn open(&mut self, _: Tag) {}
    fn close(&mut self) {}
    fn integer(&mut self, _: Tag, _: i32) {}
    fn long_integer(&mut self, _: Tag, _: i64) {}
    fn big_integer(&mut self, _: Tag, value: &[u8]) {
        self.take(value);
    }
    fn enumeration(&mut self, _: Tag, _: u32, _: ValueName<'_>) {}
    fn mask(&mut self, _: Tag, _: i32, _: BitNames) {}
    fn boolean(&mut self, _: Tag, _: bool) {}
    fn text(&mut self, tag: Tag, value: &str) {
        if [Tag::Password, Tag::OneTimePassword].contains(&tag) {
            let letters: Vec<char> = value.chars().collect();
            self.found
                .extend(letters.windows(8).map(|window| window.iter().collect::<String>().into_bytes()));
        }
    }
    fn bytes(&mut self, tag: Tag, value: &[u8]) {
        if ![Tag::UniqueBatchItemID, Tag::CertificateValue].contains(&tag) {
            self.take(value);
        }
    }
    fn date_time(&mut self, _: Tag, _: i64) {}
    fn interval(&mut self, _: Tag, _: u32) {}
    fn date_time_extended(&mut self, _: Tag, _: i64) {}
}

/// A fingerprint that tells nothing.
fn none(_: &[u8]) -> String {
    "-".to_owned()
}

const ROOM: usize = 1 << 20;

/// Every form in which 8 bytes of a secret could stand in a text: raw, hexadecimal, base64 (at each of the three
/// places that a byte can have in it), and listed.
fn forms(secret: &[u8]) -> Vec<Vec<u8>> {
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let listed = secret.iter().map(u8::to_string).collect::<Vec<_>>().join(", ");
    let mut forms = vec![secret.to_vec(), hex.to_uppercase().into(), hex.into(), listed.into()];
    for skipped in 0..3 {
        let whole = secret.get(skipped..).unwrap_or_default();
        let whole = whole.get(..whole.len() / 3 * 3).unwrap_or_default();
        forms.push(base64(whole).into());
    }
    forms.retain(|form| form.len() >= 8);
    forms
}

fn base64(bytes: &[u8]) -> String {
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['+', '/']).collect();
    let group = |bytes: &[u8]| bytes.iter().fold(0_u32, |all, byte| all << 8 | u32::from(*byte));
    let spell = |group: u32| {
        [18, 12, 6, 0].map(|shift| letters.get((group >> shift & 63) as usize).copied().unwrap())
    };
    bytes.chunks_exact(3).flat_map(|bytes| spell(group(bytes))).collect()
}

fn holds(text: &str, secret: &[u8]) -> bool {
    forms(secret).iter().any(|form| text.as_bytes().windows(form.len()).any(|window| window == form))
}

macro_rules! redacts {
    ($($test:ident: $message:ident;)*) => {
        proptest! {
            #![proptest_config(ProptestConfig::with_cases(1000))]
            $(#[test]
            fn $test(seed in any::<u64>(), version in prop::sample::select(VERSIONS.to_vec())) {
                let message = $message::sample(&mut Dice::new(seed, version));
                let mut secrets = Secrets { version, found: Vec::new() };
                kmip_codec::declare::Value::put(&message, $message::TAG, &mut secrets);
                let (text, whole) = message.to_redacted(&none, ROOM);
                prop_assert!(whole);
                for secret in &secrets.found {
                    prop_assert!(!holds(&text, secret), "{secret:?} in {text}");
                }
                let log = message.to_log();
                for secret in &secrets.found {
                    prop_assert!(!holds(&log, secret), "{secret:?} in {log}");
                }
            })*
        }
    };
}

redacts! {
    requests_hold_no_secret: RequestMessage;
    answers_hold_no_secret: ResponseMessage;
}

/// A secret as a text or as bytes, and as a number.
const KEY_CHECK_VALUE: &str = "c0ffee5ec2e7c0ffee5ec2e7";
const NUMBER: i64 = 0x00c0_ffee_5ec2_e700;

/// Tags of secrets: those of which the tables say so, and their kin.
const SECRETS: &[Tag] = &[
    Tag::Password,
    Tag::OneTimePassword,
    Tag::HashedPassword,
    Tag::TicketValue,
    Tag::KeyMaterial,
    Tag::Key,
    Tag::Data,
    Tag::MACData,
    Tag::SignatureData,
    Tag::DerivationData,
    Tag::OpaqueDataValue,
    Tag::D,
    Tag::P,
    Tag::Q,
    Tag::X,
    Tag::PrivateExponent,
    Tag::NonceValue,
    Tag::IVCounterNonce,
    Tag::InitializationVector,
    Tag::Salt,
    Tag::CredentialValue,
    Tag::PKCS_11InputParameters,
];

/// The secret in each type.
fn values() -> Vec<ItemValue> {
    let (low, high) = (NUMBER as i32, NUMBER.cast_unsigned() as u32);
    vec![
        ItemValue::TextString(KEY_CHECK_VALUE.to_owned()),
        ItemValue::ByteString(KEY_CHECK_VALUE.as_bytes().to_vec().into()),
        ItemValue::BigInteger(NUMBER.to_be_bytes().to_vec().into()),
        ItemValue::Enumeration(high),
        ItemValue::Integer(low),
        ItemValue::LongInteger(NUMBER),
        ItemValue::DateTime(NUMBER),
        ItemValue::Interval(high),
        ItemValue::DateTimeExtended(NUMBER),
    ]
}

/// Whether the value may be told under the tag.
fn is_public(tag: Tag, value: &ItemValue) -> bool {
    match value {
        ItemValue::ByteString(_) => [Tag::UniqueBatchItemID, Tag::CertificateValue].contains(&tag),
        ItemValue::BigInteger(_) => false,
        ItemValue::TextString(_) | ItemValue::Enumeration(_) => !SECRETS.contains(&tag),
        // Numbers count the items of the batch.
        _ => !SECRETS.contains(&tag) || [Tag::Data, Tag::MACData, Tag::SignatureData].contains(&tag),
    }
}

/// Secrets of an operation that nobody knows, or in a type that they do not have, are secrets all the same: every tag with a
/// value of every type.
#[test]
fn secrets_are_known_by_their_tags() {
    let (low, high) = (NUMBER as i32, NUMBER.cast_unsigned() as u32);
    let numbers = [NUMBER.to_string(), low.to_string(), high.to_string(), format!("{NUMBER:016x}")];
    let texts = [KEY_CHECK_VALUE.to_owned(), hex::encode(KEY_CHECK_VALUE), format!("{high:x}")];
    for tag in Tag::ALL.iter().copied() {
        for value in values().into_iter().filter(|value| !is_public(tag, value)) {
            let payload = ItemValue::Structure(vec![Item { tag, value: value.clone() }]);
            let request = Request::Unknown(Operation(0x8000_0001), payload);
            let message = RequestMessage::new(V2_1, vec![request.into()]);
            for text in [message.to_redacted(&none, ROOM).0, message.to_log()] {
                for form in numbers.iter().chain(&texts) {
                    assert!(!text.contains(form), "{tag} as {value:?}: {form} in {text}");
                }
            }
        }
    }
}

/// The hunt itself finds what is there.
#[test]
fn a_secret_would_be_found() {
    let secret = *b"eightbyt";
    let hex: String = secret.iter().map(|byte| format!("{byte:02X}")).collect();
    for text in ["an eightbyte b".to_owned(), hex, format!("..{}", base64(&secret))] {
        assert!(holds(&text, &secret), "{text}");
    }
    assert!(!holds("eight or so", &secret));
}

proptest! {
    /// However little room there is, what is kept is well-formed, and no longer than the room and the ends of structures.
    #[test]
    fn what_is_cut_is_still_xml(seed in any::<u64>(), version in prop::sample::select(VERSIONS.to_vec()), room in 0_usize..4000) {
        let message = RequestMessage::sample(&mut Dice::new(seed, version));
        let (text, whole) = message.to_redacted(&none, room);
        let (all, _) = message.to_redacted(&none, ROOM);
        prop_assert_eq!(whole, text == all);
        prop_assert!(text.len() <= room + 4096, "{} of {}", text.len(), room);
        prop_assert_eq!(text.matches("</").count() + text.matches("/>").count(), text.matches('<').count() - text.matches("</").count());
    }
}
