//! What an item of a batch has taken away or moved is gone for the items behind it, as it is for the next message: no operation reads a
//! row that is not there any more, nor takes it for damaged.

use super::administration::item;
use super::every_operation::rows::{ROWS, ann, bench};
use super::objects::*;
use super::world::Bench;
use keystead_engine::administration::protocol::AdminRequest;
use kmip_codec::Tag;
use kmip_codec::enums::*;
use kmip_codec::message::{RequestItem, RequestMessage, ResponseItem};
use kmip_codec::operations::{Call as _, OPERATION_ROWS, Operation, Request};
use kmip_codec::payloads::*;
use kmip_codec::version::V2_1;

/// An identifier that a client has chosen.
const CHOSEN: &str = "tape-7";

fn hand_over(to: &str) -> Request {
    item(&AdminRequest::ClientHandOver {
        name: "ann".into(),
        to: to.into(),
        unknown: true,
        rename: false,
        after: None,
    })
}

/// What takes an object away or moves it.
fn removals(id: &str) -> Vec<(&'static str, Request)> {
    vec![
        ("hand-over", hand_over("heir")),
        ("Destroy", destroy(id).into_request()),
        ("Archive", ArchiveRequest { unique_identifier: Some(id.into()) }.into_request()),
        ("Revoke", revoke(id, RevocationReasonCode::KeyCompromise).into_request()),
    ]
}

/// What administrators ask of owners.
fn questions() -> Vec<(&'static str, Request)> {
    let show = |name: &str| item(&AdminRequest::ClientShow { name: name.into() });
    vec![("hand-over again", hand_over("other")), ("show ann", show("ann")), ("show heir", show("heir"))]
}

/// Gives the object a second life under an identifier that its owner chooses, where it can be exported.
fn chosen(bench: &mut Bench, id: &str) -> bool {
    let export = ExportRequest { unique_identifier: Some(id.into()), ..ExportRequest::default() };
    let Ok(exported) = bench.ask(&ann(), V2_1, export) else { return false };
    let mut attributes = exported.attributes.unwrap_or_default();
    let own = [Tag::UniqueIdentifier, Tag::Name, Tag::Link];
    attributes.0.0.retain(|entry| !own.contains(&entry.attribute.tag()));
    let import = ImportRequest {
        unique_identifier: CHOSEN.into(),
        object_type: Some(exported.object_type),
        attributes: Some(attributes),
        object: exported.object,
        ..ImportRequest::default()
    };
    bench.ask(&ann(), V2_1, import).is_ok()
}

/// The request about the object of the other identifier.
fn about(request: &Request, id: &str, other: &str) -> Request {
    let xml = RequestMessage::new(V2_1, vec![RequestItem::from(request.clone())]).to_xml();
    let xml = xml.replace(&format!("value=\"{id}\""), &format!("value=\"{other}\""));
    RequestMessage::from_xml(&xml).unwrap().items.remove(0).request
}

fn run(bench: &mut Bench, items: &[&Request]) -> Vec<ResponseItem> {
    let items = items.iter().map(|request| RequestItem::from((*request).clone())).collect();
    let mut message = RequestMessage::new(V2_1, items);
    message.header.batch_error_continuation_option = Some(BatchErrorContinuationOption::Continue);
    bench.run(&ann(), &message)
}

fn ended(item: &ResponseItem) -> String {
    format!("{:?} {:?} {:?}", item.result_status, item.result_reason, item.result_message)
}

#[test]
fn what_is_gone_is_gone_for_the_items_behind_it() {
    let (mut moved, mut compared) = (0, 0);
    for row in ROWS {
        let defined = OPERATION_ROWS.iter().find(|known| known.operation == row.operation).unwrap();
        if !(defined.is_in)(V2_1) {
            continue;
        }
        let prepared = || {
            let mut bench = bench();
            let (id, request) = (row.prepared)(&mut bench, &ann(), V2_1);
            (bench, id, request)
        };
        let (mut first, id, request) = prepared();
        let mut cases = vec![(id.clone(), request.clone())];
        if !id.is_empty() && chosen(&mut first, &id) {
            cases.push((CHOSEN.to_owned(), about(&request, &id, CHOSEN)));
        }
        for (object, request) in cases {
            let more = if row.operation == Operation::Get { questions() } else { Vec::new() };
            let asked = std::iter::once(("itself", request.clone())).chain(more);
            for ((question, second), (removal, removes)) in asked
                .flat_map(|asked| removals(&object).into_iter().map(move |removal| (asked.clone(), removal)))
            {
                let mut ends = Vec::new();
                for batches in [vec![vec![&removes, &second]], vec![vec![&removes], vec![&second]]] {
                    let (mut bench, id, _) = prepared();
                    assert!(object == id || chosen(&mut bench, &id), "as before");
                    let items: Vec<_> = batches.iter().flat_map(|batch| run(&mut bench, batch)).collect();
                    moved += usize::from(items[0].result_status == ResultStatus::Success);
                    ends.push(ended(&items[1]));
                }
                assert_eq!(ends[0], ends[1], "{:?} {object}: {question} behind {removal}", row.operation);
                assert!(!ends[0].contains("damaged"), "{}", ends[0]);
                compared += 1;
            }
        }
    }
    assert!(moved > 400 && compared > 300, "{moved} {compared}");
}
