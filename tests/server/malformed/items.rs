//! Batches of three items of which the one in the middle cannot be read: it fails alone, in the version of the request, with
//! its operation and its identifier, and the others are done as the option of the batch says. The audit agrees, item by
//! item, and `keystead explain` tells what and where.

use crate::support::dev::{Dev, told};
use crate::support::wire::{self, Wire};
use keystead::explain::Exchange;
use keystead::store::audit_log;
use keystead::store::{Database, Engine};
use kmip_codec::attributes::{Attribute, Name};
use kmip_codec::enums::*;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{Asynchronous, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::*;
use kmip_codec::wire::Encoding;
use kmip_codec::{Tag, Version};

/// A payload that cannot be read: the operation, its fields, the reason, and what the message must name.
type Fault = (Operation, Vec<Item>, ResultReason, &'static [&'static str]);

fn field(tag: Tag, value: ItemValue) -> Item {
    Item { tag, value }
}

fn text(tag: Tag) -> Item {
    field(tag, ItemValue::TextString("one".to_owned()))
}

/// One of each kind.
fn faults() -> Vec<Fault> {
    let (invalid, unknown) = (ResultReason::InvalidMessage, ResultReason::InvalidField);
    let format = || field(Tag::KeyFormatType, ItemValue::Enumeration(1));
    let id = || text(Tag::UniqueIdentifier);
    vec![
        (
            Operation::Get,
            vec![id(), field(Tag(0x54_0001), ItemValue::Integer(1))],
            unknown,
            &["0x540001 (Integer)"],
        ),
        (
            Operation::Get,
            vec![field(Tag::BatchCount, ItemValue::Integer(1)), id()],
            unknown,
            &["BatchCount (Integer)"],
        ),
        (
            Operation::Get,
            vec![id(), text(Tag::UniqueIdentifier)],
            invalid,
            &["UniqueIdentifier", "more often"],
        ),
        (Operation::Get, vec![format(), id()], invalid, &["UniqueIdentifier (TextString)", "out of order"]),
        (
            Operation::Get,
            vec![field(Tag::UniqueIdentifier, ItemValue::Boolean(true))],
            invalid,
            &["expected type TextString"],
        ),
        (
            Operation::Revoke,
            vec![id()],
            invalid,
            &["RequestPayload (Structure)", "ends without RevocationReason"],
        ),
        (Operation::Create, vec![id()], unknown, &["UniqueIdentifier (TextString)", "expected ObjectType"]),
    ]
}

fn create(name: &str) -> Request {
    let attributes = [
        Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
        Attribute::CryptographicLength(128),
        Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        Attribute::Name(Name::text(name)),
    ];
    let object_type = ObjectType::SymmetricKey;
    Request::Create(CreateRequest { object_type, attributes: attributes.into(), ..CreateRequest::default() })
}

/// Two objects to make, and a fault between them.
fn batch(
    version: Version,
    on_error: BatchErrorContinuationOption,
    fault: &Fault,
    name: &str,
) -> RequestMessage {
    let bad = Request::Unknown(fault.0, ItemValue::Structure(fault.1.clone()));
    let items = [create(&format!("{name}-1")), bad, create(&format!("{name}-3"))];
    let mut message = RequestMessage::new(version, items.map(Into::into).into());
    message.header.batch_error_continuation_option = Some(on_error);
    for (item, id) in message.items.iter_mut().zip(["first", "second", "third"]) {
        item.unique_batch_item_id = Some(id.as_bytes().to_vec().into());
    }
    message
}

/// The answer in this encoding, over TTLV's own port or HTTPS.
fn exchange(wire: &mut Wire, encoding: Encoding, message: &RequestMessage) -> ResponseMessage {
    match encoding {
        Encoding::Ttlv => ResponseMessage::from_bytes(&wire.exchange(&message.to_bytes()).unwrap()).unwrap(),
        _ => wire.post(encoding, message).unwrap(),
    }
}

/// What every item must come to.
fn expected(on_error: BatchErrorContinuationOption) -> &'static [ResultStatus] {
    use ResultStatus as Status;
    match on_error {
        BatchErrorContinuationOption::Continue => {
            &[Status::Success, Status::OperationFailed, Status::Success]
        }
        BatchErrorContinuationOption::Undo => &[Status::OperationUndone, Status::OperationFailed],
        _ => &[Status::Success, Status::OperationFailed],
    }
}

