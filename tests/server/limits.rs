//! The numbers of `[limits]` hold on every transport and in every encoding: one more is refused, as many as there may be
//! are not.

use crate::support::dev::Dev;
use crate::support::http::{media_type, post};
use crate::support::wire::{self, Wire};
use keystead::audit::{Entries, Entry};
use keystead::store::audit_log;
use keystead::store::{Database, Engine};
use kmip_codec::Tag;
use kmip_codec::attributes::Attribute;
use kmip_codec::enums::*;
use kmip_codec::item::{Item, ItemValue};
use kmip_codec::message::{Authentication, Credential, RequestMessage, ResponseMessage};
use kmip_codec::operations::{Call as _, Operation, Request, Response};
use kmip_codec::payloads::*;
use kmip_codec::value::{BigInteger, UniqueIdentifier};
use kmip_codec::version::V2_1;
use kmip_codec::wire::Encoding;

const MESSAGE_BYTES: usize = 20_000;

/// A way to the server.
#[derive(Clone, Copy, Debug)]
enum Way {
    Ttlv,
    Https(Encoding),
}

const WAYS: [Way; 4] =
    [Way::Ttlv, Way::Https(Encoding::Ttlv), Way::Https(Encoding::Json), Way::Https(Encoding::Xml)];

impl Way {
    fn connect(self, dev: &Dev) -> Wire {
        match self {
            Self::Ttlv => wire::connect(dev, "one"),
            Self::Https(_) => wire::https(dev, "one"),
        }
    }

    fn encoding(self) -> Encoding {
        match self {
            Self::Ttlv => Encoding::Ttlv,
            Self::Https(encoding) => encoding,
        }
    }

    fn ask(self, wire: &mut Wire, message: &RequestMessage) -> Option<ResponseMessage> {
        self.ask_bytes(wire, &message.encode(self.encoding()))
    }

    /// The answer to a message that is written down already.
    fn ask_bytes(self, wire: &mut Wire, message: &[u8]) -> Option<ResponseMessage> {
        let answer = match self {
            Self::Ttlv => wire.exchange(message).ok()?,
            Self::Https(encoding) => {
                wire.send(&post(media_type(encoding), message)).ok()?;
                wire.http_answer().ok().filter(|answer| answer.status == 200)?.body
            }
        };
        ResponseMessage::decode(self.encoding(), &answer).ok()
    }

    fn is_served(self, dev: &Dev) -> bool {
        self.ask(&mut self.connect(dev), &queries(1)).is_some()
    }
}

fn queries(count: usize) -> RequestMessage {
    let request = QueryRequest { functions: vec![QueryFunction::QueryObjects], ..Default::default() };
    RequestMessage::new(V2_1, (0..count).map(|_| Request::Query(request.clone()).into()).collect())
}

/// A message of so many bytes, of an operation that the server does not know.
fn long(encoding: Encoding, bytes: usize) -> Vec<u8> {
    let message = |text: usize| {
        let item = Item { tag: Tag(0x54_0001), value: ItemValue::TextString("a".repeat(text)) };
        let request = Request::Unknown(Operation(0x8000_0001), ItemValue::Structure(vec![item]));
        RequestMessage::new(V2_1, vec![request.into()]).encode(encoding)
    };
    let empty = message(0).len();
    let written = message(bytes - empty);
    assert_eq!(written.len(), bytes, "{encoding}");
    written
}

fn create() -> CreateRequest {
    CreateRequest {
        object_type: ObjectType::SymmetricKey,
        attributes: [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ]
        .into(),
        ..CreateRequest::default()
    }
}

