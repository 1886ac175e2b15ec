//! What leaves of a batch that was undone: that it was, and at most identifiers of objects that are there.

mod counts;
mod named;
mod random;

use super::world::Bench;
use keystead_engine::rights::principal::Principal;
use kmip_codec::Version;
use kmip_codec::enums::ResultStatus;
use kmip_codec::message::{ResponseItem, ResponseMessage};
use kmip_codec::payloads::GetAttributeListRequest;
use kmip_codec::value::DateTime;
use kmip_codec::version::V2_1;

/// What may stand in the answer of an item that was undone.
const MAY_STAND: &[&str] =
    &["Operation", "UniqueBatchItemID", "ResultStatus", "ResultMessage", "UniqueIdentifier"];

/// The fields of an item that have a value, by their names in XML.
pub fn fields(item: &ResponseItem, version: Version) -> Vec<(String, String)> {
    let message = ResponseMessage::new(version, DateTime(0), vec![item.clone()]);
    let xml = message.to_xml();
    let (_, item) = xml.split_once("<BatchItem>").unwrap();
    let field = |line: &str| {
        let name = line.trim().strip_prefix('<')?.split_once(' ')?.0.to_owned();
        let value = line.split_once("value=\"")?.1.split_once('"')?.0.to_owned();
        Some((name, value))
    };
    item.lines().filter_map(field).collect()
}

/// Stops where an answer says that its item was undone and has more than it may: a field that is not in the list, or the
/// identifier of what is not there.
pub fn must_be_bare(bench: &mut Bench, who: &Principal, version: Version, item: &ResponseItem, what: &str) {
    assert_eq!(item.result_status, ResultStatus::OperationUndone, "{what}");
    assert_eq!(item.asynchronous_correlation_value, None, "{what}");
    for (name, value) in fields(item, version) {
        assert!(MAY_STAND.contains(&name.as_str()), "{what}: {name} leaves although it was undone: {value}");
        if name == "UniqueIdentifier" {
            let look = GetAttributeListRequest { unique_identifier: Some(value.as_str().into()) };
            assert!(bench.ask(who, V2_1, look).is_ok(), "{what}: {value} is not there");
        }
    }
}