fn check(fault: &Fault, message: &RequestMessage, answer: &ResponseMessage) {
    let option = message.header.batch_error_continuation_option.unwrap();
    let about = format!("{} {option:?} {fault:?}: {answer:?}", message.version());
    assert_eq!(answer.version(), message.version(), "{about}");
    let statuses: Vec<_> = answer.items.iter().map(|item| item.result_status).collect();
    assert_eq!(statuses, expected(option), "{about}");
    for (asked, item) in message.items.iter().zip(&answer.items) {
        assert_eq!(item.unique_batch_item_id, asked.unique_batch_item_id, "{about}");
        assert_eq!(item.operation, Some(asked.request.operation()), "{about}");
    }
    let failed = &answer.items[1];
    assert_eq!(failed.result_reason, Some(fault.2), "{about}");
    let text = failed.result_message.clone().unwrap();
    for word in fault.3.iter().chain(&["RequestMessage/BatchItem[2]/RequestPayload", " byte "]) {
        assert!(text.contains(word), "{word:?} is not in {text}");
    }
}

#[test]
fn an_item_that_cannot_be_read_fails_alone() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let (mut ttlv, mut https) = (wire::connect(&dev, "one"), wire::https(&dev, "one"));
    let options = [
        BatchErrorContinuationOption::Continue,
        BatchErrorContinuationOption::Stop,
        BatchErrorContinuationOption::Undo,
    ];
    let (mut count, mut made) = (0, 0);
    for encoding in Encoding::ALL {
        for version in VERSIONS {
            for fault in &faults() {
                for option in options {
                    let message = batch(version, option, fault, &format!("key-{count}"));
                    let wire = if encoding == Encoding::Ttlv { &mut ttlv } else { &mut https };
                    let answer = exchange(wire, encoding, &message);
                    check(fault, &message, &answer);
                    made +=
                        expected(option).iter().filter(|status| **status == ResultStatus::Success).count();
                    count += 1;
                }
            }
        }
    }
    assert_eq!(count, 3 * 7 * 7 * 3);
    drop((ttlv, https, dev));
    agrees(folder.path(), count, made);
}

/// The audit has an entry an item, with the operation and the reason of the answer.
fn agrees(folder: &std::path::Path, failed: usize, made: usize) {
    let database = Database::open(Engine::Redb, &folder.join("store")).unwrap();
    let (mut refused, mut succeeded) = (0, 0);
    let chain = audit_log::verify(&*database.snapshot().unwrap(), &mut |_, entry| match (
        entry.operation.as_str(),
        entry.outcome.as_str(),
    ) {
        ("Create", "Success") => succeeded += 1,
        ("Get" | "Revoke" | "Create", "InvalidField" | "InvalidMessage") => refused += 1,
        _ => {}
    });
    chain.unwrap().unwrap();
    assert_eq!((refused, succeeded), (failed, made));
}

/// What is accepted to be done later is; what cannot be read is refused at once.
#[test]
fn asynchronous_batches_refuse_what_cannot_be_read_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let mut wire = wire::connect(&dev, "one");
    for fault in &faults() {
        let mut message = batch(V2_1, BatchErrorContinuationOption::Continue, fault, "later");
        message.header.asynchronous_indicator = Some(Asynchronous(AsynchronousIndicator::Mandatory));
        let answer = exchange(&mut wire, Encoding::Ttlv, &message);
        let statuses: Vec<_> = answer.items.iter().map(|item| item.result_status).collect();
        use ResultStatus as Status;
        assert_eq!(statuses, [Status::OperationPending, Status::OperationFailed, Status::OperationPending]);
        assert_eq!(answer.items[1].result_reason, Some(fault.2), "{fault:?}");
    }
}