#[test]
fn messages_batches_and_answers_have_their_limits_on_every_way() {
    let folder = tempfile::tempdir().unwrap();
    let limits = format!("[limits]\nmessage_bytes = {MESSAGE_BYTES}\nbatch_items = 3\nlocated_items = 2");
    let dev = Dev::configured(folder.path(), &[("", &limits)]);
    let create = create();
    let made = (0..3).map(|_| Request::Create(create.clone()).into()).collect();
    Way::Ttlv.ask(&mut Way::Ttlv.connect(&dev), &RequestMessage::new(V2_1, made)).unwrap();
    let locate = RequestMessage::new(V2_1, vec![Request::Locate(LocateRequest::default()).into()]);
    for way in WAYS {
        let mut wire = way.connect(&dev);
        let whole = way.ask(&mut wire, &queries(3)).unwrap();
        assert!(
            whole.items.len() == 3 && whole.items.iter().all(|item| item.result_reason.is_none()),
            "{way:?}"
        );
        let refused = way.ask(&mut wire, &queries(4)).unwrap();
        assert_eq!(refused.items.len(), 1, "{way:?}");
        assert_eq!(refused.items[0].result_reason, Some(ResultReason::ServerLimitExceeded), "{way:?}");
        let located = way.ask(&mut wire, &locate).unwrap();
        let Some(Response::Locate(answer)) = &located.items[0].response else { panic!("{located:?}") };
        assert_eq!(answer.unique_identifiers.len(), 2, "{way:?}");
        let read = way.ask_bytes(&mut wire, &long(way.encoding(), MESSAGE_BYTES)).unwrap();
        assert_eq!(read.items[0].result_reason, Some(ResultReason::OperationNotSupported), "{way:?}");
        let answer = way.ask_bytes(&mut wire, &long(way.encoding(), MESSAGE_BYTES + 8));
        let reason = answer.and_then(|answer| answer.items[0].result_reason);
        assert!(reason.is_none_or(|reason| reason == ResultReason::InvalidMessage), "{way:?}: {reason:?}");
        assert!(wire.is_closed() && way.is_served(&dev), "{way:?}");
    }
}

/// A batch that keeps a processor for long, and one that needs many pairs, are answered like any other.
#[test]
fn what_takes_turns_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", "[limits]\nwork_milliseconds = 1000")]);
    let mut prime = vec![0xff; 276];
    prime[0] = 7;
    let split = CreateSplitKeyRequest {
        object_type: ObjectType::SplitKey,
        parts: 3,
        threshold: 2,
        method: SplitKeyMethod::PolynomialSharingPrimeField,
        prime_field_size: Some(BigInteger::from_unsigned(&prime)),
        attributes: [
            Attribute::CryptographicAlgorithm(CryptographicAlgorithm::AES),
            Attribute::CryptographicLength(256),
            Attribute::CryptographicUsageMask(CryptographicUsageMask::Encrypt),
        ]
        .into(),
        ..CreateSplitKeyRequest::default()
    };
    let half = |mask| Some([Attribute::CryptographicUsageMask(mask)].into());
    let curve =
        [Attribute::CryptographicAlgorithm(CryptographicAlgorithm::EC), Attribute::CryptographicLength(256)];
    let pair = CreateKeyPairRequest {
        common: Some(curve.into()),
        private: half(CryptographicUsageMask::Sign),
        public: half(CryptographicUsageMask::Verify),
        ..CreateKeyPairRequest::default()
    };
    let mut requests = vec![Request::CreateSplitKey(split); 3];
    requests.extend(vec![Request::CreateKeyPair(pair); 20]);
    let batch = RequestMessage::new(V2_1, requests.into_iter().map(Into::into).collect());
    let answer = Way::Ttlv.ask(&mut Way::Ttlv.connect(&dev), &batch).unwrap();
    let failed = answer.items.iter().find(|item| item.result_reason.is_some());
    assert!(answer.items.len() == 23 && failed.is_none(), "{failed:?}");
}

#[test]
fn connections_are_counted_over_all_ways() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::configured(folder.path(), &[("", "[limits]\nconnections = 3")]);
    let mut wires = [WAYS[0], WAYS[2], WAYS[3]].map(|way| (way, way.connect(&dev)));
    for (way, wire) in &mut wires {
        assert!(way.ask(wire, &queries(1)).is_some(), "{way:?}");
        // A connection is idle a moment after its answer has come: the next one is asked behind that.
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    let mut later = Vec::new();
    for (way, (_, oldest)) in WAYS.iter().zip(&mut wires) {
        assert!(!oldest.is_closed_now(), "{way:?}");
        let mut fourth = way.connect(&dev);
        assert!(way.ask(&mut fourth, &queries(1)).is_some(), "{way:?}");
        assert!(oldest.is_closed_now(), "{way:?}: the one that was idle longest makes room");
        later.push(fourth);
    }
}

/// A batch of eight items, all of whose texts are of this character.
fn wordy(of: char) -> RequestMessage {
    const LONG: usize = 3_800;
    let text = |bytes: usize| of.to_string().repeat(bytes / of.len_utf8());
    let name = || UniqueIdentifier::from(text(LONG).as_str());
    let correlation = bytes::Bytes::from(vec![7; LONG]);
    let requests = [
        GetRequest { unique_identifier: Some(name()), ..GetRequest::default() }.into_request(),
        DestroyRequest { unique_identifier: Some(name()) }.into_request(),
        GetAttributesRequest { unique_identifier: Some(name()), ..Default::default() }.into_request(),
        ValidateRequest { unique_identifiers: vec![name(); 64], ..Default::default() }.into_request(),
        PollRequest { asynchronous_correlation_value: correlation.clone() }.into_request(),
        CancelRequest { asynchronous_correlation_value: correlation }.into_request(),
        LogRequest { log_message: of.to_string().repeat(1_000) }.into_request(),
        RNGRetrieveRequest { data_length: 8 }.into_request(),
    ];
    let mut message = RequestMessage::new(V2_1, requests.into_iter().map(Into::into).collect());
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    message.header.client_correlation_value = Some(text(100_000));
    let credential =
        |kind: u32| Credential::Unknown(CredentialType(0x8000_0000 + kind), ItemValue::Structure(Vec::new()));
    let credentials = (0..2_000).map(credential).collect();
    message.header.authentication = Some(Authentication { credentials });
    message
}

/// A thousand refusals of names of 3.8 KB took 7 MB of the audit, which nobody can shorten; a header of many credentials stood in
/// each entry. Characters have up to four bytes.
#[test]
fn what_a_client_sends_takes_little_of_the_audit() {
    let folder = tempfile::tempdir().unwrap();
    let dev = Dev::start(folder.path());
    let mut wire = Way::Ttlv.connect(&dev);
    for of in ['x', '\n', 'é', '鍵', '👍'] {
        let answer = Way::Ttlv.ask(&mut wire, &wordy(of)).unwrap();
        assert_eq!(answer.items.len(), 8, "{answer:?}");
    }
    let made = Way::Ttlv.ask(&mut wire, &RequestMessage::new(V2_1, vec![create().into_request().into()]));
    let Some(Response::Create(made)) = made.unwrap().items.remove(0).response else { panic!() };
    let store = dev.folder.join("store");
    drop(dev);
    let database = Database::open(Engine::Redb, &store).unwrap();
    let (mut entered, mut whole) = (0, false);
    let mut visit = |_, entry: Entry| {
        if entry.principal == "one" {
            entered += 1;
            // What is noted is bounded, and each name by itself.
            let log = if entry.operation == "Log" { 4_096 } else { 0 };
            let most = 1_200 + log + 400 * entry.objects.len();
            let bytes = Entries::from(vec![entry.clone()]).into_frames().len();
            assert!(bytes < most, "{}: {bytes} bytes", entry.operation);
            assert!(entry.objects.iter().all(|object| object.len() < 400), "{entry:?}");
            whole |= made.unique_identifier == entry.objects.concat().as_str().into();
        }
    };
    audit_log::verify(&*database.snapshot().unwrap(), &mut visit).unwrap().unwrap();
    assert!(entered >= 41 && whole, "{entered} entries; what the server has named stands whole: {whole}");
}