/// TTLV whose lengths and types lie inside one item; what lies about the items themselves is refused whole.
#[test]
fn lies_inside_an_item_stay_there_and_lies_about_items_do_not() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let mut wire = wire::connect(&dev, "one");
    let fault = &(Operation::Get, vec![text(Tag::UniqueIdentifier)], ResultReason::ItemNotFound, &[][..]);
    for version in VERSIONS {
        let message = batch(version, BatchErrorContinuationOption::Continue, fault, "lies").to_bytes();
        let id = message.windows(8).position(|bytes| bytes == [0x42, 0x00, 0x94, 7, 0, 0, 0, 3]).unwrap();
        for (at, bytes) in [
            (3, &[0x0c][..]),
            (3, &[0x01]),
            (4, &[0x7f, 0xff, 0xff, 0xff]),
            (4, &[0, 0, 0, 9]),
            (11, &[1]),
            (8, &[0xff, 0xff]),
        ] {
            let mut message = message.clone();
            message[id + at..id + at + bytes.len()].copy_from_slice(bytes);
            let answer = ResponseMessage::from_bytes(&wire.exchange(&message).unwrap()).unwrap();
            assert_eq!((answer.version(), answer.items.len()), (version, 3), "{bytes:?}");
            let failed = &answer.items[1];
            assert_eq!(failed.result_reason, Some(ResultReason::InvalidMessage), "{bytes:?}: {failed:?}");
            assert_eq!(failed.operation, Some(Operation::Get));
            assert_eq!(failed.unique_batch_item_id.as_deref(), Some(&b"second"[..]));
        }
        let items: Vec<usize> = message
            .windows(4)
            .enumerate()
            .filter(|(_, w)| *w == [0x42, 0, 0x0f, 1])
            .map(|(at, _)| at)
            .collect();
        for item in items {
            for length in [0_u32, 8, 0x7fff_fff8] {
                let mut message = message.clone();
                message[item + 4..item + 8].copy_from_slice(&length.to_be_bytes());
                let answer = ResponseMessage::from_bytes(&wire.exchange(&message).unwrap()).unwrap();
                assert_eq!((answer.version(), answer.items.len()), (version, 1), "{length}: {answer:?}");
                assert_eq!(answer.items[0].operation, None);
                assert_eq!(answer.items[0].result_status, ResultStatus::OperationFailed);
            }
        }
    }
}

/// A name that is not known in XML or JSON: the field found is named, its place, and what is near.
#[test]
fn misspelt_names_fail_their_item_and_the_right_one_is_offered() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let fault = &(Operation::Get, vec![text(Tag::UniqueIdentifier)], ResultReason::ItemNotFound, &[][..]);
    for encoding in [Encoding::Xml, Encoding::Json] {
        for version in VERSIONS {
            let message = batch(version, BatchErrorContinuationOption::Continue, fault, "misspelt");
            let sent = String::from_utf8(message.encode(encoding)).unwrap();
            for (from, to, near) in [
                ("UniqueIdentifier", "UniqueIdentifer", "did you mean UniqueIdentifier?"),
                ("TextString\" value=\"one", "TextSrting\" value=\"one", "did you mean TextString?"),
                ("TextString\",\"value\":\"one", "TextSrting\",\"value\":\"one", "did you mean TextString?"),
            ] {
                if !sent.contains(from) {
                    continue;
                }
                let mut wire = wire::https(&dev, "one");
                let body = sent.replace(from, to);
                let media = crate::support::http::media_type(encoding);
                wire.send(&crate::support::http::post(media, body.as_bytes())).unwrap();
                let answer = wire.http_answer().unwrap();
                let answer = ResponseMessage::decode(encoding, &answer.body).unwrap();
                assert_eq!((answer.version(), answer.items.len()), (version, 3), "{to}");
                let failed = &answer.items[1];
                assert_eq!(failed.result_reason, Some(ResultReason::InvalidField), "{to}: {failed:?}");
                let text = failed.result_message.clone().unwrap();
                assert!(text.contains(near) && text.contains("/BatchItem[2]/RequestPayload/"), "{text}");
            }
        }
    }
}

/// What `keystead explain` keeps of it: the item, its operation, the place; nothing of the payload.
#[test]
fn explain_tells_the_item_that_could_not_be_read() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start_quietly(folder.path());
    let mut wire = wire::connect(&dev, "one");
    for fault in &faults() {
        let message = batch(V1_2, BatchErrorContinuationOption::Stop, fault, "explained");
        let answer = exchange(&mut wire, Encoding::Ttlv, &message);
        let text = answer.items.last().unwrap().result_message.clone().unwrap();
        let number = text.rsplit_once("(request ").unwrap().1.trim_end_matches(')').to_owned();
        if answer.items.len() == 1 {
            continue;
        }
        let told = told(dev.keystead("admin", &["explain", &number, "--json"]));
        let exchange: Exchange = serde_json::from_str(&told).unwrap();
        assert_eq!(exchange.item, (2, 3), "{exchange:?}");
        assert_eq!(exchange.operation, fault.0.name(V1_2).unwrap());
        assert_eq!(
            (exchange.reason.as_str(), exchange.version.as_str()),
            (fault.2.name(V1_2).unwrap(), "1.2")
        );
        assert!(text.starts_with(&exchange.message[..40]), "{text} is told as {}", exchange.message);
        assert!(!exchange.whole && exchange.clause.contains("1.2"), "{exchange:?}");
    }
}
